//! The lexemes of a text and where they are: `tsvector`.
//!
//! In memory a vector is the text of its lexemes, in the order of their bytes, and one run of
//! numbers: for each lexeme its length in bytes, how many positions it has, and these.

mod text;

use crate::lexemes::{Lexemes, Rules};
use crate::{Config, Error, Stems};

/// Positions stop here.
pub(crate) const POSITION_MAX: u16 = 16_383;

const OF_TEXT: Rules = Rules {
    positions_max: 255,
    greatest: false,
};
const OF_TWO: Rules = Rules {
    positions_max: 256,
    greatest: false,
};

/// The weight of a position; D is what it has by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Weight {
    D,
    C,
    B,
    A,
}

impl Weight {
    pub(crate) const ALL: [Self; 4] = [Self::D, Self::C, Self::B, Self::A];

    /// The weight of a letter, in either case.
    pub fn of(letter: char) -> Option<Self> {
        let place = "DCBA".find(letter.to_ascii_uppercase())?;
        Some(Self::ALL[place])
    }

    pub(crate) fn letter(self) -> char {
        char::from(b"DCBA"[self as usize])
    }
}

/// A position of a lexeme, from 1 to 16,383, and its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(pub(crate) u16);

impl Position {
    pub(crate) fn new(at: usize, weight: Weight) -> Self {
        Self(at.min(POSITION_MAX.into()) as u16 | (weight as u16) << 14)
    }

    /// How many words into the text.
    pub fn at(self) -> u16 {
        self.0 & POSITION_MAX
    }

    /// Its weight.
    pub fn weight(self) -> Weight {
        Weight::ALL[usize::from(self.0 >> 14)]
    }
}

/// A lexeme of a vector.
#[derive(Clone, Copy, Debug)]
pub struct Lexeme<'a> {
    /// The lexeme.
    pub text: &'a str,
    positions: &'a [u16],
}

impl<'a> Lexeme<'a> {
    /// Its positions, in order; none where the vector was stripped of them.
    pub fn positions(&self) -> impl ExactSizeIterator<Item = Position> + use<'a> {
        self.positions.iter().copied().map(Position)
    }
}

/// A `tsvector`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vector {
    text: Box<str>,
    numbers: Box<[u16]>,
}

/// Lexemes of a vector.
#[derive(Clone, Copy, Debug)]
pub struct Iter<'a> {
    text: &'a str,
    numbers: &'a [u16],
}

impl<'a> Iterator for Iter<'a> {
    type Item = Lexeme<'a>;

    fn next(&mut self) -> Option<Lexeme<'a>> {
        let (&[bytes, count], rest) = self.numbers.split_first_chunk()?;
        let (text, later) = self.text.split_at(bytes.into());
        let (positions, rest) = rest.split_at(count.into());
        (self.text, self.numbers) = (later, rest);
        Some(Lexeme { text, positions })
    }
}

impl Vector {
    /// `to_tsvector`.
    ///
    /// # Errors
    /// `TooLong`: its lexemes take more than a megabyte.
    pub fn of(config: &Config, text: &str) -> Result<Self, Error> {
        Self::of_many(config, text, &mut Stems::default())
    }

    /// The same, for one of many texts, whose words are kept.
    ///
    /// # Errors
    /// As [`Vector::of`].
    pub fn of_many(config: &Config, text: &str, stems: &mut Stems) -> Result<Self, Error> {
        let mut lexemes = Lexemes::default();
        config.lexemes(text, stems, &mut |lexeme, at| {
            lexemes.push(lexeme, Some(Position::new(at, Weight::D)));
        });
        lexemes.into_vector(OF_TEXT)
    }

    pub(crate) fn from_parts(text: String, numbers: Vec<u16>) -> Self {
        Self {
            text: text.into(),
            numbers: numbers.into(),
        }
    }

    /// Its lexemes, in the order of their bytes.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            text: &self.text,
            numbers: &self.numbers,
        }
    }

    /// The lexemes that are this text, or that begin with it.
    pub(crate) fn find(&self, text: &str, prefix: bool) -> Iter<'_> {
        let mut found = self.iter();
        let mut end = found;
        // Those before it are left out; those after it end it.
        loop {
            let rest = end;
            let Some(lexeme) = end.next() else {
                break;
            };
            if lexeme.text < text {
                found = end;
            } else if lexeme.text != text && !(prefix && lexeme.text.starts_with(text)) {
                end = rest;
                break;
            }
        }
        found.text = &found.text[..found.text.len() - end.text.len()];
        found.numbers = &found.numbers[..found.numbers.len() - end.numbers.len()];
        found
    }

    /// How many lexemes it has: `length`.
    pub fn length(&self) -> usize {
        self.iter().count()
    }

    /// How many positions it has, a lexeme without any counted as one.
    pub(crate) fn positions(&self) -> usize {
        let each = self.iter().map(|lexeme| lexeme.positions().len().max(1));
        each.sum()
    }

    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        self.text.len() + 2 * self.numbers.len()
    }

    /// Its lexemes without positions.
    #[must_use]
    pub fn strip(&self) -> Self {
        self.map(|_| None)
    }

    /// It with one weight for all positions.
    #[must_use]
    pub fn set_weight(&self, weight: Weight) -> Self {
        self.map(|position| Some(Position::new(position.at().into(), weight)))
    }

    fn map(&self, to: impl Fn(Position) -> Option<Position>) -> Self {
        let mut numbers = Vec::with_capacity(self.numbers.len());
        for lexeme in self.iter() {
            let start = numbers.len();
            numbers.extend([lexeme.text.len() as u16, 0]);
            numbers.extend(
                lexeme
                    .positions()
                    .filter_map(&to)
                    .map(|position| position.0),
            );
            numbers[start + 1] = (numbers.len() - start - 2) as u16;
        }
        Self::from_parts(self.text.to_string(), numbers)
    }

    /// Another text after this one: `||`.
    ///
    /// # Errors
    /// `TooLong`: their lexemes together take more than a megabyte.
    pub fn concat(&self, other: &Self) -> Result<Self, Error> {
        let mut lexemes = Lexemes::default();
        let mut end = 0;
        for lexeme in self.iter() {
            lexemes.push_all(lexeme, 0);
            end = lexeme.positions().map(|at| at.at()).fold(end, u16::max);
        }
        for lexeme in other.iter() {
            lexemes.push_all(lexeme, end);
        }
        lexemes.into_vector(OF_TWO)
    }
}
