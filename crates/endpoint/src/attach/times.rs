//! The SQL that records when columns under the policy `lww` were written, by whomever. Text only.
//!
//! **Invariant.** A write by plain SQL counts with the clock's time; a push says when its mutation was
//! made, which is never later. What a row held under a key is forgotten with the row.

use crate::compiled::timed;
use crate::database::{ident, literal};
use haversack_core::schema::Table;

/// The statements that make the record.
pub(super) fn statements() -> Vec<String> {
    [
        "ALTER TABLE haversack.tables ADD COLUMN IF NOT EXISTS timed text[] NOT NULL DEFAULT '{}'",
        // In milliseconds since 1970, as replicas count.
        "CREATE TABLE IF NOT EXISTS haversack.written (
    tbl integer NOT NULL,
    key text[] NOT NULL,
    col text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (tbl, key, col))",
        // Anybody may set it, but only to make a write of their own count as earlier.
        "CREATE OR REPLACE FUNCTION haversack.made() RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $function$
    SELECT least(nullif(current_setting('haversack.made', true), '')::bigint,
                 floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$function$",
        "REVOKE ALL ON FUNCTION haversack.made() FROM PUBLIC",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Notes which columns of a table are recorded; what is known of others would be out of date later.
pub(super) fn note(number: i32, table: &Table) -> Vec<String> {
    let names: Vec<String> = timed(table).iter().map(|c| literal(c)).collect();
    let list = format!("ARRAY[{}]::text[]", names.join(", "));
    vec![
        format!("UPDATE haversack.tables SET timed = {list} WHERE id = {number}"),
        format!("DELETE FROM haversack.written WHERE tbl = {number} AND col <> ALL ({list})"),
    ]
}

/// Forgets what is known of tables that no longer sync.
pub(super) fn forget(numbers: &[i32]) -> String {
    let list: Vec<String> = numbers.iter().map(i32::to_string).collect();
    let list = format!("ARRAY[{}]::integer[]", list.join(", "));
    format!(
        "WITH stale AS (UPDATE haversack.tables SET timed = '{{}}' WHERE id <> ALL ({list}))
    DELETE FROM haversack.written WHERE tbl <> ALL ({list})"
    )
}

/// What the triggers of a table do beside the changelog.
pub(super) struct Recording {
    pub(super) update: String,
    pub(super) delete: String,
    pub(super) truncate: String,
}

/// None where no column of the table is recorded; `keys` are the columns of its key, quoted.
pub(super) fn recording(number: i32, table: &Table, keys: &[&str]) -> Option<Recording> {
    let timed = timed(table);
    let first = keys.first().filter(|_| !timed.is_empty())?;
    let array = |row: &str| {
        let parts: Vec<String> = keys.iter().map(|k| format!("{row}.{k}::text")).collect();
        format!("ARRAY[{}]", parts.join(", "))
    };
    let (key, old_key) = (array("r"), array("o"));
    // As text, since not every type can be compared.
    let columns: Vec<String> = timed
        .iter()
        .map(|name| {
            let (text, column) = (literal(name), ident(name));
            format!("({text}, r.{column}::text IS DISTINCT FROM o.{column}::text)")
        })
        .collect();
    // A row under a key that none had before counts as written whole. DISTINCT, since a table and
    // one that inherits from it may have the same key.
    let written = format!(
        "INSERT INTO haversack.written AS w (tbl, key, col, at)
    SELECT {number}, x.key, x.col, haversack.made() FROM (
        SELECT DISTINCT {key} AS key, c.col FROM new_rows r LEFT JOIN old_rows o ON {old_key} = {key}
        CROSS JOIN LATERAL (VALUES {}) AS c(col, changed) WHERE c.changed OR o.{first} IS NULL) AS x
    ON CONFLICT ON CONSTRAINT written_pkey DO UPDATE SET at = greatest(w.at, excluded.at)",
        columns.join(", ")
    );
    let gone = |rest: &str| {
        format!(
            "DELETE FROM haversack.written w USING (SELECT {key} AS key FROM old_rows r{rest}) AS g
    WHERE w.tbl = {number} AND w.key = g.key"
        )
    };
    let left = gone(&format!(" EXCEPT SELECT {key} FROM new_rows r"));
    Some(Recording {
        update: format!("{written};\n    {left}"),
        delete: gone(""),
        truncate: format!("DELETE FROM haversack.written WHERE tbl = {number}"),
    })
}
