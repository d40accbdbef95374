//! A table while it is being described.

use super::find::Found;
use super::note::Note;
use super::reader::Reader;
use super::{ColumnFacts, TableFacts};
use crate::database::ident;
use crate::expression;
use crate::names::did_you_mean;
use crate::scope::{self, Policy, Scope};
use crate::served::Sets;
use haversack_core::schema::{
    Check, Column, ColumnDefault, ForeignKey, Index, ServerRule, Table, Unique,
};
use haversack_core::{Error, ErrorCode};
use tokio_postgres::Row;

/// A table while it is being described; each room of this module fills its part.
#[derive(Default)]
pub(super) struct Draft {
    /// Its position among the drafts.
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) faults: Vec<Error>,
    pub(super) notes: Vec<Note>,
    pub(super) policies: Vec<Policy>,
    pub(super) scope: Option<Scope>,
    /// What its expressions may name.
    pub(super) frame: expression::Scope,
    /// Served columns, and beside them their facts.
    pub(super) columns: Vec<Column>,
    pub(super) column_facts: Vec<ColumnFacts>,
    /// Names of all columns, private ones included.
    pub(super) all: Vec<String>,
    /// Numbers of private columns.
    pub(super) private_numbers: Vec<i16>,
    /// Private columns that an insert can't leave out.
    pub(super) private_needed: Vec<String>,
    /// Served columns that `attach` lets a client write.
    pub(super) grantable: Vec<String>,
    pub(super) primary_key: Vec<String>,
    pub(super) primary_key_name: String,
    pub(super) primary_key_rank: u16,
    pub(super) uniques: Vec<Unique>,
    pub(super) checks: Vec<Check>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) indexes: Vec<Index>,
    pub(super) server_rules: Vec<ServerRule>,
    pub(super) relations: Vec<String>,
    /// Column and sequence, for each sequence that a column draws from.
    pub(super) sequences: Vec<(String, String)>,
    /// DELETE privilege of the user role, where it counts already.
    pub(super) may_delete: Option<bool>,
}

impl Draft {
    pub(super) fn new(
        at: usize,
        found: &Found<'_>,
        reader: &Reader,
        policies: Vec<Policy>,
    ) -> Self {
        Self {
            at,
            name: found.name.clone(),
            frame: reader.base.clone(),
            policies,
            ..Self::default()
        }
    }

    /// Whose rows they are; `rows` are the table's columns as read.
    pub(super) fn find_scope(&mut self, found: &Found<'_>, reader: &Reader, rows: &[Row]) {
        let declared = found.rules.scope.as_deref();
        let scope = scope::derive(
            &found.name,
            declared,
            found.row_security,
            &self.policies,
            &reader.who,
        );
        match scope {
            Ok(scope) => {
                if let Scope::Owner(owner) = &scope {
                    self.faults.extend(unusable(found, owner, rows));
                }
                self.scope = Some(scope);
            }
            Err(fault) => self.faults.push(fault),
        }
    }

    /// The description, and what SQL needs beside it.
    pub(super) fn finish(self, found: &Found<'_>) -> (Table, TableFacts) {
        // Without a policy for a command, row security admits no row to it.
        let admits = |command: char| {
            !found.row_security
                || self
                    .policies
                    .iter()
                    .any(|p| p.permissive && (p.command == '*' || p.command == command))
        };
        let fillable = self.private_needed.is_empty()
            && self.columns.iter().zip(&self.column_facts).all(|(c, f)| {
                c.nullable || c.default.is_some() || c.generated.is_some() || f.can_insert
            });
        let insertable = admits('a') && fillable && self.column_facts.iter().any(|f| f.can_insert);
        let updatable = admits('w') && self.column_facts.iter().any(|f| f.can_update);
        let deletable = admits('d') && self.may_delete.unwrap_or(found.writable);
        let served = |column: &str| {
            self.columns.iter().any(|c| {
                c.name == column && matches!(c.default, Some(ColumnDefault::Sequence { .. }))
            })
        };
        let mut sequences: Vec<String> = self.sequences.iter().map(|(_, s)| s.clone()).collect();
        sequences.sort();
        sequences.dedup();
        let drawn = self.sequences.iter().filter(|(column, _)| served(column));
        let facts = TableFacts {
            oid: found.oid,
            sql: format!("{}.{}", ident(&found.schema), ident(&found.relation)),
            owner: found.owner.clone(),
            row_security: found.row_security,
            // Of a table without one there is a fault, so nothing is served by it.
            scope: self.scope.clone().unwrap_or(Scope::Global),
            columns: self.column_facts.clone(),
            private: found.rules.private.clone(),
            grantable: self.grantable.clone(),
            writable: found.writable,
            policies: self.policies.clone(),
            sequence_of: drawn.cloned().collect(),
            sequences,
            relations: self.relations.clone(),
            sets: Sets::default(),
        };
        let everybodys = self.policies.iter().any(|p| {
            p.permissive && matches!(p.command, '*' | 'r') && p.using.as_deref() == Some("true")
        });
        let hides_rows =
            found.row_security && !everybodys && !self.columns.iter().any(|c| c.identity);
        let table = Table {
            hides_rows,
            name: self.name,
            columns: self.columns,
            primary_key: self.primary_key,
            primary_key_name: self.primary_key_name,
            primary_key_rank: self.primary_key_rank,
            insertable,
            updatable,
            deletable,
            uniques: self.uniques,
            checks: self.checks,
            foreign_keys: self.foreign_keys,
            polymorphic: Vec::new(),
            indexes: self.indexes,
            server_rules: self.server_rules,
            // As declared, once all columns are known.
            together: Vec::new(),
            on_delete_conflict: found.rules.on_delete_conflict,
            mergeable: found.rules.mergeable,
            comment: found.comment.clone(),
        };
        (table, facts)
    }
}

/// Why a column can't name the owner.
fn unusable(found: &Found<'_>, owner: &str, rows: &[Row]) -> Option<Error> {
    let name = &found.name;
    let all = || rows.iter().map(|row| row.get::<_, &str>("name"));
    let Some(row) = rows.iter().find(|row| row.get::<_, &str>("name") == owner) else {
        let meant = did_you_mean(owner, all());
        let error = Error::new(
            ErrorCode::ConfigInvalid,
            format!(
                "scope {owner:?} of [tables.{}] in haversack.toml is not a column of it",
                found.written
            ),
        );
        let hint = "name the column that holds the owner, or say \"global\"";
        let hint = if meant.is_empty() {
            hint.to_owned()
        } else {
            format!("{meant} Else {hint}")
        };
        return Some(error.table(name).column(owner).hint(hint));
    };
    // A trigger sees no value of such a column, so no change would be told to its owner.
    (row.get::<_, &str>("generated") == "v").then(|| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!("{owner} of table {name} names the owner, but is a VIRTUAL generated column"),
        )
        .table(name)
        .column(owner)
        .hint("make it STORED, or a plain column")
    })
}
