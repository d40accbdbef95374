//! Patterns read as `regcomp.c` and `regc_lex.c` read them.

use super::super::cast::invalid;
use super::{CAPTURES, ENDLESS, How, LONGER, MIXED, Pattern, REFERS, Re, SHORTER, Set, Sub};
use crate::error::Error;
use std::sync::Arc;

/// Postgres's bound on the numbers of a repetition.
const REPEAT_MAX: u32 = 255;
/// How deep groups may nest; a page's stack bounds it.
const DEPTH_MAX: u32 = 100;
/// How many parts a pattern may have that are taken apart one after the other, for the same reason.
const PARTS_MAX: u32 = 300;

/// What the letters after a pattern, or before it in brackets, ask for.
#[derive(Clone, Copy, Default)]
pub(in crate::expr) struct Options {
    /// All matches, not the first alone.
    pub(in crate::expr) global: bool,
    pub(super) ignore_case: bool,
    /// Do `.` and `[^…]` stop at the end of a line?
    stops: bool,
    /// Do `^` and `$` match at every line's ends?
    lines: bool,
    expanded: bool,
    literal: bool,
    /// Does case follow ASCII alone?
    pub(super) ascii: bool,
}

/// Why a pattern can't be run here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Postgres refuses it too.
    Invalid,
    /// It is a basic or extended regular expression.
    Syntax,
}

impl Options {
    /// Reads the letters of a flags argument.
    pub(in crate::expr) fn new(flags: &str, ascii: bool) -> Result<Self, Error> {
        let mut options = Self {
            ascii,
            ..Self::default()
        };
        for flag in flags.chars() {
            match flag {
                'g' => options.global = true,
                _ => options
                    .set(flag)
                    .map_err(|_| invalid("a regular expression has no such option", "22023"))?,
            }
        }
        Ok(options)
    }

    fn set(&mut self, flag: char) -> Result<(), Fault> {
        match flag {
            'c' => self.ignore_case = false,
            'i' => self.ignore_case = true,
            'm' | 'n' => (self.stops, self.lines) = (true, true),
            'p' => (self.stops, self.lines) = (true, false),
            'q' => self.literal = true,
            's' => (self.stops, self.lines) = (false, false),
            't' => self.expanded = false,
            'w' => (self.stops, self.lines) = (false, true),
            'x' => self.expanded = true,
            'b' | 'e' => return Err(Fault::Syntax),
            _ => return Err(Fault::Invalid),
        }
        Ok(())
    }
}

/// Why the client can't run a constant pattern with constant flags, though Postgres may.
pub fn pattern_fault(pattern: &str, flags: &str) -> Option<&'static str> {
    let basic = "its regular expression is a basic or extended one";
    if flags.contains(['b', 'e']) {
        return Some(basic);
    }
    match read(pattern, Options::new(flags, true).unwrap_or_default()) {
        Err(Fault::Syntax) => Some(basic),
        _ => None,
    }
}

/// Does Postgres take a pattern?
pub fn pattern_is_valid(pattern: &str, flags: &str) -> bool {
    Options::new(flags, true).is_ok_and(|options| read(pattern, options).is_ok())
}

/// Reads a pattern.
pub(in crate::expr) fn parse(pattern: &str, options: Options) -> Result<Pattern, Error> {
    read(pattern, options).map_err(|_| invalid("invalid regular expression", "2201B"))
}

fn read(pattern: &str, options: Options) -> Result<Pattern, Fault> {
    let mut parser = Parser {
        text: pattern.chars().collect(),
        at: 0,
        options,
        groups: vec![None],
        depth: 0,
        parts: 0,
        looking: false,
    };
    parser.prefixes()?;
    let tree = parser.alternatives()?;
    if parser.at < parser.text.len() {
        return Err(Fault::Invalid);
    }
    Ok(Pattern {
        tree,
        groups: parser.groups.len() - 1,
        lines: parser.options.lines,
    })
}

pub(super) struct Parser {
    text: Vec<char>,
    pub(super) at: usize,
    pub(super) options: Options,
    /// What the groups match that are closed.
    pub(super) groups: Vec<Option<Arc<Re>>>,
    depth: u32,
    parts: u32,
    /// Within a constraint groups capture nothing.
    pub(super) looking: bool,
}

pub(super) enum Atom {
    /// What no quantifier may follow.
    Constraint(Re),
    Simple(Re),
    Group(Sub),
    Reference(usize),
}

/// As `UP`: what a part means for the whole.
fn up(flags: u8) -> u8 {
    let both = flags & LONGER > 0 && flags & SHORTER > 0;
    flags & !(LONGER | SHORTER) | if both { MIXED } else { 0 }
}

/// As `COMBINE`: the first preference counts.
fn combine(a: u8, b: u8) -> u8 {
    let preference = |flags| flags & (LONGER | SHORTER);
    let first = if preference(a) > 0 { a } else { b };
    up(a | b) | preference(first)
}

fn messy(flags: u8) -> bool {
    flags & (MIXED | CAPTURES | REFERS) > 0
}

fn whole(re: Re, flags: u8) -> Sub {
    Sub {
        flags,
        group: 0,
        re: Arc::new(re),
        how: How::Whole,
    }
}

fn repeat(re: &Arc<Re>, min: u32, max: u32) -> Re {
    Re::Repeat(re.clone(), min, max)
}

fn pair(first: Sub, second: Sub, flags: u8) -> Sub {
    Sub {
        flags,
        group: 0,
        re: Arc::new(Re::Cat(vec![first.re.clone(), second.re.clone()])),
        how: How::Pair(Box::new([first, second])),
    }
}

/// What a reference to a group may match at the most: constraints hold where the group stands.
fn free(re: &Arc<Re>) -> Arc<Re> {
    let all = |list: &[Arc<Re>]| -> Vec<Arc<Re>> { list.iter().map(free).collect() };
    Arc::new(match &**re {
        Re::One(_) => return re.clone(),
        Re::Start | Re::End | Re::Word(..) | Re::Look(..) => Re::Cat(Vec::new()),
        Re::Cat(list) => Re::Cat(all(list)),
        Re::Alt(list) => Re::Alt(all(list)),
        Re::Repeat(inner, min, max) => Re::Repeat(free(inner), *min, *max),
    })
}

impl Parser {
    pub(super) fn peek(&self, ahead: usize) -> char {
        // No pattern of Postgres's contains NUL.
        self.text.get(self.at + ahead).copied().unwrap_or('\0')
    }

    pub(super) fn next(&mut self) -> Result<char, Fault> {
        let c = self.text.get(self.at).copied().ok_or(Fault::Invalid)?;
        self.at += 1;
        Ok(c)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(i, c)| self.peek(i) == c);
        self.at += if found { text.chars().count() } else { 0 };
        found
    }

    fn prefixes(&mut self) -> Result<(), Fault> {
        if self.options.literal {
            return Ok(());
        }
        if self.eat("***=") {
            self.options.literal = true;
            return Ok(());
        }
        if !self.eat("***:") && self.text.len() > 3 && self.eat("***") {
            return Err(Fault::Invalid);
        }
        if self.peek(0) == '(' && self.peek(1) == '?' && self.peek(2).is_ascii_alphabetic() {
            self.at += 2;
            loop {
                match self.next()? {
                    ')' => break,
                    flag => self.options.set(flag)?,
                }
            }
        }
        Ok(())
    }

    /// Goes past what is no part of the pattern: comments, and blanks where it is expanded.
    fn skip(&mut self) -> Result<(), Fault> {
        loop {
            if self.options.literal {
                return Ok(());
            }
            let blank = matches!(self.peek(0), ' ' | '\t'..='\r');
            if self.options.expanded && blank && self.at < self.text.len() {
                self.at += 1;
            } else if self.options.expanded && self.peek(0) == '#' {
                while self.at < self.text.len() && self.peek(0) != '\n' {
                    self.at += 1;
                }
            } else if self.eat("(?#") {
                while self.at < self.text.len() && self.peek(0) != ')' {
                    self.at += 1;
                }
                self.at += usize::from(self.at < self.text.len());
            } else {
                return Ok(());
            }
        }
    }

    fn alternatives(&mut self) -> Result<Sub, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::Invalid);
        }
        let mut branches = vec![self.branch()?];
        while !self.options.literal && self.eat("|") {
            branches.push(self.branch()?);
        }
        self.depth -= 1;
        if branches.len() == 1 {
            return branches.pop().ok_or(Fault::Invalid);
        }
        let flags = branches
            .iter()
            .fold(LONGER, |flags, branch| flags | combine(flags, branch.flags));
        let re = Re::Alt(branches.iter().map(|branch| branch.re.clone()).collect());
        let mut sub = whole(re, flags);
        if messy(flags) {
            sub.how = How::Alternatives(branches);
        }
        Ok(sub)
    }

    fn ends(&mut self) -> Result<bool, Fault> {
        self.skip()?;
        let ends = !self.options.literal && matches!(self.peek(0), '|' | ')');
        Ok(ends && (self.depth > 1 || self.peek(0) == '|') || self.at >= self.text.len())
    }

    /// As `parsebranch` and `parseqatom`: what is simple gathers in one part, up to what is not.
    fn branch(&mut self) -> Result<Sub, Fault> {
        let (mut simple, mut flags) = (Vec::new(), 0);
        while !self.ends()? {
            let atom = match self.atom()? {
                Atom::Constraint(re) => {
                    simple.push(Arc::new(re));
                    continue;
                }
                Atom::Simple(re) => whole(re, 0),
                Atom::Group(sub) => sub,
                Atom::Reference(group) => {
                    let held = self.groups.get(group).cloned().flatten();
                    let re = free(&held.ok_or(Fault::Invalid)?);
                    Sub {
                        flags: REFERS,
                        group: 0,
                        re,
                        how: How::Reference(group, 1, 1),
                    }
                }
            };
            let (min, max, prefers) = self.quantifier()?;
            if max == 0 {
                continue;
            }
            let all = flags | prefers | atom.flags;
            if !messy(up(all)) {
                flags = all;
                simple.push(match (min, max) {
                    (1, 1) => atom.re,
                    _ => Arc::new(repeat(&atom.re, min, max)),
                });
                continue;
            }
            self.parts += 1;
            if self.parts > PARTS_MAX {
                return Err(Fault::Invalid);
            }
            let atom = quantified(atom, min, max, prefers);
            let mut rest = atom;
            if !self.ends()? {
                let after = self.branch()?;
                let plain = matches!((&rest.how, &after.how), (How::Whole, How::Whole));
                let merged = combine(rest.flags, after.flags);
                let together = rest.flags | merged;
                let clean = !messy(up(rest.flags | after.flags)) && !simple.is_empty();
                rest = pair(rest, after, together);
                if plain && clean && rest.group == 0 {
                    rest.how = How::Whole;
                    rest.flags = merged;
                }
            }
            if simple.is_empty() {
                return Ok(rest);
            }
            let prefix = whole(Re::Cat(simple), flags);
            let together = flags | combine(flags, rest.flags);
            return Ok(pair(prefix, rest, together));
        }
        Ok(whole(Re::Cat(simple), flags))
    }

    /// Least and most times, and which of them is preferred.
    fn quantifier(&mut self) -> Result<(u32, u32, u8), Fault> {
        self.skip()?;
        if self.options.literal {
            return Ok((1, 1, 0));
        }
        let mut exact = false;
        let (min, max) = match self.peek(0) {
            '*' => (0, ENDLESS),
            '+' => (1, ENDLESS),
            '?' => (0, 1),
            '{' if self.peek(1).is_ascii_digit() => {
                self.at += 1;
                let min = self.bound()?;
                let max = match self.eat(",") {
                    true if self.peek(0) == '}' => ENDLESS,
                    true => self.bound()?,
                    false => {
                        exact = true;
                        min
                    }
                };
                if min > max || self.peek(0) != '}' {
                    return Err(Fault::Invalid);
                }
                (min, max)
            }
            _ => return Ok((1, 1, 0)),
        };
        // A single number passes on what the atom prefers.
        self.at += 1;
        let shorter = self.eat("?");
        Ok((
            min,
            max,
            match (exact, shorter) {
                (true, _) => 0,
                (_, true) => SHORTER,
                (_, false) => LONGER,
            },
        ))
    }

    fn bound(&mut self) -> Result<u32, Fault> {
        let mut bound = None;
        while let Some(digit) = self.peek(0).to_digit(10) {
            bound = Some(bound.unwrap_or(0) * 10 + digit).filter(|&bound| bound <= REPEAT_MAX);
            if bound.is_none() {
                break;
            }
            self.at += 1;
        }
        bound.ok_or(Fault::Invalid)
    }

    fn atom(&mut self) -> Result<Atom, Fault> {
        let c = self.next()?;
        if self.options.literal {
            return Ok(Atom::Simple(self.one(c)));
        }
        Ok(match c {
            '^' => Atom::Constraint(Re::Start),
            '$' => Atom::Constraint(Re::End),
            '*' | '+' | '?' | ')' => return Err(Fault::Invalid),
            '{' if self.peek(0).is_ascii_digit() => return Err(Fault::Invalid),
            '.' => Atom::Simple(Re::One(Set {
                negated: true,
                ranges: self.line_end(),
                classes: Vec::new(),
            })),
            '(' => self.group()?,
            '[' if self.eat("[:<:]]") => Atom::Constraint(Re::Word(true, false)),
            '[' if self.eat("[:>:]]") => Atom::Constraint(Re::Word(false, true)),
            '[' => Atom::Simple(self.bracket()?),
            '\\' => self.escape()?,
            _ => Atom::Simple(self.one(c)),
        })
    }

    /// What `.` and `[^…]` stop at.
    pub(super) fn line_end(&self) -> Vec<(u32, u32)> {
        match self.options.stops {
            true => vec![(10, 10)],
            false => Vec::new(),
        }
    }

    fn group(&mut self) -> Result<Atom, Fault> {
        let look = [
            ("?=", true, true),
            ("?!", true, false),
            ("?<=", false, true),
            ("?<!", false, false),
        ];
        for (sign, ahead, wanted) in look {
            if self.eat(sign) {
                let outer = std::mem::replace(&mut self.looking, true);
                let inner = self.alternatives()?;
                self.looking = outer;
                return match self.eat(")") {
                    true => Ok(Atom::Constraint(Re::Look(ahead, wanted, inner.re))),
                    false => Err(Fault::Invalid),
                };
            }
        }
        let group = match self.eat("?:") || self.looking && self.peek(0) != '?' {
            true => 0,
            false if self.peek(0) == '?' => return Err(Fault::Invalid),
            false => {
                self.groups.push(None);
                self.groups.len() - 1
            }
        };
        let mut inner = self.alternatives()?;
        if !self.eat(")") {
            return Err(Fault::Invalid);
        }
        if group > 0 {
            self.groups[group] = Some(inner.re.clone());
            if inner.group > 0 {
                // A group of a group: one alternative, which is taken apart.
                inner = Sub {
                    flags: inner.flags,
                    group: 0,
                    re: inner.re.clone(),
                    how: How::Alternatives(vec![inner]),
                };
            }
            inner.group = group;
            inner.flags |= CAPTURES;
        }
        Ok(Atom::Group(inner))
    }
}

/// An atom that is messy, or whose greed is another than what precedes it, with its quantifier.
fn quantified(mut atom: Sub, min: u32, max: u32, prefers: u8) -> Sub {
    let own = atom.flags & (LONGER | SHORTER | MIXED);
    let flags = combine(prefers, atom.flags);
    if let How::Reference(_, least, most) = &mut atom.how {
        (*least, *most) = (min, max);
        atom.re = Arc::new(repeat(&atom.re, min, max));
        atom.flags |= flags;
        return atom;
    }
    if min == 1 && max == 1 && (prefers == 0 || own == 0 || prefers == own) {
        return atom;
    }
    if atom.flags & (CAPTURES | REFERS) == 0 {
        return whole(repeat(&atom.re, min, max), flags);
    }
    if min > 0 && atom.flags & REFERS == 0 {
        // Only the last time's groups count: what precedes it is whole.
        let most = if max == ENDLESS { max } else { max - 1 };
        let before = whole(repeat(&atom.re, min - 1, most), flags & (LONGER | SHORTER));
        return pair(before, atom, flags);
    }
    Sub {
        flags,
        group: 0,
        re: Arc::new(repeat(&atom.re, min, max)),
        how: How::Iterations(Box::new(atom), min, max),
    }
}
