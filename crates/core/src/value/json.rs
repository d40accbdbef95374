//! What applications give and what JavaScript gets.

use super::array::{parse_tree, write_element, write_tree_json};
use super::float::write_float;
use super::numeric::{int_range, write_int, write_scaled};
use super::time::{Style, write_date, write_time, write_timestamp};
use super::{
    NUMERIC_NAN, Scaled, Value, jsonb, mismatch, out_of_range, parse, scaled, text, to_precision,
};
use crate::error::Error;
use crate::json::{self, Json};
use crate::schema::{Column, Type};

/// The most digits of a numeric that a double holds for certain.
const NUMERIC_NUMBER_DIGITS_MAX: u16 = 15;

/// No number of at most 18 digits is as large as this.
const NOT_SCALED: u64 = 1_000_000_000_000_000_000;

/// Reads what an application gave for a column; JSON null is NULL.
///
/// Numbers are given as numbers (int8 and numeric also as strings), times, uuids and enum labels
/// as strings, JSON columns as any JSON, arrays as arrays.
///
/// # Errors
/// `type_mismatch`, `out_of_range`, `value_too_long`, each naming the column.
pub fn from_json(column: &Column, json: &Json<'_>) -> Result<Value, Error> {
    from_json_type(&column.kind, json)
        .map(|value| to_precision(column, value))
        .map_err(|error| error.at_column(&column.name))
}

fn from_json_type(kind: &Type, json: &Json<'_>) -> Result<Value, Error> {
    match (kind, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Type::Json, _) => parse(kind, &json::text(json)),
        (Type::Jsonb, _) => jsonb::canonical_tree(json, &json::text(json)).map(Value::text),
        (Type::Bool, Json::Bool(bool)) => Ok(Value::Int(i64::from(*bool))),
        (Type::Int2 | Type::Int4 | Type::Int8, Json::Number(number)) => int_of(kind, number),
        (Type::Float4 | Type::Float8 | Type::Numeric { .. }, Json::Number(number)) => {
            parse(kind, number)
        }
        (Type::Array { of }, Json::List(items)) => {
            let mut out = String::new();
            write_array(of, items, &mut out)?;
            Ok(Value::text(out))
        }
        (Type::Bool, Json::Text(text)) => Err(mismatch("boolean", text, "22P02")),
        (_, Json::Text(text)) => parse(kind, text),
        (_, Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_)) => {
            Err(mismatch(type_name(kind), &json::text(json), "22P02"))
        }
    }
}

/// An integer; `5.0` and `5e3` are some too.
fn int_of(kind: &Type, number: &str) -> Result<Value, Error> {
    if number.bytes().all(|b| b == b'-' || b.is_ascii_digit()) {
        return parse(kind, number);
    }
    match scaled(number, 0)? {
        Scaled::Exact(int) if int_range(kind).1.contains(&int) => Ok(Value::Int(int)),
        Scaled::Above(int) if int.unsigned_abs() < NOT_SCALED => {
            Err(mismatch(int_range(kind).0, number, "22P02"))
        }
        Scaled::Exact(_) | Scaled::Above(_) => {
            Err(out_of_range(int_range(kind).0, number, "22003"))
        }
    }
}

fn write_array(of: &Type, items: &[Json<'_>], out: &mut String) -> Result<(), Error> {
    out.push('{');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        match item {
            Json::List(inner) if !matches!(of, Type::Json | Type::Jsonb) => {
                write_array(of, inner, out)?;
            }
            _ => write_element(of, &from_json_type(of, item)?, out),
        }
    }
    out.push('}');
    Ok(())
}

/// Appends a value as JavaScript gets it.
pub fn write_json(kind: &Type, value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Int(int) => write_int_json(kind, *int, out),
        Value::Float(float) => write_float_json(*float, matches!(kind, Type::Float4), out),
        Value::Text(text) => write_text_json(kind, text, out),
    }
}

/// Appends a value stored as an integer.
pub(crate) fn write_int_json(kind: &Type, int: i64, out: &mut String) {
    match kind {
        Type::Bool => out.push_str(if int != 0 { "true" } else { "false" }),
        Type::Int2 | Type::Int4 => write_int(int, out),
        Type::Numeric {
            precision: Some(p),
            scale,
        } if *p <= NUMERIC_NUMBER_DIGITS_MAX && int != NUMERIC_NAN => {
            write_scaled(int, scale.unwrap_or(0), out);
        }
        Type::Enum { labels, .. } => write_json_string(text::enum_label(labels, int), out),
        _ => {
            out.push('"');
            match kind {
                Type::Numeric { scale, .. } => write_scaled(int, scale.unwrap_or(0), out),
                Type::Date => write_date(int, Style::Iso, out),
                Type::Time => write_time(int, Style::Postgres, out),
                Type::Timestamp => write_timestamp(int, false, Style::Iso, out),
                Type::Timestamptz => write_timestamp(int, true, Style::Iso, out),
                _ => write_int(int, out),
            }
            out.push('"');
        }
    }
}

/// Appends a float; JSON has no word for NaN and the infinities, so these are strings.
pub(crate) fn write_float_json(float: f64, single: bool, out: &mut String) {
    if float.is_finite() {
        write_float(float, single, out);
    } else {
        out.push('"');
        write_float(float, single, out);
        out.push('"');
    }
}

/// Appends a value stored as text.
pub(crate) fn write_text_json(kind: &Type, text: &str, out: &mut String) {
    match kind {
        Type::Json | Type::Jsonb => out.push_str(text),
        Type::Array { of } => match parse_tree(text) {
            Some(tree) => write_tree_json(of, &tree, out),
            None => write_json_string(text, out),
        },
        _ => write_json_string(text, out),
    }
}

/// Does a float survive as a JavaScript number in JSON, whoever reads it? Not all readers are
/// exact beyond 15 digits.
pub(crate) fn float_survives(float: f64) -> bool {
    let mut text = String::new();
    write_float(float, false, &mut text);
    !text.contains('e') && numbers_survive(&text)
}

/// Does a text survive as the JavaScript value that it becomes, so that reading that value again
/// gives the same text?
///
/// A double forgets trailing zeros and digits beyond 15, `json` its blanks and the order of its
/// members, an array its bounds; and a JSON `null` becomes the same as NULL.
pub(crate) fn survives_javascript(kind: &Type, text: &str) -> bool {
    match kind {
        Type::Json => false,
        Type::Jsonb => text != "null" && numbers_survive(text),
        Type::Array { of } => match **of {
            Type::Json | Type::Jsonb => false,
            Type::Float4 | Type::Float8 => {
                !text.starts_with('[') && !text.contains('e') && numbers_survive(text)
            }
            _ => !text.starts_with('['),
        },
        _ => true,
    }
}

/// Are all numbers of a canonical jsonb text what a double prints?
fn numbers_survive(text: &str) -> bool {
    const DIGITS_MAX: usize = 15;
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'"' => {
                while let [byte, tail @ ..] = rest {
                    rest = tail;
                    match byte {
                        b'"' => break,
                        b'\\' => rest = rest.get(1..).unwrap_or_default(),
                        _ => {}
                    }
                }
            }
            b'0'..=b'9' => {
                let len = tail
                    .iter()
                    .take_while(|b| b.is_ascii_digit() || **b == b'.')
                    .count();
                let (number, after) = tail.split_at(len);
                rest = after;
                let last = number.last().unwrap_or(first);
                if len >= DIGITS_MAX || (number.contains(&b'.') && *last == b'0') {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

/// Appends a JSON string.
pub fn write_json_string(text: &str, out: &mut String) {
    json::write_string(text, out);
}

/// A type's name, for messages.
pub(crate) fn type_name(kind: &Type) -> &str {
    match kind {
        Type::Bool => "boolean",
        Type::Int2 => "smallint",
        Type::Int4 => "integer",
        Type::Int8 => "bigint",
        Type::Float4 => "real",
        Type::Float8 => "double precision",
        Type::Numeric { .. } => "numeric",
        Type::Text => "text",
        Type::Varchar { .. } => "character varying",
        Type::Char { .. } => "character",
        Type::Uuid => "uuid",
        Type::Date => "date",
        Type::Time => "time",
        Type::Timestamp => "timestamp",
        Type::Timestamptz => "timestamp with time zone",
        Type::Interval => "interval",
        Type::Json => "json",
        Type::Jsonb => "jsonb",
        Type::Bytea => "bytea",
        Type::Enum { sql, .. } | Type::Opaque { sql } => sql,
        Type::Array { .. } => "array",
    }
}
