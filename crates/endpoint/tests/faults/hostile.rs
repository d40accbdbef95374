//! Requests that mean to exhaust the endpoint as a process (F66): they are refused, its memory stays
//! bounded, and it serves the next one.

use crate::client::Client;
use crate::harness::token;
use crate::world::World;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The most that the process may have grown by, in KiB: two bodies at the limit of 16 MiB.
const GROWTH_KIB_MAX: u64 = 32 * 1024;
const SOON: Duration = Duration::from_secs(20);

/// Posts a body in pieces, until the endpoint answers; gives the status.
async fn post(to: SocketAddr, headers: &str, length: usize, piece: &[u8]) -> u16 {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut from, mut into) = stream.into_split();
    let head = format!(
        "POST /v1/sync HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n",
        token("1")
    );
    let send = async {
        into.write_all(head.as_bytes()).await?;
        let mut left = length;
        while left > 0 {
            let count = left.min(piece.len());
            into.write_all(&piece[..count]).await?;
            left -= count;
        }
        std::io::Result::Ok(())
    };
    let mut answer = [0; 12];
    let read = async { from.read_exact(&mut answer).await.map(|_| ()) };
    // It may refuse before it has heard everything, and close.
    let both = async { tokio::join!(read, send).0 };
    tokio::time::timeout(SOON, both).await.unwrap().unwrap();
    let answer = std::str::from_utf8(&answer).unwrap();
    answer.strip_prefix("HTTP/1.1 ").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_would_exhaust_it_are_refused_in_bounded_memory() {
    let world = World::new(1).await;
    let server = &world.servers[0];
    let to = server.address;
    let before = server.peak_kib();
    let hundred = 100 << 20;
    assert_eq!(post(to, "", hundred, &[b' '; 65536]).await, 413);
    let deep = "[".repeat(100_000);
    assert_eq!(post(to, "", deep.len(), deep.as_bytes()).await, 400);
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..100 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let status = post(to, "content-encoding: gzip\r\n", bomb.len(), &bomb).await;
    assert!(matches!(status, 400 | 413 | 415), "{status}");
    let grown = server.peak_kib() - before;
    println!("grown by {grown} KiB");
    assert!(grown < GROWTH_KIB_MAX, "{grown} KiB");
    let user = world.users(1).await.remove(0);
    let mut client = Client::new(&world.schema, &user);
    client.sync(to, 100).await.unwrap();
}

/// Headers that never end, from many at once, hold up nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_never_end_hold_up_nobody() {
    let world = World::new(1).await;
    let to = world.servers[0].address;
    // Kept, so that they stay open.
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(to).await.unwrap();
        stream
            .write_all(b"POST /v1/sync HTTP/1.1\r\nhost: h\r\nx: ")
            .await
            .unwrap();
        slow.push(stream);
    }
    let user = world.users(1).await.remove(0);
    let mut client = Client::new(&world.schema, &user);
    client.sync(to, 100).await.unwrap();
}
