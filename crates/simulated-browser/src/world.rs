//! Events in the order of their times, and the tabs that they belong to.

use crate::device::{Device, DeviceId, StorageFault};
use crate::fetch::Network;
use crate::tasks::{Tasks, settle};
use rand::rngs::SmallRng;
use rand::{Rng, RngCore, SeedableRng};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;

/// A tab, of whatever device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TabId(pub usize);

type Action = Box<dyn FnOnce()>;
type Future = Pin<Box<dyn std::future::Future<Output = ()>>>;

struct Event {
    /// None: something outside of all tabs, as the browser's storage or a server.
    tab: Option<TabId>,
    action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TabState {
    Alive,
    Frozen,
    Dead,
}

struct Tab {
    device: DeviceId,
    state: TabState,
    /// What other tabs say does not reach it.
    deaf: bool,
    /// What came while it was frozen.
    held: Vec<Action>,
}

struct Listening {
    id: u64,
    tab: TabId,
    kind: &'static str,
    callback: Rc<dyn Fn()>,
}

pub(crate) struct Inner {
    now_us: u64,
    order: u64,
    /// Counts events: what belongs together happens in one.
    turn: u64,
    ids: u64,
    events: BTreeMap<(u64, u64), Event>,
    rng: SmallRng,
    tabs: Vec<Tab>,
    pub(crate) devices: Vec<Device>,
    listeners: Vec<Listening>,
    current: Option<TabId>,
    trace: u64,
}

/// Everything there is: devices with tabs, a clock, what will happen next.
pub struct World {
    inner: RefCell<Inner>,
    tasks: RefCell<Tasks>,
    network: RefCell<Option<Rc<dyn Network>>>,
    on_commit: RefCell<Option<OnCommit>>,
    on_note: RefCell<Option<OnNote>>,
}

/// Who reads the trace: gets microseconds since the beginning, and a line.
pub type OnNote = Rc<dyn Fn(u64, &str)>;

/// Whom a device's storage tells that a writing transaction over these stores of a database took effect.
pub type OnCommit = Rc<dyn Fn(DeviceId, &str, &[String])>;

thread_local! {
    static CURRENT: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// When worlds begin, in milliseconds since 1970: 2026-01-01.
const BEGINNING_MS: u64 = 1_767_225_600_000;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

impl World {
    /// A world without devices, which is this thread's from now on.
    pub fn begin(seed: u64) -> Rc<Self> {
        let inner = Inner {
            now_us: 0,
            order: 0,
            turn: 0,
            ids: 0,
            events: BTreeMap::new(),
            rng: SmallRng::seed_from_u64(seed),
            tabs: Vec::new(),
            devices: Vec::new(),
            listeners: Vec::new(),
            current: None,
            trace: FNV_OFFSET,
        };
        let world = Rc::new(Self {
            inner: RefCell::new(inner),
            tasks: RefCell::default(),
            network: RefCell::default(),
            on_commit: RefCell::default(),
            on_note: RefCell::default(),
        });
        CURRENT.with(|current| current.replace(Some(world.clone())));
        world
    }

    /// Calls `f` with this thread's world.
    ///
    /// # Panics
    /// Where none has begun.
    pub fn with<T>(f: impl FnOnce(&World) -> T) -> T {
        let world = CURRENT.with_borrow(Clone::clone);
        f(&world.expect("World::begin comes first"))
    }

    pub(crate) fn try_with(f: impl FnOnce(&World)) {
        // While a thread ends, what it kept is dropped without a world.
        let world = CURRENT.try_with(|current| current.borrow().clone());
        if let Ok(Some(world)) = world {
            f(&world);
        }
    }

    /// Ends the world: tabs are killed, what was planned is forgotten.
    pub fn end(&self) {
        let tabs = self.inner.borrow().tabs.len();
        (0..tabs).for_each(|tab| self.kill_tab(TabId(tab)));
        let events = std::mem::take(&mut self.inner.borrow_mut().events);
        drop(events);
        self.network.replace(None);
        self.on_commit.replace(None);
        self.on_note.replace(None);
        let devices = std::mem::take(&mut self.inner.borrow_mut().devices);
        drop(devices);
        CURRENT.with(|current| current.replace(None));
    }

    /// Where requests and sockets go.
    pub fn connect(&self, network: Rc<dyn Network>) {
        self.network.replace(Some(network));
    }

    /// Tells somebody of every writing transaction of IndexedDB, at the moment when it takes effect.
    pub fn watch_storage(&self, on_commit: OnCommit) {
        self.on_commit.replace(Some(on_commit));
    }

    pub(crate) fn storage_committed(&self, device: DeviceId, database: &str, stores: &[String]) {
        let on_commit = self.on_commit.borrow().clone();
        if let Some(on_commit) = on_commit {
            on_commit(device, database, stores);
        }
    }

    /// Whatever is random from now on comes from another seed, so that it does not depend on what was
    /// drawn before.
    pub fn reseed(&self, seed: u64) {
        self.inner.borrow_mut().rng = SmallRng::seed_from_u64(seed);
    }

    /// The tab whose code runs now, if any.
    pub fn running(&self) -> Option<TabId> {
        self.inner.borrow().current
    }

    pub(crate) fn network(&self) -> Option<Rc<dyn Network>> {
        self.network.borrow().clone()
    }

    pub(crate) fn inner(&self) -> std::cell::RefMut<'_, Inner> {
        self.inner.borrow_mut()
    }

    /// Adds a device with an empty disk.
    pub fn add_device(&self) -> DeviceId {
        let mut inner = self.inner.borrow_mut();
        inner.devices.push(Device::default());
        DeviceId(inner.devices.len() - 1)
    }

    /// Opens a tab.
    pub fn add_tab(&self, device: DeviceId) -> TabId {
        let mut inner = self.inner.borrow_mut();
        inner.tabs.push(Tab {
            device,
            state: TabState::Alive,
            deaf: false,
            held: Vec::new(),
        });
        TabId(inner.tabs.len() - 1)
    }

    /// The device of a tab.
    pub fn device_of(&self, tab: TabId) -> DeviceId {
        self.inner.borrow().tabs[tab.0].device
    }

    /// Is the tab there, frozen or not?
    pub fn is_alive(&self, tab: TabId) -> bool {
        self.inner.borrow().tabs[tab.0].state != TabState::Dead
    }

    /// Is the tab frozen?
    pub fn is_frozen(&self, tab: TabId) -> bool {
        self.inner.borrow().tabs[tab.0].state == TabState::Frozen
    }

    /// Ends a tab between two events: nothing of it runs any more, its open transactions are aborted, its
    /// locks go to others.
    pub fn kill_tab(&self, tab: TabId) {
        {
            let mut inner = self.inner.borrow_mut();
            let dying = &mut inner.tabs[tab.0];
            if dying.state == TabState::Dead {
                return;
            }
            dying.state = TabState::Dead;
        }
        let held = std::mem::take(&mut self.inner.borrow_mut().tabs[tab.0].held);
        let tasks = self.tasks.borrow_mut().of_tab(tab);
        self.as_tab(tab, || drop((held, tasks)));
        self.inner.borrow_mut().listeners.retain(|l| l.tab != tab);
        crate::idb::tab_is_gone(self, tab);
        crate::channel::tab_is_gone(self, tab);
        crate::locks::tab_is_gone(self, tab);
    }

    /// Nothing happens in the tab until it thaws.
    pub fn freeze_tab(&self, tab: TabId) {
        let state = &mut self.inner.borrow_mut().tabs[tab.0].state;
        if *state == TabState::Alive {
            *state = TabState::Frozen;
        }
    }

    /// The tab goes on with what came meanwhile.
    pub fn thaw_tab(&self, tab: TabId) {
        let held = {
            let tab = &mut self.inner.borrow_mut().tabs[tab.0];
            if tab.state != TabState::Frozen {
                return;
            }
            tab.state = TabState::Alive;
            std::mem::take(&mut tab.held)
        };
        for action in held {
            self.schedule(0, Some(tab), action);
        }
    }

    /// What other tabs say does not reach the tab, and is lost, or reaches it again.
    pub fn set_deaf(&self, tab: TabId, deaf: bool) {
        self.inner.borrow_mut().tabs[tab.0].deaf = deaf;
    }

    pub(crate) fn is_deaf(&self, tab: TabId) -> bool {
        self.inner.borrow().tabs[tab.0].deaf
    }

    /// Takes the device's power: all its tabs end, and what was not yet on disk is lost.
    pub fn cut_power(&self, device: DeviceId) {
        let tabs = self.tabs_of(device);
        tabs.into_iter().for_each(|tab| self.kill_tab(tab));
        crate::idb::power_is_gone(self, device);
    }

    /// The tabs of a device that are there.
    pub fn tabs_of(&self, device: DeviceId) -> Vec<TabId> {
        let inner = self.inner.borrow();
        let tabs = inner.tabs.iter().enumerate();
        let alive = tabs.filter(|(_, t)| t.device == device && t.state != TabState::Dead);
        alive.map(|(at, _)| TabId(at)).collect()
    }

    /// Sets the device's clock this far from the truth, in milliseconds.
    pub fn set_skew_ms(&self, device: DeviceId, skew_ms: f64) {
        self.inner.borrow_mut().devices[device.0].skew_ms = skew_ms;
    }

    /// From now on, writing transactions of the device fail so, or no more.
    pub fn set_storage_fault(&self, device: DeviceId, fault: Option<StorageFault>) {
        self.inner.borrow_mut().devices[device.0].fault = fault;
    }

    /// Tells the device's tabs an event of the page, as `online`.
    pub fn tell_pages(&self, device: DeviceId, kind: &'static str) {
        let listening: Vec<(TabId, Rc<dyn Fn()>)> = {
            let inner = self.inner.borrow();
            let of = |l: &&Listening| l.kind == kind && inner.tabs[l.tab.0].device == device;
            let listening = inner.listeners.iter().filter(of);
            listening.map(|l| (l.tab, l.callback.clone())).collect()
        };
        for (tab, callback) in listening {
            self.schedule(0, Some(tab), Box::new(move || callback()));
        }
    }

    /// Runs something in a tab, now, and what follows at once.
    pub fn run_in<T>(&self, tab: TabId, f: impl FnOnce() -> T) -> T {
        self.inner.borrow_mut().turn += 1;
        let result = self.as_tab(tab, f);
        settle(self);
        result
    }

    /// Does what is next; false where nothing is planned, or only later than `until_us`.
    pub fn step(&self, until_us: u64) -> bool {
        let event = {
            let mut inner = self.inner.borrow_mut();
            let Some(next) = inner.events.first_entry() else {
                return false;
            };
            let at = next.key().0;
            if at > until_us {
                return false;
            }
            let event = next.remove();
            inner.now_us = at;
            inner.turn += 1;
            let state = event.tab.map(|tab| inner.tabs[tab.0].state);
            match (state, event.tab) {
                (Some(TabState::Frozen), Some(tab)) => {
                    inner.tabs[tab.0].held.push(event.action);
                    return true;
                }
                (Some(TabState::Dead), _) => None,
                _ => Some(event),
            }
        };
        if let Some(event) = event {
            match event.tab {
                Some(tab) => self.as_tab(tab, event.action),
                None => (event.action)(),
            }
            settle(self);
        }
        true
    }

    /// Lets this much time pass.
    pub fn run_for_us(&self, us: u64) {
        let until = self.now_us() + us;
        while self.step(until) {}
        self.inner.borrow_mut().now_us = until;
    }

    /// Microseconds since the world began.
    pub fn now_us(&self) -> u64 {
        self.inner.borrow().now_us
    }

    /// Milliseconds since 1970, truly.
    pub fn true_now_ms(&self) -> u64 {
        BEGINNING_MS + self.now_us() / 1_000
    }

    /// Plans an event of a tab, or of none.
    pub fn schedule(&self, after_us: u64, tab: Option<TabId>, action: Action) {
        let mut inner = self.inner.borrow_mut();
        inner.order += 1;
        let at = (inner.now_us + after_us, inner.order);
        inner.events.insert(at, Event { tab, action });
    }

    /// A random number from `from` up to `to`, inclusive.
    pub fn between(&self, from: u64, to: u64) -> u64 {
        self.inner.borrow_mut().rng.random_range(from..=to)
    }

    /// A random number in [0, 1).
    pub fn unit(&self) -> f64 {
        self.inner.borrow_mut().rng.random()
    }

    /// True once in so many times, on average.
    pub fn one_in(&self, times: u64) -> bool {
        self.between(1, times) == 1
    }

    /// Adds a line to the trace, which the same seed repeats.
    pub fn note(&self, line: &str) {
        let now = {
            let mut inner = self.inner.borrow_mut();
            let now = inner.now_us;
            for byte in now.to_le_bytes().iter().chain(line.as_bytes()) {
                inner.trace = (inner.trace ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
            }
            now
        };
        if let Some(on_note) = &*self.on_note.borrow() {
            on_note(now, line);
        }
    }

    /// Has somebody read the trace as it is written.
    pub fn watch_trace(&self, on_note: OnNote) {
        self.on_note.replace(Some(on_note));
    }

    /// The hash of the trace so far.
    pub fn trace(&self) -> u64 {
        self.inner.borrow().trace
    }

    pub(crate) fn schedule_here(&self, after_us: u64, action: impl FnOnce() + 'static) {
        let tab = self.current();
        self.schedule(after_us, Some(tab), Box::new(action));
    }

    pub(crate) fn current(&self) -> TabId {
        self.inner
            .borrow()
            .current
            .expect("the browser is used by a tab")
    }

    pub(crate) fn turn(&self) -> u64 {
        self.inner.borrow().turn
    }

    pub(crate) fn next_id(&self) -> u64 {
        let mut inner = self.inner.borrow_mut();
        inner.ids += 1;
        inner.ids
    }

    pub(crate) fn device_now_ms(&self) -> f64 {
        let skew = {
            let inner = self.inner.borrow();
            let current = inner.current.expect("the browser is used by a tab");
            inner.devices[inner.tabs[current.0].device.0].skew_ms
        };
        self.true_now_ms() as f64 + skew
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.inner.borrow_mut().rng.fill_bytes(bytes);
    }

    pub(crate) fn as_tab<T>(&self, tab: TabId, f: impl FnOnce() -> T) -> T {
        let before = self.inner.borrow_mut().current.replace(tab);
        let result = f();
        self.inner.borrow_mut().current = before;
        result
    }

    pub(crate) fn add_task(&self, future: Future) {
        let tab = self.current();
        if self.is_alive(tab) {
            self.tasks.borrow_mut().add(tab, future);
        }
    }

    pub(crate) fn next_task(&self) -> Option<(u64, TabId, Future, Waker)> {
        self.tasks.borrow_mut().next()
    }

    pub(crate) fn task_done(&self, task: u64) {
        self.tasks.borrow_mut().done(task);
    }

    pub(crate) fn put_back(&self, task: u64, future: Future) -> Option<Future> {
        self.tasks.borrow_mut().put_back(task, future)
    }

    pub(crate) fn add_listener(&self, kind: &'static str, callback: Rc<dyn Fn()>) -> u64 {
        let (id, tab) = (self.next_id(), self.current());
        self.inner.borrow_mut().listeners.push(Listening {
            id,
            tab,
            kind,
            callback,
        });
        id
    }

    pub(crate) fn remove_listener(&self, id: u64) {
        let mut inner = self.inner.borrow_mut();
        let at = inner.listeners.iter().position(|l| l.id == id);
        let removed = at.map(|at| inner.listeners.remove(at));
        drop(inner);
        drop(removed);
    }
}

impl Inner {
    pub(crate) fn device_of(&mut self, tab: TabId) -> &mut Device {
        let device = self.tabs[tab.0].device;
        &mut self.devices[device.0]
    }
}
