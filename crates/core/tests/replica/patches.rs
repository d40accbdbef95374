//! Answers of the endpoint: staged, applied, stored and read again.

use crate::fixture::*;
use haversack_core::replica::{LineKind, Replica, Staged};
use haversack_core::{Error, ErrorCode};
use serde_json::json;

#[test]
fn judged_mutations_leave_with_the_patch_and_never_come_back() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "old")]);
    let local = write(&mut replica, update(1, json!({ "title": "mine" })));
    replica.sequence(local, 1);
    let mutation = replica.mutation(local).expect("pending").clone();
    assert_eq!(mutation.seen, 0);
    patch(&mut replica, 1, &[note(1, "them")]);
    assert_eq!(
        (row(&replica, 1)["title"].clone(), replica.pending_len()),
        (json!("them"), 0)
    );
    assert_eq!(replica.judged(), 1);
    assert_eq!(replica.adopt(mutation).expect("good"), None);
    assert_eq!(row(&replica, 1)["title"], "them");
    let next = prepare(&replica, update(1, json!({ "title": "next" }))).expect("good");
    assert_eq!(next.seen, 1);
}

#[test]
fn only_what_changes_is_dirty() {
    let mut replica = replica();
    let dirty = |replica: &mut Replica| {
        let mut out = Vec::new();
        replica.take_dirty(&mut out);
        out.len()
    };
    patch(&mut replica, 0, &[note(1, "a"), note(2, "b")]);
    assert_eq!(dirty(&mut replica), 2);
    let local = write(&mut replica, update(1, json!({ "title": "mine" })));
    assert_eq!(dirty(&mut replica), 1);
    replica.sequence(local, 1);
    // The server confirms what is already shown, and sends the other row unchanged.
    patch(&mut replica, 1, &[note(1, "mine"), note(2, "b")]);
    assert_eq!(dirty(&mut replica), 0);
    let mut changed = Vec::new();
    replica.take_changed_tables(&mut changed);
    assert_eq!(changed, [NOTES]);
    write(&mut replica, update(1, json!({ "title": "mine" })));
    assert_eq!(dirty(&mut replica), 0);
}

#[test]
fn an_answer_counts_only_when_it_is_whole_and_good() {
    let replica = replica();
    let fails = |lines: &[&str]| {
        let mut staged = replica.stage();
        let last = lines
            .iter()
            .map(|line| staged.line(line))
            .last()
            .expect("a line");
        assert_eq!(staged.cursor(), None);
        last.expect_err("refused").code
    };
    let head = head(0, true);
    use ErrorCode as E;
    assert_eq!(fails(&["{"]), E::MalformedRequest);
    assert_eq!(
        fails(&["{\"line\":\"rows\",\"table\":\"pairs\",\"rows\":[]}"]),
        E::MalformedRequest
    );
    assert_eq!(fails(&[&head, &head]), E::MalformedRequest);
    let pairs = |rows: &str| {
        fails(&[
            &head,
            &format!("{{\"line\":\"rows\",\"table\":\"pairs\",\"rows\":{rows}}}"),
        ])
    };
    assert_eq!(pairs("[[\"u\",\"1\"]]"), E::MalformedRequest);
    assert_eq!(pairs("[[\"u\",\"1\",null,null]]"), E::MalformedRequest);
    assert_eq!(pairs("[[\"u\",null,null]]"), E::MalformedRequest);
    assert_eq!(pairs("[[\"u\",1,null]]"), E::MalformedRequest);
    assert_eq!(pairs("[[\"u\",\"one\",null]]"), E::TypeMismatch);
    assert_eq!(pairs("[[\"u\",\"1\",\"half"), E::MalformedRequest);
    assert_eq!(
        fails(&[&head, "{\"line\":\"rows\",\"table\":\"nope\",\"rows\":[]}"]),
        E::UnknownTable
    );
    assert_eq!(
        fails(&[
            &head,
            "{\"line\":\"removed\",\"table\":\"pairs\",\"keys\":[[\"1\"]]}"
        ]),
        E::TypeMismatch
    );
    let problem = haversack_core::protocol::Problem::new(&Error::new(E::Overloaded, "busy"), "r");
    let line =
        serde_json::to_string(&haversack_core::protocol::Line::Error(problem)).expect("JSON");
    assert_eq!(fails(&[&head, &line]), E::Overloaded);

    let mut staged: Staged = replica.stage();
    assert_eq!(staged.line(&head), Ok(LineKind::Head));
    let rows = "{\"line\":\"rows\",\"table\":\"pairs\",\"rows\":[[\"u\",\"1\",\"a\\u00e4\\n\\\"b\"],[\"w\",\"1\",null]]}\n";
    assert_eq!(staged.line(rows), Ok(LineKind::Rows(2)));
    assert_eq!((staged.rows(), staged.touched().len()), (2, 2));
    assert_eq!(
        staged.line("{\"line\":\"end\",\"cursor\":\"c\"}"),
        Ok(LineKind::End)
    );
    assert!(staged.line(rows).is_err(), "nothing follows the end");
}

#[test]
fn rows_survive_their_row_store() {
    let mut first = replica();
    let mut full = note(1, "one");
    full[5] = Some("019b76da-a87b-7bab-abab-abababababab".into());
    full[10] = Some("{\"a\": [1.50, \"\\\"\"]}".into());
    patch(&mut first, 0, &[full, note(2, "two")]);
    let mut second = replica();
    let mut staged = second.stage();
    for key in first.confirmed_keys(NOTES) {
        let mut out = String::new();
        assert!(first.confirmed_row_json(NOTES, &key, &mut out));
        staged
            .object(NOTES, &serde_json::from_str(&out).expect("JSON"))
            .expect("a row");
    }
    assert!(staged.object(NOTES, &json!({ "id": 1 })).is_err());
    second.apply_patch(staged);
    for id in [1, 2] {
        // The text of a number in JSON is JavaScript's own business.
        let (mut a, mut b) = (row(&first, id), row(&second, id));
        assert_eq!(a["data"].take().to_string(), b["data"].take().to_string());
        assert_eq!(a, b);
    }
}
