//! How far the server knows what was written to a row here.
//!
//! Worked out from what is there anyway: the pending mutations that touch a row, how far the push
//! that is under way reaches, and what waits for the application. Invariant: to ask costs as much as
//! there is of these, whatever the number of rows.

use super::effect::{Effect, Origin};
use super::{Key, KeySet, Replica};
use crate::protocol::{Lost, Op, Seq};
use crate::schema::TableId;

/// Where a row stands with the server. Of several that are true, the last one of these counts, but
/// that a row of which something is not sent yet is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RowState {
    /// The server has judged all that was written to it here, if anything was.
    Acknowledged,
    /// What was written to it last waits to be sent.
    Pending,
    /// All that was written to it is in a push under way, its verdict unknown.
    Sent,
    /// A refused mutation of it is kept until the application deals with it.
    Rejected,
    /// Two changed one of its columns, and the application has to decide.
    Conflict,
}

impl Replica {
    /// Pending mutations up to this number are in a push that is under way; 0 for none. False where
    /// that was known.
    pub fn set_sent(&mut self, sent: Seq) -> bool {
        std::mem::replace(&mut self.sent, sent) != sent
    }

    /// Up to which number pending mutations are in a push that is under way; 0 for none.
    pub fn sent(&self) -> Seq {
        self.sent
    }

    /// Takes note of what waits for the application, in the place of what did before: the operations
    /// of refused mutations, and conflicts that nobody has decided. Of another schema's rows nothing
    /// is noted.
    pub fn set_kept<'a>(
        &mut self,
        refused: impl Iterator<Item = &'a Op>,
        open: impl Iterator<Item = &'a Lost>,
    ) {
        self.kept.iter_mut().flatten().for_each(KeySet::clear);
        let identity = self.identity.as_deref();
        for op in refused {
            let effect = Effect::of(&self.schema, &self.rules, identity, 0, op, Origin::Hook);
            if let Ok(Effect { table, key, .. }) = effect {
                self.kept[usize::from(table.0)][0].insert(key);
            }
        }
        for lost in open {
            if let Some(table) = self.schema.table_id(&lost.table)
                && let Ok(key) = Key::from_text(self.schema.table(table), &lost.key)
            {
                self.kept[usize::from(table.0)][1].insert(key);
            }
        }
    }

    /// Where a row stands, whether it is visible or not.
    pub fn row_state(&self, table: TableId, key: &Key) -> RowState {
        let t = usize::from(table.0);
        let current = self.current_key(table, key);
        let key = current.as_ref().unwrap_or(key);
        let [refused, open] = &self.kept[t];
        if open.contains(key) {
            return RowState::Conflict;
        }
        if refused.contains(key) {
            return RowState::Rejected;
        }
        let overlay = self.overlays[t].get(key);
        match overlay.and_then(|overlay| overlay.touching.last()) {
            None => RowState::Acknowledged,
            Some((seq, _)) if *seq <= self.sent => RowState::Sent,
            Some(_) => RowState::Pending,
        }
    }

    /// The visible rows of a table that are not acknowledged: slot, state, slot, state, …; some may
    /// come twice.
    pub fn row_states(&self, table: TableId) -> Vec<u32> {
        let t = usize::from(table.0);
        let mut states = Vec::new();
        let mut tell = |key: &Key| {
            let state = self.row_state(table, key);
            if state != RowState::Acknowledged
                && let Some(slot) = self.store(table).find_key(key)
            {
                states.extend([slot, state as u32]);
            }
        };
        self.overlays[t].keys().for_each(&mut tell);
        self.kept[t].iter().flatten().for_each(&mut tell);
        states
    }
}
