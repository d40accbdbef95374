//! IndexedDB → memory: row stores, then the journal's tail, then the queue.
//!
//! All in one reading transaction, so that no drain or patch of another tab falls between. Each
//! slice of rows arrives in its own task, so the page is never blocked for long.

use super::Shared;
use super::session::Session;
use crate::browser::value::{List, Value, parts};
use crate::store::idb::{self, Mode, Tx};
use crate::store::layout::{self, CONFLICTS, JOURNAL, META, QUEUE, REJECTED, State};
use crate::store::lost_state;
use crate::store::queue::{read_outcomes, read_queue};
use crate::store::temporary::read_assigned;
use haversack_core::Error;
use haversack_core::json::Json;
use haversack_core::planted;
use haversack_core::protocol::Seq;
use haversack_core::replica::Staged;
use haversack_core::schema::TableId;
use std::rc::Rc;

/// Rows read at a time.
const ROWS_PER_SLICE: u32 = 1_000;

impl Shared {
    /// Fills the replica from the store, whatever it held before; this tab's own unnumbered writes
    /// stay on top.
    ///
    /// # Errors
    /// `storage_failed`.
    pub(super) async fn hydrate(self: &Rc<Self>, session: &Rc<Session>) -> Result<(), Error> {
        let names: Vec<String> = self
            .schema
            .tables
            .iter()
            .map(|t| layout::store_name(&t.name))
            .collect();
        let mut stores: Vec<&str> = vec![META, JOURNAL, QUEUE, REJECTED, CONFLICTS];
        stores.extend(names.iter().map(String::as_str));
        let tx = Tx::begin(&session.store.db, &stores, Mode::Read)?;
        let state = tx.store(META)?.get(&layout::STATE_KEY.into()).await?;
        let state: State = layout::from_js(&state)?.ok_or_else(lost_state)?;
        let journal = tx.store(JOURNAL)?;
        let keys = journal.get_all_keys(&Value::UNDEFINED, u32::MAX).await?;
        let lines = journal.get_all(&Value::UNDEFINED, u32::MAX).await?;
        let queue = read_queue(&tx, &Value::UNDEFINED, u32::MAX).await?;
        let queued: Vec<Seq> = queue.iter().map(|mutation| mutation.seq).collect();
        let assigned = read_assigned(&tx).await?;
        let (rejected, lost) = read_outcomes(&tx).await?;
        let mut staged = self.replica.borrow().stage();
        staged.set_snapshot(true);
        // Rows of another schema may lack columns or have others: all are fetched anew.
        let known = state.fingerprint == self.schema.fingerprint;
        let mut patches = Vec::new();
        if known {
            for (table, name) in names.iter().enumerate() {
                let stands_in = state.renew.contains(&self.schema.tables[table].name);
                self.stage_rows(&tx, &mut staged, table, name, stands_in)
                    .await?;
            }
            if !planted::is("journal-not-hydrated") {
                patches = self.stage_journal(&keys, &lines)?;
            }
        }
        {
            let mut replica = self.replica.borrow_mut();
            replica.hear(state.heard);
            replica.apply_patch(staged);
            patches
                .into_iter()
                .for_each(|patch| replica.apply_patch(patch));
            // A cursor comes with the first snapshot; until then absence says nothing.
            let complete = known && state.cursor.is_some();
            for (i, table) in self.schema.tables.iter().enumerate() {
                let complete = complete && !state.renew.contains(&table.name);
                replica.set_complete(TableId(i as u16), complete);
            }
            replica.set_judged(state.judged.max(state.reached));
            replica.go_back(state.judged);
            replica.rekey(assigned);
            for mutation in queue {
                if planted::is("queue-not-hydrated") {
                    break;
                }
                // One that was made under a schema that nobody knows any more is sent all the same, for
                // the server to judge, but can't be shown.
                let _ = replica.adopt(mutation);
            }
        }
        session.patch.set(state.patch);
        self.status.borrow_mut().last_sync = state.last_sync;
        // In the same turn, so that who is told that rows have changed is told before anybody reads them.
        self.take_outcomes(rejected, lost);
        self.settle_judged(session, state.judged.max(state.reached), &queued);
        Ok(())
    }

    async fn stage_rows(
        &self,
        tx: &Tx,
        staged: &mut Staged,
        table: usize,
        name: &str,
        stands_in: bool,
    ) -> Result<(), Error> {
        let store = tx.store(name)?;
        let id = TableId(table as u16);
        let mut range = Value::UNDEFINED;
        loop {
            let rows = store.get_all(&range, ROWS_PER_SLICE).await?;
            if rows.length() > 0 {
                let text = self.shapes[table].stored(&rows)?;
                if let Json::List(rows) = Json::parse(&text)? {
                    for row in &rows {
                        staged.object(id, row, stands_in)?;
                    }
                }
            }
            if rows.length() < ROWS_PER_SLICE {
                return Ok(());
            }
            let keys = store.get_all_keys(&range, ROWS_PER_SLICE).await?;
            range = idb::above(&keys.get(ROWS_PER_SLICE - 1));
        }
    }

    /// The journal's patches, each staged by itself, in order.
    pub(super) fn stage_journal(&self, keys: &List, lines: &List) -> Result<Vec<Staged>, Error> {
        let mut patches: Vec<(f64, Staged)> = Vec::new();
        for (key, line) in keys.iter().zip(lines.iter()) {
            let number = parts(&key).get(0).as_f64().unwrap_or_default();
            if patches.last().is_none_or(|(last, _)| *last != number) {
                patches.push((number, self.replica.borrow().stage()));
            }
            if let (Some((_, staged)), Some(text)) = (patches.last_mut(), line.as_string()) {
                staged.line(&text)?;
            }
        }
        Ok(patches.into_iter().map(|(_, staged)| staged).collect())
    }
}
