//! Foreign keys from the referencing side.

use crate::fixture::{column, required, table};
use crate::ruled::*;
use haversack_core::ErrorCode;
use haversack_core::schema::{Action, ForeignKey, Type};
use serde_json::json;

fn family() -> World {
    let mut child = ints("child", &["parent", "other"]);
    child.foreign_keys = vec![
        foreign("parent", "parent", Action::NoAction),
        foreign("other", "parent", Action::NoAction),
    ];
    World::new(vec![ints("parent", &["n"]), child])
}

#[test]
fn a_row_that_is_referred_to_has_to_exist() {
    let mut world = family();
    world.good(insert("parent", json!({ "id": 1 })));
    world.good(insert("child", json!({ "id": 1, "parent": 1 })));
    world.good(insert("child", json!({ "id": 2 })));
    let lost = insert("child", json!({ "id": 3, "parent": 9, "other": 9 }));
    assert_eq!(world.refusal(lost.clone()), is("23503", "parent_fkey"));
    let error = world.prepare(lost).expect_err("refused");
    assert_eq!(error.code, ErrorCode::ForeignKeyViolation);
    assert_eq!(error.details.table.as_deref(), Some("child"));
    assert_eq!(
        error.message,
        "parent = (\"9\") of child refers to a row of parent that does not exist"
    );
    let lost = update("child", 2, json!({ "other": 9 }));
    assert_eq!(world.refusal(lost), is("23503", "other_fkey"));
    // Within a transaction order counts.
    world.good(all(&[
        insert("parent", json!({ "id": 5 })),
        insert("child", json!({ "id": 5, "parent": 5 })),
    ]));
    let too_late = all(&[
        insert("child", json!({ "id": 6, "parent": 6 })),
        insert("parent", json!({ "id": 6 })),
    ]);
    assert_eq!(world.refusal(too_late), is("23503", "parent_fkey"));
}

#[test]
fn a_row_that_is_referred_to_stays() {
    let mut world = family();
    world.good(insert("parent", json!({ "id": 1 })));
    world.good(insert("child", json!({ "id": 1, "other": 1 })));
    let error = world.prepare(delete("parent", 1)).expect_err("refused");
    assert_eq!(error.details.sqlstate.as_deref(), Some("23503"));
    assert_eq!(error.details.constraint.as_deref(), Some("other_fkey"));
    assert_eq!(error.details.table.as_deref(), Some("child"));
    world.good(all(&[delete("child", 1), delete("parent", 1)]));
    assert_eq!(
        world.refusal(insert("child", json!({ "id": 1, "parent": 1 }))),
        is("23503", "parent_fkey")
    );
}

#[test]
fn restrict_has_a_code_of_its_own_from_postgres_18_on() {
    for (server, sqlstate) in [(15, "23503"), (17, "23503"), (18, "23001")] {
        let mut child = ints("child", &["a", "b"]);
        child.foreign_keys = vec![foreign("a", "parent", Action::Restrict)];
        let mut world = World::of_server(server, vec![ints("parent", &[]), child]);
        world.good(insert("parent", json!({ "id": 1 })));
        world.good(insert("child", json!({ "id": 1, "a": 1 })));
        assert_eq!(world.refusal(delete("parent", 1)), is(sqlstate, "a_fkey"));
    }
}

#[test]
fn a_row_may_refer_to_itself() {
    let mut tree = ints("tree", &["parent"]);
    tree.foreign_keys = vec![foreign("parent", "tree", Action::Restrict)];
    let mut world = World::new(vec![tree]);
    world.good(insert("tree", json!({ "id": 1, "parent": 1 })));
    world.good(insert("tree", json!({ "id": 2, "parent": 1 })));
    assert_eq!(
        world.refusal(insert("tree", json!({ "id": 3, "parent": 4 }))),
        is("23503", "parent_fkey")
    );
    assert_eq!(world.refusal(delete("tree", 1)), is("23503", "parent_fkey"));
    world.good(delete("tree", 2));
    world.good(delete("tree", 1));
}

#[test]
fn a_deferred_reference_is_asked_at_the_end() {
    let mut child = ints("child", &["parent"]);
    let mut later = foreign("parent", "parent", Action::NoAction);
    (later.deferrable, later.deferred) = (true, true);
    child.foreign_keys = vec![later];
    let mut world = World::new(vec![ints("parent", &[]), child]);
    world.good(all(&[
        insert("child", json!({ "id": 1, "parent": 1 })),
        insert("parent", json!({ "id": 1 })),
    ]));
    let lost = all(&[
        insert("child", json!({ "id": 2, "parent": 2 })),
        insert("parent", json!({ "id": 3 })),
    ]);
    assert_eq!(world.refusal(lost), is("23503", "parent_fkey"));
    // One that is gone by the end is not asked, nor one that was put back.
    world.good(all(&[
        insert("child", json!({ "id": 2, "parent": 2 })),
        delete("child", 2),
        delete("parent", 1),
        insert("parent", json!({ "id": 1 })),
    ]));
    assert_eq!(
        world.refusal(delete("parent", 1)),
        is("23503", "parent_fkey")
    );
}

fn composite(match_full: bool) -> World {
    let key = vec![required(int("a")), required(int("b"))];
    let parent = table("parent", key, &["a", "b"]);
    let mut child = ints("child", &["x", "y"]);
    child.foreign_keys = vec![ForeignKey {
        name: "xy".into(),
        columns: vec!["y".into(), "x".into()],
        references: "parent".into(),
        referenced_columns: vec!["b".into(), "a".into()],
        match_full,
        ..ForeignKey::default()
    }];
    let mut world = World::new(vec![parent, child]);
    world.good(insert("parent", json!({ "a": 1, "b": 2 })));
    world
}

#[test]
fn several_columns_refer_together() {
    let mut world = composite(false);
    world.good(insert("child", json!({ "id": 1, "x": 1, "y": 2 })));
    world.good(insert("child", json!({ "id": 2, "x": 9 })));
    assert_eq!(
        world.refusal(insert("child", json!({ "id": 3, "x": 2, "y": 1 }))),
        is("23503", "xy")
    );
    assert_eq!(
        world.refusal(update("child", 2, json!({ "y": 2 }))),
        is("23503", "xy")
    );
    let gone = json!([{ "op": "delete", "table": "parent", "key": [1, 2] }]);
    assert_eq!(world.refusal(gone), is("23503", "xy"));

    let mut world = composite(true);
    world.good(insert("child", json!({ "id": 1 })));
    assert_eq!(
        world.refusal(insert("child", json!({ "id": 2, "x": 1 }))),
        is("23503", "xy")
    );
    assert_eq!(
        world.refusal(update("child", 1, json!({ "y": 2 }))),
        is("23503", "xy")
    );
    world.good(insert("child", json!({ "id": 2, "x": 1, "y": 2 })));
}

#[test]
fn types_that_postgres_compares_are_compared() {
    let numeric = |precision, scale| Type::Numeric { precision, scale };
    let parent = table(
        "parent",
        vec![column("id", numeric(Some(10), Some(2)))],
        &["id"],
    );
    let small = table("small", vec![column("id", Type::Int4)], &["id"]);
    let mut child = ints("child", &[]);
    child.columns.push(column("n", numeric(None, None)));
    child.columns.push(column("i", Type::Int8));
    child.foreign_keys = vec![
        foreign("n", "parent", Action::NoAction),
        foreign("i", "small", Action::Cascade),
    ];
    let mut world = World::new(vec![parent, small, child]);
    world.good(insert("parent", json!({ "id": "1.50" })));
    world.good(insert("small", json!({ "id": 3 })));
    world.good(insert("child", json!({ "id": 1, "n": "1.5", "i": "3" })));
    assert_eq!(
        world.refusal(insert("child", json!({ "id": 2, "n": "1.501" }))),
        is("23503", "n_fkey")
    );
    let gone = json!([{ "op": "delete", "table": "parent", "key": "1.5" }]);
    assert_eq!(world.refusal(gone), is("23503", "n_fkey"));
    world.good(delete("small", 3));
    assert!(world.rows("child").is_empty());
}
