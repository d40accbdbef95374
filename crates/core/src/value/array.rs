//! Postgres's array text: `{a,NULL,"b c",{…}}`, to and from a tree of elements.

use super::{Value, is_blank, mismatch, output, parse, parse_canonical, trim, write_json};
use crate::error::Error;
use crate::schema::Type;

/// Postgres's bound on an array's dimensions.
const DIMENSIONS_MAX: u32 = 6;

/// An array's content.
pub(super) enum Tree {
    /// An element, unquoted; `None` is NULL.
    Element(Option<String>),
    /// An array, or a row of a multi-dimensional one.
    List(Vec<Tree>),
}

/// The canonical text of an array; one with explicit bounds stays as given.
pub(super) fn canonical(of: &Type, text: &str) -> Result<String, Error> {
    let trimmed = trim(text);
    if trimmed.starts_with('[') {
        parse_tree(trimmed).ok_or_else(|| mismatch("array", text, "22P02"))?;
        return Ok(trimmed.to_owned());
    }
    let tree = parse_tree(trimmed).ok_or_else(|| mismatch("array", text, "22P02"))?;
    let mut out = String::with_capacity(text.len());
    write_tree(of, &tree, &mut out)?;
    Ok(out)
}

/// Reads array text; bounds before it are skipped.
pub(super) fn parse_tree(text: &str) -> Option<Tree> {
    let body = if text.starts_with('[') {
        text.split_once('=')?.1
    } else {
        text
    };
    let mut reader = Reader { text: body, at: 0 };
    let tree = reader.list(1)?;
    reader.blanks();
    (reader.at == body.len()).then_some(tree)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| is_blank(b.into())) {
            self.at += 1;
        }
    }

    fn list(&mut self, depth: u32) -> Option<Tree> {
        if self.peek() != Some(b'{') || depth > DIMENSIONS_MAX {
            return None;
        }
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Some(Tree::List(items));
        }
        loop {
            self.blanks();
            items.push(match self.peek()? {
                b'{' => self.list(depth + 1)?,
                b'"' => Tree::Element(Some(self.quoted()?)),
                _ => self.bare()?,
            });
            self.blanks();
            let end = self.peek()?;
            self.at += 1;
            match end {
                b',' => {}
                b'}' => return Some(Tree::List(items)),
                _ => return None,
            }
        }
    }

    fn quoted(&mut self) -> Option<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let c = self.text[self.at..].chars().next()?;
            self.at += c.len_utf8();
            match c {
                '"' => return Some(out),
                '\\' => {
                    let escaped = self.text[self.at..].chars().next()?;
                    self.at += escaped.len_utf8();
                    out.push(escaped);
                }
                _ => out.push(c),
            }
        }
    }

    fn bare(&mut self) -> Option<Tree> {
        let mut out = String::new();
        // Blanks at the end don't count, unless they are escaped.
        let mut kept = 0;
        let mut escaped_any = false;
        while let Some(c) = self.text[self.at..].chars().next() {
            match c {
                ',' | '}' => break,
                '{' | '"' => return None,
                '\\' => {
                    self.at += 1;
                    let escaped = self.text[self.at..].chars().next()?;
                    self.at += escaped.len_utf8();
                    out.push(escaped);
                    kept = out.len();
                    escaped_any = true;
                }
                _ => {
                    self.at += c.len_utf8();
                    out.push(c);
                }
            }
        }
        let end = kept.max(out.trim_end_matches(is_blank).len());
        let word = &out[..end];
        if word.is_empty() {
            return None;
        }
        let null = !escaped_any && word.eq_ignore_ascii_case("null");
        Some(Tree::Element(if null {
            None
        } else {
            Some(word.to_owned())
        }))
    }
}

/// Appends the canonical text of a tree of elements.
fn write_tree(of: &Type, tree: &Tree, out: &mut String) -> Result<(), Error> {
    match tree {
        Tree::Element(None) => out.push_str("NULL"),
        Tree::Element(Some(text)) => write_element(of, &parse(of, text)?, out),
        Tree::List(items) => {
            out.push('{');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_tree(of, item, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Appends an element as `array_out` does: quoted where it must be.
pub(super) fn write_element(of: &Type, value: &Value, out: &mut String) {
    if value.is_null() {
        out.push_str("NULL");
        return;
    }
    let text = output(of, value);
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || is_blank(c);
    let bare = !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(special);
    if bare {
        out.push_str(&text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Appends an array as JSON, each element as its type is written.
pub(super) fn write_tree_json(of: &Type, tree: &Tree, out: &mut String) {
    match tree {
        Tree::Element(None) => out.push_str("null"),
        Tree::Element(Some(text)) => match parse_canonical(of, text) {
            Ok(value) => write_json(of, &value, out),
            Err(_) => super::write_json_string(text, out),
        },
        Tree::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_tree_json(of, item, out);
            }
            out.push(']');
        }
    }
}
