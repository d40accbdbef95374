//! When two values of a type are the same to Postgres's `=`, and a hash that agrees with it.
//!
//! Stored forms decide nearly always. The exceptions are numbers in text, also as bounds of ranges, of
//! which 1.0 and 1.00 are the same, and types whose `=` is not known here: of those, equal texts are the same values,
//! but unequal ones need not differ.

use super::column::ValueRef;
use super::key::hash_value;
use crate::more;
use crate::schema::{Storage, Type};
use rustc_hash::FxHasher;
use std::borrow::Cow;

/// How values of a type are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Same {
    /// By their stored forms.
    Stored,
    /// By their texts, numbers in them without trailing zeros.
    Digits,
    /// By their texts, which may differ where the values are the same.
    Text,
}

impl Same {
    pub fn of(kind: &Type) -> Self {
        match kind {
            Type::Numeric { .. } if kind.storage() == Storage::Text => Same::Digits,
            Type::Jsonb => Same::Digits,
            Type::Array { of } => match (&**of, Same::of(of)) {
                // In an array, numerics of any scale are text, and so are the two zeros of floats.
                (Type::Numeric { .. }, _) => Same::Digits,
                (Type::Float4 | Type::Float8, _) => Same::Text,
                // The array has quotes around its ranges.
                (Type::Opaque { .. }, Same::Digits) => Same::Text,
                (_, same) => same,
            },
            Type::Opaque { sql } => match more::plain_name(sql) {
                Some("numrange") => Same::Digits,
                Some(_) => Same::Stored,
                None => Same::Text,
            },
            Type::Interval | Type::Json => Same::Text,
            Type::Bool
            | Type::Int2
            | Type::Int4
            | Type::Int8
            | Type::Float4
            | Type::Float8
            | Type::Numeric { .. }
            | Type::Text
            | Type::Varchar { .. }
            | Type::Char { .. }
            | Type::Uuid
            | Type::Date
            | Type::Time
            | Type::Timestamp
            | Type::Timestamptz
            | Type::Bytea
            | Type::Enum { .. } => Same::Stored,
        }
    }

    /// Are two values the same? NULL is the same as NULL.
    pub fn equal(self, a: ValueRef<'_>, b: ValueRef<'_>) -> bool {
        match (self, a, b) {
            (Same::Digits, ValueRef::Text(a), ValueRef::Text(b)) => digits(a) == digits(b),
            _ => a == b,
        }
    }

    /// Adds a value to a hash.
    pub fn hash(self, value: ValueRef<'_>, hasher: &mut FxHasher) {
        match (self, value) {
            (Same::Digits, ValueRef::Text(text)) => {
                hash_value(ValueRef::Text(&digits(text)), hasher);
            }
            _ => hash_value(value, hasher),
        }
    }
}

/// A text whose numbers, outside of quotes, have no trailing zeros after the point.
pub(crate) fn digits(text: &str) -> Cow<'_, str> {
    if !text.contains('.') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    // Where in `out` the point of the number being read stands.
    let mut point: Option<usize> = None;
    for c in text.chars() {
        if let Some(at) = point.filter(|_| !c.is_ascii_digit()) {
            trim(&mut out, at);
            point = None;
        }
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        } else if c == '.' && !quoted {
            point = Some(out.len());
        }
        out.push(c);
    }
    if let Some(at) = point {
        trim(&mut out, at);
    }
    Cow::Owned(out)
}

fn trim(out: &mut String, point: usize) {
    let kept = out.trim_end_matches('0').len();
    out.truncate(if kept == point + 1 { point } else { kept });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_whatever_their_scale() {
        let same = |a, b| Same::Digits.equal(ValueRef::Text(a), ValueRef::Text(b));
        for (a, b) in [
            ("1.50", "1.5"),
            ("1.00", "1"),
            ("-0.10", "-0.1"),
            ("{1.0,NULL,20.20}", "{1,NULL,20.2}"),
            ("[1.00,5.5)", "[1,5.50)"),
            (
                r#"{"a": 1.0, "b.0": "1.0\"1.0"}"#,
                r#"{"a": 1, "b.0": "1.0\"1.0"}"#,
            ),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        let of = |sql: &str| Same::of(&Type::Opaque { sql: sql.into() });
        assert_eq!(
            [
                of("numrange"),
                of("bit(8)"),
                of("inet"),
                of("int4multirange")
            ],
            [Same::Digits, Same::Stored, Same::Stored, Same::Text]
        );
        for (a, b) in [
            ("100", "1"),
            ("1.05", "1.5"),
            (r#""1.0""#, r#""1""#),
            (r#"{"a.0": 1}"#, r#"{"a": 1}"#),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }
}
