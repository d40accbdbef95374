use super::*;
use crate::{DeviceId, StorageFault, TabId, Value};
use std::cell::Cell;

fn stores() -> Vec<(String, bool)> {
    vec![("rows".to_owned(), false), ("queue".to_owned(), true)]
}

/// Runs a future in a tab for a while; gives what it came to, if to anything.
fn run<T: 'static>(
    world: &World,
    tab: TabId,
    future: impl Future<Output = T> + 'static,
) -> Option<T> {
    let result = Rc::new(RefCell::new(None));
    let to = result.clone();
    world.run_in(tab, || {
        crate::spawn(async move {
            to.replace(Some(future.await));
        });
    });
    world.run_for_us(1_000_000);
    result.take()
}

async fn put(
    database: Database,
    key: f64,
    value: &'static str,
    mode: Mode,
) -> Result<(), Exception> {
    let tx = Tx::begin(&database, &["rows"], mode)?;
    tx.store("rows")?.put(&value.into(), &key.into())?;
    tx.done().await
}

async fn all(database: Database) -> Vec<Option<String>> {
    let tx = Tx::begin(&database, &["rows"], Mode::Read).expect("a transaction");
    let store = tx.store("rows").expect("a store");
    let all = store
        .get_all(&Value::UNDEFINED, u32::MAX)
        .await
        .expect("records");
    all.iter().map(|v| v.as_string()).collect()
}

fn opened(world: &World, tab: TabId) -> Database {
    let stores = stores();
    let database = run(world, tab, async move { open("db", &stores, None).await });
    database.expect("in time").expect("a database")
}

#[test]
fn what_is_put_is_read_and_an_unfinished_transaction_leaves_nothing() {
    let world = World::begin(1);
    let device = world.add_device();
    let tab = world.add_tab(device);
    let database = opened(&world, tab);
    let stored = run(&world, tab, put(database.clone(), 1.0, "one", Mode::Strict));
    assert_eq!(stored, Some(Ok(())));
    let dropped = database.clone();
    run(&world, tab, async move {
        let tx = Tx::begin(&dropped, &["rows"], Mode::Strict).expect("a transaction");
        let store = tx.store("rows").expect("a store");
        store.put(&"two".into(), &2.0.into()).expect("put");
        let seen = store.get(&2.0.into()).await.expect("its own");
        assert_eq!(seen.as_string().as_deref(), Some("two"));
    });
    assert_eq!(
        run(&world, tab, all(database)),
        Some(vec![Some("one".to_owned())])
    );
    world.end();
}

#[test]
fn a_transaction_takes_nothing_after_a_wait_for_something_else() {
    let world = World::begin(2);
    let tab = world.add_tab(world.add_device());
    let database = opened(&world, tab);
    let refused = run(&world, tab, async move {
        let tx = Tx::begin(&database, &["rows"], Mode::Strict).expect("a transaction");
        let store = tx.store("rows").expect("a store");
        store.put(&"one".into(), &1.0.into()).expect("put");
        sleep(5).await;
        store.put(&"two".into(), &2.0.into())
    });
    assert_eq!(
        refused.expect("in time").expect_err("too late").name,
        "TransactionInactiveError"
    );
    world.end();
}

#[test]
fn writers_of_one_store_take_turns_and_numbers_are_given_once() {
    for seed in 0..20 {
        let world = World::begin(seed);
        let device = world.add_device();
        let tabs = [world.add_tab(device), world.add_tab(device)];
        let numbers: Rc<RefCell<Vec<u64>>> = Rc::default();
        for tab in tabs {
            let database = opened(&world, tab);
            for _ in 0..5 {
                let (database, numbers) = (database.clone(), numbers.clone());
                world.run_in(tab, || {
                    crate::spawn(async move {
                        let tx = Tx::begin(&database, &["queue"], Mode::Strict).expect("tx");
                        let added = tx
                            .store("queue")
                            .expect("store")
                            .add(&"x".into())
                            .expect("add");
                        tx.done().await.expect("stored");
                        numbers
                            .borrow_mut()
                            .push(added.result().as_f64().expect("a number") as u64);
                    });
                });
            }
        }
        world.run_for_us(1_000_000);
        let mut given = numbers.borrow().clone();
        given.sort_unstable();
        assert_eq!(given, (1..=10).collect::<Vec<u64>>(), "seed {seed}");
        world.end();
    }
}

#[test]
fn a_power_cut_keeps_all_that_was_strict_and_a_beginning_of_the_rest() {
    let (lost, kept) = (Cell::new(0), Cell::new(0));
    for seed in 0..60 {
        let world = World::begin(seed);
        let device = world.add_device();
        let tab = world.add_tab(device);
        let database = opened(&world, tab);
        run(
            &world,
            tab,
            put(database.clone(), 1.0, "strict", Mode::Strict),
        );
        run(
            &world,
            tab,
            put(database.clone(), 2.0, "first", Mode::Relaxed),
        );
        run(&world, tab, put(database, 3.0, "second", Mode::Relaxed));
        world.cut_power(device);
        let tab = world.add_tab(device);
        let rows = run(&world, tab, all(opened(&world, tab))).expect("rows");
        let rows: Vec<&str> = rows.iter().flatten().map(String::as_str).collect();
        assert_eq!(
            rows,
            ["strict", "first", "second"][..rows.len()],
            "seed {seed}"
        );
        assert!(!rows.is_empty(), "seed {seed}");
        if rows.len() < 3 { &lost } else { &kept }.update(|n| n + 1);
        world.end();
    }
    assert!(lost.get() > 0 && kept.get() > 0, "both happen");
}

#[test]
fn a_tab_that_is_killed_leaves_whole_transactions_only() {
    let (mut none, mut both) = (0, 0);
    for seed in 0..200 {
        let world = World::begin(seed);
        let device = world.add_device();
        let tab = world.add_tab(device);
        let database = opened(&world, tab);
        world.run_in(tab, || {
            crate::spawn(async move {
                let tx = Tx::begin(&database, &["rows"], Mode::Strict).expect("tx");
                let store = tx.store("rows").expect("store");
                store.put(&"one".into(), &1.0.into()).expect("put");
                let _ = store.get(&1.0.into()).await;
                let _ = store.put(&"two".into(), &2.0.into());
                let _ = tx.done().await;
            });
        });
        world.run_for_us(world.between(0, 12_000));
        world.kill_tab(tab);
        let tab = world.add_tab(device);
        match run(&world, tab, all(opened(&world, tab)))
            .expect("rows")
            .len()
        {
            0 => none += 1,
            2 => both += 1,
            rows => panic!("seed {seed}: {rows} of two rows"),
        }
        world.end();
    }
    assert!(none > 0 && both > 0, "both happen");
}

#[test]
fn the_same_seed_makes_the_same_world() {
    let run_once = |seed| {
        let world = World::begin(seed);
        let tab = world.add_tab(world.add_device());
        let database = opened(&world, tab);
        run(&world, tab, put(database, 1.0, "one", Mode::Strict));
        world.note(&world.unit().to_string());
        let trace = world.trace();
        world.end();
        trace
    };
    assert_eq!(run_once(7), run_once(7));
    assert_ne!(run_once(7), run_once(8));
}

#[test]
fn who_looks_from_outside_sees_what_is_committed_and_when() {
    let world = World::begin(11);
    let device = world.add_device();
    let tab = world.add_tab(device);
    let database = opened(&world, tab);
    let told: Rc<RefCell<Vec<Option<Value>>>> = Rc::default();
    let to = told.clone();
    world.watch_storage(Rc::new(move |device, name, stores| {
        assert_eq!((name, stores), ("db", &["rows".to_owned()][..]));
        to.borrow_mut()
            .push(record(device, "db", "rows", &1.0.into()));
    }));
    run(&world, tab, put(database.clone(), 1.0, "one", Mode::Strict));
    world.set_storage_fault(device, Some(StorageFault::Full));
    run(&world, tab, put(database.clone(), 1.0, "two", Mode::Strict));
    world.set_storage_fault(device, None);
    let open = database.clone();
    let seen = run(&world, tab, async move {
        let tx = Tx::begin(&open, &["rows"], Mode::Relaxed).expect("a transaction");
        let store = tx.store("rows").expect("a store");
        store.put(&"three".into(), &1.0.into()).expect("put");
        store.get(&1.0.into()).await.expect("its own");
        let within = record(DeviceId(0), "db", "rows", &1.0.into());
        tx.done().await.expect("stored");
        within
    });
    assert_eq!(seen, Some(Some("one".into())), "not yet committed");
    let told = told.borrow().clone();
    assert_eq!(told, [Some("one".into()), Some("three".into())]);
    assert_eq!(
        records(device, "db", "rows"),
        [(1.0.into(), "three".into())]
    );
    assert_eq!(names(device), ["db"]);
    world.end();
}
