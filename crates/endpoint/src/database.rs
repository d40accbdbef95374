//! Connections to Postgres, the session every statement relies on, and what its errors mean.
//! Knows nothing of tables.

use deadpool_postgres::{
    Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime, Timeouts,
};
use haversack_core::{Error, ErrorCode};
use std::time::Duration;
use tokio_postgres::{Client, Config, NoTls};

/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the other machine may leave unacknowledged what it was sent.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request waits for a connection of the pool.
const POOL_WAIT: Duration = Duration::from_secs(5);

/// Sets, for the transaction, what the text of values depends on, so that it is canonical whatever
/// the database's own settings are. Never for the session: a pooled connection would leak it.
pub const CANONICAL: &str = "SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; \
     SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; ";

/// Parses a connection URL and bounds how long connecting takes.
///
/// # Errors
/// `config_invalid`, naming the variable; the URL itself is not repeated, since it holds a password.
pub fn parse_url(url: &str, variable: &str) -> Result<Config, Error> {
    let mut config: Config = url.parse().map_err(|e| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!("{variable} is not a Postgres URL: {e}"),
        )
        .hint("it looks like postgres://user:password@host:5432/database")
    })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    // So that a connection to a machine that is gone is found out without a word being said on it.
    config.tcp_user_timeout(SILENCE_TIMEOUT);
    config.keepalives_idle(SILENCE_TIMEOUT / 2);
    config.keepalives_interval(SILENCE_TIMEOUT / 6);
    config.keepalives_retries(3);
    if config.get_application_name().is_none() {
        config.application_name("haversack");
    }
    Ok(config)
}

/// One connection, for a command.
///
/// # Errors
/// `config_invalid` or `database_unavailable`, within [`CONNECT_TIMEOUT`].
pub async fn connect(url: &str, variable: &str) -> Result<Client, Error> {
    let config = parse_url(url, variable)?;
    let target = describe(&config);
    // The library's own limit ends with the TCP connection; a server that accepts and then says
    // nothing needs this one.
    let (client, connection) = tokio::time::timeout(CONNECT_TIMEOUT, config.connect(NoTls))
        .await
        .map_err(|_| {
            unavailable(
                &target,
                &format!("no answer within {CONNECT_TIMEOUT:?}"),
                variable,
            )
        })?
        .map_err(|e| unavailable(&target, &explain(&e), variable))?;
    tokio::spawn(async move {
        if let Err(e) = connection.await {
            tracing::warn!("the connection to Postgres ended: {}", explain(&e));
        }
    });
    Ok(client)
}

/// A pool of connections, for the endpoint.
///
/// # Errors
/// `config_invalid`.
pub fn pool(url: &str, variable: &str, size: usize) -> Result<Pool, Error> {
    let config = parse_url(url, variable)?;
    let manager = Manager::from_config(
        config,
        NoTls,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    Pool::builder(manager)
        .max_size(size)
        // The one used last: its plans and what it read are at hand, of the others only when they are needed.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts {
            wait: Some(POOL_WAIT),
            create: Some(CONNECT_TIMEOUT),
            recycle: Some(CONNECT_TIMEOUT),
        })
        .build()
        .map_err(|e| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("the pool can't be made: {e}"),
            )
        })
}

/// What it means that Postgres gave no answer for so long.
pub fn silent(after: Duration) -> Error {
    tracing::error!("Postgres gave no answer within {after:?}: the connection is given up");
    Error::new(
        ErrorCode::DatabaseUnavailable,
        format!("Postgres gave the endpoint no answer within {after:?}"),
    )
}

/// What a failure to get a connection out of the pool means.
pub fn pool_error(error: deadpool_postgres::PoolError) -> Error {
    use deadpool_postgres::PoolError;
    match error {
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => Error::new(
            ErrorCode::Overloaded,
            "every connection to Postgres is busy",
        ),
        PoolError::Backend(e) => {
            tracing::error!("Postgres can't be reached: {}", explain(&e));
            Error::new(
                ErrorCode::DatabaseUnavailable,
                "the endpoint can't reach Postgres",
            )
        }
        other => {
            tracing::error!("no connection to Postgres: {other}");
            Error::new(
                ErrorCode::DatabaseUnavailable,
                "the endpoint can't reach Postgres",
            )
        }
    }
}

fn unavailable(target: &str, why: &str, variable: &str) -> Error {
    Error::new(
        ErrorCode::DatabaseUnavailable,
        format!("Postgres at {target} can't be reached: {why}"),
    )
    .hint(format!(
        "check that it runs and that {variable} names its host, port, user and database"
    ))
}

fn describe(config: &Config) -> String {
    let host = config
        .get_hosts()
        .first()
        .map_or("(no host)".to_owned(), |h| match h {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        });
    format!(
        "{host}:{}",
        config.get_ports().first().copied().unwrap_or(5432)
    )
}

/// A library error with its cause, which its own text leaves out.
pub fn explain(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!("{} ({})", db.message(), db.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The error of a command whose statement failed; it may show Postgres's own words, since the
/// person at the terminal is the database's owner.
pub fn command_error(doing: &str) -> impl Fn(tokio_postgres::Error) -> Error + '_ {
    move |e| {
        let code = match e.code().map(|c| c.code()) {
            None => ErrorCode::DatabaseUnavailable,
            Some("42501") => ErrorCode::PermissionDenied,
            Some(state) if is_transient(state) => ErrorCode::Overloaded,
            Some(_) => ErrorCode::Internal,
        };
        let error = Error::new(code, format!("{doing} failed: {}", explain(&e)));
        match e.code() {
            Some(state) => error.sqlstate(state.code()),
            None => error,
        }
    }
}

/// Does this SQLSTATE mean that the same thing may succeed later?
pub fn is_transient(sqlstate: &str) -> bool {
    matches!(sqlstate, "40001" | "40P01" | "55P03")
        || sqlstate.starts_with("57")
        || sqlstate.starts_with("08")
        || sqlstate.starts_with("53")
}

/// A name as an SQL identifier.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        return format!("E'{}'", quoted.replace('\\', "\\\\"));
    }
    format!("'{quoted}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\b'"), "E'a\\\\b'''");
    }
}
