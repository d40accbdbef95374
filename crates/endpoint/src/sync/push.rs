//! A push: one transaction that judges every mutation once, and remembers what it said.

use super::apply::Push;
use super::cursor::{Cursor, Position};
use super::failure::Failure;
use super::lease;
use super::store::{Store, VerdictRecord};
use super::{Asker, check_fingerprint};
use crate::served::Served;
use futures_util::future::join;
use haversack_core::map::Map;
use haversack_core::planted;
use haversack_core::protocol::{Mutation, Outcome, Seq, SyncRequest, Verdict, mutation_hash};
use haversack_core::{Error, ErrorCode};
use std::collections::BTreeMap;

const ATTEMPTS_MAX: u32 = 3;
/// The longest pause before the second attempt, in milliseconds; it doubles.
const PAUSE_MS_MAX: u64 = 40;

/// What a push came to.
#[derive(Debug, Default)]
pub struct Pushed {
    /// One verdict per mutation, in order.
    pub verdicts: Vec<Verdict>,
    /// Keys newly leased.
    pub leases: Map<Vec<(i64, i64)>>,
    /// Was any mutation judged now, rather than remembered?
    pub wrote: bool,
    /// The number of the replica's last mutation that is judged.
    pub last: Seq,
}

/// Judges and applies a push. On an error the transaction is still open and to be rolled back.
///
/// # Errors
/// `schema_changed`, `replica_foreign`, `replica_forked`, `sequence_gap`, `malformed_request`,
/// `overloaded`, `database_unavailable`.
pub async fn push(
    store: &mut impl Store,
    asker: &Asker,
    request: &SyncRequest,
    cursor: Option<&Cursor>,
) -> Result<Pushed, Error> {
    let (mut attempt, mut reread) = (1, false);
    loop {
        let served = store.served();
        check_fingerprint(&served, &request.fingerprint)?;
        match attempt_push(store, &served, asker, request, cursor, reread).await {
            Ok(pushed) => return Ok(pushed),
            Err(Failure::Transient(refusal)) if attempt < ATTEMPTS_MAX => {
                tracing::info!(sqlstate = refusal.sqlstate, attempt, "trying a push again");
                store.rollback().await;
                store.pause(PAUSE_MS_MAX << attempt).await;
                attempt += 1;
            }
            Err(Failure::Outdated(refusal)) => {
                tracing::info!(sqlstate = refusal.sqlstate, "is the schema still the same?");
                store.rollback().await;
                store.reread().await?;
                reread = true;
            }
            Err(failure) => return Err(failure.into_error()),
        }
    }
}

async fn attempt_push(
    store: &mut impl Store,
    served: &Served,
    asker: &Asker,
    request: &SyncRequest,
    cursor: Option<&Cursor>,
    reread: bool,
) -> Result<Pushed, Failure> {
    let (mut position, mut locked) = begin(store, asker, request).await?;
    if !position.noted {
        // Apart from the push, whatever becomes of that: what a sequence skips is not taken back.
        store.note_history().await?;
        store.commit().await?;
        (position, locked) = begin(store, asker, request).await?;
    }
    let (last, now_ms) = locked;
    in_range(request.acknowledged)?;
    if request.acknowledged > 0 {
        store
            .acknowledge(&request.replica, request.acknowledged)
            .await?;
    }
    let leases = lease::draw(store, served, request, cursor).await?;
    let known = recorded(store, request, last).await?;
    let push = Push::new(store, served, asker, now_ms, reread);
    // Of a replica that knows another history, what is new may refer to what this one has not, and
    // may come here twice: under this id, and under the one that it goes on with.
    let knows = request
        .epoch
        .as_ref()
        .is_none_or(|known| *known == position.epoch);
    let judging = knows || planted::is("judged-under-another-epoch");
    let (verdicts, new) = judge(push, request, last, &known, judging).await?;
    let mut last = last;
    if let Some(newest) = new.last() {
        last = newest.seq;
        record(store, request, &verdicts, new, last).await?;
    }
    let wrote = !new.is_empty();
    store.commit().await?;
    Ok(Pushed {
        verdicts,
        leases,
        wrote,
        last,
    })
}

/// Begins the push, in one go: where the database stands, and the replica's record.
async fn begin(
    store: &mut impl Store,
    asker: &Asker,
    request: &SyncRequest,
) -> Result<(Position, (Seq, i64)), Failure> {
    store.begin_push().await?;
    let store = &*store;
    let position = store.position(None);
    let (position, locked) = join(position, lock_replica(store, asker, request)).await;
    Ok((position?, locked?))
}

/// A verdict that was given before.
struct Known {
    verdict: Verdict,
    /// [`mutation_hash`] of it; none where it was not recorded yet.
    hash: Option<String>,
}

impl Known {
    /// The verdict for the mutation sent again, if it is the same one, or was before a migration.
    fn again(&self, mutation: &Mutation) -> Result<Verdict, Error> {
        match &self.hash {
            Some(known) if *known != hash(mutation) && !mutation.earlier.contains(known) => {
                Err(Error::new(
                    ErrorCode::ReplicaForked,
                    format!("mutation {} is another than before", mutation.seq),
                ))
            }
            Some(_) | None => Ok(self.verdict.clone()),
        }
    }
}

fn hash(mutation: &Mutation) -> String {
    mutation_hash(mutation.at, &mutation.ops)
}

fn in_range(seq: Seq) -> Result<(), Error> {
    if i64::try_from(seq).is_ok() {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::MalformedRequest,
        "a mutation's number is out of range",
    ))
}

/// The replica's last number, and the time in milliseconds since 1970.
async fn lock_replica(
    store: &impl Store,
    asker: &Asker,
    request: &SyncRequest,
) -> Result<(Seq, i64), Failure> {
    let record = store.lock_replica(&request.replica, &asker.user).await?;
    if record.user != asker.user {
        return Err(Error::new(
            ErrorCode::ReplicaForeign,
            "the replica belongs to another user",
        )
        .into());
    }
    in_range(request.began)?;
    // One of which nothing was judged yet begins where it says.
    let last = match record.last_seq {
        0 => request.began,
        last => last,
    };
    Ok((last, record.now_ms))
}

/// The verdicts that were given before and still matter: of mutations sent again, and of those that
/// a new mutation had not seen when it was made. In the order of the numbers.
async fn recorded(
    store: &impl Store,
    request: &SyncRequest,
    last: Seq,
) -> Result<BTreeMap<Seq, Known>, Failure> {
    let since = request
        .mutations
        .iter()
        .map(|m| m.seen.min(m.seq.saturating_sub(1)))
        .min();
    let Some(since) = since.filter(|since| *since < last) else {
        return Ok(BTreeMap::new());
    };
    in_range(since)?;
    let records = store.recorded(&request.replica, since).await?;
    records
        .into_iter()
        .map(|record| {
            let verdict = serde_json::from_str(&record.verdict).map_err(|e| {
                Error::new(
                    ErrorCode::Internal,
                    format!("a recorded verdict can't be read: {e}"),
                )
            })?;
            let hash = record.hash;
            Ok((record.seq, Known { verdict, hash }))
        })
        .collect()
}

/// Judges the mutations in order; gives all verdicts, and the mutations that were judged now: none
/// unless `judging`.
async fn judge<'r, 'k, S: Store>(
    mut push: Push<'_, S>,
    request: &'r SyncRequest,
    last: Seq,
    known: &'k BTreeMap<Seq, Known>,
    judging: bool,
) -> Result<(Vec<Verdict>, &'r [Mutation]), Failure> {
    let store = push.store;
    let mutations = &request.mutations;
    let first_new = mutations
        .iter()
        .position(|m| m.seq > last)
        .unwrap_or(mutations.len());
    let (old, new) = mutations.split_at(first_new);
    let new = if judging { new } else { &[] };
    for (mutation, expected) in new.iter().zip(last + 1..) {
        in_range(mutation.seq)?;
        if mutation.seq != expected {
            let sent = mutation.seq;
            let message = format!("mutation {sent} was sent where {expected} is expected");
            return Err(Error::new(ErrorCode::SequenceGap, message).into());
        }
    }
    let written = |(seq, known): (&Seq, &'k Known)| {
        let seq = *seq;
        known.verdict.written.iter().map(move |row| (seq, row))
    };
    push.recall(known.iter().flat_map(written), new);
    let mut verdicts = Vec::with_capacity(mutations.len());
    for mutation in old {
        verdicts.push(match known.get(&mutation.seq) {
            Some(known) => known.again(mutation)?,
            None => forgotten(mutation.seq),
        });
    }
    if new.is_empty() {
        return Ok((verdicts, new));
    }
    push.read_leases(&request.replica, new).await?;
    store.become_user().await?;
    verdicts.extend(push.mutations(new).await?);
    // The record of verdicts is the endpoint's own, out of the user's reach.
    store.become_endpoint().await?;
    Ok((verdicts, new))
}

/// The verdict on a mutation whose own is forgotten. The replica acknowledged that one, so a refusal
/// or a loss is durable there; what is left to say is that the number is done with.
fn forgotten(seq: Seq) -> Verdict {
    Verdict {
        seq,
        outcome: Outcome::Applied,
        written: Vec::new(),
        lost: Vec::new(),
    }
}

async fn record(
    store: &impl Store,
    request: &SyncRequest,
    verdicts: &[Verdict],
    new: &[Mutation],
    last: Seq,
) -> Result<(), Failure> {
    let mut records = Vec::with_capacity(new.len());
    for (mutation, verdict) in new.iter().zip(&verdicts[verdicts.len() - new.len()..]) {
        in_range(verdict.seq)?;
        let text = serde_json::to_string(verdict).map_err(|e| {
            Error::new(
                ErrorCode::Internal,
                format!("a verdict can't be written: {e}"),
            )
        })?;
        records.push(VerdictRecord {
            seq: verdict.seq,
            verdict: text,
            hash: Some(hash(mutation)),
        });
    }
    store.record(&request.replica, records, last).await
}
