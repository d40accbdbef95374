//! What one replica wrote last, so that it never conflicts with itself.

use super::parse_values;
use crate::error::Error;
use crate::protocol::{KeyText, Written};
use crate::schema::{ColumnId, Schema, Table, TableId};
use crate::value::{self, Value};
use std::collections::BTreeMap;

/// What a replica wrote last to one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnRow {
    /// The values that it set, as the server holds them.
    pub values: BTreeMap<ColumnId, Value>,
    /// The row's hash after its last write; absent after a delete.
    pub hash: Option<String>,
}

/// What a replica wrote last, by row, within one push.
#[derive(Clone, Debug, Default)]
pub struct OwnWrites {
    rows: BTreeMap<(TableId, KeyText), OwnRow>,
}

impl OwnWrites {
    /// Takes in what a verdict of this replica says was written, new or recorded earlier.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, and as `value::parse`.
    pub fn record(&mut self, schema: &Schema, written: &Written) -> Result<(), Error> {
        let id = schema.require_table(&written.table)?;
        let table = schema.table(id);
        let key = (id, normal_key(table, &written.key)?);
        match &written.hash {
            None => {
                self.rows.remove(&key);
            }
            Some(hash) => {
                let row = self.rows.entry(key).or_default();
                row.values.extend(parse_values(table, &written.values)?);
                row.hash = Some(hash.clone());
            }
        }
        Ok(())
    }

    /// What the replica wrote last to a row, whose key is in canonical text.
    pub fn get(&self, table: TableId, key: &KeyText) -> Option<&OwnRow> {
        self.rows.get(&(table, key.clone()))
    }
}

/// A key in canonical text, so that equal keys are equal texts.
///
/// # Errors
/// `type_mismatch` for a key of another length, and as `value::parse`.
pub fn normal_key(table: &Table, key: &KeyText) -> Result<KeyText, Error> {
    let columns = table.key_columns();
    if columns.len() != key.len() {
        return Err(Error::new(
            crate::ErrorCode::TypeMismatch,
            format!(
                "a key of {} has {} parts, not {}",
                table.name,
                columns.len(),
                key.len()
            ),
        )
        .table(&table.name));
    }
    columns
        .iter()
        .zip(key)
        .map(|(&column, text)| {
            let column = table.column(column);
            let value = value::parse(&column.kind, text)
                .map_err(|error| error.table(&table.name).column(&column.name))?;
            Ok(value::to_text(&column.kind, &value).unwrap_or_default())
        })
        .collect()
}
