//! Names and records of the local store.

use super::idb::StoreSpec;
use crate::browser::value::{self, Value};
use haversack_core::json::{self, FromJson, ToJson};
use haversack_core::json_struct;
use haversack_core::schema::Schema;
use haversack_core::{Error, ErrorCode};

/// The version of the store's own records. Newer ones are refused (`store_too_new`).
pub const STORE_VERSION: u32 = 1;
/// The database that remembers the last user of each endpoint.
pub const CATALOG_NAME: &str = "haversack";
/// Its only store: endpoint → user.
pub const CATALOG_STORE: &str = "last_user";
/// State and fence.
pub const META: &str = "meta";
/// Key of [`State`] in `meta`.
pub const STATE_KEY: &str = "state";
/// Key of the leader's fence in `meta`.
pub const FENCE_KEY: &str = "fence";
/// Key of the keys that took the place of temporary ones, in `meta`.
pub const ASSIGNED_KEY: &str = "assigned_keys";
/// Key of the numbers of which temporary keys are made, in `meta`.
pub const NUMBERS_KEY: &str = "temporary_numbers";
/// Key of the schema under which everything here was made, in `meta`: its JSON text.
pub const SCHEMA_KEY: &str = "schema";
/// Key of that schema's fingerprint, in `meta`.
pub const MADE_UNDER_KEY: &str = "made_under";
/// Key of the fingerprint to which a tab has begun to take the store, in `meta`.
pub const UPGRADED_KEY: &str = "upgraded_to";
/// Patches that are durable but not yet in the row stores.
pub const JOURNAL: &str = "journal";
/// Mutations without a verdict, under their numbers.
pub const QUEUE: &str = "sync_queue";
/// Mutations that Postgres refused, under their numbers.
pub const REJECTED: &str = "sync_rejected";
/// Mutations that were applied, under the number of the last of each record: what is offered again
/// to a server that was restored.
pub const ACKNOWLEDGED: &str = "sync_acknowledged";
/// Values that lost.
pub const CONFLICTS: &str = "sync_conflicts";
/// Leased keys, under the table's name.
pub const LEASES: &str = "leases";

const OWN_STORES: [(&str, bool); 7] = [
    (META, false),
    (JOURNAL, false),
    (QUEUE, true),
    (REJECTED, false),
    (ACKNOWLEDGED, false),
    (CONFLICTS, true),
    (LEASES, false),
];

/// The database of a user at an endpoint.
pub fn database_name(url: &str, user: &str) -> String {
    format!("haversack {url} {user}")
}

/// The object store of a table: its own name, unless one of ours has it.
pub fn store_name(table: &str) -> String {
    if OWN_STORES.iter().any(|(own, _)| *own == table) {
        return format!("public.{table}");
    }
    table.to_owned()
}

/// All stores of a user's database.
pub fn stores(schema: &Schema) -> Vec<StoreSpec> {
    let tables = schema.tables.iter().map(|table| StoreSpec {
        name: store_name(&table.name),
        auto_increment: false,
    });
    let own = OWN_STORES.iter().map(|(name, auto)| StoreSpec {
        name: (*name).to_owned(),
        auto_increment: *auto,
    });
    own.chain(tables).collect()
}

/// Where a replica stands; one record, written with every patch.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// [`STORE_VERSION`] of the code that wrote it.
    pub store_version: u32,
    /// The replica's id.
    pub replica: String,
    /// Its user.
    pub user: String,
    /// The fingerprint of the schema whose rows are stored.
    pub fingerprint: String,
    /// The cursor; absent before the first sync.
    pub cursor: Option<String>,
    /// The server's history that the cursor belongs to.
    pub epoch: Option<String>,
    /// The number after which this replica's mutations begin: 0, but where it took over the queue of
    /// another one.
    pub began: u64,
    /// The replicas that it was before restores of the server, the last one last.
    pub before: Vec<Before>,
    /// The last mutation that has a verdict.
    pub judged: u64,
    /// The last one that ever had one: more than `judged` where a server was restored.
    pub reached: u64,
    /// When verdicts came, to acknowledge them later: number and milliseconds since 1970.
    pub judged_at: Vec<(u64, f64)>,
    /// The number of the last patch.
    pub patch: u64,
    /// When the last sync ended, in milliseconds since 1970.
    pub last_sync: Option<f64>,
    /// When the confirmed rows were read, in milliseconds since 1970 by the database's clock.
    pub heard: i64,
    /// The fingerprint of the schema that the cursor came under, where it was another one.
    pub cursor_of: Option<String>,
    /// The tables of which all rows are to be asked for anew, since a migration has changed them.
    pub renew: Vec<String>,
}

json_struct!(State {
    store_version,
    replica,
    user,
    fingerprint,
    cursor,
    epoch,
    began = default,
    before = default,
    judged,
    reached = default,
    judged_at,
    patch,
    last_sync,
    heard = default,
    cursor_of = default,
    renew = default,
});

/// A replica that a device was before a restore of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// Its id.
    pub replica: String,
    /// The number after which its mutations begin.
    pub began: u64,
}

json_struct!(Before { replica, began });

impl State {
    /// The state of a new replica.
    pub fn new(replica: String, user: &str) -> Self {
        Self {
            store_version: STORE_VERSION,
            replica,
            user: user.to_owned(),
            fingerprint: String::new(),
            cursor: None,
            epoch: None,
            began: 0,
            before: Vec::new(),
            judged: 0,
            reached: 0,
            judged_at: Vec::new(),
            heard: 0,
            patch: 0,
            last_sync: None,
            cursor_of: None,
            renew: Vec::new(),
        }
    }
}

/// A record as a plain object.
///
/// # Errors
/// `internal`, which can't happen for our own records.
pub fn to_js(record: &dyn ToJson) -> Result<Value, Error> {
    value::parse(&json::text(record))
        .ok_or_else(|| Error::new(ErrorCode::Internal, "a record could not be written as JSON"))
}

/// A record from a plain JavaScript object; None for undefined.
///
/// # Errors
/// `storage_failed` where it is not one of ours.
pub fn from_js<T: for<'a> FromJson<'a>>(value: &Value) -> Result<Option<T>, Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    read(&plain_text(value)?).map(Some)
}

/// What the JSON text of a record, or of a list of them, says.
///
/// # Errors
/// `storage_failed` where it is not one of ours.
pub fn read<T: for<'a> FromJson<'a>>(text: &str) -> Result<T, Error> {
    json::read_text(text).map_err(|fault| damaged(&fault.to_string()))
}

/// The JSON text of a stored value.
///
/// # Errors
/// `storage_failed` where it is not plain data.
pub fn plain_text(value: &Value) -> Result<String, Error> {
    value::stringify(value).ok_or_else(|| damaged("it is not plain data"))
}

/// The error of a record that can't be read.
pub fn damaged(why: &str) -> Error {
    Error::new(
        ErrorCode::StorageFailed,
        format!("a record of the local store is damaged: {why}"),
    )
}
