//! Questions that span tables, and their answers by looking at all rows of all tables.

use crate::fixture::column;
use haversack_core::query::{
    ConditionShape, Op, OrderShape, Param, PlanId, QueryShape, RelatedShape,
};
use haversack_core::replica::{Replica, WatchId, Watched};
use haversack_core::schema::{
    ColumnId, ForeignKey, Identity, Limits, Polymorphic, Relation, Schema, Table, TableId, Type,
};
use haversack_core::value;
use proptest::prelude::Rng;
use proptest::test_runner::TestRng;
use serde_json::{Value as Json, json};
use std::cmp::Ordering;
use std::sync::Arc;

/// Rows by table, their values as text.
type Rows = Vec<Vec<Vec<Option<String>>>>;

fn table(name: &str, columns: &[(&str, Type)], key: &[&str], keys: &[Key<'_>]) -> Table {
    let described = |(name, kind): &(&str, Type)| column(name, kind.clone(), !key.contains(name));
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let foreign_key = |(columns, references, referenced): &Key<'_>| ForeignKey {
        name: format!("{name}_{}", columns.join("_")),
        columns: owned(columns),
        references: (*references).into(),
        referenced_columns: owned(referenced),
        ..ForeignKey::default()
    };
    Table {
        name: name.into(),
        columns: columns.iter().map(described).collect(),
        primary_key: owned(key),
        primary_key_name: format!("{name}_pkey"),
        foreign_keys: keys.iter().map(foreign_key).collect(),
        ..Table::default()
    }
}

/// A foreign key: its columns, the table that it refers to and the columns there.
type Key<'a> = (&'a [&'a str], &'a str, &'a [&'a str]);

/// Keys of integers, texts and floats, of one column and several, to the table itself, and references
/// of which a word says the table.
pub fn schema() -> Arc<Schema> {
    use Type::{Float8, Int4, Int8, Text};
    let price = Type::Numeric {
        precision: Some(6),
        scale: Some(2),
    };
    let folders = [("owner", Int8), ("id", Int4), ("code", Text), ("n", Int4)];
    let notes = [
        ("id", Int4),
        ("owner", Int8),
        ("folder_id", Int4),
        ("author_id", Int4),
        ("code", Text),
        ("price", price.clone()),
        ("n", Int4),
    ];
    let people = [
        ("id", Int4),
        ("boss_id", Int4),
        ("n", Int4),
        ("weight", Float8),
    ];
    let tags = [
        ("id", Int4),
        ("kind", Text),
        ("tagged_id", Int4),
        ("n", Int4),
    ];
    let mut tags = table("tags", &tags, &["id"], &[]);
    let mut reference = Polymorphic {
        column: "tagged_id".into(),
        by: "kind".into(),
        ..Polymorphic::default()
    };
    for (word, table) in [("note", "notes"), ("person", "people")] {
        reference.tables.insert(word, table.to_owned());
    }
    tags.polymorphic = vec![reference];
    let tables = vec![
        table("codes", &[("code", Text), ("n", Int4)], &["code"], &[]),
        table(
            "folders",
            &folders,
            &["owner", "id"],
            &[(&["code"], "codes", &["code"])],
        ),
        table(
            "notes",
            &notes,
            &["id"],
            &[
                (&["owner", "folder_id"], "folders", &["owner", "id"]),
                (&["author_id"], "people", &["id"]),
                (&["code"], "codes", &["code"]),
                (&["price"], "prices", &["price"]),
            ],
        ),
        table(
            "people",
            &people,
            &["id"],
            &[
                (&["boss_id"], "people", &["id"]),
                (&["weight"], "weights", &["weight"]),
            ],
        ),
        table("prices", &[("price", price), ("n", Int4)], &["price"], &[]),
        tags,
        table(
            "weights",
            &[("weight", Float8), ("n", Int4)],
            &["weight"],
            &[],
        ),
    ];
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.user".into(),
    };
    Arc::new(Schema::new(15, identity, Limits::default(), tables, vec![]).expect("a good schema"))
}

pub struct World {
    schema: Arc<Schema>,
    rows: Rows,
    replica: Replica,
    rng: TestRng,
    /// How many conditions on other tables there were, rows beside others, and live queries spared.
    pub seen: [usize; 3],
}

impl World {
    pub fn new(rng: TestRng) -> Self {
        let schema = schema();
        let mut world = Self {
            replica: Replica::new(schema.clone()),
            rows: vec![Vec::new(); schema.tables.len()],
            schema,
            rng,
            seen: [0; 3],
        };
        world.fill(12);
        world
    }

    fn below(&mut self, n: u32) -> u32 {
        self.rng.next_u32() % n
    }

    fn value(&mut self, table: usize, column: usize) -> Option<String> {
        let described = &self.schema.tables[table].columns[column];
        let (name, nullable) = (described.name.clone(), described.nullable);
        if nullable && self.below(5) == 0 {
            return None;
        }
        let n = self.below(8);
        Some(match &*name {
            "kind" => ["note", "person", "nothing"][n as usize % 3].to_owned(),
            "code" => ["", "a", "b", "ä"][n as usize % 4].to_owned(),
            "price" => format!("{}.{}0", n % 3, n % 2),
            "weight" => ["0", "-1.5", "NaN", "Infinity"][n as usize % 4].to_owned(),
            "owner" => (1 + n % 2).to_string(),
            _ => n.to_string(),
        })
    }

    /// Some tables get other rows, all in one patch.
    fn fill(&mut self, rows: u32) {
        let mut changed = Vec::new();
        for table in 0..self.rows.len() {
            if self.below(3) == 0 && !self.rows[table].is_empty() {
                continue;
            }
            let mut made: Vec<Vec<Option<String>>> = Vec::new();
            for _ in 0..self.below(rows) {
                let columns = self.schema.tables[table].columns.len();
                let row: Vec<_> = (0..columns).map(|c| self.value(table, c)).collect();
                let key = self.key(table, &row);
                if made.iter().all(|other| self.key(table, other) != key) {
                    made.push(row);
                }
            }
            self.rows[table] = made;
            changed.push(table);
        }
        let mut staged = self.replica.stage();
        let head = json!({ "line": "head", "protocol": 1, "epoch": "e", "fingerprint": "f",
            "user": "1", "verdicts": [], "snapshot": true });
        staged.line(&head.to_string()).expect("a head");
        for (table, rows) in self.schema.tables.iter().zip(&self.rows) {
            let line = json!({ "line": "rows", "table": table.name, "rows": rows });
            staged.line(&line.to_string()).expect("rows");
        }
        staged
            .line("{\"line\":\"end\",\"cursor\":\"c\"}")
            .expect("an end");
        self.replica.apply_patch(staged);
    }

    fn key(&self, table: usize, row: &[Option<String>]) -> Vec<Option<String>> {
        let key = self.schema.tables[table].key_columns();
        key.iter().map(|c| row[usize::from(c.0)].clone()).collect()
    }

    /// Asks a random question, and compares; then changes rows, and compares what was spared.
    pub fn step(&mut self) {
        let table = self.below(self.schema.tables.len() as u32) as usize;
        let mut params = Vec::new();
        let shape = self.query(table, 2, &mut params);
        let shown = format!("{}\n{params:?}", json!(shape));
        let plan = self
            .replica
            .compile(&shape)
            .unwrap_or_else(|e| panic!("{e}: {shown}"));
        let params: Vec<Param<'_>> = params.iter().map(|n| Param::Number(*n)).collect();
        let found = self.run(plan, &shape, &params);
        let expected = self.expected(&shape, &mut params.iter().copied());
        assert_eq!(found, expected, "{shown}\n{}", self.shown());
        let count = self.replica.count(plan, &params).expect("a count");
        let unlimited = QueryShape {
            limit: false,
            offset: false,
            with: Vec::new(),
            ..shape.clone()
        };
        let all = self.expected(&unlimited, &mut params.iter().copied());
        assert_eq!(
            count as usize,
            all.as_array().expect("rows").len(),
            "{shown}\n{}",
            self.shown()
        );

        let watch = self
            .replica
            .watch(None, Watched::Rows(plan), &params)
            .expect("a watch");
        self.replica.take_dirty(&mut Vec::new());
        self.replica.take_concerned();
        self.fill(12);
        self.replica.take_dirty(&mut Vec::new());
        let concerned: Vec<WatchId> = self.replica.take_concerned();
        if !concerned.contains(&watch) {
            self.seen[2] += 1;
            let now = self.run(plan, &shape, &params);
            assert_eq!(now, found, "it was spared: {shown}\n{}", self.shown());
        }
        self.replica.unwatch(watch);
    }

    fn shown(&self) -> String {
        let each = self.schema.tables.iter().zip(&self.rows);
        each.map(|(table, rows)| format!("{}: {}\n", table.name, json!(rows)))
            .collect()
    }

    fn query(&mut self, table: usize, depth: u32, params: &mut Vec<f64>) -> QueryShape {
        let schema = self.schema.clone();
        let described = &schema.tables[table];
        let mut conditions = Vec::new();
        for _ in 0..self.below(3) {
            self.condition(described, 3, &mut conditions, params);
        }
        let mut with = Vec::new();
        let relations = schema.relations(described);
        for _ in 0..if depth == 0 { 0 } else { self.below(3) } {
            let relation = &relations[self.below(relations.len() as u32) as usize];
            let id = schema.table_id(relation.table).expect("a table");
            with.push(RelatedShape {
                relation: relation.name.clone(),
                query: self.query(usize::from(id.0), depth - 1, params),
            });
            self.seen[1] += 1;
        }
        let mut window = |wanted: bool, n: u32| {
            if wanted {
                params.push(f64::from(n));
            }
            wanted
        };
        let (limit, offset) = (self.below(3) == 0, self.below(4) == 0);
        let (most, skipped) = (self.below(5), self.below(3));
        let limit = window(limit, most);
        let offset = window(offset, skipped);
        let order = OrderShape {
            column: "n".into(),
            descending: self.below(2) == 0,
            ..OrderShape::default()
        };
        QueryShape {
            table: described.name.clone(),
            conditions,
            order: if self.below(2) == 0 {
                vec![order]
            } else {
                vec![]
            },
            after: false,
            with,
            limit,
            offset,
        }
    }

    fn condition(
        &mut self,
        table: &Table,
        depth: u32,
        out: &mut Vec<ConditionShape>,
        params: &mut Vec<f64>,
    ) {
        let head = |op: Op, n: usize, column: &str| ConditionShape {
            op,
            n,
            column: column.into(),
            ..ConditionShape::default()
        };
        match if depth == 0 { 0 } else { self.below(5) } {
            0 => {
                out.push(head(Op::Gte, 0, "n"));
                params.push(f64::from(self.below(8)));
            }
            1 => {
                out.push(head(Op::Not, 1, ""));
                self.condition(table, depth - 1, out, params);
            }
            2 => {
                let op = if self.below(2) == 0 { Op::And } else { Op::Or };
                out.push(head(op, 2, ""));
                self.condition(table, depth - 1, out, params);
                self.condition(table, depth - 1, out, params);
            }
            _ => {
                let schema = self.schema.clone();
                let relations = schema.relations(table);
                let relation = &relations[self.below(relations.len() as u32) as usize];
                let n = self.below(3);
                out.push(head(Op::Exists, n as usize, &relation.name));
                self.seen[0] += 1;
                let id = schema.table_id(relation.table).expect("a table");
                for _ in 0..n {
                    self.condition(schema.table(id), depth - 1, out, params);
                }
            }
        }
    }

    /// A result as JSON: each row's key, and what is beside it.
    fn run(&mut self, plan: PlanId, shape: &QueryShape, params: &[Param<'_>]) -> Json {
        let slots = self.replica.run(plan, params).expect("an answer").to_vec();
        let words = self.replica.joined(plan);
        let mut rest = &words[..];
        let table = self.schema.table_id(&shape.table).expect("a table");
        let rows = self.beside(shape, table.0, &slots, &mut rest);
        assert!(rest.is_empty(), "all is read");
        Json::Array(rows)
    }

    fn beside(
        &self,
        shape: &QueryShape,
        table: u16,
        slots: &[u32],
        rest: &mut &[u32],
    ) -> Vec<Json> {
        let id = TableId(table);
        let described = self.schema.table(id);
        let text = |slot: u32, column: ColumnId| {
            let value = self.replica.value(id, slot, column).to_value();
            value::to_text(&described.column(column).kind, &value)
        };
        let key = |slot: &u32| -> Vec<Option<String>> {
            let columns = described.key_columns().into_iter();
            columns.map(|column| text(*slot, column)).collect()
        };
        let mut rows: Vec<Json> = slots
            .iter()
            .map(|slot| json!({ "key": key(slot) }))
            .collect();
        for (i, related) in shape.with.iter().enumerate() {
            let counts = take(rest, slots.len());
            let all = take(rest, counts.iter().sum::<u32>() as usize);
            let other = self.schema.table_id(&related.query.table).expect("a table");
            let mut theirs = self.beside(&related.query, other.0, all, rest).into_iter();
            for (row, count) in rows.iter_mut().zip(counts) {
                row[i.to_string()] = theirs.by_ref().take(*count as usize).collect();
            }
        }
        rows
    }

    fn expected<'p>(
        &self,
        shape: &QueryShape,
        params: &mut dyn Iterator<Item = Param<'p>>,
    ) -> Json {
        let number = |param: Option<Param<'p>>| match param {
            Some(Param::Number(n)) => n,
            other => panic!("{other:?}"),
        };
        let mut numbers: Vec<f64> = Vec::new();
        for param in params {
            numbers.push(number(Some(param)));
        }
        let mut left = &numbers[..];
        let table = self.schema.table_id(&shape.table).expect("a table").0 as usize;
        let rows: Vec<usize> = (0..self.rows[table].len()).collect();
        self.answer(shape, &rows, &mut left)
    }

    /// The answer of a query on these rows of its table; its parameters are taken from `left`.
    fn answer(&self, shape: &QueryShape, rows: &[usize], left: &mut &[f64]) -> Json {
        let id = self.schema.table_id(&shape.table).expect("a table");
        let (t, table) = (usize::from(id.0), self.schema.table(id));
        let params = *left;
        let mut found: Vec<usize> = Vec::new();
        for &row in rows {
            *left = params;
            let mut conditions = &shape.conditions[..];
            let mut all = true;
            while !conditions.is_empty() {
                all &= self.truth(table, &self.rows[t][row], &mut conditions, left) == Some(true);
            }
            if all {
                found.push(row);
            }
        }
        if rows.is_empty() {
            let nobody = vec![None; table.columns.len()];
            let mut conditions = &shape.conditions[..];
            while !conditions.is_empty() {
                self.truth(table, &nobody, &mut conditions, left);
            }
        }
        found.sort_by(|a, b| self.order(shape, t, *a, *b));
        // What is beside a row has its parameters before the window's.
        let of_with = *left;
        for related in &shape.with {
            self.answer(&related.query, &[], left);
        }
        let mut next = |wanted: bool| {
            wanted.then(|| {
                let n = left[0] as usize;
                *left = &left[1..];
                n
            })
        };
        let limit = next(shape.limit).unwrap_or(usize::MAX);
        let offset = next(shape.offset).unwrap_or(0);
        let page = found.into_iter().skip(offset).take(limit);
        page.map(|row| {
            let values = &self.rows[t][row];
            let mut made = json!({ "key": self.key(t, values) });
            let mut left = of_with;
            for (i, related) in shape.with.iter().enumerate() {
                let relation = self.relation(table, &related.relation);
                let rows = self.related(table, values, &relation);
                made[i.to_string()] = self.answer(&related.query, &rows, &mut left);
            }
            made
        })
        .collect()
    }

    fn order(&self, shape: &QueryShape, t: usize, a: usize, b: usize) -> Ordering {
        let table = &self.schema.tables[t];
        let value = |row: usize, name: &str| {
            let id = table.column_id(name).expect("a column");
            let kind = &table.column(id).kind;
            let text = self.rows[t][row][usize::from(id.0)].as_deref();
            text.map(|text| value::parse(kind, text).expect("a value"))
        };
        let compare = |name: &str, descending: bool| {
            let id = table.column_id(name).expect("a column");
            let order = match (value(a, name), value(b, name)) {
                (Some(a), Some(b)) => value::compare(&table.column(id).kind, &a, &b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            };
            if descending { order.reverse() } else { order }
        };
        let asked = shape
            .order
            .iter()
            .map(|part| compare(&part.column, part.descending));
        let key = table.primary_key.iter().map(|name| compare(name, false));
        asked
            .chain(key)
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn relation<'s>(&'s self, table: &'s Table, name: &str) -> Relation<'s> {
        let mut all = self.schema.relations(table).into_iter();
        all.find(|relation| relation.name == name)
            .expect("a relation")
    }

    /// The rows of the other table that go with a row.
    fn related(
        &self,
        table: &Table,
        row: &[Option<String>],
        relation: &Relation<'_>,
    ) -> Vec<usize> {
        let id = self.schema.table_id(relation.table).expect("a table");
        let other = self.schema.table(id);
        let value = |table: &Table, row: &[Option<String>], name: &str| {
            row[usize::from(table.column_id(name).expect("a column").0)].clone()
        };
        let rows = &self.rows[usize::from(id.0)];
        let goes = |theirs: &Vec<Option<String>>| {
            let mut pairs = relation.pairs.iter();
            let word = relation.word.is_none_or(|word| {
                let (of, row) = if word.theirs {
                    (other, &theirs[..])
                } else {
                    (table, row)
                };
                value(of, row, word.column).as_deref() == Some(word.value)
            });
            word && pairs.all(|(own, their)| {
                let own = value(table, row, own);
                own.is_some() && own == value(other, theirs, their)
            })
        };
        (0..rows.len()).filter(|i| goes(&rows[*i])).collect()
    }

    /// The truth of the next condition.
    fn truth(
        &self,
        table: &Table,
        row: &[Option<String>],
        conditions: &mut &[ConditionShape],
        left: &mut &[f64],
    ) -> Option<bool> {
        let (first, rest) = conditions.split_first().expect("a condition");
        *conditions = rest;
        match first.op {
            Op::Gte => {
                let asked = left[0];
                *left = &left[1..];
                let id = table.column_id(&first.column).expect("a column");
                let value = row[usize::from(id.0)].as_deref()?;
                Some(value.parse::<f64>().expect("a number") >= asked)
            }
            Op::Not => Some(!self.truth(table, row, conditions, left)?),
            Op::And | Op::Or => {
                let members = [(); 2].map(|()| self.truth(table, row, conditions, left));
                let deciding = Some(first.op == Op::Or);
                match () {
                    () if members.contains(&deciding) => deciding,
                    () if members.contains(&None) => None,
                    () => deciding.map(|deciding| !deciding),
                }
            }
            Op::Exists => {
                let relation = self.relation(table, &first.column);
                let id = self.schema.table_id(relation.table).expect("a table");
                let other = self.schema.table(id);
                let nobody = vec![None; other.columns.len()];
                let (before, params) = (*conditions, *left);
                let mut meets = |row: &[Option<String>]| {
                    (*conditions, *left) = (before, params);
                    let mut all = true;
                    for _ in 0..first.n {
                        all &= self.truth(other, row, conditions, left) == Some(true);
                    }
                    all
                };
                let rows = self.related(table, row, &relation);
                let mut some = false;
                for row in rows {
                    some |= meets(&self.rows[usize::from(id.0)][row]);
                }
                meets(&nobody);
                Some(some)
            }
            other => panic!("{other:?} is not asked"),
        }
    }
}

fn take<'w>(rest: &mut &'w [u32], n: usize) -> &'w [u32] {
    let (taken, left) = rest.split_at(n);
    *rest = left;
    taken
}

/// Draws a seed of its own for each case.
pub fn seeded(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &bytes)
}
