//! The rule for a whole mutation: one row merges, several rows stand or fall together.

use super::own::normal_key;
use super::{
    DeleteVerdict, InsertVerdict, LostColumn, OwnRow, judge_delete, judge_insert, judge_update,
};
use crate::error::Error;
use crate::protocol::{Base, KeyText, Lost, Mutation, Op, Outcome, Text, Values};
use crate::schema::{ColumnId, Schema, Table};
use crate::value::{self, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Judges the operations of one mutation, in order, and gives its outcome.
///
/// The caller applies what each method returns inside a savepoint, and rolls it back when
/// [`Judge::undone`] says so. All operations are to be judged even then, so that `lost` is whole.
#[derive(Debug)]
pub struct Judge {
    single_row: bool,
    gone: bool,
    /// Something conflicts.
    conflict: bool,
    /// Something is in Postgres as the mutation wanted it.
    kept: bool,
    /// Values that lost, and values that would be lost with the whole, told apart by `true`.
    values: Vec<(bool, Lost)>,
}

impl Judge {
    /// A judge of this mutation.
    ///
    /// # Errors
    /// `unknown_table`, `type_mismatch`: a key that does not parse.
    pub fn new(schema: &Schema, mutation: &Mutation) -> Result<Self, Error> {
        let mut rows = BTreeSet::new();
        for op in &mutation.ops {
            rows.insert(op_row(schema, op)?);
        }
        Ok(Self {
            single_row: rows.len() <= 1,
            gone: false,
            conflict: false,
            kept: false,
            values: Vec::new(),
        })
    }

    /// Judges an update; gives the columns to write, if any.
    ///
    /// # Errors
    /// As `parse_values`.
    #[allow(clippy::too_many_arguments)] // each is a different part of one operation
    pub fn update(
        &mut self,
        op: usize,
        table: &Table,
        key: &KeyText,
        current: Option<&[Value]>,
        set: &Values,
        base: &BTreeMap<String, Base>,
        own: Option<&OwnRow>,
    ) -> Result<Vec<(ColumnId, Value)>, Error> {
        let Some(current) = current else {
            self.gone = true;
            return Ok(Vec::new());
        };
        let verdict = judge_update(table, current, set, base, own)?;
        self.kept |= !verdict.apply.is_empty() || !verdict.equal.is_empty();
        for (column, mine) in &verdict.apply {
            let kind = &table.column(*column).kind;
            let theirs = value::to_text(kind, &current[usize::from(column.0)]);
            self.note(
                false,
                op,
                table,
                key,
                Some(*column),
                value::to_text(kind, mine),
                theirs,
            );
        }
        self.lose(op, table, key, verdict.lost);
        Ok(verdict.apply)
    }

    /// Judges an insert; gives the values to insert, or none where the row is already there.
    ///
    /// # Errors
    /// As `parse_values`.
    pub fn insert(
        &mut self,
        op: usize,
        table: &Table,
        key: &KeyText,
        existing: Option<&[Value]>,
        values: &Values,
    ) -> Result<Option<Vec<(ColumnId, Value)>>, Error> {
        match judge_insert(table, existing, values)? {
            InsertVerdict::Insert(values) => {
                self.kept = true;
                for (column, mine) in &values {
                    let mine = value::to_text(&table.column(*column).kind, mine);
                    self.note(false, op, table, key, Some(*column), mine, None);
                }
                Ok(Some(values))
            }
            InsertVerdict::Equal => {
                self.kept = true;
                Ok(None)
            }
            InsertVerdict::Conflict(lost) => {
                // A row that is someone else's is not merged with, column by column.
                self.lose(op, table, key, lost);
                Ok(None)
            }
        }
    }

    /// Judges a delete; says whether to delete.
    pub fn delete(
        &mut self,
        op: usize,
        table: &Table,
        key: &KeyText,
        current: Option<&[Value]>,
        base: Option<&str>,
        own: Option<&OwnRow>,
    ) -> bool {
        match judge_delete(current, base, own) {
            DeleteVerdict::Delete => {
                self.kept = true;
                self.note(false, op, table, key, None, None, None);
                true
            }
            DeleteVerdict::AlreadyGone => {
                self.kept = true;
                false
            }
            DeleteVerdict::Conflict => {
                self.conflict = true;
                self.note(true, op, table, key, None, None, None);
                false
            }
        }
    }

    /// Must everything that this mutation did be rolled back?
    pub fn undone(&self) -> bool {
        self.gone || (self.conflict && (!self.single_row || !self.kept))
    }

    /// The outcome, and the values that lost.
    pub fn finish(self) -> (Outcome, Vec<Lost>) {
        let undone = self.undone();
        if self.gone {
            return (Outcome::Gone, Vec::new());
        }
        if !self.conflict {
            return (Outcome::Applied, Vec::new());
        }
        let outcome = if undone {
            Outcome::Conflict
        } else {
            Outcome::Merged
        };
        let lost = self.values.into_iter().filter(|(lost, _)| *lost || undone);
        (outcome, lost.map(|(_, value)| value).collect())
    }

    fn lose(&mut self, op: usize, table: &Table, key: &KeyText, lost: Vec<LostColumn>) {
        for LostColumn {
            column,
            mine,
            theirs,
        } in lost
        {
            self.conflict = true;
            self.note(true, op, table, key, Some(column), mine, theirs);
        }
    }

    #[allow(clippy::too_many_arguments)] // the fields of one `Lost`
    fn note(
        &mut self,
        lost: bool,
        op: usize,
        table: &Table,
        key: &KeyText,
        column: Option<ColumnId>,
        mine: Text,
        theirs: Text,
    ) {
        let column = column.map(|c| table.column(c).name.clone());
        let table = table.name.clone();
        self.values.push((
            lost,
            Lost {
                op,
                table,
                key: key.clone(),
                column,
                mine,
                theirs,
            },
        ));
    }
}

/// The row that an operation concerns: table and canonical key.
fn op_row(schema: &Schema, op: &Op) -> Result<(u16, KeyText), Error> {
    let (name, key) = match op {
        Op::Update { table, key, .. } | Op::Delete { table, key, .. } => (table, key.clone()),
        Op::Insert { table, values } => {
            let described = schema.table(schema.require_table(table)?);
            let key = described.primary_key.iter();
            // A key that the server makes is of a row of its own; the empty text stands for it.
            (
                table,
                key.map(|c| values.get(c).cloned().flatten().unwrap_or_default())
                    .collect(),
            )
        }
    };
    let id = schema.require_table(name)?;
    let key = match op {
        Op::Insert { .. } => normal_key(schema.table(id), &key).unwrap_or(key),
        Op::Update { .. } | Op::Delete { .. } => normal_key(schema.table(id), &key)?,
    };
    Ok((id.0, key))
}
