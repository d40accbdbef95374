//! Makes an existing database syncable, and undoes it.
//!
//! Everything that `attach` adds is the schema `haversack`, triggers that call into it, two roles
//! and their grants; `detach` removes all of it. Both run in one transaction and may be repeated.

mod changelog;
mod detach;
pub(crate) mod history;
mod locks;
pub(crate) mod permits;
mod revocations;
mod sql;
mod times;

pub use detach::detach;
use locks::{Locked, Patience};

use crate::config::Config;
use crate::database::{command_error, ident, literal};
use crate::introspect::{Introspected, Permission, Privileges, introspect};
use haversack_core::Error;
pub use history::SKIPPED_KEYS;
use std::collections::BTreeMap;
use tokio_postgres::{Client, GenericClient};

/// An arbitrary constant: two attachers of one database take turns.
const ATTACH_LOCK: i64 = 0x6861_7665_6174_7463;

/// What `attach` is to do about the login role's password.
#[derive(Clone, Debug)]
pub enum Password {
    /// Leave it.
    Keep,
    /// Set this one.
    Set(String),
}

/// A role of this database, as found.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) exists: bool,
    /// Made by `attach`, so that `attach` grants to it and `detach` drops it.
    pub(crate) ours: bool,
}

/// What is known before the SQL is written.
pub(crate) struct Plan<'a> {
    pub(crate) database: String,
    pub(crate) login: Role,
    pub(crate) user: Role,
    pub(crate) introspected: &'a Introspected,
    /// Numbers of tables in the changelog, by name; those that exist keep theirs.
    pub(crate) numbers: BTreeMap<String, i32>,
    /// Schemas of synced tables that not everybody may use, quoted.
    pub(crate) closed_schemas: Vec<String>,
    /// May everybody connect to the database?
    pub(crate) open: bool,
    /// May event triggers be made? Only by a superuser.
    pub(crate) superuser: bool,
    /// Was a relation that syncs left unwatched since an earlier attach?
    pub(crate) missed: bool,
    /// Relations that no longer sync, but still have triggers of an earlier attach.
    pub(crate) stale: Vec<String>,
    /// Grants of an earlier attach on what no longer syncs: `TABLE name` or `SEQUENCE name`, and role.
    pub(crate) stale_grants: Vec<(String, String)>,
    /// The application's own list of revoked tokens.
    pub(crate) revoked: Option<revocations::OwnList>,
}

/// What `attach` found and did, or would do.
#[derive(Debug)]
pub struct Attached {
    /// The statements, in order, for one transaction.
    pub statements: Vec<String>,
    /// The login role.
    pub login: String,
    /// The role under which the endpoint acts for a user.
    pub user: String,
    /// Did the login role exist already?
    pub login_existed: bool,
    /// What was introspected.
    pub introspected: Introspected,
    locked: Locked,
}

/// The SQL that makes the database syncable, without running it.
///
/// # Errors
/// As [`introspect`], or what Postgres answers.
pub async fn plan(
    client: &mut Client,
    config: &Config,
    password: &Password,
) -> Result<Attached, Error> {
    let database = current_database(client).await?;
    let login = find_role(client, &config.login_role(&database)).await?;
    let user = find_role(client, &config.user_role(&database)).await?;
    let privileges = if user.exists && !user.ours {
        Privileges::Granted
    } else {
        Privileges::Planned
    };
    let introspected = introspect(client, config, &user.name, privileges).await?;
    let stale = stale(client, &introspected).await?;
    let (watched, _) = watched(&introspected);
    let locked = Locked::of(client, watched, &stale).await?;
    let plan = Plan {
        numbers: numbers(client, &introspected).await?,
        closed_schemas: closed_schemas(client, &introspected).await?,
        open: everybody_connects(client).await?,
        superuser: is_superuser(client).await?,
        missed: missed(client, &introspected).await?,
        stale,
        stale_grants: stale_grants(client, &introspected, &[&login, &user]).await?,
        revoked: revocations::own_list(client, config).await?,
        introspected: &introspected,
        database,
        login: login.clone(),
        user: user.clone(),
    };
    let mut statements = locked.statements();
    statements.extend(sql::statements(&plan, password));
    Ok(Attached {
        statements,
        login: login.name,
        user: user.name,
        login_existed: login.exists,
        introspected,
        locked,
    })
}

async fn run(client: &mut Client, statements: &[String]) -> Result<(), Error> {
    let failed = command_error("attaching");
    let transaction = client.transaction().await.map_err(&failed)?;
    for statement in statements {
        transaction
            .batch_execute(statement)
            .await
            .map_err(&failed)?;
    }
    transaction.commit().await.map_err(&failed)
}

/// Makes the database syncable.
///
/// # Errors
/// As [`plan`]; nothing is changed then.
pub async fn attach(
    client: &mut Client,
    config: &Config,
    password: &Password,
) -> Result<Attached, Error> {
    let failed = command_error("attaching");
    client
        .execute("SELECT pg_advisory_lock($1)", &[&ATTACH_LOCK])
        .await
        .map_err(&failed)?;
    let result = async {
        let patience = Patience::new("attaching");
        loop {
            let attached = plan(client, config, password).await?;
            match run(client, &attached.statements).await {
                Ok(()) => break Ok(attached),
                // Who held a table may have changed it: what is to be done is found out anew.
                Err(error) => patience.after(error, client, &attached.locked).await?,
            }
        }
    }
    .await;
    // The lock ends with the connection in any case.
    let _ = client
        .execute("SELECT pg_advisory_unlock($1)", &[&ATTACH_LOCK])
        .await;
    result
}

/// The name of the database that a connection is to.
///
/// # Errors
/// What Postgres answers.
pub async fn current_database(client: &Client) -> Result<String, Error> {
    let row = client
        .query_one("SELECT current_database()::text", &[])
        .await
        .map_err(command_error("reading the database's name"))?;
    Ok(row.get(0))
}

/// The comment by which a role that `attach` made is known, even if its database is made anew.
pub(crate) const ROLE_COMMENT: &str = "made by haversack attach";

pub(crate) async fn find_role(client: &Client, name: &str) -> Result<Role, Error> {
    let row = client
        .query_opt(
            "SELECT coalesce(shobj_description(oid, 'pg_authid') = $2, false) FROM pg_roles WHERE rolname = $1",
            &[&name, &ROLE_COMMENT],
        )
        .await
        .map_err(command_error("reading the roles"))?;
    Ok(Role {
        name: name.to_owned(),
        exists: row.is_some(),
        ours: row.is_none_or(|row| row.get(0)),
    })
}

/// Of relations with the names of their tables: the number that their triggers have.
const NUMBERS_OF_TRIGGERS: &str = "\
    SELECT asked.name, (regexp_match(p.proname, '^capture_([0-9]+)_insert$'))[1]::integer
    FROM unnest($1::text[], $2::text[]) AS asked(name, relation)
    JOIN pg_trigger t ON t.tgrelid = to_regclass(asked.relation) AND t.tgname = 'haversack_insert'
    JOIN pg_proc p ON p.oid = t.tgfoid AND p.pronamespace = 'haversack'::regnamespace
    WHERE p.proname ~ '^capture_[0-9]+_insert$'
    ORDER BY asked.name";

async fn numbers(
    client: &Client,
    introspected: &Introspected,
) -> Result<BTreeMap<String, i32>, Error> {
    let failed = command_error("reading the attached tables");
    let attached = client
        .query_one("SELECT to_regclass('haversack.tables') IS NOT NULL", &[])
        .await
        .map_err(&failed)?
        .get::<_, bool>(0);
    let mut numbers = BTreeMap::new();
    if attached {
        for row in client
            .query("SELECT name, id FROM haversack.tables", &[])
            .await
            .map_err(&failed)?
        {
            numbers.insert(row.get::<_, String>(0), row.get::<_, i32>(1));
        }
    }
    if attached {
        follow_renames(client, introspected, &mut numbers).await?;
    }
    let mut last = numbers.values().copied().max().unwrap_or(0);
    let tables = introspected.schema.tables.iter().map(|table| &table.name);
    for name in tables.chain(introspected.permissions.iter().map(|p| &p.name)) {
        numbers.entry(name.clone()).or_insert_with(|| {
            last += 1;
            last
        });
    }
    Ok(numbers)
}

/// A table that was renamed keeps its number, and with it its leases and times: its triggers, which
/// went with it, say which that is.
async fn follow_renames(
    client: &Client,
    introspected: &Introspected,
    numbers: &mut BTreeMap<String, i32>,
) -> Result<(), Error> {
    let tables = introspected.schema.tables.iter();
    let relations = tables.clone().zip(&introspected.tables);
    let new = relations.filter(|(table, _)| !numbers.contains_key(&table.name));
    let new = new.flat_map(|(t, facts)| facts.relations.iter().map(|r| (t.name.clone(), r)));
    let (names, relations): (Vec<String>, Vec<&String>) = new.unzip();
    if names.is_empty() {
        return Ok(());
    }
    let rows = client
        .query(NUMBERS_OF_TRIGGERS, &[&names, &relations])
        .await
        .map_err(command_error("reading the triggers of an earlier attach"))?;
    for row in rows {
        let (name, number): (String, i32) = (row.get(0), row.get(1));
        let was = numbers.iter().find(|(_, known)| **known == number);
        let Some(was) = was.map(|(was, _)| was.clone()) else {
            continue;
        };
        // A copy made with its triggers is another table beside the first.
        let is_gone = !tables.clone().any(|table| table.name == was);
        if is_gone && !numbers.contains_key(&name) {
            numbers.remove(&was);
            numbers.insert(name, number);
        }
    }
    Ok(())
}

async fn closed_schemas(
    client: &Client,
    introspected: &Introspected,
) -> Result<Vec<String>, Error> {
    let oids: Vec<u32> = introspected.tables.iter().map(|t| t.oid).collect();
    let rows = client
        .query(
            "SELECT DISTINCT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = ANY ($1) AND NOT has_schema_privilege('public', n.oid, 'USAGE') ORDER BY 1",
            &[&oids],
        )
        .await
        .map_err(command_error("reading the privileges"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn everybody_connects(client: &Client) -> Result<bool, Error> {
    let row = client
        .query_one(
            "SELECT has_database_privilege('public', current_database(), 'CONNECT')",
            &[],
        )
        .await
        .map_err(command_error("reading the privileges"))?;
    Ok(row.get(0))
}

async fn is_superuser(client: &Client) -> Result<bool, Error> {
    let row = client
        .query_one(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
            &[],
        )
        .await
        .map_err(command_error("reading the roles"))?;
    Ok(row.get(0))
}

/// Is the database attached already, and a relation without all of its triggers?
async fn missed(client: &Client, introspected: &Introspected) -> Result<bool, Error> {
    let (relations, prefixes) = watched(introspected);
    let row = client
        .query_one(
            "SELECT to_regclass('haversack.meta') IS NOT NULL AND EXISTS (
                 SELECT 1 FROM unnest($1::text[], $2::text[]) AS r(name, prefix) WHERE 4 <> (
                     SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = r.name::regclass AND NOT t.tgisinternal
                       AND t.tgname ~ ('^' || r.prefix || '[a-z]+$') AND t.tgenabled = 'A'))",
            &[&relations, &prefixes],
        )
        .await
        .map_err(command_error("reading the triggers"))?;
    let permissions = introspected.permissions.iter();
    Ok(row.get(0) || permissions_missed(client, permissions).await?)
}

/// Is the database attached already, and not for all of these? What they showed and hid meanwhile is nowhere.
async fn permissions_missed(
    client: &Client,
    permissions: impl Iterator<Item = &Permission>,
) -> Result<bool, Error> {
    let failed = command_error("reading the attached tables");
    let attached = client
        .query_one("SELECT to_regclass('haversack.tables') IS NOT NULL", &[])
        .await
        .map_err(&failed)?;
    let (names, specs): (Vec<&String>, Vec<String>) =
        permissions.map(|p| (&p.name, p.spec())).unzip();
    if !attached.get::<_, bool>(0) || names.is_empty() {
        return Ok(false);
    }
    let row = client
        .query_one(
            "SELECT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS p(name, spec) WHERE NOT EXISTS (
                 SELECT FROM haversack.tables t WHERE t.name = p.name AND to_jsonb(t)->>'permits' = p.spec))",
            &[&names, &specs],
        )
        .await
        .map_err(&failed)?;
    Ok(row.get(0))
}

/// Every relation that has triggers, and what their names begin with.
fn watched(introspected: &Introspected) -> (Vec<&String>, Vec<&str>) {
    let rows = introspected.tables.iter().flat_map(|t| &t.relations);
    let permits = introspected.permissions.iter().flat_map(|p| &p.relations);
    rows.map(|relation| (relation, sql::PREFIX))
        .chain(permits.map(|relation| (relation, permits::PREFIX)))
        .unzip()
}

async fn stale(client: &Client, introspected: &Introspected) -> Result<Vec<String>, Error> {
    let (current, _) = watched(introspected);
    let mut stale = with_triggers(client).await?;
    stale.retain(|relation| !current.contains(&relation));
    Ok(stale)
}

/// The relations that have triggers of ours.
async fn with_triggers(client: &impl GenericClient) -> Result<Vec<String>, Error> {
    let rows = client
        .query(
            "SELECT DISTINCT format('%I.%I', n.nspname, c.relname) FROM pg_trigger t
             JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
             JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE pn.nspname = 'haversack' AND n.nspname <> 'haversack' AND NOT t.tgisinternal ORDER BY 1",
            &[],
        )
        .await
        .map_err(command_error("reading the triggers"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn stale_grants(
    client: &Client,
    introspected: &Introspected,
    roles: &[&Role],
) -> Result<Vec<(String, String)>, Error> {
    let names: Vec<&str> = roles
        .iter()
        .filter(|r| r.ours)
        .map(|r| r.name.as_str())
        .collect();
    let current: Vec<&String> = introspected
        .tables
        .iter()
        .flat_map(|t| t.relations.iter().chain(&t.sequences))
        .collect();
    let rows = client
        .query(
            "SELECT DISTINCT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END,
                    format('%I.%I', n.nspname, c.relname), r.rolname::text
             FROM pg_shdepend d
             JOIN pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
             JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
             JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'haversack'
             WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND d.deptype = 'a' AND r.rolname = ANY ($1) ORDER BY 2, 3",
            &[&names],
        )
        .await
        .map_err(command_error("reading the privileges"))?;
    let grants = rows.iter().map(|row| {
        let (kind, name): (String, String) = (row.get(0), row.get(1));
        (
            current.contains(&&name),
            format!("{kind}{name}"),
            row.get(2),
        )
    });
    Ok(grants
        .filter(|(kept, ..)| !kept)
        .map(|(_, object, role)| (object, role))
        .collect())
}

/// A connection URL for the login role, made of the owner's.
///
/// # Errors
/// `config_invalid` where the owner's URL can't be read.
pub fn login_url(owner_url: &str, login: &str, password: Option<&str>) -> Result<String, Error> {
    let config = crate::database::parse_url(owner_url, "DATABASE_URL")?;
    let host = match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) if host.contains(':') => format!("[{host}]"),
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(tokio_postgres::config::Host::Unix(path)) => encode(&path.display().to_string()),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config
        .get_dbname()
        .or(config.get_user())
        .unwrap_or("postgres");
    let secret = password
        .map(|p| format!(":{}", encode(p)))
        .unwrap_or_default();
    Ok(format!(
        "postgres://{}{secret}@{host}:{port}/{}",
        encode(login),
        encode(database)
    ))
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// A password that nobody has to remember.
pub fn random_password() -> String {
    haversack_core::schema::hex(&rand::random::<[u8; 24]>())
}

pub(crate) fn role_statements(role: &Role, attributes: &str) -> Vec<String> {
    if role.exists {
        return Vec::new();
    }
    let name = ident(&role.name);
    vec![
        format!("CREATE ROLE {name} {attributes}"),
        format!("COMMENT ON ROLE {name} IS {}", literal(ROLE_COMMENT)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_urls_keep_host_and_database() {
        let url = login_url("postgres://me:x@db.example:5433/a%20b", "l", Some("p/w")).unwrap();
        assert_eq!(url, "postgres://l:p%2Fw@db.example:5433/a%20b");
        assert_eq!(
            login_url("postgres://me@h/d", "l", None).unwrap(),
            "postgres://l@h:5432/d"
        );
    }
}
