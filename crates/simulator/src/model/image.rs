//! The database as one transaction sees it: every row, and what Haversack records beside them.
//!
//! **Invariant.** Each change of it is a [`Write`] that can be undone and done again, so that the same
//! image shows what is committed, or that and what one open transaction did.

use haversack_core::protocol::{KeyText, Seq};
use haversack_core::replica::{Replica, RowChange};
use haversack_core::schema::{ColumnId, Schema, TableId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is recorded of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub user: String,
    /// The last of its mutations that was judged, 0 for none.
    pub last_seq: Seq,
}

/// A recorded verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// As JSON.
    pub verdict: String,
    /// Of the mutation.
    pub hash: Option<String>,
}

/// Replica, table and first key of a block.
pub type LeaseKey = (String, TableId, i64);

/// The rest of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseEnd {
    /// The last key.
    pub high: i64,
    /// The transaction that gave it.
    pub xid: u64,
}

/// Table, key and column of a value whose time of writing is kept.
pub type TimeKey = (TableId, KeyText, ColumnId);

/// A change of an image.
#[derive(Clone, Debug)]
pub enum Write {
    /// Of a row.
    Row(RowChange),
    /// Of a replica's record.
    Replica(Entry<String, Record>),
    /// Of a verdict.
    Verdict(Entry<(String, Seq), Judged>),
    /// Of a block.
    Lease(Entry<LeaseKey, LeaseEnd>),
    /// Of a time.
    Time(Entry<TimeKey, i64>),
}

/// A change of one of the maps.
#[derive(Clone, Debug)]
pub struct Entry<K, V> {
    /// Where.
    pub key: K,
    /// What was there.
    pub old: Option<V>,
    /// What is there.
    pub new: Option<V>,
}

/// The database as one transaction sees it.
#[derive(Debug)]
pub struct Image {
    /// Every row, whoever may see it, and the schema's rules.
    pub rows: Replica,
    /// By id.
    pub replicas: BTreeMap<String, Record>,
    /// By replica and number.
    pub verdicts: BTreeMap<(String, Seq), Judged>,
    /// By replica, table and first key.
    pub leases: BTreeMap<LeaseKey, LeaseEnd>,
    /// In milliseconds since 1970.
    pub times: BTreeMap<TimeKey, i64>,
}

impl Image {
    /// An empty database.
    pub fn new(schema: Arc<Schema>) -> Self {
        let mut rows = Replica::new(schema);
        rows.set_alone();
        Self {
            rows,
            replicas: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            leases: BTreeMap::new(),
            times: BTreeMap::new(),
        }
    }

    /// Does what a transaction did.
    pub fn redo(&mut self, write: &Write) {
        match write {
            Write::Row(change) => {
                self.rows
                    .put_row(change.table, &change.key, change.new.as_ref());
            }
            Write::Replica(entry) => entry.redo(&mut self.replicas),
            Write::Verdict(entry) => entry.redo(&mut self.verdicts),
            Write::Lease(entry) => entry.redo(&mut self.leases),
            Write::Time(entry) => entry.redo(&mut self.times),
        }
    }

    /// Undoes it.
    pub fn undo(&mut self, write: &Write) {
        match write {
            Write::Row(change) => {
                self.rows
                    .put_row(change.table, &change.key, change.old.as_ref());
            }
            Write::Replica(entry) => entry.undo(&mut self.replicas),
            Write::Verdict(entry) => entry.undo(&mut self.verdicts),
            Write::Lease(entry) => entry.undo(&mut self.leases),
            Write::Time(entry) => entry.undo(&mut self.times),
        }
    }
}

impl<K: Ord + Clone, V: Clone> Entry<K, V> {
    /// The change that sets an entry of a map, or removes it.
    pub fn set(map: &BTreeMap<K, V>, key: K, new: Option<V>) -> Self {
        Self {
            old: map.get(&key).cloned(),
            key,
            new,
        }
    }

    fn redo(&self, map: &mut BTreeMap<K, V>) {
        put(map, &self.key, &self.new);
    }

    fn undo(&self, map: &mut BTreeMap<K, V>) {
        put(map, &self.key, &self.old);
    }
}

fn put<K: Ord + Clone, V: Clone>(map: &mut BTreeMap<K, V>, key: &K, value: &Option<V>) {
    match value {
        Some(value) => map.insert(key.clone(), value.clone()),
        None => map.remove(key),
    };
}
