//! Finds the rows that pass a plan's filters: by key, along an index, by runs of another one.

use super::filter::Filter;
use super::index::{SortedIndex, Spec};
use super::plan::Plan;
use super::terms::{Ranking, fewest, in_order_of_rank, is_settled};
use super::walk::{Run, Set, Walk};
use super::{INDEXES_MAX, Strategy};
use crate::replica::{TableStore, ValueRef};
use std::borrow::Cow;
use std::cell::Cell;
use std::ops::{Bound, Range};

/// Walking an ordered index, a query may look at this many rows, and at this many for each that it
/// needs, before a second index is made.
const WALK_MIN: usize = 512;
const WALK_PER_ROW: usize = 16;
/// The rows, as multiples of the table's, that the runs of a query may look at in vain before the
/// second index, which would have spared them, is made.
const WALKED_PER_ROW: usize = 8;

/// The most runs that are merged.
const RUNS_MAX: usize = 16;

/// What finding a run costs, and what a row of several runs, as multiples of testing a row.
const RUN_COST: usize = 40;
const MERGE_COST: usize = 3;

/// Finds the rows that pass, in order; they stay in the plan. Of them, so many at the beginning are left out,
/// and at most so many given.
pub(super) fn find(
    store: &mut TableStore,
    plan: &mut Plan,
    filters: &[Filter<'_>],
    rankings: &[Ranking],
    (offset, limit): (usize, Option<usize>),
) {
    if !rankings.is_empty() {
        let found = all(store, plan, filters);
        plan.examined = found.len() as u32;
        plan.strategy = match fewest(filters) {
            Some((i, _)) => by_terms(plan, i),
            None => Strategy::Ranked,
        };
        let sorted = in_order_of_rank(store, &plan.order, rankings, &found);
        let page = sorted.into_iter().skip(offset);
        plan.result.clear();
        plan.result.extend(page.take(limit.unwrap_or(usize::MAX)));
        return;
    }
    let mut walk = Walk {
        filters,
        offset,
        limit: limit.unwrap_or(usize::MAX),
        seen: 0,
        examined: 0,
        result: std::mem::take(&mut plan.result),
    };
    walk.result.clear();
    let mut runs = std::mem::take(&mut plan.runs);
    plan.strategy = answer(store, plan, &mut walk, &mut runs);
    if plan.strategy == Strategy::Ordered {
        plan.walked += walk.examined - walk.result.len();
    }
    plan.examined = walk.examined as u32;
    plan.result = walk.result;
    plan.runs = runs;
}

/// How many rows pass.
pub(super) fn how_many(store: &mut TableStore, plan: &Plan, filters: &[Filter<'_>]) -> usize {
    if filters.iter().any(|f| matches!(f, Filter::Never)) {
        return 0;
    }
    if let Some(key) = &plan.by_key {
        return usize::from(by_key(store, filters, key).is_some());
    }
    if let Some((i, slots)) = fewest(filters) {
        let mut walk = whole(filters, usize::MAX);
        walk.along(&store.columns, slots, left_of(filters, i));
        return walk.seen;
    }
    let rest = conditions_left(plan, filters);
    if rest == 0 && plan.points.is_empty() {
        return store.len();
    }
    let (at, runs, rest) = narrowed(store, plan, filters, rest);
    if rest == 0 {
        return runs.iter().map(|run| run.end - run.at).sum();
    }
    // No row is the last wanted, so all are looked at and none is kept.
    let mut walk = whole(filters, usize::MAX);
    for run in runs {
        let slots = &store.indexes[at].slots[run.at..run.end];
        walk.along(&store.columns, slots, rest);
    }
    walk.seen
}

/// All rows that pass, in any order.
pub(super) fn all(store: &mut TableStore, plan: &Plan, filters: &[Filter<'_>]) -> Vec<u32> {
    if filters.iter().any(|f| matches!(f, Filter::Never)) {
        return Vec::new();
    }
    if let Some(key) = &plan.by_key {
        return by_key(store, filters, key).into_iter().collect();
    }
    let rest = conditions_left(plan, filters);
    let mut walk = whole(filters, 0);
    if let Some((i, slots)) = fewest(filters) {
        walk.along(&store.columns, slots, left_of(filters, i));
        return walk.result;
    }
    if plan.points.is_empty() && (rest == 0 || plan.range.is_none()) {
        let slots: Vec<u32> = store.live_slots().collect();
        walk.along(&store.columns, &slots, rest);
        return walk.result;
    }
    let (at, runs, rest) = narrowed(store, plan, filters, rest);
    for run in runs {
        let slots = &store.indexes[at].slots[run.at..run.end];
        walk.along(&store.columns, slots, rest);
    }
    walk.result
}

fn whole<'f, 'a>(filters: &'f [Filter<'a>], offset: usize) -> Walk<'f, 'a> {
    Walk {
        filters,
        offset,
        limit: usize::MAX,
        seen: 0,
        examined: 0,
        result: Vec::new(),
    }
}

/// An index, the runs of it that hold all rows that pass, and what is left to test in them.
fn narrowed(
    store: &mut TableStore,
    plan: &Plan,
    filters: &[Filter<'_>],
    mut rest: Set,
) -> (usize, Vec<Run>, Set) {
    let bound = bound(plan, filters, rest);
    let mut runs = Vec::new();
    let at = match &plan.range {
        Some((spec, condition)) if bound.is_none_or(|i| rest != 1 << i) => {
            let at = ensure(store, spec, &plan.places[1]);
            let fixed = fixed(store, at, plan, filters);
            let rows = find_runs(store, at, plan, fixed, &filters[*condition], &mut runs);
            rest &= !(1 << condition);
            if let Some(bound) = bound
                && split(store, at, plan, &filters[*condition], rows, &mut runs)
            {
                rest &= !(1 << bound);
                rest |= bound_runs(store, at, plan, filters, bound, &mut runs);
            }
            at
        }
        _ => {
            let at = ensure(store, &plan.ordered, &plan.places[0]);
            let mut within = fixed(store, at, plan, filters);
            if let Some(bound) = bound {
                rest &= !(1 << bound);
                within = narrow(store, at, within, plan.points.len(), &filters[bound]);
            }
            push_run(&mut runs, within);
            at
        }
    };
    (at, runs, rest)
}

/// The way that goes by what the index of a condition's terms has found.
fn by_terms(plan: &Plan, condition: usize) -> Strategy {
    plan.found_by.set(condition);
    match plan.conditions.get(condition) {
        Some(condition) if condition.sought.is_none() => Strategy::Json,
        _ => Strategy::Text,
    }
}

/// The conditions that no point of an index takes care of.
fn conditions_left(plan: &Plan, filters: &[Filter<'_>]) -> Set {
    let mut rest = 0;
    for (i, filter) in filters.iter().enumerate() {
        if !matches!(filter, Filter::Always) && !plan.points.contains(&i) {
            rest |= 1 << i;
        }
    }
    rest
}

/// What is left to test in the rows that one of the filters found.
fn left_of(filters: &[Filter<'_>], one: usize) -> Set {
    let each = filters.iter().enumerate();
    let left = each.filter(|(i, filter)| {
        (*i != one || !is_settled(filter)) && !matches!(filter, Filter::Always)
    });
    left.fold(0, |set, (i, _)| set | 1 << i)
}

/// A condition that leaves an interval of the first column of the order.
fn bound(plan: &Plan, filters: &[Filter<'_>], rest: Set) -> Option<usize> {
    let first = plan.order.0.first()?.column;
    (0..filters.len()).find(|&i| {
        rest & 1 << i != 0 && filters[i].column() == Some(first) && filters[i].is_interval()
    })
}

fn narrow(
    store: &TableStore,
    at: usize,
    within: Range<usize>,
    depth: usize,
    filter: &Filter<'_>,
) -> Range<usize> {
    store.indexes[at].narrow(&store.columns, within, depth, filter)
}

/// The positions of the rows that the fixed columns leave, the same in both indexes of a plan.
fn fixed(store: &TableStore, at: usize, plan: &Plan, filters: &[Filter<'_>]) -> Range<usize> {
    let mut within = 0..store.indexes[at].slots.len();
    for (depth, &i) in plan.points.iter().enumerate() {
        within = narrow(store, at, within, depth, &filters[i]);
    }
    within
}

fn answer(
    store: &mut TableStore,
    plan: &Plan,
    walk: &mut Walk<'_, '_>,
    runs: &mut Vec<Run>,
) -> Strategy {
    let filters = walk.filters;
    if walk.limit == 0 || filters.iter().any(|f| matches!(f, Filter::Never)) {
        return Strategy::Ordered;
    }
    if let Some(key) = &plan.by_key {
        if walk.offset == 0 {
            walk.result.extend(by_key(store, filters, key));
        }
        walk.examined = 1;
        return Strategy::PrimaryKey;
    }
    let at = ensure(store, &plan.ordered, &plan.places[0]);
    let fixed = fixed(store, at, plan, filters);
    if let Some((i, slots)) = fewest(filters)
        && is_worth_sorting(slots.len(), walk.need(), fixed.len())
    {
        let whole = [Run {
            at: 0,
            end: slots.len(),
            key: 0,
        }];
        let rest = left_of(filters, i);
        walk.sort(&store.columns, slots, &whole, &plan.order, rest);
        return by_terms(plan, i);
    }
    let mut rest = conditions_left(plan, filters);
    let bounds = Bounds {
        first: bound(plan, filters, rest),
        after: plan.after.as_ref().map(|_| plan.conditions.len()),
    };
    rest &= !bounds.set();
    let budget = match &plan.range {
        Some((spec, condition)) if rest != 0 => {
            let listed = filters[*condition].listed().unwrap_or(0);
            let worthwhile = || {
                plan.walked > store.len() * WALKED_PER_ROW || is_ready(store, spec, &plan.places[1])
            };
            if walk.limit == usize::MAX || listed <= RUNS_MAX && worthwhile() {
                0
            } else {
                walk.need()
                    .saturating_mul(WALK_PER_ROW)
                    .saturating_add(WALK_MIN)
            }
        }
        _ => usize::MAX,
    };
    if budget == 0 {
        return by_counts(store, plan, walk, runs, (at, fixed, None), (rest, bounds));
    }
    let mut range = bounds.range(store, at, plan, filters, &fixed);
    let stop = range.end.min(range.start.saturating_add(budget));
    let slots = &store.indexes[at].slots;
    if walk.along(&store.columns, &slots[range.start..stop], rest) || stop == range.end {
        return Strategy::Ordered;
    }
    range.start = stop;
    by_counts(
        store,
        plan,
        walk,
        runs,
        (at, fixed, Some(range)),
        (rest, bounds),
    )
}

/// Are so many rows, all that pass among them, sorted sooner than so many are found along the order, of which
/// each is one of them by chance?
fn is_worth_sorting(rows: usize, need: usize, all: usize) -> bool {
    let need = need.min(rows);
    let sorting = rows * (3 + need.max(1).ilog2() as usize);
    sorting <= need.max(1).saturating_mul(all) / rows.max(1)
}

/// What narrows the first index further than the fixed columns do.
#[derive(Clone, Copy)]
struct Bounds {
    /// A condition on the first column of the order.
    first: Option<usize>,
    /// The place after which rows have to come.
    after: Option<usize>,
}

impl Bounds {
    fn set(self) -> Set {
        Self::bit(self.first) | Self::bit(self.after)
    }

    fn bit(at: Option<usize>) -> Set {
        at.map_or(0, |at| 1 << at)
    }

    /// What they leave of the first index.
    fn range(
        self,
        store: &TableStore,
        at: usize,
        plan: &Plan,
        filters: &[Filter<'_>],
        fixed: &Range<usize>,
    ) -> Range<usize> {
        let mut range = fixed.clone();
        if let Some(first) = self.first {
            range = narrow(store, at, range, plan.points.len(), &filters[first]);
        }
        if let Some(after) = self.after {
            range = store.indexes[at].after(&store.columns, range, &filters[after]);
        }
        range
    }
}

/// Chooses by what the second index counts between walking on along the first one, merging runs of
/// the second, and sorting what it has. What is left of the first index is found only when it counts.
fn by_counts(
    store: &mut TableStore,
    plan: &Plan,
    walk: &mut Walk<'_, '_>,
    runs: &mut Vec<Run>,
    (at, fixed, mut range): (usize, Range<usize>, Option<Range<usize>>),
    (rest, bounds): (Set, Bounds),
) -> Strategy {
    let Some((spec, condition)) = &plan.range else {
        return Strategy::Ordered;
    };
    let filters = walk.filters;
    let other = ensure(store, spec, &plan.places[1]);
    let all = fixed.len();
    store.indexes[other].group(&store.columns, &fixed, plan.points.len());
    let rows = find_runs(
        store,
        other,
        plan,
        fixed.clone(),
        &filters[*condition],
        runs,
    );
    if rows == 0 {
        walk.restart();
        return Strategy::Range;
    }
    let others = rest & !(1 << condition);
    let after = Bounds::bit(bounds.after);
    let need = walk.need().min(rows);
    let sorting = rows * (3 + need.ilog2() as usize);
    let mut expected = need.saturating_mul(all) / rows;
    loop {
        let walking = expected.min(range.as_ref().map_or(all, Range::len));
        let best = walking.min(sorting);
        let merging = |runs: &[Run]| match runs.len() {
            1 => RUN_COST + need,
            n => n * RUN_COST + need * (MERGE_COST + n / 2),
        };
        if best > RUN_COST + need
            && split(store, other, plan, &filters[*condition], rows, runs)
            && merging(runs) < best
        {
            let unbound = bounds.first.map_or(0, |bound| {
                bound_runs(store, other, plan, filters, bound, runs)
            });
            let others = others | after | unbound;
            walk.restart();
            let slots = &store.indexes[other].slots;
            walk.merge(&store.columns, slots, runs, &plan.order, others);
            return Strategy::Merged;
        }
        let range = range.get_or_insert_with(|| bounds.range(store, at, plan, filters, &fixed));
        let left = range.len();
        let walking = expected.min(left);
        if sorting < walking {
            let others = others | bounds.set();
            walk.restart();
            let slots = &store.indexes[other].slots;
            walk.sort(&store.columns, slots, runs, &plan.order, others);
            return Strategy::Range;
        }
        let budget = walking.saturating_mul(4).saturating_add(64);
        let stop = range.start + budget.min(left);
        let slots = &store.indexes[at].slots[range.start..stop];
        if walk.along(&store.columns, slots, rest) || stop == range.end {
            return Strategy::Ordered;
        }
        // Fewer pass here than elsewhere.
        range.start = stop;
        expected = usize::MAX;
    }
}

fn push_run(runs: &mut Vec<Run>, range: Range<usize>) {
    if !range.is_empty() {
        runs.push(Run {
            at: range.start,
            end: range.end,
            key: 0,
        });
    }
}

/// Finds what the second index has for its condition: one run per value of a list, one for an
/// interval; gives the number of rows.
fn find_runs(
    store: &TableStore,
    at: usize,
    plan: &Plan,
    fixed: Range<usize>,
    condition: &Filter<'_>,
    runs: &mut Vec<Run>,
) -> usize {
    let depth = plan.points.len();
    runs.clear();
    match condition.listed() {
        None => push_run(runs, narrow(store, at, fixed, depth, condition)),
        Some(values) => {
            for i in 0..values {
                let point = condition.point(i);
                push_run(runs, narrow(store, at, fixed.clone(), depth, &point));
            }
        }
    }
    runs.iter().map(|run| run.end - run.at).sum()
}

/// Splits the run of an interval into one per value, unless they are too many to merge.
fn split(
    store: &TableStore,
    at: usize,
    plan: &Plan,
    condition: &Filter<'_>,
    rows: usize,
    runs: &mut Vec<Run>,
) -> bool {
    let (&[whole], None) = (&runs[..], condition.listed()) else {
        return runs.len() <= RUNS_MAX;
    };
    let depth = plan.points.len();
    runs.clear();
    let mut start = whole.at;
    while start < whole.end {
        let end = store.indexes[at].group_end(&store.columns, start..whole.end, depth);
        push_run(runs, start..end);
        start = end;
        // As many more as the first ones promise?
        let found = runs.len();
        let promised = found * rows > (start - whole.at) * 4 * RUNS_MAX;
        if start < whole.end && (found == RUNS_MAX || promised) {
            runs.clear();
            runs.push(whole);
            return false;
        }
    }
    true
}

/// Narrows each run, of one value each, by a condition on the first column of the order; gives what
/// is left to test.
fn bound_runs(
    store: &TableStore,
    at: usize,
    plan: &Plan,
    filters: &[Filter<'_>],
    bound: usize,
    runs: &mut Vec<Run>,
) -> Set {
    let depth = plan.points.len() + 1;
    let next = store.indexes[at].spec.0.get(depth).map(|key| key.column);
    if next != filters[bound].column() {
        // The order begins with the column of the list whose values the runs are.
        return 1 << bound;
    }
    for run in runs.iter_mut() {
        let range = narrow(store, at, run.at..run.end, depth, &filters[bound]);
        (run.at, run.end) = (range.start, range.end);
    }
    runs.retain(|run| run.at < run.end);
    0
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

/// The position of an index, first sought where it was last.
fn position(store: &TableStore, spec: &Spec, place: &Cell<(usize, u64)>) -> Option<usize> {
    let (at, id) = place.get();
    if store.indexes.get(at).is_some_and(|index| index.id == id) {
        return Some(at);
    }
    let at = store.indexes.iter().position(|index| index.spec == *spec)?;
    place.set((at, store.indexes[at].id));
    Some(at)
}

/// Is there such an index, in step?
fn is_ready(store: &TableStore, spec: &Spec, place: &Cell<(usize, u64)>) -> bool {
    position(store, spec, place).is_some_and(|at| !store.indexes[at].stale)
}

/// Takes an index in among at most so many; the one unused for longest makes room.
pub(super) fn place<T>(indexes: &mut Vec<T>, most: usize, made: T, used: fn(&T) -> u64) -> usize {
    if indexes.len() < most {
        indexes.push(made);
        return indexes.len() - 1;
    }
    let oldest = (0..most).min_by_key(|&i| used(&indexes[i])).unwrap_or(0);
    indexes[oldest] = made;
    oldest
}

/// The position of an index that is in step, made if need be.
fn ensure(store: &mut TableStore, spec: &Spec, place: &Cell<(usize, u64)>) -> usize {
    store.uses += 1;
    let at = position(store, spec, place).unwrap_or_else(|| {
        let made = SortedIndex::new(spec.clone(), store.uses);
        let at = self::place(&mut store.indexes, INDEXES_MAX, made, |i| i.used);
        place.set((at, store.uses));
        at
    });
    store.indexes[at].used = store.uses;
    if store.indexes[at].stale {
        let mut index = std::mem::replace(
            &mut store.indexes[at],
            SortedIndex::new(Spec(Vec::new()), 0),
        );
        index.rebuild(&store.columns, store.live_slots());
        store.indexes[at] = index;
    }
    at
}
