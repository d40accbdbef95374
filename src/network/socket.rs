//! The poke socket: a hint that a pull would bring something. Carries no rows.

use haversack_core::protocol::{PROTOCOL_VERSION, PokeClient, PokeServer};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, WebSocket};

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
    inner: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(Event)>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        let _ = self.inner.close();
    }
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
        let inner = WebSocket::new(&address).ok()?;
        let report = Rc::new(report);
        let hello = PokeClient::Hello {
            protocol: PROTOCOL_VERSION,
            token,
            replica,
        };
        let hello = serde_json::to_string(&hello).ok()?;
        let socket = inner.clone();
        let on_open = Closure::<dyn FnMut()>::new(move || {
            let _ = socket.send_with_str(&hello);
        });
        let to = report.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let Some(text) = event.data().as_string() else {
                return;
            };
            match serde_json::from_str(&text) {
                Ok(PokeServer::Ready { .. }) => to(Report::Ready),
                Ok(PokeServer::Poke) => to(Report::Poke),
                // The close that follows is what matters; a sync will learn the reason.
                Ok(PokeServer::Error(_)) | Err(_) => {}
            }
        });
        let on_close = Closure::<dyn FnMut(Event)>::new(move |_event: Event| report(Report::Gone));
        inner.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        inner.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self {
            inner,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }
}
