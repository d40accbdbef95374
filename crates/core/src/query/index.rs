//! Slots of a table in the order of some of its columns, ties in the order of the primary key.

use super::filter::Filter;
use crate::replica::Column;
use std::cmp::Ordering;
use std::ops::Range;

/// A column to order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OrderKey {
    pub column: usize,
    pub descending: bool,
    pub nulls_first: bool,
}

impl OrderKey {
    /// Ascending, NULL last.
    pub fn ascending(column: usize) -> Self {
        Self {
            column,
            descending: false,
            nulls_first: false,
        }
    }

    #[inline]
    fn compare(&self, columns: &[Column], a: u32, b: u32) -> Ordering {
        let column = &columns[self.column];
        match (column.is_null(a), column.is_null(b)) {
            (false, false) => {
                let order = column.compare(a, b);
                if self.descending {
                    order.reverse()
                } else {
                    order
                }
            }
            (true, true) => Ordering::Equal,
            (null, _) => {
                if null == self.nulls_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }

    /// Where a slot's value stands to those that a filter lets through, in this order.
    #[inline]
    fn place(&self, columns: &[Column], slot: u32, filter: &Filter<'_>) -> Ordering {
        let column = &columns[self.column];
        match (
            column.is_null(slot),
            matches!(filter, Filter::IsNull { .. }),
        ) {
            (false, false) => {
                let order = filter.place(column, slot);
                if self.descending {
                    order.reverse()
                } else {
                    order
                }
            }
            (true, true) => Ordering::Equal,
            (null, _) => {
                if null == self.nulls_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }

    fn prefix(&self, columns: &[Column], slot: u32) -> u64 {
        let column = &columns[self.column];
        if column.is_null(slot) {
            return if self.nulls_first { 0 } else { u64::MAX };
        }
        let prefix = column.prefix(slot);
        if self.descending { !prefix } else { prefix }
    }
}

/// What an index is ordered by, the primary key at the end included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spec(pub Vec<OrderKey>);

impl Spec {
    /// Is the order made by this column, among others?
    pub fn concerns(&self, column: usize) -> bool {
        self.0.iter().any(|key| key.column == column)
    }

    #[inline]
    pub fn compare(&self, columns: &[Column], a: u32, b: u32) -> Ordering {
        for key in &self.0 {
            let order = key.compare(columns, a, b);
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }

    /// Sorts slots.
    pub fn sort(&self, columns: &[Column], slots: &mut [u32]) {
        let Some(first) = self.0.first() else { return };
        // Most comparisons are decided by one number, without going through the columns.
        let mut keyed: Vec<(u64, u32)> = slots
            .iter()
            .map(|&slot| (first.prefix(columns, slot), slot))
            .collect();
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.compare(columns, a.1, b.1)));
        for (slot, (_, sorted)) in slots.iter_mut().zip(keyed) {
            *slot = sorted;
        }
    }
}

/// An index, kept in step with every change unless it is stale; then it is made anew when used.
#[derive(Debug)]
pub(crate) struct SortedIndex {
    pub spec: Spec,
    pub slots: Vec<u32>,
    pub stale: bool,
    /// When it was used last, by the table's count of uses.
    pub used: u64,
}

impl SortedIndex {
    pub fn new(spec: Spec) -> Self {
        Self {
            spec,
            slots: Vec::new(),
            stale: true,
            used: 0,
        }
    }

    pub fn make_stale(&mut self) {
        self.stale = true;
        self.slots.clear();
    }

    pub fn rebuild(&mut self, columns: &[Column], slots: impl Iterator<Item = u32>) {
        self.slots.clear();
        self.slots.extend(slots);
        self.spec.sort(columns, &mut self.slots);
        self.stale = false;
    }

    /// Takes in a slot whose values are in place.
    pub fn insert(&mut self, columns: &[Column], slot: u32) {
        if !self.stale {
            let at = self.position(columns, slot);
            self.slots.insert(at, slot);
        }
    }

    /// Takes out a slot whose values are still those under which it was inserted.
    pub fn remove(&mut self, columns: &[Column], slot: u32) {
        if !self.stale {
            let at = self.position(columns, slot);
            assert!(self.slots.get(at) == Some(&slot), "an index lost a row");
            self.slots.remove(at);
        }
    }

    fn position(&self, columns: &[Column], slot: u32) -> usize {
        self.slots
            .partition_point(|&other| self.spec.compare(columns, other, slot) == Ordering::Less)
    }

    /// The positions whose leading columns pass the filters; all filters but the last must be
    /// points.
    pub fn range(&self, columns: &[Column], filters: &[&Filter<'_>]) -> Range<usize> {
        if filters.is_empty() {
            return 0..self.slots.len();
        }
        let place = |slot: u32| {
            for (key, filter) in self.spec.0.iter().zip(filters) {
                let order = key.place(columns, slot, filter);
                if order != Ordering::Equal {
                    return order;
                }
            }
            Ordering::Equal
        };
        let start = self
            .slots
            .partition_point(|&slot| place(slot) == Ordering::Less);
        let rest = &self.slots[start..];
        let len = rest.partition_point(|&slot| place(slot) == Ordering::Equal);
        start..start + len
    }
}
