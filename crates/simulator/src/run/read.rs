//! What a look at a tab's rows says of who wrote what.

use crate::draft::is_traced;
use crate::record::Entry;
use crate::rows::Rows;
use haversack_core::protocol::KeyText;
use haversack_core::replica::Replica;
use haversack_core::schema::{ColumnId, Schema, TableId};
use std::collections::BTreeSet;

/// The traced values and the rows that are seen.
///
/// Rows with a write of this tab that has no number yet are left out: it has its place among others only
/// once it is durable.
pub fn entry(schema: &Schema, replica: &Replica, seen: &Rows) -> Entry {
    let mut unsettled: BTreeSet<(TableId, KeyText)> = BTreeSet::new();
    for pending in replica.pending().filter(|p| p.seq().is_none()) {
        let text = |(table, key): (TableId, &haversack_core::replica::Key)| {
            (table, key.to_text(schema.table(table)))
        };
        let own = replica.keys_of(pending.local);
        unsettled.extend(own.iter().map(|(table, key)| text((*table, key))));
        unsettled.extend(pending.predicted().map(text));
    }
    let (mut values, mut present) = (Vec::new(), BTreeSet::new());
    for (at, (rows, table)) in seen.0.iter().zip(&schema.tables).enumerate() {
        // The keys of a sequence may be others later.
        if table.sequence_key().is_some() {
            continue;
        }
        let id = TableId(at as u16);
        let traced = table.columns.iter().enumerate();
        let traced: Vec<usize> = traced
            .filter(|(_, column)| is_traced(table, column))
            .map(|(c, _)| c)
            .collect();
        for (key, row) in rows {
            let place = (id, key.clone());
            if !unsettled.contains(&place) {
                for &c in &traced {
                    if let Some(value) = &row[c] {
                        values.push(((id, key.clone(), ColumnId(c as u16)), value.clone()));
                    }
                }
            }
            present.insert(place);
        }
    }
    // A row that a write of its own hides is not missing.
    present.extend(unsettled);
    Entry::Read { values, present }
}
