//! What is committed, and copies of it.

use super::database::{Database, TextRow, texts};
use super::image::{Image, Write};
use super::transaction::{By, Transaction};
use super::xid::Xids;
use haversack_core::protocol::{KeyText, Seq, Text};
use haversack_core::replica::Key;
use haversack_core::schema::{Schema, TableId};
use haversack_core::value::{self, Value};
use haversack_endpoint::attach::SKIPPED_KEYS;
use haversack_endpoint::sync::cursor;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A key, in the order of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowKey(pub Key);

impl Ord for RowKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An entry of the changelog.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub scope: String,
    pub table: TableId,
    pub key: KeyText,
    pub xid: u64,
    pub at_ms: i64,
}

/// A row that is committed.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub values: Arc<[Value]>,
    pub texts: TextRow,
}

/// What is committed. Cheap to copy: a pull that is under way, and a backup, hold it as it was.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub rows: Vec<Rc<BTreeMap<RowKey, Stored>>>,
    pub changes: Rc<Vec<Change>>,
}

impl Committed {
    pub fn new(tables: usize) -> Self {
        Self {
            rows: vec![Rc::default(); tables],
            changes: Rc::default(),
        }
    }

    /// Takes in what a transaction did, with its id and the time.
    pub fn take(&mut self, schema: &Schema, done: &Transaction, (xid, at_ms): (u64, i64)) {
        for write in &done.log {
            let Write::Row(change) = write else { continue };
            let rows = Rc::make_mut(&mut self.rows[usize::from(change.table.0)]);
            let key = RowKey(change.key.clone());
            match &change.new {
                Some(row) => {
                    let (values, texts) = (row.clone(), texts(schema, change.table, row));
                    rows.insert(key, Stored { values, texts });
                }
                None => {
                    rows.remove(&key);
                }
            }
        }
        if done.pointers.is_empty() {
            return;
        }
        let changes = Rc::make_mut(&mut self.changes);
        changes.extend(done.pointers.iter().map(|pointer| Change {
            scope: pointer.scope.clone(),
            table: pointer.table,
            key: pointer.key.clone(),
            xid,
            at_ms,
        }));
    }
}

/// What tells a server's history from another.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// Made with the database, and in its backups.
    name: [u64; 2],
    /// Another one after each recovery.
    timeline: u64,
    /// The timeline that was noted last.
    noted: u64,
    /// No transaction since then has a lower id.
    pub noted_xid: u64,
    /// Keys that a lost history may have given to anybody.
    skipped: Vec<(TableId, i64, i64)>,
    /// Cursors that do not contain this transaction may lack changes that were pruned.
    pub horizon: u64,
}

impl History {
    pub fn new(name: [u64; 2]) -> Self {
        Self {
            name,
            timeline: 1,
            noted: 1,
            noted_xid: 0,
            skipped: Vec::new(),
            horizon: 0,
        }
    }

    /// Which of its lives it is: another one after each recovery.
    pub fn timeline(&self) -> u64 {
        self.timeline
    }

    /// Is it noted that it is another one?
    pub fn is_noted(&self) -> bool {
        self.noted == self.timeline
    }

    /// May a lost history have given this key?
    pub fn skipped(&self, table: TableId, key: i64) -> bool {
        let mut ranges = self.skipped.iter();
        ranges.any(|(of, low, high)| *of == table && (*low..=*high).contains(&key))
    }

    pub fn epoch(&self) -> String {
        let [a, b] = self.name;
        cursor::epoch(&format!("{a:016x}{b:016x}"), &self.timeline.to_string())
    }
}

/// All rows of some tables, as Postgres prints them, in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// Each table's name and rows, in the schema's order.
    pub tables: Vec<(String, Vec<Vec<Text>>)>,
}

/// A copy of a whole database, as of one moment.
#[derive(Clone)]
pub struct Backup {
    committed: Committed,
    replicas: BTreeMap<String, super::image::Record>,
    verdicts: BTreeMap<(String, Seq), super::image::Judged>,
    leases: BTreeMap<super::image::LeaseKey, super::image::LeaseEnd>,
    times: BTreeMap<super::image::TimeKey, i64>,
    xids: Xids,
    sequences: Vec<i64>,
    history: History,
}

/// What is recorded of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// Whose it is.
    pub user: String,
    /// The last of its mutations that was judged, 0 for none.
    pub last_seq: Seq,
    /// The verdicts that are remembered, as JSON.
    pub verdicts: BTreeMap<Seq, String>,
}

impl Database {
    /// A copy of everything. What is open is not in it.
    pub fn backup(&self) -> Backup {
        let mut state = self.state.borrow_mut();
        state.show(None);
        Backup {
            committed: state.committed.clone(),
            replicas: state.image.replicas.clone(),
            verdicts: state.image.verdicts.clone(),
            leases: state.image.leases.clone(),
            times: state.image.times.clone(),
            xids: state.xids.recovered(),
            sequences: state.sequences.clone(),
            history: state.history.clone(),
        }
    }

    /// Becomes as a backup was, as by a recovery to a point in time: every connection breaks, what is
    /// open ends, transaction ids and sequences go on from the backup's, and the history is another.
    pub fn restore(&self, backup: &Backup) {
        let mut state = self.state.borrow_mut();
        state.open.clear();
        state.forget_shown();
        let mut image = Image::new(state.schema.clone());
        for (i, rows) in backup.committed.rows.iter().enumerate() {
            for (key, stored) in rows.iter() {
                let row = Some(&stored.values);
                image.rows.put_row(TableId(i as u16), &key.0, row);
            }
        }
        image.replicas = backup.replicas.clone();
        image.verdicts = backup.verdicts.clone();
        image.leases = backup.leases.clone();
        image.times = backup.times.clone();
        state.image = image;
        state.committed = backup.committed.clone();
        state.xids = backup.xids.clone();
        state.sequences.clone_from(&backup.sequences);
        // Timelines are counted through, whichever backup one begins at.
        let timeline = state.history.timeline + 1;
        state.history = backup.history.clone();
        state.history.timeline = timeline;
    }

    /// Notes that the history is another one, as an endpoint does as soon as the database answers it
    /// again: the sequences skip what the lost one may have given.
    pub fn note_history(&self) {
        let mut state = self.state.borrow_mut();
        if state.history.is_noted() {
            return;
        }
        let state = &mut *state;
        // The lives since the backup have each given keys from where its own began.
        let lives = (state.history.timeline - state.history.noted) as i64;
        for (i, next) in state.sequences.iter_mut().enumerate() {
            let last = *next;
            *next += lives * i64::from(SKIPPED_KEYS);
            let skipped = (TableId(i as u16), last, *next - 1);
            state.history.skipped.push(skipped);
        }
        state.history.noted = state.history.timeline;
        let tx = state.begin(By::Sql);
        state.history.noted_xid = state.xid(tx);
        state.abort(tx);
    }

    /// The name of its history, as answers have it.
    pub fn epoch(&self) -> String {
        self.state.borrow().history.epoch()
    }

    /// Forgets the changes from before a time, in milliseconds since 1970: whoever lacks one gets a
    /// snapshot.
    pub fn prune(&self, before_ms: i64) {
        let mut state = self.state.borrow_mut();
        let old = |change: &&Change| change.at_ms < before_ms;
        let newest = state.committed.changes.iter().filter(old);
        let Some(newest) = newest.map(|change| change.xid).max() else {
            return;
        };
        state.history.horizon = state.history.horizon.max(newest);
        Rc::make_mut(&mut state.committed.changes).retain(|change| change.at_ms >= before_ms);
    }

    /// All rows that are committed.
    pub fn dump(&self) -> Dump {
        self.dump_where(|_, _| true)
    }

    /// The committed rows that a user can see.
    pub fn visible_to(&self, user: &str) -> Dump {
        let state = self.state.borrow();
        let owners: Vec<_> = (0..state.shapes.len())
            .map(|i| state.owner_value(TableId(i as u16), user))
            .collect();
        let sees =
            |table: usize, stored: &Stored| match (&state.shapes[table].owner, &owners[table]) {
                (None, _) => true,
                (Some(column), Some(user)) => stored.values[*column] == *user,
                (Some(_), None) => false,
            };
        self.dump_where(sees)
    }

    fn dump_where(&self, is: impl Fn(usize, &Stored) -> bool) -> Dump {
        let state = self.state.borrow();
        let table = |(i, rows): (usize, &Rc<BTreeMap<RowKey, Stored>>)| {
            let rows = rows.values().filter(|row| is(i, row));
            let name = state.schema.tables[i].name.clone();
            (name, rows.map(|row| row.texts.to_vec()).collect())
        };
        Dump {
            tables: state.committed.rows.iter().enumerate().map(table).collect(),
        }
    }

    /// What is recorded of a replica, as far as it is committed.
    pub fn replica(&self, id: &str) -> Option<ReplicaState> {
        let mut state = self.state.borrow_mut();
        state.show(None);
        let record = state.image.replicas.get(id)?;
        let all = (id.to_owned(), 0)..=(id.to_owned(), Seq::MAX);
        let verdicts = state.image.verdicts.range(all);
        Some(ReplicaState {
            user: record.user.clone(),
            last_seq: record.last_seq,
            verdicts: verdicts
                .map(|((_, seq), judged)| (*seq, judged.verdict.clone()))
                .collect(),
        })
    }
}

impl super::database::State {
    /// A user as the column that names a table's owners has it; none where it can't.
    pub fn owner_value(&self, table: TableId, user: &str) -> Option<Value> {
        let column = self.shapes[usize::from(table.0)].owner?;
        let kind = &self.schema.table(table).columns[column].kind;
        value::parse(kind, user).ok()
    }
}
