//! `/v1/query`: what is refused, by which name, and that nothing takes longer or more than it may.

use crate::harness::*;
use crate::query::{ask, body, configured, send, things};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use haversack_core::ErrorCode;
use haversack_core::protocol::Problem;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tower::ServiceExt;

async fn refused(endpoint: &Endpoint, query: Value, params: Value) -> Problem {
    let start = Instant::now();
    let problem = ask(endpoint, "1", &query, &params)
        .await
        .expect_err(&query.to_string().chars().take(200).collect::<String>());
    assert!(start.elapsed() < Duration::from_secs(5), "{problem:?}");
    assert!(!problem.detail.is_empty());
    problem
}

#[tokio::test]
async fn what_is_wrong_with_a_query_has_a_name() {
    let endpoint = things().await;
    let on = |column: &str, op: &str| json!({ "table": "things", "where": [{ "column": column, "op": op }] });
    let by = |column: &str| json!({ "table": "things", "order": [{ "column": column }] });
    let not = json!({ "op": "not", "n": 1 });
    let nested: Vec<&Value> = vec![&not; 10_000];
    for (query, params, code) in [
        (
            json!({ "table": "nothing" }),
            json!([]),
            ErrorCode::UnknownTable,
        ),
        // It is there, and does not sync.
        (
            json!({ "table": "hidden" }),
            json!([]),
            ErrorCode::UnknownTable,
        ),
        (
            json!({ "table": "pg_catalog.pg_authid" }),
            json!([]),
            ErrorCode::UnknownTable,
        ),
        (
            json!({ "table": "haversack.changes" }),
            json!([]),
            ErrorCode::UnknownTable,
        ),
        (on("colour", "eq"), json!(["x"]), ErrorCode::UnknownColumn),
        (by("colour"), json!([]), ErrorCode::UnknownColumn),
        (
            json!({ "table": "things", "where": [{ "column": "id", "op": "eq", "other": "colour" }] }),
            json!([]),
            ErrorCode::UnknownColumn,
        ),
        // A private column is one of which clients know nothing.
        (
            on("secret", "like"),
            json!(["c%"]),
            ErrorCode::UnknownColumn,
        ),
        (on("secret", "is_null"), json!([]), ErrorCode::UnknownColumn),
        (by("secret"), json!([]), ErrorCode::UnknownColumn),
        (
            json!({ "table": "things", "where": [{ "column": "note", "op": "eq", "other": "secret" }] }),
            json!([]),
            ErrorCode::UnknownColumn,
        ),
        (on("small", "eq"), json!(["many"]), ErrorCode::TypeMismatch),
        (on("done", "eq"), json!([2]), ErrorCode::TypeMismatch),
        (on("at", "lt"), json!([5]), ErrorCode::TypeMismatch),
        (on("uid", "eq"), json!(["x"]), ErrorCode::TypeMismatch),
        (on("mood", "eq"), json!(["sad"]), ErrorCode::TypeMismatch),
        (
            on("data", "contains"),
            json!(["{"]),
            ErrorCode::TypeMismatch,
        ),
        (
            on("labels", "contains"),
            json!(["home"]),
            ErrorCode::TypeMismatch,
        ),
        (
            on("day", "lt"),
            json!(["2026-02-31"]),
            ErrorCode::OutOfRange,
        ),
        (on("note", "eq"), json!(["a\0b"]), ErrorCode::TypeMismatch),
        (on("dot", "ne"), json!(["nowhere"]), ErrorCode::TypeMismatch),
        // Of a type that Postgres itself can't compare.
        (on("dot", "eq"), json!(["(1,2)"]), ErrorCode::InvalidQuery),
        (on("data", "lt"), json!(["{}"]), ErrorCode::InvalidQuery),
        (on("small", "like"), json!(["1"]), ErrorCode::InvalidQuery),
        (on("body", "eq"), json!(["{}"]), ErrorCode::InvalidQuery),
        (by("data"), json!([]), ErrorCode::InvalidQuery),
        (on("note", "eq"), json!([]), ErrorCode::InvalidQuery),
        (on("note", "eq"), json!(["a", "b"]), ErrorCode::InvalidQuery),
        (
            json!({ "table": "things", "where": [{ "column": "small", "op": "eq", "other": "note" }] }),
            json!([]),
            ErrorCode::InvalidQuery,
        ),
        (
            json!({ "table": "things", "where": [{ "op": "and", "n": 2 }, { "column": "id", "op": "is_null" }] }),
            json!([]),
            ErrorCode::InvalidQuery,
        ),
        (
            json!({ "table": "things", "where": nested }),
            json!([]),
            ErrorCode::InvalidQuery,
        ),
        (
            json!({ "table": "things", "where": [{ "column": "id", "op": "in", "n": 100_000 }] }),
            json!(vec![1; 100_000]),
            ErrorCode::InvalidQuery,
        ),
    ] {
        let shown = query.to_string().chars().take(120).collect::<String>();
        let problem = refused(&endpoint, query, params).await;
        assert_eq!(problem.code, code, "{shown}: {problem:?}");
        assert_eq!(problem.status, 400);
        assert!(!problem.detail.contains("canary"));
    }
}

#[tokio::test]
async fn windows_are_whole_numbers_and_no_answer_is_longer_than_it_may_be() {
    let endpoint = configured(|config| config.limits.query_rows_max = 3).await;
    let limited = json!({ "table": "things", "limit": true });
    for wrong in [json!(-1), json!(1.5), json!("2"), json!(null), json!(1e300)] {
        let problem = refused(&endpoint, limited.clone(), json!([wrong])).await;
        assert_eq!(problem.code, ErrorCode::InvalidQuery, "{problem:?}");
    }
    let beyond = json!({ "table": "things", "offset": true });
    let problem = refused(&endpoint, beyond.clone(), json!([-1])).await;
    assert_eq!(problem.code, ErrorCode::InvalidQuery);
    for more in [4, 1_000_000_000] {
        let problem = refused(&endpoint, limited.clone(), json!([more])).await;
        assert_eq!(problem.code, ErrorCode::InvalidQuery);
        assert!(problem.detail.contains(&more.to_string()) && problem.detail.contains('3'));
    }
    let found = |query: Value, params| {
        let endpoint = &endpoint;
        async move {
            let found = ask(endpoint, "1", &query, &params).await.unwrap();
            (found.ids().join(" "), found.more)
        }
    };
    let all = json!({ "table": "things" });
    assert_eq!(found(all, json!([])).await, ("1 2 3".into(), true));
    assert_eq!(
        found(limited.clone(), json!([3])).await,
        ("1 2 3".into(), false)
    );
    assert_eq!(found(limited, json!([0])).await, (String::new(), false));
    assert_eq!(
        found(beyond.clone(), json!([1])).await,
        ("2 3 4".into(), false)
    );
    assert_eq!(
        found(beyond, json!([1_000_000_000])).await,
        (String::new(), false)
    );
}

#[tokio::test]
async fn lists_as_long_as_they_may_be_are_answered() {
    let endpoint = things().await;
    let list = |column: &str| json!({ "column": column, "op": "in", "n": 10_000 });
    let numbers: Vec<i32> = (2..10_002).collect();
    let uids = (0..10_000).map(|n| format!("00000000-0000-0000-0000-{n:012x}"));
    let mut params: Vec<Value> = numbers.into_iter().map(Value::from).collect();
    params.extend(uids.map(Value::from));
    let query = json!({ "table": "things", "where": [list("id"), list("uid")] });
    let found = ask(&endpoint, "1", &query, &params.into()).await.unwrap();
    assert_eq!(found.ids(), ["2"]);
}

#[tokio::test]
async fn a_query_that_postgres_takes_too_long_for_is_ended_and_hurts_nobody() {
    let endpoint = configured(|config| config.limits.query_timeout_ms = 200).await;
    endpoint
        .sql("BEGIN; LOCK TABLE things IN ACCESS EXCLUSIVE MODE")
        .await;
    let start = Instant::now();
    // As many at once as there are connections, and one more.
    let all = json!({ "table": "things" });
    let none = json!([]);
    let asked = (0..5).map(|_| ask(&endpoint, "1", &all, &none));
    for problem in futures_util::future::join_all(asked).await {
        let problem = problem.unwrap_err();
        assert_eq!(
            (problem.code, problem.status),
            (ErrorCode::QueryTooSlow, 504)
        );
        assert_eq!(problem.details.sqlstate.as_deref(), Some("57014"));
        assert!(problem.detail.contains("200ms"), "{}", problem.detail);
    }
    assert!(start.elapsed() < Duration::from_secs(4));
    endpoint.sql("ROLLBACK").await;
    let found = ask(&endpoint, "1", &all, &json!([])).await.unwrap();
    assert_eq!(found.rows.len(), 4);
    // The connections have their own limits again.
    assert_eq!(endpoint.replica("1").await.rows.len(), 7);
}

#[tokio::test]
async fn what_an_answer_holds_is_bounded_in_bytes_too() {
    let endpoint = things().await;
    endpoint
        .sql(
            "INSERT INTO things (id, owner, note)
             SELECT n, 1, repeat(chr(97 + n % 26), 1000000) FROM generate_series(1000, 1039) n",
        )
        .await;
    let query =
        json!({ "table": "things", "where": [{ "column": "id", "op": "gte" }], "limit": true });
    let found = ask(&endpoint, "1", &query, &json!([1000, 40]))
        .await
        .unwrap();
    assert!(found.more, "it says that it has not all that was asked for");
    assert!(
        (16..=18).contains(&found.rows.len()),
        "{}",
        found.rows.len()
    );
    let few = ask(&endpoint, "1", &query, &json!([1000, 10]))
        .await
        .unwrap();
    assert_eq!((few.rows.len(), few.more), (10, false));
}

#[tokio::test]
async fn requests_that_are_no_good_are_told_apart() {
    let endpoint = things().await;
    let good = body(&endpoint, &json!({ "table": "things" }), &json!([]));
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body.to_string()
    };
    let brackets = format!("{{\"params\":{}", "[".repeat(100_000));
    for (body, code) in [
        (String::new(), ErrorCode::MalformedRequest),
        ("[]".into(), ErrorCode::MalformedRequest),
        (brackets, ErrorCode::MalformedRequest),
        (with("more", json!(1)), ErrorCode::MalformedRequest),
        (with("params", json!([{}])), ErrorCode::MalformedRequest),
        (with("params", json!([true])), ErrorCode::MalformedRequest),
        (
            with(
                "query",
                json!({ "table": "things", "where": [{ "column": "id", "op": "regexp_evil" }] }),
            ),
            ErrorCode::MalformedRequest,
        ),
        (
            with("query", json!({ "table": "things", "columns": ["id"] })),
            ErrorCode::MalformedRequest,
        ),
        (with("protocol", json!(2)), ErrorCode::ProtocolUnsupported),
        (
            with("fingerprint", json!("other")),
            ErrorCode::SchemaChanged,
        ),
        (" ".repeat(3 << 20), ErrorCode::BodyTooLarge),
    ] {
        let start = body.chars().take(80).collect::<String>();
        let problem = send(&endpoint, &token("1"), body).await.unwrap_err();
        assert_eq!(problem.code, code, "{start}");
    }
    let good = good.to_string();
    for (token, code) in [
        ("x".to_owned(), ErrorCode::TokenInvalid),
        (token("nobody"), ErrorCode::TokenInvalid),
    ] {
        let problem = send(&endpoint, &token, good.clone()).await.unwrap_err();
        assert_eq!((problem.code, problem.status), (code, 401));
    }
    let (status, text) = post_to(&endpoint.router, "/v1/query", None, good.clone()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(text.contains("token_missing"), "{text}");
    endpoint
        .sql("SELECT haversack.revoke('gone', now() + interval '1 hour')")
        .await;
    let problem = send(&endpoint, &named_token("1", "gone"), good.clone()).await;
    assert_eq!(problem.unwrap_err().code, ErrorCode::TokenRevoked);
    assert!(
        send(&endpoint, &named_token("1", "here"), good.clone())
            .await
            .is_ok()
    );
    let foreign = Request::post("/v1/query")
        .header("authorization", format!("Bearer {}", token("1")))
        .header("origin", "https://evil.example")
        .body(Body::from(good))
        .unwrap();
    let response = endpoint.router.clone().oneshot(foreign).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_migration_of_which_the_endpoint_has_not_heard_is_schema_changed() {
    let endpoint = things().await;
    endpoint.sql("ALTER TABLE things DROP COLUMN ip").await;
    let problem = refused(&endpoint, json!({ "table": "things" }), json!([])).await;
    assert_eq!(
        (problem.code, problem.status),
        (ErrorCode::SchemaChanged, 409)
    );
}
