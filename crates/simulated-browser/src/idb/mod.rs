//! IndexedDB: databases of a device, transactions with a durability.
//!
//! As in a browser, a writing transaction waits for all earlier ones that share a store with it, a
//! reading one for the writing ones; one commits by itself when nothing is asked of it any more; and
//! nothing may be asked of it but in the event that made it, or that brought it an answer. Between
//! asking, doing, committing and hearing of it lies an event each, so a tab can die in between.

pub(crate) mod data;
mod key;
#[cfg(test)]
mod tests;

use crate::device::{DeviceId, StorageFault};
use crate::timer::{Signal, sleep};
use crate::value::{List, Value};
use crate::world::{TabId, World};
use data::{Connection, Database as Data, Records, Stores};
use key::{Key, ends};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// How long an open waits for other tabs to close, in milliseconds.
const OPEN_MS_MAX: u64 = 10_000;

/// What IndexedDB throws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its name, as `QuotaExceededError`.
    pub name: &'static str,
    /// What it says.
    pub message: String,
}

fn exception(name: &'static str, message: &str) -> Exception {
    Exception {
        name,
        message: message.to_owned(),
    }
}

/// What a transaction may do, and what its completion means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Reading.
    Read,
    /// Writing; completion does not mean that it is on disk.
    Relaxed,
    /// Writing; completion means that it is on disk.
    Strict,
}

impl Mode {
    fn writes(self) -> bool {
        self != Self::Read
    }
}

/// A connection to a database.
#[derive(Clone)]
pub struct Database {
    id: u64,
    data: Rc<RefCell<Data>>,
}

/// What a connection listens to; dropping it ends that.
pub struct Watch {
    database: Database,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut data = self.database.data.borrow_mut();
        let mine = |c: &&mut Connection| c.id == self.database.id;
        let callback = data.connections.iter_mut().find(mine);
        let callback = callback.and_then(|c| c.on_version_change.take());
        drop(data);
        drop(callback);
    }
}

/// Opens a database with at least these stores (a name, and whether its records are numbered).
///
/// # Errors
/// Where another tab does not close in time.
pub async fn open(name: &str, stores: &[(String, bool)]) -> Result<Database, Exception> {
    sleep(1).await;
    let database = World::with(|world| {
        let (id, tab) = (world.next_id(), world.current());
        let data = {
            let mut inner = world.inner();
            let databases = &mut inner.device_of(tab).databases;
            databases.entry(name.to_owned()).or_default().clone()
        };
        Database { id, data }
    });
    let missing = |data: &Data| {
        stores
            .iter()
            .any(|(name, _)| !data.stores.contains_key(name))
    };
    let mut waited = 0;
    while missing(&database.data.borrow()) && !database.data.borrow().connections.is_empty() {
        if waited == 0 {
            database.ask_others_to_close();
        }
        if waited >= OPEN_MS_MAX {
            return Err(exception("TimeoutError", "another tab holds the store"));
        }
        sleep(10).await;
        waited += 10;
    }
    let mut data = database.data.borrow_mut();
    if missing(&data) {
        for (name, numbered) in stores {
            let records = Records {
                numbered: *numbered,
                ..Records::default()
            };
            data.stores
                .entry(name.clone())
                .or_insert_with(|| Rc::new(records));
        }
        data.committed(true);
    }
    let tab = World::with(World::current);
    data.connections.push(Connection {
        id: database.id,
        tab,
        on_version_change: None,
    });
    drop(data);
    Ok(database)
}

impl Database {
    /// Closes the connection.
    pub fn close(&self) {
        let mut data = self.data.borrow_mut();
        let (gone, kept): (Vec<Connection>, _) = std::mem::take(&mut data.connections)
            .into_iter()
            .partition(|c| c.id == self.id);
        data.connections = kept;
        drop(data);
        drop(gone);
    }

    /// Calls back when newer code wants to upgrade the database, or the browser has closed it.
    pub fn watch(
        &self,
        on_version_change: impl Fn() + 'static,
        _on_close: impl Fn() + 'static,
    ) -> Watch {
        let mut data = self.data.borrow_mut();
        if let Some(own) = data.connections.iter_mut().find(|c| c.id == self.id) {
            own.on_version_change = Some(Rc::new(on_version_change));
        }
        Watch {
            database: self.clone(),
        }
    }

    fn ask_others_to_close(&self) {
        let data = self.data.borrow();
        for other in &data.connections {
            if let Some(callback) = other.on_version_change.clone() {
                let tab = Some(other.tab);
                World::with(|world| world.schedule(500, tab, Box::new(move || callback())));
            }
        }
    }
}

/// Does something to the data; gives whom to wake.
type Operation = Box<dyn FnOnce(&mut Data) -> Option<Signal>>;

pub(crate) struct TxState {
    tab: TabId,
    stores: Vec<String>,
    mode: Mode,
    started: bool,
    committing: bool,
    /// The event in which something may be asked of it.
    active: u64,
    operations: VecDeque<Operation>,
    before: Stores,
    outcome: Option<Result<(), Exception>>,
    done: Signal,
}

/// A transaction. One that writes and is dropped before [`Tx::done`] is aborted.
pub struct Tx {
    data: Rc<RefCell<Data>>,
    state: Rc<RefCell<TxState>>,
    finished: bool,
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !self.finished && self.state.borrow().mode.writes() {
            World::try_with(|world| {
                abort(
                    world,
                    &self.data,
                    &self.state,
                    exception("AbortError", "aborted"),
                );
            });
        }
    }
}

impl Tx {
    /// Begins a transaction over these stores.
    ///
    /// # Errors
    /// Where the connection is closed, or there is no such store.
    pub fn begin(database: &Database, stores: &[&str], mode: Mode) -> Result<Self, Exception> {
        let data = database.data.clone();
        {
            let data = data.borrow();
            if !data.connections.iter().any(|c| c.id == database.id) {
                return Err(exception("InvalidStateError", "the connection is closed"));
            }
            if stores.iter().any(|name| !data.stores.contains_key(*name)) {
                return Err(exception("NotFoundError", "there is no such store"));
            }
        }
        let state = World::with(|world| TxState {
            tab: world.current(),
            stores: stores.iter().map(|s| (*s).to_owned()).collect(),
            mode,
            started: false,
            committing: false,
            active: world.turn(),
            operations: VecDeque::new(),
            before: Stores::new(),
            outcome: None,
            done: Signal::default(),
        });
        let state = Rc::new(RefCell::new(state));
        data.borrow_mut().transactions.push(state.clone());
        World::with(|world| start_those_that_can(world, &data));
        Ok(Self {
            data,
            state,
            finished: false,
        })
    }

    /// A store of the transaction.
    ///
    /// # Errors
    /// Where it is not one.
    pub fn store(&self, name: &str) -> Result<Store, Exception> {
        if !self.state.borrow().stores.iter().any(|own| own == name) {
            return Err(exception("NotFoundError", "no store of the transaction"));
        }
        Ok(Store {
            name: name.to_owned(),
            state: self.state.clone(),
        })
    }

    /// Resolves when the transaction has completed.
    ///
    /// # Errors
    /// Why nothing of it is stored.
    pub async fn done(mut self) -> Result<(), Exception> {
        self.finished = true;
        let done = self.state.borrow().done.clone();
        done.wait().await;
        let outcome = self.state.borrow().outcome.clone();
        outcome.unwrap_or(Ok(()))
    }
}

/// A store within a transaction.
pub struct Store {
    name: String,
    state: Rc<RefCell<TxState>>,
}

/// What will have a result once its transaction is done.
pub struct Request {
    result: Rc<RefCell<Value>>,
}

impl Request {
    /// The result.
    pub fn result(&self) -> Value {
        self.result.borrow().clone()
    }
}

impl Store {
    fn ask(
        &self,
        operation: impl FnOnce(&mut Records) -> Option<Signal> + 'static,
    ) -> Result<(), Exception> {
        let mut state = self.state.borrow_mut();
        let turn = World::with(World::turn);
        if state.outcome.is_some() || state.committing || state.active != turn {
            return Err(exception(
                "TransactionInactiveError",
                "the transaction is not active",
            ));
        }
        let name = self.name.clone();
        state.operations.push_back(Box::new(move |data: &mut Data| {
            data.records(&name).and_then(operation)
        }));
        Ok(())
    }

    /// Puts a record under a key.
    ///
    /// # Errors
    /// Where the key is none, or the transaction is not active.
    pub fn put(&self, value: &Value, key: &Value) -> Result<(), Exception> {
        let (key, value) = (Key::of(key)?, value.clone());
        self.ask(move |records| {
            records.records.insert(key, value);
            None
        })
    }

    /// Adds a record under the store's next number.
    ///
    /// # Errors
    /// Where the transaction is not active.
    pub fn add(&self, value: &Value) -> Result<Request, Exception> {
        let result = Rc::new(RefCell::new(Value::Undefined));
        let (to, value) = (result.clone(), value.clone());
        self.ask(move |records| {
            debug_assert!(records.numbered, "the store numbers its records");
            records.last += 1;
            let number = records.last as f64;
            records.records.insert(Key::Number(number), value);
            to.replace(number.into());
            None
        })?;
        Ok(Request { result })
    }

    /// Deletes a record, or all of a range.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn delete(&self, range: &Value) -> Result<(), Exception> {
        let ends = ends(range)?;
        self.ask(move |records| {
            records
                .records
                .retain(|key, _| !std::ops::RangeBounds::contains(&ends, key));
            None
        })
    }

    /// Deletes all records.
    ///
    /// # Errors
    /// Where the transaction is not active.
    pub fn clear(&self) -> Result<(), Exception> {
        self.ask(|records| {
            records.records.clear();
            None
        })
    }

    /// Reads a record; undefined where there is none.
    ///
    /// # Errors
    /// As [`Store::put`], and where the transaction was aborted.
    pub async fn get(&self, key: &Value) -> Result<Value, Exception> {
        let key = Key::of(key)?;
        self.read(move |records| records.records.get(&key).cloned().unwrap_or_default())
            .await
    }

    /// Reads up to `limit` records of a range, in the order of their keys.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn get_all(&self, range: &Value, limit: u32) -> Result<List, Exception> {
        let ends = ends(range)?;
        self.read(move |records| {
            let all = records.records.range(ends);
            List(all.take(limit as usize).map(|(_, v)| v.clone()).collect())
        })
        .await
    }

    /// Reads up to `limit` keys of a range, in order.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn get_all_keys(&self, range: &Value, limit: u32) -> Result<List, Exception> {
        let ends = ends(range)?;
        self.read(move |records| {
            let all = records.records.range(ends);
            List(
                all.take(limit as usize)
                    .map(|(k, _)| k.to_value())
                    .collect(),
            )
        })
        .await
    }

    async fn read<T: 'static>(
        &self,
        read: impl FnOnce(&Records) -> T + 'static,
    ) -> Result<T, Exception> {
        let result = Rc::new(RefCell::new(None));
        let (to, signal) = (result.clone(), Signal::default());
        let ring = signal.clone();
        self.ask(move |records| {
            to.replace(Some(read(records)));
            Some(ring)
        })?;
        let done = self.state.borrow().done.clone();
        either(&signal, &done).await;
        let read = result.take();
        read.ok_or_else(|| {
            let outcome = self.state.borrow().outcome.clone();
            match outcome {
                Some(Err(error)) => error,
                Some(Ok(())) | None => exception("AbortError", "aborted"),
            }
        })
    }
}

async fn either(first: &Signal, second: &Signal) {
    let (mut first, mut second) = (Box::pin(first.wait()), Box::pin(second.wait()));
    std::future::poll_fn(move |context| {
        use std::task::Poll;
        match first.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => second.as_mut().poll(context),
        }
    })
    .await;
}

/// The key range above `key`, exclusive.
pub fn above(key: &Value) -> Value {
    match key {
        Value::Plain(low) => Value::Range {
            low: low.clone(),
            open: true,
            high: None,
        },
        Value::Undefined | Value::Range { .. } => Value::Undefined,
    }
}

/// The key range from `low` to `high`, inclusive.
pub fn span(low: &Value, high: &Value) -> Value {
    match (low, high) {
        (Value::Plain(low), Value::Plain(high)) => Value::Range {
            low: low.clone(),
            open: false,
            high: Some(high.clone()),
        },
        _ => Value::Undefined,
    }
}

fn start_those_that_can(world: &World, data: &Rc<RefCell<Data>>) {
    let mut ready = Vec::new();
    {
        let mut inner = data.borrow_mut();
        let stores = inner.stores.clone();
        let live = &mut inner.transactions;
        for (at, tx) in live.iter().enumerate() {
            if tx.borrow().started
                || live[..at]
                    .iter()
                    .any(|other| clash(&other.borrow(), &tx.borrow()))
            {
                continue;
            }
            let mut state = tx.borrow_mut();
            state.started = true;
            if state.mode.writes() {
                let own = stores
                    .iter()
                    .filter(|(name, _)| state.stores.contains(name));
                state.before = own.map(|(n, r)| (n.clone(), r.clone())).collect();
            }
            ready.push((tx.clone(), state.tab));
        }
    }
    for (tx, tab) in ready {
        go_on_later(world, data, &tx, tab, 1_500);
    }
}

fn clash(a: &TxState, b: &TxState) -> bool {
    (a.mode.writes() || b.mode.writes()) && a.stores.iter().any(|name| b.stores.contains(name))
}

fn go_on_later(
    world: &World,
    data: &Rc<RefCell<Data>>,
    tx: &Rc<RefCell<TxState>>,
    tab: TabId,
    most_us: u64,
) {
    let delay = world.between(20, most_us);
    let (data, tx) = (data.clone(), tx.clone());
    world.schedule(delay, Some(tab), Box::new(move || go_on(&data, &tx)));
}

/// Does what was asked of a transaction, up to the next answer; commits it where nothing is left.
fn go_on(data: &Rc<RefCell<Data>>, tx: &Rc<RefCell<TxState>>) {
    World::with(|world| {
        if tx.borrow().outcome.is_some() {
            return;
        }
        tx.borrow_mut().active = world.turn();
        let tab = tx.borrow().tab;
        loop {
            let operation = tx.borrow_mut().operations.pop_front();
            let Some(operation) = operation else {
                tx.borrow_mut().committing = true;
                commit_later(world, data, tx);
                return;
            };
            let answered = operation(&mut data.borrow_mut());
            if let Some(signal) = answered {
                signal.set();
                go_on_later(world, data, tx, tab, 800);
                return;
            }
        }
    });
}

fn commit_later(world: &World, data: &Rc<RefCell<Data>>, tx: &Rc<RefCell<TxState>>) {
    let most = match tx.borrow().mode {
        Mode::Read => 100,
        Mode::Relaxed => 3_000,
        Mode::Strict => 9_000,
    };
    let delay = world.between(10, most);
    let (data, tx) = (data.clone(), tx.clone());
    // The browser commits, whatever becomes of the tab.
    world.schedule(delay, None, Box::new(move || commit(&data, &tx)));
}

fn commit(data: &Rc<RefCell<Data>>, tx: &Rc<RefCell<TxState>>) {
    World::with(|world| {
        // A power cut came first.
        if tx.borrow().outcome.is_some() {
            return;
        }
        let (mode, tab) = (tx.borrow().mode, tx.borrow().tab);
        let fault = world.inner().device_of(tab).fault.filter(|_| mode.writes());
        if let Some(fault) = fault {
            tx.borrow_mut().committing = false;
            let error = match fault {
                StorageFault::Full => exception("QuotaExceededError", "the disk is full"),
                StorageFault::Unknown => exception("UnknownError", "the browser's storage failed"),
            };
            return abort(world, data, tx, error);
        }
        if mode.writes() {
            tx.borrow_mut().before.clear();
            data.borrow_mut().committed(mode == Mode::Strict);
        }
        finish(world, data, tx, Ok(()));
        if mode.writes() {
            tell(world, data, tx, world.device_of(tab));
        }
    });
}

/// Tells who watches the storage of a commit.
fn tell(world: &World, data: &Rc<RefCell<Data>>, tx: &Rc<RefCell<TxState>>, device: DeviceId) {
    let name = {
        let inner = world.inner();
        let mut databases = inner.devices[device.0].databases.iter();
        let own = databases.find(|(_, other)| Rc::ptr_eq(other, data));
        own.map(|(name, _)| name.clone())
    };
    if let Some(name) = name {
        let stores = tx.borrow().stores.clone();
        world.storage_committed(device, &name, &stores);
    }
}

/// Undoes a transaction that has not begun to commit.
fn abort(world: &World, data: &Rc<RefCell<Data>>, tx: &Rc<RefCell<TxState>>, error: Exception) {
    if tx.borrow().outcome.is_some() || tx.borrow().committing {
        return;
    }
    let before = std::mem::take(&mut tx.borrow_mut().before);
    {
        let mut data = data.borrow_mut();
        for (name, mut records) in before {
            // Browsers differ in whether numbers that were used up come again.
            let used = data.stores.get(&name).map_or(0, |now| now.last);
            if used > records.last && world.one_in(2) {
                Rc::make_mut(&mut records).last = used;
            }
            data.stores.insert(name, records);
        }
    }
    finish(world, data, tx, Err(error));
}

fn finish(
    world: &World,
    data: &Rc<RefCell<Data>>,
    tx: &Rc<RefCell<TxState>>,
    outcome: Result<(), Exception>,
) {
    tx.borrow_mut().outcome = Some(outcome);
    let operations = std::mem::take(&mut tx.borrow_mut().operations);
    data.borrow_mut()
        .transactions
        .retain(|other| !Rc::ptr_eq(other, tx));
    drop(operations);
    let (tab, done) = (tx.borrow().tab, tx.borrow().done.clone());
    let delay = world.between(10, 1_000);
    world.schedule(delay, Some(tab), Box::new(move || done.set()));
    start_those_that_can(world, data);
}

fn databases(world: &World, device: DeviceId) -> Vec<Rc<RefCell<Data>>> {
    let inner = world.inner();
    inner.devices[device.0]
        .databases
        .values()
        .cloned()
        .collect()
}

pub(crate) fn tab_is_gone(world: &World, tab: TabId) {
    for data in databases(world, world.device_of(tab)) {
        let (gone, kept): (Vec<Connection>, _) = std::mem::take(&mut data.borrow_mut().connections)
            .into_iter()
            .partition(|c| c.tab == tab);
        data.borrow_mut().connections = kept;
        drop(gone);
        let open = data.borrow().transactions.clone();
        for tx in open.into_iter().filter(|tx| tx.borrow().tab == tab) {
            abort(
                world,
                &data,
                &tx,
                exception("AbortError", "the tab is gone"),
            );
        }
    }
}

pub(crate) fn power_is_gone(world: &World, device: DeviceId) {
    for data in databases(world, device) {
        // Those that were committing did not.
        let open = std::mem::take(&mut data.borrow_mut().transactions);
        for tx in open {
            tx.borrow_mut().outcome = Some(Err(exception("AbortError", "the power is gone")));
        }
        let states = data.borrow().on_disk.len() as u64;
        if states == 0 {
            continue;
        }
        let kept = world.between(0, states - 1) as usize;
        let mut data = data.borrow_mut();
        data.on_disk.truncate(kept + 1);
        data.stores = data.on_disk[kept].clone();
    }
}

/// A record as it is committed, for who looks from outside.
pub fn record(device: DeviceId, database: &str, store: &str, key: &Value) -> Option<Value> {
    let key = Key::of(key).ok()?;
    World::with(|world| {
        let data = world.inner().devices[device.0]
            .databases
            .get(database)?
            .clone();
        data.borrow()
            .settled_store(store)?
            .records
            .get(&key)
            .cloned()
    })
}

/// All records of a store as they are committed, for who looks from outside.
pub fn records(device: DeviceId, database: &str, store: &str) -> Vec<(Value, Value)> {
    World::with(|world| {
        let data = world.inner().devices[device.0]
            .databases
            .get(database)
            .cloned();
        let records = data.and_then(|data| data.borrow().settled_store(store));
        let all = records.iter().flat_map(|records| &records.records);
        all.map(|(key, value)| (key.to_value(), value.clone()))
            .collect()
    })
}

/// The names of a device's databases.
pub fn names(device: DeviceId) -> Vec<String> {
    World::with(|world| {
        world.inner().devices[device.0]
            .databases
            .keys()
            .cloned()
            .collect()
    })
}

/// All records of a device's databases, for who looks from outside: by database, store and key.
pub fn contents(device: DeviceId) -> BTreeMap<String, BTreeMap<String, Vec<(Value, Value)>>> {
    World::with(|world| {
        let inner = world.inner();
        let databases = inner.devices[device.0].databases.iter();
        let stores = |data: &Data| -> BTreeMap<String, Vec<(Value, Value)>> {
            let records = |r: &Records| {
                let all = r.records.iter();
                all.map(|(k, v)| (k.to_value(), v.clone())).collect()
            };
            let stores = data.settled();
            stores
                .iter()
                .map(|(name, r)| (name.clone(), records(r)))
                .collect()
        };
        databases
            .map(|(name, data)| (name.clone(), stores(&data.borrow())))
            .collect()
    })
}
