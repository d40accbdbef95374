//! Judges mutations against what the server holds: who was first, and what of it still counts.
//!
//! Pure: the endpoint and the model server of the simulator read the rows, ask here, and write what
//! they are told to. `docs/sync-protocol.md` ("Push") states the rules. Never rejects a value for
//! a constraint; that is Postgres's part.

mod count;
mod judge;
mod marked;
mod own;
mod three_way;
mod update;

pub use count::counted;
pub use judge::{Decided, Judge, Row};
pub use marked::Marked;
pub use own::{OwnRow, OwnWrites, normal_key};
pub use three_way::{ELEMENTS_MAX, Together, three_way};
pub use update::{Update, When, judge_update};

use crate::error::Error;
use crate::protocol::{BASE_TEXT_BYTES_MAX, Base, Text, Values, Winner};
use crate::schema::{ColumnId, Table, Type};
use crate::value::{self, Value};

/// A column in which one of two values lost.
#[derive(Clone, Debug, PartialEq)]
pub struct LostColumn {
    /// The column.
    pub column: ColumnId,
    /// The mutation's value, as Postgres prints it.
    pub mine: Text,
    /// The server's value.
    pub theirs: Text,
    /// The value that both came from; only where nobody has won.
    pub base: Text,
    /// Which of them stands.
    pub winner: Winner,
}

/// What an update comes to, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateVerdict {
    /// To be written.
    pub apply: Vec<(ColumnId, Value)>,
    /// Already as wanted.
    pub equal: Vec<ColumnId>,
    /// Of what someone else changed since the replica last saw it, what gave way to what.
    pub lost: Vec<LostColumn>,
}

/// What an insert comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum InsertVerdict {
    /// No visible row has the key: insert it.
    Insert(Vec<(ColumnId, Value)>),
    /// The row is already there with equal values.
    Equal,
    /// Another row has the key.
    Conflict(Vec<LostColumn>),
}

/// What a delete comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteVerdict {
    /// The row is as the replica saw it: delete it.
    Delete,
    /// It is already gone.
    AlreadyGone,
    /// Someone else has changed it.
    Conflict,
}

/// The base of a value: its text, or the hash of a long one.
pub fn base_of(kind: &Type, value: &Value) -> Base {
    base_of_text(value::to_text(kind, value))
}

/// The base of a text: itself, or the hash of a long one.
pub fn base_of_text(text: Text) -> Base {
    match text {
        Some(text) if text.len() > BASE_TEXT_BYTES_MAX => Base::Hash {
            sha256: value::text_hash(&text),
        },
        short => Base::Text(short),
    }
}

/// Is a value the one that a base stands for?
pub fn is_base(kind: &Type, value: &Value, base: &Base) -> bool {
    match base {
        Base::Text(None) => value.is_null(),
        // A base that no longer parses, as after a change of type, is nobody's value.
        Base::Text(Some(text)) => value::parse(kind, text).is_ok_and(|base| base == *value),
        Base::Hash { sha256 } => {
            value::to_text(kind, value).is_some_and(|text| value::text_hash(&text) == *sha256)
        }
    }
}

/// Values by name, parsed by their columns' types.
///
/// # Errors
/// `unknown_column`, and as [`value::parse`], naming the column.
pub fn parse_values(table: &Table, values: &Values) -> Result<Vec<(ColumnId, Value)>, Error> {
    values
        .iter()
        .map(|(name, text)| {
            let column = table.require_column(name)?;
            let value = match text {
                Some(text) => value::parse(&table.column(column).kind, text)
                    .map_err(|error| error.table(&table.name).column(&**name))?,
                None => Value::Null,
            };
            Ok((column, value))
        })
        .collect()
}

/// Judges an insert; `existing` is the visible row that already has the key.
///
/// # Errors
/// As [`parse_values`].
pub fn judge_insert(
    table: &Table,
    existing: Option<&[Value]>,
    values: &Values,
) -> Result<InsertVerdict, Error> {
    let values = parse_values(table, values)?;
    let Some(row) = existing else {
        return Ok(InsertVerdict::Insert(values));
    };
    let lost: Vec<LostColumn> = values
        .iter()
        .filter(|(column, mine)| row[usize::from(column.0)] != *mine)
        .map(|(column, mine)| lost_column(table, *column, mine, &row[usize::from(column.0)]))
        .collect();
    Ok(if lost.is_empty() {
        InsertVerdict::Equal
    } else {
        InsertVerdict::Conflict(lost)
    })
}

/// Judges a delete; `base` is the hash that the replica saw, `own` what it wrote last itself.
pub fn judge_delete(
    current: Option<&[Value]>,
    base: Option<&str>,
    own: Option<&OwnRow>,
) -> DeleteVerdict {
    let Some(row) = current else {
        return DeleteVerdict::AlreadyGone;
    };
    let hash = value::row_hash(row);
    let ours = own.and_then(|row| row.hash.as_deref());
    if base == Some(&*hash) || ours == Some(&*hash) {
        DeleteVerdict::Delete
    } else {
        DeleteVerdict::Conflict
    }
}

fn lost_column(table: &Table, column: ColumnId, mine: &Value, theirs: &Value) -> LostColumn {
    let kind = &table.column(column).kind;
    LostColumn {
        column,
        mine: value::to_text(kind, mine),
        theirs: value::to_text(kind, theirs),
        base: None,
        winner: Winner::Theirs,
    }
}

#[cfg(test)]
mod tests;
