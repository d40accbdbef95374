//! Postgres's errors, in the words that every store has.

use crate::database::explain;
use crate::sync::failure::{Failure, Origin, Refusal};
use haversack_core::{Error, ErrorCode};
use tokio_postgres::error::{DbError, Severity};

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(db) if !ends_connection(db) => Box::new(refusal(db)).into_failure(),
            _ => {
                tracing::error!("the connection to Postgres failed: {}", explain(&error));
                Failure::Broken(Error::new(
                    ErrorCode::DatabaseUnavailable,
                    "the connection to Postgres broke",
                ))
            }
        }
    }
}

/// Is it the last that this connection says?
fn ends_connection(db: &DbError) -> bool {
    matches!(
        db.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    )
}

fn refusal(db: &DbError) -> Refusal {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Refusal {
        sqlstate: db.code().code().to_owned(),
        message: db.message().to_owned(),
        schema: owned(db.schema()),
        table: owned(db.table()),
        column: owned(db.column()),
        constraint: owned(db.constraint()),
        // By the routine in Postgres that the error comes from.
        origin: match db.routine() {
            Some("aclcheck_error") => Origin::Privilege,
            // What PL/pgSQL code raises by itself.
            Some("exec_stmt_raise") => Origin::Raised,
            Some(_) | None => Origin::Other,
        },
    }
}
