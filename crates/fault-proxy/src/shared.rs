//! What the test's hand and all connections share.

use crate::{Harm, Weather};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct Shared {
    /// The weather of now.
    pub weather: watch::Sender<Weather>,
    /// How often everything was cut.
    pub cuts: watch::Sender<u64>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    traps: Vec<(Vec<u8>, Harm)>,
    sprung: usize,
}

impl Shared {
    pub fn new(target: SocketAddr) -> Self {
        let state = State {
            target,
            traps: Vec::new(),
            sprung: 0,
        };
        Self {
            weather: watch::channel(Weather::Fair).0,
            cuts: watch::channel(0).0,
            state: Mutex::new(state),
        }
    }

    // A panic elsewhere leaves nothing half done in here.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn target(&self) -> SocketAddr {
        self.state().target
    }

    pub fn set_target(&self, target: SocketAddr) {
        self.state().target = target;
    }

    pub fn trap(&self, bytes: &[u8], harm: Harm) {
        self.state().traps.push((bytes.to_vec(), harm));
    }

    pub fn sprung(&self) -> usize {
        self.state().sprung
    }

    pub fn disarm(&self) {
        self.state().traps.clear();
    }

    /// The longest of the traps' bytes, in bytes.
    pub fn longest(&self) -> usize {
        let lengths = |state: &State| state.traps.iter().map(|(bytes, _)| bytes.len()).max();
        lengths(&self.state()).unwrap_or(0)
    }

    /// Springs the first trap whose bytes end in `seen` after its first `old` bytes.
    ///
    /// Gives the harm, and where in `seen` the last of the bytes is.
    pub fn spring(&self, seen: &[u8], old: usize) -> Option<(Harm, usize)> {
        let mut state = self.state();
        let found = state.traps.iter().enumerate().find_map(|(at, (bytes, _))| {
            let ends = |start: usize| start + bytes.len() - 1;
            let mut starts = seen.windows(bytes.len()).enumerate();
            let hit = starts.find(|(start, window)| *window == bytes && ends(*start) >= old);
            hit.map(|(start, _)| (at, ends(start)))
        });
        let (at, last) = found?;
        state.sprung += 1;
        Some((state.traps.remove(at).1, last))
    }
}
