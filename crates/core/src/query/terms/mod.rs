//! What rows are searched for by what is within their values, the words of texts and the values in JSON, and how
//! well texts answer.
//!
//! A condition is bound to a test that reads the row itself, which is all that a watched query needs. Before a
//! query runs, such tests are put to the table's index of the same texts and stand from then on for the rows
//! that the index found ([`resolve`]).

mod document;
mod index;
mod postings;
mod ranking;
mod sought;

pub(crate) use index::{Asked, TermIndex};
pub use ranking::Ranked;
pub(super) use ranking::{Ranking, bind_rankings, in_order_of_rank};
pub use sought::{Sought, Syntax, TextShape};
pub(super) use sought::{bind_sought, is_of_words, within_json};

use super::filter::Filter;
use crate::replica::TableStore;
use haversack_rows::Column;
use haversack_rows::filter::RowTest;
use sought::Looked;
use std::any::Any;
use std::sync::Arc;

/// The rows that an index found, ascending.
#[derive(Debug)]
pub(super) struct Found {
    pub slots: Vec<u32>,
    /// The column whose NULL leaves it unknown whether a row is one of them.
    unknown: Option<usize>,
    /// What a row that was found has to pass still.
    then: Option<Arc<dyn RowTest>>,
}

impl RowTest for Found {
    fn passes(&self, columns: &[Column], slot: u32) -> Option<bool> {
        let found = self.slots.binary_search(&slot).is_ok();
        if let (true, Some(then)) = (found, &self.then) {
            return then.passes(columns, slot);
        }
        let known = found || !self.unknown.is_some_and(|c| columns[c].is_null(slot));
        known.then_some(found)
    }
}

/// Puts what filters look for within values to the table's indexes of these, made or brought in step if need be;
/// where there is none, the test stays.
pub(super) fn resolve(store: &mut TableStore, filters: &mut [Filter<'_>]) {
    for filter in filters {
        match filter {
            Filter::Any(members) | Filter::All(members) => resolve(store, members),
            Filter::Row { test, .. } => {
                let any: &dyn Any = test.as_ref();
                if let Some(looked) = any.downcast_ref::<Looked>() {
                    let Some(at) = index::ensure(store, &looked.document) else {
                        continue;
                    };
                    let slots = store.terms[at].find(looked, &store.columns);
                    let unknown = looked.document.nullable();
                    let then = (!looked.is_exact()).then(|| test.clone());
                    *test = Arc::new(Found {
                        slots,
                        unknown,
                        then,
                    });
                }
            }
            _ => {}
        }
    }
}

/// The filter that found the fewest rows, all of which have to be among them, and these.
pub(super) fn fewest<'f>(filters: &'f [Filter<'_>]) -> Option<(usize, &'f [u32])> {
    let each = filters.iter().enumerate();
    let found = each.filter_map(|(i, filter)| Some((i, &found(filter)?.slots[..])));
    found.min_by_key(|(_, slots)| slots.len())
}

/// Do all rows that a filter found pass it?
pub(super) fn is_settled(filter: &Filter<'_>) -> bool {
    found(filter).is_some_and(|found| found.then.is_none())
}

fn found<'f>(filter: &'f Filter<'_>) -> Option<&'f Found> {
    let Filter::Row { wanted: true, test } = filter else {
        return None;
    };
    let any: &dyn Any = test.as_ref();
    any.downcast_ref()
}
