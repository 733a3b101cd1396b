//! The server goes down: everybody is told when to come back, and sent away (C2, V9). It does not know who waits for that.

use tidewire_wire::inband;

use crate::Hub;
use crate::ids::SessionId;
use crate::io::{CloseReason, Farewell};
use crate::limits;

impl Hub {
    pub(crate) fn send_away(&mut self, farewell: &Farewell) {
        let sessions = self.links.open_ids();
        let listens = |session: &SessionId| self.links.get(*session).is_some_and(|link| link.dialect());
        let told: Vec<SessionId> = sessions.iter().copied().filter(listens).collect();
        let count = told.len() as u64;
        // In the order of their coming, evenly: chance would only make crowds.
        let spread = farewell.spread.0.min(limits::RETURN_PACE.0.saturating_mul(count));
        for (place, session) in (0..).zip(told) {
            let after = farewell.after.0.saturating_add(spread.saturating_mul(place) / count);
            self.links.send(session, inband::return_hint(after, farewell.url.as_deref()).into());
        }
        for session in sessions {
            self.links.close(session, CloseReason::Drain);
        }
    }
}
