//! What the server has applied and this device keeps for a while, on disk: a server that is restored
//! from a backup has lost it, and gets it again (F32).
//!
//! **Invariant.** A mutation is kept in the transaction that takes it out of the queue, and goes back
//! into the queue, under its number, in the one that learns of another history: it is in one of the
//! two at most.

use super::idb::{self, Mode, Tx};
use super::layout::{self, ACKNOWLEDGED, META, QUEUE, State};
use super::queue::{Queued, read_records};
use super::{Store, holds_fence};
use crate::browser::value::Value;
use haversack_core::Error;
use haversack_core::json_struct;
use haversack_core::moving::Moving;
use haversack_core::protocol::{Mutation, Op, Seq, mutation_hash};

/// So many numbers back are kept.
const KEPT: Seq = 10_000;
/// For so long, in milliseconds by the server's clock: a week.
const KEPT_MS: i64 = 7 * 86_400_000;

/// What one answer acknowledged.
struct Acknowledged {
    /// When, in milliseconds since 1970 by the server's clock.
    at: i64,
    mutations: Vec<Mutation>,
}

json_struct!(Acknowledged { at, mutations });

/// Within the transaction of an answer: keeps what was applied, and forgets what is older.
///
/// # Errors
/// `storage_failed`.
pub(super) async fn keep(tx: &Tx, applied: &[Mutation], now: i64) -> Result<(), Error> {
    let Some(last) = applied.last().map(|mutation| mutation.seq) else {
        return Ok(());
    };
    let store = tx.store(ACKNOWLEDGED)?;
    // One at a time, for one that comes.
    let oldest = store.get_all(&Value::UNDEFINED, 1).await?;
    if oldest.length() > 0 {
        let first = layout::from_js::<Acknowledged>(&oldest.get(0))?;
        if let Some(first) = first.filter(|first| first.at < now - KEPT_MS)
            && let Some(seq) = first.mutations.last().map(|m| m.seq)
        {
            store.delete(&(seq as f64).into())?;
        }
    }
    if last > KEPT {
        let gone = (last - KEPT) as f64;
        store.delete(&idb::span(&0.0.into(), &gone.into()))?;
    }
    let record = Acknowledged {
        at: now,
        mutations: applied.to_vec(),
    };
    store.put(&layout::to_js(&record)?, &(last as f64).into())
}

/// Within the transaction that learns of another history, in which the mutations up to `state.judged`
/// are judged: puts those after it back into the queue, and gives them. What is before stays, since a
/// second restore may go further back; not where nothing is known of the replicas before.
///
/// # Errors
/// `storage_failed`.
pub(super) async fn offer_again(tx: &Tx, state: &State, now: i64) -> Result<Vec<Mutation>, Error> {
    let kept = tx.store(ACKNOWLEDGED)?;
    let records = kept.get_all(&Value::UNDEFINED, u32::MAX).await?;
    kept.clear()?;
    let queue = tx.store(QUEUE)?;
    let mut again = Vec::new();
    for record in records.iter() {
        let Some(mut record) = layout::from_js::<Acknowledged>(&record)? else {
            continue;
        };
        if record.at < now - KEPT_MS {
            continue;
        }
        let is_judged = |mutation: &Mutation| mutation.seq <= state.judged;
        let lost = record.mutations.iter().filter(|m| !is_judged(m));
        for mutation in lost {
            let key = (mutation.seq as f64).into();
            queue.put(&layout::to_js(&Queued::from(mutation.clone()))?, &key)?;
            again.push(mutation.clone());
        }
        record.mutations.retain(is_judged);
        if let Some(last) = record.mutations.last().map(|m| m.seq)
            && !state.before.is_empty()
        {
            kept.put(&layout::to_js(&record)?, &(last as f64).into())?;
        }
    }
    Ok(again)
}

/// Within the transaction that takes a store to another schema: what is kept is in the names of now.
/// What has no place there any more can't be offered again.
///
/// # Errors
/// `storage_failed`.
pub(super) async fn take_over(tx: &Tx, moving: &Moving<'_>) -> Result<(), Error> {
    let store = tx.store(ACKNOWLEDGED)?;
    let keys = store.get_all_keys(&Value::UNDEFINED, u32::MAX).await?;
    let records = store.get_all(&Value::UNDEFINED, u32::MAX).await?;
    for (key, record) in keys.iter().zip(records.iter()) {
        let Some(mut record) = layout::from_js::<Acknowledged>(&record)? else {
            continue;
        };
        let before = record.mutations.clone();
        record.mutations.retain_mut(|mutation| {
            let moved = moving.mutation(mutation, &|_, _| None);
            (mutation.ops, mutation.predicted) = (moved.ops, moved.predicted);
            moved.stopped.is_none()
        });
        if record.mutations != before {
            store.put(&layout::to_js(&record)?, &key)?;
        }
    }
    Ok(())
}

impl Store {
    /// Tells the queue that a restored server has judged the mutations up to `judged` and no others,
    /// and on top of what each of these deletions is made now: number, operation, hash. Nothing where
    /// another tab leads.
    ///
    /// # Errors
    /// `storage_quota` and `storage_failed`.
    pub async fn rebase(
        &self,
        fence: f64,
        judged: Seq,
        deletions: &[(Seq, usize, Option<String>)],
    ) -> Result<(), Error> {
        let tx = Tx::begin(&self.db, &[META, QUEUE], Mode::Strict)?;
        if !holds_fence(&tx, fence).await? {
            return Ok(());
        }
        let queue = read_records(&tx, &Value::UNDEFINED, u32::MAX).await?;
        let store = tx.store(QUEUE)?;
        for (number, mut queued) in queue {
            let changed = queued.seen > judged;
            queued.seen = queued.seen.min(judged);
            let sent = mutation_hash(queued.at, &queued.ops);
            let mut other = false;
            for (_, at, hash) in deletions.iter().filter(|(seq, ..)| *seq == number) {
                if let Some(Op::Delete { base, .. }) = queued.ops.get_mut(*at) {
                    other |= base != hash;
                    base.clone_from(hash);
                }
            }
            if other {
                // The replicas before have sent it so, and may have to ask what became of it.
                queued.earlier.push(sent);
            }
            if changed || other {
                store.put(&layout::to_js(&queued)?, &(number as f64).into())?;
            }
        }
        tx.done().await
    }
}
