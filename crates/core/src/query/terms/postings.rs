//! Lists of slots by what is in them: ascending, and kept so.

use crate::sort::sort_unique;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::hash::Hash;

/// For each term the slots that have it.
#[derive(Debug)]
pub(super) struct Postings<T> {
    lists: HashMap<T, Vec<u32>, FxBuildHasher>,
}

impl<T> Default for Postings<T> {
    fn default() -> Self {
        Self {
            lists: HashMap::default(),
        }
    }
}

impl<T: Eq + Hash> Postings<T> {
    /// Takes a slot in; `own` makes a term of what it is written as.
    pub fn insert<Q: Eq + Hash + ?Sized>(&mut self, term: &Q, own: fn(&Q) -> T, slot: u32)
    where
        T: Borrow<Q>,
    {
        match self.lists.get_mut(term) {
            Some(list) => insert(list, slot),
            None => {
                self.lists.insert(own(term), vec![slot]);
            }
        }
    }

    /// Takes a slot out.
    pub fn remove<Q: Eq + Hash + ?Sized>(&mut self, term: &Q, slot: u32)
    where
        T: Borrow<Q>,
    {
        let Some(list) = self.lists.get_mut(term) else {
            return;
        };
        if let Ok(at) = list.binary_search(&slot) {
            list.remove(at);
        }
        if list.is_empty() {
            self.lists.remove(term);
        }
    }

    /// The slots that have a term.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, term: &Q) -> &[u32]
    where
        T: Borrow<Q>,
    {
        self.lists.get(term).map_or(&[], |list| list)
    }

    /// The slots that have one of these terms.
    pub fn of_each<Q: Eq + Hash + ?Sized>(&self, terms: &[Box<Q>]) -> Vec<u32>
    where
        T: Borrow<Q>,
    {
        if let [one] = terms {
            return self.get(&**one).to_vec();
        }
        let mut all: Vec<u32> = terms
            .iter()
            .flat_map(|term| self.get(&**term))
            .copied()
            .collect();
        sort_unique(&mut all, &u32::cmp);
        all
    }

    /// The slots that have one of the terms that are `wanted`.
    pub fn any(&self, wanted: &dyn Fn(&T) -> bool) -> Vec<u32> {
        let lists = self.lists.iter().filter(|(term, _)| wanted(term));
        let mut all: Vec<u32> = lists.flat_map(|(_, list)| list).copied().collect();
        sort_unique(&mut all, &u32::cmp);
        all
    }
}

fn insert(list: &mut Vec<u32>, slot: u32) {
    // An index is made slot by slot, so nearly all come last.
    if list.last().is_none_or(|&last| last < slot) {
        list.push(slot);
    } else if let Err(at) = list.binary_search(&slot) {
        list.insert(at, slot);
    }
}

/// What all of these lists have, of which there is one at least.
pub(super) fn common(mut lists: Vec<Cow<'_, [u32]>>) -> Vec<u32> {
    let Some(shortest) = (0..lists.len()).min_by_key(|&i| lists[i].len()) else {
        return Vec::new();
    };
    let mut found = lists.swap_remove(shortest).into_owned();
    for list in lists {
        keep_common(&mut found, &list);
    }
    found
}

/// How many times as long a list has to be for a search in it to be quicker than a walk along it.
const SEARCHED: usize = 16;

fn keep_common(found: &mut Vec<u32>, list: &[u32]) {
    if list.len() > found.len() * SEARCHED {
        found.retain(|slot| list.binary_search(slot).is_ok());
        return;
    }
    let (mut kept, mut at) = (0, 0);
    for i in 0..found.len() {
        let slot = found[i];
        while let Some(other) = list.get(at) {
            match other.cmp(&slot) {
                Ordering::Less => at += 1,
                Ordering::Equal => {
                    found[kept] = slot;
                    kept += 1;
                    break;
                }
                Ordering::Greater => break,
            }
        }
    }
    found.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stay_in_order_whatever_comes_and_goes() {
        let mut postings = Postings::<Box<str>>::default();
        for slot in [5, 1, 9, 5, 3] {
            postings.insert("a", |text| text.into(), slot);
        }
        postings.remove("a", 3);
        postings.remove("a", 4);
        postings.remove("b", 1);
        assert_eq!(postings.get("a"), [1, 5, 9]);
        assert!(postings.get("b").is_empty());
        postings.insert("ab", |text| text.into(), 2);
        postings.insert("ab", |text| text.into(), 5);
        assert_eq!(postings.any(&|term| term.starts_with('a')), [1, 2, 5, 9]);
    }

    #[test]
    fn what_is_common_is_found_by_walking_and_by_searching() {
        let long: Vec<u32> = (0..1000).map(|i| i * 3).collect();
        let short = [3, 4, 9, 2997, 3000];
        let lists = vec![Cow::Borrowed(&long[..]), Cow::Borrowed(&short[..])];
        assert_eq!(common(lists), [3, 9, 2997]);
        let even: Vec<u32> = (0..1000).map(|i| i * 2).collect();
        let lists = vec![Cow::Borrowed(&long[..]), Cow::Borrowed(&even[..])];
        let sixes: Vec<u32> = (0..334).map(|i| i * 6).collect();
        assert_eq!(common(lists), sixes);
        assert_eq!(common(vec![Cow::Owned(vec![7])]), [7]);
    }
}
