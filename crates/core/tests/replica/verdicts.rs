//! Valid, violated, or unknown: absence proves something only where all rows are here.

use crate::fixture::required;
use crate::ruled::*;
use haversack_core::schema::{Action, Column, ServerRule, Table};
use serde_json::json;

fn owned(mut table: Table) -> Table {
    let owner = Column {
        identity: true,
        ..required(int("owner"))
    };
    table.columns.insert(1, owner);
    table
}

fn tables() -> Vec<Table> {
    let mut t = owned(ints("t", &["a", "mine", "shared", "far"]));
    t.uniques = vec![unique("t_a", &["a"]), unique("t_owner_a", &["owner", "a"])];
    t.foreign_keys = vec![
        foreign("mine", "mine", Action::NoAction),
        foreign("shared", "shared", Action::NoAction),
        foreign("far", "elsewhere", Action::NoAction),
    ];
    vec![t, owned(ints("mine", &[])), ints("shared", &[])]
}

#[test]
fn what_other_users_may_have_is_unknown() {
    let mut world = World::new(tables());
    let all = json!({ "id": 1, "a": 1, "mine": 9, "far": 9 });
    let doubts = world.write(insert("t", all)).expect("unknown is accepted");
    // The table of everybody has no row 9 for certain; that of each user might have it.
    assert_eq!(doubts, ["t_pkey", "t_a", "mine_fkey", "far_fkey"]);
    let pending = world.replica.pending().next().expect("one");
    assert_eq!(pending.unverified, doubts);
    let lost = insert("t", json!({ "id": 2, "shared": 9 }));
    assert_eq!(world.refusal(lost), is("23503", "shared_fkey"));
    // What is here is here, whoever else has it.
    assert_eq!(
        world.refusal(insert("t", json!({ "id": 2, "a": 1 }))),
        is("23505", "t_a")
    );
    world.good(insert("mine", json!({ "id": 1 })));
    assert!(
        world
            .write(update("t", 1, json!({ "mine": 1 })))
            .expect("good")
            .is_empty()
    );
    // What was deleted here is not there, for certain.
    world.good(update("t", 1, json!({ "mine": null })));
    world.good(delete("mine", 1));
    assert_eq!(
        world.refusal(update("t", 1, json!({ "mine": 1 }))),
        is("23503", "mine_fkey")
    );
    // Others may refer to what everybody has.
    world.good(insert("shared", json!({ "id": 1 })));
    assert_eq!(
        world.write(delete("shared", 1)).expect("good"),
        ["shared_fkey"]
    );
}

#[test]
fn a_reference_that_names_the_identity_is_certain() {
    let mut parent = owned(ints("parent", &[]));
    parent.primary_key = vec!["owner".into(), "id".into()];
    let mut child = owned(ints("child", &["parent"]));
    let mut key = foreign("parent", "parent", Action::NoAction);
    key.columns.insert(0, "owner".into());
    key.referenced_columns.insert(0, "owner".into());
    child.foreign_keys = vec![key];
    let mut world = World::new(vec![parent, child]);
    assert_eq!(
        world.refusal(insert("child", json!({ "id": 1, "parent": 1 }))),
        is("23503", "parent_fkey")
    );
    assert!(
        world
            .write(insert("parent", json!({ "id": 1 })))
            .expect("good")
            .is_empty()
    );
    let gone = json!([{ "op": "delete", "table": "parent", "key": [7, 1] }]);
    assert!(world.write(gone).expect("good").is_empty());
}

#[test]
fn before_the_first_snapshot_nothing_is_certain() {
    let mut world = World::before_sync(15, tables());
    assert!(!world.replica.is_complete(world.table("shared")));
    let ops = insert("t", json!({ "id": 1, "shared": 9 }));
    let doubts = ["t_pkey", "shared_fkey"];
    assert_eq!(
        world.write(ops.clone()).expect("unknown is accepted"),
        doubts
    );
    world.snapshot(json!({}));
    assert!(world.replica.is_complete(world.table("shared")));
    assert_eq!(
        world.refusal(update("t", 1, json!({ "shared": 8 }))),
        is("23503", "shared_fkey")
    );
    world.replica.set_complete(world.table("shared"), false);
    world.good(update("t", 1, json!({ "shared": 8 })));
}

#[test]
fn rules_of_the_server_alone_are_named_and_doubts_survive_a_reload() {
    let mut t = ints("t", &["a"]);
    t.checks = vec![check("t_f", None)];
    t.server_rules = vec![ServerRule {
        name: "t_excl".into(),
        kind: "exclusion".into(),
        ..ServerRule::default()
    }];
    let mut world = World::new(vec![t.clone()]);
    let local = world.good(insert("t", json!({ "id": 1 })));
    let mutation = world.number(local);
    let mut reloaded = World::new(vec![t]);
    reloaded.replica.adopt(mutation).expect("the same schema");
    for world in [world, reloaded] {
        let pending = world.replica.pending().next().expect("one");
        assert_eq!(pending.unverified, ["t_f", "t_excl"]);
    }
}

#[test]
fn what_row_security_hides_is_unknown() {
    let mut hidden = ints("hidden", &["a"]);
    hidden.hides_rows = true;
    hidden.uniques = vec![unique("hidden_a", &["a"])];
    let mut t = ints("t", &["far"]);
    t.foreign_keys = vec![foreign("far", "hidden", Action::NoAction)];
    let mut world = World::new(vec![t, hidden]);
    let doubts = world.write(insert("t", json!({ "id": 1, "far": 9 })));
    assert_eq!(doubts.expect("unknown is accepted"), ["far_fkey"]);
    let doubts = world.write(insert("hidden", json!({ "id": 1, "a": 1 })));
    assert_eq!(
        doubts.expect("unknown is accepted"),
        ["hidden_pkey", "hidden_a"]
    );
}
