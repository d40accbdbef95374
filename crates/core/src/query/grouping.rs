//! Aggregates: rows made of many rows, in groups.
//!
//! The rows themselves are found as of any query, in the order of the columns grouped by, so that a
//! group is a run of them. What is made of a run stands in columns of its own, over which HAVING, order
//! and limit are those of a query on a table.

use super::conditions::{Condition, conditions};
use super::index::Spec;
use super::plan::{has_order, invalid, order};
use super::run::{bind_all, check, count_params, run, window};
use super::totals::{kind_of, total};
use super::{AggregateOp, GroupingShape, OrderShape, Param, Plan, QueryShape};
use crate::error::Error;
use crate::replica::{TableStore, column_of, write_values};
use crate::schema::{Column as Described, Schema, Table};
use crate::sort::sorted_positions;
use haversack_rows::Column;
use haversack_rows::totals::group_end;

/// The most values of one grouping.
const AGGREGATES_MAX: usize = 64;

/// A compiled grouping.
#[derive(Debug)]
pub(crate) struct Grouping {
    /// Finds the rows, those of a group beside one another.
    pub rows: Plan,
    /// The positions of the columns grouped by.
    pub(super) keys: Vec<usize>,
    /// Those of them that tell groups apart, in the order of the rows.
    by: Spec,
    /// What is made of each group, and of which column.
    pub(super) values: Vec<(AggregateOp, Option<usize>)>,
    /// What the groups have: the columns grouped by, then the values.
    pub made: Table,
    pub(super) having: Vec<Condition>,
    pub(super) order: Spec,
    params: usize,
    limit: Option<usize>,
    offset: Option<usize>,
}

impl Grouping {
    /// Compiles a shape.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, `invalid_query`.
    pub fn compile(schema: &Schema, shape: &GroupingShape) -> Result<Self, Error> {
        let id = schema.require_table(&shape.table)?;
        let table = schema.table(id);
        if shape.values.len() + shape.by.len() > AGGREGATES_MAX {
            let message = format!("groups have at most {AGGREGATES_MAX} columns and values");
            return Err(invalid(table, message));
        }
        let mut made = Table {
            name: table.name.clone(),
            ..Table::default()
        };
        let mut keys = Vec::with_capacity(shape.by.len());
        for name in &shape.by {
            let id = table.require_column(name)?;
            let column = table.column(id);
            keys.push(usize::from(id.0));
            if !has_order(&column.kind) {
                let message =
                    format!("rows can't be grouped by {name}, whose type has no order here");
                return Err(invalid(table, message).column(name));
            }
            add(&mut made, column.clone())?;
        }
        let mut values = Vec::with_capacity(shape.values.len());
        for value in &shape.values {
            let column = match &value.column {
                Some(name) => Some(table.require_column(name)?),
                None => None,
            };
            let described = column.map(|id| table.column(id));
            let Some(kind) = kind_of(value.op, described.map(|column| &column.kind)) else {
                let of = value.column.as_deref().unwrap_or("rows");
                let message = format!("there is no {} of {of} here", value.op.name());
                return Err(invalid(table, message).column(of));
            };
            let same = described.filter(|column| column.kind == kind);
            let made_of = Described {
                name: value.name.clone(),
                kind,
                nullable: true,
                collation: same.and_then(|column| column.collation.clone()),
                letters: same.map_or_else(Default::default, |column| column.letters),
                ..Described::default()
            };
            add(&mut made, made_of)?;
            values.push((value.op, column.map(|id| usize::from(id.0))));
        }
        let by_part = |name: &String| OrderShape {
            column: name.clone(),
            ..OrderShape::default()
        };
        let rows = QueryShape {
            table: shape.table.clone(),
            conditions: shape.conditions.clone(),
            order: shape.by.iter().map(by_part).collect(),
            ..QueryShape::default()
        };
        let rows = Plan::compile(schema, &rows)?;
        let mut params = rows.params;
        let (having, _) = conditions(None, &made, &shape.having, &mut params)?;
        let own: Vec<usize> = (0..shape.by.len()).collect();
        if shape.order.iter().any(|part| part.rank.is_some()) {
            return Err(invalid(&made, "groups are not ranked".to_owned()));
        }
        let order = order(&made, &shape.order, &own, &[])?;
        let limit = shape.limit.then_some(params);
        params += usize::from(shape.limit);
        let offset = shape.offset.then_some(params);
        params += usize::from(shape.offset);
        // A column that a condition fixes tells no groups apart.
        let telling = rows.order.0.iter();
        let telling = telling.filter(|key| keys.contains(&key.column)).copied();
        Ok(Self {
            by: Spec(telling.collect()),
            keys,
            rows,
            values,
            made,
            having,
            order,
            params,
            limit,
            offset,
        })
    }

    /// Checks the parameters of what the server is asked, and gives offset and limit.
    ///
    /// # Errors
    /// As [`check`].
    pub fn check(&self, params: &[Param<'_>]) -> Result<(usize, Option<usize>), Error> {
        count_params(self.params, params)?;
        check(&self.rows, &params[..self.rows.params])?;
        let having: Vec<Condition> = self.having.iter().map(Condition::of_server).collect();
        bind_all(&having, params, &mut [])?;
        window(self.offset, self.limit, params)
    }

    /// The groups as JSON: an array of arrays, each of the columns grouped by and the values.
    ///
    /// # Errors
    /// As [`run`]; `out_of_range` where a value is beyond its type.
    pub fn run(
        &mut self,
        table: &Table,
        tables: &mut [TableStore],
        params: &[Param<'_>],
    ) -> Result<String, Error> {
        count_params(self.params, params)?;
        let having = bind_all(&self.having, params, &mut [])?;
        let (offset, limit) = window(self.offset, self.limit, params)?;
        let limit = limit.unwrap_or(usize::MAX);
        let of_rows = &params[..self.rows.params];
        run(tables, &mut self.rows, of_rows)?;
        let store = &tables[usize::from(self.rows.table.0)];
        let (groups, count) = self.groups(table, store)?;
        let passes = |i: &usize| {
            let slot = *i as u32;
            having.iter().all(|filter| filter.passes(&groups, slot))
        };
        let kept: Vec<usize> = (0..count).filter(passes).collect();
        let sorted = sorted_positions(kept.len(), &|a, b| {
            self.order.compare(&groups, kept[a] as u32, kept[b] as u32)
        });
        let mut out = String::from("[");
        for (i, &position) in sorted.iter().skip(offset).take(limit).enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            write_values(
                &self.made,
                &groups,
                kept[position as usize] as u32,
                &mut out,
            );
        }
        out.push(']');
        Ok(out)
    }

    /// What is made of the rows found, and the number of groups.
    fn groups(&self, table: &Table, store: &TableStore) -> Result<(Vec<Column>, usize), Error> {
        let slots = &self.rows.result[..];
        let columns = &store.columns[..];
        let mut groups: Vec<Column> = self
            .made
            .columns
            .iter()
            .map(|c| column_of(&c.kind))
            .collect();
        let by = self.keys.len();
        let mut count = 0;
        let mut start = 0;
        while start < slots.len() || (by == 0 && count == 0) {
            let end = match by {
                0 => slots.len(),
                _ => group_end(&self.by, columns, slots, start),
            };
            let run = &slots[start..end];
            let (keys, made) = groups.split_at_mut(by);
            for (key, &column) in keys.iter_mut().zip(&self.keys) {
                key.push(columns[column].get(run[0]));
            }
            for ((op, column), (to, described)) in self
                .values
                .iter()
                .zip(made.iter_mut().zip(&self.made.columns[by..]))
            {
                let of = column.map(|column| (&columns[column], &table.columns[column].kind));
                let value = total(*op, of, run).map_err(|e| e.at_column(&described.name))?;
                to.push(value.as_value_ref());
            }
            count += 1;
            start = end;
        }
        Ok((groups, count))
    }
}

/// Adds a column to what groups have.
fn add(made: &mut Table, column: Described) -> Result<(), Error> {
    if made.columns.iter().any(|known| known.name == column.name) {
        let message = format!("two columns of the groups are called {}", column.name);
        return Err(invalid(made, message).column(&column.name));
    }
    made.columns.push(column);
    Ok(())
}
