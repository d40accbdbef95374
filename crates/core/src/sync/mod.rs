//! The sync machine: turns events into effects. Does no I/O, keeps no clock.
//!
//! One machine runs in every tab. Only the leading tab's asks for syncs; a follower's keeps quiet
//! until it leads. Invariants: at most one sync is under way, also where the lead is lost and taken
//! again before it ends, since both would read and write the same queue under the same fence; while
//! the machine leads and is not paused, either a sync is under way or a timer is armed, so nothing
//! waits for ever (F27). It decides when to sync, not what: the queue and the cursor are read by
//! whoever carries out [`Effect::Sync`].

#[cfg(test)]
mod tests;

use crate::error::{ErrorCode, Recovery};
use crate::planted;
use crate::protocol::SYNC_INTERVAL_MS;

/// The longest wait between two attempts, in milliseconds.
pub const BACKOFF_MS_MAX: u64 = 30_000;
/// The first wait is below this, in milliseconds.
pub const BACKOFF_MS_BASE: u64 = 500;
/// A local write cuts a wait short, but attempts stay this far apart, or up to twice as far, in
/// milliseconds.
pub const ATTEMPT_GAP_MS: u64 = 1_000;

/// The longest that an endpoint, or a proxy before it, is left alone as it wishes, in milliseconds.
pub const WISH_MS_MAX: u64 = 600_000;

/// Where newer code is needed, or the endpoint may only be slow to learn of a migration, it is
/// tried again this often, in milliseconds.
pub const UPGRADE_CHECK_MS: u64 = 60_000;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// This tab leads from now on.
    Led,
    /// This tab no longer leads.
    Followed,
    /// A mutation became durable, in this tab or another.
    Wrote,
    /// The poke socket is ready: the endpoint is there.
    Connected,
    /// The endpoint said that something changed.
    Poked,
    /// The browser says that the network is back, or the page was shown again.
    WentOnline,
    /// The application asks for a sync now.
    Asked,
    /// The armed timer fired.
    TimerFired,
    /// The sync was applied; `more` mutations wait in the queue.
    Synced {
        /// Is there more to push?
        more: bool,
    },
    /// The sync failed, and nothing of it was applied.
    Failed {
        /// Why.
        code: ErrorCode,
        /// The endpoint's own wish, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The database closes.
    Closed,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Push what is queued and pull, then say `Synced` or `Failed`.
    Sync {
        /// Ask the application for a new token first.
        fresh_token: bool,
    },
    /// Fire `TimerFired` after this long, instead of any timer armed before.
    Arm {
        /// In milliseconds.
        delay_ms: u64,
    },
    /// Disarm the timer.
    Disarm,
    /// Keep the poke socket open.
    OpenSocket,
    /// Close the poke socket.
    CloseSocket,
}

/// Where the machine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Another tab leads.
    Following {
        /// A sync from before is still under way; until it ends no other begins.
        syncing: bool,
    },
    /// Synced; the timer for the next one is armed.
    Idle,
    /// A sync is under way.
    Syncing {
        /// Something happened meanwhile: sync again at once.
        again: bool,
        /// The token was already renewed for this sync.
        renewed: bool,
        /// Failures in a row before this sync.
        attempt: u32,
    },
    /// The last sync failed; the timer for the next attempt is armed.
    Waiting {
        /// Failures in a row.
        attempt: u32,
        /// When the last attempt ended, in milliseconds of the caller's clock.
        since_ms: u64,
        /// No write cuts the wait short before this long, in milliseconds.
        gap_ms: u64,
    },
    /// Only a person, a new token or new code helps; tried again when asked or when back online.
    Paused(ErrorCode),
    /// Over.
    Closed,
}

/// The machine.
#[derive(Debug)]
pub struct Machine {
    state: State,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            state: State::Following { syncing: false },
        }
    }
}

impl Machine {
    /// Where it is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes an event at `now_ms`, with a random number in [0, 1) for the jitter, and says what
    /// to do, in order.
    pub fn handle(&mut self, event: Event, now_ms: u64, random: f64) -> Vec<Effect> {
        match event {
            Event::Led => match self.state {
                State::Following { syncing } => {
                    let mut effects = vec![Effect::OpenSocket];
                    if syncing && !planted::is("two-syncs-of-one-tab") {
                        self.state = State::Syncing {
                            again: true,
                            renewed: false,
                            attempt: 0,
                        };
                    } else {
                        effects.extend(self.start(0, false));
                    }
                    effects
                }
                State::Idle
                | State::Syncing { .. }
                | State::Waiting { .. }
                | State::Paused(_)
                | State::Closed => vec![],
            },
            Event::Followed => match self.state {
                State::Following { .. } => vec![],
                State::Syncing { .. } => self.stop(State::Following { syncing: true }),
                State::Idle | State::Waiting { .. } | State::Paused(_) | State::Closed => {
                    self.stop(State::Following { syncing: false })
                }
            },
            Event::Closed => self.stop(State::Closed),
            Event::Wrote => self.on_write(now_ms),
            Event::Connected => self.on_call(false),
            Event::Poked => self.on_poke(),
            Event::WentOnline | Event::Asked => self.on_call(true),
            Event::TimerFired => match self.state {
                State::Idle => self.start(0, false),
                State::Waiting { attempt, .. } => self.start(attempt, false),
                State::Paused(code) if code.recovery() == Recovery::Upgrade => self.on_call(true),
                State::Following { .. }
                | State::Syncing { .. }
                | State::Paused(_)
                | State::Closed => vec![],
            },
            // It ended after this tab stopped leading.
            Event::Synced { .. } | Event::Failed { .. }
                if matches!(self.state, State::Following { .. }) =>
            {
                self.state = State::Following { syncing: false };
                vec![]
            }
            Event::Synced { more } => self.on_synced(more),
            Event::Failed {
                code,
                retry_after_ms,
            } => self.on_failed(code, retry_after_ms, now_ms, random),
        }
    }

    fn start(&mut self, attempt: u32, renewed: bool) -> Vec<Effect> {
        self.state = State::Syncing {
            again: false,
            renewed,
            attempt,
        };
        vec![
            Effect::Disarm,
            Effect::Sync {
                fresh_token: renewed,
            },
        ]
    }

    fn stop(&mut self, next: State) -> Vec<Effect> {
        if self.state == State::Closed || self.state == next {
            return vec![];
        }
        self.state = next;
        vec![Effect::Disarm, Effect::CloseSocket]
    }

    fn on_write(&mut self, now_ms: u64) -> Vec<Effect> {
        match self.state {
            State::Idle => self.start(0, false),
            // A clock that steps back says nothing of how long it was: then it was long enough (F43).
            State::Waiting {
                attempt,
                since_ms,
                gap_ms,
            } if now_ms.abs_diff(since_ms) >= gap_ms => self.start(attempt, false),
            State::Syncing { ref mut again, .. } => {
                *again |= !planted::is("write-meanwhile-forgotten");
                vec![]
            }
            // While paused the write waits in the queue, as it does offline.
            State::Waiting { .. } | State::Following { .. } | State::Paused(_) | State::Closed => {
                vec![]
            }
        }
    }

    /// That something changed is no reason why what failed should work now: where many commit, a fleet
    /// that waits would be called back by every commit (F38).
    fn on_poke(&mut self) -> Vec<Effect> {
        match self.state {
            State::Waiting { .. } => vec![],
            State::Following { .. }
            | State::Idle
            | State::Syncing { .. }
            | State::Paused(_)
            | State::Closed => self.on_call(false),
        }
    }

    /// Something from outside says that a sync would help now.
    fn on_call(&mut self, unpause: bool) -> Vec<Effect> {
        match self.state {
            State::Idle => self.start(0, false),
            // The network was seen to work, so the count of failures starts anew.
            State::Waiting { .. } => self.start(0, false),
            State::Syncing { ref mut again, .. } => {
                *again = true;
                vec![]
            }
            State::Paused(_) if unpause => {
                let mut effects = vec![Effect::OpenSocket];
                effects.extend(self.start(0, true));
                effects
            }
            State::Paused(_) | State::Following { .. } | State::Closed => vec![],
        }
    }

    fn on_synced(&mut self, more: bool) -> Vec<Effect> {
        match self.state {
            State::Syncing { again, .. }
                if (again || more) && !planted::is("more-is-forgotten") =>
            {
                self.start(0, false)
            }
            State::Syncing { .. } if planted::is("no-timer-when-idle") => {
                self.state = State::Idle;
                vec![]
            }
            State::Syncing { .. } => {
                self.state = State::Idle;
                vec![Effect::Arm {
                    delay_ms: SYNC_INTERVAL_MS,
                }]
            }
            State::Following { .. }
            | State::Idle
            | State::Waiting { .. }
            | State::Paused(_)
            | State::Closed => vec![],
        }
    }

    fn on_failed(
        &mut self,
        code: ErrorCode,
        retry_after_ms: Option<u64>,
        now_ms: u64,
        random: f64,
    ) -> Vec<Effect> {
        let State::Syncing {
            renewed, attempt, ..
        } = self.state
        else {
            return vec![];
        };
        match code.recovery() {
            // A cached token may have expired: renew it once, then wait for the person (F28).
            Recovery::Authenticate if !renewed || planted::is("401-loops") => {
                self.start(attempt, true)
            }
            Recovery::Authenticate => {
                self.state = State::Paused(code);
                vec![Effect::Disarm, Effect::CloseSocket]
            }
            Recovery::Upgrade => {
                self.state = State::Paused(code);
                vec![
                    Effect::CloseSocket,
                    Effect::Arm {
                        delay_ms: UPGRADE_CHECK_MS,
                    },
                ]
            }
            Recovery::Retry | Recovery::Reset | Recovery::None => {
                // The endpoint wishes the same of all that it refuses, and all may write: the jitter
                // comes on top.
                let wish_ms = retry_after_ms.unwrap_or(0).min(WISH_MS_MAX);
                // A wish for a date calls a fleet back at one moment: the longer it waits, the wider.
                let jitter_ms =
                    backoff_ms(attempt, random).max((wish_ms as f64 * random) as u64 / 4);
                self.state = State::Waiting {
                    attempt: attempt + 1,
                    since_ms: now_ms,
                    gap_ms: wish_ms.max(ATTEMPT_GAP_MS) + jitter_ms.min(ATTEMPT_GAP_MS),
                };
                if planted::is("no-timer-after-failure") {
                    return vec![];
                }
                vec![Effect::Arm {
                    delay_ms: wish_ms + jitter_ms,
                }]
            }
        }
    }
}

/// The wait after the failure number `attempt` (from 0), in milliseconds: full jitter, so that a
/// fleet which was cut off together does not come back together (F38).
pub fn backoff_ms(attempt: u32, random: f64) -> u64 {
    if planted::is("retry-at-once") {
        return 0;
    }
    let ceiling = BACKOFF_MS_BASE
        .saturating_mul(1 << attempt.min(16))
        .min(BACKOFF_MS_MAX);
    ((ceiling as f64) * random.clamp(0.0, 1.0)) as u64
}
