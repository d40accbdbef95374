//! A database made by other hands, in Supabase's style: roles and policies of its own, a function
//! that names the user, migrations by another tool. It syncs unchanged, and is afterwards as before.

use crate::attach::pg_dump;
use crate::commands::Folder;
use crate::harness::*;
use crate::process::haversack;
use haversack_core::ErrorCode;
use haversack_core::protocol::Op;
use haversack_endpoint::attach::{Password, attach, detach};
use haversack_endpoint::config::Config;
use haversack_endpoint::database;
use haversack_endpoint::serve::prepare;
use std::path::Path;
use std::process::Command;

const ADA: &str = "0189f7ea-ae2c-7809-8aeb-b819cf5e9e7f";
const GRACE: &str = "0189f7ea-ae2c-7809-8aeb-b819cf5e9e80";
const NOTE: &str = "0189f7ea-ae2c-7809-8aeb-000000000001";

/// `ROLE_` stands for the prefix of the roles' names: roles are the cluster's.
const SQL: &str = r#"
CREATE ROLE ROLE_anon NOLOGIN NOINHERIT; CREATE ROLE ROLE_authenticated NOLOGIN NOINHERIT;
CREATE SCHEMA auth; CREATE SCHEMA extensions; CREATE SCHEMA supabase_migrations;
GRANT USAGE ON SCHEMA public, auth TO ROLE_anon, ROLE_authenticated;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  select
  coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
  )::uuid
$$;
CREATE TABLE auth.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text, encrypted_password text);
CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY, statements text[], name text);
INSERT INTO supabase_migrations.schema_migrations VALUES ('20240101000000', '{}', 'init');
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO ROLE_anon, ROLE_authenticated;
CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    username text UNIQUE CHECK (char_length(username) >= 3),
    api_token text,
    updated_at timestamptz DEFAULT now());
CREATE TABLE public.notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL DEFAULT auth.uid() REFERENCES auth.users ON DELETE CASCADE,
    title text NOT NULL, data jsonb DEFAULT '{}'::jsonb,
    inserted_at timestamptz NOT NULL DEFAULT timezone('utc'::text, now()));
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Own profile" ON profiles FOR SELECT TO ROLE_authenticated USING (auth.uid() = id);
CREATE POLICY "Own notes" ON notes TO ROLE_authenticated USING ((select auth.uid()) = user_id) WITH CHECK ((select auth.uid()) = user_id);
INSERT INTO auth.users (id, email) VALUES ('ADA', 'ada@example.org'), ('GRACE', 'grace@example.org');
INSERT INTO profiles (id, username, api_token) VALUES ('ADA', 'ada', 'canary'), ('GRACE', 'grace', 'canary');
INSERT INTO notes (user_id, title) VALUES ('GRACE', 'hers');
"#;

fn config(role: &str) -> String {
    format!(
        "[identity]\nsetting = 'request.jwt.claims'\n[roles]\nuser = '{role}_authenticated'\n\
         [tables.profiles]\nprivate = ['api_token']\n[tables.notes]\n"
    )
}

/// A libc collation of the machine's, as hosts have; bytes where there is no such locale.
async fn create() -> Database {
    let database = Database::create().await;
    let admin = database::connect(&superuser_url(), "x").await.unwrap();
    let name = &database.name;
    for locale in ["en_US.UTF-8", "en_US.utf8", "C.UTF-8"] {
        let sql = format!("DROP DATABASE IF EXISTS {name}");
        admin.batch_execute(&sql).await.unwrap();
        let sql = format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE '{locale}' LC_CTYPE '{locale}'"
        );
        if admin.batch_execute(&sql).await.is_ok() {
            println!("the database's collation is {locale}");
            return database;
        }
    }
    panic!("no locale can be had");
}

async fn drop_roles(role: &str) {
    let admin = database::connect(&superuser_url(), "x").await.unwrap();
    for name in ["anon", "authenticated"] {
        admin
            .batch_execute(&format!("DROP ROLE IF EXISTS {role}_{name}"))
            .await
            .unwrap();
    }
}

/// The schema and the cluster's roles as the dumping tools of the server's version write them.
async fn dumps(database: &Database) -> Option<(String, String)> {
    let owner = database.owner().await;
    let dump = pg_dump(&owner).await?;
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        // Newer versions put a random key into the dump; other tests make roles of their own.
        let foreign = |line: &str| {
            line.contains("haversack_test_") && !line.contains(&format!("{}_", database.name))
        };
        let kept = text.lines().filter(|l| {
            !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict") && !foreign(l)
        });
        kept.collect::<Vec<_>>().join("\n")
    };
    let schema = run(&dump, &["--schema-only", &database.url]);
    let roles = run(
        &dump.with_file_name("pg_dumpall"),
        &["--roles-only", "--dbname", &database.url],
    );
    // The heading of a section comes and goes with the roles of other tests.
    let said = |line: &&str| !line.is_empty() && !line.starts_with("--");
    let roles = roles.lines().filter(said).collect::<Vec<_>>().join("\n");
    Some((schema, roles))
}

#[tokio::test]
async fn it_syncs_unchanged_and_is_afterwards_as_before() {
    let database = create().await;
    let role = database.name.clone();
    let sql = SQL
        .replace("ROLE_", &format!("{role}_"))
        .replace("'ADA'", &format!("'{ADA}'"))
        .replace("'GRACE'", &format!("'{GRACE}'"));
    database.owner().await.batch_execute(&sql).await.unwrap();
    let folder = Folder::new(&config(&role), &[]);
    let before = dumps(&database).await;

    let (code, text) = check(&folder, &database, &[]);
    assert_eq!(code, Some(0), "{text}");
    for expected in [
        "notes: rows whose user_id is the user; key id; insert, update, delete",
        "profiles: rows whose id is the user",
        "policy Own profile of profiles asks who the user is for every row [policy_slow]",
        "USING (( SELECT auth.uid()) = id)",
        "no index of notes leads with user_id",
        "auth.users, supabase_migrations.schema_migrations",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(
        !text.contains("policy Own notes"),
        "it asks once already\n{text}"
    );

    let mut owner = database.owner().await;
    let config = Config::read(&folder.0).unwrap();
    for _ in 0..2 {
        attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
            .await
            .unwrap();
    }
    let types = folder.0.join("schema.ts");
    let pulled = haversack()
        .args(["pull", "--out"])
        .arg(&types)
        .arg("--schema")
        .arg(&folder.0)
        .env("DATABASE_URL", &database.url)
        .output()
        .unwrap();
    assert!(
        pulled.status.success(),
        "{}",
        String::from_utf8_lossy(&pulled.stderr)
    );
    let types = std::fs::read_to_string(&types).unwrap();
    assert!(
        types.contains("user_id?: string") && !types.contains("api_token"),
        "{types}"
    );

    let endpoint = Endpoint::over(database, config.clone()).await;
    let mut ada = endpoint.replica(ADA).await;
    assert_eq!(ada.column("profiles", "username"), [Some("ada".to_owned())]);
    assert!(ada.column("notes", "title").is_empty(), "nobody else's");
    let verdict = ada
        .push_one(insert("notes", &[("id", NOTE), ("title", "mine")]))
        .await;
    assert_eq!(word(&verdict), "applied", "{verdict:?}");
    assert_eq!(
        ada.confirmed("notes", NOTE, "user_id").as_deref(),
        Some(ADA)
    );
    let verdict = ada
        .push_one(ada.update("notes", NOTE, &[("title", "still mine")]))
        .await;
    assert_eq!(word(&verdict), "applied");
    let verdict = ada
        .push_one(insert(
            "notes",
            &[("id", GRACE), ("user_id", GRACE), ("title", "hers?")],
        ))
        .await;
    assert_eq!(rejection(&verdict).0, "42501");
    let op = Op::Update {
        table: "profiles".into(),
        key: vec![ADA.into()],
        set: values(&[("username", "countess")]),
        base: [(
            "username".to_owned(),
            haversack_core::protocol::Base::Text(Some("ada".into())),
        )]
        .into(),
    };
    let verdict = ada.push_one(op).await;
    assert_eq!(
        rejection(&verdict).0,
        "42501",
        "no policy lets a user update a profile"
    );
    endpoint
        .sql(&format!(
            "INSERT INTO notes (user_id, title) VALUES ('{ADA}', 'from SQL')"
        ))
        .await;
    ada.pull().await;
    assert_eq!(ada.column("notes", "title").len(), 2);
    assert_eq!(
        endpoint.replica(GRACE).await.column("notes", "title"),
        [Some("hers".to_owned())]
    );

    // The endpoint still refuses to act as a role that row security does not hold.
    endpoint
        .sql(&format!("ALTER ROLE {role}_authenticated BYPASSRLS"))
        .await;
    let refused = prepare(config.clone(), &endpoint.database.options())
        .await
        .err()
        .unwrap();
    assert_eq!(refused.code, ErrorCode::RoleUnsafe);
    endpoint
        .sql(&format!("ALTER ROLE {role}_authenticated NOBYPASSRLS"))
        .await;

    let stayed = detach(&mut owner, &config).await.unwrap();
    assert!(
        stayed.len() == 1 && stayed[0].contains("_authenticated stays"),
        "{stayed:?}"
    );
    if let (Some(before), Some(after)) = (before, dumps(&endpoint.database).await) {
        assert_eq!(after.0, before.0, "the schema");
        assert_eq!(after.1, before.1, "the roles");
        assert!(
            before.1.contains(&format!("{role}_authenticated")),
            "the dump has our roles"
        );
    }
    drop(owner);
    drop(endpoint);
    drop_roles(&role).await;
}

/// Runs `haversack check`; gives exit code and what it printed.
pub fn check(folder: &Folder, database: &Database, arguments: &[&str]) -> (Option<i32>, String) {
    let output = haversack()
        .arg("check")
        .args(arguments)
        .arg("--schema")
        .arg(&folder.0)
        .env("DATABASE_URL", &database.url)
        .output()
        .unwrap();
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}
