//! Rows as the simulated browser's values: the core's own JSON.

use crate::browser::value::{self, List};
use haversack_core::schema::Table;
use haversack_core::{Error, ErrorCode};

/// Turns a table's rows into values, and back for hydration.
pub struct RowShape;

impl RowShape {
    /// The shape of a table's rows.
    pub fn new(_table: &Table) -> Self {
        Self
    }

    /// Rows for the application.
    ///
    /// # Errors
    /// As [`RowShape::plain`].
    pub fn frozen(&self, json: &str) -> Result<List, Error> {
        self.plain(json)
    }

    /// Rows for a store.
    ///
    /// # Errors
    /// `internal`, which can't happen for the core's own JSON.
    pub fn plain(&self, json: &str) -> Result<List, Error> {
        let rows = value::parse(json).map(|rows| value::parts(&rows));
        let internal = || Error::new(ErrorCode::Internal, "the core wrote rows that are not JSON");
        rows.ok_or_else(internal)
    }

    /// Stored rows as the JSON array that the core reads: the opposite of [`RowShape::plain`].
    ///
    /// # Errors
    /// `storage_failed` where a record is not plain data.
    pub fn stored(&self, rows: &List) -> Result<String, Error> {
        let damaged = || Error::new(ErrorCode::StorageFailed, "a stored row is not plain data");
        value::stringify_list(rows).ok_or_else(damaged)
    }
}
