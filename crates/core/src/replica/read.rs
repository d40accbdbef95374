//! Reading: rows by key, rows as JSON, queries, and what has changed.

use super::column::{Column, RowSource};
use super::{Key, Replica, ValueRef};
use crate::error::{Error, ErrorCode};
use crate::query::{self, Explain, Grouping, GroupingShape, Param, Plan, PlanId, QueryShape};
use crate::schema::{Table, TableId, Type};
use crate::value::{
    self, float_survives, survives_javascript, write_float_json, write_int_json, write_text_json,
};

/// The member of a stored row that holds, as text, what JavaScript's values can't.
pub const EXACT: &str = "$exact";

/// The most shapes that a replica keeps plans for.
const PLANS_MAX: usize = 16_384;

impl Replica {
    /// The slot of a visible row.
    pub fn find(&self, table: TableId, key: &Key) -> Option<u32> {
        let store = self.store(table);
        let found = store.find_key(key);
        found.or_else(|| store.find_key(&self.current_key(table, key)?))
    }

    /// The slot of a visible row by a key of one integer.
    pub fn find_int(&self, table: TableId, key: i64) -> Option<u32> {
        self.find_one(table, ValueRef::Int(key))
    }

    /// The slot of a visible row by a key of one text, in canonical form (a uuid in lower case).
    pub fn find_text(&self, table: TableId, key: &str) -> Option<u32> {
        self.find_one(table, ValueRef::Text(key))
    }

    fn find_one(&self, table: TableId, key: ValueRef<'_>) -> Option<u32> {
        let store = self.store(table);
        let &[column] = &store.key_columns[..] else {
            return None;
        };
        store.find(&[key]).or_else(|| {
            let current = self.current(table, column, &key.to_value())?;
            store.find(&[current.as_value_ref()])
        })
    }

    /// The number of visible rows.
    pub fn len(&self, table: TableId) -> usize {
        self.store(table).len()
    }

    /// Is there a visible row in this slot?
    pub fn is_live(&self, table: TableId, slot: u32) -> bool {
        self.store(table).is_live(slot)
    }

    /// The key of the row in a slot.
    pub fn key(&self, table: TableId, slot: u32) -> Key {
        self.store(table).key(slot)
    }

    /// A visible row's value.
    pub fn value(
        &self,
        table: TableId,
        slot: u32,
        column: crate::schema::ColumnId,
    ) -> ValueRef<'_> {
        self.store(table).columns[usize::from(column.0)].get(slot)
    }

    /// Appends a visible row as a JSON object, its members in the order of the columns.
    pub fn row_json(&self, table: TableId, slot: u32, out: &mut String) {
        self.row_of(table, &self.tables[usize::from(table.0)].columns, slot, out);
    }

    /// The same for a row of columns that are not the replica's own.
    pub(super) fn row_of(&self, table: TableId, columns: &[Column], row: u32, out: &mut String) {
        let t = usize::from(table.0);
        let described = &self.schema.tables[t].columns;
        let members = &self.infos[t].members;
        for ((column, described), member) in columns.iter().zip(described).zip(members) {
            out.push_str(member);
            write_value(&described.kind, column.get(row), out);
        }
        out.push('}');
    }

    /// Appends a confirmed row as a JSON object for its row store; false where there is no
    /// confirmed row.
    ///
    /// Values that JavaScript can't hold exactly stand in one more member, [`EXACT`], as text: the
    /// row that [`super::Staged::object`] reads back is the same, to its hash.
    pub fn confirmed_row_json(&self, table: TableId, key: &Key, out: &mut String) -> bool {
        let t = usize::from(table.0);
        let store = &self.tables[t];
        match (self.overlays[t].get(key), store.find_key(key)) {
            (Some(overlay), _) => match &overlay.confirmed {
                Some(row) => self.stored_row_json(t, row, out),
                None => return false,
            },
            (None, Some(slot)) => self.stored_row_json(t, &store.row(slot), out),
            (None, None) => return false,
        }
        true
    }

    fn stored_row_json(&self, t: usize, row: &dyn RowSource, out: &mut String) {
        let described = &self.schema.tables[t].columns;
        let mut exact = String::new();
        for (i, (column, member)) in described.iter().zip(&self.infos[t].members).enumerate() {
            out.push_str(member);
            write_value(&column.kind, row.at(i), out);
            let survives = match row.at(i) {
                ValueRef::Null | ValueRef::Int(_) => true,
                ValueRef::Float(float) => !float.is_finite() || float_survives(float),
                ValueRef::Text(text) => survives_javascript(&column.kind, text),
            };
            if !survives {
                exact.push(if exact.is_empty() { '{' } else { ',' });
                value::write_json_string(&column.name, &mut exact);
                exact.push(':');
                let text = value::to_text(&column.kind, &row.at(i).to_value());
                value::write_json_string(&text.unwrap_or_default(), &mut exact);
            }
        }
        if !exact.is_empty() {
            out.push(',');
            value::write_json_string(EXACT, out);
            out.push(':');
            out.push_str(&exact);
            out.push('}');
        }
        out.push('}');
    }

    /// The keys of all confirmed rows of a table.
    pub fn confirmed_keys(&self, table: TableId) -> Vec<Key> {
        let (store, overlays) = (self.store(table), &self.overlays[usize::from(table.0)]);
        let mut keys: Vec<Key> = store.live_slots().map(|slot| store.key(slot)).collect();
        keys.retain(|key| !overlays.contains_key(key));
        keys.extend(
            overlays
                .iter()
                .filter(|(_, o)| o.confirmed.is_some())
                .map(|(k, _)| k.clone()),
        );
        keys
    }

    /// Compiles a query, or finds it compiled.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, `invalid_query`.
    pub fn compile(&mut self, shape: &QueryShape) -> Result<PlanId, Error> {
        // Whoever asks keeps the plan, so a search through some dozens is rare.
        if let Some(plan) = self.shapes.iter().position(|known| known == shape) {
            return Ok(PlanId(plan as u32));
        }
        let plan = Plan::compile(&self.schema, shape)?;
        if self.plans.len() >= PLANS_MAX {
            return Err(too_many_shapes());
        }
        let id = PlanId(self.plans.len() as u32);
        self.plans.push(plan);
        self.shapes.push(shape.clone());
        Ok(id)
    }

    /// Compiles a grouping, or finds it compiled.
    ///
    /// # Errors
    /// As [`Replica::compile`].
    pub fn compile_grouping(&mut self, shape: &GroupingShape) -> Result<PlanId, Error> {
        let known = self.groupings.iter().position(|(known, _)| known == shape);
        if let Some(known) = known {
            return Ok(PlanId(known as u32));
        }
        let grouping = Grouping::compile(&self.schema, shape)?;
        if self.groupings.len() >= PLANS_MAX {
            return Err(too_many_shapes());
        }
        let id = PlanId(self.groupings.len() as u32);
        self.groupings.push((shape.clone(), grouping));
        Ok(id)
    }

    /// Runs a grouping: the groups as JSON, in order, each an array of its columns and values.
    ///
    /// # Errors
    /// As [`Replica::run`]; `out_of_range` where a value is beyond its type.
    pub fn run_grouping(&mut self, plan: PlanId, params: &[Param<'_>]) -> Result<String, Error> {
        let at = plan.0 as usize;
        let rows = &self.groupings[at].1.rows;
        let current = self.current_params(rows, params);
        let table = self.schema.table(rows.table);
        let grouping = &mut self.groupings[at].1;
        if current.is_empty() {
            grouping.run(table, &mut self.tables, params)
        } else {
            grouping.run(table, &mut self.tables, &replaced(params, &current))
        }
    }

    /// Runs a query: the slots of its rows, in order, until the next run of the same plan.
    ///
    /// # Errors
    /// `invalid_query`, `type_mismatch`: a parameter is not what the query takes.
    pub fn run(&mut self, plan: PlanId, params: &[Param<'_>]) -> Result<&[u32], Error> {
        let current = self.current_params(&self.plans[plan.0 as usize], params);
        let plan = &mut self.plans[plan.0 as usize];
        if current.is_empty() {
            query::run(&mut self.tables, plan, params)?;
        } else {
            query::run(&mut self.tables, plan, &replaced(params, &current))?;
        }
        Ok(&plan.result)
    }

    /// What was found beside the rows of a query's last run. For each relation in turn: how many rows
    /// each row of the result has there, then the slots of all of these, then what is beside them.
    pub fn joined(&self, plan: PlanId) -> Vec<u32> {
        let mut out = Vec::new();
        for joined in &self.plans[plan.0 as usize].joined {
            joined.write(&mut out);
        }
        out
    }

    /// The relations of a table: their names, where they lead, and whether there may be several rows.
    pub fn relations(&self, table: TableId) -> Vec<(String, TableId, bool)> {
        let relations = self.schema.relations(self.schema.table(table));
        let known = relations.into_iter().filter_map(|relation| {
            let other = self.schema.table_id(relation.table)?;
            Some((relation.name, other, relation.many))
        });
        known.collect()
    }

    /// The number of rows that satisfy a query's conditions, whichever page of them is asked for.
    ///
    /// # Errors
    /// As [`Replica::run`].
    pub fn count(&mut self, plan: PlanId, params: &[Param<'_>]) -> Result<u32, Error> {
        let current = self.current_params(&self.plans[plan.0 as usize], params);
        let plan = &mut self.plans[plan.0 as usize];
        let count = if current.is_empty() {
            query::count(&mut self.tables, plan, params)?
        } else {
            query::count(&mut self.tables, plan, &replaced(params, &current))?
        };
        Ok(count as u32)
    }

    /// The table of a plan.
    pub fn plan_table(&self, plan: PlanId) -> TableId {
        self.plans[plan.0 as usize].table
    }

    /// How a query was answered the last time.
    pub fn explain(&self, plan: PlanId) -> Explain {
        self.plans[plan.0 as usize].explain(&self.schema)
    }

    /// Moves out the slots whose visible row changed, appeared or vanished since the last call.
    pub fn take_dirty(&mut self, out: &mut Vec<(TableId, u32)>) {
        let first = out.len();
        for (i, store) in self.tables.iter_mut().enumerate() {
            store.take_dirty(|slot| out.push((TableId(i as u16), slot)));
        }
        for &(table, slot) in &out[first..] {
            self.mark(table, slot);
        }
    }

    /// Moves out the tables in which any visible row changed since the last call.
    pub fn take_changed_tables(&mut self, out: &mut Vec<TableId>) {
        for (i, store) in self.tables.iter_mut().enumerate() {
            if store.take_changed() {
                out.push(TableId(i as u16));
            }
        }
    }
}

fn too_many_shapes() -> Error {
    let message = format!("there are {PLANS_MAX} different query shapes already");
    Error::new(ErrorCode::InvalidQuery, message)
        .hint("pass values as values, and lists of `in` in few different lengths")
}

/// Parameters with others in some places.
pub(super) fn replaced<'a>(params: &[Param<'a>], others: &'a [(usize, String)]) -> Vec<Param<'a>> {
    let mut params = params.to_vec();
    for (at, other) in others {
        params[*at] = Param::Text(other);
    }
    params
}

/// Appends a row as an array of its values, as JavaScript gets them.
pub(crate) fn write_values(table: &Table, columns: &[Column], row: u32, out: &mut String) {
    out.push('[');
    for (i, (column, described)) in columns.iter().zip(&table.columns).enumerate() {
        out.push_str(if i > 0 { "," } else { "" });
        write_value(&described.kind, column.get(row), out);
    }
    out.push(']');
}

/// Appends a value in place, as JavaScript gets it.
pub(crate) fn write_value(kind: &Type, value: ValueRef<'_>, out: &mut String) {
    match value {
        ValueRef::Null => out.push_str("null"),
        ValueRef::Int(int) => write_int_json(kind, int, out),
        ValueRef::Float(float) => write_float_json(float, matches!(kind, Type::Float4), out),
        ValueRef::Text(text) => write_text_json(kind, text, out),
    }
}
