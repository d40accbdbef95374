//! `/v1/query`: what Postgres makes of groups of rows, and what is refused of that.

use crate::harness::*;
use crate::query::{Found, ids, send, things};
use haversack_core::ErrorCode;
use haversack_core::protocol::Problem;
use serde_json::{Value, json};

async fn ask(
    endpoint: &Endpoint,
    user: &str,
    groups: &Value,
    params: &Value,
) -> Result<Found, Problem> {
    let body = json!({
        "protocol": 1,
        "fingerprint": endpoint.schema.fingerprint,
        "groups": groups,
        "params": params,
    });
    send(endpoint, &token(user), body.to_string()).await
}

fn value(name: &str, op: &str, column: &str) -> Value {
    json!({ "name": name, "op": op, "column": column })
}

#[tokio::test]
async fn groups_are_made_of_the_rows_that_the_user_may_see() {
    let endpoint = things().await;
    let count = json!({ "name": "n", "op": "count" });
    for (groups, params, expected) in [
        (
            json!({ "table": "things", "values": [count] }),
            json!([]),
            json!([["4"]]),
        ),
        // Of no rows there is one group all the same, unless they are grouped.
        (
            json!({ "table": "things", "where": [{ "column": "id", "op": "gt" }],
                    "values": [count, value("most", "max", "id"), value("all", "array", "id")] }),
            json!([50]),
            json!([["0", null, null]]),
        ),
        (
            json!({ "table": "things", "where": [{ "column": "id", "op": "gt" }], "by": ["id"],
                    "values": [count] }),
            json!([50]),
            json!([]),
        ),
        (
            json!({ "table": "things", "by": ["tag"], "values": [count, value("ids", "array", "id")] }),
            json!([]),
            json!([["ab", "2", "{1,4}"], ["cd", "1", "{2}"], [null, "1", "{3}"]]),
        ),
        // Sums, averages and their scales; nulls are left out, and a domain is what it is of.
        (
            json!({ "table": "things", "values": [
                value("s", "sum", "small"), value("b", "sum", "big"), value("p", "sum", "price"),
                value("a", "avg", "small"), value("c", "max", "code"), value("d", "min", "day"),
                value("k", "count", "code"), value("t", "array", "tag"), value("m", "max", "mood"),
            ] }),
            json!([]),
            json!([[
                "32772",
                "9007199254740992",
                "98.50",
                "8193.0000000000000000",
                "c",
                "0044-03-15 BC",
                "3",
                "{ab,cd,NULL,ab}",
                "high"
            ]]),
        ),
        (
            json!({ "table": "things", "by": ["small", "mood"], "values": [count],
                    "order": [{ "column": "mood", "descending": true, "nulls_first": true }] }),
            json!([]),
            json!([
                ["32767", null, "1"],
                ["2", "high", "1"],
                ["2", "fine", "1"],
                ["1", "low", "1"]
            ]),
        ),
        // What groups must satisfy, their order, and a window of them.
        (
            json!({ "table": "things", "where": [{ "column": "id", "op": "in", "n": 4 }], "by": ["small"],
                    "values": [count, value("last", "max", "id"), value("ids", "array", "id")],
                    "having": [{ "op": "or", "n": 2 }, { "column": "n", "op": "gte" },
                               { "column": "last", "op": "eq", "other": "n" }],
                    "order": [{ "column": "last", "descending": true }], "limit": true, "offset": true }),
            json!([1, 2, 3, 4, 2, 2, 0]),
            json!([["2", "2", "4", "{2,4}"], ["1", "1", "1", "{1}"]]),
        ),
        // A domain is what it is of, also within an array, and where that is an enum.
        (
            json!({ "table": "things", "by": ["rare"], "values": [
                value("codes", "array", "code"), value("most", "max", "rare"), value("all", "array", "rare"),
            ], "having": [{ "column": "rare", "op": "gt" }, { "column": "codes", "op": "overlaps" },
                          { "column": "most", "op": "eq" }, { "column": "all", "op": "contains" }] }),
            json!(["low", "[\"b\"]", "fine", "[\"fine\"]"]),
            json!([["fine", "{b}", "fine", "{fine}"]]),
        ),
        (
            json!({ "table": "things", "where": [{ "column": "id", "op": "eq" }] }),
            json!([1]),
            json!([[]]),
        ),
        (
            json!({ "table": "Odd \"Names", "by": ["the key"], "values": [value("t.x", "max", "t.x")] }),
            json!([]),
            json!([["a", "$1"], ["b", "'"]]),
        ),
    ] {
        let found = ask(&endpoint, "1", &groups, &params)
            .await
            .unwrap_or_else(|e| panic!("{groups}: {e:?}"));
        assert_eq!(json!(found.rows), expected, "{groups}");
        assert!(!found.more && !found.text.contains("canary"));
    }
    let rare = json!([{ "column": "rare", "op": "eq" }]);
    assert_eq!(ids(&endpoint, rare, json!(["high"])).await, "4");
    let all = json!({ "table": "things", "values": [count, value("ids", "array", "id")] });
    let of_other = ask(&endpoint, "2", &all, &json!([])).await.unwrap();
    assert_eq!(json!(of_other.rows), json!([["1", "{100}"]]));
}

#[tokio::test]
async fn what_is_wrong_with_groups_has_a_name() {
    let endpoint = things().await;
    let count = json!({ "name": "n", "op": "count" });
    let of = |values: Value| json!({ "table": "things", "values": values });
    let having = |column: &str| {
        json!({ "table": "things", "values": [count],
                "having": [{ "column": column, "op": "eq" }] })
    };
    for (groups, params, code) in [
        (
            json!({ "table": "hidden", "values": [count] }),
            json!([]),
            ErrorCode::UnknownTable,
        ),
        (
            json!({ "table": "things", "by": ["secret"] }),
            json!([]),
            ErrorCode::UnknownColumn,
        ),
        (
            of(json!([value("s", "max", "secret")])),
            json!([]),
            ErrorCode::UnknownColumn,
        ),
        (
            of(json!([value("s", "count", "secret")])),
            json!([]),
            ErrorCode::UnknownColumn,
        ),
        (having("secret"), json!(["x"]), ErrorCode::UnknownColumn),
        // Of groups, and not of their rows.
        (having("id"), json!([1]), ErrorCode::UnknownColumn),
        (
            json!({ "table": "things", "values": [count], "order": [{ "column": "secret" }] }),
            json!([]),
            ErrorCode::UnknownColumn,
        ),
        (
            json!({ "table": "things", "where": [{ "column": "secret", "op": "is_null" }], "values": [count] }),
            json!([]),
            ErrorCode::UnknownColumn,
        ),
        (
            of(json!([value("s", "sum", "note")])),
            json!([]),
            ErrorCode::InvalidQuery,
        ),
        (
            json!({ "table": "things", "by": ["body"] }),
            json!([]),
            ErrorCode::InvalidQuery,
        ),
        (having("n"), json!(["many"]), ErrorCode::TypeMismatch),
        (having("n"), json!([]), ErrorCode::InvalidQuery),
        (
            json!({ "table": "things", "values": [count], "limit": true }),
            json!([1_000_000_000]),
            ErrorCode::InvalidQuery,
        ),
        (
            json!({ "table": "things", "values": [count], "limit": true }),
            json!([-1]),
            ErrorCode::InvalidQuery,
        ),
    ] {
        let problem = ask(&endpoint, "1", &groups, &params)
            .await
            .expect_err(&groups.to_string());
        assert_eq!(problem.code, code, "{groups}: {problem:?}");
        assert!(!problem.detail.contains("canary"));
    }
    // What is made of one group is bounded as the whole answer is.
    endpoint
        .sql("UPDATE things SET note = repeat('x', 3000000)")
        .await;
    let arrays = |n: usize| {
        let values: Vec<Value> = (0..n)
            .map(|i| value(&format!("v{i}"), "array", "note"))
            .collect();
        of(json!(values))
    };
    let one = ask(&endpoint, "1", &arrays(1), &json!([])).await.unwrap();
    assert!(one.text.len() > 12_000_000);
    let problem = ask(&endpoint, "1", &arrays(2), &json!([]))
        .await
        .expect_err("it is too much");
    assert_eq!(problem.code, ErrorCode::TooManyRows, "{problem:?}");
    // Rows or groups, and not both.
    let rows = json!({ "table": "things" });
    for (query, groups) in [(None, None), (Some(&rows), Some(of(json!([count]))))] {
        let body = json!({
            "protocol": 1,
            "fingerprint": endpoint.schema.fingerprint,
            "query": query,
            "groups": groups,
        });
        let problem = send(&endpoint, &token("1"), body.to_string())
            .await
            .unwrap_err();
        assert_eq!(problem.code, ErrorCode::InvalidQuery, "{body}");
        assert!(problem.detail.contains("groups"), "{}", problem.detail);
    }
}
