//! Applies mutations together where that comes to the same as one after the other: those that follow each
//! other, are of one row each of one table, and do the same.
//!
//! **Invariant.** Whatever Postgres has against any of them, all are undone and done one by one; so what a
//! mutation gets for a verdict is never another's doing.
//!
//! Not its job: to know in which tables that may be done; the catalog says ([`crate::served::Sets`]).

use super::apply::{Push, Row};
use super::failure::Failure;
use super::refusal::is_own_fault;
use super::rows::{check_settable, parsed, texts, written_as};
use super::store::{Reading, Store, TextRow};
use futures_util::future::join;
use haversack_core::map::Map;
use haversack_core::merge::{self, Decided, Judge, Update, When, normal_key};
use haversack_core::protocol::{Base, KeyText, Mutation, Op, Text, Values, Verdict, Written};
use haversack_core::schema::{ColumnId, TableId};
use haversack_core::value::Value;
use std::collections::{HashMap, HashSet};

/// Fewer mutations than this are done one by one.
const SET_MIN: usize = 2;

/// Mutations that can be done together.
struct Set<'m> {
    table: TableId,
    verb: Verb,
    items: Vec<Item<'m>>,
}

/// What the mutations of a set do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Insert,
    Update,
    Delete,
}

/// One of them, with the values that it gives or sets.
struct Item<'m> {
    mutation: &'m Mutation,
    key: KeyText,
    does: Does<'m>,
}

enum Does<'m> {
    Insert(Values),
    Update(Values, &'m Map<Base>),
    Delete(Option<&'m str>),
}

impl Does<'_> {
    fn verb(&self) -> Verb {
        match self {
            Does::Insert(_) => Verb::Insert,
            Does::Update(..) => Verb::Update,
            Does::Delete(_) => Verb::Delete,
        }
    }
}

/// What was decided of an item.
struct Judged {
    judge: Judge,
    /// What to write.
    write: Vec<(ColumnId, Value)>,
    /// The columns that are as the mutation wants them; of a row that is not to be changed at all.
    columns: Vec<ColumnId>,
    current: Option<Vec<Value>>,
    kept: Kept,
}

/// What becomes of an item's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It is written, or deleted.
    Written,
    /// It is as it should be.
    Equal,
    /// Nothing of the mutation counts.
    Nothing,
}

/// How far a set was done.
enum Done {
    /// So many, from the first on, have these verdicts.
    First(Vec<Verdict>),
    /// None: together they can't be.
    None,
}

impl<S: Store> Push<'_, S> {
    /// Judges and applies mutations, in order.
    ///
    /// # Errors
    /// Only what makes the whole push fail; a refusal is a verdict.
    pub async fn mutations(&mut self, mutations: &[Mutation]) -> Result<Vec<Verdict>, Failure> {
        let mut verdicts = Vec::with_capacity(mutations.len());
        while verdicts.len() < mutations.len() {
            let rest = &mutations[verdicts.len()..];
            let mut alone = 1;
            if let Some(set) = self.set(rest) {
                match self.together(&set).await? {
                    // The first that is not among them has something of its own.
                    Done::First(done) => verdicts.extend(done),
                    Done::None => alone = set.items.len(),
                }
            }
            let rest = &mutations[verdicts.len()..];
            for mutation in rest.iter().take(alone) {
                verdicts.push(self.mutation(mutation).await?);
            }
        }
        Ok(verdicts)
    }

    /// The longest beginning of these mutations that may be done together.
    fn set<'m>(&self, mutations: &'m [Mutation]) -> Option<Set<'m>> {
        let mut items: Vec<Item<'m>> = Vec::new();
        let mut keys: HashSet<KeyText> = HashSet::new();
        let mut table = None;
        for mutation in mutations {
            let Some((id, item)) = self.item(mutation) else {
                break;
            };
            let same = items.first().is_none_or(|first| {
                table == Some(id) && first.does.verb() == item.does.verb() && alike(first, &item)
            });
            if !same || !keys.insert(item.key.clone()) {
                break;
            }
            table = Some(id);
            items.push(item);
        }
        let verb = items.first()?.does.verb();
        let table = table.filter(|_| items.len() >= SET_MIN)?;
        Some(Set { table, verb, items })
    }

    /// A mutation, if it may be done together with others; where anything is wrong with it, it may not.
    fn item<'m>(&self, mutation: &'m Mutation) -> Option<(TableId, Item<'m>)> {
        let [op] = &mutation.ops[..] else { return None };
        let (Op::Insert { table, .. } | Op::Update { table, .. } | Op::Delete { table, .. }) = op;
        let id = self.served.schema.table_id(table)?;
        let (table, sets) = (self.served.table(id), self.served.sets(id));
        let (key, does) = match op {
            Op::Insert { values, .. } if sets.insert && table.insertable => {
                let values = self.own_identity(table, values).ok()?;
                let allowed = |name| {
                    let column = table.column_id(name);
                    column.is_some_and(|column| self.served.can_insert(id, column))
                };
                if !values.keys().all(|name| allowed(&**name)) {
                    return None;
                }
                let part = |column: &String| values.get(column).cloned().flatten();
                let key: Option<KeyText> = table.primary_key.iter().map(part).collect();
                let key = normal_key(table, &key?).ok()?;
                self.check_lease(id, table, &key).ok()?;
                (key, Does::Insert(values))
            }
            Op::Update { key, set, base, .. } => {
                let set = self.own_identity_kept(table, set).ok()?;
                check_settable(self.served, id, &set).ok()?;
                let may = |name: &str| {
                    table
                        .column_id(name)
                        .is_some_and(|c| sets.update.contains(&c))
                };
                if !set.keys().all(|name| may(name)) {
                    return None;
                }
                (normal_key(table, key).ok()?, Does::Update(set, base))
            }
            Op::Delete { key, base, .. } if sets.delete && table.deletable => {
                (normal_key(table, key).ok()?, Does::Delete(base.as_deref()))
            }
            Op::Insert { .. } | Op::Delete { .. } => return None,
        };
        let item = Item {
            mutation,
            key,
            does,
        };
        Some((id, item))
    }

    async fn together(&mut self, set: &Set<'_>) -> Result<Done, Failure> {
        let reading = match set.verb {
            Verb::Insert => Reading::Plain,
            Verb::Update | Verb::Delete => Reading::Locked,
        };
        let keys: Vec<KeyText> = set.items.iter().map(|item| item.key.clone()).collect();
        let begin = self.store.savepoint(self.made(set.items[0].mutation));
        let read = self.store.read_set(set.table, &keys, reading);
        let (begun, rows) = join(begin, read).await;
        begun?;
        let rows = match rows {
            Ok(rows) => self.by_key(set.table, &rows)?,
            Err(failure) => return self.give_up(failure).await,
        };
        let mut judged = Vec::with_capacity(set.items.len());
        for item in &set.items {
            let Some(one) = self.judge(set.table, item, rows.get(&item.key)) else {
                break;
            };
            judged.push(one);
        }
        let items = &set.items[..judged.len()];
        let (written, settled) =
            join(self.write(set, items, &judged), self.store.judge_deferred()).await;
        let written = match (written, settled) {
            (Ok(written), Ok(())) => written,
            (Err(failure), _) | (Ok(_), Err(failure)) => return self.give_up(failure).await,
        };
        let Some(written) = written else {
            self.store.undo().await?;
            return Ok(Done::None);
        };
        self.store.release().await?;
        let done = items.iter().zip(judged);
        let done = done.map(|(item, one)| self.settle(set, item, one, &written));
        Ok(Done::First(done.collect()))
    }

    /// Undoes what was begun together. What would fail one by one too is the push's.
    async fn give_up(&mut self, failure: Failure) -> Result<Done, Failure> {
        match failure {
            Failure::Refused(_) => self.store.undo().await?,
            Failure::Transient(refused) if is_own_fault(&refused) => {
                if self.store.undo().await.is_err() {
                    return Err(Failure::Transient(refused));
                }
            }
            failure => return Err(failure),
        }
        Ok(Done::None)
    }

    fn by_key(
        &self,
        id: TableId,
        rows: &[impl TextRow],
    ) -> Result<HashMap<KeyText, Vec<Value>>, Failure> {
        let table = self.served.table(id);
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let mut key = KeyText::new();
            for column in table.key_columns() {
                key.push(
                    row.text(usize::from(column.0))?
                        .unwrap_or_default()
                        .to_owned(),
                );
            }
            // What Postgres prints is not canonical of every type.
            let values = parsed(table, row)?;
            let key = normal_key(table, &key).unwrap_or(key);
            found.insert(key, values);
        }
        Ok(found)
    }

    /// Judges an item against its row; none where it has to be done by itself.
    fn judge(&self, id: TableId, item: &Item<'_>, current: Option<&Vec<Value>>) -> Option<Judged> {
        let table = self.served.table(id);
        let mut judge = Judge::new(&self.served.schema, item.mutation).ok()?;
        let row = merge::Row {
            op: 0,
            table,
            key: &item.key,
        };
        let (write, columns, writes) = match &item.does {
            Does::Insert(values) => {
                // Somebody has the key.
                if current.is_some() {
                    return None;
                }
                let write = judge.insert(row, None, values).ok()??;
                let all = (0..table.columns.len() as u16).map(ColumnId).collect();
                (write, all, true)
            }
            Does::Update(set, base) => {
                let own = self.own.after(item.mutation.seen, id, &item.key);
                let update = Update {
                    table,
                    current: current?,
                    set,
                    base,
                    own: own.as_ref(),
                    when: When {
                        made: self.made(item.mutation),
                        written: &[],
                    },
                };
                let Decided { apply, equal } = judge.update(row, &update).ok()?;
                let mut columns: Vec<ColumnId> = apply.iter().map(|(c, _)| *c).collect();
                columns.extend(equal);
                let writes = !apply.is_empty();
                (apply, columns, writes)
            }
            Does::Delete(base) => {
                let (current, at) = (current?, (id, item.key.clone()));
                let own = self.own_for_delete(item.mutation.seen, &at, *base);
                let delete = judge.delete(row, Some(current), *base, own.as_ref());
                // One that is kept has nothing written.
                if !delete {
                    return None;
                }
                (Vec::new(), Vec::new(), true)
            }
        };
        let kept = match (judge.undone(), writes) {
            (true, _) => Kept::Nothing,
            (false, true) => Kept::Written,
            (false, false) => Kept::Equal,
        };
        Some(Judged {
            judge,
            write,
            columns,
            current: current.cloned(),
            kept,
        })
    }

    /// Writes what was decided; gives the rows that were written, as they are now. None where any of them
    /// was not: one by one, it will be known which.
    async fn write(
        &self,
        set: &Set<'_>,
        items: &[Item<'_>],
        judged: &[Judged],
    ) -> Result<Option<HashMap<KeyText, Vec<Value>>>, Failure> {
        let table = self.served.table(set.table);
        let all = items.iter().zip(judged);
        let all = all.filter(|(_, one)| one.kept == Kept::Written);
        let mut written = HashMap::new();
        if set.verb == Verb::Delete {
            let keys: Vec<KeyText> = all.map(|(item, _)| item.key.clone()).collect();
            let deleted = self.store.delete_set(set.table, &keys).await?;
            let whole = deleted == keys.len() as u64;
            return Ok(whole.then_some(written));
        }
        let ordered = set.verb == Verb::Insert || self.served.sets(set.table).ordered;
        let mut groups: Vec<Group> = Vec::new();
        for (item, one) in all {
            let columns: Vec<ColumnId> = one.write.iter().map(|(c, _)| *c).collect();
            let from = if ordered {
                groups.len().saturating_sub(1)
            } else {
                0
            };
            let at = groups[from..]
                .iter()
                .position(|group| group.columns == columns);
            let at = at.map_or(groups.len(), |at| from + at);
            if at == groups.len() {
                groups.push(Group {
                    columns,
                    ..Group::default()
                });
            }
            groups[at].keys.push(item.key.clone());
            groups[at].values.push(texts(table, &one.write));
        }
        for group in groups {
            let Group {
                columns,
                keys,
                values,
            } = group;
            let rows = match set.verb {
                Verb::Insert => self.store.insert_set(set.table, &columns, &values).await?,
                Verb::Update | Verb::Delete => {
                    let store = self.store;
                    store
                        .update_set(set.table, &keys, &columns, &values)
                        .await?
                }
            };
            written.extend(self.by_key(set.table, &rows)?);
        }
        // One that a trigger kept from being written, or gave another key, is refused by itself.
        let whole = items.iter().zip(judged);
        let mut whole = whole.filter(|(_, one)| one.kept == Kept::Written);
        let whole = whole.all(|(item, _)| written.contains_key(&item.key));
        Ok(whole.then_some(written))
    }

    /// Takes in what was done for an item, and says so.
    fn settle(
        &mut self,
        set: &Set<'_>,
        item: &Item<'_>,
        one: Judged,
        now: &HashMap<KeyText, Vec<Value>>,
    ) -> Verdict {
        let seq = item.mutation.seq;
        let table = self.served.table(set.table);
        let at: Row = (set.table, item.key.clone());
        let row = match one.kept {
            Kept::Nothing => None,
            Kept::Equal => one.current.as_ref(),
            Kept::Written => now.get(&item.key),
        };
        let mut written: Vec<Written> = Vec::new();
        if one.kept != Kept::Nothing {
            match set.verb {
                Verb::Insert | Verb::Update => self.run(&at, one.current.as_deref()),
                Verb::Delete => self.end_run(&at),
            }
            let row = written_as(table, &item.key, &one.columns, row.map(|row| &row[..]));
            self.note(seq, &at, row.clone());
            written.push(row);
        }
        let (outcome, lost) = one.judge.finish();
        Verdict {
            seq,
            outcome,
            written,
            lost,
        }
    }
}

/// Rows that get values in the same columns.
#[derive(Default)]
struct Group {
    columns: Vec<ColumnId>,
    keys: Vec<KeyText>,
    values: Vec<Vec<Text>>,
}

/// Inserts give values to the same columns, so that they keep their order.
fn alike(first: &Item<'_>, other: &Item<'_>) -> bool {
    match (&first.does, &other.does) {
        (Does::Insert(one), Does::Insert(two)) => one.keys().eq(two.keys()),
        _ => true,
    }
}
