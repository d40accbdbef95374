//! What makes two schemas the same to a client.
//!
//! **Invariant.** A dump that is restored has the fingerprint of the database that it was made of. A
//! dump makes indexes and foreign keys in an order of its own, and Postgres prints an expression
//! otherwise once it has read its own print of it; so neither order nor wording counts. Which of two
//! broken rules Postgres names first may then differ from what a client foresees; nothing else does.

use super::{Check, Generated, IndexPart, Letters, Predicate, Schema, Table, hex};
use sha2::{Digest, Sha256};

impl Schema {
    pub(super) fn compute_fingerprint(&self) -> String {
        let tables: Vec<Table> = self.tables.iter().map(canonical).collect();
        // Structs serialise in the order of their fields, so the text is canonical; a `Value` would
        // depend on how some other crate configures serde_json.
        let mut content = serde_json::to_string(&(
            self.format,
            self.server,
            &self.identity,
            &tables,
            &self.views,
        ))
        .expect("a schema has string keys only");
        if self.letters != Letters::default() {
            content += &serde_json::to_string(&self.letters).expect("a word is a string");
        }
        // A schema without steps keeps the fingerprint that it would have if there were none.
        if !self.steps.is_empty() {
            content += &serde_json::to_string(&self.steps).expect("steps have string keys only");
        }
        hex(&Sha256::digest(content.as_bytes()))
    }
}

fn canonical(table: &Table) -> Table {
    let mut table = table.clone();
    table.primary_key_rank = 0;
    table.uniques.sort_by(|a, b| a.name.cmp(&b.name));
    for unique in &mut table.uniques {
        unique.columns.iter_mut().for_each(part);
        unique.predicate.iter_mut().for_each(predicate);
    }
    table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    for index in &mut table.indexes {
        index.parts.iter_mut().for_each(part);
        index.predicate.iter_mut().for_each(predicate);
    }
    table.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
    table.foreign_keys.iter_mut().for_each(|key| key.rank = 0);
    table.server_rules.sort_by(|a, b| a.name.cmp(&b.name));
    table.checks.iter_mut().for_each(check);
    for column in &mut table.columns {
        if let Some(Generated { sql, .. }) = &mut column.generated {
            sql.clear();
        }
        let domains = column.domains.iter_mut();
        domains.for_each(|domain| domain.checks.iter_mut().for_each(check));
    }
    table
}

fn check(check: &mut Check) {
    check.sql.clear();
}

fn predicate(predicate: &mut Predicate) {
    predicate.sql.clear();
}

fn part(part: &mut IndexPart) {
    if !part.column {
        part.expression.clear();
    }
}
