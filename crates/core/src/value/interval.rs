//! Intervals: months, days and microseconds apart, as Postgres keeps them.
//!
//! The stored form is Postgres's text under IntervalStyle `postgres`. Order and equality are those
//! of the span in microseconds, a month taken as thirty days.

use super::float::read_number;
use super::{mismatch, out_of_range};
use crate::error::Error;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// An interval apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interval {
    pub months: i32,
    pub days: i32,
    pub micros: i64,
}

/// Why a text was not understood.
enum Fault {
    Syntax,
    Range,
}

impl Interval {
    /// `infinity`, which Postgres knows since version 17.
    pub(crate) const INFINITY: Self = Self {
        months: i32::MAX,
        days: i32::MAX,
        micros: i64::MAX,
    };
    /// `-infinity`.
    pub(crate) const MINUS_INFINITY: Self = Self {
        months: i32::MIN,
        days: i32::MIN,
        micros: i64::MIN,
    };

    pub(crate) fn is_finite(self) -> bool {
        self != Self::INFINITY && self != Self::MINUS_INFINITY
    }

    /// What order and equality go by.
    pub(crate) fn span(self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * i128::from(DAY) + i128::from(self.micros)
    }

    /// Appends the canonical text.
    pub(crate) fn write(self, out: &mut String) {
        if !self.is_finite() {
            out.push_str(if self.months < 0 {
                "-infinity"
            } else {
                "infinity"
            });
            return;
        }
        let start = out.len();
        // A positive part after a negative one carries its sign.
        let mut before = false;
        let parts = [
            (self.months / 12, "year"),
            (self.months % 12, "mon"),
            (self.days, "day"),
        ];
        for (value, unit) in parts {
            if value == 0 {
                continue;
            }
            if out.len() > start {
                out.push(' ');
            }
            if before && value > 0 {
                out.push('+');
            }
            super::write_int(i64::from(value), out);
            out.push(' ');
            out.push_str(unit);
            if value != 1 {
                out.push('s');
            }
            before = value < 0;
        }
        if self.micros == 0 && out.len() > start {
            return;
        }
        if out.len() > start {
            out.push(' ');
        }
        if self.micros < 0 {
            out.push('-');
        } else if before {
            out.push('+');
        }
        let micros = self.micros.unsigned_abs();
        let second = SECOND as u64;
        let pair = |number: u64, out: &mut String| {
            if number < 10 {
                out.push('0');
            }
            super::write_int(number as i64, out);
        };
        pair(micros / (3600 * second), out);
        out.push(':');
        pair(micros / (60 * second) % 60, out);
        out.push(':');
        pair(micros / second % 60, out);
        let fraction = micros % second;
        if fraction != 0 {
            out.push('.');
            let digits = out.len();
            super::write_int((fraction + second) as i64, out);
            // The one before the fraction kept its zeros.
            out.remove(digits);
            while out.ends_with('0') {
                out.pop();
            }
        }
    }

    pub(crate) fn to_text(self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Reads Postgres's notations and ISO 8601's.
    ///
    /// # Errors
    /// `type_mismatch` (22007), `out_of_range` (22015).
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let trimmed = super::trim(text);
        let word = trimmed.trim_start_matches('+');
        if word.eq_ignore_ascii_case("infinity") {
            return Ok(Self::INFINITY);
        }
        if trimmed.eq_ignore_ascii_case("-infinity") {
            return Ok(Self::MINUS_INFINITY);
        }
        let parsed = match trimmed.strip_prefix('P') {
            Some(iso) => parse_iso(iso),
            None => parse_words(trimmed),
        };
        parsed.map_err(|fault| match fault {
            Fault::Syntax => mismatch("interval", text, "22007"),
            Fault::Range => out_of_range("interval", text, "22015"),
        })
    }

    /// Adds a number of a unit; its fraction cascades into smaller units.
    fn add(&mut self, whole: i64, fraction: f64, unit: Unit) -> Result<(), Fault> {
        let micros = |scale: i64| whole.checked_mul(scale).ok_or(Fault::Range);
        match unit {
            Unit::Micros(scale) => {
                self.add_micros(micros(scale)?)?;
                self.add_fraction(fraction, scale)
            }
            Unit::Days(scale) => {
                self.add_days(whole.checked_mul(scale).ok_or(Fault::Range)?)?;
                self.add_day_fraction(fraction, scale)
            }
            Unit::Month => {
                self.add_months(whole)?;
                self.add_day_fraction(fraction, 30)
            }
            Unit::Years(scale) => {
                let months = whole.checked_mul(scale * 12).ok_or(Fault::Range)?;
                self.add_months(months)?;
                self.add_months((fraction * (scale * 12) as f64).round_ties_even() as i64)
            }
        }
    }

    fn add_months(&mut self, months: i64) -> Result<(), Fault> {
        let months = i32::try_from(months).map_err(|_| Fault::Range)?;
        self.months = self.months.checked_add(months).ok_or(Fault::Range)?;
        Ok(())
    }

    fn add_days(&mut self, days: i64) -> Result<(), Fault> {
        let days = i32::try_from(days).map_err(|_| Fault::Range)?;
        self.days = self.days.checked_add(days).ok_or(Fault::Range)?;
        Ok(())
    }

    fn add_micros(&mut self, micros: i64) -> Result<(), Fault> {
        self.micros = self.micros.checked_add(micros).ok_or(Fault::Range)?;
        Ok(())
    }

    fn add_day_fraction(&mut self, fraction: f64, scale: i64) -> Result<(), Fault> {
        let days = fraction * scale as f64;
        self.add_days(days.trunc() as i64)?;
        self.add_fraction(days - days.trunc(), DAY)
    }

    fn add_fraction(&mut self, fraction: f64, scale: i64) -> Result<(), Fault> {
        let micros = fraction * scale as f64;
        let rest = micros - micros.trunc();
        let away = if rest > 0.5 {
            1
        } else if rest < -0.5 {
            -1
        } else {
            0
        };
        self.add_micros(micros.trunc() as i64 + away)
    }
}

impl Unit {
    /// A bit of its own, since each may be given once.
    fn bit(self) -> u16 {
        let place = match self {
            Unit::Micros(1) => 0,
            Unit::Micros(1000) => 1,
            Unit::Micros(SECOND) => 2,
            Unit::Micros(MINUTE) => 3,
            Unit::Micros(_) => 4,
            Unit::Days(1) => 5,
            Unit::Days(_) => 6,
            Unit::Month => 7,
            Unit::Years(1) => 8,
            Unit::Years(10) => 9,
            Unit::Years(100) => 10,
            Unit::Years(_) => 11,
        };
        1 << place
    }
}

/// Hours, minutes and seconds.
const TIME_BITS: u16 = 0b1_1100;

#[derive(Clone, Copy)]
enum Unit {
    Micros(i64),
    Days(i64),
    Month,
    Years(i64),
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecon" | "microsecond"
        | "microseconds" => Unit::Micros(1),
        "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecon" | "millisecond"
        | "milliseconds" => Unit::Micros(1000),
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Micros(SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Micros(MINUTE),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Micros(HOUR),
        "d" | "day" | "days" => Unit::Days(1),
        "w" | "week" | "weeks" => Unit::Days(7),
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Years(1),
        "dec" | "decs" | "decade" | "decades" => Unit::Years(10),
        "c" | "cent" | "century" | "centuries" => Unit::Years(100),
        "mil" | "mils" | "millennia" | "millennium" => Unit::Years(1000),
        _ => return None,
    })
}

struct Reader<'a> {
    rest: &'a str,
}

/// A number in parts: sign, whole, fraction.
struct Number {
    negative: bool,
    whole: i64,
    fraction: f64,
    fractional: bool,
}

impl Number {
    fn signed(&self) -> (i64, f64) {
        match self.negative {
            true => (-self.whole, -self.fraction),
            false => (self.whole, self.fraction),
        }
    }
}

impl<'a> Reader<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(super::is_blank);
    }

    fn take(&mut self, c: char) -> bool {
        let taken = self.rest.strip_prefix(c);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }

    fn digits(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        digits
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic());
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn whole(&mut self) -> Result<i64, Fault> {
        let digits = self.digits();
        if digits.is_empty() {
            return Err(Fault::Syntax);
        }
        digits.parse().map_err(|_| Fault::Range)
    }

    fn sign(&mut self) -> bool {
        let negative = self.take('-');
        if !negative {
            self.take('+');
        }
        self.blanks();
        negative
    }

    /// What follows the whole part.
    fn fraction(&mut self) -> Result<f64, Fault> {
        if !self.take('.') {
            return Ok(0.0);
        }
        let digits = self.digits();
        if digits.is_empty() {
            return Ok(0.0);
        }
        read_number(&format!("0.{digits}")).ok_or(Fault::Syntax)
    }

    fn number(&mut self) -> Result<Number, Fault> {
        let negative = self.sign();
        let bare_fraction = self.rest.starts_with('.');
        let whole = if bare_fraction { 0 } else { self.whole()? };
        let fractional = self.rest.starts_with('.');
        let fraction = self.fraction()?;
        Ok(Number {
            negative,
            whole,
            fraction,
            fractional,
        })
    }
}

/// The rest of a time of day after its first number and colon; `MM:SS.f` where only that is given.
fn time(reader: &mut Reader<'_>, first: &Number) -> Result<i64, Fault> {
    let second = reader.whole()?;
    let (hours, minutes, seconds, fraction) = if reader.take(':') {
        let seconds = reader.whole()?;
        (first.whole, second, seconds, reader.fraction()?)
    } else if reader.rest.starts_with('.') {
        (0, first.whole, second, reader.fraction()?)
    } else {
        (first.whole, second, 0, 0.0)
    };
    if minutes > 59 || seconds > 60 {
        return Err(Fault::Range);
    }
    let micros = (fraction * 1e6).round_ties_even() as i64;
    let micros = hours
        .checked_mul(HOUR)
        .and_then(|h| h.checked_add(minutes * MINUTE + seconds * SECOND + micros))
        .ok_or(Fault::Range)?;
    Ok(if first.negative { -micros } else { micros })
}

fn parse_words(text: &str) -> Result<Interval, Fault> {
    let mut interval = Interval::default();
    let mut reader = Reader { rest: text };
    let mut any = false;
    let mut seen = 0;
    let mut once = |bits: u16| -> Result<(), Fault> {
        if seen & bits != 0 {
            return Err(Fault::Syntax);
        }
        seen |= bits;
        Ok(())
    };
    // A number without a unit means days before a time of day, and seconds at the end.
    let mut pending: Option<Number> = None;
    reader.take('@');
    loop {
        reader.blanks();
        if reader.rest.is_empty() {
            break;
        }
        if reader.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let word = reader.word().to_ascii_lowercase();
            if word == "ago" && any && pending.is_none() && super::trim(reader.rest).is_empty() {
                return Ok(Interval {
                    months: interval.months.checked_neg().ok_or(Fault::Range)?,
                    days: interval.days.checked_neg().ok_or(Fault::Range)?,
                    micros: interval.micros.checked_neg().ok_or(Fault::Range)?,
                });
            }
            let number = pending.take().ok_or(Fault::Syntax)?;
            let (whole, fraction) = number.signed();
            let unit = unit(&word).ok_or(Fault::Syntax)?;
            once(unit.bit())?;
            interval.add(whole, fraction, unit)?;
            any = true;
            continue;
        }
        let number = reader.number()?;
        if !number.fractional && reader.take(':') {
            if let Some(days) = pending.take() {
                let (whole, fraction) = days.signed();
                interval.add(whole, fraction, Unit::Days(1))?;
            }
            once(TIME_BITS)?;
            interval.add_micros(time(&mut reader, &number)?)?;
            any = true;
            continue;
        }
        if pending.is_some() {
            return Err(Fault::Syntax);
        }
        let year_month = !number.fractional
            && reader
                .rest
                .strip_prefix('-')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if year_month {
            reader.take('-');
            let months = reader.whole()?;
            if months > 11 {
                return Err(Fault::Range);
            }
            let total = number
                .whole
                .checked_mul(12)
                .and_then(|m| m.checked_add(months));
            let total = total.ok_or(Fault::Range)?;
            interval.add_months(if number.negative { -total } else { total })?;
            any = true;
            continue;
        }
        pending = Some(number);
    }
    if let Some(number) = pending {
        let (whole, fraction) = number.signed();
        interval.add(whole, fraction, Unit::Micros(SECOND))?;
        any = true;
    }
    if any {
        Ok(interval)
    } else {
        Err(Fault::Syntax)
    }
}

fn parse_iso(text: &str) -> Result<Interval, Fault> {
    let mut interval = Interval::default();
    let mut reader = Reader { rest: text };
    let mut in_time = false;
    let mut any = false;
    while !reader.rest.is_empty() {
        if reader.take('T') {
            in_time = true;
            continue;
        }
        let number = reader.number()?;
        let (whole, fraction) = number.signed();
        any = true;
        if !in_time && reader.rest.starts_with('-') {
            // P0001-02-03
            interval.add(whole, fraction, Unit::Years(1))?;
            reader.take('-');
            let months = reader.number()?.signed();
            interval.add(months.0, months.1, Unit::Month)?;
            if reader.take('-') {
                let days = reader.number()?.signed();
                interval.add(days.0, days.1, Unit::Days(1))?;
            }
            continue;
        }
        if in_time && reader.rest.starts_with(':') {
            interval.add(whole, fraction, Unit::Micros(HOUR))?;
            reader.take(':');
            let minutes = reader.number()?.signed();
            interval.add(minutes.0, minutes.1, Unit::Micros(MINUTE))?;
            if reader.take(':') {
                let seconds = reader.number()?.signed();
                interval.add(seconds.0, seconds.1, Unit::Micros(SECOND))?;
            }
            continue;
        }
        let designator = reader.rest.chars().next().ok_or(Fault::Syntax)?;
        reader.take(designator);
        let unit = match (in_time, designator) {
            (false, 'Y') => Unit::Years(1),
            (false, 'M') => Unit::Month,
            (false, 'W') => Unit::Days(7),
            (false, 'D') => Unit::Days(1),
            (true, 'H') => Unit::Micros(HOUR),
            (true, 'M') => Unit::Micros(MINUTE),
            (true, 'S') => Unit::Micros(SECOND),
            _ => return Err(Fault::Syntax),
        };
        interval.add(whole, fraction, unit)?;
    }
    if any {
        Ok(interval)
    } else {
        Err(Fault::Syntax)
    }
}
