//! What applications ask again whenever rows change: queries and groupings, drawn by the rows at hand.
//!
//! Knows the schema only by what it says of itself. Pages are short and values few, so that pages are full,
//! and rows come into a result and leave it.

use crate::rows::Rows;
use haversack_core::protocol::Text;
use haversack_core::query::{
    AggregateOp, AggregateShape, ConditionShape, GroupingShape, Op, OrderShape, Param, QueryShape,
    RelatedShape,
};
use haversack_core::schema::{Column, Schema, Table, TableId, Type};
use rand::Rng;
use rand::rngs::SmallRng;
use std::fmt::{Display, Formatter};

/// The most rows of a page, and the most that are skipped before one.
const PAGE_MAX: u32 = 4;
/// Values that no row has are drawn from so many.
const FEW: u32 = 12;

/// What sort of question it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The first rows in an order.
    Page,
    /// Rows of an order after a place in it, or after the first.
    Further,
    /// The rows that satisfy conditions.
    Filtered,
    /// Rows by what there is in another table, or with that beside them.
    Related,
    /// What groups of rows come to.
    Grouped,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Page,
        Self::Further,
        Self::Filtered,
        Self::Related,
        Self::Grouped,
    ];
}

/// A question's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Of rows.
    Rows(QueryShape),
    /// Of groups of rows.
    Groups(GroupingShape),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Given {
    Value(Text),
    Count(u32),
}

/// A question with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub shape: Shape,
    given: Vec<Given>,
}

impl Question {
    /// All rows of a table.
    pub fn all(table: &Table) -> Self {
        let shape = QueryShape {
            table: table.name.clone(),
            ..QueryShape::default()
        };
        Self {
            shape: Shape::Rows(shape),
            given: Vec::new(),
        }
    }

    /// Draws one; `rows` are those at hand.
    pub fn draw(sort: Sort, schema: &Schema, rows: &Rows, rng: &mut SmallRng) -> Self {
        let mut drawing = Drawing {
            schema,
            rows,
            rng,
            given: Vec::new(),
        };
        let shape = match sort {
            Sort::Page => Shape::Rows(drawing.page(false)),
            Sort::Further => Shape::Rows(drawing.page(true)),
            Sort::Filtered => Shape::Rows(drawing.filtered()),
            Sort::Related => Shape::Rows(drawing.related()),
            Sort::Grouped => Shape::Groups(drawing.groups()),
        };
        let given = drawing.given;
        Self { shape, given }
    }

    /// Its parameters.
    pub fn params(&self) -> Vec<Param<'_>> {
        let params = self.given.iter().map(|given| match given {
            Given::Value(None) => Param::Null,
            Given::Value(Some(text)) => Param::Text(text),
            Given::Count(count) => Param::Number(f64::from(*count)),
        });
        params.collect()
    }
}

impl Display for Question {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let shape = match &self.shape {
            Shape::Rows(shape) => serde_json::to_string(shape),
            Shape::Groups(shape) => serde_json::to_string(shape),
        };
        f.write_str(&shape.map_err(|_| std::fmt::Error)?)?;
        let given = self.given.iter().map(|given| match given {
            Given::Value(text) => text.clone().unwrap_or_else(|| "null".to_owned()),
            Given::Count(count) => count.to_string(),
        });
        let given: Vec<String> = given.collect();
        write!(f, " of ({})", given.join(", "))
    }
}

struct Drawing<'a> {
    schema: &'a Schema,
    rows: &'a Rows,
    rng: &'a mut SmallRng,
    /// In the order in which the shape takes them.
    given: Vec<Given>,
}

impl<'a> Drawing<'a> {
    fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn one_of<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.below(some.len())]
    }

    fn count(&mut self, from: u32) -> bool {
        let count = self.rng.random_range(from..=PAGE_MAX);
        self.given.push(Given::Count(count));
        true
    }

    fn table(&mut self) -> TableId {
        TableId(self.below(self.schema.tables.len()) as u16)
    }

    fn page(&mut self, further: bool) -> QueryShape {
        let id = self.table();
        let conditions = if self.one_in(2) {
            self.conditions(id)
        } else {
            Vec::new()
        };
        let order = self.order(id);
        // A row's place is no good among rows that it is none of.
        let after = further && conditions.is_empty() && self.place(id, &order);
        QueryShape {
            conditions,
            order,
            after,
            limit: self.count(1),
            offset: further && !after && self.count(1),
            ..self.of(id)
        }
    }

    /// The place of a row in an order; false where there is no row.
    fn place(&mut self, id: TableId, order: &[OrderShape]) -> bool {
        let (table, rows) = (self.schema.table(id), &self.rows.0[usize::from(id.0)]);
        if rows.is_empty() {
            return false;
        }
        let row = rows.values().nth(self.below(rows.len()));
        let parts = order.iter().map(|part| &part.column);
        let mut columns: Vec<&String> = Vec::new();
        for name in parts.chain(&table.primary_key) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        for name in columns {
            let column = table.column_id(name).map(|c| usize::from(c.0));
            let value = row.zip(column).and_then(|(row, at)| row[at].clone());
            self.given.push(Given::Value(value));
        }
        true
    }

    fn filtered(&mut self) -> QueryShape {
        let id = self.table();
        QueryShape {
            conditions: self.conditions(id),
            order: self.order(id),
            ..self.of(id)
        }
    }

    fn related(&mut self) -> QueryShape {
        let id = self.table();
        let schema = self.schema;
        let relations = schema.relations(schema.table(id));
        let known = relations.iter().filter_map(|relation| {
            let other = schema.table_id(relation.table)?;
            Some((relation.name.clone(), other))
        });
        let known: Vec<(String, TableId)> = known.collect();
        if known.is_empty() {
            return self.page(false);
        }
        let (relation, other) = known[self.below(known.len())].clone();
        let (mut with, mut conditions) = (Vec::new(), Vec::new());
        if self.one_in(2) {
            let query = self.beside(other);
            with.push(RelatedShape { relation, query });
        } else {
            if self.one_in(3) {
                conditions.push(head(Op::Not, 1));
            }
            let n = self.below(2);
            conditions.push(ConditionShape {
                column: relation,
                ..head(Op::Exists, n)
            });
            for _ in 0..n {
                self.leaf(other, &mut conditions);
            }
        }
        QueryShape {
            with,
            ..self.perhaps_a_page(id, conditions)
        }
    }

    /// What is wanted beside each row.
    fn beside(&mut self, id: TableId) -> QueryShape {
        let mut conditions = Vec::new();
        if self.one_in(3) {
            self.leaf(id, &mut conditions);
        }
        self.perhaps_a_page(id, conditions)
    }

    fn perhaps_a_page(&mut self, id: TableId, conditions: Vec<ConditionShape>) -> QueryShape {
        QueryShape {
            conditions,
            order: self.order(id),
            limit: self.one_in(2) && self.count(1),
            ..self.of(id)
        }
    }

    fn groups(&mut self) -> GroupingShape {
        let id = self.table();
        let table = self.schema.table(id);
        let conditions = if self.one_in(3) {
            self.conditions(id)
        } else {
            Vec::new()
        };
        let by = self.below(3);
        let by = self.ordered(id, by).into_iter();
        let mut by: Vec<String> = by.map(|column| column.name.clone()).collect();
        by.dedup();
        let count = AggregateShape {
            name: "rows".to_owned(),
            ..AggregateShape::default()
        };
        let mut values = vec![count];
        for at in 0..self.below(3) {
            let column = &table.columns[self.below(table.columns.len())];
            values.push(AggregateShape {
                name: format!("made {at}"),
                op: self.one_of(aggregates(&column.kind)),
                column: Some(column.name.clone()),
            });
        }
        let having = if self.one_in(3) {
            self.count(1);
            vec![ConditionShape {
                column: "rows".to_owned(),
                ..head(self.one_of(&[Op::Gte, Op::Lt]), 0)
            }]
        } else {
            Vec::new()
        };
        let order = OrderShape {
            column: "rows".to_owned(),
            descending: true,
            ..OrderShape::default()
        };
        GroupingShape {
            table: table.name.clone(),
            conditions,
            by,
            values,
            having,
            order: if self.one_in(2) { vec![order] } else { vec![] },
            limit: self.one_in(3) && self.count(1),
            offset: false,
        }
    }

    fn of(&self, id: TableId) -> QueryShape {
        QueryShape {
            table: self.schema.table(id).name.clone(),
            ..QueryShape::default()
        }
    }

    /// So many columns that have an order.
    fn ordered(&mut self, id: TableId, n: usize) -> Vec<&'a Column> {
        let columns = self.schema.table(id).columns.iter();
        let fit = |column: &&Column| {
            !matches!(column.kind, Type::Json | Type::Jsonb | Type::Array { .. })
        };
        let fit: Vec<&Column> = columns.filter(fit).collect();
        (0..n).map(|_| self.one_of(&fit)).collect()
    }

    fn order(&mut self, id: TableId) -> Vec<OrderShape> {
        let n = self.below(3);
        let columns = self.ordered(id, n);
        let part = |column: &Column| OrderShape {
            column: column.name.clone(),
            descending: self.one_in(2),
            ..OrderShape::default()
        };
        columns.into_iter().map(part).collect()
    }

    fn conditions(&mut self, id: TableId) -> Vec<ConditionShape> {
        let mut conditions = Vec::new();
        match self.below(6) {
            0 => {
                conditions.push(head(Op::Or, 2));
                self.leaf(id, &mut conditions);
            }
            1 => conditions.push(head(Op::Not, 1)),
            2 => self.leaf(id, &mut conditions),
            _ => {}
        }
        self.leaf(id, &mut conditions);
        conditions
    }

    /// A condition on a column, of those that change.
    fn leaf(&mut self, id: TableId, out: &mut Vec<ConditionShape>) {
        let table = self.schema.table(id);
        let columns = table.columns.iter().enumerate();
        let fit: Vec<(usize, &Column)> = columns.filter(|(_, c)| !c.identity).collect();
        let (at, column) = self.one_of(&fit);
        let nulls = column.nullable && self.one_in(4);
        let op = match column.kind {
            _ if nulls => Op::IsNull,
            Type::Json => Op::NotNull,
            Type::Jsonb => Op::HasKey,
            Type::Array { .. } => Op::Overlaps,
            Type::Text | Type::Varchar { .. } if self.one_in(3) => Op::StartsWith,
            _ => self.one_of(&[Op::Eq, Op::Ne, Op::Lt, Op::Lte, Op::Gt, Op::Gte, Op::In]),
        };
        let n = match op {
            Op::IsNull | Op::NotNull => 0,
            Op::In => self.rng.random_range(1..4),
            _ => 1,
        };
        for _ in 0..n {
            let value = self.value(id, at, column, op);
            self.given.push(Given::Value(value));
        }
        out.push(ConditionShape {
            column: column.name.clone(),
            ..head(op, if op == Op::In { n } else { 0 })
        });
    }

    /// A value to compare a column with: one that a row has, or another.
    fn value(&mut self, id: TableId, at: usize, column: &Column, op: Op) -> Text {
        let few = self.rng.random_range(0..FEW);
        match op {
            Op::HasKey => return Some(format!("k{}", few / 2)),
            Op::Overlaps => return Some(format!("[\"{}\"]", few / 2)),
            // As values that are written once begin, and those that meet others.
            Op::StartsWith if self.one_in(2) => return Some(format!("v{}", few / 2)),
            Op::StartsWith => return Some("w1".to_owned()),
            _ => {}
        }
        let rows = &self.rows.0[usize::from(id.0)];
        if !rows.is_empty() && self.one_in(2) {
            let row = rows.values().nth(self.below(rows.len()))?;
            return row[at].clone();
        }
        match column.kind {
            Type::Bool => Some((few % 2 == 0).to_string()),
            Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric { .. } => Some(few.to_string()),
            Type::Float4 | Type::Float8 => Some(few.to_string()),
            Type::Date => Some(format!("2026-03-{:02}", 2 * few + 1)),
            Type::Text | Type::Varchar { .. } | Type::Char { .. } => Some(format!("v{}", 8 * few)),
            _ => None,
        }
    }
}

/// A group, or a comparison without its column.
fn head(op: Op, n: usize) -> ConditionShape {
    ConditionShape {
        op,
        n,
        ..ConditionShape::default()
    }
}

/// What can be made of many values of a type.
fn aggregates(kind: &Type) -> &'static [AggregateOp] {
    use AggregateOp as A;
    match kind {
        Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric { .. } => {
            &[A::Count, A::Sum, A::Avg, A::Min, A::Max, A::Array]
        }
        Type::Float4 | Type::Float8 => &[A::Count, A::Sum, A::Avg, A::Min, A::Max, A::Array],
        Type::Text | Type::Varchar { .. } | Type::Date => &[A::Count, A::Min, A::Max, A::Array],
        _ => &[A::Count],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haversack_core::replica::Replica;
    use rand::SeedableRng;
    use std::sync::Arc;

    #[test]
    fn whatever_is_drawn_can_be_asked() {
        let schema = Arc::new(crate::schema());
        let mut replica = Replica::new(schema.clone());
        let rows = Rows::none(&schema);
        for seed in 0..500 {
            let mut rng = SmallRng::seed_from_u64(seed);
            for sort in Sort::ALL {
                let question = Question::draw(sort, &schema, &rows, &mut rng);
                let params = question.params();
                let asked = match &question.shape {
                    Shape::Rows(shape) => replica
                        .compile(shape)
                        .and_then(|plan| replica.run(plan, &params).map(drop)),
                    Shape::Groups(shape) => replica
                        .compile_grouping(shape)
                        .and_then(|plan| replica.run_grouping(plan, &params).map(drop)),
                };
                assert_eq!(asked, Ok(()), "seed {seed}: {question}");
            }
        }
    }
}
