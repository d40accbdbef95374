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
        F::MakeTime => Datum::Int(time_of_day(a, b, args[2].float())?),
        F::MakeTimestamp => {
            let day = make_date(a, b, args[2].int())?.int();
            let time = time_of_day(args[3].int(), args[4].int(), args[5].float())?;
            Datum::Int(timestamp(
                i128::from(day) * i128::from(DAY_MICROS) + i128::from(time),
            )?)
        }
        F::MakeInterval | F::MakeIntervalWrapping => text(make_interval(call.function, args)?),
        F::DateBin => Datum::Int(date_bin(interval(0)?, b, args[2].int())?),
        F::Overlaps => Datum::truth(overlaps(args)),
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

fn time_of_day(hour: i64, minute: i64, seconds: f64) -> Result<i64, Error> {
    let micros = (seconds * 1e6).round_ties_even();
    let valid = (0..=24).contains(&hour)
        && (0..60).contains(&minute)
        && (0.0..=MINUTE as f64).contains(&micros);
    let whole = hour * HOUR + minute * MINUTE;
    if !valid || whole + micros as i64 > DAY_MICROS {
        return Err(invalid("time field value out of range", "22008"));
    }
    Ok(whole + micros as i64)
}

/// Of years, months, weeks, days, hours, minutes and seconds. Until version 17 nothing looked
/// whether the sums fit.
fn make_interval(function: Function, args: &Args<'_>) -> Result<Interval, Error> {
    let over = || out_of_range("interval");
    let sum = |many: usize, unit: i64, one: usize| -> Result<i32, Error> {
        let sum = args[many].int() * unit + args[one].int();
        match function {
            Function::MakeInterval => i32::try_from(sum).map_err(|_| over()),
            _ => Ok(sum as i32),
        }
    };
    let seconds = args[6].float();
    if !seconds.is_finite() {
        return Err(over());
    }
    let micros = seconds * 1e6;
    if micros.is_infinite() {
        return Err(match function {
            Function::MakeInterval => invalid("value out of range: overflow", "22003"),
            _ => over(),
        });
    }
    let micros = micros.round_ties_even();
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&micros);
    let whole = args[4].int() * HOUR + args[5].int() * MINUTE;
    let micros = match (function, fits) {
        (Function::MakeInterval, false) => return Err(over()),
        (Function::MakeInterval, true) => whole.checked_add(micros as i64).ok_or_else(over)?,
        (_, true) => whole.wrapping_add(micros as i64),
        // What does not fit becomes the smallest integer.
        (_, false) => whole.wrapping_add(i64::MIN),
    };
    let made = Interval {
        months: sum(0, 12, 1)?,
        days: sum(2, 7, 3)?,
        micros,
    };
    match function {
        Function::MakeInterval if !made.is_finite() => Err(over()),
        _ => Ok(made),
    }
}

/// The start of the stride, counted from an origin, in which a time lies.
fn date_bin(stride: Interval, at: i64, origin: i64) -> Result<i64, Error> {
    if infinite(at) {
        return Ok(at);
    }
    let over = || out_of_range("interval");
    if infinite(origin) || !stride.is_finite() {
        return Err(over());
    }
    if stride.months != 0 {
        let message = "timestamps cannot be binned into intervals containing months or years";
        return Err(invalid(message, "0A000"));
    }
    let days = i64::from(stride.days).checked_mul(DAY_MICROS);
    let stride = days.and_then(|days| days.checked_add(stride.micros));
    let stride = stride.filter(|&stride| stride > 0).ok_or_else(over)?;
    let since = at.checked_sub(origin).ok_or_else(over)?;
    timestamp(i128::from(origin) + i128::from(since.div_euclid(stride)) * i128::from(stride))
}

/// As `overlaps_timestamp`: of each pair either end may come first, or be unknown.
fn overlaps(args: &Args<'_>) -> Option<bool> {
    let known = |at: usize| match args[at] {
        Datum::Int(int) => Some(int),
        _ => None,
    };
    let pair = |at: usize| match (known(at), known(at + 1)) {
        (Some(a), Some(b)) => Some((a.min(b), Some(a.max(b)))),
        (Some(one), None) | (None, Some(one)) => Some((one, None)),
        (None, None) => None,
    };
    let (a, b) = (pair(0)?, pair(2)?);
    if a.0 == b.0 {
        return a.1.and(b.1).map(|_| true);
    }
    let (earlier, later) = if a.0 < b.0 { (a, b) } else { (b, a) };
    // The later one begins within the earlier one, if that goes on for so long.
    if later.0 < earlier.1? {
        return Some(true);
    }
    later.1.map(|_| false)
}
