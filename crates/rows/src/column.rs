//! A column of a table: values of one type in one vector, text in an arena.

use crate::order::compare_float;
use crate::value::Value;
pub use crate::value::ValueRef;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// Text that is no longer referred to is tolerated up to here, in bytes, before a compaction.
const GARBAGE_BYTES_MIN: usize = 64 * 1024;

/// Something that has a value per column: a row of values, of staged columns, of a table.
pub trait RowSource {
    /// The value of the column at this position.
    fn at(&self, column: usize) -> ValueRef<'_>;
}

impl RowSource for Box<[Value]> {
    fn at(&self, column: usize) -> ValueRef<'_> {
        self[column].as_value_ref()
    }
}

impl RowSource for Arc<[Value]> {
    fn at(&self, column: usize) -> ValueRef<'_> {
        self[column].as_value_ref()
    }
}

/// A row of some columns.
pub struct ColumnsRow<'a> {
    /// The columns.
    pub columns: &'a [Column],
    /// The row's slot in each.
    pub row: u32,
}

impl ColumnsRow<'_> {
    /// A copy of its own.
    pub fn values(&self) -> Box<[Value]> {
        self.columns
            .iter()
            .map(|c| c.get(self.row).to_value())
            .collect()
    }
}

impl RowSource for ColumnsRow<'_> {
    fn at(&self, column: usize) -> ValueRef<'_> {
        self.columns[column].get(self.row)
    }
}

/// The values of one column, by slot.
#[derive(Clone, Debug)]
pub struct Column {
    /// One bit per slot.
    nulls: Vec<u64>,
    /// The values; those of nulls mean nothing.
    pub data: Data,
}

/// Values of one form.
#[derive(Clone, Debug)]
pub enum Data {
    /// See [`Value::Int`].
    Int(Vec<i64>),
    /// See [`Value::Float`].
    Float(Vec<f64>),
    /// See [`Value::Text`].
    Text(TextData),
}

/// Texts in one arena.
#[derive(Clone, Debug)]
pub struct TextData {
    arena: String,
    /// Offset and length in the arena.
    spans: Vec<(u32, u32)>,
    garbage: usize,
    /// How texts are compared where not by bytes.
    pub order: Option<TextOrder>,
}

/// An order of texts that is not that of their bytes.
#[derive(Clone)]
pub struct TextOrder(Arc<Compare>);

type Compare = dyn Fn(&str, &str) -> Ordering + Send + Sync;

impl TextOrder {
    /// The order that a function gives.
    pub fn new(compare: impl Fn(&str, &str) -> Ordering + Send + Sync + 'static) -> Self {
        Self(Arc::new(compare))
    }
}

impl fmt::Debug for TextOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextOrder")
    }
}

impl Column {
    /// An empty column for values that are stored so.
    pub fn new(data: Data) -> Self {
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

    /// Is a slot NULL?
    #[inline(always)] // asked for every row, and smaller than a call
    pub fn is_null(&self, slot: u32) -> bool {
        self.nulls.as_slice()[(slot >> 6) as usize] >> (slot & 63) & 1 != 0
    }

    /// The value of a slot.
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

    /// Compares with the same slot of another column of the same form; with a NULL, not at all.
    pub fn compare_beside(&self, other: &Column, slot: u32) -> Option<Ordering> {
        match (self.get(slot), other.get(slot)) {
            (ValueRef::Int(a), ValueRef::Int(b)) => Some(a.cmp(&b)),
            (ValueRef::Float(a), ValueRef::Float(b)) => Some(compare_float(a, b)),
            (ValueRef::Text(a), ValueRef::Text(b)) => match &self.data {
                Data::Text(text) => Some(text.compare(a, b)),
                Data::Int(_) | Data::Float(_) => None,
            },
            _ => None,
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
            Data::Text(text) if text.order.is_some() => 0,
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
    /// An empty column of text.
    pub fn new(order: Option<TextOrder>) -> Self {
        Self {
            arena: String::new(),
            spans: Vec::new(),
            garbage: 0,
            order,
        }
    }

    /// The text of a slot.
    #[inline]
    pub fn get(&self, slot: u32) -> &str {
        let (at, len) = self.spans[slot as usize];
        &self.arena[at as usize..(at + len) as usize]
    }

    /// Compares two texts as this column's values.
    #[inline]
    pub fn compare(&self, a: &str, b: &str) -> Ordering {
        match &self.order {
            Some(order) => (order.0)(a, b),
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
