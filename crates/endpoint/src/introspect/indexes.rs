//! Indexes, unique ones first of all: they are rules.

use super::Draft;
use super::find::Found;
use super::note::{Code, Note};
use super::reader::{Grouped, Server, grouped};
use super::rules;
use haversack_core::Error;
use haversack_core::schema::{Index, IndexPart, Predicate, ServerRule, Unique};
use tokio_postgres::{Row, Transaction};

// pg_depend knows the columns that expressions and predicates read, besides those in the key. The
// order is that in which Postgres asks a table's indexes.
const INDEXES: &str = "
SELECT i.indrelid, c.relname::text AS name, i.indisprimary, i.indisunique, am.amname::text AS method,
       i.indisvalid, i.indisready, pg_get_expr(i.indpred, i.indrelid) AS predicate, {own} AS own,
       {nulls_not_distinct} AS nulls_not_distinct, {period} AS period,
       coalesce(k.condeferrable, false) AS deferrable, coalesce(k.condeferred, false) AS deferred,
       ARRAY(SELECT coalesce(a.attname::text, pg_get_indexdef(i.indexrelid, n::int, false))
             FROM generate_series(1, i.indnkeyatts) n
             LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1] AND a.attnum > 0
             ORDER BY n) AS parts,
       ARRAY(SELECT i.indkey[n - 1] <> 0 FROM generate_series(1, i.indnkeyatts) n ORDER BY n) AS plain,
       ARRAY(SELECT i.indoption[n - 1]::int FROM generate_series(1, i.indnkeyatts) n ORDER BY n) AS options,
       ARRAY(SELECT CASE WHEN i.indcollation[n - 1] NOT IN (0, coalesce(a.attcollation, 'pg_catalog.\"default\"'::regcollation))
                         THEN co.collname::text END
             FROM generate_series(1, i.indnkeyatts) n
             LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1] AND a.attnum > 0
             LEFT JOIN pg_collation co ON co.oid = i.indcollation[n - 1]
             ORDER BY n) AS collations,
       ARRAY(SELECT co.collisdeterministic FROM generate_series(1, i.indnkeyatts) n
             LEFT JOIN pg_collation co ON co.oid = i.indcollation[n - 1] ORDER BY n) AS deterministic,
       ARRAY(SELECT CASE WHEN NOT o.opcdefault THEN o.opcname::text END
             FROM generate_series(1, i.indnkeyatts) n JOIN pg_opclass o ON o.oid = i.indclass[n - 1] ORDER BY n) AS operators,
       i.indkey::int2[] || ARRAY(SELECT d.refobjsubid::int2 FROM pg_depend d
             WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0) AS reads
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u')
WHERE i.indrelid = ANY ($1) AND i.indislive
ORDER BY i.indrelid, i.indexrelid";

/// Reads the indexes of all tables.
pub(super) async fn read(
    transaction: &Transaction<'_>,
    server: &Server,
    oids: &[u32],
) -> Result<Grouped, Error> {
    let since = |major, sql, before| if server.major >= major { sql } else { before };
    let sql = INDEXES
        .replace("{own}", &rules::own("pg_class", "i.indexrelid"))
        .replace(
            "{nulls_not_distinct}",
            since(15, "i.indnullsnotdistinct", "false"),
        )
        .replace(
            "{period}",
            since(18, "coalesce(k.conperiod, false)", "false"),
        );
    grouped(transaction, &sql, &[&oids], "reading the indexes").await
}

/// Describes the indexes of a table into its draft; its columns are there already.
pub(super) fn describe(found: &Found<'_>, rows: &[Row], draft: &mut Draft) {
    for row in rows {
        describe_one(found, row, draft);
    }
}

fn describe_one(found: &Found<'_>, row: &Row, draft: &mut Draft) {
    let (table, name): (&str, String) = (&found.name, row.get("name"));
    let names: Vec<String> = row.get("parts");
    let (unique, primary): (bool, bool) = (row.get("indisunique"), row.get("indisprimary"));
    if primary {
        draft.primary_key.clone_from(&names);
        draft.primary_key_name.clone_from(&name);
        draft.primary_key_rank = draft.uniques.len() as u16;
        if row.get("deferrable") {
            let sentence = format!(
                "the primary key {name} of {table} is DEFERRABLE: clients ask it at each row all the same"
            );
            draft
                .notes
                .push(Note::new(Code::DeferrableKey, table, sentence).constraint(&name));
        }
    }
    if row.get("period") {
        let reason = "WITHOUT OVERLAPS is judged there";
        only_server(
            Code::ServerOnlyExclusion,
            "exclusion",
            table,
            &name,
            reason,
            draft,
        );
        return;
    }
    if primary {
        return;
    }
    let reads: Vec<i16> = row.get("reads");
    if reads.iter().any(|n| draft.private_numbers.contains(n)) {
        if unique {
            only_server(
                Code::PrivateRule,
                "unique",
                table,
                &name,
                "it reads a private column",
                draft,
            );
        } else {
            let sentence =
                format!("index {name} of {table} stays on the server: it reads a private column");
            draft
                .notes
                .push(Note::new(Code::PrivateRule, table, sentence).constraint(&name));
        }
        return;
    }
    if !row.get::<_, bool>("indisvalid") {
        let sentence = format!("index {name} of {table} is invalid, so nothing uses it");
        draft.notes.push(
            Note::new(Code::InvalidIndex, table, sentence)
                .constraint(&name)
                .hint(format!("drop it, or run REINDEX INDEX CONCURRENTLY {name}")),
        );
        // New rows are held to it nevertheless.
        if unique && row.get("indisready") {
            only_server(
                Code::ServerOnlyUnique,
                "unique",
                table,
                &name,
                "its index is invalid",
                draft,
            );
        }
        return;
    }
    let predicate = row.get::<_, Option<String>>("predicate").map(|sql| {
        let outcome = rules::condition(&draft.frame, &sql, &row.get::<_, Vec<String>>("own"));
        (sql, outcome)
    });
    let (parts, mut reason) = parts(row, names, draft);
    if let Some((_, Err(why))) = &predicate {
        reason = reason.or_else(|| Some(why.clone()));
    }
    let predicate = predicate.map(|(sql, outcome)| Predicate {
        sql,
        expr: outcome.ok(),
    });
    if !unique {
        draft.indexes.push(Index {
            name,
            method: row.get("method"),
            parts,
            predicate,
        });
        return;
    }
    if let Some(reason) = &reason {
        let sentence =
            format!("only the server judges the unique index {name} of {table}: {reason}");
        draft
            .notes
            .push(Note::new(Code::ServerOnlyUnique, table, sentence).constraint(&name));
    }
    draft.uniques.push(Unique {
        name,
        columns: parts,
        predicate,
        nulls_not_distinct: row.get("nulls_not_distinct"),
        deferrable: row.get("deferrable"),
        deferred: row.get("deferred"),
        reason,
    });
}

/// The parts of an index, and why a client can't judge them if it were unique.
fn parts(row: &Row, names: Vec<String>, draft: &Draft) -> (Vec<IndexPart>, Option<String>) {
    let plain: Vec<bool> = row.get("plain");
    let options: Vec<i32> = row.get("options");
    let collations: Vec<Option<String>> = row.get("collations");
    let deterministic: Vec<Option<bool>> = row.get("deterministic");
    let operators: Vec<Option<String>> = row.get("operators");
    let own: Vec<String> = row.get("own");
    let mut reason = None;
    let parts = names.into_iter().enumerate().map(|(i, expression)| {
        let expr = (!plain[i]).then(|| rules::condition(&draft.frame, &expression, &own));
        if let Some(Err(why)) = &expr {
            reason.get_or_insert_with(|| why.clone());
        }
        if deterministic[i] == Some(false) {
            reason.get_or_insert_with(|| {
                format!("under its collation, texts that differ from {expression} may equal it")
            });
        }
        IndexPart {
            expression,
            column: plain[i],
            expr: expr.and_then(Result::ok),
            collation: collations[i].clone(),
            operators: operators[i].clone(),
            descending: options[i] & 1 != 0,
            nulls_first: options[i] & 2 != 0,
        }
    });
    (parts.collect(), reason)
}

/// A rule of which the client knows no more than its name.
pub(super) fn only_server(
    code: Code,
    kind: &str,
    table: &str,
    name: &str,
    reason: &str,
    draft: &mut Draft,
) {
    let sentence = format!("only the server judges {name} of {table}: {reason}");
    draft
        .notes
        .push(Note::new(code, table, sentence).constraint(name));
    draft.server_rules.push(ServerRule {
        name: name.to_owned(),
        kind: kind.to_owned(),
        reason: reason.to_owned(),
    });
}
