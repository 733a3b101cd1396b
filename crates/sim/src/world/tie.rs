//! Taps: what a person asks for, tied to other writes or not, as the app's definitions would hand it to the engine.

use std::collections::BTreeSet;

use tidewire_core::{
    Accepted, Coalesce, Command, KnownMutation, Lane, Payload, Resolution, Submission, WriteId,
};

use super::World;
use crate::app::Tap;
use crate::bugs::Bug;
use crate::ids::{Device, Room, Tab, Tag};
use crate::reference::{Said, Tapped};
use crate::rng::Rng;

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
        let (asked, mut submission, parent) = self.wish(tab, wanted);
        let tag = asked.tag;
        self.last_tag = tag.0;
        let temp = submission.temp_ids.first().cloned();
        let lane = self.lane(&mut submission, tag);
        let tap = Tapped { lane, ..self.tapped(tab, &asked, &submission, parent) };
        if tap.loose {
            self.reference.loosen(tap.device, tap.user, &tap.lane);
        }
        let now = self.clocks(tab);
        let Some(engine) = &mut self.tabs[tab.0].engine else { return };
        match engine.command(Command::Submit { write: submission }, now) {
            Ok(Accepted::Queued { write }) => {
                if let Some(temp) = temp {
                    self.tabs[tab.0].temp = Some((temp, tag));
                }
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

    /// What the app asks for at this tap, and the write that it depends on.
    fn wish(&mut self, tab: Tab, wanted: Wanted) -> (Tap, Submission, Option<Tag>) {
        let Wanted { room, kind, own_lane, keep_layer, tie } = wanted;
        let state = &self.tabs[tab.0];
        let tag = Tag(self.last_tag + 1);
        // Nobody ties anything to what is not on the screen any more, nor to a write that the app was told is refused.
        let stands = |tap: &Tapped| !tap.given_up && !matches!(tap.said, Said::Discarded | Said::Refused);
        let taps = self.reference.taps.iter().filter(|(_, tap)| tap.life == state.life && stands(tap));
        let before = taps.max_by_key(|(_, tap)| tap.order).map(|(write, tap)| (write.clone(), tap.tag));
        let of = |tag: &Tag| self.reference.tags.get(tag).and_then(|write| self.reference.taps.get(write));
        let temp = state.temp.as_ref().filter(|(_, tag)| of(tag).is_some_and(stands));
        let choice = Rng::new(self.rng.clone().next(), u64::from(tag.0)).next();
        let tap = Tap {
            room,
            tag,
            choice,
            kind,
            tie,
            own_lane,
            keep_layer,
            before: before.as_ref().map(|(write, _)| write.clone()),
            temp: temp.map(|(temp, _)| temp.clone()),
        };
        let mut write = self.app.submit(&tap);
        write.version = self.devices[state.device.0].build.min(2);
        let depends = before.filter(|(before, _)| write.depends_on.contains(before)).map(|(_, tag)| tag);
        let mentions = temp.filter(|(temp, _)| write.path.contains(temp.as_str())).map(|(_, of)| *of);
        (tap, write, depends.or(mentions))
    }

    /// The lane that is asked for; the engine is told another one if that bug is planted.
    fn lane(&self, write: &mut Submission, tag: Tag) -> String {
        let asked = write.lane.clone().map_or_else(|| write.path.clone(), |lane| lane.0);
        if self.bug == Some(Bug::LaneIgnored) {
            write.lane = Some(Lane(format!("own{}", tag.0)));
        }
        asked
    }

    pub(super) fn tapped(&self, tab: Tab, tap: &Tap, write: &Submission, parent: Option<Tag>) -> Tapped {
        let state = &self.tabs[tab.0];
        Tapped {
            device: state.device,
            tab,
            life: state.life,
            place: state.life,
            user: state.user,
            room: tap.room,
            tag: tap.tag,
            choice: tap.choice,
            loose: matches!(write.coalesce, Coalesce::CancelPair { .. }),
            coalesces: write.coalesce != (Coalesce::None {}),
            unused: false,
            heard_by: BTreeSet::new(),
            voided_for: None,
            nobody_knows: false,
            kind: tap.kind,
            lane: String::new(),
            order: 0,
            keep_layer: write.keep_layer_when_parked,
            parent,
            alone: false,
            edited: tap.tie == "edited",
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
            foreign: None,
            senders: BTreeSet::new(),
            unknown: false,
            by_hand: 0,
        }
    }

    /// Parked writes are replaced by others that the server accepts.
    pub(super) fn edit_parked(&mut self, tab: Tab) {
        if self.tabs[tab.0].frozen {
            return;
        }
        for write in self.parked(tab) {
            let old = self.reference.taps.get(&write).filter(|tap| tap.foreign.is_none());
            let Some(old) = old.cloned() else { continue };
            let wanted = Wanted {
                room: old.room,
                kind: "add",
                own_lane: false,
                keep_layer: old.keep_layer,
                tie: "edited",
            };
            let (asked, mut submission, _) = self.wish(tab, wanted);
            submission.lane = Some(Lane(old.lane.clone()));
            let edited = self.tapped(tab, &asked, &submission, None);
            let now = self.clocks(tab);
            let Some(engine) = &mut self.tabs[tab.0].engine else { return };
            let answer = engine.command(Command::Edit { write: write.clone(), submission }, now);
            if let Ok(Accepted::Queued { write: new }) = answer {
                self.last_tag = asked.tag.0;
                self.coverage.rule("Q13");
                let tap = Tapped { lane: old.lane, place: old.place, ..edited };
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
        let names = if build > 2 { Vec::new() } else { self.app.mutations() };
        names.into_iter().map(|name| KnownMutation { name: name.to_owned(), version: build }).collect()
    }

    /// What a stored write of an older version is in this build.
    pub(super) fn upcast(&mut self, tab: Tab, write: &WriteId, text: &Payload) {
        let life = self.tabs[tab.0].life;
        let known = self.devices[self.tabs[tab.0].device.0].build == 2;
        let tap = self.reference.taps.get(write).filter(|_| known);
        let result = tap.map(|tap| {
            let asked = Tap {
                room: tap.room,
                tag: tap.tag,
                choice: tap.choice,
                kind: tap.kind,
                tie: "",
                own_lane: false,
                keep_layer: tap.keep_layer,
                before: None,
                temp: None,
            };
            let lane = Some(Lane(tap.lane.clone()));
            Submission { version: 2, variables: text.clone(), lane, ..self.app.submit(&asked) }
        });
        self.coverage.rule("Q21");
        let input = tidewire_core::Input::Upcasted { write: write.clone(), result };
        self.later(1, super::Happening::Input(tab, life, Box::new(input)));
    }
}
