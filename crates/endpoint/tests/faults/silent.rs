//! A Postgres that goes silent: its connections stay open, and nothing comes (F48).

use crate::client::{Client, Failure, send_for};
use crate::harness::{event, word};
use crate::world::World;
use haversack_core::ErrorCode;
use haversack_fault_proxy::Weather;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Longer than the endpoint waits for one answer of Postgres.
const PATIENCE: Duration = Duration::from_secs(50);

/// The first line of the answer.
fn health(to: SocketAddr) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /health HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Nobody waits for it for ever: a push and a pull hear that the database is away, and so does who asks for
/// the endpoint's health. When it speaks again all goes on, on other connections, without a restart: the
/// push is applied once, and the watcher sees what is committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_postgres_that_goes_silent_is_given_up_and_found_again() {
    let world = World::new(1).await;
    let user = world.users(1).await.remove(0);
    let mut client = Client::new(&world.schema, &user);
    let to = world.servers[0].address;
    client.sync(to, 100).await.unwrap();
    let key = client.keys.pop_front().unwrap();
    let mutation = client.replica.mutation(vec![event(key, "once")]);
    client.sent.insert(mutation.seq, mutation.clone());
    client.pending.push_back(mutation.clone());

    world.to_postgres.set_weather(Weather::Stall);
    let token = client.replica.token.clone();
    let (push, pull) = (
        client.replica.request(vec![mutation]),
        client.replica.request(Vec::new()),
    );
    let (pushed, pulled, health_meanwhile) = tokio::join!(
        send_for(to, &token, &push, PATIENCE),
        send_for(to, &token, &pull, PATIENCE),
        async {
            tokio::task::spawn_blocking(move || health(to))
                .await
                .unwrap()
        },
    );
    for outcome in [pushed, pulled] {
        match outcome {
            Err(Failure::Problem(problem)) => {
                assert_eq!(problem.code, ErrorCode::DatabaseUnavailable, "{problem:?}");
                assert!(problem.retry_after_ms.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(health_meanwhile.contains("503"), "{health_meanwhile}");

    world.to_postgres.set_weather(Weather::Fair);
    let until = Instant::now() + PATIENCE;
    while client.sync(to, 100).await.is_err() {
        assert!(Instant::now() < until, "it does not come back");
    }
    assert_eq!(word(&client.verdicts[&1]), "applied");
    assert_eq!(client.replica.column("events", "title").len(), 1);
    let owner = world.owner().await;
    let sql = format!("INSERT INTO events (user_id, title) VALUES ({user}, 'by SQL')");
    owner.batch_execute(&sql).await.unwrap();
    client.pull(to).await.unwrap();
    assert_eq!(client.replica.column("events", "title").len(), 2);
    let until = Instant::now() + PATIENCE;
    while !health(to).contains("200") {
        assert!(Instant::now() < until, "the endpoint does not recover");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
