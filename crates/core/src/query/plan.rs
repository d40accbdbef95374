//! Compiles a query's shape: checks it against the schema and picks the indexes worth having.

use super::conditions::{Condition, conditions, too_many};
use super::index::{OrderKey, Spec};
use super::related::{Existing, Joined};
use super::terms::{Ranked, Sought, is_of_words};
use super::walk::Run;
use super::{CONDITIONS_MAX, Explain, Op, OrderShape, Param, QueryShape, Strategy};
use crate::error::{Error, ErrorCode};
use crate::more;
use crate::planted;
use crate::schema::{Schema, Storage, Table, TableId, Type};
use crate::sort::sort_unique;
use crate::value::is_by_bytes;
use haversack_rows::Filter;
use std::cell::Cell;

/// A compiled query.
#[derive(Debug)]
pub(crate) struct Plan {
    pub table: TableId,
    pub conditions: Vec<Condition>,
    /// How many conditions, the first, are given with what they compare with when it is run.
    pub given: usize,
    /// What conditions ask of other tables.
    pub existing: Vec<Existing>,
    /// What is wanted of other tables beside each row.
    pub joined: Vec<Joined>,
    /// Pairs of conditions, the second of which narrows the first.
    pub narrows: Vec<(usize, usize)>,
    pub params: usize,
    /// Where rows have to come after a place in the order.
    pub after: Option<After>,
    pub limit: Option<usize>,
    pub offset: Option<usize>,
    /// Conditions that fix the primary key, in the key's order.
    pub by_key: Option<Vec<usize>>,
    /// Conditions that fix a column, in the order in which both indexes begin.
    pub points: Vec<usize>,
    /// Begins with the fixed columns and goes on in the order wanted.
    pub ordered: Spec,
    /// Begins with the fixed columns, goes on with the column of one more condition, whose position
    /// follows, and then in the order wanted: what that column holds one value of is in order.
    pub range: Option<(Spec, usize)>,
    /// The order wanted, the primary key at its end.
    pub order: Spec,
    /// The ranks in it.
    pub ranked: Vec<Ranked>,
    pub result: Vec<u32>,
    /// Where both indexes were last, and which they were.
    pub places: [Cell<(usize, u64)>; 2],
    /// By which condition's terms rows were found, where they were.
    pub found_by: Cell<usize>,
    /// Room for the filters of a run.
    pub filters: Vec<Filter<'static>>,
    /// Room for the runs of a run.
    pub runs: Vec<Run>,
    /// Rows that were looked at in vain along the order, in all runs.
    pub walked: usize,
    pub strategy: Strategy,
    pub examined: u32,
}

impl Plan {
    /// Compiles a shape.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, `invalid_query`.
    pub fn compile(schema: &Schema, shape: &QueryShape) -> Result<Self, Error> {
        let (mut params, mut relations) = (0, 0);
        Self::compile_within(schema, shape, Vec::new(), &mut params, &mut relations)
    }

    /// Compiles a shape within another: `given` conditions come first and take no parameters.
    pub(super) fn compile_within(
        schema: &Schema,
        shape: &QueryShape,
        given: Vec<Condition>,
        params: &mut usize,
        relations: &mut usize,
    ) -> Result<Self, Error> {
        let id = schema.require_table(&shape.table)?;
        let table = schema.table(id);
        let asked = shape.conditions.len() + given.len();
        if asked + usize::from(shape.after) > CONDITIONS_MAX {
            return Err(too_many(table));
        }
        let count = given.len();
        let mut all = given;
        let (conditions, existing) = conditions(Some(schema), table, &shape.conditions, params)?;
        all.extend(conditions);
        let mut plan = Self::of_parts(schema, id, all, shape, params)?;
        plan.given = count;
        plan.existing = existing;
        for related in &shape.with {
            let joined = Joined::compile(schema, table, related, params, relations)?;
            plan.joined.push(joined);
        }
        let mut window = |wanted: bool| {
            *params += usize::from(wanted);
            wanted.then(|| *params - 1)
        };
        plan.limit = window(shape.limit);
        plan.offset = window(shape.offset);
        plan.params = *params;
        Ok(plan)
    }

    /// The rows of a table that satisfy conditions, in no order that was asked for.
    pub(super) fn of_conditions(
        schema: &Schema,
        id: TableId,
        conditions: Vec<Condition>,
        existing: Vec<Existing>,
        given: usize,
    ) -> Result<Self, Error> {
        let shape = QueryShape::default();
        let plan = Self::of_parts(schema, id, conditions, &shape, &mut 0)?;
        Ok(Self {
            existing,
            given,
            ..plan
        })
    }

    /// Picks the indexes for conditions and the order of a shape.
    fn of_parts(
        schema: &Schema,
        id: TableId,
        conditions: Vec<Condition>,
        shape: &QueryShape,
        params: &mut usize,
    ) -> Result<Self, Error> {
        let table = schema.table(id);
        let key: Vec<usize> = table
            .key_columns()
            .iter()
            .map(|c| usize::from(c.0))
            .collect();
        let point_of = |column: usize| {
            conditions
                .iter()
                .position(|c| c.column == column && c.is_point())
        };
        // 1.5 and 1.50 are one numeric and two texts, so such a key is found by its order.
        let hashed = |column: usize| {
            let kind = &table.columns[column].kind;
            kind.storage() != Storage::Text || is_by_bytes(kind)
        };
        let by_key = key
            .iter()
            .map(|&c| point_of(c).filter(|_| hashed(c)))
            .collect();
        let points = points(table, &conditions);
        let fixed: Vec<usize> = points.iter().map(|&i| conditions[i].column).collect();
        let order = order(table, &shape.order, &key, &fixed)?;
        let ranked = ranked(schema, table, &shape.order, &fixed, params)?;
        if conditions.len() + ranked.len() > CONDITIONS_MAX {
            return Err(too_many(table));
        }
        if shape.after && !ranked.is_empty() {
            let message = "no place in an order by rank can be given".to_owned();
            return Err(invalid(table, message).hint("page by limit and offset"));
        }
        let after = match shape.after {
            true => Some(After::new(
                table,
                &shape.order,
                &key,
                &order,
                &points,
                &conditions,
                *params,
            )?),
            false => None,
        };
        *params += after.as_ref().map_or(0, |after| after.params);
        let starts = || fixed.iter().map(|&column| OrderKey::ascending(column));
        let ordered = Spec(starts().chain(order.0.iter().copied()).collect());
        let narrows = narrows(&conditions);
        let first = order.0.first().map(|key| key.column);
        let range = range_condition(table, &conditions, &fixed, first).map(|i| {
            // What narrows another condition is part of that one when the query runs.
            let i = narrows
                .iter()
                .find(|(_, j)| *j == i)
                .map_or(i, |(first, _)| *first);
            let column = conditions[i].column;
            let then = order.0.iter().copied().filter(|key| key.column != column);
            let spec = starts()
                .chain(std::iter::once(OrderKey::ascending(column)))
                .chain(then);
            (Spec(spec.collect()), i)
        });
        Ok(Self {
            table: id,
            conditions,
            given: 0,
            existing: Vec::new(),
            joined: Vec::new(),
            narrows,
            params: *params,
            after,
            limit: None,
            offset: None,
            by_key,
            points,
            ordered,
            range,
            order,
            ranked,
            result: Vec::new(),
            places: Default::default(),
            found_by: Cell::default(),
            filters: Vec::new(),
            runs: Vec::new(),
            walked: 0,
            strategy: Strategy::None,
            examined: 0,
        })
    }

    /// The plans of other tables that it asks in turn.
    pub fn parts(&self) -> impl Iterator<Item = &Plan> {
        let existing = self.existing.iter().map(|existing| &existing.plan);
        existing.chain(self.joined.iter().map(|joined| &joined.plan))
    }

    /// Appends the tables that it asks beside its own.
    pub fn other_tables(&self, out: &mut Vec<TableId>) {
        for part in self.parts() {
            out.push(part.table);
            part.other_tables(out);
        }
    }

    /// The last row of the last result, where that has as many rows as its limit allows.
    pub fn full_page(&self, params: &[Param<'_>]) -> Option<u32> {
        // How rows are ranked is not told of a row by itself.
        if !self.ranked.is_empty() {
            return None;
        }
        let last = *self.result.last()?;
        match params.get(self.limit?) {
            Some(Param::Number(limit)) if *limit == self.result.len() as f64 => Some(last),
            Some(Param::Number(_)) if planted::is("page-with-room-is-full") => Some(last),
            _ => None,
        }
    }

    fn sought(&self) -> impl Iterator<Item = &Sought> {
        let conditions = self.conditions.iter();
        let sought = conditions.filter_map(|condition| condition.sought.as_deref());
        sought.chain(self.ranked.iter().map(|ranked| &ranked.sought))
    }

    /// What is searched, each text once.
    fn texts(&self, table: &Table) -> Vec<String> {
        let mut texts: Vec<String> = self.sought().map(|one| one.describe(table)).collect();
        texts.dedup();
        texts
    }

    /// How it was answered the last time.
    pub fn explain(&self, schema: &Schema) -> Explain {
        let table = schema.table(self.table);
        let texts = match self.strategy {
            Strategy::Text | Strategy::Ranked => self.texts(table),
            Strategy::Json => {
                let condition = &self.conditions[self.found_by.get()];
                vec![match condition.path[..] {
                    [] => condition.name.to_string(),
                    _ => format!("{} at {}", condition.name, condition.path.join(".")),
                }]
            }
            _ => Vec::new(),
        };
        let spec = match (self.strategy, &self.range) {
            (Strategy::Ordered, _) => &self.ordered.0[..],
            (Strategy::Range | Strategy::Merged, Some((spec, _))) => &spec.0[..],
            _ => &[],
        };
        let name = |key: &OrderKey| {
            let sign = if key.descending { "-" } else { "" };
            format!("{sign}{}", table.columns[key.column].name)
        };
        Explain {
            table: table.name.clone(),
            strategy: self.strategy,
            index: spec.iter().map(name).chain(texts).collect(),
            schema_index: match self.strategy {
                Strategy::Text | Strategy::Ranked => {
                    let mut sought = self.sought();
                    sought
                        .next()
                        .and_then(|one| terms_index(table, &one.columns))
                }
                Strategy::Json => json_index(table, &self.conditions[self.found_by.get()]),
                _ => schema_index(table, spec),
            },
            examined: self.examined,
            returned: self.result.len() as u32,
        }
    }
}

/// A place in the order, after which rows have to come.
#[derive(Debug)]
pub(crate) struct After {
    /// How many parameters say where it is.
    pub params: usize,
    /// For each column of the order what its value equals there.
    pub places: Vec<(OrderKey, Condition)>,
    /// The same for columns that are fixed, with the condition that fixes each.
    pub fixed: Vec<(usize, Condition)>,
}

impl After {
    /// What the columns of the order equal there.
    pub fn equals(&self) -> impl Iterator<Item = &Condition> {
        let places = self.places.iter().map(|(_, equal)| equal);
        places.chain(self.fixed.iter().map(|(_, equal)| equal))
    }

    fn new(
        table: &Table,
        asked: &[OrderShape],
        key: &[usize],
        order: &Spec,
        points: &[usize],
        conditions: &[Condition],
        first: usize,
    ) -> Result<Self, Error> {
        // The parameters do not depend on what is fixed: the client knows nothing of it.
        let whole = self::order(table, asked, key, &[])?;
        let mut after = Self {
            params: whole.0.len(),
            places: Vec::new(),
            fixed: Vec::new(),
        };
        for (i, key) in whole.0.iter().enumerate() {
            let equal = Condition::new(key.column, &table.columns[key.column], Op::Eq, first + i);
            let fixes = |&&point: &&usize| conditions[point].column == key.column;
            match points.iter().find(fixes) {
                Some(&point) => after.fixed.push((point, equal)),
                None => after.places.push((*key, equal)),
            }
        }
        debug_assert!(after.places.iter().map(|(key, _)| key).eq(&order.0));
        Ok(after)
    }
}

pub(super) fn invalid(table: &Table, message: String) -> Error {
    Error::new(ErrorCode::InvalidQuery, message).table(&table.name)
}

/// Is the order of this type's values ours to reproduce?
pub(super) fn has_order(kind: &Type) -> bool {
    match kind {
        Type::Opaque { sql } => more::has_order(sql),
        other => !matches!(other, Type::Json | Type::Jsonb | Type::Array { .. }),
    }
}

/// The order wanted: what was asked for, without columns that are fixed, then the primary key.
pub(super) fn order(
    table: &Table,
    asked: &[OrderShape],
    key: &[usize],
    fixed: &[usize],
) -> Result<Spec, Error> {
    let mut order: Vec<OrderKey> = Vec::with_capacity(asked.len() + key.len());
    for part in asked.iter().filter(|part| part.rank.is_none()) {
        let column = usize::from(table.require_column(&part.column)?.0);
        if !has_order(&table.columns[column].kind) {
            let message = format!(
                "rows can't be ordered by {}, whose type has no order here",
                part.column
            );
            return Err(invalid(table, message).column(&part.column));
        }
        let nulls_first = part.nulls_first.unwrap_or(part.descending);
        // Where no row is NULL it makes no difference, and one index serves both.
        let nulls_first = if table.columns[column].nullable {
            nulls_first
        } else {
            part.descending
        };
        if !fixed.contains(&column) && order.iter().all(|o| o.column != column) {
            order.push(OrderKey {
                column,
                descending: part.descending,
                nulls_first,
            });
        }
    }
    for &column in key {
        if !fixed.contains(&column) && order.iter().all(|o| o.column != column) {
            order.push(OrderKey::ascending(column));
        }
    }
    Ok(Spec(order))
}

/// The ranks in an order, each with the position of its parameter.
fn ranked(
    schema: &Schema,
    table: &Table,
    asked: &[OrderShape],
    fixed: &[usize],
    params: &mut usize,
) -> Result<Vec<Ranked>, Error> {
    let mut ranked = Vec::new();
    for (i, part) in asked.iter().enumerate() {
        let Some(op) = part.rank else { continue };
        if !is_of_words(op) || part.descending || part.nulls_first.is_some() {
            let message = "rows are ranked by a search or a similarity, the best first".to_owned();
            return Err(invalid(table, message).column(&part.column));
        }
        let text = part.text.as_deref().cloned().unwrap_or_default();
        ranked.push(Ranked {
            after: order(table, &asked[..i], &[], fixed)?.0.len(),
            sought: Sought::compile(schema, table, (&part.column, op), &text)?,
            op,
            param: *params,
            name: part.column.as_str().into(),
        });
        *params += 1;
    }
    Ok(ranked)
}

/// The conditions that fix a column, in the order of an index of the schema that begins with just
/// these, or else of the columns: so that many queries share an index.
fn points(table: &Table, conditions: &[Condition]) -> Vec<usize> {
    let mut points: Vec<usize> = Vec::new();
    for (i, condition) in conditions.iter().enumerate() {
        let known = |&j: &usize| conditions[j].column == condition.column;
        if condition.is_point() && !points.iter().any(known) {
            points.push(i);
        }
    }
    sort_unique(&mut points, &|&a, &b| {
        conditions[a].column.cmp(&conditions[b].column)
    });
    for columns in schema_indexes(table).map(|(_, columns)| columns) {
        let position = |i: &usize| columns.iter().position(|&c| c == conditions[*i].column);
        if columns.len() >= points.len()
            && points
                .iter()
                .all(|i| position(i).is_some_and(|p| p < points.len()))
        {
            sort_unique(&mut points, &|a, b| position(a).cmp(&position(b)));
            break;
        }
    }
    points
}

/// The condition whose column goes into the second index: one that the schema indexes after the
/// fixed columns, or else the most selective kind. An interval on the first column of the order is
/// served by the first index.
fn range_condition(
    table: &Table,
    conditions: &[Condition],
    fixed: &[usize],
    first: Option<usize>,
) -> Option<usize> {
    let rank = |condition: &Condition| {
        let kind = match condition.op {
            Op::Eq | Op::In => 0,
            Op::Between => 1,
            Op::Lt | Op::Lte | Op::Gt | Op::Gte => 2,
            Op::IsNull => 3,
            _ => return None,
        };
        let indexed = schema_indexes(table).any(|(_, columns)| {
            columns.get(fixed.len()) == Some(&condition.column)
                && columns[..fixed.len()].iter().all(|c| fixed.contains(c))
        });
        Some((!indexed, kind))
    };
    let ranked = conditions
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.is_apart() && !fixed.contains(&c.column))
        .filter(|(_, c)| c.op == Op::In || first != Some(c.column));
    ranked
        .filter_map(|(i, c)| Some((rank(c)?, i)))
        .min()
        .map(|(_, i)| i)
}

/// The schema's btree indexes over plain columns, with their columns' positions.
fn schema_indexes(table: &Table) -> impl Iterator<Item = (&str, Vec<usize>)> {
    let whole = table
        .indexes
        .iter()
        .filter(|i| i.method == "btree" && i.predicate.is_none());
    whole.filter_map(|index| {
        let column = |part: &crate::schema::IndexPart| {
            part.column
                .then(|| table.column_id(&part.expression).map(|c| usize::from(c.0)))?
        };
        Some((
            index.name.as_str(),
            index.parts.iter().map(column).collect::<Option<_>>()?,
        ))
    })
}

fn schema_index(table: &Table, spec: &[OrderKey]) -> Option<String> {
    let starts = |columns: &[usize]| {
        columns.len() <= spec.len() && columns.iter().zip(spec).all(|(&c, key)| c == key.column)
    };
    schema_indexes(table)
        .find(|(_, columns)| starts(columns))
        .map(|(name, _)| name.to_owned())
}

/// The schema's index of terms over these columns, or over what is made of them.
fn terms_index(table: &Table, columns: &[usize]) -> Option<String> {
    let names = |expression: &str, name: &str| {
        let mut words = expression.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word == name)
    };
    let mut indexes = table.indexes.iter();
    let found = indexes.find(|index| {
        let mut each = columns.iter().map(|&c| &*table.columns[c].name);
        let of_terms = matches!(&*index.method, "gin" | "gist");
        of_terms && each.all(|name| index.parts.iter().any(|part| names(&part.expression, name)))
    });
    found.map(|index| index.name.clone())
}

/// The schema's index of a jsonb that serves a condition on it: of the whole for what it contains, of what is at a
/// path for that.
fn json_index(table: &Table, condition: &Condition) -> Option<String> {
    let name = &*table.columns[condition.column].name;
    let mut indexes = table.indexes.iter();
    let found = indexes.find(|index| match condition.path[..] {
        [] => index.method == "gin" && index.parts.iter().any(|part| part.expression == name),
        ref path => index.parts.iter().any(|part| {
            let mut steps = path.iter();
            part.expression.contains(name)
                && part.expression.contains('>')
                && steps.all(|step| part.expression.contains(&format!("'{step}'")))
        }),
    });
    found.map(|index| index.name.clone())
}

/// Pairs of interval conditions on one column of numbers: `a >= ? and a < ?` is one interval.
fn narrows(conditions: &[Condition]) -> Vec<(usize, usize)> {
    let interval = |c: &Condition| {
        !c.is_apart() && matches!(c.op, Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Between)
    };
    let mut pairs = Vec::new();
    for (j, second) in conditions.iter().enumerate().filter(|(_, c)| interval(c)) {
        let first = conditions[..j]
            .iter()
            .position(|c| interval(c) && c.column == second.column);
        pairs.extend(first.map(|i| (i, j)));
    }
    pairs
}
