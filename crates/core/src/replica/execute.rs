//! Operations as a database does them: on all rows there are, whoever wants them, at once and for good.
//!
//! **Invariant.** What is refused changes nothing; what was done is told row by row, so that it can be
//! undone and done again with [`Replica::put_row`]. For a model of a server ([`Replica::set_alone`]);
//! no mutation is pending here, and a replica that syncs never asks for this.

use super::defaults::make_default;
use super::effect::{Change, Effect, Generate, Origin, Row, Set, generate};
use super::scratch::{Held, Mode, Scratch};
use super::steps::Deferred;
use super::{Key, Replica, WriteContext};
use crate::error::{Error, ErrorCode};
use crate::schema::{ColumnId, TableId};
use crate::value::{self, Value};
use std::sync::Arc;

/// A row operation whose values are parsed.
#[derive(Clone, Debug)]
pub enum RowOp {
    /// A new row; what is left out gets its default.
    Insert(Vec<(ColumnId, Value)>),
    /// New values for some columns of a row, which may be of its key.
    Update(Key, Vec<(ColumnId, Value)>),
    /// A row's end.
    Delete(Key),
}

/// A row that was touched; both are the same where it got the values that it had.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// Its table.
    pub table: TableId,
    /// Its key.
    pub key: Key,
    /// What it was.
    pub old: Option<Arc<[Value]>>,
    /// What it is.
    pub new: Option<Arc<[Value]>>,
}

/// What an operation did, foreign keys' doing included.
#[derive(Debug, Default)]
pub struct Executed {
    /// Each row once, in the order in which they were first touched; none where there was no row.
    pub rows: Vec<RowChange>,
    /// What is to be asked by [`Replica::judge_deferred`] before the transaction ends.
    pub deferred: Vec<Deferred>,
}

/// An operation that was refused, which changed nothing.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub error: Error,
    /// What it had done by then, foreign keys' doing included.
    pub touched: Vec<RowChange>,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            error,
            touched: Vec::new(),
        }
    }
}

impl Replica {
    /// Does an operation. No privilege is asked, and no row security.
    ///
    /// # Errors
    /// What Postgres raises, with its SQLSTATE; `internal` for a rule about which nothing certain
    /// can be said here, which is a defect of the caller's choice of schema.
    pub fn execute(
        &mut self,
        table: TableId,
        op: &RowOp,
        identity: Option<&str>,
        context: &mut WriteContext<'_>,
    ) -> Result<Executed, Box<Refused>> {
        let mut scratch = Scratch::new(self, Mode::Judge, context.now_ms);
        let effect = self
            .effect_of(&mut scratch, table, op, identity, context)
            .map_err(Refused::from)?;
        let Some((effect, made)) = effect else {
            return Ok(Executed::default());
        };
        let mut done = scratch.perform(effect, &made);
        if let (Ok(()), Some(rule)) = (&done, scratch.unverified.first()) {
            done = Err(Error::new(
                ErrorCode::Internal,
                format!("only a server can judge {rule}"),
            ));
        }
        let deferred = scratch.deferred_events();
        let held = std::mem::take(&mut scratch.rows);
        let change = |held: &Held| RowChange {
            table: held.table,
            key: held.key.clone(),
            old: self.row(held.table, &held.key),
            new: held.state.row.clone(),
        };
        let rows: Vec<RowChange> = held.iter().map(change).collect();
        if let Err(error) = done {
            let touched = rows;
            return Err(Box::new(Refused { error, touched }));
        }
        self.version += 1;
        self.show(held);
        Ok(Executed { rows, deferred })
    }

    /// What an operation does to its own row, and the columns of it that nobody else can have; none
    /// where there is no such row.
    fn effect_of(
        &self,
        scratch: &mut Scratch<'_>,
        table: TableId,
        op: &RowOp,
        identity: Option<&str>,
        context: &mut WriteContext<'_>,
    ) -> Result<Option<(Effect, Vec<usize>)>, Error> {
        let (key, change, made) = match op {
            RowOp::Insert(values) => {
                let (row, made) = self.new_row(scratch, table, values, identity, context)?;
                let key = Key::of(&row, &self.store(table).key_columns);
                (key, Change::Insert(row, Vec::new()), made)
            }
            RowOp::Update(key, set) => {
                if self.row(table, key).is_none() {
                    return Ok(None);
                }
                let columns = &self.schema.table(table).columns;
                let mut changes = Vec::with_capacity(set.len());
                for (column, value) in set {
                    let i = usize::from(column.0);
                    let value = value::to_precision(&columns[i], value.clone());
                    scratch.judge_domains(table, i, &value)?;
                    changes.push((i, value));
                }
                (key.clone(), Change::Update(Set::of(changes)), Vec::new())
            }
            RowOp::Delete(key) => {
                if self.row(table, key).is_none() {
                    return Ok(None);
                }
                (key.clone(), Change::Delete, Vec::new())
            }
        };
        let effect = Effect {
            table,
            key,
            change,
            origin: Origin::Op(0),
        };
        Ok(Some((effect, made)))
    }

    /// A row of the values given and of defaults.
    fn new_row(
        &self,
        scratch: &mut Scratch<'_>,
        id: TableId,
        values: &[(ColumnId, Value)],
        identity: Option<&str>,
        context: &mut WriteContext<'_>,
    ) -> Result<(Row, Vec<usize>), Error> {
        let (table, rules) = (self.schema.table(id), scratch.rules(id));
        let (mut row, mut made) = (Vec::with_capacity(table.columns.len()), Vec::new());
        for (i, (column, rule)) in table.columns.iter().zip(&rules.columns).enumerate() {
            let given = values.iter().find(|(c, _)| usize::from(c.0) == i);
            let value = match given {
                Some((_, value)) => value::to_precision(column, value.clone()),
                None if column.generated.is_some() => Value::Null,
                None => {
                    if rule.default.is_made() {
                        made.push(i);
                    }
                    make_default(&rule.default, id, table, column, context, identity)?
                        .unwrap_or_default()
                }
            };
            if column.generated.is_none() {
                scratch.judge_domains(id, i, &value)?;
            }
            row.push(value);
        }
        let mut row: Row = row.into();
        generate(rules, &mut row, &mut Vec::new(), Generate::New)?;
        Ok((row, made))
    }

    /// Asks what was deferred, of the rows as they are now.
    ///
    /// # Errors
    /// The first violation.
    pub fn judge_deferred(&self, deferred: Vec<Deferred>) -> Result<(), Error> {
        let mut scratch = Scratch::new(self, Mode::Judge, 0);
        for event in deferred {
            scratch.defer_again(event);
        }
        scratch.finish()
    }

    /// A visible row.
    pub fn row(&self, table: TableId, key: &Key) -> Option<Arc<[Value]>> {
        let store = self.store(table);
        store.find_key(key).map(|slot| store.values(slot))
    }

    /// Puts a row in its place, or ends it, as it was done before; no rule is asked.
    pub fn put_row(&mut self, table: TableId, key: &Key, row: Option<&Arc<[Value]>>) {
        self.version += 1;
        let store = self.store_mut(table);
        match (row, store.find_key(key)) {
            (Some(row), _) => {
                store.put(row);
            }
            (None, Some(slot)) => store.remove(slot),
            (None, None) => {}
        }
    }
}
