//! What is looked for: `tsquery`.
//!
//! A query is kept in the order in which it is computed, operands before their operator, so that
//! nothing that reads one needs recursion, however deep it is.

mod build;
mod needs;
mod parse;
mod text;

use crate::{Config, Error, Weight};
use build::Builder;
use parse::Syntax;

/// An operand of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand<'a> {
    /// The lexeme, or what it begins with.
    pub text: &'a str,
    /// Is it what a lexeme begins with?
    pub prefix: bool,
    weights: u8,
}

impl Operand<'_> {
    /// Is a position of this weight meant?
    pub fn takes(&self, weight: Weight) -> bool {
        self.weights == 0 || self.weights >> weight as u8 & 1 > 0
    }

    /// Are only some weights meant?
    pub fn is_weighted(&self) -> bool {
        self.weights != 0
    }
}

/// An operand or operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// Bytes of the query's text; the weights that are meant, a bit for each, none for all.
    Operand {
        start: u32,
        bytes: u16,
        prefix: bool,
        weights: u8,
    },
    Not,
    And,
    Or,
    /// The right operand so many positions after the left one.
    Phrase(u16),
}

impl Item {
    /// How tightly an operator binds.
    fn priority(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Phrase(_) => 3,
            Self::Not => 4,
            Self::Operand { .. } => 5,
        }
    }
}

/// A `tsquery`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    items: Box<[Item]>,
    text: Box<str>,
}

impl Query {
    /// `plainto_tsquery`: all words of a text.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn plain(config: &Config, text: &str) -> Result<Self, Error> {
        let mut builder = Builder::default();
        builder.push_text(config, text, Item::And, false, 0)?;
        Ok(builder.finish())
    }

    /// `phraseto_tsquery`: the words of a text, one after the other.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn phrase(config: &Config, text: &str) -> Result<Self, Error> {
        let mut builder = Builder::default();
        builder.push_text(config, text, Item::Phrase(1), false, 0)?;
        Ok(builder.finish())
    }

    /// `websearch_to_tsquery`: words, "phrases", `or` and `-`.
    ///
    /// # Errors
    /// `TooLong`, and `OperatorStack` for more than 32 `-` in a row.
    pub fn websearch(config: &Config, text: &str) -> Result<Self, Error> {
        parse::parse(text, config.letters(), Syntax::Web, |builder, operand| {
            builder.push_text(
                config,
                operand.text,
                Item::Phrase(1),
                operand.prefix,
                operand.weights,
            )
        })
    }

    /// `to_tsquery`: operands with `&`, `|`, `!`, `<->` and parentheses.
    ///
    /// # Errors
    /// Any but [`Error::TooDeep`] as Postgres.
    pub fn operators(config: &Config, text: &str) -> Result<Self, Error> {
        parse::parse(
            text,
            config.letters(),
            Syntax::Operators,
            |builder, operand| {
                builder.push_text(
                    config,
                    operand.text,
                    Item::Phrase(1),
                    operand.prefix,
                    operand.weights,
                )
            },
        )
    }

    /// Has it no operand? Then it matches nothing.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The operand that an item is.
    pub(crate) fn operand(&self, item: Item) -> Option<Operand<'_>> {
        match item {
            Item::Operand {
                start,
                bytes,
                prefix,
                weights,
            } => {
                let start = start as usize;
                Some(Operand {
                    text: &self.text[start..start + usize::from(bytes)],
                    prefix,
                    weights,
                })
            }
            Item::Not | Item::And | Item::Or | Item::Phrase(_) => None,
        }
    }
}
