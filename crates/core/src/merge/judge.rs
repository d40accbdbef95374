//! The rule for a whole mutation: one row merges, several rows stand or fall together, unless their
//! tables are declared mergeable.

use super::own::normal_key;
use super::update::{Update, judge_update};
use super::{DeleteVerdict, InsertVerdict, LostColumn, OwnRow, judge_delete, judge_insert};
use crate::error::Error;
use crate::json;
use crate::planted;
use crate::protocol::{KeyText, Lost, Mutation, Op, Outcome, Text, Values, Winner};
use crate::schema::{ColumnId, OnDeleteConflict, Policy, Schema, Table};
use crate::value::{self, Value};
use std::collections::BTreeSet;

/// Judges the operations of one mutation, in order, and gives its outcome.
///
/// The caller applies what each method returns inside a savepoint, and rolls it back when
/// [`Judge::undone`] says so. All operations are to be judged even then, so that `lost` is whole.
#[derive(Debug)]
pub struct Judge {
    parts: Parts,
    /// A row is missing.
    gone: bool,
    /// Something is missing, or conflicts, that takes the whole with it.
    stopped: bool,
    /// Has something of it lost?
    conflict: bool,
    /// Something is in Postgres as the mutation wanted it.
    kept: bool,
    values: Vec<(Noted, Lost)>,
}

/// What of a mutation stands and falls together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// It is of one row, whose columns stand for themselves while the row is there.
    OneRow,
    /// It is of several rows, as a whole.
    Whole,
    /// It is of rows that are declared to stand for themselves.
    Mergeable,
}

/// Why a value is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noted {
    /// It would be lost with the whole.
    Written,
    /// One side of it has lost, or nobody has won.
    Contested,
}

/// A row that an operation names: its place in the mutation, its table and key.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The operation's position.
    pub op: usize,
    /// The table.
    pub table: &'a Table,
    /// The key in canonical text.
    pub key: &'a KeyText,
}

/// What to do about an update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decided {
    /// The columns to write.
    pub apply: Vec<(ColumnId, Value)>,
    /// The columns that are as the mutation wants them.
    pub equal: Vec<ColumnId>,
}

impl Judge {
    /// A judge of this mutation.
    ///
    /// # Errors
    /// `unknown_table`, `type_mismatch`: a key that does not parse.
    pub fn new(schema: &Schema, mutation: &Mutation) -> Result<Self, Error> {
        let mut rows = BTreeSet::new();
        let mut mergeable = true;
        for op in &mutation.ops {
            let (table, key) = op_row(schema, op)?;
            mergeable &= schema.tables[usize::from(table)].mergeable;
            rows.insert((table, key));
        }
        Ok(Self {
            parts: match (mergeable, rows.len()) {
                (true, _) => Parts::Mergeable,
                (false, 0 | 1) => Parts::OneRow,
                (false, _) => Parts::Whole,
            },
            gone: false,
            stopped: false,
            conflict: false,
            kept: false,
            values: Vec::new(),
        })
    }

    /// Judges an update of a row that is there.
    ///
    /// # Errors
    /// As [`judge_update`].
    pub fn update(&mut self, row: Row<'_>, update: &Update<'_>) -> Result<Decided, Error> {
        let verdict = judge_update(update)?;
        self.kept |= !verdict.apply.is_empty() || !verdict.equal.is_empty();
        for (column, mine) in &verdict.apply {
            // One that has won over another is noted with that.
            if verdict.lost.iter().any(|lost| lost.column == *column) {
                continue;
            }
            let kind = &row.table.column(*column).kind;
            let theirs = value::to_text(kind, &update.current[usize::from(column.0)]);
            let mine = value::to_text(kind, mine);
            self.note(Noted::Written, row.lost(Some(*column), mine, theirs));
        }
        self.lose(row, verdict.lost);
        Ok(Decided {
            apply: verdict.apply,
            equal: verdict.equal,
        })
    }

    /// Judges an update of a row that is not there.
    ///
    /// # Errors
    /// `unknown_column`.
    pub fn missing(&mut self, row: Row<'_>, set: &Values) -> Result<(), Error> {
        self.gone = true;
        self.stopped |= self.parts != Parts::Mergeable;
        for (name, mine) in set {
            let column = row.table.require_column(name)?;
            self.note(Noted::Contested, row.lost(Some(column), mine.clone(), None));
        }
        Ok(())
    }

    /// Judges an insert; gives the values to insert, or none where the row is already there.
    ///
    /// # Errors
    /// As `parse_values`.
    pub fn insert(
        &mut self,
        row: Row<'_>,
        existing: Option<&[Value]>,
        values: &Values,
    ) -> Result<Option<Vec<(ColumnId, Value)>>, Error> {
        match judge_insert(row.table, existing, values)? {
            InsertVerdict::Insert(values) => {
                self.kept = true;
                for (column, mine) in &values {
                    let mine = value::to_text(&row.table.column(*column).kind, mine);
                    self.note(Noted::Written, row.lost(Some(*column), mine, None));
                }
                Ok(Some(values))
            }
            InsertVerdict::Equal => {
                self.kept = true;
                Ok(None)
            }
            InsertVerdict::Conflict(lost) => {
                // A row that is someone else's is not merged with, column by column, under any
                // policy: they say what becomes of one row that two changed.
                self.stopped |= self.parts == Parts::Whole;
                self.lose(row, lost);
                Ok(None)
            }
        }
    }

    /// Judges a delete; says whether to delete.
    pub fn delete(
        &mut self,
        row: Row<'_>,
        current: Option<&[Value]>,
        base: Option<&str>,
        own: Option<&OwnRow>,
    ) -> bool {
        let verdict = match planted::is("delete-without-base") && current.is_some() {
            true => DeleteVerdict::Delete,
            false => judge_delete(current, base, own),
        };
        match (verdict, row.table.on_delete_conflict) {
            (DeleteVerdict::Delete, _) => {
                self.kept = true;
                self.note(Noted::Written, row.lost(None, None, None));
                true
            }
            (DeleteVerdict::AlreadyGone, _) => {
                self.kept = true;
                false
            }
            (DeleteVerdict::Conflict, OnDeleteConflict::KeepEdit) => {
                self.conflict = true;
                self.stopped |= self.parts == Parts::Whole;
                self.note(Noted::Contested, row.lost(None, None, None));
                false
            }
            (DeleteVerdict::Conflict, OnDeleteConflict::Delete) => {
                self.kept = true;
                let theirs = current.map(|current| row_text(row.table, current));
                let lost = Lost {
                    winner: Winner::Mine,
                    ..row.lost(None, None, theirs)
                };
                self.note(Noted::Contested, lost);
                true
            }
        }
    }

    /// Must everything that this mutation did be rolled back?
    pub fn undone(&self) -> bool {
        let stopped = self.stopped && !planted::is("transactions-in-parts");
        stopped || ((self.gone || self.conflict) && !self.kept)
    }

    /// The outcome, and the values that lost.
    pub fn finish(self) -> (Outcome, Vec<Lost>) {
        let undone = self.undone();
        if self.gone && undone {
            return (Outcome::Gone, Vec::new());
        }
        let outcome = match (undone, self.conflict || self.gone) {
            (true, _) => Outcome::Conflict,
            (false, true) => Outcome::Merged,
            (false, false) => Outcome::Applied,
        };
        let values = self.values.into_iter();
        let lost = values.filter(|(noted, _)| undone || *noted == Noted::Contested);
        let lost = lost.map(|(_, mut value)| {
            // What would have been overwritten stands.
            if undone && value.winner == Winner::Mine {
                value.winner = Winner::Theirs;
            }
            value
        });
        (outcome, lost.collect())
    }

    fn lose(&mut self, row: Row<'_>, lost: Vec<LostColumn>) {
        for lost in lost {
            if lost.winner != Winner::Mine {
                self.conflict = true;
                let policy = row.table.column(lost.column).policy;
                self.stopped |= self.parts == Parts::Whole && stops(policy);
            }
            let noted = Lost {
                base: lost.base,
                winner: lost.winner,
                ..row.lost(Some(lost.column), lost.mine, lost.theirs)
            };
            self.note(Noted::Contested, noted);
        }
    }

    fn note(&mut self, noted: Noted, lost: Lost) {
        self.values.push((noted, lost));
    }
}

impl Row<'_> {
    fn lost(&self, column: Option<ColumnId>, mine: Text, theirs: Text) -> Lost {
        Lost {
            op: self.op,
            table: self.table.name.clone(),
            key: self.key.clone(),
            column: column.map(|c| self.table.column(c).name.clone()),
            mine,
            theirs,
            base: None,
            winner: Winner::Theirs,
        }
    }
}

/// Does a value that loses under a policy take a transaction over several rows with it? The others
/// declare what becomes of both.
fn stops(policy: Policy) -> bool {
    match policy {
        Policy::ServerWins | Policy::Manual => true,
        Policy::ClientWins
        | Policy::Merge
        | Policy::Lww
        | Policy::Counter
        | Policy::Max
        | Policy::Min => false,
    }
}

/// A row as a JSON object of texts.
fn row_text(table: &Table, row: &[Value]) -> String {
    let mut out = String::new();
    let mut members = json::Members::new(&mut out);
    for (column, value) in table.columns.iter().zip(row) {
        members.add(&column.name, &value::to_text(&column.kind, value));
    }
    members.end();
    out
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
