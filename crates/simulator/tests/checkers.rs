//! Each checker is shown something bad, and says so (I22): what a planted bug does not show, or shows only
//! now and then.

use bytes::Bytes;
use haversack::client::events::Notice;
use haversack_core::map::Map;
use haversack_core::protocol::{
    Head, KeyText, Line, Mutation, Op, Outcome, PROTOCOL_VERSION, Seq, SyncRequest, Values, Verdict,
};
use haversack_core::schema::TableId;
use haversack_simulator::batch::twice_by;
use haversack_simulator::check::server;
use haversack_simulator::history::{
    Cast, Device, History, Planned, Seat, Step, TabStep, User, Write,
};
use haversack_simulator::model::By;
use haversack_simulator::oracle::{Change, Commit};
use haversack_simulator::question::Question;
use haversack_simulator::record::{Asked, Stored, WriteId, Written};
use haversack_simulator::rows::{Row, Rows};
use haversack_simulator::run::finish::{equal, finish};
use haversack_simulator::run::stage::Stage;
use haversack_simulator::run::{Failure, Outcome as Ended};
use haversack_simulator::tally::{Broken, Invariant, Tally};
use std::cell::Cell;

const DEVICE: Device = Device(0);
const SEAT: Seat = Seat(0);
const REPLICA: &str = "00000000-0000-4000-8000-0000000000aa";
const NEXT: &str = "00000000-0000-4000-8000-0000000000bb";
const LAST: &str = "00000000-0000-4000-8000-0000000000cc";
const KEY: &str = "00000001-0000-4000-8000-000000000000";

fn history() -> History {
    History {
        seed: 11,
        cast: Cast {
            users: 1,
            devices: vec![User(0)],
            seats: vec![DEVICE],
            endpoints: 1,
        },
        steps: Vec::new(),
    }
}

fn stage() -> Stage {
    Stage::new(&history()).expect("a stage")
}

fn user() -> String {
    Cast::name_of(User(0))
}

fn projects(stage: &Stage) -> TableId {
    let id = stage.scene.schema.table_id("projects");
    id.expect("a table of projects")
}

fn project(owner: &str, name: &str) -> Row {
    let text = |text: &str| Some(text.to_owned());
    [text(KEY), text(owner), text(name), None, None].into()
}

fn insert(name: &str) -> Op {
    let mut values = Values::new();
    for (column, value) in [("id", KEY), ("name", name)] {
        values.insert(column, Some(value.to_owned()));
    }
    Op::Insert {
        table: "projects".to_owned(),
        values,
    }
}

fn verdict(seq: Seq, outcome: Outcome) -> Verdict {
    Verdict {
        seq,
        outcome,
        written: Vec::new(),
        lost: Vec::new(),
    }
}

fn by(replica: &str) -> By {
    By::Push {
        user: user(),
        replica: replica.to_owned(),
    }
}

fn commit(by: By, rows: Vec<Change>, verdicts: Vec<Verdict>) -> Commit {
    Commit {
        xid: 7,
        by,
        rows,
        verdicts,
    }
}

fn change(stage: &Stage, old: Option<Row>, new: Option<Row>) -> Change {
    Change {
        table: projects(stage),
        key: vec![KEY.to_owned()],
        old,
        new,
    }
}

fn request(replica: &str, mutations: Vec<Mutation>) -> SyncRequest {
    SyncRequest {
        protocol: PROTOCOL_VERSION,
        replica: replica.to_owned(),
        fingerprint: String::new(),
        cursor: None,
        epoch: Some("one.life".to_owned()),
        began: 0,
        acknowledged: 0,
        mutations,
        leases: Map::new(),
        renew: None,
    }
}

fn mutation(seq: Seq, ops: Vec<Op>) -> Mutation {
    Mutation {
        seq,
        at: 0,
        seen: 0,
        ops,
        predicted: Vec::new(),
        earlier: Vec::new(),
    }
}

/// What is broken, and nothing else.
fn broken(result: Result<(), Broken>) -> Option<Invariant> {
    result.err().map(|broken| broken.invariant)
}

fn sent(stage: &Stage, replica: &str, mutations: Vec<Mutation>) -> Option<Invariant> {
    let request = request(replica, mutations);
    broken(server::sent(&stage.scene, &user(), &request))
}

fn committed(stage: &Stage, commit: Commit) -> Option<Invariant> {
    broken(stage.scene.oracle.borrow_mut().commit(commit))
}

#[test]
fn a_server_that_does_something_else_than_it_says_is_found() {
    let stage = stage();
    assert_eq!(
        sent(&stage, REPLICA, vec![mutation(1, vec![insert("v1")])]),
        None
    );
    let applied = || vec![verdict(1, Outcome::Applied)];
    let asked = |rows, verdicts| {
        let commit = commit(by(REPLICA), rows, verdicts);
        broken(server::commit(&stage.scene, &commit))
    };
    let row = |owner: &str, name| vec![change(&stage, None, Some(project(owner, name)))];
    assert_eq!(asked(row(&user(), "v1"), applied()), None);
    assert_eq!(
        asked(Vec::new(), applied()),
        Some(Invariant::I1),
        "no effect"
    );
    let gone = vec![verdict(1, Outcome::Gone)];
    assert_eq!(
        asked(row(&user(), "v1"), gone),
        Some(Invariant::I1),
        "refused"
    );
    let another = asked(row("another", "v1"), applied());
    assert_eq!(another, Some(Invariant::I13));
    // Nobody inserted it.
    assert_eq!(asked(row(&user(), "v1"), Vec::new()), Some(Invariant::I12));
    let by_sql = commit(By::Sql, row(&user(), "v1"), Vec::new());
    let by_sql = broken(server::commit(&stage.scene, &by_sql));
    assert_eq!(by_sql, Some(Invariant::I12));
}

#[test]
fn commits_that_do_not_follow_each_other_are_found() {
    let stage = stage();
    let nothing = |seq| commit(by(REPLICA), Vec::new(), vec![verdict(seq, Outcome::Gone)]);
    assert_eq!(committed(&stage, nothing(1)), None);
    assert_eq!(committed(&stage, nothing(1)), Some(Invariant::I2), "twice");
    assert_eq!(committed(&stage, nothing(3)), Some(Invariant::I3), "a gap");
    let old = Some(project(&user(), "v1"));
    let rows = vec![change(&stage, old, None)];
    let lost = committed(&stage, commit(By::Sql, rows, Vec::new()));
    assert_eq!(lost, Some(Invariant::I1), "what was there is gone");
}

#[test]
fn a_client_that_says_now_this_and_now_that_is_found() {
    let stage = stage();
    let one = || mutation(1, vec![insert("v1")]);
    let other = || mutation(1, vec![insert("v2")]);
    assert_eq!(sent(&stage, REPLICA, vec![one()]), None);
    assert_eq!(sent(&stage, REPLICA, vec![one()]), None);
    assert_eq!(sent(&stage, REPLICA, vec![other()]), Some(Invariant::I3));
    let known = haversack_core::protocol::mutation_hash(0, &one().ops);
    let told = Mutation {
        earlier: vec![known],
        ..other()
    };
    assert_eq!(sent(&stage, REPLICA, vec![told]), None);
    let nowhere = SyncRequest {
        epoch: None,
        ..request(REPLICA, vec![one()])
    };
    let aimed = server::aimed(&user(), &nowhere);
    assert_eq!(broken(aimed), Some(Invariant::I3));
}

#[test]
fn an_answer_that_is_not_on_record_is_found() {
    let stage = stage();
    let asked = |outcome, to: &str| {
        let head = Line::Head(Head {
            protocol: PROTOCOL_VERSION,
            epoch: "one.life".to_owned(),
            fingerprint: String::new(),
            user: to.to_owned(),
            verdicts: vec![verdict(1, outcome)],
            leases: Map::new(),
            snapshot: false,
            renewed: Vec::new(),
            rows_total: 0,
            time: 0,
            last: 1,
        });
        let line = Bytes::from(serde_json::to_vec(&head).expect("a line"));
        broken(server::answered(&stage.scene, &user(), REPLICA, &[line]))
    };
    let judged = commit(by(REPLICA), Vec::new(), vec![verdict(1, Outcome::Gone)]);
    assert_eq!(asked(Outcome::Gone, &user()), Some(Invariant::I2));
    assert_eq!(committed(&stage, judged), None);
    assert_eq!(asked(Outcome::Gone, &user()), None);
    assert_eq!(asked(Outcome::Conflict, &user()), Some(Invariant::I2));
    assert_eq!(asked(Outcome::Gone, "another"), Some(Invariant::I13));
}

/// A device that was told that its mutation is applied, and was these replicas.
fn told(stage: &Stage, replicas: &[&str]) {
    let mut record = stage.scene.record.borrow_mut();
    record.writes.push(Written {
        session: 0,
        device: DEVICE,
        local: 1,
        drafts: Vec::new(),
        keys: Vec::new(),
        stored: Stored::Durable(1),
        settled: Some("applied"),
        instead_of: None,
    });
    let disk = record.disk(DEVICE);
    disk.durable.insert(1, WriteId(0));
    disk.replicas = replicas.iter().map(|r| (*r).to_owned()).collect();
}

#[test]
fn what_a_restored_server_lacks_or_has_twice_is_found() {
    let survived = |stage: &Stage| broken(server::survived(&stage.scene, &[DEVICE]));
    let judge = |stage: &Stage, replica: &str, outcome| {
        assert_eq!(
            sent(stage, replica, vec![mutation(1, vec![insert("v1")])]),
            None
        );
        let one = commit(by(replica), Vec::new(), vec![verdict(1, outcome)]);
        assert_eq!(committed(stage, one), None);
    };
    let stage = stage();
    let begin = stage.scene.oracle.borrow().mark();
    let restore = || {
        let rows = Rows::none(&stage.scene.schema);
        let mut oracle = stage.scene.oracle.borrow_mut();
        oracle.restored("one.other".to_owned(), begin, rows);
    };
    told(&stage, &[REPLICA, NEXT, LAST]);
    assert_eq!(survived(&stage), Some(Invariant::I1), "it never came there");
    judge(&stage, REPLICA, Outcome::Applied);
    assert_eq!(survived(&stage), None);
    judge(&stage, NEXT, Outcome::Applied);
    assert_eq!(survived(&stage), Some(Invariant::I2), "it came there twice");
    restore();
    assert_eq!(survived(&stage), Some(Invariant::I1), "it is lost");
    // Refused since, though nobody has it back.
    judge(&stage, NEXT, Outcome::Gone);
    restore();
    assert_eq!(
        survived(&stage),
        Some(Invariant::I1),
        "lost, and not given back"
    );
    // One that only fills the number is no word on it.
    let filler = commit(by(LAST), Vec::new(), vec![verdict(1, Outcome::Applied)]);
    assert_eq!(sent(&stage, LAST, vec![mutation(1, Vec::new())]), None);
    assert_eq!(committed(&stage, filler), None);
    assert_eq!(survived(&stage), Some(Invariant::I1), "lost all the same");
    let mut record = stage.scene.record.borrow_mut();
    record.disk(DEVICE).dealt.insert(1);
    drop(record);
    assert_eq!(survived(&stage), None, "the application has dealt with it");
}

#[test]
fn a_reference_to_nothing_is_found() {
    let stage = stage();
    let schema = &stage.scene.schema;
    let payments = schema.table_id("payments").expect("a table of payments");
    let text = |text: &str| Some(text.to_owned());
    let payment: Row = [text("1"), text(&user()), text(KEY), text("1"), None].into();
    let mut rows = Rows::none(schema);
    let key: KeyText = vec!["1".to_owned()];
    rows.0[usize::from(payments.0)].insert(key, payment);
    assert!(rows.dangling(schema, |_, _| false).is_some());
    let parent = project(&user(), "v1");
    rows.0[usize::from(projects(&stage).0)].insert(vec![KEY.to_owned()], parent);
    assert_eq!(rows.dangling(schema, |_, _| false), None);
}

/// A device whose tab is open and has written a row that the server has.
fn at_work() -> Stage {
    let mut stage = stage();
    let (seat, open, write) = (SEAT, TabStep::Open, Write::Insert);
    let mut pick = 0;
    let mut step = |stage: &mut Stage, step| {
        pick += 1;
        let planned = Planned {
            after_ms: 0,
            pick,
            step,
        };
        stage.perform(&planned).expect("nothing is broken");
    };
    step(&mut stage, Step::Tab { seat, tab: open });
    step(&mut stage, Step::Pass { ms: 3_000 });
    let none = Rows::none(&stage.scene.schema);
    while *stage.scene.oracle.borrow().now() == none {
        // What is drawn may need a row that is not there yet.
        step(&mut stage, Step::Write { seat, write });
        step(&mut stage, Step::Pass { ms: 3_000 });
    }
    stage
}

#[test]
fn a_history_without_faults_ends_well() {
    assert_eq!(finish(&mut at_work()), Ok(()));
}

#[test]
fn a_tab_that_shows_something_else_at_the_end_is_found() {
    let stage = at_work();
    assert_eq!(equal(&stage), Ok(()));
    let shared = stage.tabs[&SEAT].signed_in().expect("a tab that is open");
    {
        let mut replica = shared.replica.borrow_mut();
        let mut staged = replica.stage();
        let row = project(&user(), "nobody's");
        let row: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
        staged.row(projects(&stage), &row).expect("a row");
        replica.apply_patch(staged);
    }
    assert_eq!(broken(equal(&stage)), Some(Invariant::I5));
    // One that knows of no patch is not asked where it stands.
    shared.session().expect("a session").patch.set(0);
    assert_eq!(broken(equal(&stage)), Some(Invariant::I17));
}

#[test]
fn a_live_query_that_keeps_what_is_no_longer_so_is_found() {
    let stage = at_work();
    let tab = &stage.tabs[&SEAT];
    let shared = tab.signed_in().expect("a tab that is open");
    let live = tab.live().expect("it has live queries");
    let id = projects(&stage);
    let all = Question::all(stage.scene.schema.table(id));
    live.borrow_mut().ask(&mut shared.replica.borrow_mut(), all);
    for name in ["nobody's", "somebody's"] {
        {
            let mut replica = shared.replica.borrow_mut();
            let mut staged = replica.stage();
            let row = project(&user(), name);
            let row: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
            staged.row(id, &row).expect("a row");
            replica.apply_patch(staged);
        }
        // Nobody said so.
        let why = stage.kept().expect_err("what is kept is old");
        assert_eq!(why.invariant, Invariant::I16);
        assert!(why.why.contains(name), "{why}");
        let told = || shared.notify(&Notice::Changed);
        stage.scene.world.run_in(tab.id, told);
        assert_eq!(stage.kept(), Ok(()));
    }
}

#[test]
fn a_disk_that_is_not_what_its_cursor_stands_for_is_found() {
    // A commit that every cursor contains, and of which no device ever heard.
    let unheard = |stage: &Stage, change| {
        let commit = Commit {
            xid: 1,
            ..commit(By::Sql, vec![change], Vec::new())
        };
        assert_eq!(committed(stage, commit), None);
        broken(stage.look(DEVICE))
    };
    let stage = at_work();
    let row = change(&stage, None, Some(project(&user(), "v1")));
    assert_eq!(
        unheard(&stage, row),
        Some(Invariant::I6),
        "a row is missing"
    );
    let stage = at_work();
    let rows = stage.scene.oracle.borrow().now().clone();
    let own = rows.visible_to(&stage.scene.schema, &user());
    let tables = own.0.iter().enumerate();
    let mut all = tables.flat_map(|(at, rows)| rows.iter().map(move |(k, r)| (at, k, r)));
    let (at, key, row) = all.next().expect("a row");
    let gone = Change {
        table: TableId(at as u16),
        key: key.clone(),
        old: Some(row.clone()),
        new: None,
    };
    assert_eq!(unheard(&stage, gone), Some(Invariant::I7), "a row is left");
}

#[test]
fn a_failed_write_that_shows_is_found() {
    let stage = at_work();
    for write in &mut stage.scene.record.borrow_mut().writes {
        write.stored = Stored::Failed;
    }
    assert_eq!(broken(equal(&stage)), Some(Invariant::I10));
}

#[test]
fn a_queue_that_does_not_empty_is_found() {
    let mut stage = at_work();
    let planned = Planned {
        after_ms: 0,
        pick: 100,
        step: Step::Write {
            seat: SEAT,
            write: Write::Insert,
        },
    };
    stage.perform(&planned).expect("nothing is broken");
    // Whatever the end of a history heals, this device has no network.
    let network = stage.network.clone();
    let cut = move || network.cut(DEVICE);
    stage.scene.world.schedule(1, None, Box::new(cut));
    assert_eq!(broken(finish(&mut stage)), Some(Invariant::I19));
}

#[test]
fn a_client_that_asks_without_end_is_found() {
    let mut stage = at_work();
    let from_us = stage.scene.world.now_us();
    {
        let mut record = stage.scene.record.borrow_mut();
        let requests = record.requests.entry(DEVICE).or_default();
        requests.extend((0..50).map(|at| Asked {
            at_us: from_us + at * 1_000,
            body: 1,
            answered: false,
        }));
    }
    assert_eq!(broken(finish(&mut stage)), Some(Invariant::I20));
}

#[test]
fn a_history_that_is_not_the_same_again_is_found() {
    let ended = |trace| Ended {
        tally: Tally::default(),
        trace,
        failure: None,
    };
    let runs = Cell::new(0);
    let other = twice_by(&history(), |_| {
        runs.set(runs.get() + 1);
        ended(runs.get())
    });
    assert!(matches!(
        other.failure,
        Some(Failure::Broken(Broken {
            invariant: Invariant::I21,
            ..
        }))
    ));
    assert_eq!(twice_by(&history(), |_| ended(1)).failure, None);
}
