//! A write: checked and visible at once, then stored, then numbered.

use super::Shared;
use super::events::{ErrorView, Notice};
use super::session::Session;
use crate::browser::channel::Message;
use crate::browser;
use crate::store::idb::{Tx, result_of};
use crate::store::queue::Queued;
use haversack_core::replica::{DraftOp, LocalId, WriteContext};
use haversack_core::sync::Event;
use haversack_core::{Error, ErrorCode};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

/// Room left in a request's body for everything but one mutation, in bytes.
const ENVELOPE_BYTES: usize = 16 * 1024;

/// What a write returns.
#[derive(serde::Serialize)]
pub struct Made {
    /// The tab's own number for it.
    pub local: u64,
    /// Per operation the key of the row, as JSON values.
    pub keys: Vec<serde_json::Value>,
}

impl Shared {
    /// Checks a transaction of operations, makes it visible, and begins to store it.
    ///
    /// # Errors
    /// Whatever breaks the schema's rules, `not_signed_in`, `closed`, `mutation_too_large`; then
    /// nothing has changed.
    pub fn write(self: &Rc<Self>, drafts: &[DraftOp]) -> Result<Made, Error> {
        let session = self.session()?;
        let now_ms = browser::now_ms();
        let prepared = {
            let mut keys = session.keys.borrow_mut();
            let mut context = WriteContext {
                now_ms: now_ms as i64,
                random: &mut browser::random_bytes,
                keys: &mut |table| keys.get_mut(&table)?.draw(),
            };
            self.replica.borrow().prepare(drafts, &mut context)?
        };
        let queued = Queued {
            at: now_ms as i64,
            seen: session.judged.get(),
            ops: prepared.ops().to_vec(),
        };
        self.check_size(&queued)?;
        let (tx, request) = session.store.enqueue(&queued)?;
        let keys = prepared.keys_json();
        let local = self.replica.borrow_mut().apply(prepared);
        spawn_local(self.clone().finish_write(session.clone(), tx, request, local, queued));
        self.notify(&Notice::Changed);
        Ok(Made { local: local.0, keys })
    }

    fn check_size(&self, queued: &Queued) -> Result<(), Error> {
        let bytes = serde_json::to_string(queued).map_or(usize::MAX, |text| text.len());
        let room = (self.schema.limits.body_bytes_max as usize).saturating_sub(ENVELOPE_BYTES);
        if bytes <= room {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::MutationTooLarge,
            format!("the mutation is {bytes} bytes, and the endpoint takes {room} at the most"),
        )
        .hint("write less in one transaction, or raise limits.body_bytes_max in haversack.toml"))
    }

    async fn finish_write(
        self: Rc<Self>,
        session: Rc<Session>,
        tx: Tx,
        request: web_sys::IdbRequest,
        local: LocalId,
        queued: Queued,
    ) {
        match tx.done().await {
            Ok(()) => {
                let seq = result_of(&request).as_f64().unwrap_or_default() as u64;
                self.replica.borrow_mut().sequence(local, seq);
                session.locals.borrow_mut().insert(seq, local.0);
                session.tell(&Message::Mutation { mutation: queued.into_mutation(seq) });
                self.notify(&Notice::Durable { local: local.0 });
                self.dispatch(Event::Wrote);
                self.take_keys(&session).await;
            }
            Err(error) => {
                self.replica.borrow_mut().withdraw(local);
                self.notify(&Notice::Changed);
                let error = ErrorView::from(&error);
                self.notify(&Notice::Failed { local: local.0, error });
                self.refresh_status();
            }
        }
    }
}
