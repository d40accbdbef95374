//! Tags, comments and entities. Within a script or a style all is blank but tags.

use super::Parser;

/// Where a reader of a tag is, past its name.
#[derive(Clone, Copy)]
enum State {
    Inside,
    /// In quotes, after a backslash there, and after what followed it, where Postgres takes another
    /// backslash as it is.
    Quoted(u8),
    Escaped(u8),
    Unescaped(u8),
}

impl Parser<'_> {
    /// The end of the tag or comment that begins here.
    pub(super) fn tag(&mut self, start: usize) -> Option<usize> {
        match self.byte(start + 1) {
            b'/' if self.is_ascii_letter(start + 2) => self.tag_name(start, start + 3),
            b'!' => match self.byte(start + 2) {
                b'-' if self.byte(start + 3) == b'-' => self.comment(start + 4),
                b'D' | b'd' => self.tag_inside(start, start + 3),
                _ => None,
            },
            b'?' if self.byte(start + 2) == b'x' => self.tag_inside(start, start + 3),
            b'a'..=b'z' | b'A'..=b'Z' | b':' | b'_' => self.tag_name(start, start + 2),
            _ => None,
        }
    }

    fn tag_name(&mut self, start: usize, from: usize) -> Option<usize> {
        let rest = self.text[from..].char_indices().find(|&(_, c)| {
            !(self.letters.is_alphanumeric(c) || matches!(c, ':' | '_' | '.' | '-'))
        });
        let (length, after) = rest?;
        let end = from + length;
        match after {
            '/' => (self.byte(end + 1) == b'>').then_some(end + 2),
            '>' => {
                self.heed_script(start, end);
                Some(end + 1)
            }
            _ if self.letters.is_space(after) => {
                self.heed_script(start, end);
                self.tag_inside(start, end + after.len_utf8())
            }
            _ => None,
        }
    }

    /// The rest of a tag after its name.
    fn tag_inside(&mut self, start: usize, from: usize) -> Option<usize> {
        let mut state = State::Inside;
        let text = self.text;
        for (at, c) in text[from..].char_indices() {
            let at = from + at;
            state = match (state, c) {
                (State::Inside, '>') => {
                    self.heed_script(start, at);
                    return Some(at + 1);
                }
                (State::Inside, '\'' | '"') => State::Quoted(c as u8),
                (
                    State::Inside,
                    '=' | '-' | '_' | '#' | '/' | ':' | '.' | '&' | '?' | '%' | '~',
                ) => state,
                (State::Inside, _) if c.is_ascii_alphanumeric() => state,
                (State::Inside, _) if self.letters.is_space(c) => {
                    self.heed_script(start, at);
                    state
                }
                (State::Inside, _) => return None,
                (State::Quoted(quote), '\\') => State::Escaped(quote),
                (State::Quoted(quote) | State::Unescaped(quote), _) => {
                    if c == quote as char {
                        State::Inside
                    } else {
                        State::Quoted(quote)
                    }
                }
                (State::Escaped(quote), _) => State::Unescaped(quote),
            };
        }
        // Nor does it see the end there, and so forgets what is left.
        self.is_lost = matches!(state, State::Unescaped(_));
        None
    }

    /// Notes whether a script or style begins or ends, seen from its tag's first bytes alone; also
    /// where the tag turns out to be none.
    fn heed_script(&mut self, start: usize, end: usize) {
        let tag = &self.text.as_bytes()[start..end];
        let is = |name: &[u8]| tag.eq_ignore_ascii_case(name);
        if is(b"<script") || is(b"<style") {
            self.ignores = true;
        } else if is(b"</script") || is(b"</style") {
            self.ignores = false;
        }
    }

    fn comment(&mut self, from: usize) -> Option<usize> {
        if self.no_comment_end {
            return None;
        }
        let rest = self.text.as_bytes().get(from..)?;
        let end = rest.windows(3).position(|bytes| bytes == b"-->");
        self.no_comment_end = end.is_none();
        end.map(|end| from + end + 3)
    }

    /// The end of the entity that begins here.
    pub(super) fn entity(&self, start: usize) -> Option<usize> {
        let from = start + 1;
        let end = match (self.byte(from), self.byte(from + 1)) {
            (b'#', b'x' | b'X') => {
                let end = self.while_bytes(from + 2, |byte| byte.is_ascii_hexdigit());
                (end > from + 2).then_some(end)?
            }
            (b'#', _) => {
                let end = self.digits(from + 1);
                (end > from + 1).then_some(end)?
            }
            (b'a'..=b'z' | b'A'..=b'Z' | b':' | b'_', _) => {
                let is_name =
                    |c: char| self.letters.is_alphanumeric(c) || matches!(c, ':' | '_' | '.' | '-');
                let rest = self.text[from..].char_indices().find(|&(_, c)| !is_name(c));
                from + rest?.0
            }
            _ => return None,
        };
        (self.byte(end) == b';').then_some(end + 1)
    }
}
