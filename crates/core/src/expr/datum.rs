//! A value while an expression is evaluated: borrowed from the row wherever it can be.

use crate::value::Value;
use std::borrow::Cow;

/// A value in the stored form of its type.
#[derive(Clone, Debug, Default)]
pub(super) enum Datum<'a> {
    #[default]
    Null,
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'a> Datum<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Datum::Null,
            Value::Int(int) => Datum::Int(*int),
            Value::Float(float) => Datum::Float(*float),
            Value::Text(text) => Datum::Text(Cow::Borrowed(text)),
        }
    }

    pub(super) fn owned(value: Value) -> Self {
        match value {
            Value::Null => Datum::Null,
            Value::Int(int) => Datum::Int(int),
            Value::Float(float) => Datum::Float(float),
            Value::Text(text) => Datum::Text(Cow::Owned(text.into())),
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Datum::Null => Value::Null,
            Datum::Int(int) => Value::Int(int),
            Datum::Float(float) => Value::Float(float),
            Datum::Text(text) => Value::Text(text.into()),
        }
    }

    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Datum::Text(text.into())
    }

    pub(super) fn bool(bool: bool) -> Self {
        Datum::Int(i64::from(bool))
    }

    pub(super) fn truth(truth: Option<bool>) -> Self {
        truth.map_or(Datum::Null, Datum::bool)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Datum::Null)
    }

    /// A condition's verdict.
    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Datum::Int(int) => Some(*int != 0),
            Datum::Null | Datum::Float(_) | Datum::Text(_) => None,
        }
    }

    /// The integer; another storage is a defect of the schema, and counts as zero.
    pub(super) fn int(&self) -> i64 {
        match self {
            Datum::Int(int) => *int,
            Datum::Null | Datum::Float(_) | Datum::Text(_) => 0,
        }
    }

    pub(super) fn float(&self) -> f64 {
        match self {
            Datum::Float(float) => *float,
            Datum::Null | Datum::Int(_) | Datum::Text(_) => 0.0,
        }
    }

    pub(super) fn as_text(&self) -> &str {
        match self {
            Datum::Text(text) => text,
            Datum::Null | Datum::Int(_) | Datum::Float(_) => "",
        }
    }
}
