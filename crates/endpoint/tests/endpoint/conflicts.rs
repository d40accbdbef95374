//! Who was first: the server's values win, column by column, and nothing is lost in silence.

use crate::harness::*;
use haversack_core::protocol::Op;
use haversack_core::value;

async fn two_replicas() -> (Endpoint, Replica, Replica) {
    let endpoint = Endpoint::organizational().await;
    endpoint
        .sql("INSERT INTO events (event_id, user_id, title, location) VALUES (7, 1, 'old', 'here')")
        .await;
    let (a, b) = (endpoint.replica("1").await, endpoint.replica("1").await);
    (endpoint, a, b)
}

fn hash(endpoint: &Endpoint, replica: &Replica, key: &str) -> String {
    let table = &endpoint.schema.tables[usize::from(endpoint.schema.table_id("events").unwrap().0)];
    let row = &replica.rows[&("events".to_owned(), vec![key.to_owned()])];
    let values: Vec<_> = table
        .columns
        .iter()
        .zip(row)
        .map(|(c, text)| {
            text.as_ref()
                .map_or(value::Value::Null, |t| value::parse(&c.kind, t).unwrap())
        })
        .collect();
    value::row_hash(&values)
}

#[tokio::test]
async fn the_same_column_conflicts_and_the_loser_is_told() {
    let (endpoint, mut a, mut b) = two_replicas().await;
    let mine = a.update("events", "7", &[("title", "a's")]);
    b.push_one(b.update("events", "7", &[("title", "b's")]))
        .await;
    let verdict = a.push_one(mine).await;
    assert_eq!(word(&verdict), CONFLICT);
    let lost = &verdict.lost[0];
    assert_eq!(lost.column.as_deref(), Some("title"));
    assert_eq!(
        (lost.mine.as_deref(), lost.theirs.as_deref()),
        (Some("a's"), Some("b's"))
    );
    assert_eq!(
        a.confirmed("events", "7", "title").as_deref(),
        Some("b's"),
        "the same answer brings the row"
    );
    assert_eq!(
        endpoint.value("SELECT title FROM events").await.as_deref(),
        Some("b's")
    );
    // Applying it again, now that it was seen, succeeds.
    let again = a.update("events", "7", &[("title", "a's")]);
    assert_eq!(word(&a.push_one(again).await), "applied");
}

#[tokio::test]
async fn different_columns_merge() {
    let (endpoint, mut a, mut b) = two_replicas().await;
    let only = a.update("events", "7", &[("location", "there")]);
    let both = a.update("events", "7", &[("title", "a's"), ("priority", "4")]);
    b.push_one(b.update("events", "7", &[("title", "b's")]))
        .await;
    assert_eq!(word(&a.push_one(only).await), "applied");
    let verdict = a.push_one(both).await;
    assert_eq!((word(&verdict), verdict.lost.len()), ("merged", 1));
    assert!(
        !verdict.written[0].values.contains_key("title"),
        "what lost was not written"
    );
    let row = endpoint
        .value("SELECT concat_ws('|', title, location, priority) FROM events")
        .await;
    assert_eq!(row.as_deref(), Some("b's|there|4"));
}

#[tokio::test]
async fn equal_values_never_conflict() {
    let (_endpoint, mut a, mut b) = two_replicas().await;
    let mine = a.update(
        "events",
        "7",
        &[("title", "same"), ("due_date", "2026-05-01 02:00:00+02")],
    );
    b.push_one(b.update(
        "events",
        "7",
        &[("title", "same"), ("due_date", "2026-05-01T00:00:00Z")],
    ))
    .await;
    assert_eq!(word(&a.push_one(mine).await), "applied");
}

#[tokio::test]
async fn a_replica_never_conflicts_with_itself() {
    let (endpoint, mut a, _) = two_replicas().await;
    // Three edits made before any was sent: all have the same base.
    let edits: Vec<_> = ["1", "2", "3"]
        .iter()
        .map(|t| vec![a.update("events", "7", &[("title", t)])])
        .collect();
    let late = a.update("events", "7", &[("title", "4")]);
    let delete = Op::Delete {
        table: "events".into(),
        key: vec!["7".into()],
        base: Some(hash(&endpoint, &a, "7")),
    };
    assert!(a.push(edits).await.iter().all(|v| word(v) == "applied"));
    // Two more, made when nothing had been judged, but sent later.
    a.seen = 0;
    let mutations = vec![a.mutation(vec![late]), a.mutation(vec![delete])];
    let request = a.request(mutations);
    let verdicts = a.sync(&request).await.head.verdicts;
    assert_eq!(
        verdicts.iter().map(word).collect::<Vec<_>>(),
        ["applied", "applied"]
    );
    assert_eq!(endpoint.count("events").await, 0);
}

#[tokio::test]
async fn what_a_replica_saw_before_is_no_excuse() {
    let (endpoint, mut a, mut b) = two_replicas().await;
    a.push_one(a.update("events", "7", &[("title", "a's")]))
        .await;
    b.pull().await;
    b.push_one(b.update("events", "7", &[("title", "b's")]))
        .await;
    b.push_one(b.update("events", "7", &[("title", "a's")]))
        .await;
    // A made this one after its first had been judged, from a base that is not the server's value.
    let mut stale = a.update("events", "7", &[("title", "mine")]);
    if let Op::Update { base, .. } = &mut stale {
        base.insert(
            "title",
            haversack_core::protocol::Base::Text(Some("older".into())),
        );
    }
    assert_eq!(word(&a.push_one(stale).await), CONFLICT);
    assert_eq!(
        endpoint.value("SELECT title FROM events").await.as_deref(),
        Some("a's")
    );
}

#[tokio::test]
async fn a_delete_does_not_take_an_edit_with_it() {
    let (endpoint, mut a, mut b) = two_replicas().await;
    let base = Some(hash(&endpoint, &a, "7"));
    let delete = Op::Delete {
        table: "events".into(),
        key: vec!["7".into()],
        base: base.clone(),
    };
    b.push_one(b.update("events", "7", &[("location", "moved")]))
        .await;
    let verdict = a.push_one(delete.clone()).await;
    assert_eq!((word(&verdict), verdict.lost.len()), (CONFLICT, 1));
    assert_eq!(verdict.lost[0].column, None);
    assert_eq!(endpoint.count("events").await, 1);

    // Nor when an edit of the replica's own lies on top of someone else's.
    let mine = a.update("events", "7", &[("title", "a's")]);
    let base = Some(hash(&endpoint, &a, "7"));
    b.pull().await;
    b.push_one(b.update("events", "7", &[("location", "moved again")]))
        .await;
    let delete = Op::Delete {
        table: "events".into(),
        key: vec!["7".into()],
        base,
    };
    let verdicts = a.push(vec![vec![mine], vec![delete]]).await;
    assert_eq!(
        verdicts.iter().map(word).collect::<Vec<_>>(),
        ["applied", CONFLICT]
    );

    let now = Op::Delete {
        table: "events".into(),
        key: vec!["7".into()],
        base: Some(hash(&endpoint, &a, "7")),
    };
    assert_eq!(word(&a.push_one(now.clone()).await), "applied");
    assert_eq!(
        word(&a.push_one(now).await),
        "applied",
        "a row that is gone is gone"
    );
}

#[tokio::test]
async fn an_edit_of_a_deleted_row_is_gone() {
    let (endpoint, mut a, mut b) = two_replicas().await;
    let mine = a.update("events", "7", &[("title", "a's")]);
    let delete = Op::Delete {
        table: "events".into(),
        key: vec!["7".into()],
        base: Some(hash(&endpoint, &b, "7")),
    };
    assert_eq!(word(&b.push_one(delete).await), "applied");
    assert_eq!(word(&a.push_one(mine).await), "gone");
    assert!(a.rows.keys().all(|(table, _)| table != "events"));
}

#[tokio::test]
async fn several_rows_stand_or_fall_together() {
    let (endpoint, mut a, mut b) = two_replicas().await;
    endpoint
        .sql("INSERT INTO events (event_id, user_id, title) VALUES (8, 1, 'second')")
        .await;
    a.pull().await;
    let ops = vec![
        a.update("events", "8", &[("title", "a8")]),
        a.update("events", "7", &[("title", "a7")]),
    ];
    let after = a.update("events", "8", &[("title", "later")]);
    b.push_one(b.update("events", "7", &[("title", "b7")]))
        .await;
    let verdicts = a.push(vec![ops, vec![after]]).await;
    assert_eq!(
        verdicts.iter().map(word).collect::<Vec<_>>(),
        [CONFLICT, "applied"]
    );
    assert_eq!(verdicts[0].lost.len(), 2, "both values are kept");
    let titles = endpoint
        .value("SELECT string_agg(title, ',' ORDER BY event_id) FROM events")
        .await;
    assert_eq!(titles.as_deref(), Some("b7,later"));
}

#[tokio::test]
async fn inserting_what_is_there_is_applied_or_a_conflict() {
    let endpoint = Endpoint::organizational().await;
    let mut a = endpoint.replica("1").await;
    let id = a.lease("events", 1).await;
    assert_eq!(word(&a.push_one(event(id, "t")).await), "applied");
    assert_eq!(word(&a.push_one(event(id, "t")).await), "applied");
    let verdict = a.push_one(event(id, "other")).await;
    assert_eq!((word(&verdict), verdict.lost.len()), (CONFLICT, 1));
    assert_eq!(endpoint.count("events").await, 1);
}
