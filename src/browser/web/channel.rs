//! BroadcastChannel.

use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

/// A channel to the other tabs; dropping it closes it.
pub struct Channel {
    inner: BroadcastChannel,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.close();
    }
}

impl Channel {
    /// Joins a channel. None where the browser has none.
    pub fn join(name: &str, on_message: impl Fn(&str) + 'static) -> Option<Self> {
        let inner = BroadcastChannel::new(name).ok()?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                on_message(&text);
            }
        });
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Some(Self {
            inner,
            _on_message: on_message,
        })
    }

    /// Tells all other tabs.
    pub fn send(&self, message: &str) {
        let _ = self.inner.post_message(&message.into());
    }
}
