//! An expression bound to a table's columns, and its value for a row.

use super::Expr;
use crate::error::Error;
use crate::schema::{Table, Type};
use crate::value::{self, Value};
use std::cmp::Ordering;

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

#[derive(Clone, Debug)]
enum Node {
    Const(Value),
    Column(usize),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    IsNull(Box<Node>, bool),
    Compare(Type, Comparison, Box<[Node; 2]>),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
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
        self.node.value(row, context)
    }

    /// Does a row pass? Unknown (NULL) is `None`, which a CHECK lets pass.
    ///
    /// # Errors
    /// As [`Bound::value`].
    pub fn test(&self, row: &[Value], context: &mut Context<'_>) -> Result<Option<bool>, Error> {
        Ok(truth(&self.value(row, context)?))
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Int(int) => Some(*int != 0),
        _ => None,
    }
}

fn bool_value(value: Option<bool>) -> Value {
    value.map_or(Value::Null, |b| Value::Int(i64::from(b)))
}

fn bind(expr: &Expr, table: &Table) -> Result<Node, String> {
    let args =
        || -> Result<Vec<Node>, String> { expr.args.iter().map(|arg| bind(arg, table)).collect() };
    let one = || -> Result<Box<Node>, String> {
        match &expr.args[..] {
            [one] => Ok(Box::new(bind(one, table)?)),
            _ => Err(format!("{} takes one argument", expr.op)),
        }
    };
    let compare = |comparison| -> Result<Node, String> {
        match &expr.args[..] {
            [a, b] => Ok(Node::Compare(
                a.kind.clone(),
                comparison,
                Box::new([bind(a, table)?, bind(b, table)?]),
            )),
            _ => Err(format!("{} takes two arguments", expr.op)),
        }
    };
    Ok(match &*expr.op {
        "const" => Node::Const(match &expr.text {
            Some(text) => value::parse(&expr.kind, text).map_err(|e| e.message.clone())?,
            None => Value::Null,
        }),
        "column" => {
            let name = expr.text.as_deref().unwrap_or_default();
            let column = table.column_id(name);
            Node::Column(usize::from(
                column.ok_or_else(|| format!("no column {name}"))?.0,
            ))
        }
        "and" => Node::And(args()?),
        "or" => Node::Or(args()?),
        "not" => Node::Not(one()?),
        "is_null" => Node::IsNull(one()?, true),
        "is_not_null" => Node::IsNull(one()?, false),
        "eq" => compare(Comparison::Eq)?,
        "ne" => compare(Comparison::Ne)?,
        "lt" => compare(Comparison::Lt)?,
        "le" => compare(Comparison::Le)?,
        "gt" => compare(Comparison::Gt)?,
        "ge" => compare(Comparison::Ge)?,
        other => return Err(format!("the operation {other} is not known")),
    })
}

impl Node {
    fn value(&self, row: &[Value], context: &mut Context<'_>) -> Result<Value, Error> {
        Ok(match self {
            Node::Const(value) => value.clone(),
            Node::Column(i) => row[*i].clone(),
            Node::And(nodes) => bool_value(all(nodes, row, context, false)?),
            Node::Or(nodes) => bool_value(all(nodes, row, context, true)?),
            Node::Not(node) => bool_value(truth(&node.value(row, context)?).map(|b| !b)),
            Node::IsNull(node, wanted) => {
                bool_value(Some(node.value(row, context)?.is_null() == *wanted))
            }
            Node::Compare(kind, comparison, sides) => {
                let a = sides[0].value(row, context)?;
                let b = sides[1].value(row, context)?;
                if a.is_null() || b.is_null() {
                    return Ok(Value::Null);
                }
                let order = value::compare(kind, &a, &b);
                bool_value(Some(match comparison {
                    Comparison::Eq => order == Ordering::Equal,
                    Comparison::Ne => order != Ordering::Equal,
                    Comparison::Lt => order == Ordering::Less,
                    Comparison::Le => order != Ordering::Greater,
                    Comparison::Gt => order == Ordering::Greater,
                    Comparison::Ge => order != Ordering::Less,
                }))
            }
        })
    }
}

/// AND (`decisive` false) and OR (`decisive` true): the first decisive value ends it.
fn all(
    nodes: &[Node],
    row: &[Value],
    context: &mut Context<'_>,
    decisive: bool,
) -> Result<Option<bool>, Error> {
    let mut unknown = false;
    for node in nodes {
        match truth(&node.value(row, context)?) {
            Some(b) if b == decisive => return Ok(Some(decisive)),
            Some(_) => {}
            None => unknown = true,
        }
    }
    Ok((!unknown).then_some(!decisive))
}
