//! What is asked of ranges and made of them.

use super::range::{Bound, Of, Range, compare_bounds, compare_values};
use super::truth;
use crate::error::{Error, invalid};
use crate::value;
use std::cmp::Ordering;

pub(super) const NAMES: &[&str] = &[
    "range_make",
    "range_lower",
    "range_upper",
    "range_isempty",
    "range_lower_inc",
    "range_upper_inc",
    "range_lower_inf",
    "range_upper_inf",
    "range_contains",
    "range_contains_elem",
    "range_overlaps",
    "range_before",
    "range_after",
    "range_overleft",
    "range_overright",
    "range_adjacent",
    "range_union",
    "range_merge",
    "range_intersect",
    "range_minus",
];

pub(super) fn call(name: &str, of: Of, args: &[Option<&str>]) -> Result<Option<String>, Error> {
    if name == "range_make" {
        return make(of, args).map(|range| Some(range.to_text()));
    }
    let arg = |at: usize| args.get(at).copied().flatten().unwrap_or_default();
    let a = Range::parse(of, arg(0))?;
    if name == "range_contains_elem" {
        let value = Some(value::parse(&of.subtype(), arg(1))?);
        let point = |lower| Bound {
            value: value.clone(),
            inclusive: true,
            lower,
        };
        let bounds = Some((point(true), point(false)));
        return Ok(Some(truth(contains(&a, &Range { of, bounds }))));
    }
    if args.len() == 1 {
        return Ok(part(name, &a));
    }
    let b = Range::parse(of, arg(1))?;
    Ok(Some(match name {
        "range_union" => union(&a, &b, true)?.to_text(),
        "range_merge" => union(&a, &b, false)?.to_text(),
        "range_intersect" => intersection(&a, &b)?.to_text(),
        "range_minus" => minus(&a, &b)?.to_text(),
        "range_contains" => truth(contains(&a, &b)),
        _ => truth(lie(name, &a, &b)),
    }))
}

fn make(of: Of, args: &[Option<&str>]) -> Result<Range, Error> {
    let flags = match args.get(2) {
        None => "[)",
        Some(Some(flags)) => flags,
        Some(None) => {
            let message = "range constructor flags argument must not be null";
            return Err(invalid(message, "22000"));
        }
    };
    let (lower_inclusive, upper_inclusive) = match flags {
        "[)" => (true, false),
        "[]" => (true, true),
        "()" => (false, false),
        "(]" => (false, true),
        _ => return Err(invalid("invalid range bound flags", "42601")),
    };
    let bound = |at: usize, inclusive, lower| -> Result<Bound, Error> {
        let text = args.get(at).copied().flatten();
        let value = text.map(|text| value::parse(&of.subtype(), text));
        Ok(Bound {
            value: value.transpose()?,
            inclusive,
            lower,
        })
    };
    Range::new(
        of,
        bound(0, lower_inclusive, true)?,
        bound(1, upper_inclusive, false)?,
    )
}

fn part(name: &str, range: &Range) -> Option<String> {
    let bounds = range.bounds.as_ref();
    let bound = match name.starts_with("range_lower") {
        true => bounds.map(|bounds| &bounds.0),
        false => bounds.map(|bounds| &bounds.1),
    };
    match name {
        "range_lower" | "range_upper" => range.text_of(bound?),
        "range_isempty" => Some(truth(bounds.is_none())),
        "range_lower_inc" | "range_upper_inc" => {
            Some(truth(bound.is_some_and(|bound| bound.inclusive)))
        }
        _ => Some(truth(bound.is_some_and(|bound| bound.value.is_none()))),
    }
}

fn contains(a: &Range, b: &Range) -> bool {
    let Some((lower, upper)) = &b.bounds else {
        return true;
    };
    a.bounds.as_ref().is_some_and(|own| {
        compare_bounds(a.of, &own.0, lower).is_le() && compare_bounds(a.of, &own.1, upper).is_ge()
    })
}

/// How two ranges lie to each other; an empty one lies nowhere.
fn lie(name: &str, a: &Range, b: &Range) -> bool {
    let (Some((la, ua)), Some((lb, ub))) = (&a.bounds, &b.bounds) else {
        return false;
    };
    let order = |x: &Bound, y: &Bound| compare_bounds(a.of, x, y);
    match name {
        "range_before" => order(ua, lb).is_lt(),
        "range_after" => order(la, ub).is_gt(),
        "range_overleft" => order(ua, ub).is_le(),
        "range_overright" => order(la, lb).is_ge(),
        "range_adjacent" => adjacent(a.of, ua, lb) || adjacent(a.of, ub, la),
        _ => order(la, ub).is_le() && order(lb, ua).is_le(),
    }
}

/// Does a range that ends at one bound touch a range that begins at the other?
fn adjacent(of: Of, upper: &Bound, lower: &Bound) -> bool {
    // In the canonical form of what can be counted there is no gap without a value in it.
    compare_values(of, upper, lower) == Ordering::Equal && upper.inclusive != lower.inclusive
}

fn least(of: Of, a: &Bound, b: &Bound) -> Bound {
    if compare_bounds(of, a, b).is_lt() {
        a
    } else {
        b
    }
    .clone()
}

fn greatest(of: Of, a: &Bound, b: &Bound) -> Bound {
    if compare_bounds(of, a, b).is_gt() {
        a
    } else {
        b
    }
    .clone()
}

fn union(a: &Range, b: &Range, strict: bool) -> Result<Range, Error> {
    let (Some((la, ua)), Some((lb, ub))) = (&a.bounds, &b.bounds) else {
        return Ok(if a.bounds.is_none() { b } else { a }.clone());
    };
    if strict && !lie("range_overlaps", a, b) && !lie("range_adjacent", a, b) {
        return Err(invalid(
            "result of range union would not be contiguous",
            "22000",
        ));
    }
    Range::new(a.of, least(a.of, la, lb), greatest(a.of, ua, ub))
}

fn intersection(a: &Range, b: &Range) -> Result<Range, Error> {
    match (&a.bounds, &b.bounds) {
        (Some((la, ua)), Some((lb, ub))) if lie("range_overlaps", a, b) => {
            Range::new(a.of, greatest(a.of, la, lb), least(a.of, ua, ub))
        }
        _ => Ok(Range::empty(a.of)),
    }
}

fn minus(a: &Range, b: &Range) -> Result<Range, Error> {
    let (Some((la, ua)), Some((lb, ub))) = (&a.bounds, &b.bounds) else {
        return Ok(a.clone());
    };
    let order = |x: &Bound, y: &Bound| compare_bounds(a.of, x, y);
    if order(la, lb).is_lt() && order(ua, ub).is_gt() {
        let message = "result of range difference would not be contiguous";
        return Err(invalid(message, "22000"));
    }
    if order(la, ub).is_gt() || order(ua, lb).is_lt() {
        return Ok(a.clone());
    }
    if order(la, lb).is_ge() && order(ua, ub).is_le() {
        return Ok(Range::empty(a.of));
    }
    let turned = |bound: &Bound| Bound {
        value: bound.value.clone(),
        inclusive: !bound.inclusive,
        lower: !bound.lower,
    };
    match order(la, lb).is_le() && order(ua, ub).is_le() {
        true => Range::new(a.of, la.clone(), turned(lb)),
        false => Range::new(a.of, turned(ub), ua.clone()),
    }
}
