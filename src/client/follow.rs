//! What this tab does with the messages of the others.
//!
//! Messages are handled one after the other. A message is a hint: what it says is on disk before
//! it is sent, so a tab that missed some reads the store anew.

use super::Shared;
use super::events::{ErrorView, Notice, Status};
use super::session::Session;
use crate::browser::channel::Message;
use crate::browser::value::Value;
use crate::store::idb::{Mode, Tx};
use crate::store::layout::QUEUE;
use crate::store::queue::{LostValue, Rejected, read_queue};
use haversack_core::json::read_text;
use haversack_core::planted;
use haversack_core::protocol::{Outcome, Seq, Winner};
use haversack_core::sync::Event;
use haversack_core::{Error, ErrorCode};
use std::rc::Rc;

impl Shared {
    /// Handles waiting messages, unless that is under way.
    pub(super) async fn read_inbox(self: Rc<Self>, session: Rc<Session>) {
        if session.reading.replace(true) {
            return;
        }
        loop {
            let Some(message) = session.inbox.borrow_mut().pop_front() else {
                break;
            };
            if let Err(error) = self.on_message(&session, message).await {
                // The disk has it: the next patch finds memory behind, and reads all anew.
                session.patch.set(0);
                self.failure.replace(Some(ErrorView::from(&error)));
            }
        }
        session.reading.set(false);
    }

    /// Is the mutation before this one unheard of here? It may also have gone into an earlier one; then
    /// reading the queue tells nothing new. One of this tab's own that has no number yet may be it.
    fn lacks_before(&self, seq: Seq) -> bool {
        let replica = self.replica.borrow();
        seq - 1 > replica.reached()
            && replica.by_seq(seq - 1).is_none()
            && replica.pending().all(|pending| pending.seq().is_some())
    }

    /// Takes in what is queued on disk before a mutation, where the one before it is unheard of: whoever
    /// wrote this had seen it, and a tab that was killed may have stored it and told nobody.
    pub(super) async fn hear_before(&self, session: &Session, before: Seq) -> Result<(), Error> {
        if !self.lacks_before(before) {
            return Ok(());
        }
        let tx = Tx::begin(&session.store.db, &[QUEUE], Mode::Read)?;
        let queue = read_queue(&tx, &Value::UNDEFINED, u32::MAX).await?;
        // What this tab wrote meanwhile may be in the queue under a number that it does not know yet.
        if !self.lacks_before(before) {
            return Ok(());
        }
        for mutation in queue {
            let mut replica = self.replica.borrow_mut();
            if mutation.seq > replica.reached() && mutation.seq < before {
                let _ = replica.adopt(mutation);
            }
        }
        self.notify(&Notice::Changed);
        Ok(())
    }

    async fn on_message(
        self: &Rc<Self>,
        session: &Rc<Session>,
        message: Message,
    ) -> Result<(), Error> {
        match message {
            Message::Mutation { mutation } => {
                // What comes late may have been judged by a server that has lost it since.
                if mutation.seq > self.replica.borrow().reached() {
                    self.hear_before(session, mutation.seq).await?;
                    // One of another schema can't be shown here; the leader sends it.
                    let _ = self.replica.borrow_mut().adopt(mutation);
                    self.notify(&Notice::Changed);
                }
                self.dispatch(Event::Wrote);
            }
            Message::Patch {
                patch,
                rows,
                outcomes,
                at,
            } => {
                self.follow_patch(session, patch, rows, &outcomes).await?;
                self.status.borrow_mut().last_sync = Some(at);
                self.take_new_keys(session).await;
                self.refresh_status();
            }
            Message::Status { status, sent } => {
                // A follower has the leader's word for the connection, and its own count.
                if session.fence.get().is_none()
                    && let Ok(mut status) = read_text::<Status>(&status)
                {
                    status.leader = false;
                    status.pending = self.replica.borrow().pending_len();
                    self.under_way(sent);
                    self.publish(status);
                }
            }
            Message::Rekeyed { given } => self.rekey(given),
            Message::Outcomes => self.read_outcomes(session).await?,
            Message::Ask => self.dispatch(Event::Asked),
            Message::Renewed => self.forget_keys(session),
            Message::Restored => {
                self.forget_keys(session);
                self.hydrate(session).await?;
                self.notify(&Notice::Changed);
            }
            // Dealt with as they arrive.
            Message::AreYouThere | Message::Here => {}
            Message::Hello => {
                let status = self.status();
                if status.leader {
                    self.tell_tabs_status(&status);
                }
            }
        }
        Ok(())
    }

    async fn follow_patch(
        self: &Rc<Self>,
        session: &Rc<Session>,
        patch: u64,
        rows: bool,
        outcomes: &[(Seq, Outcome)],
    ) -> Result<(), Error> {
        // Other verdicts leave the lists as they are. First, since a row that is refused or in
        // conflict must not look acknowledged meanwhile.
        let listed = if outcomes.iter().all(|(_, o)| *o == Outcome::Applied) {
            Ok(())
        } else {
            self.read_outcomes(session).await
        };
        let behind = patch > session.patch.get();
        let next = patch == session.patch.get() + 1 || planted::is("missed-patch-ignored");
        let lines = if rows && next {
            session.store.patch(patch).await?
        } else {
            Vec::new()
        };
        if behind && lines.is_empty() {
            // The leader drained it before this tab awoke, or this tab missed one before it.
            self.hydrate(session).await?;
        } else {
            let mut staged = self.replica.borrow().stage();
            for line in &lines {
                staged.line(line)?;
            }
            let mut replica = self.replica.borrow_mut();
            if behind {
                replica.apply_patch(staged);
                session.patch.set(patch);
            }
            // The journal's head has no verdicts: they came with the message.
            replica.set_judged(outcomes.iter().map(|(seq, _)| *seq).max().unwrap_or(0));
        }
        if behind || !outcomes.is_empty() {
            self.notify(&Notice::Changed);
        }
        self.settle_locals(session, outcomes);
        listed
    }

    /// Tells the application what became of its own mutations up to a number, but for those that are in
    /// the queue again, by the lists read from the store: for those whose verdict came while this tab
    /// was not looking.
    pub(super) fn settle_judged(&self, session: &Session, judged: Seq, queued: &[Seq]) {
        let own: Vec<Seq> = {
            let locals = session.locals.borrow();
            let own = locals.iter().map(|(seq, _)| *seq);
            own.filter(|seq| *seq <= judged && !queued.contains(seq))
                .collect()
        };
        let outcome = |seq: Seq| {
            if let Some(rejected) = self.rejected.borrow().iter().find(|r| r.seq == seq) {
                return match rejected.error.code {
                    ErrorCode::Gone => Outcome::Gone,
                    _ => Outcome::Rejected {
                        error: rejected.error.clone(),
                    },
                };
            }
            // Where the mutation won, what lost is not its own.
            let lost = self.lost.borrow();
            let mut own = lost
                .iter()
                .filter(|(_, lost)| lost.seq == seq && lost.lost.winner != Winner::Mine);
            match own.next() {
                Some((_, lost)) if lost.whole => Outcome::Conflict,
                Some(_) => Outcome::Merged,
                None => Outcome::Applied,
            }
        };
        let outcomes: Vec<(Seq, Outcome)> = own.iter().map(|seq| (*seq, outcome(*seq))).collect();
        self.settle_locals(session, &outcomes);
    }

    /// Tells the application what became of its own mutations.
    pub(super) fn settle_locals(&self, session: &Session, outcomes: &[(Seq, Outcome)]) {
        for (seq, outcome) in outcomes {
            let mut locals = session.locals.borrow_mut();
            let own = locals.iter().position(|(own, _)| own == seq);
            let local = own.map(|at| locals.swap_remove(at).1);
            // The application may write, and so borrow, while it is told.
            drop(locals);
            self.notify(&Notice::settled(local, *seq, outcome));
        }
    }

    /// Reads the lists of rejected mutations and lost values.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn read_outcomes(&self, session: &Session) -> Result<(), Error> {
        let (rejected, lost) = session.store.outcomes().await?;
        self.take_outcomes(rejected, lost);
        Ok(())
    }

    /// Takes in what was read of them, and tells the application where it is otherwise than before.
    pub(super) fn take_outcomes(&self, rejected: Vec<Rejected>, lost: Vec<(f64, LostValue)>) {
        let other_rejected = *self.rejected.borrow() != rejected;
        let other_lost = *self.lost.borrow() != lost;
        self.rejected.replace(rejected);
        self.lost.replace(lost);
        self.mark_kept(&[], &[]);
        if other_rejected {
            self.notify(&Notice::Rejected);
        }
        if other_lost {
            self.notify(&Notice::Lost);
        }
    }

    /// Tells the replica which rows wait for the application, by the lists and what is to join them.
    pub(super) fn mark_kept(&self, rejected: &[Rejected], lost: &[LostValue]) {
        let known = (self.rejected.borrow(), self.lost.borrow());
        let refused = known.0.iter().chain(rejected);
        let lost = known.1.iter().map(|(_, lost)| lost).chain(lost);
        let open = lost.filter(|lost| !lost.settled);
        self.replica.borrow_mut().set_kept(
            refused.flat_map(|one| &one.ops),
            open.map(|lost| &lost.lost),
        );
    }

    /// Mutations up to this number are in a push that is under way; 0 for none.
    pub(super) fn under_way(&self, sent: Seq) {
        if self.replica.borrow_mut().set_sent(sent) {
            self.notify(&Notice::Changed);
        }
    }

    /// Asks for a sync now; a follower asks the leader.
    pub fn ask(self: &Rc<Self>) {
        self.dispatch(Event::Asked);
        if let Ok(session) = self.session()
            && session.fence.get().is_none()
        {
            session.tell(&Message::Ask);
        }
    }

    /// Forgets a rejected mutation, in all tabs.
    ///
    /// # Errors
    /// `storage_failed`, `closed`, `not_signed_in`.
    pub async fn dismiss_rejected(&self, seq: Seq) -> Result<(), Error> {
        let session = self.session()?;
        session.store.dismiss_rejected(seq).await?;
        session.tell(&Message::Outcomes);
        self.read_outcomes(&session).await
    }

    /// Forgets a lost value, in all tabs.
    ///
    /// # Errors
    /// `storage_failed`, `closed`, `not_signed_in`.
    pub async fn dismiss_lost(&self, id: f64) -> Result<(), Error> {
        let session = self.session()?;
        session.store.dismiss_lost(id).await?;
        session.tell(&Message::Outcomes);
        self.read_outcomes(&session).await
    }
}
