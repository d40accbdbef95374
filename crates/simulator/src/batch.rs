//! Many histories, on all cores.

use crate::history::History;
use crate::run::{Failure, Outcome, run};
use crate::shrink::shrink;
use crate::tally::{Broken, Invariant, Tally};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// One of so many histories is run twice (I21).
const TWICE_EVERY: u64 = 40;
/// How long a failing history is shrunk, where somebody is to read it.
pub const SHRINK_MAX: Duration = Duration::from_secs(120);

/// A history that failed, and how it fails when it is shrunk.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The history, with the steps that matter.
    pub history: History,
    /// Why.
    pub failure: Failure,
    /// How many steps it had.
    pub of_steps: usize,
}

/// What a batch came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How often what happened.
    pub tally: Tally,
    /// How many histories ended.
    pub histories: u64,
    /// The hash of all traces, in the order of the seeds.
    pub trace: u64,
    /// The first that failed, by its seed.
    pub failed: Option<Failed>,
}

/// The seed of a history of a batch.
pub fn seed_of(batch: u64, at: u64) -> u64 {
    // SplitMix64's step, so that neighbours have nothing in common.
    let mixed = batch.wrapping_add(at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// Runs histories until all have ended or one has failed, which is then shrunk for so long.
pub fn run_batch(seed: u64, histories: u64, threads: usize, shrink_max: Duration) -> Report {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let outcomes: Mutex<BTreeMap<u64, u64>> = Mutex::default();
    let tally: Mutex<Tally> = Mutex::default();
    let failures: Mutex<BTreeMap<u64, Failure>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= histories {
                        return;
                    }
                    let history = History::draw(seed_of(seed, at));
                    let outcome = match at.is_multiple_of(TWICE_EVERY) {
                        true => twice(&history),
                        false => run(&history),
                    };
                    lock(&tally).add(&outcome.tally);
                    lock(&outcomes).insert(at, outcome.trace);
                    if let Some(failure) = outcome.failure {
                        stop.store(true, Ordering::Relaxed);
                        lock(&failures).insert(at, failure);
                    }
                }
            });
        }
    });
    let traces = lock(&outcomes).clone();
    let first = lock(&failures).clone().into_iter().next();
    Report {
        tally: lock(&tally).clone(),
        histories: traces.len() as u64,
        trace: traces.values().fold(0, |all, trace| {
            (all ^ trace).wrapping_mul(0x0100_0000_01b3).rotate_left(7)
        }),
        failed: first.map(|(at, failure)| {
            let history = History::draw(seed_of(seed, at));
            shrunk(history, failure, shrink_max)
        }),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a history, and again to compare it with itself (I21).
pub fn twice(history: &History) -> Outcome {
    twice_by(history, run)
}

/// The same, by whatever runs it.
pub fn twice_by(history: &History, run: impl Fn(&History) -> Outcome) -> Outcome {
    let mut outcome = run(history);
    if outcome.failure.is_none() {
        outcome.tally.asked(Invariant::I21, 1);
        let again = run(history).trace;
        if again != outcome.trace {
            let why = format!(
                "seed {}: {:016x}, then {again:016x}",
                history.seed, outcome.trace
            );
            outcome.failure = Some(Failure::Broken(Broken::new(Invariant::I21, why)));
        }
    }
    outcome
}

/// Leaves out what does not matter for a failure, for so long.
pub fn shrunk(history: History, failure: Failure, shrink_max: Duration) -> Failed {
    let of_steps = history.steps.len();
    let with = |steps: &[_]| History {
        steps: steps.to_vec(),
        ..history.clone()
    };
    let last = std::cell::RefCell::new(failure.clone());
    let fails = |steps: &[_]| match run(&with(steps)).failure {
        Some(found) if found.is_like(&failure) => {
            last.replace(found);
            true
        }
        Some(_) | None => false,
    };
    let steps = shrink(&history.steps, shrink_max, fails);
    Failed {
        history: with(&steps),
        failure: last.into_inner(),
        of_steps,
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {}: {}", self.history.seed, self.failure)?;
        writeln!(f, "{}", self.history.cast)?;
        let (left, all) = (self.history.steps.len(), self.of_steps);
        writeln!(f, "{left} of {all} steps are left:")?;
        for (at, step) in self.history.steps.iter().enumerate() {
            writeln!(f, "{at:>4}  {step}")?;
        }
        writeln!(
            f,
            "again: cargo xtask simulate --history {}",
            self.history.seed
        )
    }
}
