//! The SQL of the changelog: a pointer per changed row, in a partition per day, and its end.
//!
//! **Invariant.** A write by anyone is never refused for want of a partition: what fits in none is
//! in the default one. A cursor from before the newest change that was dropped is never continued.

/// Days for which partitions are made ahead.
const DAYS_AHEAD: u32 = 3;

/// The statements that make the changelog, or make an older one anew.
pub(super) fn statements() -> Vec<String> {
    [
        // From before there were partitions. What it held is nowhere then.
        "DO $do$ BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('haversack.changes')) = 'r' THEN
        DROP TABLE haversack.changes;
        UPDATE haversack.meta SET horizon = pg_current_xact_id();
    END IF;
END $do$",
        // A pointer per changed row, never its content. A key of NULL: the table was truncated.
        "CREATE TABLE IF NOT EXISTS haversack.changes (
    scope text NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT now(),
    tbl integer NOT NULL,
    key text[]) PARTITION BY RANGE (at)",
        "CREATE INDEX IF NOT EXISTS changes_scope_xid ON haversack.changes (scope, xid)",
        "CREATE INDEX IF NOT EXISTS changes_xid ON haversack.changes (xid)",
        "CREATE TABLE IF NOT EXISTS haversack.changes_rest PARTITION OF haversack.changes DEFAULT",
    ]
    .iter()
    .map(|s| (*s).to_owned())
    .chain([
        DAYS.replace("{ahead}", &DAYS_AHEAD.to_string()),
        PRUNE.to_owned(),
        MAINTAIN.to_owned(),
        "REVOKE ALL ON FUNCTION haversack.days(), haversack.prune(interval), haversack.maintain(interval) FROM PUBLIC".to_owned(),
        "SELECT haversack.days()".to_owned(),
    ])
    .collect()
}

// Made apart and attached, which locks less than to make it in place: no write and no pull waits
// for it, but for one into the default partition.
const DAYS: &str = r"CREATE OR REPLACE FUNCTION haversack.days() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' AS $function$
DECLARE
    day date;
    name text;
BEGIN
    FOR day IN SELECT current_date + i FROM generate_series(0, {ahead}) AS i LOOP
        name := 'changes_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('haversack.' || name) IS NOT NULL
            -- Its rows are in the default partition already, as where nobody made it in time.
            OR EXISTS (SELECT 1 FROM haversack.changes_rest r WHERE r.at >= day AND r.at < day + 1);
        EXECUTE format('CREATE TABLE haversack.%I (LIKE haversack.changes INCLUDING DEFAULTS)', name);
        EXECUTE format('ALTER TABLE haversack.changes ATTACH PARTITION haversack.%I FOR VALUES FROM (%L) TO (%L)',
            name, day::timestamptz, (day + 1)::timestamptz);
    END LOOP;
END $function$";

// The horizon and what is dropped are one transaction, so a pull sees both or neither.
const PRUNE: &str = r"CREATE OR REPLACE FUNCTION haversack.prune(older_than interval) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' AS $function$
DECLARE
    part record;
    newest xid8;
    dropped integer := 0;
BEGIN
    FOR part IN
        SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'haversack.changes'::regclass AND c.relname ~ '^changes_\d{8}$'
          AND (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamptz <= now() - older_than
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT xid FROM haversack.%I ORDER BY xid DESC LIMIT 1', part.name) INTO newest;
        UPDATE haversack.meta SET horizon = newest WHERE horizon < newest;
        EXECUTE format('DROP TABLE haversack.%I', part.name);
        dropped := dropped + 1;
    END LOOP;
    WITH gone AS (DELETE FROM haversack.changes_rest WHERE at < now() - older_than RETURNING xid)
    SELECT xid INTO newest FROM gone ORDER BY xid DESC LIMIT 1;
    UPDATE haversack.meta SET horizon = newest WHERE horizon < newest;
    RETURN dropped;
END $function$";

// What the endpoints ask for now and then; the first of them does it. A lock that does not come at
// once is left for the next time: behind one that waits, every write would wait too.
const MAINTAIN: &str = r"CREATE OR REPLACE FUNCTION haversack.maintain(keep interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $function$
DECLARE
    dropped integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('haversack.maintain', 0)) THEN
        RETURN 0;
    END IF;
    PERFORM haversack.days();
    dropped := haversack.prune(keep);
    DELETE FROM haversack.revocations WHERE until < now() - interval '1 hour';
    RETURN dropped;
END $function$";
