//! How a refusal reads: what is wrong, what to do, and Postgres's fields.

use super::Key;
use super::effect::Row;
use crate::error::{Error, ErrorCode};
use crate::protocol::KeyText;
use crate::schema::{Check, Column, ColumnDefault, Domain, ForeignKey, Schema, Table, Unique};
use crate::value::{self, Value};

#[cold]
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

#[cold]
pub(super) fn not_null(table: &Table, column: &Column) -> Error {
    let error = Error::new(
        ErrorCode::NotNullViolation,
        format!("{} of {} needs a value", column.name, table.name),
    )
    .sqlstate("23502")
    .table(&table.name)
    .column(&column.name);
    match &column.default {
        Some(ColumnDefault::ServerOnly { .. }) if table.primary_key.contains(&column.name) => {
            error.hint("only the server can make this key, so give one")
        }
        _ => error,
    }
}

#[cold]
pub(super) fn domain_null(table: &Table, column: &Column, domain: &Domain) -> Error {
    let Column { name, .. } = column;
    Error::new(
        ErrorCode::NotNullViolation,
        format!(
            "domain {} does not allow null values: {name} needs a value",
            domain.name
        ),
    )
    .sqlstate("23502")
    .table(&table.name)
    .column(name)
}

#[cold]
pub(super) fn domain_violation(
    table: &Table,
    column: &Column,
    domain: &Domain,
    check: &Check,
    given: &Value,
) -> Error {
    let given = shown(column, given);
    Error::new(
        ErrorCode::CheckViolation,
        format!(
            "{given} is no {}: {} asks that {}",
            domain.name, check.name, check.sql
        ),
    )
    .sqlstate("23514")
    .constraint(&check.name)
    .table(&table.name)
    .column(&column.name)
    .hint(format!("give {} a value for which that holds", column.name))
}

#[cold]
pub(super) fn check_violation(table: &Table, check: &Check) -> Error {
    Error::new(
        ErrorCode::CheckViolation,
        format!(
            "the row breaks {} of {}: {}",
            check.name, table.name, check.sql
        ),
    )
    .sqlstate("23514")
    .constraint(&check.name)
    .table(&table.name)
    .hint("change the values so that the condition holds")
}

#[cold]
pub(super) fn unique_violation(table: &Table, unique: Option<&Unique>, row: &Row) -> Error {
    let key = &table.primary_key;
    let (name, parts): (_, Vec<&str>) = match unique {
        Some(unique) => {
            let parts = unique.columns.iter().map(|part| part.expression.as_str());
            (&unique.name, parts.collect())
        }
        None => (
            &table.primary_key_name,
            key.iter().map(String::as_str).collect(),
        ),
    };
    let values = parts.iter().map(|part| match table.column_id(part) {
        Some(c) => shown(table.column(c), &row[usize::from(c.0)]),
        None => "…".to_owned(),
    });
    let values: Vec<String> = values.collect();
    Error::new(
        ErrorCode::UniqueViolation,
        format!(
            "{} already has a row with ({}) = ({})",
            table.name,
            parts.join(", "),
            values.join(", ")
        ),
    )
    .sqlstate("23505")
    .constraint(name)
    .table(&table.name)
    .hint("give another value, or change the row that has this one")
}

#[cold]
pub(super) fn reference_missing(table: &Table, f: usize, row: &Row) -> Error {
    let foreign = &table.foreign_keys[f];
    let values = foreign.columns.iter().filter_map(|name| {
        let column = table.column_id(name)?;
        Some(shown(table.column(column), &row[usize::from(column.0)]))
    });
    let values: Vec<String> = values.collect();
    let referenced = &foreign.references;
    let message = format!(
        "{} = ({}) of {} refers to a row of {} that does not exist",
        foreign.columns.join(", "),
        values.join(", "),
        table.name,
        referenced,
    );
    foreign_violation(table, foreign, message).hint(format!(
        "insert that row of {referenced} first, or refer to another"
    ))
}

#[cold]
pub(super) fn mixed_reference(table: &Table, f: usize) -> Error {
    let foreign = &table.foreign_keys[f];
    let message = format!(
        "({}) of {} are either all null or none: MATCH FULL",
        foreign.columns.join(", "),
        table.name
    );
    foreign_violation(table, foreign, message)
}

/// Rows of `table` still refer to a row that was to go.
#[cold]
pub(super) fn still_referenced(schema: &Schema, table: &Table, f: usize, restrict: bool) -> Error {
    let foreign = &table.foreign_keys[f];
    let message = format!(
        "{} still refers to the row of {} by {}",
        table.name, foreign.references, foreign.name
    );
    let error = foreign_violation(table, foreign, message).hint(format!(
        "first delete the rows of {} that refer to it, or let them refer to another",
        table.name
    ));
    // Postgres 18 tells RESTRICT from NO ACTION.
    if restrict && schema.server >= 18 {
        error.sqlstate("23001")
    } else {
        error
    }
}

fn foreign_violation(table: &Table, foreign: &ForeignKey, message: String) -> Error {
    Error::new(ErrorCode::ForeignKeyViolation, message)
        .sqlstate("23503")
        .constraint(&foreign.name)
        .table(&table.name)
}

fn shown(column: &Column, value: &Value) -> String {
    match value::to_text(&column.kind, value) {
        Some(text) => value::shown(&text),
        None => "null".to_owned(),
    }
}

#[cold]
pub(super) fn not_found(table: &Table, key: &Key) -> Error {
    let key: KeyText = key.to_text(table);
    Error::new(
        ErrorCode::RowNotFound,
        format!("{} has no row ({})", table.name, key.join(", ")),
    )
    .table(&table.name)
}
