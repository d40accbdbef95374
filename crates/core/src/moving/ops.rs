//! One operation under another schema.

use super::path::{Path, Split};
use super::{Confirmed, Moving};
use crate::error::{Error, ErrorCode};
use crate::map::Map;
use crate::merge::base_of_text;
use crate::protocol::{Base, KeyText, Op, Text, Values};
use crate::schema::{ColumnDefault, Table};
use crate::value::{self, Value};

/// An operation as far as it is known, and why it can't be sent.
type Stopped = (Op, Error);

impl Moving<'_> {
    /// An operation under the new schema; none where nothing of it is left to do.
    ///
    /// # Errors
    /// `unknown_table` and `unknown_column`, and where a value does not fit its column's new type.
    pub(super) fn op(&self, op: &Op, confirmed: Confirmed<'_>) -> Result<Option<Op>, Stopped> {
        let (Op::Insert { table, .. } | Op::Update { table, .. } | Op::Delete { table, .. }) = op;
        let known = self.path(table).and_then(|(old, path)| {
            let id = self.new.table_id(&path.table)?;
            Some((old, path, self.new.table(id)))
        });
        let Some((old, path, new)) = known else {
            return Err((op.clone(), no_table(table)));
        };
        let way = Way { old, path, new };
        match op {
            Op::Insert { values, .. } => way.insert(values),
            Op::Update { key, set, base, .. } => {
                way.check_key(key).map_err(|error| (op.clone(), error))?;
                way.update(key, set, base, confirmed)
            }
            Op::Delete { key, base, .. } => {
                way.check_key(key).map_err(|error| (op.clone(), error))?;
                Ok(Some(way.delete(key, base, confirmed)))
            }
        }
    }
}

/// The way of one table.
struct Way<'w> {
    old: &'w Table,
    path: &'w Path,
    new: &'w Table,
}

impl Way<'_> {
    fn insert(&self, values: &Values) -> Result<Option<Op>, Stopped> {
        let mut values = self.path.values(self.new, values);
        let fault = self.fit(&mut values);
        let table = self.new.name.clone();
        let op = Op::Insert { table, values };
        fault.map_or(Ok(Some(op.clone())), |fault| Err((op, fault)))
    }

    fn update(
        &self,
        key: &KeyText,
        set: &Values,
        base: &Map<Base>,
        confirmed: Confirmed<'_>,
    ) -> Result<Option<Op>, Stopped> {
        let (mut set, mut base) = (self.path.renamed(set), self.path.renamed(base));
        for column in self.path.emptied() {
            if set.contains_key(column) {
                self.part(column, key, &mut set, &mut base, confirmed);
            }
        }
        let fault = self.fit(&mut set);
        base.retain(|column, _| set.contains_key(column));
        self.fit_bases(&mut base);
        let nothing = set.is_empty();
        let op = Op::Update {
            table: self.new.name.clone(),
            key: key.clone(),
            set,
            base,
        };
        match fault {
            Some(fault) => Err((op, fault)),
            None => Ok((!nothing).then_some(op)),
        }
    }

    /// Makes of one JSON value that was written the values of what it has become: what the application
    /// had changed in it is written, and nothing else.
    fn part(
        &self,
        column: &str,
        key: &KeyText,
        set: &mut Values,
        base: &mut Map<Base>,
        confirmed: Confirmed<'_>,
    ) {
        let split = |text: &Text| self.path.split(self.new, column, text);
        let Some(mine) = set.get(column).map(&split) else {
            return;
        };
        let (known, hashed) = match base.get(column) {
            Some(Base::Text(text)) => (Some(text.clone()), false),
            Some(Base::Hash { sha256 }) => (self.unhashed(key, column, sha256, confirmed), true),
            None => (None, false),
        };
        let was = known.as_ref().map(&split);
        let nothing = Map::new();
        let before = was.as_ref().map_or(&nothing, |was| &was.taken);
        if mine.taken.is_empty() && before.is_empty() {
            return;
        }
        let moves = self
            .path
            .moves
            .iter()
            .filter(|moved| moved.column == column);
        for to in moves.map(|moved| moved.to.as_str()) {
            let (now, then) = (mine.taken.get(to), before.get(to));
            if now == then {
                continue;
            }
            // A member that was taken out, or that no longer fits, leaves its column empty.
            set.insert(to, now.cloned().flatten());
            base.insert(to, Base::Text(then.cloned().flatten()));
        }
        let Some(Split { rest, .. }) = was else {
            set.insert(column, mine.rest);
            return;
        };
        if canonical(&mine.rest) == canonical(&rest) {
            set.remove(column);
            return;
        }
        set.insert(column, mine.rest);
        base.insert(
            column,
            if hashed {
                base_of_text(rest)
            } else {
                Base::Text(rest)
            },
        );
    }

    /// The text that a hash stands for, where the confirmed row still has it.
    fn unhashed(
        &self,
        key: &KeyText,
        column: &str,
        sha256: &str,
        confirmed: Confirmed<'_>,
    ) -> Option<Text> {
        let row = confirmed(&self.old.name, key)?;
        let text = row.get(self.path.before(column))?;
        let same = text.as_deref().map(value::text_hash).as_deref() == Some(sha256);
        same.then(|| text.clone())
    }

    /// A row is known by the hash of all of its values, which others have now.
    fn delete(&self, key: &KeyText, base: &Option<String>, confirmed: Confirmed<'_>) -> Op {
        let row = base.as_ref().and_then(|_| confirmed(&self.old.name, key));
        let seen = row.filter(|row| hash_of(self.old, row).as_ref() == base.as_ref());
        let now = seen.and_then(|row| hash_of(self.new, &self.path.values(self.new, &row)));
        Op::Delete {
            table: self.new.name.clone(),
            key: key.clone(),
            base: now.or_else(|| base.clone()),
        }
    }

    fn check_key(&self, key: &KeyText) -> Result<(), Error> {
        let names = self.old.primary_key.iter().map(|name| self.path.now(name));
        if names.eq(self.new.primary_key.iter().map(String::as_str)) {
            return crate::merge::normal_key(self.new, key).map(drop);
        }
        let table = &self.new.name;
        let message = format!("{table} has another primary key since its migration");
        Err(Error::new(ErrorCode::SchemaChanged, message).table(table))
    }

    /// Leaves out what was empty anyway, and asks of everything else whether the table takes it.
    fn fit(&self, values: &mut Values) -> Option<Error> {
        let mut fault = None;
        values.retain(|name, text| {
            let Some(id) = self.new.column_id(name) else {
                let empty = text.as_deref().is_none_or(|text| text == "{}");
                if !empty {
                    fault.get_or_insert_with(|| no_column(self.new, name));
                }
                return !empty;
            };
            let kind = &self.new.column(id).kind;
            if let Some(given) = text.as_ref().filter(|_| self.is_other(name)) {
                match value::parse(kind, given) {
                    Ok(value) => *text = value::to_text(kind, &value),
                    Err(error) => {
                        fault.get_or_insert(error.table(&self.new.name).column(name));
                    }
                }
            }
            true
        });
        fault
    }

    /// A base that is none of the column's new type is nobody's value.
    fn fit_bases(&self, base: &mut Map<Base>) {
        let mut other: Vec<(String, Base)> = Vec::new();
        for (name, base) in base.iter() {
            let (Some(id), Base::Text(Some(text))) = (self.new.column_id(name), base) else {
                continue;
            };
            if self.is_other(name) && value::parse(&self.new.column(id).kind, text).is_err() {
                let sha256 = value::text_hash(text);
                other.push(((**name).to_owned(), Base::Hash { sha256 }));
            }
        }
        for (name, hash) in other {
            base.insert(name, hash);
        }
    }

    /// Has a column another type than before?
    fn is_other(&self, name: &str) -> bool {
        let kind = |table: &Table, name: &str| {
            let id = table.column_id(name);
            id.map(|id| table.column(id).kind.clone())
        };
        kind(self.old, self.path.before(name)) != kind(self.new, name)
    }
}

/// The hash of a row of these values; none where they are not all known.
fn hash_of(table: &Table, row: &Values) -> Option<String> {
    let value = |column: &crate::schema::Column| {
        let text = match (row.get(&column.name), &column.default) {
            (Some(text), _) => text.clone(),
            (None, Some(ColumnDefault::Constant { text })) => Some(text.clone()),
            (None, None) if column.nullable && column.generated.is_none() => None,
            (None, _) => return None,
        };
        match text {
            Some(text) => value::parse(&column.kind, &text).ok(),
            None => Some(Value::Null),
        }
    };
    let values: Option<Vec<Value>> = table.columns.iter().map(value).collect();
    Some(value::row_hash(&values?))
}

fn canonical(text: &Text) -> Option<String> {
    let text = text.as_deref()?;
    let tree = value::json_tree(text).and_then(|tree| value::json_text(&tree));
    Some(tree.unwrap_or_else(|| text.to_owned()))
}

fn no_table(table: &str) -> Error {
    let message = format!("the table {table}, which this changes, is no more since a migration");
    Error::new(ErrorCode::UnknownTable, message)
        .table(table)
        .hint("write what it holds elsewhere, then dismiss it")
}

fn no_column(table: &Table, column: &str) -> Error {
    let message = format!(
        "{column} of {}, which this writes, is no more since a migration",
        table.name
    );
    Error::new(ErrorCode::UnknownColumn, message)
        .table(&table.name)
        .column(column)
        .hint("retry it without this column, or dismiss it")
}
