//! Every expression twice: by Postgres and by the core, over rows weighted to the edges.
//!
//! The text that is compiled is what the catalog prints of a CHECK, so the normal form is really
//! what is read. Compared are the values as text, or the SQLSTATE of the error. Does not cover:
//! the time, new uuids, other collations than C.
//!
//! `HAVERSACK_TEST_BUDGET` is the number of random expressions, and of texts of each type (256 by default);
//! a failure prints its seed and expression, `PROPTEST_RNG_SEED` repeats a run.

mod cases;
mod known_texts;
mod random;
mod table;
mod texts;

use crate::harness::Database;
use haversack_core::expr::{Bound, Context, Expr};
use haversack_core::value;
use haversack_endpoint::expression::compile;
use random::Random;
use table::World;
use tokio_postgres::Client;

/// What an expression is for a row: its text, NULL, or an error.
#[derive(Debug, PartialEq)]
enum Outcome {
    Value(Option<String>),
    Error(String),
}

/// The normal form of an expression; `None` where Postgres refuses it.
async fn normal_form(client: &Client, sql: &str) -> Option<String> {
    let checked = format!("ALTER TABLE t ADD CONSTRAINT k CHECK ((({sql})) IS NOT NULL) NOT VALID");
    client.batch_execute(&checked).await.ok()?;
    let row = client
        .query_one(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'k'",
            &[],
        )
        .await
        .unwrap();
    client
        .batch_execute("ALTER TABLE t DROP CONSTRAINT k")
        .await
        .unwrap();
    let text: String = row.get(0);
    let inner = text.strip_prefix("CHECK ((")?;
    let inner = inner.strip_suffix(" IS NOT NULL)) NOT VALID")?;
    Some(inner.to_owned())
}

async fn of_postgres(client: &Client, sql: &str) -> Vec<Outcome> {
    let rows = client
        .query("SELECT v, e FROM pg_temp.outcomes($1)", &[&sql])
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    rows.iter()
        .map(|row| match row.get::<_, Option<String>>(1) {
            Some(state) => Outcome::Error(state),
            None => Outcome::Value(row.get(0)),
        })
        .collect()
}

fn of_core(expr: &Expr, world: &World) -> Result<Vec<Outcome>, String> {
    let bound = Bound::new(expr, &world.table)?;
    let mut nothing = || [0; 16];
    let mut context = Context {
        now_ms: 0,
        identity: None,
        value: None,
        random: &mut nothing,
    };
    let each = |row: &Vec<value::Value>| match bound.value(row, &mut context) {
        Ok(value) => Outcome::Value(value::to_text(&bound.kind, &value)),
        Err(error) => Outcome::Error(error.details.sqlstate.clone().unwrap_or_default()),
    };
    Ok(world.rows.iter().map(each).collect())
}

/// Compares one expression; `Err` is what is wrong, `Ok(false)` that only the server evaluates it.
async fn compare(world: &World, normal: &str) -> Result<bool, String> {
    let Ok(expr) = compile(normal, &world.scope) else {
        return Ok(false);
    };
    // It travels as JSON.
    let expr: Expr = serde_json::from_str(&serde_json::to_string(&expr).unwrap()).unwrap();
    let expected = of_postgres(&world.client, normal).await;
    let actual = of_core(&expr, world)?;
    for (i, (expected, actual)) in expected.iter().zip(&actual).enumerate() {
        if expected != actual {
            return Err(format!(
                "row {i} ({}): Postgres says {expected:?}, the core {actual:?}\n{expr:?}",
                world.shown(i)
            ));
        }
    }
    Ok(true)
}

#[tokio::test]
async fn listed_expressions_are_what_postgres_says() {
    let database = Database::create().await;
    let world = World::new(&database, 48, &mut Random::new(7)).await;
    let mut failures = Vec::new();
    for sql in cases::LISTED.lines().map(str::trim) {
        if sql.is_empty() || sql.starts_with("--") {
            continue;
        }
        let Some(normal) = normal_form(&world.client, sql).await else {
            failures.push(format!("{sql}\n  Postgres refuses it"));
            continue;
        };
        match compare(&world, &normal).await {
            Ok(true) => {}
            Ok(false) => {
                let reason = compile(&normal, &world.scope).unwrap_err();
                failures.push(format!("{sql}\n  only the server: {reason}"));
            }
            Err(difference) => failures.push(format!("{sql}\n  {normal}\n  {difference}")),
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[tokio::test]
async fn what_only_the_server_evaluates_says_why() {
    let database = Database::create().await;
    let mut world = World::new(&database, 1, &mut Random::new(7)).await;
    world.scope.own.insert("allowed".into());
    world.scope.private.insert("secret".into());
    for (sql, expected) in cases::SERVER_ONLY {
        let normal = normal_form(&world.client, sql).await.expect(sql);
        let reason = compile(&normal, &world.scope).expect_err(sql);
        assert!(reason.contains(expected), "{sql}: {reason}");
    }
}

/// How much to try, and the seed, which is printed.
fn seeded() -> (u32, u64) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = number("PROPTEST_RNG_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| now.as_nanos() as u64)
    });
    println!("PROPTEST_RNG_SEED={seed}");
    let budget = number("HAVERSACK_TEST_BUDGET").unwrap_or(256);
    (u32::try_from(budget).unwrap_or(u32::MAX), seed)
}

#[tokio::test]
async fn random_expressions_are_what_postgres_says() {
    let (budget, seed) = seeded();
    let mut random = Random::new(seed);
    let database = Database::create().await;
    let world = World::new(&database, 24, &mut random).await;
    let (mut compared, mut refused, mut server_only) = (0, 0, Vec::new());
    let (mut failures, mut failing) = (Vec::new(), 0);
    for _ in 0..budget {
        let sql = random.expression();
        let Some(normal) = normal_form(&world.client, &sql).await else {
            refused += 1;
            continue;
        };
        match compare(&world, &normal).await {
            Ok(true) => compared += 1,
            Ok(false) => {
                let reason = compile(&normal, &world.scope).unwrap_err();
                match reason.starts_with("a part of it that is constant fails") {
                    true => failing += 1,
                    false => server_only.push(format!("{normal}: {reason}")),
                }
            }
            Err(difference) => failures.push(format!("{sql}\n  {normal}\n  {difference}")),
        }
    }
    println!(
        "{failing} fail as constants, {compared} compared, {refused} refused, {} for the server",
        server_only.len()
    );
    assert!(
        failures.is_empty(),
        "seed {seed}: {} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(compared * 2 > budget, "most random expressions compare");
    assert!(
        server_only.is_empty(),
        "seed {seed}: for the server alone:\n{}",
        server_only.join("\n")
    );
}

#[tokio::test]
async fn values_are_read_and_ordered_as_postgres_does() {
    let database = Database::create().await;
    let world = World::new(&database, 1, &mut Random::new(7)).await;
    let mut failures = Vec::new();
    for (kind, declared, texts) in cases::values() {
        let mut read = Vec::new();
        for text in texts {
            let sql = format!("'{}'::{declared}", text.replace('\'', "''"));
            let expected = of_postgres(&world.client, &sql).await.remove(0);
            let actual = match value::parse(&kind, text) {
                Ok(value) => Outcome::Value(value::to_text(&kind, &value)),
                Err(error) => Outcome::Error(error.details.sqlstate.clone().unwrap_or_default()),
            };
            if expected != actual {
                failures.push(format!(
                    "{sql}: Postgres says {expected:?}, the core {actual:?}"
                ));
            }
            if let (Outcome::Value(Some(text)), Ok(value)) = (&actual, value::parse(&kind, text)) {
                read.push((text.clone(), value));
            }
        }
        for (a, x) in &read {
            for (b, y) in &read {
                let quoted = |text: &str| format!("'{}'::{declared}", text.replace('\'', "''"));
                let sql = format!(
                    "CASE WHEN {0} < {1} THEN 'Less' WHEN {0} = {1} THEN 'Equal' ELSE 'Greater' END",
                    quoted(a),
                    quoted(b)
                );
                let expected = of_postgres(&world.client, &sql).await.remove(0);
                let actual = format!("{:?}", value::compare(&kind, x, y));
                if expected != Outcome::Value(Some(actual.clone())) {
                    failures.push(format!(
                        "{declared} {a} and {b}: Postgres says {expected:?}, the core {actual}"
                    ));
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
