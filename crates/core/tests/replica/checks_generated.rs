//! Checks, domains, generated columns, defaults by expression.

use crate::fixture::required;
use crate::ruled::*;
use haversack_core::ErrorCode;
use haversack_core::expr::Expr;
use haversack_core::protocol::Op;
use haversack_core::schema::{Column, ColumnDefault, Domain, Generated, Type};
use serde_json::json;

fn generated(name: &str, expr: Option<Expr>) -> Column {
    Column {
        kind: Type::Bool,
        writable: false,
        generated: Some(Generated {
            expr,
            ..Generated::default()
        }),
        ..int(name)
    }
}

#[test]
fn checks_hold_unless_they_are_false_and_come_after_not_null() {
    let mut t = ints("t", &["a", "b"]);
    t.columns[2] = required(int("b"));
    t.checks = vec![
        check("t_a", Some(compare("gt", "a", "0"))),
        check("t_b", Some(compare("gt", "b", "0"))),
    ];
    let mut world = World::new(vec![t]);
    for (values, refusal) in [
        (json!({ "id": 1, "a": 0 }), is("23502", "b")),
        (json!({ "id": 1, "a": 0, "b": 0 }), is("23514", "t_a")),
        (json!({ "id": 1, "b": 0 }), is("23514", "t_b")),
    ] {
        assert_eq!(world.refusal(insert("t", values)), refusal);
    }
    // Null is neither true nor false, so it passes.
    world.good(insert("t", json!({ "id": 1, "b": 1 })));
    assert_eq!(
        world.refusal(update("t", 1, json!({ "a": -1 }))),
        is("23514", "t_a")
    );
    let error = world
        .prepare(update("t", 1, json!({ "a": -1 })))
        .expect_err("refused");
    assert_eq!(error.code, ErrorCode::CheckViolation);
    assert_eq!(error.details.table.as_deref(), Some("t"));
    assert_eq!(error.details.column, None);
}

#[test]
fn what_the_server_fills_may_be_missing_but_not_set_to_null() {
    let mut t = ints("t", &["a", "b"]);
    t.columns[1] = required(int("a"));
    t.columns[1].default = Some(ColumnDefault::ServerOnly {
        sql: "next_a()".into(),
        reason: "it calls a function of the database".into(),
    });
    let mut world = World::new(vec![t]);
    world.good(insert("t", json!({ "id": 1 })));
    world.good(update("t", 1, json!({ "b": 2 })));
    assert_eq!(
        world.refusal(update("t", 1, json!({ "a": null }))),
        is("23502", "a")
    );
}

#[test]
fn generated_columns_follow_the_row_on_both_ways() {
    let mut t = ints("t", &["a"]);
    t.columns
        .push(generated("large", Some(compare("gt", "a", "10"))));
    t.columns.push(generated("other", None));
    t.uniques = vec![unique("t_large", &["large"])];
    let mut world = World::new(vec![t]);
    let first = world.good(insert("t", json!({ "id": 1, "a": 11 })));
    assert_eq!(world.rows("t"), [json!([1, 11, true, null])]);
    assert_eq!(
        world.refusal(insert("t", json!({ "id": 2, "a": 12 }))),
        is("23505", "t_large")
    );
    world.good(update("t", 1, json!({ "a": 3 })));
    assert_eq!(world.rows("t"), [json!([1, 3, false, null])]);
    world.number(first);
    world.answer(json!({ "t": [["1", "11", "true", "true"]] }), 1, false);
    // The update is still pending, over the confirmed row; what is not known shows what it did.
    assert_eq!(world.rows("t"), [json!([1, 3, false, true])]);
    world.patch(json!({ "t": [["1", "40", "true", null]] }));
    assert_eq!(world.rows("t"), [json!([1, 3, false, null])]);
}

#[test]
fn a_generated_column_may_not_be_null() {
    let mut t = ints("t", &["a"]);
    t.columns
        .push(required(generated("large", Some(compare("gt", "a", "10")))));
    t.columns.push(required(generated("other", None)));
    let mut world = World::new(vec![t]);
    assert_eq!(
        world.refusal(insert("t", json!({ "id": 1 }))),
        is("23502", "large")
    );
    world.good(insert("t", json!({ "id": 1, "a": 1 })));
}

#[test]
fn defaults_by_expression_are_shown_and_sent_where_they_must_be() {
    let mut t = ints("t", &["a", "b", "c"]);
    let expression = |text, random| {
        Some(ColumnDefault::Expression {
            sql: text,
            expr: Expr::constant(Type::Int4, Some("5")),
            random,
        })
    };
    t.columns[1].default = expression("2 + 3".into(), false);
    t.columns[2].default = expression("random()".into(), true);
    t.columns[3].default = Some(ColumnDefault::Expression {
        sql: "f()".into(),
        expr: Expr::new("nonsense", Type::Int4, vec![]),
        random: false,
    });
    t.checks = vec![
        check("t_a", Some(compare("gt", "a", "5"))),
        check("t_c", Some(compare("gt", "c", "5"))),
    ];
    let mut world = World::new(vec![t]);
    // A default is asked as any value is; one that only the server knows leaves a doubt.
    assert_eq!(
        world.refusal(insert("t", json!({ "id": 1 }))),
        is("23514", "t_a")
    );
    let prepared = world
        .prepare(insert("t", json!({ "id": 1, "a": 6 })))
        .expect("good");
    assert_eq!(prepared.unverified, ["t_c"]);
    let Op::Insert { values, .. } = &prepared.ops[0] else {
        panic!("an insert")
    };
    let sent: Vec<&str> = values.keys().map(|name| &**name).collect();
    assert_eq!(sent, ["a", "b", "id"]);
    world.replica.apply(prepared);
    assert_eq!(world.rows("t"), [json!([1, 6, 5, null])]);
    // Once given, it is known.
    assert!(
        world
            .write(update("t", 1, json!({ "a": 7, "c": 6 })))
            .expect("good")
            .is_empty()
    );
    assert_eq!(
        world.refusal(update("t", 1, json!({ "c": 1 }))),
        is("23514", "t_c")
    );
}

#[test]
fn domains_are_asked_first() {
    let mut t = ints("t", &["a", "b"]);
    t.columns[1].domains = vec![
        Domain {
            name: "inner".into(),
            not_null: true,
            checks: vec![],
        },
        Domain {
            name: "outer".into(),
            not_null: false,
            // Only the server can evaluate it.
            checks: vec![check("outer_check", None)],
        },
    ];
    t.columns[2] = required(int("b"));
    let mut world = World::new(vec![t]);
    assert_eq!(
        world.refusal(insert("t", json!({ "id": 1 }))),
        is("23502", "a")
    );
    let error = world
        .prepare(insert("t", json!({ "id": 1 })))
        .expect_err("refused");
    assert_eq!(
        error.message,
        "domain inner does not allow null values: a needs a value"
    );
    let doubts = world.write(insert("t", json!({ "id": 1, "a": 1, "b": 1 })));
    assert_eq!(doubts.expect("good"), ["outer_check"]);
    assert_eq!(
        world.refusal(update("t", 1, json!({ "a": null, "b": null }))),
        is("23502", "a")
    );
}
