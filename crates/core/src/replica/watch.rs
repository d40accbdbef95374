//! Watched queries: which of them the changed rows concern, so that a write costs by what it touches
//! and not by how many queries there are.
//!
//! A row that changed concerns a query where it was in the last result or meets the conditions now. What
//! neither was nor is in it can't change it: rows before the page count only with an offset, and such a
//! query is concerned by every change of its table. Nor can what meets the conditions and comes after the
//! last row of a page that is full. A query that asks other tables, too, is concerned by every change of
//! these.

use super::Replica;
use super::read::replaced;
use crate::error::Error;
use crate::planted;
use crate::query::{self, Param, PlanId};
use crate::schema::TableId;
use haversack_rows::{Filter, Spec};

/// A query that is watched, until it is no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchId(pub u32);

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The rows of a query.
    Rows(PlanId),
    /// The groups of a grouping.
    Groups(PlanId),
}

#[derive(Debug)]
struct Watch {
    table: TableId,
    filters: Vec<Filter<'static>>,
    /// The slots of the last result, one bit each.
    members: Vec<u64>,
    /// Is it concerned by every change of its table?
    always: bool,
    /// The last row of a page that is full, and the order in which it is the last.
    last: Option<(u32, Spec)>,
    concerned: bool,
}

impl Watch {
    fn has(&self, slot: u32) -> bool {
        let word = self.members.get((slot >> 6) as usize);
        word.is_some_and(|word| word >> (slot & 63) & 1 != 0)
    }
}

#[derive(Debug, Default)]
pub(super) struct Watches {
    all: Vec<Option<Watch>>,
    /// By table.
    of_table: Vec<Vec<u32>>,
    concerned: Vec<u32>,
}

impl Watches {
    /// The place of a watch of a table and of others, and room for its members.
    fn place(
        &mut self,
        known: Option<WatchId>,
        table: usize,
        others: &[TableId],
    ) -> (WatchId, Vec<u64>) {
        if let Some(id) = known
            && let Some(Some(watch)) = self.all.get_mut(id.0 as usize)
        {
            return (id, std::mem::take(&mut watch.members));
        }
        let free = self.all.iter().position(Option::is_none);
        let at = free.unwrap_or_else(|| {
            self.all.push(None);
            self.all.len() - 1
        });
        for table in others.iter().map(|id| usize::from(id.0)).chain([table]) {
            let tables = self.of_table.len().max(table + 1);
            self.of_table.resize_with(tables, Vec::new);
            if !self.of_table[table].contains(&(at as u32)) {
                self.of_table[table].push(at as u32);
            }
        }
        (WatchId(at as u32), Vec::new())
    }
}

impl Replica {
    /// Watches a query whose last run was with these parameters, until [`Replica::unwatch`]. `known` is
    /// its watch from before, which goes on with what was found now.
    ///
    /// # Errors
    /// As [`Replica::run`].
    pub fn watch(
        &mut self,
        known: Option<WatchId>,
        watched: Watched,
        params: &[Param<'_>],
    ) -> Result<WatchId, Error> {
        let plan = match watched {
            Watched::Rows(id) => &self.plans[id.0 as usize],
            Watched::Groups(id) => &self.groupings[id.0 as usize].1.rows,
        };
        let params = params.get(..plan.params).unwrap_or(params);
        let current = self.current_params(plan, params);
        let plan = match watched {
            Watched::Rows(id) => &mut self.plans[id.0 as usize],
            Watched::Groups(id) => &mut self.groupings[id.0 as usize].1.rows,
        };
        let replaced = replaced(params, &current);
        let filters = query::owned_filters(&mut self.tables, plan, &replaced)?;
        let table = usize::from(plan.table.0);
        let mut others = Vec::new();
        plan.other_tables(&mut others);
        let (id, mut members) = self.watches.place(known, table, &others);
        members.clear();
        let words = self.tables[table].slots().div_ceil(64);
        members.resize(words as usize, 0);
        for slot in &plan.result {
            members[(slot >> 6) as usize] |= 1 << (slot & 63);
        }
        self.watches.all[id.0 as usize] = Some(Watch {
            table: plan.table,
            filters,
            members,
            always: plan.offset.is_some() || others.contains(&plan.table),
            last: plan.full_page(params).zip(Some(plan.order.clone())),
            concerned: false,
        });
        Ok(id)
    }

    /// Watches a query no more.
    pub fn unwatch(&mut self, id: WatchId) {
        let watches = &mut self.watches;
        if watches
            .all
            .get_mut(id.0 as usize)
            .and_then(Option::take)
            .is_none()
        {
            return;
        }
        for of_table in &mut watches.of_table {
            of_table.retain(|&other| other != id.0);
        }
        watches.concerned.retain(|&other| other != id.0);
    }

    /// Moves out the watches that changes concern, up to the last [`Replica::take_dirty`].
    pub fn take_concerned(&mut self) -> Vec<WatchId> {
        let concerned = std::mem::take(&mut self.watches.concerned);
        for &id in &concerned {
            if let Some(watch) = &mut self.watches.all[id as usize] {
                watch.concerned = false;
            }
        }
        concerned.into_iter().map(WatchId).collect()
    }

    /// A row has changed: whom does it concern?
    pub(super) fn mark(&mut self, table: TableId, slot: u32) {
        let Some(ids) = self.watches.of_table.get(usize::from(table.0)) else {
            return;
        };
        let store = &self.tables[usize::from(table.0)];
        let live = store.is_live(slot);
        for &id in ids {
            let Some(watch) = &mut self.watches.all[id as usize] else {
                continue;
            };
            let comes = || {
                let in_page = |(last, order): &(u32, Spec)| {
                    order.compare(&store.columns, slot, *last).is_le()
                };
                let mut filters = watch.filters.iter();
                live && watch.last.as_ref().is_none_or(in_page)
                    && filters.all(|filter| filter.passes(&store.columns, slot))
            };
            // What was found in another table was found by all that is there.
            let elsewhere = watch.table != table && !planted::is("related-rows-unwatched");
            let was = || watch.has(slot) && !planted::is("page-forgets-who-left");
            if !watch.concerned && (watch.always || elsewhere || was() || comes()) {
                watch.concerned = true;
                self.watches.concerned.push(id);
            }
        }
    }

    /// What parameters mean has changed: everybody is to ask again.
    pub(super) fn mark_all(&mut self) {
        for (id, watch) in self.watches.all.iter_mut().enumerate() {
            if let Some(watch) = watch
                && !watch.concerned
            {
                watch.concerned = true;
                self.watches.concerned.push(id as u32);
            }
        }
    }
}
