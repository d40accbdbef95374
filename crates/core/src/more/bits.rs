//! Bit strings: bit and bit varying (`varbit.c`), as digits.

use crate::error::{Error, ErrorCode, invalid};
use crate::value::mismatch;

pub(super) const NAMES: &[&str] = &[
    "bits_length",
    "bits_octet_length",
    "bits_and",
    "bits_or",
    "bits_xor",
    "bits_not",
    "bits_shl",
    "bits_shr",
    "bits_cat",
    "bits_substring",
    "bits_position",
    "bits_get",
    "bits_set",
    "bits_count",
    "bits_int4",
    "bits_int8",
    "bits_of_int4",
    "bits_of_int8",
    "bits_to_bit",
    "bits_to_varbit",
];

/// Reads digits of base two, or of base sixteen after an x.
pub(super) fn read(text: &str, length: Option<usize>, exact: bool) -> Result<String, Error> {
    let bad = || mismatch("bit string", text, "22P02");
    let mut out = String::new();
    match text.strip_prefix(['x', 'X']) {
        Some(hex) => {
            for c in hex.chars() {
                let digit = c.to_digit(16).ok_or_else(bad)?;
                for bit in [8, 4, 2, 1] {
                    out.push(if digit & bit != 0 { '1' } else { '0' });
                }
            }
        }
        None => out.push_str(text.strip_prefix(['b', 'B']).unwrap_or(text)),
    }
    if !out.bytes().all(|b| matches!(b, b'0' | b'1')) {
        return Err(bad());
    }
    match length {
        Some(length) if exact && out.len() != length => {
            let message = format!(
                "bit string length {} does not match type bit({length})",
                out.len()
            );
            Err(Error::new(ErrorCode::ValueTooLong, message).sqlstate("22026"))
        }
        Some(length) if out.len() > length => {
            let message = format!("bit string too long for type bit varying({length})");
            Err(Error::new(ErrorCode::ValueTooLong, message).sqlstate("22001"))
        }
        _ => Ok(out),
    }
}

fn pairs(a: &str, b: &str, bit: fn(bool, bool) -> bool) -> Result<String, Error> {
    if a.len() != b.len() {
        let message = "cannot combine bit strings of different sizes";
        return Err(invalid(message, "22026"));
    }
    let each = a.bytes().zip(b.bytes());
    let each = each.map(|(a, b)| if bit(a == b'1', b == b'1') { '1' } else { '0' });
    Ok(each.collect())
}

fn shifted(bits: &str, left: i64) -> String {
    let length = bits.len();
    let by = usize::try_from(left.unsigned_abs())
        .unwrap_or(length)
        .min(length);
    let zeros = "0".repeat(by);
    match left {
        0.. => format!("{}{zeros}", &bits[by..]),
        _ => format!("{zeros}{}", &bits[..length - by]),
    }
}

pub(super) fn call<'a>(name: &str, arg: &dyn Fn(usize) -> &'a str) -> Result<String, Error> {
    let (bits, other) = (arg(0), arg(1));
    let int = |at: usize| arg(at).parse::<i64>().unwrap_or_default();
    Ok(match name {
        "bits_length" => bits.len().to_string(),
        "bits_octet_length" => bits.len().div_ceil(8).to_string(),
        "bits_and" => pairs(bits, other, |a, b| a & b)?,
        "bits_or" => pairs(bits, other, |a, b| a | b)?,
        "bits_xor" => pairs(bits, other, |a, b| a ^ b)?,
        "bits_not" => pairs(bits, bits, |a, _| !a)?,
        "bits_shl" => shifted(bits, int(1)),
        "bits_shr" => shifted(bits, -int(1)),
        "bits_cat" => format!("{bits}{other}"),
        "bits_substring" => substring(bits, int(1), arg(2).parse().ok())?,
        "bits_position" if bits.is_empty() => "0".into(),
        "bits_position" => bits.find(other).map_or(0, |at| at + 1).to_string(),
        "bits_get" => bits[place(bits, int(1))?..].chars().take(1).collect(),
        "bits_set" => {
            let at = place(bits, int(1))?;
            match int(2) {
                0 | 1 => format!("{}{}{}", &bits[..at], int(2), &bits[at + 1..]),
                _ => return Err(invalid("new bit must be 0 or 1", "22023")),
            }
        }
        "bits_count" => bits.bytes().filter(|b| *b == b'1').count().to_string(),
        "bits_int4" | "bits_int8" => number(bits, name == "bits_int4")?,
        "bits_of_int4" => of_int(int(0), 32, int(1)),
        "bits_of_int8" => of_int(int(0), 64, int(1)),
        // A cast that is written out cuts off, or fills with zeros at the end.
        "bits_to_bit" => {
            let length = int(1).max(1) as usize;
            let cut = &bits[..length.min(bits.len())];
            format!("{cut}{}", "0".repeat(length - cut.len()))
        }
        _ => bits[..bits.len().min(int(1).max(0) as usize)].into(),
    })
}

fn substring(bits: &str, start: i64, length: Option<i64>) -> Result<String, Error> {
    let end = match length {
        None => i64::MAX,
        Some(length) if length < 0 => {
            return Err(invalid("negative substring length not allowed", "22011"));
        }
        Some(length) => start + length,
    };
    let within = |at: i64| at.clamp(1, bits.len() as i64 + 1) as usize - 1;
    let (from, to) = (within(start), within(end));
    Ok(bits[from..to.max(from)].into())
}

fn place(bits: &str, at: i64) -> Result<usize, Error> {
    let place = usize::try_from(at).ok().filter(|place| *place < bits.len());
    place.ok_or_else(|| {
        invalid(
            format!("bit index {at} is out of the string's range"),
            "2202E",
        )
    })
}

/// The bits as an integer of two's complement.
fn number(bits: &str, short: bool) -> Result<String, Error> {
    let width = if short { 32 } else { 64 };
    if bits.len() > width {
        let name = if short { "integer" } else { "bigint" };
        return Err(invalid(format!("{name} out of range"), "22003"));
    }
    let number = bits
        .bytes()
        .fold(0u64, |sum, bit| (sum << 1) | u64::from(bit == b'1'));
    Ok(match short {
        true => (number as u32 as i32).to_string(),
        false => (number as i64).to_string(),
    })
}

fn of_int(int: i64, width: i64, length: i64) -> String {
    // Without a length it is one bit.
    let length = length.max(1);
    let bit = |at: i64| {
        if (int >> at.min(width - 1)) & 1 == 1 {
            '1'
        } else {
            '0'
        }
    };
    (0..length).rev().map(bit).collect()
}
