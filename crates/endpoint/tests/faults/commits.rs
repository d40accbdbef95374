//! A push that is cut at its COMMIT, on either side of it, and a Postgres that is killed (F24, F48).

use crate::client::{Client, Failure};
use crate::harness::{event, word};
use crate::world::World;
use haversack_core::ErrorCode;
use haversack_fault_proxy::Harm;
use std::time::{Duration, Instant};

/// A world with one endpoint, and a client that has a mutation to push.
async fn ready() -> (World, Client) {
    let world = World::new(1).await;
    let user = world.users(1).await.remove(0);
    let mut client = Client::new(&world.schema, &user);
    client.sync(world.servers[0].address, 100).await.unwrap();
    let key = client.keys.pop_front().unwrap();
    client.write(vec![event(key, "once")]);
    (world, client)
}

async fn events(world: &World) -> i64 {
    let sql = "SELECT count(*) FROM audit.writes";
    world
        .owner()
        .await
        .query_one(sql, &[])
        .await
        .unwrap()
        .get(0)
}

/// Whose answer was cut off may hear of it before Postgres has done what it was told.
async fn committed(world: &World) {
    for _ in 0..100 {
        if events(world).await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing was committed");
}

fn code(outcome: Result<(), Failure>) -> ErrorCode {
    match outcome {
        Err(Failure::Problem(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

/// F48: the connection is cut before COMMIT reaches Postgres. Nothing is applied, and the client
/// hears that the verdict is unknown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_before_the_commit_nothing_is_applied_and_the_next_time_it_is() {
    let (world, mut client) = ready().await;
    let to = world.servers[0].address;
    world.to_postgres.trap(b"COMMIT", Harm::CutBefore);
    let code = code(client.sync(to, 100).await);
    assert_eq!(code, ErrorCode::DatabaseUnavailable);
    assert_eq!(world.to_postgres.sprung(), 1);
    assert_eq!(events(&world).await, 0);
    client.sync(to, 100).await.unwrap();
    assert_eq!(word(&client.verdicts[&1]), "applied");
    assert_eq!(events(&world).await, 1);
}

/// F24, F48: Postgres commits, and the endpoint never hears of it. The client hears that the
/// verdict is unknown, and the next time gets the recorded one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_after_the_commit_it_is_applied_once_and_the_verdict_is_found() {
    let (world, mut client) = ready().await;
    let to = world.servers[0].address;
    world.to_postgres.trap(b"COMMIT", Harm::CutAnswerAfter(0));
    let code = code(client.sync(to, 100).await);
    assert_eq!(code, ErrorCode::DatabaseUnavailable);
    assert_eq!(world.to_postgres.sprung(), 1);
    committed(&world).await;
    client.sync(to, 100).await.unwrap();
    assert_eq!(word(&client.verdicts[&1]), "applied");
    assert_eq!(events(&world).await, 1, "once");
    assert_eq!(client.replica.column("events", "title").len(), 1);
}

/// F24: the endpoint's answer is lost on its way to the client, or cut short.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_or_cut_short_is_given_again() {
    for bytes in [0, 1, 300] {
        let (world, mut client) = ready().await;
        let door = &world.doors[0];
        door.trap(b"POST /v1/sync", Harm::CutAnswerAfter(bytes));
        let outcome = client.sync(door.address(), 100).await;
        assert!(matches!(outcome, Err(Failure::Network(_))), "{outcome:?}");
        committed(&world).await;
        client.sync(door.address(), 100).await.unwrap();
        assert_eq!(word(&client.verdicts[&1]), "applied");
        assert_eq!(events(&world).await, 1, "once");
    }
}

/// F48: Postgres is killed with `kill -9` and comes back. The endpoint needs no restart, and what
/// it had acknowledged is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_of_postgres_the_endpoint_goes_on_and_nothing_acknowledged_is_gone() {
    let (mut world, mut client) = ready().await;
    let to = world.servers[0].address;
    client.sync(to, 100).await.unwrap();
    let key = client.keys.pop_front().unwrap();
    client.write(vec![event(key, "while it is down")]);
    world.cluster.kill();
    let code = code(client.sync(to, 100).await);
    assert_eq!(code, ErrorCode::DatabaseUnavailable);
    world.cluster.up().await;
    client.sync(to, 100).await.unwrap();
    client.ask_again(to).await.unwrap();
    assert_eq!(client.verdicts.len(), 2);
    assert_eq!(events(&world).await, 2);
}

/// F48: Postgres takes no writes (25006), as a standby before its promotion, or gives no connection
/// (53300). Either is said, nothing is applied, and it passes without a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_postgres_without_writes_or_connections_is_waited_for() {
    let (world, mut client) = ready().await;
    let to = world.servers[0].address;
    let name = &world.database.name;
    let owner = world.owner().await;
    let cases = [
        (
            format!("ALTER DATABASE {name} SET default_transaction_read_only = on"),
            format!("ALTER DATABASE {name} RESET default_transaction_read_only"),
        ),
        (
            format!("ALTER ROLE {name}_haversack CONNECTION LIMIT 0"),
            format!("ALTER ROLE {name}_haversack CONNECTION LIMIT -1"),
        ),
    ];
    for (written, (begin, end)) in (0..).zip(cases) {
        owner.batch_execute(&begin).await.unwrap();
        // Connections that are open know nothing of it.
        world.to_postgres.cut();
        let said = code(client.sync(to, 100).await);
        assert_eq!(said, ErrorCode::DatabaseUnavailable, "{begin}");
        assert_eq!(events(&world).await, written, "{begin}");
        owner.batch_execute(&end).await.unwrap();
        world.to_postgres.cut();
        // The endpoint may not have heard yet that its connections were cut.
        let until = Instant::now() + Duration::from_secs(10);
        while let Err(failure) = client.sync(to, 100).await {
            assert_eq!(code(Err(failure)), ErrorCode::DatabaseUnavailable);
            assert!(Instant::now() < until, "it does not come back");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(events(&world).await, written + 1);
        let key = client.keys.pop_front().unwrap();
        client.write(vec![event(key, "once more")]);
    }
}
