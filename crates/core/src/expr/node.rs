//! The tree that is evaluated, and its evaluation with three-valued logic.

use super::bound::Context;
use super::call::call;
use super::cast::{cast, to_text};
use super::datum::Datum;
use super::functions::Function;
use super::host::Regex;
use super::jsonpath::JsonPath;
use super::like::Like;
use crate::error::Error;
use crate::more;
use crate::schema::Type;
use crate::value::{self, POSTGRES_EPOCH_UNIX_MICROS, Value};
use std::cmp::Ordering;
use std::sync::Arc;

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Comparison {
    pub(super) fn parse(op: &str) -> Option<Self> {
        Some(match op {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            _ => return None,
        })
    }

    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Eq => order == Ordering::Equal,
            Comparison::Ne => order != Ordering::Equal,
            Comparison::Lt => order == Ordering::Less,
            Comparison::Le => order != Ordering::Greater,
            Comparison::Gt => order == Ordering::Greater,
            Comparison::Ge => order != Ordering::Less,
        }
    }
}

/// A call with its arguments.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) function: Function,
    /// The type of the result.
    pub(super) kind: Type,
    /// The types of the first two arguments.
    pub(super) kinds: [Type; 2],
    pub(super) args: Box<[Node]>,
}

impl Call {
    pub(super) fn args_kind(&self, at: usize) -> Type {
        self.kinds.get(at).cloned().unwrap_or_default()
    }
}

/// A list that is known when the expression is bound.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) kind: Type,
    pub(super) comparison: Comparison,
    /// ANY, or ALL.
    pub(super) any: bool,
    pub(super) value: Node,
    pub(super) items: Box<[Value]>,
}

/// A call of a function of the types that few schemas have.
#[derive(Clone, Debug)]
pub(super) struct More {
    pub(super) name: String,
    /// The type that decides which function of this name it is.
    pub(super) about: more::Kind,
    /// The type of the result.
    pub(super) kind: Type,
    pub(super) args: Box<[(Type, Node)]>,
}

impl More {
    fn value<'a, 'c: 'a>(
        &'a self,
        row: &'a [Value],
        context: &mut Context<'c>,
    ) -> Result<Datum<'a>, Error> {
        let mut texts = Vec::with_capacity(self.args.len());
        for (kind, arg) in &self.args {
            let value = arg.value(row, context)?;
            texts.push((!value.is_null()).then(|| to_text(kind, value)));
        }
        if texts.iter().any(Option::is_none) && !more::takes_null(&self.name) {
            return Ok(Datum::Null);
        }
        let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
        Ok(match more::call(&self.name, self.about, &texts)? {
            Some(text) => Datum::owned(value::parse_canonical(&self.kind, &text)?),
            None => Datum::Null,
        })
    }
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Const(Value),
    Column(usize),
    Value,
    Now,
    Identity,
    Uuid,
    Random,
    And(Box<[Node]>),
    Or(Box<[Node]>),
    Not(Box<Node>),
    IsNull(Box<Node>, bool),
    /// IS TRUE and the like: is the truth this, or is it not?
    Is(Box<Node>, bool, bool),
    Compare(Box<Type>, Comparison, Box<[Node; 2]>),
    /// Of values that compare as integers.
    CompareInt(Comparison, Box<[Node; 2]>),
    Distinct(Box<Type>, bool, Box<[Node; 2]>),
    List(Box<List>),
    /// ANY or ALL of an array that the row has.
    Array(Box<Type>, Comparison, bool, Box<[Node; 2]>),
    Case(Box<[Node]>),
    Coalesce(Box<[Node]>),
    Extreme(Box<Type>, Ordering, Box<[Node]>),
    /// The elements' type, and whether the items are arrays themselves.
    MakeArray(Box<(Type, bool)>, Box<[Node]>),
    Cast(Box<(Type, Type, Node)>),
    Like(Box<(Node, Like)>),
    Regex(Box<(Node, Regex)>),
    JsonPath(Box<(Node, Arc<JsonPath>)>),
    Call(Box<Call>),
    More(Box<More>),
}

impl Node {
    pub(super) fn value<'a, 'c: 'a>(
        &'a self,
        row: &'a [Value],
        context: &mut Context<'c>,
    ) -> Result<Datum<'a>, Error> {
        Ok(match self {
            Node::Const(value) => Datum::of(value),
            Node::Column(i) => row.get(*i).map_or(Datum::Null, Datum::of),
            Node::Value => context.value.map_or(Datum::Null, Datum::of),
            Node::Now => Datum::Int(
                context
                    .now_ms
                    .saturating_mul(1000)
                    .saturating_sub(POSTGRES_EPOCH_UNIX_MICROS),
            ),
            Node::Identity => context.identity.map_or(Datum::Null, Datum::text),
            Node::Uuid => Datum::text(uuid(context)),
            Node::Random => Datum::Float(random(context)),
            Node::And(nodes) => Datum::truth(all(nodes, row, context, false)?),
            Node::Or(nodes) => Datum::truth(all(nodes, row, context, true)?),
            Node::Not(node) => Datum::truth(node.value(row, context)?.as_bool().map(|b| !b)),
            Node::IsNull(node, wanted) => {
                Datum::bool(node.value(row, context)?.is_null() == *wanted)
            }
            Node::Is(node, truth, wanted) => {
                let is = node.value(row, context)?.as_bool() == Some(*truth);
                Datum::bool(is == *wanted)
            }
            Node::CompareInt(comparison, sides) => {
                let a = sides[0].value(row, context)?;
                match (a, sides[1].value(row, context)?) {
                    (Datum::Int(a), Datum::Int(b)) => Datum::bool(comparison.holds(a.cmp(&b))),
                    _ => Datum::Null,
                }
            }
            Node::Compare(kind, comparison, sides) => {
                let a = sides[0].value(row, context)?;
                let b = sides[1].value(row, context)?;
                Datum::truth(compare(kind, &a, &b).map(|order| comparison.holds(order)))
            }
            Node::Distinct(kind, wanted, sides) => {
                let a = sides[0].value(row, context)?;
                let b = sides[1].value(row, context)?;
                let distinct = match compare(kind, &a, &b) {
                    Some(order) => order != Ordering::Equal,
                    None => a.is_null() != b.is_null(),
                };
                Datum::bool(distinct == *wanted)
            }
            Node::List(list) => {
                let value = list.value.value(row, context)?;
                let each = list.items.iter().map(|item| {
                    let order = compare(&list.kind, &value, &Datum::of(item));
                    order.map(|order| list.comparison.holds(order))
                });
                Datum::truth(quantified(each, list.any))
            }
            Node::Array(kind, comparison, any, sides) => {
                let value = sides[0].value(row, context)?;
                let array = sides[1].value(row, context)?;
                if array.is_null() {
                    return Ok(Datum::Null);
                }
                let items = value::array_values(kind, array.as_text())?;
                let each = items.iter().map(|item| {
                    let order = compare(kind, &value, &Datum::of(item));
                    order.map(|order| comparison.holds(order))
                });
                Datum::truth(quantified(each, *any))
            }
            Node::Case(parts) => {
                let mut parts = parts.iter();
                loop {
                    match (parts.next(), parts.next()) {
                        (Some(condition), Some(result)) => {
                            if condition.value(row, context)?.as_bool() == Some(true) {
                                break result.value(row, context)?;
                            }
                        }
                        (Some(otherwise), None) => break otherwise.value(row, context)?,
                        (None, _) => break Datum::Null,
                    }
                }
            }
            Node::Coalesce(nodes) => {
                for node in nodes {
                    let value = node.value(row, context)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Datum::Null
            }
            Node::Extreme(kind, wanted, nodes) => {
                let mut best = Datum::Null;
                for node in nodes {
                    let value = node.value(row, context)?;
                    if value.is_null() {
                        continue;
                    }
                    match compare(kind, &value, &best) {
                        Some(order) if order != *wanted => {}
                        _ => best = value,
                    }
                }
                best
            }
            Node::MakeArray(kind, nodes) => {
                let mut items = Vec::with_capacity(nodes.len());
                for node in nodes {
                    items.push(node.value(row, context)?.into_value());
                }
                Datum::text(value::make_array(&kind.0, kind.1, items)?)
            }
            Node::Cast(parts) => {
                let (from, to, node) = &**parts;
                cast(from, to, node.value(row, context)?)?
            }
            Node::Like(parts) => {
                let (node, like) = &**parts;
                match node.value(row, context)? {
                    Datum::Null => Datum::Null,
                    text => Datum::bool(like.matches(text.as_text())?),
                }
            }
            Node::Regex(parts) => {
                let (node, regex) = &**parts;
                match node.value(row, context)? {
                    Datum::Null => Datum::Null,
                    text => Datum::bool(regex.matches(text.as_text())),
                }
            }
            Node::JsonPath(parts) => {
                let (node, path) = &**parts;
                match node.value(row, context)? {
                    Datum::Null => Datum::Null,
                    json => path.ask(json.as_text())?,
                }
            }
            Node::Call(parts) => call(parts, row, context)?,
            Node::More(more) => more.value(row, context)?,
        })
    }
}

/// Compares two values; `None` where one is NULL.
pub(super) fn compare(kind: &Type, a: &Datum<'_>, b: &Datum<'_>) -> Option<Ordering> {
    Some(match (a, b) {
        (Datum::Null, _) | (_, Datum::Null) => return None,
        (Datum::Int(a), Datum::Int(b)) => a.cmp(b),
        (Datum::Float(a), Datum::Float(b)) => value::compare_float(*a, *b),
        (Datum::Text(a), Datum::Text(b)) => value::compare_text(kind, a, b),
        _ => return None,
    })
}

/// AND (`decisive` false) and OR (`decisive` true): the first decisive value ends it.
fn all<'a, 'c: 'a>(
    nodes: &'a [Node],
    row: &'a [Value],
    context: &mut Context<'c>,
    decisive: bool,
) -> Result<Option<bool>, Error> {
    let mut unknown = false;
    for node in nodes {
        match node.value(row, context)?.as_bool() {
            Some(b) if b == decisive => return Ok(Some(decisive)),
            Some(_) => {}
            None => unknown = true,
        }
    }
    Ok((!unknown).then_some(!decisive))
}

/// ANY and ALL of the verdicts on each item.
fn quantified(each: impl Iterator<Item = Option<bool>>, any: bool) -> Option<bool> {
    let mut unknown = false;
    for verdict in each {
        match verdict {
            Some(b) if b == any => return Some(any),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!any)
}

/// A number from 0 up to, and not, 1: of 53 random bits, as many as Postgres's has.
fn random(context: &mut Context<'_>) -> f64 {
    let bits = u128::from_be_bytes((context.random)()) >> 75;
    bits as f64 / (1u64 << 53) as f64
}

/// A new uuid of version 7, as a default of the client's own makes it.
fn uuid(context: &mut Context<'_>) -> String {
    value::uuid_v7(context.now_ms, (context.random)())
}
