//! A time of day with its zone (`date.c`).

use crate::error::{Error, invalid};
use crate::schema::Type;
use crate::value::{self, Value, time};
use std::cmp::Ordering;
use std::fmt::Write;

pub(super) const NAMES: &[&str] = &["timetz_time", "timetz_extract"];

/// The time on the clock in microseconds, and the zone in seconds east of Greenwich.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timetz {
    micros: i64,
    east: i64,
}

impl Timetz {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let (micros, east) = time::parse_clock("time with time zone", text)?;
        Ok(Self { micros, east })
    }

    pub(super) fn rounded(self, digits: Option<u16>) -> Self {
        let micros = digits.map_or(self.micros, |digits| time::rounded(self.micros, digits));
        Self { micros, ..self }
    }

    pub(super) fn to_text(self) -> String {
        let mut out = value::to_text(&Type::Time, &Value::Int(self.micros)).unwrap_or_default();
        let east = self.east.abs();
        out.push(if self.east < 0 { '-' } else { '+' });
        let _ = write!(out, "{:02}", east / 3600);
        if east % 3600 != 0 {
            let _ = write!(out, ":{:02}", east / 60 % 60);
        }
        if east % 60 != 0 {
            let _ = write!(out, ":{:02}", east % 60);
        }
        out
    }

    /// The time in Greenwich, then the zone, west of it first.
    fn key(self) -> (i64, i64) {
        (self.micros - self.east * 1_000_000, -self.east)
    }
}

/// The order of two canonical texts; `None` where one is none.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Timetz::parse(a).ok()?, Timetz::parse(b).ok()?);
    Some(a.key().cmp(&b.key()))
}

pub(super) fn call<'a>(name: &str, arg: &dyn Fn(usize) -> &'a str) -> Result<String, Error> {
    if name == "timetz_time" {
        let time = Timetz::parse(arg(0))?;
        return Ok(value::to_text(&Type::Time, &Value::Int(time.micros)).unwrap_or_default());
    }
    let time = Timetz::parse(arg(1))?;
    let (second, east) = (1_000_000, time.east);
    let decimal = |micros: i64, digits: usize| {
        let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
        let unit = 10u64.pow(digits as u32);
        format!("{sign}{}.{:0digits$}", micros / unit, micros % unit)
    };
    Ok(match arg(0) {
        "hour" => (time.micros / 3600 / second).to_string(),
        "minute" => (time.micros / 60 / second % 60).to_string(),
        "second" => decimal(time.micros % (60 * second), 6),
        "milliseconds" => decimal(time.micros % (60 * second), 3),
        "microseconds" => (time.micros % (60 * second)).to_string(),
        "timezone" => east.to_string(),
        "timezone_hour" => (east / 3600).to_string(),
        "timezone_minute" => (east / 60 % 60).to_string(),
        "epoch" => decimal(time.micros - east * second, 6),
        other => {
            let message = format!("a time with time zone has no {other}");
            return Err(invalid(message, "0A000"));
        }
    })
}
