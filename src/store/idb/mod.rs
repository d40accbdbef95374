//! IndexedDB, thinly: open, transactions with a durability, one future per transaction.
//!
//! rexie is not used, because it offers neither `durability` nor `versionchange`
//! (`docs/decisions/0002-indexeddb-without-rexie.md`). Requests are issued in one turn and only
//! the transaction is awaited, unless a value is needed: a future per put costs three times the
//! put. Nothing here may await anything but IndexedDB while a transaction is open, since it
//! commits when idle (F12).

#[cfg(not(target_arch = "wasm32"))]
mod simulated;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use simulated::{Database, Request, Store, Tx, Watch, above, open, open_newer, span};
#[cfg(target_arch = "wasm32")]
pub use web::{Database, Request, Store, Tx, Watch, above, open, open_newer, span};

use haversack_core::{Error, ErrorCode};

/// What a transaction may do, and what its completion means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Reading.
    Read,
    /// Writing what can be fetched again: completion does not mean that it is on disk (F11).
    Relaxed,
    /// Writing what must not be lost: completion means that it is on disk.
    Strict,
}

/// An object store that a database must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSpec {
    /// Its name.
    pub name: String,
    /// Does the browser number the records?
    pub auto_increment: bool,
}

/// A record that is put in the very transaction that upgrades a database: whoever opens it afterwards
/// finds it.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'m> {
    /// The store, which has to be one of the database's.
    pub store: &'m str,
    /// The record's key.
    pub key: &'m str,
    /// The record.
    pub value: &'m str,
}

/// The error that an exception of IndexedDB of this name stands for.
fn named(name: &str, message: &str) -> Error {
    let code = match name {
        "QuotaExceededError" => ErrorCode::StorageQuota,
        "VersionError" => ErrorCode::StoreTooNew,
        "SecurityError" => ErrorCode::StorageUnavailable,
        _ => ErrorCode::StorageFailed,
    };
    Error::new(code, format!("IndexedDB said {name}: {message}"))
}
