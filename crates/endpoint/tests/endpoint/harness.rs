//! A database of its own per test, and replicas that speak the wire to its router.

// Beside this file, from wherever it is included.
#[path = "fresh.rs"]
mod fresh;

pub use fresh::*;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use haversack_core::map::Map;
use haversack_core::protocol::{
    Base, Head, KeyText, Line, Mutation, Op, Outcome, Problem, SyncRequest, Text, Values, Verdict,
};
use haversack_core::schema::{Schema, Table};
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::config::Config;
use haversack_endpoint::serve::prepare;
use haversack_endpoint::state::State;
use haversack_endpoint::{auth, migrate, router};
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Client;
use tower::ServiceExt;

pub const CONFLICT: &str = "conflict";

pub fn organizational() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/organizational")
}

impl Database {
    /// Migrates and attaches a schema folder.
    pub async fn set_up(&self, folder: &Path) -> Config {
        let mut owner = self.owner().await;
        migrate::apply(&mut owner, &migrate::read(folder).unwrap())
            .await
            .unwrap();
        let config = Config::read(folder).unwrap();
        attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
            .await
            .unwrap();
        config
    }
}

/// An endpoint without a socket, over a database with users 1 and 2.
pub struct Endpoint {
    pub router: Router,
    pub state: Arc<State>,
    pub owner: Client,
    pub schema: Schema,
    pub database: Database,
}

impl Endpoint {
    /// Over the organizational schema.
    pub async fn organizational() -> Self {
        let endpoint = Self::new(&organizational()).await;
        endpoint
            .sql("INSERT INTO users (user_id, username, email, password_hash) VALUES
                  (1, 'ada', 'ada@example.org', 'canary-1'), (2, 'grace', 'grace@example.org', 'canary-2');
                  SELECT setval('users_user_id_seq', 10)")
            .await;
        endpoint
    }

    pub async fn new(folder: &Path) -> Self {
        let database = Database::create().await;
        let config = database.set_up(folder).await;
        Self::over(database, config).await
    }

    pub async fn over(database: Database, config: Config) -> Self {
        let state = prepare(config, &database.options()).await.unwrap();
        let schema = state.compiled().schema.clone();
        Self {
            router: router::app(state.clone()),
            state,
            owner: database.owner().await,
            schema,
            database,
        }
    }

    /// Runs statements as the owner, as psql would.
    pub async fn sql(&self, sql: &str) {
        self.owner
            .batch_execute(sql)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }

    /// One value as text, read as the owner.
    pub async fn value(&self, sql: &str) -> Option<String> {
        self.owner
            .query_one(&format!("SELECT ({sql})::text"), &[])
            .await
            .unwrap()
            .get(0)
    }

    /// Drops all partitions of the changelog but the rest, as where no endpoint ran for days.
    pub async fn drop_partitions(&self) {
        self.sql(
            "DO $$ DECLARE part text; BEGIN
                 FOR part IN SELECT inhrelid::regclass FROM pg_inherits
                     WHERE inhparent = 'haversack.changes'::regclass AND inhrelid::regclass::text NOT LIKE '%rest'
                 LOOP EXECUTE 'DROP TABLE ' || part; END LOOP;
                 DELETE FROM haversack.spans; END $$",
        )
        .await;
    }

    /// Runs a statement as a transaction whose changes have a partition of their own, which is a month old; the
    /// one after it is in use.
    pub async fn in_own_partition(&self, sql: &str) {
        self.sql(&format!(
            "DO $$ DECLARE own bigint := pg_current_xact_id()::text::bigint; span bigint[]; BEGIN
                 FOREACH span SLICE 1 IN ARRAY ARRAY[[own, own + 1], [own + 1, own + 200000]] LOOP
                     INSERT INTO haversack.spans (lo, hi, since)
                     VALUES (span[1]::text::xid8, span[2]::text::xid8,
                             CASE WHEN span[1] = own THEN now() - interval '30 days' ELSE now() END);
                     EXECUTE format('CREATE TABLE haversack.changes_%s PARTITION OF haversack.changes
                                     FOR VALUES FROM (%L) TO (%L)', span[1], span[1], span[2]);
                 END LOOP;
                 {sql}; END $$"
        ))
        .await;
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.value(&format!("SELECT count(*) FROM {sql}"))
            .await
            .unwrap()
            .parse()
            .unwrap()
    }

    /// A replica of a user that has synced once.
    pub async fn replica(&self, user: &str) -> Replica {
        let mut replica = self.new_replica(user);
        replica.pull().await;
        replica
    }

    pub fn new_replica(&self, user: &str) -> Replica {
        Replica::new(self.router.clone(), &self.schema, user)
    }
}

pub fn token(user: &str) -> String {
    auth::mint(SECRET, "sub", user, Duration::from_secs(600)).unwrap()
}

/// A token that can be revoked by its name.
pub fn named_token(user: &str, jti: &str) -> String {
    let claims = serde_json::json!({ "sub": user, "jti": jti, "exp": auth::now_s() + 600 });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

/// A client that keeps confirmed rows and nothing more.
#[derive(Clone)]
pub struct Replica {
    pub router: Router,
    pub token: String,
    pub id: String,
    pub fingerprint: String,
    pub cursor: Option<String>,
    pub epoch: Option<String>,
    pub began: u64,
    pub seq: u64,
    pub seen: u64,
    pub acknowledged: u64,
    /// By table and key.
    pub rows: BTreeMap<(String, KeyText), Vec<Text>>,
    pub schema: Arc<Schema>,
    keys: BTreeMap<String, Vec<usize>>,
    columns: BTreeMap<String, Vec<String>>,
}

/// A good answer.
#[derive(Debug)]
pub struct Answer {
    pub head: Head,
    pub lines: Vec<Line>,
    pub text: String,
}

impl Replica {
    /// One that has never synced.
    pub fn new(router: Router, schema: &Schema, user: &str) -> Self {
        let key = |t: &Table| t.key_columns().iter().map(|c| usize::from(c.0)).collect();
        let columns = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect();
        let tables = || schema.tables.iter();
        Self {
            router,
            token: token(user),
            id: uuid::Uuid::new_v4().to_string(),
            fingerprint: schema.fingerprint.clone(),
            cursor: None,
            epoch: None,
            began: 0,
            seq: 0,
            seen: 0,
            acknowledged: 0,
            rows: BTreeMap::new(),
            schema: Arc::new(schema.clone()),
            keys: tables().map(|t| (t.name.clone(), key(t))).collect(),
            columns: tables().map(|t| (t.name.clone(), columns(t))).collect(),
        }
    }

    pub fn request(&self, mutations: Vec<Mutation>) -> SyncRequest {
        SyncRequest {
            protocol: 1,
            replica: self.id.clone(),
            fingerprint: self.fingerprint.clone(),
            cursor: self.cursor.clone(),
            epoch: self.epoch.clone(),
            began: self.began,
            acknowledged: self.acknowledged,
            mutations,
            leases: Map::new(),
            renew: None,
        }
    }

    /// A mutation under the next number.
    pub fn mutation(&mut self, ops: Vec<Op>) -> Mutation {
        self.seq += 1;
        Mutation {
            seq: self.seq,
            at: 0,
            seen: self.seen,
            predicted: Vec::new(),
            earlier: Vec::new(),
            ops,
        }
    }

    /// Sends a request without taking anything in.
    pub async fn send(&self, request: &SyncRequest) -> Result<Answer, Problem> {
        let body = serde_json::to_string(request).unwrap();
        let (status, text) = post(&self.router, Some(&self.token), body).await;
        if status != StatusCode::OK {
            return Err(
                serde_json::from_str(&text).unwrap_or_else(|e| panic!("{status} {text}: {e}"))
            );
        }
        let mut lines: Vec<Line> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        match (lines.remove(0), lines.last()) {
            (Line::Head(head), Some(Line::End { .. })) => Ok(Answer { head, lines, text }),
            other => panic!("not a whole answer: {other:?}"),
        }
    }

    /// Syncs and takes the answer in.
    pub async fn sync(&mut self, request: &SyncRequest) -> Answer {
        let answer = self
            .send(request)
            .await
            .unwrap_or_else(|problem| panic!("{problem:?}"));
        self.take(&answer);
        answer
    }

    pub fn take(&mut self, answer: &Answer) {
        if answer.head.snapshot {
            self.rows.clear();
        }
        let renewed = &answer.head.renewed;
        self.rows.retain(|(table, _), _| !renewed.contains(table));
        self.epoch = Some(answer.head.epoch.clone());
        self.seen = answer.head.verdicts.last().map_or(self.seen, |v| v.seq);
        for line in &answer.lines {
            match line {
                Line::Rows { table, rows } => {
                    for row in rows {
                        let key = self.keys[table]
                            .iter()
                            .map(|at| row[*at].clone().unwrap())
                            .collect();
                        self.rows.insert((table.clone(), key), row.clone());
                    }
                }
                Line::Removed { table, keys } => {
                    for key in keys {
                        self.rows.remove(&(table.clone(), key.clone()));
                    }
                }
                Line::End { cursor } => self.cursor = Some(cursor.clone()),
                Line::Head(_) | Line::Error(_) => panic!("{line:?} in the middle"),
            }
        }
    }

    pub async fn pull(&mut self) -> Answer {
        let request = self.request(Vec::new());
        self.sync(&request).await
    }

    /// Pushes one mutation per list of operations and takes the answer in.
    pub async fn push(&mut self, mutations: Vec<Vec<Op>>) -> Vec<Verdict> {
        let mutations = mutations
            .into_iter()
            .map(|ops| self.mutation(ops))
            .collect();
        let request = self.request(mutations);
        self.sync(&request).await.head.verdicts
    }

    /// Pushes one operation and gives its verdict.
    pub async fn push_one(&mut self, op: Op) -> Verdict {
        self.push(vec![vec![op]]).await.remove(0)
    }

    /// Leases keys and gives the first of them.
    pub async fn lease(&mut self, table: &str, count: u32) -> i64 {
        let mut request = self.request(Vec::new());
        request.leases.insert(table, count);
        self.sync(&request).await.head.leases[table][0].0
    }

    /// The names of a table's rows' values in one column.
    pub fn column(&self, table: &str, column: &str) -> Vec<Text> {
        let at = self.columns[table]
            .iter()
            .position(|c| c == column)
            .unwrap();
        self.rows
            .iter()
            .filter(|((t, _), _)| t == table)
            .map(|(_, row)| row[at].clone())
            .collect()
    }

    /// The confirmed value of a column of a row.
    pub fn confirmed(&self, table: &str, key: &str, column: &str) -> Text {
        let at = self.columns[table]
            .iter()
            .position(|c| c == column)
            .unwrap();
        self.rows[&(table.to_owned(), vec![key.to_owned()])][at].clone()
    }

    /// An update of columns with the confirmed values as bases.
    pub fn update(&self, table: &str, key: &str, set: &[(&str, &str)]) -> Op {
        let base = set
            .iter()
            .map(|(column, _)| {
                (
                    (*column).to_owned(),
                    Base::Text(self.confirmed(table, key, column)),
                )
            })
            .collect();
        Op::Update {
            table: table.into(),
            key: vec![key.into()],
            set: values(set),
            base,
        }
    }
}

pub fn values(pairs: &[(&str, &str)]) -> Values {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned())))
        .collect()
}

pub fn insert(table: &str, pairs: &[(&str, &str)]) -> Op {
    Op::Insert {
        table: table.into(),
        values: values(pairs),
    }
}

pub fn event(id: i64, title: &str) -> Op {
    insert("events", &[("event_id", &id.to_string()), ("title", title)])
}

/// What the outcome is called on the wire.
pub fn word(verdict: &Verdict) -> &'static str {
    match &verdict.outcome {
        Outcome::Applied => "applied",
        Outcome::Merged => "merged",
        Outcome::Conflict => CONFLICT,
        Outcome::Gone => "gone",
        Outcome::Rejected { .. } => "rejected",
    }
}

/// SQLSTATE and error of a rejection.
pub fn rejection(verdict: &Verdict) -> (String, haversack_core::Error) {
    match &verdict.outcome {
        Outcome::Rejected { error } => (
            error.details.sqlstate.clone().unwrap_or_default(),
            error.clone(),
        ),
        other => panic!("not rejected: {other:?}"),
    }
}

pub async fn post(
    router: &Router,
    token: Option<&str>,
    body: impl Into<Body>,
) -> (StatusCode, String) {
    post_to(router, "/v1/sync", token, body).await
}

pub async fn post_to(
    router: &Router,
    path: &str,
    token: Option<&str>,
    body: impl Into<Body>,
) -> (StatusCode, String) {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = router
        .clone()
        .oneshot(request.body(body.into()).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}
