//! What is in a database, and what of it would survive a power cut.

use super::key::Key;
use super::transaction::TxState;
use crate::value::Value;
use crate::world::TabId;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// So many states before a power cut are told apart.
const STATES_MAX: usize = 64;

/// A store's records. Shared between states until one of them changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    /// Does the browser number the records?
    pub(crate) numbered: bool,
    pub(crate) last: u64,
    pub(crate) records: BTreeMap<Key, Value>,
}

pub(crate) type Stores = BTreeMap<String, Rc<Records>>;

pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) tab: TabId,
    pub(crate) on_version_change: Option<Rc<dyn Fn()>>,
}

#[derive(Default)]
pub(crate) struct Database {
    pub(crate) stores: Stores,
    /// States that a power cut may bring back: the first is on disk for certain, the last is now's.
    pub(crate) on_disk: Vec<Stores>,
    pub(crate) connections: Vec<Connection>,
    /// Those that are not done, in the order of their making.
    pub(crate) transactions: Vec<Rc<RefCell<TxState>>>,
}

impl Database {
    pub(crate) fn records(&mut self, store: &str) -> Option<&mut Records> {
        self.stores.get_mut(store).map(Rc::make_mut)
    }

    /// What is there without what open transactions have written.
    pub(crate) fn settled(&self) -> Stores {
        let mut settled = self.stores.clone();
        for tx in &self.transactions {
            let before = tx.borrow().before.clone();
            settled.extend(before);
        }
        settled
    }

    /// A store without what open transactions have written.
    pub(crate) fn settled_store(&self, name: &str) -> Option<Rc<Records>> {
        let mut open = self.transactions.iter();
        let before = open.find_map(|tx| tx.borrow().before.get(name).cloned());
        before.or_else(|| self.stores.get(name).cloned())
    }

    /// Notes that what is settled now is on disk, or will be.
    pub(crate) fn committed(&mut self, strictly: bool) {
        if strictly {
            self.on_disk.clear();
        }
        self.on_disk.push(self.settled());
        if self.on_disk.len() > STATES_MAX {
            self.on_disk.remove(0);
        }
    }
}
