//! A pull: one repeatable-read transaction, whose snapshot is the next cursor.
//!
//! The endpoint reads which keys changed in the user's scopes; the user then reads each of them
//! again, so that row security decides what is a row and what is a removal.

use super::Asker;
use super::cursor::{Cursor, Position, belonging};
use super::encode::{self, RowLines};
use super::failure::Failure;
use super::snapshots::{Snapshots, Turn};
use super::store::{Lines, Store, TextRow};
use crate::served::Served;
use bytes::Bytes;
use futures_util::TryStreamExt;
use haversack_core::protocol::{KeyText, Renew};
use haversack_core::schema::{ColumnId, TableId};
use haversack_core::{Error, ErrorCode};
use std::collections::{BTreeMap, HashSet};

/// More changed keys than this are answered by a snapshot: an incremental answer is held in memory.
const CHANGED_KEYS_MAX: usize = 10_000;
/// What a pull found; the transaction is still open where something follows.
pub struct Pulled {
    /// The server's history.
    pub epoch: String,
    /// The next cursor.
    pub cursor: String,
    /// Do all visible rows follow, of every table?
    pub snapshot: bool,
    /// The tables of which all visible rows follow, where not of every one.
    pub renewed: Vec<String>,
    /// Present where rows are to be streamed: those are not in `lines`.
    pub follows: Option<Follows>,
    /// How many rows follow.
    pub rows_total: u64,
    /// When they were read, in milliseconds since 1970.
    pub time: i64,
    /// The rows and removals of an incremental answer.
    pub lines: Vec<Bytes>,
}

/// Whole tables that are to be sent, in the transaction that is open.
#[derive(Debug)]
pub struct Follows {
    tables: Vec<TableId>,
    // Given back when all is sent.
    _turn: Turn,
}

impl Pulled {
    /// What a replica at this position is told where nothing has changed.
    pub(super) fn nothing(served: &Served, asker: &Asker, position: &Position) -> Self {
        let belonging = belonging(
            &position.epoch,
            &served.user_role,
            &asker.user,
            &served.schema.fingerprint,
        );
        let next = Cursor {
            snapshot: position.snapshot.clone(),
            belonging,
        };
        Self {
            epoch: position.epoch.clone(),
            cursor: next.to_string(),
            snapshot: false,
            renewed: Vec::new(),
            follows: None,
            rows_total: 0,
            time: position.time,
            lines: Vec::new(),
        }
    }
}

/// Reads what a replica at `cursor` lacks; of the tables that it asks for anew, everything.
///
/// # Errors
/// `too_many_rows`, `overloaded`, or what the store answers.
pub async fn pull(
    store: &mut impl Store,
    served: &Served,
    asker: &Asker,
    cursor: Option<&Cursor>,
    renew: Option<&Renew>,
    snapshots: &Snapshots,
) -> Result<Pulled, Failure> {
    store.begin_pull().await?;
    let position = store.position(cursor.map(|c| c.snapshot.as_str())).await?;
    let mut pulled = Pulled::nothing(served, asker, &position);
    // A cursor of the schema before says as well as any other which commits the replica has; which
    // tables it can't show any more, the replica knows.
    let earlier = renew.map(|renew| {
        let role = &served.user_role;
        belonging(&position.epoch, role, &asker.user, &renew.fingerprint)
    });
    if let Some(cursor) = cursor
        && position.continues
        && (pulled.cursor.ends_with(&cursor.belonging)
            || earlier.as_ref() == Some(&cursor.belonging))
    {
        // Not polled together: to prepare a statement takes a round trip, and a role taken meanwhile would
        // be the user's.
        let Some(changed) = changed(store, asker, &cursor.snapshot).await? else {
            store.become_user().await?;
            return snapshot(store, served, asker, snapshots, pulled).await;
        };
        let asked = renew.map_or(&[][..], |renew| &renew.tables);
        let ids = (0..served.schema.tables.len() as u16).map(TableId);
        let tables: Vec<TableId> = ids
            .filter(|id| asked.contains(&served.table(*id).name))
            .collect();
        if !tables.is_empty() {
            let _turn = snapshots.begin(&asker.user)?;
            pulled.follows = Some(Follows { tables, _turn });
        }
        let whole = pulled
            .follows
            .as_ref()
            .map_or(&[][..], |follows| &follows.tables);
        pulled.renewed = whole
            .iter()
            .map(|id| served.table(*id).name.clone())
            .collect();
        store.become_user().await?;
        for (id, keys) in changed {
            if !whole.contains(&id) {
                pulled.rows_total += reread(store, served, id, keys, &mut pulled.lines).await?;
            }
        }
        pulled.rows_total += count(store, served, whole).await?;
        if pulled.follows.is_none() {
            store.commit().await?;
        }
        return Ok(pulled);
    }
    store.become_user().await?;
    snapshot(store, served, asker, snapshots, pulled).await
}

/// Begins to answer with all visible rows; as the user.
async fn snapshot(
    store: &impl Store,
    served: &Served,
    asker: &Asker,
    snapshots: &Snapshots,
    mut pulled: Pulled,
) -> Result<Pulled, Failure> {
    pulled.snapshot = true;
    let ids = (0..served.schema.tables.len() as u16).map(TableId);
    let tables: Vec<TableId> = ids.collect();
    let _turn = snapshots.begin(&asker.user)?;
    pulled.rows_total = count(store, served, &tables).await?;
    pulled.follows = Some(Follows { tables, _turn });
    Ok(pulled)
}

/// The keys that changed, by table; none where only a snapshot will do.
async fn changed(
    store: &impl Store,
    asker: &Asker,
    snapshot: &str,
) -> Result<Option<BTreeMap<TableId, Vec<KeyText>>>, Failure> {
    let most = CHANGED_KEYS_MAX + 1;
    let found = store.changed(&asker.scopes, snapshot, most).await?;
    if found.len() > CHANGED_KEYS_MAX {
        return Ok(None);
    }
    let mut changed: BTreeMap<TableId, Vec<KeyText>> = BTreeMap::new();
    for change in found {
        // A table that no longer syncs is of no concern.
        let Some(id) = change.table else { continue };
        match change.key {
            Some(key) => changed.entry(id).or_default().push(key),
            // The table was truncated: which keys went with it is not recorded.
            None => return Ok(None),
        }
    }
    Ok(Some(changed))
}

/// Reads changed keys again as the user; what can't be seen is removed. Returns the number of rows.
async fn reread(
    store: &impl Store,
    served: &Served,
    id: TableId,
    keys: Vec<KeyText>,
    lines: &mut Vec<Bytes>,
) -> Result<u64, Failure> {
    let table = served.table(id);
    let key_columns = table.key_columns();
    // A key of another width is from before the primary key changed; that has its own fingerprint.
    let width = key_columns.len();
    let keys: Vec<KeyText> = keys.into_iter().filter(|key| key.len() == width).collect();
    let rows = store.read_many(id, &keys).await?;
    let mut found: HashSet<KeyText> = HashSet::with_capacity(rows.len());
    let mut text = RowLines::new(&table.name);
    for row in &rows {
        let part = |c: &ColumnId| Ok(row.text(usize::from(c.0))?.unwrap_or_default().to_owned());
        found.insert(
            key_columns
                .iter()
                .map(part)
                .collect::<Result<_, Failure>>()?,
        );
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

async fn count(store: &impl Store, served: &Served, tables: &[TableId]) -> Result<u64, Failure> {
    let most = served.schema.limits.rows_max;
    let mut total = 0;
    for id in tables {
        // One more than the rest of the allowance is enough to know.
        let rest = most.saturating_sub(total).saturating_add(1);
        total += store.count(*id, rest).await?;
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

/// Sends all visible rows of the tables that follow, in the transaction that [`pull`] left open, and ends
/// it; false where nobody takes them any more.
///
/// # Errors
/// What the store answers.
pub async fn stream(
    store: &mut impl Store,
    follows: &Follows,
    lines: &mut impl Lines,
) -> Result<bool, Failure> {
    let served = store.served();
    for id in &follows.tables {
        let rows = store.read_all(*id).await?;
        let mut rows = std::pin::pin!(rows);
        let mut text = RowLines::new(&served.table(*id).name);
        while let Some(row) = rows.try_next().await? {
            if let Some(line) = text.push(&row)?
                && !lines.send(line).await
            {
                return Ok(false);
            }
        }
        if let Some(line) = text.finish()
            && !lines.send(line).await
        {
            return Ok(false);
        }
    }
    store.commit().await?;
    Ok(true)
}
