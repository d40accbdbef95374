//! A pull: one repeatable-read transaction, whose snapshot is the next cursor.
//!
//! The endpoint reads which keys changed in the user's scopes; the user then reads each of them
//! again, so that row security decides what is a row and what is a removal.

use super::Asker;
use super::cursor::{Cursor, Position, belonging};
use super::encode::{self, RowLines};
use super::failure::Failure;
use super::store::{Changed, Lines, Store, TextRow};
use crate::served::Served;
use crate::turns::{Turn, Turns};
use bytes::Bytes;
use futures_util::TryStreamExt;
use haversack_core::protocol::{KeyText, Renew};
use haversack_core::schema::{ColumnId, TableId};
use haversack_core::{Error, ErrorCode};
use std::collections::{BTreeMap, BTreeSet, HashSet};

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
    snapshots: &Turns,
) -> Result<Pulled, Failure> {
    store.begin_pull().await?;
    let (position, found) = match cursor {
        Some(cursor) => look(store, asker, cursor).await?,
        None => {
            let position = store.position(None).await?;
            store.become_user().await?;
            (position, Vec::new())
        }
    };
    let mut pulled = Pulled::nothing(served, asker, &position);
    // A cursor of the schema before says as well as any other which commits the replica has; which
    // tables it can't show any more, the replica knows.
    let earlier = renew.map(|renew| {
        let role = &served.user_role;
        belonging(&position.epoch, role, &asker.user, &renew.fingerprint)
    });
    let continued = cursor.is_some_and(|cursor| {
        position.continues
            && (pulled.cursor.ends_with(&cursor.belonging)
                || earlier.as_ref() == Some(&cursor.belonging))
    });
    let changed = if continued { Changes::new(found) } else { None };
    let Some(Changes { mut keys, whole }) = changed else {
        return snapshot(store, served, asker, snapshots, pulled).await;
    };
    let asked = renew.map_or(&[][..], |renew| &renew.tables);
    let ids = (0..served.schema.tables.len() as u16).map(TableId);
    let whole: Vec<TableId> = ids
        .filter(|id| whole.contains(id) || asked.contains(&served.table(*id).name))
        .collect();
    let names = whole.iter().map(|id| served.table(*id).name.clone());
    pulled.renewed = names.collect();
    keys.retain(|id, _| !whole.contains(id));
    let turn = if whole.is_empty() {
        None
    } else {
        Some(snapshots.begin(&asker.user)?)
    };
    reread(store, served, keys, &mut pulled, whole.is_empty()).await?;
    pulled.rows_total += count(store, served, &whole).await?;
    pulled.follows = turn.map(|_turn| Follows {
        tables: whole,
        _turn,
    });
    Ok(pulled)
}

/// The same for a replica whose record has nothing to say or to learn, and that lacks but some changes.
/// None where that is not so, as in another history, or where whole tables will have to follow; no
/// transaction is open then.
///
/// # Errors
/// What the store answers.
pub async fn changes(
    store: &mut impl Store,
    served: &Served,
    asker: &Asker,
    cursor: &Cursor,
) -> Result<Option<Pulled>, Failure> {
    store.begin_pull().await?;
    let (position, found) = look(store, asker, cursor).await?;
    let mut pulled = Pulled::nothing(served, asker, &position);
    let continued =
        position.noted && position.continues && pulled.cursor.ends_with(&cursor.belonging);
    let changed = if continued { Changes::new(found) } else { None };
    let Some(changed) = changed.filter(|changed| changed.whole.is_empty()) else {
        store.rollback().await;
        return Ok(None);
    };
    reread(store, served, changed.keys, &mut pulled, true).await?;
    store.reach_disk().await?;
    Ok(Some(pulled))
}

async fn look(
    store: &impl Store,
    asker: &Asker,
    cursor: &Cursor,
) -> Result<(Position, Vec<Changed>), Failure> {
    let most = CHANGED_KEYS_MAX + 1;
    store.look(&cursor.snapshot, &asker.scopes, most).await
}

/// Begins to answer with all visible rows; as the user.
async fn snapshot(
    store: &impl Store,
    served: &Served,
    asker: &Asker,
    snapshots: &Turns,
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

/// What changed.
struct Changes {
    /// The keys, by table.
    keys: BTreeMap<TableId, Vec<KeyText>>,
    /// The tables of which any row may have come or gone.
    whole: BTreeSet<TableId>,
}

impl Changes {
    /// None where only a snapshot will do.
    fn new(found: Vec<Changed>) -> Option<Self> {
        if found.len() > CHANGED_KEYS_MAX {
            return None;
        }
        let (mut keys, mut whole) = (BTreeMap::<TableId, Vec<KeyText>>::new(), BTreeSet::new());
        for change in found {
            // A table that no longer syncs is of no concern.
            let Some(id) = change.table else { continue };
            match change.key {
                Some(key) => keys.entry(id).or_default().push(key),
                None => {
                    whole.insert(id);
                }
            }
        }
        Some(Self { keys, whole })
    }
}

/// Reads changed keys again as the user; what can't be seen is removed. Ends the transaction where that is
/// the `last` of it.
async fn reread(
    store: &mut impl Store,
    served: &Served,
    changed: BTreeMap<TableId, Vec<KeyText>>,
    pulled: &mut Pulled,
    last: bool,
) -> Result<(), Failure> {
    let mut keys: Vec<(TableId, Vec<KeyText>)> = changed.into_iter().collect();
    for (id, keys) in &mut keys {
        // A key of another width is from before the primary key changed; that has its own fingerprint.
        let width = served.table(*id).key_columns().len();
        keys.retain(|key| key.len() == width);
    }
    let rows = store.read_changed(&keys, last).await?;
    for ((id, keys), rows) in keys.into_iter().zip(rows) {
        lines_of(served, id, keys, &rows, &mut pulled.lines)?;
        pulled.rows_total += rows.len() as u64;
    }
    Ok(())
}

/// The lines that say how these keys of a table are now.
fn lines_of(
    served: &Served,
    id: TableId,
    keys: Vec<KeyText>,
    rows: &[impl TextRow],
    lines: &mut Vec<Bytes>,
) -> Result<(), Failure> {
    let table = served.table(id);
    let key_columns = table.key_columns();
    let mut found: HashSet<KeyText> = HashSet::with_capacity(rows.len());
    let mut text = RowLines::new(&table.name);
    for row in rows {
        let part = |c: &ColumnId| Ok(row.text(usize::from(c.0))?.unwrap_or_default().to_owned());
        let key = key_columns.iter().map(part);
        found.insert(key.collect::<Result<_, Failure>>()?);
        lines.extend(text.push(row)?);
    }
    lines.extend(text.finish());
    let gone = keys.into_iter().filter(|key| !found.contains(key));
    lines.extend(encode::removed(&table.name, gone.collect())?);
    Ok(())
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
