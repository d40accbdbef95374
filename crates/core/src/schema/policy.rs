//! What becomes of a column that two changed: the policies, and which types they fit.
//!
//! Declared in `haversack.toml` and served with the schema, since a client has to send more of a base
//! under some of them. What they do is in `crate::merge`.

use super::{Table, Type};
use serde::{Deserialize, Serialize};

/// What becomes of a column that two changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Whoever came to the server first.
    #[default]
    ServerWins,
    /// Whoever came last.
    ClientWins,
    /// Both, as far as they changed different parts of it.
    Merge,
    /// Whoever wrote it later, by the time of the writing.
    Lww,
    /// Both: the differences are added.
    Counter,
    /// The greater value.
    Max,
    /// The lesser value.
    Min,
    /// The server's value stands until the application decides.
    Manual,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Policy; 8] = [
        Policy::ServerWins,
        Policy::ClientWins,
        Policy::Merge,
        Policy::Lww,
        Policy::Counter,
        Policy::Max,
        Policy::Min,
        Policy::Manual,
    ];

    /// The word in `haversack.toml`.
    pub fn word(self) -> &'static str {
        match self {
            Policy::ServerWins => "server_wins",
            Policy::ClientWins => "client_wins",
            Policy::Merge => "merge",
            Policy::Lww => "lww",
            Policy::Counter => "counter",
            Policy::Max => "max",
            Policy::Min => "min",
            Policy::Manual => "manual",
        }
    }

    /// The policy of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.word() == word)
    }

    /// May a column of this type have it?
    pub fn fits(self, kind: &Type) -> bool {
        match self {
            Policy::ServerWins | Policy::ClientWins | Policy::Lww | Policy::Manual => true,
            Policy::Merge => matches!(kind, Type::Json | Type::Jsonb | Type::Array { .. }),
            // Sums of floats depend on their order.
            Policy::Counter => matches!(
                kind,
                Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric { .. }
            ),
            Policy::Max | Policy::Min => is_measured(kind),
        }
    }

    /// May it stand for all columns of a table?
    pub fn is_general(self) -> bool {
        match self {
            Policy::ServerWins
            | Policy::ClientWins
            | Policy::Merge
            | Policy::Lww
            | Policy::Manual => true,
            Policy::Counter | Policy::Max | Policy::Min => false,
        }
    }

    /// May columns that conflict as one have it?
    pub fn is_whole(self) -> bool {
        match self {
            Policy::ServerWins | Policy::ClientWins | Policy::Lww | Policy::Manual => true,
            Policy::Merge | Policy::Counter | Policy::Max | Policy::Min => false,
        }
    }

    /// Is a change something done to the value that was seen, whoever made that, rather than a new
    /// value in place of a confirmed one?
    pub fn is_relative(self) -> bool {
        match self {
            Policy::Merge | Policy::Counter => true,
            Policy::ServerWins
            | Policy::ClientWins
            | Policy::Lww
            | Policy::Max
            | Policy::Min
            | Policy::Manual => false,
        }
    }
}

/// Types of which greater and lesser mean the same everywhere; the order of text does not.
fn is_measured(kind: &Type) -> bool {
    match kind {
        Type::Bool
        | Type::Int2
        | Type::Int4
        | Type::Int8
        | Type::Float4
        | Type::Float8
        | Type::Numeric { .. }
        | Type::Date
        | Type::Time
        | Type::Timestamp
        | Type::Timestamptz
        | Type::Interval
        | Type::Enum { .. } => true,
        Type::Text
        | Type::Varchar { .. }
        | Type::Char { .. }
        | Type::Uuid
        | Type::Json
        | Type::Jsonb
        | Type::Bytea
        | Type::Array { .. }
        | Type::Opaque { .. } => false,
    }
}

/// What becomes of a row that one deleted while another edited it, where the edit came first. Where
/// the deletion did, the row is gone under either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDeleteConflict {
    /// The row stays, and the deletion lost.
    #[default]
    KeepEdit,
    /// The row goes, and the edit lost.
    Delete,
}

impl Table {
    /// The columns with which a column conflicts as one, itself included, where there are others.
    pub fn together_with(&self, column: &str) -> Option<&[String]> {
        let groups = self.together.iter().map(|group| &group[..]);
        groups.into_iter().find(|g| g.iter().any(|c| c == column))
    }

    /// Must the base of a column travel in full, however long it is?
    pub fn sends_base(&self, name: &str, policy: Policy) -> bool {
        policy.is_relative() || policy == Policy::Manual || self.together_with(name).is_some()
    }
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
