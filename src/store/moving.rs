//! A store of one schema becomes that of another, in one transaction.
//!
//! Invariant: whoever opens the store finds it whole, under the one schema or the other; a leader of the
//! schema before is refused by the fence. Not its job to say what becomes of a mutation, which
//! `haversack_core::moving` does.

use super::idb::{Database, Mode, Tx};
use super::layout::{
    self, ACKNOWLEDGED, ASSIGNED_KEY, CONFLICTS, FENCE_KEY, JOURNAL, LEASES, MADE_UNDER_KEY, META,
    QUEUE, REJECTED, SCHEMA_KEY, STATE_KEY, State,
};
use super::queue::{LostValue, Queued, Rejected, Stopped, read_records, records};
use super::temporary::read_assigned;
use super::{acknowledged, lost_state};
use crate::browser::value::{List, Value, parts};
use crate::convert::{RowShape, key_to_value};
use haversack_core::json::Json;
use haversack_core::map::Map;
use haversack_core::moving::{Fate, Moving};
use haversack_core::protocol::{KeyText, Mutation, Seq, Values, mutation_hash};
use haversack_core::queue::rekey::Assigned;
use haversack_core::replica::{Key, Replica, Staged};
use haversack_core::schema::{ColumnId, Schema, TableId};
use haversack_core::value;
use haversack_core::{Error, ErrorCode};
use std::sync::Arc;

/// Takes a store from `old` to `new`, whose JSON text is `new_text`; nothing where it is there already.
///
/// # Errors
/// `storage_quota` and `storage_failed`; then it is as it was. `store_too_new` where it is of a third
/// schema meanwhile.
pub async fn take_over(
    db: &Database,
    old: &Arc<Schema>,
    new: &Schema,
    new_text: &str,
) -> Result<(), Error> {
    let names: Vec<String> = (old.tables.iter())
        .map(|table| layout::store_name(&table.name))
        .collect();
    let mut stores = vec![META, QUEUE, REJECTED, CONFLICTS, JOURNAL, ACKNOWLEDGED];
    stores.push(LEASES);
    stores.extend(names.iter().map(String::as_str));
    let tx = Tx::begin(db, &stores, Mode::Strict)?;
    let meta = tx.store(META)?;
    let under = meta.get(&MADE_UNDER_KEY.into()).await?.as_string();
    if under.as_deref() == Some(&new.fingerprint) {
        return Ok(());
    }
    if under.as_deref() != Some(&old.fingerprint) {
        return Err(too_new());
    }
    let state = meta.get(&STATE_KEY.into()).await?;
    let state: State = layout::from_js(&state)?.ok_or_else(lost_state)?;
    let fence = meta.get(&FENCE_KEY.into()).await?.as_f64().unwrap_or(0.0);
    let moving = Moving::new(old, new);
    // Rows of a schema before that say nothing.
    let known = state.fingerprint == old.fingerprint;
    move_mutations(&tx, old, &moving, known).await?;
    move_outcomes(&tx, &moving).await?;
    acknowledged::take_over(&tx, &moving).await?;
    move_keys(&tx, old, &moving).await?;
    let renew: Vec<String> = (new.tables.iter())
        .filter(|table| moving.fate(table) != Fate::Stays)
        .map(|table| table.name.clone())
        .collect();
    clear_rows(&tx, old, new, &moving).await?;
    let state = moved_state(state, old, new, renew, &moving);
    meta.put(&layout::to_js(&state)?, &STATE_KEY.into())?;
    meta.put(&(fence + 1.0).into(), &FENCE_KEY.into())?;
    put_schema(&tx, new, new_text)?;
    tx.done().await
}

/// Within a transaction: notes under which schema everything in the store is made.
///
/// # Errors
/// `storage_failed`.
pub fn put_schema(tx: &Tx, schema: &Schema, text: &str) -> Result<(), Error> {
    let meta = tx.store(META)?;
    meta.put(&text.into(), &SCHEMA_KEY.into())?;
    meta.put(&schema.fingerprint.as_str().into(), &MADE_UNDER_KEY.into())
}

/// The error of a page that is older than its store.
pub fn too_new() -> Error {
    let message = "the local store was taken to a newer schema than this page has";
    Error::new(ErrorCode::StoreTooNew, message).hint("reload the page to get the newer code")
}

fn moved_state(
    state: State,
    old: &Schema,
    new: &Schema,
    mut renew: Vec<String>,
    moving: &Moving<'_>,
) -> State {
    if state.fingerprint != old.fingerprint {
        // Its rows were of another schema still, and all of them are asked for anyway.
        return state;
    }
    // What was to come under the schema before has not come yet.
    let waiting = state.renew.iter().map(|table| moving.names(table, None).0);
    for table in waiting.filter(|table| new.table_id(table).is_some()) {
        if !renew.contains(&table) {
            renew.push(table);
        }
    }
    let cursor_of = state.cursor_of.or(Some(old.fingerprint.clone()));
    State {
        fingerprint: new.fingerprint.clone(),
        cursor_of: cursor_of.filter(|_| state.cursor.is_some()),
        renew,
        ..state
    }
}

async fn move_mutations(
    tx: &Tx,
    old: &Arc<Schema>,
    moving: &Moving<'_>,
    known: bool,
) -> Result<(), Error> {
    let queued = read_records(tx, &Value::UNDEFINED, u32::MAX).await?;
    let rows = match known {
        true => Confirmed::read(tx, old, moving, &queued).await?,
        false => Confirmed::default(),
    };
    let store = tx.store(QUEUE)?;
    for (seq, one) in queued {
        let (earlier, was) = (one.earlier.clone(), one.stopped.clone());
        let ops = was.as_ref().map(|was| was.ops.clone());
        let mut mutation = one.clone().into_mutation(seq);
        let sent = mutation_hash(mutation.at, &mutation.ops);
        mutation.ops = ops.unwrap_or(mutation.ops);
        let moved = moving.mutation(&mutation, &|table, key| rows.values(table, key));
        let error = was.map(|was| was.error).or(moved.stopped);
        let now = match error {
            Some(error) => Queued {
                ops: Vec::new(),
                predicted: Vec::new(),
                stopped: Some(Stopped {
                    ops: moved.ops,
                    error,
                }),
                ..one.clone()
            },
            None => Queued {
                ops: moved.ops,
                predicted: moved.predicted,
                ..one.clone()
            },
        };
        if now != one {
            // Whatever it was, it may have been sent so, and its verdict not heard.
            let earlier = earlier.into_iter().chain([sent]).collect();
            let now = Queued { earlier, ..now };
            store.put(&layout::to_js(&now)?, &(seq as f64).into())?;
        }
    }
    Ok(())
}

/// What waits for the application: in the names of now, so that it can be written again.
async fn move_outcomes(tx: &Tx, moving: &Moving<'_>) -> Result<(), Error> {
    let store = tx.store(REJECTED)?;
    let rejected = store.get_all(&Value::UNDEFINED, u32::MAX).await?;
    for one in records::<Rejected>(&rejected)? {
        let mutation = Mutation {
            seq: one.seq,
            at: one.at,
            seen: 0,
            ops: one.ops.clone(),
            predicted: Vec::new(),
            earlier: Vec::new(),
        };
        let ops = moving.mutation(&mutation, &|_, _| None).ops;
        if ops != one.ops {
            let seq: Seq = one.seq;
            store.put(
                &layout::to_js(&Rejected { ops, ..one })?,
                &(seq as f64).into(),
            )?;
        }
    }
    let store = tx.store(CONFLICTS)?;
    let ids = store.get_all_keys(&Value::UNDEFINED, u32::MAX).await?;
    let lost = store.get_all(&Value::UNDEFINED, u32::MAX).await?;
    for (id, mut one) in ids.iter().zip(records::<LostValue>(&lost)?) {
        let (table, column) = moving.names(&one.lost.table, one.lost.column.as_deref());
        if (&table, &column) != (&one.lost.table, &one.lost.column) {
            (one.lost.table, one.lost.column) = (table, column);
            store.put(&layout::to_js(&one)?, &id)?;
        }
    }
    Ok(())
}

/// Leased keys, and those that took the place of temporary ones, are of the table by its name of now.
async fn move_keys(tx: &Tx, old: &Schema, moving: &Moving<'_>) -> Result<(), Error> {
    let now = |name: &str| moving.names(name, None).0;
    let renamed: Vec<&str> = (old.tables.iter())
        .map(|table| table.name.as_str())
        .filter(|name| now(name) != *name)
        .collect();
    if renamed.is_empty() {
        return Ok(());
    }
    let leases = tx.store(LEASES)?;
    let mut moved = Vec::new();
    for name in renamed {
        let lease = leases.get(&name.into()).await?;
        if !lease.is_undefined() {
            leases.delete(&name.into())?;
            moved.push((now(name), lease));
        }
    }
    // All are taken away before any is put: two tables may have changed names with each other.
    for (name, lease) in moved {
        leases.put(&lease, &name.as_str().into())?;
    }
    let assigned = read_assigned(tx).await?;
    let mut moved = Assigned::new();
    for (table, keys) in &assigned {
        moved.insert(now(table), keys.clone());
    }
    let meta = tx.store(META)?;
    meta.put(&layout::to_js(&moved)?, &ASSIGNED_KEY.into())
}

/// Rows that are of no use go, and what the journal has of tables that have changed.
async fn clear_rows(tx: &Tx, old: &Schema, new: &Schema, moving: &Moving<'_>) -> Result<(), Error> {
    let fate = |name: &str| {
        let table = new.table_id(name).map(|id| new.table(id));
        table.map_or(Fate::Goes, |table| moving.fate(table))
    };
    for table in &old.tables {
        if fate(&table.name) == Fate::Goes {
            tx.store(&layout::store_name(&table.name))?.clear()?;
        }
    }
    let journal = tx.store(JOURNAL)?;
    let keys = journal.get_all_keys(&Value::UNDEFINED, u32::MAX).await?;
    let lines = journal.get_all(&Value::UNDEFINED, u32::MAX).await?;
    for (key, line) in keys.iter().zip(lines.iter()) {
        let Some(line) = line.as_string() else {
            continue;
        };
        let line = Json::parse(&line)?;
        let of = line.get("table").and_then(Json::as_str);
        if of.is_some_and(|table| fate(table) != Fate::Stays) {
            journal.delete(&key)?;
        }
    }
    Ok(())
}

/// The confirmed rows that mutations know by a hash alone, under the schema before.
#[derive(Default)]
struct Confirmed {
    /// None where no mutation needs any.
    replica: Option<Replica>,
}

impl Confirmed {
    async fn read(
        tx: &Tx,
        old: &Arc<Schema>,
        moving: &Moving<'_>,
        queued: &[(Seq, Queued)],
    ) -> Result<Self, Error> {
        let ops = queued.iter().flat_map(|(_, one)| &one.ops);
        let wanted: Vec<(TableId, KeyText)> = ops.filter_map(|op| moving.asks_for(op)).collect();
        if wanted.is_empty() {
            return Ok(Self { replica: None });
        }
        let mut replica = Replica::new(old.clone());
        let mut staged = replica.stage();
        for (id, key) in wanted {
            let table = old.table(id);
            let Ok(key) = Key::from_text(table, &key) else {
                continue;
            };
            let store = tx.store(&layout::store_name(&table.name))?;
            let row = store.get(&key_to_value(table, &key)).await?;
            if row.is_undefined() {
                continue;
            }
            let rows = RowShape::new(table).stored(&[row].into_iter().collect::<List>())?;
            if let Json::List(rows) = Json::parse(&rows)? {
                for row in &rows {
                    staged.object(id, row, true)?;
                }
            }
        }
        replica.apply_patch(staged);
        // The journal's rows are newer.
        let journal = tx.store(JOURNAL)?;
        let keys = journal.get_all_keys(&Value::UNDEFINED, u32::MAX).await?;
        let lines = journal.get_all(&Value::UNDEFINED, u32::MAX).await?;
        let mut patch: Option<(f64, Staged)> = None;
        for (key, line) in keys.iter().zip(lines.iter()) {
            let number = parts(&key).get(0).as_f64().unwrap_or_default();
            if patch.as_ref().is_none_or(|(last, _)| *last != number) {
                let done = patch.replace((number, replica.stage()));
                done.into_iter()
                    .for_each(|(_, done)| replica.apply_patch(done));
            }
            if let (Some((_, staged)), Some(text)) = (&mut patch, line.as_string()) {
                staged.line(&text)?;
            }
        }
        patch
            .into_iter()
            .for_each(|(_, done)| replica.apply_patch(done));
        Ok(Self {
            replica: Some(replica),
        })
    }

    fn values(&self, table: &str, key: &KeyText) -> Option<Values> {
        let replica = self.replica.as_ref()?;
        let schema = replica.schema();
        let id = schema.table_id(table)?;
        let table = schema.table(id);
        let slot = replica.find(id, &Key::from_text(table, key).ok()?)?;
        let mut values = Map::new();
        for (i, column) in table.columns.iter().enumerate() {
            let found = replica.value(id, slot, ColumnId(i as u16));
            values.insert(
                &*column.name,
                value::to_text(&column.kind, &found.to_value()),
            );
        }
        Some(values)
    }
}
