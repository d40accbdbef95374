//! What many rows come to: loops over the slots of a group, NULLs left out.

use crate::column::{Column, Data};
use crate::index::Spec;
use std::cmp::Ordering;

/// The end of the group of equal rows that begins at `start`, among slots that are in this order.
#[inline(never)]
pub fn group_end(order: &Spec, columns: &[Column], slots: &[u32], start: usize) -> usize {
    let first = slots[start];
    let same = |slot: u32| order.compare(columns, first, slot) == Ordering::Equal;
    // Groups may be small or large: the steps grow until one is too far.
    let (mut within, mut step) = (start, 1);
    while within + step < slots.len() && same(slots[within + step]) {
        within += step;
        step *= 2;
    }
    let end = slots.len().min(within + step);
    within + 1 + slots[within + 1..end].partition_point(|&slot| same(slot))
}

/// How many are not NULL.
#[inline(never)]
pub fn count(column: &Column, slots: &[u32]) -> usize {
    slots.iter().filter(|&&slot| !column.is_null(slot)).count()
}

/// The sum of integers, how many they are, and whether `special` is among them.
#[inline(never)]
pub fn sum_ints(column: &Column, slots: &[u32], special: i64) -> (i128, usize, bool) {
    let Data::Int(ints) = &column.data else {
        return (0, 0, false);
    };
    let ints = ints.as_slice();
    let (mut sum, mut count, mut found) = (0i128, 0, false);
    // What fits is added up in 64 bits.
    let mut part = 0i64;
    for &slot in slots {
        if column.is_null(slot) {
            continue;
        }
        let int = ints[slot as usize];
        count += 1;
        found |= int == special;
        match part.checked_add(int) {
            Some(more) => part = more,
            None => {
                sum += i128::from(part);
                part = int;
            }
        }
    }
    (sum + i128::from(part), count, found)
}

/// The slot of the greatest or the least value, the first of equal ones.
#[inline(never)]
pub fn extreme(column: &Column, slots: &[u32], greatest: bool) -> Option<u32> {
    let wanted = if greatest {
        Ordering::Greater
    } else {
        Ordering::Less
    };
    let mut some = slots.iter().copied().filter(|&slot| !column.is_null(slot));
    let mut best = some.next()?;
    if let Data::Int(ints) = &column.data {
        let ints = ints.as_slice();
        for slot in some {
            if ints[slot as usize].cmp(&ints[best as usize]) == wanted {
                best = slot;
            }
        }
        return Some(best);
    }
    for slot in some {
        if column.compare(slot, best) == wanted {
            best = slot;
        }
    }
    Some(best)
}
