//! What JavaScript's values are to the client's store: data that can be cloned, and key ranges.

use serde_json::Value as Json;

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// What is not there.
    #[default]
    Undefined,
    /// Plain data.
    Plain(Json),
    /// A range of keys, both ends inclusive unless `open`.
    Range {
        /// The lower end.
        low: Json,
        /// Is the lower end itself left out?
        open: bool,
        /// The upper end, where there is one.
        high: Option<Json>,
    },
}

impl Value {
    /// What is not there.
    pub const UNDEFINED: Self = Self::Undefined;

    /// Is it `undefined`?
    pub fn is_undefined(&self) -> bool {
        *self == Self::Undefined
    }

    /// Is it `null`?
    pub fn is_null(&self) -> bool {
        *self == Self::Plain(Json::Null)
    }

    /// The text, where it is one.
    pub fn as_string(&self) -> Option<String> {
        match self {
            Self::Plain(Json::String(text)) => Some(text.clone()),
            Self::Plain(_) | Self::Undefined | Self::Range { .. } => None,
        }
    }

    /// The number, where it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Plain(json) => json.as_f64(),
            Self::Undefined | Self::Range { .. } => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Plain(text.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Plain(number.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Plain(number.into())
    }
}

/// A list of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List(pub Vec<Value>);

impl List {
    /// A list of two.
    pub fn of2(first: &Value, second: &Value) -> Self {
        Self(vec![first.clone(), second.clone()])
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        self.0.iter().cloned()
    }

    /// How many there are.
    pub fn length(&self) -> u32 {
        self.0.len() as u32
    }

    /// The value at a place; undefined beyond the end.
    pub fn get(&self, at: u32) -> Value {
        self.0.get(at as usize).cloned().unwrap_or_default()
    }
}

impl FromIterator<Value> for List {
    fn from_iter<T: IntoIterator<Item = Value>>(values: T) -> Self {
        Self(values.into_iter().collect())
    }
}

/// The value of a JSON text.
pub fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(Value::Plain)
}

/// The JSON text of plain data.
pub fn stringify(value: &Value) -> Option<String> {
    match value {
        Value::Plain(json) => Some(json.to_string()),
        Value::Undefined | Value::Range { .. } => None,
    }
}

/// The JSON text of a list.
pub fn stringify_list(list: &List) -> Option<String> {
    let parts: Option<Vec<String>> = list.0.iter().map(stringify).collect();
    Some(format!("[{}]", parts?.join(",")))
}

/// A list of two as a value.
pub fn pair(first: &Value, second: &Value) -> Value {
    let plain = |value: &Value| match value {
        Value::Plain(json) => json.clone(),
        Value::Undefined | Value::Range { .. } => Json::Null,
    };
    Value::Plain(Json::Array(vec![plain(first), plain(second)]))
}

/// The parts of a value that is a list; none of another.
pub fn parts(value: &Value) -> List {
    match value {
        Value::Plain(Json::Array(parts)) => List(parts.iter().cloned().map(Value::Plain).collect()),
        Value::Plain(_) | Value::Undefined | Value::Range { .. } => List::default(),
    }
}
