//! Checks a write and turns it into a mutation; changes nothing.
//!
//! The order of complaint is Postgres's: privilege, columns and types; domains; whose the row is;
//! then NOT NULL in the order of the columns, CHECKs by name, unique indexes, foreign keys. Each
//! operation is a statement of its own that sees what the earlier ones did, and the first violation
//! ends the whole transaction.

use super::checks::{check_writable, denied, not_found};
use super::defaults::make_default;
use super::draft::DraftOp;
use super::effect::{Change, Counted, Effect, Generate, Origin, Row, Set, generate, update_row};
use super::scratch::{Held, Mode, Scratch};
use super::steps::Deferred;
use super::{Key, Replica};
use crate::error::{Error, ErrorCode};
use crate::json::Json;
use crate::map::{Map, Name};
use crate::protocol::{Op, Predicted, Seq, Text, Values};
use crate::queue;
use crate::schema::{Column, Policy, Table, TableId};
use crate::value::{self, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// What a write needs from outside: the time, randomness, leased keys.
pub struct WriteContext<'a> {
    /// Milliseconds since 1970 by the replica's clock; a write counts as no earlier than what it has
    /// seen, however that clock goes.
    pub now_ms: i64,
    /// Gives random bytes.
    pub random: &'a mut dyn FnMut() -> [u8; 16],
    /// Gives the next leased key of a table. Keys drawn by a write that is refused can be given
    /// again: they are in no mutation.
    pub keys: &'a mut dyn FnMut(TableId) -> Option<i64>,
}

/// A write that has been checked.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// When it was made, in milliseconds since 1970.
    pub at: i64,
    /// The replica's last judged mutation when it was made.
    pub seen: Seq,
    /// Its operations, as they are stored and sent.
    pub ops: Vec<Op>,
    /// The key of the row of each operation.
    pub keys: Vec<(TableId, Key)>,
    /// The rules about which nothing certain can be said here, as of rows that only the server has.
    pub unverified: Vec<String>,
    /// What hooks foresee, as it is stored.
    pub predicted: Vec<Predicted>,
    pub(super) effects: Vec<Effect>,
    /// What is to be asked at the end of the transaction that this is a step of.
    pub(super) deferred: Vec<Deferred>,
    /// The rows as the write leaves them, if the replica still is what it was checked against.
    pub(super) rows: Vec<Held>,
    pub(super) version: u64,
}

/// A transaction in the making.
pub(super) struct Draft<'r> {
    pub scratch: Scratch<'r>,
    pub ops: Vec<Op>,
    pub predicted: Vec<Predicted>,
}

impl Replica {
    /// Checks a transaction, fills in defaults, keys, identity and bases, and changes nothing.
    ///
    /// Key columns can't be updated: a row keeps its key for life, so that every tab and the
    /// server mean the same row by it.
    ///
    /// # Errors
    /// `not_signed_in`, `unknown_table`, `unknown_column`, `permission_denied`, `type_mismatch`,
    /// `out_of_range`, `value_too_long`, `not_null_violation`, `check_violation`,
    /// `unique_violation`, `foreign_key_violation`, `row_not_found`, `keys_exhausted`,
    /// `invalid_query` (nothing to write), `mutation_too_large`, and what Postgres raises when an
    /// expression can't be computed.
    pub fn prepare(
        &self,
        ops: &[DraftOp<'_>],
        context: &mut WriteContext<'_>,
    ) -> Result<Prepared, Error> {
        let mut draft = self.draft(ops, Mode::Judge, context)?;
        draft.scratch.finish()?;
        let prepared = draft.prepared(context.now_ms);
        self.check_size(&prepared.ops)?;
        Ok(prepared)
    }

    /// As [`Replica::prepare`], of one step of a transaction: what is deferred to its end is not asked
    /// yet, nor is it measured. In [`Mode::Note`] what the rules refuse is let pass, as for a row that
    /// a hook will complete.
    ///
    /// # Errors
    /// As [`Replica::prepare`].
    pub(super) fn prepare_step(
        &self,
        op: &DraftOp<'_>,
        mode: Mode,
        context: &mut WriteContext<'_>,
    ) -> Result<Prepared, Error> {
        let draft = self.draft(std::slice::from_ref(op), mode, context)?;
        Ok(draft.prepared(context.now_ms))
    }

    fn draft(
        &self,
        ops: &[DraftOp<'_>],
        mode: Mode,
        context: &mut WriteContext<'_>,
    ) -> Result<Draft<'_>, Error> {
        if self.identity.is_none() {
            return Err(Error::new(
                ErrorCode::NotSignedIn,
                "no user is known yet, so nothing can be written",
            ));
        }
        if ops.is_empty() {
            return Err(Error::new(
                ErrorCode::InvalidQuery,
                "a transaction writes something",
            ));
        }
        context.now_ms = context.now_ms.max(self.not_before());
        let mut draft = Draft {
            scratch: Scratch::new(self, mode, context.now_ms),
            ops: Vec::with_capacity(ops.len()),
            predicted: Vec::new(),
        };
        for op in ops {
            draft.add(op, context)?;
        }
        Ok(draft)
    }

    /// Checks that operations can be sent as one mutation.
    ///
    /// # Errors
    /// `mutation_too_large`.
    pub(super) fn check_size(&self, ops: &[Op]) -> Result<(), Error> {
        let limit = self.schema.limits.body_bytes_max;
        let room = limit.saturating_sub(queue::ENVELOPE_BYTES);
        // Measured only where it could matter.
        if queue::size_max(ops) > room {
            let size = queue::size(ops);
            if size > room {
                return Err(too_large(size, room));
            }
        }
        Ok(())
    }
}

#[cold]
fn too_large(size: u64, room: u64) -> Error {
    Error::new(
        ErrorCode::MutationTooLarge,
        format!("the write is {size} bytes, and the endpoint takes at most {room}"),
    )
    .hint("write less in one transaction")
}

/// Per column what it is given, if all that are given something may be.
fn given_columns<'g, 'a>(
    table: &Table,
    by_name: &[usize],
    given: &'g Map<Json<'a>>,
    foreseen: bool,
) -> Result<Vec<Option<&'g Json<'a>>>, Error> {
    let mut columns = vec![None; table.columns.len()];
    // Both stand in the order of the names.
    let mut known = by_name.iter();
    for (name, json) in given {
        let found = known.find(|&&i| *table.columns[i].name >= **name);
        let i = match found {
            Some(&i) if *table.columns[i].name == **name => i,
            _ => usize::from(table.require_column(name)?.0),
        };
        if !foreseen {
            check_writable(table, &table.columns[i])?;
        }
        columns[i] = Some(json);
    }
    Ok(columns)
}

impl<'r> Draft<'r> {
    fn prepared(self, at: i64) -> Prepared {
        let Draft {
            ops,
            predicted,
            scratch,
        } = self;
        let (replica, deferred) = (scratch.replica, scratch.deferred_events());
        let sent = scratch.effects.iter().filter(|e| e.op().is_some());
        Prepared {
            at,
            seen: replica.judged,
            ops,
            keys: sent.map(|e| (e.table, e.key.clone())).collect(),
            predicted,
            unverified: scratch.unverified,
            effects: scratch.effects,
            deferred,
            rows: scratch.rows,
            version: replica.version,
        }
    }

    fn add(&mut self, op: &DraftOp<'_>, context: &mut WriteContext<'_>) -> Result<(), Error> {
        let (DraftOp::Insert { table, .. }
        | DraftOp::Update { table, .. }
        | DraftOp::Delete { table, .. }) = op;
        let id = self.scratch.replica.schema.require_table(table)?;
        let described = self.scratch.table(id);
        let foreseen = op.foreseen();
        match op {
            DraftOp::Insert {
                values,
                refs,
                predicted,
                ..
            } => self.with_refs(values, refs).and_then(|values| {
                self.insert(id, described, &values, (predicted, foreseen), context)
            }),
            DraftOp::Update {
                key,
                set,
                base,
                refs,
                predicted,
                ..
            } => self
                .with_refs(set, refs)
                .and_then(|set| self.update(id, described, key, &set, (predicted, foreseen)))
                .and_then(|()| self.see(described, base)),
            DraftOp::Delete { key, .. } => self.delete(id, described, key, foreseen),
        }
        .map_err(|error| {
            if error.details.table.is_some() {
                return error;
            }
            error.table(&described.name)
        })
    }

    /// A value that the application gives, which may still be a key as it once was.
    fn value(&self, id: TableId, column: usize, json: &Json<'_>) -> Result<Value, Error> {
        let described = &self.scratch.table(id).columns[column];
        let value = value::from_json(described, json)?;
        let current = self.scratch.replica.current(id, column, &value);
        Ok(current.unwrap_or(value))
    }

    /// A key that the application gives, as it is now.
    fn key(&self, id: TableId, json: &Json<'_>) -> Result<Key, Error> {
        let key = Key::from_json(self.scratch.table(id), json)?;
        let current = self.scratch.replica.current_key(id, &key);
        Ok(current.unwrap_or(key))
    }

    /// Does an operation, whose rules the scratch asks.
    fn perform(
        &mut self,
        table: TableId,
        key: Key,
        change: Change,
        op: Op,
        made: &[usize],
        foreseen: bool,
    ) -> Result<(), Error> {
        let origin = if foreseen {
            self.predicted.push(Predicted {
                after: self.ops.len(),
                op,
            });
            Origin::Hook
        } else {
            self.ops.push(op);
            Origin::Op(self.ops.len() as u32 - 1)
        };
        let effect = Effect {
            table,
            key,
            change,
            origin,
        };
        self.scratch.perform(effect, made)
    }

    /// Notes which columns of the operation that was just done a hook foresees.
    fn foresee(&mut self, table: &Table, key: &Key, predicted: Vec<(usize, Value)>) {
        if predicted.is_empty() {
            return;
        }
        let mut set = Values::new();
        for (i, value) in predicted {
            let column = &table.columns[i];
            set.insert(&*column.name, value::to_text(&column.kind, &value));
        }
        self.predicted.push(Predicted {
            after: self.ops.len(),
            op: Op::Update {
                table: table.name.clone(),
                key: key.to_text(table),
                set,
                base: Map::new(),
            },
        });
    }

    /// What a hook foresees of a row's columns, parsed.
    fn predicted_values(
        &self,
        table: &Table,
        predicted: &Map<Json<'_>>,
    ) -> Result<Vec<(usize, Value)>, Error> {
        let mut values = Vec::with_capacity(predicted.len());
        for (name, json) in predicted {
            let i = usize::from(table.require_column(name)?.0);
            if table.primary_key.iter().any(|key| **key == **name)
                || table.columns[i].generated.is_some()
            {
                return Err(denied(format!(
                    "a hook can't foresee {name} of {}",
                    table.name
                )));
            }
            values.push((i, value::from_json(&table.columns[i], json)?));
        }
        Ok(values)
    }

    /// The given values with the keys of earlier inserts put in.
    fn with_refs<'g, 'a>(
        &self,
        given: &'g Map<Json<'a>>,
        refs: &Map<usize>,
    ) -> Result<Cow<'g, Map<Json<'a>>>, Error> {
        let mut given = Cow::Borrowed(given);
        for (column, &position) in refs {
            let unusable = || {
                Error::new(
                    ErrorCode::InvalidQuery,
                    format!("{column} refers to operation {position}, which is no earlier insert"),
                )
                .column(&**column)
            };
            let mut effects = self.scratch.effects.iter();
            let effect = effects.find(|e| e.op() == Some(position));
            let effect = effect.ok_or_else(unusable)?;
            if !matches!(effect.change, Change::Insert(..)) || effect.key.values().len() != 1 {
                return Err(unusable().hint("refer to an insert whose key is a single column"));
            }
            let key = effect.key.to_text(self.scratch.table(effect.table));
            given
                .to_mut()
                .insert(column.clone(), Json::from(key[0].clone()));
        }
        Ok(given)
    }

    fn insert(
        &mut self,
        id: TableId,
        table: &'r Table,
        given: &Map<Json<'_>>,
        (predicted, foreseen): (&Map<Json<'_>>, bool),
        context: &mut WriteContext<'_>,
    ) -> Result<(), Error> {
        if !table.insertable && !foreseen {
            return Err(denied(format!(
                "rows can't be inserted into {}",
                table.name
            )));
        }
        let rules = self.scratch.rules(id);
        let identity = self.scratch.replica.identity();
        let given = given_columns(table, &rules.by_name, given, foreseen)?;
        let mut row: Row = std::iter::repeat_n(Value::Null, table.columns.len()).collect();
        let values = Arc::get_mut(&mut row).expect("nobody else has it yet");
        for (i, json) in given.iter().enumerate() {
            if let Some(json) = json {
                values[i] = self.value(id, i, json)?;
            }
        }
        let (mut unknown, mut made) = (Vec::new(), Vec::new());
        // Of those left out, the ones that are sent all the same.
        let mut is_sent: Vec<bool> = given.iter().map(Option::is_some).collect();
        for (i, (column, rule)) in table.columns.iter().zip(&rules.columns).enumerate() {
            if column.generated.is_some() {
                continue;
            }
            if given[i].is_none() {
                let value = if column.identity {
                    is_sent[i] = column.writable;
                    self.identity_value(column)?
                } else {
                    let value = make_default(&rule.default, id, table, column, context, identity)?;
                    is_sent[i] = rule.sends_default && value.is_some();
                    if rule.default.is_made() {
                        made.push(i);
                    }
                    value
                };
                match value {
                    Some(value) => values[i] = value,
                    None => unknown.push(i),
                }
            }
            if !column.domains.is_empty() && !unknown.contains(&i) {
                self.scratch.judge_domains(id, i, &values[i])?;
            }
        }
        for (i, column) in table.columns.iter().enumerate() {
            if given[i].is_some() {
                self.check_identity(column, &row[i])?;
            }
        }
        let predicted = self.predicted_values(table, predicted)?;
        let given_row = (!predicted.is_empty()).then(|| row.clone());
        update_row(&mut row, &mut unknown, &predicted, &[]);
        self.generate(id, &mut row, &mut unknown)?;
        // What was given is sent, whatever the server will make of it.
        let shown = given_row.as_ref().unwrap_or(&row);
        let mut sent: Vec<(Name, Text)> =
            Vec::with_capacity(is_sent.iter().filter(|s| **s).count());
        for &i in rules.by_name.iter().filter(|&&i| is_sent[i]) {
            let text = value::to_text(&table.columns[i].kind, &shown[i]);
            sent.push((rules.columns[i].name.clone(), text));
        }
        let op = Op::Insert {
            table: table.name.clone(),
            values: Values::from_sorted(sent),
        };
        let key = Key::of(&row, &self.scratch.replica.store(id).key_columns);
        let change = Change::Insert(row, unknown);
        self.perform(id, key.clone(), change, op, &made, foreseen)?;
        self.foresee(table, &key, predicted);
        Ok(())
    }

    fn generate(
        &mut self,
        id: TableId,
        row: &mut Row,
        unknown: &mut Vec<usize>,
    ) -> Result<(), Error> {
        let rules = self.scratch.rules(id);
        generate(rules, row, unknown, Generate::New)?;
        for rule in &rules.generated {
            if !unknown.contains(&rule.column) {
                self.scratch
                    .judge_domains(id, rule.column, &row[rule.column])?;
            }
        }
        Ok(())
    }

    fn update(
        &mut self,
        id: TableId,
        table: &'r Table,
        key: &Json<'_>,
        given: &Map<Json<'_>>,
        (predicted, foreseen): (&Map<Json<'_>>, bool),
    ) -> Result<(), Error> {
        if !table.updatable && !foreseen {
            return Err(denied(format!("rows of {} can't be updated", table.name)));
        }
        let key = self.key(id, key)?;
        let mut values = Vec::with_capacity(given.len());
        let by_name = &self.scratch.rules(id).by_name;
        let given = given_columns(table, by_name, given, foreseen)?;
        for (i, json) in given.into_iter().enumerate() {
            if let Some(json) = json {
                values.push((i, self.value(id, i, json)?));
            }
        }
        let visible = self.scratch.visible(id, &key);
        let row = visible.row.ok_or_else(|| not_found(table, &key))?;
        for (i, value) in &values {
            self.scratch.judge_domains(id, *i, value)?;
        }
        let rules = self.scratch.rules(id);
        let (mut set, mut base, mut changes) = (Values::new(), Map::new(), Vec::new());
        let mut counted = Vec::new();
        for (i, value) in values {
            let column = &table.columns[i];
            if rules.columns[i].is_key {
                // A key that stays the same is left out.
                if row[i] == value {
                    continue;
                }
                return Err(denied(format!(
                    "{} is part of the key and can't be changed",
                    column.name
                ))
                .column(&column.name)
                .hint("delete the row and insert another"));
            }
            self.check_identity(column, &value)?;
            set.insert(
                rules.columns[i].name.clone(),
                value::to_text(&column.kind, &value),
            );
            base.insert(
                rules.columns[i].name.clone(),
                self.base(id, &key, i, column, &row),
            );
            if column.policy == Policy::Counter && !value.is_null() {
                counted.push(Counted {
                    column: i,
                    kind: column.kind.clone(),
                    base: row[i].clone(),
                });
            }
            changes.push((i, value));
        }
        if set.is_empty() {
            return Err(Error::new(
                ErrorCode::InvalidQuery,
                "an update sets at least one column",
            ));
        }
        self.add_bases_together((id, table), &key, &row, &mut base);
        let op = Op::Update {
            table: table.name.clone(),
            key: key.to_text(table),
            set,
            base,
        };
        let predicted = self.predicted_values(table, predicted)?;
        changes.retain(|(i, _)| !predicted.iter().any(|(p, _)| p == i));
        changes.extend(predicted.iter().cloned());
        counted.retain(|one: &Counted| !predicted.iter().any(|(p, _)| *p == one.column));
        let change = Change::Update(Set {
            values: changes,
            counted,
            ..Set::default()
        });
        self.perform(id, key.clone(), change, op, &[], foreseen)?;
        self.foresee(table, &key, predicted);
        Ok(())
    }

    fn delete(
        &mut self,
        id: TableId,
        table: &'r Table,
        key: &Json<'_>,
        foreseen: bool,
    ) -> Result<(), Error> {
        if !table.deletable && !foreseen {
            return Err(denied(format!("rows of {} can't be deleted", table.name)));
        }
        let key = self.key(id, key)?;
        let visible = self.scratch.visible(id, &key);
        let row = visible.row.ok_or_else(|| not_found(table, &key))?;
        let base = if self.born_pending(id, &key) {
            None
        } else if self.changed_by_cascade(id, &key) {
            // What the server's own foreign key will have made of it.
            Some(value::row_hash(&row))
        } else {
            let confirmed = self.scratch.replica.confirmed(id, &key);
            confirmed.map(|row| value::row_hash(&row))
        };
        let op = Op::Delete {
            table: table.name.clone(),
            key: key.to_text(table),
            base,
        };
        self.perform(id, key, Change::Delete, op, &[], foreseen)
    }

    fn identity_value(&self, column: &Column) -> Result<Option<Value>, Error> {
        let parse = |identity| value::parse(&column.kind, identity);
        self.scratch.replica.identity().map(parse).transpose()
    }

    /// An identity column has no other value than the identity.
    fn check_identity(&self, column: &Column, value: &Value) -> Result<(), Error> {
        if column.identity && self.identity_value(column)?.as_ref() != Some(value) {
            return Err(denied(format!("{} is another user's", column.name)).column(&column.name));
        }
        Ok(())
    }
}
