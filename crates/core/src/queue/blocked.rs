//! Which refused mutations are refused because of another.
//!
//! Invariant: one is blocked by another only where it can't succeed without it: it changes a row that
//! the other would have made, or refers to it. What merely comes after it, or changes the same row of
//! somebody else's making, stands for itself.

use super::is_key;
use crate::planted;
use crate::protocol::{Op, Values};
use crate::schema::{Schema, Table};

/// Can these operations not be applied as long as those of `blocker` are not?
pub fn is_blocked_by(schema: &Schema, ops: &[Op], blocker: &[Op]) -> bool {
    if planted::is("forget-blocked-by") {
        return false;
    }
    blocker.iter().any(|made| match made {
        Op::Insert { table, values } => ops.iter().any(|op| needs(schema, op, table, values)),
        Op::Update { .. } | Op::Delete { .. } => false,
    })
}

/// Does an operation need the row of this table that has these values?
fn needs(schema: &Schema, op: &Op, made: &str, row: &Values) -> bool {
    let Some(of) = schema.table_id(made).map(|id| schema.table(id)) else {
        return false;
    };
    match op {
        Op::Insert { table, values } => refers(schema, table, values, of, row),
        Op::Update {
            table, key, set, ..
        } => (table == made && is_key(of, row, key)) || refers(schema, table, set, of, row),
        Op::Delete { table, key, .. } => table == made && is_key(of, row, key),
    }
}

/// Do these values of a row of `table` refer to a row of another, by a foreign key or as declared?
fn refers(schema: &Schema, table: &str, values: &Values, of: &Table, row: &Values) -> bool {
    let Some(from) = schema.table_id(table).map(|id| schema.table(id)) else {
        return false;
    };
    let mut keys = from.foreign_keys.iter();
    let by_key = keys.any(|key| {
        let columns = key.columns.iter().zip(&key.referenced_columns);
        // A column that is left out, such as the user's, is the same on both sides.
        let known: Vec<_> = columns
            .filter_map(|(own, theirs)| Some((value(values, own)?, value(row, theirs)?)))
            .collect();
        key.references == of.name && !known.is_empty() && known.iter().all(|(a, b)| a == b)
    });
    let mut declared = from.polymorphic.iter();
    by_key
        || declared.any(|reference| {
            let word = value(values, &reference.by);
            let names = word.and_then(|word| reference.tables.get(word));
            names.is_some_and(|name| *name == of.name)
                && value(values, &reference.column)
                    .is_some_and(|key| is_key(of, row, std::slice::from_ref(key)))
        })
}

fn value<'v>(values: &'v Values, column: &str) -> Option<&'v String> {
    values.get(column)?.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::Map;
    use crate::schema::{ForeignKey, Polymorphic, Type, fixture};

    /// Events of a type, by the user and the type; tags on anything.
    fn schema() -> Schema {
        let mut schema = fixture::schema("types", vec![fixture::column("id", Type::Int4)]);
        let table = |name: &str, columns: &[&str], key: &[&str]| Table {
            name: name.into(),
            columns: columns
                .iter()
                .map(|column| fixture::column(column, Type::Int4))
                .collect(),
            primary_key: key.iter().map(|k| (*k).to_owned()).collect(),
            ..Table::default()
        };
        let mut events = table("events", &["id", "user_id", "type_id"], &["id"]);
        events.foreign_keys.push(ForeignKey {
            name: "events_type".into(),
            columns: vec!["user_id".into(), "type_id".into()],
            references: "types".into(),
            referenced_columns: vec!["user_id".into(), "id".into()],
            ..ForeignKey::default()
        });
        let mut tags = table("tags", &["what", "of", "tag"], &["what", "of", "tag"]);
        tags.polymorphic.push(Polymorphic {
            column: "of".into(),
            by: "what".into(),
            tables: Map::from([("type", "types".to_owned())]),
        });
        schema.tables.extend([events, tags]);
        schema.tables.sort_by(|a, b| a.name.cmp(&b.name));
        schema
    }

    fn values(given: &[(&str, &str)]) -> Values {
        let text = |text: &str| Some(text.to_owned());
        given
            .iter()
            .map(|(name, value)| (*name, text(value)))
            .collect()
    }

    fn insert(table: &str, given: &[(&str, &str)]) -> Op {
        Op::Insert {
            table: table.into(),
            values: values(given),
        }
    }

    fn update(table: &str, key: &str, given: &[(&str, &str)]) -> Op {
        Op::Update {
            table: table.into(),
            key: vec![key.into()],
            set: values(given),
            base: Map::new(),
        }
    }

    #[test]
    fn what_changes_or_names_a_row_that_was_not_made_is_blocked() {
        let schema = schema();
        let blocker = [insert("types", &[("id", "5"), ("user_id", "1")])];
        let delete = Op::Delete {
            table: "types".into(),
            key: vec!["5".into()],
            base: None,
        };
        for (op, blocked) in [
            (update("types", "5", &[("user_id", "1")]), true),
            (update("types", "6", &[("user_id", "1")]), false),
            (delete, true),
            (insert("types", &[("id", "5")]), false),
            (insert("events", &[("id", "1"), ("type_id", "5")]), true),
            (
                insert("events", &[("type_id", "5"), ("user_id", "1")]),
                true,
            ),
            (
                insert("events", &[("type_id", "5"), ("user_id", "2")]),
                false,
            ),
            (insert("events", &[("id", "5"), ("type_id", "6")]), false),
            (update("events", "5", &[("type_id", "5")]), true),
            (update("events", "5", &[("user_id", "3")]), false),
            (
                insert("tags", &[("what", "type"), ("of", "5"), ("tag", "1")]),
                true,
            ),
            (
                insert("tags", &[("what", "event"), ("of", "5"), ("tag", "1")]),
                false,
            ),
        ] {
            assert_eq!(
                is_blocked_by(&schema, std::slice::from_ref(&op), &blocker),
                blocked,
                "{op:?}"
            );
        }
    }

    #[test]
    fn an_update_that_was_refused_blocks_nothing() {
        let blocker = [update("types", "5", &[("id", "5")])];
        let next = [update("types", "5", &[("id", "5")])];
        assert!(!is_blocked_by(&schema(), &next, &blocker));
    }
}
