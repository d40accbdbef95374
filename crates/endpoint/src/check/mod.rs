//! `haversack check`: what stays on the server, and what could be better, in a database and its
//! haversack.toml. Reads the catalog and changes nothing.

mod catalog;
mod policies;
mod print;
mod secrets;

pub use print::Report;
pub(crate) use print::scope_words;

use crate::config::Config;
use crate::introspect::{Code, Note, Privileges, Severity, Survey, sort, survey};
use haversack_core::Error;
use tokio_postgres::Client;

/// The client's own words, which a table's name can't be in `db.<name>`.
const TAKEN: [&str; 13] = [
    "cache",
    "close",
    "conflicts",
    "flush",
    "inspect",
    "journal",
    "meta",
    "open",
    "schema",
    "sync",
    "sync_queue",
    "table",
    "transaction",
];

/// Reads a database to the end, whatever is wrong with it.
///
/// # Errors
/// What Postgres answers; whatever is wrong with the schema is a note.
pub async fn check(
    client: &mut Client,
    config: &Config,
    role: &str,
    privileges: Privileges,
) -> Result<Report, Error> {
    let Survey {
        introspected,
        faults,
        identity_functions,
    } = survey(client, config, role, privileges).await?;
    let mut notes: Vec<Note> = faults.iter().map(Note::from).collect();
    notes.extend(introspected.notes.iter().cloned());
    for (table, facts) in introspected.schema.tables.iter().zip(&introspected.tables) {
        secrets::look(table, &mut notes);
        policies::look(&table.name, facts, &identity_functions, &mut notes);
        if TAKEN.contains(&table.name.as_str()) {
            let sentence = format!(
                "{} is a word of the client's own: the table is reached by db.table(\"{}\")",
                table.name, table.name
            );
            notes.push(Note::new(Code::NameTaken, &table.name, sentence));
        }
        let declared = config.tables.iter().any(|(name, rules)| {
            let (schema, relation) = crate::names::split(name);
            crate::names::table_name(&schema, &relation) == table.name
                && rules.scope.as_deref() == Some("global")
        });
        if !facts.row_security && !declared {
            let sentence = format!(
                "{} has no row security: every signed-in user reads every row",
                table.name
            );
            notes.push(Note::new(Code::RowSecurityOff, &table.name, sentence).hint(format!(
                "say scope = \"global\" under [tables.{}] if that is meant; else ALTER TABLE {} ENABLE ROW LEVEL SECURITY and add a policy",
                table.name, facts.sql
            )));
        }
    }
    catalog::look(client, &introspected, &mut notes).await?;
    sort(&mut notes);
    Ok(Report {
        introspected,
        notes,
    })
}

impl Report {
    /// The exit code: 2 with an error, 1 with a warning where those count, else 0.
    pub fn exit_code(&self, strict: bool) -> u8 {
        match self.notes.iter().map(|n| n.severity).min() {
            Some(Severity::Error) => 2,
            Some(Severity::Warning) if strict => 1,
            Some(Severity::Warning | Severity::Info) | None => 0,
        }
    }
}
