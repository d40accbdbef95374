//! Behind the journal: confirmed rows go into the row stores, a few at a time.
//!
//! What is put is the confirmed row as memory has it now, which may be newer than the patch that
//! named its key; the newer patch is in the journal too, so nothing is ahead of the journal.
//! Transactions are small, because a write behind a large one waits for all of it.

use super::Shared;
use super::session::Session;
use crate::browser::{Value, timer};
use crate::convert::{key_from_value, key_to_value};
use crate::store::layout;
use crate::task::spawn;
use haversack_core::protocol::Head;
use haversack_core::replica::{Key, KeySet, Staged};
use haversack_core::schema::TableId;
use haversack_core::{Error, ErrorCode};
use std::rc::Rc;

/// Rows per transaction (`browser.md`: about 18 ms each).
const ROWS_PER_TRANSACTION: usize = 250;

/// Keys whose rows are confirmed in memory but perhaps not in their stores.
#[derive(Default)]
pub struct Waiting {
    tables: Vec<(TableId, KeySet)>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    pub(super) fn extend(&mut self, keys: impl IntoIterator<Item = (TableId, Key)>) {
        for (table, key) in keys {
            self.insert(table, key);
        }
    }

    fn insert(&mut self, table: TableId, key: Key) {
        let at = self.tables.iter().position(|(own, _)| *own == table);
        let at = at.unwrap_or_else(|| {
            self.tables.push((table, KeySet::default()));
            self.tables.len() - 1
        });
        self.tables[at].1.insert(key);
    }

    /// Some keys of one table.
    fn batch(&self) -> Option<(TableId, Vec<Key>)> {
        let (table, keys) = self.tables.first()?;
        Some((
            *table,
            keys.iter().take(ROWS_PER_TRANSACTION).cloned().collect(),
        ))
    }

    fn remove(&mut self, table: TableId, keys: &[Key]) {
        for (own, waiting) in &mut self.tables {
            if *own == table {
                for key in keys {
                    waiting.remove(key);
                }
            }
        }
        self.tables.retain(|(_, waiting)| !waiting.is_empty());
    }

    pub(super) fn into_keys(self) -> impl Iterator<Item = (TableId, Key)> {
        self.tables
            .into_iter()
            .flat_map(|(table, keys)| keys.into_iter().map(move |k| (table, k)))
    }
}

impl Shared {
    /// The keys that a patch touches: those it brings and removes, and of tables that it brings whole
    /// all that were there before.
    pub(super) fn keys_to_drain(&self, staged: &Staged) -> Waiting {
        let mut keys = Waiting::default();
        keys.extend(staged.touched());
        let replica = self.replica.borrow();
        let tables = (0..self.schema.tables.len() as u16).map(TableId);
        for id in tables.filter(|id| staged.renews(*id)) {
            keys.extend(replica.confirmed_keys(id).into_iter().map(|key| (id, key)));
        }
        keys
    }

    /// Drains these keys, soon.
    pub(super) fn plan_drain(self: &Rc<Self>, session: &Rc<Session>, keys: Waiting) {
        session.waiting.borrow_mut().extend(keys.into_keys());
        spawn(self.clone().drain(session.clone()));
    }

    /// The keys of what the last leader left in the journal, for a new one to drain.
    ///
    /// # Errors
    /// `storage_failed`.
    pub(super) async fn leftover_keys(&self, session: &Rc<Session>) -> Result<Waiting, Error> {
        let mut keys = Waiting::default();
        for number in session.store.patches().await? {
            let mut staged = self.replica.borrow().stage();
            for line in session.store.patch(number).await? {
                staged.line(&line)?;
            }
            keys.extend(self.keys_to_drain(&staged).into_keys());
            // A snapshot also ends rows that are in the stores alone.
            let whole = |head: &Head| head.snapshot || !head.renewed.is_empty();
            if staged.head().is_some_and(whole) {
                keys.extend(self.stored_keys(session).await?.into_keys());
            }
        }
        Ok(keys)
    }

    /// The keys of all rows in the row stores.
    ///
    /// # Errors
    /// `storage_failed`.
    pub(super) async fn stored_keys(&self, session: &Rc<Session>) -> Result<Waiting, Error> {
        let mut keys = Waiting::default();
        for (i, table) in self.schema.tables.iter().enumerate() {
            let stored = session.store.keys(&layout::store_name(&table.name)).await?;
            let stored = stored.iter().filter_map(|key| key_from_value(table, &key));
            keys.extend(stored.map(|key| (TableId(i as u16), key)));
        }
        Ok(keys)
    }

    async fn drain(self: Rc<Self>, session: Rc<Session>) {
        if self.draining.replace(true) {
            return;
        }
        while let Some(fence) = session.fence.get() {
            match self.drain_step(&session, fence).await {
                Ok(true) => timer::sleep(0).await,
                // All is drained; or another tab leads, or the store fails: the journal has it.
                Ok(false) | Err(_) => break,
            }
        }
        self.draining.set(false);
    }

    /// Drains some rows, or, when none wait, forgets the journal. True while there is more to do.
    async fn drain_step(&self, session: &Rc<Session>, fence: f64) -> Result<bool, Error> {
        let batch = session.waiting.borrow().batch();
        let Some((table, keys)) = batch else {
            let patch = session.patch.get();
            let forgotten = session.store.forget_patches(fence, patch).await?;
            // A patch that came meanwhile has brought new keys.
            return Ok(forgotten && !session.waiting.borrow().is_empty());
        };
        // A row that changes while the transaction runs must be drained once more, so its key
        // leaves the set before, and comes back where the transaction fails.
        session.waiting.borrow_mut().remove(table, &keys);
        let drained = self.drain_rows(session, fence, table, &keys).await;
        if !matches!(drained, Ok(true)) {
            session
                .waiting
                .borrow_mut()
                .extend(keys.into_iter().map(|key| (table, key)));
        }
        drained
    }

    async fn drain_rows(
        &self,
        session: &Rc<Session>,
        fence: f64,
        table: TableId,
        keys: &[Key],
    ) -> Result<bool, Error> {
        let definition = self.schema.table(table);
        let mut json = String::from("[");
        let mut present = Vec::with_capacity(keys.len());
        for key in keys {
            let length = json.len();
            if length > 1 {
                json.push(',');
            }
            let exists = self
                .replica
                .borrow()
                .confirmed_row_json(table, key, &mut json);
            if !exists {
                json.truncate(length);
            }
            present.push(exists);
        }
        json.push(']');
        let objects = self.shapes[usize::from(table.0)].plain(&json)?;
        let mut objects = objects.iter();
        let rows: Vec<(Value, Option<Value>)> = keys
            .iter()
            .zip(present)
            .map(|(key, present)| {
                (
                    key_to_value(definition, key),
                    if present { objects.next() } else { None },
                )
            })
            .collect();
        session
            .store
            .drain(fence, &layout::store_name(&definition.name), &rows)
            .await
    }

    /// Resolves when the row stores hold every confirmed row.
    ///
    /// # Errors
    /// `storage_failed` where they do not within 10 s.
    pub async fn flush(self: &Rc<Self>) -> Result<(), Error> {
        if self.memory()?.is_some() {
            return Ok(());
        }
        let session = self.session()?;
        // A follower waits for the leader: the journal is empty when all is drained.
        for _ in 0..FLUSH_POLLS_MAX {
            if session.waiting.borrow().is_empty() && session.store.patches().await?.is_empty() {
                return Ok(());
            }
            timer::sleep(FLUSH_POLL_MS).await;
        }
        Err(Error::new(
            ErrorCode::StorageFailed,
            "the row stores are not current after 10 s",
        ))
    }
}

const FLUSH_POLL_MS: u64 = 20;
const FLUSH_POLLS_MAX: u32 = 500;
