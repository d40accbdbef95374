//! Questions that are put to Postgres, and answers as they arrive.

use crate::fixture::*;
use haversack_core::ErrorCode;
use haversack_core::protocol::{QueryParam, QueryRequest};
use haversack_core::query::{GroupingShape, Param, PlanId, QueryShape};
use haversack_core::replica::Replica;
use haversack_core::schema::Letters;
use serde_json::{Value as Json, json};

fn plan(replica: &mut Replica, shape: Json) -> PlanId {
    let shape: QueryShape = serde_json::from_value(shape).expect("a shape");
    replica.compile(&shape).expect("a good shape")
}

fn request(replica: &mut Replica, shape: Json, params: &[Param<'_>]) -> QueryRequest {
    let plan = plan(replica, shape);
    let body = replica.question(plan, params).expect("good values");
    serde_json::from_str(&body).unwrap_or_else(|e| panic!("{body}: {e}"))
}

const HEAD: &str =
    r#"{"line":"head","protocol":1,"epoch":"e","fingerprint":"f","user":"7","time":5}"#;

fn rows(rows: &[Vec<Option<String>>]) -> String {
    json!({ "line": "rows", "table": "notes", "rows": rows }).to_string()
}

#[test]
fn a_question_is_the_query_with_its_values() {
    let mut replica = replica();
    let shape = json!({
        "table": "notes",
        "where": [
            { "op": "or", "n": 2 },
            { "column": "title", "op": "like" },
            { "column": "kind", "op": "in", "n": 2 },
            { "column": "made", "op": "lt", "other": "made" },
        ],
        "order": [{ "column": "score", "descending": true, "nulls_first": false }],
        "limit": true,
    });
    let values = [
        Param::Text("a \"b\"%"),
        Param::Number(1.5),
        Param::Null,
        Param::Number(20.0),
    ];
    let asked = request(&mut replica, shape.clone(), &values);
    assert_eq!(asked.protocol, 1);
    assert_eq!(asked.fingerprint, replica.schema().fingerprint);
    assert_eq!(asked.query, Some(serde_json::from_value(shape).unwrap()));
    let read: Vec<Param<'_>> = asked.params.iter().map(QueryParam::as_param).collect();
    assert_eq!(read, values);
}

#[test]
fn a_question_of_groups_is_the_grouping_with_its_values() {
    let mut replica = replica();
    let shape = json!({
        "table": "notes",
        "where": [{ "column": "kind", "op": "lt" }],
        "by": ["kind"],
        "values": [{ "name": "n", "op": "count" }, { "name": "most", "op": "max", "column": "score" }],
        "having": [{ "column": "most", "op": "gte" }, { "column": "n", "op": "lt" }],
        "order": [{ "column": "most", "descending": true }],
        "limit": true,
    });
    let grouping: GroupingShape = serde_json::from_value(shape).unwrap();
    let plan = replica.compile_grouping(&grouping).expect("good groups");
    let endless = Param::Number(f64::INFINITY);
    let question = |params: &[Param<'_>]| replica.question_of_groups(plan, params);
    let body = question(&[endless, endless, endless, Param::Number(3.0)]).expect("good values");
    let asked: QueryRequest = serde_json::from_str(&body).unwrap();
    assert_eq!((asked.query, asked.groups), (None, Some(grouping)));
    let beyond = QueryParam::Number(1e300);
    let infinity = QueryParam::Text("Infinity".into());
    let expected = [beyond.clone(), infinity, beyond, QueryParam::Number(3.0)];
    assert_eq!(asked.params, expected, "each as its column has it");
    let refused = |params: &[Param<'_>]| question(params).map_err(|e| e.code);
    assert_eq!(refused(&[endless]), Err(ErrorCode::InvalidQuery));
    let text = Param::Text("many");
    assert_eq!(
        refused(&[endless, endless, text, Param::Number(3.0)]),
        Err(ErrorCode::TypeMismatch)
    );
    assert_eq!(
        refused(&[endless, endless, endless, Param::Number(-3.0)]),
        Err(ErrorCode::InvalidQuery)
    );

    // Its answer has the columns of groups, and becomes what they are made as here.
    let mut found = replica.found_groups(plan);
    found.line(HEAD).unwrap();
    let line = |row: &str| format!(r#"{{"line":"rows","table":"notes","rows":[{row}]}}"#);
    found
        .line(&line(r#"["7","2","1.5"],[null,"1",null]"#))
        .unwrap();
    assert!(found.line(&line(r#"["7","2"]"#)).is_err());
    assert_eq!(replica.found_json(&found), "[[7,2,1.5],[null,1,null]]");
}

#[test]
fn numbers_without_end_are_asked_for_in_words_that_json_has() {
    let mut replica = replica();
    let on = |column: &str| json!({ "table": "notes", "where": [{ "column": column, "op": "between" }] });
    let ends = [Param::Number(f64::NEG_INFINITY), Param::Number(f64::NAN)];
    let floats = request(&mut replica, on("score"), &ends).params;
    let text = |text: &str| QueryParam::Text(text.into());
    assert_eq!(floats, [text("-Infinity"), text("NaN")]);
    // Below every integer, and above.
    let ints = request(&mut replica, on("kind"), &ends).params;
    assert_eq!(
        ints,
        [QueryParam::Number(-1e300), QueryParam::Number(1e300)]
    );
    // Of a negation, which is two comparisons, each has its own.
    let beside = json!({ "table": "notes", "where": [
        { "op": "not", "n": 1 }, { "column": "score", "op": "between" }, { "column": "kind", "op": "lt" },
    ] });
    let all = [ends[0], ends[1], Param::Number(f64::INFINITY)];
    let both = request(&mut replica, beside, &all).params;
    assert_eq!(
        both,
        [text("-Infinity"), text("NaN"), QueryParam::Number(1e300)]
    );
}

#[test]
fn what_a_replica_would_refuse_is_not_asked() {
    let mut replica = replica();
    let shape =
        json!({ "table": "notes", "where": [{ "column": "id", "op": "eq" }], "limit": true });
    let plan = plan(&mut replica, shape);
    let refused = |params: &[Param<'_>]| replica.question(plan, params).map_err(|e| e.code);
    let one = Param::Number(1.0);
    assert_eq!(
        refused(&[Param::Text("one"), one]),
        Err(ErrorCode::TypeMismatch)
    );
    assert_eq!(refused(&[one]), Err(ErrorCode::InvalidQuery));
    assert_eq!(
        refused(&[one, Param::Number(-1.0)]),
        Err(ErrorCode::InvalidQuery)
    );
    assert!(refused(&[one, one]).is_ok());
}

#[test]
fn what_only_the_server_knows_of_letters_is_for_it_to_answer() {
    let schema = schema_with(|notes| notes.columns[2].letters = Letters::Server);
    let mut replica = Replica::new(schema);
    let on = |op: &str| {
        json!({ "table": "notes", "where": [
        { "op": "not", "n": 1 }, { "op": "or", "n": 1 }, { "column": "title", "op": op },
    ] })
    };
    for op in ["ilike", "matches", "imatches"] {
        let plan = plan(&mut replica, on(op));
        let here = replica.run(plan, &[Param::Text("A")]).map(<[u32]>::len);
        assert_eq!(
            here.map_err(|e| e.code),
            Err(ErrorCode::InvalidQuery),
            "{op}"
        );
        assert!(replica.question(plan, &[Param::Text("A")]).is_ok(), "{op}");
        let number = replica.question(plan, &[Param::Number(1.0)]);
        assert_eq!(
            number.map_err(|e| e.code),
            Err(ErrorCode::TypeMismatch),
            "{op}"
        );
    }
    let like = plan(&mut replica, on("like"));
    assert!(replica.run(like, &[Param::Text("A")]).is_ok());
}

#[test]
fn an_answer_counts_when_it_is_whole_and_changes_nothing() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one")]);
    let mut found = replica.found(NOTES);
    assert!(found.head().is_none() && found.is_empty());
    found.line(HEAD).expect("a head");
    assert_eq!(found.head().expect("a head").user, "7");
    found
        .line(&rows(&[note(3, "three"), note(1, "other")]))
        .expect("rows");
    // In another layout than the endpoint's own.
    let spaced = rows(&[note(2, "two")]).replace("\"rows\":", "\"rows\" : ");
    found.line(&spaced).expect("rows");
    assert_eq!((found.len(), found.more()), (3, None));
    found.line(r#"{"line":"end","more":true}"#).expect("an end");
    assert_eq!(found.more(), Some(true));
    let json: Json = serde_json::from_str(&replica.found_json(&found)).expect("JSON");
    let seen: Vec<(&Json, &Json)> = json
        .as_array()
        .expect("an array")
        .iter()
        .map(|row| (&row["id"], &row["title"]))
        .collect();
    let wanted = [
        (json!("3"), json!("three")),
        (json!("1"), json!("other")),
        (json!("2"), json!("two")),
    ];
    assert!(
        seen.into_iter()
            .eq(wanted.iter().map(|(id, title)| (id, title)))
    );
    assert_eq!(
        json[1]["made"],
        row(&replica, 1)["made"],
        "as rows are read"
    );
    assert_eq!(row(&replica, 1)["title"], "one");
    assert_eq!(replica.len(NOTES), 1);
    let none = replica.found(NOTES);
    assert_eq!(replica.found_json(&none), "[]");
}

#[test]
fn what_is_no_answer_to_the_question_is_refused() {
    let replica = replica();
    let good = rows(&[note(1, "one")]);
    let end = r#"{"line":"end","more":false}"#;
    for lines in [
        &[&*good][..],
        &[end],
        &[HEAD, HEAD],
        &[HEAD, end, end],
        &[HEAD, end, &*good],
        &[HEAD, r#"{"line":"rows","table":"pairs","rows":[]}"#],
        &[HEAD, r#"{"line":"rows","table":"notes","rows":[["1"]]}"#],
        &[HEAD, &good[..good.len() - 4]],
        &[HEAD, r#"{"line":"end"}"#],
        &[HEAD, r#"{"line":"removed","table":"notes","keys":[]}"#],
        &[r#"{"line":"head","protocol":1}"#],
        &["<h1>portal</h1>"],
    ] {
        let mut found = replica.found(NOTES);
        let (last, before) = lines.split_last().expect("a line");
        for line in before {
            found.line(line).expect("a good line");
        }
        let error = found.line(last).expect_err(last);
        assert_eq!(error.code, ErrorCode::MalformedRequest, "{last}");
    }
}
