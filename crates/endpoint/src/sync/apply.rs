//! Applies mutations one by one, each in its own savepoint ([`super::sets`] does several together). What
//! a mutation deserves is decided by `haversack_core::merge`; whether Postgres takes it, by Postgres
//! under the user's role.

use super::Asker;
use super::failure::Failure;
use super::lease::Leases;
use super::refusal::{is_own_fault, may_be_outdated, refusal};
use super::rows::{check_settable, denied, key_after, texts};
use super::store::{Reading, Store};
use crate::served::Served;
use futures_util::future::{join, join3};
use haversack_core::Error;
use haversack_core::merge::{self, Judge, Marked, OwnRow, OwnWrites, Update, When, normal_key};
use haversack_core::moving::bring_forward;
use haversack_core::planted;
use haversack_core::protocol::{KeyText, Mutation, Op, Outcome, Seq, Values, Verdict, Written};
use haversack_core::queue::rekey::drawn;
use haversack_core::schema::{ColumnId, Table, TableId};
use haversack_core::value::{self, Value};
use std::collections::{HashMap, HashSet};

/// A row: its table and canonical key.
pub(super) type Row = (TableId, KeyText);

/// The hashes of a row before and after an unbroken run of this replica's writes.
#[derive(Clone, Debug)]
struct Run {
    /// Before the first; outer none where it is not known.
    before: Option<Option<String>>,
    after: Option<String>,
}

/// The state of a push.
pub struct Push<'a, S> {
    pub(super) store: &'a S,
    pub(super) served: &'a Served,
    pub(super) asker: &'a Asker,
    pub(super) leases: Leases,
    /// When the push began, in milliseconds since 1970 by the database's clock.
    pub(super) now_ms: i64,
    /// Was the schema read again for this push?
    reread: bool,
    pub(super) own: OwnWrites,
    runs: Marked<Row, Run>,
}

/// Why a mutation stops.
pub(super) enum Stop {
    /// It is rejected.
    Rejected(Error),
    /// The database refuses it.
    Failed(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Rejected(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failed(failure)
    }
}

impl<'a, S: Store> Push<'a, S> {
    /// A push that has judged nothing yet; `now_ms` is the database's time. `reread`: the schema was
    /// read again for it, so that what Postgres refuses is not for want of that.
    pub fn new(
        store: &'a S,
        served: &'a Served,
        asker: &'a Asker,
        now_ms: i64,
        reread: bool,
    ) -> Self {
        let (leases, own, runs) = (Leases::default(), OwnWrites::default(), Marked::default());
        Self {
            store,
            served,
            asker,
            leases,
            now_ms,
            reread,
            own,
            runs,
        }
    }

    /// Takes in what recorded verdicts say was written, in the order of their numbers: of the rows
    /// that the mutations to come change or delete. What else was written matters to none of them.
    pub fn recall<'w>(
        &mut self,
        written: impl Iterator<Item = (Seq, &'w Written)>,
        mutations: &[Mutation],
    ) {
        let ops = mutations.iter().flat_map(|m| &m.ops);
        // What was written before an insert matters to what comes after it, which names the row as well.
        let named = ops.filter_map(|op| match op {
            Op::Insert { .. } => None,
            Op::Update { table, key, .. } | Op::Delete { table, key, .. } => {
                self.row(table, key).ok()
            }
        });
        let named: HashSet<Row> = named.collect();
        for (seq, row) in written {
            // What was written before a migration is where that has moved it.
            let moved = bring_forward(&self.served.schema, row);
            let row = moved.as_ref().unwrap_or(row);
            // A verdict from before a change of schema may name what is no more; it knows nothing then.
            let Ok(at) = self.row(&row.table, &row.key) else {
                continue;
            };
            if !named.contains(&at) || self.own.record(&self.served.schema, seq, row).is_err() {
                continue;
            }
            let run = Run {
                before: None,
                after: row.hash.clone(),
            };
            self.runs.set(at, Some(run));
        }
    }

    /// Reads the leases that the mutations' inserts need, still as the endpoint.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn read_leases(
        &mut self,
        replica: &str,
        mutations: &[Mutation],
    ) -> Result<(), Failure> {
        let schema = &self.served.schema;
        let mut keys: HashMap<TableId, Vec<i64>> = HashMap::new();
        for (table, key) in mutations.iter().flat_map(|m| drawn(schema, m)) {
            // What is no number is refused as the row is judged.
            keys.entry(table).or_default().extend(key.parse::<i64>());
        }
        let who = (replica, &*self.asker.user);
        self.leases = Leases::read(self.store, who, &keys).await?;
        Ok(())
    }

    /// Judges and applies one mutation.
    ///
    /// # Errors
    /// Only what makes the whole push fail; a refusal is a verdict.
    pub async fn mutation(&mut self, mutation: &Mutation) -> Result<Verdict, Failure> {
        let mut raced = false;
        loop {
            self.own.mark();
            self.runs.mark();
            // Sent together with the first statement of the operations, which saves a round trip.
            let begin = self.store.savepoint(self.made(mutation));
            let (begun, done) = join(begin, self.operations(mutation)).await;
            begun?;
            let stopped = match done {
                Ok(verdict) => {
                    if matches!(verdict.outcome, Outcome::Conflict | Outcome::Gone) {
                        // What its operations did was undone.
                        self.forget();
                    }
                    return Ok(verdict);
                }
                Err(stopped) => stopped,
            };
            self.forget();
            let error = match stopped {
                Stop::Rejected(error) => error,
                Stop::Failed(Failure::Refused(refused)) => {
                    // Someone inserted the same key after it was looked for: look again, once.
                    if refused.sqlstate == "23505" && !raced {
                        raced = true;
                        self.store.undo().await?;
                        continue;
                    }
                    if !self.reread && may_be_outdated(self.served, &refused) {
                        return Err(Failure::Outdated(refused));
                    }
                    refusal(self.served, &refused)
                }
                // A mutation that takes too long, or whose trigger says so, would do it again, and
                // hold up all behind it for ever. Where it was Postgres that went away instead, the
                // savepoint went with it.
                Stop::Failed(Failure::Transient(refused)) if is_own_fault(&refused) => {
                    if self.store.undo().await.is_err() {
                        return Err(Failure::Transient(refused));
                    }
                    return Ok(rejected(mutation.seq, refusal(self.served, &refused)));
                }
                Stop::Failed(failure) => return Err(failure),
            };
            self.store.undo().await?;
            return Ok(rejected(mutation.seq, error));
        }
    }

    /// Forgets what the mutation under way did: it was undone.
    fn forget(&mut self) {
        if planted::is("remember-undone-writes") {
            return;
        }
        self.own.go_back();
        self.runs.go_back();
    }

    async fn operations(&mut self, mutation: &Mutation) -> Result<Verdict, Stop> {
        let mut judge = Judge::new(&self.served.schema, mutation)?;
        // Rows in the order of their first write, with the columns set.
        let mut set: Vec<(Row, Vec<ColumnId>)> = Vec::new();
        for (i, op) in mutation.ops.iter().enumerate() {
            let (at, columns) = match op {
                Op::Insert { table, values } => self.insert(&mut judge, i, table, values).await?,
                Op::Update { .. } => self.update(&mut judge, mutation, i, op).await?,
                Op::Delete { .. } => (
                    self.delete(&mut judge, mutation.seen, i, op).await?,
                    Vec::new(),
                ),
            };
            let Some(at) = at else { continue };
            // What an operation wrote is its successor's to know.
            if mutation.ops.len() > 1 {
                let written = self.written(&at, &columns).await?;
                self.note(mutation.seq, &at, written);
            }
            match set.iter_mut().find(|(row, _)| *row == at) {
                Some((_, known)) => known.extend(columns),
                None => set.push((at, columns)),
            }
        }
        if judge.undone() {
            self.store.undo().await?;
            let (outcome, lost) = judge.finish();
            return Ok(Verdict {
                seq: mutation.seq,
                outcome,
                written: Vec::new(),
                lost,
            });
        }
        let written = self.finish(mutation.seq, &set).await?;
        let (outcome, lost) = judge.finish();
        Ok(Verdict {
            seq: mutation.seq,
            outcome,
            written,
            lost,
        })
    }

    /// Has the constraints judged, reads again what was written, since triggers may have had the
    /// last word, and ends the savepoint, all in one round trip where it is one row.
    async fn finish(
        &mut self,
        seq: Seq,
        set: &[(Row, Vec<ColumnId>)],
    ) -> Result<Vec<Written>, Stop> {
        let read = async {
            let mut written = Vec::with_capacity(set.len());
            for (at, columns) in set {
                written.push(self.written(at, columns).await?);
            }
            Ok::<_, Stop>(written)
        };
        let (judged, ended) = (self.store.judge_deferred(), self.store.release());
        // In this order: where the first fails, so do the others, and the savepoint is still there.
        let (judged, written, ended) = join3(judged, read, ended).await;
        judged?;
        ended?;
        let written = written?;
        for ((at, _), row) in set.iter().zip(&written) {
            self.note(seq, at, row.clone());
        }
        Ok(written)
    }

    async fn insert(
        &mut self,
        judge: &mut Judge,
        op: usize,
        name: &str,
        values: &Values,
    ) -> Result<(Option<Row>, Vec<ColumnId>), Stop> {
        let id = self.served.schema.require_table(name)?;
        let table = self.served.table(id);
        if !table.insertable {
            return Err(denied(table, "", "takes no inserts").into());
        }
        let values = self.own_identity(table, values)?;
        for name in values.keys() {
            let column = table.require_column(name)?;
            if !self.served.can_insert(id, column) {
                return Err(denied(table, name, "may not be given a value").into());
            }
        }
        let given: Option<KeyText> = table
            .primary_key
            .iter()
            .map(|c| values.get(c).cloned().flatten())
            .collect();
        let (key, existing) = match given {
            Some(key) => {
                let key = normal_key(table, &key)?;
                self.check_lease(id, table, &key)?;
                let existing = self.read(id, &key, Reading::Plain).await?;
                (key, existing)
            }
            None => (KeyText::new(), None),
        };
        let row = merge::Row {
            op,
            table,
            key: &key,
        };
        let Some(new) = judge.insert(row, existing.as_deref(), &values)? else {
            // Nothing is written, but what is equal is as this replica wanted it.
            let Some(existing) = existing.filter(|_| !judge.undone()) else {
                return Ok((None, Vec::new()));
            };
            return Ok((Some((id, key)), equal_columns(table, &existing, &values)?));
        };
        if judge.undone() {
            return Ok((None, Vec::new()));
        }
        let columns: Vec<ColumnId> = new.iter().map(|(c, _)| *c).collect();
        let texts = texts(table, &new);
        let key = self.store.insert(id, &columns, &texts).await?;
        let key = key.ok_or_else(|| denied(table, "", "was not inserted"))?;
        let at = (id, normal_key(table, &key)?);
        self.run(&at, None);
        // Of a new row all is this replica's, what defaults and triggers made of it included: an
        // update that it made meanwhile has its own guess of those for a base.
        let all = (0..table.columns.len() as u16).map(ColumnId).collect();
        Ok((Some(at), all))
    }

    async fn update(
        &mut self,
        judge: &mut Judge,
        mutation: &Mutation,
        i: usize,
        op: &Op,
    ) -> Result<(Option<Row>, Vec<ColumnId>), Stop> {
        let Op::Update {
            table: name,
            key,
            set,
            base,
        } = op
        else {
            return Ok((None, Vec::new()));
        };
        let (id, key) = self.row(name, key)?;
        let table = self.served.table(id);
        let set = &self.own_identity_kept(table, set)?;
        check_settable(self.served, id, set)?;
        let row = merge::Row {
            op: i,
            table,
            key: &key,
        };
        let Some(current) = self.read_locked(id, &key).await? else {
            judge.missing(row, set)?;
            return Ok((None, Vec::new()));
        };
        let own = self.own.after(mutation.seen, id, &key);
        let written = self.times(id, set, &key).await?;
        let made = self.made(mutation);
        let update = Update {
            table,
            current: &current,
            set,
            base,
            own: own.as_ref(),
            when: When {
                made,
                written: &written,
            },
        };
        let merge::Decided { apply, equal } = judge.update(row, &update)?;
        if judge.undone() {
            return Ok((None, Vec::new()));
        }
        self.confirm(id, &key, &equal, made).await?;
        // What lost is not this replica's: only the columns that hold its values are.
        let mut columns: Vec<ColumnId> = apply.iter().map(|(c, _)| *c).collect();
        columns.extend(equal);
        self.run(&(id, key.clone()), Some(&current));
        if apply.is_empty() {
            return Ok((Some((id, key)), columns));
        }
        let written: Vec<ColumnId> = apply.iter().map(|(c, _)| *c).collect();
        let texts = texts(table, &apply);
        if !self.store.update(id, &key, &written, &texts).await? {
            return Err(denied(table, "", "may not be changed").into());
        }
        Ok((Some((id, key_after(table, key, &apply))), columns))
    }

    async fn delete(
        &mut self,
        judge: &mut Judge,
        seen: Seq,
        i: usize,
        op: &Op,
    ) -> Result<Option<Row>, Stop> {
        let Op::Delete {
            table: name,
            key,
            base,
        } = op
        else {
            return Ok(None);
        };
        let base = base.as_deref();
        let (id, key) = self.row(name, key)?;
        let table = self.served.table(id);
        if !table.deletable {
            return Err(denied(table, "", "takes no deletes").into());
        }
        let current = self.read_locked(id, &key).await?;
        let at = (id, key);
        let own = self.own_for_delete(seen, &at, base);
        let row = merge::Row {
            op: i,
            table,
            key: &at.1,
        };
        let delete = judge.delete(row, current.as_deref(), base, own.as_ref());
        if !delete || judge.undone() {
            return Ok(None);
        }
        if !self.store.delete(id, &at.1).await? {
            return Err(denied(table, "", "may not be deleted").into());
        }
        self.end_run(&at);
        Ok(Some(at))
    }

    /// The row that an operation names.
    fn row(&self, table: &str, key: &KeyText) -> Result<Row, Error> {
        let id = self.served.schema.require_table(table)?;
        Ok((id, normal_key(self.served.schema.table(id), key)?))
    }

    /// What excuses a delete of a row that is not as its `base` says: this replica's own writes, but
    /// only if they began at the row that it saw. Else someone else's edit lies beneath them.
    pub(super) fn own_for_delete(&self, seen: Seq, at: &Row, base: Option<&str>) -> Option<OwnRow> {
        let run = self.runs.get(at)?;
        let unbroken = run
            .before
            .as_ref()
            .is_none_or(|before| before.as_deref() == base);
        self.own.after(seen, at.0, &at.1).filter(|_| unbroken)
    }

    /// Ends a run of writes: the row is gone.
    pub(super) fn end_run(&mut self, at: &Row) {
        self.runs.set(at.clone(), None);
    }

    /// Begins or continues a run of writes to a row that was `current` before.
    pub(super) fn run(&mut self, at: &Row, current: Option<&[Value]>) {
        let before = current.map(value::row_hash);
        let continued = self.runs.get(at).is_some_and(|run| run.after == before);
        if !continued {
            let run = Run {
                before: Some(before),
                after: None,
            };
            self.runs.set(at.clone(), Some(run));
        }
    }

    /// Remembers a write of this push.
    pub(super) fn note(&mut self, seq: Seq, at: &Row, written: Written) {
        if let Some(run) = self.runs.get(at) {
            let (before, after) = (run.before.clone(), written.hash.clone());
            self.runs.set(at.clone(), Some(Run { before, after }));
        }
        // Only of tables and columns of the schema: it was read from them.
        let _ = self.own.record(&self.served.schema, seq, &written);
    }
}

fn rejected(seq: Seq, error: Error) -> Verdict {
    Verdict {
        seq,
        outcome: Outcome::Rejected { error },
        written: Vec::new(),
        lost: Vec::new(),
    }
}

/// The columns in which a row already has the values given.
fn equal_columns(table: &Table, row: &[Value], given: &Values) -> Result<Vec<ColumnId>, Error> {
    let given = haversack_core::merge::parse_values(table, given)?;
    let equal = |(column, mine): &(ColumnId, Value)| row[usize::from(column.0)] == *mine;
    Ok(given.into_iter().filter(equal).map(|(c, _)| c).collect())
}
