//! Mutations on their way: coalescing and size. Pure; the queue itself is in IndexedDB.

pub mod blocked;
pub mod rekey;

use crate::json::ToJson;
use crate::protocol::{Base, KeyText, Mutation, Op, Values};
use crate::schema::{Policy, Schema, Table};

/// The most mutations that wait in the queue of a replica.
pub const QUEUE_MAX: usize = 10_000;

/// What a request needs beside its mutations, in bytes: far more than its other members take.
pub const ENVELOPE_BYTES: u64 = 16 * 1024;

/// One mutation that does what two did, where that is safe.
///
/// `last` must be the queue's last mutation and never have been sent. Both must be of one row, the
/// same; an insert or update absorbs an update, and an update a delete. The result keeps `last`'s
/// number, its bases, which are the values from before both, and what it had seen. What counts each
/// time does not coalesce. An insert keeps its time, from which its defaults are shown.
pub fn coalesce(schema: &Schema, last: &Mutation, next: &Mutation) -> Option<Mutation> {
    let ([first], [second]) = (&last.ops[..], &next.ops[..]) else {
        return None;
    };
    // What hooks foresee of one is not what they would of both.
    if !last.predicted.is_empty() || !next.predicted.is_empty() {
        return None;
    }
    let (op, at) = match (first, second) {
        (
            Op::Insert { table, values },
            Op::Update {
                table: table2,
                key,
                set,
                ..
            },
        ) if table == table2
            && schema
                .table_id(table)
                .is_some_and(|id| is_key(schema.table(id), values, key)) =>
        {
            let mut values = values.clone();
            values.extend(set.clone());
            (
                Op::Insert {
                    table: table.clone(),
                    values,
                },
                last.at,
            )
        }
        (
            Op::Update {
                table,
                key,
                set,
                base,
            },
            Op::Update {
                table: table2,
                key: key2,
                set: set2,
                base: base2,
            },
        ) if table == table2 && key == key2 && !counts_each_time(schema, table, set2) => {
            let (mut set, mut both) = (set.clone(), base2.clone());
            set.extend(set2.clone());
            both.extend(base.clone());
            (
                Op::Update {
                    table: table.clone(),
                    key: key.clone(),
                    set,
                    base: both,
                },
                next.at,
            )
        }
        (
            Op::Update { table, key, .. },
            Op::Delete {
                table: table2,
                key: key2,
                base,
            },
        ) if table == table2 && key == key2 => (
            Op::Delete {
                table: table.clone(),
                key: key.clone(),
                base: base.clone(),
            },
            next.at,
        ),
        (Op::Insert { .. } | Op::Update { .. } | Op::Delete { .. }, _) => return None,
    };
    Some(Mutation {
        seq: last.seq,
        at,
        seen: last.seen,
        predicted: Vec::new(),
        earlier: Vec::new(),
        ops: vec![op],
    })
}

/// Does one of these columns depend on each value that it was given, rather than on the last?
fn counts_each_time(schema: &Schema, table: &str, set: &Values) -> bool {
    let Some(id) = schema.table_id(table) else {
        return false;
    };
    let mut columns = schema.table(id).columns.iter();
    columns.any(|column| {
        set.contains_key(&column.name)
            && match column.policy {
                // What is added is said once for each time; the greatest may be one that was overwritten.
                Policy::Counter | Policy::Max | Policy::Min => true,
                Policy::ServerWins
                | Policy::ClientWins
                | Policy::Merge
                | Policy::Lww
                | Policy::Manual => false,
            }
    })
}

/// Are these values of a row with this key?
fn is_key(table: &Table, values: &Values, key: &[String]) -> bool {
    let columns = &table.primary_key;
    columns.len() == key.len()
        && columns.iter().zip(key).all(|(column, part)| {
            values
                .get(column)
                .is_some_and(|value| value.as_ref() == Some(part))
        })
}

/// More than the size of a mutation of these operations as it travels, in bytes, without writing it.
pub fn size_max(ops: &[Op]) -> u64 {
    // Of a text, every byte may have to be escaped.
    let text = |text: &str| 6 * text.len() as u64 + 8;
    let values = |values: &Values| -> u64 {
        let pairs = values.iter();
        pairs
            .map(|(name, value)| text(name) + value.as_deref().map_or(8, text))
            .sum()
    };
    let key = |key: &KeyText| -> u64 { key.iter().map(|part| text(part)).sum() };
    let op = |op: &Op| -> u64 {
        let own = match op {
            Op::Insert { table, values: v } => text(table) + values(v),
            Op::Update {
                table,
                key: k,
                set,
                base,
            } => {
                let of = |base: &Base| match base {
                    Base::Text(base) => base.as_deref().map_or(8, text),
                    Base::Hash { sha256 } => text(sha256) + 16,
                };
                let bases: u64 = base.iter().map(|(name, base)| text(name) + of(base)).sum();
                text(table) + key(k) + values(set) + bases
            }
            Op::Delete { table, key: k, .. } => text(table) + key(k) + 128,
        };
        own + 128
    };
    512 + ops.iter().map(op).sum::<u64>()
}

/// What a mutation has beside its operations takes at most this, in bytes of JSON.
pub const NUMBERS_BYTES: u64 = 112;

/// The size of a mutation of these operations as it travels, in bytes of JSON, or a little more.
pub fn size(ops: &[Op]) -> u64 {
    let mut text = String::new();
    ops.iter().for_each(|op| op.to_json(&mut text));
    NUMBERS_BYTES + (text.len() + ops.len()) as u64
}

#[cfg(test)]
mod tests;
