//! A pooled connection for one request. It goes back to the pool only when its transaction is known
//! to have ended, so nothing set for one user is ever seen by the next.

use crate::database::pool_error;
use crate::sync::failure::Failure;
use deadpool_postgres::{Object, Pool};
use futures_util::future::join;
use haversack_core::Error;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

/// Statements that a connection keeps; beyond it the cache starts anew, since a client may name any
/// set of columns.
const STATEMENTS_MAX: usize = 512;

/// A connection of the pool.
pub struct Session {
    object: Option<Object>,
    open: bool,
}

impl Session {
    /// Takes a connection from the pool.
    ///
    /// # Errors
    /// `overloaded` or `database_unavailable`.
    pub async fn get(pool: &Pool) -> Result<Self, Error> {
        let object = pool.get().await.map_err(pool_error)?;
        if object.statement_cache.size() > STATEMENTS_MAX {
            object.statement_cache.clear();
        }
        Ok(Self {
            object: Some(object),
            open: false,
        })
    }

    /// The connection.
    pub fn object(&self) -> &Object {
        self.object
            .as_ref()
            .expect("a session holds its connection until it is dropped")
    }

    /// The connection, for what needs it alone; outside a transaction.
    pub fn client(&mut self) -> &mut tokio_postgres::Client {
        self.object
            .as_mut()
            .expect("a session holds its connection until it is dropped")
    }

    /// Begins a transaction, in one round trip; `settings` is a query that sets what holds in it.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn begin(&mut self, begin: &str, settings: &str) -> Result<(), Failure> {
        let settings = self.prepare(settings).await?;
        self.open = true;
        let object = self.object();
        let (begun, set) = join(object.batch_execute(begin), object.query(&settings, &[])).await;
        begun?;
        set?;
        Ok(())
    }

    /// Ends the transaction by COMMIT.
    ///
    /// # Errors
    /// What Postgres answers; the outcome is unknown then.
    pub async fn commit(&mut self) -> Result<(), Failure> {
        self.object().batch_execute("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    /// Ends the transaction, if there is one, by ROLLBACK. If that fails, the connection is closed when dropped.
    pub async fn rollback(&mut self) {
        if self.open && self.object().batch_execute("ROLLBACK").await.is_ok() {
            self.open = false;
        }
    }

    /// Runs statements without parameters.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn batch(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.object().batch_execute(sql).await?)
    }

    /// A prepared statement, kept with the connection.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn prepare(&self, sql: &str) -> Result<Statement, Failure> {
        Ok(self.object().prepare_cached(sql).await?)
    }

    /// Rows of a prepared statement.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let statement = self.prepare(sql).await?;
        Ok(self.object().query(&statement, params).await?)
    }

    /// The number of rows that a prepared statement touched.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Failure> {
        let statement = self.prepare(sql).await?;
        Ok(self.object().execute(&statement, params).await?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A request that was cut off leaves its transaction open: close the connection, which ends
        // it, and let the pool make another.
        if self.open
            && let Some(object) = self.object.take()
        {
            drop(Object::take(object));
        }
    }
}
