//! What tabs did and saw, and what is known of each device's disk; the checkers read it.

use crate::draft::Draft;
use crate::history::{Device, Seat};
use haversack_core::protocol::{KeyText, Seq};
use haversack_core::schema::{ColumnId, TableId};
use std::collections::{BTreeMap, BTreeSet};

/// A write of a tab, by its place in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub usize);

/// What became of a write locally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The tab was not told, or not yet.
    Unknown,
    /// It is durable under a number.
    Durable(Seq),
    /// It could not be stored, and was undone.
    Failed,
}

/// A write that a tab's client accepted.
#[derive(Clone, Debug)]
pub struct Written {
    /// The session of the tab.
    pub session: usize,
    /// The device.
    pub device: Device,
    /// The client's number for it.
    pub local: u64,
    /// What the application wrote.
    pub drafts: Vec<Draft>,
    /// The row of each, as the client said.
    pub keys: Vec<KeyText>,
    /// What became of it.
    pub stored: Stored,
    /// The mutation's verdict, as the tab was told.
    pub settled: Option<&'static str>,
    /// The refused mutation in whose place it is.
    pub instead_of: Option<Seq>,
}

/// A place for a value.
pub type Place = (TableId, KeyText, ColumnId);

/// What a session did.
#[derive(Clone, Debug)]
pub enum Entry {
    /// It wrote.
    Wrote(WriteId),
    /// It looked at everything.
    Read {
        /// The traced values that it saw, but for those of rows with a write of its own without a number.
        values: Vec<(Place, String)>,
        /// The rows that it saw.
        present: BTreeSet<(TableId, KeyText)>,
    },
}

/// A tab from its opening to its end.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where.
    pub seat: Seat,
    /// In its order.
    pub entries: Vec<Entry>,
}

/// Where a patch on a device's disk stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The server's history.
    pub epoch: String,
    /// The cursor.
    pub cursor: String,
}

/// What is known of a device's disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// Where each patch stands.
    pub patches: BTreeMap<u64, Standing>,
    /// The ids that it had as a replica.
    pub replicas: BTreeSet<String>,
    /// The durable mutations, by number.
    pub durable: BTreeMap<Seq, WriteId>,
    /// Refused mutations that the application has dealt with.
    pub dealt: BTreeSet<Seq>,
    /// Mutations whose lost values the application has forgotten.
    pub forgotten: BTreeSet<Seq>,
}

/// A request that a device sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When, in microseconds.
    pub at_us: u64,
    /// The hash of its body.
    pub body: u64,
    /// It was answered, whole and well.
    pub answered: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Record {
    /// What tabs wrote.
    pub writes: Vec<Written>,
    /// The tabs.
    pub sessions: Vec<Session>,
    /// Who wrote each traced value.
    pub values: BTreeMap<String, WriteId>,
    /// The disks, by device.
    pub disks: BTreeMap<Device, Disk>,
    /// The requests, by device.
    pub requests: BTreeMap<Device, Vec<Asked>>,
    /// When something happened on a device that calls for an attempt at once, in microseconds.
    pub prompts: BTreeMap<Device, Vec<u64>>,
    /// The user of each replica that an endpoint heard of.
    pub replicas: BTreeMap<String, String>,
    /// The last number in a traced value.
    pub counter: u64,
}

impl Record {
    /// The disk of a device.
    pub fn disk(&mut self, device: Device) -> &mut Disk {
        self.disks.entry(device).or_default()
    }

    /// The write of a session under the client's number.
    pub fn find(&self, session: usize, local: u64) -> Option<WriteId> {
        let mut writes = self.writes.iter().enumerate().rev();
        let found = writes.find(|(_, w)| w.session == session && w.local == local);
        found.map(|(at, _)| WriteId(at))
    }

    /// A write.
    pub fn write(&self, id: WriteId) -> &Written {
        &self.writes[id.0]
    }
}
