//! What a refusal of Postgres becomes for the person whose write it was: SQLSTATE, constraint, and a
//! sentence that shows nothing of anyone's rows. DETAIL and the row's values are never passed on.

use super::failure::{Origin, Refusal};
use crate::names::table_name;
use crate::served::Served;
use haversack_core::{Error, ErrorCode};

/// Is this error, which another time might not happen, the mutation's own nevertheless? Not where it
/// met another transaction, nor where the disk is full, which no mutation can help.
pub fn is_own_fault(refused: &Refusal) -> bool {
    match refused.sqlstate.as_str() {
        "40001" | "40P01" | "55P03" => false,
        "53100" => refused.origin == Origin::Raised,
        _ => true,
    }
}

/// May this refusal come from a migration that the endpoint has not read yet: a name that is no
/// more, a privilege on the whole table or column that went with it, a column that needs a value and
/// of which no client knows?
pub fn may_be_outdated(served: &Served, refused: &Refusal) -> bool {
    match refused.sqlstate.as_str() {
        // Row security refuses by the same code, but not from there.
        "42501" => refused.origin == Origin::Privilege,
        "0A000" => true,
        "23502" => served
            .schema
            .table_id(&served_name(served, refused))
            .is_some_and(|id| {
                let column = refused.column.as_deref();
                column.is_some_and(|c| served.table(id).column_id(c).is_none())
            }),
        state => state.starts_with("42"),
    }
}

/// The error of a rejected mutation.
pub fn refusal(served: &Served, refused: &Refusal) -> Error {
    let state = refused.sqlstate.as_str();
    let table = refused.table.as_deref().unwrap_or_default();
    let constraint = refused.constraint.as_deref().unwrap_or_default();
    let column = served_column(served, refused);
    let (code, sentence) = match state {
        "23502" => (
            ErrorCode::NotNullViolation,
            match column {
                Some(column) => format!("column {column} needs a value"),
                None => "a column that is not synced needs a value".to_owned(),
            },
        ),
        "23505" => (
            ErrorCode::UniqueViolation,
            unique_sentence(served, constraint),
        ),
        // The same words whether the row is missing, hidden or still referred to.
        "23503" | "23001" => (
            ErrorCode::Rejected,
            format!(
                "the reference {constraint} does not hold: the row at its other end is missing, or still refers to this one"
            ),
        ),
        "23514" if constraint.is_empty() => (
            ErrorCode::Rejected,
            "a check of the table does not hold".to_owned(),
        ),
        "23514" => (
            ErrorCode::Rejected,
            format!("the rule {constraint} of {table} does not hold"),
        ),
        "23P01" => (
            ErrorCode::Rejected,
            format!("another row excludes this one ({constraint})"),
        ),
        "42501" => (
            ErrorCode::PermissionDenied,
            "the row, or a column of it, may not be written by this user".to_owned(),
        ),
        "22001" => (ErrorCode::ValueTooLong, refused.message.clone()),
        "22003" | "22008" => (
            ErrorCode::OutOfRange,
            "a number or time is out of range".to_owned(),
        ),
        "22P02" | "22007" | "22023" | "42804" => (
            ErrorCode::TypeMismatch,
            "a value is not of its column's type".to_owned(),
        ),
        "57014" => (
            ErrorCode::Rejected,
            "the write took too long, or was cancelled".to_owned(),
        ),
        // The application's own words to its users.
        "P0001" => (ErrorCode::Rejected, refused.message.clone()),
        _ => (
            ErrorCode::Rejected,
            format!("Postgres refused the write ({state})"),
        ),
    };
    let mut error = Error::new(code, sentence).sqlstate(state);
    if !table.is_empty() {
        error = error.table(served_name(served, refused));
    }
    if !constraint.is_empty() {
        error = error.constraint(constraint);
    }
    match column {
        Some(column) => error.column(column),
        None => error,
    }
}

/// The column concerned, where clients know it: a private one is not even named, and a trigger may
/// put any text there.
fn served_column<'r>(served: &Served, refused: &'r Refusal) -> Option<&'r str> {
    let mut tables = served.schema.tables.iter();
    let column = refused.column.as_deref()?;
    tables
        .any(|table| table.column_id(column).is_some())
        .then_some(column)
}

fn served_name(served: &Served, refused: &Refusal) -> String {
    let table = refused.table.as_deref().unwrap_or_default();
    let schema = refused.schema.as_deref().unwrap_or("public");
    let name = table_name(schema, table);
    if served.schema.table_id(&name).is_some() {
        return name;
    }
    // A partition is its table to a client.
    let part = served.relation(schema, table);
    part.map_or_else(|| table.to_owned(), |id| served.table(id).name.clone())
}

fn unique_sentence(served: &Served, constraint: &str) -> String {
    let unique = served
        .schema
        .tables
        .iter()
        .flat_map(|t| &t.uniques)
        .find(|u| u.name == constraint);
    match unique {
        Some(unique) => {
            let parts: Vec<&str> = unique
                .columns
                .iter()
                .map(|c| c.expression.as_str())
                .collect();
            format!("another row already has this value of {}", parts.join(", "))
        }
        None => "another row already has this key".to_owned(),
    }
}
