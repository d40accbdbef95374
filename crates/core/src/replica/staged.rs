//! The answer to a sync, parsed off to the side while it arrives.
//!
//! Nothing of it shows until [`super::Replica::apply_patch`]; dropping it is as if it had never
//! come. Values go from the wire's text straight into typed columns.

use super::column::{Column, ColumnsRow};
use super::key::Key;
use super::read::EXACT;
use super::scan::Scan;
use super::table::column_of;
use crate::error::{Error, ErrorCode};
use crate::json::{Json, read_text};
use crate::protocol::{Head, Line, Verdict};
use crate::schema::{ColumnDefault, Schema, Storage, Table, TableId, Type};
use crate::value::{self, Value};
use haversack_rows::ValueRef;
use std::sync::Arc;

/// What a line of an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The head.
    Head,
    /// Rows: how many.
    Rows(usize),
    /// Removed keys: how many.
    Removed(usize),
    /// The end: the answer is whole.
    End,
}

/// An answer in the making.
#[derive(Debug)]
pub struct Staged {
    schema: Arc<Schema>,
    pub(super) head: Option<Head>,
    pub(super) tables: Vec<StagedTable>,
    pub(super) snapshot: bool,
    rows: u64,
    cursor: Option<String>,
}

/// The rows of one table.
#[derive(Debug)]
pub(super) struct StagedTable {
    pub columns: Vec<Column>,
    pub rows: u32,
    pub removed: Vec<Key>,
}

impl Staged {
    pub(super) fn new(schema: Arc<Schema>) -> Self {
        let tables = schema.tables.iter().map(StagedTable::new).collect();
        Self {
            schema,
            head: None,
            tables,
            snapshot: false,
            rows: 0,
            cursor: None,
        }
    }

    /// The head, once it has arrived.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The verdicts of the head.
    pub fn verdicts(&self) -> &[Verdict] {
        self.head.as_ref().map_or(&[], |head| &head.verdicts)
    }

    /// How many rows have arrived.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The new cursor; `None` as long as the answer is not whole.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Declares that the rows staged are all there are, as at hydration from row stores.
    pub fn set_snapshot(&mut self, snapshot: bool) {
        self.snapshot = snapshot;
    }

    /// Are the rows staged of a table all there are of it?
    pub fn renews(&self, table: TableId) -> bool {
        let name = &self.schema.table(table).name;
        let head = self.head.as_ref();
        self.snapshot || head.is_some_and(|head| head.renewed.contains(name))
    }

    /// The keys whose confirmed rows this answer replaces or removes: what is to be drained.
    pub fn touched(&self) -> Vec<(TableId, Key)> {
        let mut touched = Vec::new();
        for (i, (staged, table)) in self.tables.iter().zip(&self.schema.tables).enumerate() {
            let id = TableId(i as u16);
            let key_columns: Vec<usize> = table
                .key_columns()
                .iter()
                .map(|c| usize::from(c.0))
                .collect();
            touched.extend(staged.removed.iter().map(|key| (id, key.clone())));
            touched.extend((0..staged.rows).map(|row| {
                let row = ColumnsRow {
                    columns: &staged.columns,
                    row,
                };
                (id, Key::of(&row, &key_columns))
            }));
        }
        touched
    }

    /// Takes in one line.
    ///
    /// # Errors
    /// The error that an `error` line carries; `malformed_request` for anything that is not a line
    /// of this schema, after which the answer is to be dropped.
    pub fn line(&mut self, line: &str) -> Result<LineKind, Error> {
        if self.cursor.is_some() {
            return Err(malformed("a line follows the end"));
        }
        let mut scan = Scan::new(line);
        if scan.literal("{\"line\":\"rows\",\"table\":").is_some() {
            let before: Vec<u32> = self.tables.iter().map(|t| t.rows).collect();
            if let Some(rows) = self.fast_rows(&mut scan)? {
                return Ok(LineKind::Rows(rows));
            }
            if self.tables.iter().map(|t| t.rows).ne(before) {
                return Err(malformed("a line of rows breaks off"));
            }
        }
        let line = read_text(line).map_err(|fault| malformed(&fault.to_string()))?;
        self.general(line)
    }

    /// The rows of a line in the endpoint's own layout; `None` where it is another.
    fn fast_rows(&mut self, scan: &mut Scan<'_>) -> Result<Option<usize>, Error> {
        let Some(Some(name)) = scan.text() else {
            return Ok(None);
        };
        let id = self.require_head()?.require_table(&name)?;
        if scan.literal(",\"rows\":[").is_none() {
            return Ok(None);
        }
        let schema = Arc::clone(&self.schema);
        let staged = &mut self.tables[usize::from(id.0)];
        let rows = staged.fast_rows(schema.table(id), scan)?;
        self.rows += rows.unwrap_or(0) as u64;
        Ok(rows)
    }

    fn require_head(&self) -> Result<&Schema, Error> {
        match self.head {
            Some(_) => Ok(&self.schema),
            None => Err(malformed("rows come before the head")),
        }
    }

    fn general(&mut self, line: Line) -> Result<LineKind, Error> {
        match line {
            Line::Head(head) => {
                if self.head.is_some() {
                    return Err(malformed("there are two heads"));
                }
                self.snapshot = head.snapshot;
                self.head = Some(head);
                Ok(LineKind::Head)
            }
            Line::Rows { table, rows } => {
                let id = self.require_head()?.require_table(&table)?;
                for row in &rows {
                    let values: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
                    self.row(id, &values)?;
                }
                Ok(LineKind::Rows(rows.len()))
            }
            Line::Removed { table, keys } => {
                let schema = self.require_head()?;
                let id = schema.require_table(&table)?;
                let parse = |key| Key::from_text(schema.table(id), key);
                let parsed: Vec<Key> = keys.iter().map(parse).collect::<Result<_, _>>()?;
                self.tables[usize::from(id.0)].removed.extend(parsed);
                Ok(LineKind::Removed(keys.len()))
            }
            Line::End { cursor } => {
                self.require_head()?;
                self.cursor = Some(cursor);
                Ok(LineKind::End)
            }
            Line::Error(problem) => Err(problem.into_error()),
        }
    }

    /// Takes in one row, a text per column in the schema's order.
    ///
    /// # Errors
    /// `malformed_request` for another number of values; as [`value::parse_canonical`].
    pub fn row(&mut self, table: TableId, values: &[Option<&str>]) -> Result<(), Error> {
        let described = self.schema.table(table);
        self.tables[usize::from(table.0)].row(described, values)?;
        self.rows += 1;
        Ok(())
    }

    /// Takes in one row as [`super::Replica::confirmed_row_json`] wrote it. `stands_in`: it is from
    /// before a migration, and columns that it lacks have what the schema gives new rows.
    ///
    /// # Errors
    /// `malformed_request` for what is not an object with every column; as [`value::from_json`].
    pub fn object(
        &mut self,
        table: TableId,
        json: &Json<'_>,
        stands_in: bool,
    ) -> Result<(), Error> {
        let schema = Arc::clone(&self.schema);
        let described = schema.table(table);
        let mut values = Vec::with_capacity(described.columns.len());
        for column in &described.columns {
            let Some(given) = json.get(&column.name) else {
                if !stands_in {
                    return Err(malformed(&format!("a stored row lacks {}", column.name)));
                }
                values.push(match &column.default {
                    Some(ColumnDefault::Constant { text }) => value::parse(&column.kind, text)?,
                    _ => Value::Null,
                });
                continue;
            };
            let exact = json
                .get(EXACT)
                .and_then(|exact| exact.get(&column.name)?.as_str());
            values.push(match exact {
                Some(text) => value::parse_canonical(&column.kind, text)?,
                None => value::from_json(column, given)?,
            });
        }
        let staged = &mut self.tables[usize::from(table.0)];
        for (column, value) in staged.columns.iter_mut().zip(&values) {
            column.push(value.as_value_ref());
        }
        staged.end_row(described)?;
        self.rows += 1;
        Ok(())
    }
}

impl StagedTable {
    pub fn new(table: &Table) -> Self {
        let columns = table.columns.iter().map(|c| column_of(&c.kind));
        Self {
            columns: columns.collect(),
            rows: 0,
            removed: Vec::new(),
        }
    }

    /// Takes in one row, a text per column in the schema's order.
    pub fn row(&mut self, table: &Table, values: &[Option<&str>]) -> Result<(), Error> {
        if values.len() != table.columns.len() {
            return Err(malformed(
                "a row has another number of values than the table has columns",
            ));
        }
        for ((column, described), text) in self.columns.iter_mut().zip(&table.columns).zip(values) {
            push_text(column, &described.kind, *text)?;
        }
        self.end_row(table)
    }

    /// The rows of a line in the endpoint's own layout, after their `[`, up to its end; `None` where it is
    /// another.
    pub fn fast_rows(
        &mut self,
        table: &Table,
        scan: &mut Scan<'_>,
    ) -> Result<Option<usize>, Error> {
        let before = self.rows;
        if !scan.take(b']') {
            loop {
                if !scan.take(b'[') || !self.fast_row(table, scan)? {
                    return Ok(None);
                }
                if scan.take(b']') {
                    break;
                }
                if !scan.take(b',') {
                    return Ok(None);
                }
            }
        }
        if !scan.take(b'}') || !scan.done() {
            return Ok(None);
        }
        Ok(Some((self.rows - before) as usize))
    }

    /// The values of one row up to its `]`; false where the layout is another.
    fn fast_row(&mut self, table: &Table, scan: &mut Scan<'_>) -> Result<bool, Error> {
        for (i, (column, described)) in self.columns.iter_mut().zip(&table.columns).enumerate() {
            if i > 0 && !scan.take(b',') {
                return Err(malformed("a row has too few values"));
            }
            let Some(text) = scan.text() else {
                return Err(malformed("a value is neither text nor null"));
            };
            push_text(column, &described.kind, text.as_deref())?;
        }
        if !scan.take(b']') {
            return Err(malformed("a row has too many values"));
        }
        self.end_row(table)?;
        Ok(true)
    }

    fn end_row(&mut self, table: &Table) -> Result<(), Error> {
        let row = self.rows;
        self.rows += 1;
        for name in &table.primary_key {
            let Some(column) = table.column_id(name) else {
                continue;
            };
            if self.columns[usize::from(column.0)].is_null(row) {
                return Err(malformed("a row's key is null"));
            }
        }
        Ok(())
    }
}

/// Puts a value that Postgres printed into a column.
#[inline]
fn push_text(column: &mut Column, kind: &Type, text: Option<&str>) -> Result<(), Error> {
    let Some(text) = text else {
        column.push(ValueRef::Null);
        return Ok(());
    };
    if kind.storage() == Storage::Text {
        let text = if matches!(kind, Type::Char { .. }) {
            text.trim_end_matches(' ')
        } else {
            text
        };
        column.push(ValueRef::Text(text));
        return Ok(());
    }
    match value::parse_canonical(kind, text)? {
        Value::Int(int) => column.push(ValueRef::Int(int)),
        Value::Float(float) => column.push(ValueRef::Float(float)),
        Value::Text(text) => column.push(ValueRef::Text(&text)),
        Value::Null => column.push(ValueRef::Null),
    }
    Ok(())
}

pub(super) fn malformed(why: &str) -> Error {
    Error::new(
        ErrorCode::MalformedRequest,
        format!("the endpoint's answer is not valid: {why}"),
    )
}
