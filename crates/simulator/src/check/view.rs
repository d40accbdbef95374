//! What a tab shows and what a disk holds: I5, I6, I7, I10, I11.

use crate::history::Device;
use crate::oracle::Snapshot;
use crate::record::{Standing, Stored};
use crate::rows::{Difference, Rows};
use crate::run::disk;
use crate::run::scene::Scene;
use crate::run::tabs::Tab;
use crate::tally::{Broken, Invariant};
use haversack::client::Shared;
use haversack_core::protocol::Mutation;
use haversack_core::replica::{Key, Replica};
use haversack_core::schema::TableId;

/// The numbers of mutations without one, where they are replayed: behind all others.
const WITHOUT_NUMBER: u64 = 1 << 52;

/// The rows that a cursor stands for, for a user, worked out from the commits.
fn rows_at(scene: &Scene, device: Device, standing: &Standing) -> Result<Rows, Broken> {
    let user = scene.user_of(device);
    let oracle = scene.oracle.borrow();
    let snapshot = Snapshot::of_cursor(&standing.cursor);
    let rows = snapshot.and_then(|snapshot| oracle.rows_at(&standing.epoch, &snapshot));
    let rows = rows.ok_or_else(|| {
        let why = format!(
            "device {} stands at {standing:?}, which never was",
            device.0
        );
        Broken::new(Invariant::I6, why)
    })?;
    Ok(rows.visible_to(&scene.schema, &user))
}

/// I7, I6 and I13: what is on a device's disk is what its cursor stands for, no more and no less.
///
/// # Errors
/// I13 where a row is another user's, I6 where one is missing, I7 for any other difference.
pub fn on_disk(scene: &Scene, device: Device) -> Result<(), Broken> {
    let Some(state) = disk::state(scene, device) else {
        return Ok(());
    };
    let (Some(cursor), Some(epoch)) = (state.cursor, state.epoch) else {
        return Ok(());
    };
    let standing = Standing { epoch, cursor };
    let expected = rows_at(scene, device, &standing)?;
    let Some(mut replica) = disk::hydrated(scene, device) else {
        let why = format!("the disk of device {} can't be read", device.0);
        return Err(Broken::new(Invariant::I7, why));
    };
    let seen = Rows::shown(&mut replica);
    for invariant in [Invariant::I6, Invariant::I7, Invariant::I11] {
        scene.asked(invariant, 1);
    }
    if let Some(difference) = expected.difference(&scene.schema, &seen) {
        let at = format!("device {} at {}", device.0, standing.cursor);
        return Err(different(scene, &at, &difference, &scene.user_of(device)));
    }
    match seen.dangling(&scene.schema, |_, _| false) {
        Some(why) => Err(Broken::new(
            Invariant::I11,
            format!("device {}: {why}", device.0),
        )),
        None => Ok(()),
    }
}

fn different(scene: &Scene, at: &str, difference: &Difference, user: &str) -> Broken {
    let owner = scene
        .schema
        .tables
        .iter()
        .find(|t| t.name == difference.table);
    let owner = owner.and_then(crate::rows::owner_column);
    let foreign = difference
        .seen
        .as_ref()
        .is_some_and(|row| owner.is_some_and(|column| row[column].as_deref() != Some(user)));
    let invariant = if foreign {
        Invariant::I13
    } else if difference.seen.is_none() {
        Invariant::I6
    } else {
        Invariant::I7
    };
    Broken::new(invariant, format!("{at}: {difference}"))
}

/// I5, I10 and I11 of what a tab shows: the rows at its cursor and what is pending, put together anew.
///
/// # Errors
/// Whichever does not hold.
pub fn shown(scene: &Scene, tab: &Tab, shared: &Shared) -> Result<Rows, Broken> {
    let seen = Rows::shown(&mut shared.replica.borrow_mut());
    undone(scene, tab, &seen)?;
    let Ok(session) = shared.session() else {
        return Ok(seen);
    };
    let patch = session.patch.get();
    let standing = scene
        .record
        .borrow_mut()
        .disk(tab.device)
        .patches
        .get(&patch)
        .cloned();
    let confirmed = match standing {
        Some(standing) => rows_at(scene, tab.device, &standing)?,
        // It knows of no patch yet, or gave up on one that it could not read.
        None if patch == 0 && seen == Rows::none(&scene.schema) => return Ok(seen),
        None if patch == 0 => Rows::none(&scene.schema),
        None => {
            let why = format!(
                "a tab of device {} shows patch {patch}, which its disk never had",
                tab.device.0
            );
            return Err(Broken::new(Invariant::I5, why));
        }
    };
    scene.asked(Invariant::I5, 1);
    let expected = replayed(scene, &confirmed, &shared.replica.borrow());
    if patch > 0
        && let Some(difference) = expected.difference(&scene.schema, &seen)
    {
        let why = format!("tab {} at patch {patch}: {difference}", tab.seat.0);
        return Err(Broken::new(Invariant::I5, why));
    }
    whole(scene, tab, shared, &seen)?;
    Ok(seen)
}

/// Confirmed rows with a replica's pending mutations on top, in a replica that has seen nothing else.
fn replayed(scene: &Scene, confirmed: &Rows, of: &Replica) -> Rows {
    let mut fresh = Replica::new(scene.schema.clone());
    fresh.set_identity(of.identity().map(str::to_owned));
    let mut staged = fresh.stage();
    staged.set_snapshot(true);
    for (at, rows) in confirmed.0.iter().enumerate() {
        for row in rows.values() {
            let values: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
            let taken = staged.row(TableId(at as u16), &values);
            taken.expect("a committed row is of its table");
        }
    }
    fresh.apply_patch(staged);
    for at in 0..confirmed.0.len() as u16 {
        fresh.set_complete(TableId(at), of.is_complete(TableId(at)));
    }
    for (at, pending) in of.pending().enumerate() {
        let seq = pending.seq().unwrap_or(WITHOUT_NUMBER + at as u64);
        let mutation = Mutation {
            seq,
            ..pending.mutation.clone()
        };
        let adopted = fresh.adopt(mutation);
        adopted.expect("a pending mutation is of this schema");
    }
    Rows::shown(&mut fresh)
}

/// I10: nothing shows that was undone because it could not be stored.
fn undone(scene: &Scene, tab: &Tab, seen: &Rows) -> Result<(), Broken> {
    let record = scene.record.borrow();
    let mut values = seen
        .0
        .iter()
        .flat_map(|rows| rows.values())
        .flat_map(|row| row.iter());
    let failed = values.find_map(|value| {
        let value = value.as_ref()?;
        let write = record.write(*record.values.get(value)?);
        (write.stored == Stored::Failed).then_some(value)
    });
    match failed {
        None => Ok(()),
        Some(value) => {
            let why = format!("tab {} shows {value}, whose write has failed", tab.seat.0);
            Err(Broken::new(Invariant::I10, why))
        }
    }
}

/// I11 of what shows: a reference dangles only where a pending write made it, or took away what it refers to,
/// before the server could judge.
fn whole(scene: &Scene, tab: &Tab, shared: &Shared, seen: &Rows) -> Result<(), Broken> {
    let replica = shared.replica.borrow();
    let tables = (0..scene.schema.tables.len() as u16).map(TableId);
    if tables.into_iter().any(|table| !replica.is_complete(table)) {
        return Ok(());
    }
    scene.asked(Invariant::I11, 1);
    let dangling = seen.dangling(&scene.schema, |table, key| {
        Key::from_text(scene.schema.table(table), key)
            .is_ok_and(|key| replica.is_pending(table, &key))
    });
    match dangling {
        None => Ok(()),
        Some(why) => Err(Broken::new(
            Invariant::I11,
            format!("tab {}: {why}", tab.seat.0),
        )),
    }
}
