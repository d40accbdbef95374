//! Every folder under `schemas/`: it migrates without a warning, takes its seed data, and shows each
//! identity its own rows alone. No schema is known here by a name; `schemas/README.md` says what a
//! folder holds.

use crate::attach::pg_dump;
use crate::commands::Folder;
use crate::harness::*;
use haversack_core::schema::Table;
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::config::Config;
use haversack_endpoint::introspect::{Introspected, Privileges, introspect};
use haversack_endpoint::scope::Scope;
use haversack_endpoint::{migrate, seed};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokio_postgres::{AsyncMessage, Client, NoTls};

/// `seed/identities.json`: whose rows the seed data are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identities {
    /// At least two, who share no row but those of `shared`.
    identities: Vec<String>,
    /// Those who may see the others' rows as well, such as staff.
    #[serde(default)]
    overseers: Vec<String>,
    /// One to whom no row belongs.
    stranger: String,
    /// Tables whose rows are everybody's, or of several identities; their scope is global.
    #[serde(default)]
    shared: Vec<String>,
}

/// The keys that somebody sees, by table.
type Seen = BTreeMap<String, BTreeSet<Vec<Option<String>>>>;

#[tokio::test]
async fn every_schema_migrates_without_a_warning_and_keeps_its_identities_apart() {
    let folders = folders();
    assert!(!folders.is_empty(), "there are schemas");
    for folder in folders {
        let data = generate(&folder);
        let database = Database::create().await;
        let config = set_up(&database, &folder).await;
        let mut owner = database.owner().await;
        seed::seed(&mut owner, &data.0).await.unwrap();
        let problems = problems(database, config, &identities(&folder)).await;
        assert!(problems.is_empty(), "{}: {problems:#?}", folder.display());
    }
}

/// F32: a dump makes keys and indexes in another order, and Postgres words expressions anew.
#[tokio::test]
async fn a_dump_of_every_schema_that_is_restored_is_the_same_schema() {
    for folder in folders() {
        let (original, copy) = (Database::create().await, Database::create().await);
        migrate(&original, &folder).await;
        let Some(pg_dump) = pg_dump(&original.owner().await).await else {
            return;
        };
        let run = |program: &str, arguments: &[&str]| {
            let output = Command::new(pg_dump.with_file_name(program))
                .args(arguments)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{program}: {said}");
            output.stdout
        };
        let file = std::env::temp_dir().join(format!("{}.sql", copy.name));
        let file = file.to_str().unwrap();
        run("pg_dump", &["--schema-only", "-f", file, &original.url]);
        let once = ["-v", "ON_ERROR_STOP=1", "-qf", file];
        run("psql", &[&once[..], &[&copy.url]].concat());
        std::fs::remove_file(file).unwrap();
        let config = Config::read(&folder).unwrap();
        let schema = async |database: &Database| {
            let mut owner = database.owner().await;
            let role = config.user_role(&database.name);
            introspect(&mut owner, &config, &role, Privileges::Planned)
                .await
                .unwrap()
                .schema
        };
        let (before, after) = (schema(&original).await, schema(&copy).await);
        assert_eq!(
            before.fingerprint,
            after.fingerprint,
            "{}: {:#?}",
            folder.display(),
            before
                .tables
                .iter()
                .zip(&after.tables)
                .filter(|(a, b)| a != b)
                .collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn what_leaks_or_hides_is_named() {
    let sql = "CREATE TABLE notes (id int PRIMARY KEY, owner text NOT NULL);
        INSERT INTO notes VALUES (1, 'ada'), (2, 'grace');
        CREATE TABLE words (id int PRIMARY KEY);
        INSERT INTO words VALUES (1);
        CREATE VIEW mine WITH (security_invoker = true) AS SELECT * FROM notes;
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON notes USING (owner = current_setting('app.current_user_id', true))";
    let identities = Identities {
        identities: vec!["ada".into(), "grace".into()],
        overseers: Vec::new(),
        stranger: "edsger".into(),
        shared: vec!["words".into()],
    };
    for (damage, expected) in [
        ("SELECT 1", None),
        (
            "ALTER TABLE notes DISABLE ROW LEVEL SECURITY",
            Some("notes: grace sees 2 rows that ada sees"),
        ),
        (
            "CREATE POLICY loose ON notes USING (true)",
            Some("notes: edsger, to whom none belongs, sees 2 rows"),
        ),
        (
            "DROP POLICY own ON notes",
            Some("notes: none of them sees a row"),
        ),
        (
            "ALTER VIEW mine SET (security_invoker = false)",
            Some("mine: this view reads with its owner's rights"),
        ),
        (
            "CREATE TABLE logs (id int); GRANT SELECT ON logs TO PUBLIC",
            Some("logs: users may read it, though it does not sync"),
        ),
    ] {
        let folder = Folder::new(
            "[tables.notes]\nscope = 'owner'\n[tables.words]",
            &[("V1__all.sql", sql)],
        );
        let database = Database::create().await;
        let config = set_up(&database, &folder.0).await;
        let owner = database.owner().await;
        owner.batch_execute(damage).await.unwrap();
        let problems = problems(database, config, &identities).await;
        match expected {
            None => assert!(problems.is_empty(), "{problems:#?}"),
            Some(problem) => assert!(
                problems.iter().any(|p| p == problem),
                "{damage}: {problems:#?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_warning_is_noticed() {
    let database = Database::create().await;
    let folder = Folder::new(
        "[tables.a]",
        &[("V1__a.sql", "DO $$ BEGIN RAISE WARNING 'mind'; END $$")],
    );
    assert_eq!(
        migrate(&database, &folder.0).await,
        ["WARNING: mind".to_owned()]
    );
}

/// Every folder under `schemas/`, in the order of their names.
fn folders() -> Vec<PathBuf> {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(schemas)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn identities(folder: &Path) -> Identities {
    let path = folder.join("seed/identities.json");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{} can't be read: {e}", path.display()));
    let identities: Identities =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(identities.identities.len() >= 2, "{}", path.display());
    identities
}

/// A folder that is removed with the value.
pub struct Data(pub PathBuf);

impl Drop for Data {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The seed data of a schema folder.
pub fn generate(folder: &Path) -> Data {
    let data =
        Data(std::env::temp_dir().join(format!("haversack-schemas-{}", uuid::Uuid::new_v4())));
    let generator = folder.join("seed/generate.mjs");
    let output = Command::new("node")
        .arg(&generator)
        .arg(&data.0)
        .output()
        .unwrap_or_else(|e| panic!("node can't be started: {e}"));
    assert!(
        output.status.success(),
        "{}: {}",
        generator.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    data
}

/// Migrates and attaches, neither with a warning.
async fn set_up(database: &Database, folder: &Path) -> Config {
    let warnings = migrate(database, folder).await;
    assert!(warnings.is_empty(), "{}: {warnings:#?}", folder.display());
    let config = Config::read(folder).unwrap();
    let mut owner = database.owner().await;
    attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
        .await
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    config
}

/// Applies a folder's migrations and returns what Postgres remarked; notices are below its notice.
async fn migrate(database: &Database, folder: &Path) -> Vec<String> {
    let (mut client, mut connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let heard = warnings.clone();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notice(notice) = message {
                let text = format!("{}: {}", notice.severity(), notice.message());
                heard.lock().unwrap().push(text);
            }
        }
    });
    let migrations = migrate::read(folder).unwrap();
    migrate::apply(&mut client, &migrations)
        .await
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    // An answer comes after every remark before it.
    client.batch_execute("SELECT 1").await.unwrap();
    let warnings = warnings.lock().unwrap();
    warnings.clone()
}

/// What is wrong with who sees what, one sentence each.
async fn problems(database: Database, config: Config, whose: &Identities) -> Vec<String> {
    let mut owner = database.owner().await;
    let role = config.user_role(&database.name);
    let found = introspect(&mut owner, &config, &role, Privileges::Granted)
        .await
        .unwrap();
    let mut problems = catalog_problems(&owner, &config, &role).await;
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    let everybody = whose.identities.iter().chain(&whose.overseers);
    for identity in everybody.chain([&whose.stranger]) {
        let rows = rows_seen(&mut owner, &config, &role, &found, Some(identity)).await;
        seen.insert(identity, rows);
    }
    let nobody = rows_seen(&mut owner, &config, &role, &found, None).await;
    for name in &whose.shared {
        match found.schema.tables.iter().position(|t| t.name == *name) {
            None => problems.push(format!("{name}: shared, but it does not sync")),
            Some(at) if found.tables[at].scope != Scope::Global => problems.push(format!(
                "{name}: shared, but its scope is not global, so not everybody hears of a change"
            )),
            Some(_) => {}
        }
    }
    for table in &found.schema.tables {
        let name = table.name.as_str();
        let by = |identity: &str| &seen[identity][name];
        let mut lookers = whose.identities.iter().chain(&whose.overseers);
        if lookers.all(|identity| by(identity).is_empty()) {
            problems.push(format!("{name}: none of them sees a row"));
        }
        if whose.shared.iter().any(|shared| shared == name) {
            continue;
        }
        for (i, one) in whose.identities.iter().enumerate() {
            for other in &whose.identities[i + 1..] {
                let both = by(one).intersection(by(other)).count();
                if both > 0 {
                    problems.push(format!("{name}: {other} sees {both} rows that {one} sees"));
                }
            }
        }
        for (who, count) in [
            (whose.stranger.as_str(), by(&whose.stranger).len()),
            ("nobody", nobody[name].len()),
        ] {
            if count > 0 {
                problems.push(format!(
                    "{name}: {who}, to whom none belongs, sees {count} rows"
                ));
            }
        }
    }
    problems.extend(served_problems(database, config, whose, &seen).await);
    problems
}

/// Relations beside the synced tables: none may be a way around row security.
async fn catalog_problems(owner: &Client, config: &Config, role: &str) -> Vec<String> {
    let rows = owner
        .query(
            "SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
                    c.relkind = 'v', coalesce(c.reloptions @> '{security_invoker=true}', false),
                    has_any_column_privilege($1::text, c.oid, 'SELECT')
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
               AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack')
             ORDER BY 1",
            &[&role],
        )
        .await
        .unwrap();
    let mut problems = Vec::new();
    for row in rows {
        let (name, view, invoker, readable): (String, bool, bool, bool) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        if view && !invoker {
            problems.push(format!("{name}: this view reads with its owner's rights"));
        } else if !view && readable && !config.tables.contains_key(&name) {
            problems.push(format!(
                "{name}: users may read it, though it does not sync"
            ));
        }
    }
    problems
}

/// The keys that an identity reads as the user role; `None` is a session that names nobody.
async fn rows_seen(
    owner: &mut Client,
    config: &Config,
    role: &str,
    found: &Introspected,
    identity: Option<&str>,
) -> Seen {
    let transaction = owner.transaction().await.unwrap();
    if let Some(identity) = identity {
        transaction
            .execute(
                "SELECT set_config($1, $2, true)",
                &[&config.identity.setting, &identity],
            )
            .await
            .unwrap();
    }
    transaction
        .batch_execute(&format!("SET LOCAL ROLE \"{role}\""))
        .await
        .unwrap();
    let mut seen = Seen::new();
    for (table, facts) in found.schema.tables.iter().zip(&found.tables) {
        let key: Vec<String> = key_columns(table)
            .map(|at| format!("{}::text", facts.columns[at].sql))
            .collect();
        let sql = format!("SELECT ARRAY[{}] FROM {}", key.join(", "), facts.sql);
        let rows = transaction
            .query(&sql, &[])
            .await
            .unwrap_or_else(|e| panic!("{}, read as {identity:?}: {e:?}", table.name));
        seen.insert(
            table.name.clone(),
            rows.iter().map(|row| row.get(0)).collect(),
        );
    }
    seen
}

fn key_columns(table: &Table) -> impl Iterator<Item = usize> {
    table.key_columns().into_iter().map(|c| usize::from(c.0))
}

/// What the endpoint serves is what row security shows.
async fn served_problems(
    database: Database,
    config: Config,
    whose: &Identities,
    seen: &BTreeMap<&str, Seen>,
) -> Vec<String> {
    let endpoint = Endpoint::over(database, config).await;
    let mut problems = Vec::new();
    for identity in whose.identities.iter().chain([&whose.stranger]) {
        let replica = endpoint.replica(identity).await;
        for (table, shown) in &seen[identity.as_str()] {
            let served = replica.rows.keys().filter(|(t, _)| t == table).count();
            if served != shown.len() {
                problems.push(format!(
                    "{table}: {identity} is served {served} rows, but row security shows {}",
                    shown.len()
                ));
            }
        }
    }
    problems
}
