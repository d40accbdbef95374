//! A pull: one repeatable-read transaction, whose snapshot is the next cursor.
//!
//! The login role reads which keys changed in the user's scopes; the user's role then reads each of
//! them again, so that row security decides what is a row and what is a removal.

use super::cursor::{Cursor, belonging, position};
use super::encode::{self, RowLines};
use super::session::{Failure, Session};
use super::snapshots::{Snapshots, Turn};
use super::{Asker, ROLE_AND_IDENTITY};
use crate::compiled::Compiled;
use bytes::Bytes;
use futures_util::TryStreamExt;
use haversack_core::protocol::KeyText;
use haversack_core::schema::TableId;
use haversack_core::{Error, ErrorCode};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

/// More changed keys than this are answered by a snapshot: an incremental answer is held in memory.
const CHANGED_KEYS_MAX: usize = 10_000;
/// A replica that takes no line for so long is cut off: its snapshot holds back vacuum.
const LINE_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest that an answer may take, and what each of its rows adds to that: one who takes a line
/// now and then would hold a connection for hours.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const ROW_TIMEOUT: Duration = Duration::from_millis(2);

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '120s'; \
     SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC'; \
     SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1";

const CHANGED: &str = "
SELECT DISTINCT tbl, key FROM haversack.changes
WHERE scope = ANY ($1) AND xid >= pg_snapshot_xmin($2::text::pg_snapshot)
  AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
LIMIT $3";

/// What a pull found; the transaction is still open where `snapshot` is present.
pub struct Pulled {
    /// The server's history.
    pub epoch: String,
    /// The next cursor.
    pub cursor: String,
    /// Present where all visible rows are to follow: they are not in `lines` then, but streamed.
    pub snapshot: Option<Turn>,
    /// How many rows follow.
    pub rows_total: u64,
    /// When they were read, in milliseconds since 1970.
    pub time: i64,
    /// The rows and removals of an incremental answer.
    pub lines: Vec<Bytes>,
}

/// Reads what a replica at `cursor` lacks.
///
/// # Errors
/// `too_many_rows`, `overloaded`, or what Postgres answers.
pub async fn pull(
    session: &mut Session,
    compiled: &Compiled,
    asker: &Asker,
    cursor: Option<&Cursor>,
    snapshots: &Snapshots,
) -> Result<Pulled, Failure> {
    session.begin(BEGIN).await?;
    let position = position(session, cursor.map(|c| c.snapshot.as_str())).await?;
    let belonging = belonging(
        &position.epoch,
        &compiled.user_role,
        &asker.user,
        &compiled.schema.fingerprint,
    );
    let next = Cursor {
        snapshot: position.snapshot.clone(),
        belonging,
    };
    let mut pulled = Pulled {
        epoch: position.epoch.clone(),
        cursor: next.to_string(),
        snapshot: None,
        rows_total: 0,
        time: position.time,
        lines: Vec::new(),
    };
    if let Some(cursor) = cursor
        && position.continues
        && cursor.belonging == next.belonging
        && let Some(changed) = changed(session, compiled, asker, &cursor.snapshot).await?
    {
        become_user(session, compiled, asker).await?;
        for (id, keys) in changed {
            pulled.rows_total += reread(session, compiled, id, keys, &mut pulled.lines).await?;
        }
        session.commit().await?;
        return Ok(pulled);
    }
    pulled.snapshot = Some(snapshots.begin(&asker.user)?);
    become_user(session, compiled, asker).await?;
    pulled.rows_total = count(session, compiled).await?;
    Ok(pulled)
}

async fn become_user(session: &Session, compiled: &Compiled, asker: &Asker) -> Result<(), Failure> {
    let (names, values) = &asker.settings;
    session
        .query(ROLE_AND_IDENTITY, &[&compiled.user_role, names, values])
        .await?;
    Ok(())
}

/// The keys that changed, by table; none where only a snapshot will do.
async fn changed(
    session: &Session,
    compiled: &Compiled,
    asker: &Asker,
    snapshot: &str,
) -> Result<Option<BTreeMap<TableId, Vec<KeyText>>>, Failure> {
    let limit = CHANGED_KEYS_MAX as i64 + 1;
    let rows = session
        .query(CHANGED, &[&asker.scopes, &snapshot, &limit])
        .await?;
    if rows.len() > CHANGED_KEYS_MAX {
        return Ok(None);
    }
    let mut changed: BTreeMap<TableId, Vec<KeyText>> = BTreeMap::new();
    for row in rows {
        // A table that no longer syncs is of no concern.
        let Some(id) = compiled.by_number(row.get(0)) else {
            continue;
        };
        match row.get::<_, Option<KeyText>>(1) {
            Some(key) => changed.entry(id).or_default().push(key),
            // The table was truncated: which keys went with it is not recorded.
            None => return Ok(None),
        }
    }
    Ok(Some(changed))
}

/// Reads changed keys again as the user; what can't be seen is removed. Returns the number of rows.
async fn reread(
    session: &Session,
    compiled: &Compiled,
    id: TableId,
    keys: Vec<KeyText>,
    lines: &mut Vec<Bytes>,
) -> Result<u64, Failure> {
    let (table, sql) = compiled.table(id);
    let width = sql.key().len();
    // A key of another width is from before the primary key changed; that has its own fingerprint.
    let keys: Vec<KeyText> = keys.into_iter().filter(|key| key.len() == width).collect();
    let columns: Vec<Vec<&str>> = (0..width)
        .map(|i| keys.iter().map(|key| key[i].as_str()).collect())
        .collect();
    let params: Vec<&(dyn ToSql + Sync)> =
        columns.iter().map(|c| c as &(dyn ToSql + Sync)).collect();
    let rows = session.query(&sql.read_many, &params).await?;
    let mut found: HashSet<KeyText> = HashSet::with_capacity(rows.len());
    let mut text = RowLines::new(&table.name);
    for row in &rows {
        let key: Result<KeyText, _> = sql
            .key()
            .iter()
            .map(|c| row.try_get::<_, String>(usize::from(c.0)))
            .collect();
        found.insert(key?);
        lines.extend(text.push(row)?);
    }
    lines.extend(text.finish());
    let gone: Vec<KeyText> = keys
        .into_iter()
        .filter(|key| !found.contains(key))
        .collect();
    lines.extend(encode::removed(&table.name, gone)?);
    Ok(rows.len() as u64)
}

async fn count(session: &Session, compiled: &Compiled) -> Result<u64, Failure> {
    let most = compiled.schema.limits.rows_max;
    let mut total = 0;
    for sql in &compiled.tables {
        // One more than the rest of the allowance is enough to know.
        let rest = most.saturating_sub(total) as i64 + 1;
        let rows = session.query(&sql.count, &[&rest]).await?;
        total += rows.first().map_or(0, |row| row.get::<_, i64>(0)) as u64;
        if total > most {
            return Err(Error::new(
                ErrorCode::TooManyRows,
                format!(
                    "the user can see more than {most} rows, which is the most that a replica holds"
                ),
            )
            .hint(
                "let row security show each user less, or raise limits.rows_max in haversack.toml",
            )
            .into());
        }
    }
    Ok(total)
}

/// Sends all visible rows, table by table, in the transaction that [`pull`] left open.
///
/// # Errors
/// What Postgres answers. A replica that went away is no error: the statement is cancelled.
pub async fn stream(
    mut session: Session,
    compiled: &Compiled,
    lines: &mpsc::Sender<Bytes>,
) -> Result<(), Failure> {
    for (table, sql) in compiled.schema.tables.iter().zip(&compiled.tables) {
        let statement = session.prepare(&sql.read_all).await?;
        let none: [&str; 0] = [];
        let rows = session.object().query_raw(&statement, none).await?;
        let mut rows = std::pin::pin!(rows);
        let mut text = RowLines::new(&table.name);
        while let Some(row) = rows.try_next().await? {
            if let Some(line) = text.push(&row)?
                && !send(lines, line).await
            {
                let _ = session.object().cancel_token().cancel_query(NoTls).await;
                return Ok(());
            }
        }
        if let Some(line) = text.finish()
            && !send(lines, line).await
        {
            return Ok(());
        }
    }
    session.commit().await
}

/// How long an answer of so many rows may take.
pub fn answer_timeout(rows: u64) -> Duration {
    ANSWER_TIMEOUT + ROW_TIMEOUT * u32::try_from(rows).unwrap_or(u32::MAX)
}

/// Sends a line; false where nobody takes it.
pub async fn send(lines: &mpsc::Sender<Bytes>, line: Bytes) -> bool {
    matches!(
        tokio::time::timeout(LINE_TIMEOUT, lines.send(line)).await,
        Ok(Ok(()))
    )
}
