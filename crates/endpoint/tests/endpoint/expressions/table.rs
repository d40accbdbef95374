//! A table with columns of all types, and rows weighted to the edges.

use super::random::Random;
use crate::harness::Database;
use haversack_core::schema::{Column, Table, Type};
use haversack_core::value::{self, Value};
use haversack_endpoint::expression::{Scope, ScopeColumn};
use tokio_postgres::Client;

pub struct World {
    pub client: Client,
    pub table: Table,
    pub scope: Scope,
    pub rows: Vec<Vec<Value>>,
}

/// Column, declared type, values.
const COLUMNS: &[(&str, &str, &[&str])] = &[
    ("b", "boolean", &["true", "false"]),
    ("i2", "smallint", &["0", "1", "-1", "7", "32767", "-32768"]),
    (
        "i4",
        "integer",
        &["0", "1", "-1", "2", "5", "100", "2147483647", "-2147483648"],
    ),
    (
        "i8",
        "bigint",
        &[
            "0",
            "1",
            "-3",
            "12",
            "9223372036854775807",
            "-9223372036854775808",
        ],
    ),
    (
        "f4",
        "real",
        &[
            "0",
            "1.5",
            "-0.25",
            "3e38",
            "1e-40",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    (
        "f8",
        "double precision",
        &[
            "0",
            "-0",
            "1.5",
            "2.5",
            "-2.5",
            "0.1",
            "1e300",
            "-1e-300",
            "NaN",
            "Infinity",
            "-Infinity",
            "123456789.123",
        ],
    ),
    (
        "n",
        "numeric",
        &[
            "0",
            "0.00",
            "1",
            "-1.5",
            "2.50",
            "12345678901234567890.123456789",
            "0.0000000000000000001",
            "NaN",
            "Infinity",
            "-Infinity",
            "99999999.99",
            "3",
        ],
    ),
    (
        "n2",
        "numeric(10,2)",
        &[
            "0",
            "1",
            "-1.50",
            "19.99",
            "0.01",
            "99999999.99",
            "-99999999.99",
            "NaN",
        ],
    ),
    (
        "x",
        "text",
        &[
            "",
            "a",
            "A",
            "abc",
            "  abc ",
            "a%b_c",
            "a\\b",
            "ünïcödé",
            "Ärger",
            "日本語",
            "a,b,c",
            "😀x",
            "2020-01-02",
            "42",
            "-7.5",
            "event",
            "it's",
            "foo@example.com",
            "tab\tnew\nline",
            "ABCabc123",
        ],
    ),
    (
        "v",
        "varchar(20)",
        &["", "a", "active", "lost", "x ", "ÄÖÜ", "#a1b2c3", "12"],
    ),
    ("c", "char(5)", &["", "a", "abc", "abcde", " b"]),
    (
        "u",
        "uuid",
        &[
            "00000000-0000-0000-0000-000000000000",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ],
    ),
    (
        "d",
        "date",
        &[
            "2000-01-01",
            "2024-02-29",
            "1970-01-01",
            "2023-12-31",
            "0044-03-15 BC",
            "4713-01-01 BC",
            "5874897-12-31",
            "infinity",
            "-infinity",
            "0001-01-01",
        ],
    ),
    (
        "tm",
        "time",
        &["00:00:00", "12:34:56.789012", "23:59:59.999999", "24:00:00"],
    ),
    (
        "ts",
        "timestamp",
        &[
            "2000-01-01 00:00:00",
            "2024-02-29 12:34:56.789",
            "1969-12-31 23:59:59.999999",
            "0044-03-15 10:00:00 BC",
            "294276-12-31 23:59:59.999999",
            "infinity",
            "-infinity",
            "2023-01-31 08:00:00",
        ],
    ),
    (
        "tz",
        "timestamptz",
        &[
            "2000-01-01 00:00:00+00",
            "2024-02-29 12:34:56.789+00",
            "2021-01-03 00:00:00+00",
            "4713-01-01 00:00:00+00 BC",
            "infinity",
            "-infinity",
        ],
    ),
    (
        "iv",
        "interval",
        &[
            "0",
            "1 day",
            "24 hours",
            "1 mon",
            "30 days",
            "-1 days +02:03:04.5",
            "1 year 2 mons 3 days 04:05:06.000007",
            "-2 years",
            "178000000 years",
            "-00:00:00.000001",
        ],
    ),
    (
        "j",
        "jsonb",
        &[
            "null",
            "true",
            "1",
            "1.50",
            "\"a\"",
            "[]",
            "{}",
            "[1, 2, \"a\", null]",
            "{\"a\": 1, \"b\": {\"c\": [1, {\"d\": \"e\"}]}}",
            "{\"a\": null, \"bb\": \"x\", \"c\": \"ü\"}",
            "[[1], {\"a\": 1}]",
            "-3",
            "\"text\"",
        ],
    ),
    (
        "jr",
        "json",
        &[
            "null",
            " true ",
            "1.50",
            "\"a\\u00e9\\n\"",
            "[]",
            "{}",
            "[1, 2 , \"a\",null ]",
            "{\"a\" : 1, \"b\":{\"c\": [1, {\"d\": \"e\"}]}, \"a\": 2.0}",
            "{\"a\":null,\"bb\":\"x\\\"y\",\"\\u0061\":{ \"c\" : 1 }}",
            "{\"b\": {\"c\": 1}, \"b\": {\"d\": 2}}",
            "[[1], {\"a\": \"]}\"}]",
        ],
    ),
    (
        "ta",
        "text[]",
        &[
            "{}",
            "{a}",
            "{a,b,NULL}",
            "{\"\",\"x y\",\"a,b\",\"q\\\"uote\"}",
            "{NULL}",
            "{b,a,a}",
        ],
    ),
    (
        "ia",
        "integer[]",
        &[
            "{}",
            "{1}",
            "{1,2,3}",
            "{3,NULL,1}",
            "{{1,2},{3,4}}",
            "[2:3]={5,6}",
            "{2147483647}",
        ],
    ),
    ("na", "numeric[]", &["{}", "{1,1.0,1.00}", "{NaN,0.5}"]),
    ("m", "mood", &["sad", "ok", "happy"]),
    ("by", "bytea", &["\\x", "\\x00ff", "\\xdeadbeef", "\\x7f"]),
    (
        "ri",
        "int4range",
        &[
            "empty",
            "[1,5)",
            "(,3]",
            "[2,)",
            "(,)",
            "[5,6]",
            "[-7,2147483647)",
        ],
    ),
    (
        "rn",
        "numrange",
        &[
            "empty",
            "[1,5)",
            "(1.0,5.00]",
            "(,3]",
            "[2.5,)",
            "[1,1]",
            "[5.0,NaN]",
        ],
    ),
    (
        "rd",
        "daterange",
        &[
            "empty",
            "[2024-02-28,2024-03-01]",
            "[-infinity,infinity]",
            "(2024-03-01,)",
            "(,0044-03-15 BC)",
        ],
    ),
    (
        "rt",
        "tsrange",
        &[
            "empty",
            "[2024-01-01 10:00,2024-01-01 12:00)",
            "(2024-01-01 12:00,infinity)",
            "[,2024-01-01 12:00:00.5]",
        ],
    ),
    (
        "nt",
        "inet",
        &[
            "10.0.0.1",
            "10.0.0.0/8",
            "10.1.2.3/16",
            "0.0.0.0/0",
            "::1",
            "2001:db8::/32",
            "::ffff:1.2.3.4",
            "255.255.255.255",
        ],
    ),
    (
        "nc",
        "cidr",
        &[
            "10.0.0.0/8",
            "10.1.2.3/32",
            "192.168.1.0/24",
            "2001:db8::/32",
            "::/0",
        ],
    ),
    (
        "bi",
        "bit(8)",
        &["00000000", "10101010", "11111111", "00001111"],
    ),
    (
        "bv",
        "bit varying",
        &[
            "",
            "1",
            "10101010",
            "101010101",
            "0000",
            "11111111111111111111111111111111111111111111111111111111111111111",
        ],
    ),
    (
        "zt",
        "time with time zone",
        &[
            "00:00:00+00",
            "12:34:56.789-05:30",
            "24:00:00+02",
            "10:00:00+01",
            "09:00:00+00",
            "10:00:00-00:00:01",
        ],
    ),
    (
        "ma",
        "macaddr",
        &[
            "08:00:2b:01:02:03",
            "ff:ff:ff:ff:ff:ff",
            "00:00:00:00:00:00",
        ],
    ),
];

pub fn kind(declared: &str) -> Type {
    let array = |of| Type::Array { of: Box::new(of) };
    let numeric = Type::Numeric {
        precision: None,
        scale: None,
    };
    match declared {
        "boolean" => Type::Bool,
        "smallint" => Type::Int2,
        "integer" => Type::Int4,
        "bigint" => Type::Int8,
        "real" => Type::Float4,
        "double precision" => Type::Float8,
        "numeric" => numeric,
        "numeric(10,2)" => Type::Numeric {
            precision: Some(10),
            scale: Some(2),
        },
        "text" => Type::Text,
        "varchar(20)" => Type::Varchar { length: Some(20) },
        "char(5)" => Type::Char { length: 5 },
        "uuid" => Type::Uuid,
        "date" => Type::Date,
        "time" => Type::Time,
        "timestamp" => Type::Timestamp,
        "timestamptz" => Type::Timestamptz,
        "interval" => Type::Interval,
        "json" => Type::Json,
        "jsonb" => Type::Jsonb,
        "text[]" => array(Type::Text),
        "integer[]" => array(Type::Int4),
        "numeric[]" => array(numeric),
        "mood" => Type::Enum {
            sql: "mood".into(),
            labels: ["sad", "ok", "happy"].map(Into::into).into(),
        },
        "bytea" => Type::Bytea,
        other => match other.strip_suffix("[]") {
            Some(of) => array(kind(of)),
            None => Type::Opaque { sql: other.into() },
        },
    }
}

// Errors are caught row by row, since one would end the statement.
const OUTCOMES: &str = "
CREATE FUNCTION pg_temp.outcomes(sql text) RETURNS TABLE(v text, e text) LANGUAGE plpgsql AS $$
DECLARE r int;
BEGIN
  FOR r IN SELECT id FROM t ORDER BY id LOOP
    BEGIN
      e := NULL;
      EXECUTE 'SELECT (' || sql || ')::text FROM t WHERE id = $1' INTO v USING r;
    EXCEPTION WHEN OTHERS THEN
      v := NULL; e := SQLSTATE;
    END;
    RETURN NEXT;
  END LOOP;
END $$";

impl World {
    pub async fn new(database: &Database, rows: usize, random: &mut Random) -> Self {
        let client = database.owner().await;
        let columns: Vec<String> = COLUMNS
            .iter()
            .map(|(name, declared, _)| format!("{name} {declared}"))
            .collect();
        let setup = format!(
            "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
             CREATE TABLE t (id integer PRIMARY KEY, {}, secret text);
             CREATE FUNCTION allowed(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
             SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres';
             SET search_path = public; {OUTCOMES}",
            columns.join(", ")
        );
        client.batch_execute(&setup).await.unwrap();
        let mut world = Self {
            client,
            table: Table {
                name: "t".into(),
                ..Table::default()
            },
            scope: Scope {
                collation: "C".into(),
                ..Scope::default()
            },
            rows: Vec::new(),
        };
        let version = "SELECT current_setting('server_version_num')::int / 10000";
        let version = world.client.query_one(version, &[]).await.unwrap();
        world.scope.server = version.get::<_, i32>(0) as u16;
        for (name, declared, _) in COLUMNS {
            let kind = kind(declared);
            world.table.columns.push(Column {
                name: (*name).into(),
                kind: kind.clone(),
                nullable: true,
                ..Column::default()
            });
            let column = ScopeColumn {
                kind,
                ..ScopeColumn::default()
            };
            world.scope.columns.insert((*name).into(), column);
        }
        for id in 0..rows {
            world.insert(id, random).await;
        }
        world
    }

    async fn insert(&mut self, id: usize, random: &mut Random) {
        let mut cells = Vec::new();
        for (_, declared, values) in COLUMNS {
            // Every value of each column comes up before chance decides.
            let value = match id {
                0 => None,
                id if id <= values.len() => Some(values[id - 1]),
                _ if random.below(6) == 0 => None,
                _ => Some(values[random.below(values.len())]),
            };
            cells.push(match value {
                None => "NULL".to_owned(),
                Some(text) => format!("'{}'::{declared}", text.replace('\'', "''")),
            });
        }
        let insert = format!("INSERT INTO t VALUES ({id}, {})", cells.join(", "));
        self.client.batch_execute(&insert).await.expect(&insert);
        let texts: Vec<String> = COLUMNS
            .iter()
            .map(|(name, ..)| format!("{name}::text"))
            .collect();
        let read = format!("SELECT {} FROM t WHERE id = {id}", texts.join(", "));
        let read = self.client.query_one(&read, &[]).await.unwrap();
        let row = self.table.columns.iter().enumerate().map(|(i, column)| {
            match read.get::<_, Option<String>>(i) {
                Some(text) => value::parse_canonical(&column.kind, &text).unwrap(),
                None => Value::Null,
            }
        });
        self.rows.push(row.collect());
    }

    pub fn shown(&self, row: usize) -> String {
        let cells = self.table.columns.iter().zip(&self.rows[row]);
        let each = cells.map(|(column, value)| {
            let text = value::to_text(&column.kind, value);
            format!("{}={}", column.name, text.unwrap_or_else(|| "NULL".into()))
        });
        each.collect::<Vec<_>>().join(" ")
    }
}
