//! SQL/JSON paths over jsonb: `@?`, `@@`, `jsonb_path_exists` and `jsonb_path_match` with a constant
//! path.
//!
//! The path comes as Postgres prints it, so the parser knows one notation alone. What it does not know
//! (arithmetic, variables, times, `.**`, most methods) leaves the rule to the server.

mod parse;
mod run;

use super::call::Args;
use super::cast::invalid;
use super::datum::Datum;
use super::functions::Function;
use super::jsonb::tree;
use super::node::Call;
use crate::error::Error;
use crate::json::Json;

/// A path or a predicate, applied to a value.
#[derive(Clone, Debug, PartialEq)]
enum Path {
    /// Where it starts, and the way from there.
    Way(Start, Vec<Step>),
    Is(Box<Test>),
}

#[derive(Clone, Debug, PartialEq)]
enum Start {
    Root,
    /// `@`, the value that a filter asks about.
    Current,
    Literal(Json<'static>),
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    EveryKey,
    Every,
    /// From and to, each.
    Items(Vec<(Place, Place)>),
    Filter(Test),
    Type,
    Size,
}

/// A place in an array: a number, or so many before the last.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    At(i64),
    BeforeLast(i64),
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
    IsUnknown(Box<Test>),
    Exists(Path),
    Compare(Comparison, Path, Path),
    StartsWith(Path, Path),
    /// A pattern, and its flags as Postgres's regular expressions have them.
    Like(Path, String, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Why the client can't follow a path that Postgres has printed; `None` where it can.
pub fn path_fault(path: &str) -> Option<String> {
    parse::parse(path).err()
}

pub(super) fn apply<'a>(call: &'a Call, args: &Args<'a>) -> Result<Datum<'a>, Error> {
    use Function as F;
    let Ok((strict, path)) = parse::parse(args[1].as_text()) else {
        return Err(invalid("invalid jsonpath", "42601"));
    };
    let json = tree(args[0].as_text());
    let found = run::Run::new(&json, strict).all(&path);
    let quiet = matches!(call.function, F::JsonbPathFound | F::JsonbPathTrue);
    let found = match found {
        Ok(found) => found,
        Err(_) if quiet => return Ok(Datum::Null),
        Err(fault) => return Err(invalid(fault.message, fault.sqlstate)),
    };
    match (call.function, &found[..]) {
        (F::JsonbPathFound | F::JsonbPathExists, found) => Ok(Datum::bool(!found.is_empty())),
        (_, [one]) if matches!(one, Json::Null | Json::Bool(_)) => Ok(match one {
            Json::Bool(truth) => Datum::bool(*truth),
            _ => Datum::Null,
        }),
        _ if quiet => Ok(Datum::Null),
        _ => Err(invalid("single boolean result is expected", "22038")),
    }
}
