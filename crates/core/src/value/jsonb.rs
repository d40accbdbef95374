//! JSON text: what Postgres's `json` accepts, and the canonical form of its `jsonb`.
//!
//! Keys ordered by length and then bytes, the last of equal keys, `, ` and `: ` between, numbers as
//! numeric prints them: so jsonb written here compares by text with jsonb written by Postgres.

use super::numeric::canonical_number;
use super::{mismatch, shown};
use crate::error::{Error, ErrorCode};
use crate::json::{Bad, Json, Member, parse_tree, write_string};
use crate::sort::sorted_positions;

/// The canonical text of a jsonb.
pub(super) fn canonical(text: &str) -> Result<String, Error> {
    canonical_tree(&parse(text)?, text)
}

/// The canonical text of a jsonb that is parsed already; `text` is for messages.
pub(super) fn canonical_tree(tree: &Json<'_>, text: &str) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    write_tree(tree, text, &mut out)?;
    Ok(out)
}

/// Checks that a text is JSON, as the type `json` does. Its bounds are those of jsonb here: what
/// that refuses, no other reader takes.
pub(super) fn validate(text: &str) -> Result<(), Error> {
    canonical(text).map(drop)
}

fn parse(text: &str) -> Result<Json<'_>, Error> {
    parse_tree(text).map_err(|bad| match bad {
        Bad::Syntax => mismatch("JSON text", text, "22P02"),
        Bad::Depth => mismatch("JSON text: it nests too deep", text, "54001"),
    })
}

/// Members in jsonb's order; of equal names the last counts, as in Postgres.
fn ordered<'t, 'a>(members: &'t [Member<'a>]) -> Vec<&'t Member<'a>> {
    let name = |i: usize| &*members[i].0;
    let positions = sorted_positions(members.len(), &|a, b| {
        let by_name = name(a).len().cmp(&name(b).len());
        by_name.then_with(|| name(a).cmp(name(b)))
    });
    let mut ordered: Vec<&Member<'a>> = Vec::with_capacity(members.len());
    for i in positions {
        let member = &members[i as usize];
        match ordered.last_mut() {
            // The sort is stable, so the later one stands after the earlier.
            Some(last) if last.0 == member.0 => *last = member,
            _ => ordered.push(member),
        }
    }
    ordered
}

fn write_text(part: &str, text: &str, out: &mut String) -> Result<(), Error> {
    if part.contains('\0') {
        let message = format!(
            "{} contains \\u0000, which Postgres can't store",
            shown(text)
        );
        return Err(Error::new(ErrorCode::TypeMismatch, message).sqlstate("22P05"));
    }
    write_string(part, out);
    Ok(())
}

fn write_tree(tree: &Json<'_>, text: &str, out: &mut String) -> Result<(), Error> {
    match tree {
        Json::Null => out.push_str("null"),
        Json::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Json::Number(number) => match canonical_number(number) {
            Ok(canonical) => out.push_str(&canonical),
            Err(_) => return Err(mismatch("JSON text", text, "22P02")),
        },
        Json::Text(part) => write_text(part, text, out)?,
        Json::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_tree(item, text, out)?;
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (i, (name, value)) in ordered(members).into_iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_text(name, text, out)?;
                out.push_str(": ");
                write_tree(value, text, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}
