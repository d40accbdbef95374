//! Rows found by some of their values: what uniqueness and references are asked of.
//!
//! An index is made when it is first asked, and kept in step from then on.

use super::column::{Column, ColumnsRow, RowSource};
use super::same::Same;
use crate::error::Error;
use crate::expr::{Bound, Context};
use crate::value::Value;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::cell::OnceCell;
use std::hash::Hasher;

/// What rows are found by.
#[derive(Debug)]
pub(crate) struct HashSpec {
    pub parts: Vec<Part>,
    /// Only rows that pass are in the index.
    pub predicate: Option<Bound>,
    /// NULLS NOT DISTINCT: rows with nulls are in the index too.
    pub nulls: bool,
    /// The columns that parts and predicate read.
    pub columns: Vec<usize>,
    /// How many columns a row has.
    pub width: usize,
}

/// One value that rows are found by.
#[derive(Debug)]
pub(crate) struct Part {
    pub source: Source,
    pub same: Same,
}

#[derive(Debug)]
pub(crate) enum Source {
    Column(usize),
    Expression(Bound),
}

/// Set in the hash of every row that is in an index, so that 0 stands for those that are not.
const INDEXED: u64 = 1 << 63;

impl HashSpec {
    /// Finds rows by columns.
    pub fn of_columns(columns: &[usize], same: impl Fn(usize) -> Same, width: usize) -> Self {
        let part = |&column: &usize| Part {
            source: Source::Column(column),
            same: same(column),
        };
        Self {
            parts: columns.iter().map(part).collect(),
            predicate: None,
            nulls: false,
            columns: columns.to_vec(),
            width,
        }
    }

    /// Are values that are not the same to this index certainly different?
    pub fn exact(&self) -> bool {
        self.parts.iter().all(|part| part.same != Same::Text)
    }

    /// A row's values; `None` where it is not in the index.
    ///
    /// # Errors
    /// As [`Bound::value`].
    pub fn parts_of(&self, row: &dyn RowSource) -> Result<Option<Vec<Value>>, Error> {
        let mut random = || [0; 16];
        let mut context = Context {
            now_ms: 0,
            identity: None,
            value: None,
            random: &mut random,
        };
        let whole = if self.is_plain() {
            Vec::new()
        } else {
            let mut whole = vec![Value::Null; self.width];
            for &c in &self.columns {
                whole[c] = row.at(c).to_value();
            }
            whole
        };
        if let Some(predicate) = &self.predicate
            && predicate.test(&whole, &mut context)? != Some(true)
        {
            return Ok(None);
        }
        let mut values = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let value = match &part.source {
                Source::Column(c) => row.at(*c).to_value(),
                Source::Expression(bound) => bound.value(&whole, &mut context)?,
            };
            if value.is_null() && !self.nulls {
                return Ok(None);
            }
            values.push(value);
        }
        Ok(Some(values))
    }

    /// Does a row have these values?
    pub fn has(&self, row: &dyn RowSource, values: &[Value]) -> bool {
        if self.is_plain() {
            let same = |(part, value): (&Part, &Value)| match part.source {
                Source::Column(c) => part.same.equal(row.at(c), value.as_value_ref()),
                Source::Expression(_) => false,
            };
            return self.parts.iter().zip(values).all(same);
        }
        let Ok(Some(own)) = self.parts_of(row) else {
            return false;
        };
        let same = |((part, own), value): ((&Part, &Value), &Value)| {
            part.same.equal(own.as_value_ref(), value.as_value_ref())
        };
        self.parts.iter().zip(&own).zip(values).all(same)
    }

    pub fn hash(&self, values: &[Value]) -> u64 {
        let mut hasher = FxHasher::default();
        for (part, value) in self.parts.iter().zip(values) {
            part.same.hash(value.as_value_ref(), &mut hasher);
        }
        hasher.finish() | INDEXED
    }

    /// The hash of a row's values; 0 where it is not in the index.
    pub fn hash_row(&self, row: &dyn RowSource) -> u64 {
        if !self.is_plain() {
            // What fails to be computed is no row that the server could have indexed.
            return match self.parts_of(row) {
                Ok(Some(values)) => self.hash(&values),
                Ok(None) | Err(_) => 0,
            };
        }
        let mut hasher = FxHasher::default();
        for part in &self.parts {
            let Source::Column(c) = part.source else {
                continue;
            };
            let value = row.at(c);
            if matches!(value, super::ValueRef::Null) && !self.nulls {
                return 0;
            }
            part.same.hash(value, &mut hasher);
        }
        hasher.finish() | INDEXED
    }

    /// Is it made of nothing but columns, of every row?
    pub fn is_plain(&self) -> bool {
        let column = |part: &Part| matches!(part.source, Source::Column(_));
        self.predicate.is_none() && self.parts.iter().all(column)
    }
}

/// The rows of a table by their hashes.
#[derive(Debug)]
pub(crate) struct HashIndex {
    pub spec: HashSpec,
    built: OnceCell<Built>,
}

#[derive(Debug, Default)]
struct Built {
    slots: HashTable<u32>,
    /// Per slot its hash; 0 where it is not in the index.
    hashes: Vec<u64>,
}

impl HashIndex {
    pub fn new(spec: HashSpec) -> Self {
        Self {
            spec,
            built: OnceCell::new(),
        }
    }

    /// Drops what was made: it is made anew when asked.
    pub fn forget(&mut self) {
        self.built.take();
    }

    /// Takes in a slot whose values are in place.
    pub fn insert(&mut self, columns: &[Column], slot: u32) {
        if let Some(built) = self.built.get_mut() {
            built.insert(&self.spec, columns, slot);
        }
    }

    /// Takes out a slot, whatever its values are by now.
    pub fn remove(&mut self, slot: u32) {
        let Some(built) = self.built.get_mut() else {
            return;
        };
        let Some(hash) = built.hashes.get_mut(slot as usize) else {
            return;
        };
        let hash = std::mem::take(hash);
        if hash != 0
            && let Ok(entry) = built.slots.find_entry(hash, |&other| other == slot)
        {
            entry.remove();
        }
    }

    /// The slots of this hash; `live` are all slots in use.
    pub fn slots(
        &self,
        columns: &[Column],
        live: impl Iterator<Item = u32>,
        hash: u64,
    ) -> impl Iterator<Item = u32> {
        let built = self.built.get_or_init(|| {
            let mut built = Built::default();
            live.for_each(|slot| built.insert(&self.spec, columns, slot));
            built
        });
        let found = built.slots.iter_hash(hash).copied();
        found.filter(move |&slot| built.hashes[slot as usize] == hash)
    }
}

impl Built {
    fn insert(&mut self, spec: &HashSpec, columns: &[Column], slot: u32) {
        let hash = spec.hash_row(&ColumnsRow { columns, row: slot });
        if self.hashes.len() <= slot as usize {
            self.hashes.resize(slot as usize + 1, 0);
        }
        self.hashes[slot as usize] = hash;
        if hash != 0 {
            let hashes = &self.hashes;
            self.slots
                .insert_unique(hash, slot, |&other| hashes[other as usize]);
        }
    }
}
