//! Answers a compiled query from a table's rows.

use super::bind::bind;
use super::filter::Filter;
use super::index::{SortedIndex, Spec};
use super::plan::Plan;
use super::{INDEXES_MAX, Param, Strategy};
use crate::error::{Error, ErrorCode};
use crate::replica::{Data, TableStore, ValueRef};
use std::borrow::Cow;
use std::ops::{Bound, Range};

/// Walking an ordered index, a query may look at this many rows, and at this many for each that it
/// needs, before it asks whether another index would be shorter.
const WALK_MIN: usize = 512;
const WALK_PER_ROW: usize = 16;

/// What of the matching rows is wanted.
struct Window {
    offset: usize,
    limit: usize,
}

/// Runs a plan; its result stays in the plan.
///
/// # Errors
/// `invalid_query` for a wrong number of parameters, or a limit or offset that is none;
/// `type_mismatch` for a parameter that is not of its column's type.
pub(crate) fn run(
    store: &mut TableStore,
    plan: &mut Plan,
    params: &[Param<'_>],
) -> Result<(), Error> {
    let filters = filters(plan, params)?;
    let window = Window {
        offset: window_part(plan.offset, params)?.unwrap_or(0),
        limit: window_part(plan.limit, params)?.unwrap_or(usize::MAX),
    };
    let mut result = std::mem::take(&mut plan.result);
    result.clear();
    let (strategy, examined) = answer(store, plan, &filters, &window, &mut result);
    plan.result = result;
    plan.strategy = strategy;
    plan.examined = examined as u32;
    Ok(())
}

/// The number of rows that satisfy a plan's conditions, whatever its limit and offset.
///
/// # Errors
/// As [`run`].
pub(crate) fn count(
    store: &mut TableStore,
    plan: &Plan,
    params: &[Param<'_>],
) -> Result<usize, Error> {
    let filters = filters(plan, params)?;
    if filters.iter().any(|f| matches!(f, Filter::Never)) {
        return Ok(0);
    }
    if let Some(key) = &plan.by_key {
        return Ok(usize::from(by_key(store, &filters, key).is_some()));
    }
    let points: Vec<&Filter<'_>> = plan.points.iter().map(|&i| &filters[i]).collect();
    let rest: Vec<&Filter<'_>> = rest_of(&filters, &plan.points);
    if rest.is_empty() && points.is_empty() {
        return Ok(store.len());
    }
    if rest.is_empty() {
        let at = ensure(store, &plan.ordered);
        return Ok(store.indexes[at].range(&store.columns, &points).len());
    }
    let (spec, ranges, rest) = match &plan.range {
        Some((spec, condition)) => {
            let at = ensure(store, spec);
            let ranges = point_ranges(store, at, &points, &filters[*condition]);
            let rest: Vec<&Filter<'_>> = rest
                .into_iter()
                .filter(|f| !std::ptr::eq(*f, &filters[*condition]))
                .collect();
            (at, ranges, rest)
        }
        None => {
            let at = ensure(store, &plan.ordered);
            let range = store.indexes[at].range(&store.columns, &points);
            (at, vec![range], rest)
        }
    };
    let slots = &store.indexes[spec].slots;
    Ok(ranges
        .into_iter()
        .map(|range| match &rest[..] {
            [] => range.len(),
            rest => {
                let passes = |slot: &&u32| rest.iter().all(|f| f.passes(&store.columns, **slot));
                slots[range].iter().filter(passes).count()
            }
        })
        .sum())
}

fn filters<'a>(plan: &Plan, params: &[Param<'a>]) -> Result<Vec<Filter<'a>>, Error> {
    if params.len() != plan.params {
        let message = format!(
            "the query takes {} values, not {}",
            plan.params,
            params.len()
        );
        return Err(Error::new(ErrorCode::InvalidQuery, message));
    }
    let mut filters = Vec::with_capacity(plan.conditions.len());
    for condition in &plan.conditions {
        filters.push(bind(condition, params)?);
    }
    for &(first, second) in &plan.narrows {
        let both = (&filters[first], &filters[second]);
        if matches!(both, (Filter::Int { .. }, Filter::Int { .. }))
            || matches!(both, (Filter::Float { .. }, Filter::Float { .. }))
        {
            let other = std::mem::replace(&mut filters[second], Filter::Always);
            filters[first].narrow(other);
        }
    }
    Ok(filters)
}

fn window_part(position: Option<usize>, params: &[Param<'_>]) -> Result<Option<usize>, Error> {
    let Some(position) = position else {
        return Ok(None);
    };
    match params[position] {
        Param::Number(n) if n >= 0.0 && n.fract() == 0.0 && n <= f64::from(u32::MAX) => {
            Ok(Some(n as usize))
        }
        other => Err(Error::new(
            ErrorCode::InvalidQuery,
            format!("limit and offset are whole numbers from 0, not {other:?}"),
        )),
    }
}

/// The filters other than those at some positions.
fn rest_of<'f, 'a>(filters: &'f [Filter<'a>], without: &[usize]) -> Vec<&'f Filter<'a>> {
    let kept = filters
        .iter()
        .enumerate()
        .filter(|(i, f)| !without.contains(i) && !matches!(f, Filter::Always));
    kept.map(|(_, f)| f).collect()
}

fn answer(
    store: &mut TableStore,
    plan: &Plan,
    filters: &[Filter<'_>],
    window: &Window,
    result: &mut Vec<u32>,
) -> (Strategy, usize) {
    if window.limit == 0 || filters.iter().any(|f| matches!(f, Filter::Never)) {
        return (Strategy::Ordered, 0);
    }
    if let Some(key) = &plan.by_key {
        if window.offset == 0 {
            result.extend(by_key(store, filters, key));
        }
        return (Strategy::PrimaryKey, 1);
    }
    let points: Vec<&Filter<'_>> = plan.points.iter().map(|&i| &filters[i]).collect();
    let mut rest = rest_of(filters, &plan.points);
    let at = ensure(store, &plan.ordered);
    let range = ordered_range(store, at, plan, &points, &mut rest);
    if rest.is_empty() {
        let slots = &store.indexes[at].slots[range];
        let page = slots.iter().skip(window.offset).take(window.limit);
        result.extend(page);
        return (Strategy::Ordered, result.len());
    }
    let budget = match &plan.range {
        None => usize::MAX,
        Some(_) if window.limit == usize::MAX => 0,
        Some(_) => {
            let need = window.offset.saturating_add(window.limit);
            need.saturating_mul(WALK_PER_ROW).saturating_add(WALK_MIN)
        }
    };
    let mut walk = Walk {
        window,
        seen: 0,
        examined: 0,
    };
    let first = range.start..range.end.min(range.start.saturating_add(budget));
    let stopped = first.end;
    if walk.along(store, at, first, &rest, result) || stopped == range.end {
        return (Strategy::Ordered, walk.examined);
    }
    if let Some((spec, condition)) = &plan.range {
        let left = range.end - stopped;
        if let Some(examined) = by_range(
            store, plan, spec, &points, filters, *condition, left, window, result,
        ) {
            return (Strategy::Range, walk.examined + examined);
        }
    }
    let at = ensure(store, &plan.ordered);
    walk.along(store, at, stopped..range.end, &rest, result);
    (Strategy::Ordered, walk.examined)
}

/// The range of the ordered index that the fixed columns leave, narrowed by a condition on the
/// column that follows where there is one; that condition is taken out of the rest.
fn ordered_range(
    store: &TableStore,
    at: usize,
    plan: &Plan,
    points: &[&Filter<'_>],
    rest: &mut Vec<&Filter<'_>>,
) -> Range<usize> {
    let index = &store.indexes[at];
    let next = plan.ordered.0.get(points.len()).map(|key| key.column);
    let narrowing = rest.iter().position(|filter| match filter {
        Filter::Int { column, .. }
        | Filter::Float { column, .. }
        | Filter::TextIs { column, .. }
        | Filter::Text { column, .. }
        | Filter::IsNull { column } => Some(*column) == next,
        _ => false,
    });
    match narrowing {
        Some(i) => {
            let mut leading = points.to_vec();
            leading.push(rest.remove(i));
            index.range(&store.columns, &leading)
        }
        None => index.range(&store.columns, points),
    }
}

struct Walk<'w> {
    window: &'w Window,
    seen: usize,
    examined: usize,
}

impl Walk<'_> {
    /// Collects what passes; says whether there is enough.
    fn along(
        &mut self,
        store: &TableStore,
        at: usize,
        range: Range<usize>,
        rest: &[&Filter<'_>],
        result: &mut Vec<u32>,
    ) -> bool {
        let columns = &store.columns;
        let slots = &store.indexes[at].slots[range];
        // One range of integers is the most common rest: no choice per row.
        if let [Filter::Int { column, low, high }] = rest {
            let column = &columns[*column];
            if let Data::Int(ints) = &column.data {
                let (low, high) = (*low, *high);
                return self.collect(slots, result, |slot| {
                    let int = ints[slot as usize];
                    low <= int && int <= high && !column.is_null(slot)
                });
            }
        }
        self.collect(slots, result, |slot| {
            rest.iter().all(|f| f.passes(columns, slot))
        })
    }

    #[inline]
    fn collect(
        &mut self,
        slots: &[u32],
        result: &mut Vec<u32>,
        passes: impl Fn(u32) -> bool,
    ) -> bool {
        for (i, &slot) in slots.iter().enumerate() {
            if !passes(slot) {
                continue;
            }
            self.seen += 1;
            if self.seen > self.window.offset {
                result.push(slot);
                if result.len() == self.window.limit {
                    self.examined += i + 1;
                    return true;
                }
            }
        }
        self.examined += slots.len();
        false
    }
}

/// Answers by the index on a condition, unless walking on through `left` rows is cheaper; gives
/// the number of rows looked at.
#[allow(clippy::too_many_arguments)] // the parts of one query
fn by_range(
    store: &mut TableStore,
    plan: &Plan,
    spec: &Spec,
    points: &[&Filter<'_>],
    filters: &[Filter<'_>],
    condition: usize,
    left: usize,
    window: &Window,
    result: &mut Vec<u32>,
) -> Option<usize> {
    let at = ensure(store, spec);
    let ranges = point_ranges(store, at, points, &filters[condition]);
    let candidates: usize = ranges.iter().map(Range::len).sum();
    // Sorting n rows costs about n·log₂n comparisons, each a little more than a test.
    let sorting = candidates.saturating_mul(2 + candidates.max(1).ilog2() as usize);
    if sorting > left {
        return None;
    }
    let rest: Vec<&Filter<'_>> = rest_of(filters, &plan.points)
        .into_iter()
        .filter(|f| !std::ptr::eq(*f, &filters[condition]))
        .collect();
    let columns = &store.columns;
    let slots = &store.indexes[at].slots;
    result.clear();
    for range in ranges {
        let passes = |slot: &u32| rest.iter().all(|f| f.passes(columns, *slot));
        result.extend(slots[range].iter().copied().filter(passes));
    }
    plan.order.sort(columns, result);
    result.truncate(window.offset.saturating_add(window.limit));
    result.drain(..window.offset.min(result.len()));
    Some(candidates)
}

/// The ranges of an index for a condition after the fixed columns; a list has one per value.
fn point_ranges(
    store: &TableStore,
    at: usize,
    points: &[&Filter<'_>],
    condition: &Filter<'_>,
) -> Vec<Range<usize>> {
    let index = &store.indexes[at];
    condition
        .points()
        .iter()
        .map(|point| {
            let mut leading = points.to_vec();
            leading.push(point);
            index.range(&store.columns, &leading)
        })
        .collect()
}

fn by_key(store: &TableStore, filters: &[Filter<'_>], key: &[usize]) -> Option<u32> {
    let mut parts = Vec::with_capacity(key.len());
    for &i in key {
        parts.push(match &filters[i] {
            Filter::Int { low, .. } => ValueRef::Int(*low),
            Filter::Float {
                low: Bound::Included(float),
                ..
            } => ValueRef::Float(*float),
            Filter::TextIs { value, .. } => ValueRef::Text(match value {
                Cow::Borrowed(text) => text,
                Cow::Owned(text) => text,
            }),
            _ => return None,
        });
    }
    let slot = store.find(&parts)?;
    filters
        .iter()
        .all(|f| f.passes(&store.columns, slot))
        .then_some(slot)
}

/// The position of an index that is in step, made if need be.
fn ensure(store: &mut TableStore, spec: &Spec) -> usize {
    let latest = store.indexes.iter().map(|i| i.used).max().unwrap_or(0);
    let at = match store.indexes.iter().position(|index| index.spec == *spec) {
        Some(at) => at,
        None if store.indexes.len() < INDEXES_MAX => {
            store.indexes.push(SortedIndex::new(spec.clone()));
            store.indexes.len() - 1
        }
        None => {
            let oldest = (0..INDEXES_MAX)
                .min_by_key(|&i| store.indexes[i].used)
                .unwrap_or(0);
            store.indexes[oldest] = SortedIndex::new(spec.clone());
            oldest
        }
    };
    store.indexes[at].used = latest + 1;
    if store.indexes[at].stale {
        let mut index =
            std::mem::replace(&mut store.indexes[at], SortedIndex::new(Spec(Vec::new())));
        index.rebuild(&store.columns, store.live_slots());
        store.indexes[at] = index;
    }
    at
}
