//! Mutations on their way: coalescing and size. Pure; the queue itself is in IndexedDB.

use crate::protocol::{KeyText, Mutation, Op, Values};
use crate::schema::Schema;
use std::io;

/// What a request needs beside its mutations, in bytes: far more than its other members take.
pub const ENVELOPE_BYTES: u64 = 16 * 1024;

/// One mutation that does what two did, where that is safe.
///
/// `last` must be the queue's last mutation and never have been sent. Both must be of one row, the
/// same; an insert or update absorbs an update, and an update a delete. The result keeps `last`'s
/// number, its bases, which are the confirmed values from before both, and what it had seen. An
/// insert keeps its time, from which its defaults are shown.
pub fn coalesce(schema: &Schema, last: &Mutation, next: &Mutation) -> Option<Mutation> {
    let ([first], [second]) = (&last.ops[..], &next.ops[..]) else {
        return None;
    };
    let (op, at) = match (first, second) {
        (
            Op::Insert { table, values },
            Op::Update {
                table: table2,
                key,
                set,
                ..
            },
        ) if table == table2 && is_key(schema, table, values, key) => {
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
        ) if table == table2 && key == key2 => {
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
        ops: vec![op],
    })
}

/// Are these values of a row with this key?
fn is_key(schema: &Schema, table: &str, values: &Values, key: &KeyText) -> bool {
    let Some(id) = schema.table_id(table) else {
        return false;
    };
    let columns = &schema.table(id).primary_key;
    columns.len() == key.len()
        && columns.iter().zip(key).all(|(column, part)| {
            values
                .get(column)
                .is_some_and(|value| value.as_ref() == Some(part))
        })
}

/// The size of a mutation as it travels, in bytes of JSON.
pub fn size(mutation: &Mutation) -> u64 {
    struct Count(u64);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting can't fail, and every member of a mutation has a JSON form.
    let _ = serde_json::to_writer(&mut count, mutation);
    count.0
}

#[cfg(test)]
mod tests;
