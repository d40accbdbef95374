//! Types that few schemas have: ranges, network addresses, bit strings, times with a zone.
//!
//! Values are carried as text, as all values of an opaque type are; here that text is read, put in
//! order and computed with, as Postgres does. Knows no expressions and no tables.

mod bits;
mod macaddr;
mod network;
mod range;
mod range_parts;
#[cfg(test)]
mod tests;
mod timetz;

use crate::error::Error;
use std::cmp::Ordering;

/// The types that are evaluated here, by the names that Postgres gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Range(range::Of),
    Inet,
    Cidr,
    /// The length, which a value has to have.
    Bit(Option<usize>),
    /// The length that a value may have.
    Varbit(Option<usize>),
    Timetz(Option<u16>),
    Macaddr,
}

impl Kind {
    pub(crate) fn parse(sql: &str) -> Option<Self> {
        let (name, modifier) = match sql.split_once('(') {
            Some((name, rest)) => (name, rest.split(')').next().and_then(|n| n.parse().ok())),
            None => (sql, None),
        };
        Some(match name.trim_end() {
            "inet" => Kind::Inet,
            "cidr" => Kind::Cidr,
            "macaddr" => Kind::Macaddr,
            "bit" | "\"bit\"" => Kind::Bit(modifier),
            "bit varying" | "varbit" => Kind::Varbit(modifier),
            "time with time zone" | "timetz" => Kind::Timetz(None),
            "time" if sql.ends_with("with time zone") => {
                Kind::Timetz(modifier.and_then(|digits| u16::try_from(digits).ok()))
            }
            other => Kind::Range(range::Of::parse(other)?),
        })
    }

    /// The type's name without length or precision.
    fn plain(self) -> &'static str {
        match self {
            Kind::Range(of) => of.name(),
            Kind::Inet => "inet",
            Kind::Cidr => "cidr",
            Kind::Macaddr => "macaddr",
            Kind::Bit(_) => "bit",
            Kind::Varbit(_) => "bit varying",
            Kind::Timetz(_) => "time with time zone",
        }
    }
}

/// The type's name without length or precision, where it is one that is evaluated here.
pub fn plain_name(sql: &str) -> Option<&'static str> {
    Kind::parse(sql).map(Kind::plain)
}

/// The type that a range is of, as Postgres names it.
pub fn range_subtype(sql: &str) -> Option<crate::schema::Type> {
    match Kind::parse(sql)? {
        Kind::Range(of) => Some(of.subtype()),
        _ => None,
    }
}

/// Can values of an opaque type be put in order here?
pub(crate) fn has_order(sql: &str) -> bool {
    Kind::parse(sql).is_some()
}

/// What the name of such a function begins with in an expression's call.
pub const PREFIX: &str = "more.";

/// The names of all functions of these types, as an expression's call has them.
pub const FUNCTIONS: &[&[&str]] = &[
    range_parts::NAMES,
    network::NAMES,
    bits::NAMES,
    timetz::NAMES,
    macaddr::NAMES,
];

/// Is there a function of this name?
pub fn is_function(name: &str) -> bool {
    FUNCTIONS.iter().any(|names| names.contains(&name))
}

/// Does a function take NULL as a value?
pub fn takes_null(name: &str) -> bool {
    name == "range_make"
}

/// Calls a function: `kind` is the first of these types among its arguments, or its result's.
///
/// # Errors
/// What Postgres raises too.
pub(crate) fn call(name: &str, kind: Kind, args: &[Option<&str>]) -> Result<Option<String>, Error> {
    let arg = |at: usize| args.get(at).copied().flatten().unwrap_or_default();
    match kind {
        Kind::Range(of) => range_parts::call(name, of, args),
        Kind::Inet | Kind::Cidr => network::call(name, kind == Kind::Cidr, &arg).map(Some),
        Kind::Bit(_) | Kind::Varbit(_) => bits::call(name, &arg).map(Some),
        Kind::Timetz(_) => timetz::call(name, &arg).map(Some),
        Kind::Macaddr => macaddr::call(name, &arg).map(Some),
    }
}

/// A text of a type as Postgres prints the value; `None` for types that are known by name alone.
///
/// # Errors
/// The text is not of the type.
pub(crate) fn canonical(sql: &str, text: &str) -> Result<Option<String>, Error> {
    let Some(kind) = Kind::parse(sql) else {
        return Ok(None);
    };
    Ok(Some(match kind {
        Kind::Range(of) => range::Range::parse(of, text)?.to_text(),
        Kind::Inet => network::Network::parse(text, false)?.to_text(),
        Kind::Cidr => network::Network::parse(text, true)?.to_text(),
        Kind::Bit(length) => bits::read(text, length, true)?,
        Kind::Varbit(length) => bits::read(text, length, false)?,
        Kind::Timetz(digits) => timetz::Timetz::parse(text)?.rounded(digits).to_text(),
        Kind::Macaddr => macaddr::read(text)?,
    }))
}

/// The text of a value as its type's output function prints it: that of inet leaves out the length of
/// a whole address, which the cast to text has.
pub(crate) fn output<'a>(sql: &str, text: &'a str) -> &'a str {
    let whole = if text.contains(':') { "/128" } else { "/32" };
    match Kind::parse(sql) {
        Some(Kind::Inet) => text.strip_suffix(whole).unwrap_or(text),
        _ => text,
    }
}

/// Postgres's order of two texts of a type; of a type known by name alone, that of bytes.
pub(crate) fn compare(sql: &str, a: &str, b: &str) -> Ordering {
    let by_value = Kind::parse(sql).and_then(|kind| match kind {
        Kind::Range(of) => range::compare(of, a, b),
        Kind::Inet | Kind::Cidr => network::compare(a, b),
        Kind::Timetz(_) => timetz::compare(a, b),
        // The digits of bits and addresses are in the order of what they stand for.
        Kind::Bit(_) | Kind::Varbit(_) | Kind::Macaddr => None,
    });
    by_value.unwrap_or_else(|| a.cmp(b))
}

fn truth(holds: bool) -> String {
    if holds { "true" } else { "false" }.into()
}
