//! What all lives together were promised and saw, and what follows from it. It knows their words, no process.

use std::collections::{BTreeMap, BTreeSet};

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Model {
    submitted: BTreeMap<u32, u32>,
    durable: BTreeSet<u32>,
    answered: BTreeSet<u32>,
    /// Place in the room's history of each write that was heard.
    places: BTreeMap<u64, u32>,
    /// The highest place that a life knew to be stored.
    handled: Option<u64>,
    /// Where this life goes on: the place that must be heard next.
    next: Option<u64>,
    /// Events that were heard by more than one life.
    pub(crate) again: u32,
}

impl Model {
    /// A new life begins.
    pub(crate) fn begin(&mut self) {
        self.next = None;
    }

    /// One line of a life. True: it was its last word.
    pub(crate) fn hear(&mut self, line: &str) -> bool {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["since", at] => {
                let at: u64 = at.parse().unwrap();
                assert!(Some(at) >= self.handled, "Y2: {:?} was stored, and it begins at {at}", self.handled);
                self.next = Some(at + 1);
            }
            ["submit", number, lane] => {
                self.submitted.insert(number.parse().unwrap(), lane.parse().unwrap());
            }
            ["durable", number] => {
                self.durable.insert(number.parse().unwrap());
            }
            ["answer", number] => {
                self.answered.insert(number.parse().unwrap());
            }
            ["heard", at, number, _] => self.event(at.parse().unwrap(), number.parse().unwrap()),
            ["handled", at] => self.handled = self.handled.max(Some(at.parse().unwrap())),
            ["end"] => return true,
            _ => panic!("a life says {line:?}"),
        }
        false
    }

    fn event(&mut self, at: u64, number: u32) {
        match self.next {
            Some(next) => assert_eq!(at, next, "Y1, Y2: an event is missed, doubled or out of order"),
            // Nothing was stored before: it begins where the room is.
            None => assert_eq!(self.handled, None, "Y2: a stored place is gone"),
        }
        self.next = Some(at + 1);
        match self.places.insert(at, number) {
            Some(before) => {
                assert_eq!(before, number, "V6: another event stands at place {at}");
                assert!(Some(at) > self.handled, "Y2: {at} was handled");
                self.again += 1;
            }
            None => {
                let twice = self.places.values().filter(|there| **there == number).count();
                assert_eq!(twice, 1, "Q9: the write {number} shows twice");
            }
        }
    }

    /// Judges what the server has in the end: the texts of all messages.
    pub(crate) fn judge(&self, texts: &[String]) {
        let mut there: BTreeMap<u32, u32> = BTreeMap::new();
        for text in texts {
            let number = text.split(' ').next().unwrap().parse().unwrap();
            assert!(self.submitted.contains_key(&number), "nobody wrote {text:?}");
            *there.entry(number).or_default() += 1;
        }
        let twice: Vec<_> = there.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "Q9: applied more than once: {twice:?}");
        let lost: Vec<_> = self.durable.iter().filter(|number| !there.contains_key(number)).collect();
        assert!(lost.is_empty(), "Q1: durable and lost: {lost:?}");
        let lost: Vec<_> = self.answered.iter().filter(|number| !there.contains_key(number)).collect();
        assert!(lost.is_empty(), "V5: answered and lost: {lost:?}");
        for lane in 0..3 {
            let in_lane = self.places.values().filter(|number| self.submitted[number] == lane);
            assert!(in_lane.is_sorted(), "Q6: lane {lane} was applied out of order");
        }
    }

    pub(crate) fn durable(&self) -> usize {
        self.durable.len()
    }

    /// Writes that a life knew to be on disk, and of whose answer none ever heard by itself.
    pub(crate) fn inherited(&self) -> usize {
        self.durable.difference(&self.answered).count()
    }

    pub(crate) fn heard(&self) -> usize {
        self.places.len()
    }
}
