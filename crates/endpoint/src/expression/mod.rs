//! Compiles SQL expressions of the catalog into what the client evaluates.
//!
//! Takes text as `pg_get_expr` and `pg_get_constraintdef` print it under the search path `public`,
//! and gives an [`Expr`] in which every node has its type and every implicit cast is spelled out;
//! or the reason, in words, why only the server can evaluate it. It never talks to Postgres, and
//! what it doesn't know for certain it leaves to the server.

mod arrays;
mod calls;
mod casts;
mod collation;
mod compare;
mod compile;
mod default;
mod fold;
mod functions;
mod keywords;
mod kinds;
mod parse;
mod patterns;
mod rare;
mod regex;
mod signatures;
mod special;

pub use default::{default_of, is_now, is_uuid};
pub(crate) use kinds::plain;

use collation::{Collation, Letters};
use haversack_core::expr::Expr;
use haversack_core::schema::{self, Type};
use std::collections::{BTreeMap, BTreeSet};

/// What an expression may name, and what the server makes of it.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The table's columns by name, private ones left out.
    pub columns: BTreeMap<String, ScopeColumn>,
    /// In a domain's check: the type of VALUE, and its collation.
    pub value: Option<ScopeColumn>,
    /// Names of columns that exist and that a client may not know.
    pub private: BTreeSet<String>,
    /// Enum types that the expression may cast to, besides those of the columns.
    pub enums: Vec<Type>,
    /// Names of the functions and operators of the database's own that the expression uses; whatever
    /// else it names is Postgres's.
    pub own: BTreeSet<String>,
    /// Collations under which unequal texts may be equal (`collisdeterministic` is false).
    pub nondeterministic: BTreeSet<String>,
    /// May it draw at random? What is made once and sent may; a rule that is asked here and there may not.
    pub draws: bool,
    /// The server's major version.
    pub server: u16,
    /// The database's collation (`datcollate`, or `datlocale` of another provider).
    pub collation: String,
    /// The database's character classification (`datctype`); that of the collation where empty.
    pub ctype: String,
    /// The setting that carries the identity, as `app.current_user_id`.
    pub identity: String,
}

/// A column that an expression may name.
#[derive(Clone, Debug, Default)]
pub struct ScopeColumn {
    /// Its type, a domain's base type.
    pub kind: Type,
    /// The collation's name where it is not the database's default.
    pub collation: Option<String>,
    /// It is a generated column, which a generated column or its own check can't wait for.
    pub generated: bool,
}

/// How letters change their case under a collation, that of the database where none is named.
pub(crate) fn letters_of(collation: Option<String>, scope: &Scope) -> schema::Letters {
    let collation = collation.map_or(Collation::Default, Collation::Implicit);
    match collation.deterministic(scope).and(collation.letters(scope)) {
        Ok(Letters::Unicode) => schema::Letters::Unicode,
        Ok(Letters::Ascii) => schema::Letters::Ascii,
        Err(_) => schema::Letters::Server,
    }
}

/// Compiles a condition or a value: the text of a CHECK (with or without the word), the predicate
/// of an index, the expression of a generated column.
///
/// # Errors
/// Why only the server can evaluate it, as the end of a sentence about it: "it calls …".
pub fn compile(sql: &str, scope: &Scope) -> Result<Expr, String> {
    compile::compile(sql, scope, None)
}

/// Compiles a value that is assigned to a column: the cast of an assignment ends it.
///
/// # Errors
/// As [`compile`].
pub fn compile_to(sql: &str, target: &Type, scope: &Scope) -> Result<Expr, String> {
    compile::compile(sql, scope, Some(target))
}

#[cfg(test)]
mod tests;
