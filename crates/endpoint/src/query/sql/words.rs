//! Searches of texts and their ranks: full text search, and the extension pg_trgm.

use super::{Given, Writer};
use haversack_core::query::{Condition, Op, Param, Ranked, Sought, Syntax};
use haversack_core::{Error, ErrorCode};

impl<'a> Writer<'a> {
    /// That the words of a text are among those looked for.
    pub(super) fn searched(&mut self, condition: &Condition) -> Result<String, Error> {
        let text = self.text(condition)?.map(str::to_owned);
        let sought = sought(condition.sought.as_deref())?;
        let query = self.asked(sought, text);
        Ok(format!("({} @@ {query})", self.words(sought)))
    }

    /// That a text is similar to another, which an index tells by the operator, and the function exactly.
    pub(super) fn similar(&mut self, condition: &Condition) -> Result<String, Error> {
        let text = self.text(condition)?.map(str::to_owned);
        let of_words = condition.op == Op::WordSimilar;
        let (threshold, least) = match of_words {
            true => (0.6, &mut self.similar.word_similarity),
            false => (0.3, &mut self.similar.similarity),
        };
        let threshold = match self.params.get(condition.param + 1) {
            Some(Param::Number(number)) => *number,
            _ => threshold,
        };
        *least = Some(least.map_or(threshold, |least| least.min(threshold)));
        let trigrams = self.trigrams()?;
        let column = self.column(condition.column);
        let given = self.place(Given::Text(text));
        let threshold = self.place(Given::Text(Some(threshold.to_string())));
        Ok(match of_words {
            true => format!(
                "({given}::text OPERATOR({trigrams}.<%) {column} AND \
                 {trigrams}.word_similarity({given}::text, {column}) >= {threshold}::text::float8)"
            ),
            false => format!(
                "({column} OPERATOR({trigrams}.%) {given}::text AND \
                 {trigrams}.similarity({column}, {given}::text) >= {threshold}::text::float8)"
            ),
        })
    }

    /// How well a text answers, the best first.
    pub(super) fn rank(&mut self, ranked: &Ranked) -> Result<String, Error> {
        let text = match self.params[ranked.param] {
            Param::Text(text) => Some(text.to_owned()),
            Param::Null | Param::Number(_) => None,
        };
        let rank = match ranked.op {
            Op::Search => {
                let query = self.asked(&ranked.sought, text);
                format!("ts_rank({}, {query})", self.words(&ranked.sought))
            }
            op => {
                let trigrams = self.trigrams()?;
                let column = self.column(ranked.sought.columns[0]);
                let given = self.place(Given::Text(text));
                match op {
                    Op::Similar => format!("{trigrams}.similarity({column}, {given}::text)"),
                    _ => format!("{trigrams}.word_similarity({given}::text, {column})"),
                }
            }
        };
        Ok(format!("{rank} DESC NULLS LAST"))
    }

    /// What is looked for in a text.
    fn asked(&mut self, sought: &Sought, text: Option<String>) -> String {
        let function = match sought.syntax {
            Syntax::Web => "websearch_to_tsquery",
            Syntax::Plain => "plainto_tsquery",
            Syntax::Phrase => "phraseto_tsquery",
            Syntax::Operators => "to_tsquery",
        };
        let given = self.place(Given::Text(text));
        format!("{function}({}, {given}::text)", config(sought))
    }

    /// The words of a text, written as an index of them would be.
    fn words(&self, sought: &Sought) -> String {
        let columns = sought.columns.iter().map(|&column| self.column(column));
        let mut columns: Vec<String> = columns.collect();
        if sought.kept {
            return columns.remove(0);
        }
        if columns.len() > 1 {
            for column in &mut columns {
                *column = format!("COALESCE({column}, '')");
            }
        }
        format!(
            "to_tsvector({}, {})",
            config(sought),
            columns.join(" || ' ' || ")
        )
    }

    fn trigrams(&self) -> Result<&'a str, Error> {
        self.compiled.trigrams.as_deref().ok_or_else(|| {
            let message = "the extension pg_trgm, which tells how similar texts are, is not there for users";
            Error::new(ErrorCode::InvalidQuery, message).hint(
                "have the database's owner run CREATE EXTENSION pg_trgm, or GRANT USAGE on its schema; then restart \
                 the endpoint",
            )
        })
    }
}

fn sought(sought: Option<&Sought>) -> Result<&Sought, Error> {
    sought.ok_or_else(|| Error::new(ErrorCode::Internal, "what is looked for is left out"))
}

/// A text search configuration: one of a list that the core has, and so no word of a client's.
fn config(sought: &Sought) -> String {
    format!("'pg_catalog.{}'::regconfig", sought.config)
}
