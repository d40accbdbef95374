//! Judges an update column by column, each by its policy; columns that belong together as one.
//!
//! **Laws.** `counter`, `max` and `min` give the same in whatever order mutations come; `lww` does
//! where no two have the same time; `merge` where they change different keys or elements. Under
//! every policy a value that is overwritten or not written is in `lost`, but for what was added up.
//! Never rejects a value for a constraint.

use super::count::counted;
use super::three_way::{Together, three_way};
use super::{LostColumn, OwnRow, UpdateVerdict, is_base, parse_values};
use crate::error::Error;
use crate::map::Map;
use crate::planted;
use crate::protocol::{Base, Text, Values, Winner};
use crate::schema::{Column, ColumnId, Policy, Table};
use crate::value::{self, Value};
use std::cmp::Ordering;

/// Times in milliseconds since 1970, for the policy `lww`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When<'a> {
    /// When the mutation was made, and no later than now.
    pub made: i64,
    /// When columns were written last, where that is known.
    pub written: &'a [(ColumnId, i64)],
}

impl When<'_> {
    fn written(&self, columns: &[ColumnId]) -> Option<i64> {
        let known = self.written.iter().filter(|(c, _)| columns.contains(c));
        known.map(|(_, at)| *at).max()
    }
}

/// An update of a row that exists, to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The row's table.
    pub table: &'a Table,
    /// The row as it is.
    pub current: &'a [Value],
    /// The new values.
    pub set: &'a Values,
    /// The values that they replace.
    pub base: &'a Map<Base>,
    /// What this replica itself wrote last.
    pub own: Option<&'a OwnRow>,
    /// When all that happened.
    pub when: When<'a>,
}

/// What a mutation knew of a value when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// It is the one that it saw.
    Base,
    /// It is one that this replica has written meanwhile.
    Own,
    /// Someone else wrote it.
    No,
}

/// Judges an update.
///
/// # Errors
/// As [`parse_values`]; `out_of_range` for a sum that the column can't hold.
pub fn judge_update(update: &Update<'_>) -> Result<UpdateVerdict, Error> {
    let table = update.table;
    let mut verdict = UpdateVerdict::default();
    let mine = parse_values(table, update.set)?;
    let mut done: Vec<ColumnId> = Vec::new();
    for (column, value) in &mine {
        if done.contains(column) {
            continue;
        }
        let described = table.column(*column);
        let group = table.together_with(&described.name);
        if let Some(group) = group.filter(|_| !planted::is("columns-together-apart")) {
            let members: Vec<ColumnId> = group.iter().filter_map(|c| table.column_id(c)).collect();
            done.extend(&members);
            update.contest(described.policy, &members, &mine, &mut verdict);
            continue;
        }
        match described.policy {
            Policy::ServerWins | Policy::ClientWins | Policy::Lww | Policy::Manual => {
                update.contest(described.policy, &[*column], &mine, &mut verdict);
            }
            Policy::Counter => update.count(*column, value, &mut verdict)?,
            Policy::Merge => update.merge(*column, value, &mut verdict),
            Policy::Max => update.measure(*column, value, Ordering::Greater, &mut verdict),
            Policy::Min => update.measure(*column, value, Ordering::Less, &mut verdict),
        }
    }
    Ok(verdict)
}

impl Update<'_> {
    fn column(&self, id: ColumnId) -> &Column {
        self.table.column(id)
    }

    fn theirs(&self, id: ColumnId) -> &Value {
        &self.current[usize::from(id.0)]
    }

    fn seen(&self, id: ColumnId) -> Seen {
        let (column, theirs) = (self.column(id), self.theirs(id));
        let base = self.base.get(&column.name);
        if base.is_some_and(|base| is_base(&column.kind, theirs, base)) {
            return Seen::Base;
        }
        let own = self.own.and_then(|row| row.values.get(&id));
        if own.is_some_and(|own| own == theirs) {
            return Seen::Own;
        }
        Seen::No
    }

    /// The base of a column, where it came in full and is a value of it.
    fn base_value(&self, id: ColumnId) -> Option<Value> {
        let column = self.column(id);
        match self.base.get(&column.name)? {
            Base::Text(None) => Some(Value::Null),
            Base::Text(Some(text)) => value::parse(&column.kind, text).ok(),
            Base::Hash { .. } => None,
        }
    }

    /// Columns of which one side's values stand and the other's do not.
    fn contest(
        &self,
        policy: Policy,
        members: &[ColumnId],
        mine: &[(ColumnId, Value)],
        verdict: &mut UpdateVerdict,
    ) {
        let mine = |id: &ColumnId| mine.iter().find(|(c, _)| c == id).map(|(_, value)| value);
        let differs = |id: &ColumnId| mine(id).is_some_and(|value| value != self.theirs(*id));
        verdict
            .equal
            .extend(members.iter().filter(|c| mine(c).is_some() && !differs(c)));
        if !members.iter().any(differs) {
            return;
        }
        // Of a column that is not set, a base that was not sent says nothing.
        let known =
            |id: &ColumnId| mine(id).is_some() || self.base.contains_key(&self.column(*id).name);
        let equal = |id: &ColumnId| mine(id).is_some() && !differs(id);
        let asked = members.iter().filter(|c| known(c) && !equal(c));
        let seen: Vec<(ColumnId, Seen)> = asked.map(|c| (*c, self.seen(*c))).collect();
        let mut winner = self.winner(policy, members, &seen);
        if planted::is("last-arrival-wins") {
            winner = Winner::Mine;
        }
        match winner {
            Winner::Mine => {
                for (id, seen) in seen {
                    // A column that is not set goes back to what the others were chosen beside.
                    let value = match (mine(&id), seen) {
                        (Some(value), _) => Some(value.clone()),
                        (None, Seen::No) => self.base_value(id),
                        (None, Seen::Base | Seen::Own) => None,
                    };
                    let Some(value) = value else { continue };
                    if seen == Seen::No && !planted::is("overwritten-unsaid") {
                        verdict.lost.push(self.lost(id, &value, Winner::Mine));
                    }
                    verdict.apply.push((id, value));
                }
            }
            winner @ (Winner::Theirs | Winner::Nobody) => {
                for id in members.iter().filter(|c| differs(c)) {
                    if let Some(value) = mine(id) {
                        verdict.lost.push(self.lost(*id, value, winner));
                    }
                }
            }
        }
    }

    fn winner(&self, policy: Policy, members: &[ColumnId], seen: &[(ColumnId, Seen)]) -> Winner {
        let is = |what: Seen| seen.iter().any(|(_, seen)| *seen == what);
        match policy {
            // By time alone, so that a value that came back, unseen, is not taken for the one seen. What
            // a mutation has seen is no later than itself: its replica sees to that.
            Policy::Lww => match self.when.written(members) {
                Some(written) if written > self.when.made && !planted::is("lww-last-arrival") => {
                    Winner::Theirs
                }
                Some(written) if written == self.when.made && is(Seen::No) => Winner::Theirs,
                Some(_) | None => Winner::Mine,
            },
            _ if !is(Seen::No) => Winner::Mine,
            Policy::ClientWins => Winner::Mine,
            Policy::Manual => Winner::Nobody,
            Policy::ServerWins | Policy::Merge | Policy::Counter | Policy::Max | Policy::Min => {
                Winner::Theirs
            }
        }
    }

    /// Adds what was added to the base to what the server has; null counts as zero.
    fn count(&self, id: ColumnId, mine: &Value, verdict: &mut UpdateVerdict) -> Result<(), Error> {
        let kind = &self.column(id).kind;
        let Some(base) = self.base_value(id).filter(|_| !mine.is_null()) else {
            // To unset it is no addition.
            self.contest(Policy::ServerWins, &[id], &[(id, mine.clone())], verdict);
            return Ok(());
        };
        if planted::is("counter-sets") {
            verdict.apply.push((id, mine.clone()));
            return Ok(());
        }
        let failed = |error: Error| error.table(&self.table.name).column(&self.column(id).name);
        let theirs = self.theirs(id);
        let sum = counted(kind, &base, mine, theirs).map_err(failed)?;
        if sum == *theirs {
            verdict.equal.push(id);
        } else {
            verdict.apply.push((id, sum));
        }
        Ok(())
    }

    fn merge(&self, id: ColumnId, mine: &Value, verdict: &mut UpdateVerdict) {
        let theirs = self.theirs(id);
        let base = self.base_value(id);
        let merged = base.and_then(|base| three_way(&self.column(id).kind, &base, mine, theirs));
        match merged {
            Some(Together { value, lost }) => {
                let value = match planted::is("merge-takes-theirs") {
                    true => theirs.clone(),
                    false => value,
                };
                if lost {
                    verdict.lost.push(self.lost(id, mine, Winner::Theirs));
                }
                if value != *theirs {
                    verdict.apply.push((id, value));
                } else if !lost {
                    verdict.equal.push(id);
                }
            }
            None => self.contest(Policy::ServerWins, &[id], &[(id, mine.clone())], verdict),
        }
    }

    /// Keeps the greater or the lesser value, whatever was seen; null is less than nothing at all.
    fn measure(&self, id: ColumnId, mine: &Value, wins: Ordering, verdict: &mut UpdateVerdict) {
        let theirs = self.theirs(id);
        if mine == theirs {
            verdict.equal.push(id);
            return;
        }
        let mine_wins = match (mine.is_null(), theirs.is_null()) {
            (true, _) => false,
            (false, true) => true,
            (false, false) => {
                let order = value::compare(&self.column(id).kind, mine, theirs);
                order == wins || planted::is("max-takes-all")
            }
        };
        if !mine_wins {
            verdict.lost.push(self.lost(id, mine, Winner::Theirs));
            return;
        }
        if self.seen(id) == Seen::No {
            verdict.lost.push(self.lost(id, mine, Winner::Mine));
        }
        verdict.apply.push((id, mine.clone()));
    }

    fn lost(&self, id: ColumnId, mine: &Value, winner: Winner) -> LostColumn {
        let kind = &self.column(id).kind;
        let base: Text = match winner {
            Winner::Nobody => self.base_value(id).and_then(|v| value::to_text(kind, &v)),
            Winner::Theirs | Winner::Mine => None,
        };
        LostColumn {
            column: id,
            mine: value::to_text(kind, mine),
            theirs: value::to_text(kind, self.theirs(id)),
            base,
            winner,
        }
    }
}
