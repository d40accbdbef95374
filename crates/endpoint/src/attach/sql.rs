//! The SQL that `attach` runs. Text only; knows what to say, not how it is run.

use super::{Password, Plan, changelog, history, permits, revocations, role_statements, times};
use crate::database::{ident, literal};
use crate::introspect::TableFacts;
use crate::scope::Scope;
use haversack_core::schema::{Table, Type};

/// Every statement, in order.
pub(super) fn statements(plan: &Plan<'_>, password: &Password) -> Vec<String> {
    let mut out = roles(plan, password);
    out.extend(store(plan));
    if plan.superuser {
        // Not while the triggers below are made by hand.
        out.push("DROP EVENT TRIGGER IF EXISTS haversack_partitions".to_owned());
    }
    for relation in &plan.stale {
        out.extend(drop_triggers(relation, PREFIX));
        out.extend(drop_triggers(relation, permits::PREFIX));
    }
    for (object, role) in &plan.stale_grants {
        out.push(format!("REVOKE ALL ON {object} FROM {}", ident(role)));
    }
    for (table, facts) in plan
        .introspected
        .schema
        .tables
        .iter()
        .zip(&plan.introspected.tables)
    {
        let number = plan.numbers[&table.name];
        out.push(format!(
            "INSERT INTO haversack.tables AS t (id, name) VALUES ({number}, {}) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE t.name <> excluded.name",
            literal(&table.name)
        ));
        out.extend(times::note(number, table));
        out.extend(functions(number, table, facts));
        for relation in &facts.relations {
            out.extend(triggers(PREFIX, relation, &format!("capture_{number}")));
            if !is_permission(plan, relation) {
                out.extend(drop_triggers(relation, permits::PREFIX));
            }
        }
        out.extend(grants(plan, table, facts));
    }
    let numbers = plan.introspected.schema.tables.iter();
    let numbers: Vec<i32> = numbers.map(|t| plan.numbers[&t.name]).collect();
    out.push(times::forget(&numbers));
    let permissions = plan.introspected.permissions.iter();
    let numbers: Vec<i32> = permissions.clone().map(|p| plan.numbers[&p.name]).collect();
    out.push(permits::forget(&numbers));
    for (permission, number) in permissions.zip(numbers) {
        out.extend(permits::watch(number, permission));
    }
    out.extend(history::statements(plan));
    if plan.missed {
        // What changed there meanwhile is nowhere: cursors from before get a snapshot. Every
        // snapshot taken before this transaction ends has its id at or above its xmin.
        out.push("UPDATE haversack.meta SET horizon = pg_current_xact_id()".to_owned());
    }
    if plan.superuser {
        out.push(FOLLOW_PARTITIONS.to_owned());
        out.push(
            "CREATE EVENT TRIGGER haversack_partitions ON ddl_command_end \
             WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION haversack.follow_partitions()"
                .to_owned(),
        );
    }
    out
}

fn roles(plan: &Plan<'_>, password: &Password) -> Vec<String> {
    let (login, user) = (ident(&plan.login.name), ident(&plan.user.name));
    let mut out = role_statements(&plan.user, "NOLOGIN NOINHERIT");
    out.extend(role_statements(&plan.login, "LOGIN NOINHERIT"));
    if let Password::Set(password) = password {
        out.push(format!("ALTER ROLE {login} PASSWORD {}", literal(password)));
    }
    out.push(format!("GRANT {user} TO {login}"));
    if !plan.open {
        out.push(format!(
            "GRANT CONNECT ON DATABASE {} TO {login}",
            ident(&plan.database)
        ));
    }
    for schema in &plan.closed_schemas {
        out.push(format!("GRANT USAGE ON SCHEMA {schema} TO {login}, {user}"));
    }
    out
}

/// The schema `haversack`: what the endpoint keeps in the database.
fn store(plan: &Plan<'_>) -> Vec<String> {
    let login = ident(&plan.login.name);
    [
        "CREATE SCHEMA IF NOT EXISTS haversack",
        "COMMENT ON SCHEMA haversack IS 'What Haversack keeps beside the data; haversack detach removes it'",
        // One row. `history` tells a database from a copy of it that lived on elsewhere; no cursor
        // older than `horizon` can be served, because its changes were pruned.
        "CREATE TABLE IF NOT EXISTS haversack.meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    history uuid NOT NULL DEFAULT gen_random_uuid(),
    horizon xid8 NOT NULL DEFAULT '0',
    attached_at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO haversack.meta DEFAULT VALUES ON CONFLICT DO NOTHING",
        "CREATE TABLE IF NOT EXISTS haversack.tables (id integer PRIMARY KEY, name text NOT NULL UNIQUE)",
        "CREATE TABLE IF NOT EXISTS haversack.replicas (
    replica uuid PRIMARY KEY,
    user_id text NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now())",
        "CREATE TABLE IF NOT EXISTS haversack.verdicts (
    replica uuid NOT NULL,
    seq bigint NOT NULL,
    verdict json NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (replica, seq))",
        // A push holds its replica's record; to have a foreign key look for it once per verdict cost
        // more than the verdicts.
        "ALTER TABLE haversack.verdicts DROP CONSTRAINT IF EXISTS verdicts_replica_fkey",
        "CREATE OR REPLACE FUNCTION haversack.forget_verdicts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    DELETE FROM haversack.verdicts v USING gone g WHERE v.replica = g.replica;
    RETURN NULL;
END $function$",
        "REVOKE ALL ON FUNCTION haversack.forget_verdicts() FROM PUBLIC",
        "CREATE OR REPLACE TRIGGER forget_verdicts AFTER DELETE ON haversack.replicas REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION haversack.forget_verdicts()",
        // Of the mutation, to know another one under the same number; none for those of before.
        "ALTER TABLE haversack.verdicts ADD COLUMN IF NOT EXISTS hash text",
        "CREATE TABLE IF NOT EXISTS haversack.leases (
    replica uuid NOT NULL REFERENCES haversack.replicas ON DELETE CASCADE,
    tbl integer NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL CHECK (hi >= lo),
    PRIMARY KEY (replica, tbl, lo))",
        // Blocks from before this column count as received: 0 is in every snapshot.
        "ALTER TABLE haversack.leases ADD COLUMN IF NOT EXISTS xid xid8 NOT NULL DEFAULT '0'",
        "ALTER TABLE haversack.leases ALTER COLUMN xid SET DEFAULT pg_current_xact_id()",
    ]
    .iter()
    .map(|s| (*s).to_owned())
    .chain(revocations::statements(plan.revoked.as_ref()))
    .chain(changelog::statements())
    .chain(times::statements())
    .chain(permits::statements())
    .chain(history::tables())
    .chain([
        format!("GRANT USAGE ON SCHEMA haversack TO {login}"),
        format!("GRANT SELECT ON haversack.meta, haversack.tables, haversack.changes, haversack.skipped TO {login}"),
        format!(
            "GRANT EXECUTE ON FUNCTION haversack.revoked(text[]), haversack.maintain(interval) TO {login}"
        ),
        format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON haversack.replicas, haversack.verdicts, haversack.leases TO {login}"
        ),
        format!("GRANT SELECT, INSERT, UPDATE ON haversack.written TO {login}"),
        revocations::grant(plan.revoked.as_ref(), &login),
    ])
    .collect()
}

// A partition made later gets its parent's triggers at once; where no superuser attaches, /health
// names it instead. The path holds nothing but the catalog, so names come out qualified.
const FOLLOW_PARTITIONS: &str = r"CREATE OR REPLACE FUNCTION haversack.follow_partitions() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT t.oid AS trigger, t.tgname AS name, t.tgrelid::regclass::text AS parent,
               p.relid, p.relid::regclass::text AS partition
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid AND c.relkind = 'p'
        JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'haversack'::regnamespace
        CROSS JOIN LATERAL pg_partition_tree(t.tgrelid) p
        WHERE p.relid <> t.tgrelid AND NOT EXISTS (
            SELECT 1 FROM pg_trigger x WHERE x.tgrelid = p.relid AND x.tgname = t.tgname)
    LOOP
        -- ALTER TABLE below brings us here again, one level deeper, where the rest is done.
        CONTINUE WHEN EXISTS (SELECT 1 FROM pg_trigger x WHERE x.tgrelid = missing.relid AND x.tgname = missing.name);
        EXECUTE replace(pg_get_triggerdef(missing.trigger),
            format(' ON %s ', missing.parent), format(' ON %s ', missing.partition));
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', missing.partition, missing.name);
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    -- The application's own statement must not fail for it.
    RAISE WARNING 'haversack could not watch a new partition: %', SQLERRM;
END $function$";

/// That a row `n` has the owner and key of a row `r`, by their values: cheaper than by the texts that the
/// changelog has of them. None where equal values may have other texts.
fn stays(table: &Table, scope: &Scope, keys: &[&str]) -> Option<String> {
    let owner = match scope {
        Scope::Global => None,
        Scope::Owner(column) => Some(column),
    };
    let of_owner = owner.map(|name| table.column_id(name));
    for column in table.key_columns().into_iter().map(Some).chain(of_owner) {
        match &table.column(column?).kind {
            Type::Bool | Type::Int2 | Type::Int4 | Type::Int8 | Type::Uuid | Type::Enum { .. } => {}
            _ => return None,
        }
    }
    let owner = owner.map(|name| ident(name));
    let all = keys.iter().copied().chain(owner.as_deref());
    let equal: Vec<String> = all.map(|name| format!("n.{name} = r.{name}")).collect();
    Some(equal.join(" AND "))
}

/// Types whose text is the same whatever the session's settings are.
fn is_settled(kind: &Type) -> bool {
    match kind {
        Type::Bool
        | Type::Int2
        | Type::Int4
        | Type::Int8
        | Type::Numeric { .. }
        | Type::Text
        | Type::Varchar { .. }
        | Type::Char { .. }
        | Type::Uuid
        | Type::Enum { .. } => true,
        Type::Float4
        | Type::Float8
        | Type::Date
        | Type::Time
        | Type::Timestamp
        | Type::Timestamptz
        | Type::Interval
        | Type::Json
        | Type::Jsonb
        | Type::Bytea
        | Type::Array { .. }
        | Type::Opaque { .. } => false,
    }
}

fn functions(number: i32, table: &Table, facts: &TableFacts) -> Vec<String> {
    let key_columns = table.key_columns();
    let keys = key_columns
        .iter()
        .map(|c| &*facts.columns[usize::from(c.0)].sql);
    let keys: Vec<&str> = keys.collect();
    let parts: Vec<String> = keys.iter().map(|k| format!("r.{k}::text")).collect();
    let key = format!("ARRAY[{}]", parts.join(", "));
    let (scope, owned) = match &facts.scope {
        Scope::Global => ("'*'".to_owned(), String::new()),
        Scope::Owner(column) => {
            let column = ident(column);
            (
                format!("'u:' || r.{column}::text"),
                format!(" WHERE r.{column} IS NOT NULL"),
            )
        }
    };
    let row = format!("SELECT {scope}, {number}, {key}");
    let into = "INSERT INTO haversack.changes (scope, tbl, key)";
    let inserted = format!("{into} {row} FROM new_rows r{owned}");
    let mut deleted = format!("{into} {row} FROM old_rows r{owned}");
    // A row that moved to another owner or key concerns those who had it as well.
    let moved = match stays(table, &facts.scope, &keys) {
        Some(stays) => {
            let and = if owned.is_empty() { " WHERE" } else { " AND" };
            format!("{owned}{and} NOT EXISTS (SELECT FROM new_rows n WHERE {stays})")
        }
        // Gives each pair once.
        None => format!("{owned} EXCEPT {row} FROM new_rows r{owned}"),
    };
    let mut updated = format!("{inserted};\n    {into} {row} FROM old_rows r{moved}");
    let mut truncated = format!("{into} VALUES ('*', {number}, NULL)");
    if let Some(also) = times::recording(number, table, &keys) {
        for (body, more) in [
            (&mut updated, also.update),
            (&mut deleted, also.delete),
            (&mut truncated, also.truncate),
        ] {
            *body = format!("{body};\n    {more}");
        }
    }
    let settled = table
        .key_columns()
        .iter()
        .all(|c| is_settled(&table.column(*c).kind));
    let settings = if settled {
        ""
    } else {
        " SET DateStyle = 'ISO, MDY' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' \
         SET bytea_output = 'hex' SET extra_float_digits = 1"
    };
    [
        ("insert", inserted),
        ("update", updated),
        ("delete", deleted),
        ("truncate", truncated),
    ]
    .into_iter()
    .map(|(event, body)| {
        format!(
            "CREATE OR REPLACE FUNCTION haversack.capture_{number}_{event}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp{settings} AS $function$
BEGIN
    {body};
    RETURN NULL;
END $function$"
        )
    })
    .collect()
}

/// What the names of triggers begin with that note which rows changed.
pub(super) const PREFIX: &str = "haversack_";
/// What triggers hear of, and which rows they are given.
const EVENTS: [(&str, &str); 4] = [
    ("insert", " REFERENCING NEW TABLE AS new_rows"),
    (
        "update",
        " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    ),
    ("delete", " REFERENCING OLD TABLE AS old_rows"),
    ("truncate", ""),
];

fn is_permission(plan: &Plan<'_>, relation: &String) -> bool {
    let mut permissions = plan.introspected.permissions.iter();
    permissions.any(|permission| permission.relations.contains(relation))
}

/// A trigger for each event, called by a prefix, whose function is called by another.
pub(super) fn triggers(prefix: &str, relation: &str, function: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (event, referencing) in EVENTS {
        // To drop one would lock out who only reads.
        out.push(format!(
            "CREATE OR REPLACE TRIGGER {prefix}{event} AFTER {} ON {relation}{referencing} \
             FOR EACH STATEMENT EXECUTE FUNCTION haversack.{function}_{event}()",
            event.to_uppercase()
        ));
        // Else a session that poses as a replication worker would leave no trace.
        out.push(format!(
            "ALTER TABLE {relation} ENABLE ALWAYS TRIGGER {prefix}{event}"
        ));
    }
    out
}

fn drop_triggers(relation: &str, prefix: &str) -> Vec<String> {
    let of_event =
        |(event, _): &(&str, &str)| format!("DROP TRIGGER IF EXISTS {prefix}{event} ON {relation}");
    EVENTS.iter().map(of_event).collect()
}

/// A role that existed before keeps the privileges that the application gave it.
fn grants(plan: &Plan<'_>, table: &Table, facts: &TableFacts) -> Vec<String> {
    let (login, user) = (ident(&plan.login.name), ident(&plan.user.name));
    let mut out = Vec::new();
    let sequences = facts.sequences.join(", ");
    if plan.login.ours && !sequences.is_empty() {
        out.push(format!("REVOKE ALL ON SEQUENCE {sequences} FROM {login}"));
        if facts.writable {
            out.push(format!("GRANT USAGE ON SEQUENCE {sequences} TO {login}"));
        }
    }
    if !plan.user.ours {
        return out;
    }
    let list = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
    let seen = list(&mut table.columns.iter().map(|c| ident(&c.name)));
    let written = list(&mut facts.grantable.iter().map(|name| ident(name)));
    out.push(format!("REVOKE ALL ON {} FROM {user}", facts.sql));
    let mut rights = format!("SELECT ({seen})");
    if facts.writable {
        if !written.is_empty() {
            rights = format!("{rights}, INSERT ({written}), UPDATE ({written})");
        }
        rights = format!("{rights}, DELETE");
    }
    out.push(format!("GRANT {rights} ON {} TO {user}", facts.sql));
    if !sequences.is_empty() {
        out.push(format!("REVOKE ALL ON SEQUENCE {sequences} FROM {user}"));
        if facts.writable {
            out.push(format!("GRANT USAGE ON SEQUENCE {sequences} TO {user}"));
        }
    }
    out
}
