//! `/v1/query`: texts that are searched by their words and by similarity, and ranked.

use crate::commands::Folder;
use crate::harness::*;
use crate::query::{CONFIG, SQL, ask};
use serde_json::json;

/// An endpoint over the things, where pg_trgm is in a schema that is on nobody's path.
async fn searched() -> Endpoint {
    let trigrams = "CREATE SCHEMA \"Odd ext\"; CREATE EXTENSION pg_trgm SCHEMA \"Odd ext\";
        GRANT USAGE ON SCHEMA \"Odd ext\" TO PUBLIC;";
    let sql = format!("{trigrams}\n{SQL}");
    Endpoint::new(&Folder::new(CONFIG, &[("V1__all.sql", &sql)]).0).await
}

#[tokio::test]
async fn texts_are_found_by_words_and_by_similarity_and_ranked() {
    let endpoint = searched().await;
    // What the operators of pg_trgm mean by similar is not for a database's settings to say.
    endpoint
        .sql(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET pg_trgm.similarity_threshold = 1',
             current_database()); END $$",
        )
        .await;
    let on = |op: &str, column: &str, text: serde_json::Value| json!([{ "column": column, "op": op, "text": text }]);
    let rank = |op: &str, column: &str| json!([{ "column": column, "rank": op }]);
    let plain = || json!({});
    for (conditions, order, params, expected) in [
        (
            on("search", "note", plain()),
            json!([]),
            json!(["buying"]),
            "1",
        ),
        (
            on("search", "note", json!({ "config": "simple" })),
            json!([]),
            json!(["buying"]),
            "",
        ),
        (
            on("search", "note", json!({ "config": "pg_catalog.english" })),
            json!([]),
            json!(["buying"]),
            "1",
        ),
        (
            on("search", "note", json!({ "config": "german" })),
            json!([]),
            json!(["buy"]),
            "1",
        ),
        (
            on("search", "name", json!({ "with": ["note"] })),
            json!([]),
            json!(["bread draft"]),
            "2",
        ),
        (
            on("search", "note", plain()),
            json!([]),
            json!(["draft or odd"]),
            "2 3",
        ),
        (
            on("search", "note", json!({ "syntax": "operators" })),
            json!([]),
            json!(["dr:* | b:*"]),
            "1 2 4",
        ),
        (
            on("search", "note", json!({ "syntax": "phrase" })),
            json!([]),
            json!(["done 100"]),
            "",
        ),
        (on("search", "note", plain()), json!([]), json!([null]), ""),
        (
            on("similar", "note", plain()),
            json!([]),
            json!(["by milk", null]),
            "1",
        ),
        (
            on("similar", "note", plain()),
            json!([]),
            json!(["by milk", 0.9]),
            "",
        ),
        (
            on("word_similar", "note", plain()),
            json!([]),
            json!(["drafd", null]),
            "2",
        ),
        (json!([]), rank("search", "note"), json!(["odd"]), "3 1 2 4"),
        (
            json!([]),
            rank("similar", "note"),
            json!(["back slash"]),
            "4 1 3 2",
        ),
        (
            json!([]),
            rank("word_similar", "name"),
            json!(["draf"]),
            "3 1 2 4",
        ),
    ] {
        let query = json!({ "table": "things", "where": conditions, "order": order });
        let found = ask(&endpoint, "1", &query, &params).await;
        let found = found.unwrap_or_else(|problem| panic!("{query} {params}: {problem:?}"));
        assert_eq!(found.ids().join(" "), expected, "{query} {params}");
    }
}

#[tokio::test]
async fn what_can_not_be_searched_is_refused() {
    let endpoint = crate::query::things().await;
    for (condition, params, code, why) in [
        (
            json!({ "column": "note", "op": "similar" }),
            json!(["x", null]),
            "invalid_query",
            "pg_trgm",
        ),
        (
            json!({ "column": "small", "op": "search" }),
            json!(["x"]),
            "invalid_query",
            "no text",
        ),
        (
            json!({ "column": "secret", "op": "search" }),
            json!(["x"]),
            "unknown_column",
            "secret",
        ),
        (
            json!({ "column": "note", "op": "search", "text": { "with": ["secret"] } }),
            json!(["x"]),
            "unknown_column",
            "secret",
        ),
        (
            json!({ "column": "note", "op": "search", "text": { "config": "english'); --" } }),
            json!(["x"]),
            "invalid_query",
            "configuration",
        ),
        (
            json!({ "column": "note", "op": "search", "text": { "syntax": "operators" } }),
            json!(["a & & b"]),
            "invalid_query",
            "can't be read",
        ),
        (
            json!({ "column": "note", "op": "similar" }),
            json!(["x", 3]),
            "type_mismatch",
            "0 to 1",
        ),
    ] {
        let query = json!({ "table": "things", "where": [condition] });
        let problem = ask(&endpoint, "1", &query, &params)
            .await
            .expect_err("refused");
        assert_eq!(problem.code.as_str(), code, "{query}: {problem:?}");
        assert!(problem.detail.contains(why), "{query}: {problem:?}");
    }
    let rank = json!([{ "column": "secret", "rank": "search" }]);
    let query = json!({ "table": "things", "order": rank });
    let problem = ask(&endpoint, "1", &query, &json!(["x"]))
        .await
        .expect_err("refused");
    assert_eq!(problem.code.as_str(), "unknown_column");
}
