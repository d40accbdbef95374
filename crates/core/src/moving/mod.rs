//! Takes what a replica has of one schema to the next: its queued mutations, and the rows that may stay.
//!
//! What the catalog can't tell, that a column has another name or was a member of a JSON object, is in
//! the schema's steps. Invariant: no value of a mutation is lost. Where nothing says what became of a
//! column, the whole mutation stops, with the reason; what a new column does not take stays in the JSON.
//! Not its job: to store anything, or to ask the server.

mod accept;
mod ops;
mod path;
#[cfg(test)]
mod tests;

pub use path::bring_forward;

use crate::error::Error;
use crate::map::Name;
use crate::protocol::{Base, KeyText, Mutation, Op, Predicted, Values};
use crate::schema::{Column, Schema, Table, TableId};
use path::Path;

/// The way from the schema of a store to another.
pub struct Moving<'s> {
    old: &'s Schema,
    new: &'s Schema,
    /// Of each old table.
    paths: Vec<Path>,
}

/// What becomes of the rows that a replica has of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The table is as it was: they stay, and are never asked for again.
    Stays,
    /// It only got more columns: they are shown until the new ones come.
    StandsIn,
    /// They are of no use.
    Goes,
}

/// What a mutation has become.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// What it does now; as far as it is known where it stopped.
    pub ops: Vec<Op>,
    /// What hooks foresee.
    pub predicted: Vec<Predicted>,
    /// Why it can't be sent: what it writes is no more, and nothing says what it became.
    pub stopped: Option<Error>,
}

/// Gives the values of a confirmed row of the old schema, by table and key.
pub type Confirmed<'c> = &'c dyn Fn(&str, &KeyText) -> Option<Values>;

impl<'s> Moving<'s> {
    /// The way from `old` to `new`, along the steps of `new` that `old` does not have.
    pub fn new(old: &'s Schema, new: &'s Schema) -> Self {
        let known = |name: &str| old.steps.iter().any(|step| step.name == name);
        let paths = old.tables.iter().map(|table| {
            let columns = table.columns.iter().map(|column| column.name.as_str());
            let steps = new.steps.iter().filter(|step| !known(&step.name));
            Path::new(steps, &table.name, columns, &|name| {
                old.table_id(name).is_some()
            })
        });
        Self {
            paths: paths.collect(),
            old,
            new,
        }
    }

    /// What becomes of the rows of a table of the new schema.
    pub fn fate(&self, table: &Table) -> Fate {
        let Some(id) = self.old.table_id(&table.name) else {
            return Fate::Goes;
        };
        let (old, path) = (self.old.table(id), &self.paths[usize::from(id.0)]);
        let moved = path.table != table.name || old.primary_key != table.primary_key;
        if moved || old.hides_rows != table.hides_rows {
            return Fate::Goes;
        }
        let same = |(a, b): (&Column, &Column)| is_same(a, b);
        if old.columns.len() == table.columns.len()
            && path.moves.is_empty()
            && old.columns.iter().zip(&table.columns).all(same)
        {
            return Fate::Stays;
        }
        let still = |column: &Column| {
            let now = table.column_id(&column.name);
            now.is_some_and(|now| is_same(column, table.column(now)))
        };
        match old.columns.iter().all(still) {
            true => Fate::StandsIn,
            false => Fate::Goes,
        }
    }

    /// What a mutation of the old schema is under the new one. `confirmed` is asked for rows where the
    /// mutation has no more than a hash of what it replaces.
    pub fn mutation(&self, mutation: &Mutation, confirmed: Confirmed<'_>) -> Moved {
        let mut moved = Moved {
            ops: Vec::with_capacity(mutation.ops.len()),
            predicted: Vec::new(),
            stopped: None,
        };
        // How many of the new operations come before each of the old ones.
        let mut before = vec![0];
        for op in &mutation.ops {
            match self.op(op, confirmed) {
                Ok(op) => moved.ops.extend(op),
                Err((op, error)) => {
                    moved.ops.push(op);
                    moved.stopped.get_or_insert(error);
                }
            }
            before.push(moved.ops.len());
        }
        // What is foreseen is the server's to make; where it can't be shown it is left out.
        moved.predicted = (mutation.predicted.iter())
            .filter_map(|Predicted { after, op }| {
                let op = self.op(op, confirmed).ok()??;
                let after = before.get(*after).copied().unwrap_or(moved.ops.len());
                Some(Predicted { after, op })
            })
            .collect();
        moved
    }

    /// The old row that an operation knows by a hash alone, though a migration has changed it.
    pub fn asks_for(&self, op: &Op) -> Option<(TableId, KeyText)> {
        let (table, key) = match op {
            Op::Update {
                table, key, base, ..
            } => {
                let (_, path) = self.path(table)?;
                let hashed = |(name, base): (&Name, &Base)| {
                    matches!(base, Base::Hash { .. }) && path.emptied().contains(&path.now(name))
                };
                base.iter().any(hashed).then_some((table, key))
            }
            Op::Delete { table, key, base } => {
                let (_, path) = self.path(table)?;
                let new = self.new.table(self.new.table_id(&path.table)?);
                let changed = base.is_some() && self.fate(new) != Fate::Stays;
                changed.then_some((table, key))
            }
            Op::Insert { .. } => None,
        }?;
        Some((self.old.table_id(table)?, key.clone()))
    }

    /// The names of a table and of one of its columns under the new schema.
    pub fn names(&self, table: &str, column: Option<&str>) -> (String, Option<String>) {
        match self.path(table) {
            Some((_, path)) => {
                let column = column.map(|column| path.now(column).to_owned());
                (path.table.clone(), column)
            }
            None => (table.to_owned(), column.map(str::to_owned)),
        }
    }

    fn path(&self, table: &str) -> Option<(&'s Table, &Path)> {
        let id = self.old.table_id(table)?;
        Some((self.old.table(id), &self.paths[usize::from(id.0)]))
    }
}

/// Do rows have the same values in it? Postgres changes them with no trigger where it casts them.
fn is_same(old: &Column, new: &Column) -> bool {
    let made = |column: &Column| column.generated.as_ref().map(|made| made.sql.clone());
    old.name == new.name
        && old.kind == new.kind
        && old.precision == new.precision
        && old.identity == new.identity
        && made(old) == made(new)
}
