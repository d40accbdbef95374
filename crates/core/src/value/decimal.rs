//! Arithmetic of numeric: exact, with the scales of results that Postgres gives.

use super::numeric::{Decimal, Parsed, parse_decimal};
use super::out_of_range;
use crate::error::{Error, ErrorCode};
use std::cmp::Ordering;

/// Postgres keeps four digits in one; scales of quotients follow from it.
const GROUP: i64 = 4;
/// Digits that a quotient has at the least.
const SIGNIFICANT_MIN: i64 = 16;
/// The largest scale of a quotient.
const DISPLAY_SCALE_MAX: i64 = 1000;
/// The largest scale that `round` and `trunc` take.
const RESULT_SCALE_MAX: i64 = 2000;
/// The largest scale of any numeric.
const SCALE_MAX: i64 = 16_383;
/// The most digits before the point.
const WHOLE_DIGITS_MAX: i64 = 131_072;

/// An operation on two numerics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Sub,
    Mul,
    Div,
    /// The quotient without a fraction.
    Quotient,
    Mod,
}

/// How digits are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Nearest,
    Truncate,
    Ceil,
    Floor,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    DivisionByZero,
    Overflow,
    ZeroPower,
    /// The square root of a negative number.
    NegativeRoot,
    /// Buckets between bounds that are none, or fewer than one.
    Bucket,
}

fn zero(scale: i64) -> Decimal {
    Decimal {
        negative: false,
        digits: Vec::new(),
        scale,
    }
}

pub(super) fn read(text: &str) -> Parsed {
    parse_decimal(text).unwrap_or(Parsed::NaN)
}

pub(super) fn is_zero(decimal: &Decimal) -> bool {
    decimal.digits.iter().all(|&d| d == 0)
}

pub(super) fn print(decimal: &Decimal) -> Result<String, Fault> {
    let zeros = decimal.digits.iter().take_while(|&&d| d == 0).count();
    let whole = decimal.digits.len() as i64 - zeros as i64 - decimal.scale;
    if whole > WHOLE_DIGITS_MAX {
        return Err(Fault::Overflow);
    }
    let trimmed = Decimal {
        negative: decimal.negative,
        digits: decimal.digits[zeros..].to_vec(),
        scale: decimal.scale,
    };
    let mut out = String::with_capacity(trimmed.digits.len() + 3);
    trimmed.write(&mut out);
    Ok(out)
}

/// Computes with canonical texts.
pub(crate) fn operate(operation: Operation, a: &str, b: &str) -> Result<String, Fault> {
    let (a, b) = match (read(a), read(b)) {
        (Parsed::Number(a), Parsed::Number(b)) => (a, b),
        (x, y) => {
            let special = special(operation, &x, &y)?;
            return Ok(if special.is_empty() { a } else { special }.to_owned());
        }
    };
    if matches!(
        operation,
        Operation::Div | Operation::Quotient | Operation::Mod
    ) && is_zero(&b)
    {
        return Err(Fault::DivisionByZero);
    }
    print(&match operation {
        Operation::Add => add(a, b),
        Operation::Sub => {
            let negated = Decimal {
                negative: !b.negative,
                ..b
            };
            add(a, negated)
        }
        Operation::Mul => {
            let mut product = multiply(&a, &b);
            if product.scale > SCALE_MAX {
                product.rescale(SCALE_MAX);
            }
            product
        }
        Operation::Div => {
            let scale = quotient_scale(&a, &b);
            let mut quotient = divide(&a, &b, scale + 1);
            quotient.rescale(scale);
            quotient
        }
        Operation::Quotient => divide(&a, &b, 0),
        Operation::Mod => {
            let whole = divide(&a, &b, 0);
            let mut product = multiply(&whole, &b);
            product.negative = !product.negative;
            let scale = a.scale.max(b.scale);
            let mut rest = add(a, product);
            rest.rescale(scale);
            rest
        }
    })
}

/// With NaN and the infinities.
fn special(operation: Operation, a: &Parsed, b: &Parsed) -> Result<&'static str, Fault> {
    /// -2, -1, 0, 1, 2: infinite, finite, zero; NaN is none.
    fn class(number: &Parsed) -> Option<i8> {
        match number {
            Parsed::NaN => None,
            Parsed::Infinity { negative } => Some(if *negative { -2 } else { 2 }),
            Parsed::Number(number) if is_zero(number) => Some(0),
            Parsed::Number(number) => Some(if number.negative { -1 } else { 1 }),
        }
    }
    let infinity = |positive: bool| if positive { "Infinity" } else { "-Infinity" };
    let (Some(a), Some(b)) = (class(a), class(b)) else {
        return Ok("NaN");
    };
    Ok(match operation {
        Operation::Add | Operation::Sub => {
            let b = if operation == Operation::Sub { -b } else { b };
            match (a, b) {
                (2, -2) | (-2, 2) => "NaN",
                (2 | -2, _) => infinity(a > 0),
                _ => infinity(b > 0),
            }
        }
        Operation::Mul if a == 0 || b == 0 => "NaN",
        Operation::Mul => infinity((a > 0) == (b > 0)),
        _ if b == 0 => return Err(Fault::DivisionByZero),
        Operation::Div | Operation::Quotient => match (a, b) {
            (2 | -2, 2 | -2) => "NaN",
            (2 | -2, _) => infinity((a > 0) == (b > 0)),
            _ => "0",
        },
        // What an infinite divisor leaves is the dividend, which the caller has.
        Operation::Mod if matches!(a, 2 | -2) => "NaN",
        Operation::Mod => "",
    })
}

/// The digits at a common scale.
fn aligned(mut a: Decimal, mut b: Decimal) -> (Decimal, Decimal) {
    let scale = a.scale.max(b.scale);
    a.rescale(scale);
    b.rescale(scale);
    let len = a.digits.len().max(b.digits.len());
    for decimal in [&mut a, &mut b] {
        let missing = len - decimal.digits.len();
        decimal.digits.splice(0..0, std::iter::repeat_n(0, missing));
    }
    (a, b)
}

pub(super) fn add(a: Decimal, b: Decimal) -> Decimal {
    let (mut a, mut b) = aligned(a, b);
    if a.negative == b.negative {
        let mut carry = 0;
        for (x, y) in a.digits.iter_mut().zip(&b.digits).rev() {
            let sum = *x + y + carry;
            *x = sum % 10;
            carry = sum / 10;
        }
        if carry > 0 {
            a.digits.insert(0, carry);
        }
        return a;
    }
    if a.digits.cmp(&b.digits) == Ordering::Less {
        std::mem::swap(&mut a, &mut b);
    }
    let mut borrow = 0;
    for (x, y) in a.digits.iter_mut().zip(&b.digits).rev() {
        let taken = y + borrow;
        borrow = u8::from(*x < taken);
        *x = *x + borrow * 10 - taken;
    }
    a
}

fn multiply(a: &Decimal, b: &Decimal) -> Decimal {
    let mut columns = vec![0u64; a.digits.len() + b.digits.len()];
    for (i, &x) in a.digits.iter().enumerate() {
        for (j, &y) in b.digits.iter().enumerate() {
            columns[i + j + 1] += u64::from(x) * u64::from(y);
        }
    }
    let mut carry = 0;
    for column in columns.iter_mut().rev() {
        *column += carry;
        carry = *column / 10;
        *column %= 10;
    }
    Decimal {
        negative: a.negative != b.negative,
        digits: columns.into_iter().map(|d| d as u8).collect(),
        scale: a.scale + b.scale,
    }
}

/// The quotient cut off at a scale that is at least that of the dividend less the divisor's.
pub(super) fn divide(a: &Decimal, b: &Decimal, scale: i64) -> Decimal {
    let divisor: Vec<u8> = {
        let zeros = b.digits.iter().take_while(|&&d| d == 0).count();
        b.digits[zeros..].to_vec()
    };
    let mut dividend = a.digits.clone();
    let shift = scale + b.scale - a.scale;
    if shift >= 0 {
        dividend.resize(dividend.len() + shift as usize, 0);
    } else {
        let keep = dividend.len().saturating_sub(shift.unsigned_abs() as usize);
        dividend.truncate(keep);
    }
    let mut rest: Vec<u8> = Vec::with_capacity(divisor.len() + 1);
    let mut digits = Vec::with_capacity(dividend.len());
    for digit in dividend {
        if !(rest.is_empty() && digit == 0) {
            rest.push(digit);
        }
        let mut count = 0;
        while rest.len() > divisor.len()
            || (rest.len() == divisor.len() && rest.as_slice() >= divisor.as_slice())
        {
            let offset = rest.len() - divisor.len();
            let mut borrow = 0;
            for i in (0..rest.len()).rev() {
                let taken = if i >= offset { divisor[i - offset] } else { 0 } + borrow;
                borrow = u8::from(rest[i] < taken);
                rest[i] = rest[i] + borrow * 10 - taken;
            }
            let zeros = rest.iter().take_while(|&&d| d == 0).count();
            rest.drain(..zeros);
            count += 1;
        }
        digits.push(count);
    }
    Decimal {
        negative: a.negative != b.negative,
        digits,
        scale,
    }
}

/// The weight and value of the first group of four digits.
pub(super) fn leading(decimal: &Decimal) -> (i64, i64) {
    let Some(first) = decimal.digits.iter().position(|&d| d != 0) else {
        return (0, 0);
    };
    // The power of ten of the first digit.
    let power = decimal.digits.len() as i64 - decimal.scale - 1 - first as i64;
    let weight = power.div_euclid(GROUP);
    let in_group = power.rem_euclid(GROUP) + 1;
    let digit = |i: i64| i64::from(decimal.digits.get(first + i as usize).copied().unwrap_or(0));
    (weight, (0..in_group).fold(0, |sum, i| sum * 10 + digit(i)))
}

/// As `select_div_scale` in Postgres's `numeric.c`.
fn quotient_scale(a: &Decimal, b: &Decimal) -> i64 {
    let ((weight_a, first_a), (weight_b, first_b)) = (leading(a), leading(b));
    let weight = weight_a - weight_b - i64::from(first_a <= first_b);
    (SIGNIFICANT_MIN - weight * GROUP)
        .max(a.scale)
        .max(b.scale)
        .clamp(0, DISPLAY_SCALE_MAX)
}

/// Rounds a canonical text to a scale, which may be negative.
pub(crate) fn round(text: &str, scale: i64, rounding: Rounding) -> Result<String, Fault> {
    let Parsed::Number(mut number) = read(text) else {
        return Ok(text.to_owned());
    };
    let scale = scale.clamp(-RESULT_SCALE_MAX, RESULT_SCALE_MAX);
    if rounding == Rounding::Nearest {
        number.rescale(scale);
    } else if cut(&mut number, scale)
        && (rounding == Rounding::Ceil && !number.negative
            || rounding == Rounding::Floor && number.negative)
    {
        let one = Decimal {
            negative: number.negative,
            digits: vec![1],
            scale,
        };
        number = add(number, one);
    }
    if scale < 0 {
        number.rescale(0);
    }
    print(&number)
}

/// Drops the digits below a scale; says whether any was not zero.
pub(super) fn cut(number: &mut Decimal, scale: i64) -> bool {
    let drop = number.scale - scale;
    if drop <= 0 {
        number.rescale(scale);
        return false;
    }
    let keep = number.digits.len().saturating_sub(drop as usize);
    let any = number.digits[keep..].iter().any(|&d| d != 0);
    number.digits.truncate(keep);
    number.scale = scale;
    any
}

/// The digits after the point; `None` for what is no number.
pub(crate) fn scale(text: &str, without_zeros: bool) -> Option<i64> {
    if !text.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let fraction = if without_zeros {
        fraction.trim_end_matches('0')
    } else {
        fraction
    };
    Some(fraction.len() as i64)
}

/// The whole number nearest to a canonical text.
pub(crate) fn to_int(text: &str) -> Option<i64> {
    match read(text) {
        Parsed::Number(mut number) => {
            number.rescale(0);
            let mut out = String::new();
            number.write(&mut out);
            out.parse().ok()
        }
        Parsed::NaN | Parsed::Infinity { .. } => None,
    }
}

/// A whole power; `None` where the exponent is none, or the result would need another way.
///
/// The scale goes by the result's size since version 16 of Postgres; before, it is that of sixteen
/// digits after the point.
pub(crate) fn power(base: &str, exponent: &str, by_size: bool) -> Option<Result<String, Fault>> {
    const EXPONENT_MAX: i64 = 10_000;
    let Parsed::Number(mut power) = read(exponent) else {
        return None;
    };
    let zeroth = is_zero(&power);
    let number = match read(base) {
        Parsed::Number(number) => number,
        _ if zeroth => return Some(Ok("1".into())),
        Parsed::NaN => return Some(Ok("NaN".into())),
        Parsed::Infinity { .. } if power.negative => return Some(Ok("0".into())),
        Parsed::Infinity { negative } => {
            power.rescale(0);
            let odd = power.digits.last().is_some_and(|d| d % 2 == 1);
            let infinity = if negative && odd {
                "-Infinity"
            } else {
                "Infinity"
            };
            return Some(Ok(infinity.into()));
        }
    };
    let exponent_scale = power.scale;
    if cut(&mut power, 0) {
        return None;
    }
    let mut text = String::new();
    power.write(&mut text);
    let exponent: i64 = text.parse().ok()?;
    if exponent.abs() > EXPONENT_MAX {
        return None;
    }
    if is_zero(&number) && exponent < 0 {
        return Some(Err(Fault::ZeroPower));
    }
    if is_zero(&number) && exponent > 0 {
        let scale = SIGNIFICANT_MIN.max(number.scale);
        return Some(print(&zero(scale)));
    }
    // As `power_var_int`: sixteen significant digits, by an estimate of the result's size.
    let size = if is_zero(&number) {
        0.0
    } else {
        let (weight, _) = leading(&number);
        let start = number.digits.iter().position(|&d| d != 0)? as i64;
        let first = number.digits.len() as i64 - number.scale - 1 - start;
        let in_group = first.rem_euclid(GROUP) + 1;
        let count = (in_group + 3 * GROUP).min(number.digits.len() as i64 - start);
        let value = number.digits[start as usize..(start + count) as usize]
            .iter()
            .fold(0.0, |sum, &d| sum * 10.0 + f64::from(d));
        let shift = weight * GROUP + in_group - count;
        exponent as f64 * (value.log10() + shift as f64)
    };
    let (size, exponent_scale) = match by_size {
        true => (size as i64, exponent_scale),
        false => (0, 0),
    };
    let scale = (SIGNIFICANT_MIN - size)
        .max(number.scale)
        .max(exponent_scale)
        .clamp(0, DISPLAY_SCALE_MAX);
    let mut result = Decimal {
        negative: false,
        digits: vec![1],
        scale: 0,
    };
    let mut square = Decimal {
        negative: number.negative,
        digits: number.digits.clone(),
        scale: number.scale,
    };
    let mut left = exponent.unsigned_abs();
    while left > 0 {
        if left & 1 == 1 {
            result = multiply(&result, &square);
        }
        left >>= 1;
        if left > 0 {
            square = multiply(&square, &square);
        }
    }
    if exponent < 0 {
        let one = Decimal {
            negative: false,
            digits: vec![1],
            scale: 0,
        };
        result = divide(&one, &result, scale + 1);
    }
    result.rescale(scale);
    Some(print(&result))
}

impl Fault {
    /// The error that Postgres raises.
    pub(crate) fn error(self, shown: &str) -> Error {
        match self {
            Fault::DivisionByZero => crate::expr::division_by_zero(),
            Fault::ZeroPower => Error::new(
                ErrorCode::OutOfRange,
                "zero raised to a negative power is undefined",
            )
            .sqlstate("2201F"),
            Fault::NegativeRoot => Error::new(
                ErrorCode::OutOfRange,
                "the square root of a negative number is none",
            )
            .sqlstate("2201F"),
            Fault::Bucket => Error::new(
                ErrorCode::OutOfRange,
                "buckets need a count greater than zero and two finite bounds that differ",
            )
            .sqlstate("2201G"),
            Fault::Overflow => out_of_range("numeric", shown, "22003"),
        }
    }
}
