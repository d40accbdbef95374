//! Booleans, enums, uuids, bytes and length-limited text.

use super::{mismatch, shown};
use crate::error::{Error, ErrorCode};

/// A blank, as C's `isspace` knows it: no other is one to Postgres.
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// A text without the blanks around it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Postgres's boolean words: any unique prefix, in any case.
pub(super) fn parse_bool(text: &str) -> Result<bool, Error> {
    let word = trim(text).to_ascii_lowercase();
    let prefix = |full: &str| !word.is_empty() && full.starts_with(&*word);
    match &*word {
        "1" | "on" => Ok(true),
        "0" | "off" | "of" => Ok(false),
        _ if prefix("true") || prefix("yes") => Ok(true),
        _ if prefix("false") || prefix("no") => Ok(false),
        _ => Err(mismatch("boolean", text, "22P02")),
    }
}

/// Text may hold any character but NUL.
pub(super) fn without_nul(text: &str) -> Result<&str, Error> {
    if text.contains('\0') {
        Err(mismatch("text: it contains NUL", text, "22021"))
    } else {
        Ok(text)
    }
}

/// Text within a length in characters; excess blanks are cut off, as SQL wants it.
pub(super) fn fit<'a>(text: &'a str, length: Option<u32>, kind: &str) -> Result<&'a str, Error> {
    let text = without_nul(text)?;
    let Some(length) = length else {
        return Ok(text);
    };
    let Some((end, _)) = text.char_indices().nth(length as usize) else {
        return Ok(text);
    };
    if text[end..].bytes().all(|b| b == b' ') {
        return Ok(&text[..end]);
    }
    let message = format!("{} is too long for {kind}({length})", shown(text));
    Err(Error::new(ErrorCode::ValueTooLong, message).sqlstate("22001"))
}

/// A uuid in lower case with hyphens; braces and missing hyphens are accepted.
pub(super) fn parse_uuid(text: &str) -> Result<String, Error> {
    let bad = || mismatch("uuid", text, "22P02");
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').ok_or_else(bad)?,
        None => text,
    };
    let mut out = String::with_capacity(36);
    let mut digits = 0;
    let mut hyphen_before = true;
    for c in inner.chars() {
        if c == '-' {
            // Postgres takes a hyphen after any group of four digits.
            if hyphen_before || digits % 4 != 0 {
                return Err(bad());
            }
            hyphen_before = true;
        } else if c.is_ascii_hexdigit() && digits < 32 {
            if matches!(digits, 8 | 12 | 16 | 20) {
                out.push('-');
            }
            out.push(c.to_ascii_lowercase());
            digits += 1;
            hyphen_before = false;
        } else {
            return Err(bad());
        }
    }
    if digits == 32 && !hyphen_before {
        Ok(out)
    } else {
        Err(bad())
    }
}

/// Bytes as `\x` and lower-case hex.
pub(super) fn parse_bytea(text: &str) -> Result<String, Error> {
    let bad = || mismatch("bytea (write it as \\x and hex digits)", text, "22P02");
    let digits = text.strip_prefix("\\x").ok_or_else(bad)?;
    if digits.len() % 2 != 0 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad().sqlstate("22023"));
    }
    Ok(text.to_ascii_lowercase())
}

/// A label's position.
pub(super) fn parse_enum(sql: &str, labels: &[String], text: &str) -> Result<i64, Error> {
    labels
        .iter()
        .position(|label| label == text)
        .map(|i| i as i64)
        .ok_or_else(|| {
            mismatch(
                &format!("{sql}, which has {}", labels.join(", ")),
                text,
                "22P02",
            )
        })
}

/// The label at a position.
pub(super) fn enum_label(labels: &[String], position: i64) -> &str {
    usize::try_from(position)
        .ok()
        .and_then(|i| labels.get(i))
        .map_or("", String::as_str)
}

/// A UUID of version 7: ordered by time, random below the millisecond (RFC 9562). As Postgres
/// writes it.
pub(crate) fn uuid_v7(now_ms: i64, random: [u8; 16]) -> String {
    let mut bytes = random;
    bytes[..6].copy_from_slice(&now_ms.to_be_bytes()[2..]);
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (i, &byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        crate::schema::push_hex(byte, &mut out);
    }
    out
}
