//! Operators of jsonb, over its canonical text.

use super::call::Args;
use super::cast::invalid;
use super::datum::Datum;
use super::functions::Function;
use super::node::Call;
use crate::error::Error;
use crate::json::{Json, parse_tree};
use crate::schema::Type;
use crate::value::{self, array_texts, compare_numeric};
use std::cmp::Ordering;

pub(super) fn tree(text: &str) -> Json<'_> {
    // A jsonb's text was checked when it became one.
    parse_tree(text).unwrap_or(Json::Null)
}

pub(super) fn canonical<'a>(json: &Json<'_>) -> Result<Datum<'a>, Error> {
    Ok(Datum::owned(value::parse(
        &Type::Jsonb,
        &crate::json::text(json),
    )?))
}

/// The text of a scalar, or the jsonb of anything else; JSON null is NULL.
fn as_text<'a>(json: &Json<'_>) -> Result<Datum<'a>, Error> {
    Ok(match json {
        Json::Null => Datum::Null,
        Json::Text(text) => Datum::text(text.clone().into_owned()),
        other => canonical(other)?,
    })
}

fn member<'t, 'j>(json: &'t Json<'j>, name: &str) -> Option<&'t Json<'j>> {
    match json {
        Json::Object(members) => members.iter().find(|(own, _)| own == name).map(|(_, v)| v),
        _ => None,
    }
}

fn item<'t, 'j>(json: &'t Json<'j>, at: i64) -> Option<&'t Json<'j>> {
    let items = match json {
        Json::List(items) => items,
        Json::Object(_) => return None,
        // A scalar is kept as an array of itself.
        scalar => std::slice::from_ref(scalar),
    };
    let at = if at < 0 { items.len() as i64 + at } else { at };
    usize::try_from(at).ok().and_then(|at| items.get(at))
}

/// The number of an item, as C's `strtoint` takes it: blanks, a sign, digits.
pub(crate) fn index(text: &str) -> Option<i64> {
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    trimmed.parse::<i32>().ok().map(i64::from)
}

fn path<'t, 'j>(json: &'t Json<'j>, steps: &[Option<String>]) -> Option<&'t Json<'j>> {
    at_path(json, steps.iter().map(Option::as_deref))
}

/// What is there after these steps, names of members and numbers of items: `#>`.
pub(crate) fn at_path<'t, 'j, 's>(
    json: &'t Json<'j>,
    steps: impl Iterator<Item = Option<&'s str>>,
) -> Option<&'t Json<'j>> {
    let mut found = json;
    for step in steps {
        let step = step?;
        found = match found {
            Json::Object(_) => member(found, step)?,
            Json::List(_) => item(found, index(step)?)?,
            _ => return None,
        };
    }
    Some(found)
}

/// Is a text a key of an object, an item of an array, or the scalar itself?
fn exists(json: &Json<'_>, name: &str) -> bool {
    match json {
        Json::Object(_) => member(json, name).is_some(),
        Json::List(items) => items.iter().any(|item| item.as_str() == Some(name)),
        other => other.as_str() == Some(name),
    }
}

fn same_scalar(a: &Json<'_>, b: &Json<'_>) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => compare_numeric(a, b) == Ordering::Equal,
        (a, b) => a == b,
    }
}

/// As `JsonbDeepContains`: objects by their members, arrays as sets, scalars by value.
fn contains(a: &Json<'_>, b: &Json<'_>) -> bool {
    match (a, b) {
        (Json::Object(_), Json::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| member(a, name).is_some_and(|own| contains(own, value))),
        (Json::List(own), Json::List(wanted)) => wanted.iter().all(|value| match value {
            Json::List(_) | Json::Object(_) => own.iter().any(|item| {
                matches!(item, Json::List(_) | Json::Object(_)) && contains(item, value)
            }),
            scalar => own.iter().any(|item| same_scalar(item, scalar)),
        }),
        (Json::List(_) | Json::Object(_), _) | (_, Json::List(_) | Json::Object(_)) => false,
        (a, b) => same_scalar(a, b),
    }
}

/// An array also contains a scalar, but only at the top.
fn contains_top(a: &Json<'_>, b: &Json<'_>) -> bool {
    match (a, b) {
        (Json::List(own), Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_)) => {
            own.iter().any(|item| same_scalar(item, b))
        }
        _ => contains(a, b),
    }
}

/// What kind of value it is, in JSON's words.
pub(super) fn typeof_name(json: &Json<'_>) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::Text(_) => "string",
        Json::List(_) => "array",
        Json::Object(_) => "object",
    }
}

fn no_cast(json: &Json<'_>, to: &str) -> Error {
    let kind = match typeof_name(json) {
        "array" | "object" => "array or object",
        other => other,
    };
    invalid(format!("cannot cast jsonb {kind} to type {to}"), "22023")
}

/// The cast to boolean.
pub(super) fn to_bool<'a>(text: &str) -> Result<Datum<'a>, Error> {
    match tree(text) {
        Json::Bool(bool) => Ok(Datum::bool(bool)),
        other => Err(no_cast(&other, "boolean")),
    }
}

/// The number of a cast to a type of numbers.
pub(super) fn to_number(text: &str, to: &Type) -> Result<String, Error> {
    match tree(text) {
        Json::Number(number) => Ok(number.into_owned()),
        other => Err(no_cast(&other, value::type_name(to))),
    }
}

fn concat<'a>(a: Json<'a>, b: Json<'a>) -> Json<'a> {
    match (a, b) {
        (Json::Object(mut a), Json::Object(b)) => {
            // Of equal names the last counts, wherever the canonical text is made.
            a.extend(b);
            Json::Object(a)
        }
        (Json::List(mut a), Json::List(b)) => {
            a.extend(b);
            Json::List(a)
        }
        (Json::List(mut a), b) => {
            a.push(b);
            Json::List(a)
        }
        (a, Json::List(mut b)) => {
            b.insert(0, a);
            Json::List(b)
        }
        (a, b) => Json::List(vec![a, b]),
    }
}

fn delete<'j>(json: Json<'j>, names: &[&str]) -> Result<Json<'j>, Error> {
    let gone = |name: &str| names.contains(&name);
    Ok(match json {
        Json::Object(mut members) => {
            members.retain(|(name, _)| !gone(name));
            Json::Object(members)
        }
        Json::List(mut items) => {
            items.retain(|item| !item.as_str().is_some_and(gone));
            Json::List(items)
        }
        _ => return Err(invalid("cannot delete from scalar", "22023")),
    })
}

pub(super) fn not_a_list(what: &str) -> Error {
    invalid(["cannot get array length of ", what].concat(), "22023")
}

pub(super) fn apply<'a>(call: &'a Call, args: &Args<'a>) -> Result<Datum<'a>, Error> {
    use Function as F;
    let (first, second) = (args[0].as_text(), args[1].as_text());
    let json = tree(first);
    let texts = || array_texts(second).unwrap_or_default();
    let given = |found: Option<&Json<'_>>| match found {
        Some(found) => canonical(found),
        None => Ok(Datum::Null),
    };
    let printed = |found: Option<&Json<'_>>| match found {
        Some(found) => as_text(found),
        None => Ok(Datum::Null),
    };
    match call.function {
        F::JsonbField => given(member(&json, second)),
        F::JsonbElement => given(item(&json, args[1].int())),
        F::JsonbFieldText => printed(member(&json, second)),
        F::JsonbElementText => printed(item(&json, args[1].int())),
        F::JsonbPath => given(path(&json, &texts())),
        F::JsonbPathText => printed(path(&json, &texts())),
        F::JsonbContains => Ok(Datum::bool(contains_top(&json, &tree(second)))),
        F::JsonbExists => Ok(Datum::bool(exists(&json, second))),
        F::JsonbExistsAny | F::JsonbExistsAll => {
            let names = texts();
            let mut each = names.iter().flatten().map(|name| exists(&json, name));
            Ok(Datum::bool(match call.function {
                F::JsonbExistsAny => each.any(|found| found),
                _ => each.all(|found| found),
            }))
        }
        F::JsonbConcat => match (&json, tree(second)) {
            (Json::Object(_), other) if !matches!(other, Json::Object(_) | Json::List(_)) => {
                canonical(&concat(json, other))
            }
            (_, other) => canonical(&concat(json, other)),
        },
        F::JsonbDelete => match call.kinds[1] {
            Type::Array { .. } => {
                let names = texts();
                let names: Vec<&str> = names.iter().flatten().map(|name| &**name).collect();
                canonical(&delete(json, &names)?)
            }
            _ => canonical(&delete(json, &[second])?),
        },
        F::JsonbDeleteIndex => match json {
            Json::List(mut items) => {
                let at = args[1].int();
                let at = if at < 0 { items.len() as i64 + at } else { at };
                if let Some(at) = usize::try_from(at).ok().filter(|at| *at < items.len()) {
                    items.remove(at);
                }
                canonical(&Json::List(items))
            }
            Json::Object(_) => Err(invalid(
                "cannot delete from object using integer index",
                "22023",
            )),
            _ => Err(invalid("cannot delete from scalar", "22023")),
        },
        F::JsonbTypeof => Ok(Datum::text(typeof_name(&json))),
        F::JsonbArrayLength => match json {
            Json::List(items) => Ok(Datum::Int(items.len() as i64)),
            Json::Object(_) => Err(not_a_list("a non-array")),
            _ => Err(not_a_list("a scalar")),
        },
        _ => Ok(Datum::Null),
    }
}
