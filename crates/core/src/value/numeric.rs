//! Integers and numeric: parsing, rounding and printing as Postgres does.

use super::{NUMERIC_NAN, Value, mismatch, out_of_range};
use crate::error::Error;
use crate::schema::Type;

/// Postgres's bound on the digits before the point of a numeric.
const NUMERIC_WHOLE_DIGITS_MAX: i64 = 131_072;
/// Postgres's bound on the digits after the point of a numeric.
const NUMERIC_SCALE_MAX: i64 = 16_383;

/// An integer within the range of its type.
pub(super) fn parse_int(kind: &Type, text: &str) -> Result<i64, Error> {
    let (name, range) = int_range(kind);
    let trimmed = super::trim(text);
    let signed = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    let rest = signed.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &trimmed[..trimmed.len() - rest.len()];
    let bad = || mismatch(name, text, "22P02");
    if rest.len() == signed.len() {
        return Err(bad());
    }
    match number.parse::<i64>() {
        // What follows the digits is looked at when they are no number that is too large.
        Ok(int) if range.contains(&int) => (rest.is_empty()).then_some(int).ok_or_else(bad),
        _ => Err(out_of_range(name, text, "22003")),
    }
}

/// The name and range of an integer type.
pub(super) fn int_range(kind: &Type) -> (&'static str, std::ops::RangeInclusive<i64>) {
    match kind {
        Type::Int2 => ("smallint", i64::from(i16::MIN)..=i64::from(i16::MAX)),
        Type::Int4 => ("integer", i64::from(i32::MIN)..=i64::from(i32::MAX)),
        _ => ("bigint", i64::MIN..=i64::MAX),
    }
}

/// A decimal number apart: `digits` without leading zeros, of which the last `scale` stand after
/// the point (`scale` may be negative, or larger than the number of digits).
pub(super) struct Decimal {
    pub negative: bool,
    pub digits: Vec<u8>,
    pub scale: i64,
}

pub(super) enum Parsed {
    Number(Decimal),
    NaN,
    Infinity { negative: bool },
}

pub(super) fn parse_decimal(text: &str) -> Option<Parsed> {
    let trimmed = super::trim(text);
    let (negative, body) = match trimmed.as_bytes().first()? {
        b'-' => (true, &trimmed[1..]),
        b'+' => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    if body.eq_ignore_ascii_case("nan") && trimmed.len() == body.len() {
        return Some(Parsed::NaN);
    }
    if body.eq_ignore_ascii_case("infinity") || body.eq_ignore_ascii_case("inf") {
        return Some(Parsed::Infinity { negative });
    }
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], parse_exponent(&body[at + 1..])?),
        None => (body, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut digits = Vec::with_capacity(whole.len() + fraction.len());
    for b in whole.bytes().chain(fraction.bytes()) {
        if !b.is_ascii_digit() {
            return None;
        }
        if b != b'0' || !digits.is_empty() {
            digits.push(b - b'0');
        }
    }
    let scale = fraction.len() as i64 - exponent;
    Some(Parsed::Number(Decimal {
        negative,
        digits,
        scale,
    }))
}

fn parse_exponent(text: &str) -> Option<i64> {
    // Postgres reads it by `strtol`, which passes by blanks.
    let text = text.trim_start_matches(super::is_blank);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Anything longer is out of range all the same.
    let size: i64 = if digits.len() > 9 {
        1_000_000_000
    } else {
        digits.parse().ok()?
    };
    Some(if text.starts_with('-') { -size } else { size })
}

impl Decimal {
    /// Rounds half away from zero to `scale` digits after the point, or pads with zeros.
    pub fn rescale(&mut self, scale: i64) {
        let drop = self.scale - scale;
        if drop <= 0 {
            if !self.digits.is_empty() {
                self.digits
                    .resize(self.digits.len() + drop.unsigned_abs() as usize, 0);
            }
        } else if drop as u64 > self.digits.len() as u64 {
            self.digits.clear();
        } else {
            let keep = self.digits.len() - drop as usize;
            let up = self.digits[keep] >= 5;
            self.digits.truncate(keep);
            if up {
                self.increment();
            }
        }
        self.scale = scale;
    }

    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
    }

    fn whole_digits(&self) -> i64 {
        if self.digits.is_empty() {
            0
        } else {
            self.digits.len() as i64 - self.scale
        }
    }

    /// Postgres's text: no exponent, a zero before the point, no negative zero.
    pub fn write(&self, out: &mut String) {
        if self.negative && self.digits.iter().any(|&d| d != 0) {
            out.push('-');
        }
        let len = self.digits.len() as i64;
        let scale = self.scale.max(0);
        let digit = |position: i64| {
            // `position` counts from the first digit; those before and after it are zeros.
            let value = usize::try_from(position)
                .ok()
                .and_then(|i| self.digits.get(i));
            char::from(b'0' + value.copied().unwrap_or(0))
        };
        // Zero has no digits, and stands before the point once.
        let whole = if len == 0 {
            1
        } else {
            (len - self.scale).max(1)
        };
        let first = (len - self.scale) - whole;
        out.extend((0..whole).map(|i| digit(first + i)));
        if scale > 0 {
            out.push('.');
            out.extend((0..scale).map(|i| digit(first + whole + i)));
        }
    }
}

/// A numeric: a scaled integer where `as_int`, else canonical text.
pub(super) fn parse_numeric(
    text: &str,
    precision: Option<u16>,
    scale: Option<i16>,
    as_int: bool,
) -> Result<Value, Error> {
    let too_large = || out_of_range("numeric", text, "22003");
    let parsed = parse_decimal(text).ok_or_else(|| mismatch("numeric", text, "22P02"))?;
    let mut number = match parsed {
        Parsed::NaN if as_int => return Ok(Value::Int(NUMERIC_NAN)),
        Parsed::NaN => return Ok(Value::text("NaN")),
        Parsed::Infinity { .. } if precision.is_some() => return Err(too_large()),
        Parsed::Infinity { negative: true } => return Ok(Value::text("-Infinity")),
        Parsed::Infinity { negative: false } => return Ok(Value::text("Infinity")),
        Parsed::Number(number) => number,
    };
    if number.whole_digits() > NUMERIC_WHOLE_DIGITS_MAX || number.scale > NUMERIC_SCALE_MAX {
        return Err(too_large());
    }
    if let Some(precision) = precision {
        let scale = i64::from(scale.unwrap_or(0));
        number.rescale(scale);
        if number.whole_digits() > i64::from(precision) - scale {
            return Err(out_of_range(
                &format!("numeric({precision},{scale})"),
                text,
                "22003",
            ));
        }
    }
    if as_int {
        let size = number
            .digits
            .iter()
            .fold(0i64, |sum, &d| sum * 10 + i64::from(d));
        return Ok(Value::Int(if number.negative { -size } else { size }));
    }
    let mut out = String::new();
    number.write(&mut out);
    Ok(Value::text(out))
}

/// The canonical text of a JSON number, which jsonb keeps as a numeric.
pub(super) fn canonical_number(text: &str) -> Result<String, Error> {
    match parse_numeric(text, None, None, false)? {
        Value::Text(text) => Ok(text.into()),
        _ => Err(mismatch("numeric", text, "22P02")),
    }
}

/// Appends a scaled integer.
pub(crate) fn write_scaled(int: i64, scale: i16, out: &mut String) {
    if int == NUMERIC_NAN {
        out.push_str("NaN");
        return;
    }
    let scale = usize::try_from(scale).unwrap_or(0);
    let start = out.len();
    write_int(int, out);
    if scale == 0 {
        return;
    }
    let first_digit = start + usize::from(int < 0);
    while out.len() - first_digit <= scale {
        out.insert(first_digit, '0');
    }
    out.insert(out.len() - scale, '.');
}

/// Appends an integer.
pub(crate) fn write_int(int: i64, out: &mut String) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = int.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if int < 0 {
        out.push('-');
    }
    out.push_str(str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// A number on the grid of a scale.
pub(crate) enum Scaled {
    /// It is on the grid.
    Exact(i64),
    /// It lies above this point and below the next one.
    Above(i64),
}

/// Where a number stands on the grid of the integers that a short numeric column stores.
pub(crate) fn scaled(text: &str, scale: i16) -> Result<Scaled, Error> {
    let parsed = parse_decimal(text).ok_or_else(|| mismatch("numeric", text, "22P02"))?;
    // Beyond 18 digits there is no column value, only the two sides.
    const BELOW_ALL: i64 = i64::MIN / 2;
    const ABOVE_ALL: i64 = i64::MAX / 2;
    let number = match parsed {
        Parsed::NaN => return Ok(Scaled::Exact(NUMERIC_NAN)),
        Parsed::Infinity { negative: true } => return Ok(Scaled::Above(BELOW_ALL)),
        Parsed::Infinity { negative: false } => return Ok(Scaled::Above(ABOVE_ALL)),
        Parsed::Number(number) => number,
    };
    let drop = number.scale - i64::from(scale);
    let whole = number.digits.len() as i64 - drop;
    if whole > 18 && !number.digits.is_empty() {
        return Ok(Scaled::Above(if number.negative {
            BELOW_ALL
        } else {
            ABOVE_ALL
        }));
    }
    let digit = |i: i64| number.digits.get(i as usize).copied().unwrap_or(0);
    let size = (0..whole.max(0)).fold(0i64, |sum, i| sum * 10 + i64::from(digit(i)));
    let dropped = number
        .digits
        .iter()
        .skip(whole.max(0) as usize)
        .any(|&d| d != 0);
    Ok(match (number.negative, dropped) {
        (false, false) => Scaled::Exact(size),
        (true, false) => Scaled::Exact(-size),
        (false, true) => Scaled::Above(size),
        (true, true) => Scaled::Above(-size - 1),
    })
}
