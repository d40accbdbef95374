//! A server that is not what it was: restored from a backup, attached anew, or one that knows this
//! replica otherwise than it knows itself.
//!
//! **Invariant.** What a lost history judged of this replica is offered by another one, under the same
//! numbers, before everything that came after it; and by nobody before it is known what the new history
//! has judged of it.

use super::Shared;
use super::events::Notice;
use super::session::Session;
use super::sync::Answer;
use crate::browser::{self, channel::Message};
use crate::network::request::Failure;
use crate::store::layout::{Before, State};
use crate::store::queue::Batch;
use haversack_core::planted;
use haversack_core::protocol::{Head, Mutation, is_restore};
use haversack_core::{Error, ErrorCode};
use std::rc::Rc;

/// So many restores back a device knows which replica it was.
const BEFORE_MAX: usize = 8;

/// What an answer says of the server's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum History {
    /// It is the one that the replica knows.
    Known,
    /// It is another one, which has judged more of this replica than was heard: that comes first.
    Unheard,
    /// It is another one, for which the replica is another one from now on.
    Other,
}

/// Takes in that the history is another than `before`.
pub(super) fn heard_of_another(
    state: &mut State,
    before: String,
    head: &Head,
    pushed: bool,
) -> History {
    // Each push brings more verdicts, as long as there is something to push.
    if head.last > state.judged && pushed {
        state.epoch = Some(before);
        return History::Unheard;
    }
    // After `detach` and `attach` the server knows no replica, and has lost nothing.
    if is_restore(&before, &head.epoch) && !planted::is("lost-is-not-offered") {
        state.judged = state.judged.min(head.last);
        state.before.push(Before {
            replica: state.replica.clone(),
            began: state.began,
        });
        if state.before.len() > BEFORE_MAX {
            state.before.remove(0);
        }
    } else {
        state.before.clear();
    }
    state.began = state.judged;
    state.judged_at.clear();
    if !planted::is("renewed-under-old-id") {
        state.replica = browser::random_uuid();
    }
    History::Other
}

/// The replica that this one was before, where the answer is of a history that may never have known
/// this one: how far that history had come, it says of the one before. A history that knows this one
/// and has judged nothing of it says the same of both.
fn known_before(state: &mut State, head: &Head) -> Option<Before> {
    let before = state.epoch.as_deref()?;
    let may_be_unknown = is_restore(before, &head.epoch) && head.last <= state.began;
    match may_be_unknown && !planted::is("predecessor-unasked") {
        true => state.before.pop(),
        false => None,
    }
}

/// Does the server say that this replica is not the one it knows?
pub(super) fn replica_is_lost(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::SequenceGap | ErrorCode::ReplicaForeign | ErrorCode::ReplicaForked
    )
}

impl Shared {
    /// Asks again as the replica that this one was, where a server was restored to before this one
    /// began. Nothing is pushed and nothing stored with it: what the last answer says counts, with the
    /// batch as it then is.
    ///
    /// # Errors
    /// `network` where the histories differ from answer to answer; else those of a sync.
    pub(super) async fn ask_as_before(
        self: &Rc<Self>,
        session: &Rc<Session>,
        token: &str,
        batch: &mut Batch,
        mut answer: Answer,
    ) -> Result<Answer, Failure> {
        while let Some(before) = known_before(&mut batch.state, &answer.head) {
            (batch.state.replica, batch.state.began) = (before.replica, before.began);
            batch.more |= !batch.mutations.is_empty();
            batch.mutations.clear();
            batch.acknowledged = 0;
            let epoch = answer.head.epoch;
            answer = self.exchange(session, token, batch).await?;
            if answer.head.epoch != epoch {
                let message = "two histories of the server answer in turn";
                return Err(Error::new(ErrorCode::Network, message).into());
            }
        }
        Ok(answer)
    }

    /// Goes on as a new replica, where the server no longer knows this one, or knows another by its
    /// id: the queue is kept and sent under the new id.
    pub(super) async fn renew_replica(&self) {
        let Ok(session) = self.session() else { return };
        let Some(fence) = session.fence.get() else {
            return;
        };
        // A failure leaves things as they are; the next attempt comes here again.
        if matches!(session.store.renew(fence).await, Ok(true)) {
            self.forget_keys(&session);
            session.tell(&Message::Renewed);
        }
    }

    /// What the server has lost is pending again, in all tabs.
    pub(super) async fn offer_again(
        self: &Rc<Self>,
        session: &Rc<Session>,
        fence: f64,
        state: &State,
        again: Vec<Mutation>,
    ) -> Result<(), Error> {
        self.forget_keys(session);
        {
            let mut replica = self.replica.borrow_mut();
            replica.go_back(state.judged);
            for mutation in again {
                // One of another schema can't be shown; it is sent all the same.
                let _ = replica.adopt(mutation);
            }
        }
        session.tell(&Message::Restored);
        self.notify(&Notice::Changed);
        let rebased = self.replica.borrow().rebased();
        let store = &session.store;
        store.rebase(fence, state.judged, &rebased).await
    }
}
