//! References whose table another column names, as haversack.toml declares them.

use super::find::Found;
use crate::config::PolymorphicConfig;
use crate::names::did_you_mean;
use haversack_core::schema::{Polymorphic, Table};
use haversack_core::{Error, ErrorCode};

/// Puts the declared references into the tables that have them.
pub(super) fn describe(found: &[Found<'_>], tables: &mut [Table], faults: &mut Vec<Error>) {
    let mut described: Vec<(usize, Polymorphic)> = Vec::new();
    for of in found {
        // A table that can't be served has a fault already.
        let Some(at) = tables.iter().position(|table| table.name == of.name) else {
            continue;
        };
        for rule in &of.rules.polymorphic {
            match reference(of, &tables[at], rule, found, tables) {
                Ok(reference) => described.push((at, reference)),
                Err(fault) => faults.push(fault.table(&of.name)),
            }
        }
    }
    for (at, reference) in described {
        tables[at].polymorphic.push(reference);
    }
}

fn reference(
    of: &Found<'_>,
    table: &Table,
    rule: &PolymorphicConfig,
    found: &[Found<'_>],
    tables: &[Table],
) -> Result<Polymorphic, Error> {
    let fault = |problem: String| {
        let place = format!("polymorphic of [tables.{}] in haversack.toml", of.written);
        Error::new(ErrorCode::ConfigInvalid, format!("{place} {problem}"))
    };
    let column = |name: &str| {
        table.column_id(name).ok_or_else(|| {
            let known = || table.columns.iter().map(|column| column.name.as_str());
            let meant = did_you_mean(name, known());
            let all = format!(
                "columns that clients see are {}",
                known().collect::<Vec<_>>().join(", ")
            );
            fault(format!(
                "names {name:?}, which is no column that clients see"
            ))
            .column(name)
            .hint(if meant.is_empty() { all } else { meant })
        })
    };
    let kind = &table.column(column(&rule.column)?).kind;
    column(&rule.by)?;
    if rule.tables.is_empty() {
        let problem = format!("names no table that {} may refer to", rule.column);
        let hint = "say which tables there are: tables = { note = \"notes\" }";
        return Err(fault(problem).column(&rule.column).hint(hint));
    }
    let mut by_word = Polymorphic {
        column: rule.column.clone(),
        by: rule.by.clone(),
        tables: Default::default(),
    };
    for (word, written) in &rule.tables {
        let named = found
            .iter()
            .find(|t| t.written == written || t.name == *written);
        let target = named.and_then(|named| tables.iter().find(|table| table.name == named.name));
        let Some(target) = target else {
            let meant = did_you_mean(written, found.iter().map(|table| table.written));
            let listed = || format!("list it as [tables.{written}], or leave it out");
            let hint = if meant.is_empty() { listed() } else { meant };
            let problem = format!("names the table {written:?}, which does not sync");
            return Err(fault(problem).column(&rule.column).hint(hint));
        };
        let keys: Vec<_> = target.key_columns();
        if keys.len() != 1 || target.column(keys[0]).kind != *kind {
            let problem = format!(
                "lets {} refer to {written}, whose key is of another type",
                rule.column
            );
            let hint = "only a key of one column, of the same type, can be referred to";
            return Err(fault(problem).column(&rule.column).hint(hint));
        }
        by_word.tables.insert(&**word, target.name.clone());
    }
    Ok(by_word)
}
