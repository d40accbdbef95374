//! What is read from the catalog.

use crate::commands::Folder;
use crate::harness::*;
use haversack_core::ErrorCode;
use haversack_core::json::read_text;
use haversack_core::map::Map;
use haversack_core::protocol::Op;
use haversack_core::replica::{DraftOp, Replica, WriteContext};
use haversack_core::schema::{Action, ColumnDefault, Polymorphic, Schema, Table, TableId, Type};
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::config::Config;
use haversack_endpoint::introspect::{Introspected, Privileges, introspect};
use haversack_endpoint::migrate;
use haversack_endpoint::pull_types::typescript;
use std::sync::Arc;

fn table<'a>(schema: &'a Schema, name: &str) -> &'a Table {
    schema.table(schema.table_id(name).unwrap_or_else(|| panic!("{name}")))
}

#[tokio::test]
async fn the_organizational_schema_is_read_whole() {
    let endpoint = Endpoint::organizational().await;
    let schema = &endpoint.schema;
    let names: Vec<&str> = schema.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "collections",
            "deleted_entities",
            "entity_fields",
            "entity_files",
            "event_types",
            "events",
            "field_definitions",
            "item_types",
            "items",
            "links",
            "list_items",
            "lists",
            "operation_logs",
            "routine_event_instances",
            "routines",
            "tag_assignments",
            "tags",
            "users"
        ]
    );
    let events = table(schema, "events");
    let described: Vec<String> = events
        .columns
        .iter()
        .map(|c| {
            let marks = [(c.nullable, "?"), (c.identity, "@"), (c.writable, "+")];
            let marks: String = marks
                .iter()
                .filter(|(yes, _)| *yes)
                .map(|(_, mark)| *mark)
                .collect();
            let default = c
                .default
                .as_ref()
                .map(|d| serde_json::to_string(d).unwrap())
                .unwrap_or_default();
            format!(
                "{}{marks} {} {default}",
                c.name,
                serde_json::to_string(&c.kind).unwrap()
            )
        })
        .collect();
    assert_eq!(
        described,
        [
            r#"event_id+ {"name":"int4"} {"kind":"sequence"}"#,
            r#"user_id@+ {"name":"int4"} "#,
            r#"event_type_id?+ {"name":"int4"} "#,
            r#"title+ {"name":"varchar","length":255} "#,
            r#"description?+ {"name":"text"} "#,
            r#"completed_date?+ {"name":"timestamptz"} "#,
            r#"status+ {"name":"varchar","length":20} {"kind":"constant","text":"active"}"#,
            r#"is_favorite+ {"name":"bool"} {"kind":"constant","text":"false"}"#,
            r#"custom_fields?+ {"name":"jsonb"} {"kind":"constant","text":"{}"}"#,
            r#"created_at? {"name":"timestamptz"} {"kind":"now"}"#,
            r#"updated_at? {"name":"timestamptz"} {"kind":"now"}"#,
            r#"deleted_at?+ {"name":"timestamptz"} "#,
            r#"priority?+ {"name":"int4"} "#,
            r#"budget?+ {"name":"numeric","precision":10,"scale":2} "#,
            r#"location?+ {"name":"varchar","length":200} "#,
            r#"due_date?+ {"name":"timestamptz"} "#,
        ]
    );
    assert_eq!(
        events
            .column(events.column_id("title").unwrap())
            .collation
            .as_deref(),
        Some("C")
    );
    assert_eq!(
        events.comment.as_deref(),
        Some("Something that happens or is to be done.")
    );
    let checks: Vec<&str> = events.checks.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        checks,
        [
            "events_budget_check",
            "events_budget_within_subscription",
            "events_priority_check",
            "events_status_check",
            "events_title_check"
        ]
    );
    assert_eq!(
        events.checks[1].sql,
        "event_budget_allowed(user_id, budget)"
    );
    assert_eq!(
        events.checks[2].sql,
        "((priority >= 1) AND (priority <= 5))"
    );
    let key = events
        .foreign_keys
        .iter()
        .find(|f| f.references == "users")
        .unwrap();
    assert_eq!(
        (key.on_delete, key.columns.as_slice()),
        (Action::Cascade, ["user_id".to_owned()].as_slice())
    );
    let active = events
        .indexes
        .iter()
        .find(|i| i.name == "idx_events_priority_filter")
        .unwrap();
    assert_eq!(active.parts.len(), 3);
    assert!(
        active
            .predicate
            .as_ref()
            .unwrap()
            .sql
            .contains("deleted_at IS NULL")
    );
    assert!(
        events.indexes.iter().all(|i| i.name != "idx_events_search"),
        "it reads a private column"
    );
    assert_eq!(
        events
            .indexes
            .iter()
            .find(|i| i.method == "gin")
            .unwrap()
            .name,
        "idx_events_custom_fields"
    );
    let value = table(schema, "items")
        .indexes
        .iter()
        .find(|i| i.name == "idx_items_value")
        .unwrap();
    assert!(value.parts[1].descending && value.parts[1].nulls_first);
    assert_eq!(
        table(schema, "tag_assignments").primary_key,
        ["taggable_type", "taggable_id", "tag_id"]
    );
    let users = table(schema, "users");
    assert_eq!(
        (users.insertable, users.updatable, users.deletable),
        (false, true, false)
    );
    assert!(users.column_id("password_hash").is_none());
    // Wherever the same database is read, it is the same schema.
    let json = serde_json::to_string(schema).unwrap();
    assert_eq!(Schema::from_json(&json).unwrap(), *schema);
}

async fn read(sql: &str, config: &str) -> Result<Introspected, haversack_core::Error> {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    owner.batch_execute(sql).await.unwrap();
    introspect(
        &mut owner,
        &Config::parse(config, "haversack.toml")?,
        "nobody",
        Privileges::Planned,
    )
    .await
}

#[tokio::test]
async fn types_and_defaults_are_exact() {
    let read = read(
        "CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
         CREATE DOMAIN email AS varchar(80) DEFAULT 'x@y.z' NOT NULL;
         CREATE SCHEMA other; CREATE TYPE other.size AS ENUM ('s', 'l');
         CREATE TABLE t (
            a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, b bigint GENERATED BY DEFAULT AS IDENTITY,
            c bool DEFAULT true, d int2 DEFAULT -3, e float4 DEFAULT 0.5, f numeric, g numeric(30,4) DEFAULT 1.5,
            h char(5) DEFAULT 'ab', i uuid DEFAULT gen_random_uuid(), j date DEFAULT CURRENT_DATE,
            k time, l timestamp DEFAULT now(), m json DEFAULT '{\"a\": 1}', n bytea DEFAULT '\\x00ff',
            o mood DEFAULT 'it''s ok', p text[] DEFAULT '{}', q email, r tsvector, s other.size[],
            t timestamptz DEFAULT (now() + '1 day'), u text GENERATED ALWAYS AS (upper(w)) STORED,
            v timestamptz DEFAULT '2020-01-01 00:00:00+02', w text DEFAULT NULL, x interval, y date DEFAULT 'today'::text::date)",
        "[tables.t]\nwritable = true",
    )
    .await
    .unwrap();
    let t = &read.schema.tables[0];
    let kind = |name: &str| t.column(t.column_id(name).unwrap()).kind.clone();
    let default = |name: &str| t.column(t.column_id(name).unwrap()).default.clone();
    let constant = |text: &str| Some(ColumnDefault::Constant { text: text.into() });
    assert_eq!(default("a"), Some(ColumnDefault::Sequence { always: true }));
    assert_eq!(
        default("b"),
        Some(ColumnDefault::Sequence { always: false })
    );
    assert_eq!(
        (default("c"), default("d"), default("e")),
        (constant("true"), constant("-3"), constant("0.5"))
    );
    assert_eq!(
        kind("f"),
        Type::Numeric {
            precision: None,
            scale: None
        }
    );
    assert_eq!(
        kind("g"),
        Type::Numeric {
            precision: Some(30),
            scale: Some(4)
        }
    );
    assert_eq!(default("g"), constant("1.5000"), "as the column holds it");
    assert_eq!(kind("h"), Type::Char { length: 5 });
    assert_eq!(
        (default("i"), default("j"), default("l")),
        (
            Some(ColumnDefault::Uuid),
            Some(ColumnDefault::Now),
            Some(ColumnDefault::Now)
        )
    );
    assert_eq!(default("n"), constant("\\x00ff"));
    assert_eq!(
        kind("o"),
        Type::Enum {
            sql: "mood".into(),
            labels: vec!["sad".into(), "it's ok".into()]
        }
    );
    assert_eq!(
        (default("o"), default("p")),
        (constant("it's ok"), constant("{}"))
    );
    assert_eq!(
        (kind("q"), default("q")),
        (Type::Varchar { length: Some(80) }, constant("x@y.z"))
    );
    assert!(
        !t.column(t.column_id("q").unwrap()).nullable,
        "a domain's NOT NULL counts"
    );
    assert_eq!(
        kind("r"),
        Type::Opaque {
            sql: "tsvector".into()
        }
    );
    assert_eq!(
        kind("s"),
        Type::Array {
            of: Box::new(Type::Enum {
                sql: "other.size".into(),
                labels: vec!["s".into(), "l".into()]
            })
        }
    );
    assert!(matches!(
        default("t"),
        Some(ColumnDefault::Expression { random: false, .. })
    ));
    let generated = t.column(t.column_id("u").unwrap());
    assert!(generated.generated.is_some() && !generated.writable && generated.default.is_none());
    assert_eq!(default("v"), constant("2019-12-31 22:00:00+00"));
    assert_eq!(default("w"), None);
    assert!(
        matches!(default("y"), Some(ColumnDefault::ServerOnly { .. })),
        "today is no constant: {:?}",
        default("y")
    );
    assert!(
        read.notes
            .iter()
            .any(|n| n.message.contains("t.r is of type tsvector")),
        "{:?}",
        read.notes
    );
}

#[tokio::test]
async fn what_can_not_sync_is_refused_by_name() {
    let rls = "ALTER TABLE t ENABLE ROW LEVEL SECURITY;";
    for (sql, config, code, words) in [
        (
            "CREATE TABLE t (a int)",
            "[tables.t]",
            ErrorCode::PrimaryKeyMissing,
            "table t",
        ),
        ("", "[tables.t]", ErrorCode::ConfigInvalid, "table t"),
        (
            "CREATE VIEW t AS SELECT 1 AS a",
            "[tables.t]",
            ErrorCode::ConfigInvalid,
            "t ",
        ),
        (
            "CREATE TABLE t (a int PRIMARY KEY)",
            "[tables.t]\nprivate = ['b']",
            ErrorCode::ConfigInvalid,
            "\"b\"",
        ),
        (
            "CREATE TABLE t (a int PRIMARY KEY)",
            "[tables.t]\nprivate = ['a']",
            ErrorCode::ConfigInvalid,
            "a is part",
        ),
        (
            "CREATE TABLE t (a int PRIMARY KEY)",
            "[tables.t]\nscope = 'b'",
            ErrorCode::ConfigInvalid,
            "\"b\"",
        ),
        (
            &format!("CREATE TABLE t (a int PRIMARY KEY); {rls}"),
            "[tables.t]",
            ErrorCode::PolicyUnknown,
            "table t",
        ),
        (
            &format!(
                "CREATE TABLE t (a int PRIMARY KEY); {rls} CREATE POLICY odd ON t USING (a > 3)"
            ),
            "[tables.t]",
            ErrorCode::PolicyUnknown,
            "\"odd\"",
        ),
    ] {
        let error = read(sql, config).await.expect_err(sql);
        assert_eq!(error.code, code, "{sql}: {error}");
        assert!(error.message.contains(words), "{error}");
        assert!(error.details.hint.is_some(), "{error}");
    }
    let good =
        format!("CREATE TABLE t (a int PRIMARY KEY); {rls} CREATE POLICY odd ON t USING (a > 3)");
    assert!(
        read(&good, "[tables.t]\nscope = 'global'").await.is_ok(),
        "a declared scope is taken"
    );
}

#[tokio::test]
async fn a_private_column_that_needs_a_value_forbids_inserts() {
    let sql = "CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL, c text NOT NULL DEFAULT 'x')";
    let insertable =
        async |config: &str| read(sql, config).await.unwrap().schema.tables[0].insertable;
    assert!(insertable("[tables.t]\nwritable = true").await);
    assert!(insertable("[tables.t]\nwritable = true\nprivate = ['c']").await);
    assert!(!insertable("[tables.t]\nwritable = true\nprivate = ['b']").await);
    assert!(!insertable("[tables.t]\nwritable = true\nread_only = ['b']").await);
    assert!(
        !insertable("[tables.t]").await,
        "rows that everybody sees are not everybody's to write"
    );
}

#[tokio::test]
async fn types_in_typescript_follow_the_schema() {
    let folder = Folder::new(
        "[tables.t]\nwritable = true\n[tables.users]\nprivate = ['secret']",
        &[("V1__t.sql", "CREATE TYPE mood AS ENUM ('sad', 'ok');
            CREATE TABLE t (a bigint, \"odd name\" mood[], b numeric(15,2) NOT NULL, c numeric(16,0) NOT NULL DEFAULT 0,
                d timestamptz, e bytea, f text CHECK (f IN ('x', 'it''s')), g int GENERATED ALWAYS AS (1) STORED,
                PRIMARY KEY (f, a));
            COMMENT ON COLUMN t.d IS 'ends */ here';
            CREATE TABLE users (id int PRIMARY KEY, secret text NOT NULL)")],
    );
    let database = Database::create().await;
    let mut owner = database.owner().await;
    migrate::apply(&mut owner, &migrate::read(&folder.0).unwrap())
        .await
        .unwrap();
    let config = Config::read(&folder.0).unwrap();
    let attached = attach(&mut owner, &config, &Password::Keep).await.unwrap();
    let text = typescript(&attached.introspected.schema).unwrap();
    for line in [
        "import type { SchemaOf, Timestamp, TimestampInput } from 'haversack'",
        "      readonly a: bigint",
        "      readonly 'odd name': readonly ('sad' | 'ok')[] | null",
        "      /** ends * / here */",
        "      readonly d: Timestamp | null",
        "      d?: TimestampInput | null",
        "      readonly e: Uint8Array | null",
        "      readonly f: 'x' | 'it\\'s'",
        "      b: number",
        "      c?: string",
        "    key: readonly ['x' | 'it\\'s', bigint]",
        "    insert: never",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
    // The literal holds the schema exactly.
    let literal = text
        .split("JSON.parse(\n  '")
        .nth(1)
        .unwrap()
        .split("',\n) as")
        .next()
        .unwrap();
    let json = literal.replace("\\'", "'").replace("\\\\", "\\");
    assert_eq!(
        Schema::from_json(&json).unwrap(),
        attached.introspected.schema
    );
}

#[tokio::test]
async fn references_whose_table_another_column_names_are_served_as_declared() {
    let sql = "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id bigserial PRIMARY KEY); \
               CREATE TABLE t (id int PRIMARY KEY, what text, of int, secret int)";
    let config = |reference: &str| {
        format!(
            "[tables.a]\n[tables.b]\n[tables.t]\nprivate = ['secret']\npolymorphic = [{reference}]"
        )
    };
    let good = config("{ column = 'of', by = 'what', tables = { an_a = 'a' } }");
    let schema = read(sql, &good).await.unwrap().schema;
    let table = schema.table(schema.table_id("t").unwrap());
    let declared = Polymorphic {
        column: "of".into(),
        by: "what".into(),
        tables: Map::from([("an_a", "a".to_owned())]),
    };
    assert_eq!(table.polymorphic, [declared]);
    for (wrong, said) in [
        (
            "{ column = 'off', by = 'what', tables = { x = 'a' } }",
            "\"off\"",
        ),
        (
            "{ column = 'secret', by = 'what', tables = { x = 'a' } }",
            "\"secret\"",
        ),
        (
            "{ column = 'of', by = 'wat', tables = { x = 'a' } }",
            "\"wat\"",
        ),
        (
            "{ column = 'of', by = 'what', tables = { x = 'c' } }",
            "\"c\"",
        ),
        (
            "{ column = 'of', by = 'what', tables = { x = 'b' } }",
            "another type",
        ),
        (
            "{ column = 'of', by = 'what', tables = {} }",
            "names no table",
        ),
    ] {
        let error = read(sql, &config(wrong)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ConfigInvalid);
        assert!(error.message.contains(said), "{error}");
        assert!(
            error.message.contains("polymorphic of [tables.t]"),
            "{error}"
        );
        assert!(error.details.hint.is_some(), "{error}");
    }
}

#[tokio::test]
async fn times_are_rounded_as_the_server_rounds_them() {
    let columns = (0..6).flat_map(|digits| {
        ["time", "timestamp", "timestamptz"]
            .map(|kind| (format!("{kind}_{digits}"), format!("{kind}({digits})")))
    });
    let columns: Vec<(String, String)> = columns.collect();
    let list: Vec<String> = columns
        .iter()
        .map(|(name, kind)| format!("{name} {kind}"))
        .collect();
    // One by way of a domain, one by a default.
    let sql = format!(
        "CREATE DOMAIN second AS timestamp(0);
         CREATE TABLE t (id int PRIMARY KEY, {}, d second, made timestamp(0) DEFAULT '2026-01-01 00:00:00.5')",
        list.join(", ")
    );
    let database = Database::create().await;
    let owner = database.owner().await;
    let schema = read(&sql, "[tables.t]\nwritable = true")
        .await
        .unwrap()
        .schema;
    let mut replica = Replica::new(Arc::new(schema));
    replica.set_identity(Some("1".into()));
    let moments = [
        "2026-11-26 23:59:59.999999",
        "2026-11-26 12:00:00.5",
        "2026-11-26 12:00:00.4999995",
        "1999-12-31 23:59:59.5",
        "1999-12-31 23:59:59.499999",
        "1970-01-01 00:00:00.000005",
        "4713-11-24 00:00:00.15 BC",
        "0001-01-01 10:10:10.123456",
        "2000-01-01 00:00:00",
        "1999-12-31 23:59:59.999995",
        "2024-02-29 01:02:03.45",
        "2024-02-29 01:02:03.55",
    ];
    for (id, moment) in moments.iter().enumerate() {
        let mut values = serde_json::json!({ "id": id, "d": moment });
        for (name, _) in &columns {
            let clock = moment.split(' ').nth(1).unwrap();
            let text = if name.starts_with("time_") {
                clock
            } else {
                moment
            };
            values[name] = serde_json::json!(text);
        }
        let draft =
            serde_json::json!({ "op": "insert", "table": "t", "values": values }).to_string();
        let mut context = WriteContext {
            now_ms: 1_790_000_000_000,
            random: &mut || [0; 16],
            keys: &mut |_| None,
        };
        let draft: DraftOp<'_> = read_text(&draft).unwrap();
        let prepared = replica.prepare(&[draft], &mut context).unwrap();
        let Op::Insert { values: made, .. } = &prepared.ops[0] else {
            panic!("{:?}", prepared.ops);
        };
        for (name, kind) in columns
            .iter()
            .chain([&("d".to_owned(), "timestamp(0)".to_owned())])
        {
            let text = values[name].as_str().unwrap();
            let sql = format!("SELECT '{text}'::{kind}::text");
            let theirs: String = owner.query_one(&sql, &[]).await.unwrap().get(0);
            assert_eq!(made[&**name].as_deref(), Some(&*theirs), "{text} as {kind}");
        }
        let local = replica.apply(prepared);
        let slot = replica.find_int(TableId(0), id as i64).unwrap();
        let mut row = String::new();
        replica.row_json(TableId(0), slot, &mut row);
        assert!(row.contains(r#""made":"2026-01-01T00:00:01"#), "{row}");
        replica.withdraw(local);
    }
}

#[tokio::test]
async fn clients_make_texts_by_the_patterns_of_the_configuration() {
    let sql = "CREATE TABLE t (id text PRIMARY KEY, code varchar(40) NOT NULL, n int)";
    let config = "[tables.t]\nwritable = true\nids = { id = 'rec_{uuid}', code = '{hex}.x' }";
    let schema = read(sql, config).await.unwrap().schema;
    let mut replica = Replica::new(Arc::new(schema));
    replica.set_identity(Some("1".into()));
    let draft = r#"{"op":"insert","table":"t","values":{"n":1}}"#;
    let draft: DraftOp<'_> = read_text(draft).unwrap();
    let mut context = WriteContext {
        now_ms: 1_790_000_000_000,
        random: &mut || [0xab; 16],
        keys: &mut |_| None,
    };
    let prepared = replica.prepare(&[draft], &mut context).unwrap();
    let [Op::Insert { values, .. }] = &prepared.ops[..] else {
        panic!("{:?}", prepared.ops);
    };
    let value = |name: &str| values[name].clone().unwrap();
    let uuid = value("id").strip_prefix("rec_").unwrap().to_owned();
    assert_eq!(uuid::Uuid::parse_str(&uuid).unwrap().get_version_num(), 7);
    let hex = value("code").strip_suffix(".x").unwrap().to_owned();
    assert!(hex.len() == 32 && !hex.contains('-'), "{hex}");

    for (wrong, column) in [("{ n = 'x{uuid}' }", "n"), ("{ idd = 'x{uuid}' }", "idd")] {
        let config = format!("[tables.t]\nwritable = true\nids = {wrong}");
        let error = read(sql, &config).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ConfigInvalid);
        assert_eq!(error.details.column.as_deref(), Some(column));
    }
}
