//! What of a row is searched: a text, or what is somewhere in a jsonb.

use crate::expr::at_path;
use crate::replica::digits;
use crate::schema::{Column as Described, Letters, Schema, Table, Type};
use crate::value;
use haversack_rows::{Column, ValueRef};
use haversack_text::{Config, Ctype, Stems, Trigrams, Vector};
use std::borrow::Cow;

/// Some columns of a row as one text, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// The positions of the columns.
    pub columns: Box<[usize]>,
    pub made: Made,
    /// Where in a jsonb it is; of texts, empty.
    pub path: Box<[String]>,
}

/// What is made of a text, or of a jsonb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// Nothing: it is a tsvector, of a server of this configuration.
    Kept(Config),
    /// `to_tsvector`
    Words(Config),
    /// What pg_trgm compares.
    Trigrams(Ctype),
    /// A jsonb's value, of which equal ones are one text.
    Value,
}

impl Document {
    /// Is it made of this column, among others?
    pub fn concerns(&self, column: usize) -> bool {
        self.columns.contains(&column)
    }

    /// The column whose NULL makes it NULL. Several columns are as if `coalesce`d to empty texts.
    pub fn nullable(&self) -> Option<usize> {
        match self.columns[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    fn text<'a>(&self, columns: &'a [Column], slot: u32) -> Option<Cow<'a, str>> {
        let text = |&column: &usize| match columns[column].get(slot) {
            ValueRef::Text(text) => Some(text),
            ValueRef::Null | ValueRef::Int(_) | ValueRef::Float(_) => None,
        };
        if let [one] = &self.columns[..] {
            return text(one).map(Cow::Borrowed);
        }
        let mut all = String::new();
        for (i, column) in self.columns.iter().enumerate() {
            all.push_str(if i > 0 { " " } else { "" });
            all.push_str(text(column).unwrap_or_default());
        }
        Some(Cow::Owned(all))
    }

    /// Its words; none where it is NULL, and where Postgres would refuse it as too long.
    pub fn words(&self, columns: &[Column], slot: u32, stems: &mut Stems) -> Option<Vector> {
        let text = self.text(columns, slot)?;
        match &self.made {
            Made::Words(config) => Vector::of_many(config, &text, stems).ok(),
            Made::Kept(config) => Vector::parse(config, &text).ok(),
            Made::Trigrams(_) | Made::Value => None,
        }
    }

    /// The value at its path, as a text that is the same of equal values; none where nothing is there.
    pub fn value(&self, columns: &[Column], slot: u32) -> Option<String> {
        let text = self.text(columns, slot)?;
        let tree = value::json_tree(&text)?;
        let found = at_path(&tree, self.path.iter().map(|step| Some(&**step)))?;
        Some(term_of(&value::json_text(found)?))
    }

    /// Its trigrams; none where it is NULL.
    pub fn trigrams(&self, columns: &[Column], slot: u32) -> Option<Trigrams> {
        match self.made {
            Made::Trigrams(ctype) => Some(Trigrams::of(ctype, &self.text(columns, slot)?)),
            Made::Kept(_) | Made::Words(_) | Made::Value => None,
        }
    }

    /// As `explain` writes it.
    pub fn describe(&self, table: &Table) -> String {
        let names = self.columns.iter().map(|&c| &*table.columns[c].name);
        let names = names.collect::<Vec<_>>().join(", ");
        match &self.made {
            Made::Kept(_) | Made::Value => names,
            Made::Words(config) => format!("to_tsvector({}, {names})", language(config)),
            Made::Trigrams(_) => format!("trigrams({names})"),
        }
    }
}

/// A jsonb's canonical text, without what equal values may differ in.
pub(super) fn term_of(text: &str) -> String {
    digits(text).into_owned()
}

fn language(config: &Config) -> &'static str {
    match config.language {
        haversack_text::Language::English => "english",
        haversack_text::Language::Simple => "simple",
    }
}

/// The classes of characters of a database; none where only the server knows them.
pub(super) fn ctype(schema: &Schema) -> Option<Ctype> {
    match schema.letters {
        Letters::Unicode => Some(Ctype::Unicode),
        Letters::Ascii => Some(Ctype::C),
        Letters::Server => None,
    }
}

/// Is it a column of texts?
pub(super) fn is_text(column: &Described) -> bool {
    matches!(column.kind, Type::Text | Type::Varchar { .. })
}

/// Is it a column of words with their positions?
pub(super) fn is_words(column: &Described) -> bool {
    matches!(&column.kind, Type::Opaque { sql } if sql == "tsvector")
}
