//! The lost-row soak: writers that hold transactions open, so that commits come in another order
//! than their numbers, while a replica pulls (F29, F30, I6).

use crate::harness::*;
use crate::random::{Random, number, seed};
use haversack_endpoint::database;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const WRITERS: u64 = 24;
const SECONDS: u64 = 4;

/// Commits rows until the time is over; gives how many.
async fn write(url: String, mut random: Random, until: Instant) -> usize {
    let client = database::connect(&url, "a writer").await.unwrap();
    let mut rows = 0;
    while Instant::now() < until {
        let count = 1 + random.below(3);
        client.batch_execute("BEGIN").await.unwrap();
        let sql = format!(
            "INSERT INTO events (user_id, title) SELECT 1, 'soak' FROM generate_series(1, {count})"
        );
        client.batch_execute(&sql).await.unwrap();
        tokio::time::sleep(Duration::from_millis(random.below(31))).await;
        // Some change their mind.
        if random.below(10) == 0 {
            client.batch_execute("ROLLBACK").await.unwrap();
        } else {
            client.batch_execute("COMMIT").await.unwrap();
            rows += count as usize;
        }
    }
    rows
}

/// HAVERSACK_SOAK_S says for how many seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_is_lost_while_commits_come_out_of_order() {
    let mut random = Random::new(seed());
    let seconds = number("HAVERSACK_SOAK_S", SECONDS);
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let until = Instant::now() + Duration::from_secs(seconds);
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let random = Random::new(random.next());
            tokio::spawn(write(endpoint.database.url.clone(), random, until))
        })
        .collect();
    let mut pulls = 0;
    while Instant::now() < until {
        let answer = ada.pull().await;
        assert!(!answer.head.snapshot, "a snapshot would hide what was lost");
        pulls += 1;
        tokio::time::sleep(Duration::from_millis(random.below(20))).await;
    }
    let mut committed = 0;
    for writer in writers {
        committed += writer.await.unwrap();
    }
    assert!(!ada.pull().await.head.snapshot);
    let mine: BTreeSet<String> = ada
        .column("events", "event_id")
        .into_iter()
        .flatten()
        .collect();
    let rows = endpoint
        .owner
        .query("SELECT event_id::text FROM events", &[])
        .await
        .unwrap();
    let theirs: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let lost = theirs.difference(&mine).count();
    println!("{seconds} s, {pulls} pulls, {committed} rows, {lost} lost");
    assert_eq!(theirs.len(), committed);
    assert_eq!(mine, theirs);
    assert!(committed > 100 && pulls > 10, "a soak in name only");
}
