//! Types into JSON text.

use super::Json;
use crate::map::Map;
use crate::value::{write_float_json, write_int};

/// A type that can be written as JSON.
pub trait ToJson {
    /// Appends the value.
    fn to_json(&self, out: &mut String);

    /// Is it what a reader assumes where the member is missing?
    fn is_default(&self) -> bool {
        false
    }
}

/// The JSON text of a value.
pub fn text(value: &dyn ToJson) -> String {
    let mut out = String::new();
    value.to_json(&mut out);
    out
}

/// An object in the making.
pub struct Members<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> Members<'o> {
    /// Begins an object.
    pub fn new(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    /// Adds a member.
    pub fn add(&mut self, name: &str, value: &dyn ToJson) -> &mut Self {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        write_string(name, self.out);
        self.out.push(':');
        value.to_json(self.out);
        self
    }

    /// Adds a member, unless a reader assumes this value anyway.
    pub fn add_some(&mut self, name: &str, value: &dyn ToJson) -> &mut Self {
        if value.is_default() {
            return self;
        }
        self.add(name, value)
    }

    /// Ends the object.
    pub fn end(&mut self) {
        self.out.push('}');
    }
}

/// Appends a JSON string, with Postgres's choice of escapes.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (i, b) in text.bytes().enumerate() {
        if b >= 0x20 && b != b'"' && b != b'\\' {
            continue;
        }
        out.push_str(&text[from..i]);
        from = i + 1;
        match b {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x8 => out.push_str("\\b"),
            0xc => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                out.push_str("\\u00");
                crate::schema::push_hex(b, out);
            }
        }
    }
    out.push_str(&text[from..]);
    out.push('"');
}

macro_rules! integers {
    ($($kind:ident)*) => {$(
        impl ToJson for $kind {
            fn to_json(&self, out: &mut String) {
                write_int(*self as i64, out);
            }
            fn is_default(&self) -> bool {
                *self == 0
            }
        }
    )*};
}

integers!(i16 u16 u32 u64 i64 usize);

impl ToJson for f64 {
    fn to_json(&self, out: &mut String) {
        if *self == *self as i64 as f64 {
            write_int(*self as i64, out);
        } else {
            write_float_json(*self, false, out);
        }
    }
}

impl ToJson for bool {
    fn to_json(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
    fn is_default(&self) -> bool {
        !*self
    }
}

impl ToJson for str {
    fn to_json(&self, out: &mut String) {
        write_string(self, out);
    }
}

impl ToJson for &str {
    fn to_json(&self, out: &mut String) {
        write_string(self, out);
    }
}

impl ToJson for String {
    fn to_json(&self, out: &mut String) {
        write_string(self, out);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self, out: &mut String) {
        match self {
            Some(value) => value.to_json(out),
            None => out.push_str("null"),
        }
    }
    fn is_default(&self) -> bool {
        self.is_none()
    }
}

impl<T: ToJson> ToJson for Box<T> {
    fn to_json(&self, out: &mut String) {
        (**self).to_json(out);
    }
    fn is_default(&self) -> bool {
        (**self).is_default()
    }
}

/// Appends an array of so many values.
fn write_list(len: usize, at: &dyn Fn(usize, &mut String), out: &mut String) {
    out.push('[');
    for i in 0..len {
        if i > 0 {
            out.push(',');
        }
        at(i, out);
    }
    out.push(']');
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self, out: &mut String) {
        write_list(self.len(), &|i, out| self[i].to_json(out), out);
    }
    fn is_default(&self) -> bool {
        self.is_empty()
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self, out: &mut String) {
        self[..].to_json(out);
    }
    fn is_default(&self) -> bool {
        self.is_empty()
    }
}

impl<A: ToJson, B: ToJson> ToJson for (A, B) {
    fn to_json(&self, out: &mut String) {
        out.push('[');
        self.0.to_json(out);
        out.push(',');
        self.1.to_json(out);
        out.push(']');
    }
}

impl<V: ToJson> ToJson for Map<V> {
    fn to_json(&self, out: &mut String) {
        let mut members = Members::new(out);
        for (name, value) in self {
            members.add(name, value);
        }
        members.end();
    }
    fn is_default(&self) -> bool {
        self.is_empty()
    }
}

impl ToJson for Json<'_> {
    fn to_json(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(bool) => bool.to_json(out),
            Json::Number(number) => out.push_str(number),
            Json::Text(text) => write_string(text, out),
            Json::List(items) => items.to_json(out),
            Json::Object(list) => {
                let mut members = Members::new(out);
                for (name, value) in list {
                    members.add(name, value);
                }
                members.end();
            }
        }
    }
}
