//! migrate, seed, and the refusals to start.

use crate::harness::*;
use crate::process::haversack;
use haversack_core::ErrorCode;
use haversack_endpoint::attach::{Password, attach};
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
        error.message.clone()
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
