//! Collects the rows that pass, in order: along one index, or from several runs of one.
//!
//! The loops are explicit and without allocation: they are what a query's time goes into, and the
//! module is compiled for size.

use crate::column::{Column, Data};
use crate::filter::Filter;
use crate::index::Spec;

/// Conditions by position, one bit each (`CONDITIONS_MAX` is 64).
pub type Set = u64;

/// A stretch of an index.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Where it begins.
    pub at: usize,
    /// Where it ends.
    pub end: usize,
    /// The prefix of the row at `at`, while runs are merged.
    pub key: u64,
}

/// What has been found of the rows wanted.
pub struct Walk<'f, 'a> {
    /// What rows have to pass.
    pub filters: &'f [Filter<'a>],
    /// How many of them are left out at the beginning.
    pub offset: usize,
    /// The most rows that are wanted.
    pub limit: usize,
    /// Rows that passed, those before the offset included.
    pub seen: usize,
    /// Rows that were looked at.
    pub examined: usize,
    /// The rows wanted.
    pub result: Vec<u32>,
}

impl Walk<'_, '_> {
    /// How many rows have to pass.
    pub fn need(&self) -> usize {
        self.offset.saturating_add(self.limit)
    }

    /// Forgets what was found, as another way is taken.
    pub fn restart(&mut self) {
        self.seen = 0;
        self.result.clear();
    }

    /// Does a row pass these conditions?
    pub fn passes(&self, columns: &[Column], slot: u32, mut rest: Set) -> bool {
        while rest != 0 {
            if !self.filters[rest.trailing_zeros() as usize].passes(columns, slot) {
                return false;
            }
            rest &= rest - 1;
        }
        true
    }

    /// Takes a row that passes; says whether there is enough.
    #[inline(always)] // in the loops below
    fn take(&mut self, slot: u32) -> bool {
        self.seen += 1;
        if self.seen > self.offset {
            self.result.push(slot);
        }
        self.result.len() == self.limit
    }

    /// Collects from slots that are in order; says whether there is enough.
    #[inline(never)]
    pub fn along(&mut self, columns: &[Column], slots: &[u32], rest: Set) -> bool {
        if rest == 0 {
            let skipped = (self.offset - self.offset.min(self.seen)).min(slots.len());
            let taken = (slots.len() - skipped).min(self.limit - self.result.len());
            self.result
                .extend_from_slice(&slots[skipped..skipped + taken]);
            self.seen += skipped + taken;
            self.examined += taken;
            return self.result.len() == self.limit;
        }
        let before = self.examined;
        self.examined += slots.len();
        // One range of integers is the most common rest: no choice per row.
        if rest & (rest - 1) == 0
            && let Filter::Int { column, low, high } = self.filters[rest.trailing_zeros() as usize]
            && let Data::Int(ints) = &columns[column].data
        {
            // A slice is indexed without a call, even where the module is compiled for size.
            let ints = ints.as_slice();
            for (i, &slot) in slots.iter().enumerate() {
                let int = ints[slot as usize];
                if low <= int && int <= high && !columns[column].is_null(slot) && self.take(slot) {
                    self.examined = before + i + 1;
                    return true;
                }
            }
            return false;
        }
        for (i, &slot) in slots.iter().enumerate() {
            if self.passes(columns, slot, rest) && self.take(slot) {
                self.examined = before + i + 1;
                return true;
            }
        }
        false
    }

    /// Collects from runs, none empty, each of which is in order.
    #[inline(never)]
    pub fn merge(
        &mut self,
        columns: &[Column],
        slots: &[u32],
        runs: &mut [Run],
        order: &Spec,
        rest: Set,
    ) {
        // The runs are kept in the order of their next rows.
        for i in (0..runs.len()).rev() {
            runs[i].key = order.prefix(columns, slots[runs[i].at]);
            settle(columns, slots, &mut runs[i..], order);
        }
        let mut first = 0;
        while first + 1 < runs.len() {
            let run = &mut runs[first];
            let slot = slots[run.at];
            run.at += 1;
            self.examined += 1;
            if (rest == 0 || self.passes(columns, slot, rest)) && self.take(slot) {
                return;
            }
            let run = &mut runs[first];
            if run.at == run.end {
                first += 1;
                continue;
            }
            run.key = order.prefix(columns, slots[run.at]);
            if run.key >= runs[first + 1].key {
                settle(columns, slots, &mut runs[first..], order);
            }
        }
        if let Some(run) = runs.get(first) {
            self.along(columns, &slots[run.at..run.end], rest);
        }
    }

    /// Collects from runs in any order, by sorting.
    #[inline(never)]
    pub fn sort(
        &mut self,
        columns: &[Column],
        slots: &[u32],
        runs: &[Run],
        order: &Spec,
        rest: Set,
    ) {
        let need = self.need();
        let full = need.saturating_mul(2).max(256);
        let mut keyed: Vec<(u64, u32)> = Vec::new();
        // What comes after as many rows as are needed is left out.
        let mut most = u64::MAX;
        for run in runs {
            self.examined += run.end - run.at;
            for &slot in &slots[run.at..run.end] {
                if !self.passes(columns, slot, rest) {
                    continue;
                }
                let key = order.prefix(columns, slot);
                if key > most {
                    continue;
                }
                keyed.push((key, slot));
                if keyed.len() == full {
                    order.sort_keyed(columns, &mut keyed);
                    keyed.truncate(need);
                    most = keyed[need - 1].0;
                }
            }
        }
        order.sort_keyed(columns, &mut keyed);
        let page = keyed.iter().skip(self.offset).take(self.limit);
        self.result.extend(page.map(|&(_, slot)| slot));
    }
}

/// Moves the first run to where its next row belongs among those of the others.
fn settle(columns: &[Column], slots: &[u32], runs: &mut [Run], order: &Spec) {
    let mut i = 1;
    while i < runs.len() {
        let (a, b) = (runs[i - 1], runs[i]);
        let in_order = a.key < b.key
            || a.key == b.key && order.compare(columns, slots[a.at], slots[b.at]).is_lt();
        if in_order {
            return;
        }
        runs.swap(i - 1, i);
        i += 1;
    }
}
