//! Random histories of replicas that heard of nothing, against a real Postgres: two rows get the same
//! writes in different orders of arrival, and end equal, on the server and in every replica.
//!
//! `PROPTEST_RNG_SEED` repeats a run. Does not cover policies under which the order decides, nor
//! writes by plain SQL, which `policies` does.

use crate::harness::*;
use crate::policies::{endpoint, send, write};
use haversack_core::protocol::{Base, Mutation, Op};
use std::collections::BTreeMap;

/// A small random source whose seed is printed.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        let given = std::env::var("PROPTEST_RNG_SEED").ok();
        let seed = given
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(rand::random::<u64>);
        println!("PROPTEST_RNG_SEED={seed}");
        Self(seed)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

const REPLICAS: usize = 3;
const HISTORIES: i32 = 6;
const WRITES: i64 = 12;
const FREE_OF_ORDER: [&str; 6] = ["hits", "money", "best", "least", "late", "doc"];

/// What a replica that has seen nothing since the beginning writes next, on top of its own writes.
fn any_write(
    random: &mut Random,
    who: usize,
    shown: &BTreeMap<&str, String>,
) -> (&'static str, String) {
    let number = random.below(100) as i64 - 50;
    let column = FREE_OF_ORDER[random.below(FREE_OF_ORDER.len() as u64) as usize];
    let text = match column {
        "hits" => (shown["hits"].parse::<i64>().expect("a number") + number).to_string(),
        "money" => format!("{number}.25"),
        "best" => number.to_string(),
        "least" => format!("2026-05-{:02}", number.rem_euclid(28) + 1),
        "late" => number.to_string(),
        _ => {
            let mut doc: serde_json::Value = serde_json::from_str(&shown["doc"]).expect("JSON");
            doc[format!("k{who}")] = serde_json::json!({ "n": number });
            doc.to_string()
        }
    };
    (column, text)
}

/// The mutations of each replica, to one row and the same to the other.
fn history(
    random: &mut Random,
    replicas: &mut [Replica],
    ids: [i32; 2],
) -> Vec<Vec<[Mutation; 2]>> {
    let first: BTreeMap<&str, String> = FREE_OF_ORDER
        .iter()
        .map(|c| {
            (
                *c,
                replicas[0]
                    .confirmed("things", &ids[0].to_string(), c)
                    .expect("a value"),
            )
        })
        .collect();
    let mut shown = vec![first; replicas.len()];
    let mut queues = vec![Vec::new(); replicas.len()];
    for time in 1..=WRITES {
        let who = random.below(replicas.len() as u64) as usize;
        let (column, text) = any_write(random, who, &shown[who]);
        let relative = ["hits", "money", "doc"].contains(&column);
        let both = ids.map(|id| {
            let mut mutation = write(&mut replicas[who], id, time, &[(column, &text)]);
            if let Op::Update { base, .. } = &mut mutation.ops[0]
                && relative
            {
                let seen = shown[who][column].clone();
                base.insert(column, Base::Text(Some(seen)));
            }
            mutation
        });
        shown[who].insert(column, text);
        queues[who].push(both);
    }
    queues
}

#[tokio::test]
async fn random_histories_end_equal_in_whatever_order_they_arrive() {
    let mut random = Random::new();
    let endpoint = endpoint().await;
    for number in 0..HISTORIES {
        let ids = [2 * number + 1, 2 * number + 2];
        for id in ids {
            endpoint.thing(id).await;
        }
        // The same writes go to two rows, in different orders of arrival.
        let mut replicas = Vec::new();
        for _ in 0..REPLICAS {
            replicas.push(endpoint.replica("u").await);
        }
        let queues = history(&mut random, &mut replicas, ids);
        let mut twins = Vec::new();
        for row in 0..2 {
            let mut senders: Vec<Replica> = Vec::new();
            for _ in 0..REPLICAS {
                senders.push(endpoint.replica("u").await);
            }
            let mut next = [0; REPLICAS];
            while (0..REPLICAS).any(|who| next[who] < queues[who].len()) {
                let who = random.below(REPLICAS as u64) as usize;
                if let Some(both) = queues[who].get(next[who]) {
                    next[who] += 1;
                    let mut mutation = both[row].clone();
                    mutation.seq = next[who] as u64;
                    // It was made before any of the answers.
                    mutation.seen = 0;
                    send(&mut senders[who], &[mutation]).await;
                }
            }
            twins.append(&mut senders);
        }
        for column in FREE_OF_ORDER {
            let (one, other) = (
                endpoint.of(ids[0], column).await,
                endpoint.of(ids[1], column).await,
            );
            assert_eq!(one, other, "history {number}, {column}");
            for replica in &mut twins {
                replica.pull().await;
                assert_eq!(
                    replica.confirmed("things", &ids[0].to_string(), column),
                    one
                );
                assert_eq!(
                    replica.confirmed("things", &ids[1].to_string(), column),
                    one
                );
            }
        }
    }
}
