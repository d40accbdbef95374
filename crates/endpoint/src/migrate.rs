//! Applies numbered SQL files in order, each once, and refuses a file that changed afterwards.
//! The record is `public.schema_migrations` (version, name, checksum, time).

use crate::database::{command_error, explain};
use haversack_core::schema::hex;
use haversack_core::{Error, ErrorCode};
use sha2::{Digest, Sha256};
use std::path::Path;
use tokio_postgres::Client;

/// A migration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its number.
    pub version: i32,
    /// Its name, with blanks for underscores.
    pub name: String,
    /// The file's name.
    pub file: String,
    /// Its SQL.
    pub sql: String,
    /// SHA-256 of the file, in hex.
    pub checksum: String,
}

/// An arbitrary constant: two migrators of one database take turns.
const MIGRATE_LOCK: i64 = 0x6861_7665_7273_6163;

const RECORD: &str = "CREATE TABLE IF NOT EXISTS public.schema_migrations (
    version INTEGER PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    migration_name VARCHAR(255) NOT NULL,
    checksum VARCHAR(64) NOT NULL
)";

/// Reads `migrations/V<number>__<name>.sql` of a schema folder, in the numbers' order.
///
/// # Errors
/// `config_invalid` for a folder that can't be read, a file that isn't named so, or a number that
/// is missing or used twice.
pub fn read(folder: &Path) -> Result<Vec<Migration>, Error> {
    let dir = folder.join("migrations");
    let unreadable = |e: std::io::Error| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!("{} can't be read: {e}", dir.display()),
        )
        .hint("--schema takes the folder that holds haversack.toml and migrations/")
    };
    let mut migrations = Vec::new();
    for entry in std::fs::read_dir(&dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|e| e != "sql") {
            continue;
        }
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let (version, name) = parse_name(&file).ok_or_else(|| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("{} is not named like a migration", path.display()),
            )
            .hint("name it V<number>__<name>.sql, for example V2__add_notes.sql")
        })?;
        let sql = std::fs::read_to_string(&path).map_err(unreadable)?;
        let checksum = hex(&Sha256::digest(sql.as_bytes()));
        migrations.push(Migration {
            version,
            name,
            file,
            sql,
            checksum,
        });
    }
    migrations.sort_by_key(|m| m.version);
    for (i, migration) in migrations.iter().enumerate() {
        if migration.version != i as i32 + 1 {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("{} stands where V{} is expected", migration.file, i + 1),
            )
            .hint("migrations are numbered from 1 without gaps or repetitions"));
        }
    }
    Ok(migrations)
}

fn parse_name(file: &str) -> Option<(i32, String)> {
    let (version, name) = file
        .strip_prefix('V')?
        .strip_suffix(".sql")?
        .split_once("__")?;
    let version = version.parse().ok().filter(|v| *v > 0)?;
    (!name.is_empty()).then(|| (version, name.replace('_', " ")))
}

/// Applies what is missing and returns it.
///
/// # Errors
/// `migration_changed` for a file that differs from what was applied, `config_invalid` for one that
/// is gone, `migration_failed` where Postgres refuses one; nothing of that one is applied.
pub async fn apply(client: &mut Client, migrations: &[Migration]) -> Result<Vec<Migration>, Error> {
    let failed = command_error("reading schema_migrations");
    client
        .execute("SELECT pg_advisory_lock($1)", &[&MIGRATE_LOCK])
        .await
        .map_err(&failed)?;
    let result = apply_locked(client, migrations).await;
    // A failure to unlock is of no consequence: the lock ends with the connection.
    let _ = client
        .execute("SELECT pg_advisory_unlock($1)", &[&MIGRATE_LOCK])
        .await;
    result
}

async fn apply_locked(
    client: &mut Client,
    migrations: &[Migration],
) -> Result<Vec<Migration>, Error> {
    let failed = command_error("reading schema_migrations");
    client
        .batch_execute(&format!("SET client_min_messages = warning; {RECORD}"))
        .await
        .map_err(&failed)?;
    let rows = client
        .query("SELECT version, checksum, migration_name FROM public.schema_migrations ORDER BY version", &[])
        .await
        .map_err(&failed)?;
    for row in &rows {
        let (version, checksum, name): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
        let Some(file) = migrations.iter().find(|m| m.version == version) else {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("migration {version} ({name}) was applied to this database, but its file is missing"),
            )
            .hint("restore the file, or point DATABASE_URL at the database that belongs to this folder"));
        };
        if file.checksum != checksum {
            return Err(Error::new(
                ErrorCode::MigrationChanged,
                format!("{} was changed after it had been applied", file.file),
            )
            .hint("restore it as it was, and write a new migration for the change"));
        }
    }
    let mut applied = Vec::new();
    for migration in &migrations[rows.len().min(migrations.len())..] {
        apply_one(client, migration).await?;
        applied.push(migration.clone());
    }
    Ok(applied)
}

async fn apply_one(client: &mut Client, migration: &Migration) -> Result<(), Error> {
    let failed = |e: tokio_postgres::Error| {
        let place = position(&migration.sql, &e);
        let error = Error::new(
            ErrorCode::MigrationFailed,
            format!(
                "{}{place} failed, and nothing of it was applied: {}",
                migration.file,
                explain(&e)
            ),
        )
        .hint("correct the file and run `haversack migrate` again");
        match e.code() {
            Some(state) => error.sqlstate(state.code()),
            None => error,
        }
    };
    let transaction = client.transaction().await.map_err(failed)?;
    transaction
        .batch_execute(&migration.sql)
        .await
        .map_err(failed)?;
    transaction
        .execute(
            "INSERT INTO public.schema_migrations (version, migration_name, checksum) VALUES ($1, $2, $3)",
            &[&migration.version, &migration.name, &migration.checksum],
        )
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

/// ", line 12", where Postgres says at which character it stopped.
fn position(sql: &str, error: &tokio_postgres::Error) -> String {
    use tokio_postgres::error::ErrorPosition;
    match error.as_db_error().and_then(|db| db.position()) {
        Some(ErrorPosition::Original(at)) => {
            let lines = sql
                .chars()
                .take(*at as usize)
                .filter(|c| *c == '\n')
                .count();
            format!(", line {},", lines + 1)
        }
        Some(ErrorPosition::Internal { .. }) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_versions_and_words() {
        assert_eq!(
            parse_name("V12__add_notes.sql"),
            Some((12, "add notes".into()))
        );
        for wrong in [
            "V0__a.sql",
            "V1_a.sql",
            "v1__a.sql",
            "V1__.sql",
            "Vx__a.sql",
            "V1__a.txt",
        ] {
            assert_eq!(parse_name(wrong), None, "{wrong}");
        }
    }
}
