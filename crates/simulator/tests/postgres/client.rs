//! A replica that keeps confirmed rows, and stands at one place in two databases.

use crate::answer::{Answer, parse};
use bytes::Bytes;
use haversack_core::protocol::{KeyText, Line, SyncRequest, Text};
use haversack_core::schema::Schema;
use std::collections::BTreeMap;

/// The same in the model and in Postgres.
#[derive(Clone, Debug, Default)]
pub struct Both {
    pub model: Option<String>,
    pub postgres: Option<String>,
}

/// A replica.
pub struct Client {
    pub user: &'static str,
    pub id: String,
    pub seq: u64,
    pub seen: u64,
    pub acknowledged: u64,
    /// By table and key.
    pub rows: BTreeMap<(String, KeyText), Vec<Text>>,
    /// Keys of notes that were leased and not used.
    pub keys: Vec<i64>,
    /// Where it stood, the latest last.
    pub cursors: Vec<Both>,
    pub epoch: Both,
    /// What it sent last, without cursor and epoch.
    pub last: Option<SyncRequest>,
}

impl Client {
    pub fn new(user: &'static str, id: String) -> Self {
        Self {
            user,
            id,
            seq: 0,
            seen: 0,
            acknowledged: 0,
            rows: BTreeMap::new(),
            keys: Vec::new(),
            cursors: vec![Both::default()],
            epoch: Both::default(),
            last: None,
        }
    }

    /// Where it stood so many answers ago; nowhere, where Postgres does not go on from there, since the
    /// changelog was pruned up to `horizon`. A transaction of anybody else on the same server may keep it
    /// from that, of which the model knows nothing.
    pub fn stood(&self, back: Option<usize>, horizon: u64) -> Both {
        let Some(back) = back else {
            return Both::default();
        };
        let at = self.cursors.len().saturating_sub(back + 1);
        let stood = &self.cursors[at];
        let begun = |cursor: &String| -> Option<u64> {
            let snapshot = cursor.split('.').nth(1)?;
            snapshot.split(':').next()?.parse().ok()
        };
        let begun = stood.postgres.as_ref().and_then(begun);
        if begun.is_some_and(|begun| begun <= horizon) {
            return Both::default();
        }
        stood.clone()
    }

    /// Takes in an answer of both.
    pub fn take(&mut self, schema: &Schema, model: &[Bytes], postgres: &[Bytes]) {
        let (Some(model), Some(postgres)) = (parse(model), parse(postgres)) else {
            return;
        };
        self.cursors.push(Both {
            model: Some(model.cursor.clone()),
            postgres: Some(postgres.cursor),
        });
        self.epoch = Both {
            model: Some(model.head.epoch.clone()),
            postgres: Some(postgres.head.epoch),
        };
        let last = model.head.verdicts.last().map(|v| v.seq);
        self.seen = self.seen.max(last.unwrap_or(0));
        self.seq = self.seq.max(self.seen);
        for (low, high) in model.head.leases.get("notes").into_iter().flatten() {
            let new = (*low..=*high).filter(|key| !self.keys.contains(key));
            let new: Vec<i64> = new.collect();
            self.keys.extend(new);
        }
        self.take_rows(schema, &model);
    }

    fn take_rows(&mut self, schema: &Schema, answer: &Answer) {
        if answer.head.snapshot {
            self.rows.clear();
        }
        for line in &answer.lines {
            match line {
                Line::Rows { table, rows } => {
                    let described = schema.table(schema.table_id(table).unwrap());
                    let key = described.key_columns();
                    for row in rows {
                        let key = key
                            .iter()
                            .map(|c| row[usize::from(c.0)].clone().unwrap())
                            .collect();
                        self.rows.insert((table.clone(), key), row.clone());
                    }
                }
                Line::Removed { table, keys } => {
                    for key in keys {
                        self.rows.remove(&(table.clone(), key.clone()));
                    }
                }
                Line::Head(_) | Line::End { .. } | Line::Error(_) => {}
            }
        }
    }
}
