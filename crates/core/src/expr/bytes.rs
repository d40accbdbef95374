//! Functions of bytes: parts, encodings and digests.

use super::call::Args;
use super::cast::{int, invalid};
use super::datum::Datum;
use super::functions::Function;
use crate::error::Error;
use crate::schema::{Type, hex};
use crate::value::mismatch;
use md5::Md5;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use std::ops::Range;

/// How many characters of base64 stand on a line, as in mail.
const BASE64_LINE: usize = 76;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes of a bytea's text.
fn of_text(text: &str) -> Vec<u8> {
    // What is stored was checked when it was read.
    decode_hex(text.get(2..).unwrap_or_default()).unwrap_or_default()
}

fn to_text<'a>(bytes: &[u8]) -> Datum<'a> {
    Datum::text(["\\x", &hex(bytes)].concat())
}

fn nibble(byte: u8) -> Result<u8, Error> {
    let digit = char::from(byte).to_digit(16);
    digit
        .map(|digit| digit as u8)
        .ok_or_else(|| invalid("invalid hexadecimal digit", "22023"))
}

/// Pairs of digits with blanks between them.
fn decode_hex(text: &str) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        }
        let high = nibble(byte)?;
        let Some(low) = bytes.next() else {
            return Err(invalid("odd number of digits", "22023"));
        };
        out.push(high << 4 | nibble(low)?);
    }
    Ok(out)
}

/// `\` and three octal digits for a byte, `\\` for the backslash.
fn decode_escape(text: &str) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'\\', [b'\\', after @ ..]) => {
                out.push(b'\\');
                after
            }
            (
                b'\\',
                [
                    a @ b'0'..=b'3',
                    b @ b'0'..=b'7',
                    c @ b'0'..=b'7',
                    after @ ..,
                ],
            ) => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            (b'\\', _) => return Err(mismatch("bytea", text, "22P02")),
            _ => {
                out.push(byte);
                after
            }
        };
    }
    Ok(out)
}

/// The cast of a text.
pub(super) fn cast<'a>(text: &str) -> Result<Datum<'a>, Error> {
    Ok(to_text(&match text.strip_prefix("\\x") {
        Some(digits) => decode_hex(digits)?,
        None => decode_escape(text)?,
    }))
}

fn encode_base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + 4);
    let mut line = 0;
    for group in bytes.chunks(3) {
        if line == BASE64_LINE {
            out.push('\n');
            line = 0;
        }
        line += 4;
        let bits = group
            .iter()
            .fold(0u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - group.len()));
        for i in 0..4 {
            out.push(match i <= group.len() {
                true => char::from(BASE64[(bits >> (18 - 6 * i)) as usize & 63]),
                false => '=',
            });
        }
    }
    out
}

fn decode_base64(text: &str) -> Result<Vec<u8>, Error> {
    let bad = || invalid("invalid base64", "22023");
    let (mut out, mut bits, mut count, mut ended) = (Vec::new(), 0u32, 0, 0);
    for byte in text.bytes() {
        let value = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'=' => {
                if ended == 0 {
                    // So many bytes does the last group have.
                    ended = match count {
                        2 | 3 => count - 1,
                        _ => return Err(bad()),
                    };
                }
                0
            }
            _ => BASE64.iter().position(|&b| b == byte).ok_or_else(bad)? as u32,
        };
        bits = bits << 6 | value;
        count += 1;
        if count == 4 {
            let bytes = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
            let kept = if ended == 0 { 3 } else { ended };
            out.extend_from_slice(&bytes[..kept]);
            (bits, count) = (0, 0);
        }
    }
    if count == 0 { Ok(out) } else { Err(bad()) }
}

fn encode_escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            0 | 0x80.. => {
                out.push('\\');
                for shift in [6, 3, 0] {
                    out.push(char::from(b'0' + (byte >> shift & 7)));
                }
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}

enum Encoding {
    Hex,
    Base64,
    Escape,
}

fn encoding(name: &str) -> Result<Encoding, Error> {
    match &*name.to_ascii_lowercase() {
        "hex" => Ok(Encoding::Hex),
        "base64" => Ok(Encoding::Base64),
        "escape" => Ok(Encoding::Escape),
        _ => Err(invalid("unrecognized encoding", "22023")),
    }
}

/// So many bytes from a place, which counts from one and may be before it.
fn part(size: usize, start: i64, length: Option<i64>) -> Result<Range<usize>, Error> {
    let place = |at: i64| (at.max(1) - 1).min(size as i64) as usize;
    let from = place(start);
    match length {
        None => Ok(from..size),
        Some(length) if length < 0 => {
            Err(invalid("negative substring length not allowed", "22011"))
        }
        Some(length) => Ok(from..place(start + length).max(from)),
    }
}

fn overlay<'a>(args: &Args<'_>, count: usize) -> Result<Datum<'a>, Error> {
    let (bytes, new) = (of_text(args[0].as_text()), of_text(args[1].as_text()));
    let start = args[2].int();
    let length = match count > 3 {
        true => args[3].int(),
        false => new.len() as i64,
    };
    if start <= 0 {
        return Err(invalid("negative substring length not allowed", "22011"));
    }
    let end = int(&Type::Int4, i128::from(start + length))?.int();
    let head = part(bytes.len(), 1, Some(start - 1))?;
    let tail = part(bytes.len(), end, None)?;
    Ok(to_text(&[&bytes[head], &new, &bytes[tail]].concat()))
}

/// The byte that a function of one byte or one bit is about, and the bit.
fn place(function: Function, at: i64, size: usize) -> Result<(usize, u32), Error> {
    let bits = matches!(function, Function::GetBit | Function::SetBit);
    let unit = if bits { 8 } else { 1 };
    match at {
        0.. if at < size as i64 * unit => Ok(((at / unit) as usize, (at % unit) as u32)),
        _ => Err(invalid("index out of valid range", "2202E")),
    }
}

fn trim<'a>(function: Function, args: &Args<'a>) -> Datum<'a> {
    let (bytes, set) = (of_text(args[0].as_text()), of_text(args[1].as_text()));
    let mut kept = &bytes[..];
    while let [first, rest @ ..] = kept
        && function != Function::ByteaRtrim
        && set.contains(first)
    {
        kept = rest;
    }
    while let [rest @ .., last] = kept
        && function != Function::ByteaLtrim
        && set.contains(last)
    {
        kept = rest;
    }
    to_text(kept)
}

pub(super) fn apply<'a>(
    call: &super::node::Call,
    args: &Args<'a>,
    count: usize,
) -> Result<Datum<'a>, Error> {
    use Function as F;
    let (first, second) = (args[0].as_text(), args[1].as_text());
    let (b, c) = (args[1].int(), args[2].int());
    let mut bytes = match call.kinds[0] {
        Type::Bytea => of_text(first),
        _ => first.as_bytes().to_vec(),
    };
    Ok(match call.function {
        F::ByteaConcat => Datum::text([first, second.get(2..).unwrap_or_default()].concat()),
        F::ByteaSubstring => {
            let length = (count > 2).then_some(c);
            to_text(&bytes[part(bytes.len(), b, length)?])
        }
        F::ByteaPosition => {
            let wanted = of_text(second);
            let starts = |at: &usize| bytes[*at..].starts_with(&wanted);
            let found = (0..=bytes.len()).find(starts);
            Datum::Int(found.map_or(0, |at| at as i64 + 1))
        }
        F::ByteaOverlay => overlay(args, count)?,
        F::ByteaBtrim | F::ByteaLtrim | F::ByteaRtrim => trim(call.function, args),
        F::GetByte | F::GetBit => {
            let (byte, bit) = place(call.function, b, bytes.len())?;
            Datum::Int(match call.function {
                F::GetByte => i64::from(bytes[byte]),
                _ => i64::from(bytes[byte] >> bit & 1),
            })
        }
        F::SetByte | F::SetBit => {
            let (byte, bit) = place(call.function, b, bytes.len())?;
            bytes[byte] = match (call.function, c) {
                (F::SetByte, new) => new as u8,
                (_, 0) => bytes[byte] & !(1 << bit),
                (_, 1) => bytes[byte] | 1 << bit,
                _ => return Err(invalid("new bit must be 0 or 1", "22023")),
            };
            to_text(&bytes)
        }
        F::BitCount => Datum::Int(bytes.iter().map(|byte| i64::from(byte.count_ones())).sum()),
        F::Md5 => Datum::text(hex(&Md5::digest(&bytes))),
        F::Sha224 => to_text(&Sha224::digest(&bytes)),
        F::Sha256 => to_text(&Sha256::digest(&bytes)),
        F::Sha384 => to_text(&Sha384::digest(&bytes)),
        F::Sha512 => to_text(&Sha512::digest(&bytes)),
        F::ConvertTo => to_text(&bytes),
        F::ConvertFrom => match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Datum::text(text),
            _ => return Err(invalid("invalid byte sequence for encoding UTF8", "22021")),
        },
        F::Encode => Datum::text(match encoding(second)? {
            Encoding::Hex => hex(&bytes),
            Encoding::Base64 => encode_base64(&bytes),
            Encoding::Escape => encode_escape(&bytes),
        }),
        _ => to_text(&match encoding(second)? {
            Encoding::Hex => decode_hex(first)?,
            Encoding::Base64 => decode_base64(first)?,
            Encoding::Escape => decode_escape(first)?,
        }),
    })
}
