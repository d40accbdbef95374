//! Random queries, and their answers by filtering and sorting all rows.

use crate::fixture::{self, WireRow};
use crate::naive::{Rows, column};
use haversack_core::query::{ConditionShape, Op, OrderShape, Param, QueryShape};
use haversack_core::schema::Schema;
use haversack_core::value::{self, Value};
use proptest::prelude::*;
use std::cmp::Ordering;

#[derive(Clone, Debug)]
pub struct Query {
    pub shape: QueryShape,
    /// Per condition, its values as text or null.
    pub values: Vec<Vec<Option<String>>>,
    pub limit: usize,
    pub offset: usize,
}

impl Query {
    /// The parameters, numbers as numbers where the column is one.
    pub fn params(&self) -> Vec<Param<'_>> {
        let mut params = Vec::new();
        for (condition, values) in self.shape.conditions.iter().zip(&self.values) {
            let number = matches!(&*condition.column, "id" | "rank" | "score" | "price");
            params.extend(values.iter().map(|value| match value {
                None => Param::Null,
                Some(text) if number && text != "NaN" => {
                    Param::Number(text.parse().expect("a number"))
                }
                Some(text) => Param::Text(text),
            }));
        }
        if self.shape.limit {
            params.push(Param::Number(self.limit as f64));
        }
        if self.shape.offset {
            params.push(Param::Number(self.offset as f64));
        }
        params
    }
}

pub fn any_query() -> impl Strategy<Value = Query> {
    let conditions = proptest::collection::vec(any_condition(), 0..4);
    let order = proptest::collection::vec(any_order(), 0..3);
    let window = (any::<bool>(), any::<bool>(), 0..30usize, 0..10usize);
    (conditions, order, window).prop_map(|(conditions, order, (limited, skips, limit, offset))| {
        let (conditions, values) = conditions.into_iter().unzip();
        let shape = QueryShape {
            table: "things".into(),
            conditions,
            order,
            limit: limited,
            offset: skips,
        };
        Query {
            shape,
            values,
            limit,
            offset,
        }
    })
}

fn any_order() -> impl Strategy<Value = OrderShape> {
    let columns = [
        "id", "name", "rank", "state", "made", "score", "price", "exact",
    ];
    let column = proptest::sample::select(columns.to_vec());
    (column, any::<bool>(), any::<Option<bool>>()).prop_map(|(column, descending, nulls_first)| {
        OrderShape {
            column: column.into(),
            descending,
            nulls_first,
        }
    })
}

/// One user's rows of some values, by page: the way to answer depends on what the parameters leave.
pub fn any_paged_query() -> impl Strategy<Value = Query> {
    let order = proptest::collection::vec(any_order(), 1..3);
    order.prop_flat_map(|order| {
        let first = order[0].column.clone();
        let of_user = (
            ConditionShape {
                column: "owner".into(),
                op: Op::Eq,
                n: 0,
            },
            vec![Some("7".to_owned())],
        );
        let bound = proptest::option::of(any_condition_on(&first, &INTERVALS));
        let columns = ["rank", "name", "state", "score", "price", "exact"];
        let some = proptest::sample::select(columns.to_vec());
        let some = prop_oneof![
            4 => some.prop_flat_map(|column| any_condition_on(column, &INTERVALS)),
            1 => any_condition_on(&first, &[Op::In]),
            1 => few_ids(),
        ];
        let more = proptest::option::weighted(0.2, any_condition());
        let others = (some, more).prop_map(|(some, more)| [some].into_iter().chain(more));
        let window = (proptest::bool::weighted(0.8), any::<bool>());
        let rows = (1..40usize, 0..30usize);
        (bound, others, window, rows).prop_map(
            move |(bound, others, (limited, skips), (limit, offset))| {
                let conditions = [of_user.clone()].into_iter().chain(others).chain(bound);
                let (conditions, values) = conditions.unzip();
                let shape = QueryShape {
                    table: "things".into(),
                    conditions,
                    order: order.clone(),
                    limit: limited,
                    offset: skips,
                };
                Query {
                    shape,
                    values,
                    limit,
                    offset,
                }
            },
        )
    })
}

/// A condition that leaves a few rows of as many values.
fn few_ids() -> impl Strategy<Value = (ConditionShape, Vec<Option<String>>)> {
    (2000..9000i32, 0..200i32).prop_map(|(low, width)| {
        let condition = ConditionShape {
            column: "id".into(),
            op: Op::Between,
            n: 0,
        };
        let values = [low, low + width].map(|id| Some(id.to_string()));
        (condition, values.to_vec())
    })
}

const OPS: [Op; 11] = [
    Op::Eq,
    Op::Eq,
    Op::Ne,
    Op::Lt,
    Op::Lte,
    Op::Gt,
    Op::Gte,
    Op::Between,
    Op::In,
    Op::IsNull,
    Op::NotNull,
];
/// What an index of the column can leave few rows of.
const INTERVALS: [Op; 8] = [
    Op::Lt,
    Op::Lte,
    Op::Gt,
    Op::Gte,
    Op::Between,
    Op::In,
    Op::In,
    Op::IsNull,
];

/// Values to compare a column with; some lie between what it can hold.
fn values_of(column: &str) -> BoxedStrategy<String> {
    let texts: &'static [&'static str] = match column {
        "id" => return (0..400i32).prop_map(|id| id.to_string()).boxed(),
        "owner" => &["7", "8", "9"],
        "name" => &fixture::NAMES,
        "rank" => &["-1", "0", "2", "3.5", "5", "1e300", "-1e300"],
        "state" => &["open", "done", "late", "never"],
        "made" => &fixture::TIMES,
        "score" => &["-1.5", "0", "1", "2.25", "NaN", "1e9"],
        "price" => &["-1.5", "0", "1.501", "-0.001", "10", "NaN", "1e30"],
        _ => &fixture::EXACTS,
    };
    proptest::sample::select(texts)
        .prop_map(str::to_owned)
        .boxed()
}

fn any_condition() -> impl Strategy<Value = (ConditionShape, Vec<Option<String>>)> {
    let columns = [
        "id", "owner", "name", "rank", "state", "made", "score", "price", "exact",
    ];
    proptest::strategy::Union::new(columns.map(|c| any_condition_on(c, &OPS)))
}

fn any_condition_on(
    column: &str,
    ops: &[Op],
) -> BoxedStrategy<(ConditionShape, Vec<Option<String>>)> {
    let value = proptest::option::weighted(0.95, values_of(column));
    let values = proptest::collection::vec(value, 4);
    let column = column.to_owned();
    (proptest::sample::select(ops.to_vec()), 0..4usize, values)
        .prop_map(move |(op, n, mut values)| {
            let taken = match op {
                Op::IsNull | Op::NotNull => 0,
                Op::Between => 2,
                Op::In => n,
                Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte => 1,
            };
            values.truncate(taken);
            let column = column.clone();
            let n = if op == Op::In { n } else { 0 };
            (ConditionShape { column, op, n }, values)
        })
        .boxed()
}

/// The ids of the rows, in order, and their number without limit and offset.
pub fn answer(schema: &Schema, rows: &Rows, query: &Query) -> (Vec<i64>, usize) {
    let mut found: Vec<(i64, &WireRow)> = rows
        .iter()
        .filter(|(_, row)| {
            let mut conditions = query.shape.conditions.iter().zip(&query.values);
            conditions.all(|(condition, values)| passes(schema, row, condition, values))
        })
        .map(|(id, row)| (*id, row))
        .collect();
    found.sort_by(|(id_a, a), (id_b, b)| {
        for part in &query.shape.order {
            let order = compare(schema, part, a, b);
            if order != Ordering::Equal {
                return order;
            }
        }
        id_a.cmp(id_b)
    });
    let count = found.len();
    let offset = if query.shape.offset { query.offset } else { 0 };
    let limit = if query.shape.limit {
        query.limit
    } else {
        usize::MAX
    };
    let page = found.into_iter().skip(offset).take(limit);
    (page.map(|(id, _)| id).collect(), count)
}

fn parse(schema: &Schema, i: usize, text: &str) -> Value {
    value::parse(&schema.tables[0].columns[i].kind, text).expect("a value of the column")
}

fn compare(schema: &Schema, part: &OrderShape, a: &WireRow, b: &WireRow) -> Ordering {
    let i = column(&part.column);
    let nulls_first = part.nulls_first.unwrap_or(part.descending);
    match (&a[i], &b[i]) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) if nulls_first => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) if nulls_first => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => {
            let kind = &schema.tables[0].columns[i].kind;
            let order = value::compare(kind, &parse(schema, i, a), &parse(schema, i, b));
            if part.descending {
                order.reverse()
            } else {
                order
            }
        }
    }
}

/// Where a row's value stands to a value of a condition, by plain arithmetic for numbers.
fn stand(schema: &Schema, column_name: &str, row: &str, given: &str) -> Ordering {
    let i = column(column_name);
    match column_name {
        "id" | "owner" | "rank" | "score" | "price" => {
            let (a, b): (f64, f64) = (row.parse().expect("number"), given.parse().expect("number"));
            a.partial_cmp(&b)
                .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        }
        _ => {
            let kind = &schema.tables[0].columns[i].kind;
            value::compare(kind, &parse(schema, i, row), &parse(schema, i, given))
        }
    }
}

fn passes(
    schema: &Schema,
    row: &WireRow,
    condition: &ConditionShape,
    values: &[Option<String>],
) -> bool {
    let value = &row[column(&condition.column)];
    match condition.op {
        Op::IsNull => return value.is_none(),
        Op::NotNull => return value.is_some(),
        _ => {}
    }
    let Some(value) = value else { return false };
    let stands = |given: &Option<String>| {
        given
            .as_ref()
            .map(|given| stand(schema, &condition.column, value, given))
    };
    if condition.op == Op::In {
        return values
            .iter()
            .any(|given| stands(given) == Some(Ordering::Equal));
    }
    let Some(first) = stands(&values[0]) else {
        return false;
    };
    match condition.op {
        Op::Eq => first.is_eq(),
        Op::Ne => first.is_ne(),
        Op::Lt => first.is_lt(),
        Op::Lte => first.is_le(),
        Op::Gt => first.is_gt(),
        Op::Gte => first.is_ge(),
        Op::Between => first.is_ge() && stands(&values[1]).is_some_and(Ordering::is_le),
        Op::In | Op::IsNull | Op::NotNull => unreachable!("answered above"),
    }
}
