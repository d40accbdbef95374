//! Gathers lexemes in any order and makes a vector of them.

use crate::Error;
use crate::vector::{Lexeme, POSITION_MAX, Position, Vector};

/// So many bytes are all that a vector's lexemes and positions may take on the server.
const BYTES_MAX: usize = (1 << 20) - 1;

/// How a kind of vector treats the positions of a lexeme.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// It keeps so many.
    pub positions_max: usize,
    /// Of two weights of a position it keeps the greater one, else the first.
    pub greatest: bool,
}

/// Lexemes that were found, and their positions.
#[derive(Default)]
pub(crate) struct Lexemes {
    text: String,
    found: Vec<Found>,
}

struct Found {
    start: usize,
    end: usize,
    position: Option<Position>,
}

impl Lexemes {
    pub fn push(&mut self, lexeme: &str, position: Option<Position>) {
        let start = self.text.len();
        self.text.push_str(lexeme);
        let end = self.text.len();
        self.found.push(Found {
            start,
            end,
            position,
        });
    }

    /// The lexeme that was pushed last, at one more position.
    pub fn push_again(&mut self, position: Position) {
        if let Some(&Found { start, end, .. }) = self.found.last() {
            let position = Some(position);
            self.found.push(Found {
                start,
                end,
                position,
            });
        }
    }

    /// A lexeme with its positions, so much later.
    pub fn push_all(&mut self, lexeme: Lexeme<'_>, later: u16) {
        self.push(lexeme.text, None);
        for position in lexeme.positions() {
            let at = usize::from(position.at()) + usize::from(later);
            self.push_again(Position::new(at, position.weight()));
        }
    }

    /// # Errors
    /// `TooLong`: more than Postgres stores.
    pub fn into_vector(mut self, rules: Rules) -> Result<Vector, Error> {
        let text = &self.text;
        let lexeme = |found: &Found| &text[found.start..found.end];
        let at = |found: &Found| found.position.map_or(0, |position| position.at());
        // The order among equals is that in which they came, which tells at the last position.
        self.found
            .sort_by(|a, b| (lexeme(a).cmp(lexeme(b))).then(at(a).cmp(&at(b))));
        let (mut out, mut numbers) = (String::new(), Vec::new());
        let mut stored = 0;
        for same in self.found.chunk_by(|a, b| lexeme(a) == lexeme(b)) {
            let lexeme = lexeme(&same[0]);
            let head = numbers.len();
            out.push_str(lexeme);
            numbers.extend([lexeme.len() as u16, 0]);
            let first = numbers.len();
            for position in same.iter().filter_map(|found| found.position) {
                let count = numbers.len() - first;
                match numbers[first..].last_mut() {
                    // Postgres ends at the last position there is, or when it has enough.
                    _ if count == rules.positions_max => break,
                    Some(last) if count > 1 && Position(*last).at() == POSITION_MAX => break,
                    Some(last) if Position(*last).at() == position.at() => {
                        let greatest = position.0.max(*last);
                        *last = if rules.greatest { greatest } else { *last };
                    }
                    _ => numbers.push(position.0),
                }
            }
            let count = numbers.len() - first;
            numbers[head + 1] = count as u16;
            stored += lexeme.len();
            if count > 0 {
                stored += stored % 2 + 2 + 2 * count;
            }
            if stored > BYTES_MAX {
                return Err(Error::TooLong);
            }
        }
        Ok(Vector::from_parts(out, numbers))
    }
}
