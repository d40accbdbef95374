//! The wire: what a replica and an endpoint say to each other.
//!
//! `docs/sync-protocol.md` explains it. Values travel as Postgres's text (`value::text` under
//! DateStyle ISO, IntervalStyle postgres, TimeZone UTC) or null, so nothing is lost on the way.
//! A request is one JSON object; the answer is a stream of lines, each a JSON object of one
//! [`Line`], or of a query one [`QueryLine`], that counts only when its `end` has arrived.

mod codec;
mod query;

pub use query::{QueryHead, QueryLine, QueryParam, QueryRequest};

use crate::error::{Error, ErrorCode, Recovery};
use crate::json::ToJson;
use crate::map::Map;
use crate::schema::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of this wire, in every request and response.
pub const PROTOCOL_VERSION: u32 = 1;
/// The most mutations in one push.
pub const PUSH_BATCH_MAX: usize = 100;
/// A base longer than this, in bytes of text, travels as its SHA-256.
pub const BASE_TEXT_BYTES_MAX: usize = 256;
/// Rows in one `rows` line: small enough that reading a line never blocks a page.
pub const ROWS_PER_LINE: usize = 250;
/// The most keys of a table that one request leases.
pub const LEASE_KEYS: u32 = 1024;
/// Without any other cause a replica syncs this often, in milliseconds.
pub const SYNC_INTERVAL_MS: u64 = 30_000;

/// A replica's mutation number: from 1, without gaps.
pub type Seq = u64;
/// A value as text, or null.
pub type Text = Option<String>;
/// A primary key's values as text, in the key's order.
pub type KeyText = Vec<String>;
/// Values by column name.
pub type Values = Map<Text>;

/// `POST /v1/sync`: a push and a pull in one round trip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The replica's id, a UUID that it made itself.
    pub replica: String,
    /// The fingerprint of the schema that the replica was built with.
    pub fingerprint: String,
    /// Where the replica stands; absent for a first sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The epoch that the replica knows: of `cursor`, and of what it pushes. Under another one than
    /// the server's nothing new is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// The number after which this replica's mutations begin: 0, but where it took over the queue of
    /// another replica.
    #[serde(default)]
    pub began: Seq,
    /// Verdicts up to here are durable at the replica, so the endpoint may forget them.
    #[serde(default)]
    pub acknowledged: Seq,
    /// Mutations in order, at most [`PUSH_BATCH_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mutations: Vec<Mutation>,
    /// How many more keys the replica wants, by table.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub leases: Map<u32>,
    /// What to send anew after a change of schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew: Option<Renew>,
}

/// What a replica asks for whose cursor is of the schema before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renew {
    /// The fingerprint of the schema that the cursor came under.
    pub fingerprint: String,
    /// The tables of which the replica has no rows of the form that is served now: all of their
    /// visible rows are to come.
    pub tables: Vec<String>,
}

/// Are these two epochs lives of one database, as before and after a restore? Else it was attached
/// anew, and what it has is not known from what was judged.
pub fn is_restore(before: &str, after: &str) -> bool {
    match (before.split_once('.'), after.split_once('.')) {
        (Some((attached, life)), Some((still, now))) => attached == still && life != now,
        _ => false,
    }
}

/// One transaction of row operations, identified by (replica, sequence).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mutation {
    /// Its number.
    pub seq: Seq,
    /// When it was made, in milliseconds since 1970 by the replica's clock.
    pub at: i64,
    /// The replica's last mutation that had been judged when this one was made, 0 for none: its
    /// bases contain what came before, and what later ones of the replica wrote is no conflict.
    #[serde(default)]
    pub seen: Seq,
    /// Its operations, in order. Empty only to fill a number that was never used.
    pub ops: Vec<Op>,
    /// What hooks foresee of what the server will do by itself: stored with the mutation, and never
    /// sent.
    #[serde(skip)]
    pub predicted: Vec<Predicted>,
    /// What it was before migrations or restores changed it, each by its [`mutation_hash`]: it may have
    /// been sent so, and its verdict not heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
}

/// Tells mutations apart that have the same number: 128 bits in hex. An empty one only fills its
/// number, and may have any time.
pub fn mutation_hash(at: i64, ops: &[Op]) -> String {
    let at = if ops.is_empty() { 0 } else { at };
    let mut text = String::from("[");
    at.to_json(&mut text);
    text.push(',');
    ops.to_json(&mut text);
    text.push(']');
    hex(&Sha256::digest(text.as_bytes())[..16])
}

/// An operation that a hook foresees.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// How many of the mutation's own operations come before it.
    pub after: usize,
    /// What it does.
    pub op: Op,
}

/// One row operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// A new row.
    Insert {
        /// The table's name.
        table: String,
        /// Values that the client decided: the key, what the application gave. Defaults made by
        /// the server alone are absent.
        values: Values,
    },
    /// New values for some columns of a row.
    Update {
        /// The table's name.
        table: String,
        /// The row's key.
        key: KeyText,
        /// The new values.
        set: Values,
        /// Per column in `set`, the confirmed value that it replaces.
        base: Map<Base>,
    },
    /// A row's end.
    Delete {
        /// The table's name.
        table: String,
        /// The row's key.
        key: KeyText,
        /// The hash of the confirmed row (`value::row_hash`); absent where the replica never had
        /// a confirmed one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
    },
}

/// The confirmed value that a change replaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Base {
    /// The value's text, or null.
    Text(Text),
    /// SHA-256 in hex of a text longer than [`BASE_TEXT_BYTES_MAX`].
    Hash {
        /// The hash.
        sha256: String,
    },
}

/// A line of the answer to a sync.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// The first line.
    Head(Head),
    /// Some rows of a table, each with all columns in the schema's order.
    Rows {
        /// The table's name.
        table: String,
        /// The rows.
        rows: Vec<Vec<Text>>,
    },
    /// Keys that the user can't see (any more).
    Removed {
        /// The table's name.
        table: String,
        /// The keys.
        keys: Vec<KeyText>,
    },
    /// The last line; without it nothing of the answer counts.
    End {
        /// The replica's new cursor.
        cursor: String,
    },
    /// The answer broke off on the endpoint's side; nothing of it counts.
    Error(Problem),
}

/// The first line of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The server's history: another one means that cursors and acknowledgements are void. In two
    /// parts, for [`is_restore`].
    pub epoch: String,
    /// The fingerprint of the served schema.
    pub fingerprint: String,
    /// The user, as the token names it.
    pub user: String,
    /// One verdict per mutation sent, in order.
    #[serde(default)]
    pub verdicts: Vec<Verdict>,
    /// Keys newly leased, by table, as inclusive ranges.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub leases: Map<Vec<(i64, i64)>>,
    /// True: the rows that follow are all there are; confirmed rows not among them are gone.
    #[serde(default)]
    pub snapshot: bool,
    /// The same for these tables alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renewed: Vec<String>,
    /// How many rows follow, for progress.
    #[serde(default)]
    pub rows_total: u64,
    /// When the rows that follow were read, in milliseconds since 1970 by the database's clock: a
    /// mutation made after them is not earlier.
    #[serde(default)]
    pub time: i64,
    /// The number of the replica's last mutation that is judged in this history: one that knew another
    /// epoch offers again what comes after it. Of no meaning, and 0, where nothing was pushed and the rows go
    /// on from the cursor: who gets them knew the epoch.
    #[serde(default)]
    pub last: Seq,
}

/// What became of a mutation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The mutation's number.
    pub seq: Seq,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What the server wrote, which becomes the base of later unsent mutations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<Written>,
    /// Values that lost against someone else's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
}

/// The outcome of a mutation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Outcome {
    /// All of it is in Postgres.
    Applied,
    /// The columns without a conflict are in Postgres; `lost` has the others.
    Merged,
    /// Nothing of it is in Postgres, because someone else was first; `lost` has its values.
    Conflict,
    /// A row that it changes is gone, or was never this user's to see.
    Gone,
    /// Postgres refused it.
    Rejected {
        /// Why.
        error: Error,
    },
}

/// What the server holds of a row after a mutation of this replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The table's name.
    pub table: String,
    /// The row's key.
    pub key: KeyText,
    /// Values of the columns that the mutation set; empty for a delete.
    pub values: Values,
    /// The row's hash (`value::row_hash`); absent for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// Who has won where two changed the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// The value on the server; the mutation's lost.
    #[default]
    Theirs,
    /// The mutation; the value that was on the server lost.
    Mine,
    /// Nobody yet: the server's value stands until the application decides.
    Nobody,
}

impl Winner {
    fn is_theirs(&self) -> bool {
        *self == Winner::Theirs
    }
}

/// A value that lost, or a delete that did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lost {
    /// Position in [`Mutation::ops`].
    pub op: usize,
    /// The table's name.
    pub table: String,
    /// The row's key.
    pub key: KeyText,
    /// The column; absent where a delete met an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The mutation's value.
    #[serde(default)]
    pub mine: Text,
    /// The server's value; where a delete won over an edit, the row as a JSON object of texts.
    #[serde(default)]
    pub theirs: Text,
    /// The value from which both came, where it is known; for the application to decide by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Text,
    /// Which of them the server has now.
    #[serde(default, skip_serializing_if = "Winner::is_theirs")]
    pub winner: Winner,
}

/// An error as HTTP carries it: RFC 9457, `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of problem, as a URI reference into the documentation.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's meaning.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong this time.
    pub detail: String,
    /// The stable code.
    pub code: ErrorCode,
    /// What to do next.
    pub recovery: Recovery,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Finds the request in the endpoint's log.
    #[serde(default)]
    pub request_id: String,
    /// What it is about.
    #[serde(default)]
    pub details: crate::error::Details,
}

impl Problem {
    /// The problem that carries an error.
    pub fn new(error: &Error, request_id: impl Into<String>) -> Self {
        Self {
            kind: format!("https://haversack.dev/errors#{}", error.code),
            title: error.code.meaning().to_owned(),
            status: error.code.http_status(),
            detail: error.message.clone(),
            code: error.code,
            recovery: error.recovery(),
            retry_after_ms: None,
            request_id: request_id.into(),
            details: error.details.clone(),
        }
    }

    /// The error that it carries.
    pub fn into_error(self) -> Error {
        Error::with_details(self.code, self.detail, self.details)
    }
}

/// What a replica says on `/v1/poke`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum PokeClient {
    /// The first message.
    Hello {
        /// [`PROTOCOL_VERSION`].
        protocol: u32,
        /// The bearer token; never in the URL.
        token: String,
        /// The replica's id.
        replica: String,
    },
}

/// What the endpoint says on `/v1/poke`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)] // made once per socket or per poke, and dropped at once
pub enum PokeServer {
    /// The token was accepted.
    Ready {
        /// The server's history.
        epoch: String,
    },
    /// Something that this user may see has changed: pull.
    Poke,
    /// The socket will close, and why.
    Error(Problem),
}

#[cfg(test)]
mod tests {
    use super::is_restore;

    #[test]
    fn only_two_lives_of_one_database_are_a_restore() {
        assert!(is_restore("a.1", "a.2"));
        for (before, after) in [
            ("a.1", "a.1"),
            ("a.1", "b.1"),
            ("a", "a.1"),
            ("a", "b"),
            ("", ""),
        ] {
            assert!(!is_restore(before, after), "{before} and {after}");
        }
    }
}
