//! A column of a table: values of one type in one vector, text in an arena.

use crate::schema::{Storage, Type};
use crate::value::{Value, compare_float, compare_text, is_by_bytes};
use std::cmp::Ordering;

/// Text that is no longer referred to is tolerated up to here, in bytes, before a compaction.
const GARBAGE_BYTES_MIN: usize = 64 * 1024;

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

/// Something that has a value per column: a row of values, of staged columns, of a table.
pub(crate) trait RowSource {
    /// The value of the column at this position.
    fn at(&self, column: usize) -> ValueRef<'_>;
}

impl RowSource for Box<[Value]> {
    fn at(&self, column: usize) -> ValueRef<'_> {
        self[column].as_value_ref()
    }
}

/// A row of some columns.
pub(crate) struct ColumnsRow<'a> {
    pub columns: &'a [Column],
    pub row: u32,
}

impl RowSource for ColumnsRow<'_> {
    fn at(&self, column: usize) -> ValueRef<'_> {
        self.columns[column].get(self.row)
    }
}

/// The values of one column, by slot.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// One bit per slot.
    nulls: Vec<u64>,
    pub data: Data,
}

#[derive(Clone, Debug)]
pub(crate) enum Data {
    Int(Vec<i64>),
    Float(Vec<f64>),
    Text(TextData),
}

#[derive(Clone, Debug)]
pub(crate) struct TextData {
    arena: String,
    /// Offset and length in the arena.
    spans: Vec<(u32, u32)>,
    garbage: usize,
    /// The type, where values don't compare by the bytes of their texts.
    kind: Option<Box<Type>>,
}

impl Column {
    pub fn new(kind: &Type) -> Self {
        let data = match kind.storage() {
            Storage::Int => Data::Int(Vec::new()),
            Storage::Float => Data::Float(Vec::new()),
            Storage::Text => Data::Text(TextData {
                arena: String::new(),
                spans: Vec::new(),
                garbage: 0,
                kind: (!is_by_bytes(kind)).then(|| Box::new(kind.clone())),
            }),
        };
        Self {
            nulls: Vec::new(),
            data,
        }
    }

    fn len(&self) -> usize {
        match &self.data {
            Data::Int(ints) => ints.len(),
            Data::Float(floats) => floats.len(),
            Data::Text(text) => text.spans.len(),
        }
    }

    #[inline(always)] // asked for every row, and smaller than a call
    pub fn is_null(&self, slot: u32) -> bool {
        self.nulls.as_slice()[(slot >> 6) as usize] >> (slot & 63) & 1 != 0
    }

    #[inline]
    pub fn get(&self, slot: u32) -> ValueRef<'_> {
        if self.is_null(slot) {
            return ValueRef::Null;
        }
        match &self.data {
            Data::Int(ints) => ValueRef::Int(ints[slot as usize]),
            Data::Float(floats) => ValueRef::Float(floats[slot as usize]),
            Data::Text(text) => ValueRef::Text(text.get(slot)),
        }
    }

    /// Puts a value into the next slot.
    pub fn push(&mut self, value: ValueRef<'_>) {
        let slot = self.len() as u32;
        if slot & 63 == 0 {
            self.nulls.push(0);
        }
        match &mut self.data {
            Data::Int(ints) => ints.push(0),
            Data::Float(floats) => floats.push(0.0),
            Data::Text(text) => text.spans.push((0, 0)),
        }
        self.set(slot, value);
    }

    /// Replaces the value of a slot.
    pub fn set(&mut self, slot: u32, value: ValueRef<'_>) {
        let bit = 1u64 << (slot & 63);
        let word = &mut self.nulls[(slot >> 6) as usize];
        match value {
            ValueRef::Null => *word |= bit,
            ValueRef::Int(_) | ValueRef::Float(_) | ValueRef::Text(_) => *word &= !bit,
        }
        match (&mut self.data, value) {
            (Data::Int(ints), ValueRef::Int(int)) => ints[slot as usize] = int,
            (Data::Float(floats), ValueRef::Float(float)) => floats[slot as usize] = float,
            (Data::Text(text), ValueRef::Text(new)) => text.set(slot, new),
            (Data::Text(text), ValueRef::Null) => text.set(slot, ""),
            (Data::Int(_) | Data::Float(_), ValueRef::Null) => {}
            (Data::Int(_) | Data::Float(_) | Data::Text(_), _) => {
                unreachable!("a value is not stored as its column's type says")
            }
        }
    }

    /// Compares two slots, ascending; neither may be NULL.
    #[inline]
    pub fn compare(&self, a: u32, b: u32) -> Ordering {
        match &self.data {
            Data::Int(ints) => {
                let ints = ints.as_slice();
                ints[a as usize].cmp(&ints[b as usize])
            }
            Data::Float(floats) => compare_float(floats[a as usize], floats[b as usize]),
            Data::Text(text) => text.compare(text.get(a), text.get(b)),
        }
    }

    /// A number whose order is the order of the values as far as it goes; NULL's is not defined.
    pub fn prefix(&self, slot: u32) -> u64 {
        match &self.data {
            Data::Int(ints) => (ints.as_slice()[slot as usize] as u64) ^ (1 << 63),
            Data::Float(floats) => {
                // The usual order-preserving map; one NaN above all, one zero.
                let float = floats[slot as usize] + 0.0;
                if float.is_nan() {
                    return u64::MAX;
                }
                let bits = float.to_bits();
                if bits >> 63 == 0 {
                    bits | 1 << 63
                } else {
                    !bits
                }
            }
            Data::Text(text) if text.kind.is_some() => 0,
            Data::Text(text) => {
                let bytes = text.get(slot).as_bytes();
                let mut prefix = [0u8; 8];
                let len = bytes.len().min(8);
                prefix[..len].copy_from_slice(&bytes[..len]);
                u64::from_be_bytes(prefix)
            }
        }
    }
}

impl TextData {
    #[inline]
    pub fn get(&self, slot: u32) -> &str {
        let (at, len) = self.spans[slot as usize];
        &self.arena[at as usize..(at + len) as usize]
    }

    #[inline]
    pub fn compare(&self, a: &str, b: &str) -> Ordering {
        match &self.kind {
            Some(kind) => compare_text(kind, a, b),
            None => a.cmp(b),
        }
    }

    fn set(&mut self, slot: u32, text: &str) {
        let old = self.spans[slot as usize].1 as usize;
        self.spans[slot as usize] = (0, 0);
        self.garbage += old;
        if self.garbage > GARBAGE_BYTES_MIN && self.garbage > self.arena.len() / 2 {
            self.compact();
        }
        let at = self.arena.len();
        assert!(
            at + text.len() <= u32::MAX as usize,
            "a column holds at most 4 GB of text"
        );
        self.arena.push_str(text);
        self.spans[slot as usize] = (at as u32, text.len() as u32);
    }

    fn compact(&mut self) {
        let mut arena = String::with_capacity(self.arena.len() - self.garbage);
        for span in &mut self.spans {
            let (at, len) = *span;
            *span = (arena.len() as u32, len);
            arena.push_str(&self.arena[at as usize..(at + len) as usize]);
        }
        self.arena = arena;
        self.garbage = 0;
    }
}
