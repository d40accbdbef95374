//! From the catalog's normal form to what a client evaluates: the one place that calls the compiler
//! of expressions.

use super::reader::Server;
use crate::config::{Config, IdentityFormat};
use crate::database::command_error;
use crate::expression::{Scope, ScopeColumn, compile, compile_to, default_of};
use haversack_core::Error;
use haversack_core::expr::Expr;
use haversack_core::schema::{ColumnDefault, Type};
use std::borrow::Cow;
use tokio_postgres::Transaction;

const COLLATIONS: &str = "
SELECT ARRAY(SELECT DISTINCT collname::text FROM pg_collation WHERE NOT collisdeterministic)";

// Of what comes with Postgres the catalog notes no dependency. The normal form names what is in
// `public` without it, so a name alone does not tell whose it is: an extension such as citext has
// operators of nearly every name there.
const OWN: &str = "
ARRAY(SELECT DISTINCT CASE own.refclassid WHEN 'pg_proc'::regclass
             THEN (SELECT proname::text FROM pg_proc WHERE oid = own.refobjid)
             ELSE (SELECT oprname::text FROM pg_operator WHERE oid = own.refobjid) END
      FROM pg_depend own
      WHERE own.classid = '{class}'::regclass AND own.objid = {oid}
        AND own.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass))";

/// SQL for the names of the database's own functions and operators that the expressions of an object use:
/// an array, and empty of no object.
pub(super) fn own(class: &str, oid: &str) -> String {
    OWN.replace("{class}", class).replace("{oid}", oid)
}

/// What an expression may name in any table of a database.
pub(super) async fn base(
    transaction: &Transaction<'_>,
    server: &Server,
    config: &Config,
    enums: Vec<Type>,
) -> Result<Scope, Error> {
    let row = transaction
        .query_one(COLLATIONS, &[])
        .await
        .map_err(command_error("reading the collations"))?;
    Ok(Scope {
        enums,
        nondeterministic: row.get::<_, Vec<String>>(0).into_iter().collect(),
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

/// A scope in which these names are the database's own.
fn owning<'a>(scope: &'a Scope, own: &[String]) -> Cow<'a, Scope> {
    let mut scope = Cow::Borrowed(scope);
    if !own.is_empty() {
        scope.to_mut().own = own.iter().cloned().collect();
    }
    scope
}

/// A condition over a row of the table whose columns `scope` has; `own` are the names of the database's
/// own functions and operators in it ([`own`]).
pub(super) fn condition(scope: &Scope, sql: &str, own: &[String]) -> Result<Expr, String> {
    compile(sql, &owning(scope, own))
}

/// What a generated column of this type holds; `own` as for [`condition`].
pub(super) fn generated(
    scope: &Scope,
    sql: &str,
    own: &[String],
    kind: &Type,
) -> Result<Expr, String> {
    compile_to(sql, kind, &owning(scope, own))
}

/// A condition over a domain's value; `own` as for [`condition`].
pub(super) fn of_value(
    base: &Scope,
    sql: &str,
    own: &[String],
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
        own: own.iter().cloned().collect(),
        ..base.clone()
    };
    compile(sql, &scope)
}

/// A default that is none of the usual ones; `own` as for [`condition`].
pub(super) fn default(
    base: &Scope,
    sql: &str,
    own: &[String],
    kind: &Type,
) -> Option<ColumnDefault> {
    match default_of(sql, kind, &owning(base, own)) {
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
