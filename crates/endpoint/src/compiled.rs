//! The introspected schema with its SQL, made once. Every identifier that reaches Postgres on behalf
//! of a client is written here, from the catalog; a client's words are only ever compared with it.

use crate::config::{Config, IdentityFormat};
use crate::database::command_error;
use crate::introspect::{Introspected, Permission, TableFacts};
use crate::served::{Served, ServedTable, Sets, add_owner_type};
pub use crate::table_sql::TableSql;
use bytes::Bytes;
use haversack_core::schema::{Policy, Schema, Table, TableId};
use haversack_core::{Error, ErrorCode};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use tokio_postgres::Client;

/// A schema, ready to serve.
#[derive(Debug)]
pub struct Compiled {
    /// What is served.
    pub served: Arc<Served>,
    /// Its schema as JSON.
    pub schema_json: Bytes,
    /// In the order of [`Schema::tables`].
    ///
    /// [`Schema::tables`]: haversack_core::schema::Schema::tables
    pub tables: Vec<TableSql>,
    /// What the identity's setting holds.
    pub identity_format: IdentityFormat,
    /// Is the time of writing kept of any column?
    pub has_times: bool,
    /// Is the endpoint's list of revoked tokens the only one, so that it may read it?
    pub one_list: bool,
    /// Puts constraints back to deferred that are declared so; empty where none is.
    pub defer: String,
    by_number: HashMap<i32, TableId>,
    /// Where pg_trgm is, quoted.
    pub trigrams: Option<String>,
    /// The relations that row security reads, by number, with the tables of which they show and hide rows.
    permits: HashMap<i32, Vec<TableId>>,
    /// Those relations and their parts, qualified and quoted.
    pub permit_relations: Vec<String>,
}

impl Deref for Compiled {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.served
    }
}

impl Compiled {
    /// Compiles what was introspected; `known` is what the changelog has of each table.
    ///
    /// # Errors
    /// `not_attached`, naming a table that the changelog does not know as it is now.
    pub fn new(
        introspected: Introspected,
        known: &HashMap<String, Attached>,
        user_role: String,
        identity_format: IdentityFormat,
    ) -> Result<Self, Error> {
        let Introspected {
            schema,
            tables: facts,
            deferred,
            trigrams,
            permissions,
            notes: _,
        } = introspected;
        let permits = permits(&schema, &permissions, known)?;
        let permit_relations = permissions.into_iter().flat_map(|p| p.relations).collect();
        let (mut tables, mut by_number) = (Vec::new(), HashMap::new());
        let (mut served, mut owner_types, mut has_times) = (Vec::new(), Vec::new(), false);
        for (i, (table, facts)) in schema.tables.iter().zip(facts).enumerate() {
            let attached = known
                .get(&table.name)
                .ok_or_else(|| not_attached(&table.name))?;
            let number = attached.number;
            let timed = timed(table);
            if attached.timed != timed {
                return Err(times_missing(&table.name));
            }
            has_times |= !timed.is_empty();
            by_number.insert(number, TableId(i as u16));
            add_owner_type(&mut owner_types, table, &facts.scope);
            let (of_table, sql) = compile(number, table, facts);
            served.push(of_table);
            tables.push(sql);
        }
        // A trigger of one table may write another, in which the time counts that a savepoint tells.
        if has_times {
            for table in served
                .iter_mut()
                .filter(|t: &&mut ServedTable| t.sets.ordered)
            {
                table.sets = Sets::default();
            }
        }
        let schema_json = serde_json::to_vec(&schema)
            .map_err(|e| {
                Error::new(
                    ErrorCode::Internal,
                    format!("the schema can't be written: {e}"),
                )
            })?
            .into();
        let defer = if deferred.is_empty() {
            String::new()
        } else {
            format!("; SET CONSTRAINTS {} DEFERRED", deferred.join(", "))
        };
        let served = Served {
            schema,
            user_role,
            owner_types,
            tables: served,
        };
        Ok(Self {
            served: Arc::new(served),
            schema_json,
            tables,
            identity_format,
            has_times,
            one_list: false,
            defer,
            by_number,
            trigrams,
            permits,
            permit_relations,
        })
    }

    /// Introspects a database as the endpoint's role and compiles it.
    ///
    /// # Errors
    /// `not_attached`, or as `introspect`.
    pub async fn read(client: &mut Client, config: &Config) -> Result<Self, Error> {
        let database = crate::attach::current_database(client).await?;
        let user_role = config.user_role(&database);
        let known = read_attached(client).await?;
        let introspected = crate::introspect::introspect(
            client,
            config,
            &user_role,
            crate::introspect::Privileges::Granted,
        )
        .await?;
        let mut compiled = Self::new(introspected, &known, user_role, config.identity_format())?;
        compiled.one_list = config.identity.revoked.is_none() && reads_revocations(client).await?;
        Ok(compiled)
    }

    /// The same, but that every mutation is done by itself: what is done together is held against it.
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        Arc::make_mut(&mut self.served).one_by_one();
        self
    }

    /// A table by its number in the changelog; none where it no longer syncs.
    pub fn by_number(&self, number: i32) -> Option<TableId> {
        self.by_number.get(&number).copied()
    }

    /// The tables of which a relation of this number shows and hides rows.
    pub fn permits(&self, number: i32) -> &[TableId] {
        self.permits.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The SQL of a table.
    pub fn sql(&self, id: TableId) -> &TableSql {
        &self.tables[usize::from(id.0)]
    }
}

/// What is served of a table, and its SQL.
fn compile(number: i32, table: &Table, mut facts: TableFacts) -> (ServedTable, TableSql) {
    let relations = std::mem::take(&mut facts.relations);
    let sets = std::mem::take(&mut facts.sets);
    let can_insert = facts.columns.iter().map(|c| c.can_insert).collect();
    let can_update = facts.columns.iter().map(|c| c.can_update).collect();
    let sql = TableSql::new(number, table, facts);
    let served = ServedTable {
        can_insert,
        can_update,
        leases: sql.sequence.is_some(),
        relations,
        sets,
    };
    (served, sql)
}

fn not_attached(table: &str) -> Error {
    Error::new(
        ErrorCode::NotAttached,
        format!("table {table} is not attached"),
    )
    .table(table)
    .hint("run `haversack attach` with the owner's DATABASE_URL")
}

/// The tables that each permission concerns, by its number.
fn permits(
    schema: &Schema,
    permissions: &[Permission],
    known: &HashMap<String, Attached>,
) -> Result<HashMap<i32, Vec<TableId>>, Error> {
    let mut permits = HashMap::new();
    for permission in permissions {
        let attached = known.get(&permission.name);
        let attached = attached.filter(|a| a.permits.as_ref() == Some(&permission.spec()));
        let attached = attached.ok_or_else(|| {
            Error::new(
                ErrorCode::NotAttached,
                format!(
                    "what policies read of table {} has changed since the database was attached",
                    permission.name
                ),
            )
            .table(&permission.name)
            .hint("run `haversack attach` again with the owner's DATABASE_URL")
        })?;
        let tables = schema.tables.iter().enumerate();
        let concerned = tables.filter(|(_, table)| permission.tables.contains(&table.name));
        let ids = concerned.map(|(i, _)| TableId(i as u16)).collect();
        permits.insert(attached.number, ids);
    }
    Ok(permits)
}

fn times_missing(table: &str) -> Error {
    Error::new(
        ErrorCode::NotAttached,
        format!("which columns of table {table} are under lww has changed since it was attached"),
    )
    .table(table)
    .hint("run `haversack attach` again with the owner's DATABASE_URL")
}

/// What `attach` noted of a table.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Its number in the changelog.
    pub number: i32,
    /// The columns whose time of writing the triggers record.
    pub timed: Vec<String>,
    /// What it was attached for as a permission, if it is one.
    pub permits: Option<String>,
}

/// The columns of which the time of writing is to be known.
pub(crate) fn timed(table: &Table) -> Vec<String> {
    let columns = table.columns.iter().filter(|c| c.policy == Policy::Lww);
    columns.map(|c| c.name.clone()).collect()
}

async fn reads_revocations(client: &Client) -> Result<bool, Error> {
    let row = client
        .query_one(
            "SELECT coalesce(has_table_privilege(to_regclass('haversack.revocations')::oid, 'SELECT'), false)",
            &[],
        )
        .await
        .map_err(command_error("reading the attached tables"))?;
    Ok(row.get(0))
}

async fn read_attached(client: &Client) -> Result<HashMap<String, Attached>, Error> {
    let failed = command_error("reading the attached tables");
    let usable: bool = client
        .query_one(
            "SELECT coalesce(has_schema_privilege(to_regnamespace('haversack')::oid, 'USAGE'), false)",
            &[],
        )
        .await
        .map_err(&failed)?
        .get(0);
    if !usable {
        return Err(Error::new(
            ErrorCode::NotAttached,
            "the database is not attached, or not for this role",
        )
        .hint(
            "run `haversack attach` with the owner's DATABASE_URL, and use the URL that it prints",
        ));
    }
    // An attach of before knew of no times; as JSON, a column that is not there is null.
    let rows = client
        .query(
            "SELECT t.name, t.id, ARRAY(SELECT jsonb_array_elements_text(coalesce(to_jsonb(t)->'timed', '[]'))), \
                    to_jsonb(t)->>'permits' \
             FROM haversack.tables t",
            &[],
        )
        .await
        .map_err(&failed)?;
    let attached = rows.iter().map(|row| {
        let attached = Attached {
            number: row.get(1),
            timed: row.get(2),
            permits: row.get(3),
        };
        (row.get(0), attached)
    });
    Ok(attached.collect())
}
