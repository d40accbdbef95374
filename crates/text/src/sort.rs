//! Sorts as Postgres does, which shows where equal ones are then told apart.
//!
//! J. L. Bentley, M. D. McIlroy, "Engineering a Sort Function", 1993, and a look whether all is
//! sorted already.

use std::cmp::Ordering;

/// Up to here a part is sorted by insertion.
const FEW: usize = 6;
/// From here on its middle is that of nine.
const MANY: usize = 41;

pub(crate) fn sort<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let mut parts = vec![(0, items.len())];
    while let Some((start, end)) = parts.pop() {
        let part = &mut items[start..end];
        if part.len() <= FEW {
            for end in 1..part.len() {
                let mut at = end;
                while at > 0 && compare(&part[at - 1], &part[at]) == Ordering::Greater {
                    part.swap(at - 1, at);
                    at -= 1;
                }
            }
        } else if !part.is_sorted_by(|a, b| compare(a, b) != Ordering::Greater) {
            let (less, greater) = partition(part, &compare);
            parts.push((start, start + less));
            parts.push((end - greater, end));
        }
    }
}

/// Moves what is less than some item to the start and what is greater to the end; how many are they?
fn partition<T>(items: &mut [T], compare: &impl Fn(&T, &T) -> Ordering) -> (usize, usize) {
    let end = items.len();
    let middle = choose(items, compare);
    items.swap(0, middle);
    // What is equal is gathered at both ends first.
    let (mut equal_start, mut low) = (1, 1);
    let (mut equal_end, mut high) = (end, end);
    loop {
        while low < high {
            match compare(&items[low], &items[0]) {
                Ordering::Greater => break,
                Ordering::Equal => {
                    items.swap(equal_start, low);
                    equal_start += 1;
                }
                Ordering::Less => {}
            }
            low += 1;
        }
        while low < high {
            match compare(&items[high - 1], &items[0]) {
                Ordering::Less => break,
                Ordering::Equal => {
                    equal_end -= 1;
                    items.swap(high - 1, equal_end);
                }
                Ordering::Greater => {}
            }
            high -= 1;
        }
        if low >= high {
            break;
        }
        items.swap(low, high - 1);
        low += 1;
        high -= 1;
    }
    let (less, greater) = (low - equal_start, equal_end - high);
    exchange(items, 0, low, equal_start.min(less));
    exchange(items, low, end, greater.min(end - equal_end));
    (less, greater)
}

/// Exchanges so many items from a start with as many before an end.
fn exchange<T>(items: &mut [T], start: usize, end: usize, count: usize) {
    for at in 0..count {
        items.swap(start + at, end - count + at);
    }
}

/// An item from the middle of some.
fn choose<T>(items: &[T], compare: &impl Fn(&T, &T) -> Ordering) -> usize {
    let median = |a: usize, b: usize, c: usize| {
        let is = |a: usize, b: usize, order| compare(&items[a], &items[b]) == order;
        if is(a, b, Ordering::Less) {
            match (is(b, c, Ordering::Less), is(a, c, Ordering::Less)) {
                (true, _) => b,
                (false, true) => c,
                (false, false) => a,
            }
        } else {
            match (is(b, c, Ordering::Greater), is(a, c, Ordering::Less)) {
                (true, _) => b,
                (false, true) => a,
                (false, false) => c,
            }
        }
    };
    let length = items.len();
    let (first, middle, last) = (0, length / 2, length - 1);
    if length == FEW + 1 {
        return middle;
    }
    if length < MANY {
        return median(first, middle, last);
    }
    let step = length / 8;
    median(
        median(first, first + step, first + 2 * step),
        median(middle - step, middle, middle + step),
        median(last - 2 * step, last - step, last),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_is_sorted() {
        let mut seed = 1u64;
        for length in 0..200 {
            let mut items: Vec<u64> = Vec::new();
            for _ in 0..length {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                items.push(seed >> 60);
            }
            let mut expected = items.clone();
            expected.sort_unstable();
            sort(&mut items, u64::cmp);
            assert_eq!(items, expected);
        }
    }
}
