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
pub mod moving;
pub mod queue;
pub mod temporary;
#[cfg(all(test, target_arch = "wasm32"))]
mod tests;

use crate::browser::{List, Value};
use haversack_core::planted;
use haversack_core::schema::Schema;
use haversack_core::{Error, ErrorCode};
use idb::{Database, Mark, Mode, StoreSpec, Tx};
use layout::State;
use std::sync::Arc;

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
    /// Opens the database of a user, with a store for each table. One that was made under another schema
    /// is taken to this one first, whose JSON text is `text`; other tabs let go of it then.
    ///
    /// # Errors
    /// `storage_unavailable`, `storage_failed`, and `store_too_new` where newer code wrote it, or a page
    /// with a newer schema.
    pub async fn open(
        url: &str,
        user: &str,
        schema: &Schema,
        text: &str,
    ) -> Result<(Self, State), Error> {
        let name = layout::database_name(url, user);
        let stores = layout::stores(schema);
        let db = idb::open(&name, &stores).await?;
        let mut found = Found::read(&db, schema).await?;
        if found
            .as_ref()
            .is_none_or(|found| found.made_under.is_none())
        {
            Self::initialise(&db, user, schema, text).await?;
            // Another tab may have been first, with another schema.
            found = Found::read(&db, schema).await?;
        }
        let found = found.ok_or_else(lost_state)?;
        match found.judge(schema) {
            Ok(None) => Ok((Self { db, name }, found.state)),
            Ok(Some(old)) => {
                db.close();
                let mark = Mark {
                    store: layout::META,
                    key: layout::UPGRADED_KEY,
                    value: &schema.fingerprint,
                };
                let db = idb::open_newer(&name, &stores, &mark).await?;
                let taken = moving::take_over(&db, &old, schema, text).await;
                let store = Self { db, name };
                match taken {
                    Ok(()) => store.state().await.map(|state| (store, state)),
                    Err(error) => {
                        store.db.close();
                        Err(error)
                    }
                }
            }
            Err(error) => {
                db.close();
                Err(error)
            }
        }
    }

    /// Makes the state of a new database, and notes the schema under which everything will be made. Two
    /// tabs may open a new one at once: the first to write decides the replica's id.
    async fn initialise(
        db: &Database,
        user: &str,
        schema: &Schema,
        text: &str,
    ) -> Result<(), Error> {
        let tx = Tx::begin(db, &[layout::META], Mode::Strict)?;
        let meta = tx.store(layout::META)?;
        let stored = meta.get(&layout::STATE_KEY.into()).await?;
        if layout::from_js::<State>(&stored)?.is_none() {
            let state = State::new(crate::browser::random_uuid(), user);
            meta.put(&layout::to_js(&state)?, &layout::STATE_KEY.into())?;
        }
        let under = meta.get(&layout::MADE_UNDER_KEY.into()).await?;
        if under.is_undefined() {
            moving::put_schema(&tx, schema, text)?;
        }
        tx.done().await
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
            before: Vec::new(),
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

/// What a store says of itself.
struct Found {
    state: State,
    /// The fingerprint of the schema under which everything in it was made; none where code wrote it that
    /// did not note it.
    made_under: Option<String>,
    /// The fingerprint to which a tab has taken it last, or is about to.
    upgraded_to: Option<String>,
    /// The JSON text of the schema under which it was made, where that is not the one asked for.
    other: Option<String>,
}

impl Found {
    /// None where the store is new.
    async fn read(db: &Database, schema: &Schema) -> Result<Option<Self>, Error> {
        let tx = Tx::begin(db, &[layout::META], Mode::Read)?;
        let meta = tx.store(layout::META)?;
        let state = meta.get(&layout::STATE_KEY.into()).await?;
        let Some(state) = layout::from_js::<State>(&state)? else {
            return Ok(None);
        };
        let under = meta.get(&layout::MADE_UNDER_KEY.into()).await?;
        let to = meta.get(&layout::UPGRADED_KEY.into()).await?;
        let (made_under, upgraded_to) = (under.as_string(), to.as_string());
        let mut other = None;
        if made_under
            .as_ref()
            .is_some_and(|under| *under != schema.fingerprint)
        {
            other = meta.get(&layout::SCHEMA_KEY.into()).await?.as_string();
        }
        Ok(Some(Self {
            state,
            made_under,
            upgraded_to,
            other,
        }))
    }

    /// The schema from which the store has to be taken to this one; none where it is of this one, or
    /// nobody knows of which.
    fn judge(&self, schema: &Schema) -> Result<Option<Arc<Schema>>, Error> {
        let newest = layout::STORE_VERSION;
        if self.state.store_version > newest {
            let version = self.state.store_version;
            let message =
                format!("the local store has version {version}, this code knows {newest}");
            return Err(Error::new(ErrorCode::StoreTooNew, message)
                .hint("reload the page to get the newer code"));
        }
        let own = Some(&schema.fingerprint);
        if self.made_under.as_ref() == own {
            // Another tab has asked all others to let go, and is about to take it further.
            let leaves = self.upgraded_to.is_some() && self.upgraded_to.as_ref() != own;
            return if leaves {
                Err(moving::too_new())
            } else {
                Ok(None)
            };
        }
        let Some(text) = &self.other else {
            return Ok(None);
        };
        let old = match Schema::from_pulled(text) {
            Ok(old) => old,
            // Of another version of Haversack: as if it were not known.
            Err(_) => return Ok(None),
        };
        if schema.is_before(&old) {
            return Err(moving::too_new());
        }
        Ok(Some(Arc::new(old)))
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
