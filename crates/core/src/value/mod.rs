//! Postgres values: their text, their JSON, their order and their equality.
//!
//! A [`Value`] means something only together with its [`Type`], which says how it is stored. Every
//! value has one stored form, so that equality of stored forms is equality of values wherever
//! Postgres's text decides. Nothing here knows tables or rows, but for [`row_hash`].

mod array;
pub(crate) mod decimal;
mod elements;
mod float;
pub(crate) mod interval;
mod json;
mod jsonb;
mod numeric;
mod order;
pub(crate) mod roots;
mod text;
pub(crate) mod time;

pub use elements::array_texts;
pub(crate) use elements::{Array, Dimension, array_values, make_array, map_array, output};
pub use float::HostFloats;
#[cfg(target_arch = "wasm32")]
pub use float::set_host_floats;
pub(crate) use float::{float_digits, read_number};
pub use haversack_rows::Value;
pub(crate) use haversack_rows::order::{compare_float, compare_numeric};
pub(crate) use json::{
    float_survives, survives_javascript, type_name, write_float_json, write_int_json,
    write_text_json,
};
pub use json::{from_json, write_json, write_json_string};
pub(crate) use numeric::{Scaled, scaled, write_int, write_scaled};
pub use order::compare;
pub(crate) use order::{compare_text, is_by_bytes};
pub(crate) use text::{is_blank, trim, uuid_v7};
pub use time::{INFINITY, MINUS_INFINITY, POSTGRES_EPOCH_UNIX_MICROS};

use crate::error::{Error, ErrorCode};
use crate::more;
use crate::schema::{Column, Storage, Type, hex};
use haversack_rows::plain;
use sha2::{Digest, Sha256};

/// The stored form of NaN in a numeric that is kept as a scaled integer: greater than any number,
/// as in Postgres, and out of reach of 18 digits.
pub const NUMERIC_NAN: i64 = i64::MAX;

/// A value as a column keeps it that rounds to so many digits of a second.
pub(crate) fn to_precision(column: &Column, value: Value) -> Value {
    match (column.precision, value) {
        (Some(digits), Value::Int(micros)) => Value::Int(time::rounded(micros, digits)),
        (_, value) => value,
    }
}

/// Reads a value from Postgres's text, or from the lenient notations that people and programs use.
///
/// # Errors
/// `type_mismatch` (22P02, 22007, 22P05), `out_of_range` (22003, 22008), `value_too_long` (22001).
pub fn parse(kind: &Type, text: &str) -> Result<Value, Error> {
    Ok(match kind {
        Type::Bool => Value::Int(i64::from(text::parse_bool(text)?)),
        Type::Int2 | Type::Int4 | Type::Int8 => Value::Int(numeric::parse_int(kind, text)?),
        Type::Float4 => Value::Float(float::parse_float(text, true)?),
        Type::Float8 => Value::Float(float::parse_float(text, false)?),
        Type::Numeric { precision, scale } => {
            numeric::parse_numeric(text, *precision, *scale, kind.storage() == Storage::Int)?
        }
        Type::Text => Value::text(text::without_nul(text)?),
        Type::Varchar { length } => Value::text(text::fit(text, *length, "character varying")?),
        Type::Char { length } => {
            // Zero stands for any length, as of a constant.
            let length = Some(*length).filter(|length| *length > 0);
            Value::text(text::fit(text, length, "character")?.trim_end_matches(' '))
        }
        Type::Uuid => Value::text(text::parse_uuid(text)?),
        Type::Date => Value::Int(time::parse_date(text)?),
        Type::Time => Value::Int(time::parse_time(text)?),
        Type::Timestamp => Value::Int(time::parse_timestamp(text, false)?),
        Type::Timestamptz => Value::Int(time::parse_timestamp(text, true)?),
        Type::Json => {
            jsonb::validate(text)?;
            Value::text(text)
        }
        Type::Jsonb => Value::text(jsonb::canonical(text)?),
        Type::Bytea => Value::text(text::parse_bytea(text)?),
        Type::Enum { sql, labels } => Value::Int(text::parse_enum(sql, labels, text)?),
        Type::Array { of } => Value::text(array::canonical(of, text)?),
        Type::Interval => Value::text(interval::Interval::parse(text)?.to_text()),
        Type::Opaque { sql } => {
            let text = text::without_nul(text)?;
            match more::canonical(sql, text)? {
                Some(read) => Value::text(read),
                None => Value::text(text),
            }
        }
    })
}

/// Reads a value that Postgres itself printed: what is stored as text is taken as it is.
///
/// For rows off the wire, where checking what Postgres has checked would cost more than the rest.
///
/// # Errors
/// As [`parse`], for the types that are not stored as text.
pub fn parse_canonical(kind: &Type, text: &str) -> Result<Value, Error> {
    let plain = match kind {
        Type::Int2 | Type::Int4 | Type::Int8 => plain::int(text),
        Type::Timestamp => plain::timestamp(text, false),
        Type::Timestamptz => plain::timestamp(text, true),
        Type::Char { .. } => return Ok(Value::text(text.trim_end_matches(' '))),
        _ if kind.storage() == Storage::Text => return Ok(Value::text(text)),
        _ => None,
    };
    match plain {
        Some(int) => Ok(Value::Int(int)),
        None => parse(kind, text),
    }
}

/// The value as Postgres prints it (`value::text`); `None` for NULL.
pub fn to_text(kind: &Type, value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let mut out = String::new();
    write_text(kind, value, &mut out);
    Some(out)
}

/// Appends the value as Postgres prints it; nothing for NULL.
pub fn write_text(kind: &Type, value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Text(text) => out.push_str(text),
        Value::Float(float) => float::write_float(*float, matches!(kind, Type::Float4), out),
        Value::Int(int) => write_int_text(kind, *int, out),
    }
}

fn write_int_text(kind: &Type, int: i64, out: &mut String) {
    match kind {
        Type::Bool => out.push_str(if int != 0 { "true" } else { "false" }),
        Type::Numeric { scale, .. } => numeric::write_scaled(int, scale.unwrap_or(0), out),
        Type::Date => time::write_date(int, time::Style::Postgres, out),
        Type::Time => time::write_time(int, time::Style::Postgres, out),
        Type::Timestamp => time::write_timestamp(int, false, time::Style::Postgres, out),
        Type::Timestamptz => time::write_timestamp(int, true, time::Style::Postgres, out),
        Type::Enum { labels, .. } => out.push_str(text::enum_label(labels, int)),
        _ => numeric::write_int(int, out),
    }
}

/// SHA-256, in hex, of a row's parsed values: independent of the notation that they came in.
pub fn row_hash(values: &[Value]) -> String {
    let mut hash = Vec::new();
    for value in values {
        match value {
            Value::Null => hash.push(0),
            Value::Int(int) => {
                hash.push(1);
                hash.extend_from_slice(&int.to_le_bytes());
            }
            Value::Float(float) => {
                // One bit pattern per value that compares equal: a single NaN, no negative zero.
                let float = if float.is_nan() {
                    f64::NAN
                } else {
                    float + 0.0
                };
                hash.push(2);
                hash.extend_from_slice(&float.to_bits().to_le_bytes());
            }
            Value::Text(text) => {
                hash.push(3);
                hash.extend_from_slice(&(text.len() as u64).to_le_bytes());
                hash.extend_from_slice(text.as_bytes());
            }
        }
    }
    hex(&Sha256::digest(&hash))
}

/// SHA-256, in hex, of a text: how a long base travels.
pub fn text_hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The tree of a stored JSON document.
pub(crate) fn json_tree(text: &str) -> Option<crate::json::Json<'_>> {
    crate::json::parse_tree(text).ok()
}

/// The canonical text of a JSON document: equal documents have equal texts.
pub(crate) fn json_text(tree: &crate::json::Json<'_>) -> Option<String> {
    jsonb::canonical_tree(tree, "").ok()
}

/// A value shortened for a message.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

/// `type_mismatch` for a text that is not of a type.
pub(crate) fn mismatch(kind: &str, text: &str, sqlstate: &str) -> Error {
    Error::new(
        ErrorCode::TypeMismatch,
        format!("{} is not a valid {kind}", shown(text)),
    )
    .sqlstate(sqlstate)
}

/// `out_of_range` for a value that a type can't hold.
pub(crate) fn out_of_range(kind: &str, text: &str, sqlstate: &str) -> Error {
    Error::new(
        ErrorCode::OutOfRange,
        format!("{} is out of range for {kind}", shown(text)),
    )
    .sqlstate(sqlstate)
}

#[cfg(test)]
mod tests;
