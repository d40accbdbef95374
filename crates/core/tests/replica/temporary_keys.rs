//! Rows with temporary keys, before and after they get the key of the sequence.

use crate::fixture::{NOW_MS, column, default, required, schema, table};
use crate::ruled::check;
use haversack_core::expr::Expr;
use haversack_core::json::read_text;
use haversack_core::protocol::{Mutation, Op, Predicted};
use haversack_core::query::{Param, QueryShape};
use haversack_core::queue::rekey::{Assigned, drawn, may_hold, number_of, temporary};
use haversack_core::replica::{DraftOp, Key, LocalId, Prepared, Replica, RowState, WriteContext};
use haversack_core::schema::{
    Action, Column, ColumnDefault, ForeignKey, Generated, Schema, TableId, Type,
};
use haversack_core::value::Value;
use haversack_core::{Error, ErrorCode};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const ORDERS: TableId = TableId(0);
const PARTS: TableId = TableId(1);
/// The first two temporary keys of an int4.
const FIRST: i64 = -0x7fff_ffff;
const SECOND: i64 = FIRST + 1;

fn key_column(kind: Type) -> Column {
    let sequence = ColumnDefault::Sequence { always: false };
    required(default(column("id", kind), sequence))
}

fn reference(name: &str, on_delete: Action) -> ForeignKey {
    ForeignKey {
        name: name.into(),
        columns: vec!["order_id".into()],
        references: "orders".into(),
        referenced_columns: vec!["id".into()],
        on_delete,
        ..ForeignKey::default()
    }
}

/// A comparison of the key with zero.
fn key_is(op: &str, kind: &Type) -> Option<Expr> {
    let sides = vec![
        Expr::column("id", kind.clone()),
        Expr::constant(kind.clone(), Some("0")),
    ];
    Some(Expr::new(op, Type::Bool, sides))
}

/// Orders have a positive key, and say whether it is below zero; parts are their order's.
fn replica_with(kind: Type) -> Replica {
    let one = schema();
    let mut below = column("below", Type::Bool);
    below.writable = false;
    below.generated = Some(Generated {
        sql: "id < 0".into(),
        expr: key_is("lt", &kind),
        ..Generated::default()
    });
    let positive = check("positive", key_is("gt", &kind));
    let columns = vec![key_column(kind), column("title", Type::Text), below];
    let mut orders = table("orders", columns, &["id"]);
    orders.checks.push(positive);
    let mut parts = table(
        "parts",
        vec![
            key_column(Type::Int4),
            column("order_id", Type::Int4),
            column("n", Type::Int4),
        ],
        &["id"],
    );
    parts
        .foreign_keys
        .push(reference("parts_order", Action::Cascade));
    let made = Schema::new(
        15,
        one.identity.clone(),
        one.limits.clone(),
        vec![orders, parts],
        vec![],
    );
    let mut replica = Replica::new(Arc::new(made.expect("a good schema")));
    replica.set_identity(Some("7".into()));
    replica
}

fn replica() -> Replica {
    replica_with(Type::Int4)
}

/// Prepares with nothing but temporary keys, from this number on.
fn prepare(replica: &Replica, ops: Json, mut number: i64) -> Result<Prepared, Error> {
    let text = ops.to_string();
    let ops: Vec<DraftOp<'_>> = read_text(&text).expect("drafts");
    let mut keys = |id: TableId| {
        let kind = &replica.schema().table(id).columns[0].kind;
        number += 1;
        temporary(kind, number - 1)
    };
    let mut context = WriteContext {
        now_ms: NOW_MS,
        random: &mut || [7; 16],
        keys: &mut keys,
    };
    replica.prepare(&ops, &mut context)
}

fn write(replica: &mut Replica, ops: Json, number: i64) -> LocalId {
    let prepared = prepare(replica, ops, number).expect("a good write");
    replica.apply(prepared)
}

fn add_order(title: &str) -> Json {
    json!([{ "op": "insert", "table": "orders", "values": { "title": title } }])
}

fn add_part(order: i64, n: i64) -> Json {
    json!([{ "op": "insert", "table": "parts", "values": { "order_id": order, "n": n } }])
}

fn given(table: &str, keys: &[(i64, i64)]) -> Assigned {
    let keys = keys
        .iter()
        .map(|(from, to)| (from.to_string(), to.to_string()));
    Assigned::from([(table, keys.collect())])
}

fn key(key: i64) -> Key {
    Key::new(vec![Value::Int(key)])
}

fn row(replica: &Replica, table: TableId, id: i64) -> Option<Json> {
    let mut json = String::new();
    replica.row_json(table, replica.find(table, &key(id))?, &mut json);
    Some(serde_json::from_str(&json).expect("a row"))
}

/// The keys of the rows that a query with one condition finds.
fn found(replica: &mut Replica, table: &str, condition: Json, params: &[Param<'_>]) -> Vec<i64> {
    let shape = json!({ "table": table, "where": [condition], "order": [{ "column": "id" }] });
    let shape: QueryShape = serde_json::from_value(shape).expect("a shape");
    let plan = replica.compile(&shape).expect("a plan");
    let slots = replica.run(plan, params).expect("rows").to_vec();
    assert_eq!(
        replica.count(plan, params).expect("a count") as usize,
        slots.len()
    );
    let table = replica.plan_table(plan);
    let int = |slot| match replica.key(table, slot).values() {
        [Value::Int(int)] => *int,
        other => panic!("a key of {other:?}"),
    };
    slots.into_iter().map(int).collect()
}

#[test]
fn a_row_and_what_refers_to_it_change_keys_in_one_step() {
    let mut replica = replica();
    write(&mut replica, add_order("a"), 0);
    write(&mut replica, add_part(FIRST, 1), 1);
    write(
        &mut replica,
        json!([{ "op": "update", "table": "orders", "key": FIRST, "set": { "title": "b" } }]),
        2,
    );
    assert_eq!(
        row(&replica, ORDERS, FIRST).expect("the row")["below"],
        true
    );
    let changed = replica.rekey(given("orders", &[(FIRST, 41)]));
    assert_eq!(changed.len(), 3, "the insert, the part and the update");
    assert_eq!(
        row(&replica, ORDERS, 41),
        Some(json!({ "id": 41, "title": "b", "below": false })),
        "what is generated from the key too"
    );
    assert_eq!(
        row(&replica, PARTS, SECOND).expect("the part")["order_id"],
        41
    );
    assert_eq!(replica.len(ORDERS), 1, "the row under its old key is gone");
    replica.rekey(given("parts", &[(SECOND, 9)]));
    assert_eq!(
        row(&replica, PARTS, 9),
        Some(json!({ "id": 9, "order_id": 41, "n": 1 }))
    );
}

#[test]
fn the_old_key_means_the_same_row_afterwards() {
    let mut replica = replica();
    write(&mut replica, add_order("a"), 0);
    replica.rekey(given("orders", &[(FIRST, 41)]));
    let slot = replica.find_int(ORDERS, 41).expect("the row");
    assert_eq!(replica.find_int(ORDERS, FIRST), Some(slot));
    assert_eq!(replica.find(ORDERS, &key(FIRST)), Some(slot));
    assert_eq!(replica.row_state(ORDERS, &key(FIRST)), RowState::Pending);
    assert_eq!(
        replica.find_int(ORDERS, SECOND),
        None,
        "no other's key does"
    );
    let local = write(&mut replica, add_part(FIRST, 1), 1);
    let Op::Insert { values, .. } = &replica.mutation(local).expect("the mutation").ops[0] else {
        panic!("an insert")
    };
    assert_eq!(
        values["order_id"].as_deref(),
        Some("41"),
        "as it is stored and sent"
    );
    let by_order = json!({ "column": "order_id", "op": "eq" });
    let number = [Param::Number(FIRST as f64)];
    assert_eq!(found(&mut replica, "parts", by_order, &number), [SECOND]);
    let several = json!({ "column": "id", "op": "in", "n": 2 });
    let params = [Param::Text("-2147483647"), Param::Number(5.0)];
    assert_eq!(found(&mut replica, "orders", several, &params), [41]);
    let update =
        json!([{ "op": "update", "table": "orders", "key": FIRST, "set": { "title": "b" } }]);
    write(&mut replica, update, 2);
    assert_eq!(row(&replica, ORDERS, 41).expect("the row")["title"], "b");
    write(
        &mut replica,
        json!([{ "op": "delete", "table": "orders", "key": FIRST }]),
        3,
    );
    assert_eq!(
        (replica.len(ORDERS), replica.len(PARTS)),
        (0, 0),
        "with its parts"
    );
}

#[test]
fn a_key_of_another_table_with_the_same_number_stays() {
    let mut replica = replica();
    write(&mut replica, add_order("a"), 0);
    write(
        &mut replica,
        json!([{ "op": "insert", "table": "parts", "values": { "n": FIRST } }]),
        1,
    );
    replica.rekey(given("orders", &[(FIRST, 41)]));
    assert_eq!(row(&replica, PARTS, SECOND).expect("the part")["n"], FIRST);
    let by_n = json!({ "column": "n", "op": "eq" });
    assert_eq!(
        found(&mut replica, "parts", by_n, &[Param::Number(FIRST as f64)]),
        [SECOND]
    );
}

#[test]
fn what_is_stored_late_is_taken_in_with_the_new_key() {
    let (mut replica, mut other) = (replica(), replica());
    write(&mut other, add_order("a"), 0);
    let local = write(&mut other, add_part(FIRST, 1), 1);
    let late = Mutation {
        seq: 2,
        ..other.mutation(local).expect("the mutation").clone()
    };
    replica.rekey(given("orders", &[(FIRST, 41)]));
    replica.adopt(late).expect("a good mutation");
    assert_eq!(
        row(&replica, PARTS, SECOND).expect("the part")["order_id"],
        41
    );
}

#[test]
fn a_mutation_keeps_its_number_and_its_place() {
    let mut replica = replica();
    let first = write(&mut replica, add_order("a"), 0);
    replica.sequence(first, 1);
    let title = |title| json!([{ "op": "update", "table": "orders", "key": FIRST, "set": { "title": title } }]);
    let (second, third) = (
        write(&mut replica, title("b"), 1),
        write(&mut replica, title("c"), 1),
    );
    replica.sequence(second, 2);
    replica.rekey(given("orders", &[(FIRST, 41)]));
    let order: Vec<_> = replica.pending().map(|p| (p.local, p.seq())).collect();
    assert_eq!(order, [(first, Some(1)), (second, Some(2)), (third, None)]);
    assert_eq!(row(&replica, ORDERS, 41).expect("the row")["title"], "c");
    replica.withdraw(third);
    assert_eq!(row(&replica, ORDERS, 41).expect("the row")["title"], "b");
}

#[test]
fn what_a_hook_foresees_follows_its_row() {
    let mut replica = replica();
    write(&mut replica, add_order("a"), 0);
    let local = write(
        &mut replica,
        json!([{ "op": "update", "table": "orders", "key": FIRST, "set": { "title": "b" },
                 "predicted": { "title": "foreseen" } }]),
        1,
    );
    replica.rekey(given("orders", &[(FIRST, 41)]));
    assert_eq!(
        row(&replica, ORDERS, 41).expect("the row")["title"],
        "foreseen"
    );
    let Predicted {
        op: Op::Update { key, .. },
        ..
    } = &replica.mutation(local).expect("the mutation").predicted[0]
    else {
        panic!("an update")
    };
    assert_eq!(*key, ["41"]);
}

#[test]
fn a_check_of_a_temporary_key_says_nothing() {
    let mut replica = replica();
    let prepared = prepare(&replica, add_order("a"), 0).expect("not refused");
    assert!(
        prepared.unverified.contains(&"positive".to_owned()),
        "but not certain either"
    );
    replica.apply(prepared);
    let given = json!([{ "op": "insert", "table": "orders", "values": { "id": -3 } }]);
    let error = prepare(&replica, given, 0).expect_err("refused");
    assert_eq!(
        error.code,
        ErrorCode::CheckViolation,
        "any other key is judged"
    );
}

#[test]
fn deletes_cascade_over_both_kinds_of_keys() {
    let mut replica = replica();
    write(&mut replica, add_order("a"), 0);
    write(&mut replica, add_part(FIRST, 1), 1);
    let delete = write(
        &mut replica,
        json!([{ "op": "delete", "table": "orders", "key": FIRST }]),
        2,
    );
    replica.rekey(given("parts", &[(SECOND, 9)]));
    replica.rekey(given("orders", &[(FIRST, 41)]));
    assert_eq!((replica.len(ORDERS), replica.len(PARTS)), (0, 0));
    replica.withdraw(delete);
    assert_eq!(
        row(&replica, PARTS, 9).expect("the part is back")["order_id"],
        41
    );
}

#[test]
fn int8_keys_too() {
    let mut replica = replica_with(Type::Int8);
    let local = write(&mut replica, add_order("a"), 0);
    let mutation = replica.mutation(local).expect("the mutation").clone();
    let (id, key) = drawn(replica.schema(), &mutation).next().expect("its key");
    assert_eq!((id, key), (ORDERS, "-9223372036854775807"));
    assert_eq!(number_of(replica.schema(), id, key), Some(0));
    assert!(may_hold(&mutation));
    replica.rekey(Assigned::from([(
        "orders",
        [(key.to_owned(), "41".to_owned())].into(),
    )]));
    assert!(row(&replica, ORDERS, 41).is_some());
    let mutation = replica.mutation(local).expect("the mutation");
    assert!(!may_hold(mutation));
}

#[test]
fn many_rows_change_keys_at_once() {
    let mut replica = replica();
    let orders = 700;
    for n in 0..orders {
        write(&mut replica, add_order("a"), 2 * n);
        write(&mut replica, add_part(FIRST + 2 * n, n), 2 * n + 1);
    }
    let keys = (0..orders)
        .map(|n| (FIRST + 2 * n, 1_000 + n))
        .collect::<Vec<_>>();
    let changed = replica.rekey(given("orders", &keys));
    assert_eq!(changed.len(), 2 * orders as usize);
    for n in 0..orders {
        let part = row(&replica, PARTS, FIRST + 2 * n + 1).expect("the part");
        assert_eq!(
            (&part["order_id"], &part["n"]),
            (&json!(1_000 + n), &json!(n))
        );
    }
    assert_eq!(replica.len(ORDERS), orders as usize);
}
