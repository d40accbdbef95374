//! What one answer changes on disk: all of it, or nothing.

use super::{enqueue, insert, new_store, queued, schema};
use crate::store::Store;
use crate::store::idb::{Mode, Tx};
use crate::store::journal::Commit;
use crate::store::layout::State;
use crate::store::queue::{LostValue, Rejected, supersede};
use haversack_core::lease::Ranges;
use haversack_core::map::Map;
use haversack_core::protocol::{Lost, Mutation, Seq, Winner};
use haversack_core::{Error, ErrorCode};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// What the endpoint may say, before any of it is on disk.
struct Said {
    state: State,
    lines: Vec<String>,
    judged: Vec<Mutation>,
    rejected: Vec<Rejected>,
    lost: Vec<LostValue>,
    superseded: Vec<f64>,
    granted: Map<Ranges>,
    renewed: bool,
    time: i64,
}

impl Said {
    /// Nothing but a patch of so many lines.
    fn patch(state: &State, number: u64, lines: usize) -> Self {
        let mut state = state.clone();
        state.patch = number;
        state.cursor = Some(format!("after {number}"));
        Self {
            state,
            lines: (0..lines).map(|i| format!("{number}.{i}")).collect(),
            judged: Vec::new(),
            rejected: Vec::new(),
            lost: Vec::new(),
            superseded: Vec::new(),
            granted: Map::new(),
            renewed: false,
            time: 0,
        }
    }

    /// The first mutation was applied, the second refused, a value of the third lost; and a lease.
    fn verdicts(state: &State, judged: Vec<Mutation>) -> Self {
        let mut said = Self::patch(state, 1, 2);
        said.state.judged = judged[2].seq;
        said.rejected.push(Rejected {
            seq: judged[1].seq,
            at: judged[1].at,
            blocked_by: None,
            rejected_at: 1_790_000_000_001.0,
            ops: judged[1].ops.clone(),
            error: Error::new(ErrorCode::Rejected, "not this one"),
        });
        said.lost.push(LostValue {
            seq: judged[2].seq,
            at: 1_790_000_000_001.0,
            settled: true,
            whole: false,
            lost: Lost {
                op: 0,
                table: "items".into(),
                key: vec!["3".into()],
                column: Some("title".into()),
                mine: Some("mine".into()),
                theirs: None,
                base: None,
                winner: Winner::Theirs,
            },
        });
        said.granted.insert("items", vec![(100, 199)]);
        said.judged = judged;
        said
    }

    async fn commit(&self, store: &Store, fence: f64) -> bool {
        self.stored(store, fence).await.is_some()
    }

    /// What is in the queue again; none where another tab leads.
    async fn stored(&self, store: &Store, fence: f64) -> Option<Vec<Mutation>> {
        let refused = |m: &Mutation| self.rejected.iter().any(|r| r.seq == m.seq);
        let applied = self.judged.iter().filter(|m| !refused(m)).cloned();
        let applied: Vec<Mutation> = applied.collect();
        let commit = Commit {
            fence,
            state: &self.state,
            lines: &self.lines,
            judged: &self.judged,
            applied: &applied,
            rejected: &self.rejected,
            lost: &self.lost,
            superseded: &self.superseded,
            granted: &self.granted,
            renewed: self.renewed,
            time: self.time,
        };
        let committed = store.commit(&schema(), &commit).await;
        committed.expect("the store works")
    }
}

async fn three_mutations(store: &Store) -> Vec<Mutation> {
    for key in 1..=3 {
        enqueue(store, &insert(key, "queued")).await;
    }
    queued(store).await
}

#[wasm_bindgen_test]
async fn a_commit_changes_state_journal_queue_lists_and_leases_together() {
    let (store, state) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    let judged = three_mutations(&store).await;
    let later = enqueue(&store, &insert(4, "made meanwhile")).await;
    let said = Said::verdicts(&state, judged);
    assert!(said.commit(&store, fence).await);

    assert_eq!(store.state().await.expect("a state"), said.state);
    assert_eq!(store.patches().await.expect("numbers"), [1]);
    assert_eq!(store.patch(1).await.expect("lines"), said.lines);
    let left: Vec<Seq> = queued(&store).await.iter().map(|m| m.seq).collect();
    assert_eq!(left, [later], "what was not judged stays");
    let (rejected, lost) = store.outcomes().await.expect("the lists");
    assert_eq!(rejected, said.rejected);
    let values: Vec<LostValue> = lost.iter().map(|(_, lost)| lost.clone()).collect();
    assert_eq!(values, said.lost);
    let wanted = store.wanted_keys(&schema()).await.expect("a count");
    assert_eq!(wanted.get("items"), None);

    store.dismiss_rejected(rejected[0].seq).await.expect("done");
    store.dismiss_lost(lost[0].0).await.expect("done");
    let (rejected, lost) = store.outcomes().await.expect("the lists");
    assert!(rejected.is_empty() && lost.is_empty(), "both are dismissed");
    store.db.close();
}

#[wasm_bindgen_test]
async fn of_each_column_one_conflict_is_open() {
    let (store, state) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    let judged = three_mutations(&store).await;
    let of = |mine: &str, base: &str, settled: bool| {
        let mut value = Said::verdicts(&state, judged.clone()).lost.remove(0);
        (value.settled, value.lost.mine) = (settled, Some(mine.into()));
        value.lost.base = Some(base.into());
        value
    };
    let mut said = Said::patch(&state, 1, 2);
    said.lost = vec![
        of("a", "first", false),
        of("b", "second", false),
        of("s", "x", true),
    ];
    said.superseded = supersede(&[], &mut said.lost);
    assert!(said.commit(&store, fence).await);
    let known = store.outcomes().await.expect("the lists").1;
    let shown = |list: &[(f64, LostValue)]| -> Vec<String> {
        let texts = list.iter().map(|(_, value)| {
            let of = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{} from {}", of(&value.lost.mine), of(&value.lost.base))
        });
        texts.collect()
    };
    assert_eq!(shown(&known), ["b from first", "s from x"]);

    let mut said = Said::patch(&state, 2, 2);
    let mut other = of("o", "other", false);
    other.lost.key = vec!["4".into()];
    said.lost = vec![other, of("c", "third", false)];
    said.superseded = supersede(&known, &mut said.lost);
    assert!(said.commit(&store, fence).await);
    let known = store.outcomes().await.expect("the lists").1;
    assert_eq!(shown(&known), ["s from x", "o from other", "c from first"]);
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_commit_under_an_older_fence_changes_nothing() {
    let (store, state) = new_store().await;
    let old = store.take_fence().await.expect("a fence");
    let judged = three_mutations(&store).await;
    store.take_fence().await.expect("a fence");
    let said = Said::verdicts(&state, judged.clone());
    assert!(!said.commit(&store, old).await);

    assert_eq!(store.state().await.expect("a state"), state);
    assert!(store.patches().await.expect("numbers").is_empty());
    assert_eq!(queued(&store).await, judged);
    let (rejected, lost) = store.outcomes().await.expect("the lists");
    assert!(rejected.is_empty() && lost.is_empty());
    let wanted = store.wanted_keys(&schema()).await.expect("a count");
    assert_eq!(wanted.get("items"), Some(&8), "no key was granted");
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_patch_is_read_line_by_line_in_the_order_of_the_answer() {
    let (store, state) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    // More than ten lines and patches: neither may be ordered as text.
    for number in 1..=12 {
        let said = Said::patch(&state, number, 12);
        assert!(said.commit(&store, fence).await);
    }
    let numbers = store.patches().await.expect("numbers");
    assert_eq!(numbers, (1..=12).collect::<Vec<u64>>());
    let lines: Vec<String> = (0..12).map(|i| format!("11.{i}")).collect();
    assert_eq!(store.patch(11).await.expect("lines"), lines);
    assert!(store.patch(13).await.expect("lines").is_empty());
    store.db.close();
}

#[wasm_bindgen_test]
async fn patches_are_forgotten_up_to_a_number_and_by_the_leader_alone() {
    let (store, state) = new_store().await;
    let old = store.take_fence().await.expect("a fence");
    for number in 1..=4 {
        assert!(Said::patch(&state, number, 3).commit(&store, old).await);
    }
    let fence = store.take_fence().await.expect("a fence");
    assert!(!store.forget_patches(old, 4).await.expect("asked"));
    assert_eq!(store.patches().await.expect("numbers"), [1, 2, 3, 4]);
    assert!(store.forget_patches(fence, 2).await.expect("forgotten"));
    assert_eq!(store.patches().await.expect("numbers"), [3, 4]);
    assert_eq!(store.patch(3).await.expect("lines").len(), 3);
    store.db.close();
}

#[wasm_bindgen_test]
async fn rows_are_drained_and_deleted_under_the_fence_alone() {
    let (store, _) = new_store().await;
    let old = store.take_fence().await.expect("a fence");
    let row = |title: &str| {
        let row = Object::new();
        Reflect::set(&row, &"title".into(), &title.into()).expect("an object");
        Some(JsValue::from(row))
    };
    let titles = async || -> Vec<String> {
        let tx = Tx::begin(&store.db, &["items"], Mode::Read).expect("a transaction");
        let items = tx.store("items").expect("a store");
        let rows: Array = items.get_all(&JsValue::UNDEFINED, 9).await.expect("rows");
        let title = |row: JsValue| Reflect::get(&row, &"title".into()).ok()?.as_string();
        rows.iter().filter_map(title).collect()
    };
    let two = [(1.into(), row("one")), (2.into(), row("two"))];
    assert!(store.drain(old, "items", &two).await.expect("drained"));
    assert_eq!(titles().await, ["one", "two"]);
    let fence = store.take_fence().await.expect("a fence");
    let change = [(1.into(), None), (2.into(), row("changed"))];
    assert!(!store.drain(old, "items", &change).await.expect("asked"));
    assert_eq!(
        titles().await,
        ["one", "two"],
        "the old leader changes nothing"
    );
    assert!(store.drain(fence, "items", &change).await.expect("drained"));
    assert_eq!(titles().await, ["changed"]);
    store.db.close();
}

#[wasm_bindgen_test]
async fn a_renewed_replica_keeps_its_queue_and_has_no_cursor_and_no_keys() {
    let (store, state) = new_store().await;
    let old = store.take_fence().await.expect("a fence");
    let judged = three_mutations(&store).await;
    assert!(Said::verdicts(&state, judged).commit(&store, old).await);
    let waiting = enqueue(&store, &insert(4, "waits")).await;
    let before = store.state().await.expect("a state");

    let fence = store.take_fence().await.expect("a fence");
    assert!(!store.renew(old).await.expect("asked"));
    assert_eq!(store.state().await.expect("a state"), before);
    assert!(store.renew(fence).await.expect("renewed"));
    let after = store.state().await.expect("a state");
    assert_ne!(after.replica, before.replica);
    assert_eq!((after.cursor, after.epoch), (None, None));
    assert_eq!(after.judged, waiting - 1);
    assert_eq!(
        after.patch, before.patch,
        "the rows stay until the snapshot comes"
    );
    assert_eq!(queued(&store).await.len(), 1);
    let wanted = store.wanted_keys(&schema()).await.expect("a count");
    assert_eq!(wanted.get("items"), Some(&8));
    store.db.close();
}

/// Makes three mutations more and has the first and the third of them applied at a time.
async fn apply_three(store: &Store, fence: f64, time: i64) -> Vec<Seq> {
    let state = store.state().await.expect("a state");
    let judged = three_mutations(store).await;
    let seqs = judged.iter().map(|m| m.seq).collect();
    let mut said = Said::verdicts(&state, judged);
    said.time = time;
    assert!(said.commit(store, fence).await);
    seqs
}

/// The server's history is another one, in which so much is judged.
async fn restored(store: &Store, fence: f64, (judged, time): (Seq, i64)) -> Vec<Seq> {
    let state = store.state().await.expect("a state");
    let mut said = Said::patch(&state, state.patch + 1, 0);
    (said.state.judged, said.renewed, said.time) = (judged, true, time);
    let again = said.stored(store, fence).await.expect("the lead");
    let queue = queued(store).await;
    let kept = |m: &&Mutation| queue.contains(*m);
    assert!(
        again.iter().all(|m| kept(&m)),
        "what is given is in the queue"
    );
    again.iter().map(|m| m.seq).collect()
}

#[wasm_bindgen_test]
async fn what_a_restored_server_lacks_is_queued_again_under_its_numbers() {
    let (store, _) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    assert_eq!(apply_three(&store, fence, 1_000).await, [1, 2, 3]);
    assert_eq!(apply_three(&store, fence, 2_000).await, [4, 5, 6]);
    let waiting = enqueue(&store, &insert(9, "waits")).await;
    // The second and the fifth were refused, and are kept as such.
    assert_eq!(restored(&store, fence, (1, 3_000)).await, [3, 4, 6]);
    let left: Vec<Seq> = queued(&store).await.iter().map(|m| m.seq).collect();
    assert_eq!(left, [3, 4, 6, waiting]);
    // It is in the queue now, and not to be offered twice.
    assert!(restored(&store, fence, (0, 3_000)).await.is_empty());
    store.db.close();
}

#[wasm_bindgen_test]
async fn what_was_applied_is_kept_for_a_week() {
    const DAY: i64 = 86_400_000;
    let (store, _) = new_store().await;
    let fence = store.take_fence().await.expect("a fence");
    apply_three(&store, fence, 0).await;
    apply_three(&store, fence, DAY).await;
    apply_three(&store, fence, 8 * DAY - 1).await;
    assert_eq!(restored(&store, fence, (0, 8 * DAY)).await, [4, 6, 7, 9]);
    store.db.close();
}
