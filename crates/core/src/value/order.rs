//! Postgres's order of values.

use super::{Value, compare_float, compare_numeric};
use crate::schema::Type;
use std::cmp::Ordering;

/// Compares two values of a type as a btree does, NULL greatest (NULLS LAST when ascending).
///
/// Text is compared by bytes, as under the collations C and C.UTF-8.
pub fn compare(kind: &Type, a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => compare_float(*a, *b),
        (Value::Text(a), Value::Text(b)) => match kind {
            Type::Numeric { .. } => compare_numeric(a, b),
            _ => a.cmp(b),
        },
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        // Values of one type are stored alike; between different ones any fixed order will do.
        (Value::Int(_), _) | (_, Value::Text(_)) => Ordering::Less,
        (Value::Text(_), _) | (_, Value::Int(_)) => Ordering::Greater,
    }
}
