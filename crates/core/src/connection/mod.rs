//! The one link to the server: when to make it, when to give it up, what is written to it (C1 to C5).
//!
//! It knows no room and no write. What a frame means beyond the session is told to the engine as a [`Heard`].

mod acks;
mod backoff;
mod frames;
mod signals;

use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{
    AckToken, AppSignal, AuthResult, CloseCause, ConnectionState, DownReason, NetworkSignal, Output,
    PauseReason, Refusal, Transport,
};
use crate::limits;
use crate::secret::Payload;
use crate::timers::TimerKind;
pub(crate) use acks::AckFor;
use acks::Acks;
use backoff::{Backoff, Blame};
use tidewire_wire::{head, socket};

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
    Opening { link: LinkId, token: Option<Payload> },
    /// The transport is open; CONNECT is sent once the server has said hello.
    Greeting { link: LinkId, token: Option<Payload> },
    /// CONNECT was sent.
    Joining { link: LinkId, life: Life },
    /// The session is up.
    Up { link: LinkId, life: Life, dialect: bool },
}

/// How long a silent link is believed.
#[derive(Clone, Copy, Debug)]
struct Life {
    patience: Millis,
    heard: Timestamp,
}

impl Life {
    fn deadline(self) -> Timestamp {
        self.heard.after(self.patience)
    }
}

/// What the engine must know of a frame or a signal.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    /// Nothing more.
    Nothing,
    /// The session is up; `again`: not for the first time.
    Up { again: bool },
    /// The session was up and is gone; these acknowledgements will not come.
    Down { acks: Vec<AckFor> },
    /// An event.
    Event {
        meta: Option<head::Meta<'a>>,
        name: std::borrow::Cow<'a, str>,
        skip: u8,
        body: BodyId,
        id: Option<u64>,
    },
    /// An acknowledgement. The arguments may be cut.
    Ack { ack: u64, what: AckFor, args: &'a str, truncated: bool, body: BodyId },
}

impl<'a> Heard<'a> {
    /// What is left when the events and acknowledgements, which borrow the frame, are dealt with.
    pub(crate) fn signal(self) -> Heard<'static> {
        match self {
            Heard::Up { again } => Heard::Up { again },
            Heard::Down { acks } => Heard::Down { acks },
            Heard::Nothing | Heard::Event { .. } | Heard::Ack { .. } => Heard::Nothing,
        }
    }
}

/// The connection.
#[derive(Debug)]
pub(crate) struct Connection {
    namespace: String,
    wanted: bool,
    state: State,
    reported: ConnectionState,
    backoff: Backoff,
    acks: Acks,
    network: NetworkSignal,
    app: AppSignal,
    /// The server refused the last token: a cached one will not do.
    fresh_token: bool,
    /// A session was up before: what happened since was missed.
    was_up: bool,
    /// The session is `STABLE_AFTER` old.
    old_enough: bool,
    /// When the last attempt began.
    attempted: Timestamp,
}

impl Connection {
    pub(crate) fn new(namespace: String) -> Connection {
        Connection {
            namespace,
            wanted: false,
            state: State::Idle,
            reported: ConnectionState::Idle {},
            backoff: Backoff::default(),
            acks: Acks::default(),
            network: NetworkSignal::Unknown,
            app: AppSignal::Foreground,
            fresh_token: false,
            was_up: false,
            old_enough: false,
            attempted: Timestamp(0),
        }
    }

    // ---- what the app wants

    pub(crate) fn connect(&mut self, ctx: &mut Ctx) {
        self.wanted = true;
        if let State::Idle = self.state {
            self.fresh_token = false;
            self.backoff.reset();
            self.attempt(ctx);
        }
    }

    /// Hard: no signal undoes it (C3).
    pub(crate) fn disconnect(&mut self, ctx: &mut Ctx) -> Heard<'static> {
        self.wanted = false;
        let link = self.link();
        if let State::Up { link, .. } = self.state {
            ctx.emit(Output::Send { link, text: Payload(socket::disconnect(&self.namespace)), body: None });
        }
        if let Some(link) = link {
            ctx.emit(Output::Close { link });
        }
        let heard = self.leave(State::Idle, ctx);
        self.report(ConnectionState::Idle {}, ctx);
        heard
    }

    // ---- attempts

    /// Starts an attempt, or says why not.
    fn attempt(&mut self, ctx: &mut Ctx) {
        let pause = if self.network == NetworkSignal::Offline {
            Some(PauseReason::Offline)
        } else if self.app == AppSignal::Background {
            Some(PauseReason::Background)
        } else {
            None
        };
        match pause {
            Some(reason) => self.pause(reason, ctx),
            None => self.attempt_now(ctx),
        }
    }

    fn pause(&mut self, reason: PauseReason, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::Backoff);
        ctx.timers.stop(&TimerKind::OfflineProbe);
        self.state = State::Paused(reason);
        if reason == PauseReason::Offline {
            let at = ctx.deadline(limits::OFFLINE_PROBE);
            ctx.timers.set(TimerKind::OfflineProbe, at);
        }
        self.report(ConnectionState::Paused { reason }, ctx);
    }

    fn attempt_now(&mut self, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::Backoff);
        ctx.timers.stop(&TimerKind::OfflineProbe);
        let auth = AuthId(ctx.fresh());
        self.state = State::Token { auth };
        let attempt = self.backoff.begin();
        self.attempted = ctx.now.mono;
        let at = ctx.deadline(limits::ATTEMPT_TIMEOUT);
        ctx.timers.set(TimerKind::Attempt, at);
        self.report(ConnectionState::Connecting { attempt }, ctx);
        ctx.emit(Output::FetchAuth { auth, fresh: self.fresh_token });
    }

    pub(crate) fn on_auth(&mut self, auth: AuthId, result: AuthResult, ctx: &mut Ctx) -> Heard<'static> {
        if !matches!(self.state, State::Token { auth: asked } if asked == auth) {
            return Heard::Nothing;
        }
        let token = match result {
            AuthResult::Token { token } => Some(token),
            AuthResult::Anonymous {} => None,
            AuthResult::Missing {} => return self.refuse("AUTH", "No auth token available", ctx),
            AuthResult::Failed {} => return self.down(DownReason::NoToken, Blame::Unknown, ctx),
        };
        let link = LinkId(ctx.fresh());
        self.state = State::Opening { link, token };
        ctx.emit(Output::Open { link, transport: Transport::WebSocket, url: None });
        Heard::Nothing
    }

    pub(crate) fn on_opened(&mut self, opened: LinkId) {
        if let State::Opening { link, token } = &mut self.state
            && *link == opened
        {
            self.state = State::Greeting { link: *link, token: token.take() };
        }
    }

    pub(crate) fn on_closed(&mut self, closed: LinkId, cause: CloseCause, ctx: &mut Ctx) -> Heard<'static> {
        if self.link() != Some(closed) {
            return Heard::Nothing;
        }
        let own = self.network == NetworkSignal::Offline;
        match cause {
            CloseCause::Overloaded => self.down(DownReason::Overloaded, Blame::Overloaded, ctx),
            CloseCause::Unreachable => {
                self.down(DownReason::Unreachable, if own { Blame::Own } else { Blame::Unknown }, ctx)
            }
            CloseCause::Lost => {
                self.down(DownReason::Lost, if own { Blame::Own } else { Blame::Unknown }, ctx)
            }
        }
    }

    /// The link is no good any more: close it if it is still there, wait, try again.
    fn down(&mut self, reason: DownReason, blame: Blame, ctx: &mut Ctx) -> Heard<'static> {
        let heard = self.leave(State::Waiting, ctx);
        if !self.wanted {
            self.state = State::Idle;
            return heard;
        }
        let span = self.backoff.next(blame, ctx);
        let until = ctx.deadline(span);
        ctx.timers.set(TimerKind::Backoff, until);
        self.report(ConnectionState::Waiting { attempt: self.backoff.attempt() + 1, until, reason }, ctx);
        // Where attempts are pointless now, that is the state to show.
        if self.network == NetworkSignal::Offline {
            self.pause(PauseReason::Offline, ctx);
        } else if self.app == AppSignal::Background {
            self.pause(PauseReason::Background, ctx);
        }
        heard
    }

    fn close_and_down(&mut self, reason: DownReason, blame: Blame, ctx: &mut Ctx) -> Heard<'static> {
        if let Some(link) = self.link() {
            ctx.emit(Output::Close { link });
        }
        self.down(reason, blame, ctx)
    }

    /// Terminal until `Connect` (C5).
    fn refuse(&mut self, code: &str, message: &str, ctx: &mut Ctx) -> Heard<'static> {
        if let Some(link) = self.link() {
            ctx.emit(Output::Close { link });
        }
        let heard = self.leave(State::Idle, ctx);
        self.report(ConnectionState::Refused { code: code.to_owned(), message: message.to_owned() }, ctx);
        heard
    }

    fn leave(&mut self, next: State, ctx: &mut Ctx) -> Heard<'static> {
        let was_up = matches!(self.state, State::Up { .. });
        self.state = next;
        self.old_enough = false;
        for kind in [
            TimerKind::Attempt,
            TimerKind::Backoff,
            TimerKind::Heartbeat,
            TimerKind::Probe,
            TimerKind::Stable,
            TimerKind::OfflineProbe,
        ] {
            ctx.timers.stop(&kind);
        }
        let acks = self.acks.clear();
        if was_up { Heard::Down { acks } } else { Heard::Nothing }
    }

    // ---- sending

    /// Whether the server speaks the dialect.
    pub(crate) fn dialect(&self) -> bool {
        matches!(self.state, State::Up { dialect: true, .. })
    }

    /// Sends an event whose arguments the engine wrote itself; returns the acknowledgement's id.
    pub(crate) fn request(&mut self, name: &str, args: &str, what: AckFor, ctx: &mut Ctx) -> Option<u64> {
        let link = self.usable(ctx)?;
        let ack = self.acks.open(what);
        let text = socket::event(&self.namespace, Some(ack), name, args);
        ctx.emit(Output::Send { link, text: Payload(text), body: None });
        Some(ack)
    }

    /// Sends an event whose answer nobody needs. It asks for one all the same: a foreign server's handler may insist on it.
    pub(crate) fn tell(&mut self, name: &str, args: &str, ctx: &mut Ctx) {
        if let Some(link) = self.usable(ctx) {
            let text = socket::event(&self.namespace, Some(self.acks.pass()), name, args);
            ctx.emit(Output::Send { link, text: Payload(text), body: None });
        }
    }

    /// Nobody waits for this acknowledgement any more.
    pub(crate) fn forget(&mut self, ack: u64) {
        self.acks.forget(ack);
    }

    /// Sends an event of the app. False: not now.
    pub(crate) fn send_event(
        &mut self,
        name: &str,
        body: Option<BodyId>,
        emit: Option<EmitId>,
        ctx: &mut Ctx,
    ) -> bool {
        let Some(link) = self.usable(ctx) else { return false };
        let ack = emit.map(|emit| self.acks.open(AckFor::Emit(emit)));
        let text = match body {
            Some(_) => {
                let mut text = socket::event_start(&self.namespace, ack, name);
                text.push(',');
                text
            }
            None => socket::event(&self.namespace, ack, name, ""),
        };
        ctx.emit(Output::Send { link, text: Payload(text), body });
        true
    }

    /// Answers an event of the peer, if the link that it came on is still up.
    pub(crate) fn reply(
        &mut self,
        ack: &AckToken,
        body: Option<BodyId>,
        ctx: &mut Ctx,
    ) -> Result<(), Refusal> {
        let link = self.usable(ctx).filter(|link| *link == ack.link).ok_or(Refusal::LinkGone)?;
        let mut text = socket::ack(ack.namespace.as_deref().unwrap_or(&self.namespace), ack.id, "");
        if body.is_some() {
            text.pop();
        }
        ctx.emit(Output::Send { link, text: Payload(text), body });
        Ok(())
    }

    /// Nobody waits for this acknowledgement any more.
    pub(crate) fn forget_emit(&mut self, emit: EmitId) {
        self.acks.forget_emit(emit);
    }

    /// The link, if the session is up and its deadline has not passed: nothing is written to a link that may be dead (C4).
    fn usable(&self, ctx: &Ctx) -> Option<LinkId> {
        match self.state {
            State::Up { link, life, .. } if ctx.now.mono < life.deadline() => Some(link),
            State::Up { .. }
            | State::Idle
            | State::Paused(_)
            | State::Waiting
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
            | State::Joining { .. } => None,
        }
    }

    fn link(&self) -> Option<LinkId> {
        match self.state {
            State::Opening { link, .. }
            | State::Greeting { link, .. }
            | State::Joining { link, .. }
            | State::Up { link, .. } => Some(link),
            State::Idle | State::Paused(_) | State::Waiting | State::Token { .. } => None,
        }
    }

    fn report(&mut self, state: ConnectionState, ctx: &mut Ctx) {
        if self.reported != state {
            ctx.emit(Output::Connection { state: state.clone() });
            self.reported = state;
        }
    }
}
