//! The SQL of a sync that is the same for every schema. Text only.

use super::{ON_DISK, POSITION};

pub(super) const BEGIN_PUSH: &str = "BEGIN";
/// To plan the search of the changelog anew costs more than the search. There is one good plan for it, also
/// while a partition is still empty.
pub(super) const BEGIN_PULL: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; \
     SET LOCAL statement_timeout = '120s'";

// Scope by scope, and only in partitions that may have something newer than the cursor.
const CHANGED: &str = "
(SELECT json_agg(json_build_array(f.tbl, f.key))::text FROM (
    SELECT DISTINCT c.tbl, c.key FROM unnest($2::text[]) AS s(scope) CROSS JOIN LATERAL (
        SELECT c.tbl, c.key FROM haversack.changes c
        WHERE c.scope = s.scope AND c.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
          AND c.xid < pg_snapshot_xmax(pg_current_snapshot()) AND NOT pg_visible_in_snapshot(c.xid, $1::text::pg_snapshot)
        OFFSET 0) c
    LIMIT $3) f) AS changed";
/// The parameters of [`CHANGED`] and of where the database stands.
const CHANGED_PARAMETERS: usize = 3;

/// How it is asked whether a token was revoked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lookup {
    /// It is not: there is none, or it was asked before.
    None,
    /// In the endpoint's list.
    OneList,
    /// In the application's, too.
    Lists,
}

/// The first query of a transaction, whose first parameter is a snapshot: where the database stands, was a
/// token revoked whose name is a parameter, and, set for the transaction, on what the text of values depends.
/// To set what is so already costs more than to look.
fn opening(more: &[&str], (lookup, token): (Lookup, usize)) -> String {
    let mut sql = format!("SELECT p.*, {ON_DISK}");
    for (name, value) in [
        ("DateStyle", "ISO, MDY"),
        ("IntervalStyle", "postgres"),
        ("TimeZone", "UTC"),
        ("bytea_output", "hex"),
        ("extra_float_digits", "1"),
    ] {
        sql.push_str(&format!(
            ", CASE WHEN current_setting('{name}') <> '{value}' THEN set_config('{name}', '{value}', true) END"
        ));
    }
    for expression in more {
        sql.push_str(", ");
        sql.push_str(expression);
    }
    let revoked = match lookup {
        Lookup::None => None,
        Lookup::OneList => Some(format!("haversack.revocations WHERE jti = ${token}::text")),
        Lookup::Lists => Some(format!("haversack.revoked(ARRAY[${token}::text])")),
    };
    if let Some(revoked) = revoked {
        sql.push_str(&format!(", EXISTS (SELECT FROM {revoked}) AS revoked"));
    }
    format!("{sql} FROM ({POSITION}) p")
}

/// Opens a push; with a token that is to be looked up as its last parameter.
pub(super) fn open_push(lookup: Lookup) -> String {
    opening(
        &[
            "set_config('statement_timeout', '15s', true)",
            "set_config('lock_timeout', '5s', true)",
            "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END",
        ],
        (lookup, 2),
    )
}

/// Opens a pull, the same way.
pub(super) fn open_pull(lookup: Lookup) -> String {
    opening(&[], (lookup, 2))
}

/// Opens a pull that goes on from a cursor, finds what changed since, and takes the user's role and so many
/// settings: in one statement, since to begin one and to answer it costs as much as to run it. What the
/// endpoint may read is judged as it begins, so that the role that it takes last is no obstacle.
pub(super) fn look(settings: usize, lookup: Lookup) -> String {
    let user = become_user(false, settings, CHANGED_PARAMETERS);
    let token = CHANGED_PARAMETERS + 1 + 2 * settings + 1;
    opening(&[CHANGED, &user], (lookup, token))
}

/// Takes the user's role for the rest of the transaction, and so many settings that say who that is.
pub(super) fn role_and_identity(pushing: bool, settings: usize) -> String {
    format!("SELECT {}", become_user(pushing, settings, 0))
}

/// The same as expressions, whose parameters come after so many others.
fn become_user(pushing: bool, settings: usize, parameters: usize) -> String {
    let mut sql = String::new();
    if !pushing {
        // What a policy asks is planned as by default.
        sql.push_str("set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'on', true), ");
    }
    sql.push_str(&format!("set_config('role', ${}, true)", parameters + 1));
    for name in (parameters + 2..).step_by(2).take(settings) {
        sql.push_str(&format!(", set_config(${name}, ${}, true)", name + 1));
    }
    sql
}

// Transactional, so that it takes a number, and durable, so that no lower one is given again.
pub(super) const REACH_DISK: &str = "BEGIN; SET LOCAL synchronous_commit = local; \
     SELECT pg_logical_emit_message(true, 'haversack', ''); COMMIT";

pub(super) const FORGET: &str =
    "DELETE FROM haversack.verdicts WHERE replica = $1::text::uuid AND seq > $2 AND seq <= $3";

pub(super) const RECORD: &str = "WITH judged AS (\
     INSERT INTO haversack.verdicts (replica, seq, verdict, hash) \
     SELECT $1::text::uuid, v.seq, v.verdict::json, v.hash \
     FROM unnest($2::bigint[], $3::text[], $4::text[]) AS v(seq, verdict, hash)) \
     UPDATE haversack.replicas SET last_seq = $5 WHERE replica = $1::text::uuid";

// The row lock makes pushes of one replica take turns. A conflicting row of another user is locked
// for a moment too, but not changed.
pub(super) const REPLICA: &str = "
INSERT INTO haversack.replicas AS r (replica, user_id) VALUES ($1::text::uuid, $2)
ON CONFLICT (replica) DO UPDATE SET seen_at = CASE WHEN r.user_id = $2 THEN now() ELSE r.seen_at END
RETURNING user_id, last_seq, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, pg_current_xact_id()::text";

// Blocks of a table do not overlap, so the one that begins last before a key has it, or none.
pub(super) const GIVEN_BEFORE: &str = "
SELECT k.key FROM unnest($3::bigint[]) AS k(key)
WHERE EXISTS (SELECT FROM (SELECT l.replica, l.hi, l.xid FROM haversack.leases l
                           WHERE l.tbl = $2 AND l.lo <= k.key ORDER BY l.lo DESC LIMIT 1) l
              JOIN haversack.replicas r ON r.replica = l.replica
              WHERE l.hi >= k.key AND r.user_id = $1 AND l.xid < (SELECT noted_xid FROM haversack.meta))
   OR EXISTS (SELECT FROM haversack.skipped s WHERE s.tbl = $2 AND k.key BETWEEN s.lo AND s.hi)";

// What a replica was offered in answers that it never took in.
pub(super) const MISSED: &str = "
SELECT lo, hi FROM haversack.leases
WHERE replica = $1::text::uuid AND tbl = $2
  AND ($3::text IS NULL OR NOT pg_visible_in_snapshot(xid, $3::text::pg_snapshot))
ORDER BY lo";

pub(super) const TIMES: &str =
    "SELECT col, at FROM haversack.written WHERE tbl = $1 AND key = $2::text[]";

// What is equal is written by nobody, so no trigger hears of it; but that it was wanted later counts.
pub(super) const CONFIRM: &str = "INSERT INTO haversack.written AS w (tbl, key, col, at) \
     SELECT $1::integer, $2::text[], c.col, $4::bigint FROM unnest($3::text[]) AS c(col) \
     ON CONFLICT (tbl, key, col) DO UPDATE SET at = greatest(w.at, excluded.at)";
