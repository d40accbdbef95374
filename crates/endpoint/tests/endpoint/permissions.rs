//! Permission that another table gives: a change there brings rows and takes them away.

use crate::commands::Folder;
use crate::harness::*;
use haversack_endpoint::attach::{Password, attach, detach, login_url};
use haversack_endpoint::config::Config;
use haversack_endpoint::database::connect;
use haversack_endpoint::router;
use haversack_endpoint::serve::prepare;

const CONFIG: &str = "[tables.members]\nwritable = false\n[tables.docs]\nscope = 'global'\n\
    [tables.pages]\nscope = 'global'\n[tables.notes]\n[tables.memos]\nscope = 'global'\n";

/// Documents are seen by the members of their group, pages with their document, and memos by whoever a
/// function finds in a table that does not sync.
const SQL: &str = "
CREATE TABLE members (member text NOT NULL, grp integer NOT NULL, nick text, PRIMARY KEY (member, grp));
CREATE TABLE docs (id integer PRIMARY KEY, grp integer NOT NULL, title text NOT NULL);
CREATE TABLE pages (id integer PRIMARY KEY, doc integer NOT NULL, body text NOT NULL);
CREATE TABLE notes (id integer PRIMARY KEY, owner text NOT NULL);
CREATE TABLE staff (who text PRIMARY KEY, rank integer NOT NULL, seen_at timestamptz);
CREATE TABLE memos (id integer PRIMARY KEY, body text NOT NULL);
CREATE FUNCTION is_staff() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS
    $$ BEGIN RETURN EXISTS (SELECT 1 FROM Staff WHERE who = current_setting('app.current_user_id') AND rank > 1); END $$;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE memos ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON members USING (member = current_setting('app.current_user_id'));
CREATE POLICY own ON notes USING (owner = current_setting('app.current_user_id'));
CREATE POLICY grp ON docs USING (EXISTS (SELECT FROM members m WHERE m.grp = docs.grp));
CREATE POLICY doc ON pages USING (doc IN (SELECT d.id FROM docs d));
CREATE POLICY staff ON memos USING (is_staff());
INSERT INTO docs VALUES (1, 1, 'one'), (2, 2, 'two');
INSERT INTO pages VALUES (10, 1, 'of one'), (20, 2, 'of two');
INSERT INTO notes VALUES (1, 'ada'), (2, 'bob');
INSERT INTO memos VALUES (1, 'secret');
INSERT INTO members VALUES ('ada', 1), ('bob', 2);
INSERT INTO staff VALUES ('bob', 1);
";

async fn endpoint() -> (Folder, Endpoint) {
    let folder = Folder::new(CONFIG, &[("V1__all.sql", SQL)]);
    let endpoint = Endpoint::new(&folder.0).await;
    (folder, endpoint)
}

fn seen(replica: &Replica, table: &str) -> Vec<String> {
    let column = if table == "docs" { "title" } else { "body" };
    replica
        .column(table, column)
        .into_iter()
        .flatten()
        .collect()
}

#[tokio::test]
async fn a_membership_that_ends_takes_its_rows_away_and_one_that_begins_brings_them() {
    let (_folder, endpoint) = endpoint().await;
    let mut ada = endpoint.replica("ada").await;
    let mut bob = endpoint.replica("bob").await;
    assert_eq!(seen(&ada, "pages"), ["of one"]);
    for (sql, docs, pages) in [
        ("DELETE FROM members WHERE member = 'ada'", vec![], vec![]),
        (
            "INSERT INTO members VALUES ('ada', 2)",
            vec!["two"],
            vec!["of two"],
        ),
        (
            "UPDATE members SET grp = 1 WHERE member = 'ada'",
            vec!["one"],
            vec!["of one"],
        ),
        // By way of a table that row security reads in its turn: a document moves to another group.
        ("UPDATE docs SET grp = 3 WHERE id = 1", vec![], vec![]),
        (
            "UPDATE docs SET grp = 1 WHERE id = 1",
            vec!["one"],
            vec!["of one"],
        ),
        ("TRUNCATE members", vec![], vec![]),
    ] {
        endpoint.sql(sql).await;
        let answer = ada.pull().await;
        assert!(!answer.head.snapshot, "{sql}");
        assert_eq!(seen(&ada, "docs"), docs, "{sql}");
        assert_eq!(seen(&ada, "pages"), pages, "{sql}");
        assert!(!answer.head.renewed.contains(&"notes".to_owned()), "{sql}");
        assert!(ada.pull().await.head.renewed.is_empty(), "once: {sql}");
    }
    bob.pull().await;
    assert!(seen(&bob, "docs").is_empty());
    assert_eq!(bob.column("notes", "id").len(), 1);
}

#[tokio::test]
async fn only_who_is_concerned_and_only_what_is_read_brings_tables_anew() {
    let (_folder, endpoint) = endpoint().await;
    let mut ada = endpoint.replica("ada").await;
    let mut bob = endpoint.replica("bob").await;
    endpoint.sql("INSERT INTO members VALUES ('bob', 1)").await;
    assert!(ada.pull().await.head.renewed.is_empty(), "bob's alone");
    let renewed = bob.pull().await.head.renewed;
    assert_eq!(renewed, ["docs", "pages"]);
    assert_eq!(seen(&bob, "docs"), ["one", "two"]);
    for sql in [
        // What no policy reads.
        "UPDATE members SET nick = 'b' WHERE member = 'bob'",
        "UPDATE docs SET title = title || '!'",
        "UPDATE staff SET seen_at = now()",
        "UPDATE pages SET body = body || '!'",
        // And what it reads, as it was.
        "UPDATE members SET grp = grp, member = member",
    ] {
        endpoint.sql(sql).await;
        assert!(bob.pull().await.head.renewed.is_empty(), "{sql}");
    }
    assert_eq!(seen(&bob, "docs"), ["one!", "two!"]);
}

#[tokio::test]
async fn a_function_is_taken_to_read_what_it_names_also_past_row_security() {
    let (_folder, endpoint) = endpoint().await;
    let mut bob = endpoint.replica("bob").await;
    assert!(seen(&bob, "memos").is_empty());
    endpoint.sql("UPDATE staff SET rank = 2").await;
    assert_eq!(bob.pull().await.head.renewed, ["memos"]);
    assert_eq!(seen(&bob, "memos"), ["secret"]);
    endpoint.sql("DELETE FROM staff").await;
    bob.pull().await;
    assert!(seen(&bob, "memos").is_empty());
}

#[tokio::test]
async fn a_policy_that_reads_more_than_before_is_attached_again_and_all_rows_come_anew() {
    let (folder, endpoint) = endpoint().await;
    let mut ada = endpoint.replica("ada").await;
    endpoint
        .sql(
            "CREATE TABLE closed (grp integer PRIMARY KEY);
             GRANT SELECT ON closed TO PUBLIC;
             ALTER POLICY grp ON docs USING (EXISTS (SELECT FROM members m WHERE m.grp = docs.grp)
                 AND NOT EXISTS (SELECT FROM closed c WHERE c.grp = docs.grp));
             INSERT INTO closed VALUES (1)",
        )
        .await;
    let config = Config::read(&folder.0).unwrap();
    let options = endpoint.database.options();
    let refused = prepare(config.clone(), &options).await;
    let error = refused.map(drop).unwrap_err();
    assert_eq!(error.code.as_str(), "not_attached");
    let mut owner = endpoint.database.owner().await;
    attach(&mut owner, &config, &Password::Keep).await.unwrap();
    ada.router = router::app(prepare(config, &options).await.unwrap());
    assert!(ada.pull().await.head.snapshot);
    assert!(seen(&ada, "docs").is_empty());
    endpoint.sql("DELETE FROM closed").await;
    ada.pull().await;
    assert_eq!(seen(&ada, "docs"), ["one"]);
}

#[tokio::test]
async fn what_somebody_else_owns_is_noted_and_does_not_stop_attaching() {
    let database = Database::create().await;
    let (name, admin) = (&database.name, database.owner().await);
    admin
        .batch_execute(&format!(
            "CREATE ROLE {name}_owner LOGIN CREATEROLE PASSWORD 'x'; GRANT ALL ON SCHEMA public TO {name}_owner;
             ALTER DATABASE {name} OWNER TO {name}_owner;
             CREATE TABLE accounts (grp integer PRIMARY KEY); GRANT SELECT ON accounts TO PUBLIC"
        ))
        .await
        .unwrap();
    let url = login_url(&database.url, &format!("{name}_owner"), Some("x")).unwrap();
    let mut owner = connect(&url, "x").await.unwrap();
    owner
        .batch_execute(
            "CREATE TABLE docs (id integer PRIMARY KEY, grp integer NOT NULL);
             ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
             CREATE POLICY grp ON docs USING (EXISTS (SELECT FROM accounts a WHERE a.grp = docs.grp))",
        )
        .await
        .unwrap();
    let folder = Folder::new("[tables.docs]\nscope = 'global'\n", &[]);
    let config = Config::read(&folder.0).unwrap();
    for _ in 0..2 {
        let password = Password::Set(PASSWORD.into());
        let attached = attach(&mut owner, &config, &password).await.unwrap();
        let notes = attached.introspected.notes;
        assert!(
            notes.iter().any(|n| n.code == "permission_unwatched"),
            "{notes:?}"
        );
    }
    let served = prepare(config.clone(), &database.options()).await;
    assert!(served.is_ok());
    detach(&mut owner, &config).await.unwrap();
    drop(owner);
    admin
        .batch_execute(&format!(
            "REASSIGN OWNED BY {name}_owner TO CURRENT_USER; DROP OWNED BY {name}_owner; DROP ROLE {name}_owner"
        ))
        .await
        .unwrap();
}
