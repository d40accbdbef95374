//! Temporary keys of queued mutations, and the keys of the sequence that take their place.
//!
//! Invariant: a value is replaced only where the schema says that it is a key of the table for which
//! it was made: in that key, or in a column that refers to it, directly, by way of other keys, or
//! with the table named by another column. So
//! a mutation that holds no temporary key stays as it is, and doing it twice changes nothing more.
//! Makes no keys, temporary or real, and keeps none: the caller has the mapping.

use crate::map::Map;
use crate::planted;
use crate::protocol::{Base, Mutation, Op, Text};
use crate::schema::{ColumnId, Schema, Table, TableId, Type};
use crate::sort::sort_unique;

/// The first temporary key of an `int4` column: the number after the least, which nobody uses.
pub const TEMPORARY_INT4: i64 = -0x7fff_ffff;
/// The first temporary key of an `int8` column.
pub const TEMPORARY_INT8: i64 = -0x7fff_ffff_ffff_ffff;
/// How many temporary keys there are of either type: a quarter of the numbers of `int4`.
pub const TEMPORARY_KEYS: i64 = 0x3fff_ffff;

/// The temporary key with this number. None for a type that has no room for them, as `int2`, and
/// for a number that is not below [`TEMPORARY_KEYS`].
pub fn temporary(kind: &Type, number: i64) -> Option<i64> {
    (0..TEMPORARY_KEYS)
        .contains(&number)
        .then(|| first(kind).map(|first| first + number))?
}

/// Is this a temporary key of a column of this type?
pub fn is_temporary(kind: &Type, key: i64) -> bool {
    first(kind).is_some_and(|first| (first..first + TEMPORARY_KEYS).contains(&key))
}

/// Which number a temporary key was made of; None for any other key.
pub fn number(kind: &Type, key: i64) -> Option<i64> {
    is_temporary(kind, key).then(|| first(kind).map(|first| key - first))?
}

fn first(kind: &Type) -> Option<i64> {
    // Only these of the types of a sequence have a range to spare.
    if *kind == Type::Int4 {
        Some(TEMPORARY_INT4)
    } else if *kind == Type::Int8 {
        Some(TEMPORARY_INT8)
    } else {
        None
    }
}

/// Whose keys each column may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holders {
    /// By table and column: the tables whose sequence's key the column is, or refers to.
    columns: Vec<Vec<Vec<TableId>>>,
}

impl Holders {
    /// Follows the schema's foreign keys, until no column learns of another table.
    pub fn new(schema: &Schema) -> Self {
        let mut columns: Vec<Vec<Vec<TableId>>> = Vec::with_capacity(schema.tables.len());
        for (at, table) in schema.tables.iter().enumerate() {
            let mut own = vec![Vec::new(); table.columns.len()];
            if let Some(key) = table.sequence_key() {
                own[usize::from(key.0)].push(TableId(at as u16));
            }
            columns.push(own);
        }
        let references = references(schema);
        // Each round adds a table to a column at least, and there are as many as there are.
        let mut grew = true;
        while grew {
            grew = false;
            for &(from, to) in &references {
                for id in columns[to.0][to.1].clone() {
                    let known = &mut columns[from.0][from.1];
                    if !known.contains(&id) {
                        known.push(id);
                        grew = true;
                    }
                }
            }
        }
        Self { columns }
    }

    /// The tables whose sequence's key this column holds, itself or by reference.
    pub fn of(&self, table: TableId, column: ColumnId) -> &[TableId] {
        &self.columns[usize::from(table.0)][usize::from(column.0)]
    }
}

type Place = (usize, usize);

/// Every column that refers to another, as places of both.
fn references(schema: &Schema) -> Vec<(Place, Place)> {
    let mut references = Vec::new();
    for (at, table) in schema.tables.iter().enumerate() {
        for key in &table.foreign_keys {
            // A table that does not sync has no temporary keys.
            let Some(to) = schema.table_id(&key.references) else {
                continue;
            };
            let referenced = schema.table(to);
            for (from, name) in key.columns.iter().zip(&key.referenced_columns) {
                if let (Some(from), Some(column)) =
                    (table.column_id(from), referenced.column_id(name))
                {
                    let from = (at, usize::from(from.0));
                    references.push((from, (usize::from(to.0), usize::from(column.0))));
                }
            }
        }
        for reference in &table.polymorphic {
            let Some(from) = table.column_id(&reference.column) else {
                continue;
            };
            // Of which table it is need not be asked: no two tables have the same temporary key.
            for to in reference
                .tables
                .values()
                .filter_map(|to| schema.table_id(to))
            {
                for key in schema.table(to).key_columns() {
                    let from = (at, usize::from(from.0));
                    references.push((from, (usize::from(to.0), usize::from(key.0))));
                }
            }
        }
    }
    references
}

/// The keys that take the place of temporary ones, both as text, by the name of their table.
pub type Assigned = Map<Map<String>>;

/// Puts assigned keys in the place of temporary ones. True if anything changed.
///
/// A temporary key that has none yet stays.
pub fn rekey(
    schema: &Schema,
    holders: &Holders,
    given: &Assigned,
    mutation: &mut Mutation,
) -> bool {
    let mut changed = false;
    for op in &mut mutation.ops {
        changed |= rekey_op(schema, holders, given, op);
    }
    for predicted in &mut mutation.predicted {
        changed |= rekey_op(schema, holders, given, &mut predicted.op);
    }
    changed
}

/// The keys of a sequence that a mutation gives to new rows, temporary ones among them.
pub fn drawn<'m>(
    schema: &Schema,
    mutation: &'m Mutation,
) -> impl Iterator<Item = (TableId, &'m str)> {
    mutation.ops.iter().filter_map(|op| {
        let Op::Insert { table, values } = op else {
            return None;
        };
        let id = schema.table_id(table)?;
        let definition = schema.table(id);
        let column = definition.column(definition.sequence_key()?);
        let key = values.get(&column.name)?.as_ref()?;
        Some((id, key.as_str()))
    })
}

/// The number of a temporary key of a table, as text; None for any other key.
pub fn number_of(schema: &Schema, table: TableId, key: &str) -> Option<i64> {
    let definition = schema.table(table);
    let kind = &definition.column(definition.sequence_key()?).kind;
    number(kind, key.parse().ok()?)
}

/// Leaves of the keys that took the place of temporary ones so many: those of the lowest numbers,
/// which were given out first, go.
pub fn forget_oldest(schema: &Schema, assigned: &mut Assigned, max: usize) {
    let number = |table: &str, key: &str| number_of(schema, schema.table_id(table)?, key);
    let mut numbers: Vec<i64> = Vec::new();
    for (table, keys) in &*assigned {
        numbers.extend(keys.keys().filter_map(|key| number(table, key)));
    }
    if numbers.len() <= max {
        return;
    }
    sort_unique(&mut numbers, &i64::cmp);
    let oldest = numbers[numbers.len().saturating_sub(max)];
    assigned.retain(|table, keys| {
        keys.retain(|key, _| number(table, key).is_some_and(|number| number >= oldest));
        !keys.is_empty()
    });
}

/// May a mutation hold a temporary key? Certain where it says no; quick, for it looks at no schema.
pub fn may_hold(mutation: &Mutation) -> bool {
    let temporary = |text: &str| {
        text.starts_with('-')
            && text
                .parse()
                .is_ok_and(|key| is_temporary(&Type::Int4, key) || is_temporary(&Type::Int8, key))
    };
    let any = |values: &Map<Text>| values.values().flatten().any(|text| temporary(text));
    let predicted = mutation.predicted.iter().map(|predicted| &predicted.op);
    mutation.ops.iter().chain(predicted).any(|op| match op {
        Op::Insert { values, .. } => any(values),
        Op::Update { key, set, .. } => key.iter().any(|part| temporary(part)) || any(set),
        Op::Delete { key, .. } => key.iter().any(|part| temporary(part)),
    })
}

/// As [`rekey`], for one operation.
pub fn rekey_op(schema: &Schema, holders: &Holders, given: &Assigned, op: &mut Op) -> bool {
    let (Op::Insert { table, .. } | Op::Update { table, .. } | Op::Delete { table, .. }) = &*op;
    // What a later schema no longer has is refused by the endpoint, as it is.
    let Some(id) = schema.table_id(table) else {
        return false;
    };
    let place = Columns {
        schema,
        holders,
        given,
        id,
        table: schema.table(id),
    };
    match op {
        Op::Insert { values, .. } => place.values(values),
        Op::Update { key, .. } if planted::is("rekey-keys-only") => place.key(key),
        Op::Update { key, set, base, .. } => {
            let moved = place.key(key) | place.values(set);
            place.bases(base) | moved
        }
        // The hash is of a confirmed row, which has no temporary key.
        Op::Delete { key, .. } => place.key(key),
    }
}

/// The columns of one table, and what may stand in them.
struct Columns<'a> {
    schema: &'a Schema,
    holders: &'a Holders,
    given: &'a Assigned,
    id: TableId,
    table: &'a Table,
}

impl Columns<'_> {
    fn replace(&self, column: &str, text: &mut String) -> bool {
        let Some(column) = self.table.column_id(column) else {
            return false;
        };
        let owners = self.holders.of(self.id, column).iter();
        let real = owners.copied().find_map(|owner| {
            let keys = self.given.get(&self.schema.table(owner).name)?;
            keys.get(text)
        });
        if let Some(real) = real {
            text.clone_from(real);
        }
        real.is_some()
    }

    fn key(&self, key: &mut [String]) -> bool {
        let mut changed = false;
        for (column, text) in self.table.primary_key.iter().zip(key) {
            changed |= self.replace(column, text);
        }
        changed
    }

    fn values(&self, values: &mut Map<Text>) -> bool {
        let mut changed = false;
        values.retain(|column, text| {
            if let Some(text) = text {
                changed |= self.replace(column, text);
            }
            true
        });
        changed
    }

    fn bases(&self, bases: &mut Map<Base>) -> bool {
        let mut changed = false;
        bases.retain(|column, base| {
            match base {
                Base::Text(Some(text)) => changed |= self.replace(column, text),
                // No key of a sequence is long enough to travel as a hash.
                Base::Text(None) | Base::Hash { .. } => {}
            }
            true
        });
        changed
    }
}

#[cfg(test)]
mod tests;
