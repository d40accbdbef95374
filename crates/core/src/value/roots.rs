//! Functions of numerics beyond arithmetic: roots, divisors, factorials, buckets.

use super::decimal::{
    Fault, Operation, Rounding, add, cut, divide, is_zero, leading, operate, print, read, round,
    scale,
};
use super::numeric::{Decimal, Parsed};
use super::{compare_numeric, write_int};
use std::cmp::Ordering;

/// Digits that a root has at the least.
const SIGNIFICANT_MIN: i64 = 16;
/// The largest scale of a root.
const DISPLAY_SCALE_MAX: i64 = 1000;
/// The largest number whose factorial a numeric holds.
const FACTORIAL_MAX: i64 = 32_177;
/// The digits that one limb of a factorial holds.
const LIMB_DIGITS: usize = 9;

fn copy(number: &Decimal) -> Decimal {
    Decimal {
        negative: number.negative,
        digits: number.digits.clone(),
        scale: number.scale,
    }
}

/// The whole root of a whole number, by Newton's method from above.
fn whole_root(number: &Decimal) -> Decimal {
    let power = |zeros: usize, first: u8| {
        let mut digits = vec![first];
        digits.resize(zeros + 1, 0);
        Decimal {
            negative: false,
            digits,
            scale: 0,
        }
    };
    let two = power(0, 2);
    let mut root = power(number.digits.len() / 2 + 1, 1);
    loop {
        let next = divide(&add(copy(&root), divide(number, &root, 0)), &two, 0);
        let mut negated = copy(&root);
        negated.negative = true;
        let change = add(copy(&next), negated);
        if !change.negative || is_zero(&change) {
            return root;
        }
        root = next;
    }
}

/// The square root, with the scale that `numeric_sqrt` chooses.
pub(crate) fn sqrt(text: &str) -> Result<String, Fault> {
    let mut number = match read(text) {
        Parsed::Number(number) if number.negative && !is_zero(&number) => {
            return Err(Fault::NegativeRoot);
        }
        Parsed::Infinity { negative: true } => return Err(Fault::NegativeRoot),
        Parsed::Number(number) => number,
        _ => return Ok(text.to_owned()),
    };
    let whole = leading(&number).0 * 2 + 1;
    let scale = (SIGNIFICANT_MIN - whole)
        .max(number.scale)
        .clamp(0, DISPLAY_SCALE_MAX);
    // One digit more, by which to round.
    cut(&mut number, 2 * (scale + 1));
    number.scale = 0;
    let mut root = match is_zero(&number) {
        true => number,
        false => whole_root(&number),
    };
    root.scale = scale + 1;
    root.rescale(scale);
    print(&root)
}

fn larger_scale(a: &str, b: &str) -> i64 {
    let scale = |text| scale(text, false).unwrap_or(0);
    scale(a).max(scale(b))
}

/// The greatest common divisor; NaN of what is not finite.
pub(crate) fn gcd(a: &str, b: &str) -> Result<String, Fault> {
    let wanted = larger_scale(a, b);
    let (mut a, mut b) = (a.to_owned(), b.to_owned());
    for text in [&a, &b] {
        if !matches!(read(text), Parsed::Number(_)) {
            return Ok("NaN".into());
        }
    }
    while compare_numeric(&b, "0") != Ordering::Equal {
        let rest = operate(Operation::Mod, &a, &b)?;
        a = std::mem::replace(&mut b, rest);
    }
    round(a.trim_start_matches('-'), wanted, Rounding::Truncate)
}

/// The least common multiple.
pub(crate) fn lcm(a: &str, b: &str) -> Result<String, Fault> {
    let divisor = gcd(a, b)?;
    let wanted = larger_scale(a, b);
    let product = match compare_numeric(&divisor, "0") {
        Ordering::Equal => divisor,
        _ if divisor == "NaN" => return Ok(divisor),
        _ => operate(
            Operation::Mul,
            &operate(Operation::Quotient, a, &divisor)?,
            b,
        )?,
    };
    round(product.trim_start_matches('-'), wanted, Rounding::Truncate)
}

/// The product of all whole numbers up to one.
pub(crate) fn factorial(number: i64) -> Result<String, Fault> {
    if !(0..=FACTORIAL_MAX).contains(&number) {
        return Err(Fault::Overflow);
    }
    const LIMB: u64 = 1_000_000_000;
    let mut limbs = vec![1u64];
    for factor in 2..=number as u64 {
        let mut carry = 0;
        for limb in &mut limbs {
            carry += *limb * factor;
            *limb = carry % LIMB;
            carry /= LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let (mut out, mut part) = (String::new(), String::new());
    for (i, limb) in limbs.iter().rev().enumerate() {
        part.clear();
        write_int(*limb as i64, &mut part);
        for _ in part.len()..if i > 0 { LIMB_DIGITS } else { 0 } {
            out.push('0');
        }
        out.push_str(&part);
    }
    Ok(out)
}

/// In which of equal buckets between two bounds a number lies: 0 before them, one more than their
/// count after. Until version 16 the quotient was rounded.
pub(crate) fn bucket(
    [operand, low, high]: [&str; 3],
    count: i64,
    rounded: bool,
) -> Result<i64, Fault> {
    let bound = |text: &str| matches!(read(text), Parsed::Number(_));
    let order = compare_numeric(low, high);
    let known = operand != "NaN" && bound(low) && bound(high);
    if count <= 0 || !known || order == Ordering::Equal {
        return Err(Fault::Bucket);
    }
    if compare_numeric(operand, low) == order {
        return Ok(0);
    }
    if compare_numeric(operand, high) != order {
        return Ok(count + 1);
    }
    let mut buckets = String::new();
    write_int(count, &mut buckets);
    let along = operate(Operation::Sub, operand, low)?;
    let along = operate(Operation::Mul, &along, &buckets)?;
    let whole = operate(Operation::Sub, high, low)?;
    let by = match rounded {
        true => Operation::Div,
        false => Operation::Quotient,
    };
    let quotient = operate(by, &along, &whole)?;
    let quotient = round(&quotient, 0, Rounding::Floor)?;
    let before = quotient.parse::<i64>().unwrap_or(count);
    // A quotient that was rounded may have reached the end.
    Ok(if rounded {
        before
    } else {
        before.min(count - 1)
    } + 1)
}
