//! Keys that the client makes by itself, offline too.

use crate::fixture::{NOW_MS, column, default, insert, required, schema, table};
use haversack_core::expr::Expr;
use haversack_core::json::read_text;
use haversack_core::protocol::Op;
use haversack_core::replica::{DraftOp, Replica, WriteContext};
use haversack_core::schema::{Column, ColumnDefault, Schema, TableId, Type};
use serde_json::json;
use std::sync::Arc;

/// A table "notes" with this key, and the key that an insert without one gets at this time.
#[track_caller]
fn key_made(key: Column, now_ms: i64, random: [u8; 16]) -> String {
    let one = schema();
    let notes = table("notes", vec![key, column("title", Type::Text)], &["id"]);
    let made = Schema::new(
        15,
        one.identity.clone(),
        one.limits.clone(),
        vec![notes],
        vec![],
    );
    let mut replica = Replica::new(Arc::new(made.expect("a good schema")));
    replica.set_identity(Some("7".into()));
    let text = insert(json!({ "title": "t" })).to_string();
    let ops: Vec<DraftOp<'_>> = read_text(&text).expect("drafts");
    let (mut random, mut keys) = (|| random, |_: TableId| None);
    let mut context = WriteContext {
        now_ms,
        random: &mut random,
        keys: &mut keys,
    };
    let prepared = replica.prepare(&ops, &mut context).expect("a good write");
    let Op::Insert { values, .. } = &prepared.ops[0] else {
        panic!("an insert")
    };
    values["id"].clone().expect("a key that is sent")
}

fn uuid_key() -> Column {
    required(default(column("id", Type::Uuid), ColumnDefault::Uuid))
}

#[test]
fn a_random_uuid_key_is_of_version_7_and_sent() {
    let key = key_made(uuid_key(), NOW_MS, [0xff; 16]);
    let hex = key.replace('-', "");
    assert_eq!(key.len(), 36, "{key}");
    assert_eq!(i64::from_str_radix(&hex[..12], 16), Ok(NOW_MS), "{key}");
    assert_eq!(&hex[12..13], "7", "the version of {key}");
    assert_eq!(&hex[16..17], "b", "the variant of {key}");
}

#[test]
fn uuid_keys_sort_by_the_time_at_which_they_were_made() {
    let earlier = key_made(uuid_key(), NOW_MS, [0xff; 16]);
    let later = key_made(uuid_key(), NOW_MS + 1, [0; 16]);
    assert!(earlier < later, "{earlier} before {later}");
}

#[test]
fn a_text_key_follows_the_pattern_of_its_columns_default() {
    let text = |op: &str, args| Expr::new(op, Type::Text, args);
    let constant = |value| Expr::constant(Type::Text, Some(value));
    let uuid = text("cast", vec![Expr::new("uuid", Type::Uuid, vec![])]);
    let call = |function: &str, args| Expr {
        text: Some(function.into()),
        ..text("call", args)
    };
    let bare = call("replace", vec![uuid, constant("-"), constant("")]);
    let pattern = ColumnDefault::Expression {
        sql: "('rec_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text))".into(),
        expr: call("text_concat", vec![constant("rec_"), bare]),
        random: true,
    };
    let kind = Type::Varchar { length: Some(64) };
    let key = key_made(
        required(default(column("id", kind), pattern)),
        NOW_MS,
        [0; 16],
    );
    let uuid = key.strip_prefix("rec_").expect("the prefix");
    assert_eq!(uuid.len(), 32, "{key}");
    assert!(uuid.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
    assert_eq!(i64::from_str_radix(&uuid[..12], 16), Ok(NOW_MS), "{key}");
}
