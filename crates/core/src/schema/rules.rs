//! What holds for the rows of a table: defaults, generated columns, domains, constraints, indexes.
//!
//! Every expression stands twice: as SQL in the catalog's normal form, for people and for the
//! server's tools, and as [`Expr`] where the client can evaluate it.

use super::{is_false, is_zero_u32};
use crate::expr::Expr;
use crate::map::Map;
use serde::{Deserialize, Serialize};

/// The default of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ColumnDefault {
    /// A constant, as Postgres's canonical text of the column's type.
    Constant {
        /// The text, as `value::text` prints it.
        text: String,
    },
    /// The transaction's time: `now()`, `CURRENT_TIMESTAMP`, `CURRENT_DATE`.
    Now,
    /// `gen_random_uuid()`; the client makes a UUIDv7.
    Uuid,
    /// A sequence: serial and identity columns; the client draws from leased blocks.
    Sequence {
        /// `GENERATED ALWAYS AS IDENTITY`: the endpoint writes with OVERRIDING SYSTEM VALUE.
        #[serde(default, skip_serializing_if = "is_false")]
        always: bool,
    },
    /// An expression that the client can evaluate.
    Expression {
        /// The catalog's normal form.
        sql: String,
        /// What the client evaluates.
        expr: Expr,
        /// It makes something at random, so the client sends what it made.
        #[serde(default, skip_serializing_if = "is_false")]
        random: bool,
    },
    /// Anything else: only the server can evaluate it, so the client sends nothing and shows null.
    ServerOnly {
        /// The catalog's normal form.
        sql: String,
        /// Why the client can't evaluate it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
}

/// A unique constraint or unique index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// Its name, as errors cite it.
    pub name: String,
    /// Its columns, or expressions in the catalog's normal form.
    pub columns: Vec<IndexPart>,
    /// The predicate of a partial one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Predicate>,
    /// NULLS NOT DISTINCT.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nulls_not_distinct: bool,
    /// DEFERRABLE: asked at the end of the statement, not at each row.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferred: bool,
    /// Why only the server judges it; absent where the client does too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A CHECK constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, as errors cite it.
    pub name: String,
    /// The expression in the catalog's normal form, without the word CHECK.
    pub sql: String,
    /// What the client evaluates; absent where only the server judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<Expr>,
    /// Why only the server judges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A condition on rows, as of a partial index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicate {
    /// The catalog's normal form.
    pub sql: String,
    /// What the client evaluates; absent where only the server can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<Expr>,
}

/// How a generated column is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The expression in the catalog's normal form.
    pub sql: String,
    /// What the client evaluates; absent where only the server can, and the client shows null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<Expr>,
    /// Why only the server can evaluate it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A domain: its rules are asked when a value is given, before those of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// The type's name in SQL, qualified outside `public`, as errors cite it.
    pub name: String,
    /// NOT NULL.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_null: bool,
    /// Its checks by name; in their expressions the value is the operation `value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// A rule that only the server judges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRule {
    /// Its name, as errors cite it.
    pub name: String,
    /// `exclusion`, `check`, `unique`, `foreign_key`.
    pub kind: String,
    /// Why.
    pub reason: String,
}

/// What Postgres does to referencing rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    #[default]
    /// Refuse at the end of the statement, or of the transaction where deferred.
    NoAction,
    /// Refuse at once.
    Restrict,
    /// Do the same to the referencing rows.
    Cascade,
    /// Null the referencing columns.
    SetNull,
    /// Set the referencing columns to their defaults.
    SetDefault,
}

/// A reference whose table another column names: SQL has no rule for it, haversack.toml says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polymorphic {
    /// The column that holds the key of the other row.
    pub column: String,
    /// The column that says of which table.
    pub by: String,
    /// The tables, by what stands for them in `by`.
    pub tables: Map<String>,
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its name, as errors cite it.
    pub name: String,
    /// Where Postgres fires it among all the foreign keys of the database (the order of the names of
    /// its triggers on the referenced table); equal ranks go by table and position.
    #[serde(default, skip_serializing_if = "is_zero_u32")]
    pub rank: u32,
    /// The referencing columns.
    pub columns: Vec<String>,
    /// The referenced table, named as [`Table::name`] is, synced or not.
    pub references: String,
    /// The referenced columns.
    pub referenced_columns: Vec<String>,
    /// MATCH FULL: all columns are null, or none.
    #[serde(default, skip_serializing_if = "is_false")]
    pub match_full: bool,
    /// ON DELETE.
    pub on_delete: Action,
    /// The columns that ON DELETE SET NULL or SET DEFAULT is confined to; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delete_columns: Vec<String>,
    /// ON UPDATE.
    pub on_update: Action,
    /// DEFERRABLE.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deferred: bool,
}

/// A part of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPart {
    /// The column, or the expression in the catalog's normal form.
    pub expression: String,
    /// Is `expression` a column's name?
    pub column: bool,
    /// Of an expression, what the client evaluates; absent where only the server can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<Expr>,
    /// The collation where it is not the column's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The operator class where it is not the type's default: `gin_trgm_ops`, `jsonb_path_ops`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operators: Option<String>,
    /// DESC.
    #[serde(default, skip_serializing_if = "is_false")]
    pub descending: bool,
    /// NULLS FIRST.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nulls_first: bool,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// `btree`, `gin`, …
    pub method: String,
    /// Its parts.
    pub parts: Vec<IndexPart>,
    /// The predicate of a partial one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Predicate>,
}
