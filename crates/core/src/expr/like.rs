//! LIKE, as Postgres matches it: `%`, `_`, and the backslash before either.

use crate::error::{Error, ErrorCode};

/// A pattern.
#[derive(Clone, Debug)]
pub(crate) struct Like {
    pattern: Box<str>,
    /// What a pattern without a wildcard inside asks; most do.
    simple: Option<Simple>,
}

#[derive(Clone, Copy, Debug)]
enum Simple {
    Whole,
    Start,
    End,
    Inside,
}

enum Matched {
    Yes,
    No,
    /// No, and no later start will do either.
    Never,
}

impl Like {
    pub(super) fn new(pattern: &str) -> Self {
        let inner = pattern.trim_matches('%');
        let simple = if inner.contains(['%', '_', '\\']) || (inner.is_empty() && pattern.len() > 1)
        {
            None
        } else {
            let (start, end) = (pattern.starts_with('%'), pattern.ends_with('%'));
            Some(match (start, end) {
                (false, false) => Simple::Whole,
                (false, true) => Simple::Start,
                (true, false) => Simple::End,
                (true, true) => Simple::Inside,
            })
        };
        Self {
            pattern: pattern.into(),
            simple,
        }
    }

    /// A pattern that matches or not, whatever the text.
    ///
    /// # Errors
    /// 22025 where it ends with a backslash that is before nothing.
    pub(crate) fn checked(pattern: &str) -> Result<Self, Error> {
        let backslashes = pattern.len() - pattern.trim_end_matches('\\').len();
        match backslashes % 2 {
            0 => Ok(Self::new(pattern)),
            _ => Err(dangling()),
        }
    }

    pub(crate) fn matches(&self, text: &str) -> Result<bool, Error> {
        let inner = self.pattern.trim_matches('%');
        Ok(match self.simple {
            Some(Simple::Whole) => text == inner,
            Some(Simple::Start) => text.starts_with(inner),
            Some(Simple::End) => text.ends_with(inner),
            Some(Simple::Inside) => text.contains(inner),
            None => matches!(walk(text, &self.pattern)?, Matched::Yes),
        })
    }
}

/// Does a text match a pattern?
pub(super) fn like(text: &str, pattern: &str) -> Result<bool, Error> {
    Ok(matches!(walk(text, pattern)?, Matched::Yes))
}

fn dangling() -> Error {
    let message = "a LIKE pattern must not end with its escape character";
    Error::new(ErrorCode::TypeMismatch, message).sqlstate("22025")
}

/// As `MatchText` in Postgres's `like_match.c`, whose error comes where it comes there.
fn walk(text: &str, pattern: &str) -> Result<Matched, Error> {
    let (mut text, mut pattern) = (text, pattern);
    if pattern == "%" {
        return Ok(Matched::Yes);
    }
    while let Some(t) = text.chars().next() {
        let mut wanted = pattern.chars();
        match wanted.next() {
            None => return Ok(Matched::No),
            Some('\\') => {
                let literal = wanted.next().ok_or_else(dangling)?;
                if literal != t {
                    return Ok(Matched::No);
                }
            }
            Some('%') => return walk_rest(text, wanted.as_str()),
            Some('_') => {}
            Some(literal) if literal == t => {}
            Some(_) => return Ok(Matched::No),
        }
        text = &text[t.len_utf8()..];
        pattern = wanted.as_str();
    }
    Ok(match pattern.trim_start_matches('%') {
        "" => Matched::Yes,
        _ => Matched::Never,
    })
}

/// After a `%`: from which character on does the rest match?
fn walk_rest(text: &str, pattern: &str) -> Result<Matched, Error> {
    let (mut text, mut pattern) = (text, pattern);
    loop {
        if let Some(rest) = pattern.strip_prefix('%') {
            pattern = rest;
        } else if let Some(rest) = pattern.strip_prefix('_') {
            let Some(c) = text.chars().next() else {
                return Ok(Matched::Never);
            };
            text = &text[c.len_utf8()..];
            pattern = rest;
        } else {
            break;
        }
    }
    let mut wanted = pattern.chars();
    let first = match wanted.next() {
        None => return Ok(Matched::Yes),
        Some('\\') => wanted.next().ok_or_else(dangling)?,
        Some(other) => other,
    };
    for (at, c) in text.char_indices() {
        if c == first {
            match walk(&text[at..], pattern)? {
                Matched::No => {}
                done => return Ok(done),
            }
        }
    }
    Ok(Matched::Never)
}
