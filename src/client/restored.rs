//! A server that is not what it was: restored from a backup, attached anew, or one that knows this
//! replica otherwise than it knows itself.
//!
//! **Invariant.** What a lost history judged of this replica is offered by another one, under the same
//! numbers, before everything that came after it; and by nobody before it is known what the new history
//! has judged of it.

use super::Shared;
use super::events::Notice;
use super::session::Session;
use crate::browser::{self, channel::Message};
use crate::store::layout::State;
use haversack_core::planted;
use haversack_core::protocol::{Head, Mutation, is_restore};
use haversack_core::{Error, ErrorCode};
use std::rc::Rc;

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
    }
    state.began = state.judged;
    state.judged_at.clear();
    if !planted::is("renewed-under-old-id") {
        state.replica = browser::random_uuid();
    }
    History::Other
}

/// Does the server say that this replica is not the one it knows?
pub(super) fn replica_is_lost(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::SequenceGap | ErrorCode::ReplicaForeign | ErrorCode::ReplicaForked
    )
}

impl Shared {
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
