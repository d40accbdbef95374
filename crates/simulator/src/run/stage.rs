//! The stage: tabs, endpoints, writers, and what steps do to them.

use super::network::Network;
use super::plan::Surroundings;
use super::scene::{ATTEMPTS_ANEW, ONE_ATTEMPT, Scene};
use super::tabs::Tab;
use super::{disk, hostile};
use crate::check::{live, queue, view};
use crate::draft::{Draft, Drafter};
use crate::history::{Device, History, Machine, Planned, Seat, Settle, Step, TabStep, Write};
use crate::model::{Backup, Database, Writer};
use crate::oracle::{Mark, Oracle};
use crate::record::{Record, Stored, WriteId, Written};
use crate::rows::Rows;
use crate::tally::{Broken, Fault, Invariant, Tally};
use haversack::client::Shared;
use haversack_core::Error;
use haversack_core::json::{Json, read};
use haversack_core::protocol::{KeyText, Seq};
use haversack_core::replica::DraftOp;
use haversack_core::schema::Schema;
use haversack_simulated_browser::{DeviceId, StorageFault, World, spawn};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// A look at a disk comes after so many steps, beside those after each crash.
const LOOK_EVERY: usize = 8;

/// A writer in SQL with an open transaction.
pub(super) struct Open {
    pub writer: Writer,
    pub inserts: BTreeSet<(String, KeyText)>,
    pub since: Mark,
}

/// Everything that a history happens to.
pub struct Stage {
    /// What all share.
    pub scene: Rc<Scene>,
    /// What goes wrong in the database.
    pub surroundings: Rc<Surroundings>,
    /// What lies between devices and the database.
    pub network: Rc<Network>,
    /// The open tabs.
    pub tabs: BTreeMap<Seat, Tab>,
    /// The writers in SQL with an open transaction.
    pub(super) writers: BTreeMap<u8, Open>,
    /// The backups that were made, with the moment and the rows of each.
    pub(super) backups: Vec<(Backup, Mark, Rows)>,
    seed: u64,
    steps: usize,
}

impl Stage {
    /// The stage of a history, before its first step.
    ///
    /// # Errors
    /// Where the model can't have the schema.
    pub fn new(history: &History) -> Result<Self, Error> {
        let world = World::begin(history.seed);
        let schema = Arc::new(crate::schema());
        let cast = history.cast.clone();
        let devices: Vec<DeviceId> = cast.devices.iter().map(|_| world.add_device()).collect();
        let scene = Rc::new(Scene {
            cast,
            schema: schema.clone(),
            world: world.clone(),
            devices,
            tally: RefCell::new(Tally::default()),
            // Its epoch is known once there is a database.
            oracle: RefCell::new(Oracle::new(schema.clone(), String::new())),
            record: RefCell::new(Record::default()),
            sent: RefCell::default(),
            sql_inserts: RefCell::default(),
            broken: RefCell::default(),
            pick: Cell::new(history.seed),
            calm: Cell::new(false),
        });
        let surroundings = Surroundings::new(scene.clone());
        let database = Database::new(Schema::clone(&schema), surroundings.clone())?;
        scene.oracle.replace(Oracle::new(schema, database.epoch()));
        let network = Network::new(scene.clone(), database, history.cast.endpoints);
        surroundings.network.replace(Rc::downgrade(&network));
        world.connect(network.clone());
        disk::watch(&scene);
        Ok(Self {
            scene,
            surroundings,
            network,
            tabs: BTreeMap::new(),
            writers: BTreeMap::new(),
            backups: Vec::new(),
            seed: history.seed,
            steps: 0,
        })
    }

    /// Does a step, after the time before it.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn perform(&mut self, planned: &Planned) -> Result<(), Broken> {
        let world = self.scene.world.clone();
        world.run_for_us(u64::from(planned.after_ms) * 1_000);
        // So that what a step draws does not depend on the steps before it.
        let pick = self.seed ^ (u64::from(planned.pick) << 20);
        world.reseed(pick);
        self.scene.pick.set(pick);
        let mut rng = SmallRng::seed_from_u64(pick.rotate_left(17));
        self.steps += 1;
        self.scene.take_commits(&self.network.database);
        self.act(&planned.step, &mut rng)?;
        if self.steps.is_multiple_of(LOOK_EVERY) {
            let devices = self.scene.cast.devices.len();
            self.look(Device(((self.steps / LOOK_EVERY) % devices) as u8))?;
        }
        self.kept()?;
        self.well()
    }

    /// Looks at what live queries have kept.
    ///
    /// # Errors
    /// I16.
    pub fn kept(&self) -> Result<(), Broken> {
        let mut tabs = self.tabs.values();
        tabs.try_for_each(|tab| live::kept(&self.scene, tab))
    }

    /// Did anything notice that an invariant does not hold?
    ///
    /// # Errors
    /// That it does not.
    pub fn well(&self) -> Result<(), Broken> {
        match self.scene.broken.borrow_mut().take() {
            Some(broken) => Err(broken),
            None => Ok(()),
        }
    }

    /// Looks at a device's disk.
    ///
    /// # Errors
    /// I4, I6, I7, I11, I13.
    pub fn look(&self, device: Device) -> Result<(), Broken> {
        self.scene.take_commits(&self.network.database);
        queue::on_disk(&self.scene, device)?;
        view::on_disk(&self.scene, device)
    }

    fn act(&mut self, step: &Step, rng: &mut SmallRng) -> Result<(), Broken> {
        match *step {
            Step::Write { seat, write } => self.write(seat, write, rng),
            Step::Read { seat } => self.read(seat),
            Step::Pass { ms } => {
                self.scene.world.run_for_us(u64::from(ms) * 1_000);
                Ok(())
            }
            Step::Ask { seat } => {
                if let Some((tab, shared)) = self.awake(seat) {
                    self.scene.prompt(tab.device, ATTEMPTS_ANEW);
                    self.scene.world.run_in(tab.id, || shared.ask());
                }
                Ok(())
            }
            Step::Settle { seat, settle } => {
                self.settle(seat, settle, rng);
                Ok(())
            }
            Step::Tab { seat, tab } => self.tab(seat, tab),
            Step::Machine { device, machine } => self.machine(device, machine),
            Step::Wire {
                device,
                wire,
                times,
            } => {
                self.network.disturb(device, wire, times);
                Ok(())
            }
            Step::Server(step) => {
                self.server(step);
                Ok(())
            }
            Step::Sql { writer, sql } => {
                self.sql(writer, sql, rng);
                Ok(())
            }
            Step::Hostile { user, lie } => {
                hostile::act(&self.scene, &self.network, user, lie, rng);
                Ok(())
            }
        }
    }

    /// A tab that runs, and whose client knows its user.
    fn awake(&self, seat: Seat) -> Option<(&Tab, Rc<Shared>)> {
        let tab = self.tabs.get(&seat)?;
        if self.scene.world.is_frozen(tab.id) {
            return None;
        }
        Some((tab, tab.signed_in()?))
    }

    fn write(&mut self, seat: Seat, write: Write, rng: &mut SmallRng) -> Result<(), Broken> {
        let Some((tab, shared)) = self.awake(seat) else {
            return Ok(());
        };
        let before = Rows::shown(&mut shared.replica.borrow_mut());
        let drafts = {
            let mut record = self.scene.record.borrow_mut();
            let mut drafter = Drafter {
                schema: &self.scene.schema,
                rows: &before,
                counter: &mut record.counter,
                owners: None,
            };
            drafter.draft(write, rng)
        };
        if drafts.is_empty() {
            return Ok(());
        }
        if !self.put(tab, &shared, drafts, None) {
            self.scene.asked(Invariant::I10, 1);
            let after = Rows::shown(&mut shared.replica.borrow_mut());
            if let Some(difference) = before.difference(&self.scene.schema, &after) {
                let why = format!("a refused write of tab {} left {difference}", seat.0);
                return Err(Broken::new(Invariant::I10, why));
            }
        }
        Ok(())
    }

    /// Has a client write; false where it refuses.
    fn put(
        &self,
        tab: &Tab,
        shared: &Rc<Shared>,
        drafts: Vec<Draft>,
        retried: Option<Seq>,
    ) -> bool {
        let scene = &self.scene;
        let ops: Vec<_> = drafts.iter().map(|d| d.to_json(&scene.schema)).collect();
        let text = serde_json::Value::Array(ops).to_string();
        let json = Json::parse(&text).expect("the drafts are JSON");
        let parsed: Vec<DraftOp<'_>> = read(&json).expect("the drafts are operations");
        scene.world.run_in(tab.id, || {
            let made = match retried {
                None => shared.write(&parsed),
                Some(seq) => shared.retry(seq, &parsed),
            };
            match made {
                Ok(made) => {
                    let keys = made.keys.iter().map(|key| key_text(&key.0)).collect();
                    self.note(tab, made.local, drafts, keys, retried);
                    true
                }
                Err(error) => {
                    scene.world.note(error.code.as_str());
                    false
                }
            }
        })
    }

    fn note(
        &self,
        tab: &Tab,
        local: u64,
        drafts: Vec<Draft>,
        keys: Vec<KeyText>,
        instead_of: Option<Seq>,
    ) {
        self.scene.world.note("a write");
        self.scene.prompt(tab.device, ONE_ATTEMPT);
        let mut record = self.scene.record.borrow_mut();
        let id = WriteId(record.writes.len());
        for draft in &drafts {
            for (_, value) in draft.traced(&self.scene.schema) {
                record.values.insert(value, id);
            }
        }
        record.writes.push(Written {
            session: tab.session,
            device: tab.device,
            local,
            drafts,
            keys,
            stored: Stored::Unknown,
            settled: None,
            instead_of,
        });
        let entries = &mut record.sessions[tab.session].entries;
        entries.push(crate::record::Entry::Wrote(id));
        // Whatever becomes of it, the tab may not live to say so.
        record.disk(tab.device).dealt.extend(instead_of);
    }

    fn read(&self, seat: Seat) -> Result<(), Broken> {
        let Some((tab, shared)) = self.awake(seat) else {
            return Ok(());
        };
        let seen = view::shown(&self.scene, tab, &shared)?;
        let entry = super::read::entry(&self.scene.schema, &shared.replica.borrow(), &seen);
        let mut record = self.scene.record.borrow_mut();
        record.sessions[tab.session].entries.push(entry);
        Ok(())
    }

    fn settle(&mut self, seat: Seat, settle: Settle, rng: &mut SmallRng) {
        let Some((tab, shared)) = self.awake(seat) else {
            return;
        };
        match settle {
            Settle::Dismiss => {
                let Some(seq) = some(rng, &shared.rejected.borrow()).map(|one| one.seq) else {
                    return;
                };
                self.scene
                    .record
                    .borrow_mut()
                    .disk(tab.device)
                    .dealt
                    .insert(seq);
                self.scene.world.run_in(tab.id, || {
                    spawn(async move { drop(shared.dismiss_rejected(seq).await) });
                });
            }
            Settle::DismissLost => {
                let lost = some(rng, &shared.lost.borrow()).cloned();
                let Some((id, lost)) = lost else {
                    return;
                };
                let mut record = self.scene.record.borrow_mut();
                record.disk(tab.device).forgotten.insert(lost.seq);
                drop(record);
                self.scene.world.run_in(tab.id, || {
                    spawn(async move { drop(shared.dismiss_lost(id).await) });
                });
            }
            Settle::Retry => {
                let Some(seq) = some(rng, &shared.rejected.borrow()).map(|one| one.seq) else {
                    return;
                };
                let drafts = {
                    let mut record = self.scene.record.borrow_mut();
                    let Some(&id) = record.disk(tab.device).durable.get(&seq) else {
                        return;
                    };
                    let drafts = record.write(id).drafts.clone();
                    let counter = &mut record.counter;
                    let edit = |draft: Draft| draft.edited(&self.scene.schema, counter);
                    drafts.into_iter().map(edit).collect()
                };
                self.put(tab, &shared, drafts, Some(seq));
            }
        }
    }

    /// Ends a tab at once.
    pub fn kill(&mut self, seat: Seat) -> bool {
        match self.tabs.remove(&seat) {
            Some(tab) => {
                self.scene.prompt(tab.device, ATTEMPTS_ANEW);
                tab.kill(&self.scene);
                true
            }
            None => false,
        }
    }

    /// Opens a tab, in the place of one whose client is over.
    pub fn open(&mut self, seat: Seat) {
        if self.tabs.get(&seat).is_some_and(Tab::is_over) {
            self.kill(seat);
        }
        if !self.tabs.contains_key(&seat) {
            self.scene.prompt(self.scene.device_of(seat), ATTEMPTS_ANEW);
            self.tabs.insert(seat, Tab::open(&self.scene, seat));
        }
    }

    fn tab(&mut self, seat: Seat, step: TabStep) -> Result<(), Broken> {
        match step {
            TabStep::Open => self.open(seat),
            TabStep::Close => {
                if let Some((tab, shared)) = self.awake(seat) {
                    self.scene.world.run_in(tab.id, || shared.close(None));
                    self.kill(seat);
                }
            }
            TabStep::Kill => {
                if self.kill(seat) {
                    self.scene.happened(Fault::TabKilled);
                    return self.look(self.scene.device_of(seat));
                }
            }
            TabStep::Freeze => {
                if let Some(tab) = self.tabs.get(&seat)
                    && !self.scene.world.is_frozen(tab.id)
                {
                    self.scene.prompt(tab.device, ATTEMPTS_ANEW);
                    self.scene.world.freeze_tab(tab.id);
                    self.scene.happened(Fault::TabFrozen);
                }
            }
            TabStep::Thaw => {
                if let Some(tab) = self.tabs.get(&seat) {
                    self.scene.prompt(tab.device, ATTEMPTS_ANEW);
                    self.scene.world.thaw_tab(tab.id);
                }
            }
        }
        Ok(())
    }

    fn machine(&mut self, device: Device, machine: Machine) -> Result<(), Broken> {
        let id = self.scene.device(device);
        match machine {
            Machine::KillBrowser | Machine::CutPower => {
                let seats: Vec<Seat> = self
                    .tabs
                    .values()
                    .filter(|tab| tab.device == device)
                    .map(|tab| tab.seat)
                    .collect();
                if machine == Machine::CutPower {
                    self.scene.world.cut_power(id);
                    disk::note_state(&self.scene, device);
                }
                let running = !seats.is_empty();
                for seat in seats {
                    self.kill(seat);
                }
                if running {
                    self.scene.happened(match machine {
                        Machine::CutPower => Fault::PowerCut,
                        _ => Fault::BrowserKilled,
                    });
                }
                return self.look(device);
            }
            Machine::FillDisk { ms } => {
                self.break_storage(id, StorageFault::Full, ms);
                self.scene.happened(Fault::DiskFull);
            }
            Machine::BreakStorage { ms } => {
                self.break_storage(id, StorageFault::Unknown, ms);
                self.scene.happened(Fault::StorageFailed);
            }
            Machine::Clock { seconds } => {
                self.scene
                    .world
                    .set_skew_ms(id, f64::from(seconds) * 1_000.0);
                self.scene.happened(Fault::ClockJumped);
            }
            Machine::Cut => self.network.cut(device),
            Machine::Heal => self.network.heal(device),
        }
        Ok(())
    }

    fn break_storage(&self, device: DeviceId, fault: StorageFault, ms: u32) {
        let world = &self.scene.world;
        world.set_storage_fault(device, Some(fault));
        let repair = move || World::with(|world| world.set_storage_fault(device, None));
        world.schedule(u64::from(ms) * 1_000, None, Box::new(repair));
    }

    /// Nothing goes wrong any more.
    pub fn calm(&mut self) {
        self.scene.calm.set(true);
        self.surroundings.plan.replace(super::plan::Plan::default());
        self.writers.clear();
        self.network.calm();
        for device in (0..self.scene.cast.devices.len() as u8).map(Device) {
            let id = self.scene.device(device);
            self.scene.world.set_storage_fault(id, None);
            self.network.heal(device);
        }
        for tab in self.tabs.values() {
            self.scene.world.thaw_tab(tab.id);
        }
    }
}

fn some<'a, T>(rng: &mut SmallRng, of: &'a [T]) -> Option<&'a T> {
    of.get(rng.random_range(0..of.len().max(1)))
}

/// A key as the client gives it, an array of JSON values, as texts.
fn key_text(json: &str) -> KeyText {
    let parts: Vec<serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    let text = |part: serde_json::Value| match part {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    parts.into_iter().map(text).collect()
}
