//! The way of one table through the steps: its name, the names of its columns, what left its JSON.

use super::accept::accepts;
use crate::json::Json;
use crate::map::Map;
use crate::protocol::{Text, Values, Written};
use crate::schema::{Move, Schema, Step, Table};
use crate::value;

/// Where a table and its columns are now.
#[derive(Debug)]
pub struct Path {
    /// The table's name.
    pub table: String,
    /// The columns' names, before and now.
    columns: Vec<(String, String)>,
    /// Members of JSON columns that became columns on the way, by the names of now.
    pub moves: Vec<Move>,
}

/// A JSON text without what has left it, and that, by its columns.
pub struct Split {
    pub rest: Text,
    pub taken: Map<Text>,
}

impl Path {
    /// Follows a table through steps. A step whose outcome is there already is not done twice.
    pub fn new<'a>(
        steps: impl Iterator<Item = &'a Step>,
        table: &str,
        columns: impl Iterator<Item = &'a str>,
        is_table: &dyn Fn(&str) -> bool,
    ) -> Self {
        let mut path = Self {
            table: table.to_owned(),
            columns: columns.map(|name| (name.into(), name.into())).collect(),
            moves: Vec::new(),
        };
        for step in steps {
            if let Some(to) = step.tables.get(&path.table)
                && !is_table(to)
            {
                path.table.clone_from(to);
            }
            for rename in &step.renames {
                if rename.table == path.table && !path.has(&rename.to) {
                    path.rename(&rename.from, &rename.to);
                }
            }
            for moved in &step.moves {
                let here = moved.table == path.table;
                if here && path.has(&moved.column) && !path.has(&moved.to) {
                    path.moves.push(moved.clone());
                }
            }
        }
        path
    }

    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(_, now)| now == column)
            || self.moves.iter().any(|moved| moved.to == column)
    }

    fn rename(&mut self, from: &str, to: &str) {
        let columns = self.columns.iter_mut().map(|(_, now)| now);
        let moves = self.moves.iter_mut();
        let moved = moves.flat_map(|moved| [&mut moved.column, &mut moved.to]);
        columns
            .chain(moved)
            .filter(|name| *name == from)
            .for_each(|name| to.clone_into(name));
    }

    /// The name of a column now.
    pub fn now<'c>(&'c self, column: &'c str) -> &'c str {
        let found = self.columns.iter().find(|(before, _)| before == column);
        found.map_or(column, |(_, now)| now)
    }

    /// The name of a column before.
    pub fn before<'c>(&'c self, column: &'c str) -> &'c str {
        let found = self.columns.iter().find(|(_, now)| now == column);
        found.map_or(column, |(before, _)| before)
    }

    /// Values under the names of now.
    pub fn renamed<V: Clone>(&self, values: &Map<V>) -> Map<V> {
        let renamed = values.iter().map(|(name, value)| (self.now(name), value));
        renamed.fold(Map::new(), |mut all, (name, value)| {
            all.insert(name, value.clone());
            all
        })
    }

    /// The JSON columns that members have left, by the names of now.
    pub fn emptied(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = self.moves.iter().map(|m| m.column.as_str()).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Takes out of a JSON text what has become columns of the table, as far as they take it.
    pub fn split(&self, table: &Table, column: &str, text: &Text) -> Split {
        let mut split = Split {
            rest: text.clone(),
            taken: Map::new(),
        };
        let Some(Json::Object(mut members)) = text.as_deref().and_then(value::json_tree) else {
            return split;
        };
        for moved in self.moves.iter().filter(|moved| moved.column == column) {
            // Of equal names the last counts, as in Postgres.
            let found = members.iter().rposition(|(name, _)| *name == moved.key);
            let taken = found.and_then(|at| accepts(table, &moved.to, &members[at].1));
            if let Some(taken) = taken {
                split.taken.insert(&*moved.to, taken);
                members.retain(|(name, _)| *name != moved.key);
            }
        }
        if !split.taken.is_empty() {
            split.rest = value::json_text(&Json::Object(members));
        }
        split
    }

    /// The values of a whole row, or of an insert.
    pub fn values(&self, table: &Table, values: &Values) -> Values {
        let mut values = self.renamed(values);
        for column in self.emptied() {
            let Some(text) = values.get(column) else {
                continue;
            };
            let Split { rest, taken } = self.split(table, column, text);
            values.insert(column, rest);
            for (to, text) in taken.iter() {
                values.insert(to.clone(), text.clone());
            }
        }
        values
    }
}

/// What a replica wrote, in the names of this schema, where a migration has moved it since.
pub fn bring_forward(schema: &Schema, written: &Written) -> Option<Written> {
    if schema.steps.is_empty() {
        return None;
    }
    let columns = written.values.iter().map(|(name, _)| &**name);
    let is_served = schema.table_id(&written.table).is_some();
    let is_table = |_: &str| is_served;
    let path = Path::new(schema.steps.iter(), &written.table, columns, &is_table);
    let table = schema.table(schema.table_id(&path.table)?);
    let values = path.values(table, &written.values);
    let moved = Written {
        table: path.table.clone(),
        values,
        ..written.clone()
    };
    (moved != *written).then_some(moved)
}
