//! Checks, foreign keys, exclusion. Whatever touches a private column stays on the server.

use super::Draft;
use super::find::Found;
use super::indexes::only_server;
use super::note::{Code, Note};
use super::reader::{Grouped, Server, grouped};
use super::rules;
use crate::database::command_error;
use crate::names::table_name;
use haversack_core::Error;
use haversack_core::schema::{Action, Check, ForeignKey};
use std::collections::BTreeMap;
use tokio_postgres::{Row, Transaction};

// A foreign key to or of a partitioned table has rows for the partitions as well; one that a
// partition inherits is its own. Foreign keys are asked in the order of their triggers' names.
const CONSTRAINTS: &str = "
SELECT k.conrelid, k.conname::text AS name, k.contype::text AS kind,
       CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) ELSE pg_get_constraintdef(k.oid) END AS sql,
       CASE WHEN k.contype = 'c' THEN {own} ELSE '{}' END AS own, coalesce(k.conkey, '{}') AS reads, k.confrelid AS target, f.relname::text AS relation, fn.nspname::text AS schema,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS n(num, at)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.num ORDER BY n.at) AS columns,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS n(num, at)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n.num ORDER BY n.at) AS target_columns,
       ARRAY(SELECT a.attname::text FROM unnest({set_columns}) WITH ORDINALITY AS n(num, at)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.num ORDER BY n.at) AS delete_columns,
       k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, k.confmatchtype::text AS match,
       k.condeferrable, k.condeferred, k.convalidated, {enforced} AS enforced, {period} AS period,
       (SELECT min(t.tgname) FROM pg_trigger t
        WHERE t.tgconstraint = k.oid AND t.tgrelid = k.conrelid AND t.tgisinternal AND t.tgtype & 4 <> 0)::text AS fires,
       -- Among the foreign keys alone, so that it depends on nothing but their order.
       (row_number() OVER (ORDER BY k.contype = 'f' DESC,
           (SELECT min(t.tgname) FROM pg_trigger t
            WHERE t.tgconstraint = k.oid AND t.tgrelid = k.confrelid AND t.tgisinternal AND t.tgtype & 8 <> 0),
           k.oid))::int AS rank
FROM pg_constraint k
LEFT JOIN pg_class f ON f.oid = k.confrelid
LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
LEFT JOIN pg_constraint up ON up.oid = k.conparentid
WHERE k.conrelid = ANY ($1) AND k.contype IN ('c', 'f', 'x', 'n') AND (k.contype <> 'n' OR NOT k.convalidated)
  AND (k.contype <> 'f' OR up.oid IS NULL OR up.conrelid <> k.conrelid)
ORDER BY k.conrelid, k.conname";

/// Reads the constraints of all tables.
pub(super) async fn read(
    transaction: &Transaction<'_>,
    server: &Server,
    oids: &[u32],
) -> Result<Grouped, Error> {
    let since = |major, sql, before| if server.major >= major { sql } else { before };
    let sql = CONSTRAINTS
        .replace(
            "{set_columns}",
            since(15, "k.confdelsetcols", "'{}'::int2[]"),
        )
        .replace("{own}", &rules::own("pg_constraint", "k.oid"))
        .replace("{enforced}", since(18, "k.conenforced", "true"))
        .replace("{period}", since(18, "k.conperiod", "false"));
    grouped(transaction, &sql, &[&oids], "reading the constraints").await
}

/// Describes the constraints of a table into its draft; `private` are the private columns of every
/// synced table.
pub(super) fn describe(
    found: &Found<'_>,
    rows: &[Row],
    private: &BTreeMap<u32, Vec<String>>,
    draft: &mut Draft,
) {
    let table = &found.name;
    let mut keys: Vec<(String, ForeignKey)> = Vec::new();
    for row in rows {
        let (name, kind): (String, &str) = (row.get("name"), row.get("kind"));
        if !row.get::<_, bool>("enforced") {
            let sentence = format!(
                "constraint {name} of {table} is NOT ENFORCED, so clients don't enforce it either"
            );
            draft
                .notes
                .push(Note::new(Code::NotEnforced, table, sentence).constraint(&name));
            continue;
        }
        if !row.get::<_, bool>("convalidated") {
            let sentence = format!(
                "constraint {name} of {table} is NOT VALID: rows from before it may break it"
            );
            draft.notes.push(
                Note::new(Code::NotValid, table, sentence)
                    .constraint(&name)
                    .hint(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}")),
            );
        }
        match kind {
            "n" => {}
            "x" => only_server(
                Code::ServerOnlyExclusion,
                "exclusion",
                table,
                &name,
                "exclusion is judged there",
                draft,
            ),
            "c" => check(found, row, name, draft),
            _ => keys.extend(foreign_key(found, row, name, private, draft)),
        }
    }
    // As Postgres sorts the names of triggers: byte by byte.
    keys.sort_by(|(a, _), (b, _)| a.cmp(b));
    draft.foreign_keys = keys.into_iter().map(|(_, key)| key).collect();
}

fn check(found: &Found<'_>, row: &Row, name: String, draft: &mut Draft) {
    let table = &found.name;
    let sql: String = row.get("sql");
    let reads: Vec<i16> = row.get("reads");
    // A whole row holds the private columns too.
    let whole = reads.contains(&0) && !draft.private_numbers.is_empty();
    if whole || reads.iter().any(|n| draft.private_numbers.contains(n)) {
        only_server(
            Code::PrivateRule,
            "check",
            table,
            &name,
            "it reads a private column",
            draft,
        );
        return;
    }
    let (expr, reason) = rules::judged(rules::condition(
        &draft.frame,
        &sql,
        &row.get::<_, Vec<String>>("own"),
    ));
    if let Some(reason) = &reason {
        let sentence = format!("only the server judges {name} of {table}, CHECK ({sql}): {reason}");
        draft
            .notes
            .push(Note::new(Code::ServerOnlyCheck, table, sentence).constraint(&name));
    }
    draft.checks.push(Check {
        name,
        sql,
        expr,
        reason,
    });
}

/// The key, and the name of the trigger that asks it.
fn foreign_key(
    found: &Found<'_>,
    row: &Row,
    name: String,
    private: &BTreeMap<u32, Vec<String>>,
    draft: &mut Draft,
) -> Option<(String, ForeignKey)> {
    let table = &found.name;
    let reads: Vec<i16> = row.get("reads");
    let target_columns: Vec<String> = row.get("target_columns");
    let hidden = private
        .get(&row.get("target"))
        .map_or(&[][..], Vec::as_slice);
    if reads.iter().any(|n| draft.private_numbers.contains(n))
        || target_columns.iter().any(|column| hidden.contains(column))
    {
        only_server(
            Code::PrivateRule,
            "foreign_key",
            table,
            &name,
            "it reads a private column",
            draft,
        );
        return None;
    }
    if row.get("period") {
        let reason = "a foreign key over a PERIOD is judged there";
        only_server(
            Code::ServerOnlyForeignKey,
            "foreign_key",
            table,
            &name,
            reason,
            draft,
        );
        return None;
    }
    let key = ForeignKey {
        name,
        rank: u32::try_from(row.get::<_, i32>("rank")).unwrap_or_default(),
        columns: row.get("columns"),
        references: table_name(row.get("schema"), row.get("relation")),
        referenced_columns: target_columns,
        match_full: row.get::<_, &str>("match") == "f",
        on_delete: action(row.get("on_delete")),
        delete_columns: row.get("delete_columns"),
        on_update: action(row.get("on_update")),
        deferrable: row.get("condeferrable"),
        deferred: row.get("condeferred"),
    };
    Some((
        row.get::<_, Option<String>>("fires").unwrap_or_default(),
        key,
    ))
}

fn action(code: &str) -> Action {
    match code {
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

/// Constraints that are INITIALLY DEFERRED anywhere in the database, qualified and quoted: a
/// mutation may reach them through a trigger or a cascade.
pub(super) async fn deferred(transaction: &Transaction<'_>) -> Result<Vec<String>, Error> {
    let rows = transaction
        .query(
            "SELECT DISTINCT format('%I.%I', n.nspname, k.conname) FROM pg_constraint k
             JOIN pg_namespace n ON n.oid = k.connamespace
             WHERE k.condeferred AND k.conparentid = 0 ORDER BY 1",
            &[],
        )
        .await
        .map_err(command_error("reading the constraints"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
