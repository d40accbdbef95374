//! WebSocket.

use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, WebSocket};

/// What a socket reports.
pub enum SocketEvent {
    /// A message.
    Message(String),
    /// It is closed.
    Closed,
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
    /// Opens a socket whose first message is `hello`. None where the browser refuses the address.
    pub fn open(
        address: &str,
        hello: String,
        on_event: impl Fn(SocketEvent) + Clone + 'static,
    ) -> Option<Self> {
        let inner = WebSocket::new(address).ok()?;
        let socket = inner.clone();
        let on_open = Closure::<dyn FnMut()>::new(move || {
            let _ = socket.send_with_str(&hello);
        });
        let to = on_event.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                to(SocketEvent::Message(text));
            }
        });
        let on_close =
            Closure::<dyn FnMut(Event)>::new(move |_event: Event| on_event(SocketEvent::Closed));
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
