//! Who is there: a person is online with the first connection and offline a while after the last one (V4, the thin
//! part: plain events without a snapshot). It does not know rooms; it says what changed.

use std::collections::BTreeMap;

use crate::ids::UserId;

/// Connections per person. Zero: gone, and the grace runs.
#[derive(Default)]
pub(crate) struct Presence {
    people: BTreeMap<UserId, usize>,
}

impl Presence {
    /// Their connections now.
    pub(crate) fn count(&self, user: &UserId) -> usize {
        self.people.get(user).copied().unwrap_or(0)
    }

    /// One more connection; whether the person was offline before.
    pub(crate) fn arrive(&mut self, user: &UserId) -> bool {
        match self.people.get_mut(user) {
            Some(count) => {
                *count += 1;
                false
            }
            None => {
                self.people.insert(user.clone(), 1);
                true
            }
        }
    }

    /// One connection less; whether it was the last one.
    pub(crate) fn depart(&mut self, user: &UserId) -> bool {
        let Some(count) = self.people.get_mut(user) else { return false };
        *count = count.saturating_sub(1);
        *count == 0
    }

    /// The grace is over; whether the person is offline now.
    pub(crate) fn expire(&mut self, user: &UserId) -> bool {
        match self.people.get(user) {
            Some(0) => self.people.remove(user).is_some(),
            Some(_) | None => false,
        }
    }
}
