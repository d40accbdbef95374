//! Floating point: reading and printing as Postgres does.
//!
//! Exact conversion between binary and decimal needs tables of 10 KB and as much code. Natively the
//! standard library has them; the WebAssembly module asks the browser, which has them too, so that
//! they are not downloaded once more.

use super::numeric::{Decimal, Parsed, parse_decimal, write_int};
use super::{mismatch, out_of_range};
use crate::error::Error;

/// The conversions that a browser does for the module.
#[derive(Clone, Copy, Debug)]
pub struct HostFloats {
    /// The double nearest to a decimal number (`Number` in JavaScript), rounded on to single
    /// precision where asked.
    pub read: fn(text: &str, single: bool) -> f64,
    /// A finite double as `d.ddde±x` with so many digits after the point, or as many as tell it
    /// from its neighbours (`toExponential`).
    pub print: fn(float: f64, digits: Option<u32>) -> String,
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    pub fn read(text: &str, single: bool) -> f64 {
        if single {
            text.parse::<f32>().map_or(f64::NAN, f64::from)
        } else {
            text.parse().unwrap_or(f64::NAN)
        }
    }

    pub fn print(float: f64, digits: Option<u32>) -> String {
        match digits {
            None => format!("{float:e}"),
            Some(digits) => format!("{float:.*e}", digits as usize),
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod host {
    use super::HostFloats;
    use std::sync::OnceLock;

    static HOST: OnceLock<HostFloats> = OnceLock::new();

    pub fn set(floats: HostFloats) {
        // A second database of the page brings the same ones.
        let _ = HOST.set(floats);
    }

    fn get() -> &'static HostFloats {
        HOST.get().expect("the host's floats are set at the start")
    }

    pub fn read(text: &str, single: bool) -> f64 {
        (get().read)(text, single)
    }

    pub fn print(float: f64, digits: Option<u32>) -> String {
        (get().print)(float, digits)
    }
}

/// Gives the module the browser's conversions, before anything else is done.
#[cfg(target_arch = "wasm32")]
pub fn set_host_floats(floats: HostFloats) {
    host::set(floats);
}

/// Reads a decimal number, `NaN` or an infinity.
fn read(text: &str, single: bool) -> Option<f64> {
    let number = match parse_decimal(text)? {
        Parsed::NaN => return Some(f64::NAN),
        Parsed::Infinity { negative } if negative => return Some(f64::NEG_INFINITY),
        Parsed::Infinity { .. } => return Some(f64::INFINITY),
        Parsed::Number(number) => number,
    };
    // Up to here whole numbers and powers of ten are exact, and so is a single operation's rounding.
    if !single && number.digits.len() <= 15 && (0..=22).contains(&number.scale) {
        let digits = number.digits.iter();
        let size = digits.fold(0.0, |sum, &digit| sum * 10.0 + f64::from(digit));
        let power = (0..number.scale).fold(1.0, |power, _| power * 10.0);
        let float = size / power;
        return Some(if number.negative { -float } else { float });
    }
    Some(host::read(text, single))
}

/// A JSON number.
pub(crate) fn read_number(text: &str) -> Option<f64> {
    read(text, false)
}

/// A double, or a single-precision number as a double of the same value; overflow and underflow to
/// zero are errors, as in Postgres.
pub(super) fn parse_float(text: &str, single: bool) -> Result<f64, Error> {
    let name = if single { "real" } else { "double precision" };
    let trimmed = text.trim();
    let float = read(trimmed, single).ok_or_else(|| mismatch(name, text, "22P02"))?;
    check_float(float.is_infinite(), float == 0.0, trimmed)
        .then_some(float)
        .ok_or_else(|| out_of_range(name, text, "22003"))
}

/// Is an infinity or a zero what the text said, and not what it became?
fn check_float(infinite: bool, zero: bool, text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let said_infinity = text.bytes().any(|b| b.eq_ignore_ascii_case(&b'i'));
    let said_nonzero = mantissa.bytes().any(|b| (b'1'..=b'9').contains(&b));
    (!infinite || said_infinity) && (!zero || !said_nonzero)
}

/// The parts of `d.ddde±x`: the digits, and the exponent of the first.
fn split(printed: &str) -> (Vec<u8>, i64) {
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((printed, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    let digits = digits.map(|b| b - b'0').collect();
    (digits, exponent.parse().unwrap_or(0))
}

/// The shortest digits that read back the same.
///
/// Rust and JavaScript also take digits half-way to the next float where reading rounds them to
/// even; Postgres does not, and prints 1e23 as 9.999999999999999e+22.
fn shortest_inside(float: f64, single: bool) -> String {
    let reads_back = |text: &str| host::read(text, single) == float;
    let shortest = if single {
        // Nine digits tell any two singles apart.
        let longer = (0..8).map(|digits| host::print(float, Some(digits)));
        longer.into_iter().find(|text| reads_back(text))
    } else {
        None
    };
    let shortest = shortest.unwrap_or_else(|| host::print(float, single.then_some(8)));
    let (digits, exponent) = split(&shortest);
    let whole = digits.iter().fold(0, |sum, &d| sum * 10 + i64::from(d));
    let last = exponent - (digits.len() as i64 - 1);
    let beside = |whole: i64, fraction: &str| {
        let mut text = String::from(if float < 0.0 { "-" } else { "" });
        write_int(whole, &mut text);
        text.push_str(fraction);
        write_int(last, &mut text);
        text
    };
    let above = beside(whole, ".00000000000000000001e");
    let below = beside(whole - 1, ".99999999999999999999e");
    if reads_back(&above) && reads_back(&below) {
        return shortest;
    }
    (digits.len() as u32..17)
        .map(|precision| host::print(float, Some(precision)))
        .find(|longer| !longer.contains("0e") && reads_back(longer))
        .unwrap_or(shortest)
}

/// Appends a floating-point number as Postgres prints it: the shortest digits that read back the
/// same, with an exponent from 1e15 (1e6 in single precision) and below 1e-4.
pub(crate) fn write_float(float: f64, single: bool, out: &mut String) {
    if float.is_nan() {
        out.push_str("NaN");
        return;
    }
    if float.is_infinite() {
        out.push_str(if float < 0.0 { "-Infinity" } else { "Infinity" });
        return;
    }
    if float == 0.0 {
        out.push_str(if float.is_sign_negative() { "-0" } else { "0" });
        return;
    }
    let fixed_max = if single { 6 } else { 15 };
    if float.fract() == 0.0 && float.abs() < if single { 1e6 } else { 1e15 } {
        // A shorter text would be of another whole number.
        return write_int(float as i64, out);
    }
    let shortest = shortest_inside(float, single);
    let (digits, exponent) = split(&shortest);
    if exponent < -4 || exponent >= fixed_max {
        let (mantissa, _) = shortest.split_once('e').unwrap_or((&shortest, ""));
        out.push_str(mantissa);
        out.push('e');
        out.push(if exponent < 0 { '-' } else { '+' });
        if exponent.abs() < 10 {
            out.push('0');
        }
        write_int(exponent.abs(), out);
        return;
    }
    let scale = (digits.len() as i64 - 1) - exponent;
    let mut number = Decimal {
        negative: float < 0.0,
        digits,
        scale,
    };
    if scale < 0 {
        number.rescale(0);
    }
    number.write(out);
}
