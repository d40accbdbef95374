//! Opening, upgrading, and what becomes of a transaction.

use super::unique;
use crate::store::idb::{self, Mode, StoreSpec, Tx};
use haversack_core::ErrorCode;

use crate::browser::Value;
use crate::store::idb::Database;
use wasm_bindgen_test::wasm_bindgen_test;

fn specs(names: &[&str]) -> Vec<StoreSpec> {
    let spec = |name: &&str| StoreSpec {
        name: (*name).to_owned(),
        auto_increment: false,
    };
    names.iter().map(spec).collect()
}

async fn read(database: &Database, store: &str, key: &str) -> Option<String> {
    let tx = Tx::begin(database, &[store], Mode::Read).expect("a transaction");
    let store = tx.store(store).expect("a store");
    store.get(&key.into()).await.expect("read").as_string()
}

fn put(tx: &Tx, key: &str, value: &str) {
    let store = tx.store("a").expect("a store");
    store.put(&value.into(), &key.into()).expect("put");
}

#[wasm_bindgen_test]
async fn missing_stores_are_added_and_the_others_keep_their_records() {
    let name = unique("upgrade");
    let first = idb::open(&name, &specs(&["a"])).await.expect("opened");
    let tx = Tx::begin(&first, &["a"], Mode::Strict).expect("a transaction");
    put(&tx, "key", "kept");
    tx.done().await.expect("stored");
    let version = first.raw().version();
    first.close();

    let second = idb::open(&name, &specs(&["a", "b"])).await.expect("opened");
    assert!(second.raw().version() > version);
    assert!(second.raw().object_store_names().contains("b"));
    assert_eq!(read(&second, "a", "key").await.as_deref(), Some("kept"));
    second.close();

    let fewer = idb::open(&name, &specs(&["b"])).await.expect("opened");
    assert!(
        fewer.raw().object_store_names().contains("a"),
        "none is removed"
    );
    fewer.close();
}

#[wasm_bindgen_test]
async fn two_tabs_may_upgrade_to_stores_of_their_own_at_once() {
    let name = unique("race");
    // As every session does: give way to whoever upgrades.
    let open = async |stores: &'static [&'static str]| {
        let database = idb::open(&name, &specs(stores)).await.expect("opened");
        let yielding = database.raw().clone();
        let watch = database.watch(move || yielding.close(), || ());
        (database, watch)
    };
    let (first, _first) = open(&["a"]).await;
    let (second, _second) = open(&["a", "b"]).await;
    let (third, _third) = open(&["c"]).await;
    let names = third.raw().object_store_names();
    assert!(["a", "b", "c"].iter().all(|name| names.contains(name)));
    let dead = Tx::begin(&first, &["a"], Mode::Read).err().expect("closed");
    assert_eq!(dead.code, ErrorCode::StorageFailed);
    second.close();
    third.close();
}

#[wasm_bindgen_test]
async fn a_strict_put_is_there_once_it_is_done() {
    let name = unique("strict");
    let database = idb::open(&name, &specs(&["a"])).await.expect("opened");
    let tx = Tx::begin(&database, &["a"], Mode::Strict).expect("a transaction");
    put(&tx, "key", "value");
    tx.done().await.expect("stored");
    database.close();
    let again = idb::open(&name, &specs(&["a"])).await.expect("opened");
    assert_eq!(read(&again, "a", "key").await.as_deref(), Some("value"));
    again.close();
}

#[wasm_bindgen_test]
async fn a_transaction_that_is_dropped_stores_nothing() {
    let database = idb::open(&unique("dropped"), &specs(&["a"]))
        .await
        .expect("opened");
    for mode in [Mode::Strict, Mode::Relaxed] {
        let tx = Tx::begin(&database, &["a"], mode).expect("a transaction");
        put(&tx, "key", "half of it");
        drop(tx);
        assert_eq!(read(&database, "a", "key").await, None, "{mode:?}");
    }
    database.close();
}

#[wasm_bindgen_test]
async fn a_transaction_that_fails_stores_nothing_and_says_so() {
    let mut stores = specs(&["a"]);
    stores.push(StoreSpec {
        name: "numbered".to_owned(),
        auto_increment: true,
    });
    let opened = idb::open(&unique("failed"), &stores).await;
    let database = opened.expect("opened");
    let tx = Tx::begin(&database, &["a"], Mode::Strict).expect("a transaction");
    put(&tx, "key", "before the failure");
    // The store numbers nothing, so it has no key for this.
    let refused = tx.store("a").expect("a store").add(&"no key".into());
    assert_eq!(refused.expect_err("refused").code, ErrorCode::StorageFailed);
    drop(tx);
    assert_eq!(read(&database, "a", "key").await, None);

    let tx = Tx::begin(&database, &["a", "numbered"], Mode::Strict).expect("a transaction");
    put(&tx, "key", "before the abort");
    let request = tx.store("numbered").expect("a store").add(&1.into());
    let inner = request
        .expect("a request")
        .raw()
        .transaction()
        .expect("its own");
    inner.abort().expect("aborted");
    let aborted = tx.done().await.expect_err("not done");
    assert_eq!(aborted.code, ErrorCode::StorageFailed);
    assert_eq!(read(&database, "a", "key").await, None);
    database.close();
}

#[wasm_bindgen_test]
async fn reading_is_in_key_order_and_bounded() {
    let database = idb::open(&unique("order"), &specs(&["a"]))
        .await
        .expect("opened");
    let tx = Tx::begin(&database, &["a"], Mode::Relaxed).expect("a transaction");
    let store = tx.store("a").expect("a store");
    for key in [3.0, 1.0, 2.0, 10.0] {
        store.put(&key.into(), &key.into()).expect("put");
    }
    tx.done().await.expect("stored");
    let tx = Tx::begin(&database, &["a"], Mode::Read).expect("a transaction");
    let store = tx.store("a").expect("a store");
    let numbers = |array: js_sys::Array| -> Vec<f64> {
        array.iter().filter_map(|value| value.as_f64()).collect()
    };
    let all = store.get_all(&Value::UNDEFINED, u32::MAX).await;
    assert_eq!(numbers(all.expect("read")), [1.0, 2.0, 3.0, 10.0]);
    let above = store.get_all_keys(&idb::above(&1.into()), 2).await;
    assert_eq!(numbers(above.expect("read")), [2.0, 3.0]);
    let span = store
        .get_all_keys(&idb::span(&2.into(), &10.into()), u32::MAX)
        .await;
    assert_eq!(numbers(span.expect("read")), [2.0, 3.0, 10.0]);
    database.close();
}
