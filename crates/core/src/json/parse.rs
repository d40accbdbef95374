//! JSON text into a tree.

use super::{DEPTH_MAX, Json, Member};
use std::borrow::Cow;
use std::fmt;

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// It breaks the grammar.
    Syntax,
    /// It nests deeper than [`DEPTH_MAX`].
    Depth,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bad::Syntax => "it breaks the grammar",
            Bad::Depth => "it nests too deep",
        })
    }
}

/// Reads a whole text.
///
/// # Errors
/// Where it is not JSON.
pub fn parse(text: &str) -> Result<Json<'_>, Bad> {
    let mut parser = Parser { text, at: 0 };
    let json = parser.value(0)?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(Bad::Syntax);
    }
    Ok(json)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn expect(&mut self, byte: u8) -> Result<(), Bad> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(Bad::Syntax)
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Bad> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Bad::Syntax);
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self, depth: u32) -> Result<Json<'a>, Bad> {
        if depth > DEPTH_MAX {
            return Err(Bad::Depth);
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            _ => Err(Bad::Syntax),
        }
    }

    fn list(&mut self, depth: u32) -> Result<Json<'a>, Bad> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, depth: u32) -> Result<Json<'a>, Bad> {
        self.at += 1;
        let mut members: Vec<Member<'a>> = Vec::new();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(Bad::Syntax);
            }
            let name = self.string()?;
            self.expect(b':')?;
            members.push((name, self.value(depth + 1)?));
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Json<'a>, Bad> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        let mut good = whole > 0 && !(leading_zero && whole > 1);
        if self.peek() == Some(b'.') {
            self.at += 1;
            good &= self.digits() > 0;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            good &= self.digits() > 0;
        }
        if good {
            Ok(Json::Number(Cow::Borrowed(&self.text[start..self.at])))
        } else {
            Err(Bad::Syntax)
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Bad> {
        self.at += 1;
        let mut whole = String::new();
        loop {
            let start = self.at;
            while self
                .peek()
                .is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20)
            {
                self.at += 1;
            }
            let part = &self.text[start..self.at];
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    if whole.is_empty() {
                        return Ok(Cow::Borrowed(part));
                    }
                    whole.push_str(part);
                    return Ok(Cow::Owned(whole));
                }
                Some(b'\\') => {
                    self.at += 1;
                    whole.push_str(part);
                    whole.push(self.escape()?);
                }
                _ => return Err(Bad::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Bad> {
        let byte = self.peek().ok_or(Bad::Syntax)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4()?;
                // Half of a surrogate pair is no character without the other half.
                let code = if first & 0xFC00 == 0xD800 {
                    if self.peek() != Some(b'\\') {
                        return Err(Bad::Syntax);
                    }
                    self.at += 1;
                    if self.peek() != Some(b'u') {
                        return Err(Bad::Syntax);
                    }
                    self.at += 1;
                    let second = self.hex4()?;
                    if second & 0xFC00 != 0xDC00 {
                        return Err(Bad::Syntax);
                    }
                    0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF)
                } else {
                    first
                };
                char::from_u32(code).ok_or(Bad::Syntax)?
            }
            _ => return Err(Bad::Syntax),
        })
    }

    fn hex4(&mut self) -> Result<u32, Bad> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            code = code << 4 | digit.ok_or(Bad::Syntax)?;
            self.at += 1;
        }
        Ok(code)
    }
}
