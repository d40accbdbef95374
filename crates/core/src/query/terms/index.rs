//! The index of a document: which rows have which words, which trigrams, or which value.
//!
//! A write only notes which rows it changed; the index is brought in step when it is asked next.

use super::document::{Document, Made};
use super::postings::{Postings, common};
use super::sought::{For, Looked};
use crate::query::search::place;
use crate::replica::TableStore;
use crate::sort::sort_unique;
use haversack_rows::Column;
use haversack_text::{Operand, Query, Stems, Trigrams, Vector, matches, similar};
use std::borrow::Cow;

/// The most such indexes that a table keeps; the one unused for longest makes room.
const TERM_INDEXES_MAX: usize = 8;
/// Beyond this share of the rows, what has changed is no longer noted: the index is made anew.
const CHANGED_SHARE: usize = 4;

/// How often what is within JSON is asked for before it has an index: to make one costs some ten times as much as to
/// read every document once.
const ASKED_MIN: u32 = 5;
/// For how many places that is counted.
const ASKED_PLACES_MAX: usize = 32;
/// How many words are stemmed once while an index is made: those of daily use.
const STEMS: usize = 8192;

/// An index of one document of a table.
#[derive(Debug)]
pub(crate) struct TermIndex {
    document: Document,
    terms: Terms,
    /// Rows that changed since it was in step.
    changed: Vec<u32>,
    /// Is it to be made anew?
    stale: bool,
    used: u64,
}

/// What within JSON was asked for that has no index, or none in step, and how often.
#[derive(Debug, Default)]
pub(crate) struct Asked(Vec<(Document, u32)>);

impl Asked {
    /// Is a document asked for often enough now to have an index?
    fn is_often(&mut self, document: &Document) -> bool {
        let known = self.0.iter().position(|(known, _)| known == document);
        let times = known.map_or(0, |at| self.0.remove(at).1) + 1;
        if times >= ASKED_MIN {
            return true;
        }
        if self.0.len() == ASKED_PLACES_MAX {
            self.0.remove(0);
        }
        self.0.push((document.clone(), times));
        false
    }
}

/// The trigrams of a text, each once.
type Distinct = Box<[u32]>;

#[derive(Debug)]
enum Terms {
    Words {
        /// By slot; none where there is no row, or its document is NULL.
        rows: Vec<Option<Vector>>,
        postings: Postings<Box<str>>,
    },
    Trigrams {
        rows: Vec<Option<Distinct>>,
        postings: Postings<u32>,
    },
    Values {
        /// By slot; none where nothing is there.
        rows: Vec<Option<Box<str>>>,
        postings: Postings<Box<str>>,
    },
}

impl TermIndex {
    fn new(document: Document) -> Self {
        let terms = match document.made {
            Made::Kept(_) | Made::Words(_) => Terms::Words {
                rows: Vec::new(),
                postings: Postings::default(),
            },
            Made::Trigrams(_) => Terms::Trigrams {
                rows: Vec::new(),
                postings: Postings::default(),
            },
            Made::Value => Terms::Values {
                rows: Vec::new(),
                postings: Postings::default(),
            },
        };
        Self {
            document,
            terms,
            changed: Vec::new(),
            stale: true,
            used: 0,
        }
    }

    /// Is the document made of this column, among others?
    pub fn concerns(&self, column: usize) -> bool {
        self.document.concerns(column)
    }

    /// Notes that a row has changed, appeared or vanished.
    pub fn touch(&mut self, slot: u32, rows: usize) {
        if self.stale {
            return;
        }
        self.changed.push(slot);
        if self.changed.len() > 64 + rows / CHANGED_SHARE {
            self.make_stale();
        }
    }

    /// Has it made anew when it is asked next.
    pub fn make_stale(&mut self) {
        *self = Self {
            used: self.used,
            ..Self::new(self.document.clone())
        };
    }

    fn bring_in_step(&mut self, store: &TableStore) {
        let slots = store.slots() as usize;
        match &mut self.terms {
            Terms::Words { rows, .. } => rows.resize(slots, None),
            Terms::Trigrams { rows, .. } => rows.resize(slots, None),
            Terms::Values { rows, .. } => rows.resize(slots, None),
        }
        if std::mem::take(&mut self.stale) {
            let mut stems = Stems::with_room(STEMS);
            for slot in store.live_slots() {
                self.add(&store.columns, slot, &mut stems);
            }
        }
        for slot in std::mem::take(&mut self.changed) {
            self.take_out(slot);
            if store.is_live(slot) {
                self.add(&store.columns, slot, &mut Stems::default());
            }
        }
    }

    fn add(&mut self, columns: &[Column], slot: u32, stems: &mut Stems) {
        match &mut self.terms {
            Terms::Words { rows, postings } => {
                let vector = self.document.words(columns, slot, stems);
                for lexeme in vector.iter().flat_map(Vector::iter) {
                    postings.insert(lexeme.text, |text| text.into(), slot);
                }
                rows[slot as usize] = vector;
            }
            Terms::Trigrams { rows, postings } => {
                let trigrams = self.document.trigrams(columns, slot);
                let distinct = trigrams.as_ref().map(Trigrams::distinct);
                for trigram in distinct.unwrap_or_default() {
                    postings.insert(trigram, u32::clone, slot);
                }
                rows[slot as usize] = distinct.map(Box::from);
            }
            Terms::Values { rows, postings } => {
                let value = self
                    .document
                    .value(columns, slot)
                    .map(String::into_boxed_str);
                if let Some(value) = &value {
                    postings.insert(&**value, |text| text.into(), slot);
                }
                rows[slot as usize] = value;
            }
        }
    }

    fn take_out(&mut self, slot: u32) {
        match &mut self.terms {
            Terms::Words { rows, postings } => {
                let vector = rows[slot as usize].take();
                for lexeme in vector.iter().flat_map(Vector::iter) {
                    postings.remove(lexeme.text, slot);
                }
            }
            Terms::Trigrams { rows, postings } => {
                for trigram in rows[slot as usize].take().iter().flatten() {
                    postings.remove(trigram, slot);
                }
            }
            Terms::Values { rows, postings } => {
                if let Some(value) = rows[slot as usize].take() {
                    postings.remove(&*value, slot);
                }
            }
        }
    }

    /// The words of a row; none where its document is NULL.
    pub fn words(&self, slot: u32) -> Option<&Vector> {
        match &self.terms {
            Terms::Words { rows, .. } => rows[slot as usize].as_ref(),
            Terms::Trigrams { .. } | Terms::Values { .. } => None,
        }
    }

    /// The rows with what is looked for, ascending; where that is not exact, those that may have it.
    pub fn find(&self, looked: &Looked, columns: &[Column]) -> Vec<u32> {
        match (&looked.what, &self.terms) {
            (For::Words(query), Terms::Words { rows, postings }) => {
                find_words(query, rows, postings)
            }
            (For::Similar(text, threshold), Terms::Trigrams { rows, postings }) => {
                let passes = |shared: usize, own: usize, _: u32| {
                    f64::from(similar(shared, text.distinct().len(), own)) >= *threshold
                };
                find_similar(text, *threshold, (rows, postings), &passes)
            }
            (For::WordSimilar(text, threshold), Terms::Trigrams { rows, postings }) => {
                let wanted = text.distinct().len() as f64;
                let passes = |shared: usize, _: usize, slot: u32| {
                    // A run of the text shares no more than the whole of it; and a bit for rounding.
                    (shared as f64 + 1e-3) >= *threshold * wanted
                        && looked.word_similarity(text, columns, slot) >= Some(*threshold)
                };
                find_similar(text, *threshold, (rows, postings), &passes)
            }
            (For::Values { values, .. }, Terms::Values { postings, .. }) => {
                postings.of_each(values)
            }
            // An index is looked up by its document, which is of one kind alone.
            (For::Words(_), Terms::Trigrams { .. } | Terms::Values { .. })
            | (
                For::Similar(..) | For::WordSimilar(..),
                Terms::Words { .. } | Terms::Values { .. },
            )
            | (For::Values { .. }, Terms::Words { .. } | Terms::Trigrams { .. }) => Vec::new(),
        }
    }
}

fn find_words(query: &Query, rows: &[Option<Vector>], postings: &Postings<Box<str>>) -> Vec<u32> {
    if query.is_empty() {
        return Vec::new();
    }
    let is_match = |slot: &u32| {
        let vector = rows[*slot as usize].as_ref();
        vector.is_some_and(|vector| matches(vector, query))
    };
    let needs = query.needs();
    if needs.is_empty() {
        return (0..rows.len() as u32).filter(is_match).collect();
    }
    let having = |group: Vec<Operand<'_>>| match group[..] {
        [
            Operand {
                text,
                prefix: false,
                ..
            },
        ] => Cow::Borrowed(postings.get(text)),
        _ => Cow::Owned(postings.any(&|term| {
            let mut each = group.iter();
            each.any(|o| **term == *o.text || o.prefix && term.starts_with(o.text))
        })),
    };
    let mut found = common(needs.into_iter().map(having).collect());
    if !query.is_conjunction() {
        found.retain(is_match);
    }
    found
}

/// The rows that pass by how many trigrams they share with a text, and have.
fn find_similar(
    text: &Trigrams,
    threshold: f64,
    (rows, postings): (&[Option<Distinct>], &Postings<u32>),
    passes: &dyn Fn(usize, usize, u32) -> bool,
) -> Vec<u32> {
    if threshold <= 0.0 {
        let slots = 0..rows.len() as u32;
        return slots
            .filter(|&slot| rows[slot as usize].is_some())
            .collect();
    }
    let mut shared = vec![0_u16; rows.len()];
    let mut touched = Vec::new();
    for trigram in text.distinct() {
        for &slot in postings.get(trigram) {
            let count = &mut shared[slot as usize];
            if *count == 0 {
                touched.push(slot);
            }
            // A text of 65,535 different trigrams is longer than any that is asked for.
            *count = count.saturating_add(1);
        }
    }
    touched.retain(|&slot| {
        let own = rows[slot as usize].as_ref().map_or(0, |own| own.len());
        passes(shared[slot as usize].into(), own, slot)
    });
    sort_unique(&mut touched, &u32::cmp);
    touched
}

/// The position of the index of a document, made or brought in step if need be; none where it is not asked for
/// often enough to be made.
pub(super) fn ensure(store: &mut TableStore, document: &Document) -> Option<usize> {
    store.uses += 1;
    let known = store.terms.iter().position(|i| i.document == *document);
    let is_made = known.is_some_and(|at| !store.terms[at].stale);
    if document.made == Made::Value && !is_made && !store.asked.is_often(document) {
        return None;
    }
    let at = known.unwrap_or_else(|| {
        let made = TermIndex::new(document.clone());
        place(&mut store.terms, TERM_INDEXES_MAX, made, |i| i.used)
    });
    let made = TermIndex::new(document.clone());
    let mut index = std::mem::replace(&mut store.terms[at], made);
    index.used = store.uses;
    index.bring_in_step(store);
    store.terms[at] = index;
    Some(at)
}
