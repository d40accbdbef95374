//! What replicas of the schema before a migration say after it.

use crate::harness::*;
use haversack_core::ErrorCode;
use haversack_core::moving::{Fate, Moving};
use haversack_core::protocol::{Base, Line, Mutation, Op, Renew, SyncRequest, mutation_hash};
use haversack_core::schema::Schema;
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::config::{CONFIG_FILE, Config};
use haversack_endpoint::serve::prepare;
use haversack_endpoint::{migrate, router};
use std::path::{Path, PathBuf};

/// The organizational schema as it was before its second migration, in a folder that ends with it.
struct Before(PathBuf);

impl Before {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("haversack-{}", uuid::Uuid::new_v4()));
        let migrations = Path::new("migrations").join("V1__events_and_items.sql");
        std::fs::create_dir_all(folder.join("migrations")).unwrap();
        std::fs::copy(organizational().join(&migrations), folder.join(&migrations)).unwrap();
        let config = std::fs::read_to_string(organizational().join(CONFIG_FILE)).unwrap();
        let (config, _) = config.split_once("[migrations.").unwrap();
        let config = config.replace("policies = { budget = \"manual\" }", "");
        std::fs::write(folder.join(CONFIG_FILE), config).unwrap();
        Self(folder)
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SEED: &str = "
    INSERT INTO users (user_id, username, email, password_hash) VALUES (1, 'ada', 'ada@example.org', 'x');
    INSERT INTO events (event_id, user_id, title, custom_fields) VALUES
        (9001, 1, 'an event', '{\"priority\": 2}'), (9002, 1, 'another', '{\"priority\": \"high\"}');
    INSERT INTO items (user_id, name) SELECT 1, 'item ' || n FROM generate_series(1, 300) n";

struct Migrated {
    endpoint: Endpoint,
    /// Of the schema before, with what it had pulled then.
    ada: Replica,
    old: Schema,
    /// An event, made but not heard of: custom_fields with priority 4.
    made: Mutation,
    key: i64,
}

impl Migrated {
    async fn new() -> Self {
        let before = Before::new();
        let mut endpoint = Endpoint::new(&before.0).await;
        endpoint.sql(SEED).await;
        let old = endpoint.schema.clone();
        let mut ada = endpoint.replica("1").await;
        let key = ada.lease("events", 4).await;
        let id = key.to_string();
        let fields = ("custom_fields", "{\"priority\": 4, \"color\": \"x\"}");
        let op = insert("events", &[("event_id", &id), ("title", "made"), fields]);
        let made = ada.mutation(vec![op]);
        ada.send(&ada.request(vec![made.clone()])).await.unwrap();
        let mut owner = endpoint.database.owner().await;
        let files = migrate::read(&organizational()).unwrap();
        migrate::apply(&mut owner, &files).await.unwrap();
        let config = endpoint.database.set_up(&organizational()).await;
        let state = prepare(config, &endpoint.database.options()).await.unwrap();
        endpoint.schema = state.compiled().schema.clone();
        endpoint.router = router::app(state.clone());
        endpoint.state = state;
        ada.router = endpoint.router.clone();
        ada.fingerprint = endpoint.schema.fingerprint.clone();
        Self {
            endpoint,
            ada,
            old,
            made,
            key,
        }
    }

    /// A mutation as a client takes it to the schema of now.
    fn moved(&self, mutation: &Mutation) -> Mutation {
        let moving = Moving::new(&self.old, &self.endpoint.schema);
        let moved = moving.mutation(mutation, &|_, _| None);
        assert_eq!(moved.stopped, None);
        Mutation {
            ops: moved.ops,
            earlier: vec![mutation_hash(mutation.at, &mutation.ops)],
            ..mutation.clone()
        }
    }

    fn request(&self, mutations: Vec<Mutation>) -> SyncRequest {
        let moving = Moving::new(&self.old, &self.endpoint.schema);
        let changed =
            (self.endpoint.schema.tables.iter()).filter(|t| moving.fate(t) != Fate::Stays);
        SyncRequest {
            renew: Some(Renew {
                fingerprint: self.old.fingerprint.clone(),
                tables: changed.map(|table| table.name.clone()).collect(),
            }),
            ..self.ada.request(mutations)
        }
    }
}

#[tokio::test]
async fn what_was_sent_unheard_and_what_was_not_sent_are_each_applied_once() {
    let mut all = Migrated::new().await;
    let fields = |text: &str| values(&[("custom_fields", text)]);
    let second = all.ada.mutation(vec![Op::Update {
        table: "events".into(),
        key: vec![all.key.to_string()],
        set: fields("{\"priority\": 5, \"color\": \"y\"}"),
        // The row was not confirmed when it was changed.
        base: [("custom_fields".to_owned(), Base::Text(None))]
            .into_iter()
            .collect(),
    }]);
    let sent = vec![all.moved(&all.made), all.moved(&second)];
    let mut unsaid = sent.clone();
    unsaid
        .iter_mut()
        .for_each(|mutation| mutation.earlier.clear());
    let refused = all.ada.send(&all.request(unsaid)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ReplicaForked);

    let answer = all.ada.send(&all.request(sent)).await.unwrap();
    let words: Vec<_> = answer.head.verdicts.iter().map(word).collect();
    assert_eq!(words, ["applied", "applied"], "{:?}", answer.head.verdicts);
    let row = format!(
        "SELECT priority || ' ' || custom_fields FROM events WHERE event_id = {}",
        all.key
    );
    let row = all.endpoint.value(&row).await;
    assert_eq!(row.as_deref(), Some("5 {\"color\": \"y\"}"));
    assert_eq!(all.endpoint.count("events WHERE title = 'made'").await, 1);
}

#[tokio::test]
async fn only_the_tables_that_changed_come_anew() {
    let all = Migrated::new().await;
    all.endpoint
        .sql("UPDATE items SET name = 'changed' WHERE name = 'item 1'")
        .await;
    let answer = all.ada.send(&all.request(vec![])).await.unwrap();
    assert!(!answer.head.snapshot);
    assert_eq!(answer.head.renewed, ["events"]);
    let of = |name: &str| -> usize {
        let lines = answer.lines.iter().map(|line| match line {
            Line::Rows { table, rows } if table == name => rows.len(),
            _ => 0,
        });
        lines.sum()
    };
    assert_eq!((of("events"), of("items")), (3, 1));
    let all_rows: usize = all.endpoint.schema.tables.iter().map(|t| of(&t.name)).sum();
    assert_eq!(answer.head.rows_total, all_rows as u64);
    // A cursor of yet another schema is none.
    let mut other = all.request(vec![]);
    other
        .renew
        .iter_mut()
        .for_each(|renew| renew.fingerprint = "f".repeat(64));
    assert!(all.ada.send(&other).await.unwrap().head.snapshot);
    other.renew = None;
    assert!(all.ada.send(&other).await.unwrap().head.snapshot);
}

#[tokio::test]
async fn what_leads_nowhere_is_named() {
    let before = Before::new();
    let file = before.0.join(CONFIG_FILE);
    let config = std::fs::read_to_string(&file).unwrap();
    let with = |lines: &str| {
        let text = format!("{config}\n[migrations.V1__events_and_items]\n{lines}\n");
        std::fs::write(&file, text).unwrap();
        Config::read(&before.0)
    };
    for (lines, named) in [
        (
            "moves = { 'events.custom_fields.a' = 'events.priority' }",
            "events.priority",
        ),
        (
            "moves = { 'events.title.a' = 'events.description' }",
            "events.title",
        ),
        (
            "renames = { 'events.name' = 'events.titel' }",
            "events.titel",
        ),
        ("tables = { meetings = 'evnts' }", "evnts"),
    ] {
        let config = with(lines).unwrap();
        let database = Database::create().await;
        let mut owner = database.owner().await;
        let files = migrate::read(&before.0).unwrap();
        migrate::apply(&mut owner, &files).await.unwrap();
        let password = Password::Set(PASSWORD.into());
        let attached = attach(&mut owner, &config, &password).await;
        let error = attached.expect_err(lines);
        assert_eq!(error.code, ErrorCode::ConfigInvalid, "{lines}");
        assert!(error.message.contains(named), "{lines}: {}", error.message);
        assert!(error.details.hint.is_some(), "{lines}");
    }
    let text = format!("{config}\n[migrations.V2__no_file]\n");
    std::fs::write(&file, text).unwrap();
    let error = Config::read(&before.0).expect_err("no such file");
    assert!(error.message.contains("V2__no_file"), "{}", error.message);
}
