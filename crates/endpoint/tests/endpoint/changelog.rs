//! The changelog lies in partitions of about a day's transactions, which come and go without anybody's help.

use crate::harness::*;
use haversack_core::protocol::Line;
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::serve::maintain_once;

async fn partitions(endpoint: &Endpoint) -> i64 {
    endpoint
        .count("pg_inherits WHERE inhparent = 'haversack.changes'::regclass")
        .await
}

/// The indexes by which it is found what changed in a scope since a cursor, one for each partition that is opened.
async fn opened(endpoint: &Endpoint, since: &str) -> Vec<String> {
    let plan = endpoint
        .owner
        .simple_query(&format!(
            "SET enable_seqscan = off; EXPLAIN SELECT FROM haversack.changes c WHERE scope = 'u:1'
             AND xid >= pg_snapshot_xmin('{since}'::text::pg_snapshot)
             AND xid < pg_snapshot_xmax(pg_current_snapshot())"
        ))
        .await
        .unwrap();
    let mut found: Vec<String> = Vec::new();
    for message in plan {
        let tokio_postgres::SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        let mut words = row.get(0).unwrap_or("").split_whitespace();
        let index = words.find(|word| word.starts_with("changes") && word.ends_with("idx"));
        found.extend(index.map(str::to_owned));
    }
    found
}

#[tokio::test]
async fn partitions_are_made_ahead_and_dropped_when_they_are_too_old() {
    let endpoint = Endpoint::organizational().await;
    // The one in use, the next, and the rest.
    assert_eq!(partitions(&endpoint).await, 3);
    let mut ada = endpoint.replica("1").await;
    endpoint.drop_partitions().await;
    endpoint
        .in_own_partition("INSERT INTO events (user_id, title) VALUES (1, 'x')")
        .await;
    endpoint
        .sql("INSERT INTO haversack.changes (scope, xid, at, tbl) VALUES ('u:1', '3', '2019-01-01 12:00+00', 1)")
        .await;
    // What comes after it is used only since now, so it is not old; what is in the rest is.
    assert_eq!(maintain_once(&endpoint.state).await.unwrap(), 0);
    assert_eq!(partitions(&endpoint).await, 4, "one lies ahead");
    assert_eq!(endpoint.count("haversack.changes_rest").await, 0);
    endpoint
        .sql("UPDATE haversack.spans SET since = since - interval '29 days'")
        .await;
    // A transaction of another test may still hold the snapshot back.
    while endpoint
        .count("haversack.spans WHERE ending IS NOT NULL")
        .await
        == 0
    {
        assert_eq!(maintain_once(&endpoint.state).await.unwrap(), 0);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Who looked before may still be looking, so it stays for a while; but nobody goes on from there any more.
    assert_eq!(maintain_once(&endpoint.state).await.unwrap(), 0);
    assert_eq!(endpoint.count("haversack.changes").await, 1);
    let answer = ada.clone().pull().await;
    assert!(answer.head.snapshot, "it lacks what is about to go");
    endpoint
        .sql("UPDATE haversack.spans SET ending = ending - interval '11 minutes'")
        .await;
    assert_eq!(maintain_once(&endpoint.state).await.unwrap(), 1);
    assert_eq!(maintain_once(&endpoint.state).await.unwrap(), 0);
    assert_eq!(endpoint.count("haversack.changes").await, 0);
    let answer = ada.pull().await;
    assert!(answer.head.snapshot, "it may have lacked what was dropped");
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'y')")
        .await;
    while ada.pull().await.head.snapshot {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(ada.column("events", "title").len(), 2);
}

#[tokio::test]
async fn what_attach_makes_anew_belongs_to_who_attached_first() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    // Any other role will do.
    endpoint
        .sql(
            "DO $$ DECLARE login text := quote_ident(current_database() || '_haversack'); BEGIN
                 EXECUTE 'ALTER TABLE haversack.meta OWNER TO ' || login;
                 EXECUTE 'ALTER FUNCTION haversack.maintain(interval) OWNER TO ' || login; END $$;
             DROP TABLE haversack.changes, haversack.spans",
        )
        .await;
    let mut owner = endpoint.database.owner().await;
    attach(&mut owner, &endpoint.state.config, &Password::Keep)
        .await
        .unwrap();
    let owners = "(SELECT relowner FROM pg_class WHERE relnamespace = 'haversack'::regnamespace AND relkind IN ('r', 'p')
                   UNION SELECT proowner FROM pg_proc WHERE oid IN ('haversack.extend()'::regprocedure,
                       'haversack.prune(interval)'::regprocedure, 'haversack.maintain(interval)'::regprocedure)) o";
    assert_eq!(endpoint.count(owners).await, 1);
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'x')")
        .await;
    ada.pull().await;
    assert_eq!(ada.column("events", "title").len(), 1);
}

#[tokio::test]
async fn a_pull_looks_only_where_something_newer_than_its_cursor_may_be() {
    let endpoint = Endpoint::organizational().await;
    endpoint.drop_partitions().await;
    endpoint
        .in_own_partition("INSERT INTO events (user_id, title) VALUES (1, 'x')")
        .await;
    maintain_once(&endpoint.state).await.unwrap();
    let upcoming = endpoint.value("pg_snapshot_xmax(pg_current_snapshot())");
    let upcoming = upcoming.await.unwrap();
    assert_eq!(
        partitions(&endpoint).await,
        4,
        "old, in use, next and the rest"
    );
    let before = opened(&endpoint, "1:1:").await;
    assert_eq!(before.len(), 3, "all but the next: {before:?}");
    // Planned while the partition is known to be empty, as it is for a connection that was there before it.
    endpoint.sql("ANALYZE haversack.changes").await;
    let since = opened(&endpoint, &format!("{upcoming}:{upcoming}:")).await;
    assert_eq!(since.len(), 1, "the one in use: {since:?}");
    assert!(since[0].contains("scope_xid"), "not everybody's: {since:?}");
}

#[tokio::test]
async fn partitions_of_a_history_with_other_numbers_are_dropped() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    // As where the database was restored from a dump into a cluster that has had fewer transactions.
    endpoint.drop_partitions().await;
    endpoint
        .sql(
            "INSERT INTO haversack.spans VALUES ('900000000', '900000010', now()), ('900000010', '900000020', NULL);
             CREATE TABLE haversack.changes_900000000 PARTITION OF haversack.changes FOR VALUES FROM ('900000000') TO ('900000010');
             CREATE TABLE haversack.changes_900000010 PARTITION OF haversack.changes FOR VALUES FROM ('900000010') TO ('900000020');
             INSERT INTO haversack.changes (scope, xid, tbl, key)
                 SELECT 'u:1', '900000001', id, '{1}' FROM haversack.tables WHERE name = 'events'",
        )
        .await;
    let answer = ada.pull().await;
    let removed = |line: &Line| matches!(line, Line::Removed { .. });
    assert!(
        !answer.lines.iter().any(removed),
        "it is of no concern here"
    );
    endpoint
        .sql("UPDATE haversack.meta SET horizon = '900000005'")
        .await;
    assert!(ada.pull().await.head.snapshot);
    maintain_once(&endpoint.state).await.unwrap();
    assert_eq!(endpoint.count("haversack.changes").await, 0);
    assert_eq!(partitions(&endpoint).await, 2);
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'x')")
        .await;
    // The horizon of that history holds up nobody in this one.
    while ada.pull().await.head.snapshot {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(ada.column("events", "title").len(), 1);
}

#[tokio::test]
async fn a_write_is_never_refused_for_want_of_a_partition() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    endpoint.drop_partitions().await;
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'x')")
        .await;
    ada.pull().await;
    assert_eq!(ada.column("events", "title").len(), 1);
    assert_eq!(endpoint.count("haversack.changes_rest").await, 1);
    // The next one begins a little ahead.
    maintain_once(&endpoint.state).await.unwrap();
    assert_eq!(partitions(&endpoint).await, 2);
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'y')")
        .await;
    ada.pull().await;
    assert_eq!(ada.column("events", "title").len(), 2);
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
    assert_eq!(partitions(&endpoint).await, 3);
    assert!(ada.pull().await.head.snapshot);
    assert_eq!(ada.column("events", "title").len(), 1);
}
