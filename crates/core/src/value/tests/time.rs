use super::{check, refuse};
use crate::ErrorCode;
use crate::schema::Type;
use crate::value::{Value, parse, to_text};

#[test]
fn timestamps() {
    let tz = &Type::Timestamptz;
    let evening = "2026-11-20 22:12:00+00";
    for given in [
        "2026-11-20T22:12:00Z",
        "2026-11-20 22:12",
        "2026-11-20T22:12:00.000000z",
        "2026-11-21 03:42+0530",
        "2026-11-20 17:12:00-05",
    ] {
        check(tz, given, evening, "\"2026-11-20T22:12:00.000000Z\"");
    }
    check(
        tz,
        "2026-11-20 22:12:00.1234575",
        "2026-11-20 22:12:00.123458+00",
        "\"2026-11-20T22:12:00.123458Z\"",
    );
    check(
        tz,
        "2026-11-20 22:12:00.1234565",
        "2026-11-20 22:12:00.123456+00",
        "\"2026-11-20T22:12:00.123456Z\"",
    );
    check(
        tz,
        "0044-03-15 12:00:00.5 BC",
        "0044-03-15 12:00:00.5+00 BC",
        "\"-000043-03-15T12:00:00.500000Z\"",
    );
    check(
        tz,
        "-000043-03-15T12:00:00Z",
        "0044-03-15 12:00:00+00 BC",
        "\"-000043-03-15T12:00:00.000000Z\"",
    );
    check(
        tz,
        "2026-01-01T23:59:60Z",
        "2026-01-02 00:00:00+00",
        "\"2026-01-02T00:00:00.000000Z\"",
    );
    check(tz, "Infinity", "infinity", "\"infinity\"");
    check(
        &Type::Timestamp,
        "12026-01-01",
        "12026-01-01 00:00:00",
        "\"+012026-01-01T00:00:00.000000\"",
    );
    check(
        &Type::Timestamp,
        "+012026-01-01T00:00:00+05",
        "12026-01-01 00:00:00",
        "\"+012026-01-01T00:00:00.000000\"",
    );
    check(
        &Type::Timestamp,
        "294276-12-31 23:59:59.999999",
        "294276-12-31 23:59:59.999999",
        "\"+294276-12-31T23:59:59.999999\"",
    );
    check(
        &Type::Timestamp,
        "4714-11-24 BC",
        "4714-11-24 00:00:00 BC",
        "\"-004713-11-24T00:00:00.000000\"",
    );
    for given in [
        "294277-01-01",
        "4714-11-23 BC",
        "2026-02-30",
        "2026-13-01",
        "2026-01-01 24:00:01",
        "2026-01-01 25:00",
        "0000-01-01 BC",
    ] {
        refuse(tz, given, ErrorCode::OutOfRange, "22008");
    }
    refuse(tz, "2026-01-01 00:00+17", ErrorCode::OutOfRange, "22009");
    for given in [
        "",
        "tomorrow",
        "2026-11-20x",
        "2026-11-20T",
        "2026-11-20T10",
        "20261120",
        "2026-11-20 10:00:00 Mars",
    ] {
        refuse(tz, given, ErrorCode::TypeMismatch, "22007");
    }
}

#[test]
fn dates_and_times() {
    check(&Type::Date, "2026-11-20", "2026-11-20", "\"2026-11-20\"");
    check(
        &Type::Date,
        "2026-11-20T23:00:00Z",
        "2026-11-20",
        "\"2026-11-20\"",
    );
    check(&Type::Date, "2000-02-29", "2000-02-29", "\"2000-02-29\"");
    check(
        &Type::Date,
        "5874897-12-31",
        "5874897-12-31",
        "\"+5874897-12-31\"",
    );
    check(&Type::Date, "-infinity", "-infinity", "\"-infinity\"");
    assert_eq!(parse(&Type::Date, "2000-01-01"), Ok(Value::Int(0)));
    refuse(&Type::Date, "1900-02-29", ErrorCode::OutOfRange, "22008");
    check(&Type::Time, "9:05", "09:05:00", "\"09:05:00\"");
    check(&Type::Time, "24:00:00", "24:00:00", "\"24:00:00\"");
    check(
        &Type::Time,
        "01:02:03.450+05",
        "01:02:03.45",
        "\"01:02:03.45\"",
    );
    refuse(&Type::Time, "24:00:01", ErrorCode::OutOfRange, "22008");
}

#[test]
fn every_day_survives_a_round_trip() {
    for day in (-2_451_545..3_000_000i64).step_by(97).chain(-800..800) {
        let text = to_text(&Type::Date, &Value::Int(day)).expect("not null");
        assert_eq!(parse(&Type::Date, &text), Ok(Value::Int(day)), "{text}");
    }
}
