//! Lines of an answer, written straight from Postgres's text: a first sync is tens of thousands of
//! rows, too many to build as values first.

use super::failure::Failure;
use super::store::TextRow;
use bytes::Bytes;
use haversack_core::protocol::{KeyText, Line, Problem, ROWS_PER_LINE};
use haversack_core::value::write_json_string;
use haversack_core::{Error, ErrorCode};
use serde::Serialize;

/// A line of any kind.
///
/// # Errors
/// `internal`, which does not happen: every line has string keys.
pub fn line(line: &impl Serialize) -> Result<Bytes, Error> {
    let mut text = serde_json::to_string(line)
        .map_err(|e| Error::new(ErrorCode::Internal, format!("a line can't be written: {e}")))?;
    text.push('\n');
    Ok(text.into())
}

/// The line that ends an answer which failed half-way.
pub fn problem(problem: Problem) -> Bytes {
    line(&Line::Error(problem)).unwrap_or_default()
}

/// Gathers rows of one table into lines of at most [`ROWS_PER_LINE`].
pub struct RowLines {
    head: String,
    text: String,
    rows: usize,
}

/// Room for a line of rows of ordinary size.
const LINE_BYTES: usize = 160 * 1024;

impl RowLines {
    /// Lines of this table.
    pub fn new(table: &str) -> Self {
        let mut head = String::from(r#"{"line":"rows","table":"#);
        write_json_string(table, &mut head);
        head.push_str(r#","rows":["#);
        Self {
            head,
            text: String::new(),
            rows: 0,
        }
    }

    /// How many bytes the rows have that are in no line yet.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Adds a row; gives a line when one is full.
    ///
    /// # Errors
    /// What the store says of a column that is not text.
    pub fn push(&mut self, row: &impl TextRow) -> Result<Option<Bytes>, Failure> {
        if self.rows == 0 {
            self.text.reserve(LINE_BYTES);
            self.text.push_str(&self.head);
        } else {
            self.text.push(',');
        }
        self.text.push('[');
        for i in 0..row.width() {
            self.text.push_str(if i == 0 { "" } else { "," });
            match row.text(i)? {
                Some(value) => write_json_string(value, &mut self.text),
                None => self.text.push_str("null"),
            }
        }
        self.text.push(']');
        self.rows += 1;
        Ok(if self.rows == ROWS_PER_LINE {
            self.finish()
        } else {
            None
        })
    }

    /// The last line, if any row is left.
    pub fn finish(&mut self) -> Option<Bytes> {
        if self.rows == 0 {
            return None;
        }
        self.rows = 0;
        self.text.push_str("]}\n");
        Some(std::mem::take(&mut self.text).into())
    }
}

/// Lines of keys that the user can't see (any more).
///
/// # Errors
/// As [`line`].
pub fn removed(table: &str, keys: Vec<KeyText>) -> Result<Vec<Bytes>, Error> {
    keys.chunks(ROWS_PER_LINE)
        .map(|keys| {
            line(&Line::Removed {
                table: table.to_owned(),
                keys: keys.to_vec(),
            })
        })
        .collect()
}
