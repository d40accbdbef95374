//! What one replica wrote last, so that it never conflicts with itself.

use super::marked::Marked;
use super::parse_values;
use crate::error::Error;
use crate::planted;
use crate::protocol::{KeyText, Seq, Written};
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

/// What a replica wrote last, by row: in the push under way, and by recorded verdicts that it has
/// not acknowledged.
#[derive(Clone, Debug, Default)]
pub struct OwnWrites {
    rows: Marked<(TableId, KeyText), Numbered>,
}

/// An [`OwnRow`] whose parts know which mutation wrote them.
#[derive(Clone, Debug, Default)]
struct Numbered {
    values: BTreeMap<ColumnId, (Seq, Value)>,
    hash: Option<(Seq, String)>,
}

impl OwnWrites {
    /// Takes in what the verdict of mutation `seq` says was written; in the order of the numbers.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, and as `value::parse`.
    pub fn record(&mut self, schema: &Schema, seq: Seq, written: &Written) -> Result<(), Error> {
        let id = schema.require_table(&written.table)?;
        let table = schema.table(id);
        let key = (id, normal_key(table, &written.key)?);
        match &written.hash {
            None => self.rows.set(key, None),
            Some(hash) => {
                let values = parse_values(table, &written.values)?;
                let mut row = self.rows.get(&key).cloned().unwrap_or_default();
                row.values.extend(
                    values
                        .into_iter()
                        .map(|(column, value)| (column, (seq, value))),
                );
                row.hash = Some((seq, hash.clone()));
                self.rows.set(key, Some(row));
            }
        }
        Ok(())
    }

    /// Marks what is known now, for [`OwnWrites::go_back`].
    pub fn mark(&mut self) {
        self.rows.mark();
    }

    /// Forgets what was recorded since the last mark: it was undone.
    pub fn go_back(&mut self) {
        self.rows.go_back();
    }

    /// What mutations above `seen` wrote last to a row, whose key is in canonical text: what the
    /// replica can't have known when it made the mutation that is judged now.
    pub fn after(&self, seen: Seq, table: TableId, key: &KeyText) -> Option<OwnRow> {
        if planted::is("forget-own-writes") {
            return None;
        }
        let row = self.rows.get(&(table, key.clone()))?;
        let values = row
            .values
            .iter()
            .filter(|(_, (seq, _))| *seq > seen || planted::is("own-writes-hide-others"));
        Some(OwnRow {
            values: values
                .map(|(column, (_, value))| (*column, value.clone()))
                .collect(),
            hash: row
                .hash
                .as_ref()
                .filter(|(seq, _)| *seq > seen)
                .map(|(_, hash)| hash.clone()),
        })
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
