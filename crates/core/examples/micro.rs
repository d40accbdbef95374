//! Times the engine natively: `cargo run --profile native -p haversack-core --example micro`.
//!
//! Prints microseconds per operation, the median of several rounds. Not a test: machines differ.

use haversack_core::query::{Param, QueryShape};
use haversack_core::replica::{DraftOp, Replica, Staged, WriteContext};
use haversack_core::schema::{
    Column, ColumnDefault, Identity, Limits, Schema, Table, TableId, Type,
};
use serde_json::json;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const ROWS: usize = 10_000;
const STATUSES: [&str; 3] = ["active", "done", "waiting"];
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

/// Prints the median time of one of `times` operations.
fn time(what: &str, times: u32, mut operation: impl FnMut()) {
    let mut rounds: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            (0..times).for_each(|_| operation());
            start.elapsed().as_secs_f64() * 1e6 / f64::from(times)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    println!("{what:<44} {:>10.3} µs", rounds[rounds.len() / 2]);
}

fn main() {
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
