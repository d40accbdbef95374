//! A replica that lacks nothing is answered without Postgres, and only such a one.

use crate::harness::*;
use haversack_core::ErrorCode;
use haversack_core::protocol::{Problem, SyncRequest};
use haversack_endpoint::poke;

/// An endpoint whose watcher looks, and a replica of each user that has synced and said so.
async fn watched() -> (Endpoint, Replica, Replica) {
    let endpoint = Endpoint::organizational().await;
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'of ada'), (2, 'of grace')")
        .await;
    poke::start(endpoint.state.clone()).await.unwrap();
    let (mut ada, mut grace) = (endpoint.replica("1").await, endpoint.replica("2").await);
    // Of what the watcher had not seen yet at the first.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    ada.pull().await;
    grace.pull().await;
    (endpoint, ada, grace)
}

/// What is said of a request for which Postgres is needed and can't be had.
async fn refused(replica: &Replica, request: &SyncRequest) -> Problem {
    let problem = replica.send(request).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::DatabaseUnavailable);
    problem
}

#[tokio::test]
async fn who_lacks_nothing_is_answered_without_postgres() {
    let (endpoint, mut ada, mut grace) = watched().await;
    // Syncs have no connection from now on; the watcher has its own.
    endpoint.state.pool.close();
    for _ in 0..3 {
        let answer = ada.pull().await;
        assert!(
            !answer.head.snapshot && answer.lines.len() == 1,
            "{}",
            answer.text
        );
    }
    endpoint
        .sql("UPDATE events SET title = 'changed' WHERE user_id = 2")
        .await;
    ada.pull().await;
    refused(&grace, &grace.request(Vec::new())).await;
    // What a cursor of then lacks, it lacks for ever.
    for _ in 0..3 {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        refused(&grace, &grace.request(Vec::new())).await;
    }
    // Whatever is more than a pull needs Postgres, and so does a replica of which nothing is known.
    let pushed = grace.mutation(Vec::new());
    refused(&ada, &ada.request(vec![pushed])).await;
    let mut leasing = ada.request(Vec::new());
    leasing.leases.insert("events", 1);
    refused(&ada, &leasing).await;
    let mut acknowledging = ada.request(Vec::new());
    acknowledging.acknowledged = 1;
    refused(&ada, &acknowledging).await;
    let mut other = ada.request(Vec::new());
    other.replica = uuid::Uuid::new_v4().to_string();
    refused(&ada, &other).await;
    grace.id.clone_from(&ada.id);
    refused(&grace, &grace.request(Vec::new())).await;
    let mut none = ada.request(Vec::new());
    none.cursor = None;
    refused(&ada, &none).await;
    ada.pull().await;
    // A cursor of another history.
    endpoint
        .sql("UPDATE haversack.meta SET history = gen_random_uuid()")
        .await;
    refused(&ada, &ada.request(Vec::new())).await;
}

#[tokio::test]
async fn what_was_committed_before_a_pull_is_in_its_answer() {
    let (endpoint, mut ada, _) = watched().await;
    for i in 0..40 {
        let title = format!("number {i}");
        ada.pull().await;
        endpoint
            .sql(&format!(
                "UPDATE events SET title = '{title}' WHERE user_id = 1"
            ))
            .await;
        ada.pull().await;
        assert_eq!(ada.column("events", "title"), [Some(title)]);
    }
}

#[tokio::test]
async fn a_commit_that_comes_late_is_not_taken_for_nothing() {
    let (endpoint, mut ada, _) = watched().await;
    let other = endpoint.database.owner().await;
    other
        .batch_execute("BEGIN; UPDATE events SET title = 'late' WHERE user_id = 1")
        .await
        .unwrap();
    // It has a number, and others that come after it are committed and seen before it.
    endpoint
        .sql("UPDATE events SET title = 'early' WHERE user_id = 2")
        .await;
    ada.pull().await;
    ada.pull().await;
    other.batch_execute("COMMIT").await.unwrap();
    ada.pull().await;
    assert_eq!(ada.column("events", "title"), [Some("late".to_owned())]);
}

#[tokio::test]
async fn a_token_that_was_revoked_is_soon_worth_nothing_here_either() {
    let (endpoint, mut ada, _) = watched().await;
    ada.token = named_token("1", "phone");
    ada.pull().await;
    endpoint.state.pool.close();
    ada.pull().await;
    tokio::spawn(haversack_endpoint::auth::revoked::keep_watching(
        endpoint.state.clone(),
    ));
    // Longer than it is good for: it is looked up again, since it is relied on.
    let pause = || tokio::time::sleep(std::time::Duration::from_millis(500));
    for _ in 0..12 {
        ada.pull().await;
        pause().await;
    }
    endpoint
        .sql("INSERT INTO haversack.revocations VALUES ('phone', now() + interval '1 hour')")
        .await;
    for _ in 0..12 {
        pause().await;
        if ada.send(&ada.request(Vec::new())).await.is_err() {
            return;
        }
    }
    panic!("it is still answered");
}
