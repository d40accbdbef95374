//! A write made in steps, between which TypeScript calls the application's hooks.
//!
//! All of it happens in one turn of the page, so nobody sees it half done; `Replica::join_steps` then
//! makes one mutation of it, which is stored as any other. Never calls a hook itself.

use super::Shared;
use super::events::Notice;
use super::write::Made;
use crate::browser::{self, List, Value};
use crate::store::queue::Queued;
use crate::task::spawn;
use haversack_core::replica::{
    DraftOp, Key, LocalId, Prepared, Replica, Rigour, Sequences, Steps, WriteContext,
};
use haversack_core::schema::TableId;
use haversack_core::{Error, ErrorCode};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// A write that is under way.
pub struct OpenWrite {
    steps: Steps,
    /// The time of all of it.
    now_ms: i64,
    /// The counters of a database in memory, kept when the write is.
    sequences: Option<Sequences>,
    /// Keys drawn so far, to be given back where the write is withdrawn.
    drawn: Vec<(TableId, i64)>,
    /// What a sketch drew, which the step after it gets too: its row has the same key.
    random: VecDeque<[u8; 16]>,
    keys: VecDeque<Option<i64>>,
}

impl Shared {
    /// Begins a write in steps, and gives its time.
    ///
    /// # Errors
    /// `not_signed_in`, `closed`; `hook_misused` where one is under way.
    pub fn begin_steps(&self) -> Result<i64, Error> {
        let (now_ms, sequences) = match self.memory()? {
            Some(memory) => (memory.now_ms(), Some(memory.sequences.borrow().clone())),
            None => {
                self.session()?;
                self.check_room()?;
                (browser::now_ms() as i64, None)
            }
        };
        let mut open = self.open_write.borrow_mut();
        if open.is_some() {
            return Err(Error::new(
                ErrorCode::HookMisused,
                "a write is under way already",
            ));
        }
        *open = Some(OpenWrite {
            steps: Steps::default(),
            now_ms,
            sequences,
            drawn: Vec::new(),
            random: VecDeque::new(),
            keys: VecDeque::new(),
        });
        Ok(now_ms)
    }

    /// The row that an operation would change, as it is and as it would be: a hook may complete it.
    ///
    /// # Errors
    /// What no hook could mend: unknown columns, wrong types, rows that are not there.
    pub fn sketch(&self, op: &DraftOp<'_>) -> Result<List, Error> {
        self.with_open(|open| {
            let prepared = self.prepare_step(open, op, Rigour::Sketch)?;
            let touched = prepared.touched();
            let own = touched.get(..1).unwrap_or_default();
            let old = self.rows_of(own)?;
            let local = self.replica.borrow_mut().apply(prepared);
            let new = self.rows_of(own);
            self.replica.borrow_mut().withdraw(local);
            Ok(List::of2(&old.get(0), &new?.get(0)))
        })
    }

    /// Does a step. Gives what it changed, its own row first: table, old row, new row, …
    ///
    /// # Errors
    /// Whatever breaks the schema's rules; the step has not been done then.
    pub fn do_step(&self, op: &DraftOp<'_>) -> Result<List, Error> {
        let changes = self.with_open(|open| {
            let prepared = self.prepare_step(open, op, Rigour::Judge)?;
            // What the sketch drew and the step did not need is nobody's.
            open.random.clear();
            open.keys.clear();
            let touched = prepared.touched();
            let old = self.rows_of(&touched)?;
            self.replica
                .borrow_mut()
                .take_step(&mut open.steps, prepared);
            let new = self.rows_of(&touched)?;
            let change = |(i, (table, _)): (usize, &(TableId, Key))| {
                [Value::from(table.0), old.get(i as u32), new.get(i as u32)]
            };
            Ok(touched.iter().enumerate().flat_map(change).collect())
        })?;
        self.notify(&Notice::Changed);
        Ok(changes)
    }

    /// Makes one mutation of the steps, and begins to store it.
    ///
    /// # Errors
    /// What was deferred to the end and does not hold, `mutation_too_large`, `storage_failed`; the
    /// steps are withdrawn then.
    pub fn commit_steps(self: &Rc<Self>) -> Result<Made, Error> {
        let Some(mut open) = self.open_write.borrow_mut().take() else {
            return Err(not_open());
        };
        let steps = std::mem::take(&mut open.steps);
        let joined = self.replica.borrow_mut().join_steps(steps);
        let local = match joined {
            Ok(local) => local,
            Err((steps, error)) => {
                open.steps = steps;
                self.undo(open);
                return Err(error);
            }
        };
        let keys = self.replica.borrow().keys_of(local);
        let made = self.made(local.0, &keys);
        match self.memory()? {
            Some(memory) => {
                memory.sequences.replace(open.sequences.unwrap_or_default());
                self.confirm_local(local);
            }
            None => {
                if let Err(error) = self.store_joined(local) {
                    self.replica.borrow_mut().withdraw(local);
                    self.undo(open);
                    return Err(error);
                }
            }
        }
        self.notify(&Notice::Changed);
        Ok(made)
    }

    /// Undoes the steps; nothing where no write is under way.
    pub fn withdraw_steps(&self) {
        let open = self.open_write.borrow_mut().take();
        if let Some(open) = open {
            self.undo(open);
        }
    }

    fn undo(&self, open: OpenWrite) {
        self.replica.borrow_mut().withdraw_steps(open.steps);
        if let Ok(session) = self.session() {
            for (table, key) in open.drawn.into_iter().rev() {
                session.put_back(&self.schema, table, key);
            }
        }
        self.notify(&Notice::Changed);
    }

    fn store_joined(self: &Rc<Self>, local: LocalId) -> Result<(), Error> {
        let session = self.session()?;
        let tx = session.store.begin_enqueue(None)?;
        let queued = {
            let replica = self.replica.borrow();
            let mutation = replica.mutation(local).ok_or_else(not_open)?;
            Queued::from(mutation.clone())
        };
        let request = session.store.enqueue(&tx, &queued)?;
        spawn(
            self.clone()
                .finish_write(session.clone(), tx, request, local, queued),
        );
        Ok(())
    }

    fn with_open<T>(
        &self,
        work: impl FnOnce(&mut OpenWrite) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &mut *self.open_write.borrow_mut() {
            Some(open) => work(open),
            None => Err(not_open()),
        }
    }

    fn prepare_step(
        &self,
        open: &mut OpenWrite,
        op: &DraftOp<'_>,
        rigour: Rigour,
    ) -> Result<Prepared, Error> {
        let replica = self.replica.borrow();
        let (mut random, mut keys) = (Drawn::new(&mut open.random), Drawn::new(&mut open.keys));
        let (sequences, drawn) = (&mut open.sequences, &mut open.drawn);
        let mut context = WriteContext {
            now_ms: open.now_ms,
            random: &mut || {
                random.next(|| {
                    let memory = self.memory().ok().flatten();
                    memory.map_or_else(browser::random_bytes, |memory| memory.random())
                })
            },
            keys: &mut |table| keys.next(|| self.draw(&replica, sequences, drawn, table)),
        };
        replica.step(op, rigour, &mut context)
    }

    fn draw(
        &self,
        replica: &Replica,
        sequences: &mut Option<Sequences>,
        drawn: &mut Vec<(TableId, i64)>,
        table: TableId,
    ) -> Option<i64> {
        if let Some(sequences) = sequences {
            return sequences.draw(replica, table);
        }
        let session = self.session().ok()?;
        let key = session.draw(&self.schema, table)?;
        drawn.push((table, key));
        Some(key)
    }

    /// Rows as the application reads them; undefined where there is none.
    fn rows_of(&self, rows: &[(TableId, Key)]) -> Result<List, Error> {
        let replica = self.replica.borrow();
        let row = |(table, key): &(TableId, Key)| {
            let Some(slot) = replica.find(*table, key) else {
                return Ok(Value::UNDEFINED);
            };
            let mut json = String::from("[");
            replica.row_json(*table, slot, &mut json);
            json.push(']');
            Ok(self.shapes[usize::from(table.0)].frozen(&json)?.get(0))
        };
        rows.iter().map(row).collect()
    }
}

/// What was drawn before, again, and then anew.
struct Drawn<'a, T> {
    known: &'a mut VecDeque<T>,
    next: usize,
}

impl<'a, T: Copy> Drawn<'a, T> {
    fn new(known: &'a mut VecDeque<T>) -> Self {
        Self { known, next: 0 }
    }

    fn next(&mut self, draw: impl FnOnce() -> T) -> T {
        if self.next == self.known.len() {
            self.known.push_back(draw());
        }
        self.next += 1;
        self.known[self.next - 1]
    }
}

/// The write that is under way, if any.
pub type MaybeOpen = RefCell<Option<OpenWrite>>;

fn not_open() -> Error {
    Error::new(ErrorCode::HookMisused, "no write is under way")
}
