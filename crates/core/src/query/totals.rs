//! What aggregates make of the values of a column: Postgres's types, scales and NULLs.

use super::AggregateOp;
use crate::error::{Error, ErrorCode};
use crate::schema::Type;
use crate::value::decimal::{Operation, operate};
use crate::value::{Array, Dimension, NUMERIC_NAN, Value};
use haversack_rows::Column;
use haversack_rows::column::Data;

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
    let some = || slots.iter().copied().filter(|&slot| !column.is_null(slot));
    match op {
        AggregateOp::Count => Ok(Value::Int(some().count() as i64)),
        AggregateOp::Sum => sum(column, kind, &mut some()),
        AggregateOp::Avg => {
            let count = some().count();
            if let Data::Float(floats) = &column.data {
                let sum: f64 = some().map(|slot| floats[slot as usize]).sum();
                return Ok(match count {
                    0 => Value::Null,
                    _ => Value::Float(sum / count as f64),
                });
            }
            let sum = sum(column, kind, &mut some())?;
            let sum = match &sum {
                Value::Text(text) => text.to_string(),
                Value::Int(int) => digits(i128::from(*int), 0),
                Value::Null | Value::Float(_) => return Ok(Value::Null),
            };
            let quotient = operate(Operation::Div, &sum, &digits(count as i128, 0));
            quotient
                .map(Value::text)
                .map_err(|fault| fault.error("avg"))
        }
        AggregateOp::Min | AggregateOp::Max => {
            // The first of equal ones, as a comparison of texts of other forms may find some.
            let mut best: Option<u32> = None;
            for slot in some() {
                let better = best.is_none_or(|best| {
                    let order = column.compare(slot, best);
                    match op {
                        AggregateOp::Min => order.is_lt(),
                        _ => order.is_gt(),
                    }
                });
                if better {
                    best = Some(slot);
                }
            }
            Ok(best.map_or(Value::Null, |slot| column.get(slot).to_value()))
        }
        AggregateOp::Array if slots.is_empty() => Ok(Value::Null),
        AggregateOp::Array => {
            let mut array = Array::default();
            array.dimensions.push(Dimension {
                lower: 1,
                length: slots.len(),
            });
            array.items = slots
                .iter()
                .map(|&slot| column.get(slot).to_value())
                .collect();
            Ok(Value::text(array.text(kind)))
        }
    }
}

/// The sum of the values that are not NULL; of none, NULL.
fn sum(column: &Column, kind: &Type, slots: &mut dyn Iterator<Item = u32>) -> Result<Value, Error> {
    match (&column.data, kind) {
        (Data::Float(floats), _) => {
            let mut sum: Option<f64> = None;
            let single = *kind == Type::Float4;
            for slot in slots {
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
        (Data::Int(ints), _) => {
            let mut sum: Option<i128> = None;
            let mut not_a_number = false;
            let numeric = matches!(kind, Type::Numeric { .. });
            for slot in slots {
                let int = ints[slot as usize];
                not_a_number |= numeric && int == NUMERIC_NAN;
                sum = Some(sum.unwrap_or(0) + i128::from(int));
            }
            Ok(match (sum, kind) {
                (None, _) => Value::Null,
                (Some(_), _) if not_a_number => Value::text("NaN"),
                (Some(sum), Type::Numeric { scale, .. }) => {
                    Value::text(digits(sum, scale.unwrap_or(0)))
                }
                (Some(sum), Type::Int8) => Value::text(digits(sum, 0)),
                // Of fewer than 2^32 integers of 32 bits.
                (Some(sum), _) => Value::Int(sum as i64),
            })
        }
        (Data::Text(texts), _) => {
            let mut sum: Option<String> = None;
            for slot in slots {
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
