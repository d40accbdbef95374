//! Conditions that no interval of values says: patterns, containment, keys of JSON.
//!
//! They mean what the schema's expressions mean by the same operators, and are evaluated by them.

use super::conditions::Condition;
use super::filter::{Filter, Test};
use super::{Op, Param};
use crate::error::{Error, ErrorCode};
use crate::expr::{Bound, Context, Expr, Like};
use crate::schema::{Column, Table, Type};
use crate::value::{self, Value};
use haversack_rows::ValueRef;
use std::sync::Arc;

/// What a value is tested by.
#[derive(Debug)]
enum Matching {
    Like(Like),
    StartsWith(Box<str>),
    /// An expression over the value itself.
    Expression(Bound),
}

impl Test for Matching {
    fn passes(&self, value: ValueRef<'_>) -> Option<bool> {
        match (self, value) {
            (_, ValueRef::Null) => None,
            (Matching::Like(like), ValueRef::Text(text)) => like.matches(text).ok(),
            (Matching::StartsWith(start), ValueRef::Text(text)) => Some(text.starts_with(&**start)),
            (Matching::Expression(bound), value) => {
                let value = value.to_value();
                let mut context = Context {
                    now_ms: 0,
                    identity: None,
                    value: Some(&value),
                    random: &mut || [0; 16],
                };
                bound.test(&[], &mut context).ok().flatten()
            }
            (_, ValueRef::Int(_) | ValueRef::Float(_)) => None,
        }
    }
}

/// The filter of such a condition.
///
/// # Errors
/// `type_mismatch` for a parameter that is none for this operator.
pub(super) fn bind_test<'a>(condition: &Condition, param: Param<'_>) -> Result<Filter<'a>, Error> {
    let named = |error: Error| error.at_column(&condition.name);
    let text = match param {
        Param::Null => return Ok(Filter::Never),
        Param::Text(text) => text,
        Param::Number(_) => {
            let message = "this is compared with texts, and JSON in texts, not with a number";
            return Err(named(
                Error::new(ErrorCode::TypeMismatch, message).sqlstate("22P02"),
            ));
        }
    };
    let test = match condition.op {
        Op::Like => Matching::Like(Like::checked(text).map_err(named)?),
        Op::StartsWith => Matching::StartsWith(text.into()),
        op => Matching::Expression(call(op, &condition.kind, text).map_err(named)?),
    };
    Ok(Filter::Test {
        column: condition.column,
        wanted: !condition.negated,
        test: Arc::new(test),
    })
}

/// What such a condition compares with: its type, and the value that a parameter stands for.
///
/// # Errors
/// `type_mismatch` for a text that is none for this operator.
pub(super) fn given(op: Op, kind: &Type, text: &str) -> Result<(Type, Value), Error> {
    let given = match op {
        Op::Contains | Op::ContainedIn | Op::Overlaps => kind.clone(),
        Op::HasAnyKey | Op::HasAllKeys => texts(),
        _ => Type::Text,
    };
    let value = match given {
        Type::Array { .. } => array_text(&given, text)?,
        _ => value::parse(&given, text)?,
    };
    Ok((given, value))
}

/// The call that an operator is, over the value of the column.
fn call(op: Op, kind: &Type, text: &str) -> Result<Bound, Error> {
    let array = matches!(kind, Type::Array { .. });
    let function = match op {
        Op::Contains | Op::ContainedIn if array => "array_contains",
        Op::Contains | Op::ContainedIn => "jsonb_contains",
        Op::Overlaps => "array_overlap",
        Op::HasKey => "jsonb_exists",
        Op::HasAnyKey => "jsonb_exists_any",
        _ => "jsonb_exists_all",
    };
    let (given, constant) = given(op, kind, text)?;
    let mut args = vec![
        Expr {
            op: "value".into(),
            kind: kind.clone(),
            ..Expr::default()
        },
        Expr::constant(given.clone(), value::to_text(&given, &constant).as_deref()),
    ];
    if op == Op::ContainedIn {
        args.reverse();
    }
    let call = Expr {
        text: Some(function.into()),
        ..Expr::new("call", Type::Bool, args)
    };
    let no_columns = Table::default();
    Bound::new(&call, &no_columns).map_err(|why| Error::new(ErrorCode::InvalidQuery, why))
}

fn texts() -> Type {
    Type::Array {
        of: Box::new(Type::Text),
    }
}

/// An array that is given as JSON.
fn array_text(kind: &Type, text: &str) -> Result<Value, Error> {
    let column = Column {
        kind: kind.clone(),
        ..Column::default()
    };
    match value::json_tree(text) {
        Some(tree) => value::from_json(&column, &tree),
        None => Err(value::mismatch("array", text, "22P02")),
    }
}
