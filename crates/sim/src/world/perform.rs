//! The run loop of a tab, as the engine's documentation has it: hand in, drain, perform. Here the outputs go to where they
//! belong, and here a tab dies at the output at which it is to die.

use std::fmt::Write as _;

use tidewire_core::{Input, NamespaceState, Output, ParkReason, Payload, QueryId, WriteState};

use super::{Happening, Packet, World};
use crate::bugs::Bug;
use crate::coverage::Fault;
use crate::disk::{Op, Value};
use crate::host::{query_id, query_of};
use crate::ids::{Life, QUERIES, Room, Tab, rooms_of};

/// FNV-1a over what is written to it.
struct Hasher(u64);

impl std::fmt::Write for Hasher {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl World {
    /// A fact for one run of a tab.
    pub(super) fn input(&mut self, tab: Tab, life: Life, input: Input) {
        if !self.alive(tab, life) {
            return;
        }
        if self.tabs[tab.0].frozen {
            self.tabs[tab.0].held.push(Happening::Input(tab, life, Box::new(input)));
            return;
        }
        let now = self.clocks(tab);
        if self.verbose && !matches!(input, Input::Received { .. }) {
            self.trace(&format!("{tab} <- {input:?}"));
        }
        if let Some(engine) = &mut self.tabs[tab.0].engine {
            engine.handle(input, now);
        }
        self.drain(tab);
    }

    /// Performs everything that the engine wants, then what follows on the screen.
    pub(super) fn drain(&mut self, tab: Tab) {
        loop {
            while let Some(output) = self.tabs[tab.0].engine.as_mut().and_then(|engine| engine.poll_output())
            {
                if self.burn(tab) {
                    return;
                }
                self.note(tab, &output);
                self.perform(tab, output);
            }
            if self.tabs[tab.0].engine.is_none() {
                return;
            }
            let touched = self.tabs[tab.0].host.newly_touched();
            if touched.is_empty() {
                break;
            }
            let now = self.clocks(tab);
            for (write, queries) in touched {
                if let Some(engine) = &mut self.tabs[tab.0].engine {
                    engine.handle(Input::Touched { write, queries }, now);
                }
            }
        }
        self.show(tab);
        if !self.tabs[tab.0].host.dirty.is_empty() && !self.tabs[tab.0].flushing {
            self.tabs[tab.0].flushing = true;
            let life = self.tabs[tab.0].life;
            self.later(150, Happening::Flush(tab, life));
        }
    }

    /// One output nearer to the end of a tab that is to die; true when it is dead.
    fn burn(&mut self, tab: Tab) -> bool {
        let state = &mut self.tabs[tab.0];
        let Some((left, whole_device)) = state.fuse else { return false };
        if left > 0 {
            state.fuse = Some((left - 1, whole_device));
            return false;
        }
        state.fuse = None;
        let device = state.device;
        self.coverage.fault(if whole_device { Fault::PowerCutAtOutput } else { Fault::KillAtOutput });
        if whole_device {
            self.power_cut(device);
        } else {
            self.kill(tab);
        }
        true
    }

    fn note(&mut self, tab: Tab, output: &Output) {
        self.steps += 1;
        let mut hasher = Hasher(self.hash);
        let _ = write!(hasher, "{} {tab} {output:?}", self.now);
        self.hash = hasher.0;
        if self.verbose && !matches!(output, Output::Release { .. }) {
            self.trace(&format!("{tab} -> {output:?}"));
        }
        self.coverage.output(output);
    }

    fn perform(&mut self, tab: Tab, output: Output) {
        let life = self.tabs[tab.0].life;
        if self.tabs[tab.0].quiet
            && matches!(
                output,
                Output::Open { .. } | Output::Send { .. } | Output::Fetch { .. } | Output::Persist { .. }
            )
        {
            self.violate("Q20 quiet", format!("{tab} has left and does {output:?}"));
        }
        match output {
            Output::Load { load } => {
                self.tabs[tab.0].asked_load = Some(load);
                self.disk_op(tab, Op::Read { load, key: None });
            }
            Output::Read { load, key } => self.disk_op(tab, Op::Read { load, key: Some(key) }),
            Output::Persist { persist, key, value, fence } => {
                let value = value.map(|value| Value::Record(value.0));
                self.persist(tab, persist, key, value, fence.map(|fence| fence.0));
            }
            Output::Broadcast { key, value } => self.broadcast(tab, &key, value.as_ref()),
            Output::FetchAuth { auth, fresh } => self.fetch_auth(tab, auth, fresh),
            Output::Open { link, transport, .. } => self.open(tab, link, transport),
            Output::Send { link, text, body } => {
                let rest = body.and_then(|body| self.tabs[tab.0].host.bodies.get(&body).cloned());
                let text = match rest {
                    Some(rest) => Payload(format!("{}{rest}]", text.0)),
                    None => text,
                };
                self.send(tab, link, Packet::Text(text.0.as_str().into()));
            }
            Output::SendBinary { link, body } => {
                let part = self.tabs[tab.0].host.bodies.get(&body).cloned().unwrap_or_default();
                self.send(tab, link, Packet::Binary(part.into_bytes().into()));
            }
            Output::Close { link } => self.close((tab, life, link)),
            Output::Fetch { fetch, request } => self.fetch_write(tab, fetch, request),
            Output::Abort { fetch } => {
                let input = Input::RequestFailed { fetch, cause: tidewire_core::RequestFailure::Aborted };
                self.later(0, Happening::Input(tab, life, Box::new(input)));
            }
            Output::Event(mut event) => {
                if let (Some(Bug::OffsetNotChecked), Some(position)) = (self.bug, &event.position) {
                    event.apply = bound_to(&position.room.0);
                }
                self.heard(tab, &event);
                self.tabs[tab.0].host.event(&event);
            }
            Output::Release { bodies } => {
                for body in bodies {
                    if self.tabs[tab.0].host.bodies.remove(&body).is_none() {
                        self.violate("bodies", format!("{tab}: {body:?} released twice or never kept"));
                    }
                }
            }
            Output::Room { room, state } => self.room_state(tab, &room, &state),
            Output::LayerAdded { write, name, variables, .. } => {
                self.tabs[tab.0].host.layer_added(&write, &name, &variables)
            }
            Output::LayerRetired { write, query } => {
                let query = if self.bug == Some(Bug::LayerRetiredEverywhere) { None } else { query };
                self.tabs[tab.0].host.layer_retired(&write, query);
            }
            Output::BaseRefused { query } => self.tabs[tab.0].host.base_refused(query),
            Output::Refetch { queries, .. } => {
                for query in queries {
                    self.fetch_query(tab, query_of(query));
                }
            }
            Output::Write { write, state } => {
                if let (Some(Bug::LayerRetiredEarly), WriteState::Acknowledged { .. }) = (self.bug, &state) {
                    self.tabs[tab.0].host.layer_retired(&write, None);
                }
                if let WriteState::Settled {} = state {
                    self.tabs[tab.0].host.settled(&write);
                }
                let not_applied =
                    matches!(state, WriteState::Parked { reason, .. } if reason != ParkReason::Unknown);
                self.tabs[tab.0].host.judged(&write, not_applied);
                self.write_state(tab, &write, &state);
            }
            Output::Client { client } => self.tabs[tab.0].host.client = Some(client.0),
            Output::Quarantined { key, .. } => self.reference.quarantined(tab, life, &key),
            Output::Emitted { emit, result } => self.emitted(tab, emit, &result),
            Output::TakeLead {} => self.take_lead(tab),
            Output::Quiet {} => {
                self.tabs[tab.0].quiet = true;
                self.left(self.tabs[tab.0].device);
            }
            Output::Upcast { write, variables, .. } => self.upcast(tab, &write, &variables),
            Output::Renamed { .. } => self.coverage.rule("Q7"),
            Output::Verify { write, .. } => self.verify(tab, write),
            Output::Namespace { state: NamespaceState::Connected { .. }, .. } => {
                self.coverage.fault(Fault::NamespaceUp);
            }
            Output::Exported { json } if json.0.contains('#') => {
                self.violate("Q20 no token leaves", format!("{tab}: an export holds a token"));
            }
            Output::Exported { .. } => {}
            Output::Connection { .. } | Output::Outbox { .. } | Output::Log { .. } => {}
            #[allow(
                unreachable_patterns,
                clippy::wildcard_enum_match_arm,
                reason = "what only a person at the screen is told"
            )]
            _ => {}
        }
    }
}

/// A planted bug: an event goes to whatever its room's events change.
fn bound_to(room: &str) -> Vec<QueryId> {
    let room = Room::named(room);
    (0..QUERIES)
        .filter(|query| room.is_some_and(|room| rooms_of(*query).contains(&room)))
        .map(query_id)
        .collect()
}
