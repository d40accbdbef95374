//! Casts between types, as Postgres makes them where they are written out.

use super::datum::Datum;
use super::{bytes, jsonb};
use crate::error::Error;
pub(super) use crate::error::invalid;
use crate::schema::{Storage, Type};
use crate::value::decimal;
use crate::value::interval::{self, Interval};
use crate::value::time::{DATE_END, DAY_MICROS, DAY_MIN, TIMESTAMP_END_DAY};
use crate::value::{self, INFINITY, MINUS_INFINITY, out_of_range};

/// The value of one type as one of another.
pub(super) fn cast<'a>(from: &Type, to: &Type, value: Datum<'a>) -> Result<Datum<'a>, Error> {
    use Type as T;
    if value.is_null() {
        return Ok(Datum::Null);
    }
    Ok(match (from, to) {
        (_, T::Text | T::Varchar { .. } | T::Char { .. }) => cut(to, to_text(from, value)),
        (T::Text | T::Varchar { .. } | T::Char { .. }, T::Bytea) => bytes::cast(value.as_text())?,
        (T::Text | T::Varchar { .. } | T::Char { .. }, _) => {
            Datum::owned(value::parse(to, value.as_text())?)
        }
        (T::Bool, T::Int4) | (T::Date, T::Date) => value,
        (T::Int4, T::Bool) => Datum::bool(value.int() != 0),
        (T::Int2 | T::Int4 | T::Int8, T::Int2 | T::Int4 | T::Int8) => int(to, value.int().into())?,
        (T::Int2 | T::Int4 | T::Int8, T::Float4) => Datum::Float(f64::from(value.int() as f32)),
        (T::Int2 | T::Int4 | T::Int8, T::Float8) => Datum::Float(value.int() as f64),
        (T::Int2 | T::Int4 | T::Int8 | T::Numeric { .. }, T::Numeric { .. }) => {
            numeric(to, numeric_text(from, &value))?
        }
        (T::Numeric { .. }, T::Int2 | T::Int4 | T::Int8) => {
            let text = numeric_text(from, &value);
            if !text.ends_with(|c: char| c.is_ascii_digit()) {
                let message = format!("cannot convert {text} to an integer");
                return Err(invalid(message, "0A000"));
            }
            let whole = decimal::to_int(&text);
            int(to, i128::from(whole.ok_or_else(|| int_range(to, &text))?))?
        }
        (T::Numeric { .. }, T::Float4 | T::Float8) => {
            Datum::owned(value::parse(to, &numeric_text(from, &value))?)
        }
        (T::Float4 | T::Float8, T::Numeric { .. }) => {
            numeric(to, value::float_digits(value.float(), *from == T::Float4))?
        }
        (T::Float4 | T::Float8, T::Int2 | T::Int4 | T::Int8) => {
            let rounded = value.float().round_ties_even();
            // Both ends of the range are exact doubles.
            if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
                return Err(int_range(to, &shown(&value)));
            }
            int(to, rounded as i128)?
        }
        (T::Float4, T::Float8) => value,
        (T::Float8, T::Float4) => single(value.float())?,
        (T::Date, T::Timestamp | T::Timestamptz) => {
            let days = value.int();
            if matches!(days, INFINITY | MINUS_INFINITY) {
                return Ok(value);
            }
            if days >= TIMESTAMP_END_DAY {
                return Err(out_of_range("timestamp", &to_text(from, value), "22008"));
            }
            Datum::Int(days * DAY_MICROS)
        }
        (T::Timestamp | T::Timestamptz, T::Date) => match value.int() {
            INFINITY | MINUS_INFINITY => value,
            micros => Datum::Int(micros.div_euclid(DAY_MICROS)),
        },
        (T::Timestamp | T::Timestamptz, T::Timestamp | T::Timestamptz) => value,
        (T::Timestamp | T::Timestamptz, T::Time) => match value.int() {
            INFINITY | MINUS_INFINITY => Datum::Null,
            micros => Datum::Int(micros.rem_euclid(DAY_MICROS)),
        },
        (T::Interval, T::Time) => {
            let interval = Interval::parse(value.as_text())?;
            Datum::Int(interval.micros.rem_euclid(interval::DAY))
        }
        (T::Time, T::Interval) => Datum::text(
            Interval {
                micros: value.int(),
                ..Interval::default()
            }
            .to_text(),
        ),
        (T::Json, T::Jsonb) | (T::Jsonb, T::Json) => {
            Datum::owned(value::parse(to, value.as_text())?)
        }
        (T::Jsonb, T::Bool) => jsonb::to_bool(value.as_text())?,
        (T::Jsonb, _) => {
            let number = jsonb::to_number(value.as_text(), to)?;
            cast(
                &T::Numeric {
                    precision: None,
                    scale: None,
                },
                to,
                Datum::text(number),
            )?
        }
        (T::Opaque { .. }, T::Opaque { .. }) => Datum::owned(value::parse(to, value.as_text())?),
        (T::Array { of: a }, T::Array { of: b }) => {
            let cast_one = |item: value::Value| -> Result<value::Value, Error> {
                Ok(cast(a, b, Datum::of(&item))?.into_value())
            };
            Datum::text(value::map_array(a, b, value.as_text(), &cast_one)?)
        }
        _ => value,
    })
}

/// The value as its type's cast to text prints it.
pub(super) fn to_text<'a>(kind: &Type, value: Datum<'a>) -> std::borrow::Cow<'a, str> {
    match value {
        Datum::Text(text) => text,
        other => {
            let text = value::to_text(kind, &other.into_value());
            text.unwrap_or_default().into()
        }
    }
}

fn shown(value: &Datum<'_>) -> String {
    to_text(&Type::Float8, value.clone()).into_owned()
}

/// A text cut off to a length, without a complaint.
fn cut<'a>(to: &Type, text: std::borrow::Cow<'a, str>) -> Datum<'a> {
    let length = match to {
        Type::Varchar { length } => *length,
        // Zero stands for a type whose length doesn't matter.
        Type::Char { length } if *length > 0 => Some(*length),
        _ => None,
    };
    let end = length.and_then(|length| text.char_indices().nth(length as usize));
    let mut text = match end {
        Some((end, _)) => text[..end].to_owned().into(),
        None => text,
    };
    if matches!(to, Type::Char { .. }) && text.ends_with(' ') {
        text = text.trim_end_matches(' ').to_owned().into();
    }
    Datum::Text(text)
}

/// A value as an assignment to a column takes it: what is too long is refused.
pub(super) fn assign<'a>(from: &Type, to: &Type, value: Datum<'a>) -> Result<Datum<'a>, Error> {
    match to {
        Type::Varchar { .. } | Type::Char { .. } => {
            Ok(Datum::owned(value::parse(to, &to_text(from, value))?))
        }
        _ => cast(from, to, value),
    }
}

fn int_range(kind: &Type, text: &str) -> Error {
    let name = match kind {
        Type::Int2 => "smallint",
        Type::Int4 => "integer",
        _ => "bigint",
    };
    out_of_range(name, text, "22003")
}

/// An integer within the range of its type.
pub(super) fn int<'a>(kind: &Type, int: i128) -> Result<Datum<'a>, Error> {
    let fits = match kind {
        Type::Int2 => i16::try_from(int).is_ok(),
        Type::Int4 => i32::try_from(int).is_ok(),
        _ => true,
    };
    match i64::try_from(int) {
        Ok(int) if fits => Ok(Datum::Int(int)),
        _ => Err(int_range(kind, "the result")),
    }
}

/// A double rounded to single precision.
pub(super) fn single<'a>(float: f64) -> Result<Datum<'a>, Error> {
    let rounded = f64::from(float as f32);
    if (rounded.is_infinite() && float.is_finite()) || (rounded == 0.0 && float != 0.0) {
        return Err(out_of_range("real", &shown(&Datum::Float(float)), "22003"));
    }
    Ok(Datum::Float(rounded))
}

/// The canonical text of a number of an exact type.
pub(super) fn numeric_text<'v>(kind: &Type, value: &'v Datum<'_>) -> std::borrow::Cow<'v, str> {
    match value {
        Datum::Text(text) => std::borrow::Cow::Borrowed(text),
        other => to_text(kind, other.clone()).into_owned().into(),
    }
}

/// A numeric's canonical text in the form of a numeric type.
pub(super) fn numeric<'a>(to: &Type, text: impl AsRef<str>) -> Result<Datum<'a>, Error> {
    match to {
        Type::Numeric {
            precision: None, ..
        } if to.storage() == Storage::Text => Ok(Datum::text(text.as_ref().to_owned())),
        _ => Ok(Datum::owned(value::parse(to, text.as_ref())?)),
    }
}

/// A date as a timestamp to compare with: beyond the range it is infinite.
pub(super) fn date_as_timestamp<'a>(days: i64) -> Datum<'a> {
    Datum::Int(match days {
        INFINITY | MINUS_INFINITY => days,
        // Greater than every timestamp but infinity.
        days if days >= TIMESTAMP_END_DAY => INFINITY - 1,
        days => days * DAY_MICROS,
    })
}

/// A date within its range.
pub(super) fn date<'a>(days: i64) -> Result<Datum<'a>, Error> {
    if (DAY_MIN..DATE_END).contains(&days) {
        Ok(Datum::Int(days))
    } else {
        Err(out_of_range("date", "the result", "22008"))
    }
}
