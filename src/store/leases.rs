//! Leased keys on disk: one record per table, changed in IndexedDB transactions only, so that two
//! tabs never hold the same key.

use super::Store;
use super::idb::{Mode, Tx};
use super::layout::{self, LEASES, QUEUE};
use super::queue::read_queue;
use crate::browser::locks;
use haversack_core::Error;
use haversack_core::lease::{Lease, Ranges};
use haversack_core::map::Map;
use haversack_core::protocol::{Mutation, Op};
use haversack_core::schema::Schema;
use wasm_bindgen::JsValue;

impl Store {
    /// Takes keys for this tab, so many from each table's lease, and first frees what dead tabs
    /// held.
    ///
    /// Who is dead is found in the only safe order: the holders are read, then the living asked
    /// for. A tab has its lock before it takes keys, so a holder without one is dead for good.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn take_keys(
        &self,
        schema: &Schema,
        wanted: &Map<u32>,
        tab: &str,
    ) -> Result<Map<Ranges>, Error> {
        let dead = self.dead_holders(wanted).await?;
        let tx = Tx::begin(&self.db, &[LEASES, QUEUE], Mode::Strict)?;
        let mut leases = Map::new();
        for table in wanted.keys() {
            leases.insert(table.clone(), read(&tx, table).await?);
        }
        if !dead.is_empty() {
            let queued = read_queue(&tx, &JsValue::UNDEFINED, u32::MAX).await?;
            for (table, key) in queued.iter().flat_map(|m| drawn_keys(schema, m)) {
                if let Some(lease) = leases.get_mut(&table) {
                    lease.spend(key);
                }
            }
            leases.values_mut().for_each(|lease| lease.reclaim(&dead));
        }
        let mut taken = Map::new();
        for (table, mut lease) in leases {
            let ranges = lease.take(tab, wanted[&*table]);
            write(&tx, &table, &lease)?;
            taken.insert(table, ranges);
        }
        tx.done().await?;
        Ok(taken)
    }

    async fn dead_holders(&self, tables: &Map<u32>) -> Result<Vec<String>, Error> {
        let tx = Tx::begin(&self.db, &[LEASES], Mode::Read)?;
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

/// The sequence keys that a mutation gave to new rows.
fn drawn_keys(schema: &Schema, mutation: &Mutation) -> Vec<(String, i64)> {
    mutation
        .ops
        .iter()
        .filter_map(|op| {
            let Op::Insert { table, values } = op else {
                return None;
            };
            let definition = schema.table(schema.table_id(table)?);
            let column = definition.column(definition.sequence_key()?);
            let key = values.get(&column.name)?.as_ref()?.parse().ok()?;
            Some((table.clone(), key))
        })
        .collect()
}

async fn read(tx: &Tx, table: &str) -> Result<Lease, Error> {
    let record = tx.store(LEASES)?.get(&table.into()).await?;
    Ok(layout::from_js(&record)?.unwrap_or_default())
}

fn write(tx: &Tx, table: &str, lease: &Lease) -> Result<(), Error> {
    tx.store(LEASES)?.put(&layout::to_js(lease)?, &table.into())
}
