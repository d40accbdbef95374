//! Rows that were made without a leased key, and get one.

use super::leases::{live, settle};
use super::{batch, enqueue, insert, new_store, queued, schema};
use crate::store::Store;
use crate::store::idb::{Mode, Tx};
use crate::store::layout::META;
use crate::store::leases::NUMBERS;
use crate::store::queue::Queued;
use crate::store::temporary::read_assigned;
use haversack_core::map::Map;
use haversack_core::protocol::{Op, Values};
use haversack_core::queue::rekey::{Assigned, Holders, temporary};
use haversack_core::schema::Type;
use wasm_bindgen_test::wasm_bindgen_test;

/// The temporary key of an item with this number.
fn item(number: i64) -> i64 {
    temporary(&Type::Int4, number).expect("a key")
}

/// A mutation that makes a part of an item, the part with a temporary key of this number.
fn part(number: i64, of: i64) -> Queued {
    let key = temporary(&Type::Int8, number).expect("a key");
    let mut values = Values::new();
    values.insert("part_id", Some(key.to_string()));
    values.insert("item_id", Some(of.to_string()));
    let table = "parts".into();
    Queued {
        ops: vec![Op::Insert { table, values }],
        ..insert(0, "")
    }
}

async fn assign(store: &Store, fence: f64) -> Assigned {
    let schema = schema();
    let assigned = store
        .assign_keys(&schema, &Holders::new(&schema), fence)
        .await;
    assigned.expect("the store works")
}

/// The values of the only operation of each queued mutation.
async fn values(store: &Store) -> Vec<Values> {
    let ops = queued(store).await.into_iter().flat_map(|m| m.ops);
    ops.map(|op| match op {
        Op::Insert { values, .. } => values,
        Op::Update { .. } | Op::Delete { .. } => Values::new(),
    })
    .collect()
}

#[wasm_bindgen_test]
async fn what_holds_a_temporary_key_waits_and_all_after_it() {
    let (store, _) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    enqueue(&store, &insert(1, "leased")).await;
    enqueue(&store, &insert(item(0), "temporary")).await;
    enqueue(&store, &part(1, item(0))).await;
    enqueue(&store, &insert(2, "leased, and after it")).await;
    let batch = batch(&store, fence)
        .await
        .expect("read")
        .expect("this tab leads");
    assert_eq!(
        batch.mutations.iter().map(|m| m.seq).collect::<Vec<_>>(),
        [1]
    );
    assert!(!batch.more, "nothing else can be sent now");
    assert_eq!(batch.acknowledged, 0);
    let waiting = Map::from([("items".to_owned(), 1), ("parts".to_owned(), 1)]);
    assert_eq!(batch.waiting, waiting, "so many keys are needed");
    store.db.close();
}

#[wasm_bindgen_test]
async fn leased_keys_take_the_place_of_temporary_ones_in_one_transaction() {
    let (store, state) = new_store().await;
    enqueue(&store, &insert(item(0), "first")).await;
    enqueue(&store, &part(1, item(0))).await;
    enqueue(&store, &insert(item(2), "second")).await;
    settle(&store, &state, vec![(41, 41)], &[]).await;
    let fence = store.take_fence().await.expect("a fence");
    let given = assign(&store, fence).await;
    let expected = [("items", [(item(0).to_string(), "41".to_owned())].into())];
    assert_eq!(given, Assigned::from(expected), "there was one");
    let stored = values(&store).await;
    assert_eq!(stored[0]["item_id"].as_deref(), Some("41"));
    assert_eq!(
        stored[1]["item_id"].as_deref(),
        Some("41"),
        "what refers to it"
    );
    assert_eq!(stored[2]["item_id"], Some(item(2).to_string()), "it waits");
    let pushed = batch(&store, fence)
        .await
        .expect("read")
        .expect("this tab leads");
    assert_eq!(
        pushed.mutations.len(),
        1,
        "the part has no key of its own yet"
    );
    assert!(assign(&store, fence).await.is_empty(), "no key is left");
    settle(&store, &state, vec![(50, 60)], &[]).await;
    let fence = store.take_fence().await.expect("a fence");
    assert_eq!(assign(&store, fence).await["items"].len(), 1);
    assert_eq!(values(&store).await[2]["item_id"].as_deref(), Some("50"));
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_mutation_stored_late_gets_the_key_when_it_is_read() {
    let (store, state) = new_store().await;
    enqueue(&store, &insert(item(0), "first")).await;
    settle(&store, &state, vec![(41, 48)], &[]).await;
    let fence = store.take_fence().await.expect("a fence");
    assign(&store, fence).await;
    let judged = queued(&store).await;
    settle(&store, &state, Vec::new(), &judged).await;
    // Another tab was storing this while the keys were assigned.
    let mut update = insert(0, "");
    update.ops = vec![Op::Delete {
        table: "items".into(),
        key: vec![item(0).to_string()],
        base: None,
    }];
    enqueue(&store, &update).await;
    let fence = store.take_fence().await.expect("a fence");
    let batch = batch(&store, fence)
        .await
        .expect("read")
        .expect("this tab leads");
    let last = batch.mutations.last().expect("the mutation");
    let Op::Delete { key, .. } = &last.ops[0] else {
        panic!("a delete")
    };
    assert_eq!(*key, ["41"]);
    assert!(batch.waiting.is_empty());
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_row_that_was_never_stored_keeps_nobody_waiting() {
    let (store, _) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    let mut orphan = part(1, item(7));
    orphan.ops = vec![Op::Update {
        table: "items".into(),
        key: vec![item(7).to_string()],
        set: Values::from([("title", Some("never".to_owned()))]),
        base: Map::new(),
    }];
    enqueue(&store, &orphan).await;
    let batch = batch(&store, fence)
        .await
        .expect("read")
        .expect("this tab leads");
    assert_eq!(
        batch.mutations.len(),
        1,
        "the server says that there is no such row"
    );
    store.db.close();
}

#[wasm_bindgen_test]
async fn under_an_older_fence_nothing_is_assigned() {
    let (store, state) = new_store().await;
    enqueue(&store, &insert(item(0), "first")).await;
    settle(&store, &state, vec![(41, 48)], &[]).await;
    let old = store.take_fence().await.expect("a fence");
    store.take_fence().await.expect("a fence");
    assert!(assign(&store, old).await.is_empty());
    assert_eq!(
        values(&store).await[0]["item_id"],
        Some(item(0).to_string())
    );
    let tx = Tx::begin(&store.db, &[META], Mode::Read).expect("a transaction");
    assert!(read_assigned(&tx).await.expect("read").is_empty());
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_number_is_given_out_once_even_after_its_tab_has_died() {
    let (store, state) = new_store().await;
    let take = async |tab: &str| {
        let left: Map<u32> = [(NUMBERS.to_owned(), 0)].into_iter().collect();
        let taken = store.take_keys(&schema(), &left, tab).await;
        taken.expect("the store works")[NUMBERS].ranges.clone()
    };
    let alive = live(&store, "a").await;
    let first = take("a").await;
    assert_eq!(first[0].0, 0);
    // One waits in the queue, the other has its key and has left the queue.
    enqueue(&store, &insert(item(0), "judged")).await;
    settle(&store, &state, vec![(41, 41)], &[]).await;
    let fence = store.take_fence().await.expect("a fence");
    assign(&store, fence).await;
    let judged = queued(&store).await;
    settle(&store, &state, Vec::new(), &judged).await;
    enqueue(&store, &insert(item(1), "waits")).await;
    drop(alive);
    super::leases::until_free(&store, "a").await;
    let _living = live(&store, "b").await;
    assert_eq!(take("b").await[0].0, 2, "0 and 1 are used");
    // A renewed replica forgets its leases, but no number is used twice.
    let fence = store.take_fence().await.expect("a fence");
    assert!(store.renew(fence).await.expect("the store works"));
    let _third = live(&store, "c").await;
    assert_eq!(take("c").await[0].0, first[0].1 + 3, "the others are held");
    store.db.close();
}
