//! The one link to the server: when to make it, when to give it up, what is written to it (C1 to C5).
//!
//! It knows no room and no write. What a frame means beyond the session is told to the engine as a [`Heard`].

mod acks;
mod attempts;
mod backoff;
mod frames;
mod line;
mod namespaces;
mod outgoing;
mod recovery;
mod refresh;
mod session;
mod signals;
mod takeover;
mod transports;

use crate::ctx::Ctx;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{AppSignal, ConnectionState, NetworkSignal, Output, PauseReason, Transport};
use crate::secret::Payload;
use crate::timers::TimerKind;
pub(crate) use acks::AckFor;
use acks::Acks;
use attempts::Hint;
use backoff::Backoff;
use line::Line;
pub(crate) use line::Whole;
use namespaces::Namespaces;
pub(crate) use outgoing::{Outgoing, Place};
use recovery::Recovery;
use refresh::Refresh;
use takeover::Old;
pub(crate) use takeover::Takeover;
use tidewire_wire::{head, socket};
use transports::Transports;

/// Each state has only its own data.
#[derive(Debug)]
enum State {
    /// Not wanted, or refused for good.
    Idle,
    /// No attempt until a signal.
    Paused(PauseReason),
    /// Until the `Backoff` timer.
    Waiting,
    /// The app is asked for the token.
    Token { auth: AuthId },
    /// The transport is being opened.
    Opening { link: LinkId, token: Option<Payload>, transport: Transport },
    /// The transport is open; CONNECT is sent once the server has said hello.
    Greeting { link: LinkId, token: Option<Payload>, transport: Transport },
    /// CONNECT was sent. A server that restores a session sends what was missed before its answer: `early`.
    Joining { line: Line, token: Option<Payload>, transport: Transport, early: Option<Vec<Whole>> },
    /// The session is up.
    Up { line: Line, session: Session },
}

/// What a session is.
#[derive(Debug)]
struct Session {
    /// The server speaks the dialect.
    dialect: bool,
    /// For other namespaces, which are asked for later.
    token: Option<Payload>,
    refresh: Refresh,
}

impl State {
    fn link(&self) -> Option<LinkId> {
        match self {
            State::Opening { link, .. } | State::Greeting { link, .. } => Some(*link),
            State::Joining { line, .. } | State::Up { line, .. } => Some(line.link),
            State::Idle | State::Paused(_) | State::Waiting | State::Token { .. } => None,
        }
    }

    fn line(&mut self) -> Option<&mut Line> {
        match self {
            State::Joining { line, .. } | State::Up { line, .. } => Some(line),
            State::Idle
            | State::Paused(_)
            | State::Waiting
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. } => None,
        }
    }
}

/// What the engine must know of a frame or a signal.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    /// Nothing more.
    Nothing,
    /// The session is up.
    Up(Rise),
    /// A session in another namespace is up.
    NamespaceUp,
    /// The session was up and is gone; these acknowledgements will not come.
    Down { acks: Vec<AckFor> },
    /// An event.
    Event(Incoming<'a>),
    /// An acknowledgement. The arguments may be cut.
    Ack { ack: u64, what: AckFor, args: &'a str, truncated: bool, body: BodyId, attachments: Vec<BodyId> },
}

/// How a session came up.
#[derive(Debug)]
pub(crate) struct Rise {
    /// Not for the first time.
    pub(crate) again: bool,
    /// The server has restored the one before: nothing was missed (C12).
    pub(crate) restored: bool,
    /// Which process answers, where it says so.
    pub(crate) instance: Option<String>,
    /// Since anything was heard on the session before.
    pub(crate) silence: Millis,
}

/// An event as it came.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) link: LinkId,
    /// Absent: the main one.
    pub(crate) namespace: Option<String>,
    pub(crate) meta: Option<head::Meta<'a>>,
    pub(crate) name: std::borrow::Cow<'a, str>,
    pub(crate) skip: u8,
    pub(crate) id: Option<u64>,
    pub(crate) body: BodyId,
    pub(crate) attachments: Vec<BodyId>,
}

impl Heard<'_> {
    /// What is left when the events and acknowledgements, which borrow the frame, are dealt with.
    pub(crate) fn signal(self) -> Heard<'static> {
        match self {
            Heard::Up(rise) => Heard::Up(rise),
            Heard::NamespaceUp => Heard::NamespaceUp,
            Heard::Down { acks } => Heard::Down { acks },
            Heard::Nothing | Heard::Event(_) | Heard::Ack { .. } => Heard::Nothing,
        }
    }
}

/// The connection.
#[derive(Debug)]
pub(crate) struct Connection {
    namespace: String,
    probe_event: Option<String>,
    wanted: bool,
    state: State,
    /// A link that is to take over from the one that is up (C4).
    next: Option<State>,
    /// The link that another one has taken over from, until the rooms are joined there.
    old: Option<Old>,
    reported: ConnectionState,
    backoff: Backoff,
    acks: Acks,
    namespaces: Namespaces,
    transports: Transports,
    recovery: Recovery,
    /// What a restored session has missed, until the engine takes it.
    missed: Vec<Whole>,
    /// When and where the server wants to see us again.
    hint: Option<Hint>,
    network: NetworkSignal,
    app: AppSignal,
    /// The server refused the last token: a cached one will not do.
    fresh_token: bool,
    /// A session was up before: what happened since was missed.
    was_up: bool,
    /// When anything was heard on a session that is over.
    last_heard: Timestamp,
    /// The session is `STABLE_AFTER` old.
    old_enough: bool,
    /// When the last attempt began.
    attempted: Timestamp,
    /// When the last takeover was tried.
    checked: Timestamp,
}

impl Connection {
    pub(crate) fn new(namespace: String, polling: bool, probe_event: Option<String>) -> Connection {
        Connection {
            namespace,
            probe_event,
            wanted: false,
            state: State::Idle,
            next: None,
            old: None,
            reported: ConnectionState::Idle {},
            backoff: Backoff::default(),
            acks: Acks::default(),
            namespaces: Namespaces::default(),
            transports: Transports::new(polling),
            recovery: Recovery::default(),
            missed: Vec::new(),
            hint: None,
            network: NetworkSignal::Unknown,
            app: AppSignal::Foreground,
            fresh_token: false,
            was_up: false,
            last_heard: Timestamp(0),
            old_enough: false,
            attempted: Timestamp(0),
            checked: Timestamp(0),
        }
    }

    // ---- what the app wants

    pub(crate) fn connect(&mut self, ctx: &mut Ctx) {
        self.wanted = true;
        if let State::Idle = self.state {
            self.fresh_token = false;
            self.hint = None;
            self.backoff.reset();
            self.attempt(ctx);
        }
    }

    /// Hard: no signal undoes it (C3).
    pub(crate) fn disconnect(&mut self, ctx: &mut Ctx) -> Heard<'static> {
        self.wanted = false;
        self.recovery.forget();
        if let Some(link) = self.usable(ctx) {
            outgoing::write(link, socket::disconnect(&self.namespace), None, &[], ctx);
        }
        self.close(ctx);
        let heard = self.leave(State::Idle, ctx);
        self.report(ConnectionState::Idle {}, ctx);
        heard
    }

    // ---- the end of a link

    /// Closes the link that is there.
    fn close(&self, ctx: &mut Ctx) {
        if let Some(link) = self.state.link() {
            ctx.emit(Output::Close { link });
        }
    }

    /// Terminal until `Connect` (C5).
    fn refuse(&mut self, code: &str, message: &str, ctx: &mut Ctx) -> Heard<'static> {
        self.close(ctx);
        self.drop_next(ctx);
        let heard = self.leave(State::Idle, ctx);
        self.report(ConnectionState::Refused { code: code.to_owned(), message: message.to_owned() }, ctx);
        heard
    }

    /// The state ends, and everything that lived in it.
    fn leave(&mut self, next: State, ctx: &mut Ctx) -> Heard<'static> {
        let mut before = std::mem::replace(&mut self.state, next);
        self.old_enough = false;
        if let State::Idle = self.state {
            self.drop_next(ctx);
        }
        for kind in [
            TimerKind::Attempt,
            TimerKind::Backoff,
            TimerKind::Heartbeat,
            TimerKind::Probe,
            TimerKind::Stable,
            TimerKind::OfflineProbe,
            TimerKind::Token,
        ] {
            ctx.timers.stop(&kind);
        }
        if let Some(line) = before.line() {
            release(line.unfinished(), ctx);
        }
        if let State::Joining { early: Some(early), .. } = before {
            release(early.into_iter().flat_map(Whole::bodies).gather(), ctx);
            return Heard::Nothing;
        }
        let State::Up { line, .. } = before else { return Heard::Nothing };
        self.last_heard = line.last_heard();
        release(self.missed.drain(..).flat_map(Whole::bodies).gather(), ctx);
        self.drop_namespaces(ctx);
        let mut acks = self.acks.clear(line.link);
        acks.extend(self.drop_old(ctx));
        Heard::Down { acks }
    }

    // ---- for others

    /// The link of the state, if it has one.
    pub(crate) fn link(&self) -> Option<LinkId> {
        self.state.link()
    }

    /// Whether the server speaks the dialect.
    pub(crate) fn dialect(&self) -> bool {
        matches!(&self.state, State::Up { session, .. } if session.dialect)
    }

    /// A membership ends that the server would restore: the next session must be a new one.
    pub(crate) fn forget_session(&mut self) {
        if !matches!(self.state, State::Up { .. }) {
            self.recovery.forget();
        }
    }

    fn report(&mut self, state: ConnectionState, ctx: &mut Ctx) {
        if self.reported != state {
            ctx.emit(Output::Connection { state: state.clone() });
            self.reported = state;
        }
    }
}

fn release(bodies: Vec<BodyId>, ctx: &mut Ctx) {
    if !bodies.is_empty() {
        ctx.emit(Output::Release { bodies });
    }
}
