//! A schema that no code has seen before works: uuid and composite keys, quoted names, generated
//! columns, enums, filled with real input where the shared data is present.

use crate::commands::Folder;
use crate::harness::*;
use haversack_core::protocol::Op;
use std::io::Read;
use std::path::PathBuf;

const CONFIG: &str = "[identity]\nsetting = 'request.me'\n[tables.'conf.talks']\n[tables.'Attendance List']\n[tables.countries]\n";

const SQL: &str = r#"
CREATE SCHEMA conf;
CREATE TYPE conf.stage AS ENUM ('planned', 'going', 'been');
CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);
INSERT INTO countries VALUES ('ZA', 'South Africa');
CREATE TABLE conf.talks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner uuid NOT NULL,
    name text NOT NULL,
    starts date, ends date,
    topics text[] NOT NULL DEFAULT '{}',
    stage conf.stage NOT NULL DEFAULT 'planned',
    city text, country text,
    slug text GENERATED ALWAYS AS (lower(name)) STORED,
    fee double precision,
    raw bytea,
    CHECK (ends >= starts)
);
CREATE TABLE "Attendance List" (
    "The Owner" uuid NOT NULL,
    talk uuid NOT NULL REFERENCES conf.talks ON DELETE CASCADE,
    on_day date NOT NULL,
    "select" boolean NOT NULL DEFAULT false,
    PRIMARY KEY ("The Owner", talk, on_day)
);
ALTER TABLE conf.talks ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Attendance List" ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON conf.talks USING ((SELECT current_setting('request.me', true)::uuid) = owner);
CREATE POLICY "p 2" ON "Attendance List" USING ("The Owner"::text = current_setting('request.me', true));
"#;

const ADA: &str = "0189f7ea-ae2c-7809-8aeb-b819cf5e9e7f";
const GRACE: &str = "0189f7ea-ae2c-7809-8aeb-b819cf5e9e80";
const TALK: &str = "0189f7ea-ae2c-7809-8aeb-000000000001";
const TALKS: &str = "conf.talks";

#[tokio::test]
async fn it_syncs_both_ways_with_no_code_of_its_own() {
    let folder = Folder::new(CONFIG, &[("V1__all.sql", SQL)]);
    let endpoint = Endpoint::new(&folder.0).await;
    let mut ada = endpoint.replica(ADA).await;
    assert_eq!(
        ada.column("countries", "name"),
        [Some("South Africa".to_owned())],
        "global rows are everybody's"
    );
    let talk = insert(
        TALKS,
        &[
            ("id", TALK),
            ("name", "Rubyfuza"),
            ("starts", "2013-02-07"),
            ("topics", "{ruby,\"a b\"}"),
            ("fee", "0.1"),
            ("raw", "\\x00ff"),
        ],
    );
    let day = |talk: &str| {
        let values = [("talk", talk), ("on_day", "2013-02-08"), ("select", "t")];
        insert("Attendance List", &values)
    };
    let verdicts = ada
        .push(vec![vec![talk, day(TALK)], vec![day(&TALK.to_uppercase())]])
        .await;
    assert_eq!(
        verdicts.iter().map(word).collect::<Vec<_>>(),
        ["applied", "applied"],
        "{verdicts:?}"
    );
    assert_eq!(
        endpoint.count("\"Attendance List\"").await,
        1,
        "the same key in another notation is the same key"
    );
    for (column, text) in [
        ("slug", "rubyfuza"),
        ("topics", "{ruby,\"a b\"}"),
        ("stage", "planned"),
        ("fee", "0.1"),
        ("raw", "\\x00ff"),
        ("owner", ADA),
    ] {
        assert_eq!(
            ada.confirmed(TALKS, TALK, column).as_deref(),
            Some(text),
            "{column}"
        );
    }
    let verdict = ada
        .push_one(ada.update(TALKS, TALK, &[("stage", "going"), ("fee", "1e2")]))
        .await;
    assert_eq!(word(&verdict), "applied");
    assert_eq!(ada.confirmed(TALKS, TALK, "fee").as_deref(), Some("100"));
    for (column, value, state) in [
        ("stage", "nowhere", "22P02"),
        ("slug", "x", "42501"),
        ("ends", "2000-01-01", "23514"),
        ("starts", "yesterday-ish", "22007"),
    ] {
        let verdict = ada
            .push_one(ada.update(TALKS, TALK, &[(column, value)]))
            .await;
        assert_eq!(rejection(&verdict).0, state, "{column}: {verdict:?}");
    }
    let verdict = ada
        .push_one(insert("countries", &[("code", "X"), ("name", "x")]))
        .await;
    assert_eq!(
        rejection(&verdict).0,
        "42501",
        "rows that everybody sees are not everybody's to write"
    );
    assert!(
        endpoint
            .replica(GRACE)
            .await
            .column(TALKS, "name")
            .is_empty()
    );

    // A composite key survives capture, and a change of key is a removal and a row.
    endpoint
        .sql("SET DateStyle = 'German'; UPDATE \"Attendance List\" SET on_day = '2013-02-09'")
        .await;
    ada.pull().await;
    assert_eq!(
        ada.column("Attendance List", "on_day"),
        [Some("2013-02-09".to_owned())]
    );
    let key = vec![ADA.to_owned(), TALK.to_owned(), "2013-02-09".to_owned()];
    let gone = Op::Delete {
        table: "Attendance List".into(),
        key,
        base: None,
    };
    assert_eq!(
        word(&ada.push_one(gone).await),
        CONFLICT,
        "a delete that never saw the row"
    );
    endpoint
        .sql(&format!("DELETE FROM conf.talks WHERE id = '{TALK}'"))
        .await;
    ada.pull().await;
    assert!(
        ada.column("Attendance List", "talk").is_empty(),
        "cascades are captured"
    );

    // Upper case names the same user to Postgres, and so to the changelog.
    let mut shouting = endpoint.replica(&ADA.to_uppercase()).await;
    endpoint
        .sql(&format!(
            "INSERT INTO conf.talks (owner, name) VALUES ('{ADA}', 'late')"
        ))
        .await;
    shouting.pull().await;
    assert_eq!(shouting.column(TALKS, "name"), [Some("late".to_owned())]);
}

fn conferences() -> Option<Vec<serde_json::Value>> {
    let folder = std::env::var_os("HAVERSACK_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let file = std::fs::File::open(folder.join("conferences.json.gz")).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn real_input_comes_back_as_it_was() {
    let Some(conferences) = conferences() else {
        println!("skipped: conferences.json.gz is not among the shared data");
        return;
    };
    let folder = Folder::new(CONFIG, &[("V1__all.sql", SQL)]);
    let endpoint = Endpoint::new(&folder.0).await;
    let mut ada = endpoint.replica(ADA).await;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let mut expected = Vec::new();
    for (batch, chunk) in conferences.chunks(100).take(10).enumerate() {
        let ops = chunk.iter().enumerate().map(|(i, conference)| {
            let id = format!("00000000-0000-7000-8000-{:012}", batch * 100 + i);
            let topics: Vec<String> = conference["topics"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(text)
                .collect();
            let array = format!(
                "{{{}}}",
                topics
                    .iter()
                    .map(|t| format!("\"{t}\""))
                    .collect::<Vec<_>>()
                    .join(",")
            );
            let values = [
                ("id", Some(id)),
                ("name", text(&conference["name"])),
                ("city", text(&conference["city"])),
                ("country", text(&conference["country"])),
                ("starts", text(&conference["startDate"])),
                ("topics", Some(array)),
            ];
            expected.push((text(&conference["name"]), text(&conference["city"])));
            vec![Op::Insert {
                table: TALKS.into(),
                values: values.map(|(name, value)| (name.to_owned(), value)).into(),
            }]
        });
        let verdicts = ada.push(ops.collect()).await;
        assert!(
            verdicts.iter().all(|v| word(v) == "applied"),
            "{verdicts:?}"
        );
    }
    let fresh = endpoint.replica(ADA).await;
    for replica in [&ada, &fresh] {
        let names = replica
            .column(TALKS, "name")
            .into_iter()
            .zip(replica.column(TALKS, "city"));
        assert_eq!(
            names.collect::<Vec<_>>(),
            expected,
            "in the order of their keys"
        );
    }
}
