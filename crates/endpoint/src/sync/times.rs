//! When columns under the policy `lww` were written: asked for, and told to the triggers that record
//! it. What is recorded is out of the user's reach, so the login role asks.

use super::apply::{Push, Stop};
use super::session::Failure;
use futures_util::future::join3;
use haversack_core::protocol::{KeyText, Mutation, Values};
use haversack_core::schema::{ColumnId, Policy, Table, TableId};
use tokio_postgres::types::ToSql;

const TIMES: &str = "SELECT col, at FROM haversack.written WHERE tbl = $1 AND key = $2::text[]";

// What is equal is written by nobody, so no trigger hears of it; but that it was wanted later counts.
const CONFIRM: &str = "INSERT INTO haversack.written AS w (tbl, key, col, at) \
     SELECT $1::integer, $2::text[], c.col, $4::bigint FROM unnest($3::text[]) AS c(col) \
     ON CONFLICT (tbl, key, col) DO UPDATE SET at = greatest(w.at, excluded.at)";

impl Push<'_> {
    /// Makes ready to ask; still as the login role, since no other may name the table.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn prepare_times(&self) -> Result<(), Failure> {
        if self.compiled.has_times {
            self.session.prepare(TIMES).await?;
            self.session.prepare(CONFIRM).await?;
        }
        Ok(())
    }

    /// When a mutation counts as made: nobody writes in the future.
    pub(super) fn made(&self, mutation: &Mutation) -> i64 {
        mutation.at.min(self.now_ms)
    }

    /// What tells the triggers when a mutation was made.
    pub(super) fn made_sql(&self, mutation: &Mutation) -> String {
        if !self.compiled.has_times {
            return String::new();
        }
        format!("; SET LOCAL haversack.made = '{}'", self.made(mutation))
    }

    /// When the columns of a row that an update sets were written last, as far as that matters.
    pub(super) async fn times(
        &self,
        id: TableId,
        set: &Values,
        key: &KeyText,
    ) -> Result<Vec<(ColumnId, i64)>, Stop> {
        let (table, sql) = self.compiled.table(id);
        if !set.keys().any(|name| is_timed(table, name)) {
            return Ok(Vec::new());
        }
        let key = stored(key);
        let params: [&(dyn ToSql + Sync); 2] = [&sql.number, &key];
        let rows = self.as_login(self.session.query(TIMES, &params)).await?;
        Ok(rows
            .iter()
            .filter_map(|row| Some((table.column_id(row.get(0))?, row.get(1))))
            .collect())
    }

    /// Records that columns are as somebody wanted them to be at a time.
    pub(super) async fn confirm(
        &self,
        id: TableId,
        key: &KeyText,
        equal: &[ColumnId],
        made: i64,
    ) -> Result<(), Stop> {
        let (table, sql) = self.compiled.table(id);
        let names = equal.iter().map(|c| &table.column(*c).name);
        let names: Vec<&String> = names.filter(|name| is_timed(table, name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let key = stored(key);
        let params: [&(dyn ToSql + Sync); 4] = [&sql.number, &key, &names, &made];
        self.as_login(self.session.execute(CONFIRM, &params))
            .await?;
        Ok(())
    }

    /// Runs a prepared statement as the login role, in one round trip. Where it fails, the savepoint
    /// that is rolled back gives the user's role back.
    async fn as_login<T>(
        &self,
        statement: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Stop> {
        let back = format!(
            "SET LOCAL ROLE {}",
            crate::database::ident(&self.compiled.user_role)
        );
        let (begun, done, ended) = join3(
            self.session.batch("SET LOCAL ROLE NONE"),
            statement,
            self.session.batch(&back),
        )
        .await;
        begun?;
        let done = done?;
        ended?;
        Ok(done)
    }
}

fn is_timed(table: &Table, name: &str) -> bool {
    table
        .column_id(name)
        .is_some_and(|c| table.column(c).policy == Policy::Lww)
}

fn stored(key: &KeyText) -> Vec<&str> {
    key.iter().map(String::as_str).collect()
}
