//! Random texts of the types that few schemas have: read by Postgres and by the core.
//!
//! Compared are the verdict with its SQLSTATE, the text that is printed, and the order of pairs. A text
//! is one of the list below, with a few characters changed; what chance has found stays in that list.
//! Does not cover: dates and times in notations other than ISO's, which the client refuses with 22007,
//! and names of time zones.

use super::random::Random;
use super::{Outcome, seeded, table};
use crate::harness::Database;
use haversack_core::schema::Type;
use haversack_core::value::{self, Value};
use tokio_postgres::Client;

/// A type, the same as what is written is cast to, the texts to begin with, and what is put into them.
struct Texts {
    declared: &'static str,
    cast: &'static str,
    known: &'static [&'static str],
    parts: &'static str,
}

const TIMES: &str = "0 1 2 5 6 9 : : - + . T Z BC infinity";

const TEXTS: &[Texts] = &[
    Texts {
        declared: "inet",
        cast: "inet",
        known: ADDRESSES,
        parts: "0 1 9 a F x . . : :: / / 32 128 256",
    },
    Texts {
        declared: "cidr",
        cast: "cidr",
        known: ADDRESSES,
        parts: "0 1 9 a F x 0x . . : :: / / 8 24 32 128 256",
    },
    Texts {
        declared: "macaddr",
        cast: "macaddr",
        known: &[
            "08:00:2b:01:02:03",
            "08-00-2b-01-02-03",
            "08002b:010203",
            "08002b-010203",
            "0800.2b01.0203",
            "0800-2b01-0203",
            "08002b010203",
            "8:0:2b:1:2:3",
            "008:0000:2b:1:2:3",
            "100:0:0:0:0:0",
            "-1:0:0:0:0:0",
            "-0:+0:0x0:0:0:0",
            "100000001:0:0:0:0:0",
            "-ffffffff:0:0:0:0:0",
            "10000000000000001:0:0:0:0:0",
            "0x:0x:0x:0x:0x:0x",
            "0x0x0x0x0x0x",
            "1 2 3 4 5 6",
            "1: 2:3:4:5:6",
            "1 :2:3:4:5:6",
            "aa b:c d:e",
            "a:b:c-d:e:f",
            "1:2:3:4:5:6 ",
            "1:2:3:4:5:6 7",
            "\u{a0}1:2:3:4:5:6",
            "\u{b}1:2:3:4:5:6\u{b}",
            "1:2:3:4:5",
            "1:2:3:4:5:6:7",
            "-1-2-3-4-5-6",
            "",
        ],
        parts: "0 1 9 a F x 0x g : : - - . . + 100 ff",
    },
    Texts {
        declared: "bit(8)",
        cast: "\"bit\"",
        known: BITS,
        parts: "0 1 2 b B x X a F g",
    },
    Texts {
        declared: "bit varying(5)",
        cast: "bit varying",
        known: BITS,
        parts: "0 1 2 b B x X a F g",
    },
    Texts {
        declared: "bit varying",
        cast: "bit varying",
        known: BITS,
        parts: "0 1 2 b B x X a F g",
    },
    Texts {
        declared: "int4range",
        cast: "int4range",
        known: INTEGERS,
        parts: RANGES,
    },
    Texts {
        declared: "int8range",
        cast: "int8range",
        known: INTEGERS,
        parts: RANGES,
    },
    Texts {
        declared: "numrange",
        cast: "numrange",
        known: &[
            "[1,5.50)",
            "(1.0,1.00]",
            "[1.0,1.00]",
            "[-Infinity,NaN]",
            "(,NaN)",
            "[NaN,1]",
            "[ 1e3 , \"2e3\" ]",
            "[1,\"\"]",
            "[\"1\"\"\",2]",
        ],
        parts: "0 1 9 . e , ( [ ) ] \" \\ - + NaN inf empty",
    },
    Texts {
        declared: "daterange",
        cast: "daterange",
        known: &[
            "[2024-02-28,2024-02-29]",
            "(2024-02-28,2024-02-29)",
            "[-infinity,infinity]",
            "(infinity,)",
            "[5874897-12-31,)",
            "(5874897-12-31,)",
            "(,5874897-12-31]",
            "[0044-03-15 BC,2024-01-01)",
            "[\"2024-01-01\",2024-01-01]",
            "[2024-01-02,2024-01-01]",
            "[2024-02-30,)",
            "[2024-01-01 10:00,2024-01-03]",
        ],
        parts: TIMES,
    },
    Texts {
        declared: "tsrange",
        cast: "tsrange",
        known: &[
            "[2024-01-01 10:00,2024-01-01 12:00)",
            "[2024-01-01T10:00:00.5,\"2024-01-01 24:00\"]",
            "(-infinity,infinity]",
            "[2024-01-01 23:59:60,)",
            "[2024-01-01 23:59:60.5,)",
            "[2024-01-01 1:2:3,)",
            "[2024-01-01 12:30.5,)",
            "[2024-01-01 10:00+02,)",
            "[2024-01-01 25:00,)",
        ],
        parts: TIMES,
    },
    Texts {
        declared: "tstzrange",
        cast: "tstzrange",
        known: &[
            "[2024-01-01 10:00+02,2024-01-01 12:00Z)",
            "[2024-01-01 10:00:00.5+05:30,\"2024-01-01 24:00-01:02:03\"]",
            "(-infinity,infinity]",
            "[2024-01-01 10:00+16,)",
            "[2024-01-01 10:00 +0530,)",
        ],
        parts: TIMES,
    },
    Texts {
        declared: "time with time zone",
        cast: "time with time zone",
        known: CLOCKS,
        parts: TIMES,
    },
    Texts {
        declared: "time(3) with time zone",
        cast: "time with time zone",
        known: CLOCKS,
        parts: TIMES,
    },
];

const ADDRESSES: &[&str] = &[
    "10.0.0.1",
    "10.0.0.0/8",
    "10.1.2.3/16",
    "010.000.00.01",
    "10",
    "10/8",
    "10.1/16",
    "10.1/24",
    "1.2.3.4.",
    "1.2./16",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.4/33",
    "1.2.3.4/032",
    "1.2.3.4/4294967296",
    "1.2.3.4/4294967295",
    "1.2.3.4/4294967294",
    "1.2.3.4/",
    "/8",
    " 1.2.3.4",
    "1.2.3.4 ",
    "\u{a0}1.2.3.4",
    "127",
    "128",
    "192.1",
    "224",
    "224.1",
    "225",
    "240",
    "0xa",
    "0xa/8",
    "0Xabc",
    "0xC0A80101",
    "0xC0A8010101",
    "0x",
    "0xg",
    "0xa.1",
    "0xe0",
    "::",
    "::/0",
    "::1",
    "1::",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:",
    "1:2:3:4:5:6:7:8:/128",
    "::1:/128",
    "1:2:3:4:5:6:7::8",
    "1:2:3:4:5:6:7::",
    "1::2::3",
    ":1::",
    ":::",
    "2001:DB8::/32",
    "2001:db8::1/032",
    "2001:db8::1/129",
    "::ffff:1.2.3.4",
    "::1.2.3.4/96",
    "0::1.2.3",
    "0::1.2.3.",
    "0::1.2.3./128",
    "::1..2",
    "::.1",
    "::01.2.3.4",
    "::1.2.3.4.5",
    "::1.2.3.4/",
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
    "12345::",
    "g::",
    "1.2.3.4/:",
    "",
];

const BITS: &[&str] = &[
    "10101010",
    "0000",
    "1",
    "",
    "b101",
    "B10101010",
    "xA5",
    "Xff",
    "x",
    "b",
    "x1g",
    "12",
    "10 ",
    " 10",
    "bb1",
    "1234567x",
    "101010101",
    "x0",
    "xé",
    "é",
    "0000000é",
];

const RANGES: &str = "0 1 9 , ( [ ) ] \" \\ - + . 2147483647 9223372036854775807 empty";

const INTEGERS: &[&str] = &[
    "empty",
    " EMPTY ",
    "empty x",
    "emptyx",
    "[1,5)",
    "(1,5]",
    "(1,2)",
    "[1,1)",
    "[2,1]",
    "(,)",
    "[,]",
    " [ 1 , 5 ] ",
    "\u{b}[1,5)\u{b}",
    "\u{a0}[1,5)",
    "[\u{a0}1,5)",
    "[\"1\",\"5\")",
    "[\"\",5)",
    "[\"1\"\"\",5)",
    "[\\1,5)",
    "[1\\,2,5)",
    "[1,5,6)",
    "[1)",
    "[1,5",
    "1,5)",
    "[1,5) x",
    "[(1,5)",
    "[1,a]",
    "[a,",
    "(2147483647,)",
    "(,2147483647]",
    "[2147483648,)",
    "(9223372036854775807,)",
    "[1,9223372036854775807]",
    "",
];

const CLOCKS: &[&str] = &[
    "10:00",
    "10:00:00+02",
    "10:00:00 +02",
    "10:00:00-05:30",
    "10:00:00+0530",
    "10:00:00+053015",
    "10:00:00+05:30:15",
    "10:00:00-00:00:01",
    "10:00:00Z",
    "10:00 z",
    "24:00:00+02",
    "24:00:00.000001+02",
    "23:59:60+00",
    "23:59:60.5+00",
    "23:59:59.9999999+00",
    "10:00:00.1234567+00",
    "25:00+00",
    "10:60+00",
    "1:2:3+00",
    "12:30.5+00",
    "10:00+15:59:59",
    "10:00-15:59:59",
    "10:00+16",
    "10:00+15:60",
    "10:00+1:2",
    "10:00+123",
    " 10:00+01 ",
    "\u{b}10:00+01",
    "\u{a0}10:00+01",
    "09:00+00",
    "x",
    "",
];

const READ: &str = r"
CREATE FUNCTION pg_temp.texts(declared text, cast_to text, texts text[]) RETURNS TABLE(v text, e text)
LANGUAGE plpgsql AS $$
DECLARE t text;
BEGIN
  DROP TABLE IF EXISTS pg_temp.one;
  EXECUTE 'CREATE TEMP TABLE one (v ' || declared || ')';
  FOREACH t IN ARRAY texts LOOP
    BEGIN
      e := NULL;
      EXECUTE 'INSERT INTO pg_temp.one VALUES ($1::' || cast_to || ') RETURNING v::text' INTO v USING t;
    EXCEPTION WHEN OTHERS THEN
      v := NULL; e := SQLSTATE;
    END;
    RETURN NEXT;
  END LOOP;
END $$;
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'";

impl Texts {
    /// A text that is known, with up to three changes.
    fn random(&self, random: &mut Random) -> String {
        let parts: Vec<&str> = self.parts.split(' ').chain([" ", "\t", "\u{a0}"]).collect();
        let mut text = self.known[random.below(self.known.len())].to_owned();
        for _ in 0..random.below(4) {
            let places: Vec<usize> = (text.char_indices().map(|(at, _)| at))
                .chain([text.len()])
                .collect();
            let at = random.below(places.len());
            let (from, to) = (
                places[at],
                places.get(at + 1).copied().unwrap_or(text.len()),
            );
            match random.below(4) {
                0 => text.replace_range(from..to, ""),
                1 => text.replace_range(from..to, parts[random.below(parts.len())]),
                2 => text.insert_str(from, &text[from..to].to_owned()),
                _ => text.insert_str(from, parts[random.below(parts.len())]),
            }
        }
        text
    }

    /// An array of such texts, quoted where they have to be and sometimes where not.
    fn random_array(&self, random: &mut Random) -> String {
        let mut items = Vec::new();
        for _ in 0..random.below(4) {
            let text = self.random(random);
            let bare = !text.is_empty() && !text.contains(['"', '\\', ',', '{', '}']);
            let blank = ["", "", " ", "\u{b}"][random.below(4)];
            items.push(match random.below(8) {
                0 => "NULL".to_owned(),
                1..=4 if bare => format!("{blank}{text}{blank}"),
                _ => {
                    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
                    format!("{blank}\"{quoted}\"{blank}")
                }
            });
        }
        format!("{{{}}}", items.join(","))
    }
}

/// What differs of texts of a type.
async fn differences(
    client: &Client,
    (declared, cast): (&str, &str),
    texts: &[String],
    random: &mut Random,
    failures: &mut Vec<String>,
) {
    let kind = table::kind(declared);
    let rows = client
        .query(
            "SELECT v, e FROM pg_temp.texts($1, $2, $3)",
            &[&declared, &cast, &texts],
        )
        .await
        .unwrap();
    let mut read: Vec<(String, Value)> = Vec::new();
    for (text, row) in texts.iter().zip(rows) {
        let expected = match row.get::<_, Option<String>>(1) {
            Some(state) => Outcome::Error(state),
            None => Outcome::Value(row.get(0)),
        };
        let (actual, value) = match value::parse(&kind, text) {
            Ok(value) => (Outcome::Value(value::to_text(&kind, &value)), value),
            Err(error) => {
                let state = error.details.sqlstate.clone().unwrap_or_default();
                (Outcome::Error(state), Value::Null)
            }
        };
        if expected != actual && !excused(&kind, text, &expected, &actual) {
            failures.push(format!(
                "{declared} {text:?}: Postgres says {expected:?}, the core {actual:?}"
            ));
        } else if let Outcome::Value(Some(text)) = actual {
            read.push((text, value));
        }
    }
    if read.is_empty() {
        return;
    }
    let pairs: Vec<_> = (0..texts.len() * 2)
        .map(|_| {
            (
                &read[random.below(read.len())],
                &read[random.below(read.len())],
            )
        })
        .collect();
    let (left, right): (Vec<&str>, Vec<&str>) = pairs.iter().map(|(a, b)| (&*a.0, &*b.0)).unzip();
    let orders = format!(
        "SELECT CASE WHEN a < b THEN 'Less' WHEN a = b THEN 'Equal' ELSE 'Greater' END FROM
         (SELECT a::{cast} AS a, b::{cast} AS b, at FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS p(a, b, at)) AS p
         ORDER BY at"
    );
    let orders = client.query(&orders, &[&left, &right]).await.unwrap();
    for ((a, b), row) in pairs.iter().zip(orders) {
        let (expected, actual) = (row.get::<_, String>(0), value::compare(&kind, &a.1, &b.1));
        if expected != format!("{actual:?}") {
            let (a, b) = (&a.0, &b.0);
            failures.push(format!(
                "{declared} {a} and {b}: Postgres says {expected}, the core {actual:?}"
            ));
        }
    }
}

/// What may differ: notations of dates and times other than ISO's, and which of several things that are
/// wrong is named.
fn excused(kind: &Type, text: &str, expected: &Outcome, actual: &Outcome) -> bool {
    let (state, own) = match (expected, actual) {
        (Outcome::Error(state), Outcome::Error(own)) => (&**state, &**own),
        (Outcome::Value(_), Outcome::Error(own)) => ("", &**own),
        // A year as ISO has it where it has not four digits: JavaScript's `Date` writes it so.
        (Outcome::Error(_), Outcome::Value(_)) => {
            let text: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            let signed = |w: &[u8]| b"[(,\"".contains(&w[0]) && b"+-".contains(&w[1]);
            return has_times(kind) && text.windows(2).any(signed);
        }
        (Outcome::Value(_), Outcome::Value(_)) => return false,
    };
    let times = ["22000", "22007", "22008", "22009", "22023"];
    if has_times(kind) && (own == "22007" || times.contains(&state) && times.contains(&own)) {
        return !known(kind, text);
    }
    match kind {
        Type::Array { of } if !state.is_empty() => {
            let alone = |text: &Option<String>| {
                let read = value::parse(of, text.as_deref().unwrap_or_default());
                read.is_err_and(|error| error.details.sqlstate.as_deref() == Some(state))
            };
            value::array_texts(text).is_some_and(|texts| texts.iter().any(alone))
        }
        _ => false,
    }
}

/// Is a text one of the list, which has no more than one thing wrong?
fn known(kind: &Type, text: &str) -> bool {
    let listed = TEXTS
        .iter()
        .filter(|texts| table::kind(texts.declared) == *kind);
    listed
        .flat_map(|texts| texts.known)
        .any(|known| *known == text)
}

/// Is a type one of those whose texts are read in ISO's notation alone?
fn has_times(kind: &Type) -> bool {
    match kind {
        Type::Array { of } => has_times(of),
        Type::Opaque { sql } => ["date", "ts", "time"]
            .iter()
            .any(|name| sql.starts_with(name)),
        _ => false,
    }
}

#[tokio::test]
async fn random_texts_are_read_and_ordered_as_postgres_does() {
    let (budget, seed) = seeded();
    let mut random = Random::new(seed);
    let database = Database::create().await;
    let client = database.owner().await;
    client.batch_execute(READ).await.unwrap();
    let mut failures = Vec::new();
    for texts in TEXTS {
        let mut some: Vec<String> = texts.known.iter().map(|text| (*text).into()).collect();
        some.extend((0..budget).map(|_| texts.random(&mut random)));
        let names = (texts.declared, texts.cast);
        differences(&client, names, &some, &mut random, &mut failures).await;
        let arrays: Vec<String> = (0..budget / 4)
            .map(|_| texts.random_array(&mut random))
            .collect();
        let (declared, cast) = (format!("{}[]", texts.declared), format!("{}[]", texts.cast));
        differences(
            &client,
            (&declared, &cast),
            &arrays,
            &mut random,
            &mut failures,
        )
        .await;
    }
    let count = failures.len();
    failures.truncate(200);
    assert!(
        count == 0,
        "seed {seed}: {count} differ:\n{}",
        failures.join("\n")
    );
}
