//! Which column draws from which sequence, and who may delete.

use super::Draft;
use super::reader::{Grouped, Reader, grouped};
use haversack_core::Error;
use tokio_postgres::{Row, Transaction};

// `auto` and `internal` dependencies are serial and identity columns; a default that calls
// nextval on a free sequence depends on it normally. One that is named by a text, as dumps of old
// databases have it, is found by its name alone. The expression is asked for without its table: to name
// a wide table's columns takes Postgres milliseconds each time.
const SEQUENCES: &str = r#"
WITH drawn AS MATERIALIZED (
    SELECT p.refobjid AS relid, p.refobjsubid AS num, p.objid AS sequence FROM pg_depend p
    WHERE p.refclassid = 'pg_class'::regclass AND p.refobjid = ANY ($1) AND p.refobjsubid > 0
      AND p.classid = 'pg_class'::regclass AND p.deptype IN ('a', 'i')
  UNION
    SELECT d.adrelid, d.adnum, p.refobjid FROM pg_attrdef d
    JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
    WHERE d.adrelid = ANY ($1) AND p.refobjid <> d.adrelid
  UNION
    SELECT d.adrelid, d.adnum, to_regclass(named.parts[1])::oid
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum,
      regexp_match(CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0) END, $re$^nextval\(\('((?:(?:\w+|"[^"']+")\.)?(?:\w+|"[^"']+"))'::text\)::regclass\)$$re$) AS named(parts)
    WHERE d.adrelid = ANY ($1)
)
SELECT d.relid, a.attname::text AS name, format('%I.%I', n.nspname, s.relname) AS sequence
FROM drawn d JOIN pg_class s ON s.oid = d.sequence AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_attribute a ON a.attrelid = d.relid AND a.attnum = d.num AND NOT a.attisdropped
ORDER BY 1, 2, 3"#;

const DELETES: &str = "
SELECT t.oid, has_table_privilege($2::text, t.oid, 'DELETE') FROM unnest($1::oid[]) AS t(oid)";

/// Reads the sequences of all tables.
pub(super) async fn read(transaction: &Transaction<'_>, oids: &[u32]) -> Result<Grouped, Error> {
    grouped(transaction, SEQUENCES, &[&oids], "reading the sequences").await
}

/// Reads whether the user role may delete rows, where its privileges count.
pub(super) async fn may_delete(
    transaction: &Transaction<'_>,
    reader: &Reader,
    oids: &[u32],
) -> Result<Grouped, Error> {
    let Some(role) = &reader.granted_to else {
        return Ok(Grouped::new());
    };
    grouped(
        transaction,
        DELETES,
        &[&oids, role],
        "reading the privileges",
    )
    .await
}

/// Describes the sequences of a table into its draft.
pub(super) fn describe(rows: &[Row], draft: &mut Draft) {
    draft.sequences = rows
        .iter()
        .map(|row| (row.get("name"), row.get("sequence")))
        .collect();
}
