//! Reading single rows for a push, and what a client may name: its own identity, its leased keys.

use super::apply::{Push, Row, Stop};
use super::failure::Failure;
use super::store::{Reading, Store, TextRow};
use crate::served::Served;
use haversack_core::protocol::{KeyText, Text, Values, Written};
use haversack_core::schema::{ColumnId, Table, TableId};
use haversack_core::value::{self, Value};
use haversack_core::{Error, ErrorCode};

impl<S: Store> Push<'_, S> {
    /// What the server holds of a row now.
    pub(super) async fn written(&self, at: &Row, columns: &[ColumnId]) -> Result<Written, Stop> {
        let table = self.served.table(at.0);
        let row = self.read(at.0, &at.1, Reading::Plain).await?;
        Ok(written_as(table, &at.1, columns, row.as_deref()))
    }

    pub(super) async fn read(
        &self,
        id: TableId,
        key: &KeyText,
        reading: Reading,
    ) -> Result<Option<Vec<Value>>, Stop> {
        let table = self.served.table(id);
        debug_assert_eq!(key.len(), table.primary_key.len());
        match self.store.read(id, key, reading).await? {
            Some(row) => Ok(Some(parsed(table, &row)?)),
            None => Ok(None),
        }
    }

    /// Reads and locks a row. One that can be seen but not locked may not be written.
    pub(super) async fn read_locked(
        &self,
        id: TableId,
        key: &KeyText,
    ) -> Result<Option<Vec<Value>>, Stop> {
        if let Some(row) = self.read(id, key, Reading::Locked).await? {
            return Ok(Some(row));
        }
        match self.read(id, key, Reading::Plain).await? {
            Some(_) => Err(denied(self.served.table(id), "", "may not be changed").into()),
            None => Ok(None),
        }
    }

    /// The values with identity columns filled in; anyone else's identity is refused.
    pub(super) fn own_identity(&self, table: &Table, values: &Values) -> Result<Values, Error> {
        let mut values = self.own_identity_kept(table, values)?;
        for column in table.columns.iter().filter(|c| c.identity) {
            if !values.contains_key(&column.name) {
                values.insert(column.name.clone(), Some(self.asker.user.clone()));
            }
        }
        Ok(values)
    }

    pub(super) fn own_identity_kept(
        &self,
        table: &Table,
        values: &Values,
    ) -> Result<Values, Error> {
        for column in table.columns.iter().filter(|c| c.identity) {
            let Some(given) = values.get(&column.name) else {
                continue;
            };
            let me = value::parse(&column.kind, &self.asker.user)?;
            let given = given
                .as_ref()
                .map(|text| value::parse(&column.kind, text))
                .transpose()?;
            if given != Some(me) {
                return Err(denied(table, &column.name, "names another user"));
            }
        }
        Ok(values.clone())
    }

    pub(super) fn check_lease(
        &self,
        id: TableId,
        table: &Table,
        key: &KeyText,
    ) -> Result<(), Error> {
        let Some(column) = table.sequence_key() else {
            return Ok(());
        };
        // Where the key is the identity itself, the identity is the proof.
        if table.column(column).identity {
            return Ok(());
        }
        let at = table.key_columns().iter().position(|c| *c == column);
        let leased = at
            .and_then(|i| key[i].parse::<i64>().ok())
            .is_some_and(|key| self.leases.covers(id, key));
        if leased {
            return Ok(());
        }
        Err(denied(
            table,
            &table.column(column).name,
            "is not a key that was leased to this replica",
        ))
    }
}

/// What a verdict says of a row that was written.
pub(super) fn written_as(
    table: &Table,
    key: &KeyText,
    columns: &[ColumnId],
    row: Option<&[Value]>,
) -> Written {
    let text = |c: &ColumnId, row: &[Value]| {
        let column = table.column(*c);
        (
            column.name.clone(),
            value::to_text(&column.kind, &row[usize::from(c.0)]),
        )
    };
    Written {
        table: table.name.clone(),
        key: key.clone(),
        values: row
            .map(|row| columns.iter().map(|c| text(c, row)).collect())
            .unwrap_or_default(),
        hash: row.map(value::row_hash),
    }
}

/// A row's values.
pub(super) fn parsed(table: &Table, row: &impl TextRow) -> Result<Vec<Value>, Failure> {
    let texts: Result<Vec<Option<&str>>, Failure> =
        (0..table.columns.len()).map(|i| row.text(i)).collect();
    let values: Result<Vec<Value>, Error> = table
        .columns
        .iter()
        .zip(texts?)
        .map(|(column, text)| match text {
            Some(text) => value::parse_canonical(&column.kind, text),
            None => Ok(Value::Null),
        })
        .collect();
    // The store's own text always parses, or the core is wrong: that is no verdict on the mutation.
    values.map_err(|e| {
        let error = Error::new(
            ErrorCode::Internal,
            format!("a stored value can't be read: {}", e.code),
        );
        Failure::Broken(error.table(&table.name))
    })
}

/// May a client change these columns?
pub(super) fn check_settable(served: &Served, id: TableId, set: &Values) -> Result<(), Error> {
    let table = served.table(id);
    for name in set.keys() {
        let column = table.require_column(name)?;
        if !table.updatable || !served.can_update(id, column) {
            return Err(denied(table, name, "may not be changed"));
        }
        // A key of a sequence is leased for one row; another row never takes it over.
        if table.sequence_key() == Some(column) {
            let why = "is drawn from a sequence and does not change";
            return Err(denied(table, name, why));
        }
    }
    Ok(())
}

/// The key of a row after an update, which may have changed it.
pub(super) fn key_after(table: &Table, mut key: KeyText, set: &[(ColumnId, Value)]) -> KeyText {
    for (part, column) in key.iter_mut().zip(table.key_columns()) {
        if let Some((_, value)) = set.iter().find(|(c, _)| *c == column) {
            *part = value::to_text(&table.column(column).kind, value).unwrap_or_default();
        }
    }
    key
}

pub(super) fn denied(table: &Table, column: &str, why: &str) -> Error {
    let subject = if column.is_empty() {
        format!("the row of {}", table.name)
    } else {
        format!("{}.{column}", table.name)
    };
    let error = Error::new(ErrorCode::PermissionDenied, format!("{subject} {why}"))
        .sqlstate("42501")
        .table(&table.name);
    if column.is_empty() {
        error
    } else {
        error.column(column)
    }
}

pub(super) fn texts(table: &Table, values: &[(ColumnId, Value)]) -> Vec<Text> {
    values
        .iter()
        .map(|(c, v)| value::to_text(&table.column(*c).kind, v))
        .collect()
}
