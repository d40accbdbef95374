//! What Postgres has against a query, in words for whoever asked it. Postgres's own words stay here: they may
//! quote what the user can't see.

use crate::sync::failure::{Failure, Refusal};
use haversack_core::{Error, ErrorCode};
use std::time::Duration;

/// `query_canceled`
const CANCELLED: &str = "57014";
/// What the types of a query can't do: no such operator, or several; no such cast; no collation to compare by; a
/// feature that is missing.
const IMPOSSIBLE: [&str; 6] = ["42883", "42725", "42804", "42846", "42P22", "0A000"];

/// `program_limit_exceeded`
const TOO_LARGE: &str = "54000";

/// May it be so because the database is no longer what the schema says?
pub(super) fn is_outdated(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(refusal) | Failure::Outdated(refusal) => {
            refusal.sqlstate.starts_with("42") && !IMPOSSIBLE.contains(&&*refusal.sqlstate)
        }
        Failure::Transient(_) | Failure::Broken(_) => false,
    }
}

/// The answer to a query that failed.
pub(super) fn error_of(failure: Failure, timeout: Duration) -> Error {
    let error = match &failure {
        Failure::Transient(refusal) if refusal.sqlstate == CANCELLED => Error::new(
            ErrorCode::QueryTooSlow,
            format!("Postgres did not answer the query within {timeout:?}"),
        )
        .hint("ask for less, or by columns that have an index"),
        Failure::Refused(refusal) => match of_query(refusal) {
            Some(error) => error,
            None => return failure.into_error(),
        },
        Failure::Transient(_) | Failure::Outdated(_) | Failure::Broken(_) => {
            return failure.into_error();
        }
    };
    match failure {
        Failure::Refused(refusal) | Failure::Transient(refusal) | Failure::Outdated(refusal) => {
            error.sqlstate(refusal.sqlstate)
        }
        Failure::Broken(error) => error,
    }
}

/// What is wrong with the query itself, where it is that.
fn of_query(refusal: &Refusal) -> Option<Error> {
    let error = |code, message: &str| Some(Error::new(code, message));
    match &*refusal.sqlstate {
        TOO_LARGE => error(
            ErrorCode::TooManyRows,
            "what is made of a group is more than an answer holds",
        ),
        "22003" | "22008" => error(
            ErrorCode::OutOfRange,
            "Postgres finds a value of the query out of its type's range",
        ),
        "22P02" | "22007" | "22P05" | "22021" => error(
            ErrorCode::TypeMismatch,
            "Postgres can't read a value of the query as its column's type",
        ),
        state if IMPOSSIBLE.contains(&state) => error(
            ErrorCode::InvalidQuery,
            "Postgres has no such comparison, or order, for a type of the query",
        ),
        // Of data, of a domain within an array, of what a statement may hold.
        state
            if ["22", "23", "54"]
                .iter()
                .any(|class| state.starts_with(class)) =>
        {
            error(
                ErrorCode::InvalidQuery,
                "Postgres refuses the query for one of its values",
            )
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgres_refuses_is_the_querys_or_the_schemas_or_the_servers() {
        let refused = |sqlstate: &str| {
            let refusal = Refusal {
                sqlstate: sqlstate.into(),
                message: "Key (secret)=(canary) is wrong".into(),
                ..Refusal::default()
            };
            Box::new(refusal).into_failure()
        };
        for (sqlstate, code, outdated) in [
            ("57014", ErrorCode::QueryTooSlow, false),
            ("22P02", ErrorCode::TypeMismatch, false),
            ("22003", ErrorCode::OutOfRange, false),
            ("2201B", ErrorCode::InvalidQuery, false),
            ("42883", ErrorCode::InvalidQuery, false),
            ("0A000", ErrorCode::InvalidQuery, false),
            ("54000", ErrorCode::TooManyRows, false),
            ("54001", ErrorCode::InvalidQuery, false),
            ("42703", ErrorCode::Internal, true),
            ("42501", ErrorCode::Internal, true),
            ("53200", ErrorCode::Overloaded, false),
            ("40001", ErrorCode::Overloaded, false),
            ("XX000", ErrorCode::Internal, false),
        ] {
            assert_eq!(is_outdated(&refused(sqlstate)), outdated, "{sqlstate}");
            let error = error_of(refused(sqlstate), Duration::from_secs(5));
            assert_eq!(error.code, code, "{sqlstate}");
            assert_eq!(error.details.sqlstate.as_deref(), Some(sqlstate));
            assert!(!error.message.contains("canary"), "{error}");
        }
    }
}
