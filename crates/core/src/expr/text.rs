//! Functions of text.

use super::bound::Context;
use super::call::Args;
use super::cast::{int, invalid};
use super::datum::Datum;
use super::escapes::{like_escape, quote_ident, quote_literal, similar_escape};
use super::functions::Function;
use super::host::change_case;
use super::like::like;
use super::node::Call;
use crate::error::Error;
use crate::schema::Type;
use crate::value::{Array, Dimension, Value, output};
use std::borrow::Cow;

/// No text that Postgres holds is longer.
const TEXT_BYTES_MAX: usize = 0x3fff_ffff;

pub(super) fn concat<'a, 'c: 'a>(
    call: &'a Call,
    row: &'a [Value],
    context: &mut Context<'c>,
) -> Result<Datum<'a>, Error> {
    let mut args = call.args.iter();
    let separator = match call.function {
        Function::ConcatWs => match args.next() {
            Some(separator) => separator.value(row, context)?,
            None => Datum::Null,
        },
        _ => Datum::text(""),
    };
    let mut out = String::new();
    let mut any = false;
    for arg in args {
        let part = arg.value(row, context)?;
        if part.is_null() {
            continue;
        }
        if any {
            out.push_str(separator.as_text());
        }
        any = true;
        out.push_str(part.as_text());
    }
    Ok(match separator {
        Datum::Null => Datum::Null,
        _ => Datum::text(out),
    })
}

pub(super) fn apply<'a>(call: &'a Call, args: &Args<'a>, count: usize) -> Result<Datum<'a>, Error> {
    use Function as F;
    let [first, second, third, fourth, ..] = args;
    let (a, b, c) = (first.as_text(), second.as_text(), third.as_text());
    let characters = |text: &str| text.chars().count() as i64;
    Ok(match call.function {
        F::TextConcat => Datum::text([a, b].concat()),
        F::Length => Datum::Int(characters(a)),
        F::OctetLength => Datum::Int(a.len() as i64),
        F::BitLength => Datum::Int(match call.kinds[0] {
            Type::Bytea => a.len().saturating_sub(2) as i64 * 4,
            _ => a.len() as i64 * 8,
        }),
        F::ByteaLength => Datum::Int(a.len().saturating_sub(2) as i64 / 2),
        F::CharPad => Datum::text(pad(a, second.int(), " ", false)?),
        F::Output => Datum::text(output(&call.kinds[0], &first.clone().into_value())),
        F::Lower => Datum::text(change_case(a, false)),
        F::Upper => Datum::text(change_case(a, true)),
        F::LowerAscii => Datum::text(a.to_ascii_lowercase()),
        F::UpperAscii => Datum::text(a.to_ascii_uppercase()),
        F::InitcapAscii => Datum::text(initcap(a)),
        F::Btrim | F::Ltrim | F::Rtrim => {
            let set = if count > 1 { b } else { " " };
            let within = |c: char| set.contains(c);
            let mut kept = a;
            if call.function != F::Rtrim {
                kept = kept.trim_start_matches(within);
            }
            if call.function != F::Ltrim {
                kept = kept.trim_end_matches(within);
            }
            let start = kept.as_ptr() as usize - a.as_ptr() as usize;
            let range = start..start + kept.len();
            part(first.clone(), range)
        }
        F::Substring => {
            let length = (count > 2).then(|| third.int());
            let range = substring(a, second.int(), length)?;
            part(first.clone(), range)
        }
        F::Overlay => {
            let length = if count > 3 {
                fourth.int()
            } else {
                characters(b)
            };
            let start = third.int();
            if start <= 0 {
                return Err(invalid("negative substring length not allowed", "22011"));
            }
            let head = substring(a, 1, Some(start - 1))?;
            let end = int(&Type::Int4, i128::from(start + length))?.int();
            let tail = substring(a, end, None)?;
            Datum::text([&a[head], b, &a[tail]].concat())
        }
        F::Left => {
            let wanted = second.int();
            let kept = if wanted < 0 {
                characters(a) + wanted
            } else {
                wanted
            };
            let range = 0..byte_of(a, kept.max(0));
            part(first.clone(), range)
        }
        F::Right => {
            let wanted = second.int();
            let all = characters(a);
            let skipped = if wanted < 0 { -wanted } else { all - wanted };
            let range = byte_of(a, skipped.max(0))..a.len();
            part(first.clone(), range)
        }
        F::Replace if b.is_empty() => first.clone(),
        F::Replace => Datum::text(a.replace(b, c)),
        F::Translate => Datum::text(translate(a, b, c)),
        F::Position => Datum::Int(match a.find(b) {
            Some(at) => characters(&a[..at]) + 1,
            None => 0,
        }),
        F::StartsWith => Datum::bool(a.starts_with(b)),
        F::SplitPart => split_part(a, b, third.int())?,
        F::Repeat => {
            let times = usize::try_from(second.int()).unwrap_or(0);
            match a.len().checked_mul(times) {
                Some(size) if size <= TEXT_BYTES_MAX => Datum::text(a.repeat(times)),
                _ => return Err(too_long()),
            }
        }
        F::Lpad | F::Rpad => {
            let fill = if count > 2 { c } else { " " };
            Datum::text(pad(a, second.int(), fill, call.function == F::Lpad)?)
        }
        F::Reverse => Datum::text(a.chars().rev().collect::<String>()),
        F::Ascii => Datum::Int(a.chars().next().map_or(0, |c| i64::from(u32::from(c)))),
        F::Chr => Datum::text(chr(first.int())?),
        F::ToHex => Datum::text(match call.kinds[0] {
            Type::Int8 => format!("{:x}", first.int()),
            _ => format!("{:x}", first.int() as i32),
        }),
        F::LikeEscape => Datum::text(like_escape(a, b)?),
        F::SimilarEscape => {
            let escape = if count > 1 { b } else { "\\" };
            Datum::text(similar_escape(a, escape)?)
        }
        F::QuoteLiteral => Datum::text(quote_literal(a)),
        F::QuoteIdent => Datum::text(quote_ident(a, b)),
        F::StringToArray => match first {
            Datum::Null => Datum::Null,
            _ => Datum::text(string_to_array(a, second, (count > 2).then_some(third))),
        },
        F::Like => Datum::bool(like(a, b)?),
        F::Ilike => Datum::bool(like(&change_case(a, false), &change_case(b, false))?),
        F::IlikeAscii => Datum::bool(like(&a.to_ascii_lowercase(), &b.to_ascii_lowercase())?),
        _ => Datum::Null,
    })
}

fn too_long() -> Error {
    invalid("the requested length is too large", "54000")
}

/// A part of a text, without a copy where the text is borrowed.
fn part(text: Datum<'_>, range: std::ops::Range<usize>) -> Datum<'_> {
    match text {
        Datum::Text(Cow::Borrowed(text)) => Datum::text(&text[range]),
        Datum::Text(Cow::Owned(text)) => Datum::text(text[range].to_owned()),
        other => other,
    }
}

/// Where a character stands; the end for any beyond it.
fn byte_of(text: &str, character: i64) -> usize {
    let nth = usize::try_from(character).ok();
    let found = nth.and_then(|nth| text.char_indices().nth(nth));
    found.map_or(text.len(), |(at, _)| at)
}

/// The bytes of so many characters from a position, which counts from one and may be before it.
fn substring(text: &str, start: i64, length: Option<i64>) -> Result<std::ops::Range<usize>, Error> {
    let from = byte_of(text, start.max(1) - 1);
    let Some(length) = length else {
        return Ok(from..text.len());
    };
    if length < 0 {
        return Err(invalid("negative substring length not allowed", "22011"));
    }
    let to = byte_of(text, (start + length).max(1) - 1);
    Ok(from..to.max(from))
}

fn initcap(text: &str) -> String {
    let mut inside = false;
    let each = |c: char| {
        let c = match inside {
            true => c.to_ascii_lowercase(),
            false => c.to_ascii_uppercase(),
        };
        inside = c.is_ascii_alphanumeric();
        c
    };
    text.chars().map(each).collect()
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    let each = |c| match from.chars().position(|f| f == c) {
        Some(at) => to.get(at).copied(),
        None => Some(c),
    };
    text.chars().filter_map(each).collect()
}

fn split_part<'a>(text: &str, separator: &str, wanted: i64) -> Result<Datum<'a>, Error> {
    if wanted == 0 {
        return Err(invalid("field position must not be zero", "22023"));
    }
    let parts: Vec<&str> = match (text, separator) {
        ("", _) => Vec::new(),
        (_, "") => vec![text],
        _ => text.split(separator).collect(),
    };
    let at = match wanted {
        1.. => usize::try_from(wanted - 1).ok(),
        _ => usize::try_from(parts.len() as i64 + wanted).ok(),
    };
    let found = at.and_then(|at| parts.get(at)).copied().unwrap_or("");
    Ok(Datum::text(found.to_owned()))
}

fn pad(text: &str, length: i64, fill: &str, left: bool) -> Result<String, Error> {
    let length = usize::try_from(length).unwrap_or(0);
    if length > TEXT_BYTES_MAX / 4 {
        return Err(too_long());
    }
    let count = text.chars().count();
    if count >= length {
        return Ok(text.chars().take(length).collect());
    }
    let filler: String = fill.chars().cycle().take(length - count).collect();
    Ok(match left {
        true => [&*filler, text].concat(),
        false => [text, &*filler].concat(),
    })
}

fn chr(code: i64) -> Result<String, Error> {
    if code == 0 {
        return Err(invalid("null character not permitted", "54000"));
    }
    if code < 0 {
        return Err(invalid("character number must be positive", "22023"));
    }
    let c = u32::try_from(code).ok().and_then(char::from_u32);
    c.map(String::from)
        .ok_or_else(|| invalid("the character is not one of Unicode", "54000"))
}

/// The parts between separators, a part that is the text for it as NULL.
fn string_to_array(text: &str, separator: &Datum<'_>, null: Option<&Datum<'_>>) -> String {
    let mut array = Array::default();
    let mut add = |part: &str| {
        array.items.push(match null {
            Some(Datum::Text(null)) if *null == part => Value::Null,
            _ => Value::text(part),
        });
    };
    match (separator.as_text(), separator.is_null()) {
        _ if text.is_empty() => return "{}".into(),
        (_, true) => {
            for (at, c) in text.char_indices() {
                add(&text[at..at + c.len_utf8()]);
            }
        }
        ("", false) => add(text),
        (separator, false) => text.split(separator).for_each(add),
    }
    array.dimensions.push(Dimension {
        lower: 1,
        length: array.items.len(),
    });
    array.text(&Type::Text)
}
