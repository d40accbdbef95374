//! An expression bound to a table's columns, and its value for a row.

use super::Expr;
use super::bind::bind;
use super::datum::Datum;
use super::node::Node;
use crate::error::Error;
use crate::schema::{Table, Type};
use crate::value::Value;

/// What an expression may need from outside the row.
pub struct Context<'a> {
    /// The time of the transaction, in milliseconds since 1970.
    pub now_ms: i64,
    /// Who the user is.
    pub identity: Option<&'a str>,
    /// In a domain's check: the value.
    pub value: Option<&'a Value>,
    /// Gives random bytes.
    pub random: &'a mut dyn FnMut() -> [u8; 16],
}

/// An expression that can be evaluated.
#[derive(Clone, Debug)]
pub struct Bound {
    node: Node,
    /// The type of the result.
    pub kind: Type,
}

impl Bound {
    /// Binds an expression to a table.
    ///
    /// # Errors
    /// What this version of the client can't evaluate, in words.
    pub fn new(expr: &Expr, table: &Table) -> Result<Self, String> {
        Ok(Self {
            node: bind(expr, table)?,
            kind: expr.kind.clone(),
        })
    }

    /// The value for a row, given as one value per column.
    ///
    /// # Errors
    /// What Postgres raises too: division by zero, a value out of range, a failed cast.
    pub fn value(&self, row: &[Value], context: &mut Context<'_>) -> Result<Value, Error> {
        self.node.value(row, context).map(Datum::into_value)
    }

    /// Does a row pass? Unknown (NULL) is `None`, which a CHECK lets pass.
    ///
    /// # Errors
    /// As [`Bound::value`].
    pub fn test(&self, row: &[Value], context: &mut Context<'_>) -> Result<Option<bool>, Error> {
        self.node.value(row, context).map(|value| value.as_bool())
    }
}
