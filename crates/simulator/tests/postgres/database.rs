//! A database of Postgres's with the simulator's schema, and an endpoint over it.

#[path = "../../../endpoint/tests/endpoint/fresh.rs"]
mod fresh;

use crate::answer::Lines;
use haversack_core::protocol::SyncRequest;
use haversack_core::schema::Schema;
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::auth::Identity;
use haversack_endpoint::config::Config;
use haversack_endpoint::serve::prepare;
use haversack_endpoint::state::State;
use haversack_endpoint::sync;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Client;

const END_WAITING: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename <> current_user AND state <> 'idle'";

/// A database of its own, and the state of an endpoint over it.
pub struct Database {
    // First, so that its connections are closed before the database is dropped.
    state: Arc<State>,
    fresh: fresh::Database,
}

impl Database {
    pub async fn create() -> Self {
        let fresh = fresh::Database::create().await;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        let sql = std::fs::read_to_string(folder.join("schema.sql")).unwrap();
        let mut owner = fresh.owner().await;
        owner.batch_execute(&sql).await.unwrap();
        let config = Config::read(&folder).unwrap();
        attach(&mut owner, &config, &Password::Set(fresh::PASSWORD.into()))
            .await
            .unwrap();
        let state = prepare(config, &fresh.options()).await.unwrap();
        Self { state, fresh }
    }

    pub fn schema(&self) -> Schema {
        self.state.compiled().schema.clone()
    }

    /// A connection as the owner, who waits for no lock.
    pub async fn owner(&self) -> Client {
        let owner = self.fresh.owner().await;
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
        let mut lines = sync::postgres::sync(self.state.clone(), identity, request, id).await?;
        let mut all = Vec::new();
        while let Some(line) = lines.recv().await {
            all.push(line);
        }
        Ok(all)
    }
}
