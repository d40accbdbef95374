//! Addresses of network cards (`mac.c`).

use crate::error::Error;
use crate::value::mismatch;

pub(super) const NAMES: &[&str] = &["mac_trunc", "mac_not", "mac_and", "mac_or"];

/// Reads any of the notations of an address: pairs, threes, fours or all digits together.
pub(super) fn read(text: &str) -> Result<String, Error> {
    let bad = || mismatch("macaddr", text, "22P02");
    let trimmed = text.trim();
    let parts: Vec<&str> = trimmed.split([':', '-', '.']).collect();
    let separators: Vec<char> = trimmed.chars().filter(|c| ":-.".contains(*c)).collect();
    let fits = match (parts.len(), separators.first()) {
        (6, Some(':' | '-')) => parts.iter().all(|part| (1..=2).contains(&part.len())),
        (2, Some(':' | '-')) => parts.iter().all(|part| part.len() == 6),
        (3, Some('.' | '-')) => parts.iter().all(|part| part.len() == 4),
        (1, None) => trimmed.len() == 12,
        _ => false,
    };
    let alike = separators.windows(2).all(|pair| pair[0] == pair[1]);
    let hex = trimmed
        .chars()
        .all(|c| c.is_ascii_hexdigit() || ":-.".contains(c));
    if !(fits && alike && hex) {
        return Err(bad());
    }
    let wide = parts.len() == 6;
    let digits: String = parts
        .iter()
        .map(|part| {
            if wide {
                format!("{part:0>2}")
            } else {
                (*part).to_owned()
            }
        })
        .collect();
    let bytes = u64::from_str_radix(&digits, 16).map_err(|_| bad())?;
    Ok(print(bytes))
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
    let number = |at: usize| -> Result<u64, Error> {
        let digits = read(arg(at))?.replace(':', "");
        Ok(u64::from_str_radix(&digits, 16).unwrap_or_default())
    };
    let a = number(0)?;
    Ok(print(match name {
        "mac_trunc" => a & 0xffff_ff00_0000,
        "mac_not" => !a & 0xffff_ffff_ffff,
        "mac_and" => a & number(1)?,
        _ => a | number(1)?,
    }))
}
