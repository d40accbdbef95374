//! A database in memory alone: the same replica without store, network and session, for the tests
//! of applications. There is no server, so a write that the rules let pass is confirmed at once.

use crate::browser;
use crate::client::Shared;
use crate::client::events::Notice;
use haversack_core::Error;
use haversack_core::protocol::Outcome;
use haversack_core::replica::{LocalId, Prepared, Sequences};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a database in memory has instead of a session.
pub struct Memory {
    /// Gives the time, in milliseconds since 1970.
    now: Box<dyn Fn() -> Option<f64>>,
    /// Of the random bytes; they are the browser's own where the application gave none.
    seed: Option<u64>,
    random: Cell<Option<u64>>,
    /// For keys.
    pub sequences: RefCell<Sequences>,
}

impl Memory {
    /// One without rows.
    pub fn new(now: impl Fn() -> Option<f64> + 'static, seed: Option<f64>) -> Self {
        Self {
            now: Box::new(now),
            seed: seed.map(f64::to_bits),
            random: Cell::new(seed.map(f64::to_bits)),
            sequences: RefCell::default(),
        }
    }

    /// The time.
    pub fn now_ms(&self) -> i64 {
        (self.now)().unwrap_or_else(browser::now_ms) as i64
    }

    /// Random bytes, the same ones for the same seed.
    pub fn random(&self) -> [u8; 16] {
        let Some(mut seed) = self.random.get() else {
            return browser::random_bytes();
        };
        // SplitMix64: any seed will do, and its neighbour gives quite other numbers.
        let mut bytes = [0; 16];
        for half in bytes.chunks_exact_mut(8) {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            half.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
        }
        self.random.set(Some(seed));
        bytes
    }
}

impl Shared {
    /// Replaces all rows of a database in memory by those of another, of the same tables. Keys and
    /// random bytes begin anew.
    ///
    /// # Errors
    /// Why the database closed.
    pub fn take_rows(&self, other: &Shared) -> Result<(), Error> {
        if let Some(memory) = self.memory()? {
            let mut replica = self.replica.borrow_mut();
            replica.take_rows(&other.replica.borrow());
            memory.sequences.replace(Sequences::after(&replica));
            memory.random.set(memory.seed);
        }
        self.notify(&Notice::Changed);
        Ok(())
    }

    /// Makes a write visible for good, and tells so.
    pub fn confirm(self: &Rc<Self>, prepared: Prepared) -> u64 {
        let local = self.replica.borrow_mut().apply(prepared);
        self.confirm_local(local);
        local.0
    }

    /// Makes what is visible of a write confirmed, and tells so.
    pub fn confirm_local(self: &Rc<Self>, local: LocalId) {
        self.replica.borrow_mut().confirm_visible(local);
        let local = local.0;
        let shared = self.clone();
        // In a turn of its own, when the application holds what it is told about.
        crate::task::spawn(async move {
            shared.notify(&Notice::settled(Some(local), local, &Outcome::Applied));
        });
    }
}
