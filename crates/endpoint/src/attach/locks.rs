//! How the tables are locked against who writes there meanwhile.
//!
//! Who writes locks a table, then the changelog, then perhaps another table. So all tables are locked before anything
//! else is, in well under the second after which Postgres looks for a deadlock: where one comes about, it is this
//! transaction that gives way, and all begins anew.

use crate::database::command_error;
use haversack_core::{Error, ErrorCode};
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// For how long it is tried: a transaction of the application may hold a table for that long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts others get on.
const PAUSE: Duration = Duration::from_millis(100);
/// What all tables of a kind may take to be locked, one after the other; and then any one lock.
const WAIT: &str = "300ms";
/// Postgres ends an autovacuum for whoever has waited for it for a second.
const WAIT_FOR_VACUUM: &str = "1200ms";

/// The relations whose triggers are made or made anew, and those that lose theirs, as SQL names them.
#[derive(Clone, Debug, Default)]
pub(super) struct Locked {
    pub kept: Vec<String>,
    pub dropped: Vec<String>,
}

impl Locked {
    /// Without those that whoever attaches may not lock, though it may have triggers on them.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn of(
        client: &Client,
        kept: impl IntoIterator<Item = &String>,
        dropped: impl IntoIterator<Item = &String>,
    ) -> Result<Self, Error> {
        let allowed = async |relations: Vec<&String>| {
            let rows = client
                .query(
                    "SELECT DISTINCT name FROM unnest($1::text[]) AS r(name)
                     WHERE has_table_privilege(to_regclass(name)::oid, 'UPDATE, DELETE, TRUNCATE') ORDER BY 1",
                    &[&relations],
                )
                .await
                .map_err(command_error("reading the privileges"))?;
            Ok::<_, Error>(rows.iter().map(|row| row.get(0)).collect())
        };
        Ok(Self {
            kept: allowed(kept.into_iter().collect()).await?,
            dropped: allowed(dropped.into_iter().collect()).await?,
        })
    }

    /// The statements that the transaction begins with.
    pub fn statements(&self) -> Vec<String> {
        // To drop a trigger locks out who only reads, too: not after the others are locked.
        let modes = [
            (&self.dropped, "ACCESS EXCLUSIVE"),
            (&self.kept, "SHARE ROW EXCLUSIVE"),
        ];
        let mut out = vec![format!("SET LOCAL statement_timeout = '{WAIT}'")];
        for (relations, mode) in modes.iter().filter(|(relations, _)| !relations.is_empty()) {
            out.push(format!(
                "LOCK TABLE {} IN {mode} MODE",
                relations.join(", ")
            ));
        }
        out.push("SET LOCAL statement_timeout TO DEFAULT".to_owned());
        out.push(format!("SET LOCAL lock_timeout = '{WAIT}'"));
        out
    }
}

/// What is left of the time in which it is tried.
pub(super) struct Patience {
    doing: &'static str,
    begun: Instant,
}

impl Patience {
    pub fn new(doing: &'static str) -> Self {
        Self {
            doing,
            begun: Instant::now(),
        }
    }

    /// Waits, where a transaction failed because others held what it needs.
    ///
    /// # Errors
    /// The same one where it failed otherwise; `overloaded` where it was tried for long enough.
    pub async fn after(&self, error: Error, client: &Client, locked: &Locked) -> Result<(), Error> {
        let sqlstate = error.details.sqlstate.as_deref();
        if !matches!(sqlstate, Some("55P03" | "40P01" | "57014")) {
            return Err(error);
        }
        if self.begun.elapsed() >= PATIENCE {
            let (doing, seconds) = (self.doing, PATIENCE.as_secs());
            let message =
                format!("{doing} failed: for {seconds} s transactions held tables that it needs");
            return Err(Error::new(ErrorCode::Overloaded, message).hint(
                "nothing was changed; see pg_stat_activity for what runs so long, and try again then",
            ));
        }
        tokio::time::sleep(PAUSE).await;
        // By itself, so that nobody who waits for it holds anything that this waits for.
        for relation in locked.kept.iter().chain(&locked.dropped) {
            let nudge = format!(
                "BEGIN; SET LOCAL lock_timeout = '{WAIT_FOR_VACUUM}'; LOCK TABLE {relation} IN SHARE ROW EXCLUSIVE MODE"
            );
            // What it was that held it is for the next attempt to find.
            let _ = client.batch_execute(&nudge).await;
            client
                .batch_execute("ROLLBACK")
                .await
                .map_err(command_error(self.doing))?;
        }
        Ok(())
    }
}
