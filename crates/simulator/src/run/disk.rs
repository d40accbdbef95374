//! What a device's disk says, read from outside.

use super::scene::Scene;
use crate::history::Device;
use crate::record::Standing;
use haversack::store::layout::{self, CONFLICTS, JOURNAL, META, QUEUE, REJECTED, STATE_KEY, State};
use haversack::store::queue::{LostValue, Rejected};
use haversack_core::json::{FromJson, Json, read_text};
use haversack_core::protocol::Seq;
use haversack_core::replica::Replica;
use haversack_core::schema::TableId;
use haversack_simulated_browser::value::{List, stringify, stringify_list};
use haversack_simulated_browser::{DeviceId, Value, idb};
use std::rc::{Rc, Weak};

/// Keeps track of where each device's patches stand, and which replica it is.
pub fn watch(scene: &Rc<Scene>) {
    let weak: Weak<Scene> = Rc::downgrade(scene);
    let names: Vec<(DeviceId, Device, String)> = (0..scene.cast.devices.len() as u8)
        .map(Device)
        .map(|device| (scene.device(device), device, scene.database_of(device)))
        .collect();
    scene.world.watch_storage(Rc::new(move |id, name, stores| {
        let Some(scene) = weak.upgrade() else { return };
        let known = names.iter().find(|(own, _, db)| *own == id && db == name);
        if let Some((_, device, _)) = known
            && stores.iter().any(|store| store == META)
        {
            note_state(&scene, *device);
        }
    }));
}

/// Notes where a device stands now; its patches beyond that are gone with a power cut.
pub fn note_state(scene: &Scene, device: Device) {
    let Some(state) = state(scene, device) else {
        return;
    };
    let mut record = scene.record.borrow_mut();
    let disk = record.disk(device);
    disk.replicas.insert(state.replica);
    disk.patches.retain(|patch, _| *patch <= state.patch);
    if let (Some(cursor), Some(epoch)) = (state.cursor, state.epoch) {
        disk.patches.insert(state.patch, Standing { epoch, cursor });
    }
}

/// A device's state record.
pub fn state(scene: &Scene, device: Device) -> Option<State> {
    let (id, name) = (scene.device(device), scene.database_of(device));
    parsed(&idb::record(id, &name, META, &STATE_KEY.into())?)
}

fn parsed<T: for<'a> FromJson<'a>>(value: &Value) -> Option<T> {
    read_text(&stringify(value)?).ok()
}

fn records(scene: &Scene, device: Device, store: &str) -> Vec<(Value, Value)> {
    idb::records(scene.device(device), &scene.database_of(device), store)
}

/// The numbers of the queued mutations.
pub fn queued(scene: &Scene, device: Device) -> Vec<Seq> {
    numbers(&records(scene, device, QUEUE))
}

/// The rejected mutations.
pub fn rejected(scene: &Scene, device: Device) -> Vec<Rejected> {
    let records = records(scene, device, REJECTED);
    records
        .iter()
        .filter_map(|(_, value)| parsed(value))
        .collect()
}

/// The lost values.
pub fn lost(scene: &Scene, device: Device) -> Vec<LostValue> {
    let records = records(scene, device, CONFLICTS);
    records
        .iter()
        .filter_map(|(_, value)| parsed(value))
        .collect()
}

fn numbers(records: &[(Value, Value)]) -> Vec<Seq> {
    let numbers = records.iter().filter_map(|(key, _)| key.as_f64());
    numbers.map(|number| number as Seq).collect()
}

/// The confirmed rows as a tab would find them: the row stores, with the journal's patches on top.
pub fn hydrated(scene: &Scene, device: Device) -> Option<Replica> {
    let mut replica = Replica::new(scene.schema.clone());
    let mut staged = replica.stage();
    staged.set_snapshot(true);
    for (at, table) in scene.schema.tables.iter().enumerate() {
        let rows = records(scene, device, &layout::store_name(&table.name));
        let rows = List(rows.into_iter().map(|(_, row)| row).collect());
        let text = stringify_list(&rows)?;
        if let Json::List(rows) = Json::parse(&text).ok()? {
            for row in &rows {
                staged.object(TableId(at as u16), row, false).ok()?;
            }
        }
    }
    replica.apply_patch(staged);
    let mut patch = None;
    for (key, line) in records(scene, device, JOURNAL) {
        let number = haversack_simulated_browser::value::parts(&key)
            .get(0)
            .as_f64();
        let (last, mut staged) = patch.take().unwrap_or_else(|| (number, replica.stage()));
        if last != number {
            replica.apply_patch(staged);
            staged = replica.stage();
        }
        staged.line(&line.as_string()?).ok()?;
        patch = Some((number, staged));
    }
    if let Some((_, staged)) = patch {
        replica.apply_patch(staged);
    }
    Some(replica)
}
