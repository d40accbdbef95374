//! Gathers operands and operators, and takes out what stop words left.

use super::{Item, Query};
use crate::config::WORD_BYTES_MAX;
use crate::vector::POSITION_MAX;
use crate::{Config, Error, Stems};

/// Postgres stores no more bytes of operands.
const TEXT_BYTES_MAX: usize = (1 << 20) - 1;

/// An item, or the place of an operand that was a stop word.
#[derive(Clone, Copy)]
enum Node {
    Item(Item),
    Stop,
}

/// A query that is being read, operands before operators.
#[derive(Default)]
pub(super) struct Builder {
    nodes: Vec<Node>,
    text: String,
    operands: usize,
}

/// What is left of a part without its stop words: is anything, and how much wider must a phrase
/// get before and after it?
#[derive(Clone, Copy, Default)]
struct Left {
    is_some: bool,
    before: u32,
    after: u32,
}

impl Builder {
    pub fn push_operator(&mut self, operator: Item) {
        self.nodes.push(Node::Item(operator));
    }

    pub fn push_stop(&mut self) {
        self.nodes.push(Node::Stop);
    }

    /// An operand as it is.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn push(&mut self, text: &str, prefix: bool, weights: u8) -> Result<(), Error> {
        // Postgres ends each by a byte of its own.
        let start = self.text.len();
        if text.len() >= WORD_BYTES_MAX || start + self.operands >= TEXT_BYTES_MAX {
            return Err(Error::TooLong);
        }
        self.operands += 1;
        self.text.push_str(text);
        self.push_operator(Item::Operand {
            start: start as u32,
            bytes: text.len() as u16,
            prefix,
            weights,
        });
        Ok(())
    }

    /// The lexemes of a text, joined by an operator.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn push_text(
        &mut self,
        config: &Config,
        text: &str,
        joined: Item,
        prefix: bool,
        weights: u8,
    ) -> Result<(), Error> {
        let (mut last, mut result) = (0, Ok(()));
        config.lexemes(text, &mut Stems::default(), &mut |lexeme, at| {
            let at = at.min(POSITION_MAX.into());
            // What lies between may be stop words, whose places a phrase keeps.
            for _ in last + 1..at {
                if last > 0 {
                    self.push_stop();
                    self.push_operator(joined);
                }
            }
            result = result.and(self.push(lexeme, prefix, weights));
            if last > 0 {
                self.push_operator(if at == last { Item::And } else { joined });
            }
            last = at;
        });
        if last == 0 {
            self.push_stop();
        }
        result
    }

    /// The query without its stop words.
    pub fn finish(self) -> Query {
        let mut items: Vec<Item> = Vec::with_capacity(self.nodes.len());
        let mut stack: Vec<Left> = Vec::new();
        for node in self.nodes {
            let Node::Item(item) = node else {
                stack.push(Left::default());
                continue;
            };
            let mut pop = || stack.pop().unwrap_or_default();
            let left = match item {
                Item::Operand { .. } => {
                    items.push(item);
                    Left {
                        is_some: true,
                        ..Left::default()
                    }
                }
                Item::Not => {
                    let left = pop();
                    if left.is_some {
                        items.push(item);
                    }
                    left
                }
                Item::And | Item::Or | Item::Phrase(_) => {
                    let right = pop();
                    join(&mut items, item, pop(), right)
                }
            };
            stack.push(left);
        }
        Query {
            items: items.into(),
            text: self.text.into(),
        }
    }
}

/// Puts an operator after its operands, where both are left.
fn join(items: &mut Vec<Item>, operator: Item, left: Left, right: Left) -> Left {
    let distance = match operator {
        Item::Phrase(distance) => Some(u32::from(distance)),
        _ => None,
    };
    let (before, after) = match (left.is_some, right.is_some, distance) {
        (true, true, None) => {
            items.push(operator);
            (0, 0)
        }
        (true, true, Some(distance)) => {
            let distance = distance + left.after + right.before;
            items.push(Item::Phrase(distance.min(u16::MAX.into()) as u16));
            (left.before, right.after)
        }
        (false, false, Some(distance)) => {
            let whole = left.before + distance + right.before;
            (whole, whole)
        }
        (false, false, None) => {
            let widest = left.before.max(right.before);
            (widest, widest)
        }
        (false, true, Some(distance)) => (left.before + distance + right.before, right.after),
        (false, true, None) => (right.before, right.after),
        (true, false, Some(distance)) => (left.before, left.after + distance + right.after),
        (true, false, None) => (left.before, left.after),
    };
    Left {
        is_some: left.is_some || right.is_some,
        before,
        after,
    }
}
