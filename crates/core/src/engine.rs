//! Routes commands and inputs to the sub-machines, and what one has to tell another. Decides nothing itself.

use crate::connection::{AckFor, Connection, Heard, Incoming, Outgoing, Takeover, Whole};
use crate::ctx::Ctx;
use crate::emits::{self, Emits};
use crate::facts::{Fact, Facts};
use crate::gather::Gather;
use crate::ids::*;
use crate::io::*;
use crate::limits;
use crate::outbox::Outbox;
use crate::sync::{Arrived, Base, Sync};
use crate::timers::TimerKind;
use tidewire_wire::head::JoinAnswer;

/// What the engine is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Owner of the store's records (Q20).
    pub partition: Partition,
    /// What stands at the other end of the requests.
    pub server: Server,
    /// Socket.IO namespace, `/` by default.
    pub namespace: String,
    /// What is known of origins that absolute URLs name; one that is not listed is [`OriginKind::Plain`].
    pub origins: Vec<OriginRule>,
    /// How much the queue may hold; absent: the defaults.
    pub queue: Option<QueueLimits>,
    /// The host can do HTTP long-polling: it is tried where no WebSocket comes up (C1).
    pub polling: bool,
    /// An event that a foreign server acknowledges at once, to probe the link with (C4).
    pub probe_event: Option<String>,
    /// How a foreign server is asked for rooms; absent: as our own is (C7).
    pub join: Option<ForeignJoin>,
}

impl Config {
    /// For our own server, with all defaults.
    #[must_use]
    pub fn new(partition: Partition) -> Config {
        Config {
            partition,
            server: Server::Tidewire,
            namespace: "/".to_owned(),
            origins: Vec::new(),
            queue: None,
            polling: false,
            probe_event: None,
            join: None,
        }
    }
}

/// How much the queue may hold (Q15). Beyond it new writes are refused as `QueueFull`; nothing is evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Pending writes.
    pub pending: u32,
    /// Bytes of pending writes.
    pub pending_bytes: u64,
    /// Parked writes.
    pub parked: u32,
    /// Bytes of parked writes.
    pub parked_bytes: u64,
}

impl Default for QueueLimits {
    fn default() -> QueueLimits {
        QueueLimits {
            pending: limits::PENDING_WRITES,
            pending_bytes: limits::PENDING_BYTES,
            parked: limits::PARKED_WRITES,
            parked_bytes: limits::PARKED_BYTES,
        }
    }
}

/// What is known of an origin (Q9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginRule {
    /// `scheme://host[:port]`, as it stands in URLs.
    pub origin: String,
    /// What it is.
    pub kind: OriginKind,
}

/// What may be sent to an origin, and what its answers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginKind {
    /// Our server: all headers, marked answers, any write may be repeated.
    Tidewire {},
    /// A foreign one that takes an `Idempotency-Key`.
    Keyed {
        /// How the key is written.
        style: KeyStyle,
    },
    /// A foreign one that gets none of our headers.
    Plain {},
}

/// How an `Idempotency-Key` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStyle {
    /// As a structured field: `"key"`.
    Quoted,
    /// As it is: `key`.
    Bare,
}

/// How a foreign server is asked for rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignJoin {
    /// The event that asks to be let in.
    pub event: String,
    /// The event that leaves; absent: none is sent.
    pub leave: Option<String>,
    /// The argument is an object with the room under this key; absent: it is the room's name itself.
    pub key: Option<String>,
    /// It acknowledges. If not, a room counts as joined once it was asked for; if it should and does not within
    /// `limits::JOIN_TIMEOUT`, then too.
    pub answers: bool,
}

/// What kind of backend answers the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Built with `tidewire-server`: answers carry `Tidewire-Outcome`.
    Tidewire,
    /// Any HTTP API.
    Foreign,
}

/// The engine. See the crate's documentation for its run loop.
#[derive(Debug)]
pub struct Engine {
    ctx: Ctx,
    facts: Facts,
    connection: Connection,
    emits: Emits,
    sync: Sync,
    outbox: Outbox,
}

impl Engine {
    /// An engine for one partition. `seed` is its only source of randomness: 32 random bytes of the host.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32], now: Now) -> Engine {
        let mut ctx = Ctx::new(seed, now);
        let emits = Emits::new(&mut ctx);
        let outbox = Outbox::new(&config, &mut ctx);
        Engine {
            ctx,
            facts: Facts::default(),
            connection: Connection::new(config.namespace, config.polling, config.probe_event),
            emits,
            sync: Sync::new(config.join),
            outbox,
        }
    }

    /// Takes in a fact.
    pub fn handle(&mut self, input: Input, now: Now) {
        self.ctx.begin(now);
        self.route(input);
        self.finish();
    }

    /// Takes in an intent of the app.
    ///
    /// # Errors
    /// A [`Refusal`] changes nothing.
    pub fn command(&mut self, command: Command, now: Now) -> Result<Accepted, Refusal> {
        self.ctx.begin(now);
        let result = self.obey(command);
        self.finish();
        result
    }

    /// The next effect, in the order of the host's work.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.ctx.poll()
    }

    /// When `Input::Timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.next_timer().map(|(at, _)| at)
    }

    /// The next deadline and why it exists.
    #[must_use]
    pub fn next_timer(&self) -> Option<(Timestamp, &TimerKind)> {
        self.ctx.timers.next()
    }

    fn obey(&mut self, command: Command) -> Result<Accepted, Refusal> {
        let Engine { ctx, facts, connection, emits, sync, outbox } = self;
        if outbox.is_suspended() && !matches!(command, Command::Disconnect {} | Command::Suspend {}) {
            return Err(Refusal::Suspended);
        }
        match command {
            Command::Connect {} => connection.connect(ctx),
            Command::Disconnect {} => {
                let heard = connection.disconnect(ctx);
                emits.drop_all(ctx);
                self.on_heard(heard);
            }
            Command::Emit { emit, namespace, name, body, attachments, size, ack, timeout, class } => {
                let event = Outgoing { emit, namespace, name, body, attachments, size, ack };
                emits.emit(event, timeout, class, connection, ctx)?;
            }
            Command::Reply { ack, body, attachments, size } => {
                emits::fits(&attachments, size)?;
                connection.reply(&ack, body, &attachments, ctx)?;
            }
            Command::OpenNamespace { namespace } => connection.open_namespace(namespace, ctx)?,
            Command::CloseNamespace { namespace } => connection.close_namespace(&namespace, ctx),
            Command::Rejoin { room } => sync.rejoin(&room, connection, ctx),
            Command::Join { room } => sync.join(room, connection, ctx)?,
            Command::Leave { room } => sync.leave(&room, connection, ctx),
            Command::Submit { write } => return self.submit(write),
            Command::Cancel { write } => return outbox.cancel(&write, ctx, facts),
            Command::Discard { write } => return outbox.discard(&write, ctx, facts),
            Command::Retry { write } => return outbox.retry(&write, ctx),
            Command::Process { pass } => outbox.process(pass, ctx),
            Command::Edit { write, submission } => return outbox.edit(&write, submission, ctx),
            Command::Resolve { write, resolution } => return outbox.resolve(&write, resolution, ctx),
            Command::Export {} => outbox.export(ctx),
            Command::SetProcessing { on } => outbox.set_processing(on),
            Command::Clear {} => outbox.clear(ctx, facts),
            Command::Suspend {} => {
                outbox.suspend();
                let heard = connection.disconnect(ctx);
                emits.drop_all(ctx);
                self.on_heard(heard);
            }
        }
        Ok(Accepted::Done {})
    }

    fn submit(&mut self, submission: Submission) -> Result<Accepted, Refusal> {
        let layer = submission.optimistic.then(|| {
            let definition = (submission.name.clone(), submission.version, submission.variables.clone());
            (definition, submission.touched.clone())
        });
        let accepted = self.outbox.submit(submission, &mut self.ctx)?;
        if let (Some((definition, touched)), Accepted::Queued { write }) = (layer, &accepted) {
            self.sync.layers.add(write, definition, touched, &mut self.ctx);
        }
        Ok(accepted)
    }

    fn route(&mut self, input: Input) {
        let Engine { ctx, facts, connection, emits, sync, outbox } = self;
        match input {
            Input::Loaded { load, records } => outbox.loaded(load, records, ctx, facts),
            Input::LoadFailed { load } => outbox.load_failed(load, ctx),
            Input::Persisted { persist } => outbox.persisted(persist, ctx, facts),
            Input::PersistFailed { persist, error } => outbox.persist_failed(persist, error, ctx, facts),
            Input::StoreChanged { key, value } => {
                outbox.store_changed(&key, value.as_ref().map(|v| v.0.as_slice()), ctx, facts);
            }
            Input::Leader { epoch } => outbox.lead(epoch, ctx, facts),
            Input::LeaderLost {} => outbox.lock_lost(ctx, facts),
            Input::Verified { write, found } => outbox.verified(&write, found, ctx),
            Input::Reached { origin } => outbox.reached(&origin, ctx),
            Input::StoreNewer {} => outbox.store_newer(ctx, facts),
            Input::Definitions { known } => outbox.definitions(known, ctx),
            Input::Upcasted { write, result } => outbox.upcasted(&write, result, ctx),
            Input::Opened { link } => connection.on_opened(link),
            Input::Received { link, head, length, body } => self.on_frame(link, &head.0, length, body),
            Input::ReceivedBinary { link, body, length } => {
                let (whole, heard) = connection.on_binary(link, body, length, ctx);
                self.on_heard(heard);
                if let Some(whole) = whole {
                    self.on_whole(link, whole);
                }
            }
            Input::Writable { link, on } => {
                connection.on_writable(link, on);
                emits.flush(connection, ctx);
            }
            Input::Closed { link, cause } => {
                let heard = connection.on_closed(link, cause, ctx);
                self.on_heard(heard);
            }
            Input::Auth { auth, result } => {
                if !outbox.on_auth(auth, &result, ctx) {
                    let heard = connection.on_auth(auth, result, ctx);
                    self.on_heard(heard);
                }
            }
            Input::Responded { fetch, response } => outbox.responded(fetch, response, ctx),
            Input::RequestFailed { fetch, cause } => outbox.request_failed(fetch, cause, ctx),
            Input::Network { signal } => connection.on_network(signal, ctx),
            Input::App { signal } => {
                outbox.on_app(signal);
                connection.on_app(signal, ctx);
            }
            Input::Bound { room, queries } => sync.bound(room, queries, connection, ctx, facts),
            Input::FetchStarted { query, read } => sync.fetch_started(query, read, ctx),
            Input::FetchFailed { query, read } => sync.fetch_failed(query, read),
            Input::BaseInstalled { query, read, positions, applied, carries, restored } => {
                let base = Base { query, read, positions, applied, carries, restored };
                sync.base_installed(base, connection, ctx, facts);
            }
            Input::QueryGone { query } => sync.query_gone(query, ctx, facts),
            Input::Touched { write, queries } => sync.layers.touched(&write, queries, ctx),
            Input::Timeout {} => self.on_timeout(),
        }
    }

    fn on_timeout(&mut self) {
        while let Some(kind) = self.ctx.timers.expired(self.ctx.now.mono) {
            let Engine { ctx, facts, connection, emits, sync, outbox } = self;
            let mut heard = Heard::Nothing;
            match kind {
                TimerKind::Attempt => heard = connection.on_attempt_timeout(ctx),
                TimerKind::Backoff => connection.on_backoff(ctx),
                TimerKind::Heartbeat => heard = connection.on_heartbeat(ctx),
                TimerKind::Probe => heard = connection.on_probe_timeout(ctx),
                TimerKind::Stable => connection.on_stable(),
                TimerKind::OfflineProbe => connection.on_offline_probe(ctx),
                TimerKind::Token => connection.on_token_timer(ctx),
                TimerKind::Takeover => connection.on_takeover_timeout(ctx),
                TimerKind::Namespace(name) => connection.on_namespace_timer(&name, ctx),
                TimerKind::Join(room) => sync.on_join_timeout(&room, connection, ctx),
                TimerKind::Emit(emit) => emits.on_timeout(emit, connection, ctx),
                TimerKind::Reload => outbox.ask_load(ctx),
                TimerKind::StoreRetry => outbox.on_store_retry(ctx),
                TimerKind::OfflineSend => outbox.on_offline_probe(),
                TimerKind::Challenge => outbox.on_challenge_timeout(ctx),
                TimerKind::Request(fetch) => outbox.on_request_timeout(fetch, ctx),
                TimerKind::OriginPause(origin) => outbox.on_pause_over(&origin, ctx),
                // Nobody fetches or decides for a user who has left.
                TimerKind::Layer(_) | TimerKind::Conflict(_) | TimerKind::Expiry if outbox.is_suspended() => {
                }
                TimerKind::Conflict(write) => outbox.on_conflict_timeout(&write, ctx),
                TimerKind::Expiry => outbox.on_expiry(ctx),
                TimerKind::WriteRetry(write) => outbox.on_write_retry(&write, ctx),
                TimerKind::Layer(write) => sync.layers.on_overdue(&write, ctx, facts),
            }
            self.on_heard(heard);
        }
    }

    fn on_frame(&mut self, link: LinkId, head: &str, length: u32, body: FrameBody) {
        let heard = self.connection.on_frame(link, head, length, body, &mut self.ctx);
        self.on_packet(heard);
    }

    /// A packet that waited for its attachments, or for another link to end.
    fn on_whole(&mut self, link: LinkId, whole: Whole) {
        let Whole { text, truncated, body, attachments } = whole;
        let heard = self.connection.on_whole(link, &text, truncated, body, attachments, &mut self.ctx);
        self.on_packet(heard);
    }

    fn on_packet(&mut self, heard: Heard<'_>) {
        match heard {
            Heard::Event(incoming) => {
                let Engine { ctx, facts, connection, sync, outbox, .. } = self;
                let Incoming { link, namespace, meta, name, skip, id, body, attachments } = incoming;
                let own =
                    meta.as_ref().is_some_and(|m| outbox.is_own(&WriteId(m.write_id.clone().into_owned())));
                let ack = id.map(|id| AckToken { link, namespace: namespace.clone(), id });
                let event = Arrived { namespace, body, attachments, skip, name: &name, own, ack };
                match meta {
                    Some(meta) => sync.on_room_event(&meta, event, connection, ctx, facts),
                    None => sync.on_plain_event(event, connection.dialect(), ctx),
                }
            }
            Heard::Ack { ack, what: AckFor::Join(room), args, truncated, body, attachments } => {
                let Engine { ctx, facts, connection, sync, .. } = self;
                let answer = JoinAnswer::parse(args, truncated).unwrap_or(JoinAnswer::Foreign);
                sync.on_join_answer(&room, ack, &answer, connection, ctx, facts);
                ctx.emit(Output::Release { bodies: std::iter::once(body).chain(attachments).gather() });
            }
            Heard::Ack { what, body, attachments, .. } => {
                self.emits.answered(&what, body, attachments, &mut self.ctx);
            }
            signal @ (Heard::Nothing | Heard::Up(_) | Heard::NamespaceUp | Heard::Down { .. }) => {
                self.on_heard(signal.signal())
            }
        }
    }

    fn on_heard(&mut self, heard: Heard<'static>) {
        let Engine { ctx, connection, emits, sync, outbox, .. } = self;
        match heard {
            Heard::Up(rise) => {
                sync.link_up(rise.again, rise.restored, connection, ctx);
                emits.link_up(&rise, connection, ctx);
                outbox.link_up(ctx);
            }
            Heard::NamespaceUp => emits.flush(connection, ctx),
            Heard::Down { acks } => {
                emits.lost(acks, ctx);
                emits.link_down(ctx);
                sync.link_down(ctx);
            }
            Heard::Nothing | Heard::Event(_) | Heard::Ack { .. } => {}
        }
    }

    /// A link that another one has taken over from is dropped once the rooms are joined there (C4).
    fn end_takeover(&mut self) {
        let synced = self.sync.is_synced();
        let Takeover { acks, events } = self.connection.end_takeover(synced, &mut self.ctx);
        self.emits.lost(acks, &mut self.ctx);
        self.emits.flush(&mut self.connection, &mut self.ctx);
        for event in events {
            match self.connection.link() {
                Some(link) => self.on_whole(link, event),
                None => self.ctx.emit(Output::Release { bodies: event.bodies() }),
            }
        }
    }

    /// The end of every call: facts to whom they concern, then what follows from the new state.
    fn finish(&mut self) {
        self.end_takeover();
        let Engine { ctx, facts, connection, sync, outbox, .. } = self;
        while let Some(fact) = facts.pop() {
            match fact {
                Fact::LayerFound(seed) => sync.layers.insert(seed, ctx),
                Fact::LayerDropped(write) => sync.layers.drop_layer(&write, ctx),
                Fact::Claimed { write, claim } => sync.layers.claimed(&write, claim),
                Fact::Acknowledged(write) => {
                    sync.layers.acknowledged(&write, ctx, facts);
                    sync.retry_denied(connection, ctx);
                }
                Fact::Renamed(named) => sync.layers.renamed(&named),
                Fact::LayerFinished(write) => outbox.layer_finished(&write),
            }
        }
        outbox.set_offline(connection.is_offline(), ctx);
        outbox.pump(ctx, facts);
        connection.settle(sync.is_synced());
        outbox.report(ctx);
    }
}
