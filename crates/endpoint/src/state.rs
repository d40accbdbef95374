//! What every request shares.

use crate::auth::Verifier;
use crate::auth::revoked::Watched;
use crate::compiled::Compiled;
use crate::config::Config;
use crate::durable::Durable;
use crate::turns::Turns;
use crate::watermark::Watermark;
use deadpool_postgres::Pool;
use std::sync::{Arc, RwLock};
use tokio::sync::{Notify, broadcast, watch};

/// Announcements that a slow socket may fall behind before they are taken as one.
const ANNOUNCEMENTS: usize = 256;

/// What every request shares.
pub struct State {
    /// Connections as the login role, for syncs.
    pub pool: Pool,
    /// A few more for what must go on when syncs hold all of those: health, pokes, the schema.
    pub own_pool: Pool,
    /// The snapshots that are under way.
    pub snapshots: Turns,
    /// The queries that are under way.
    pub queries: Turns,
    /// What haversack.toml says.
    pub config: Config,
    /// Verifies tokens.
    pub verifier: Verifier,
    /// The tokens of open sockets, which may be revoked.
    pub watched: Arc<Watched>,
    /// Origins whose pages may use the endpoint.
    pub origins: Vec<String>,
    /// A push was committed here.
    pub committed: Arc<Notify>,
    /// Scopes that were touched, for the open sockets.
    pub touched: broadcast::Sender<Arc<Vec<String>>>,
    /// Which transactions no crash gives back.
    pub durable: Durable,
    /// What the watcher of the changelog has seen.
    pub watermark: Watermark,
    /// Turns true when the endpoint ends.
    pub ending: watch::Sender<bool>,
    compiled: RwLock<Arc<Compiled>>,
}

impl State {
    /// The state of a new endpoint.
    pub fn new(
        (pool, own_pool): (Pool, Pool),
        config: Config,
        verifier: Verifier,
        origins: Vec<String>,
        compiled: Compiled,
    ) -> Self {
        Self {
            snapshots: Turns::of_snapshots(pool.status().max_size),
            queries: Turns::of_queries(pool.status().max_size),
            pool,
            own_pool,
            config,
            verifier,
            watched: Arc::default(),
            origins,
            committed: Arc::default(),
            touched: broadcast::channel(ANNOUNCEMENTS).0,
            durable: Durable::default(),
            watermark: Watermark::default(),
            ending: watch::channel(false).0,
            compiled: RwLock::new(Arc::new(compiled)),
        }
    }

    /// The schema as last read.
    pub fn compiled(&self) -> Arc<Compiled> {
        self.compiled
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Serves another schema from now on.
    pub fn replace(&self, compiled: Compiled) {
        *self
            .compiled
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(compiled);
    }
}

/// Waits until the endpoint ends.
pub async fn ended(ending: &mut watch::Receiver<bool>) {
    // An error means that the state is gone, which is an end too.
    let _ = ending.wait_for(|ending| *ending).await;
}
