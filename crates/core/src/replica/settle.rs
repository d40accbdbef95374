//! Shows anew what a change of confirmed rows or of pending mutations touches.
//!
//! A row's own operations are replayed on it alone. What foreign keys do in the wake of an operation
//! depends on other rows, so where a mutation is pending that may have such effects, they are worked
//! out again from the first such mutation on, over the rows as they are now: the same in every tab,
//! whatever came first. Only rows that those mutations touch are looked at, and only what is
//! different in the end changes.

use super::effect::Change;
use super::overlay::{Order, Overlay, PendingMutation};
use super::refer::acts;
use super::scratch::{Held, Mode, Scratch};
use super::{Key, Replica};
use crate::schema::TableId;

impl Replica {
    /// Makes rows what their confirmed versions and the pending mutations say, after the pending
    /// mutations from a place on, or the confirmed rows, have changed.
    pub(super) fn settle(&mut self, touched: Vec<(TableId, Key)>, from: Order) {
        let after = self.pending_from(from);
        let spreading = self.pending[after..].iter().position(|p| self.spreads(p));
        let first = spreading.map_or(self.pending.len(), |at| after + at);
        let before = self.pending.get(first).map(PendingMutation::order);
        let mut scratch = Scratch::new(self, Mode::Replay, 0);
        let redone = &self.pending[first..];
        for (table, key) in touched
            .into_iter()
            .chain(redone.iter().flat_map(|p| p.rows()))
        {
            if !scratch.holds(table, &key) {
                let state = self.replayed(table, &key, before);
                scratch.put(table, &key, state);
            }
        }
        let mut redone_effects = Vec::with_capacity(redone.len());
        for pending in redone {
            scratch.at_ms = pending.mutation.at;
            for effect in pending.effects.iter().filter(|e| !e.is_cascade()) {
                let performed = scratch.perform(effect.clone(), &[]);
                debug_assert!(performed.is_ok(), "replaying asks no rule");
            }
            redone_effects.push(std::mem::take(&mut scratch.effects));
        }
        let rows = scratch.rows;
        for (at, effects) in (first..).zip(redone_effects) {
            let known = self.pending[at].rows();
            self.pending[at].effects = effects;
            self.touch_anew(at, &known);
        }
        self.show(rows);
    }

    /// Notes which rows a mutation touches, after those that it was `known` to touch.
    pub(super) fn touch_anew(&mut self, at: usize, known: &[(TableId, Key)]) {
        let (order, rows) = (self.pending[at].order(), self.pending[at].rows());
        if rows == known {
            return;
        }
        self.uncover(known, order);
        for (table, key) in rows {
            self.cover(table, key, order);
        }
    }

    /// Notes that a mutation touches these rows no longer.
    pub(super) fn uncover(&mut self, rows: &[(TableId, Key)], order: Order) {
        for (table, key) in rows {
            if let Some(overlay) = self.overlays[usize::from(table.0)].get_mut(key) {
                overlay.touching.retain(|o| *o != order);
            }
        }
    }

    /// Notes that a mutation touches a row.
    pub(super) fn cover(&mut self, table: TableId, key: Key, order: Order) {
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

    /// Makes rows visible as they were worked out.
    pub(super) fn show(&mut self, rows: Vec<Held>) {
        for Held { table, key, state } in rows {
            let store = self.store_mut(table);
            match (state.row, store.find_key(&key)) {
                (Some(row), slot) => {
                    store.put_at(slot, &row);
                }
                (None, Some(slot)) => store.remove(slot),
                (None, None) => {}
            }
            let overlays = &mut self.overlays[usize::from(table.0)];
            if overlays.get(&key).is_some_and(|o| o.touching.is_empty()) {
                overlays.remove(&key);
            }
        }
    }

    /// May a mutation change rows that its operations do not name?
    fn spreads(&self, pending: &PendingMutation) -> bool {
        pending.effects.iter().any(|effect| {
            let rules = &self.rules[usize::from(effect.table.0)];
            let mut referring = rules.referring.iter();
            !effect.is_cascade()
                && referring.any(|&(table, foreign)| {
                    let rule = &self.rules[usize::from(table.0)].foreign[foreign];
                    match &effect.change {
                        Change::Insert(..) => false,
                        Change::Delete => acts(rule.on_delete),
                        Change::Update(set) => {
                            acts(rule.on_update) && rule.is_about(&set.values, &rules.generated)
                        }
                    }
                })
        })
    }
}
