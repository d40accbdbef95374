//! Compares the rules of a replica with a naive model that scans all rows for every question.
//!
//! Covers: CHECK, uniqueness of one and of several columns, four foreign keys of any action (one to
//! its own table), through writes, patches, numbering, withdrawal, and mutations of other tabs; the
//! verdict with SQLSTATE and constraint, and every visible row after each step. Does not cover: ON
//! UPDATE actions, deferred rules, other types than integers (see `tests/replica`).

use haversack_core::json::read_text;
use haversack_core::map::Map;
use haversack_core::protocol::{Mutation, Op, Seq};
use haversack_core::replica::{DraftOp, LocalId, Replica, WriteContext};
use haversack_core::schema::{
    Action, Check, Column, ColumnDefault, ForeignKey, Identity, IndexPart, Limits, Schema, Table,
    TableId, Type, Unique,
};
use haversack_core::{expr::Expr, replica::ValueRef, schema::ColumnId};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

const TABLES: [&str; 3] = ["a", "b", "c"];
const COLUMNS: [[&str; 3]; 3] = [["id", "x", "y"], ["id", "x", "y"], ["id", "x", "y"]];
/// Referencing table and column, referenced table; in the order of their triggers.
const KEYS: [(usize, usize, usize); 4] = [(0, 1, 0), (1, 1, 0), (2, 1, 1), (2, 2, 0)];
/// Unique columns, by table.
const UNIQUES: [(usize, &str, &[usize]); 3] =
    [(0, "a_y", &[2]), (1, "b_x_y", &[1, 2]), (2, "c_x", &[1])];
/// Columns of `b` stay below this.
const BELOW: i64 = 5;
const ACTIONS: [Action; 5] = [
    Action::NoAction,
    Action::Restrict,
    Action::Cascade,
    Action::SetNull,
    Action::SetDefault,
];

type Row = [Option<i64>; 3];
type Refusal = (&'static str, String);

/// What one operation says.
#[derive(Clone, Debug)]
pub enum Draft {
    Insert(usize, i64, Option<i64>, Option<i64>),
    Update(usize, i64, usize, Option<i64>),
    Delete(usize, i64),
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Step {
    Write(Vec<Draft>),
    Adopt(Vec<Draft>),
    Sequence(usize),
    Withdraw(usize),
    Patch(Vec<(usize, Row)>, Vec<(usize, i64)>, u64),
}

pub fn any_case() -> impl Strategy<Value = (Vec<Action>, Vec<Step>)> {
    let id = || 0..6i64;
    let value = || proptest::option::weighted(0.7, 0..6i64);
    let draft = || {
        prop_oneof![
            3 => (0..3usize, id(), value(), value()).prop_map(|(t, i, x, y)| Draft::Insert(t, i, x, y)),
            2 => (0..3usize, id(), 1..3usize, value()).prop_map(|(t, i, c, v)| Draft::Update(t, i, c, v)),
            2 => (0..3usize, id()).prop_map(|(t, i)| Draft::Delete(t, i)),
        ]
    };
    let drafts = move || proptest::collection::vec(draft(), 1..5);
    let row = (0..3usize, id(), value(), value()).prop_map(|(t, i, x, y)| (t, [Some(i), x, y]));
    let rows = proptest::collection::vec(row, 0..6);
    let removed = proptest::collection::vec((0..3usize, id()), 0..3);
    let step = prop_oneof![
        8 => drafts().prop_map(Step::Write),
        1 => drafts().prop_map(Step::Adopt),
        2 => (0..3usize).prop_map(Step::Sequence),
        1 => (0..3usize).prop_map(Step::Withdraw),
        3 => (rows, removed, 0..3u64).prop_map(|(r, d, j)| Step::Patch(r, d, j)),
    ];
    let action = proptest::sample::select(&ACTIONS[..]);
    (
        proptest::collection::vec(action, 4),
        proptest::collection::vec(step, 1..40),
    )
}

fn schema(actions: &[Action]) -> Arc<Schema> {
    let part = |&column: &usize| IndexPart {
        expression: COLUMNS[0][column].into(),
        column: true,
        ..IndexPart::default()
    };
    let column = |(i, name): (usize, &&str)| Column {
        name: (*name).into(),
        kind: Type::Int4,
        nullable: i > 0,
        writable: true,
        default: (i > 0).then(|| ColumnDefault::Constant { text: "0".into() }),
        ..Column::default()
    };
    let table = |t: usize| {
        let uniques = UNIQUES.iter().filter(|(of, ..)| *of == t);
        let keys = KEYS.iter().enumerate().filter(|(_, (of, ..))| *of == t);
        let below = vec![
            Expr::column("y", Type::Int4),
            Expr::constant(Type::Int4, Some(&BELOW.to_string())),
        ];
        let check = Check {
            name: "below".into(),
            expr: Some(Expr::new("lt", Type::Bool, below)),
            ..Check::default()
        };
        Table {
            name: TABLES[t].into(),
            columns: COLUMNS[t].iter().enumerate().map(column).collect(),
            primary_key: vec!["id".into()],
            primary_key_name: "pkey".into(),
            insertable: true,
            updatable: true,
            deletable: true,
            checks: if t == 1 { vec![check] } else { vec![] },
            uniques: uniques
                .map(|(_, name, columns)| Unique {
                    name: (*name).into(),
                    columns: columns.iter().map(part).collect(),
                    ..Unique::default()
                })
                .collect(),
            foreign_keys: keys
                .map(|(i, &(_, column, parent))| ForeignKey {
                    name: format!("key{i}"),
                    rank: i as u32,
                    columns: vec![COLUMNS[t][column].into()],
                    references: TABLES[parent].into(),
                    referenced_columns: vec!["id".into()],
                    on_delete: actions[i],
                    ..ForeignKey::default()
                })
                .collect(),
            ..Table::default()
        }
    };
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    };
    let tables = (0..3).map(table).collect();
    Arc::new(Schema::new(15, identity, Limits::default(), tables, vec![]).expect("a good schema"))
}

/// All rows, and what is asked or done at the end of a statement.
#[derive(Clone, Default)]
struct Naive {
    tables: [BTreeMap<i64, Row>; 3],
    queue: Vec<(usize, i64, bool)>,
}

impl Naive {
    fn run(&mut self, drafts: &[Draft], actions: &[Action], strict: bool) -> Result<(), Refusal> {
        for draft in drafts {
            match *draft {
                Draft::Insert(t, id, x, y) => {
                    if strict && self.tables[t].contains_key(&id) {
                        self.check(t, [Some(id), x, y])?;
                        return Err(("23505", "pkey".into()));
                    }
                    self.put(t, id, Some([Some(id), x, y]), strict, true)?;
                }
                Draft::Update(t, id, column, value) => match self.tables[t].get(&id) {
                    Some(&(mut row)) => {
                        row[column] = value;
                        self.put(t, id, Some(row), strict, false)?;
                    }
                    None if strict => return Err(("", String::new())),
                    None => {}
                },
                Draft::Delete(t, id) => {
                    if self.tables[t].contains_key(&id) {
                        self.put(t, id, None, strict, false)?;
                    } else if strict {
                        return Err(("", String::new()));
                    }
                }
            }
            let mut next = 0;
            while next < self.queue.len() {
                let (key, id, gone) = self.queue[next];
                next += 1;
                if gone {
                    self.gone(key, id, actions[key], strict)?;
                } else {
                    let (child, column, parent) = KEYS[key];
                    let value = self.tables[child].get(&id).and_then(|row| row[column]);
                    if value.is_some_and(|v| !self.tables[parent].contains_key(&v)) {
                        return Err(("23503", format!("key{key}")));
                    }
                }
            }
            self.queue.clear();
        }
        Ok(())
    }

    fn check(&self, t: usize, row: Row) -> Result<(), Refusal> {
        if t == 1 && row[2].is_some_and(|y| y >= BELOW) {
            return Err(("23514", "below".into()));
        }
        Ok(())
    }

    fn put(
        &mut self,
        t: usize,
        id: i64,
        row: Option<Row>,
        strict: bool,
        insert: bool,
    ) -> Result<(), Refusal> {
        let old = self.tables[t].get(&id).copied();
        let Some(row) = row else {
            self.tables[t].remove(&id);
            for (key, (_, _, parent)) in KEYS.iter().enumerate() {
                if old.is_some() && *parent == t {
                    self.queue.push((key, id, true));
                }
            }
            return Ok(());
        };
        if strict {
            self.check(t, row)?;
            for (of, name, columns) in UNIQUES {
                let same = |(other, o): (&i64, &Row)| {
                    *other != id && columns.iter().all(|&c| o[c].is_some() && o[c] == row[c])
                };
                // Rows of random patches may break a rule already; what stays is not asked again.
                let concerns = old.is_none_or(|old| columns.iter().any(|&c| old[c] != row[c]));
                if of == t && concerns && self.tables[t].iter().any(same) {
                    return Err(("23505", name.into()));
                }
            }
        }
        self.tables[t].insert(id, row);
        for (key, (child, column, _)) in KEYS.iter().enumerate() {
            let changed = insert || old.is_none_or(|old| old[*column] != row[*column]);
            if strict && *child == t && changed {
                self.queue.push((key, id, false));
            }
        }
        Ok(())
    }

    fn gone(&mut self, key: usize, id: i64, action: Action, strict: bool) -> Result<(), Refusal> {
        let (child, column, parent) = KEYS[key];
        let rows = self.tables[child].iter();
        let referring = rows.filter(|(_, row)| row[column] == Some(id));
        let ids: Vec<i64> = referring.map(|(id, _)| *id).collect();
        let mut asked = matches!(action, Action::NoAction | Action::Restrict);
        for other in ids {
            let mut row = self.tables[child][&other];
            row[column] = match action {
                Action::SetNull => None,
                Action::SetDefault => Some(0),
                Action::Cascade => {
                    self.put(child, other, None, strict, false)?;
                    continue;
                }
                Action::NoAction | Action::Restrict => continue,
            };
            self.put(child, other, Some(row), strict, false)?;
        }
        asked |= action == Action::SetDefault;
        let back = action != Action::Restrict && self.tables[parent].contains_key(&id);
        let refers = |row: &Row| row[column] == Some(id);
        if strict && asked && !back && self.tables[child].values().any(refers) {
            return Err(("23503", format!("key{key}")));
        }
        Ok(())
    }
}

pub struct World {
    replica: Replica,
    actions: Vec<Action>,
    confirmed: Naive,
    pending: Vec<(Option<Seq>, Option<LocalId>, Vec<Draft>)>,
    next_seq: Seq,
    judged: Seq,
}

type Outcome = Result<(), TestCaseError>;

impl World {
    pub fn new(actions: Vec<Action>) -> Self {
        let mut replica = Replica::new(schema(&actions));
        replica.set_identity(Some("7".into()));
        for t in 0..3 {
            replica.set_complete(TableId(t), true);
        }
        Self {
            replica,
            actions,
            confirmed: Naive::default(),
            pending: Vec::new(),
            next_seq: 1,
            judged: 0,
        }
    }

    fn visible(&self) -> Naive {
        let mut naive = self.confirmed.clone();
        for (_, _, drafts) in &self.pending {
            let replayed = naive.run(drafts, &self.actions, false);
            assert_eq!(replayed, Ok(()), "replaying refuses nothing");
        }
        naive
    }

    /// Gives what the write came to.
    pub fn step(&mut self, step: &Step) -> Result<Option<Result<(), Refusal>>, TestCaseError> {
        let mut verdict = None;
        match step {
            Step::Write(drafts) => verdict = Some(self.write(drafts)?),
            Step::Adopt(drafts) => {
                let seq = self.next_seq;
                self.next_seq += 1;
                let mutation = Mutation {
                    seq,
                    at: 0,
                    seen: self.judged,
                    predicted: Vec::new(),
                    earlier: Vec::new(),
                    ops: drafts.iter().map(op).collect(),
                };
                self.replica.adopt(mutation).expect("the same schema");
                self.pending.push((Some(seq), None, drafts.clone()));
                self.sort();
            }
            Step::Sequence(n) => {
                if let Some(at) = self.unsequenced(*n) {
                    let local = self.pending[at].1.expect("this tab's");
                    self.replica.sequence(local, self.next_seq);
                    self.pending[at].0 = Some(self.next_seq);
                    self.next_seq += 1;
                    self.sort();
                }
            }
            Step::Withdraw(n) => {
                if let Some(at) = self.unsequenced(*n) {
                    let (_, local, _) = self.pending.remove(at);
                    self.replica.withdraw(local.expect("this tab's"));
                }
            }
            Step::Patch(rows, removed, judge) => self.patch(rows, removed, *judge),
        }
        self.compare()?;
        Ok(verdict)
    }

    fn sort(&mut self) {
        self.pending
            .sort_by_key(|(seq, ..)| seq.unwrap_or(Seq::MAX));
    }

    fn unsequenced(&self, n: usize) -> Option<usize> {
        let mut own = self
            .pending
            .iter()
            .enumerate()
            .filter(|(_, p)| p.0.is_none());
        own.nth(n).map(|(at, _)| at)
    }

    fn write(&mut self, drafts: &[Draft]) -> Result<Result<(), Refusal>, TestCaseError> {
        let expected = self.visible().run(drafts, &self.actions, true);
        let text = json!(drafts.iter().map(json_of).collect::<Vec<_>>()).to_string();
        let ops: Vec<DraftOp<'_>> = read_text(&text).expect("drafts");
        let mut context = WriteContext {
            now_ms: 0,
            random: &mut || [7; 16],
            keys: &mut |_| None,
        };
        match self.replica.prepare(&ops, &mut context) {
            Ok(prepared) => {
                prop_assert_eq!(&expected, &Ok(()));
                prop_assert!(prepared.unverified.is_empty(), "all rows are here");
                let local = self.replica.apply(prepared);
                self.pending.push((None, Some(local), drafts.to_vec()));
            }
            Err(error) => {
                let sqlstate = error.details.sqlstate.clone().unwrap_or_default();
                let name = error.details.constraint.clone().unwrap_or_default();
                let expected = expected.clone().expect_err("not refused by the model");
                prop_assert_eq!((sqlstate.as_str(), name), (expected.0, expected.1));
            }
        }
        Ok(expected)
    }

    fn patch(&mut self, rows: &[(usize, Row)], removed: &[(usize, i64)], judge: u64) {
        let judged = (self.judged + judge).min(self.next_seq - 1);
        let verdicts: Vec<_> = (self.judged + 1..=judged)
            .map(|seq| json!({ "seq": seq, "verdict": "applied" }))
            .collect();
        let mut staged = self.replica.stage();
        let head = json!({ "line": "head", "protocol": 1, "epoch": "e", "fingerprint": "f",
            "user": "7", "verdicts": verdicts, "snapshot": false });
        staged.line(&head.to_string()).expect("a head");
        for (t, row) in rows {
            let texts = row.map(|value| value.map(|v| v.to_string()));
            let line = json!({ "line": "rows", "table": TABLES[*t], "rows": [texts] });
            staged.line(&line.to_string()).expect("a row");
            self.confirmed.tables[*t].insert(row[0].expect("a key"), *row);
        }
        for (t, id) in removed {
            if !rows.iter().any(|(of, row)| of == t && row[0] == Some(*id)) {
                let line =
                    json!({ "line": "removed", "table": TABLES[*t], "keys": [[id.to_string()]] });
                staged.line(&line.to_string()).expect("a key");
                self.confirmed.tables[*t].remove(id);
            }
        }
        staged
            .line("{\"line\":\"end\",\"cursor\":\"c\"}")
            .expect("an end");
        self.replica.apply_patch(staged);
        self.judged = judged;
        self.pending
            .retain(|(seq, ..)| seq.is_none_or(|s| s > judged));
    }

    fn compare(&self) -> Outcome {
        let expected = self.visible().tables;
        for (t, expected) in expected.iter().enumerate() {
            let table = TableId(t as u16);
            let value = |slot, c| match self.replica.value(table, slot, ColumnId(c)) {
                ValueRef::Int(int) => Some(int),
                _ => None,
            };
            let live = (0..100).filter(|&slot| self.replica.is_live(table, slot));
            let rows: BTreeMap<i64, Row> = live
                .map(|slot| [value(slot, 0), value(slot, 1), value(slot, 2)])
                .map(|row| (row[0].expect("a key"), row))
                .collect();
            prop_assert_eq!(&rows, expected, "table {}", TABLES[t]);
        }
        Ok(())
    }
}

fn json_of(draft: &Draft) -> serde_json::Value {
    match *draft {
        Draft::Insert(t, id, x, y) => json!({ "op": "insert", "table": TABLES[t],
            "values": { "id": id, "x": x, "y": y } }),
        Draft::Update(t, id, column, value) => json!({ "op": "update", "table": TABLES[t],
            "key": id, "set": { (COLUMNS[t][column]): value } }),
        Draft::Delete(t, id) => json!({ "op": "delete", "table": TABLES[t], "key": id }),
    }
}

fn op(draft: &Draft) -> Op {
    let text = |value: Option<i64>| value.map(|v| v.to_string());
    match *draft {
        Draft::Insert(t, id, x, y) => Op::Insert {
            table: TABLES[t].into(),
            values: [("id", Some(id)), ("x", x), ("y", y)]
                .map(|(name, value)| (name.to_owned(), text(value)))
                .into(),
        },
        Draft::Update(t, id, column, value) => Op::Update {
            table: TABLES[t].into(),
            key: vec![id.to_string()],
            set: Map::from([(COLUMNS[t][column].to_owned(), text(value))]),
            base: Map::new(),
        },
        Draft::Delete(t, id) => Op::Delete {
            table: TABLES[t].into(),
            key: vec![id.to_string()],
            base: None,
        },
    }
}
