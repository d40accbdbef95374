//! Slots of a table in the order of some of its columns, ties in the order of the primary key.

use crate::column::{Column, Data};
use crate::filter::Filter;
use crate::sort;
use std::cmp::Ordering;
use std::ops::Range;

/// A column to order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// The position of the column.
    pub column: usize,
    /// The greatest first.
    pub descending: bool,
    /// NULL before anything else.
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

    /// Compares two rows by this column.
    #[inline]
    pub fn compare(&self, columns: &[Column], a: u32, b: u32) -> Ordering {
        let column = &columns[self.column];
        self.order(column.is_null(a), column.is_null(b), || {
            column.compare(a, b)
        })
    }

    /// Where a slot's value stands to those that a filter lets through, in this order.
    #[inline]
    pub(crate) fn place(&self, columns: &[Column], slot: u32, filter: &Filter<'_>) -> Ordering {
        let column = &columns[self.column];
        let nulls = matches!(filter, Filter::IsNull { .. });
        self.order(column.is_null(slot), nulls, || filter.place(column, slot))
    }

    /// The order of two values of which these are null, or else compare as `values` says.
    #[inline]
    fn order(&self, null_a: bool, null_b: bool, values: impl FnOnce() -> Ordering) -> Ordering {
        match (null_a, null_b) {
            (false, false) if self.descending => values().reverse(),
            (false, false) => values(),
            (true, true) => Ordering::Equal,
            (null, _) if null == self.nulls_first => Ordering::Less,
            (_, _) => Ordering::Greater,
        }
    }

    /// A number whose order is the order of the slots' values as far as it goes.
    #[inline]
    pub fn prefix(&self, columns: &[Column], slot: u32) -> u64 {
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
pub struct Spec(pub Vec<OrderKey>);

impl Spec {
    /// Is the order made by this column, among others?
    pub fn concerns(&self, column: usize) -> bool {
        self.0.iter().any(|key| key.column == column)
    }

    /// Compares two rows.
    pub fn compare(&self, columns: &[Column], a: u32, b: u32) -> Ordering {
        compare(&self.0, columns, a, b)
    }

    /// The first column's number for a slot; see [`OrderKey::prefix`].
    #[inline(always)] // small, and called for every row
    pub fn prefix(&self, columns: &[Column], slot: u32) -> u64 {
        self.0.first().map_or(0, |key| key.prefix(columns, slot))
    }

    /// Sorts slots.
    #[inline(never)]
    pub fn sort(&self, columns: &[Column], slots: &mut [u32]) {
        let Some(&one) = slots.first() else { return };
        // Columns in which all rows agree order nothing; those of one user begin with such.
        let agree = |key: &OrderKey| {
            let same = |&slot: &u32| key.compare(columns, one, slot) == Ordering::Equal;
            slots.iter().all(same)
        };
        let constant = self.0.iter().take_while(|key| agree(key)).count();
        let Some((first, _)) = self.0[constant..].split_first() else {
            return;
        };
        let mut keyed: Vec<(u64, u32)> = slots
            .iter()
            .map(|&slot| (first.prefix(columns, slot), slot))
            .collect();
        sort_keyed(&self.0[constant..], columns, &mut keyed);
        for (slot, (_, sorted)) in slots.iter_mut().zip(keyed) {
            *slot = sorted;
        }
    }

    /// Sorts slots that come with their prefixes.
    pub fn sort_keyed(&self, columns: &[Column], keyed: &mut Vec<(u64, u32)>) {
        sort_keyed(&self.0, columns, keyed);
    }
}

fn compare(keys: &[OrderKey], columns: &[Column], a: u32, b: u32) -> Ordering {
    for key in keys {
        let order = key.compare(columns, a, b);
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn sort_keyed(keys: &[OrderKey], columns: &[Column], keyed: &mut Vec<(u64, u32)>) {
    // Most comparisons are decided by one number, without going through the columns.
    sort::sort_keyed(keyed, &|a, b| compare(keys, columns, a, b));
}

/// The most groups that are kept.
const GROUPS_MAX: usize = 64;

/// Where the groups of equal values begin in a stretch of an index. With few of them, as of a status
/// or a priority, they are found quicker here than among the rows, where nearly every step of a
/// search is a miss of the processor's cache.
#[derive(Debug, Default)]
struct Groups {
    /// The stretch, whose rows agree on all columns before `depth`.
    within: Range<usize>,
    /// Which column of the index has the values.
    depth: usize,
    /// Empty until asked for a second time, and where there are too many.
    starts: Vec<u32>,
    sought: bool,
}

/// An index, kept in step with every change unless it is stale; then it is made anew when used.
#[derive(Debug)]
pub struct SortedIndex {
    /// What it is ordered by.
    pub spec: Spec,
    /// The rows, in order; none while it is stale.
    pub slots: Vec<u32>,
    /// Is it to be made anew?
    pub stale: bool,
    /// What tells it from the table's other indexes, and from those that made room.
    pub id: u64,
    groups: Groups,
    /// When it was used last, by the table's count of uses.
    pub used: u64,
}

impl SortedIndex {
    /// An index that is to be made.
    pub fn new(spec: Spec, id: u64) -> Self {
        Self {
            spec,
            id,
            slots: Vec::new(),
            stale: true,
            groups: Groups::default(),
            used: 0,
        }
    }

    /// Has it made anew when it is used next.
    pub fn make_stale(&mut self) {
        self.stale = true;
        self.slots.clear();
        self.groups = Groups::default();
    }

    /// Makes it anew from these rows.
    pub fn rebuild(&mut self, columns: &[Column], slots: impl Iterator<Item = u32>) {
        self.slots.clear();
        self.slots.extend(slots);
        self.spec.sort(columns, &mut self.slots);
        self.stale = false;
    }

    /// Takes in a slot whose values are in place.
    #[inline(never)]
    pub fn insert(&mut self, columns: &[Column], slot: u32) {
        if !self.stale {
            let at = self.position(columns, slot);
            self.slots.insert(at, slot);
            self.groups = Groups::default();
        }
    }

    /// Takes out a slot whose values are still those under which it was inserted.
    #[inline(never)]
    pub fn remove(&mut self, columns: &[Column], slot: u32) {
        if !self.stale {
            let at = self.position(columns, slot);
            assert!(self.slots.get(at) == Some(&slot), "an index lost a row");
            self.slots.remove(at);
            self.groups = Groups::default();
        }
    }

    fn position(&self, columns: &[Column], slot: u32) -> usize {
        self.slots
            .partition_point(|&other| self.spec.compare(columns, other, slot) == Ordering::Less)
    }

    /// Finds the groups at `depth` of a stretch that agrees on all columns before it, if it is not
    /// the first time that they are asked for since the index changed.
    #[inline(never)]
    pub fn group(&mut self, columns: &[Column], within: &Range<usize>, depth: usize) {
        if self.groups.depth != depth || self.groups.within != *within {
            self.groups = Groups {
                within: within.clone(),
                depth,
                ..Groups::default()
            };
            return;
        }
        if std::mem::replace(&mut self.groups.sought, true) {
            return;
        }
        let mut starts = Vec::new();
        let mut start = within.start;
        while start < within.end {
            if starts.len() == GROUPS_MAX {
                return;
            }
            starts.push(start as u32);
            start = self.group_end(columns, start..within.end, depth);
        }
        self.groups.starts = starts;
    }

    /// Where the group ends that `rest` begins with.
    #[inline(never)]
    pub fn group_end(&self, columns: &[Column], rest: Range<usize>, depth: usize) -> usize {
        let groups = &self.groups;
        if groups.depth == depth
            && let Ok(group) = groups.starts.binary_search(&(rest.start as u32))
        {
            let next = groups.starts.get(group + 1);
            return next.map_or(groups.within.end, |&next| next as usize);
        }
        let column = self.spec.0[depth].column;
        let equal = Filter::equal(column, columns[column].get(self.slots[rest.start]));
        self.seek(columns, rest, depth, &equal, true)
    }

    /// The positions, within those that agree on all columns before `depth`, whose value at
    /// `depth` passes a filter: a point or an interval.
    #[inline(never)]
    pub fn narrow(
        &self,
        columns: &[Column],
        within: Range<usize>,
        depth: usize,
        filter: &Filter<'_>,
    ) -> Range<usize> {
        let groups = &self.groups;
        if !groups.starts.is_empty() && groups.depth == depth && groups.within == within {
            let key = self.spec.0[depth];
            let edge = |past: bool| {
                let group = groups.starts.partition_point(|&start| {
                    let place = key.place(columns, self.slots[start as usize], filter);
                    place == Ordering::Less || past && place == Ordering::Equal
                });
                let start = groups.starts.get(group);
                start.map_or(within.end, |&start| start as usize)
            };
            return edge(false)..edge(true);
        }
        let start = self.seek(columns, within.clone(), depth, filter, false);
        start..self.seek(columns, start..within.end, depth, filter, true)
    }

    /// The positions, within those that are in the order of a filter, that come after its place.
    #[inline(never)]
    pub fn after(
        &self,
        columns: &[Column],
        within: Range<usize>,
        filter: &Filter<'_>,
    ) -> Range<usize> {
        let slots = &self.slots[within.clone()];
        let before = slots.partition_point(|&slot| !filter.passes(columns, slot));
        within.start + before..within.end
    }

    /// The first position that is not before those that pass a filter; or, `past` them, the first
    /// after them.
    fn seek(
        &self,
        columns: &[Column],
        within: Range<usize>,
        depth: usize,
        filter: &Filter<'_>,
        past: bool,
    ) -> usize {
        let (mut low, mut high) = (within.start, within.end);
        let slots = self.slots.as_slice();
        let key = self.spec.0[depth];
        let column = &columns[key.column];
        // Often all pass, so the end is tried before the middle.
        let mut at = if past { high.max(1) - 1 } else { low };
        // Integers are by far the most common, and worth a loop without a call.
        if let (
            Filter::Int {
                low: least,
                high: most,
                ..
            },
            Data::Int(ints),
        ) = (filter, &column.data)
        {
            let ints = ints.as_slice();
            let edge = if past == key.descending {
                *least
            } else {
                *most
            };
            while low < high {
                let slot = slots[at];
                let int = ints[slot as usize];
                let before = if column.is_null(slot) {
                    key.nulls_first
                } else if int == edge {
                    past
                } else {
                    (int < edge) != key.descending
                };
                if before {
                    low = at + 1;
                } else {
                    high = at;
                }
                at = low + (high - low) / 2;
            }
            return low;
        }
        while low < high {
            let place = key.place(columns, slots[at], filter);
            if place == Ordering::Less || past && place == Ordering::Equal {
                low = at + 1;
            } else {
                high = at;
            }
            at = low + (high - low) / 2;
        }
        low
    }
}
