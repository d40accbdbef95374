//! What an operation does to rows: parsed, with the defaults that the client can evaluate.
//!
//! Computed from the operation as it is stored, so that a write looks the same in the tab that made
//! it, in every other tab, and after a reload.

use super::Key;
use super::rules::{GeneratedRule, TableRules};
use crate::error::Error;
use crate::expr::Context;
use crate::merge::{counted, parse_values};
use crate::protocol::{Base, Op, Values};
use crate::schema::{Policy, Schema, Table, TableId, Type};
use crate::value::{self, Value};
use std::borrow::Cow;
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
    /// Where the row exists, these columns have these values.
    Update(Set),
    /// There is no such row.
    Delete,
}

/// New values of columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    /// What was written.
    pub values: Vec<(usize, Value)>,
    /// The columns whose values only the server knows.
    pub unknown: Vec<usize>,
    /// Of what was written, what adds to the value that is there.
    pub counted: Vec<Counted>,
}

/// A counter, of which a new value says how much was added to the one that was seen.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// The column.
    pub column: usize,
    /// Its type.
    pub kind: Type,
    /// What was seen.
    pub base: Value,
}

impl Set {
    /// With nothing that is counted or unknown.
    pub fn of(values: Vec<(usize, Value)>) -> Self {
        Self {
            values,
            ..Self::default()
        }
    }

    /// The values that a row gets: a sum that can't be is the server's to refuse, so what was written
    /// shows until then.
    pub fn on(&self, row: &Row) -> Cow<'_, [(usize, Value)]> {
        if self.counted.is_empty() {
            return Cow::Borrowed(&self.values);
        }
        let mut values = self.values.clone();
        for Counted { column, kind, base } in &self.counted {
            let written = values.iter_mut().find(|(c, _)| c == column);
            if let Some((_, value)) = written
                && let Ok(sum) = counted(kind, base, value, &row[*column])
            {
                *value = sum;
            }
        }
        Cow::Owned(values)
    }
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
            Op::Update { key, set, base, .. } => {
                let values = parse_values(described, set)?;
                let mut set = Set::default();
                for (c, value) in values {
                    let column = described.column(c);
                    if let (Policy::Counter, Some(Base::Text(base)), false) =
                        (column.policy, base.get(&column.name), value.is_null())
                    {
                        let base = base.as_deref().map(|t| value::parse(&column.kind, t));
                        set.counted.push(Counted {
                            column: usize::from(c.0),
                            kind: column.kind.clone(),
                            base: base.transpose()?.unwrap_or(Value::Null),
                        });
                    }
                    set.values.push((usize::from(c.0), value));
                }
                (Key::from_text(described, key)?, Change::Update(set))
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
            (Change::Update(set), Some(row)) => {
                let values = set.on(row);
                update_row(row, &mut state.unknown, &values, &set.unknown);
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
