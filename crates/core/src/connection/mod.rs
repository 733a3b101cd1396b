//! The one link to the server: when to make it, when to give it up, what is written to it (C1 to C5).
//!
//! It knows no room and no write. What a frame means beyond the session is told to the engine as a [`Heard`].

mod acks;
mod backoff;

use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{
    AppSignal, AuthResult, CloseCause, ConnectionState, DownReason, FrameBody, NetworkSignal, Note, Output,
    PauseReason,
};
use crate::limits;
use crate::secret::Payload;
use crate::timers::TimerKind;
pub(crate) use acks::AckFor;
use acks::Acks;
use backoff::{Backoff, Blame};
use tidewire_wire::engine::Handshake;
use tidewire_wire::{dialect, head, socket};

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
    Event { meta: Option<head::Meta<'a>>, name: std::borrow::Cow<'a, str>, skip: u8, body: BodyId },
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
    /// A session was up since `Connect`.
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
        self.was_up = false;
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
        ctx.emit(Output::Open { link });
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

    // ---- frames

    pub(crate) fn on_frame<'a>(
        &mut self,
        from: LinkId,
        text: &'a str,
        length: u32,
        body: FrameBody,
        ctx: &mut Ctx,
    ) -> Heard<'a> {
        if self.link() != Some(from) {
            ctx.emit(Output::Log { note: Note::LateFrame });
            release(body, ctx);
            return Heard::Nothing;
        }
        if length > limits::FRAME {
            release(body, ctx);
            return self.close_and_down(DownReason::Oversized, Blame::Overloaded, ctx);
        }
        if self.is_overdue(ctx.now.mono) {
            // The device slept, and the timer has not run yet: the peer has given this link up already.
            release(body, ctx);
            return self.close_and_down(DownReason::Silent, Blame::Unknown, ctx);
        }
        self.heard(ctx.now.mono);
        let truncated = text.chars().map(char::len_utf16).sum::<usize>() < length as usize;
        let dialect = matches!(self.state, State::Up { dialect: true, .. });
        let frame = match body {
            FrameBody::Invalid {} | FrameBody::Binary {} => None,
            FrameBody::None {} | FrameBody::Json { .. } => head::parse(text, truncated, dialect).ok(),
        };
        match frame {
            Some(frame) => self.on_parsed(frame, truncated, body, ctx),
            None => {
                release(body, ctx);
                self.close_and_down(DownReason::Malformed, Blame::Overloaded, ctx)
            }
        }
    }

    fn on_parsed<'a>(
        &mut self,
        frame: head::Frame<'a>,
        truncated: bool,
        body: FrameBody,
        ctx: &mut Ctx,
    ) -> Heard<'a> {
        use head::Frame;
        let kept = match body {
            FrameBody::Json { body } => Some(body),
            FrameBody::None {} | FrameBody::Invalid {} | FrameBody::Binary {} => None,
        };
        match (frame, kept) {
            (Frame::Event { namespace, meta, name, skip, .. }, Some(body))
                if self.is_ours(namespace) && matches!(self.state, State::Up { .. }) =>
            {
                return Heard::Event { meta, name, skip, body };
            }
            (Frame::Ack { namespace, id, args }, Some(body)) if self.is_ours(namespace) => {
                match self.acks.take(id) {
                    Some(AckFor::Probe) => ctx.timers.stop(&TimerKind::Probe),
                    Some(what @ (AckFor::Emit(_) | AckFor::Join(_))) => {
                        return Heard::Ack { ack: id, what, args, truncated, body };
                    }
                    None if self.acks.was_passed(id) => {}
                    None => ctx.emit(Output::Log { note: Note::StrayAck }),
                }
            }
            (Frame::Open(handshake), _) => self.on_hello(&handshake, ctx),
            (Frame::Ping { .. }, _) => self.pong(ctx),
            (Frame::Close, _) => {
                release(body, ctx);
                return self.close_and_down(DownReason::ServerClosed, Blame::Unknown, ctx);
            }
            (Frame::Connect { namespace, sid, tidewire }, _) if self.is_ours(namespace) => {
                release(body, ctx);
                return self.on_session(&sid, tidewire, ctx);
            }
            (Frame::ConnectError { namespace, message, code }, _) if self.is_ours(namespace) => {
                release(body, ctx);
                return self.on_refusal(&message, code.as_deref(), ctx);
            }
            (Frame::Disconnect { namespace }, _) if self.is_ours(namespace) => {
                release(body, ctx);
                return self.close_and_down(DownReason::ServerClosed, Blame::Unknown, ctx);
            }
            (Frame::Binary, _) => {
                release(body, ctx);
                return self.close_and_down(DownReason::Malformed, Blame::Overloaded, ctx);
            }
            (
                Frame::Event { .. }
                | Frame::Ack { .. }
                | Frame::Connect { .. }
                | Frame::ConnectError { .. }
                | Frame::Disconnect { .. }
                | Frame::Pong
                | Frame::Noop
                | Frame::Upgrade,
                _,
            ) => {}
        }
        release(body, ctx);
        Heard::Nothing
    }

    fn is_ours(&self, namespace: &str) -> bool {
        namespace == self.namespace
    }

    fn on_hello(&mut self, handshake: &Handshake, ctx: &mut Ctx) {
        // A host may deliver the first frame without having said `Opened`.
        let (link, token) = match &mut self.state {
            State::Opening { link, token } | State::Greeting { link, token } => (*link, token.take()),
            State::Idle
            | State::Paused(_)
            | State::Waiting
            | State::Token { .. }
            | State::Joining { .. }
            | State::Up { .. } => return,
        };
        let patience = Millis(handshake.ping_interval_ms.saturating_add(handshake.ping_timeout_ms));
        let life = Life { patience, heard: ctx.now.mono };
        self.state = State::Joining { link, life };
        ctx.timers.set(TimerKind::Heartbeat, life.deadline());
        let auth = dialect::connect_auth(token.as_ref().map(|t| t.0.as_str()), true);
        ctx.emit(Output::Send { link, text: Payload(socket::connect(&self.namespace, &auth)), body: None });
    }

    fn on_session(&mut self, sid: &str, dialect: bool, ctx: &mut Ctx) -> Heard<'static> {
        let State::Joining { link, life } = self.state else { return Heard::Nothing };
        self.state = State::Up { link, life, dialect };
        self.fresh_token = false;
        ctx.timers.stop(&TimerKind::Attempt);
        let at = ctx.deadline(limits::STABLE_AFTER);
        ctx.timers.set(TimerKind::Stable, at);
        self.report(ConnectionState::Connected { sid: sid.to_owned(), tidewire: dialect }, ctx);
        let again = std::mem::replace(&mut self.was_up, true);
        Heard::Up { again }
    }

    /// One attempt with a fresh token; after that a refusal is final. A server that is merely busy is asked again.
    fn on_refusal(&mut self, message: &str, code: Option<&str>, ctx: &mut Ctx) -> Heard<'static> {
        match code {
            Some("OVERLOADED") => self.close_and_down(DownReason::Overloaded, Blame::Overloaded, ctx),
            Some("TIMEOUT") => self.close_and_down(DownReason::Refused, Blame::Unknown, ctx),
            Some(_) | None if !self.fresh_token => {
                self.fresh_token = true;
                self.close_and_down(DownReason::Refused, Blame::Own, ctx)
            }
            Some(_) | None => self.refuse(code.unwrap_or("AUTH"), message, ctx),
        }
    }

    fn pong(&mut self, ctx: &mut Ctx) {
        if let Some(link) = self.link() {
            ctx.emit(Output::Send { link, text: "3".into(), body: None });
        }
    }

    fn is_overdue(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Joining { life, .. } | State::Up { life, .. } if now >= life.deadline())
    }

    /// C4: any inbound byte is life.
    fn heard(&mut self, now: Timestamp) {
        if let State::Joining { life, .. } | State::Up { life, .. } = &mut self.state {
            life.heard = now;
        }
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

    // ---- signals

    /// C3, C4: hints. They start an attempt or a probe, and never undo `disconnect()`.
    pub(crate) fn on_network(&mut self, signal: NetworkSignal, ctx: &mut Ctx) {
        let news = self.network != signal;
        self.network = signal;
        match signal {
            NetworkSignal::Offline => {
                if let State::Waiting = self.state {
                    self.pause(PauseReason::Offline, ctx);
                }
            }
            NetworkSignal::Online | NetworkSignal::Changed | NetworkSignal::Unknown => self.nudge(news, ctx),
        }
    }

    pub(crate) fn on_app(&mut self, signal: AppSignal, ctx: &mut Ctx) {
        let news = self.app != signal;
        self.app = signal;
        match signal {
            AppSignal::Background => {
                if let State::Waiting = self.state {
                    self.pause(PauseReason::Background, ctx);
                }
            }
            AppSignal::Foreground => self.nudge(news, ctx),
        }
    }

    /// `news`: the signal says something else than the last one. A platform that repeats itself hastens nothing: a storm of
    /// signals would be a storm of attempts.
    fn nudge(&mut self, news: bool, ctx: &mut Ctx) {
        match self.state {
            State::Waiting if !news && ctx.now.mono.since(self.attempted) < limits::LINK_BACKOFF_UNKNOWN => {
                let soon = self.attempted.after(limits::LINK_BACKOFF_UNKNOWN);
                if let ConnectionState::Waiting { attempt, until, reason } = self.reported
                    && until > soon
                {
                    ctx.timers.set(TimerKind::Backoff, soon);
                    self.report(ConnectionState::Waiting { attempt, until: soon, reason }, ctx);
                }
            }
            State::Paused(_) | State::Waiting => self.attempt(ctx),
            State::Up { dialect: true, .. } => self.probe(ctx),
            State::Up { dialect: false, .. }
            | State::Idle
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
            | State::Joining { .. } => {}
        }
    }

    fn probe(&mut self, ctx: &mut Ctx) {
        if ctx.timers.get(&TimerKind::Probe).is_none()
            && self.request(dialect::PROBE, "", AckFor::Probe, ctx).is_some()
        {
            let at = ctx.deadline(limits::PROBE_TIMEOUT);
            ctx.timers.set(TimerKind::Probe, at);
        }
    }

    /// Known to be without a network: the platform says so and the link does not prove it wrong.
    pub(crate) fn is_offline(&self) -> bool {
        self.network == NetworkSignal::Offline && !matches!(self.state, State::Up { .. })
    }

    // ---- time

    pub(crate) fn on_attempt_timeout(&mut self, ctx: &mut Ctx) -> Heard<'static> {
        if let State::Token { .. } = self.state {
            return self.down(DownReason::NoToken, Blame::Unknown, ctx);
        }
        self.close_and_down(DownReason::AttemptTimeout, Blame::Unknown, ctx)
    }

    pub(crate) fn on_backoff(&mut self, ctx: &mut Ctx) {
        if let State::Waiting = self.state {
            self.attempt(ctx);
        }
    }

    pub(crate) fn on_offline_probe(&mut self, ctx: &mut Ctx) {
        match self.state {
            // No loop there either.
            State::Paused(PauseReason::Offline) if self.app == AppSignal::Background => {
                self.pause(PauseReason::Background, ctx);
            }
            State::Paused(PauseReason::Offline) => self.attempt_now(ctx),
            State::Paused(PauseReason::Background)
            | State::Idle
            | State::Waiting
            | State::Token { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
            | State::Joining { .. }
            | State::Up { .. } => {}
        }
    }

    pub(crate) fn on_heartbeat(&mut self, ctx: &mut Ctx) -> Heard<'static> {
        let (State::Joining { life, .. } | State::Up { life, .. }) = self.state else {
            return Heard::Nothing;
        };
        if ctx.now.mono < life.deadline() {
            ctx.timers.set(TimerKind::Heartbeat, life.deadline());
            return Heard::Nothing;
        }
        self.close_and_down(DownReason::Silent, Blame::Unknown, ctx)
    }

    pub(crate) fn on_probe_timeout(&mut self, ctx: &mut Ctx) -> Heard<'static> {
        self.close_and_down(DownReason::Silent, Blame::Own, ctx)
    }

    pub(crate) fn on_stable(&mut self) {
        self.old_enough = true;
    }

    /// C2: earlier failures are forgotten once the session is synced and old enough.
    pub(crate) fn settle(&mut self, synced: bool) {
        if synced && self.old_enough {
            self.backoff.reset();
        }
    }

    fn report(&mut self, state: ConnectionState, ctx: &mut Ctx) {
        if self.reported != state {
            ctx.emit(Output::Connection { state: state.clone() });
            self.reported = state;
        }
    }
}

fn release(body: FrameBody, ctx: &mut Ctx) {
    if let FrameBody::Json { body } = body {
        ctx.emit(Output::Release { bodies: vec![body] });
    }
}
