//! The server goes down: everybody is told when to come back, and sent away (C2, V9). Who cannot be told would come back at
//! once, so these are sent away one after the other. It does not know who waits for that.

use tidewire_wire::inband;

use crate::Hub;
use crate::hub::Deadline;
use crate::ids::{Millis, SessionId};
use crate::io::{CloseReason, Farewell};
use crate::limits;

impl Hub {
    pub(crate) fn send_away(&mut self, farewell: &Farewell) {
        let listens = |session: &SessionId| self.links.get(*session).is_some_and(|link| link.dialect());
        let (told, others): (Vec<_>, Vec<_>) = self.links.open_ids().into_iter().partition(listens);
        let (signed_in, bare): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|session| self.links.is_connected(*session));
        for (offset, session) in spread(farewell.spread, told) {
            let after = farewell.after.0.saturating_add(offset.0);
            self.links.send(session, inband::return_hint(after, farewell.url.as_deref()).into());
            self.links.close(session, CloseReason::Drain);
        }
        for session in bare {
            self.links.close(session, CloseReason::Drain);
        }
        for (offset, session) in spread(farewell.spread, signed_in) {
            match offset {
                Millis(0) => self.links.close(session, CloseReason::Drain),
                later => self.timers.set(Deadline::Farewell(session), self.now.after(later)),
            }
        }
    }
}

/// In the order of their coming, evenly: chance would only make crowds. A few are not made to wait.
fn spread(window: Millis, sessions: Vec<SessionId>) -> impl Iterator<Item = (Millis, SessionId)> {
    let count = sessions.len() as u64;
    let window = window.0.min(limits::RETURN_PACE.0.saturating_mul(count));
    (0..).zip(sessions).map(move |(place, session)| (Millis(window.saturating_mul(place) / count), session))
}
