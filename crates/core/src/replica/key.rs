//! Primary keys and their hash.

use super::ValueRef;
use super::column::RowSource;
use crate::error::{Error, ErrorCode};
use crate::json::Json;
use crate::protocol::KeyText;
use crate::schema::Table;
use crate::value::{self, Value};
use rustc_hash::FxHasher;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A primary key's values, in the key's order; none of them is NULL. Shared, since a write has its
/// key in many hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Arc<[Value]>);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(hash_key(self.0.iter().map(Value::as_value_ref)));
    }
}

impl Key {
    /// A key of these values.
    pub fn new(values: Vec<Value>) -> Self {
        Self(values.into())
    }

    /// The values, in the key's order.
    pub fn values(&self) -> &[Value] {
        &self.0
    }

    /// Any order of the keys of one table that is the same everywhere.
    pub fn order(&self, other: &Self) -> Ordering {
        for (a, b) in self.0.iter().zip(&*other.0) {
            let order = match (a, b) {
                (Value::Int(a), Value::Int(b)) => a.cmp(b),
                (Value::Float(a), Value::Float(b)) => value::compare_float(*a, *b),
                (Value::Text(a), Value::Text(b)) => a.cmp(b),
                (_, _) => Ordering::Equal,
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }

    /// The key of a row.
    pub(crate) fn of(row: &(impl RowSource + ?Sized), key_columns: &[usize]) -> Self {
        Self(key_columns.iter().map(|&c| row.at(c).to_value()).collect())
    }

    /// Reads a key as the wire carries it.
    ///
    /// # Errors
    /// `type_mismatch` for another number of parts, and as [`value::parse`].
    pub fn from_text(table: &Table, text: &KeyText) -> Result<Self, Error> {
        let columns = table.key_columns();
        if columns.len() != text.len() {
            return Err(wrong_parts(table, text.len()));
        }
        let parse = |(&column, text): (_, &String)| {
            let column = table.column(column);
            value::parse(&column.kind, text)
                .map_err(|error| error.table(&table.name).column(&column.name))
        };
        columns
            .iter()
            .zip(text)
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Reads a key as applications give it: a value, or an array of a value per column.
    ///
    /// # Errors
    /// As [`Key::from_text`].
    pub fn from_json(table: &Table, json: &Json<'_>) -> Result<Self, Error> {
        let columns = table.key_columns();
        let parts = match json {
            Json::List(parts) => &parts[..],
            part => std::slice::from_ref(part),
        };
        if columns.len() != parts.len() {
            return Err(wrong_parts(table, parts.len()));
        }
        let mut values = Vec::with_capacity(parts.len());
        for (&column, part) in columns.iter().zip(parts) {
            let value = value::from_json(table.column(column), part)
                .map_err(|error| error.table(&table.name))?;
            if value.is_null() {
                let column = &table.column(column).name;
                return Err(Error::new(
                    ErrorCode::TypeMismatch,
                    format!("{column} is part of a key and can't be null"),
                )
                .table(&table.name)
                .column(column));
            }
            values.push(value);
        }
        Ok(Self::new(values))
    }

    /// The key as the wire carries it.
    pub fn to_text(&self, table: &Table) -> KeyText {
        let text = |(column, value): (_, &Value)| {
            value::to_text(&table.column(column).kind, value).unwrap_or_default()
        };
        table
            .key_columns()
            .into_iter()
            .zip(&*self.0)
            .map(text)
            .collect()
    }

    /// Appends the key as JavaScript gets it: a value, or an array of a value per column.
    pub fn write_json(&self, table: &Table, out: &mut String) {
        let columns = table.key_columns();
        let array = columns.len() != 1;
        out.push_str(if array { "[" } else { "" });
        for (i, (column, value)) in columns.into_iter().zip(&*self.0).enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            value::write_json(&table.column(column).kind, value, out);
        }
        out.push_str(if array { "]" } else { "" });
    }
}

fn wrong_parts(table: &Table, given: usize) -> Error {
    let wanted = table.primary_key.join(", ");
    let message = format!(
        "a key of {} is ({wanted}), and {given} values were given",
        table.name
    );
    Error::new(ErrorCode::TypeMismatch, message).table(&table.name)
}

/// The hash of a key's values.
pub(crate) fn hash_key<'a>(values: impl Iterator<Item = ValueRef<'a>>) -> u64 {
    let mut hasher = FxHasher::default();
    for value in values {
        hash_value(value, &mut hasher);
    }
    hasher.finish()
}

/// Adds a value to a hash.
pub(crate) fn hash_value(value: ValueRef<'_>, hasher: &mut FxHasher) {
    match value {
        ValueRef::Null => hasher.write_u8(0),
        ValueRef::Int(int) => hasher.write_i64(int),
        ValueRef::Float(float) if float.is_nan() => hasher.write_u64(f64::NAN.to_bits()),
        ValueRef::Float(float) => hasher.write_u64((float + 0.0).to_bits()),
        ValueRef::Text(text) => {
            hasher.write(text.as_bytes());
            hasher.write_usize(text.len());
        }
    }
}
