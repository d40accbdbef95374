//! Writes: what is filled in, refused, seen and undone.

use crate::fixture::*;
use haversack_core::ErrorCode;
use haversack_core::json::{Json as Tree, read_text};
use haversack_core::protocol::{Base, Mutation, Op};
use haversack_core::replica::{Key, Prepared};
use haversack_core::value::Value;
use serde_json::{Value as Json, json};

#[test]
fn an_insert_fills_what_the_client_can_know() {
    let mut replica = replica();
    let prepared = prepare(&replica, insert(json!({ "title": "hi" }))).expect("a good write");
    let Op::Insert { values, .. } = &prepared.ops[0] else {
        panic!("an insert")
    };
    // Keys, identity, references and random values are sent; other defaults are the server's.
    let sent: Vec<&str> = values.keys().map(|name| &**name).collect();
    assert_eq!(sent, ["id", "kind", "owner", "title", "token"]);
    assert_eq!(values["id"].as_deref(), Some("100"));
    assert_eq!(values["owner"].as_deref(), Some("7"));
    assert_eq!(
        values["token"].as_deref(),
        Some("019b76da-a87b-7bab-abab-abababababab")
    );
    let key = prepared.keys[0].1.clone();
    assert_eq!(key, Key::new(vec![Value::Int(100)]));
    assert_eq!(replica.len(NOTES), 0, "preparing changes nothing");
    replica.apply(prepared);
    let shown = row(&replica, 100);
    assert_eq!(shown["state"], "open");
    assert_eq!(shown["made"], NOW);
    assert_eq!(shown["id"], "100");
    assert_eq!(shown["slug"], Json::Null);
    assert!(!replica.confirmed_row_json(NOTES, &key, &mut String::new()));
}

#[test]
fn a_write_looks_the_same_after_a_reload() {
    let mut first = replica();
    let local = write(
        &mut first,
        insert(json!({ "title": "hi", "data": { "b": 1, "a": [] } })),
    );
    first.sequence(local, 1);
    let stored = serde_json::to_string(first.mutation(local).expect("pending")).expect("JSON");
    let mut second = replica();
    let mutation: Mutation = serde_json::from_str(&stored).expect("a mutation");
    second.adopt(mutation).expect("the same schema");
    assert_eq!(row(&first, 100), row(&second, 100));
}

#[test]
fn bad_writes_are_refused_and_change_nothing() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one")]);
    let long = "x".repeat(30_000);
    let check = |ops: Json, code: ErrorCode, column: Option<&str>| {
        let error = prepare(&replica, ops.clone()).expect_err("refused");
        assert_eq!(
            (error.code, error.details.column.as_deref()),
            (code, column),
            "{ops}"
        );
    };
    use ErrorCode as E;
    check(json!([]), E::InvalidQuery, None);
    check(
        json!([{ "op": "delete", "table": "nope", "key": 1 }]),
        E::UnknownTable,
        None,
    );
    check(
        insert(json!({ "title": "a", "nope": 1 })),
        E::UnknownColumn,
        Some("nope"),
    );
    check(
        insert(json!({ "title": 1 })),
        E::TypeMismatch,
        Some("title"),
    );
    check(
        insert(json!({ "title": "sixsix" })),
        E::ValueTooLong,
        Some("title"),
    );
    check(
        insert(json!({ "title": "a", "kind": 3_000_000_000i64 })),
        E::OutOfRange,
        Some("kind"),
    );
    check(insert(json!({})), E::NotNullViolation, Some("title"));
    check(
        insert(json!({ "state": null, "title": null })),
        E::NotNullViolation,
        Some("title"),
    );
    check(
        insert(json!({ "title": "a", "state": null })),
        E::NotNullViolation,
        Some("state"),
    );
    check(
        insert(json!({ "title": "a", "id": 1 })),
        E::UniqueViolation,
        None,
    );
    check(
        insert(json!({ "title": "a", "owner": 8 })),
        E::PermissionDenied,
        Some("owner"),
    );
    check(
        insert(json!({ "title": "a", "upper": "A" })),
        E::PermissionDenied,
        Some("upper"),
    );
    check(
        insert(json!({ "title": "a", "audit": "A" })),
        E::PermissionDenied,
        Some("audit"),
    );
    check(
        update(1, json!({ "audit": "A" })),
        E::PermissionDenied,
        Some("audit"),
    );
    check(
        update(1, json!({ "id": 2 })),
        E::PermissionDenied,
        Some("id"),
    );
    check(
        update(1, json!({ "owner": 8 })),
        E::PermissionDenied,
        Some("owner"),
    );
    check(
        update(1, json!({ "title": null })),
        E::NotNullViolation,
        Some("title"),
    );
    check(update(1, json!({})), E::InvalidQuery, None);
    check(update(1, json!({ "id": 1 })), E::InvalidQuery, None);
    check(update(2, json!({ "title": "a" })), E::RowNotFound, None);
    check(
        json!([{ "op": "delete", "table": "notes", "key": 2 }]),
        E::RowNotFound,
        None,
    );
    check(
        json!([{ "op": "delete", "table": "notes", "key": [1, 2] }]),
        E::TypeMismatch,
        None,
    );
    check(
        json!([{ "op": "delete", "table": "notes", "key": null }]),
        E::TypeMismatch,
        Some("id"),
    );
    check(
        json!([{ "op": "insert", "table": "fixed", "values": { "id": 1 } }]),
        E::PermissionDenied,
        None,
    );
    check(
        json!([{ "op": "insert", "table": "pairs", "values": { "a": 1 } }]),
        E::NotNullViolation,
        Some("b"),
    );
    check(
        insert(json!({ "title": "a", "data": long })),
        E::MutationTooLarge,
        None,
    );
    let error = prepare_with(&replica, insert(json!({ "title": "a" })), None).expect_err("refused");
    assert_eq!(error.code, E::KeysExhausted);
    replica.set_identity(None);
    let error = prepare(&replica, insert(json!({ "title": "a" }))).expect_err("refused");
    assert_eq!(error.code, E::NotSignedIn);
    assert_eq!((replica.len(NOTES), replica.pending_len()), (1, 0));
}

#[test]
fn a_transaction_sees_its_own_operations_and_stands_or_falls() {
    let mut replica = replica();
    let ops = json!([
        { "op": "insert", "table": "notes", "values": { "id": 5, "title": "a" } },
        { "op": "update", "table": "notes", "key": "5", "set": { "title": "b" } },
        { "op": "insert", "table": "notes", "values": { "id": 6, "title": "c" } },
        { "op": "delete", "table": "notes", "key": 6 },
        { "op": "insert", "table": "notes", "values": { "id": 6, "title": "d" } },
    ]);
    write(&mut replica, ops.clone());
    assert_eq!(
        (
            row(&replica, 5)["title"].clone(),
            row(&replica, 6)["title"].clone()
        ),
        (json!("b"), json!("d"))
    );
    let error = prepare(&replica, ops).expect_err("5 is there already");
    assert_eq!(error.code, ErrorCode::UniqueViolation);
    assert_eq!(replica.len(NOTES), 2);
}

#[test]
fn bases_are_what_the_person_saw_confirmed() {
    let base_of = |prepared: &Prepared| match &prepared.ops[0] {
        Op::Update { base, .. } => base["title"].clone(),
        _ => panic!("an update"),
    };
    let text = |text: &str| Base::Text(Some(text.to_owned()));
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "old")]);
    let first = prepare(&replica, update(1, json!({ "title": "mine" }))).expect("good");
    assert_eq!(base_of(&first), text("old"));
    replica.apply(first);
    // Someone else's value arrives; what the person sees is still their own.
    patch(&mut replica, 0, &[note(1, "them")]);
    assert_eq!(row(&replica, 1)["title"], "mine");
    let second = prepare(&replica, update(1, json!({ "title": "again" }))).expect("good");
    assert_eq!(base_of(&second), text("old"));
    // A row that was never confirmed: what its insert says.
    write(&mut replica, insert(json!({ "id": 9, "title": "new" })));
    let third = prepare(&replica, update(9, json!({ "title": "newer" }))).expect("good");
    assert_eq!(base_of(&third), text("new"));
    let delete = |id: i64| json!([{ "op": "delete", "table": "notes", "key": id }]);
    let of_new = prepare(&replica, delete(9)).expect("good");
    assert!(matches!(&of_new.ops[0], Op::Delete { base: None, .. }));
    patch(&mut replica, 0, &[note(2, "two")]);
    let confirmed = hash(&replica, 2);
    let of_old = prepare(&replica, delete(2)).expect("good");
    assert!(matches!(&of_old.ops[0], Op::Delete { base: Some(hash), .. } if *hash == confirmed));
}

#[test]
fn composite_keys_are_found_in_the_key_s_order() {
    let mut replica = replica();
    let uuid = "019b76da-a87b-7bab-abab-abababababab";
    let ops = json!([{ "op": "insert", "table": "pairs", "values": { "b": uuid.to_uppercase(), "a": 1 } }]);
    write(&mut replica, ops);
    let key = Tree::parse(&format!("[1, \"{uuid}\"]"))
        .and_then(|json| Key::from_json(&replica.schema().tables[1], &json))
        .expect("a key");
    assert_eq!(key.values()[0], Value::Int(1));
    let slot = replica.find(PAIRS, &key).expect("a row");
    assert_eq!(replica.key(PAIRS, slot), key);
    let mut json = String::new();
    key.write_json(&replica.schema().tables[1], &mut json);
    assert_eq!(json, format!("[1,\"{uuid}\"]"));
    assert_eq!(replica.find_int(PAIRS, 1), None);
}

#[test]
fn storage_that_failed_leaves_no_residue() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one")]);
    let ops = json!([
        { "op": "delete", "table": "notes", "key": 1 },
        { "op": "insert", "table": "notes", "values": { "title": "a" } },
    ]);
    let local = write(&mut replica, ops);
    assert_eq!((replica.len(NOTES), replica.find_int(NOTES, 1)), (1, None));
    replica.withdraw(local);
    assert_eq!(row(&replica, 1)["title"], "one");
    assert_eq!((replica.len(NOTES), replica.pending_len()), (1, 0));
    assert!(!replica.is_pending(NOTES, &Key::new(vec![Value::Int(1)])));
    replica.withdraw(local);
    replica.sequence(local, 9);
}

#[test]
fn text_that_is_overwritten_again_and_again_is_collected() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one"), note(2, "two")]);
    for i in 0..40 {
        let long = format!("{i}{}", "x".repeat(9_000));
        write(&mut replica, update(1, json!({ "data": long })));
        assert_eq!(row(&replica, 1)["data"], long);
        assert_eq!(row(&replica, 2)["title"], "two");
    }
}

#[test]
fn an_operation_can_take_the_key_of_an_earlier_insert() {
    let mut replica = replica();
    let ops = json!([
        { "op": "insert", "table": "notes", "values": { "title": "a" } },
        { "op": "insert", "table": "notes", "values": { "title": "b" }, "refs": { "kind": 0 } },
    ]);
    write(&mut replica, ops);
    assert_eq!(row(&replica, 101)["kind"], 100);
    let ops = json!([
        { "op": "insert", "table": "notes", "values": { "title": "a" }, "refs": { "kind": 0 } },
    ]);
    let error = prepare(&replica, ops).expect_err("it refers to itself");
    assert_eq!(error.code, ErrorCode::InvalidQuery);
}

#[test]
fn numbers_are_taken_to_the_last_bit() {
    let mut replica = replica();
    // Off by one in the last place where JSON is read less than exactly.
    let double = -1.1193133179981887e-17;
    write(
        &mut replica,
        insert(json!({ "title": "a", "score": double, "data": [double] })),
    );
    let prepared = prepare(
        &replica,
        update(100, json!({ "title": "b", "data": [double] })),
    );
    let Op::Update { set, .. } = &prepared.expect("good").ops[0] else {
        panic!("an update")
    };
    assert_eq!(
        set["data"].as_deref(),
        Some("[-0.000000000000000011193133179981887]")
    );
    let slot = replica.find_int(NOTES, 100).expect("a row");
    let score = replica.value(NOTES, slot, haversack_core::schema::ColumnId(11));
    assert_eq!(score.to_value(), Value::Float(double));
    for bad in [
        "[{}]",
        "[{\"op\":\"insert\",\"table\":\"t\"}]",
        "[{\"op\":\"delete\",\"table\":\"t\",\"key\":1,\"set\":{}}]",
    ] {
        assert!(
            read_text::<Vec<haversack_core::replica::DraftOp<'_>>>(bad).is_err(),
            "{bad}"
        );
    }
}
