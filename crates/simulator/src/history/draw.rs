//! Draws a history from a seed.

use super::{
    Cast, Device, History, Lie, Machine, Passing, Planned, SEATS_MAX, STEPS_MIN, Seat, ServerStep,
    Settle, Sql, Step, TabStep, User, Wire, Write,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// The longest history has so many more steps than the shortest.
const STEPS_MORE: usize = 80;
/// Users, devices of a user and endpoints, at most.
const USERS_MAX: u8 = 4;
const ENDPOINTS_MAX: u8 = 2;
const WRITERS: u8 = 3;

/// How often each sort of step is drawn, beside the others.
///
/// Each history draws its own, so that some have many crashes and others none, and faults that mask
/// each other are not always together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    work: [u32; 5],
    tabs: u32,
    machines: u32,
    wires: u32,
    servers: u32,
    sql: u32,
    hostile: u32,
}

impl Weights {
    fn draw(rng: &mut SmallRng) -> Self {
        let mut some = |most: u32| rng.random_range(0..=most);
        Self {
            // Writes, reads, pauses, asking, settling.
            work: [30 + some(30), 15 + some(10), 8 + some(8), some(6), some(5)],
            tabs: 2 + some(12),
            machines: some(10),
            wires: some(14),
            servers: some(10),
            sql: some(14),
            hostile: some(3),
        }
    }
}

impl History {
    /// The history of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let cast = draw_cast(&mut rng);
        let weights = Weights::draw(&mut rng);
        let count = STEPS_MIN + rng.random_range(0..=STEPS_MORE);
        let mut steps = Vec::with_capacity(count + cast.seats.len());
        for seat in 0..cast.seats.len() {
            // Most tabs are open from the beginning; which device comes first is open.
            if rng.random_range(0..5) > 0 {
                let seat = Seat(seat as u8);
                let tab = TabStep::Open;
                steps.push(planned(&mut rng, Step::Tab { seat, tab }));
            }
        }
        for _ in 0..count {
            let step = draw_step(&mut rng, &cast, &weights);
            steps.push(planned(&mut rng, step));
        }
        Self { seed, cast, steps }
    }
}

fn draw_cast(rng: &mut SmallRng) -> Cast {
    // Few clients are as telling as many, and quicker.
    let most = if rng.random_range(0..4) == 0 {
        SEATS_MAX
    } else {
        6
    };
    let seats = rng.random_range(2..=most);
    let users = rng.random_range(1..=USERS_MAX.min(seats as u8));
    let devices = rng.random_range(usize::from(users)..=seats);
    let of_user = |device: usize| User((device % usize::from(users)) as u8);
    Cast {
        users,
        devices: (0..devices).map(of_user).collect(),
        seats: (0..seats).map(|s| Device((s % devices) as u8)).collect(),
        endpoints: rng.random_range(1..=ENDPOINTS_MAX),
    }
}

fn planned(rng: &mut SmallRng, step: Step) -> Planned {
    let after_ms = match rng.random_range(0..10) {
        // In the same moment, or while the one before is on its way.
        0..3 => 0,
        3..7 => rng.random_range(1..30),
        _ => rng.random_range(30..800),
    };
    Planned {
        after_ms,
        pick: rng.random(),
        step,
    }
}

/// One of several, by weight.
fn one_of<T: Copy>(rng: &mut SmallRng, choices: &[(u32, T)]) -> T {
    let total: u32 = choices.iter().map(|(weight, _)| weight).sum();
    let mut at = rng.random_range(0..total);
    for (weight, choice) in choices {
        if at < *weight {
            return *choice;
        }
        at -= weight;
    }
    unreachable!("the weights were summed")
}

#[derive(Clone, Copy)]
enum Sort {
    Write,
    Read,
    Pass,
    Ask,
    Settle,
    Tab,
    Machine,
    Wire,
    Server,
    Sql,
    Hostile,
}

fn draw_step(rng: &mut SmallRng, cast: &Cast, weights: &Weights) -> Step {
    let [write, read, pass, ask, settle] = weights.work;
    let sort = one_of(
        rng,
        &[
            (write, Sort::Write),
            (read, Sort::Read),
            (pass, Sort::Pass),
            (ask, Sort::Ask),
            (settle, Sort::Settle),
            (weights.tabs, Sort::Tab),
            (weights.machines, Sort::Machine),
            (weights.wires, Sort::Wire),
            (weights.servers, Sort::Server),
            (weights.sql, Sort::Sql),
            (weights.hostile, Sort::Hostile),
        ],
    );
    let seat = Seat(rng.random_range(0..cast.seats.len() as u8));
    let device = Device(rng.random_range(0..cast.devices.len() as u8));
    match sort {
        Sort::Write => Step::Write {
            seat,
            write: draw_write(rng),
        },
        Sort::Read => Step::Read { seat },
        Sort::Pass => Step::Pass {
            ms: one_of(rng, &[(6, 300), (3, 2_000), (2, 12_000), (1, 70_000)]),
        },
        Sort::Ask => Step::Ask { seat },
        Sort::Settle => Step::Settle {
            seat,
            settle: one_of(
                rng,
                &[
                    (2, Settle::Dismiss),
                    (3, Settle::Retry),
                    (1, Settle::DismissLost),
                ],
            ),
        },
        Sort::Tab => Step::Tab {
            seat,
            tab: one_of(
                rng,
                &[
                    (6, TabStep::Open),
                    (1, TabStep::Close),
                    (2, TabStep::Kill),
                    (2, TabStep::Freeze),
                    (3, TabStep::Thaw),
                ],
            ),
        },
        Sort::Machine => Step::Machine {
            device,
            machine: draw_machine(rng),
        },
        Sort::Wire => Step::Wire {
            device,
            wire: draw_wire(rng),
            times: rng.random_range(1..=3),
        },
        Sort::Server => Step::Server(draw_server(rng, cast)),
        Sort::Sql => Step::Sql {
            writer: rng.random_range(0..WRITERS),
            sql: match rng.random_range(0..8) {
                0..3 => Sql::Commit,
                3 => Sql::Rollback,
                _ => Sql::Write(draw_write(rng)),
            },
        },
        Sort::Hostile => Step::Hostile {
            user: User(rng.random_range(0..cast.users)),
            lie: one_of(
                rng,
                &[
                    (2, Lie::ForeignReplica),
                    (2, Lie::ForeignRows),
                    (1, Lie::ForgedKey),
                    (1, Lie::Gap),
                    (1, Lie::Fork),
                    (1, Lie::ForeignCursor),
                    (1, Lie::Garbage),
                ],
            ),
        },
    }
}

fn draw_write(rng: &mut SmallRng) -> Write {
    one_of(
        rng,
        &[
            (8, Write::Insert),
            (14, Write::Update),
            (3, Write::Delete),
            (4, Write::Family),
            (4, Write::Sweep),
            (2, Write::Doubtful),
        ],
    )
}

fn draw_machine(rng: &mut SmallRng) -> Machine {
    /// Ten years, in seconds (F43).
    const FAR_S: i32 = 315_576_000;
    let ms = rng.random_range(100..5_000);
    let seconds = one_of(
        rng,
        &[(4, 0), (2, FAR_S), (2, -FAR_S), (2, 90), (2, -90), (1, -5)],
    );
    one_of(
        rng,
        &[
            (2, Machine::KillBrowser),
            (3, Machine::CutPower),
            (2, Machine::FillDisk { ms }),
            (1, Machine::BreakStorage { ms }),
            (2, Machine::Clock { seconds }),
            (4, Machine::Cut),
            (6, Machine::Heal),
        ],
    )
}

fn draw_wire(rng: &mut SmallRng) -> Wire {
    let ms = one_of(rng, &[(4, 400), (2, 3_000), (1, 25_000), (1, 45_000)]);
    one_of(
        rng,
        &[
            (2, Wire::LoseRequest),
            (3, Wire::LoseAnswer),
            (2, Wire::Duplicate),
            (2, Wire::Reorder),
            (2, Wire::Delay { ms }),
            (2, Wire::Truncate),
            (2, Wire::Break),
            (1, Wire::LosePokes),
        ],
    )
}

fn draw_server(rng: &mut SmallRng, cast: &Cast) -> ServerStep {
    let why = one_of(
        rng,
        &[
            (1, Passing::Serialisation),
            (1, Passing::Deadlock),
            (1, Passing::Lock),
            (1, Passing::Connections),
        ],
    );
    let (done, times) = (rng.random(), rng.random_range(1..=4));
    let ms = one_of(rng, &[(3, 200), (2, 1_500), (1, 6_000)]);
    let endpoint = rng.random_range(0..cast.endpoints);
    one_of(
        rng,
        &[
            (4, ServerStep::Crash { endpoint }),
            (4, ServerStep::CrashAtCommit { done }),
            (4, ServerStep::Refuse { why, times }),
            (4, ServerStep::LoseCommit { done }),
            (4, ServerStep::Linger { ms, times }),
            (2, ServerStep::Backup),
            (1, ServerStep::Restore),
            (1, ServerStep::RestoreFirst),
            (1, ServerStep::Schema { other: true }),
            (3, ServerStep::Schema { other: false }),
            (1, ServerStep::Prune),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_one_history_of_the_promised_size() {
        let mut clients = [usize::MAX, 0];
        for seed in 0..300 {
            let history = History::draw(seed);
            assert_eq!(history, History::draw(seed), "seed {seed}");
            assert!(history.steps.len() >= STEPS_MIN, "seed {seed}");
            let seats = history.cast.seats.len();
            clients = [clients[0].min(seats), clients[1].max(seats)];
            // Nobody is named who does not take part.
            assert!(
                history
                    .cast
                    .devices
                    .iter()
                    .all(|u| u.0 < history.cast.users)
            );
            let devices = history.cast.devices.len();
            assert!(
                history
                    .cast
                    .seats
                    .iter()
                    .all(|d| usize::from(d.0) < devices)
            );
        }
        assert_eq!(clients, [2, SEATS_MAX]);
    }

    #[test]
    fn two_seeds_make_two_histories() {
        assert_ne!(History::draw(1).steps, History::draw(2).steps);
    }
}
