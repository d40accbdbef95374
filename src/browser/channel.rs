//! What the tabs of one database tell each other.

use haversack_core::protocol::{Mutation, Outcome, Seq};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

/// A message to the other tabs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// A mutation became durable.
    Mutation {
        /// The mutation under its number.
        mutation: Mutation,
    },
    /// A patch became durable.
    Patch {
        /// Its number in the journal.
        patch: u64,
        /// The verdicts that came with it.
        outcomes: Vec<(Seq, Outcome)>,
        /// When the sync ended, in milliseconds since 1970.
        at: f64,
    },
    /// The leader's view of the connection has changed.
    Status {
        /// The status, as the binding reports it.
        status: String,
    },
    /// The lists of rejected mutations and lost values have changed.
    Outcomes,
    /// A follower asks the leader to sync now.
    Ask,
}

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
    /// Joins the channel of a database. None where the browser has no channels.
    pub fn join(name: &str, on_message: impl Fn(Message) + 'static) -> Option<Self> {
        let inner = BroadcastChannel::new(name).ok()?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // A message of a newer version that this code can't read is no message to it: the
            // state on disk is the truth, and the next sync reads it.
            if let Some(message) = event
                .data()
                .as_string()
                .and_then(|text| serde_json::from_str(&text).ok())
            {
                on_message(message);
            }
        });
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Some(Self {
            inner,
            _on_message: on_message,
        })
    }

    /// Tells all other tabs.
    pub fn send(&self, message: &Message) {
        if let Ok(text) = serde_json::to_string(message) {
            let _ = self.inner.post_message(&text.into());
        }
    }
}
