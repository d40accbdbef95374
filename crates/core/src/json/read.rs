//! Types out of a tree.
//!
//! A reader always gives a value, and notes the first fault; the value counts only where there is
//! none. Straight-line code, without a way out after each member, is a fraction of the size.

use super::{Bad, Json, parse::parse};
use std::borrow::Cow;
use std::fmt;

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing so far.
    #[default]
    None,
    /// It is not JSON.
    Text(Bad),
    /// A member is missing, or is not what it should be.
    Member(&'static str),
    /// There is a member that means nothing here.
    Unknown,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::None => f.write_str("nothing is wrong"),
            Fault::Text(bad) => bad.fmt(f),
            Fault::Member(name) => {
                f.write_str("`")?;
                f.write_str(name)?;
                f.write_str("` is missing or not what it should be")
            }
            Fault::Unknown => f.write_str("it has an unknown member"),
        }
    }
}

impl Fault {
    /// Notes a fault, unless one is noted already.
    pub fn note(&mut self, fault: Fault) {
        if *self == Fault::None {
            *self = fault;
        }
    }

    /// Notes where an object has a member that is not one of these.
    pub fn only(&mut self, json: &Json<'_>, names: &[&str]) {
        for (name, _) in json.members() {
            if !names.contains(&&**name) {
                self.note(Fault::Unknown);
            }
        }
    }

    /// The member that says which variant an object is.
    pub fn tag<'j>(&mut self, json: &'j Json<'_>, name: &'static str) -> &'j str {
        let tag = json.get(name).and_then(Json::as_str);
        tag.unwrap_or_else(|| {
            self.note(Fault::Member(name));
            ""
        })
    }
}

/// A type that can be read from JSON.
pub trait FromJson<'a>: Sized {
    /// Reads a value; what it gives counts only where no fault is noted.
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self;

    /// Reads a member.
    fn member(json: &Json<'a>, name: &'static str, fault: &mut Fault) -> Self {
        let mut own = Fault::None;
        let value = Self::from_json(json.get(name).unwrap_or(&Json::Null), &mut own);
        note_member(fault, own, name);
        value
    }
}

/// The innermost member is named: it has the fault.
fn note_member(fault: &mut Fault, own: Fault, name: &'static str) {
    match own {
        Fault::None => {}
        Fault::Member("") => fault.note(Fault::Member(name)),
        named => fault.note(named),
    }
}

/// Reads a member that may be missing, which is its default.
pub fn optional<'a, T: FromJson<'a> + Default>(
    json: &Json<'a>,
    name: &'static str,
    fault: &mut Fault,
) -> T {
    match json.get(name) {
        Some(_) => T::member(json, name, fault),
        None => T::default(),
    }
}

/// Reads a value.
///
/// # Errors
/// Where it is not of the type.
pub fn read<'a, T: FromJson<'a>>(json: &Json<'a>) -> Result<T, Fault> {
    let mut fault = Fault::None;
    let value = T::from_json(json, &mut fault);
    match fault {
        Fault::None => Ok(value),
        fault => Err(fault),
    }
}

/// Reads a value from JSON text.
///
/// # Errors
/// Where it is not JSON, or not of the type.
pub fn read_text<'a, T: FromJson<'a>>(text: &'a str) -> Result<T, Fault> {
    read(&parse(text).map_err(Fault::Text)?)
}

/// The fault of a value that is of another kind; its member's name follows.
pub(crate) const OTHER_KIND: Fault = Fault::Member("");

fn integer(json: &Json<'_>, fault: &mut Fault) -> i64 {
    let int = match json {
        Json::Number(text) => text.parse().ok(),
        Json::Null | Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
    };
    int.unwrap_or_else(|| {
        fault.note(OTHER_KIND);
        0
    })
}

macro_rules! integers {
    ($($kind:ident)*) => {$(
        impl<'a> FromJson<'a> for $kind {
            fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
                $kind::try_from(integer(json, fault)).unwrap_or_else(|_| {
                    fault.note(OTHER_KIND);
                    0
                })
            }
        }
    )*};
}

integers!(i16 u16 u32 u64 i64 usize);

impl<'a> FromJson<'a> for f64 {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let float = match json {
            Json::Number(text) => crate::value::read_number(text),
            Json::Null | Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
        };
        float.unwrap_or_else(|| {
            fault.note(OTHER_KIND);
            0.0
        })
    }
}

impl<'a> FromJson<'a> for bool {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        if !matches!(json, Json::Bool(_)) {
            fault.note(OTHER_KIND);
        }
        *json == Json::Bool(true)
    }
}

impl<'a> FromJson<'a> for String {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let text = json.as_str().unwrap_or_else(|| {
            fault.note(OTHER_KIND);
            ""
        });
        text.to_owned()
    }
}

impl<'a> FromJson<'a> for Json<'a> {
    fn from_json(json: &Json<'a>, _fault: &mut Fault) -> Self {
        json.clone()
    }
}

impl<'a, T: FromJson<'a>> FromJson<'a> for Option<T> {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        if matches!(json, Json::Null) {
            return None;
        }
        Some(T::from_json(json, fault))
    }
}

impl<'a, T: FromJson<'a>> FromJson<'a> for Box<T> {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        Box::new(T::from_json(json, fault))
    }
}

fn items<'j, 'a>(json: &'j Json<'a>, fault: &mut Fault) -> &'j [Json<'a>] {
    match json {
        Json::List(items) => items,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
            fault.note(OTHER_KIND);
            &[]
        }
    }
}

impl<'a, T: FromJson<'a>> FromJson<'a> for Vec<T> {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let items = items(json, fault);
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            list.push(T::from_json(item, fault));
        }
        list
    }
}

impl<'a, A: FromJson<'a>, B: FromJson<'a>> FromJson<'a> for (A, B) {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let (first, second) = match items(json, fault) {
            [first, second] => (first, second),
            _ => {
                fault.note(OTHER_KIND);
                (&Json::Null, &Json::Null)
            }
        };
        (A::from_json(first, fault), B::from_json(second, fault))
    }
}

impl<'a, V: FromJson<'a>> FromJson<'a> for crate::map::Map<V> {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        if !matches!(json, Json::Object(_)) {
            fault.note(OTHER_KIND);
        }
        let mut map = Self::new();
        for (name, value) in json.members() {
            map.insert(&**name, V::from_json(value, fault));
        }
        map
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Json::Text(Cow::Owned(text))
    }
}
