//! SQL/JSON paths over jsonb: `@?`, `@@`, `jsonb_path_exists` and `jsonb_path_match` with a constant
//! path.
//!
//! The path comes as Postgres prints it, so the parser knows one notation alone. What it does not know
//! (arithmetic, variables, times, `.**`, most methods) leaves the rule to the server.

mod parse;
mod run;

use super::datum::Datum;
use super::functions::Function;
use super::jsonb::tree;
use super::node::Comparison;
use crate::error::{Error, invalid};
use crate::json::Json;

/// A path or a predicate, applied to a value.
#[derive(Debug)]
enum Path {
    /// Where it starts, and the way from there.
    Way(Start, Vec<Step>),
    Is(Box<Test>),
}

#[derive(Debug)]
enum Start {
    Root,
    /// `@`, the value that a filter asks about.
    Current,
    Literal(Json<'static>),
}

#[derive(Debug)]
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
#[derive(Clone, Copy, Debug)]
enum Place {
    At(i64),
    BeforeLast(i64),
}

#[derive(Debug)]
enum Test {
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
    IsUnknown(Box<Test>),
    Exists(Path),
    Compare(Comparison, Path, Path),
    StartsWith(Path, Path),
    /// A pattern, and its flags as Postgres's regular expressions have them.
    Like(Path, String, &'static str),
}

/// Why the client can't follow a path that Postgres has printed; `None` where it can.
pub fn path_fault(path: &str) -> Option<String> {
    parse::parse(path).err()
}

/// A path with what is asked of it, read once.
#[derive(Debug)]
pub(super) struct JsonPath {
    function: Function,
    strict: bool,
    path: Path,
}

impl JsonPath {
    /// # Errors
    /// Why the client can't follow it.
    pub(super) fn new(function: Function, path: &str) -> Result<Self, String> {
        let (strict, path) = parse::parse(path)?;
        Ok(Self {
            function,
            strict,
            path,
        })
    }

    /// The answer for the text of a jsonb.
    pub(super) fn ask(&self, json: &str) -> Result<Datum<'static>, Error> {
        use Function as F;
        let json = tree(json);
        let quiet = matches!(self.function, F::JsonbPathFound | F::JsonbPathTrue);
        let found = match run::Run::new(&json, self.strict).all(&self.path) {
            Err(_) if quiet => return Ok(Datum::Null),
            found => found?,
        };
        match (self.function, &found[..]) {
            (F::JsonbPathFound | F::JsonbPathExists, found) => Ok(Datum::bool(!found.is_empty())),
            (_, [Json::Bool(truth)]) => Ok(Datum::bool(*truth)),
            (_, [Json::Null]) => Ok(Datum::Null),
            _ if quiet => Ok(Datum::Null),
            _ => Err(invalid("single boolean result is expected", "22038")),
        }
    }
}
