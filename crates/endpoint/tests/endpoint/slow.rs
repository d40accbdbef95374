//! Clients that say what they have to say too slowly, or not at all, to the binary itself.

use crate::harness::*;
use crate::process::Server;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than the endpoint waits for a head, or for a piece of a body.
const PATIENCE: Duration = Duration::from_secs(40);

/// Says a text, and then one more byte now and then, for as long as the connection is open; gives what was
/// answered until it was closed.
fn say(address: &str, text: String, trickle: Option<u8>) -> JoinHandle<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    std::thread::spawn(move || {
        stream.write_all(text.as_bytes()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let (start, mut answer) = (Instant::now(), Vec::new());
        loop {
            assert!(
                start.elapsed() < PATIENCE,
                "still open: {text:?} and {trickle:?}"
            );
            let mut some = [0; 1024];
            match stream.read(&mut some) {
                Ok(0) => break,
                Ok(length) => answer.extend_from_slice(&some[..length]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => break,
            }
            if let Some(byte) = trickle
                && stream.write_all(&[byte]).is_err()
            {
                break;
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_too_slow_holds_no_connection() {
    let endpoint = Endpoint::organizational().await;
    let server = Server::start(&endpoint.database, "127.0.0.1:0");
    let post = |length: usize| {
        format!(
            "POST /v1/sync HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ncontent-length: {length}\r\n\r\n{{",
            token("1")
        )
    };
    let all = [
        say(server.address(), String::new(), None),
        say(
            server.address(),
            "GET /health HTTP/1.1\r\nx-slow: ".into(),
            Some(b'x'),
        ),
        say(
            server.address(),
            "GET /health HTTP/1.1\r\nhost: h\r\n\r\n".into(),
            None,
        ),
        say(server.address(), post(1000), None),
    ];
    // Meanwhile others are served.
    let ada = endpoint.new_replica("1");
    let answer = server.ask(
        "POST /v1/sync",
        &serde_json::to_string(&ada.request(vec![])).unwrap(),
    );
    assert!(answer.unwrap().contains("200 OK"));
    let answers = tokio::task::spawn_blocking(|| all.map(|one| one.join().unwrap()));
    let [nothing, head, idle, body] = answers.await.unwrap();
    assert_eq!(nothing, "");
    assert!(!head.contains("200 OK"), "{head}");
    assert!(idle.contains("200 OK"), "{idle}");
    assert!(body.contains("body_timeout"), "{body}");
    assert!(body.contains("in time"), "{body}");
}
