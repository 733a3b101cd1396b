//! Which transport the next attempt takes (C1): WebSocket, and long-polling where no WebSocket comes up.

use crate::io::Transport;

#[derive(Debug)]
pub(crate) struct Transports {
    /// The host can do both.
    choice: bool,
    next: Transport,
    /// A WebSocket reached a session once: polling is for outages then, not for good.
    proven: bool,
    /// Polling reached a session, and no WebSocket ever did.
    settled: bool,
}

impl Transports {
    pub(crate) fn new(choice: bool) -> Transports {
        Transports { choice, next: Transport::WebSocket, proven: false, settled: false }
    }

    pub(crate) fn next(&self) -> Transport {
        self.next
    }

    /// A session was reached.
    pub(crate) fn reached(&mut self, by: Transport) {
        match by {
            Transport::WebSocket => self.proven = true,
            Transport::Polling => self.settled = !self.proven,
        }
        self.next = if self.settled { Transport::Polling } else { Transport::WebSocket };
    }

    /// An attempt failed before anything was heard; `offline`: that is no wonder.
    pub(crate) fn failed(&mut self, by: Transport, offline: bool) {
        if self.choice && !self.settled && !offline {
            self.next = match by {
                Transport::WebSocket => Transport::Polling,
                Transport::Polling => Transport::WebSocket,
            };
        }
    }

    /// The server was reached and said no, or nothing more: that is not the transport's fault.
    pub(crate) fn refused(&mut self, by: Transport) {
        if self.choice && !self.settled {
            self.next = by;
        }
    }
}
