//! What a replica keeps on disk, and under which names.
//!
//! One IndexedDB database per endpoint and user; a small one beside it remembers the last user.
//! Invariants: the row stores hold confirmed rows only; rows and cursor advance in one
//! transaction (I7); a mutation is in `sync_queue` from its acknowledgement until the transaction
//! that records its verdict (I4).

mod acknowledged;
pub mod idb;
pub mod journal;
pub mod layout;
pub mod leases;
pub mod queue;
pub mod temporary;
#[cfg(all(test, target_arch = "wasm32"))]
mod tests;

use crate::browser::{List, Value};
use haversack_core::planted;
use haversack_core::schema::Schema;
use haversack_core::{Error, ErrorCode};
use idb::{Database, Mode, StoreSpec, Tx};
use layout::State;

/// The open store of one user.
pub struct Store {
    /// The connection.
    pub db: Database,
    /// The database's name.
    pub name: String,
}

/// The last user of an endpoint on this device; None before the first sign-in.
///
/// # Errors
/// `storage_unavailable` and `storage_failed`.
pub async fn last_user(url: &str) -> Result<Option<String>, Error> {
    let db = open_catalog().await?;
    let tx = Tx::begin(&db, &[layout::CATALOG_STORE], Mode::Read)?;
    let user = tx.store(layout::CATALOG_STORE)?.get(&url.into()).await?;
    db.close();
    Ok(user.as_string())
}

/// Remembers the last user of an endpoint.
///
/// # Errors
/// `storage_unavailable`, `storage_quota` and `storage_failed`.
pub async fn remember_user(url: &str, user: &str) -> Result<(), Error> {
    let db = open_catalog().await?;
    let tx = Tx::begin(&db, &[layout::CATALOG_STORE], Mode::Strict)?;
    tx.store(layout::CATALOG_STORE)?
        .put(&user.into(), &url.into())?;
    let result = tx.done().await;
    db.close();
    result
}

async fn open_catalog() -> Result<Database, Error> {
    let store = StoreSpec {
        name: layout::CATALOG_STORE.to_owned(),
        auto_increment: false,
    };
    idb::open(layout::CATALOG_NAME, &[store]).await
}

impl Store {
    /// Opens the database of a user, with a store for each table.
    ///
    /// # Errors
    /// `storage_unavailable`, `storage_failed`, and `store_too_new` where newer code wrote it.
    pub async fn open(url: &str, user: &str, schema: &Schema) -> Result<(Self, State), Error> {
        let name = layout::database_name(url, user);
        let db = idb::open(&name, &layout::stores(schema)).await?;
        let tx = Tx::begin(&db, &[layout::META], Mode::Read)?;
        let stored = tx
            .store(layout::META)?
            .get(&layout::STATE_KEY.into())
            .await?;
        let state = match layout::from_js::<State>(&stored)? {
            Some(state) if state.store_version > layout::STORE_VERSION => {
                db.close();
                return Err(Error::new(
                    ErrorCode::StoreTooNew,
                    format!(
                        "the local store has version {}, this code knows {}",
                        state.store_version,
                        layout::STORE_VERSION
                    ),
                )
                .hint("reload the page to get the newer code"));
            }
            Some(state) => state,
            None => Self::initialise(&db, user).await?,
        };
        Ok((Self { db, name }, state))
    }

    /// Two tabs may open a new database at once: the first to write decides the replica's id.
    async fn initialise(db: &Database, user: &str) -> Result<State, Error> {
        let tx = Tx::begin(db, &[layout::META], Mode::Strict)?;
        let meta = tx.store(layout::META)?;
        let stored = meta.get(&layout::STATE_KEY.into()).await?;
        if let Some(state) = layout::from_js::<State>(&stored)? {
            return Ok(state);
        }
        let state = State::new(crate::browser::random_uuid(), user);
        meta.put(&layout::to_js(&state)?, &layout::STATE_KEY.into())?;
        tx.done().await?;
        Ok(state)
    }

    /// Reads the state.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn state(&self) -> Result<State, Error> {
        let tx = Tx::begin(&self.db, &[layout::META], Mode::Read)?;
        let stored = tx
            .store(layout::META)?
            .get(&layout::STATE_KEY.into())
            .await?;
        layout::from_js(&stored)?.ok_or_else(lost_state)
    }

    /// Takes the lead: from now on writes under an older fence are refused.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn take_fence(&self) -> Result<f64, Error> {
        let tx = Tx::begin(&self.db, &[layout::META], Mode::Strict)?;
        let meta = tx.store(layout::META)?;
        let fence = meta
            .get(&layout::FENCE_KEY.into())
            .await?
            .as_f64()
            .unwrap_or(0.0)
            + 1.0;
        meta.put(&fence.into(), &layout::FENCE_KEY.into())?;
        tx.done().await?;
        Ok(fence)
    }

    /// Becomes another replica, where the server knows this one otherwise than it knows itself, as
    /// after a browser's profile was copied: a new id, no cursor, no leases. The queue stays, its numbers go on. False where
    /// another tab leads.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn renew(&self, fence: f64) -> Result<bool, Error> {
        let tx = Tx::begin(
            &self.db,
            &[
                layout::META,
                layout::QUEUE,
                layout::LEASES,
                layout::ACKNOWLEDGED,
            ],
            Mode::Strict,
        )?;
        if !holds_fence(&tx, fence).await? {
            return Ok(false);
        }
        let meta = tx.store(layout::META)?;
        let stored = meta.get(&layout::STATE_KEY.into()).await?;
        let Some(state) = layout::from_js::<State>(&stored)? else {
            return Ok(false);
        };
        let first = tx
            .store(layout::QUEUE)?
            .get_all_keys(&Value::UNDEFINED, 1)
            .await?;
        let judged = match first.get(0).as_f64() {
            Some(first) => first as u64 - 1,
            None => state.judged,
        };
        let replica = match planted::is("renewed-under-old-id") {
            true => state.replica.clone(),
            false => crate::browser::random_uuid(),
        };
        let state = State {
            replica,
            cursor: None,
            epoch: None,
            began: judged,
            judged,
            judged_at: Vec::new(),
            ..state
        };
        meta.put(&layout::to_js(&state)?, &layout::STATE_KEY.into())?;
        tx.store(layout::LEASES)?.clear()?;
        // Their numbers are those of the replica that it was.
        tx.store(layout::ACKNOWLEDGED)?.clear()?;
        tx.done().await?;
        Ok(true)
    }

    /// All keys of a table's store.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn keys(&self, store: &str) -> Result<List, Error> {
        let tx = Tx::begin(&self.db, &[store], Mode::Read)?;
        tx.store(store)?
            .get_all_keys(&Value::UNDEFINED, u32::MAX)
            .await
    }
}

/// The error of a store without its state record.
pub fn lost_state() -> Error {
    Error::new(
        ErrorCode::StorageFailed,
        "the local store has lost its state record",
    )
}

/// Is the fence of `meta` still ours? Every write of a leader asks within its own transaction, so
/// a leader that was frozen and replaced changes nothing when it thaws (F19).
///
/// # Errors
/// `storage_failed`.
pub async fn holds_fence(tx: &Tx, fence: f64) -> Result<bool, Error> {
    let stored = tx
        .store(layout::META)?
        .get(&layout::FENCE_KEY.into())
        .await?;
    Ok(stored.as_f64() == Some(fence))
}
