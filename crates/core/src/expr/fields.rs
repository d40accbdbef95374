//! Fields of dates, times and intervals: extracting one, and cutting off below one.

use super::call::Args;
use super::datum::Datum;
use super::node::Call;
use super::temporal::{HOUR, MINUTE, SECOND, infinite, timestamp};
use crate::error::{Error, ErrorCode};
use crate::schema::Type;
use crate::value::decimal::{self, Operation, Rounding};
use crate::value::interval::Interval;
use crate::value::time::{DAY_MICROS, civil_of, days_of};
use crate::value::{POSTGRES_EPOCH_UNIX_MICROS, type_name, write_scaled};

/// A number of microseconds as a numeric of a scale.
fn scaled(number: i128, scale: i16) -> String {
    match i64::try_from(number) {
        Ok(small) => {
            let mut out = String::new();
            write_scaled(small, scale, &mut out);
            out
        }
        Err(_) => {
            let digits = number.unsigned_abs().to_string();
            let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
            let sign = if number < 0 { "-" } else { "" };
            match scale {
                0 => format!("{sign}{digits}"),
                _ => format!("{sign}{whole}.{fraction}"),
            }
        }
    }
}

fn century(year: i64, length: i64) -> i64 {
    if year > 0 {
        (year + length - 1) / length
    } else {
        -((length - 1 - (year - 1)) / length)
    }
}

/// The fields of a time of day and of an interval's.
fn extract_time(field: &str, micros: i64) -> Option<String> {
    Some(match field {
        "microseconds" => scaled((micros % MINUTE).into(), 0),
        "milliseconds" => scaled((micros % MINUTE).into(), 3),
        "second" => scaled((micros % MINUTE).into(), 6),
        "minute" => scaled((micros / MINUTE % 60).into(), 0),
        "hour" => scaled((micros / HOUR).into(), 0),
        _ => return None,
    })
}

fn unsupported(field: &str, kind: &Type) -> Error {
    let message = format!(
        "unit \"{field}\" not supported for type {}",
        type_name(kind)
    );
    Error::new(ErrorCode::TypeMismatch, message).sqlstate("0A000")
}

pub(super) fn extract(
    field: &str,
    kind: &Type,
    value: &Datum<'_>,
) -> Result<Option<String>, Error> {
    let field = &*field.to_ascii_lowercase();
    let known = match kind {
        Type::Interval => {
            let interval = Interval::parse(value.as_text())?;
            match interval.is_finite() {
                true => extract_interval(field, interval),
                false => return Ok(infinite_field(field, interval.months > 0, true)),
            }
        }
        Type::Time => match field {
            "epoch" => Some(scaled(value.int().into(), 6)),
            _ => extract_time(field, value.int()),
        },
        Type::Date => match value.int() {
            _ if extract_time(field, 0).is_some() => None,
            infinity if infinite(infinity) => {
                return Ok(infinite_field(field, infinity > 0, false));
            }
            days => match field {
                "epoch" => Some(scaled((i128::from(days) + 10_957) * 86_400, 0)),
                _ => extract_day(field, days),
            },
        },
        _ => match value.int() {
            infinity if infinite(infinity) => {
                return Ok(infinite_field(field, infinity > 0, false));
            }
            micros => match field {
                "epoch" => Some(epoch(micros)?),
                _ => extract_time(field, micros.rem_euclid(DAY_MICROS))
                    .or_else(|| extract_day(field, micros.div_euclid(DAY_MICROS))),
            },
        },
    };
    known.map(Some).ok_or_else(|| unsupported(field, kind))
}

/// Seconds since 1970. Beyond 64 bits Postgres divides as numerics, which rounds.
fn epoch(micros: i64) -> Result<String, Error> {
    let since = i128::from(micros) + i128::from(POSTGRES_EPOCH_UNIX_MICROS);
    if i64::try_from(since).is_ok() {
        return Ok(scaled(since, 6));
    }
    decimal::operate(Operation::Div, &since.to_string(), "1000000")
        .and_then(|seconds| decimal::round(&seconds, 6, Rounding::Nearest))
        .map_err(|fault| fault.error("the result"))
}

/// Fields that only grow are infinite with the time; the others are unknown.
fn infinite_field(field: &str, positive: bool, interval: bool) -> Option<String> {
    let grows = matches!(
        field,
        "year" | "decade" | "century" | "millennium" | "epoch" | "isoyear"
    ) || (interval && field == "hour");
    grows.then(|| if positive { "Infinity" } else { "-Infinity" }.to_owned())
}

fn extract_day(field: &str, days: i64) -> Option<String> {
    let (year, month, day) = civil_of(days);
    // 2000-01-01 was a Saturday.
    let weekday = (days + 6).rem_euclid(7);
    Some(scaled(
        match field {
            "day" => day,
            "month" => month,
            "quarter" => (month - 1) / 3 + 1,
            "year" if year > 0 => year,
            "year" => year - 1,
            "decade" => year.div_euclid(10),
            "century" => century(year, 100),
            "millennium" => century(year, 1000),
            "dow" => weekday,
            "isodow" if weekday == 0 => 7,
            "isodow" => weekday,
            "doy" => days - days_of(year, 1, 1) + 1,
            "week" => iso_week(days).1,
            "isoyear" => match iso_week(days).0 {
                year if year > 0 => year,
                year => year - 1,
            },
            _ => return None,
        }
        .into(),
        0,
    ))
}

/// The year and week of ISO 8601: weeks begin on Monday, the first has the year's first Thursday.
fn iso_week(days: i64) -> (i64, i64) {
    let monday = |days: i64| days - (days + 5).rem_euclid(7);
    let thursday = monday(days) + 3;
    let (year, ..) = civil_of(thursday);
    let first = monday(days_of(year, 1, 4));
    (year, (monday(days) - first) / 7 + 1)
}

fn extract_interval(field: &str, interval: Interval) -> Option<String> {
    let months = i64::from(interval.months);
    let year = months / 12;
    Some(match field {
        "day" => scaled(interval.days.into(), 0),
        "month" => scaled((months % 12).into(), 0),
        "year" => scaled(year.into(), 0),
        "decade" => scaled((year / 10).into(), 0),
        "century" => scaled((year / 100).into(), 0),
        "millennium" => scaled((year / 1000).into(), 0),
        "epoch" => {
            // A year has 365.25 days here.
            let quarter_days = i128::from(year) * 1461
                + i128::from(months % 12) * 120
                + i128::from(interval.days) * 4;
            scaled(
                quarter_days * i128::from(DAY_MICROS / 4) + i128::from(interval.micros),
                6,
            )
        }
        _ => return extract_time(field, interval.micros),
    })
}

pub(super) fn truncate<'a>(call: &'a Call, args: &Args<'a>) -> Result<Datum<'a>, Error> {
    let field = &*args[0].as_text().to_ascii_lowercase();
    if let Type::Interval = call.args_kind(1) {
        let interval = Interval::parse(args[1].as_text())?;
        let cut = truncate_interval(field, interval)
            .ok_or_else(|| unsupported(field, &Type::Interval))?;
        return Ok(Datum::text(cut.to_text()));
    }
    let micros = args[1].int();
    if infinite(micros) {
        return Ok(Datum::Int(micros));
    }
    let unit = match field {
        "microseconds" => 1,
        "milliseconds" => 1000,
        "second" => SECOND,
        "minute" => MINUTE,
        "hour" => HOUR,
        "day" => DAY_MICROS,
        _ => 0,
    };
    if unit > 0 {
        return Ok(Datum::Int(micros - micros.rem_euclid(unit)));
    }
    let day = micros.div_euclid(DAY_MICROS);
    let (year, month, _) = civil_of(day);
    // Years before Christ truncate towards the past, in Postgres's own way of counting them.
    let first_year = |length: i64| match year > 0 {
        true => (year + length - 1) / length * length - (length - 1),
        false => -((length - 1 - (year - 1)) / length) * length + 1,
    };
    let day = match field {
        "week" => day - (day + 5).rem_euclid(7),
        "month" => days_of(year, month, 1),
        "quarter" => days_of(year, (month - 1) / 3 * 3 + 1, 1),
        "year" => days_of(year, 1, 1),
        "decade" if year > 0 => days_of(year / 10 * 10, 1, 1),
        "decade" => days_of(-((8 - (year - 1)) / 10) * 10, 1, 1),
        "century" => days_of(first_year(100), 1, 1),
        "millennium" => days_of(first_year(1000), 1, 1),
        _ => return Err(unsupported(field, &Type::Timestamp)),
    };
    let micros = i128::from(day) * i128::from(DAY_MICROS);
    Ok(Datum::Int(timestamp(micros)?))
}

fn truncate_interval(field: &str, interval: Interval) -> Option<Interval> {
    if !interval.is_finite() {
        return Some(interval);
    }
    let months = |unit: i32| Interval {
        months: interval.months / unit * unit,
        ..Interval::default()
    };
    let micros = |unit: i64| Interval {
        micros: interval.micros / unit * unit,
        ..interval
    };
    Some(match field {
        "millennium" => months(12_000),
        "century" => months(1200),
        "decade" => months(120),
        "year" => months(12),
        "quarter" => months(3),
        "month" => months(1),
        "day" => Interval {
            micros: 0,
            ..interval
        },
        "hour" => micros(HOUR),
        "minute" => micros(MINUTE),
        "second" => micros(SECOND),
        "milliseconds" => micros(1000),
        "microseconds" => interval,
        _ => return None,
    })
}
