//! Emits of tabs, and what the system says became of them (C1, C6).

use tidewire_core::{Accepted, Command, EmitClass, EmitId, EmitResult, Millis};

use super::World;
use crate::bugs::Bug;
use crate::coverage::Fault;
use crate::ids::{Tab, Tag};
use crate::reference::{Emitted, End};
use crate::server::{SIDE, part_of};

impl World {
    /// Something is emitted. Its number is its tag, and its first argument; every third has a binary part too.
    pub(super) fn emit(&mut self, tab: Tab, class: &'static str, ack: bool) {
        if self.tabs[tab.0].frozen || self.tabs[tab.0].engine.is_none() {
            return;
        }
        self.last_tag += 1;
        let tag = Tag(self.last_tag);
        let host = &mut self.tabs[tab.0].host;
        let part = tag.0.is_multiple_of(3).then(|| host.keep(&part_of(tag)));
        let body = host.keep(&arguments(tag));
        let bodies: Vec<_> = part.into_iter().chain([body]).collect();
        let emit = EmitId(tag.0);
        let kind = match class {
            "reliable" => EmitClass::Reliable { idempotent: false },
            "volatile" => EmitClass::Volatile { key: Some("typing".into()) },
            _ => EmitClass::Plain {},
        };
        let aside = self.tabs[tab.0].aside && tag.0.is_multiple_of(2);
        let command = Command::Emit {
            emit,
            namespace: (aside && self.bug != Some(Bug::NamespaceMixedUp)).then(|| SIDE.to_owned()),
            name: "say".into(),
            body: Some(body),
            attachments: part.into_iter().collect(),
            size: 64,
            ack,
            timeout: Millis(30_000),
            class: kind,
        };
        if self.rng.chance(25) {
            // The link breaks while it, or its answer, is on its way.
            let after = self.rng.below(120);
            self.later(after, super::Happening::Cut(self.tabs[tab.0].device));
        }
        let now = self.clocks(tab);
        let Some(engine) = &mut self.tabs[tab.0].engine else { return };
        if engine.command(command, now) != Ok(Accepted::Done {}) {
            for body in bodies {
                self.tabs[tab.0].host.bodies.remove(&body);
            }
            return;
        }
        let (life, user) = (self.tabs[tab.0].life, self.tabs[tab.0].user);
        let boot = self.tabs[tab.0].boot;
        let emitted = Emitted { life, user, class, aside, boot, at: self.now, bodies, end: None };
        self.reference.emits.insert(tag, emitted);
        self.drain(tab);
    }

    /// The second namespace is wanted, or no more.
    pub(super) fn namespace(&mut self, tab: Tab, open: bool) {
        let state = &mut self.tabs[tab.0];
        if state.frozen || state.engine.is_none() || state.aside == open {
            return;
        }
        state.aside = open;
        let namespace = SIDE.to_owned();
        let command =
            if open { Command::OpenNamespace { namespace } } else { Command::CloseNamespace { namespace } };
        self.order(tab, command);
    }

    /// What became of it, once.
    pub(super) fn emitted(&mut self, tab: Tab, emit: EmitId, result: &EmitResult) {
        let tag = Tag(emit.0);
        let times = self.server.heard.iter().filter(|heard| heard.tag == tag).count();
        let answer = match result {
            EmitResult::Answered { body, attachments } => {
                let host = &mut self.tabs[tab.0].host;
                let parts: Vec<_> = attachments.iter().filter_map(|part| host.bodies.remove(part)).collect();
                let expected = tag.0.is_multiple_of(3).then(|| part_of(tag));
                host.bodies.remove(body).filter(|_| parts == Vec::from_iter(expected))
            }
            _ => None,
        };
        let leaving = self.devices[self.tabs[tab.0].device.0].leaving;
        let (boot, now) = (self.tabs[tab.0].boot, self.now);
        let Some(emitted) = self.reference.emits.get_mut(&tag) else {
            return self.violate("C6 emits", format!("{tab}: news of {emit:?}, which nobody emitted"));
        };
        for body in &emitted.bodies {
            self.tabs[tab.0].host.bodies.remove(body);
        }
        // In another namespace nothing is numbered: there it is as on a foreign server.
        let reliable = emitted.class == "reliable" && !emitted.aside;
        let may_be_unknown = emitted.class == "reliable";
        let (end, wrong) = match result {
            EmitResult::Sent {} => (End::Sent, reliable && times == 0),
            EmitResult::Answered { .. } => (
                End::Answered,
                times == 0
                    || !answer
                        .as_ref()
                        .is_some_and(|frame| frame.ends_with(&format!("[{}]", arguments(tag)))),
            ),
            EmitResult::TimedOut {} => (End::TimedOut, false),
            EmitResult::MaybeLost {} => (End::MaybeLost, may_be_unknown),
            EmitResult::Dropped {} => (End::Dropped, times > 0),
            // Only another process, or a long silence, makes it unknowable.
            EmitResult::Unknown {} => {
                let known = boot == emitted.boot && now < emitted.at + 9 * 60_000 && !leaving;
                (End::Unknown, !may_be_unknown || reliable && known)
            }
        };
        let (class, before) = (emitted.class, emitted.end.replace(end));
        match end {
            End::Answered | End::Sent => self.coverage.rule("C1"),
            End::MaybeLost | End::Unknown => self.coverage.fault(Fault::EmitLost),
            End::TimedOut | End::Dropped => {}
        }
        self.coverage.rule("C6");
        if wrong || before.is_some() {
            let what = format!(
                "{tab}: {class} {tag:?} is {end:?} {answer:?} and was {before:?}; heard {times} times"
            );
            self.violate("C6 emits", what);
        }
    }
}

/// The JSON of an emit's arguments.
fn arguments(tag: Tag) -> String {
    let part = if tag.0.is_multiple_of(3) { ",{\"_placeholder\":true,\"num\":0}" } else { "" };
    format!("{}{part}", tag.0)
}
