//! Partitioned tables are one table to a client, and so is one from which others inherit. What holds
//! for a part of it alone is judged by the server.

use super::Draft;
use super::find::Found;
use super::indexes::only_server;
use super::note::{Code, Note};
use super::reader::{Grouped, grouped};
use haversack_core::schema::ServerRule;
use haversack_core::{Error, ErrorCode};
use tokio_postgres::{Row, Transaction};

// UNION ends a recursion that finds nothing new, though inheritance has no cycles.
const PARTS: &str = "
WITH RECURSIVE tree AS (
    SELECT t.oid AS root, t.oid AS relid FROM unnest($1::oid[]) AS t(oid)
  UNION
    SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid
)
SELECT t.root, t.relid, format('%I.%I', n.nspname, c.relname) AS sql, c.relname::text AS name, c.relispartition, c.relkind::text AS kind
FROM tree t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY t.root, t.relid <> t.root, 3";

// What a part has and did not inherit.
const RULES: &str = "
SELECT k.conrelid, k.conname::text AS name, CASE k.contype WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' ELSE 'foreign_key' END AS kind
FROM pg_constraint k WHERE k.conrelid = ANY ($1) AND k.contype IN ('c', 'f', 'x') AND k.coninhcount = 0 AND k.conparentid = 0
UNION ALL
SELECT i.indrelid, c.relname::text, 'unique' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1) AND i.indisunique AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
UNION ALL
SELECT a.attrelid, a.attname::text, 'not_null' FROM pg_attribute a
WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND a.attnotnull AND EXISTS (
    SELECT 1 FROM pg_inherits h JOIN pg_attribute p ON p.attrelid = h.inhparent AND p.attname = a.attname AND NOT p.attnotnull
    WHERE h.inhrelid = a.attrelid)
ORDER BY 1, 3, 2";

/// The relations of all tables: itself and its parts.
pub(super) struct Parts {
    tree: Grouped,
    rules: Grouped,
}

impl Parts {
    pub(super) async fn read(transaction: &Transaction<'_>, oids: &[u32]) -> Result<Self, Error> {
        let tree = grouped(transaction, PARTS, &[&oids], "reading the partitions").await?;
        let parts: Vec<u32> = tree
            .iter()
            .flat_map(|(root, rows)| {
                rows.iter()
                    .map(|r| r.get("relid"))
                    .filter(move |oid| oid != root)
            })
            .collect();
        let rules = if parts.is_empty() {
            Grouped::new()
        } else {
            grouped(
                transaction,
                RULES,
                &[&parts],
                "reading the partitions' constraints",
            )
            .await?
        };
        Ok(Self { tree, rules })
    }

    /// Describes the parts of a table into its draft.
    pub(super) fn describe(&self, found: &Found<'_>, all: &[Found<'_>], draft: &mut Draft) {
        let table = &found.name;
        let rows = super::reader::of(&self.tree, found.oid);
        for row in rows {
            let oid: u32 = row.get("relid");
            if oid == found.oid {
                draft.relations.push(row.get("sql"));
                continue;
            }
            if let Some(other) = all.iter().find(|other| other.oid == oid) {
                draft.faults.push(both(table, &other.name));
            }
            self.part(table, row, draft);
        }
        if found.partitioned {
            let reason = "a row has to belong to one of the partitions";
            draft.server_rules.push(ServerRule {
                name: found.relation.clone(),
                kind: "partition".into(),
                reason: reason.into(),
            });
            let sentence =
                format!("only the server knows whether a row of {table} has a partition to go to");
            draft
                .notes
                .push(Note::new(Code::ServerOnlyPartition, table, sentence));
        } else if rows.len() > 1 {
            let sentence = format!(
                "{} other tables inherit from {table}: their rows are its rows, and Postgres does not keep its keys unique among them",
                rows.len() - 1
            );
            draft.notes.push(
                Note::new(Code::InheritedTable, table, sentence)
                    .hint("make sure that keys are unique over all of them, or use partitions; run `haversack attach` after adding one"),
            );
        }
    }

    fn part(&self, table: &str, row: &Row, draft: &mut Draft) {
        let (name, sql): (&str, String) = (row.get("name"), row.get("sql"));
        if row.get::<_, &str>("kind") == "f" {
            let sentence = format!(
                "partition {name} of {table} is a foreign table: what changes in it is not captured"
            );
            draft
                .notes
                .push(Note::new(Code::ForeignPartition, table, sentence));
            return;
        }
        draft.relations.push(sql);
        for rule in super::reader::of(&self.rules, row.get("relid")) {
            let (rule, kind): (String, &str) = (rule.get("name"), rule.get("kind"));
            if kind == "not_null" {
                let reason = format!("in {name} alone, {rule} needs a value");
                only_server(
                    Code::ServerOnlyPartition,
                    "check",
                    table,
                    &rule,
                    &reason,
                    draft,
                );
            } else {
                let reason = format!("it holds in {name} alone");
                only_server(
                    Code::ServerOnlyPartition,
                    kind,
                    table,
                    &rule,
                    &reason,
                    draft,
                );
            }
        }
    }
}

fn both(table: &str, part: &str) -> Error {
    Error::new(
        ErrorCode::ConfigInvalid,
        format!(
            "haversack.toml lists {part}, whose rows are those of {table} too, and {table} as well"
        ),
    )
    .table(part)
    .hint(format!(
        "list one of the two; {table} has the rows of all its partitions"
    ))
}
