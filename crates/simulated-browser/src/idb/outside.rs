//! What comes from outside of all transactions: tabs that end, power cuts, and who looks at the disk.

use super::data::{Connection, Database as Data};
use super::exception;
use super::key::Key;
use super::transaction::abort;
use crate::device::DeviceId;
use crate::value::Value;
use crate::world::{TabId, World};
use std::cell::RefCell;
use std::rc::Rc;

fn databases(world: &World, device: DeviceId) -> Vec<Rc<RefCell<Data>>> {
    let inner = world.inner();
    inner.devices[device.0]
        .databases
        .values()
        .cloned()
        .collect()
}

pub(crate) fn tab_is_gone(world: &World, tab: TabId) {
    for data in databases(world, world.device_of(tab)) {
        let (gone, kept): (Vec<Connection>, _) = std::mem::take(&mut data.borrow_mut().connections)
            .into_iter()
            .partition(|c| c.tab == tab);
        data.borrow_mut().connections = kept;
        drop(gone);
        let open = data.borrow().transactions.clone();
        for tx in open.into_iter().filter(|tx| tx.borrow().tab == tab) {
            abort(
                world,
                &data,
                &tx,
                exception("AbortError", "the tab is gone"),
            );
        }
    }
}

pub(crate) fn power_is_gone(world: &World, device: DeviceId) {
    for data in databases(world, device) {
        // Those that were committing did not.
        let open = std::mem::take(&mut data.borrow_mut().transactions);
        for tx in open {
            tx.borrow_mut().outcome = Some(Err(exception("AbortError", "the power is gone")));
        }
        let states = data.borrow().on_disk.len() as u64;
        if states == 0 {
            continue;
        }
        let kept = world.between(0, states - 1) as usize;
        let mut data = data.borrow_mut();
        data.on_disk.truncate(kept + 1);
        data.stores = data.on_disk[kept].clone();
    }
}

/// A record as it is committed, for who looks from outside.
pub fn record(device: DeviceId, database: &str, store: &str, key: &Value) -> Option<Value> {
    let key = Key::of(key).ok()?;
    World::with(|world| {
        let data = world.inner().devices[device.0]
            .databases
            .get(database)?
            .clone();
        data.borrow()
            .settled_store(store)?
            .records
            .get(&key)
            .cloned()
    })
}

/// All records of a store as they are committed, for who looks from outside.
pub fn records(device: DeviceId, database: &str, store: &str) -> Vec<(Value, Value)> {
    World::with(|world| {
        let data = world.inner().devices[device.0]
            .databases
            .get(database)
            .cloned();
        let records = data.and_then(|data| data.borrow().settled_store(store));
        let all = records.iter().flat_map(|records| &records.records);
        all.map(|(key, value)| (key.to_value(), value.clone()))
            .collect()
    })
}

/// The names of a device's databases.
pub fn names(device: DeviceId) -> Vec<String> {
    World::with(|world| {
        world.inner().devices[device.0]
            .databases
            .keys()
            .cloned()
            .collect()
    })
}
