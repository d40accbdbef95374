//! A user's open store in this tab, with the locks and the channel that go with it.

use super::Shared;
use super::drain::Waiting;
use super::events::{Notice, Status};
use super::lead::Lead;
use crate::browser::channel::{Channel, Message};
use crate::browser::{self, locks};
use crate::store::Store;
use crate::store::idb::Watch;
use crate::store::layout::State;
use crate::store::leases::{NUMBERS, tab_lock};
use crate::task::spawn;
use haversack_core::json;
use haversack_core::lease::Keys;
use haversack_core::map::Map;
use haversack_core::protocol::Seq;
use haversack_core::queue::rekey::{number, temporary};
use haversack_core::schema::{Schema, TableId, Type};
use haversack_core::{Error, ErrorCode};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// A user's open store in this tab.
pub struct Session {
    /// The store.
    pub store: Store,
    /// This tab's id, which names its lock and its keys.
    pub tab: String,
    /// The user.
    pub user: String,
    /// The replica's id at the start; it names this replica on the poke socket.
    pub replica_id: String,
    /// The last patch in memory.
    pub patch: Cell<u64>,
    /// The leader's fence, while this tab leads.
    pub fence: Cell<Option<f64>>,
    /// Was the last answer of another history than the one before?
    pub renewed: Cell<bool>,
    /// Keys that this tab draws from, by table, and the numbers of temporary ones.
    pub keys: RefCell<Map<Keys>>,
    /// This tab's own mutations that have a number but no verdict yet.
    pub locals: RefCell<Vec<(Seq, u64)>>,
    /// Rows that are not in their stores yet.
    pub(super) waiting: RefCell<Waiting>,
    /// Messages of other tabs, to be handled in order.
    pub(super) inbox: RefCell<VecDeque<Message>>,
    pub(super) reading: Cell<bool>,
    pub(super) taking: Cell<bool>,
    pub(super) lead: Lead,
    channel: RefCell<Option<Channel>>,
    tab_lock: RefCell<Option<locks::Hold>>,
    watch: RefCell<Option<Watch>>,
}

impl Session {
    /// Tells the other tabs.
    pub fn tell(&self, message: &Message) {
        if let Some(channel) = &*self.channel.borrow() {
            channel.send(message);
        }
    }

    /// The key of a new row: of the lease, or else a temporary one.
    pub fn draw(&self, schema: &Schema, table: TableId) -> Option<i64> {
        let kind = key_kind(schema, table)?;
        let mut keys = self.keys.borrow_mut();
        let leased = keys.get_mut(&schema.table(table).name);
        if let Some(key) = leased.and_then(Keys::draw) {
            return Some(key);
        }
        // Not every type has room for temporary ones.
        temporary(kind, 0)?;
        temporary(kind, keys.get_mut(NUMBERS)?.draw()?)
    }

    /// Takes back a key that no row got; the last that was drawn first.
    pub fn put_back(&self, schema: &Schema, table: TableId, key: i64) {
        let number = key_kind(schema, table).and_then(|kind| number(kind, key));
        let (name, key) = match number {
            Some(number) => (NUMBERS, number),
            None => (&*schema.table(table).name, key),
        };
        if let Some(keys) = self.keys.borrow_mut().get_mut(name) {
            keys.put_back(key);
        }
    }

    /// Can the other tabs be told anything?
    pub(super) fn has_channel(&self) -> bool {
        self.channel.borrow().is_some()
    }

    /// Gives up locks, channel and connection.
    pub fn end(&self) {
        self.lead.give_up();
        self.tab_lock.take();
        self.channel.take();
        self.watch.take();
        self.store.db.close();
    }
}

/// The type of the keys of a table that a sequence makes.
fn key_kind(schema: &Schema, table: TableId) -> Option<&Type> {
    let table = schema.table(table);
    Some(&table.column(table.sequence_key()?).kind)
}

impl Shared {
    /// Opens a user's store, fills the replica from it, and joins the other tabs.
    ///
    /// # Errors
    /// As [`Store::open`], and `storage_failed` where a record is damaged.
    pub(super) async fn start_session(self: &Rc<Self>, user: &str) -> Result<(), Error> {
        let (schema, text) = (&self.schema, &self.schema_text);
        let (store, state) = Store::open(&self.url, user, schema, text).await?;
        let session = Rc::new(Session {
            tab: browser::random_uuid(),
            user: user.to_owned(),
            replica_id: state.replica,
            store,
            patch: Cell::new(0),
            fence: Cell::new(None),
            renewed: Cell::new(false),
            keys: RefCell::default(),
            locals: RefCell::default(),
            waiting: RefCell::default(),
            inbox: RefCell::default(),
            // Messages wait until hydration is done.
            reading: Cell::new(true),
            taking: Cell::new(false),
            channel: RefCell::default(),
            lead: Lead::default(),
            tab_lock: RefCell::default(),
            watch: RefCell::default(),
        });
        self.watch_connection(&session);
        self.join_channel(&session);
        self.replica
            .borrow_mut()
            .set_identity(Some(user.to_owned()));
        let hydrated = self.hydrate(&session).await;
        // The application may have closed the database, or newer code asked for it, meanwhile.
        let closed = self.closed.borrow().clone();
        if let Some(error) = hydrated.err().or(closed) {
            session.end();
            return Err(error);
        }
        // Whoever sees the session may write, and so draw keys.
        self.hold_tab_lock(&session).await;
        if self.closed.borrow().is_some() {
            session.end();
            return self.session().map(drop);
        }
        self.session.replace(Some(session.clone()));
        self.status.borrow_mut().user = Some(user.to_owned());
        session.reading.set(false);
        self.stand_for_lead(&session);
        session.tell(&Message::Hello);
        spawn(self.clone().read_inbox(session.clone()));
        self.notify(&Notice::Changed);
        self.notify(&Notice::Rejected);
        self.notify(&Notice::Lost);
        self.refresh_status();
        Ok(())
    }

    fn watch_connection(self: &Rc<Self>, session: &Rc<Session>) {
        let weak = Rc::downgrade(self);
        let upgraded = move || {
            if let Some(shared) = weak.upgrade() {
                let message = "another tab runs newer code and upgrades the local store";
                let error = Error::new(ErrorCode::StoreUpgraded, message);
                shared.close(Some(error.hint("reload this page")));
            }
        };
        let weak = Rc::downgrade(self);
        let lost = move || {
            if let Some(shared) = weak.upgrade() {
                let message = "the browser closed the local store, as when site data is cleared";
                let error = Error::new(ErrorCode::StorageFailed, message);
                shared.close(Some(error.hint("reload this page")));
            }
        };
        session
            .watch
            .replace(Some(session.store.db.watch(upgraded, lost)));
    }

    fn join_channel(self: &Rc<Self>, session: &Rc<Session>) {
        let (shared, to) = (Rc::downgrade(self), Rc::downgrade(session));
        let channel = Channel::join(&session.store.name, move |message| {
            if let (Some(shared), Some(session)) = (shared.upgrade(), to.upgrade()) {
                if session.answers(&message) {
                    return;
                }
                session.inbox.borrow_mut().push_back(message);
                spawn(shared.read_inbox(session));
            }
        });
        session.channel.replace(channel);
    }

    /// A tab's lock is granted at once, because its name is its own; only then does it take keys.
    async fn hold_tab_lock(self: &Rc<Self>, session: &Rc<Session>) {
        let name = tab_lock(&session.store.name, &session.tab);
        let hold = locks::hold_soon(&name).await;
        session.tab_lock.replace(hold);
        self.take_keys(session).await;
    }

    /// Reads the store anew where it is ahead of memory.
    ///
    /// # Errors
    /// `storage_failed`.
    pub(super) async fn catch_up(self: &Rc<Self>, session: &Rc<Session>) -> Result<State, Error> {
        let state = session.store.state().await?;
        let judged = self.replica.borrow().judged();
        if state.patch != session.patch.get() || state.judged > judged {
            self.hydrate(session).await?;
            self.notify(&Notice::Changed);
        }
        Ok(state)
    }

    /// Draws no more of the keys that this tab holds: the server may lease them to others.
    pub(super) fn forget_keys(&self, session: &Rc<Session>) {
        session
            .keys
            .borrow_mut()
            .retain(|table, _| table == NUMBERS);
    }

    /// Takes keys where there may be new ones of the endpoint's.
    pub(super) async fn take_new_keys(self: &Rc<Self>, session: &Rc<Session>) {
        session.keys.borrow_mut().values_mut().for_each(Keys::hope);
        self.take_keys(session).await;
    }

    /// Takes keys for every table with a sequence of which this tab has few left, and numbers.
    pub(super) async fn take_keys(self: &Rc<Self>, session: &Rc<Session>) {
        if session.taking.replace(true) {
            return;
        }
        let wanted: Map<u32> = {
            let keys = session.keys.borrow();
            let tables = self.schema.tables.iter();
            tables
                .filter(|t| t.insertable && t.sequence_key().is_some())
                .map(|t| &*t.name)
                .chain([NUMBERS])
                .filter_map(|name| match keys.get(name) {
                    None => Some((name, 0)),
                    Some(keys) => keys.is_low().then(|| (name, keys.left())),
                })
                .collect()
        };
        // A failure leaves the tab with the keys it has; the next write or sync asks again.
        if !wanted.is_empty()
            && let Ok(taken) = session
                .store
                .take_keys(&self.schema, &wanted, &session.tab)
                .await
        {
            let mut keys = session.keys.borrow_mut();
            // Each range is in one record and was taken in one transaction: nobody else has it.
            for (table, taken) in taken {
                keys.or_default(&table).add(taken.ranges, taken.block);
            }
        }
        session.taking.set(false);
    }

    pub(super) fn tell_tabs_status(&self, status: &Status) {
        if let Some(session) = &*self.session.borrow() {
            let (status, sent) = (json::text(status), self.replica.borrow().sent());
            session.tell(&Message::Status { status, sent });
        }
    }
}
