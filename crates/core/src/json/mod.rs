//! JSON for the client: one small tree, one parser, one writer, and types that read and write
//! themselves through them.
//!
//! The endpoint uses serde on the same types; in the WebAssembly module serde's generated code
//! would be a third of the package (`docs/decisions/0004-json-without-serde-in-the-client.md`).
//! `tests/codecs.rs` holds the two to each other. Numbers keep their text, so nothing is lost.

mod macros;
mod parse;
mod read;
mod write;

pub use parse::Bad;
pub(crate) use parse::parse as parse_tree;
pub(crate) use read::OTHER_KIND;
pub use read::{Fault, FromJson, optional, read, read_text};
pub use write::{Members, ToJson, text, write_string};

use crate::error::{Error, ErrorCode};
use std::borrow::Cow;

/// How deep JSON may nest; a page's stack bounds it, and no sane document comes near.
pub const DEPTH_MAX: u32 = 256;

/// A JSON value; text without escapes is borrowed from what was parsed.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A number, as it was written.
    Number(Cow<'a, str>),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object, in the order in which it was written.
    Object(Vec<Member<'a>>),
}

/// A member of an object.
pub type Member<'a> = (Cow<'a, str>, Json<'a>);

impl<'a> Json<'a> {
    /// Reads JSON text.
    ///
    /// # Errors
    /// `malformed_request` for what is no JSON, or nests too deep.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        parse::parse(text)
            .map_err(|why| Error::new(ErrorCode::MalformedRequest, format!("not JSON: {why}")))
    }

    /// The member of this name; the last of equal ones counts.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        let found = self.members().iter().rev().find(|(own, _)| own == name);
        found.map(|(_, value)| value)
    }

    /// The members; none where it is no object.
    pub fn members(&self) -> &[Member<'a>] {
        match self {
            Json::Object(members) => members,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => &[],
        }
    }

    /// The string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => None,
        }
    }
}
