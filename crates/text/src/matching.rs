//! Does a vector match a query? (`@@`)
//!
//! Outside of phrases a part of a query matches or not. Within one it has the positions at which it
//! ends, or all but those, and a width by which its start lies before them.

use crate::query::{Item, Operand, Query};
use crate::vector::{POSITION_MAX, Vector};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    #[default]
    No,
    /// What has no positions may be anywhere.
    Maybe,
    Yes,
}

/// Where a part of a query matches.
#[derive(Default)]
pub(crate) struct Found {
    pub truth: Truth,
    pub positions: Vec<u16>,
    /// Everywhere but at these positions.
    negated: bool,
    width: u32,
}

impl Found {
    pub fn new(truth: Truth, positions: Vec<u16>) -> Self {
        Self {
            truth,
            positions,
            ..Self::default()
        }
    }

    fn is(truth: bool) -> Self {
        let truth = if truth { Truth::Yes } else { Truth::No };
        Self::new(truth, Vec::new())
    }
}

/// `vector @@ query`.
pub fn matches(vector: &Vector, query: &Query) -> bool {
    execute(query, &|_, operand, in_phrase| match in_phrase {
        true => find_positions(vector, operand),
        false => Found::is(is_found(vector, operand)),
    })
}

/// Outside of phrases, what has no positions has every weight.
fn is_found(vector: &Vector, operand: Operand<'_>) -> bool {
    let mut found = vector.find(operand.text, operand.prefix);
    found.any(|lexeme| {
        let mut positions = lexeme.positions();
        !operand.is_weighted()
            || positions.len() == 0
            || positions.any(|position| operand.takes(position.weight()))
    })
}

fn find_positions(vector: &Vector, operand: Operand<'_>) -> Found {
    let mut all = Vec::new();
    for lexeme in vector.find(operand.text, operand.prefix) {
        let positions = lexeme.positions();
        if positions.len() == 0 {
            return Found::new(Truth::Maybe, Vec::new());
        }
        let taken = positions.filter(|position| operand.takes(position.weight()));
        all.extend(taken.map(|position| position.at()));
    }
    if operand.prefix {
        all.sort_unstable();
        all.dedup();
    }
    let truth = if all.is_empty() {
        Truth::No
    } else {
        Truth::Yes
    };
    Found::new(truth, all)
}

/// Computes a query of what is known of its operands: of each by its item's number, and whether it
/// is within a phrase, where its positions are needed.
pub(crate) fn execute(query: &Query, find: &dyn Fn(usize, Operand<'_>, bool) -> Found) -> bool {
    let items = query.items();
    let inside = in_phrases(items);
    let is_inside = |at: usize| inside.get(at).copied().unwrap_or(false);
    let mut stack: Vec<Found> = Vec::new();
    for (at, &item) in items.iter().enumerate() {
        if let Some(operand) = query.operand(item) {
            stack.push(find(at, operand, is_inside(at)));
            continue;
        }
        let right = stack.pop().unwrap_or_default();
        let mut pop = || stack.pop().unwrap_or_default();
        let found = match (item, is_inside(at)) {
            (Item::Not, true) => negate(right),
            (Item::And, true) => both(pop(), right, None),
            (Item::Or, true) => either(pop(), right),
            (Item::Phrase(distance), true) => both(pop(), right, Some(distance)),
            // A phrase that may match does not.
            (Item::Phrase(distance), false) => {
                Found::is(both(pop(), right, Some(distance)).truth == Truth::Yes)
            }
            (Item::Not, false) => Found::is(right.truth == Truth::No),
            (Item::And, false) => Found::is(pop().truth.min(right.truth) != Truth::No),
            (Item::Or, false) => Found::is(pop().truth.max(right.truth) != Truth::No),
            (Item::Operand { .. }, _) => right,
        };
        stack.push(found);
    }
    stack.pop().is_some_and(|found| found.truth != Truth::No)
}

/// Which items are within a phrase; nothing where there is none.
fn in_phrases(items: &[Item]) -> Vec<bool> {
    let is_phrase = |item: &Item| matches!(item, Item::Phrase(_));
    if !items.iter().any(is_phrase) {
        return Vec::new();
    }
    let mut inside = vec![false; items.len()];
    let mut stack = vec![false];
    for (at, item) in items.iter().enumerate().rev() {
        inside[at] = stack.pop().unwrap_or(false);
        let within = inside[at] || is_phrase(item);
        match item {
            Item::Operand { .. } => {}
            Item::Not => stack.push(within),
            Item::And | Item::Or | Item::Phrase(_) => stack.extend([within; 2]),
        }
    }
    inside
}

fn negate(mut found: Found) -> Found {
    match found.truth {
        Truth::Maybe => {}
        Truth::No => {
            found.truth = Truth::Yes;
            found.negated = true;
        }
        Truth::Yes => {
            if found.positions.is_empty() {
                found.truth = Truth::No;
            }
            found.negated = !found.negated;
        }
    }
    found
}

/// Which positions of two sides are meant: those of both, of the left alone, of the right alone.
type Emit = [bool; 3];
const IN_BOTH: Emit = [true, false, false];
const LEFT_ONLY: Emit = [false, true, false];
const RIGHT_ONLY: Emit = [false, false, true];
const ANY: Emit = [true; 3];

/// Both sides at the same position, or at a distance.
fn both(left: Found, right: Found, distance: Option<u16>) -> Found {
    let worst = left.truth.min(right.truth);
    if worst != Truth::Yes {
        return Found::new(worst, Vec::new());
    }
    let (left_offset, right_offset, width) = match distance {
        Some(distance) => {
            let distance = u32::from(distance);
            let offset = distance + right.width;
            (offset, 0, offset + left.width)
        }
        None => {
            let width = left.width.max(right.width);
            (width - left.width, width - right.width, width)
        }
    };
    let emit = match (left.negated, right.negated) {
        (true, true) => ANY,
        (true, false) => RIGHT_ONLY,
        (false, true) => LEFT_ONLY,
        (false, false) => IN_BOTH,
    };
    let negated = left.negated && right.negated;
    merge(
        left,
        right,
        [left_offset, right_offset, width],
        emit,
        negated,
    )
}

/// Either side, the narrower one as wide as the other.
fn either(mut left: Found, mut right: Found) -> Found {
    if left.truth == Truth::Maybe || right.truth == Truth::Maybe {
        return Found::new(Truth::Maybe, Vec::new());
    }
    if left.truth == Truth::No && right.truth == Truth::No {
        return Found::default();
    }
    for side in [&mut left, &mut right] {
        if side.truth == Truth::No {
            *side = Found::default();
        }
    }
    let width = left.width.max(right.width);
    let offsets = [width - left.width, width - right.width, width];
    let (emit, negated) = match (left.negated, right.negated) {
        (true, true) => (IN_BOTH, true),
        (true, false) => (LEFT_ONLY, true),
        (false, true) => (RIGHT_ONLY, true),
        (false, false) => (ANY, false),
    };
    merge(left, right, offsets, emit, negated)
}

fn merge(left: Found, right: Found, offsets: [u32; 3], emit: Emit, negated: bool) -> Found {
    let [left_offset, right_offset, width] = offsets;
    let mut positions = Vec::new();
    let at = |positions: &[u16], index: usize, offset: u32| {
        let position = positions
            .get(index)
            .map(|&at| u32::from(at & POSITION_MAX) + offset);
        position.unwrap_or(u32::MAX)
    };
    let (mut l, mut r) = (0, 0);
    while l < left.positions.len() || r < right.positions.len() {
        let left_at = at(&left.positions, l, left_offset);
        let right_at = at(&right.positions, r, right_offset);
        let [is_both, is_left, is_right] = emit;
        let emits = match left_at.cmp(&right_at) {
            std::cmp::Ordering::Less => is_left,
            std::cmp::Ordering::Equal => is_both,
            std::cmp::Ordering::Greater => is_right,
        };
        let position = left_at.min(right_at);
        if emits && position > 0 {
            positions.push(position as u16);
        }
        l += usize::from(left_at <= right_at);
        r += usize::from(right_at <= left_at);
    }
    let truth = if positions.is_empty() && !negated {
        Truth::No
    } else {
        Truth::Yes
    };
    Found {
        truth,
        positions,
        negated,
        width,
    }
}
