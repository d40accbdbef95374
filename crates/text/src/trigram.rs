//! Similarity of texts by the runs of three characters that they share, as `pg_trgm` has it.

use crate::Ctype;
use crate::letters::Letters;

/// In the upper bits of a trigram that is in a text's order: the first and last of its word.
const FIRST: u32 = 1 << 24;
const LAST: u32 = 1 << 25;
const BYTES: u32 = FIRST - 1;
/// Postgres compares a trigram's bytes as signed ones.
const SIGNS: u32 = 0x80_80_80;

/// The trigrams of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trigrams {
    /// Each once, in Postgres's order.
    distinct: Box<[u32]>,
    /// All, in the text's order.
    ordered: Box<[u32]>,
}

impl Trigrams {
    /// The trigrams of a text in a database of such character classes.
    pub fn of(ctype: Ctype, text: &str) -> Self {
        let letters = Letters::new(ctype, 0);
        let mut ordered = Vec::new();
        let mut word: Vec<char> = Vec::new();
        for part in text.split(|c| !letters.is_word(c)) {
            if part.is_empty() {
                continue;
            }
            word.clear();
            word.extend([' ', ' ']);
            word.extend(part.chars().map(|c| letters.lower(c)));
            word.push(' ');
            let first = ordered.len();
            ordered.extend(word.windows(3).map(trigram));
            ordered[first] |= FIRST;
            if let Some(last) = ordered.last_mut() {
                *last |= LAST;
            }
        }
        let mut distinct: Vec<_> = ordered.iter().map(|trigram| trigram & BYTES).collect();
        distinct.sort_unstable();
        distinct.dedup();
        Self {
            distinct: distinct.into(),
            ordered: ordered.into(),
        }
    }

    /// `show_trgm`: each once; those with characters beyond ASCII as a number.
    pub fn show(&self) -> impl Iterator<Item = String> {
        self.distinct.iter().map(|&trigram| {
            let [_, bytes @ ..] = (trigram ^ SIGNS).to_be_bytes();
            let is_plain = |&byte: &u8| byte.is_ascii_alphanumeric() || byte == b' ';
            if bytes.iter().all(is_plain) {
                return bytes.map(char::from).into_iter().collect();
            }
            let digit = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
            let digits = bytes.into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
            ['0', 'x'].into_iter().chain(digits.map(digit)).collect()
        })
    }

    /// Each of them once, as a number, in ascending order.
    pub fn distinct(&self) -> &[u32] {
        &self.distinct
    }

    /// `similarity(self, other)`, from 0 to 1.
    pub fn similarity(&self, other: &Self) -> f32 {
        let (mut shared, mut rest) = (0, &other.distinct[..]);
        for trigram in &self.distinct {
            let before = rest.iter().take_while(|other| *other < trigram).count();
            rest = &rest[before..];
            shared += usize::from(rest.first() == Some(trigram));
        }
        similar(shared, self.distinct.len(), other.distinct.len())
    }

    /// `word_similarity(self, text)`: the greatest similarity with a run of the text.
    pub fn word_similarity(&self, text: &Self) -> f32 {
        self.similarity_within(text, false)
    }

    /// `strict_word_similarity(self, text)`: the same with a run of whole words.
    pub fn strict_word_similarity(&self, text: &Self) -> f32 {
        self.similarity_within(text, true)
    }

    /// `self % other`, at the server's threshold of 0.3.
    pub fn is_similar(&self, other: &Self) -> bool {
        f64::from(self.similarity(other)) >= 0.3
    }

    /// `self <% text`, at the server's threshold of 0.6.
    pub fn is_word_similar(&self, text: &Self) -> bool {
        f64::from(self.word_similarity(text)) >= 0.6
    }

    /// `self <<% text`, at the server's threshold of 0.5.
    pub fn is_strictly_word_similar(&self, text: &Self) -> bool {
        f64::from(self.strict_word_similarity(text)) >= 0.5
    }

    fn similarity_within(&self, text: &Self, strict: bool) -> f32 {
        // A text's trigrams by their places among its distinct ones, and which of these are wanted.
        let wanted: Vec<bool> = (text.distinct.iter())
            .map(|trigram| self.distinct.binary_search(trigram).is_ok())
            .collect();
        let place = |trigram: &u32| {
            text.distinct
                .partition_point(|other| *other < trigram & BYTES)
        };
        let mut run = Run {
            places: text.ordered.iter().map(place).collect(),
            last_seen: vec![None; wanted.len()],
            wanted,
            goal: self.distinct.len(),
            start: strict.then_some(0),
            distinct: 0,
            shared: 0,
        };
        let mut best = 0.0f32;
        for (at, &trigram) in text.ordered.iter().enumerate() {
            run.take(at);
            let may_end = if strict {
                trigram & LAST > 0
            } else {
                run.wanted[run.places[at]]
            };
            if may_end {
                let may_start = |at: usize| !strict || text.ordered[at] & FIRST > 0;
                best = best.max(run.shorten(at, may_start));
            }
        }
        best
    }
}

/// A run of a text's trigrams, which grows at its end and is shortened at its start where that makes
/// it more similar. The greatest similarity found so is what Postgres finds, not always the greatest
/// there is.
struct Run {
    places: Vec<usize>,
    wanted: Vec<bool>,
    /// Where each distinct trigram was seen last, within the run.
    last_seen: Vec<Option<usize>>,
    /// How many are wanted.
    goal: usize,
    start: Option<usize>,
    /// How many distinct ones the run has, and how many of them are wanted.
    distinct: usize,
    shared: usize,
}

impl Run {
    fn take(&mut self, at: usize) {
        let place = self.places[at];
        if self.start.is_none() && !self.wanted[place] {
            return;
        }
        if self.last_seen[place].is_none() {
            self.distinct += 1;
            self.shared += usize::from(self.wanted[place]);
        }
        self.last_seen[place] = Some(at);
    }

    /// The similarity of the run that ends here, from the best start on.
    fn shorten(&mut self, end: usize, may_start: impl Fn(usize) -> bool) -> f32 {
        let before = *self.start.get_or_insert_with(|| {
            self.distinct = 1;
            end
        });
        let mut start = before;
        let mut best = similar(self.shared, self.goal, self.distinct);
        let (mut shared, mut distinct) = (self.shared, self.distinct);
        for at in before..=end {
            if may_start(at) {
                let similarity = similar(shared, self.goal, distinct);
                if similarity > best {
                    best = similarity;
                    start = at;
                    (self.shared, self.distinct) = (shared, distinct);
                }
            }
            let place = self.places[at];
            if self.last_seen[place] == Some(at) {
                distinct -= 1;
                shared -= usize::from(self.wanted[place]);
            }
        }
        for at in before..start {
            let seen = &mut self.last_seen[self.places[at]];
            if *seen == Some(at) {
                *seen = None;
            }
        }
        self.start = Some(start);
        best
    }
}

/// What two sets share of what they have together: the similarity of texts with so many distinct trigrams,
/// so many of which are the same.
pub fn similar(shared: usize, left: usize, right: usize) -> f32 {
    match left + right - shared {
        0 => 0.0,
        all => shared as f32 / all as f32,
    }
}

/// Three characters in three bytes, or a hash of them: Postgres's old one, which mixes a table for
/// one direction with shifts in the other.
fn trigram(characters: &[char]) -> u32 {
    let mut bytes = [0; 12];
    let mut length = 0;
    for c in characters {
        length += c.encode_utf8(&mut bytes[length..]).len();
    }
    let [a, b, c] = if length == 3 {
        [bytes[0], bytes[1], bytes[2]]
    } else {
        let mut crc = u32::MAX;
        for &byte in &bytes[..length] {
            let mut entry = crc >> 24 ^ u32::from(byte);
            for _ in 0..8 {
                entry = entry >> 1 ^ if entry & 1 > 0 { 0xedb8_8320 } else { 0 };
            }
            crc = entry ^ crc << 8;
        }
        let [low, middle, high, _] = (!crc).to_le_bytes();
        [low, middle, high]
    };
    u32::from_be_bytes([0, a, b, c]) ^ SIGNS
}
