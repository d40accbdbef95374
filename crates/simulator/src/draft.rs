//! What applications and writers in SQL write: concrete operations for a step, by the rows at hand.
//!
//! Knows the schema only by what it says of itself. Wherever a column allows, a value is written once in a
//! history, so that whoever reads it knows where it comes from.

use crate::history::Write;
use crate::rows::{Row, Rows, owner_column};
use haversack_core::map::Map;
use haversack_core::protocol::{KeyText, Op, Text, Values};
use haversack_core::schema::{
    Column, ColumnDefault, ColumnId, ForeignKey, Policy, Schema, Table, TableId, Type,
};
use rand::Rng;
use rand::rngs::SmallRng;

/// The most rows of a sweep, and children of a family.
const SEVERAL_MAX: usize = 3;
/// Few values, so that those who write them meet.
const FEW: i64 = 12;

/// A row operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    /// A new row.
    Insert {
        /// The table.
        table: TableId,
        /// What is given.
        values: Vec<(ColumnId, Text)>,
        /// Columns that take the key of an earlier insert of the same transaction.
        refs: Vec<(ColumnId, usize)>,
    },
    /// New values.
    Update {
        /// The table.
        table: TableId,
        /// The row.
        key: KeyText,
        /// What is given.
        set: Vec<(ColumnId, Text)>,
    },
    /// A row's end.
    Delete {
        /// The table.
        table: TableId,
        /// The row.
        key: KeyText,
    },
}

/// Makes drafts; the counter makes values that are written once.
pub struct Drafter<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The rows that the writer sees.
    pub rows: &'a Rows,
    /// The last number that was used in a value.
    pub counter: &'a mut u64,
    /// Whose rows a writer in SQL makes; none for an application, whose user is known.
    pub owners: Option<&'a [String]>,
}

impl Drafter<'_> {
    /// The operations of a write; none where there is nothing to write on.
    pub fn draft(&mut self, write: Write, rng: &mut SmallRng) -> Vec<Draft> {
        match write {
            Write::Insert => self.insert(rng, false).into_iter().collect(),
            Write::Doubtful => match rng.random_range(0..3) {
                0 => self.insert(rng, true).into_iter().collect(),
                1 => self.update(rng, true).into_iter().collect(),
                _ => self.delete(rng).into_iter().collect(),
            },
            Write::Update => self.update(rng, false).into_iter().collect(),
            Write::Delete => self.delete(rng).into_iter().collect(),
            Write::Family => self.family(rng),
            Write::Sweep => {
                let count = rng.random_range(2..=SEVERAL_MAX);
                let mut drafts: Vec<Draft> = Vec::new();
                for _ in 0..count {
                    drafts.extend(self.update(rng, false).filter(|one| !drafts.contains(one)));
                }
                drafts
            }
        }
    }

    fn may(&self, table: &Table, allowed: bool) -> bool {
        // A writer in SQL has every privilege.
        allowed || (self.owners.is_some() && !table.columns.is_empty())
    }

    fn some_table(&self, rng: &mut SmallRng, allowed: impl Fn(&Table) -> bool) -> Option<TableId> {
        let tables = self.schema.tables.iter().enumerate();
        let fit: Vec<u16> = tables
            .filter(|(_, table)| self.may(table, allowed(table)))
            .map(|(at, _)| at as u16)
            .collect();
        let at = rng.random_range(0..fit.len().max(1));
        fit.get(at).map(|id| TableId(*id))
    }

    fn some_row(
        &self,
        rng: &mut SmallRng,
        allowed: impl Fn(&Table) -> bool,
    ) -> Option<(TableId, KeyText)> {
        // A table by chance, and another where it has no rows.
        let first = usize::from(self.some_table(rng, &allowed)?.0);
        let count = self.schema.tables.len();
        let tables = (0..count).map(|at| (first + at) % count);
        let fit = |at: &usize| {
            let table = &self.schema.tables[*at];
            self.may(table, allowed(table)) && !self.rows.0[*at].is_empty()
        };
        let at = tables.into_iter().find(fit)?;
        let rows = &self.rows.0[at];
        // Those with low keys are met more often.
        let (a, b) = (
            rng.random_range(0..rows.len()),
            rng.random_range(0..rows.len()),
        );
        let key = rows.keys().nth(a.min(b))?.clone();
        Some((TableId(at as u16), key))
    }

    fn insert(&mut self, rng: &mut SmallRng, doubtful: bool) -> Option<Draft> {
        let table = self.some_table(rng, |t| t.insertable)?;
        Some(self.insert_into(table, &[], rng, doubtful))
    }

    fn insert_into(
        &mut self,
        id: TableId,
        refs: &[(ColumnId, usize)],
        rng: &mut SmallRng,
        doubtful: bool,
    ) -> Draft {
        let schema = self.schema;
        let table = schema.table(id);
        let owner = self
            .owners
            .map(|owners| owners[rng.random_range(0..owners.len())].clone());
        let mut values = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            let c = ColumnId(at as u16);
            if refs.iter().any(|(own, _)| *own == c) || column.generated.is_some() {
                continue;
            }
            if owner_column(table) == Some(at) {
                values.extend(owner.clone().map(|owner| (c, Some(owner))));
                continue;
            }
            if matches!(column.default, Some(ColumnDefault::Sequence { .. })) {
                continue;
            }
            if matches!(column.default, Some(ColumnDefault::Uuid)) && self.owners.is_none() {
                continue;
            }
            if !self.may(table, column.writable) {
                continue;
            }
            let optional = column.nullable || column.default.is_some();
            let key = table.primary_key.contains(&column.name);
            if optional && !key && rng.random_range(0..4) == 0 {
                continue;
            }
            if doubtful && !key && rng.random_range(0..6) == 0 {
                values.push((c, None));
                continue;
            }
            let value = self.value(table, column, None, owner.as_deref(), rng, doubtful);
            values.push((c, value));
        }
        Draft::Insert {
            table: id,
            values,
            refs: refs.to_vec(),
        }
    }

    fn update(&mut self, rng: &mut SmallRng, doubtful: bool) -> Option<Draft> {
        let (id, key) = self.some_row(rng, |t| t.updatable)?;
        let table = self.schema.table(id);
        let row = self.rows.get(id, &key)?.clone();
        let owner = owner_column(table).and_then(|c| row[c].clone());
        let fit = |column: &Column| {
            let key = table.primary_key.contains(&column.name);
            let owner = column.identity || column.generated.is_some();
            !key && !owner && self.may(table, column.writable)
        };
        let columns: Vec<usize> = (0..table.columns.len())
            .filter(|c| fit(&table.columns[*c]))
            .collect();
        if columns.is_empty() {
            return None;
        }
        let count = rng.random_range(1..=3.min(columns.len()));
        let mut chosen: Vec<usize> = Vec::new();
        for _ in 0..count {
            let column = columns[rng.random_range(0..columns.len())];
            let name = &table.columns[column].name;
            let mut groups = table.together.iter();
            let group = groups.find(|group| group.contains(name));
            let own = std::slice::from_ref(name);
            for name in group.map_or(own, Vec::as_slice) {
                chosen.extend(table.column_id(name).map(|c| usize::from(c.0)));
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        let set = chosen.into_iter().map(|c| {
            let column = &table.columns[c];
            let now = row[c].as_deref();
            let value = self.value(table, column, now, owner.as_deref(), rng, doubtful);
            (ColumnId(c as u16), value)
        });
        Some(Draft::Update {
            table: id,
            key,
            set: set.collect(),
        })
    }

    fn delete(&mut self, rng: &mut SmallRng) -> Option<Draft> {
        let (table, key) = self.some_row(rng, |t| t.deletable)?;
        Some(Draft::Delete { table, key })
    }

    fn family(&mut self, rng: &mut SmallRng) -> Vec<Draft> {
        let mut pairs: Vec<(TableId, TableId, ColumnId)> = Vec::new();
        for (at, table) in self.schema.tables.iter().enumerate() {
            for foreign in &table.foreign_keys {
                if let (Some(parent), [column]) = (
                    self.schema.table_id(&foreign.references),
                    &foreign.columns[..],
                ) && self.may(table, table.insertable)
                    && self.may(
                        self.schema.table(parent),
                        self.schema.table(parent).insertable,
                    )
                    && let Some(column) = table.column_id(column)
                {
                    pairs.push((parent, TableId(at as u16), column));
                }
            }
        }
        // In SQL nobody knows the key that a default makes.
        if pairs.is_empty() || self.owners.is_some() {
            return self.insert(rng, false).into_iter().collect();
        }
        let (parent, child, column) = pairs[rng.random_range(0..pairs.len())];
        let mut drafts = vec![self.insert_into(parent, &[], rng, false)];
        for _ in 0..rng.random_range(1..=SEVERAL_MAX) {
            drafts.push(self.insert_into(child, &[(column, 0)], rng, false));
        }
        drafts
    }

    /// A value for a column, which has another now.
    fn value(
        &mut self,
        table: &Table,
        column: &Column,
        now: Option<&str>,
        owner: Option<&str>,
        rng: &mut SmallRng,
        doubtful: bool,
    ) -> Text {
        if let Some(foreign) = reference(table, column) {
            return self.referenced(foreign, column, owner, rng, doubtful);
        }
        if column.nullable && rng.random_range(0..8) == 0 {
            return None;
        }
        if is_traced(table, column) {
            *self.counter += 1;
            return Some(format!("v{}", self.counter));
        }
        Some(match &column.kind {
            Type::Bool => rng.random::<bool>().to_string(),
            Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric { .. } => {
                let few = rng.random_range(if doubtful { -FEW..0 } else { 0..FEW });
                let known = now.and_then(|now| now.parse::<i64>().ok());
                match (column.policy, known) {
                    // What is added may be negative, what comes of it may not.
                    (Policy::Counter, Some(known)) => (known + few - 3).max(0).to_string(),
                    _ => few.to_string(),
                }
            }
            Type::Float4 | Type::Float8 => rng.random_range(0..FEW).to_string(),
            Type::Date => format!("2026-03-{:02}", rng.random_range(1..=28)),
            Type::Time => format!("{:02}:00:00", rng.random_range(0..24)),
            Type::Timestamp => format!("2026-03-{:02} 12:00:00", rng.random_range(1..=28)),
            Type::Timestamptz => format!("2026-03-{:02} 12:00:00+00", rng.random_range(1..=28)),
            Type::Interval => format!("{:02}:00:00", rng.random_range(0..24)),
            Type::Json | Type::Jsonb => self.document(now, rng),
            Type::Uuid => uuid(rng),
            Type::Enum { labels, .. } => labels[rng.random_range(0..labels.len())].clone(),
            Type::Array { .. } => {
                format!("{{{},{}}}", rng.random_range(0..4), rng.random_range(4..8))
            }
            Type::Bytea => format!("\\x{:02x}", rng.random::<u8>()),
            Type::Text | Type::Varchar { .. } | Type::Char { .. } | Type::Opaque { .. } => {
                format!("w{}", rng.random_range(0..4 * FEW))
            }
        })
    }

    /// A document that differs from another in one member.
    fn document(&mut self, now: Option<&str>, rng: &mut SmallRng) -> String {
        let known = now.and_then(|now| serde_json::from_str(now).ok());
        let mut members = match known {
            Some(serde_json::Value::Object(members)) => members,
            Some(_) | None => serde_json::Map::new(),
        };
        *self.counter += 1;
        let name = format!("k{}", rng.random_range(0..6));
        if rng.random_range(0..5) == 0 {
            members.remove(&name);
        } else {
            members.insert(name, (*self.counter).into());
        }
        serde_json::Value::Object(members).to_string()
    }

    fn referenced(
        &self,
        foreign: &ForeignKey,
        column: &Column,
        owner: Option<&str>,
        rng: &mut SmallRng,
        doubtful: bool,
    ) -> Text {
        if doubtful && rng.random_range(0..2) == 0 {
            return Some(match column.kind {
                Type::Uuid => uuid(rng),
                _ => "999999".to_owned(),
            });
        }
        let to = self.schema.table_id(&foreign.references)?;
        let table = self.schema.table(to);
        let place = usize::from(table.column_id(foreign.referenced_columns.first()?)?.0);
        let rows = self.rows.0[usize::from(to.0)].values();
        let of_owner = |row: &&Row| {
            owner_column(table).is_none_or(|c| owner.is_none() || row[c].as_deref() == owner)
        };
        let values: Vec<&Text> = rows.filter(of_owner).map(|row| &row[place]).collect();
        if values.is_empty() || (column.nullable && rng.random_range(0..4) == 0) {
            return None;
        }
        values[rng.random_range(0..values.len())].clone()
    }
}

fn uuid(rng: &mut SmallRng) -> String {
    let (a, b): (u64, u64) = (rng.random(), rng.random());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

/// The foreign key of a column alone.
fn reference<'a>(table: &'a Table, column: &Column) -> Option<&'a ForeignKey> {
    let mut keys = table.foreign_keys.iter();
    keys.find(|key| key.columns.len() == 1 && key.columns[0] == column.name)
}

/// Is every value of the column written once, so that who reads it knows who wrote it? Not where a rule
/// or a policy makes others of them, nor where two should meet by their values.
pub fn is_traced(table: &Table, column: &Column) -> bool {
    let text = matches!(column.kind, Type::Text | Type::Varchar { .. });
    let whole = match column.policy {
        Policy::ServerWins | Policy::ClientWins | Policy::Lww | Policy::Manual => true,
        Policy::Merge | Policy::Counter | Policy::Max | Policy::Min => false,
    };
    let mut uniques = table.uniques.iter().flat_map(|unique| &unique.columns);
    text && whole
        && !column.identity
        && column.generated.is_none()
        && !uniques.any(|part| part.expression == column.name)
        && !table.primary_key.contains(&column.name)
        && reference(table, column).is_none()
}

impl Draft {
    /// The table.
    pub fn table(&self) -> TableId {
        match self {
            Self::Insert { table, .. }
            | Self::Update { table, .. }
            | Self::Delete { table, .. } => *table,
        }
    }

    /// The operation as an application gives it, in JSON.
    pub fn to_json(&self, schema: &Schema) -> serde_json::Value {
        let table = schema.table(self.table());
        let object = |values: &[(ColumnId, Text)]| -> serde_json::Map<_, _> {
            let member = |(c, text): &(ColumnId, Text)| {
                let column = table.column(*c);
                (column.name.clone(), json_of(&column.kind, text))
            };
            values.iter().map(member).collect()
        };
        match self {
            Self::Insert { values, refs, .. } => {
                let refs: serde_json::Map<_, _> = refs
                    .iter()
                    .map(|(c, at)| (table.column(*c).name.clone(), (*at).into()))
                    .collect();
                serde_json::json!({
                    "op": "insert", "table": table.name, "values": object(values), "refs": refs,
                })
            }
            Self::Update { key, set, .. } => serde_json::json!({
                "op": "update", "table": table.name, "key": key, "set": object(set),
            }),
            Self::Delete { key, .. } => serde_json::json!({
                "op": "delete", "table": table.name, "key": key,
            }),
        }
    }

    /// The operation as the wire carries it, without bases.
    pub fn to_op(&self, schema: &Schema) -> Op {
        let table = schema.table(self.table());
        let values = |values: &[(ColumnId, Text)]| {
            let mut map = Values::new();
            for (c, text) in values {
                map.insert(table.column(*c).name.as_str(), text.clone());
            }
            map
        };
        match self {
            Self::Insert { values: given, .. } => Op::Insert {
                table: table.name.clone(),
                values: values(given),
            },
            Self::Update { key, set, .. } => Op::Update {
                table: table.name.clone(),
                key: key.clone(),
                set: values(set),
                base: Map::new(),
            },
            Self::Delete { key, .. } => Op::Delete {
                table: table.name.clone(),
                key: key.clone(),
                base: None,
            },
        }
    }

    /// The key that an insert gives, where it gives one.
    pub fn key(&self, schema: &Schema) -> Option<KeyText> {
        let Self::Insert { table, values, .. } = self else {
            return None;
        };
        let given = |c: ColumnId| values.iter().find(|(own, _)| *own == c)?.1.clone();
        schema
            .table(*table)
            .key_columns()
            .into_iter()
            .map(given)
            .collect()
    }

    /// The same with new values where they can be traced, as after an edit.
    pub fn edited(mut self, schema: &Schema, counter: &mut u64) -> Self {
        let table = schema.table(self.table());
        let given = match &mut self {
            Self::Insert { values, .. } => values,
            Self::Update { set, .. } => set,
            Self::Delete { .. } => return self,
        };
        for (c, value) in given {
            if value.is_some() && is_traced(table, table.column(*c)) {
                *counter += 1;
                *value = Some(format!("v{counter}"));
            }
        }
        self
    }

    /// What it writes that can be traced, by column.
    pub fn traced(&self, schema: &Schema) -> Vec<(ColumnId, String)> {
        let table = schema.table(self.table());
        let given = match self {
            Self::Insert { values, .. } => values,
            Self::Update { set, .. } => set,
            Self::Delete { .. } => return Vec::new(),
        };
        let traced = given
            .iter()
            .filter(|(c, _)| is_traced(table, table.column(*c)));
        traced
            .filter_map(|(c, text)| Some((*c, text.clone()?)))
            .collect()
    }
}

fn json_of(kind: &Type, text: &Text) -> serde_json::Value {
    match (kind, text) {
        (_, None) => serde_json::Value::Null,
        (Type::Bool, Some(text)) => (text == "true").into(),
        (Type::Json | Type::Jsonb, Some(text)) => {
            serde_json::from_str(text).unwrap_or(serde_json::Value::Null)
        }
        (_, Some(text)) => text.as_str().into(),
    }
}
