//! Regular expressions and the case of letters: natively by a crate and the standard library, in
//! the WebAssembly module by the browser, which has both already.

use crate::error::{Error, ErrorCode};

/// What a browser does for the module.
#[derive(Clone, Copy, Debug)]
pub struct HostText {
    /// Compiles an ECMAScript pattern with the flags `s` and `u`; a number to ask by.
    pub compile: fn(pattern: &str) -> Option<u32>,
    /// Does a pattern match somewhere in a text?
    pub matches: fn(pattern: u32, text: &str) -> bool,
    /// The text in upper or lower case, as JavaScript does it.
    pub change_case: fn(text: &str, upper: bool) -> String,
}

/// A compiled pattern.
#[derive(Clone)]
pub(super) struct Regex(platform::Regex);

impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Regex")
    }
}

impl Regex {
    pub(super) fn new(pattern: &str) -> Result<Self, Error> {
        platform::compile(pattern).map(Self).ok_or_else(|| {
            let message = "the regular expression can't be compiled here";
            Error::new(ErrorCode::TypeMismatch, message).sqlstate("2201B")
        })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        platform::matches(&self.0, text)
    }
}

/// Each letter in upper or lower case, where that is one letter again.
pub(crate) fn change_case(text: &str, upper: bool) -> String {
    if text.is_ascii() {
        return match upper {
            true => text.to_ascii_uppercase(),
            false => text.to_ascii_lowercase(),
        };
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(match upper {
                true => c.to_ascii_uppercase(),
                false => c.to_ascii_lowercase(),
            });
        } else {
            out.push(change_char(c, upper));
        }
    }
    out
}

/// One letter in upper or lower case, by Unicode's simple mappings.
pub fn change_char(c: char, upper: bool) -> char {
    // Their full mappings are more than one character.
    let shifted = |by: u32| char::from_u32(u32::from(c) + by).unwrap_or(c);
    match (upper, c) {
        (false, '\u{130}') => 'i',
        (true, '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}') => {
            shifted(8)
        }
        (true, '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}') => shifted(9),
        _ => platform::change_char(c, upper),
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod platform {
    use std::sync::Arc;

    pub type Regex = Arc<regress::Regex>;

    pub fn compile(pattern: &str) -> Option<Regex> {
        regress::Regex::with_flags(pattern, "su").ok().map(Arc::new)
    }

    pub fn matches(regex: &Regex, text: &str) -> bool {
        regex.find(text).is_some()
    }

    pub fn change_char(c: char, upper: bool) -> char {
        let single =
            |mut mapped: Box<dyn Iterator<Item = char>>| match (mapped.next(), mapped.next()) {
                (Some(one), None) => one,
                _ => c,
            };
        if upper {
            single(Box::new(c.to_uppercase()))
        } else {
            single(Box::new(c.to_lowercase()))
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod platform {
    use super::HostText;
    use std::sync::OnceLock;

    static HOST: OnceLock<HostText> = OnceLock::new();

    pub type Regex = u32;

    pub fn set(text: HostText) {
        // A second database of the page brings the same ones.
        let _ = HOST.set(text);
    }

    fn get() -> &'static HostText {
        HOST.get().expect("the host's texts are set at the start")
    }

    pub fn compile(pattern: &str) -> Option<Regex> {
        (get().compile)(pattern)
    }

    pub fn matches(regex: &Regex, text: &str) -> bool {
        (get().matches)(*regex, text)
    }

    pub fn change_char(c: char, upper: bool) -> char {
        let changed = (get().change_case)(c.encode_utf8(&mut [0; 4]), upper);
        let mut changed = changed.chars();
        match (changed.next(), changed.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    }
}

/// Gives the module the browser's texts, before anything else is done.
#[cfg(target_arch = "wasm32")]
pub fn set_host_text(text: HostText) {
    platform::set(text);
}
