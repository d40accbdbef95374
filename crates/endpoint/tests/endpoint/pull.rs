//! A pull loses nothing, whoever wrote it and in whatever order it was committed, and shows nothing
//! of anyone else.

use crate::harness::*;
use axum::body::Body;
use axum::http::Request;
use haversack_core::ErrorCode;
use haversack_core::protocol::Line;
use tower::ServiceExt;

#[tokio::test]
async fn a_commit_that_comes_late_is_not_skipped() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let slow = endpoint.database.owner().await;
    slow.batch_execute("BEGIN; INSERT INTO events (user_id, title) VALUES (1, 'A wrote first')")
        .await
        .unwrap();
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'B committed first')")
        .await;
    ada.pull().await;
    assert_eq!(
        ada.column("events", "title"),
        [Some("B committed first".to_owned())]
    );
    slow.batch_execute("COMMIT").await.unwrap();
    let answer = ada.pull().await;
    assert!(!answer.head.snapshot);
    assert_eq!(ada.column("events", "title").len(), 2);
    assert_eq!(
        answer.head.rows_total, 1,
        "what was delivered is not delivered again"
    );
    assert_eq!(ada.pull().await.head.rows_total, 0);
}

#[tokio::test]
async fn writes_in_plain_sql_arrive() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    endpoint.sql("INSERT INTO events (event_id, user_id, title) VALUES (1, 1, 'one'), (2, 1, 'two'), (3, 2, 'not hers')").await;
    ada.pull().await;
    assert_eq!(ada.column("events", "title").len(), 2);
    endpoint.sql("UPDATE events SET title = 'changed' WHERE event_id = 1; DELETE FROM events WHERE event_id = 2").await;
    let answer = ada.pull().await;
    assert_eq!(ada.column("events", "title"), [Some("changed".to_owned())]);
    assert!(
        answer
            .lines
            .iter()
            .any(|l| matches!(l, Line::Removed { keys, .. } if keys == &[["2"]]))
    );
    // Moving a row to another owner, or another key, removes it where it was.
    endpoint.sql("UPDATE events SET user_id = 2 WHERE event_id = 1; UPDATE events SET event_id = 30, user_id = 1 WHERE event_id = 3").await;
    ada.pull().await;
    assert_eq!(ada.column("events", "event_id"), [Some("30".to_owned())]);
    // A worker of replication leaves a trace too.
    endpoint.sql("SET session_replication_role = replica; INSERT INTO events (event_id, user_id, title) VALUES (50, 1, 'r'); SET session_replication_role = origin").await;
    ada.pull().await;
    assert_eq!(ada.column("events", "event_id").len(), 2);
    // Cascades as well.
    endpoint.sql("DELETE FROM users WHERE user_id = 1").await;
    ada.pull().await;
    assert!(ada.rows.is_empty(), "{:?}", ada.rows);
}

#[tokio::test]
async fn delete_and_reinsert_is_an_update() {
    let endpoint = Endpoint::organizational().await;
    endpoint
        .sql("INSERT INTO events (event_id, user_id, title) VALUES (1, 1, 'one')")
        .await;
    let mut ada = endpoint.replica("1").await;
    endpoint.sql("BEGIN; DELETE FROM events; INSERT INTO events (event_id, user_id, title) VALUES (1, 1, 'again'); COMMIT").await;
    ada.pull().await;
    assert_eq!(ada.column("events", "title"), [Some("again".to_owned())]);
}

#[tokio::test]
async fn a_table_that_was_emptied_comes_whole() {
    let endpoint = Endpoint::organizational().await;
    endpoint.sql("INSERT INTO links (user_id, from_type, from_id, to_type, to_id) VALUES (1, 'event', 1, 'item', 1)").await;
    let mut ada = endpoint.replica("1").await;
    assert_eq!(ada.column("links", "link_id").len(), 1);
    endpoint.sql("TRUNCATE links").await;
    let answer = ada.pull().await;
    assert_eq!(answer.head.renewed, ["links"]);
    assert!(ada.column("links", "link_id").is_empty());
    assert!(ada.pull().await.head.renewed.is_empty());
}

#[tokio::test]
async fn nobody_gets_a_byte_of_anyone_else() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let mut grace = endpoint.replica("2").await;
    let id = ada.lease("events", 1).await;
    let mut texts = Vec::new();
    ada.push_one(event(id, "for ada's eyes")).await;
    texts.push(grace.pull().await.text);
    let forged = [
        vec![insert("events", &[("user_id", "1"), ("title", "forged")])],
        vec![haversack_core::protocol::Op::Update {
            table: "events".into(),
            key: vec![id.to_string()],
            set: values(&[("title", "seen?")]),
            base: Default::default(),
        }],
        vec![haversack_core::protocol::Op::Delete {
            table: "events".into(),
            key: vec![id.to_string()],
            base: None,
        }],
    ];
    let mutations = forged.into_iter().map(|ops| grace.mutation(ops)).collect();
    let request = grace.request(mutations);
    let answer = grace.sync(&request).await;
    assert_eq!(
        answer.head.verdicts.iter().map(word).collect::<Vec<_>>(),
        ["rejected", "gone", "applied"]
    );
    assert_eq!(rejection(&answer.head.verdicts[0]).0, "42501");
    texts.push(answer.text);
    grace.cursor = None;
    texts.push(grace.pull().await.text);
    // Another user's cursor gives one's own rows, all of them.
    grace.cursor = ada.cursor.clone();
    let answer = grace.pull().await;
    assert!(answer.head.snapshot);
    texts.push(answer.text);
    texts.push(ada.pull().await.text);
    for text in &texts[..4] {
        // A word by itself: what is drawn at random in hex may hold the letters.
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        assert!(!words.any(|word| word == "ada"), "{text}");
    }
    for text in &texts {
        assert!(!text.contains("canary") && !text.contains("password_hash"));
    }
    assert_eq!(
        endpoint.count("events").await,
        1,
        "the row stayed as it was"
    );
    assert_eq!(
        endpoint.value("SELECT title FROM events").await.as_deref(),
        Some("for ada's eyes")
    );
}

#[tokio::test]
async fn a_cursor_before_the_horizon_gets_a_snapshot() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let mut fresh = endpoint.replica("1").await;
    endpoint.drop_partitions().await;
    endpoint
        .in_own_partition("INSERT INTO events (event_id, user_id, title) VALUES (1, 1, 'one')")
        .await;
    // A transaction of another test may still hold the snapshot back.
    loop {
        fresh.pull().await;
        let snapshot = fresh.cursor.as_ref().unwrap().split('.').nth(1).unwrap();
        let newer =
            format!("SELECT bool_and(xid < pg_snapshot_xmin('{snapshot}')) FROM haversack.changes");
        if endpoint.value(&newer).await.as_deref() == Some("true") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // As of tomorrow, where the next partition has been in use for a day.
    endpoint.value("haversack.prune('-1 day')").await;
    let ended = endpoint.count("haversack.spans WHERE ending IS NOT NULL");
    assert_eq!(ended.await, 1, "that partition");
    assert!(ada.pull().await.head.snapshot, "its changes are pruned");
    assert_eq!(ada.column("events", "title").len(), 1);
    assert!(!fresh.pull().await.head.snapshot, "it had seen them");
}

#[tokio::test]
async fn another_history_gets_a_snapshot() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let epoch = ada.epoch.clone();
    endpoint
        .sql("UPDATE haversack.meta SET history = gen_random_uuid()")
        .await;
    assert!(ada.pull().await.head.snapshot);
    assert_ne!(ada.epoch, epoch);
    // A snapshot from the future is of another history, too.
    let tail = ada
        .cursor
        .as_ref()
        .unwrap()
        .rsplit('.')
        .next()
        .unwrap()
        .to_owned();
    ada.cursor = Some(format!("1.900000000:900000000:.{tail}"));
    assert!(ada.pull().await.head.snapshot);
    ada.cursor = Some("1.nonsense.x".into());
    let problem = ada.send(&ada.request(vec![])).await.unwrap_err();
    assert_eq!(problem.code, haversack_core::ErrorCode::MalformedRequest);
}

#[tokio::test]
async fn too_many_rows_are_refused_before_they_are_sent() {
    let mut endpoint = Endpoint::organizational().await;
    endpoint
        .sql("INSERT INTO events (user_id, title) SELECT 1, 'e' || i FROM generate_series(1, 30) i")
        .await;
    let mut config = endpoint.state.config.clone();
    config.limits.rows_max = 31;
    let state = haversack_endpoint::serve::prepare(config.clone(), &endpoint.database.options())
        .await
        .unwrap();
    endpoint.router = haversack_endpoint::router::app(state);
    endpoint.replica("1").await;
    config.limits.rows_max = 30;
    let state = haversack_endpoint::serve::prepare(config, &endpoint.database.options())
        .await
        .unwrap();
    endpoint.router = haversack_endpoint::router::app(state);
    let ada = endpoint.new_replica("1");
    let problem = ada.send(&ada.request(vec![])).await.unwrap_err();
    assert_eq!(
        (problem.code, problem.status),
        (haversack_core::ErrorCode::TooManyRows, 413)
    );
    // The limit is no part of what the client was built with.
    assert_eq!(
        endpoint
            .new_replica("2")
            .send(&endpoint.new_replica("2").request(vec![]))
            .await
            .unwrap()
            .head
            .rows_total,
        1
    );
}

#[tokio::test]
async fn a_first_sync_of_ten_thousand_rows_is_whole() {
    let endpoint = Endpoint::organizational().await;
    endpoint
        .sql("INSERT INTO events (user_id, title, description, custom_fields)
              SELECT 1, 'event ' || i, repeat('d', 150), jsonb_build_object('n', i, 'quote', '\"\\') FROM generate_series(1, 10000) i;
              ANALYZE events")
        .await;
    let mut ada = endpoint.new_replica("1");
    let start = std::time::Instant::now();
    let answer = ada.pull().await;
    println!(
        "first sync of 10,000 rows, {} bytes: {:?}",
        answer.text.len(),
        start.elapsed()
    );
    assert_eq!(answer.head.rows_total, 10_001);
    assert_eq!(ada.rows.len(), 10_001);
    for line in &answer.lines {
        if let Line::Rows { rows, .. } = line {
            assert!(rows.len() <= haversack_core::protocol::ROWS_PER_LINE);
        }
    }
    let fields = ada.column("events", "custom_fields");
    assert!(
        fields
            .iter()
            .flatten()
            .all(|f| f.contains(r#""quote": "\"\\""#)),
        "{:?}",
        fields[0]
    );
}

#[tokio::test]
async fn partitions_are_watched_whenever_they_were_made() {
    let folder = crate::commands::Folder::new(
        "[tables.log]\nwritable = true",
        &[(
            "V1__log.sql",
            "CREATE TABLE log (day date, n int, PRIMARY KEY (day, n)) PARTITION BY RANGE (day);
             CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        )],
    );
    let endpoint = Endpoint::new(&folder.0).await;
    let mut anyone = endpoint.replica("1").await;
    endpoint
        .sql(
            "INSERT INTO log_1 VALUES ('2026-01-05', 1);
             CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
             INSERT INTO log_2 VALUES ('2026-02-05', 2);
             CREATE TABLE \"odd name\" (day date NOT NULL, n int NOT NULL);
             ALTER TABLE log ATTACH PARTITION \"odd name\" FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
             INSERT INTO \"odd name\" VALUES ('2026-03-05', 3);
             INSERT INTO log VALUES ('2026-01-06', 4)",
        )
        .await;
    anyone.pull().await;
    assert_eq!(anyone.rows.len(), 4, "{:?}", anyone.rows);
    // A row that moves between partitions is one row.
    endpoint
        .sql("UPDATE log SET day = '2026-03-06' WHERE n = 4")
        .await;
    anyone.pull().await;
    assert_eq!(anyone.rows.len(), 4);
    assert_eq!(
        anyone
            .push_one(insert("log", &[("day", "2026-02-07"), ("n", "5")]))
            .await
            .written
            .len(),
        1
    );
    assert_eq!(anyone.rows.len(), 5);
}

#[tokio::test]
async fn replicas_that_do_not_read_hold_up_nobody_else() {
    let endpoint = Endpoint::organizational().await;
    let mut grace = endpoint.replica("2").await;
    // More than waits on the way to a reader.
    endpoint
        .sql(
            "INSERT INTO events (user_id, title) SELECT 1, n::text FROM generate_series(1, 4000) n",
        )
        .await;
    let stalled = || async {
        let replica = endpoint.new_replica("1");
        let body = serde_json::to_string(&replica.request(vec![])).unwrap();
        let request = Request::post("/v1/sync")
            .header("authorization", format!("Bearer {}", replica.token))
            .body(Body::from(body))
            .unwrap();
        endpoint.router.clone().oneshot(request).await.unwrap()
    };
    let mut unread = Vec::new();
    for _ in 0..2 {
        let response = stalled().await;
        assert_eq!(response.status(), 200);
        unread.push(response);
    }
    for _ in 0..10 {
        assert_eq!(stalled().await.status(), 503, "a user has two at a time");
    }
    let verdict = grace.push_one(insert("events", &[("title", "hers")])).await;
    assert_eq!(word(&verdict), "applied");
    drop(unread);
    let mut ada = endpoint.new_replica("1");
    let request = ada.request(vec![]);
    let answer = async {
        loop {
            match ada.send(&request).await {
                Ok(answer) => return answer,
                Err(problem) => assert_eq!(problem.code, ErrorCode::Overloaded),
            }
        }
    };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(10), answer)
        .await
        .unwrap();
    ada.take(&answer);
    assert_eq!(ada.column("events", "title").len(), 4000);
}

#[tokio::test]
async fn an_endpoint_whose_connections_are_all_taken_still_says_how_it_is() {
    let endpoint = Endpoint::organizational().await;
    let mut taken = Vec::new();
    for _ in 0..endpoint.database.options().connections {
        taken.push(endpoint.state.pool.get().await.unwrap());
    }
    let start = std::time::Instant::now();
    let request = Request::get("/health").body(Body::empty()).unwrap();
    let health = endpoint.router.clone().oneshot(request).await.unwrap();
    assert_eq!(health.status(), 200);
    haversack_endpoint::serve::reread_once(&endpoint.state)
        .await
        .unwrap();
    assert!(start.elapsed().as_secs() < 4, "nothing waits for the pool");
}
