//! Temporary keys on disk: what took their place, and what waits until something does.
//!
//! A mutation that holds a temporary key is not sent, nor what comes after it, until keys of the
//! sequence are leased. Then those are taken from the lease, noted, and put into the queue in one
//! transaction. The notes stay, because a tab may store a mutation that it made before it heard of
//! them: so they are asked again whenever the queue is read.

use super::idb::{Mode, Tx};
use super::layout::{self, ASSIGNED_KEY, LEASES, META, QUEUE};
use super::leases::{self, NUMBERS};
use super::queue::{Queued, read_queue};
use super::{Store, holds_fence};
use crate::browser::Value;
use haversack_core::Error;
use haversack_core::lease::Lease;
use haversack_core::map::Map;
use haversack_core::protocol::Mutation;
use haversack_core::queue::rekey::{Assigned, Holders, drawn, forget_oldest, number_of, rekey};
use haversack_core::schema::Schema;

/// So many notes of assigned keys are kept, the latest.
const ASSIGNED_MAX: usize = 10_000;
/// So many mutations are looked at for keys that they wait for: about as many as a request leases, and
/// more than a batch has.
const LOOKED_AT: u32 = 1_200;

impl Store {
    /// The keys that took the place of temporary ones.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn assigned(&self) -> Result<Assigned, Error> {
        let tx = Tx::begin(&self.db, &[META], Mode::Read)?;
        read_assigned(&tx).await
    }

    /// Takes leased keys for the rows that wait for them, as many as there are, and puts them into
    /// the queue. Gives what it assigned; nothing where another tab leads.
    ///
    /// # Errors
    /// `storage_quota` and `storage_failed`.
    pub async fn assign_keys(
        &self,
        schema: &Schema,
        holders: &Holders,
        fence: f64,
    ) -> Result<Assigned, Error> {
        let tx = Tx::begin(&self.db, &[META, QUEUE, LEASES], Mode::Strict)?;
        if !holds_fence(&tx, fence).await? {
            return Ok(Assigned::new());
        }
        let mut assigned = read_assigned(&tx).await?;
        let mut queue = read_queue(&tx, &Value::UNDEFINED, LOOKED_AT).await?;
        let mut numbers = leases::read(&tx, NUMBERS).await?;
        let mut leased: Map<Lease> = Map::new();
        let mut fresh = Assigned::new();
        for (table, key, number) in waiting_keys(schema, &assigned, &queue) {
            if !leased.contains_key(&table) {
                leased.insert(table.clone(), leases::read(&tx, &table).await?);
            }
            let Some(real) = leased.get_mut(&table).and_then(Lease::spend_free) else {
                continue;
            };
            numbers.spend(number);
            fresh.or_default(&table).insert(key, real.to_string());
        }
        if fresh.is_empty() {
            return Ok(fresh);
        }
        for (table, keys) in &fresh {
            assigned.or_default(table).extend(keys.clone());
        }
        // The notes are asked again when a mutation is read, so those farther behind can wait; but not
        // longer than the notes are kept.
        if assigned.values().map(Map::len).sum::<usize>() > ASSIGNED_MAX {
            queue = read_queue(&tx, &Value::UNDEFINED, u32::MAX).await?;
        }
        let store = tx.store(QUEUE)?;
        for mut mutation in queue {
            if rekey(schema, holders, &assigned, &mut mutation) {
                let key = (mutation.seq as f64).into();
                store.put(&layout::to_js(&Queued::from(mutation))?, &key)?;
            }
        }
        forget_oldest(schema, &mut assigned, ASSIGNED_MAX);
        for (table, lease) in &leased {
            leases::write(&tx, table, lease)?;
        }
        leases::write(&tx, NUMBERS, &numbers)?;
        let meta = tx.store(META)?;
        meta.put(&layout::to_js(&assigned)?, &ASSIGNED_KEY.into())?;
        tx.done().await?;
        Ok(fresh)
    }
}

/// Within a transaction: the keys that took the place of temporary ones.
///
/// # Errors
/// `storage_failed`.
pub async fn read_assigned(tx: &Tx) -> Result<Assigned, Error> {
    let stored = tx.store(META)?.get(&ASSIGNED_KEY.into()).await?;
    Ok(layout::from_js(&stored)?.unwrap_or_default())
}

/// Within a transaction, of the first mutations of the queue: puts assigned keys in their place, and
/// leaves out the first that holds a temporary key still, and all after it. Gives how many keys the
/// queue waits for, by table, as far as it was looked at.
///
/// A temporary key whose row was never stored, since storing it failed, keeps nobody waiting: the
/// server will say that there is no such row.
///
/// # Errors
/// `storage_failed`.
pub async fn hold_back(
    tx: &Tx,
    schema: &Schema,
    holders: &Holders,
    queued: &mut Vec<Mutation>,
) -> Result<Map<u32>, Error> {
    let assigned = read_assigned(tx).await?;
    for mutation in &mut *queued {
        rekey(schema, holders, &assigned, mutation);
    }
    // What the first ones hold was made by one before them.
    let queue = read_queue(tx, &Value::UNDEFINED, LOOKED_AT).await?;
    let (mut counts, mut born) = (Map::new(), Assigned::new());
    for (table, key, _) in waiting_keys(schema, &assigned, &queue) {
        *counts.or_default(&table) += 1;
        born.or_default(&table).insert(&*key, key.clone());
    }
    // One in which a key would be replaced by itself holds it.
    let holds = |mutation: &Mutation| rekey(schema, holders, &born, &mut mutation.clone());
    if let Some(first) = queued.iter().position(holds) {
        queued.truncate(first);
    }
    Ok(counts)
}

/// The temporary keys of rows in the queue that have no other yet, with their tables and numbers.
fn waiting_keys(
    schema: &Schema,
    assigned: &Assigned,
    queue: &[Mutation],
) -> Vec<(String, String, i64)> {
    let keys = queue.iter().flat_map(|mutation| drawn(schema, mutation));
    // Nobody leases keys of a table that takes no inserts any more.
    let keys = keys.filter(|(id, _)| schema.table(*id).insertable);
    let waiting = keys.filter_map(|(id, key)| {
        let table = &schema.table(id).name;
        let known = assigned
            .get(table)
            .is_some_and(|keys| keys.contains_key(key));
        let number = number_of(schema, id, key).filter(|_| !known)?;
        Some((table.clone(), key.to_owned(), number))
    });
    waiting.collect()
}
