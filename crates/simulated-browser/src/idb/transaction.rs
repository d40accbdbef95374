//! A transaction's life: it waits its turn, does what it is asked, and commits or is aborted.

use super::data::{Database as Data, Stores};
use super::{Database, Exception, Mode, Store, exception};
use crate::device::{DeviceId, StorageFault};
use crate::timer::Signal;
use crate::world::{TabId, World};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Does something to the data; gives whom to wake.
pub(super) type Operation = Box<dyn FnOnce(&mut Data) -> Option<Signal>>;

pub(crate) struct TxState {
    pub(super) tab: TabId,
    pub(super) stores: Vec<String>,
    mode: Mode,
    started: bool,
    pub(super) committing: bool,
    /// The event in which something may be asked of it.
    pub(super) active: u64,
    pub(super) operations: VecDeque<Operation>,
    /// What its stores were before it wrote.
    pub(super) before: Stores,
    pub(super) outcome: Option<Result<(), Exception>>,
    pub(super) done: Signal,
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
        Ok(Store::new(name, self.state.clone()))
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
pub(super) fn abort(
    world: &World,
    data: &Rc<RefCell<Data>>,
    tx: &Rc<RefCell<TxState>>,
    error: Exception,
) {
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
