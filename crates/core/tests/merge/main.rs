//! The policies' laws, on random histories of replicas that wrote without hearing of each other.
//!
//! Covers: each policy's verdict; that the order of arrival makes no difference where a policy says
//! so; that no value vanishes without being in `lost`. Does not cover: Postgres, which
//! `crates/endpoint/tests` does, and deletes.
//!
//! `documented` runs the examples of `docs/conflicts.md`.
//!
//! `HAVERSACK_TEST_BUDGET` is the number of histories (256 by default); `PROPTEST_RNG_SEED` repeats
//! a run.

mod documented;
mod fixture;
mod verdicts;

use fixture::{Away, BEFORE, Server, table};
use haversack_core::protocol::{Op, Text};
use haversack_core::value;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn runner() -> TestRunner {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed: u64 = number("PROPTEST_RNG_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| now.as_nanos() as u64)
    });
    println!("PROPTEST_RNG_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: number("HAVERSACK_TEST_BUDGET").unwrap_or(256) as u32,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Writes of several replicas to one row: by replica, a number and what it is used for.
fn any_writes() -> impl Strategy<Value = Vec<(usize, u8, i32)>> {
    proptest::collection::vec((0..4usize, 0..7u8, -50..50i32), 1..24)
}

/// All writes, each by a replica that has heard of nothing since the beginning.
fn away(server: &Server, writes: &[(usize, u8, i32)]) -> Vec<Away> {
    let mut replicas: Vec<Away> = (0..4).map(|_| Away::new(server)).collect();
    for (time, (who, what, number)) in writes.iter().enumerate() {
        let replica = &mut replicas[*who];
        let shown = |name: &str| replica.visible[name].clone().unwrap_or_default();
        let hits: i32 = shown("hits").parse().expect("a number");
        let mut doc: serde_json::Value = serde_json::from_str(&shown("doc")).expect("JSON");
        doc[format!("k{who}")] = serde_json::json!({ "n": number });
        let (column, text) = match what {
            0 => ("hits", (hits + number).to_string()),
            1 => ("money", format!("{number}.25")),
            2 => ("best", number.to_string()),
            3 => ("least", format!("2026-05-{:02}", number.rem_euclid(28) + 1)),
            4 => ("late", number.to_string()),
            5 => ("doc", doc.to_string()),
            _ => ("tags", {
                let tags = shown("tags");
                let tags = tags.trim_matches(['{', '}']);
                format!("{{{tags},w{who}t{time}}}")
            }),
        };
        replica.write(time as i64 + 1, &[(column, &text)]);
    }
    replicas
}

/// Lets the replicas' mutations arrive, each replica's in their order, the turns given by `turns`.
fn arrive(replicas: &[Away], turns: &[usize]) -> Server {
    let mut server = Server::new(table(), &BEFORE);
    let mut next = vec![0; replicas.len()];
    let rest = (0..replicas.len()).flat_map(|r| std::iter::repeat_n(r, replicas[r].queue.len()));
    for replica in turns.iter().copied().chain(rest) {
        if let Some(mutation) = replicas[replica].queue.get(next[replica]) {
            next[replica] += 1;
            server.take(replica, mutation);
        }
    }
    server
}

#[test]
fn the_order_of_arrival_makes_no_difference() {
    let turns = || proptest::collection::vec(0..4usize, 0..24);
    let cases = (any_writes(), turns(), turns());
    let outcome = runner().run(&cases, |(writes, one, other)| {
        let start = Server::new(table(), &BEFORE);
        let replicas = away(&start, &writes);
        let (one, other) = (arrive(&replicas, &one), arrive(&replicas, &other));
        for column in ["hits", "money", "best", "least", "late", "doc"] {
            prop_assert_eq!(one.text(column), other.text(column), "{}", column);
        }
        // The elements of an array; their order is that of arrival.
        let elements = |server: &Server| {
            let mut tags = value::array_texts(&server.text("tags").unwrap_or_default());
            tags.as_mut().expect("an array").sort();
            tags
        };
        prop_assert_eq!(elements(&one), elements(&other));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn no_value_vanishes_unsaid() {
    const COLUMNS: [&str; 6] = ["server", "client", "late", "best", "asked", "least"];
    let cases = proptest::collection::vec((0..3usize, 0..COLUMNS.len(), 1..28u8), 1..24);
    let outcome = runner().run(&cases, |writes| {
        let mut server = Server::new(table(), &BEFORE);
        let mut replicas: Vec<Away> = (0..3).map(|_| Away::new(&server)).collect();
        for (time, (who, column, number)) in writes.iter().enumerate() {
            let column = COLUMNS[*column];
            let text = match column {
                "best" => number.to_string(),
                "least" => format!("2026-06-{number:02}"),
                _ => format!("{number}"),
            };
            let replica = &mut replicas[*who];
            replica.write(time as i64 % 5, &[(column, &text)]);
            let before = server.text(column);
            let mutation = replica.queue.last().expect("written").clone();
            let (_, lost) = server.take(*who, &mutation);
            let after = server.text(column);
            let told = |value: &Text| lost.iter().any(|l| l.mine == *value || l.theirs == *value);
            let mine = Some(text);
            prop_assert!(after == mine || told(&mine), "mine: {:?}", lost);
            let unseen = replica.confirmed[column] != before;
            let own = replica.queue.iter().any(|m| match &m.ops[0] {
                Op::Update { set, .. } => set.get(column) == Some(&before),
                _ => false,
            });
            prop_assert!(
                after == before || !unseen || own || told(&before),
                "theirs: {:?}",
                lost
            );
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
