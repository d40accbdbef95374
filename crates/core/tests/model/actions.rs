//! Random histories: what happens to a replica, and to the model beside it.

use crate::fixture::{self, WireRow};
use crate::naive::{self, Model, Rows, id_of};
use crate::queries::{self, Query};
use haversack_core::ErrorCode;
use haversack_core::json::read_text;
use haversack_core::map::Map;
use haversack_core::protocol::{Mutation, Op, Seq};
use haversack_core::query::{Param, PlanId, Strategy as Way};
use haversack_core::replica::{DraftOp, Key, LocalId, Replica, WatchId, Watched, WriteContext};
use haversack_core::schema::{ColumnId, TableId};
use haversack_core::value::{self, Value};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const THINGS: TableId = TableId(0);

/// What happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// A patch, with the verdicts of up to so many mutations.
    Patch {
        rows: Vec<WireRow>,
        removed: Vec<i32>,
        judge: usize,
    },
    /// All rows there are, with the verdicts of up to so many mutations.
    Snapshot { rows: Vec<WireRow>, judge: usize },
    /// A transaction of this tab; many are refused.
    Write { ops: Vec<Draft> },
    /// The n-th mutation without a number gets one.
    Sequence { n: usize },
    /// The n-th mutation without a number failed to be stored.
    Withdraw { n: usize },
    /// Another tab's mutation, already numbered.
    Adopt { ops: Vec<Draft> },
    /// A mutation of the store that is known already.
    AdoptAgain { n: usize },
    /// So many mutations are in a push under way.
    Send { n: u64 },
}

/// A row operation.
#[derive(Clone, Debug)]
pub enum Draft {
    Insert {
        id: Option<i32>,
        name: Option<String>,
    },
    Update {
        id: i32,
        name: Option<String>,
        rank: Option<Option<i32>>,
    },
    Delete {
        id: i32,
    },
}

pub fn any() -> impl Strategy<Value = Action> {
    let rows = || proptest::collection::vec(fixture::any_row(0..12), 0..5);
    let ops = || proptest::collection::vec(any_draft(), 1..4);
    prop_oneof![
        3 => (rows(), proptest::collection::vec(0..12i32, 0..3), 0..4usize)
            .prop_map(|(rows, removed, judge)| Action::Patch { rows, removed, judge }),
        1 => (rows(), 0..4usize).prop_map(|(rows, judge)| Action::Snapshot { rows, judge }),
        6 => ops().prop_map(|ops| Action::Write { ops }),
        4 => (0..4usize).prop_map(|n| Action::Sequence { n }),
        1 => (0..4usize).prop_map(|n| Action::Withdraw { n }),
        2 => ops().prop_map(|ops| Action::Adopt { ops }),
        1 => (0..4usize).prop_map(|n| Action::AdoptAgain { n }),
        2 => (0..4u64).prop_map(|n| Action::Send { n }),
    ]
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let name = || {
        proptest::option::of(proptest::sample::select(&fixture::NAMES[..]))
            .prop_map(|name| name.map(str::to_owned))
    };
    let rank = proptest::option::of(proptest::option::of(0..8i32));
    prop_oneof![
        (proptest::option::of(0..12i32), name()).prop_map(|(id, name)| Draft::Insert { id, name }),
        (0..12i32, name(), rank).prop_map(|(id, name, rank)| Draft::Update { id, name, rank }),
        (0..12i32).prop_map(|id| Draft::Delete { id }),
    ]
}

impl Draft {
    fn to_json(&self) -> serde_json::Value {
        match self {
            Draft::Insert { id, name } => {
                let mut values = json!({ "name": name, "score": 1.5 });
                if let Some(id) = id {
                    values["id"] = json!(id);
                }
                json!({ "op": "insert", "table": "things", "values": values })
            }
            Draft::Update { id, name, rank } => {
                let mut set = json!({ "name": name });
                if let Some(rank) = rank {
                    set["rank"] = json!(rank);
                }
                json!({ "op": "update", "table": "things", "key": id, "set": set })
            }
            Draft::Delete { id } => json!({ "op": "delete", "table": "things", "key": [id] }),
        }
    }

    /// The operation as another tab, with other rows before it, would have stored it.
    fn to_foreign(&self, free_id: i64) -> Op {
        let table = "things".to_owned();
        let text = |value: &Option<String>| value.clone();
        match self {
            Draft::Insert { id, name } => {
                let id = id.map_or(free_id, i64::from).to_string();
                let values = [
                    ("id", Some(id)),
                    ("owner", Some("7".to_owned())),
                    ("name", text(name)),
                ];
                let values = values
                    .map(|(column, value)| (column.to_owned(), value))
                    .into();
                Op::Insert { table, values }
            }
            Draft::Update { id, name, .. } => Op::Update {
                table,
                key: vec![id.to_string()],
                set: Map::from([("name".to_owned(), text(name))]),
                base: Map::new(),
            },
            Draft::Delete { id } => Op::Delete {
                table,
                key: vec![id.to_string()],
                base: None,
            },
        }
    }
}

pub struct World {
    replica: Replica,
    model: Model,
    /// Mutations of this tab that have no number, with their place in the model's order.
    unsequenced: Vec<LocalId>,
    next_seq: Seq,
    judged: Seq,
    next_key: i64,
    clock_ms: i64,
    /// What each slot showed after the last step.
    slots: BTreeMap<u32, WireRow>,
    /// How queries were answered.
    pub taken: Vec<Way>,
    live: Vec<Live>,
    /// How often a change did not concern a live query, and how often it did.
    pub spared: usize,
    pub concerned: usize,
}

/// A query that is watched, and its last result.
struct Live {
    watch: WatchId,
    plan: PlanId,
    query: Query,
    last: Vec<WireRow>,
}

/// The most live queries of a world.
const LIVE_MAX: usize = 8;

type Step = Result<(), TestCaseError>;

impl World {
    pub fn new() -> Self {
        let mut replica = Replica::new(fixture::schema());
        replica.set_identity(Some(fixture::USER.to_owned()));
        Self {
            replica,
            model: Model::default(),
            unsequenced: Vec::new(),
            next_seq: 1,
            judged: 0,
            next_key: 1000,
            clock_ms: naive::START_MS,
            live: Vec::new(),
            spared: 0,
            concerned: 0,
            slots: BTreeMap::new(),
            taken: Vec::new(),
        }
    }

    pub fn step(&mut self, action: &Action) -> Step {
        self.clock_ms += 137;
        match action {
            Action::Patch {
                rows,
                removed,
                judge,
            } => self.patch(rows, removed, false, *judge),
            Action::Snapshot { rows, judge } => self.patch(rows, &[], true, *judge),
            Action::Write { ops } => self.write(ops)?,
            Action::Sequence { n } => self.sequence(*n),
            Action::Withdraw { n } => self.withdraw(*n),
            Action::Adopt { ops } => self.adopt(ops),
            Action::AdoptAgain { n } => {
                let known = self.replica.pending().nth(*n).map(|p| p.mutation.clone());
                if let Some(mutation) = known.filter(|m| m.seq != 0) {
                    self.replica.adopt(mutation).expect("the same schema");
                }
            }
            Action::Send { n } => {
                self.replica.set_sent(self.judged + n);
            }
        }
        self.check()
    }

    /// All mutations get their verdicts: no residue may be left (I10).
    pub fn settle_everything(&mut self) -> Step {
        while !self.unsequenced.is_empty() {
            self.sequence(0);
        }
        self.patch(&[], &[], false, usize::MAX);
        self.check()?;
        prop_assert_eq!(self.replica.pending_len(), 0);
        prop_assert_eq!(self.visible(), self.model.confirmed.clone());
        Ok(())
    }

    fn patch(&mut self, rows: &[WireRow], removed: &[i32], snapshot: bool, judge: usize) {
        let judged = self
            .judged
            .saturating_add(judge as u64)
            .min(self.next_seq - 1);
        let verdicts: Vec<_> = (self.judged + 1..=judged)
            .map(|seq| json!({ "seq": seq, "verdict": "applied" }))
            .collect();
        let mut staged = self.replica.stage();
        let head = json!({ "line": "head", "protocol": 1, "epoch": "e", "fingerprint": "f",
            "user": "7", "verdicts": verdicts, "snapshot": snapshot, "rows_total": rows.len() });
        staged.line(&head.to_string()).expect("a head");
        // Only this order of members takes the fast reader; both are used.
        let rows_text = serde_json::to_string(rows).expect("JSON");
        let line = if rows.len().is_multiple_of(2) {
            format!("{{\"line\":\"rows\",\"table\":\"things\",\"rows\":{rows_text}}}")
        } else {
            format!("{{\"table\":\"things\",\"rows\":{rows_text},\"line\":\"rows\"}}")
        };
        staged.line(&line).expect("rows");
        let ids: BTreeSet<i64> = rows.iter().map(id_of).collect();
        let removed: BTreeSet<i64> = removed
            .iter()
            .map(|id| i64::from(*id))
            .filter(|id| !ids.contains(id))
            .collect();
        let keys: Vec<[String; 1]> = removed.iter().map(|id| [id.to_string()]).collect();
        let line = json!({ "line": "removed", "table": "things", "keys": keys });
        staged.line(&line.to_string()).expect("removed keys");
        staged
            .line("{\"line\":\"end\",\"cursor\":\"c\"}")
            .expect("an end");
        self.replica.apply_patch(staged);

        if snapshot {
            self.model.confirmed.clear();
        }
        self.model
            .confirmed
            .extend(rows.iter().map(|row| (id_of(row), row.clone())));
        self.model.confirmed.retain(|id, _| !removed.contains(id));
        self.model.judge(judged);
        self.judged = judged;
    }

    fn write(&mut self, drafts: &[Draft]) -> Step {
        let before = self.model.visible();
        let text = json!(drafts.iter().map(Draft::to_json).collect::<Vec<_>>()).to_string();
        let ops: Vec<DraftOp<'_>> = read_text(&text).expect("drafts");
        let mut next_key = self.next_key;
        let mut random = || [7; 16];
        let mut keys = |_: TableId| {
            next_key += 1;
            Some(next_key)
        };
        let mut context = WriteContext {
            now_ms: self.clock_ms,
            random: &mut random,
            keys: &mut keys,
        };
        let prepared = self.replica.prepare(&ops, &mut context);
        let expected = allowed(drafts, &before);
        let prepared = match (prepared, expected) {
            (Ok(prepared), Ok(())) => prepared,
            (Err(error), Err(code)) => {
                prop_assert_eq!(error.code, code);
                return Ok(());
            }
            (Ok(_), Err(code)) => return Err(TestCaseError::fail(format!("not refused: {code}"))),
            (Err(error), Ok(())) => return Err(TestCaseError::fail(format!("refused: {error}"))),
        };
        self.next_key = next_key;
        prop_assert_eq!(prepared.seen, self.judged);
        let mutation = Mutation {
            seq: 0,
            at: prepared.at,
            seen: prepared.seen,
            predicted: Vec::new(),
            earlier: Vec::new(),
            ops: prepared.ops.clone(),
        };
        let local = self.replica.apply(prepared);
        self.unsequenced.push(local);
        self.model.pending.push((None, mutation));
        Ok(())
    }

    fn unsequenced_at(&self, n: usize) -> Option<(usize, usize)> {
        let n = n.min(self.unsequenced.len().checked_sub(1)?);
        let first = self
            .model
            .pending
            .iter()
            .position(|(seq, _)| seq.is_none())?;
        Some((n, first + n))
    }

    fn sequence(&mut self, n: usize) {
        let Some((n, at)) = self.unsequenced_at(n) else {
            return;
        };
        let seq = self.next_seq;
        self.next_seq += 1;
        self.replica.sequence(self.unsequenced.remove(n), seq);
        self.model.pending[at].0 = Some(seq);
        self.model.sort();
    }

    fn withdraw(&mut self, n: usize) {
        let Some((n, at)) = self.unsequenced_at(n) else {
            return;
        };
        self.replica.withdraw(self.unsequenced.remove(n));
        self.model.pending.remove(at);
    }

    fn adopt(&mut self, drafts: &[Draft]) {
        self.next_key += 10;
        let ops = drafts
            .iter()
            .zip(self.next_key..)
            .map(|(d, id)| d.to_foreign(id))
            .collect();
        let seq = self.next_seq;
        self.next_seq += 1;
        self.next_key += 10;
        let mutation = Mutation {
            seq,
            at: self.clock_ms,
            seen: self.judged,
            predicted: Vec::new(),
            earlier: Vec::new(),
            ops,
        };
        self.replica
            .adopt(mutation.clone())
            .expect("the same schema");
        self.model.pending.push((Some(seq), mutation));
        self.model.sort();
    }

    fn row(&self, slot: u32) -> WireRow {
        let table = &self.replica.schema().tables[0];
        let value = |(i, column): (usize, &haversack_core::schema::Column)| {
            let value = self
                .replica
                .value(THINGS, slot, ColumnId(i as u16))
                .to_value();
            value::to_text(&column.kind, &value)
        };
        table.columns.iter().enumerate().map(value).collect()
    }

    fn visible_slots(&self) -> BTreeMap<u32, WireRow> {
        let live = (0..5000).filter(|&slot| self.replica.is_live(THINGS, slot));
        live.map(|slot| (slot, self.row(slot))).collect()
    }

    fn visible(&self) -> Rows {
        self.visible_slots()
            .into_values()
            .map(|row| (id_of(&row), row))
            .collect()
    }

    fn check(&mut self) -> Step {
        let slots = self.visible_slots();
        prop_assert_eq!(slots.len(), self.replica.len(THINGS));
        let visible = self.visible();
        prop_assert_eq!(&visible, &self.model.visible());
        for (slot, row) in &slots {
            prop_assert_eq!(self.replica.find_int(THINGS, id_of(row)), Some(*slot));
        }

        let mut dirty = Vec::new();
        self.replica.take_dirty(&mut dirty);
        let dirty: BTreeSet<u32> = dirty.into_iter().map(|(_, slot)| slot).collect();
        let all: BTreeSet<u32> = slots.keys().chain(self.slots.keys()).copied().collect();
        let changed: BTreeSet<u32> = all
            .into_iter()
            .filter(|slot| slots.get(slot) != self.slots.get(slot))
            .collect();
        prop_assert_eq!(dirty, changed);
        self.slots = slots;
        self.check_live()?;
        self.check_states()?;
        self.check_confirmed()
    }

    /// What no change concerns is as it was; the rest is asked again.
    fn check_live(&mut self) -> Step {
        let concerned = self.replica.take_concerned();
        for mut live in std::mem::take(&mut self.live) {
            let params = live.query.params();
            let rows = self.rows_of(live.plan, &params);
            if concerned.contains(&live.watch) {
                let known = Some(live.watch);
                let watched = Watched::Rows(live.plan);
                let again = self.replica.watch(known, watched, &params);
                prop_assert_eq!(again.expect("good values"), live.watch);
                live.last = rows;
                self.concerned += 1;
            } else {
                prop_assert_eq!(&rows, &live.last, "{:?}", &live.query);
                self.spared += 1;
            }
            self.live.push(live);
        }
        Ok(())
    }

    fn rows_of(&mut self, plan: PlanId, params: &[Param<'_>]) -> Vec<WireRow> {
        let slots = self.replica.run(plan, params).expect("good values");
        let slots = slots.to_vec();
        slots.into_iter().map(|slot| self.row(slot)).collect()
    }

    fn check_states(&self) -> Step {
        let expected = self.model.states(self.replica.sent());
        let mut shown = BTreeMap::new();
        for (id, state) in &expected {
            let key = Key::new(vec![Value::Int(*id)]);
            prop_assert_eq!(self.replica.row_state(THINGS, &key), *state, "{}", id);
            let slot = self.replica.find(THINGS, &key);
            shown.extend(slot.map(|slot| (slot, *state as u32)));
        }
        let states = self.replica.row_states(THINGS);
        let states: BTreeMap<u32, u32> = states.chunks(2).map(|row| (row[0], row[1])).collect();
        prop_assert_eq!(states, shown);
        Ok(())
    }

    fn check_confirmed(&self) -> Step {
        let keys = self.replica.confirmed_keys(THINGS);
        prop_assert_eq!(keys.len(), self.model.confirmed.len());
        for key in keys {
            let mut out = String::new();
            prop_assert!(self.replica.confirmed_row_json(THINGS, &key, &mut out));
            let json: serde_json::Value = serde_json::from_str(&out).expect("valid JSON");
            let id = json["id"].as_i64().expect("an id");
            let row = &self.model.confirmed[&id];
            prop_assert_eq!(json["name"].as_str(), row[naive::column("name")].as_deref());
        }
        Ok(())
    }

    pub fn query(&mut self, query: &Query) -> Step {
        let schema = fixture::schema();
        let visible = self.model.visible();
        let found = queries::ordered(&schema, &visible, query);
        let plan = self.replica.compile(&query.shape).expect("a good shape");
        let params = query.params();
        let rows = self.rows_of(plan, &params);
        let ids: Vec<i64> = rows.iter().map(id_of).collect();
        let explained = self.replica.explain(plan);
        prop_assert_eq!(&ids, &queries::page(query, &found), "{:?}", explained);
        if self.live.len() == LIVE_MAX {
            let live = self.live.remove(0);
            self.replica.unwatch(live.watch);
        }
        let watch = self.replica.watch(None, Watched::Rows(plan), &params);
        self.live.push(Live {
            watch: watch.expect("good values"),
            plan,
            query: query.clone(),
            last: rows,
        });
        self.taken.push(explained.strategy);
        let count = self.replica.count(plan, &params).expect("good values");
        prop_assert_eq!(count as usize, found.len());
        // The page after one of these rows.
        let at = found.len() / 3;
        let Some((_, row)) = found.get(at) else {
            return Ok(());
        };
        let mut shape = query.shape.clone();
        shape.after = true;
        let place = query.place(row);
        let params = query.params_after(&place);
        let plan = self.replica.compile(&shape).expect("a good shape");
        let rows = self.rows_of(plan, &params);
        let ids: Vec<i64> = rows.iter().map(id_of).collect();
        let explained = self.replica.explain(plan);
        let expected = queries::page(query, &found[at + 1..]);
        prop_assert_eq!(&ids, &expected, "after {:?}: {:?}", place, explained);
        let count = self.replica.count(plan, &params).expect("good values");
        prop_assert_eq!(count as usize, found.len(), "a count is of all pages");
        Ok(())
    }
}

/// Is a transaction allowed on these rows, and if not, why not first?
fn allowed(drafts: &[Draft], rows: &Rows) -> Result<(), ErrorCode> {
    let mut ids: BTreeSet<i64> = rows.keys().copied().collect();
    for draft in drafts {
        match draft {
            Draft::Insert { id: None, .. } => {}
            Draft::Insert { id: Some(id), .. } => {
                if !ids.insert(i64::from(*id)) {
                    return Err(ErrorCode::UniqueViolation);
                }
            }
            Draft::Update { id, .. } => {
                if !ids.contains(&i64::from(*id)) {
                    return Err(ErrorCode::RowNotFound);
                }
            }
            Draft::Delete { id } => {
                if !ids.remove(&i64::from(*id)) {
                    return Err(ErrorCode::RowNotFound);
                }
            }
        }
    }
    Ok(())
}
