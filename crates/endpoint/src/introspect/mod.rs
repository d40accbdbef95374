//! Reads `pg_catalog` into the canonical [`Schema`], and beside it what only SQL needs.
//!
//! The catalog is the only source; DDL text is never parsed. One read-only transaction, so the
//! parts agree with each other.

mod columns;
mod constraints;
mod defaults;

use crate::config::{Config, TableConfig};
use crate::database::{command_error, ident};
use crate::scope::{self, Policy, Scope};
use haversack_core::schema::{Schema, Table};
use haversack_core::{Error, ErrorCode};
use tokio_postgres::{Client, IsolationLevel, Transaction};

/// What the endpoint knows of a database.
#[derive(Clone, Debug)]
pub struct Introspected {
    /// What is served.
    pub schema: Schema,
    /// In the order of [`Schema::tables`].
    pub tables: Vec<TableFacts>,
    /// Constraints that are INITIALLY DEFERRED, qualified and quoted.
    pub deferred: Vec<String>,
    /// What stays on the server, one sentence each, for `haversack check`.
    pub notes: Vec<String>,
}

/// What SQL needs to know of a table beside its description.
#[derive(Clone, Debug)]
pub struct TableFacts {
    /// Its identity in the catalog.
    pub oid: u32,
    /// Qualified and quoted.
    pub sql: String,
    /// The role that owns it.
    pub owner: String,
    /// Does row security apply to it?
    pub row_security: bool,
    /// Whose rows they are.
    pub scope: Scope,
    /// In the order of the served columns.
    pub columns: Vec<ColumnFacts>,
    /// Every column of the table that is private.
    pub private: Vec<String>,
    /// Columns that `attach` lets a client write.
    pub grantable: Vec<String>,
    /// May clients write it, as configured?
    pub writable: bool,
    /// Sequences owned by its columns, qualified and quoted.
    pub sequences: Vec<String>,
    /// The sequence of each served column that draws from one, by column.
    pub sequence_of: Vec<(String, String)>,
    /// Itself and its partitions, qualified and quoted.
    pub relations: Vec<String>,
}

/// What SQL needs to know of a column.
#[derive(Clone, Debug)]
pub struct ColumnFacts {
    /// Quoted.
    pub sql: String,
    /// The type to cast a parameter to: without a length, so that a cast never cuts a value off.
    pub cast: String,
    /// INSERT privilege of the user role.
    pub can_insert: bool,
    /// UPDATE privilege of the user role.
    pub can_update: bool,
}

/// A table as found, before its parts are read.
pub(crate) struct Found<'a> {
    pub(crate) name: String,
    pub(crate) oid: u32,
    pub(crate) rules: &'a TableConfig,
    schema: String,
    relation: String,
    owner: String,
    row_security: bool,
    comment: Option<String>,
    pub(crate) writable: bool,
}

/// Whose privileges count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// Those that the user role has.
    Granted,
    /// Those that `attach` will grant.
    Planned,
}

/// Reads the schema that a configuration describes, as the user role `role` may use it.
///
/// Where that role does not exist yet, its privileges are those that `attach` will grant.
///
/// # Errors
/// `config_invalid` for a table or column that does not exist, `primary_key_missing`,
/// `policy_unknown`, or what Postgres answers.
pub async fn introspect(
    client: &mut Client,
    config: &Config,
    role: &str,
    privileges: Privileges,
) -> Result<Introspected, Error> {
    let failed = command_error("reading the catalog");
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(&failed)?;
    // The normal form leaves out the names of schemas on the path.
    transaction
        .batch_execute(&format!(
            "SET LOCAL search_path = public; {}",
            crate::database::CANONICAL
        ))
        .await
        .map_err(&failed)?;
    let exists = !transaction
        .query("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&role])
        .await
        .map_err(&failed)?
        .is_empty();
    let reader = Reader {
        setting: &config.identity.setting,
        role: exists.then_some(role),
        granted_to: (exists && privileges == Privileges::Granted).then_some(role),
    };
    let mut found = find_tables(&transaction, config).await?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut tables, mut facts, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for table in &found {
        let (described, fact) = read_table(&transaction, &reader, table, &mut notes).await?;
        tables.push(described);
        facts.push(fact);
    }
    let deferred = constraints::deferred(&transaction).await?;
    let server = server_major(&transaction).await?;
    drop(transaction);
    let schema = Schema::new(
        server,
        config.identity(),
        config.limits(),
        tables,
        Vec::new(),
    )
    .map_err(|error| {
        if error.details.hint.is_some() {
            return error;
        }
        error.hint("correct the table's section in haversack.toml")
    })?;
    Ok(Introspected {
        schema,
        tables: facts,
        deferred,
        notes,
    })
}

async fn server_major(transaction: &Transaction<'_>) -> Result<u16, Error> {
    let row = transaction
        .query_one(
            "SELECT current_setting('server_version_num')::int / 10000",
            &[],
        )
        .await
        .map_err(command_error("reading the server's version"))?;
    Ok(u16::try_from(row.get::<_, i32>(0)).unwrap_or_default())
}

async fn find_tables<'a>(
    transaction: &Transaction<'_>,
    config: &'a Config,
) -> Result<Vec<Found<'a>>, Error> {
    let mut found = Vec::new();
    for (name, rules) in &config.tables {
        let (schema, relation) = name.split_once('.').unwrap_or(("public", name));
        let row = transaction
            .query_opt(
                "SELECT c.oid, c.relkind::text, c.relrowsecurity, pg_get_userbyid(c.relowner)::text, \
                        obj_description(c.oid, 'pg_class') \
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = $1 AND c.relname = $2",
                &[&schema, &relation],
            )
            .await
            .map_err(command_error("reading the catalog"))?;
        let row = row.ok_or_else(|| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!(
                    "haversack.toml lists table {name}, but the database has none of this name"
                ),
            )
            .table(name)
            .hint("run `haversack migrate` first, or correct the name")
        })?;
        let kind: String = row.get(1);
        if !matches!(kind.as_str(), "r" | "p") {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("{name} in haversack.toml is not a table"),
            )
            .table(name)
            .hint("list the tables that a view reads instead"));
        }
        let row_security: bool = row.get(2);
        found.push(Found {
            // `public.notes` and `notes` are one table.
            name: if schema == "public" {
                relation.to_owned()
            } else {
                name.clone()
            },
            oid: row.get(0),
            rules,
            schema: schema.to_owned(),
            relation: relation.to_owned(),
            owner: row.get(3),
            row_security,
            comment: row.get(4),
            writable: rules.writable.unwrap_or(row_security),
        });
    }
    Ok(found)
}

/// As whom a database is read.
struct Reader<'a> {
    setting: &'a str,
    /// The user role, where it exists: its policies count.
    role: Option<&'a str>,
    /// The same, where its privileges count rather than those that `attach` will grant.
    granted_to: Option<&'a str>,
}

async fn read_table(
    transaction: &Transaction<'_>,
    reader: &Reader<'_>,
    found: &Found<'_>,
    notes: &mut Vec<String>,
) -> Result<(Table, TableFacts), Error> {
    let name = &found.name;
    let setting = reader.setting;
    let policies = read_policies(transaction, found.oid, reader.role).await?;
    let scope = scope::derive(
        name,
        found.rules.scope.as_deref(),
        found.row_security,
        &policies,
        setting,
    )?;
    let read = columns::read(
        transaction,
        found,
        reader.granted_to,
        &scope::identity_columns(&policies, setting),
    )
    .await?;
    if let Scope::Owner(owner) = &scope
        && !read.all.contains(owner)
    {
        return Err(Error::new(
            ErrorCode::ConfigInvalid,
            format!("scope {owner:?} of table {name} in haversack.toml is not a column of it"),
        )
        .table(name)
        .hint("name the column that holds the owner, or say \"global\""));
    }
    let parts = constraints::read(transaction, found, &read.private_numbers, notes).await?;
    for column in &read.columns {
        if let haversack_core::schema::Type::Opaque { sql } = &column.kind {
            notes.push(format!(
                "{name}.{} is of type {sql}: clients compare it as text, for equality only",
                column.name
            ));
        }
        if let Some(haversack_core::schema::ColumnDefault::ServerOnly { sql, .. }) = &column.default
        {
            notes.push(format!(
                "{name}.{} has the default {sql}, which only the server can evaluate",
                column.name
            ));
        }
    }
    // Without a policy for a command, row security admits no row to it.
    let admits = |command: char| {
        !found.row_security
            || policies
                .iter()
                .any(|p| p.permissive && (p.command == '*' || p.command == command))
    };
    let private_need = read.private_needed.is_empty()
        && read.columns.iter().zip(&read.facts).all(|(c, f)| {
            c.nullable || c.default.is_some() || c.generated.is_some() || f.can_insert
        });
    let may_delete = columns::may_delete(transaction, found, reader.granted_to).await?;
    let table = Table {
        name: name.clone(),
        primary_key: parts.primary_key,
        primary_key_name: parts.primary_key_name,
        primary_key_rank: parts.primary_key_rank,
        insertable: admits('a') && private_need && read.facts.iter().any(|f| f.can_insert),
        updatable: admits('w') && read.facts.iter().any(|f| f.can_update),
        deletable: admits('d') && may_delete,
        uniques: parts.uniques,
        checks: parts.checks,
        foreign_keys: parts.foreign_keys,
        indexes: parts.indexes,
        server_rules: parts.server_rules,
        comment: found.comment.clone(),
        columns: read.columns,
    };
    let relation_sql = format!("{}.{}", ident(&found.schema), ident(&found.relation));
    let (sequences, sequence_of) = columns::sequences(transaction, found, &table).await?;
    let facts = TableFacts {
        oid: found.oid,
        sql: relation_sql,
        owner: found.owner.clone(),
        row_security: found.row_security,
        scope,
        columns: read.facts,
        private: found.rules.private.clone(),
        grantable: read.grantable,
        writable: found.writable,
        sequences,
        sequence_of,
        relations: relations(transaction, found.oid).await?,
    };
    Ok((table, facts))
}

async fn read_policies(
    transaction: &Transaction<'_>,
    oid: u32,
    role: Option<&str>,
) -> Result<Vec<Policy>, Error> {
    // Role 0 stands for PUBLIC. A role that does not exist yet has only what everybody has.
    let rows = transaction
        .query(
            "SELECT p.polname::text, p.polcmd::text, p.polpermissive, \
                    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid) \
             FROM pg_policy p \
             WHERE p.polrelid = $1 AND (0 = ANY (p.polroles) OR EXISTS ( \
                 SELECT 1 FROM pg_roles r, unnest(p.polroles) AS named(oid) \
                 WHERE r.rolname = $2 AND named.oid <> 0 AND pg_has_role(r.oid, named.oid, 'MEMBER'))) \
             ORDER BY p.polname",
            &[&oid, &role],
        )
        .await
        .map_err(command_error("reading the policies"))?;
    Ok(rows
        .iter()
        .map(|row| Policy {
            name: row.get(0),
            command: row.get::<_, String>(1).chars().next().unwrap_or('*'),
            permissive: row.get(2),
            using: row.get(3),
            check: row.get(4),
        })
        .collect())
}

async fn relations(transaction: &Transaction<'_>, oid: u32) -> Result<Vec<String>, Error> {
    let rows = transaction
        .query(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid::regclass)) \
             ORDER BY c.oid = $1 DESC, 1",
            &[&oid],
        )
        .await
        .map_err(command_error("reading the partitions"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
