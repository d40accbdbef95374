//! Conditions on what is within JSON, and their answers by reading every row's document: what the indexes of
//! values tell has to be that, however the rows have changed since they were made.

use crate::fixture::{change_notes, column, perhaps_not, replica_of_notes};
use haversack_core::query::{ConditionShape, Op, OrderShape, Param, QueryShape, Strategy};
use haversack_core::replica::{Replica, Watched};
use haversack_core::schema::{TableId, Type};
use proptest::prelude::Rng;
use proptest::test_runner::TestRng;
use serde_json::{Value as Json, json};

/// How values are written: some are equal, and written differently.
const SCALARS: [&str; 11] = [
    "0",
    "0.0",
    "1",
    "1.0",
    "1.50",
    "1.5",
    "\"a\"",
    "\"1\"",
    "true",
    "null",
    "\"a.b\\\"0\"",
];
/// Some of them as only a client would write them.
const WRITTEN: [&str; 4] = ["-0", "1e0", "15e-1", "\"\\u0061\""];
/// Parts with members of one name, of which the last counts, and deeper ones.
const PARTS: [&str; 3] = [
    r#"{"a": 1, "a": "a"}"#,
    r#"{"b": {"a": true, "a": 1}}"#,
    r#"{"a": [], "b": 0}"#,
];
const PATHS: [&[&str]; 4] = [&["a"], &["a", "b"], &["b", "0"], &["b"]];

pub struct World {
    replica: Replica,
    /// By key: the document.
    rows: Vec<Option<Option<String>>>,
    rng: TestRng,
    /// How often something was found, live queries were spared, and an index of values was used.
    pub seen: [usize; 3],
}

/// What is asked of the documents.
#[derive(Clone, Debug)]
struct Asked {
    op: Op,
    path: Vec<String>,
    /// Of `contains` one, of `in` several.
    values: Vec<String>,
}

impl World {
    pub fn new(rng: TestRng) -> Self {
        let mut world = Self {
            replica: replica_of_notes(vec![column("doc", Type::Jsonb, true)]),
            rows: vec![None; 40],
            rng,
            seen: [0; 3],
        };
        world.change(true);
        world
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.next_u32() as usize % n
    }

    fn scalar(&mut self) -> String {
        SCALARS[self.below(SCALARS.len())].to_owned()
    }

    /// A document of few names and values, not deeper than `depth`.
    fn document(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 1 } else { 4 }) {
            0 => self.scalar(),
            1 => {
                let items: Vec<String> = (0..self.below(3))
                    .map(|_| self.document(depth - 1))
                    .collect();
                format!("[{}]", items.join(", "))
            }
            _ => {
                let names = ["a", "b"].into_iter();
                let members: Vec<String> = names
                    .filter_map(|name| {
                        let is_there = self.below(3) > 0;
                        is_there.then(|| format!("\"{name}\": {}", self.document(depth - 1)))
                    })
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }

    /// Some rows come, go or change: a few as by a write, or all as by a snapshot.
    fn change(&mut self, all: bool) {
        for key in 0..self.rows.len() {
            if all || self.below(8) == 0 {
                self.rows[key] = match self.below(8) {
                    0 | 1 => None,
                    2 => Some(None),
                    _ => Some(Some(self.document(3))),
                };
            }
        }
        let rows = self.rows.iter().map(|row| Some(vec![row.clone()?]));
        change_notes(&mut self.replica, all, rows);
    }

    fn asked(&mut self) -> Asked {
        let op = [Op::Eq, Op::In, Op::Contains][self.below(3)];
        let path = match op {
            Op::Contains => Vec::new(),
            _ => PATHS[self.below(PATHS.len())]
                .iter()
                .map(|s| (*s).to_owned())
                .collect(),
        };
        let count = if op == Op::In { self.below(4) } else { 1 };
        let values = (0..count).map(|_| match self.below(4) {
            0 if op == Op::Contains => PARTS[self.below(PARTS.len())].to_owned(),
            0 => WRITTEN[self.below(WRITTEN.len())].to_owned(),
            _ => self.document(if op == Op::Contains { 2 } else { 1 }),
        });
        Asked {
            op,
            path,
            values: values.collect(),
        }
    }

    /// Asks a random question, and compares; then changes rows, and compares what was spared.
    pub fn step(&mut self) {
        let asked = self.asked();
        let negated = self.below(4) == 0;
        let condition = ConditionShape {
            column: "doc".into(),
            op: asked.op,
            n: if asked.op == Op::In {
                asked.values.len()
            } else {
                0
            },
            path: asked.path.clone(),
            ..ConditionShape::default()
        };
        let conditions = perhaps_not(negated, condition);
        let descending = self.below(2) == 0;
        let shape = QueryShape {
            table: "notes".into(),
            conditions,
            order: vec![OrderShape {
                column: "id".into(),
                descending,
                ..OrderShape::default()
            }],
            ..QueryShape::default()
        };
        let params: Vec<Param<'_>> = asked.values.iter().map(|v| Param::Text(v)).collect();
        let plan = self.replica.compile(&shape).expect("a plan");
        let shown = format!("{}\n{params:?}", json!(shape));
        let mut expected = self.expected(&asked, negated);
        if descending {
            expected.reverse();
        }
        self.seen[0] += usize::from(!expected.is_empty());
        let count = self.replica.count(plan, &params).expect("a count");
        assert_eq!(count as usize, expected.len(), "{shown}\n{:?}", self.rows);
        // The more often it is asked, the sooner it has an index.
        for _ in 0..=self.below(4) {
            let found = self.run(plan, &params);
            assert_eq!(found, expected, "{shown}\n{:?}", self.rows);
        }

        let explained = self.replica.explain(plan);
        self.seen[2] += usize::from(explained.strategy == Strategy::Json);

        let watched = Watched::Rows(plan);
        let watch = self.replica.watch(None, watched, &params).expect("a watch");
        self.replica.take_dirty(&mut Vec::new());
        self.replica.take_concerned();
        let all = self.below(16) == 0;
        self.change(all);
        self.replica.take_dirty(&mut Vec::new());
        if !self.replica.take_concerned().contains(&watch) {
            self.seen[1] += 1;
            let mut now = self.expected(&asked, negated);
            if descending {
                now.reverse();
            }
            assert_eq!(now, expected, "it was spared: {shown}");
        }
        self.replica.unwatch(watch);
    }

    fn run(&mut self, plan: haversack_core::query::PlanId, params: &[Param<'_>]) -> Vec<usize> {
        let slots = self.replica.run(plan, params).expect("an answer").to_vec();
        let key = |slot| match self.replica.key(TableId(0), slot).values()[..] {
            [haversack_core::value::Value::Int(key)] => key as usize,
            _ => panic!("no key"),
        };
        slots.into_iter().map(key).collect()
    }

    fn expected(&self, asked: &Asked, negated: bool) -> Vec<usize> {
        let rows = self.rows.iter().enumerate();
        let rows = rows.filter_map(|(key, row)| Some((key, row.as_ref()?.as_deref())));
        let passes = rows.filter(|(_, doc)| passes(asked, *doc) == Some(!negated));
        passes.map(|(key, _)| key).collect()
    }
}

/// As SQL has it: none is unknown.
fn passes(asked: &Asked, doc: Option<&str>) -> Option<bool> {
    let read = |text: &str| -> Json { serde_json::from_str(text).expect("JSON") };
    if asked.op == Op::In && asked.values.is_empty() {
        return Some(false);
    }
    let doc = read(doc?);
    if asked.op == Op::Contains {
        let wanted = read(&asked.values[0]);
        let in_array = |items: &Vec<Json>| items.iter().any(|item| equal(item, &wanted));
        return Some(match &doc {
            // An array contains a scalar, but only at the top.
            Json::Array(items) if !wanted.is_object() && !wanted.is_array() => in_array(items),
            _ => contains(&doc, &wanted),
        });
    }
    let mut found = &doc;
    for step in &asked.path {
        found = match found {
            Json::Object(members) => members.get(step)?,
            Json::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(asked.values.iter().any(|value| equal(found, &read(value))))
}

fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            let same = |(name, value)| b.get(name).is_some_and(|other| equal(value, other));
            a.len() == b.len() && a.iter().all(same)
        }
        (a, b) => a == b,
    }
}

/// `@>` below the top.
fn contains(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            let mut members = b.iter();
            members.all(|(name, value)| a.get(name).is_some_and(|own| contains(own, value)))
        }
        (Json::Array(a), Json::Array(b)) => b.iter().all(|value| match value {
            Json::Array(_) | Json::Object(_) => a.iter().any(|own| contains(own, value)),
            scalar => a.iter().any(|own| equal(own, scalar)),
        }),
        (Json::Array(_) | Json::Object(_), _) | (_, Json::Array(_) | Json::Object(_)) => false,
        (a, b) => equal(a, b),
    }
}
