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
    /// Per condition or group, its values as text or null.
    pub values: Vec<Vec<Option<String>>>,
    pub limit: usize,
    pub offset: usize,
}

impl Query {
    /// The parameters, numbers as numbers where the column is one.
    pub fn params(&self) -> Vec<Param<'_>> {
        self.params_after(&[])
    }

    /// The same, and `place` between the values of the conditions and the window.
    pub fn params_after<'a>(&'a self, place: &'a [Option<String>]) -> Vec<Param<'a>> {
        let mut params = Vec::new();
        for (condition, values) in self.shape.conditions.iter().zip(&self.values) {
            let texts = matches!(condition.op, Op::Like | Op::StartsWith);
            let number = !texts && matches!(&*condition.column, "id" | "rank" | "score" | "price");
            params.extend(values.iter().map(|value| match value {
                None => Param::Null,
                Some(text) if number && text != "NaN" => {
                    Param::Number(text.parse().expect("a number"))
                }
                Some(text) => Param::Text(text),
            }));
        }
        params.extend(place.iter().map(|value| match value {
            None => Param::Null,
            Some(text) => Param::Text(text),
        }));
        if self.shape.limit {
            params.push(Param::Number(self.limit as f64));
        }
        if self.shape.offset {
            params.push(Param::Number(self.offset as f64));
        }
        params
    }

    /// What a row has in the columns of the whole order, each once.
    pub fn place(&self, row: &WireRow) -> Vec<Option<String>> {
        let mut columns: Vec<&str> = Vec::new();
        for name in self
            .shape
            .order
            .iter()
            .map(|part| &*part.column)
            .chain(["id"])
        {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        columns
            .iter()
            .map(|name| row[column(name)].clone())
            .collect()
    }
}

/// Conditions and groups in a row, each with its values.
type Listed = Vec<(ConditionShape, Vec<Option<String>>)>;

/// A condition, or a group of some, to some depth.
fn any_tree() -> impl Strategy<Value = Listed> {
    let leaf = prop_oneof![
        4 => any_condition(),
        2 => any_pattern(),
        1 => any_beside(),
    ];
    let leaf = leaf.prop_map(|condition| vec![condition]);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let members = proptest::collection::vec(inner.clone(), 0..4);
        let op = proptest::sample::select(vec![Op::And, Op::Or, Op::Or]);
        let group = (op, members).prop_map(|(op, members)| {
            let n = members.len();
            let head = ConditionShape {
                op,
                n,
                ..ConditionShape::default()
            };
            [vec![(head, vec![])], members.concat()].concat()
        });
        let not = inner.prop_map(|member| {
            let head = ConditionShape {
                op: Op::Not,
                n: 1,
                ..ConditionShape::default()
            };
            [vec![(head, vec![])], member].concat()
        });
        prop_oneof![2 => group, 1 => not]
    })
}

/// A text beside a pattern.
fn any_pattern() -> impl Strategy<Value = (ConditionShape, Vec<Option<String>>)> {
    let patterns = [
        "", "a", "a%", "%b", "_b", "%a_", "%", "open", "%e%", "\\a%", "%\"_%",
    ];
    let pattern = proptest::sample::select(patterns.to_vec()).prop_map(str::to_owned);
    (
        proptest::sample::select(vec!["name", "state"]),
        proptest::sample::select(vec![Op::Like, Op::StartsWith]),
        proptest::option::weighted(0.95, pattern),
    )
        .prop_map(|(column, op, pattern)| {
            let shape = ConditionShape {
                column: column.into(),
                op,
                ..ConditionShape::default()
            };
            (shape, vec![pattern])
        })
}

/// A column beside another of its form.
fn any_beside() -> impl Strategy<Value = (ConditionShape, Vec<Option<String>>)> {
    let pairs = vec![
        ("rank", "id"),
        ("owner", "rank"),
        ("name", "state"),
        ("score", "score"),
        ("exact", "exact"),
    ];
    let ops = vec![Op::Eq, Op::Ne, Op::Lt, Op::Lte, Op::Gt, Op::Gte];
    let picked = (
        proptest::sample::select(pairs),
        proptest::sample::select(ops),
    );
    picked.prop_map(|((column, other), op)| {
        let shape = ConditionShape {
            column: column.into(),
            op,
            other: Some(other.into()),
            ..ConditionShape::default()
        };
        (shape, vec![])
    })
}

pub fn any_query() -> impl Strategy<Value = Query> {
    let conditions = proptest::collection::vec(any_tree(), 0..4).prop_map(|trees| trees.concat());
    let order = proptest::collection::vec(any_order(), 0..3);
    let window = (any::<bool>(), any::<bool>(), 0..30usize, 0..10usize);
    (conditions, order, window).prop_map(|(conditions, order, (limited, skips, limit, offset))| {
        let (conditions, values) = conditions.into_iter().unzip();
        let shape = QueryShape {
            table: "things".into(),
            conditions,
            order,
            after: false,
            with: vec![],
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
            ..OrderShape::default()
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
                ..ConditionShape::default()
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
                    after: false,
                    with: vec![],
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
            ..ConditionShape::default()
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
                _ => 1,
            };
            values.truncate(taken);
            let column = column.clone();
            let n = if op == Op::In { n } else { 0 };
            let shape = ConditionShape {
                column,
                op,
                n,
                ..ConditionShape::default()
            };
            (shape, values)
        })
        .boxed()
}

/// The rows that meet the conditions, in order, with their ids.
pub fn ordered<'a>(schema: &Schema, rows: &'a Rows, query: &Query) -> Vec<(i64, &'a WireRow)> {
    let mut found: Vec<(i64, &WireRow)> = rows
        .iter()
        .filter(|(_, row)| {
            let mut left = query.shape.conditions.iter().zip(&query.values);
            let mut whole = true;
            while left.len() > 0 {
                whole &= truth(schema, row, &mut left) == Some(true);
            }
            whole
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
    found
}

/// The ids of those of these rows that limit and offset leave.
pub fn page(query: &Query, found: &[(i64, &WireRow)]) -> Vec<i64> {
    let offset = if query.shape.offset { query.offset } else { 0 };
    let limit = if query.shape.limit {
        query.limit
    } else {
        usize::MAX
    };
    let page = found.iter().skip(offset).take(limit);
    page.map(|(id, _)| *id).collect()
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

/// SQL's AND; its OR is the same of what is not.
fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// The truth of the next condition or group, as SQL has it: NULL is neither.
fn truth<'a>(
    schema: &Schema,
    row: &WireRow,
    left: &mut impl Iterator<Item = (&'a ConditionShape, &'a Vec<Option<String>>)>,
) -> Option<bool> {
    let (condition, values) = left.next().expect("a whole group");
    let mut members = |negate: bool| {
        let mut all = Some(true);
        for _ in 0..condition.n {
            all = both(all, truth(schema, row, left).map(|truth| truth != negate));
        }
        all.map(|all| all != negate)
    };
    match condition.op {
        Op::And => members(false),
        Op::Or => members(true),
        Op::Not => truth(schema, row, left).map(|truth| !truth),
        _ => comparison(schema, row, condition, values),
    }
}

/// `%` and `_` by trying everything.
fn matches(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|at| matches(&text[at..], rest)),
        ['_', rest @ ..] => !text.is_empty() && matches(&text[1..], rest),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            text.first() == Some(literal) && matches(&text[1..], rest)
        }
    }
}

fn comparison(
    schema: &Schema,
    row: &WireRow,
    condition: &ConditionShape,
    values: &[Option<String>],
) -> Option<bool> {
    let value = &row[column(&condition.column)];
    match condition.op {
        Op::IsNull => return Some(value.is_none()),
        Op::NotNull => return Some(value.is_some()),
        // Of no value at all, nothing is one, NULL not either.
        Op::In if values.is_empty() => return Some(false),
        _ => {}
    }
    let value = value.as_ref()?;
    let stands = |given: &Option<String>| {
        let given = given.as_ref()?;
        Some(stand(schema, &condition.column, value, given))
    };
    let within =
        |given: &Option<String>, order: [Ordering; 2]| Some(order.contains(&stands(given)?));
    let other = condition
        .other
        .as_ref()
        .map(|other| row[column(other)].clone());
    let first = other
        .as_ref()
        .or(values.first())
        .expect("a value to compare with");
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    use Ordering::{Equal, Greater, Less};
    match condition.op {
        Op::In => {
            let mut none = Some(true);
            for given in values {
                let one = within(given, [Equal, Equal]);
                none = both(none, one.map(|one| !one));
            }
            none.map(|none| !none)
        }
        Op::Between => both(
            within(first, [Greater, Equal]),
            within(&values[1], [Less, Equal]),
        ),
        Op::Eq => within(first, [Equal, Equal]),
        Op::Ne => within(first, [Less, Greater]),
        Op::Lt => within(first, [Less, Less]),
        Op::Lte => within(first, [Less, Equal]),
        Op::Gt => within(first, [Greater, Greater]),
        Op::Gte => within(first, [Greater, Equal]),
        Op::Like => Some(matches(&chars(value), &chars(first.as_ref()?))),
        Op::StartsWith => Some(value.starts_with(first.as_ref()?)),
        _ => unreachable!("no query here asks that"),
    }
}
