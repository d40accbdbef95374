//! A pooled connection for one request. It goes back to the pool only when its transaction is known
//! to have ended, so nothing set for one user is ever seen by the next.
//!
//! What gives nothing back is sent at once and waited for together with what comes next: Postgres does
//! all in order, and in a transaction nothing succeeds after something that failed.

use crate::database::{pool_error, silent};
use crate::sync::failure::Failure;
use deadpool_postgres::{Object, Pool};
use futures_util::TryStreamExt;
use futures_util::future::{BoxFuture, join};
use haversack_core::Error;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};

/// Statements that a connection keeps; beyond it the cache starts anew, since a client may name any
/// set of columns.
const STATEMENTS_MAX: usize = 512;

/// A statement that was sent, and whose outcome nobody has heard yet.
type Sent = BoxFuture<'static, Result<(), Failure>>;

/// A parameter of a statement that outlives the call.
pub type Owned = Box<dyn ToSql + Sync + Send>;

/// A connection of the pool.
pub struct Session {
    object: Option<Arc<Object>>,
    /// In the order in which they were sent.
    sent: Mutex<Vec<Sent>>,
    open: AtomicBool,
    /// Nothing more is asked of a connection that gave no answer in time.
    silent: AtomicBool,
    /// How long an answer may take, in milliseconds.
    limit_ms: AtomicU64,
}

/// How long an answer may take where nothing else is said.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

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
            object: Some(Arc::new(object)),
            sent: Mutex::default(),
            open: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            limit_ms: AtomicU64::new(ANSWER_LIMIT.as_millis() as u64),
        })
    }

    /// The connection.
    pub fn object(&self) -> &Arc<Object> {
        self.object
            .as_ref()
            .expect("a session holds its connection until it is dropped")
    }

    /// The connection, for what needs it alone; outside a transaction.
    pub fn client(&mut self) -> &mut tokio_postgres::Client {
        self.forget_sent();
        self.object
            .as_mut()
            .and_then(Arc::get_mut)
            .expect("a session holds its connection, alone, until it is dropped")
    }

    /// Begins a transaction, with what comes next; no answer in it may take longer than `limit`.
    ///
    /// # Errors
    /// What Postgres answers to something before.
    pub async fn begin(&mut self, begin: &'static str, limit: Duration) -> Result<(), Failure> {
        self.limit(limit);
        self.open.store(true, Relaxed);
        self.send_batch(begin).await
    }

    /// No answer may take longer from now on.
    pub fn limit(&self, limit: Duration) {
        self.limit_ms.store(limit.as_millis() as u64, Relaxed);
    }

    /// Ends the transaction by COMMIT.
    ///
    /// # Errors
    /// What Postgres answers; the outcome is unknown then.
    pub async fn commit(&mut self) -> Result<(), Failure> {
        // Postgres says of a transaction that has failed no more than that it ended. That something
        // in it failed, whoever waits for all that was sent hears.
        self.batch("COMMIT").await?;
        self.open.store(false, Relaxed);
        Ok(())
    }

    /// The same for a transaction that only read, together with the last that it reads.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn end_with<T>(
        &self,
        last: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let object = self.object().clone();
        let both = async {
            // Another word for COMMIT, by which the log, and a test's trap, tells it from what writes.
            let (last, ended) = join(last, object.batch_execute("END")).await;
            ended?;
            last
        };
        let last = self.after_sent(both).await?;
        self.open.store(false, Relaxed);
        Ok(last)
    }

    /// Ends the transaction, if there is one, by ROLLBACK. If that fails, the connection is closed when dropped.
    pub async fn rollback(&mut self) {
        self.forget_sent();
        if self.open.load(Relaxed) && self.batch("ROLLBACK").await.is_ok() {
            self.open.store(false, Relaxed);
        }
    }

    /// Runs statements without parameters.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.after_sent(async { Ok(self.object().batch_execute(sql).await?) })
            .await
    }

    /// Sends statements without parameters; what becomes of them is heard with what comes next.
    ///
    /// # Errors
    /// What is known at once.
    pub async fn send_batch(&self, sql: impl Into<String>) -> Result<(), Failure> {
        let (object, sql) = (self.object().clone(), sql.into());
        self.send(async move { Ok(object.batch_execute(&sql).await?) })
            .await
    }

    /// The same for a prepared statement.
    ///
    /// # Errors
    /// What is known at once, or what Postgres answers where it has to be prepared first.
    pub async fn send_query(&self, sql: &str, params: Vec<Owned>) -> Result<(), Failure> {
        let statement = self.prepare(sql).await?;
        let object = self.object().clone();
        self.send(async move {
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| &**p as _).collect();
            object.execute(&statement, &params).await?;
            Ok(())
        })
        .await
    }

    async fn send(
        &self,
        statement: impl Future<Output = Result<(), Failure>> + Send + 'static,
    ) -> Result<(), Failure> {
        let mut statement: Sent = Box::pin(statement);
        // What is polled for the first time is sent.
        match once(statement.as_mut()).await {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => {
                self.lock().push(statement);
                Ok(())
            }
        }
    }

    /// Does something after what was sent, and waits for both: an answer that nobody takes would hold
    /// up those behind it.
    async fn after_sent<T>(
        &self,
        next: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let sent = std::mem::take(&mut *self.lock());
        if sent.is_empty() {
            return self.in_time(next).await;
        }
        let heard = async {
            let mut first = Ok(());
            for outcome in sent {
                first = first.and(outcome.await);
            }
            first
        };
        let both = async {
            let (next, heard) = join(next, heard).await;
            heard?;
            next
        };
        self.in_time(both).await
    }

    /// Gives a connection up that gives no answer: its machine may be gone, and nobody would say so.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let limit = Duration::from_millis(self.limit_ms.load(Relaxed));
        if self.silent.load(Relaxed) {
            return Err(Failure::Broken(silent(limit)));
        }
        let answer = tokio::time::timeout(limit, answer).await;
        answer.unwrap_or_else(|_| {
            self.silent.store(true, Relaxed);
            Err(Failure::Broken(silent(limit)))
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of what was sent is of no concern any more.
    pub fn forget_sent(&self) {
        self.lock().clear();
    }

    /// A prepared statement, kept with the connection.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn prepare(&self, sql: &str) -> Result<Statement, Failure> {
        let mut preparing = std::pin::pin!(self.object().prepare_cached(sql));
        // One that is kept is at hand, and what was sent need not be waited for.
        match once(preparing.as_mut()).await {
            Poll::Ready(statement) => Ok(statement?),
            Poll::Pending => self.after_sent(async { Ok(preparing.await?) }).await,
        }
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
        self.after_sent(async { Ok(self.object().query(&statement, params).await?) })
            .await
    }

    /// Hands the rows of a statement that is not kept to `take`, until that says that it is enough; false
    /// where it did. The whole of it counts as one answer.
    ///
    /// # Errors
    /// What Postgres answers, and what `take` gives.
    pub async fn each(
        &self,
        sql: &str,
        params: Vec<(Owned, Type)>,
        mut take: impl FnMut(&Row) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        self.after_sent(async {
            let rows = self.object().query_typed_raw(sql, params).await?;
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = rows.try_next().await? {
                if !take(&row)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }

    /// The number of rows that a prepared statement touched.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Failure> {
        let statement = self.prepare(sql).await?;
        self.after_sent(async { Ok(self.object().execute(&statement, params).await?) })
            .await
    }
}

/// Polls a future once.
async fn once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

impl Drop for Session {
    fn drop(&mut self) {
        self.forget_sent();
        // A request that was cut off leaves its transaction open: close the connection, which ends
        // it, and let the pool make another.
        if (self.open.load(Relaxed) || self.silent.load(Relaxed))
            && let Some(object) = self.object.take()
        {
            // Nothing else holds it: what was sent is forgotten.
            if let Some(object) = Arc::into_inner(object) {
                drop(Object::take(object));
            }
        }
    }
}
