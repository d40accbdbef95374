//! Blocks of sequence values, each handed out to one replica and recorded as its own.
//!
//! A replica stores the blocks of an answer together with its cursor. So a cursor that does not
//! contain the commit of a block shows that the replica never got that block, and it is offered
//! again: answers that are lost on the way, however many, use up no keys.

use super::cursor::Cursor;
use super::failure::Failure;
use super::store::Store;
use crate::served::Served;
use haversack_core::map::Map;
use haversack_core::planted;
use haversack_core::protocol::{LEASE_KEYS, SyncRequest};
use haversack_core::schema::TableId;
use haversack_core::{Error, ErrorCode};
use std::collections::HashMap;

/// The blocks of one replica, by table.
#[derive(Debug, Default)]
pub struct Leases {
    ranges: HashMap<TableId, Vec<(i64, i64)>>,
}

impl Leases {
    /// Reads which of these keys, by table, a replica of a user may use: those that were leased to it,
    /// and those that may have been leased to the replica that it was before a restore.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn read(
        store: &impl Store,
        (replica, user): (&str, &str),
        keys: &HashMap<TableId, Vec<i64>>,
    ) -> Result<Self, Failure> {
        let mut leases = Self::default();
        if keys.is_empty() {
            return Ok(leases);
        }
        let tables: Vec<TableId> = keys.keys().copied().collect();
        for lease in store.leases(replica, &tables).await? {
            let ranges = leases.ranges.entry(lease.table).or_default();
            ranges.push((lease.low, lease.high));
        }
        for (table, keys) in keys {
            let mut others: Vec<i64> = keys.clone();
            others.retain(|key| !leases.covers(*table, *key));
            if others.is_empty() {
                continue;
            }
            let given = store.given_before(user, *table, &others).await?;
            let ranges = leases.ranges.entry(*table).or_default();
            ranges.extend(given.into_iter().map(|key| (key, key)));
        }
        Ok(leases)
    }

    /// May the replica use this key?
    pub fn covers(&self, table: TableId, key: i64) -> bool {
        if planted::is("any-key-is-leased") {
            return true;
        }
        self.ranges
            .get(&table)
            .is_some_and(|ranges| ranges.iter().any(|(lo, hi)| (*lo..=*hi).contains(&key)))
    }
}

/// Gives keys to a replica that stands at `cursor`: inclusive ranges by table, those that it missed
/// first, then new ones.
///
/// # Errors
/// `unknown_table`, `invalid_query` for a table without a sequence, or what the store answers.
pub async fn draw(
    store: &impl Store,
    served: &Served,
    request: &SyncRequest,
    cursor: Option<&Cursor>,
) -> Result<Map<Vec<(i64, i64)>>, Failure> {
    let replica = &request.replica;
    let snapshot = cursor.map(|c| c.snapshot.as_str());
    // Without a cursor, but with an epoch, it took answers in and then dropped its cursor, as for
    // another schema: which answers is not known.
    let knows_missed = cursor.is_some() || request.epoch.is_none();
    let mut drawn = Map::new();
    for (name, count) in &request.leases {
        let id = served.schema.require_table(name)?;
        if !served.leases(id) {
            return Err(Error::new(
                ErrorCode::InvalidQuery,
                format!("table {name} has no sequence for its key, or takes no inserts"),
            )
            .table(&**name)
            .into());
        }
        let mut count = i64::from((*count).min(LEASE_KEYS));
        if count == 0 {
            continue;
        }
        let mut offered: Vec<(i64, i64)> = Vec::new();
        if knows_missed {
            offered = store.missed_leases(replica, id, snapshot).await?;
            count -= offered.iter().map(|(lo, hi)| hi - lo + 1).sum::<i64>();
        }
        if count <= 0 {
            drawn.insert(name.clone(), offered);
            continue;
        }
        let ranges = ranges(store.draw(id, count).await?);
        store.lease(replica, id, &ranges).await?;
        offered.extend(ranges);
        drawn.insert(name.clone(), offered);
    }
    Ok(drawn)
}

/// Values as inclusive ranges: another session may have drawn some in between.
fn ranges(mut values: Vec<i64>) -> Vec<(i64, i64)> {
    values.sort_unstable();
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for value in values {
        match ranges.last_mut() {
            Some((_, hi)) if *hi + 1 == value => *hi = value,
            _ => ranges.push((value, value)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_become_ranges() {
        assert_eq!(super::ranges(vec![3, 1, 2, 7, 9, 8]), vec![(1, 3), (7, 9)]);
        assert_eq!(super::ranges(vec![10, 20]), vec![(10, 10), (20, 20)]);
    }
}
