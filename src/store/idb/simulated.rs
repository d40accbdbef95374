//! The simulated browser's IndexedDB, with our errors.

use super::{Mark, Mode, StoreSpec, named};
use crate::browser::{List, Value};
use haversack_core::Error;
use haversack_simulated_browser::idb::{self, Exception};

pub use idb::{Database, Request, Watch, above, span};

fn error_of(exception: Exception) -> Error {
    named(exception.name, &exception.message)
}

/// Opens a database with at least these stores.
///
/// # Errors
/// `storage_failed`.
pub async fn open(name: &str, stores: &[StoreSpec]) -> Result<Database, Error> {
    opened(name, stores, None).await
}

/// Opens a database under a new version, once every other connection has closed, and puts the mark.
///
/// # Errors
/// `storage_failed`.
pub async fn open_newer(
    name: &str,
    stores: &[StoreSpec],
    mark: &Mark<'_>,
) -> Result<Database, Error> {
    opened(name, stores, Some((mark.store, mark.key, mark.value))).await
}

async fn opened(
    name: &str,
    stores: &[StoreSpec],
    mark: Option<idb::Mark<'_>>,
) -> Result<Database, Error> {
    let stores: Vec<(String, bool)> = stores
        .iter()
        .map(|store| (store.name.clone(), store.auto_increment))
        .collect();
    idb::open(name, &stores, mark).await.map_err(error_of)
}

/// A transaction. One that writes and is dropped before [`Tx::done`] is aborted.
pub struct Tx(idb::Tx);

impl Tx {
    /// Begins a transaction over these stores.
    ///
    /// # Errors
    /// `storage_failed`.
    pub fn begin(database: &Database, stores: &[&str], mode: Mode) -> Result<Self, Error> {
        let mode = match mode {
            Mode::Read => idb::Mode::Read,
            Mode::Relaxed => idb::Mode::Relaxed,
            Mode::Strict => idb::Mode::Strict,
        };
        let inner = idb::Tx::begin(database, stores, mode);
        inner.map(Self).map_err(error_of)
    }

    /// A store of the transaction.
    ///
    /// # Errors
    /// `storage_failed`.
    pub fn store(&self, name: &str) -> Result<Store, Error> {
        self.0.store(name).map(Store).map_err(error_of)
    }

    /// Resolves when the transaction has completed.
    ///
    /// # Errors
    /// `storage_quota` and `storage_failed`.
    pub async fn done(self) -> Result<(), Error> {
        self.0.done().await.map_err(error_of)
    }
}

/// A store within a transaction.
pub struct Store(idb::Store);

/// Every method fails with `storage_failed` where the transaction is not active.
#[expect(missing_docs, reason = "they are those of the browser's store")]
impl Store {
    pub fn put(&self, value: &Value, key: &Value) -> Result<(), Error> {
        self.0.put(value, key).map_err(error_of)
    }

    pub fn add(&self, value: &Value) -> Result<Request, Error> {
        self.0.add(value).map_err(error_of)
    }

    pub fn delete(&self, range: &Value) -> Result<(), Error> {
        self.0.delete(range).map_err(error_of)
    }

    pub fn clear(&self) -> Result<(), Error> {
        self.0.clear().map_err(error_of)
    }

    pub async fn get(&self, key: &Value) -> Result<Value, Error> {
        self.0.get(key).await.map_err(error_of)
    }

    pub async fn get_all(&self, range: &Value, limit: u32) -> Result<List, Error> {
        self.0.get_all(range, limit).await.map_err(error_of)
    }

    pub async fn get_all_keys(&self, range: &Value, limit: u32) -> Result<List, Error> {
        self.0.get_all_keys(range, limit).await.map_err(error_of)
    }
}
