//! Leased keys: blocks of sequence values that a replica may give to new rows.
//!
//! Invariant: a key is in at most one place: free, held by one tab, or spent. A tab draws the keys
//! of what it holds in ascending order of its ranges, so a spent key also spends what lies before
//! it. Never talks to storage; the binding keeps one record per table.

use crate::json_struct;
use crate::map::Map;
use crate::protocol::LEASE_KEYS;
use serde::{Deserialize, Serialize};

/// How many keys a tab holds when it is full.
pub const TAB_KEYS: u32 = 512;
/// A tab takes more when it has fewer than this.
pub const TAB_KEYS_MIN: u32 = 256;
/// A tab takes at most half of what is free, so that the next one finds some too, but never fewer
/// than this while there are any.
pub const TAKE_KEYS_MIN: u32 = 64;

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
}

json_struct!(Lease { free = default, held = default });

impl Lease {
    /// Adds keys that the endpoint leased.
    pub fn grant(&mut self, ranges: &[(i64, i64)]) {
        self.free
            .extend(ranges.iter().filter(|(low, high)| low <= high));
    }

    /// Gives a tab up to `wanted` free keys: half of them at most, or [`TAKE_KEYS_MIN`].
    pub fn take(&mut self, tab: &str, wanted: u32) -> Ranges {
        let share = (count(&self.free) / 2).max(TAKE_KEYS_MIN);
        let mut wanted = i64::from(wanted.min(share));
        let mut taken = Ranges::new();
        while wanted > 0 && !self.free.is_empty() {
            let (low, high) = self.free[0];
            let last = high.min(low + wanted - 1);
            taken.push((low, last));
            wanted -= last - low + 1;
            if last == high {
                self.free.remove(0);
            } else {
                self.free[0].0 = last + 1;
            }
        }
        if !taken.is_empty() {
            self.held.or_default(tab).extend(&taken);
        }
        taken
    }

    /// Notes that a row has this key, durably; what its tab drew before it is spent too.
    pub fn spend(&mut self, key: i64) {
        for ranges in self.held.values_mut() {
            if let Some(at) = ranges
                .iter()
                .position(|&(low, high)| low <= key && key <= high)
            {
                ranges.drain(..at);
                ranges[0].0 = key + 1;
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

    /// How many more keys to ask the endpoint for: none while half of [`LEASE_KEYS`] are free.
    pub fn wanted(&self) -> u32 {
        let free = count(&self.free);
        if free >= LEASE_KEYS / 2 {
            0
        } else {
            LEASE_KEYS - free
        }
    }
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
}

impl Keys {
    /// Adds ranges that the tab took.
    pub fn add(&mut self, ranges: Ranges) {
        self.ranges.extend(ranges);
    }

    /// The next key; None when all are used.
    pub fn draw(&mut self) -> Option<i64> {
        let (low, high) = self.ranges.first_mut()?;
        let key = *low;
        *low += 1;
        if *low > *high {
            self.ranges.remove(0);
        }
        Some(key)
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
        lease.grant(&[(1, 100), (201, 300)]);
        let (mut a, mut b) = (Keys::default(), Keys::default());
        for _ in 0..3 {
            a.add(lease.take("a", 150));
            b.add(lease.take("b", 150));
        }
        let mut all: Vec<i64> = std::iter::from_fn(|| a.draw()).collect();
        all.extend(std::iter::from_fn(|| b.draw()));
        let mut unique = all.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(all.len(), 200, "every key is drawn");
        assert_eq!(unique.len(), 200, "and none twice");
        assert_eq!(b.draw(), None);
    }

    #[test]
    fn a_dead_tabs_unused_keys_come_back_but_not_the_spent_ones() {
        let mut lease = Lease::default();
        lease.grant(&[(1, 10), (21, 30)]);
        lease.take("dead", 15);
        lease.spend(22);
        assert!(lease.holders().any(|tab| tab == "dead"));
        lease.reclaim(&tabs(&["dead"]));
        assert_eq!(lease.free, vec![(23, 25), (26, 30)]);
        assert_eq!(lease.take("b", 100), vec![(23, 25), (26, 30)]);
    }

    #[test]
    fn a_living_tab_keeps_its_keys() {
        let mut lease = Lease::default();
        lease.grant(&[(1, 10)]);
        lease.take("a", 5);
        lease.reclaim(&tabs(&["b"]));
        assert_eq!(lease.free, vec![(6, 10)]);
    }

    #[test]
    fn spending_the_last_key_of_a_range_leaves_no_empty_range() {
        let mut lease = Lease::default();
        lease.grant(&[(1, 2)]);
        lease.take("a", 2);
        lease.spend(2);
        assert!(lease.held.is_empty());
    }

    #[test]
    fn more_is_wanted_below_half() {
        let mut lease = Lease::default();
        assert_eq!(lease.wanted(), LEASE_KEYS);
        lease.grant(&[(1, i64::from(LEASE_KEYS))]);
        assert_eq!(lease.wanted(), 0);
        lease.take("a", LEASE_KEYS / 2);
        assert_eq!(lease.wanted(), 0);
        lease.take("b", 1);
        assert_eq!(lease.wanted(), LEASE_KEYS / 2 + 1);
    }

    #[test]
    fn a_fourth_tab_finds_keys_too() {
        let mut lease = Lease::default();
        lease.grant(&[(1, i64::from(LEASE_KEYS))]);
        let taken = ["a", "b", "c", "d"].map(|tab| count(&lease.take(tab, TAB_KEYS)));
        assert_eq!(taken, [512, 256, 128, 64]);
        assert_eq!(count(&lease.take("e", TAB_KEYS)), TAKE_KEYS_MIN.min(64));
    }

    #[test]
    fn a_key_that_no_row_got_is_drawn_again() {
        let mut keys = Keys::default();
        keys.add(vec![(1, 2), (9, 9)]);
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
    fn an_empty_range_from_the_wire_is_ignored() {
        let mut lease = Lease::default();
        lease.grant(&[(5, 4)]);
        assert_eq!(lease.take("a", 1), vec![]);
    }
}
