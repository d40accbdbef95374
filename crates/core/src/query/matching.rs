//! Conditions that no interval of values says: patterns, containment, keys of JSON.
//!
//! They mean what the schema's expressions mean by the same operators, and are evaluated by them.

use super::checked::constant;
use super::conditions::{Condition, is_by_letters, is_of_texts};
use super::filter::{Filter, Test};
use super::needles::Needles;
use super::terms::within_json;
use super::{Op, Param};
use crate::error::{Error, ErrorCode};
use crate::expr::{Bound, Context, Expr, Like, Regexp, change_case, item_number};
use crate::json::Json;
use crate::schema::{Column, Letters, Table, Type};
use crate::value::{self, Value, make_array};
use haversack_rows::ValueRef;
use std::cell::RefCell;
use std::sync::Arc;

/// What a value is tested by.
#[derive(Debug)]
enum Matching {
    Like(Like),
    /// As `Like`, and case does not count: the pattern is in lower case.
    Ilike(Like, Letters),
    Regexp(Regexp),
    StartsWith(Box<str>),
    /// An expression over the value itself.
    Expression(Bound),
    /// A test of what an expression makes of the value.
    Of(Bound, Box<Matching>),
    /// A test of a jsonb, and what it comes to where its text lacks something.
    Within(Needles, Option<bool>, Box<Matching>),
}

impl Test for Matching {
    fn passes(&self, value: ValueRef<'_>) -> Option<bool> {
        match (self, value) {
            (Matching::Within(needles, lacking, inner), ValueRef::Text(text)) => {
                match needles.are_in(text) {
                    true => inner.passes(value),
                    false => *lacking,
                }
            }
            (Matching::Expression(bound), value) => {
                evaluate(value, |context| bound.test(&[], context)).flatten()
            }
            (Matching::Of(bound, inner), value) => {
                let made = evaluate(value, |context| bound.value(&[], context))?;
                inner.passes(made.as_value_ref())
            }
            (_, ValueRef::Null) => None,
            (Matching::Like(like), ValueRef::Text(text)) => like.matches(text).ok(),
            (Matching::Ilike(like, letters), ValueRef::Text(text)) => {
                like.matches(&lower(text, *letters)).ok()
            }
            (Matching::Regexp(regexp), ValueRef::Text(text)) => Some(regexp.matches(text)),
            (Matching::StartsWith(start), ValueRef::Text(text)) => Some(text.starts_with(&**start)),
            (_, ValueRef::Int(_) | ValueRef::Float(_)) => None,
        }
    }
}

fn evaluate<T>(
    value: ValueRef<'_>,
    with: impl FnOnce(&mut Context<'_>) -> Result<T, Error>,
) -> Option<T> {
    let value = value.to_value();
    let mut context = Context {
        now_ms: 0,
        identity: None,
        value: Some(&value),
        random: &mut || [0; 16],
    };
    with(&mut context).ok()
}

fn lower(text: &str, letters: Letters) -> String {
    match letters {
        Letters::Ascii => text.to_ascii_lowercase(),
        _ => change_case(text, false),
    }
}

/// The filter of a condition that is none of intervals.
///
/// # Errors
/// `type_mismatch` for a parameter that is none for this operator.
pub(super) fn bind_test<'a>(condition: &Condition, param: Param<'_>) -> Result<Filter<'a>, Error> {
    let Some(text) = text_of(condition, param)? else {
        return Ok(Filter::Never);
    };
    let test = match is_of_texts(condition.op) {
        true => text_test(condition, text),
        false => call(condition.op, value_of(&condition.kind), text).map(Matching::Expression),
    };
    let test = named(condition, test)?;
    // As Postgres has it, who keeps the last of members of one name.
    let written = match (condition.op, &condition.kind) {
        (Op::Contains, Type::Jsonb) => Some(named(
            condition,
            constant(condition.op, &condition.kind, text),
        )?),
        _ => None,
    };
    let text = written.as_deref().unwrap_or(text);
    let needles = match condition.kind {
        Type::Jsonb => needles(condition.op, text),
        _ => None,
    };
    let test = match needles {
        Some(needles) => Matching::Within(needles, Some(false), Box::new(test)),
        None => test,
    };
    if let (Op::Contains, false, Type::Jsonb) = (condition.op, condition.negated, &condition.kind)
        && let Some(tree) = value::json_tree(text)
        && let Some((path, leaf)) = leaf(&tree)
        && let Some(leaf) = value::json_text(leaf)
    {
        let at = (condition.column, path);
        return Ok(within_json(at, &[leaf], false, Arc::new(test)));
    }
    Ok(tested(condition, test))
}

/// The first value in an object, or in objects in it, that is neither object nor array, and where it is: whoever
/// contains the object has it there.
fn leaf<'t, 'j>(tree: &'t Json<'j>) -> Option<(Box<[String]>, &'t Json<'j>)> {
    fn find<'t, 'j>(tree: &'t Json<'j>, path: &mut Vec<String>) -> Option<&'t Json<'j>> {
        match tree {
            Json::Object(members) => members.iter().find_map(|(name, member)| {
                path.push(name.to_string());
                let found = find(member, path);
                if found.is_none() {
                    path.pop();
                }
                found
            }),
            Json::List(_) => None,
            scalar => Some(scalar),
        }
    }
    let mut path = Vec::new();
    let found = find(tree, &mut path)?;
    // A scalar by itself is also contained in arrays of it.
    (!path.is_empty()).then(|| (path.into(), found))
}

/// What a jsonb's text must contain where an operator is true of it.
fn needles(op: Op, text: &str) -> Option<Needles> {
    let mut needles = Needles::default();
    match (op, value::json_tree(text)) {
        (Op::Contains, Some(part)) => needles.add_value(&part),
        (Op::HasKey, _) => needles.add_text(text),
        (Op::HasAllKeys, Some(Json::List(keys))) => {
            for key in keys {
                needles.add_text(key.as_str()?);
            }
        }
        _ => return None,
    }
    Some(needles)
}

/// The filter of a condition on what is somewhere in a jsonb.
///
/// # Errors
/// As [`bind_test`].
pub(super) fn bind_path<'a>(
    condition: &Condition,
    params: &[Param<'_>],
) -> Result<Filter<'a>, Error> {
    let steps = condition.path.iter().map(|step| Value::text(&**step));
    let path = make_array(&Type::Text, false, steps.collect())?;
    let path = Expr::constant(texts(), Some(&path));
    let at = |function: &str, kind: Type| Expr {
        text: Some(function.into()),
        ..Expr::new("call", kind, vec![value_of(&Type::Jsonb), path.clone()])
    };
    let json = at("jsonb_path", Type::Jsonb);
    // Where a name of the path is missing, nothing is there.
    let mut names = Needles::default();
    let is_name = |step: &&String| item_number(step).is_none();
    for step in condition.path.iter().filter(is_name) {
        names.add_text(step);
    }
    if let (Op::Eq, false, Some(Param::Text(text))) =
        (condition.op, condition.negated, params.get(condition.param))
        && let Some(value) = value::json_tree(text)
    {
        names.add_value(&value);
    }
    let there = |test: Matching| Matching::Within(names, None, Box::new(test));
    let given = &params[condition.param..condition.param + condition.n];
    // The values that are compared with, as texts.
    let sought = RefCell::new(Vec::new());
    let binary = |op: &str, param: Param<'_>| -> Result<Option<Expr>, Error> {
        let Some(text) = text_of(condition, param)? else {
            return Ok(None);
        };
        let constant = named(condition, value::parse(&Type::Jsonb, text))?;
        let text = value::to_text(&Type::Jsonb, &constant);
        let constant = Expr::constant(Type::Jsonb, text.as_deref());
        sought.borrow_mut().extend(text);
        Ok(Some(Expr::new(
            op,
            Type::Bool,
            vec![json.clone(), constant],
        )))
    };
    let one = |op: &str| binary(op, given[0]);
    let expression = match condition.op {
        Op::IsNull => Some(Expr::new("is_null", Type::Bool, vec![json.clone()])),
        Op::NotNull => Some(Expr::new("is_not_null", Type::Bool, vec![json.clone()])),
        Op::Eq => one("eq")?,
        Op::Ne => one("ne")?,
        Op::Lt => one("lt")?,
        Op::Lte => one("le")?,
        Op::Gt => one("gt")?,
        Op::Gte => one("ge")?,
        Op::Between => match (one("ge")?, binary("le", given[1])?) {
            (Some(low), Some(high)) => Some(Expr::new("and", Type::Bool, vec![low, high])),
            _ => None,
        },
        // Of no value at all, nothing is one, and what is not there is none of them.
        Op::In if given.is_empty() && condition.negated => return Ok(Filter::Always),
        Op::In => {
            let mut each = Vec::with_capacity(given.len());
            for &param in given {
                each.extend(binary("eq", param)?);
            }
            let unknown = condition.negated && each.len() < given.len();
            match each.len() {
                _ if unknown => None,
                0 => None,
                1 => each.pop(),
                _ => Some(Expr::new("or", Type::Bool, each)),
            }
        }
        op => {
            let Some(text) = text_of(condition, given[0])? else {
                return Ok(Filter::Never);
            };
            let test = match is_of_texts(op) {
                true => text_test(condition, text).and_then(|test| {
                    let made = bound(&at("jsonb_path_text", Type::Text))?;
                    Ok(Matching::Of(made, Box::new(test)))
                }),
                false => call(op, json, text).map(Matching::Expression),
            };
            return Ok(tested(condition, there(named(condition, test)?)));
        }
    };
    let Some(expression) = expression else {
        return Ok(Filter::Never);
    };
    let test = bound(&expression).map(Matching::Expression);
    let test = named(condition, test)?;
    Ok(match condition.op {
        Op::IsNull | Op::NotNull => tested(condition, test),
        Op::Eq | Op::In if !condition.negated => {
            let values = sought.take();
            let at = (condition.column, condition.path.clone());
            within_json(at, &values, true, Arc::new(there(test)))
        }
        _ => tested(condition, there(test)),
    })
}

fn tested<'a>(condition: &Condition, test: Matching) -> Filter<'a> {
    Filter::Test {
        column: condition.column,
        wanted: !condition.negated,
        test: Arc::new(test),
    }
}

fn named<T>(condition: &Condition, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| error.at_column(&condition.name))
}

/// The text that a parameter is, or NULL.
fn text_of<'a>(condition: &Condition, param: Param<'a>) -> Result<Option<&'a str>, Error> {
    match param {
        Param::Null => Ok(None),
        Param::Text(text) => Ok(Some(text)),
        Param::Number(_) => {
            let message = "this is compared with texts, and JSON in texts, not with a number";
            let error = Error::new(ErrorCode::TypeMismatch, message).sqlstate("22P02");
            named(condition, Err(error))
        }
    }
}

/// The test of an operator of texts.
fn text_test(condition: &Condition, text: &str) -> Result<Matching, Error> {
    let letters = condition.letters;
    if letters == Letters::Server && is_by_letters(condition.op) {
        let message = "only the server knows which letters are one but for their case";
        let error = Error::new(ErrorCode::InvalidQuery, message);
        return Err(error.hint("ask it by `fetch()`"));
    }
    Ok(match condition.op {
        Op::Like => Matching::Like(Like::checked(text)?),
        Op::Ilike => Matching::Ilike(Like::checked(&lower(text, letters))?, letters),
        Op::Matches => Matching::Regexp(Regexp::new(text, false, letters)?),
        Op::Imatches => Matching::Regexp(Regexp::new(text, true, letters)?),
        _ => Matching::StartsWith(text.into()),
    })
}

fn value_of(kind: &Type) -> Expr {
    Expr {
        op: "value".into(),
        kind: kind.clone(),
        ..Expr::default()
    }
}

fn bound(expression: &Expr) -> Result<Bound, Error> {
    let no_columns = Table::default();
    Bound::new(expression, &no_columns).map_err(|why| Error::new(ErrorCode::InvalidQuery, why))
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

/// The call that an operator is, over its subject.
fn call(op: Op, subject: Expr, text: &str) -> Result<Bound, Error> {
    let array = matches!(subject.kind, Type::Array { .. });
    let function = match op {
        Op::Contains | Op::ContainedIn if array => "array_contains",
        Op::Contains | Op::ContainedIn => "jsonb_contains",
        Op::Overlaps => "array_overlap",
        Op::HasKey => "jsonb_exists",
        Op::HasAnyKey => "jsonb_exists_any",
        _ => "jsonb_exists_all",
    };
    let (given, constant) = given(op, &subject.kind, text)?;
    let text = value::to_text(&given, &constant);
    let mut args = vec![subject, Expr::constant(given, text.as_deref())];
    if op == Op::ContainedIn {
        args.reverse();
    }
    bound(&Expr {
        text: Some(function.into()),
        ..Expr::new("call", Type::Bool, args)
    })
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
