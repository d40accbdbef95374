//! What introspection makes of expressions: whose names they use, which sequence a default draws from,
//! what is evaluated and what is the server's.

use crate::introspection::read;
use haversack_core::schema::ColumnDefault;

/// An extension such as citext brings operators and functions of nearly every name into `public`. What an
/// expression uses of them is the server's; the others mean what they always did.
#[tokio::test]
async fn names_that_the_database_has_too_are_its_own_only_where_they_are_used() {
    let read = read(
        "CREATE FUNCTION split_part(point, point) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
         CREATE OPERATOR > (leftarg = point, rightarg = point, function = split_part);
         CREATE FUNCTION lower(point) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'x'$$;
         CREATE DOMAIN positive AS int CHECK (VALUE > 0);
         CREATE DOMAIN beyond AS point CHECK (VALUE > point(0, 0));
         CREATE TABLE t (id int PRIMARY KEY CONSTRAINT plain CHECK (id > 0), at point CONSTRAINT odd CHECK (at > point(0, 0)),
             word text DEFAULT split_part('a b', ' ', 1) CONSTRAINT lowered CHECK (lower(word) > 'a'), p positive, b beyond,
             made text GENERATED ALWAYS AS (lower(word)) STORED, odd text GENERATED ALWAYS AS (lower(at)) STORED);
         CREATE UNIQUE INDEX words ON t (lower(word)) WHERE id > 0;
         CREATE UNIQUE INDEX points ON t (lower(at))",
        "[tables.t]\nwritable = true",
    )
    .await;
    let t = read.table("t");
    let checks: Vec<(&str, bool)> = t
        .checks
        .iter()
        .map(|c| (&*c.name, c.expr.is_some()))
        .collect();
    assert_eq!(checks, [("lowered", true), ("odd", false), ("plain", true)]);
    let column = |name: &str| t.column(t.column_id(name).unwrap());
    assert!(matches!(
        column("word").default,
        Some(ColumnDefault::Constant { .. } | ColumnDefault::Expression { .. })
    ));
    let known = |name: &str| column(name).domains[0].checks[0].expr.is_some();
    assert_eq!((known("p"), known("b")), (true, false));
    let made = |name: &str| column(name).generated.as_ref().unwrap().expr.is_some();
    assert_eq!((made("made"), made("odd")), (true, false));
    let judged: Vec<(&str, bool)> = t
        .uniques
        .iter()
        .map(|u| (&*u.name, u.reason.is_none()))
        .collect();
    assert_eq!(judged, [("words", true), ("points", false)]);
}

/// Dumps of old databases name their sequences by texts, of which the catalog keeps no dependency.
#[tokio::test]
async fn a_sequence_named_by_a_text_is_found_or_is_the_server_s() {
    let read = read(
        "CREATE SEQUENCE ids;
         CREATE SEQUENCE \"Odd ids\";
         CREATE TABLE plain (id int PRIMARY KEY DEFAULT nextval(('ids'::text)::regclass));
         CREATE TABLE quoted (id int PRIMARY KEY DEFAULT nextval(('public.\"Odd ids\"'::text)::regclass));
         CREATE TABLE worked_out (id int PRIMARY KEY DEFAULT nextval(('i' || 'ds')::regclass))",
        "[tables.plain]\nwritable = true\n[tables.quoted]\nwritable = true\n[tables.worked_out]\nwritable = true",
    )
    .await;
    for (table, sequence) in [("plain", "public.ids"), ("quoted", "public.\"Odd ids\"")] {
        assert!(matches!(
            read.table(table).columns[0].default,
            Some(ColumnDefault::Sequence { always: false })
        ));
        let at = read.schema().table_id(table).unwrap();
        let facts = &read.survey.introspected.tables[usize::from(at.0)];
        assert_eq!(facts.sequence_of, [("id".into(), sequence.into())]);
    }
    let default = &read.table("worked_out").columns[0].default;
    assert!(
        matches!(default, Some(ColumnDefault::ServerOnly { .. })),
        "no key is leased where no sequence is known: {default:?}"
    );
}

#[tokio::test]
async fn generated_columns_and_defaults_are_evaluated_or_named() {
    let read = read(
        "CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1';
         CREATE DOMAIN small AS int DEFAULT 100 CHECK (VALUE < 10);
         CREATE TABLE t (id int PRIMARY KEY, a text, b text, secret text,
             c text GENERATED ALWAYS AS (a || b) STORED, d text GENERATED ALWAYS AS (upper(secret)) STORED,
             e int DEFAULT own(), f int DEFAULT 1 + 2, g text DEFAULT now(), h text DEFAULT gen_random_uuid(), i small, j small DEFAULT 3,
             k text DEFAULT nextval('pg_catalog.pg_class'::regclass))",
        "[tables.t]\nwritable = true\nprivate = ['secret']",
    )
    .await;
    let t = read.table("t");
    let column = |name: &str| t.column(t.column_id(name).unwrap());
    assert!(column("c").generated.as_ref().unwrap().expr.is_some());
    let hidden = column("d").generated.as_ref().unwrap();
    assert!(hidden.expr.is_none() && hidden.reason.is_some() && !hidden.sql.contains("secret"));
    assert!(matches!(
        column("e").default,
        Some(ColumnDefault::ServerOnly { .. })
    ));
    assert!(matches!(
        column("g").default,
        Some(ColumnDefault::ServerOnly { .. } | ColumnDefault::Expression { .. })
    ));
    assert_eq!(column("h").default, Some(ColumnDefault::Uuid));
    assert!(
        matches!(column("i").default, Some(ColumnDefault::ServerOnly { .. })),
        "its own domain refuses it"
    );
    assert_eq!(
        column("j").default,
        Some(ColumnDefault::Constant { text: "3".into() }),
        "others are not lost with it"
    );
    let notes = read.notes("t");
    for expected in [
        "private_shown d",
        "server_only_default e",
        "server_only_default i",
        "server_only_default k",
    ] {
        assert!(notes.iter().any(|n| n == expected), "{expected}: {notes:?}");
    }
}
