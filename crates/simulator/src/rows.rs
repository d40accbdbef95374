//! Rows as all sides write them: canonical texts, under the text of their key.

use haversack_core::protocol::{KeyText, Text};
use haversack_core::query::QueryShape;
use haversack_core::replica::Replica;
use haversack_core::schema::{ColumnId, Schema, Table, TableId};
use haversack_core::value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The values of a row, in the order of the columns.
pub type Row = Rc<[Text]>;

/// Rows of all tables, in the schema's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(pub Vec<BTreeMap<KeyText, Row>>);

/// The first row in which two sets of rows differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table's name.
    pub table: String,
    /// The row's key.
    pub key: KeyText,
    /// The row as it should be.
    pub expected: Option<Row>,
    /// The row as it is.
    pub seen: Option<Row>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |row: &Option<Row>| match row {
            None => "nothing".to_owned(),
            Some(row) => {
                let texts = row.iter().map(|t| t.as_deref().unwrap_or("null"));
                format!("({})", texts.collect::<Vec<_>>().join(", "))
            }
        };
        let (expected, seen) = (show(&self.expected), show(&self.seen));
        let key = self.key.join(", ");
        write!(f, "{} {key}: expected {expected}, seen {seen}", self.table)
    }
}

impl Rows {
    /// No rows.
    pub fn none(schema: &Schema) -> Self {
        Self(vec![BTreeMap::new(); schema.tables.len()])
    }

    /// What a replica shows.
    ///
    /// # Panics
    /// Where the schema's own tables can't be read.
    pub fn shown(replica: &mut Replica) -> Self {
        let mut rows = Self::none(replica.schema());
        for (at, to) in rows.0.iter_mut().enumerate() {
            let id = TableId(at as u16);
            let shape = QueryShape {
                table: replica.schema().table(id).name.clone(),
                ..QueryShape::default()
            };
            let plan = replica.compile(&shape).expect("the shape is of a table");
            let found = replica.run(plan, &[]).expect("it takes no parameters");
            // They are the plan's, which the replica lends.
            let slots: Vec<u32> = found.into();
            for slot in slots {
                let table = replica.schema().table(id);
                let columns = (0..table.columns.len()).map(|c| ColumnId(c as u16));
                let text = |c: ColumnId| {
                    let value = replica.value(id, slot, c).to_value();
                    value::to_text(&table.column(c).kind, &value)
                };
                let row: Row = columns.map(text).collect();
                to.insert(key_of(table, &row), row);
            }
        }
        rows
    }

    /// Those that a user may see: of the tables with a column that names the owner, the user's own.
    pub fn visible_to(&self, schema: &Schema, user: &str) -> Self {
        let of_table = |(rows, table): (&BTreeMap<KeyText, Row>, &Table)| {
            let owner = owner_column(table);
            let own = rows
                .iter()
                .filter(|(_, row)| owner.is_none_or(|c| row[c].as_deref() == Some(user)));
            own.map(|(k, r)| (k.clone(), r.clone())).collect()
        };
        Self(self.0.iter().zip(&schema.tables).map(of_table).collect())
    }

    /// The first row in which others differ from these, which are as they should be.
    pub fn difference(&self, schema: &Schema, seen: &Self) -> Option<Difference> {
        if self == seen {
            return None;
        }
        for ((expected, seen), table) in self.0.iter().zip(&seen.0).zip(&schema.tables) {
            let keys = expected.keys().chain(seen.keys());
            let mut differing = keys.filter(|key| expected.get(*key) != seen.get(*key));
            if let Some(key) = differing.next() {
                return Some(Difference {
                    table: table.name.clone(),
                    key: key.clone(),
                    expected: expected.get(key).cloned(),
                    seen: seen.get(key).cloned(),
                });
            }
        }
        None
    }

    /// A row.
    pub fn get(&self, table: TableId, key: &KeyText) -> Option<&Row> {
        self.0[usize::from(table.0)].get(key)
    }

    /// The first reference to a row that is not there, unless the row that refers or the missing one, by its
    /// key, is `exempt`.
    pub fn dangling(
        &self,
        schema: &Schema,
        exempt: impl Fn(TableId, &KeyText) -> bool,
    ) -> Option<String> {
        for (at, (rows, table)) in self.0.iter().zip(&schema.tables).enumerate() {
            for foreign in &table.foreign_keys {
                let Some(to) = schema.table_id(&foreign.references) else {
                    continue;
                };
                let places = |table: &Table, names: &[String]| -> Vec<usize> {
                    let ids = names.iter().filter_map(|name| table.column_id(name));
                    ids.map(|c| usize::from(c.0)).collect()
                };
                let from = places(table, &foreign.columns);
                let referenced = places(schema.table(to), &foreign.referenced_columns);
                for (key, row) in rows {
                    let values: Vec<&Text> = from.iter().map(|c| &row[*c]).collect();
                    if values.iter().any(|v| v.is_none()) {
                        continue;
                    }
                    let mut others = self.0[usize::from(to.0)].values();
                    let is = |other: &Row| {
                        referenced
                            .iter()
                            .zip(&values)
                            .all(|(c, v)| other[*c] == **v)
                    };
                    let missing = || {
                        values
                            .iter()
                            .map(|v| v.as_deref().unwrap_or_default().to_owned())
                    };
                    if !others.any(is)
                        && !exempt(TableId(at as u16), key)
                        && !exempt(to, &missing().collect())
                    {
                        let name = &foreign.name;
                        return Some(format!("{} {}: {name} dangles", table.name, key.join(", ")));
                    }
                }
            }
        }
        None
    }
}

/// The column that names a row's owner.
pub fn owner_column(table: &Table) -> Option<usize> {
    table.columns.iter().position(|column| column.identity)
}

/// The key of a row.
pub fn key_of(table: &Table, row: &Row) -> KeyText {
    let columns = table.key_columns().into_iter();
    columns
        .map(|c| row[usize::from(c.0)].clone().unwrap_or_default())
        .collect()
}
