//! What a store says when it did not do what it should, in words that every store has.

use crate::database::is_transient;
use haversack_core::{Error, ErrorCode};

/// `read_only_sql_transaction`
const READ_ONLY: &str = "25006";

/// Why a statement did not do what it should.
#[derive(Debug)]
pub enum Failure {
    /// The database refused it, and would again.
    Refused(Box<Refusal>),
    /// It may succeed if the transaction is tried again.
    Transient(Box<Refusal>),
    /// The database refused in a mutation what the schema, as last read, allows.
    Outdated(Box<Refusal>),
    /// It can't go on; says what to answer.
    Broken(Error),
}

/// What the database said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Five characters.
    pub sqlstate: String,
    /// Its own words; they may quote rows.
    pub message: String,
    /// The schema of `table`.
    pub schema: Option<String>,
    /// The relation concerned, as the database names it.
    pub table: Option<String>,
    /// The column concerned.
    pub column: Option<String>,
    /// The constraint that was broken.
    pub constraint: Option<String>,
    /// What in the database refused.
    pub origin: Origin,
}

/// What in a database refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The lack of a privilege on a whole table or column.
    Privilege,
    /// The application's own code in the database, on purpose.
    Raised,
    /// Anything else.
    #[default]
    Other,
}

impl Refusal {
    /// As a failure: may it succeed another time?
    pub fn into_failure(self: Box<Self>) -> Failure {
        if is_transient(&self.sqlstate) {
            return Failure::Transient(self);
        }
        Failure::Refused(self)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Broken(error)
    }
}

impl Failure {
    /// The answer to a request that failed outside any mutation.
    pub fn into_error(self) -> Error {
        match self {
            Failure::Broken(error) => error,
            Failure::Transient(refusal) => Error::new(
                ErrorCode::Overloaded,
                "Postgres is too busy for this request",
            )
            .sqlstate(refusal.sqlstate),
            // Outside any mutation no trigger raises it: the database recovers, or is a standby.
            Failure::Refused(refusal) if refusal.sqlstate == READ_ONLY => Error::new(
                ErrorCode::DatabaseUnavailable,
                "Postgres takes no writes now",
            )
            .sqlstate(refusal.sqlstate),
            Failure::Refused(refusal) | Failure::Outdated(refusal) => {
                // Its message may quote rows, so only the log gets the code and the place.
                tracing::error!(
                    sqlstate = refusal.sqlstate,
                    table = refusal.table,
                    constraint = refusal.constraint,
                    origin = ?refusal.origin,
                    "Postgres refused a statement of the endpoint"
                );
                Error::new(
                    ErrorCode::Internal,
                    "the endpoint and the database disagree",
                )
                .sqlstate(refusal.sqlstate)
            }
        }
    }
}
