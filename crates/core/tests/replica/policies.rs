//! What a write carries for the policies of its columns: whole bases, of what was seen, and its time.

use crate::fixture::*;
use haversack_core::map::Map;
use haversack_core::protocol::{Base, Op};
use haversack_core::replica::{Prepared, Replica};
use haversack_core::schema::{Policy, Table};
use serde_json::json;

fn replica_with(change: impl FnOnce(&mut Table)) -> Replica {
    let mut replica = Replica::new(schema_with(change));
    replica.set_identity(Some("7".into()));
    patch(&mut replica, 0, &[note(1, "old")]);
    replica
}

/// The position of `kind`.
const KIND: usize = 6;

fn set_policy(table: &mut Table, column: &str, policy: Policy) {
    let at = table.column_id(column).expect("a column");
    table.columns[usize::from(at.0)].policy = policy;
}

fn bases(prepared: &Prepared) -> Map<Base> {
    match &prepared.ops[0] {
        Op::Update { base, .. } => base.clone(),
        Op::Insert { .. } | Op::Delete { .. } => panic!("an update"),
    }
}

fn text(text: &str) -> Base {
    Base::Text(Some(text.into()))
}

#[test]
fn what_is_added_is_added_to_what_was_seen() {
    for (policy, second) in [(Policy::Counter, "5"), (Policy::ServerWins, "1")] {
        let mut replica = replica_with(|notes| set_policy(notes, "kind", policy));
        let first = prepare(&replica, update(1, json!({ "kind": 5 }))).expect("good");
        assert_eq!(bases(&first)["kind"], text("1"));
        replica.apply(first);
        let next = prepare(&replica, update(1, json!({ "kind": 6 }))).expect("good");
        assert_eq!(bases(&next)["kind"], text(second), "{}", policy.word());
    }
}

#[test]
fn a_pending_counter_shows_the_confirmed_value_and_what_is_added_to_it() {
    let mut replica = replica_with(|notes| set_policy(notes, "kind", Policy::Counter));
    let shown = |replica: &Replica| row(replica, 1)["kind"].clone();
    for value in [5, 6] {
        let write = prepare(&replica, update(1, json!({ "kind": value }))).expect("good");
        replica.apply(write);
    }
    assert_eq!(shown(&replica), json!(6));
    // Somebody else has added ten meanwhile.
    let mut row = note(1, "old");
    row[KIND] = Some("11".into());
    patch(&mut replica, 0, &[row.clone()]);
    assert_eq!(
        shown(&replica),
        json!(16),
        "11, and 4 and 1 that are pending"
    );
    let write = prepare(&replica, update(1, json!({ "kind": 20 }))).expect("good");
    assert_eq!(bases(&write)["kind"], text("16"));
    replica.apply(write);
    assert_eq!(shown(&replica), json!(20));
    // Another tab, and a reload, work out the same from what is stored.
    let mut other = replica_with(|notes| set_policy(notes, "kind", Policy::Counter));
    patch(&mut other, 0, &[row]);
    for (seq, pending) in (1..).zip(replica.pending().cloned().collect::<Vec<_>>()) {
        let mutation = haversack_core::protocol::Mutation {
            seq,
            ..pending.mutation
        };
        other.adopt(mutation).expect("of this schema");
    }
    assert_eq!(shown(&other), json!(20));
    // A sum that the column can't hold is the server's to refuse.
    let mut replica = replica_with(|notes| set_policy(notes, "kind", Policy::Counter));
    let write = prepare(&replica, update(1, json!({ "kind": 5 }))).expect("good");
    replica.apply(write);
    let mut row = note(1, "old");
    row[KIND] = Some(i32::MAX.to_string());
    patch(&mut replica, 0, &[row]);
    assert_eq!(shown(&replica), json!(5));
}

#[test]
fn a_base_travels_whole_where_it_is_merged_or_shown() {
    let long = format!("{{\"a\": \"{}\"}}", "x".repeat(1000));
    for (policy, whole) in [
        (Policy::Merge, true),
        (Policy::Manual, true),
        (Policy::ServerWins, false),
        (Policy::Lww, false),
    ] {
        let mut replica = replica_with(|notes| set_policy(notes, "data", policy));
        let mut row = note(1, "old");
        row[10] = Some(long.clone());
        patch(&mut replica, 0, &[row]);
        let write = prepare(&replica, update(1, json!({ "data": "{}" }))).expect("good");
        let base = bases(&write)["data"].clone();
        assert_eq!(base == text(&long), whole, "{}", policy.word());
    }
}

#[test]
fn a_decision_is_made_on_top_of_what_was_shown() {
    let replica = replica_with(|notes| set_policy(notes, "title", Policy::Manual));
    let decide = |base: serde_json::Value| {
        let op = json!([{ "op": "update", "table": "notes", "key": 1,
            "set": { "title": "mine" }, "base": base }]);
        prepare(&replica, op)
    };
    let decided = decide(json!({ "title": "them", "state": "done" })).expect("good");
    let bases = bases(&decided);
    assert_eq!((&bases["title"], bases.len()), (&text("them"), 1));
    let unknown = decide(json!({ "nope": "x" })).expect_err("no column");
    assert_eq!(unknown.code, haversack_core::ErrorCode::UnknownColumn);
}

#[test]
fn columns_that_belong_together_are_told_together() {
    let replica = replica_with(|notes| {
        notes.together = vec![vec!["title".into(), "state".into()]];
    });
    let write = prepare(&replica, update(1, json!({ "title": "new" }))).expect("good");
    let bases = bases(&write);
    assert_eq!(
        (&bases["title"], &bases["state"]),
        (&text("old"), &text("open"))
    );
    assert_eq!(bases.len(), 2);
    let Op::Update { set, .. } = &write.ops[0] else {
        panic!("an update")
    };
    assert_eq!(set.len(), 1, "what was not written is not");
}

#[test]
fn a_write_is_no_earlier_than_what_it_has_seen() {
    let mut replica = replica_with(|_| {});
    let at = |replica: &Replica| {
        let write = prepare(replica, update(1, json!({ "title": "new" })));
        write.expect("good").at
    };
    assert_eq!(at(&replica), NOW_MS);
    // Rows come that were read when this replica's clock will only be later.
    let mut staged = replica.stage();
    let head = head(0, false).replace("\"user\"", "\"time\":1900000000000,\"user\"");
    staged.line(&head).expect("a head");
    staged
        .line("{\"line\":\"end\",\"cursor\":\"d\"}")
        .expect("an end");
    replica.apply_patch(staged);
    assert_eq!(at(&replica), 1_900_000_000_000);
}
