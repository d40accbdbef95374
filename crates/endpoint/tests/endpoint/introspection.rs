//! Whatever Postgres knows of a table is in the schema, or is named as what only the server knows.

use crate::harness::*;
use haversack_core::schema::{Action, ColumnDefault, ForeignKey, Schema, Table, Type};
use haversack_endpoint::config::Config;
use haversack_endpoint::introspect::{Introspected, Note, Privileges, Survey, introspect, survey};

pub struct Read {
    pub database: Database,
    pub survey: Survey,
}

pub async fn read(sql: &str, config: &str) -> Read {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    owner
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let config = Config::parse(config, "haversack.toml").unwrap();
    let survey = survey(&mut owner, &config, "nobody", Privileges::Planned)
        .await
        .unwrap();
    Read { database, survey }
}

impl Read {
    pub fn schema(&self) -> &Schema {
        &self.survey.introspected.schema
    }

    pub fn table(&self, name: &str) -> &Table {
        let schema = self.schema();
        schema.table(
            schema
                .table_id(name)
                .unwrap_or_else(|| panic!("no table {name}")),
        )
    }

    /// Code, constraint or column, in order.
    pub fn notes(&self, table: &str) -> Vec<String> {
        let of = |n: &Note| {
            n.constraint
                .clone()
                .or(n.column.clone())
                .unwrap_or_default()
        };
        let notes = self.survey.introspected.notes.iter();
        notes
            .filter(|n| n.table.as_deref() == Some(table))
            .map(|n| format!("{} {}", n.code, of(n)))
            .collect()
    }

    fn message(&self, code: &str) -> &str {
        let notes = &self.survey.introspected.notes;
        let note = notes.iter().find(|n| n.code == code);
        &note
            .unwrap_or_else(|| panic!("no {code} in {notes:?}"))
            .message
    }

    async fn major(&self) -> u16 {
        self.schema().server
    }
}

fn names<'a, T>(of: &'a [T], name: impl Fn(&'a T) -> &'a String) -> Vec<&'a str> {
    of.iter().map(|x| name(x).as_str()).collect()
}

#[tokio::test]
async fn domains_are_followed_the_innermost_first() {
    let read = read(
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b int);
         CREATE DOMAIN text_80 AS varchar(80) CHECK (length(VALUE) > 2) CONSTRAINT a_first CHECK (VALUE <> 'xxx');
         CREATE DOMAIN email AS text_80 NOT NULL DEFAULT 'a@b.c' CHECK (VALUE LIKE '%@%');
         CREATE DOMAIN feeling AS mood; CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) < 3);
         CREATE DOMAIN checked AS int CHECK (VALUE > 0);
         CREATE TABLE t (id int PRIMARY KEY, e email, f feeling, g tags, h checked[], i feeling[], j tags[], k pair, l mood[],
             m numeric(8,3)[], n varchar(5)[], o timestamp(3)[], p int2vector)",
        "[tables.t]\nwritable = true",
    )
    .await;
    let t = read.table("t");
    let column = |name: &str| t.column(t.column_id(name).unwrap());
    let e = column("e");
    assert_eq!(e.kind, Type::Varchar { length: Some(80) });
    assert_eq!(names(&e.domains, |d| &d.name), ["text_80", "email"]);
    assert_eq!(
        (e.domains[0].not_null, e.domains[1].not_null, e.nullable),
        (false, true, false)
    );
    assert_eq!(
        names(&e.domains[0].checks, |c| &c.name),
        ["a_first", "text_80_check"]
    );
    assert!(
        e.domains[0]
            .checks
            .iter()
            .all(|c| c.expr.as_ref().is_some_and(|x| x.has("value"))),
        "{e:?}"
    );
    assert_eq!(
        e.default,
        Some(ColumnDefault::Constant {
            text: "a@b.c".into()
        })
    );
    assert!(matches!(&column("f").kind, Type::Enum { sql, .. } if sql == "mood"));
    assert_eq!(column("f").domains[0].name, "feeling");
    assert_eq!(
        column("g").kind,
        Type::Array {
            of: Box::new(Type::Text)
        }
    );
    assert_eq!(
        column("h").kind,
        Type::Array {
            of: Box::new(Type::Int4)
        }
    );
    assert!(column("h").domains.is_empty(), "the array is of no domain");
    assert!(matches!(&column("i").kind, Type::Array { of } if matches!(**of, Type::Enum { .. })));
    assert!(matches!(&column("j").kind, Type::Opaque { sql } if sql == "tags[]"));
    assert!(matches!(&column("k").kind, Type::Opaque { sql } if sql == "pair"));
    assert!(matches!(&column("l").kind, Type::Array { of } if matches!(**of, Type::Enum { .. })));
    let numeric = Type::Numeric {
        precision: Some(8),
        scale: Some(3),
    };
    assert_eq!(
        column("m").kind,
        Type::Array {
            of: Box::new(numeric)
        }
    );
    assert_eq!(
        column("n").kind,
        Type::Array {
            of: Box::new(Type::Varchar { length: Some(5) })
        }
    );
    assert!(matches!(&column("p").kind, Type::Opaque { sql } if sql == "int2vector"));
    assert_eq!(
        read.notes("t"),
        [
            "opaque_type j",
            "opaque_type k",
            "opaque_type p",
            "precision_ignored o",
            "server_only_check checked",
            "server_only_check tags"
        ]
    );
    let rules = names(&t.server_rules, |r| &r.name);
    assert_eq!(rules, ["checked", "tags"], "the elements' domains");
}

#[tokio::test]
async fn uniques_come_in_the_order_in_which_postgres_asks_them() {
    let read = read(
        "CREATE COLLATION odd (provider = icu, locale = 'und', deterministic = false);
         CREATE TABLE t (id int, a text, b text, c text COLLATE odd, d date, secret text, r int4range,
             CONSTRAINT z_first UNIQUE (a) INCLUDE (d));
         ALTER TABLE t ADD PRIMARY KEY (id);
         CREATE UNIQUE INDEX lowered ON t (lower(b) DESC NULLS LAST) WHERE d IS NOT NULL;
         ALTER TABLE t ADD CONSTRAINT late UNIQUE (b, a) DEFERRABLE INITIALLY DEFERRED;
         CREATE UNIQUE INDEX none_equal ON t (d) NULLS NOT DISTINCT;
         CREATE UNIQUE INDEX odd_one ON t (c);
         CREATE UNIQUE INDEX hidden ON t (secret); CREATE INDEX hidden_too ON t (id) WHERE secret IS NULL;
         CREATE INDEX patterned ON t (a text_pattern_ops, b COLLATE \"POSIX\");
         CREATE FUNCTION own(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
         CREATE UNIQUE INDEX by_own ON t (own(a));
         ALTER TABLE t ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&);",
        "[tables.t]\nwritable = true\nprivate = ['secret']",
    )
    .await;
    let t = read.table("t");
    assert_eq!(
        names(&t.uniques, |u| &u.name),
        [
            "z_first",
            "lowered",
            "late",
            "none_equal",
            "odd_one",
            "by_own"
        ]
    );
    assert_eq!(t.primary_key_rank, 1);
    assert_eq!(
        names(&t.uniques[0].columns, |p| &p.expression),
        ["a"],
        "INCLUDE is no part"
    );
    let lowered = &t.uniques[1];
    assert!(
        lowered.columns[0].descending
            && !lowered.columns[0].nulls_first
            && !lowered.columns[0].column
    );
    assert!(
        lowered.columns[0].expr.is_some() && lowered.reason.is_none(),
        "{lowered:?}"
    );
    assert!(lowered.predicate.as_ref().unwrap().expr.is_some());
    assert!(t.uniques[2].deferrable && t.uniques[2].deferred && !lowered.deferrable);
    assert!(t.uniques[3].nulls_not_distinct && !lowered.nulls_not_distinct);
    assert!(t.uniques[4].reason.as_ref().unwrap().contains("collation"));
    assert!(t.uniques[5].reason.as_ref().unwrap().contains("own"));
    let patterned = t.indexes.iter().find(|i| i.name == "patterned").unwrap();
    assert_eq!(
        patterned.parts[0].operators.as_deref(),
        Some("text_pattern_ops")
    );
    assert_eq!(patterned.parts[1].collation.as_deref(), Some("POSIX"));
    assert!(patterned.parts[0].collation.is_none() && patterned.parts[1].operators.is_none());
    let rules: Vec<_> = t
        .server_rules
        .iter()
        .map(|r| (r.name.as_str(), r.kind.as_str()))
        .collect();
    assert_eq!(rules, [("hidden", "unique"), ("apart", "exclusion")]);
    assert!(
        !serde_json::to_string(read.schema())
            .unwrap()
            .contains("secret"),
        "a private column's name is private"
    );
    assert_eq!(
        read.notes("t"),
        [
            "nondeterministic_collation c",
            "private_rule hidden",
            "private_rule hidden_too",
            "server_only_exclusion apart",
            "server_only_unique by_own",
            "server_only_unique odd_one"
        ]
    );
}

#[tokio::test]
async fn foreign_keys_come_in_the_order_in_which_they_are_asked() {
    let read = read(
        "CREATE TABLE other (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE unsynced (id int PRIMARY KEY);
         CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
         CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE);
         CREATE TABLE t (id int PRIMARY KEY, a int, b int, up int, part int, away int, mail text,
             CONSTRAINT z FOREIGN KEY (a, b) REFERENCES other MATCH FULL ON DELETE SET NULL (b) ON UPDATE CASCADE,
             CONSTRAINT y FOREIGN KEY (up) REFERENCES t ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
             CONSTRAINT x FOREIGN KEY (part) REFERENCES parts ON DELETE RESTRICT,
             CONSTRAINT w FOREIGN KEY (away) REFERENCES unsynced ON DELETE SET DEFAULT,
             CONSTRAINT v FOREIGN KEY (mail) REFERENCES users (email));
         ALTER TABLE other ADD CONSTRAINT round FOREIGN KEY (a) REFERENCES t NOT VALID;",
        "[tables.t]\nwritable = true\n[tables.other]\n[tables.parts]\n[tables.users]\nprivate = ['email']",
    )
    .await;
    assert_eq!(read.survey.faults, []);
    let t = read.table("t");
    let keys = &t.foreign_keys;
    assert_eq!(
        names(keys, |k| &k.name),
        ["z", "y", "x", "w"],
        "not by name"
    );
    let ForeignKey {
        columns,
        references,
        referenced_columns,
        match_full,
        on_delete,
        delete_columns,
        on_update,
        ..
    } = &keys[0];
    assert_eq!((&**references, *match_full), ("other", true));
    assert_eq!(
        (columns.as_slice(), referenced_columns.as_slice()),
        (
            ["a", "b"].map(String::from).as_slice(),
            ["a", "b"].map(String::from).as_slice()
        )
    );
    assert_eq!((*on_delete, *on_update), (Action::SetNull, Action::Cascade));
    assert_eq!(*delete_columns, ["b"]);
    assert!(keys[1].deferrable && keys[1].deferred && keys[1].references == "t");
    assert_eq!(
        (&*keys[2].references, keys[2].on_delete),
        ("parts", Action::Restrict)
    );
    assert_eq!(
        (&*keys[3].references, keys[3].on_delete),
        ("unsynced", Action::SetDefault)
    );
    assert_eq!(read.notes("t"), ["private_rule v"]);
    assert_eq!(read.notes("other"), ["not_valid round"]);
    assert_eq!(
        names(&read.table("other").foreign_keys, |k| &k.name),
        ["round"],
        "it holds for what is written now"
    );
    // Postgres fires them by their triggers' names, which is not always the order of their making.
    let rows = read
        .database
        .owner()
        .await
        .query(
            "SELECT k.conname::text FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint
             WHERE t.tgrelid = 't'::regclass AND t.tgname LIKE 'RI_ConstraintTrigger_c%' AND t.tgtype & 4 <> 0 AND k.conname <> 'v'
             ORDER BY t.tgname::text COLLATE \"C\"",
            &[],
        )
        .await
        .unwrap();
    let fired: Vec<String> = rows.iter().map(|r| r.get(0)).collect();
    assert_eq!(names(keys, |k| &k.name), fired);
}

#[tokio::test]
async fn a_partitioned_table_is_one_table() {
    let read = read(
        "CREATE TABLE up (id int PRIMARY KEY);
         CREATE TABLE p (id int, day date, a text CHECK (a <> ''), up int REFERENCES up, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
         CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
         CREATE TABLE p_1_a PARTITION OF p_1 FOR VALUES IN (1);
         CREATE UNIQUE INDEX alone ON p_1_a (a); ALTER TABLE p_1_a ADD CONSTRAINT mine CHECK (a <> 'x');
         ALTER TABLE p_1_a ALTER COLUMN a SET NOT NULL;
         CREATE TABLE base (id int PRIMARY KEY, a text); CREATE TABLE child (b text) INHERITS (base);",
        "[tables.p]\nwritable = true\n[tables.base]\n[tables.up]",
    )
    .await;
    assert_eq!(read.survey.faults, []);
    let p = read.table("p");
    assert_eq!(names(&p.checks, |c| &c.name), ["p_a_check"]);
    assert_eq!(names(&p.foreign_keys, |k| &k.name), ["p_up_fkey"]);
    assert!(p.uniques.is_empty());
    let rules: Vec<_> = p
        .server_rules
        .iter()
        .map(|r| (r.name.as_str(), r.kind.as_str()))
        .collect();
    assert_eq!(
        rules,
        [
            ("mine", "check"),
            ("a", "check"),
            ("alone", "unique"),
            ("p", "partition")
        ]
    );
    let facts = &read.survey.introspected.tables;
    let of = |name: &str| &facts[usize::from(read.schema().table_id(name).unwrap().0)].relations;
    assert_eq!(*of("p"), ["public.p", "public.p_1", "public.p_1_a"]);
    assert_eq!(*of("base"), ["public.base", "public.child"]);
    assert_eq!(read.notes("base"), ["inherited_table "]);
    // A part of a table that syncs is no table of its own.
    for (whole, part) in [("p", "p_1_a"), ("base", "child")] {
        let config = format!("[tables.{whole}]\n[tables.{part}]");
        let config = Config::parse(&config, "haversack.toml").unwrap();
        let mut owner = read.database.owner().await;
        let both = introspect(&mut owner, &config, "nobody", Privileges::Planned).await;
        let error = both.expect_err("their rows are the same");
        assert!(
            error.message.contains(part) && error.details.hint.is_some(),
            "{error}"
        );
    }
    // A partition by itself is a table like any other.
    let config = Config::parse("[tables.p_1_a]\nwritable = true", "haversack.toml").unwrap();
    let mut owner = read.database.owner().await;
    let alone = introspect(&mut owner, &config, "nobody", Privileges::Planned)
        .await
        .unwrap();
    let table = &alone.schema.tables[0];
    assert_eq!(names(&table.foreign_keys, |k| &k.name), ["p_up_fkey"]);
    assert_eq!(names(&table.uniques, |u| &u.name), ["alone"]);
    assert_eq!(names(&table.checks, |c| &c.name), ["mine", "p_a_check"]);
}

#[tokio::test]
async fn views_are_described_where_their_readers_rights_count() {
    let read = read(
        "CREATE TABLE t (id int PRIMARY KEY, a text, secret text); CREATE TABLE away (id int PRIMARY KEY);
         CREATE VIEW good WITH (security_invoker = true) AS SELECT id, upper(a) AS up, 1.5::numeric(4,2) AS n FROM t;
         COMMENT ON VIEW good IS 'what is good';
         CREATE VIEW upon WITH (security_invoker) AS SELECT up FROM good;
         CREATE VIEW owners AS SELECT id FROM t;
         CREATE VIEW upon_owners WITH (security_invoker = on) AS SELECT id FROM owners;
         CREATE VIEW telling WITH (security_invoker = true) AS SELECT id, secret FROM t;
         CREATE VIEW whole WITH (security_invoker = true) AS SELECT row_to_json(t) AS j FROM t;
         CREATE VIEW mixed WITH (security_invoker = true) AS SELECT t.id FROM t JOIN away USING (id);
         CREATE VIEW elsewhere AS SELECT id FROM away;
         CREATE VIEW deep WITH (security_invoker = true) AS WITH RECURSIVE r(n) AS (SELECT id FROM t UNION SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r;
         CREATE MATERIALIZED VIEW stale AS SELECT id FROM t;",
        "[tables.t]\nprivate = ['secret']",
    )
    .await;
    let views = &read.schema().views;
    assert_eq!(names(views, |v| &v.name), ["deep", "good", "upon"]);
    let good = &views[1];
    assert_eq!(names(&good.columns, |c| &c.name), ["id", "up", "n"]);
    assert_eq!(
        good.columns[2].kind,
        Type::Numeric {
            precision: Some(4),
            scale: Some(2)
        }
    );
    assert_eq!(
        (good.tables.as_slice(), good.comment.as_deref()),
        (["t".to_owned()].as_slice(), Some("what is good"))
    );
    assert!(good.sql.starts_with("SELECT") && !good.sql.ends_with(';'));
    assert_eq!(views[2].tables, ["t"]);
    for (view, why) in [
        ("owners", "owner's rights"),
        ("upon_owners", "the view owners"),
        ("telling", "private column"),
        ("whole", "private column"),
        ("mixed", "away, which does not sync"),
        ("stale", "materialized"),
    ] {
        let notes = read.survey.introspected.notes.iter();
        let note = notes
            .clone()
            .find(|n| n.table.as_deref() == Some(view))
            .unwrap_or_else(|| panic!("{view}"));
        assert!(
            note.code == "view_not_mirrored" && note.message.contains(why),
            "{note:?}"
        );
    }
    assert!(read.message("views_not_synced").contains("elsewhere"));
}

#[tokio::test]
async fn what_postgres_18_has_beside_is_read_too() {
    let read = read("CREATE TABLE probe (id int PRIMARY KEY)", "[tables.probe]").await;
    if read.major().await < 18 {
        println!("skipped: this server is older than Postgres 18");
        return;
    }
    let mut owner = read.database.owner().await;
    owner
        .batch_execute(
            "CREATE EXTENSION IF NOT EXISTS btree_gist;
             CREATE TABLE t (id int PRIMARY KEY DEFAULT 1, a int, v int GENERATED ALWAYS AS (a * 2) VIRTUAL,
                 CONSTRAINT loose CHECK (a > 0) NOT ENFORCED, CONSTRAINT far FOREIGN KEY (a) REFERENCES probe NOT ENFORCED,
                 u uuid DEFAULT uuidv7());
             INSERT INTO t (a) VALUES (NULL); ALTER TABLE t ADD CONSTRAINT filled NOT NULL a NOT VALID;
             CREATE TABLE stays (room int, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS))",
        )
        .await
        .unwrap();
    let config = Config::parse(
        "[tables.t]\nwritable = true\n[tables.probe]\n[tables.stays]",
        "haversack.toml",
    )
    .unwrap();
    let Introspected { schema, notes, .. } =
        introspect(&mut owner, &config, "nobody", Privileges::Planned)
            .await
            .unwrap();
    let t = &schema.tables[usize::from(schema.table_id("t").unwrap().0)];
    let v = t.column(t.column_id("v").unwrap());
    assert!(v.generated.as_ref().unwrap().expr.is_some() && !v.writable);
    assert_eq!(
        t.column(t.column_id("u").unwrap()).default,
        Some(ColumnDefault::Uuid)
    );
    assert!(t.checks.is_empty() && t.foreign_keys.is_empty());
    let stays = &schema.tables[usize::from(schema.table_id("stays").unwrap().0)];
    assert_eq!(stays.primary_key, ["room", "during"]);
    assert_eq!(stays.server_rules[0].kind, "exclusion");
    let has = |code: &str, name: &str| {
        notes
            .iter()
            .any(|n| n.code == code && n.constraint.as_deref() == Some(name))
    };
    assert!(
        has("not_enforced", "loose") && has("not_enforced", "far") && has("not_valid", "filled"),
        "{notes:?}"
    );
    // Nobody would hear of a change in a row whose owner no trigger sees.
    let config = Config::parse("[tables.t]\nscope = 'v'", "haversack.toml").unwrap();
    let error = introspect(&mut owner, &config, "nobody", Privileges::Planned)
        .await
        .unwrap_err();
    assert!(error.message.contains("VIRTUAL"), "{error}");
}

#[tokio::test]
async fn one_broken_table_does_not_hide_the_others() {
    let read = read(
        "CREATE TABLE good (id int PRIMARY KEY, r point); CREATE TABLE keyless (a int);
         CREATE TABLE odd (id int PRIMARY KEY); ALTER TABLE odd ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON odd USING (id > 3);
         CREATE TABLE users (id int PRIMARY KEY, password_hash text)",
        "[tables.good]\n[tables.keyless]\n[tables.odd]\n[tables.usres]\n[tables.users]\nprivate = ['pasword_hash']",
    )
    .await;
    let schema = read.schema();
    assert_eq!(names(&schema.tables, |t| &t.name), ["good", "odd", "users"]);
    let faults: Vec<_> = read
        .survey
        .faults
        .iter()
        .map(|f| (f.code.as_str(), f.details.hint.clone().unwrap_or_default()))
        .collect();
    assert_eq!(
        faults.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        [
            "config_invalid",
            "primary_key_missing",
            "policy_unknown",
            "config_invalid"
        ]
    );
    assert!(
        faults[0].1.contains("did you mean \"users\"?"),
        "{faults:?}"
    );
    assert!(
        faults[3].1.contains("did you mean \"password_hash\"?"),
        "{faults:?}"
    );
    assert_eq!(read.notes("good"), ["opaque_type r"]);
}

#[tokio::test]
async fn a_table_says_where_row_security_hides_rows_without_an_owner() {
    let read = read(
        "CREATE TABLE members (id int PRIMARY KEY, who int NOT NULL);
         CREATE TABLE joined (id int PRIMARY KEY); CREATE TABLE words (id int PRIMARY KEY);
         CREATE TABLE open (id int PRIMARY KEY);
         ALTER TABLE members ENABLE ROW LEVEL SECURITY; ALTER TABLE joined ENABLE ROW LEVEL SECURITY;
         ALTER TABLE words ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON members USING (who = current_setting('app.current_user_id', true)::int);
         CREATE POLICY ours ON joined USING (EXISTS (SELECT 1 FROM members WHERE members.id = joined.id));
         CREATE POLICY everybodys ON words FOR SELECT USING (true)",
        "[tables.members]\n[tables.joined]\nscope = 'global'\n[tables.words]\nscope = 'global'\n[tables.open]",
    )
    .await;
    let hides = |name| read.table(name).hides_rows;
    assert!(hides("joined"), "a membership decides");
    assert!(!hides("members"), "the owner's column says whose a row is");
    assert!(!hides("words") && !hides("open"), "they hide nothing");
}
