//! What tabs of one device owe each other at the moment itself, where a whole history would heal it later.

use haversack::client::Shared;
use haversack::store::layout::{LEASES, QUEUE};
use haversack_core::map::Map;
use haversack_core::queue::rekey::Holders;
use haversack_simulated_browser::{idb, spawn};
use haversack_simulator::check::server::survived;
use haversack_simulator::history::{
    Cast, Device, History, Machine, Planned, Seat, ServerStep, Sql, Step, TabStep, User, Wire,
    Write,
};
use haversack_simulator::rows::Rows;
use haversack_simulator::run::stage::Stage;
use haversack_simulator::run::{disk, run};
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

const DEVICE: Device = Device(0);
const TABS: [Seat; 2] = [Seat(0), Seat(1)];

fn history(steps: Vec<Planned>) -> History {
    History {
        seed: 5,
        cast: Cast {
            users: 1,
            devices: vec![User(0)],
            seats: vec![DEVICE, DEVICE],
            endpoints: 1,
        },
        steps,
    }
}

/// Steps so many milliseconds after each other, each with random values of its own.
fn planned(steps: &[(u32, Step)]) -> Vec<Planned> {
    let planned = (0..).zip(steps).map(|(pick, (after_ms, step))| Planned {
        after_ms: *after_ms,
        pick,
        step: *step,
    });
    planned.collect()
}

const fn tab(seat: Seat, tab: TabStep) -> Step {
    Step::Tab { seat, tab }
}

const fn write(seat: Seat, write: Write) -> Step {
    Step::Write { seat, write }
}

const CUT: Step = Step::Machine {
    device: DEVICE,
    machine: Machine::Cut,
};

/// A device whose two tabs are open, synced and at rest.
struct Two {
    stage: Stage,
    picks: u32,
}

impl Two {
    fn new() -> Self {
        let stage = Stage::new(&history(Vec::new())).expect("a stage");
        let mut two = Self { stage, picks: 0 };
        for seat in TABS {
            two.step(tab(seat, TabStep::Open));
            two.pass(3_000);
        }
        two
    }

    fn step(&mut self, step: Step) {
        self.picks += 1;
        let planned = Planned {
            after_ms: 0,
            pick: self.picks,
            step,
        };
        self.stage
            .perform(&planned)
            .expect("no invariant is broken");
    }

    fn pass(&mut self, ms: u32) {
        self.step(Step::Pass { ms });
    }

    /// Somebody else's rows, by SQL.
    fn elsewhere(&mut self) {
        let before = self.on_the_server();
        while self.on_the_server() == before {
            // What is drawn may need a row that is not there yet.
            for sql in [Sql::Write(Write::Insert), Sql::Commit] {
                self.step(Step::Sql { writer: 0, sql });
            }
        }
    }

    fn shared(&self, seat: Seat) -> Rc<Shared> {
        self.stage.tabs[&seat]
            .signed_in()
            .expect("a tab that is open")
    }

    fn rows(&self, seat: Seat) -> Rows {
        Rows::shown(&mut self.shared(seat).replica.borrow_mut())
    }

    /// The tab that leads, and the other.
    fn leader(&self) -> (Seat, Seat) {
        match self.shared(TABS[0]).status().leader {
            true => (TABS[0], TABS[1]),
            false => (TABS[1], TABS[0]),
        }
    }

    /// What something comes to in a tab.
    fn wait<T: 'static>(&self, seat: Seat, future: impl Future<Output = T> + 'static) -> T {
        let (world, id) = (&self.stage.scene.world, self.stage.tabs[&seat].id);
        let done = Rc::new(RefCell::new(None));
        let to = done.clone();
        world.run_in(id, || {
            spawn(async move {
                to.replace(Some(future.await));
            });
        });
        world.run_for_us(1_000_000);
        let result = done.borrow_mut().take();
        result.expect("it ends within a second")
    }

    /// Rows of all that a user sees, as the server has them.
    fn on_the_server(&self) -> Rows {
        let scene = &self.stage.scene;
        scene.take_commits(&self.stage.network.database);
        let oracle = scene.oracle.borrow();
        oracle
            .now()
            .visible_to(&scene.schema, &scene.user_of(DEVICE))
    }
}

#[test]
fn a_write_shows_in_the_other_tab_before_the_server_has_it() {
    let mut two = Two::new();
    two.step(CUT);
    two.step(write(TABS[0], Write::Insert));
    two.pass(500);
    let rows = two.rows(TABS[0]);
    assert_ne!(rows, two.on_the_server(), "it was written");
    assert_eq!(rows, two.rows(TABS[1]));
}

#[test]
fn a_leader_that_freezes_is_replaced_while_it_is_frozen() {
    let mut two = Two::new();
    let (leader, other) = two.leader();
    two.step(tab(leader, TabStep::Freeze));
    two.step(write(other, Write::Insert));
    two.pass(6_000);
    assert!(two.shared(other).status().leader);
    let queued = disk::queued(&two.stage.scene, DEVICE);
    assert_eq!(queued, [] as [u64; 0], "what was written is sent");
}

#[test]
fn a_tab_that_missed_a_patch_shows_its_rows_with_the_next() {
    let mut two = Two::new();
    let (leader, other) = two.leader();
    let deaf = two.stage.tabs[&other].id;
    two.stage.scene.world.set_deaf(deaf, true);
    two.elsewhere();
    // Until the leader has them, in a patch of their own, and not longer: it is not taken for frozen.
    let mut waited_ms = 0;
    while two.rows(leader) != two.on_the_server() {
        two.pass(50);
        waited_ms += 50;
        assert!(waited_ms <= 2_000, "the leader got nothing");
    }
    two.stage.scene.world.set_deaf(deaf, false);
    assert_ne!(two.rows(other), two.on_the_server(), "it heard of nothing");
    two.elsewhere();
    two.pass(1_000);
    assert_eq!(two.rows(other), two.on_the_server());
}

#[test]
fn who_begins_to_lead_knows_what_the_last_leader_has_stored() {
    let mut two = Two::new();
    let (leader, other) = two.leader();
    let deaf = two.stage.tabs[&other].id;
    two.stage.scene.world.set_deaf(deaf, true);
    two.elsewhere();
    two.pass(400);
    let stored = two.on_the_server();
    assert_ne!(two.rows(other), stored, "it heard of nothing");
    // Only the disk can tell it now.
    two.step(CUT);
    two.step(tab(leader, TabStep::Kill));
    two.stage.scene.world.set_deaf(deaf, false);
    for _ in 0..5_000 {
        two.stage.scene.world.run_for_us(1_000);
        if two.shared(other).status().leader {
            assert_eq!(two.rows(other), stored);
            return;
        }
    }
    panic!("nobody leads");
}

#[test]
fn under_an_older_fence_nothing_is_read_to_be_pushed() {
    let two = Two::new();
    let (leader, _) = two.leader();
    let session = two.shared(leader).session().expect("a session");
    let fence = session.fence.get().expect("it leads");
    let schema = two.stage.scene.schema.clone();
    let batch = move |fence| {
        let (session, schema) = (session.clone(), schema.clone());
        async move {
            let holders = Holders::new(&schema);
            let batch = session.store.batch(&schema, &holders, fence);
            batch.await.expect("the store works").is_some()
        }
    };
    assert!(two.wait(leader, batch(fence)));
    assert!(!two.wait(leader, batch(fence - 1.0)), "that of another tab");
}

#[test]
fn keys_of_queued_rows_are_not_given_to_the_next_tab() {
    let mut two = Two::new();
    two.step(CUT);
    for _ in 0..20 {
        two.step(write(TABS[0], Write::Insert));
        two.step(write(TABS[0], Write::Family));
    }
    two.pass(500);
    let scene = two.stage.scene.clone();
    let queue = idb::records(scene.device(DEVICE), &scene.database_of(DEVICE), QUEUE);
    let queue: Vec<String> = queue
        .iter()
        .filter_map(|(_, record)| haversack_simulated_browser::value::stringify(record))
        .collect();
    two.step(tab(TABS[0], TabStep::Kill));
    two.pass(500);
    let session = two.shared(TABS[1]).session().expect("a session");
    let with_keys = scene
        .schema
        .tables
        .iter()
        .filter(|t| t.sequence_key().is_some());
    let names: Vec<String> = with_keys.map(|table| table.name.clone()).collect();
    let mut left = Map::new();
    for name in &names {
        left.insert(name.as_str(), 0);
    }
    let schema = scene.schema.clone();
    let taken = two.wait(TABS[1], async move {
        let taken = session.store.take_keys(&schema, &left, &session.tab);
        taken.await.expect("the store works")
    });
    for (table, of) in &taken {
        let column = scene
            .schema
            .table_id(table)
            .map(|id| scene.schema.table(id));
        let column = column.and_then(|t| Some(&t.column(t.sequence_key()?).name));
        let column = column.expect("a key").as_str();
        for key in of.ranges.iter().flat_map(|(low, high)| *low..=*high) {
            let its = format!("\"{column}\":\"{key}\"");
            let holder = queue.iter().find(|m| {
                m.contains(&its) && m.contains("insert") && m.contains(&format!("\"{table}\""))
            });
            assert_eq!(holder, None, "key {key} of {table} is that of a queued row");
        }
    }
}

#[test]
fn an_answer_that_breaks_off_leaves_the_disk_as_it_was() {
    let mut two = Two::new();
    for _ in 0..40 {
        for sql in [
            Sql::Write(Write::Family),
            Sql::Write(Write::Insert),
            Sql::Commit,
        ] {
            two.step(Step::Sql { writer: 0, sql });
        }
        two.step(Step::Wire {
            device: DEVICE,
            wire: Wire::Truncate,
            times: 1,
        });
        two.step(Step::Ask { seat: TABS[0] });
        for _ in 0..30 {
            two.stage.scene.world.run_for_us(10_000);
            two.stage
                .look(DEVICE)
                .expect("the disk is what its cursor says");
        }
    }
}

#[test]
fn what_a_replica_lost_before_it_was_another_one_comes_back_too() {
    let (open, insert) = (tab(TABS[0], TabStep::Open), write(TABS[0], Write::Insert));
    let outcome = run(&history(planned(&[
        (0, open),
        (3_000, insert),
        (3_000, Step::Server(ServerStep::Backup)),
        (100, insert),
        (3_000, Step::Server(ServerStep::Backup)),
        (100, insert),
        // Of what it wrote, the last is lost, and offered again by the replica that it is now.
        (3_000, Step::Server(ServerStep::Restore)),
        (6_000, insert),
        // Now all but the first is lost: that replica began only after the second.
        (6_000, Step::Server(ServerStep::RestoreFirst)),
        (6_000, Step::Read { seat: TABS[0] }),
    ])));
    assert_eq!(outcome.failure, None);
}

#[test]
fn what_is_heard_with_the_news_of_a_restore_comes_back_after_the_next() {
    let (open, insert) = (tab(TABS[0], TabStep::Open), write(TABS[0], Write::Insert));
    let lose = Step::Wire {
        device: DEVICE,
        wire: Wire::LoseAnswer,
        times: 1,
    };
    let outcome = run(&history(planned(&[
        (0, open),
        (3_000, insert),
        (3_000, Step::Server(ServerStep::Backup)),
        (0, lose),
        (0, insert),
        // The backup has what the device does not know to be applied.
        (900, Step::Server(ServerStep::Backup)),
        (0, Step::Server(ServerStep::Restore)),
        // It hears so from a history that is another one, and then loses it.
        (40_000, Step::Server(ServerStep::RestoreFirst)),
        (6_000, Step::Read { seat: TABS[0] }),
    ])));
    assert_eq!(outcome.failure, None);
}

#[test]
fn what_a_restored_server_has_of_a_replica_before_the_last_is_not_done_again() {
    let (open, insert) = (tab(TABS[0], TabStep::Open), write(TABS[0], Write::Insert));
    let outcome = run(&history(planned(&[
        (0, open),
        (3_000, insert),
        (3_000, Step::Server(ServerStep::Backup)),
        // Not everything that is drawn can be written.
        (0, insert),
        (0, insert),
        (0, insert),
        (0, insert),
        // Offered again by a second replica, which the next backup knows.
        (3_000, Step::Server(ServerStep::RestoreFirst)),
        (6_000, Step::Server(ServerStep::Backup)),
        // And by a third, before which that one was unknown.
        (0, Step::Server(ServerStep::RestoreFirst)),
        (6_000, Step::Server(ServerStep::Restore)),
        (6_000, Step::Read { seat: TABS[0] }),
    ])));
    assert_eq!(outcome.failure, None);
}

#[test]
fn what_was_offered_to_one_backup_is_not_done_again_in_a_later_one() {
    let mut two = Two::new();
    let insert = write(TABS[0], Write::Insert);
    let server = |two: &mut Two, step| two.step(Step::Server(step));
    two.step(insert);
    two.pass(3_000);
    server(&mut two, ServerStep::Backup);
    for _ in 0..5 {
        two.step(insert);
    }
    two.pass(3_000);
    server(&mut two, ServerStep::Backup);
    server(&mut two, ServerStep::RestoreFirst);
    // It has heard of that, and not said yet what the server lacks.
    let scene = two.stage.scene.clone();
    let epoch = two.stage.network.database.epoch();
    let state = || disk::state(&scene, DEVICE).expect("a state");
    while state().epoch.as_ref() != Some(&epoch) {
        scene.world.run_for_us(1_000);
    }
    two.step(CUT);
    assert_ne!(disk::queued(&scene, DEVICE), [] as [u64; 0]);
    server(&mut two, ServerStep::Restore);
    two.step(Step::Machine {
        device: DEVICE,
        machine: Machine::Heal,
    });
    two.pass(40_000);
    assert_eq!(disk::queued(&scene, DEVICE), [] as [u64; 0]);
    assert_eq!(survived(&scene, &[DEVICE]), Ok(()));
}

#[test]
fn keys_that_come_with_the_news_of_a_restore_are_not_used() {
    let mut two = Two::new();
    two.step(Step::Server(ServerStep::Backup));
    // So many rows that it wants more keys.
    two.step(CUT);
    for _ in 0..40 {
        two.step(write(TABS[0], Write::Insert));
    }
    two.step(Step::Server(ServerStep::Restore));
    two.step(Step::Machine {
        device: DEVICE,
        machine: Machine::Heal,
    });
    two.pass(30_000);
    for _ in 0..40 {
        two.step(write(TABS[0], Write::Insert));
    }
    two.pass(6_000);
    for refused in disk::rejected(&two.stage.scene, DEVICE) {
        let key = refused.error.message.contains("leased to this replica");
        assert!(!key, "{refused:?}");
    }
}

/// That the tests above look at the right store.
#[test]
fn keys_are_leased() {
    let two = Two::new();
    let scene = &two.stage.scene;
    let leases = idb::records(scene.device(DEVICE), &scene.database_of(DEVICE), LEASES);
    assert!(!leases.is_empty());
}
