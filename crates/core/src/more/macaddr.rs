//! Addresses of network cards (`mac.c`).

use crate::error::Error;
use crate::value::{is_blank, mismatch, out_of_range};

pub(super) const NAMES: &[&str] = &["mac_trunc", "mac_not", "mac_and", "mac_or"];

/// The formats of Postgres's `sscanf`, in the order in which it tries them: `x` is a number of any
/// length, `2` one of up to two characters.
const FORMATS: [&str; 7] = [
    "x:x:x:x:x:x",
    "x-x-x-x-x-x",
    "222:222",
    "222-222",
    "22.22.22",
    "22-22-22",
    "222222",
];

/// The text of an address in any of its notations, as Postgres prints it.
pub(super) fn read(text: &str) -> Result<String, Error> {
    parse(text).map(print)
}

fn parse(text: &str) -> Result<u64, Error> {
    let scanned = FORMATS.iter().find_map(|format| scan(text, format));
    let octets = scanned.ok_or_else(|| mismatch("macaddr", text, "22P02"))?;
    if octets.iter().any(|octet| *octet > 255) {
        return Err(out_of_range("macaddr", text, "22003"));
    }
    Ok((octets.iter()).fold(0, |address, octet| (address << 8) | u64::from(*octet)))
}

/// The numbers of a text that is of a format, but for blanks at its end.
fn scan(text: &str, format: &str) -> Option<Vec<u32>> {
    let (mut octets, mut rest) = (Vec::new(), text);
    for c in format.chars() {
        match c {
            'x' => octets.push(number(&mut rest, usize::MAX)?),
            '2' => octets.push(number(&mut rest, 2)?),
            separator => rest = rest.strip_prefix(separator)?,
        }
    }
    (rest.trim_start_matches(is_blank).is_empty()).then_some(octets)
}

/// A number as glibc's `%x` reads it: blanks before it, a sign, and a 0x that may be all there is.
/// What is too large has all its bits set.
fn number(rest: &mut &str, width: usize) -> Option<u32> {
    let text = rest.trim_start_matches(is_blank);
    let window = &text.as_bytes()[..width.min(text.len())];
    let mut at = usize::from(matches!(window.first(), Some(b'+' | b'-')));
    let (first, mut number) = (at, Some(0u64));
    if let [b'0', b'x' | b'X', ..] = window[at..] {
        at += 2;
    }
    let digit = |at: usize| char::from(*window.get(at)?).to_digit(16);
    while let Some(digit) = digit(at) {
        number = number.and_then(|n| n.checked_mul(16)?.checked_add(u64::from(digit)));
        at += 1;
    }
    if at == first {
        return None;
    }
    *rest = &text[at..];
    let negative = window[0] == b'-';
    Some(number.map_or(
        u32::MAX,
        |n| if negative { n.wrapping_neg() } else { n } as u32,
    ))
}

fn print(address: u64) -> String {
    let bytes = address.to_be_bytes();
    let parts: Vec<String> = bytes[2..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    parts.join(":")
}

pub(super) fn call<'a>(name: &str, arg: &dyn Fn(usize) -> &'a str) -> Result<String, Error> {
    let number = |at: usize| parse(arg(at));
    let a = number(0)?;
    Ok(print(match name {
        "mac_trunc" => a & 0xffff_ff00_0000,
        "mac_not" => !a & 0xffff_ffff_ffff,
        "mac_and" => a & number(1)?,
        _ => a | number(1)?,
    }))
}
