//! Functions of dates, times and intervals; times with a zone are in UTC.

use super::call::Args;
use super::cast::invalid;
use super::datum::Datum;
use super::division_by_zero;
use super::fields::{extract, truncate};
use super::functions::Function;
use super::node::Call;
use crate::error::{Error, ErrorCode};
use crate::schema::Type;
use crate::value::interval::Interval;
use crate::value::time::{
    DATE_END, DAY_MICROS, DAY_MIN, TIMESTAMP_END_DAY, civil_of, days_in_month, days_of,
};
use crate::value::{self, INFINITY, MINUS_INFINITY};

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// Is a date or timestamp infinite?
pub(super) fn infinite(time: i64) -> bool {
    matches!(time, INFINITY | MINUS_INFINITY)
}

fn out_of_range(kind: &str) -> Error {
    Error::new(ErrorCode::OutOfRange, format!("{kind} out of range")).sqlstate("22008")
}

pub(super) fn timestamp(micros: i128) -> Result<i64, Error> {
    let first = i128::from(DAY_MIN) * i128::from(DAY_MICROS);
    let end = i128::from(TIMESTAMP_END_DAY) * i128::from(DAY_MICROS);
    if (first..end).contains(&micros) {
        Ok(micros as i64)
    } else {
        Err(out_of_range("timestamp"))
    }
}

fn negate(interval: Interval) -> Result<Interval, Error> {
    if !interval.is_finite() {
        return Ok(if interval.months > 0 {
            Interval::MINUS_INFINITY
        } else {
            Interval::INFINITY
        });
    }
    Ok(Interval {
        months: interval
            .months
            .checked_neg()
            .ok_or_else(|| out_of_range("interval"))?,
        days: interval
            .days
            .checked_neg()
            .ok_or_else(|| out_of_range("interval"))?,
        micros: interval
            .micros
            .checked_neg()
            .ok_or_else(|| out_of_range("interval"))?,
    })
}

/// Months, then days, then the time: a day that the month lacks becomes its last.
fn add(at: i64, interval: Interval) -> Result<i64, Error> {
    if infinite(at) {
        let opposite = (at == INFINITY && interval == Interval::MINUS_INFINITY)
            || (at == MINUS_INFINITY && interval == Interval::INFINITY);
        return match opposite {
            true => Err(out_of_range("timestamp")),
            false => Ok(at),
        };
    }
    if !interval.is_finite() {
        return Ok(if interval.months > 0 {
            INFINITY
        } else {
            MINUS_INFINITY
        });
    }
    let mut at = at;
    if interval.months != 0 {
        let (year, month, day) = civil_of(at.div_euclid(DAY_MICROS));
        let months = year * 12 + (month - 1) + i64::from(interval.months);
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        let day = day.min(days_in_month(year, month));
        let time = at.rem_euclid(DAY_MICROS);
        at = timestamp(
            i128::from(days_of(year, month, day)) * i128::from(DAY_MICROS) + i128::from(time),
        )?;
    }
    if interval.days != 0 {
        at = timestamp(i128::from(at) + i128::from(interval.days) * i128::from(DAY_MICROS))?;
    }
    timestamp(i128::from(at) + i128::from(interval.micros))
}

fn plus(a: Interval, b: Interval) -> Result<Interval, Error> {
    match (a.is_finite(), b.is_finite()) {
        (false, false) if a != b => return Err(out_of_range("interval")),
        (false, _) => return Ok(a),
        (_, false) => return Ok(b),
        _ => {}
    }
    let over = || out_of_range("interval");
    Ok(Interval {
        months: a.months.checked_add(b.months).ok_or_else(over)?,
        days: a.days.checked_add(b.days).ok_or_else(over)?,
        micros: a.micros.checked_add(b.micros).ok_or_else(over)?,
    })
}

/// Times a factor or its inverse, as `interval_mul` and `interval_div` cascade the fractions down.
fn times(interval: Interval, by: impl Fn(f64) -> f64) -> Result<Interval, Error> {
    let rounded = |number: f64| (number * 1e6).round_ties_even() / 1e6;
    let whole = |number: f64| -> Result<i32, Error> {
        if number.is_nan() || number > f64::from(i32::MAX) || number < f64::from(i32::MIN) {
            return Err(out_of_range("interval"));
        }
        Ok(number as i32)
    };
    let (months, days) = (by(f64::from(interval.months)), by(f64::from(interval.days)));
    let mut result = Interval {
        months: whole(months)?,
        days: whole(days)?,
        micros: 0,
    };
    let month_days = rounded((months - f64::from(result.months)) * 30.0);
    let mut seconds =
        rounded((days - f64::from(result.days) + month_days - month_days.trunc()) * 86_400.0);
    let over = || out_of_range("interval");
    if seconds.abs() >= 86_400.0 {
        let more = (seconds / 86_400.0) as i32;
        result.days = result.days.checked_add(more).ok_or_else(over)?;
        seconds -= f64::from(more) * 86_400.0;
    }
    result.days = result
        .days
        .checked_add(month_days as i32)
        .ok_or_else(over)?;
    let micros = (by(interval.micros as f64) + seconds * 1e6).round_ties_even();
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&micros) {
        return Err(over());
    }
    result.micros = micros as i64;
    Ok(result)
}

/// Moves whole days out of the time, and makes both of one sign.
fn justify_hours(interval: Interval) -> Result<Interval, Error> {
    let over = || out_of_range("interval");
    let more = interval.micros / DAY_MICROS;
    let mut result = Interval {
        days: interval.days.checked_add(more as i32).ok_or_else(over)?,
        micros: interval.micros - more * DAY_MICROS,
        ..interval
    };
    if result.days > 0 && result.micros < 0 {
        result.micros += DAY_MICROS;
        result.days -= 1;
    } else if result.days < 0 && result.micros > 0 {
        result.micros -= DAY_MICROS;
        result.days += 1;
    }
    Ok(result)
}

fn justify_days(interval: Interval) -> Result<Interval, Error> {
    let over = || out_of_range("interval");
    let more = interval.days / 30;
    let mut result = Interval {
        months: interval.months.checked_add(more).ok_or_else(over)?,
        days: interval.days - more * 30,
        ..interval
    };
    if result.months > 0 && result.days < 0 {
        result.days += 30;
        result.months -= 1;
    } else if result.months < 0 && result.days > 0 {
        result.days -= 30;
        result.months += 1;
    }
    Ok(result)
}

fn justify_interval(interval: Interval) -> Result<Interval, Error> {
    let over = || out_of_range("interval");
    let mut result = interval;
    // Days and time together first, so that no intermediate sum overflows.
    if (result.days > 0 && result.micros > 0) || (result.days < 0 && result.micros < 0) {
        let more = result.days / 30;
        result.days -= more * 30;
        result.months = result.months.checked_add(more).ok_or_else(over)?;
    }
    let more = result.micros / DAY_MICROS;
    result.micros -= more * DAY_MICROS;
    result.days = result.days.checked_add(more as i32).ok_or_else(over)?;
    let more = result.days / 30;
    result.days -= more * 30;
    result.months = result.months.checked_add(more).ok_or_else(over)?;
    if result.months > 0 && (result.days < 0 || (result.days == 0 && result.micros < 0)) {
        result.days += 30;
        result.months -= 1;
    } else if result.months < 0 && (result.days > 0 || (result.days == 0 && result.micros > 0)) {
        result.days -= 30;
        result.months += 1;
    }
    if result.days > 0 && result.micros < 0 {
        result.micros += DAY_MICROS;
        result.days -= 1;
    } else if result.days < 0 && result.micros > 0 {
        result.micros -= DAY_MICROS;
        result.days += 1;
    }
    Ok(result)
}

fn difference_of_infinities(a: i64, b: i64) -> Result<Interval, Error> {
    if a == b {
        Err(out_of_range("interval"))
    } else if a == INFINITY || b == MINUS_INFINITY {
        Ok(Interval::INFINITY)
    } else {
        Ok(Interval::MINUS_INFINITY)
    }
}

/// The difference in years, months, days and time, as a calendar counts.
fn age(a: i64, b: i64) -> Result<Interval, Error> {
    let (later, earlier, sign) = if a >= b { (a, b, 1) } else { (b, a, -1) };
    let (year_a, month_a, day_a) = civil_of(later.div_euclid(DAY_MICROS));
    let (year_b, month_b, day_b) = civil_of(earlier.div_euclid(DAY_MICROS));
    let mut micros = later.rem_euclid(DAY_MICROS) - earlier.rem_euclid(DAY_MICROS);
    let mut days = day_a - day_b;
    let mut months = (year_a - year_b) * 12 + month_a - month_b;
    if micros < 0 {
        micros += DAY_MICROS;
        days -= 1;
    }
    while days < 0 {
        days += days_in_month(year_b, month_b);
        months -= 1;
    }
    Ok(Interval {
        months: (sign * months) as i32,
        days: (sign * days) as i32,
        micros: sign * micros,
    })
}

pub(super) fn apply<'a>(call: &'a Call, args: &Args<'a>) -> Result<Datum<'a>, Error> {
    use Function as F;
    let (a, b) = (args[0].int(), args[1].int());
    let interval = |i: usize| Interval::parse(args[i].as_text());
    let text = |interval: Interval| Datum::text(interval.to_text());
    Ok(match call.function {
        F::DateAddTime => match infinite(a) {
            true => Datum::Int(a),
            false => Datum::Int(timestamp(
                i128::from(a) * i128::from(DAY_MICROS) + i128::from(b),
            )?),
        },
        F::DateAddInterval | F::DateSubInterval => {
            let days = if infinite(a) {
                a
            } else {
                timestamp(i128::from(a) * i128::from(DAY_MICROS))?
            };
            let by = match call.function {
                F::DateSubInterval => negate(interval(1)?)?,
                _ => interval(1)?,
            };
            Datum::Int(add(days, by)?)
        }
        F::TimestampAdd => Datum::Int(add(a, interval(1)?)?),
        F::TimestampSub => Datum::Int(add(a, negate(interval(1)?)?)?),
        F::TimestampDiff | F::TimestampDiffInfinite => {
            if infinite(a) || infinite(b) {
                return match call.function {
                    F::TimestampDiffInfinite => Ok(text(difference_of_infinities(a, b)?)),
                    _ => Err(out_of_range("interval")),
                };
            }
            // Until infinite intervals came, nothing looked whether the difference fits.
            let micros = match call.function {
                F::TimestampDiffInfinite => {
                    a.checked_sub(b).ok_or_else(|| out_of_range("interval"))?
                }
                _ => a.wrapping_sub(b),
            };
            text(justify_hours(Interval {
                micros,
                ..Interval::default()
            })?)
        }
        F::TimeAdd | F::TimeSub => {
            let by = interval(1)?;
            if !by.is_finite() {
                return Err(out_of_range("time"));
            }
            let micros = match call.function {
                F::TimeAdd => a.wrapping_add(by.micros),
                _ => a.wrapping_sub(by.micros),
            };
            Datum::Int(micros.rem_euclid(DAY_MICROS))
        }
        F::TimeDiff => text(Interval {
            micros: a - b,
            ..Interval::default()
        }),
        F::IntervalAdd => text(plus(interval(0)?, interval(1)?)?),
        F::IntervalSub => text(plus(interval(0)?, negate(interval(1)?)?)?),
        F::IntervalNeg => text(negate(interval(0)?)?),
        F::IntervalMul => {
            let factor = args[1].float();
            text(times(interval(0)?, |part| part * factor)?)
        }
        F::IntervalDiv => {
            let divisor = args[1].float();
            if divisor == 0.0 {
                return Err(division_by_zero());
            }
            text(times(interval(0)?, |part| part / divisor)?)
        }
        F::JustifyDays => text(justify_days(interval(0)?)?),
        F::JustifyHours => text(justify_hours(interval(0)?)?),
        F::JustifyInterval => text(justify_interval(interval(0)?)?),
        F::Isfinite => Datum::bool(match &args[0] {
            Datum::Text(_) => interval(0)?.is_finite(),
            _ => !infinite(a),
        }),
        F::MakeDate => make_date(a, b, args[2].int())?,
        F::MakeTime => {
            let seconds = args[2].float();
            let micros = (seconds * 1e6).round_ties_even();
            let valid =
                (0..=24).contains(&a) && (0..60).contains(&b) && (0.0..=60.0).contains(&seconds);
            let micros = a * HOUR + b * MINUTE + micros as i64;
            if !valid || micros > DAY_MICROS {
                return Err(invalid("time field value out of range", "22008"));
            }
            Datum::Int(micros)
        }
        // Before version 17 the infinities count as the moments that they are stored as.
        F::Age if a == MINUS_INFINITY || b == MINUS_INFINITY => {
            return Err(out_of_range("timestamp"));
        }
        F::Age => text(age(a, b)?),
        F::AgeInfinite if infinite(a) || infinite(b) => text(difference_of_infinities(a, b)?),
        F::AgeInfinite => text(age(a, b)?),
        F::DateTrunc => truncate(call, args)?,
        F::Extract => extract(args[0].as_text(), &call.args_kind(1), &args[1])?
            .map_or(Datum::Null, Datum::text),
        F::DatePart => {
            // A date is asked as the timestamp of its midnight.
            let (kind, value) = match call.args_kind(1) {
                Type::Date => (
                    Type::Timestamp,
                    super::cast::cast(&Type::Date, &Type::Timestamp, args[1].clone())?,
                ),
                kind => (kind, args[1].clone()),
            };
            match extract(args[0].as_text(), &kind, &value)? {
                Some(text) => Datum::owned(value::parse(&Type::Float8, &text)?),
                None => Datum::Null,
            }
        }
        _ => Datum::Null,
    })
}

fn make_date<'a>(year: i64, month: i64, day: i64) -> Result<Datum<'a>, Error> {
    // A negative year is one before Christ, and there is no year zero.
    let astronomical = if year < 0 { year + 1 } else { year };
    let valid = year != 0
        && (1..=12).contains(&month)
        && day >= 1
        && day <= days_in_month(astronomical, month);
    let days = days_of(astronomical, month.clamp(1, 12), day);
    if !valid || !(DAY_MIN..DATE_END).contains(&days) {
        return Err(invalid("date field value out of range", "22008"));
    }
    Ok(Datum::Int(days))
}
