//! What tabs ask of each other: whether the leader lives, and things that only the leader may do (Q19).
//!
//! All of it goes through `Broadcast`, under keys `i/...` that are never stored.

use super::Outbox;
use crate::ctx::Ctx;
use crate::facts::Facts;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{AppSignal, Output};
use crate::limits;
use crate::timers::TimerKind;

/// Is there a leader?
const CHALLENGE: &str = "i/challenge";
/// There is.
const ALIVE: &str = "i/alive";
/// The leader will not do this, as the asking tab will see.
const NO: &str = "i/no/";

/// What a follower wants of the leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// As it was seen set aside: once for each time (Q9), however often this is said and whoever leads when it is heard.
    Retry(WriteId, u64),
    Discard(WriteId),
    /// Everything that is numbered below this and was made up to this time: what was made after the wish stays.
    Clear(u64, WallTime),
}

impl Wish {
    fn key(&self) -> String {
        match self {
            Wish::Retry(write, seen) => format!("i/retry/{write}/{seen}"),
            Wish::Discard(write) => format!("i/discard/{write}"),
            Wish::Clear(below, asked) => format!("i/clear/{below}/{}", asked.0),
        }
    }

    fn of_key(key: &str) -> Option<Wish> {
        if let Some(write) = key.strip_prefix("i/discard/") {
            return Some(Wish::Discard(write.into()));
        }
        let pair = |prefix| key.strip_prefix(prefix)?.split_once('/');
        if let Some((write, seen)) = pair("i/retry/") {
            return Some(Wish::Retry(write.into(), seen.parse().ok()?));
        }
        let (below, asked) = pair("i/clear/")?;
        Some(Wish::Clear(below.parse().ok()?, WallTime(asked.parse().ok()?)))
    }
}

#[derive(Debug)]
pub(super) struct Tabs {
    visible: bool,
    /// The leader was asked whether it lives, and has not answered.
    asked: bool,
    /// Not answered yet: said again until they are.
    wishes: Vec<Wish>,
}

impl Tabs {
    pub(super) fn new() -> Tabs {
        Tabs { visible: true, asked: false, wishes: Vec::new() }
    }

    pub(super) fn wants_clear(&self) -> bool {
        self.wishes.iter().any(|wish| matches!(wish, Wish::Clear(..)))
    }
}

impl Outbox {
    pub(crate) fn on_app(&mut self, signal: AppSignal) {
        self.tabs.visible = signal == AppSignal::Foreground;
    }

    // ---- wishes

    /// Said to the leader now, and again with each challenge until it has an effect.
    pub(super) fn wish(&mut self, wish: Wish, ctx: &mut Ctx) {
        if self.leader.is_none() {
            ctx.emit(Output::Broadcast { key: wish.key(), value: None });
        }
        if !self.tabs.wishes.contains(&wish) && self.tabs.wishes.len() < limits::WISHES {
            self.tabs.wishes.push(wish);
        }
    }

    /// Whether it still says something: the write is as it was.
    fn is_open(&self, wish: &Wish) -> bool {
        match wish {
            Wish::Retry(write, seen) => {
                self.find_parked(write).is_ok_and(|(_, entry)| entry.record.parking() == *seen)
            }
            Wish::Discard(write) => self.find_parked(write).is_ok(),
            Wish::Clear(..) => true,
        }
    }

    pub(super) fn hear(&mut self, key: &str, ctx: &mut Ctx, facts: &mut Facts) {
        let leads = self.leader.is_some() && self.leaving.blocked().is_none();
        match key {
            CHALLENGE if leads => ctx.emit(Output::Broadcast { key: ALIVE.to_owned(), value: None }),
            ALIVE if self.leader.is_none() && self.tabs.asked => {
                self.tabs.asked = false;
                let at = ctx.deadline(limits::CHALLENGE_AGAIN);
                ctx.timers.set(TimerKind::Challenge, at);
            }
            _ => {
                if let Some(wish) = key.strip_prefix(NO).and_then(Wish::of_key) {
                    self.tabs.wishes.retain(|open| *open != wish);
                } else if let (true, Some(wish)) = (self.leading && !self.has_left(), Wish::of_key(key)) {
                    self.grant(&wish, ctx, facts);
                }
            }
        }
    }

    fn grant(&mut self, wish: &Wish, ctx: &mut Ctx, facts: &mut Facts) {
        let done = match wish {
            Wish::Retry(write, _) => self.is_open(wish) && self.retry(write, ctx).is_ok(),
            Wish::Discard(write) => self.discard(write, ctx, facts).is_ok(),
            Wish::Clear(below, asked) => {
                self.clear_older(*below, *asked, ctx);
                false
            }
        };
        // What was done shows in the record; what was not must not be asked for ever.
        if !done {
            ctx.emit(Output::Broadcast { key: format!("{NO}{}", wish.key()), value: None });
        }
    }

    // ---- the challenge

    /// A visible tab that waits for the leader asks whether there is one, for its own timers run and those of hidden tabs may sleep.
    pub(super) fn watch_leader(&mut self, ctx: &mut Ctx, facts: &mut Facts) {
        if self.leading {
            for wish in std::mem::take(&mut self.tabs.wishes) {
                self.grant(&wish, ctx, facts);
            }
        }
        if !self.tabs.wishes.is_empty() {
            let wishes = std::mem::take(&mut self.tabs.wishes);
            self.tabs.wishes = wishes.into_iter().filter(|wish| self.is_open(wish)).gather();
        }
        let waiting = self.entries.counts().pending > 0 || !self.tabs.wishes.is_empty();
        let follows = self.loaded && self.leader.is_none() && self.leaving.blocked().is_none();
        if !(self.tabs.visible && waiting && follows) {
            self.tabs.asked = false;
            ctx.timers.stop(&TimerKind::Challenge);
        } else if ctx.timers.get(&TimerKind::Challenge).is_none() {
            self.tabs.asked = true;
            ctx.emit(Output::Broadcast { key: CHALLENGE.to_owned(), value: None });
            for wish in &self.tabs.wishes {
                ctx.emit(Output::Broadcast { key: wish.key(), value: None });
            }
            let at = ctx.deadline(limits::CHALLENGE_TIMEOUT);
            ctx.timers.set(TimerKind::Challenge, at);
        }
    }

    pub(crate) fn on_challenge_timeout(&mut self, ctx: &mut Ctx) {
        // An answer that is over only means: ask again, in this call's end.
        if std::mem::take(&mut self.tabs.asked) {
            ctx.emit(Output::TakeLead {});
            let at = ctx.deadline(limits::CHALLENGE_AGAIN);
            ctx.timers.set(TimerKind::Challenge, at);
        }
    }
}
