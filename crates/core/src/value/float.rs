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
    let trimmed = super::trim(text);
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

/// Digits that tell more than any tie between shorter ones needs.
const EXACT_DIGITS: u32 = 40;
/// As many digits as tell any two floats apart.
const SINGLE_DIGITS_MAX: usize = 9;
const DOUBLE_DIGITS_MAX: usize = 17;

/// A number without its sign: `d.ddd` times ten to the exponent.
struct Digits {
    digits: Vec<u8>,
    exponent: i64,
}

impl Digits {
    /// Reads `d.ddde±x`.
    fn of(printed: &str) -> Self {
        let (mantissa, exponent) = printed.split_once('e').unwrap_or((printed, "0"));
        let digits = mantissa.bytes().filter(u8::is_ascii_digit);
        Self {
            digits: digits.map(|b| b - b'0').collect(),
            exponent: exponent.parse().unwrap_or(0),
        }
    }

    /// The nearest number of so many digits; of two equally near ones the even.
    fn rounded(&self, len: usize) -> Self {
        let (kept, rest) = self.digits.split_at(len.min(self.digits.len()));
        let mut digits = kept.to_vec();
        let half = rest.first().is_some_and(|&d| d == 5) && rest[1..].iter().all(|&d| d == 0);
        let odd = kept.last().is_some_and(|d| d % 2 == 1);
        let up = rest.first().is_some_and(|&d| d >= 5) && (!half || odd);
        let mut exponent = self.exponent;
        if up {
            match digits.iter().rposition(|&d| d < 9) {
                Some(at) => {
                    digits[at] += 1;
                    digits[at + 1..].fill(0);
                }
                None => {
                    digits.fill(0);
                    digits[0] = 1;
                    exponent += 1;
                }
            }
        }
        Self { digits, exponent }
    }

    /// Appends the digits, or one less or more than the last of them and a fraction of it.
    fn write(&self, less: i64, fraction: &str, out: &mut String) {
        let whole = self
            .digits
            .iter()
            .fold(0, |sum, &d| sum * 10 + i64::from(d));
        write_int(whole - less, out);
        out.push_str(fraction);
        out.push('e');
        write_int(self.exponent - (self.digits.len() as i64 - 1), out);
    }
}

/// The shortest digits that read back the same; of two equally short and near ones the even.
///
/// Rust and JavaScript also take digits half-way to the next float where reading rounds them to
/// even; Postgres does not, and prints 1e23 as 9.999999999999999e+22.
fn shortest_inside(float: f64, single: bool) -> Digits {
    let reads_back = |digits: &Digits, less: i64, fraction: &str| {
        let mut text = String::from(if float < 0.0 { "-" } else { "" });
        digits.write(less, fraction, &mut text);
        host::read(&text, single) == float
    };
    let exact = Digits::of(&host::print(float, Some(EXACT_DIGITS)));
    let shortest = if single {
        let lengths = 1..SINGLE_DIGITS_MAX;
        let mut shorter = lengths.map(|len| exact.rounded(len));
        let found = shorter.find(|digits| reads_back(digits, 0, ""));
        found.unwrap_or_else(|| exact.rounded(SINGLE_DIGITS_MAX))
    } else {
        let shortest = Digits::of(&host::print(float, None));
        let even = exact.rounded(shortest.digits.len());
        if reads_back(&even, 0, "") {
            even
        } else {
            shortest
        }
    };
    let above = reads_back(&shortest, 0, ".00000000000000000001");
    if above && reads_back(&shortest, 1, ".99999999999999999999") {
        return shortest;
    }
    (shortest.digits.len() + 1..=DOUBLE_DIGITS_MAX)
        .map(|len| exact.rounded(len))
        .find(|longer| longer.digits.last() != Some(&0) && reads_back(longer, 0, ""))
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
    let Digits { digits, exponent } = shortest;
    if exponent < -4 || exponent >= fixed_max {
        out.push_str(if float < 0.0 { "-" } else { "" });
        for (i, digit) in digits.iter().enumerate() {
            out.push_str(if i == 1 { "." } else { "" });
            out.push(char::from(b'0' + digit));
        }
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

/// The digits of a float that its type holds for certain, as a cast to numeric takes them.
pub(crate) fn float_digits(float: f64, single: bool) -> String {
    if !float.is_finite() {
        let mut out = String::new();
        write_float(float, single, &mut out);
        return out;
    }
    let printed = host::print(float, Some(if single { 5 } else { 14 }));
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((&printed, "0"));
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    let text = [mantissa, "e", exponent].concat();
    let mut out = String::new();
    if let Some(Parsed::Number(mut number)) = parse_decimal(&text) {
        if number.scale < 0 {
            number.rescale(0);
        }
        number.write(&mut out);
    }
    out
}
