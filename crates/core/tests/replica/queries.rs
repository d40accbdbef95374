//! Queries: what is refused, and which way is taken.

use crate::fixture::*;
use haversack_core::ErrorCode;
use haversack_core::query::{Param, QueryShape, Strategy};
use haversack_core::replica::{Key, Replica, ValueRef};
use haversack_core::schema::ColumnId;
use haversack_core::value::Value;
use serde_json::{Value as Json, json};

#[test]
fn shapes_that_the_schema_does_not_allow_are_refused() {
    let mut replica = replica();
    let mut compile = |json: Json| {
        let shape: QueryShape = serde_json::from_value(json).expect("a shape");
        replica.compile(&shape).map_err(|error| error.code)
    };
    use ErrorCode as E;
    let on = |column: &str, op: &str| json!({ "table": "notes", "where": [{ "column": column, "op": op }] });
    assert_eq!(compile(json!({ "table": "nope" })), Err(E::UnknownTable));
    assert_eq!(compile(on("nope", "eq")), Err(E::UnknownColumn));
    assert_eq!(compile(on("data", "lt")), Err(E::InvalidQuery));
    assert!(compile(on("data", "eq")).is_ok());
    let order = json!({ "table": "notes", "order": [{ "column": "data" }] });
    assert_eq!(compile(order), Err(E::InvalidQuery));
    let many = json!({ "table": "notes", "where": [{ "column": "id", "op": "in", "n": 10_001 }] });
    assert_eq!(compile(many), Err(E::InvalidQuery));
    let shape = json!({ "table": "notes", "limit": true });
    let plan = compile(shape.clone());
    assert_eq!(compile(shape), plan, "the same shape is compiled once");
}

#[test]
fn parameters_are_checked() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one")]);
    let mut run = |condition: Json, params: &[Param<'_>]| {
        let shape = json!({ "table": "notes", "where": [condition], "limit": true });
        let shape: QueryShape = serde_json::from_value(shape).expect("a shape");
        let plan = replica.compile(&shape).expect("a good shape");
        replica
            .run(plan, params)
            .map(<[u32]>::len)
            .map_err(|error| error.code)
    };
    use ErrorCode as E;
    let id = json!({ "column": "id", "op": "eq" });
    let title = json!({ "column": "title", "op": "eq" });
    let limit = Param::Number(9.0);
    assert_eq!(run(id.clone(), &[Param::Text("1"), limit]), Ok(1));
    assert_eq!(run(id.clone(), &[Param::Number(1.0)]), Err(E::InvalidQuery));
    assert_eq!(
        run(id.clone(), &[Param::Text("one"), limit]),
        Err(E::TypeMismatch)
    );
    assert_eq!(run(id.clone(), &[Param::Null, limit]), Ok(0));
    assert_eq!(
        run(id.clone(), &[Param::Number(1.0), Param::Number(-1.0)]),
        Err(E::InvalidQuery)
    );
    assert_eq!(
        run(id, &[Param::Number(1.0), Param::Number(0.5)]),
        Err(E::InvalidQuery)
    );
    assert_eq!(
        run(title.clone(), &[Param::Number(1.0), limit]),
        Err(E::TypeMismatch)
    );
    assert_eq!(
        run(title, &[Param::Text("longer than the column"), limit]),
        Ok(0)
    );
    let made = json!({ "column": "made", "op": "gte" });
    assert_eq!(
        run(made.clone(), &[Param::Text("2025-12-31T00:00:00Z"), limit]),
        Ok(1)
    );
    assert_eq!(
        run(made, &[Param::Text("yesterday"), limit]),
        Err(E::TypeMismatch)
    );
    let token = json!({ "column": "token", "op": "is_null" });
    assert_eq!(run(token, &[limit]), Ok(1));
}

#[test]
fn explain_names_the_way_taken() {
    let mut replica = replica();
    let rows: Vec<_> = (1..2000)
        .map(|id| note(id, ["a", "b"][id as usize % 2]))
        .collect();
    patch(&mut replica, 0, &rows);
    let mut explain = |json: Json, params: &[Param<'_>]| {
        let shape: QueryShape = serde_json::from_value(json).expect("a shape");
        let plan = replica.compile(&shape).expect("a good shape");
        assert_eq!(replica.explain(plan).strategy, Strategy::None);
        replica.run(plan, params).expect("good values");
        replica.explain(plan)
    };
    let by_key = explain(
        json!({ "table": "notes", "where": [{ "column": "id", "op": "eq" }] }),
        &[Param::Number(7.0)],
    );
    assert_eq!(
        (by_key.strategy, by_key.returned),
        (Strategy::PrimaryKey, 1)
    );
    let walked = explain(
        json!({ "table": "notes", "limit": true, "order": [{ "column": "made", "descending": true }],
            "where": [{ "column": "title", "op": "eq" }, { "column": "kind", "op": "gt" }] }),
        &[Param::Text("a"), Param::Number(0.0), Param::Number(5.0)],
    );
    assert_eq!((walked.strategy, walked.examined), (Strategy::Ordered, 5));
    assert_eq!(walked.index, ["title", "-made", "id"]);
    let ranged = explain(
        json!({ "table": "notes", "order": [{ "column": "made" }], "where": [{ "column": "id", "op": "lt" }] }),
        &[Param::Number(4.0)],
    );
    assert_eq!(
        (ranged.strategy, ranged.examined, ranged.returned),
        (Strategy::Range, 3, 3)
    );
}

#[test]
fn a_walk_that_finds_little_gives_way_to_the_other_index() {
    let mut replica = replica();
    let rows: Vec<_> = (1..5000).map(|id| note(id, "a")).collect();
    patch(&mut replica, 0, &rows);
    let shape = json!({ "table": "notes", "limit": true, "offset": true,
        "order": [{ "column": "made" }], "where": [{ "column": "id", "op": "gt" }] });
    let shape: QueryShape = serde_json::from_value(shape).expect("a shape");
    let plan = replica.compile(&shape).expect("a good shape");
    let mut run = |above: f64| {
        let params = [Param::Number(above), Param::Number(2.0), Param::Number(1.0)];
        let slots = replica.run(plan, &params).expect("good values").to_vec();
        let ids: Vec<Key> = slots.iter().map(|&slot| replica.key(NOTES, slot)).collect();
        (ids, replica.explain(plan))
    };
    let key = |id: i64| Key::new(vec![Value::Int(id)]);
    // The last few: walking by time would look at nearly all rows.
    let (ids, explained) = run(4990.0);
    assert_eq!(ids, [key(4992), key(4993)]);
    assert_eq!(explained.strategy, Strategy::Range);
    assert!(explained.examined < 1000, "{explained:?}");
    // Most of them: the walk is over at once.
    let (ids, explained) = run(10.0);
    assert_eq!(ids, [key(12), key(13)]);
    assert_eq!(
        (explained.strategy, explained.examined),
        (Strategy::Ordered, 13)
    );
}

#[test]
fn rows_of_rare_values_are_merged_in_the_order_wanted() {
    let mut replica = replica();
    let rows: Vec<_> = (1..5000)
        .map(|id| {
            let mut row = note(id, "a");
            // Ids descend as days ascend, and many rows share a day.
            row[4] = Some(format!("2026-01-{:02} 00:00:00+00", 28 - id / 200));
            row[6] = Some(if id % 50 == 7 { id % 3 + 2 } else { 1 }.to_string());
            row
        })
        .collect();
    patch(&mut replica, 0, &rows);
    let mut run = |shape: Json, params: &[Param<'_>]| {
        let shape: QueryShape = serde_json::from_value(shape).expect("a shape");
        let plan = replica.compile(&shape).expect("a good shape");
        // The first run may come before the second index.
        replica.run(plan, params).expect("good values");
        let slots = replica.run(plan, params).expect("good values").to_vec();
        let ids: Vec<Key> = slots.iter().map(|&slot| replica.key(NOTES, slot)).collect();
        (ids, replica.explain(plan))
    };
    let page = |kind: Json, descending: bool, bound: &str| {
        json!({ "table": "notes", "limit": true, "offset": true,
            "order": [{ "column": "made", "descending": descending }],
            "where": [{ "column": "title", "op": "eq" }, kind, { "column": "made", "op": bound }] })
    };
    let key = |id: i64| Key::new(vec![Value::Int(id)]);
    let title = Param::Text("a");
    let window = [Param::Number(9.0), Param::Number(20.0)];
    // Kinds 2 and 3 from a day in the middle on: ids below 2600, the days descending.
    let rare = |id: &i64| id % 50 == 7 && id % 3 < 2;
    let mut ids: Vec<i64> = (1..2600).filter(rare).collect();
    ids.sort_by_key(|id| (28 - id / 200, *id));
    let expected: Vec<Key> = ids[20..29].iter().copied().map(key).collect();
    let between = json!({ "column": "kind", "op": "between" });
    let kinds = [Param::Number(2.0), Param::Number(3.0)];
    let day = Param::Text("2026-01-16");
    let params = [title, kinds[0], kinds[1], day, window[0], window[1]];
    let (found, explained) = run(page(between, false, "gte"), &params);
    assert_eq!(found, expected);
    assert_eq!(explained.strategy, Strategy::Merged);
    assert!(explained.examined <= 29, "{explained:?}");
    assert_eq!(explained.index, ["title", "kind", "made", "id"]);
    // A list with a value twice, descending, up to that day.
    let mut ids: Vec<i64> = (2400..5000).filter(rare).collect();
    ids.sort_by_key(|id| (-(28 - id / 200), *id));
    let expected: Vec<Key> = ids[20..29].iter().copied().map(key).collect();
    let listed = json!({ "column": "kind", "op": "in", "n": 3 });
    let params = [
        title, kinds[1], kinds[0], kinds[1], day, window[0], window[1],
    ];
    let (found, explained) = run(page(listed, true, "lte"), &params);
    assert_eq!(found, expected);
    assert_eq!(explained.strategy, Strategy::Merged);
    assert_eq!(explained.index, ["title", "kind", "-made", "id"]);
}

#[test]
fn a_query_that_often_looks_at_many_rows_in_vain_gets_a_second_index() {
    let mut replica = replica();
    let rows: Vec<_> = (1..2000)
        .map(|id| {
            let mut row = note(id, "a");
            row[6] = Some(if id % 200 == 9 { "2" } else { "1" }.to_owned());
            row
        })
        .collect();
    patch(&mut replica, 0, &rows);
    let shape = json!({ "table": "notes", "limit": true, "order": [{ "column": "made" }],
        "where": [{ "column": "title", "op": "eq" }, { "column": "kind", "op": "gte" }] });
    let mut run = |shape: &Json, params: &[Param<'_>]| {
        let shape: QueryShape = serde_json::from_value(shape.clone()).expect("a shape");
        let plan = replica.compile(&shape).expect("a good shape");
        let found = replica.run(plan, params).expect("good values").len();
        (found, replica.explain(plan).strategy)
    };
    let (two, a, limit) = (Param::Number(2.0), Param::Text("a"), Param::Number(2.0));
    // Each time 209 rows for two of them.
    let taken: Vec<_> = (0..100).map(|_| run(&shape, &[a, two, limit])).collect();
    assert_eq!(taken[0], (2, Strategy::Ordered));
    assert_eq!(taken[99], (2, Strategy::Range));
    let before = taken.iter().filter(|t| t.1 == Strategy::Ordered).count();
    assert!(before > 50, "only after {before} runs is it worth while");
}

#[test]
fn groups_of_an_index_follow_the_rows() {
    let mut replica = replica();
    let rows: Vec<_> = (1..300)
        .map(|id| {
            let mut row = note(id, "a");
            row[6] = (id % 5 > 0).then(|| (id % 5).to_string());
            row
        })
        .collect();
    patch(&mut replica, 0, &rows);
    let shape = json!({ "table": "notes", "order": [{ "column": "made" }],
        "where": [{ "column": "title", "op": "eq" }, { "column": "kind", "op": "between" }] });
    let shape: QueryShape = serde_json::from_value(shape).expect("a shape");
    let plan = replica.compile(&shape).expect("a good shape");
    let check = |replica: &mut Replica| {
        // Groups are looked for when they are asked for again.
        for (low, high) in [(1, 1), (2, 4), (3, 3), (0, 2), (4, 9)] {
            let kinds = [Param::Number(low.into()), Param::Number(high.into())];
            let params = [Param::Text("a"), kinds[0], kinds[1]];
            let found = replica.run(plan, &params).expect("good values").len();
            let kind = |slot| match replica.value(NOTES, slot, ColumnId(6)) {
                ValueRef::Int(kind) => (i64::from(low)..=i64::from(high)).contains(&kind),
                _ => false,
            };
            let expected = (0..300).filter(|&slot| replica.is_live(NOTES, slot) && kind(slot));
            assert_eq!(found, expected.count(), "kinds {low} to {high}");
        }
    };
    check(&mut replica);
    // As many rows as before, in other groups: from the first to the last, and to none.
    for (id, kind) in [
        (1, json!(4)),
        (6, json!(3)),
        (11, json!(null)),
        (4, json!(1)),
    ] {
        let set = json!({ "op": "update", "table": "notes", "key": [id], "set": { "kind": kind } });
        write(&mut replica, json!([set]));
        check(&mut replica);
    }
}
