//! From an expression of the schema to the tree that is evaluated: columns become positions,
//! constants values, patterns machines.

use super::Expr;
use super::functions::Function;
use super::host::Regex;
use super::jsonpath::JsonPath;
use super::like::Like;
use super::node::{Call, Comparison, List, More, Node};
use crate::more;
use crate::schema::{Storage, Table, Type};
use crate::value::{self, Scaled, Value, scaled};
use std::cmp::Ordering;
use std::sync::Arc;

pub(super) fn bind(expr: &Expr, table: &Table) -> Result<Node, String> {
    let args = || -> Result<Box<[Node]>, String> {
        expr.args.iter().map(|arg| bind(arg, table)).collect()
    };
    let one = || -> Result<(&Expr, Box<Node>), String> {
        match &expr.args[..] {
            [one] => Ok((one, Box::new(bind(one, table)?))),
            _ => Err(format!("{} takes one argument", expr.op)),
        }
    };
    let two = || -> Result<(&Type, Box<[Node; 2]>), String> {
        match &expr.args[..] {
            [a, b] => Ok((&a.kind, Box::new([bind(a, table)?, bind(b, table)?]))),
            _ => Err(format!("{} takes two arguments", expr.op)),
        }
    };
    Ok(match &*expr.op {
        "const" => Node::Const(constant(expr)?),
        "column" => {
            let name = expr.text.as_deref().unwrap_or_default();
            let column = table.column_id(name);
            Node::Column(usize::from(
                column.ok_or_else(|| format!("no column {name}"))?.0,
            ))
        }
        "value" => Node::Value,
        "now" => Node::Now,
        "identity" => Node::Identity,
        "uuid" => Node::Uuid,
        "random" => Node::Random,
        "and" => Node::And(args()?),
        "or" => Node::Or(args()?),
        "not" => Node::Not(one()?.1),
        "is_null" => Node::IsNull(one()?.1, true),
        "is_not_null" => Node::IsNull(one()?.1, false),
        "is_true" => Node::Is(one()?.1, true, true),
        "is_not_true" => Node::Is(one()?.1, true, false),
        "is_false" => Node::Is(one()?.1, false, true),
        "is_not_false" => Node::Is(one()?.1, false, false),
        "distinct" | "not_distinct" => {
            let (kind, sides) = two()?;
            Node::Distinct(Box::new(kind.clone()), expr.op == "distinct", sides)
        }
        "any" | "all" => quantified(expr, table)?,
        "case" => Node::Case(args()?),
        "coalesce" => Node::Coalesce(args()?),
        "greatest" => Node::Extreme(Box::new(expr.kind.clone()), Ordering::Greater, args()?),
        "least" => Node::Extreme(Box::new(expr.kind.clone()), Ordering::Less, args()?),
        "array" => {
            let of = match &expr.kind {
                Type::Array { of } => (**of).clone(),
                other => other.clone(),
            };
            let nested = matches!(expr.args.first(), Some(arg) if arg.kind == expr.kind);
            Node::MakeArray(Box::new((of, nested)), args()?)
        }
        "cast" => {
            let (arg, node) = one()?;
            match same_form(&arg.kind, &expr.kind) {
                true => *node,
                false => Node::Cast(Box::new((arg.kind.clone(), expr.kind.clone(), *node))),
            }
        }
        "call" => call(expr, table)?,
        op => match Comparison::parse(op) {
            Some(comparison) => compare(comparison, expr, table)?,
            None => return Err(format!("the operation {op} is not known")),
        },
    })
}

fn constant(expr: &Expr) -> Result<Value, String> {
    match &expr.text {
        Some(text) => value::parse(&expr.kind, text).map_err(|e| e.message.clone()),
        None => Ok(Value::Null),
    }
}

/// Is every value of one type, in stored form, one of the other?
fn same_form(from: &Type, to: &Type) -> bool {
    use Type as T;
    match (from, to) {
        (T::Int2, T::Int4 | T::Int8) | (T::Int4, T::Int8) | (T::Float4, T::Float8) => true,
        (T::Text | T::Varchar { .. } | T::Char { .. }, T::Text | T::Varchar { length: None }) => {
            true
        }
        (T::Timestamp, T::Timestamptz) | (T::Timestamptz, T::Timestamp) => true,
        (T::Jsonb | T::Json | T::Uuid | T::Interval | T::Bytea, T::Text) => true,
        (
            T::Numeric { .. },
            T::Numeric {
                precision: None, ..
            },
        ) => from.storage() == Storage::Text,
        (T::Array { of: a }, T::Array { of: b }) => {
            a == b
                || matches!(
                    (&**a, &**b),
                    (
                        T::Text | T::Varchar { .. },
                        T::Text | T::Varchar { length: None }
                    )
                )
        }
        (a, b) => a == b,
    }
}

/// A column that stores numerics as integers, under the cast that a comparison needs.
fn scaled_side(side: &Expr) -> Option<(&Expr, i16)> {
    let inner = match &*side.op {
        "cast"
            if matches!(
                side.kind,
                Type::Numeric {
                    precision: None,
                    ..
                }
            ) =>
        {
            side.args.first()?
        }
        _ => side,
    };
    match inner.kind {
        Type::Numeric {
            precision: Some(_),
            scale: Some(scale),
        } if inner.kind.storage() == Storage::Int => Some((inner, scale)),
        _ => None,
    }
}

fn compare(comparison: Comparison, expr: &Expr, table: &Table) -> Result<Node, String> {
    let [a, b] = &expr.args[..] else {
        return Err(format!("{} takes two arguments", expr.op));
    };
    if let Some((column, scale)) = scaled_side(a) {
        if let Some(node) = compare_scaled(comparison, column, scale, b, table)? {
            return Ok(node);
        }
        if let Some((other, other_scale)) = scaled_side(b)
            && other_scale == scale
        {
            let sides = Box::new([bind(column, table)?, bind(other, table)?]);
            return Ok(Node::CompareInt(comparison, sides));
        }
    }
    let sides = Box::new([bind(a, table)?, bind(b, table)?]);
    Ok(match a.kind.storage() {
        Storage::Int if a.kind == b.kind => Node::CompareInt(comparison, sides),
        _ => Node::Compare(Box::new(a.kind.clone()), comparison, sides),
    })
}

/// A short numeric with a constant: both are integers on the column's grid.
fn compare_scaled(
    comparison: Comparison,
    column: &Expr,
    scale: i16,
    constant: &Expr,
    table: &Table,
) -> Result<Option<Node>, String> {
    let (true, Some(text)) = (constant.op == "const", &constant.text) else {
        return Ok(None);
    };
    let Scaled::Exact(int) = scaled(text, scale).map_err(|e| e.message.clone())? else {
        return Ok(None);
    };
    let sides = Box::new([bind(column, table)?, Node::Const(Value::Int(int))]);
    Ok(Some(Node::CompareInt(comparison, sides)))
}

fn quantified(expr: &Expr, table: &Table) -> Result<Node, String> {
    let op = expr.text.as_deref().unwrap_or_default();
    let comparison =
        Comparison::parse(op).ok_or_else(|| format!("{} of {op} is not known", expr.op))?;
    let [value, array] = &expr.args[..] else {
        return Err(format!("{} takes two arguments", expr.op));
    };
    let any = expr.op == "any";
    let kind = value.kind.clone();
    let node = bind(value, table)?;
    if array.op == "const"
        && let Some(text) = &array.text
    {
        let items = value::array_values(&kind, text).map_err(|e| e.message.clone())?;
        return Ok(Node::List(Box::new(List {
            kind,
            comparison,
            any,
            value: node,
            items: items.into(),
        })));
    }
    let sides = Box::new([node, bind(array, table)?]);
    Ok(Node::Array(Box::new(kind), comparison, any, sides))
}

fn call(expr: &Expr, table: &Table) -> Result<Node, String> {
    let name = expr.text.as_deref().unwrap_or_default();
    if let Some(name) = name.strip_prefix(more::PREFIX) {
        return call_more(name, expr, table);
    }
    let function =
        Function::parse(name).ok_or_else(|| format!("the function {name} is not known"))?;
    let args: Box<[Node]> = expr
        .args
        .iter()
        .map(|arg| bind(arg, table))
        .collect::<Result<_, _>>()?;
    match (function, &expr.args[..]) {
        (Function::Regex, [_, pattern]) => {
            let pattern = pattern.text.as_deref().filter(|_| pattern.op == "const");
            let pattern = pattern.ok_or("the regular expression is no constant")?;
            let regex = Regex::new(pattern).map_err(|e| e.message.clone())?;
            let subject = args.into_vec().swap_remove(0);
            return Ok(Node::Regex(Box::new((subject, regex))));
        }
        (Function::Regex, _) => return Err("regex takes two arguments".into()),
        (Function::Like, [_, pattern]) if pattern.op == "const" && pattern.text.is_some() => {
            let like = Like::new(pattern.text.as_deref().unwrap_or_default());
            let subject = args.into_vec().swap_remove(0);
            return Ok(Node::Like(Box::new((subject, like))));
        }
        (
            Function::JsonbPathFound
            | Function::JsonbPathTrue
            | Function::JsonbPathExists
            | Function::JsonbPathMatch,
            [_, path],
        ) => {
            let path = path.text.as_deref().filter(|_| path.op == "const");
            let path = JsonPath::new(function, path.ok_or("the path is no constant")?)?;
            let subject = args.into_vec().swap_remove(0);
            return Ok(Node::JsonPath(Box::new((subject, Arc::new(path)))));
        }
        _ => {}
    }
    let kind = |at: usize| expr.args.get(at).map_or(Type::Bool, |arg| arg.kind.clone());
    Ok(Node::Call(Box::new(Call {
        function,
        kind: expr.kind.clone(),
        kinds: [kind(0), kind(1)],
        args,
    })))
}

/// A call of what the types have that few schemas have.
fn call_more(name: &str, expr: &Expr, table: &Table) -> Result<Node, String> {
    let kinds = expr.args.iter().map(|arg| &arg.kind);
    let about = kinds.chain([&expr.kind]).find_map(|kind| match kind {
        Type::Opaque { sql } => more::Kind::parse(sql),
        _ => None,
    });
    let about = about.filter(|_| more::is_function(name));
    let args = expr
        .args
        .iter()
        .map(|arg| Ok((arg.kind.clone(), bind(arg, table)?)));
    Ok(Node::More(Box::new(More {
        name: name.into(),
        about: about.ok_or_else(|| format!("the function {name} is not known"))?,
        kind: expr.kind.clone(),
        args: args.collect::<Result<_, String>>()?,
    })))
}
