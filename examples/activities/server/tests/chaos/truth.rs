//! What has been promised about each write, and whether it was kept. Knows no HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// It was sent, and nobody was told what became of it.
    Sent,
    /// Its answer, which is the same each time.
    Acknowledged(String),
    /// The server has said that it will never be applied.
    Never,
}

#[derive(Default)]
struct Inner {
    writes: BTreeMap<String, Fate>,
    /// The first life of the server after the backup was put in place: what an earlier one said counts no more.
    valid_from: u64,
}

/// What stood before a backup began.
pub struct Kept(BTreeMap<String, Fate>);

#[derive(Default)]
pub struct Truth(Mutex<Inner>);

impl Truth {
    pub fn sent(&self, key: &str) {
        self.0.lock().unwrap().writes.entry(key.to_owned()).or_insert(Fate::Sent);
    }

    /// Whether that still counts.
    pub fn acknowledged(&self, key: &str, body: &str, life: u64) -> bool {
        self.told(key, Fate::Acknowledged(body.to_owned()), life)
    }

    /// Whether that still counts.
    pub fn never(&self, key: &str, life: u64) -> bool {
        self.told(key, Fate::Never, life)
    }

    fn told(&self, key: &str, fate: Fate, life: u64) -> bool {
        let mut inner = self.0.lock().unwrap();
        if life < inner.valid_from {
            return false;
        }
        let known = inner.writes.get_mut(key).unwrap();
        assert!(*known == Fate::Sent || *known == fate, "{key} was {known:?} and is {fate:?}");
        *known = fate;
        true
    }

    pub fn back_up(&self) -> Kept {
        let writes = self.0.lock().unwrap().writes.clone();
        Kept(writes.into_iter().filter(|(_, fate)| *fate != Fate::Sent).collect())
    }

    /// From this life on only what stood before the backup, and what comes, counts.
    pub fn restored(&self, kept: &Kept, life: u64) {
        let mut inner = self.0.lock().unwrap();
        inner.valid_from = life;
        for (key, fate) in &mut inner.writes {
            *fate = kept.0.get(key).cloned().unwrap_or(Fate::Sent);
        }
    }

    pub fn was_restored(&self) -> bool {
        self.0.lock().unwrap().valid_from > 0
    }

    /// What is in the database, as often as it is there.
    pub fn check(&self, applied: &[String]) -> String {
        let inner = self.0.lock().unwrap();
        let once: BTreeSet<&String> = applied.iter().collect();
        let twice: Vec<_> =
            once.iter().filter(|key| applied.iter().filter(|it| it == *key).count() > 1).collect();
        assert!(twice.is_empty(), "applied twice: {twice:?}");
        for key in &once {
            assert!(inner.writes.contains_key(*key), "nobody sent {key}");
        }
        let (mut acknowledged, mut never, mut unknown) = (0, 0, 0);
        for (key, fate) in &inner.writes {
            match fate {
                Fate::Acknowledged(body) => {
                    assert!(once.contains(key), "{key} was acknowledged with {body} and is lost");
                    acknowledged += 1;
                }
                Fate::Never => {
                    assert!(!once.contains(key), "{key} was never to be applied and is");
                    never += 1;
                }
                Fate::Sent => unknown += 1,
            }
        }
        format!(
            "{acknowledged} acknowledged, {never} never, {unknown} of unknown outcome, {} applied",
            once.len()
        )
    }
}
