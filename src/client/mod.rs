//! One open database in one tab: what lives between the core and the browser.
//!
//! `Shared` owns the replica, the sync machine and, once a user is known, the [`Session`] with its
//! store, locks and channel. Invariant: no borrow of a `RefCell` is held across an await or while
//! the application is called, since the application may call back.

mod drain;
pub mod events;
mod fetch;
mod follow;
mod hydrate;
mod lead;
mod restored;
mod session;
mod socket;
mod steps;
mod sync;
mod verdicts;
mod write;

use crate::browser::timer::Timer;
use crate::browser::{self, listener};
use crate::convert::RowShape;
use crate::memory::Memory;
use crate::network::socket::Socket;
use crate::store;
use crate::store::queue::{LostValue, Rejected};
use crate::task::spawn;
use events::{Connection, ErrorView, Notice, Status};
use haversack_core::replica::Replica;
use haversack_core::schema::Schema;
use haversack_core::sync::{Effect, Event, Machine, State};
use haversack_core::{Error, ErrorCode, Recovery};
use session::Session;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

/// Attempts to learn who the user is stay this far apart, in milliseconds.
const SIGN_IN_GAP_MS: u64 = 250;

/// Where the application's token comes from.
pub type TokenSource = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, Error>>>>>;

/// Whom the client tells what happens.
pub type Listener = Rc<dyn Fn(&Notice)>;

/// The state of one open database.
pub struct Shared {
    /// The schema that the application was built with.
    pub schema: Arc<Schema>,
    /// The endpoint's base URL.
    pub url: String,
    /// How rows of each table become JavaScript's.
    pub shapes: Vec<RowShape>,
    /// The rows.
    pub replica: RefCell<Replica>,
    /// Rejected mutations, as stored.
    pub rejected: RefCell<Vec<Rejected>>,
    /// Lost values with their ids, as stored.
    pub lost: RefCell<Vec<(f64, LostValue)>>,
    /// The schema's JSON text, which the store keeps.
    schema_text: String,
    token_source: TokenSource,
    on_event: Listener,
    memory: Option<Memory>,
    open_write: steps::MaybeOpen,
    session: RefCell<Option<Rc<Session>>>,
    machine: RefCell<Machine>,
    status: RefCell<Status>,
    timer: RefCell<Option<Timer>>,
    socket: RefCell<SocketState>,
    token: RefCell<Option<String>>,
    listeners: RefCell<Vec<listener::Listener>>,
    closed: RefCell<Option<Error>>,
    draining: Cell<bool>,
    failure: RefCell<Option<ErrorView>>,
}

/// The poke socket and its next attempt.
#[derive(Default)]
struct SocketState {
    wanted: bool,
    socket: Option<Socket>,
    ready: bool,
    attempt: u32,
    timer: Option<Timer>,
}

impl Shared {
    /// Opens the last user's database, or waits for a token to learn who the user is. Never waits
    /// for the network.
    ///
    /// # Errors
    /// `storage_unavailable`, `storage_failed`, `store_too_new`.
    pub async fn open(
        schema: Schema,
        schema_text: String,
        url: String,
        token_source: TokenSource,
        on_event: Listener,
    ) -> Result<Rc<Self>, Error> {
        let schema = (schema, schema_text);
        let shared = Self::new(schema, url, token_source, on_event, None);
        match store::last_user(&shared.url).await? {
            Some(user) => shared.start_session(&user).await?,
            None => shared.clone().await_sign_in(),
        }
        let weak = Rc::downgrade(&shared);
        let online = listener::Listener::on("online", move || {
            if let Some(shared) = weak.upgrade() {
                shared.dispatch(Event::WentOnline);
            }
        });
        shared.listeners.borrow_mut().push(online);
        Ok(shared)
    }

    /// Opens a database in memory, which is signed in from the first moment or never.
    pub fn in_memory(
        schema: Schema,
        identity: Option<String>,
        memory: Memory,
        on_event: Listener,
    ) -> Rc<Self> {
        let token_source: TokenSource = Rc::new(|| Box::pin(async { Err(token_missing()) }));
        let schema = (schema, String::new());
        let shared = Self::new(schema, String::new(), token_source, on_event, Some(memory));
        {
            let mut replica = shared.replica.borrow_mut();
            replica.set_identity(identity.clone());
            replica.set_alone();
        }
        shared.status.replace(Status {
            state: if identity.is_some() {
                Connection::Online
            } else {
                Connection::SignedOut
            },
            user: identity,
            leader: true,
            ..Status::default()
        });
        shared
    }

    fn new(
        (schema, schema_text): (Schema, String),
        url: String,
        token_source: TokenSource,
        on_event: Listener,
        memory: Option<Memory>,
    ) -> Rc<Self> {
        let schema = Arc::new(schema);
        Rc::new(Self {
            shapes: schema.tables.iter().map(RowShape::new).collect(),
            replica: RefCell::new(Replica::new(schema.clone())),
            schema,
            url,
            rejected: RefCell::default(),
            lost: RefCell::default(),
            schema_text,
            token_source,
            on_event,
            memory,
            open_write: steps::MaybeOpen::default(),
            session: RefCell::default(),
            machine: RefCell::default(),
            status: RefCell::default(),
            timer: RefCell::default(),
            socket: RefCell::default(),
            token: RefCell::default(),
            listeners: RefCell::default(),
            closed: RefCell::default(),
            draining: Cell::new(false),
            failure: RefCell::default(),
        })
    }

    /// What a database in memory has instead of a session; none for a stored one.
    ///
    /// # Errors
    /// Why the database closed.
    pub fn memory(&self) -> Result<Option<&Memory>, Error> {
        match &*self.closed.borrow() {
            Some(error) => Err(error.clone()),
            None => Ok(self.memory.as_ref()),
        }
    }

    /// The session, or why there is none.
    ///
    /// # Errors
    /// `closed` (or why it closed) and `not_signed_in`.
    pub fn session(&self) -> Result<Rc<Session>, Error> {
        if let Some(error) = &*self.closed.borrow() {
            return Err(error.clone());
        }
        self.session.borrow().clone().ok_or_else(|| {
            Error::new(
                ErrorCode::NotSignedIn,
                "no user is known on this device yet",
            )
            .hint("sign in once while online, so that `token()` resolves")
        })
    }

    /// The status as TypeScript gets it.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Tells TypeScript.
    pub fn notify(&self, notice: &Notice) {
        (self.on_event)(notice);
    }

    /// Gives the machine an event and carries out its effects.
    pub fn dispatch(self: &Rc<Self>, event: Event) {
        let now = browser::now_ms() as u64;
        let effects = self
            .machine
            .borrow_mut()
            .handle(event, now, browser::random_unit());
        for effect in effects {
            self.carry_out(effect);
        }
        self.refresh_status();
    }

    fn carry_out(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Sync { fresh_token } => spawn(self.clone().sync(fresh_token)),
            Effect::Arm { delay_ms } => {
                let weak = Rc::downgrade(self);
                let timer = Timer::after(delay_ms, move || {
                    if let Some(shared) = weak.upgrade() {
                        shared.dispatch(Event::TimerFired);
                    }
                });
                self.timer.replace(Some(timer));
            }
            Effect::Disarm => drop(self.timer.take()),
            Effect::OpenSocket => {
                self.socket.borrow_mut().wanted = true;
                spawn(self.clone().open_socket());
            }
            Effect::CloseSocket => drop(self.socket.take()),
        }
    }

    /// Asks the application for a token, or takes the last one. Learns from it who the user is.
    ///
    /// # Errors
    /// `token_missing`, `token_invalid`, `identity_changed`, and `network` where the application
    /// could not get one.
    pub async fn token(self: &Rc<Self>, fresh: bool) -> Result<String, Error> {
        if !fresh && let Some(token) = self.token.borrow().clone() {
            return Ok(token);
        }
        let token = self.ask_for_token().await?;
        if let Some(error) = &*self.closed.borrow() {
            return Err(error.clone());
        }
        let claim = &self.schema.identity.claim;
        let user = browser::token_claim(&token, claim).ok_or_else(|| {
            Error::new(
                ErrorCode::TokenInvalid,
                format!("the token has no claim \"{claim}\""),
            )
        })?;
        let known = self
            .session
            .borrow()
            .as_ref()
            .map(|session| session.user.clone());
        if known.as_ref().is_some_and(|known| *known != user) {
            // The next open finds the new user's database.
            store::remember_user(&self.url, &user).await?;
            let error = Error::new(
                ErrorCode::IdentityChanged,
                "the token names another user than this database belongs to",
            )
            .hint("open the database again");
            self.close(Some(error.clone()));
            return Err(error);
        }
        if known.is_none() {
            store::remember_user(&self.url, &user).await?;
            self.start_session(&user).await?;
        }
        self.token.replace(Some(token.clone()));
        Ok(token)
    }

    async fn ask_for_token(&self) -> Result<String, Error> {
        let token = (self.token_source)().await?;
        if token.is_empty() {
            return Err(token_missing());
        }
        Ok(token)
    }

    /// Until a user is known, asks for a token now and then, and at once when online.
    fn await_sign_in(self: Rc<Self>) {
        spawn(async move {
            let mut attempt = 0;
            while self.closed.borrow().is_none() && self.session.borrow().is_none() {
                if let Err(error) = self.token(true).await {
                    self.failure.replace(Some(ErrorView::from(&error)));
                    self.refresh_status();
                }
                let delay = haversack_core::sync::backoff_ms(attempt, browser::random_unit());
                attempt += 1;
                browser::timer::sleep(delay.max(SIGN_IN_GAP_MS)).await;
            }
        });
    }

    /// Recomputes the status and tells TypeScript where it differs.
    pub fn refresh_status(&self) {
        let mut status = self.status.borrow().clone();
        status.pending = self.replica.borrow().pending_len();
        status.leader = false;
        match self.machine.borrow().state() {
            // A follower shows what the leader says of the connection.
            State::Following { .. } => {}
            State::Idle => status.state = Connection::Online,
            State::Syncing { .. } => status.state = Connection::Syncing,
            State::Waiting { .. } => status.state = Connection::Offline,
            State::Paused(code) if code.recovery() == Recovery::Authenticate => {
                status.state = Connection::SignedOut;
            }
            State::Paused(_) => status.state = Connection::Offline,
            State::Closed => status.state = Connection::Closed,
        }
        if !matches!(self.machine.borrow().state(), State::Following { .. }) {
            status.leader = status.state != Connection::Closed;
            status.error = self.failure.borrow().clone();
        } else if self.session.borrow().is_none() {
            status.error = self.failure.borrow().clone();
        }
        self.publish(status);
    }

    fn publish(&self, status: Status) {
        if *self.status.borrow() == status {
            return;
        }
        self.status.replace(status.clone());
        if status.leader {
            self.tell_tabs_status(&status);
        }
        self.notify(&Notice::Status);
    }

    /// Closes; later calls fail with `error`, or with `closed` where the application asked.
    pub fn close(self: &Rc<Self>, error: Option<Error>) {
        if self.closed.borrow().is_some() {
            return;
        }
        let why = error.clone().unwrap_or_else(|| {
            Error::new(ErrorCode::Closed, "the database was closed").hint("open it again")
        });
        self.failure.replace(error.as_ref().map(ErrorView::from));
        self.closed.replace(Some(why));
        self.dispatch(Event::Closed);
        self.listeners.borrow_mut().clear();
        if let Some(session) = self.session.take() {
            session.end();
        }
        self.notify(&Notice::Closed {
            error: error.as_ref().map(ErrorView::from),
        });
    }
}

/// The error of a `token()` that gave none.
pub fn token_missing() -> Error {
    Error::new(
        ErrorCode::TokenMissing,
        "`token()` did not resolve to a token",
    )
}

/// The error of an answer that is for another user than the token's claim says.
fn named_otherwise() -> Error {
    Error::new(
        ErrorCode::IdentityChanged,
        "the endpoint knows this user under another name than the token's claim",
    )
}
