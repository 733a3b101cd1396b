//! Temporary ids (Q7): new ones, and the real names that the server's answers gave to them. Which write names what is the
//! engine's news.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tidewire_core::limits;

/// A name for what does not exist yet, until the server gives a real one. Unguessable, so that it can be found in any text: put
/// it anywhere into the path, body, lane or variables of later writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TempId(String);

impl TempId {
    /// One that was stored by the app: 8 to 64 of `[A-Za-z0-9_-]`; others are refused at submission.
    #[must_use]
    pub fn known(text: impl Into<String>) -> TempId {
        TempId(text.into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TempId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where new ones come from: a keyed hash of a count, whose key is of the system's randomness.
#[derive(Debug, Default)]
pub(crate) struct Maker {
    key: RandomState,
    count: AtomicU64,
}

impl Maker {
    pub(crate) fn fresh(&self) -> TempId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        TempId(format!("tmp_{:016x}{:016x}", self.key.hash_one((0, count)), self.key.hash_one((1, count))))
    }
}

/// A temporary id and the name that the server gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The temporary id.
    pub temp: TempId,
    /// The real one.
    pub real: String,
}

/// The names that are known, oldest first; as many as the engine remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    names: VecDeque<Renamed>,
    /// How many came before the first.
    forgotten: usize,
}

impl Known {
    pub(crate) fn learn(&mut self, temp: String, real: String) {
        self.names.push_back(Renamed { temp: TempId(temp), real });
        if self.names.len() > limits::RECENT_NAMES {
            self.names.pop_front();
            self.forgotten += 1;
        }
    }

    pub(crate) fn real(&self, temp: &TempId) -> Option<&str> {
        self.names.iter().rev().find(|name| name.temp == *temp).map(|name| name.real.as_str())
    }

    /// The first name behind `seen` ones, and how many are seen with it.
    pub(crate) fn after(&self, seen: usize) -> Option<(Renamed, usize)> {
        let at = seen.saturating_sub(self.forgotten);
        self.names.get(at).map(|name| (name.clone(), self.forgotten + at + 1))
    }
}

/// A value whose texts mention `temp`, with the real name in its place.
pub(crate) fn rename(value: &mut Value, temp: &str, real: &str) {
    match value {
        Value::String(text) if text.contains(temp) => *text = text.replace(temp, real),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, temp, real)),
        Value::Object(map) => {
            let named = |key: String| if key.contains(temp) { key.replace(temp, real) } else { key };
            *map = std::mem::take(map).into_iter().map(|(key, item)| (named(key), item)).collect();
            map.values_mut().for_each(|item| rename(item, temp, real));
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn q7_temporary_ids_differ_and_may_be_declared() {
        let maker = Maker::default();
        let (one, two) = (maker.fresh(), maker.fresh());
        assert_ne!(one, two);
        assert_ne!(one, Maker::default().fresh(), "nor are those of another client the same");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        assert!((8..=64).contains(&one.as_str().len()) && one.as_str().bytes().all(plain), "{one}");
    }

    #[test]
    fn q7_a_name_is_put_wherever_the_temporary_id_stands() {
        let mut value = json!({"tmp_1": [{"id": "tmp_1"}, "a/tmp_1/b", 1, null], "b": "tmp_2"});
        rename(&mut value, "tmp_1", "a7");
        assert_eq!(value, json!({"a7": [{"id": "a7"}, "a/a7/b", 1, null], "b": "tmp_2"}));
    }

    #[test]
    fn q7_names_are_told_once_in_order_and_the_oldest_are_forgotten() {
        let mut known = Known::default();
        (0..limits::RECENT_NAMES + 2).for_each(|n| known.learn(format!("t{n}"), format!("r{n}")));
        assert_eq!(known.real(&TempId::known("t1")), None);
        assert_eq!(known.real(&TempId::known("t2")), Some("r2"));
        let (first, seen) = known.after(0).unwrap();
        assert_eq!((first.real.as_str(), seen), ("r2", 3));
        assert_eq!(known.after(seen).unwrap().0.real, "r3");
        assert_eq!(known.after(limits::RECENT_NAMES + 2), None);
    }
}
