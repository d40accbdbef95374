//! Statements of a transaction: what they read and write, and what Postgres's own machinery does in their
//! wake: constraints, row security, locks, the triggers of the changelog and of times.

use super::database::{State, TextRow, lock_timeout, refusal};
use super::image::{Entry, Write};
use super::locks::{self, Lock, Strength};
use super::transaction::{Pointer, Transaction, TxId};
use haversack_core::protocol::KeyText;
use haversack_core::replica::{Executed, Key, Refused, RowChange, RowOp, WriteContext};
use haversack_core::schema::{ColumnId, TableId};
use haversack_core::value::{Value, to_text};
use haversack_core::{Error, ErrorCode};
use haversack_endpoint::sync::failure::{Failure, Refusal};
use haversack_endpoint::sync::store::Reading;
use std::ops::Bound;

/// What a statement takes from outside.
pub(super) struct Outside<'a> {
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// Random bytes.
    pub random: &'a mut dyn FnMut() -> [u8; 16],
}

impl State {
    /// Looks whether a transaction can take a statement, and shows it.
    pub fn enter(&mut self, tx: TxId) -> Result<(), Failure> {
        match self.open.get(&tx) {
            None => Err(broken()),
            Some(transaction) if transaction.failed => Err(refusal(
                "25P02",
                "current transaction is aborted, commands ignored until end of transaction block",
            )
            .into_failure()),
            Some(_) => {
                self.show(Some(tx));
                Ok(())
            }
        }
    }

    /// What a refusal does to a transaction: all since its savepoint, or its beginning, is undone at once,
    /// and others may have what it held, though it goes on only when it is told to.
    pub fn fail(&mut self, tx: TxId, refusal: Box<Refusal>) -> Failure {
        self.take_back(tx);
        if let Some(transaction) = self.transaction(tx) {
            transaction.failed = true;
        }
        refusal.into_failure()
    }

    /// A row that a transaction can see.
    pub fn read(
        &mut self,
        tx: TxId,
        table: TableId,
        key: &KeyText,
        reading: Reading,
    ) -> Result<Option<TextRow>, Failure> {
        self.enter(tx)?;
        let key = Key::from_text(self.schema.table(table), key)?;
        let Some(row) = self.image.rows.row(table, &key) else {
            return Ok(None);
        };
        if !self.sees(tx, table, &row) {
            return Ok(None);
        }
        // Without a right to update, nothing is locked.
        let columns = &self.schema.table(table).columns;
        if reading == Reading::Locked && columns.iter().any(|c| c.writable) {
            let lock = Lock::Row(table, key, Strength::Update);
            self.lock(tx, lock).map_err(|r| self.fail(tx, r))?;
        }
        Ok(Some(self.texts(table, &row)))
    }

    /// Does row security let a transaction see a row, or make one?
    fn sees(&self, tx: TxId, table: TableId, row: &[Value]) -> bool {
        let role = self.open.get(&tx).and_then(|t| t.role.as_ref());
        let Some((user, column)) = role.zip(self.shapes[usize::from(table.0)].owner) else {
            return true;
        };
        self.owner_value(table, user).as_ref() == Some(&row[column])
    }

    /// Does an operation; gives the rows that it touched itself and by foreign keys.
    pub fn execute(
        &mut self,
        tx: TxId,
        table: TableId,
        op: &RowOp,
        outside: &mut Outside<'_>,
    ) -> Result<Vec<RowChange>, Failure> {
        self.enter(tx)?;
        if let RowOp::Update(key, _) | RowOp::Delete(key) = op {
            let row = self.image.rows.row(table, key);
            if row.is_none_or(|row| !self.sees(tx, table, &row)) {
                return Ok(Vec::new());
            }
        }
        self.secure(tx, table, op).map_err(|r| self.fail(tx, r))?;
        let role = self.open.get(&tx).and_then(|t| t.role.clone());
        let sequences = &mut self.sequences;
        let mut keys = |table: TableId| {
            let next = &mut sequences[usize::from(table.0)];
            *next += 1;
            Some(*next - 1)
        };
        let mut context = WriteContext {
            now_ms: outside.now_ms,
            random: outside.random,
            keys: &mut keys,
        };
        let rows = &mut self.image.rows;
        let done = rows.execute(table, op, role.as_deref(), &mut context);
        match self.judge(tx, table, op, done) {
            Ok(executed) => {
                let (touched, made) = (executed.rows.clone(), outside.now_ms);
                self.take(tx, executed, made);
                if let RowOp::Update(key, _) = op {
                    self.time_new_key(tx, key, &touched, made);
                }
                Ok(touched)
            }
            Err(Failure::Refused(refusal) | Failure::Transient(refusal)) => {
                Err(self.fail(tx, refusal))
            }
            Err(failure) => Err(failure),
        }
    }

    /// What comes before the rules: a lock on the row, and whose the new one is.
    fn secure(&mut self, tx: TxId, table: TableId, op: &RowOp) -> Result<(), Box<Refusal>> {
        let given = match op {
            RowOp::Insert(values) | RowOp::Update(_, values) => &values[..],
            RowOp::Delete(_) => &[],
        };
        if let RowOp::Update(key, _) | RowOp::Delete(key) = op {
            // As strong as the change is, whatever the rules will say of it.
            let strength = match op {
                RowOp::Update(..) if !self.changes_unique(table, key, given) => {
                    Strength::NoKeyUpdate
                }
                RowOp::Update(..) | RowOp::Delete(_) | RowOp::Insert(_) => Strength::Update,
            };
            self.lock(tx, Lock::Row(table, key.clone(), strength))?;
        }
        let shape = &self.shapes[usize::from(table.0)];
        let role = self.open.get(&tx).and_then(|t| t.role.as_ref());
        let Some((user, column)) = role.zip(shape.owner) else {
            return Ok(());
        };
        let own = self.owner_value(table, user);
        let named = given.iter().find(|(c, _)| usize::from(c.0) == column);
        if named.is_some_and(|(_, owner)| Some(owner) != own.as_ref()) {
            return Err(refusal(
                "42501",
                "new row violates row-level security policy",
            ));
        }
        Ok(())
    }

    /// Does an update give a row another value of what no two rows share?
    fn changes_unique(&self, table: TableId, key: &Key, set: &[(ColumnId, Value)]) -> bool {
        let Some(row) = self.image.rows.row(table, key) else {
            return false;
        };
        let uniques = &self.shapes[usize::from(table.0)].uniques;
        let is_unique = |column: usize| uniques.iter().any(|u| u.columns.contains(&column));
        set.iter().any(|(column, value)| {
            let column = usize::from(column.0);
            is_unique(column) && row[column] != *value
        })
    }

    /// What Postgres says to an operation, where others may stand in its way. What is refused is undone.
    fn judge(
        &mut self,
        tx: TxId,
        table: TableId,
        op: &RowOp,
        done: Result<Executed, Box<Refused>>,
    ) -> Result<Executed, Failure> {
        let shape = &self.shapes[usize::from(table.0)];
        let details = done.as_ref().err().map(|refused| &refused.error.details);
        let state = details.and_then(|d| d.sqlstate.clone());
        let constraint = details.and_then(|d| d.constraint.clone());
        let row = match &done {
            Ok(executed) => executed
                .rows
                .first()
                .and_then(|change| change.new.as_ref().map(|row| row.to_vec())),
            Err(_) => self.wanted(table, op),
        };
        // In their order: a rule that is broken already, or that waits for somebody to say so.
        let asked = matches!(state.as_deref(), None | Some("23505" | "23503"));
        for (rule, unique) in shape.uniques.iter().enumerate().filter(|_| asked) {
            let values = row.as_ref().and_then(|row| locks::values(shape, rule, row));
            let lock = values.map(|values| Lock::Values(table, rule, values));
            if lock.is_some_and(|lock| self.is_held(tx, &lock)) {
                self.put_back(&done);
                return Err(lock_timeout().into_failure());
            }
            if constraint.as_ref() == Some(&unique.name) {
                break;
            }
        }
        let executed = match done {
            Ok(executed) => executed,
            Err(refused) => {
                let Refused { error, touched } = *refused;
                let waits = self.waits_for_row(tx, &touched)
                    || self.waits_for_parent(tx, table, &error, op, row.as_deref())
                    || self.is_leaving(tx, &error, op);
                return Err(if waits {
                    lock_timeout().into_failure()
                } else {
                    violation(error)
                });
            }
        };
        let held: Vec<Lock> = executed
            .rows
            .iter()
            .flat_map(|change| {
                let own = self.has_written(tx, change.table, &change.key);
                locks::of_change(&self.shapes[usize::from(change.table.0)], change, own)
            })
            .collect();
        if held.iter().any(|lock| self.is_held(tx, lock)) {
            self.put_back(&Ok(executed));
            return Err(lock_timeout().into_failure());
        }
        self.xid(tx);
        if let Some(transaction) = self.transaction(tx) {
            transaction.locks.extend(held);
        }
        Ok(executed)
    }

    /// The row that an operation which was refused would have made, as far as it says so itself.
    fn wanted(&self, table: TableId, op: &RowOp) -> Option<Vec<Value>> {
        let columns = self.schema.table(table).columns.len();
        let (mut row, values) = match op {
            RowOp::Insert(values) => (vec![Value::Null; columns], values),
            RowOp::Update(key, set) => (self.image.rows.row(table, key)?.to_vec(), set),
            RowOp::Delete(_) => return None,
        };
        for (column, value) in values {
            row[usize::from(column.0)] = value.clone();
        }
        Some(row)
    }

    /// Has a transaction written a row?
    fn has_written(&self, tx: TxId, table: TableId, key: &Key) -> bool {
        let is = |write: &Write| matches!(write, Write::Row(change) if change.table == table && change.key == *key);
        self.open.get(&tx).is_some_and(|t| t.log.iter().any(is))
    }

    /// Is one of the rows that were touched before something was refused held by others?
    fn waits_for_row(&self, tx: TxId, touched: &[RowChange]) -> bool {
        touched.iter().any(|change| {
            let shape = &self.shapes[usize::from(change.table.0)];
            let locks = locks::of_change(shape, change, false);
            // What they refer to is asked later.
            let mut rows = locks.iter().filter(|lock| !lock.is_reference());
            rows.any(|lock| self.is_held(tx, lock))
        })
    }

    /// Is one of the rows that a row refers to, before the one that is missing, about to be deleted?
    fn waits_for_parent(
        &self,
        tx: TxId,
        table: TableId,
        error: &Error,
        op: &RowOp,
        wanted: Option<&[Value]>,
    ) -> bool {
        let (Some(wanted), Some("23503")) = (wanted, error.details.sqlstate.as_deref()) else {
            return false;
        };
        let old = match op {
            RowOp::Update(key, _) if !self.has_written(tx, table, key) => {
                self.image.rows.row(table, key)
            }
            RowOp::Update(..) | RowOp::Insert(_) | RowOp::Delete(_) => None,
        };
        let foreign = self.shapes[usize::from(table.0)].foreign.iter();
        let missing = error.details.constraint.as_ref();
        let mut before = foreign.take_while(|foreign| Some(&foreign.name) != missing);
        before.any(|foreign| {
            let lock = locks::of_reference(foreign, old.as_deref(), wanted);
            lock.is_some_and(|lock| self.is_held(tx, &lock))
        })
    }

    /// Is it only rows that others are about to delete which still refer to the row?
    fn is_leaving(&self, tx: TxId, error: &Error, op: &RowOp) -> bool {
        let RowOp::Delete(key) = op else { return false };
        let constraint = error.details.constraint.as_deref();
        let tables = self.shapes.iter().enumerate();
        let mut foreign = tables.flat_map(|(t, s)| s.foreign.iter().map(move |f| (t, f)));
        let Some((child, foreign)) = foreign.find(|(_, f)| Some(f.name.as_str()) == constraint)
        else {
            return false;
        };
        let child = TableId(child as u16);
        let refers = |row: &[Value]| {
            let columns = foreign.columns.iter().zip(key.values());
            { columns }.all(|(column, part)| row[*column] == *part)
        };
        let mut referring = self
            .image
            .rows
            .confirmed_keys(child)
            .into_iter()
            .filter(|key| self.image.rows.row(child, key).is_some_and(|r| refers(&r)))
            .peekable();
        referring.peek().is_some()
            && referring.all(|key| self.is_held(tx, &Lock::Row(child, key, Strength::KeyShare)))
    }

    fn put_back(&mut self, done: &Result<Executed, Box<Refused>>) {
        for change in done.iter().flat_map(|executed| executed.rows.iter().rev()) {
            self.image.undo(&Write::Row(change.clone()));
        }
    }

    /// Notes what was done, and what the triggers do of it.
    fn take(&mut self, tx: TxId, executed: Executed, now_ms: i64) {
        for change in executed.rows {
            self.point(tx, &change);
            self.time(tx, &change, now_ms);
            self.note(tx, Write::Row(change));
        }
        if let Some(transaction) = self.transaction(tx) {
            transaction.deferred.extend(executed.deferred);
        }
    }

    /// Whom a row concerns; none where it is nobody's.
    fn scope(&self, table: TableId, row: &[Value]) -> Option<String> {
        let Some(owner) = self.shapes[usize::from(table.0)].owner else {
            return Some("*".to_owned());
        };
        let kind = &self.schema.table(table).columns[owner].kind;
        to_text(kind, &row[owner]).map(|owner| format!("u:{owner}"))
    }

    /// Adds a change to the changelog: for those who have the row, and those who had it.
    fn point(&mut self, tx: TxId, change: &RowChange) {
        let scope = |row: &Option<std::sync::Arc<[Value]>>| {
            row.as_ref().and_then(|row| self.scope(change.table, row))
        };
        let (new, old) = (scope(&change.new), scope(&change.old));
        let key = change.key.to_text(self.schema.table(change.table));
        let old = old.filter(|old| new.as_ref() != Some(old));
        if let Some(transaction) = self.transaction(tx) {
            let scopes = [new, old].into_iter().flatten();
            transaction.pointers.extend(scopes.map(|scope| Pointer {
                scope,
                table: change.table,
                key: key.clone(),
            }));
        }
    }

    /// When a transaction's writes count as made: never later than now.
    fn made(&self, tx: TxId, now_ms: i64) -> i64 {
        let made = self.open.get(&tx).and_then(|t: &Transaction| t.made_ms);
        made.unwrap_or(now_ms).min(now_ms)
    }

    /// Records when columns were written, and forgets it with their row.
    fn time(&mut self, tx: TxId, change: &RowChange, now_ms: i64) {
        let key = change.key.to_text(self.schema.table(change.table));
        let timed = self.shapes[usize::from(change.table.0)].timed.clone();
        match (&change.old, &change.new) {
            (Some(old), Some(new)) => {
                let made = self.made(tx, now_ms);
                for column in timed.into_iter().filter(|c| old[*c] != new[*c]) {
                    self.set_time(tx, (change.table, key.clone(), column), made);
                }
            }
            (Some(_), None) => {
                for column in timed {
                    let key = (change.table, key.clone(), ColumnId(column as u16));
                    if self.image.times.contains_key(&key) {
                        let gone = Entry::set(&self.image.times, key, None);
                        self.write(tx, Write::Time(gone));
                    }
                }
            }
            (None, _) => {}
        }
    }

    /// A row that an update gave another key counts as written whole.
    fn time_new_key(&mut self, tx: TxId, old_key: &Key, touched: &[RowChange], now_ms: i64) {
        let [gone, made, ..] = touched else { return };
        if gone.key != *old_key || gone.new.is_some() || made.old.is_some() {
            return;
        }
        let key = made.key.to_text(self.schema.table(made.table));
        let at = self.made(tx, now_ms);
        for column in self.shapes[usize::from(made.table.0)].timed.clone() {
            self.set_time(tx, (made.table, key.clone(), column), at);
        }
    }

    /// Records that a column is as somebody wanted it at a time, unless it is known of a later one.
    pub fn set_time(&mut self, tx: TxId, (table, key, column): (TableId, KeyText, usize), at: i64) {
        let key = (table, key, ColumnId(column as u16));
        let known = self.image.times.get(&key).copied();
        let at = known.map_or(at, |known| known.max(at));
        let entry = Entry::set(&self.image.times, key, Some(at));
        self.write(tx, Write::Time(entry));
    }

    /// The times of a row's columns.
    pub fn times(&self, table: TableId, key: &KeyText) -> Vec<(String, i64)> {
        let from = (table, key.clone(), ColumnId(0));
        let to = (table, key.clone(), ColumnId(u16::MAX));
        let times = self
            .image
            .times
            .range((Bound::Included(from), Bound::Included(to)));
        let columns = &self.schema.table(table).columns;
        times
            .map(|((_, _, column), at)| (columns[usize::from(column.0)].name.clone(), *at))
            .collect()
    }

    /// Asks what a transaction deferred.
    pub fn judge_deferred(&mut self, tx: TxId) -> Result<(), Box<Refusal>> {
        self.show(Some(tx));
        let deferred = match self.transaction(tx) {
            Some(transaction) => std::mem::take(&mut transaction.deferred),
            None => return Ok(()),
        };
        if deferred.is_empty() {
            return Ok(());
        }
        match self.image.rows.judge_deferred(deferred) {
            Ok(()) => Ok(()),
            Err(error) => match violation(error) {
                Failure::Refused(refusal)
                | Failure::Transient(refusal)
                | Failure::Outdated(refusal) => Err(refusal),
                Failure::Broken(error) => Err(refusal("XX000", &error.message)),
            },
        }
    }
}

/// What Postgres says of a rule that is broken.
fn violation(error: Error) -> Failure {
    let details = &error.details;
    let Some(sqlstate) = details.sqlstate.clone() else {
        return Failure::Broken(error);
    };
    let mut refusal = refusal(&sqlstate, &error.message);
    // It names the place where a row breaks a rule, and none where a value is not one.
    if sqlstate.starts_with("23") {
        refusal.schema = Some("public".to_owned());
        refusal.table.clone_from(&details.table);
        if sqlstate == "23502" {
            refusal.column.clone_from(&details.column);
        } else {
            refusal.constraint.clone_from(&details.constraint);
        }
    }
    refusal.into_failure()
}

/// The connection is gone.
pub(super) fn broken() -> Failure {
    Failure::Broken(Error::new(
        ErrorCode::DatabaseUnavailable,
        "the connection to Postgres broke",
    ))
}
