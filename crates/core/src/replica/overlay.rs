//! Pending mutations, and the rows that they touch.
//!
//! A row that a pending mutation touches has its confirmed version here; the visible one, in the
//! table, is the confirmed one with those mutations replayed. Rows are independent of each other but
//! for what foreign keys do (`settle.rs`), so only touched rows are ever replayed.

use super::effect::{Effect, Origin, Row, State};
use super::prepare::Prepared;
use super::scratch::{Mode, SEARCHED_MAX, Scratch};
use super::{Key, Replica};
use crate::error::Error;
use crate::planted;
use crate::protocol::{Mutation, Op, Seq};
use crate::schema::TableId;
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

/// A mutation's name in this tab, from before it has a number; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u64);

/// Where a mutation stands: by number, those without one last, in the order of their making.
pub(super) type Order = (Seq, LocalId);

const UNSEQUENCED: Seq = Seq::MAX;

/// Before every mutation.
pub(super) const FIRST: Order = (0, LocalId(0));

/// Something that was done to a row by a mutation without a verdict.
pub(super) struct Earlier<'a> {
    pub effect: &'a Effect,
    /// The operation that it is the effect of; `None` for what follows from one.
    pub op: Option<&'a Op>,
}

/// A mutation without a verdict.
#[derive(Clone, Debug)]
pub struct PendingMutation {
    /// Its name in this tab.
    pub local: LocalId,
    /// Its content; its `seq` is 0 until [`Replica::sequence`].
    pub mutation: Mutation,
    /// The rules about which nothing certain could be said here, by their names.
    pub unverified: Vec<String>,
    /// What its operations do, and what follows from them, in the order in which it happens.
    pub(super) effects: Vec<Effect>,
}

impl PendingMutation {
    /// Its number, once it has one.
    pub fn seq(&self) -> Option<Seq> {
        (self.mutation.seq != 0).then_some(self.mutation.seq)
    }

    /// The rows that foreign keys and hooks change in its wake: predicted here, and not sent.
    pub fn predicted(&self) -> impl Iterator<Item = (TableId, &Key)> {
        let effects = self.effects.iter().filter(|e| e.op().is_none());
        effects.map(|e| (e.table, &e.key))
    }

    pub(super) fn order(&self) -> Order {
        (self.seq().unwrap_or(UNSEQUENCED), self.local)
    }

    /// The rows that it touches, each once.
    pub(super) fn rows(&self) -> Vec<(TableId, Key)> {
        if let [Effect { table, key, .. }] = &self.effects[..] {
            return vec![(*table, key.clone())];
        }
        let mut rows: Vec<(TableId, Key)> = Vec::with_capacity(self.effects.len());
        let mut seen: HashSet<(TableId, &Key), FxBuildHasher> = HashSet::default();
        let many = self.effects.len() > SEARCHED_MAX;
        for Effect { table, key, .. } in &self.effects {
            let new = if many {
                seen.insert((*table, key))
            } else {
                !rows.iter().any(|(t, k)| t == table && k == key)
            };
            if new {
                rows.push((*table, key.clone()));
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
            predicted: prepared.predicted,
            earlier: Vec::new(),
            ops: prepared.ops,
        };
        let local = self.new_local();
        let mut pending = PendingMutation {
            local,
            mutation,
            effects: prepared.effects,
            unverified: prepared.unverified,
        };
        if prepared.version == self.version {
            self.put_in(pending);
            self.show(prepared.rows);
        } else {
            pending.effects.retain(|effect| !effect.is_cascade());
            self.append(pending);
        }
        local
    }

    /// Takes in a mutation of the stored queue, made by any tab; one that is known already, by its
    /// number, is replaced where it differs, and one that has its verdict is left out.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, `type_mismatch`: it was made under another schema.
    pub fn adopt(&mut self, mut mutation: Mutation) -> Result<Option<LocalId>, Error> {
        assert!(mutation.seq != 0, "a stored mutation has its number");
        // It may have been stored before its tab knew of the keys that are in their place now.
        self.rekey_mutation(&mut mutation);
        if mutation.seq <= self.judged && !planted::is("judged-mutation-adopted") {
            return Ok(None);
        }
        if let Some(known) = self.by_seq(mutation.seq) {
            self.replace(known, mutation)?;
            return Ok(Some(known));
        }
        let pending = self.pending_of(self.next_local, mutation)?;
        let local = self.new_local();
        self.append(pending);
        Ok(Some(local))
    }

    /// Gives a pending mutation another content, as after coalescing; its number stays.
    ///
    /// # Errors
    /// As [`Replica::adopt`].
    pub fn replace(&mut self, local: LocalId, mutation: Mutation) -> Result<(), Error> {
        let Some(known) = self.position(local).map(|at| &self.pending[at]) else {
            return Ok(());
        };
        if known.mutation.ops == mutation.ops
            && known.mutation.predicted == mutation.predicted
            && known.mutation.at == mutation.at
        {
            return Ok(());
        }
        let mutation = Mutation {
            seq: known.mutation.seq,
            ..mutation
        };
        let pending = self.pending_of(local.0, mutation)?;
        let order = pending.order();
        let touched = self.put_in_place(self.pending_from(order), pending);
        self.settle(touched, order);
        Ok(())
    }

    /// The row of each operation of a pending mutation.
    pub fn keys_of(&self, local: LocalId) -> Vec<(TableId, Key)> {
        let pending = self.position(local).map(|at| &self.pending[at]);
        let effects = pending.map_or(&[][..], |pending| &pending.effects);
        let own = effects.iter().filter(|e| e.op().is_some());
        own.map(|e| (e.table, e.key.clone())).collect()
    }

    /// The number of a pending mutation is known: it moves to its place among the others.
    pub fn sequence(&mut self, local: LocalId, seq: Seq) {
        assert!(seq != 0, "numbers start at 1");
        if self.position(local).is_none() {
            return;
        }
        // The same mutation may have been read from the store in the meantime.
        if let Some(twin) = self.by_seq(seq).filter(|twin| *twin != local) {
            self.withdraw(twin);
        }
        if seq <= self.reached && !planted::is("judged-mutation-returns") {
            self.withdraw(local);
            return;
        }
        let Some(at) = self.position(local) else {
            return;
        };
        let (order, rows) = (self.pending[at].order(), self.pending[at].rows());
        let new = (seq, local);
        // Nearly always it stays where it is: mutations get their numbers in the order of their making.
        let to = self.pending_from(new);
        self.pending[at].mutation.seq = seq;
        self.pending[to..=at].rotate_right(1);
        self.version += 1;
        let moved = to != at;
        let mut touched = Vec::new();
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
                touched.push((table, key));
            }
        }
        if moved {
            self.settle(touched, new);
        }
    }

    /// Undoes a pending mutation as if it had never been made.
    pub fn withdraw(&mut self, local: LocalId) {
        let order = self.position(local).map(|at| self.pending[at].order());
        let rows = self.take_out(local);
        self.settle(rows, order.unwrap_or(FIRST));
    }

    /// The pending mutations, in their order.
    pub fn pending(&self) -> impl Iterator<Item = &PendingMutation> {
        self.pending.iter()
    }

    /// How many mutations are pending.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// A pending mutation, as it is to be stored.
    pub fn mutation(&self, local: LocalId) -> Option<&Mutation> {
        self.position(local).map(|at| &self.pending[at].mutation)
    }

    /// The pending mutation of a number.
    pub fn by_seq(&self, seq: Seq) -> Option<LocalId> {
        let at = self.pending_from((seq, LocalId(0)));
        let found = self.pending.get(at).filter(|p| p.mutation.seq == seq);
        found.map(|p| p.local)
    }

    /// The position of a pending mutation; the latest is asked for most.
    fn position(&self, local: LocalId) -> Option<usize> {
        self.pending.iter().rposition(|p| p.local == local)
    }

    /// The position of the first pending mutation that is not before a place in their order.
    pub(super) fn pending_from(&self, order: Order) -> usize {
        // A new one comes last.
        if self.pending.last().is_none_or(|last| last.order() < order) {
            return self.pending.len();
        }
        self.pending.partition_point(|p| p.order() < order)
    }

    /// The pending mutation at a place in their order.
    pub(super) fn pending_at(&self, order: Order) -> Option<&PendingMutation> {
        let found = self.pending.get(self.pending_from(order));
        found.filter(|p| p.order() == order)
    }

    fn insert_pending(&mut self, pending: PendingMutation) {
        let at = self.pending_from(pending.order());
        self.pending.insert(at, pending);
    }

    /// Does a pending mutation touch this row?
    pub fn is_pending(&self, table: TableId, key: &Key) -> bool {
        self.overlays[usize::from(table.0)].contains_key(key)
    }

    fn new_local(&mut self) -> LocalId {
        self.next_local += 1;
        LocalId(self.next_local - 1)
    }

    /// A mutation that is stored, with what its own operations do.
    pub(super) fn pending_of(
        &self,
        local: u64,
        mutation: Mutation,
    ) -> Result<PendingMutation, Error> {
        let identity = self.identity.as_deref();
        let effect = |op: &Op, origin| {
            Effect::of(&self.schema, &self.rules, identity, mutation.at, op, origin)
        };
        let mut effects = Vec::with_capacity(mutation.ops.len() + mutation.predicted.len());
        let mut predicted = mutation.predicted.iter().peekable();
        for (at, op) in mutation.ops.iter().enumerate() {
            while let Some(hook) = predicted.next_if(|hook| hook.after <= at) {
                effects.push(effect(&hook.op, Origin::Hook)?);
            }
            effects.push(effect(op, Origin::Op(at as u32))?);
        }
        for hook in predicted {
            effects.push(effect(&hook.op, Origin::Hook)?);
        }
        Ok(PendingMutation {
            local: LocalId(local),
            effects,
            unverified: Vec::new(),
            mutation,
        })
    }

    /// Adds a mutation in its place, which knows only what its own operations do.
    fn append(&mut self, mut pending: PendingMutation) {
        // What can't be certain here is so in every tab, and after a reload.
        let mut scratch = Scratch::new(self, Mode::Note, pending.mutation.at);
        for effect in &pending.effects {
            let performed = scratch.perform(effect.clone(), &[]);
            debug_assert!(performed.is_ok(), "a rule that is only noted fails nothing");
        }
        let finished = scratch.finish();
        debug_assert!(finished.is_ok(), "a rule that is only noted fails nothing");
        let Scratch {
            effects,
            rows,
            unverified,
            ..
        } = scratch;
        let order = pending.order();
        let last = self.pending.last().is_none_or(|last| last.order() < order);
        pending.unverified = unverified;
        if last {
            // Nothing comes after it, so what is visible is what it was done to.
            pending.effects = effects;
            self.put_in(pending);
            self.show(rows);
        } else {
            let rows = pending.rows();
            self.put_in(pending);
            self.settle(rows, order);
        }
    }

    /// Notes a pending mutation, without any change of what is visible.
    pub(super) fn put_in(&mut self, pending: PendingMutation) {
        self.version += 1;
        let order = pending.order();
        for (table, key) in pending.rows() {
            self.cover(table, key, order);
        }
        self.insert_pending(pending);
    }

    /// Forgets the first pending mutations and gives the rows to be replayed.
    pub(super) fn take_out_first(&mut self, count: usize) -> Vec<(TableId, Key)> {
        let mut touched = Vec::new();
        let ended: Vec<PendingMutation> = self.pending.drain(..count).collect();
        for pending in ended {
            let rows = pending.rows();
            self.uncover(&rows, pending.order());
            touched.extend(rows);
        }
        self.version += 1;
        touched
    }

    /// Gives a pending mutation another content in its place, and gives the rows to be replayed.
    pub(super) fn put_in_place(
        &mut self,
        at: usize,
        pending: PendingMutation,
    ) -> Vec<(TableId, Key)> {
        self.version += 1;
        let mut touched = self.pending[at].rows();
        self.pending[at] = pending;
        self.touch_anew(at, &touched);
        touched.extend(self.pending[at].rows());
        touched
    }

    /// Forgets a pending mutation and gives the rows to be replayed.
    pub(super) fn take_out(&mut self, local: LocalId) -> Vec<(TableId, Key)> {
        let Some(at) = self.position(local) else {
            return Vec::new();
        };
        let pending = self.pending.remove(at);
        self.version += 1;
        let rows = pending.rows();
        self.uncover(&rows, pending.order());
        rows
    }

    /// A row as its confirmed version and the pending mutations before a place say; `None` for all.
    pub(super) fn replayed(&self, table: TableId, key: &Key, before: Option<Order>) -> State {
        let t = usize::from(table.0);
        let Some(overlay) = self.overlays[t].get(key) else {
            let store = &self.tables[t];
            return State::known(store.find_key(key).map(|slot| store.values(slot)));
        };
        let mut state = State::known(overlay.confirmed.clone());
        let touching = overlay.touching.iter();
        let earlier = touching.take_while(|&order| before.is_none_or(|before| *order < before));
        for pending in earlier.filter_map(|order| self.pending_at(*order)) {
            for effect in &pending.effects {
                if effect.table == table && effect.key == *key {
                    effect.change.replay(&self.rules[t], &mut state);
                }
            }
        }
        state
    }

    /// A row as it is shown.
    pub(super) fn visible(&self, table: TableId, key: &Key) -> State {
        self.replayed(table, key, None)
    }

    /// A row as the server knows it.
    pub(super) fn confirmed(&self, table: TableId, key: &Key) -> Option<Row> {
        match self.overlays[usize::from(table.0)].get(key) {
            Some(overlay) => overlay.confirmed.clone(),
            None => {
                let store = self.store(table);
                store.find_key(key).map(|slot| store.values(slot))
            }
        }
    }

    /// What pending mutations did to a row, the latest first.
    pub(super) fn earlier(&self, table: TableId, key: &Key) -> impl Iterator<Item = Earlier<'_>> {
        let overlay = self.overlays[usize::from(table.0)].get(key);
        let touching = overlay.map_or(&[][..], |overlay| &overlay.touching);
        let pending = touching
            .iter()
            .rev()
            .filter_map(|order| self.pending_at(*order));
        let key = key.clone();
        pending.flat_map(move |pending| {
            let key = key.clone();
            let effects = pending.effects.iter().rev();
            let on_row = effects.filter(move |e| e.table == table && e.key == key);
            on_row.map(|effect| Earlier {
                effect,
                op: effect.op().map(|at| &pending.mutation.ops[at]),
            })
        })
    }
}
