//! The same histories through the model and through Postgres: their answers are equal, byte for byte.

use crate::answer::{Lines, is_busy, text};
use crate::client::Client;
use crate::database::Database;
use crate::draw::{Draw, USERS};
use crate::history::{Drawing, End, Epoch, Step, beginning};
use crate::sql::{Writer, dump};
use haversack_core::protocol::SyncRequest;
use haversack_simulator::model::{self, Server, Still};
use haversack_simulator::schema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};
use tokio_postgres::Client as Connection;

/// `HAVERSACK_TEST_BUDGET` where it is not set, and how much of it a history takes.
const BUDGET: u64 = 256;
const HISTORY_COST: u64 = 8;
/// How many steps one has.
const STEPS_MIN: usize = 20;
const STEPS_MAX: usize = 60;
/// How long an answer may take that should not wait for a lock, and one that should.
const PATIENCE: Duration = Duration::from_secs(3);
const WAIT: Duration = Duration::from_millis(400);
/// How long steps are left out of a history that differs.
const SHRINK_TIME: Duration = Duration::from_secs(60);
/// Two writes in one millisecond are not told apart by time.
const STEP_PAUSE: Duration = Duration::from_millis(2);

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_millis() as i64
}

/// Both databases, and who uses them.
struct Both<'d> {
    postgres: &'d Database,
    model: model::Database,
    server: Server,
    world: Rc<Still>,
    clients: Vec<Client>,
    open: Option<Writer>,
    /// Connections of the owner that are not in use.
    owners: Vec<Connection>,
    /// Up to which transaction Postgres's changelog is pruned.
    horizon: u64,
    /// What was answered, by kind.
    counts: BTreeMap<String, u64>,
}

impl<'d> Both<'d> {
    async fn new(postgres: &'d Database, owners: Vec<Connection>, case: &Case) -> Self {
        postgres.empty(&owners[0]).await;
        let world = Still::new(0, now_ms());
        let model = model::Database::new(schema(), world.clone()).expect("a schema for the model");
        let clients = case.clients.iter().enumerate();
        let clients = clients.map(|(i, id)| Client::new(USERS[i % 2], id.clone()));
        Self {
            postgres,
            server: Server::new(&model),
            model,
            world,
            clients: clients.collect(),
            open: None,
            owners,
            horizon: 0,
            counts: BTreeMap::new(),
        }
    }

    /// Does a step in both; says where they differ.
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        tokio::time::sleep(STEP_PAUSE).await;
        self.world.set_now_ms(now_ms());
        match step {
            Step::Sync {
                client,
                user,
                cursor,
                epoch,
                request,
            } => {
                let (client, request) = (*client, request.clone());
                self.sync(client, user, (*cursor, *epoch), request).await
            }
            Step::Sql { ops, end } => {
                let owner = self.owners.pop().expect("a connection");
                let mut writer = Writer::begin(&self.model, owner).await;
                let schema = schema();
                for op in ops {
                    let (model, postgres) = writer.write(&schema, op).await;
                    self.compare("sql", &model, &postgres)?;
                }
                if *end == End::Open && self.open.is_none() {
                    self.open = Some(writer);
                    return Ok(());
                }
                self.end(writer, *end != End::Rollback).await
            }
            Step::End { commit } => match self.open.take() {
                Some(writer) => self.end(writer, *commit).await,
                None => Ok(()),
            },
            Step::Prune => {
                self.prune().await;
                Ok(())
            }
        }
    }

    async fn prune(&mut self) {
        let gone = "WITH gone AS (DELETE FROM haversack.changes RETURNING xid),
            newest AS (SELECT xid FROM gone ORDER BY xid DESC LIMIT 1)
            UPDATE haversack.meta SET horizon = newest.xid FROM newest";
        self.owners[0].batch_execute(gone).await.unwrap();
        self.model.prune(i64::MAX);
        let horizon = "SELECT horizon::text FROM haversack.meta";
        let row = self.owners[0].query_one(horizon, &[]).await.unwrap();
        self.horizon = row.get::<_, &str>(0).parse().unwrap();
    }

    async fn end(&mut self, writer: Writer, commit: bool) -> Result<(), String> {
        let (model, postgres, owner) = writer.end(commit).await;
        self.owners.push(owner);
        self.compare("commit", &model, &postgres)
    }

    fn compare(
        &mut self,
        what: &str,
        model: &Option<String>,
        postgres: &Option<String>,
    ) -> Result<(), String> {
        let said = postgres.as_deref().unwrap_or("done");
        *self.counts.entry(format!("{what} {said}")).or_default() += 1;
        if model == postgres {
            return Ok(());
        }
        Err(format!(
            "{what}: the model says {model:?}, Postgres {postgres:?}"
        ))
    }

    async fn sync(
        &mut self,
        client: usize,
        user: &str,
        (cursor, epoch): (Option<usize>, Epoch),
        request: SyncRequest,
    ) -> Result<(), String> {
        let own = &self.clients[client];
        let stood = own.stood(cursor, self.horizon);
        let epoch_of = |known: &Option<String>| match epoch {
            Epoch::None => None,
            Epoch::Own => known.clone(),
            Epoch::Other => Some("another".to_owned()),
        };
        let asked = |cursor: &Option<String>, known: &Option<String>| SyncRequest {
            cursor: cursor.clone(),
            epoch: epoch_of(known),
            ..request.clone()
        };
        let of_model = asked(&stood.model, &own.epoch.model);
        let of_postgres = asked(&stood.postgres, &own.epoch.postgres);
        let model: Lines = self.server.sync(user, of_model).await;
        let waits = is_busy(&model);
        let patience = if waits { WAIT } else { PATIENCE };
        let (postgres, owner) = (self.postgres, &self.owners[0]);
        let answer = postgres.sync_within(patience, owner, user, of_postgres);
        let postgres: Lines = match answer.await {
            None if waits => {
                *self.counts.entry("waits".into()).or_default() += 1;
                return Ok(());
            }
            None => return Err(format!("Postgres waits, the model does not: {model:?}")),
            Some(_) if waits => return Err("the model waits, Postgres does not".to_owned()),
            Some(lines) => lines,
        };
        self.count(&postgres);
        let (expected, found) = (text(&postgres), text(&model));
        if expected != found {
            return Err(difference(&expected, &found));
        }
        if let (Ok(model), Ok(postgres)) = (model, postgres)
            && user == self.clients[client].user
            && request.replica == self.clients[client].id
        {
            self.clients[client].take(&schema(), &model, &postgres);
        }
        Ok(())
    }

    fn count(&mut self, lines: &Lines) {
        let mut add = |what: String| *self.counts.entry(what).or_default() += 1;
        let answer = match lines {
            Ok(lines) => crate::answer::parse(lines),
            Err(error) => return add(format!("error {}", error.code)),
        };
        let Some(answer) = answer else {
            return add("broken off".to_owned());
        };
        add(format!("snapshot {}", answer.head.snapshot));
        for verdict in answer.head.verdicts {
            let text = serde_json::to_value(&verdict).unwrap();
            let state = text["error"]["details"]["sqlstate"].as_str().unwrap_or("");
            let word = text["verdict"].as_str().unwrap_or("?");
            add(format!("{word} {state}"));
        }
    }
}

fn difference(expected: &[String], found: &[String]) -> String {
    let at = (0..expected.len().max(found.len()))
        .find(|i| expected.get(*i) != found.get(*i))
        .unwrap_or(0);
    let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
    format!(
        "line {at}\n  Postgres: {}\n  model:    {}",
        line(expected),
        line(found)
    )
}

/// A history, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Case {
    /// What was wrong when it was found.
    #[serde(default)]
    about: String,
    /// The ids of replicas, of one user and the other by turns.
    clients: Vec<String>,
    steps: Vec<Step>,
}

/// Draws a history, as far as the first difference.
async fn run(both: &mut Both<'_>, draw: &mut Draw, case: &mut Case) -> Result<(), String> {
    let schema = schema();
    let first = beginning(draw);
    case.steps.push(first.clone());
    both.step(&first).await?;
    for _ in 0..STEPS_MIN + draw.below(STEPS_MAX - STEPS_MIN) {
        let mut drawing = Drawing {
            draw,
            schema: &schema,
            clients: &mut both.clients,
            open: both.open.is_some(),
            now_ms: now_ms(),
        };
        let step = drawing.step();
        case.steps.push(step.clone());
        both.step(&step).await?;
    }
    finish(both).await
}

/// What is left to be equal at the end.
async fn finish(both: &mut Both<'_>) -> Result<(), String> {
    both.step(&Step::End { commit: true }).await?;
    let owner = both.owners.last().expect("a connection");
    let (model, postgres) = (both.model.dump(), dump(&schema(), owner).await);
    if model == postgres {
        return Ok(());
    }
    Err(format!(
        "the rows differ\n  Postgres: {postgres:?}\n  model:    {model:?}"
    ))
}

async fn owners(database: &Database) -> Vec<Connection> {
    let mut owners = Vec::new();
    for _ in 0..3 {
        owners.push(database.owner().await);
    }
    owners
}

async fn replay(database: &Database, case: &Case) -> Result<(), String> {
    let mut both = Both::new(database, owners(database).await, case).await;
    for step in &case.steps {
        both.step(step).await?;
    }
    finish(&mut both).await
}

/// Leaves out whatever the difference does not need.
async fn shrink(database: &Database, case: &mut Case) {
    let begun = Instant::now();
    for at in (0..case.steps.len()).rev() {
        if begun.elapsed() > SHRINK_TIME {
            return;
        }
        let mut less = case.clone();
        less.steps.remove(at);
        if replay(database, &less).await.is_err() {
            *case = less;
        }
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
#[ignore = "one history in some hundreds differs still in who waits for a lock; run it by --run-ignored all"]
async fn the_model_answers_random_histories_as_postgres_does() {
    let database = Database::create().await;
    let histories = variable("HAVERSACK_TEST_BUDGET").unwrap_or(BUDGET) / HISTORY_COST;
    let first = variable("PROPTEST_RNG_SEED").unwrap_or_else(|| now_ms() as u64);
    println!("PROPTEST_RNG_SEED={first}, {histories} histories");
    let (mut owners, mut counts) = (owners(&database).await, BTreeMap::new());
    for seed in first..first + histories.max(1) {
        let mut draw = Draw::new(seed);
        let clients = (0..2 + draw.below(3)).map(|_| draw.replica()).collect();
        let (about, steps) = (String::new(), Vec::new());
        let mut case = Case {
            about,
            clients,
            steps,
        };
        let mut both = Both::new(&database, owners, &case).await;
        if let Err(difference) = run(&mut both, &mut draw, &mut case).await {
            drop(both);
            shrink(&database, &mut case).await;
            let case = serde_json::to_string(&case).unwrap();
            panic!("PROPTEST_RNG_SEED={seed}: {difference}\n\nto be kept in tests/cases:\n{case}");
        }
        for (what, count) in both.counts {
            *counts.entry(what).or_insert(0) += count;
        }
        owners = both.owners;
    }
    println!("{counts:#?}");
}

#[tokio::test]
async fn what_once_differed_is_the_same() {
    let database = Database::create().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut tried = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let case: Case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let outcome = replay(&database, &case).await;
        assert_eq!(outcome, Ok(()), "{}: {}", path.display(), case.about);
        tried += 1;
    }
    assert!(tried > 0, "there are cases");
}
