//! Who is there: a person is online with the first connection and offline a while after the last one (V4), and how much of
//! their rates they have left (V9). It does not know rooms; it says what changed.

use std::collections::BTreeMap;

use tidewire_wire::json;

use crate::ids::{Millis, Timestamp, UserId};
use crate::io::Json;
use crate::rate::{Bucket, Rate};

/// Event with all who are online.
pub(crate) const SNAPSHOT: &str = "user:snapshot";
/// Event that somebody has come.
pub(crate) const ONLINE: &str = "user:online";
/// Event that somebody has gone.
pub(crate) const OFFLINE: &str = "user:offline";

/// How often one person may do things.
#[derive(Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) messages: Rate,
    pub(crate) connects: Rate,
}

struct Person {
    /// Zero: gone, and the grace runs.
    connections: usize,
    messages: Bucket,
    connects: Bucket,
}

/// Everybody who is online, or was a moment ago.
pub(crate) struct Presence {
    people: BTreeMap<UserId, Person>,
    /// Rises with every change of who is online.
    version: u64,
    rates: Rates,
}

impl Presence {
    pub(crate) fn new(rates: Rates) -> Presence {
        Presence { people: BTreeMap::new(), version: 0, rates }
    }

    /// Their connections now.
    pub(crate) fn count(&self, user: &UserId) -> usize {
        self.people.get(user).map_or(0, |person| person.connections)
    }

    /// Whether somebody may have one more session now; else, when.
    pub(crate) fn may_connect(&mut self, user: &UserId, now: Timestamp) -> Result<(), Millis> {
        let rate = self.rates.connects;
        self.people.get_mut(user).map_or(Ok(()), |person| person.connects.try_take(rate, now))
    }

    /// Somebody sent a message; if it was too many, how long nothing more is to be read of them.
    pub(crate) fn sent(&mut self, user: &UserId, now: Timestamp) -> Result<(), Millis> {
        let rate = self.rates.messages;
        self.people.get_mut(user).map_or(Ok(()), |person| person.messages.take(rate, now))
    }

    /// One more connection; whether the person was offline before.
    pub(crate) fn arrive(&mut self, user: &UserId, now: Timestamp) -> bool {
        if let Some(person) = self.people.get_mut(user) {
            person.connections += 1;
            return false;
        }
        let Rates { messages, connects } = self.rates;
        let (messages, mut connects) = (Bucket::full(messages, now), Bucket::full(connects, now));
        // A full bucket has one.
        connects.try_take(self.rates.connects, now).ok();
        self.people.insert(user.clone(), Person { connections: 1, messages, connects });
        self.version += 1;
        true
    }

    /// One connection less; whether it was the last one.
    pub(crate) fn depart(&mut self, user: &UserId) -> bool {
        let Some(person) = self.people.get_mut(user) else { return false };
        person.connections = person.connections.saturating_sub(1);
        person.connections == 0
    }

    /// The grace is over; whether the person is offline now.
    pub(crate) fn expire(&mut self, user: &UserId) -> bool {
        let gone = self.people.get(user).is_some_and(|person| person.connections == 0);
        if gone {
            self.people.remove(user);
            self.version += 1;
        }
        gone
    }

    /// Arguments of [`ONLINE`] and [`OFFLINE`]: who, and the version that this change made.
    pub(crate) fn change(&self, user: &UserId) -> Json {
        let mut args = String::from("{\"userId\":");
        json::quote(&user.0, &mut args);
        args.push_str(",\"version\":");
        json::number(self.version, &mut args);
        args.push('}');
        Json(args)
    }

    /// Arguments of [`SNAPSHOT`]: who is online, at most `most` of them, and how many there are.
    pub(crate) fn snapshot(&self, most: usize) -> Json {
        let mut args = String::from("{\"version\":");
        json::number(self.version, &mut args);
        args.push_str(",\"count\":");
        json::number(self.people.len() as u64, &mut args);
        args.push_str(",\"userIds\":[");
        for (place, user) in self.people.keys().take(most).enumerate() {
            if place > 0 {
                args.push(',');
            }
            json::quote(&user.0, &mut args);
        }
        args.push_str("]}");
        Json(args)
    }
}
