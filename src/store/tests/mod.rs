//! The store in a real IndexedDB: what a transaction promises, and what a fence refuses.

mod idb;
mod journal;
mod leases;
mod queue;
mod temporary;

use super::Store;
use super::idb::{Mode, Request, Tx};
use super::layout::{QUEUE, State};
use super::queue::{Batch, Queued};
use crate::browser;
use haversack_core::Error;
use haversack_core::protocol::{Mutation, Op, Seq, Values};
use haversack_core::queue::rekey::Holders;
use haversack_core::schema::Schema;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

/// A table whose keys are leased, and one whose rows JSON alone can't hold.
const SCHEMA: &str = r#"{
  "format": 2, "server": 15, "fingerprint": "of the tests",
  "identity": {"claim": "sub", "setting": "app.user_id"},
  "limits": {"body_bytes_max": 16777216, "rows_max": 50000},
  "tables": [
    {"name": "items",
     "columns": [
       {"name": "item_id", "type": {"name": "int4"}, "nullable": false,
        "default": {"kind": "sequence"}, "writable": true},
       {"name": "title", "type": {"name": "text"}, "nullable": true, "writable": true}],
     "primary_key": ["item_id"], "primary_key_name": "item_id_pkey",
     "insertable": true, "updatable": true, "deletable": true},
    {"name": "parts",
     "columns": [
       {"name": "part_id", "type": {"name": "int8"}, "nullable": false,
        "default": {"kind": "sequence"}, "writable": true},
       {"name": "item_id", "type": {"name": "int4"}, "nullable": true, "writable": true}],
     "primary_key": ["part_id"], "primary_key_name": "part_id_pkey",
     "foreign_keys": [{"name": "parts_item", "columns": ["item_id"], "references": "items",
                       "referenced_columns": ["item_id"], "on_delete": "no_action", "on_update": "no_action"}],
     "insertable": true, "updatable": true, "deletable": true},
    {"name": "blobs",
     "columns": [
       {"name": "id", "type": {"name": "int8"}, "nullable": false, "writable": true},
       {"name": "body", "type": {"name": "bytea"}, "nullable": true, "writable": true},
       {"name": "tags", "type": {"name": "jsonb"}, "nullable": true, "writable": true}],
     "primary_key": ["id"], "primary_key_name": "id_pkey",
     "insertable": true, "updatable": true, "deletable": true}
  ]
}"#;

pub fn schema() -> Schema {
    Schema::from_pulled(SCHEMA).expect("the schema of the tests")
}

/// A name that no other test and no other run has.
fn unique(what: &str) -> String {
    format!("{what} {}", browser::random_uuid())
}

/// A new database with its first state.
async fn new_store() -> (Store, State) {
    let url = unique("https://test.example");
    Store::open(&url, "1", &schema(), SCHEMA)
        .await
        .expect("a store")
}

/// A mutation that makes an item.
fn insert(key: i64, title: &str) -> Queued {
    let mut values = Values::new();
    values.insert("item_id", Some(key.to_string()));
    values.insert("title", Some(title.into()));
    let table = "items".into();
    Queued {
        at: 1_790_000_000_000,
        seen: 0,
        ops: vec![Op::Insert { table, values }],
        predicted: Vec::new(),
        earlier: Vec::new(),
        stopped: None,
    }
}

/// Begins to store a mutation.
fn begun(store: &Store, mutation: &Queued) -> (Tx, Request) {
    let tx = store.begin_enqueue(None).expect("a transaction");
    let request = store.enqueue(&tx, mutation).expect("a request");
    (tx, request)
}

/// Stores a mutation and gives its number.
async fn enqueue(store: &Store, mutation: &Queued) -> Seq {
    let (tx, request) = begun(store, mutation);
    tx.done().await.expect("stored");
    request.result().as_f64().expect("a number") as Seq
}

/// What a leader would push.
async fn batch(store: &Store, fence: f64) -> Result<Option<Batch>, Error> {
    let schema = schema();
    store.batch(&schema, &Holders::new(&schema), fence).await
}

/// The mutations on disk.
async fn queued(store: &Store) -> Vec<Mutation> {
    let tx = Tx::begin(&store.db, &[QUEUE], Mode::Read).expect("a transaction");
    let all = super::queue::read_queue(&tx, &JsValue::UNDEFINED, u32::MAX).await;
    all.expect("the queue")
}
