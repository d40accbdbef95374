//! What open transactions hold, so that no other takes it.
//!
//! Nobody waits here: what would wait in Postgres for a transaction's end fails at once, as where its
//! `lock_timeout` has passed.

use super::shape::{ForeignShape, Shape};
use haversack_core::replica::{Key, RowChange};
use haversack_core::schema::TableId;
use haversack_core::value::Value;

/// How a row is held; each as Postgres names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// It is referred to.
    KeyShare,
    /// It was changed, but not what others may refer to.
    NoKeyUpdate,
    /// It was deleted or read to be written, or what others may refer to was changed.
    Update,
}

/// Something that is held.
#[derive(Clone, Debug, PartialEq)]
pub enum Lock {
    /// A row.
    Row(TableId, Key, Strength),
    /// Values that no two rows of a table share, by the position of the rule: a row came to have them,
    /// or has them no more.
    Values(TableId, usize, Vec<Value>),
    /// A replica's record.
    Replica(String),
}

impl Lock {
    /// Is it of a row that another refers to?
    pub fn is_reference(&self) -> bool {
        matches!(self, Lock::Row(_, _, Strength::KeyShare))
    }

    /// Does somebody who holds this one keep others from the other?
    pub fn conflicts(&self, other: &Lock) -> bool {
        match (self, other) {
            (Lock::Row(table, key, a), Lock::Row(other_table, other_key, b)) => {
                use Strength::{KeyShare, NoKeyUpdate};
                table == other_table
                    && key == other_key
                    && !matches!(
                        (a, b),
                        (KeyShare, KeyShare | NoKeyUpdate) | (NoKeyUpdate, KeyShare)
                    )
            }
            (a, b) => a == b,
        }
    }
}

/// The values that a row has under a rule; none where nulls make them nobody's.
pub fn values(shape: &Shape, rule: usize, row: &[Value]) -> Option<Vec<Value>> {
    let unique = &shape.uniques[rule];
    let values: Vec<Value> = unique.columns.iter().map(|c| row[*c].clone()).collect();
    let nobodys = !unique.nulls_equal && values.iter().any(Value::is_null);
    (!nobodys).then_some(values)
}

/// What a transaction holds that has changed a row; `own` is one that it had written before: then
/// Postgres asks what it refers to, whether that is another or not.
pub fn of_change(shape: &Shape, change: &RowChange, own: bool) -> Vec<Lock> {
    let (table, mut locks) = (change.table, Vec::new());
    let mut strength = match (&change.old, &change.new) {
        (Some(_), None) => Strength::Update,
        (_, _) => Strength::NoKeyUpdate,
    };
    for rule in 0..shape.uniques.len() {
        let of = |row: &Option<std::sync::Arc<[Value]>>| {
            row.as_ref().and_then(|row| values(shape, rule, row))
        };
        let (old, new) = (of(&change.old), of(&change.new));
        if old != new {
            strength = Strength::Update;
        }
        // Whoever wants the same values waits, also for one who changed something else of the row.
        let new = new.filter(|new| old.as_ref() != Some(new));
        let held = [old, new].into_iter().flatten();
        locks.extend(held.map(|values| Lock::Values(table, rule, values)));
    }
    locks.push(Lock::Row(table, change.key.clone(), strength));
    if let Some(new) = &change.new {
        let old = change.old.as_deref().filter(|_| !own);
        let of = |foreign| of_reference(foreign, old, new);
        locks.extend(shape.foreign.iter().filter_map(of));
    }
    locks
}

/// What a transaction holds that has made a row refer to another; none where it did before.
pub fn of_reference(foreign: &ForeignShape, old: Option<&[Value]>, new: &[Value]) -> Option<Lock> {
    let key =
        |row: &[Value]| -> Vec<Value> { foreign.columns.iter().map(|c| row[*c].clone()).collect() };
    let refers_to = key(new);
    if refers_to.iter().any(Value::is_null) || old.is_some_and(|old| key(old) == refers_to) {
        return None;
    }
    let key = Key::new(refers_to);
    Some(Lock::Row(foreign.parent, key, Strength::KeyShare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_held_as_postgres_holds_them() {
        use Strength::{KeyShare, NoKeyUpdate, Update};
        let row = |key, strength| Lock::Row(TableId(0), Key::new(vec![Value::Int(key)]), strength);
        let allowed = [
            (KeyShare, KeyShare),
            (KeyShare, NoKeyUpdate),
            (NoKeyUpdate, KeyShare),
        ];
        for a in [KeyShare, NoKeyUpdate, Update] {
            for b in [KeyShare, NoKeyUpdate, Update] {
                let conflict = row(1, a).conflicts(&row(1, b));
                assert_eq!(conflict, !allowed.contains(&(a, b)), "{a:?} {b:?}");
                assert!(!row(1, a).conflicts(&row(2, b)));
            }
        }
    }
}
