//! The order of rows by how well they answer: the best first, and last those without a text.

use super::index::ensure;
use super::sought::{For, Looked, Sought, mismatch};
use crate::error::Error;
use crate::query::index::Spec;
use crate::query::{Op, Param};
use crate::replica::TableStore;
use crate::sort::sorted_positions;
use haversack_text::{WEIGHTS, rank};
use std::cmp::Ordering;

/// A place in the order that is of no column.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// How many columns of the order come before it.
    pub after: usize,
    /// What the rows are looked through for.
    pub sought: Sought,
    /// `ts_rank`, `similarity` or `word_similarity`.
    pub op: Op,
    /// The position of the parameter that says for what.
    pub param: usize,
    /// The column's name.
    pub name: Box<str>,
}

impl Ranked {
    /// The same where the server answers.
    pub(in crate::query) fn of_server(&self) -> Self {
        Self {
            sought: self.sought.of_server(),
            ..self.clone()
        }
    }
}

/// The same with what rows are looked through for; of NULL, and where the server ranks, nothing.
pub(in crate::query) type Ranking = (usize, Option<Looked>);

/// Reads what rows are ranked by.
///
/// # Errors
/// As [`Sought::look`]; `type_mismatch` for what is no text.
pub(in crate::query) fn bind_rankings(
    ranked: &[Ranked],
    params: &[Param<'_>],
) -> Result<Vec<Ranking>, Error> {
    let look = |ranked: &Ranked| {
        let looked = match params[ranked.param] {
            Param::Null => Ok(None),
            Param::Text(text) => ranked.sought.look(ranked.op, text, None),
            Param::Number(_) => Err(mismatch("rows are ranked by a text, not by a number")),
        };
        let looked = looked.map_err(|error| error.at_column(&ranked.name))?;
        Ok((ranked.after, looked))
    };
    ranked.iter().map(look).collect()
}

/// Slots in an order that has ranks in it.
pub(in crate::query) fn in_order_of_rank(
    store: &mut TableStore,
    order: &Spec,
    rankings: &[Ranking],
    slots: &[u32],
) -> Vec<u32> {
    let ranks: Vec<Vec<f32>> = rankings
        .iter()
        .map(|(_, looked)| match looked {
            Some(looked) => ranks(store, looked, slots),
            None => vec![0.0; slots.len()],
        })
        .collect();
    let columns = &store.columns;
    let by_rank = |column: usize, a: usize, b: usize| {
        let here = rankings.iter().zip(&ranks);
        let mut here = here.filter(|((after, _), _)| *after == column);
        here.find_map(|(_, ranks)| Some(ranks[b].total_cmp(&ranks[a])).filter(|o| o.is_ne()))
    };
    let compare = |a: usize, b: usize| {
        for (i, key) in order.0.iter().enumerate() {
            if let Some(order) = by_rank(i, a, b) {
                return order;
            }
            let order = key.compare(columns, slots[a], slots[b]);
            if order.is_ne() {
                return order;
            }
        }
        by_rank(order.0.len(), a, b).unwrap_or(Ordering::Equal)
    };
    let sorted = sorted_positions(slots.len(), &compare);
    sorted.into_iter().map(|at| slots[at as usize]).collect()
}

/// How well each row answers; less than nothing where it has no text.
fn ranks(store: &mut TableStore, looked: &Looked, slots: &[u32]) -> Vec<f32> {
    let none = f32::NEG_INFINITY;
    if let For::Words(query) = &looked.what {
        let at = ensure(store, &looked.document);
        let index = at.map(|at| &store.terms[at]);
        let rank = |&slot: &u32| match index.and_then(|index| index.words(slot)) {
            Some(words) => rank(&WEIGHTS, words, query, 0),
            None => none,
        };
        return slots.iter().map(rank).collect();
    }
    let columns = &store.columns;
    let similar = |&slot: &u32| {
        let own = looked.document.trigrams(columns, slot)?;
        Some(match &looked.what {
            For::Words(_) | For::Values { .. } => none,
            For::Similar(text, _) => own.similarity(text),
            For::WordSimilar(text, _) => text.word_similarity(&own),
        })
    };
    slots
        .iter()
        .map(|slot| similar(slot).unwrap_or(none))
        .collect()
}
