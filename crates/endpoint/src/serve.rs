//! `haversack serve`: checks that it is safe to begin, listens, and ends in order.

use crate::auth::{Expected, Jwks, Source, Verifier, revoked};
use crate::compiled::Compiled;
use crate::config::Config;
use crate::database::{self, command_error, pool_error};
use crate::names::split;
use crate::state::{State, ended};
use crate::sync::postgres::session::Session;
use crate::{accept, poke, router};
use deadpool_postgres::Object;
use haversack_core::{Error, ErrorCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// How often the schema is read again, so that a migration is noticed.
const SCHEMA_INTERVAL: Duration = Duration::from_secs(15);
/// How often partitions of the changelog are made and dropped.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(3600);
/// How soon it is tried again where that failed.
const MAINTENANCE_RETRY: Duration = Duration::from_secs(60);
/// How long that may take.
const REREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long open requests may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections beside those for syncs: see [`State::own_pool`].
const OWN_CONNECTIONS: usize = 2;

/// What `serve` is told beside the configuration.
#[derive(Clone, Debug)]
pub struct Options {
    /// The login role's URL.
    pub database_url: String,
    /// The secret of tokens signed with HS256.
    pub secret: Option<String>,
    /// Where the public keys of tokens signed otherwise are.
    pub jwks: Option<Source>,
    /// The `iss` that tokens must have.
    pub issuer: Option<String>,
    /// The `aud` that tokens must have.
    pub audience: Option<String>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Origins whose pages may use the endpoint.
    pub origins: Vec<String>,
    /// The most connections to Postgres for syncs; the endpoint has two more for itself.
    pub connections: usize,
}

/// Makes the state of an endpoint, if it is safe to serve.
///
/// # Errors
/// `config_invalid`, `network` (the keys of tokens), `database_unavailable`, `not_attached`,
/// `role_unsafe`, or as `introspect`.
pub async fn prepare(config: Config, options: &Options) -> Result<Arc<State>, Error> {
    let verifier = verifier(&config, options).await?;
    let origins = options
        .origins
        .iter()
        .map(|o| origin(o))
        .collect::<Result<Vec<_>, _>>()?;
    // One connection by hand first: its error names host and cause.
    let mut client = database::connect(&options.database_url, "HAVERSACK_DATABASE_URL").await?;
    check_role(&client, &config).await?;
    let compiled = Compiled::read(&mut client, &config).await?;
    drop(client);
    let pool = |size| database::pool(&options.database_url, "HAVERSACK_DATABASE_URL", size);
    let pools = (pool(options.connections.max(2))?, pool(OWN_CONNECTIONS)?);
    Ok(Arc::new(State::new(
        pools, config, verifier, origins, compiled,
    )))
}

async fn verifier(config: &Config, options: &Options) -> Result<Verifier, Error> {
    let jwks = match &options.jwks {
        Some(source) => Some(Jwks::fetch(source.clone()).await?),
        None => None,
    };
    let expected = Expected {
        claim: config.identity.claim.clone(),
        issuer: options.issuer.clone(),
        audience: options.audience.clone(),
    };
    Verifier::new(options.secret.as_deref(), jwks, expected)
}

/// What goes on beside the requests, until the endpoint ends.
fn background(state: &Arc<State>) -> Vec<JoinHandle<()>> {
    let keys = state.clone();
    vec![
        tokio::spawn(reread(state.clone())),
        tokio::spawn(maintain(state.clone())),
        tokio::spawn(revoked::keep_watching(state.clone())),
        tokio::spawn(async move {
            if let Some(jwks) = keys.verifier.jwks() {
                jwks.keep().await;
            }
        }),
    ]
}

/// Serves until the process is told to end.
///
/// # Errors
/// As [`prepare`], or `config_invalid` for an address that can't be listened on.
pub async fn serve(config: Config, options: Options) -> Result<(), Error> {
    let state = prepare(config, &options).await?;
    let listener = TcpListener::bind(options.listen).await.map_err(|e| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!("{} can't be listened on: {e}", options.listen),
        )
        .hint("choose another address with --listen, or end what uses it")
    })?;
    let address = listener.local_addr().unwrap_or(options.listen);
    if state.origins.is_empty() {
        tracing::warn!("no --allow-origin was given: no page of another origin can sync");
    }
    let watcher = poke::start(state.clone()).await?;
    let background = background(&state);
    println!("haversack is listening on http://{address}");
    let ending = state.clone();
    let mut ending_too = state.ending.subscribe();
    tokio::spawn(async move {
        told_to_end().await;
        tracing::info!("ending: no new requests, open ones finish");
        let _ = ending.ending.send(true);
    });
    let app = router::app(state.clone());
    tokio::select! {
        () = accept::serve(listener, app, state) => {}
        () = async {
            ended(&mut ending_too).await;
            tokio::time::sleep(END_TIMEOUT).await;
        } => {}
    }
    watcher.abort();
    background.iter().for_each(JoinHandle::abort);
    Ok(())
}

async fn told_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}

/// Reads the schema again and again, so that a migration made meanwhile is served, and old clients
/// hear `schema_changed`.
async fn reread(state: Arc<State>) {
    loop {
        tokio::time::sleep(SCHEMA_INTERVAL).await;
        if let Err(error) = reread_once(&state).await {
            tracing::error!(code = %error.code, "the schema can't be read again: {}", error.message);
        }
    }
}

/// Reads the schema again, and serves it if it has changed.
///
/// # Errors
/// As [`prepare`]; the schema served so far stays.
pub async fn reread_once(state: &State) -> Result<(), Error> {
    let mut object = state.own_pool.get().await.map_err(pool_error)?;
    let reread = reread_with(state, &mut object);
    if let Ok(reread) = tokio::time::timeout(REREAD_TIMEOUT, reread).await {
        return reread;
    }
    // What a connection that says nothing is about to say would be the next one's answer.
    drop(Object::take(object));
    Err(database::silent(REREAD_TIMEOUT))
}

/// The same over a connection that is at hand.
///
/// # Errors
/// As [`reread_once`].
pub async fn reread_with(state: &State, client: &mut Client) -> Result<(), Error> {
    let compiled = Compiled::read(client, &state.config).await?;
    if compiled.schema.fingerprint != state.compiled().schema.fingerprint {
        tracing::info!(
            fingerprint = compiled.schema.fingerprint,
            "the schema has changed"
        );
        // A statement prepared before would have the columns of then.
        state.pool.manager().statement_caches.clear();
    }
    // Also under the same fingerprint: privileges and scopes are not in it.
    state.replace(compiled);
    Ok(())
}

/// Has the changelog kept, again and again.
async fn maintain(state: Arc<State>) {
    loop {
        let kept = maintain_once(&state).await;
        match &kept {
            Ok(0) => {}
            Ok(dropped) => tracing::info!(dropped, "old partitions of the changelog were dropped"),
            Err(error) => {
                tracing::error!(code = %error.code, "the changelog can't be kept: {}", error.message);
            }
        }
        let pause = if kept.is_ok() {
            MAINTENANCE_INTERVAL
        } else {
            MAINTENANCE_RETRY
        };
        tokio::time::sleep(pause).await;
    }
}

/// Makes the changelog's next partition, and drops those that are too old, unless
/// another endpoint is at it. Gives how many were dropped.
///
/// # Errors
/// What Postgres answers; `overloaded` where a lock did not come at once.
pub async fn maintain_once(state: &State) -> Result<i32, Error> {
    let session = Session::get(&state.own_pool).await?;
    let days = i32::try_from(state.config.changelog.retention_days).unwrap_or(i32::MAX);
    let rows = session
        .query(
            "SELECT haversack.maintain(make_interval(days => $1))",
            &[&days],
        )
        .await
        .map_err(|failure| failure.into_error())?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

fn origin(text: &str) -> Result<String, Error> {
    let trimmed = text.trim_end_matches('/');
    let rest = trimmed
        .strip_prefix("https://")
        .or_else(|| trimmed.strip_prefix("http://"));
    let good = rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
    });
    if good {
        return Ok(trimmed.to_ascii_lowercase());
    }
    Err(Error::new(
        ErrorCode::ConfigInvalid,
        format!("--allow-origin {text:?} is not an origin"),
    )
    .hint("write scheme, host and port only, such as https://app.example or http://localhost:5173"))
}

// The role itself, the user role that it acts as, and whoever it may become.
const UNSAFE: &str = "
SELECT r.rolname::text,
       CASE WHEN r.rolsuper THEN 'is a superuser'
            WHEN r.rolbypassrls THEN 'bypasses row security'
            ELSE 'owns ' || (SELECT min(c.relname::text) FROM pg_class c WHERE c.relowner = r.oid AND c.oid = ANY ($1)) END
FROM pg_roles r
WHERE (pg_has_role(current_user, r.oid, 'MEMBER') OR r.rolname = $2)
  AND (r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid AND c.oid = ANY ($1)))
ORDER BY r.rolname <> current_user, 1 LIMIT 1";

async fn check_role(client: &Client, config: &Config) -> Result<(), Error> {
    let failed = command_error("checking the endpoint's role");
    let user_role = config.user_role(&crate::attach::current_database(client).await?);
    let (schemas, names): (Vec<String>, Vec<String>) =
        config.tables.keys().map(|name| split(name)).unzip();
    let oids: Vec<u32> = client
        .query(
            "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN unnest($1::text[], $2::text[]) AS w(s, t) ON n.nspname = w.s AND c.relname = w.t",
            &[&schemas, &names],
        )
        .await
        .map_err(&failed)?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let Some(row) = client
        .query_opt(UNSAFE, &[&oids, &user_role])
        .await
        .map_err(&failed)?
    else {
        return Ok(());
    };
    let (role, why): (String, String) = (row.get(0), row.get(1));
    Err(Error::new(ErrorCode::RoleUnsafe, format!("the endpoint acts as role {role}, or may become it, and it {why}"))
        .hint("use the HAVERSACK_DATABASE_URL that `haversack attach` prints; row security would not hold otherwise"))
}
