//! Which queries are fetched again and when: each at most once per window, and no wish is lost (Y5). Queries that nobody looks at
//! are only marked. Knows no fetch.

use std::collections::{BTreeMap, BTreeSet};

use tidewire_core::{Millis, Timestamp};

/// A query is fetched again because of events at most once in this time.
pub(super) const WINDOW: Millis = Millis(500);

#[derive(Default)]
pub(super) struct Refetcher {
    /// Before the next return to the app, also over a running fetch: the engine or the app asked.
    now: BTreeSet<String>,
    /// Because of events.
    wanted: BTreeSet<String>,
    windows: BTreeMap<String, Timestamp>,
}

/// How a query stands.
pub(super) struct Standing {
    pub(super) active: bool,
    pub(super) fetching: bool,
}

/// What is to be done.
#[derive(Default)]
pub(super) struct Due {
    pub(super) fetch: Vec<String>,
    pub(super) mark: Vec<String>,
}

impl Refetcher {
    pub(super) fn now(&mut self, name: &str) {
        self.now.insert(name.to_owned());
    }

    pub(super) fn want(&mut self, name: &str) {
        self.wanted.insert(name.to_owned());
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.now.remove(name);
        self.wanted.remove(name);
        self.windows.remove(name);
    }

    /// Takes what is due. A query that it does not know any more is forgotten.
    pub(super) fn take(&mut self, at: Timestamp, standing: impl Fn(&str) -> Option<Standing>) -> Due {
        self.windows.retain(|_, until| *until > at);
        let mut due = Due::default();
        let now = std::mem::take(&mut self.now);
        self.wanted.retain(|name| !now.contains(name));
        for name in now {
            match standing(&name) {
                Some(Standing { active: true, .. }) => due.fetch.push(name),
                Some(Standing { active: false, .. }) => due.mark.push(name),
                None => {}
            }
        }
        let windows = &self.windows;
        self.wanted.retain(|name| match standing(name) {
            None => false,
            Some(Standing { active, fetching }) => {
                if fetching || (active && windows.contains_key(name)) {
                    // Marked meanwhile, for the store.
                    due.mark.push(name.clone());
                    return true;
                }
                if active { &mut due.fetch } else { &mut due.mark }.push(name.clone());
                false
            }
        });
        for name in &due.fetch {
            self.windows.insert(name.clone(), at.after(WINDOW));
        }
        due
    }

    /// When the next wish is due by time.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.wanted.iter().filter_map(|name| self.windows.get(name)).min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(due: Due) -> (Vec<String>, Vec<String>) {
        (due.fetch, due.mark)
    }

    fn of(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn y5_a_thousand_wishes_are_one_fetch_per_window_and_the_last_is_not_lost() {
        let mut refetcher = Refetcher::default();
        let idle = |_: &str| Some(Standing { active: true, fetching: false });
        (0..1_000).for_each(|_| refetcher.want("q"));
        assert_eq!(names(refetcher.take(Timestamp(0), idle)), (of(&["q"]), vec![]));
        (0..1_000).for_each(|_| refetcher.want("q"));
        assert_eq!(names(refetcher.take(Timestamp(499), idle)), (vec![], of(&["q"])));
        assert_eq!(refetcher.deadline(), Some(Timestamp(500)));
        let fetching = |_: &str| Some(Standing { active: true, fetching: true });
        assert_eq!(names(refetcher.take(Timestamp(500), fetching)), (vec![], of(&["q"])), "one runs");
        assert_eq!(refetcher.deadline(), None, "its end is told, not waited for");
        assert_eq!(names(refetcher.take(Timestamp(600), idle)), (of(&["q"]), vec![]));
        assert_eq!(names(refetcher.take(Timestamp(2_000), idle)), (vec![], vec![]));
    }

    #[test]
    fn y5_what_nobody_looks_at_is_marked_and_what_is_gone_is_forgotten() {
        let mut refetcher = Refetcher::default();
        refetcher.want("q");
        refetcher.now("r");
        refetcher.want("gone");
        let at = |name: &str| (name != "gone").then_some(Standing { active: false, fetching: false });
        assert_eq!(names(refetcher.take(Timestamp(0), at)), (vec![], of(&["r", "q"])));
        assert_eq!(refetcher.deadline(), None);
    }

    #[test]
    fn y6_what_the_engine_asks_for_does_not_wait_for_a_window_or_a_fetch() {
        let mut refetcher = Refetcher::default();
        let fetching = |_: &str| Some(Standing { active: true, fetching: true });
        refetcher.now("q");
        refetcher.want("q");
        assert_eq!(names(refetcher.take(Timestamp(0), fetching)), (of(&["q"]), vec![]));
        refetcher.now("q");
        assert_eq!(names(refetcher.take(Timestamp(1), fetching)), (of(&["q"]), vec![]));
    }
}
