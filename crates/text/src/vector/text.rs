//! A vector's text form: `'a':1A,2 'b':3`.

use super::{POSITION_MAX, Position, Vector, Weight};
use crate::lexemes::{Lexemes, Rules};
use crate::scan::{Scan, Style, push_quoted};
use crate::{Config, Error};
use std::fmt::{Display, Formatter, Result as Written};

const OF_INPUT: Rules = Rules {
    positions_max: 256,
    greatest: true,
};

impl Vector {
    /// Reads the text form, as a server of the configuration does: `text::tsvector`.
    ///
    /// # Errors
    /// `Syntax` and `TooLong`, where Postgres refuses it too.
    pub fn parse(config: &Config, text: &str) -> Result<Self, Error> {
        let mut scan = Scan::new(text, config.letters(), Style::Vector);
        let mut lexemes = Lexemes::default();
        while let Some(lexeme) = scan.word()? {
            lexemes.push(&lexeme, None);
            if scan.eat(':') {
                positions(&mut scan, &mut lexemes)?;
            }
        }
        lexemes.into_vector(OF_INPUT)
    }
}

/// Positions after a colon, up to a space.
fn positions(scan: &mut Scan<'_>, lexemes: &mut Lexemes) -> Result<(), Error> {
    loop {
        // Postgres cuts a number to 32 bits, and one that is less than 0 then to those it stores.
        let at = scan.number().ok_or(Error::Syntax)? as i32;
        let at = usize::try_from(at).unwrap_or((at as u16 & POSITION_MAX).into());
        if at == 0 {
            return Err(Error::Syntax);
        }
        let mut weight = Weight::D;
        loop {
            match scan.peek() {
                Some(',') => break,
                Some(c) if c.is_ascii_digit() => {}
                Some(c) if scan.is_space(c) => break,
                None => break,
                Some(c) => {
                    let given = if c == '*' {
                        Some(Weight::A)
                    } else {
                        Weight::of(c)
                    };
                    let given = given.ok_or(Error::Syntax)?;
                    if given != Weight::D && weight != Weight::D {
                        return Err(Error::Syntax);
                    }
                    weight = given;
                }
            }
            scan.step();
        }
        lexemes.push_again(Position::new(at, weight));
        if !scan.eat(',') {
            return Ok(());
        }
    }
}

impl Display for Vector {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let mut text = String::new();
        for lexeme in self.iter() {
            if !text.is_empty() {
                text.push(' ');
            }
            push_quoted(&mut text, lexeme.text);
            let mut mark = ':';
            for position in lexeme.positions() {
                text.push(mark);
                text.push_str(&position.at().to_string());
                if position.weight() != Weight::D {
                    text.push(position.weight().letter());
                }
                mark = ',';
            }
        }
        f.write_str(&text)
    }
}
