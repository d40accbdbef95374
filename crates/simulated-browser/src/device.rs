//! What the tabs of one browser profile share.

use crate::channel::Member;
use crate::idb::data::Database;
use crate::locks::Waiter;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// A browser profile on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub usize);

/// How writing transactions fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageFault {
    /// The disk is full: they are aborted.
    Full,
    /// They are aborted for a reason that the browser does not know.
    Unknown,
}

#[derive(Default)]
pub(crate) struct Device {
    pub(crate) skew_ms: f64,
    pub(crate) fault: Option<StorageFault>,
    pub(crate) databases: BTreeMap<String, Rc<RefCell<Database>>>,
    pub(crate) locks: BTreeMap<String, VecDeque<Waiter>>,
    pub(crate) channels: Vec<Member>,
}
