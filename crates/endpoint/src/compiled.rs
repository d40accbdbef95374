//! The introspected schema with its SQL, made once. Every identifier that reaches Postgres on behalf
//! of a client is written here, from the catalog; a client's words are only ever compared with it.

use crate::config::{Config, IdentityFormat};
use crate::database::command_error;
use crate::introspect::{ColumnFacts, Introspected, TableFacts};
use crate::served::{Served, ServedTable, Sets, add_owner_type};
use bytes::Bytes;
use haversack_core::schema::{ColumnDefault, ColumnId, Policy, Table, TableId};
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
    /// Puts constraints back to deferred that are declared so; empty where none is.
    pub defer: String,
    by_number: HashMap<i32, TableId>,
}

impl Deref for Compiled {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.served
    }
}

/// A table's SQL.
#[derive(Debug)]
pub struct TableSql {
    /// Its number in the changelog.
    pub number: i32,
    /// Qualified and quoted.
    pub sql: String,
    /// In the order of the served columns.
    columns: Vec<ColumnFacts>,
    /// The sequence from which its key draws, qualified and quoted.
    pub sequence: Option<String>,
    /// All served columns of all visible rows, as text.
    pub read_all: String,
    /// Their number, at most `$1`.
    pub count: String,
    /// The served columns of the row with key `$1, $2, …`, as text.
    pub read: String,
    /// The same, locking the row.
    pub read_locked: String,
    /// The served columns of the rows whose keys are in the arrays `$1, $2, …`, one per key column.
    pub read_many: String,
    /// The same, locking the rows, one after the other in this order.
    pub read_many_locked: String,
    /// Deletes the row with key `$1, $2, …`.
    pub delete: String,
    /// Deletes the rows whose keys are in the arrays `$1, $2, …`.
    pub delete_many: String,
    /// All served columns, as text.
    list: String,
    /// `t.key = $n::…` for each key column, with the first parameter's number left open.
    key_casts: Vec<(String, String)>,
    always: Vec<bool>,
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
            notes: _,
        } = introspected;
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
            defer,
            by_number,
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
        Self::new(introspected, &known, user_role, config.identity_format())
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
}

/// The columns of which the time of writing is to be known.
pub(crate) fn timed(table: &Table) -> Vec<String> {
    let columns = table.columns.iter().filter(|c| c.policy == Policy::Lww);
    columns.map(|c| c.name.clone()).collect()
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
            "SELECT t.name, t.id, ARRAY(SELECT jsonb_array_elements_text(coalesce(to_jsonb(t)->'timed', '[]'))) \
             FROM haversack.tables t",
            &[],
        )
        .await
        .map_err(&failed)?;
    let attached = rows.iter().map(|row| {
        let (number, timed) = (row.get(1), row.get(2));
        (row.get(0), Attached { number, timed })
    });
    Ok(attached.collect())
}

impl TableSql {
    fn new(number: i32, table: &Table, facts: TableFacts) -> Self {
        let key = table.key_columns();
        let list: Vec<String> = facts
            .columns
            .iter()
            .map(|c| format!("t.{}::text", c.sql))
            .collect();
        let list = list.join(", ");
        let key_casts: Vec<(String, String)> = key
            .iter()
            .map(|c| &facts.columns[usize::from(c.0)])
            .map(|c| (c.sql.clone(), c.cast.clone()))
            .collect();
        let sql = &facts.sql;
        let at = predicate(&key_casts, 1);
        let names: Vec<String> = (1..=key.len()).map(|i| format!("k{i}")).collect();
        let arrays: Vec<String> = (1..=key.len()).map(|i| format!("${i}::text[]")).collect();
        let joined: Vec<String> = key_casts
            .iter()
            .zip(&names)
            .map(|((column, cast), name)| format!("t.{column} = k.{name}::{cast}"))
            .collect();
        let sequence = table.sequence_key().and_then(|c| {
            let name = &table.column(c).name;
            facts
                .sequence_of
                .iter()
                .find(|(column, _)| column == name)
                .map(|(_, s)| s.clone())
        });
        let always = table
            .columns
            .iter()
            .map(|c| matches!(c.default, Some(ColumnDefault::Sequence { always: true })))
            .collect();
        // FOR UPDATE needs a right to update; a row of a table that is only deleted from is not locked.
        let lock = if facts.columns.iter().any(|c| c.can_update) {
            " FOR UPDATE"
        } else {
            ""
        };
        Self {
            number,
            read_all: format!("SELECT {list} FROM {sql} t"),
            count: format!("SELECT count(*) FROM (SELECT FROM {sql} LIMIT $1::bigint) t"),
            read: format!("SELECT {list} FROM {sql} t WHERE {at}"),
            read_locked: format!("SELECT {list} FROM {sql} t WHERE {at}{lock}"),
            read_many: format!(
                "SELECT {list} FROM unnest({}) AS k({}) JOIN {sql} t ON {}",
                arrays.join(", "),
                names.join(", "),
                joined.join(" AND ")
            ),
            read_many_locked: format!(
                "SELECT {list} FROM unnest({}) WITH ORDINALITY AS k({}, place) JOIN {sql} t ON {} ORDER BY k.place{}",
                arrays.join(", "),
                names.join(", "),
                joined.join(" AND "),
                if lock.is_empty() {
                    ""
                } else {
                    " FOR UPDATE OF t"
                }
            ),
            delete: format!("DELETE FROM {sql} t WHERE {at}"),
            delete_many: format!(
                "DELETE FROM {sql} t USING unnest({}) AS k({}) WHERE {}",
                arrays.join(", "),
                names.join(", "),
                joined.join(" AND ")
            ),
            list,
            sql: facts.sql,
            columns: facts.columns,
            sequence,
            key_casts,
            always,
        }
    }

    /// Updates columns to `$1, $2, …` in the row whose key is in the parameters after them.
    pub fn update(&self, columns: &[ColumnId]) -> String {
        let set: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let column = &self.columns[usize::from(c.0)];
                format!("{} = ${}::text::{}", column.sql, i + 1, column.cast)
            })
            .collect();
        let at = predicate(&self.key_casts, columns.len() + 1);
        format!("UPDATE {} t SET {} WHERE {at}", self.sql, set.join(", "))
    }

    /// Updates columns to the arrays `$1, $2, …` in the rows whose keys are in the arrays after them, and
    /// returns all served columns as text.
    pub fn update_many(&self, columns: &[ColumnId]) -> String {
        let of_key = self.key_casts.iter().map(|(sql, cast)| (sql, cast));
        let of_columns = columns.iter().map(|c| &self.columns[usize::from(c.0)]);
        let of_columns: Vec<_> = of_columns.map(|c| (&c.sql, &c.cast)).collect();
        let all = 1..=columns.len() + self.key_casts.len();
        let arrays: Vec<String> = all.clone().map(|i| format!("${i}::text[]")).collect();
        let names: Vec<String> = all.map(|i| format!("v{i}")).collect();
        let equal = |((sql, cast), name): ((&String, &String), &String)| {
            format!("{sql} = v.{name}::{cast}")
        };
        let set: Vec<String> = of_columns.into_iter().zip(&names).map(equal).collect();
        let at = of_key.zip(&names[columns.len()..]);
        let at: Vec<String> = at.map(|pair| format!("t.{}", equal(pair))).collect();
        format!(
            "UPDATE {} t SET {} FROM unnest({}) AS v({}) WHERE {} RETURNING {}",
            self.sql,
            set.join(", "),
            arrays.join(", "),
            names.join(", "),
            at.join(" AND "),
            self.list
        )
    }

    /// Inserts rows, in their order, with the arrays `$1, $2, …` as columns, and returns all served
    /// columns as text.
    pub fn insert_many(&self, columns: &[ColumnId]) -> String {
        let facts = columns.iter().map(|c| &self.columns[usize::from(c.0)]);
        let facts: Vec<&ColumnFacts> = facts.collect();
        let sql: Vec<&str> = facts.iter().map(|c| c.sql.as_str()).collect();
        let arrays: Vec<String> = (1..=columns.len())
            .map(|i| format!("${i}::text[]"))
            .collect();
        let names: Vec<String> = (1..=columns.len()).map(|i| format!("v{i}")).collect();
        let values = facts.iter().zip(&names);
        let values: Vec<String> = values
            .map(|(c, name)| format!("v.{name}::{}", c.cast))
            .collect();
        format!(
            "INSERT INTO {} AS t ({}){} SELECT {} FROM unnest({}) WITH ORDINALITY AS v({}, place) \
             ORDER BY v.place RETURNING {}",
            self.sql,
            sql.join(", "),
            self.overriding(columns),
            values.join(", "),
            arrays.join(", "),
            names.join(", "),
            self.list
        )
    }

    fn overriding(&self, columns: &[ColumnId]) -> &'static str {
        if columns.iter().any(|c| self.always[usize::from(c.0)]) {
            " OVERRIDING SYSTEM VALUE"
        } else {
            ""
        }
    }

    /// Inserts columns `$1, $2, …` and returns the key.
    pub fn insert(&self, columns: &[ColumnId]) -> String {
        let key: Vec<String> = self
            .key_casts
            .iter()
            .map(|(c, _)| format!("t.{c}::text"))
            .collect();
        let key = key.join(", ");
        if columns.is_empty() {
            return format!(
                "INSERT INTO {} AS t DEFAULT VALUES RETURNING {key}",
                self.sql
            );
        }
        let facts: Vec<&ColumnFacts> = columns
            .iter()
            .map(|c| &self.columns[usize::from(c.0)])
            .collect();
        let names: Vec<&str> = facts.iter().map(|c| c.sql.as_str()).collect();
        let values: Vec<String> = facts
            .iter()
            .enumerate()
            .map(|(i, c)| format!("${}::text::{}", i + 1, c.cast))
            .collect();
        format!(
            "INSERT INTO {} AS t ({}){} VALUES ({}) RETURNING {key}",
            self.sql,
            names.join(", "),
            self.overriding(columns),
            values.join(", ")
        )
    }
}

fn predicate(key: &[(String, String)], first: usize) -> String {
    let parts: Vec<String> = key
        .iter()
        .enumerate()
        .map(|(i, (column, cast))| format!("t.{column} = ${}::text::{cast}", first + i))
        .collect();
    parts.join(" AND ")
}
