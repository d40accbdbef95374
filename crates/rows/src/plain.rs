//! Reading the notations that rows and conditions are full of: plain integers and timestamps.

/// 2000-01-01 in days since 1970.
pub const EPOCH_DAYS: i64 = 10_957;

/// An integer as Postgres prints it, of at most 18 digits.
#[inline(never)]
pub fn int(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let add = |sum: i64, b: &u8| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0'));
    let size = digits.iter().try_fold(0, add)?;
    Some(if negative { -size } else { size })
}

/// A timestamp in the form that Postgres prints for most, `YYYY-MM-DD HH:MM:SS[.f][+00]`, or
/// JavaScript, `YYYY-MM-DDTHH:MM:SS[.f]Z`, within years 1 to 9999. Rows off the wire and conditions
/// are full of them.
#[inline(never)]
pub fn timestamp(text: &str, with_zone: bool) -> Option<i64> {
    let bytes = if with_zone {
        text.strip_suffix("+00").or(text.strip_suffix('Z'))?
    } else {
        text
    }
    .as_bytes();
    let (fixed, fraction) = bytes.split_at_checked(19)?;
    let pair = |at: usize| {
        let (tens, ones) = (
            fixed[at].wrapping_sub(b'0'),
            fixed[at + 1].wrapping_sub(b'0'),
        );
        (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
    };
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if separators.iter().any(|&(at, byte)| fixed[at] != byte) || !matches!(fixed[10], b' ' | b'T') {
        return None;
    }
    let (year, month, day) = (pair(0)? * 100 + pair(2)?, pair(5)?, pair(8)?);
    let (hour, minute, second) = (pair(11)?, pair(14)?, pair(17)?);
    let in_range = year > 0
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !in_range {
        return None;
    }
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if !digits.is_empty() && digits.len() <= 6 => {
            let add = |sum: i64, b: &u8| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0'));
            digits.iter().try_fold(0, add)? * 10i64.pow(6 - digits.len() as u32)
        }
        _ => return None,
    };
    let seconds = days_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds * 1_000_000 + micros)
}

/// How many days a month has.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 2000-01-01 of a day in the proleptic Gregorian calendar (year 0 is 1 BC).
pub fn days_of(year: i64, month: i64, day: i64) -> i64 {
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468 - EPOCH_DAYS
}
