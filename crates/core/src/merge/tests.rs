use super::*;
use crate::map::Map;
use crate::protocol::{Lost, Mutation, Op, Outcome, Written};
use crate::schema::{Schema, TableId, fixture};

fn schema() -> Schema {
    let columns = vec![
        fixture::column("id", Type::Int4),
        fixture::column("title", Type::Text),
        fixture::column("at", Type::Timestamptz),
    ];
    fixture::schema("things", columns)
}

fn row(title: &str, at: &str) -> Vec<Value> {
    vec![
        Value::Int(1),
        Value::text(title),
        value::parse(&Type::Timestamptz, at).unwrap(),
    ]
}

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned())))
        .collect()
}

fn bases(pairs: &[(&str, &str)]) -> Map<Base> {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), base_of_text(Some((*text).to_owned()))))
        .collect()
}

fn own(schema: &Schema, pairs: &[(&str, &str)]) -> OwnRow {
    let mut writes = OwnWrites::default();
    let written = Written {
        table: "things".into(),
        key: vec!["01".into()],
        values: values(pairs),
        hash: Some("h".into()),
    };
    writes.record(schema, 7, &written).expect("good values");
    writes
        .after(6, TableId(0), &vec!["1".into()])
        .expect("recorded under the canonical key")
}

#[test]
fn columns_conflict_only_when_someone_else_changed_them() {
    let schema = schema();
    let table = &schema.tables[0];
    let mine = &[("title", "mine")];
    let check = |current: &str, base: &str, wrote: Option<&str>, outcome: &str| {
        let wrote = wrote.map(|title| own(&schema, &[("title", title)]));
        let current = row(current, "2026-01-01");
        let verdict = judge_update(&Update {
            table,
            current: &current,
            set: &values(mine),
            base: &bases(&[("title", base)]),
            own: wrote.as_ref(),
            when: When::default(),
        })
        .expect("parses");
        let is = match (verdict.apply.len(), verdict.equal.len(), verdict.lost.len()) {
            (1, 0, 0) => "apply",
            (0, 1, 0) => "equal",
            (0, 0, 1) => "lost",
            other => panic!("{other:?}"),
        };
        assert_eq!(is, outcome);
    };
    check("old", "old", None, "apply");
    check("theirs", "old", None, "lost");
    check("mine", "old", None, "equal");
    check("earlier", "old", Some("earlier"), "apply");
    check("theirs", "old", Some("earlier"), "lost");
    // A long base travels as a hash.
    let long = "x".repeat(1000);
    check(&long, &long, None, "apply");
    check("theirs", &long, None, "lost");
}

#[test]
fn notation_does_not_matter() {
    let schema = schema();
    let update = |set: &Values, base: &Map<Base>| {
        judge_update(&Update {
            table: &schema.tables[0],
            current: &row("t", "2026-01-01T00:00:00Z"),
            set,
            base,
            own: None,
            when: When::default(),
        })
    };
    let base = bases(&[("at", "2025-12-31 19:00:00-05")]);
    let verdict = update(&values(&[("at", "2026-01-02")]), &base).expect("parses");
    assert_eq!(verdict.apply.len(), 1);
    assert!(update(&values(&[("nope", "1")]), &Map::new()).is_err());
}

#[test]
fn inserts_are_idempotent_and_never_overwrite() {
    let schema = schema();
    let table = &schema.tables[0];
    let given = values(&[("id", "1"), ("title", "t")]);
    assert!(
        matches!(judge_insert(table, None, &given), Ok(InsertVerdict::Insert(v)) if v.len() == 2)
    );
    // Columns that were not sent are not compared.
    assert_eq!(
        judge_insert(table, Some(&row("t", "2026-01-01")), &given),
        Ok(InsertVerdict::Equal)
    );
    match judge_insert(table, Some(&row("other", "2026-01-01")), &given) {
        Ok(InsertVerdict::Conflict(lost)) => {
            assert_eq!((lost.len(), lost[0].theirs.as_deref()), (1, Some("other")));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn deletes_take_only_the_row_that_was_seen() {
    let schema = schema();
    let current = row("t", "2026-01-01");
    let hash = value::row_hash(&current);
    let mut ours = own(&schema, &[]);
    assert_eq!(
        judge_delete(None, Some("x"), None),
        DeleteVerdict::AlreadyGone
    );
    assert_eq!(
        judge_delete(Some(&current), Some(&hash), None),
        DeleteVerdict::Delete
    );
    assert_eq!(
        judge_delete(Some(&current), Some("x"), None),
        DeleteVerdict::Conflict
    );
    assert_eq!(
        judge_delete(Some(&current), None, None),
        DeleteVerdict::Conflict
    );
    assert_eq!(
        judge_delete(Some(&current), None, Some(&ours)),
        DeleteVerdict::Conflict
    );
    ours.hash = Some(hash);
    assert_eq!(
        judge_delete(Some(&current), None, Some(&ours)),
        DeleteVerdict::Delete
    );
}

#[test]
fn a_delete_ends_what_was_written() {
    let schema = schema();
    let mut writes = OwnWrites::default();
    let mut written = Written {
        table: "things".into(),
        key: vec!["1".into()],
        values: values(&[("title", "t")]),
        hash: Some("h".into()),
    };
    writes.record(&schema, 1, &written).unwrap();
    (written.values, written.hash) = (Values::new(), None);
    writes.record(&schema, 2, &written).unwrap();
    assert_eq!(writes.after(0, TableId(0), &vec!["1".into()]), None);
}

#[test]
fn what_a_mutation_has_seen_is_no_excuse() {
    let schema = schema();
    let mut writes = OwnWrites::default();
    let mut written = Written {
        table: "things".into(),
        key: vec!["1".into()],
        values: values(&[("title", "old"), ("at", "2026-01-01")]),
        hash: Some("h3".into()),
    };
    writes.record(&schema, 3, &written).unwrap();
    (written.values, written.hash) = (values(&[("title", "new")]), Some("h5".into()));
    writes.record(&schema, 5, &written).unwrap();
    let after = |seen| writes.after(seen, TableId(0), &vec!["1".into()]).unwrap();
    assert_eq!(after(2).values.len(), 2);
    assert_eq!(
        after(3).values.len(),
        1,
        "the write of 3 is part of the base"
    );
    assert_eq!(after(4).hash.as_deref(), Some("h5"));
    assert_eq!(after(5), OwnRow::default());
}

/// Runs updates of `(key, base)` pairs, all setting title and at, against rows titled "now".
fn judge(ops: &[(&str, &str)], exists: bool) -> (bool, Outcome, Vec<Lost>) {
    let schema = schema();
    let table = &schema.tables[0];
    let set = values(&[("title", "mine"), ("at", "2026-02-02")]);
    let op = |(key, base): &(&str, &str)| Op::Update {
        table: "things".into(),
        key: vec![(*key).into()],
        set: set.clone(),
        base: bases(&[("title", base), ("at", "2026-01-01")]),
    };
    let mutation = Mutation {
        seq: 1,
        at: 0,
        seen: 0,
        predicted: Vec::new(),
        earlier: Vec::new(),
        ops: ops.iter().map(op).collect(),
    };
    let mut judge = Judge::new(&schema, &mutation).expect("good keys");
    let current = row("now", "2026-01-01");
    for (i, op) in mutation.ops.iter().enumerate() {
        let Op::Update { key, set, base, .. } = op else {
            unreachable!()
        };
        let row = Row { op: i, table, key };
        if !exists {
            judge.missing(row, set).expect("known columns");
            continue;
        }
        let update = Update {
            table,
            current: &current,
            set,
            base,
            own: None,
            when: When::default(),
        };
        judge.update(row, &update).expect("parses");
    }
    let undone = judge.undone();
    let (outcome, lost) = judge.finish();
    (undone, outcome, lost)
}

#[test]
fn one_row_merges_and_several_stand_or_fall_together() {
    let (undone, outcome, lost) = judge(&[("1", "now")], true);
    assert_eq!((undone, outcome, lost.len()), (false, Outcome::Applied, 0));
    let (undone, outcome, lost) = judge(&[("1", "then")], true);
    assert_eq!((undone, outcome, lost.len()), (false, Outcome::Merged, 1));
    assert_eq!(lost[0].column.as_deref(), Some("title"));
    assert_eq!(
        (lost[0].mine.as_deref(), lost[0].theirs.as_deref()),
        (Some("mine"), Some("now"))
    );
    // The same row under another notation of its key is one row.
    let (_, outcome, _) = judge(&[("1", "then"), ("01", "now")], true);
    assert_eq!(outcome, Outcome::Merged);
    let (undone, outcome, lost) = judge(&[("1", "then"), ("2", "now")], true);
    assert_eq!((undone, outcome), (true, Outcome::Conflict));
    assert_eq!(
        lost.len(),
        4,
        "every value of the mutation is lost, so every one is kept"
    );
    let (undone, outcome, _) = judge(&[("1", "now")], false);
    assert_eq!((undone, outcome), (true, Outcome::Gone));
}

#[test]
fn a_mutation_none_of_which_holds_is_a_conflict() {
    let schema = schema();
    let table = &schema.tables[0];
    let op = Op::Delete {
        table: "things".into(),
        key: vec!["1".into()],
        base: None,
    };
    let mutation = Mutation {
        seq: 1,
        at: 0,
        seen: 0,
        predicted: Vec::new(),
        earlier: Vec::new(),
        ops: vec![op],
    };
    let mut judge = Judge::new(&schema, &mutation).unwrap();
    let row_of = Row {
        op: 0,
        table,
        key: &vec!["1".into()],
    };
    assert!(!judge.delete(row_of, Some(&row("t", "2026-01-01")), None, None));
    let (outcome, lost) = judge.finish();
    assert_eq!(outcome, Outcome::Conflict);
    assert_eq!((lost.len(), &lost[0].column), (1, &None));
}
