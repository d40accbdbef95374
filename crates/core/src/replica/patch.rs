//! Applies a patch: confirmed rows change, judged mutations leave, the rest is replayed on top.

use super::column::ColumnsRow;
use super::overlay::{FIRST, LocalId};
use super::staged::{Staged, StagedTable};
use super::{Key, KeySet, Replica};
use crate::planted;
use crate::protocol::{Op, Seq};
use crate::schema::TableId;
use crate::value;
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

impl Replica {
    /// Applies an answer that has been stored: its rows, its removals, and the end of the pending
    /// mutations up to its last verdict. Rows whose visible values stay the same are not marked
    /// dirty.
    pub fn apply_patch(&mut self, staged: Staged) {
        let judged = staged.verdicts().iter().map(|v| v.seq).max().unwrap_or(0);
        let mut touched = self.end_judged(judged);
        if let Some(head) = staged.head() {
            self.hear(head.time);
        }
        let renewed: Vec<bool> = (0..self.tables.len() as u16)
            .map(TableId)
            .map(|id| staged.renews(id))
            .collect();
        // What was read from row stores says nothing of what the server has.
        let heard = staged.head.is_some();
        for (i, table) in staged.tables.into_iter().enumerate() {
            let id = TableId(i as u16);
            self.tables[i].complete |= renewed[i] && heard;
            if renewed[i] {
                self.confirm_snapshot(id, table, &mut touched);
            } else {
                self.confirm(id, &table, &mut touched);
            }
        }
        self.version += 1;
        self.settle(touched, FIRST);
    }

    /// Says that all mutations up to a number have their verdicts, and the rows that contain them
    /// are here: those that are still pending leave.
    pub fn set_judged(&mut self, judged: Seq) {
        let touched = self.end_judged(judged);
        self.settle(touched, FIRST);
    }

    /// After a restore of the server: no mutation after this number is judged any more. Those that are
    /// in the queue again are to be adopted again.
    pub fn go_back(&mut self, judged: Seq) {
        self.judged = self.judged.min(judged);
    }

    /// After a restore of the server: the deletions of rows that earlier pending mutations write, each
    /// with its mutation's number, its place there, and the hash of the row as it is confirmed now.
    /// What they were made on top of will not come back to the letter: the server makes anew what it
    /// makes, as the time of a row's last change.
    pub fn rebased(&self) -> Vec<(Seq, usize, Option<String>)> {
        let mut written: HashSet<(TableId, &Key), FxBuildHasher> = HashSet::default();
        let mut rebased = Vec::new();
        for pending in &self.pending {
            for effect in &pending.effects {
                let deletes = |at: &usize| matches!(pending.mutation.ops[*at], Op::Delete { .. });
                if let Some(at) = effect.op().filter(deletes)
                    && let Some(seq) = pending.seq()
                    && written.contains(&(effect.table, &effect.key))
                {
                    let confirmed = self.confirmed(effect.table, &effect.key);
                    rebased.push((seq, at, confirmed.map(|row| value::row_hash(&row))));
                }
                written.insert((effect.table, &effect.key));
            }
        }
        rebased
    }

    /// Takes judged mutations out of the pending ones, and gives the rows to be replayed.
    fn end_judged(&mut self, judged: Seq) -> Vec<(TableId, Key)> {
        // Verdicts come in the order of the numbers, so all up to the last one have theirs.
        self.judged = self.judged.max(judged);
        self.reached = self.reached.max(judged);
        let ended = self.pending_from((judged + 1, LocalId(0)));
        self.take_out_first(ended)
    }

    /// Takes over the rows and removals of one table.
    fn confirm(&mut self, id: TableId, staged: &StagedTable, touched: &mut Vec<(TableId, Key)>) {
        let t = usize::from(id.0);
        let store = &mut self.tables[t];
        store.expect_changes(staged.rows as usize + staged.removed.len());
        for key in &staged.removed {
            if planted::is("ignore-removals") {
                continue;
            }
            if let Some(overlay) = self.overlays[t].get_mut(key) {
                overlay.confirmed = None;
                touched.push((id, key.clone()));
            } else if let Some(slot) = store.find_key(key) {
                store.remove(slot);
            }
        }
        let covered = !self.overlays[t].is_empty();
        for row in 0..staged.rows {
            let row = ColumnsRow {
                columns: &staged.columns,
                row,
            };
            if covered {
                let key = Key::of(&row, &store.key_columns);
                if let Some(overlay) = self.overlays[t].get_mut(&key) {
                    if !planted::is("pending-rows-stay-old") {
                        overlay.confirmed = Some(row.values().into());
                    }
                    touched.push((id, key));
                    continue;
                }
            }
            store.put(&row);
        }
    }

    /// Takes over the rows of one table, which are all there are.
    fn confirm_snapshot(
        &mut self,
        id: TableId,
        staged: StagedTable,
        touched: &mut Vec<(TableId, Key)>,
    ) {
        let t = usize::from(id.0);
        if self.tables[t].len() == 0 && self.overlays[t].is_empty() {
            self.tables[t].fill(staged.columns, staged.rows);
            return;
        }
        // What is not among the rows is gone: as if it had been removed, all in one patch.
        let store = &self.tables[t];
        let mut seen = vec![false; store.slots() as usize];
        let mut seen_covered = KeySet::default();
        for row in 0..staged.rows {
            let row = ColumnsRow {
                columns: &staged.columns,
                row,
            };
            if let Some(slot) = store.find_row(&row) {
                seen[slot as usize] = true;
            }
            if !self.overlays[t].is_empty() {
                let key = Key::of(&row, &store.key_columns);
                if self.overlays[t].contains_key(&key) {
                    seen_covered.insert(key);
                }
            }
        }
        let gone = store.live_slots().filter(|slot| !seen[*slot as usize]);
        let mut removed: Vec<Key> = gone.map(|slot| store.key(slot)).collect();
        removed.retain(|key| !self.overlays[t].contains_key(key));
        let covered = self.overlays[t].keys();
        removed.extend(covered.filter(|key| !seen_covered.contains(*key)).cloned());
        if planted::is("snapshot-removes-nothing") {
            removed.clear();
        }
        self.confirm(id, &StagedTable { removed, ..staged }, touched);
    }
}
