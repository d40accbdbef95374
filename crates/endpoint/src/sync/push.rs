//! A push: one transaction that judges every mutation once, and remembers what it said.

use super::apply::{Push, Recorded};
use super::cursor::{self, Cursor};
use super::lease;
use super::session::{Failure, Session};
use super::{Asker, ROLE_AND_IDENTITY, check_fingerprint};
use crate::compiled::Compiled;
use crate::serve::reread_with;
use crate::state::State;
use haversack_core::map::Map;
use haversack_core::protocol::{Mutation, Outcome, Seq, SyncRequest, Verdict};
use haversack_core::schema::hex;
use haversack_core::{Error, ErrorCode};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

const ATTEMPTS_MAX: u32 = 3;
/// The longest pause before the second attempt, in milliseconds; it doubles.
const PAUSE_MS_MAX: u64 = 40;

const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '15s'; SET LOCAL lock_timeout = '5s'; \
     SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC'; \
     SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1";

// The row lock makes pushes of one replica take turns. A conflicting row of another user is locked
// for a moment too, but not changed.
const REPLICA: &str = "
INSERT INTO haversack.replicas AS r (replica, user_id) VALUES ($1::text::uuid, $2)
ON CONFLICT (replica) DO UPDATE SET seen_at = CASE WHEN r.user_id = $2 THEN now() ELSE r.seen_at END
RETURNING user_id, last_seq, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

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
    session: &mut Session,
    state: &State,
    asker: &Asker,
    request: &SyncRequest,
    cursor: Option<&Cursor>,
) -> Result<Pushed, Error> {
    let (mut attempt, mut reread) = (1, false);
    loop {
        let compiled = state.compiled();
        check_fingerprint(&compiled, request)?;
        match attempt_push(session, &compiled, asker, request, cursor, reread).await {
            Ok(pushed) => return Ok(pushed),
            Err(Failure::Transient(db)) if attempt < ATTEMPTS_MAX => {
                tracing::info!(sqlstate = db.code().code(), attempt, "trying a push again");
                session.rollback().await;
                let most = PAUSE_MS_MAX << attempt;
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..=most))).await;
                attempt += 1;
            }
            Err(Failure::Outdated(db)) => {
                tracing::info!(sqlstate = db.code().code(), "is the schema still the same?");
                session.rollback().await;
                reread_with(state, session.client()).await.map_err(|e| {
                    tracing::error!(code = %e.code, "the schema can't be read again: {}", e.message);
                    Error::new(ErrorCode::Internal, "the database's schema can't be read")
                })?;
                reread = true;
            }
            Err(failure) => return Err(failure.into_error()),
        }
    }
}

async fn attempt_push(
    session: &mut Session,
    compiled: &Compiled,
    asker: &Asker,
    request: &SyncRequest,
    cursor: Option<&Cursor>,
    reread: bool,
) -> Result<Pushed, Failure> {
    session.begin(BEGIN).await?;
    let (last, now_ms) = lock_replica(session, asker, request).await?;
    let last = begin_at(session, request, last).await?;
    let acknowledged = number(request.acknowledged)?;
    if acknowledged > 0 {
        session
            .execute(
                "DELETE FROM haversack.verdicts WHERE replica = $1::text::uuid AND seq <= $2",
                &[&request.replica, &acknowledged],
            )
            .await?;
    }
    let leases = lease::draw(session, compiled, request, cursor).await?;
    let known = recorded(session, request, last).await?;
    let push = Push::new(session, compiled, asker, now_ms, reread);
    let (verdicts, new) = judge(push, request, last, &known).await?;
    if let Some(last) = new.last() {
        record(session, request, &verdicts, new, last.seq).await?;
    }
    let wrote = !new.is_empty();
    session.commit().await?;
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

fn number(seq: Seq) -> Result<i64, Error> {
    i64::try_from(seq).map_err(|_| {
        Error::new(
            ErrorCode::MalformedRequest,
            "a mutation's number is out of range",
        )
    })
}

/// The replica's last number, and the time in milliseconds since 1970.
async fn lock_replica(
    session: &Session,
    asker: &Asker,
    request: &SyncRequest,
) -> Result<(Seq, i64), Failure> {
    let rows = session
        .query(REPLICA, &[&request.replica, &asker.user])
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| Error::new(ErrorCode::Internal, "the replica has no record"))?;
    if row.get::<_, &str>(0) != asker.user {
        return Err(Error::new(
            ErrorCode::ReplicaForeign,
            "the replica belongs to another user",
        )
        .into());
    }
    Ok((row.get::<_, i64>(1) as Seq, row.get(2)))
}

/// The number after which the replica goes on. One of which nothing was ever judged here, and which
/// does not come from this history, may have had numbers judged in another: it begins anywhere.
async fn begin_at(session: &Session, request: &SyncRequest, last: Seq) -> Result<Seq, Failure> {
    match request.mutations.first() {
        Some(first) if last == 0 && first.seq > 1 => {
            number(first.seq)?;
            let epoch = cursor::position(session, None).await?.epoch;
            let foreign = request.epoch.as_ref() != Some(&epoch);
            Ok(if foreign { first.seq - 1 } else { last })
        }
        Some(_) | None => Ok(last),
    }
}

/// The verdicts that were given before and still matter: of mutations sent again, and of those that
/// a new mutation had not seen when it was made. In the order of the numbers.
async fn recorded(
    session: &Session,
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
    let rows = session
        .query(
            "SELECT seq, verdict::text, hash FROM haversack.verdicts WHERE replica = $1::text::uuid AND seq > $2",
            &[&request.replica, &number(since)?],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let verdict = serde_json::from_str(row.get(1)).map_err(|e| {
                Error::new(
                    ErrorCode::Internal,
                    format!("a recorded verdict can't be read: {e}"),
                )
            })?;
            let hash = row.get(2);
            Ok((row.get::<_, i64>(0) as Seq, Known { verdict, hash }))
        })
        .collect()
}

/// Judges the mutations in order; gives all verdicts, and the mutations that are new.
async fn judge<'r>(
    mut push: Push<'_>,
    request: &'r SyncRequest,
    last: Seq,
    known: &BTreeMap<Seq, Known>,
) -> Result<(Vec<Verdict>, &'r [Mutation]), Failure> {
    let (session, compiled) = (push.session, push.compiled);
    let mutations = &request.mutations;
    let first_new = mutations
        .iter()
        .position(|m| m.seq > last)
        .unwrap_or(mutations.len());
    let (old, new) = mutations.split_at(first_new);
    for (i, mutation) in new.iter().enumerate() {
        if mutation.seq != last + 1 + i as u64 {
            return Err(gap(session, request, mutation.seq, last + 1 + i as u64)
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
    push.prepare_times().await?;
    let (names, values) = &push.asker.settings;
    session
        .query(ROLE_AND_IDENTITY, &[&compiled.user_role, names, values])
        .await?;
    for mutation in new {
        verdicts.push(push.mutation(mutation).await?);
    }
    // The record of verdicts is the endpoint's own, out of the user's reach.
    session.batch("SET LOCAL ROLE NONE").await?;
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
    session: &Session,
    request: &SyncRequest,
    sent: Seq,
    expected: Seq,
) -> Result<Error, Failure> {
    let epoch = cursor::position(session, None).await?.epoch;
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
    session: &Session,
    request: &SyncRequest,
    verdicts: &[Verdict],
    new: &[Mutation],
    last: Seq,
) -> Result<(), Failure> {
    let (mut numbers, mut texts, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for (mutation, verdict) in new.iter().zip(&verdicts[verdicts.len() - new.len()..]) {
        hashes.push(hash(mutation)?);
        numbers.push(number(verdict.seq)?);
        texts.push(serde_json::to_string(verdict).map_err(|e| {
            Error::new(
                ErrorCode::Internal,
                format!("a verdict can't be written: {e}"),
            )
        })?);
    }
    session
        .execute(
            "INSERT INTO haversack.verdicts (replica, seq, verdict, hash) \
             SELECT $1::text::uuid, v.seq, v.verdict::json, v.hash \
             FROM unnest($2::bigint[], $3::text[], $4::text[]) AS v(seq, verdict, hash)",
            &[&request.replica, &numbers, &texts, &hashes],
        )
        .await?;
    session
        .execute(
            "UPDATE haversack.replicas SET last_seq = $2 WHERE replica = $1::text::uuid",
            &[&request.replica, &number(last)?],
        )
        .await?;
    Ok(())
}
