//! LIKE's ESCAPE and SIMILAR TO, rewritten as Postgres itself rewrites them, and quoting.

use super::cast::invalid;
use crate::error::Error;

/// The escape character; `None` where there is none.
fn escape_char(escape: &str) -> Result<Option<char>, Error> {
    let mut characters = escape.chars();
    match (characters.next(), characters.next()) {
        (escape, None) => Ok(escape),
        _ => Err(invalid("an escape is one character or none", "22025")),
    }
}

/// A LIKE pattern whose escape character is the backslash (`do_like_escape`).
pub(super) fn like_escape(pattern: &str, escape: &str) -> Result<String, Error> {
    let escape = escape_char(escape)?;
    let mut out = String::with_capacity(pattern.len() + 4);
    let mut after_escape = false;
    for c in pattern.chars() {
        if escape == Some('\\') {
            out.push(c);
        } else if Some(c) == escape && !after_escape {
            out.push('\\');
            after_escape = true;
        } else if c == '\\' {
            out.push('\\');
            if !after_escape {
                out.push('\\');
            }
            after_escape = false;
        } else {
            out.push(c);
            after_escape = false;
        }
    }
    Ok(out)
}

/// The regular expression of a SIMILAR TO pattern (`similar_escape_internal`).
pub(super) fn similar_escape(pattern: &str, escape: &str) -> Result<String, Error> {
    let escape = escape_char(escape)?;
    let mut out = String::from("^(?:");
    let (mut after_escape, mut in_class, mut quotes) = (false, false, 0);
    for c in pattern.chars() {
        if after_escape {
            match (c == '"' && !in_class, quotes) {
                // What stands between two of these is what SUBSTRING takes out.
                (true, 0) => out.push_str("){1,1}?("),
                (true, 1) => out.push_str("){1,1}(?:"),
                (true, _) => {
                    let message = "a pattern may not have more than two escaped quotes";
                    return Err(invalid(message, "2200C"));
                }
                (false, _) => {
                    out.push('\\');
                    out.push(c);
                }
            }
            quotes += u8::from(c == '"' && !in_class);
            after_escape = false;
        } else if Some(c) == escape {
            after_escape = true;
        } else if in_class {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
            in_class = c != ']';
        } else {
            match c {
                '%' => out.push_str(".*"),
                '_' => out.push('.'),
                '(' => out.push_str("(?:"),
                '\\' | '.' | '^' | '$' => {
                    out.push('\\');
                    out.push(c);
                }
                _ => out.push(c),
            }
            in_class = c == '[';
        }
    }
    out.push_str(")$");
    Ok(out)
}

fn quoted(text: &str, twice: &[char], quote: char, out: &mut String) {
    out.push(quote);
    for c in text.chars() {
        out.push(c);
        if twice.contains(&c) {
            out.push(c);
        }
    }
    out.push(quote);
}

/// A text as a literal of SQL.
pub(super) fn quote_literal(text: &str) -> String {
    let mut out = String::from(if text.contains('\\') { "E" } else { "" });
    quoted(text, &['\'', '\\'], '\'', &mut out);
    out
}

/// A text as a name of SQL: in quotes where it is one of the keywords, or no plain word.
pub(super) fn quote_ident(text: &str, keywords: &str) -> String {
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'_' | b'0'..=b'9');
    let word = text.bytes().all(plain) && !text.starts_with(|c: char| c.is_ascii_digit());
    if word && !text.is_empty() && !keywords.split(' ').any(|keyword| keyword == text) {
        return text.to_owned();
    }
    let mut out = String::new();
    quoted(text, &['"'], '"', &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_backslashes() {
        for (pattern, escape, expected) in [
            ("a!%b!!c%", "!", "a\\%b\\!c%"),
            ("a\\%", "", "a\\\\%"),
            ("a\\%", "\\", "a\\%"),
            ("50\\!_%", "!", "50\\\\\\_%"),
        ] {
            assert_eq!(like_escape(pattern, escape).as_deref(), Ok(expected));
        }
        assert!(like_escape("a", "ab").is_err());
    }

    #[test]
    fn similar_patterns_become_regular_expressions() {
        for (pattern, expected) in [
            ("(a|b)%_", "^(?:(?:a|b).*.)$"),
            ("a.b$[.]", "^(?:a\\.b\\$[.])$"),
            ("a\\%b", "^(?:a\\%b)$"),
        ] {
            assert_eq!(similar_escape(pattern, "\\").as_deref(), Ok(expected));
        }
    }
}
