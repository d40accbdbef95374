//! The schema of the model test, and random rows of it.

use haversack_core::protocol::Text;
use haversack_core::query::{ConditionShape, Op};
use haversack_core::replica::Replica;
use haversack_core::schema::{
    Column, ColumnDefault, Identity, Index, IndexPart, Limits, Schema, Table, Type,
};
use proptest::prelude::*;
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;

/// A row as the wire carries it.
pub type WireRow = Vec<Text>;

pub const USER: &str = "7";

pub fn column(name: &str, kind: Type, nullable: bool) -> Column {
    Column {
        name: name.into(),
        kind,
        nullable,
        writable: true,
        ..Column::default()
    }
}

fn index(name: &str, columns: &[&str]) -> Index {
    let part = |column: &&str| IndexPart {
        expression: (*column).into(),
        column: true,
        ..IndexPart::default()
    };
    Index {
        name: name.into(),
        method: "btree".into(),
        parts: columns.iter().map(part).collect(),
        predicate: None,
    }
}

pub fn schema() -> Arc<Schema> {
    let mut id = column("id", Type::Int4, false);
    id.default = Some(ColumnDefault::Sequence { always: false });
    let mut owner = column("owner", Type::Int8, false);
    owner.identity = true;
    let mut state = column("state", Type::Text, false);
    state.default = Some(ColumnDefault::Constant {
        text: "open".into(),
    });
    let mut made = column("made", Type::Timestamptz, false);
    made.default = Some(ColumnDefault::Now);
    let numeric = Type::Numeric {
        precision: None,
        scale: None,
    };
    let price = Type::Numeric {
        precision: Some(8),
        scale: Some(2),
    };
    let table = Table {
        name: "things".into(),
        columns: vec![
            id,
            owner,
            column("name", Type::Text, true),
            column("rank", Type::Int4, true),
            state,
            made,
            column("score", Type::Float8, true),
            column("price", price, true),
            column("exact", numeric, true),
        ],
        primary_key: vec!["id".into()],
        primary_key_name: "pkey".into(),
        insertable: true,
        updatable: true,
        deletable: true,
        indexes: vec![
            index("things_rank_state", &["rank", "state"]),
            index("things_owner_rank_made", &["owner", "rank", "made"]),
        ],
        ..Table::default()
    };
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    };
    Arc::new(
        Schema::new(15, identity, Limits::default(), vec![table], vec![]).expect("a good schema"),
    )
}

/// Few values per column, so that rows meet in them.
pub const NAMES: [&str; 6] = ["", "a", "ab", "aaaaaaaaa", "aaaaaaaab", "é\"\\\n"];
pub const STATES: [&str; 3] = ["open", "done", "late"];
pub const TIMES: [&str; 4] = [
    "2026-01-01 00:00:00+00",
    "2026-01-01 00:00:00.5+00",
    "infinity",
    "0044-03-15 00:00:00+00 BC",
];
pub const FLOATS: [&str; 6] = ["-1.5", "0", "2.25", "NaN", "Infinity", "-Infinity"];
pub const PRICES: [&str; 5] = ["-1.50", "0.00", "1.50", "10.00", "NaN"];
pub const EXACTS: [&str; 6] = ["1.5", "1.50", "-3", "100", "NaN", "0.05"];

fn maybe(values: &'static [&'static str]) -> impl Strategy<Value = Text> {
    proptest::option::weighted(
        0.8,
        proptest::sample::select(values).prop_map(str::to_owned),
    )
}

fn some(values: &'static [&'static str]) -> impl Strategy<Value = Text> {
    proptest::sample::select(values).prop_map(|value| Some(value.to_owned()))
}

pub fn any_row(ids: Range<i32>) -> impl Strategy<Value = WireRow> {
    (
        ids.prop_map(|id| Some(id.to_string())),
        (7..9i32).prop_map(|owner| Some(owner.to_string())),
        maybe(&NAMES),
        proptest::option::weighted(0.8, (0..8i32).prop_map(|rank| rank.to_string())),
        some(&STATES),
        some(&TIMES),
        maybe(&FLOATS),
        maybe(&PRICES),
        maybe(&EXACTS),
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i)| vec![a, b, c, d, e, f, g, h, i])
}

/// A replica of one table `notes`, whose key is `id` and comes before these columns.
pub fn replica_of_notes(columns: Vec<Column>) -> Replica {
    let id = column("id", Type::Int4, false);
    let table = Table {
        name: "notes".into(),
        columns: std::iter::once(id).chain(columns).collect(),
        primary_key: vec!["id".into()],
        primary_key_name: "notes_pkey".into(),
        ..Table::default()
    };
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.user".into(),
    };
    let schema = Schema::new(15, identity, Limits::default(), vec![table], vec![]);
    Replica::new(Arc::new(schema.expect("a good schema")))
}

/// Notes, by key, are these now: as by a write, or, of `all`, as by a snapshot. Those that are none are gone.
pub fn change_notes(
    replica: &mut Replica,
    all: bool,
    notes: impl IntoIterator<Item = Option<WireRow>>,
) {
    let (mut lines, mut gone) = (Vec::new(), Vec::new());
    for (key, row) in notes.into_iter().enumerate() {
        let key = key.to_string();
        match row {
            Some(row) => lines.push([vec![Some(key)], row].concat()),
            None => gone.push(vec![key]),
        }
    }
    let mut staged = replica.stage();
    let head = json!({ "line": "head", "protocol": 1, "epoch": "e", "fingerprint": "f",
        "user": "1", "verdicts": [], "snapshot": all });
    let rows = json!({ "line": "rows", "table": "notes", "rows": lines });
    let keys = json!({ "line": "removed", "table": "notes", "keys": gone });
    let end = json!({ "line": "end", "cursor": "c" });
    let patch = [Some(head), Some(rows), (!all).then_some(keys), Some(end)];
    for line in patch.into_iter().flatten() {
        staged.line(&line.to_string()).expect("a line");
    }
    replica.apply_patch(staged);
}

/// A condition, or what is so where it is false.
pub fn perhaps_not(negated: bool, condition: ConditionShape) -> Vec<ConditionShape> {
    let not = ConditionShape {
        op: Op::Not,
        n: 1,
        ..ConditionShape::default()
    };
    negated
        .then_some(not)
        .into_iter()
        .chain([condition])
        .collect()
}
