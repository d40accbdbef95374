mod time;

use super::*;
use crate::json::Json;
use crate::schema::Column;
use serde_json::json;

fn numeric(precision: u16, scale: i16) -> Type {
    Type::Numeric {
        precision: Some(precision),
        scale: Some(scale),
    }
}

const NUMERIC: Type = Type::Numeric {
    precision: None,
    scale: None,
};

fn column(kind: Type) -> Column {
    Column {
        name: "c".into(),
        kind,
        nullable: true,
        writable: true,
        ..Column::default()
    }
}

/// Parses a text, prints it again as Postgres does and as JavaScript gets it.
fn check(kind: &Type, given: &str, text: &str, json: &str) {
    let value = parse(kind, given).unwrap_or_else(|e| panic!("{given:?}: {e}"));
    assert_eq!(
        to_text(kind, &value).as_deref(),
        Some(text),
        "{given:?} as text"
    );
    let mut out = String::new();
    write_json(kind, &value, &mut out);
    assert_eq!(out, json, "{given:?} as JSON");
    serde_json::from_str::<serde_json::Value>(&out).expect("valid JSON");
    let again = parse_canonical(kind, text).expect("canonical text parses");
    assert_eq!(again, value, "{text:?} is canonical");
    assert_eq!(parse(kind, text).expect("canonical text parses"), value);
}

/// Parses a text that has to be refused.
fn refuse(kind: &Type, given: &str, code: ErrorCode, sqlstate: &str) {
    let error = parse(kind, given).expect_err(given);
    assert_eq!(
        (error.code, error.details.sqlstate.as_deref()),
        (code, Some(sqlstate)),
        "{given:?}"
    );
}

#[test]
fn integers_and_booleans() {
    check(&Type::Int4, " -12 ", "-12", "-12");
    check(
        &Type::Int8,
        "9223372036854775807",
        "9223372036854775807",
        "\"9223372036854775807\"",
    );
    check(
        &Type::Int8,
        "-9223372036854775808",
        "-9223372036854775808",
        "\"-9223372036854775808\"",
    );
    for (given, is) in [
        ("t", "true"),
        ("YES", "true"),
        ("1", "true"),
        ("of", "false"),
        ("n", "false"),
    ] {
        check(&Type::Bool, given, is, is);
    }
    refuse(&Type::Bool, "o", ErrorCode::TypeMismatch, "22P02");
    refuse(&Type::Int2, "32768", ErrorCode::OutOfRange, "22003");
    refuse(&Type::Int4, "1.5", ErrorCode::TypeMismatch, "22P02");
    refuse(&Type::Int4, "", ErrorCode::TypeMismatch, "22P02");
    refuse(
        &Type::Int8,
        "9223372036854775808",
        ErrorCode::OutOfRange,
        "22003",
    );
}

#[test]
fn floats_print_as_postgres_15_does() {
    // Each pair was printed by PostgreSQL 15.18.
    for (given, text) in [
        ("1e23", "9.999999999999999e+22"),
        ("1e15", "1e+15"),
        ("1e14", "100000000000000"),
        ("123456789012345", "123456789012345"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("5e-324", "5e-324"),
        ("9007199254740993", "9.007199254740992e+15"),
        ("5.684341886080802e-14", "5.684341886080802e-14"),
        ("-1.5", "-1.5"),
        ("-0", "-0"),
        // Half-way between two shortest texts: the even one.
        ("2.98023223876953125e-08", "2.9802322387695312e-08"),
    ] {
        check(&Type::Float8, given, text, text);
    }
    for (given, text) in [
        ("1e6", "1e+06"),
        ("123456", "123456"),
        ("1234567", "1.234567e+06"),
        ("0.1", "0.1"),
        ("3308217.25", "3.3082172e+06"),
        ("-275061.625", "-275061.62"),
    ] {
        check(&Type::Float4, given, text, text);
    }
    check(&Type::Float8, "nan", "NaN", "\"NaN\"");
    check(&Type::Float8, "-inf", "-Infinity", "\"-Infinity\"");
    refuse(&Type::Float8, "1e400", ErrorCode::OutOfRange, "22003");
    refuse(&Type::Float8, "1e-400", ErrorCode::OutOfRange, "22003");
    refuse(&Type::Float4, "1e39", ErrorCode::OutOfRange, "22003");
    refuse(&Type::Float8, "one", ErrorCode::TypeMismatch, "22P02");
}

#[test]
fn numerics_round_half_away_from_zero() {
    assert_eq!(parse(&numeric(10, 2), "1.5"), Ok(Value::Int(150)));
    check(&numeric(10, 2), "1.005", "1.01", "1.01");
    check(&numeric(10, 2), "-1.005", "-1.01", "-1.01");
    check(&numeric(10, 2), "0.004", "0.00", "0.00");
    check(&numeric(10, 2), "-0.05", "-0.05", "-0.05");
    check(&numeric(16, 2), "2e1", "20.00", "\"20.00\"");
    check(&numeric(5, 2), "NaN", "NaN", "\"NaN\"");
    check(&numeric(30, 2), "1.5", "1.50", "\"1.50\"");
    check(&numeric(30, 2), "99.999", "100.00", "\"100.00\"");
    check(&numeric(3, -3), "12345", "12000", "\"12000\"");
    check(&numeric(4, -2), "-45", "0", "\"0\"");
    for (given, text) in [
        ("1e3", "1000"),
        ("-0.00", "0.00"),
        (".5", "0.5"),
        ("1.5e-3", "0.0015"),
        ("0001.50", "1.50"),
        ("0", "0"),
        ("0e+7", "0"),
        ("-Infinity", "-Infinity"),
        ("nan", "NaN"),
    ] {
        check(&NUMERIC, given, text, &format!("\"{text}\""));
    }
    refuse(&numeric(4, 2), "99.995", ErrorCode::OutOfRange, "22003");
    refuse(&numeric(4, 2), "infinity", ErrorCode::OutOfRange, "22003");
    refuse(&NUMERIC, "1e200000", ErrorCode::OutOfRange, "22003");
    refuse(&NUMERIC, "1e99999999999", ErrorCode::OutOfRange, "22003");
    refuse(&NUMERIC, "1.2.3", ErrorCode::TypeMismatch, "22P02");
    refuse(&NUMERIC, ".", ErrorCode::TypeMismatch, "22P02");
}

#[test]
fn text_is_bounded_in_characters() {
    check(&Type::Varchar { length: Some(3) }, "äöü", "äöü", "\"äöü\"");
    check(
        &Type::Varchar { length: Some(3) },
        "abc  ",
        "abc",
        "\"abc\"",
    );
    check(&Type::Char { length: 5 }, "ab ", "ab", "\"ab\"");
    check(
        &Type::Text,
        "a\"\\\n\u{1}",
        "a\"\\\n\u{1}",
        r#""a\"\\\n\u0001""#,
    );
    refuse(
        &Type::Varchar { length: Some(3) },
        "äöüx",
        ErrorCode::ValueTooLong,
        "22001",
    );
    refuse(
        &Type::Char { length: 1 },
        "ab",
        ErrorCode::ValueTooLong,
        "22001",
    );
    refuse(&Type::Text, "a\0b", ErrorCode::TypeMismatch, "22021");
    let long = parse(&Type::Varchar { length: Some(3) }, &"x".repeat(1000)).unwrap_err();
    assert!(long.message.len() < 120, "{}", long.message);
}

#[test]
fn uuids_bytes_and_enums() {
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    for given in [
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
        "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
    ] {
        check(&Type::Uuid, given, uuid, &format!("\"{uuid}\""));
    }
    for given in [
        "",
        "a0eebc99",
        "-a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
        "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ] {
        refuse(&Type::Uuid, given, ErrorCode::TypeMismatch, "22P02");
    }
    check(&Type::Bytea, "\\xDEadBE", "\\xdeadbe", "\"\\\\xdeadbe\"");
    refuse(&Type::Bytea, "\\xabc", ErrorCode::TypeMismatch, "22023");
    let mood = Type::Enum {
        sql: "mood".into(),
        labels: vec!["sad".into(), "ok".into()],
    };
    assert_eq!(parse(&mood, "ok"), Ok(Value::Int(1)));
    check(&mood, "sad", "sad", "\"sad\"");
    refuse(&mood, "glad", ErrorCode::TypeMismatch, "22P02");
}

#[test]
fn jsonb_takes_postgres_canonical_form() {
    for (given, text) in [
        (
            r#"{"b":1,"a":1.0,"aa":1e3,"a":-0.0,"c":1E-7,"é":2}"#,
            r#"{"a": 0.0, "b": 1, "c": 0.0000001, "aa": 1000, "é": 2}"#,
        ),
        (r#""\u007f\u001f\b\/""#, "\"\u{7f}\\u001f\\b/\""),
        ("-0", "0"),
        (" [ ] ", "[]"),
        ("[1,[true,null],{}]", "[1, [true, null], {}]"),
        (r#""\ud83d\ude00""#, "\"😀\""),
    ] {
        check(&Type::Jsonb, given, text, text);
    }
    check(
        &Type::Json,
        r#"{"b":1, "a":2}"#,
        r#"{"b":1, "a":2}"#,
        r#"{"b":1, "a":2}"#,
    );
    refuse(
        &Type::Jsonb,
        r#""\u0000""#,
        ErrorCode::TypeMismatch,
        "22P05",
    );
    for given in [
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "01",
        "1.",
        "\"\\ud83d\"",
        "nul",
        "[1] 2",
        "'a'",
        "\"\n\"",
    ] {
        refuse(&Type::Jsonb, given, ErrorCode::TypeMismatch, "22P02");
        refuse(&Type::Json, given, ErrorCode::TypeMismatch, "22P02");
    }
    refuse(
        &Type::Jsonb,
        &"[".repeat(100_000),
        ErrorCode::TypeMismatch,
        "54001",
    );
}

#[test]
fn arrays() {
    let of = |kind: Type| Type::Array { of: Box::new(kind) };
    check(
        &of(Type::Text),
        r#"{ a , "b c" ,NULL,"NULL","","x\"y\\z"}"#,
        r#"{a,"b c",NULL,"NULL","","x\"y\\z"}"#,
        r#"["a","b c",null,"NULL","","x\"y\\z"]"#,
    );
    check(
        &of(Type::Text),
        "{a ,\\ , \\  }",
        "{a,\" \",\" \"}",
        "[\"a\",\" \",\" \"]",
    );
    check(
        &of(Type::Int4),
        "{{1,2},{3,4}}",
        "{{1,2},{3,4}}",
        "[[1,2],[3,4]]",
    );
    check(&of(Type::Bool), "{true,f}", "{t,f}", "[true,false]");
    check(
        &of(Type::Timestamptz),
        "{2026-01-01T00:00:00Z}",
        "{\"2026-01-01 00:00:00+00\"}",
        "[\"2026-01-01T00:00:00.000000Z\"]",
    );
    check(&of(numeric(5, 2)), "{1.5}", "{1.50}", "[1.50]");
    check(
        &of(Type::Text),
        "[0:1]={a,b}",
        "[0:1]={a,b}",
        "[\"a\",\"b\"]",
    );
    refuse(&of(Type::Int4), "{1,x}", ErrorCode::TypeMismatch, "22P02");
    for given in ["", "1", "{1", "{1,}", "{1}x", "{{{{{{{1}}}}}}}"] {
        refuse(&of(Type::Int4), given, ErrorCode::TypeMismatch, "22P02");
    }
}

#[test]
fn applications_give_json() {
    let give = |kind: Type, json: serde_json::Value| {
        from_json(
            &column(kind.clone()),
            &Json::parse(&json.to_string()).expect("JSON"),
        )
        .map(|value| to_text(&kind, &value))
    };
    let text = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(give(Type::Int4, json!(null)), Ok(None));
    assert_eq!(give(Type::Int4, json!(5)), text("5"));
    assert_eq!(give(Type::Int4, json!(5.0)), text("5"));
    assert_eq!(
        give(Type::Int8, json!("9007199254740993")),
        text("9007199254740993")
    );
    assert_eq!(give(numeric(6, 2), json!(19.99)), text("19.99"));
    assert_eq!(give(numeric(6, 2), json!("19.999")), text("20.00"));
    assert_eq!(give(Type::Float8, json!(1e300)), text("1e+300"));
    assert_eq!(
        give(Type::Jsonb, json!({"bb": [1.5], "a": null})),
        text("{\"a\": null, \"bb\": [1.5]}")
    );
    let texts = Type::Array {
        of: Box::new(Type::Text),
    };
    assert_eq!(
        give(texts.clone(), json!(["a b", null])),
        text("{\"a b\",NULL}")
    );
    for (kind, json) in [
        (Type::Int4, json!(1.5)),
        (Type::Int4, json!(true)),
        (Type::Text, json!(1)),
        (Type::Bool, json!("true")),
        (Type::Uuid, json!({})),
        (texts, json!([1])),
    ] {
        let error = give(kind, json).expect_err("refused");
        assert_eq!(
            (error.code, error.details.column.as_deref()),
            (ErrorCode::TypeMismatch, Some("c"))
        );
    }
    assert_eq!(
        give(Type::Int2, json!(40000)).unwrap_err().code,
        ErrorCode::OutOfRange
    );
    assert_eq!(
        give(Type::Int8, json!(1e19)).unwrap_err().code,
        ErrorCode::OutOfRange
    );
}

#[test]
fn order_is_postgres_s() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = |kind: &Type, a: &str, b: &str| {
        compare(kind, &parse(kind, a).unwrap(), &parse(kind, b).unwrap())
    };
    assert_eq!(order(&Type::Float8, "NaN", "Infinity"), Greater);
    assert_eq!(order(&Type::Float8, "NaN", "NaN"), Equal);
    assert_eq!(order(&Type::Float8, "-0", "0"), Equal);
    assert_eq!(order(&Type::Text, "B", "a"), Less);
    assert_eq!(order(&NUMERIC, "10", "9.5"), Greater);
    assert_eq!(order(&NUMERIC, "-10", "-9.5"), Less);
    assert_eq!(order(&NUMERIC, "1.50", "1.5"), Equal);
    assert_eq!(order(&NUMERIC, "0.05", "0.1"), Less);
    assert_eq!(order(&NUMERIC, "NaN", "Infinity"), Greater);
    assert_eq!(order(&NUMERIC, "-Infinity", "-1e100"), Less);
    assert_eq!(
        compare(&Type::Int4, &Value::Null, &Value::Int(i64::MAX)),
        Greater
    );
}

#[test]
fn a_row_s_hash_tells_values_apart() {
    let hash = |values: &[Value]| row_hash(values);
    assert_eq!(hash(&[Value::Float(-0.0)]), hash(&[Value::Float(0.0)]));
    assert_eq!(
        hash(&[Value::Float(f64::NAN)]),
        hash(&[Value::Float(-f64::NAN)])
    );
    let rows = [
        vec![],
        vec![Value::Null],
        vec![Value::Null, Value::Null],
        vec![Value::text("ab"), Value::text("c")],
        vec![Value::text("a"), Value::text("bc")],
        vec![Value::Int(0)],
        vec![Value::Float(0.0)],
        vec![Value::text("")],
    ];
    for (i, a) in rows.iter().enumerate() {
        for (j, b) in rows.iter().enumerate() {
            assert_eq!(hash(a) == hash(b), i == j, "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_number_in_json_is_the_double_that_it_says() {
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        bits = bits
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let float = f64::from_bits(bits);
        if !float.is_finite() {
            continue;
        }
        let text = format!("{float:e}");
        let json = Json::parse(&text).expect("a number");
        let value = from_json(&column(Type::Float8), &json).expect("a double");
        assert_eq!(value, Value::Float(float));
        let text = to_text(&Type::Float8, &value).expect("not null");
        assert_eq!(parse(&Type::Float8, &text), Ok(Value::Float(float)));
    }
}
