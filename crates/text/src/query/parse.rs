//! Reads the syntaxes of queries: operators, and what a user types.

use super::build::Builder;
use super::{Item, Operand, Query};
use crate::letters::Letters;
use crate::scan::{Scan, Style, is_operator};
use crate::vector::POSITION_MAX;
use crate::{Error, Weight};

/// How many operators may wait for their operands, in Postgres too.
const OPERATORS_MAX: usize = 32;
/// How many parentheses may be open. Postgres takes some thousands, as its stack has them.
const PARENTHESES_MAX: usize = 1000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Operators,
    Web,
}

/// What makes an operand of the words that stand for it. It is no type parameter, so that this is
/// compiled once.
pub(super) type Push<'a> = &'a dyn Fn(&mut Builder, Operand<'_>) -> Result<(), Error>;

/// What is expected next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FirstOperand,
    Operand,
    Operator,
}

enum Token {
    Operand {
        text: String,
        prefix: bool,
        weights: u8,
    },
    Operator(Item),
    Open,
    Close,
    End,
}

struct Reader<'a> {
    scan: Scan<'a>,
    state: State,
    open: usize,
    builder: Builder,
}

/// A query of a text, its operands pushed by `push`.
///
/// # Errors
/// As Postgres, and `TooDeep`.
pub(super) fn parse(
    text: &str,
    letters: Letters,
    syntax: Syntax,
    push: Push<'_>,
) -> Result<Query, Error> {
    let style = match syntax {
        Syntax::Operators => Style::Query,
        Syntax::Web => Style::Web,
    };
    let mut reader = Reader {
        scan: Scan::new(text, letters, style),
        state: State::FirstOperand,
        open: 0,
        builder: Builder::default(),
    };
    // The operators that wait, and how many of them were before each open parenthesis.
    let mut waiting: Vec<Item> = Vec::new();
    let mut opened: Vec<usize> = Vec::new();
    loop {
        let level = opened.last().copied().unwrap_or(0);
        let token = match syntax {
            Syntax::Operators => reader.operators()?,
            Syntax::Web => reader.web()?,
        };
        let builder = &mut reader.builder;
        match token {
            Token::Operand {
                text,
                prefix,
                weights,
            } => {
                let text = &text;
                push(
                    builder,
                    Operand {
                        text,
                        prefix,
                        weights,
                    },
                )?;
            }
            Token::Operator(operator) => {
                release(builder, &mut waiting, level, operator);
                if waiting.len() - level == OPERATORS_MAX {
                    return Err(Error::OperatorStack);
                }
                waiting.push(operator);
            }
            Token::Open => {
                if opened.len() == PARENTHESES_MAX {
                    return Err(Error::TooDeep);
                }
                opened.push(waiting.len());
            }
            Token::Close => {
                release(builder, &mut waiting, level, Item::Or);
                opened.pop();
            }
            Token::End => {
                release(builder, &mut waiting, level, Item::Or);
                return Ok(reader.builder.finish());
            }
        }
    }
}

/// Pushes the operators that bind before the next one.
fn release(builder: &mut Builder, waiting: &mut Vec<Item>, level: usize, next: Item) {
    while let Some(&last) = waiting[level..].last() {
        // `!` binds what is to its right.
        let keeps = next.priority() > last.priority() || next == Item::Not && last == Item::Not;
        if keeps {
            break;
        }
        builder.push_operator(last);
        waiting.pop();
    }
}

impl Reader<'_> {
    fn operators(&mut self) -> Result<Token, Error> {
        self.scan.skip_space();
        if self.state == State::Operator {
            return self.operator();
        }
        match self.scan.peek() {
            Some('!') => {
                self.scan.step();
                self.state = State::Operand;
                Ok(Token::Operator(Item::Not))
            }
            Some('(') => {
                self.scan.step();
                self.state = State::Operand;
                self.open += 1;
                Ok(Token::Open)
            }
            Some(':') => Err(Error::Syntax),
            None if self.state == State::FirstOperand => Ok(Token::End),
            _ => {
                let text = self.scan.word()?.ok_or(Error::Syntax)?;
                let (prefix, weights) = self.modifiers();
                self.state = State::Operator;
                Ok(Token::Operand {
                    text,
                    prefix,
                    weights,
                })
            }
        }
    }

    fn operator(&mut self) -> Result<Token, Error> {
        let operator = match self.scan.step() {
            None if self.open == 0 => return Ok(Token::End),
            Some(')') => {
                self.open = self.open.checked_sub(1).ok_or(Error::Syntax)?;
                return Ok(Token::Close);
            }
            Some('&') => Item::And,
            Some('|') => Item::Or,
            Some('<') => Item::Phrase(self.distance()?),
            _ => return Err(Error::Syntax),
        };
        self.state = State::Operand;
        Ok(Token::Operator(operator))
    }

    /// The rest of `<->` or `<2>`.
    fn distance(&mut self) -> Result<u16, Error> {
        let distance = if self.scan.eat('-') {
            1
        } else {
            self.scan.number().ok_or(Error::Syntax)?
        };
        if distance > i64::from(POSITION_MAX) + 1 {
            return Err(Error::Distance);
        }
        self.scan
            .eat('>')
            .then_some(distance as u16)
            .ok_or(Error::Syntax)
    }

    /// `:*AB` after an operand.
    fn modifiers(&mut self) -> (bool, u8) {
        let (mut prefix, mut weights) = (false, 0);
        if self.scan.eat(':') {
            while let Some(c) = self.scan.peek() {
                match Weight::of(c) {
                    Some(weight) => weights |= 1 << weight as u8,
                    None if c == '*' => prefix = true,
                    None => break,
                }
                self.scan.step();
            }
        }
        (prefix, weights)
    }

    fn web(&mut self) -> Result<Token, Error> {
        if self.state == State::Operator {
            let skips = |scan: &Scan<'_>, c| is_operator(c) || scan.is_space(c);
            while self.scan.peek().is_some_and(|c| skips(&self.scan, c)) {
                self.scan.step();
            }
            let operator = match self.scan.peek() {
                None => return Ok(Token::End),
                Some(_) if self.is_or() => {
                    self.scan.skip("or".len());
                    Item::Or
                }
                Some(_) => Item::And,
            };
            self.state = State::Operand;
            return Ok(Token::Operator(operator));
        }
        loop {
            match self.scan.peek() {
                Some('-') => {
                    self.scan.step();
                    self.state = State::Operand;
                    return Ok(Token::Operator(Item::Not));
                }
                Some('"') => {
                    self.scan.step();
                    let rest = self.scan.rest();
                    let quoted = rest.find('"').unwrap_or(rest.len());
                    self.scan.skip(quoted);
                    self.scan.eat('"');
                    self.state = State::Operator;
                    return Ok(plain(rest[..quoted].into()));
                }
                Some(c) if is_operator(c) => {
                    self.scan.step();
                    self.state = State::Operand;
                }
                Some(c) if self.scan.is_space(c) => {
                    self.scan.step();
                }
                Some(_) => {
                    let text = self.scan.word()?.unwrap_or_default();
                    self.state = State::Operator;
                    return Ok(plain(text));
                }
                None => {
                    if self.state == State::Operand {
                        self.builder.push_stop();
                    }
                    return Ok(Token::End);
                }
            }
        }
    }

    /// Is it an `or` that stands alone, and not the last word?
    fn is_or(&self) -> bool {
        let rest = self.scan.rest();
        let is_or = rest
            .get(..2)
            .is_some_and(|word| word.eq_ignore_ascii_case("or"));
        let mut after = rest.chars().skip(2);
        let ends = |c: char| !(matches!(c, '-' | '_') || self.scan.is_word(c));
        is_or && after.next().is_some_and(ends) && after.any(|c| !self.scan.is_space(c))
    }
}

fn plain(text: String) -> Token {
    Token::Operand {
        text,
        prefix: false,
        weights: 0,
    }
}
