//! Files and paths.

use super::{Kind, Parser};

/// Where a reader of a path is.
#[derive(Clone, Copy)]
enum State {
    /// After a slash.
    Slash,
    /// After a tilde.
    Tilde,
    /// After a dot that follows a slash, or that begins the token.
    Dot,
    FirstDot,
    /// After two such dots.
    TwoDots,
    Name,
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Parser<'_> {
    /// The end of a path from a slash, a dot or a tilde on.
    pub(super) fn path(&mut self, start: usize) -> Option<usize> {
        match self.byte(start) {
            b'/' => self.path_from(start, start + 1, State::Slash),
            b'~' => self.path_from(start, start + 1, State::Tilde),
            _ => self.path_from(start, start + 1, State::FirstDot),
        }
    }

    /// A file whose name goes on after a dot.
    pub(super) fn dotted_file(&mut self, dot: usize) -> Option<(Kind, usize)> {
        let goes_on = is_name_byte(self.byte(dot + 1));
        let end = goes_on.then(|| self.path_from(dot, dot + 1, State::Slash))?;
        end.map(|end| (Kind::File, end))
    }

    fn path_from(&mut self, start: usize, mut at: usize, mut state: State) -> Option<usize> {
        let (no_file_from, no_file_to) = self.no_file;
        let is_dead = |at: usize| no_file_from <= at && at < no_file_to;
        if self.byte(start) == b'/' && is_dead(start) {
            return None;
        }
        let mut end = None;
        loop {
            let byte = self.byte(at);
            let may_end = match state {
                State::Name => true,
                State::TwoDots => {
                    let after = self.char(at);
                    after.is_none_or(|c| c == '/' || self.letters.is_space(c))
                }
                State::Slash | State::Tilde | State::Dot | State::FirstDot => false,
            };
            if may_end {
                end = Some(at);
            }
            state = match (state, byte) {
                (State::FirstDot | State::TwoDots, _) if is_name_byte(byte) => break,
                (_, _) if is_name_byte(byte) => State::Name,
                (State::Name, b'-') => State::Name,
                (State::Name, b'.') if is_name_byte(self.byte(at + 1)) => State::Name,
                (State::Slash, b'.') => State::Dot,
                (State::Slash, b'~') => State::Tilde,
                (State::Dot | State::FirstDot, b'.') => State::TwoDots,
                (State::Slash, b'/') => break,
                (_, b'/') if !is_dead(at) => State::Slash,
                _ => break,
            };
            at += 1;
        }
        let known_to = if is_dead(at) { no_file_to } else { at };
        self.no_file = (end.unwrap_or(start), known_to);
        end
    }
}
