//! Ordered maps and sets for code that is downloaded: sorted runs instead of a tree. What std's tree costs anew for each pair of
//! key and value is most of what a page would load for it. Runs are short, so that a queue of 10,000 does not slow a change down.

use std::borrow::Borrow;
use std::fmt;
use std::ops::{Bound, RangeBounds};

/// Longest run.
const RUN: usize = 32;

/// A map in the order of its keys.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Map<K, V> {
    /// In order, none empty.
    runs: Vec<Vec<(K, V)>>,
}

/// A set in order.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Set<T>(Map<T, ()>);

/// The place of a key.
pub(crate) struct Entry<'a, K, V> {
    map: &'a mut Map<K, V>,
    key: K,
}

impl<'a, K: Ord, V> Entry<'a, K, V> {
    pub(crate) fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        let (run, at) = match self.map.find(&self.key) {
            Ok(place) => place,
            Err(place) => self.map.put(place, self.key, make()),
        };
        &mut self.map.runs[run][at].1
    }

    pub(crate) fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    pub(crate) fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

/// A run, and a place in it.
type Place = (usize, usize);

impl<K, V> Default for Map<K, V> {
    fn default() -> Map<K, V> {
        Map { runs: Vec::new() }
    }
}

impl<K: Ord, V> Map<K, V> {
    pub(crate) fn new() -> Map<K, V> {
        Map::default()
    }

    /// Where the key is, or would be.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        let after = |run: &Vec<(K, V)>| run.last().is_some_and(|(last, _)| last.borrow() < key);
        let run = self.runs.partition_point(after);
        match self.runs.get(run).map(|found| found.binary_search_by(|(other, _)| other.borrow().cmp(key))) {
            Some(Ok(at)) => Ok((run, at)),
            Some(Err(at)) => Err((run, at)),
            // Beyond the last: at the end of the last run.
            None => Err(run.checked_sub(1).map_or((0, 0), |last| (last, self.runs[last].len()))),
        }
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.find(key).ok()?;
        Some(&self.runs[run][at].1)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.find(key).ok()?;
        Some(&mut self.runs[run][at].1)
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok((run, at)) => Some(std::mem::replace(&mut self.runs[run][at].1, value)),
            Err(place) => {
                self.put(place, key, value);
                None
            }
        }
    }

    /// Returns where it stands.
    fn put(&mut self, (run, at): Place, key: K, value: V) -> Place {
        let Some(found) = self.runs.get_mut(run) else {
            self.runs.push(vec![(key, value)]);
            return (run, 0);
        };
        found.insert(at, (key, value));
        if found.len() <= RUN {
            return (run, at);
        }
        let half = found.split_off(RUN / 2);
        self.runs.insert(run + 1, half);
        if at < RUN / 2 { (run, at) } else { (run + 1, at - RUN / 2) }
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(self.take(place).1)
    }

    fn take(&mut self, (run, at): Place) -> (K, V) {
        let taken = self.runs[run].remove(at);
        if self.runs[run].is_empty() {
            self.runs.remove(run);
        }
        taken
    }

    /// The place of a key, for what is there or else is made.
    pub(crate) fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        Entry { map: self, key }
    }

    pub(crate) fn len(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.runs.clear();
    }

    pub(crate) fn iter(&self) -> Iter<'_, K, V> {
        self.into_iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.runs.iter_mut().flatten().map(|(key, value)| (&*key, value))
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.runs.iter_mut().flatten().map(|(_, value)| value)
    }

    /// What lies between two keys.
    pub(crate) fn range<Q, R>(
        &self,
        range: R,
    ) -> impl DoubleEndedIterator<Item = (&K, &V)> + use<'_, K, V, Q, R>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
        R: RangeBounds<Q>,
    {
        let place = |key: &Q, after: bool| match self.find(key) {
            Ok((run, at)) => (run, at + usize::from(after)),
            Err(place) => place,
        };
        let from = match range.start_bound() {
            Bound::Included(key) => place(key, false),
            Bound::Excluded(key) => place(key, true),
            Bound::Unbounded => (0, 0),
        };
        let to = match range.end_bound() {
            Bound::Included(key) => place(key, true),
            Bound::Excluded(key) => place(key, false),
            Bound::Unbounded => (self.runs.len(), 0),
        };
        Iter { runs: &self.runs, from, to }
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.runs.iter_mut().for_each(|run| run.retain_mut(|(key, value)| keep(key, value)));
        self.runs.retain(|run| !run.is_empty());
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<(K, V)>>>;
    fn into_iter(self) -> Self::IntoIter {
        self.runs.into_iter().flatten()
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Iter<'a, K, V> {
        Iter { runs: &self.runs, from: (0, 0), to: (self.runs.len(), 0) }
    }
}

/// What lies between two places, from both ends.
pub(crate) struct Iter<'a, K, V> {
    runs: &'a [Vec<(K, V)>],
    from: Place,
    to: Place,
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);
    fn next(&mut self) -> Option<Self::Item> {
        while self.from < self.to {
            let (run, at) = self.from;
            match self.runs.get(run)?.get(at) {
                Some((key, value)) => {
                    self.from = (run, at + 1);
                    return Some((key, value));
                }
                None => self.from = (run + 1, 0),
            }
        }
        None
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        while self.from < self.to {
            let (run, at) = self.to;
            let Some(before) = at.checked_sub(1) else {
                let run = run.checked_sub(1)?;
                self.to = (run, self.runs.get(run)?.len());
                continue;
            };
            self.to = (run, before);
            return self.runs.get(run)?.get(before).map(|(key, value)| (key, value));
        }
        None
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Map<K, V> {
        let mut map = Map::new();
        map.extend(pairs);
        map
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<T> Default for Set<T> {
    fn default() -> Set<T> {
        Set(Map::default())
    }
}

impl<T: Ord> Set<T> {
    pub(crate) fn new() -> Set<T> {
        Set::default()
    }

    /// Whether it was not there.
    pub(crate) fn insert(&mut self, value: T) -> bool {
        self.0.insert(value, ()).is_none()
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.remove(value).is_some()
    }

    pub(crate) fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.contains_key(value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.keys()
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.iter().next()
    }

    /// What is in it and not in the other.
    pub(crate) fn difference<'a>(&'a self, other: &'a Set<T>) -> impl Iterator<Item = &'a T> {
        self.iter().filter(|value| !other.contains(*value))
    }

    pub(crate) fn range(&self, range: impl RangeBounds<T>) -> impl DoubleEndedIterator<Item = &T> {
        self.0.range(range).map(|(value, ())| value)
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = std::iter::Map<<Map<T, ()> as IntoIterator>::IntoIter, fn((T, ())) -> T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(value, ())| value)
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Set<T> {
        let mut set = Set::new();
        set.extend(values);
        set
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.insert(value);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries((&self.0).into_iter().map(|(value, ())| value)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeMap;

    /// The tree of std is the model: each operation gives the same, and so does the whole after it.
    #[test]
    fn does_what_the_tree_does() {
        for seed in 0..20 {
            let mut rng = Rng::new([seed; 32]);
            let (mut ours, mut tree) = (Map::new(), BTreeMap::new());
            for step in 0..3_000u64 {
                // Up and down again, so that runs split and vanish.
                let (key, grow) = (rng.up_to(400), step % 1_000 < 600);
                match rng.up_to(9) {
                    0..=4 if grow => assert_eq!(ours.insert(key, step), tree.insert(key, step)),
                    5 => {
                        *ours.entry(key).or_insert(0) += 1;
                        *tree.entry(key).or_insert(0) += 1;
                    }
                    6 => {
                        let to = key + rng.up_to(100);
                        let both = (Bound::Excluded(key), Bound::Included(to));
                        assert!(ours.range(key..to).eq(tree.range(key..to)), "{key}..{to}");
                        assert!(ours.range(both).rev().eq(tree.range(both).rev()), "{both:?}");
                        assert!(ours.range(key..).next() == tree.range(key..).next());
                        assert!(ours.range(..key).next_back() == tree.range(..key).next_back());
                    }
                    7 if step % 97 == 0 => {
                        ours.retain(|k, _| k % 3 != 0);
                        tree.retain(|k, _| k % 3 != 0);
                    }
                    _ => assert_eq!(ours.remove(&key), tree.remove(&key)),
                }
                assert_eq!(ours.get(&key), tree.get(&key));
                assert_eq!((ours.len(), ours.is_empty()), (tree.len(), tree.is_empty()));
            }
            assert!(ours.iter().eq(tree.iter()) && ours.iter().rev().eq(tree.iter().rev()));
            assert!(ours.runs.iter().all(|run| !run.is_empty() && run.len() <= RUN));
            assert!(ours.into_iter().eq(tree));
        }
    }

    #[test]
    fn a_set_is_in_order_and_knows_its_ends() {
        let mut set: Set<u32> = (0..100).rev().chain(50..120).collect();
        assert!(set.iter().copied().eq(0..120));
        assert_eq!((set.first(), set.range(..).next_back()), (Some(&0), Some(&119)));
        assert!(!set.insert(7) && set.remove(&7) && set.insert(7));
        let odd: Set<u32> = (1..120).step_by(2).collect();
        assert!(set.difference(&odd).copied().eq((0..120).step_by(2)));
        set.clear();
        assert_eq!(set.first(), None);
    }
}
