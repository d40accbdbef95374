//! A push: one transaction that judges every mutation once, and remembers what it said.

use super::apply::{Push, Recorded};
use super::cursor::Cursor;
use super::failure::Failure;
use super::lease;
use super::store::{Store, VerdictRecord};
use super::{Asker, check_fingerprint};
use crate::served::Served;
use haversack_core::map::Map;
use haversack_core::protocol::{Mutation, Outcome, Seq, SyncRequest, Verdict};
use haversack_core::schema::hex;
use haversack_core::{Error, ErrorCode};
use sha2::{Digest, Sha256};
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
}

/// Judges and applies a push. On an error the transaction is still open and to be rolled back.
///
/// # Errors
/// `schema_changed`, `replica_foreign`, `replica_forked`, `sequence_gap`, `epoch_changed`, `malformed_request`, `overloaded`,
/// `database_unavailable`.
pub async fn push(
    store: &mut impl Store,
    asker: &Asker,
    request: &SyncRequest,
    cursor: Option<&Cursor>,
) -> Result<Pushed, Error> {
    let (mut attempt, mut reread) = (1, false);
    loop {
        let served = store.served();
        check_fingerprint(&served, request)?;
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
    store.begin_push().await?;
    let (last, now_ms) = lock_replica(store, asker, request).await?;
    let last = begin_at(store, request, last).await?;
    in_range(request.acknowledged)?;
    if request.acknowledged > 0 {
        store
            .acknowledge(&request.replica, request.acknowledged)
            .await?;
    }
    let leases = lease::draw(store, served, request, cursor).await?;
    let known = recorded(store, request, last).await?;
    let push = Push::new(store, served, asker, now_ms, reread);
    let (verdicts, new) = judge(push, request, last, &known).await?;
    if let Some(last) = new.last() {
        record(store, request, &verdicts, new, last.seq).await?;
    }
    let wrote = !new.is_empty();
    store.commit().await?;
    Ok(Pushed {
        verdicts,
        leases,
        wrote,
    })
}

/// A verdict that was given before.
struct Known {
    verdict: Verdict,
    /// [`hash`] of its mutation; none where it was not recorded yet.
    hash: Option<String>,
}

impl Known {
    /// The verdict for the mutation sent again, if it is the same one.
    fn again(&self, mutation: &Mutation) -> Result<Verdict, Error> {
        match &self.hash {
            Some(known) if *known != hash(mutation)? => Err(Error::new(
                ErrorCode::ReplicaForked,
                format!("mutation {} is another than before", mutation.seq),
            )),
            Some(_) | None => Ok(self.verdict.clone()),
        }
    }
}

/// Tells mutations apart that have the same number. An empty one only fills its number, and may
/// have any time.
fn hash(mutation: &Mutation) -> Result<String, Error> {
    let at = if mutation.ops.is_empty() {
        0
    } else {
        mutation.at
    };
    let text = serde_json::to_vec(&(at, &mutation.ops)).map_err(|e| {
        Error::new(
            ErrorCode::Internal,
            format!("a mutation can't be written: {e}"),
        )
    })?;
    Ok(hex(&Sha256::digest(text)[..16]))
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
    Ok((record.last_seq, record.now_ms))
}

/// The number after which the replica goes on. One of which nothing was ever judged here, and which
/// does not come from this history, may have had numbers judged in another: it begins anywhere.
async fn begin_at(store: &impl Store, request: &SyncRequest, last: Seq) -> Result<Seq, Failure> {
    match request.mutations.first() {
        Some(first) if last == 0 && first.seq > 1 => {
            in_range(first.seq)?;
            let epoch = store.position(None).await?.epoch;
            let foreign = request.epoch.as_ref() != Some(&epoch);
            Ok(if foreign { first.seq - 1 } else { last })
        }
        Some(_) | None => Ok(last),
    }
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

/// Judges the mutations in order; gives all verdicts, and the mutations that are new.
async fn judge<'r, S: Store>(
    mut push: Push<'_, S>,
    request: &'r SyncRequest,
    last: Seq,
    known: &BTreeMap<Seq, Known>,
) -> Result<(Vec<Verdict>, &'r [Mutation]), Failure> {
    let store = push.store;
    let mutations = &request.mutations;
    let first_new = mutations
        .iter()
        .position(|m| m.seq > last)
        .unwrap_or(mutations.len());
    let (old, new) = mutations.split_at(first_new);
    for (i, mutation) in new.iter().enumerate() {
        if mutation.seq != last + 1 + i as u64 {
            return Err(gap(store, request, mutation.seq, last + 1 + i as u64)
                .await?
                .into());
        }
    }
    for (seq, known) in known {
        push.remember(Recorded::Earlier, *seq, &known.verdict.written);
    }
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

/// Why a number is missing: the replica skipped it, or the server has forgotten it in a restore.
async fn gap(
    store: &impl Store,
    request: &SyncRequest,
    sent: Seq,
    expected: Seq,
) -> Result<Error, Failure> {
    let epoch = store.position(None).await?.epoch;
    if request.epoch.as_ref().is_some_and(|known| *known != epoch) {
        return Ok(Error::new(
            ErrorCode::EpochChanged,
            format!("mutation {sent} follows others that this server's history does not contain"),
        )
        .hint("discard the confirmed rows, and push as a new replica"));
    }
    let message = format!("mutation {sent} was sent where {expected} is expected");
    Ok(Error::new(ErrorCode::SequenceGap, message))
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
            hash: Some(hash(mutation)?),
        });
    }
    store.record(&request.replica, records, last).await
}
