//! The SQL of the changelog: a pointer per changed row, and its end. It is partitioned by the number of the
//! transaction, about a day of them in each, so that what goes on from a cursor looks only where something
//! newer may be, and what is old is dropped at once. A row's time would not do: a transaction that began long
//! ago may commit now.
//!
//! **Invariants.** A write by anyone is never refused for want of a partition: what fits in none is in the
//! default one. A cursor from before the newest change that was dropped is never continued.

/// How many transactions a partition is for where it is not known yet how many a day has, and at least.
const SPAN: u64 = 1_000_000;
const SPAN_MIN: u64 = 100_000;
/// How many transactions may begin while a partition is made.
const AHEAD: u64 = 10_000;

/// The statements that make the changelog, or make an older one anew.
pub(super) fn statements() -> Vec<String> {
    [
        // From before it had partitions, or such. What it held is nowhere then.
        "DO $do$ BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('haversack.changes')) = 'r'
        OR pg_get_partkeydef(to_regclass('haversack.changes')) <> 'RANGE (xid)' THEN
        DROP TABLE haversack.changes;
        UPDATE haversack.meta SET horizon = pg_current_xact_id();
    END IF;
END $do$",
        "DROP FUNCTION IF EXISTS haversack.days()",
        // A pointer per changed row, never its content. A key of NULL: the table was truncated.
        "CREATE TABLE IF NOT EXISTS haversack.changes (
    scope text NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT now(),
    tbl integer NOT NULL,
    key text[]) PARTITION BY RANGE (xid)",
        "CREATE INDEX IF NOT EXISTS changes_scope_xid ON haversack.changes (scope, xid)",
        // For what asks of all scopes, and says so by a condition that always holds: in what is asked of one, it
        // would be chosen over the other index while a partition is small, and be slow once it is not.
        "CREATE INDEX IF NOT EXISTS changes_xid ON haversack.changes (xid) WHERE tbl > 0",
        "CREATE TABLE IF NOT EXISTS haversack.changes_rest PARTITION OF haversack.changes DEFAULT",
        // The other partitions: from which transaction until before which, since when in use, and since when no
        // cursor is continued that may lack something of it.
        "CREATE TABLE IF NOT EXISTS haversack.spans (
    lo xid8 PRIMARY KEY,
    hi xid8 NOT NULL,
    since timestamptz,
    ending timestamptz)",
    ]
    .iter()
    .map(|s| (*s).to_owned())
    .chain([
        EXTEND
            .replace("{span}", &SPAN.to_string())
            .replace("{least}", &SPAN_MIN.to_string())
            .replace("{ahead}", &AHEAD.to_string()),
        PRUNE.to_owned(),
        MAINTAIN.to_owned(),
        "REVOKE ALL ON FUNCTION haversack.extend(), haversack.prune(interval), haversack.maintain(interval) FROM PUBLIC".to_owned(),
        "SELECT haversack.extend()".to_owned(),
        SAME_OWNER.to_owned(),
    ])
    .collect()
}

// What attach makes anew belongs to whoever attached first, as the functions do that write there.
const SAME_OWNER: &str = r"DO $do$ DECLARE
    owner oid := (SELECT relowner FROM pg_class WHERE oid = 'haversack.meta'::regclass);
    other text;
BEGIN
    FOR other IN
        SELECT format('TABLE %s', c.oid::regclass) FROM pg_class c
        WHERE c.relnamespace = 'haversack'::regnamespace AND c.relkind IN ('r', 'p') AND c.relowner <> owner
        UNION ALL
        SELECT format('FUNCTION %s', p.oid::regprocedure) FROM pg_proc p
        WHERE p.oid IN ('haversack.extend()'::regprocedure, 'haversack.prune(interval)'::regprocedure,
                        'haversack.maintain(interval)'::regprocedure) AND p.proowner <> owner
    LOOP
        EXECUTE format('ALTER %s OWNER TO %s', other, owner::regrole);
    END LOOP;
END $do$";

// One partition always lies ahead. It is made apart and attached, which locks less than to make it in place: no
// write waits for it but one into the default partition, and a pull for as long as the transaction lasts.
const EXTEND: &str = r"CREATE OR REPLACE FUNCTION haversack.extend() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    upcoming xid8;
    low xid8;
    last haversack.spans;
    size numeric;
    name text;
BEGIN
    -- Whoever reads what lies ahead of which transaction is alone with it.
    PERFORM pg_advisory_xact_lock(hashtextextended('haversack.maintain', 0));
    upcoming := pg_snapshot_xmax(pg_current_snapshot());
    DELETE FROM haversack.spans s WHERE to_regclass('haversack.changes_' || s.lo) IS NULL;
    -- No more than one lies ahead, and no horizon, unless the database was restored to where the transactions have
    -- lower numbers.
    UPDATE haversack.meta SET horizon = upcoming WHERE horizon > upcoming;
    IF (SELECT count(*) > 1 FROM haversack.spans s WHERE s.lo > upcoming) THEN
        FOR low IN SELECT s.lo FROM haversack.spans s WHERE s.lo > upcoming LOOP
            EXECUTE format('DROP TABLE IF EXISTS haversack.%I', 'changes_' || low);
            DELETE FROM haversack.spans s WHERE s.lo = low;
        END LOOP;
    END IF;
    LOOP
        UPDATE haversack.spans s SET since = now() WHERE s.since IS NULL AND s.lo <= upcoming;
        EXIT WHEN EXISTS (SELECT 1 FROM haversack.spans s WHERE s.lo > upcoming);
        SELECT s.* INTO last FROM haversack.spans s ORDER BY s.lo DESC LIMIT 1;
        -- As many as a day has, by those since the newest that has been in use for a while; at the most many times
        -- as many as the last, since a database that was restored may be far ahead.
        size := (SELECT (upcoming::text::numeric - s.lo::text::numeric) / extract(epoch FROM now() - s.since) * 86400
                 FROM haversack.spans s WHERE s.since < now() - interval '10 minutes' ORDER BY s.lo DESC LIMIT 1);
        size := least(coalesce(ceil(size), {span}), 20 * (last.hi::text::numeric - last.lo::text::numeric));
        low := greatest(last.hi, upcoming);
        -- Where nobody made it in time, or there was none, transactions write into the default partition that have the
        -- next numbers; but for one that nobody else sees yet.
        IF low = upcoming AND NOT (SELECT c.xmin = pg_current_xact_id()::xid FROM pg_class c
                                   WHERE c.oid = 'haversack.changes_rest'::regclass) THEN
            low := (low::text::bigint + {ahead})::text::xid8;
        END IF;
        name := 'changes_' || low;
        INSERT INTO haversack.spans (lo, hi)
        VALUES (low, (low::text::numeric + greatest(size, {least}))::bigint::text::xid8);
        EXECUTE format('CREATE TABLE haversack.%I (LIKE haversack.changes INCLUDING DEFAULTS)', name);
        EXECUTE format('ALTER TABLE haversack.changes ATTACH PARTITION haversack.%I FOR VALUES FROM (%L) TO (%L)',
            name, low, (SELECT s.hi FROM haversack.spans s WHERE s.lo = low));
    END LOOP;
EXCEPTION WHEN check_violation THEN
    -- A transaction with such a number wrote into the default partition meanwhile: the next time will do.
    NULL;
END $function$";

// A dropped table is gone for those too who read as of a moment before. So the horizon is raised first, for all that
// no transaction may still write into; and dropped is what no cursor is continued into any more, nor was by anybody
// who may still be reading.
const PRUNE: &str = r"CREATE OR REPLACE FUNCTION haversack.prune(older_than interval) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    low xid8;
    newest xid8;
    dropped integer := 0;
BEGIN
    WITH gone AS (DELETE FROM haversack.changes_rest WHERE at < now() - older_than RETURNING xid)
    SELECT xid INTO newest FROM gone ORDER BY xid DESC LIMIT 1;
    UPDATE haversack.meta SET horizon = newest WHERE horizon < newest;
    FOR low IN
        SELECT s.lo FROM haversack.spans s
        WHERE s.ending IS NULL AND s.hi <= pg_snapshot_xmin(pg_current_snapshot())
          AND EXISTS (SELECT 1 FROM haversack.spans n WHERE n.lo >= s.hi AND n.since <= now() - older_than)
        ORDER BY s.lo
    LOOP
        EXECUTE format('SELECT xid FROM haversack.%I WHERE tbl > 0 ORDER BY xid DESC LIMIT 1', 'changes_' || low) INTO newest;
        UPDATE haversack.meta SET horizon = newest WHERE horizon < newest;
        UPDATE haversack.spans s SET ending = now() WHERE s.lo = low;
    END LOOP;
    FOR low IN SELECT s.lo FROM haversack.spans s WHERE s.ending < now() - interval '10 minutes' ORDER BY s.lo LOOP
        EXECUTE format('DROP TABLE haversack.%I', 'changes_' || low);
        DELETE FROM haversack.spans s WHERE s.lo = low;
        dropped := dropped + 1;
    END LOOP;
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
    BEGIN
        dropped := haversack.prune(keep);
    EXCEPTION WHEN lock_not_available THEN
        dropped := 0;
    END;
    -- Last, so that what it locks is not locked for long.
    PERFORM haversack.extend();
    DELETE FROM haversack.revocations WHERE until < now() - interval '1 hour';
    RETURN dropped;
END $function$";
