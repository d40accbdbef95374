//! Searches by words and by similarity, and their answers by reading every row's text: what the indexes of
//! texts tell has to be that, however the rows have changed since they were made.

use crate::fixture::{change_notes, column, perhaps_not, replica_of_notes};
use haversack_core::query::{ConditionShape, Op, OrderShape, Param, QueryShape, Syntax, TextShape};
use haversack_core::replica::{Replica, Watched};
use haversack_core::schema::{TableId, Type};
use haversack_text::{Config, Ctype, Query, Trigrams, Vector, WEIGHTS, matches, rank};
use proptest::prelude::Rng;
use proptest::test_runner::TestRng;
use serde_json::json;
use std::cmp::Ordering;

const WORDS: [&str; 12] = [
    "rat", "rats", "the", "fat", "fatter", "cat-fish", "é", "wi-fi", "Cat", "12", "a.bc/d",
    "rating",
];
const TEXTS: [&str; 3] = ["title", "body", "words"];

/// A row: title, body, words, n.
type Row = [Option<String>; 4];

pub struct World {
    replica: Replica,
    /// By key.
    rows: Vec<Option<Row>>,
    rng: TestRng,
    config: Config,
    /// How often something was found, and live queries were spared.
    pub seen: [usize; 2],
}

/// What is looked for.
#[derive(Clone, Debug)]
struct Sought {
    column: usize,
    with: Vec<usize>,
    op: Op,
    syntax: Syntax,
    simple: bool,
    text: String,
    threshold: Option<f64>,
}

impl World {
    pub fn new(rng: TestRng) -> Self {
        let tsvector = Type::Opaque {
            sql: "tsvector".into(),
        };
        let mut world = Self {
            replica: replica_of_notes(vec![
                column("title", Type::Text, true),
                column("body", Type::Varchar { length: None }, true),
                column("words", tsvector, true),
                column("n", Type::Int4, true),
            ]),
            rows: vec![None; 40],
            rng,
            config: Config::named("english", 15, Ctype::Unicode).expect("known"),
            seen: [0; 2],
        };
        world.change(true);
        world
    }

    fn below(&mut self, n: u32) -> u32 {
        self.rng.next_u32() % n
    }

    fn text(&mut self, words: u32) -> String {
        let count = self.below(words);
        let each = (0..count).map(|_| WORDS[self.below(WORDS.len() as u32) as usize]);
        each.collect::<Vec<_>>().join(" ")
    }

    fn row(&mut self) -> Row {
        let mut row = [None, None, None, None];
        for (i, value) in row.iter_mut().enumerate() {
            if self.below(6) == 0 {
                continue;
            }
            let text = self.text(6);
            *value = Some(match i {
                2 => Vector::of(&self.config, &text).expect("short").to_string(),
                3 => self.below(5).to_string(),
                _ => text,
            });
        }
        row
    }

    /// Some rows come, go or change: a few as by a write, or all as by a snapshot.
    fn change(&mut self, all: bool) {
        for key in 0..self.rows.len() {
            if all || self.below(8) == 0 {
                self.rows[key] = match self.below(3) {
                    0 => None,
                    _ => Some(self.row()),
                };
            }
        }
        let rows = self.rows.iter().map(|row| Some(row.clone()?.to_vec()));
        change_notes(&mut self.replica, all, rows);
    }

    fn sought(&mut self) -> Sought {
        let op = [Op::Search, Op::Search, Op::Similar, Op::WordSimilar][self.below(4) as usize];
        let column = self.below(if op == Op::Search { 3 } else { 2 }) as usize;
        let with = match (op, column) {
            (Op::Search, 0) if self.below(2) == 0 => vec![1],
            _ => vec![],
        };
        use Syntax::{Operators, Phrase, Plain, Web};
        let syntax = [Web, Plain, Phrase, Operators][self.below(4) as usize];
        let words = self.text(4);
        let text = match (op, syntax) {
            (Op::Search, Operators) => {
                let between = ["&", "|", "<->", "& !"][self.below(4) as usize];
                let names: Vec<&str> = words.split(' ').filter(|w| !w.is_empty()).collect();
                let tail = if self.below(2) == 0 { ":*" } else { "" };
                names
                    .iter()
                    .map(|name| format!("'{name}'{tail}"))
                    .collect::<Vec<_>>()
                    .join(between)
            }
            (Op::Search, Web) if self.below(3) == 0 => format!("{words} -fat"),
            _ => words,
        };
        let simple = self.below(3) == 0;
        let threshold = (self.below(2) == 0).then(|| f64::from(self.below(5)) / 4.0);
        Sought {
            column,
            with,
            op,
            syntax,
            simple,
            text,
            threshold,
        }
    }

    /// Asks a random question, and compares; then changes rows, and compares what was spared.
    pub fn step(&mut self) {
        let sought = self.sought();
        let negated = self.below(5) == 0;
        let ranked = (self.below(2) == 0).then(|| self.sought());
        let (limit, offset) = (self.below(3) == 0, self.below(3) == 0);
        let condition = ConditionShape {
            column: TEXTS[sought.column].into(),
            op: sought.op,
            text: sought.shape(),
            ..ConditionShape::default()
        };
        let conditions = perhaps_not(negated, condition);
        let by_n = OrderShape {
            column: "n".into(),
            ..OrderShape::default()
        };
        let by_rank = ranked.as_ref().map(|ranked| OrderShape {
            column: TEXTS[ranked.column].into(),
            rank: Some(ranked.op),
            text: ranked.shape(),
            ..OrderShape::default()
        });
        let first = self.below(2) == 0;
        let mut order: Vec<OrderShape> = by_rank.into_iter().collect();
        order.insert(if first { 0 } else { order.len() }, by_n);
        let shape = QueryShape {
            table: "notes".into(),
            conditions,
            order,
            limit,
            offset,
            ..QueryShape::default()
        };
        let mut params = vec![Param::Text(&sought.text)];
        if sought.op != Op::Search {
            params.push(sought.threshold.map_or(Param::Null, Param::Number));
        }
        params.extend(ranked.iter().map(|ranked| Param::Text(&ranked.text)));
        let (most, skipped) = (self.below(8) as usize, self.below(4) as usize);
        params.extend(limit.then_some(Param::Number(most as f64)));
        params.extend(offset.then_some(Param::Number(skipped as f64)));
        let plan = self.replica.compile(&shape).expect("a plan");
        let shown = format!("{}\n{params:?}", json!(shape));

        let expected = self.expected(&sought, negated, ranked.as_ref(), first);
        self.seen[0] += usize::from(!expected.is_empty());
        let count = self.replica.count(plan, &params).expect("a count");
        assert_eq!(count as usize, expected.len(), "{shown}\n{:?}", self.rows);
        let page = |all: Vec<usize>| -> Vec<usize> {
            let all = all.into_iter().skip(if offset { skipped } else { 0 });
            all.take(if limit { most } else { usize::MAX }).collect()
        };
        let expected = page(expected);
        assert_eq!(
            self.run(plan, &params),
            expected,
            "{shown}\n{:?}",
            self.rows
        );

        let watched = Watched::Rows(plan);
        let watch = self.replica.watch(None, watched, &params).expect("a watch");
        self.replica.take_dirty(&mut Vec::new());
        self.replica.take_concerned();
        let all = self.below(6) == 0;
        self.change(all);
        self.replica.take_dirty(&mut Vec::new());
        if !self.replica.take_concerned().contains(&watch) {
            self.seen[1] += 1;
            let now = page(self.expected(&sought, negated, ranked.as_ref(), first));
            assert_eq!(now, expected, "it was spared: {shown}");
        }
        self.replica.unwatch(watch);
    }

    fn run(&mut self, plan: haversack_core::query::PlanId, params: &[Param<'_>]) -> Vec<usize> {
        let slots = self.replica.run(plan, params).expect("an answer").to_vec();
        let key = |slot| {
            let key = self.replica.key(TableId(0), slot);
            match key.values()[..] {
                [haversack_core::value::Value::Int(key)] => key as usize,
                _ => panic!("no key: {key:?}"),
            }
        };
        slots.into_iter().map(key).collect()
    }

    fn expected(
        &self,
        sought: &Sought,
        negated: bool,
        ranked: Option<&Sought>,
        n_first: bool,
    ) -> Vec<usize> {
        let rows = self.rows.iter().enumerate();
        let rows = rows.filter_map(|(key, row)| Some((key, row.as_ref()?)));
        let mut found: Vec<(usize, Option<f32>, Option<u32>)> = rows
            .filter(|(_, row)| self.passes(sought, row) == Some(!negated))
            .map(|(key, row)| {
                let rank = ranked.map_or(Some(0.0), |ranked| self.score(ranked, row));
                let n = row[3].as_ref().map(|n| n.parse().expect("a number"));
                (key, rank, n)
            })
            .collect();
        found.sort_by(|a, b| {
            let last = |n: Option<u32>| n.unwrap_or(u32::MAX);
            let by_n = last(a.2).cmp(&last(b.2));
            let rank = |rank: Option<f32>| rank.unwrap_or(-1.0);
            let by_rank = rank(b.1).partial_cmp(&rank(a.1)).unwrap_or(Ordering::Equal);
            let order = if n_first {
                by_n.then(by_rank)
            } else {
                by_rank.then(by_n)
            };
            order.then(a.0.cmp(&b.0))
        });
        found.into_iter().map(|(key, ..)| key).collect()
    }

    fn config(&self, sought: &Sought) -> Config {
        let name = if sought.simple { "simple" } else { "english" };
        Config::named(name, 15, Ctype::Unicode).expect("known")
    }

    fn vector(&self, sought: &Sought, row: &Row) -> Option<Vector> {
        let config = self.config(sought);
        if sought.column == 2 {
            return Some(Vector::parse(&config, row[2].as_ref()?).expect("a vector"));
        }
        let text = match sought.with[..] {
            [] => row[sought.column].clone()?,
            _ => {
                let each = [sought.column]
                    .into_iter()
                    .chain(sought.with.iter().copied());
                let each: Vec<String> = each.map(|c| row[c].clone().unwrap_or_default()).collect();
                each.join(" ")
            }
        };
        Some(Vector::of(&config, &text).expect("short"))
    }

    fn query(&self, sought: &Sought) -> Query {
        let config = self.config(sought);
        let read = match sought.syntax {
            Syntax::Web => Query::websearch(&config, &sought.text),
            Syntax::Plain => Query::plain(&config, &sought.text),
            Syntax::Phrase => Query::phrase(&config, &sought.text),
            Syntax::Operators => Query::operators(&config, &sought.text),
        };
        read.expect("a query")
    }

    fn similarity(&self, sought: &Sought, row: &Row) -> Option<f32> {
        let own = Trigrams::of(Ctype::Unicode, row[sought.column].as_ref()?);
        let text = Trigrams::of(Ctype::Unicode, &sought.text);
        Some(match sought.op {
            Op::Similar => own.similarity(&text),
            _ => text.word_similarity(&own),
        })
    }

    fn passes(&self, sought: &Sought, row: &Row) -> Option<bool> {
        if sought.op == Op::Search {
            return Some(matches(&self.vector(sought, row)?, &self.query(sought)));
        }
        let usual = if sought.op == Op::Similar { 0.3 } else { 0.6 };
        let least = sought.threshold.unwrap_or(usual);
        Some(f64::from(self.similarity(sought, row)?) >= least)
    }

    fn score(&self, sought: &Sought, row: &Row) -> Option<f32> {
        match sought.op {
            Op::Search => {
                let vector = self.vector(sought, row)?;
                Some(rank(&WEIGHTS, &vector, &self.query(sought), 0))
            }
            _ => self.similarity(sought, row),
        }
    }
}

impl Sought {
    fn shape(&self) -> Option<Box<TextShape>> {
        let with = self.with.iter().map(|&column| TEXTS[column].to_owned());
        (self.op == Op::Search).then(|| {
            Box::new(TextShape {
                with: with.collect(),
                config: if self.simple { "simple" } else { "" }.into(),
                syntax: self.syntax,
            })
        })
    }
}
