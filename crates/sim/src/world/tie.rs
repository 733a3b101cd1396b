//! Taps: what a person asks for, tied to other writes or not, as the app's definitions would hand it to the engine.

use std::collections::BTreeSet;

use tidewire_core::{
    Accepted, Coalesce, Command, KnownMutation, Lane, Millis, Payload, Resolution, Submission, WriteId,
};

use super::World;
use crate::bugs::Bug;
use crate::host::variables;
use crate::ids::{Device, Room, Tab, Tag};
use crate::reference::{Said, Tapped};
use crate::server::TEMP;

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) room: Room,
    pub(super) kind: &'static str,
    pub(super) own_lane: bool,
    pub(super) keep_layer: bool,
    pub(super) tie: &'static str,
}

impl World {
    pub(super) fn tap(&mut self, tab: Tab, wanted: Wanted) {
        if self.tabs[tab.0].frozen || self.tabs[tab.0].engine.is_none() {
            return;
        }
        let (tag, submission, parent) = self.wish(tab, wanted);
        self.last_tag = tag.0;
        let temp = submission.temp_ids.first().cloned();
        if wanted.tie == "pair" {
            let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
            let lane = lane_of(wanted, tag);
            self.reference.loosen(device, user, &lane);
        }
        let now = self.clocks(tab);
        let Some(engine) = &mut self.tabs[tab.0].engine else { return };
        match engine.command(Command::Submit { write: submission }, now) {
            Ok(Accepted::Queued { write }) => {
                if let Some(temp) = temp {
                    self.tabs[tab.0].temp = Some((temp, tag));
                }
                let tap = self.tapped(tab, tag, wanted, parent);
                self.reference.tapped(write, tap);
            }
            Ok(Accepted::Merged { into }) => {
                self.coverage.rule("Q8");
                if !self.reference.taps.contains_key(&into) {
                    self.violate("Q8 merged", format!("{tab}: {tag:?} is {into}, which nobody tapped"));
                }
            }
            Ok(Accepted::Done {} | Accepted::Asked {}) => {}
            Err(tidewire_core::Refusal::QueueFull) => self.coverage.rule("Q15"),
            Err(_) => {}
        }
        self.drain(tab);
    }

    /// What the engine is asked for, and the write that it depends on.
    fn wish(&mut self, tab: Tab, wanted: Wanted) -> (Tag, Submission, Option<Tag>) {
        let Wanted { room, kind, own_lane, keep_layer, tie } = wanted;
        let tag = Tag(self.last_tag + 1);
        let lane =
            if self.bug == Some(Bug::LaneIgnored) { format!("own{}", tag.0) } else { lane_of(wanted, tag) };
        let build = self.devices[self.tabs[tab.0].device.0].build;
        let mut write = Submission {
            name: if tie == "pair" { "room.undo".into() } else { "room.add".into() },
            version: build.min(2),
            variables: variables(room, tag),
            method: "POST".into(),
            path: format!("/{}/{kind}", room.name()),
            body: Some(Payload(format!("{{\"tag\":{}}}", tag.0))),
            lane: Some(Lane(lane)),
            optimistic: true,
            keep_layer_when_parked: keep_layer,
            on_conflict: tie == "handled",
            ttl: (tie == "short").then_some(Millis(5_000)),
            dedupe_key: (tie == "dedupe").then(|| "again".into()),
            ..Submission::default()
        };
        let mut parent = None;
        match tie {
            "child" => {
                let life = self.tabs[tab.0].life;
                let taps = self.reference.taps.iter().filter(|(_, tap)| tap.life == life && !tap.given_up);
                if let Some((id, tap)) = taps.max_by_key(|(_, tap)| tap.order) {
                    write.depends_on = vec![id.clone()];
                    parent = Some(tap.tag);
                }
            }
            "temp" => write.temp_ids = vec![format!("{TEMP}{:08}", tag.0)],
            "temp-child" => {
                // Nobody taps on what is not on the screen any more.
                let stands = |tag: &Tag| {
                    let tap = self.reference.tags.get(tag).and_then(|write| self.reference.taps.get(write));
                    tap.is_some_and(|tap| {
                        !tap.given_up && !matches!(tap.said, Said::Discarded | Said::Refused)
                    })
                };
                if let Some((temp, of)) = self.tabs[tab.0].temp.as_ref().filter(|(_, of)| stands(of)) {
                    write.path = format!("{}?of={temp}", write.path);
                    parent = Some(*of);
                }
            }
            "replace" => write.coalesce = Coalesce::Replace {},
            "pair" => write.coalesce = Coalesce::CancelPair { name: "room.add".into() },
            _ => {}
        }
        let _ = own_lane;
        (tag, write, parent)
    }

    fn tapped(&self, tab: Tab, tag: Tag, wanted: Wanted, parent: Option<Tag>) -> Tapped {
        let state = &self.tabs[tab.0];
        Tapped {
            device: state.device,
            tab,
            life: state.life,
            user: state.user,
            room: wanted.room,
            tag,
            loose: wanted.tie == "pair",
            coalesces: matches!(wanted.tie, "replace" | "pair"),
            unused: false,
            heard_by: BTreeSet::new(),
            voided_for: None,
            nobody_knows: false,
            kind: wanted.kind,
            lane: lane_of(wanted, tag),
            order: 0,
            keep_layer: wanted.keep_layer,
            parent,
            alone: false,
            edited: wanted.tie == "edited",
            said: Said::Accepted,
            stands: None,
            conflict: false,
            promised: false,
            ever_parked: false,
            expired: false,
            orphan: false,
            given_up: self.now < self.devices[state.device.0].cleared_until,
            sent: false,
            excused: false,
            undone_by: None,
            copies: 0,
        }
    }

    /// Parked writes are replaced by others that the server accepts.
    pub(super) fn edit_parked(&mut self, tab: Tab) {
        if self.tabs[tab.0].frozen {
            return;
        }
        for write in self.parked(tab) {
            let Some(old) = self.reference.taps.get(&write).cloned() else { continue };
            let wanted = Wanted {
                room: old.room,
                kind: "add",
                own_lane: false,
                keep_layer: old.keep_layer,
                tie: "edited",
            };
            let (tag, mut submission, _) = self.wish(tab, wanted);
            submission.lane = Some(Lane(old.lane.clone()));
            let now = self.clocks(tab);
            let Some(engine) = &mut self.tabs[tab.0].engine else { return };
            let answer = engine.command(Command::Edit { write: write.clone(), submission }, now);
            if let Ok(Accepted::Queued { write: new }) = answer {
                self.last_tag = tag.0;
                self.coverage.rule("Q13");
                let tap = Tapped { lane: old.lane, ..self.tapped(tab, tag, wanted, None) };
                self.reference.tapped(new.clone(), tap);
                // The same place in its lane.
                if let Some(tap) = self.reference.taps.get_mut(&new) {
                    tap.order = old.order;
                }
                if let Some(tap) = self.reference.taps.get_mut(&write) {
                    tap.given_up = true;
                }
            }
            self.drain(tab);
        }
    }

    /// The app decides what becomes of conflicts.
    pub(super) fn resolve(&mut self, tab: Tab, how: &str) {
        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
        let taps = self.reference.taps.iter();
        let waiting = taps.filter(|(_, tap)| (tap.device, tap.user) == (device, user) && tap.conflict);
        let waiting: Vec<WriteId> = waiting.map(|(write, _)| write.clone()).collect();
        for write in waiting {
            let resolution = match how {
                "again" => Resolution::SendAgain {},
                "discard" => Resolution::Discard {},
                _ => Resolution::Park {},
            };
            let command = Command::Resolve { write: write.clone(), resolution };
            if how == "discard" {
                self.give_up(tab, &write, command);
            } else {
                self.command(tab, command);
            }
        }
    }

    /// The mutations that the build on a device knows: none from the third on.
    pub(super) fn known(&self, device: Device) -> Vec<KnownMutation> {
        let build = self.devices[device.0].build;
        let names = if build > 2 { &[][..] } else { &["room.add", "room.undo"][..] };
        names.iter().map(|name| KnownMutation { name: (*name).to_owned(), version: build }).collect()
    }

    /// What a stored write of an older version is in this build.
    pub(super) fn upcast(&mut self, tab: Tab, write: &WriteId, text: &Payload) {
        let life = self.tabs[tab.0].life;
        let known = self.devices[self.tabs[tab.0].device.0].build == 2;
        let tap = self.reference.taps.get(write).filter(|_| known);
        let result = tap.map(|tap| Submission {
            name: "room.add".into(),
            version: 2,
            variables: text.clone(),
            method: "POST".into(),
            path: format!("/{}/{}", tap.room.name(), tap.kind),
            body: Some(Payload(format!("{{\"tag\":{}}}", tap.tag.0))),
            lane: Some(Lane(tap.lane.clone())),
            optimistic: true,
            keep_layer_when_parked: tap.keep_layer,
            ..Submission::default()
        });
        self.coverage.rule("Q21");
        let input = tidewire_core::Input::Upcasted { write: write.clone(), result };
        self.later(1, super::Happening::Input(tab, life, Box::new(input)));
    }
}

fn lane_of(wanted: Wanted, tag: Tag) -> String {
    if wanted.own_lane { format!("own{}", tag.0) } else { format!("lane-{}", wanted.room.name()) }
}
