//! Dates, times and timestamps: Postgres's text, ISO 8601, and integers since 2000-01-01.

use super::float::read_number;
use super::{mismatch, out_of_range};
use crate::error::Error;
use haversack_rows::plain::EPOCH_DAYS;
pub(crate) use haversack_rows::plain::{days_in_month, days_of};

/// `infinity`, of dates and timestamps alike.
pub const INFINITY: i64 = i64::MAX;
/// `-infinity`, of dates and timestamps alike.
pub const MINUS_INFINITY: i64 = i64::MIN;
/// 2000-01-01 in microseconds since 1970.
pub const POSTGRES_EPOCH_UNIX_MICROS: i64 = 946_684_800_000_000;

pub(crate) const DAY_MICROS: i64 = 86_400_000_000;
/// 4714-11-24 BC, Postgres's first day, in days since 2000.
pub(crate) const DAY_MIN: i64 = -2_451_545;
/// 5874898-01-01, the day after the last date, in days since 2000.
pub(crate) const DATE_END: i64 = 2_145_031_949;
/// 294277-01-01, the day after the last timestamp, in days since 2000.
pub(crate) const TIMESTAMP_END_DAY: i64 = 106_751_983;

/// How a time is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As Postgres prints it.
    Postgres,
    /// As JavaScript gets it: ISO 8601, always six digits of a second.
    Iso,
}

/// Why a text was not understood.
enum Fault {
    Syntax,
    Range,
    /// A displacement from UTC beyond Postgres's bound.
    Zone,
}

impl Fault {
    fn error(self, kind: &str, text: &str) -> Error {
        match self {
            Fault::Syntax => mismatch(kind, text, "22007"),
            Fault::Range => out_of_range(kind, text, "22008"),
            Fault::Zone => out_of_range("a time zone", text, "22009"),
        }
    }
}

/// A time or timestamp rounded to so many digits of a second, the half away from zero, which is
/// 2000-01-01 for timestamps: as `AdjustTimestampForTypmod` in Postgres's `timestamp.c`.
pub(crate) fn rounded(micros: i64, digits: u16) -> i64 {
    if matches!(micros, INFINITY | MINUS_INFINITY) || digits >= 6 {
        return micros;
    }
    let unit = 10i64.pow(6 - u32::from(digits));
    let magnitude = (micros.saturating_abs().saturating_add(unit / 2)) / unit * unit;
    if micros < 0 { -magnitude } else { magnitude }
}

/// Days since 2000-01-01; a time of day that follows is dropped, as Postgres does.
pub(super) fn parse_date(text: &str) -> Result<i64, Error> {
    let parsed = infinity(text).map_or_else(|| parse_moment(text).map(|m| m.days), Ok);
    match parsed {
        Ok(INFINITY | MINUS_INFINITY) => parsed,
        Ok(days) if !(DAY_MIN..DATE_END).contains(&days) => Err(Fault::Range),
        other => other,
    }
    .map_err(|fault| fault.error("date", text))
}

/// Microseconds since midnight.
pub(super) fn parse_time(text: &str) -> Result<i64, Error> {
    let mut reader = Reader {
        rest: text.trim().as_bytes(),
    };
    let parsed = reader.time_of_day().and_then(|micros| {
        // An offset is read and dropped, as Postgres does.
        reader.blanks();
        reader.offset()?;
        if reader.rest.is_empty() {
            Ok(micros)
        } else {
            Err(Fault::Syntax)
        }
    });
    match parsed {
        Ok(micros) if micros > DAY_MICROS => Err(Fault::Range),
        other => other,
    }
    .map_err(|fault| fault.error("time", text))
}

/// Microseconds since 2000-01-01 UTC; an offset counts only `with_zone`, as in Postgres.
pub(super) fn parse_timestamp(text: &str, with_zone: bool) -> Result<i64, Error> {
    let kind = if with_zone {
        "timestamp with time zone"
    } else {
        "timestamp"
    };
    if let Some(infinite) = infinity(text) {
        return Ok(infinite);
    }
    let moment = parse_moment(text).map_err(|fault| fault.error(kind, text))?;
    let offset = if with_zone {
        moment.offset_seconds * 1_000_000
    } else {
        0
    };
    // The whole range fits: |days| < 2^31 gives less than 2^63 only within Postgres's own bounds.
    moment
        .days
        .checked_mul(DAY_MICROS)
        .and_then(|micros| micros.checked_add(moment.micros - offset))
        .filter(|micros| {
            *micros >= DAY_MIN * DAY_MICROS && *micros < TIMESTAMP_END_DAY * DAY_MICROS
        })
        .ok_or_else(|| Fault::Range.error(kind, text))
}

fn infinity(text: &str) -> Option<i64> {
    let word = text.trim();
    if word.eq_ignore_ascii_case("infinity") || word.eq_ignore_ascii_case("+infinity") {
        Some(INFINITY)
    } else if word.eq_ignore_ascii_case("-infinity") {
        Some(MINUS_INFINITY)
    } else {
        None
    }
}

struct Moment {
    days: i64,
    micros: i64,
    offset_seconds: i64,
}

/// `[±]YYYY-MM-DD[(T| )HH:MM[:SS[.f]][Z|±HH[[:]MM[[:]SS]]]][ BC]`
fn parse_moment(text: &str) -> Result<Moment, Fault> {
    let text = text.trim();
    let (text, bc) = match text
        .len()
        .checked_sub(3)
        .and_then(|at| text.split_at_checked(at))
    {
        Some((rest, end)) if end.eq_ignore_ascii_case(" bc") => (rest, true),
        _ => (text, false),
    };
    let mut reader = Reader {
        rest: text.as_bytes(),
    };
    let negative = reader.sign();
    let year = reader.number(4, 7)?;
    reader.expect(b'-')?;
    let month = reader.number(1, 2)?;
    reader.expect(b'-')?;
    let day = reader.number(1, 2)?;
    let year = match (negative, bc) {
        (Some(b'-'), false) => -year,
        (Some(_), true) => return Err(Fault::Syntax),
        (_, true) if year == 0 => return Err(Fault::Range),
        (None, true) => 1 - year,
        (_, false) => year,
    };
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return Err(Fault::Range);
    }
    let mut moment = Moment {
        days: days_of(year, month, day),
        micros: 0,
        offset_seconds: 0,
    };
    if !reader.rest.is_empty() {
        if !reader.take(b'T') && !reader.take(b't') && !reader.take(b' ') {
            return Err(Fault::Syntax);
        }
        reader.blanks();
        moment.micros = reader.time_of_day()?;
        reader.blanks();
        moment.offset_seconds = reader.offset()?;
        if !reader.rest.is_empty() {
            return Err(Fault::Syntax);
        }
    }
    Ok(moment)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let taken = self.rest.first() == Some(&byte);
        if taken {
            self.rest = &self.rest[1..];
        }
        taken
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    fn blanks(&mut self) {
        while self.take(b' ') {}
    }

    fn sign(&mut self) -> Option<u8> {
        let sign = self
            .rest
            .first()
            .copied()
            .filter(|b| matches!(b, b'+' | b'-'))?;
        self.rest = &self.rest[1..];
        Some(sign)
    }

    /// A number of at least `min` and at most `max` digits.
    fn number(&mut self, min: usize, max: usize) -> Result<i64, Fault> {
        let len = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if len < min || len > max {
            return Err(Fault::Syntax);
        }
        let number = self.rest[..len]
            .iter()
            .fold(0, |n, b| n * 10 + i64::from(b - b'0'));
        self.rest = &self.rest[len..];
        Ok(number)
    }

    /// Microseconds since midnight; 24:00:00 and a leap second run into the next day.
    fn time_of_day(&mut self) -> Result<i64, Fault> {
        let hour = self.number(1, 2)?;
        self.expect(b':')?;
        let minute = self.number(2, 2)?;
        let second = if self.take(b':') {
            self.number(2, 2)?
        } else {
            0
        };
        let fraction = if self.take(b'.') { self.fraction()? } else { 0 };
        let micros = (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction;
        if hour > 24 || minute > 59 || second > 60 || (hour == 24 && micros > DAY_MICROS) {
            return Err(Fault::Range);
        }
        Ok(micros)
    }

    fn fraction(&mut self) -> Result<i64, Fault> {
        let len = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(len);
        self.rest = rest;
        if len <= 6 {
            let number = digits.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0'));
            return Ok(number * 10i64.pow(6 - len as u32));
        }
        // Postgres reads the fraction as a double and rounds it by rint.
        let text = std::str::from_utf8(digits).map_err(|_| Fault::Syntax)?;
        let fraction: f64 = read_number(&format!("0.{text}")).ok_or(Fault::Syntax)?;
        Ok((fraction * 1e6).round_ties_even() as i64)
    }

    fn offset(&mut self) -> Result<i64, Fault> {
        if self.take(b'Z') || self.take(b'z') {
            return Ok(0);
        }
        let Some(sign) = self.sign() else {
            return Ok(0);
        };
        let compact = self.rest.iter().take_while(|b| b.is_ascii_digit()).count() > 2;
        let hours = if compact {
            self.number_of(2)?
        } else {
            self.number(1, 2)?
        };
        let mut seconds = hours * 3600;
        if compact || self.take(b':') {
            seconds += self.number_of(2)? * 60;
            if self.take(b':') {
                seconds += self.number_of(2)?;
            }
        }
        // Postgres's bound on an offset.
        if seconds >= 16 * 3600 {
            return Err(Fault::Zone);
        }
        Ok(if sign == b'-' { -seconds } else { seconds })
    }

    /// Exactly `len` digits, whatever follows.
    fn number_of(&mut self, len: usize) -> Result<i64, Fault> {
        if self.rest.len() < len || !self.rest[..len].iter().all(u8::is_ascii_digit) {
            return Err(Fault::Syntax);
        }
        let number = self.rest[..len]
            .iter()
            .fold(0, |n, b| n * 10 + i64::from(b - b'0'));
        self.rest = &self.rest[len..];
        Ok(number)
    }
}

pub(crate) fn civil_of(days: i64) -> (i64, i64, i64) {
    let z = days + EPOCH_DAYS + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * mp + 2) / 5 + 1)
}

fn push_padded(number: i64, width: usize, out: &mut String) {
    let start = out.len();
    super::numeric::write_int(number, out);
    while out.len() - start < width {
        out.insert(start, '0');
    }
}

fn write_infinity(value: i64, out: &mut String) -> bool {
    match value {
        INFINITY => out.push_str("infinity"),
        MINUS_INFINITY => out.push_str("-infinity"),
        _ => return false,
    }
    true
}

/// Appends a calendar day, and says whether " BC" has to follow.
fn write_day(days: i64, style: Style, out: &mut String) -> bool {
    let (year, month, day) = civil_of(days);
    let bc = style == Style::Postgres && year <= 0;
    if bc {
        push_padded(1 - year, 4, out);
    } else if style == Style::Iso && !(0..=9999).contains(&year) {
        out.push(if year < 0 { '-' } else { '+' });
        push_padded(year.abs(), 6, out);
    } else {
        push_padded(year, 4, out);
    }
    out.push('-');
    push_padded(month, 2, out);
    out.push('-');
    push_padded(day, 2, out);
    bc
}

/// Appends a date.
pub(super) fn write_date(days: i64, style: Style, out: &mut String) {
    if !write_infinity(days, out) && write_day(days, style, out) {
        out.push_str(" BC");
    }
}

/// Appends a time of day.
pub(super) fn write_time(micros: i64, style: Style, out: &mut String) {
    let seconds = micros / 1_000_000;
    push_padded(seconds / 3600, 2, out);
    out.push(':');
    push_padded(seconds / 60 % 60, 2, out);
    out.push(':');
    push_padded(seconds % 60, 2, out);
    let fraction = micros % 1_000_000;
    if style == Style::Iso || fraction != 0 {
        out.push('.');
        push_padded(fraction, 6, out);
        while style == Style::Postgres && out.ends_with('0') {
            out.pop();
        }
    }
}

/// Appends a timestamp; one with a zone is printed in UTC.
pub(super) fn write_timestamp(micros: i64, with_zone: bool, style: Style, out: &mut String) {
    if write_infinity(micros, out) {
        return;
    }
    let bc = write_day(micros.div_euclid(DAY_MICROS), style, out);
    out.push(if style == Style::Iso { 'T' } else { ' ' });
    write_time(micros.rem_euclid(DAY_MICROS), style, out);
    if with_zone {
        out.push_str(if style == Style::Iso { "Z" } else { "+00" });
    }
    if bc {
        out.push_str(" BC");
    }
}
