//! Operators of `json`, which keeps its text: what they give is a part of it, as it was written.

use super::call::Args;
use super::cast::to_text;
use super::datum::Datum;
use super::functions::Function;
use super::jsonb::{index, not_a_list, tree, typeof_name};
use crate::error::Error;
use crate::json::{Json, text};
use crate::schema::Type;
use crate::value::array_texts;

/// What a text holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Scalar,
    Items,
    Members,
}

/// Takes texts apart by one level.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// Goes past a byte, and the blanks around it.
    fn past(&mut self) {
        self.blanks();
        self.at += 1;
        self.blanks();
    }

    fn string(&mut self) {
        self.at += 1;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
    }

    /// The text of the value that begins here.
    fn value(&mut self) -> &'t str {
        let (start, mut depth) = (self.at, 0);
        loop {
            match self.peek() {
                b'"' => self.string(),
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                }
                b']' | b'}' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                0 | b',' | b':' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => break,
                0 => break,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                break;
            }
        }
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// Shows each item or member with its place and its name, as that is written.
fn each<'t>(text: &'t str, visit: &mut dyn FnMut(i64, &'t str, &'t str)) -> Held {
    let mut scanner = Scanner { text, at: 0 };
    scanner.blanks();
    let held = match scanner.peek() {
        b'{' => Held::Members,
        b'[' => Held::Items,
        _ => return Held::Scalar,
    };
    scanner.past();
    let mut place = 0;
    while !matches!(scanner.peek(), b'}' | b']' | 0) {
        let first = scanner.value();
        match held {
            Held::Members => {
                scanner.past();
                visit(place, first, scanner.value());
            }
            _ => visit(place, "", first),
        }
        place += 1;
        scanner.blanks();
        if scanner.peek() == b',' {
            scanner.past();
        }
    }
    held
}

/// What a text holds, and how much.
fn held(text: &str) -> (Held, i64) {
    let mut count = 0;
    (each(text, &mut |_, _, _| count += 1), count)
}

/// The text of the value at the end of a path: of several, under equal names, the last one.
fn find<'t>(text: &'t str, steps: &[Option<String>], found: &mut Option<&'t str>) {
    let Some((step, rest)) = steps.split_first() else {
        *found = Some(text);
        return;
    };
    let step = step.as_deref().unwrap_or_default();
    let (held, count) = held(text);
    let wanted = index(step).map(|at| if at < 0 { count + at } else { at });
    each(text, &mut |at, name, value| {
        let meant = match held {
            Held::Members => tree(name).as_str() == Some(step),
            _ => wanted == Some(at),
        };
        if meant {
            find(value, rest, found);
        }
    });
}

/// The text of a string, and of anything else as it was written; JSON's null is NULL.
fn printed(text: &str) -> Datum<'static> {
    match tree(text) {
        Json::Null => Datum::Null,
        Json::Text(text) => Datum::text(text.into_owned()),
        _ => Datum::text(text.to_owned()),
    }
}

/// Takes the members that are null out of objects, at every depth.
pub(super) fn strip_nulls(json: &mut Json<'_>, in_lists: bool) {
    match json {
        Json::Object(members) => {
            members.retain(|(_, value)| *value != Json::Null);
            for (_, value) in members {
                strip_nulls(value, in_lists);
            }
        }
        Json::List(items) => {
            if in_lists {
                items.retain(|item| *item != Json::Null);
            }
            for item in items {
                strip_nulls(item, in_lists);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
}

pub(super) fn apply<'a>(function: Function, args: &Args<'a>) -> Result<Datum<'a>, Error> {
    use Function as F;
    let blanks = [' ', '\t', '\n', '\r'];
    let given = args[0].as_text().trim_end_matches(blanks);
    let whole = given.trim_start_matches(blanks);
    let mut found = None;
    match function {
        F::JsonTypeof => return Ok(Datum::text(typeof_name(&tree(whole)))),
        F::JsonStripNulls => {
            let mut json = tree(whole);
            strip_nulls(&mut json, args[1].int() != 0);
            return Ok(Datum::text(text(&json)));
        }
        F::JsonArrayLength => {
            return match held(whole) {
                (Held::Items, count) => Ok(Datum::Int(count)),
                (Held::Members, _) => Err(not_a_list("a non-array")),
                (Held::Scalar, _) => Err(not_a_list("a scalar")),
            };
        }
        F::JsonPath | F::JsonPathText => {
            let steps = array_texts(args[1].as_text()).unwrap_or_default();
            // Postgres keeps the blanks before a scalar that it gives back whole.
            let scalar = steps.is_empty() && held(whole).0 == Held::Scalar;
            if !steps.contains(&None) {
                find(if scalar { given } else { whole }, &steps, &mut found);
            }
        }
        _ => {
            // A name finds no item, and a place no member.
            let (wanted, step) = match &args[1] {
                Datum::Int(_) => (Held::Items, to_text(&Type::Int8, args[1].clone())),
                name => (Held::Members, name.as_text().into()),
            };
            if held(whole).0 == wanted {
                find(whole, &[Some(step.into_owned())], &mut found);
            }
        }
    }
    let as_text = matches!(
        function,
        F::JsonFieldText | F::JsonElementText | F::JsonPathText
    );
    Ok(match found {
        None => Datum::Null,
        Some(found) if as_text => printed(found),
        Some(found) => Datum::text(found.to_owned()),
    })
}
