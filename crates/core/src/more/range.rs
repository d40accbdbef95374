//! A range: its bounds, its text, its order (`rangetypes.c`).

use crate::error::{Error, invalid};
use crate::schema::Type;
use crate::value::{self, INFINITY, MINUS_INFINITY, Value, mismatch};
use std::cmp::Ordering;

/// What a range is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Int4,
    Int8,
    Numeric,
    Date,
    Timestamp,
    Timestamptz,
}

impl Of {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "int4range" => Of::Int4,
            "int8range" => Of::Int8,
            "numrange" => Of::Numeric,
            "daterange" => Of::Date,
            "tsrange" => Of::Timestamp,
            "tstzrange" => Of::Timestamptz,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Of::Int4 => "int4range",
            Of::Int8 => "int8range",
            Of::Numeric => "numrange",
            Of::Date => "daterange",
            Of::Timestamp => "tsrange",
            Of::Timestamptz => "tstzrange",
        }
    }

    pub(super) fn subtype(self) -> Type {
        match self {
            Of::Int4 => Type::Int4,
            Of::Int8 => Type::Int8,
            Of::Numeric => Type::Numeric {
                precision: None,
                scale: None,
            },
            Of::Date => Type::Date,
            Of::Timestamp => Type::Timestamp,
            Of::Timestamptz => Type::Timestamptz,
        }
    }

    /// The value after one, of a type whose values can be counted; `None` where there is none.
    fn next(self, value: &Value) -> Result<Option<Value>, Error> {
        let Value::Int(int) = *value else {
            return Ok(None);
        };
        let range = |sqlstate| invalid("the bound of the range is out of range", sqlstate);
        Ok(match self {
            Of::Numeric | Of::Timestamp | Of::Timestamptz => None,
            Of::Date if matches!(int, INFINITY | MINUS_INFINITY) => None,
            Of::Date => {
                let next = Value::Int(int + 1);
                // The end of all dates is known to who reads their texts.
                let text = value::to_text(&Type::Date, &next).unwrap_or_default();
                value::parse(&Type::Date, &text).map_err(|_| range("22008"))?;
                Some(next)
            }
            Of::Int4 if int >= i64::from(i32::MAX) => return Err(range("22003")),
            Of::Int4 | Of::Int8 => Some(Value::Int(
                int.checked_add(1).ok_or_else(|| range("22003"))?,
            )),
        })
    }
}

/// One end of a range.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    /// `None` is no bound at all.
    pub(super) value: Option<Value>,
    pub(super) inclusive: bool,
    pub(super) lower: bool,
}

/// A range that is not empty has two bounds.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) of: Of,
    pub(super) bounds: Option<(Bound, Bound)>,
}

impl Range {
    pub(super) fn empty(of: Of) -> Self {
        Self { of, bounds: None }
    }

    /// A range in its canonical form.
    pub(super) fn new(of: Of, mut lower: Bound, mut upper: Bound) -> Result<Self, Error> {
        let mut range = Self::checked(of, lower.clone(), upper.clone())?;
        if range.bounds.is_none() {
            return Ok(range);
        }
        let mut moved = false;
        for (bound, wanted) in [(&mut lower, true), (&mut upper, false)] {
            if let Some(value) = &bound.value
                && bound.inclusive != wanted
                && let Some(next) = of.next(value)?
            {
                (bound.value, bound.inclusive, moved) = (Some(next), wanted, true);
            }
        }
        if moved {
            range = Self::checked(of, lower, upper)?;
        }
        Ok(range)
    }

    fn checked(of: Of, mut lower: Bound, mut upper: Bound) -> Result<Self, Error> {
        let order = compare_values(of, &lower, &upper);
        if order == Ordering::Greater {
            let message = "range lower bound must be less than or equal to range upper bound";
            return Err(invalid(message, "22000"));
        }
        if order == Ordering::Equal && !(lower.inclusive && upper.inclusive) {
            return Ok(Self::empty(of));
        }
        for bound in [&mut lower, &mut upper] {
            bound.inclusive &= bound.value.is_some();
        }
        Ok(Self {
            of,
            bounds: Some((lower, upper)),
        })
    }

    pub(super) fn parse(of: Of, text: &str) -> Result<Self, Error> {
        let bad = || mismatch(of.name(), text, "22P02");
        let rest = value::trim(text);
        if rest.eq_ignore_ascii_case("empty") {
            return Ok(Self::empty(of));
        }
        let mut chars = rest.chars().peekable();
        let lower_inclusive = match chars.next() {
            Some('[') => true,
            Some('(') => false,
            _ => return Err(bad()),
        };
        let mut texts = [None, None];
        for (at, text) in texts.iter_mut().enumerate() {
            if matches!((at, chars.peek()), (0, Some(',')) | (1, Some(')' | ']'))) {
                if at == 0 {
                    chars.next();
                }
                continue;
            }
            let (mut bound, mut quoted) = (String::new(), false);
            loop {
                match chars.peek().copied() {
                    None => return Err(bad()),
                    Some(',' | ')' | ']') if !quoted => break,
                    Some('\\') => {
                        chars.next();
                        bound.push(chars.next().ok_or_else(bad)?);
                    }
                    Some('"') => {
                        chars.next();
                        if quoted && chars.peek() == Some(&'"') {
                            chars.next();
                            bound.push('"');
                        } else {
                            quoted = !quoted;
                        }
                    }
                    Some(other) => {
                        chars.next();
                        bound.push(other);
                    }
                }
            }
            if at == 0 && chars.next() != Some(',') {
                return Err(bad());
            }
            *text = Some(bound);
        }
        let upper_inclusive = match chars.next() {
            Some(']') => true,
            Some(')') => false,
            _ => return Err(bad()),
        };
        if chars.next().is_some() {
            return Err(bad());
        }
        let [lower, upper] = texts;
        let value = |text: Option<String>| -> Result<Option<Value>, Error> {
            text.map(|text| value::parse(&of.subtype(), &text))
                .transpose()
        };
        let lower = Bound {
            value: value(lower)?,
            inclusive: lower_inclusive,
            lower: true,
        };
        let upper = Bound {
            value: value(upper)?,
            inclusive: upper_inclusive,
            lower: false,
        };
        Self::new(of, lower, upper)
    }

    pub(super) fn to_text(&self) -> String {
        let Some((lower, upper)) = &self.bounds else {
            return "empty".into();
        };
        let mut out = String::new();
        out.push(if lower.inclusive { '[' } else { '(' });
        let write = |bound: &Bound, out: &mut String| {
            let Some(text) = self.text_of(bound) else {
                return;
            };
            // No type here has a text with quotes or brackets; times have a blank.
            match text.contains(' ') {
                true => {
                    out.push('"');
                    out.push_str(&text);
                    out.push('"');
                }
                false => out.push_str(&text),
            }
        };
        write(lower, &mut out);
        out.push(',');
        write(upper, &mut out);
        out.push(if upper.inclusive { ']' } else { ')' });
        out
    }

    /// A bound's text; `None` where there is no bound.
    pub(super) fn text_of(&self, bound: &Bound) -> Option<String> {
        let value = bound.value.as_ref()?;
        value::to_text(&self.of.subtype(), value)
    }
}

/// The order of the values of two bounds, whether they belong to the range or not.
pub(super) fn compare_values(of: Of, a: &Bound, b: &Bound) -> Ordering {
    match (&a.value, &b.value) {
        (None, None) if a.lower == b.lower => Ordering::Equal,
        (None, _) if a.lower => Ordering::Less,
        (None, _) => Ordering::Greater,
        (_, None) if b.lower => Ordering::Greater,
        (_, None) => Ordering::Less,
        (Some(a), Some(b)) => value::compare(&of.subtype(), a, b),
    }
}

/// The order of two bounds: one that leaves its value out is further in.
pub(super) fn compare_bounds(of: Of, a: &Bound, b: &Bound) -> Ordering {
    let order = compare_values(of, a, b);
    if order.is_ne() || a.value.is_none() || b.value.is_none() {
        return order;
    }
    // Where a bound lies beside its value: before, on or after it.
    let beside = |bound: &Bound| match (bound.inclusive, bound.lower) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => -1,
    };
    beside(a).cmp(&beside(b))
}

/// The order of two canonical texts; `None` where one is none.
pub(super) fn compare(of: Of, a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Range::parse(of, a).ok()?, Range::parse(of, b).ok()?);
    Some(match (&a.bounds, &b.bounds) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some((la, ua)), Some((lb, ub))) => {
            compare_bounds(of, la, lb).then_with(|| compare_bounds(of, ua, ub))
        }
    })
}
