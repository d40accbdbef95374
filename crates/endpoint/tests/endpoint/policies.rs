//! The policies of columns against a real Postgres: two replicas in both orders, and plain SQL.
//!
//! What each policy decides, case by case, is tested in the core; random histories are in
//! `policy_histories`.

use crate::harness::*;
use haversack_core::protocol::{Mutation, Op, Text, Verdict, Winner};
use haversack_endpoint::attach::{Password, attach};
use haversack_endpoint::config::Config;
use haversack_endpoint::serve::prepare;

const TABLES: &str = "
CREATE TABLE things (
    id int PRIMARY KEY, owner text NOT NULL DEFAULT current_setting('app.current_user_id', true),
    server text, client text, late text, hits int, money numeric(10, 2), best int, least date,
    doc jsonb, tags text[], asked text, starts int, ends int);
ALTER TABLE things ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON things USING (owner = current_setting('app.current_user_id', true));
CREATE TABLE removed (
    id int PRIMARY KEY, owner text NOT NULL DEFAULT current_setting('app.current_user_id', true), a text, b text);
ALTER TABLE removed ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON removed USING (owner = current_setting('app.current_user_id', true));";

const CONFIG: &str = r#"
[tables.things]
together = [["starts", "ends"]]
[tables.things.policies]
client = "client_wins"
late = "lww"
hits = "counter"
money = "counter"
best = "max"
least = "min"
doc = "merge"
tags = "merge"
asked = "manual"
[tables.removed]
on_delete_conflict = "delete"
mergeable = true
"#;

const ROW: &str =
    "'u', 'old', 'old', 'old', 10, 1.50, 10, '2026-05-05', '{\"k\": 0}', '{a,b}', 'old', 1, 9";

async fn set_up(tables: &str, config: &str) -> Endpoint {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    owner.batch_execute(tables).await.expect("good SQL");
    let config = Config::parse(config, "haversack.toml").expect("a good file");
    attach(&mut owner, &config, &Password::Set(PASSWORD.into()))
        .await
        .expect("attached");
    Endpoint::over(database, config).await
}

pub async fn endpoint() -> Endpoint {
    set_up(TABLES, CONFIG).await
}

impl Endpoint {
    pub async fn thing(&self, id: i32) {
        self.sql(&format!("INSERT INTO things VALUES ({id}, {ROW})"))
            .await;
    }

    pub async fn of(&self, id: i32, column: &str) -> Text {
        self.value(&format!("SELECT {column} FROM things WHERE id = {id}"))
            .await
    }
}

/// An update of a thing, made at a time.
pub fn write(replica: &mut Replica, id: i32, at: i64, set: &[(&str, &str)]) -> Mutation {
    let mut op = replica.update("things", &id.to_string(), set);
    if let Op::Update { base, .. } = &mut op
        && (base.contains_key("starts") || base.contains_key("ends"))
    {
        for column in ["starts", "ends"] {
            let confirmed = replica.confirmed("things", &id.to_string(), column);
            base.insert(column, haversack_core::protocol::Base::Text(confirmed));
        }
    }
    let mut mutation = replica.mutation(vec![op]);
    mutation.at = at;
    mutation
}

pub async fn send(replica: &mut Replica, mutations: &[Mutation]) -> Vec<Verdict> {
    let request = replica.request(mutations.to_vec());
    replica.sync(&request).await.head.verdicts
}

fn won(verdict: &Verdict) -> Vec<Winner> {
    verdict.lost.iter().map(|lost| lost.winner).collect()
}

async fn now_ms(endpoint: &Endpoint) -> i64 {
    let now = endpoint
        .value("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint")
        .await;
    now.expect("a time").parse().expect("a number")
}

#[tokio::test]
async fn two_replicas_in_both_orders_end_as_the_policy_says() {
    let endpoint = endpoint().await;
    // Column, what a and b write, and what stands where a comes first, where b does. B writes later.
    let cases = [
        ("server", "x", "y", "x", "y"),
        ("client", "x", "y", "y", "x"),
        ("late", "x", "y", "y", "y"),
        ("hits", "13", "9", "12", "12"),
        ("money", "2.00", "1.25", "1.75", "1.75"),
        ("best", "11", "12", "12", "12"),
        (
            "least",
            "2026-05-03",
            "2026-05-01",
            "2026-05-01",
            "2026-05-01",
        ),
        (
            "doc",
            r#"{"k":0,"a":1}"#,
            r#"{"k":0,"b":2}"#,
            r#"{"a": 1, "b": 2, "k": 0}"#,
            r#"{"a": 1, "b": 2, "k": 0}"#,
        ),
        ("tags", "{a,b,x}", "{b}", "{b,x}", "{b,x}"),
        ("asked", "x", "y", "x", "y"),
        ("starts", "2", "3", "2", "3"),
    ];
    let mut id = 0;
    for (column, mine, theirs, a_first, b_first) in cases {
        for (turn, expected) in [a_first, b_first].into_iter().enumerate() {
            id += 1;
            endpoint.thing(id).await;
            let (mut a, mut b) = (endpoint.replica("u").await, endpoint.replica("u").await);
            let of_a = write(&mut a, id, 1000, &[(column, mine)]);
            let of_b = write(&mut b, id, 2000, &[(column, theirs)]);
            let second = if turn == 0 {
                send(&mut a, &[of_a]).await;
                send(&mut b, &[of_b]).await
            } else {
                send(&mut b, &[of_b]).await;
                send(&mut a, &[of_a]).await
            };
            let is = endpoint.of(id, column).await;
            assert_eq!(
                is.as_deref(),
                Some(expected),
                "{column}, turn {turn}: {second:?}"
            );
            let told = second[0]
                .lost
                .iter()
                .any(|lost| lost.column.as_deref() == Some(column));
            let sums = ["hits", "money", "doc", "tags"].contains(&column);
            assert_eq!(
                told, !sums,
                "{column}: a value that is not there is told of"
            );
            for replica in [&mut a, &mut b] {
                replica.pull().await;
                let shown = replica.confirmed("things", &id.to_string(), column);
                assert_eq!(shown, is, "every replica ends with the server's value");
            }
        }
    }
}

#[tokio::test]
async fn a_write_by_plain_sql_has_the_time_at_which_it_is_made() {
    let endpoint = endpoint().await;
    endpoint.thing(1).await;
    let mut a = endpoint.replica("u").await;
    let before = now_ms(&endpoint).await;
    let early = write(&mut a, 1, before - 1, &[("late", "early")]);
    endpoint
        .sql("UPDATE things SET late = 'sql', server = 'sql'")
        .await;
    let after = now_ms(&endpoint).await;
    let verdict = send(&mut a, &[early]).await.remove(0);
    assert_eq!(
        (word(&verdict), won(&verdict)),
        (CONFLICT, vec![Winner::Theirs])
    );
    let kept = endpoint
        .value("SELECT min(at) FROM haversack.written")
        .await;
    let at: i64 = kept.expect("recorded").parse().expect("a number");
    assert!((before..=after).contains(&at), "{before} {at} {after}");
    assert_eq!(
        endpoint.count("haversack.written").await,
        1,
        "lww alone is recorded"
    );
    // A later one counts; its replica had not seen the value, so that is kept for the user.
    let mut b = endpoint.new_replica("u");
    b.rows = a.rows.clone();
    b.rows
        .get_mut(&("things".into(), vec!["1".into()]))
        .expect("there")[4] = Some("old".into());
    let late = write(&mut b, 1, after + 1, &[("late", "late")]);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let verdict = send(&mut b, &[late]).await.remove(0);
    assert_eq!(
        (word(&verdict), won(&verdict)),
        ("applied", vec![Winner::Mine])
    );
    assert_eq!(verdict.lost[0].theirs.as_deref(), Some("sql"));
    let kept = endpoint.value("SELECT at FROM haversack.written").await;
    assert_eq!(
        kept,
        Some((after + 1).to_string()),
        "with the time at which it was made"
    );
}

#[tokio::test]
async fn nobody_writes_in_the_future() {
    let endpoint = endpoint().await;
    endpoint.thing(1).await;
    let mut a = endpoint.replica("u").await;
    let ahead = write(&mut a, 1, i64::MAX, &[("late", "ahead")]);
    let mut b = a.clone();
    b.id = uuid::Uuid::new_v4().to_string();
    b.seq = 0;
    send(&mut a, &[ahead]).await;
    let at = endpoint.value("SELECT at FROM haversack.written").await;
    let at: i64 = at.expect("recorded").parse().expect("a number");
    assert!(at <= now_ms(&endpoint).await);
    let next = write(&mut b, 1, at + 1, &[("late", "next")]);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(word(&send(&mut b, &[next]).await[0]), "applied");
    assert_eq!(endpoint.of(1, "late").await.as_deref(), Some("next"));
}

#[tokio::test]
async fn a_value_that_is_wanted_again_later_counts_as_written_later() {
    let endpoint = endpoint().await;
    endpoint.thing(1).await;
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(endpoint.replica("u").await);
    }
    let writes = [(5, "y"), (7, "y"), (6, "z")];
    for (replica, (at, text)) in replicas.iter_mut().zip(writes) {
        let mutation = write(replica, 1, at, &[("late", text)]);
        send(replica, &[mutation]).await;
    }
    assert_eq!(endpoint.of(1, "late").await.as_deref(), Some("y"));
}

#[tokio::test]
async fn what_is_known_of_a_row_goes_with_it() {
    let endpoint = endpoint().await;
    let written = async |keys: &str| {
        let is = endpoint
            .value("SELECT string_agg(key[1], ',' ORDER BY key) FROM haversack.written")
            .await;
        assert_eq!(is.unwrap_or_default(), keys);
    };
    for id in 1..=3 {
        endpoint.thing(id).await;
    }
    written("").await;
    endpoint.sql("UPDATE things SET late = 'x'").await;
    written("1,2,3").await;
    endpoint.sql("UPDATE things SET id = 9 WHERE id = 1").await;
    written("2,3,9").await;
    endpoint.sql("DELETE FROM things WHERE id = 2").await;
    written("3,9").await;
    endpoint.sql("TRUNCATE things").await;
    written("").await;
}

#[tokio::test]
async fn columns_that_belong_together_are_one_person_s() {
    let endpoint = endpoint().await;
    endpoint.thing(1).await;
    let (mut a, mut b) = (endpoint.replica("u").await, endpoint.replica("u").await);
    let of_a = write(&mut a, 1, 1, &[("ends", "5")]);
    let of_b = write(&mut b, 1, 2, &[("starts", "7"), ("client", "b's")]);
    send(&mut a, &[of_a]).await;
    let verdict = send(&mut b, &[of_b]).await.remove(0);
    assert_eq!((word(&verdict), verdict.lost.len()), ("merged", 1));
    let row = endpoint.of(1, "concat_ws('|', starts, ends, client)").await;
    assert_eq!(
        row.as_deref(),
        Some("1|5|b's"),
        "no interval that nobody wanted"
    );
}

#[tokio::test]
async fn a_sum_that_does_not_fit_is_refused_and_the_rest_goes_on() {
    let endpoint = endpoint().await;
    endpoint.thing(1).await;
    let (mut a, mut b) = (endpoint.replica("u").await, endpoint.replica("u").await);
    let of_a = write(&mut a, 1, 1, &[("hits", "2147483647")]);
    send(&mut a, &[of_a]).await;
    let over = write(&mut b, 1, 2, &[("hits", "11")]);
    let next = write(&mut b, 1, 3, &[("hits", "8")]);
    let verdicts = send(&mut b, &[over, next]).await;
    let (sqlstate, error) = rejection(&verdicts[0]);
    assert_eq!(
        (&*sqlstate, error.details.column.as_deref()),
        ("22003", Some("hits"))
    );
    assert_eq!(word(&verdicts[1]), "applied");
    assert_eq!(endpoint.of(1, "hits").await.as_deref(), Some("2147483645"));
}

#[tokio::test]
async fn what_is_asked_comes_back_with_base_mine_and_theirs() {
    let endpoint = endpoint().await;
    endpoint.thing(1).await;
    let (mut a, mut b) = (endpoint.replica("u").await, endpoint.replica("u").await);
    let of_a = write(&mut a, 1, 1, &[("asked", "a's")]);
    let of_b = write(&mut b, 1, 2, &[("asked", "b's"), ("client", "b's")]);
    send(&mut a, &[of_a]).await;
    let verdict = send(&mut b, &[of_b]).await.remove(0);
    assert_eq!(
        (word(&verdict), won(&verdict)),
        ("merged", vec![Winner::Nobody])
    );
    let lost = &verdict.lost[0];
    let three = [&lost.base, &lost.mine, &lost.theirs].map(Option::as_deref);
    assert_eq!(three, [Some("old"), Some("b's"), Some("a's")]);
    // The decision is a mutation made on top of theirs.
    let decided = write(&mut b, 1, 3, &[("asked", "both")]);
    assert_eq!(word(&send(&mut b, &[decided]).await[0]), "applied");
    assert_eq!(endpoint.of(1, "asked").await.as_deref(), Some("both"));
}

#[tokio::test]
async fn a_deletion_takes_an_edit_with_it_where_that_is_declared() {
    let endpoint = endpoint().await;
    endpoint
        .sql("INSERT INTO removed VALUES (1, 'u', 'old', 'old')")
        .await;
    let (mut a, mut b) = (endpoint.replica("u").await, endpoint.replica("u").await);
    let edit = a.update("removed", "1", &[("a", "edited")]);
    assert_eq!(word(&a.push_one(edit).await), "applied");
    let delete = Op::Delete {
        table: "removed".into(),
        key: vec!["1".into()],
        base: Some("the row before".into()),
    };
    let verdict = b.push_one(delete).await;
    assert_eq!(
        (word(&verdict), won(&verdict)),
        ("applied", vec![Winner::Mine])
    );
    let kept = verdict.lost[0].theirs.as_deref().expect("the row");
    assert!(kept.contains(r#""a":"edited""#), "{kept}");
    assert_eq!(endpoint.count("removed").await, 0);
    a.pull().await;
    assert!(a.rows.is_empty() && b.rows.is_empty());
}

#[tokio::test]
async fn an_edit_of_a_row_that_is_gone_comes_too_late_under_either_rule() {
    let endpoint = endpoint().await;
    endpoint
        .sql("INSERT INTO removed VALUES (1, 'u', 'old', 'old')")
        .await;
    endpoint.thing(1).await;
    for (table, column) in [("removed", "a"), ("things", "client")] {
        let mut a = endpoint.replica("u").await;
        let edit = a.update(table, "1", &[(column, "edited")]);
        endpoint.sql(&format!("DELETE FROM {table}")).await;
        assert_eq!(word(&a.push_one(edit).await), "gone", "{table}");
        assert_eq!(endpoint.count(table).await, 0, "nothing comes back");
        assert!(a.rows.keys().all(|(of, _)| of != table));
    }
}

#[tokio::test]
async fn a_database_that_was_attached_before_there_were_times_is_served() {
    let endpoint = endpoint().await;
    let none = CONFIG.replace("late = \"lww\"", "");
    let config = Config::parse(&none, "haversack.toml").expect("a good file");
    endpoint
        .sql("DROP TABLE haversack.written; ALTER TABLE haversack.tables DROP COLUMN timed")
        .await;
    let options = endpoint.database.options();
    prepare(config, &options)
        .await
        .expect("nothing needs a time");
}

#[tokio::test]
async fn rows_that_stand_for_themselves_are_applied_in_part() {
    let endpoint = endpoint().await;
    endpoint
        .sql("INSERT INTO removed SELECT i, 'u', 'old', 'old' FROM generate_series(1, 3) AS i")
        .await;
    let (mut a, mut b) = (endpoint.replica("u").await, endpoint.replica("u").await);
    let mine = ["1", "2", "3"]
        .map(|key| b.update("removed", key, &[("a", "b's")]))
        .to_vec();
    let edit = a.update("removed", "1", &[("a", "a's")]);
    a.push_one(edit).await;
    endpoint.sql("DELETE FROM removed WHERE id = 2").await;
    let verdict = b.push(vec![mine]).await.remove(0);
    assert_eq!((word(&verdict), verdict.lost.len()), ("merged", 2));
    let rows = endpoint
        .value("SELECT string_agg(id || a, ',' ORDER BY id) FROM removed")
        .await;
    assert_eq!(rows.as_deref(), Some("1a's,3b's"));
}

#[tokio::test]
async fn serving_other_columns_under_lww_needs_attach_again() {
    let endpoint = endpoint().await;
    let more = CONFIG.replace("client = \"client_wins\"", "client = \"lww\"");
    let config = Config::parse(&more, "haversack.toml").expect("a good file");
    let options = endpoint.database.options();
    let Err(error) = prepare(config.clone(), &options).await else {
        panic!("served without a record of times")
    };
    assert_eq!(error.code, haversack_core::ErrorCode::NotAttached);
    assert!(
        error
            .details
            .hint
            .as_ref()
            .is_some_and(|hint| hint.contains("haversack attach"))
    );
    endpoint.thing(1).await;
    endpoint.sql("UPDATE things SET late = 'x'").await;
    let mut owner = endpoint.database.owner().await;
    attach(&mut owner, &config, &Password::Keep)
        .await
        .expect("again");
    prepare(config, &options).await.expect("serves");
    // What is no longer recorded is forgotten: it would be out of date when it is again.
    let none = CONFIG.replace("late = \"lww\"", "");
    let config = Config::parse(&none, "haversack.toml").expect("a good file");
    attach(&mut owner, &config, &Password::Keep)
        .await
        .expect("again");
    assert_eq!(endpoint.count("haversack.written").await, 0);
}
