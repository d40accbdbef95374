//! The changelog lies in partitions by day, which come and go without anybody's help.

use crate::harness::*;
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::serve::maintain_once;

async fn partitions(endpoint: &Endpoint) -> i64 {
    endpoint
        .count("pg_inherits WHERE inhparent = 'haversack.changes'::regclass")
        .await
}

#[tokio::test]
async fn partitions_are_made_ahead_and_dropped_when_they_are_too_old() {
    let endpoint = Endpoint::organizational().await;
    // Today, three days ahead, and the rest.
    assert_eq!(partitions(&endpoint).await, 5);
    let mut ada = endpoint.replica("1").await;
    endpoint
        .sql(
            "CREATE TABLE haversack.changes_20200101 PARTITION OF haversack.changes
                 FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-01-02 00:00+00');
             INSERT INTO haversack.changes (scope, at, tbl) VALUES
                 ('u:1', '2020-01-01 12:00+00', 1), ('u:1', '2019-01-01 12:00+00', 1)",
        )
        .await;
    assert_eq!(maintain_once(&endpoint.state).await.unwrap(), 1);
    assert_eq!(partitions(&endpoint).await, 5);
    let old = "haversack.changes WHERE at < '2021-01-01'";
    assert_eq!(endpoint.count(old).await, 0, "of the rest too");
    assert_eq!(maintain_once(&endpoint.state).await.unwrap(), 0);
    let answer = ada.pull().await;
    assert!(answer.head.snapshot, "it may have lacked what was dropped");
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'x')")
        .await;
    // A transaction of another test may still hold the snapshot back.
    while ada.pull().await.head.snapshot {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(ada.column("events", "title").len(), 1);
}

#[tokio::test]
async fn a_write_is_never_refused_for_want_of_a_partition() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    // As where no endpoint ran for days.
    endpoint
        .sql(
            "DO $$ DECLARE part text; BEGIN
                 FOR part IN SELECT inhrelid::regclass FROM pg_inherits
                     WHERE inhparent = 'haversack.changes'::regclass AND inhrelid::regclass::text NOT LIKE '%rest'
                 LOOP EXECUTE 'DROP TABLE ' || part; END LOOP; END $$;
             INSERT INTO events (user_id, title) VALUES (1, 'x')",
        )
        .await;
    ada.pull().await;
    assert_eq!(ada.column("events", "title").len(), 1);
    // Today's changes are in the rest by now, so today gets no partition, and the days ahead do.
    maintain_once(&endpoint.state).await.unwrap();
    assert_eq!(partitions(&endpoint).await, 4);
    assert_eq!(endpoint.count("haversack.changes_rest").await, 1);
}

#[tokio::test]
async fn a_changelog_from_before_there_were_partitions_is_made_anew() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    endpoint
        .sql(
            "DROP TABLE haversack.changes;
             CREATE TABLE haversack.changes (scope text NOT NULL, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
                 seq bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT now(),
                 tbl integer NOT NULL, key text[]);
             INSERT INTO events (user_id, title) VALUES (1, 'x')",
        )
        .await;
    let mut owner = endpoint.database.owner().await;
    attach(&mut owner, &endpoint.state.config, &Password::Keep)
        .await
        .unwrap();
    assert_eq!(partitions(&endpoint).await, 5);
    assert!(ada.pull().await.head.snapshot);
    assert_eq!(ada.column("events", "title").len(), 1);
}
