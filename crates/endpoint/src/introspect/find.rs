//! Finds the tables that haversack.toml lists.

use crate::config::{Config, TableConfig};
use crate::database::command_error;
use crate::names::{nearest, split, table_name};
use haversack_core::{Error, ErrorCode};
use std::collections::HashMap;
use tokio_postgres::{Row, Transaction};

/// A table as found, before its parts are read.
pub(super) struct Found<'a> {
    /// As the schema names it.
    pub(super) name: String,
    /// As haversack.toml names it.
    pub(super) written: &'a str,
    pub(super) oid: u32,
    pub(super) rules: &'a TableConfig,
    pub(super) schema: String,
    pub(super) relation: String,
    pub(super) owner: String,
    pub(super) row_security: bool,
    pub(super) partitioned: bool,
    pub(super) comment: Option<String>,
    pub(super) writable: bool,
}

const TABLES: &str = "
SELECT c.oid, w.at, c.relkind::text, c.relrowsecurity, pg_get_userbyid(c.relowner)::text,
       obj_description(c.oid, 'pg_class')
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(s, t, at)
JOIN pg_namespace n ON n.nspname = w.s JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.t
ORDER BY w.at";

/// Every table of the database's own, for what someone may have meant.
const ALL: &str = "
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack')
  AND n.nspname !~ '^pg_(toast|temp)' ORDER BY 1, 2";

/// The tables in the order of their names, and what is wrong with those that are not among them.
pub(super) async fn find<'a>(
    transaction: &Transaction<'_>,
    config: &'a Config,
    faults: &mut Vec<Error>,
) -> Result<Vec<Found<'a>>, Error> {
    let failed = command_error("reading the catalog");
    let wanted: Vec<(&str, &TableConfig)> = config
        .tables
        .iter()
        .map(|(name, rules)| (name.as_str(), rules))
        .collect();
    let (schemas, relations): (Vec<String>, Vec<String>) =
        wanted.iter().map(|(name, _)| split(name)).unzip();
    let rows = transaction
        .query(TABLES, &[&schemas, &relations])
        .await
        .map_err(&failed)?;
    let at: HashMap<usize, &Row> = rows
        .iter()
        .map(|row| (row.get::<_, i64>(1) as usize - 1, row))
        .collect();
    let mut all = None;
    let mut found: Vec<Found<'a>> = Vec::new();
    for (i, (written, rules)) in wanted.into_iter().enumerate() {
        let name = table_name(&schemas[i], &relations[i]);
        let Some(row) = at.get(&i) else {
            if all.is_none() {
                all = Some(names(transaction).await?);
            }
            faults.push(missing(written, all.as_deref().unwrap_or_default()));
            continue;
        };
        let kind: &str = row.get(2);
        if !matches!(kind, "r" | "p") {
            faults.push(no_table(&name, written, kind));
            continue;
        }
        // `public.notes` and `notes` are one table.
        if let Some(twice) = found.iter().find(|other| other.name == name) {
            let sentence = format!(
                "[tables.{written}] and [tables.{}] in haversack.toml are one table",
                twice.written
            );
            faults.push(
                Error::new(ErrorCode::ConfigInvalid, sentence)
                    .table(&name)
                    .hint("keep one of the two sections"),
            );
            continue;
        }
        let row_security: bool = row.get(3);
        found.push(Found {
            name,
            written,
            oid: row.get(0),
            rules,
            schema: schemas[i].clone(),
            relation: relations[i].clone(),
            owner: row.get(4),
            row_security,
            partitioned: kind == "p",
            comment: row.get(5),
            writable: rules.writable.unwrap_or(row_security),
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

async fn names(transaction: &Transaction<'_>) -> Result<Vec<String>, Error> {
    let rows = transaction
        .query(ALL, &[])
        .await
        .map_err(command_error("reading the catalog"))?;
    Ok(rows
        .iter()
        .map(|row| table_name(row.get(0), row.get(1)))
        .collect())
}

fn missing(written: &str, all: &[String]) -> Error {
    let error = Error::new(
        ErrorCode::ConfigInvalid,
        format!("haversack.toml lists table {written} ([tables.{written}]), but the database has none of this name"),
    )
    .table(written);
    match nearest(written, all.iter().map(String::as_str)) {
        Some(name) => error.hint(format!(
            "did you mean {name:?}? Else run `haversack migrate` first"
        )),
        None => error.hint("run `haversack migrate` first, or correct the name"),
    }
}

fn no_table(name: &str, written: &str, kind: &str) -> Error {
    let (what, hint) = match kind {
        "v" => ("a view", "list the tables that it reads instead"),
        "m" => (
            "a materialized view",
            "list the tables that it reads instead",
        ),
        "f" => (
            "a foreign table",
            "its changes happen on another server; list a table of this one",
        ),
        "S" => ("a sequence", "list the table that draws from it"),
        _ => ("something else", "list a table"),
    };
    Error::new(
        ErrorCode::ConfigInvalid,
        format!("{written} in haversack.toml is not a table, but {what}"),
    )
    .table(name)
    .hint(hint)
}
