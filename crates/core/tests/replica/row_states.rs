//! Where rows stand with the server.

use crate::fixture::{NOTES, insert, note, patch, prepare, replica, update, write};
use crate::ruled::{World, delete, foreign, ints};
use haversack_core::protocol::{Lost, Op};
use haversack_core::replica::{Key, Replica, RowState};
use haversack_core::schema::{Action, TableId};
use haversack_core::value::Value;
use serde_json::json;

fn state(replica: &Replica, id: i64) -> RowState {
    replica.row_state(NOTES, &Key::new(vec![Value::Int(id)]))
}

/// The keys of the rows that are not acknowledged, with their states.
fn states(replica: &Replica) -> Vec<(i64, RowState)> {
    let flat = replica.row_states(NOTES);
    let mut states: Vec<_> = flat
        .chunks(2)
        .map(|row| {
            let key = replica.key(NOTES, row[0]);
            let [Value::Int(id)] = key.values() else {
                panic!("one integer: {key:?}");
            };
            assert_eq!(state(replica, *id) as u32, row[1]);
            (*id, state(replica, *id))
        })
        .collect();
    states.sort_by_key(|(id, _)| *id);
    states.dedup();
    states
}

/// The operations of a write, as they are sent.
fn ops(replica: &Replica, drafts: serde_json::Value) -> Vec<Op> {
    prepare(replica, drafts).expect("a good write").ops
}

fn open(key: &str) -> Lost {
    let text = format!(r#"{{"op":0,"table":"notes","key":["{key}"],"column":"title"}}"#);
    serde_json::from_str(&text).expect("a lost value")
}

#[test]
fn a_row_goes_from_pending_by_sent_to_acknowledged() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one"), note(2, "two")]);
    assert_eq!(state(&replica, 1), RowState::Acknowledged);
    assert_eq!(states(&replica), []);
    let first = write(&mut replica, update(1, json!({ "title": "a" })));
    assert_eq!(states(&replica), [(1, RowState::Pending)]);
    replica.sequence(first, 1);
    assert_eq!(state(&replica, 1), RowState::Pending, "durable, not sent");
    assert!(replica.set_sent(1));
    assert!(!replica.set_sent(1), "that was known");
    assert_eq!(states(&replica), [(1, RowState::Sent)]);

    let second = write(&mut replica, update(1, json!({ "title": "b" })));
    assert_eq!(state(&replica, 1), RowState::Pending, "the later write");
    replica.sequence(second, 2);
    assert_eq!(state(&replica, 1), RowState::Pending);
    patch(&mut replica, 1, &[note(1, "a")]);
    assert_eq!(state(&replica, 1), RowState::Pending);
    replica.set_sent(2);
    assert_eq!(state(&replica, 1), RowState::Sent);
    replica.set_sent(0);
    assert_eq!(state(&replica, 1), RowState::Pending, "the push failed");
    patch(&mut replica, 2, &[note(1, "b")]);
    assert_eq!(states(&replica), []);
    assert_eq!(state(&replica, 1), RowState::Acknowledged);
}

#[test]
fn a_row_that_is_not_there_stands_somewhere_too() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one")]);
    let gone = json!([{ "op": "delete", "table": "notes", "key": 1 }]);
    let local = write(&mut replica, gone);
    assert_eq!(state(&replica, 1), RowState::Pending);
    assert_eq!(states(&replica), [], "there is nothing to show it at");
    replica.withdraw(local);
    assert_eq!(state(&replica, 1), RowState::Acknowledged);
    assert_eq!(state(&replica, 99), RowState::Acknowledged);
}

#[test]
fn what_waits_for_the_application_counts_more_than_what_is_under_way() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one"), note(2, "two")]);
    let refused_update = ops(&replica, update(1, json!({ "title": "a" })));
    let refused_insert = ops(&replica, insert(json!({ "title": "new" })));
    let refused = || refused_update.iter().chain(&refused_insert);
    let none = || [].iter();
    let local = write(&mut replica, update(1, json!({ "title": "b" })));
    replica.sequence(local, 1);
    replica.set_sent(1);

    replica.set_kept(refused(), none());
    assert_eq!(states(&replica), [(1, RowState::Rejected)]);
    assert_eq!(state(&replica, 100), RowState::Rejected, "an insert's key");
    replica.set_kept(refused(), [open("1"), open("2")].iter());
    assert_eq!(
        states(&replica),
        [(1, RowState::Conflict), (2, RowState::Conflict)]
    );
    replica.set_kept(refused(), none());
    assert_eq!(states(&replica), [(1, RowState::Rejected)]);
    replica.set_kept([].iter(), none());
    assert_eq!(states(&replica), [(1, RowState::Sent)]);
}

#[test]
fn what_was_kept_under_another_schema_marks_no_row() {
    let mut replica = replica();
    let lost = |table: &str, key: &str| Lost {
        table: table.into(),
        ..open(key)
    };
    let unknown = Op::Delete {
        table: "elsewhere".into(),
        key: vec!["1".into()],
        base: None,
    };
    let foreign = [lost("elsewhere", "1"), lost("notes", "not a number")];
    replica.set_kept([unknown].iter(), foreign.iter());
    assert_eq!(state(&replica, 1), RowState::Acknowledged);
}

#[test]
fn rows_that_change_in_the_wake_of_a_write_stand_where_it_does() {
    let mut child = ints("b", &["a"]);
    child.foreign_keys = vec![foreign("a", "a", Action::SetNull)];
    let mut world = World::new(vec![ints("a", &[]), child]);
    world.snapshot(json!({ "a": [["1"]], "b": [["5", "1"], ["6", null]] }));
    let local = world.good(delete("a", 1));
    let of = |world: &World, id| {
        let key = Key::new(vec![Value::Int(id)]);
        world.replica.row_state(TableId(1), &key)
    };
    assert_eq!(of(&world, 5), RowState::Pending);
    assert_eq!(of(&world, 6), RowState::Acknowledged);
    world.replica.sequence(local, 1);
    world.replica.set_sent(1);
    assert_eq!(of(&world, 5), RowState::Sent);
}
