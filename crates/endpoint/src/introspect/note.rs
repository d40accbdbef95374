//! What a person should know of a database: what stays on the server, and what could be better.

use haversack_core::Error;
use serde::Serialize;

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing can be served until it is corrected.
    Error,
    /// It works, but not as well or as safely as it should.
    Warning,
    /// It works; this is how.
    Info,
}

impl Severity {
    /// The word, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $text:literal $severity:ident $meaning:literal)*) => {
        /// What a note is about. Errors have the codes of [`haversack_core::ErrorCode`] instead.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as it stands in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// One sentence on what it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    // What only the server judges.
    ServerOnlyCheck "server_only_check" Info "The client can't evaluate a CHECK of a table or domain."
    ServerOnlyUnique "server_only_unique" Info "The client can't judge a unique constraint or index."
    ServerOnlyExclusion "server_only_exclusion" Info "An exclusion constraint, or one WITHOUT OVERLAPS."
    ServerOnlyForeignKey "server_only_foreign_key" Info "A foreign key of a kind that the client does not judge."
    ServerOnlyDefault "server_only_default" Info "The client can't evaluate a default: it shows null until the row has synced."
    ServerOnlyGenerated "server_only_generated" Info "The client can't evaluate a generated column: it shows null until the row has synced."
    ServerOnlyPartition "server_only_partition" Info "A rule of one partition alone, or of where a row belongs."
    ServerOnlyTrigger "server_only_trigger" Info "A trigger runs on the server only."
    PrivateRule "private_rule" Info "A rule or index reads a private column, so it stays on the server."
    DeferrableKey "deferrable_key" Info "A primary key is DEFERRABLE: the client asks it at once."
    NotEnforced "not_enforced" Info "A constraint is NOT ENFORCED, on the client neither."
    NotValid "not_valid" Info "A constraint is NOT VALID: rows from before it may break it."
    InvalidIndex "invalid_index" Warning "An index is invalid, as after a failed CREATE INDEX CONCURRENTLY."
    // What is shown otherwise than in Postgres.
    OpaqueType "opaque_type" Info "A type that the client keeps as text and compares for equality only."
    PrecisionIgnored "precision_ignored" Info "The precision of the times in an array: the server rounds, the client does not."
    ApproximateOrder "approximate_order" Info "The order of texts follows a locale that the client can't reproduce exactly."
    NondeterministicCollation "nondeterministic_collation" Warning "Texts that differ may be equal; the client takes them for different."
    ViewNotMirrored "view_not_mirrored" Info "A view over synced tables that is not served, with the reason."
    ViewsNotSynced "views_not_synced" Info "Views that read no synced table."
    TablesNotSynced "tables_not_synced" Info "Tables that haversack.toml does not list."
    ReferencedByUnsynced "referenced_by_unsynced" Info "A table that does not sync refers to this one."
    InheritedTable "inherited_table" Warning "Other tables inherit from this one; their rows are its rows."
    ForeignPartition "foreign_partition" Warning "A partition is a foreign table, whose changes can't be captured."
    PermissionUnwatched "permission_unwatched" Warning "A policy reads a foreign table, a materialized view, or a table of another owner, whose changes can't be captured."
    RuleOnTable "rule_on_table" Warning "A rewrite rule changes what writing the table means."
    NameTaken "name_taken" Info "A table's name is one of the client's own words."
    // What should be looked after.
    PrivateShown "private_shown" Warning "A generated column shows what a private column holds."
    SecretNotPrivate "secret_not_private" Warning "A column looks secret and is not private."
    RowSecurityOff "row_security_off" Warning "Every signed-in user reads every row."
    PolicySlow "policy_slow" Warning "A policy asks who the user is for every row."
    PolicySubquery "policy_subquery" Warning "A policy runs a query for every row."
    ForeignKeyUnindexed "foreign_key_unindexed" Warning "No index leads with the columns of a foreign key."
    ScopeUnindexed "scope_unindexed" Warning "No index leads with the column that names the owner."
    SequenceHalfSpent "sequence_half_spent" Warning "A sequence has given out half of its numbers."
}

/// One thing that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: of [`Code`] or of [`haversack_core::ErrorCode`].
    pub code: &'static str,
    /// The table or view, named as the schema names it; none for the database as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The constraint, index, policy, trigger, rule or sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// A sentence for people.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Note {
    /// A note on a table.
    pub fn new(code: Code, table: &str, message: impl Into<String>) -> Self {
        Self {
            table: Some(table.to_owned()),
            ..Self::of_database(code, message)
        }
    }

    /// A note on the database as a whole.
    pub fn of_database(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: code.severity(),
            code: code.as_str(),
            table: None,
            column: None,
            constraint: None,
            message: message.into(),
            hint: None,
        }
    }

    /// Names the column.
    #[must_use]
    pub fn column(mut self, name: &str) -> Self {
        self.column = Some(name.to_owned());
        self
    }

    /// Names the constraint, index, policy, trigger, rule or sequence.
    #[must_use]
    pub fn constraint(mut self, name: &str) -> Self {
        self.constraint = Some(name.to_owned());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<&Error> for Note {
    fn from(error: &Error) -> Self {
        let details = &error.details;
        Self {
            severity: Severity::Error,
            code: error.code.as_str(),
            table: details.table.clone(),
            column: details.column.clone(),
            constraint: details.constraint.clone(),
            message: error.message.clone(),
            hint: details.hint.clone(),
        }
    }
}

/// Puts notes into their one order: by table, what matters most first, each once.
pub(crate) fn sort(notes: &mut Vec<Note>) {
    notes.sort_by(|a, b| key(a).cmp(&key(b)));
    notes.dedup();
}

#[allow(clippy::type_complexity)] // A key has as many parts as it takes.
fn key(
    note: &Note,
) -> (
    &Option<String>,
    Severity,
    &str,
    &Option<String>,
    &Option<String>,
    &str,
) {
    let Note {
        table,
        severity,
        code,
        column,
        constraint,
        message,
        ..
    } = note;
    (table, *severity, code, column, constraint, message)
}
