//! Full text search and trigram similarity that answer exactly as PostgreSQL does.
//!
//! A [`Config`] says which text search configuration of which server is meant. It makes a
//! [`Vector`] (`tsvector`) of a text and a [`Query`] (`tsquery`) of what a user typed; [`matches`]
//! is `@@`, [`rank`] is `ts_rank` and [`rank_cd`] `ts_rank_cd`, both equal to the bit. [`Trigrams`]
//! is the extension `pg_trgm`. Postgres is the oracle: where its documentation and its answers
//! differ, its answers are followed.
//!
//! ```
//! use haversack_text::{Config, Ctype, Query, Vector, matches};
//!
//! let config = Config::named("english", 17, Ctype::Unicode).unwrap();
//! let vector = Vector::of(&config, "The Fat Rats").unwrap();
//! assert_eq!(vector.to_string(), "'fat':2 'rat':3");
//! let query = Query::websearch(&config, "rat -cat").unwrap();
//! assert!(matches(&vector, &query));
//! ```
//!
//! Nothing here is recursive, and a text is read in time linear in its length. Matching takes time
//! by the lexemes and operands together; word similarities, and covers of queries with phrases, take
//! up to the square of the text's length, so callers bound what they compare.
#![forbid(unsafe_code)]

mod config;
mod letters;
mod lexemes;
mod matching;
mod parser;
mod query;
mod rank;
mod rank_cd;
mod scan;
mod sort;
mod stem;
mod stems;
mod trigram;
mod vector;

pub use config::{Config, Ctype, Language};
pub use matching::matches;
pub use parser::{Kind, Token};
pub use query::{Operand, Query};
pub use rank::{WEIGHTS, rank};
pub use rank_cd::rank_cd;
pub use stems::Stems;
pub use trigram::{Trigrams, similar};
pub use vector::{Iter, Lexeme, Position, Vector, Weight};

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It does not read as a vector or a query.
    Syntax,
    /// A distance between operands is more than 16,384.
    Distance,
    /// A word, or all of them, are longer than Postgres stores.
    TooLong,
    /// More operators wait for an operand than Postgres's stack holds.
    OperatorStack,
    /// More parentheses within each other than are read here; Postgres's own limit is that of its
    /// stack, and higher.
    TooDeep,
}

impl Error {
    /// Postgres's code of the error.
    pub fn sqlstate(self) -> &'static str {
        match self {
            Self::Syntax => "42601",
            Self::Distance => "22023",
            Self::TooLong => "54000",
            Self::OperatorStack => "XX000",
            Self::TooDeep => "54001",
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Syntax => "syntax error in text search value",
            Self::Distance => "distance in phrase operator is out of range",
            Self::TooLong => "text search value is too long",
            Self::OperatorStack => "tsquery stack too small",
            Self::TooDeep => "parentheses are nested too deeply",
        })
    }
}

impl std::error::Error for Error {}
