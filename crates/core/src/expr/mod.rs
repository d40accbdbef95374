//! Expressions of the schema: checks, defaults, generated columns, predicates of indexes.
//!
//! The endpoint compiles the catalog's normal form into an [`Expr`], every node with its type and
//! every implicit cast spelled out, and serves it with the schema. The client binds it to a table
//! once ([`Bound::new`]) and evaluates it with SQL's three-valued logic. What can't be bound here
//! (an operation that this version doesn't know) is judged by the server alone.

mod arrays;
mod bind;
mod bound;
mod bytes;
mod call;
mod cast;
mod datum;
mod escapes;
mod fields;
mod functions;
mod host;
mod jsonb;
mod jsonb_edit;
mod jsonpath;
pub mod letters;
mod like;
mod node;
mod patterns;
mod raw_json;
mod regex;
mod temporal;
mod text;

pub use bound::{Bound, Context};
pub use functions::{NAMES as FUNCTIONS, is_strict};
pub(crate) use host::change_case;
#[cfg(target_arch = "wasm32")]
pub use host::set_host_text;
pub use host::{HostText, change_char};
pub(crate) use jsonb::{at_path, index as item_number};
pub use jsonpath::path_fault;
pub(crate) use like::Like;
pub(crate) use regex::Regexp;
pub use regex::{pattern_fault, pattern_is_valid};

use crate::error::{Error, ErrorCode};
use crate::schema::Type;
use serde::{Deserialize, Serialize};

/// One node of an expression.
///
/// | operation | arguments | `text` |
/// |---|---|---|
/// | `const` | – | the constant in Postgres's canonical text; absent for NULL |
/// | `column` | – | the column's name |
/// | `value` | – | (in a domain's check: the value itself) |
/// | `now`, `identity` | – | the transaction's time; the user as text |
/// | `uuid`, `random` | – | a new uuid; a number from 0 up to 1 |
/// | `and`, `or`, `not` | conditions | – |
/// | `is_null`, `is_not_null`, `is_true`, `is_not_true`, `is_false`, `is_not_false` | one | – |
/// | `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `distinct`, `not_distinct` | two of one type | – |
/// | `any`, `all` | a value, an array | the operation between value and element: `eq`, `like`, … |
/// | `case` | condition, value, condition, value, …, else | – |
/// | `coalesce`, `greatest`, `least`, `array` | of one type | – |
/// | `cast` | one; `kind` is the target | – |
/// | `call` | the function's arguments | the function, one of [`FUNCTIONS`] |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expr {
    /// The operation.
    pub op: String,
    /// The type of the result; absent on the wire for boolean.
    #[serde(rename = "type", default, skip_serializing_if = "is_bool")]
    pub kind: Type,
    /// What the operation is about, where it needs a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Expr>,
}

fn is_bool(kind: &Type) -> bool {
    *kind == Type::Bool
}

impl Expr {
    /// A node with arguments.
    pub fn new(op: &str, kind: Type, args: Vec<Expr>) -> Self {
        Self {
            op: op.into(),
            kind,
            text: None,
            args,
        }
    }

    /// A constant in Postgres's canonical text, or NULL.
    pub fn constant(kind: Type, text: Option<&str>) -> Self {
        Self {
            op: "const".into(),
            kind,
            text: text.map(Into::into),
            args: Vec::new(),
        }
    }

    /// A column of the row.
    pub fn column(name: &str, kind: Type) -> Self {
        Self {
            op: "column".into(),
            kind,
            text: Some(name.into()),
            args: Vec::new(),
        }
    }

    /// Does any node have this operation?
    pub fn has(&self, op: &str) -> bool {
        self.op == op || self.args.iter().any(|arg| arg.has(op))
    }
}

/// The error of every division by zero.
pub(crate) fn division_by_zero() -> Error {
    Error::new(ErrorCode::OutOfRange, "division by zero").sqlstate("22012")
}

#[cfg(test)]
mod tests;
