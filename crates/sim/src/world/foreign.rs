//! Writes to somebody else's server on their way: the tap, what that server does, and what the app finds out about it (Q9).

use std::collections::BTreeSet;
use std::rc::Rc;

use tidewire_core::{Accepted, Command, Found, Input, Refusal, Request, WriteId};

use super::http::{Answer, Answering, Ask, Call};
use super::net::Reach;
use super::{Happening, World};
use crate::app::Tap;
use crate::bugs::Bug;
use crate::coverage::Fault;
use crate::foreign::{self, Foreign};
use crate::ids::{Room, Tab, Tag, User};
use crate::reference::Tapped;
use crate::server::{Effect, Reply, target};

impl World {
    /// A person taps something that somebody else's server does.
    pub(super) fn tap_foreign(&mut self, tab: Tab, room: Room, kind: &'static str, how: &'static str) {
        if self.tabs[tab.0].frozen || self.tabs[tab.0].engine.is_none() {
            return;
        }
        let tag = Tag(self.last_tag + 1);
        self.last_tag = tag.0;
        let mut submission = foreign::submission(room, tag, kind, how);
        let tap = Tap {
            room,
            tag,
            choice: 0,
            kind,
            tie: "",
            own_lane: false,
            keep_layer: false,
            before: None,
            temp: None,
        };
        let lane = submission.lane.clone().map(|lane| lane.0).unwrap_or_default();
        let tapped = Tapped { lane, foreign: Some(how), ..self.tapped(tab, &tap, &submission, None) };
        submission.idempotent |= self.bug == Some(Bug::ForeignRepeated);
        let now = self.clocks(tab);
        let Some(engine) = &mut self.tabs[tab.0].engine else { return };
        match engine.command(Command::Submit { write: submission }, now) {
            Ok(Accepted::Queued { write }) => self.reference.tapped(write, tapped),
            Err(Refusal::QueueFull) => self.coverage.rule("Q15"),
            Ok(_) | Err(_) => {}
        }
        self.drain(tab);
    }

    /// The request is there.
    pub(super) fn apply_foreign(&mut self, call: &Rc<Call>, user: User, request: &Request) {
        let Some((how, path)) = foreign::path_of(&request.path) else { return };
        if let Some(what) = Foreign::wrong(how, request) {
            self.violate("Q9 foreign servers get none of our headers", what);
        }
        let body = request.body.as_ref().map_or("", |body| body.0.as_str());
        let status = match target(path, body) {
            None => 404,
            Some((_, "refuse", _)) => 422,
            Some((_, "conflict", _)) => 412,
            Some((_, "fail", _)) => 500,
            Some((room, _, tag)) => {
                self.coverage.fault(Fault::ForeignApplied);
                if !self.foreign.has_done(how, request) {
                    let (key, user) = (request.write.0.clone(), user.name().to_owned());
                    self.server.effects.push(Effect { key, user, room, tag, of: None });
                }
                if self.answering == Answering::Gateway { 502 } else { 200 }
            }
        };
        if self.verbose {
            self.trace(&format!("foreign server: {} {} -> {status}", request.write, request.path));
        }
        self.reply(call, Answer::Reply(Reply { status, outcome: None, body: "{}".to_owned() }, None));
    }

    /// The app asks that server, by its own means, what became of a write.
    pub(super) fn verify(&mut self, tab: Tab, write: WriteId) {
        self.coverage.fault(Fault::ForeignAsked);
        let known: BTreeSet<Tag> = self.server.effects.iter().map(|effect| effect.tag).collect();
        let Some(tag) = self.reference.taps.get(&write).map(|tap| tap.tag) else { return };
        // It says no only where nothing of it is on its way any more.
        let travels = self.queue.values().any(|happening| match happening {
            Happening::Arrived(call) => matches!(&call.ask, Ask::Write(_, request) if request.write == write),
            _ => false,
        });
        let reachable = self.devices[self.tabs[tab.0].device.0].net.reach == Reach::Up;
        let found = match known.contains(&tag) {
            _ if !reachable || self.rng.chance(20) => Found::Unknown {},
            true => Found::Applied { body: None },
            false if travels => Found::Unknown {},
            false => Found::NotApplied {},
        };
        let after = self.rng.below(200);
        let input = Input::Verified { write, found };
        self.later(after, Happening::Input(tab, self.tabs[tab.0].life, Box::new(input)));
    }
}
