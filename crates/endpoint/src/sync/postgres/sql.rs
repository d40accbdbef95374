//! The SQL of a sync that is the same for every schema. Text only.

use super::{ON_DISK, POSITION};
use std::sync::LazyLock;

pub(super) const BEGIN_PUSH: &str = "BEGIN";
pub(super) const BEGIN_PULL: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// The first query of a transaction: where the database stands, was the token revoked, and, set for the
// transaction, on what the text of values depends. To set what is so already costs more than to look.
macro_rules! opening {
    ($($settings:expr),*) => {
        LazyLock::new(|| format!(
            "SELECT p.*, {ON_DISK}, {} FROM ({POSITION}) p",
            [
                $($settings,)*
                "CASE WHEN current_setting('DateStyle') <> 'ISO, MDY' THEN set_config('DateStyle', 'ISO, MDY', true) END",
                "CASE WHEN current_setting('IntervalStyle') <> 'postgres' THEN set_config('IntervalStyle', 'postgres', true) END",
                "CASE WHEN current_setting('TimeZone') <> 'UTC' THEN set_config('TimeZone', 'UTC', true) END",
                "CASE WHEN current_setting('bytea_output') <> 'hex' THEN set_config('bytea_output', 'hex', true) END",
                "CASE WHEN current_setting('extra_float_digits') <> '1' THEN set_config('extra_float_digits', '1', true) END",
            ]
            .join(", ")
        ))
    };
}

const REVOKED: &str = "CASE WHEN $2::text[] IS NOT NULL THEN EXISTS (SELECT FROM haversack.revoked($2)) END AS revoked";

pub(super) static OPEN_PUSH: LazyLock<String> = opening!(
    REVOKED,
    "set_config('statement_timeout', '15s', true)",
    "set_config('lock_timeout', '5s', true)",
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END"
);

// To plan the search of the changelog anew costs more than the search, and so does that of revoked tokens;
// there is one good plan for each. The application's own list of those may have no index.
pub(super) static OPEN_PULL: LazyLock<String> = opening!(
    "set_config('statement_timeout', '120s', true)",
    "set_config('plan_cache_mode', 'force_generic_plan', true)",
    REVOKED,
    "set_config('enable_seqscan', 'off', true)"
);

/// Takes the user's role for the rest of the transaction, and so many settings that say who that is.
pub(super) fn role_and_identity(pushing: bool, settings: usize) -> String {
    // What a policy asks is planned as by default.
    let mut sql = if pushing {
        "SELECT set_config('role', $1, true)".to_owned()
    } else {
        "SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'on', true), \
         set_config('role', $1, true)"
            .to_owned()
    };
    for i in 0..settings {
        sql.push_str(&format!(
            ", set_config(${}, ${}, true)",
            2 * i + 2,
            2 * i + 3
        ));
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

// Compared as rows, so that the index over xid alone won't do: in it are everybody's changes.
pub(super) const CHANGED: &str = "
SELECT DISTINCT c.tbl, c.key FROM unnest($1::text[]) AS s(scope)
JOIN haversack.changes c ON c.scope = s.scope AND (c.scope, c.xid) >= (s.scope, pg_snapshot_xmin($2::text::pg_snapshot))
WHERE NOT pg_visible_in_snapshot(c.xid, $2::text::pg_snapshot)
LIMIT $3";

pub(super) const TIMES: &str =
    "SELECT col, at FROM haversack.written WHERE tbl = $1 AND key = $2::text[]";

// What is equal is written by nobody, so no trigger hears of it; but that it was wanted later counts.
pub(super) const CONFIRM: &str = "INSERT INTO haversack.written AS w (tbl, key, col, at) \
     SELECT $1::integer, $2::text[], c.col, $4::bigint FROM unnest($3::text[]) AS c(col) \
     ON CONFLICT (tbl, key, col) DO UPDATE SET at = greatest(w.at, excluded.at)";
