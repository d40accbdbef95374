//! A mutation that can't be done is refused by itself; what is around it goes on.

use crate::harness::*;
use haversack_core::ErrorCode;

/// A trigger that raises a SQLSTATE for the events with that title, and sleeps for `slow`.
const RAISES: &str = "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF new.title = 'slow' THEN PERFORM pg_sleep(3); END IF;
        IF new.title ~ '^[0-9A-Z]{5}$' THEN
            RAISE EXCEPTION 'secret words' USING errcode = new.title;
        END IF;
        RETURN new;
    END $$;
    CREATE TRIGGER poison BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION poison()";

#[tokio::test]
async fn what_a_trigger_raises_stops_only_its_own_mutation() {
    let endpoint = Endpoint::organizational().await;
    endpoint.sql(RAISES).await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 20).await;
    let states = ["57014", "57P01", "53100", "53300", "08006"];
    for (i, state) in states.iter().enumerate() {
        let id = first + 3 * i as i64;
        let verdicts = ada
            .push(vec![
                vec![event(id, "before")],
                vec![event(id + 1, state)],
                vec![event(id + 2, "after")],
            ])
            .await;
        assert_eq!(
            verdicts.iter().map(word).collect::<Vec<_>>(),
            ["applied", "rejected", "applied"],
            "{state}"
        );
        let (found, error) = rejection(&verdicts[1]);
        assert_eq!((found.as_str(), error.code), (*state, ErrorCode::Rejected));
        assert!(!error.message.contains("secret"), "{error:?}");
    }
    let count = 2 * states.len() as i64;
    assert_eq!(endpoint.count("events").await, count);
}

#[tokio::test]
async fn a_statement_that_is_cancelled_stops_only_its_own_mutation() {
    let endpoint = Endpoint::organizational().await;
    endpoint.sql(RAISES).await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 2).await;
    let slow = ada.mutation(vec![event(first, "slow")]);
    let healthy = ada.mutation(vec![event(first + 1, "healthy")]);
    let request = ada.request(vec![slow, healthy]);
    // As the statement timeout does it, without waiting for that.
    let cancel = async {
        let running = "(SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event = 'PgSleep')";
        while endpoint.value(running).await.unwrap() == "0" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let (answer, ()) = tokio::join!(ada.send(&request), cancel);
    let verdicts = answer.unwrap().head.verdicts;
    assert_eq!(rejection(&verdicts[0]).0, "57014");
    assert_eq!(word(&verdicts[1]), "applied");
}

#[tokio::test]
async fn a_push_just_after_a_migration_uses_up_no_number() {
    for migration in [
        "ALTER TABLE events RENAME COLUMN description TO details",
        "ALTER TABLE events DROP COLUMN description",
        "ALTER TABLE events ALTER COLUMN title TYPE varchar(300)",
        "ALTER TABLE events ADD COLUMN needed integer NOT NULL",
        "ALTER TABLE events RENAME TO things; CREATE VIEW events AS SELECT 1 AS event_id",
    ] {
        let endpoint = Endpoint::organizational().await;
        let mut ada = endpoint.replica("1").await;
        let first = ada.lease("events", 2).await;
        endpoint.sql(migration).await;
        let mutation = ada.mutation(vec![event(first, "in the window")]);
        let request = ada.request(vec![mutation]);
        match ada.send(&request).await {
            // Nothing that the migration did was in the way.
            Ok(answer) => assert_eq!(word(&answer.head.verdicts[0]), "applied", "{migration}"),
            Err(problem) => {
                let known = [ErrorCode::SchemaChanged, ErrorCode::Internal];
                assert!(known.contains(&problem.code), "{migration}: {problem:?}");
                assert_eq!(endpoint.count("haversack.verdicts").await, 0, "{migration}");
                let last = endpoint.value("SELECT max(last_seq) FROM haversack.replicas");
                assert_eq!(last.await.unwrap(), "0", "{migration}");
            }
        }
    }
}

#[tokio::test]
async fn a_renamed_column_is_heard_of_at_once_and_a_faulty_trigger_is_a_refusal() {
    let endpoint = Endpoint::organizational().await;
    endpoint
        .sql("CREATE FUNCTION faulty() RETURNS trigger LANGUAGE plpgsql AS $$
              BEGIN IF new.title = 'faulty' THEN PERFORM nothing_here FROM events; END IF; RETURN new; END $$;
              CREATE TRIGGER faulty BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION faulty()")
        .await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 4).await;
    // The schema is the same, so it is the mutation that is wrong.
    let verdicts = ada
        .push(vec![
            vec![event(first, "before")],
            vec![event(first + 1, "faulty")],
            vec![event(first + 2, "after")],
        ])
        .await;
    assert_eq!(
        verdicts.iter().map(word).collect::<Vec<_>>(),
        ["applied", "rejected", "applied"]
    );
    assert_eq!(rejection(&verdicts[1]).0, "42703");
    endpoint
        .sql("ALTER TABLE events RENAME COLUMN description TO details")
        .await;
    let mutation = ada.mutation(vec![event(first + 3, "in the window")]);
    let request = ada.request(vec![mutation]);
    let problem = ada.send(&request).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::SchemaChanged);
    endpoint
        .sql("ALTER TABLE events RENAME COLUMN details TO description")
        .await;
    haversack_endpoint::serve::reread_once(&endpoint.state)
        .await
        .unwrap();
    assert_eq!(word(&ada.sync(&request).await.head.verdicts[0]), "applied");
}

#[tokio::test]
async fn a_connection_that_is_lost_leaves_the_verdict_unknown() {
    let endpoint = Endpoint::organizational().await;
    endpoint.sql(RAISES).await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 2).await;
    let slow = ada.mutation(vec![event(first, "slow")]);
    let request = ada.request(vec![slow]);
    let kill = async {
        let running = "(SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event = 'PgSleep')";
        while endpoint.value(running).await.unwrap() == "0" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let (answer, ()) = tokio::join!(ada.send(&request), kill);
    let problem = answer.unwrap_err();
    assert_eq!(problem.status, 503, "{problem:?}");
    assert_eq!(endpoint.count("haversack.verdicts").await, 0);
    assert_eq!(ada.sync(&request).await.head.verdicts.len(), 1);
}
