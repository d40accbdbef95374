//! Postgres's regular expressions as ECMAScript's, with the flags `s` and `u`.
//!
//! Only whether something matches is kept, never where: Postgres takes the longest match,
//! ECMAScript the first. Case is spelled out in classes, since ECMAScript's folding knows more
//! pairs than Postgres's. What has no exact counterpart is refused in words.

use super::collation::Letters;
use super::patterns::cases;
use haversack_core::expr::letters;
use std::iter::Peekable;
use std::str::Chars;

/// The largest range of characters whose other cases are spelled out.
const RANGE_MAX: u32 = 0x800;

/// Translates a regular expression.
///
/// # Errors
/// What can't be translated, in words.
pub(super) fn translate(
    pattern: &str,
    flags: &str,
    ignore_case: bool,
    letters: impl Fn() -> Result<Letters, String>,
) -> Result<String, String> {
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + 8),
        ignore_case,
        letters: &letters,
    };
    translator.options(flags)?;
    let body = pattern.strip_prefix("***:").unwrap_or(pattern);
    if let Some(literal) = pattern.strip_prefix("***=") {
        for c in literal.chars() {
            translator.literal(c)?;
        }
        return Ok(translator.out);
    }
    translator.rest = body.chars().peekable();
    if let Some((options, rest)) = embedded(body) {
        translator.options(options)?;
        translator.rest = rest.chars().peekable();
        if options.contains('q') {
            for c in rest.chars() {
                translator.literal(c)?;
            }
            return Ok(translator.out);
        }
    }
    translator.all()?;
    Ok(translator.out)
}

/// `(?xyz)` at the start.
fn embedded(body: &str) -> Option<(&str, &str)> {
    let (options, rest) = body.strip_prefix("(?")?.split_once(')')?;
    let only = !options.is_empty() && options.bytes().all(|b| b.is_ascii_lowercase());
    only.then_some((options, rest))
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    ignore_case: bool,
    letters: &'a dyn Fn() -> Result<Letters, String>,
}

/// A part of a bracket expression.
enum Item {
    Char(char),
    Class(&'static str),
}

impl Translator<'_> {
    fn options(&mut self, options: &str) -> Result<(), String> {
        for option in options.chars() {
            match option {
                'i' => self.ignore_case = true,
                'c' => self.ignore_case = false,
                // The defaults, and what only says what the syntax is.
                's' | 't' | 'q' | 'e' => {}
                other => return Err(format!("its regular expression has the option {other}")),
            }
        }
        Ok(())
    }

    fn all(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.next() {
            match c {
                '(' => self.open()?,
                ')' | '|' | '^' | '$' | '.' => self.out.push(c),
                '*' | '+' | '?' => self.out.push(c),
                '{' if self.rest.peek().is_some_and(char::is_ascii_digit) => self.bound()?,
                '[' => self.bracket()?,
                '\\' => self.escape()?,
                other => self.literal(other)?,
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        if self.rest.peek() != Some(&'?') {
            // What a group captures is never asked for.
            self.out.push_str("(?:");
            return Ok(());
        }
        self.rest.next();
        self.out.push_str("(?");
        match self.rest.next() {
            Some(c @ (':' | '=' | '!')) => self.out.push(c),
            Some('<') => match self.rest.next() {
                Some(c @ ('=' | '!')) => {
                    self.out.push('<');
                    self.out.push(c);
                }
                _ => return Err("its regular expression has a group of unknown kind".into()),
            },
            _ => return Err("its regular expression has a group of unknown kind".into()),
        }
        Ok(())
    }

    fn bound(&mut self) -> Result<(), String> {
        self.out.push('{');
        for c in self.rest.by_ref() {
            match c {
                '}' => {
                    self.out.push('}');
                    return Ok(());
                }
                ',' => self.out.push(c),
                c if c.is_ascii_digit() => self.out.push(c),
                _ => break,
            }
        }
        Err("its regular expression has a bound that can't be read".into())
    }

    fn literal(&mut self, c: char) -> Result<(), String> {
        let all = match self.ignore_case {
            true => cases(c, (self.letters)()?),
            false => vec![c],
        };
        if let [one] = all[..] {
            push_char(one, &mut self.out);
            return Ok(());
        }
        self.out.push('[');
        for c in all {
            push_char(c, &mut self.out);
        }
        self.out.push(']');
        Ok(())
    }

    /// `[[:alpha:]]` and the like, without the brackets.
    fn class(&self, name: &str) -> Result<&'static str, String> {
        let ascii = match name {
            "digit" => return Ok("0-9"),
            "xdigit" => return Ok("0-9A-Fa-f"),
            // Glibc's and Postgres's own tables agree on these.
            "blank" | "space" | "alpha" | "alnum" | "upper" | "lower" | "punct" | "word"
            | "cntrl" | "graph" | "print" | "ascii" => (self.letters)()? == Letters::Ascii,
            other => return Err(format!("its regular expression has the class {other}")),
        };
        let ignore = self.ignore_case;
        Ok(match (name, ascii) {
            ("ascii", _) => "\\x00-\\x7f",
            ("blank", true) => "\\t ",
            ("space", true) => "\\t-\\r ",
            ("alpha", true) => "A-Za-z",
            ("alnum", true) => "0-9A-Za-z",
            ("word", true) => "0-9A-Z_a-z",
            ("upper" | "lower", true) if ignore => "A-Za-z",
            ("upper", true) => "A-Z",
            ("lower", true) => "a-z",
            ("punct", true) => "!-\\/:-@\\[-`\\{-~",
            ("cntrl", true) => "\\x00-\\x1f\\x7f",
            ("graph", true) => "!-~",
            ("print", true) => " -~",
            ("space", false) => letters::SPACE,
            ("blank", false) => "\\t\\x20",
            ("alpha", false) => letters::ALPHA,
            ("alnum", false) => letters::ALNUM,
            ("word", false) => letters::WORD,
            ("upper", false) if !ignore => letters::UPPER,
            ("lower", false) if !ignore => letters::LOWER,
            (other, _) => {
                return Err(format!(
                    "its regular expression asks which characters beyond ASCII are {other}"
                ));
            }
        })
    }

    fn escape(&mut self) -> Result<(), String> {
        let c = self
            .rest
            .next()
            .ok_or("its regular expression ends in a backslash")?;
        let class = match c.to_ascii_lowercase() {
            'd' => Some("digit"),
            's' => Some("space"),
            'w' => Some("word"),
            _ => None,
        };
        if let Some(class) = class {
            let class = self.class(class)?;
            self.out
                .push_str(if c.is_ascii_uppercase() { "[^" } else { "[" });
            self.out.push_str(class);
            self.out.push(']');
            return Ok(());
        }
        match c {
            'A' => self.out.push('^'),
            'Z' => self.out.push('$'),
            'm' | 'M' | 'y' | 'Y' => {
                let word = self.class("word")?;
                let (before, after) = (format!("(?<=[{word}])"), format!("(?=[{word}])"));
                let (none_before, none_after) = (format!("(?<![{word}])"), format!("(?![{word}])"));
                self.out.push_str(&match c {
                    'm' => format!("{none_before}{after}"),
                    'M' => format!("{before}{none_after}"),
                    'y' => format!("(?:{none_before}{after}|{before}{none_after})"),
                    _ => format!("(?:{before}{after}|{none_before}{none_after})"),
                });
            }
            _ => {
                let c = self.escaped(c)?;
                self.literal(c)?;
            }
        }
        Ok(())
    }

    /// The character that an escape means.
    fn escaped(&mut self, c: char) -> Result<char, String> {
        let bad = || format!("its regular expression has the escape \\{c}");
        Ok(match c {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'B' => '\\',
            'c' => {
                let letter = self.rest.next().ok_or_else(bad)?;
                char::from_u32(u32::from(letter) & 0x1f).ok_or_else(bad)?
            }
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'u' => self.hex(4, 4).ok_or_else(bad)?,
            'U' => self.hex(8, 8).ok_or_else(bad)?,
            // At most 255 digits, says Postgres; eight are more than any character has.
            'x' => self.hex(1, 8).ok_or_else(bad)?,
            '0' => {
                let mut code = 0;
                for _ in 0..2 {
                    match self.rest.peek().and_then(|c| c.to_digit(8)) {
                        Some(digit) => code = code * 8 + digit,
                        None => break,
                    }
                    self.rest.next();
                }
                char::from_u32(code).ok_or_else(bad)?
            }
            '1'..='9' => return Err("its regular expression refers back to a group".into()),
            c if c.is_ascii_alphanumeric() => return Err(bad()),
            other => other,
        })
    }

    fn hex(&mut self, min: u32, max: u32) -> Option<char> {
        let (mut code, mut digits) = (0u32, 0);
        while digits < max {
            let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(16)) else {
                break;
            };
            code = code.checked_mul(16)?.checked_add(digit)?;
            digits += 1;
            self.rest.next();
        }
        if digits < min {
            return None;
        }
        char::from_u32(code)
    }

    fn bracket(&mut self) -> Result<(), String> {
        let mut body = String::new();
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut first = true;
        loop {
            let c = self
                .rest
                .next()
                .ok_or("its regular expression has an open bracket")?;
            if c == ']' && !first {
                break;
            }
            first = false;
            let from = match self.item(c)? {
                Item::Class(class) => {
                    body.push_str(class);
                    continue;
                }
                Item::Char(c) => c,
            };
            let mut ahead = self.rest.clone();
            let range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
            if !range {
                self.range(from, from, &mut body)?;
                continue;
            }
            self.rest.next();
            let to = self
                .rest
                .next()
                .ok_or("its regular expression has an open range")?;
            match self.item(to)? {
                Item::Char(to) if from <= to => self.range(from, to, &mut body)?,
                _ => return Err("its regular expression has a range of unknown kind".into()),
            }
        }
        self.out.push_str(if negated { "[^" } else { "[" });
        self.out.push_str(&body);
        self.out.push(']');
        Ok(())
    }

    fn item(&mut self, c: char) -> Result<Item, String> {
        if c == '\\' {
            let c = self
                .rest
                .next()
                .ok_or("its regular expression has an open bracket")?;
            return Ok(match c {
                'd' => Item::Class(self.class("digit")?),
                's' => Item::Class(self.class("space")?),
                'w' => Item::Class(self.class("word")?),
                'D' | 'S' | 'W' => {
                    return Err(format!("its regular expression has \\{c} in brackets"));
                }
                _ => Item::Char(self.escaped(c)?),
            });
        }
        let kind = self.rest.peek().copied();
        if c != '[' || !matches!(kind, Some(':' | '.' | '=')) {
            return Ok(Item::Char(c));
        }
        let kind = self.rest.next().unwrap_or_default();
        let mut name = String::new();
        loop {
            let c = self
                .rest
                .next()
                .ok_or("its regular expression has an open class")?;
            if c == kind && self.rest.next_if_eq(&']').is_some() {
                break;
            }
            name.push(c);
        }
        if kind == ':' {
            return Ok(Item::Class(self.class(&name)?));
        }
        let mut characters = name.chars();
        match (characters.next(), characters.next()) {
            (Some(one), None) => Ok(Item::Char(one)),
            _ => Err(format!("its regular expression has the element {name}")),
        }
    }

    fn range(&mut self, from: char, to: char, body: &mut String) -> Result<(), String> {
        push_range(from, to, body);
        if !self.ignore_case {
            return Ok(());
        }
        if u32::from(to) - u32::from(from) > RANGE_MAX {
            return Err("its regular expression ignores case in a large range".into());
        }
        let letters = (self.letters)()?;
        let mut others: Vec<char> = (from..=to)
            .flat_map(|c| cases(c, letters))
            .filter(|c| !(from..=to).contains(c))
            .collect();
        others.sort_unstable();
        others.dedup();
        let mut others = others.into_iter().peekable();
        while let Some(start) = others.next() {
            let mut end = start;
            while let Some(next) = others.next_if(|c| u32::from(*c) == u32::from(end) + 1) {
                end = next;
            }
            push_range(start, end, body);
        }
        Ok(())
    }
}

fn push_range(from: char, to: char, out: &mut String) {
    push_char(from, out);
    if from != to {
        if u32::from(to) - u32::from(from) > 1 {
            out.push('-');
        }
        push_char(to, out);
    }
}

/// Appends a character so that it means itself, within brackets and without.
fn push_char(c: char, out: &mut String) {
    if "^$\\.*+?()[]{}|/".contains(c) {
        out.push('\\');
        out.push(c);
    } else if c == '-' {
        // Outside of brackets a hyphen can't be escaped.
        out.push_str("\\x2d");
    } else if c.is_control() {
        out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
    } else {
        out.push(c);
    }
}
