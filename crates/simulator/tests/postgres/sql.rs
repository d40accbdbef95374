//! The same writes straight in SQL, to the model and to Postgres.

use haversack_core::Error;
use haversack_core::protocol::{KeyText, Op, Text};
use haversack_core::schema::{Schema, Table};
use haversack_simulator::model::{self, Dump};
use tokio_postgres::{Client, SimpleQueryMessage};

/// A transaction in both.
pub struct Writer {
    model: Option<model::Writer>,
    postgres: Client,
}

/// A SQLSTATE, where something was refused.
pub type Said = Option<String>;

fn model_said(result: Result<(), Error>) -> Said {
    let error = result.err()?;
    Some(
        error
            .details
            .sqlstate
            .clone()
            .unwrap_or_else(|| format!("{error:?}")),
    )
}

fn postgres_said<T>(result: Result<T, tokio_postgres::Error>) -> Said {
    let error = result.err()?;
    Some(
        error
            .code()
            .map_or_else(|| error.to_string(), |c| c.code().to_owned()),
    )
}

impl Writer {
    pub async fn begin(model: &model::Database, postgres: Client) -> Self {
        postgres.batch_execute("BEGIN").await.unwrap();
        Self {
            model: Some(model.begin()),
            postgres,
        }
    }

    /// Writes to both, and gives what they said.
    pub async fn write(&mut self, schema: &Schema, op: &Op) -> (Said, Said) {
        let model = self.model.as_mut().unwrap().write(op);
        let postgres = self.postgres.batch_execute(&statement(schema, op)).await;
        (model_said(model), postgres_said(postgres))
    }

    /// Ends both, and gives what they said, and the connection.
    pub async fn end(mut self, commit: bool) -> (Said, Said, Client) {
        let model = self.model.take().unwrap();
        let sql = if commit { "COMMIT" } else { "ROLLBACK" };
        let postgres = postgres_said(self.postgres.batch_execute(sql).await);
        let model = if commit {
            model_said(model.commit())
        } else {
            model.rollback();
            None
        };
        (model, postgres, self.postgres)
    }
}

fn literal(text: &Text) -> String {
    match text {
        Some(text) => format!("'{}'", text.replace('\'', "''")),
        None => "NULL".to_owned(),
    }
}

fn at(table: &Table, key: &KeyText) -> String {
    let parts = table.primary_key.iter().zip(key);
    let parts: Vec<String> = parts
        .map(|(name, part)| format!("{name} = {}", literal(&Some(part.clone()))))
        .collect();
    parts.join(" AND ")
}

fn statement(schema: &Schema, op: &Op) -> String {
    let described = |name: &str| schema.table(schema.table_id(name).unwrap());
    match op {
        Op::Insert { table, values } => {
            let names: Vec<&str> = values.keys().map(|name| &**name).collect();
            let texts: Vec<String> = values.iter().map(|(_, text)| literal(text)).collect();
            format!(
                "INSERT INTO {table} ({}) VALUES ({})",
                names.join(", "),
                texts.join(", ")
            )
        }
        Op::Update {
            table, key, set, ..
        } => {
            let set: Vec<String> = set
                .iter()
                .map(|(name, text)| format!("{name} = {}", literal(text)))
                .collect();
            let at = at(described(table), key);
            format!("UPDATE {table} SET {} WHERE {at}", set.join(", "))
        }
        Op::Delete { table, key, .. } => {
            format!("DELETE FROM {table} WHERE {}", at(described(table), key))
        }
    }
}

/// All rows of a Postgres, as the model dumps its own.
pub async fn dump(schema: &Schema, owner: &Client) -> Dump {
    let mut tables = Vec::new();
    for table in &schema.tables {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|c| format!("{}::text", c.name))
            .collect();
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            table.name,
            table
                .primary_key
                .iter()
                .map(|c| format!("{}.{c}", table.name))
                .collect::<Vec<_>>()
                .join(", ")
        );
        let messages = owner.simple_query(&sql).await.unwrap();
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|i| row.get(i).map(str::to_owned))
                    .collect(),
            ),
            _ => None,
        });
        tables.push((table.name.clone(), rows.collect()));
    }
    Dump { tables }
}
