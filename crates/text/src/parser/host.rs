//! Hosts, the mail addresses that end in one, and the URLs that begin with one.
//!
//! From each place there is one way on: letters and digits, and dots, hyphens and underscores
//! between them. A host ends at the last place where its last label is of two or more letters.

use super::Parser;

/// What was found, by its end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    Host(usize),
    Email(usize),
    /// The end of its host, and its own.
    Url(usize, usize),
}

/// Where a reader of a host is.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Within a label that cannot be the last one yet.
    Label,
    /// After a dot, and after one letter more.
    Dot,
    DotLetter,
    /// After a dot and at least two letters: a host may end here.
    Domain,
}

/// Where a reading led: the last place where a host might end, and the `@` or other byte at which
/// there was no way on.
struct Read {
    host: Option<usize>,
    stop: usize,
}

/// What the path of a URL may hold.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        )
}

impl Parser<'_> {
    /// From the end of the first letters, or from the first digit among them.
    pub(super) fn host_from(&mut self, from: usize) -> Option<Found> {
        let read = self.read_host(from);
        if self.byte(read.stop) == b'@'
            && let Some(end) = self.email_end(read.stop)
        {
            return Some(Found::Email(end));
        }
        let (known_from, known_to) = self.no_host;
        let is_known = known_from <= read.stop && read.stop < known_to;
        let none_to = if is_known { known_to } else { read.stop };
        self.no_host = (read.host.unwrap_or(from), none_to);
        let host = read.host?;
        let end = self.port_end(host).unwrap_or(host);
        if self.byte(end) == b'/' {
            let path_end = self.while_bytes(end + 1, is_url_byte);
            if path_end > end + 1 {
                return Some(Found::Url(end, path_end));
            }
        }
        Some(Found::Host(end))
    }

    /// The end of the mail address whose `@` this is: that of the host after it, though it may go on
    /// to be the name of another address.
    pub(super) fn email_end(&self, at_sign: usize) -> Option<usize> {
        let start = at_sign + 1;
        let is_label = self.is_ascii_letter(start) || self.is_digit(start);
        // What reads as a number is no host.
        if !is_label || self.is_digit(start) && self.exponent(self.digits(start)).is_some() {
            return None;
        }
        let host = self.read_host(start).host?;
        Some(self.port_end(host).unwrap_or(host))
    }

    /// Reads on within a label.
    fn read_host(&self, from: usize) -> Read {
        let (none_from, none_to) = self.no_host;
        let (mut at, mut state, mut host) = (from, State::Label, None);
        loop {
            let byte = self.byte(at);
            state = match (state, byte) {
                (State::Dot, b'a'..=b'z' | b'A'..=b'Z') => State::DotLetter,
                (State::DotLetter | State::Domain, b'a'..=b'z' | b'A'..=b'Z') => State::Domain,
                (_, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => State::Label,
                (_, b'.' | b'-' | b'_') => {
                    if state == State::Domain {
                        host = Some(at);
                    }
                    let leads_on = self.is_ascii_letter(at + 1) || self.is_digit(at + 1);
                    if !leads_on || none_from <= at && at < none_to {
                        return Read { host, stop: at };
                    }
                    if byte == b'.' {
                        State::Dot
                    } else {
                        State::Label
                    }
                }
                _ => {
                    if state == State::Domain {
                        host = Some(at);
                    }
                    return Read { host, stop: at };
                }
            };
            at += 1;
        }
    }

    /// The end of a port after a host.
    fn port_end(&self, host: usize) -> Option<usize> {
        let is_port = self.byte(host) == b':' && self.is_digit(host + 1);
        is_port.then(|| self.digits(host + 1))
    }
}
