//! What the tabs of one database tell each other.

use super::raw_channel;
use haversack_core::json::{self, Fault, FromJson, Json, Members, ToJson};
use haversack_core::protocol::{Mutation, Outcome, Seq};
use haversack_core::queue::rekey::Assigned;

/// A message to the other tabs.
#[derive(Clone, Debug)]
pub enum Message {
    /// A mutation became durable.
    Mutation {
        /// The mutation under its number.
        mutation: Mutation,
    },
    /// An answer became durable.
    Patch {
        /// The number of the last patch in the journal, this answer's where it has rows.
        patch: u64,
        /// Has it rows?
        rows: bool,
        /// The verdicts that came with it.
        outcomes: Vec<(Seq, Outcome)>,
        /// When the sync ended, in milliseconds since 1970.
        at: f64,
    },
    /// The leader's view of the connection has changed.
    Status {
        /// The status, as the binding reports it.
        status: String,
        /// The last mutation in the push that is under way; 0 for none.
        sent: Seq,
    },
    /// The lists of rejected mutations and lost values have changed.
    Outcomes,
    /// Rows have keys of their sequence in the place of temporary ones.
    Rekeyed {
        /// The keys, by table and temporary key.
        given: Assigned,
    },
    /// A follower asks the leader to sync now.
    Ask,
    /// A new follower asks the leader for its status.
    Hello,
    /// The replica is another one: keys leased before are void.
    Renewed,
    /// The server's history is another one: so is the replica, and what that history has lost is in
    /// the queue again.
    Restored,
    /// A follower asks whether the leader is there.
    AreYouThere,
    /// The leader is there.
    Here,
}

impl ToJson for Message {
    fn to_json(&self, out: &mut String) {
        let mut members = Members::new(out);
        match self {
            Message::Mutation { mutation } => {
                members.add("kind", &"mutation").add("mutation", mutation)
            }
            Message::Patch {
                patch,
                rows,
                outcomes,
                at,
            } => members
                .add("kind", &"patch")
                .add("patch", patch)
                .add("rows", rows)
                .add("outcomes", outcomes)
                .add("at", at),
            Message::Status { status, sent } => members
                .add("kind", &"status")
                .add("status", status)
                .add("sent", sent),
            Message::Rekeyed { given } => members.add("kind", &"rekeyed").add("given", given),
            Message::Outcomes => members.add("kind", &"outcomes"),
            Message::Ask => members.add("kind", &"ask"),
            Message::Hello => members.add("kind", &"hello"),
            Message::Renewed => members.add("kind", &"renewed"),
            Message::Restored => members.add("kind", &"restored"),
            Message::AreYouThere => members.add("kind", &"are-you-there"),
            Message::Here => members.add("kind", &"here"),
        }
        .end();
    }
}

impl<'a> FromJson<'a> for Message {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        match fault.tag(json, "kind") {
            "mutation" => Message::Mutation {
                mutation: FromJson::member(json, "mutation", fault),
            },
            "patch" => Message::Patch {
                patch: FromJson::member(json, "patch", fault),
                rows: FromJson::member(json, "rows", fault),
                outcomes: FromJson::member(json, "outcomes", fault),
                at: FromJson::member(json, "at", fault),
            },
            "status" => Message::Status {
                status: FromJson::member(json, "status", fault),
                sent: FromJson::member(json, "sent", fault),
            },
            "rekeyed" => Message::Rekeyed {
                given: FromJson::member(json, "given", fault),
            },
            "outcomes" => Message::Outcomes,
            "hello" => Message::Hello,
            "renewed" => Message::Renewed,
            "restored" => Message::Restored,
            "are-you-there" => Message::AreYouThere,
            "here" => Message::Here,
            tag => {
                if tag != "ask" {
                    fault.note(Fault::Member("kind"));
                }
                Message::Ask
            }
        }
    }
}

/// A channel to the other tabs; dropping it closes it.
pub struct Channel(raw_channel::Channel);

impl Channel {
    /// Joins the channel of a database. None where the browser has no channels.
    pub fn join(name: &str, on_message: impl Fn(Message) + 'static) -> Option<Self> {
        let raw = raw_channel::Channel::join(name, move |text| {
            // A message of a newer version that this code can't read is no message to it: the
            // state on disk is the truth, and the next sync reads it.
            if let Ok(message) = json::read_text(text) {
                on_message(message);
            }
        });
        raw.map(Self)
    }

    /// Tells all other tabs.
    pub fn send(&self, message: &Message) {
        self.0.send(&json::text(message));
    }
}
