//! One sync: read the queue, push, pull, persist, apply. Only the leading tab comes here.

use super::drain::Waiting;
use super::events::{ErrorView, Notice, Progress};
use super::restored::{History, heard_of_another, replica_is_lost};
use super::session::Session;
use super::verdicts::{
    applied_mutations, give_back, journal_head, judged_mutations, outcomes_to_keep,
};
use super::{Shared, named_otherwise};
use crate::browser::{self, channel::Message};
use crate::network::request::{self, Failure};
use crate::store::journal::Commit;
use crate::store::layout::State;
use crate::store::queue::{Batch, Rejected, supersede};
use haversack_core::json;
use haversack_core::planted;
use haversack_core::protocol::{
    Head, Mutation, Outcome, PROTOCOL_VERSION, Renew, Seq, SyncRequest,
};
use haversack_core::queue::blocked::is_blocked_by;
use haversack_core::replica::{LineKind, Staged};
use haversack_core::sync::Event;
use haversack_core::{Error, ErrorCode, Recovery};
use std::rc::Rc;

/// How long it is waited at least where two histories answer in turn, in milliseconds.
const IN_TURN_MS: u64 = 1_000;
/// How many verdict times the state remembers.
const JUDGED_AT_MAX: usize = 32;

/// An answer that has arrived whole.
pub(super) struct Answer {
    pub head: Head,
    cursor: String,
    staged: Staged,
    lines: Vec<String>,
}

impl Shared {
    /// Runs one sync and tells the machine how it ended.
    pub(super) async fn sync(self: Rc<Self>, fresh_token: bool) {
        let fence = self.session().ok().and_then(|session| session.fence.get());
        let tried = self.try_sync(fresh_token).await;
        self.push_under_way(0);
        let event = match tried {
            Ok(Some(more)) => {
                self.failure.replace(None);
                self.reopen_socket_now();
                Event::Synced { more }
            }
            Ok(None) => {
                self.fenced_off(fence);
                Event::Synced { more: true }
            }
            Err(failure) => {
                if replica_is_lost(failure.error.code) {
                    self.renew_replica(fence).await;
                }
                if failure.error.recovery() == Recovery::Authenticate {
                    self.token.replace(None);
                }
                self.failure.replace(Some(ErrorView::from(&failure.error)));
                Event::Failed {
                    code: failure.error.code,
                    retry_after_ms: failure.retry_after_ms,
                }
            }
        };
        self.status.borrow_mut().progress = None;
        self.dispatch(event);
    }

    async fn try_sync(self: &Rc<Self>, fresh_token: bool) -> Result<Option<bool>, Failure> {
        let session = self.session()?;
        let Some(fence) = session.fence.get() else {
            return Ok(None);
        };
        let token = self.token(fresh_token).await?;
        let Some(mut batch) = self.batch(&session, fence).await? else {
            return Ok(None);
        };
        // Keys may have been leased or come back since the last sync.
        if !batch.waiting.is_empty() && self.assign_keys(&session, fence).await? {
            match self.batch(&session, fence).await? {
                Some(now) => batch = now,
                None => return Ok(None),
            }
        }
        if batch.state.epoch.is_none() && !planted::is("pushed-without-an-epoch") {
            // A copy of the request that came late, after a restore, would be taken for new there.
            batch.more |= !batch.mutations.is_empty();
            batch.mutations.clear();
            batch.acknowledged = 0;
        }
        if batch.state.patch != session.patch.get() {
            self.catch_up(&session).await?;
        }
        let answer = self.exchange(&session, &token, &batch).await?;
        let answer = (self.ask_as_before(&session, &token, &mut batch, answer)).await?;
        if answer.head.user != batch.state.user {
            return Err(named_otherwise().into());
        }
        let more = batch.more;
        let committed = self.persist(&session, fence, batch, answer).await?;
        Ok(committed.map(|again| more || again))
    }

    async fn batch(&self, session: &Session, fence: f64) -> Result<Option<Batch>, Error> {
        let holders = self.replica.borrow().holders().clone();
        session.store.batch(&self.schema, &holders, fence).await
    }

    /// Gives keys of the sequence to rows that wait for them, as many as are leased, and tells all
    /// tabs. False where it gave none.
    async fn assign_keys(&self, session: &Session, fence: f64) -> Result<bool, Error> {
        let holders = self.replica.borrow().holders().clone();
        let store = &session.store;
        let given = store.assign_keys(&self.schema, &holders, fence).await?;
        if given.is_empty() {
            return Ok(false);
        }
        session.tell(&Message::Rekeyed {
            given: given.clone(),
        });
        self.rekey(given);
        Ok(true)
    }

    pub(super) async fn exchange(
        self: &Rc<Self>,
        session: &Rc<Session>,
        token: &str,
        batch: &Batch,
    ) -> Result<Answer, Failure> {
        let mut leases = session.store.wanted_keys(&self.schema).await?;
        for (table, count) in &batch.waiting {
            *leases.or_default(table) += count;
        }
        // A store of a schema that nobody knows any more is filled anew: its rows may lack columns.
        let same_schema = batch.state.fingerprint == self.schema.fingerprint;
        let request = SyncRequest {
            protocol: PROTOCOL_VERSION,
            replica: batch.state.replica.clone(),
            fingerprint: self.schema.fingerprint.clone(),
            cursor: batch.state.cursor.clone().filter(|_| same_schema),
            epoch: batch.state.epoch.clone(),
            began: batch.state.began,
            acknowledged: batch.acknowledged,
            mutations: batch.mutations.clone(),
            leases,
            renew: batch.state.cursor_of.clone().map(|fingerprint| Renew {
                fingerprint,
                tables: batch.state.renew.clone(),
            }),
        };
        let body = json::text(&request);
        let mut staged = self.replica.borrow().stage();
        let mut lines = Vec::new();
        let mut ended = false;
        self.push_under_way(batch.mutations.last().map_or(0, |last| last.seq));
        let mut take = |line: &str| {
            match staged.line(line)? {
                LineKind::Head => lines.push(line.to_owned()),
                LineKind::Rows(_) => {
                    lines.push(line.to_owned());
                    self.show_progress(&staged);
                }
                LineKind::Removed(_) => lines.push(line.to_owned()),
                LineKind::End => ended = true,
            }
            Ok::<(), Error>(())
        };
        request::post(&format!("{}/v1/sync", self.url), token, body, &mut take).await?;
        let broken = || Error::new(ErrorCode::Network, "the answer broke off before its end");
        if !ended && !planted::is("half-an-answer-counts") {
            return Err(broken().into());
        }
        let head = staged.head().cloned().ok_or_else(broken)?;
        let known = || {
            batch
                .state
                .cursor
                .clone()
                .filter(|_| planted::is("half-an-answer-counts"))
        };
        let cursor = staged.cursor().map(str::to_owned);
        let cursor = cursor.or_else(known).ok_or_else(broken)?;
        Ok(Answer {
            head,
            cursor,
            staged,
            lines,
        })
    }

    /// Says in all tabs up to which mutation a push is under way, as long as this tab leads.
    pub(super) fn push_under_way(&self, sent: Seq) {
        let leads = self
            .session()
            .is_ok_and(|session| session.fence.get().is_some());
        if leads && self.replica.borrow().sent() != sent {
            self.under_way(sent);
            self.tell_tabs_status(&self.status());
        }
    }

    fn show_progress(self: &Rc<Self>, staged: &Staged) {
        let Some(head) = staged.head().filter(|head| head.snapshot) else {
            return;
        };
        let progress = Progress {
            done: staged.rows(),
            total: head.rows_total,
        };
        self.status.borrow_mut().progress = Some(progress);
        self.notify(&Notice::Status);
    }

    /// Prepare, persist, apply: what the answer changes goes to disk in one transaction, then into
    /// memory, which can't fail. None where another tab leads, else whether to sync again at once.
    async fn persist(
        self: &Rc<Self>,
        session: &Rc<Session>,
        fence: f64,
        batch: Batch,
        mut answer: Answer,
    ) -> Result<Option<bool>, Failure> {
        let now = browser::now_ms();
        let judged = judged_mutations(&batch.mutations, &answer.head);
        let given = give_back(&judged, &batch.stopped, &mut answer.head);
        let (mut rejected, mut lost) = outcomes_to_keep(&given, &answer.head, now);
        self.flag_blocked(&mut rejected);
        let superseded = supersede(&self.lost.borrow(), &mut lost);
        let waits = !batch.waiting.is_empty();
        let rows = answer.head.snapshot || answer.lines.len() > 1;
        let epoch = batch.state.epoch.clone();
        let other =
            epoch.filter(|epoch| *epoch != answer.head.epoch && !planted::is("epoch-unread"));
        let refill = batch.state.fingerprint != self.schema.fingerprint && answer.head.snapshot;
        let mut state = self.next_state(batch.state, &answer, &judged, now);
        let history = other.map_or(History::Known, |other| {
            heard_of_another(&mut state, other, &answer.head)
        });
        let renewed = history == History::Other;
        let applied = applied_mutations(&judged, &answer.head);
        // The verdicts and leases of the head are stored by themselves.
        if rows {
            answer.lines[0] = journal_head(&answer.head);
            state.patch += 1;
        } else {
            // A pull that brought no rows leaves nothing for others to read.
            answer.lines.clear();
        }
        let mut touched = self.keys_to_drain(&answer.staged);
        if refill {
            // Rows of the schema before are in the stores alone.
            touched.extend(self.stored_keys(session).await?.into_keys());
        }
        let commit = Commit {
            fence,
            state: &state,
            lines: &answer.lines,
            judged: &judged,
            applied: &applied,
            rejected: &rejected,
            lost: &lost,
            superseded: &superseded,
            granted: &answer.head.leases,
            renewed,
            time: answer.head.time,
        };
        let Some(again) = session.store.commit(&self.schema, &commit).await? else {
            return Ok(None);
        };
        if !rejected.is_empty() || !lost.is_empty() {
            // Before the mutations leave, or their rows would look acknowledged meanwhile.
            self.mark_kept(&rejected, &lost);
        }
        let outcomes = self.apply(session, &state, answer, touched, rows);
        if renewed {
            self.offer_again(session, fence, &state, again).await?;
        }
        if !lost.is_empty() {
            // What was overwritten lost too, though its mutation was applied.
            session.tell(&Message::Outcomes);
        }
        let listed = if rejected.is_empty() && lost.is_empty() {
            Ok(())
        } else {
            self.read_outcomes(session).await
        };
        // A promise that rejects finds its reason in the lists.
        self.settle_locals(session, &outcomes);
        listed?;
        if session.renewed.replace(renewed) && renewed {
            // As where an old and a new primary are behind one address: not to be asked in a loop (F37).
            let error = Error::new(
                ErrorCode::Network,
                "two histories of the server answer in turn",
            );
            return Err(Failure {
                error,
                retry_after_ms: Some(IN_TURN_MS),
            });
        }
        if history != History::Known {
            return Ok(Some(true));
        }
        // Rows that wait come before tabs that might need keys.
        let assigned = waits && self.assign_keys(session, fence).await?;
        self.take_new_keys(session).await;
        Ok(Some(assigned))
    }

    /// Says of refused mutations by which other refused one they are blocked, if by any.
    fn flag_blocked(&self, rejected: &mut [Rejected]) {
        let known = self.rejected.borrow();
        for at in 0..rejected.len() {
            let (earlier, rest) = rejected.split_at_mut(at);
            let one = &mut rest[0];
            // Only so does Postgres say that a row is missing.
            let missing = one.error.details.sqlstate.as_deref() == Some("23503");
            if one.error.code == ErrorCode::Gone || missing {
                let blocks = |other: &&Rejected| is_blocked_by(&self.schema, &one.ops, &other.ops);
                let blocker = known.iter().chain(earlier.iter()).find(blocks);
                one.blocked_by = blocker.map(|other| other.seq);
            }
        }
    }

    fn next_state(&self, state: State, answer: &Answer, judged: &[Mutation], now: f64) -> State {
        let mut next = State {
            fingerprint: self.schema.fingerprint.clone(),
            cursor: Some(answer.cursor.clone()),
            epoch: Some(answer.head.epoch.clone()),
            last_sync: Some(now),
            heard: state.heard.max(answer.head.time),
            cursor_of: None,
            renew: Vec::new(),
            ..state
        };
        if let Some(last) = judged.last() {
            next.judged = last.seq;
            next.reached = next.reached.max(last.seq);
            next.judged_at.push((last.seq, now));
            if next.judged_at.len() > JUDGED_AT_MAX {
                next.judged_at.remove(0);
            }
        }
        next
    }

    /// Memory follows the disk, without a pause in which anything else could come between.
    fn apply(
        self: &Rc<Self>,
        session: &Rc<Session>,
        state: &State,
        answer: Answer,
        touched: Waiting,
        rows: bool,
    ) -> Vec<(Seq, Outcome)> {
        let outcomes: Vec<(Seq, Outcome)> = answer
            .head
            .verdicts
            .iter()
            .map(|v| (v.seq, v.outcome.clone()))
            .collect();
        self.replica.borrow_mut().apply_patch(answer.staged);
        session.patch.set(state.patch);
        self.status.borrow_mut().last_sync = state.last_sync;
        session.tell(&Message::Patch {
            patch: state.patch,
            rows,
            outcomes: outcomes.clone(),
            at: state.last_sync.unwrap_or_default(),
        });
        self.plan_drain(session, touched);
        self.notify(&Notice::Changed);
        outcomes
    }
}
