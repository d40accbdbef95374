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

/// What is known of places ahead.
#[derive(Default)]
pub(super) struct HostMemo {
    /// No dot, hyphen or underscore in this range leads to a host.
    none: (usize, usize),
    /// The `@` of the last chain of them, and the end of the mail address that each makes.
    emails: Vec<(usize, Option<usize>)>,
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
        let (known_from, known_to) = self.hosts.none;
        let is_known = known_from <= read.stop && read.stop < known_to;
        let none_to = if is_known { known_to } else { read.stop };
        self.hosts.none = (read.host.unwrap_or(from), none_to);
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

    /// The end of the mail address whose `@` this is.
    pub(super) fn email_end(&mut self, at_sign: usize) -> Option<usize> {
        if let Ok(known) = (self.hosts.emails).binary_search_by_key(&at_sign, |email| email.0) {
            return self.hosts.emails[known].1;
        }
        // What follows an `@` may itself be a mail address, in which case this is none.
        self.hosts.emails.clear();
        let mut next = at_sign;
        while self.byte(next) == b'@' {
            let is_label = self.is_ascii_letter(next + 1) || self.is_digit(next + 1);
            if !is_label {
                self.hosts.emails.push((next, None));
                break;
            }
            let read = self.read_host(next + 1);
            let end = (read.host).map(|host| self.port_end(host).unwrap_or(host));
            self.hosts.emails.push((next, end));
            next = read.stop;
        }
        let mut is_email = false;
        for email in self.hosts.emails.iter_mut().rev() {
            if is_email {
                email.1 = None;
            }
            // Where nothing of the chain's rest is one, the host before it may end earlier.
            is_email = email.1.is_some();
        }
        self.hosts.emails[0].1
    }

    /// Reads on within a label.
    fn read_host(&self, from: usize) -> Read {
        let (none_from, none_to) = self.hosts.none;
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
