//! Postgres's order of values.

use super::interval::Interval;
use super::{Array, Value, compare_float, compare_numeric};
use crate::json::{Json, Member, parse_tree};
use crate::more;
use crate::schema::Type;
use std::cmp::Ordering;

/// Compares two values of a type as a btree does, NULL greatest (NULLS LAST when ascending).
///
/// Text is compared by bytes, as under the collations C and C.UTF-8.
pub fn compare(kind: &Type, a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => compare_float(*a, *b),
        (Value::Text(a), Value::Text(b)) => compare_text(kind, a, b),
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        // Values of one type are stored alike; between different ones any fixed order will do.
        (Value::Int(_), _) | (_, Value::Text(_)) => Ordering::Less,
        (Value::Text(_), _) | (_, Value::Int(_)) => Ordering::Greater,
    }
}

/// Compares canonical texts of a type whose values are stored as text.
pub(crate) fn compare_text(kind: &Type, a: &str, b: &str) -> Ordering {
    match kind {
        Type::Numeric { .. } => compare_numeric(a, b),
        _ if a == b => Ordering::Equal,
        Type::Interval => match (Interval::parse(a), Interval::parse(b)) {
            (Ok(a), Ok(b)) => a.span().cmp(&b.span()),
            _ => a.cmp(b),
        },
        Type::Array { of } => match (Array::parse(of, a), Array::parse(of, b)) {
            (Ok(a), Ok(b)) => compare_arrays(of, &a, &b),
            _ => a.cmp(b),
        },
        Type::Jsonb => match (parse_tree(a), parse_tree(b)) {
            (Ok(a), Ok(b)) => compare_json(&a, &b),
            _ => a.cmp(b),
        },
        Type::Opaque { sql } => more::compare(sql, a, b),
        // Bytes and uuids in lower-case hex are in the order of what they stand for.
        _ => a.cmp(b),
    }
}

/// Is the order of a type that is stored as text that of the bytes, so that equal values have
/// equal texts?
pub(crate) fn is_by_bytes(kind: &Type) -> bool {
    !matches!(
        kind,
        Type::Numeric { .. }
            | Type::Interval
            | Type::Array { .. }
            | Type::Jsonb
            | Type::Opaque { .. }
    )
}

/// As `array_cmp`: by elements, then by their number, then by dimensions.
fn compare_arrays(of: &Type, a: &Array, b: &Array) -> Ordering {
    let pairs = a.items.iter().zip(&b.items);
    let first = pairs.map(|(a, b)| compare(of, a, b)).find(|o| o.is_ne());
    let bounds = |array: &Array| -> Vec<(usize, i64)> {
        array
            .dimensions
            .iter()
            .map(|d| (d.length, d.lower))
            .collect()
    };
    first
        .unwrap_or_else(|| a.items.len().cmp(&b.items.len()))
        .then_with(|| a.dimensions.len().cmp(&b.dimensions.len()))
        .then_with(|| {
            let lengths = |array: &Array| -> Vec<usize> {
                array.dimensions.iter().map(|d| d.length).collect()
            };
            lengths(a).cmp(&lengths(b))
        })
        .then_with(|| bounds(a).cmp(&bounds(b)))
}

/// As `compareJsonbContainers`: object, array, boolean, number, string, null, from the greatest to
/// the least, but an empty array is less than anything.
fn compare_json(a: &Json<'_>, b: &Json<'_>) -> Ordering {
    compare_json_at(a, b, true)
}

fn json_rank(json: &Json<'_>, top: bool) -> i8 {
    match json {
        // A historical slip that indexes rely on.
        Json::List(items) if top && items.is_empty() => -1,
        Json::Null => 0,
        Json::Text(_) => 1,
        Json::Number(_) => 2,
        Json::Bool(false) => 3,
        Json::Bool(true) => 4,
        Json::List(_) => 5,
        Json::Object(_) => 6,
    }
}

fn compare_json_at(a: &Json<'_>, b: &Json<'_>, top: bool) -> Ordering {
    match (a, b) {
        (Json::Text(a), Json::Text(b)) => a.cmp(b),
        (Json::Number(a), Json::Number(b)) => compare_numeric(a, b),
        (Json::List(a), Json::List(b)) => a.len().cmp(&b.len()).then_with(|| {
            let pairs = a.iter().zip(b);
            let each = |(a, b): (&Json<'_>, &Json<'_>)| compare_json_at(a, b, false);
            pairs
                .map(each)
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        }),
        (Json::Object(a), Json::Object(b)) => a.len().cmp(&b.len()).then_with(|| {
            let pairs = a.iter().zip(b);
            let each = |((name_a, a), (name_b, b)): (&Member<'_>, &Member<'_>)| {
                name_a
                    .cmp(name_b)
                    .then_with(|| compare_json_at(a, b, false))
            };
            pairs
                .map(each)
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        }),
        _ => json_rank(a, top).cmp(&json_rank(b, top)),
    }
}
