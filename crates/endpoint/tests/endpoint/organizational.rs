//! What the organizational schema's own SQL promises: V2's move of fields (O9), what goes with an
//! entity (O10), recovery and the audit log (O12).

use crate::harness::*;
use haversack_endpoint::migrate;

const ONE_EVENT: [(&str, &str); 7] = [
    ("tag_assignments", "taggable_id = 1"),
    ("links", "from_id = 1"),
    ("entity_fields", "entity_id = 1"),
    ("entity_files", "entity_id = 1"),
    ("list_items", "linked_id = 1"),
    ("list_items", "linked_id = 1 AND text_content IS NULL"),
    ("routine_event_instances", "event_id = 1"),
];

/// An event with everything that can hang on one.
const HUNG: &str = "
    INSERT INTO event_types (event_type_id, user_id, name) VALUES (1, 1, 'Task');
    INSERT INTO events (event_id, user_id, event_type_id, title, priority, location, custom_fields)
        VALUES (1, 1, 1, 'Pack', 3, 'Hall', '{\"project\": \"Alps\"}');
    INSERT INTO items (item_id, user_id, name) VALUES (9, 1, 'Rope');
    INSERT INTO tags (tag_id, user_id, name) VALUES (90, 1, 'urgent');
    INSERT INTO tag_assignments (taggable_type, taggable_id, tag_id, user_id) VALUES ('event', 1, 90, 1), ('item', 9, 90, 1);
    INSERT INTO links (link_id, user_id, from_type, from_id, to_type, to_id) VALUES (1, 1, 'event', 1, 'item', 9);
    INSERT INTO field_definitions (field_id, user_id, field_name) VALUES (1, 1, 'project');
    INSERT INTO entity_fields (entity_type, entity_id, field_id, user_id) VALUES ('event', 1, 1, 1);
    INSERT INTO entity_files (id, user_id, entity_type, entity_id, file_path, file_name) VALUES (1, 1, 'event', 1, 'a/b', 'b');
    INSERT INTO lists (list_id, user_id, title) VALUES (1, 1, 'Today');
    INSERT INTO list_items (list_item_id, user_id, list_id, text_content, linked_type, linked_id)
        VALUES (1, 1, 1, NULL, 'event', 1), (2, 1, 1, 'with a note', 'event', 1);
    INSERT INTO routines (routine_id, user_id, event_type_id, title, schedule_pattern) VALUES (1, 1, 1, 'Pack', 'FREQ=WEEKLY;BYDAY=MO');
    INSERT INTO routine_event_instances (instance_id, user_id, routine_id, event_id, scheduled_date) VALUES (1, 1, 1, 1, '2026-03-02 08:00Z');";

async fn counts(endpoint: &Endpoint) -> Vec<i64> {
    let mut counts = Vec::new();
    for (table, condition) in ONE_EVENT {
        counts.push(endpoint.count(&format!("{table} WHERE {condition}")).await);
    }
    counts
}

#[tokio::test]
async fn v2_moves_the_fields_that_fit_and_leaves_the_others_where_they_were() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    let migrations = migrate::read(&organizational()).unwrap();
    migrate::apply(&mut owner, &migrations[..1]).await.unwrap();
    owner
        .batch_execute(
            r#"INSERT INTO users (user_id, username, email, password_hash) VALUES (1, 'a', 'a@example.org', '!');
            INSERT INTO events (event_id, user_id, title, custom_fields) VALUES
            (1, 1, 'all', '{"priority": 4, "budget": "12.5", "location": "Oslo", "due_date": "2026-03-04T08:00:00.123456Z", "project": "Alpha"}'),
            (2, 1, 'none', '{"priority": "high", "budget": -1, "location": {"city": "Oslo"}, "due_date": "2026-02-31"}'),
            (3, 1, 'bounds', '{"priority": 6, "budget": 5000.01, "due_date": "2026-03-04"}'),
            (4, 1, 'untouched', '{"project": "Beta"}'),
            (5, 1, 'no object', '[1]'),
            (6, 1, 'nulls', '{"priority": null, "due_date": "tomorrow"}'),
            (7, 1, 'gone', '{"priority": 2, "project": "Gamma"}');
            DELETE FROM events WHERE event_id = 7;
            SET session_replication_role = replica;
            UPDATE events SET updated_at = '2020-01-01Z';
            RESET session_replication_role"#,
        )
        .await
        .unwrap();
    let found = |word: &'static str| {
        format!("SELECT count(*) FROM events WHERE search_vector @@ to_tsquery('{word}')")
    };
    let oslo = found("oslo");
    let before: i64 = owner.query_one(&oslo, &[]).await.unwrap().get(0);
    migrate::apply(&mut owner, &migrations).await.unwrap();
    let rows = owner
        .query(
            "SELECT concat_ws('|', event_id, coalesce(priority::text, '-'), coalesce(budget::text, '-'),
                    coalesce(location, '-'), coalesce((due_date AT TIME ZONE 'UTC')::text, '-'), custom_fields,
                    updated_at = '2020-01-01Z') FROM events ORDER BY event_id",
            &[],
        )
        .await
        .unwrap();
    let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        rows,
        [
            r#"1|4|12.50|Oslo|2026-03-04 08:00:00.123456|{"project": "Alpha"}|t"#,
            r#"2|-|-|-|-|{"budget": -1, "due_date": "2026-02-31", "location": {"city": "Oslo"}, "priority": "high"}|t"#,
            r#"3|-|-|-|2026-03-04 00:00:00|{"budget": 5000.01, "priority": 6}|t"#,
            r#"4|-|-|-|-|{"project": "Beta"}|t"#,
            r#"5|-|-|-|-|[1]|t"#,
            r#"6|-|-|-|-|{"due_date": "tomorrow"}|t"#,
        ]
    );
    let after: i64 = owner.query_one(&oslo, &[]).await.unwrap().get(0);
    assert_eq!((before, after), (2, 2), "found by place before and after");
    owner
        .batch_execute("UPDATE deleted_entities SET restored_at = now()")
        .await
        .unwrap();
    let back = owner
        .query_one(
            "SELECT priority, custom_fields::text FROM events WHERE event_id = 7",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (back.get::<_, i32>(0), back.get::<_, &str>(1)),
        (2, r#"{"project": "Gamma"}"#),
        "what was deleted under V1 comes back under V2"
    );
}

#[tokio::test]
async fn what_hangs_on_an_entity_goes_with_it_and_comes_back() {
    let endpoint = Endpoint::organizational().await;
    endpoint.sql(HUNG).await;
    assert_eq!(counts(&endpoint).await, [1, 1, 1, 1, 2, 1, 1]);
    let mut ada = endpoint.replica("1").await;
    let role = format!("{}_haversack_user", endpoint.database.name);
    endpoint
        .sql(&format!(
            "BEGIN; SET LOCAL app.current_user_id = '1'; SET LOCAL ROLE {role};
             DELETE FROM events; UPDATE routines SET event_type_id = NULL; DELETE FROM event_types; COMMIT"
        ))
        .await;
    assert_eq!(counts(&endpoint).await, [0; 7]);
    assert_eq!(
        endpoint.count("list_items").await,
        1,
        "an entry with a text stays"
    );
    assert_eq!(
        endpoint.count("tag_assignments").await,
        1,
        "the item keeps its tag"
    );
    assert_eq!(
        endpoint.count("routine_event_instances").await,
        1,
        "the day counts as dealt with"
    );

    ada.pull().await;
    let kept = ada.column("deleted_entities", "deletion_id")[0]
        .clone()
        .unwrap();
    let restore = ada.update(
        "deleted_entities",
        &kept,
        &[("restored_at", "2099-01-01T00:00:00Z")],
    );
    assert_eq!(word(&ada.push_one(restore).await), "applied");
    assert_eq!(counts(&endpoint).await, [1, 1, 1, 1, 2, 1, 1]);
    assert_eq!(
        endpoint
            .value("SELECT concat_ws(',', title, priority, location, custom_fields ->> 'project', event_type_id, deleted_at) FROM events")
            .await
            .as_deref(),
        Some("Pack,3,Hall,Alps"),
        "whole, but for the type that is gone meanwhile"
    );
    assert_eq!(
        ada.confirmed("events", "1", "title").as_deref(),
        Some("Pack"),
        "the client has it back with the answer"
    );
}

#[tokio::test]
async fn a_soft_deletion_can_be_taken_back_both_ways() {
    let endpoint = Endpoint::organizational().await;
    endpoint.sql(HUNG).await;
    let open = "deleted_entities WHERE restored_at IS NULL";
    for take_back in [
        "UPDATE events SET deleted_at = NULL",
        "UPDATE deleted_entities SET restored_at = now()",
    ] {
        endpoint.sql("UPDATE events SET deleted_at = now()").await;
        assert_eq!(endpoint.count(open).await, 1);
        endpoint.sql(take_back).await;
        assert_eq!(endpoint.count(open).await, 0, "{take_back}");
        assert_eq!(endpoint.count("events WHERE deleted_at IS NULL").await, 1);
        assert_eq!(counts(&endpoint).await, [1, 1, 1, 1, 2, 1, 1]);
    }
    // Softly, then for good: one record, and what hung on it is in it.
    endpoint
        .sql("UPDATE events SET deleted_at = now(); DELETE FROM events")
        .await;
    assert_eq!(endpoint.count(open).await, 1);
    endpoint
        .sql("UPDATE deleted_entities SET restored_at = now() WHERE restored_at IS NULL")
        .await;
    assert_eq!(counts(&endpoint).await, [1, 1, 1, 1, 2, 1, 1]);
    endpoint.sql("DELETE FROM users WHERE user_id = 1").await;
    for table in ["events", "deleted_entities", "operation_logs", "lists"] {
        assert_eq!(
            endpoint.count(table).await,
            0,
            "an account takes its {table}"
        );
    }
}

#[tokio::test]
async fn the_log_tells_what_users_did() {
    let endpoint = Endpoint::organizational().await;
    endpoint.sql(HUNG).await;
    assert_eq!(
        endpoint.count("operation_logs").await,
        0,
        "the owner's loading is no user's operation"
    );
    let mut ada = endpoint.replica("1").await;
    let tag = ada.lease("tags", 1).await.to_string();
    for op in [
        insert("tags", &[("tag_id", &tag), ("name", "later")]),
        insert(
            "tag_assignments",
            &[
                ("taggable_type", "event"),
                ("taggable_id", "1"),
                ("tag_id", &tag),
            ],
        ),
        ada.update("events", "1", &[("title", "Pack well")]),
    ] {
        let verdict = ada.push_one(op).await;
        assert_eq!(word(&verdict), "applied", "{verdict:?}");
    }
    let said: Vec<String> = endpoint
        .owner
        .query("SELECT concat_ws(' ', operation_type, entity_type, entity_id, changes) FROM operation_logs ORDER BY log_id", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(said[0], format!("CREATE tag {tag}"));
    assert!(
        said[1].starts_with("CREATE tag_assignment {")
            && said[1].contains(&format!(r#""tag_id": {tag}"#)),
        "{said:?}"
    );
    assert_eq!(
        said[2],
        r#"UPDATE event 1 {"title": ["Pack", "Pack well"]}"#
    );
    assert_eq!(ada.column("operation_logs", "log_id").len(), 3);
    let forged = insert(
        "operation_logs",
        &[("operation_type", "DELETE"), ("entity_type", "event")],
    );
    assert_eq!(rejection(&ada.push_one(forged).await).0, "42501");
    assert!(
        endpoint
            .replica("2")
            .await
            .column("operation_logs", "log_id")
            .is_empty()
    );
    endpoint.sql("SELECT prune_history('0')").await;
    assert_eq!(endpoint.count("operation_logs").await, 0);
}
