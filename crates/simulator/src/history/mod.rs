//! Histories: who takes part, and what happens, step by step.
//!
//! **Invariant.** A step means something whatever the others are: it names seats, devices and users by
//! number, and one that finds nothing to do does nothing. So any part of a history is a history, and can
//! be shrunk. What a step draws at random comes from its own `pick`, not from the steps before it.

mod draw;
mod show;

pub use draw::Weights;

use serde::{Deserialize, Serialize};

/// The most clients of a history.
pub const SEATS_MAX: usize = 20;
/// The fewest steps of a history.
pub const STEPS_MIN: usize = 200;

/// A place for a tab on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seat(pub u8);

/// A device of the cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Device(pub u8);

/// A user of the cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct User(pub u8);

/// Who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    /// How many users there are.
    pub users: u8,
    /// The user of each device.
    pub devices: Vec<User>,
    /// The device of each seat.
    pub seats: Vec<Device>,
    /// How many endpoints serve the database.
    pub endpoints: u8,
}

/// A history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// What it was made from; also the seed of whatever is random while it runs.
    pub seed: u64,
    /// Who takes part.
    pub cast: Cast,
    /// What happens.
    pub steps: Vec<Planned>,
}

/// A step at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// How long after the step before, in milliseconds.
    pub after_ms: u32,
    /// What the step draws from.
    pub pick: u32,
    /// What happens.
    pub step: Step,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The application of a tab writes.
    Write {
        /// The tab.
        seat: Seat,
        /// What.
        write: Write,
    },
    /// Somebody looks at what a tab shows.
    Read {
        /// The tab.
        seat: Seat,
    },
    /// Time passes.
    Pass {
        /// How much, in milliseconds.
        ms: u32,
    },
    /// The application asks for a sync.
    Ask {
        /// The tab.
        seat: Seat,
    },
    /// The application deals with a rejected mutation or a lost value.
    Settle {
        /// The tab.
        seat: Seat,
        /// How.
        settle: Settle,
    },
    /// Something happens to a tab.
    Tab {
        /// The tab.
        seat: Seat,
        /// What.
        tab: TabStep,
    },
    /// Something happens to a device.
    Machine {
        /// The device.
        device: Device,
        /// What.
        machine: Machine,
    },
    /// The next messages of a device suffer.
    Wire {
        /// The device.
        device: Device,
        /// What becomes of them.
        wire: Wire,
        /// How many.
        times: u8,
    },
    /// Something happens to an endpoint or the database.
    Server(ServerStep),
    /// A writer straight in SQL.
    Sql {
        /// Which one.
        writer: u8,
        /// What it does.
        sql: Sql,
    },
    /// Somebody with the token of a user says what no client would.
    Hostile {
        /// Whose token.
        user: User,
        /// What.
        lie: Lie,
    },
}

/// A write of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// A row.
    Insert,
    /// Some columns of a row.
    Update,
    /// A row goes.
    Delete,
    /// A parent and rows that refer to it, in one transaction.
    Family,
    /// New values for several rows in one transaction.
    Sweep,
    /// Something that a rule of the schema may forbid.
    Doubtful,
}

/// What an application does about an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settle {
    /// Forgets a rejected mutation.
    Dismiss,
    /// Writes a rejected mutation again.
    Retry,
    /// Forgets a lost value.
    DismissLost,
}

/// What happens to a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TabStep {
    /// It is opened, unless there is one.
    Open,
    /// The application closes its database, and the tab.
    Close,
    /// It ends at once.
    Kill,
    /// Nothing of it runs.
    Freeze,
    /// It goes on.
    Thaw,
}

/// What happens to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machine {
    /// All of its tabs are killed.
    KillBrowser,
    /// The power goes; what was not on disk is lost.
    CutPower,
    /// The disk is full for a while.
    FillDisk {
        /// For how long, in milliseconds.
        ms: u32,
    },
    /// The browser's storage fails for a while.
    BreakStorage {
        /// For how long, in milliseconds.
        ms: u32,
    },
    /// Its clock is so far from the truth from now on, in seconds.
    Clock {
        /// How far.
        seconds: i32,
    },
    /// It has no network.
    Cut,
    /// It has its network again.
    Heal,
}

/// What becomes of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// The request never arrives.
    LoseRequest,
    /// The request is served, its answer never arrives.
    LoseAnswer,
    /// The request arrives twice, one soon after the other.
    Duplicate,
    /// A copy of the request arrives again long after, behind later ones.
    Reorder,
    /// The request takes long.
    Delay {
        /// How long, in milliseconds.
        ms: u32,
    },
    /// The answer ends somewhere, as if it were whole.
    Truncate,
    /// The connection breaks somewhere in the answer.
    Break,
    /// Pokes are lost, and the socket with the next one.
    LosePokes,
}

/// What happens to an endpoint or the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerStep {
    /// An endpoint dies, with all requests under way; another takes its place.
    Crash {
        /// Which.
        endpoint: u8,
    },
    /// The next commit is the last thing of its endpoint.
    CrashAtCommit {
        /// Did it take effect?
        done: bool,
    },
    /// The next transactions of pushes or pulls fail for a passing reason.
    Refuse {
        /// Why.
        why: Passing,
        /// How many.
        times: u8,
    },
    /// The connection to the database is lost at the next commit.
    LoseCommit {
        /// Did it take effect?
        done: bool,
    },
    /// The next transactions stay open for so long, in milliseconds.
    Linger {
        /// How long.
        ms: u32,
        /// How many.
        times: u8,
    },
    /// A backup is made.
    Backup,
    /// The last backup is restored.
    Restore,
    /// The first backup is restored, whatever was restored since.
    RestoreFirst,
    /// The endpoints serve another schema, or the clients' again (F44).
    Schema {
        /// Another?
        other: bool,
    },
    /// The changelog is pruned.
    Prune,
}

/// Why Postgres refuses something that it would take another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passing {
    /// 40001
    Serialisation,
    /// 40P01
    Deadlock,
    /// 55P03
    Lock,
    /// 53300
    Connections,
}

/// What a writer in SQL does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sql {
    /// Writes, in the transaction that is open or a new one.
    Write(Write),
    /// Commits what is open.
    Commit,
    /// Rolls back what is open.
    Rollback,
}

/// What no client would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// A push as somebody else's replica.
    ForeignReplica,
    /// A push of rows that are somebody else's.
    ForeignRows,
    /// A key that was leased to nobody.
    ForgedKey,
    /// A number far ahead.
    Gap,
    /// Another mutation under a number that was used.
    Fork,
    /// Somebody else's cursor.
    ForeignCursor,
    /// No sense at all.
    Garbage,
}

impl Passing {
    /// Postgres's code.
    pub fn sqlstate(self) -> &'static str {
        match self {
            Self::Serialisation => "40001",
            Self::Deadlock => "40P01",
            Self::Lock => "55P03",
            Self::Connections => "53300",
        }
    }
}

impl Cast {
    /// The user of a seat.
    pub fn user_of(&self, seat: Seat) -> User {
        self.devices[usize::from(self.seats[usize::from(seat.0)].0)]
    }

    /// The name of a user, as tokens have it: a UUID.
    pub fn name_of(user: User) -> String {
        format!("00000000-0000-4000-8000-{:012x}", u64::from(user.0) + 1)
    }
}
