//! The database: what is committed, what is open, and which of it the image shows.
//!
//! **Invariant.** The image shows what is committed, and with it what at most one open transaction did.
//! Locks keep open transactions apart, so each one's changes can be undone and done again in any order.

use super::backup::{Committed, History};
use super::image::{Image, Write};
use super::locks::Lock;
use super::shape::Shape;
use super::transaction::{By, Transaction, TxId};
use super::world::World;
use super::xid::Xids;
use haversack_core::Error;
use haversack_core::protocol::{KeyText, Text, Verdict};
use haversack_core::schema::{Schema, TableId};
use haversack_core::value::{self, Value};
use haversack_endpoint::served::Served;
use haversack_endpoint::sync::failure::{Failure, Refusal};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// A row as Postgres prints it, in the order of the columns.
pub type TextRow = Rc<[Text]>;

/// The role that stands for every user, as cursors know it.
const USER_ROLE: &str = "haversack_user";

/// A transaction that was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// Its id.
    pub xid: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who did it.
    pub by: By,
    /// What it did, each row once.
    pub rows: Vec<CommittedRow>,
    /// The verdicts that it recorded.
    pub verdicts: Vec<Verdict>,
}

/// What a transaction did to a row; both are the same where it wrote what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedRow {
    /// The table's name.
    pub table: String,
    /// The row's key.
    pub key: KeyText,
    /// What it was.
    pub old: Option<TextRow>,
    /// What it is.
    pub new: Option<TextRow>,
}

/// A database in memory, shared by all its endpoints and writers.
#[derive(Clone)]
pub struct Database {
    pub(super) state: Rc<RefCell<State>>,
    pub(super) world: Rc<dyn World>,
}

/// All that there is.
pub(super) struct State {
    pub schema: Arc<Schema>,
    pub served: Arc<Served>,
    pub shapes: Vec<Shape>,
    pub image: Image,
    shown: Option<TxId>,
    pub open: BTreeMap<TxId, Transaction>,
    next: u64,
    pub xids: Xids,
    pub committed: Committed,
    /// The next key of each table with a sequence. No transaction undoes what was drawn.
    pub sequences: Vec<i64>,
    pub history: History,
    commits: Vec<Commit>,
}

impl Database {
    /// An empty database of a schema.
    ///
    /// # Errors
    /// `config_invalid` where only a real Postgres can judge the schema's rules.
    pub fn new(schema: Schema, world: Rc<dyn World>) -> Result<Self, Error> {
        let shapes = Shape::of(&schema)?;
        let tables = schema.tables.len();
        let served = Served::of_schema(schema.clone(), USER_ROLE.to_owned());
        let schema = Arc::new(schema);
        let history = History::new([world.random(), world.random()]);
        let state = State {
            image: Image::new(schema.clone()),
            served: Arc::new(served),
            shapes,
            shown: None,
            open: BTreeMap::new(),
            next: 0,
            xids: Xids::new(),
            committed: Committed::new(tables),
            sequences: vec![1; tables],
            history,
            commits: Vec::new(),
            schema,
        };
        Ok(Self {
            state: Rc::new(RefCell::new(state)),
            world,
        })
    }

    /// Its schema.
    pub fn schema(&self) -> Arc<Schema> {
        self.state.borrow().schema.clone()
    }

    /// The transactions that were committed since this was asked last, in their order; those that only
    /// read are not among them.
    pub fn take_commits(&self) -> Vec<Commit> {
        std::mem::take(&mut self.state.borrow_mut().commits)
    }

    /// Ends a transaction and keeps what it did, unless a statement of it has failed.
    pub(super) fn commit(&self, tx: TxId) -> Result<(), Failure> {
        let now_ms = self.world.now_ms();
        let scopes = self.state.borrow_mut().commit(tx, now_ms)?;
        if let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty()) {
            self.world.committed(&scopes);
        }
        Ok(())
    }
}

impl State {
    /// Begins a transaction.
    pub fn begin(&mut self, by: By) -> TxId {
        self.next += 1;
        let tx = TxId(self.next);
        self.open.insert(tx, Transaction::new(by));
        tx
    }

    /// A transaction, as long as it is open: a recovery ends all.
    pub fn transaction(&mut self, tx: TxId) -> Option<&mut Transaction> {
        self.open.get_mut(&tx)
    }

    /// Nothing that was open is any more.
    pub fn forget_shown(&mut self) {
        self.shown = None;
    }

    /// Has the image show what is committed, and what one transaction did.
    pub fn show(&mut self, tx: Option<TxId>) {
        if self.shown == tx {
            return;
        }
        if let Some(shown) = self.shown.take() {
            for write in self.open[&shown].log.iter().rev() {
                self.image.undo(write);
            }
        }
        if let Some(tx) = tx {
            for write in &self.open[&tx].log {
                self.image.redo(write);
            }
        }
        self.shown = tx;
    }

    /// The id of a transaction that is about to write.
    pub fn xid(&mut self, tx: TxId) -> u64 {
        let xids = &mut self.xids;
        let Some(transaction) = self.open.get_mut(&tx) else {
            return 0;
        };
        let xid = *transaction.xid.get_or_insert_with(|| xids.begin());
        if let Some(savepoint) = &mut transaction.savepoint
            && savepoint.xid.is_none()
        {
            let of_savepoint = xids.begin_savepoint();
            savepoint.xid = Some(of_savepoint);
            transaction.savepoints.push(of_savepoint);
        }
        xid
    }

    /// Notes what a transaction does, and does it; the image shows that transaction.
    pub fn write(&mut self, tx: TxId, write: Write) {
        debug_assert_eq!(self.shown, Some(tx), "another transaction is shown");
        self.xid(tx);
        self.image.redo(&write);
        self.note(tx, write);
    }

    /// Notes what a transaction has done.
    pub fn note(&mut self, tx: TxId, write: Write) {
        if let Some(transaction) = self.open.get_mut(&tx) {
            transaction.log.push(write);
        }
    }

    /// Takes a lock, unless another transaction holds what it conflicts with.
    pub fn lock(&mut self, tx: TxId, lock: Lock) -> Result<(), Box<Refusal>> {
        if self.is_held(tx, &lock) {
            return Err(lock_timeout());
        }
        self.xid(tx);
        if let Some(transaction) = self.open.get_mut(&tx) {
            transaction.locks.push(lock);
        }
        Ok(())
    }

    /// Does another transaction hold what a lock conflicts with?
    pub fn is_held(&self, tx: TxId, lock: &Lock) -> bool {
        let mut others = self.open.iter().filter(|(other, _)| **other != tx);
        others.any(|(_, other)| other.locks.iter().any(|held| held.conflicts(lock)))
    }

    /// Undoes all since a transaction's savepoint, and ends that.
    pub fn undo(&mut self, tx: TxId) -> Result<(), Box<Refusal>> {
        let savepoint = self.open.get(&tx).and_then(|t| t.savepoint);
        if savepoint.is_none() {
            return Err(refusal("3B001", "savepoint does not exist"));
        }
        self.take_back(tx);
        if let Some(transaction) = self.open.get_mut(&tx) {
            transaction.failed = false;
            transaction.savepoint = None;
        }
        Ok(())
    }

    /// Undoes all since a transaction's savepoint, or since its beginning, and frees what it held.
    pub fn take_back(&mut self, tx: TxId) {
        if !self.open.contains_key(&tx) {
            return;
        }
        self.show(Some(tx));
        let Some(transaction) = self.open.get_mut(&tx) else {
            return;
        };
        let whole = transaction.savepoint.is_none();
        let (xid, writes) = transaction.take_back();
        for write in writes.iter().rev() {
            self.image.undo(write);
        }
        match xid {
            Some(xid) if whole => self.xids.end(xid, &transaction.savepoints),
            Some(xid) => self.xids.end_savepoint(xid),
            None => {}
        }
    }

    /// Ends a transaction as if it had not been.
    pub fn abort(&mut self, tx: TxId) {
        if self.shown == Some(tx) {
            self.show(None);
        }
        if let Some(transaction) = self.open.remove(&tx)
            && let Some(xid) = transaction.xid
        {
            self.xids.end(xid, &transaction.savepoints);
        }
    }

    /// The scopes that a commit concerns; none where it wrote nothing.
    fn commit(&mut self, tx: TxId, now_ms: i64) -> Result<Option<BTreeSet<String>>, Failure> {
        if self.open.get(&tx).is_some_and(|t| t.failed) {
            // As Postgres does, without a word.
            self.abort(tx);
            return Ok(None);
        }
        self.enter(tx)?;
        if let Err(refusal) = self.judge_deferred(tx) {
            self.abort(tx);
            return Err(refusal.into_failure());
        }
        let Some(transaction) = self.open.remove(&tx) else {
            return Ok(None);
        };
        // What it did is now what is committed.
        self.shown = None;
        let Some(xid) = transaction.xid else {
            return Ok(None);
        };
        self.xids.end(xid, &transaction.savepoints);
        let scopes = transaction.pointers.iter().map(|p| p.scope.clone());
        let scopes: BTreeSet<String> = scopes.collect();
        let commit = self.describe(xid, now_ms, &transaction);
        self.committed
            .take(&self.schema, &transaction, (xid, now_ms));
        self.commits.push(commit);
        Ok(Some(scopes))
    }

    fn describe(&self, xid: u64, at_ms: i64, transaction: &Transaction) -> Commit {
        let (mut rows, mut verdicts): (Vec<CommittedRow>, _) = (Vec::new(), Vec::new());
        for write in &transaction.log {
            match write {
                Write::Row(change) => {
                    let table = self.schema.table(change.table);
                    let key = change.key.to_text(table);
                    let text = |row: &Option<Arc<[Value]>>| {
                        row.as_ref().map(|row| self.texts(change.table, row))
                    };
                    let same = |row: &&mut CommittedRow| row.table == table.name && row.key == key;
                    match rows.iter_mut().find(same) {
                        Some(row) => row.new = text(&change.new),
                        None => rows.push(CommittedRow {
                            table: table.name.clone(),
                            key,
                            old: text(&change.old),
                            new: text(&change.new),
                        }),
                    }
                }
                Write::Verdict(entry) => {
                    let judged = entry.new.as_ref();
                    verdicts.extend(judged.and_then(|j| serde_json::from_str(&j.verdict).ok()));
                }
                Write::Replica(_) | Write::Lease(_) | Write::Time(_) => {}
            }
        }
        Commit {
            xid,
            at_ms,
            by: transaction.by.clone(),
            rows,
            verdicts,
        }
    }

    /// A row as Postgres prints it.
    pub fn texts(&self, table: TableId, row: &[Value]) -> TextRow {
        texts(&self.schema, table, row)
    }
}

/// A row as Postgres prints it.
pub(super) fn texts(schema: &Schema, table: TableId, row: &[Value]) -> TextRow {
    let columns = schema.table(table).columns.iter();
    columns
        .zip(row)
        .map(|(column, value)| value::to_text(&column.kind, value))
        .collect()
}

/// What Postgres says where it waited for a lock in vain.
pub(super) fn lock_timeout() -> Box<Refusal> {
    refusal("55P03", "canceling statement due to lock timeout")
}

pub(super) fn refusal(sqlstate: &str, message: &str) -> Box<Refusal> {
    Box::new(Refusal {
        sqlstate: sqlstate.to_owned(),
        message: message.to_owned(),
        ..Refusal::default()
    })
}
