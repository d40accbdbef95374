//! Mutations that are done together come to the same as one after the other: verdicts, rows, changelog.
//!
//! `PROPTEST_RNG_SEED` repeats a run. Does not cover what others do at the same moment, which the tests
//! of faults do.

use crate::commands::Folder;
use crate::harness::*;
use crate::policy_histories::Random;
use haversack_core::protocol::{Base, Op};
use haversack_endpoint::compiled::Compiled;
use haversack_endpoint::database;

const CONFIG: &str = "[tables.folders]\n[tables.plain]\n[tables.tree]\n[tables.logged]\n";

const SQL: &str = "
CREATE TABLE folders (id text COLLATE \"C\" PRIMARY KEY, user_id bigint NOT NULL, name text NOT NULL);
CREATE TABLE plain (
    id text COLLATE \"C\" PRIMARY KEY,
    user_id bigint NOT NULL,
    title text NOT NULL CHECK (title <> 'bad'),
    rank integer NOT NULL DEFAULT 0,
    code text COLLATE \"C\" UNIQUE,
    folder text COLLATE \"C\" REFERENCES folders ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    made integer NOT NULL DEFAULT 1);
CREATE TABLE tree (
    id text COLLATE \"C\" PRIMARY KEY,
    user_id bigint NOT NULL,
    title text NOT NULL,
    rank integer NOT NULL DEFAULT 0,
    folder text COLLATE \"C\" REFERENCES tree ON DELETE CASCADE);
CREATE TABLE logged (LIKE tree INCLUDING ALL);
CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.title = 'keep' THEN RETURN NULL; END IF;
    IF NEW.title = 'raise' THEN RAISE EXCEPTION 'not this one'; END IF;
    NEW.made := NEW.rank + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER count_up BEFORE INSERT OR UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION count_up();
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER log AFTER UPDATE ON logged FOR EACH ROW EXECUTE FUNCTION nothing();
DO $do$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['folders', 'plain', 'tree', 'logged'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own ON %I USING (user_id = current_setting(''app.current_user_id'')::bigint)', name);
    END LOOP;
END $do$;
-- May be seen, but not changed.
CREATE POLICY not_all ON plain AS RESTRICTIVE FOR UPDATE USING (rank <> 77);
INSERT INTO folders VALUES ('f0', 1, 'first'), ('f1', 1, 'second'), ('g', 2, 'of another');
";

const TABLES: [&str; 3] = ["folders", "plain", "tree"];
const KEYS: u64 = 8;

impl Random {
    fn any<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    /// What a client might set; some of it is refused.
    fn values(&mut self, table: &str) -> Vec<(&'static str, String)> {
        let rank = self.below(80).to_string();
        if table == "folders" {
            return vec![("name", rank)];
        }
        let mut values = Vec::new();
        if self.below(3) > 0 {
            values.push(("rank", if rank == "13" { "77".to_owned() } else { rank }));
        }
        if values.is_empty() || self.below(3) == 0 {
            let word = match self.below(40) {
                0 => "bad",
                1 => "keep",
                2 => "raise",
                n => ["one", "two", "three"][n as usize % 3],
            };
            values.push(("title", word.to_owned()));
        }
        if table == "plain" && self.below(8) == 0 {
            values.push(("code", format!("c{}", self.below(6))));
        }
        if self.below(8) == 0 {
            let folder = match table {
                "plain" => self.any(&["f0", "f1", "g", "nowhere"]).to_owned(),
                _ => format!("k{}", self.below(KEYS)),
            };
            values.push(("folder", folder));
        }
        values
    }

    fn op(&mut self, verb: u64, table: &str, replica: &Replica) -> Op {
        let key = match table {
            "folders" => format!("f{}", self.below(4)),
            _ => format!("k{}", self.below(KEYS)),
        };
        let mut set = self.values(table);
        let known = replica
            .rows
            .contains_key(&(table.to_owned(), vec![key.clone()]));
        match verb {
            0 => {
                if !set
                    .iter()
                    .any(|(name, _)| matches!(*name, "title" | "name"))
                {
                    set.push(("title", "new".to_owned()));
                }
                let mut given: Vec<(&str, &str)> = vec![("id", &key)];
                given.extend(set.iter().map(|(name, text)| (*name, text.as_str())));
                insert(table, &given)
            }
            1 => {
                let pairs: Vec<(&str, &str)> = set.iter().map(|(n, t)| (*n, t.as_str())).collect();
                if known {
                    return replica.update(table, &key, &pairs);
                }
                let base = pairs
                    .iter()
                    .map(|(n, _)| ((*n).to_owned(), Base::Text(None)));
                Op::Update {
                    table: table.into(),
                    key: vec![key],
                    set: values(&pairs),
                    base: base.collect(),
                }
            }
            _ => Op::Delete {
                table: table.into(),
                base: replica
                    .rows
                    .get(&(table.to_owned(), vec![key.clone()]))
                    .filter(|_| self.below(8) > 0)
                    .map(|row| row_hash(replica, table, row)),
                key: vec![key],
            },
        }
    }

    /// A batch in which mutations that do the same often follow each other.
    fn batch(&mut self, replica: &Replica) -> Vec<Vec<Op>> {
        let mut batch = Vec::new();
        while batch.len() < 24 {
            let (verb, table) = (
                self.below(3),
                self.any(&["plain", "plain", "plain", "tree", "folders"]),
            );
            for _ in 0..=self.below(8) {
                let count = 1 + u64::from(self.below(12) == 0);
                batch.push((0..count).map(|_| self.op(verb, table, replica)).collect());
            }
        }
        batch
    }
}

fn row_hash(replica: &Replica, table: &str, row: &[haversack_core::protocol::Text]) -> String {
    let table = replica
        .schema
        .table(replica.schema.table_id(table).unwrap());
    let values: Vec<_> = table
        .columns
        .iter()
        .zip(row)
        .map(|(column, text)| match text {
            Some(text) => haversack_core::value::parse(&column.kind, text).unwrap(),
            None => haversack_core::value::Value::Null,
        })
        .collect();
    haversack_core::value::row_hash(&values)
}

/// An endpoint that does mutations together, and one that does not.
async fn both() -> [Endpoint; 2] {
    let folder = Folder::new(CONFIG, &[("V1__all.sql", SQL)]);
    let (together, alone) = (
        Endpoint::new(&folder.0).await,
        Endpoint::new(&folder.0).await,
    );
    one_by_one(&alone).await;
    [together, alone]
}

async fn one_by_one(endpoint: &Endpoint) {
    let url = endpoint.database.login_url();
    let mut login = database::connect(&url, "HAVERSACK_DATABASE_URL")
        .await
        .unwrap();
    let compiled = Compiled::read(&mut login, &endpoint.state.config)
        .await
        .unwrap();
    endpoint.state.replace(compiled.one_by_one());
}

/// All that a push leaves, but for ids and times.
async fn left(endpoint: &Endpoint) -> String {
    let mut all = String::new();
    for table in TABLES {
        let sql =
            format!("SELECT coalesce(string_agg(t::text, ' ' ORDER BY id), '') FROM {table} t");
        all.push_str(&endpoint.value(&sql).await.unwrap());
    }
    let changes = "SELECT string_agg(DISTINCT format('%s %s %s', scope, tbl, key), ' ' ORDER BY format('%s %s %s', scope, tbl, key)) FROM haversack.changes";
    all + &endpoint.value(changes).await.unwrap_or_default()
}

#[tokio::test]
async fn together_is_as_one_after_the_other() {
    let mut random = Random::new();
    let endpoints = both().await;
    let [mut ada, mut same] = [
        endpoints[0].replica("1").await,
        endpoints[1].replica("1").await,
    ];
    let mut outcomes = std::collections::BTreeMap::new();
    for round in 0..40 {
        let batch = random.batch(&ada);
        // Of which neither replica has heard.
        let behind = format!(
            "UPDATE plain SET {} = {} WHERE id = 'k{}'",
            random.any(&["rank", "user_id"]),
            1 + random.below(2),
            random.below(KEYS)
        );
        for endpoint in &endpoints {
            endpoint.sql(&behind).await;
        }
        let (verdicts, expected) = (
            ada.push(batch.clone()).await,
            same.push(batch.clone()).await,
        );
        for (i, (verdict, expected)) in verdicts.iter().zip(&expected).enumerate() {
            assert_eq!(
                verdict, expected,
                "round {round}, {:?} of {batch:#?}",
                batch[i]
            );
            *outcomes.entry(word(verdict)).or_insert(0) += 1;
        }
        assert_eq!(ada.rows, same.rows, "round {round}: {batch:#?}");
        let (found, expected) = (left(&endpoints[0]).await, left(&endpoints[1]).await);
        assert_eq!(found, expected, "round {round}: {batch:#?}");
        ada.acknowledged = ada.seq;
        same.acknowledged = same.seq;
    }
    println!("{outcomes:?}");
}

/// How many statements, or savepoints, last wrote the rows of a table.
async fn writers(endpoint: &Endpoint, table: &str) -> i64 {
    let sql = format!("SELECT count(DISTINCT (xmin::text, cmin::text)) FROM {table}");
    endpoint.value(&sql).await.unwrap().parse().unwrap()
}

#[tokio::test]
async fn only_what_the_catalog_leaves_no_doubt_about_is_done_together() {
    let [endpoint, alone] = both().await;
    for (endpoint, together) in [(&endpoint, true), (&alone, false)] {
        let mut ada = endpoint.replica("1").await;
        for table in ["plain", "tree", "logged"] {
            let keys: Vec<String> = (0..9).map(|i| format!("k{i}")).collect();
            let new = |key: &String| vec![insert(table, &[("id", key), ("title", "new")])];
            let verdicts = ada.push(keys.iter().map(new).collect()).await;
            assert!(verdicts.iter().all(|v| word(v) == "applied"));
            let inserted = writers(endpoint, table).await;
            let change = |key: &String| vec![ada.update(table, key, &[("rank", "7")])];
            let changes = keys.iter().map(change).collect();
            let verdicts = ada.push(changes).await;
            assert!(verdicts.iter().all(|v| word(v) == "applied"));
            let updated = writers(endpoint, table).await;
            let expected = match table {
                "plain" if together => (1, 1),
                // A row may be another's parent, but no update of its rank tells.
                "tree" if together => (9, 1),
                _ => (9, 9),
            };
            assert_eq!((inserted, updated), expected, "{table}");
        }
    }
}
