use super::*;
use crate::ErrorCode;
use crate::expr::Expr;
use crate::map::Map;
use crate::protocol::{Text, Written};
use crate::schema::{Check, Move, Rename, Step, Type, fixture};
use crate::value::{row_hash, text_hash};

fn text(text: &str) -> Text {
    Some(text.to_owned())
}

fn values<const N: usize>(pairs: [(&str, Option<&str>); N]) -> Values {
    let mut values = Values::new();
    for (name, value) in pairs {
        values.insert(name, value.map(str::to_owned));
    }
    values
}

fn bases<const N: usize>(pairs: [(&str, Option<&str>); N]) -> Map<Base> {
    let mut bases = Map::new();
    for (name, value) in pairs {
        bases.insert(name, Base::Text(value.map(str::to_owned)));
    }
    bases
}

/// `things (id, title, extra jsonb, shade)`.
fn old() -> Schema {
    let columns = vec![
        fixture::column("id", Type::Int4),
        fixture::column("title", Type::Text),
        fixture::column("extra", Type::Jsonb),
        fixture::column("shade", Type::Text),
    ];
    fixture::schema("things", columns)
}

/// `rank` between 1 and 5, `cost numeric(10,2)`, `due`: all three were in `extra`; `title` is `name`.
fn new() -> Schema {
    let cost = Type::Numeric {
        precision: Some(10),
        scale: Some(2),
    };
    let columns = vec![
        fixture::column("id", Type::Int4),
        fixture::column("name", Type::Text),
        fixture::column("extra", Type::Jsonb),
        fixture::column("shade", Type::Text),
        fixture::column("rank", Type::Int4),
        fixture::column("cost", cost),
        fixture::column("due", Type::Timestamptz),
    ];
    let mut schema = fixture::schema("things", columns);
    let rank = || Expr::column("rank", Type::Int4);
    let bound = |op: &str, n: &str| {
        Expr::new(
            op,
            Type::Bool,
            vec![rank(), Expr::constant(Type::Int4, Some(n))],
        )
    };
    let both = vec![bound("ge", "1"), bound("le", "5")];
    schema.tables[0].checks.push(Check {
        name: "rank_check".into(),
        expr: Some(Expr::new("and", Type::Bool, both)),
        ..Check::default()
    });
    schema.with_steps(vec![step()])
}

fn step() -> Step {
    let moved = |key: &str| Move {
        table: "things".into(),
        column: "extra".into(),
        key: key.into(),
        to: key.into(),
    };
    Step {
        name: "V2__columns".into(),
        renames: vec![Rename {
            table: "things".into(),
            from: "title".into(),
            to: "name".into(),
        }],
        moves: ["rank", "cost", "due"].map(moved).into(),
        ..Step::default()
    }
}

fn mutation(ops: Vec<Op>) -> Mutation {
    Mutation {
        seq: 1,
        at: 5,
        seen: 0,
        ops,
        predicted: Vec::new(),
        earlier: Vec::new(),
    }
}

fn moved(op: Op) -> Moved {
    Moving::new(&old(), &new()).mutation(&mutation(vec![op]), &|_, _| None)
}

fn inserted(extra: &str) -> Values {
    let given = values([("id", Some("1")), ("extra", Some(extra))]);
    let table = "things".into();
    match moved(Op::Insert {
        table,
        values: given,
    })
    .ops
    .remove(0)
    {
        Op::Insert { values, .. } => values,
        other => panic!("{other:?}"),
    }
}

fn update(set: Values, base: Map<Base>) -> Op {
    Op::Update {
        table: "things".into(),
        key: vec!["1".into()],
        set,
        base,
    }
}

#[test]
fn what_fits_its_new_column_moves_there_and_the_rest_stays() {
    for (extra, rest, columns) in [
        (
            r#"{"rank": 4, "color": "x"}"#,
            r#"{"color": "x"}"#,
            vec![("rank", text("4"))],
        ),
        (r#"{"rank": "4"}"#, "{}", vec![("rank", text("4"))]),
        (r#"{"rank": 4.0}"#, "{}", vec![("rank", text("4"))]),
        (r#"{"rank": null}"#, "{}", vec![("rank", None)]),
        (r#"{"cost": 12.5}"#, "{}", vec![("cost", text("12.50"))]),
        (
            r#"{"due": "2026-03-04"}"#,
            "{}",
            vec![("due", text("2026-03-04 00:00:00+00"))],
        ),
        // A word, a rank that the CHECK refuses, a cent's part, an object, no time.
        (r#"{"rank": "high"}"#, r#"{"rank": "high"}"#, vec![]),
        (r#"{"rank": 9}"#, r#"{"rank": 9}"#, vec![]),
        (r#"{"cost": 12.345}"#, r#"{"cost": 12.345}"#, vec![]),
        (r#"{"cost": {"a": 1}}"#, r#"{"cost": {"a": 1}}"#, vec![]),
        (r#"{"due": "some day"}"#, r#"{"due": "some day"}"#, vec![]),
        (r#"[{"rank": 4}]"#, r#"[{"rank": 4}]"#, vec![]),
    ] {
        let values = inserted(extra);
        assert_eq!(values.get("extra"), Some(&text(rest)), "{extra}");
        for column in ["rank", "cost", "due"] {
            let wanted = columns.iter().find(|(name, _)| *name == column);
            assert_eq!(
                values.get(column),
                wanted.map(|(_, text)| text),
                "{extra}: {column}"
            );
        }
    }
}

#[test]
fn an_update_writes_what_the_application_had_changed_and_no_more() {
    for (mine, was, set, base) in [
        // One member changed, the rest is as it was.
        (
            r#"{"rank": 4, "color": "x"}"#,
            r#"{"rank": 2, "color": "x"}"#,
            values([("rank", Some("4"))]),
            bases([("rank", Some("2"))]),
        ),
        // Another one did.
        (
            r#"{"rank": 4, "color": "y"}"#,
            r#"{"rank": 4, "color": "x"}"#,
            values([("extra", Some(r#"{"color": "y"}"#))]),
            bases([("extra", Some(r#"{"color": "x"}"#))]),
        ),
        // It was put in, taken out, and made what does not fit.
        (
            r#"{"rank": 4}"#,
            "{}",
            values([("rank", Some("4"))]),
            bases([("rank", None)]),
        ),
        (
            "{}",
            r#"{"rank": 4}"#,
            values([("rank", None)]),
            bases([("rank", Some("4"))]),
        ),
        (
            r#"{"rank": "high"}"#,
            r#"{"rank": 4}"#,
            values([("rank", None), ("extra", Some(r#"{"rank": "high"}"#))]),
            bases([("rank", Some("4")), ("extra", Some("{}"))]),
        ),
    ] {
        let op = update(
            values([("extra", Some(mine))]),
            bases([("extra", Some(was))]),
        );
        let moved = moved(op);
        assert_eq!(moved.stopped, None);
        assert_eq!(moved.ops, [update(set, base)], "{was} to {mine}");
    }
    let same = r#"{"rank": 4}"#;
    let op = update(
        values([("extra", Some(same))]),
        bases([("extra", Some(same))]),
    );
    assert_eq!(moved(op).ops, [], "nothing was changed");
}

#[test]
fn a_long_base_is_found_in_the_confirmed_row() {
    let long = format!(r#"{{"rank": 2, "color": "{}"}}"#, "x".repeat(300));
    let rest = long.replace(r#""rank": 2, "#, "");
    let mut base = Map::new();
    let sha256 = text_hash(&long);
    base.insert("extra", Base::Hash { sha256 });
    let mine = r#"{"rank": 4, "color": "y"}"#;
    let op = update(values([("extra", Some(mine))]), base.clone());
    let (old, new) = (old(), new());
    let moving = Moving::new(&old, &new);
    assert_eq!(
        moving.asks_for(&op).map(|(_, key)| key),
        Some(vec!["1".to_owned()])
    );
    let row = |_: &str, _: &KeyText| Some(values([("extra", Some(&long))]));
    let found = moving.mutation(&mutation(vec![op.clone()]), &row).ops;
    let set = values([("rank", Some("4")), ("extra", Some(r#"{"color": "y"}"#))]);
    let mut known = bases([("rank", Some("2"))]);
    let sha256 = text_hash(&rest);
    known.insert("extra", Base::Hash { sha256 });
    assert_eq!(found, [update(set.clone(), known)]);
    // Where the row is another by now, everything is written, and the server finds the conflict.
    let found = moving.mutation(&mutation(vec![op]), &|_, _| None).ops;
    base.insert("rank", Base::Text(None));
    assert_eq!(found, [update(set, base)]);
}

#[test]
fn a_deletion_knows_the_row_in_its_new_form() {
    let (old, new) = (old(), new());
    let row = values([
        ("id", Some("1")),
        ("title", Some("t")),
        ("extra", Some(r#"{"rank": 2}"#)),
        ("shade", None),
    ]);
    let parsed = |schema: &Schema, texts: &[Option<&str>]| -> String {
        let columns = schema.tables[0].columns.iter().zip(texts);
        let values = columns.map(|(column, text)| match text {
            Some(text) => crate::value::parse(&column.kind, text).expect("a value"),
            None => crate::value::Value::Null,
        });
        row_hash(&values.collect::<Vec<_>>())
    };
    let seen = parsed(&old, &[Some("1"), Some("t"), Some(r#"{"rank": 2}"#), None]);
    let delete = |base: &str| Op::Delete {
        table: "things".into(),
        key: vec!["1".into()],
        base: text(base),
    };
    let moving = Moving::new(&old, &new);
    let confirmed = |_: &str, _: &KeyText| Some(row.clone());
    let found = moving
        .mutation(&mutation(vec![delete(&seen)]), &confirmed)
        .ops;
    let after = parsed(
        &new,
        &[
            Some("1"),
            Some("t"),
            Some("{}"),
            None,
            Some("2"),
            None,
            None,
        ],
    );
    assert_eq!(found, [delete(&after)]);
    let found = moving
        .mutation(&mutation(vec![delete("another")]), &confirmed)
        .ops;
    assert_eq!(found, [delete("another")], "somebody else has changed it");
}

#[test]
fn what_a_migration_takes_away_stops_the_whole_mutation() {
    let mut new = new();
    new.tables[0]
        .columns
        .retain(|column| column.name != "shade");
    let old = old();
    let moving = Moving::new(&old, &new);
    let named = update(
        values([("title", Some("t")), ("shade", Some("red"))]),
        bases([("title", None), ("shade", None)]),
    );
    let moved = moving.mutation(&mutation(vec![named]), &|_, _| None);
    let error = moved.stopped.expect("stopped");
    assert_eq!(error.code, ErrorCode::UnknownColumn);
    assert_eq!(error.details.column.as_deref(), Some("shade"));
    assert_eq!(error.details.table.as_deref(), Some("things"));
    assert!(error.details.hint.is_some());
    let kept = values([("name", Some("t")), ("shade", Some("red"))]);
    assert_eq!(
        moved.ops,
        [update(kept, bases([("name", None), ("shade", None)]))]
    );
    // Nothing was in it, so nothing is lost.
    let empty = update(values([("title", Some("t")), ("shade", None)]), Map::new());
    let moved = moving.mutation(&mutation(vec![empty]), &|_, _| None);
    assert_eq!(moved.stopped, None);
    assert_eq!(
        moved.ops,
        [update(values([("name", Some("t"))]), Map::new())]
    );
    // So it is with a table.
    let gone = fixture::schema("others", vec![fixture::column("id", Type::Int4)]);
    let moving = Moving::new(&old, &gone);
    let op = update(values([("title", Some("t"))]), Map::new());
    let error = moving.mutation(&mutation(vec![op]), &|_, _| None).stopped;
    let error = error.expect("stopped");
    assert_eq!(error.code, ErrorCode::UnknownTable);
    assert_eq!(error.details.table.as_deref(), Some("things"));
}

#[test]
fn steps_are_followed_from_whatever_schema_a_store_has() {
    let rename = |table: &str, from: &str, to: &str| Rename {
        table: table.into(),
        from: from.into(),
        to: to.into(),
    };
    let mut tables = Map::new();
    tables.insert("things", "items".to_owned());
    let third = Step {
        name: "V3__items".into(),
        tables,
        renames: vec![
            rename("items", "rank", "weight"),
            rename("items", "name", "label"),
        ],
        moves: vec![],
    };
    let mut last = new();
    last.tables[0].name = "items".into();
    for (from, to) in [("rank", "weight"), ("name", "label")] {
        let id = last.tables[0].column_id(from).expect("a column");
        last.tables[0].columns[usize::from(id.0)].name = to.into();
    }
    let last = last.with_steps(vec![step(), third]);
    let of = |table: &str, given: Values| Op::Insert {
        table: table.into(),
        values: given,
    };
    let first = of(
        "things",
        values([
            ("id", Some("1")),
            ("title", Some("t")),
            ("extra", Some(r#"{"rank": 3}"#)),
        ]),
    );
    let second = of(
        "things",
        // The schema of this one kept `rank` in its column: what is in the JSON was meant so.
        values([
            ("id", Some("1")),
            ("name", Some("t")),
            ("extra", Some(r#"{"rank": 3}"#)),
            ("rank", Some("3")),
        ]),
    );
    let wanted = |extra: &str| {
        let row = [
            ("id", Some("1")),
            ("label", Some("t")),
            ("extra", Some(extra)),
            ("weight", Some("3")),
        ];
        of("items", values(row))
    };
    for (schema, op, extra) in [(old(), first, "{}"), (new(), second, r#"{"rank": 3}"#)] {
        let moving = Moving::new(&schema, &last);
        let moved = moving.mutation(&mutation(vec![op]), &|_, _| None);
        assert_eq!((moved.stopped, moved.ops), (None, vec![wanted(extra)]));
        assert!(schema.is_before(&last) && !last.is_before(&schema));
    }
}

#[test]
fn tables_stay_stand_in_or_go() {
    let (old, new) = (old(), new());
    let moving = Moving::new(&old, &new);
    assert_eq!(
        moving.fate(&new.tables[0]),
        Fate::Goes,
        "a column has another name"
    );
    let mut more = old.clone();
    more.tables[0]
        .columns
        .push(fixture::column("rank", Type::Int4));
    assert_eq!(
        Moving::new(&old, &more).fate(&more.tables[0]),
        Fate::StandsIn
    );
    let mut rules = old.clone();
    rules.tables[0].columns[1].comment = text("a title");
    rules.tables[0].columns[1].nullable = false;
    assert_eq!(
        Moving::new(&old, &rules).fate(&rules.tables[0]),
        Fate::Stays
    );
    let mut other = old.clone();
    other.tables[0].columns[1].kind = Type::Jsonb;
    assert_eq!(Moving::new(&old, &other).fate(&other.tables[0]), Fate::Goes);
}

#[test]
fn what_was_written_before_is_known_where_it_is_now() {
    let written = |given: Values| Written {
        table: "things".into(),
        key: vec!["1".into()],
        values: given,
        hash: text("h"),
    };
    let before = written(values([
        ("title", Some("t")),
        ("extra", Some(r#"{"rank": 3, "a": 1}"#)),
    ]));
    let after = values([
        ("name", Some("t")),
        ("extra", Some(r#"{"a": 1}"#)),
        ("rank", Some("3")),
    ]);
    assert_eq!(bring_forward(&new(), &before), Some(written(after)));
    let now = written(values([("name", Some("t"))]));
    assert_eq!(bring_forward(&new(), &now), None);
}
