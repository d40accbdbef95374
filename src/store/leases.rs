//! Leased keys on disk: one record per table, changed in IndexedDB transactions only, so that two
//! tabs never hold the same key.

use super::Store;
use super::idb::{Mode, Tx};
use super::layout::{self, LEASES, META, NUMBERS_KEY, QUEUE};
use super::queue::read_queue;
use crate::browser::{Value, locks};
use haversack_core::Error;
use haversack_core::lease::{Lease, Ranges};
use haversack_core::map::Map;
use haversack_core::planted;
use haversack_core::protocol::Mutation;
use haversack_core::queue::QUEUE_MAX;
use haversack_core::queue::rekey::{TEMPORARY_KEYS, drawn, number_of};
use haversack_core::schema::Schema;

/// Beside the tables, which all have names: the numbers of which temporary keys are made, taken by
/// tabs as keys are.
pub const NUMBERS: &str = "";
/// How many of them a tab holds: half, below which it takes more, are enough for a full queue.
const NUMBERS_BLOCK: u32 = 32_768;
const _: () = assert!(NUMBERS_BLOCK as usize / 2 > QUEUE_MAX);

/// What a tab took of a lease.
pub struct Taken {
    /// The keys.
    pub ranges: Ranges,
    /// How many it holds when it is full.
    pub block: u32,
}

impl Store {
    /// Takes keys for this tab, as many from each table's lease as it lacks beside those that it has
    /// `left`, and first frees what dead tabs held.
    ///
    /// Who is dead is found in the only safe order: the holders are read, then the living asked
    /// for. A tab has its lock before it takes keys, so a holder without one is dead for good.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn take_keys(
        &self,
        schema: &Schema,
        left: &Map<u32>,
        tab: &str,
    ) -> Result<Map<Taken>, Error> {
        let dead = self.dead_holders(left).await?;
        let tx = Tx::begin(&self.db, &[META, LEASES, QUEUE], Mode::Strict)?;
        let mut leases = Map::new();
        for table in left.keys() {
            leases.insert(table.clone(), read(&tx, table).await?);
        }
        if !dead.is_empty() {
            let queued = read_queue(&tx, &Value::UNDEFINED, u32::MAX).await?;
            let queued = queued
                .iter()
                .filter(|_| !planted::is("queued-keys-reclaimed"));
            for (table, key) in queued.flat_map(|m| drawn_keys(schema, m)) {
                if let Some(lease) = leases.get_mut(&table) {
                    lease.spend(key);
                }
            }
            leases.values_mut().for_each(|lease| lease.reclaim(&dead));
        }
        let mut taken = Map::new();
        for (table, mut lease) in leases {
            let (ranges, block) = (lease.take(tab, left[&*table]), lease.block());
            write(&tx, &table, &lease)?;
            taken.insert(table, Taken { ranges, block });
        }
        tx.done().await?;
        Ok(taken)
    }

    async fn dead_holders(&self, tables: &Map<u32>) -> Result<Vec<String>, Error> {
        let tx = Tx::begin(&self.db, &[META, LEASES], Mode::Read)?;
        let mut holders: Vec<String> = Vec::new();
        for table in tables.keys() {
            holders.extend(read(&tx, table).await?.holders().map(str::to_owned));
        }
        // Without Web Locks nobody knows who is dead, so nothing is taken from anybody.
        let Some(held) = locks::held().await else {
            return Ok(Vec::new());
        };
        holders.retain(|tab| !held.contains(&tab_lock(&self.name, tab)));
        Ok(holders)
    }

    /// How many more keys each table with a sequence wants.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn wanted_keys(&self, schema: &Schema) -> Result<Map<u32>, Error> {
        let tx = Tx::begin(&self.db, &[LEASES], Mode::Read)?;
        let mut wanted = Map::new();
        for table in schema
            .tables
            .iter()
            .filter(|t| t.insertable && t.sequence_key().is_some())
        {
            let count = read(&tx, &table.name).await?.wanted();
            if count > 0 {
                wanted.insert(table.name.clone(), count);
            }
        }
        Ok(wanted)
    }
}

/// The name of the lock that a tab holds as long as it lives.
pub fn tab_lock(database: &str, tab: &str) -> String {
    format!("{database} tab {tab}")
}

/// Within the transaction of a patch: adds granted keys and spends those of judged mutations.
///
/// # Errors
/// `storage_failed`.
pub async fn settle(
    tx: &Tx,
    schema: &Schema,
    granted: &Map<Ranges>,
    judged: &[Mutation],
) -> Result<(), Error> {
    let spent: Vec<(String, i64)> = judged.iter().flat_map(|m| drawn_keys(schema, m)).collect();
    let mut tables: Map<()> = granted.keys().map(|table| (table.clone(), ())).collect();
    tables.extend(spent.iter().map(|(table, _)| (table.as_str(), ())));
    for table in tables.keys() {
        let mut lease = read(tx, table).await?;
        if let Some(ranges) = granted.get(table) {
            lease.grant(ranges);
        }
        for (_, key) in spent.iter().filter(|(of, _)| **of == **table) {
            lease.spend(*key);
        }
        write(tx, table, &lease)?;
    }
    Ok(())
}

/// The sequence keys that a mutation gave to new rows, and the numbers of temporary ones.
fn drawn_keys(schema: &Schema, mutation: &Mutation) -> Vec<(String, i64)> {
    let keys = drawn(schema, mutation).filter_map(|(id, key)| {
        Some(match number_of(schema, id, key) {
            Some(number) => (NUMBERS.to_owned(), number),
            None => (schema.table(id).name.clone(), key.parse().ok()?),
        })
    });
    keys.collect()
}

/// Within a transaction: the lease of a table, or of [`NUMBERS`].
///
/// # Errors
/// `storage_failed`.
pub(super) async fn read(tx: &Tx, table: &str) -> Result<Lease, Error> {
    let (store, key) = place(table);
    let record = tx.store(store)?.get(&key.into()).await?;
    let unused = || match table {
        NUMBERS => Lease::of((0, TEMPORARY_KEYS - 1), NUMBERS_BLOCK),
        _ => Lease::default(),
    };
    Ok(layout::from_js(&record)?.unwrap_or_else(unused))
}

/// Within a transaction: stores a lease.
///
/// # Errors
/// `storage_failed`.
pub(super) fn write(tx: &Tx, table: &str, lease: &Lease) -> Result<(), Error> {
    let (store, key) = place(table);
    tx.store(store)?.put(&layout::to_js(lease)?, &key.into())
}

/// The numbers are no lease of the server's, and outlive those.
fn place(table: &str) -> (&'static str, &str) {
    match table {
        NUMBERS => (META, NUMBERS_KEY),
        _ => (LEASES, table),
    }
}
