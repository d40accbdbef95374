//! Functions of regular expressions. Their last argument says what the classes of characters are
//! beyond ASCII, and is empty where case and classes follow ASCII alone.

use super::call::Args;
use super::cast::invalid;
use super::datum::Datum;
use super::functions::Function;
use super::node::Call;
use super::regex::{Matcher, Options, parse};
use crate::error::Error;
use crate::schema::Type;
use crate::value::{Array, Dimension, Value};

/// Which match is meant where the call doesn't say: the first, or with `g` all.
const UNSAID: i64 = i64::MIN;

fn span(text: &[char], span: Option<(usize, usize)>) -> Option<String> {
    span.map(|(from, to)| text[from..to].iter().collect())
}

/// Every match from a place on, as `setup_regexp_matches` finds them. With `splitting` those are left
/// out that have no length and split nothing off.
fn all(
    matcher: &Matcher<'_>,
    from: usize,
    size: usize,
    splitting: bool,
) -> Vec<Vec<Option<(usize, usize)>>> {
    let (mut at, mut before, mut found) = (from, 0, Vec::new());
    while at <= size
        && let Some(spans) = matcher.find(at)
        && let Some((start, end)) = spans[0]
    {
        if !splitting || (start < size && end > before) {
            found.push(spans);
        }
        before = end;
        at = if start == end { end + 1 } else { end };
    }
    found
}

/// `\1` to `\9` and `\&` stand for what the match holds.
fn insert(text: &[char], new: &str, spans: &[Option<(usize, usize)>], out: &mut String) {
    let mut rest = new.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().filter(|_| c == '\\');
        let group = match next {
            Some('&') => Some(0),
            Some(digit @ '1'..='9') => digit.to_digit(10),
            _ => None,
        };
        match (group, next) {
            (Some(group), _) => {
                let held = spans.get(group as usize).copied().flatten();
                out.push_str(&span(text, held).unwrap_or_default());
                rest.next();
            }
            (None, Some('\\')) => {
                out.push('\\');
                rest.next();
            }
            _ => out.push(c),
        }
    }
}

fn replace(matcher: &Matcher<'_>, text: &[char], new: &str, from: usize, wanted: i64) -> String {
    let mut out = String::new();
    let (mut at, mut copied, mut count) = (from, 0, 0);
    while at <= text.len()
        && let Some(spans) = matcher.find(at)
        && let Some((start, end)) = spans[0]
    {
        count += 1;
        at = if start == end { end + 1 } else { end };
        if wanted == 0 || wanted == count {
            out.extend(&text[copied..start]);
            insert(text, new, &spans, &mut out);
            copied = end;
        }
        if wanted == count {
            break;
        }
    }
    out.extend(&text[copied..]);
    out
}

fn list(items: Vec<Option<String>>) -> Datum<'static> {
    let mut array = Array::default();
    array.dimensions.push(Dimension {
        lower: 1,
        length: items.len(),
    });
    for item in items {
        array.items.push(item.map_or(Value::Null, Value::text));
    }
    Datum::text(array.text(&Type::Text))
}

fn at_least(value: i64, least: i64) -> Result<usize, Error> {
    match usize::try_from(value) {
        Ok(fits) if value >= least => Ok(fits),
        _ => Err(invalid(
            "a parameter of a regular expression is too small",
            "22023",
        )),
    }
}

/// The place of the flags among a function's arguments.
fn flags_at(function: Function) -> usize {
    match function {
        Function::RegexpReplace => 5,
        Function::RegexpInstr => 5,
        Function::RegexpSubstr => 4,
        Function::RegexpCount => 3,
        _ => 2,
    }
}

pub(super) fn apply<'a>(call: &'a Call, args: &Args<'a>, count: usize) -> Result<Datum<'a>, Error> {
    use Function as F;
    let function = call.function;
    let classes = args[count.saturating_sub(1)].as_text();
    let options = Options::new(args[flags_at(function)].as_text(), classes.is_empty())?;
    if options.global && function != F::RegexpReplace {
        return Err(invalid("the option \"g\" has no meaning here", "22023"));
    }
    // Where the search begins, and which match is meant.
    let from = match function {
        F::RegexpReplace => at_least(args[3].int(), 1)? - 1,
        F::RegexpInstr | F::RegexpSubstr | F::RegexpCount => at_least(args[2].int(), 1)? - 1,
        _ => 0,
    };
    let nth = match function {
        F::RegexpInstr | F::RegexpSubstr => at_least(args[3].int(), 1)? - 1,
        _ => 0,
    };
    let wanted = match args[4].int() {
        UNSAID if function == F::RegexpReplace => i64::from(!options.global),
        given if function == F::RegexpReplace => at_least(given, 0)? as i64,
        given => given,
    };
    if function == F::RegexpInstr && !(0..=1).contains(&wanted) {
        return Err(invalid("an end option is 0 or 1", "22023"));
    }
    let group = match function {
        F::RegexpInstr => at_least(args[6].int(), 0)?,
        F::RegexpSubstr => at_least(args[5].int(), 0)?,
        _ => 0,
    };
    let pattern = parse(args[1].as_text(), options)?;
    let text: Vec<char> = args[0].as_text().chars().collect();
    let matcher = Matcher::new(&pattern, &text, classes);
    Ok(match function {
        F::RegexpTest => Datum::bool(match pattern.refers() {
            true => matcher.find(0).is_some(),
            false => matcher.matches(),
        }),
        F::RegexpReplace => {
            let new = args[2].as_text();
            Datum::text(replace(&matcher, &text, new, from, wanted))
        }
        F::RegexpCount => Datum::Int(all(&matcher, from, text.len(), false).len() as i64),
        F::RegexpSplit => {
            let (mut items, mut at) = (Vec::new(), 0);
            for spans in all(&matcher, 0, text.len(), true) {
                if let Some((start, end)) = spans[0] {
                    items.push(span(&text, Some((at, start))));
                    at = end;
                }
            }
            items.push(span(&text, Some((at, text.len()))));
            list(items)
        }
        F::RegexpInstr | F::RegexpSubstr => {
            let found = all(&matcher, from, text.len(), false);
            // Without groups the whole is the first one.
            let group = if group == 1 && pattern.groups == 0 {
                0
            } else {
                group
            };
            let held = found.get(nth).and_then(|spans| *spans.get(group)?);
            match (function, held) {
                (F::RegexpSubstr, held) => span(&text, held).map_or(Datum::Null, Datum::text),
                (_, None) => Datum::Int(0),
                (_, Some((start, end))) => {
                    Datum::Int(if wanted == 1 { end } else { start } as i64 + 1)
                }
            }
        }
        _ => {
            let Some(spans) = matcher.find(0) else {
                return Ok(Datum::Null);
            };
            let first = usize::from(pattern.groups > 0);
            match function {
                F::RegexpMatch => {
                    let held = spans[first..].iter();
                    list(held.map(|held| span(&text, *held)).collect())
                }
                _ => span(&text, spans[first]).map_or(Datum::Null, Datum::text),
            }
        }
    })
}
