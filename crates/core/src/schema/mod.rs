//! The canonical schema: what the endpoint reads from `pg_catalog` and the client obeys.
//!
//! One value, serialisable as JSON, with a fingerprint over its canonical form. It names everything
//! that either side may touch: an identifier that is not in it never reaches SQL or storage.
//! It does not talk to Postgres; `crates/endpoint` fills it.

mod codec;
mod fingerprint;
#[cfg(test)]
pub(crate) mod fixture;
mod policy;
mod relations;
mod rules;
mod steps;
mod types;

pub use policy::{OnDeleteConflict, Policy};
pub use relations::{Relation, Word};
pub use rules::{
    Action, Check, ColumnDefault, Domain, ForeignKey, Generated, Index, IndexPart, Polymorphic,
    Predicate, ServerRule, Unique,
};
pub use steps::{Move, Rename, Step};
pub use types::{Letters, Storage, Type};

use crate::error::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

/// The version of this description's format, part of the fingerprint.
pub const SCHEMA_FORMAT: u32 = 2;

/// A database as a replica sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// [`SCHEMA_FORMAT`] of the code that wrote it.
    pub format: u32,
    /// SHA-256, in lower-case hex, of the canonical JSON of everything else but `limits`.
    pub fingerprint: String,
    /// The server's major version: some SQLSTATEs and stems differ between versions.
    pub server: u16,
    /// How the database's own letters change their case, which is also which characters are letters to its text
    /// search.
    #[serde(default, skip_serializing_if = "types::is_unicode")]
    pub letters: Letters,
    /// Who "the user" is.
    pub identity: Identity,
    /// Bounds that the client must know before it acknowledges a write.
    pub limits: Limits,
    /// The synced tables; a table's position is its [`TableId`].
    pub tables: Vec<Table>,
    /// The views that read only synced tables and columns that a client may know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
    /// What migrations renamed and moved, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// A table's position in [`Schema::tables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u16);

/// A column's position in [`Table::columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u16);

/// Which claim of the token names the user, and which Postgres setting carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The claim, `sub` by default.
    pub claim: String,
    /// The setting, `app.current_user_id` by default.
    pub setting: String,
}

/// Bounds served with the schema; not part of the fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The largest request body, in bytes after decompression.
    pub body_bytes_max: u64,
    /// The largest number of rows in a first sync.
    pub rows_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 16 * 1024 * 1024,
            rows_max: 50_000,
        }
    }
}

/// A view, as a description: nothing evaluates it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Named as [`Table::name`] is.
    pub name: String,
    /// Its columns and their types, in order.
    pub columns: Vec<ViewColumn>,
    /// The query in the catalog's normal form.
    pub sql: String,
    /// The synced tables that it reads.
    pub tables: Vec<String>,
    /// The view's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A column of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
}

/// A synced table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// `table` in the schema `public`, `schema.table` elsewhere; also its object store's name.
    pub name: String,
    /// The columns that a client may know, in the catalog's order; private ones are absent.
    pub columns: Vec<Column>,
    /// Names of the primary key's columns, in the key's order; never empty.
    pub primary_key: Vec<String>,
    /// The primary key's name, as errors cite it.
    pub primary_key_name: String,
    /// How many of `uniques` Postgres asks before the primary key: the order is that of the indexes'
    /// making, and the key is nearly always the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub primary_key_rank: u16,
    /// May the client insert rows? False where a private column needs a value or no privilege is granted.
    pub insertable: bool,
    /// May the client update rows?
    pub updatable: bool,
    /// May the client delete rows?
    pub deletable: bool,
    /// Row security may hide rows of the user's own reach by something else than an identity column,
    /// so that a row that is not here may stand on the server all the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hides_rows: bool,
    /// Unique constraints and unique indexes, the primary key aside, in the order in which Postgres
    /// asks them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniques: Vec<Unique>,
    /// CHECK constraints by name, the order in which Postgres asks them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Foreign keys, also those to tables that are not synced, in the order in which Postgres asks
    /// them (that of their triggers' names).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// References that no foreign key states.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub polymorphic: Vec<Polymorphic>,
    /// Indexes, which the client's planner may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Rules that only the server judges and that are not among the others: exclusion constraints,
    /// and whatever reads a private column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_rules: Vec<ServerRule>,
    /// Columns that mean something only together, and conflict as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<Vec<String>>,
    /// What becomes of a row that one deleted while another edited it.
    #[serde(default, skip_serializing_if = "policy::is_default")]
    pub on_delete_conflict: OnDeleteConflict,
    /// May a transaction over several rows of such tables be applied in part?
    #[serde(default, skip_serializing_if = "is_false")]
    pub mergeable: bool,
    /// The table's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A column that a client may know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, exactly as in Postgres.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Of a time or timestamp: to how many digits of a second it is rounded, below six.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<u16>,
    /// May it be null?
    pub nullable: bool,
    /// What Postgres puts in when an insert leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<ColumnDefault>,
    /// How a generated column is made; such a column is never written by a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// The domains that the column's type is made of, the innermost first: `kind` is their base.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<Domain>,
    /// A policy equates it with the identity: filled by both sides, any other value refused (42501).
    #[serde(default, skip_serializing_if = "is_false")]
    pub identity: bool,
    /// May the client give it a value? False for generated columns and where no privilege is granted.
    pub writable: bool,
    /// What becomes of a value that two changed.
    #[serde(default, skip_serializing_if = "policy::is_default")]
    pub policy: Policy,
    /// The collation's name where it is not the database's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// Of texts, and of the texts in jsonb: how letters change their case.
    #[serde(default, skip_serializing_if = "types::is_unicode")]
    pub letters: Letters,
    /// The column's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &u16) -> bool {
    *value == 0
}

fn is_zero_u32(value: &u32) -> bool {
    *value == 0
}

impl Schema {
    /// Makes a schema of parts, checks it, and computes its fingerprint.
    ///
    /// # Errors
    /// As [`Schema::check`].
    pub fn new(
        server: u16,
        identity: Identity,
        limits: Limits,
        tables: Vec<Table>,
        views: Vec<View>,
    ) -> Result<Self, Error> {
        let mut schema = Self {
            format: SCHEMA_FORMAT,
            fingerprint: String::new(),
            server,
            letters: Letters::default(),
            identity,
            limits,
            tables,
            views,
            steps: Vec::new(),
        };
        schema.fingerprint = schema.compute_fingerprint();
        schema.check()?;
        Ok(schema)
    }

    /// The same of a database whose letters change their case so.
    pub fn with_letters(mut self, letters: Letters) -> Self {
        self.letters = letters;
        self.fingerprint = self.compute_fingerprint();
        self
    }

    /// Reads a schema from JSON and checks it, its fingerprint included.
    ///
    /// # Errors
    /// `malformed_request` for bad JSON, `schema_changed` for another format or a fingerprint
    /// that is not that of the content, and as [`Schema::check`].
    pub fn from_json(json: &str) -> Result<Self, Error> {
        let schema: Self = serde_json::from_str(json).map_err(|e| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("the schema is not valid: {e}"),
            )
        })?;
        if schema.format != SCHEMA_FORMAT || schema.fingerprint != schema.compute_fingerprint() {
            return Err(foreign());
        }
        schema.check()?;
        Ok(schema)
    }

    /// Reads a schema that the client was built with. Its fingerprint is taken at its word, since
    /// the endpoint refuses every other than its own.
    ///
    /// # Errors
    /// `malformed_request` for bad JSON, `schema_changed` for another format, and as
    /// [`Schema::check`].
    pub fn from_pulled(json: &str) -> Result<Self, Error> {
        let schema: Self = crate::json::read_text(json).map_err(|fault| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("the schema is not valid: {fault}"),
            )
        })?;
        if schema.format != SCHEMA_FORMAT {
            return Err(foreign());
        }
        schema.check()?;
        Ok(schema)
    }

    /// Checks what the types alone don't say: keys exist, names are unique, counts are bounded.
    ///
    /// # Errors
    /// `primary_key_missing` or `config_invalid`, naming the table.
    pub fn check(&self) -> Result<(), Error> {
        if self.tables.len() > usize::from(u16::MAX) {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                "a schema has at most 65,535 tables",
            ));
        }
        for (i, table) in self.tables.iter().enumerate() {
            table.check()?;
            if self.tables[..i]
                .iter()
                .any(|other| other.name == table.name)
            {
                return Err(Error::new(
                    ErrorCode::ConfigInvalid,
                    format!("table {} is listed twice", table.name),
                )
                .table(&table.name));
            }
        }
        Ok(())
    }

    /// The table of this name.
    pub fn table_id(&self, name: &str) -> Option<TableId> {
        self.tables
            .iter()
            .position(|t| t.name == name)
            .map(|i| TableId(i as u16))
    }

    /// The table of this name, or `unknown_table`.
    ///
    /// # Errors
    /// `unknown_table`, naming it and what exists.
    pub fn require_table(&self, name: &str) -> Result<TableId, Error> {
        self.table_id(name).ok_or_else(|| {
            let known: Vec<&str> = self.tables.iter().map(|t| t.name.as_str()).collect();
            Error::new(
                ErrorCode::UnknownTable,
                format!("there is no synced table \"{name}\""),
            )
            .table(name)
            .hint(format!("the schema has {}", known.join(", ")))
        })
    }

    /// The table at this position.
    pub fn table(&self, id: TableId) -> &Table {
        &self.tables[usize::from(id.0)]
    }
}

fn foreign() -> Error {
    Error::new(
        ErrorCode::SchemaChanged,
        "the schema was changed by hand or written by another version of Haversack",
    )
    .hint("run `haversack pull` again")
}

impl Table {
    /// Checks the table by itself: it has a key, and its key's columns are served.
    ///
    /// # Errors
    /// `primary_key_missing` or `config_invalid`, naming the table.
    pub fn check(&self) -> Result<(), Error> {
        if self.primary_key.is_empty() {
            return Err(Error::new(
                ErrorCode::PrimaryKeyMissing,
                format!(
                    "table {} has no primary key, so its rows can't be told apart",
                    self.name
                ),
            )
            .table(&self.name)
            .hint("add a primary key, or take the table out of haversack.toml"));
        }
        for key in &self.primary_key {
            if self.column_id(key).is_none() {
                return Err(Error::new(
                    ErrorCode::ConfigInvalid,
                    format!(
                        "{key} is part of the primary key of {} and can't be private",
                        self.name
                    ),
                )
                .table(&self.name)
                .column(key));
            }
        }
        Ok(())
    }

    /// The column of this name.
    pub fn column_id(&self, name: &str) -> Option<ColumnId> {
        self.columns
            .iter()
            .position(|c| c.name == name)
            .map(|i| ColumnId(i as u16))
    }

    /// The column of this name, or `unknown_column`.
    ///
    /// # Errors
    /// `unknown_column`, naming table and column.
    pub fn require_column(&self, name: &str) -> Result<ColumnId, Error> {
        self.column_id(name).ok_or_else(|| {
            Error::new(
                ErrorCode::UnknownColumn,
                format!("table {} has no column \"{name}\"", self.name),
            )
            .table(&self.name)
            .column(name)
        })
    }

    /// The column at this position.
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[usize::from(id.0)]
    }

    /// The primary key's columns, in the key's order.
    pub fn key_columns(&self) -> Vec<ColumnId> {
        self.primary_key
            .iter()
            .filter_map(|name| self.column_id(name))
            .collect()
    }

    /// The one key column that draws from a sequence, where there is one.
    pub fn sequence_key(&self) -> Option<ColumnId> {
        self.key_columns()
            .into_iter()
            .find(|&c| matches!(self.column(c).default, Some(ColumnDefault::Sequence { .. })))
    }
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        push_hex(byte, &mut out);
    }
    out
}

/// Appends a byte as two lower-case hex digits.
pub(crate) fn push_hex(byte: u8, out: &mut String) {
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
    }
}
