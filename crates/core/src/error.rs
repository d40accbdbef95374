//! Every error that Haversack reports, with a stable code and what to do next.
//!
//! Codes are never reused. `docs/errors.md` and the TypeScript union are generated from the table
//! in this file (`cargo xtask check` fails when they differ). A message is for people; programs
//! look at `code`.

use crate::json::{Fault, FromJson, Json, Members, OTHER_KIND, ToJson};
use crate::{json_from, json_struct, json_words};
use serde::{Deserialize, Serialize};
use std::ops::{Deref, DerefMut};

/// What the application, or the person, should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Nothing will make this same request succeed: correct it.
    None,
    /// Try the same thing again later.
    Retry,
    /// Get a new token.
    Authenticate,
    /// Discard the confirmed rows and fetch them again; pending mutations are kept.
    Reset,
    /// Load newer code.
    Upgrade,
}

macro_rules! error_codes {
    ($($variant:ident $text:literal $recovery:ident $status:literal $meaning:literal)*) => {
        /// The stable code of an error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $meaning] #[serde(rename = $text)] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The code as it stands on the wire and in JavaScript.
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)* }
            }

            /// The code of this name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }

            /// What to do next.
            pub fn recovery(self) -> Recovery {
                match self { $(ErrorCode::$variant => Recovery::$recovery,)* }
            }

            /// The HTTP status with which the endpoint answers; 0 where it never does.
            pub fn http_status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status,)* }
            }

            /// One sentence on what it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(ErrorCode::$variant => $meaning,)* }
            }
        }
    };
}

error_codes! {
    // Who is asking.
    NotSignedIn "not_signed_in" Authenticate 0 "No user is known yet, so nothing can be written: pass a `token` that resolves, once, while online."
    TokenMissing "token_missing" Authenticate 401 "The request carries no bearer token."
    TokenExpired "token_expired" Authenticate 401 "The token's `exp` has passed."
    TokenInvalid "token_invalid" Authenticate 401 "The token is malformed, wrongly signed, or lacks the claim that names the user."
    TokenRevoked "token_revoked" Authenticate 401 "The token was revoked before it expired."
    IdentityChanged "identity_changed" Authenticate 0 "The token names another user than this database belongs to; the instance is closed and must be opened anew."
    ReplicaForeign "replica_foreign" Reset 403 "The replica id belongs to another user."
    ReplicaForked "replica_forked" Reset 409 "The number was used by this replica for another mutation, as where a browser profile was copied; what is pending is sent again under a new replica id."
    OriginRefused "origin_refused" None 403 "The page's origin is not on the endpoint's allow-list."
    // What was asked.
    MalformedRequest "malformed_request" None 400 "The body is not the JSON that this address expects."
    BodyTimeout "body_timeout" Retry 408 "The body did not arrive in time."
    BodyTooLarge "body_too_large" None 413 "The body is larger than the endpoint's limit."
    ProtocolUnsupported "protocol_unsupported" Upgrade 426 "The endpoint does not speak this protocol version."
    SchemaChanged "schema_changed" Upgrade 409 "The database's schema is no longer the one that this client was built with."
    SequenceGap "sequence_gap" Retry 409 "A mutation is missing between the last one the endpoint knows and the first one sent."
    CursorExpired "cursor_expired" Reset 410 "The cursor is older than the changes that the endpoint keeps, or from another history."
    TooManyRows "too_many_rows" None 413 "There are more rows than a replica may hold, or than one answer to a query has."
    NotFound "not_found" None 404 "There is nothing at this address."
    // Schema and values.
    UnknownTable "unknown_table" None 400 "The schema has no synced table of this name."
    UnknownColumn "unknown_column" None 400 "The table has no such column, or it is private."
    TypeMismatch "type_mismatch" None 400 "The value is not of the column's type (SQLSTATE 22P02)."
    ValueTooLong "value_too_long" None 400 "The text is longer than the column allows (SQLSTATE 22001)."
    OutOfRange "out_of_range" None 400 "The number or time is outside the type's range (SQLSTATE 22003 or 22008)."
    NotNullViolation "not_null_violation" None 400 "The column needs a value (SQLSTATE 23502)."
    CheckViolation "check_violation" None 0 "A CHECK constraint, of the table or of a domain, does not hold (SQLSTATE 23514); `details.constraint` names it."
    UniqueViolation "unique_violation" None 400 "Another row already has these values (SQLSTATE 23505); `details.constraint` names the unique constraint or index."
    ForeignKeyViolation "foreign_key_violation" None 0 "The row that is referred to does not exist, or rows still refer to the one that would go (SQLSTATE 23503; 23001 for RESTRICT from Postgres 18 on)."
    PermissionDenied "permission_denied" None 400 "The row belongs to another identity, or the column may not be written (SQLSTATE 42501)."
    RowNotFound "row_not_found" None 400 "The replica holds no row with this key."
    InvalidQuery "invalid_query" None 400 "The query is not one that the schema allows."
    QueryTooSlow "query_too_slow" None 504 "Postgres did not answer the query within the endpoint's time limit; ask for less, or for what an index finds."
    TransactionMisused "transaction_misused" None 0 "A transaction's callback returned a promise, or its handle was used after the callback had returned."
    HookMisused "hook_misused" None 0 "A hook returned a promise, wrote other than by what it is given, caused too deep a chain of hooks, or foresaw what it can't."
    // Writing.
    MutationTooLarge "mutation_too_large" None 0 "The mutation could never be sent, because it is larger than the endpoint's body limit."
    QueueFull "queue_full" Retry 0 "The mutation queue is at its bound; sync before writing more."
    KeysExhausted "keys_exhausted" Retry 0 "The leased keys of this table are used up, and its type has no room for temporary ones; more are leased at the next sync."
    Rejected "rejected" None 0 "Postgres refused the mutation; `details` carries SQLSTATE, constraint and a sentence."
    Conflict "conflict" None 0 "Someone else changed the same columns first; the losing values are kept in `db.conflicts.lost`."
    Gone "gone" None 0 "The row that the mutation changes no longer exists for this user."
    // Storage.
    StorageUnavailable "storage_unavailable" None 0 "The browser refuses IndexedDB here (private mode, or disabled)."
    StorageQuota "storage_quota" Retry 0 "The browser has no room for the write; nothing was stored."
    StorageFailed "storage_failed" Retry 0 "IndexedDB failed; the write was not acknowledged."
    StoreTooNew "store_too_new" Upgrade 0 "The local store was written by newer code; reload to get that code."
    StoreUpgraded "store_upgraded" Upgrade 0 "Another tab runs newer code and has upgraded the local store; reload this one."
    Closed "closed" None 0 "The database was closed."
    // The endpoint and its surroundings.
    Network "network" Retry 0 "The endpoint can't be reached."
    Overloaded "overloaded" Retry 503 "The endpoint can't take the request now."
    DatabaseUnavailable "database_unavailable" Retry 503 "The endpoint can't reach Postgres."
    Internal "internal" Retry 500 "A defect in Haversack; the request id finds it in the endpoint's log."
    // Commands.
    ConfigInvalid "config_invalid" None 0 "`haversack.toml` or an option says something that can't be."
    MigrationChanged "migration_changed" None 0 "A migration file differs from what was applied; write a new migration instead."
    MigrationFailed "migration_failed" None 0 "Postgres refused a migration; nothing of it was applied."
    PrimaryKeyMissing "primary_key_missing" None 0 "A synced table has no primary key."
    RoleUnsafe "role_unsafe" None 0 "The endpoint's role is owner, superuser or bypasses row security."
    NotAttached "not_attached" None 0 "The database has not been attached: run `haversack attach`."
    PolicyUnknown "policy_unknown" None 0 "A table's row security has a shape from which no scope can be derived; declare one in `haversack.toml`."
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ToJson for ErrorCode {
    fn to_json(&self, out: &mut String) {
        self.as_str().to_json(out);
    }
}

impl<'a> FromJson<'a> for ErrorCode {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let code = json.as_str().and_then(ErrorCode::parse);
        code.unwrap_or_else(|| {
            fault.note(OTHER_KIND);
            ErrorCode::Internal
        })
    }
}

json_words!(Recovery {
    None "none",
    Retry "retry",
    Authenticate "authenticate",
    Reset "reset",
    Upgrade "upgrade",
});

/// What an error is about, as far as is known; every field optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Postgres's SQLSTATE, five characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// The constraint that was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// The table concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The column concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What to do, where more can be said than the code says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

json_from!(Details {
    sqlstate = default,
    constraint = default,
    table = default,
    column = default,
    hint = default,
});

impl ToJson for Details {
    fn to_json(&self, out: &mut String) {
        Members::new(out)
            .add_some("sqlstate", &self.sqlstate)
            .add_some("constraint", &self.constraint)
            .add_some("table", &self.table)
            .add_some("column", &self.column)
            .add_some("hint", &self.hint)
            .end();
    }
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// An error: a code for programs, a sentence for people, and what it is about.
///
/// One pointer wide, since nearly every function may return one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{}", self.0.message)]
#[serde(transparent)]
pub struct Error(Box<Content>);

/// What an [`Error`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The stable code.
    pub code: ErrorCode,
    /// A sentence that names what was wrong.
    pub message: String,
    /// What it is about.
    #[serde(default)]
    pub details: Details,
}

json_struct!(Content { code, message, details = default });

impl ToJson for Error {
    fn to_json(&self, out: &mut String) {
        self.0.to_json(out);
    }
}

impl<'a> FromJson<'a> for Error {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        Self(Box::from_json(json, fault))
    }
}

impl Deref for Error {
    type Target = Content;
    fn deref(&self) -> &Content {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Content {
        &mut self.0
    }
}

impl Error {
    /// An error with a code and a sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::with_details(code, message.into(), Details::default())
    }

    /// An error with all that it is about.
    pub fn with_details(code: ErrorCode, message: String, details: Details) -> Self {
        Self(Box::new(Content {
            code,
            message,
            details,
        }))
    }

    /// Puts where it happened before the sentence, and names the column.
    pub fn at_column(mut self, column: &str) -> Self {
        self.message.insert_str(0, ": ");
        self.message.insert_str(0, column);
        self.column(column)
    }

    /// Names the table.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.details.table = Some(table.into());
        self
    }

    /// Names the column.
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.details.column = Some(column.into());
        self
    }

    /// Gives Postgres's SQLSTATE.
    pub fn sqlstate(mut self, sqlstate: impl Into<String>) -> Self {
        self.details.sqlstate = Some(sqlstate.into());
        self
    }

    /// Names the constraint.
    pub fn constraint(mut self, constraint: impl Into<String>) -> Self {
        self.details.constraint = Some(constraint.into());
        self
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.details.hint = Some(hint.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What to do next.
    pub fn recovery(&self) -> Recovery {
        self.code.recovery()
    }
}

/// A function was given what it has no answer for.
pub(crate) fn invalid(message: impl Into<String>, sqlstate: &str) -> Error {
    Error::new(ErrorCode::OutOfRange, message).sqlstate(sqlstate)
}
