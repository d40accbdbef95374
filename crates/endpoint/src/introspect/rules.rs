//! From the catalog's normal form to what a client evaluates: the one place that calls the compiler
//! of expressions.

use super::reader::Server;
use crate::config::{Config, IdentityFormat};
use crate::database::command_error;
use crate::expression::{Scope, ScopeColumn, compile, compile_to, default_of};
use haversack_core::Error;
use haversack_core::expr::Expr;
use haversack_core::schema::{ColumnDefault, Type};
use std::collections::BTreeSet;
use tokio_postgres::Transaction;

// Under the path of the normal form, what is in `public` is named without it.
const NAMES: &str = "
SELECT ARRAY(SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = to_regnamespace('public')::oid),
       ARRAY(SELECT DISTINCT oprname::text FROM pg_operator WHERE oprnamespace = to_regnamespace('public')::oid),
       ARRAY(SELECT DISTINCT collname::text FROM pg_collation WHERE NOT collisdeterministic)";

/// What an expression may name in any table of a database.
pub(super) async fn base(
    transaction: &Transaction<'_>,
    server: &Server,
    config: &Config,
    enums: Vec<Type>,
) -> Result<Scope, Error> {
    let row = transaction
        .query_one(NAMES, &[])
        .await
        .map_err(command_error("reading the functions"))?;
    let set = |i: usize| -> BTreeSet<String> { row.get::<_, Vec<String>>(i).into_iter().collect() };
    Ok(Scope {
        enums,
        functions: set(0),
        operators: set(1),
        nondeterministic: set(2),
        server: server.major,
        collation: server.locale.clone(),
        ctype: server.ctype.clone(),
        // A setting that holds all claims is not the user.
        identity: match config.identity_format() {
            IdentityFormat::Text => config.identity.setting.clone(),
            IdentityFormat::Json => String::new(),
        },
        ..Scope::default()
    })
}

/// A condition over a row of the table whose columns `scope` has.
pub(super) fn condition(scope: &Scope, sql: &str) -> Result<Expr, String> {
    compile(sql, scope)
}

/// What a generated column of this type holds.
pub(super) fn generated(scope: &Scope, sql: &str, kind: &Type) -> Result<Expr, String> {
    compile_to(sql, kind, scope)
}

/// A condition over a domain's value.
pub(super) fn of_value(
    base: &Scope,
    sql: &str,
    kind: &Type,
    collation: Option<String>,
) -> Result<Expr, String> {
    let value = ScopeColumn {
        kind: kind.clone(),
        collation,
        generated: false,
    };
    let scope = Scope {
        value: Some(value),
        ..base.clone()
    };
    compile(sql, &scope)
}

/// A default that is none of the usual ones.
pub(super) fn default(base: &Scope, sql: &str, kind: &Type) -> Option<ColumnDefault> {
    match default_of(sql, kind, base) {
        Some(ColumnDefault::Expression { expr, .. }) if tells_time(&expr) => {
            Some(ColumnDefault::ServerOnly {
                sql: sql.to_owned(),
                reason: "it reads a time out of words such as 'today' anew each time".into(),
            })
        }
        other => other,
    }
}

/// Does it cast a word like `today` to a time? The catalog has such a cast where the word was a
/// text; as a constant of the type it would be a date already.
fn tells_time(expr: &Expr) -> bool {
    let timed = matches!(
        expr.kind,
        Type::Date | Type::Time | Type::Timestamp | Type::Timestamptz
    );
    let word = |arg: &Expr| {
        let text = arg.text.as_deref().unwrap_or_default();
        arg.op == "const" && text.contains(|c: char| c.is_alphabetic())
    };
    (expr.op == "cast" && timed && expr.args.iter().any(word)) || expr.args.iter().any(tells_time)
}

/// The two ways in which the schema tells an outcome.
pub(super) fn judged(outcome: Result<Expr, String>) -> (Option<Expr>, Option<String>) {
    match outcome {
        Ok(expr) => (Some(expr), None),
        Err(reason) => (None, Some(reason)),
    }
}
