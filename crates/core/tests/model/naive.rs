//! The model: confirmed rows, pending operations, and everything computed from scratch.

use crate::fixture::WireRow;
use haversack_core::protocol::{Mutation, Op, Seq};
use haversack_core::replica::RowState;
use std::collections::BTreeMap;

/// Rows by key.
pub type Rows = BTreeMap<i64, WireRow>;

#[derive(Default)]
pub struct Model {
    pub confirmed: Rows,
    /// Sequenced first, by number; then the others, as they were made.
    pub pending: Vec<(Option<Seq>, Mutation)>,
}

const COLUMNS: [&str; 9] = [
    "id", "owner", "name", "rank", "state", "made", "score", "price", "exact",
];

pub fn column(name: &str) -> usize {
    COLUMNS.iter().position(|c| *c == name).expect("a column")
}

impl Model {
    pub fn visible(&self) -> Rows {
        let mut rows = self.confirmed.clone();
        for (_, mutation) in &self.pending {
            for op in &mutation.ops {
                replay(&mut rows, op, mutation.at);
            }
        }
        rows
    }

    /// Where rows of which something is pending stand, with pushes under way up to a number.
    pub fn states(&self, sent: Seq) -> BTreeMap<i64, RowState> {
        let mut states = BTreeMap::new();
        for (seq, mutation) in &self.pending {
            let state = match seq {
                Some(seq) if *seq <= sent => RowState::Sent,
                Some(_) | None => RowState::Pending,
            };
            for op in &mutation.ops {
                states.insert(id_of_op(op), state);
            }
        }
        states
    }

    pub fn judge(&mut self, seq: Seq) {
        self.pending.retain(|(s, _)| s.is_none_or(|s| s > seq));
    }

    pub fn sort(&mut self) {
        self.pending.sort_by_key(|(seq, _)| seq.unwrap_or(Seq::MAX));
    }
}

pub fn replay(rows: &mut Rows, op: &Op, at: i64) {
    match op {
        Op::Insert { values, .. } => {
            let mut row = vec![None; COLUMNS.len()];
            row[column("state")] = Some("open".to_owned());
            row[column("made")] = Some(made(at));
            for (name, value) in values {
                row[column(name)].clone_from(value);
            }
            rows.insert(id_of(&row), row);
        }
        Op::Update { key, set, .. } => {
            if let Some(row) = rows.get_mut(&key[0].parse().expect("an id")) {
                for (name, value) in set {
                    row[column(name)].clone_from(value);
                }
            }
        }
        Op::Delete { key, .. } => {
            rows.remove(&key[0].parse().expect("an id"));
        }
    }
}

fn id_of_op(op: &Op) -> i64 {
    let id = match op {
        Op::Insert { values, .. } => values["id"].as_ref().expect("a key"),
        Op::Update { key, .. } | Op::Delete { key, .. } => &key[0],
    };
    id.parse().expect("an id")
}

pub fn id_of(row: &WireRow) -> i64 {
    row[0].as_ref().expect("a key").parse().expect("an id")
}

/// The text of a time given in milliseconds within the first minute of 2026.
pub fn made(at: i64) -> String {
    let millis = at - START_MS;
    let text = format!("2026-01-01 00:00:{:02}.{:03}", millis / 1000, millis % 1000);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text.len() < 19 {
        &format!("2026-01-01 00:00:{:02}", millis / 1000)
    } else {
        text
    };
    format!("{text}+00")
}

/// 2026-01-01 in milliseconds since 1970.
pub const START_MS: i64 = 1_767_225_600_000;
