//! IndexedDB: databases of a device, transactions with a durability.
//!
//! As in a browser, a writing transaction waits for all earlier ones that share a store with it, a
//! reading one for the writing ones; one commits by itself when nothing is asked of it any more; and
//! nothing may be asked of it but in the event that made it, or that brought it an answer. Between
//! asking, doing, committing and hearing of it lies an event each, so a tab can die in between.

pub(crate) mod data;
mod key;
mod outside;
mod store;
#[cfg(test)]
mod tests;
mod transaction;

pub use outside::{names, record, records};
pub(crate) use outside::{power_is_gone, tab_is_gone};
pub use store::{Request, Store, above, span};
pub use transaction::Tx;

use crate::timer::sleep;
use crate::world::World;
use data::{Connection, Database as Data, Records};
use std::cell::RefCell;
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

/// A record that is put as a database is upgraded: store, key and value.
pub type Mark<'m> = (&'m str, &'m str, &'m str);

/// Opens a database with at least these stores (a name, and whether its records are numbered). With a
/// mark it is upgraded in any case.
///
/// # Errors
/// Where another tab does not close in time.
pub async fn open(
    name: &str,
    stores: &[(String, bool)],
    mark: Option<Mark<'_>>,
) -> Result<Database, Exception> {
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
        let mut stores = stores.iter();
        mark.is_some() || stores.any(|(name, _)| !data.stores.contains_key(name))
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
        if let Some((store, key, value)) = mark
            && let Some(records) = data.records(store)
        {
            let key = key::Key::of(&key.into())?;
            records.records.insert(key, value.into());
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
