//! Loads prepared rows: files `NN_table.ndjson`, one JSON object per line, in the files' order.
//! Runs as the database's owner, in one transaction, once.

use crate::database::{command_error, explain, ident};
use haversack_core::{Error, ErrorCode};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use tokio_postgres::{Client, Transaction};

/// Rows per statement: few enough that progress shows.
const BATCH_ROWS: usize = 1000;

/// Loads a folder. A table that has rows already means that all of it was loaded before.
///
/// # Errors
/// `config_invalid` for a folder or file that can't be read; what Postgres answers to a row. Nothing
/// is loaded then.
pub async fn seed(client: &mut Client, folder: &Path) -> Result<(), Error> {
    let failed = command_error("seeding");
    let files = files(folder)?;
    let transaction = client.transaction().await.map_err(&failed)?;
    for (_, table) in &files {
        let filled: bool = transaction
            .query_one(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), &[])
            .await
            .map_err(&failed)?
            .get(0);
        if filled {
            eprintln!("nothing to do: {table} has rows already");
            return Ok(());
        }
    }
    let mut total = 0;
    for (path, table) in &files {
        total += load(&transaction, path, table).await?;
        advance_sequences(&transaction, table).await?;
    }
    transaction.commit().await.map_err(&failed)?;
    for (_, table) in &files {
        client
            .batch_execute(&format!("ANALYZE {table}"))
            .await
            .map_err(&failed)?;
    }
    eprintln!("seeded {total} rows");
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
    let unreadable = |e: std::io::Error| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!("{} can't be read: {e}", folder.display()),
        )
        .hint("--from takes a folder with files such as 01_users.ndjson")
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(stem) = path
            .file_name()
            .and_then(|n| n.to_str())
            .and_then(|n| n.strip_suffix(".ndjson"))
        else {
            continue;
        };
        let table = stem
            .split_once('_')
            .filter(|(n, _)| n.chars().all(|c| c.is_ascii_digit()))
            .map(|(_, t)| t);
        let table = table.ok_or_else(|| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("{} is not named NN_table.ndjson", path.display()),
            )
        })?;
        let (schema, relation) = crate::names::split(table);
        files.push((
            path.clone(),
            format!("{}.{}", ident(&schema), ident(&relation)),
        ));
    }
    if files.is_empty() {
        return Err(Error::new(
            ErrorCode::ConfigInvalid,
            format!("{} holds no .ndjson file", folder.display()),
        )
        .hint("run the schema's seed generator first"));
    }
    files.sort();
    Ok(files)
}

async fn load(transaction: &Transaction<'_>, path: &Path, table: &str) -> Result<usize, Error> {
    let unreadable = |e: std::io::Error| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!("{} can't be read: {e}", path.display()),
        )
    };
    let file = std::io::BufReader::new(std::fs::File::open(path).map_err(unreadable)?);
    let (mut batch, mut columns, mut rows): (String, Vec<String>, usize) =
        (String::new(), Vec::new(), 0);
    let mut in_batch = 0;
    for line in file.lines() {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line)
            .map_err(|e| {
                Error::new(
                    ErrorCode::ConfigInvalid,
                    format!("{}, row {}: {e}", path.display(), rows + 1),
                )
            })?;
        let named: Vec<String> = object.keys().map(|name| ident(name)).collect();
        // Rows with other columns go into another statement, so that defaults fill what is absent.
        if in_batch > 0 && (named != columns || in_batch == BATCH_ROWS) {
            insert(transaction, table, &columns, &batch).await?;
            batch.clear();
            in_batch = 0;
        }
        columns = named;
        batch.push(if in_batch == 0 { '[' } else { ',' });
        batch.push_str(&line);
        in_batch += 1;
        rows += 1;
        if rows % 5000 == 0 {
            eprintln!("seeding {table}: {rows} rows");
        }
    }
    if in_batch > 0 {
        insert(transaction, table, &columns, &batch).await?;
    }
    eprintln!("seeded {table}: {rows} rows");
    Ok(rows)
}

async fn insert(
    transaction: &Transaction<'_>,
    table: &str,
    columns: &[String],
    batch: &str,
) -> Result<(), Error> {
    let list = columns.join(", ");
    let rows = format!("{batch}]");
    transaction
        .execute(
            &format!(
                "INSERT INTO {table} ({list}) OVERRIDING SYSTEM VALUE \
                 SELECT {list} FROM json_populate_recordset(NULL::{table}, $1::text::json)"
            ),
            &[&rows],
        )
        .await
        .map_err(|e| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("a row for {table} was refused: {}", explain(&e)),
            )
            .hint("nothing was loaded; correct the file and run `haversack seed` again")
        })?;
    Ok(())
}

/// Rows brought their own keys, so what the sequences give next must lie beyond them.
async fn advance_sequences(transaction: &Transaction<'_>, table: &str) -> Result<(), Error> {
    let failed = command_error("advancing a sequence");
    let rows = transaction
        .query(
            "SELECT quote_ident(a.attname), pg_get_serial_sequence($1, a.attname) FROM pg_attribute a
             WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
               AND pg_get_serial_sequence($1, a.attname) IS NOT NULL",
            &[&table],
        )
        .await
        .map_err(&failed)?;
    for row in rows {
        let (column, sequence): (String, String) = (row.get(0), row.get(1));
        transaction
            .execute(
                &format!("SELECT setval($1::text::regclass, m) FROM (SELECT max({column}) AS m FROM {table}) t WHERE m IS NOT NULL"),
                &[&sequence],
            )
            .await
            .map_err(&failed)?;
    }
    Ok(())
}
