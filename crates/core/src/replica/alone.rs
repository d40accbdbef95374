//! A replica that holds every row there is and has no server behind it: for tests of applications.
//!
//! What it accepts is confirmed at once, and the rows that it begins with are another replica's.
//! Never used by a replica that syncs.

use super::{LocalId, Replica, ValueRef};
use crate::schema::TableId;

/// The next key of each table, counted as by a sequence of its own.
#[derive(Clone, Debug, Default)]
pub struct Sequences(Vec<i64>);

impl Sequences {
    /// Counters that begin after the largest key of each table.
    pub fn after(replica: &Replica) -> Self {
        let mut next = Vec::with_capacity(replica.tables.len());
        for (table, rows) in replica.schema.tables.iter().zip(&replica.tables) {
            let mut largest = 0;
            if let Some(column) = table.sequence_key() {
                for slot in rows.live_slots() {
                    if let ValueRef::Int(key) = rows.columns[usize::from(column.0)].get(slot) {
                        largest = largest.max(key);
                    }
                }
            }
            next.push(largest.saturating_add(1));
        }
        Self(next)
    }

    /// The next key of a table, past those that rows were given.
    pub fn draw(&mut self, replica: &Replica, table: TableId) -> Option<i64> {
        let next = self.0.get_mut(usize::from(table.0))?;
        while replica.find_int(table, *next).is_some() {
            *next += 1;
        }
        *next += 1;
        Some(*next - 1)
    }
}

impl Replica {
    /// Says that every row there is stands here: nobody else has any, seen or not.
    pub fn set_alone(&mut self) {
        self.alone = true;
    }

    /// Takes what a pending mutation made visible for confirmed. No other one is pending.
    pub fn confirm_visible(&mut self, local: LocalId) {
        for (table, key) in self.take_out(local) {
            self.overlays[usize::from(table.0)].remove(&key);
        }
    }

    /// Replaces all rows by those of another replica, whose tables have the same columns: its rules
    /// may be others. Nothing is pending here.
    pub fn take_rows(&mut self, other: &Replica) {
        for (to, from) in self.tables.iter_mut().zip(&other.tables) {
            let gone: Vec<u32> = to.live_slots().collect();
            gone.into_iter().for_each(|slot| to.remove(slot));
            for slot in from.live_slots() {
                to.put(&from.row(slot));
            }
        }
    }
}
