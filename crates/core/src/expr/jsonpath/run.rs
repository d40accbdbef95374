//! Follows a path, as `jsonpath_exec.c` does: lax paths see an array's items where they want one item,
//! and an item as an array of itself.

use super::{Path, Place, Start, Step, Test};
use crate::error::{Error, invalid};
use crate::expr::jsonb::typeof_name;
use crate::expr::node::Comparison;
use crate::expr::regex::{Matcher, Options, parse};
use crate::json::Json;
use crate::value::compare_numeric;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Copies: a rule's path leads to little, and one kind of value is less code than two.
type Found<'j> = Vec<Json<'j>>;

/// True, false, or unknown.
type Truth = Option<bool>;

pub(super) struct Run<'j> {
    root: &'j Json<'j>,
    strict: bool,
}

impl<'j> Run<'j> {
    pub(super) fn new(root: &'j Json<'j>, strict: bool) -> Self {
        Self { root, strict }
    }

    /// All that a path leads to.
    pub(super) fn all(&self, path: &'j Path) -> Result<Found<'j>, Error> {
        self.of(path, None)
    }

    fn of(&self, path: &'j Path, current: Option<&Json<'j>>) -> Result<Found<'j>, Error> {
        let (start, steps) = match path {
            Path::Is(test) => {
                let truth = self.test(test, current);
                let value = truth.map_or(Json::Null, Json::Bool);
                return Ok(vec![value]);
            }
            Path::Way(start, steps) => (start, steps),
        };
        let mut found: Found<'j> = vec![match (start, current) {
            (Start::Literal(value), _) => value.clone(),
            (Start::Current, Some(current)) => current.clone(),
            (Start::Root, _) | (Start::Current, None) => self.root.clone(),
        }];
        for step in steps {
            let mut next = Vec::new();
            for value in found {
                self.step(step, value, !self.strict, &mut next)?;
            }
            found = next;
        }
        Ok(found)
    }

    fn step(
        &self,
        step: &'j Step,
        value: Json<'j>,
        unwrap: bool,
        out: &mut Found<'j>,
    ) -> Result<(), Error> {
        let lax = !self.strict;
        // What is about one item is done to each of an array's.
        let each = matches!(step, Step::Key(_) | Step::EveryKey | Step::Filter(_));
        if each && unwrap && matches!(value, Json::List(_)) {
            for item in items(value) {
                self.step(step, item, false, out)?;
            }
            return Ok(());
        }
        match step {
            Step::Key(key) => match &value {
                Json::Object(_) => match members(value).find(|(name, _)| name == key) {
                    Some((_, found)) => out.push(found),
                    None if lax => {}
                    None => return Err(invalid("JSON object does not contain key", "2203A")),
                },
                _ if lax => {}
                _ => {
                    return Err(invalid(
                        "jsonpath member accessor can only be applied to an object",
                        "2203A",
                    ));
                }
            },
            Step::EveryKey => match &value {
                Json::Object(_) => out.extend(members(value).map(|(_, found)| found)),
                _ if lax => {}
                _ => {
                    return Err(invalid(
                        "jsonpath wildcard member accessor can only be applied to an object",
                        "2203C",
                    ));
                }
            },
            Step::Every => match &value {
                Json::List(_) => out.extend(items(value)),
                _ if lax => out.push(value),
                _ => return Err(no_array()),
            },
            Step::Items(places) => {
                if !matches!(value, Json::List(_)) && !lax {
                    return Err(no_array());
                }
                let all = match &value {
                    Json::List(_) => items(value),
                    _ => vec![value],
                };
                let last = all.len() as i64 - 1;
                for (from, to) in places {
                    let at = |place: &Place| match place {
                        Place::At(at) => *at,
                        Place::BeforeLast(back) => last - back,
                    };
                    let (from, to) = (at(from), at(to));
                    if !lax && (from < 0 || from > to || to > last) {
                        return Err(invalid(
                            "jsonpath array subscript is out of bounds",
                            "22033",
                        ));
                    }
                    for at in from.max(0)..=to.min(last) {
                        out.extend(all.get(at as usize).cloned());
                    }
                }
            }
            Step::Filter(test) => {
                if self.test(test, Some(&value)) == Some(true) {
                    out.push(value);
                }
            }
            Step::Type => out.push(Json::Text(typeof_name(&value).into())),
            Step::Size => match &value {
                Json::List(items) => {
                    let size = items.len().to_string();
                    out.push(Json::Number(size.into()));
                }
                _ if lax => out.push(Json::Number("1".into())),
                _ => {
                    let message = "jsonpath item method .size() can only be applied to an array";
                    return Err(invalid(message, "22039"));
                }
            },
        }
        Ok(())
    }

    fn test(&self, test: &'j Test, current: Option<&Json<'j>>) -> Truth {
        match test {
            Test::And(a, b) => match self.test(a, current) {
                Some(false) => Some(false),
                left => match self.test(b, current) {
                    Some(true) => left,
                    right => right,
                },
            },
            Test::Or(a, b) => match self.test(a, current) {
                Some(true) => Some(true),
                left => match self.test(b, current) {
                    Some(false) => left,
                    right => right,
                },
            },
            Test::Not(inner) => self.test(inner, current).map(|truth| !truth),
            Test::IsUnknown(inner) => Some(self.test(inner, current).is_none()),
            Test::Exists(path) => {
                let found = self.of(path, current).ok()?;
                Some(!found.is_empty())
            }
            Test::Compare(comparison, a, b) => {
                let right = self.unwrapped(b, current)?;
                self.any(a, current, |left| {
                    right
                        .iter()
                        .map(|right| compare(*comparison, left, right))
                        .collect()
                })
            }
            Test::StartsWith(a, b) => {
                let right = self.of(b, current).ok()?;
                self.any(a, current, |left| {
                    let truth =
                        |right: &Json<'_>| Some(left.as_str()?.starts_with(right.as_str()?));
                    right.iter().map(truth).collect()
                })
            }
            Test::Like(a, pattern, flags) => {
                let options = Options::new(flags, true).ok()?;
                let pattern = parse(pattern, options).ok()?;
                self.any(a, current, |left| {
                    vec![left.as_str().map(|text| {
                        let text: Vec<char> = text.chars().collect();
                        Matcher::new(&pattern, &text, "").find(0).is_some()
                    })]
                })
            }
        }
    }

    /// What a path of a predicate leads to, an array as its items; `None` where it is at fault.
    fn unwrapped(&self, path: &'j Path, current: Option<&Json<'j>>) -> Option<Found<'j>> {
        let found = self.of(path, current).ok()?;
        if self.strict {
            return Some(found);
        }
        let each = found.into_iter().flat_map(|value| match &value {
            Json::List(_) => items(value),
            _ => vec![value],
        });
        Some(each.collect())
    }

    /// Is it so of any? A lax path takes the first that is; a strict one looks at all.
    fn any(
        &self,
        path: &'j Path,
        current: Option<&Json<'j>>,
        truths: impl Fn(&Json<'_>) -> Vec<Truth>,
    ) -> Truth {
        let (mut found, mut unknown) = (false, false);
        for value in self.unwrapped(path, current)? {
            for truth in truths(&value) {
                match truth {
                    Some(true) if !self.strict => return Some(true),
                    None if self.strict => return None,
                    Some(truth) => found |= truth,
                    None => unknown = true,
                }
            }
        }
        match (found, unknown) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }
}

fn no_array() -> Error {
    invalid(
        "jsonpath array accessor can only be applied to an array",
        "22039",
    )
}

fn items<'j>(value: Json<'j>) -> Found<'j> {
    match value {
        Json::List(items) => items,
        other => vec![other],
    }
}

fn members<'j>(value: Json<'j>) -> impl Iterator<Item = (Cow<'j, str>, Json<'j>)> {
    let members = match value {
        Json::Object(members) => members,
        _ => Vec::new(),
    };
    members.into_iter()
}

fn compare(comparison: Comparison, a: &Json<'_>, b: &Json<'_>) -> Truth {
    let order = match (a, b) {
        (Json::Null, Json::Null) => Ordering::Equal,
        // Null is another than all else, and neither before nor after it.
        (Json::Null, _) | (_, Json::Null) => return Some(comparison == Comparison::Ne),
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        (Json::Number(a), Json::Number(b)) => compare_numeric(a, b),
        (Json::Text(a), Json::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => return None,
    };
    Some(comparison.holds(order))
}
