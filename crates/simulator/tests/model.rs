//! What the model can do that a real Postgres would not do on demand: to be late, to break, to go back.

use bytes::Bytes;
use futures_util::FutureExt;
use haversack_core::map::Map;
use haversack_core::protocol::{Line, Mutation, Op, Outcome, SyncRequest, Values};
use haversack_core::schema::Schema;
use haversack_core::{Error, ErrorCode};
use haversack_simulator::model::{By, Database, Fault, Point, Server, World};
use haversack_simulator::schema;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

const PROJECT: &str = "00000001-0000-4000-8000-000000000000";
const OTHER: &str = "00000001-0000-4000-8000-000000000001";
const ADA: &str = "00000000-0000-4000-9000-0000000000ad";
const GRACE: &str = "00000000-0000-4000-9000-0000000009ac";

/// A world that does what it is told.
#[derive(Default)]
struct Told {
    now_ms: Cell<i64>,
    random: Cell<u64>,
    faults: RefCell<VecDeque<(Point, Fault)>>,
    /// Nobody who sleeps wakes up before it is none.
    asleep: Rc<Cell<bool>>,
    touched: RefCell<Vec<BTreeSet<String>>>,
}

impl World for Told {
    fn now_ms(&self) -> i64 {
        self.now_ms.set(self.now_ms.get() + 1);
        self.now_ms.get()
    }

    fn random(&self) -> u64 {
        self.random.set(self.random.get() + 1);
        self.random.get()
    }

    fn fault(&self, point: Point) -> Fault {
        let mut faults = self.faults.borrow_mut();
        match faults.front() {
            Some((at, _)) if *at == point => faults.pop_front().map_or(Fault::None, |(_, f)| f),
            _ => Fault::None,
        }
    }

    fn sleep(&self, _ms: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        let asleep = self.asleep.clone();
        Box::pin(poll_fn(move |_| {
            if asleep.get() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        }))
    }

    fn committed(&self, scopes: &BTreeSet<String>) {
        self.touched.borrow_mut().push(scopes.clone());
    }
}

struct Bench {
    world: Rc<Told>,
    database: Database,
    server: Server,
    schema: Schema,
}

impl Bench {
    fn new() -> Self {
        let world = Rc::new(Told::default());
        let database = Database::new(schema(), world.clone()).unwrap();
        let bench = Self {
            server: Server::new(&database),
            schema: schema(),
            database,
            world,
        };
        for (id, owner) in [(PROJECT, "ada"), (OTHER, "grace")] {
            bench.sql(&project(id, owner, "old"));
        }
        bench
    }

    fn sql(&self, op: &Op) {
        let mut writer = self.database.begin();
        writer.write(op).unwrap();
        writer.commit().unwrap();
    }

    fn fault(&self, point: Point, fault: Fault) {
        self.world.faults.borrow_mut().push_back((point, fault));
    }

    fn request(&self, replica: &str, ops: Vec<Vec<Op>>) -> SyncRequest {
        let mutation = |(i, ops)| Mutation {
            seq: i as u64 + 1,
            at: 0,
            seen: 0,
            ops,
            predicted: Vec::new(),
            earlier: Vec::new(),
        };
        SyncRequest {
            protocol: 1,
            replica: replica.to_owned(),
            fingerprint: self.schema.fingerprint.clone(),
            cursor: None,
            epoch: None,
            began: 0,
            acknowledged: 0,
            mutations: ops.into_iter().enumerate().map(mutation).collect(),
            leases: Map::new(),
            renew: None,
        }
    }

    fn sync(&self, user: &str, request: &SyncRequest) -> Result<Vec<Line>, Error> {
        let lines = self.server.sync(user, request.clone());
        let lines = lines.now_or_never().expect("nothing is slow here");
        lines.map(|lines| parse(&lines))
    }

    fn pull(&self, user: &str, cursor: Option<&str>) -> (bool, Vec<String>, String) {
        let mut request = self.request(ADA, Vec::new());
        if user == "grace" {
            request.replica = GRACE.to_owned();
        }
        request.cursor = cursor.map(str::to_owned);
        let lines = self.sync(user, &request).unwrap();
        (is_snapshot(&lines), names(&lines), cursor_of(&lines))
    }

    fn name(&self, id: &str) -> Option<String> {
        let dump = self.database.dump();
        let (_, rows) = &dump.tables.iter().find(|(t, _)| t == "projects")?;
        let row = rows.iter().find(|row| row[0].as_deref() == Some(id))?;
        row[2].clone()
    }
}

fn parse(lines: &[Bytes]) -> Vec<Line> {
    let parse = |line: &Bytes| serde_json::from_slice(line).unwrap();
    lines.iter().map(parse).collect()
}

fn values(pairs: &[(&str, &str)]) -> Values {
    let pairs = pairs.iter();
    pairs
        .map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned())))
        .collect()
}

fn project(id: &str, owner: &str, name: &str) -> Op {
    Op::Insert {
        table: "projects".into(),
        values: values(&[("id", id), ("owner", owner), ("name", name)]),
    }
}

fn rename(id: &str, name: &str) -> Op {
    Op::Update {
        table: "projects".into(),
        key: vec![id.into()],
        set: values(&[("name", name)]),
        base: [(
            "name".to_owned(),
            haversack_core::protocol::Base::Text(Some("old".into())),
        )]
        .into_iter()
        .collect(),
    }
}

fn outcomes(lines: &[Line]) -> Vec<Outcome> {
    match &lines[0] {
        Line::Head(head) => head.verdicts.iter().map(|v| v.outcome.clone()).collect(),
        other => panic!("{other:?} is no head"),
    }
}

fn is_snapshot(lines: &[Line]) -> bool {
    matches!(&lines[0], Line::Head(head) if head.snapshot)
}

fn cursor_of(lines: &[Line]) -> String {
    match lines.last() {
        Some(Line::End { cursor }) => cursor.clone(),
        other => panic!("{other:?} is no end"),
    }
}

/// The names of the projects in an answer.
fn names(lines: &[Line]) -> Vec<String> {
    let mut names = Vec::new();
    for line in lines {
        if let Line::Rows { table, rows } = line
            && table == "projects"
        {
            names.extend(rows.iter().filter_map(|row| row[2].clone()));
        }
    }
    names
}

#[test]
fn a_commit_that_comes_late_is_not_skipped() {
    let bench = Bench::new();
    let (_, _, start) = bench.pull("ada", None);
    let mut slow = bench.database.begin();
    slow.write(&rename(PROJECT, "slow")).unwrap();
    bench.sql(&project(
        "00000001-0000-4000-8000-00000000000a",
        "ada",
        "fast",
    ));
    let (snapshot, names, between) = bench.pull("ada", Some(&start));
    assert_eq!((snapshot, names), (false, vec!["fast".to_owned()]));
    slow.commit().unwrap();
    let (snapshot, names, after) = bench.pull("ada", Some(&between));
    assert_eq!((snapshot, names), (false, vec!["slow".to_owned()]));
    assert!(bench.pull("ada", Some(&after)).1.is_empty());
    let touched = bench.world.touched.borrow();
    assert_eq!(
        touched.last().unwrap().iter().collect::<Vec<_>>(),
        ["u:ada"]
    );
}

#[test]
fn a_connection_lost_at_commit_leaves_all_or_nothing() {
    for (fault, kept) in [(Fault::Lost, false), (Fault::LostAfter, true)] {
        let bench = Bench::new();
        let request = bench.request(ADA, vec![vec![rename(PROJECT, "new")]]);
        bench.fault(Point::Commit, fault);
        let error = bench.sync("ada", &request).unwrap_err();
        assert_eq!(error.code, ErrorCode::DatabaseUnavailable, "{fault:?}");
        let name = if kept { "new" } else { "old" };
        assert_eq!(bench.name(PROJECT).as_deref(), Some(name), "{fault:?}");
        // Sent again, it has one effect.
        bench.database.take_commits();
        let lines = bench.sync("ada", &request).unwrap();
        assert_eq!(outcomes(&lines), [Outcome::Applied]);
        assert_eq!(bench.name(PROJECT).as_deref(), Some("new"));
        let commits = bench.database.take_commits();
        let rows: usize = commits.iter().map(|commit| commit.rows.len()).sum();
        assert_eq!(rows, usize::from(!kept), "{fault:?}");
    }
}

#[test]
fn what_is_transient_is_tried_again_and_then_given_up() {
    for point in [Point::BeginPush, Point::Write, Point::Record, Point::Commit] {
        for (times, good) in [(2, true), (3, false)] {
            let bench = Bench::new();
            let request = bench.request(ADA, vec![vec![rename(PROJECT, "new")]]);
            for _ in 0..times {
                bench.fault(point, Fault::Refuse("40001"));
            }
            let answer = bench.sync("ada", &request);
            if good {
                assert_eq!(outcomes(&answer.unwrap()), [Outcome::Applied], "{point:?}");
            } else {
                let error = answer.unwrap_err();
                assert_eq!(error.code, ErrorCode::Overloaded, "{point:?}");
                assert_eq!(error.details.sqlstate.as_deref(), Some("40001"));
                assert_eq!(bench.name(PROJECT).as_deref(), Some("old"));
                assert_eq!(bench.database.replica(ADA), None);
            }
        }
    }
}

#[test]
fn an_endpoint_that_dies_leaves_nothing_open() {
    let bench = Bench::new();
    let request = bench.request(ADA, vec![vec![rename(PROJECT, "new")]]);
    bench.fault(Point::Commit, Fault::Delay(1000));
    bench.world.asleep.set(true);
    let mut dying = Box::pin(bench.server.sync("ada", request.clone()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(dying.as_mut().poll(&mut context).is_pending());
    assert_eq!(
        bench.name(PROJECT).as_deref(),
        Some("old"),
        "it is not committed"
    );
    // Another endpoint waits for what it holds.
    let mut writer = bench.database.begin();
    let error = writer.write(&rename(PROJECT, "other")).unwrap_err();
    assert_eq!(error.details.sqlstate.as_deref(), Some("55P03"));
    drop(writer);
    drop(dying);
    bench.world.asleep.set(false);
    bench.sql(&rename(PROJECT, "other"));
    assert_eq!(bench.name(PROJECT).as_deref(), Some("other"));
    assert_eq!(bench.database.replica(ADA), None);
}

#[test]
fn what_is_not_committed_is_seen_by_nobody_else() {
    let bench = Bench::new();
    let mut writer = bench.database.begin();
    writer.write(&rename(PROJECT, "hidden")).unwrap();
    writer
        .write(&project(
            "00000001-0000-4000-8000-00000000000b",
            "grace",
            "hidden",
        ))
        .unwrap();
    assert_eq!(bench.pull("ada", None).1, ["old"]);
    let request = bench.request(GRACE, vec![vec![rename(OTHER, "new")]]);
    assert_eq!(
        outcomes(&bench.sync("grace", &request).unwrap()),
        [Outcome::Applied]
    );
    assert_eq!(bench.pull("grace", None).1, ["new"]);
    writer.rollback();
    assert_eq!(bench.name(PROJECT).as_deref(), Some("old"));
    let visible = bench.database.visible_to("grace").tables;
    let projects = visible.iter().find(|(table, _)| table == "projects");
    assert_eq!(projects.unwrap().1.len(), 1);
}

#[test]
fn a_backup_that_is_restored_is_another_history() {
    let bench = Bench::new();
    let mut request = bench.request(ADA, vec![vec![rename(PROJECT, "first")]]);
    request.leases.insert("notes", 3);
    bench.sync("ada", &request).unwrap();
    let (_, _, cursor) = bench.pull("ada", None);
    let mut open = bench.database.begin();
    open.write(&rename(OTHER, "open")).unwrap();
    let (backup, dump) = (bench.database.backup(), bench.database.dump());
    let epoch = bench.database.epoch();
    bench.sql(&rename(PROJECT, "later"));
    assert_ne!(bench.database.dump(), dump);
    bench.database.restore(&backup);
    assert_eq!(bench.database.dump(), dump);
    assert_ne!(bench.database.epoch(), epoch);
    assert_eq!(
        open.commit().unwrap_err().code,
        ErrorCode::DatabaseUnavailable
    );
    assert!(
        bench.pull("ada", Some(&cursor)).0,
        "no cursor of before is continued"
    );
    // What was recorded before the backup is known, and its rules hold.
    assert_eq!(bench.database.replica(ADA).unwrap().last_seq, 1);
    let mut writer = bench.database.begin();
    let again = writer.write(&project(PROJECT, "ada", "again")).unwrap_err();
    assert_eq!(again.details.sqlstate.as_deref(), Some("23505"));
    // Twice from the same backup are two histories.
    let second = bench.database.epoch();
    bench.database.restore(&backup);
    assert_ne!(bench.database.epoch(), second);
}

#[test]
fn under_another_epoch_nothing_new_is_judged_and_what_was_judged_is_known() {
    let bench = Bench::new();
    let ops = vec![
        vec![rename(PROJECT, "first")],
        vec![rename(PROJECT, "second")],
    ];
    let mut request = bench.request(ADA, ops);
    request.epoch = Some(bench.database.epoch());
    let second = request.mutations.pop();
    bench.sync("ada", &request).unwrap();
    let backup = bench.database.backup();
    bench.database.restore(&backup);
    bench.database.note_history();
    request.mutations.extend(second);
    let Line::Head(head) = bench.sync("ada", &request).unwrap().remove(0) else {
        panic!("an answer begins with its head");
    };
    assert_eq!(head.verdicts.iter().map(|v| v.seq).collect::<Vec<_>>(), [1]);
    assert_eq!(bench.name(PROJECT).as_deref(), Some("first"));
}

#[test]
fn what_an_undone_mutation_wrote_is_nobodys_own() {
    let bench = Bench::new();
    bench.sql(&rename(PROJECT, "theirs"));
    // The first is refused for its second operation; by its first, "theirs" would be this replica's.
    let ops = vec![
        vec![rename(PROJECT, "theirs"), project(OTHER, "ada", "taken")],
        vec![rename(PROJECT, "mine")],
    ];
    let lines = bench.sync("ada", &bench.request(ADA, ops)).unwrap();
    let outcomes = outcomes(&lines);
    assert!(
        matches!(outcomes[0], Outcome::Rejected { .. }),
        "{outcomes:?}"
    );
    assert_eq!(
        bench.name(PROJECT).as_deref(),
        Some("theirs"),
        "{outcomes:?}"
    );
}

#[test]
fn whoever_lacks_what_was_pruned_gets_a_snapshot() {
    let bench = Bench::new();
    let (_, _, cursor) = bench.pull("ada", None);
    bench.sql(&rename(PROJECT, "new"));
    bench.database.prune(i64::MAX);
    let (snapshot, names, cursor) = bench.pull("ada", Some(&cursor));
    assert_eq!((snapshot, names), (true, vec!["new".to_owned()]));
    assert!(!bench.pull("ada", Some(&cursor)).0);
}

#[test]
fn who_is_known_and_pushes_nothing_is_answered_by_a_pull_alone() {
    let bench = Bench::new();
    let (_, _, cursor) = bench.pull("ada", None);
    bench.sql(&rename(PROJECT, "new"));
    // Whatever begins a push fails.
    bench.fault(Point::BeginPush, Fault::Lost);
    let (snapshot, names, cursor) = bench.pull("ada", Some(&cursor));
    assert_eq!((snapshot, names), (false, vec!["new".to_owned()]));
    bench.sql(&rename(PROJECT, "newer"));
    bench.database.prune(i64::MAX);
    let request = SyncRequest {
        cursor: Some(cursor),
        ..bench.request(ADA, Vec::new())
    };
    let went = bench.sync("ada", &request);
    assert!(went.is_err(), "a snapshot takes the whole way");
}

#[test]
fn commits_are_told_with_what_they_did() {
    let bench = Bench::new();
    bench.database.take_commits();
    let request = bench.request(ADA, vec![vec![rename(PROJECT, "new")]]);
    bench.sync("ada", &request).unwrap();
    let commits = bench.database.take_commits();
    let [commit] = &commits[..] else {
        panic!("{commits:?}")
    };
    let by = By::Push {
        user: "ada".into(),
        replica: ADA.into(),
    };
    assert_eq!((&commit.by, commit.verdicts.len()), (&by, 1));
    let [row] = &commit.rows[..] else {
        panic!("{commit:?}")
    };
    let name = |row: &Option<haversack_simulator::model::TextRow>| row.as_ref().unwrap()[2].clone();
    assert_eq!(name(&row.old).as_deref(), Some("old"));
    assert_eq!(name(&row.new).as_deref(), Some("new"));
    assert!(bench.database.take_commits().is_empty());
}

#[test]
fn another_schema_is_said_while_it_is_served() {
    let bench = Bench::new();
    bench.server.serve_fingerprint(Some("another".into()));
    let request = bench.request(ADA, Vec::new());
    assert_eq!(
        bench.sync("ada", &request).unwrap_err().code,
        ErrorCode::SchemaChanged
    );
    bench.server.serve_fingerprint(None);
    assert!(bench.sync("ada", &request).is_ok());
}

#[test]
fn a_schema_that_only_postgres_can_judge_is_refused() {
    let mut schema = schema();
    let tasks = schema.table_id("tasks").unwrap();
    schema.tables[usize::from(tasks.0)].checks[0].expr = None;
    let error = Database::new(schema, Rc::new(Told::default()))
        .err()
        .unwrap();
    assert_eq!(error.code, ErrorCode::ConfigInvalid);
    assert_eq!(error.details.table.as_deref(), Some("tasks"));
}

#[test]
fn the_same_calls_have_the_same_answers_byte_for_byte() {
    let run = || {
        let bench = Bench::new();
        let mut request = bench.request(ADA, vec![vec![rename(PROJECT, "new")]]);
        request.leases.insert("notes", 3);
        let mut answers = Vec::new();
        for user in ["ada", "grace", "ada"] {
            let answer = bench.server.sync(user, request.clone());
            answers.push(format!("{:?}", answer.now_or_never().unwrap()));
        }
        answers
    };
    assert_eq!(run(), run());
}
