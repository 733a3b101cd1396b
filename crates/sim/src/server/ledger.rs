//! The exactly-once rule of protocol section 3 in memory: what `tidewire-server` decides over its tables. The same cases
//! are tested on both.

use std::collections::BTreeMap;

/// For how long a key alone is known.
pub const KEY_MILLIS: u64 = 7 * 24 * 60 * 60 * 1000;
/// Newest sequences of a client whose answers are kept whole.
pub const ANSWERS_PER_CLIENT: u64 = 512;

/// How a write names itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// No key: it just runs.
    Unnamed,
    /// A key alone.
    Keyed(String),
    /// A place in a client's sequence.
    Sequenced {
        /// The write's id.
        key: String,
        /// The client id.
        client: String,
        /// Its place.
        sequence: u64,
        /// The lowest place that the client may still send.
        floor: u64,
    },
}

/// A stored answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body, unless it has shrunk.
    pub body: Option<String>,
}

/// What became of a write whose answer was lost (protocol section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was applied, with this answer.
    Applied(Answer),
    /// It was not, so far.
    Open,
    /// It never will be.
    Voided,
    /// Nobody can tell.
    ClientReset,
}

/// What the rule says before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has not been applied.
    Run,
    /// It has: this was the answer.
    Replay(Answer),
    /// The key came with another payload.
    KeyReused,
    /// Nobody can tell, and nothing is applied.
    ClientReset,
}

#[derive(Clone, Debug)]
struct Settled {
    key: String,
    request: String,
    answer: Answer,
}

#[derive(Clone, Debug, Default)]
struct Client {
    floor: u64,
    settled: BTreeMap<u64, Settled>,
}

/// The memory of writes.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    clients: BTreeMap<(String, String), Client>,
    keys: BTreeMap<(String, String), (Settled, u64)>,
}

impl Ledger {
    /// Judges a write of `user` whose method, path and body are `request`.
    #[must_use]
    pub fn judge(&self, user: &str, identity: &Identity, request: &str, now: u64) -> Verdict {
        match identity {
            Identity::Unnamed => Verdict::Run,
            Identity::Keyed(key) => match self.keys.get(&(user.to_owned(), key.clone())) {
                Some((settled, at)) if now <= at + KEY_MILLIS => judge_settled(settled, key, request),
                Some(_) | None => Verdict::Run,
            },
            Identity::Sequenced { key, client, sequence, floor } => {
                match self.clients.get(&(user.to_owned(), client.clone())) {
                    None if *floor > 1 => Verdict::ClientReset,
                    None => Verdict::Run,
                    Some(known) if *sequence < known.floor => Verdict::ClientReset,
                    Some(known) => known
                        .settled
                        .get(sequence)
                        .map_or(Verdict::Run, |settled| judge_settled(settled, key, request)),
                }
            }
        }
    }

    /// Stores the answer of a write that ran, raises the floor, forgets what lies below it.
    pub fn settle(&mut self, user: &str, identity: &Identity, request: &str, answer: Answer, now: u64) {
        match identity {
            Identity::Unnamed => {}
            Identity::Keyed(key) => {
                let settled = Settled { key: key.clone(), request: request.to_owned(), answer };
                self.keys.insert((user.to_owned(), key.clone()), (settled, now));
            }
            Identity::Sequenced { key, client, sequence, floor } => {
                let known = self.clients.entry((user.to_owned(), client.clone())).or_default();
                known.floor = known.floor.max(*floor);
                if let Some(old) =
                    sequence.checked_sub(ANSWERS_PER_CLIENT).and_then(|old| known.settled.get_mut(&old))
                {
                    old.answer.body = None;
                }
                known
                    .settled
                    .insert(*sequence, Settled { key: key.clone(), request: request.to_owned(), answer });
                known.settled = known.settled.split_off(&known.floor);
            }
        }
    }

    /// Whether anything of this client was ever settled.
    #[must_use]
    pub fn knows(&self, user: &str, client: &str) -> bool {
        self.clients.contains_key(&(user.to_owned(), client.to_owned()))
    }

    /// What became of a write; an open one is voided if `void` says so. A client that is not known is new if its floor is 1, as in `judge`.
    pub fn fate(&mut self, user: &str, identity: &Identity, void: bool) -> Fate {
        let Identity::Sequenced { key, client, sequence, floor } = identity else { return Fate::ClientReset };
        let owner = (user.to_owned(), client.clone());
        let mark = format!("void {key}");
        let settled = match self.clients.get(&owner) {
            None if *floor > 1 => return Fate::ClientReset,
            Some(known) if *sequence < known.floor => return Fate::ClientReset,
            known => known.and_then(|known| known.settled.get(sequence)),
        };
        match settled {
            Some(settled) if settled.key == *key => Fate::Applied(settled.answer.clone()),
            Some(settled) if settled.key == mark => Fate::Voided,
            Some(_) => Fate::ClientReset,
            None if void => {
                let answer = Answer { status: 0, body: None };
                let voided = Settled { key: mark, request: String::new(), answer };
                self.clients.entry(owner).or_default().settled.insert(*sequence, voided);
                Fate::Voided
            }
            None => Fate::Open,
        }
    }

    /// The settled sequences of a client as ranges, all below the floor as one; `None` for an unknown client.
    #[must_use]
    pub fn applied(&self, user: &str, client: &str) -> Option<Vec<(u64, u64)>> {
        let known = self.clients.get(&(user.to_owned(), client.to_owned()))?;
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        if known.floor > 1 {
            ranges.push((1, known.floor - 1));
        }
        for (sequence, _) in known.settled.iter().filter(|(_, settled)| settled.answer.status > 0) {
            match ranges.last_mut() {
                Some((_, to)) if *to + 1 == *sequence => *to = *sequence,
                Some(_) | None => ranges.push((*sequence, *sequence)),
            }
        }
        Some(ranges)
    }

    /// Answers that are kept: what must stay bounded while clients raise their floors.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.clients.values().map(|client| client.settled.len()).sum()
    }
}

fn judge_settled(settled: &Settled, key: &str, request: &str) -> Verdict {
    if settled.key != key {
        Verdict::ClientReset
    } else if settled.request != request {
        Verdict::KeyReused
    } else {
        Verdict::Replay(settled.answer.clone())
    }
}
