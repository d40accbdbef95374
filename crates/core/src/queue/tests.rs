use super::*;
use crate::map::Map;
use crate::protocol::Base;
use crate::schema::{Policy, Type, fixture};

fn schema() -> Schema {
    let columns = ["id", "a", "b"].map(|name| fixture::column(name, Type::Text));
    fixture::schema("t", columns.into())
}

fn mutation(seq: u64, ops: Vec<Op>) -> Mutation {
    Mutation {
        seq,
        at: seq as i64 * 10,
        seen: seq,
        predicted: Vec::new(),
        earlier: Vec::new(),
        ops,
    }
}

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned())))
        .collect()
}

fn insert(pairs: &[(&str, &str)]) -> Op {
    Op::Insert {
        table: "t".into(),
        values: values(pairs),
    }
}

fn update(key: &str, set: &[(&str, &str)], base: &[(&str, &str)]) -> Op {
    let base = base
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Base::Text(Some((*text).into()))));
    Op::Update {
        table: "t".into(),
        key: vec![key.into()],
        set: values(set),
        base: base.collect::<Map<_>>(),
    }
}

fn delete(key: &str) -> Op {
    Op::Delete {
        table: "t".into(),
        key: vec![key.into()],
        base: Some("h".into()),
    }
}

#[test]
fn one_row_s_mutations_become_one() {
    let check = |first: Op, second: Op, expected: Option<(Op, i64)>| {
        let (last, next) = (mutation(1, vec![first]), mutation(2, vec![second]));
        let expected = expected.map(|(op, at)| Mutation {
            seq: 1,
            at,
            seen: 1,
            predicted: Vec::new(),
            earlier: Vec::new(),
            ops: vec![op],
        });
        assert_eq!(coalesce(&schema(), &last, &next), expected);
    };
    check(
        update("1", &[("a", "x")], &[("a", "old")]),
        update(
            "1",
            &[("a", "y"), ("b", "z")],
            &[("a", "x"), ("b", "old b")],
        ),
        Some((
            update(
                "1",
                &[("a", "y"), ("b", "z")],
                &[("a", "old"), ("b", "old b")],
            ),
            20,
        )),
    );
    check(
        insert(&[("id", "1"), ("a", "x")]),
        update("1", &[("a", "y"), ("b", "z")], &[]),
        // Defaults of the insert are shown as of its own time.
        Some((insert(&[("id", "1"), ("a", "y"), ("b", "z")]), 10)),
    );
    check(
        update("1", &[("a", "x")], &[]),
        delete("1"),
        Some((delete("1"), 20)),
    );
    check(
        update("1", &[("a", "x")], &[]),
        update("2", &[("a", "y")], &[]),
        None,
    );
    check(update("1", &[("a", "x")], &[]), delete("2"), None);
    check(
        insert(&[("id", "1")]),
        update("2", &[("a", "y")], &[]),
        None,
    );
    check(insert(&[("id", "1")]), delete("1"), None);
    check(delete("1"), insert(&[("id", "1")]), None);
}

#[test]
fn what_counts_each_time_stays_apart() {
    for (policy, one) in [
        (Policy::Counter, false),
        (Policy::Max, false),
        (Policy::Min, false),
        (Policy::Lww, true),
        (Policy::Merge, true),
    ] {
        let mut schema = schema();
        schema.tables[0].columns[1].policy = policy;
        let last = mutation(1, vec![update("1", &[("a", "1")], &[("a", "0")])]);
        let next = mutation(2, vec![update("1", &[("a", "2")], &[("a", "1")])]);
        let coalesced = coalesce(&schema, &last, &next);
        assert_eq!(coalesced.is_some(), one, "{}", policy.word());
        let other = mutation(2, vec![update("1", &[("b", "2")], &[])]);
        assert!(coalesce(&schema, &last, &other).is_some());
    }
}

#[test]
fn transactions_of_several_rows_stay_apart() {
    let two = mutation(
        1,
        vec![
            update("1", &[("a", "x")], &[]),
            update("2", &[("a", "x")], &[]),
        ],
    );
    let one = mutation(2, vec![update("1", &[("a", "y")], &[])]);
    assert_eq!(coalesce(&schema(), &two, &one), None);
    assert_eq!(coalesce(&schema(), &one, &two), None);
    assert_eq!(coalesce(&schema(), &mutation(1, vec![]), &one), None);
}

#[test]
fn size_is_that_of_the_json() {
    let mutation = mutation(1, vec![insert(&[("id", "1"), ("a", "\"quoted\" ä\n")])]);
    let json = serde_json::to_string(&mutation).expect("JSON");
    let (exact, size) = (json.len() as u64, size(&mutation.ops));
    assert!(
        (exact..exact + NUMBERS_BYTES).contains(&size),
        "{exact} {size}"
    );
}
