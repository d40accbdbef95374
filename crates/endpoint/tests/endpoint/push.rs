//! Mutations take effect once, in order, under the same verdict however often they are sent.

use crate::harness::*;
use haversack_core::ErrorCode;
use haversack_core::protocol::Op;

#[tokio::test]
async fn a_batch_sent_again_has_the_same_verdicts_and_one_effect() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 10).await;
    let ops = vec![
        vec![event(first, "one")],
        vec![event(first + 1, ""), event(first + 2, "not by itself")],
        vec![event(first + 3, "three")],
    ];
    let mutations = ops.into_iter().map(|ops| ada.mutation(ops)).collect();
    let request = ada.request(mutations);
    let once = ada.send(&request).await.unwrap();
    assert_eq!(
        once.head.verdicts.iter().map(word).collect::<Vec<_>>(),
        ["applied", "rejected", "applied"]
    );
    for _ in 0..3 {
        let again = ada.send(&request).await.unwrap();
        assert_eq!(again.head.verdicts, once.head.verdicts);
    }
    assert_eq!(endpoint.count("events").await, 2);
    assert_eq!(endpoint.count("haversack.changes WHERE tbl = (SELECT id FROM haversack.tables WHERE name = 'events')").await, 2);
    // The answer to the push has the rows that the push made.
    ada.take(&once);
    assert_eq!(ada.column("events", "title").len(), 2);
}

#[tokio::test]
async fn acknowledged_verdicts_are_forgotten() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 2).await;
    ada.push_one(event(first, "one")).await;
    assert_eq!(endpoint.count("haversack.verdicts").await, 1);
    ada.acknowledged = 1;
    ada.pull().await;
    assert_eq!(endpoint.count("haversack.verdicts").await, 0);
    ada.push_one(event(first + 1, "two")).await;
    assert_eq!(endpoint.count("events").await, 2);
}

#[tokio::test]
async fn an_acknowledged_number_sent_again_is_done_with() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 3).await;
    let one = ada.mutation(vec![event(first, "one")]);
    let refused = ada.mutation(vec![event(first + 1, "")]);
    let sent = ada.request(vec![one.clone(), refused.clone()]);
    ada.sync(&sent).await;
    ada.acknowledged = 2;
    ada.pull().await;
    // Alone, and with a new one behind it.
    let three = ada.mutation(vec![event(first + 2, "three")]);
    for mutations in [
        vec![one.clone(), refused.clone()],
        vec![one, refused, three],
    ] {
        let count = mutations.len();
        let request = ada.request(mutations);
        let verdicts = ada.sync(&request).await.head.verdicts;
        assert_eq!(verdicts.len(), count);
        assert!(verdicts.iter().all(|v| word(v) == "applied"));
        assert!(verdicts[..2].iter().all(|v| v.written.is_empty()));
    }
    assert_eq!(endpoint.count("events").await, 2);
}

#[tokio::test]
async fn a_gap_stops_the_push_before_anything_is_applied() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 4).await;
    let one = ada.mutation(vec![event(first, "one")]);
    let two = ada.mutation(vec![event(first + 1, "two")]);
    let three = ada.mutation(vec![event(first + 2, "three")]);
    for mutations in [
        vec![two.clone()],
        vec![one.clone(), three.clone()],
        vec![one.clone(), one.clone()],
    ] {
        let problem = ada.send(&ada.request(mutations)).await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::SequenceGap);
        assert_eq!(endpoint.count("events").await, 0);
    }
    let request = ada.request(vec![one, two, three]);
    assert_eq!(ada.sync(&request).await.head.verdicts.len(), 3);
}

#[tokio::test]
async fn one_number_is_one_mutation() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 4).await;
    let one = ada.mutation(vec![event(first, "device one")]);
    let sent = ada.request(vec![one.clone()]);
    ada.sync(&sent).await;
    // The copy of its profile, with the same id.
    let mut copy = ada.clone();
    copy.seq = 0;
    let other = copy.mutation(vec![event(first + 1, "device two")]);
    let next = copy.mutation(vec![event(first + 2, "and more")]);
    let mut later = one.clone();
    later.at += 1;
    for mutations in [vec![other.clone()], vec![other, next], vec![later]] {
        let problem = copy.send(&copy.request(mutations)).await.unwrap_err();
        assert_eq!(
            (problem.code, problem.status),
            (ErrorCode::ReplicaForked, 409)
        );
    }
    assert_eq!(endpoint.count("events").await, 1);
    // What it has seen meanwhile makes it no other one.
    let mut again = one;
    again.seen = 1;
    assert_eq!(
        word(
            &ada.send(&ada.request(vec![again]))
                .await
                .unwrap()
                .head
                .verdicts[0]
        ),
        "applied"
    );
    // A number that was never used is filled with any time.
    let filler = ada.mutation(vec![]);
    for at in [1, 2] {
        let filler = haversack_core::protocol::Mutation {
            at,
            ..filler.clone()
        };
        let request = ada.request(vec![filler]);
        assert_eq!(word(&ada.sync(&request).await.head.verdicts[0]), "applied");
    }
}

#[tokio::test]
async fn an_empty_mutation_fills_its_number() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 1).await;
    let verdicts = ada.push(vec![vec![], vec![event(first, "one")]]).await;
    assert_eq!(
        verdicts.iter().map(word).collect::<Vec<_>>(),
        ["applied", "applied"]
    );
}

#[tokio::test]
async fn a_replica_belongs_to_one_user() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 2).await;
    let mut grace = endpoint.new_replica("2");
    grace.id = ada.id.clone();
    let mutation = grace.mutation(vec![event(first, "stolen")]);
    for mutations in [vec![], vec![mutation]] {
        let problem = grace.send(&grace.request(mutations)).await.unwrap_err();
        assert_eq!(
            (problem.code, problem.status),
            (ErrorCode::ReplicaForeign, 403)
        );
    }
    assert_eq!(endpoint.count("events").await, 0);
    assert_eq!(word(&ada.push_one(event(first, "mine")).await), "applied");
}

#[tokio::test]
async fn keys_come_from_this_replicas_leases_only() {
    let endpoint = Endpoint::organizational().await;
    let mut a = endpoint.replica("1").await;
    let mut b = endpoint.replica("1").await;
    let mut request = a.request(vec![]);
    request.leases.insert("events", 5);
    request.leases.insert("tags", 2);
    let leases = a.sync(&request).await.head.leases;
    assert_eq!(
        leases["events"]
            .iter()
            .map(|(lo, hi)| hi - lo + 1)
            .sum::<i64>(),
        5
    );
    assert_eq!(leases["tags"].len(), 1);
    let mine = leases["events"][0].0;
    let other = b.lease("events", 5).await;
    assert!(
        !leases["events"]
            .iter()
            .any(|(lo, hi)| (*lo..=*hi).contains(&other)),
        "handed out twice"
    );
    for stolen in [mine, 999_999, -1] {
        let verdict = b.push_one(event(stolen, "stolen")).await;
        assert_eq!(rejection(&verdict).0, "42501", "{stolen}");
    }
    assert_eq!(word(&a.push_one(event(mine, "mine")).await), "applied");
    // Without a key the sequence gives one.
    let verdict = a.push_one(insert("events", &[("title", "keyless")])).await;
    assert_eq!(word(&verdict), "applied");
    assert_eq!(verdict.written[0].key.len(), 1);
    // A key is not moved to where another replica's lease lies.
    let verdict = a
        .push_one(a.update(
            "events",
            &mine.to_string(),
            &[("event_id", &other.to_string())],
        ))
        .await;
    assert_eq!(rejection(&verdict).0, "42501");
}

#[tokio::test]
async fn keys_of_answers_that_never_arrived_are_offered_again() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.new_replica("1");
    let asked = |ada: &Replica, count| {
        let mut request = ada.request(vec![]);
        request.leases.insert("events", count);
        request
    };
    let keys = |answer: &Answer| answer.head.leases["events"].clone();
    let total = "(SELECT sum(hi - lo + 1) FROM haversack.leases)";
    // At the first sync, where there is no cursor yet.
    let lost = ada.send(&asked(&ada, 100)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(
            keys(&ada.send(&asked(&ada, 100)).await.unwrap()),
            keys(&lost)
        );
    }
    let request = asked(&ada, 150);
    let first = ada.sync(&request).await;
    assert_eq!(keys(&first)[0], keys(&lost)[0]);
    assert_eq!(endpoint.value(total).await.unwrap(), "150");
    // Later too, and never what has arrived.
    let lost = ada.send(&asked(&ada, 10)).await.unwrap();
    assert!(keys(&lost)[0].0 > keys(&first).last().unwrap().1);
    let request = asked(&ada, 10);
    assert_eq!(keys(&ada.sync(&request).await), keys(&lost));
    let next = keys(&ada.send(&asked(&ada, 10)).await.unwrap());
    assert!(next[0].0 > keys(&lost).last().unwrap().1);
    // One without its cursor may have them: its epoch says so.
    ada.cursor = None;
    let request = asked(&ada, 10);
    let other = keys(&ada.sync(&request).await);
    assert!(other[0].0 > next.last().unwrap().1);
    assert_eq!(
        word(&ada.push_one(event(other[0].0, "kept")).await),
        "applied"
    );
}

#[tokio::test]
async fn unknown_tables_get_no_lease() {
    let endpoint = Endpoint::organizational().await;
    let ada = endpoint.replica("1").await;
    for (table, code) in [
        ("nope", ErrorCode::UnknownTable),
        ("tag_assignments", ErrorCode::InvalidQuery),
    ] {
        let mut request = ada.request(vec![]);
        request.leases.insert(table, 5);
        assert_eq!(ada.send(&request).await.unwrap_err().code, code);
    }
}

#[tokio::test]
async fn a_deferred_constraint_fails_its_own_mutation_only() {
    let endpoint = Endpoint::organizational().await;
    endpoint
        .sql("ALTER TABLE events DROP CONSTRAINT events_user_id_event_type_id_fkey;
              ALTER TABLE events ADD CONSTRAINT events_type_deferred FOREIGN KEY (user_id, event_type_id)
              REFERENCES event_types (user_id, event_type_id) DEFERRABLE INITIALLY DEFERRED")
        .await;
    haversack_endpoint::serve::reread_once(&endpoint.state)
        .await
        .unwrap();
    let mut ada = endpoint.new_replica("1");
    ada.fingerprint = endpoint.state.compiled().schema.fingerprint.clone();
    ada.pull().await;
    let event_id = ada.lease("events", 4).await;
    let type_id = ada.lease("event_types", 4).await;
    let typed = |id: i64, kind: i64| {
        insert(
            "events",
            &[
                ("event_id", &id.to_string()),
                ("title", "t"),
                ("event_type_id", &kind.to_string()),
            ],
        )
    };
    let kind = |id: i64| {
        insert(
            "event_types",
            &[
                ("event_type_id", &id.to_string()),
                ("name", &format!("k{id}")),
            ],
        )
    };
    let verdicts = ada
        .push(vec![
            vec![typed(event_id, type_id + 3)],
            // The child first: only a deferred constraint allows it, in every mutation anew.
            vec![typed(event_id + 1, type_id), kind(type_id)],
            vec![typed(event_id + 2, type_id + 1), kind(type_id + 1)],
        ])
        .await;
    assert_eq!(
        verdicts.iter().map(word).collect::<Vec<_>>(),
        ["rejected", "applied", "applied"]
    );
    let (state, error) = rejection(&verdicts[0]);
    assert_eq!(
        (state.as_str(), error.details.constraint.as_deref()),
        ("23503", Some("events_type_deferred"))
    );
    assert_eq!(endpoint.count("events").await, 2);
}

#[tokio::test]
async fn a_hundred_mutations_take_well_under_a_second() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 200).await;
    // The first batch prepares the statements.
    ada.push((0..100).map(|i| vec![event(first + i, "t")]).collect())
        .await;
    let start = std::time::Instant::now();
    let verdicts = ada
        .push((100..200).map(|i| vec![event(first + i, "t")]).collect())
        .await;
    assert!(verdicts.iter().all(|v| word(v) == "applied"));
    assert!(
        start.elapsed().as_secs_f64() < 2.0,
        "{:?} even without optimisation",
        start.elapsed()
    );
    let problem = {
        let mutations = (0..101).map(|_| ada.mutation(vec![])).collect();
        ada.send(&ada.request(mutations)).await.unwrap_err()
    };
    assert_eq!(problem.code, ErrorCode::MalformedRequest);
}

#[tokio::test]
async fn what_triggers_make_reaches_the_replica() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 1).await;
    let tag = ada.lease("tags", 1).await;
    let id = first.to_string();
    ada.push(vec![
        vec![event(first, "one")],
        vec![insert(
            "tags",
            &[("tag_id", &tag.to_string()), ("name", "x")],
        )],
        vec![insert(
            "tag_assignments",
            &[
                ("taggable_type", "event"),
                ("taggable_id", &id),
                ("tag_id", &tag.to_string()),
            ],
        )],
    ])
    .await;
    assert_eq!(ada.column("tag_assignments", "taggable_id").len(), 1);
    assert_eq!(
        ada.column("tag_assignments", "user_id"),
        [Some("1".to_owned())]
    );
    let created = ada.confirmed("events", &id, "updated_at");
    let update = ada.update("events", &id, &[("title", "two")]);
    let verdict = ada.push_one(update).await;
    assert_ne!(ada.confirmed("events", &id, "updated_at"), created);
    // The hash that the verdict names is that of the row as it is now.
    let delete = Op::Delete {
        table: "events".into(),
        key: vec![id],
        base: verdict.written[0].hash.clone(),
    };
    assert_eq!(word(&ada.push_one(delete).await), "applied");
    assert!(
        ada.column("tag_assignments", "taggable_id").is_empty(),
        "what hangs on an entity goes with it"
    );
}

#[tokio::test]
async fn a_verdict_that_is_given_has_reached_the_disk_whatever_the_database_is_set_to() {
    let endpoint = Endpoint::organizational().await;
    let name = &endpoint.database.name;
    endpoint
        .sql(&format!(
            "ALTER DATABASE {name} SET synchronous_commit = off;
             CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN NEW.description := current_setting('synchronous_commit'); RETURN NEW; END $$;
             CREATE TRIGGER say BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION say()"
        ))
        .await;
    // Connections of before have the setting of before.
    endpoint.state.pool.retain(|_, _| false);
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 1).await;
    ada.push_one(event(first, "one")).await;
    assert_eq!(ada.column("events", "description"), [Some("on".to_owned())]);
}
