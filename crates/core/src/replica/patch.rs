//! Applies a patch: confirmed rows change, judged mutations leave, the rest is replayed on top.

use super::column::ColumnsRow;
use super::effect::Row;
use super::overlay::LocalId;
use super::staged::{Staged, StagedTable};
use super::{Key, Replica};
use crate::protocol::{Mutation, Seq, Verdict};
use crate::queue;
use crate::schema::TableId;
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeSet;

/// What the verdicts of an answer mean for the queue: to be stored in the answer's transaction.
#[derive(Clone, Debug, Default)]
pub struct Settlement {
    /// Numbers that have their verdict: their mutations leave the queue.
    pub judged: Vec<Seq>,
    /// Later mutations with new bases, to replace the stored ones.
    pub rewritten: Vec<Mutation>,
    verdicts: Vec<Verdict>,
}

/// What applying a patch did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Mutations that got new bases after [`Replica::settle`] had been asked, because they were
    /// made in the meantime: to be stored as well.
    pub rewritten: Vec<LocalId>,
}

impl Replica {
    /// What verdicts mean for the queue; changes nothing yet.
    pub fn settle(&self, verdicts: &[Verdict]) -> Settlement {
        let judged: BTreeSet<Seq> = verdicts.iter().map(|v| v.seq).collect();
        let later = self
            .pending
            .values()
            .filter(|p| p.seq().is_some_and(|s| !judged.contains(&s)));
        Settlement {
            rewritten: later
                .filter_map(|p| queue::rebase(&p.mutation, verdicts))
                .collect(),
            judged: judged.into_iter().collect(),
            verdicts: verdicts.to_vec(),
        }
    }

    /// Applies an answer that has been stored. Rows whose visible values stay the same are not
    /// marked dirty.
    pub fn apply_patch(&mut self, staged: Staged, settlement: &Settlement) -> Applied {
        let mut touched: Vec<(TableId, Key)> = Vec::new();
        for &seq in &settlement.judged {
            if let Some(local) = self.by_seq(seq) {
                touched.extend(self.take_out(local));
            }
            self.settled = self.settled.max(seq);
        }
        let applied = self.rebase_pending(settlement);
        let snapshot = staged.snapshot;
        for (i, table) in staged.tables.into_iter().enumerate() {
            let id = TableId(i as u16);
            if snapshot {
                self.confirm_snapshot(id, table, &mut touched);
            } else {
                self.confirm(id, &table, &mut touched);
            }
        }
        for (table, key) in touched {
            self.replay(table, &key);
        }
        applied
    }

    fn rebase_pending(&mut self, settlement: &Settlement) -> Applied {
        let mut applied = Applied::default();
        for pending in self.pending.values_mut() {
            let Some(rebased) = queue::rebase(&pending.mutation, &settlement.verdicts) else {
                continue;
            };
            if !settlement.rewritten.contains(&rebased) {
                applied.rewritten.push(pending.local);
            }
            // Bases have no effect on what is visible, so the effects stay as they are.
            pending.mutation = rebased;
        }
        applied
    }

    /// Takes over the rows and removals of one table.
    fn confirm(&mut self, id: TableId, staged: &StagedTable, touched: &mut Vec<(TableId, Key)>) {
        let t = usize::from(id.0);
        let store = &mut self.tables[t];
        store.expect_changes(staged.rows as usize + staged.removed.len());
        for key in &staged.removed {
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
                    overlay.confirmed = Some(row.to_row());
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
        let mut seen: HashSet<u32, FxBuildHasher> = HashSet::default();
        let mut seen_covered: HashSet<Key, FxBuildHasher> = HashSet::default();
        for row in 0..staged.rows {
            let row = ColumnsRow {
                columns: &staged.columns,
                row,
            };
            seen.extend(store.find_row(&row));
            if !self.overlays[t].is_empty() {
                let key = Key::of(&row, &store.key_columns);
                if self.overlays[t].contains_key(&key) {
                    seen_covered.insert(key);
                }
            }
        }
        let gone = store.live_slots().filter(|slot| !seen.contains(slot));
        let mut removed: Vec<Key> = gone.map(|slot| store.key(slot)).collect();
        removed.retain(|key| !self.overlays[t].contains_key(key));
        let covered = self.overlays[t].keys();
        removed.extend(covered.filter(|key| !seen_covered.contains(*key)).cloned());
        self.confirm(id, &StagedTable { removed, ..staged }, touched);
    }
}

impl ColumnsRow<'_> {
    /// A copy of the row.
    fn to_row(&self) -> Row {
        self.columns
            .iter()
            .map(|c| c.get(self.row).to_value())
            .collect()
    }
}
