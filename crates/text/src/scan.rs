//! Reads the words of text forms, quoted or bare, which vectors and queries have in common.

use crate::Error;
use crate::config::WORD_BYTES_MAX;
use crate::letters::Letters;

/// Where the words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Separated by space.
    Vector,
    /// Between operators.
    Query,
    /// In what a user typed, where nothing is wrong.
    Web,
}

/// A reader of a text form.
pub(crate) struct Scan<'a> {
    rest: &'a str,
    letters: Letters,
    style: Style,
}

pub(crate) fn is_operator(c: char) -> bool {
    matches!(c, '!' | '&' | '|' | '(' | ')' | '<')
}

impl<'a> Scan<'a> {
    pub fn new(rest: &'a str, letters: Letters, style: Style) -> Self {
        Self {
            rest,
            letters,
            style,
        }
    }

    pub fn rest(&self) -> &'a str {
        self.rest
    }

    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub fn step(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    pub fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.step();
        }
        found
    }

    pub fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    pub fn is_space(&self, c: char) -> bool {
        self.letters.is_space_of_forms(c)
    }

    pub fn is_word(&self, c: char) -> bool {
        self.letters.is_word(c)
    }

    pub fn skip_space(&mut self) {
        while self.peek().is_some_and(|c| self.is_space(c)) {
            self.step();
        }
    }

    /// Digits.
    pub fn number(&mut self) -> Option<i64> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        let add =
            |sum: i64, digit: u8| sum.saturating_mul(10).saturating_add((digit - b'0').into());
        (digits > 0).then(|| number.bytes().fold(0, add))
    }

    /// The next word, if there is one.
    ///
    /// # Errors
    /// `Syntax`: it is none. `TooLong`.
    pub fn word(&mut self) -> Result<Option<String>, Error> {
        self.skip_space();
        let mut word = String::new();
        let Some(first) = self.peek() else {
            return Ok(None);
        };
        if self.style != Style::Web && first == '\'' {
            self.step();
            self.quoted(&mut word)?;
        } else {
            if self.style != Style::Vector && is_operator(first) {
                return Err(Error::Syntax);
            }
            self.bare(&mut word)?;
        }
        if word.is_empty() {
            return Err(Error::Syntax);
        }
        match self.style {
            Style::Vector if word.len() >= WORD_BYTES_MAX => Err(Error::TooLong),
            _ => Ok(Some(word)),
        }
    }

    fn bare(&mut self, word: &mut String) -> Result<(), Error> {
        let mut is_first = true;
        while let Some(c) = self.peek() {
            let ends = match (c, self.style) {
                (':', _) => !is_first,
                ('"', Style::Web) => !is_first,
                (_, Style::Query | Style::Web) if is_operator(c) => true,
                _ => self.is_space(c),
            };
            if ends {
                break;
            }
            self.step();
            word.push(match (c, self.style) {
                ('\\', Style::Vector | Style::Query) => self.step().ok_or(Error::Syntax)?,
                _ => c,
            });
            is_first = false;
        }
        Ok(())
    }

    fn quoted(&mut self, word: &mut String) -> Result<(), Error> {
        loop {
            match self.step().ok_or(Error::Syntax)? {
                '\'' if !self.eat('\'') => return Ok(()),
                '\\' => word.push(self.step().ok_or(Error::Syntax)?),
                c => word.push(c),
            }
        }
    }
}

/// Writes a word in quotes.
pub(crate) fn push_quoted(out: &mut String, word: &str) {
    out.push('\'');
    for c in word.chars() {
        if matches!(c, '\'' | '\\') {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
}
