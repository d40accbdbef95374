//! Single characters of patterns: escapes, classes, brackets.

use super::super::host::change_char;
use super::parse::{Atom, Fault, Parser};
use super::{Re, Set};
use std::sync::Arc;

/// Postgres looks for other cases of so many characters of a range.
const RANGE_CASES_MAX: u32 = 100_000;

pub(super) const CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "xdigit", "word",
];

impl Parser {
    pub(super) fn one(&self, c: char) -> Re {
        let mut set = Set::default();
        self.add(&mut set, c, c);
        Re::One(set)
    }

    /// Adds a range, and where case doesn't count its characters' other cases.
    fn add(&self, set: &mut Set, from: char, to: char) {
        let (first, last) = (u32::from(from), u32::from(to));
        let cased = self.options.ignore_case;
        if !cased || from != to {
            set.ranges.push((first, last));
        }
        if !cased {
            return;
        }
        for code in first..=last.min(first.saturating_add(RANGE_CASES_MAX)) {
            let Some(c) = char::from_u32(code) else {
                continue;
            };
            for upper in [false, true] {
                let other = match (self.options.ascii, upper) {
                    (true, false) => c.to_ascii_lowercase(),
                    (true, true) => c.to_ascii_uppercase(),
                    (false, upper) => change_char(c, upper),
                };
                if other != c || from == to {
                    set.ranges.push((other.into(), other.into()));
                }
            }
        }
    }

    fn class(&self, set: &mut Set, name: &str, complement: bool) -> Result<(), Fault> {
        let name = match name {
            "lower" | "upper" if self.options.ignore_case => "alpha",
            other => other,
        };
        let known = CLASSES.iter().position(|known| *known == name);
        set.classes.push((known.ok_or(Fault::Invalid)?, complement));
        Ok(())
    }

    /// The class of `\d` and the like, and whether its complement is meant.
    fn shorthand(c: char) -> Option<(&'static str, bool)> {
        Some(match c {
            'd' | 'D' => ("digit", c == 'D'),
            's' | 'S' => ("space", c == 'S'),
            'w' | 'W' => ("word", c == 'W'),
            _ => return None,
        })
    }

    pub(super) fn escape(&mut self) -> Result<Atom, Fault> {
        let c = self.next()?;
        if let Some((name, complement)) = Self::shorthand(c) {
            let mut set = Set::default();
            self.class(&mut set, name, complement)?;
            return Ok(Atom::Simple(Re::One(set)));
        }
        Ok(Atom::Constraint(match c {
            'A' => Re::Look(false, false, Arc::new(any())),
            'Z' => Re::Look(true, false, Arc::new(any())),
            'm' => Re::Word(true, false),
            'M' => Re::Word(false, true),
            'y' => Re::Word(true, true),
            'Y' => Re::Word(false, false),
            '1'..='9' => {
                let start = self.at;
                let mut number = c.to_digit(10).unwrap_or(0) as usize;
                while let Some(digit) = self.peek(0).to_digit(10) {
                    number = number.saturating_mul(10).saturating_add(digit as usize);
                    self.at += 1;
                }
                if self.at == start || number < self.groups.len() {
                    return match self.looking {
                        true => Err(Fault::Invalid),
                        false => Ok(Atom::Reference(number)),
                    };
                }
                self.at = start;
                return Ok(Atom::Simple(self.octal()));
            }
            _ => return self.escaped(c).map(|c| Atom::Simple(self.one(c))),
        }))
    }

    fn octal(&mut self) -> Re {
        self.at -= 1;
        let mut code = 0;
        for _ in 0..3 {
            match self.peek(0).to_digit(8) {
                Some(digit) if code * 8 + digit <= 0xff => code = code * 8 + digit,
                _ => break,
            }
            self.at += 1;
        }
        self.one(char::from(code as u8))
    }

    /// The character that an escape means.
    fn escaped(&mut self, c: char) -> Result<char, Fault> {
        Ok(match c {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'B' => '\\',
            'c' => char::from((u32::from(self.next()?) & 0x1f) as u8),
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'u' => self.hex(4, 4)?,
            'U' => self.hex(8, 8)?,
            'x' => self.hex(1, 255)?,
            '0' => {
                let Re::One(set) = self.octal() else {
                    return Err(Fault::Invalid);
                };
                let code = set.ranges.first().map_or(0, |range| range.0);
                char::from_u32(code).ok_or(Fault::Invalid)?
            }
            c if c.is_ascii_alphanumeric() => return Err(Fault::Invalid),
            other => other,
        })
    }

    fn hex(&mut self, min: u32, max: u32) -> Result<char, Fault> {
        let (mut code, mut digits) = (0u32, 0);
        while digits < max
            && let Some(digit) = self.peek(0).to_digit(16)
        {
            code = code.checked_mul(16).ok_or(Fault::Invalid)? + digit;
            digits += 1;
            self.at += 1;
        }
        match digits >= min {
            true => char::from_u32(code).ok_or(Fault::Invalid),
            false => Err(Fault::Invalid),
        }
    }

    pub(super) fn bracket(&mut self) -> Result<Re, Fault> {
        let mut set = Set::default();
        if self.eat("^") {
            set.negated = true;
            set.ranges = self.line_end();
        }
        let start = self.at;
        loop {
            let first = self.at == start;
            let c = self.next()?;
            match c {
                ']' if !first => return Ok(Re::One(set)),
                // A range has a start.
                '-' if !first && self.peek(0) != ']' => return Err(Fault::Invalid),
                _ => {}
            }
            let Some(from) = self.element(c, &mut set)? else {
                continue;
            };
            let mut to = from;
            if self.peek(0) == '-' && self.peek(1) != ']' {
                self.at += 1;
                let c = self.next()?;
                to = match self.element(c, &mut set)? {
                    Some(to) if from <= to => to,
                    _ => return Err(Fault::Invalid),
                };
            }
            self.add(&mut set, from, to);
        }
    }

    /// A character in brackets; none where it was a class, which is in the set then.
    fn element(&mut self, c: char, set: &mut Set) -> Result<Option<char>, Fault> {
        if c == '\\' {
            let c = self.next()?;
            return match Self::shorthand(c) {
                Some((name, complement)) => self.class(set, name, complement).map(|()| None),
                None => self.escaped(c).map(Some),
            };
        }
        let kind = self.peek(0);
        if c != '[' || !matches!(kind, ':' | '.' | '=') {
            return Ok(Some(c));
        }
        self.at += 1;
        let mut name = String::new();
        while !(self.peek(0) == kind && self.peek(1) == ']') {
            name.push(self.next()?);
        }
        self.at += 2;
        if kind == ':' {
            return self.class(set, &name, false).map(|()| None);
        }
        let mut characters = name.chars();
        match (characters.next(), characters.next(), kind) {
            (Some(one), None, '.') => Ok(Some(one)),
            (Some(one), None, _) => {
                self.add(set, one, one);
                Ok(None)
            }
            _ => Err(Fault::Invalid),
        }
    }
}

fn any() -> Re {
    Re::One(Set {
        negated: true,
        ..Set::default()
    })
}
