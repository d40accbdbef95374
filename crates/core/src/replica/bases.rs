//! What the changes of a transaction are made on top of: the bases that travel with them.

use super::Key;
use super::effect::{Change, Effect, Row};
use super::overlay::Earlier;
use super::prepare::Draft;
use crate::error::Error;
use crate::json::Json;
use crate::map::Map;
use crate::merge::base_of;
use crate::planted;
use crate::protocol::{Base, Op};
use crate::schema::{Column, Table, TableId};
use crate::value::{self, Value};

impl Draft<'_> {
    /// What was done to a row that has no verdict yet, the latest first: by this transaction, then
    /// by pending mutations.
    fn earlier(&self, table: TableId, key: &Key) -> impl Iterator<Item = Earlier<'_>> {
        let on_row = {
            let key = key.clone();
            move |effect: &Effect| effect.table == table && effect.key == key
        };
        let here = self.scratch.effects.iter().rev().filter(move |e| on_row(e));
        let op = |e: &Effect| e.op().map(|at| &self.ops[at]);
        here.map(move |effect| Earlier {
            effect,
            op: op(effect),
        })
        .chain(self.scratch.replica.earlier(table, key))
    }

    /// Did the row's present life begin with an insert that is still pending?
    pub(super) fn born_pending(&self, table: TableId, key: &Key) -> bool {
        self.earlier(table, key)
            .any(|earlier| matches!(earlier.effect.change, Change::Insert(..)))
    }

    /// Is what a foreign key did the last thing that was done to the row?
    pub(super) fn changed_by_cascade(&self, table: TableId, key: &Key) -> bool {
        let last = self.earlier(table, key).next();
        last.is_some_and(|earlier| earlier.op.is_none())
    }

    /// The confirmed value that a change of a column replaces.
    ///
    /// Where an earlier pending mutation set the column, its base: the person saw that mutation's
    /// value, not what has been confirmed since. Where the row was inserted by one, what that shows.
    /// Where a foreign key or a hook set it in the wake of one, that: so the server will.
    /// What is added to a value, or put into one, is so to the visible one, whoever made that.
    pub(super) fn base(
        &self,
        table: TableId,
        key: &Key,
        i: usize,
        column: &Column,
        row: &Row,
    ) -> Base {
        let described = self.scratch.replica.schema.table(table);
        let full = described.sends_base(&column.name, column.policy);
        let base_of = |kind, value: &Value| match full {
            true => Base::Text(value::to_text(kind, value)),
            false => base_of(kind, value),
        };
        if column.policy.is_relative() {
            return base_of(&column.kind, &row[i]);
        }
        if planted::is("optimistic-base") {
            return base_of(&column.kind, &row[i]);
        }
        for Earlier { effect, op } in self.earlier(table, key) {
            match (op, &effect.change) {
                (Some(Op::Insert { .. }), _) | (None, Change::Insert(..)) => {
                    return base_of(&column.kind, &row[i]);
                }
                (Some(Op::Update { base, .. }), _) if base.contains_key(&column.name) => {
                    return base[&column.name].clone();
                }
                (_, Change::Update(set)) => {
                    if let Some((_, value)) = set.values.iter().find(|(c, _)| *c == i) {
                        return base_of(&column.kind, value);
                    }
                }
                (Some(Op::Update { .. } | Op::Delete { .. }), _) | (None, Change::Delete) => {}
            }
        }
        let confirmed = self.scratch.replica.confirmed(table, key);
        base_of(
            &column.kind,
            confirmed
                .as_ref()
                .map_or(&row[i], |confirmed| &confirmed[i]),
        )
    }

    /// Makes the update that was just added one on top of values that were seen elsewhere, as in a
    /// conflict that a person decides. Columns that it does not set have none.
    pub(super) fn see(&mut self, table: &Table, seen: &Map<Json<'_>>) -> Result<(), Error> {
        for (name, json) in seen {
            let column = table.column(table.require_column(name)?);
            let value = value::from_json(column, json)?;
            if let Some(Op::Update { set, base, .. }) = self.ops.last_mut()
                && set.contains_key(name)
            {
                base.insert(&**name, Base::Text(value::to_text(&column.kind, &value)));
            }
        }
        Ok(())
    }

    /// Adds the bases of the columns with which those that are set conflict as one.
    pub(super) fn add_bases_together(
        &self,
        (id, table): (TableId, &Table),
        key: &Key,
        row: &Row,
        base: &mut Map<Base>,
    ) {
        for group in &table.together {
            let set = |name: &String| base.contains_key(name);
            if !group.iter().any(set) {
                continue;
            }
            for name in group {
                let Some(at) = table.column_id(name).filter(|_| !base.contains_key(name)) else {
                    continue;
                };
                let at = usize::from(at.0);
                let its = self.base(id, key, at, &table.columns[at], row);
                base.insert(&**name, its);
            }
        }
    }
}
