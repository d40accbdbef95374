//! The endpoint's binary as a process, that may be killed.

use crate::harness::{SECRET, organizational};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const UP_TIMEOUT: Duration = Duration::from_secs(30);

pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts one, and again while Postgres can't be reached.
    pub fn start(database_url: &str) -> Self {
        let start = Instant::now();
        loop {
            // The proxies go on in other threads.
            if let Some(server) = tokio::task::block_in_place(|| Self::try_start(database_url)) {
                return server;
            }
            assert!(start.elapsed() < UP_TIMEOUT, "the endpoint does not start");
        }
    }

    fn try_start(database_url: &str) -> Option<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_haversack"))
            .env_clear()
            .args(["serve", "--listen", "127.0.0.1:0", "--connections", "4"])
            .arg("--schema")
            .arg(organizational())
            .env("HAVERSACK_DATABASE_URL", database_url)
            .env("HAVERSACK_JWT_SECRET", SECRET)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("haversack is listening on http://");
        let Some(address) = address.and_then(|a| a.parse().ok()) else {
            child.wait().unwrap();
            return None;
        };
        Some(Self { child, address })
    }

    /// The most memory that it ever had, in KiB.
    pub fn peak_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = peak.and_then(|text| text.split_whitespace().next());
        number.expect("a peak").parse().unwrap()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        // It may have been killed before.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
