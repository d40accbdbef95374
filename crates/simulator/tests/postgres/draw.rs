//! Values by chance: mostly good ones of few, so that they meet, and now and then bad ones.

use haversack_core::protocol::Text;
use haversack_core::schema::{Column, Table, Type};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

pub const USERS: [&str; 2] = ["ada", "grace"];

const WORDS: [&str; 8] = ["", "a", "b", "Äpfel", "two words", "it's", "\\x", "z\"{}"];
const DOCUMENTS: [&str; 6] = [
    "{}",
    r#"{"a": 1}"#,
    r#"{"a": 2, "b": [1, 2]}"#,
    r#"{"a": {"x": true}, "c": null}"#,
    "[1, 2, 3]",
    "null",
];

/// A key of a kind of rows.
pub fn uuid(kind: u32, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// Chance.
pub struct Draw(SmallRng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// An index, by weights.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut at = self.0.random_range(0..weights.iter().sum());
        for (i, weight) in weights.iter().enumerate() {
            if at < *weight {
                return i;
            }
            at -= weight;
        }
        0
    }

    pub fn uuid(&mut self, kind: u32, of: usize) -> String {
        uuid(kind, self.below(of))
    }

    pub fn replica(&mut self) -> String {
        let (a, b): (u32, u64) = (self.0.random(), self.0.random());
        let b = b & 0xffff_ffff_ffff;
        format!("{a:08x}-0000-4000-9000-{b:012x}")
    }

    /// A good value of a column.
    pub fn value(&mut self, table: &Table, column: &Column) -> Text {
        if column.nullable && self.chance(12) {
            return None;
        }
        let text = match (table.name.as_str(), column.name.as_str()) {
            ("projects", "id") | (_, "project_id") => self.uuid(1, 6),
            ("tasks", "id") | (_, "task_id") => self.uuid(2, 12),
            ("payments", "id") => self.uuid(3, 8),
            ("labels", "id") | (_, "label_id") => (1 + self.below(6)).to_string(),
            ("notes", "id") | (_, "reply_to") => (1 + self.below(24)).to_string(),
            (_, "owner") => (*self.pick(&USERS)).to_owned(),
            ("projects" | "labels", "name") => (*self.pick(&WORDS[1..])).to_owned(),
            ("tasks", "title") => format!("title {}", self.below(9)),
            (_, "starts") => self.below(6).to_string(),
            (_, "ends") => (3 + self.below(6)).to_string(),
            (_, "priority") => self.below(10).to_string(),
            (_, "amount") => format!("{}.{:02}", 1 + self.below(50), self.below(100)),
            (_, _) => self.of_type(&column.kind),
        };
        Some(text)
    }

    fn of_type(&mut self, kind: &Type) -> String {
        match kind {
            Type::Int2 | Type::Int4 | Type::Int8 => (self.below(40) as i64 - 10).to_string(),
            Type::Numeric { .. } => {
                format!("{}.{}", self.below(300) as i64 - 100, self.below(1000))
            }
            Type::Float4 | Type::Float8 => {
                (*self.pick(&["0", "1.5", "-2", "1e10", "NaN", "0.1"])).to_owned()
            }
            Type::Date => format!("2026-0{}-1{}", 1 + self.below(9), self.below(9)),
            Type::Json | Type::Jsonb => (*self.pick(&DOCUMENTS)).to_owned(),
            Type::Array { .. } => {
                (*self.pick(&["{}", "{a}", "{a,b}", "{b,c}", "{a,NULL}"])).to_owned()
            }
            _ => (*self.pick(&WORDS)).to_owned(),
        }
    }

    /// A value of a column as a client may send it: now and then a bad one.
    pub fn sent(&mut self, table: &Table, column: &Column) -> Text {
        if !self.chance(7) {
            return self.value(table, column);
        }
        let bad = [
            None,
            Some("abc".to_owned()),
            Some("-7".to_owned()),
            Some("99999999999999".to_owned()),
            Some("x".repeat(60)),
            Some(String::new()),
            Some("{".to_owned()),
            Some("12345678901.5".to_owned()),
        ];
        self.pick(&bad).clone()
    }
}
