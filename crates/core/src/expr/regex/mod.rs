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

use std::rc::Rc;

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
    Look(bool, bool, Rc<Re>),
    Cat(Vec<Rc<Re>>),
    Alt(Vec<Rc<Re>>),
    Repeat(Rc<Re>, u32, u32),
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
    re: Rc<Re>,
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
pub(super) struct Pattern {
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
