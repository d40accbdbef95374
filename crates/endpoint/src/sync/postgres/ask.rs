//! A question of a user's, outside any sync: the transaction, role and settings of a pull, and a statement
//! that this client alone asks for.

use super::Postgres;
use super::session::Owned;
use crate::query::{Given, Statement, Thresholds};
use crate::sync::cursor::Position;
use crate::sync::failure::Failure;
use crate::sync::store::Store;
use std::future::ready;
use std::time::Duration;
use tokio_postgres::types::Type;
use tokio_postgres::{NoTls, Row};

/// How much longer than Postgres may take over a statement its answer may take to come.
const GRACE: Duration = Duration::from_secs(10);

impl Postgres {
    /// Asks, and hands the rows to `take` until that says that it is enough; gives where the database stands.
    ///
    /// # Errors
    /// `token_revoked`, and what Postgres answers; its 57014 says that the statement took longer than `timeout`.
    pub async fn ask(
        &mut self,
        statement: Statement,
        timeout: Duration,
        take: impl FnMut(&Row) -> Result<bool, Failure>,
    ) -> Result<Position, Failure> {
        self.begin_pull().await?;
        let position = self.position(None).await?;
        self.become_user().await?;
        self.session.limit(timeout + GRACE);
        // Planned for these values, which decide on what is found by an index.
        self.session
            .send_batch(format!(
                "SET LOCAL statement_timeout = {}; SET LOCAL plan_cache_mode = force_custom_plan{}",
                timeout.as_millis(),
                settings(statement.similar)
            ))
            .await?;
        let params = statement.params.into_iter().map(parameter).collect();
        if self.session.each(&statement.sql, params, take).await? {
            self.session.end_with(ready(Ok(()))).await?;
        } else {
            // The connection is closed as it is; what it still reads for nobody ends.
            let _ = self
                .session
                .object()
                .cancel_token()
                .cancel_query(NoTls)
                .await;
        }
        Ok(position)
    }
}

/// How similar texts are at least, as operators take it.
fn settings(similar: Thresholds) -> String {
    let set = |name: &str, least: Option<f64>| match least {
        Some(least) => format!("; SET LOCAL pg_trgm.{name}_threshold = {least}"),
        None => String::new(),
    };
    set("similarity", similar.similarity) + &set("word_similarity", similar.word_similarity)
}

fn parameter(given: Given) -> (Owned, Type) {
    match given {
        Given::Text(text) => (Box::new(text), Type::TEXT),
        Given::Texts(texts) => (Box::new(texts), Type::TEXT_ARRAY),
    }
}
