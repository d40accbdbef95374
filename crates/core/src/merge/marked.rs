//! A map that goes back to where it was marked.
//!
//! A savepoint for what a push knows: to go back costs by what was changed since, not by what the map
//! holds, which after a long time offline is thousands of rows.

use std::collections::HashMap;
use std::hash::Hash;

/// A map with one mark at most. Before the first, changes are not noted.
#[derive(Clone, Debug)]
pub struct Marked<K, V> {
    map: HashMap<K, V>,
    /// What each changed entry was before its change, oldest first; none where nothing is marked.
    before: Option<Vec<(K, Option<V>)>>,
}

impl<K, V> Default for Marked<K, V> {
    fn default() -> Self {
        let (map, before) = (HashMap::new(), None);
        Self { map, before }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Marked<K, V> {
    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// Gives a key a value, or none.
    pub fn set(&mut self, key: K, value: Option<V>) {
        let was = match value {
            Some(value) => self.map.insert(key.clone(), value),
            None => self.map.remove(&key),
        };
        if let Some(before) = &mut self.before {
            before.push((key, was));
        }
    }

    /// Marks where to go back to, instead of the last mark.
    pub fn mark(&mut self) {
        self.before.get_or_insert_default().clear();
    }

    /// Goes back to the mark, and stays marked there. Without one, nothing changes.
    pub fn go_back(&mut self) {
        for (key, was) in self.before.iter_mut().flat_map(|all| all.drain(..).rev()) {
            match was {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Marked;

    #[test]
    fn it_goes_back_to_the_last_mark_however_often_an_entry_changed() {
        let mut map = Marked::default();
        map.set("kept", Some(1));
        map.set("removed", Some(2));
        map.mark();
        map.set("removed", None);
        map.set("removed", Some(3));
        map.set("new", Some(4));
        map.set("kept", Some(5));
        map.go_back();
        let now = |map: &Marked<_, _>| ["kept", "removed", "new"].map(|key| map.get(&key).copied());
        assert_eq!(now(&map), [Some(1), Some(2), None]);
        // What came before a later mark stays.
        map.set("new", Some(6));
        map.mark();
        map.set("kept", None);
        map.go_back();
        map.go_back();
        assert_eq!(now(&map), [Some(1), Some(2), Some(6)]);
    }
}
