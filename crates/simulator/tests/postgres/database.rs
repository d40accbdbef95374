//! A database of Postgres's with the simulator's schema, and an endpoint over it.

use crate::answer::Lines;
use haversack_core::protocol::SyncRequest;
use haversack_core::schema::Schema;
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::auth::Identity;
use haversack_endpoint::config::Config;
use haversack_endpoint::serve::{Options, prepare};
use haversack_endpoint::state::State;
use haversack_endpoint::{database, sync};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Client;

const PASSWORD: &str = "test-password";

const END_WAITING: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename <> current_user AND state <> 'idle'";

/// A database that is dropped, with its roles, when the value is.
pub struct Database {
    name: String,
    url: String,
    state: Option<Arc<State>>,
}

fn superuser_url() -> String {
    std::env::var("HAVERSACK_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("HAVERSACK_TEST_DATABASE_URL is not set: run `cargo xtask test rust`, which starts a Postgres")
    })
}

fn with_database(url: &str, name: &str) -> String {
    let (rest, query) = url
        .split_once('?')
        .map_or((url, String::new()), |(rest, q)| (rest, format!("?{q}")));
    let authority = rest.find("://").map_or(0, |at| at + 3);
    let end = rest[authority..]
        .find('/')
        .map_or(rest.len(), |at| authority + at);
    format!("{}/{name}{query}", &rest[..end])
}

impl Database {
    pub async fn create(purpose: &str) -> Self {
        let name = format!("haversack_model_{}_{purpose}", std::process::id());
        let admin = database::connect(&superuser_url(), "HAVERSACK_TEST_DATABASE_URL")
            .await
            .unwrap();
        let sql = format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        );
        admin.batch_execute(&sql).await.unwrap();
        let url = with_database(&superuser_url(), &name);
        let mut database = Self {
            name,
            url,
            state: None,
        };
        database.set_up().await;
        database
    }

    async fn set_up(&mut self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        let sql = std::fs::read_to_string(folder.join("schema.sql")).unwrap();
        let mut owner = self.owner().await;
        owner.batch_execute(&sql).await.unwrap();
        let config = Config::read(&folder).unwrap();
        attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
            .await
            .unwrap();
        let login = format!("{}_haversack", self.name);
        let options = Options {
            database_url: haversack_endpoint::attach::login_url(&self.url, &login, Some(PASSWORD))
                .unwrap(),
            secret: Some("0123456789abcdef0123456789abcdef".into()),
            jwks: None,
            issuer: None,
            audience: None,
            listen: "127.0.0.1:0".parse().unwrap(),
            origins: Vec::new(),
            connections: 4,
        };
        self.state = Some(prepare(config, &options).await.unwrap());
    }

    fn state(&self) -> Arc<State> {
        self.state.clone().unwrap()
    }

    pub fn schema(&self) -> Schema {
        self.state().compiled().schema.clone()
    }

    /// A connection as the owner, who waits for no lock.
    pub async fn owner(&self) -> Client {
        let owner = database::connect(&self.url, "DATABASE_URL").await.unwrap();
        let settings = "SET lock_timeout = '150ms'; SET TimeZone = 'UTC'";
        owner.batch_execute(settings).await.unwrap();
        owner
    }

    /// Empties it, so that sequences and what is recorded of replicas begin anew.
    pub async fn empty(&self, owner: &Client) {
        owner
            .batch_execute(
                "TRUNCATE labels, projects, tasks, notes, task_labels, payments RESTART IDENTITY;
                 TRUNCATE haversack.replicas, haversack.verdicts, haversack.leases, haversack.written, haversack.changes;
                 UPDATE haversack.meta SET horizon = '0'",
            )
            .await
            .unwrap();
    }

    /// The lines of a sync; none where it takes longer, as one that waits for a lock that somebody
    /// holds. It is ended then, and did nothing.
    pub async fn sync_within(
        &self,
        patience: Duration,
        owner: &Client,
        user: &str,
        request: SyncRequest,
    ) -> Option<Lines> {
        let sync = tokio::time::timeout(patience, self.sync(user, request));
        if let Ok(lines) = sync.await {
            return Some(lines);
        }
        // Its backend does not notice that nobody waits for its answer any more.
        while !owner.query(END_WAITING, &[]).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        None
    }

    /// The lines of a sync, as they are streamed.
    pub async fn sync(&self, user: &str, request: SyncRequest) -> Lines {
        let identity = Identity {
            user: user.to_owned(),
            claims: "{}".to_owned(),
            expires_at: u64::MAX,
            jti: None,
        };
        let id = String::new();
        let mut lines = sync::postgres::sync(self.state(), identity, request, id).await?;
        let mut all = Vec::new();
        while let Some(line) = lines.recv().await {
            all.push(line);
        }
        Ok(all)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.state = None;
        let name = self.name.clone();
        // A runtime of its own, since a test's is ending.
        let work = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let admin = database::connect(&superuser_url(), "HAVERSACK_TEST_DATABASE_URL")
                    .await
                    .unwrap();
                for sql in [
                    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                    format!("DROP ROLE IF EXISTS {name}_haversack"),
                    format!("DROP ROLE IF EXISTS {name}_haversack_user"),
                ] {
                    admin.batch_execute(&sql).await.unwrap();
                }
            });
        });
        let _ = work.join();
    }
}
