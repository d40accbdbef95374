//! Matching as `regexec.c` does it: the leftmost match, the longest or shortest from there, taken
//! apart along the tree.

use super::super::host::Regex;
use super::sets::CLASSES;
use super::{ENDLESS, How, Pattern, REFERS, Re, SHORTER, Set, Sub};
use std::cell::RefCell;

/// The class of the characters of words.
const WORD: usize = 13;

/// Where a match or a group begins and ends, in characters.
pub(in crate::expr) type Span = Option<(usize, usize)>;

/// A set of places in the text.
#[derive(Clone, PartialEq)]
struct Places(Vec<u64>);

impl Places {
    fn new(text: &[char]) -> Self {
        Self(vec![0; text.len() / 64 + 1])
    }

    fn add(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// Takes in another's places; `fresh` keeps those alone that are new.
    fn join(&mut self, fresh: &mut Places) {
        for (own, new) in self.0.iter_mut().zip(&mut fresh.0) {
            *new &= !*own;
            *own |= *new;
        }
    }

    fn each(&self, visit: &mut dyn FnMut(usize)) {
        for (i, word) in self.0.iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                visit(i * 64 + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
    }

    /// The largest place up to one, or the smallest from one on.
    fn nearest(&self, mut at: usize, up: bool, end: usize) -> Option<usize> {
        loop {
            if self.has(at) {
                return Some(at);
            }
            match up {
                true if at < end => at += 1,
                false if at > 0 => at -= 1,
                _ => return None,
            }
        }
    }
}

/// A pattern over a text.
pub(in crate::expr) struct Matcher<'m> {
    pattern: &'m Pattern,
    text: &'m [char],
    /// The classes of characters beyond ASCII, a name and a pattern of ECMAScript's on each line;
    /// none has any where this is empty.
    classes: &'m str,
    compiled: RefCell<Vec<(usize, Option<Regex>)>>,
}

impl<'m> Matcher<'m> {
    pub(in crate::expr) fn new(pattern: &'m Pattern, text: &'m [char], classes: &'m str) -> Self {
        Self {
            pattern,
            text,
            classes,
            compiled: RefCell::default(),
        }
    }

    /// Does it match anywhere?
    pub(in crate::expr) fn matches(&self) -> bool {
        !self.all_from(0, self.text.len()).is_empty()
    }

    /// The ends of all matches that begin between two places.
    fn all_from(&self, from: usize, to: usize) -> Places {
        let mut starts = Places::new(self.text);
        for at in from..=to {
            starts.add(at);
        }
        self.image(&self.pattern.tree.re, &starts)
    }

    /// The first match from a place on, and what its groups hold.
    pub(in crate::expr) fn find(&self, from: usize) -> Option<Vec<Span>> {
        let tree = &self.pattern.tree;
        let mut from = from;
        while let Some(start) = self.leftmost(from) {
            let ends = self.ends(&tree.re, start);
            let up = tree.flags & SHORTER > 0;
            let mut at = if up { start } else { self.text.len() };
            while let Some(end) = ends.nearest(at, up, self.text.len()) {
                let mut spans = vec![None; self.pattern.groups + 1];
                spans[0] = Some((start, end));
                if self.dissect(tree, start, end, &mut spans) {
                    return Some(spans);
                }
                if end == if up { self.text.len() } else { start } {
                    break;
                }
                at = if up { end + 1 } else { end - 1 };
            }
            // Only a reference to a group can deny what the languages allow.
            from = start + 1;
            if tree.flags & REFERS == 0 || from > self.text.len() {
                break;
            }
        }
        None
    }

    /// The first place from which the language of the pattern has a text.
    fn leftmost(&self, from: usize) -> Option<usize> {
        let last = self.text.len();
        // In steps that grow, so that a match close by is found without a look at all the rest.
        let (mut low, mut width) = (from, 1);
        let mut high = loop {
            if low > last {
                return None;
            }
            let high = last.min(low + width);
            if !self.all_from(low, high).is_empty() {
                break high;
            }
            low = high + 1;
            width *= 4;
        };
        while low < high {
            let middle = (low + high) / 2;
            match self.all_from(low, middle).is_empty() {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Some(low)
    }

    fn ends(&self, re: &Re, start: usize) -> Places {
        let mut starts = Places::new(self.text);
        starts.add(start);
        self.image(re, &starts)
    }

    /// Where texts of a language end that begin at any of these places.
    fn image(&self, re: &Re, starts: &Places) -> Places {
        let mut out = Places::new(self.text);
        match re {
            Re::Cat(list) => {
                let mut places = starts.clone();
                for part in list {
                    places = self.image(part, &places);
                }
                return places;
            }
            Re::Alt(list) => {
                for part in list {
                    out.join(&mut self.image(part, starts));
                }
            }
            Re::Repeat(inner, min, max) => {
                let mut fresh = starts.clone();
                for _ in 0..*min {
                    fresh = self.image(inner, &fresh);
                }
                out.join(&mut fresh);
                let mut left = if *max == ENDLESS { ENDLESS } else { max - min };
                // What was reached before need not be reached by more repetitions.
                while left > 0 && !fresh.is_empty() {
                    fresh = self.image(inner, &fresh);
                    out.join(&mut fresh);
                    left -= 1;
                }
            }
            Re::One(set) => starts.each(&mut |at| {
                if let Some(c) = self.text.get(at)
                    && self.holds(set, *c)
                {
                    out.add(at + 1);
                }
            }),
            Re::Start | Re::End | Re::Word(..) | Re::Look(..) => starts.each(&mut |at| {
                if self.stands(re, at) {
                    out.add(at);
                }
            }),
        }
        out
    }

    /// Does a constraint hold at a place?
    fn stands(&self, re: &Re, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.text.get(at)).copied();
        let after = self.text.get(at).copied();
        let word = |c: Option<char>| c.is_some_and(|c| self.of_class(WORD, c));
        let line = |c: Option<char>| c.is_none() || (self.pattern.lines && c == Some('\n'));
        match re {
            Re::Start => line(before),
            Re::End => line(after),
            Re::Word(start, end) => match (word(before), word(after)) {
                (false, true) => *start,
                (true, false) => *end,
                _ => !start && !end,
            },
            Re::Look(true, wanted, inner) => self.ends(inner, at).is_empty() != *wanted,
            Re::Look(false, wanted, inner) => {
                let mut starts = Places::new(self.text);
                for start in 0..=at {
                    starts.add(start);
                }
                self.image(inner, &starts).has(at) == *wanted
            }
            Re::One(_) | Re::Cat(_) | Re::Alt(_) | Re::Repeat(..) => false,
        }
    }

    fn holds(&self, set: &Set, c: char) -> bool {
        let code = u32::from(c);
        let within = set
            .ranges
            .iter()
            .any(|&(from, to)| from <= code && code <= to)
            || set
                .classes
                .iter()
                .any(|&(class, complement)| self.of_class(class, c) != complement);
        within != set.negated
    }

    fn of_class(&self, class: usize, c: char) -> bool {
        if !c.is_ascii() {
            return self.beyond_ascii(class, c);
        }
        // In the order of their names.
        match class {
            0 => c.is_ascii_alphanumeric(),
            1 => c.is_ascii_alphabetic(),
            2 => true,
            3 => matches!(c, ' ' | '\t'),
            4 => c.is_ascii_control(),
            5 => c.is_ascii_digit(),
            6 => c.is_ascii_graphic(),
            7 => c.is_ascii_lowercase(),
            8 => !c.is_ascii_control(),
            9 => c.is_ascii_punctuation(),
            10 => matches!(c, ' ' | '\t'..='\r'),
            11 => c.is_ascii_uppercase(),
            12 => c.is_ascii_hexdigit(),
            _ => c.is_ascii_alphanumeric() || c == '_',
        }
    }

    fn beyond_ascii(&self, class: usize, c: char) -> bool {
        let mut compiled = self.compiled.borrow_mut();
        let at = compiled.iter().position(|(own, _)| *own == class);
        let at = at.unwrap_or_else(|| {
            let mut lines = self.classes.lines();
            let body = lines.find_map(|line| line.strip_prefix(CLASSES[class])?.strip_prefix(' '));
            let regex = body.and_then(|body| Regex::new(body).ok());
            compiled.push((class, regex));
            compiled.len() - 1
        });
        let regex = compiled[at].1.as_ref();
        regex.is_some_and(|regex| regex.matches(c.encode_utf8(&mut [0; 4])))
    }

    /// Takes a match apart; `false` where a reference denies it.
    fn dissect(&self, sub: &Sub, begin: usize, end: usize, spans: &mut Vec<Span>) -> bool {
        let good = match &sub.how {
            How::Whole => true,
            How::Alternatives(list) => list.iter().any(|alternative| {
                self.ends(&alternative.re, begin).has(end)
                    && self.attempt(&[(alternative, begin, end)], spans)
            }),
            How::Pair(both) => {
                let [first, second] = &**both;
                let up = first.flags & SHORTER > 0;
                let middles = self.ends(&first.re, begin);
                let mut at = if up { begin } else { end };
                loop {
                    let Some(middle) = middles.nearest(at, up, end).filter(|at| *at >= begin)
                    else {
                        break false;
                    };
                    if self.ends(&second.re, middle).has(end)
                        && self.attempt(&[(first, begin, middle), (second, middle, end)], spans)
                    {
                        break true;
                    }
                    if middle == if up { end } else { begin } {
                        break false;
                    }
                    at = if up { middle + 1 } else { middle - 1 };
                }
            }
            How::Iterations(inner, min, max) => {
                self.iterate(inner, *min as usize, *max, begin, end, spans)
            }
            How::Reference(group, min, max) => self.refers(spans[*group], *min, *max, begin, end),
        };
        if good && sub.group > 0 {
            spans[sub.group] = Some((begin, end));
        }
        good
    }

    /// Takes parts apart one after the other; all or nothing.
    fn attempt(&self, parts: &[(&Sub, usize, usize)], spans: &mut Vec<Span>) -> bool {
        let before = spans.clone();
        let good = parts
            .iter()
            .all(|(sub, begin, end)| self.dissect(sub, *begin, *end, spans));
        if !good {
            *spans = before;
        }
        good
    }

    /// As `cbrdissect`.
    fn refers(&self, held: Span, min: u32, max: u32, begin: usize, end: usize) -> bool {
        let Some((from, to)) = held else {
            return false;
        };
        let (size, whole) = (to - from, end - begin);
        if size == 0 {
            return whole == 0;
        }
        let times = (whole / size) as u32;
        let fits = whole % size == 0 && min <= times && (max == ENDLESS || times <= max);
        fits && (0..whole).all(|i| self.text[begin + i] == self.text[from + i % size])
    }

    /// As `citerdissect` and `creviterdissect`: the ends of iterations, each the longest or shortest
    /// that the rest allows.
    fn iterate(
        &self,
        inner: &Sub,
        min: usize,
        max: u32,
        begin: usize,
        end: usize,
        spans: &mut Vec<Span>,
    ) -> bool {
        let none = begin == end && min == 0;
        let up = inner.flags & SHORTER > 0;
        if none && up {
            return true;
        }
        let min = min.max(1);
        let most = (end - begin).min(max as usize).max(min);
        // Without a length it iterates only where it has to, to come to the least number.
        let needs_empty = |k: usize, at: usize| k < min && min - k >= end - at;
        let mut ends = vec![begin];
        let mut limit = if up { begin } else { end };
        loop {
            let k = ends.len();
            let last = ends[k - 1];
            let places = self.ends(&inner.re, last);
            let found = match up {
                true => {
                    let skip = limit == last && limit != end && !needs_empty(k, limit);
                    let from = if k >= most {
                        end
                    } else {
                        limit + usize::from(skip)
                    };
                    places.nearest(from, true, end)
                }
                false => places.nearest(limit, false, end).filter(|at| *at >= last),
            };
            let mut tried = found;
            if let Some(at) = found {
                ends.push(at);
                let empty = !up && at == last && at != end && !needs_empty(k, at);
                if at == end && k >= min {
                    let parts: Vec<_> = ends
                        .windows(2)
                        .map(|pair| (inner, pair[0], pair[1]))
                        .collect();
                    if self.attempt(&parts, spans) {
                        return true;
                    }
                } else if at != end && k < most && !empty {
                    limit = if up { at } else { end };
                    continue;
                }
            }
            // Another end for this iteration, or for one before it.
            loop {
                if tried.is_none() {
                    tried = ends.last().copied().filter(|_| ends.len() > 1);
                    if tried.is_none() {
                        return none;
                    }
                }
                let at = tried.take().unwrap_or(end);
                ends.pop();
                let before = ends[ends.len() - 1];
                let k = ends.len();
                if up && at < end {
                    limit = at + 1;
                    break;
                }
                if !up && at > before && (at - 1 > before || needs_empty(k, before)) {
                    limit = at - 1;
                    break;
                }
            }
        }
    }
}
