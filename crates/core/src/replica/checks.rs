//! What can be refused without the server: privileges, NOT NULL, keys that don't exist.

use super::Key;
use super::effect::Row;
use crate::error::{Error, ErrorCode};
use crate::protocol::KeyText;
use crate::schema::{Column, ColumnDefault, Table};

pub(super) fn denied(message: String) -> Error {
    Error::new(ErrorCode::PermissionDenied, message).sqlstate("42501")
}

pub(super) fn check_writable(table: &Table, column: &Column) -> Result<(), Error> {
    if column.generated.is_some() {
        let message = format!("{} of {} is generated", column.name, table.name);
        return Err(denied(message).sqlstate("428C9").column(&column.name));
    }
    if !column.writable {
        let message = format!("{} of {} can't be written", column.name, table.name);
        return Err(denied(message).column(&column.name));
    }
    Ok(())
}

pub(super) fn not_null(table: &Table, column: &Column) -> Error {
    Error::new(
        ErrorCode::NotNullViolation,
        format!("{} of {} needs a value", column.name, table.name),
    )
    .sqlstate("23502")
    .table(&table.name)
    .column(&column.name)
}

pub(super) fn check_not_null(table: &Table, row: &Row) -> Result<(), Error> {
    for (column, value) in table.columns.iter().zip(row) {
        let is_key = table.primary_key.contains(&column.name);
        let by_server = column.generated.is_some()
            || !column.writable
            || matches!(
                column.default,
                Some(ColumnDefault::ServerOnly { .. } | ColumnDefault::Sequence { .. })
            );
        if value.is_null() && (is_key || (!column.nullable && !by_server)) {
            let error = not_null(table, column);
            return Err(match &column.default {
                Some(ColumnDefault::ServerOnly { .. }) => {
                    error.hint("only the server can make this key, so give one")
                }
                _ => error,
            });
        }
    }
    Ok(())
}

pub(super) fn not_found(table: &Table, key: &Key) -> Error {
    let key: KeyText = key.to_text(table);
    Error::new(
        ErrorCode::RowNotFound,
        format!("{} has no row ({})", table.name, key.join(", ")),
    )
    .table(&table.name)
}
