//! What aggregates make of the values of a column: Postgres's types, scales and NULLs.

use super::AggregateOp;
use crate::error::{Error, ErrorCode};
use crate::schema::Type;
use crate::value::decimal::{Operation, operate};
use crate::value::{NUMERIC_NAN, Value, make_array};
use haversack_rows::Column;
use haversack_rows::column::Data;
use haversack_rows::totals;

const NUMERIC: Type = Type::Numeric {
    precision: None,
    scale: None,
};

/// The type of an aggregate of values of a type; `None` where there is no such aggregate, or only the
/// server has it.
pub(super) fn kind_of(op: AggregateOp, of: Option<&Type>) -> Option<Type> {
    use AggregateOp as A;
    Some(match (op, of) {
        // There are fewer rows than an integer can count.
        (A::Count, _) => Type::Int4,
        (_, None) => return None,
        (A::Sum, Some(Type::Int2 | Type::Int4)) => Type::Int8,
        (A::Sum | A::Avg, Some(Type::Int8 | Type::Numeric { .. })) => NUMERIC,
        (A::Avg, Some(Type::Int2 | Type::Int4)) => NUMERIC,
        (A::Sum, Some(float @ (Type::Float4 | Type::Float8))) => float.clone(),
        (A::Avg, Some(Type::Float4 | Type::Float8)) => Type::Float8,
        (A::Sum | A::Avg, Some(_)) => return None,
        (A::Min | A::Max, Some(Type::Varchar { .. })) => Type::Text,
        (A::Min | A::Max, Some(of)) => match of {
            Type::Int2
            | Type::Int4
            | Type::Int8
            | Type::Float4
            | Type::Float8
            | Type::Numeric { .. }
            | Type::Text
            | Type::Char { .. }
            | Type::Date
            | Type::Time
            | Type::Timestamp
            | Type::Timestamptz
            | Type::Interval
            | Type::Enum { .. } => of.clone(),
            _ => return None,
        },
        // An array of arrays is one of more dimensions, if they are of one size.
        (A::Array, Some(Type::Array { .. } | Type::Opaque { .. })) => return None,
        (A::Array, Some(of)) => Type::Array {
            of: Box::new(of.clone()),
        },
    })
}

/// The value of an aggregate over the rows in some slots: of a column with its type, or of the rows
/// themselves.
pub(super) fn total(
    op: AggregateOp,
    of: Option<(&Column, &Type)>,
    slots: &[u32],
) -> Result<Value, Error> {
    let Some((column, kind)) = of else {
        return Ok(Value::Int(slots.len() as i64));
    };
    match op {
        AggregateOp::Count => Ok(Value::Int(totals::count(column, slots) as i64)),
        AggregateOp::Sum => sum(column, kind, slots),
        AggregateOp::Avg => average(column, kind, slots),
        AggregateOp::Min | AggregateOp::Max => {
            let found = totals::extreme(column, slots, op == AggregateOp::Max);
            Ok(found.map_or(Value::Null, |slot| column.get(slot).to_value()))
        }
        AggregateOp::Array if slots.is_empty() => Ok(Value::Null),
        AggregateOp::Array => {
            let items = slots.iter().map(|&slot| column.get(slot).to_value());
            make_array(kind, false, items.collect()).map(Value::text)
        }
    }
}

fn average(column: &Column, kind: &Type, slots: &[u32]) -> Result<Value, Error> {
    let count = totals::count(column, slots);
    if count == 0 {
        return Ok(Value::Null);
    }
    if let Data::Float(floats) = &column.data {
        let some = slots.iter().filter(|&&slot| !column.is_null(slot));
        let sum: f64 = some.map(|&slot| floats[slot as usize]).sum();
        return Ok(Value::Float(sum / count as f64));
    }
    let sum = match sum(column, kind, slots)? {
        Value::Text(text) => text.into(),
        Value::Int(int) => digits(i128::from(int), 0),
        Value::Null | Value::Float(_) => return Ok(Value::Null),
    };
    let quotient = operate(Operation::Div, &sum, &digits(count as i128, 0));
    quotient
        .map(Value::text)
        .map_err(|fault| fault.error("avg"))
}

/// The sum of the values that are not NULL; of none, NULL.
fn sum(column: &Column, kind: &Type, slots: &[u32]) -> Result<Value, Error> {
    let some = slots.iter().copied().filter(|&slot| !column.is_null(slot));
    match (&column.data, kind) {
        (Data::Float(floats), _) => {
            let mut sum: Option<f64> = None;
            let single = *kind == Type::Float4;
            for slot in some {
                let float = floats[slot as usize];
                let before = sum.unwrap_or(0.0);
                let mut after = before + float;
                if single {
                    after = f64::from(after as f32);
                }
                if after.is_infinite() && before.is_finite() && float.is_finite() {
                    let message = "the sum is too large for its type";
                    return Err(Error::new(ErrorCode::OutOfRange, message).sqlstate("22003"));
                }
                sum = Some(after);
            }
            Ok(sum.map_or(Value::Null, Value::Float))
        }
        (Data::Int(_), _) => {
            let (sum, count, special) = totals::sum_ints(column, slots, NUMERIC_NAN);
            Ok(match kind {
                _ if count == 0 => Value::Null,
                Type::Numeric { .. } if special => Value::text("NaN"),
                Type::Numeric { scale, .. } => Value::text(digits(sum, scale.unwrap_or(0))),
                Type::Int8 => Value::text(digits(sum, 0)),
                // Of fewer than 2^32 integers of 32 bits.
                _ => Value::Int(sum as i64),
            })
        }
        (Data::Text(texts), _) => {
            let mut sum: Option<String> = None;
            for slot in some {
                let text = texts.get(slot);
                sum = Some(match sum {
                    None => text.to_owned(),
                    Some(sum) => {
                        operate(Operation::Add, &sum, text).map_err(|fault| fault.error("sum"))?
                    }
                });
            }
            Ok(sum.map_or(Value::Null, Value::text))
        }
    }
}

/// A scaled integer in decimal. (What the standard library has for it is larger than all of this file.)
fn digits(int: i128, scale: i16) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let mut reversed = Vec::new();
    let mut rest = int.unsigned_abs();
    while rest > 0 || reversed.len() <= scale + usize::from(scale > 0) {
        if reversed.len() == scale && scale > 0 {
            reversed.push(b'.');
        }
        reversed.push(b'0' + (rest % 10) as u8);
        rest /= 10;
    }
    let sign = if int < 0 { "-" } else { "" };
    let digits = reversed.iter().rev().map(|&digit| char::from(digit));
    sign.chars().chain(digits).collect()
}
