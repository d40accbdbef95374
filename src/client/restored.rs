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
pub(super) fn heard_of_another(state: &mut State, before: String, head: &Head) -> History {
    // Each push brings more verdicts, as long as it has judged anything of the queue.
    if head.last > state.judged && !head.verdicts.is_empty() {
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

/// May the history that answers never have known the replica of this state? One that knows it, and has
/// judged nothing of it, says the same.
fn may_be_unknown(state: &State, head: &Head) -> bool {
    let restored = |before: &String| is_restore(before, &head.epoch);
    head.last <= state.began
        && state.epoch.as_ref().is_some_and(restored)
        && !planted::is("predecessor-unasked")
}

/// Does the server say that this replica is not the one it knows?
pub(super) fn replica_is_lost(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::SequenceGap | ErrorCode::ReplicaForeign | ErrorCode::ReplicaForked
    )
}

impl Shared {
    /// Asks again as the replicas that this one was, the last one first, where a server was restored to
    /// before this one began: how far that history has come it says of the last of them that it knows.
    /// What it has judged of the queue it says too, and judges nothing new, since it is another history.
    /// All of them stay known: a restore after this one may go to where any of them was.
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
        let own = (batch.state.replica.clone(), batch.state.began);
        for before in batch.state.before.clone().into_iter().rev() {
            if !may_be_unknown(&batch.state, &answer.head) {
                break;
            }
            (batch.state.replica, batch.state.began) = (before.replica, before.began);
            // Under a number that the queue lacks, this one may have sent what was refused.
            let is_made = |m: &Mutation| !m.ops.is_empty() || !m.earlier.is_empty();
            let asks = |m: &Mutation| is_made(m) && !planted::is("judged-before-unasked");
            batch.mutations.retain(asks);
            batch.acknowledged = 0;
            let epoch = answer.head.epoch;
            answer = self.exchange(session, token, batch).await?;
            if answer.head.epoch != epoch {
                let message = "two histories of the server answer in turn";
                return Err(Error::new(ErrorCode::Network, message).into());
            }
        }
        (batch.state.replica, batch.state.began) = own;
        Ok(answer)
    }

    /// Goes on as a new replica, where the server no longer knows this one, or knows another by its
    /// id: the queue is kept and sent under the new id.
    pub(super) async fn renew_replica(&self, fence: Option<f64>) {
        let Ok(session) = self.session() else { return };
        // Of the sync that heard of it: under a later one the store may be another replica's already.
        let Some(fence) = fence else { return };
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
