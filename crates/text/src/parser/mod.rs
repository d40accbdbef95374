//! Cuts a text into tokens as Postgres's default parser does, in time linear in the text's length.
//!
//! At each place the kinds that may begin there are tried in a fixed order. Those that look far
//! ahead and may fail (hosts, paths, mail addresses, comments) remember where nothing is to be
//! found, so that a long run of half-hosts is read once and not once for each of its words.

mod host;
mod markup;
mod number;
mod path;
mod word;

use crate::letters::Letters;

/// What a token is; the numbers are those of `ts_token_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Kind {
    AsciiWord = 1,
    Word,
    NumWord,
    Email,
    Url,
    Host,
    ScientificFloat,
    Version,
    HyphenatedNumPart,
    HyphenatedPart,
    HyphenatedAsciiPart,
    Blank,
    Tag,
    Protocol,
    HyphenatedNumWord,
    HyphenatedAsciiWord,
    HyphenatedWord,
    UrlPath,
    File,
    Float,
    Int,
    UnsignedInt,
    Entity,
}

/// A token: its kind and the bytes it covers. A hyphenated word or a URL is followed by its parts,
/// which cover the same bytes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// What follows a token that is followed by its parts.
#[derive(Clone, Copy)]
enum Next {
    Anything,
    /// The host of a URL, which ends here, and then its path, which ends there.
    HostOfUrl(usize, usize),
    PathOfUrl(usize),
    PartOfWord,
}

/// The tokens of a text.
pub(crate) struct Parser<'a> {
    text: &'a str,
    letters: Letters,
    at: usize,
    next: Next,
    /// Within a script or a style, of which nothing is taken.
    ignores: bool,
    /// The last range of bytes in which no dot, hyphen or underscore leads to a host.
    no_host: (usize, usize),
    /// The last one in which no slash leads to a file.
    no_file: (usize, usize),
    /// No comment ends from here on.
    no_comment_end: bool,
    /// Nothing that is left is read.
    is_lost: bool,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str, letters: Letters) -> Self {
        Self {
            text,
            letters,
            at: 0,
            next: Next::Anything,
            ignores: false,
            no_host: (0, 0),
            no_file: (0, 0),
            no_comment_end: false,
            is_lost: false,
        }
    }

    /// The byte at a place; at the end 0, which no text of Postgres holds.
    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn char(&self, at: usize) -> Option<char> {
        let byte = self.byte(at);
        if byte.is_ascii() {
            return (at < self.text.len()).then_some(byte as char);
        }
        self.text[at..].chars().next()
    }

    fn is_digit(&self, at: usize) -> bool {
        self.byte(at).is_ascii_digit()
    }

    fn is_ascii_letter(&self, at: usize) -> bool {
        self.byte(at).is_ascii_alphabetic()
    }

    /// The end of the bytes from here on that are so.
    fn while_bytes(&self, mut at: usize, is: impl Fn(u8) -> bool) -> usize {
        while at < self.text.len() && is(self.text.as_bytes()[at]) {
            at += 1;
        }
        at
    }

    fn digits(&self, at: usize) -> usize {
        self.while_bytes(at, |byte| byte.is_ascii_digit())
    }

    fn blank(&self, start: usize) -> (Kind, usize) {
        let first = self.char(start).map_or(1, char::len_utf8);
        let rest = self.text[start + first..].char_indices().find(|&(_, c)| {
            c == '<'
                || !self.ignores
                    && (matches!(c, '-' | '+' | '&' | '/') || self.letters.is_alphanumeric(c))
        });
        let end = rest.map_or(self.text.len(), |(at, _)| start + first + at);
        (Kind::Blank, end)
    }

    /// What begins here, whatever was before.
    fn anything(&mut self, start: usize) -> (Kind, usize) {
        let first = self.byte(start);
        let found = match first {
            b'<' => self.tag(start).map(|end| (Kind::Tag, end)),
            _ if self.ignores => None,
            b'0'..=b'9' => Some(self.unsigned(start)),
            b'-' | b'+' => self.signed(start),
            b'&' => self.entity(start).map(|end| (Kind::Entity, end)),
            b'~' | b'/' | b'.' => self.path(start).map(|end| (Kind::File, end)),
            _ => self.word(start),
        };
        found.unwrap_or_else(|| self.blank(start))
    }
}

impl Iterator for Parser<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        if start >= self.text.len() {
            return None;
        }
        let (kind, end) = match std::mem::replace(&mut self.next, Next::Anything) {
            Next::HostOfUrl(end, path_end) => {
                self.next = Next::PathOfUrl(path_end);
                (Kind::Host, end)
            }
            Next::PathOfUrl(end) => (Kind::UrlPath, end),
            Next::PartOfWord => match self.part(start) {
                Some(found) => {
                    self.next = Next::PartOfWord;
                    found
                }
                None => self.anything(start),
            },
            Next::Anything => self.anything(start),
        };
        if self.is_lost {
            self.at = self.text.len();
            return None;
        }
        // A whole leaves its parts to be read from the same place.
        self.at = match kind {
            Kind::Url
            | Kind::HyphenatedWord
            | Kind::HyphenatedAsciiWord
            | Kind::HyphenatedNumWord => start,
            _ => end,
        };
        Some(Token { kind, start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ctype;
    use std::time::Instant;

    fn kinds(text: &str) -> Vec<(u8, &str)> {
        let tokens = Parser::new(text, Letters::new(Ctype::Unicode, 15));
        tokens
            .map(|token| (token.kind as u8, &text[token.start..token.end]))
            .collect()
    }

    #[test]
    fn each_kind_is_as_the_documentation_has_it() {
        for (text, kind) in [
            ("elephant", 1),
            ("mañana", 2),
            ("beta1", 3),
            ("foo@example.com", 4),
            ("example.com/stuff/index.html", 5),
            ("example.com", 6),
            ("-1.234e56", 7),
            ("8.3.0", 8),
            (" ", 12),
            ("<a href=\"dictionaries.html\">", 13),
            ("http://", 14),
            ("lógico-beta1", 15),
            ("up-to-date", 16),
            ("lógico-matemática", 17),
            ("/usr/local/foo.txt", 19),
            ("-1.234", 20),
            ("-1234", 21),
            ("1234", 22),
            ("&amp;", 23),
        ] {
            assert_eq!(kinds(text)[0], (kind, text));
        }
        let parts = kinds("postgresql-beta1");
        let expected = [
            (15, "postgresql-beta1"),
            (11, "postgresql"),
            (12, "-"),
            (9, "beta1"),
        ];
        assert_eq!(parts, expected);
        assert_eq!(kinds("a.bc/d")[1..], [(6, "a.bc"), (18, "/d")]);
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        for part in [
            "a_", "a.", "a-", "a@", "a.b-", "1.", "1_", "/~", "/./", "~/", "../", "<!--", "<a '",
            "<a \"' ", "&a", "a1_", "a-1-", "é-", "a@b_", "a:", "1e", "-1.", "<a ", "a.bc_",
            "a.bc@", "a.bc:1", "a/.", "<script>", "\u{301}", "a_b@c_d@", "</", "&#1", "<a '\\b ",
        ] {
            let started = Instant::now();
            let text = part.repeat(400_000 / part.len());
            let tokens = Parser::new(&text, Letters::new(Ctype::Unicode, 15));
            let last = tokens.map(|token| token.end).max();
            assert_eq!(last, Some(text.len()));
            assert!(
                started.elapsed().as_secs() < 5,
                "{part}: {:?}",
                started.elapsed()
            );
        }
    }
}
