//! The SQL of one table, for one row or for several at once. Text only, from the catalog's names.

use crate::introspect::{ColumnFacts, TableFacts};
use haversack_core::schema::{ColumnDefault, ColumnId, Table};

/// A table's SQL.
#[derive(Debug)]
pub struct TableSql {
    /// Its number in the changelog.
    pub number: i32,
    /// Qualified and quoted.
    pub sql: String,
    /// In the order of the served columns.
    columns: Vec<ColumnFacts>,
    /// The sequence from which its key draws, qualified and quoted.
    pub sequence: Option<String>,
    /// All served columns of all visible rows, as text.
    pub read_all: String,
    /// Their number, at most `$1`.
    pub count: String,
    /// The served columns of the row with key `$1, $2, …`, as text.
    pub read: String,
    /// The same, locking the row.
    pub read_locked: String,
    /// The served columns of the rows whose keys are in the arrays `$1, $2, …`, one per key column.
    pub read_many: String,
    /// The same, locking the rows, one after the other in this order.
    pub read_many_locked: String,
    /// Deletes the row with key `$1, $2, …`.
    pub delete: String,
    /// Deletes the rows whose keys are in the arrays `$1, $2, …`.
    pub delete_many: String,
    /// All served columns, as text.
    list: String,
    /// `t.key = $n::…` for each key column, with the first parameter's number left open.
    key_casts: Vec<(String, String)>,
    always: Vec<bool>,
}

impl TableSql {
    pub(crate) fn new(number: i32, table: &Table, facts: TableFacts) -> Self {
        let key = table.key_columns();
        let list: Vec<String> = facts
            .columns
            .iter()
            .map(|c| format!("t.{}::text", c.sql))
            .collect();
        let list = list.join(", ");
        let key_casts: Vec<(String, String)> = key
            .iter()
            .map(|c| &facts.columns[usize::from(c.0)])
            .map(|c| (c.sql.clone(), c.cast.clone()))
            .collect();
        let sql = &facts.sql;
        let at = predicate(&key_casts, 1);
        let keys = KeyArrays::new(&key_casts, 1);
        let sequence = table.sequence_key().and_then(|c| {
            let name = &table.column(c).name;
            facts
                .sequence_of
                .iter()
                .find(|(column, _)| column == name)
                .map(|(_, s)| s.clone())
        });
        let always = table
            .columns
            .iter()
            .map(|c| matches!(c.default, Some(ColumnDefault::Sequence { always: true })))
            .collect();
        // FOR UPDATE needs a right to update; a row of a table that is only deleted from is not locked.
        let lock = if facts.columns.iter().any(|c| c.can_update) {
            " FOR UPDATE"
        } else {
            ""
        };
        Self {
            number,
            read_all: format!("SELECT {list} FROM {sql} t"),
            count: format!("SELECT count(*) FROM (SELECT FROM {sql} LIMIT $1::bigint) t"),
            read: format!("SELECT {list} FROM {sql} t WHERE {at}"),
            read_locked: format!("SELECT {list} FROM {sql} t WHERE {at}{lock}"),
            read_many: match &*key_casts {
                [(column, cast)] if !is_array(cast) => {
                    format!(
                        "SELECT {list} FROM {sql} t WHERE t.{column} = ANY ({})",
                        keys.arrays
                    )
                }
                _ => format!(
                    "SELECT {list} FROM unnest({}) AS k({}) JOIN {sql} t ON {}",
                    keys.arrays, keys.names, keys.joined
                ),
            },
            read_many_locked: format!(
                "SELECT {list} FROM unnest({}) WITH ORDINALITY AS k({}, place) JOIN {sql} t ON {} ORDER BY k.place{}",
                keys.arrays,
                keys.names,
                keys.joined,
                if lock.is_empty() {
                    ""
                } else {
                    " FOR UPDATE OF t"
                }
            ),
            delete: format!("DELETE FROM {sql} t WHERE {at}"),
            delete_many: format!(
                "DELETE FROM {sql} t USING unnest({}) AS k({}) WHERE {}",
                keys.arrays, keys.names, keys.joined
            ),
            list,
            sql: facts.sql,
            columns: facts.columns,
            sequence,
            key_casts,
            always,
        }
    }

    /// What SQL needs to know of the served columns, in their order.
    pub(crate) fn columns(&self) -> &[ColumnFacts] {
        &self.columns
    }

    /// What SQL needs to know of a column.
    pub(crate) fn column(&self, position: usize) -> &ColumnFacts {
        &self.columns[position]
    }

    /// Updates columns to `$1, $2, …` in the row whose key is in the parameters after them.
    pub fn update(&self, columns: &[ColumnId]) -> String {
        let set: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let column = &self.columns[usize::from(c.0)];
                format!("{} = ${}::text::{}", column.sql, i + 1, column.cast)
            })
            .collect();
        let at = predicate(&self.key_casts, columns.len() + 1);
        format!("UPDATE {} t SET {} WHERE {at}", self.sql, set.join(", "))
    }

    /// Updates columns to the arrays `$1, $2, …` in the rows whose keys are in the arrays after them, and
    /// returns all served columns as text.
    pub fn update_many(&self, columns: &[ColumnId]) -> String {
        let of_columns = columns.iter().map(|c| &self.columns[usize::from(c.0)]);
        let values: Vec<String> = (1..=columns.len()).map(|i| format!("v{i}")).collect();
        let set = of_columns.zip(&values);
        let set: Vec<String> = set
            .map(|(c, name)| format!("{} = k.{name}::{}", c.sql, c.cast))
            .collect();
        let arrays: Vec<String> = (1..=columns.len())
            .map(|i| format!("${i}::text[]"))
            .collect();
        let keys = KeyArrays::new(&self.key_casts, columns.len() + 1);
        format!(
            "UPDATE {} t SET {} FROM unnest({}, {}) AS k({}, {}) WHERE {} RETURNING {}",
            self.sql,
            set.join(", "),
            arrays.join(", "),
            keys.arrays,
            values.join(", "),
            keys.names,
            keys.joined,
            self.list
        )
    }

    /// Inserts rows, in their order, with the arrays `$1, $2, …` as columns, and returns all served
    /// columns as text.
    pub fn insert_many(&self, columns: &[ColumnId]) -> String {
        let facts = columns.iter().map(|c| &self.columns[usize::from(c.0)]);
        let facts: Vec<&ColumnFacts> = facts.collect();
        let sql: Vec<&str> = facts.iter().map(|c| c.sql.as_str()).collect();
        let arrays: Vec<String> = (1..=columns.len())
            .map(|i| format!("${i}::text[]"))
            .collect();
        let names: Vec<String> = (1..=columns.len()).map(|i| format!("v{i}")).collect();
        let values = facts.iter().zip(&names);
        let values: Vec<String> = values
            .map(|(c, name)| format!("v.{name}::{}", c.cast))
            .collect();
        format!(
            "INSERT INTO {} AS t ({}){} SELECT {} FROM unnest({}) WITH ORDINALITY AS v({}, place) \
             ORDER BY v.place RETURNING {}",
            self.sql,
            sql.join(", "),
            self.overriding(columns),
            values.join(", "),
            arrays.join(", "),
            names.join(", "),
            self.list
        )
    }

    fn overriding(&self, columns: &[ColumnId]) -> &'static str {
        if columns.iter().any(|c| self.always[usize::from(c.0)]) {
            " OVERRIDING SYSTEM VALUE"
        } else {
            ""
        }
    }

    /// Inserts columns `$1, $2, …` and returns the key.
    pub fn insert(&self, columns: &[ColumnId]) -> String {
        let key: Vec<String> = self
            .key_casts
            .iter()
            .map(|(c, _)| format!("t.{c}::text"))
            .collect();
        let key = key.join(", ");
        if columns.is_empty() {
            return format!(
                "INSERT INTO {} AS t DEFAULT VALUES RETURNING {key}",
                self.sql
            );
        }
        let facts: Vec<&ColumnFacts> = columns
            .iter()
            .map(|c| &self.columns[usize::from(c.0)])
            .collect();
        let names: Vec<&str> = facts.iter().map(|c| c.sql.as_str()).collect();
        let values: Vec<String> = facts
            .iter()
            .enumerate()
            .map(|(i, c)| format!("${}::text::{}", i + 1, c.cast))
            .collect();
        format!(
            "INSERT INTO {} AS t ({}){} VALUES ({}) RETURNING {key}",
            self.sql,
            names.join(", "),
            self.overriding(columns),
            values.join(", ")
        )
    }
}

/// The keys of several rows as arrays, one per key column.
struct KeyArrays {
    /// `$n::text[]::…[], …`
    arrays: String,
    /// `k1, …`, the columns of those arrays as rows.
    names: String,
    /// `t.column = k.k1 AND …`
    joined: String,
}

impl KeyArrays {
    /// Their parameters begin with this number.
    fn new(key: &[(String, String)], first: usize) -> Self {
        let (mut arrays, mut names, mut joined) = (Vec::new(), Vec::new(), Vec::new());
        for (i, (column, cast)) in key.iter().enumerate() {
            let (number, name) = (first + i, format!("k{}", i + 1));
            // A cast of each row's text might tell what it is given, so row security would have to be
            // asked first: of every row that the user can see.
            if is_array(cast) {
                arrays.push(format!("${number}::text[]"));
                joined.push(format!("t.{column} = k.{name}::{cast}"));
            } else {
                arrays.push(format!("${number}::text[]::{cast}[]"));
                joined.push(format!("t.{column} = k.{name}"));
            }
            names.push(name);
        }
        Self {
            arrays: arrays.join(", "),
            names: names.join(", "),
            joined: joined.join(" AND "),
        }
    }
}

/// An array of arrays is one array more, and no array of values of that type.
fn is_array(cast: &str) -> bool {
    cast.ends_with(']')
}

fn predicate(key: &[(String, String)], first: usize) -> String {
    let parts: Vec<String> = key
        .iter()
        .enumerate()
        .map(|(i, (column, cast))| format!("t.{column} = ${}::text::{cast}", first + i))
        .collect();
    parts.join(" AND ")
}
