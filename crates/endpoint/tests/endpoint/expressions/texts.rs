//! Random texts of the types that few schemas have: read by Postgres and by the core.
//!
//! Compared are the verdict with its SQLSTATE, the text that is printed, and the order of pairs. A text
//! is one of `known_texts`, with a few characters changed; what chance has found stays there.
//! Does not cover: dates and times in notations other than ISO's, which the client refuses with 22007,
//! and names of time zones.

use super::known_texts::{TEXTS, Texts};
use super::random::Random;
use super::{Outcome, seeded, table};
use crate::harness::Database;
use haversack_core::schema::Type;
use haversack_core::value::{self, Value};
use tokio_postgres::Client;

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
                2 => text.replace_range(from..to, &text[from..to].repeat(2)),
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

/// What may differ: notations of dates and times other than ISO's, which of several things that are wrong
/// is named, and what versions of Postgres differ in.
fn excused(kind: &Type, text: &str, expected: &Outcome, actual: &Outcome) -> bool {
    if known(kind, text) {
        return false;
    }
    let times = has_times(kind);
    let (state, own) = match (expected, actual) {
        (Outcome::Error(state), Outcome::Error(own)) => (&**state, &**own),
        (Outcome::Value(_), Outcome::Error(own)) => return times && own == "22007",
        (Outcome::Error(_), Outcome::Value(_)) => {
            let bytes: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            // A year as ISO has it where it has not four digits: JavaScript's `Date` writes it so.
            let signed = |w: &[u8]| b"[(,\"".contains(&w[0]) && b"+-".contains(&w[1]);
            // Up to Postgres 15 an exponent may have blanks before it.
            return times && bytes.windows(2).any(signed)
                || has_exponents(kind) && text.contains(['e', 'E']);
        }
        (Outcome::Value(_), Outcome::Value(_)) => return false,
    };
    let several: &[&str] = match kind {
        // Versions differ in what they look at first, the array or its elements.
        Type::Array { .. } if times => return true,
        _ if times => &["22000", "22007", "22008", "22009", "22023"],
        _ if has_exponents(kind) => &["22000", "22P02"],
        // Whether a number is too large or no number.
        Type::Opaque { sql } if sql.starts_with("int") => &["22003", "22P02"],
        Type::Array { of } => {
            let alone = |text: &Option<String>| {
                let read = value::parse(of, text.as_deref().unwrap_or_default());
                read.is_err_and(|error| error.details.sqlstate.as_deref() == Some(state))
            };
            return value::array_texts(text).is_none_or(|texts| texts.iter().any(alone));
        }
        _ => &[],
    };
    several.contains(&state) && several.contains(&own)
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

fn has_exponents(kind: &Type) -> bool {
    match kind {
        Type::Array { of } => has_exponents(of),
        Type::Opaque { sql } => sql == "numrange",
        _ => false,
    }
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
