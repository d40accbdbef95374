//! Which of its lives a database lives, and what is to be done when it is another one.
//!
//! A database that was restored goes on from a backup: what was committed after it is gone, and the
//! sequences give again what was given then. Replicas still hold such keys, of rows that they made
//! offline, and in references to rows that are no more.
//!
//! **Invariant.** After the history was noted, no sequence gives a key that the lost history gave,
//! unless that had gone further than [`SKIPPED_KEYS`] since the backup.

use super::Plan;
use crate::database::{ident, literal};

/// What tells a history from every other, as an SQL expression over `haversack.meta m`: the cluster,
/// how often it was recovered, the database, and when it was attached. The number of recoveries is the
/// timeline, by which Postgres names what it writes now; to ask its control file for it, at each sync, costs
/// more.
macro_rules! history_sql {
    () => {
        concat!(server_sql!(timeline_sql!()), " || '/' || m.history")
    };
}

/// The same for what a connection asks again and again: the cluster and the database are the same for as long
/// as it lasts, and it keeps them in a setting of its own.
macro_rules! history_again_sql {
    () => {
        concat!(
            "replace(coalesce(nullif(current_setting('haversack.server', true), ''), \
             set_config('haversack.server', ",
            server_sql!("'?'"),
            ", false)), '?', (",
            timeline_sql!(),
            ")::text) || '/' || m.history"
        )
    };
}

/// The cluster and the database, and between them the timeline.
macro_rules! server_sql {
    ($timeline:expr) => {
        concat!(
            "concat_ws('/', (SELECT system_identifier FROM pg_control_system()), ",
            $timeline,
            ", (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
    };
}

macro_rules! timeline_sql {
    () => {
        "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer"
    };
}
pub(crate) use {history_again_sql, server_sql, timeline_sql};

/// How far a sequence moves on after a restore; less where it would use up more than a thousandth of
/// what the sequence has left. A backup may be restored again: so it is that far times how many
/// recoveries there were since the backup; or, where nobody counts them, as for a dump, a random
/// number of times up to 16.
pub const SKIPPED_KEYS: u32 = 1_000_000;

/// The tables beside `haversack.meta`.
pub(super) fn tables() -> Vec<String> {
    [
        // The history, and the transaction that noted it after another one.
        "ALTER TABLE haversack.meta ADD COLUMN IF NOT EXISTS noted text",
        "ALTER TABLE haversack.meta ADD COLUMN IF NOT EXISTS noted_xid xid8 NOT NULL DEFAULT '0'",
        // Keys that a lost history may have given to anybody.
        "CREATE TABLE IF NOT EXISTS haversack.skipped (
    tbl integer NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (tbl, lo))",
        "CREATE INDEX IF NOT EXISTS leases_keys ON haversack.leases (tbl, lo)",
    ]
    .map(str::to_owned)
    .into()
}

/// The function that notes the history, for the sequences that are there now, and its first run.
pub(super) fn statements(plan: &Plan<'_>) -> Vec<String> {
    let tables = plan.introspected.schema.tables.iter();
    let sequences = tables
        .zip(&plan.introspected.tables)
        .filter_map(|(table, facts)| {
            let key = &table.column(table.sequence_key()?).name;
            let (_, sequence) = facts.sequence_of.iter().find(|(column, _)| column == key)?;
            let number = plan.numbers[&table.name];
            Some(format!("({number}, {})", literal(sequence)))
        });
    // So that the list is never empty; no sequence has this name.
    let none = std::iter::once(String::from("(0, '')"));
    let sequences: Vec<String> = none.chain(sequences).collect();
    let function = NOTE
        .replace("{history}", history_sql!())
        .replace("{sequences}", &sequences.join(", "))
        .replace("{skipped}", &SKIPPED_KEYS.to_string());
    vec![
        function,
        "REVOKE ALL ON FUNCTION haversack.note_history() FROM PUBLIC".to_owned(),
        "SELECT haversack.note_history()".to_owned(),
        format!(
            "GRANT EXECUTE ON FUNCTION haversack.note_history() TO {}",
            ident(&plan.login.name)
        ),
    ]
}

// What is noted for the first time has lost nothing.
const NOTE: &str = r"CREATE OR REPLACE FUNCTION haversack.note_history() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    was text;
    is_now text;
    one record;
    last bigint;
    far bigint;
    times bigint := 1 + floor(random() * 16);
BEGIN
    SELECT m.noted, {history} INTO was, is_now FROM haversack.meta m FOR UPDATE OF m;
    IF was = is_now THEN
        RETURN;
    END IF;
    IF split_part(was, '/', 1) = split_part(is_now, '/', 1) AND split_part(was, '/', 3) = split_part(is_now, '/', 3)
       AND split_part(was, '/', 2) <> split_part(is_now, '/', 2) THEN
        times := greatest(split_part(is_now, '/', 2)::bigint - split_part(was, '/', 2)::bigint, 1);
    END IF;
    FOR one IN
        SELECT s.tbl, q.seqrelid::regclass AS name, q.seqincrement AS step, q.seqmin, q.seqmax
        FROM (VALUES {sequences}) AS s(tbl, name)
        JOIN pg_sequence q ON q.seqrelid = to_regclass(nullif(s.name, ''))
        WHERE was IS NOT NULL
    LOOP
        last := nextval(one.name);
        far := least({skipped}, (CASE WHEN one.step > 0 THEN one.seqmax::numeric - last
                                      ELSE last - one.seqmin::numeric END) / abs(one.step) / 1000)::bigint
               * least(times, 500) * one.step;
        PERFORM setval(one.name, last + far);
        INSERT INTO haversack.skipped (tbl, lo, hi)
        VALUES (one.tbl, least(last, last + far), greatest(last, last + far)) ON CONFLICT DO NOTHING;
    END LOOP;
    UPDATE haversack.meta
    SET noted = is_now, noted_xid = CASE WHEN was IS NULL THEN noted_xid ELSE pg_current_xact_id() END;
END $function$";
