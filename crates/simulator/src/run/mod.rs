//! Runs a history, and says what it came to.

pub mod disk;
pub mod finish;
mod hostile;
pub mod live;
pub mod network;
pub mod plan;
mod read;
pub mod scene;
mod server;
pub mod stage;
pub mod tabs;

use crate::history::History;
use crate::tally::{Broken, Tally};
use haversack_simulated_browser::world::OnNote;
use stage::Stage;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a history failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An invariant does not hold.
    Broken(Broken),
    /// Client, endpoint or simulator panicked.
    Panicked(String),
}

/// What a history came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How often what happened.
    pub tally: Tally,
    /// The hash of all that happened.
    pub trace: u64,
    /// Why it failed, where it did.
    pub failure: Option<Failure>,
}

impl Failure {
    /// Is it the same kind of failure? What shrinks a history must not find another one.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Broken(a), Self::Broken(b)) => a.invariant == b.invariant,
            (Self::Panicked(a), Self::Panicked(b)) => a == b,
            (Self::Broken(_), Self::Panicked(_)) | (Self::Panicked(_), Self::Broken(_)) => false,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(broken) => write!(f, "{broken}"),
            Self::Panicked(what) => write!(f, "panicked: {what}"),
        }
    }
}

/// Runs a history to its end, or to what fails.
pub fn run(history: &History) -> Outcome {
    run_and_tell(history, None)
}

/// The same, and tells somebody what happens.
pub fn run_and_tell(history: &History, to: Option<OnNote>) -> Outcome {
    let run = catch_unwind(AssertUnwindSafe(|| perform(history, to)));
    run.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned()));
        Outcome {
            tally: Tally::default(),
            trace: 0,
            failure: Some(Failure::Panicked(text.unwrap_or_default())),
        }
    })
}

fn perform(history: &History, to: Option<OnNote>) -> Outcome {
    let mut stage = match Stage::new(history) {
        Ok(stage) => stage,
        Err(error) => {
            return Outcome {
                tally: Tally::default(),
                trace: 0,
                failure: Some(Failure::Panicked(error.to_string())),
            };
        }
    };
    let told = to.is_some();
    to.into_iter()
        .for_each(|to| stage.scene.world.watch_trace(to));
    let performed = history
        .steps
        .iter()
        .try_for_each(|planned| {
            if told {
                stage.scene.world.note(&planned.to_string());
            }
            stage.perform(planned)
        })
        .and_then(|()| finish::finish(&mut stage));
    let scene = stage.scene.clone();
    let outcome = Outcome {
        tally: scene.tally.borrow().clone(),
        trace: scene.world.trace(),
        failure: performed.err().map(Failure::Broken),
    };
    let world = scene.world.clone();
    // Clients go before the world that they are in.
    let seats: Vec<_> = stage.tabs.keys().copied().collect();
    for seat in seats {
        stage.kill(seat);
    }
    drop(stage);
    world.end();
    outcome
}
