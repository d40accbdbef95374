//! JSON text: what Postgres's `json` accepts, and the canonical form of its `jsonb`.
//!
//! Keys ordered by length and then bytes, the last of equal keys, `, ` and `: ` between, numbers as
//! numeric prints them: so jsonb written here compares by text with jsonb written by Postgres.

use super::numeric::canonical_number;
use super::{mismatch, shown};
use crate::error::{Error, ErrorCode};
use serde_json::{Number, Value as Json};
use std::fmt::Write;

/// How deep JSON may nest; a page's stack bounds it, and no sane document comes near.
const DEPTH_MAX: u32 = 256;

/// The canonical text of a jsonb.
pub(super) fn canonical(text: &str) -> Result<String, Error> {
    let mut parser = Parser { text, at: 0 };
    let tree = parser.document()?;
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    write_tree(&tree, &mut out);
    Ok(out)
}

/// Checks that a text is JSON, as the type `json` does.
pub(super) fn validate(text: &str) -> Result<(), Error> {
    let mut parser = Parser { text, at: 0 };
    parser.document().map(drop)
}

/// Reads JSON, each number as the very double, or 64-bit integer, that it says.
///
/// serde_json's own reader is off by one in the last place for some doubles of 16 and 17 digits;
/// its remedy costs the module 8 KB, this one nothing.
pub(super) fn read(text: &str) -> Result<Json, Error> {
    let mut parser = Parser { text, at: 0 };
    to_json(parser.document()?)
}

fn to_json(tree: Tree<'_>) -> Result<Json, Error> {
    Ok(match tree {
        Tree::Word(word) => match word {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => Json::Null,
        },
        Tree::Number(text) => {
            let int = text.parse::<i64>().map(Number::from);
            let number = int.or_else(|_| text.parse::<u64>().map(Number::from)).ok();
            let float = || text.parse().ok().and_then(Number::from_f64);
            Json::Number(
                number
                    .or_else(float)
                    .ok_or_else(|| mismatch("number", text, "22P02"))?,
            )
        }
        Tree::Text(text) => Json::String(text),
        Tree::List(items) => Json::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        Tree::Object(entries) => {
            let member = |(key, value)| Ok((key, to_json(value)?));
            Json::Object(
                entries
                    .into_iter()
                    .map(member)
                    .collect::<Result<_, Error>>()?,
            )
        }
    })
}

enum Tree<'a> {
    Word(&'static str),
    Number(&'a str),
    Text(String),
    List(Vec<Tree<'a>>),
    Object(Vec<(String, Tree<'a>)>),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Tree<'a>, Error> {
        let tree = self.value(0)?;
        self.blanks();
        if self.at < self.text.len() {
            Err(self.bad())
        } else {
            Ok(tree)
        }
    }

    fn bad(&self) -> Error {
        mismatch("JSON text", self.text, "22P02")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn value(&mut self, depth: u32) -> Result<Tree<'a>, Error> {
        if depth > DEPTH_MAX {
            return Err(mismatch("JSON text: it nests too deep", self.text, "54001"));
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Tree::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for word in ["null", "true", "false"] {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(Tree::Word(word));
                    }
                }
                Err(self.bad())
            }
        }
    }

    fn list(&mut self, depth: u32) -> Result<Tree<'a>, Error> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Tree::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Tree::List(items));
            }
            if !self.take(b',') {
                return Err(self.bad());
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Tree<'a>, Error> {
        self.at += 1;
        let mut entries: Vec<(String, Tree<'a>)> = Vec::new();
        if !self.take(b'}') {
            loop {
                self.blanks();
                if self.peek() != Some(b'"') {
                    return Err(self.bad());
                }
                let key = self.string()?;
                if !self.take(b':') {
                    return Err(self.bad());
                }
                entries.push((key, self.value(depth + 1)?));
                if self.take(b'}') {
                    break;
                }
                if !self.take(b',') {
                    return Err(self.bad());
                }
            }
        }
        // A stable sort keeps equal keys in their order; reversed, the first kept is the last given.
        entries.reverse();
        entries.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        entries.dedup_by(|later, first| later.0 == first.0);
        Ok(Tree::Object(entries))
    }

    fn number(&mut self) -> Result<Tree<'a>, Error> {
        let start = self.at;
        let digits = |p: &mut Self| {
            let from = p.at;
            while matches!(p.peek(), Some(b'0'..=b'9')) {
                p.at += 1;
            }
            p.at - from
        };
        self.at += usize::from(self.peek() == Some(b'-'));
        let leading_zero = self.peek() == Some(b'0');
        let whole = digits(self);
        let mut good = whole > 0 && !(leading_zero && whole > 1);
        if self.peek() == Some(b'.') {
            self.at += 1;
            good &= digits(self) > 0;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            good &= digits(self) > 0;
        }
        let text = &self.text[start..self.at];
        // The type's bound holds for json too here: what jsonb refuses, no other reader takes.
        if !good || canonical_number(text).is_err() {
            return Err(self.bad());
        }
        Ok(Tree::Number(text))
    }

    fn string(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while self
                .peek()
                .is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20)
            {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return Err(self.bad()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let byte = self.peek().ok_or_else(|| self.bad())?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4()?;
                let code = if (0xD800..0xDC00).contains(&first) {
                    if !self.text[self.at..].starts_with("\\u") {
                        return Err(self.bad());
                    }
                    self.at += 2;
                    let second = self.hex4()?;
                    if !(0xDC00..0xE000).contains(&second) {
                        return Err(self.bad());
                    }
                    0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                } else {
                    first
                };
                if code == 0 {
                    let message = format!(
                        "{} contains \\u0000, which Postgres can't store",
                        shown(self.text)
                    );
                    return Err(Error::new(ErrorCode::TypeMismatch, message).sqlstate("22P05"));
                }
                char::from_u32(code).ok_or_else(|| self.bad())?
            }
            _ => return Err(self.bad()),
        })
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .ok_or_else(|| self.bad())?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.bad());
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.bad())
    }
}

fn write_tree(tree: &Tree<'_>, out: &mut String) {
    match tree {
        Tree::Word(word) => out.push_str(word),
        Tree::Number(number) => match canonical_number(number) {
            Ok(canonical) => out.push_str(&canonical),
            Err(_) => out.push_str(number),
        },
        Tree::Text(text) => write_string(text, out),
        Tree::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_tree(item, out);
            }
            out.push(']');
        }
        Tree::Object(entries) => {
            out.push('{');
            for (i, (key, value)) in entries.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_string(key, out);
                out.push_str(": ");
                write_tree(value, out);
            }
            out.push('}');
        }
    }
}

/// Appends a JSON string with Postgres's choice of escapes.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (i, b) in text.bytes().enumerate() {
        if b >= 0x20 && b != b'"' && b != b'\\' {
            continue;
        }
        out.push_str(&text[from..i]);
        from = i + 1;
        match b {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x8 => out.push_str("\\b"),
            0xc => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{b:04x}");
            }
        }
    }
    out.push_str(&text[from..]);
    out.push('"');
}
