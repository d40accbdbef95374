//! The visible rows of one table: typed columns, a hash index on the key, sorted indexes.
//!
//! A slot stays a row's as long as the row is visible, and is used again afterwards. Every change
//! goes through `insert`, `update` and `remove`, which keep the indexes and note what is dirty.

use super::ValueRef;
use super::column::{Column, ColumnsRow, RowSource};
use super::hashed::{HashIndex, HashSpec};
use super::key::{Key, hash_key};
use crate::query::{Asked, TermIndex};
use crate::schema::{Storage, Table, Type};
use crate::value::Value;
use crate::value::{compare_text, is_by_bytes};
use hashbrown::HashTable;
use haversack_rows::SortedIndex;
use haversack_rows::column::{Data, TextData, TextOrder};
use std::sync::Arc;

/// How texts of a type are compared where not by their bytes.
fn text_order(kind: &Type) -> Option<TextOrder> {
    if is_by_bytes(kind) {
        return None;
    }
    let kind = kind.clone();
    Some(TextOrder::new(move |a, b| compare_text(&kind, a, b)))
}

/// An empty column for values of a type.
pub(crate) fn column_of(kind: &Type) -> Column {
    Column::new(match kind.storage() {
        Storage::Int => Data::Int(Vec::new()),
        Storage::Float => Data::Float(Vec::new()),
        Storage::Text => Data::Text(TextData::new(text_order(kind))),
    })
}

#[derive(Debug)]
pub(crate) struct TableStore {
    pub columns: Vec<Column>,
    pub key_columns: Vec<usize>,
    pub indexes: Vec<SortedIndex>,
    /// What texts are searched by, and what is within JSON.
    pub terms: Vec<TermIndex>,
    /// What has none of these yet.
    pub asked: Asked,
    /// What uniqueness and references are asked of.
    pub hashed: Vec<HashIndex>,
    /// Does it hold every row that the user may see?
    pub complete: bool,
    /// How often an index was used.
    pub uses: u64,
    keys: HashTable<u32>,
    /// One bit per slot: is it a row's?
    live: Vec<u64>,
    slots: u32,
    free: Vec<u32>,
    dirty: Vec<u32>,
    /// One bit per slot: is it in `dirty`?
    dirty_bits: Vec<u64>,
    /// Has anything changed since the last `take_changed`?
    changed: bool,
}

impl TableStore {
    pub fn new(table: &Table, hashed: Vec<HashSpec>) -> Self {
        Self {
            columns: table.columns.iter().map(|c| column_of(&c.kind)).collect(),
            key_columns: table
                .key_columns()
                .iter()
                .map(|c| usize::from(c.0))
                .collect(),
            indexes: Vec::new(),
            terms: Vec::new(),
            asked: Asked::default(),
            hashed: hashed.into_iter().map(HashIndex::new).collect(),
            complete: false,
            uses: 0,
            keys: HashTable::new(),
            live: Vec::new(),
            slots: 0,
            free: Vec::new(),
            dirty: Vec::new(),
            dirty_bits: Vec::new(),
            changed: false,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// How many slots there are, in use or free.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    pub fn is_live(&self, slot: u32) -> bool {
        slot < self.slots && self.live[(slot >> 6) as usize] >> (slot & 63) & 1 != 0
    }

    /// The slots in use, ascending.
    pub fn live_slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.slots).filter(|&slot| self.is_live(slot))
    }

    /// The row in a slot.
    pub fn row(&self, slot: u32) -> ColumnsRow<'_> {
        ColumnsRow {
            columns: &self.columns,
            row: slot,
        }
    }

    /// A copy of the row in a slot.
    pub fn values(&self, slot: u32) -> Arc<[Value]> {
        self.columns
            .iter()
            .map(|c| c.get(slot).to_value())
            .collect()
    }

    pub fn key(&self, slot: u32) -> Key {
        Key::of(&self.row(slot), &self.key_columns)
    }

    /// The slot of a key, given as one value per key column.
    #[inline]
    pub fn find(&self, key: &[ValueRef<'_>]) -> Option<u32> {
        let hash = hash_key(key.iter().copied());
        self.keys
            .find(hash, |&slot| {
                self.key_columns
                    .iter()
                    .zip(key)
                    .all(|(&c, part)| self.columns[c].get(slot) == *part)
            })
            .copied()
    }

    pub fn find_key(&self, key: &Key) -> Option<u32> {
        self.find_values(key.values())
    }

    /// The slot of a key, given as its values.
    pub fn find_values(&self, key: &[Value]) -> Option<u32> {
        match key {
            [one] => self.find(&[one.as_value_ref()]),
            many => {
                let parts: Vec<ValueRef<'_>> = many.iter().map(Value::as_value_ref).collect();
                self.find(&parts)
            }
        }
    }

    /// The slot of the row that has the key of another row.
    pub fn find_row(&self, row: &dyn RowSource) -> Option<u32> {
        match &self.key_columns[..] {
            [one] => self.find(&[row.at(*one)]),
            many => {
                let parts: Vec<ValueRef<'_>> = many.iter().map(|&c| row.at(c)).collect();
                self.find(&parts)
            }
        }
    }

    /// Makes a row visible, in a new slot or over the row of its key.
    pub fn put(&mut self, row: &dyn RowSource) -> u32 {
        self.put_at(self.find_row(row), row)
    }

    /// The same where the slot of the row's key is known, or that there is none.
    pub fn put_at(&mut self, slot: Option<u32>, row: &dyn RowSource) -> u32 {
        let Some(slot) = slot else {
            return self.insert(row);
        };
        self.update(slot, (0..self.columns.len()).map(|c| (c, row.at(c))));
        slot
    }

    /// Adds a row whose key is not there yet.
    pub fn insert(&mut self, row: &dyn RowSource) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => {
                for (c, column) in self.columns.iter_mut().enumerate() {
                    column.set(slot, row.at(c));
                }
                slot
            }
            None => {
                for (c, column) in self.columns.iter_mut().enumerate() {
                    column.push(row.at(c));
                }
                self.grow();
                self.slots - 1
            }
        };
        self.live[(slot >> 6) as usize] |= 1 << (slot & 63);
        self.index_key(slot);
        for index in &mut self.indexes {
            index.insert(&self.columns, slot);
        }
        for index in &mut self.hashed {
            index.insert(&self.columns, slot);
        }
        self.touch_terms(slot, |_| true);
        self.touch(slot);
        slot
    }

    fn touch_terms(&mut self, slot: u32, concerned: impl Fn(&TermIndex) -> bool) {
        let rows = self.keys.len();
        for index in self.terms.iter_mut().filter(|index| concerned(index)) {
            index.touch(slot, rows);
        }
    }

    /// The rows that may have values of this hash.
    pub fn candidates(&self, index: usize, hash: u64) -> impl Iterator<Item = u32> {
        self.hashed[index].slots(&self.columns, self.live_slots(), hash)
    }

    fn grow(&mut self) {
        self.slots += 1;
        // After a fill there may be more words than slots.
        let words = (self.slots as usize).div_ceil(64);
        self.live.resize(self.live.len().max(words), 0);
        self.dirty_bits.resize(self.dirty_bits.len().max(words), 0);
    }

    fn index_key(&mut self, slot: u32) {
        let (columns, key_columns) = (&self.columns, &self.key_columns);
        let hash = |slot: &u32| hash_key(key_columns.iter().map(|&c| columns[c].get(*slot)));
        self.keys.insert_unique(hash(&slot), slot, hash);
    }

    /// Sets values of a row; says whether any of them was another.
    pub fn update<'a>(
        &mut self,
        slot: u32,
        values: impl Iterator<Item = (usize, ValueRef<'a>)>,
    ) -> bool {
        let mut changed = false;
        let mut out_of: Vec<usize> = Vec::new();
        let mut hashed: Vec<usize> = Vec::new();
        for (c, value) in values {
            if self.columns[c].get(slot) == value {
                continue;
            }
            changed = true;
            self.touch_terms(slot, |index| index.concerns(c));
            for (i, index) in self.indexes.iter_mut().enumerate() {
                if index.spec.concerns(c) && !out_of.contains(&i) {
                    index.remove(&self.columns, slot);
                    out_of.push(i);
                }
            }
            for (i, index) in self.hashed.iter().enumerate() {
                if index.spec.columns.contains(&c) && !hashed.contains(&i) {
                    hashed.push(i);
                }
            }
            self.columns[c].set(slot, value);
        }
        for i in out_of {
            self.indexes[i].insert(&self.columns, slot);
        }
        for i in hashed {
            self.hashed[i].remove(slot);
            self.hashed[i].insert(&self.columns, slot);
        }
        if changed {
            self.touch(slot);
        }
        changed
    }

    /// Ends a row.
    pub fn remove(&mut self, slot: u32) {
        for index in &mut self.indexes {
            index.remove(&self.columns, slot);
        }
        for index in &mut self.hashed {
            index.remove(slot);
        }
        self.touch_terms(slot, |_| true);
        let (columns, key_columns) = (&self.columns, &self.key_columns);
        let hash = hash_key(key_columns.iter().map(|&c| columns[c].get(slot)));
        if let Ok(entry) = self.keys.find_entry(hash, |&other| other == slot) {
            entry.remove();
        }
        for column in &mut self.columns {
            column.set(slot, ValueRef::Null);
        }
        self.live[(slot >> 6) as usize] &= !(1 << (slot & 63));
        self.free.push(slot);
        self.touch(slot);
    }

    /// Takes whole columns as the rows of a table that is empty; a later row of a key wins.
    pub fn fill(&mut self, columns: Vec<Column>, rows: u32) {
        assert!(self.len() == 0, "only an empty table is filled");
        let slots_before = self.slots;
        self.columns = columns;
        self.free.clear();
        self.keys.clear();
        self.indexes.iter_mut().for_each(SortedIndex::make_stale);
        self.terms.iter_mut().for_each(TermIndex::make_stale);
        self.hashed.iter_mut().for_each(HashIndex::forget);
        let words = (rows.max(slots_before) as usize).div_ceil(64);
        self.slots = rows;
        self.live = vec![0; words];
        self.dirty_bits.resize(words, 0);
        let (columns, key_columns) = (&self.columns, &self.key_columns);
        let hash = |slot: &u32| hash_key(key_columns.iter().map(|&c| columns[c].get(*slot)));
        self.keys.reserve(rows as usize, hash);
        for slot in 0..rows {
            let same = |&other: &u32| {
                key_columns
                    .iter()
                    .all(|&c| columns[c].get(other) == columns[c].get(slot))
            };
            let hashed = hash(&slot);
            if let Some(earlier) = self.keys.find_mut(hashed, same) {
                self.live[(*earlier >> 6) as usize] &= !(1 << (*earlier & 63));
                self.free.push(*earlier);
                *earlier = slot;
            } else {
                self.keys.insert_unique(hashed, slot, hash);
            }
            self.live[(slot >> 6) as usize] |= 1 << (slot & 63);
        }
        for slot in 0..rows {
            if self.is_live(slot) {
                self.touch(slot);
            }
        }
    }

    /// Prepares for many changes: beyond a share of the rows, sorting anew is cheaper than keeping
    /// the indexes in step.
    pub fn expect_changes(&mut self, changes: usize) {
        if changes > 64 && changes * 16 > self.len() {
            self.indexes.iter_mut().for_each(SortedIndex::make_stale);
        }
    }

    fn touch(&mut self, slot: u32) {
        self.changed = true;
        let word = &mut self.dirty_bits[(slot >> 6) as usize];
        let bit = 1u64 << (slot & 63);
        if *word & bit == 0 {
            *word |= bit;
            self.dirty.push(slot);
        }
    }

    /// The slots whose visible row changed, appeared or vanished since the last call.
    pub fn take_dirty(&mut self, mut each: impl FnMut(u32)) {
        for slot in self.dirty.drain(..) {
            self.dirty_bits[(slot >> 6) as usize] &= !(1 << (slot & 63));
            each(slot);
        }
    }

    /// Has any row changed since the last call?
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}
