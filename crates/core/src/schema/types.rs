//! The types of columns, and how the core stores each.

use serde::{Deserialize, Serialize};

/// A column's type, as exact as the catalog.
///
/// Domains stand as their base type, beside their own rules ([`super::Domain`]). A type that is not listed is [`Type::Opaque`]: carried as
/// Postgres's text, compared for equality only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Type {
    /// boolean
    #[default]
    Bool,
    /// smallint
    Int2,
    /// integer
    Int4,
    /// bigint
    Int8,
    /// real
    Float4,
    /// double precision
    Float8,
    /// numeric, with precision and scale where the column declares them
    Numeric {
        /// Total digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        precision: Option<u16>,
        /// Digits after the point.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scale: Option<i16>,
    },
    /// text
    Text,
    /// character varying
    Varchar {
        /// The length limit, in characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<u32>,
    },
    /// character, blank-padded
    Char {
        /// The length, in characters.
        length: u32,
    },
    /// uuid
    Uuid,
    /// date
    Date,
    /// time without time zone
    Time,
    /// timestamp without time zone
    Timestamp,
    /// timestamp with time zone
    Timestamptz,
    /// interval
    Interval,
    /// json
    Json,
    /// jsonb
    Jsonb,
    /// bytea
    Bytea,
    /// An enum type.
    Enum {
        /// The type's name in SQL, qualified outside `public`.
        sql: String,
        /// Its labels in their order.
        labels: Vec<String>,
    },
    /// An array.
    Array {
        /// The element's type.
        of: Box<Type>,
    },
    /// Any other type.
    Opaque {
        /// The type's name in SQL, as `format_type` prints it.
        sql: String,
    },
}

/// How the core stores a value of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// As `i64`: integers, booleans, enums (position of the label), dates (days), times and
    /// timestamps (microseconds), and numerics of at most 18 digits (scaled by their scale).
    Int,
    /// As `f64`.
    Float,
    /// As text: everything else, in Postgres's canonical text.
    Text,
}

/// The most digits that an `i64` holds for certain.
pub const NUMERIC_INT_DIGITS_MAX: u16 = 18;

impl Type {
    /// How the core stores a value of this type.
    pub fn storage(&self) -> Storage {
        match self {
            Type::Bool
            | Type::Int2
            | Type::Int4
            | Type::Int8
            | Type::Date
            | Type::Time
            | Type::Timestamp
            | Type::Timestamptz
            | Type::Enum { .. } => Storage::Int,
            Type::Float4 | Type::Float8 => Storage::Float,
            Type::Numeric {
                precision: Some(p),
                scale: Some(s),
            } if *p <= NUMERIC_INT_DIGITS_MAX && *s >= 0 => Storage::Int,
            Type::Numeric { .. }
            | Type::Text
            | Type::Varchar { .. }
            | Type::Char { .. }
            | Type::Uuid
            | Type::Interval
            | Type::Json
            | Type::Jsonb
            | Type::Bytea
            | Type::Array { .. }
            | Type::Opaque { .. } => Storage::Text,
        }
    }
}

/// How letters change their case under a collation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letters {
    /// Each letter for itself, by Unicode's simple mappings.
    #[default]
    Unicode,
    /// A to Z alone.
    Ascii,
    /// As only the server knows.
    Server,
}

pub(super) fn is_unicode(letters: &Letters) -> bool {
    *letters == Letters::Unicode
}
