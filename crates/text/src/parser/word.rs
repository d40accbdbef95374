//! Words, plain and hyphenated, and what begins as a word and turns out to be more.

use super::host::Found;
use super::{Kind, Next, Parser};

impl Parser<'_> {
    /// A word, or what begins as one.
    pub(super) fn word(&mut self, start: usize) -> Option<(Kind, usize)> {
        let first = self.char(start)?;
        if !first.is_ascii_alphabetic() {
            let is_word = self.letters.is_alphabetic(first);
            return is_word.then(|| self.letters_of(start + first.len_utf8()));
        }
        let end = self.while_bytes(start, |byte| byte.is_ascii_alphabetic());
        let found = match self.byte(end) {
            b'.' => (self.host(end)).or_else(|| self.dotted_file(end)),
            b'-' => (self.host(end)).or_else(|| self.hyphenated(end, Kind::HyphenatedAsciiWord)),
            b'_' => self.host(end),
            b'@' => self.email(end),
            b':' => self.protocol(end),
            b'/' => self.path(end).map(|end| (Kind::File, end)),
            b'0'..=b'9' => return (self.host(end)).or_else(|| Some(self.letters_and_digits(end))),
            _ => None,
        };
        found.or_else(|| match self.char(end) {
            Some(c) if self.letters.is_alphabetic(c) || self.letters.is_special(c) => {
                Some(self.letters_of(end))
            }
            _ => Some((Kind::AsciiWord, end)),
        })
    }

    /// The rest of a word with letters of any script.
    fn letters_of(&mut self, from: usize) -> (Kind, usize) {
        let end = self.run(from, false);
        match self.byte(end) {
            b'0'..=b'9' => self.letters_and_digits(end),
            b'-' => (self.hyphenated(end, Kind::HyphenatedWord)).unwrap_or((Kind::Word, end)),
            _ => (Kind::Word, end),
        }
    }

    /// The rest of a word with letters and digits.
    pub(super) fn letters_and_digits(&mut self, from: usize) -> (Kind, usize) {
        let end = self.run(from, true);
        let found = match self.byte(end) {
            b'@' => self.email(end),
            b'/' => self.path(end).map(|end| (Kind::File, end)),
            b'.' => self.dotted_file(end),
            b'-' => self.hyphenated(end, Kind::HyphenatedNumWord),
            _ => None,
        };
        found.unwrap_or((Kind::NumWord, end))
    }

    /// The end of letters, signs that belong to them, and perhaps digits.
    fn run(&self, from: usize, digits: bool) -> usize {
        let ends = |&(_, c): &(usize, char)| {
            !(self.letters.is_alphabetic(c)
                || digits && c.is_ascii_digit()
                || self.letters.is_special(c))
        };
        let end = self.text[from..].char_indices().find(ends);
        end.map_or(self.text.len(), |(at, _)| from + at)
    }

    /// `://` after a word.
    fn protocol(&self, colon: usize) -> Option<(Kind, usize)> {
        let end = colon + 3;
        (self.text.as_bytes().get(colon..end) == Some(b"://")).then_some((Kind::Protocol, end))
    }

    /// A hyphenated word whose first part, of such letters, ends at a hyphen.
    fn hyphenated(&mut self, mut hyphen: usize, mut kind: Kind) -> Option<(Kind, usize)> {
        let mut found = None;
        while self.byte(hyphen) == b'-' {
            let Some((end, other)) = self.next_part(hyphen + 1, kind) else {
                break;
            };
            kind = other;
            found = Some((kind, end));
            hyphen = end;
        }
        if found.is_some() {
            self.next = Next::PartOfWord;
        }
        found
    }

    /// The end of a part that begins here, and the kind of a word of this kind with it.
    fn next_part(&self, start: usize, kind: Kind) -> Option<(usize, Kind)> {
        let first = self.char(start)?;
        if first.is_ascii_digit() {
            let letter = self.digits(start);
            let after = self.char(letter)?;
            let goes_on = self.letters.is_alphabetic(after) || self.letters.is_special(after);
            return goes_on.then(|| (self.run(letter, true), Kind::HyphenatedNumWord));
        }
        if !self.letters.is_alphabetic(first) {
            return None;
        }
        let (end, part) = self.part_from(start);
        let kind = match (kind, part) {
            (Kind::HyphenatedAsciiWord, Kind::HyphenatedAsciiPart) => kind,
            (Kind::HyphenatedNumWord, _) | (_, Kind::HyphenatedNumPart) => Kind::HyphenatedNumWord,
            _ => Kind::HyphenatedWord,
        };
        Some((end, kind))
    }

    /// The end of a part that begins with a letter, and its kind.
    fn part_from(&self, start: usize) -> (usize, Kind) {
        let ascii = self.while_bytes(start, |byte| byte.is_ascii_alphabetic());
        let letters = self.run(ascii, false);
        if self.is_digit(letters) {
            (self.run(letters, true), Kind::HyphenatedNumPart)
        } else if letters > ascii {
            (letters, Kind::HyphenatedPart)
        } else {
            (ascii, Kind::HyphenatedAsciiPart)
        }
    }

    /// The next part of a hyphenated word that was taken as a whole, or the hyphen before it.
    pub(super) fn part(&self, start: usize) -> Option<(Kind, usize)> {
        let first = self.char(start)?;
        if first == '-' {
            let after = self.char(start + 1)?;
            let goes_on = self.letters.is_alphanumeric(after) || self.letters.is_special(after);
            return goes_on.then_some((Kind::Blank, start + 1));
        }
        if self.letters.is_alphabetic(first) {
            let (end, kind) = self.part_from(start);
            return Some((kind, end));
        }
        let (end, _) = self.next_part(start, Kind::HyphenatedNumWord)?;
        Some((Kind::HyphenatedNumPart, end))
    }

    /// A mail address whose name ends at this `@`.
    pub(super) fn email(&self, at_sign: usize) -> Option<(Kind, usize)> {
        self.email_end(at_sign).map(|end| (Kind::Email, end))
    }

    /// A host whose first letters and digits end here or reach on, or a mail address or URL.
    pub(super) fn host(&mut self, from: usize) -> Option<(Kind, usize)> {
        match self.host_from(from)? {
            Found::Host(end) => Some((Kind::Host, end)),
            Found::Email(end) => Some((Kind::Email, end)),
            Found::Url(host_end, end) => {
                self.next = Next::HostOfUrl(host_end, end);
                Some((Kind::Url, end))
            }
        }
    }
}
