//! The mutation queue on disk: `sync_queue`, and what became of judged mutations.
//!
//! The browser numbers the records (`autoIncrement`), in the transaction that stores them, so the
//! order is the same for every tab. A number that an aborted transaction used up leaves a hole,
//! which is pushed as an empty mutation.

use super::idb::{Mode, Request, Tx};
use super::layout::{self, CONFLICTS, META, QUEUE, REJECTED, State};
use super::temporary::hold_back;
use super::{Store, holds_fence};
use crate::browser::value::{self, List, Value};
use haversack_core::json::{Fault, FromJson, Json, Members, ToJson};
use haversack_core::json_struct;
use haversack_core::map::Map;
use haversack_core::planted;
use haversack_core::protocol::{Lost, Mutation, Op, PUSH_BATCH_MAX, Predicted, Seq};
use haversack_core::queue::rekey::{Holders, may_hold};
use haversack_core::queue::{ENVELOPE_BYTES, size};
use haversack_core::schema::Schema;
use haversack_core::{Error, ErrorCode};

/// A queued mutation; its key is its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Queued {
    /// When it was made, in milliseconds since 1970.
    pub at: i64,
    /// The last judged mutation when it was made.
    pub seen: Seq,
    /// Its operations.
    pub ops: Vec<Op>,
    /// What hooks foresee; not sent.
    pub predicted: Vec<Predicted>,
    /// What it was before migrations or restores changed it, by its hashes.
    pub earlier: Vec<String>,
    /// A migration has taken away what it writes: nothing of it is sent but its number.
    pub stopped: Option<Stopped>,
}

json_struct!(Queued {
    at,
    seen,
    ops,
    predicted = default,
    earlier = default,
    stopped = default
});

/// What a mutation was that a migration has stopped, which the application gets back once the server
/// has said that it never came there.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    /// Its operations, as far as they are known.
    pub ops: Vec<Op>,
    /// What is no more.
    pub error: Error,
}

json_struct!(Stopped { ops, error });

impl Queued {
    /// The mutation under its number.
    pub fn into_mutation(self, seq: Seq) -> Mutation {
        Mutation {
            seq,
            at: self.at,
            seen: self.seen,
            predicted: self.predicted,
            earlier: self.earlier,
            ops: self.ops,
        }
    }
}

impl From<Mutation> for Queued {
    fn from(mutation: Mutation) -> Self {
        Self {
            at: mutation.at,
            seen: mutation.seen,
            ops: mutation.ops,
            predicted: mutation.predicted,
            earlier: mutation.earlier,
            stopped: None,
        }
    }
}

/// A mutation that the endpoint refused, kept until the application dismisses it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// Its number.
    pub seq: Seq,
    /// When it was made, in milliseconds since 1970.
    pub at: i64,
    /// When the verdict came, in milliseconds since 1970.
    pub rejected_at: f64,
    /// Its operations.
    pub ops: Vec<Op>,
    /// Why.
    pub error: Error,
    /// The number of the refused mutation without which this one can't succeed.
    pub blocked_by: Option<Seq>,
}

json_struct!(Rejected {
    seq,
    at,
    rejected_at,
    ops,
    error,
    blocked_by = default
});

/// A value that lost, kept until the application dismisses it.
#[derive(Clone, Debug, PartialEq)]
pub struct LostValue {
    /// The number of its mutation.
    pub seq: Seq,
    /// When the verdict came, in milliseconds since 1970.
    pub at: f64,
    /// It is decided: nothing waits for the application.
    pub settled: bool,
    /// Nothing of its mutation was applied.
    pub whole: bool,
    /// What lost, and against what.
    pub lost: Lost,
}

// The members of the lost value stand beside its own.
impl ToJson for LostValue {
    fn to_json(&self, out: &mut String) {
        self.lost.to_json(out);
        out.pop();
        out.push(',');
        let begin = out.len();
        Members::new(out)
            .add("seq", &self.seq)
            .add("at", &self.at)
            .add("settled", &self.settled)
            .add("whole", &self.whole)
            .end();
        out.remove(begin);
    }
}

impl<'a> FromJson<'a> for LostValue {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        Self {
            seq: FromJson::member(json, "seq", fault),
            at: FromJson::member(json, "at", fault),
            settled: FromJson::member(json, "settled", fault),
            whole: FromJson::member(json, "whole", fault),
            lost: Lost::from_json(json, fault),
        }
    }
}

/// What one sync pushes.
pub struct Batch {
    /// Where the replica stands.
    pub state: State,
    /// The mutations, without holes.
    pub mutations: Vec<Mutation>,
    /// Of those that a migration has stopped, what they were.
    pub stopped: Vec<(Seq, Stopped)>,
    /// Verdicts that may be acknowledged.
    pub acknowledged: Seq,
    /// Do more wait that can be sent at once?
    pub more: bool,
    /// How many keys of a sequence the rest waits for, by table.
    pub waiting: Map<u32>,
}

/// More than this, in bytes, is pushed only where it is a single mutation: on a slow line a batch
/// must arrive before somebody gives it up.
const BATCH_BYTES_MAX: u64 = 512 * 1024;

/// A verdict is acknowledged no earlier than this, in milliseconds: another tab may still be
/// storing a mutation that it made before it heard of the verdict.
const ACKNOWLEDGE_AFTER_MS: f64 = 60_000.0;

impl Store {
    /// Begins the transaction that stores a mutation; one that is made of a refused mutation takes its
    /// place in it.
    ///
    /// # Errors
    /// `storage_failed` where the connection has died.
    pub fn begin_enqueue(&self, retried: Option<Seq>) -> Result<Tx, Error> {
        let mode = match planted::is("queue-relaxed") {
            true => Mode::Relaxed,
            false => Mode::Strict,
        };
        let Some(seq) = retried else {
            return Tx::begin(&self.db, &[QUEUE], mode);
        };
        let tx = Tx::begin(&self.db, &[QUEUE, REJECTED], Mode::Strict)?;
        tx.store(REJECTED)?.delete(&(seq as f64).into())?;
        Ok(tx)
    }

    /// Adds a mutation; its number is the request's result once the transaction is done.
    ///
    /// # Errors
    /// `storage_failed` where the connection has died.
    pub fn enqueue(&self, tx: &Tx, mutation: &Queued) -> Result<Request, Error> {
        tx.store(QUEUE)?.add(&layout::to_js(mutation)?)
    }

    /// What to push, under a fence; None where another tab has taken the lead.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn batch(
        &self,
        schema: &Schema,
        holders: &Holders,
        fence: f64,
    ) -> Result<Option<Batch>, Error> {
        let tx = Tx::begin(&self.db, &[META, QUEUE], Mode::Read)?;
        if !holds_fence(&tx, fence).await? && !planted::is("batch-without-fence") {
            return Ok(None);
        }
        let state = tx.store(META)?.get(&layout::STATE_KEY.into()).await?;
        let state: State = layout::from_js(&state)?.ok_or_else(|| {
            Error::new(
                ErrorCode::StorageFailed,
                "the local store has lost its state record",
            )
        })?;
        let limit = PUSH_BATCH_MAX as u32 + 1;
        let (mut queued, stopped) = read_whole_queue(&tx, limit).await?;
        let unread = queued.len() > PUSH_BATCH_MAX;
        let waiting = if queued.iter().any(may_hold) {
            hold_back(&tx, schema, holders, &mut queued).await?
        } else {
            Map::new()
        };
        let rest = if !waiting.is_empty() {
            Rest::Waits
        } else if unread {
            Rest::Unread
        } else {
            Rest::Nothing
        };
        let batch = make_batch(state, queued, schema.limits.body_bytes_max, rest);
        Ok(Some(Batch {
            waiting,
            stopped,
            ..batch
        }))
    }

    /// Removes a rejected mutation that the application has dealt with.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn dismiss_rejected(&self, seq: Seq) -> Result<(), Error> {
        let tx = Tx::begin(&self.db, &[REJECTED], Mode::Strict)?;
        tx.store(REJECTED)?.delete(&(seq as f64).into())?;
        tx.done().await
    }

    /// Removes a lost value that the application has dealt with.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn dismiss_lost(&self, id: f64) -> Result<(), Error> {
        let tx = Tx::begin(&self.db, &[CONFLICTS], Mode::Strict)?;
        tx.store(CONFLICTS)?.delete(&id.into())?;
        tx.done().await
    }

    /// All rejected mutations and all lost values with their ids.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn outcomes(&self) -> Result<(Vec<Rejected>, Vec<(f64, LostValue)>), Error> {
        let tx = Tx::begin(&self.db, &[REJECTED, CONFLICTS], Mode::Read)?;
        read_outcomes(&tx).await
    }
}

/// The same within a transaction.
///
/// # Errors
/// `storage_failed`.
pub async fn read_outcomes(tx: &Tx) -> Result<(Vec<Rejected>, Vec<(f64, LostValue)>), Error> {
    let rejected = tx
        .store(REJECTED)?
        .get_all(&Value::UNDEFINED, u32::MAX)
        .await?;
    let conflicts = tx.store(CONFLICTS)?;
    let ids = conflicts.get_all_keys(&Value::UNDEFINED, u32::MAX).await?;
    let lost = conflicts.get_all(&Value::UNDEFINED, u32::MAX).await?;
    let rejected = records::<Rejected>(&rejected)?;
    let lost = records::<LostValue>(&lost)?;
    let ids = ids.iter().map(|id| id.as_f64().unwrap_or_default());
    Ok((rejected, ids.zip(lost).collect()))
}

/// Leaves one open conflict of each column of a row: what the person wrote last, against what the
/// server has now, and both from where the first of them began. `known` are those that are stored;
/// gives the ids of those of them that end.
pub fn supersede(known: &[(f64, LostValue)], lost: &mut Vec<LostValue>) -> Vec<f64> {
    let mut ended = Vec::new();
    let mut kept: Vec<LostValue> = Vec::with_capacity(lost.len());
    for mut value in lost.drain(..) {
        if let Some(at) = kept.iter().position(|first| value.supersedes(first)) {
            value.lost.base = kept.remove(at).lost.base;
        }
        if let Some((id, first)) = known.iter().find(|(_, first)| value.supersedes(first)) {
            value.lost.base.clone_from(&first.lost.base);
            ended.push(*id);
        }
        kept.push(value);
    }
    *lost = kept;
    ended
}

impl LostValue {
    /// Are both open, and of one column of one row?
    fn supersedes(&self, first: &Self) -> bool {
        let (a, b) = (&self.lost, &first.lost);
        let same = a.table == b.table && a.key == b.key && a.column == b.column;
        same && !self.settled && !first.settled
    }
}

pub(super) fn records<T: for<'a> FromJson<'a>>(list: &List) -> Result<Vec<T>, Error> {
    let text =
        value::stringify_list(list).ok_or_else(|| layout::damaged("it is not plain data"))?;
    layout::read(&text)
}

/// The queue within a transaction, in order.
///
/// # Errors
/// `storage_failed`.
pub async fn read_queue(tx: &Tx, range: &Value, limit: u32) -> Result<Vec<Mutation>, Error> {
    let queued = read_records(tx, range, limit).await?;
    let mutations = queued.into_iter().map(|(seq, one)| one.into_mutation(seq));
    Ok(mutations.collect())
}

/// The same, with what those were that a migration has stopped.
async fn read_whole_queue(
    tx: &Tx,
    limit: u32,
) -> Result<(Vec<Mutation>, Vec<(Seq, Stopped)>), Error> {
    let mut stopped = Vec::new();
    let mut mutations = Vec::new();
    for (seq, mut one) in read_records(tx, &Value::UNDEFINED, limit).await? {
        stopped.extend(one.stopped.take().map(|was| (seq, was)));
        mutations.push(one.into_mutation(seq));
    }
    Ok((mutations, stopped))
}

/// The records of the queue, with their numbers.
///
/// # Errors
/// `storage_failed`.
pub(super) async fn read_records(
    tx: &Tx,
    range: &Value,
    limit: u32,
) -> Result<Vec<(Seq, Queued)>, Error> {
    let store = tx.store(QUEUE)?;
    let keys = store.get_all_keys(range, limit).await?;
    let queued = records::<Queued>(&store.get_all(range, limit).await?)?;
    let keys = keys
        .iter()
        .map(|key| key.as_f64().unwrap_or_default() as Seq);
    Ok(keys.zip(queued).collect())
}

/// What comes in the queue after the mutations that were read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Unread,
    /// What can't be sent yet.
    Waits,
}

fn make_batch(state: State, mut queued: Vec<Mutation>, body_bytes_max: u64, rest: Rest) -> Batch {
    let seen = queued.iter().map(|m| m.seen).min().unwrap_or(state.judged);
    // With mutations beyond this batch unread, nothing is known of what they have seen.
    let acknowledged = match rest {
        Rest::Nothing => acknowledge(&state, seen),
        Rest::Unread | Rest::Waits => 0,
    };
    queued.truncate(PUSH_BATCH_MAX);
    let mut room = body_bytes_max
        .saturating_sub(ENVELOPE_BYTES)
        .min(BATCH_BYTES_MAX) as usize;
    let total = queued.len();
    let mut mutations = Vec::with_capacity(total);
    let (mut next, mut taken) = (state.judged + 1, 0);
    for mut mutation in queued {
        // The server does by itself what hooks foresee.
        mutation.predicted = Vec::new();
        let size = size(&mutation.ops) as usize;
        if size > room && !mutations.is_empty() {
            break;
        }
        room = room.saturating_sub(size);
        while next < mutation.seq
            && mutations.len() < PUSH_BATCH_MAX
            && !planted::is("holes-are-skipped")
        {
            mutations.push(Mutation {
                seq: next,
                at: mutation.at,
                seen: 0,
                predicted: Vec::new(),
                earlier: Vec::new(),
                ops: vec![],
            });
            next += 1;
        }
        if mutations.len() >= PUSH_BATCH_MAX {
            break;
        }
        next = mutation.seq + 1;
        taken += 1;
        mutations.push(mutation);
    }
    let sent = mutations.last().map_or(state.judged, |m| m.seq);
    let more = rest == Rest::Unread || taken < total;
    Batch {
        state,
        mutations,
        stopped: Vec::new(),
        acknowledged: acknowledged.min(sent),
        more,
        waiting: Map::new(),
    }
}

fn acknowledge(state: &State, seen: Seq) -> Seq {
    let now = crate::browser::now_ms();
    state
        .judged_at
        .iter()
        .filter(|(seq, at)| *seq <= seen && now - at >= ACKNOWLEDGE_AFTER_MS)
        .map(|(seq, _)| *seq)
        .max()
        .unwrap_or(0)
}
