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
        Self::of(config, text, Syntax::Web)
    }

    /// `to_tsquery`: operands with `&`, `|`, `!`, `<->` and parentheses.
    ///
    /// # Errors
    /// Any but [`Error::TooDeep`] as Postgres.
    pub fn operators(config: &Config, text: &str) -> Result<Self, Error> {
        Self::of(config, text, Syntax::Operators)
    }

    fn of(config: &Config, text: &str, syntax: Syntax) -> Result<Self, Error> {
        parse::parse(text, config.letters(), syntax, &|builder, operand| {
            builder.push_text(
                config,
                operand.text,
                Item::Phrase(1),
                operand.prefix,
                operand.weights,
            )
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ctype, Language, Vector, matches};

    const ENGLISH: Config = Config {
        language: Language::English,
        major: 17,
        ctype: Ctype::Unicode,
    };

    #[test]
    fn queries_read_as_in_the_documentation() {
        let text = |query: Result<Query, Error>| query.unwrap().to_string();
        let plain = |words| text(Query::plain(&ENGLISH, words));
        let phrase = |words| text(Query::phrase(&ENGLISH, words));
        let web = |words| text(Query::websearch(&ENGLISH, words));
        let operators = |words| text(Query::operators(&ENGLISH, words));
        assert_eq!(plain("The Fat Rats"), "'fat' & 'rat'");
        assert_eq!(plain("The Fat & Rats:C"), "'fat' & 'rat' & 'c'");
        assert_eq!(phrase("The Fat Rats"), "'fat' <-> 'rat'");
        assert_eq!(phrase("the cat and the rats"), "'cat' <3> 'rat'");
        assert_eq!(
            web("\"supernovae stars\" -crab"),
            "'supernova' <-> 'star' & !'crab'"
        );
        assert_eq!(
            web("\"sad cat\" or \"fat rat\""),
            "'sad' <-> 'cat' | 'fat' <-> 'rat'"
        );
        assert_eq!(web("\"\" )( dummy \\\\ query <->"), "'dummi' & 'queri'");
        assert_eq!(operators("Fat | Rats:AB"), "'fat' | 'rat':AB");
        assert_eq!(
            operators("supern:*A & star:A*B"),
            "'supern':*A & 'star':*AB"
        );
        assert_eq!(operators("!(a|b) & the <-> x"), "!'b' & 'x'");
    }

    #[test]
    fn queries_match_as_in_the_documentation() {
        let is = |text: &str, query: &str| {
            let vector = Vector::of(&ENGLISH, text).unwrap();
            matches(&vector, &Query::operators(&ENGLISH, query).unwrap())
        };
        assert!(is("a fat cat sat on a mat and ate a fat rat", "cat & rat"));
        assert!(!is("a fat cat sat on a mat and ate a fat rat", "fat & cow"));
        assert!(is("fatal error", "fatal <-> error"));
        assert!(!is("error is not fatal", "fatal <-> error"));
        assert!(is("postgraduate", "postgres:*"));
        assert!(!is("", "!the"));
    }

    #[test]
    fn an_index_is_told_what_every_match_has() {
        let needs = |text: &str| {
            let query = Query::operators(&ENGLISH, text).unwrap();
            let needs = query.needs();
            let group = |group: &Vec<Operand<'_>>| {
                let texts: Vec<_> = group.iter().map(|operand| operand.text).collect();
                texts.join("|")
            };
            needs.iter().map(group).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(needs("fat & (rat | cat:*) & !dog"), "fat rat|cat");
        assert_eq!(needs("(fat & rat) | cat"), "fat|cat");
        assert_eq!(needs("!fat | cat"), "");
        assert_eq!(needs("fat <-> !rat"), "fat");
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
        let parse = |text: &str| Query::parse(&ENGLISH, text);
        assert_eq!(parse(&nested(1000)).unwrap().to_string(), "'a'");
        assert_eq!(parse(&nested(10_000)), Err(Error::TooDeep));
        assert_eq!(parse(&("!".repeat(33) + "a")), Err(Error::OperatorStack));
        let long = "word ".repeat(100_000);
        let query = Query::plain(&ENGLISH, &long).unwrap();
        assert!(matches(&Vector::of(&ENGLISH, &long).unwrap(), &query));
        assert_eq!(query.to_string().len(), 9 * 100_000 - 3);
        let right = "(a & ".repeat(900) + "a" + &")".repeat(900);
        assert_eq!(parse(&right).unwrap().needs().len(), 901);
    }
}
