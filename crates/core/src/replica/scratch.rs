//! Rows as the operations so far of one transaction leave them, over the rows of a replica.
//!
//! The replica itself is not changed: what comes out is the rows, and the effects that made them.

use super::effect::{Change, Effect, Generate, Origin, Row, Set, State, generate, update_row};
use super::judge::Given;
use super::key::hash_key;
use super::refer::Event;
use super::rules::TableRules;
use super::{Key, Replica};
use crate::error::Error;
use crate::schema::{Table, TableId};
use crate::value::Value;
use hashbrown::HashTable;

/// Up to so many rows are searched one by one.
pub(super) const SEARCHED_MAX: usize = 16;

/// What becomes of a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is an error: the write is being made.
    Judge,
    /// Its rule is noted as unverified: the write was made before, by any tab.
    Note,
    /// No rule is asked; only what follows from foreign keys is done.
    Replay,
}

/// A row that the transaction touches.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub table: TableId,
    pub key: Key,
    pub state: State,
}

pub(super) struct Scratch<'r> {
    pub replica: &'r Replica,
    pub mode: Mode,
    /// The time of the mutation whose operations are being done.
    pub at_ms: i64,
    /// Each row once, as it is by now.
    pub rows: Vec<Held>,
    /// In the order in which they happen.
    pub effects: Vec<Effect>,
    /// The rules about which nothing certain can be said here.
    pub unverified: Vec<String>,
    /// What is to be asked or done at the end of the statement.
    pub queue: Vec<Event>,
    /// What is to be asked at the end of the transaction.
    pub deferred: Vec<Event>,
    by_key: HashTable<u32>,
    by_values: HashTable<(u64, u32)>,
    /// The rows that `by_values` doesn't know as they are now.
    changed: Vec<u32>,
}

impl<'r> Scratch<'r> {
    pub fn new(replica: &'r Replica, mode: Mode, at_ms: i64) -> Self {
        Self {
            replica,
            mode,
            at_ms,
            rows: Vec::new(),
            effects: Vec::new(),
            unverified: Vec::new(),
            queue: Vec::new(),
            deferred: Vec::new(),
            by_key: HashTable::new(),
            by_values: HashTable::new(),
            changed: Vec::new(),
        }
    }

    pub fn table(&self, id: TableId) -> &'r Table {
        self.replica.schema.table(id)
    }

    pub fn rules(&self, id: TableId) -> &'r TableRules {
        &self.replica.rules[usize::from(id.0)]
    }

    /// Does one operation, and all that follows from it.
    ///
    /// `made` are the columns of an insert that got values which no one else can have.
    ///
    /// # Errors
    /// In [`Mode::Judge`] whatever rule the operation breaks; then this is of no more use.
    pub fn perform(&mut self, effect: Effect, made: &[usize]) -> Result<(), Error> {
        let id = effect.table;
        match &effect.change {
            Change::Insert(row, unknown) => {
                let state = State {
                    row: Some(row.clone()),
                    unknown: unknown.clone(),
                };
                if self.mode != Mode::Replay {
                    let given = Given { made, set: &[] };
                    self.judge_row(id, None, None, &state, given)?;
                }
                let at = self.put(id, &effect.key, state);
                self.effects.push(effect);
                self.after_write(id, at, None);
            }
            Change::Update(set) => {
                let old = self.visible(id, &effect.key);
                let set = set.clone();
                self.change_row(id, effect.key, old, set, effect.origin)?;
            }
            Change::Delete => {
                let old = self.visible(id, &effect.key);
                self.delete_row(id, effect.key, old.row, effect.origin);
            }
        }
        self.run_queue()
    }

    /// Asks what was deferred to the transaction's end.
    ///
    /// # Errors
    /// As [`Scratch::perform`].
    pub fn finish(&mut self) -> Result<(), Error> {
        self.queue.append(&mut self.deferred);
        self.run_queue()
    }

    /// A row loses its place.
    pub fn delete_row(&mut self, id: TableId, key: Key, old: Option<Row>, origin: Origin) {
        let at = self.put(id, &key, State::default());
        self.effects.push(Effect {
            table: id,
            key,
            change: Change::Delete,
            origin,
        });
        if let Some(old) = old {
            self.after_write(id, at, Some(&old));
        }
    }

    /// A row gets other values.
    ///
    /// # Errors
    /// As [`Scratch::perform`].
    pub fn change_row(
        &mut self,
        id: TableId,
        key: Key,
        old: State,
        set: Set,
        origin: Origin,
    ) -> Result<(), Error> {
        let rules = self.rules(id);
        let mut state = old.clone();
        let (Some(row), Some(old)) = (&mut state.row, &old.row) else {
            // The row is gone; the mutation stays in the queue until the server says so.
            let change = Change::Update(set);
            self.put(id, &key, state);
            self.effects.push(Effect {
                table: id,
                key,
                change,
                origin,
            });
            return Ok(());
        };
        let values = set.on(row);
        update_row(row, &mut state.unknown, &values, &set.unknown);
        let how = match self.mode {
            Mode::Judge => Generate::Changed,
            Mode::Note | Mode::Replay => Generate::Leniently,
        };
        generate(rules, row, &mut state.unknown, how)
            .map_err(|error| error.table(&self.table(id).name))?;
        let row = row.clone();
        let new_key = Key::of(&row, &self.replica.store(id).key_columns);
        if self.mode != Mode::Replay {
            let except = (new_key == key).then_some(&key);
            let given = Given {
                made: &[],
                set: &values,
            };
            self.judge_row(id, except, Some(old), &state, given)?;
        }
        if new_key == key {
            let at = self.put(id, &key, state);
            self.effects.push(Effect {
                table: id,
                key,
                change: Change::Update(set),
                origin,
            });
            self.after_write(id, at, Some(old));
            return Ok(());
        }
        // A reference that is part of the key followed its row: to a replica, another row.
        let change = Change::Insert(row, state.unknown.clone());
        self.put(id, &key, State::default());
        let at = self.put(id, &new_key, state);
        for (key, change) in [(key, Change::Delete), (new_key, change)] {
            self.effects.push(Effect {
                table: id,
                key,
                change,
                origin,
            });
        }
        self.after_write(id, at, Some(old));
        Ok(())
    }

    /// Sets a row, and gives its position.
    pub fn put(&mut self, table: TableId, key: &Key, state: State) -> usize {
        let at = match self.position(table, key.values()) {
            Some(at) => {
                self.rows[at].state = state;
                at
            }
            None => {
                self.rows.push(Held {
                    table,
                    key: key.clone(),
                    state,
                });
                self.rows.len() - 1
            }
        };
        self.changed.push(at as u32);
        at
    }

    /// A row as the transaction sees it.
    pub fn visible(&mut self, table: TableId, key: &Key) -> State {
        match self.position(table, key.values()) {
            Some(at) => self.rows[at].state.clone(),
            None => self.replica.visible(table, key),
        }
    }

    /// Is there a row of this key?
    pub fn exists(&mut self, table: TableId, key: &[Value]) -> bool {
        match self.position(table, key) {
            Some(at) => self.rows[at].state.row.is_some(),
            None => self.replica.store(table).find_values(key).is_some(),
        }
    }

    /// Did the transaction, or a pending mutation, end the row of this key?
    pub fn is_ended(&mut self, table: TableId, key: &Key) -> bool {
        match self.position(table, key.values()) {
            Some(at) => self.rows[at].state.row.is_none(),
            None => {
                self.replica.is_pending(table, key)
                    && self.replica.store(table).find_key(key).is_none()
            }
        }
    }

    /// Has the transaction touched this row?
    pub fn holds(&mut self, table: TableId, key: &Key) -> bool {
        self.position(table, key.values()).is_some()
    }

    fn position(&mut self, table: TableId, key: &[Value]) -> Option<usize> {
        if self.rows.len() > SEARCHED_MAX {
            self.index_keys();
        }
        self.held_at(table, key)
    }

    fn held_at(&self, table: TableId, key: &[Value]) -> Option<usize> {
        let is = |held: &Held| held.table == table && held.key.values() == key;
        if self.rows.len() <= SEARCHED_MAX {
            return self.rows.iter().position(is);
        }
        let found = self
            .by_key
            .find(row_hash(table, key), |&at| is(&self.rows[at as usize]));
        found.map(|&at| at as usize)
    }

    fn index_keys(&mut self) {
        let rows = &self.rows;
        let hash = |&at: &u32| row_hash(rows[at as usize].table, rows[at as usize].key.values());
        for at in self.by_key.len()..rows.len() {
            self.by_key
                .insert_unique(hash(&(at as u32)), at as u32, hash);
        }
    }

    /// The keys of the rows that an index finds by values, in an order that is the same in every
    /// tab; not more than `most`.
    pub fn matching(
        &mut self,
        table: TableId,
        index: usize,
        values: &[Value],
        most: usize,
    ) -> Vec<Key> {
        let store = self.replica.store(table);
        let spec = &store.hashed[index].spec;
        let hash = spec.hash(values);
        let mut found: Vec<Key> = Vec::new();
        let many = self.rows.len() > SEARCHED_MAX;
        if many {
            self.index_keys();
            self.index_values();
        }
        for slot in store.candidates(index, hash) {
            if found.len() < most && spec.has(&store.row(slot), values) {
                let key = store.key(slot);
                if self.rows.is_empty() || self.held_at(table, key.values()).is_none() {
                    found.push(key);
                }
            }
        }
        let mut look = |held: &Held| {
            if held.table == table
                && let Some(row) = &held.state.row
                && spec.has(row, values)
                && !found.contains(&held.key)
            {
                found.push(held.key.clone());
            }
        };
        if many {
            let mixed = mix(table, index, hash);
            for &(other, at) in self.by_values.iter_hash(mixed) {
                if other == mixed {
                    look(&self.rows[at as usize]);
                }
            }
        } else {
            self.rows.iter().for_each(look);
        }
        if found.len() > 1 {
            found.sort_unstable_by(|a, b| a.order(b));
        }
        found.truncate(most);
        found
    }

    /// Notes what rows are to be found by; what they were found by before stays, and is passed over.
    fn index_values(&mut self) {
        for at in std::mem::take(&mut self.changed) {
            let held = &self.rows[at as usize];
            let Some(row) = &held.state.row else { continue };
            let store = self.replica.store(held.table);
            for (i, index) in store.hashed.iter().enumerate() {
                let hash = index.spec.hash_row(row);
                if hash != 0 {
                    let mixed = mix(held.table, i, hash);
                    self.by_values
                        .insert_unique(mixed, (mixed, at), |&(mixed, _)| mixed);
                }
            }
        }
    }

    /// Notes a rule about which nothing certain can be said here.
    pub fn doubt(&mut self, name: &str) {
        if !self.unverified.iter().any(|known| known == name) {
            self.unverified.push(name.to_owned());
        }
    }

    /// Deals with a violation as the mode says.
    ///
    /// # Errors
    /// The violation, in [`Mode::Judge`].
    pub fn complain(&mut self, error: Error) -> Result<(), Error> {
        match self.mode {
            Mode::Judge => return Err(error),
            Mode::Note => {
                if let Some(name) = &error.details.constraint {
                    self.doubt(name);
                }
            }
            Mode::Replay => {}
        }
        Ok(())
    }
}

fn row_hash(table: TableId, key: &[Value]) -> u64 {
    hash_key(key.iter().map(Value::as_value_ref)) ^ u64::from(table.0) << 32
}

fn mix(table: TableId, index: usize, hash: u64) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    hash ^ ((u64::from(table.0) << 16) + index as u64 + 1).wrapping_mul(ODD)
}
