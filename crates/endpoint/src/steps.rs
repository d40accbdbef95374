//! `[migrations.<name>]` of haversack.toml: what a migration renamed and moved, held against the catalog.
//!
//! Invariant: whatever a step names in the end is a table or column that is served. What it was called
//! before can't be looked up any more.

use crate::names::{did_you_mean, split, table_name};
use haversack_core::schema::{Move, Rename, Schema, Step, Table, Type};
use haversack_core::{Error, ErrorCode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What a migration did with what was there; names as `table.column`, or `schema.table.column`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MigrationConfig {
    /// New names of tables, by the old ones.
    pub tables: BTreeMap<String, String>,
    /// New names of columns, by the old ones.
    pub renames: BTreeMap<String, String>,
    /// Columns that were members of the objects in a JSON column: `table.column.member`.
    pub moves: BTreeMap<String, String>,
}

/// The steps as the schema has them, in the order of their migrations.
///
/// # Errors
/// `config_invalid`, naming the migration and the entry.
pub fn steps(
    migrations: &BTreeMap<String, MigrationConfig>,
    file: &str,
) -> Result<Vec<Step>, Error> {
    let mut names: Vec<&String> = migrations.keys().collect();
    // By number where they have one: V10 is after V9. Others, as with a date, by name.
    names.sort_by_key(|name| (number(name), *name));
    let one = |name: &&String| step(name, &migrations[*name], file);
    names.iter().map(one).collect()
}

fn number(name: &str) -> Option<u32> {
    name.strip_prefix('V')?.split_once("__")?.0.parse().ok()
}

fn step(name: &str, config: &MigrationConfig, file: &str) -> Result<Step, Error> {
    let wrong = |list: &str, entry: &str, problem: &str, hint: &str| {
        let message = format!("{file}: migrations.{name}.{list} has {entry:?}, {problem}");
        Error::new(ErrorCode::ConfigInvalid, message).hint(hint)
    };
    let mut step = Step {
        name: name.to_owned(),
        ..Step::default()
    };
    for (from, to) in &config.tables {
        step.tables.insert(table(from), table(to));
    }
    for (from, to) in &config.renames {
        const HINT: &str = "write \"table.old\" = \"table.new\", with the table's new name";
        let (Some(old), Some(new)) = (column(from), column(to)) else {
            return Err(wrong("renames", from, "which is not table.column", HINT));
        };
        if old.0 != new.0 {
            return Err(wrong(
                "renames",
                from,
                "which is of another table than its new name",
                HINT,
            ));
        }
        step.renames.push(Rename {
            table: old.0,
            from: old.1,
            to: new.1,
        });
    }
    for (from, to) in &config.moves {
        const HINT: &str = "write \"table.json_column.member\" = \"table.column\"";
        let parts = from
            .rsplit_once('.')
            .and_then(|(json, key)| Some((column(json)?, key)));
        let (Some((json, key)), Some(new)) = (parts, column(to)) else {
            return Err(wrong(
                "moves",
                from,
                "which is not table.column.member",
                HINT,
            ));
        };
        if json.0 != new.0 {
            return Err(wrong(
                "moves",
                from,
                "which is of another table than its column",
                HINT,
            ));
        }
        step.moves.push(Move {
            table: json.0,
            column: json.1,
            key: key.to_owned(),
            to: new.1,
        });
    }
    Ok(step)
}

/// A table as the schema names it.
fn table(written: &str) -> String {
    let (schema, relation) = split(written);
    table_name(&schema, &relation)
}

/// Table and column.
fn column(written: &str) -> Option<(String, String)> {
    let (of, column) = written.rsplit_once('.')?;
    (!of.is_empty() && !column.is_empty()).then(|| (table(of), column.to_owned()))
}

/// Is there a migration of each name? Only where migrations are files beside haversack.toml.
///
/// # Errors
/// `config_invalid`, naming the migration.
pub fn check_files(
    migrations: &BTreeMap<String, MigrationConfig>,
    folder: &Path,
    file: &str,
) -> Result<(), Error> {
    let Ok(files) = crate::migrate::read(folder) else {
        return Ok(());
    };
    let known = || files.iter().map(|f| f.file.trim_end_matches(".sql"));
    match migrations
        .keys()
        .find(|name| !known().any(|file| file == *name))
    {
        None => Ok(()),
        Some(name) => {
            let meant = did_you_mean(name, known());
            let all = format!("there are {}", known().collect::<Vec<_>>().join(", "));
            let message = format!("{file}: there is no migration {name}");
            let hint = if meant.is_empty() { all } else { meant };
            Err(Error::new(ErrorCode::ConfigInvalid, message).hint(hint))
        }
    }
}

/// What the steps lead to has to be there; what is not is a fault.
pub(crate) fn check(schema: &Schema, steps: &[Step], faults: &mut Vec<Error>) {
    for (i, step) in steps.iter().enumerate() {
        let later = &steps[i + 1..];
        let fault = |list: &str, problem: String| {
            let place = format!("migrations.{}.{list} in haversack.toml", step.name);
            Error::new(ErrorCode::ConfigInvalid, format!("{place} {problem}")).hint(
                "correct it, apply the migration with `haversack migrate`, or take the entry out, and leave the section, where a later migration has dropped it",
            )
        };
        let find = |list: &str, named: &str| {
            let name = table_after(later, named);
            let table = schema.table_id(&name).map(|id| schema.table(id));
            table.ok_or_else(|| {
                fault(
                    list,
                    format!("leads to {name}, which is no table that syncs"),
                )
            })
        };
        for (_, to) in step.tables.iter() {
            faults.extend(find("tables", to).err());
        }
        let check = |list: &str, of: &str, column: &str, is_json: bool| -> Result<(), Error> {
            let table = find(list, of)?;
            let name = column_after(later, of, column);
            has_column(table, &name, is_json)
                .map_err(|problem| fault(list, problem).table(&table.name).column(&name))
        };
        for rename in &step.renames {
            faults.extend(check("renames", &rename.table, &rename.to, false).err());
        }
        for moved in &step.moves {
            faults.extend(check("moves", &moved.table, &moved.to, false).err());
            faults.extend(check("moves", &moved.table, &moved.column, true).err());
        }
    }
}

fn has_column(table: &Table, name: &str, is_json: bool) -> Result<(), String> {
    let Some(id) = table.column_id(name) else {
        // The JSON column may have been dropped, once all of it had moved.
        if is_json {
            return Ok(());
        }
        return Err(format!(
            "leads to {}.{name}, which is no column that clients see",
            table.name
        ));
    };
    if is_json && !matches!(table.column(id).kind, Type::Json | Type::Jsonb) {
        return Err(format!(
            "moves out of {}.{name}, which is not JSON",
            table.name
        ));
    }
    Ok(())
}

fn table_after(steps: &[Step], name: &str) -> String {
    steps.iter().fold(name.to_owned(), |name, step| {
        step.tables.get(&name).cloned().unwrap_or(name)
    })
}

fn column_after(steps: &[Step], table: &str, column: &str) -> String {
    let (mut table, mut column) = (table.to_owned(), column.to_owned());
    for step in steps {
        if let Some(to) = step.tables.get(&table) {
            table.clone_from(to);
        }
        let renamed = step
            .renames
            .iter()
            .find(|r| r.table == table && r.from == column);
        if let Some(rename) = renamed {
            column.clone_from(&rename.to);
        }
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn parsed(text: &str) -> Result<Vec<Step>, Error> {
        Config::parse(&format!("[tables.a]\n{text}"), "haversack.toml")?.steps()
    }

    #[test]
    fn steps_come_in_the_order_of_their_numbers() {
        let steps = parsed(
            "[migrations.V10__b]\nrenames = { 'a.x' = 'a.y' }\n\
             [migrations.V9__a]\ntables = { 'public.old' = 'a' }\nmoves = { 's.t.j.k' = 's.t.c' }",
        );
        let steps = steps.expect("good");
        assert_eq!(
            steps.iter().map(|s| &*s.name).collect::<Vec<_>>(),
            ["V9__a", "V10__b"]
        );
        assert_eq!(steps[0].tables.get("old").map(String::as_str), Some("a"));
        let moved = &steps[0].moves[0];
        assert_eq!(
            [&moved.table, &moved.column, &moved.key, &moved.to],
            ["s.t", "j", "k", "c"]
        );
    }

    #[test]
    fn what_is_no_column_is_refused() {
        for (text, named) in [
            ("[migrations.V2__b]\nrenames = { x = 'a.y' }", "renames"),
            (
                "[migrations.V2__b]\nrenames = { 'a.x' = 'b.y' }",
                "another table",
            ),
            ("[migrations.V2__b]\nmoves = { 'a.x' = 'a.y' }", "moves"),
            (
                "[migrations.V2__b]\nmoves = { 'a.x.y' = 'b.y' }",
                "another table",
            ),
            ("[migrations.V2__b]\nmvoes = {}", "mvoes"),
        ] {
            let error = parsed(text).expect_err(text);
            assert_eq!(error.code, ErrorCode::ConfigInvalid, "{text}");
            assert!(error.message.contains(named), "{text}: {}", error.message);
            assert!(error.details.hint.is_some(), "{text}");
        }
    }
}
