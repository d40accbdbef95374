//! Dates, times and timestamps: Postgres's text, ISO 8601, and integers since 2000-01-01.

use super::float::read_number;
use super::{is_blank, mismatch, out_of_range, trim};
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

/// Microseconds since midnight; an offset is read and dropped, as Postgres does.
pub(super) fn parse_time(text: &str) -> Result<i64, Error> {
    parse_clock("time", text).map(|(micros, _)| micros)
}

/// Microseconds since midnight, and the seconds east of Greenwich.
pub(crate) fn parse_clock(kind: &str, text: &str) -> Result<(i64, i64), Error> {
    let mut reader = Reader {
        rest: trim(text).as_bytes(),
    };
    (reader.clock()).map_err(|fault| fault.error(kind, text))
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
    let word = trim(text);
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
    let text = trim(text);
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
    let (mut micros, mut offset_seconds) = (0, 0);
    if !reader.rest.is_empty() {
        if !reader.take(b'T') && !reader.take(b't') && !reader.blanks() {
            return Err(Fault::Syntax);
        }
        reader.blanks();
        (micros, offset_seconds) = reader.clock()?;
    }
    // Whether there is such a day is asked last, there as here.
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return Err(Fault::Range);
    }
    Ok(Moment {
        days: days_of(year, month, day),
        micros,
        offset_seconds,
    })
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

    /// Passes by blanks: were there any?
    fn blanks(&mut self) -> bool {
        let rest = self.rest.iter().take_while(|b| is_blank((**b).into()));
        let count = rest.count();
        self.rest = &self.rest[count..];
        count > 0
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

    /// All that is left: microseconds since midnight, which may be all of a day, and the seconds east of
    /// Greenwich.
    fn clock(&mut self) -> Result<(i64, i64), Fault> {
        let micros = self.time_of_day()?;
        self.blanks();
        let east = self.offset()?;
        match self.rest.is_empty() {
            true if micros > DAY_MICROS => Err(Fault::Range),
            true => Ok((micros, east)),
            false => Err(Fault::Syntax),
        }
    }

    /// As `DecodeTime` does.
    fn time_of_day(&mut self) -> Result<i64, Fault> {
        let (mut hour, mut second) = (self.number(1, 9)?, 0);
        self.expect(b':')?;
        let mut minute = self.number(0, 9)?;
        if self.take(b':') {
            second = self.number(0, 9)?;
        } else if self.rest.first() == Some(&b'.') {
            // Two parts with a fraction are minutes and seconds.
            (hour, minute, second) = (0, hour, minute);
        }
        let fraction = if self.take(b'.') { self.fraction()? } else { 0 };
        let micros = (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction;
        if minute > 59 || second > 60 {
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
        let names: [&[u8]; 4] = [b"z", b"utc", b"gmt", b"zulu"];
        if names
            .iter()
            .any(|name| self.rest.eq_ignore_ascii_case(name))
        {
            self.rest = b"";
            return Ok(0);
        }
        let Some(sign) = self.sign() else {
            return Ok(0);
        };
        self.blanks();
        let before = self.rest.len();
        let (mut hours, mut minutes, mut seconds) = (self.number(1, 9)?, 0, 0);
        if self.take(b':') {
            minutes = self.number(0, 9)?;
            if self.take(b':') {
                seconds = self.number(0, 9)?;
            }
        } else if before - self.rest.len() > 2 {
            (hours, minutes) = (hours / 100, hours % 100);
        }
        // Postgres's bounds on an offset.
        if hours > 15 || minutes > 59 || seconds > 59 {
            return Err(Fault::Zone);
        }
        let east = hours * 3600 + minutes * 60 + seconds;
        Ok(if sign == b'-' { -east } else { east })
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
