//! The one sorting routine: stable, and compiled once for every use.
//!
//! The standard library's sorts are compiled anew for each type and comparison, 4 KB of module
//! each.

use std::cmp::Ordering;

/// Runs up to this length are sorted by insertion.
const RUN: usize = 12;

/// Sorts pairs by their first number; `ties` compares the second of equal ones.
pub fn sort_keyed(pairs: &mut Vec<(u64, u32)>, ties: &dyn Fn(u32, u32) -> Ordering) {
    let greater = |a: (u64, u32), b: (u64, u32)| {
        a.0 > b.0 || (a.0 == b.0 && ties(a.1, b.1) == Ordering::Greater)
    };
    for run in pairs.chunks_mut(RUN) {
        for i in 1..run.len() {
            let pair = run[i];
            let mut at = i;
            while at > 0 && greater(run[at - 1], pair) {
                run[at] = run[at - 1];
                at -= 1;
            }
            run[at] = pair;
        }
    }
    let len = pairs.len();
    let mut merged: Vec<(u64, u32)> = Vec::with_capacity(len);
    let mut width = RUN;
    while width < len {
        merged.clear();
        for start in (0..len).step_by(width * 2) {
            let middle = len.min(start + width);
            let end = len.min(start + width * 2);
            let (mut left, mut right) = (start, middle);
            while left < middle && right < end {
                let take_right = greater(pairs[left], pairs[right]);
                merged.push(pairs[if take_right { right } else { left }]);
                left += usize::from(!take_right);
                right += usize::from(take_right);
            }
            merged.extend_from_slice(&pairs[left..middle]);
            merged.extend_from_slice(&pairs[right..end]);
        }
        std::mem::swap(pairs, &mut merged);
        width *= 2;
    }
}

/// The positions of `len` things in their order.
pub fn sorted_positions(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<u32> {
    let mut pairs: Vec<(u64, u32)> = (0..len as u32).map(|i| (0, i)).collect();
    sort_keyed(&mut pairs, &|a, b| compare(a as usize, b as usize));
    pairs.iter().map(|&(_, i)| i).collect()
}

/// Sorts a list, and keeps the first of equal items.
pub fn sort_unique<T: Clone>(list: &mut Vec<T>, compare: &dyn Fn(&T, &T) -> Ordering) {
    let order = sorted_positions(list.len(), &|a, b| compare(&list[a], &list[b]));
    let mut sorted: Vec<T> = Vec::with_capacity(list.len());
    for i in order {
        let item = &list[i as usize];
        if sorted
            .last()
            .is_none_or(|last| compare(last, item) != Ordering::Equal)
        {
            sorted.push(item.clone());
        }
    }
    *list = sorted;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length_is_sorted_stably() {
        for len in [0, 1, 2, 11, 12, 13, 24, 25, 100, 1000] {
            // A small generator: equal keys abound, and ties come in every order.
            let mut state = 7u64 + len as u64;
            let mut next = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                state >> 33
            };
            let mut pairs: Vec<(u64, u32)> = (0..len).map(|i| (next() % 10, i as u32)).collect();
            let mut expected = pairs.clone();
            expected.sort_by_key(|pair| pair.0);
            sort_keyed(&mut pairs, &|_, _| Ordering::Equal);
            assert_eq!(pairs, expected, "equal ones of {len} keep their order");
            expected.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
            sort_keyed(&mut pairs, &|a, b| b.cmp(&a));
            assert_eq!(pairs, expected, "ties of {len} are compared");
        }
    }

    #[test]
    fn the_first_of_equal_items_is_kept() {
        let mut list = vec![(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e')];
        sort_unique(&mut list, &|a, b| a.0.cmp(&b.0));
        assert_eq!(list, [(1, 'b'), (2, 'd'), (3, 'a')]);
    }
}
