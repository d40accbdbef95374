//! Reads `haversack.toml`: what SQL can't say about a schema.
//! Every mistake in it is `config_invalid`, naming the file, the key and what to do. It never looks
//! at the database.

use crate::names::did_you_mean;
use crate::scope::{JWT_CLAIMS, Who};
use crate::steps::{self, MigrationConfig};
use haversack_core::schema::{Identity, Limits, OnDeleteConflict, Policy, Step};
use haversack_core::{Error, ErrorCode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

/// The file's name, beside the folder `migrations`.
pub const CONFIG_FILE: &str = "haversack.toml";

/// What `haversack.toml` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who "the user" is.
    pub identity: IdentityConfig,
    /// The roles that `attach` makes or uses.
    pub roles: RolesConfig,
    /// Bounds served with the schema.
    pub limits: LimitsConfig,
    /// What is kept of who changed what.
    pub changelog: ChangelogConfig,
    /// The tables that sync, by `table` in `public` or `schema.table`.
    pub tables: BTreeMap<String, TableConfig>,
    /// What migrations renamed and moved, by the migration's name.
    pub migrations: BTreeMap<String, MigrationConfig>,
}

/// Which claim names the user, and which setting carries it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityConfig {
    /// The token's claim.
    pub claim: String,
    /// The Postgres setting that policies read.
    pub setting: String,
    /// What the setting holds; `json` by default for `request.jwt.claims`, else `text`.
    pub format: Option<IdentityFormat>,
    /// The application's own list of revoked tokens: the column with their `jti`, as `table.column`
    /// in `public` or `schema.table.column`.
    pub revoked: Option<String>,
}

/// What the identity's setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityFormat {
    /// The user, as the claim names it.
    Text,
    /// All claims of the token, as JSON.
    Json,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            claim: "sub".into(),
            setting: "app.current_user_id".into(),
            format: None,
            revoked: None,
        }
    }
}

/// Names of the two roles; by default they are made of the database's name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolesConfig {
    /// The role that the endpoint signs in as.
    pub login: Option<String>,
    /// The role under which it acts for a user.
    pub user: Option<String>,
}

/// Bounds served with the schema.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// The largest request body, in bytes after decompression.
    pub body_bytes_max: u64,
    /// The most rows of a first sync.
    pub rows_max: u64,
    /// The most rows of one answer to a query.
    pub query_rows_max: usize,
    /// How long Postgres may take over a query, in milliseconds.
    pub query_timeout_ms: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            body_bytes_max: limits.body_bytes_max,
            rows_max: limits.rows_max,
            query_rows_max: QUERY_ROWS_CEILING,
            query_timeout_ms: 5_000,
        }
    }
}

/// What is kept of the changes that replicas have not seen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangelogConfig {
    /// For so many days; a replica that was away for longer gets all its rows anew.
    pub retention_days: u32,
}

impl Default for ChangelogConfig {
    fn default() -> Self {
        Self { retention_days: 7 }
    }
}

/// A synced table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableConfig {
    /// Columns that never leave the server.
    pub private: Vec<String>,
    /// Columns that a client may see but not write.
    pub read_only: Vec<String>,
    /// May clients write the table at all? By default only where it has row security: rows that
    /// everybody sees are not everybody's to change.
    pub writable: Option<bool>,
    /// Patterns by which clients make texts that are new each time, by column: `rec_{uuid}`.
    pub ids: BTreeMap<String, String>,
    /// References whose table another column names.
    pub polymorphic: Vec<PolymorphicConfig>,
    /// `global`, or the column that names the owner, where no policy says so.
    pub scope: Option<String>,
    /// What becomes of a value that two changed, in every column that it fits.
    pub policy: Option<Policy>,
    /// The same by column.
    pub policies: BTreeMap<String, Policy>,
    /// Columns that mean something only together, and conflict as one.
    pub together: Vec<Vec<String>>,
    /// What becomes of a row that one deleted while another edited it.
    pub on_delete_conflict: OnDeleteConflict,
    /// May a transaction over several rows be applied in part?
    pub mergeable: bool,
}

/// A reference whose table another column names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolymorphicConfig {
    /// The column that holds the key of the other row.
    pub column: String,
    /// The column that says of which table.
    pub by: String,
    /// The tables, by what stands for them in `by`.
    pub tables: BTreeMap<String, String>,
}

const BODY_BYTES_MIN: u64 = 1024;
const BODY_BYTES_CEILING: u64 = 1 << 30;
/// An answer to a query is held in memory.
const QUERY_ROWS_CEILING: usize = 10_000;
/// A query holds a connection, and a request that is answered later than this is given up by its page.
const QUERY_TIMEOUT_MS: RangeInclusive<u32> = 10..=20_000;
const RETENTION_DAYS_MAX: u32 = 365;

impl Config {
    /// Reads `haversack.toml` of a schema folder.
    ///
    /// # Errors
    /// `config_invalid`, naming the file and the key.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(CONFIG_FILE);
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("{} can't be read: {e}", path.display()),
            )
            .hint("--schema takes the folder that holds haversack.toml and migrations/")
        })?;
        let name = path.display().to_string();
        let config = Self::parse(&text, &name)?;
        steps::check_files(&config.migrations, folder, &name)?;
        Ok(config)
    }

    /// Parses the text of a `haversack.toml`; `name` is what errors call it.
    ///
    /// # Errors
    /// `config_invalid`, naming the file and the key.
    pub fn parse(text: &str, name: &str) -> Result<Self, Error> {
        let config: Self = toml::from_str(text).map_err(|e| {
            let line = e
                .span()
                .map_or(1, |s| text[..s.start].matches('\n').count() + 1);
            invalid(format!(
                "{name}, line {line}: {}",
                e.message().replace('\n', " ")
            ))
            .hint(format!(
                "{}the sections are [identity], [roles], [limits], [changelog], [migrations.<name>] with tables, renames and moves, and [tables.<name>] with private, read_only, writable, ids, polymorphic, scope, policy, policies, together, on_delete_conflict and mergeable; correct or remove what the line has",
                meant(e.message())
            ))
        })?;
        config.check(name)?;
        steps::steps(&config.migrations, name)?;
        Ok(config)
    }

    fn check(&self, name: &str) -> Result<(), Error> {
        if self.tables.is_empty() {
            return Err(
                invalid(format!("{name} lists no table, so nothing would sync"))
                    .hint("add a section such as [tables.notes] for each table that syncs"),
            );
        }
        let range = BODY_BYTES_MIN..=BODY_BYTES_CEILING;
        if !range.contains(&self.limits.body_bytes_max) {
            return Err(invalid(format!(
                "{name}: limits.body_bytes_max is {}, but must lie between {BODY_BYTES_MIN} and {BODY_BYTES_CEILING}",
                self.limits.body_bytes_max
            ))
            .hint("leave it out for 16 MiB"));
        }
        let rows = self.limits.query_rows_max;
        if !(1..=QUERY_ROWS_CEILING).contains(&rows) {
            return Err(invalid(format!(
                "{name}: limits.query_rows_max is {rows}, but must lie between 1 and {QUERY_ROWS_CEILING}"
            ))
            .hint(format!("leave it out for {QUERY_ROWS_CEILING}")));
        }
        let timeout_ms = self.limits.query_timeout_ms;
        if !QUERY_TIMEOUT_MS.contains(&timeout_ms) {
            return Err(invalid(format!(
                "{name}: limits.query_timeout_ms is {timeout_ms}, but must lie between {} and {}",
                QUERY_TIMEOUT_MS.start(),
                QUERY_TIMEOUT_MS.end()
            ))
            .hint("leave it out for 5000"));
        }
        if !(1..=RETENTION_DAYS_MAX).contains(&self.changelog.retention_days) {
            return Err(invalid(format!(
                "{name}: changelog.retention_days is {}, but must lie between 1 and {RETENTION_DAYS_MAX}",
                self.changelog.retention_days
            ))
            .hint("leave it out for 7"));
        }
        // A setting without a dot can't be set by an ordinary role, and an odd one would be quoted.
        let setting = &self.identity.setting;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if !setting.contains('.') || !setting.chars().all(plain) {
            return Err(invalid(format!(
                "{name}: identity.setting {setting:?} is not a setting's name"
            ))
            .hint("use a name with a dot, such as app.current_user_id"));
        }
        for (table, rules) in &self.tables {
            for (column, pattern) in &rules.ids {
                pattern_sql(pattern).map_err(|problem| {
                    invalid(format!(
                        "{name}: tables.{table}.ids has {pattern:?} for {column}: {problem}"
                    ))
                    .table(table)
                    .column(column)
                    .hint("write {uuid} once, or {hex} for one without dashes, and any text around it, such as \"rec_{uuid}\"")
                })?;
            }
            if let Some(twice) = rules.private.iter().find(|c| rules.read_only.contains(c)) {
                return Err(invalid(format!(
                    "{name}: tables.{table} has {twice} both private and read_only"
                ))
                .table(table)
                .column(twice)
                .hint(
                    "a private column is not written by clients anyway: keep it in `private` only",
                ));
            }
        }
        Ok(())
    }

    /// What migrations renamed and moved, as the schema serves it.
    ///
    /// # Errors
    /// `config_invalid`, naming the migration and the entry.
    pub fn steps(&self) -> Result<Vec<Step>, Error> {
        steps::steps(&self.migrations, CONFIG_FILE)
    }

    /// The identity as the schema serves it.
    pub fn identity(&self) -> Identity {
        Identity {
            claim: self.identity.claim.clone(),
            setting: self.identity.setting.clone(),
        }
    }

    /// What the identity's setting holds.
    pub fn identity_format(&self) -> IdentityFormat {
        self.identity.format.unwrap_or({
            if self.identity.setting == JWT_CLAIMS {
                IdentityFormat::Json
            } else {
                IdentityFormat::Text
            }
        })
    }

    /// How policies ask who the user is.
    pub fn who(&self) -> Who {
        match self.identity_format() {
            IdentityFormat::Text => Who::by_setting(&self.identity.setting),
            IdentityFormat::Json => Who::by_claims(&self.identity.setting, &self.identity.claim),
        }
    }

    /// The bounds as the schema serves them.
    pub fn limits(&self) -> Limits {
        Limits {
            body_bytes_max: self.limits.body_bytes_max,
            rows_max: self.limits.rows_max,
        }
    }

    /// The login role of this database.
    pub fn login_role(&self, database: &str) -> String {
        self.roles
            .login
            .clone()
            .unwrap_or_else(|| role_name(database, "_haversack"))
    }

    /// The user role of this database.
    pub fn user_role(&self, database: &str) -> String {
        self.roles
            .user
            .clone()
            .unwrap_or_else(|| role_name(database, "_haversack_user"))
    }
}

/// A pattern as an expression, in the catalog's form.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn pattern_sql(pattern: &str) -> Result<String, &'static str> {
    const NEW: &str = "(gen_random_uuid())::text";
    let (before, made, after) = match (pattern.split_once("{uuid}"), pattern.split_once("{hex}")) {
        (Some((before, after)), None) => (before, NEW.to_owned(), after),
        (None, Some((before, after))) => (
            before,
            format!("replace({NEW}, '-'::text, ''::text)"),
            after,
        ),
        (Some(_), Some(_)) => return Err("it has both {uuid} and {hex}"),
        (None, None) => return Err("nothing in it is new each time"),
    };
    if [before, after]
        .iter()
        .any(|part| part.contains(['{', '}', '\0']))
    {
        return Err("it has braces, or a zero byte, that stand for nothing");
    }
    let text = |part: &str| format!("{}::text", crate::database::literal(part));
    let mut sql = made;
    if !before.is_empty() {
        sql = format!("({} || {sql})", text(before));
    }
    if !after.is_empty() {
        sql = format!("({sql} || {})", text(after));
    }
    Ok(sql)
}

/// What an unknown key or word may have been meant to be, out of those that the parser says it knows.
fn meant(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let is_unknown = ["unknown field", "unknown variant"]
        .iter()
        .any(|start| message.starts_with(start));
    let unknown = words.next().filter(|_| is_unknown);
    let hint = unknown.map(|unknown| did_you_mean(unknown, words));
    hint.filter(|hint| !hint.is_empty())
        .map(|hint| format!("{hint} "))
        .unwrap_or_default()
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::ConfigInvalid, message)
}

/// The longest name that Postgres keeps, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// Roles belong to the whole cluster, so their names carry the database's. One that would be cut
/// off gets a hash instead of its end, so that two long names stay two.
fn role_name(database: &str, suffix: &str) -> String {
    if database.len() + suffix.len() <= NAME_BYTES_MAX {
        return format!("{database}{suffix}");
    }
    use sha2::Digest;
    let hash = haversack_core::schema::hex(&sha2::Sha256::digest(database.as_bytes())[..4]);
    let mut keep = NAME_BYTES_MAX - suffix.len() - hash.len() - 1;
    while !database.is_char_boundary(keep) {
        keep -= 1;
    }
    format!("{}_{hash}{suffix}", &database[..keep])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = Config::parse(text, "haversack.toml").expect_err(text);
        assert_eq!(error.code, ErrorCode::ConfigInvalid);
        assert!(error.details.hint.is_some(), "says what to do: {error}");
        error.message.clone()
    }

    #[test]
    fn mistakes_name_their_key() {
        assert!(refused("[tables.a]\nprivat = []").contains("privat"));
        assert!(refused("[tables.a]\nprivat = []").contains("line 2"));
        assert!(refused("").contains("no table"));
        assert!(refused("[limits]\nbody_bytes_max = 5\n[tables.a]").contains("body_bytes_max"));
        assert!(refused("[limits]\nquery_rows_max = 10001\n[tables.a]").contains("query_rows_max"));
        assert!(refused("[limits]\nquery_timeout_ms = 0\n[tables.a]").contains("query_timeout_ms"));
        assert!(refused("[identity]\nsetting = 'role'\n[tables.a]").contains("identity.setting"));
        assert!(refused("[tables.a]\nprivate=['x']\nread_only=['x']").contains("both"));
        assert!(refused("[tables.a]\npolicies = { n = 'countr' }").contains("line 2"));
        assert!(refused("[tables.a]\non_delete_conflict = 'keep'").contains("keep_edit"));
        for pattern in ["rec_", "{uuid}{hex}", "{uuid}{uuid}", "{id}{uuid}"] {
            let text = format!("[tables.a]\nids = {{ id = '{pattern}' }}");
            assert!(refused(&text).contains("tables.a.ids"), "{pattern}");
        }
    }

    #[test]
    fn a_policy_that_is_mistyped_is_guessed() {
        let error = Config::parse("[tables.a]\npolicies = { n = 'countr' }", "haversack.toml");
        let hint = error.expect_err("no policy").details.hint.clone();
        assert!(hint.is_some_and(|hint| hint.contains("did you mean \"counter\"")));
    }

    #[test]
    fn long_role_names_stay_distinct_and_fit() {
        let config = Config::default();
        assert_eq!(config.login_role("shop"), "shop_haversack");
        let (a, b) = ("é".repeat(29) + "a", "é".repeat(29) + "b");
        assert!(config.user_role(&a).len() <= NAME_BYTES_MAX);
        assert_ne!(config.user_role(&a), config.user_role(&b));
    }
}
