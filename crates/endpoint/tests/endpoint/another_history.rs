//! A database that was restored: what replicas push to it, and under which keys.

use crate::harness::*;
use haversack_core::ErrorCode;
use haversack_core::protocol::{Mutation, SyncRequest};

#[tokio::test]
async fn under_another_history_nothing_new_is_judged() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    for title in ["before the backup", "before the backup's end"] {
        ada.push_one(insert("events", &[("title", title)])).await;
    }
    let (cursor, epoch) = (ada.cursor.clone(), ada.epoch.clone());
    // As after a restore from an older backup, which has the first of them.
    endpoint
        .sql(
            "UPDATE haversack.replicas SET last_seq = 1; DELETE FROM haversack.verdicts WHERE seq > 1;
             UPDATE haversack.meta SET history = gen_random_uuid()",
        )
        .await;
    // A gap, the very next number, and one that is known.
    let after = ada.mutation(vec![insert("events", &[("title", "after")])]);
    let next = Mutation {
        seq: 2,
        ..after.clone()
    };
    for mutation in [after.clone(), next] {
        let answer = ada.send(&ada.request(vec![mutation])).await.unwrap();
        assert!(answer.head.verdicts.is_empty());
        assert!(answer.head.snapshot);
        assert_ne!(Some(answer.head.epoch), epoch);
    }
    assert_eq!(endpoint.count("events WHERE title = 'after'").await, 0);
    // As a new replica, which took over what was not judged, it goes on under its numbers.
    let request = ada.request(vec![]);
    ada.sync(&request).await;
    assert_ne!((&ada.cursor, &ada.epoch), (&cursor, &epoch));
    (ada.id, ada.began) = (uuid::Uuid::new_v4().to_string(), 2);
    let request = ada.request(vec![after]);
    assert_eq!(word(&ada.sync(&request).await.head.verdicts[0]), "applied");
    assert_eq!(word(&ada.push(vec![vec![]]).await[0]), "applied");
}

#[tokio::test]
async fn a_replica_begins_where_it_says_and_nowhere_else() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    (ada.began, ada.seq) = (6, 6);
    let seven = ada.mutation(vec![insert("events", &[("title", "seven")])]);
    let request = ada.request(vec![seven]);
    for began in [0, 5, 7, u64::MAX] {
        let other = SyncRequest {
            began,
            ..request.clone()
        };
        let answer = ada.send(&other).await;
        // From 7 on, 7 was judged by another replica.
        if began == 7 {
            assert_eq!(word(&answer.unwrap().head.verdicts[0]), "applied");
        } else {
            let code = answer.unwrap_err().code;
            let expected = match began {
                u64::MAX => ErrorCode::MalformedRequest,
                _ => ErrorCode::SequenceGap,
            };
            assert_eq!(code, expected, "{began}");
        }
    }
    assert_eq!(endpoint.count("events").await, 0);
    assert_eq!(word(&ada.sync(&request).await.head.verdicts[0]), "applied");
    // Then what it says counts no more.
    ada.began = 100;
    assert_eq!(word(&ada.push(vec![vec![]]).await[0]), "applied");
}

#[tokio::test]
async fn after_a_restore_keys_given_before_serve_their_user_and_are_given_to_nobody() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let mut grace = endpoint.replica("2").await;
    let kept = ada.lease("events", 1).await;
    let backup = "SELECT last_value FROM events_event_id_seq";
    let last: i64 = endpoint.value(backup).await.unwrap().parse().unwrap();
    // What is given after the backup, which the restored database does not know of.
    let lost = ada.lease("events", 1).await;
    endpoint
        .sql(&format!(
            "DELETE FROM haversack.leases WHERE lo >= {lost};
             SELECT setval('events_event_id_seq', {last});
             UPDATE haversack.meta SET history = gen_random_uuid()"
        ))
        .await;
    let request = ada.request(vec![]);
    ada.sync(&request).await;
    ada.id = uuid::Uuid::new_v4().to_string();
    ada.began = ada.seq;
    let given = grace.lease("events", 1).await;
    assert!(
        given > lost + 999_999,
        "{lost} may be given again, as {given}"
    );
    let keyless = endpoint
        .value("SELECT nextval('events_event_id_seq')")
        .await;
    assert!(keyless.unwrap().parse::<i64>().unwrap() > given);
    // Another user's, from before the backup.
    let verdict = grace.push_one(event(kept, "stolen")).await;
    assert_eq!(rejection(&verdict).0, "42501");
    for key in [kept, lost] {
        assert_eq!(word(&ada.push_one(event(key, "mine")).await), "applied");
    }
    // What is given from now on is the replica's alone.
    let fresh = ada.lease("events", 1).await;
    ada.id = uuid::Uuid::new_v4().to_string();
    ada.began = ada.seq;
    let verdict = ada.push_one(event(fresh, "of another replica")).await;
    assert_eq!(rejection(&verdict).0, "42501");
    // It is noted once.
    let noted = endpoint
        .value("SELECT count(*) FROM haversack.skipped")
        .await;
    endpoint.sql("SELECT haversack.note_history()").await;
    assert_eq!(
        endpoint
            .value("SELECT count(*) FROM haversack.skipped")
            .await,
        noted
    );
}
