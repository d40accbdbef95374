//! Changes inside a jsonb along a path, and its other forms.

use super::call::Args;
use super::cast::invalid;
use super::datum::Datum;
use super::functions::Function;
use super::jsonb::{canonical, index, tree};
use super::raw_json::strip_nulls;
use crate::error::Error;
use crate::json::Json;
use crate::schema::Type;
use crate::value::{Array, Dimension, array_texts, write_json_string};

/// What happens at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    Replace,
    /// Replaces, or adds what is missing.
    Create,
    InsertBefore,
    InsertAfter,
    Delete,
}

impl Edit {
    fn adds(self) -> bool {
        matches!(self, Edit::Create | Edit::InsertBefore | Edit::InsertAfter)
    }
}

/// `setPath` of Postgres's `jsonfuncs.c`.
struct Path<'p, 'j> {
    steps: &'p [Option<String>],
    edit: Edit,
    new: Option<&'p Json<'j>>,
}

impl<'j> Path<'_, 'j> {
    fn fresh(&self) -> Json<'j> {
        self.new.cloned().unwrap_or(Json::Null)
    }

    fn apply(&self, json: Json<'j>, level: usize) -> Result<Json<'j>, Error> {
        let Some(step) = self.steps.get(level).and_then(Option::as_deref) else {
            return Err(invalid("a path element is null", "22004"));
        };
        let last = level + 1 == self.steps.len();
        match json {
            Json::Object(members) => self.object(members, step, level, last),
            Json::List(items) => self.list(items, step, level, last),
            scalar => Ok(scalar),
        }
    }

    fn object(
        &self,
        mut members: Vec<crate::json::Member<'j>>,
        step: &str,
        level: usize,
        last: bool,
    ) -> Result<Json<'j>, Error> {
        match members.iter().position(|(name, _)| name == step) {
            None if last && self.edit.adds() => {
                members.push((step.to_owned().into(), self.fresh()));
            }
            None => {}
            Some(_) if last && matches!(self.edit, Edit::InsertBefore | Edit::InsertAfter) => {
                return Err(invalid("cannot replace existing key", "22023"));
            }
            Some(at) if last && self.edit == Edit::Delete => {
                members.remove(at);
            }
            Some(at) if last => members[at].1 = self.fresh(),
            Some(at) => {
                let inner = std::mem::replace(&mut members[at].1, Json::Null);
                members[at].1 = self.apply(inner, level + 1)?;
            }
        }
        Ok(Json::Object(members))
    }

    fn list(
        &self,
        mut items: Vec<Json<'j>>,
        step: &str,
        level: usize,
        last: bool,
    ) -> Result<Json<'j>, Error> {
        let Some(at) = index(step) else {
            return Err(invalid("a path element is not an integer", "22P02"));
        };
        let count = items.len() as i64;
        let at = if at < 0 { at + count } else { at.min(count) };
        let Some(at) = usize::try_from(at).ok().filter(|at| *at < items.len()) else {
            // Before the start it goes first, beyond the end last.
            if last && self.edit.adds() {
                let end = if at < 0 { 0 } else { items.len() };
                items.insert(end, self.fresh());
            }
            return Ok(Json::List(items));
        };
        if !last {
            let inner = std::mem::replace(&mut items[at], Json::Null);
            items[at] = self.apply(inner, level + 1)?;
            return Ok(Json::List(items));
        }
        match self.edit {
            Edit::Replace | Edit::Create => items[at] = self.fresh(),
            Edit::InsertBefore => items.insert(at, self.fresh()),
            Edit::InsertAfter => items.insert(at + 1, self.fresh()),
            Edit::Delete => {
                items.remove(at);
            }
        }
        Ok(Json::List(items))
    }
}

/// The items of a list of texts, and the lengths of its dimensions.
fn texts(text: &str) -> Result<(Vec<Option<String>>, Vec<Dimension>), Error> {
    let dimensions = Array::parse(&Type::Text, text)?.dimensions;
    Ok((array_texts(text).unwrap_or_default(), dimensions))
}

fn edit<'a>(
    whole: &str,
    path: &str,
    edit: Edit,
    new: Option<&Json<'_>>,
) -> Result<Datum<'a>, Error> {
    let (steps, dimensions) = texts(path)?;
    if dimensions.len() > 1 {
        return Err(invalid("wrong number of array subscripts", "2202E"));
    }
    let json = tree(whole);
    let empty = match &json {
        Json::List(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => return Err(invalid("cannot change a path in a scalar", "22023")),
    };
    if steps.is_empty() || (empty && matches!(edit, Edit::Replace | Edit::Delete)) {
        return canonical(&json);
    }
    let path = Path {
        steps: &steps,
        edit,
        new,
    };
    canonical(&path.apply(json, 0)?)
}

fn pretty(json: &Json<'_>, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        for _ in 0..depth {
            out.push_str("    ");
        }
    };
    let (open, close, count) = match json {
        Json::List(items) => ('[', ']', items.len()),
        Json::Object(members) => ('{', '}', members.len()),
        scalar => {
            out.push_str(&crate::json::text(scalar));
            return;
        }
    };
    out.push(open);
    for i in 0..count {
        out.push_str(if i > 0 { "," } else { "" });
        line(depth + 1, out);
        match json {
            Json::Object(members) => {
                write_json_string(&members[i].0, out);
                out.push_str(": ");
                pretty(&members[i].1, depth + 1, out);
            }
            Json::List(items) => pretty(&items[i], depth + 1, out),
            _ => {}
        }
    }
    line(depth, out);
    out.push(close);
}

/// `json_object` of one list of names and values, or one of each.
fn object(args: &Args<'_>, count: usize) -> Result<String, Error> {
    let (names, lengths) = texts(args[0].as_text())?;
    let (values, others) = match count > 1 {
        true => texts(args[1].as_text())?,
        false => Default::default(),
    };
    let fits = match (count > 1, &lengths[..]) {
        (_, []) => others.is_empty(),
        (true, [_]) => others.len() == 1 && names.len() == values.len(),
        (false, [one]) => one.length % 2 == 0,
        (false, [_, two]) => two.length == 2,
        _ => false,
    };
    if !fits {
        let message = "the arrays have not the dimensions of names and values";
        return Err(invalid(message, "2202E"));
    }
    let mut out = String::from("{");
    let mut at = 0;
    while at < names.len() {
        let value = match count > 1 {
            true => &values[at],
            false => &names[at + 1],
        };
        let Some(name) = &names[at] else {
            let message = "null value not allowed for object key";
            return Err(invalid(message, "22004"));
        };
        out.push_str(if at > 0 { ", " } else { "" });
        write_json_string(name, &mut out);
        out.push_str(" : ");
        match value {
            Some(value) => write_json_string(value, &mut out),
            None => out.push_str("null"),
        }
        at += if count > 1 { 1 } else { 2 };
    }
    out.push('}');
    Ok(out)
}

pub(super) fn apply<'a>(
    function: Function,
    args: &Args<'a>,
    count: usize,
) -> Result<Datum<'a>, Error> {
    use Function as F;
    let (first, second, third) = (args[0].as_text(), args[1].as_text(), args[2].as_text());
    let flag = args[3].int() != 0;
    match function {
        F::JsonbSet => {
            let how = match count < 4 || flag {
                true => Edit::Create,
                false => Edit::Replace,
            };
            edit(first, second, how, Some(&tree(third)))
        }
        F::JsonbInsert => {
            let how = match flag {
                true => Edit::InsertAfter,
                false => Edit::InsertBefore,
            };
            edit(first, second, how, Some(&tree(third)))
        }
        F::JsonbDeletePath => edit(first, second, Edit::Delete, None),
        F::JsonbStripNulls => {
            let mut json = tree(first);
            strip_nulls(&mut json, args[1].int() != 0);
            canonical(&json)
        }
        F::JsonbPretty => {
            let mut out = String::new();
            pretty(&tree(first), 0, &mut out);
            Ok(Datum::text(out))
        }
        _ => {
            let text = object(args, count)?;
            match function {
                F::JsonObject => Ok(Datum::text(text)),
                _ => canonical(&tree(&text)),
            }
        }
    }
}
