//! What the model takes from outside: time, chance, and what goes wrong.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;

/// A moment of a transaction of an endpoint at which something may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// A push begins.
    BeginPush,
    /// A replica's record is locked.
    LockReplica,
    /// Keys are drawn from a sequence.
    Draw,
    /// A row is read for a mutation.
    Read,
    /// A row is written.
    Write,
    /// Verdicts are recorded.
    Record,
    /// A transaction commits, of a push or a pull.
    Commit,
    /// A pull begins.
    BeginPull,
    /// The changelog is read.
    Changed,
    /// Changed rows are read again.
    ReadMany,
    /// All rows of a table are read.
    ReadAll,
}

impl Point {
    /// Every point.
    pub const ALL: [Point; 11] = [
        Point::BeginPush,
        Point::LockReplica,
        Point::Draw,
        Point::Read,
        Point::Write,
        Point::Record,
        Point::Commit,
        Point::BeginPull,
        Point::Changed,
        Point::ReadMany,
        Point::ReadAll,
    ];
}

/// What goes wrong at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The statement fails with this SQLSTATE, such as 40001, 40P01, 55P03 or 53300.
    Refuse(&'static str),
    /// The connection breaks before the statement takes effect, and the transaction ends with it.
    Lost,
    /// The connection breaks after a commit has taken effect; elsewhere the same as [`Fault::Lost`].
    LostAfter,
    /// The transaction waits for so many milliseconds, and holds what it has, before it goes on.
    /// Only where nothing else of the connection is under way: at [`Point::BeginPush`],
    /// [`Point::LockReplica`], [`Point::Commit`] and [`Point::BeginPull`]; elsewhere nothing.
    Delay(u64),
}

/// What the model takes from outside.
pub trait World {
    /// Milliseconds since 1970 by the database's clock.
    fn now_ms(&self) -> i64;

    /// Random bits.
    fn random(&self) -> u64;

    /// Asked at each point.
    fn fault(&self, _point: Point) -> Fault {
        Fault::None
    }

    /// Waits for so many milliseconds.
    fn sleep(&self, _ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(ready(()))
    }

    /// A commit, by whomever, has taken effect that concerns these scopes.
    fn committed(&self, _scopes: &BTreeSet<String>) {}
}

/// A world in which time stands until it is set, and nothing goes wrong.
#[derive(Debug)]
pub struct Still {
    now_ms: Cell<i64>,
    state: Cell<u64>,
}

impl Still {
    /// A world whose chance is that of a seed.
    pub fn new(seed: u64, now_ms: i64) -> Rc<Self> {
        Rc::new(Self {
            now_ms: Cell::new(now_ms),
            state: Cell::new(seed),
        })
    }

    /// Sets the time.
    pub fn set_now_ms(&self, now_ms: i64) {
        self.now_ms.set(now_ms);
    }
}

impl World for Still {
    fn now_ms(&self) -> i64 {
        self.now_ms.get()
    }

    fn random(&self) -> u64 {
        // SplitMix64.
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
