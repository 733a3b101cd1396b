//! Ordered maps and sets for code that is downloaded: sorted runs instead of a tree. What std's tree costs anew for each pair of
//! key and value is most of what a page would load for it. Runs are short, so that a queue of 10,000 does not slow a change down.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Bound, RangeBounds};

/// Longest run.
const RUN: usize = 32;

/// A key and what belongs to it. Each stands in a box of its own: what moves in a run are pointers, so the code that moves them is the
/// same for all types, and is there once. The key stands first, so that the search is the same for all maps with one type of key.
#[derive(Clone, PartialEq, Eq)]
#[repr(C)]
struct Node<K, V> {
    key: K,
    value: V,
}

type Run<K, V> = Vec<Box<Node<K, V>>>;

/// A map in the order of its keys.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Map<K, V> {
    /// In order, none empty.
    runs: Vec<Run<K, V>>,
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
        let place = self.map.find(&self.key);
        let place = if place.found {
            place
        } else {
            self.map.put(place, Box::new(Node { key: self.key, value: make() }))
        };
        &mut self.map.runs[place.run][place.at].value
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
#[derive(Clone, Copy)]
struct Place {
    run: usize,
    at: usize,
    /// The key stands there; else it would.
    found: bool,
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Map<K, V> {
        Map { runs: Vec::new() }
    }
}

// What is never inlined here becomes the same code for many types, of which one is kept.
impl<K, V> Map<K, V> {
    /// Returns where it stands.
    #[inline(never)]
    fn put(&mut self, place: Place, node: Box<Node<K, V>>) -> Place {
        let Place { run, at, .. } = place;
        let Some(found) = self.runs.get_mut(run) else {
            self.runs.push(vec![node]);
            return place;
        };
        found.insert(at, node);
        if found.len() <= RUN {
            return place;
        }
        let half = found.split_off(RUN / 2);
        self.runs.insert(run + 1, half);
        if at < RUN / 2 { place } else { Place { run: run + 1, at: at - RUN / 2, ..place } }
    }

    #[inline(never)]
    fn take(&mut self, place: Place) -> Box<Node<K, V>> {
        let taken = self.runs[place.run].remove(place.at);
        if self.runs[place.run].is_empty() {
            self.runs.remove(place.run);
        }
        taken
    }

    #[inline(never)]
    fn into_nodes(self) -> Run<K, V> {
        let mut all = Vec::new();
        for mut run in self.runs {
            all.append(&mut run);
        }
        all
    }

    fn nodes_mut(&mut self) -> NodesMut<'_, K, V> {
        NodesMut { runs: self.runs.iter_mut(), run: [].iter_mut() }
    }

    fn nodes(&self) -> Iter<'_, K, V> {
        Iter { runs: &self.runs, from: (0, 0), to: (self.runs.len(), 0) }
    }

    #[inline(never)]
    fn drop_empty(&mut self) {
        let mut run = 0;
        while run < self.runs.len() {
            if self.runs[run].is_empty() {
                self.runs.remove(run);
            } else {
                run += 1;
            }
        }
    }

    #[inline(never)]
    pub(crate) fn len(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

impl<K: Ord, V> Map<K, V> {
    pub(crate) fn new() -> Map<K, V> {
        Map::default()
    }

    /// Where the key is, or would be.
    #[inline(never)]
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Place
    where
        K: Borrow<Q>,
    {
        let (mut run, mut behind) = (0, self.runs.len());
        while run < behind {
            let middle = run.midpoint(behind);
            if self.runs[middle].last().is_some_and(|node| node.key.borrow() < key) {
                run = middle + 1;
            } else {
                behind = middle;
            }
        }
        // Beyond the last: at the end of the last run.
        let Some(nodes) = self.runs.get(run) else {
            let at = self.runs.last().map_or(0, Vec::len);
            return Place { run: run.saturating_sub(1), at, found: false };
        };
        let (mut at, mut behind) = (0, nodes.len());
        while at < behind {
            let middle = at.midpoint(behind);
            match nodes[middle].key.borrow().cmp(key) {
                Ordering::Less => at = middle + 1,
                Ordering::Equal => return Place { run, at: middle, found: true },
                Ordering::Greater => behind = middle,
            }
        }
        Place { run, at, found: false }
    }

    #[inline(never)]
    fn node<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&Node<K, V>>
    where
        K: Borrow<Q>,
    {
        let Place { run, at, found } = self.find(key);
        if found { self.runs.get(run)?.get(at).map(|node| &**node) } else { None }
    }

    #[inline(never)]
    fn node_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut Node<K, V>>
    where
        K: Borrow<Q>,
    {
        let Place { run, at, found } = self.find(key);
        if found { self.runs.get_mut(run)?.get_mut(at).map(|node| &mut **node) } else { None }
    }

    #[inline(never)]
    fn taken<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<Box<Node<K, V>>>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key);
        place.found.then(|| self.take(place))
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.node(key).map(|node| &node.value)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.node_mut(key).map(|node| &mut node.value)
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.node(key).is_some()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(node) = self.node_mut(&key) {
            return Some(std::mem::replace(&mut node.value, value));
        }
        let place = self.find(&key);
        self.put(place, Box::new(Node { key, value }));
        None
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.taken(key).map(|node| node.value)
    }

    /// The place of a key, for what is there or else is made.
    pub(crate) fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        Entry { map: self, key }
    }

    pub(crate) fn clear(&mut self) {
        self.runs.clear();
    }

    pub(crate) fn iter(&self) -> Iter<'_, K, V> {
        self.nodes()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.nodes_mut().map(|node| (&node.key, &mut node.value))
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.nodes_mut().map(|node| &mut node.value)
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
        self.between(range.start_bound(), range.end_bound())
    }

    #[inline(never)]
    fn between<Q: Ord + ?Sized>(&self, start: Bound<&Q>, end: Bound<&Q>) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let place = |key: &Q, after: bool| {
            let Place { run, at, found } = self.find(key);
            (run, at + usize::from(after && found))
        };
        let from = match start {
            Bound::Included(key) => place(key, false),
            Bound::Excluded(key) => place(key, true),
            Bound::Unbounded => (0, 0),
        };
        let to = match end {
            Bound::Included(key) => place(key, true),
            Bound::Excluded(key) => place(key, false),
            Bound::Unbounded => (self.runs.len(), 0),
        };
        Iter { runs: &self.runs, from, to }
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for run in &mut self.runs {
            let mut at = 0;
            while let Some(node) = run.get_mut(at) {
                if keep(&node.key, &mut node.value) {
                    at += 1;
                } else {
                    cut(run, at);
                }
            }
        }
        self.drop_empty();
    }
}

#[inline(never)]
fn cut<T>(run: &mut Vec<Box<T>>, at: usize) -> Box<T> {
    run.remove(at)
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;
    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter(self.into_nodes().into_iter())
    }
}

/// All there was, in order.
pub(crate) struct IntoIter<K, V>(std::vec::IntoIter<Box<Node<K, V>>>);

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);
    fn next(&mut self) -> Option<(K, V)> {
        self.0.next().map(|node| {
            let Node { key, value } = *node;
            (key, value)
        })
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Iter<'a, K, V> {
        self.nodes()
    }
}

/// All nodes, to be changed.
struct NodesMut<'a, K, V> {
    runs: std::slice::IterMut<'a, Run<K, V>>,
    run: std::slice::IterMut<'a, Box<Node<K, V>>>,
}

impl<'a, K, V> Iterator for NodesMut<'a, K, V> {
    type Item = &'a mut Node<K, V>;
    #[inline(never)]
    fn next(&mut self) -> Option<&'a mut Node<K, V>> {
        loop {
            if let Some(node) = self.run.next() {
                return Some(node);
            }
            self.run = self.runs.next()?.iter_mut();
        }
    }
}

/// What lies between two places, from both ends.
pub(crate) struct Iter<'a, K, V> {
    runs: &'a [Run<K, V>],
    from: (usize, usize),
    to: (usize, usize),
}

impl<'a, K, V> Iter<'a, K, V> {
    #[inline(never)]
    fn node(&mut self) -> Option<&'a Node<K, V>> {
        while self.from < self.to {
            let (run, at) = self.from;
            match self.runs.get(run)?.get(at) {
                Some(node) => {
                    self.from = (run, at + 1);
                    return Some(node);
                }
                None => self.from = (run + 1, 0),
            }
        }
        None
    }

    #[inline(never)]
    fn node_back(&mut self) -> Option<&'a Node<K, V>> {
        while self.from < self.to {
            let (run, at) = self.to;
            let Some(before) = at.checked_sub(1) else {
                let run = run.checked_sub(1)?;
                self.to = (run, self.runs.get(run)?.len());
                continue;
            };
            self.to = (run, before);
            return self.runs.get(run)?.get(before).map(|node| &**node);
        }
        None
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);
    fn next(&mut self) -> Option<Self::Item> {
        self.node().map(|node| (&node.key, &node.value))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.node_back().map(|node| (&node.key, &node.value))
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
        pairs.into_iter().for_each(|(key, value)| drop(self.insert(key, value)));
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
    type IntoIter = std::iter::Map<IntoIter<T, ()>, fn((T, ())) -> T>;
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
        values.into_iter().for_each(|value| {
            self.insert(value);
        });
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
