//! Pending mutations, and the rows that they touch.
//!
//! A row that a pending mutation touches has its confirmed version here; the visible one, in the
//! table, is the confirmed one with those mutations replayed. Rows are independent of each other,
//! so only touched rows are ever replayed.

use super::effect::{Change, Effect, Row, set_refs};
use super::prepare::Prepared;
use super::{Key, Replica};
use crate::error::Error;
use crate::protocol::{Mutation, Seq};
use crate::schema::TableId;

/// A mutation's name in this tab, from before it has a number; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u64);

/// Where a mutation stands: by number, those without one last, in the order of their making.
pub(super) type Order = (Seq, LocalId);

const UNSEQUENCED: Seq = Seq::MAX;

/// A mutation without a verdict.
#[derive(Clone, Debug)]
pub struct PendingMutation {
    /// Its name in this tab.
    pub local: LocalId,
    /// Its content; its `seq` is 0 until [`Replica::sequence`].
    pub mutation: Mutation,
    pub(super) effects: Vec<Effect>,
}

impl PendingMutation {
    /// Its number, once it has one.
    pub fn seq(&self) -> Option<Seq> {
        (self.mutation.seq != 0).then_some(self.mutation.seq)
    }

    fn order(&self) -> Order {
        (self.seq().unwrap_or(UNSEQUENCED), self.local)
    }

    /// The rows that it touches, each once.
    pub(super) fn rows(&self) -> Vec<(TableId, Key)> {
        let mut rows: Vec<(TableId, Key)> = Vec::with_capacity(self.effects.len());
        for effect in &self.effects {
            if !rows
                .iter()
                .any(|(table, key)| *table == effect.table && *key == effect.key)
            {
                rows.push((effect.table, effect.key.clone()));
            }
        }
        rows
    }
}

/// A row that pending mutations touch.
#[derive(Debug)]
pub(super) struct Overlay {
    /// As the server knows it.
    pub confirmed: Option<Row>,
    /// The mutations that touch it, in their order.
    pub touching: Vec<Order>,
}

impl Replica {
    /// Makes a prepared write visible, as the last of the pending mutations.
    pub fn apply(&mut self, prepared: Prepared) -> LocalId {
        let mutation = Mutation {
            seq: 0,
            at: prepared.at,
            seen: prepared.seen,
            ops: prepared.ops,
        };
        self.append(mutation, prepared.effects)
    }

    /// Takes in a mutation of the stored queue, made by any tab; one that is known already, by its
    /// number, is replaced where it differs, and one that has its verdict is left out.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, `type_mismatch`: it was made under another schema.
    pub fn adopt(&mut self, mutation: Mutation) -> Result<Option<LocalId>, Error> {
        assert!(mutation.seq != 0, "a stored mutation has its number");
        if mutation.seq <= self.judged {
            return Ok(None);
        }
        if let Some(known) = self.by_seq(mutation.seq) {
            self.replace(known, mutation)?;
            return Ok(Some(known));
        }
        let effects = self.effects(&mutation)?;
        Ok(Some(self.append(mutation, effects)))
    }

    /// Gives a pending mutation another content, as after coalescing; its number stays.
    ///
    /// # Errors
    /// As [`Replica::adopt`].
    pub fn replace(&mut self, local: LocalId, mutation: Mutation) -> Result<(), Error> {
        let Some(known) = self
            .orders
            .get(&local)
            .and_then(|order| self.pending.get(order))
        else {
            return Ok(());
        };
        if known.mutation.ops == mutation.ops && known.mutation.at == mutation.at {
            return Ok(());
        }
        let mutation = Mutation {
            seq: known.mutation.seq,
            ..mutation
        };
        let effects = self.effects(&mutation)?;
        let rows = self.take_out(local);
        let pending = PendingMutation {
            local,
            mutation,
            effects,
        };
        let mut touched = pending.rows();
        self.put_in(pending);
        touched.extend(rows);
        for (table, key) in touched {
            self.replay(table, &key);
        }
        Ok(())
    }

    /// The number of a pending mutation is known: it moves to its place among the others.
    pub fn sequence(&mut self, local: LocalId, seq: Seq) {
        assert!(seq != 0, "numbers start at 1");
        if !self.orders.contains_key(&local) {
            return;
        }
        // The same mutation may have been read from the store in the meantime.
        if let Some(twin) = self.by_seq(seq).filter(|twin| *twin != local) {
            self.withdraw(twin);
        }
        if seq <= self.judged {
            self.withdraw(local);
            return;
        }
        let Some(order) = self.orders.get(&local).copied() else {
            return;
        };
        let Some(mut pending) = self.pending.remove(&order) else {
            return;
        };
        pending.mutation.seq = seq;
        let new = pending.order();
        let rows = pending.rows();
        self.orders.insert(local, new);
        self.pending.insert(new, pending);
        for (table, key) in rows {
            let Some(overlay) = self.overlays[usize::from(table.0)].get_mut(&key) else {
                continue;
            };
            let Some(was) = overlay.touching.iter().position(|o| *o == order) else {
                continue;
            };
            overlay.touching.remove(was);
            let is = overlay.touching.partition_point(|o| *o < new);
            overlay.touching.insert(is, new);
            if was != is {
                self.replay(table, &key);
            }
        }
    }

    /// Undoes a pending mutation as if it had never been made.
    pub fn withdraw(&mut self, local: LocalId) {
        for (table, key) in self.take_out(local) {
            self.replay(table, &key);
        }
    }

    /// The pending mutations, in their order.
    pub fn pending(&self) -> impl Iterator<Item = &PendingMutation> {
        self.pending.values()
    }

    /// How many mutations are pending.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// A pending mutation, as it is to be stored.
    pub fn mutation(&self, local: LocalId) -> Option<&Mutation> {
        self.orders
            .get(&local)
            .and_then(|order| self.pending.get(order))
            .map(|p| &p.mutation)
    }

    /// The pending mutation of a number.
    pub fn by_seq(&self, seq: Seq) -> Option<LocalId> {
        self.pending
            .range((seq, LocalId(0))..=(seq, LocalId(u64::MAX)))
            .next()
            .map(|(o, _)| o.1)
    }

    /// Does a pending mutation touch this row?
    pub fn is_pending(&self, table: TableId, key: &Key) -> bool {
        self.overlays[usize::from(table.0)].contains_key(key)
    }

    fn effects(&self, mutation: &Mutation) -> Result<Vec<Effect>, Error> {
        let effect = |op| Effect::of(&self.schema, self.identity.as_deref(), mutation.at, op);
        mutation.ops.iter().map(effect).collect()
    }

    /// Adds a mutation in its place, its effects at once visible.
    fn append(&mut self, mutation: Mutation, effects: Vec<Effect>) -> LocalId {
        let local = LocalId(self.next_local);
        self.next_local += 1;
        let pending = PendingMutation {
            local,
            mutation,
            effects,
        };
        let last = self
            .pending
            .last_key_value()
            .is_none_or(|(o, _)| *o < pending.order());
        // A row written twice is shown once, in its last state, so that no slot changes for nothing.
        if last && pending.rows().len() == pending.effects.len() {
            let effects = pending.effects.clone();
            self.put_in(pending);
            // Nothing comes after it, so what is visible needs no replay.
            for effect in &effects {
                self.show(effect);
            }
        } else {
            let rows = pending.rows();
            self.put_in(pending);
            for (table, key) in rows {
                self.replay(table, &key);
            }
        }
        local
    }

    /// Notes a pending mutation, without any change of what is visible.
    fn put_in(&mut self, pending: PendingMutation) {
        let order = pending.order();
        for (table, key) in pending.rows() {
            let t = usize::from(table.0);
            let store = &self.tables[t];
            let overlay = self.overlays[t]
                .entry(key)
                .or_insert_with_key(|key| Overlay {
                    // Nothing pending touched it so far, so the visible row is the confirmed one.
                    confirmed: store.find_key(key).map(|slot| store.values(slot)),
                    touching: Vec::new(),
                });
            let at = overlay.touching.partition_point(|o| *o < order);
            overlay.touching.insert(at, order);
        }
        self.orders.insert(pending.local, order);
        self.pending.insert(order, pending);
    }

    /// Forgets a pending mutation and gives the rows to be replayed.
    pub(super) fn take_out(&mut self, local: LocalId) -> Vec<(TableId, Key)> {
        let Some(order) = self.orders.remove(&local) else {
            return Vec::new();
        };
        let Some(pending) = self.pending.remove(&order) else {
            return Vec::new();
        };
        let rows = pending.rows();
        for (table, key) in &rows {
            if let Some(overlay) = self.overlays[usize::from(table.0)].get_mut(key) {
                overlay.touching.retain(|o| *o != order);
            }
        }
        rows
    }

    fn show(&mut self, effect: &Effect) {
        let store = self.store_mut(effect.table);
        match &effect.change {
            Change::Insert(row) => {
                store.put(row);
            }
            Change::Update(set) => {
                if let Some(slot) = store.find_key(&effect.key) {
                    store.update(slot, set_refs(set));
                }
            }
            Change::Delete => {
                if let Some(slot) = store.find_key(&effect.key) {
                    store.remove(slot);
                }
            }
        }
    }

    /// Makes a touched row what its confirmed version and the pending mutations say.
    pub(super) fn replay(&mut self, table: TableId, key: &Key) {
        let t = usize::from(table.0);
        let Some(overlay) = self.overlays[t].get(key) else {
            return;
        };
        let mut row = overlay.confirmed.clone();
        for pending in overlay
            .touching
            .iter()
            .filter_map(|order| self.pending.get(order))
        {
            let on_row = pending
                .effects
                .iter()
                .filter(|e| e.table == table && e.key == *key);
            on_row.for_each(|effect| effect.change.replay(&mut row));
        }
        let store = &mut self.tables[t];
        match (row, store.find_key(key)) {
            (Some(row), _) => {
                store.put(&row);
            }
            (None, Some(slot)) => store.remove(slot),
            (None, None) => {}
        }
        if overlay.touching.is_empty() {
            self.overlays[t].remove(key);
        }
    }
}
