//! Bad input: each mutation is refused by name with its reason, nothing is half applied, and the
//! next one is not held up.

use crate::harness::*;
use haversack_core::ErrorCode;
use haversack_core::protocol::Op;

#[tokio::test]
async fn bad_values_are_refused_one_by_one() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let id = ada.lease("events", 20).await;
    let long = "x".repeat(256);
    let row = |column: &str, value: &str| {
        insert(
            "events",
            &[
                ("event_id", &id.to_string()),
                ("title", "t"),
                (column, value),
            ],
        )
    };
    let cases = [
        (row("nope", "1"), ErrorCode::UnknownColumn, ""),
        (row("search_vector", "x"), ErrorCode::UnknownColumn, ""),
        (
            row("created_at", "2020-01-01"),
            ErrorCode::PermissionDenied,
            "42501",
        ),
        (row("user_id", "2"), ErrorCode::PermissionDenied, "42501"),
        (row("priority", "high"), ErrorCode::TypeMismatch, "22P02"),
        (row("due_date", "someday"), ErrorCode::TypeMismatch, "22007"),
        (
            row("priority", "99999999999"),
            ErrorCode::OutOfRange,
            "22003",
        ),
        (
            row("budget", "123456789.00"),
            ErrorCode::OutOfRange,
            "22003",
        ),
        (row("title", &long), ErrorCode::ValueTooLong, "22001"),
        (row("custom_fields", "{"), ErrorCode::TypeMismatch, "22P02"),
        (row("priority", "6"), ErrorCode::Rejected, "23514"),
        (row("event_type_id", "98765"), ErrorCode::Rejected, "23503"),
        (
            insert("events", &[("event_id", &id.to_string())]),
            ErrorCode::NotNullViolation,
            "23502",
        ),
        (insert("nope", &[("a", "b")]), ErrorCode::UnknownTable, ""),
        (
            insert("users", &[("username", "x")]),
            ErrorCode::PermissionDenied,
            "42501",
        ),
        (
            insert("subscription_limits", &[("subscription_tier", "x")]),
            ErrorCode::UnknownTable,
            "",
        ),
    ];
    let before = endpoint.count("haversack.changes").await;
    for (op, code, state) in cases {
        let verdict = ada.push_one(op.clone()).await;
        let (found, error) = rejection(&verdict);
        assert_eq!(error.code, code, "{op:?}: {error:?}");
        assert!(state.is_empty() || state == found, "{op:?}: {error:?}");
        assert!(
            !error.message.contains("98765") && !error.message.is_empty(),
            "{error:?}"
        );
    }
    assert_eq!(endpoint.count("events").await, 0);
    assert_eq!(endpoint.count("haversack.changes").await, before);
    assert_eq!(word(&ada.push_one(event(id, "t")).await), "applied");
}

#[tokio::test]
async fn a_rule_that_no_client_can_foresee_rejects_and_lets_the_next_pass() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let id = ada.lease("events", 3).await;
    let planned = |id: i64, budget: &str| {
        vec![insert(
            "events",
            &[
                ("event_id", &id.to_string()),
                ("title", "party"),
                ("budget", budget),
            ],
        )]
    };
    let verdicts = ada
        .push(vec![
            planned(id, "5000.00"),
            planned(id + 1, "5000.01"),
            planned(id + 2, "10"),
        ])
        .await;
    assert_eq!(
        verdicts.iter().map(word).collect::<Vec<_>>(),
        ["applied", "rejected", "applied"]
    );
    let (state, error) = rejection(&verdicts[1]);
    assert_eq!(state, "23514");
    assert_eq!(
        error.details.constraint.as_deref(),
        Some("events_budget_within_subscription")
    );
    assert_eq!(error.details.table.as_deref(), Some("events"));
    assert!(
        error.message.contains("events_budget_within_subscription"),
        "{error}"
    );
}

#[tokio::test]
async fn a_broken_constraint_shows_nothing_of_the_other_row() {
    let endpoint = Endpoint::organizational().await;
    endpoint.sql("INSERT INTO tags (tag_id, user_id, name) VALUES (500, 1, 'secret-name'), (501, 2, 'grace-only')").await;
    let mut ada = endpoint.replica("1").await;
    let id = ada.lease("tags", 2).await;
    let tag = |id: i64, name: &str| insert("tags", &[("tag_id", &id.to_string()), ("name", name)]);
    let verdict = ada.push_one(tag(id, "secret-name")).await;
    let (state, error) = rejection(&verdict);
    assert_eq!(
        (state.as_str(), error.code),
        ("23505", ErrorCode::UniqueViolation)
    );
    assert!(!error.message.contains("secret"), "{error}");
    assert_eq!(
        word(&ada.push_one(tag(id, "grace-only")).await),
        "applied",
        "unique per user"
    );
    // A reference to another user's row reads like one to a row that does not exist.
    let assign = |tag: &str| {
        insert(
            "tag_assignments",
            &[
                ("taggable_type", "event"),
                ("taggable_id", "1"),
                ("tag_id", tag),
            ],
        )
    };
    let (hidden, missing) = (
        ada.push_one(assign("501")).await,
        ada.push_one(assign("777")).await,
    );
    assert_eq!(rejection(&hidden).1, rejection(&missing).1);
    // So does an edit of another user's row.
    let edit = |key: &str| Op::Update {
        table: "tags".into(),
        key: vec![key.into()],
        set: values(&[("name", "x")]),
        base: Default::default(),
    };
    assert_eq!(
        word(&ada.push_one(edit("501")).await),
        word(&ada.push_one(edit("777")).await)
    );
}

#[tokio::test]
async fn hostile_names_never_reach_sql() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let name = "title\" = 'x'; DROP TABLE events; --";
    for op in [
        insert("events", &[(name, "1")]),
        insert(name, &[("title", "1")]),
        Op::Delete {
            table: "events\"".into(),
            key: vec!["1".into()],
            base: None,
        },
        Op::Delete {
            table: "pg_authid".into(),
            key: vec!["1".into()],
            base: None,
        },
        Op::Delete {
            table: "haversack.replicas".into(),
            key: vec!["1".into()],
            base: None,
        },
        Op::Delete {
            table: "events".into(),
            key: vec!["1; DROP TABLE events".into()],
            base: None,
        },
        Op::Delete {
            table: "events".into(),
            key: vec![],
            base: None,
        },
        Op::Delete {
            table: "events".into(),
            key: vec!["1".into(), "2".into()],
            base: None,
        },
    ] {
        assert_eq!(word(&ada.push_one(op).await), "rejected");
    }
    assert_eq!(endpoint.count("events").await, 0);
    let verdict = ada.push_one(insert("events", &[("title", name)])).await;
    assert_eq!(word(&verdict), "applied");
    assert_eq!(
        endpoint.value("SELECT title FROM events").await.as_deref(),
        Some(name)
    );
}

#[tokio::test]
async fn read_only_columns_stay() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    for (column, value) in [
        ("subscription_tier", "team"),
        ("created_at", "2020-01-01"),
        ("user_id", "2"),
    ] {
        let verdict = ada
            .push_one(ada.update("users", "1", &[(column, value)]))
            .await;
        assert_eq!(rejection(&verdict).0, "42501", "{column}");
    }
    let verdict = ada
        .push_one(ada.update(
            "users",
            "1",
            &[("workspace_config", "{\"theme\": \"dark\"}")],
        ))
        .await;
    assert_eq!(word(&verdict), "applied");
    let delete = Op::Delete {
        table: "users".into(),
        key: vec!["1".into()],
        base: verdict.written[0].hash.clone(),
    };
    assert_eq!(
        rejection(&ada.push_one(delete).await).0,
        "42501",
        "an account does not end by a row's end"
    );
    // The database itself says no, should the endpoint ever forget to.
    let login = haversack_endpoint::database::connect(&endpoint.database.login_url(), "x")
        .await
        .unwrap();
    let role = format!("{}_haversack_user", endpoint.database.name);
    login
        .batch_execute(&format!("SET ROLE {role}; SET app.current_user_id = '1'"))
        .await
        .unwrap();
    for sql in [
        "UPDATE users SET subscription_tier = 'team'",
        "SELECT password_hash FROM users",
        "SELECT * FROM haversack.replicas",
        "SELECT * FROM subscription_limits",
    ] {
        assert_eq!(
            login
                .batch_execute(sql)
                .await
                .unwrap_err()
                .code()
                .unwrap()
                .code(),
            "42501",
            "{sql}"
        );
    }
    login.batch_execute("RESET ROLE").await.unwrap();
    assert!(
        login
            .batch_execute("SELECT title FROM events")
            .await
            .is_err(),
        "the login role alone sees nothing"
    );
}
