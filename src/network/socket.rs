//! The poke socket: a hint that a pull would bring something. Carries no rows.

use crate::browser::socket::{self, SocketEvent};
use haversack_core::json;
use haversack_core::protocol::{PROTOCOL_VERSION, PokeClient, PokeServer};
use std::rc::Rc;

/// What the socket reports.
pub enum Report {
    /// The endpoint accepted the token.
    Ready,
    /// Pull.
    Poke,
    /// The socket is gone, whatever the reason.
    Gone,
}

/// An open socket, or one that is opening; dropping it closes it silently.
pub struct Socket {
    _inner: socket::Socket,
}

impl Socket {
    /// Opens the socket of an endpoint; the token goes into its first message. None where the
    /// browser refuses the address.
    pub fn open(
        url: &str,
        token: String,
        replica: String,
        report: impl Fn(Report) + 'static,
    ) -> Option<Self> {
        let address = format!("{}/v1/poke", url.replacen("http", "ws", 1));
        let hello = json::text(&PokeClient::Hello {
            protocol: PROTOCOL_VERSION,
            token,
            replica,
        });
        let report = Rc::new(report);
        let on_event = move |event| match event {
            SocketEvent::Closed => report(Report::Gone),
            SocketEvent::Message(text) => match json::read_text(&text) {
                Ok(PokeServer::Ready { .. }) => report(Report::Ready),
                Ok(PokeServer::Poke) => report(Report::Poke),
                // The close that follows is what matters; a sync will learn the reason.
                Ok(PokeServer::Error(_)) | Err(_) => {}
            },
        };
        let inner = socket::Socket::open(&address, hello, on_event)?;
        Some(Self { _inner: inner })
    }
}
