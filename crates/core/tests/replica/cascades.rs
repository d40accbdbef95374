//! What foreign keys do in the wake of a write: predicted, undone with it, the same in every tab.

use crate::ruled::*;
use haversack_core::protocol::{Base, Op};
use haversack_core::schema::{Action, Table};
use serde_json::{Value as Json, json};

/// `a` is referred to by `b.a`, and `b` by `c.b`.
fn chain(first: Action, second: Action) -> Vec<Table> {
    let mut b = ints("b", &["a"]);
    b.foreign_keys = vec![foreign("a", "a", first)];
    let mut c = ints("c", &["b"]);
    c.foreign_keys = vec![foreign("b", "b", second)];
    vec![ints("a", &[]), b, c]
}

fn filled(tables: Vec<Table>) -> World {
    let mut world = World::new(tables);
    world.snapshot(json!({
        "a": [["1"], ["2"]],
        "b": [["1", "1"], ["2", "1"], ["3", "2"]],
        "c": [["1", "1"], ["2", "2"], ["3", "3"]],
    }));
    world
}

#[test]
fn a_chain_of_cascades_ends_all_and_is_undone_together() {
    let mut world = filled(chain(Action::Cascade, Action::Cascade));
    let before = world.all_rows();
    let local = world.good(delete("a", 1));
    assert_eq!(world.rows("b"), [json!([3, 2])]);
    assert_eq!(world.rows("c"), [json!([3, 3])]);
    let pending = world.replica.pending().next().expect("one");
    assert_eq!(pending.mutation.ops.len(), 1, "only the deletion is sent");
    assert_eq!(pending.predicted().count(), 4);
    world.replica.withdraw(local);
    assert_eq!(world.all_rows(), before);
}

#[test]
fn a_refusal_down_the_chain_refuses_all() {
    let world = filled(chain(Action::Cascade, Action::Restrict));
    assert_eq!(world.refusal(delete("a", 1)), is("23503", "b_fkey"));
    let world = filled(chain(Action::Cascade, Action::NoAction));
    assert_eq!(world.refusal(delete("a", 1)), is("23503", "b_fkey"));
}

#[test]
fn null_and_default_are_set_and_their_rules_asked() {
    let mut world = filled(chain(Action::SetNull, Action::Cascade));
    world.good(delete("a", 1));
    let nulled = [json!([1, null]), json!([2, null]), json!([3, 2])];
    assert_eq!(world.rows("b"), nulled);
    assert_eq!(world.rows("c").len(), 3);

    let mut tables = chain(Action::SetNull, Action::Cascade);
    tables[1].columns[1].nullable = false;
    assert_eq!(filled(tables).refusal(delete("a", 1)), is("23502", "a"));

    let mut tables = chain(Action::SetNull, Action::Cascade);
    let mut one_null = unique("b_a", &["a"]);
    one_null.nulls_not_distinct = true;
    tables[1].uniques = vec![one_null];
    assert_eq!(filled(tables).refusal(delete("a", 1)), is("23505", "b_a"));

    let mut tables = chain(Action::SetDefault, Action::Cascade);
    tables[1].columns[1].default = constant("2");
    tables[1].checks = vec![check("below", Some(compare("lt", "a", "2")))];
    let world = filled(tables.clone());
    assert_eq!(world.refusal(delete("a", 1)), is("23514", "below"));
    tables[1].checks.clear();
    let mut world = filled(tables.clone());
    world.good(delete("a", 1));
    assert_eq!(world.rows("b")[0], json!([1, 2]));
    // The default itself has to exist, also where it is what is going.
    assert_eq!(world.refusal(delete("a", 2)), is("23503", "a_fkey"));
    tables[1].columns[1].default = constant("9");
    assert_eq!(
        filled(tables).refusal(delete("a", 1)),
        is("23503", "a_fkey")
    );
}

#[test]
fn only_the_columns_named_are_set() {
    let mut parent = ints("parent", &["n"]);
    parent.uniques = vec![unique("parent_n", &["id", "n"])];
    let mut child = ints("child", &["p", "n"]);
    let mut key = foreign("p", "parent", Action::SetNull);
    key.columns.push("n".into());
    key.referenced_columns.push("n".into());
    key.delete_columns = vec!["p".into()];
    child.foreign_keys = vec![key];
    let mut world = World::new(vec![parent, child]);
    world.good(insert("parent", json!({ "id": 1, "n": 5 })));
    world.good(insert("child", json!({ "id": 1, "p": 1, "n": 5 })));
    world.good(delete("parent", 1));
    assert_eq!(world.rows("child"), [json!([1, null, 5])]);
}

/// `top` is referred to by `left` and `right`, and those by `bottom`.
fn diamond(left: Action, right: Action, ranks: (u32, u32)) -> World {
    let side = |name: &str| {
        let mut side = ints(name, &["top"]);
        let mut key = foreign("top", "top", Action::Cascade);
        key.rank = if name == "left" { ranks.0 } else { ranks.1 };
        side.foreign_keys = vec![key];
        side
    };
    let mut bottom = ints("bottom", &["left", "right"]);
    bottom.foreign_keys = vec![
        foreign("left", "left", left),
        foreign("right", "right", right),
    ];
    let mut world = World::new(vec![ints("top", &[]), side("left"), side("right"), bottom]);
    world.snapshot(json!({
        "top": [["1"]], "left": [["1", "1"]], "right": [["1", "1"]], "bottom": [["1", "1", "1"]],
    }));
    world
}

#[test]
fn a_diamond_is_done_in_the_order_of_the_triggers() {
    let mut world = diamond(Action::Cascade, Action::Cascade, (1, 2));
    world.good(delete("top", 1));
    assert!(world.all_rows().iter().all(Vec::is_empty));
    // The bottom row is gone before the right side asks, or not: as in Postgres.
    let mut world = diamond(Action::Cascade, Action::NoAction, (1, 2));
    world.good(delete("top", 1));
    assert!(world.rows("bottom").is_empty());
    let world = diamond(Action::Cascade, Action::NoAction, (2, 1));
    assert_eq!(world.refusal(delete("top", 1)), is("23503", "right_fkey"));
}

#[test]
fn cycles_and_rows_that_refer_to_themselves_end() {
    let mut tree = ints("tree", &["parent"]);
    tree.foreign_keys = vec![foreign("parent", "tree", Action::Cascade)];
    let mut world = World::new(vec![tree]);
    world
        .snapshot(json!({ "tree": [["1", "3"], ["2", "1"], ["3", "2"], ["4", "4"], ["5", null]] }));
    world.good(delete("tree", 2));
    world.good(delete("tree", 4));
    assert_eq!(world.rows("tree"), [json!([5, null])]);
}

#[test]
fn a_key_that_is_referred_to_takes_its_references_along() {
    let mut parent = ints("parent", &["code"]);
    parent.uniques = vec![unique("code", &["code"])];
    let by_code = |on_update| {
        let mut child = ints("child", &["code"]);
        let mut key = foreign("code", "parent", Action::NoAction);
        key.referenced_columns = vec!["code".into()];
        key.on_update = on_update;
        child.foreign_keys = vec![key];
        let mut world = World::new(vec![parent.clone(), child]);
        world.good(insert("parent", json!({ "id": 1, "code": 10 })));
        world.good(insert("child", json!({ "id": 1, "code": 10 })));
        world
    };
    let change = || update("parent", 1, json!({ "code": 11 }));
    for (action, shown) in [(Action::Cascade, json!(11)), (Action::SetNull, Json::Null)] {
        let mut world = by_code(action);
        world.good(change());
        assert_eq!(world.rows("child"), [json!([1, shown])]);
        // One that comes later follows too.
        world.patch(json!({ "child": [["2", "10"], ["3", null]] }));
        let all = [json!([1, shown]), json!([2, shown]), json!([3, null])];
        assert_eq!(world.rows("child"), all);
    }
    for action in [Action::NoAction, Action::Restrict] {
        assert_eq!(by_code(action).refusal(change()), is("23503", "code_fkey"));
    }
}

#[test]
fn what_is_predicted_follows_what_is_confirmed() {
    let mut world = filled(chain(Action::Cascade, Action::SetNull));
    let local = world.good(delete("a", 1));
    world.number(local);
    assert_eq!(world.rows("c")[0], json!([1, null]));
    // Another row refers to what is to go; one refers to something else by now.
    world.patch(json!({ "b": [["4", "1"], ["2", "2"]], "c": [["4", "4"]] }));
    assert_eq!(world.rows("b"), [json!([2, 2]), json!([3, 2])]);
    let shown = [
        json!([1, null]),
        json!([2, 2]),
        json!([3, 3]),
        json!([4, null]),
    ];
    assert_eq!(world.rows("c"), shown);
    // Refused by the server: all of it comes back, as the server has it.
    let rows = json!({ "a": [["1"]] });
    world.answer(rows, 1, false);
    assert_eq!(world.replica.pending_len(), 0);
    assert_eq!(world.rows("b").len(), 4);
    assert_eq!(world.rows("c")[3], json!([4, 4]));
}

#[test]
fn another_tab_and_a_reload_predict_the_same() {
    let mut first = filled(chain(Action::Cascade, Action::SetNull));
    let mut second = filled(chain(Action::Cascade, Action::SetNull));
    // The second tab has writes of its own, without numbers yet, that come after.
    second.good(insert("b", json!({ "id": 7, "a": 1 })));
    second.good(insert("c", json!({ "id": 7, "b": 7 })));
    let made = [
        first.good(update("b", 3, json!({ "a": 1 }))),
        first.good(delete("a", 1)),
        first.good(insert("a", json!({ "id": 1 }))),
    ];
    let stored: Vec<_> = made.into_iter().map(|local| first.number(local)).collect();
    // Whatever the order of their arrival.
    for mutation in [&stored[2], &stored[0], &stored[1]] {
        second
            .replica
            .adopt(mutation.clone())
            .expect("the same schema");
    }
    assert_eq!(first.rows("b"), [json!([3, 1])][..0]);
    assert_eq!(second.rows("b"), [json!([7, 1])]);
    assert_eq!(second.rows("c")[3], json!([7, 7]));
    let mut reloaded = filled(chain(Action::Cascade, Action::SetNull));
    for mutation in stored {
        reloaded.replica.adopt(mutation).expect("the same schema");
    }
    assert_eq!(reloaded.all_rows(), first.all_rows());
}

#[test]
fn a_write_on_top_of_what_is_predicted_names_it_as_its_base() {
    let mut world = filled(chain(Action::SetNull, Action::SetNull));
    world.good(delete("a", 1));
    let prepared = world
        .prepare(update("b", 1, json!({ "a": 2 })))
        .expect("good");
    let Op::Update { base, .. } = &prepared.ops[0] else {
        panic!("an update")
    };
    assert_eq!(base["a"], Base::Text(None));
    let unaffected = world
        .prepare(update("b", 3, json!({ "a": null })))
        .expect("good");
    let Op::Update { base, .. } = &unaffected.ops[0] else {
        panic!("an update")
    };
    assert_eq!(base["a"], Base::Text(Some("2".into())));
}
