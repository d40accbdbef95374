//! Turns a condition and its parameters into a typed filter, once per run.

use super::conditions::Condition;
use super::filter::Filter;
use super::matching::{bind_path, bind_test};
use super::plan::After;
use super::terms::bind_sought;
use super::{Op, Param};
use crate::error::{Error, ErrorCode};
use crate::schema::{Storage, Type};
use crate::sort::sort_unique;
use crate::value::{self, Scaled, Value, compare_float};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Bound;

/// A parameter in the stored form of a column, or the gap between two stored values where the
/// parameter has no stored form: 4.5 lies between the integers 4 and 5.
enum Operand<'a> {
    Null,
    Int(i64),
    /// Above this integer and below the next one.
    Above(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

/// The filter of a condition; what stands for one on another table is taken out of `related`.
///
/// # Errors
/// `type_mismatch` for a parameter that is not of the column's type.
pub(super) fn bind<'a>(
    condition: &Condition,
    params: &[Param<'a>],
    related: &mut [Filter<'static>],
) -> Result<Filter<'a>, Error> {
    if let Some(existing) = condition.existing {
        // Each stands for one condition.
        return Ok(std::mem::replace(&mut related[existing], Filter::Never));
    }
    if let Some(sought) = &condition.sought {
        let given = &params[condition.param..condition.param + condition.n];
        let filter = bind_sought(sought, condition.op, !condition.negated, given);
        return filter.map_err(|error| error.at_column(&condition.name));
    }
    let column = condition.column;
    let mut members = || -> Result<Vec<Filter<'a>>, Error> {
        let each = condition.members.iter();
        each.map(|member| bind(member, params, related)).collect()
    };
    match condition.op {
        Op::And => return Ok(Filter::All(members()?)),
        Op::Or => return Ok(Filter::Any(members()?)),
        _ if !condition.path.is_empty() => return bind_path(condition, params),
        Op::IsNull => return Ok(Filter::IsNull { column }),
        Op::NotNull => return Ok(Filter::NotNull { column }),
        Op::In if condition.negated => return bind_none_of(condition, params),
        Op::In => return bind_list(condition, params),
        Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Between => {}
        _ => return bind_test(condition, params[condition.param]),
    }
    if let Some(other) = condition.other {
        // Less, equal, greater.
        let passing = match condition.op {
            Op::Eq => [false, true, false],
            Op::Ne => [true, false, true],
            Op::Lt => [true, false, false],
            Op::Lte => [true, true, false],
            Op::Gt => [false, false, true],
            _ => [false, true, true],
        };
        return Ok(Filter::Beside {
            column,
            other,
            passing,
        });
    }
    let first = operand(condition, params[condition.param])?;
    let second = match condition.op {
        Op::Between => operand(condition, params[condition.param + 1])?,
        _ => Operand::Null,
    };
    Ok(match (first, second) {
        // A comparison with NULL is never true.
        (Operand::Null, _) => Filter::Never,
        (_, Operand::Null) if condition.op == Op::Between => Filter::Never,
        (Operand::Int(int), second) => bind_int(condition, (int, false), second),
        (Operand::Above(int), second) => bind_int(condition, (int, true), second),
        (Operand::Float(float), second) => bind_float(condition, float, second),
        (Operand::Text(text), second) => bind_text(condition, text, second),
    })
}

/// The filter of rows after a place in the order.
///
/// # Errors
/// As [`bind`], and `invalid_query` for a value that the column can't have in this query.
/// `filters` are those of the conditions.
pub(super) fn bind_after<'a>(
    after: &After,
    params: &[Param<'a>],
    filters: &[Filter<'a>],
) -> Result<Filter<'a>, Error> {
    for (point, equal) in &after.fixed {
        let same = match (&filters[*point], bind(equal, params, &mut [])?) {
            (Filter::Int { low: a, .. }, Filter::Int { low: b, .. }) => *a == b,
            (
                Filter::Float {
                    low: Bound::Included(a),
                    ..
                },
                Filter::Float {
                    low: Bound::Included(b),
                    ..
                },
            ) => compare_float(*a, b).is_eq(),
            (Filter::TextIs { value: a, .. }, Filter::TextIs { value: b, .. }) => {
                *a == b || value::compare_text(&equal.kind, a, &b).is_eq()
            }
            // Where nothing equals what is asked for, no place is a wrong one.
            (asked, _) => matches!(asked, Filter::Never),
        };
        if !same {
            return Err(elsewhere(equal));
        }
    }
    let mut places = Vec::with_capacity(after.places.len());
    for (key, equal) in &after.places {
        let filter = match params[equal.param] {
            Param::Null => Filter::IsNull {
                column: equal.column,
            },
            _ => bind(equal, params, &mut [])?,
        };
        if matches!(filter, Filter::Never) {
            return Err(elsewhere(equal));
        }
        places.push((*key, filter));
    }
    Ok(Filter::After(places))
}

fn elsewhere(equal: &Condition) -> Error {
    let name = &equal.name;
    let message =
        format!("no row of this query has the {name} of the place that rows are to follow");
    Error::new(ErrorCode::InvalidQuery, message).at_column(name)
}

/// `value` and whether the parameter lies above it, before the next integer.
fn bind_int(condition: &Condition, value: (i64, bool), second: Operand<'_>) -> Filter<'static> {
    let column = condition.column;
    let (int, above) = value;
    // The first integer that is not below the parameter, and the last that is not above it.
    let ceiling = if above { int.checked_add(1) } else { Some(int) };
    let range = |low: Option<i64>, high: Option<i64>| match (low, high) {
        (Some(low), Some(high)) if low <= high => Filter::Int { column, low, high },
        _ => Filter::Never,
    };
    match condition.op {
        Op::Eq if above => Filter::Never,
        Op::Eq => range(Some(int), Some(int)),
        Op::Ne if above => Filter::NotNull { column },
        Op::Ne => Filter::IntNot { column, value: int },
        Op::Lt if above => range(Some(i64::MIN), Some(int)),
        Op::Lt => range(Some(i64::MIN), int.checked_sub(1)),
        Op::Lte => range(Some(i64::MIN), Some(int)),
        Op::Gt => range(int.checked_add(1), Some(i64::MAX)),
        Op::Gte => range(ceiling, Some(i64::MAX)),
        Op::Between => match second {
            Operand::Int(high) | Operand::Above(high) => range(ceiling, Some(high)),
            Operand::Null | Operand::Float(_) | Operand::Text(_) => Filter::Never,
        },
        _ => Filter::Never,
    }
}

/// The ends of the interval of a comparison.
fn interval<T: Clone>(op: Op, value: T, second: Option<T>) -> (Bound<T>, Bound<T>) {
    use Bound::{Excluded, Included, Unbounded};
    match op {
        Op::Lt => (Unbounded, Excluded(value)),
        Op::Lte => (Unbounded, Included(value)),
        Op::Gt => (Excluded(value), Unbounded),
        Op::Gte => (Included(value), Unbounded),
        Op::Between => (Included(value), second.map_or(Unbounded, Included)),
        _ => (Included(value.clone()), Included(value)),
    }
}

fn bind_float(condition: &Condition, value: f64, second: Operand<'_>) -> Filter<'static> {
    let column = condition.column;
    let second = match second {
        Operand::Float(float) => Some(float),
        Operand::Null | Operand::Int(_) | Operand::Above(_) | Operand::Text(_) => None,
    };
    if condition.op == Op::Ne {
        return Filter::FloatNot { column, value };
    }
    let (low, high) = interval(condition.op, value, second);
    Filter::Float { column, low, high }
}

fn bind_text<'a>(condition: &Condition, value: Cow<'a, str>, second: Operand<'a>) -> Filter<'a> {
    let column = condition.column;
    let second = match second {
        Operand::Text(text) => Some(text),
        Operand::Null | Operand::Int(_) | Operand::Above(_) | Operand::Float(_) => None,
    };
    match condition.op {
        Op::Eq => Filter::TextIs { column, value },
        Op::Ne => Filter::TextNot { column, value },
        op => {
            let (low, high) = interval(op, value, second);
            Filter::Text { column, low, high }
        }
    }
}

/// `NOT IN`: of an empty list always true, beside a NULL never.
fn bind_none_of<'a>(condition: &Condition, params: &[Param<'a>]) -> Result<Filter<'a>, Error> {
    let column = condition.column;
    let given = &params[condition.param..condition.param + condition.n];
    let listed = bind_list(condition, params)?;
    Ok(match listed {
        _ if given.is_empty() => Filter::Always,
        _ if given.contains(&Param::Null) => Filter::Never,
        Filter::Never => Filter::NotNull { column },
        listed => Filter::Except {
            column,
            filter: Box::new(listed),
        },
    })
}

fn bind_list<'a>(condition: &Condition, params: &[Param<'a>]) -> Result<Filter<'a>, Error> {
    let column = condition.column;
    let (mut ints, mut floats, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for &param in &params[condition.param..condition.param + condition.n] {
        match operand(condition, param)? {
            // `x IN (1, NULL)` is true for 1 and never true otherwise; so is one with a value
            // that no row can have.
            Operand::Null | Operand::Above(_) => {}
            Operand::Int(int) => ints.push(int),
            Operand::Float(float) => floats.push(float),
            Operand::Text(text) => texts.push(text),
        }
    }
    let kind = &condition.kind;
    let compare = |a: &str, b: &str| match value::is_by_bytes(kind) {
        true => a.cmp(b),
        false => value::compare_text(kind, a, b),
    };
    Ok(one_of(column, ints, floats, texts, &compare))
}

/// What equals one of these values, all of one form; texts are compared as the column does.
pub(super) fn one_of<'a>(
    column: usize,
    mut ints: Vec<i64>,
    mut floats: Vec<f64>,
    mut texts: Vec<Cow<'a, str>>,
    compare: &dyn Fn(&str, &str) -> Ordering,
) -> Filter<'a> {
    if !ints.is_empty() {
        sort_unique(&mut ints, &i64::cmp);
        Filter::IntIn {
            column,
            values: ints,
        }
    } else if !floats.is_empty() {
        sort_unique(&mut floats, &|a, b| compare_float(*a, *b));
        Filter::FloatIn {
            column,
            values: floats,
        }
    } else if !texts.is_empty() {
        sort_unique(&mut texts, &|a, b| compare(a, b));
        Filter::TextIn {
            column,
            values: texts,
        }
    } else {
        Filter::Never
    }
}

fn operand<'a>(condition: &Condition, param: Param<'a>) -> Result<Operand<'a>, Error> {
    let kind = &condition.kind;
    let named = |error: Error| error.at_column(&condition.name);
    match (kind, param) {
        (_, Param::Null) => Ok(Operand::Null),
        (Type::Int2 | Type::Int4 | Type::Int8, Param::Number(number)) => Ok(int_operand(number)),
        (Type::Bool, Param::Number(number)) if number == 0.0 || number == 1.0 => {
            Ok(Operand::Int(number as i64))
        }
        // Wider than the column: a comparison with a value that the column can't hold is no error.
        (Type::Int2 | Type::Int4 | Type::Int8, Param::Text(text)) => {
            value::parse(&Type::Int8, text).map(stored).map_err(named)
        }
        (Type::Numeric { scale, .. }, param) => {
            let text = match param {
                Param::Number(number) => Cow::Owned(
                    value::to_text(&Type::Float8, &Value::Float(number)).unwrap_or_default(),
                ),
                Param::Text(text) => Cow::Borrowed(text),
                Param::Null => return Ok(Operand::Null),
            };
            numeric_operand(kind, *scale, &text).map_err(named)
        }
        (Type::Float4, Param::Number(number)) => Ok(Operand::Float(f64::from(number as f32))),
        (Type::Float8, Param::Number(number)) => Ok(Operand::Float(number)),
        (Type::Text | Type::Varchar { .. } | Type::Opaque { .. }, Param::Text(text)) => {
            Ok(Operand::Text(Cow::Borrowed(text)))
        }
        (Type::Char { .. }, Param::Text(text)) => {
            Ok(Operand::Text(Cow::Borrowed(text.trim_end_matches(' '))))
        }
        // As `parse`, but quicker for the usual notations.
        (Type::Timestamp | Type::Timestamptz, Param::Text(text)) => {
            value::parse_canonical(kind, text)
                .map(stored)
                .map_err(named)
        }
        (_, Param::Text(text)) => value::parse(kind, text).map(stored).map_err(named),
        (_, Param::Number(_)) => Err(named(
            Error::new(
                ErrorCode::TypeMismatch,
                "a number can't be compared with a column of this type",
            )
            .sqlstate("22P02"),
        )),
    }
}

fn stored<'a>(value: Value) -> Operand<'a> {
    match value {
        Value::Null => Operand::Null,
        Value::Int(int) => Operand::Int(int),
        Value::Float(float) => Operand::Float(float),
        Value::Text(text) => Operand::Text(Cow::Owned(text.into())),
    }
}

fn int_operand<'a>(number: f64) -> Operand<'a> {
    let floor = number.floor();
    if number.is_nan() || floor >= 9_223_372_036_854_775_808.0 {
        // Above every integer, as NaN is in Postgres.
        Operand::Above(i64::MAX)
    } else if floor < -9_223_372_036_854_775_808.0 {
        // Below every integer there is no stored value; the least stands in, which no row of an
        // int2 or int4 column has and no double but -2^63 itself names.
        Operand::Above(i64::MIN)
    } else if floor == number {
        Operand::Int(floor as i64)
    } else {
        Operand::Above(floor as i64)
    }
}

fn numeric_operand<'a>(kind: &Type, scale: Option<i16>, text: &str) -> Result<Operand<'a>, Error> {
    if kind.storage() == Storage::Text {
        let any = Type::Numeric {
            precision: None,
            scale: None,
        };
        return value::parse(&any, text).map(stored);
    }
    Ok(match value::scaled(text, scale.unwrap_or(0))? {
        Scaled::Exact(int) => Operand::Int(int),
        Scaled::Above(int) => Operand::Above(int),
    })
}
