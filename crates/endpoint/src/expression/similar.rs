//! LIKE's ESCAPE and SIMILAR TO, rewritten as Postgres itself rewrites them.

/// The escape character; `None` where there is none.
fn escape_char(escape: &str) -> Result<Option<char>, String> {
    let mut characters = escape.chars();
    match (characters.next(), characters.next()) {
        (escape, None) => Ok(escape),
        _ => Err(format!("its escape is more than one character: '{escape}'")),
    }
}

/// A LIKE pattern whose escape character is the backslash (`do_like_escape`).
pub(super) fn like_escape(pattern: &str, escape: &str) -> Result<String, String> {
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
pub(super) fn regular(pattern: &str, escape: &str) -> Result<String, String> {
    let escape = escape_char(escape)?;
    let mut out = String::from("^(?:");
    let mut after_escape = false;
    let mut in_class = false;
    for c in pattern.chars() {
        if after_escape {
            if c == '"' && !in_class {
                return Err("its SIMILAR TO pattern has parts for SUBSTRING".into());
            }
            out.push('\\');
            out.push(c);
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
                '[' => {
                    out.push('[');
                    in_class = true;
                }
                '%' => out.push_str(".*"),
                '_' => out.push('.'),
                '(' => out.push_str("(?:"),
                '\\' | '.' | '^' | '$' => {
                    out.push('\\');
                    out.push(c);
                }
                _ => out.push(c),
            }
        }
    }
    out.push_str(")$");
    Ok(out)
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
            assert_eq!(regular(pattern, "\\").as_deref(), Ok(expected));
        }
    }
}
