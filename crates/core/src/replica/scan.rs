//! Reads `rows` lines of the wire without building JSON values.
//!
//! Strict about the shape that the endpoint writes; what deviates (another order of members, say)
//! is left to the general reader.

use memchr::memchr2;
use std::borrow::Cow;

pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes past a literal text.
    pub fn literal(&mut self, literal: &str) -> Option<()> {
        self.text[self.at..]
            .starts_with(literal)
            .then(|| self.at += literal.len())
    }

    /// Goes past a byte, if it is next.
    pub fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    /// Is everything read, but for blanks?
    pub fn done(&self) -> bool {
        self.text[self.at..]
            .bytes()
            .all(|b| b.is_ascii_whitespace())
    }

    /// A string, or `null`.
    #[inline]
    pub fn text(&mut self) -> Option<Option<Cow<'a, str>>> {
        if self.take(b'"') {
            return self.string().map(Some);
        }
        self.literal("null").map(|()| None)
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let len = memchr2(b'"', b'\\', &bytes[start..])?;
        self.at = start + len;
        match bytes[self.at] {
            b'"' => {
                self.at += 1;
                Some(Cow::Borrowed(&self.text[start..start + len]))
            }
            b'\\' => self.escaped(start),
            _ => None,
        }
    }

    /// A string with escapes; the general reader knows them all.
    fn escaped(&mut self, start: usize) -> Option<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let quoted = &self.text[start - 1..self.at];
        serde_json::from_str::<String>(quoted).ok().map(Cow::Owned)
    }
}
