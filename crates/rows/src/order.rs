//! The order of values that are stored as floats or as numeric text.

use crate::value::ValueRef;
use std::cmp::Ordering;

/// An order of values of several columns in which equal ones are beside one another: not Postgres's,
/// as texts go by their bytes.
pub fn compare_rows<'a>(
    a: impl Iterator<Item = ValueRef<'a>>,
    b: impl Iterator<Item = ValueRef<'a>>,
) -> Ordering {
    for (a, b) in a.zip(b) {
        let order = match (a, b) {
            (ValueRef::Int(a), ValueRef::Int(b)) => a.cmp(&b),
            (ValueRef::Float(a), ValueRef::Float(b)) => compare_float(a, b),
            (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
            (a, b) => form(a).cmp(&form(b)),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn form(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Int(_) => 1,
        ValueRef::Float(_) => 2,
        ValueRef::Text(_) => 3,
    }
}

/// NaN equals itself and is greater than any number; the zeros are equal.
pub fn compare_float(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Compares canonical numeric texts by value.
pub fn compare_numeric(a: &str, b: &str) -> Ordering {
    let (class_a, class_b) = (numeric_class(a), numeric_class(b));
    class_a.cmp(&class_b).then_with(|| match class_a {
        NEGATIVE => compare_magnitude(&b[1..], &a[1..]),
        POSITIVE => compare_magnitude(a, b),
        _ => Ordering::Equal,
    })
}

const NEGATIVE: i8 = -1;
const POSITIVE: i8 = 1;

fn numeric_class(text: &str) -> i8 {
    match text {
        "NaN" => 3,
        "Infinity" => 2,
        "-Infinity" => -2,
        _ if text.starts_with('-') => NEGATIVE,
        _ => POSITIVE,
    }
}

fn compare_magnitude(a: &str, b: &str) -> Ordering {
    let split = |text: &str| text.find('.').unwrap_or(text.len());
    let (at_a, at_b) = (split(a), split(b));
    let fraction = |text: &str, at: usize| text.len().min(at + 1);
    at_a.cmp(&at_b)
        .then_with(|| a[..at_a].cmp(&b[..at_b]))
        .then_with(|| {
            // Trailing zeros do not count: 1.5 = 1.50.
            let a = a[fraction(a, at_a)..].trim_end_matches('0');
            let b = b[fraction(b, at_b)..].trim_end_matches('0');
            a.cmp(b)
        })
}
