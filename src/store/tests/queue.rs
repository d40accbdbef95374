//! Numbers, batches and their limits.

use super::{begun, enqueue, insert, new_store, queued, unique};
use crate::store::Store;
use crate::store::idb::{Mode, Tx};
use crate::store::layout::QUEUE;
use haversack_core::protocol::{PUSH_BATCH_MAX, Seq};
use haversack_core::queue::rekey::Holders;
use wasm_bindgen_test::wasm_bindgen_test;

/// Uses up a number as a transaction that was aborted may do.
async fn leave_hole(store: &Store) {
    let seq = enqueue(store, &insert(1, "hole")).await;
    let tx = Tx::begin(&store.db, &[QUEUE], Mode::Strict).expect("a transaction");
    let queue = tx.store(QUEUE).expect("the queue");
    queue.delete(&(seq as f64).into()).expect("deleted");
    tx.done().await.expect("stored");
}

#[wasm_bindgen_test]
async fn numbers_are_consecutive_and_go_on_after_a_reload() {
    let url = unique("https://test.example");
    let (store, first) = Store::open(&url, "1", &super::schema(), super::SCHEMA)
        .await
        .expect("a store");
    let mut numbers = Vec::new();
    for i in 0..3 {
        numbers.push(enqueue(&store, &insert(i, "before")).await);
    }
    store.db.close();
    let (store, state) = Store::open(&url, "1", &super::schema(), super::SCHEMA)
        .await
        .expect("a store");
    assert_eq!(state, first, "the replica is the same");
    numbers.push(enqueue(&store, &insert(3, "after")).await);
    assert_eq!(numbers, [1, 2, 3, 4]);
    let seen = queued(&store).await;
    assert_eq!(seen.iter().map(|m| m.seq).collect::<Vec<_>>(), numbers);
    assert_eq!(seen[3].ops, insert(3, "after").ops);
    store.db.close();
}

#[wasm_bindgen_test]
async fn writes_of_one_turn_are_numbered_in_their_order() {
    let (store, _) = new_store().await;
    let mut open = Vec::new();
    for i in 0..20 {
        open.push(begun(&store, &insert(i, "at once")));
    }
    let mut numbers = Vec::new();
    for (tx, request) in open {
        tx.done().await.expect("stored");
        numbers.push(request.result().as_f64().expect("a number") as Seq);
    }
    assert_eq!(numbers, (1..=20).collect::<Vec<Seq>>());
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_write_that_is_dropped_is_not_in_the_queue() {
    let (store, _) = new_store().await;
    drop(begun(&store, &insert(1, "never")));
    let seq = enqueue(&store, &insert(2, "kept")).await;
    let seen = queued(&store).await;
    assert_eq!(seen.iter().map(|m| m.seq).collect::<Vec<_>>(), [seq]);
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_batch_fills_holes_with_empty_mutations() {
    let (store, _) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    leave_hole(&store).await;
    enqueue(&store, &insert(2, "second")).await;
    leave_hole(&store).await;
    enqueue(&store, &insert(4, "fourth")).await;
    let batch = super::batch(&store, fence).await.expect("read");
    let batch = batch.expect("this tab leads");
    let seen: Vec<(Seq, usize)> = batch
        .mutations
        .iter()
        .map(|m| (m.seq, m.ops.len()))
        .collect();
    assert_eq!(seen, [(1, 0), (2, 1), (3, 0), (4, 1)]);
    assert!(!batch.more);
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_batch_has_no_more_mutations_than_a_push_may_have() {
    let (store, _) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    let many = PUSH_BATCH_MAX as i64 + 5;
    for i in 0..many {
        let (tx, _) = begun(&store, &insert(i, "many"));
        if i + 1 == many {
            tx.done().await.expect("stored");
        } else {
            wasm_bindgen_futures::spawn_local(async { tx.done().await.expect("stored") });
        }
    }
    let batch = super::batch(&store, fence).await.expect("read");
    let batch = batch.expect("this tab leads");
    let numbers: Vec<Seq> = batch.mutations.iter().map(|m| m.seq).collect();
    assert_eq!(numbers, (1..=PUSH_BATCH_MAX as Seq).collect::<Vec<_>>());
    assert!(batch.more);
    store.db.close();
}

#[wasm_bindgen_test]
async fn holes_make_no_batch_larger() {
    let (store, _) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    let before_the_holes = PUSH_BATCH_MAX as i64 - 1;
    for i in 0..before_the_holes {
        enqueue(&store, &insert(i, "many")).await;
    }
    for _ in 0..3 {
        leave_hole(&store).await;
    }
    enqueue(&store, &insert(before_the_holes, "after the holes")).await;
    let batch = super::batch(&store, fence).await.expect("read");
    let batch = batch.expect("this tab leads");
    assert_eq!(batch.mutations.len(), PUSH_BATCH_MAX);
    assert_eq!(batch.mutations.last().map(|m| m.seq), Some(100));
    assert!(batch.more, "one more waits behind two holes");
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_batch_respects_the_size_of_a_body_but_always_sends_one() {
    let (store, _) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    for i in 0..4 {
        enqueue(&store, &insert(i, &"x".repeat(10_000))).await;
    }
    let batch = async |bytes: u64| {
        let mut schema = super::schema();
        schema.limits.body_bytes_max = bytes;
        let batch = store.batch(&schema, &Holders::new(&schema), fence).await;
        let batch = batch.expect("read");
        let batch = batch.expect("this tab leads");
        (batch.mutations.len(), batch.more)
    };
    assert_eq!(batch(16 * 1024 * 1024).await, (4, false));
    let (some, more) = batch(16 * 1024 + 25_000).await;
    assert_eq!((some, more), (2, true));
    assert_eq!(batch(1_000).await, (1, true), "it can't be made smaller");
    store.db.close();
}

#[wasm_bindgen_test]
async fn under_an_older_fence_there_is_no_batch() {
    let (store, _) = new_store().await;
    let old = store.take_fence().await.expect("a fence");
    assert!(super::batch(&store, old).await.expect("read").is_some());
    let new = store.take_fence().await.expect("a fence");
    assert!(new > old);
    assert!(super::batch(&store, old).await.expect("read").is_none());
    assert!(super::batch(&store, new).await.expect("read").is_some());
    store.db.close();
}
