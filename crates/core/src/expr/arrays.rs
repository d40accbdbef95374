//! Functions of arrays: their text is taken apart and put together again.

use super::bound::Context;
use super::call::Args;
use super::cast::invalid;
use super::datum::Datum;
use super::functions::Function;
use super::node::{Call, compare};
use crate::error::Error;
use crate::schema::Type;
use crate::value::{self, Array, Dimension, Value};
use std::cmp::Ordering;

/// Postgres's bound on an array's dimensions.
const DIMENSIONS_MAX: usize = 6;
/// The most elements that `array_fill` makes here; a page has not the memory of a server.
const FILLED_MAX: usize = 1 << 20;

fn element(kind: &Type) -> &Type {
    match kind {
        Type::Array { of } => of,
        other => other,
    }
}

fn array(kind: &Type, value: &Datum<'_>) -> Result<Array, Error> {
    match value {
        Datum::Null => Ok(Array::default()),
        value => Array::parse(element(kind), value.as_text()),
    }
}

/// An array whose elements are looked for, and the number of its first.
fn searched(kind: &Type, value: &Datum<'_>) -> Result<(Array, i64), Error> {
    let array = array(kind, value)?;
    if array.dimensions.len() > 1 {
        return Err(invalid(
            "searching for elements in multidimensional arrays is not supported",
            "0A000",
        ));
    }
    let lower = array.dimensions.first().map_or(1, |d| d.lower);
    Ok((array, lower))
}

fn mismatch() -> Error {
    invalid("arrays of different dimensions can't be joined", "2202E")
}

/// An array and what stands in its brackets; nothing where either is NULL. Of an array that is NULL
/// the brackets are not looked at, else all of them, whatever the first gives.
fn subscripts<'a, 'c: 'a>(
    call: &'a Call,
    row: &'a [Value],
    context: &mut Context<'c>,
) -> Result<Option<(Datum<'a>, Vec<i64>)>, Error> {
    let Some((first, rest)) = call.args.split_first() else {
        return Ok(None);
    };
    let value = first.value(row, context)?;
    if value.is_null() {
        return Ok(None);
    }
    let (mut indices, mut null) = (Vec::with_capacity(1), false);
    for arg in rest {
        let index = arg.value(row, context)?;
        null |= index.is_null();
        indices.push(index.int());
    }
    Ok((!null).then_some((value, indices)))
}

/// `array[i][j]`: NULL where there is no such element.
pub(super) fn get<'a, 'c: 'a>(
    call: &'a Call,
    row: &'a [Value],
    context: &mut Context<'c>,
) -> Result<Datum<'a>, Error> {
    let Some((value, indices)) = subscripts(call, row, context)? else {
        return Ok(Datum::Null);
    };
    let array = array(&call.kinds[0], &value)?;
    if array.dimensions.len() != indices.len() {
        return Ok(Datum::Null);
    }
    let mut at = 0;
    for (index, dimension) in indices.iter().zip(&array.dimensions) {
        let offset = index - dimension.lower;
        if offset < 0 || offset >= dimension.length as i64 {
            return Ok(Datum::Null);
        }
        at = at * dimension.length + offset as usize;
    }
    Ok(array
        .items
        .into_iter()
        .nth(at)
        .map_or(Datum::Null, Datum::owned))
}

/// `array[a:b][c:d]`: the arguments after the array are the bounds, two for each dimension.
pub(super) fn slice<'a, 'c: 'a>(
    call: &'a Call,
    row: &'a [Value],
    context: &mut Context<'c>,
) -> Result<Datum<'a>, Error> {
    let Some((value, bounds)) = subscripts(call, row, context)? else {
        return Ok(Datum::Null);
    };
    let array = array(&call.kinds[0], &value)?;
    Ok(Datum::text(
        cut(array, &bounds).text(element(&call.kinds[0])),
    ))
}

/// The part of an array within bounds, counted from one again.
fn cut(array: Array, bounds: &[i64]) -> Array {
    let mut within = Vec::new();
    let mut part = Array::default();
    for (i, dimension) in array.dimensions.iter().enumerate() {
        let bound = |at: usize| bounds.get(i * 2 + at).map(|bound| bound - dimension.lower);
        let last = dimension.length as i64 - 1;
        let from = bound(0).unwrap_or(0).max(0);
        let to = bound(1).unwrap_or(last).min(last);
        if from > to {
            return Array::default();
        }
        within.push((from, to));
        part.dimensions.push(Dimension {
            lower: 1,
            length: (to - from + 1) as usize,
        });
    }
    if bounds.len() > within.len() * 2 {
        return Array::default();
    }
    for (i, item) in array.items.into_iter().enumerate() {
        let (mut rest, mut inside) = (i, true);
        for (dimension, (from, to)) in array.dimensions.iter().zip(&within).rev() {
            let at = (rest % dimension.length) as i64;
            rest /= dimension.length;
            inside &= *from <= at && at <= *to;
        }
        if inside {
            part.items.push(item);
        }
    }
    part
}

/// `array_fill`: one value in every place of the dimensions.
fn fill<'a>(args: &Args<'a>, of: &Type, count: usize) -> Result<Datum<'a>, Error> {
    let numbers = |at: usize| -> Result<Vec<i64>, Error> {
        let null = || invalid("a dimension or lower bound is null", "22004");
        if args[at].is_null() {
            return Err(null());
        }
        let array = Array::parse(&Type::Int4, args[at].as_text())?;
        if array.dimensions.len() > 1 {
            return Err(invalid("wrong number of array subscripts", "2202E"));
        }
        let mut numbers = Vec::new();
        for item in &array.items {
            match item {
                Value::Int(int) => numbers.push(*int),
                _ => return Err(null()),
            }
        }
        Ok(numbers)
    };
    let too_large = || invalid("array size exceeds the maximum allowed", "54000");
    let lengths = numbers(1)?;
    let lowers = match count > 2 {
        true => numbers(2)?,
        false => vec![1; lengths.len()],
    };
    if lengths.len() > DIMENSIONS_MAX {
        return Err(too_large());
    }
    if lowers.len() != lengths.len() {
        return Err(invalid("wrong number of array subscripts", "2202E"));
    }
    let mut array = Array::default();
    let mut size = usize::from(!lengths.is_empty());
    for (length, lower) in lengths.iter().zip(&lowers) {
        let length = usize::try_from(*length).map_err(|_| too_large())?;
        let end = i32::try_from(lower + length as i64);
        size = size.saturating_mul(length);
        if size > FILLED_MAX || end.is_err() {
            return Err(too_large());
        }
        array.dimensions.push(Dimension {
            lower: *lower,
            length,
        });
    }
    if size == 0 {
        return Ok(Datum::text("{}"));
    }
    array.items = vec![args[0].clone().into_value(); size];
    Ok(Datum::text(array.text(of)))
}

pub(super) fn apply<'a>(call: &'a Call, args: &Args<'a>, count: usize) -> Result<Datum<'a>, Error> {
    use Function as F;
    if call.function == F::ArrayFill {
        return fill(args, element(&call.kind), count);
    }
    let [first, second, third, ..] = args;
    let kind = element(&call.kinds[0]);
    let equal = |a: &Value, b: &Value| match (a.is_null(), b.is_null()) {
        (false, false) => compare(kind, &Datum::of(a), &Datum::of(b)) == Some(Ordering::Equal),
        (a, b) => a && b,
    };
    Ok(match call.function {
        F::ArrayCat => match (first.is_null(), second.is_null()) {
            (true, _) => second.clone(),
            (_, true) => first.clone(),
            _ => concat(kind, &call.kinds, first, second)?,
        },
        F::ArrayAppend | F::ArrayPrepend => {
            let append = call.function == F::ArrayAppend;
            let (whole, item, of) = match append {
                true => (first, second, kind),
                false => (second, first, element(&call.kinds[1])),
            };
            let mut array = Array::parse_or_empty(of, &whole.clone().into_value())?;
            match &mut array.dimensions[..] {
                [] => array.dimensions.push(value::Dimension {
                    lower: 1,
                    length: 1,
                }),
                [one] => one.length += 1,
                _ => {
                    return Err(invalid(
                        "an element joins an array of one dimension only",
                        "22000",
                    ));
                }
            }
            let at = if append { array.items.len() } else { 0 };
            array.items.insert(at, item.clone().into_value());
            Datum::text(array.text(of))
        }
        F::ArrayRemove => {
            if first.is_null() {
                return Ok(Datum::Null);
            }
            let mut array = array(&call.kinds[0], first)?;
            if array.dimensions.len() > 1 {
                return Err(invalid(
                    "removing elements from multidimensional arrays is not supported",
                    "0A000",
                ));
            }
            let item = second.clone().into_value();
            let before = array.items.len();
            array.items.retain(|one| !equal(one, &item));
            if array.items.len() == before {
                return Ok(first.clone());
            }
            array.resize();
            Datum::text(array.text(kind))
        }
        F::ArrayReplace => {
            if first.is_null() {
                return Ok(Datum::Null);
            }
            let mut array = array(&call.kinds[0], first)?;
            let (from, to) = (second.clone().into_value(), third.clone().into_value());
            for one in &mut array.items {
                if equal(one, &from) {
                    *one = to.clone();
                }
            }
            Datum::text(array.text(kind))
        }
        F::ArrayContains | F::ArrayOverlap => {
            let (a, b) = (
                array(&call.kinds[0], first)?,
                array(&call.kinds[1], second)?,
            );
            // NULL is contained nowhere.
            let within = |item: &Value| {
                !item.is_null() && a.items.iter().any(|one| !one.is_null() && equal(one, item))
            };
            Datum::bool(match call.function {
                F::ArrayContains => b.items.iter().all(within),
                _ => b.items.iter().any(within),
            })
        }
        F::ArrayLength | F::ArrayLower | F::ArrayUpper => {
            let array = array(&call.kinds[0], first)?;
            let at = usize::try_from(second.int() - 1).ok();
            let dimension = at.and_then(|at| array.dimensions.get(at));
            dimension.map_or(Datum::Null, |dimension| {
                Datum::Int(match call.function {
                    F::ArrayLength => dimension.length as i64,
                    F::ArrayLower => dimension.lower,
                    _ => dimension.lower + dimension.length as i64 - 1,
                })
            })
        }
        F::ArrayNdims => match array(&call.kinds[0], first)?.dimensions.len() {
            0 => Datum::Null,
            count => Datum::Int(count as i64),
        },
        F::Cardinality => Datum::Int(array(&call.kinds[0], first)?.items.len() as i64),
        F::ArrayDims => {
            let mut out = String::new();
            array(&call.kinds[0], first)?.write_bounds(&mut out);
            if out.is_empty() {
                return Ok(Datum::Null);
            }
            Datum::text(out)
        }
        F::ArrayTrim => {
            let array = array(&call.kinds[0], first)?;
            let outer = array.dimensions.first();
            let (lower, length) = outer.map_or((1, 0), |d| (d.lower, d.length as i64));
            let gone = second.int();
            if !(0..=length).contains(&gone) {
                return Err(invalid("more elements are trimmed than there are", "2202E"));
            }
            let bounds = [lower, lower + length - gone - 1];
            Datum::text(cut(array, &bounds).text(kind))
        }
        F::ArrayPositions => {
            if first.is_null() {
                return Ok(Datum::Null);
            }
            let (array, lower) = searched(&call.kinds[0], first)?;
            let item = second.clone().into_value();
            let mut out = String::from("{");
            for (at, one) in array.items.iter().enumerate() {
                if equal(one, &item) {
                    out.push_str(if out.len() > 1 { "," } else { "" });
                    value::write_int(lower + at as i64, &mut out);
                }
            }
            out.push('}');
            Datum::text(out)
        }
        F::ArrayPosition => {
            if first.is_null() {
                return Ok(Datum::Null);
            }
            let (array, lower) = searched(&call.kinds[0], first)?;
            let from = match (count > 2, third) {
                (true, Datum::Null) => {
                    return Err(invalid("initial position must not be null", "22004"));
                }
                (true, start) => usize::try_from(start.int() - lower).unwrap_or(0),
                (false, _) => 0,
            };
            let item = second.clone().into_value();
            let found = array
                .items
                .iter()
                .skip(from)
                .position(|one| equal(one, &item));
            found.map_or(Datum::Null, |at| Datum::Int(lower + (from + at) as i64))
        }
        F::ArrayToString => {
            if first.is_null() || second.is_null() {
                return Ok(Datum::Null);
            }
            let array = array(&call.kinds[0], first)?;
            let mut out = String::new();
            let mut any = false;
            for item in &array.items {
                let text = match (item, count > 2 && !third.is_null()) {
                    (Value::Null, false) => continue,
                    (Value::Null, true) => third.as_text().to_owned(),
                    (item, _) => value::output(kind, item),
                };
                if any {
                    out.push_str(second.as_text());
                }
                any = true;
                out.push_str(&text);
            }
            Datum::text(out)
        }
        _ => Datum::Null,
    })
}

fn concat<'a>(
    kind: &Type,
    kinds: &[Type; 2],
    first: &Datum<'a>,
    second: &Datum<'a>,
) -> Result<Datum<'a>, Error> {
    let (mut a, b) = (array(&kinds[0], first)?, array(&kinds[1], second)?);
    if a.dimensions.is_empty() {
        return Ok(second.clone());
    }
    if b.dimensions.is_empty() {
        return Ok(first.clone());
    }
    let lengths = |array: &Array, skip: usize| -> Vec<usize> {
        array
            .dimensions
            .iter()
            .skip(skip)
            .map(|d| d.length)
            .collect()
    };
    match a.dimensions.len() as i64 - b.dimensions.len() as i64 {
        0 if lengths(&a, 1) == lengths(&b, 1) => a.dimensions[0].length += b.dimensions[0].length,
        1 if lengths(&a, 1) == lengths(&b, 0) => a.dimensions[0].length += 1,
        -1 if lengths(&b, 1) == lengths(&a, 0) => {
            a.dimensions = b.dimensions.clone();
            a.dimensions[0].length += 1;
        }
        _ => return Err(mismatch()),
    }
    a.items.extend(b.items);
    Ok(Datum::text(a.text(kind)))
}
