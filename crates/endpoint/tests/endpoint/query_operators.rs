//! `/v1/query`: every operator finds what Postgres finds by its own.

use crate::query::{ask, ids, on, things};
use serde_json::json;

#[tokio::test]
async fn every_operator_finds_what_postgres_finds() {
    let endpoint = things().await;
    let one = |column: &str, op: &str| json!([on(column, op)]);
    for (conditions, params, expected) in [
        (json!([]), json!([]), "1 2 3 4"),
        (one("name", "eq"), json!(["milk"]), "1"),
        (one("name", "eq"), json!(["longer than any"]), ""),
        (one("name", "ne"), json!(["milk"]), "2 3 4"),
        (one("name", "lt"), json!(["draft"]), "2"),
        (one("note", "gte"), json!(["b"]), "4 3"),
        (one("code", "eq"), json!(["a"]), "1"),
        // A rule of its domain is no concern of who only asks.
        (one("code", "eq"), json!(["never"]), ""),
        (one("code", "ne"), json!(["never and longer"]), "1 2 4"),
        (one("tag", "eq"), json!(["ab"]), "1 4"),
        (one("tag", "eq"), json!(["ab      "]), "1 4"),
        (one("small", "eq"), json!([2]), "2 4"),
        (one("small", "lt"), json!([1.5]), "1"),
        (one("small", "eq"), json!([1.5]), ""),
        (one("small", "gt"), json!([99999]), ""),
        (one("small", "lt"), json!(["99999999999"]), "1 2 4 3"),
        (one("small", "lt"), json!([1e300]), "1 2 4 3"),
        (one("big", "eq"), json!(["9007199254740993"]), "1"),
        (one("big", "between"), json!([-5, 2]), "3 2 4"),
        (one("price", "eq"), json!([1.01]), "2"),
        (one("price", "eq"), json!([1.005]), ""),
        (one("price", "gt"), json!(["1.009"]), "2 4"),
        (one("price", "lt"), json!([0]), "3"),
        (one("ratio", "gt"), json!([1]), "3 2"),
        (one("ratio", "eq"), json!(["NaN"]), "2"),
        (one("ratio", "eq"), json!([0]), "4"),
        (one("single", "eq"), json!([0.1]), "1"),
        (one("done", "eq"), json!([1]), "1 4"),
        (one("done", "ne"), json!(["true"]), "2"),
        (
            one("uid", "eq"),
            json!(["00000000-0000-0000-0000-00000000000A"]),
            "1",
        ),
        (one("day", "lt"), json!(["2026-01-15"]), "4 1"),
        (one("clock", "gte"), json!(["10:00"]), "2 4"),
        (one("at", "eq"), json!(["2026-01-01T10:00:00.123Z"]), "1"),
        (one("at", "eq"), json!(["2026-01-01T10:00:00.1231Z"]), ""),
        (one("at", "gt"), json!(["2026-01-15T00:00:00+02:00"]), "2 4"),
        (one("plain", "lte"), json!(["2026-01-01T10:00:00"]), "1"),
        (one("span", "eq"), json!(["30 days"]), "2 4"),
        (one("mood", "gt"), json!(["low"]), "2 4"),
        (one("raw", "eq"), json!(["\\x00ff"]), "1"),
        (one("ip", "gt"), json!(["10.0.0.1"]), "2 4"),
        (
            one("data", "eq"),
            json!(["{\"size\":2, \"color\":\"blue\"}"]),
            "2",
        ),
        (one("labels", "eq"), json!(["{work}"]), "2"),
        (one("mood", "is_null"), json!([]), "3"),
        (one("mood", "not_null"), json!([]), "1 2 4"),
        (one("body", "not_null"), json!([]), "1 2"),
        // Nothing compares with null.
        (one("name", "eq"), json!([null]), ""),
        (one("name", "like"), json!([null]), ""),
        (one("small", "between"), json!([0, null]), ""),
        (one("name", "like"), json!(["m%"]), "1 4"),
        (one("name", "like"), json!(["m\\_lk"]), "4"),
        (one("note", "like"), json!(["%100\\%%"]), "2"),
        (one("name", "starts_with"), json!(["m_"]), "4"),
        (one("note", "ilike"), json!(["%MILK"]), "1"),
        (one("word", "ilike"), json!(["a"]), "2 3"),
        (one("note", "matches"), json!(["^[BD]"]), "1 2"),
        (one("note", "imatches"), json!(["^b"]), "1 4"),
        (one("data", "contains"), json!(["{\"tags\":[\"b\"]}"]), "1"),
        (
            one("data", "contained_in"),
            json!(["{\"color\":\"blue\",\"size\":2,\"x\":1}"]),
            "2 4",
        ),
        (one("data", "has_key"), json!(["size"]), "2"),
        (
            one("data", "has_any_key"),
            json!(["[\"size\",\"tags\"]"]),
            "1 2",
        ),
        (
            one("data", "has_all_keys"),
            json!(["[\"color\",\"tags\"]"]),
            "1",
        ),
        (one("labels", "contains"), json!(["[\"home\"]"]), "1"),
        (
            one("labels", "contained_in"),
            json!(["[\"work\",\"a \\\"b\\\"\"]"]),
            "2 4",
        ),
        (one("moods", "contains"), json!(["[\"high\"]"]), "2"),
        (one("numbers", "overlaps"), json!(["[3,4]"]), "2"),
    ] {
        let mut query = json!({ "table": "things", "where": conditions });
        if let Some(column) = query["where"][0]["column"].as_str()
            && ["note", "small", "big", "ratio", "day", "price"].contains(&column)
        {
            query["order"] = json!([{ "column": column }]);
        }
        let found = ask(&endpoint, "1", &query, &params).await;
        let found = found.unwrap_or_else(|problem| panic!("{query} {params}: {problem:?}"));
        assert_eq!(found.ids().join(" "), expected, "{query} {params}");
    }
}

#[tokio::test]
async fn lists_groups_and_columns_side_by_side_are_as_in_sql() {
    let endpoint = things().await;
    let list = |column: &str, n: usize| json!({ "column": column, "op": "in", "n": n });
    let group = |op: &str, n: usize| json!({ "op": op, "n": n });
    let beside = |a: &str, op: &str, b: &str| json!({ "column": a, "op": op, "other": b });
    for (conditions, params, expected) in [
        (
            json!([list("name", 3)]),
            json!(["milk", "m_lk", "x"]),
            "1 4",
        ),
        (json!([list("small", 3)]), json!([1, 1.5, "32767"]), "1 3"),
        (json!([list("mood", 2)]), json!(["low", "high"]), "1 4"),
        (json!([list("tag", 1)]), json!(["ab"]), "1 4"),
        (json!([list("labels", 2)]), json!(["{work}", "{}"]), "2 4"),
        (json!([list("data", 1)]), json!(["{}"]), "4"),
        (json!([list("name", 0)]), json!([]), ""),
        (json!([list("name", 2)]), json!(["milk", null]), "1"),
        (
            json!([group("not", 1), list("name", 2)]),
            json!(["milk", null]),
            "",
        ),
        (
            json!([group("not", 1), list("labels", 1)]),
            json!(["{work}"]),
            "1 4",
        ),
        (
            json!([group("not", 1), list("code", 0)]),
            json!([]),
            "1 2 3 4",
        ),
        (
            json!([group("not", 1), list("code", 1)]),
            json!(["a"]),
            "2 4",
        ),
        (
            json!([group("not", 1), on("code", "eq")]),
            json!(["a"]),
            "2 4",
        ),
        (
            json!([group("not", 1), on("code", "like")]),
            json!(["a"]),
            "2 4",
        ),
        (
            json!([group("not", 1), on("big", "between")]),
            json!([0, 5]),
            "1 3",
        ),
        (
            json!([group("not", 1), on("data", "has_key")]),
            json!(["size"]),
            "1 4",
        ),
        (json!([group("or", 0)]), json!([]), ""),
        (json!([group("and", 0)]), json!([]), "1 2 3 4"),
        (
            json!([group("not", 1), group("or", 0)]),
            json!([]),
            "1 2 3 4",
        ),
        (
            json!([
                group("or", 2),
                on("name", "eq"),
                group("and", 2),
                on("small", "eq"),
                on("done", "eq")
            ]),
            json!(["draft", 2, 1]),
            "3 4",
        ),
        (
            json!([
                group("not", 1),
                group("or", 2),
                on("name", "eq"),
                on("small", "eq")
            ]),
            json!(["milk", 2]),
            "3",
        ),
        (json!([beside("small", "lt", "big")]), json!([]), "1"),
        (json!([beside("small", "eq", "big")]), json!([]), "2 4"),
        (json!([beside("ratio", "gt", "single")]), json!([]), "1 3"),
        (json!([beside("name", "lt", "note")]), json!([]), "3"),
    ] {
        let found = ids(&endpoint, conditions.clone(), params.clone()).await;
        assert_eq!(found, expected, "{conditions} {params}");
    }
}

#[tokio::test]
async fn what_is_somewhere_in_json_is_compared_where_it_is() {
    let endpoint = things().await;
    let at = |path: &[&str], op: &str| json!({ "column": "data", "op": op, "path": path });
    let not = json!({ "op": "not", "n": 1 });
    let list = json!({ "column": "data", "op": "in", "n": 2, "path": ["color"] });
    for (conditions, params, expected) in [
        (json!([at(&["color"], "eq")]), json!(["\"red\""]), "1"),
        (json!([at(&["color"], "ne")]), json!(["\"red\""]), "2"),
        (json!([at(&["size"], "gt")]), json!(["1.5"]), "2"),
        (json!([at(&["size"], "between")]), json!(["1", "2"]), "2"),
        (json!([at(&["tags", "1"], "eq")]), json!(["\"b\""]), "1"),
        (json!([at(&["color"], "is_null")]), json!([]), "3 4"),
        (json!([at(&["color"], "not_null")]), json!([]), "1 2"),
        (json!([at(&["color"], "like")]), json!(["b%"]), "2"),
        (
            json!([at(&["color"], "imatches")]),
            json!(["^(RED|GREEN)$"]),
            "1",
        ),
        (json!([at(&["tags"], "contains")]), json!(["[\"a\"]"]), "1"),
        (json!([at(&["tags"], "has_key")]), json!(["b"]), "1"),
        (json!([list]), json!(["\"red\"", "\"green\""]), "1"),
        (json!([not, list]), json!(["\"red\"", "\"green\""]), "2"),
        (
            json!([at(&["'; --", "a\"b", "{x,y}"], "is_null")]),
            json!([]),
            "1 2 3 4",
        ),
    ] {
        let found = ids(&endpoint, conditions.clone(), params.clone()).await;
        assert_eq!(found, expected, "{conditions} {params}");
    }
}

#[tokio::test]
async fn a_page_begins_after_a_place_in_the_order() {
    let endpoint = things().await;
    let by = |descending: bool| json!([{ "column": "mood", "descending": descending }]);
    let mixed = json!([{ "column": "mood", "nulls_first": true }, { "column": "small", "descending": true }]);
    for (order, params, expected) in [
        (by(false), json!(["low", 1]), "2 4 3"),
        (by(false), json!(["fine", 9]), "4 3"),
        (by(false), json!(["high", 4]), "3"),
        (by(false), json!([null, 3]), ""),
        (by(true), json!([null, 3]), "4 2 1"),
        (by(true), json!(["high", 4]), "2 1"),
        (mixed.clone(), json!([null, 40_000, 1]), "3 1 2 4"),
        (mixed, json!([null, 32_767, 3]), "1 2 4"),
    ] {
        let query = json!({ "table": "things", "order": order, "after": true });
        let found = ask(&endpoint, "1", &query, &params).await;
        let found = found.unwrap_or_else(|problem| panic!("{query} {params}: {problem:?}"));
        assert_eq!(found.ids().join(" "), expected, "{query} {params}");
    }
    let query = json!({ "table": "Odd \"Names", "after": true, "limit": true });
    let odd = ask(&endpoint, "1", &query, &json!([1, "a", 1])).await;
    assert_eq!(odd.unwrap().ids(), ["b"]);
}
