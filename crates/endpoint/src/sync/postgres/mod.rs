//! The store over Postgres: the SQL of a sync, and nothing else of it.
//!
//! **Invariant.** Every call is one round trip, or none where it is polled together with others, or where
//! it gives nothing back: what becomes of its statements is then heard with the next. What a transaction
//! takes on, role and settings, ends with it.

mod answer;
mod ask;
mod changes;
mod failure;
pub mod session;
mod sets;
mod sql;
mod store;

pub use answer::{hand_out, sync};

use super::cursor::{self, Position};
use super::failure::Failure;
use super::store::TextRow;
use crate::attach::history::{history_again_sql, server_sql, timeline_sql};
use crate::auth::Identity;
use crate::compiled::{Compiled, TableSql};
use crate::config::IdentityFormat;
use crate::scope::{JWT_CLAIM, JWT_CLAIMS};
use crate::state::State;
use haversack_core::schema::TableId;
use haversack_core::{Error, ErrorCode};
use session::Session;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;
use tokio_postgres::Row;

/// A connection of the pool, for one request of one user.
pub struct Postgres {
    session: Session,
    state: Arc<State>,
    compiled: Arc<Compiled>,
    identity: Identity,
    /// Is the transaction that of a push?
    pushing: bool,
    /// Was the token looked up?
    checked: AtomicBool,
    /// The transaction of the push, once it has one.
    pushed: AtomicU64,
    /// May a crash give back a number that the snapshot of the pull contains?
    loose: AtomicBool,
}

impl Postgres {
    /// A store for a request of this user.
    pub fn new(session: Session, state: Arc<State>, identity: Identity) -> Self {
        Self {
            session,
            compiled: state.compiled(),
            state,
            identity,
            pushing: false,
            checked: AtomicBool::new(false),
            pushed: AtomicU64::new(0),
            loose: AtomicBool::new(false),
        }
    }

    fn sql(&self, table: TableId) -> &TableSql {
        self.compiled.sql(table)
    }

    /// The token's name, if it was not looked up yet.
    fn unchecked(&self) -> Option<String> {
        let checked = self.checked.load(Relaxed);
        self.identity.jti.clone().filter(|_| !checked)
    }

    /// The token was not revoked at this time.
    fn checked(&self, at: Instant) {
        if !self.checked.swap(true, Relaxed) {
            self.state.watched.vouch(self.identity.jti.as_deref(), at);
        }
    }

    /// Lets no cursor contain a number that a crash of Postgres gives back and another transaction gets:
    /// that of one that ended, by a ROLLBACK or not durably, and of which nothing is on disk. Up to the
    /// push's own all are; what is beyond comes again with the next pull. Where there was no push, the
    /// answer waits for the disk.
    fn keep_to_disk(&self, position: &mut Position) {
        match self.pushed.load(Relaxed) {
            0 => self.loose.store(true, Relaxed),
            own => position.snapshot = cursor::up_to(&position.snapshot, own),
        }
    }
}

/// What policies read, by name and value.
fn settings(compiled: &Compiled, identity: &Identity) -> Vec<(String, String)> {
    let name = compiled.schema.identity.setting.clone();
    match compiled.identity_format {
        IdentityFormat::Text => vec![(name, identity.user.clone())],
        // Functions made for older versions of PostgREST ask its older settings first.
        IdentityFormat::Json if name == JWT_CLAIMS => {
            let claim = &compiled.schema.identity.claim;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let names = [name, JWT_CLAIM.to_owned()];
            let mut settings = names.map(|name| (name, identity.claims.clone())).to_vec();
            if claim.chars().all(plain) {
                settings.push((format!("{JWT_CLAIM}.{claim}"), identity.user.clone()));
            }
            settings
        }
        IdentityFormat::Json => vec![(name, identity.claims.clone())],
    }
}

impl TextRow for Row {
    fn width(&self) -> usize {
        self.len()
    }

    fn text(&self, column: usize) -> Result<Option<&str>, Failure> {
        Ok(self.try_get(column)?)
    }
}

// A cursor whose xmin is at or below the horizon may lack a pruned change; one from the future is
// from another history, whatever the epoch says.
pub(crate) const POSITION: &str = concat!(
    "SELECT pg_current_snapshot()::text, h.history, h.history = h.noted, h.attached::text,
       coalesce(pg_snapshot_xmin($1::text::pg_snapshot) > h.horizon
            AND pg_snapshot_xmax($1::text::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()), false),
       floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
FROM (SELECT ",
    history_again_sql!(),
    " AS history, coalesce(m.noted, '') AS noted, m.horizon, m.history AS attached FROM haversack.meta m WHERE m.one) h"
);

/// Is all on disk that was written until the snapshot was taken?
pub(crate) const ON_DISK: &str =
    "pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn() AS on_disk";

/// Notes that the history is another one.
///
/// # Errors
/// What Postgres answers.
pub async fn note_history(session: &Session) -> Result<(), Failure> {
    tracing::warn!("the database was restored: its sequences skip what may have been given before");
    session
        .query("SELECT haversack.note_history()", &[])
        .await?;
    Ok(())
}

/// Reads where the database stands, and whether a cursor's snapshot can be continued.
///
/// # Errors
/// `not_attached`, or what Postgres answers.
pub async fn position(session: &Session, snapshot: Option<&str>) -> Result<Position, Failure> {
    let rows = session.query(POSITION, &[&snapshot]).await?;
    let row = rows
        .first()
        .ok_or_else(|| Error::new(ErrorCode::NotAttached, "the database is not attached"))?;
    Ok(read_position(row, 0))
}

/// The columns of [`POSITION`], from this one on.
pub(crate) fn read_position(row: &Row, first: usize) -> Position {
    Position {
        snapshot: row.get(first),
        epoch: cursor::epoch(row.get(first + 3), row.get(first + 1)),
        noted: row.get(first + 2),
        continues: row.get(first + 4),
        time: row.get(first + 5),
    }
}
