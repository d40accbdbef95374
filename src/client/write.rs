//! A write: checked and visible at once, then stored, then numbered.

use super::Shared;
use super::events::{ErrorView, Notice};
use super::session::Session;
use crate::browser;
use crate::browser::channel::Message;
use crate::store::idb::{Request, Tx};
use crate::store::queue::Queued;
use crate::task::spawn;
use haversack_core::json::ToJson;
use haversack_core::json_to;
use haversack_core::planted;
use haversack_core::protocol::Seq;
use haversack_core::queue::QUEUE_MAX;
use haversack_core::queue::rekey::Assigned;
use haversack_core::replica::{DraftOp, Key, LocalId, Prepared, WriteContext};
use haversack_core::schema::TableId;
use haversack_core::sync::Event;
use haversack_core::{Error, ErrorCode};
use std::rc::Rc;

/// What a write returns.
#[derive(Clone, Debug)]
pub struct Made {
    /// The tab's own number for it.
    pub local: u64,
    /// Per operation the key of the row, as an array of JSON values.
    pub keys: Vec<RawJson>,
    /// Is any of the keys one that will be replaced?
    pub temporary: bool,
}

json_to!(Made {
    local,
    keys,
    temporary
});

/// JSON that is written already.
#[derive(Clone, Debug)]
pub struct RawJson(pub String);

impl ToJson for RawJson {
    fn to_json(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

/// The row of each operation.
type RowKeys = Vec<(TableId, Key)>;

impl Shared {
    /// Checks a transaction of operations, makes it visible, and begins to store it; in a database in
    /// memory it is done then.
    ///
    /// # Errors
    /// Whatever breaks the schema's rules, `not_signed_in`, `closed`, `mutation_too_large`; then
    /// nothing has changed.
    pub fn write(self: &Rc<Self>, drafts: &[DraftOp<'_>]) -> Result<Made, Error> {
        let (local, keys) = match self.memory()? {
            Some(memory) => {
                // A write that is refused draws no key.
                let mut sequences = memory.sequences.borrow().clone();
                let mut random = || memory.random();
                let mut keys = |table| sequences.draw(&self.replica.borrow(), table);
                let mut prepared = self.prepare(drafts, memory.now_ms(), &mut random, &mut keys)?;
                memory.sequences.replace(sequences);
                let keys = std::mem::take(&mut prepared.keys);
                (self.confirm(prepared), keys)
            }
            None => self.write_stored(drafts, None)?,
        };
        self.notify(&Notice::Changed);
        Ok(self.made(local, &keys))
    }

    /// Writes the operations of a refused mutation again, as a new one that takes its place.
    ///
    /// # Errors
    /// As [`Shared::write`]; the refused mutation is kept then. `invalid_query` where there is none of
    /// this number.
    pub fn retry(self: &Rc<Self>, seq: Seq, drafts: &[DraftOp<'_>]) -> Result<Made, Error> {
        let known = self.rejected.borrow().iter().any(|one| one.seq == seq);
        if self.memory()?.is_some() || !known {
            let message = format!("there is no refused mutation {seq}");
            return Err(Error::new(ErrorCode::InvalidQuery, message)
                .hint("take it from db.sync.rejected as it is now"));
        }
        let (local, keys) = self.write_stored(drafts, Some(seq))?;
        // Not twice: it is gone from the disk, or will be there again if that fails.
        self.rejected.borrow_mut().retain(|one| one.seq != seq);
        self.mark_kept(&[], &[]);
        self.notify(&Notice::Rejected);
        self.notify(&Notice::Changed);
        Ok(self.made(local, &keys))
    }

    fn write_stored(
        self: &Rc<Self>,
        drafts: &[DraftOp<'_>],
        retried: Option<Seq>,
    ) -> Result<(u64, RowKeys), Error> {
        let session = self.session()?;
        self.check_room()?;
        // First, so that the browser opens it while the write is checked; a write that is refused
        // drops it, and so aborts it.
        let tx = session.store.begin_enqueue(retried)?;
        let mut prepared = self.prepare_stored(&session, drafts)?;
        let queued = Queued {
            at: prepared.at,
            seen: prepared.seen,
            ops: prepared.ops.clone(),
            predicted: prepared.predicted.clone(),
            earlier: Vec::new(),
            stopped: None,
        };
        let request = session.store.enqueue(&tx, &queued)?;
        let keys = std::mem::take(&mut prepared.keys);
        let local = self.replica.borrow_mut().apply(prepared);
        spawn(
            self.clone()
                .finish_write(session.clone(), tx, request, local, queued),
        );
        if retried.is_some() {
            let shared = self.clone();
            spawn(async move {
                // After the transaction, whatever became of it; a failure leaves it to the next reading.
                if shared.read_outcomes(&session).await.is_ok() {
                    session.tell(&Message::Outcomes);
                }
            });
        }
        Ok((local.0, keys))
    }

    /// Is there room for one more mutation?
    ///
    /// # Errors
    /// `queue_full`.
    pub(super) fn check_room(&self) -> Result<(), Error> {
        if self.replica.borrow().pending_len() < QUEUE_MAX {
            return Ok(());
        }
        let message = format!("{QUEUE_MAX} mutations wait to be sent already");
        Err(Error::new(ErrorCode::QueueFull, message)
            .hint("sync before writing more; db.sync.pending has them"))
    }

    /// Checks a transaction; keys drawn for one that is refused are given back.
    fn prepare_stored(&self, session: &Session, drafts: &[DraftOp<'_>]) -> Result<Prepared, Error> {
        let mut drawn: Vec<(TableId, i64)> = Vec::new();
        let mut draw = |table| {
            let key = session.draw(&self.schema, table)?;
            drawn.push((table, key));
            Some(key)
        };
        let now_ms = browser::now_ms() as i64;
        let prepared = self.prepare(drafts, now_ms, &mut browser::random_bytes, &mut draw);
        if prepared.is_err() {
            for (table, key) in drawn.into_iter().rev() {
                session.put_back(&self.schema, table, key);
            }
        }
        prepared
    }

    /// Checks a transaction; of one code for both kinds of database, since it is much.
    fn prepare(
        &self,
        drafts: &[DraftOp<'_>],
        now_ms: i64,
        random: &mut dyn FnMut() -> [u8; 16],
        keys: &mut dyn FnMut(TableId) -> Option<i64>,
    ) -> Result<Prepared, Error> {
        let mut context = WriteContext {
            now_ms,
            random,
            keys,
        };
        self.replica.borrow().prepare(drafts, &mut context)
    }

    /// What a write of these rows returns.
    pub(super) fn made(&self, local: u64, keys: &[(TableId, Key)]) -> Made {
        let replica = self.replica.borrow();
        Made {
            local,
            keys: keys
                .iter()
                .map(|(id, key)| self.key_json(*id, key))
                .collect(),
            temporary: keys.iter().any(|(id, key)| replica.has_temporary(*id, key)),
        }
    }

    /// Puts keys of the sequence in the place of temporary ones, and tells the application.
    pub(super) fn rekey(&self, given: Assigned) {
        let changed = self.replica.borrow_mut().rekey(given);
        for local in changed {
            let keys = self.replica.borrow().keys_of(local);
            self.notify(&Notice::Rekeyed(self.made(local.0, &keys)));
        }
        self.notify(&Notice::Changed);
    }

    /// A key as an array of a JSON value per key column.
    fn key_json(&self, table: TableId, key: &Key) -> RawJson {
        let mut json = String::new();
        key.write_json(self.schema.table(table), &mut json);
        // A key of one column is written without brackets.
        RawJson(match key.values() {
            [_] => format!("[{json}]"),
            _ => json,
        })
    }

    pub(super) async fn finish_write(
        self: Rc<Self>,
        session: Rc<Session>,
        tx: Tx,
        request: Request,
        local: LocalId,
        queued: Queued,
    ) {
        match tx.done().await {
            Ok(()) => {
                let seq = request.result().as_f64().unwrap_or_default() as u64;
                self.replica.borrow_mut().sequence(local, seq);
                session.locals.borrow_mut().push((seq, local.0));
                self.notify(&Notice::Durable { local: local.0 });
                // The application waits for that alone; the rest comes in a turn of its own.
                let after = self.clone();
                spawn(async move {
                    let mutation = queued.into_mutation(seq);
                    if !planted::is("write-told-to-nobody") {
                        session.tell(&Message::Mutation { mutation });
                    }
                    // A failure leaves it to the next patch.
                    let _ = after.hear_before(&session, seq).await;
                    after.dispatch(Event::Wrote);
                    after.take_keys(&session).await;
                    let judged = after.replica.borrow().reached();
                    // Where the verdict was quicker than this. A failure leaves it to the next
                    // time that the store is read.
                    if seq <= judged && after.read_outcomes(&session).await.is_ok() {
                        after.settle_judged(&session, judged, &[]);
                    }
                });
            }
            Err(error) => {
                if !planted::is("failed-write-stays") {
                    self.replica.borrow_mut().withdraw(local);
                }
                self.notify(&Notice::Changed);
                let error = ErrorView::from(&error);
                self.notify(&Notice::Failed {
                    local: local.0,
                    error,
                });
                self.refresh_status();
            }
        }
    }
}
