//! What the binding tells TypeScript, and the shape of an error there.

use super::write::Made;
use haversack_core::error::Details;
use haversack_core::json::{Members, ToJson};
use haversack_core::protocol::{Outcome, Seq};
use haversack_core::{Error, ErrorCode, Recovery};
use haversack_core::{json_struct, json_words};

/// An error as JavaScript gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorView {
    /// The stable code.
    pub code: ErrorCode,
    /// A sentence.
    pub message: String,
    /// What to do next.
    pub recovery: Recovery,
    /// What it is about.
    pub details: Details,
}

json_struct!(ErrorView {
    code,
    message,
    recovery,
    details
});

impl From<&Error> for ErrorView {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code,
            message: error.message.clone(),
            recovery: error.recovery(),
            details: error.details.clone(),
        }
    }
}

/// An event.
#[derive(Clone, Debug)]
pub enum Notice {
    /// Visible rows changed.
    Changed,
    /// A write of this tab is durable.
    Durable {
        /// Its local number.
        local: u64,
    },
    /// A write of this tab could not be stored and was withdrawn.
    Failed {
        /// Its local number.
        local: u64,
        /// Why.
        error: ErrorView,
    },
    /// Rows of a write have the keys of their sequence in the place of temporary ones.
    Rekeyed(Made),
    /// A mutation got its verdict.
    Settled {
        /// Its local number, where this tab made it.
        local: Option<u64>,
        /// Its number.
        seq: Seq,
        /// The outcome's name.
        outcome: &'static str,
        /// Why, unless it was applied or merged.
        error: Option<ErrorView>,
    },
    /// The status changed.
    Status,
    /// The list of rejected mutations changed.
    Rejected,
    /// The list of lost values changed.
    Lost,
    /// The database was closed.
    Closed {
        /// Why, unless the application did it.
        error: Option<ErrorView>,
    },
}

impl ToJson for Notice {
    fn to_json(&self, out: &mut String) {
        let mut members = Members::new(out);
        match self {
            Notice::Changed => members.add("kind", &"changed"),
            Notice::Durable { local } => members.add("kind", &"durable").add("local", local),
            Notice::Failed { local, error } => members
                .add("kind", &"failed")
                .add("local", local)
                .add("error", error),
            Notice::Rekeyed(made) => members
                .add("kind", &"rekeyed")
                .add("local", &made.local)
                .add("keys", &made.keys)
                .add("temporary", &made.temporary),
            Notice::Settled {
                local,
                seq,
                outcome,
                error,
            } => members
                .add("kind", &"settled")
                .add("local", local)
                .add("seq", seq)
                .add("outcome", outcome)
                .add("error", error),
            Notice::Status => members.add("kind", &"status"),
            Notice::Rejected => members.add("kind", &"rejected"),
            Notice::Lost => members.add("kind", &"lost"),
            Notice::Closed { error } => members.add("kind", &"closed").add("error", error),
        }
        .end();
    }
}

impl Notice {
    /// The notice of a verdict.
    pub fn settled(local: Option<u64>, seq: Seq, outcome: &Outcome) -> Self {
        let error = |code: ErrorCode| Some(ErrorView::from(&Error::new(code, code.meaning())));
        let error = match outcome {
            Outcome::Applied | Outcome::Merged => None,
            Outcome::Conflict => error(ErrorCode::Conflict),
            Outcome::Gone => error(ErrorCode::Gone),
            Outcome::Rejected { error } => {
                let mut view = ErrorView::from(error);
                view.code = ErrorCode::Rejected;
                view.recovery = ErrorCode::Rejected.recovery();
                Some(view)
            }
        };
        Self::Settled {
            local,
            seq,
            outcome: outcome.name(),
            error,
        }
    }
}

/// What the connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not yet known.
    Starting,
    /// The last attempt failed; another is planned.
    Offline,
    /// A sync is under way.
    Syncing,
    /// The last sync succeeded.
    Online,
    /// Only a new token helps.
    SignedOut,
    /// Over.
    Closed,
}

json_words!(Connection {
    Starting "starting",
    Offline "offline",
    Syncing "syncing",
    Online "online",
    SignedOut "signed-out",
    Closed "closed",
});

/// How far the first sync is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows that have arrived.
    pub done: u64,
    /// Rows to come in all.
    pub total: u64,
}

json_struct!(Progress { done, total });

/// The state of syncing, as `db.sync.status`.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// What the connection does.
    pub state: Connection,
    /// The user, where one is known.
    pub user: Option<String>,
    /// Mutations without a verdict.
    pub pending: usize,
    /// When the last sync ended, in milliseconds since 1970.
    pub last_sync: Option<f64>,
    /// How far the first sync is, while it is under way.
    pub progress: Option<Progress>,
    /// Does this tab lead?
    pub leader: bool,
    /// Why the last sync failed.
    pub error: Option<ErrorView>,
}

json_struct!(Status {
    state,
    user,
    pending,
    last_sync as "lastSync",
    progress,
    leader,
    error,
});

impl Default for Status {
    fn default() -> Self {
        Self {
            state: Connection::Starting,
            user: None,
            pending: 0,
            last_sync: None,
            progress: None,
            leader: false,
            error: None,
        }
    }
}
