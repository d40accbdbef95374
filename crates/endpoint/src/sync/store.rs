//! What the logic of a sync asks of a database.
//!
//! **Invariant.** Calls take effect in the order in which they are first polled, also where several
//! are polled together: a store over a network sends them in one go. After a call of a transaction
//! failed, all others of it fail until it is rolled back, or its savepoint is undone.
//!
//! Not its job: to judge. What a client may do is decided by its callers, and by the rules and the row
//! security that the database has.

use super::cursor::Position;
use super::failure::Failure;
use crate::served::Served;
use futures_util::Stream;
use haversack_core::Error;
use haversack_core::protocol::{KeyText, Seq, Text};
use haversack_core::schema::{ColumnId, TableId};
use std::sync::Arc;

/// A row of texts, as Postgres prints them under the settings that the wire asks for.
pub trait TextRow {
    /// How many columns it has.
    fn width(&self) -> usize;

    /// A column's value.
    ///
    /// # Errors
    /// Where it is no text.
    fn text(&self, column: usize) -> Result<Option<&str>, Failure>;
}

/// What is recorded of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaRecord {
    /// Whose it is.
    pub user: String,
    /// Its last mutation that was judged, 0 for none.
    pub last_seq: Seq,
    /// The time, in milliseconds since 1970 by the database's clock.
    pub now_ms: i64,
}

/// A verdict on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictRecord {
    /// The mutation's number.
    pub seq: Seq,
    /// The verdict, as JSON.
    pub verdict: String,
    /// The hash of the mutation; none where it was not recorded yet.
    pub hash: Option<String>,
}

/// A block of keys that a replica has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The table.
    pub table: TableId,
    /// The first key.
    pub low: i64,
    /// The last key.
    pub high: i64,
}

/// A change in the changelog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// None where the table no longer syncs.
    pub table: Option<TableId>,
    /// None where any row of the table may have come or gone: it was emptied, or what row security reads
    /// elsewhere has changed.
    pub key: Option<KeyText>,
}

/// How a row is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it is now.
    Plain,
    /// As it is now, and nobody else changes it until the transaction ends.
    Locked,
}

/// A connection to a database, on behalf of one user; it has at most one transaction open.
///
/// Keys and values are canonical texts, in the order of the key's columns, or of those given.
#[expect(
    async_fn_in_trait,
    reason = "static dispatch: whether a future can be sent is seen through to the store's own"
)]
pub trait Store {
    /// What rows are read as.
    type Row: TextRow;

    /// What is served, as last read; tables and columns are named by it until the next call.
    fn served(&mut self) -> Arc<Served>;

    /// Reads the schema again; outside a transaction.
    ///
    /// # Errors
    /// `internal`.
    async fn reread(&mut self) -> Result<(), Error>;

    /// Begins a transaction that may write; as the endpoint itself.
    async fn begin_push(&mut self) -> Result<(), Failure>;

    /// Begins a transaction that only reads, all of it as of one moment; as the endpoint itself.
    async fn begin_pull(&mut self) -> Result<(), Failure>;

    /// Ends the transaction and keeps what it did; after an error that is not known.
    async fn commit(&mut self) -> Result<(), Failure>;

    /// Ends the transaction as if it had not been.
    async fn rollback(&mut self);

    /// Waits for a random time before another attempt, in milliseconds.
    async fn pause(&self, most_ms: u64);

    /// Tells whoever waits for changes that a push was committed.
    fn announce(&self);

    // That something failed which gives nothing back may be said by the next call, or by the commit.

    /// Acts as the user from now on, under row security.
    async fn become_user(&self) -> Result<(), Failure>;

    /// Acts as the endpoint again.
    async fn become_endpoint(&self) -> Result<(), Failure>;

    /// Where the database stands, and whether a cursor's snapshot can be continued from there.
    async fn position(&self, snapshot: Option<&str>) -> Result<Position, Failure>;

    /// Notes that the history is another than before, as after a restore: moves the sequences of which
    /// keys are leased past what the history that is lost may have given of them, and records what
    /// they skipped. As the endpoint, in a transaction by itself. Does nothing where it is noted.
    async fn note_history(&self) -> Result<(), Failure>;

    // What is recorded of replicas; as the endpoint.

    /// Locks the record of a replica, made for this user where there is none.
    async fn lock_replica(&self, replica: &str, user: &str) -> Result<ReplicaRecord, Failure>;

    /// Forgets the verdicts up to a number.
    async fn acknowledge(&self, replica: &str, up_to: Seq) -> Result<(), Failure>;

    /// The verdicts after a number, in any order.
    async fn recorded(&self, replica: &str, after: Seq) -> Result<Vec<VerdictRecord>, Failure>;

    /// Records verdicts, and the number of the last mutation judged.
    async fn record(
        &self,
        replica: &str,
        verdicts: Vec<VerdictRecord>,
        last: Seq,
    ) -> Result<(), Failure>;

    /// The blocks of a replica for some tables.
    async fn leases(&self, replica: &str, tables: &[TableId]) -> Result<Vec<Lease>, Failure>;

    /// Which of these keys of a table may have been given to a replica of this user before the
    /// history that is noted now: they were leased to one then, or a history that is lost may have
    /// given them to anybody.
    async fn given_before(
        &self,
        user: &str,
        table: TableId,
        keys: &[i64],
    ) -> Result<Vec<i64>, Failure>;

    /// The blocks of a table, ascending, that were given to a replica by commits which a snapshot
    /// does not contain; all where there is none.
    async fn missed_leases(
        &self,
        replica: &str,
        table: TableId,
        snapshot: Option<&str>,
    ) -> Result<Vec<(i64, i64)>, Failure>;

    /// Draws so many keys from a table's sequence.
    async fn draw(&self, table: TableId, count: i64) -> Result<Vec<i64>, Failure>;

    /// Records blocks of a table's keys as a replica's.
    async fn lease(
        &self,
        replica: &str,
        table: TableId,
        ranges: &[(i64, i64)],
    ) -> Result<(), Failure>;

    // A mutation; as the user.

    /// Begins a savepoint for a mutation that was made at this time, in milliseconds since 1970;
    /// constraints that are declared so are deferred again.
    async fn savepoint(&self, made_ms: i64) -> Result<(), Failure>;

    /// Undoes all since the savepoint, and ends it.
    async fn undo(&self) -> Result<(), Failure>;

    /// Has every constraint asked that was deferred.
    async fn judge_deferred(&self) -> Result<(), Failure>;

    /// Ends the savepoint and keeps what was done since.
    async fn release(&self) -> Result<(), Failure>;

    /// A visible row: all served columns. Locked, none where it may not be changed.
    async fn read(
        &self,
        table: TableId,
        key: &KeyText,
        reading: Reading,
    ) -> Result<Option<Self::Row>, Failure>;

    /// Inserts a row and gives its key.
    async fn insert(
        &self,
        table: TableId,
        columns: &[ColumnId],
        values: &[Text],
    ) -> Result<Option<KeyText>, Failure>;

    /// Changes columns of a row; false where no row was changed.
    async fn update(
        &self,
        table: TableId,
        key: &KeyText,
        columns: &[ColumnId],
        values: &[Text],
    ) -> Result<bool, Failure>;

    /// Deletes a row; false where none was deleted.
    async fn delete(&self, table: TableId, key: &KeyText) -> Result<bool, Failure>;

    // The same for several rows at once, none of them twice; what happens to one of them tells nothing of
    // the order in which they were done. A store that does not need it has them one by one.

    /// The visible rows of these keys, in any order: all served columns.
    async fn read_set(
        &self,
        table: TableId,
        keys: &[KeyText],
        reading: Reading,
    ) -> Result<Vec<Self::Row>, Failure> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.extend(self.read(table, key, reading).await?);
        }
        Ok(rows)
    }

    /// Inserts rows, each with its key among the columns; gives them as they are now.
    async fn insert_set(
        &self,
        table: TableId,
        columns: &[ColumnId],
        values: &[Vec<Text>],
    ) -> Result<Vec<Self::Row>, Failure> {
        let mut rows = Vec::with_capacity(values.len());
        for values in values {
            if let Some(key) = self.insert(table, columns, values).await? {
                rows.extend(self.read(table, &key, Reading::Plain).await?);
            }
        }
        Ok(rows)
    }

    /// Changes columns, none of them of the key; gives the rows that were changed as they are now.
    async fn update_set(
        &self,
        table: TableId,
        keys: &[KeyText],
        columns: &[ColumnId],
        values: &[Vec<Text>],
    ) -> Result<Vec<Self::Row>, Failure> {
        let mut rows = Vec::with_capacity(keys.len());
        for (key, values) in keys.iter().zip(values) {
            if self.update(table, key, columns, values).await? {
                rows.extend(self.read(table, key, Reading::Plain).await?);
            }
        }
        Ok(rows)
    }

    /// Deletes rows; gives how many were deleted.
    async fn delete_set(&self, table: TableId, keys: &[KeyText]) -> Result<u64, Failure> {
        let mut deleted = 0;
        for key in keys {
            deleted += u64::from(self.delete(table, key).await?);
        }
        Ok(deleted)
    }

    /// When columns of a row were written last, by name, in milliseconds since 1970.
    async fn times(&self, table: TableId, key: &KeyText) -> Result<Vec<(String, i64)>, Failure>;

    /// Records that columns of a row are as somebody wanted them to be at a time.
    async fn confirm(
        &self,
        table: TableId,
        key: &KeyText,
        columns: &[&str],
        made_ms: i64,
    ) -> Result<(), Failure>;

    // A pull.

    /// Begins a pull's reading, as the endpoint, and goes on as the user: where the database stands, and, if
    /// the cursor's snapshot can be continued from there, at most so many changes of these scopes that it does
    /// not contain, each once.
    async fn look(
        &self,
        snapshot: &str,
        scopes: &[String],
        most: usize,
    ) -> Result<(Position, Vec<Changed>), Failure>;

    /// The visible rows of these keys, table by table; as the user. Ends the transaction where they are
    /// the `last` that is read.
    async fn read_changed(
        &mut self,
        keys: &[(TableId, Vec<KeyText>)],
        last: bool,
    ) -> Result<Vec<Vec<Self::Row>>, Failure> {
        let mut rows = Vec::with_capacity(keys.len());
        for (table, keys) in keys {
            rows.push(self.read_many(*table, keys).await?);
        }
        if last {
            self.commit().await?;
        }
        Ok(rows)
    }

    /// Waits until no crash can give back a number that the cursor of the pull contains; outside a
    /// transaction.
    async fn reach_disk(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// The visible rows of these keys; as the user.
    async fn read_many(&self, table: TableId, keys: &[KeyText]) -> Result<Vec<Self::Row>, Failure>;

    /// How many rows of a table are visible, counted to no more than `most`; as the user.
    async fn count(&self, table: TableId, most: u64) -> Result<u64, Failure>;

    /// All visible rows of a table; as the user.
    async fn read_all(
        &self,
        table: TableId,
    ) -> Result<impl Stream<Item = Result<Self::Row, Failure>>, Failure>;
}

/// Where the lines of a snapshot go.
#[expect(async_fn_in_trait, reason = "as for Store")]
pub trait Lines {
    /// Takes a line; false where nobody takes it any more.
    async fn send(&mut self, line: bytes::Bytes) -> bool;
}
