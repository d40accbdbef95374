//! Answers of the endpoint: staged, applied, stored and read again.

use crate::fixture::*;
use haversack_core::json::Json as Tree;
use haversack_core::replica::{LineKind, Replica, Staged};
use haversack_core::{Error, ErrorCode};
use serde_json::{Value as Json, json};

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
fn a_mutation_whose_verdict_was_quicker_than_its_number_is_not_pending() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "old")]);
    let local = write(&mut replica, update(1, json!({ "title": "mine" })));
    // Another tab has read it from the queue, and it was judged.
    patch(&mut replica, 1, &[note(1, "them")]);
    assert_eq!(row(&replica, 1)["title"], "mine");
    replica.sequence(local, 1);
    assert_eq!(replica.pending_len(), 0);
    assert_eq!(row(&replica, 1)["title"], "them");
}

#[test]
fn a_mutation_that_no_longer_fits_does_nothing_and_stays_pending() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one"), note(2, "two")]);
    let gone = json!([{ "op": "delete", "table": "notes", "key": 2 }]);
    let writes = [
        update(1, json!({ "title": "mine" })),
        gone,
        insert(json!({ "title": "new" })),
    ];
    for (seq, ops) in (1..).zip(writes) {
        let local = write(&mut replica, ops);
        replica.sequence(local, seq);
    }
    // Meanwhile the first row is gone, the second another one, and the third one's key is taken.
    let mut staged = replica.stage();
    let rows =
        json!({ "line": "rows", "table": "notes", "rows": [note(2, "them"), note(100, "taken")] });
    let removed = json!({ "line": "removed", "table": "notes", "keys": [["1"]] });
    for line in [head(0, false), rows.to_string(), removed.to_string()] {
        staged.line(&line).expect("a good line");
    }
    staged
        .line("{\"line\":\"end\",\"cursor\":\"c\"}")
        .expect("an end");
    replica.apply_patch(staged);
    assert_eq!(
        replica.find_int(NOTES, 1),
        None,
        "nothing is left to change"
    );
    assert_eq!(
        replica.find_int(NOTES, 2),
        None,
        "it is still to be deleted"
    );
    assert_eq!(row(&replica, 100)["title"], "new");
    let seqs: Vec<_> = replica.pending().map(|p| p.seq()).collect();
    assert_eq!(seqs, [Some(1), Some(2), Some(3)], "for the server to judge");
    // A row that returns is changed again, and the verdicts end all of it.
    patch(&mut replica, 0, &[note(1, "back")]);
    assert_eq!(row(&replica, 1)["title"], "mine");
    patch(&mut replica, 3, &[]);
    let titles = [1, 2, 100].map(|id| row(&replica, id)["title"].clone());
    assert_eq!(titles, ["back", "them", "taken"]);
    assert_eq!(replica.pending_len(), 0);
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

/// What JavaScript makes of JSON: every number a double.
fn through_javascript(json: Json) -> Json {
    match json {
        Json::Number(number) => {
            let double = number.as_f64().expect("a number");
            if double.fract() == 0.0 && double.abs() < 1e15 {
                json!(double as i64)
            } else {
                json!(double)
            }
        }
        Json::Array(items) => items.into_iter().map(through_javascript).collect(),
        Json::Object(members) => {
            let through = |(name, json)| (name, through_javascript(json));
            Json::Object(members.into_iter().map(through).collect())
        }
        Json::Null | Json::Bool(_) | Json::String(_) => json,
    }
}

#[test]
fn rows_survive_their_row_store_to_the_hash() {
    let mut first = replica();
    let documents = [
        None,
        Some("null"),
        Some("{\"a\": [1.50, \"\\\"\"]}"),
        Some("{\"a\": \"1.50\", \"b\": 0.0000001}"),
        Some("12345678901234567890"),
        Some("[1, 2.5, -0.125, true, null, {\"1\": {}, \"b\": []}]"),
        Some("100000000000000000000000"),
        Some("1.0"),
    ];
    let mut rows = Vec::new();
    for (id, document) in (1..).zip(documents) {
        let mut row = note(id, "one");
        row[5] = Some("019b76da-a87b-7bab-abab-abababababab".into());
        row[10] = document.map(str::to_owned);
        row[11] =
            Some(["0.1", "0.30000000000000004", "NaN", "1e+300", "5e-324"][id as usize % 5].into());
        rows.push(row);
    }
    patch(&mut first, 0, &rows);
    let mut second = replica();
    let mut staged = second.stage();
    for key in first.confirmed_keys(NOTES) {
        let mut out = String::new();
        assert!(first.confirmed_row_json(NOTES, &key, &mut out));
        let stored: Json = serde_json::from_str(&out).expect("valid JSON");
        assert_eq!(
            stored["data"].is_null(),
            stored["id"] == "1" || stored["id"] == "2"
        );
        let text = through_javascript(stored).to_string();
        staged
            .object(NOTES, &Tree::parse(&text).expect("JSON"), false)
            .expect("a row");
    }
    let partial = Tree::parse("{\"id\": 1}").expect("JSON");
    assert!(staged.object(NOTES, &partial, false).is_err());
    // One from before a migration has nothing yet in the columns that it lacks.
    let stands_in = replica().stage().object(NOTES, &partial, true);
    assert_eq!(stands_in, Ok(()));
    second.apply_patch(staged);
    for id in 1..=documents.len() as i64 {
        assert_eq!(hash(&first, id), hash(&second, id), "{id}");
    }
}
