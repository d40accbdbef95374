//! Names, texts and comments in TypeScript's notation.

/// A property's name, quoted where it is no identifier.
pub(super) fn property(name: &str) -> String {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if plain { name.to_owned() } else { quoted(name) }
}

/// A text as a literal in single quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            // These two end a line in older JavaScript.
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A doc comment, which must not end early.
pub(super) fn comment(text: Option<&str>, indent: &str, out: &mut String) {
    let Some(text) = text.filter(|t| !t.trim().is_empty()) else {
        return;
    };
    let safe = text.replace("*/", "* /");
    let lines: Vec<&str> = safe.lines().map(str::trim).collect();
    if let [line] = lines[..] {
        out.push_str(&format!("{indent}/** {line} */\n"));
        return;
    }
    out.push_str(&format!("{indent}/**\n"));
    for line in lines {
        out.push_str(&format!("{indent} * {line}\n"));
    }
    out.push_str(&format!("{indent} */\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_names() {
        assert_eq!(property("user_id"), "user_id");
        assert_eq!(property("it's \\ odd\n"), "'it\\'s \\\\ odd\\n'");
        assert_eq!(property("2nd"), "'2nd'");
        let mut out = String::new();
        comment(Some("ends */ early"), "", &mut out);
        assert_eq!(out, "/** ends * / early */\n");
    }
}
