//! Postgres's regular expressions where more is asked than whether a constant one matches, which the
//! browser answers: where it matches, what its groups hold, and patterns that a row brings.
//!
//! Postgres takes the longest match where ECMAScript takes the first, and hands out what groups hold
//! by rules of its own. `parse.rs` with `sets.rs` makes of a pattern what `regcomp.c` makes: languages ([`Re`]), and
//! above them, where groups or mixed greed need it, a tree by which a match is taken apart ([`Sub`]).
//! `run.rs` does what `regexec.c` does. It answers in time polynomial in the text's length.

mod parse;
mod run;
mod sets;

pub(super) use parse::{Options, parse};
pub use parse::{pattern_fault, pattern_is_valid};
pub(super) use run::Matcher;

use super::letters;
use crate::error::{Error, ErrorCode};
use crate::schema::Letters;
use std::sync::Arc;

/// A repetition without an upper bound.
const ENDLESS: u32 = u32::MAX;

/// What a pattern matches, whatever its groups hold.
enum Re {
    One(Set),
    Start,
    End,
    /// At the start (true, false) or end (false, true) of a word, at either (true, true), or at
    /// neither (false, false).
    Word(bool, bool),
    /// What follows or precedes: ahead?, wanted?
    Look(bool, bool, Arc<Re>),
    Cat(Vec<Arc<Re>>),
    Alt(Vec<Arc<Re>>),
    Repeat(Arc<Re>, u32, u32),
}

/// A set of characters.
#[derive(Clone, Default)]
struct Set {
    negated: bool,
    ranges: Vec<(u32, u32)>,
    /// Classes by their place in the list of names, and whether their complement is meant.
    classes: Vec<(usize, bool)>,
}

/// Preferences and properties of a part, as `regguts.h` names them.
const LONGER: u8 = 1;
const SHORTER: u8 = 2;
const MIXED: u8 = 4;
const CAPTURES: u8 = 8;
const REFERS: u8 = 16;

/// How a match is taken apart.
struct Sub {
    flags: u8,
    /// The number of the group; 0 is none.
    group: usize,
    re: Arc<Re>,
    how: How,
}

enum How {
    /// Not at all.
    Whole,
    Pair(Box<[Sub; 2]>),
    Alternatives(Vec<Sub>),
    Iterations(Box<Sub>, u32, u32),
    /// So many times what a group holds.
    Reference(usize, u32, u32),
}

/// A pattern that can be matched.
pub(crate) struct Pattern {
    tree: Sub,
    /// How many groups it has.
    pub(super) groups: usize,
    /// Are lines told apart by `^` and `$`?
    lines: bool,
}

impl Pattern {
    /// Does it refer back to a group?
    pub(super) fn refers(&self) -> bool {
        self.tree.flags & REFERS > 0
    }
}

/// How many steps over a text a pattern may take that a user gives, repetitions counted out.
/// Postgres, which makes states of them, refuses some thousands too.
const STEPS_MAX: u64 = 20_000;

/// A pattern that matches or not, whatever the text, for many texts.
#[derive(Debug)]
pub(crate) enum Regexp {
    /// It has nothing but characters that stand for themselves.
    Literal(Box<str>),
    Pattern {
        pattern: Pattern,
        /// What the classes of characters are beyond ASCII; empty where case and classes follow
        /// ASCII alone.
        classes: String,
    },
}

impl Regexp {
    /// Reads a pattern of `~`, or of `~*`, which ignores case.
    ///
    /// # Errors
    /// `invalid_query`, with 2201B where Postgres refuses it too; else it is a basic or extended one, or
    /// too large.
    pub(crate) fn new(pattern: &str, ignore_case: bool, letters: Letters) -> Result<Self, Error> {
        let plain = |c: char| c.is_alphanumeric() || c == ' ' || c == '_';
        if !ignore_case && pattern.chars().all(plain) {
            return Ok(Self::Literal(pattern.into()));
        }
        let flags = if ignore_case { "i" } else { "" };
        let refuse = |why: &str| Err(Error::new(ErrorCode::InvalidQuery, why.to_owned()));
        if let Some(why) = pattern_fault(pattern, flags) {
            return refuse(why);
        }
        let ascii = letters == Letters::Ascii;
        let read = parse(pattern, Options::new(flags, ascii)?).map_err(|_| {
            let message = "the regular expression is none that Postgres takes";
            Error::new(ErrorCode::InvalidQuery, message).sqlstate("2201B")
        })?;
        if steps(&read.tree.re) > STEPS_MAX {
            return refuse("the regular expression is too large: repeat less");
        }
        let classes = if ascii {
            String::new()
        } else {
            letters::classes()
        };
        Ok(Self::Pattern {
            pattern: read,
            classes,
        })
    }

    /// Does it match anywhere in a text?
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => text.contains(&**literal),
            Self::Pattern { pattern, classes } => {
                let text: Vec<char> = text.chars().collect();
                let matcher = Matcher::new(pattern, &text, classes);
                match pattern.refers() {
                    true => matcher.find(0).is_some(),
                    false => matcher.matches(),
                }
            }
        }
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pattern")
    }
}

fn steps(re: &Re) -> u64 {
    match re {
        Re::One(_) | Re::Start | Re::End | Re::Word(..) => 1,
        Re::Look(_, _, inner) => 1 + steps(inner),
        Re::Cat(parts) | Re::Alt(parts) => parts.iter().map(|part| steps(part)).sum(),
        Re::Repeat(inner, min, max) => {
            let times = if *max == ENDLESS { min + 1 } else { *max };
            u64::from(times).saturating_mul(steps(inner))
        }
    }
}
