//! The journal: patches that are durable but not yet in the row stores.
//!
//! A patch is a record per line of the answer under `[number, line]`, as it came over the wire,
//! with its head first; all in one transaction with the cursor, the verdicts and the leases (I7).

use super::idb::{self, Mode, Tx};
use super::layout::{self, ACKNOWLEDGED, CONFLICTS, JOURNAL, LEASES, META, QUEUE, REJECTED, State};
use super::queue::{LostValue, Rejected};
use super::{Store, acknowledged, holds_fence, leases};
use crate::browser::value::{Value, pair, parts};
use haversack_core::Error;
use haversack_core::lease::Ranges;
use haversack_core::map::Map;
use haversack_core::planted;
use haversack_core::protocol::{Mutation, Seq};
use haversack_core::schema::Schema;

/// Everything that one answer changes on disk.
pub struct Commit<'a> {
    /// The leader's fence.
    pub fence: f64,
    /// Where the replica stands afterwards.
    pub state: &'a State,
    /// The patch's lines, its head first.
    pub lines: &'a [String],
    /// The mutations that got a verdict.
    pub judged: &'a [Mutation],
    /// Those of them that were applied, at least in part.
    pub applied: &'a [Mutation],
    /// Those refused, to be kept for the application.
    pub rejected: &'a [Rejected],
    /// Values that lost.
    pub lost: &'a [LostValue],
    /// Ids of open conflicts in whose place others come.
    pub superseded: &'a [f64],
    /// Newly leased keys.
    pub granted: &'a Map<Ranges>,
    /// The server's history is another one: keys leased before are void, and what it has not judged is
    /// offered again.
    pub renewed: bool,
    /// When the server answered, in milliseconds since 1970 by its clock.
    pub time: i64,
}

impl Store {
    /// Stores what an answer changes, whole or not at all. Gives the mutations that are in the queue
    /// again, after a restore; none where another tab leads.
    ///
    /// Relaxed where all of it can be had again: should a power cut lose the transaction, the
    /// queue holds its mutations still, they are sent again and get the same verdicts, which the
    /// endpoint keeps for a minute at least, and the cursor brings the same rows. Strict writes
    /// wait less behind it (F11).
    ///
    /// # Errors
    /// `storage_quota` and `storage_failed`.
    pub async fn commit(
        &self,
        schema: &Schema,
        commit: &Commit<'_>,
    ) -> Result<Option<Vec<Mutation>>, Error> {
        let stores = [
            META,
            JOURNAL,
            QUEUE,
            REJECTED,
            CONFLICTS,
            LEASES,
            ACKNOWLEDGED,
        ];
        let keeps = !commit.rejected.is_empty() || !commit.lost.is_empty() || commit.renewed;
        let mode = if keeps { Mode::Strict } else { Mode::Relaxed };
        let tx = Tx::begin(&self.db, &stores, mode)?;
        if !holds_fence(&tx, commit.fence).await? && !planted::is("commit-without-fence") {
            return Ok(None);
        }
        if commit.renewed {
            // With those that come now, which are the replica's that it was.
            tx.store(LEASES)?.clear()?;
        }
        if !commit.renewed || planted::is("keys-of-the-replica-before") {
            leases::settle(&tx, schema, commit.granted, commit.judged).await?;
        }
        let journal = tx.store(JOURNAL)?;
        let lines = match planted::is("cursor-without-rows") {
            true => &[],
            false => commit.lines,
        };
        for (i, line) in lines.iter().enumerate() {
            journal.put(&line.as_str().into(), &key(commit.state.patch, i))?;
        }
        let queue = tx.store(QUEUE)?;
        for mutation in commit.judged {
            if planted::is("judged-stay-queued") {
                continue;
            }
            queue.delete(&(mutation.seq as f64).into())?;
        }
        // Also what is heard with the news of another history: a restore after this one may undo it.
        if !(commit.renewed && planted::is("heard-with-a-restore-unkept")) {
            acknowledged::keep(&tx, commit.applied, commit.time).await?;
        }
        let again = if commit.renewed {
            acknowledged::offer_again(&tx, commit.state, commit.time).await?
        } else {
            Vec::new()
        };
        let rejected = tx.store(REJECTED)?;
        for record in commit.rejected {
            if planted::is("forget-rejected") {
                continue;
            }
            rejected.put(&layout::to_js(record)?, &(record.seq as f64).into())?;
        }
        let conflicts = tx.store(CONFLICTS)?;
        for id in commit.superseded {
            conflicts.delete(&(*id).into())?;
        }
        for record in commit.lost {
            if planted::is("forget-lost") {
                continue;
            }
            conflicts.add(&layout::to_js(record)?)?;
        }
        tx.store(META)?
            .put(&layout::to_js(commit.state)?, &layout::STATE_KEY.into())?;
        tx.done().await?;
        Ok(Some(again))
    }

    /// The lines of a patch, its head first; empty where it was drained already.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn patch(&self, number: u64) -> Result<Vec<String>, Error> {
        let tx = Tx::begin(&self.db, &[JOURNAL], Mode::Read)?;
        let range = idb::span(&key(number, 0), &key(number, usize::MAX));
        let lines = tx.store(JOURNAL)?.get_all(&range, u32::MAX).await?;
        Ok(lines.iter().filter_map(|line| line.as_string()).collect())
    }

    /// The numbers of the patches in the journal, in order.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn patches(&self) -> Result<Vec<u64>, Error> {
        let tx = Tx::begin(&self.db, &[JOURNAL], Mode::Read)?;
        let keys = tx
            .store(JOURNAL)?
            .get_all_keys(&Value::UNDEFINED, u32::MAX)
            .await?;
        let mut numbers: Vec<u64> = keys
            .iter()
            .filter_map(|key| parts(&key).get(0).as_f64())
            .map(|number| number as u64)
            .collect();
        numbers.dedup();
        Ok(numbers)
    }

    /// Puts confirmed rows into their store (None: deletes), under the fence. The rows can be
    /// fetched again, so relaxed durability will do (F11). False where another tab leads.
    ///
    /// # Errors
    /// `storage_quota` and `storage_failed`.
    pub async fn drain(
        &self,
        fence: f64,
        store: &str,
        rows: &[(Value, Option<Value>)],
    ) -> Result<bool, Error> {
        let tx = Tx::begin(&self.db, &[META, store], Mode::Relaxed)?;
        if !holds_fence(&tx, fence).await? {
            return Ok(false);
        }
        let store = tx.store(store)?;
        for (key, row) in rows {
            match row {
                Some(row) => store.put(row, key)?,
                None => store.delete(key)?,
            }
        }
        tx.done().await?;
        Ok(true)
    }

    /// Forgets the patches up to `number`, whose rows are all in their stores. Relaxed: a browser
    /// logs a database's transactions in their order, so no power cut keeps this one but loses the
    /// rows before it.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn forget_patches(&self, fence: f64, number: Seq) -> Result<bool, Error> {
        let tx = Tx::begin(&self.db, &[META, JOURNAL], Mode::Relaxed)?;
        if !holds_fence(&tx, fence).await? {
            return Ok(false);
        }
        let range = idb::span(&key(0, 0), &key(number, usize::MAX));
        tx.store(JOURNAL)?.delete(&range)?;
        tx.done().await?;
        Ok(true)
    }
}

/// A line's key; 32-bit `usize::MAX` is above every line.
fn key(patch: u64, line: usize) -> Value {
    pair(&(patch as f64).into(), &(line as f64).into())
}
