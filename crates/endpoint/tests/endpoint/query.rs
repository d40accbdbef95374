//! `/v1/query`: whose rows come, in which order, and in which form.

use crate::commands::Folder;
use crate::harness::*;
use axum::http::StatusCode;
use haversack_core::protocol::{Problem, QueryHead, QueryLine, Text};
use haversack_endpoint::config::Config;
use serde_json::{Value, json};

pub const CONFIG: &str = "[tables.things]\nprivate = ['secret']\n[tables.'Odd \"Names']\n";

pub const SQL: &str = r#"
CREATE TYPE mood AS ENUM ('low', 'fine', 'high');
CREATE DOMAIN short AS varchar(5) CHECK (VALUE <> 'never');
CREATE DOMAIN rarely AS mood CHECK (VALUE IS DISTINCT FROM NULL OR true);
CREATE TABLE things (
    id integer PRIMARY KEY,
    owner integer NOT NULL,
    name varchar(8), code short, tag char(4), note text, word text COLLATE "und-x-icu",
    small int2, big int8, price numeric(6, 2), ratio float8, single float4,
    done boolean, uid uuid, day date, clock time, at timestamptz(3), plain timestamp, span interval,
    mood mood, raw bytea, data jsonb, labels text[], moods mood[], numbers int4[], ip inet,
    body json, dot point, secret text, rare rarely GENERATED ALWAYS AS (mood) STORED
);
ALTER TABLE things ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON things USING (owner = NULLIF(current_setting('app.current_user_id', true), '')::integer);
INSERT INTO things VALUES
  (1, 1, 'milk', 'a', 'ab', 'Buy milk', 'b', 1, 9007199254740993, 1.00, 0.5, 0.1,
   true, '00000000-0000-0000-0000-00000000000a', '2026-01-01', '09:30', '2026-01-01 10:00:00.123+00',
   '2026-01-01 10:00', '1 day', 'low', '\x00ff', '{"color": "red", "tags": ["a", "b"]}',
   '{home,work}', '{low}', '{1,2}', '10.0.0.1', '{}', '(1,2)', 'canary'),
  (2, 1, 'bread', 'b', 'cd', 'Draft: 100% done', 'A', 2, 2, 1.01, 'NaN', 'NaN',
   false, '00000000-0000-0000-0000-00000000000b', '2026-02-01', '10:00', '2026-02-01 10:00+00',
   '2026-02-01 10:00', '1 month', 'fine', '\x01', '{"color": "blue", "size": 2}',
   '{work}', '{fine,high}', '{2,3}', '10.0.0.2', '[]', '(3,4)', 'canary'),
  (3, 1, 'draft', NULL, NULL, 'it''s "odd"; --', 'a', 32767, -5, -3.50, 'Infinity', -1,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'canary'),
  (4, 1, 'm_lk', 'c', 'ab  ', E'back\\slash', 'B', 2, 2, 99.99, -0.0, 0.2,
   true, NULL, '0044-03-15 BC', '23:59', 'infinity', NULL, '30 days', 'high', '\x', '{}', '{}', '{}', '{}',
   '::1', NULL, NULL, 'canary'),
  (100, 2, 'milk', 'a', 'ab', 'Buy milk', 'b', 1, 2, 1.00, 0.5, 0.1,
   true, '00000000-0000-0000-0000-00000000000a', '2026-01-01', '09:30', '2026-01-01 10:00:00.123+00',
   '2026-01-01 10:00', '1 day', 'low', '\x00ff', '{"color": "red", "tags": ["a", "b"]}',
   '{home,work}', '{low}', '{1,2}', '10.0.0.1', '{}', '(1,2)', 'canary');
CREATE TABLE hidden (id integer PRIMARY KEY);
CREATE TABLE "Odd ""Names" ("the key" text, "select" integer, "t.x" text, PRIMARY KEY ("select", "the key"));
INSERT INTO "Odd ""Names" VALUES ('a', 2, '$1'), ('b', 1, ''''), ('a', 1, NULL);
"#;

/// An endpoint over the things, with users 1 and 2.
pub async fn things() -> Endpoint {
    Endpoint::new(&Folder::new(CONFIG, &[("V1__all.sql", SQL)]).0).await
}

/// The same with another configuration.
pub async fn configured(change: impl FnOnce(&mut Config)) -> Endpoint {
    let mut endpoint = things().await;
    let mut config = endpoint.state.config.clone();
    change(&mut config);
    let options = endpoint.database.options();
    endpoint.state = haversack_endpoint::serve::prepare(config, &options)
        .await
        .unwrap();
    endpoint.router = haversack_endpoint::router::app(endpoint.state.clone());
    endpoint
}

/// A good answer.
#[derive(Debug)]
pub struct Found {
    pub head: QueryHead,
    pub rows: Vec<Vec<Text>>,
    pub more: bool,
    pub text: String,
}

impl Found {
    /// The first column of each row.
    pub fn ids(&self) -> Vec<&str> {
        self.rows
            .iter()
            .map(|row| row[0].as_deref().unwrap())
            .collect()
    }
}

/// A request's body.
pub fn body(endpoint: &Endpoint, query: &Value, params: &Value) -> Value {
    json!({
        "protocol": 1,
        "fingerprint": endpoint.schema.fingerprint,
        "query": query,
        "params": params,
    })
}

/// Asks as a user.
pub async fn ask(
    endpoint: &Endpoint,
    user: &str,
    query: &Value,
    params: &Value,
) -> Result<Found, Problem> {
    send(
        endpoint,
        &token(user),
        body(endpoint, query, params).to_string(),
    )
    .await
}

/// Sends a body as it is.
pub async fn send(endpoint: &Endpoint, token: &str, body: String) -> Result<Found, Problem> {
    let (status, text) = post_to(&endpoint.router, "/v1/query", Some(token), body).await;
    if status != StatusCode::OK {
        let problem: Problem =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{status} {text}: {e}"));
        assert_eq!(problem.status, status.as_u16());
        return Err(problem);
    }
    let mut lines = text.lines().map(|l| serde_json::from_str(l).unwrap());
    let Some(QueryLine::Head(head)) = lines.next() else {
        panic!("no head: {text}")
    };
    let (mut rows, mut end) = (Vec::new(), None);
    for line in lines {
        assert!(end.is_none(), "a line follows the end: {text}");
        match line {
            QueryLine::Rows { table, rows: some } => {
                assert!(!table.is_empty());
                rows.extend(some);
            }
            QueryLine::End { more } => end = Some(more),
            QueryLine::Head(_) => panic!("two heads: {text}"),
        }
    }
    let more = end.unwrap_or_else(|| panic!("no end: {text}"));
    Ok(Found {
        head,
        rows,
        more,
        text,
    })
}

/// All things of a user.
pub async fn all(endpoint: &Endpoint, user: &str) -> Found {
    let query = json!({ "table": "things" });
    ask(endpoint, user, &query, &json!([])).await.unwrap()
}

/// What user 1 finds among the things.
pub async fn ids(endpoint: &Endpoint, conditions: Value, params: Value) -> String {
    let query = json!({ "table": "things", "where": conditions });
    let found = ask(endpoint, "1", &query, &params)
        .await
        .unwrap_or_else(|problem| panic!("{query} {params}: {problem:?}"));
    assert!(!found.more);
    found.ids().join(" ")
}

/// A condition on a column.
pub fn on(column: &str, op: &str) -> Value {
    json!({ "column": column, "op": op })
}

#[tokio::test]
async fn orders_are_postgres_s_and_end_in_the_primary_key() {
    let endpoint = things().await;
    let by = |column: &str| json!({ "column": column });
    let down = |column: &str| json!({ "column": column, "descending": true });
    let nulls = |column: &str, first: bool| json!({ "column": column, "nulls_first": first });
    for (order, expected) in [
        (json!([]), "1 2 3 4"),
        (json!([down("id")]), "4 3 2 1"),
        (json!([by("small")]), "1 2 4 3"),
        (json!([down("small"), by("name")]), "3 2 4 1"),
        (json!([by("mood")]), "1 2 4 3"),
        (json!([down("mood")]), "3 4 2 1"),
        (json!([nulls("mood", true)]), "3 1 2 4"),
        (
            json!([{ "column": "mood", "descending": true, "nulls_first": false }]),
            "4 2 1 3",
        ),
        // By the column's own collation, and by bytes where it has none.
        (json!([by("word")]), "3 2 1 4"),
        (json!([by("note")]), "1 2 4 3"),
        (json!([by("price"), by("price"), down("price")]), "3 1 2 4"),
    ] {
        let query = json!({ "table": "things", "order": order });
        let found = ask(&endpoint, "1", &query, &json!([])).await.unwrap();
        assert_eq!(found.ids().join(" "), expected, "{query}");
    }
    let query = json!({ "table": "things", "order": [down("id")], "limit": true, "offset": true });
    let found = ask(&endpoint, "1", &query, &json!([2, 1])).await.unwrap();
    assert_eq!(found.ids(), ["3", "2"]);
    assert!(!found.more, "it has as many as were asked for");
    // A key of several columns, in its own order.
    let odd = ask(
        &endpoint,
        "1",
        &json!({ "table": "Odd \"Names" }),
        &json!([]),
    )
    .await;
    assert_eq!(odd.unwrap().ids(), ["a", "b", "a"]);
}

#[tokio::test]
async fn an_answer_says_where_it_is_from_and_has_rows_as_a_pull_has_them() {
    let endpoint = things().await;
    let ada = endpoint.replica("1").await;
    let found = all(&endpoint, "1").await;
    let QueryHead {
        protocol,
        epoch,
        fingerprint,
        user,
        time,
    } = found.head;
    assert_eq!((protocol, user.as_str()), (1, "1"));
    assert_eq!(Some(&epoch), ada.epoch.as_ref());
    assert_eq!(fingerprint, endpoint.schema.fingerprint);
    assert!(time > 1_700_000_000_000);
    let pulled = ada.rows.iter().filter(|((table, _), _)| table == "things");
    let pulled: Vec<&Vec<Text>> = pulled.map(|(_, row)| row).collect();
    assert_eq!(found.rows.iter().collect::<Vec<_>>(), pulled);
    assert!(!found.text.contains("canary"), "{}", found.text);
    // Asking leaves nothing behind.
    assert_eq!(endpoint.count("haversack.replicas").await, 1);
}

#[tokio::test]
async fn nobody_finds_a_row_of_anyone_else() {
    let endpoint = things().await;
    for (conditions, params) in [
        (json!([on("id", "eq")]), json!([100])),
        (json!([on("owner", "eq")]), json!([2])),
        (
            json!([{ "column": "id", "op": "in", "n": 2 }]),
            json!([100, 101]),
        ),
        (
            json!([{ "op": "and", "n": 1 }, on("id", "gt")]),
            json!([99]),
        ),
        (
            json!([{ "op": "or", "n": 2 }, on("owner", "ne"), on("id", "gte")]),
            json!([1, 100]),
        ),
    ] {
        assert_eq!(ids(&endpoint, conditions.clone(), params.clone()).await, "");
        let query = json!({ "table": "things", "where": conditions });
        let grace = ask(&endpoint, "2", &query, &params).await.unwrap();
        assert_eq!(grace.ids(), ["100"], "{query}");
    }
    assert!(all(&endpoint, "3").await.rows.is_empty());
}

#[tokio::test]
async fn names_and_values_are_never_sql() {
    let endpoint = things().await;
    for text in [
        "it's \"odd\"; --",
        "' OR true --",
        "$1",
        "\\'; DROP TABLE things; --",
        "{\"a\"}",
        "%",
    ] {
        let found = ids(&endpoint, json!([on("note", "eq")]), json!([text])).await;
        let expected = if text.starts_with("it's") { "3" } else { "" };
        assert_eq!(found, expected, "{text}");
        let list = json!([{ "column": "note", "op": "in", "n": 2 }]);
        assert_eq!(ids(&endpoint, list, json!([text, "x"])).await, expected);
        let array = json!([serde_json::to_string(&[text]).unwrap()]);
        assert_eq!(
            ids(&endpoint, json!([on("labels", "contains")]), array.clone()).await,
            ""
        );
        assert_eq!(
            ids(&endpoint, json!([on("data", "has_any_key")]), array).await,
            ""
        );
    }
    let query = json!({
        "table": "Odd \"Names",
        "where": [on("select", "gte"), on("the key", "ne"), on("t.x", "eq")],
        "order": [{ "column": "t.x", "descending": true }],
    });
    let found = ask(&endpoint, "1", &query, &json!([1, "b", "$1"])).await;
    assert_eq!(
        found.unwrap().rows,
        [[Some("a"), Some("2"), Some("$1")].map(|t| t.map(str::to_owned))]
    );
    for name in [
        "id; DROP TABLE things",
        "id\"",
        "things.id",
        "t.id",
        "ctid",
        "tableoid",
    ] {
        let query = json!({ "table": "things", "where": [on(name, "is_null")] });
        let problem = ask(&endpoint, "1", &query, &json!([])).await.unwrap_err();
        assert_eq!(problem.code.as_str(), "unknown_column", "{name}");
        let query = json!({ "table": "things", "order": [{ "column": name }] });
        let problem = ask(&endpoint, "1", &query, &json!([])).await.unwrap_err();
        assert_eq!(problem.code.as_str(), "unknown_column", "{name}");
    }
    assert_eq!(endpoint.count("things").await, 5);
}
