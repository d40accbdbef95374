//! Open tabs: the client that ships, and what it says.

use super::live::{self, Live};
use super::network::token;
use super::scene::{Scene, URL};
use crate::history::{Device, Seat};
use crate::record::{Session, Stored};
use haversack::client::events::Notice;
use haversack::client::{Listener, Shared, TokenSource};
use haversack_core::Error;
use haversack_core::schema::Schema;
use haversack_simulated_browser::{TabId, spawn};
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// How far a tab is.
pub enum Client {
    /// Its database is being opened.
    Opening,
    /// It is open, and its application has live queries.
    Open(Rc<Shared>, Rc<RefCell<Live>>),
    /// It could not be opened.
    Failed(Error),
}

/// An open tab.
pub struct Tab {
    /// The world's name of it.
    pub id: TabId,
    /// Its place.
    pub seat: Seat,
    /// Its device.
    pub device: Device,
    /// Its session in the record.
    pub session: usize,
    /// Its client.
    pub client: Rc<RefCell<Client>>,
}

impl Tab {
    /// Opens a tab, which opens the database.
    pub fn open(scene: &Rc<Scene>, seat: Seat) -> Self {
        let device = scene.device_of(seat);
        let id = scene.world.add_tab(scene.device(device));
        let session = {
            let mut record = scene.record.borrow_mut();
            record.sessions.push(Session {
                seat,
                entries: Vec::new(),
            });
            record.sessions.len() - 1
        };
        let client = Rc::new(RefCell::new(Client::Opening));
        let (scene, to, pick) = (scene.clone(), client.clone(), scene.pick_of(seat));
        scene.clone().world.run_in(id, move || {
            spawn(async move {
                let opened = open(&scene, device, session, Rc::downgrade(&to)).await;
                to.replace(match opened {
                    Ok(shared) => {
                        let live = Live::begin(&mut shared.replica.borrow_mut(), pick);
                        Client::Open(shared, Rc::new(RefCell::new(live)))
                    }
                    Err(error) => Client::Failed(error),
                });
            });
        });
        Self {
            id,
            seat,
            device,
            session,
            client,
        }
    }

    /// The client, where it is open.
    pub fn shared(&self) -> Option<Rc<Shared>> {
        match &*self.client.borrow() {
            Client::Open(shared, _) => Some(shared.clone()),
            Client::Opening | Client::Failed(_) => None,
        }
    }

    /// The live queries of its application, where its client is open.
    pub fn live(&self) -> Option<Rc<RefCell<Live>>> {
        match &*self.client.borrow() {
            Client::Open(_, live) => Some(live.clone()),
            Client::Opening | Client::Failed(_) => None,
        }
    }

    /// The client, where it is open and knows its user.
    pub fn signed_in(&self) -> Option<Rc<Shared>> {
        self.shared().filter(|shared| shared.session().is_ok())
    }

    /// Did its client close, or fail to open?
    pub fn is_over(&self) -> bool {
        match &*self.client.borrow() {
            Client::Opening => false,
            Client::Failed(_) => true,
            Client::Open(shared, _) => matches!(
                shared.session(),
                Err(error) if error.code != haversack_core::ErrorCode::NotSignedIn
            ),
        }
    }

    /// Ends it at once.
    pub fn kill(self, scene: &Scene) {
        scene.world.kill_tab(self.id);
        let client = self.client.replace(Client::Opening);
        // What it still held is gone with it, without a word to anybody.
        scene.world.run_in(self.id, || drop(client));
    }
}

async fn open(
    scene: &Rc<Scene>,
    device: Device,
    session: usize,
    client: Weak<RefCell<Client>>,
) -> Result<Rc<Shared>, Error> {
    let user = scene.user_of(device);
    let source: TokenSource = Rc::new(move || {
        let token = token(&user);
        Box::pin(async move { Ok(token) })
    });
    let told = scene.clone();
    let listener: Listener = Rc::new(move |notice| {
        hear(&told, device, session, &client, notice);
    });
    let schema = Schema::clone(&scene.schema);
    let text = crate::schema::JSON.to_owned();
    Shared::open(schema, text, URL.to_owned(), source, listener).await
}

/// Notes what a client says of its writes, and has live queries follow its rows.
fn hear(
    scene: &Scene,
    device: Device,
    session: usize,
    client: &Weak<RefCell<Client>>,
    notice: &Notice,
) {
    let (local, stored, settled) = match notice {
        Notice::Durable { local } => {
            let Some(seq) = client.upgrade().and_then(|c| number(&c.borrow(), *local)) else {
                return;
            };
            scene
                .world
                .note(&format!("durable {session} {local} {seq}"));
            (*local, Some(Stored::Durable(seq)), None)
        }
        Notice::Failed { local, .. } => {
            scene.world.note(&format!("failed {session} {local}"));
            (*local, Some(Stored::Failed), None)
        }
        Notice::Settled {
            local: Some(local),
            outcome,
            ..
        } => {
            scene.world.note(&format!("{outcome} {session} {local}"));
            (*local, None, Some(*outcome))
        }
        Notice::Changed => return live::changed(client),
        Notice::Rekeyed(_)
        | Notice::Settled { local: None, .. }
        | Notice::Status
        | Notice::Rejected
        | Notice::Lost
        | Notice::Closed { .. } => return,
    };
    let mut record = scene.record.borrow_mut();
    let Some(id) = record.find(session, local) else {
        return;
    };
    let write = &mut record.writes[id.0];
    write.settled = settled.or(write.settled);
    let Some(stored) = stored else {
        return;
    };
    write.stored = stored;
    let instead_of = write.instead_of;
    if let Stored::Durable(seq) = stored {
        let disk = record.disk(device);
        disk.dealt.extend(instead_of);
        let twice = disk.durable.insert(seq, id);
        drop(record);
        if twice.is_some() {
            scene.hold(Err(crate::tally::Broken::new(
                crate::tally::Invariant::I4,
                format!(
                    "two durable mutations of device {} have the number {seq}",
                    device.0
                ),
            )));
        }
    }
}

/// The number of a write of this tab, from before it has a verdict.
fn number(client: &Client, local: u64) -> Option<u64> {
    let Client::Open(shared, _) = client else {
        return None;
    };
    let session = shared.session().ok()?;
    let locals = session.locals.borrow();
    locals
        .iter()
        .find(|(_, own)| *own == local)
        .map(|(seq, _)| *seq)
}
