//! What an operation does to rows: parsed, with the defaults that the client can evaluate.
//!
//! Computed from the operation as it is stored, so that a write looks the same in the tab that made
//! it, in every other tab, and after a reload.

use super::Key;
use super::rules::{GeneratedRule, TableRules};
use crate::error::Error;
use crate::expr::Context;
use crate::merge::parse_values;
use crate::protocol::{Op, Values};
use crate::schema::{Schema, Table, TableId};
use crate::value::{self, Value};
use std::sync::Arc;

/// A row: a value per column, in the schema's order.
pub(super) type Row = Arc<[Value]>;

/// A row as far as it is known here.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// `None` where there is none.
    pub row: Option<Row>,
    /// The columns whose values only the server knows; nothing is concluded from what they show.
    pub unknown: Vec<usize>,
}

impl State {
    pub fn known(row: Option<Row>) -> Self {
        Self {
            row,
            unknown: Vec::new(),
        }
    }
}

/// Where an effect comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The mutation's operation at this position, which is sent.
    Op(u32),
    /// What a foreign key does in the wake of an operation: predicted here, not sent, since the
    /// server's own foreign key does it too.
    Cascade,
    /// What a hook foresees of what the server does: stored with the mutation, not sent.
    Hook,
}

/// What one operation, or what follows from it, does to one row.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub table: TableId,
    pub key: Key,
    pub change: Change,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    /// The row is this one.
    Insert(Row, Vec<usize>),
    /// Where the row exists, these columns have these values; some of them only the server knows.
    Update(Vec<(usize, Value)>, Vec<usize>),
    /// There is no such row.
    Delete,
}

impl Effect {
    /// What an operation does.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, and as [`value::parse`].
    pub fn of(
        schema: &Schema,
        rules: &[TableRules],
        identity: Option<&str>,
        at_ms: i64,
        op: &Op,
        origin: Origin,
    ) -> Result<Self, Error> {
        let (Op::Insert { table: name, .. }
        | Op::Update { table: name, .. }
        | Op::Delete { table: name, .. }) = op;
        let table = schema.require_table(name)?;
        let described = schema.table(table);
        let (key, change) = match op {
            Op::Insert { values, .. } => {
                let rules = &rules[usize::from(table.0)];
                let (row, unknown) = insert_row(described, rules, values, at_ms, identity)?;
                let columns = described.key_columns();
                let key = columns.iter().map(|c| row[usize::from(c.0)].clone());
                (Key::new(key.collect()), Change::Insert(row, unknown))
            }
            Op::Update { key, set, .. } => {
                let set = parse_values(described, set)?;
                let set = set.into_iter().map(|(c, value)| (usize::from(c.0), value));
                let change = Change::Update(set.collect(), Vec::new());
                (Key::from_text(described, key)?, change)
            }
            Op::Delete { key, .. } => (Key::from_text(described, key)?, Change::Delete),
        };
        Ok(Self {
            table,
            key,
            change,
            origin,
        })
    }

    /// The position of the operation that this is the effect of.
    pub fn op(&self) -> Option<usize> {
        match self.origin {
            Origin::Op(position) => Some(position as usize),
            Origin::Cascade | Origin::Hook => None,
        }
    }

    /// Is it worked out from the others, rather than stored?
    pub fn is_cascade(&self) -> bool {
        self.origin == Origin::Cascade
    }
}

impl Change {
    /// Replays the change on a row, or on none.
    pub fn replay(&self, rules: &TableRules, state: &mut State) {
        match (self, &mut state.row) {
            (Change::Insert(new, unknown), _) => {
                state.row = Some(new.clone());
                state.unknown.clone_from(unknown);
            }
            (Change::Update(set, unknown), Some(row)) => {
                update_row(row, &mut state.unknown, set, unknown);
                // What can't be computed any more is not known; the server will refuse it or not.
                let _ = generate(rules, row, &mut state.unknown, Generate::Leniently);
            }
            // Its row is gone: the mutation stays in the queue until the server says so.
            (Change::Update(..), None) => {}
            (Change::Delete, _) => *state = State::default(),
        }
    }
}

/// Sets columns of a row, but for what is generated from them.
pub(super) fn update_row(
    row: &mut Row,
    unknown: &mut Vec<usize>,
    set: &[(usize, Value)],
    set_unknown: &[usize],
) {
    let values = Arc::make_mut(row);
    for (column, value) in set {
        values[*column] = value.clone();
        unknown.retain(|c| c != column);
    }
    unknown.extend_from_slice(set_unknown);
}

/// What to do about a generated column that can't be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generate {
    /// A new row: what is not known is null; what fails is an error.
    New,
    /// A changed row: what is not known shows what it did; what fails is an error.
    Changed,
    /// A row over which a change is replayed: what fails is not known.
    Leniently,
}

/// Computes the generated columns of a row.
///
/// # Errors
/// As [`crate::expr::Bound::value`].
pub(super) fn generate(
    rules: &TableRules,
    row: &mut Row,
    unknown: &mut Vec<usize>,
    how: Generate,
) -> Result<(), Error> {
    for rule in &rules.generated {
        let known = !rule.reads.iter().any(|c| unknown.contains(c));
        unknown.retain(|c| *c != rule.column);
        let value = match (evaluate(rule, row).filter(|_| known), how) {
            (Some(Ok(value)), _) => value,
            (Some(Err(error)), Generate::New | Generate::Changed) => return Err(error),
            (Some(Err(_)), Generate::Leniently) | (None, Generate::New) => {
                unknown.push(rule.column);
                Value::Null
            }
            (None, Generate::Changed | Generate::Leniently) => {
                unknown.push(rule.column);
                continue;
            }
        };
        if row[rule.column] != value {
            Arc::make_mut(row)[rule.column] = value;
        }
    }
    Ok(())
}

fn evaluate(rule: &GeneratedRule, row: &Row) -> Option<Result<Value, Error>> {
    let mut random = || [0; 16];
    let mut context = Context {
        now_ms: 0,
        identity: None,
        value: None,
        random: &mut random,
    };
    Some(rule.bound.as_ref()?.value(row, &mut context))
}

/// The row of an insert: what is sent, then the identity, then defaults, else null.
fn insert_row(
    table: &Table,
    rules: &TableRules,
    values: &Values,
    at_ms: i64,
    identity: Option<&str>,
) -> Result<(Row, Vec<usize>), Error> {
    let mut row: Vec<Value> = vec![Value::Null; table.columns.len()];
    let mut given = vec![false; row.len()];
    for (column, value) in parse_values(table, values)? {
        row[usize::from(column.0)] = value;
        given[usize::from(column.0)] = true;
    }
    let mut unknown = Vec::new();
    for (i, column) in table.columns.iter().enumerate() {
        if given[i] || column.generated.is_some() {
            continue;
        }
        if let Some(identity) = identity.filter(|_| column.identity) {
            row[i] = value::parse(&column.kind, identity)?;
        } else {
            match rules.columns[i].default.shown(column, at_ms, identity) {
                Ok(Some(value)) => row[i] = value,
                // What fails was refused when it was made, or the server refuses it.
                Ok(None) | Err(_) => unknown.push(i),
            }
        }
    }
    let mut row: Row = row.into();
    if generate(rules, &mut row, &mut unknown, Generate::New).is_err() {
        let _ = generate(rules, &mut row, &mut unknown, Generate::Leniently);
    }
    Ok((row, unknown))
}
