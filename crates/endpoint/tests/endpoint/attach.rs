//! attach makes a database syncable; detach leaves it as it was.

use crate::commands::Folder;
use crate::harness::*;
use crate::process::haversack;
use haversack_endpoint::attach::{Password, attach, detach};
use haversack_endpoint::config::Config;
use haversack_endpoint::migrate;
use haversack_endpoint::serve::prepare;
use std::path::PathBuf;
use tokio_postgres::Client;

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
async fn a_renamed_table_keeps_its_number_and_with_it_its_leases() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    let attached = async |owner: &mut Client, tables: &str| {
        let config = Config::parse(tables, "haversack.toml").unwrap();
        let password = Password::Set(PASSWORD.into());
        attach(owner, &config, &password).await.unwrap();
        let sql = "SELECT name, id FROM haversack.tables ORDER BY id";
        let rows = owner.query(sql, &[]).await.unwrap();
        let row = |row: &tokio_postgres::Row| (row.get::<_, String>(0), row.get::<_, i32>(1));
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let named = |names: &[&str]| {
        let numbered = names.iter().zip(1..).map(|(n, id)| ((*n).to_owned(), id));
        numbered.collect::<Vec<_>>()
    };
    let sql = "CREATE TABLE notes (id serial PRIMARY KEY, t text)";
    owner.batch_execute(sql).await.unwrap();
    let first = attached(&mut owner, "[tables.notes]\nwritable = true").await;
    assert_eq!(first, named(&["notes"]));
    let sql = "ALTER TABLE notes RENAME TO memos; CREATE TABLE others (id int PRIMARY KEY)";
    owner.batch_execute(sql).await.unwrap();
    let tables = "[tables.memos]\nwritable = true\n[tables.others]";
    let second = attached(&mut owner, tables).await;
    assert_eq!(second, named(&["memos", "others"]));
    assert_eq!(attached(&mut owner, tables).await, second, "once for all");
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
async fn an_owner_who_is_no_superuser_attaches_and_detaches() {
    let database = Database::create().await;
    let name = &database.name;
    let admin = database.owner().await;
    let sql = format!(
        "CREATE ROLE {name}_owner LOGIN CREATEROLE PASSWORD 'x'; GRANT CREATE, CONNECT ON DATABASE {name} TO {name}_owner;
         GRANT ALL ON SCHEMA public TO {name}_owner; REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;
         ALTER DATABASE {name} OWNER TO {name}_owner"
    );
    admin.batch_execute(&sql).await.unwrap();
    let url =
        haversack_endpoint::attach::login_url(&database.url, &format!("{name}_owner"), Some("x"))
            .unwrap();
    let mut owner = haversack_endpoint::database::connect(&url, "x")
        .await
        .unwrap();
    migrate::apply(&mut owner, &migrate::read(&organizational()).unwrap())
        .await
        .unwrap();
    let config = Config::read(&organizational()).unwrap();
    let before = traces(&admin, name).await;
    for _ in 0..2 {
        attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
            .await
            .unwrap();
    }
    assert!(prepare(config.clone(), &database.options()).await.is_ok());
    assert_eq!(
        detach(&mut owner, &config).await.unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(traces(&admin, name).await, before);
    drop(owner);
    let sql = format!(
        "REASSIGN OWNED BY {name}_owner TO CURRENT_USER; DROP OWNED BY {name}_owner; DROP ROLE {name}_owner"
    );
    admin.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn the_dump_after_detach_is_the_one_before_attach() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    let Some(dump) = pg_dump(&owner).await else {
        println!("detach_leaves_no_trace_of_attach compares the catalog instead");
        return;
    };
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

/// A pg_dump that is no older than the server; says loudly that there is none.
pub async fn pg_dump(owner: &Client) -> Option<PathBuf> {
    let sql = "SELECT current_setting('server_version_num')::int / 10000";
    let server: i32 = owner.query_one(sql, &[]).await.unwrap().get(0);
    let path = std::env::var_os("PATH")?;
    let installed = std::fs::read_dir("/usr/lib/postgresql").ok();
    let debian = installed
        .into_iter()
        .flatten()
        .flatten()
        .map(|v| v.path().join("bin"));
    let version = |program: &PathBuf| -> Option<i32> {
        let output = std::process::Command::new(program)
            .arg("--version")
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        text.split_whitespace()
            .nth(2)?
            .split('.')
            .next()?
            .parse()
            .ok()
    };
    let found = std::env::split_paths(&path)
        .chain(debian)
        .map(|d| d.join("pg_dump"))
        .find(|p| p.is_file() && version(p).is_some_and(|v| v >= server));
    if found.is_none() {
        println!("SKIPPED: no pg_dump of version {server} or later: the dumps are NOT compared");
    }
    found
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
    assert!(
        sql.contains("CREATE OR REPLACE TRIGGER haversack_insert"),
        "{sql}"
    );
    // Tables are locked in one transaction with all else.
    let (begin, commit) = (sql.starts_with("BEGIN;\n"), sql.ends_with("COMMIT;\n"));
    assert!(begin && commit, "{sql}");
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
async fn cursors_from_before_a_gap_in_the_watch_get_a_snapshot() {
    let endpoint = Endpoint::organizational().await;
    let config = Config::read(&organizational()).unwrap();
    let mut fewer = config.clone();
    fewer.tables.remove("events").unwrap();
    fewer.migrations.clear();
    for table in fewer.tables.values_mut() {
        table.polymorphic.clear();
    }
    let mut owner = endpoint.database.owner().await;
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'goes unseen')")
        .await;
    let mut ada = endpoint.replica("1").await;
    attach(&mut owner, &config, &Password::Keep).await.unwrap();
    let answer = ada.pull().await;
    assert!(!answer.head.snapshot, "nothing was missed");
    // Out of the sync for a while, then made anew, then watched in part only.
    for (gap, fewer) in [
        ("DELETE FROM events", Some(&fewer)),
        (
            "ALTER TABLE events DISABLE TRIGGER haversack_insert;
             INSERT INTO events (user_id, title) VALUES (1, 'unseen too')",
            None,
        ),
    ] {
        if let Some(fewer) = fewer {
            attach(&mut owner, fewer, &Password::Keep).await.unwrap();
        }
        endpoint.sql(gap).await;
        attach(&mut owner, &config, &Password::Keep).await.unwrap();
        let answer = ada.pull().await;
        assert!(answer.head.snapshot, "{gap}");
        assert_eq!(
            ada.column("events", "title").len() as i64,
            endpoint.count("events").await
        );
        // Transactions of other databases hold a snapshot's xmin back too, so not always at once.
        let goes_on = async { while ada.pull().await.head.snapshot {} };
        tokio::time::timeout(std::time::Duration::from_secs(10), goes_on)
            .await
            .unwrap_or_else(|_| panic!("the new cursor goes on after {gap}"));
    }
}

#[tokio::test]
async fn who_writes_while_attach_and_detach_run_is_not_refused() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    owner
        .batch_execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
        .await
        .unwrap();
    let config = Config::parse("[tables.a]\n[tables.b]", "haversack.toml").unwrap();
    let password = Password::Set(PASSWORD.into());
    attach(&mut owner, &config, &password).await.unwrap();
    let (writer, admin) = (database.owner().await, database.owner().await);
    // They lock the tables one after the other, in one order or the other.
    for (round, (first, then)) in [("a", "b"), ("b", "a"), ("a", "b")].into_iter().enumerate() {
        let detached = round == 2;
        writer
            .batch_execute(&format!("BEGIN; INSERT INTO {first} VALUES ({round})"))
            .await
            .unwrap();
        let changing = async {
            match detached {
                false => attach(&mut owner, &config, &password).await.map(drop),
                true => detach(&mut owner, &config).await.map(drop),
            }
        };
        let writing = async {
            let waits = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                         WHERE d.datname = current_database() AND NOT l.granted";
            while admin.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            writer
                .batch_execute(&format!(
                    "INSERT INTO {then} VALUES ({round}); INSERT INTO {first} VALUES (10 + {round}); COMMIT"
                ))
                .await
        };
        let (changed, written) = tokio::join!(changing, writing);
        written.unwrap_or_else(|error| panic!("round {round}: {error:?}"));
        changed.unwrap_or_else(|error| panic!("round {round}: {error}"));
    }
    for table in ["a", "b"] {
        let sql = format!("SELECT count(*) FROM {table}");
        let rows: i64 = owner.query_one(&sql, &[]).await.unwrap().get(0);
        assert!(rows >= 4, "{table} has {rows}");
    }
}

#[tokio::test]
async fn who_only_reads_holds_up_no_attach() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    let sql = "CREATE TABLE a (id int PRIMARY KEY)";
    owner.batch_execute(sql).await.unwrap();
    let config = Config::parse("[tables.a]", "haversack.toml").unwrap();
    let password = Password::Set(PASSWORD.into());
    attach(&mut owner, &config, &password).await.unwrap();
    // As a backup does, for hours.
    let reader = database.owner().await;
    let sql = "BEGIN; SELECT FROM a";
    reader.batch_execute(sql).await.unwrap();
    let again = attach(&mut owner, &config, &password);
    tokio::time::timeout(std::time::Duration::from_secs(10), again)
        .await
        .expect("it waits for nobody")
        .unwrap();
    reader.batch_execute("ROLLBACK").await.unwrap();
}
