//! The poke socket: opened as long as the machine wants it, and again after a while where it ended.

use super::Shared;
use crate::browser::{self, timer::Timer};
use crate::network::socket::{Report, Socket};
use crate::task::spawn;
use haversack_core::sync::Event;
use std::rc::Rc;

impl Shared {
    /// Keeps the poke socket open as long as the machine wants it.
    pub(super) async fn open_socket(self: Rc<Self>) {
        if !self.socket.borrow().wanted || self.socket.borrow().socket.is_some() {
            return;
        }
        let opened = match (self.session(), self.token(false).await) {
            (Ok(session), Ok(token)) => {
                let weak = Rc::downgrade(&self);
                Socket::open(
                    &self.url,
                    token,
                    session.replica_id.clone(),
                    move |report| {
                        if let Some(shared) = weak.upgrade() {
                            shared.on_socket(&report);
                        }
                    },
                )
            }
            _ => None,
        };
        match opened {
            Some(socket) if self.socket.borrow().wanted => {
                self.socket.borrow_mut().socket = Some(socket);
            }
            Some(_) => {}
            None => self.reopen_socket_later(),
        }
    }

    fn on_socket(self: &Rc<Self>, report: &Report) {
        match report {
            Report::Ready => {
                let mut state = self.socket.borrow_mut();
                (state.attempt, state.ready) = (0, true);
                drop(state);
                // What happened before the socket was ready sent no poke.
                self.dispatch(Event::Connected);
            }
            Report::Poke => self.dispatch(Event::Poked),
            Report::Gone => {
                // Dropped in a later turn: this runs inside the socket's own callback.
                let mut state = self.socket.borrow_mut();
                let gone = state.socket.take();
                let was_ready = std::mem::take(&mut state.ready);
                drop(state);
                spawn(async move { drop(gone) });
                self.reopen_socket_later();
                if was_ready {
                    // Whether the endpoint is gone too shows at once, not at the next interval.
                    self.dispatch(Event::Poked);
                }
            }
        }
    }

    /// The endpoint answers, so a socket that waits for its next attempt need not wait longer.
    pub(super) fn reopen_socket_now(self: &Rc<Self>) {
        let waited = {
            let mut state = self.socket.borrow_mut();
            state.attempt = 0;
            state.timer.take()
        };
        if waited.is_some() {
            spawn(self.clone().open_socket());
        }
    }

    fn reopen_socket_later(self: &Rc<Self>) {
        let mut state = self.socket.borrow_mut();
        if !state.wanted {
            return;
        }
        let delay_ms =
            haversack_core::sync::backoff_ms(state.attempt, browser::random_unit()).max(100);
        state.attempt += 1;
        let weak = Rc::downgrade(self);
        state.timer = Some(Timer::after(delay_ms, move || {
            if let Some(shared) = weak.upgrade() {
                spawn(shared.open_socket());
            }
        }));
    }
}
