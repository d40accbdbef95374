//! Names and records of the local store.

use super::idb::StoreSpec;
use haversack_core::schema::Schema;
use haversack_core::{Error, ErrorCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

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
/// Patches that are durable but not yet in the row stores.
pub const JOURNAL: &str = "journal";
/// Mutations without a verdict, under their numbers.
pub const QUEUE: &str = "sync_queue";
/// Mutations that Postgres refused, under their numbers.
pub const REJECTED: &str = "sync_rejected";
/// Values that lost.
pub const CONFLICTS: &str = "sync_conflicts";
/// Leased keys, under the table's name.
pub const LEASES: &str = "leases";

const OWN_STORES: [(&str, bool); 6] = [
    (META, false),
    (JOURNAL, false),
    (QUEUE, true),
    (REJECTED, false),
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`STORE_VERSION`] of the code that wrote it.
    pub store_version: u32,
    /// The replica's id.
    pub replica: String,
    /// Its user.
    pub user: String,
    /// The fingerprint of the schema whose rows are stored.
    #[serde(default)]
    pub fingerprint: String,
    /// The cursor; absent before the first sync.
    #[serde(default)]
    pub cursor: Option<String>,
    /// The server's history that the cursor belongs to.
    #[serde(default)]
    pub epoch: Option<String>,
    /// The last mutation that has a verdict.
    #[serde(default)]
    pub judged: u64,
    /// When verdicts came, to acknowledge them later: number and milliseconds since 1970.
    #[serde(default)]
    pub judged_at: Vec<(u64, f64)>,
    /// The number of the last patch.
    #[serde(default)]
    pub patch: u64,
    /// When the last sync ended, in milliseconds since 1970.
    #[serde(default)]
    pub last_sync: Option<f64>,
}

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
            judged: 0,
            judged_at: Vec::new(),
            patch: 0,
            last_sync: None,
        }
    }
}

/// A record as a plain JavaScript object.
///
/// # Errors
/// `internal`, which can't happen for our own records.
pub fn to_js<T: Serialize>(record: &T) -> Result<JsValue, Error> {
    let internal = || Error::new(ErrorCode::Internal, "a record could not be written as JSON");
    let text = serde_json::to_string(record).map_err(|_| internal())?;
    js_sys::JSON::parse(&text).map_err(|_| internal())
}

/// A record from a plain JavaScript object; None for undefined.
///
/// # Errors
/// `storage_failed` where it is not one of ours.
pub fn from_js<T: DeserializeOwned>(value: &JsValue) -> Result<Option<T>, Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    let damaged = |why: String| {
        Error::new(
            ErrorCode::StorageFailed,
            format!("a record of the local store is damaged: {why}"),
        )
    };
    let text = js_sys::JSON::stringify(value)
        .ok()
        .and_then(|text| text.as_string())
        .ok_or_else(|| damaged("it is not plain data".to_owned()))?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|e| damaged(e.to_string()))
}
