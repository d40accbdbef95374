//! Foreign keys, from both sides, in Postgres's order.
//!
//! Postgres queues what a statement's rows have to be asked or cause, per row by the names of its
//! triggers: deferrable uniqueness, then what refers to the row, then what the row refers to. What
//! an action changes is queued behind that. The order decides which violation is named, and whether
//! a NO ACTION finds rows that a later CASCADE would have taken.

use super::Key;
use super::checks::{mixed_reference, reference_missing, still_referenced};
use super::defaults::DefaultRule;
use super::effect::{Origin, Row, Set};
use super::foreign::{ForeignRule, Target};
use super::rules::When;
use super::same::digits;
use super::scratch::{Mode, Scratch};
use crate::error::Error;
use crate::schema::{Action, TableId, Type};
use crate::value::{self, Value};

/// What waits for the end of a statement, or of the transaction.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// Is the row at this position, of those held, unique under a rule of its table?
    Unique {
        table: TableId,
        rule: usize,
        row: usize,
    },
    /// Does what the row at this position refers to by a foreign key of its table exist?
    Refers {
        table: TableId,
        foreign: usize,
        row: usize,
    },
    /// A row to which a foreign key of this table refers was changed, or is gone.
    Referred {
        table: TableId,
        foreign: usize,
        old: Row,
        new: Option<Row>,
    },
}

impl Scratch<'_> {
    /// Queues what a row that was written has to be asked, and what its change causes.
    pub fn after_write(&mut self, id: TableId, at: usize, old: Option<&Row>) {
        let rules = self.rules(id);
        let judging = self.mode != Mode::Replay;
        let state = &self.rows[at].state;
        let (new, unknown) = (state.row.clone(), state.unknown.clone());
        let changed = |columns: &[usize]| match (old, &new) {
            (Some(old), Some(new)) => columns.iter().any(|&c| old[c] != new[c]),
            (_, _) => true,
        };
        for (rule, unique) in rules.uniques.iter().enumerate() {
            if judging && new.is_some() && unique.when != When::AtOnce && changed(&unique.reads) {
                let event = Event::Unique {
                    table: id,
                    rule,
                    row: at,
                };
                self.queue_event(event, unique.when == When::TransactionEnd);
            }
        }
        for &(table, foreign) in &rules.referring {
            let Some(old) = old else { break };
            let rule = &self.rules(table).foreign[foreign];
            let Some(target) = &rule.target else { continue };
            let referable = target.columns.iter().all(|&c| !old[c].is_null());
            let action = rule.action(new.is_some());
            if referable && changed(&target.columns) && (judging || acts(action)) {
                let event = Event::Referred {
                    table,
                    foreign,
                    old: old.clone(),
                    new: new.clone(),
                };
                self.queue_event(event, rule.deferred && action == Action::NoAction);
            }
        }
        let Some(new) = new.as_ref().filter(|_| judging) else {
            return;
        };
        for (foreign, rule) in rules.foreign.iter().enumerate() {
            let nulls = rule.columns.iter().filter(|&&c| new[c].is_null()).count();
            let asked = nulls == 0 || rule.match_full && nulls < rule.columns.len();
            let open = !unknown.is_empty() && rule.columns.iter().any(|c| unknown.contains(c));
            if (asked || open) && changed(&rule.columns) {
                let event = Event::Refers {
                    table: id,
                    foreign,
                    row: at,
                };
                self.queue_event(event, rule.deferred);
            }
        }
    }

    fn queue_event(&mut self, event: Event, deferred: bool) {
        if deferred {
            self.deferred.push(event);
        } else {
            self.queue.push(event);
        }
    }

    /// Asks and does what waits, in order, and what comes of it.
    ///
    /// # Errors
    /// As [`Scratch::perform`].
    pub fn run_queue(&mut self) -> Result<(), Error> {
        let mut next = 0;
        while let Some(event) = self.queue.get(next) {
            let event = event.clone();
            next += 1;
            match event {
                Event::Unique { table, rule, row } => {
                    let held = self.rows[row].clone();
                    let rule = &self.rules(table).uniques[rule];
                    self.judge_unique(table, rule, Some(&held.key), &held.state, &[])?;
                }
                Event::Refers {
                    table,
                    foreign,
                    row,
                } => self.judge_reference(table, foreign, row)?,
                Event::Referred {
                    table,
                    foreign,
                    old,
                    new,
                } => self.follow(table, foreign, &old, new.as_ref())?,
            }
        }
        self.queue.clear();
        Ok(())
    }

    /// Asks whether the row exists that a row refers to.
    fn judge_reference(&mut self, id: TableId, foreign: usize, at: usize) -> Result<(), Error> {
        let (table, rule) = (self.table(id), &self.rules(id).foreign[foreign]);
        let name = &table.foreign_keys[foreign].name;
        let state = &self.rows[at].state;
        // A later operation of the transaction ended it.
        let Some(row) = state.row.clone() else {
            return Ok(());
        };
        let Some(target) = &rule.target else {
            self.doubt(name);
            return Ok(());
        };
        if rule.columns.iter().any(|c| state.unknown.contains(c)) {
            self.doubt(name);
            return Ok(());
        }
        let nulls = rule.columns.iter().filter(|&&c| row[c].is_null()).count();
        if nulls > 0 {
            if rule.match_full && nulls < rule.columns.len() {
                return self.complain(mixed_reference(table, foreign));
            }
            return Ok(());
        }
        let parent = target.table;
        // Nearly always the reference is one column, and its row is here: no value is copied.
        if let (true, [column], [None]) = (target.is_key, &rule.columns[..], &target.convert[..])
            && self.exists(parent, std::slice::from_ref(&row[*column]))
        {
            return Ok(());
        }
        let mut ended = false;
        let values = target.to_parent(rule, &row);
        if let Some(values) = &values {
            if target.is_key {
                if self.exists(parent, values) {
                    return Ok(());
                }
                ended = self.is_ended(parent, &Key::new(values.clone()));
            } else if !self.matching(parent, target.index, values, 1).is_empty() {
                return Ok(());
            }
        }
        let exact = self.replica.store(parent).hashed[target.index].spec.exact();
        let all_here = exact && self.holds_all(parent, &target.columns, values.as_deref());
        if ended || all_here {
            return self.complain(reference_missing(table, foreign, &row));
        }
        self.doubt(name);
        Ok(())
    }

    /// Are all rows here whose columns have these values, seen or not?
    fn holds_all(&self, id: TableId, columns: &[usize], values: Option<&[Value]>) -> bool {
        let rules = self.rules(id);
        if self.replica.alone {
            return true;
        }
        if !self.replica.store(id).complete {
            return false;
        }
        let Some(identity) = rules.identity else {
            return !self.table(id).hides_rows;
        };
        let kind = &self.table(id).columns[identity].kind;
        let own = self.replica.identity().map(|own| value::parse(kind, own));
        let named = columns.iter().position(|&c| c == identity);
        match (named, values, own) {
            (Some(i), Some(values), Some(Ok(own))) => values[i] == own,
            (_, _, _) => false,
        }
    }

    /// Does what a foreign key does when a row to which it refers is changed or gone.
    fn follow(
        &mut self,
        id: TableId,
        foreign: usize,
        old: &Row,
        new: Option<&Row>,
    ) -> Result<(), Error> {
        let rule = &self.rules(id).foreign[foreign];
        let Some(target) = &rule.target else {
            return Ok(());
        };
        let action = rule.action(new.is_some());
        let Some(values) = target.to_child(old) else {
            // No value of the referencing columns' types is the same.
            return Ok(());
        };
        if !acts(action) {
            return self.judge_unreferenced(id, foreign, old, &values, action);
        }
        let children = self.matching(id, rule.index, &values, usize::MAX);
        let (mut set, mut unknown) = (Vec::new(), Vec::new());
        match (action, new) {
            (Action::Cascade, None) => {
                for key in children {
                    let old = self.visible(id, &key).row;
                    self.delete_row(id, key, old, Origin::Cascade);
                }
                return Ok(());
            }
            (Action::Cascade, Some(new)) => {
                for (i, &column) in rule.columns.iter().enumerate() {
                    set.push((column, target.assigned(i, new)?));
                }
            }
            (Action::SetNull, _) => {
                let columns = rule.changed_columns(new.is_some());
                set.extend(columns.iter().map(|&column| (column, Value::Null)));
            }
            (Action::SetDefault, _) => {
                for &column in rule.changed_columns(new.is_some()) {
                    let default = self.default_of(id, column)?;
                    unknown.extend(default.is_none().then_some(column));
                    set.push((column, default.unwrap_or_default()));
                }
            }
            (Action::NoAction | Action::Restrict, _) => {}
        }
        for key in children {
            let old = self.visible(id, &key);
            if self.mode != Mode::Replay {
                for (column, value) in &set {
                    if let Err(error) = self.judge_domains(id, *column, value) {
                        self.complain(error)?;
                    }
                }
            }
            let change = Set {
                values: set.clone(),
                unknown: unknown.clone(),
                ..Set::default()
            };
            self.change_row(id, key, old, change, Origin::Cascade)?;
        }
        // Rows may have referred to the default already, and do so still.
        if action == Action::SetDefault && self.mode != Mode::Replay {
            return self.judge_unreferenced(id, foreign, old, &values, Action::NoAction);
        }
        Ok(())
    }

    /// Asks that no row refers to what a row was.
    fn judge_unreferenced(
        &mut self,
        id: TableId,
        foreign: usize,
        old: &Row,
        values: &[Value],
        action: Action,
    ) -> Result<(), Error> {
        let (table, rule) = (self.table(id), &self.rules(id).foreign[foreign]);
        let Some(target) = &rule.target else {
            return Ok(());
        };
        if action == Action::NoAction {
            // Another row may have what is referred to by now.
            let referred: Vec<Value> = target.columns.iter().map(|&c| old[c].clone()).collect();
            let parent = target.table;
            if !self.matching(parent, target.index, &referred, 1).is_empty() {
                return Ok(());
            }
        }
        if !self.matching(id, rule.index, values, 1).is_empty() {
            let schema = self.replica.schema();
            let error = still_referenced(schema, table, foreign, action == Action::Restrict);
            return self.complain(error);
        }
        let exact = self.replica.store(id).hashed[rule.index].spec.exact();
        if !exact || !self.holds_all(id, &rule.columns, Some(values)) {
            self.doubt(&table.foreign_keys[foreign].name);
        }
        Ok(())
    }

    /// A column's default where the client knows it without making anything.
    fn default_of(&self, id: TableId, column: usize) -> Result<Option<Value>, Error> {
        let described = &self.table(id).columns[column];
        let rule: &DefaultRule = &self.rules(id).columns[column].default;
        rule.shown(described, self.at_ms, self.replica.identity())
    }
}

/// Does an action change the referencing rows?
pub(super) fn acts(action: Action) -> bool {
    !matches!(action, Action::NoAction | Action::Restrict)
}

impl ForeignRule {
    fn action(&self, update: bool) -> Action {
        if update {
            self.on_update
        } else {
            self.on_delete
        }
    }

    /// The columns that SET NULL and SET DEFAULT change.
    fn changed_columns(&self, update: bool) -> &[usize] {
        if update {
            &self.columns
        } else {
            &self.delete_columns
        }
    }
}

impl Target {
    /// What a row refers to, as the referenced columns would have it; `None` where they can't.
    fn to_parent(&self, rule: &ForeignRule, row: &Row) -> Option<Vec<Value>> {
        let converted = rule.columns.iter().zip(&self.convert).map(|(&c, types)| {
            let types = types.as_ref().map(|(from, to)| (from, to));
            convert(&row[c], types)
        });
        converted.collect()
    }

    /// What refers to a row, as the referencing columns would have it; `None` where they can't.
    fn to_child(&self, row: &Row) -> Option<Vec<Value>> {
        let converted = self.columns.iter().zip(&self.convert).map(|(&c, types)| {
            let types = types.as_ref().map(|(from, to)| (to, from));
            convert(&row[c], types)
        });
        converted.collect()
    }

    /// A referenced value as it is assigned to the referencing column.
    fn assigned(&self, i: usize, row: &Row) -> Result<Value, Error> {
        let value = &row[self.columns[i]];
        match &self.convert[i] {
            Some((from, to)) => match value::to_text(to, value) {
                Some(text) => value::parse(from, &text),
                None => Ok(Value::Null),
            },
            None => Ok(value.clone()),
        }
    }
}

/// The same value in another type, where it has one.
fn convert(value: &Value, types: Option<(&Type, &Type)>) -> Option<Value> {
    let (Some((from, to)), false) = (types, value.is_null()) else {
        return Some(value.clone());
    };
    let text = value::to_text(from, value)?;
    let converted = value::parse(to, &digits(&text)).ok()?;
    // What was rounded is another value.
    let back = value::to_text(to, &converted)?;
    (digits(&back) == digits(&text)).then_some(converted)
}
