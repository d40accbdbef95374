//! What hooks foresee: shown, stored with the mutation, not sent, and gone with it; and writes in
//! steps, which are one mutation in the end or none.

use crate::fixture::NOW_MS;
use crate::ruled::*;
use haversack_core::json;
use haversack_core::protocol::{Mutation, Op};
use haversack_core::replica::{DraftOp, Rigour, Steps, WriteContext};
use haversack_core::schema::{Action, ColumnDefault, Table};
use serde_json::{Value as Json, json};

/// `b.a` refers to `a`, at the end of the transaction where `deferred`; `n` is the server's alone.
fn tables(deferred: bool) -> Vec<Table> {
    let mut a = ints("a", &["n", "x"]);
    a.columns[1].writable = false;
    a.columns[1].nullable = false;
    a.columns[1].default = Some(ColumnDefault::Constant { text: "0".into() });
    let mut b = ints("b", &["a"]);
    b.foreign_keys = vec![foreign("a", "a", Action::Cascade)];
    b.foreign_keys[0].deferred = deferred;
    vec![a, b]
}

fn world() -> World {
    let mut world = World::new(tables(false));
    world.snapshot(json!({ "a": [["1", "5", "0"], ["2", "0", "0"]], "b": [["1", "1"]] }));
    world
}

/// A write of `a`, and what a hook foresees of it and of another row.
fn foreseeing() -> Json {
    json!([
        { "op": "update", "table": "a", "key": 1, "set": { "x": 3 }, "predicted": { "n": 6 } },
        { "op": "update", "table": "a", "key": 2, "set": { "n": 9 }, "foreseen": true },
        { "op": "delete", "table": "b", "key": 1, "foreseen": true },
    ])
}

#[test]
fn what_is_foreseen_shows_is_not_sent_and_is_undone_with_its_write() {
    let mut world = world();
    let before = world.all_rows();
    let local = world.good(foreseeing());
    assert_eq!(world.rows("a"), [json!([1, 6, 3]), json!([2, 9, 0])]);
    assert!(world.rows("b").is_empty());
    let mutation = world.replica.mutation(local).expect("pending");
    let [Op::Update { set, base, .. }] = &mutation.ops[..] else {
        panic!("one operation is sent: {:?}", mutation.ops);
    };
    assert_eq!(set.len(), 1, "of it one column");
    assert_eq!(base.len(), 1, "and one base");
    assert_eq!(mutation.predicted.len(), 3);
    world.replica.withdraw(local);
    assert_eq!(world.all_rows(), before);
}

#[test]
fn another_tab_and_a_reload_show_the_same() {
    let mut one = world();
    let local = one.good(foreseeing());
    let mutation = one.number(local);
    let stored: Mutation = json::read_text(&json::text(&mutation)).expect("as it is stored");
    assert_eq!(stored, mutation);
    let mut other = world();
    other.replica.adopt(stored).expect("good");
    assert_eq!(other.all_rows(), one.all_rows());
}

#[test]
fn it_lies_over_new_rows_of_the_server_and_ends_with_the_verdict() {
    let mut world = world();
    let local = world.good(foreseeing());
    world.number(local);
    world.patch(json!({ "a": [["1", "7", "0"], ["2", "8", "1"]] }));
    assert_eq!(world.rows("a"), [json!([1, 6, 3]), json!([2, 9, 1])]);
    // The server made it 8 and 10, and kept the row of `b`.
    world.answer(
        json!({ "a": [["1", "8", "3"], ["2", "10", "1"]] }),
        1,
        false,
    );
    assert_eq!(world.rows("a"), [json!([1, 8, 3]), json!([2, 10, 1])]);
    assert_eq!(world.rows("b"), [json!([1, 1])]);
    assert_eq!(world.replica.pending_len(), 0);
}

#[test]
fn a_foreseen_deletion_cascades_and_a_foreseen_insert_is_a_row() {
    let mut world = world();
    world.good(json!([
        { "op": "update", "table": "a", "key": 2, "set": { "x": 1 } },
        { "op": "delete", "table": "a", "key": 1, "foreseen": true },
        { "op": "insert", "table": "b", "values": { "id": 5, "a": 2 }, "foreseen": true },
    ]));
    assert_eq!(world.rows("a"), [json!([2, 0, 1])]);
    assert_eq!(world.rows("b"), [json!([5, 2])]);
}

#[test]
fn rules_see_what_is_foreseen_and_users_still_may_not_write_it() {
    let world = world();
    let own = insert("a", json!({ "id": 3, "n": 1 }));
    assert_eq!(world.refusal(own), is("42501", "n"));
    let null = json!([{ "op": "insert", "table": "a", "values": { "id": 3 }, "predicted": { "n": null } }]);
    assert_eq!(world.refusal(null), is("23502", "n"));
    let key = json!([{ "op": "update", "table": "a", "key": 1, "set": { "x": 1 }, "predicted": { "id": 3 } }]);
    assert_eq!(world.refusal(key).0, "42501");
    let nowhere =
        json!([{ "op": "insert", "table": "b", "values": { "id": 9, "a": 99 }, "foreseen": true }]);
    assert_eq!(world.refusal(nowhere), is("23503", "a_fkey"));
}

/// Does operations in steps.
fn steps(world: &mut World, ops: &Json) -> Steps {
    let mut steps = Steps::default();
    for op in ops.as_array().expect("operations") {
        let text = op.to_string();
        let op: DraftOp<'_> = json::read_text(&text).expect("a draft");
        let mut context = WriteContext {
            now_ms: NOW_MS,
            random: &mut || [1; 16],
            keys: &mut |_| None,
        };
        let step = world.replica.step(&op, Rigour::Judge, &mut context);
        world
            .replica
            .take_step(&mut steps, step.expect("a good step"));
    }
    steps
}

#[test]
fn steps_become_one_mutation_that_is_as_if_made_at_once() {
    let (mut at_once, mut in_steps) = (world(), world());
    let ops = json!([
        { "op": "insert", "table": "a", "values": { "id": 7 } },
        { "op": "insert", "table": "b", "values": { "id": 7, "a": 7 } },
        { "op": "update", "table": "a", "key": 7, "set": { "x": 1 }, "predicted": { "n": 2 } },
        { "op": "delete", "table": "a", "key": 1 },
        { "op": "update", "table": "a", "key": 2, "set": { "x": 4 } },
    ]);
    let one = at_once.good(ops.clone());
    let made = steps(&mut in_steps, &ops);
    let joined = in_steps.replica.join_steps(made).expect("good");
    assert_eq!(in_steps.replica.pending_len(), 1);
    assert_eq!(in_steps.number(joined), at_once.number(one));
    assert_eq!(in_steps.all_rows(), at_once.all_rows());
    assert_eq!(in_steps.replica.keys_of(joined).len(), 5);
    // And it is undone as one.
    in_steps.replica.withdraw(joined);
    assert_eq!(in_steps.all_rows(), world().all_rows());
}

#[test]
fn steps_that_are_withdrawn_leave_nothing() {
    let mut world = world();
    let before = world.all_rows();
    let ops = all(&[
        delete("a", 1),
        insert("a", json!({ "id": 1 })),
        update("a", 2, json!({ "x": 2 })),
    ]);
    let made = steps(&mut world, &ops);
    assert_ne!(world.all_rows(), before);
    world.replica.withdraw_steps(made);
    assert_eq!(world.all_rows(), before);
    assert_eq!(world.replica.pending_len(), 0);
}

#[test]
fn what_is_deferred_is_asked_when_the_steps_are_joined() {
    let child_first = all(&[
        insert("b", json!({ "id": 8, "a": 8 })),
        insert("a", json!({ "id": 8 })),
    ]);
    let mut world = World::new(tables(true));
    let made = steps(&mut world, &child_first);
    assert!(
        world.replica.join_steps(made).is_ok(),
        "the parent came in time"
    );

    let mut world = World::new(tables(true));
    let made = steps(&mut world, &insert("b", json!({ "id": 8, "a": 8 })));
    let (made, error) = world
        .replica
        .join_steps(made)
        .expect_err("nobody is referred to");
    assert_eq!(error.details.constraint.as_deref(), Some("a_fkey"));
    world.replica.withdraw_steps(made);
    assert!(world.rows("b").is_empty());
}
