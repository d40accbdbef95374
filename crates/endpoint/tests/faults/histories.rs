//! Random histories on the real thing: replicas write, push and pull through proxies, by either of
//! two endpoints, while connections are cut, stalled, slowed, refused and doubled, and endpoints and
//! Postgres are killed. When it is over, nothing is lost, doubled or missing (I1, I2, I3, I6, I8,
//! I17, I19; F24, F26, F48).
//!
//! HAVERSACK_HISTORIES says how many, HAVERSACK_SEED repeats their choices; what the machine's
//! timing makes of them differs. Does not cover documents, nor a client's own storage.

use crate::client::{Client, Failure};
use crate::harness::{event, insert, word};
use crate::random::{Random, number, seed};
use crate::world::World;
use haversack_core::protocol::Op;
use haversack_fault_proxy::{Harm, Weather};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

const HISTORIES: u64 = 12;
const STEPS: usize = 10;
const FAULTS: usize = 4;
/// Round trips within which a queue is empty once faults have stopped.
const ROUND_TRIPS: usize = 10;

/// A client with what its mutations write, by number.
struct Writer {
    client: Client,
    user: String,
    random: Random,
    titles: BTreeMap<u64, Vec<String>>,
}

impl Writer {
    /// A title that no other write has.
    fn title(&mut self) -> String {
        format!("{:016x}", self.random.next())
    }

    fn any_row(&mut self) -> Option<String> {
        let rows = &self.client.replica.rows;
        let keys: Vec<&String> = rows
            .keys()
            .filter(|(table, _)| table == "events")
            .map(|(_, key)| &key[0])
            .collect();
        (!keys.is_empty()).then(|| (*self.random.pick(&keys)).clone())
    }

    fn insertion(&mut self, titles: &mut Vec<String>) -> Option<Op> {
        let key = self.client.keys.pop_front()?;
        let title = self.title();
        titles.push(title.clone());
        Some(event(key, &title))
    }

    fn update(&mut self, titles: &mut Vec<String>) -> Option<Op> {
        let key = self.any_row()?;
        let title = self.title();
        titles.push(title.clone());
        let replica = &self.client.replica;
        Some(replica.update("events", &key, &[("title", &title)]))
    }

    /// One mutation, if there is a key or a row for it.
    fn write(&mut self) {
        let mut titles = Vec::new();
        let ops: Option<Vec<Op>> = match self.random.below(10) {
            0..4 => self.insertion(&mut titles).map(|op| vec![op]),
            4..7 => self.update(&mut titles).map(|op| vec![op]),
            // Two rows stand or fall together.
            7 => match self.update(&mut titles) {
                Some(update) => self.insertion(&mut titles).map(|op| vec![op, update]),
                None => None,
            },
            8 => self.any_row().map(|key| {
                vec![Op::Delete {
                    table: "events".into(),
                    key: vec![key],
                    base: None,
                }]
            }),
            // Refused by a CHECK, with what stands beside it.
            _ => {
                let key = self.client.keys.pop_front();
                let good = self.insertion(&mut titles);
                key.zip(good).map(|(key, good)| {
                    let bad = [("event_id", key.to_string()), ("title", String::new())];
                    let bad: Vec<(&str, &str)> = bad.iter().map(|(c, v)| (*c, &**v)).collect();
                    vec![good, insert("events", &bad)]
                })
            }
        };
        if let Some(ops) = ops {
            self.client.write(ops);
            self.titles.insert(self.client.replica.seq, titles);
        }
    }

    /// Its day: writes and syncs, whatever becomes of them.
    async fn live(mut self, doors: Vec<SocketAddr>) -> Self {
        for _ in 0..STEPS {
            for _ in 0..self.random.below(4) {
                self.write();
            }
            let door = *self.random.pick(&doors);
            let batch = 1 + self.random.below(8) as usize;
            check_failure(self.client.sync(door, batch).await);
            tokio::time::sleep(Duration::from_millis(self.random.below(20))).await;
        }
        self
    }

    /// Sends everything until nothing is left.
    async fn drain(&mut self, door: SocketAddr) {
        for _ in 0..ROUND_TRIPS {
            if self.client.sync(door, 100).await.is_ok() && self.client.pending.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let left = self.client.pending.len();
        let last = self.client.failures.last();
        panic!("{left} mutations are left after {ROUND_TRIPS} round trips: {last:?}");
    }
}

/// What may be said while faults go on: that the verdict is unknown, and to ask again.
fn check_failure(outcome: Result<(), Failure>) {
    if let Err(Failure::Problem(problem)) = outcome {
        let code = problem.code.as_str();
        assert!(
            matches!(code, "database_unavailable" | "overloaded"),
            "{problem:?}"
        );
    }
}

/// Does harm somewhere, and gives its name.
async fn harm(world: &mut World, random: &mut Random) -> &'static str {
    let at = random.below(world.doors.len() as u64) as usize;
    let spell = Duration::from_millis(30 + random.below(120));
    let weather = |weather| (at, weather);
    let (name, (at, weather)) = match random.below(13) {
        0 => {
            world.doors[at].cut();
            return "requests cut";
        }
        1 => {
            world.to_postgres.cut();
            return "Postgres cut";
        }
        2 => {
            world.to_postgres.trap(b"COMMIT", Harm::CutBefore);
            return "cut before COMMIT";
        }
        3 => {
            let lost = Harm::CutAnswerAfter(0);
            world.to_postgres.trap(b"COMMIT", lost);
            return "answer to COMMIT lost";
        }
        4 | 5 => {
            let bytes = random.below(3) as usize * 700;
            world.doors[at].trap(b"POST /v1/sync", Harm::CutAnswerAfter(bytes));
            return "answer cut short";
        }
        6 => {
            world.doors[at].trap(b"\"mutations\"", Harm::CutBefore);
            return "request cut short";
        }
        7 => ("doubled", weather(Weather::Duplicate)),
        8 => ("half-open", weather(Weather::Stall)),
        9 => ("slow", weather(Weather::Delay(Duration::from_millis(20)))),
        10 => ("refused", weather(Weather::Refuse)),
        11 => {
            world.replace_server(at);
            return "endpoint killed";
        }
        _ => {
            world.replace_postgres().await;
            return "Postgres killed";
        }
    };
    // Bad weather is at the doors or before Postgres.
    let before_postgres = weather != Weather::Duplicate && random.below(3) == 0;
    let proxy = if before_postgres {
        &world.to_postgres
    } else {
        &world.doors[at]
    };
    proxy.set_weather(weather);
    tokio::time::sleep(spell).await;
    proxy.set_weather(Weather::Fair);
    name
}

async fn history(world: &mut World, random: &mut Random, told: &mut BTreeMap<&str, usize>) {
    let users = world.users(2).await;
    let doors: Vec<SocketAddr> = world.doors.iter().map(|d| d.address()).collect();
    let mut lives = Vec::new();
    for user in [&users[0], &users[0], &users[1]] {
        let writer = Writer {
            client: Client::new(&world.schema, user),
            user: user.clone(),
            random: Random::new(random.next()),
            titles: BTreeMap::new(),
        };
        lives.push(tokio::spawn(writer.live(doors.clone())));
    }
    for _ in 0..FAULTS {
        tokio::time::sleep(Duration::from_millis(random.below(60))).await;
        *told.entry(harm(world, random).await).or_default() += 1;
    }
    let mut writers = Vec::new();
    for life in lives {
        writers.push(life.await.unwrap());
    }
    world.heal();
    for (at, writer) in writers.iter_mut().enumerate() {
        writer.drain(doors[at % doors.len()]).await;
    }
    for (at, writer) in writers.iter_mut().enumerate() {
        // By the other endpoint than before.
        let door = doors[(at + 1) % doors.len()];
        writer.client.ask_again(door).await.unwrap();
        writer.client.sync(door, 100).await.unwrap();
        *told.entry("round trips without an answer").or_default() += writer.client.failures.len();
        *told.entry("mutations").or_default() += writer.client.sent.len();
        for verdict in writer.client.verdicts.values() {
            *told.entry(word(verdict)).or_default() += 1;
        }
    }
    check(world, &writers).await;
}

/// Everything that has to hold in the end.
async fn check(world: &World, writers: &[Writer]) {
    let owner = world.owner().await;
    let mut leased = BTreeSet::new();
    for writer in writers {
        for key in &writer.client.leased {
            assert!(leased.insert(*key), "key {key} was leased twice");
        }
        let asked = (1..=writer.client.replica.seq).collect::<Vec<_>>();
        let judged: Vec<u64> = writer.client.verdicts.keys().copied().collect();
        assert_eq!(judged, asked, "a verdict each, and no more");
        // I17: what the replica has is what the user may see.
        let sql = format!(
            "SELECT event_id::text, title, status FROM events WHERE user_id = {}",
            writer.user
        );
        let rows = owner.query(&sql, &[]).await.unwrap();
        let theirs: BTreeSet<(String, String, String)> = rows
            .iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect();
        let replica = &writer.client.replica;
        let mine: BTreeSet<(String, String, String)> = replica
            .rows
            .keys()
            .filter(|(table, _)| table == "events")
            .map(|(table, key)| {
                let value = |column| replica.confirmed(table, &key[0], column).unwrap();
                (key[0].clone(), value("title"), value("status"))
            })
            .collect();
        assert_eq!(mine, theirs, "rows of user {}", writer.user);
        // I1, I2, I8: what was applied was written once, and nothing else was written.
        for (seq, titles) in &writer.titles {
            let expected = match word(&writer.client.verdicts[seq]) {
                "applied" => 1,
                "merged" => panic!("a mutation of one column can't be merged"),
                _ => 0,
            };
            let sql = "SELECT count(*) FROM audit.writes WHERE title = $1";
            for title in titles {
                let count: i64 = owner.query_one(sql, &[title]).await.unwrap().get(0);
                let verdict = &writer.client.verdicts[seq];
                assert_eq!(count, expected, "{title} of {seq}: {verdict:?}");
            }
        }
    }
    // The rows are what the last write of each made of it.
    let stale = "SELECT count(*) FROM events e FULL JOIN
        (SELECT DISTINCT ON (event_id) event_id, title FROM audit.writes ORDER BY event_id, n DESC) w
        USING (event_id) WHERE e.title IS DISTINCT FROM w.title";
    let stale: i64 = owner.query_one(stale, &[]).await.unwrap().get(0);
    assert_eq!(stale, 0, "rows that are not as they were last written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn random_histories_under_faults_lose_nothing_and_double_nothing() {
    let mut random = Random::new(seed());
    let histories = number("HAVERSACK_HISTORIES", HISTORIES);
    let mut world = World::new(2).await;
    let mut told = BTreeMap::new();
    for number in 0..histories {
        println!("history {number}");
        history(&mut world, &mut random, &mut told).await;
    }
    println!("{histories} histories: {told:?}");
    // The histories are worth something only where mutations were applied and answers were lost.
    assert!(told.contains_key("applied"), "{told:?}");
    let unanswered = told.get("round trips without an answer");
    assert!(unanswered.is_some_and(|count| *count > 0), "{told:?}");
}
