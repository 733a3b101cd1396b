//! The network of a device, and its links: ordered within a link, late, half-open, cut; WebSockets, and requests where those do
//! not come up.

use std::sync::Arc;

use tidewire_core::{CloseCause, FrameBody, Input, LinkId, Payload, Transport};
use tidewire_hub as hub;

use super::{Happening, LinkKey, World};
use crate::bugs::Bug;
use crate::coverage::Fault;
use crate::ids::{Device, Life, Tab};

/// Where the packets of a device go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the server.
    Up,
    /// Nowhere, and the device knows.
    Down,
    /// Nowhere, and nobody knows.
    Hole,
    /// To somebody else's login page.
    Portal,
}

/// What something on the way makes of WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// It lets them through.
    None,
    /// It refuses them.
    Refuses,
    /// It says nothing.
    Swallows,
}

/// The network of a device.
#[derive(Clone, Copy, Debug)]
pub struct Net {
    /// Where packets go.
    pub reach: Reach,
    /// Least and most milliseconds of one way.
    pub latency: (u64, u64),
    /// Percent of requests that are lost.
    pub drop: u64,
    /// Percent of requests that arrive twice.
    pub duplicate: u64,
    /// Percent of answers that are lost.
    pub lose_answer: u64,
    /// Percent of answers that come late.
    pub late: u64,
    /// What becomes of a WebSocket that is opened now.
    pub proxy: Proxy,
}

impl Default for Net {
    fn default() -> Self {
        Net {
            reach: Reach::Up,
            latency: (1, 30),
            drop: 0,
            duplicate: 0,
            lose_answer: 0,
            late: 0,
            proxy: Proxy::None,
        }
    }
}

/// One link.
#[derive(Debug, Default)]
pub struct Link {
    session: hub::SessionId,
    /// When the last frame of each direction arrives.
    up: u64,
    down: u64,
    /// What one side sends never arrives, and neither side knows.
    dead: bool,
    /// It polls.
    polls: bool,
}

/// One message on a link.
#[derive(Clone, Debug)]
pub enum Packet {
    /// A frame.
    Text(Arc<str>),
    /// An attachment of the frame before it.
    Binary(Arc<[u8]>),
}

impl World {
    pub(super) fn latency(&mut self, device: Device) -> u64 {
        let (least, most) = self.devices[device.0].net.latency;
        self.rng.range(least, most)
    }

    fn device_of(&self, key: LinkKey) -> Device {
        self.tabs[key.0.0].device
    }

    /// A tab wants a link.
    pub(super) fn open(&mut self, tab: Tab, link: LinkId, transport: Transport) {
        let (device, life) = (self.tabs[tab.0].device, self.tabs[tab.0].life);
        let takes = self.latency(device);
        let net = self.devices[device.0].net;
        if transport == Transport::WebSocket && net.reach == Reach::Up && net.proxy != Proxy::None {
            self.coverage.fault(Fault::WebSocketBlocked);
            if net.proxy == Proxy::Refuses {
                self.lose(tab, life, link, CloseCause::Unreachable, takes);
            }
            return;
        }
        match net.reach {
            Reach::Up => self.later(takes, Happening::Reached((tab, life, link), transport)),
            Reach::Hole => self.coverage.fault(Fault::LinkSwallowed),
            Reach::Down | Reach::Portal => self.lose(tab, life, link, CloseCause::Unreachable, takes),
        }
    }

    fn lose(&mut self, tab: Tab, life: Life, link: LinkId, cause: CloseCause, after: u64) {
        self.later(after, Happening::Input(tab, life, Box::new(Input::Closed { link, cause })));
    }

    /// The transport is open at the server.
    pub(super) fn reached(&mut self, key: LinkKey, transport: Transport) {
        let (tab, life, link) = key;
        if !self.alive(tab, life) {
            return;
        }
        if self.server.hub.is_none() {
            return self.lose(tab, life, link, CloseCause::Unreachable, 1);
        }
        self.last_session += 1;
        let session = hub::SessionId(self.last_session);
        let polls = transport == Transport::Polling;
        if polls {
            self.coverage.fault(Fault::Polled);
        }
        self.links.insert(key, Link { session, up: self.now, down: self.now + 1, dead: false, polls });
        self.sessions.insert(session, key);
        self.later(0, Happening::Input(tab, life, Box::new(Input::Opened { link })));
        self.hub_input(hub::Input::Opened {
            session,
            sid: format!("sid{}", session.0),
            transport: if polls { hub::Transport::Polling } else { hub::Transport::WebSocket },
        });
    }

    /// A tab sends a frame.
    pub(super) fn send(&mut self, tab: Tab, link: LinkId, packet: Packet) {
        let key = (tab, self.tabs[tab.0].life, link);
        let device = self.device_of(key);
        let takes = self.latency(device);
        let packet = match (packet, self.bug) {
            (Packet::Text(text), Some(Bug::SinceTooNew)) => Packet::Text(newer_since(&text).into()),
            (Packet::Text(text), Some(Bug::StreamPerLink)) => Packet::Text(numbered_anew(&text, link).into()),
            (packet, _) => packet,
        };
        let net = self.devices[device.0].net;
        let up = net.reach == Reach::Up;
        if up && self.poll_lost(key, net) {
            self.coverage.fault(Fault::PollLost);
            return self.poll_failed(key);
        }
        let answered = !(up && self.poll_lost(key, net));
        let Some(state) = self.links.get_mut(&key) else { return };
        if state.dead || !up {
            state.dead = true; // A hole in a stream never closes: what follows does not arrive either.
            self.coverage.fault(Fault::FrameSwallowed);
            return;
        }
        state.up = state.up.max(self.now + takes);
        let (session, at) = (state.session, state.up);
        self.at(at, Happening::ServerFrame(session, packet));
        if !answered {
            self.coverage.fault(Fault::PollAnswerLost);
            self.poll_failed(key);
        }
    }

    /// Whether a link polls, and a request of it is lost.
    fn poll_lost(&mut self, key: LinkKey, net: Net) -> bool {
        self.links.get(&key).is_some_and(|link| link.polls) && self.rng.chance(net.drop / 4)
    }

    /// A link that polls ends with its first request that fails; the server hears of it by silence only.
    fn poll_failed(&mut self, key: LinkKey) {
        self.links.remove(&key);
        let takes = self.latency(self.device_of(key));
        self.lose(key.0, key.1, key.2, CloseCause::Lost, takes);
    }

    pub(super) fn server_frame(&mut self, session: hub::SessionId, packet: &Packet) {
        let frame = match packet {
            Packet::Text(text) => hub::Inbound::Text(text.to_string()),
            Packet::Binary(bytes) => hub::Inbound::Binary(bytes.to_vec()),
        };
        self.hub_input(hub::Input::Received { session, frame });
    }

    /// The hub sends a frame.
    pub(super) fn deliver(&mut self, session: hub::SessionId, packet: Packet) {
        let packet = match packet {
            Packet::Text(text) if self.bug == Some(Bug::EpochHidden) => Packet::Text(first_epoch(&text)),
            packet => packet,
        };
        let Some(key) = self.sessions.get(&session).copied() else { return };
        let device = self.device_of(key);
        let takes = self.latency(device);
        let net = self.devices[device.0].net;
        let up = net.reach == Reach::Up;
        if up && self.poll_lost(key, net) {
            self.coverage.fault(Fault::PollAnswerLost);
            return self.poll_failed(key);
        }
        let Some(state) = self.links.get_mut(&key) else { return };
        if state.dead || !up {
            state.dead = true;
            self.coverage.fault(Fault::FrameSwallowed);
            return;
        }
        // A frame waits until the client asks again.
        let takes = if state.polls { takes * 2 } else { takes };
        state.down = state.down.max(self.now + takes);
        let at = state.down;
        let bytes = match &packet {
            Packet::Text(text) => text.len() as u64,
            Packet::Binary(bytes) => bytes.len() as u64,
        };
        self.at(at, Happening::Frame(key.0, key.1, key.2, packet));
        self.at(at, Happening::Flushed(session, bytes));
    }

    /// A frame reaches a tab.
    pub(super) fn frame(&mut self, tab: Tab, life: Life, link: LinkId, packet: &Packet) {
        if !self.alive(tab, life)
            || !self.links.contains_key(&(tab, life, link))
            || self.hold(tab, || Happening::Frame(tab, life, link, packet.clone()))
        {
            return;
        }
        let text = match packet {
            Packet::Text(text) => text,
            Packet::Binary(bytes) => {
                self.coverage.fault(Fault::Attachment);
                let body = self.tabs[tab.0].host.keep(&String::from_utf8_lossy(bytes));
                let length = bytes.len() as u32;
                return self.input(tab, life, Input::ReceivedBinary { link, body, length });
            }
        };
        if let Some((_, boot)) = text.split_once("\"instance\":\"boot") {
            let digits = boot.split('"').next().unwrap_or_default();
            self.tabs[tab.0].boot = digits.parse().unwrap_or(0);
        }
        let body = if text.contains(['[', '{']) {
            FrameBody::Json { body: self.tabs[tab.0].host.keep(text), last: None }
        } else {
            FrameBody::None {}
        };
        if self.verbose {
            self.trace(&format!("{tab} <~ {text}"));
        }
        let length = text.encode_utf16().count() as u32;
        self.input(tab, life, Input::Received { link, head: Payload(text.to_string()), length, body });
    }

    /// The hub closes a connection.
    pub(super) fn hub_closes(&mut self, session: hub::SessionId, reason: hub::CloseReason) {
        let Some(key) = self.sessions.remove(&session) else { return };
        let device = self.device_of(key);
        let takes = self.latency(device);
        let cause = match reason.code() {
            1012 | 1013 => CloseCause::Overloaded,
            _ => CloseCause::Lost,
        };
        self.coverage.closed(reason);
        let Some(state) = self.links.get(&key) else { return };
        if !state.dead && self.devices[device.0].net.reach == Reach::Up {
            let at = state.down.max(self.now + takes);
            self.at(at, Happening::Input(key.0, key.1, Box::new(Input::Closed { link: key.2, cause })));
        }
    }

    pub(super) fn server_closed(&mut self, session: hub::SessionId) {
        if self.sessions.remove(&session).is_some() {
            self.hub_input(hub::Input::Closed { session });
        }
    }

    /// A tab closes its link.
    pub(super) fn close(&mut self, key: LinkKey) {
        let device = self.device_of(key);
        let takes = self.latency(device);
        let up = self.devices[device.0].net.reach == Reach::Up;
        let Some(state) = self.links.remove(&key) else { return };
        if up && !state.dead {
            let at = state.up.max(self.now + takes);
            self.at(at, Happening::ServerClosed(state.session));
        }
    }

    /// A tab is gone.
    pub(super) fn drop_links(&mut self, tab: Tab, life: Life) {
        let keys: Vec<LinkKey> =
            self.links.keys().filter(|key| (key.0, key.1) == (tab, life)).copied().collect();
        for key in keys {
            self.close(key);
        }
    }

    /// The links of a device end, heard by both sides.
    pub(super) fn cut(&mut self, device: Device) {
        let keys: Vec<LinkKey> =
            self.links.keys().filter(|key| self.device_of(**key) == device).copied().collect();
        for key in keys {
            self.coverage.fault(Fault::LinkCut);
            if let Some(state) = self.links.remove(&key) {
                self.later(1, Happening::ServerClosed(state.session));
                self.lose(key.0, key.1, key.2, CloseCause::Lost, 1);
            }
        }
    }

    /// The network of a device changes. What is on a link in a hole, or behind a portal, never arrives.
    pub(super) fn set_reach(&mut self, device: Device, reach: Reach) {
        self.devices[device.0].net.reach = reach;
        let keys: Vec<LinkKey> =
            self.links.keys().filter(|key| self.device_of(**key) == device).copied().collect();
        for key in keys {
            match reach {
                Reach::Up => {}
                Reach::Down => {
                    if self.links.remove(&key).is_some() {
                        self.lose(key.0, key.1, key.2, CloseCause::Lost, 1);
                    }
                }
                Reach::Hole | Reach::Portal => {
                    let dead = reach == Reach::Portal || self.rng.chance(50);
                    if let Some(state) = self.links.get_mut(&key) {
                        state.dead |= dead;
                        self.coverage.fault(Fault::HalfOpen);
                    }
                }
            }
        }
    }

    /// The server's process ends: every link ends, heard where packets still go.
    pub(super) fn drop_all_links(&mut self) {
        for (key, state) in std::mem::take(&mut self.links) {
            let up = self.devices[self.device_of(key).0].net.reach == Reach::Up;
            if up && !state.dead {
                self.lose(key.0, key.1, key.2, CloseCause::Lost, 1);
            } else {
                self.links.insert(key, Link { dead: true, ..state });
            }
        }
        self.sessions.clear();
    }
}

/// A planted bug: the stream of a reliable emit is another one on each link.
fn numbered_anew(text: &str, link: LinkId) -> String {
    let Some((head, stream)) = text.split_once("[\"tw:emit\",[\"") else { return text.to_owned() };
    let mark = format!("{:03}", link.0 % 1_000);
    format!("{head}[\"tw:emit\",[\"{mark}{}", stream.get(3..).unwrap_or_default())
}

/// A planted bug: every epoch is called as the first one.
fn first_epoch(text: &str) -> Arc<str> {
    let mut told = text.to_owned();
    for epoch in 2..9 {
        told = told.replace(&format!("-{epoch}\""), "-1\"");
    }
    told.into()
}

/// A planted bug: the join asks from one event too late.
fn newer_since(text: &str) -> String {
    let Some((head, tail)) = text.split_once("\"offset\":") else { return text.to_owned() };
    let digits = tail.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(tail.len());
    let offset: u64 = tail[..digits].parse().unwrap_or(0);
    format!("{head}\"offset\":{}{}", offset + 1, &tail[digits..])
}
