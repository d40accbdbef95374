//! Times the engine natively: `cargo run --profile bench -p haversack-core --example micro`.
//!
//! With the argument `rules` only the writes to a table of many rules.
//!
//! Prints microseconds per operation, the median of several rounds. Not a test: machines differ.

use haversack_core::expr::Expr;
use haversack_core::query::{Param, QueryShape};
use haversack_core::replica::{DraftOp, Replica, Staged, WriteContext};
use haversack_core::schema::{
    Check, Column, ColumnDefault, ForeignKey, Generated, Identity, IndexPart, Limits, Schema,
    Table, TableId, Type, Unique,
};
use serde_json::json;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const ROWS: usize = 10_000;
const STATUSES: [&str; 3] = ["active", "done", "waiting"];
/// What an insert that many rules judge may take, in microseconds.
const RULED_INSERT_US_MAX: f64 = 4.0;
const T: TableId = TableId(0);

fn column(name: &str, kind: Type) -> Column {
    Column {
        name: name.into(),
        kind,
        nullable: name != "id",
        writable: true,
        ..Column::default()
    }
}

fn schema() -> Arc<Schema> {
    let mut columns = vec![
        column("id", Type::Int8),
        column("owner", Type::Int8),
        column("title", Type::Text),
        column("body", Type::Text),
        column("status", Type::Text),
        column("priority", Type::Int4),
        column("due", Type::Timestamptz),
        column("created", Type::Timestamptz),
        column("updated", Type::Timestamptz),
        column("done", Type::Bool),
        column("meta", Type::Jsonb),
        column("place", Type::Text),
        column("rare", Type::Int4),
    ];
    columns[0].default = Some(ColumnDefault::Sequence { always: false });
    let table = Table {
        name: "t".into(),
        columns,
        primary_key: vec!["id".into()],
        primary_key_name: "pkey".into(),
        insertable: true,
        updatable: true,
        deletable: true,
        ..Table::default()
    };
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    };
    Arc::new(
        Schema::new(15, identity, Limits::default(), vec![table], vec![]).expect("a good schema"),
    )
}

/// Rows of about 560 bytes, as lines of 250.
fn lines() -> Vec<String> {
    let mut seed = 42u64;
    let mut random = move |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut rows = Vec::with_capacity(ROWS);
    for id in 0..ROWS {
        let day = |n: u64| {
            format!(
                "2026-{:02}-{:02} {:02}:{:02}:00+00",
                n % 12 + 1,
                n % 28 + 1,
                n % 24,
                n % 60
            )
        };
        rows.push(json!([
            id.to_string(),
            (random(4) + 1).to_string(),
            format!("Title of the event number {id}"),
            "lorem ipsum dolor sit amet ".repeat(8),
            STATUSES[random(3) as usize],
            (random(5) + 1).to_string(),
            day(random(100_000)),
            day(random(100_000)),
            day(random(100_000)),
            if random(2) == 0 { "true" } else { "false" },
            "{\"tags\": [\"a\", \"b\"], \"color\": \"red\"}",
            null_or(random(3), "Somewhere in the world"),
            // One row in ten is of one of ten values; the others share one.
            match random(100) {
                n if n < 10 => 990 + n,
                _ => 1,
            }
            .to_string(),
        ]));
    }
    let line = |rows: &[serde_json::Value]| {
        format!(
            "{{\"line\":\"rows\",\"table\":\"t\",\"rows\":{}}}",
            json!(rows)
        )
    };
    rows.chunks(250).map(line).collect()
}

fn null_or(n: u64, text: &str) -> Option<&str> {
    (n > 0).then_some(text)
}

const HEAD: &str =
    r#"{"line":"head","protocol":1,"epoch":"e","fingerprint":"f","user":"1","snapshot":true}"#;

fn stage(replica: &Replica, lines: &[String]) -> Staged {
    let mut staged = replica.stage();
    staged.line(HEAD).expect("a head");
    for line in lines {
        staged.line(line).expect("rows");
    }
    staged
}

/// Prints and returns the median time of one of `times` operations.
fn time(what: &str, times: u32, mut operation: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            (0..times).for_each(|_| operation());
            start.elapsed().as_secs_f64() * 1e6 / f64::from(times)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let median = rounds[rounds.len() / 2];
    println!("{what:<44} {median:>10.3} µs");
    median
}

fn main() {
    if std::env::args().any(|argument| argument == "rules") {
        return ruled_writes();
    }
    let lines = lines();
    println!(
        "{ROWS} rows, {} bytes each",
        lines.iter().map(String::len).sum::<usize>() / ROWS
    );
    let mut replica = Replica::new(schema());
    replica.set_identity(Some("1".into()));

    time("parse a line of 250 rows", 10, || {
        black_box(stage(&replica, &lines[..1]));
    });
    let staged: Vec<Staged> = (0..15).map(|_| stage(&replica, &lines)).collect();
    let mut staged = staged.into_iter();
    time("apply a first patch of 10,000 rows", 1, || {
        let mut empty = Replica::new(schema());
        empty.apply_patch(staged.next().expect("one per round"));
        black_box(&empty);
    });
    replica.apply_patch(stage(&replica, &lines));
    queries(&mut replica);
    time("apply the same 10,000 rows again, and parse", 1, || {
        let staged = stage(&replica, &lines);
        replica.apply_patch(staged);
    });
    writes(&mut replica);
    ruled_writes();
}

fn queries(replica: &mut Replica) {
    let shape =
        |json: serde_json::Value| -> QueryShape { serde_json::from_value(json).expect("a shape") };
    let start = Instant::now();
    let compound = replica
        .compile(&shape(
            json!({ "table": "t", "limit": true, "order": [{ "column": "due" }], "where": [
            { "column": "owner", "op": "eq" }, { "column": "priority", "op": "between" }] }),
        ))
        .expect("a plan");
    let params = [
        Param::Number(2.0),
        Param::Number(4.0),
        Param::Number(5.0),
        Param::Number(50.0),
    ];
    replica.run(compound, &params).expect("an answer");
    println!(
        "{:<44} {:>10.3} µs",
        "compound query, first",
        start.elapsed().as_secs_f64() * 1e6
    );
    time("compound query, limit 50", 10_000, || {
        black_box(replica.run(compound, &params).expect("an answer"));
    });
    println!(
        "  {}",
        serde_json::to_string(&replica.explain(compound)).expect("JSON")
    );
    time("compound count", 1_000, || {
        black_box(replica.count(compound, &params).expect("an answer"));
    });

    compound_queries(replica);
    let page = replica
        .compile(&shape(json!({ "table": "t", "limit": true, "offset": true,
            "order": [{ "column": "due", "descending": true }] })))
        .expect("a plan");
    let params = [Param::Number(50.0), Param::Number(1800.0)];
    replica.run(page, &params).expect("an answer");
    time("page 37 of 50", 10_000, || {
        black_box(replica.run(page, &params).expect("an answer"));
    });

    let status = replica
        .compile(&shape(
            json!({ "table": "t", "where": [{ "column": "status", "op": "eq" }] }),
        ))
        .expect("a plan");
    time("count by status", 1_000, || {
        black_box(
            replica
                .count(status, &[Param::Text("active")])
                .expect("an answer"),
        );
    });
    let week = replica
        .compile(&shape(
            json!({ "table": "t", "order": [{ "column": "title" }],
            "where": [{ "column": "due", "op": "between" }] }),
        ))
        .expect("a plan");
    let params = [Param::Text("2026-03-01"), Param::Text("2026-03-08")];
    time("range of a week, sorted by title", 100, || {
        black_box(replica.run(week, &params).expect("an answer"));
    });
    println!(
        "  {}",
        serde_json::to_string(&replica.explain(week)).expect("JSON")
    );
    time("get", 100_000, || {
        black_box(replica.find_int(T, black_box(4711)));
    });
    let mut out = String::new();
    time("row as JSON", 10_000, || {
        out.clear();
        replica.row_json(T, black_box(4711), &mut out);
    });
}

/// The compound query with a date of its own at each call, by how many rows its values leave.
fn compound_queries(replica: &mut Replica) {
    let mut plan = |condition: serde_json::Value, descending: bool| {
        let shape = json!({ "table": "t", "limit": true,
            "order": [{ "column": "due", "descending": descending }],
            "where": [condition, { "column": "owner", "op": "eq" }, { "column": "due", "op": "gte" }] });
        let shape: QueryShape = serde_json::from_value(shape).expect("a shape");
        replica.compile(&shape).expect("a plan")
    };
    let between = || json!({ "column": "rare", "op": "between" });
    let plans = [
        ("most values", plan(between(), false), [1.0, 900.0]),
        ("a rare value", plan(between(), false), [997.0, 997.0]),
        ("five rare values", plan(between(), false), [995.0, 999.0]),
        (
            "rare values, descending",
            plan(between(), true),
            [995.0, 999.0],
        ),
        (
            "a list of two rare values",
            plan(json!({ "column": "rare", "op": "in", "n": 2 }), false),
            [996.0, 998.0],
        ),
    ];
    let dates: Vec<String> = (0..1000)
        .map(|n| {
            format!(
                "2026-{:02}-{:02}T00:00:00.{n:03}000Z",
                n % 6 + 1,
                n % 28 + 1
            )
        })
        .collect();
    let mut n = 0;
    for (what, plan, [low, high]) in plans {
        let mut params = [low, high, 2.0, 0.0, 50.0].map(Param::Number);
        time(&format!("compound query, {what}"), 10_000, || {
            n += 1;
            params[3] = Param::Text(&dates[n % dates.len()]);
            black_box(replica.run(plan, &params).expect("an answer"));
        });
        println!(
            "  {}",
            serde_json::to_string(&replica.explain(plan)).expect("JSON")
        );
        time(&format!("its count, {what}"), 1_000, || {
            black_box(replica.count(plan, &params).expect("an answer"));
        });
    }
}

/// A table of 25 columns with 8 checks, 3 foreign keys, 2 uniques and a generated column, and the
/// tables that it refers to.
fn ruled_schema() -> Arc<Schema> {
    let of = |name: &str, kind: Type| Expr::column(name, kind);
    let text = |text: &str| Expr::constant(Type::Text, Some(text));
    let int = |text: &str| Expr::constant(Type::Int4, Some(text));
    let compare = |op: &str, a: Expr, b: Expr| Expr::new(op, Type::Bool, vec![a, b]);
    let any_of = |name: &str, values: &[&str]| {
        let equal = |value: &&str| compare("eq", of(name, Type::Text), text(value));
        Expr::new("or", Type::Bool, values.iter().map(equal).collect())
    };
    let mut columns = vec![column("id", Type::Uuid), column("owner", Type::Int8)];
    columns[0].default = Some(ColumnDefault::Uuid);
    columns[1].identity = true;
    for name in [
        "name", "email", "status", "kind", "stage", "phone", "city", "note",
    ] {
        columns.push(column(name, Type::Text));
    }
    for name in ["team", "company", "parent", "score", "size", "visits"] {
        columns.push(column(name, Type::Int4));
    }
    for name in ["created", "updated", "seen", "due"] {
        columns.push(column(name, Type::Timestamptz));
        let last = columns.last_mut().expect("one");
        last.default = Some(ColumnDefault::Now);
    }
    for name in ["active", "starred", "archived"] {
        columns.push(column(name, Type::Bool));
        columns.last_mut().expect("one").default = Some(ColumnDefault::Constant {
            text: "false".into(),
        });
    }
    columns.push(column("meta", Type::Jsonb));
    let mut large = column("large", Type::Bool);
    large.writable = false;
    large.generated = Some(Generated {
        expr: Some(compare("gt", of("size", Type::Int4), int("100"))),
        ..Generated::default()
    });
    columns.push(large);
    assert_eq!(columns.len(), 25);
    let check = |name: &str, expr: Expr| Check {
        name: name.into(),
        expr: Some(expr),
        ..Check::default()
    };
    let at_least = |name: &str| compare("ge", of(name, Type::Int4), int("0"));
    let checks = vec![
        check(
            "c1",
            any_of("status", &["lead", "active", "former", "lost"]),
        ),
        check("c2", any_of("kind", &["person", "company"])),
        check("c3", any_of("stage", &["new", "warm", "hot"])),
        check("c4", compare("ne", of("name", Type::Text), text(""))),
        check("c5", at_least("score")),
        check("c6", at_least("size")),
        check("c7", at_least("visits")),
        check(
            "c8",
            compare(
                "le",
                of("created", Type::Timestamptz),
                of("due", Type::Timestamptz),
            ),
        ),
    ];
    let unique = |name: &str, columns: &[&str]| Unique {
        name: name.into(),
        columns: columns
            .iter()
            .map(|column| IndexPart {
                expression: (*column).into(),
                column: true,
                ..IndexPart::default()
            })
            .collect(),
        ..Unique::default()
    };
    let foreign = |column: &str, references: &str| ForeignKey {
        name: format!("{column}_fkey"),
        columns: vec![column.into()],
        references: references.into(),
        referenced_columns: vec!["id".into()],
        ..ForeignKey::default()
    };
    let table = |name: &str, columns| Table {
        name: name.into(),
        columns,
        primary_key: vec!["id".into()],
        primary_key_name: "pkey".into(),
        insertable: true,
        updatable: true,
        deletable: true,
        ..Table::default()
    };
    let contacts = Table {
        checks,
        uniques: vec![unique("u1", &["owner", "email"]), unique("u2", &["phone"])],
        foreign_keys: vec![
            foreign("team", "teams"),
            foreign("company", "companies"),
            foreign("parent", "companies"),
        ],
        ..table("contacts", columns)
    };
    let numbered = |name| {
        table(
            name,
            vec![column("id", Type::Int4), column("name", Type::Text)],
        )
    };
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    };
    let tables = vec![contacts, numbered("teams"), numbered("companies")];
    Arc::new(Schema::new(15, identity, Limits::default(), tables, vec![]).expect("a good schema"))
}

/// Leaves a heap whose pages were all in use before, as in a tab that has run for a while: the first
/// touch of a page is the kernel's time, not the engine's. What it returns keeps the pages.
fn used_heap() -> Vec<Box<[u8]>> {
    const BLOCKS: usize = 20_000;
    let block = |bytes| vec![1u8; bytes].into_boxed_slice();
    let blocks: Vec<_> = (0..BLOCKS).map(|_| (block(3_000), block(16))).collect();
    black_box(&blocks);
    blocks.into_iter().map(|(_, pin)| pin).collect()
}

fn ruled_writes() {
    let mut replica = Replica::new(ruled_schema());
    replica.set_identity(Some("1".into()));
    let ids: Vec<[String; 2]> = (0..1_000).map(|id| [id.to_string(), "n".into()]).collect();
    let mut lines = Vec::new();
    for table in ["teams", "companies"] {
        lines.push(json!({ "line": "rows", "table": table, "rows": ids }).to_string());
    }
    replica.apply_patch(stage(&replica, &lines));
    let draft = |n: u32| {
        json!({ "op": "insert", "table": "contacts", "values": {
            "name": "Ada Lovelace", "email": format!("ada{n}@example.org"), "status": "lead",
            "kind": "person", "stage": "warm", "phone": format!("+44 {n}"), "team": n % 1_000,
            "company": n % 997, "parent": n % 991, "score": 3, "size": 120, "visits": 0 } })
        .to_string()
    };
    let texts: Vec<String> = (0..20_000).map(draft).collect();
    fn read(text: &str) -> DraftOp<'_> {
        haversack_core::json::read_text(text).expect("a draft")
    }
    let drafts: Vec<DraftOp<'_>> = texts.iter().map(|text| read(text)).collect();
    let (mut next, mut random) = (0usize, 0u128);
    let mut insert = |replica: &mut Replica, apply: bool| {
        next += 1;
        let mut bytes = || {
            random += 1;
            random.to_be_bytes()
        };
        let mut context = WriteContext {
            now_ms: 1_795_000_000_000,
            random: &mut bytes,
            keys: &mut |_| None,
        };
        let draft = std::slice::from_ref(&drafts[next]);
        let prepared = replica.prepare(draft, &mut context).expect("a good write");
        if apply {
            replica.apply(prepared);
        }
    };
    let used = used_heap();
    time("prepare an insert with 13 rules", 400, || {
        insert(&mut replica, false)
    });
    let whole = time("prepare and apply it", 400, || insert(&mut replica, true));
    drop(used);
    let met = if whole <= RULED_INSERT_US_MAX {
        "ok"
    } else {
        "MISS"
    };
    println!("{met}: the whole insert should take at most {RULED_INSERT_US_MAX} µs");
}

fn writes(replica: &mut Replica) {
    let text = json!({ "op": "insert", "table": "t", "values": {
        "owner": 1, "title": "New", "priority": 3, "status": "active", "due": "2026-11-20T22:12:00Z" } })
    .to_string();
    let insert: DraftOp<'_> = haversack_core::json::read_text(&text).expect("a draft");
    let mut next = 1_000_000;
    let mut made = Vec::new();
    time("prepare and apply an insert, 3 indexes", 100, || {
        let mut keys = |_| {
            next += 1;
            Some(next)
        };
        let mut random = || [0; 16];
        let mut context = WriteContext {
            now_ms: 1_795_000_000_000,
            random: &mut random,
            keys: &mut keys,
        };
        let prepared = replica
            .prepare(std::slice::from_ref(&insert), &mut context)
            .expect("a good write");
        made.push(replica.apply(prepared));
    });
    let mut made = made.into_iter();
    time("withdraw it", 100, || {
        replica.withdraw(made.next().expect("one per write"))
    });
}
