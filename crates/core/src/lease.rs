//! Leased keys: blocks of sequence values that a replica may give to new rows.
//!
//! Invariant: a key is in at most one place: free, held by one tab, or spent. A tab draws the keys
//! of what it holds in ascending order of its ranges, so a spent key also spends what lies before
//! it. Never talks to storage; the binding keeps one record per table.

use crate::json_struct;
use crate::map::Map;
use crate::planted;
use serde::{Deserialize, Serialize};

/// How many keys of a table a replica leases at first, and a tab of it holds.
pub const BLOCK_KEYS_MIN: u32 = 8;
/// How many at most, after they were used up quickly.
pub const BLOCK_KEYS_MAX: u32 = 256;

/// Inclusive ranges of keys.
pub type Ranges = Vec<(i64, i64)>;

/// The leased keys of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Keys that no tab holds.
    #[serde(default)]
    pub free: Ranges,
    /// Keys that a tab holds, by the tab's id.
    #[serde(default)]
    pub held: Map<Ranges>,
    /// How many are leased at a time; 0 for [`BLOCK_KEYS_MIN`].
    #[serde(default)]
    pub block: u32,
    /// How many were used since the last were leased.
    #[serde(default)]
    pub used: u32,
}

json_struct!(Lease {
    free = default,
    held = default,
    block = default,
    used = default
});

impl Lease {
    /// Keys of which there are plenty, taken so many at a time.
    pub fn of(keys: (i64, i64), block: u32) -> Self {
        Self {
            free: vec![keys],
            block,
            ..Self::default()
        }
    }

    /// Adds keys that the endpoint leased.
    pub fn grant(&mut self, ranges: &[(i64, i64)]) {
        self.block = self.next_block();
        self.used = 0;
        self.free
            .extend(ranges.iter().filter(|(low, high)| low <= high));
    }

    /// How many a tab holds when it is full.
    pub fn block(&self) -> u32 {
        self.block.max(BLOCK_KEYS_MIN)
    }

    /// How many will be leased at a time: twice as many where that many were used since the last
    /// lease.
    fn next_block(&self) -> u32 {
        let mut block = self.block();
        while block < BLOCK_KEYS_MAX && self.used >= block {
            block *= 2;
        }
        block
    }

    /// Gives a tab that has `left` keys as many as it lacks, where it has less than half.
    pub fn take(&mut self, tab: &str, left: u32) -> Ranges {
        let block = self.block();
        let mut wanted = if left < block / 2 {
            i64::from(block - left)
        } else {
            0
        };
        let mut taken = Ranges::new();
        while wanted > 0 && !self.free.is_empty() {
            let (low, high) = self.free[0];
            let last = high.min(low + wanted - 1);
            taken.push((low, last));
            wanted -= last - low + 1;
            if last == high {
                self.free.remove(0);
            } else if !planted::is("lease-shared") {
                self.free[0].0 = last + 1;
            } else {
                self.free[0].0 = last;
            }
        }
        if !taken.is_empty() {
            self.held.or_default(tab).extend(&taken);
        }
        taken
    }

    /// The next free key, for a row that is there already; None when all are held or used.
    pub fn spend_free(&mut self) -> Option<i64> {
        let key = draw(&mut self.free)?;
        self.used += 1;
        Some(key)
    }

    /// Notes that a row has this key, durably; what its tab drew before it is spent too.
    pub fn spend(&mut self, key: i64) {
        for ranges in self.held.values_mut() {
            if let Some(at) = ranges
                .iter()
                .position(|&(low, high)| low <= key && key <= high)
            {
                self.used += 1;
                ranges.drain(..at);
                ranges[0].0 = match planted::is("spent-key-again") {
                    true => key,
                    false => key + 1,
                };
                if ranges[0].0 > ranges[0].1 {
                    ranges.remove(0);
                }
            }
        }
        self.held.retain(|_, ranges| !ranges.is_empty());
    }

    /// The tabs that hold keys.
    pub fn holders(&self) -> impl Iterator<Item = &str> {
        self.held.keys().map(|tab| &**tab)
    }

    /// Frees what dead tabs held. The keys of all queued mutations must have been spent before.
    pub fn reclaim(&mut self, dead: &[String]) {
        for tab in dead {
            let ranges = self.held.remove(tab).unwrap_or_default();
            self.free.splice(0..0, ranges);
        }
    }

    /// How many more keys to ask the endpoint for: none while half a block is free.
    pub fn wanted(&self) -> u32 {
        let (free, block) = (count(&self.free), self.next_block());
        if free >= block / 2 { 0 } else { block - free }
    }
}

fn draw(ranges: &mut Ranges) -> Option<i64> {
    let (low, high) = ranges.first_mut()?;
    let key = *low;
    *low += 1;
    if *low > *high {
        ranges.remove(0);
    }
    Some(key)
}

/// How many keys the ranges hold.
pub fn count(ranges: &[(i64, i64)]) -> u32 {
    let total: i64 = ranges.iter().map(|(low, high)| high - low + 1).sum();
    u32::try_from(total).unwrap_or(u32::MAX)
}

/// The keys that this tab draws from.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    ranges: Ranges,
    /// With fewer than this, it takes more; 0 as long as there are none to take.
    low: u32,
}

impl Keys {
    /// Adds ranges that the tab took, of so many keys at a time.
    pub fn add(&mut self, ranges: Ranges, block: u32) {
        self.ranges.extend(ranges);
        // One that did not get half of what it holds when full would ask in vain at each write.
        self.low = if self.left() < block / 2 {
            0
        } else {
            block / 2
        };
    }

    /// Should the tab take more?
    pub fn is_low(&self) -> bool {
        self.left() < self.low
    }

    /// There may be more to take again.
    pub fn hope(&mut self) {
        if self.low == 0 {
            self.low = u32::MAX;
        }
    }

    /// The next key; None when all are used.
    pub fn draw(&mut self) -> Option<i64> {
        draw(&mut self.ranges)
    }

    /// Takes back the key drawn last, which no row got.
    pub fn put_back(&mut self, key: i64) {
        match self.ranges.first_mut() {
            Some((low, _)) if *low == key + 1 => *low = key,
            _ => self.ranges.insert(0, (key, key)),
        }
    }

    /// How many are left.
    pub fn left(&self) -> u32 {
        count(&self.ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tabs(tabs: &[&str]) -> Vec<String> {
        tabs.iter().map(|tab| (*tab).to_owned()).collect()
    }

    #[test]
    fn no_key_is_drawn_twice_by_two_tabs() {
        let mut lease = Lease::default();
        lease.grant(&[(1, 10), (21, 30)]);
        let (mut a, mut b) = (Keys::default(), Keys::default());
        for _ in 0..2 {
            a.add(lease.take("a", 0), lease.block());
            b.add(lease.take("b", 0), lease.block());
        }
        let mut all: Vec<i64> = std::iter::from_fn(|| a.draw()).collect();
        all.extend(std::iter::from_fn(|| b.draw()));
        let mut unique = all.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(all.len(), 20, "every key is drawn");
        assert_eq!(unique.len(), 20, "and none twice");
        assert_eq!(b.draw(), None);
    }

    #[test]
    fn a_dead_tabs_unused_keys_come_back_but_not_the_spent_ones() {
        let mut lease = Lease::default();
        lease.grant(&[(1, 5), (21, 30)]);
        lease.take("dead", 0);
        lease.spend(21);
        assert!(lease.holders().any(|tab| tab == "dead"));
        lease.reclaim(&tabs(&["dead"]));
        assert_eq!(lease.free, vec![(22, 23), (24, 30)]);
        assert_eq!(lease.take("b", 3), vec![(22, 23), (24, 26)]);
    }

    #[test]
    fn a_living_tab_keeps_its_keys() {
        let mut lease = Lease::default();
        lease.grant(&[(1, 10)]);
        lease.take("a", 0);
        lease.reclaim(&tabs(&["b"]));
        assert_eq!(lease.free, vec![(9, 10)]);
    }

    #[test]
    fn spending_the_last_key_of_a_range_leaves_no_empty_range() {
        let mut lease = Lease::default();
        lease.grant(&[(1, 2)]);
        lease.take("a", 0);
        lease.spend(2);
        assert!(lease.held.is_empty());
    }

    #[test]
    fn more_is_wanted_below_half_a_block() {
        let mut lease = Lease::default();
        assert_eq!(lease.wanted(), BLOCK_KEYS_MIN);
        lease.grant(&[(1, i64::from(BLOCK_KEYS_MIN))]);
        assert_eq!(lease.wanted(), 0);
        lease.take("a", BLOCK_KEYS_MIN / 2 + 1);
        assert_eq!(lease.wanted(), 0, "it has more than half, and takes none");
        lease.take("a", 0);
        assert_eq!(lease.wanted(), BLOCK_KEYS_MIN);
    }

    #[test]
    fn blocks_grow_with_use_to_their_bound_and_no_further() {
        let (mut lease, mut next, mut blocks) = (Lease::default(), 1, Vec::new());
        for _ in 0..8 {
            let wanted = i64::from(lease.wanted());
            lease.grant(&[(next, next + wanted - 1)]);
            next += wanted;
            blocks.push(lease.block());
            for (low, high) in lease.take("a", 0) {
                (low..=high).for_each(|key| lease.spend(key));
            }
        }
        assert_eq!(blocks, [8, 16, 32, 64, 128, 256, 256, 256]);
    }

    #[test]
    fn blocks_that_are_hardly_used_stay_small() {
        let (mut lease, mut next) = (Lease::default(), 1);
        for _ in 0..20 {
            lease.grant(&[(next, next + 7)]);
            next += 8;
            for (low, _) in lease.take("a", 0) {
                lease.spend(low);
            }
        }
        assert_eq!(lease.block(), BLOCK_KEYS_MIN);
    }

    #[test]
    fn keys_for_many_rows_that_wait_make_the_next_block_large_at_once() {
        let mut lease = Lease::default();
        lease.grant(&[(1, 500)]);
        let spent: Vec<i64> = std::iter::from_fn(|| lease.spend_free()).collect();
        assert_eq!(spent, (1..=500).collect::<Vec<_>>());
        assert_eq!(lease.wanted(), BLOCK_KEYS_MAX);
    }

    #[test]
    fn a_key_that_no_row_got_is_drawn_again() {
        let mut keys = Keys::default();
        keys.add(vec![(1, 2), (9, 9)], 8);
        for _ in 0..2 {
            assert_eq!(
                [keys.draw(), keys.draw(), keys.draw(), keys.draw()],
                [Some(1), Some(2), Some(9), None]
            );
            [9, 2, 1].into_iter().for_each(|key| keys.put_back(key));
        }
        assert_eq!(keys.left(), 3);
    }

    #[test]
    fn a_tab_asks_for_more_below_half_but_not_where_there_were_none() {
        let mut keys = Keys::default();
        keys.add(vec![(1, 4)], 8);
        assert!(!keys.is_low());
        keys.draw();
        assert!(keys.is_low());
        keys.add(vec![], 8);
        assert!(!keys.is_low(), "it would ask in vain");
        keys.hope();
        assert!(keys.is_low());
    }

    #[test]
    fn an_empty_range_from_the_wire_is_ignored() {
        let mut lease = Lease::default();
        lease.grant(&[(5, 4)]);
        assert_eq!(lease.take("a", 0), vec![]);
    }

    #[test]
    fn a_record_of_before_blocks_grew_is_read() {
        let lease: Lease =
            crate::json::read_text(r#"{"free":[[1,9]],"held":{}}"#).expect("a lease");
        assert_eq!((lease.block(), lease.wanted()), (BLOCK_KEYS_MIN, 0));
    }
}
