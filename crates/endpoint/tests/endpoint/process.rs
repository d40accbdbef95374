//! The binary itself: what it prints, how it ends, and that killing it loses and doubles nothing.

use crate::harness::*;
use haversack_core::protocol::{Line, SyncRequest, Verdict};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub fn haversack() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haversack"));
    for name in [
        "DATABASE_URL",
        "HAVERSACK_DATABASE_URL",
        "HAVERSACK_JWT_SECRET",
        "HAVERSACK_LOG",
    ] {
        command.env_remove(name);
    }
    command
}

pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts one.
    pub fn start(database: &Database, listen: &str) -> Self {
        Self::of(haversack(), database, listen)
    }

    /// Starts one by a command that says where its log goes.
    pub fn of(mut command: Command, database: &Database, listen: &str) -> Self {
        let mut child = command
            .args(["serve", "--listen", listen, "--schema"])
            .arg(organizational())
            .env("HAVERSACK_DATABASE_URL", database.login_url())
            .env("HAVERSACK_JWT_SECRET", SECRET)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("haversack is listening on http://")
            .expect("ready")
            .to_owned();
        Self { child, address }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Posts a request; none where the connection breaks before the end of the answer.
    fn post(&self, request: &SyncRequest) -> Option<String> {
        let body = serde_json::to_string(request).unwrap();
        let text = self.ask("POST /v1/sync", &body)?;
        text.contains("\"line\":\"end\"").then_some(text)
    }

    /// The whole answer, with its headers, to a request of user 1.
    pub fn ask(&self, what: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .ok()?;
        write!(
            stream,
            "{what} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            token("1"),
            body.len()
        )
        .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn verdicts(answer: &str) -> Vec<Verdict> {
    let head = answer
        .lines()
        .find(|line| line.starts_with(r#"{"line":"head""#))
        .unwrap();
    match serde_json::from_str(head).unwrap() {
        Line::Head(head) => head.verdicts,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_push_it_applies_everything_once() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    let first = ada.lease("events", 500).await;
    let batches: Vec<SyncRequest> = (0..5)
        .map(|batch| {
            let mutations = (0..100)
                .map(|i| ada.mutation(vec![event(first + batch * 100 + i, "once")]))
                .collect();
            ada.request(mutations)
        })
        .collect();
    let mut server = Server::start(&endpoint.database, "127.0.0.1:0");
    let (mut killed, mut at) = (0, 0);
    let mut waits = [3_u64, 25, 60, 110, 40, 8].into_iter();
    while at < batches.len() {
        if let Some(wait) = waits.next() {
            // The kill falls somewhere into the push: before, during or after the commit.
            let pid = server.child.id();
            let killer = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(wait));
                Command::new("kill")
                    .args(["-9", &pid.to_string()])
                    .status()
                    .unwrap();
            });
            let answered = server.post(&batches[at]).is_some();
            killer.join().unwrap();
            server.child.wait().unwrap();
            killed += 1;
            at += usize::from(answered);
            server = Server::start(&endpoint.database, "127.0.0.1:0");
        } else {
            let answer = server.post(&batches[at]).expect("answered");
            assert!(verdicts(&answer).iter().all(|v| word(v) == "applied"));
            at += 1;
        }
    }
    assert_eq!(killed, 6);
    assert_eq!(endpoint.count("events").await, 500);
    // Everything once more: the same verdicts, and nothing new.
    for batch in &batches {
        let answer = server.post(batch).expect("answered");
        assert_eq!(verdicts(&answer).len(), 100);
    }
    assert_eq!(endpoint.count("events").await, 500);
    assert_eq!(
        endpoint
            .value("SELECT last_seq FROM haversack.replicas")
            .await
            .as_deref(),
        Some("500")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_in_order_when_told_to() {
    let endpoint = Endpoint::organizational().await;
    let mut server = Server::start(&endpoint.database, "127.0.0.1:0");
    let ada = endpoint.new_replica("1");
    assert!(server.post(&ada.request(vec![])).is_some());
    Command::new("kill")
        .arg(server.child.id().to_string())
        .status()
        .unwrap();
    let start = Instant::now();
    while server.child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(5), "still running");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(server.child.wait().unwrap().success());
}
