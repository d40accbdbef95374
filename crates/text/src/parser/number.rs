//! Numbers, and what begins as one.

use super::{Kind, Parser};

impl Parser<'_> {
    /// Digits, or what begins with them.
    pub(super) fn unsigned(&mut self, start: usize) -> (Kind, usize) {
        let end = self.digits(start);
        let found = match self.byte(end) {
            b'.' => (self.host(end)).or_else(|| self.decimal(end)),
            b'-' | b'_' => self.host(end),
            b'@' => self.email(end),
            b'/' => self.path(end).map(|end| (Kind::File, end)),
            byte if byte.is_ascii_alphabetic() => self.exponent(end).or_else(|| self.host(end)),
            _ => None,
        };
        found.unwrap_or_else(|| match self.char(end) {
            Some(c) if self.letters.is_alphabetic(c) || self.letters.is_special(c) => {
                self.letters_and_digits(end)
            }
            _ => (Kind::UnsignedInt, end),
        })
    }

    /// A number that begins at its sign.
    pub(super) fn signed(&self, start: usize) -> Option<(Kind, usize)> {
        let end = self.digits(start + 1);
        if end == start + 1 {
            return None;
        }
        let found = match self.byte(end) {
            b'.' => self.decimal(end),
            _ => self.exponent(end),
        };
        match found {
            // A version takes no sign.
            Some((Kind::Version, _)) => None,
            _ => Some(found.unwrap_or((Kind::Int, end))),
        }
    }

    /// A fraction, or a version where there are more dots.
    fn decimal(&self, dot: usize) -> Option<(Kind, usize)> {
        let mut end = self.digits(dot + 1);
        if end == dot + 1 {
            return None;
        }
        if self.byte(end) == b'.' && self.is_digit(end + 1) {
            while self.byte(end) == b'.' && self.is_digit(end + 1) {
                end = self.digits(end + 1);
            }
            return Some((Kind::Version, end));
        }
        Some(self.exponent(end).unwrap_or((Kind::Float, end)))
    }

    pub(super) fn exponent(&self, at: usize) -> Option<(Kind, usize)> {
        if !matches!(self.byte(at), b'e' | b'E') {
            return None;
        }
        let sign = usize::from(matches!(self.byte(at + 1), b'-' | b'+'));
        let start = at + 1 + sign;
        let end = self.digits(start);
        (end > start).then_some((Kind::ScientificFloat, end))
    }
}
