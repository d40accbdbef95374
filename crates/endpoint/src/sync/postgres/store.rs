//! The SQL of a sync.

use super::{Postgres, note_history, position, sets, settings};
use crate::serve::reread_with;
use crate::served::Served;
use crate::sync::cursor::Position;
use crate::sync::failure::Failure;
use crate::sync::store::{Changed, Lease, Reading, ReplicaRecord, Store, VerdictRecord};
use futures_util::future::join3;
use futures_util::{Stream, TryStreamExt};
use haversack_core::protocol::{KeyText, Seq, Text};
use haversack_core::schema::{ColumnId, TableId};
use haversack_core::{Error, ErrorCode};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

const BEGIN_PUSH: &str = "BEGIN";
const BEGIN_PULL: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// Prepared, which a SET can't be: a transaction of a pull is hardly more than these and three queries.
const PUSH_SETTINGS: &str = "SELECT set_config('statement_timeout', '15s', true), set_config('lock_timeout', '5s', true), \
     set_config('DateStyle', 'ISO, MDY', true), set_config('IntervalStyle', 'postgres', true), \
     set_config('TimeZone', 'UTC', true), set_config('bytea_output', 'hex', true), \
     set_config('extra_float_digits', '1', true), \
     CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END";

const PULL_SETTINGS: &str = "SELECT set_config('statement_timeout', '120s', true), \
     set_config('DateStyle', 'ISO, MDY', true), set_config('IntervalStyle', 'postgres', true), \
     set_config('TimeZone', 'UTC', true), set_config('bytea_output', 'hex', true), \
     set_config('extra_float_digits', '1', true)";

/// Takes the user's role and identity for the rest of the transaction.
const ROLE_AND_IDENTITY: &str = "SELECT set_config('role', $1, true), \
     (SELECT count(set_config(s.name, s.value, true)) FROM unnest($2::text[], $3::text[]) AS s(name, value))";

// The row lock makes pushes of one replica take turns. A conflicting row of another user is locked
// for a moment too, but not changed.
const REPLICA: &str = "
INSERT INTO haversack.replicas AS r (replica, user_id) VALUES ($1::text::uuid, $2)
ON CONFLICT (replica) DO UPDATE SET seen_at = CASE WHEN r.user_id = $2 THEN now() ELSE r.seen_at END
RETURNING user_id, last_seq, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

// Blocks of a table do not overlap, so the one that begins last before a key has it, or none.
const GIVEN_BEFORE: &str = "
SELECT k.key FROM unnest($3::bigint[]) AS k(key)
WHERE EXISTS (SELECT FROM (SELECT l.replica, l.hi, l.xid FROM haversack.leases l
                           WHERE l.tbl = $2 AND l.lo <= k.key ORDER BY l.lo DESC LIMIT 1) l
              JOIN haversack.replicas r ON r.replica = l.replica
              WHERE l.hi >= k.key AND r.user_id = $1 AND l.xid < (SELECT noted_xid FROM haversack.meta))
   OR EXISTS (SELECT FROM haversack.skipped s WHERE s.tbl = $2 AND k.key BETWEEN s.lo AND s.hi)";

// What a replica was offered in answers that it never took in.
const MISSED: &str = "
SELECT lo, hi FROM haversack.leases
WHERE replica = $1::text::uuid AND tbl = $2
  AND ($3::text IS NULL OR NOT pg_visible_in_snapshot(xid, $3::text::pg_snapshot))
ORDER BY lo";

const CHANGED: &str = "
SELECT DISTINCT tbl, key FROM haversack.changes
WHERE scope = ANY ($1) AND xid >= pg_snapshot_xmin($2::text::pg_snapshot)
  AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
LIMIT $3";

const TIMES: &str = "SELECT col, at FROM haversack.written WHERE tbl = $1 AND key = $2::text[]";

// What is equal is written by nobody, so no trigger hears of it; but that it was wanted later counts.
const CONFIRM: &str = "INSERT INTO haversack.written AS w (tbl, key, col, at) \
     SELECT $1::integer, $2::text[], c.col, $4::bigint FROM unnest($3::text[]) AS c(col) \
     ON CONFLICT (tbl, key, col) DO UPDATE SET at = greatest(w.at, excluded.at)";

impl Store for Postgres {
    type Row = Row;

    fn served(&mut self) -> Arc<Served> {
        self.compiled = self.state.compiled();
        self.compiled.served.clone()
    }

    async fn reread(&mut self) -> Result<(), Error> {
        reread_with(&self.state, self.session.client())
            .await
            .map_err(|e| {
                tracing::error!(code = %e.code, "the schema can't be read again: {}", e.message);
                Error::new(ErrorCode::Internal, "the database's schema can't be read")
            })
    }

    async fn begin_push(&mut self) -> Result<(), Failure> {
        self.pushing = true;
        self.session.begin(BEGIN_PUSH, PUSH_SETTINGS).await
    }

    async fn begin_pull(&mut self) -> Result<(), Failure> {
        self.pushing = false;
        self.session.begin(BEGIN_PULL, PULL_SETTINGS).await
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        self.session.commit().await
    }

    async fn rollback(&mut self) {
        self.session.rollback().await;
    }

    async fn pause(&self, most_ms: u64) {
        let pause = Duration::from_millis(rand::random_range(0..=most_ms));
        tokio::time::sleep(pause).await;
    }

    fn announce(&self) {
        self.state.committed.notify_one();
    }

    async fn become_user(&self) -> Result<(), Failure> {
        // While no other role may name the table of times.
        if self.pushing && self.compiled.has_times {
            self.prepare_times().await?;
        }
        let (names, values) = settings(&self.compiled, &self.identity);
        self.session
            .query(
                ROLE_AND_IDENTITY,
                &[&self.compiled.user_role, &names, &values],
            )
            .await?;
        Ok(())
    }

    async fn become_endpoint(&self) -> Result<(), Failure> {
        self.session.batch("SET LOCAL ROLE NONE").await
    }

    async fn position(&self, snapshot: Option<&str>) -> Result<Position, Failure> {
        position(&self.session, snapshot).await
    }

    async fn note_history(&self) -> Result<(), Failure> {
        note_history(&self.session).await
    }

    async fn lock_replica(&self, replica: &str, user: &str) -> Result<ReplicaRecord, Failure> {
        let rows = self.session.query(REPLICA, &[&replica, &user]).await?;
        let row = rows
            .first()
            .ok_or_else(|| Error::new(ErrorCode::Internal, "the replica has no record"))?;
        Ok(ReplicaRecord {
            user: row.get(0),
            last_seq: row.get::<_, i64>(1) as Seq,
            now_ms: row.get(2),
        })
    }

    async fn acknowledge(&self, replica: &str, up_to: Seq) -> Result<(), Failure> {
        self.session
            .execute(
                "DELETE FROM haversack.verdicts WHERE replica = $1::text::uuid AND seq <= $2",
                &[&replica, &(up_to as i64)],
            )
            .await?;
        Ok(())
    }

    async fn recorded(&self, replica: &str, after: Seq) -> Result<Vec<VerdictRecord>, Failure> {
        let rows = self
            .session
            .query(
                "SELECT seq, verdict::text, hash FROM haversack.verdicts WHERE replica = $1::text::uuid AND seq > $2",
                &[&replica, &(after as i64)],
            )
            .await?;
        let record = |row: &tokio_postgres::Row| VerdictRecord {
            seq: row.get::<_, i64>(0) as Seq,
            verdict: row.get(1),
            hash: row.get(2),
        };
        Ok(rows.iter().map(record).collect())
    }

    async fn record(
        &self,
        replica: &str,
        verdicts: Vec<VerdictRecord>,
        last: Seq,
    ) -> Result<(), Failure> {
        let (mut numbers, mut texts, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for record in verdicts {
            numbers.push(record.seq as i64);
            texts.push(record.verdict);
            hashes.push(record.hash);
        }
        self.session
            .execute(
                "INSERT INTO haversack.verdicts (replica, seq, verdict, hash) \
                 SELECT $1::text::uuid, v.seq, v.verdict::json, v.hash \
                 FROM unnest($2::bigint[], $3::text[], $4::text[]) AS v(seq, verdict, hash)",
                &[&replica, &numbers, &texts, &hashes],
            )
            .await?;
        self.session
            .execute(
                "UPDATE haversack.replicas SET last_seq = $2 WHERE replica = $1::text::uuid",
                &[&replica, &(last as i64)],
            )
            .await?;
        Ok(())
    }

    async fn leases(&self, replica: &str, tables: &[TableId]) -> Result<Vec<Lease>, Failure> {
        let numbers: Vec<i32> = tables.iter().map(|t| self.sql(*t).number).collect();
        let rows = self
            .session
            .query(
                "SELECT tbl, lo, hi FROM haversack.leases WHERE replica = $1::text::uuid AND tbl = ANY ($2)",
                &[&replica, &numbers],
            )
            .await?;
        let lease = |row: &tokio_postgres::Row| {
            Some(Lease {
                table: self.compiled.by_number(row.get(0))?,
                low: row.get(1),
                high: row.get(2),
            })
        };
        Ok(rows.iter().filter_map(lease).collect())
    }

    async fn given_before(
        &self,
        user: &str,
        table: TableId,
        keys: &[i64],
    ) -> Result<Vec<i64>, Failure> {
        let number = self.sql(table).number;
        let rows = self
            .session
            .query(GIVEN_BEFORE, &[&user, &number, &keys])
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn missed_leases(
        &self,
        replica: &str,
        table: TableId,
        snapshot: Option<&str>,
    ) -> Result<Vec<(i64, i64)>, Failure> {
        let number = self.sql(table).number;
        let rows = self
            .session
            .query(MISSED, &[&replica, &number, &snapshot])
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn draw(&self, table: TableId, count: i64) -> Result<Vec<i64>, Failure> {
        let rows = self
            .session
            .query(
                "SELECT nextval($1::text::regclass) FROM generate_series(1, $2::bigint)",
                &[&self.sql(table).sequence, &count],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn lease(
        &self,
        replica: &str,
        table: TableId,
        ranges: &[(i64, i64)],
    ) -> Result<(), Failure> {
        let (lows, highs): (Vec<i64>, Vec<i64>) = ranges.iter().copied().unzip();
        let number = self.sql(table).number;
        self.session
            .execute(
                "INSERT INTO haversack.leases (replica, tbl, lo, hi) \
                 SELECT $1::text::uuid, $2, lo, hi FROM unnest($3::bigint[], $4::bigint[]) AS r(lo, hi)",
                &[&replica, &number, &lows, &highs],
            )
            .await?;
        Ok(())
    }

    async fn savepoint(&self, made_ms: i64) -> Result<(), Failure> {
        let mut begin = format!("SAVEPOINT mutation{}", self.compiled.defer);
        if self.compiled.has_times {
            // Tells the triggers that record times.
            begin.push_str(&format!("; SET LOCAL haversack.made = '{made_ms}'"));
        }
        self.session.batch(&begin).await
    }

    async fn undo(&self) -> Result<(), Failure> {
        self.session
            .batch("ROLLBACK TO SAVEPOINT mutation; RELEASE SAVEPOINT mutation")
            .await
    }

    async fn judge_deferred(&self) -> Result<(), Failure> {
        self.session.batch("SET CONSTRAINTS ALL IMMEDIATE").await
    }

    async fn release(&self) -> Result<(), Failure> {
        self.session.batch("RELEASE SAVEPOINT mutation").await
    }

    async fn read(
        &self,
        table: TableId,
        key: &KeyText,
        reading: Reading,
    ) -> Result<Option<Row>, Failure> {
        let sql = self.sql(table);
        let select = match reading {
            Reading::Plain => &sql.read,
            Reading::Locked => &sql.read_locked,
        };
        let mut rows = self.session.query(select, &params(key)).await?;
        Ok(if rows.is_empty() {
            None
        } else {
            Some(rows.swap_remove(0))
        })
    }

    async fn insert(
        &self,
        table: TableId,
        columns: &[ColumnId],
        values: &[Text],
    ) -> Result<Option<KeyText>, Failure> {
        let insert = self.sql(table).insert(columns);
        let rows = self.session.query(&insert, &params(values)).await?;
        let key = |row: &Row| (0..row.len()).map(|i| row.get(i)).collect();
        Ok(rows.first().map(key))
    }

    async fn update(
        &self,
        table: TableId,
        key: &KeyText,
        columns: &[ColumnId],
        values: &[Text],
    ) -> Result<bool, Failure> {
        let update = self.sql(table).update(columns);
        let mut params = params(values);
        params.extend(self::params(key));
        Ok(self.session.execute(&update, &params).await? != 0)
    }

    async fn delete(&self, table: TableId, key: &KeyText) -> Result<bool, Failure> {
        let delete = &self.sql(table).delete;
        Ok(self.session.execute(delete, &params(key)).await? != 0)
    }

    async fn read_set(
        &self,
        table: TableId,
        keys: &[KeyText],
        reading: Reading,
    ) -> Result<Vec<Row>, Failure> {
        let sql = self.sql(table);
        let select = match reading {
            Reading::Plain => &sql.read_many,
            Reading::Locked => &sql.read_many_locked,
        };
        let keys = sets::by_column(keys, self.key_width(table));
        self.session.query(select, &params(&keys)).await
    }

    async fn insert_set(
        &self,
        table: TableId,
        columns: &[ColumnId],
        values: &[Vec<Text>],
    ) -> Result<Vec<Row>, Failure> {
        let insert = self.sql(table).insert_many(columns);
        let values = sets::by_column(values, columns.len());
        self.session.query(&insert, &params(&values)).await
    }

    async fn update_set(
        &self,
        table: TableId,
        keys: &[KeyText],
        columns: &[ColumnId],
        values: &[Vec<Text>],
    ) -> Result<Vec<Row>, Failure> {
        let update = self.sql(table).update_many(columns);
        let values = sets::by_column(values, columns.len());
        let keys = sets::by_column(keys, self.key_width(table));
        let mut params = params(&values);
        params.extend(self::params(&keys));
        self.session.query(&update, &params).await
    }

    async fn delete_set(&self, table: TableId, keys: &[KeyText]) -> Result<u64, Failure> {
        let keys = sets::by_column(keys, self.key_width(table));
        let delete = &self.sql(table).delete_many;
        self.session.execute(delete, &params(&keys)).await
    }

    async fn times(&self, table: TableId, key: &KeyText) -> Result<Vec<(String, i64)>, Failure> {
        let number = self.sql(table).number;
        let rows = self
            .as_login(self.session.query(TIMES, &[&number, key]))
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn confirm(
        &self,
        table: TableId,
        key: &KeyText,
        columns: &[&str],
        made_ms: i64,
    ) -> Result<(), Failure> {
        let params: [&(dyn ToSql + Sync); 4] = [&self.sql(table).number, key, &columns, &made_ms];
        self.as_login(self.session.execute(CONFIRM, &params))
            .await?;
        Ok(())
    }

    async fn changed(
        &self,
        scopes: &[String],
        snapshot: &str,
        most: usize,
    ) -> Result<Vec<Changed>, Failure> {
        let limit = most as i64;
        let rows = self
            .session
            .query(CHANGED, &[&scopes, &snapshot, &limit])
            .await?;
        let changed = |row: &Row| Changed {
            table: self.compiled.by_number(row.get(0)),
            key: row.get(1),
        };
        Ok(rows.iter().map(changed).collect())
    }

    async fn read_many(&self, table: TableId, keys: &[KeyText]) -> Result<Vec<Row>, Failure> {
        self.read_set(table, keys, Reading::Plain).await
    }

    async fn count(&self, table: TableId, most: u64) -> Result<u64, Failure> {
        let rows = self
            .session
            .query(&self.sql(table).count, &[&(most as i64)])
            .await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0)) as u64)
    }

    async fn read_all(
        &self,
        table: TableId,
    ) -> Result<impl Stream<Item = Result<Row, Failure>>, Failure> {
        let statement = self.session.prepare(&self.sql(table).read_all).await?;
        let none: [&str; 0] = [];
        let rows = self.session.object().query_raw(&statement, none).await?;
        Ok(rows.map_err(Failure::from))
    }
}

impl Postgres {
    fn key_width(&self, table: TableId) -> usize {
        self.compiled.table(table).primary_key.len()
    }

    /// Makes ready to ask for times, as the login role.
    async fn prepare_times(&self) -> Result<(), Failure> {
        self.session.prepare(TIMES).await?;
        self.session.prepare(CONFIRM).await?;
        Ok(())
    }

    /// Runs a prepared statement as the login role, in one round trip. Where it fails, the savepoint
    /// that is rolled back gives the user's role back.
    async fn as_login<T>(
        &self,
        statement: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
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

fn params<T: ToSql + Sync>(texts: &[T]) -> Vec<&(dyn ToSql + Sync)> {
    texts
        .iter()
        .map(|text| text as &(dyn ToSql + Sync))
        .collect()
}
