//! Uniqueness: of columns, parts of rows, expressions; equality is the type's.

use crate::fixture::{column, table};
use crate::ruled::*;
use haversack_core::ErrorCode;
use haversack_core::expr::Expr;
use haversack_core::schema::{IndexPart, Predicate, Type};
use serde_json::json;

#[test]
fn a_value_that_another_row_has_is_refused_in_the_order_of_the_indexes() {
    let mut t = ints("t", &["a", "b", "c"]);
    t.uniques = vec![unique("t_a", &["a"]), unique("t_b_c", &["b", "c"])];
    let mut world = World::new(vec![t.clone()]);
    world.good(insert("t", json!({ "id": 1, "a": 1, "b": 1, "c": 1 })));
    for (values, name) in [
        (json!({ "id": 1, "a": 1, "b": 1, "c": 1 }), "t_pkey"),
        (json!({ "id": 2, "a": 1, "b": 1, "c": 1 }), "t_a"),
        (json!({ "id": 2, "a": 2, "b": 1, "c": 1 }), "t_b_c"),
    ] {
        assert_eq!(world.refusal(insert("t", values)), is("23505", name));
    }
    // Nulls are distinct, in any of the columns.
    world.good(insert("t", json!({ "id": 2, "b": 1 })));
    world.good(insert("t", json!({ "id": 3, "b": 1 })));
    world.good(insert("t", json!({ "id": 4, "a": 4, "b": 1, "c": 2 })));
    assert_eq!(
        world.refusal(update("t", 4, json!({ "c": 1 }))),
        is("23505", "t_b_c")
    );
    assert_eq!(
        world.refusal(update("t", 3, json!({ "a": 4 }))),
        is("23505", "t_a")
    );
    // Its own value is no other row's.
    world.good(update("t", 4, json!({ "a": 4, "b": 2 })));
    let error = world
        .prepare(insert("t", json!({ "id": 9, "a": 4 })))
        .expect_err("refused");
    assert_eq!(error.code, ErrorCode::UniqueViolation);
    assert_eq!(error.message, "t already has a row with (a) = (\"4\")");
    assert_eq!(error.details.table.as_deref(), Some("t"));
    assert_eq!(error.details.column, None);

    // An index that is older than the key is asked before it.
    t.primary_key_rank = 1;
    let mut world = World::new(vec![t]);
    world.good(insert("t", json!({ "id": 1, "a": 1, "b": 1, "c": 1 })));
    let same = json!({ "id": 1, "a": 1, "b": 1, "c": 1 });
    assert_eq!(world.refusal(insert("t", same)), is("23505", "t_a"));
}

#[test]
fn what_became_free_can_be_taken_again() {
    let mut t = ints("t", &["a"]);
    t.uniques = vec![unique("t_a", &["a"])];
    let mut world = World::new(vec![t]);
    world.snapshot(json!({ "t": [["1", "1"], ["2", "2"]] }));
    let first = world.good(update("t", 1, json!({ "a": 3 })));
    let second = world.good(update("t", 2, json!({ "a": 1 })));
    assert_eq!(
        world.refusal(update("t", 1, json!({ "a": 1 }))),
        is("23505", "t_a")
    );
    world.replica.withdraw(second);
    world.replica.withdraw(first);
    assert_eq!(
        world.refusal(update("t", 2, json!({ "a": 1 }))),
        is("23505", "t_a")
    );
    world.good(delete("t", 1));
    world.good(insert("t", json!({ "id": 5, "a": 1 })));
    // Of one transaction, each operation sees what the earlier ones left.
    let swap = all(&[
        update("t", 2, json!({ "a": 9 })),
        update("t", 5, json!({ "a": 2 })),
        update("t", 2, json!({ "a": 1 })),
    ]);
    world.good(swap);
    let twice = all(&[
        insert("t", json!({ "id": 6, "a": 6 })),
        insert("t", json!({ "id": 7, "a": 6 })),
    ]);
    assert_eq!(world.refusal(twice), is("23505", "t_a"));
    assert_eq!(world.rows("t"), [json!([2, 1]), json!([5, 2])]);
    // Rows that a patch brings are known to the index.
    world.patch(json!({ "t": [["8", "8"]], "removed": { "t": [["2"]] } }));
    assert_eq!(
        world.refusal(insert("t", json!({ "id": 6, "a": 8 }))),
        is("23505", "t_a")
    );
}

#[test]
fn many_rows_of_one_transaction_are_told_apart() {
    let mut t = ints("t", &["a"]);
    t.uniques = vec![unique("t_a", &["a"])];
    let mut world = World::new(vec![t]);
    let rows = |n: i64| -> Vec<_> {
        (0..n)
            .map(|i| insert("t", json!({ "id": i, "a": i + 100 })))
            .collect()
    };
    let mut ops = rows(100);
    ops.push(update("t", 50, json!({ "a": 1 })));
    // 150 is free by now, and 151 is not.
    ops.push(update("t", 60, json!({ "a": 150 })));
    world.prepare(all(&ops)).expect("all differ");
    ops.push(update("t", 61, json!({ "a": 151 })));
    assert_eq!(world.refusal(all(&ops)), is("23505", "t_a"));
    world.good(all(&rows(100)));
    assert_eq!(world.rows("t").len(), 100);
}

#[test]
fn only_rows_that_pass_the_predicate_of_a_partial_index_count() {
    let mut t = ints("t", &["a", "active"]);
    let mut partial = unique("t_active", &["a"]);
    partial.predicate = Some(Predicate {
        sql: "(active = 1)".into(),
        expr: Some(compare("eq", "active", "1")),
    });
    t.uniques = vec![partial];
    let mut world = World::new(vec![t]);
    world.good(insert("t", json!({ "id": 1, "a": 1, "active": 1 })));
    world.good(insert("t", json!({ "id": 2, "a": 1, "active": 0 })));
    world.good(insert("t", json!({ "id": 3, "a": 1 })));
    assert_eq!(
        world.refusal(update("t", 2, json!({ "active": 1 }))),
        is("23505", "t_active")
    );
    world.good(update("t", 1, json!({ "active": 0 })));
    world.good(update("t", 2, json!({ "active": 1 })));
    assert_eq!(
        world.refusal(update("t", 3, json!({ "active": 1 }))),
        is("23505", "t_active")
    );
}

#[test]
fn expressions_and_nulls_that_are_not_distinct_are_unique_too() {
    let mut t = ints("t", &["a", "b"]);
    let mut nulls = unique("t_a", &["a"]);
    nulls.nulls_not_distinct = true;
    let mut large = unique("t_large", &["b"]);
    large.columns.push(IndexPart {
        expression: "(a > 10)".into(),
        column: false,
        expr: Some(compare("gt", "a", "10")),
        ..IndexPart::default()
    });
    t.uniques = vec![nulls, large];
    let mut world = World::new(vec![t]);
    world.good(insert("t", json!({ "id": 1, "b": 1 })));
    assert_eq!(
        world.refusal(insert("t", json!({ "id": 2 }))),
        is("23505", "t_a")
    );
    world.good(insert("t", json!({ "id": 3, "a": 11, "b": 1 })));
    world.good(insert("t", json!({ "id": 4, "a": 9, "b": 1 })));
    let taken = insert("t", json!({ "id": 5, "a": 12, "b": 1 }));
    assert_eq!(world.refusal(taken), is("23505", "t_large"));
    world.good(update("t", 3, json!({ "a": 1, "b": 2 })));
    world.good(insert("t", json!({ "id": 5, "a": 12, "b": 1 })));
}

#[test]
fn values_are_equal_as_their_type_says() {
    let numeric = Type::Numeric {
        precision: None,
        scale: None,
    };
    let mut t = table(
        "t",
        vec![
            column("id", numeric.clone()),
            column("n", numeric),
            column("j", Type::Jsonb),
            column("f", Type::Float8),
        ],
        &["id"],
    );
    t.uniques = vec![
        unique("t_n", &["n"]),
        unique("t_j", &["j"]),
        unique("t_f", &["f"]),
    ];
    let mut world = World::new(vec![t]);
    let row = json!({ "id": "1.0", "n": "1.50", "j": { "a": [1.0] }, "f": "NaN" });
    world.good(insert("t", row));
    for (values, name) in [
        (json!({ "id": "1.00", "n": 2 }), "pkey"),
        (json!({ "id": 2, "n": "1.5" }), "t_n"),
        (json!({ "id": 2, "j": { "a": [1] } }), "t_j"),
        (json!({ "id": 2, "f": "NaN" }), "t_f"),
    ] {
        assert_eq!(world.refusal(insert("t", values)), is("23505", name));
    }
    world.good(insert(
        "t",
        json!({ "id": 10, "n": "15", "j": { "a": ["1.0"] }, "f": 0 }),
    ));
}

#[test]
fn deferrable_ones_are_asked_after_the_others_and_deferred_ones_last() {
    let mut t = ints("t", &["a", "b", "c"]);
    let mut at_end = unique("t_a", &["a"]);
    (at_end.deferrable, at_end.deferred) = (true, true);
    let mut later = unique("t_b", &["b"]);
    later.deferrable = true;
    t.uniques = vec![at_end, later, unique("t_c", &["c"])];
    let mut world = World::new(vec![t]);
    world.good(insert("t", json!({ "id": 1, "a": 1, "b": 1, "c": 1 })));
    for (values, name) in [
        (json!({ "id": 2, "a": 1, "b": 1, "c": 1 }), "t_c"),
        (json!({ "id": 2, "a": 1, "b": 1, "c": 2 }), "t_b"),
        (json!({ "id": 2, "a": 1, "b": 2, "c": 2 }), "t_a"),
    ] {
        assert_eq!(world.refusal(insert("t", values)), is("23505", name));
    }
    // In between it may be broken.
    world.good(all(&[
        insert("t", json!({ "id": 2, "a": 1 })),
        update("t", 1, json!({ "a": 2 })),
    ]));
    assert_eq!(
        world.refusal(all(&[
            insert("t", json!({ "id": 3, "b": 1 })),
            update("t", 1, json!({ "b": 2 })),
        ])),
        is("23505", "t_b")
    );
}

#[test]
fn an_expression_that_the_server_alone_can_evaluate_leaves_a_doubt() {
    let mut t = ints("t", &["a"]);
    let mut lower = unique("t_f", &[]);
    lower.columns.push(IndexPart {
        expression: "f(a)".into(),
        expr: Some(Expr::new("call", Type::Text, vec![])),
        ..IndexPart::default()
    });
    t.uniques = vec![lower];
    let mut world = World::new(vec![t]);
    assert_eq!(
        world.write(insert("t", json!({ "id": 1 }))).expect("good"),
        ["t_f"]
    );
}
