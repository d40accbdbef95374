//! A replica without a server: what it takes over, confirms and counts.

use super::fixture::*;
use haversack_core::replica::Sequences;
use serde_json::json;

#[test]
fn what_was_confirmed_stays_and_is_no_longer_pending() {
    let mut replica = replica();
    let first = write(&mut replica, insert(json!({ "title": "a" })));
    replica.confirm_visible(first);
    assert_eq!(replica.pending_len(), 0);
    assert_eq!(row(&replica, 100)["title"], "a");
    // A later write that is withdrawn leaves what was confirmed.
    let second = write(&mut replica, update(100, json!({ "title": "b" })));
    assert_eq!(row(&replica, 100)["title"], "b");
    replica.withdraw(second);
    assert_eq!(row(&replica, 100)["title"], "a");
    let third = write(
        &mut replica,
        json!([{ "op": "delete", "table": "notes", "key": 100 }]),
    );
    replica.confirm_visible(third);
    assert_eq!(replica.find_int(NOTES, 100), None);
}

#[test]
fn the_rows_of_another_replica_replace_all_and_are_told() {
    let (mut to, mut from) = (replica(), replica());
    patch(&mut to, 0, &[note(1, "old"), note(2, "old")]);
    patch(&mut from, 0, &[note(2, "new"), note(9, "new")]);
    to.take_dirty(&mut Vec::new());
    to.take_rows(&from);
    assert_eq!(to.len(NOTES), 2);
    assert_eq!(to.find_int(NOTES, 1), None);
    assert_eq!(hash(&to, 2), hash(&from, 2));
    assert_eq!(hash(&to, 9), hash(&from, 9));
    let mut dirty = Vec::new();
    to.take_dirty(&mut dirty);
    assert!(!dirty.is_empty(), "queries are to run again");
}

#[test]
fn keys_follow_the_largest_and_pass_those_that_were_given() {
    let mut replica = replica();
    let mut keys = Sequences::after(&replica);
    assert_eq!(keys.draw(&replica, NOTES), Some(1));
    patch(&mut replica, 0, &[note(2, "a"), note(40, "b")]);
    assert_eq!(keys.draw(&replica, NOTES), Some(3), "2 was given by hand");
    let mut keys = Sequences::after(&replica);
    assert_eq!(keys.draw(&replica, NOTES), Some(41));
    assert_eq!(keys.draw(&replica, NOTES), Some(42));
}
