//! What a condition looks for in a text, or in a jsonb: checked against the schema once, bound to what is typed
//! at each run.

use super::document::{Document, Made, ctype, is_text, is_words, term_of};
use crate::error::{Error, ErrorCode};
use crate::query::filter::Filter;
use crate::query::plan::invalid;
use crate::query::{Op, Param};
use crate::schema::{Schema, Table};
use haversack_rows::Column;
use haversack_rows::filter::{RowTest, Test};
use haversack_text::{Config, Query, Stems, Trigrams, matches};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The configurations of text search that every server has (`pg_ts_config`), beside `simple` and `english`,
/// which are known here, too.
const CONFIGS: &str = "arabic armenian basque catalan danish dutch finnish french german greek hindi \
     hungarian indonesian irish italian lithuanian nepali norwegian portuguese romanian russian serbian \
     spanish swedish tamil turkish yiddish";

/// The thresholds that pg_trgm has where it is not set otherwise.
const SIMILAR: f64 = 0.3;
const WORD_SIMILAR: f64 = 0.6;

/// How a text is searched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextShape {
    /// Further columns that are searched with the first, as one text after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// The text search configuration; `english` where it is not given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub config: String,
    /// How what is looked for is read.
    #[serde(default, skip_serializing_if = "is_web")]
    pub syntax: Syntax,
}

fn is_web(syntax: &Syntax) -> bool {
    *syntax == Syntax::Web
}

/// How what is looked for is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Syntax {
    /// `websearch_to_tsquery`
    #[default]
    Web,
    /// `plainto_tsquery`
    Plain,
    /// `phraseto_tsquery`
    Phrase,
    /// `to_tsquery`
    Operators,
}

/// What is looked for in a row's text, but for what is typed.
#[derive(Clone, Debug)]
pub struct Sought {
    /// The positions of the columns that are searched, one text after the other.
    pub columns: Box<[usize]>,
    /// The configuration's name; of a similarity, none.
    pub config: String,
    /// How what is looked for is read.
    pub syntax: Syntax,
    /// Is the column a tsvector?
    pub kept: bool,
    /// What is made of the text; none where only the server can.
    made: Option<Made>,
    /// Is it the server that answers?
    served: bool,
}

impl Sought {
    /// Compiles a condition, or a place in the order, on a column.
    ///
    /// # Errors
    /// `unknown_column`; `invalid_query` for a column without words, a configuration that there is not.
    pub(in crate::query) fn compile(
        schema: &Schema,
        table: &Table,
        (column, op): (&str, Op),
        shape: &TextShape,
    ) -> Result<Self, Error> {
        let mut columns = Vec::with_capacity(1 + shape.with.len());
        for name in std::iter::once(column).chain(shape.with.iter().map(|name| &**name)) {
            columns.push(usize::from(table.require_column(name)?.0));
        }
        let first = &table.columns[columns[0]];
        let kept = op == Op::Search && is_words(first) && columns.len() == 1;
        for &column in &columns {
            let column = &table.columns[column];
            if !kept && !is_text(column) {
                let message = format!("{} has no text to search", column.name);
                return Err(invalid(table, message).column(&column.name));
            }
        }
        let ctype = ctype(schema);
        if op != Op::Search {
            if shape != &TextShape::default() {
                let message = "a similarity is of one column, without a configuration".to_owned();
                return Err(invalid(table, message).column(column));
            }
            return Ok(Self {
                columns: columns.into(),
                config: String::new(),
                syntax: Syntax::default(),
                kept,
                made: ctype.map(Made::Trigrams),
                served: false,
            });
        }
        let config = match &*shape.config {
            "" => "english",
            config => config.strip_prefix("pg_catalog.").unwrap_or(config),
        };
        let known = match ctype {
            Some(ctype) => Config::named(config, schema.server, ctype),
            None => None,
        };
        let of_server = || {
            let mut others = CONFIGS.split(' ');
            config == "english" || config == "simple" || others.any(|other| other == config)
        };
        if known.is_none() && !of_server() {
            let message = format!("there is no text search configuration called {config}");
            return Err(invalid(table, message)
                .hint("it is english, simple, or another that every Postgres has, as german"));
        }
        Ok(Self {
            columns: columns.into(),
            config: config.to_owned(),
            syntax: shape.syntax,
            kept,
            made: known.map(if kept { Made::Kept } else { Made::Words }),
            served: false,
        })
    }

    /// The same where the server answers, who knows all languages and letters.
    pub(in crate::query) fn of_server(&self) -> Self {
        Self {
            served: true,
            ..self.clone()
        }
    }

    /// As `explain` writes what is searched.
    pub(in crate::query) fn describe(&self, table: &Table) -> String {
        let document = self.document();
        document.map_or_else(String::new, |document| document.describe(table))
    }

    fn document(&self) -> Option<Document> {
        Some(Document {
            columns: self.columns.clone(),
            made: self.made?,
            path: Box::default(),
        })
    }

    /// What is typed, read; none where it is left to the server.
    ///
    /// # Errors
    /// `invalid_query` for what does not read as a query, and where only the server can answer.
    pub(super) fn look(
        &self,
        op: Op,
        text: &str,
        threshold: Option<f64>,
    ) -> Result<Option<Looked>, Error> {
        let Some(document) = self.document() else {
            if self.served {
                return Ok(None);
            }
            let what = match op {
                Op::Search => format!("the text search configuration {}", self.config),
                _ => "the letters of this database".to_owned(),
            };
            let message = format!("only the server knows {what}");
            let error = Error::new(ErrorCode::InvalidQuery, message);
            return Err(error.hint("ask it by `fetch()`"));
        };
        let what = match (op, document.made) {
            (_, Made::Kept(config) | Made::Words(config)) => For::Words(self.read(&config, text)?),
            (Op::Similar, Made::Trigrams(ctype)) => {
                For::Similar(Trigrams::of(ctype, text), threshold.unwrap_or(SIMILAR))
            }
            (_, Made::Trigrams(ctype)) => {
                For::WordSimilar(Trigrams::of(ctype, text), threshold.unwrap_or(WORD_SIMILAR))
            }
            // What is made of a text is no value of a jsonb.
            (_, Made::Value) => return Ok(None),
        };
        Ok(Some(Looked { document, what }))
    }

    fn read(&self, config: &Config, text: &str) -> Result<Query, Error> {
        let read = match self.syntax {
            Syntax::Web => Query::websearch(config, text),
            Syntax::Plain => Query::plain(config, text),
            Syntax::Phrase => Query::phrase(config, text),
            Syntax::Operators => Query::operators(config, text),
        };
        read.map_err(|why| {
            let message = format!("what is looked for can't be read: {why}");
            Error::new(ErrorCode::InvalidQuery, message).sqlstate(why.sqlstate())
        })
    }
}

/// Does an operator look for something in a text's words or trigrams?
pub(in crate::query) fn is_of_words(op: Op) -> bool {
    matches!(op, Op::Search | Op::Similar | Op::WordSimilar)
}

/// What is looked for in a row's text, or in its jsonb.
#[derive(Debug)]
pub(crate) struct Looked {
    pub document: Document,
    pub what: For,
}

/// What is looked for.
#[derive(Debug)]
pub(crate) enum For {
    /// `@@`
    Words(Query),
    /// `similarity(text, ...) >= ...`
    Similar(Trigrams, f64),
    /// `word_similarity(..., text) >= ...`
    WordSimilar(Trigrams, f64),
    /// One of these values at the document's path.
    Values {
        /// As the document has values.
        values: Box<[Box<str>]>,
        /// Is that all? Else it is but the least of what a row needs to pass.
        exact: bool,
        /// What says of the column itself whether a row passes.
        test: Arc<dyn Test>,
    },
}

impl Looked {
    /// Does every row pass that the index of the document finds?
    pub(super) fn is_exact(&self) -> bool {
        !matches!(self.what, For::Values { exact: false, .. })
    }

    pub(super) fn word_similarity(
        &self,
        text: &Trigrams,
        columns: &[Column],
        slot: u32,
    ) -> Option<f64> {
        let own = self.document.trigrams(columns, slot)?;
        Some(text.word_similarity(&own).into())
    }
}

impl RowTest for Looked {
    fn passes(&self, columns: &[Column], slot: u32) -> Option<bool> {
        Some(match &self.what {
            For::Words(query) => {
                if self
                    .document
                    .nullable()
                    .is_some_and(|c| columns[c].is_null(slot))
                {
                    return None;
                }
                let words = self.document.words(columns, slot, &mut Stems::default());
                words.is_some_and(|words| matches(&words, query))
            }
            For::Similar(text, threshold) => {
                let own = self.document.trigrams(columns, slot)?;
                f64::from(own.similarity(text)) >= *threshold
            }
            For::WordSimilar(text, threshold) => {
                self.word_similarity(text, columns, slot)? >= *threshold
            }
            For::Values { test, .. } => test.passes(columns[self.document.columns[0]].get(slot))?,
        })
    }
}

/// The filter of a condition on a jsonb that rows need one of some `values` for, as texts of JSON, somewhere
/// in the column; `test` says whether a row passes.
pub(in crate::query) fn within_json<'a>(
    (column, path): (usize, Box<[String]>),
    values: &[String],
    exact: bool,
    test: Arc<dyn Test>,
) -> Filter<'a> {
    let document = Document {
        columns: [column].into(),
        made: Made::Value,
        path,
    };
    let values = values
        .iter()
        .map(|text| term_of(text).into_boxed_str())
        .collect();
    let what = For::Values {
        values,
        exact,
        test,
    };
    Filter::Row {
        wanted: true,
        test: Arc::new(Looked { document, what }),
    }
}

/// The filter of a condition that looks for something in a text.
///
/// # Errors
/// As [`Sought::look`]; `type_mismatch` for what is no text, or no number from 0 to 1.
pub(in crate::query) fn bind_sought<'a>(
    sought: &Sought,
    op: Op,
    wanted: bool,
    params: &[Param<'_>],
) -> Result<Filter<'a>, Error> {
    let text = match params[0] {
        Param::Null => return Ok(Filter::Never),
        Param::Text(text) => text,
        Param::Number(_) => return Err(mismatch("what is looked for is a text, not a number")),
    };
    let threshold = match params.get(1) {
        None | Some(Param::Null) => None,
        Some(Param::Number(number)) if (0.0..=1.0).contains(number) => Some(*number),
        Some(Param::Number(_) | Param::Text(_)) => {
            return Err(mismatch("a similarity is a number from 0 to 1"));
        }
    };
    Ok(match sought.look(op, text, threshold)? {
        Some(looked) => Filter::Row {
            wanted,
            test: Arc::new(looked),
        },
        None => Filter::Always,
    })
}

pub(super) fn mismatch(message: &str) -> Error {
    Error::new(ErrorCode::TypeMismatch, message).sqlstate("22P02")
}
