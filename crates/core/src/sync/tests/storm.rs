//! A fleet of machines that is cut off, refused, and comes back (F38).

use super::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A request takes so long to be answered, in milliseconds.
const ANSWER_MS: u64 = 20;
/// Attempts are counted by so many milliseconds.
const WINDOW_MS: u64 = 100;
const RETRY_AFTER_MS: u64 = 1_000;
const FLEET: usize = 1_000;
/// So many are served in a window.
const CAPACITY: usize = 10;

/// What the endpoint does with what comes at a time.
trait Endpoint {
    fn answer(&mut self, now_ms: u64) -> Event;
}

/// Nobody is there for a while; then it serves [`CAPACITY`] in a window, and refuses the rest.
struct Comeback {
    down_ms: u64,
    served: Vec<usize>,
}

impl Comeback {
    fn after(down_ms: u64) -> Self {
        let served = Vec::new();
        Self { down_ms, served }
    }
}

impl Endpoint for Comeback {
    fn answer(&mut self, now_ms: u64) -> Event {
        if now_ms < self.down_ms {
            return failed(ErrorCode::Network);
        }
        let window = (now_ms / WINDOW_MS) as usize;
        if self.served.len() <= window {
            self.served.resize(window + 1, 0);
        }
        if self.served[window] < CAPACITY {
            self.served[window] += 1;
            return Event::Synced { more: false };
        }
        Event::Failed {
            code: ErrorCode::Overloaded,
            retry_after_ms: Some(RETRY_AFTER_MS),
        }
    }
}

/// xorshift, for the jitter.
fn random(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Answered,
    Timer(u64),
    Poke,
    Write,
}

/// What a fleet did until all of it was served.
struct Storm {
    /// Attempts by window.
    attempts: Vec<usize>,
    /// When the last one was served, in milliseconds.
    served_ms: u64,
}

impl Storm {
    fn most(&self, from_ms: u64) -> usize {
        let from = (from_ms / WINDOW_MS) as usize;
        self.attempts[from..].iter().copied().max().unwrap_or(0)
    }

    /// None of those that were refused at first returns before it may, nor do all when they may.
    fn assert_heeds_the_wish(&self) {
        let wished = (RETRY_AFTER_MS / WINDOW_MS) as usize;
        assert!(self.attempts[1..wished].iter().all(|count| *count == 0));
        let most = self.most(WINDOW_MS);
        assert!(most <= FLEET / 3, "{most} at once");
    }
}

/// Everybody hears at once that something changed, and writes now and then.
fn storm(endpoint: &mut impl Endpoint, write_every_ms: Option<u64>) -> Storm {
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let mut machines: Vec<Machine> = (0..FLEET).map(|_| idle()).collect();
    let mut armed = vec![0_u64; FLEET];
    let mut done = vec![false; FLEET];
    let mut queue = BinaryHeap::new();
    for machine in 0..FLEET {
        queue.push(Reverse((0, machine, What::Poke)));
        if let Some(every) = write_every_ms {
            let first = (random(&mut seed) * every as f64) as u64;
            queue.push(Reverse((first, machine, What::Write)));
        }
    }
    let mut result = Storm {
        attempts: Vec::new(),
        served_ms: 0,
    };
    while let Some(Reverse((now_ms, of, what))) = queue.pop() {
        assert!(now_ms < 600_000, "some are never served");
        let event = match what {
            What::Timer(number) if number != armed[of] => continue,
            What::Timer(_) => Event::TimerFired,
            What::Poke => Event::Poked,
            What::Write if done[of] => continue,
            What::Write => {
                let every = write_every_ms.unwrap_or_default();
                queue.push(Reverse((now_ms + every, of, What::Write)));
                Event::Wrote
            }
            What::Answered => {
                let answer = endpoint.answer(now_ms);
                if matches!(answer, Event::Synced { .. }) {
                    done[of] = true;
                    result.served_ms = now_ms;
                    // What came meanwhile is of no interest here.
                    continue;
                }
                answer
            }
        };
        for effect in machines[of].handle(event, NOW + now_ms, random(&mut seed)) {
            match effect {
                Effect::Sync { .. } => {
                    let window = (now_ms / WINDOW_MS) as usize;
                    let windows = result.attempts.len().max(window + 1);
                    result.attempts.resize(windows, 0);
                    result.attempts[window] += 1;
                    queue.push(Reverse((now_ms + ANSWER_MS, of, What::Answered)));
                }
                Effect::Arm { delay_ms } => {
                    armed[of] += 1;
                    queue.push(Reverse((now_ms + delay_ms, of, What::Timer(armed[of]))));
                }
                Effect::Disarm => armed[of] += 1,
                Effect::OpenSocket | Effect::CloseSocket => {}
            }
        }
    }
    assert!(done.iter().all(|done| *done));
    result
}

#[test]
fn a_fleet_that_was_cut_off_comes_back_spread_out() {
    let down_ms = 120_000;
    let mut endpoint = Comeback::after(down_ms);
    let storm = storm(&mut endpoint, None);
    // In the end each tries every 15 s on average: seven of the fleet in a window.
    assert!(storm.most(40_000) <= 25, "{} at once", storm.most(40_000));
    assert!(
        storm.served_ms < down_ms + 120_000,
        "the last one was served after {} ms",
        storm.served_ms
    );
}

#[test]
fn a_fleet_that_is_refused_at_once_does_not_return_at_once() {
    let mut endpoint = Comeback::after(0);
    let storm = storm(&mut endpoint, None);
    assert_eq!(storm.attempts[0], FLEET, "all of them hear the poke");
    // None returns before it may; then they do within half a second, and ever further apart.
    storm.assert_heeds_the_wish();
    assert!(
        storm.most(10_000) <= FLEET / 20,
        "{} at once",
        storm.most(10_000)
    );
}

#[test]
fn a_fleet_that_writes_all_the_time_keeps_to_what_the_endpoint_wishes() {
    let mut endpoint = Comeback::after(0);
    let storm = storm(&mut endpoint, Some(50));
    storm.assert_heeds_the_wish();
    let attempts: usize = storm.attempts.iter().sum();
    let seconds = storm.served_ms as usize / 1_000 + 1;
    assert!(attempts <= FLEET * seconds, "{attempts} in {seconds} s");
}
