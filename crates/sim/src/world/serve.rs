//! The server's process: starts, ends, and the host of the real hub in it.

use std::rc::Rc;

use tidewire_hub as hub;

use super::{Happening, Packet, World};
use crate::coverage::Fault;

impl World {
    pub(super) fn hub_input(&mut self, input: hub::Input) {
        let now = hub::Timestamp(self.now);
        let Some(running) = &mut self.server.hub else { return };
        running.handle(input, now);
        while let Some(output) = self.server.hub.as_mut().and_then(|hub| hub.poll_output()) {
            match output {
                hub::Output::Send { session, frame: hub::Frame::Text(text) } => {
                    self.deliver(session, Packet::Text(text))
                }
                hub::Output::Send { session, frame: hub::Frame::Binary(bytes) } => {
                    self.deliver(session, Packet::Binary(bytes));
                }
                hub::Output::Close { session, reason } => self.hub_closes(session, reason),
                hub::Output::Pause { .. } | hub::Output::Resume { .. } => {}
                hub::Output::Log(note) => self.coverage.hub_note(&note),
                question => {
                    let after = if self.rng.chance(10) { self.rng.below(500) } else { self.rng.below(4) };
                    self.later(after, Happening::HubAnswer(self.server.boot, Rc::new(question)));
                }
            }
        }
    }

    pub(super) fn hub_answer(&mut self, boot: u32, question: &hub::Output) {
        if self.server.boot != boot {
            return;
        }
        if let Some(answer) = self.server.answer(question, self.now) {
            self.hub_input(answer);
        }
    }

    pub(super) fn feed(&mut self, boot: u32) {
        if self.server.boot == boot
            && let Some(events) = self.server.feed.pop_front()
        {
            self.hub_input(hub::Input::Committed(events));
        }
    }

    /// It says goodbye, and ends half a second later.
    pub(super) fn farewell(&mut self, after: u64) {
        self.coverage.fault(Fault::Farewell);
        let farewell = hub::Farewell { after: hub::Millis(after), spread: hub::Millis(500), url: None };
        self.hub_input(hub::Input::Drain(farewell));
        self.later(500, Happening::Gone(self.server.boot, after));
    }

    /// The process of this boot ends.
    pub(super) fn gone(&mut self, boot: u32, down: u64) {
        if self.server.boot == boot {
            self.kill_server(down);
        }
    }

    /// `kill -9`; it is back after `down` milliseconds.
    pub(super) fn kill_server(&mut self, down: u64) {
        if self.server.hub.is_none() {
            return;
        }
        self.coverage.fault(Fault::ServerKilled);
        self.server.kill();
        self.drop_all_links();
        self.later(down, Happening::ServerUp);
    }

    pub(super) fn server_up(&mut self) {
        if self.server.hub.is_none() {
            self.server.start(self.missed_events);
        }
    }
}
