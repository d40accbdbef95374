//! What an endpoint asks of the model: each call as the SQL of `haversack_endpoint::sync::postgres` has it.

use super::backup::RowKey;
use super::connection::{Connection, ReadRow, View};
use super::image::{Entry, Judged, LeaseEnd, Record, Write};
use super::locks::Lock;
use super::statement::broken;
use super::transaction::By;
use super::world::{Fault, Point};
use super::xid::Snapshot;
use futures_util::{Stream, stream};
use haversack_core::merge::parse_values;
use haversack_core::protocol::{KeyText, Seq, Text, Values};
use haversack_core::replica::{Key, RowOp};
use haversack_core::schema::{ColumnId, Table, TableId};
use haversack_core::value::Value;
use haversack_core::{Error, ErrorCode};
use haversack_endpoint::served::Served;
use haversack_endpoint::sync::cursor::Position;
use haversack_endpoint::sync::failure::{Failure, Refusal};
use haversack_endpoint::sync::store::{
    Changed, Lease, Reading, ReplicaRecord, Store, VerdictRecord,
};
use std::collections::BTreeSet;
use std::sync::Arc;

fn parsed(
    table: &Table,
    columns: &[ColumnId],
    values: &[Text],
) -> Result<Vec<(ColumnId, Value)>, Error> {
    let given: Values = columns
        .iter()
        .zip(values)
        .map(|(column, text)| (table.column(*column).name.clone(), text.clone()))
        .collect();
    parse_values(table, &given)
}

impl Store for Connection {
    type Row = ReadRow;

    fn served(&mut self) -> Arc<Served> {
        self.served.clone()
    }

    async fn reread(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn begin_push(&mut self) -> Result<(), Failure> {
        self.gate_or_wait(Point::BeginPush).await?;
        let by = By::Push {
            user: self.user.clone(),
            replica: String::new(),
        };
        let tx = self.database.state.borrow_mut().begin(by);
        self.push.set(Some(tx));
        Ok(())
    }

    async fn begin_pull(&mut self) -> Result<(), Failure> {
        self.gate_or_wait(Point::BeginPull).await
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        self.check()?;
        let fault = self.database.world.fault(Point::Commit);
        match fault {
            Fault::None | Fault::LostAfter => {}
            Fault::Lost => return Err(self.cut()),
            Fault::Refuse(sqlstate) => {
                let failure = self.refuse(sqlstate);
                self.abort();
                return Err(failure);
            }
            Fault::Delay(ms) => {
                self.database.world.sleep(ms).await;
                self.check()?;
            }
        }
        self.pull.take();
        if let Some(tx) = self.push.take() {
            self.database.commit(tx)?;
        }
        if fault == Fault::LostAfter {
            return Err(self.cut());
        }
        Ok(())
    }

    async fn rollback(&mut self) {
        self.abort();
    }

    async fn pause(&self, most_ms: u64) {
        let ms = self.database.world.random() % (most_ms + 1);
        self.database.world.sleep(ms).await;
    }

    // The world hears of every commit, whoever makes it.
    fn announce(&self) {}

    async fn become_user(&self) -> Result<(), Failure> {
        if self.push.get().is_none() {
            return self.check();
        }
        self.with(None, |state, tx| {
            if let Some(transaction) = state.transaction(tx) {
                transaction.role = Some(self.user.clone());
            }
            Ok(())
        })
    }

    async fn become_endpoint(&self) -> Result<(), Failure> {
        self.with(None, |state, tx| {
            if let Some(transaction) = state.transaction(tx) {
                transaction.role = None;
            }
            Ok(())
        })
    }

    async fn position(&self, snapshot: Option<&str>) -> Result<Position, Failure> {
        self.check()?;
        let state = self.database.state.borrow();
        let current = state.xids.snapshot();
        let given = snapshot.and_then(Snapshot::parse);
        let continues = given
            .is_some_and(|given| given.min > state.history.horizon && given.max <= current.max);
        if self.push.get().is_none() {
            // All that the pull reads is as of now.
            *self.pull.borrow_mut() = Some(View {
                committed: state.committed.clone(),
                snapshot: current.clone(),
            });
        }
        Ok(Position {
            snapshot: current.to_string(),
            epoch: state.history.epoch(),
            noted: state.history.is_noted(),
            continues,
            time: self.database.world.now_ms(),
        })
    }

    async fn note_history(&self) -> Result<(), Failure> {
        self.check()?;
        self.database.note_history();
        Ok(())
    }

    async fn lock_replica(&self, replica: &str, user: &str) -> Result<ReplicaRecord, Failure> {
        self.gate_or_wait(Point::LockReplica).await?;
        let now_ms = self.database.world.now_ms();
        self.with(None, |state, tx| {
            let lock = Lock::Replica(replica.to_owned());
            state.lock(tx, lock).map_err(|r| state.fail(tx, r))?;
            if let Some(transaction) = state.transaction(tx) {
                transaction.by = By::Push {
                    user: user.to_owned(),
                    replica: replica.to_owned(),
                };
            }
            let record = match state.image.replicas.get(replica) {
                Some(record) => record.clone(),
                None => {
                    let record = Record {
                        user: user.to_owned(),
                        last_seq: 0,
                    };
                    let made = Some(record.clone());
                    let entry = Entry::set(&state.image.replicas, replica.to_owned(), made);
                    state.write(tx, Write::Replica(entry));
                    record
                }
            };
            Ok(ReplicaRecord {
                user: record.user,
                last_seq: record.last_seq,
                now_ms,
            })
        })
    }

    async fn acknowledge(&self, replica: &str, up_to: Seq) -> Result<(), Failure> {
        self.with(None, |state, tx| {
            let known = (replica.to_owned(), 0)..=(replica.to_owned(), up_to);
            let known: Vec<_> = state.image.verdicts.range(known).collect();
            let known: Vec<_> = known.into_iter().map(|(key, _)| key.clone()).collect();
            for key in known {
                let entry = Entry::set(&state.image.verdicts, key, None);
                state.write(tx, Write::Verdict(entry));
            }
            Ok(())
        })
    }

    async fn recorded(&self, replica: &str, after: Seq) -> Result<Vec<VerdictRecord>, Failure> {
        self.with(None, |state, _| {
            let after = after.saturating_add(1);
            let known = (replica.to_owned(), after)..=(replica.to_owned(), Seq::MAX);
            let known = state.image.verdicts.range(known);
            let record = |((_, seq), judged): (&(String, Seq), &Judged)| VerdictRecord {
                seq: *seq,
                verdict: judged.verdict.clone(),
                hash: judged.hash.clone(),
            };
            Ok(known.map(record).collect())
        })
    }

    async fn record(
        &self,
        replica: &str,
        verdicts: Vec<VerdictRecord>,
        last: Seq,
    ) -> Result<(), Failure> {
        self.with(Some(Point::Record), |state, tx| {
            for record in verdicts {
                let judged = Judged {
                    verdict: record.verdict,
                    hash: record.hash,
                };
                let key = (replica.to_owned(), record.seq);
                let entry = Entry::set(&state.image.verdicts, key, Some(judged));
                state.write(tx, Write::Verdict(entry));
            }
            let known = state.image.replicas.get(replica).cloned();
            if let Some(mut record) = known {
                record.last_seq = last;
                let entry = Entry::set(&state.image.replicas, replica.to_owned(), Some(record));
                state.write(tx, Write::Replica(entry));
            }
            Ok(())
        })
    }

    async fn leases(&self, replica: &str, tables: &[TableId]) -> Result<Vec<Lease>, Failure> {
        self.with(None, |state, _| {
            let leases = state.image.leases.iter();
            let leases = leases.filter(|((r, t, _), _)| r == replica && tables.contains(t));
            let lease = |((_, table, low), end): (&(String, TableId, i64), &LeaseEnd)| Lease {
                table: *table,
                low: *low,
                high: end.high,
            };
            Ok(leases.map(lease).collect())
        })
    }

    async fn given_before(
        &self,
        user: &str,
        table: TableId,
        keys: &[i64],
    ) -> Result<Vec<i64>, Failure> {
        self.with(None, |state, _| {
            let image = &state.image;
            let leased = |key: i64| {
                let mut leases = image.leases.iter();
                leases.any(|((replica, of, low), end)| {
                    let own = image.replicas.get(replica).is_some_and(|r| r.user == user);
                    own && *of == table
                        && end.xid < state.history.noted_xid
                        && (*low..=end.high).contains(&key)
                })
            };
            let given = |key: &i64| leased(*key) || state.history.skipped(table, *key);
            Ok(keys.iter().copied().filter(given).collect())
        })
    }

    async fn missed_leases(
        &self,
        replica: &str,
        table: TableId,
        snapshot: Option<&str>,
    ) -> Result<Vec<(i64, i64)>, Failure> {
        let seen = snapshot.and_then(Snapshot::parse);
        self.with(None, |state, _| {
            let from = (replica.to_owned(), table, i64::MIN);
            let to = (replica.to_owned(), table, i64::MAX);
            let leases = state.image.leases.range(from..=to);
            let missed =
                leases.filter(|(_, end)| seen.as_ref().is_none_or(|seen| !seen.contains(end.xid)));
            Ok(missed.map(|((_, _, low), end)| (*low, end.high)).collect())
        })
    }

    async fn draw(&self, table: TableId, count: i64) -> Result<Vec<i64>, Failure> {
        self.with(Some(Point::Draw), |state, _| {
            let next = &mut state.sequences[usize::from(table.0)];
            let first = *next;
            *next += count;
            Ok((first..*next).collect())
        })
    }

    async fn lease(
        &self,
        replica: &str,
        table: TableId,
        ranges: &[(i64, i64)],
    ) -> Result<(), Failure> {
        self.with(None, |state, tx| {
            let xid = state.xid(tx);
            for (low, high) in ranges {
                let key = (replica.to_owned(), table, *low);
                let end = LeaseEnd { high: *high, xid };
                let entry = Entry::set(&state.image.leases, key, Some(end));
                state.write(tx, Write::Lease(entry));
            }
            Ok(())
        })
    }

    async fn savepoint(&self, made_ms: i64) -> Result<(), Failure> {
        self.with(None, |state, tx| {
            if let Some(transaction) = state.transaction(tx) {
                transaction.begin_savepoint();
                transaction.made_ms = Some(made_ms);
            }
            Ok(())
        })
    }

    async fn undo(&self) -> Result<(), Failure> {
        // Not by `with`: this is what a failed transaction is waiting for.
        self.check()?;
        let Some(tx) = self.push.get() else {
            return Err(broken());
        };
        let undone = self.database.state.borrow_mut().undo(tx);
        undone.map_err(Refusal::into_failure)
    }

    async fn judge_deferred(&self) -> Result<(), Failure> {
        self.with(None, |state, tx| {
            let judged = state.judge_deferred(tx);
            judged.map_err(|refusal| state.fail(tx, refusal))
        })
    }

    async fn release(&self) -> Result<(), Failure> {
        self.with(None, |state, tx| {
            if let Some(transaction) = state.transaction(tx) {
                transaction.savepoint = None;
            }
            Ok(())
        })
    }

    async fn read(
        &self,
        table: TableId,
        key: &KeyText,
        reading: Reading,
    ) -> Result<Option<ReadRow>, Failure> {
        self.with(Some(Point::Read), |state, tx| {
            Ok(state.read(tx, table, key, reading)?.map(ReadRow))
        })
    }

    async fn insert(
        &self,
        table: TableId,
        columns: &[ColumnId],
        values: &[Text],
    ) -> Result<Option<KeyText>, Failure> {
        let described = self.served.table(table);
        let op = RowOp::Insert(parsed(described, columns, values)?);
        let key = self.write(table, &op)?;
        Ok(key.map(|key| key.to_text(described)))
    }

    async fn update(
        &self,
        table: TableId,
        key: &KeyText,
        columns: &[ColumnId],
        values: &[Text],
    ) -> Result<bool, Failure> {
        let described = self.served.table(table);
        let key = Key::from_text(described, key)?;
        let op = RowOp::Update(key, parsed(described, columns, values)?);
        Ok(self.write(table, &op)?.is_some())
    }

    async fn delete(&self, table: TableId, key: &KeyText) -> Result<bool, Failure> {
        let op = RowOp::Delete(Key::from_text(self.served.table(table), key)?);
        Ok(self.write(table, &op)?.is_some())
    }

    async fn times(&self, table: TableId, key: &KeyText) -> Result<Vec<(String, i64)>, Failure> {
        self.with(None, |state, _| Ok(state.times(table, key)))
    }

    async fn confirm(
        &self,
        table: TableId,
        key: &KeyText,
        columns: &[&str],
        made_ms: i64,
    ) -> Result<(), Failure> {
        let described = self.served.table(table);
        self.with(None, |state, tx| {
            for name in columns {
                let column = usize::from(described.require_column(name)?.0);
                state.set_time(tx, (table, key.clone(), column), made_ms);
            }
            Ok(())
        })
    }

    async fn look(
        &self,
        snapshot: &str,
        scopes: &[String],
        most: usize,
    ) -> Result<(Position, Vec<Changed>), Failure> {
        let position = self.position(Some(snapshot)).await?;
        let changed = if position.continues {
            self.changed(scopes, snapshot, most)?
        } else {
            Vec::new()
        };
        self.become_user().await?;
        Ok((position, changed))
    }

    async fn read_many(&self, table: TableId, keys: &[KeyText]) -> Result<Vec<ReadRow>, Failure> {
        let described = self.served.table(table);
        let keys = keys.iter().map(|key| Key::from_text(described, key));
        let keys: Vec<Key> = keys.collect::<Result<_, _>>()?;
        self.read_at(Point::ReadMany, |state, view| {
            let sees = self.sees(state, table);
            let rows = &view.committed.rows[usize::from(table.0)];
            let found = keys.into_iter().filter_map(|key| rows.get(&RowKey(key)));
            let seen = found.filter(|stored| sees(&stored.values));
            seen.map(|stored| ReadRow(stored.texts.clone())).collect()
        })
    }

    async fn count(&self, table: TableId, most: u64) -> Result<u64, Failure> {
        self.read_at(Point::ReadAll, |state, view| {
            let sees = self.sees(state, table);
            let rows = view.committed.rows[usize::from(table.0)].values();
            let seen = rows.filter(|stored| sees(&stored.values));
            seen.count()
                .min(usize::try_from(most).unwrap_or(usize::MAX)) as u64
        })
    }

    async fn read_all(
        &self,
        table: TableId,
    ) -> Result<impl Stream<Item = Result<ReadRow, Failure>>, Failure> {
        let rows = self.read_at(Point::ReadAll, |state, view| {
            let sees = self.sees(state, table);
            let rows = view.committed.rows[usize::from(table.0)].values();
            let seen = rows.filter(|stored| sees(&stored.values));
            let rows = seen.map(|stored| Ok(ReadRow(stored.texts.clone())));
            rows.collect::<Vec<_>>()
        })?;
        Ok(stream::iter(rows))
    }
}

impl Connection {
    /// The changes of these scopes that a snapshot does not contain, each once.
    fn changed(
        &self,
        scopes: &[String],
        snapshot: &str,
        most: usize,
    ) -> Result<Vec<Changed>, Failure> {
        let seen = Snapshot::parse(snapshot)
            .ok_or_else(|| Error::new(ErrorCode::Internal, "the cursor has no snapshot"))?;
        self.read_at(Point::Changed, |_, view| {
            let changes = view.committed.changes.iter();
            let missed = changes.filter(|c| !seen.contains(c.xid) && scopes.contains(&c.scope));
            let missed: BTreeSet<_> = missed.map(|c| (c.table, c.key.clone())).collect();
            debug_assert!(
                view.committed
                    .changes
                    .iter()
                    .all(|c| view.snapshot.contains(c.xid)),
                "what is committed is in the snapshot"
            );
            let changed = |(table, key)| Changed {
                table: Some(table),
                key: Some(key),
            };
            missed.into_iter().take(most).map(changed).collect()
        })
    }
}
