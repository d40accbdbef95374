//! Rows of other tables: as conditions (there is one, there is none), and beside the rows of a result.
//!
//! What a condition asks of another table is asked of it first, and stands then for the values that a
//! row's own columns have to have. Rows beside a result are found row by row, by the plan of a query on
//! their table that the columns of the relation fix.

use super::bind::one_of;
use super::conditions::Condition;
use super::filter::Filter;
use super::plan::{Plan, invalid};
use super::run::{filters, window};
use super::search::{all, find};
use super::terms::{bind_rankings, resolve};
use super::{ConditionShape, Op, Param, RelatedShape};
use crate::error::Error;
use crate::replica::{TableStore, ValueRef};
use crate::schema::{Column as Described, Schema, Storage, Table, TableId};
use crate::sort::sort_unique;
use crate::value::{self, Value, is_by_bytes};
use haversack_rows::Column;
use haversack_rows::order::compare_rows;
use std::borrow::Cow;

/// The most relations of one query, those of related rows included.
pub const RELATIONS_MAX: usize = 32;

/// A relation with its columns found.
#[derive(Clone, Debug)]
pub struct Way {
    /// The table that it leads to.
    pub table: TableId,
    /// The positions of the columns that are equal, a table's own and the other's.
    pub pairs: Vec<(usize, usize)>,
    /// What stands in a column of the one table or the other, and of which.
    pub word: Option<Word>,
}

/// What a polymorphic reference says of which table its row is.
#[derive(Clone, Debug)]
pub struct Word {
    /// Is it a column of the other table?
    pub theirs: bool,
    /// The position of the column.
    pub column: usize,
    /// What stands there, as text.
    pub text: String,
    value: Value,
}

impl Way {
    /// Finds a relation of a table by its name.
    ///
    /// # Errors
    /// `invalid_query` where there is none, or one that can't be followed here.
    fn of(schema: &Schema, table: &Table, name: &str) -> Result<Self, Error> {
        let relations = schema.relations(table);
        let Some(relation) = relations.iter().find(|relation| relation.name == name) else {
            let known: Vec<&str> = relations.iter().map(|r| &*r.name).collect();
            let hint = match known.is_empty() {
                true => "it has none to a table that syncs".to_owned(),
                false => format!("its relations are {}", known.join(", ")),
            };
            let message = format!("{} has no relation {name:?}", table.name);
            return Err(invalid(table, message).hint(&hint));
        };
        let id = schema.require_table(relation.table)?;
        let other = schema.table(id);
        let mut pairs = Vec::with_capacity(relation.pairs.len());
        for (own, theirs) in &relation.pairs {
            let (own, theirs) = (table.require_column(own)?, other.require_column(theirs)?);
            if !is_one_form(table.column(own), other.column(theirs)) {
                let message =
                    format!("{name} joins columns whose values are kept in different forms here");
                return Err(invalid(table, message));
            }
            pairs.push((usize::from(own.0), usize::from(theirs.0)));
        }
        let word = match &relation.word {
            Some(word) => {
                let of = if word.theirs { other } else { table };
                let id = of.require_column(word.column)?;
                Some(Word {
                    theirs: word.theirs,
                    column: usize::from(id.0),
                    text: word.value.to_owned(),
                    value: value::parse(&of.column(id).kind, word.value)?,
                })
            }
            None => None,
        };
        Ok(Self {
            table: id,
            pairs,
            word,
        })
    }

    fn own_word(&self) -> Option<&Word> {
        self.word.as_ref().filter(|word| !word.theirs)
    }

    fn their_word(&self) -> Option<&Word> {
        self.word.as_ref().filter(|word| word.theirs)
    }

    /// The columns of the other table that are fixed for each row, the word's last.
    fn fixed(&self) -> Vec<usize> {
        let mut fixed: Vec<usize> = self.pairs.iter().map(|(_, theirs)| *theirs).collect();
        fixed.extend(self.their_word().map(|word| word.column));
        fixed
    }

    /// Fixes the columns of the pairs for the row in a slot, by the first filters; false where it refers
    /// to nothing.
    fn fix(&self, columns: &[Column], slot: u32, filters: &mut [Filter<'_>]) -> bool {
        if let Some(word) = self.own_word()
            && columns[word.column].get(slot) != word.value.as_value_ref()
        {
            return false;
        }
        for ((own, theirs), filter) in self.pairs.iter().zip(filters) {
            let value = columns[*own].get(slot);
            if matches!(value, ValueRef::Null) {
                return false;
            }
            *filter = Filter::equal(*theirs, value).into_owned();
        }
        true
    }

    /// What rows pass that have one of these rows of the other table, or have none of them.
    fn filter(&self, columns: &[Column], slots: &[u32], found: bool) -> Filter<'static> {
        let related = match self.pairs[..] {
            [(own, theirs)] => listed(own, &columns[theirs], slots),
            _ => self.among(columns, slots),
        };
        let word = self.own_word().map(Word::filter);
        if found {
            return match word {
                Some(word) => Filter::All(vec![word, related]),
                None => related,
            };
        }
        let mut missing = Vec::with_capacity(4);
        if let Some(word) = word {
            add_opposite(word, &mut missing);
        }
        add_opposite(related, &mut missing);
        Filter::Any(missing)
    }

    fn among(&self, columns: &[Column], slots: &[u32]) -> Filter<'static> {
        let mut rows: Vec<Box<[Value]>> = Vec::with_capacity(slots.len());
        for &slot in slots {
            let theirs = self.pairs.iter().map(|(_, theirs)| &columns[*theirs]);
            let row: Vec<Value> = theirs.map(|column| column.get(slot).to_value()).collect();
            if row.iter().all(|value| !value.is_null()) {
                rows.push(row.into());
            }
        }
        sort_unique(&mut rows, &|a, b| {
            let (a, b) = (a.iter(), b.iter());
            compare_rows(a.map(Value::as_value_ref), b.map(Value::as_value_ref))
        });
        Filter::Among {
            columns: self.pairs.iter().map(|(own, _)| *own).collect(),
            rows: rows.into(),
            found: true,
        }
    }
}

impl Word {
    fn filter(&self) -> Filter<'static> {
        Filter::equal(self.column, self.value.as_value_ref()).into_owned()
    }
}

/// What passes any of these does not pass the filter, NULL included.
fn add_opposite(filter: Filter<'static>, out: &mut Vec<Filter<'static>>) {
    match (filter.column(), filter) {
        (Some(column), filter) => {
            let filter = Box::new(filter);
            out.push(Filter::IsNull { column });
            out.push(Filter::Except { column, filter });
        }
        (None, Filter::Among { columns, rows, .. }) => out.push(Filter::Among {
            columns,
            rows,
            found: false,
        }),
        (None, _) => out.push(Filter::Always),
    }
}

/// What equals one of the values of another column.
fn listed(own: usize, column: &Column, slots: &[u32]) -> Filter<'static> {
    let (mut ints, mut floats, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for &slot in slots {
        match column.get(slot) {
            ValueRef::Null => {}
            ValueRef::Int(int) => ints.push(int),
            ValueRef::Float(float) => floats.push(float),
            ValueRef::Text(text) => texts.push(Cow::Owned(text.to_owned())),
        }
    }
    one_of(own, ints, floats, texts, &|a, b| a.cmp(b))
}

/// Are equal values of these columns the same where they are kept?
fn is_one_form(a: &Described, b: &Described) -> bool {
    let by_form =
        |column: &Described| column.kind.storage() != Storage::Text || is_by_bytes(&column.kind);
    super::conditions::one_order(a, b) && by_form(a) && by_form(b)
}

/// A condition that there are rows of another table, or none.
#[derive(Debug)]
pub struct Existing {
    /// How they belong to a row.
    pub way: Way,
    /// Must there be one?
    pub found: bool,
    pub(super) plan: Plan,
}

impl Existing {
    /// What these rows satisfy beside belonging to a row.
    pub fn conditions(&self) -> &[Condition] {
        &self.plan.conditions[self.plan.given..]
    }

    /// The rows of further tables that these are asked for in turn.
    pub fn existing(&self) -> &[Existing] {
        &self.plan.existing
    }

    /// Compiles the condition whose members are read by `members`, given the table that they are of.
    pub(super) fn compile<'a>(
        schema: &'a Schema,
        table: &Table,
        shape: &ConditionShape,
        found: bool,
        members: impl FnOnce(&'a Table, &mut Vec<Existing>) -> Result<Vec<Condition>, Error>,
    ) -> Result<Self, Error> {
        let way = Way::of(schema, table, &shape.column)?;
        let other = schema.table(way.table);
        let mut existing = Vec::new();
        let given: Vec<usize> = way
            .their_word()
            .map(|word| word.column)
            .into_iter()
            .collect();
        let mut conditions = given_conditions(other, &given);
        conditions.extend(members(other, &mut existing)?);
        let plan = Plan::of_conditions(schema, way.table, conditions, existing, given.len())?;
        Ok(Self { way, found, plan })
    }

    fn filter(
        &mut self,
        tables: &mut [TableStore],
        params: &[Param<'_>],
    ) -> Result<Filter<'static>, Error> {
        let mut inner = related(&mut self.plan, tables, params)?;
        let given: Vec<Filter<'_>> = self
            .way
            .their_word()
            .map(Word::filter)
            .into_iter()
            .collect();
        let mut filters = filters(&self.plan, params, &given, &mut inner, Vec::new())?;
        let store = &mut tables[usize::from(self.way.table.0)];
        resolve(store, &mut filters);
        let slots = all(store, &self.plan, &filters);
        Ok(self.way.filter(&store.columns, &slots, self.found))
    }
}

/// Conditions that take no parameter: what they compare with is given when the plan is run.
fn given_conditions(table: &Table, columns: &[usize]) -> Vec<Condition> {
    let given = |column: &usize| Condition {
        n: 0,
        ..Condition::new(*column, &table.columns[*column], Op::Eq, 0)
    };
    columns.iter().map(given).collect()
}

/// What a plan's conditions on other tables come to now.
///
/// # Errors
/// As [`super::run`].
pub(crate) fn related(
    plan: &mut Plan,
    tables: &mut [TableStore],
    params: &[Param<'_>],
) -> Result<Vec<Filter<'static>>, Error> {
    let mut filters = Vec::with_capacity(plan.existing.len());
    for existing in &mut plan.existing {
        filters.push(existing.filter(tables, params)?);
    }
    Ok(filters)
}

/// Rows of another table beside each row of a result.
#[derive(Debug)]
pub(crate) struct Joined {
    way: Way,
    pub(super) plan: Plan,
    /// How many each row of the result has.
    counts: Vec<u32>,
    slots: Vec<u32>,
}

impl Joined {
    pub(super) fn compile(
        schema: &Schema,
        table: &Table,
        shape: &RelatedShape,
        params: &mut usize,
        relations: &mut usize,
    ) -> Result<Self, Error> {
        *relations += 1;
        if *relations > RELATIONS_MAX {
            let message = format!("a query has at most {RELATIONS_MAX} relations");
            return Err(invalid(table, message));
        }
        let way = Way::of(schema, table, &shape.relation)?;
        let other = schema.table(way.table);
        let of = &shape.query.table;
        if *of != other.name {
            let message = format!("{} leads to {}, not to {of}", shape.relation, other.name);
            return Err(invalid(table, message));
        }
        if shape.query.after {
            return Err(invalid(other, "related rows have no `after`".to_owned()));
        }
        let given = given_conditions(other, &way.fixed());
        let plan = Plan::compile_within(schema, &shape.query, given, params, relations)?;
        Ok(Self {
            way,
            plan,
            counts: Vec::new(),
            slots: Vec::new(),
        })
    }

    /// Finds them, for the rows in some slots of a table.
    fn find(
        &mut self,
        table: TableId,
        slots: &[u32],
        tables: &mut [TableStore],
        params: &[Param<'_>],
    ) -> Result<(), Error> {
        self.counts.clear();
        self.slots.clear();
        let mut inner = related(&mut self.plan, tables, params)?;
        let mut given = vec![Filter::Never; self.way.pairs.len()];
        given.extend(self.way.their_word().map(Word::filter));
        let mut filters = filters(&self.plan, params, &given, &mut inner, Vec::new())?;
        let rankings = bind_rankings(&self.plan.ranked, params)?;
        let window = window(self.plan.offset, self.plan.limit, params)?;
        let other = usize::from(self.way.table.0);
        resolve(&mut tables[other], &mut filters);
        for &slot in slots {
            let columns = &tables[usize::from(table.0)].columns;
            if !self.way.fix(columns, slot, &mut filters) {
                self.counts.push(0);
                continue;
            }
            find(
                &mut tables[other],
                &mut self.plan,
                &filters,
                &rankings,
                window,
            );
            self.counts.push(self.plan.result.len() as u32);
            self.slots.extend_from_slice(&self.plan.result);
        }
        join(
            &mut self.plan.joined,
            self.way.table,
            &self.slots,
            tables,
            params,
        )
    }

    /// Appends what was found: for each row how many, then all of their slots, then what is beside these.
    pub(crate) fn write(&self, out: &mut Vec<u32>) {
        out.extend_from_slice(&self.counts);
        out.extend_from_slice(&self.slots);
        for joined in &self.plan.joined {
            joined.write(out);
        }
    }
}

/// Finds what is beside the rows of a result.
///
/// # Errors
/// As [`super::run`].
pub(crate) fn join(
    joined: &mut [Joined],
    table: TableId,
    slots: &[u32],
    tables: &mut [TableStore],
    params: &[Param<'_>],
) -> Result<(), Error> {
    for joined in joined {
        joined.find(table, slots, tables, params)?;
    }
    Ok(())
}
