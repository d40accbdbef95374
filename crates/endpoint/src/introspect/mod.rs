//! Reads `pg_catalog` into the canonical [`Schema`], and beside it what only SQL needs.
//!
//! The catalog is the only source; DDL text is never parsed. One read-only transaction, so the
//! parts agree with each other; each catalog is read once for all tables, so that hundreds of them
//! take no longer than a few. What is not mirrored becomes a [`Note`].

mod columns;
mod conflicts;
mod constraints;
mod defaults;
mod draft;
mod find;
mod indexes;
mod note;
mod partitions;
mod permissions;
mod policies;
mod polymorphic;
mod reader;
mod rules;
mod sequences;
mod sets;
mod types;
mod views;

pub(crate) use note::sort;
pub use note::{Code, Note, Severity};
pub use permissions::Permission;

use crate::config::Config;
use crate::database::command_error;
use crate::expression::letters_of;
use crate::scope::{Policy, Scope};
use crate::served::Sets;
use draft::Draft;
use find::Found;
use haversack_core::Error;
use haversack_core::schema::Schema;
use reader::{Grouped, Reader, Server, of};
use std::collections::{BTreeMap, HashMap};
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
    /// Where pg_trgm is, quoted; none where the database has it not.
    pub trigrams: Option<String>,
    /// What row security reads beside the rows themselves.
    pub permissions: Vec<Permission>,
    /// What stays on the server, for `haversack check`, sorted.
    pub notes: Vec<Note>,
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
    /// The policies that apply to the user role.
    pub policies: Vec<Policy>,
    /// Sequences owned by its columns, qualified and quoted.
    pub sequences: Vec<String>,
    /// The sequence of each served column that draws from one, by column.
    pub sequence_of: Vec<(String, String)>,
    /// Itself, its partitions, and what inherits from it, qualified and quoted.
    pub relations: Vec<String>,
    /// What several mutations can do together.
    pub sets: Sets,
}

/// What SQL needs to know of a column.
#[derive(Clone, Debug)]
pub struct ColumnFacts {
    /// Quoted.
    pub sql: String,
    /// The type to cast a parameter to: without a length, so that a cast never cuts a value off.
    pub cast: String,
    /// The same to compare it with: without a domain either, whose rules are for what is stored.
    pub compared: String,
    /// INSERT privilege of the user role.
    pub can_insert: bool,
    /// UPDATE privilege of the user role.
    pub can_update: bool,
}

/// Whose privileges count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// Those that the user role has.
    Granted,
    /// Those that `attach` will grant.
    Planned,
}

/// A database with what is wrong with it.
#[derive(Clone, Debug)]
pub struct Survey {
    /// What could be read; tables that can't be served at all are not among it.
    pub introspected: Introspected,
    /// What keeps the database from being served, in order.
    pub faults: Vec<Error>,
    /// How policies ask who the user is, as [`crate::scope::Who::functions`].
    pub identity_functions: Vec<String>,
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
    let survey = survey(client, config, role, privileges).await?;
    match survey.faults.into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(survey.introspected),
    }
}

/// The same to the end, whatever is wrong on the way.
///
/// # Errors
/// What Postgres answers.
pub async fn survey(
    client: &mut Client,
    config: &Config,
    role: &str,
    privileges: Privileges,
) -> Result<Survey, Error> {
    let failed = command_error("reading the catalog");
    let mut transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(&failed)?;
    // The normal form leaves out the names of schemas on the path. To compile a query of the catalog
    // takes longer than to run it.
    transaction
        .batch_execute(&format!(
            "SET LOCAL search_path = public; SET LOCAL jit = off; {}",
            crate::database::CANONICAL
        ))
        .await
        .map_err(&failed)?;
    let exists = !transaction
        .query("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&role])
        .await
        .map_err(&failed)?
        .is_empty();
    let mut faults = Vec::new();
    let found = find::find(&transaction, config, &mut faults).await?;
    let oids: Vec<u32> = found.iter().map(|t| t.oid).collect();
    let server = Server::read(&transaction, role).await?;
    let views = views::Views::read(&transaction).await?;
    let relations: Vec<u32> = oids.iter().copied().chain(views.oids()).collect();
    let types = types::Types::read(&transaction, &relations).await?;
    let mut who = config.who();
    policies::learn(&transaction, &oids, &mut who).await?;
    let reader = Reader {
        who,
        role: exists.then(|| role.to_owned()),
        granted_to: (exists && privileges == Privileges::Granted).then(|| role.to_owned()),
        base: rules::base(&transaction, &server, config, types.enums()).await?,
        collation: server.collation.clone(),
        order: server.order,
    };
    let catalog = Catalog::read(&transaction, &reader, &server, &oids).await?;
    let drafts = describe(&mut transaction, &reader, &types, &catalog, &found).await?;
    let deferred = constraints::deferred(&transaction).await?;
    let mut notes = Vec::new();
    let permissions = permissions::read(&transaction, &reader, &found, &drafts, &mut notes).await?;
    drop(transaction);

    let private: HashMap<u32, Vec<i16>> = found
        .iter()
        .zip(&drafts)
        .map(|(table, draft)| (table.oid, draft.private_numbers.clone()))
        .collect();
    let views = views.describe(&reader, &types, &found, &private, &mut notes);
    let (mut tables, mut facts) = (Vec::new(), Vec::new());
    for (found, mut draft) in found.iter().zip(drafts) {
        faults.append(&mut draft.faults);
        notes.append(&mut draft.notes);
        let (mut table, mut fact) = draft.finish(found);
        conflicts::declare(found, &mut table, &mut faults);
        fact.sets = sets::of_table(of(&catalog.sets, found.oid), &table);
        match table.check() {
            Ok(()) => {
                tables.push(table);
                facts.push(fact);
            }
            Err(fault) if fault.details.hint.is_some() => faults.push(fault),
            Err(fault) => faults.push(fault.hint("correct the table's section in haversack.toml")),
        }
    }
    polymorphic::describe(&found, &mut tables, &mut faults);
    sort(&mut notes);
    let (identity, limits) = (config.identity(), config.limits());
    let steps = config.steps()?;
    let letters = letters_of(None, &reader.base);
    let schema = Schema::new(server.major, identity, limits, tables, views)?;
    crate::steps::check(&schema, &steps, &mut faults);
    Ok(Survey {
        identity_functions: reader.who.functions().map(str::to_owned).collect(),
        introspected: Introspected {
            schema: schema.with_letters(letters).with_steps(steps),
            tables: facts,
            deferred,
            trigrams: server.trigrams,
            permissions,
            notes,
        },
        faults,
    })
}

/// The rows of the catalogs, by table.
struct Catalog {
    columns: Grouped,
    indexes: Grouped,
    constraints: Grouped,
    policies: Grouped,
    sequences: Grouped,
    deletes: Grouped,
    sets: Grouped,
    parts: partitions::Parts,
}

impl Catalog {
    async fn read(
        transaction: &Transaction<'_>,
        reader: &Reader,
        server: &Server,
        oids: &[u32],
    ) -> Result<Self, Error> {
        Ok(Self {
            columns: columns::read(transaction, reader, oids).await?,
            indexes: indexes::read(transaction, server, oids).await?,
            constraints: constraints::read(transaction, server, oids).await?,
            policies: policies::read(transaction, reader.role.as_deref(), oids).await?,
            sequences: sequences::read(transaction, oids).await?,
            deletes: sequences::may_delete(transaction, reader, oids).await?,
            sets: sets::read(transaction, reader, oids).await?,
            parts: partitions::Parts::read(transaction, oids).await?,
        })
    }
}

/// Describes every table, the constants among its defaults included.
async fn describe(
    transaction: &mut Transaction<'_>,
    reader: &Reader,
    types: &types::Types,
    catalog: &Catalog,
    found: &[Found<'_>],
) -> Result<Vec<Draft>, Error> {
    let private: BTreeMap<u32, Vec<String>> = found
        .iter()
        .map(|table| (table.oid, table.rules.private.clone()))
        .collect();
    let mut constants = defaults::Constants::default();
    let mut drafts: Vec<Draft> = Vec::with_capacity(found.len());
    for (at, table) in found.iter().enumerate() {
        let oid = table.oid;
        let mut draft = Draft::new(
            at,
            table,
            reader,
            policies::of_table(of(&catalog.policies, oid)),
        );
        // First, since what draws from no sequence that is found is the server's alone.
        sequences::describe(of(&catalog.sequences, oid), &mut draft);
        let rows = of(&catalog.columns, oid);
        draft.find_scope(table, reader, rows);
        let identity = crate::scope::identity_columns(&draft.policies, &reader.who);
        columns::Reading {
            reader,
            types,
            found: table,
            identity: &identity,
        }
        .describe(rows, &mut draft, &mut constants);
        indexes::describe(table, of(&catalog.indexes, oid), &mut draft);
        let rows = of(&catalog.constraints, oid);
        constraints::describe(table, rows, &private, &mut draft);
        catalog.parts.describe(table, found, &mut draft);
        draft.may_delete = of(&catalog.deletes, oid).first().map(|row| row.get(1));
        drafts.push(draft);
    }
    defaults::tell(transaction, constants, &mut drafts).await?;
    Ok(drafts)
}
