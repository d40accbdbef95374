//! Rows that came into being under a temporary key, and have the key of the sequence since.
//!
//! Invariant: what names such a row by its temporary key, in a pending mutation, a key, a value or a
//! query, means the same row afterwards. Which key takes which one's place is decided by the caller
//! (`queue/rekey.rs` says where a key may stand); nothing is forgotten as long as this replica lives.

use super::effect::Row;
use super::overlay::{FIRST, LocalId};
use super::{Key, Replica};
use crate::protocol::Mutation;
use crate::query::{After, Condition, Op as QueryOp, Param, Plan};
use crate::queue::rekey::{self, Assigned, Holders, is_temporary};
use crate::schema::{ColumnId, TableId};
use crate::value::{self, Value};
use std::sync::{Arc, OnceLock};

/// The keys that took the place of temporary ones.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    given: Assigned,
    holders: OnceLock<Arc<Holders>>,
}

impl Replica {
    /// Puts keys of the sequence in the place of temporary ones, in all that is pending now or comes
    /// later, in one step. Gives the mutations that this changed.
    pub fn rekey(&mut self, given: Assigned) -> Vec<LocalId> {
        self.mark_all();
        self.version += 1;
        for (table, keys) in given {
            self.renamed.given.or_default(&table).extend(keys);
        }
        let (mut changed, mut touched, mut from) = (Vec::new(), Vec::new(), FIRST);
        for at in 0..self.pending.len() {
            let known = &self.pending[at];
            let (local, order) = (known.local, known.order());
            if !rekey::may_hold(&known.mutation) {
                continue;
            }
            let (mut mutation, unverified) = (known.mutation.clone(), known.unverified.clone());
            if !self.rekey_mutation(&mut mutation) {
                continue;
            }
            // It could be shown until now, and a key of the same type changes nothing about that.
            let Ok(mut pending) = self.pending_of(local.0, mutation) else {
                continue;
            };
            pending.unverified = unverified;
            touched.extend(self.put_in_place(at, pending));
            if changed.is_empty() {
                from = order;
            }
            changed.push(local);
        }
        if !changed.is_empty() {
            self.settle(touched, from);
        }
        changed
    }

    /// Where a mutation names rows by their temporary keys, though they have others: names them by
    /// those. True if anything changed.
    pub(super) fn rekey_mutation(&self, mutation: &mut Mutation) -> bool {
        !self.renamed.given.is_empty()
            && rekey::rekey(&self.schema, self.holders(), &self.renamed.given, mutation)
    }

    /// Whose keys each column may hold; worked out once, and only where it is asked.
    pub fn holders(&self) -> &Arc<Holders> {
        let holders = &self.renamed.holders;
        holders.get_or_init(|| Arc::new(Holders::new(&self.schema)))
    }

    /// Is the value of a column a temporary key?
    pub(super) fn is_temporary(&self, table: TableId, column: usize, value: &Value) -> bool {
        let Value::Int(int) = value else { return false };
        // Nearly every value is told apart here.
        *int < 0
            && is_temporary(&self.schema.table(table).columns[column].kind, *int)
            && !self.holders().of(table, ColumnId(column as u16)).is_empty()
    }

    /// Is any part of a row's key temporary?
    pub fn has_temporary(&self, table: TableId, key: &Key) -> bool {
        let columns = &self.store(table).key_columns;
        let mut parts = columns.iter().zip(key.values());
        parts.any(|(&column, part)| self.is_temporary(table, column, part))
    }

    /// Is any of these columns of a row a temporary key?
    pub(super) fn any_temporary(&self, table: TableId, columns: &[usize], row: &Row) -> bool {
        let mut columns = columns.iter();
        columns.any(|&column| self.is_temporary(table, column, &row[column]))
    }

    /// The value that a column has instead of a temporary key; `None` where it is none, or has no
    /// other yet.
    pub(super) fn current(&self, table: TableId, column: usize, value: &Value) -> Option<Value> {
        if self.renamed.given.is_empty() || !self.is_temporary(table, column, value) {
            return None;
        }
        let kind = &self.schema.table(table).columns[column].kind;
        let text = value::to_text(kind, value)?;
        value::parse(kind, self.renamed(table, column, &text)?).ok()
    }

    /// The key under which a row is found that once had this one; `None` where it is this one still.
    pub(super) fn current_key(&self, table: TableId, key: &Key) -> Option<Key> {
        let columns = &self.store(table).key_columns;
        let mut current = None;
        for (at, (&column, part)) in columns.iter().zip(key.values()).enumerate() {
            if let Some(value) = self.current(table, column, part) {
                current.get_or_insert_with(|| key.values().to_vec())[at] = value;
            }
        }
        current.map(Key::new)
    }

    fn renamed(&self, table: TableId, column: usize, text: &str) -> Option<&str> {
        let owners = self.holders().of(table, ColumnId(column as u16));
        owners.iter().find_map(|&owner| {
            let keys = self.renamed.given.get(&self.schema.table(owner).name)?;
            keys.get(text).map(String::as_str)
        })
    }

    /// The parameters of a query that are temporary keys with another in their place: where they
    /// stand, and that other.
    pub(super) fn current_params(&self, plan: &Plan, params: &[Param<'_>]) -> Vec<(usize, String)> {
        let mut current = Vec::new();
        if !self.renamed.given.is_empty() {
            self.add_current_params(plan, params, &mut current);
        }
        current
    }

    fn add_current_params(
        &self,
        plan: &Plan,
        params: &[Param<'_>],
        current: &mut Vec<(usize, String)>,
    ) {
        let after = plan.after.iter().flat_map(After::equals);
        let mut conditions: Vec<&Condition> = plan.conditions.iter().chain(after).collect();
        while let Some(condition) = conditions.pop() {
            conditions.extend(&condition.members);
            let count = match condition.op {
                QueryOp::Eq | QueryOp::Ne | QueryOp::In => condition.n,
                // Before or after a key that is gone is where it was.
                _ => 0,
            };
            for at in condition.param..condition.param + count {
                let text = match params.get(at) {
                    Some(Param::Number(number)) => (*number as i64).to_string(),
                    Some(Param::Text(text)) => (*text).to_owned(),
                    Some(Param::Null) | None => continue,
                };
                if let Some(key) = self.renamed(plan.table, condition.column, &text) {
                    current.push((at, key.to_owned()));
                }
            }
        }
        for part in plan.parts() {
            self.add_current_params(part, params, current);
        }
    }
}
