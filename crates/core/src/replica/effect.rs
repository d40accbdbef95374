//! What an operation does to a row: parsed, with the defaults that the client can evaluate.
//!
//! Computed from the operation as it is stored, so that a write looks the same in the tab that made
//! it, in every other tab, and after a reload.

use super::Key;
use super::column::ValueRef;
use super::defaults::local_default;
use crate::error::Error;
use crate::merge::parse_values;
use crate::protocol::{Op, Values};
use crate::schema::{Schema, Table, TableId};
use crate::value::{self, Value};

/// A row: a value per column, in the schema's order.
pub(super) type Row = Box<[Value]>;

/// What one operation does to one row.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub table: TableId,
    pub key: Key,
    pub change: Change,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    /// The row is this one.
    Insert(Row),
    /// Where the row exists, these columns have these values.
    Update(Vec<(usize, Value)>),
    /// There is no such row.
    Delete,
}

impl Effect {
    /// What an operation does.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, and as [`value::parse`].
    pub fn of(schema: &Schema, identity: Option<&str>, at_ms: i64, op: &Op) -> Result<Self, Error> {
        match op {
            Op::Insert {
                table: name,
                values,
            } => {
                let table = schema.require_table(name)?;
                let row = insert_row(schema.table(table), values, at_ms, identity)?;
                let key_columns = schema.table(table).key_columns();
                let key = key_columns
                    .iter()
                    .map(|c| row[usize::from(c.0)].clone())
                    .collect();
                Ok(Self {
                    table,
                    key: Key::new(key),
                    change: Change::Insert(row),
                })
            }
            Op::Update {
                table: name,
                key,
                set,
                ..
            } => {
                let table = schema.require_table(name)?;
                let described = schema.table(table);
                let set = parse_values(described, set)?;
                let set = set
                    .into_iter()
                    .map(|(c, value)| (usize::from(c.0), value))
                    .collect();
                let key = Key::from_text(described, key)?;
                Ok(Self {
                    table,
                    key,
                    change: Change::Update(set),
                })
            }
            Op::Delete {
                table: name, key, ..
            } => {
                let table = schema.require_table(name)?;
                let key = Key::from_text(schema.table(table), key)?;
                Ok(Self {
                    table,
                    key,
                    change: Change::Delete,
                })
            }
        }
    }
}

impl Change {
    /// Replays the change on a row, or on none.
    pub fn replay(&self, row: &mut Option<Row>) {
        match (self, &mut *row) {
            (Change::Insert(new), _) => *row = Some(new.clone()),
            (Change::Update(set), Some(row)) => {
                for (column, value) in set {
                    row[*column] = value.clone();
                }
            }
            // Its row is gone: the mutation stays in the queue until the server says so.
            (Change::Update(_), None) => {}
            (Change::Delete, _) => *row = None,
        }
    }
}

/// The values of an update, in place.
pub(super) fn set_refs(set: &[(usize, Value)]) -> impl Iterator<Item = (usize, ValueRef<'_>)> {
    set.iter()
        .map(|(column, value)| (*column, value.as_value_ref()))
}

/// The row of an insert: what is sent, then the identity, then defaults, else null.
fn insert_row(
    table: &Table,
    values: &Values,
    at_ms: i64,
    identity: Option<&str>,
) -> Result<Row, Error> {
    let mut row: Vec<Value> = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        row.push(match (identity, values.contains_key(&column.name)) {
            (_, true) => Value::Null,
            (Some(identity), false) if column.identity => value::parse(&column.kind, identity)?,
            (_, false) => local_default(column, at_ms)?,
        });
    }
    for (column, value) in parse_values(table, values)? {
        row[usize::from(column.0)] = value;
    }
    Ok(row.into())
}
