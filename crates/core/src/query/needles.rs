//! What the text of a jsonb must contain for a condition to be true of it: looking for that takes some
//! nanoseconds, reading the JSON a microsecond.

use crate::json::Json;
use crate::value::write_json_string;
use memchr::memchr;

/// Bytes that JSON is full of, the most frequent first: a search goes by another one.
const COMMON: &[u8] = b"\" etaoinsrhldcum:,{}0123456789";

/// Texts of which each must be there.
#[derive(Debug, Default)]
pub(super) struct Needles(Vec<Needle>);

#[derive(Debug)]
struct Needle {
    bytes: Box<[u8]>,
    /// The place of its rarest byte.
    rare: usize,
}

impl Needles {
    /// A name of a member, or an element that is this text.
    pub fn add_text(&mut self, text: &str) {
        let mut quoted = String::new();
        write_json_string(text, &mut quoted);
        self.add(quoted);
    }

    /// All that is within a value. Equal numbers may be written differently, and are left out.
    pub fn add_value(&mut self, json: &Json<'_>) {
        match json {
            Json::Text(text) => self.add_text(text),
            Json::Bool(true) => self.add("true".into()),
            Json::Bool(false) => self.add("false".into()),
            Json::Null => self.add("null".into()),
            Json::Number(_) => {}
            Json::List(items) => items.iter().for_each(|item| self.add_value(item)),
            Json::Object(members) => {
                for (name, value) in members {
                    self.add_text(name);
                    self.add_value(value);
                }
            }
        }
    }

    fn add(&mut self, text: String) {
        let bytes = text.into_bytes();
        let rarity = |&i: &usize| {
            let common = COMMON.iter().position(|&byte| byte == bytes[i]);
            common.unwrap_or(COMMON.len())
        };
        let rare = (0..bytes.len()).max_by_key(rarity).unwrap_or(0);
        self.0.push(Needle {
            bytes: bytes.into(),
            rare,
        });
    }

    /// Are all of them in a text?
    pub fn are_in(&self, text: &str) -> bool {
        self.0.iter().all(|needle| needle.is_in(text.as_bytes()))
    }
}

impl Needle {
    fn is_in(&self, text: &[u8]) -> bool {
        let mut from = self.rare;
        while let Some(found) = text
            .get(from..)
            .and_then(|rest| memchr(self.bytes[self.rare], rest))
        {
            let start = from + found - self.rare;
            if text[start..].starts_with(&self.bytes) {
                return true;
            }
            from += found + 1;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_wherever_it_is() {
        let text = r#"{"color": "red", "tags": ["a\"b", "ä", true], "n": 1.0}"#;
        let mut there = Needles::default();
        for name in ["color", "red", "a\"b", "ä", "n"] {
            there.add_text(name);
        }
        there.add_value(&Json::Bool(true));
        assert!(there.are_in(text));
        for other in ["re", "colour", "1", "c"] {
            let mut not_there = Needles::default();
            not_there.add_text(other);
            assert!(!not_there.are_in(text), "{other}");
        }
        assert!(Needles::default().are_in(""));
        let mut one = Needles::default();
        one.add_text("");
        assert!(one.are_in("\"\"") && !one.are_in("\"") && !one.are_in(""));
    }
}
