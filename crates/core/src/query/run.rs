//! Asks a compiled query: binds its parameters, and has the rows found.

use super::Param;
use super::bind::{bind, bind_after};
use super::conditions::Condition;
use super::filter::Filter;
use super::plan::Plan;
use super::related::{join, related};
use super::search::{find, how_many};
use super::terms::{Ranked, bind_rankings, resolve};
use crate::error::{Error, ErrorCode};
use crate::replica::TableStore;

/// Runs a plan; its result stays in the plan.
///
/// # Errors
/// `invalid_query` for a wrong number of parameters, or a limit or offset that is none;
/// `type_mismatch` for a parameter that is not of its column's type.
pub(crate) fn run(
    tables: &mut [TableStore],
    plan: &mut Plan,
    params: &[Param<'_>],
) -> Result<(), Error> {
    count_params(plan.params, params)?;
    let mut related = related(plan, tables, params)?;
    let room = recycled(std::mem::take(&mut plan.filters));
    let mut filters = filters(plan, params, &[], &mut related, room)?;
    let rankings = bind_rankings(&plan.ranked, params)?;
    let (offset, limit) = window(plan.offset, plan.limit, params)?;
    let store = &mut tables[usize::from(plan.table.0)];
    if plan.by_key.is_none() {
        resolve(store, &mut filters);
    }
    find(store, plan, &filters, &rankings, (offset, limit));
    plan.filters = recycled(filters);
    join(&mut plan.joined, plan.table, &plan.result, tables, params)
}

/// Are these parameters that the plan can be asked with, where the server answers? Gives offset and limit.
///
/// # Errors
/// As [`run`].
pub(crate) fn check(plan: &Plan, params: &[Param<'_>]) -> Result<(usize, Option<usize>), Error> {
    count_params(plan.params, params)?;
    check_part(plan, params)
}

fn check_part(plan: &Plan, params: &[Param<'_>]) -> Result<(usize, Option<usize>), Error> {
    let conditions = plan.conditions[plan.given..].iter();
    let conditions: Vec<Condition> = conditions.map(Condition::of_server).collect();
    let ranked: Vec<Ranked> = plan.ranked.iter().map(Ranked::of_server).collect();
    bind_rankings(&ranked, params)?;
    let mut related = vec![Filter::Always; plan.existing.len()];
    let filters = bind_all(&conditions, params, &mut related)?;
    if let Some(after) = &plan.after {
        bind_after(after, params, &filters)?;
    }
    for part in plan.parts() {
        check_part(part, params)?;
    }
    window(plan.offset, plan.limit, params)
}

/// The number of rows that satisfy a plan's conditions, whichever page of them is asked for.
///
/// # Errors
/// As [`run`].
pub(crate) fn count(
    tables: &mut [TableStore],
    plan: &mut Plan,
    params: &[Param<'_>],
) -> Result<usize, Error> {
    count_params(plan.params, params)?;
    let mut related = related(plan, tables, params)?;
    let mut filters = filters(plan, params, &[], &mut related, Vec::new())?;
    let store = &mut tables[usize::from(plan.table.0)];
    filters.truncate(plan.conditions.len());
    if plan.by_key.is_none() {
        resolve(store, &mut filters);
    }
    Ok(how_many(store, plan, &filters))
}

/// The room of a list of filters, for others.
fn recycled<'a>(mut filters: Vec<Filter<'_>>) -> Vec<Filter<'a>> {
    filters.clear();
    // Collecting in place keeps the allocation.
    filters.into_iter().map(|_| Filter::Never).collect()
}

/// The filters of a plan that outlive its parameters.
///
/// # Errors
/// As [`run`].
pub(crate) fn owned_filters(
    tables: &mut [TableStore],
    plan: &mut Plan,
    params: &[Param<'_>],
) -> Result<Vec<Filter<'static>>, Error> {
    count_params(plan.params, params)?;
    let mut related = related(plan, tables, params)?;
    let filters = filters(plan, params, &[], &mut related, Vec::new())?;
    Ok(filters.into_iter().map(Filter::into_owned).collect())
}

/// The filters of conditions; those of `related` that stand for some of them are taken out.
pub(super) fn bind_all<'a>(
    conditions: &[Condition],
    params: &[Param<'a>],
    related: &mut [Filter<'static>],
) -> Result<Vec<Filter<'a>>, Error> {
    conditions
        .iter()
        .map(|condition| bind(condition, params, related))
        .collect()
}

/// The filters of a plan's conditions, in `filters`, which is empty: those of the first conditions are
/// given, and those that stand for conditions on other tables are taken out of `related`.
pub(super) fn filters<'a>(
    plan: &Plan,
    params: &[Param<'a>],
    given: &[Filter<'static>],
    related: &mut [Filter<'static>],
    mut filters: Vec<Filter<'a>>,
) -> Result<Vec<Filter<'a>>, Error> {
    filters.reserve(plan.conditions.len() + 1);
    filters.extend_from_slice(given);
    for condition in &plan.conditions[plan.given..] {
        filters.push(bind(condition, params, related)?);
    }
    if let Some(after) = &plan.after {
        let place = bind_after(after, params, &filters)?;
        filters.push(place);
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

/// Are there as many parameters as the query takes?
pub(super) fn count_params(wanted: usize, params: &[Param<'_>]) -> Result<(), Error> {
    if params.len() == wanted {
        return Ok(());
    }
    let message = format!("the query takes {wanted} values, not {}", params.len());
    Err(Error::new(ErrorCode::InvalidQuery, message))
}

/// Offset and limit, of which these are the places among the parameters.
pub(super) fn window(
    offset: Option<usize>,
    limit: Option<usize>,
    params: &[Param<'_>],
) -> Result<(usize, Option<usize>), Error> {
    let offset = window_part(offset, params)?.unwrap_or(0);
    Ok((offset, window_part(limit, params)?))
}

fn window_part(position: Option<usize>, params: &[Param<'_>]) -> Result<Option<usize>, Error> {
    let Some(position) = position else {
        return Ok(None);
    };
    match params[position] {
        Param::Number(n) if n >= 0.0 && n.fract() == 0.0 && n <= f64::from(u32::MAX) => {
            Ok(Some(n as usize))
        }
        Param::Null | Param::Number(_) | Param::Text(_) => Err(Error::new(
            ErrorCode::InvalidQuery,
            "limit and offset are whole numbers from 0",
        )),
    }
}
