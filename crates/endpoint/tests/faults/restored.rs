//! A server that goes backwards: restored from a dump or from a copy of its files, or fallen over
//! with what it had not written yet (F32, F33, I6).

use crate::client::Client;
use crate::harness::{Database, create, event, word};
use crate::world::World;
use haversack_endpoint::database::connect;

fn write(client: &mut Client, title: &str) {
    let key = client.keys.pop_front().unwrap();
    client.write(vec![event(key, title)]);
}

/// A world with one endpoint, and a client whose first write is acknowledged.
async fn ready() -> (World, Client) {
    let world = World::new(1).await;
    let user = world.users(1).await.remove(0);
    let mut client = Client::new(&world.schema, &user);
    let to = world.servers[0].address;
    client.sync(to, 100).await.unwrap();
    write(&mut client, "before the backup");
    client.sync(to, 100).await.unwrap();
    (world, client)
}

/// The client was told of two writes, and the server knows of one: it hears of another history,
/// and offers everything once more.
async fn goes_on(world: &mut World, mut client: Client) {
    let to = world.servers[0].address;
    let old = client.replica.epoch.clone();
    write(&mut client, "after the restore");
    // F33: a cursor from what is the future now. Nothing is judged that comes from there.
    client.sync(to, 100).await.unwrap();
    assert_eq!(client.pending.len(), 1);
    assert_ne!(client.replica.epoch, old);
    assert_eq!(client.replica.column("events", "title").len(), 1);
    // What the other history said of them counts no more: all is offered by a new replica.
    client.replica.id = uuid::Uuid::new_v4().to_string();
    client.verdicts.clear();
    client.ask_again(to).await.unwrap();
    assert!(client.pending.is_empty());
    assert!(client.verdicts.values().all(|v| word(v) == "applied"));
    assert_eq!(client.replica.column("events", "title").len(), 3);
    let sql = "SELECT count(*) FROM events";
    let rows: i64 = world
        .owner()
        .await
        .query_one(sql, &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(rows, 3);
}

/// Drops a database and makes it again, with nothing in it; its roles stay.
async fn empty(database: &Database) {
    let admin = connect(&database.admin, "HAVERSACK_TEST_DATABASE_URL")
        .await
        .unwrap();
    let drop = format!("DROP DATABASE {} WITH (FORCE)", database.name);
    admin.batch_execute(&drop).await.unwrap();
    admin.batch_execute(&create(&database.name)).await.unwrap();
}

/// F32, F33: `pg_dump`, a write that is acknowledged, `pg_restore`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restore_from_a_dump_is_another_history_and_what_it_lost_is_taken_again() {
    let (mut world, mut client) = ready().await;
    let dump = world.cluster.data().join("dump");
    world
        .cluster
        .run("pg_dump", &["-Fc", "-d", &world.database.url], &dump);
    write(&mut client, "after the backup");
    client.sync(world.servers[0].address, 100).await.unwrap();
    world.servers[0].kill();
    empty(&world.database).await;
    world
        .cluster
        .run("pg_restore", &["-d", &world.database.url], &dump);
    world.replace_server(0);
    // A dump makes tables, keys and indexes in an order of its own; that is no other schema.
    assert_eq!(client.replica.fingerprint, world.fingerprint().await);
    goes_on(&mut world, client).await;
}

/// F32, F33: a copy of the files, a write that is acknowledged, point-in-time recovery of the copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recovered_copy_of_the_files_is_another_history_and_what_it_lost_is_taken_again() {
    let (mut world, mut client) = ready().await;
    world.cluster.kill();
    world.cluster.keep();
    world.cluster.up().await;
    write(&mut client, "after the backup");
    client.sync(world.servers[0].address, 100).await.unwrap();
    world.cluster.kill();
    world.cluster.put_back();
    world.cluster.up().await;
    goes_on(&mut world, client).await;
}

/// F32: a transaction that Postgres gave a number and never wrote is forgotten when it falls over,
/// and its number is given again. A cursor made in between must not take the second for the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_number_that_a_crash_gave_back_hides_no_row() {
    let (mut world, mut client) = ready().await;
    let to = world.servers[0].address;
    let owner = world.owner().await;
    // The write-ahead log is to be flushed by commits alone.
    let late = "ALTER SYSTEM SET wal_writer_delay = '10s'";
    owner.batch_execute(late).await.unwrap();
    owner
        .batch_execute("SELECT pg_reload_conf()")
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let number = "SELECT pg_current_xact_id()::text";
    owner.batch_execute("BEGIN").await.unwrap();
    let first: String = owner.query_one(number, &[]).await.unwrap().get(0);
    owner.batch_execute("ROLLBACK").await.unwrap();
    client.pull(to).await.unwrap();
    world.cluster.kill();
    world.cluster.up().await;
    let owner = world.owner().await;
    owner.batch_execute("BEGIN").await.unwrap();
    let second: String = owner.query_one(number, &[]).await.unwrap().get(0);
    owner
        .batch_execute("INSERT INTO events (user_id, title) SELECT user_id, 'after' FROM users")
        .await
        .unwrap();
    owner.batch_execute("COMMIT").await.unwrap();
    println!("{first} before, {second} after");
    client.pull(to).await.unwrap();
    assert_eq!(client.replica.column("events", "title").len(), 2);
}
