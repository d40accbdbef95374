//! What a sync asks of Postgres.

use super::session::Owned;
use super::sql::{
    BEGIN_PULL, BEGIN_PUSH, CONFIRM, FORGET, GIVEN_BEFORE, Lookup, MISSED, REACH_DISK, RECORD,
    REPLICA, TIMES, open_pull, open_push, role_and_identity,
};
use super::{Postgres, note_history, read_position, sets, settings};
use crate::auth::revoked;
use crate::serve::reread_with;
use crate::served::Served;
use crate::sync::cursor::Position;
use crate::sync::failure::Failure;
use crate::sync::store::{Changed, Lease, Reading, ReplicaRecord, Store, VerdictRecord};
use futures_util::future::{join3, try_join_all};
use futures_util::{Stream, TryStreamExt};
use haversack_core::protocol::{KeyText, Seq, Text};
use haversack_core::schema::{ColumnId, TableId};
use haversack_core::{Error, ErrorCode};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// How long one answer of Postgres may take: longer than a statement may, which Postgres itself sees to.
const LIMIT: Duration = Duration::from_secs(20);
/// The same where as many rows are read as the user can see.
const READ_LIMIT: Duration = Duration::from_secs(130);

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
        self.session.begin(BEGIN_PUSH, LIMIT).await
    }

    async fn begin_pull(&mut self) -> Result<(), Failure> {
        self.pushing = false;
        self.session.begin(BEGIN_PULL, LIMIT).await
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
        if !self.pushing {
            self.session.limit(READ_LIMIT);
        }
        let user = self.who();
        let sql = role_and_identity(self.pushing, user.len() / 2);
        let params = user.into_iter().map(|text| Box::new(text) as Owned);
        self.session.send_query(&sql, params.collect()).await
    }

    async fn become_endpoint(&self) -> Result<(), Failure> {
        self.session.send_batch("SET LOCAL ROLE NONE").await
    }

    async fn position(&self, snapshot: Option<&str>) -> Result<Position, Failure> {
        let sql = if self.pushing { open_push } else { open_pull };
        let (position, _) = self.open(sql, &[&snapshot]).await?;
        Ok(position)
    }

    async fn reach_disk(&self) -> Result<(), Failure> {
        if !self.loose.load(Relaxed) {
            return Ok(());
        }
        self.session.batch(REACH_DISK).await
    }

    async fn note_history(&self) -> Result<(), Failure> {
        note_history(&self.session).await
    }

    async fn lock_replica(&self, replica: &str, user: &str) -> Result<ReplicaRecord, Failure> {
        let rows = self.session.query(REPLICA, &[&replica, &user]).await?;
        let row = rows
            .first()
            .ok_or_else(|| Error::new(ErrorCode::Internal, "the replica has no record"))?;
        let xid: &str = row.get(3);
        self.pushed.store(xid.parse().unwrap_or(0), Relaxed);
        Ok(ReplicaRecord {
            user: row.get(0),
            last_seq: row.get::<_, i64>(1) as Seq,
            now_ms: row.get(2),
        })
    }

    async fn acknowledge(&self, replica: &str, up_to: Seq) -> Result<(), Failure> {
        // Not from the first on: what was forgotten before leaves entries in the index until it is
        // vacuumed, and to pass by them again each time costs more than the rest of a push.
        let before = self
            .state
            .watermark
            .acknowledged(replica, &self.identity.user);
        if before >= up_to {
            return Ok(());
        }
        let params: Vec<Owned> = vec![
            Box::new(replica.to_owned()),
            Box::new(before as i64),
            Box::new(up_to as i64),
        ];
        self.session.send_query(FORGET, params).await
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
        let params: Vec<Owned> = vec![
            Box::new(replica.to_owned()),
            Box::new(numbers),
            Box::new(texts),
            Box::new(hashes),
            Box::new(last as i64),
        ];
        self.session.send_query(RECORD, params).await
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
        self.session.send_batch(begin).await
    }

    async fn undo(&self) -> Result<(), Failure> {
        // What fails before the savepoint leaves none, which is heard here; what fails after it is undone.
        self.session.forget_sent();
        self.session
            .batch("ROLLBACK TO SAVEPOINT mutation; RELEASE SAVEPOINT mutation")
            .await
    }

    async fn judge_deferred(&self) -> Result<(), Failure> {
        self.session.batch("SET CONSTRAINTS ALL IMMEDIATE").await
    }

    async fn release(&self) -> Result<(), Failure> {
        self.session.send_batch("RELEASE SAVEPOINT mutation").await
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

    async fn look(
        &self,
        snapshot: &str,
        scopes: &[String],
        most: usize,
    ) -> Result<(Position, Vec<Changed>), Failure> {
        let looked = self.looked(snapshot, scopes, most).await?;
        self.session.limit(READ_LIMIT);
        Ok(looked)
    }

    async fn read_changed(
        &mut self,
        keys: &[(TableId, Vec<KeyText>)],
        last: bool,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        for (table, _) in keys {
            self.session.prepare(&self.sql(*table).read_many).await?;
        }
        let all = keys.iter().map(|(id, keys)| self.read_many(*id, keys));
        let all = try_join_all(all);
        if last {
            self.session.end_with(all).await
        } else {
            all.await
        }
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
    /// Asks the first query of a transaction, which `sql` gives.
    pub(super) async fn open(
        &self,
        sql: impl FnOnce(Lookup) -> String,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<(Position, Row), Failure> {
        let (at, token) = (Instant::now(), self.unchecked());
        let asked = token.is_some();
        let sql = sql(match asked {
            false => Lookup::None,
            true if self.compiled.one_list => Lookup::OneList,
            true => Lookup::Lists,
        });
        let token = token.iter().map(|token| token as &(dyn ToSql + Sync));
        let params: Vec<_> = params.iter().copied().chain(token).collect();
        let rows = self.session.query(&sql, &params).await?;
        let row = rows
            .into_iter()
            .next()
            .ok_or_else(|| Error::new(ErrorCode::NotAttached, "the database is not attached"))?;
        if asked && row.get("revoked") {
            return Err(Failure::Broken(revoked::error()));
        }
        self.checked(at);
        let mut position = read_position(&row, 0);
        let on_disk: bool = row.get("on_disk");
        let durable = &self.state.durable;
        if on_disk {
            durable.note(&position);
        } else if !self.pushing && !durable.contains(&position) {
            self.keep_to_disk(&mut position);
        }
        Ok((position, row))
    }

    /// The user's role, and what policies read of who that is, by name and value.
    pub(super) fn who(&self) -> Vec<String> {
        let settings = settings(&self.compiled, &self.identity);
        let settings = settings.into_iter().flat_map(|(name, value)| [name, value]);
        std::iter::once(self.compiled.user_role.clone())
            .chain(settings)
            .collect()
    }

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
