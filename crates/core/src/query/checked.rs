//! A query that is put to Postgres and not to a replica: checked against the schema by the code that checks
//! every query, so that both refuse the same.

use super::conditions::Condition;
use super::matching::given;
use super::terms::Ranked;
use super::{
    AggregateOp, Existing, Grouping, GroupingShape, Op, OrderKey, Param, Plan, QueryShape, check,
};
use crate::error::{Error, ErrorCode};
use crate::protocol::QueryParam;
use crate::schema::{Schema, Table, TableId, Type};
use crate::value::{self, Value};

/// A number that every integer is below.
const BEYOND_INTEGERS: f64 = 1e300;

/// A query with its parameters, both checked.
#[derive(Debug)]
pub struct Checked {
    plan: Plan,
    /// At most so many rows.
    pub limit: Option<usize>,
    /// Without so many of the first.
    pub offset: usize,
}

impl Checked {
    /// Checks a query against a schema.
    ///
    /// # Errors
    /// `unknown_table`, `unknown_column`, `invalid_query`, `type_mismatch`, `out_of_range`.
    pub fn new(schema: &Schema, shape: &QueryShape, params: &[Param<'_>]) -> Result<Self, Error> {
        // By all of its members: what is not put into SQL here would be asked of replicas alone.
        let QueryShape {
            table: _,
            conditions: _,
            order: _,
            after: _,
            with,
            limit: _,
            offset: _,
        } = shape;
        if !with.is_empty() {
            let message = "related rows are not fetched: fetch them by a query of their own";
            return Err(Error::new(ErrorCode::InvalidQuery, message).table(&shape.table));
        }
        let plan = Plan::compile(schema, shape)?;
        let (offset, limit) = check(&plan, params)?;
        Ok(Self {
            plan,
            limit,
            offset,
        })
    }

    /// The table that it asks.
    pub fn table(&self) -> TableId {
        self.plan.table
    }

    /// What its rows satisfy, all of it.
    pub fn conditions(&self) -> &[Condition] {
        &self.plan.conditions
    }

    /// What its conditions ask of other tables.
    pub fn existing(&self) -> &[Existing] {
        &self.plan.existing
    }

    /// The ranks in the order.
    pub fn ranked(&self) -> &[Ranked] {
        &self.plan.ranked
    }

    /// The place in the order that rows come after, column by column; none where any may come.
    pub fn after(&self) -> Option<&[Place]> {
        let after = self.plan.after.as_ref()?;
        Some(&after.places)
    }

    /// What they are ordered by, each column once, those of the primary key at the end; but for columns of
    /// which a condition leaves one value.
    pub fn order(&self) -> &[OrderKey] {
        &self.plan.order.0
    }
}

/// Groups of rows with the parameters of their question, both checked.
#[derive(Debug)]
pub struct CheckedGroups {
    grouping: Grouping,
    /// At most so many groups.
    pub limit: Option<usize>,
    /// Without so many of the first.
    pub offset: usize,
}

impl CheckedGroups {
    /// Checks a grouping against a schema.
    ///
    /// # Errors
    /// As [`Checked::new`].
    pub fn new(
        schema: &Schema,
        shape: &GroupingShape,
        params: &[Param<'_>],
    ) -> Result<Self, Error> {
        let grouping = Grouping::compile(schema, shape)?;
        let (offset, limit) = grouping.check(params)?;
        Ok(Self {
            grouping,
            limit,
            offset,
        })
    }

    /// The table whose rows are grouped.
    pub fn table(&self) -> TableId {
        self.grouping.rows.table
    }

    /// What its rows satisfy to count, all of it.
    pub fn conditions(&self) -> &[Condition] {
        &self.grouping.rows.conditions
    }

    /// What these conditions ask of other tables.
    pub fn existing(&self) -> &[Existing] {
        &self.grouping.rows.existing
    }

    /// The positions of the columns grouped by.
    pub fn keys(&self) -> &[usize] {
        &self.grouping.keys
    }

    /// What is made of each group, and of which column.
    pub fn values(&self) -> &[(AggregateOp, Option<usize>)] {
        &self.grouping.values
    }

    /// What groups have: the columns grouped by, then the values.
    pub fn made(&self) -> &Table {
        &self.grouping.made
    }

    /// What groups satisfy, all of it, by the columns that they have.
    pub fn having(&self) -> &[Condition] {
        &self.grouping.having
    }

    /// What groups are ordered by, of the columns that they have; those grouped by are at the end.
    pub fn order(&self) -> &[OrderKey] {
        &self.grouping.order.0
    }
}

/// A column of the order, and what rows equal in it that are at the place which others come after.
pub type Place = (OrderKey, Condition);

/// What a condition of containment or keys compares with, as Postgres writes it: an array is given as JSON.
///
/// # Errors
/// `type_mismatch` for a text that is none for this operator.
pub fn constant(op: Op, kind: &Type, text: &str) -> Result<String, Error> {
    let (given, value) = given(op, kind, text)?;
    Ok(value::to_text(&given, &value).unwrap_or_default())
}

/// The parameters of groups, as [`on_the_wire`].
pub(crate) fn groups_on_the_wire(grouping: &Grouping, params: &[Param<'_>]) -> Vec<QueryParam> {
    carried(params, |at| {
        of_condition(grouping.having.iter(), at).or_else(|| kind_of(&grouping.rows, at))
    })
}

/// Parameters as the wire carries them: JSON has no infinite numbers.
pub(crate) fn on_the_wire(plan: &Plan, params: &[Param<'_>]) -> Vec<QueryParam> {
    carried(params, |at| kind_of(plan, at))
}

fn carried<'a>(
    params: &[Param<'_>],
    kind_of: impl Fn(usize) -> Option<&'a Type>,
) -> Vec<QueryParam> {
    let wire = |(at, param): (usize, &Param<'_>)| match *param {
        Param::Null => QueryParam::Null,
        Param::Text(text) => QueryParam::Text(text.to_owned()),
        Param::Number(number) if number.is_finite() => QueryParam::Number(number),
        Param::Number(number) => endless(kind_of(at), number),
    };
    params.iter().enumerate().map(wire).collect()
}

/// A number that is not finite, of a column of this type.
fn endless(kind: Option<&Type>, number: f64) -> QueryParam {
    match kind {
        // Not a number is above all of them, too.
        Some(Type::Int2 | Type::Int4 | Type::Int8) => QueryParam::Number(match number {
            f64::NEG_INFINITY => -BEYOND_INTEGERS,
            _ => BEYOND_INTEGERS,
        }),
        _ => {
            let text = value::to_text(&Type::Float8, &Value::Float(number));
            QueryParam::Text(text.unwrap_or_default())
        }
    }
}

/// The type of the column that a parameter is compared with.
fn kind_of(plan: &Plan, at: usize) -> Option<&Type> {
    let places = plan.after.iter().flat_map(|after| after.equals());
    of_condition(plan.conditions.iter().chain(places), at)
        .or_else(|| plan.parts().find_map(|part| kind_of(part, at)))
}

fn of_condition<'a>(
    conditions: impl Iterator<Item = &'a Condition>,
    at: usize,
) -> Option<&'a Type> {
    let mut all: Vec<&Condition> = conditions.collect();
    while let Some(condition) = all.pop() {
        if (condition.param..condition.param + condition.n).contains(&at) {
            return Some(&condition.kind);
        }
        all.extend(&condition.members);
    }
    None
}
