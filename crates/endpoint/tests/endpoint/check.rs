//! `haversack check`: names everything, to the end, for people and for machines.

use crate::commands::Folder;
use crate::harness::*;
use crate::supabase_style::check;
use haversack_endpoint::introspect::{Code, Severity};

const SQL: &str = "
CREATE TABLE orgs (id smallserial PRIMARY KEY, name text);
SELECT setval('orgs_id_seq', 20000);
CREATE TABLE away (id int PRIMARY KEY, org smallint REFERENCES orgs);
CREATE TABLE docs (id int PRIMARY KEY, owner int NOT NULL, org smallint REFERENCES orgs, reset_token text, place point, slug text,
    EXCLUDE USING gist (place WITH ~=));
CREATE TABLE sync (id int PRIMARY KEY);
CREATE TABLE keyless (a int);
CREATE TABLE members (org smallint, who int, PRIMARY KEY (org, who));
ALTER TABLE docs ENABLE ROW LEVEL SECURITY; ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON docs USING (owner = current_setting('app.current_user_id')::int);
CREATE POLICY mates ON members USING (EXISTS (SELECT 1 FROM away a WHERE a.org = members.org));
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE never AS ON DELETE TO orgs DO INSTEAD NOTHING;
CREATE VIEW owned AS SELECT id FROM docs;
";

const TABLES: [&str; 5] = [
    "[tables.orgs]\n",
    "[tables.docs]\n",
    "[tables.sync]\nscope = 'global'\n",
    "[tables.members]\n",
    "[tables.keyless]\n",
];

#[tokio::test]
async fn everything_is_named_and_one_broken_table_stops_nothing() {
    let database = Database::create().await;
    database.owner().await.batch_execute(SQL).await.unwrap();
    let folder = Folder::new(&TABLES.concat(), &[]);
    let (code, text) = check(&folder, &database, &["--json"]);
    assert_eq!(code, Some(2), "an error is 2: {text}");
    let notes: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let part = |note: &serde_json::Value, key: &str| {
        note.get(key)
            .and_then(|v| v.as_str())
            .unwrap_or("-")
            .to_owned()
    };
    let found: Vec<String> = notes
        .iter()
        .map(|n| {
            ["severity", "code", "table", "column", "constraint"]
                .map(|key| part(n, key))
                .join(" ")
        })
        .collect();
    assert_eq!(
        found,
        [
            "info tables_not_synced - - -",
            "warning foreign_key_unindexed docs - docs_org_fkey",
            "warning policy_slow docs - own",
            "warning scope_unindexed docs owner -",
            "warning secret_not_private docs reset_token -",
            "info opaque_type docs place -",
            "info server_only_exclusion docs - docs_place_excl",
            "info server_only_trigger docs - touched",
            "error primary_key_missing keyless - -",
            "error policy_unknown members - -",
            "warning policy_subquery members - mates",
            "warning row_security_off orgs - -",
            "warning rule_on_table orgs - never",
            "warning sequence_half_spent orgs id orgs_id_seq",
            "info referenced_by_unsynced orgs - away_org_fkey",
            "info view_not_mirrored owned - -",
            "info name_taken sync - -",
        ]
    );
    assert!(
        notes.iter().all(|n| part(n, "message").len() > 10),
        "{notes:?}"
    );
    assert_eq!(
        check(&folder, &database, &["--json"]).1,
        text,
        "the same again"
    );

    let (code, text) = check(&folder, &database, &[]);
    assert_eq!(code, Some(2));
    let last = text.lines().last().unwrap();
    assert!(
        last.starts_with("4 tables, 0 views: 2 errors, 8 warnings, 7 notes; fingerprint "),
        "{last}"
    );
    assert!(
        text.contains("docs: rows whose owner is the user; key id; insert, update, delete\n"),
        "{text}"
    );
    assert!(
        text.contains("members: it is not known whose rows"),
        "{text}"
    );
    assert!(
        text.contains("CREATE INDEX CONCURRENTLY ON \"public\".\"docs\" (\"org\")"),
        "{text}"
    );

    // Without the broken ones, a warning counts only where it is asked to.
    let folder = Folder::new(&TABLES[..3].concat(), &[]);
    assert_eq!(check(&folder, &database, &[]).0, Some(0));
    assert_eq!(check(&folder, &database, &["--strict"]).0, Some(1));
    let folder = Folder::new(TABLES[2], &[]);
    assert_eq!(
        check(&folder, &database, &["--strict"]).0,
        Some(0),
        "notes alone are none"
    );
}

#[tokio::test]
async fn a_configuration_naming_what_is_not_there_is_told_what_where_and_what_was_meant() {
    let database = Database::create().await;
    let sql =
        "CREATE SCHEMA conf; CREATE TABLE conf.talks (id int PRIMARY KEY, owner int, title text);";
    database.owner().await.batch_execute(sql).await.unwrap();
    for (config, place, meant) in [
        (
            "[tables.talks]",
            "[tables.talks]",
            "did you mean \"conf.talks\"?",
        ),
        (
            "[tables.'conf.talsk']",
            "[tables.conf.talsk]",
            "did you mean \"conf.talks\"?",
        ),
        (
            "[tables.'conf.talks']\nprivate = ['titel']",
            "private of [tables.conf.talks]",
            "did you mean \"title\"?",
        ),
        (
            "[tables.'conf.talks']\nread_only = ['Title']",
            "read_only of [tables.conf.talks]",
            "did you mean \"title\"?",
        ),
        (
            "[tables.'conf.talks']\nscope = 'ownr'",
            "scope \"ownr\" of [tables.conf.talks]",
            "did you mean \"owner\"?",
        ),
        (
            "[tables.'conf.talks']\nprivat = ['title']",
            "line 2",
            "did you mean \"private\"?",
        ),
        (
            "[idenity]\n[tables.'conf.talks']",
            "line 1",
            "did you mean \"identity\"?",
        ),
    ] {
        let (code, text) = check(&Folder::new(config, &[]), &database, &[]);
        assert!(
            code != Some(0) && text.contains(place) && text.contains(meant),
            "{config}: {code:?}\n{text}"
        );
    }
}

#[test]
fn every_code_is_documented() {
    let docs = include_str!("../../../../docs/check.md");
    for code in Code::ALL {
        let line = format!(
            "| `{}` | {} | {} |",
            code.as_str(),
            code.severity().word(),
            code.meaning()
        );
        assert!(docs.contains(&line), "docs/check.md lacks\n{line}");
        assert_ne!(
            code.severity(),
            Severity::Error,
            "errors have the codes of errors"
        );
    }
}
