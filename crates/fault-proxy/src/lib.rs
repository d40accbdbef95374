//! A TCP proxy for tests. It stands between a client and a server, forwards bytes, and does harm
//! where a test tells it to: at once ([`Proxy::cut`], [`Proxy::set_weather`]), or when given bytes
//! pass from client to server ([`Proxy::trap`]).
//!
//! It knows no protocol: a test names the bytes. `COMMIT` on a connection to Postgres gives "cut
//! before the commit" and "committed, but the answer is lost"; `POST` gives the same of a request.
//!
//! Invariant: what it forwards is unchanged and in order. It never invents a byte.

#![forbid(unsafe_code)]

mod pump;
mod shared;

use shared::Shared;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What happens to all connections until the test says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weather {
    /// Everything is forwarded.
    #[default]
    Fair,
    /// New connections are closed at once; those that are open go on.
    Refuse,
    /// Half-open: connections are accepted and stay open, and nothing passes either way. What was
    /// sent meanwhile is forwarded when the weather changes.
    Stall,
    /// What arrives waits so long, in both directions.
    Delay(Duration),
    /// Every byte of a new connection goes to the server on a second connection too, whose answer
    /// nobody hears: each request arrives twice, at about the same time.
    Duplicate,
}

/// What a trap does when its bytes are on their way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// The connection is cut on both sides; the last of the bytes never reaches the server.
    CutBefore,
    /// The server gets the bytes and answers; so many bytes of what it says from then on are passed
    /// on, the next is not, and the connection is cut on both sides. 0: the answer is lost.
    CutAnswerAfter(usize),
}

/// A proxy that listens on a port of its own, until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and forwards to `target`. Nothing need listen there yet.
    ///
    /// # Errors
    /// Whatever the system says to listening.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(target));
        let accepting = tokio::spawn(pump::accept(listener, shared.clone()));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where new connections go from now on; those that are open stay.
    pub fn set_target(&self, target: SocketAddr) {
        self.shared.set_target(target);
    }

    /// Changes the weather.
    pub fn set_weather(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// Cuts every connection, on both sides.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Does harm once, to the connection on which `bytes` next pass to the server, in one piece or
    /// in several. Traps are sprung in any order, each once.
    ///
    /// # Panics
    /// Where `bytes` is empty.
    pub fn trap(&self, bytes: &[u8], harm: Harm) {
        assert!(!bytes.is_empty(), "a trap needs bytes to wait for");
        self.shared.trap(bytes, harm);
    }

    /// How many traps have been sprung since the start.
    pub fn sprung(&self) -> usize {
        self.shared.sprung()
    }

    /// Fair weather, and no more traps. Open connections stay.
    pub fn heal(&self) {
        self.shared.disarm();
        self.set_weather(Weather::Fair);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}
