//! Which tab leads.
//!
//! The lead is a Web Lock, so a tab that dies or closes leaves it to the next at once. One that is
//! frozen keeps its lock; so a follower asks now and then whether the leader is there, and where no
//! answer comes, takes the lock from it. Never trusts that the other has stopped: what a former
//! leader still does is refused by the fence.

use super::Shared;
use super::drain::Waiting;
use super::events::ErrorView;
use super::session::Session;
use crate::browser::channel::Message;
use crate::browser::locks::{self, Claim};
use crate::browser::{self, timer};
use crate::task::spawn;
use haversack_core::Error;
use haversack_core::planted;
use haversack_core::sync::{Event, backoff_ms};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// A follower asks this often whether the leader is there, in milliseconds.
const ASK_EVERY_MS: u64 = 1_500;
/// So long it waits for an answer: with the time between two questions, and that of taking the lead,
/// less than the 5 s within which a frozen leader is replaced (F19).
const ANSWER_MS_MAX: u64 = 2_000;

/// What a tab knows of the lead.
#[derive(Default)]
pub struct Lead {
    hold: RefCell<Option<locks::Hold>>,
    /// Does this tab hold the lock?
    held: Cell<bool>,
    /// Is it taking the lead, or trying to?
    taking: Cell<bool>,
    /// Has the leader answered the last question?
    heard: Cell<bool>,
}

impl Lead {
    /// Gives up the lock, or the wait for it.
    pub fn give_up(&self) {
        self.held.set(false);
        self.hold.take();
    }
}

impl Session {
    /// Answers what must be answered before everything else, even while much is being read; false
    /// where the message is another.
    pub(super) fn answers(&self, message: &Message) -> bool {
        match message {
            Message::AreYouThere => {
                if self.lead.held.get() {
                    self.tell(&Message::Here);
                }
                true
            }
            Message::Here => {
                self.lead.heard.set(true);
                true
            }
            _ => false,
        }
    }
}

impl Shared {
    pub(super) fn stand_for_lead(self: &Rc<Self>, session: &Rc<Session>) {
        self.claim(session, Claim::Wait);
        // Where tabs can't talk, silence says nothing.
        if session.has_channel() {
            spawn(watch_leader(Rc::downgrade(self), Rc::downgrade(session)));
        }
    }

    fn claim(self: &Rc<Self>, session: &Rc<Session>, claim: Claim) {
        let name = format!("{} leader", session.store.name);
        let (shared, of) = (Rc::downgrade(self), Rc::downgrade(session));
        let granted = move || {
            if let (Some(shared), Some(session)) = (shared.upgrade(), of.upgrade()) {
                session.lead.held.set(true);
                spawn(shared.lead(session));
            }
        };
        let (shared, of) = (Rc::downgrade(self), Rc::downgrade(session));
        let lost = move || {
            if let (Some(shared), Some(session)) = (shared.upgrade(), of.upgrade()) {
                shared.follow_again(&session);
            }
        };
        let hold = locks::hold(&name, claim, Box::new(granted.clone()), Box::new(lost));
        // Without Web Locks every tab takes the lead; the fence leaves it to the last one.
        if hold.is_none() {
            granted();
        }
        session.lead.hold.replace(hold);
    }

    /// Another tab has taken the lead from this one, which was thought dead.
    fn follow_again(self: &Rc<Self>, session: &Rc<Session>) {
        session.lead.held.set(false);
        session.fence.set(None);
        self.under_way(0);
        if self.closed.borrow().is_none() {
            self.dispatch(Event::Followed);
            self.claim(session, Claim::Wait);
        }
    }

    /// A sync under this fence was refused, since the fence is another's.
    ///
    /// Another tab took the lead; or one that had lost it and did not know yet took the fence behind this
    /// one. Then this tab, which holds the lock, takes it back: nobody else would.
    pub(super) fn fenced_off(self: &Rc<Self>, fence: Option<f64>) {
        let Ok(session) = self.session() else {
            return self.dispatch(Event::Followed);
        };
        if session.fence.get() != fence {
            // It has a new one since.
            return;
        }
        session.fence.set(None);
        self.under_way(0);
        self.dispatch(Event::Followed);
        // Without Web Locks the fence alone says who leads.
        let locked = session.lead.hold.borrow().is_some();
        if locked && session.lead.held.get() {
            spawn(self.clone().lead(session));
        }
    }

    /// Takes the lead, trying again where the store fails, since nobody else can while this tab
    /// holds the lock.
    async fn lead(self: Rc<Self>, session: Rc<Session>) {
        if session.lead.taking.replace(true) {
            return;
        }
        let mut attempt = 0;
        while session.lead.held.get() && self.closed.borrow().is_none() {
            match self.try_lead(&session).await {
                Ok(()) => break,
                Err(error) => self.failure.replace(Some(ErrorView::from(&error))),
            };
            self.refresh_status();
            timer::sleep(backoff_ms(attempt, browser::random_unit()).max(100)).await;
            attempt += 1;
        }
        session.lead.taking.set(false);
    }

    /// Catches up with the disk under a new fence, which ends what the last leader could still
    /// write, and only then leads: memory that is behind the disk must never be drained to it.
    async fn try_lead(self: &Rc<Self>, session: &Rc<Session>) -> Result<(), Error> {
        let fence = session.store.take_fence().await?;
        while session.reading.replace(true) {
            timer::sleep(1).await;
        }
        let ready = self.catch_up_and_list(session, fence).await;
        session.reading.set(false);
        let leftovers = ready?;
        if !session.lead.held.get() {
            return Ok(());
        }
        session.fence.set(Some(fence));
        // The last leader's push counts no more: what it sent and nobody heard of is sent again.
        self.push_under_way(0);
        self.dispatch(Event::Led);
        self.plan_drain(session, leftovers);
        spawn(self.clone().read_inbox(session.clone()));
        Ok(())
    }

    async fn catch_up_and_list(
        self: &Rc<Self>,
        session: &Rc<Session>,
        fence: f64,
    ) -> Result<Waiting, Error> {
        let state = match planted::is("leads-behind-the-disk") {
            true => session.store.state().await?,
            false => self.catch_up(session).await?,
        };
        // The last leader may have given keys and told nobody.
        let given = session.store.assigned().await?;
        if !given.is_empty() {
            self.rekey(given);
        }
        if state.fingerprint == self.schema.fingerprint {
            return self.leftover_keys(session).await;
        }
        // The journal is of another schema, and a whole snapshot comes in its place.
        session.store.forget_patches(fence, state.patch).await?;
        Ok(Waiting::default())
    }
}

/// While this tab follows: makes sure now and then that the leader is there.
async fn watch_leader(shared: Weak<Shared>, session: Weak<Session>) {
    loop {
        timer::sleep(ASK_EVERY_MS).await;
        let Some(of) = session.upgrade() else { return };
        if of.lead.held.get() {
            continue;
        }
        of.lead.heard.set(false);
        of.tell(&Message::AreYouThere);
        drop(of);
        let asked = browser::now_ms();
        timer::sleep(ANSWER_MS_MAX).await;
        // A tab that was asleep itself, or whose timers are throttled, may not have heard the answer.
        let waited = browser::now_ms() - asked;
        let awake = (0.0..2.0 * ANSWER_MS_MAX as f64).contains(&waited);
        let (Some(shared), Some(of)) = (shared.upgrade(), session.upgrade()) else {
            return;
        };
        if shared.closed.borrow().is_some() {
            return;
        }
        let awake = awake && !planted::is("frozen-leader-stays");
        if awake && !of.lead.heard.get() && !of.lead.held.get() {
            of.lead.give_up();
            shared.claim(&of, Claim::Steal);
        }
    }
}
