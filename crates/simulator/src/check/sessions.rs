//! I8 and I9: what all tabs and writers wrote and read, put to the checker of causal consistency.
//!
//! Left out is what came to nothing: writes that were refused, lost against another's, or undone by a restore,
//! and the reads of them, which showed only where they were made.

use super::causal::{self, Session, Transaction};
use crate::draft::{Draft, is_traced};
use crate::model::By;
use crate::record::{Entry, Place, WriteId};
use crate::run::scene::Scene;
use crate::tally::{Broken, Invariant};
use haversack_core::protocol::KeyText;
use haversack_core::schema::{Action, ColumnId, TableId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

/// Numbers for things.
struct Numbers<T>(HashMap<T, u32>, Vec<T>);

impl<T: Hash + Eq + Clone> Numbers<T> {
    fn new() -> Self {
        Self(HashMap::new(), Vec::new())
    }

    fn of(&mut self, thing: &T) -> u32 {
        if let Some(known) = self.0.get(thing) {
            return *known;
        }
        let number = self.1.len() as u32;
        self.0.insert(thing.clone(), number);
        self.1.push(thing.clone());
        number
    }
}

/// A column of a row, or that the row is there.
type Where = (TableId, KeyText, Option<ColumnId>);

struct Histories {
    cells: Numbers<Where>,
    values: Numbers<String>,
    sessions: Vec<Session>,
    /// Where each transaction of a session stands in the record.
    names: Vec<String>,
    whole_reads: usize,
}

/// Checks all sessions.
///
/// # Errors
/// I8 where a transaction was seen in part, I9 for every other guarantee.
pub fn check(scene: &Scene) -> Result<(), Broken> {
    let kept = kept_values(scene);
    let mut all = Histories {
        cells: Numbers::new(),
        values: Numbers::new(),
        sessions: Vec::new(),
        names: Vec::new(),
        whole_reads: 0,
    };
    let lasting = lasting_rows(scene);
    all.add_tabs(scene, &kept, &lasting);
    all.add_sql(scene, &kept, &lasting);
    scene.asked(Invariant::I9, all.sessions.len());
    scene.asked(Invariant::I8, all.whole_reads);
    all.written_once()?;
    causal::check(&all.sessions).map_err(|found| {
        let (table, key, column) = &all.cells.1[found.cell as usize];
        let table = scene.schema.table(*table);
        let column = column.map_or("its being there", |c| &table.column(c).name);
        let value = |v: Option<u32>| v.map_or("nothing", |v| &all.values.1[v as usize]);
        let why = format!(
            "{}: {} read {} in {column} of {} {}, and knew of {}",
            found.guarantee,
            all.names[found.reader.0],
            value(found.seen),
            table.name,
            key.join(", "),
            value(found.expected),
        );
        let invariant = match found.guarantee {
            causal::Guarantee::AtomicVisibility => Invariant::I8,
            _ => Invariant::I9,
        };
        Broken::new(invariant, why)
    })
}

/// The values that the server took and no restore undid, with their places.
fn kept_values(scene: &Scene) -> BTreeMap<String, Place> {
    let oracle = scene.oracle.borrow();
    let mut kept = BTreeMap::new();
    for change in oracle.surviving_commits().iter().flat_map(|c| &c.rows) {
        let table = scene.schema.table(change.table);
        // The keys of a sequence may have been others before.
        let (Some(row), None) = (&change.new, table.sequence_key()) else {
            continue;
        };
        for (c, column) in table.columns.iter().enumerate() {
            let before = change.old.as_ref().map(|old| &old[c]);
            if let Some(value) = &row[c]
                && is_traced(table, column)
                && before != Some(&row[c])
            {
                let place = (change.table, change.key.clone(), ColumnId(c as u16));
                kept.insert(value.clone(), place);
            }
        }
    }
    // What a restore undid was gone for those who had seen it, even where a copy of its request that was
    // still on its way brought it back.
    for change in oracle.undone_commits().iter().flat_map(|c| &c.rows) {
        for value in change.new.iter().flat_map(|row| row.iter().flatten()) {
            kept.remove(value);
        }
    }
    kept
}

/// Rows that were inserted once, and that nothing anybody did could have deleted.
fn lasting_rows(scene: &Scene) -> BTreeSet<(TableId, KeyText)> {
    let (oracle, record) = (scene.oracle.borrow(), scene.record.borrow());
    let mut inserted: BTreeMap<(TableId, KeyText), usize> = BTreeMap::new();
    for change in oracle.surviving_commits().iter().flat_map(|c| &c.rows) {
        // The keys of a sequence may have been others before.
        let settled = scene.schema.table(change.table).sequence_key().is_none();
        if settled && change.old.is_none() && change.new.is_some() {
            *inserted
                .entry((change.table, change.key.clone()))
                .or_default() += 1;
        }
    }
    let mut gone: BTreeSet<(TableId, KeyText)> = BTreeSet::new();
    let mut hit: BTreeSet<TableId> = BTreeSet::new();
    let deleted = oracle
        .all_commits()
        .flat_map(|c| &c.rows)
        .filter(|r| r.new.is_none());
    gone.extend(deleted.map(|change| (change.table, change.key.clone())));
    let mut attempted: BTreeSet<(TableId, KeyText)> = BTreeSet::new();
    for write in &record.writes {
        for (draft, key) in write.drafts.iter().zip(&write.keys) {
            let row = (draft.table(), key.clone());
            match draft {
                Draft::Delete { table, .. } => {
                    hit.insert(*table);
                    gone.insert(row);
                }
                // One that was refused and is written again came and went.
                Draft::Insert { .. } if !attempted.insert(row.clone()) => {
                    gone.insert(row);
                }
                Draft::Insert { .. } | Draft::Update { .. } => {}
            }
        }
    }
    // An attempt may have taken others with it, where it was made, and those others still.
    let cascades = |hit: &BTreeSet<TableId>, table: TableId| {
        let keys = &scene.schema.table(table).foreign_keys;
        keys.iter().any(|foreign| {
            let to = scene.schema.table_id(&foreign.references);
            foreign.on_delete == Action::Cascade && to.is_some_and(|to| hit.contains(&to))
        })
    };
    let tables = (0..scene.schema.tables.len() as u16).map(TableId);
    let next = |hit: &BTreeSet<TableId>| {
        let mut tables = tables.clone();
        tables.find(|table| !hit.contains(table) && cascades(hit, *table))
    };
    while let Some(table) = next(&hit) {
        hit.insert(table);
    }
    let once = inserted.into_iter().filter(|(_, times)| *times == 1);
    let rows = once.map(|(place, _)| place);
    let undone = oracle.restores() > 0;
    rows.filter(|place| !undone && !gone.contains(place) && !cascades(&hit, place.0))
        .collect()
}

impl Histories {
    /// The question makes no sense otherwise; values are made so that it does.
    fn written_once(&self) -> Result<(), Broken> {
        let mut seen: HashMap<u32, &str> = HashMap::new();
        for (session, name) in self.sessions.iter().zip(&self.names) {
            let writes = session.transactions.iter().flat_map(|t| &t.writes);
            for (_, value) in writes {
                if let Some(other) = seen.insert(*value, name) {
                    let value = &self.values.1[*value as usize];
                    let why = format!("{value} was written by {other} and by {name}");
                    return Err(Broken::new(Invariant::I1, why));
                }
            }
        }
        Ok(())
    }

    fn add_tabs(
        &mut self,
        scene: &Scene,
        kept: &BTreeMap<String, Place>,
        lasting: &BTreeSet<(TableId, KeyText)>,
    ) {
        let record = scene.record.borrow();
        for (number, own) in record.sessions.iter().enumerate() {
            let transactions = own.entries.iter().map(|entry| match entry {
                Entry::Wrote(id) => self.wrote(scene, *id, kept, lasting),
                Entry::Read { values, present } => {
                    let user = scene.user_of(scene.device_of(own.seat));
                    self.read(scene, values, present, kept, lasting, &user)
                }
            });
            let transactions = transactions.collect();
            self.sessions.push(Session { transactions });
            self.names
                .push(format!("tab {} (session {number})", own.seat.0));
        }
    }

    fn wrote(
        &mut self,
        scene: &Scene,
        id: WriteId,
        kept: &BTreeMap<String, Place>,
        lasting: &BTreeSet<(TableId, KeyText)>,
    ) -> Transaction {
        let record = scene.record.borrow();
        let write = record.write(id);
        let mut writes = Vec::new();
        for (draft, key) in write.drafts.iter().zip(&write.keys) {
            for (column, value) in draft.traced(&scene.schema) {
                let place = (draft.table(), key.clone(), column);
                if kept.get(&value) == Some(&place) {
                    let cell = self.cells.of(&(place.0, place.1, Some(place.2)));
                    writes.push((cell, self.values.of(&value)));
                }
            }
            let row = (draft.table(), key.clone());
            if matches!(draft, Draft::Insert { .. }) && lasting.contains(&row) {
                writes.push(self.existence(&row));
            }
        }
        Transaction {
            writes,
            reads: Vec::new(),
        }
    }

    /// That a row was inserted, as a value of its own.
    fn existence(&mut self, (table, key): &(TableId, KeyText)) -> (u32, u32) {
        let cell = self.cells.of(&(*table, key.clone(), None));
        let value = format!("the insert of {} {}", table.0, key.join(", "));
        (cell, self.values.of(&value))
    }

    fn read(
        &mut self,
        scene: &Scene,
        values: &[(Place, String)],
        present: &BTreeSet<(TableId, KeyText)>,
        kept: &BTreeMap<String, Place>,
        lasting: &BTreeSet<(TableId, KeyText)>,
        user: &str,
    ) -> Transaction {
        let mut reads = Vec::new();
        for (place, value) in values {
            if kept.get(value) == Some(place) {
                let cell = self.cells.of(&(place.0, place.1.clone(), Some(place.2)));
                reads.push((cell, Some(self.values.of(value))));
            }
        }
        let oracle = scene.oracle.borrow();
        for row in lasting {
            // Another user's is not this one's to see.
            let table = scene.schema.table(row.0);
            let owner = crate::rows::owner_column(table);
            let now = oracle.now().get(row.0, &row.1);
            let own = now.is_some_and(|now| owner.is_none_or(|c| now[c].as_deref() == Some(user)));
            if own {
                let (cell, value) = self.existence(row);
                reads.push((cell, present.contains(row).then_some(value)));
            }
        }
        self.whole_reads += 1;
        Transaction {
            writes: Vec::new(),
            reads,
        }
    }

    /// What writers in SQL committed, each transaction by itself; and inserts by whoever else.
    fn add_sql(
        &mut self,
        scene: &Scene,
        kept: &BTreeMap<String, Place>,
        lasting: &BTreeSet<(TableId, KeyText)>,
    ) {
        let oracle = scene.oracle.borrow();
        let written: BTreeSet<u32> = {
            let transactions = self.sessions.iter().flat_map(|s| &s.transactions);
            transactions
                .flat_map(|t| t.writes.iter().map(|(_, v)| *v))
                .collect()
        };
        for (number, commit) in oracle.surviving_commits().into_iter().enumerate() {
            let mut writes = Vec::new();
            for change in &commit.rows {
                let row = (change.table, change.key.clone());
                if change.old.is_none() && lasting.contains(&row) {
                    let place = self.existence(&row);
                    writes.extend(Some(place).filter(|(_, v)| !written.contains(v)));
                }
                let Some(new) = &change.new else { continue };
                for (c, value) in new.iter().enumerate() {
                    let place = (change.table, change.key.clone(), ColumnId(c as u16));
                    let Some(value) = value.as_ref().filter(|v| kept.get(*v) == Some(&place))
                    else {
                        continue;
                    };
                    if change
                        .old
                        .as_ref()
                        .is_some_and(|old| old[c].as_ref() == Some(value))
                    {
                        continue;
                    }
                    let cell = self.cells.of(&(place.0, place.1, Some(place.2)));
                    let value = self.values.of(value);
                    // A tab's own session has it.
                    writes.extend(Some((cell, value)).filter(|(_, v)| !written.contains(v)));
                }
            }
            if writes.is_empty() {
                continue;
            }
            let transaction = Transaction {
                writes,
                reads: Vec::new(),
            };
            self.sessions.push(Session {
                transactions: vec![transaction],
            });
            let by = match &commit.by {
                By::Sql => "SQL".to_owned(),
                By::Push { replica, .. } => replica.clone(),
            };
            self.names.push(format!("commit {number} by {by}"));
        }
    }
}
