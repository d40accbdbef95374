//! Checks a write and turns it into a mutation; changes nothing.
//!
//! The order of complaint is Postgres's: privilege, columns and types, then NOT NULL in the order
//! of the columns, then the primary key. What can't be known here (CHECKs, references, other
//! uniqueness) is the server's to say.

use super::checks::{check_not_null, check_writable, denied, not_found, not_null};
use super::defaults::made_default;
use super::draft::DraftOp;
use super::effect::{Change, Effect, Row};
use super::{Key, Replica};
use crate::error::{Error, ErrorCode};
use crate::json::Json;
use crate::map::Map;
use crate::merge::base_of;
use crate::protocol::{Base, Mutation, Op, Seq, Values};
use crate::queue;
use crate::schema::{Column, Table, TableId};
use crate::sort::sort_unique;
use crate::value::{self, Value};
use std::borrow::Cow;

/// What a write needs from outside: the time, randomness, leased keys.
pub struct WriteContext<'a> {
    /// Milliseconds since 1970 by the replica's clock.
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
    pub(super) effects: Vec<Effect>,
}

/// The rows as the operations so far of one transaction leave them.
struct Draft<'r> {
    replica: &'r Replica,
    rows: Vec<(TableId, Key, Option<Row>)>,
    ops: Vec<Op>,
    effects: Vec<Effect>,
}

impl Replica {
    /// Checks a transaction, fills in defaults, keys, identity and bases, and changes nothing.
    ///
    /// Key columns can't be updated: a row keeps its key for life, so that every tab and the
    /// server mean the same row by it.
    ///
    /// # Errors
    /// `not_signed_in`, `unknown_table`, `unknown_column`, `permission_denied`, `type_mismatch`,
    /// `out_of_range`, `value_too_long`, `not_null_violation`, `unique_violation` (the primary
    /// key), `row_not_found`, `keys_exhausted`, `invalid_query` (nothing to write),
    /// `mutation_too_large`.
    pub fn prepare(
        &self,
        ops: &[DraftOp<'_>],
        context: &mut WriteContext<'_>,
    ) -> Result<Prepared, Error> {
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
        let mut draft = Draft {
            replica: self,
            rows: Vec::new(),
            ops: Vec::with_capacity(ops.len()),
            effects: Vec::with_capacity(ops.len()),
        };
        for op in ops {
            draft.add(op, context)?;
        }
        let Draft { ops, effects, .. } = draft;
        let mutation = Mutation {
            seq: u64::MAX,
            at: context.now_ms,
            seen: self.judged,
            ops,
        };
        let room = self
            .schema
            .limits
            .body_bytes_max
            .saturating_sub(queue::ENVELOPE_BYTES);
        let size = queue::size(&mutation);
        if size > room {
            return Err(Error::new(
                ErrorCode::MutationTooLarge,
                format!("the write is {size} bytes, and the endpoint takes at most {room}"),
            )
            .hint("write less in one transaction"));
        }
        let keys = effects.iter().map(|e| (e.table, e.key.clone())).collect();
        Ok(Prepared {
            at: context.now_ms,
            seen: mutation.seen,
            ops: mutation.ops,
            keys,
            effects,
        })
    }
}

impl Draft<'_> {
    fn add(&mut self, op: &DraftOp<'_>, context: &mut WriteContext<'_>) -> Result<(), Error> {
        let schema = self.replica.schema();
        let (DraftOp::Insert { table, .. }
        | DraftOp::Update { table, .. }
        | DraftOp::Delete { table, .. }) = op;
        let id = schema.require_table(table)?;
        let described = schema.table(id);
        let op = match op {
            DraftOp::Insert { values, refs, .. } => self
                .with_refs(values, refs)
                .and_then(|values| self.insert(id, described, &values, context)),
            DraftOp::Update { key, set, refs, .. } => self
                .with_refs(set, refs)
                .and_then(|set| self.update(id, described, key, &set)),
            DraftOp::Delete { key, .. } => self.delete(id, described, key),
        }
        .map_err(|error| error.table(&described.name))?;
        let effect = Effect::of(schema, self.replica.identity(), context.now_ms, &op)?;
        if let Change::Insert(row) = &effect.change {
            check_not_null(described, row)?;
            if self.row(id, &effect.key).is_some() {
                return Err(Error::new(
                    ErrorCode::UniqueViolation,
                    format!("{} already has a row with this key", described.name),
                )
                .sqlstate("23505")
                .table(&described.name)
                .column(described.primary_key.join(", ")));
            }
        }
        let mut row = self.row(id, &effect.key);
        effect.change.replay(&mut row);
        self.rows.push((id, effect.key.clone(), row));
        self.ops.push(op);
        self.effects.push(effect);
        Ok(())
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
                .column(column)
            };
            let effect = self.effects.get(position).ok_or_else(unusable)?;
            if !matches!(effect.change, Change::Insert(_)) || effect.key.values().len() != 1 {
                return Err(unusable().hint("refer to an insert whose key is a single column"));
            }
            let table = self.replica.schema().table(effect.table);
            let key = effect.key.to_text(table).swap_remove(0);
            given.to_mut().insert(column.clone(), Json::from(key));
        }
        Ok(given)
    }

    /// A row as this transaction sees it.
    fn row(&self, table: TableId, key: &Key) -> Option<Row> {
        let mut later_first = self.rows.iter().rev();
        if let Some((_, _, row)) = later_first.find(|(t, k, _)| *t == table && k == key) {
            return row.clone();
        }
        let store = self.replica.store(table);
        store.find_key(key).map(|slot| store.values(slot))
    }

    fn insert(
        &self,
        id: TableId,
        table: &Table,
        given: &Map<Json<'_>>,
        context: &mut WriteContext<'_>,
    ) -> Result<Op, Error> {
        if !table.insertable {
            return Err(denied(format!(
                "rows can't be inserted into {}",
                table.name
            )));
        }
        for name in given.keys() {
            check_writable(table, table.column(table.require_column(name)?))?;
        }
        let mut values = Values::new();
        for (i, column) in table.columns.iter().enumerate() {
            let info = &self.replica.infos[usize::from(id.0)];
            let value = match given.get(&column.name) {
                Some(json) => {
                    let value = value::from_json(column, json)?;
                    self.check_identity(column, &value)?;
                    Some(value)
                }
                None if column.identity => self.identity_value(column)?.filter(|_| column.writable),
                None if info.sends_default[i] => made_default(id, table, column, context)?,
                None => None,
            };
            if let Some(value) = value {
                values.insert(column.name.clone(), value::to_text(&column.kind, &value));
            }
        }
        Ok(Op::Insert {
            table: table.name.clone(),
            values,
        })
    }

    fn update(
        &self,
        id: TableId,
        table: &Table,
        key: &Json<'_>,
        given: &Map<Json<'_>>,
    ) -> Result<Op, Error> {
        if !table.updatable {
            return Err(denied(format!("rows of {} can't be updated", table.name)));
        }
        let key = Key::from_json(table, key)?;
        let mut values = Vec::with_capacity(given.len());
        for (name, json) in given {
            let column = table.require_column(name)?;
            let described = table.column(column);
            check_writable(table, described)?;
            values.push((usize::from(column.0), value::from_json(described, json)?));
        }
        let row = self.row(id, &key).ok_or_else(|| not_found(table, &key))?;
        // A key that stays the same is left out; NOT NULL is checked in the order of the columns.
        sort_unique(&mut values, &|(a, _), (b, _)| a.cmp(b));
        let is_key = &self.replica.infos[usize::from(id.0)].is_key;
        let (mut set, mut base) = (Values::new(), Map::new());
        for (i, value) in &values {
            let column = &table.columns[*i];
            if is_key[*i] {
                if row[*i] == *value {
                    continue;
                }
                return Err(denied(format!(
                    "{} is part of the key and can't be changed",
                    column.name
                ))
                .column(&column.name)
                .hint("delete the row and insert another"));
            }
            self.check_identity(column, value)?;
            if value.is_null() && !column.nullable {
                return Err(not_null(table, column));
            }
            set.insert(column.name.clone(), value::to_text(&column.kind, value));
            base.insert(column.name.clone(), self.base(id, &key, *i, column, &row));
        }
        if set.is_empty() {
            return Err(Error::new(
                ErrorCode::InvalidQuery,
                "an update sets at least one column",
            ));
        }
        Ok(Op::Update {
            table: table.name.clone(),
            key: key.to_text(table),
            set,
            base,
        })
    }

    fn delete(&self, id: TableId, table: &Table, key: &Json<'_>) -> Result<Op, Error> {
        if !table.deletable {
            return Err(denied(format!("rows of {} can't be deleted", table.name)));
        }
        let key = Key::from_json(table, key)?;
        if self.row(id, &key).is_none() {
            return Err(not_found(table, &key));
        }
        let base = if self.born_pending(id, &key) {
            None
        } else {
            self.replica
                .confirmed(id, &key)
                .map(|row| value::row_hash(&row))
        };
        Ok(Op::Delete {
            table: table.name.clone(),
            key: key.to_text(table),
            base,
        })
    }

    /// The operations on a row that have no verdict yet, the latest first: those of this
    /// transaction, then those of pending mutations.
    fn earlier_ops(&self, table: TableId, key: &Key) -> impl Iterator<Item = &Op> {
        let on_row = {
            let key = key.clone();
            move |effect: &Effect| effect.table == table && effect.key == key
        };
        let here = {
            let on_row = on_row.clone();
            self.ops
                .iter()
                .zip(&self.effects)
                .rev()
                .filter(move |(_, e)| on_row(e))
        };
        let overlay = self.replica.overlays[usize::from(table.0)].get(key);
        let touching = overlay
            .map_or(&[][..], |overlay| &overlay.touching)
            .iter()
            .rev();
        let pending = touching.filter_map(|order| self.replica.pending_at(*order));
        let there = pending
            .flat_map(|p| p.mutation.ops.iter().zip(&p.effects).rev())
            .filter(move |(_, e)| on_row(e));
        here.chain(there).map(|(op, _)| op)
    }

    /// Did the row's present life begin with an insert that is still pending?
    fn born_pending(&self, table: TableId, key: &Key) -> bool {
        self.earlier_ops(table, key)
            .any(|op| matches!(op, Op::Insert { .. }))
    }

    /// The confirmed value that a change of a column replaces.
    ///
    /// Where an earlier pending mutation set the column, its base: the person saw that mutation's
    /// value, not what has been confirmed since. Where the row was inserted by one, what that shows.
    fn base(&self, table: TableId, key: &Key, i: usize, column: &Column, row: &Row) -> Base {
        for op in self.earlier_ops(table, key) {
            match op {
                Op::Insert { .. } => return base_of(&column.kind, &row[i]),
                Op::Update { base, .. } => {
                    if let Some(base) = base.get(&column.name) {
                        return base.clone();
                    }
                }
                Op::Delete { .. } => {}
            }
        }
        let confirmed = self.replica.confirmed(table, key);
        base_of(
            &column.kind,
            confirmed
                .as_ref()
                .map_or(&row[i], |confirmed| &confirmed[i]),
        )
    }

    fn identity_value(&self, column: &Column) -> Result<Option<Value>, Error> {
        let parse = |identity| value::parse(&column.kind, identity);
        self.replica.identity().map(parse).transpose()
    }

    /// An identity column has no other value than the identity.
    fn check_identity(&self, column: &Column, value: &Value) -> Result<(), Error> {
        if column.identity && self.identity_value(column)?.as_ref() != Some(value) {
            return Err(denied(format!("{} is another user's", column.name)).column(&column.name));
        }
        Ok(())
    }
}

impl Replica {
    /// A row as the server knows it.
    pub(super) fn confirmed(&self, table: TableId, key: &Key) -> Option<Row> {
        match self.overlays[usize::from(table.0)].get(key) {
            Some(overlay) => overlay.confirmed.clone(),
            None => {
                let store = self.store(table);
                store.find_key(key).map(|slot| store.values(slot))
            }
        }
    }
}
