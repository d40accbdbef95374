//! The commands of `haversack`: options in, calls out, words for the person at the terminal.

use crate::attach::{self, Password};
use crate::check::{check, scope_words};
use crate::config::Config;
use crate::database::{command_error, connect};
use crate::introspect::{Introspected, Privileges, introspect};
use crate::{auth, client, migrate, pull_types, seed, serve};
use clap::{Args, Parser, Subcommand};
use haversack_core::{Error, ErrorCode, Recovery};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::Client;

const OWNER_URL: &str = "DATABASE_URL";
const ENDPOINT_URL: &str = "HAVERSACK_DATABASE_URL";
const SECRET: &str = "HAVERSACK_JWT_SECRET";

/// The Haversack endpoint: the part of your Postgres that your users carry with them.
#[derive(Debug, Parser)]
#[command(
    name = "haversack",
    version,
    after_help = "DATABASE_URL is the database owner's and serves migrate, attach, detach, seed, check and pull.\nHAVERSACK_DATABASE_URL is the endpoint's own role, made by attach, and serves serve."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// A folder with haversack.toml and migrations/.
#[derive(Args, Debug)]
struct SchemaFolder {
    /// The folder that holds haversack.toml and migrations/
    #[arg(long, value_name = "DIR")]
    schema: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Apply the migrations that DATABASE_URL lacks; refuse one that changed since
    Migrate(SchemaFolder),
    /// Make DATABASE_URL syncable: changelog, triggers, roles; may be repeated
    Attach {
        #[command(flatten)]
        folder: SchemaFolder,
        /// Print the SQL for review and change nothing
        #[arg(long)]
        print: bool,
        /// The endpoint's password; made up where it is not given
        #[arg(long, value_name = "PASSWORD")]
        login_password: Option<String>,
    },
    /// Remove every trace of attach from DATABASE_URL
    Detach(SchemaFolder),
    /// Serve replicas, as the role of HAVERSACK_DATABASE_URL
    Serve {
        #[command(flatten)]
        folder: SchemaFolder,
        /// The address to listen on
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// An origin whose pages may use the endpoint, such as https://app.example; repeatable
        #[arg(long, value_name = "ORIGIN", num_args = 1..)]
        allow_origin: Vec<String>,
        /// The public keys of tokens: the https:// address of a JWK set, or a file
        #[arg(
            long,
            value_name = "URL",
            env = "HAVERSACK_JWKS",
            hide_env_values = true
        )]
        jwks: Option<String>,
        /// The issuer (`iss`) that tokens must have
        #[arg(long, value_name = "ISS", env = "HAVERSACK_JWT_ISSUER")]
        issuer: Option<String>,
        /// The audience (`aud`) that tokens must have
        #[arg(long, value_name = "AUD", env = "HAVERSACK_JWT_AUDIENCE")]
        audience: Option<String>,
        /// The most connections to Postgres for syncs; two more serve the endpoint itself
        #[arg(long, value_name = "N", default_value_t = 16)]
        connections: usize,
    },
    /// Mint a development token, signed with HAVERSACK_JWT_SECRET
    Token {
        /// Whom it names
        #[arg(long, value_name = "ID")]
        user: String,
        /// How long it lasts: a number with s, m, h or d
        #[arg(long, default_value = "1h", value_parser = parse_ttl)]
        ttl: Duration,
        /// The claim that names the user
        #[arg(long, default_value = "sub")]
        claim: String,
    },
    /// Write schema.ts from a served schema, or from DATABASE_URL
    Pull {
        /// The endpoint's address
        #[arg(long, conflicts_with = "schema", required_unless_present = "schema")]
        url: Option<String>,
        /// The folder that holds haversack.toml; the schema is read from DATABASE_URL
        #[arg(long, value_name = "DIR")]
        schema: Option<PathBuf>,
        /// The file to write
        #[arg(long, value_name = "FILE", default_value = "schema.ts")]
        out: PathBuf,
    },
    /// Load NN_table.ndjson files into DATABASE_URL, once
    Seed {
        #[command(flatten)]
        folder: SchemaFolder,
        /// The folder with the files
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
    },
    /// List tables, scopes, what only the server can judge, and what could be better
    ///
    /// Exits with 0; with 2 where there is an error, which keeps the endpoint from serving; with 1
    /// where there is a warning and --strict is given, or where the check itself could not be made.
    Check {
        #[command(flatten)]
        folder: SchemaFolder,
        /// Print the notes as a JSON array
        #[arg(long)]
        json: bool,
        /// Exit with 1 where there is a warning
        #[arg(long)]
        strict: bool,
    },
    /// Ask an endpoint how it is
    Health {
        /// The endpoint's address
        #[arg(long)]
        url: String,
    },
}

/// Runs a command and gives the process's exit code.
///
/// # Errors
/// Whatever it reports; `main` prints it.
pub async fn run(cli: Cli) -> Result<u8, Error> {
    match cli.command {
        Command::Check {
            folder,
            json,
            strict,
        } => check_command(&folder.schema, json, strict).await,
        command => done(command).await.map(|()| 0),
    }
}

/// Runs a command that succeeds or fails.
async fn done(command: Command) -> Result<(), Error> {
    match command {
        Command::Check { .. } => unreachable!("it is run by its caller"),
        Command::Migrate(folder) => migrate_command(&folder.schema).await,
        Command::Attach {
            folder,
            print,
            login_password,
        } => attach_command(&folder.schema, print, login_password).await,
        Command::Detach(folder) => {
            let config = Config::read(&folder.schema)?;
            for line in attach::detach(&mut owner().await?, &config).await? {
                eprintln!("{line}");
            }
            eprintln!("detached: nothing of Haversack is left in the database");
            Ok(())
        }
        Command::Serve {
            folder,
            listen,
            allow_origin,
            jwks,
            issuer,
            audience,
            connections,
        } => {
            let options = serve::Options {
                database_url: variable(ENDPOINT_URL, "`haversack attach` prints it")?,
                secret: std::env::var(SECRET)
                    .ok()
                    .filter(|secret| !secret.is_empty()),
                jwks: jwks.as_deref().map(auth::Source::parse).transpose()?,
                issuer,
                audience,
                listen,
                origins: allow_origin,
                connections,
            };
            serve::serve(Config::read(&folder.schema)?, options).await
        }
        Command::Token { user, ttl, claim } => {
            let secret = variable(SECRET, "make one with `openssl rand -hex 32`")?;
            println!("{}", auth::mint(&secret, &claim, &user, ttl)?);
            eprintln!(
                "a development token: whoever has it is {user} for {} s; give users tokens of your own server",
                ttl.as_secs()
            );
            Ok(())
        }
        Command::Pull { url, schema, out } => pull_command(url, schema, &out).await,
        Command::Seed { folder, from } => {
            Config::read(&folder.schema)?;
            seed::seed(&mut owner().await?, &from).await
        }
        Command::Health { url } => {
            let body = client::get(&url, "/health", &[503])?;
            println!("{body}");
            if body.contains("\"status\":\"ok\"") {
                return Ok(());
            }
            Err(Error::new(
                ErrorCode::DatabaseUnavailable,
                format!("the endpoint at {url} is not healthy"),
            )
            .hint("the answer above says what is wrong"))
        }
    }
}

/// Two sentences on an error: what, and what to do.
pub fn describe(error: &Error) -> String {
    let advice = error.details.hint.clone().unwrap_or_else(|| {
        match error.recovery() {
            Recovery::Retry => "try again; if it stays so, look at Postgres's log",
            Recovery::Authenticate => "get a new token",
            Recovery::Reset => "discard the replica and sync again",
            Recovery::Upgrade => "install the newer version",
            Recovery::None => "correct it and run the command again",
        }
        .to_owned()
    });
    format!(
        "error: {} [{}]\nwhat to do: {advice}",
        error.message, error.code
    )
}

fn variable(name: &str, source: &str) -> Result<String, Error> {
    std::env::var(name)
        .ok()
        .filter(|v| !v.is_empty())
        .ok_or_else(|| {
            Error::new(ErrorCode::ConfigInvalid, format!("{name} is not set"))
                .hint(format!("set {name} in the environment: {source}"))
        })
}

async fn owner() -> Result<Client, Error> {
    let url = variable(OWNER_URL, "it is the database owner's postgres:// URL")?;
    connect(&url, OWNER_URL).await
}

fn parse_ttl(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..split]
        .parse()
        .map_err(|_| "write a number with s, m, h or d, such as 8h".to_owned())?;
    let unit = match &text[split..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("the unit is s, m, h or d, such as 8h".to_owned()),
    };
    number
        .checked_mul(unit)
        .map(Duration::from_secs)
        .ok_or_else(|| "that is too long".to_owned())
}

async fn migrate_command(folder: &Path) -> Result<(), Error> {
    let migrations = migrate::read(folder)?;
    let applied = migrate::apply(&mut owner().await?, &migrations).await?;
    for migration in &applied {
        eprintln!("applied {} {}", migration.version, migration.name);
    }
    if applied.is_empty() {
        eprintln!(
            "nothing to do: the database has all {} migrations",
            migrations.len()
        );
    }
    Ok(())
}

async fn attach_command(folder: &Path, print: bool, given: Option<String>) -> Result<(), Error> {
    let config = Config::read(folder)?;
    let url = variable(OWNER_URL, "it is the database owner's postgres:// URL")?;
    let mut client = connect(&url, OWNER_URL).await?;
    if print {
        let attached = attach::plan(&mut client, &config, &Password::Keep).await?;
        println!("BEGIN;");
        for statement in &attached.statements {
            println!("{statement};");
        }
        println!("COMMIT;");
        return Ok(());
    }
    let login = config.login_role(&attach::current_database(&client).await?);
    // An endpoint that already has a working URL keeps it.
    let known = std::env::var(ENDPOINT_URL).ok().filter(|url| {
        crate::database::parse_url(url, ENDPOINT_URL).is_ok_and(|c| c.get_user() == Some(&login))
    });
    let password = match (&given, &known) {
        (None, Some(_)) => Password::Keep,
        (Some(password), _) => Password::Set(password.clone()),
        (None, None) => Password::Set(attach::random_password()),
    };
    let attached = attach::attach(&mut client, &config, &password).await?;
    for (table, facts) in attached
        .introspected
        .schema
        .tables
        .iter()
        .zip(&attached.introspected.tables)
    {
        eprintln!("attached {}: {}", table.name, scope_words(&facts.scope));
    }
    let url = match (&password, known) {
        (Password::Keep, Some(known)) => known,
        (Password::Keep, None) => attach::login_url(&url, &attached.login, None)?,
        (Password::Set(secret), _) => {
            if attached.login_existed && given.is_none() {
                eprintln!("role {login} has a new password: give running endpoints the URL below");
            }
            attach::login_url(&url, &attached.login, Some(secret))?
        }
    };
    println!("{ENDPOINT_URL}={url}");
    Ok(())
}

/// The schema as the owner sees it.
async fn read_schema(folder: &Path) -> Result<Introspected, Error> {
    let config = Config::read(folder)?;
    let mut client = owner().await?;
    let (user, privileges) = as_whom(&client, &config).await?;
    introspect(&mut client, &config, &user, privileges).await
}

/// The user role, and whether its privileges are those granted, as in an attached database and of a
/// role that was there before, or those that `attach` would grant.
async fn as_whom(client: &Client, config: &Config) -> Result<(String, Privileges), Error> {
    let user = config.user_role(&attach::current_database(client).await?);
    let attached: bool = client
        .query_one("SELECT to_regnamespace('haversack') IS NOT NULL", &[])
        .await
        .map_err(command_error("reading the catalog"))?
        .get(0);
    let role = attach::find_role(client, &user).await?;
    let privileges = if attached || (role.exists && !role.ours) {
        Privileges::Granted
    } else {
        Privileges::Planned
    };
    Ok((user, privileges))
}

async fn pull_command(
    url: Option<String>,
    folder: Option<PathBuf>,
    out: &Path,
) -> Result<(), Error> {
    let schema = match (url, folder) {
        (Some(url), _) => {
            haversack_core::schema::Schema::from_json(&client::get(&url, "/v1/schema", &[])?)?
        }
        (None, Some(folder)) => read_schema(&folder).await?.schema,
        (None, None) => unreachable!("clap requires one of the two"),
    };
    std::fs::write(out, pull_types::typescript(&schema)?).map_err(|e| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!("{} can't be written: {e}", out.display()),
        )
    })?;
    eprintln!(
        "wrote {} with {} tables",
        out.display(),
        schema.tables.len()
    );
    Ok(())
}

async fn check_command(folder: &Path, json: bool, strict: bool) -> Result<u8, Error> {
    let config = Config::read(folder)?;
    let mut client = owner().await?;
    let (user, privileges) = as_whom(&client, &config).await?;
    let report = check(&mut client, &config, &user, privileges).await?;
    if json {
        println!("{}", report.json()?);
    } else {
        print!("{}", report.text());
    }
    Ok(report.exit_code(strict))
}
