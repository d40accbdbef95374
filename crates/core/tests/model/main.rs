//! Compares a replica with a naive model after random histories.
//!
//! Covers: patches and snapshots, writes, numbering in any order, withdrawal, other tabs'
//! mutations, verdicts; after each step the visible rows, the confirmed rows, what is dirty and the
//! answers of random queries. Does not cover: storage, several tables in one transaction, types
//! beyond those of the fixture (see `value`).
//!
//! `HAVERSACK_TEST_BUDGET` is the number of histories (256 by default). A failure prints its
//! shrunk history; `PROPTEST_RNG_SEED` repeats a run.

mod actions;
mod documents;
mod fixture;
mod naive;
mod queries;
mod related;
mod rules;
mod words;

use actions::{Action, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;

/// Runs one case for so many of the budget.
fn runner(cost: u32) -> TestRunner {
    let cases: u32 = std::env::var("HAVERSACK_TEST_BUDGET")
        .ok()
        .and_then(|budget| budget.parse().ok())
        .unwrap_or(256);
    let seed: u64 = std::env::var("PROPTEST_RNG_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(0, |now| now.as_nanos() as u64)
        });
    println!("PROPTEST_RNG_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: u32::max(cases / cost, 1),
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

#[test]
fn a_replica_is_its_confirmed_rows_with_the_pending_mutations_replayed() {
    let histories = proptest::collection::vec(any_action(), 1..60);
    let outcome = runner(1).run(&histories, |history| {
        let mut world = World::new();
        for action in &history {
            world.step(action)?;
        }
        world.settle_everything()?;
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn queries_equal_filter_and_sort() {
    let cases = (
        proptest::collection::vec(fixture::any_row(0..400), 0..400),
        proptest::collection::vec(queries::any_query(), 1..12),
        proptest::collection::vec(any_action(), 0..6),
    );
    let live = RefCell::new((0, 0));
    let outcome = runner(1).run(&cases, |(rows, asked, history)| {
        let mut world = World::new();
        world.step(&Action::Snapshot { rows, judge: 0 })?;
        for (i, query) in asked.iter().enumerate() {
            world.query(query)?;
            if let Some(action) = history.get(i) {
                world.step(action)?;
            }
            // The indexes that earlier queries made have to have been kept in step.
            world.query(&asked[i / 2])?;
        }
        let (spared, concerned) = &mut *live.borrow_mut();
        *spared += world.spared;
        *concerned += world.concerned;
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let (spared, concerned) = live.into_inner();
    println!("live queries: {spared} spared, {concerned} concerned");
    assert!(spared > 0 && concerned > 0);
}

/// Few values of a condition among many rows are answered from an index of both.
#[test]
fn pages_of_many_rows_equal_filter_and_sort() {
    let cases = (
        proptest::collection::vec(fixture::any_row(2000..9000), 3000..4000),
        proptest::collection::vec(queries::any_paged_query(), 12..24),
        proptest::collection::vec(any_action(), 0..6),
    );
    let taken = RefCell::new(Vec::new());
    let outcome = runner(20).run(&cases, |(rows, asked, history)| {
        let mut world = World::new();
        world.step(&Action::Snapshot { rows, judge: 0 })?;
        for (i, query) in asked.iter().enumerate() {
            // Whichever way was taken first, another may be taken once the indexes are there, and the
            // groups of an index are looked for when they are asked for again.
            for _ in 0..4 {
                world.query(query)?;
            }
            if let Some(action) = history.get(i) {
                world.step(action)?;
                world.query(&asked[i / 2])?;
            }
        }
        taken.borrow_mut().append(&mut world.taken);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    use haversack_core::query::Strategy::{Merged, Ordered, Range};
    for strategy in [Ordered, Range, Merged] {
        let times = taken.borrow().iter().filter(|s| **s == strategy).count();
        println!("{strategy:?}: {times} times");
        assert!(times > 0, "no query was answered by {strategy:?}");
    }
}

/// Conditions on related rows, related rows beside others, and what of it a live query is told.
#[test]
fn questions_that_span_tables_equal_a_look_at_all_rows() {
    let seen = RefCell::new([0; 3]);
    let outcome = runner(1).run(&any::<u64>().no_shrink(), |seed| {
        let mut world = related::World::new(related::seeded(seed));
        for _ in 0..12 {
            world.step();
        }
        let mut all = seen.borrow_mut();
        for (all, seen) in all.iter_mut().zip(world.seen) {
            *all += seen;
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let [conditions, beside, spared] = seen.into_inner();
    println!("{conditions} conditions, {beside} times beside, {spared} live queries spared");
    assert!(conditions > 0 && beside > 0 && spared > 0);
}

/// Has worlds take random steps, and adds up what they have seen.
fn seen_by<W, const N: usize>(
    new: fn(TestRng) -> W,
    step: fn(&mut W),
    seen: fn(&W) -> [usize; N],
) -> [usize; N] {
    let all = RefCell::new([0; N]);
    let outcome = runner(8).run(&any::<u64>().no_shrink(), |seed| {
        let mut world = new(related::seeded(seed));
        for _ in 0..24 {
            step(&mut world);
        }
        let mut all = all.borrow_mut();
        for (all, seen) in all.iter_mut().zip(seen(&world)) {
            *all += seen;
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    all.into_inner()
}

/// Full text and similarity, as conditions and as ranks.
#[test]
fn searches_equal_a_reading_of_all_texts() {
    let [found, spared] = seen_by(words::World::new, words::World::step, |world| world.seen);
    println!("{found} times something was found, {spared} live queries spared");
    assert!(found > 0 && spared > 0);
}

#[test]
fn what_is_within_json_is_found_as_by_reading_all_documents() {
    let world = (documents::World::new, documents::World::step);
    let [found, spared, by_index] = seen_by(world.0, world.1, |world| world.seen);
    println!("{found} times something was found, {by_index} by index, {spared} spared");
    assert!(found > 0 && spared > 0 && by_index > 0);
}

#[test]
fn rules_equal_a_scan_of_all_rows() {
    let counts = RefCell::new(std::collections::BTreeMap::<String, u32>::new());
    let outcome = runner(1).run(&rules::any_case(), |(actions, steps)| {
        let mut world = rules::World::new(actions);
        for step in &steps {
            if let Some(verdict) = world.step(step)? {
                let name = verdict
                    .map_or_else(|(state, name)| format!("{state} {name}"), |()| "ok".into());
                *counts.borrow_mut().entry(name).or_default() += 1;
            }
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    // A test of rules that no write breaks would show nothing.
    let counts = counts.into_inner();
    println!("{counts:?}");
    for name in [
        "ok",
        "23514 below",
        "23505 pkey",
        "23505 c_x",
        "23503 key0",
        "23503 key3",
    ] {
        assert!(counts.contains_key(name), "no write came to {name}");
    }
}

fn any_action() -> impl Strategy<Value = Action> {
    actions::any()
}
