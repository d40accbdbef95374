//! migrate, attach, detach, seed, and the refusals to start.

use crate::harness::*;
use crate::process::haversack;
use haversack_core::ErrorCode;
use haversack_endpoint::attach::{Password, attach, detach};
use haversack_endpoint::config::Config;
use haversack_endpoint::serve::prepare;
use haversack_endpoint::{migrate, seed};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// A schema folder of its own, removed with the value.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(config: &str, migrations: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("haversack-test-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(folder.join("migrations")).unwrap();
        std::fs::write(folder.join("haversack.toml"), config).unwrap();
        let folder = Self(folder);
        for (name, sql) in migrations {
            folder.write(name, sql);
        }
        folder
    }

    pub fn write(&self, name: &str, sql: &str) {
        std::fs::write(self.0.join("migrations").join(name), sql).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn migrations_are_applied_once_and_never_changed() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    let folder = Folder::new(
        "[tables.a]",
        &[("V1__a.sql", "CREATE TABLE a (id int PRIMARY KEY)")],
    );
    let apply = async |owner: &mut Client| {
        migrate::apply(owner, &migrate::read(&folder.0)?)
            .await
            .map(|m| m.len())
    };
    assert_eq!(apply(&mut owner).await, Ok(1));
    assert_eq!(apply(&mut owner).await, Ok(0));
    // Half of a file that fails is not applied.
    folder.write("V2__b.sql", "CREATE TABLE b (id int);\nSELECT nope");
    let error = apply(&mut owner).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::MigrationFailed);
    assert!(error.message.contains("V2__b.sql, line 2"), "{error}");
    assert!(owner.query("SELECT FROM b", &[]).await.is_err());
    folder.write("V2__b.sql", "CREATE TABLE b (id int)");
    assert_eq!(apply(&mut owner).await, Ok(1));
    let row = owner
        .query_one(
            "SELECT migration_name, checksum FROM schema_migrations WHERE version = 2",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, &str>(0), row.get::<_, &str>(1).len()),
        ("b", 64)
    );
    folder.write("V1__a.sql", "CREATE TABLE a (id bigint PRIMARY KEY)");
    let error = apply(&mut owner).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::MigrationChanged);
    assert!(error.message.contains("V1__a.sql"));
    std::fs::remove_file(folder.0.join("migrations/V2__b.sql")).unwrap();
    folder.write("V1__a.sql", "CREATE TABLE a (id int PRIMARY KEY)");
    assert_eq!(
        apply(&mut owner).await.unwrap_err().code,
        ErrorCode::ConfigInvalid,
        "a file is missing"
    );
    folder.write("V3__c.sql", "");
    assert_eq!(
        apply(&mut owner).await.unwrap_err().code,
        ErrorCode::ConfigInvalid,
        "a gap"
    );
}

/// Everything in the catalog that attach could leave behind.
async fn traces(client: &Client, database: &str) -> Vec<String> {
    let sql = format!(
        "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'
         UNION ALL SELECT 'relation ' || oid::regclass || ' ' || relkind::text FROM pg_class
             WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_schema)')
         UNION ALL SELECT 'grant on ' || c.oid::regclass || ' to ' || a.grantee::regrole || ' ' || a.privilege_type
             FROM pg_class c, aclexplode(c.relacl) a WHERE a.grantee <> c.relowner AND a.grantee <> 0
         UNION ALL SELECT 'grant on ' || t.attrelid::regclass || '.' || t.attname || ' to ' || a.grantee::regrole
             FROM pg_attribute t, aclexplode(t.attacl) a
         UNION ALL SELECT 'grant on schema ' || n.nspname || ' to ' || a.grantee::regrole
             FROM pg_namespace n, aclexplode(n.nspacl) a WHERE a.grantee <> n.nspowner AND a.grantee <> 0
         UNION ALL SELECT 'grant on database to ' || a.grantee::regrole
             FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = '{database}' AND a.grantee NOT IN (0, d.datdba)
         UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
         UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc
             WHERE pronamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_schema)')
         UNION ALL SELECT 'policy ' || polrelid::regclass || polname FROM pg_policy
         UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
         UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname LIKE '{database}%'
         ORDER BY 1"
    );
    client
        .query(&sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

#[tokio::test]
async fn detach_leaves_no_trace_of_attach() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    let folder = Folder::new(
        "[tables.organizational]\nwritable = true\n[tables.'app.notes']\n[tables.parts]",
        &[("V1__all.sql", "CREATE TABLE organizational (id serial PRIMARY KEY, t text);
            CREATE SCHEMA app;
            CREATE TABLE app.notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner int NOT NULL);
            ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;
            CREATE POLICY own ON app.notes USING (owner = current_setting('app.current_user_id', true)::int);
            CREATE TABLE parts (id int PRIMARY KEY, t text) PARTITION BY RANGE (id);
            CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100)")],
    );
    migrate::apply(&mut owner, &migrate::read(&folder.0).unwrap())
        .await
        .unwrap();
    let config = Config::read(&folder.0).unwrap();
    let before = traces(&owner, &database.name).await;
    let password = Password::Set(PASSWORD.into());
    attach(&mut owner, &config, &password).await.unwrap();
    let attached = traces(&owner, &database.name).await;
    assert!(attached.len() > before.len() + 40, "{attached:#?}");
    attach(&mut owner, &config, &password).await.unwrap();
    assert_eq!(
        traces(&owner, &database.name).await,
        attached,
        "attach may be repeated"
    );
    // What is written in between is no hindrance.
    owner
        .batch_execute(
            "INSERT INTO organizational (t) VALUES ('x'); INSERT INTO parts_1 VALUES (1, 'direct')",
        )
        .await
        .unwrap();
    let captured = owner
        .query_one("SELECT count(*) FROM haversack.changes", &[])
        .await
        .unwrap();
    assert_eq!(
        captured.get::<_, i64>(0),
        2,
        "writes straight to a partition are captured"
    );
    // A table that no longer syncs is let go.
    let fewer = Config::parse("[tables.'app.notes']", "haversack.toml").unwrap();
    attach(&mut owner, &fewer, &password).await.unwrap();
    let left = traces(&owner, &database.name).await;
    assert!(
        !left
            .iter()
            .any(|t| t.contains("grant on organizational") || t.contains("ON public.parts")),
        "{left:#?}"
    );
    assert_eq!(
        detach(&mut owner, &config).await.unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(traces(&owner, &database.name).await, before);
    assert_eq!(
        detach(&mut owner, &config).await.unwrap(),
        Vec::<String>::new(),
        "detach may be repeated"
    );
}

#[tokio::test]
async fn the_dump_after_detach_is_the_one_before_attach() {
    let Some(dump) = pg_dump() else {
        println!(
            "skipped: there is no pg_dump; detach_leaves_no_trace_of_attach compares the catalog instead"
        );
        return;
    };
    let database = Database::create().await;
    let mut owner = database.owner().await;
    let folder = organizational();
    migrate::apply(&mut owner, &migrate::read(&folder).unwrap())
        .await
        .unwrap();
    let take = || {
        let output = std::process::Command::new(&dump)
            .args(["--schema-only", &database.url])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        // Newer versions put a random key into the dump.
        text.lines()
            .filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let before = take();
    let config = Config::read(&folder).unwrap();
    attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
        .await
        .unwrap();
    assert_ne!(take(), before);
    detach(&mut owner, &config).await.unwrap();
    assert_eq!(take(), before);
}

fn pg_dump() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let installed = std::fs::read_dir("/usr/lib/postgresql").ok();
    let debian = installed
        .into_iter()
        .flatten()
        .flatten()
        .map(|v| v.path().join("bin"));
    let mut found: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(debian)
        .map(|d| d.join("pg_dump"))
        .filter(|p| p.is_file())
        .collect();
    found.pop()
}

#[tokio::test]
async fn unsafe_roles_are_refused() {
    let endpoint = Endpoint::organizational().await;
    let name = &endpoint.database.name;
    let config = endpoint.state.config.clone();
    let mut options = endpoint.database.options();
    let refused = async |options: &haversack_endpoint::serve::Options| {
        let error = prepare(config.clone(), options)
            .await
            .err()
            .expect("refused");
        assert_eq!(error.code, ErrorCode::RoleUnsafe, "{error}");
        error.message
    };
    for (do_it, undo) in [
        (
            "ALTER ROLE {}_haversack BYPASSRLS",
            "ALTER ROLE {}_haversack NOBYPASSRLS",
        ),
        (
            "ALTER ROLE {}_haversack_user SUPERUSER",
            "ALTER ROLE {}_haversack_user NOSUPERUSER",
        ),
        (
            "ALTER TABLE tags OWNER TO {}_haversack",
            "ALTER TABLE tags OWNER TO CURRENT_USER",
        ),
        (
            "ALTER TABLE tags OWNER TO {}_haversack_user",
            "ALTER TABLE tags OWNER TO CURRENT_USER",
        ),
        (
            "CREATE ROLE {}_o; ALTER TABLE tags OWNER TO {}_o; GRANT {}_o TO {}_haversack",
            "ALTER TABLE tags OWNER TO CURRENT_USER; DROP ROLE {}_o",
        ),
    ] {
        endpoint.sql(&do_it.replace("{}", name)).await;
        let message = refused(&options).await;
        assert!(message.contains(name), "{message}");
        endpoint.sql(&undo.replace("{}", name)).await;
    }
    // Moving a table to another owner and back drops that owner's grants.
    let mut owner = endpoint.database.owner().await;
    attach(&mut owner, &config, &Password::Keep).await.unwrap();
    assert!(prepare(config.clone(), &options).await.is_ok());
    options.database_url = endpoint.database.url.clone();
    assert!(refused(&options).await.contains("superuser"));
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_within_a_bounded_time() {
    // One port that nobody listens on, and one where somebody listens and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for port in [closed, silent.local_addr().unwrap().port()] {
        let start = Instant::now();
        let output = haversack()
            .args(["migrate", "--schema"])
            .arg(organizational())
            .env(
                "DATABASE_URL",
                format!("postgres://me:sesame@127.0.0.1:{port}/x"),
            )
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            text.contains("[database_unavailable]") && text.contains("what to do:"),
            "{text}"
        );
        assert!(
            text.contains(&port.to_string()) && !text.contains("sesame"),
            "{text}"
        );
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_lost_database_is_a_problem_not_a_hang() {
    let endpoint = Endpoint::organizational().await;
    let ada = endpoint.replica("1").await;
    let admin = haversack_endpoint::database::connect(&superuser_url(), "x")
        .await
        .unwrap();
    let name = &endpoint.database.name;
    let login = format!("{name}_haversack");
    let sql = format!(
        "ALTER ROLE {login} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{login}'"
    );
    admin.batch_execute(&sql).await.unwrap();
    let problem = ada.send(&ada.request(vec![])).await.unwrap_err();
    assert_eq!(
        (problem.code, problem.status),
        (ErrorCode::DatabaseUnavailable, 503)
    );
    assert!(problem.retry_after_ms.is_some());
    admin
        .batch_execute(&format!("ALTER ROLE {login} LOGIN"))
        .await
        .unwrap();
    assert!(
        ada.send(&ada.request(vec![])).await.is_ok(),
        "it recovers by itself"
    );
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let database = Database::create().await;
    let run = |arguments: &[&str], url: Option<&str>| {
        let mut command = haversack();
        command
            .args(arguments)
            .arg("--schema")
            .arg(organizational())
            .env("HAVERSACK_JWT_SECRET", SECRET);
        if let Some(url) = url {
            command
                .env("DATABASE_URL", url)
                .env("HAVERSACK_DATABASE_URL", url);
        }
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    for (arguments, url, expected) in [
        (["migrate"], None, "[config_invalid]"),
        (["serve"], None, "HAVERSACK_DATABASE_URL is not set"),
        (["migrate"], Some("nonsense"), "[config_invalid]"),
        (["attach"], Some(database.url.as_str()), "lists table"),
        (["serve"], Some(database.url.as_str()), "["),
    ] {
        let (code, text) = run(&arguments, url);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains(expected) && text.contains("what to do: "),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_login_url_that_attach_prints_works() {
    let database = Database::create().await;
    let run = |arguments: &[&str], more: &[(&str, &str)]| {
        let mut command = haversack();
        command
            .args(arguments)
            .arg("--schema")
            .arg(organizational())
            .env("DATABASE_URL", &database.url);
        let output = command.envs(more.iter().copied()).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["migrate"], &[]);
    let sql = run(&["attach", "--print"], &[]);
    assert!(sql.contains("CREATE TRIGGER haversack_insert"), "{sql}");
    let nothing = database
        .owner()
        .await
        .query_one("SELECT to_regnamespace('haversack') IS NULL", &[])
        .await
        .unwrap();
    assert!(nothing.get::<_, bool>(0), "--print changes nothing");
    let said = run(&["attach"], &[]);
    let url = said
        .lines()
        .last()
        .unwrap()
        .strip_prefix("HAVERSACK_DATABASE_URL=")
        .unwrap()
        .to_owned();
    haversack_endpoint::database::connect(&url, "x")
        .await
        .unwrap();
    let again = run(&["attach"], &[("HAVERSACK_DATABASE_URL", &url)]);
    assert_eq!(
        again.lines().last(),
        said.lines().last(),
        "a known URL keeps its password"
    );
}

#[tokio::test]
async fn seeding_is_done_once_and_moves_the_sequences() {
    let endpoint = Endpoint::new(&organizational()).await;
    let folder = std::env::temp_dir().join(format!("haversack-seed-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("01_users.ndjson"),
        r#"{"user_id":1,"username":"a","email":"a@b.c","password_hash":"!"}"#,
    )
    .unwrap();
    std::fs::write(
        folder.join("02_events.ndjson"),
        "{\"event_id\":40,\"user_id\":1,\"title\":\"x\",\"custom_fields\":{\"a\":[1]}}\n{\"user_id\":1,\"event_id\":41,\"title\":\"y\",\"priority\":2}\n",
    )
    .unwrap();
    let mut owner = endpoint.database.owner().await;
    for _ in 0..2 {
        seed::seed(&mut owner, &folder).await.unwrap();
    }
    assert_eq!(endpoint.count("events").await, 2);
    assert_eq!(
        endpoint
            .value("SELECT custom_fields FROM events WHERE event_id = 41")
            .await
            .as_deref(),
        Some("{}"),
        "defaults fill what is absent"
    );
    assert_eq!(
        endpoint
            .value("nextval('events_event_id_seq')")
            .await
            .as_deref(),
        Some("42")
    );
    let ada = endpoint.replica("1").await;
    assert_eq!(ada.column("events", "title").len(), 2);
    std::fs::write(
        folder.join("03_tags.ndjson"),
        "{\"user_id\":99,\"name\":\"no such user\"}",
    )
    .unwrap();
    endpoint.sql("TRUNCATE events, users CASCADE").await;
    let error = seed::seed(&mut owner, &folder).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ConfigInvalid);
    assert_eq!(
        endpoint.count("users").await,
        0,
        "nothing is loaded by halves"
    );
    std::fs::remove_dir_all(folder).unwrap();
}
