//! What steps do to the database: crashes, refusals, backups, and writers in SQL.

use super::plan::AtCommit;
use super::stage::{Open, Stage};
use crate::draft::Drafter;
use crate::history::{ServerStep, Sql, Write};
use crate::tally::Fault;
use rand::rngs::SmallRng;
use std::collections::BTreeSet;

/// Changes older than this are pruned, in milliseconds.
const PRUNED_MS: i64 = 20_000;

impl Stage {
    pub(super) fn server(&mut self, step: ServerStep) {
        let mut plan = self.surroundings.plan.borrow_mut();
        match step {
            ServerStep::CrashAtCommit { done } => plan.commits.push_back(AtCommit::Crash { done }),
            ServerStep::LoseCommit { done } => plan.commits.push_back(AtCommit::Lost { done }),
            ServerStep::Refuse { why, times } => {
                plan.refusals.extend((0..times).map(|_| why));
            }
            ServerStep::Linger { ms, times } => plan.lingers.extend((0..times).map(|_| ms)),
            ServerStep::Crash { endpoint } => {
                drop(plan);
                self.network.crash(endpoint);
            }
            ServerStep::Backup => {
                let oracle = self.scene.oracle.borrow();
                let copy = self.network.database.backup();
                let backup = (copy, oracle.mark(), oracle.now().clone());
                drop(oracle);
                self.backups.push(backup);
            }
            ServerStep::Restore => {
                drop(plan);
                self.restore(self.backups.len().checked_sub(1));
            }
            ServerStep::RestoreFirst => {
                drop(plan);
                self.restore(Some(0));
            }
            ServerStep::Schema { other } => self.network.serve_schema(other),
            ServerStep::Prune => {
                let before = self.scene.world.true_now_ms() as i64 - PRUNED_MS;
                self.network.database.prune(before);
                self.scene.happened(Fault::Pruned);
            }
        }
    }

    /// The database is as it was when a backup was made, if it was.
    fn restore(&mut self, at: Option<usize>) {
        let Some((copy, mark, rows)) = at.and_then(|at| self.backups.get(at)) else {
            return;
        };
        self.writers.clear();
        self.network.database.restore(copy);
        // The endpoints' watchers find Postgres again before anybody else does.
        self.network.database.note_history();
        let epoch = self.network.database.epoch();
        let mut oracle = self.scene.oracle.borrow_mut();
        oracle.restored(epoch, *mark, rows.clone());
        self.scene.happened(Fault::Restored);
    }

    pub(super) fn sql(&mut self, writer: u8, sql: Sql, rng: &mut SmallRng) {
        match sql {
            Sql::Write(write) => self.sql_write(writer, write, rng),
            Sql::Rollback => drop(self.writers.remove(&writer)),
            Sql::Commit => {
                let Some(open) = self.writers.remove(&writer) else {
                    return;
                };
                if self.scene.oracle.borrow().mark() != open.since {
                    self.scene.happened(Fault::WriterLingered);
                }
                self.scene.sql_inserts.replace(open.inserts);
                // What is deferred may not hold; nothing of it is there then.
                let committed = open.writer.commit();
                self.scene
                    .world
                    .note(if committed.is_ok() { "sql" } else { "no sql" });
                self.scene.sql_inserts.borrow_mut().clear();
            }
        }
    }

    fn sql_write(&mut self, writer: u8, write: Write, rng: &mut SmallRng) {
        let owners: Vec<String> = (0..self.scene.cast.users)
            .map(|user| crate::history::Cast::name_of(crate::history::User(user)))
            .collect();
        let rows = self.scene.oracle.borrow().now().clone();
        let drafts = {
            let mut record = self.scene.record.borrow_mut();
            let mut drafter = Drafter {
                schema: &self.scene.schema,
                rows: &rows,
                counter: &mut record.counter,
                owners: Some(&owners),
            };
            drafter.draft(write, rng)
        };
        let since = self.scene.oracle.borrow().mark();
        let mut open = self.writers.remove(&writer).unwrap_or_else(|| Open {
            writer: self.network.database.begin(),
            inserts: BTreeSet::new(),
            since,
        });
        for draft in drafts {
            // After an error nothing of the transaction can stay.
            if open.writer.write(&draft.to_op(&self.scene.schema)).is_err() {
                return;
            }
            if let Some(key) = draft.key(&self.scene.schema) {
                let table = self.scene.schema.table(draft.table()).name.clone();
                open.inserts.insert((table, key));
            }
        }
        self.writers.insert(writer, open);
    }
}
