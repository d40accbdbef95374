//! What each policy decides, one case at a time.

use crate::fixture::{Away, BEFORE, Server, table};
use haversack_core::merge::{Judge, Row, Update, When};
use haversack_core::protocol::{Lost, Mutation, Op, Outcome, Text, Values, Winner};
use haversack_core::schema::{OnDeleteConflict, Policy};

/// What two replicas write to one column, in this order of arrival, and what becomes of it.
fn two(column: &str, first: (&str, i64), second: (&str, i64)) -> (Text, &'static str, Vec<Lost>) {
    let mut server = Server::new(table(), &BEFORE);
    let (mut a, mut b) = (Away::new(&server), Away::new(&server));
    a.write(first.1, &[(column, first.0)]);
    b.write(second.1, &[(column, second.0)]);
    assert_eq!(
        server.take(0, &a.queue[0]).1,
        [],
        "nothing stood against it"
    );
    let (outcome, lost) = server.take(1, &b.queue[0]);
    (server.text(column), outcome.name(), lost)
}

#[test]
fn each_policy_decides_between_two_as_it_says() {
    let check = |column: &str, first, second, is: &str, outcome: &str, winner: Option<Winner>| {
        let (text, was, lost) = two(column, first, second);
        assert_eq!((text.as_deref(), was), (Some(is), outcome), "{column}");
        let won: Vec<Winner> = lost.iter().map(|l| l.winner).collect();
        assert_eq!(won, Vec::from_iter(winner), "{column}");
    };
    let (theirs, mine) = (Some(Winner::Theirs), Some(Winner::Mine));
    check("server", ("x", 1), ("y", 2), "x", "conflict", theirs);
    check("client", ("x", 2), ("y", 1), "y", "applied", mine);
    check("late", ("x", 1), ("y", 2), "y", "applied", mine);
    check("late", ("x", 2), ("y", 1), "x", "conflict", theirs);
    check("late", ("x", 1), ("y", 1), "x", "conflict", theirs);
    check("hits", ("13", 1), ("9", 2), "12", "applied", None);
    // Both counted one up: that is two.
    check("hits", ("11", 1), ("11", 2), "12", "applied", None);
    check("money", ("2.00", 1), ("1.25", 2), "1.75", "applied", None);
    check("best", ("12", 1), ("11", 2), "12", "conflict", theirs);
    check("best", ("11", 1), ("12", 2), "12", "applied", mine);
    check(
        "least",
        ("2026-05-01", 1),
        ("2026-05-03", 2),
        "2026-05-01",
        "conflict",
        theirs,
    );
    check(
        "doc",
        (r#"{"k":0,"a":1}"#, 1),
        (r#"{"k":0,"b":2}"#, 2),
        r#"{"a": 1, "b": 2, "k": 0}"#,
        "applied",
        None,
    );
    check(
        "doc",
        (r#"{"k":1}"#, 1),
        (r#"{"k":2,"b":2}"#, 2),
        r#"{"b": 2, "k": 1}"#,
        "merged",
        theirs,
    );
    check(
        "tags",
        ("{a,b,x}", 1),
        ("{b,y}", 2),
        "{b,x,y}",
        "applied",
        None,
    );
    check(
        "asked",
        ("x", 1),
        ("y", 2),
        "x",
        "conflict",
        Some(Winner::Nobody),
    );
}

#[test]
fn what_is_asked_comes_with_all_three_values() {
    let (_, _, lost) = two("asked", ("x", 1), ("y", 2));
    let of = |text: &Text| text.clone().unwrap_or_default();
    let lost = &lost[0];
    assert_eq!(
        [of(&lost.base), of(&lost.theirs), of(&lost.mine)],
        ["old", "x", "y"]
    );
}

#[test]
fn a_lower_value_never_counts_under_max_even_alone() {
    let mut server = Server::new(table(), &BEFORE);
    let mut a = Away::new(&server);
    a.write(1, &[("best", "3")]);
    let (outcome, lost) = server.take(0, &a.queue[0]);
    assert_eq!((outcome, lost.len()), (Outcome::Conflict, 1));
    assert_eq!(server.text("best").as_deref(), Some("10"));
}

#[test]
fn to_unset_a_counter_is_no_sum_and_too_much_is_refused() {
    let mut server = Server::new(table(), &BEFORE);
    let (mut a, mut b) = (Away::new(&server), Away::new(&server));
    a.write(1, &[("hits", "2147483647")]);
    b.write(1, &[("hits", "11")]);
    server.take(0, &a.queue[0]);
    let Op::Update { set, base, .. } = &b.queue[0].ops[0] else {
        panic!("an update");
    };
    let update = Update {
        table: &server.schema.tables[0],
        current: &server.row,
        set,
        base,
        own: None,
        when: When::default(),
    };
    let refused = haversack_core::merge::judge_update(&update).expect_err("past int4");
    assert_eq!(refused.details.sqlstate.as_deref(), Some("22003"));
    assert_eq!(refused.details.column.as_deref(), Some("hits"));
    let unset: Values = [("hits".to_owned(), None)].into_iter().collect();
    let verdict = haversack_core::merge::judge_update(&Update {
        set: &unset,
        ..update
    });
    assert_eq!(
        verdict.expect("good values").lost.len(),
        1,
        "someone else counted"
    );
}

#[test]
fn columns_that_belong_together_conflict_as_one() {
    for (policy, ends, outcome) in [
        (Policy::ServerWins, (Some("5"), Some("1")), "conflict"),
        (Policy::Manual, (Some("5"), Some("1")), "conflict"),
        // Whoever wins has the others go back to what it chose beside them.
        (Policy::ClientWins, (None, Some("3")), "applied"),
        (Policy::Lww, (None, Some("3")), "applied"),
    ] {
        let mut table = table();
        for column in &mut table.columns {
            if column.name == "starts" || column.name == "ends" {
                column.policy = policy;
            }
        }
        let mut server = Server::new(table, &BEFORE);
        let (mut a, mut b) = (Away::new(&server), Away::new(&server));
        a.write(1, &[("ends", "5")]);
        b.write(2, &[("starts", "3")]);
        server.take(0, &a.queue[0]);
        let (was, lost) = server.take(1, &b.queue[0]);
        let (is_ends, is_starts) = (server.text("ends"), server.text("starts"));
        assert_eq!(
            (is_ends.as_deref(), is_starts.as_deref()),
            ends,
            "{policy:?}"
        );
        assert_eq!((was.name(), lost.len()), (outcome, 1), "{policy:?}");
    }
}

#[test]
fn the_policies_that_decide_for_both_let_the_rest_of_a_transaction_be() {
    let mut server = Server::new(table(), &BEFORE);
    let (mut a, mut b) = (Away::new(&server), Away::new(&server));
    a.write(2, &[("server", "x"), ("late", "x"), ("best", "20")]);
    server.take(0, &a.queue[0]);
    let judge = |set: &[(&str, &str)], server: &Server, b: &mut Away, mergeable: bool| {
        b.write(1, set);
        let mut mutation = b.queue.pop().expect("written");
        let other = Op::Delete {
            table: "things".into(),
            key: vec!["2".into()],
            base: None,
        };
        mutation.ops.push(other);
        let mut schema = server.schema.clone();
        schema.tables[0].mergeable = mergeable;
        let table = &schema.tables[0];
        let mut judge = Judge::new(&schema, &mutation).expect("good keys");
        let Op::Update { key, set, base, .. } = &mutation.ops[0] else {
            panic!("an update");
        };
        let written = [(table.column_id("late").expect("there"), 2)];
        let update = Update {
            table,
            current: &server.row,
            set,
            base,
            own: None,
            when: When {
                made: 1,
                written: &written,
            },
        };
        judge
            .update(Row { op: 0, table, key }, &update)
            .expect("good");
        judge.delete(
            Row {
                op: 1,
                table,
                key: &vec!["2".into()],
            },
            None,
            None,
            None,
        );
        judge.undone()
    };
    let set = [("late", "y"), ("best", "15"), ("hits", "1")];
    assert!(
        !judge(&set, &server, &mut b, false),
        "declared what becomes of both"
    );
    let set = [("server", "y"), ("hits", "1")];
    assert!(
        judge(&set, &server, &mut b, false),
        "several rows stand or fall together"
    );
    assert!(
        !judge(&set, &server, &mut b, true),
        "unless declared otherwise"
    );
}

#[test]
fn a_deletion_meets_an_edit_by_the_declared_rule() {
    let check = |rule: OnDeleteConflict, deletes: bool, winner: Winner| {
        let mut table = table();
        table.on_delete_conflict = rule;
        let server = Server::new(table, &BEFORE);
        let mutation = Mutation {
            seq: 1,
            at: 0,
            seen: 0,
            predicted: Vec::new(),
            earlier: Vec::new(),
            ops: vec![Op::Delete {
                table: "things".into(),
                key: vec!["1".into()],
                base: Some("another row's".into()),
            }],
        };
        let mut judge = Judge::new(&server.schema, &mutation).expect("a good key");
        let row = Row {
            op: 0,
            table: server.table(),
            key: &vec!["1".into()],
        };
        let current = Some(&server.row[..]);
        assert_eq!(
            judge.delete(row, current, Some("another row's"), None),
            deletes
        );
        let (_, lost) = judge.finish();
        assert_eq!((lost.len(), lost[0].winner), (1, winner));
        let kept = lost[0].theirs.as_deref().unwrap_or_default();
        assert_eq!(
            kept.contains(r#""hits":"10""#),
            deletes,
            "the edited row is kept: {kept}"
        );
    };
    check(OnDeleteConflict::KeepEdit, false, Winner::Theirs);
    check(OnDeleteConflict::Delete, true, Winner::Mine);
}
