//! Several endpoints on one Postgres behave as one.

use crate::client::Client;
use crate::harness::{event, token, word};
use crate::world::World;
use futures_util::{SinkExt, StreamExt};
use haversack_core::protocol::{PokeClient, PokeServer};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const SOON: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_endpoint_takes_the_other_gives_and_announces() {
    let world = World::new(2).await;
    let user = world.users(1).await.remove(0);
    let [here, there] = [0, 1].map(|at| world.servers[at].address);
    let (mut mine, mut other) = (
        Client::new(&world.schema, &user),
        Client::new(&world.schema, &user),
    );
    mine.sync(here, 100).await.unwrap();
    other.sync(there, 100).await.unwrap();
    let (mut socket, _) = connect_async(format!("ws://{there}/v1/poke"))
        .await
        .unwrap();
    let hello = PokeClient::Hello {
        protocol: 1,
        token: token(&user),
        replica: other.replica.id.clone(),
    };
    let hello = serde_json::to_string(&hello).unwrap();
    socket.send(Message::text(hello)).await.unwrap();
    let mut heard = Vec::new();
    let mut hear = async || loop {
        let message = tokio::time::timeout(SOON, socket.next()).await;
        if let Message::Text(text) = message.expect("in time").unwrap().unwrap() {
            return serde_json::from_str::<PokeServer>(&text).unwrap();
        }
    };
    // `ready`, and the poke for what nobody announced before.
    heard.push(hear().await);
    heard.push(hear().await);
    assert!(matches!(
        heard[..],
        [PokeServer::Ready { .. }, PokeServer::Poke]
    ));
    let key = mine.keys.pop_front().unwrap();
    mine.write(vec![event(key, "through the one")]);
    mine.sync(here, 100).await.unwrap();
    assert_eq!(word(&mine.verdicts[&1]), "applied");
    assert!(matches!(hear().await, PokeServer::Poke));
    other.sync(there, 100).await.unwrap();
    let titles = other.replica.column("events", "title");
    assert_eq!(titles, [Some("through the one".to_owned())]);
    // A replica may change its endpoint: cursor, numbers and verdicts are the same there.
    mine.ask_again(there).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_leased_by_two_endpoints_at_once_never_overlap() {
    let world = World::new(2).await;
    let users = world.users(8).await;
    let addresses: Vec<_> = world.servers.iter().map(|s| s.address).collect();
    let mut clients = Vec::new();
    for user in &users {
        // One by one: an endpoint gives only so many snapshots at a time.
        let mut client = Client::new(&world.schema, user);
        client.sync(addresses[0], 1).await.unwrap();
        clients.push(client);
    }
    let tasks: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(at, mut client)| {
            let addresses = addresses.clone();
            tokio::spawn(async move {
                for round in 0..10 {
                    // Nothing left: it asks for more.
                    client.keys.clear();
                    client.sync(addresses[(at + round) % 2], 1).await.unwrap();
                }
                client.leased
            })
        })
        .collect();
    let mut all = BTreeSet::new();
    let mut count = 0;
    for task in tasks {
        let leased = task.await.unwrap();
        count += leased.len();
        all.extend(leased);
    }
    assert_eq!(all.len(), count, "a key was leased twice");
    assert_eq!(count, 8 * 11 * 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn when_one_endpoint_is_killed_the_other_goes_on_without_loss() {
    let mut world = World::new(2).await;
    let user = world.users(1).await.remove(0);
    let [here, there] = [0, 1].map(|at| world.servers[at].address);
    let mut client = Client::new(&world.schema, &user);
    let mut written = 0;
    while written < 60 {
        client.sync(there, 100).await.unwrap();
        while let Some(key) = client.keys.pop_front() {
            client.write(vec![event(key, "once")]);
            written += 1;
        }
    }
    let under_way = tokio::sync::Notify::new();
    let dying = async {
        under_way.notified().await;
        tokio::time::sleep(Duration::from_millis(4)).await;
        world.servers[0].kill();
    };
    let pushing = async {
        let mut trips = 0;
        while client.sync(here, 2).await.is_ok() {
            client.keys.clear();
            trips += 1;
            if trips == 3 {
                under_way.notify_one();
            }
        }
        trips
    };
    let ((), trips) = tokio::join!(dying, pushing);
    println!("killed after {trips} round trips");
    assert!(!client.pending.is_empty(), "killed too late");
    while !client.pending.is_empty() {
        client.sync(there, 100).await.unwrap();
    }
    assert!(client.verdicts.values().all(|v| word(v) == "applied"));
    let sql = "SELECT count(*), count(DISTINCT event_id) FROM audit.writes";
    let counts = world.owner().await.query_one(sql, &[]).await.unwrap();
    let (writes, rows): (i64, i64) = (counts.get(0), counts.get(1));
    assert_eq!((writes, rows), (written, written));
    assert_eq!(client.verdicts.len() as i64, written);
}
