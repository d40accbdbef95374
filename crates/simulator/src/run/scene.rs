//! What all parts of a running history share.

use crate::check::server;
use crate::history::{Cast, Device, Seat};
use crate::model::{self, Database};
use crate::oracle::{Change, Commit, Oracle};
use crate::record::Record;
use crate::rows::{Row, Rows, key_of};
use crate::tally::{Broken, Fault, Invariant, Tally};
use haversack::store::layout::database_name;
use haversack_core::protocol::{Op, Seq};
use haversack_core::schema::Schema;
use haversack_simulated_browser::{DeviceId, World};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Where the endpoints are.
pub const URL: &str = "https://sync.example";

/// A write cuts a wait short.
pub const ONE_ATTEMPT: usize = 1;
/// Whatever says that the network works, and a new leader, begin to count failures anew: so many attempts come
/// before the waits are long again.
pub const ATTEMPTS_ANEW: usize = 6;

/// What all parts of a running history share.
pub struct Scene {
    /// Who takes part.
    pub cast: Cast,
    /// What applications and database are built with.
    pub schema: Arc<Schema>,
    /// Devices and time.
    pub world: Rc<World>,
    /// The world's name of each device.
    pub devices: Vec<DeviceId>,
    /// What happened how often.
    pub tally: RefCell<Tally>,
    /// What the server did.
    pub oracle: RefCell<Oracle>,
    /// What tabs did and saw.
    pub record: RefCell<Record>,
    /// The operations of each mutation that reached an endpoint, by replica and number.
    pub sent: RefCell<BTreeMap<(String, Seq), Vec<Op>>>,
    /// The keys of rows that a writer in SQL inserts in the commit that is under way.
    pub sql_inserts: RefCell<BTreeSet<(String, Vec<String>)>>,
    /// The first invariant that does not hold.
    pub broken: RefCell<Option<Broken>>,
    /// What the step under way draws from.
    pub pick: Cell<u64>,
    /// Faults have stopped.
    pub calm: Cell<bool>,
}

impl Scene {
    /// Counts a fault.
    pub fn happened(&self, fault: Fault) {
        self.tally.borrow_mut().happened(fault);
    }

    /// Counts that an invariant was asked.
    pub fn asked(&self, invariant: Invariant, times: usize) {
        self.tally.borrow_mut().asked(invariant, times as u64);
    }

    /// Something happens on a device that calls for so many attempts at once.
    pub fn prompt(&self, device: Device, attempts: usize) {
        let mut record = self.record.borrow_mut();
        let prompts = record.prompts.entry(device).or_default();
        prompts.extend(std::iter::repeat_n(self.world.now_us(), attempts));
    }

    /// Keeps the first invariant that does not hold.
    pub fn hold(&self, result: Result<(), Broken>) {
        if let Err(broken) = result {
            self.broken.borrow_mut().get_or_insert(broken);
        }
    }

    /// What the application of a tab draws from in this step, beside what the step itself draws.
    pub fn pick_of(&self, seat: Seat) -> u64 {
        self.pick.get().rotate_left(40) ^ u64::from(seat.0)
    }

    /// The world's name of a device.
    pub fn device(&self, device: Device) -> DeviceId {
        self.devices[usize::from(device.0)]
    }

    /// The device of a seat.
    pub fn device_of(&self, seat: Seat) -> Device {
        self.cast.seats[usize::from(seat.0)]
    }

    /// The user of a device, as tokens name it.
    pub fn user_of(&self, device: Device) -> String {
        Cast::name_of(self.cast.devices[usize::from(device.0)])
    }

    /// The local database of a device.
    pub fn database_of(&self, device: Device) -> String {
        database_name(URL, &self.user_of(device))
    }

    /// Takes in what the database has committed.
    pub fn take_commits(&self, database: &Database) {
        for commit in database.take_commits() {
            let commit = self.told(commit);
            let result = server::commit(self, &commit);
            self.hold(result);
            let result = self.oracle.borrow_mut().commit(commit);
            self.hold(result);
        }
    }

    fn told(&self, commit: model::Commit) -> Commit {
        let change = |row: model::CommittedRow| Change {
            table: self.schema.table_id(&row.table).unwrap_or_else(|| {
                panic!("the model commits rows of {}, which is no table", row.table)
            }),
            key: row.key,
            old: row.old,
            new: row.new,
        };
        Commit {
            xid: commit.xid,
            by: commit.by,
            rows: commit.rows.into_iter().map(change).collect(),
            verdicts: commit.verdicts,
        }
    }

    /// The database's rows.
    pub fn dump(&self, database: &Database) -> Rows {
        let mut rows = Rows::none(&self.schema);
        for (at, (_, dumped)) in database.dump().tables.into_iter().enumerate() {
            let table = &self.schema.tables[at];
            for row in dumped {
                let row: Row = row.into();
                rows.0[at].insert(key_of(table, &row), row);
            }
        }
        rows
    }
}
