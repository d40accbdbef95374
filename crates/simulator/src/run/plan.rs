//! What goes wrong in the database: faults that wait for their moment, and what the model asks of the world.

use super::network::Network;
use super::scene::Scene;
use crate::history::Passing;
use crate::model::{self, Fault as Mishap, Point};
use crate::tally::Fault;
use haversack_simulated_browser::{World, timer};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::rc::{Rc, Weak};

/// How an endpoint's commit goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtCommit {
    /// The connection to the database breaks.
    Lost {
        /// Did it take effect?
        done: bool,
    },
    /// The endpoint crashes.
    Crash {
        /// Did it take effect?
        done: bool,
    },
}

/// What waits for its moment.
#[derive(Debug, Default)]
pub struct Plan {
    /// Statements that are refused.
    pub refusals: VecDeque<Passing>,
    /// Transactions that stay open, in milliseconds.
    pub lingers: VecDeque<u32>,
    /// Commits that go wrong.
    pub commits: VecDeque<AtCommit>,
    /// The commit that takes effect now is the last thing of its endpoint.
    crash_now: bool,
}

/// What the model takes from outside.
pub struct Surroundings {
    scene: Rc<Scene>,
    /// What waits.
    pub plan: RefCell<Plan>,
    /// Whom commits are told.
    pub network: RefCell<Weak<Network>>,
}

/// An endpoint that is to die waits so long at its last commit, in milliseconds: it does not live to see it.
const DYING_MS: u64 = 60_000;

impl Surroundings {
    /// Without a network yet.
    pub fn new(scene: Rc<Scene>) -> Rc<Self> {
        Rc::new(Self {
            scene,
            plan: RefCell::default(),
            network: RefCell::default(),
        })
    }

    fn network(&self) -> Option<Rc<Network>> {
        self.network.borrow().upgrade()
    }

    fn refuse(&self, point: Point) -> Option<Mishap> {
        let mut plan = self.plan.borrow_mut();
        let why = *plan.refusals.front()?;
        let fits = match why {
            Passing::Connections => matches!(point, Point::BeginPush | Point::BeginPull),
            Passing::Serialisation | Passing::Deadlock | Passing::Lock => {
                !matches!(point, Point::BeginPush | Point::BeginPull)
            }
        };
        if !fits || !World::with(|world| world.one_in(3)) {
            return None;
        }
        plan.refusals.pop_front();
        self.scene.happened(match why {
            Passing::Serialisation => Fault::Serialisation,
            Passing::Deadlock => Fault::Deadlock,
            Passing::Lock => Fault::LockTimeout,
            Passing::Connections => Fault::TooManyConnections,
        });
        Some(Mishap::Refuse(why.sqlstate()))
    }

    fn at_commit(&self) -> Option<Mishap> {
        let next = self.plan.borrow_mut().commits.pop_front()?;
        let (fault, mishap) = match next {
            AtCommit::Lost { done: false } => (Fault::LostBeforeCommit, Mishap::Lost),
            AtCommit::Lost { done: true } => (Fault::LostAfterCommit, Mishap::LostAfter),
            AtCommit::Crash { done: false } => {
                self.crash();
                (Fault::CrashedBeforeCommit, Mishap::Delay(DYING_MS))
            }
            AtCommit::Crash { done: true } => {
                self.plan.borrow_mut().crash_now = true;
                return None;
            }
        };
        self.scene.happened(fault);
        Some(mishap)
    }

    /// The endpoint that runs now dies, before it does anything else.
    fn crash(&self) {
        if let Some(network) = self.network() {
            let tab = World::with(World::running);
            let crash = move || tab.into_iter().for_each(|tab| network.crash_tab(tab));
            World::with(|world| world.schedule(0, None, Box::new(crash)));
        }
    }

    fn linger(&self, point: Point) -> Option<Mishap> {
        let able = matches!(
            point,
            Point::BeginPush | Point::LockReplica | Point::Commit | Point::BeginPull
        );
        if !able || !World::with(|world| world.one_in(2)) {
            return None;
        }
        let ms = self.plan.borrow_mut().lingers.pop_front()?;
        self.scene.happened(Fault::Lingered);
        Some(Mishap::Delay(u64::from(ms)))
    }
}

impl model::World for Surroundings {
    fn now_ms(&self) -> i64 {
        self.scene.world.true_now_ms() as i64
    }

    fn random(&self) -> u64 {
        self.scene.world.between(0, u64::MAX)
    }

    fn fault(&self, point: Point) -> Mishap {
        let at_commit = (point == Point::Commit).then(|| self.at_commit()).flatten();
        at_commit
            .or_else(|| self.refuse(point))
            .or_else(|| self.linger(point))
            .unwrap_or(Mishap::None)
    }

    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(timer::sleep(ms))
    }

    fn committed(&self, scopes: &BTreeSet<String>) {
        let Some(network) = self.network() else {
            return;
        };
        self.scene.take_commits(&network.database);
        if network.is_endpoint(World::with(World::running))
            && std::mem::take(&mut self.plan.borrow_mut().crash_now)
        {
            self.scene.happened(Fault::CrashedAfterCommit);
            self.crash();
        }
        network.poke(scopes);
    }
}
