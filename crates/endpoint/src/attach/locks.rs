//! How the tables are locked against who writes there meanwhile.
//!
//! Who writes locks a table, then the changelog, then perhaps another table. So all tables are locked before anything
//! else is, and nothing is waited for as long as Postgres takes to look for a deadlock: where one comes about, it is
//! this transaction that gives way, and begins anew.

use crate::database::command_error;
use haversack_core::{Error, ErrorCode};
use std::time::{Duration, Instant};
use tokio_postgres::{Client, Transaction};

/// For how long it is tried: a transaction of the application may hold a table for that long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts others get on.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one lock is waited for; meanwhile writers of that table queue up behind. Well under the second after which
/// Postgres looks for a deadlock.
const WAIT: &str = "SET LOCAL lock_timeout = '300ms'";

/// The statements that a transaction begins with which makes or drops triggers on these relations.
pub(super) fn first<'a>(relations: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut relations: Vec<&str> = relations.map(String::as_str).collect();
    relations.sort_unstable();
    relations.dedup();
    let mut out = vec![WAIT.to_owned()];
    if !relations.is_empty() {
        let relations = relations.join(", ");
        out.push(format!(
            "LOCK TABLE {relations} IN SHARE ROW EXCLUSIVE MODE"
        ));
    }
    out
}

/// Runs what a transaction does, again where others hold what it needs, and commits.
///
/// # Errors
/// What `work` and Postgres answer; `overloaded` where others held something for as long as it was tried.
pub(super) async fn alone<T>(
    client: &mut Client,
    doing: &str,
    mut work: impl AsyncFnMut(&Transaction<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let failed = command_error(doing);
    let begun = Instant::now();
    loop {
        let transaction = client.transaction().await.map_err(&failed)?;
        let error = match work(&transaction).await {
            Ok(done) => {
                transaction.commit().await.map_err(&failed)?;
                return Ok(done);
            }
            Err(error) => error,
        };
        transaction.rollback().await.map_err(&failed)?;
        let is_held = matches!(error.details.sqlstate.as_deref(), Some("55P03" | "40P01"));
        if !is_held {
            return Err(error);
        }
        if begun.elapsed() >= PATIENCE {
            let message = format!(
                "{doing} failed: transactions held its tables for {} s",
                PATIENCE.as_secs()
            );
            return Err(Error::new(ErrorCode::Overloaded, message)
                .hint("see pg_stat_activity for what runs so long, and try again when it is through; nothing was changed"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
