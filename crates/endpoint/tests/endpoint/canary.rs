//! A private column's value is in nothing that the endpoint says, whatever goes wrong (F63).

use crate::harness::*;
use crate::process::{Server, haversack};
use haversack_core::protocol::Op;

/// Its beginning is in every user's `password_hash`.
const CANARY: &str = "canary";

/// Rules that only Postgres knows, whose violations it reports with the whole row.
const RULES: &str = "
    ALTER TABLE users ADD CONSTRAINT nobody CHECK (username <> 'nobody');
    CREATE FUNCTION tell_all() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'not that one' USING DETAIL = old::text, HINT = old.password_hash,
            COLUMN = old.password_hash, DATATYPE = old.password_hash;
    END $$;
    CREATE TRIGGER tell_all BEFORE UPDATE ON users FOR EACH ROW
        WHEN (new.username = 'told') EXECUTE FUNCTION tell_all();
    CREATE TABLE untold (hash text);
    CREATE FUNCTION divert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO untold SELECT password_hash::int FROM users;
        RETURN new;
    END $$;
    CREATE TRIGGER divert BEFORE UPDATE ON users FOR EACH ROW
        WHEN (new.username = 'diverted') EXECUTE FUNCTION divert();
    CREATE FUNCTION empty() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        new.password_hash := NULL;
        RETURN new;
    END $$;
    CREATE TRIGGER empty BEFORE UPDATE ON users FOR EACH ROW
        WHEN (new.username = 'emptied') EXECUTE FUNCTION empty();";

/// The words of an update of one's own name, and what Postgres would say to it.
const NAMES: [&str; 5] = ["nobody", "grace", "told", "diverted", "emptied"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_hash_is_in_no_answer_no_error_and_no_log() {
    let endpoint = Endpoint::organizational().await;
    let folder = std::env::temp_dir().join(format!("{}-log", endpoint.database.name));
    let log = std::fs::File::create(&folder).unwrap();
    let mut command = haversack();
    command.env("HAVERSACK_LOG", "trace").stderr(log);
    let server = Server::of(command, &endpoint.database, "127.0.0.1:0");
    // A migration of which the endpoint has not heard, so that these are Postgres's words.
    endpoint.sql(RULES).await;
    // Postgres does say it: to the owner here, in the details of its errors.
    let mut said = 0;
    for name in NAMES {
        let sql = format!("UPDATE users SET username = '{name}' WHERE user_id = 1");
        let error = endpoint.owner.batch_execute(&sql).await.unwrap_err();
        said += usize::from(format!("{error:?}").contains(CANARY));
    }
    assert_eq!(said, 3, "all but the unique key, which has the name alone");

    let mut ada = endpoint.new_replica("1");
    let mut texts = vec![
        server.ask("GET /v1/schema", "").unwrap(),
        server.ask("GET /health", "").unwrap(),
    ];
    let mut post = |mutations| {
        let body = serde_json::to_string(&ada.request(mutations)).unwrap();
        texts.push(server.ask("POST /v1/sync", &body).unwrap());
    };
    post(vec![]);
    // What user 1 has seen; what is sent is ada's all the same.
    let mut seen = endpoint.replica("1").await;
    for name in NAMES {
        if name == "emptied" {
            // Of a column that it does not serve it suspects a migration, and looks for one.
            let sql = "ALTER TABLE users DROP CONSTRAINT nobody";
            endpoint.sql(sql).await;
        }
        let op = seen.update("users", "1", &[("username", name)]);
        let mutation = seen.mutation(vec![op]);
        post(vec![mutation]);
    }
    for text in &texts {
        assert!(!text.contains("password_hash"), "{text}");
    }
    for text in &texts[3..] {
        assert!(text.contains("rejected"), "{text}");
    }
    // Whoever names the column is told of that name, and of no value.
    for op in [
        Op::Update {
            table: "users".into(),
            key: vec!["1".into()],
            set: values(&[("password_hash", "mine")]),
            base: Default::default(),
        },
        insert("users", &[("username", "eve"), ("password_hash", "mine")]),
    ] {
        let mutation = seen.mutation(vec![op]);
        let body = serde_json::to_string(&ada.request(vec![mutation])).unwrap();
        let text = server.ask("POST /v1/sync", &body).unwrap();
        assert!(text.contains("rejected"), "{text}");
        texts.push(text);
    }
    let query = serde_json::json!({
        "protocol": 1, "fingerprint": ada.fingerprint, "params": ["c%"],
        "query": { "table": "users", "where": [{ "column": "password_hash", "op": "like" }] },
    });
    let text = server.ask("POST /v1/query", &query.to_string()).unwrap();
    assert!(text.contains("unknown_column"), "{text}");
    texts.push(text);
    ada.cursor = None;
    texts.push(server.ask("POST /v1/sync", "{\"replica\": 1").unwrap());
    for text in &texts {
        assert!(!text.contains(CANARY), "{text}");
    }
    drop(server);
    let log = std::fs::read_to_string(&folder).unwrap();
    std::fs::remove_file(&folder).unwrap();
    assert!(log.contains("sync"), "the log is on: {log}");
    assert!(!log.contains(CANARY), "{log}");
    let hashes = "SELECT count(*) FROM users WHERE password_hash LIKE 'canary-%'";
    assert_eq!(endpoint.value(hashes).await.as_deref(), Some("2"));
    commands_say_nothing_either(&endpoint);
}

/// What the commands print of this database, and write for clients.
fn commands_say_nothing_either(endpoint: &Endpoint) {
    let written = std::env::temp_dir().join(format!("{}.ts", endpoint.database.name));
    let path = written.to_str().unwrap();
    for arguments in [&["check"][..], &["pull", "--out", path]] {
        let output = haversack()
            .args(arguments)
            .arg("--schema")
            .arg(organizational())
            .env("DATABASE_URL", &endpoint.database.url)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(!said.concat().contains(CANARY), "{arguments:?}: {said:?}");
    }
    let types = std::fs::read_to_string(&written).unwrap();
    std::fs::remove_file(&written).unwrap();
    assert!(types.contains("username") && !types.contains("password_hash"));
    assert!(!types.contains(CANARY));
}
