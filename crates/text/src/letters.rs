//! What a character is to the server: glibc's classes for UTF-8, or those of the locale `C`.
//!
//! Rust's tables are those of a newer Unicode than the server's library may have; characters that
//! were assigned in between count as letters here.

use crate::Ctype;

/// The classes of one database on one major version of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Letters {
    ctype: Ctype,
    /// From 16 on, formats have no width either.
    formats: bool,
    /// From 18 on, the text forms know no space beyond ASCII.
    ascii_forms: bool,
}

impl Letters {
    pub fn new(ctype: Ctype, major: u16) -> Self {
        Self {
            ctype,
            formats: major >= 16,
            ascii_forms: major >= 18,
        }
    }

    pub fn is_alphabetic(self, c: char) -> bool {
        c.is_ascii_alphabetic() || !c.is_ascii() && self.is_alphabetic_beyond_ascii(c)
    }

    fn is_alphabetic_beyond_ascii(self, c: char) -> bool {
        if self.ctype == Ctype::C {
            return true;
        }
        if c.is_alphabetic() {
            // Unicode calls these letters since 16.
            return !matches!(c, '\u{363}'..='\u{36f}' | '\u{c04}' | '\u{f82}'..='\u{f83}' | '\u{1dd3}'..='\u{1de6}');
        }
        c.is_numeric() && contains(DIGITS, c)
    }

    pub fn is_alphanumeric(self, c: char) -> bool {
        c.is_ascii_digit() || self.is_alphabetic(c)
    }

    /// A letter or digit to those parts of the server that look at one byte where the locale is `C`.
    pub fn is_word(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || self.ctype == Ctype::Unicode && self.is_alphabetic(c)
    }

    /// Does it belong to the word before it, without being a letter?
    pub fn is_special(self, c: char) -> bool {
        c as u32 >= 0x80
            && self.ctype == Ctype::Unicode
            && (contains(COMBINING, c) || self.formats && contains(FORMATS, c))
    }

    pub fn is_space(self, c: char) -> bool {
        match c {
            '\t'..='\r' | ' ' => true,
            // No line may break at these, nor a word end.
            '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}' => false,
            _ => self.ctype == Ctype::Unicode && c.is_whitespace(),
        }
    }

    /// A space between the words of a vector's or a query's text form.
    pub fn is_space_of_forms(self, c: char) -> bool {
        (c.is_ascii() || !self.ascii_forms) && self.is_space(c)
    }

    /// Lower case, one character for one.
    pub fn lower(self, c: char) -> char {
        match (c.is_ascii(), self.ctype) {
            (false, Ctype::Unicode) => c.to_lowercase().next().unwrap_or(c),
            (true, _) | (_, Ctype::C) => c.to_ascii_lowercase(),
        }
    }

    pub fn lower_all(self, text: &str) -> String {
        let mut lowered = String::with_capacity(text.len());
        lowered.extend(text.chars().map(|c| self.lower(c)));
        lowered
    }
}

/// Is it in one of a table's ranges: for each, in seven bits a byte, how far from the last one's
/// end to its start, and how far from there to its end?
fn contains(table: &[u8], c: char) -> bool {
    let (mut number, mut shift, mut at) = (0u32, 0, 0);
    let mut is_end = false;
    for &byte in table {
        number |= u32::from(byte & 127) << shift;
        shift += 7;
        if byte < 128 {
            at += number;
            if at > c as u32 || is_end && at == c as u32 {
                return is_end;
            }
            (number, shift) = (0, 0);
            is_end = !is_end;
        }
    }
    false
}

/// Decimal digits beyond ASCII.
const DIGITS: &[u8] =
    b"\xe0\x0c\x09\x87\x01\x09\xc7\x01\x09\x9d\x03\x09\x77\x09\x77\x09\x77\x09\x77\x09\x77\x09\x77\
    \x09\x77\x09\x77\x09\x77\x09\x61\x09\x77\x09\x47\x09\x97\x02\x09\x47\x09\xc7\x0e\x09\x27\x09\
    \xad\x02\x09\x81\x01\x09\xa7\x01\x09\x07\x09\xb7\x01\x09\x57\x09\x87\x01\x09\x07\x09\xc7\x93\
    \x02\x09\xa7\x05\x09\x27\x09\xc7\x01\x09\x17\x09\x57\x09\x97\x03\x09\x97\xa6\x01\x09\x87\x0b\
    \x09\x87\x11\x09\xad\x06\x09\x81\x01\x09\x3d\x09\x91\x01\x09\x97\x02\x09\xd7\x02\x09\x77\x09\
    \xf7\x02\x09\x67\x09\x67\x09\xa7\x03\x09\x67\x09\xf7\x05\x09\xf7\x01\x09\x47\x09\xb7\x99\x01\
    \x09\x57\x09\x87\x01\x09\xf5\xd8\x01\x31\xc1\x12\x09\xa7\x03\x09\xd7\x0c\x09\x97\x25\x09";

/// Characters without a width of their own, such as combining accents, and vowel signs.
const COMBINING: &[u8] =
    b"\x80\x06\x6f\x94\x02\x06\x88\x02\x1e\xa9\x01\x00\x87\x01\x01\x0a\x02\x54\x0a\xa1\x01\x08\x0a\
    \x00\x1b\x15\x2c\x02\x3d\x49\x09\x6a\x68\x00\x11\x00\x31\x02\x3c\x00\x07\x0d\x6c\x0a\x07\x00\
    \x30\x03\x3c\x00\x11\x08\x78\x00\x37\x00\x38\x00\x0d\x0b\x68\x00\x11\x00\x6e\x01\x11\x00\x7d\
    \x00\x0b\x00\x72\x07\x6c\x00\x0e\x04\x4c\x01\x1c\x00\x02\x00\x02\x00\x05\x01\x43\x02\x02\x12\
    \x2e\x00\x71\x03\xa3\x06\x02\xb5\x07\x00\xa0\x01\x1f\x0a\x00\x2e\x02\x02\x00\xaa\x02\x02\xa4\
    \x02\x20\x31\x94\x01\x27\x08\x37\x3c\x51\x00\x99\x01\x02\x02\x0c\x02\x12\x04\x01\xc7\x01\x3f\
    \xd1\x05\x20\xff\x17\x02\x8e\x01\x00\xab\x05\x03\x6c\x01\xd5\xeb\x01\x03\x0a\x01\x73\x01\x95\
    \x02\x00\x26\x00\x98\x01\x00\x1c\x11\x3a\x02\x26\x00\x60\x00\x8c\x02\x02\x35\x00\xf7\x01\x00\
    \x93\xa4\x01\x0f\x11\x0f\xce\x07\x00\xe3\x01\x00\xa4\x0e\x07\x2d\x07\xa6\x01\x01\xe0\x08\x0a\
    \x32\x03\xc1\x01\x00\x2a\x00\x0f\x3b\x79\x01\x3f\x00\x56\x03\x6a\x00\xb3\x01\x01\x51\x01\x2a\
    \x0e\xce\x01\x04\x18\x00\x64\x01\xfc\x01\x01\x7f\x00\x78\x00\x74\x00\x8e\x02\x01\x84\x02\x05\
    \x95\x01\x08\x53\x01\x13\x00\x51\x01\x9e\x03\x08\xf8\x01\x0e\x52\x00\xd9\x9a\x01\x04\x3c\x06\
    \xae\x09\x00\xb9\x99\x01\x00\xe3\x24\x46\xa1\x04\x02\x12\x07\x03\x06\x1f\x03\x95\x01\x02\xbc\
    \x0f\x36\x05\x31\x09\x00\x0f\x00\x17\x14\xd8\x0a\x1e\x8b\x02\x06\xf8\x02\x00\x3e\x03\xe1\x0b\
    \x06\x6e\x06\xb6\xaf\x30\xef\x01";

/// Those that have none from server 16 on: formats, and what Unicode has gained since.
const FORMATS: &[u8] =
    b"\xad\x01\x00\xd3\x0a\x05\x17\x00\xc1\x01\x00\x32\x00\x81\x03\x52\xec\x0b\x00\xc0\x12\x00\xfd\
    \x0f\x04\x1b\x04\x32\x0f\x90\xbd\x03\x00\xfa\x01\x02\xee\x1a\x04\x8f\x03\x03\xbe\x03\x00\x06\
    \x0a\xf4\x02\x00\xfa\x02\x05\x0e\x00\x02\x00\x02\x00\x0f\x01\x9e\x16\x01\x35\x04\x06\x00\x02\
    \x00\x18\x00\xd6\x29\x10\x07\x0e\xc9\x59\x0b\x04\x02\xf1\xb6\x01\x03\xd0\x29\x07\x95\x1e\x00\
    \xdd\x08\x03\xff\x01\x01\x92\xb4\x30\xfe\x01";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_the_servers_library() {
        let letters = Letters::new(Ctype::Unicode, 15);
        let ascii = Letters::new(Ctype::C, 15);
        for (c, alphabetic, special, space) in [
            ('\u{e9}', true, false, false),
            ('\u{660}', true, false, false),
            ('\u{669}', true, false, false),
            ('\u{66a}', false, false, false),
            ('\u{301}', false, true, false),
            ('\u{344}', false, true, false),
            ('\u{a0}', false, false, false),
            ('\u{2003}', false, false, true),
            ('\u{ad}', false, false, false),
        ] {
            assert_eq!(letters.is_alphabetic(c), alphabetic, "{c:?}");
            assert_eq!(letters.is_special(c), special, "{c:?}");
            assert_eq!(letters.is_space(c), space, "{c:?}");
            assert!(ascii.is_alphabetic(c) && !ascii.is_special(c) && !ascii.is_space(c));
        }
        assert!(Letters::new(Ctype::Unicode, 16).is_special('\u{ad}'));
        assert_eq!(letters.lower('\u{130}'), 'i');
        assert_eq!(ascii.lower('\u{c4}'), '\u{c4}');
    }
}
