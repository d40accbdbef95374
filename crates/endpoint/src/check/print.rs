//! The report for people, by table, and for machines.

use crate::introspect::{Introspected, Note, Severity, TableFacts};
use crate::scope::Scope;
use haversack_core::schema::Table;
use haversack_core::{Error, ErrorCode};
use std::fmt::Write;

/// What `haversack check` found.
#[derive(Debug)]
pub struct Report {
    /// The tables that can be described.
    pub introspected: Introspected,
    /// What there is to know, by table, what matters most first.
    pub notes: Vec<Note>,
}

/// Whose rows a scope has, in words.
pub(crate) fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Global => "everybody's rows".to_owned(),
        Scope::Owner(column) => format!("rows whose {column} is the user"),
    }
}

impl Report {
    /// The notes as a JSON array; fields that don't apply are absent.
    ///
    /// # Errors
    /// `internal`, which does not happen.
    pub fn json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(&self.notes).map_err(|e| {
            Error::new(
                ErrorCode::Internal,
                format!("the notes can't be written: {e}"),
            )
        })
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let Introspected { schema, tables, .. } = &self.introspected;
        for (table, facts) in schema.tables.iter().zip(tables) {
            self.table(table, facts, &mut out);
        }
        // What is no table of the schema: broken ones, views, the database.
        let mut last: Option<&str> = None;
        for note in &self.notes {
            let name = note.table.as_deref().unwrap_or("(the database)");
            if schema.table_id(name).is_some() {
                continue;
            }
            if last != Some(name) {
                let _ = writeln!(out, "{name}");
                last = Some(name);
            }
            print(note, &mut out);
        }
        let count = |severity| self.notes.iter().filter(|n| n.severity == severity).count();
        let _ = writeln!(
            out,
            "{} tables, {} views: {} errors, {} warnings, {} notes; fingerprint {}",
            schema.tables.len(),
            schema.views.len(),
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Info),
            schema.fingerprint
        );
        out
    }

    fn table(&self, table: &Table, facts: &TableFacts, out: &mut String) {
        let notes = || {
            self.notes
                .iter()
                .filter(|n| n.table.as_deref() == Some(&table.name))
        };
        let can = |yes: bool, word: &'static str| yes.then_some(word);
        let rights: Vec<&str> = [
            can(table.insertable, "insert"),
            can(table.updatable, "update"),
            can(table.deletable, "delete"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let rights = if rights.is_empty() {
            "read only".to_owned()
        } else {
            rights.join(", ")
        };
        let unknown = notes().any(|n| n.code == ErrorCode::PolicyUnknown.as_str());
        let scope = if unknown {
            "it is not known whose rows".to_owned()
        } else {
            scope_words(&facts.scope)
        };
        let _ = writeln!(
            out,
            "{}: {scope}; key {}; {rights}",
            table.name,
            table.primary_key.join(", ")
        );
        if !facts.private.is_empty() {
            let _ = writeln!(out, "  private: {}", facts.private.join(", "));
        }
        notes().for_each(|note| print(note, out));
    }
}

fn print(note: &Note, out: &mut String) {
    let _ = writeln!(
        out,
        "  {}: {} [{}]",
        note.severity.word(),
        note.message,
        note.code
    );
    if let Some(hint) = &note.hint {
        let _ = writeln!(out, "    {hint}");
    }
}
