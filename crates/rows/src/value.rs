//! Values in stored form, alone and in place.

/// A value in stored form; which variant a type uses is the schema's to say.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// SQL's NULL.
    #[default]
    Null,
    /// Integers, booleans, enum positions, dates, times, timestamps, short numerics.
    Int(i64),
    /// Floating point.
    Float(f64),
    /// Everything else, in Postgres's canonical text.
    Text(Box<str>),
}

impl PartialEq for Value {
    /// Two NaNs are equal, as in Postgres; NULL equals NULL (identity, not SQL's `=`).
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Null | Value::Int(_) | Value::Float(_) | Value::Text(_), _) => false,
        }
    }
}

impl Eq for Value {}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Value::Text(text.into())
    }

    /// Is it NULL?
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

/// A value in place.
#[derive(Clone, Copy, Debug)]
pub enum ValueRef<'a> {
    /// SQL's NULL.
    Null,
    /// See [`Value::Int`].
    Int(i64),
    /// See [`Value::Float`].
    Float(f64),
    /// See [`Value::Text`].
    Text(&'a str),
}

impl PartialEq for ValueRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (ValueRef::Null, ValueRef::Null) => true,
            (ValueRef::Int(a), ValueRef::Int(b)) => a == b,
            (ValueRef::Float(a), ValueRef::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (ValueRef::Text(a), ValueRef::Text(b)) => a == b,
            (ValueRef::Null | ValueRef::Int(_) | ValueRef::Float(_) | ValueRef::Text(_), _) => {
                false
            }
        }
    }
}

impl ValueRef<'_> {
    /// A copy of its own.
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::Null => Value::Null,
            ValueRef::Int(int) => Value::Int(int),
            ValueRef::Float(float) => Value::Float(float),
            ValueRef::Text(text) => Value::text(text),
        }
    }
}

impl Value {
    /// The value in place.
    pub fn as_value_ref(&self) -> ValueRef<'_> {
        match self {
            Value::Null => ValueRef::Null,
            Value::Int(int) => ValueRef::Int(*int),
            Value::Float(float) => ValueRef::Float(*float),
            Value::Text(text) => ValueRef::Text(text),
        }
    }
}
