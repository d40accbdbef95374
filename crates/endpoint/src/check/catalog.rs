//! Indexes that are missing, sequences that run out, triggers, rules, and what does not sync.

use crate::database::{command_error, ident};
use crate::introspect::{Code, Introspected, Note};
use crate::names::table_name;
use crate::scope::Scope;
use haversack_core::Error;
use std::collections::HashMap;
use tokio_postgres::{Client, Row};

// The first columns of an index, in any order, are those of the key.
const KEYS: &str = "
SELECT k.conrelid, k.conname::text, ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS n(num, at)
       JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.num ORDER BY n.at)
FROM pg_constraint k LEFT JOIN pg_constraint up ON up.oid = k.conparentid
WHERE k.conrelid = ANY ($1) AND k.contype = 'f' AND (up.oid IS NULL OR up.conrelid <> k.conrelid)
  AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indpred IS NULL AND i.indisvalid
                  AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
ORDER BY 1, 2";

const SCOPES: &str = "
SELECT a.attrelid, a.attname::text FROM unnest($1::oid[], $2::text[]) AS s(relid, name)
JOIN pg_attribute a ON a.attrelid = s.relid AND a.attname = s.name AND a.attnum > 0
WHERE NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indpred IS NULL AND i.indisvalid
                  AND i.indkey[0] = a.attnum) ORDER BY 1";

// A column may be narrower than its sequence.
const SEQUENCES: &str = "
SELECT a.attrelid, a.attname::text, s.relname::text, l.last_value::text,
       least(q.seqmax, CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                       ELSE 9223372036854775807 END)::text
FROM pg_attribute a
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
JOIN pg_depend p ON (p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
      AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype IN ('a', 'i'))
   OR (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass)
JOIN pg_class s ON s.relkind = 'S' AND s.oid IN (p.objid, p.refobjid)
JOIN pg_namespace n ON n.oid = s.relnamespace JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_sequences l ON l.schemaname = n.nspname AND l.sequencename = s.relname
WHERE a.attrelid = ANY ($1) AND q.seqincrement > 0
  AND l.last_value > least(q.seqmax, CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                                     ELSE 9223372036854775807 END) / 2
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2";

const TRIGGERS: &str = "
SELECT t.tgrelid, t.tgname::text, true FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE t.tgrelid = ANY ($1) AND NOT t.tgisinternal AND n.nspname <> 'haversack' AND t.tgenabled <> 'D'
UNION ALL
SELECT r.ev_class, r.rulename::text, false FROM pg_rewrite r WHERE r.ev_class = ANY ($1) AND r.rulename <> '_RETURN'
ORDER BY 1, 2";

const REFERRING: &str = "
SELECT k.confrelid, k.conname::text, n.nspname::text, c.relname::text FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY ($1) AND NOT k.conrelid = ANY ($1) ORDER BY 1, 3, 4, 2";

const OTHERS: &str = "
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND NOT c.oid = ANY ($1)
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY 1, 2";

/// Notes what the catalog shows beside the schema.
pub(super) async fn look(
    client: &Client,
    introspected: &Introspected,
    notes: &mut Vec<Note>,
) -> Result<(), Error> {
    let oids: Vec<u32> = introspected.tables.iter().map(|t| t.oid).collect();
    let tables = introspected.schema.tables.iter().zip(&introspected.tables);
    let known: HashMap<u32, (&str, &str)> = tables
        .clone()
        .map(|(t, f)| (f.oid, (t.name.as_str(), f.sql.as_str())))
        .collect();
    let ask = async |sql: &str| -> Result<Vec<Row>, Error> {
        client
            .query(sql, &[&oids])
            .await
            .map_err(command_error("reading the catalog"))
    };
    for row in ask(KEYS).await? {
        let ((table, sql), name) = (known[&row.get(0)], row.get::<_, &str>(1));
        let columns: Vec<String> = row.get(2);
        let sentence = format!(
            "no index of {table} leads with {}, the columns of {name}: deleting what it refers to reads the whole table",
            columns.join(", ")
        );
        notes.push(
            Note::new(Code::ForeignKeyUnindexed, table, sentence)
                .constraint(name)
                .hint(create(sql, &columns)),
        );
    }
    let (owned, names): (Vec<u32>, Vec<&str>) = tables
        .filter_map(|(_, facts)| match &facts.scope {
            Scope::Owner(column) => Some((facts.oid, column.as_str())),
            Scope::Global => None,
        })
        .unzip();
    let rows = client.query(SCOPES, &[&owned, &names]).await;
    for row in rows.map_err(command_error("reading the catalog"))? {
        let ((table, sql), column) = (known[&row.get(0)], row.get::<_, String>(1));
        let sentence = format!(
            "no index of {table} leads with {column}: a user's rows are found by reading everybody's"
        );
        let hint = create(sql, std::slice::from_ref(&column));
        notes.push(
            Note::new(Code::ScopeUnindexed, table, sentence)
                .column(&column)
                .hint(hint),
        );
    }
    for row in ask(SEQUENCES).await? {
        let ((table, sql), column, sequence) = (
            known[&row.get(0)],
            row.get::<_, &str>(1),
            row.get::<_, &str>(2),
        );
        let (last, most): (&str, &str) = (row.get(3), row.get(4));
        let sentence = format!(
            "sequence {sequence} of {table}.{column} has given out {last} of {most} numbers, and replicas lease them in blocks"
        );
        notes.push(
            Note::new(Code::SequenceHalfSpent, table, sentence).column(column).constraint(sequence).hint(format!(
                "widen it while there is time: ALTER TABLE {sql} ALTER COLUMN {} TYPE bigint; ALTER SEQUENCE {sequence} AS bigint",
                ident(column)
            )),
        );
    }
    for row in ask(TRIGGERS).await? {
        let ((table, _), name) = (known[&row.get(0)], row.get::<_, &str>(1));
        let note = if row.get(2) {
            let sentence = format!(
                "trigger {name} of {table} runs on the server only: what it changes shows after the next sync"
            );
            Note::new(Code::ServerOnlyTrigger, table, sentence)
        } else {
            let sentence = format!(
                "rule {name} of {table} changes what writing it means, and no client knows of it"
            );
            Note::new(Code::RuleOnTable, table, sentence).hint("use a trigger instead")
        };
        notes.push(note.constraint(name));
    }
    for row in ask(REFERRING).await? {
        let ((table, _), name) = (known[&row.get(0)], row.get::<_, &str>(1));
        let other = table_name(row.get(2), row.get(3));
        let sentence = format!(
            "{other}, which does not sync, refers to {table} by {name}: only the server knows whether a row is still referred to"
        );
        notes.push(Note::new(Code::ReferencedByUnsynced, table, sentence).constraint(name));
    }
    let others: Vec<String> = ask(OTHERS)
        .await?
        .iter()
        .map(|row| table_name(row.get(0), row.get(1)))
        .collect();
    if !others.is_empty() {
        let sentence = format!("these tables do not sync: {}", others.join(", "));
        notes.push(
            Note::of_database(Code::TablesNotSynced, sentence)
                .hint("add [tables.<name>] to haversack.toml for each that should"),
        );
    }
    Ok(())
}

fn create(table: &str, columns: &[String]) -> String {
    let list: Vec<String> = columns.iter().map(|c| ident(c)).collect();
    format!("CREATE INDEX CONCURRENTLY ON {table} ({})", list.join(", "))
}
