//! From the catalog's normal form to what a client evaluates: the one place that calls the compiler
//! of expressions.

use super::reader::Reader;
use crate::database::command_error;
use haversack_core::Error;
use haversack_core::expr::Expr;
use haversack_core::schema::{Column, Type};
use std::collections::BTreeSet;
use tokio_postgres::Transaction;

/// What the meaning of an expression depends on beside its columns.
pub(super) struct Dialect {
    /// The server's major version.
    pub(super) major: u16,
    /// The database's own collation, where it is not that of bytes.
    pub(super) collation: Option<String>,
    /// Functions that the database's own schemas define, which no client has.
    pub(super) functions: BTreeSet<String>,
}

/// What an expression is about.
enum About<'a> {
    /// A row with these columns.
    Row(&'a [Column]),
    /// A domain's value.
    Value(&'a Type),
}

/// An expression over a row.
pub(super) fn of_row(reader: &Reader, sql: &str, columns: &[Column]) -> Result<Expr, String> {
    expression(&reader.dialect, sql, &About::Row(columns))
}

/// An expression over a domain's value.
pub(super) fn of_value(reader: &Reader, sql: &str, kind: &Type) -> Result<Expr, String> {
    expression(&reader.dialect, sql, &About::Value(kind))
}

/// Names of the functions that the database's own schemas define.
pub(super) async fn functions(transaction: &Transaction<'_>) -> Result<BTreeSet<String>, Error> {
    let rows = transaction
        .query(
            "SELECT DISTINCT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack')",
            &[],
        )
        .await
        .map_err(command_error("reading the functions"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The two ways in which the schema tells an outcome.
pub(super) fn judged(outcome: Result<Expr, String>) -> (Option<Expr>, Option<String>) {
    match outcome {
        Ok(expr) => (Some(expr), None),
        Err(reason) => (None, Some(reason)),
    }
}

fn expression(dialect: &Dialect, _sql: &str, about: &About<'_>) -> Result<Expr, String> {
    let _ = (dialect.major, &dialect.collation, &dialect.functions);
    match about {
        About::Row(columns) => Err(format!("not compiled over {} columns", columns.len())),
        About::Value(kind) => Err(format!("not compiled over {kind:?}")),
    }
}
