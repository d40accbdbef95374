//! The browser's IndexedDB.

use super::{Mark, Mode, StoreSpec, named};
use haversack_core::{Error, ErrorCode};
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = indexedDB)]
    static INDEXED_DB: JsValue;

    type RawDatabase;
    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &RawDatabase,
        stores: &Array,
        mode: &str,
        options: &JsValue,
    ) -> Result<IdbTransaction, JsValue>;
}

/// How long an open may take before it is given up, in milliseconds (F15).
const OPEN_MS_MAX: u64 = 10_000;

/// How often an open tries to add the stores that are missing.
const UPGRADES_MAX: u32 = 5;

fn factory() -> Result<IdbFactory, Error> {
    let factory = INDEXED_DB.with(Clone::clone);
    if factory.is_object() {
        return Ok(factory.unchecked_into());
    }
    Err(unavailable("this browser offers no IndexedDB here"))
}

fn unavailable(why: &str) -> Error {
    Error::new(
        ErrorCode::StorageUnavailable,
        format!("nothing can be stored: {why}"),
    )
    .hint("private windows and blocked site data refuse IndexedDB; allow site data for this page")
}

/// The error that an exception of IndexedDB stands for.
fn error_of(exception: &JsValue) -> Error {
    let text = |field: &str| {
        Reflect::get(exception, &field.into())
            .ok()
            .and_then(|v| v.as_string())
            .unwrap_or_default()
    };
    named(&text("name"), &text("message"))
}

/// Opens a database with at least these stores, upgrading it where some are missing.
///
/// # Errors
/// `storage_unavailable`, `storage_failed` (also when another tab blocks the upgrade for 10 s).
pub async fn open(name: &str, stores: &[StoreSpec]) -> Result<Database, Error> {
    let mut database = open_at(name, None, stores, None).await?;
    // Another tab may upgrade at the same time, to stores of its own.
    for _ in 0..UPGRADES_MAX {
        let names = database.object_store_names();
        if stores.iter().all(|store| names.contains(&store.name)) {
            return Ok(Database(database));
        }
        let next = database.version() as u32 + 1;
        database.close();
        database = match open_at(name, Some(next), stores, None).await {
            Err(error) if error.code == ErrorCode::StoreTooNew => {
                open_at(name, None, stores, None).await?
            }
            opened => opened?,
        };
    }
    Ok(Database(database))
}

/// Opens a database under a new version, once every other connection has closed, and puts the mark.
///
/// # Errors
/// As [`open`].
pub async fn open_newer(
    name: &str,
    stores: &[StoreSpec],
    mark: &Mark<'_>,
) -> Result<Database, Error> {
    let known = open_at(name, None, stores, None).await?;
    let next = known.version() as u32 + 1;
    known.close();
    match open_at(name, Some(next), stores, Some(mark)).await {
        // Another tab has done so at the same time.
        Err(error) if error.code == ErrorCode::StoreTooNew => open(name, stores).await,
        opened => opened.map(Database),
    }
}

/// A connection to a database.
pub struct Database(IdbDatabase);

/// What a connection listens to; dropping it ends that.
pub struct Watch {
    database: IdbDatabase,
    _callbacks: [Closure<dyn FnMut(JsValue)>; 2],
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.database.set_onversionchange(None);
        self.database.set_onclose(None);
    }
}

impl Database {
    /// Closes the connection, once its transactions are done.
    pub fn close(&self) {
        self.0.close();
    }

    /// Calls back when newer code wants to upgrade the database, or the browser has closed it.
    pub fn watch(
        &self,
        on_version_change: impl Fn() + 'static,
        on_close: impl Fn() + 'static,
    ) -> Watch {
        let version_change = Closure::new(move |_event: JsValue| on_version_change());
        let close = Closure::new(move |_event: JsValue| on_close());
        self.0
            .set_onversionchange(Some(version_change.as_ref().unchecked_ref()));
        self.0.set_onclose(Some(close.as_ref().unchecked_ref()));
        Watch {
            database: self.0.clone(),
            _callbacks: [version_change, close],
        }
    }

    /// The browser's own.
    #[cfg(test)]
    pub fn raw(&self) -> &IdbDatabase {
        &self.0
    }
}

async fn open_at(
    name: &str,
    version: Option<u32>,
    stores: &[StoreSpec],
    mark: Option<&Mark<'_>>,
) -> Result<IdbDatabase, Error> {
    let factory = factory()?;
    let request = match version {
        Some(version) => factory.open_with_u32(name, version),
        None => factory.open(name),
    }
    .map_err(|e| unavailable(&error_of(&e).message))?;
    let upgrading = request.clone();
    let stores = stores.to_vec();
    let mark = mark.map(|mark| [mark.store, mark.key, mark.value].map(str::to_owned));
    let on_upgrade = Closure::once(move |_event: JsValue| {
        create_missing(&upgrading, &stores);
        if let Some([store, key, value]) = &mark
            && let Some(upgrade) = upgrading.transaction()
            && let Ok(store) = upgrade.object_store(store)
        {
            let _ = store.put_with_key(&value.as_str().into(), &key.as_str().into());
        }
    });
    request.set_onupgradeneeded(Some(on_upgrade.as_ref().unchecked_ref()));
    let opened = settled(request.as_ref());
    match race(opened, crate::browser::timer::sleep(OPEN_MS_MAX)).await {
        Some(Ok(database)) => Ok(database.unchecked_into()),
        Some(Err(exception)) => Err(match error_of(&exception) {
            error if error.code == ErrorCode::StorageFailed => unavailable(&error.message),
            error => error,
        }),
        None => {
            // The request may still succeed one day: then nobody wants the handle.
            let late = Closure::once_into_js(move |event: web_sys::Event| {
                let target = event
                    .target()
                    .map(|t| t.unchecked_into::<IdbOpenDbRequest>());
                if let Some(Ok(result)) = target.map(|t| t.result()) {
                    result.unchecked_into::<IdbDatabase>().close();
                }
            });
            request.set_onsuccess(Some(late.unchecked_ref()));
            Err(Error::new(
                ErrorCode::StorageFailed,
                "the local store did not open within 10 s; another tab may be holding it",
            )
            .hint("close other tabs of this site, then reload"))
        }
    }
}

fn create_missing(request: &IdbOpenDbRequest, stores: &[StoreSpec]) {
    let Ok(result) = request.result() else { return };
    let database: IdbDatabase = result.unchecked_into();
    let names = database.object_store_names();
    for store in stores.iter().filter(|store| !names.contains(&store.name)) {
        let options = Object::new();
        let _ = Reflect::set(
            &options,
            &"autoIncrement".into(),
            &store.auto_increment.into(),
        );
        let call = Reflect::get(&database, &"createObjectStore".into());
        if let Ok(create) = call {
            let create: js_sys::Function = create.unchecked_into();
            let _ = create.call2(&database, &store.name.as_str().into(), &options);
        }
    }
}

/// The first of two futures: `Some` of the first, or None when the second was earlier.
async fn race(
    first: JsFuture,
    second: impl Future<Output = ()> + 'static,
) -> Option<Result<JsValue, JsValue>> {
    use std::task::Poll;
    let mut first = Box::pin(first);
    let mut second = Box::pin(second);
    std::future::poll_fn(move |context| {
        if let Poll::Ready(result) = first.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        second.as_mut().poll(context).map(|()| None)
    })
    .await
}

fn settled(request: &IdbRequest) -> JsFuture {
    let promise = Promise::new(&mut |resolve, reject| {
        let source = request.clone();
        // One closure serves both outcomes, since exactly one of them comes and frees it.
        let outcome = Closure::once_into_js(move |_event: JsValue| match source.error() {
            Ok(Some(error)) => reject.call1(&JsValue::UNDEFINED, &error),
            Ok(None) | Err(_) => {
                resolve.call1(&JsValue::UNDEFINED, &source.result().unwrap_or_default())
            }
        });
        request.set_onsuccess(Some(outcome.unchecked_ref()));
        request.set_onerror(Some(outcome.unchecked_ref()));
    });
    JsFuture::from(promise)
}

/// A transaction. One that writes and is dropped before [`Tx::done`] is aborted: what was put
/// before an error must not be stored without the rest.
pub struct Tx {
    inner: IdbTransaction,
    done: Option<JsFuture>,
    writes: bool,
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.writes && self.done.is_some() {
            let _ = self.inner.abort();
        }
    }
}

impl Tx {
    /// Begins a transaction over these stores.
    ///
    /// # Errors
    /// `storage_failed` where the connection has died.
    pub fn begin(database: &Database, stores: &[&str], mode: Mode) -> Result<Self, Error> {
        let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        let options = Object::new();
        let writes = mode != Mode::Read;
        let (mode, durability) = match mode {
            Mode::Read => ("readonly", "default"),
            Mode::Relaxed => ("readwrite", "relaxed"),
            Mode::Strict => ("readwrite", "strict"),
        };
        let _ = Reflect::set(&options, &"durability".into(), &durability.into());
        let inner = database
            .0
            .unchecked_ref::<RawDatabase>()
            .transaction(&names, mode, &options)
            .map_err(|e| error_of(&e))?;
        let done = Some(completion(&inner));
        Ok(Self {
            inner,
            done,
            writes,
        })
    }

    /// A store of the transaction.
    ///
    /// # Errors
    /// `storage_failed` where it is not one.
    pub fn store(&self, name: &str) -> Result<Store, Error> {
        self.inner
            .object_store(name)
            .map(|inner| Store { inner })
            .map_err(|e| error_of(&e))
    }

    /// Resolves when the transaction has completed.
    ///
    /// # Errors
    /// `storage_quota` or `storage_failed`; then nothing of it is stored.
    pub async fn done(mut self) -> Result<(), Error> {
        match self.done.take() {
            Some(done) => done.await.map(drop).map_err(|e| error_of(&e)),
            None => Ok(()),
        }
    }
}

fn completion(transaction: &IdbTransaction) -> JsFuture {
    JsFuture::from(Promise::new(&mut |resolve, reject| {
        let source = transaction.clone();
        // One closure serves both outcomes, since exactly one of them comes and frees it. The
        // reason of an abort is on the transaction, not on a request: a full disk, for one.
        let outcome = Closure::once_into_js(move |event: web_sys::Event| {
            if event.type_() == "complete" {
                return resolve.call0(&JsValue::UNDEFINED);
            }
            let error = source.error().map(JsValue::from).unwrap_or_default();
            reject.call1(&JsValue::UNDEFINED, &error)
        });
        transaction.set_oncomplete(Some(outcome.unchecked_ref()));
        transaction.set_onabort(Some(outcome.unchecked_ref()));
    }))
}

/// A store within a transaction.
pub struct Store {
    inner: IdbObjectStore,
}

impl Store {
    /// Puts a record under a key, without waiting: a failure aborts the transaction.
    ///
    /// # Errors
    /// `storage_failed` where the value can't be stored at all.
    pub fn put(&self, value: &JsValue, key: &JsValue) -> Result<(), Error> {
        self.inner
            .put_with_key(value, key)
            .map(drop)
            .map_err(|e| error_of(&e))
    }

    /// Adds a record under the store's next number, which the request will have.
    ///
    /// # Errors
    /// `storage_failed` where the value can't be stored at all.
    pub fn add(&self, value: &JsValue) -> Result<Request, Error> {
        let request = self.inner.add(value).map_err(|e| error_of(&e))?;
        Ok(Request(request))
    }

    /// Deletes a record, or all in a key range, without waiting.
    ///
    /// # Errors
    /// `storage_failed`.
    pub fn delete(&self, key: &JsValue) -> Result<(), Error> {
        self.inner.delete(key).map(drop).map_err(|e| error_of(&e))
    }

    /// Deletes all records, without waiting.
    ///
    /// # Errors
    /// `storage_failed`.
    pub fn clear(&self) -> Result<(), Error> {
        self.inner.clear().map(drop).map_err(|e| error_of(&e))
    }

    /// Reads a record; undefined where there is none.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn get(&self, key: &JsValue) -> Result<JsValue, Error> {
        let request = self.inner.get(key).map_err(|e| error_of(&e))?;
        settled(&request).await.map_err(|e| error_of(&e))
    }

    /// Reads up to `limit` records of a key range (undefined: all), in key order.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn get_all(&self, range: &JsValue, limit: u32) -> Result<Array, Error> {
        let request = self
            .inner
            .get_all_with_key_and_limit(range, limit)
            .map_err(|e| error_of(&e))?;
        settled(&request)
            .await
            .map(|v| Array::from(&v))
            .map_err(|e| error_of(&e))
    }

    /// Reads up to `limit` keys of a key range (undefined: all), in order.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn get_all_keys(&self, range: &JsValue, limit: u32) -> Result<Array, Error> {
        let request = self
            .inner
            .get_all_keys_with_key_and_limit(range, limit)
            .map_err(|e| error_of(&e))?;
        settled(&request)
            .await
            .map(|v| Array::from(&v))
            .map_err(|e| error_of(&e))
    }
}

/// What will have a result once its transaction is done.
#[derive(Debug)]
pub struct Request(IdbRequest);

impl Request {
    /// The browser's own.
    #[cfg(test)]
    pub fn raw(&self) -> &IdbRequest {
        &self.0
    }

    /// The result.
    pub fn result(&self) -> JsValue {
        self.0.result().unwrap_or_default()
    }
}

/// The key range above `key`, exclusive.
pub fn above(key: &JsValue) -> JsValue {
    web_sys::IdbKeyRange::lower_bound_with_open(key, true)
        .map(JsValue::from)
        .unwrap_or_default()
}

/// The key range from `low` to `high`, inclusive.
pub fn span(low: &JsValue, high: &JsValue) -> JsValue {
    web_sys::IdbKeyRange::bound(low, high)
        .map(JsValue::from)
        .unwrap_or_default()
}
