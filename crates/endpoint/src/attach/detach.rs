//! Removes every trace of `attach` from a database.

use super::locks::{Locked, Patience};
use super::{Role, current_database, find_role, with_triggers};
use crate::config::Config;
use crate::database::{command_error, ident};
use haversack_core::Error;
use tokio_postgres::{Client, Transaction};

/// Removes the schema, the triggers, the grants, and the roles that `attach` made where no other
/// database depends on them. Returns one sentence per thing that had to stay.
///
/// # Errors
/// What Postgres answers; nothing is changed then.
pub async fn detach(client: &mut Client, config: &Config) -> Result<Vec<String>, Error> {
    let database = current_database(client).await?;
    let login = find_role(client, &config.login_role(&database)).await?;
    let user = find_role(client, &config.user_role(&database)).await?;
    let failed = command_error("detaching");
    let patience = Patience::new("detaching");
    loop {
        let relations = with_triggers(client).await?;
        let locked = Locked::of(client, [], &relations).await?;
        let transaction = client.transaction().await.map_err(&failed)?;
        let error = match remove(&transaction, &database, &locked, [&login, &user]).await {
            Ok(stayed) => {
                transaction.commit().await.map_err(&failed)?;
                return Ok(stayed);
            }
            Err(error) => error,
        };
        transaction.rollback().await.map_err(&failed)?;
        patience.after(error, client, &locked).await?;
    }
}

async fn remove(
    transaction: &Transaction<'_>,
    database: &str,
    locked: &Locked,
    [login, user]: [&Role; 2],
) -> Result<Vec<String>, Error> {
    let failed = command_error("detaching");
    for statement in locked.statements() {
        transaction
            .batch_execute(&statement)
            .await
            .map_err(&failed)?;
    }
    // The triggers depend on the functions in the schema, and go with them.
    transaction
        .batch_execute(
            "SET LOCAL client_min_messages = warning; DROP SCHEMA IF EXISTS haversack CASCADE",
        )
        .await
        .map_err(&failed)?;
    if login.exists && user.exists {
        transaction
            .batch_execute(&format!(
                "REVOKE {} FROM {}",
                ident(&user.name),
                ident(&login.name)
            ))
            .await
            .map_err(&failed)?;
    }
    let mut stayed = Vec::new();
    for role in [login, user] {
        if !role.exists {
            continue;
        }
        if !role.ours {
            stayed.push(format!(
                "role {} stays: haversack attach did not make it",
                role.name
            ));
            continue;
        }
        revoke_all(transaction, database, role).await?;
        if has_dependents(transaction, role).await? {
            stayed.push(format!(
                "role {} stays: another database depends on it",
                role.name
            ));
            continue;
        }
        transaction
            .batch_execute(&format!("DROP ROLE {}", ident(&role.name)))
            .await
            .map_err(&failed)?;
    }
    Ok(stayed)
}

/// Takes back whatever a role of ours was granted in this database. `DROP OWNED` would do, but only
/// for a superuser or a member.
async fn revoke_all(
    transaction: &Transaction<'_>,
    database: &str,
    role: &Role,
) -> Result<(), Error> {
    let failed = command_error("detaching");
    let name = ident(&role.name);
    let rows = transaction
        .query(
            "WITH me AS (SELECT oid FROM pg_roles WHERE rolname = $1)
             SELECT DISTINCT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END
                    || format('%I.%I', n.nspname, c.relname)
             FROM pg_shdepend d JOIN me ON d.refobjid = me.oid AND d.refclassid = 'pg_authid'::regclass
             JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND d.deptype = 'a'
             UNION ALL
             SELECT 'SCHEMA ' || quote_ident(n.nspname)
             FROM pg_shdepend d JOIN me ON d.refobjid = me.oid AND d.refclassid = 'pg_authid'::regclass
             JOIN pg_namespace n ON d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
             WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND d.deptype = 'a'",
            &[&role.name],
        )
        .await
        .map_err(&failed)?;
    for row in rows {
        let object: String = row.get(0);
        transaction
            .batch_execute(&format!("REVOKE ALL ON {object} FROM {name}"))
            .await
            .map_err(&failed)?;
    }
    transaction
        .batch_execute(&format!(
            "REVOKE ALL ON DATABASE {} FROM {name}",
            ident(database)
        ))
        .await
        .map_err(&failed)
}

async fn has_dependents(transaction: &Transaction<'_>, role: &Role) -> Result<bool, Error> {
    let row = transaction
        .query_one(
            "SELECT EXISTS (SELECT 1 FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
             WHERE r.rolname = $1 AND d.refclassid = 'pg_authid'::regclass)",
            &[&role.name],
        )
        .await
        .map_err(command_error("detaching"))?;
    Ok(row.get(0))
}
