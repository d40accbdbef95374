//! Keys, checks and indexes. Whatever touches a private column stays on the server, with a note.

use super::Found;
use crate::database::command_error;
use haversack_core::Error;
use haversack_core::schema::{
    Action, Check, ForeignKey, Index, IndexPart, Predicate, ServerRule, Unique,
};
use tokio_postgres::Transaction;

/// The constraints and indexes of a table.
pub(super) struct Constraints {
    pub(super) primary_key: Vec<String>,
    pub(super) primary_key_name: String,
    pub(super) primary_key_rank: u16,
    pub(super) server_rules: Vec<ServerRule>,
    pub(super) uniques: Vec<Unique>,
    pub(super) checks: Vec<Check>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) indexes: Vec<Index>,
}

// pg_depend knows the columns that expressions and predicates read, besides those in the key.
const INDEXES: &str = "
SELECT c.relname::text AS name, i.indisprimary, i.indisunique, am.amname::text AS method,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_not_distinct,
       ARRAY(SELECT coalesce(a.attname::text, pg_get_indexdef(i.indexrelid, k::int, false))
             FROM generate_series(1, i.indnkeyatts) k
             LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] AND a.attnum > 0
             ORDER BY k) AS parts,
       ARRAY(SELECT i.indkey[k - 1] <> 0 FROM generate_series(1, i.indnkeyatts) k ORDER BY k) AS plain,
       ARRAY(SELECT i.indoption[k - 1]::int FROM generate_series(1, i.indnkeyatts) k ORDER BY k) AS options,
       EXISTS (SELECT 1 FROM unnest(i.indkey::int2[]) AS k(n) WHERE k.n = ANY ($2))
       OR EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = ANY ($2)) AS private
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
WHERE i.indrelid = $1 AND i.indisvalid AND i.indislive
ORDER BY i.indexrelid";

const CONSTRAINTS: &str = "
SELECT k.conname::text AS name, k.contype::text AS kind,
       CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) ELSE pg_get_constraintdef(k.oid) END AS sql,
       coalesce(k.conkey && $2, false) AS private,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS n(num, at)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.num ORDER BY n.at) AS columns,
       CASE WHEN fn.nspname = 'public' THEN f.relname::text ELSE fn.nspname || '.' || f.relname END AS target,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS n(num, at)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n.num ORDER BY n.at) AS target_columns,
       k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, k.condeferrable, k.condeferred
FROM pg_constraint k
LEFT JOIN pg_class f ON f.oid = k.confrelid
LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE k.conrelid = $1 AND k.contype IN ('c', 'f', 'x') AND (k.contype <> 'f' OR k.conparentid = 0)
ORDER BY k.conname";

pub(super) async fn read(
    transaction: &Transaction<'_>,
    found: &Found<'_>,
    private: &[i16],
    notes: &mut Vec<String>,
) -> Result<Constraints, Error> {
    let failed = command_error("reading the constraints");
    let table = &found.name;
    let mut read = Constraints {
        primary_key: Vec::new(),
        primary_key_name: String::new(),
        primary_key_rank: 0,
        server_rules: Vec::new(),
        uniques: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
    };
    for row in transaction
        .query(INDEXES, &[&found.oid, &private])
        .await
        .map_err(&failed)?
    {
        let name: String = row.get("name");
        let names: Vec<String> = row.get("parts");
        if row.get("indisprimary") {
            read.primary_key = names;
            read.primary_key_name = name;
            read.primary_key_rank = read.uniques.len() as u16;
            continue;
        }
        if row.get("private") {
            notes.push(format!(
                "index {name} of {table} stays on the server: it reads a private column"
            ));
            continue;
        }
        let plain: Vec<bool> = row.get("plain");
        let options: Vec<i32> = row.get("options");
        let parts =
            names
                .into_iter()
                .zip(plain)
                .zip(options)
                .map(|((expression, column), option)| IndexPart {
                    expression,
                    column,
                    descending: option & 1 != 0,
                    nulls_first: option & 2 != 0,
                    ..IndexPart::default()
                });
        let predicate = row
            .get::<_, Option<String>>("predicate")
            .map(|sql| Predicate { sql, expr: None });
        if row.get("indisunique") {
            let nulls_not_distinct = row.get("nulls_not_distinct");
            read.uniques.push(Unique {
                name,
                columns: parts.collect(),
                predicate,
                nulls_not_distinct,
                ..Unique::default()
            });
        } else {
            read.indexes.push(Index {
                name,
                method: row.get("method"),
                parts: parts.collect(),
                predicate,
            });
        }
    }
    for row in transaction
        .query(CONSTRAINTS, &[&found.oid, &private])
        .await
        .map_err(&failed)?
    {
        let name: String = row.get("name");
        let kind: String = row.get("kind");
        if row.get("private") || kind == "x" {
            let why = if kind == "x" {
                "exclusion is judged there"
            } else {
                "it reads a private column"
            };
            notes.push(format!(
                "constraint {name} of {table} stays on the server: {why}"
            ));
        } else if kind == "c" {
            read.checks.push(Check {
                name,
                sql: row.get("sql"),
                ..Check::default()
            });
        } else {
            read.foreign_keys.push(ForeignKey {
                name,
                columns: row.get("columns"),
                references: row.get("target"),
                referenced_columns: row.get("target_columns"),
                on_delete: action(row.get("on_delete")),
                on_update: action(row.get("on_update")),
                deferrable: row.get("condeferrable"),
                deferred: row.get("condeferred"),
                ..ForeignKey::default()
            });
        }
    }
    Ok(read)
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
