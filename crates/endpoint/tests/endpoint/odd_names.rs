//! Names that need care, and schemas that are large: attach, sync and detach work with all of them.

use crate::harness::*;
use haversack_core::protocol::Op;
use haversack_endpoint::attach::{Password, attach, detach};
use haversack_endpoint::config::Config;
use haversack_endpoint::database::ident;
use haversack_endpoint::introspect::{Privileges, introspect};
use haversack_endpoint::pull_types::typescript;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Schema, relation, key, column; the table's name in haversack.toml is what `name` gives.
fn odd() -> Vec<[String; 4]> {
    let long = |c: char| std::iter::repeat_n(c, 63 / c.len_utf8()).collect::<String>();
    let rows = [
        ["public", "select", "order", "user"],
        ["public", "it's \"quoted\"", "the \"id\"", "it's"],
        ["public", "dotted.name", "a.b", "c.d"],
        ["dotted", "name", "id", "v"],
        ["a.b", "c", "id", "v"],
        ["a", "b.c", "id", "v"],
        ["public", "twin", "id", "in_public"],
        ["other", "twin", "id", "in_other"],
        ["public", "Größe 表 🙂", "ключ", "значение"],
        ["public", "-- drop\\", "$1", "%s"],
        ["public", " blank ", " id ", "  "],
    ];
    let mut rows: Vec<[String; 4]> = rows.iter().map(|r| r.map(str::to_owned)).collect();
    rows.push([long('s'), long('t'), long('k'), long('v')]);
    rows.push(["public".into(), long('é'), long('ü'), long('ß')]);
    rows
}

fn written(schema: &str, relation: &str) -> String {
    if schema.contains('.') {
        return format!("{}.{relation}", ident(schema));
    }
    if schema == "public" && !relation.contains('.') {
        return relation.to_owned();
    }
    format!("{schema}.{relation}")
}

#[tokio::test]
async fn names_that_need_care_sync_like_any_other() {
    let database = Database::create().await;
    let (mut sql, mut config) = (String::new(), String::new());
    for [schema, relation, key, column] in odd() {
        let table = format!("{}.{}", ident(&schema), ident(&relation));
        let (key, column) = (ident(&key), ident(&column));
        writeln!(
            sql,
            "CREATE SCHEMA IF NOT EXISTS {}; CREATE TABLE {table} ({key} int PRIMARY KEY, {column} text CHECK ({column} <> 'no'), \"The Owner\" text NOT NULL);
             CREATE INDEX ON {table} ({column}); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
             CREATE POLICY p ON {table} USING (\"The Owner\" = current_setting('app.current_user_id'));",
            ident(&schema)
        )
        .unwrap();
        let name = serde_json::Value::from(written(&schema, &relation));
        writeln!(config, "[tables.{name}]").unwrap();
    }
    let mut owner = database.owner().await;
    owner
        .batch_execute(&sql)
        .await
        .unwrap_or_else(|e| panic!("{e:?}"));
    let config = Config::parse(&config, "haversack.toml").unwrap();
    for _ in 0..2 {
        attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
            .await
            .unwrap();
    }
    let endpoint = Endpoint::over(database, config.clone()).await;
    typescript(&endpoint.schema).unwrap();
    assert_eq!(
        endpoint.schema.tables.len(),
        odd().len(),
        "no two have one name"
    );
    let mut ada = endpoint.replica("ada").await;
    for (i, [schema, relation, key, column]) in odd().into_iter().enumerate() {
        let table = written(&schema, &relation);
        let described = endpoint
            .schema
            .table(endpoint.schema.require_table(&table).unwrap());
        assert!(
            described.checks[0].expr.is_some(),
            "{table}: {:?}",
            described.checks
        );
        let id = i.to_string();
        let verdict = ada
            .push_one(insert(&table, &[(&key, &id), (&column, "mine")]))
            .await;
        assert_eq!(word(&verdict), "applied", "{table}: {verdict:?}");
        let verdict = ada
            .push_one(ada.update(&table, &id, &[(&column, "no")]))
            .await;
        let (state, error) = rejection(&verdict);
        assert_eq!(
            (state.as_str(), error.details.table.as_deref()),
            ("23514", Some(table.as_str()))
        );
        let sql = format!("{}.{}", ident(&schema), ident(&relation));
        endpoint
            .sql(&format!("UPDATE {sql} SET {} = 'from SQL'", ident(&column)))
            .await;
        ada.pull().await;
        assert_eq!(
            ada.column(&table, &column),
            [Some("from SQL".to_owned())],
            "{table}"
        );
        let delete = Op::Delete {
            table: table.clone(),
            key: vec![id],
            base: None,
        };
        let verdict = ada.push_one(delete).await;
        assert_eq!(
            word(&verdict),
            CONFLICT,
            "{table}: a delete that never saw the row"
        );
    }
    assert_eq!(
        detach(&mut owner, &config).await.unwrap(),
        Vec::<String>::new()
    );
}

/// The most columns that Postgres allows.
const COLUMNS: usize = 1600;
const TABLES: usize = 500;

#[tokio::test]
async fn a_large_schema_is_read_at_once_and_syncs() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    let columns: Vec<String> = (2..COLUMNS)
        .map(|i| format!("c{i} int DEFAULT {i}"))
        .collect();
    let wide = format!(
        "CREATE TABLE wide (id int PRIMARY KEY, title text, {})",
        columns.join(", ")
    );
    owner.batch_execute(&wide).await.unwrap();
    let mut config = "[tables.wide]\nwritable = true\n".to_owned();
    for chunk in (1..TABLES).collect::<Vec<_>>().chunks(50) {
        let mut sql = String::new();
        for i in chunk {
            writeln!(
                sql,
                "CREATE TABLE t{i} (id serial PRIMARY KEY, up int REFERENCES t{} ON DELETE CASCADE, title varchar(80) NOT NULL,
                 state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'old')), at timestamptz DEFAULT now(),
                 n numeric(10,2) DEFAULT {i}.5 CHECK (n >= 0), UNIQUE (title, state)); CREATE INDEX ON t{i} (up) WHERE state = 'new';",
                (i - 1).max(1)
            )
            .unwrap();
            writeln!(config, "[tables.t{i}]\nwritable = true").unwrap();
        }
        owner.batch_execute(&sql).await.unwrap();
    }
    let config = Config::parse(&config, "haversack.toml").unwrap();
    let begun = Instant::now();
    let read = introspect(&mut owner, &config, "nobody", Privileges::Planned)
        .await
        .unwrap();
    let took = begun.elapsed();
    println!("introspected {TABLES} tables, one with {COLUMNS} columns, in {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(read.schema.tables.len(), TABLES);
    let of = |name: &str| read.schema.table(read.schema.table_id(name).unwrap());
    assert_eq!(of("wide").columns.len(), COLUMNS);
    let t = of("t499");
    assert_eq!(
        (
            t.columns.len(),
            t.checks.len(),
            t.uniques.len(),
            t.indexes.len()
        ),
        (6, 2, 1, 1)
    );
    assert_eq!(t.foreign_keys[0].references, "t498");
    assert!(t.checks.iter().all(|c| c.expr.is_some()), "{:?}", t.checks);

    let begun = Instant::now();
    attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
        .await
        .unwrap();
    println!("attached in {:?}", begun.elapsed());
    let endpoint = Endpoint::over(database, config.clone()).await;
    let mut ada = endpoint.replica("ada").await;
    let verdict = ada
        .push_one(insert(
            "wide",
            &[("id", "1"), ("title", "first"), ("c1599", "7")],
        ))
        .await;
    assert_eq!(word(&verdict), "applied", "{verdict:?}");
    assert_eq!(ada.confirmed("wide", "1", "c1598").as_deref(), Some("1598"));
    let verdict = ada.push_one(ada.update("wide", "1", &[("c2", "3")])).await;
    assert_eq!(word(&verdict), "applied", "{verdict:?}");
    let key = ada.lease("t499", 1).await.to_string();
    let verdict = ada
        .push_one(insert("t499", &[("id", &key), ("title", "last")]))
        .await;
    assert_eq!(word(&verdict), "applied", "{verdict:?}");
    let begun = Instant::now();
    assert_eq!(
        detach(&mut owner, &config).await.unwrap(),
        Vec::<String>::new()
    );
    println!("detached in {:?}", begun.elapsed());
}
