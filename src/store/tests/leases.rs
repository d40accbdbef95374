//! Who has which key: in no case two.

use super::{enqueue, insert, new_store, queued, schema};
use crate::browser::locks::{self, Claim, Hold};
use crate::store::Store;
use crate::store::journal::Commit;
use crate::store::layout::State;
use crate::store::leases::tab_lock;
use haversack_core::lease::{Ranges, count};
use haversack_core::map::Map;
use haversack_core::protocol::Mutation;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

/// The lock that says that a tab lives, once it is held.
pub(super) async fn live(store: &Store, tab: &str) -> Hold {
    let name = tab_lock(&store.name, tab);
    let mut hold = None;
    let granted = Promise::new(&mut |resolve, _| {
        let granted = move || drop(resolve.call0(&JsValue::UNDEFINED));
        hold = locks::hold(&name, Claim::Wait, Box::new(granted), Box::new(|| ()));
    });
    JsFuture::from(granted).await.expect("granted");
    hold.expect("Web Locks")
}

/// Grants keys and judges mutations, as an answer does.
pub(super) async fn settle(store: &Store, state: &State, granted: Ranges, judged: &[Mutation]) {
    let fence = store.take_fence().await.expect("a fence");
    let granted: Map<Ranges> = [("items".to_owned(), granted)].into_iter().collect();
    let commit = Commit {
        fence,
        state,
        lines: &[],
        judged,
        applied: judged,
        rejected: &[],
        lost: &[],
        superseded: &[],
        granted: &granted,
        renewed: false,
        time: 0,
    };
    let committed = store.commit(&schema(), &commit).await;
    assert!(committed.expect("the store works").is_some());
}

/// What a tab gets that has none left.
async fn take(store: &Store, tab: &str) -> Vec<i64> {
    let left: Map<u32> = [("items".to_owned(), 0)].into_iter().collect();
    let taken = store.take_keys(&schema(), &left, tab).await;
    let ranges = taken.expect("the store works")["items"].ranges.clone();
    let keys: Vec<i64> = ranges.iter().flat_map(|&(low, high)| low..=high).collect();
    assert_eq!(keys.len() as u32, count(&ranges));
    keys
}

#[wasm_bindgen_test]
async fn two_tabs_never_take_the_same_key() {
    let (store, state) = new_store().await;
    settle(&store, &state, vec![(1, 1024)], &[]).await;
    let _alive = (live(&store, "a").await, live(&store, "b").await);
    // A connection of its own, as another tab has, and both at once.
    let other = Store {
        db: crate::store::idb::open(&store.name, &[])
            .await
            .expect("opened"),
        name: store.name.clone(),
    };
    let schema = schema();
    let left: Map<u32> = [("items".to_owned(), 0)].into_iter().collect();
    let mut all = Vec::new();
    for _ in 0..3 {
        let a = std::pin::pin!(store.take_keys(&schema, &left, "a"));
        let b = std::pin::pin!(other.take_keys(&schema, &left, "b"));
        let (a, b) = both(a, b).await;
        for taken in [a, b] {
            all.extend(taken.expect("the store works")["items"].ranges.clone());
        }
    }
    let mut keys: Vec<i64> = all.iter().flat_map(|&(low, high)| low..=high).collect();
    assert_eq!(keys.len(), 48);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 48, "each was taken once");
    store.db.close();
    other.db.close();
}

/// Runs two futures at once.
async fn both<A, B>(
    mut a: std::pin::Pin<&mut impl Future<Output = A>>,
    mut b: std::pin::Pin<&mut impl Future<Output = B>>,
) -> (A, B) {
    use std::task::Poll;
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(move |context| {
        if first.is_none()
            && let Poll::Ready(done) = a.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = b.as_mut().poll(context)
        {
            second = Some(done);
        }
        match (first.take(), second.take()) {
            (Some(one), Some(two)) => Poll::Ready((one, two)),
            (one, two) => {
                (first, second) = (one, two);
                Poll::Pending
            }
        }
    })
    .await
}

#[wasm_bindgen_test]
async fn what_a_dead_tab_did_not_use_comes_back() {
    let (store, state) = new_store().await;
    settle(&store, &state, vec![(1, 16)], &[]).await;
    let alive = live(&store, "a").await;
    let first = take(&store, "a").await;
    assert_eq!(first, (1..=8).collect::<Vec<i64>>());
    let _living = live(&store, "b").await;
    // Two keys went into rows that still wait to be sent.
    enqueue(&store, &insert(1, "queued")).await;
    enqueue(&store, &insert(2, "queued")).await;
    assert_eq!(take(&store, "b").await, (9..=16).collect::<Vec<i64>>());
    assert!(take(&store, "b").await.is_empty(), "the living keep theirs");
    drop(alive);
    until_free(&store, "a").await;
    assert_eq!(take(&store, "b").await, (3..=8).collect::<Vec<i64>>());
    assert!(take(&store, "b").await.is_empty(), "nothing is left");
    store.db.close();
}

/// Waits until the browser has noticed that a tab is gone.
pub(super) async fn until_free(store: &Store, tab: &str) {
    let name = tab_lock(&store.name, tab);
    while locks::held().await.expect("Web Locks").contains(&name) {
        crate::browser::timer::sleep(1).await;
    }
}

#[wasm_bindgen_test]
async fn a_key_that_a_verdict_has_spent_never_comes_back() {
    let (store, state) = new_store().await;
    settle(&store, &state, vec![(1, 8)], &[]).await;
    let alive = live(&store, "a").await;
    assert_eq!(take(&store, "a").await.len(), 8);
    enqueue(&store, &insert(3, "judged")).await;
    let judged = queued(&store).await;
    settle(&store, &state, Vec::new(), &judged).await;
    assert!(queued(&store).await.is_empty());
    drop(alive);
    until_free(&store, "a").await;
    let _living = live(&store, "b").await;
    // The tab drew in ascending order, so those before it may be rows of somebody too.
    assert_eq!(take(&store, "b").await, (4..=8).collect::<Vec<i64>>());
    store.db.close();
}
