//! A map by name, as a sorted list: what a mutation or a lease needs, in little code.
//!
//! For the dozens of columns of a row and the tables of a schema; inserting moves what follows, so
//! it is not for thousands of names in random order. Names are shared: those of a table's columns are
//! the same in every mutation.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A name, which copies share.
pub type Name = Arc<str>;

/// Values by name, in the order of the names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Map<V>(Vec<(Name, V)>);

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The position of a name among `len` sorted ones, or where it would stand.
fn search<'n>(len: usize, name_at: &dyn Fn(usize) -> &'n str, name: &str) -> Result<usize, usize> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        match name_at(middle).cmp(name) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return Ok(middle),
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

impl<V> Map<V> {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// A map of values that stand in the order of their names, each name once.
    pub fn from_sorted(values: Vec<(Name, V)>) -> Self {
        debug_assert!(
            values.is_sorted_by(|(a, _), (b, _)| a < b),
            "names are sorted"
        );
        Self(values)
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        search(self.0.len(), &|i| &self.0[i].0, name)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.find(name).ok().map(|i| &self.0[i].1)
    }

    /// The value of a name.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let i = self.find(name).ok()?;
        Some(&mut self.0[i].1)
    }

    /// Is there a value of this name?
    pub fn contains_key(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Sets the value of a name, and gives the one before.
    pub fn insert(&mut self, name: impl Into<Name>, value: V) -> Option<V> {
        let name = name.into();
        match self.find(&name) {
            Ok(i) => Some(std::mem::replace(&mut self.0[i].1, value)),
            Err(i) => {
                self.0.insert(i, (name, value));
                None
            }
        }
    }

    /// The value of a name, made if need be.
    pub fn or_default(&mut self, name: &str) -> &mut V
    where
        V: Default,
    {
        let i = self.find(name).unwrap_or_else(|i| {
            self.0.insert(i, (name.into(), V::default()));
            i
        });
        &mut self.0[i].1
    }

    /// Takes the value of a name out.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let i = self.find(name).ok()?;
        Some(self.0.remove(i).1)
    }

    /// Keeps what a test lets through.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut V) -> bool) {
        self.0.retain_mut(|(name, value)| keep(name, value));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Name, &V)> + ExactSizeIterator {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The names.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Name> + ExactSizeIterator {
        self.0.iter().map(|(name, _)| name)
    }

    /// The values, by name.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.0.iter().map(|(_, value)| value)
    }

    /// The values, by name.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (Name, V);
    type IntoIter = std::vec::IntoIter<(Name, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What goes through a map by reference.
pub type Iter<'m, V> =
    std::iter::Map<std::slice::Iter<'m, (Name, V)>, fn(&'m (Name, V)) -> (&'m Name, &'m V)>;

impl<'m, V> IntoIterator for &'m Map<V> {
    type Item = (&'m Name, &'m V);
    type IntoIter = Iter<'m, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl<V, N: Into<Name>> Extend<(N, V)> for Map<V> {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, values: I) {
        for (name, value) in values {
            self.insert(name, value);
        }
    }
}

impl<V, N: Into<Name>> FromIterator<(N, V)> for Map<V> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        let mut map = Self::new();
        map.extend(values);
        map
    }
}

impl<V, N: Into<Name>, const LEN: usize> From<[(N, V); LEN]> for Map<V> {
    fn from(values: [(N, V); LEN]) -> Self {
        values.into_iter().collect()
    }
}

impl<V> std::ops::Index<&str> for Map<V> {
    type Output = V;
    fn index(&self, name: &str) -> &V {
        self.get(name).expect("the map has this name")
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (&**name, value)))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Names<V> {
            type Value = Map<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                // What comes off the network may have very many names, in any order.
                let mut sorted: BTreeMap<String, V> = BTreeMap::new();
                while let Some((name, value)) = members.next_entry()? {
                    sorted.insert(name, value);
                }
                let shared = sorted.into_iter().map(|(name, value)| (name.into(), value));
                Ok(Map(shared.collect()))
            }
        }
        deserializer.deserialize_map(Names(PhantomData))
    }
}
