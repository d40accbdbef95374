//! Keys of records and their order: numbers before texts before lists.

use super::Exception;
use crate::value::Value;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::ops::Bound;

/// A key.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Number(f64),
    Text(String),
    List(Vec<Key>),
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let kind = |key: &Key| match key {
            Key::Number(_) => 0,
            Key::Text(_) => 1,
            Key::List(_) => 2,
        };
        match (self, other) {
            // IndexedDB knows one zero.
            (Key::Number(a), Key::Number(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Key::Text(a), Key::Text(b)) => a.encode_utf16().cmp(b.encode_utf16()),
            (Key::List(a), Key::List(b)) => a.cmp(b),
            (Key::Number(_) | Key::Text(_) | Key::List(_), _) => kind(self).cmp(&kind(other)),
        }
    }
}

impl Key {
    /// The key that a value stands for; what is none is refused, as by IndexedDB (F23).
    pub(crate) fn of(value: &Value) -> Result<Self, Exception> {
        match value {
            Value::Plain(json) => Self::of_json(json),
            Value::Undefined | Value::Range { .. } => Err(no_key()),
        }
    }

    fn of_json(json: &Json) -> Result<Self, Exception> {
        match json {
            Json::Number(number) => number.as_f64().map(Self::Number).ok_or_else(no_key),
            Json::String(text) => Ok(Self::Text(text.clone())),
            Json::Array(parts) => {
                let parts: Result<_, _> = parts.iter().map(Self::of_json).collect();
                parts.map(Self::List)
            }
            Json::Null | Json::Bool(_) | Json::Object(_) => Err(no_key()),
        }
    }

    /// The key as a value.
    pub(crate) fn to_value(&self) -> Value {
        Value::Plain(self.to_json())
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(parts) => Json::Array(parts.iter().map(Self::to_json).collect()),
        }
    }
}

/// The ends of a range of keys: everything, one key, or a range.
pub(crate) fn ends(range: &Value) -> Result<(Bound<Key>, Bound<Key>), Exception> {
    Ok(match range {
        Value::Undefined => (Bound::Unbounded, Bound::Unbounded),
        Value::Plain(_) => {
            let key = Key::of(range)?;
            (Bound::Included(key.clone()), Bound::Included(key))
        }
        Value::Range { low, open, high } => {
            let low = Key::of_json(low)?;
            let from = match open {
                true => Bound::Excluded(low),
                false => Bound::Included(low),
            };
            let to = match high {
                Some(high) => Bound::Included(Key::of_json(high)?),
                None => Bound::Unbounded,
            };
            (from, to)
        }
    })
}

fn no_key() -> Exception {
    Exception {
        name: "DataError",
        message: "the value is no valid key".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_have_indexeddb_s_order() {
        let ordered = [
            json!(-1),
            json!(0),
            json!(2),
            json!(10),
            json!(""),
            json!("10"),
            json!("a"),
            json!("\u{10000}"),
            json!("\u{ffff}"),
            json!([]),
            json!([1]),
            json!([1, "a"]),
            json!([2]),
        ];
        let keys: Vec<Key> = ordered.iter().map(|k| Key::of_json(k).unwrap()).collect();
        for pair in keys.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        assert_eq!(Key::Number(0.0), Key::Number(-0.0));
        for bad in [json!(null), json!(true), json!({}), json!([null])] {
            assert!(Key::of_json(&bad).is_err(), "{bad}");
        }
    }
}
