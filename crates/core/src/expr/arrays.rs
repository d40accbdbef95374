//! Functions of arrays: their text is taken apart and put together again.

use super::bound::Context;
use super::call::Args;
use super::cast::invalid;
use super::datum::Datum;
use super::functions::Function;
use super::node::{Call, compare};
use crate::error::Error;
use crate::schema::Type;
use crate::value::{self, Array, Value};
use std::cmp::Ordering;

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

fn mismatch() -> Error {
    invalid("arrays of different dimensions can't be joined", "2202E")
}

/// `array[i][j]`: NULL where there is no such element.
pub(super) fn get<'a, 'c: 'a>(
    call: &'a Call,
    row: &'a [Value],
    context: &mut Context<'c>,
) -> Result<Datum<'a>, Error> {
    let mut args = call.args.iter();
    let Some(first) = args.next() else {
        return Ok(Datum::Null);
    };
    let value = first.value(row, context)?;
    let mut indices = Vec::with_capacity(1);
    for arg in args {
        match arg.value(row, context)? {
            Datum::Int(int) => indices.push(int),
            _ => return Ok(Datum::Null),
        }
    }
    if value.is_null() {
        return Ok(Datum::Null);
    }
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

pub(super) fn apply<'a>(call: &'a Call, args: Args<'a>, count: usize) -> Result<Datum<'a>, Error> {
    use Function as F;
    let [first, second, third, ..] = args;
    let kind = element(&call.kinds[0]);
    let equal = |a: &Value, b: &Value| match (a.is_null(), b.is_null()) {
        (false, false) => compare(kind, &Datum::of(a), &Datum::of(b)) == Some(Ordering::Equal),
        (a, b) => a && b,
    };
    Ok(match call.function {
        F::ArrayCat => match (first.is_null(), second.is_null()) {
            (true, _) => second,
            (_, true) => first,
            _ => concat(kind, &call.kinds, &first, &second)?,
        },
        F::ArrayAppend | F::ArrayPrepend => {
            let append = call.function == F::ArrayAppend;
            let (whole, item, of) = match append {
                true => (first, second, kind),
                false => (second, first, element(&call.kinds[1])),
            };
            let mut array = Array::parse_or_empty(of, &whole.into_value())?;
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
            array.items.insert(at, item.into_value());
            Datum::text(array.text(of))
        }
        F::ArrayRemove => {
            if first.is_null() {
                return Ok(Datum::Null);
            }
            let mut array = array(&call.kinds[0], &first)?;
            if array.dimensions.len() > 1 {
                return Err(invalid(
                    "removing elements from multidimensional arrays is not supported",
                    "0A000",
                ));
            }
            let item = second.into_value();
            let before = array.items.len();
            array.items.retain(|one| !equal(one, &item));
            if array.items.len() == before {
                return Ok(first);
            }
            array.resize();
            Datum::text(array.text(kind))
        }
        F::ArrayReplace => {
            if first.is_null() {
                return Ok(Datum::Null);
            }
            let mut array = array(&call.kinds[0], &first)?;
            let (from, to) = (second.into_value(), third.into_value());
            for one in &mut array.items {
                if equal(one, &from) {
                    *one = to.clone();
                }
            }
            Datum::text(array.text(kind))
        }
        F::ArrayContains | F::ArrayOverlap => {
            let (a, b) = (
                array(&call.kinds[0], &first)?,
                array(&call.kinds[1], &second)?,
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
            let array = array(&call.kinds[0], &first)?;
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
        F::ArrayNdims => match array(&call.kinds[0], &first)?.dimensions.len() {
            0 => Datum::Null,
            count => Datum::Int(count as i64),
        },
        F::Cardinality => Datum::Int(array(&call.kinds[0], &first)?.items.len() as i64),
        F::ArrayPosition => {
            if first.is_null() {
                return Ok(Datum::Null);
            }
            let array = array(&call.kinds[0], &first)?;
            if array.dimensions.len() > 1 {
                return Err(invalid(
                    "searching for elements in multidimensional arrays is not supported",
                    "0A000",
                ));
            }
            let lower = array.dimensions.first().map_or(1, |d| d.lower);
            let from = match (count > 2, &third) {
                (true, Datum::Null) => {
                    return Err(invalid("initial position must not be null", "22004"));
                }
                (true, start) => usize::try_from(start.int() - lower).unwrap_or(0),
                (false, _) => 0,
            };
            let item = second.into_value();
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
            let array = array(&call.kinds[0], &first)?;
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
