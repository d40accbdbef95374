//! A transaction that is open, and what it did so far.

use super::image::Write;
use super::locks::Lock;
use haversack_core::protocol::KeyText;
use haversack_core::replica::Deferred;
use haversack_core::schema::TableId;

/// A transaction's name in the model, from its beginning; an id it has only once it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxId(pub u64);

/// Who commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// An endpoint, for a replica.
    Push {
        /// The user, as the token names it.
        user: String,
        /// The replica's id.
        replica: String,
    },
    /// Somebody straight in SQL.
    Sql,
}

/// An entry of the changelog to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Whom it concerns.
    pub scope: String,
    /// The table.
    pub table: TableId,
    /// The row.
    pub key: KeyText,
}

/// An open transaction.
#[derive(Debug)]
pub struct Transaction {
    pub by: By,
    /// The user as whom it acts, under row security.
    pub role: Option<String>,
    /// When what it writes counts as written, in milliseconds since 1970; now where none.
    pub made_ms: Option<i64>,
    /// A statement failed: nothing goes until what it did is undone.
    pub failed: bool,
    pub xid: Option<u64>,
    /// The ids of its savepoints that were not undone.
    pub savepoints: Vec<u64>,
    pub log: Vec<Write>,
    pub pointers: Vec<Pointer>,
    pub locks: Vec<Lock>,
    pub deferred: Vec<Deferred>,
    pub savepoint: Option<Savepoint>,
}

/// Where a savepoint began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Savepoint {
    /// Its id, once something is written in it.
    pub xid: Option<u64>,
    pub log: usize,
    pub pointers: usize,
    pub locks: usize,
    pub deferred: usize,
}

impl Transaction {
    pub fn new(by: By) -> Self {
        Self {
            by,
            role: None,
            made_ms: None,
            failed: false,
            xid: None,
            savepoints: Vec::new(),
            log: Vec::new(),
            pointers: Vec::new(),
            locks: Vec::new(),
            deferred: Vec::new(),
            savepoint: None,
        }
    }

    /// Begins a savepoint; there is one at a time.
    pub fn begin_savepoint(&mut self) {
        self.savepoint = Some(Savepoint {
            xid: None,
            log: self.log.len(),
            pointers: self.pointers.len(),
            locks: self.locks.len(),
            deferred: self.deferred.len(),
        });
    }

    /// Takes out all since the savepoint, or since the beginning; gives the id of that, and what is to be
    /// undone, in order.
    pub fn take_back(&mut self) -> (Option<u64>, Vec<Write>) {
        let since = self.savepoint.unwrap_or_default();
        self.pointers.truncate(since.pointers);
        self.locks.truncate(since.locks);
        self.deferred.truncate(since.deferred);
        let xid = match &mut self.savepoint {
            Some(savepoint) => {
                let xid = savepoint.xid.take();
                self.savepoints.retain(|known| Some(*known) != xid);
                xid
            }
            None => self.xid.take(),
        };
        (xid, self.log.split_off(since.log))
    }
}
