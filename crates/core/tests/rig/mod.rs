//! A host on virtual time for tests: a disk, a scripted link, requests that the test answers. No sleeps, no threads.
#![allow(dead_code, unreachable_pub, clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

pub mod rooms;

use std::collections::{BTreeMap, VecDeque};

use tidewire_core::*;

/// A host. Fields are public: a test looks at what it needs.
pub struct Rig {
    pub engine: Engine,
    pub now: u64,
    /// The wall clock when `now` was zero.
    pub wall: u64,
    pub disk: BTreeMap<String, Vec<u8>>,
    /// Every output since the last `take`.
    pub log: Vec<Output>,
    /// Requests not answered yet.
    pub requests: VecDeque<(FetchId, Request)>,
    /// Persist steps are kept here instead of being done at once.
    pub hold_disk: bool,
    pub held: VecDeque<(PersistId, String, Option<Blob>)>,
    /// What the disk says instead of taking a step.
    pub disk_error: Option<StoreError>,
    /// Attempts to connect succeed.
    pub reachable: bool,
    pub dialect: bool,
    /// CONNECT is answered with this instead.
    pub refusal: Option<&'static str>,
    /// A grant that says more than the usual one.
    pub grant: Option<String>,
    /// What comes before `{...}` or instead of the grant of any other namespace.
    pub namespace_answer: Option<&'static str>,
    /// Links are opened, and nothing comes on them.
    pub mute: bool,
    /// Last arguments of frames to come, as a host tells them.
    pub last: Option<String>,
    pub opened: Vec<(Transport, Option<String>)>,
    pub token: AuthResult,
    pub link: Option<LinkId>,
    pub tokens_asked: Vec<bool>,
    bodies: u32,
    reads: u32,
    reading: BTreeMap<u32, u32>,
    config: Config,
    seed: u8,
    epoch: u64,
}

pub const WALL: u64 = 1_790_000_000_000;

pub fn config() -> Config {
    Config::new("app|test|ana".into())
}

impl Rig {
    pub fn new() -> Rig {
        Rig::on_disk(BTreeMap::new(), 1)
    }

    /// A process that starts over this disk and leads.
    pub fn on_disk(disk: BTreeMap<String, Vec<u8>>, seed: u8) -> Rig {
        let mut rig = Rig::idle(config(), disk, seed);
        rig.settle();
        rig.input(Input::Leader { epoch: LeaderEpoch(1) });
        rig
    }

    /// A process whose outputs nobody has performed yet.
    pub fn idle(config: Config, disk: BTreeMap<String, Vec<u8>>, seed: u8) -> Rig {
        let now = Now { mono: Timestamp(0), wall: WallTime(WALL) };
        Rig {
            engine: Engine::new(config.clone(), [seed; 32], now),
            config,
            seed,
            epoch: 1,
            now: 0,
            wall: WALL,
            disk,
            log: Vec::new(),
            requests: VecDeque::new(),
            hold_disk: false,
            held: VecDeque::new(),
            disk_error: None,
            reachable: true,
            dialect: true,
            refusal: None,
            grant: None,
            namespace_answer: None,
            mute: false,
            last: None,
            opened: Vec::new(),
            token: AuthResult::Token { token: "jwt".into() },
            link: None,
            tokens_asked: Vec::new(),
            bodies: 0,
            reads: 0,
            reading: BTreeMap::new(),
        }
    }

    pub fn now(&self) -> Now {
        Now { mono: Timestamp(self.now), wall: WallTime(self.wall + self.now) }
    }

    pub fn input(&mut self, input: Input) {
        self.engine.handle(input, self.now());
        self.settle();
    }

    pub fn command(&mut self, command: Command) -> Result<Accepted, Refusal> {
        let result = self.engine.command(command, self.now());
        self.settle();
        result
    }

    /// Performs outputs until there are none.
    pub fn settle(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            self.log.push(output.clone());
            self.perform(output);
        }
    }

    pub fn perform(&mut self, output: Output) {
        match output {
            Output::Load { load } => {
                let records = self
                    .disk
                    .iter()
                    .map(|(key, value)| StoredRecord { key: key.clone(), value: Blob(value.clone()) })
                    .collect();
                self.engine.handle(Input::Loaded { load, records }, self.now());
            }
            Output::Read { load, key } => {
                let found = self.disk.get(&key).map(|value| StoredRecord { key, value: Blob(value.clone()) });
                let records = found.into_iter().collect();
                self.engine.handle(Input::Loaded { load, records }, self.now());
            }
            Output::Persist { persist, key, value, .. } => {
                if let Some(error) = self.disk_error {
                    self.engine.handle(Input::PersistFailed { persist, error }, self.now());
                } else if self.hold_disk {
                    self.held.push_back((persist, key, value));
                } else {
                    self.store(persist, key, value);
                }
            }
            Output::FetchAuth { auth, fresh } => {
                self.tokens_asked.push(fresh);
                self.engine.handle(Input::Auth { auth, result: self.token.clone() }, self.now());
            }
            Output::Open { link, transport, url } => {
                self.opened.push((transport, url));
                if self.mute {
                    self.link = Some(link);
                    self.engine.handle(Input::Opened { link }, self.now());
                } else if self.reachable {
                    self.link = Some(link);
                    self.engine.handle(Input::Opened { link }, self.now());
                    self.frame(r#"0{"sid":"e1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#);
                } else {
                    self.engine.handle(Input::Closed { link, cause: CloseCause::Unreachable }, self.now());
                }
            }
            Output::Send { text, .. } if text.0.starts_with("40/") => {
                let name = text.0[2..].split(',').next().unwrap().to_owned();
                match self.namespace_answer {
                    Some("") => {}
                    Some(data) => self.frame(&format!("44{name},{data}")),
                    None => self.frame(&format!(r#"40{name},{{"sid":"n1"}}"#)),
                }
            }
            Output::Send { text, link, .. } if text.0.starts_with("40") && self.link == Some(link) => {
                let granted =
                    if self.dialect { r#"40{"sid":"s1","tidewire":1}"# } else { r#"40{"sid":"s1"}"# };
                let granted = self.grant.clone().unwrap_or_else(|| granted.to_owned());
                self.frame(&self.refusal.map(str::to_owned).unwrap_or(granted));
            }
            Output::Close { link } if self.link == Some(link) => self.link = None,
            Output::Fetch { fetch, request } => self.requests.push_back((fetch, request)),
            Output::Abort { fetch } => self.requests.retain(|(open, _)| *open != fetch),
            _ => {}
        }
    }

    fn store(&mut self, persist: PersistId, key: String, value: Option<Blob>) {
        match value {
            Some(value) => self.disk.insert(key, value.0),
            None => self.disk.remove(&key),
        };
        self.engine.handle(Input::Persisted { persist }, self.now());
    }

    /// The oldest held step reaches the disk.
    pub fn release_disk(&mut self) {
        let (persist, key, value) = self.held.pop_front().expect("a held step");
        self.store(persist, key, value);
        self.settle();
    }

    /// A text frame comes in; its body, if it has one, gets the next id.
    pub fn frame(&mut self, text: &str) {
        let link = self.link.expect("a link");
        self.frame_on(link, text);
    }

    /// A binary message comes in; returns its id.
    pub fn binary(&mut self, length: u32) -> BodyId {
        let link = self.link.expect("a link");
        self.bodies += 1;
        let body = BodyId(self.bodies);
        self.input(Input::ReceivedBinary { link, body, length });
        body
    }

    /// The last id that a body was given.
    pub fn last_body(&self) -> u32 {
        self.bodies
    }

    pub fn frame_on(&mut self, link: LinkId, text: &str) {
        let has_json = text.contains(['[', '{']);
        self.bodies += 1;
        let body = if has_json {
            FrameBody::Json { body: BodyId(self.bodies), last: self.last.clone() }
        } else {
            FrameBody::None {}
        };
        let length = text.encode_utf16().count() as u32;
        self.engine.handle(Input::Received { link, head: text.into(), length, body }, self.now());
        self.settle();
    }

    /// How emits ended since the last `take`.
    pub fn results(&self) -> Vec<(u32, EmitResult)> {
        let results = self.log.iter().filter_map(|o| match o {
            Output::Emitted { emit, result } => Some((emit.0, result.clone())),
            _ => None,
        });
        results.collect()
    }

    /// Bodies that were released or given away since the last `take`.
    pub fn released(&self) -> Vec<u32> {
        let lists = self.log.iter().filter_map(|o| match o {
            Output::Release { bodies } => Some(bodies.iter().map(|body| body.0).collect::<Vec<_>>()),
            _ => None,
        });
        lists.flatten().collect()
    }

    pub fn room_event(&mut self, room: &str, offset: u64, write: &str) {
        self.frame(&format!(
            r#"42["tw",["{room}","ep",{offset},"e{offset}","{write}"],"activity:like_added",{{"likeCount":2}}]"#
        ));
    }

    /// Answers the last `room:join` that was sent.
    pub fn answer_join(&mut self, answer: &str) {
        let ack = self.last_join().0;
        self.frame(&format!("43{ack}[{answer}]"));
    }

    pub fn joined(&mut self, offset: u64, recovered: bool) {
        self.answer_join(&format!(
            r#"{{"success":true,"epoch":"ep","offset":{offset},"recovered":{recovered}}}"#
        ));
    }

    /// Acknowledgement id and arguments of the last `room:join`.
    pub fn last_join(&self) -> (u64, String) {
        let text =
            self.sent().into_iter().rev().find(|t| t.contains("\"room:join\"")).expect("a join was sent");
        let (id, rest) = text[2..].split_once('[').expect("an event");
        (id.parse().expect("an id"), rest.to_owned())
    }

    pub fn sent(&self) -> Vec<String> {
        self.log
            .iter()
            .filter_map(|o| if let Output::Send { text, .. } = o { Some(text.0.clone()) } else { None })
            .collect()
    }

    /// Moves time to the next deadline and lets it pass; returns its reason.
    pub fn next_deadline(&mut self) -> Option<TimerKind> {
        let (at, kind) = self.engine.next_timer()?;
        let (at, kind) = (at.0, kind.clone());
        self.now = self.now.max(at);
        self.input(Input::Timeout {});
        Some(kind)
    }

    /// Lets this much time pass, deadline by deadline.
    pub fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.engine.poll_timeout().is_some_and(|at| at.0 <= end) {
            self.next_deadline();
        }
        self.now = end;
    }

    /// Lets time pass until a request is open.
    pub fn until_request(&mut self) {
        for _ in 0..100 {
            if !self.requests.is_empty() {
                return;
            }
            self.next_deadline().expect("a deadline");
        }
        panic!("no request after a hundred deadlines");
    }

    pub fn connect(&mut self) {
        self.command(Command::Connect {}).expect("connect");
    }

    pub fn break_link(&mut self) {
        let link = self.link.take().expect("a link");
        self.input(Input::Closed { link, cause: CloseCause::Lost });
    }

    pub fn submit(&mut self, path: &str) -> WriteId {
        self.submit_with(|s| s.path = path.into()).expect("accepted")
    }

    pub fn submit_with(&mut self, change: impl FnOnce(&mut Submission)) -> Result<WriteId, Refusal> {
        let mut write = Submission {
            name: "activity.like".into(),
            version: 1,
            variables: "\"7\"".into(),
            method: "POST".into(),
            path: "/like".into(),
            optimistic: true,
            touched: vec![QueryId(1)],
            ..Submission::default()
        };
        change(&mut write);
        match self.command(Command::Submit { write })? {
            Accepted::Queued { write } => Ok(write),
            other => panic!("not queued: {other:?}"),
        }
    }

    /// Answers the oldest open request.
    pub fn answer(&mut self, status: u16, outcome: &str) -> Request {
        let (fetch, request) = self.requests.pop_front().expect("an open request");
        let outcome = (!outcome.is_empty()).then(|| outcome.to_owned());
        let response = Response {
            status,
            outcome,
            retry_after: None,
            content_type: Some("application/json".into()),
            redirected: false,
            accepted: None,
            names: Vec::new(),
            body: Some("{}".into()),
        };
        self.input(Input::Responded { fetch, response });
        request
    }

    /// Answers the oldest open request as applied, with names for its temporary ids.
    pub fn answer_named(&mut self, names: &[(&str, &str)]) -> Request {
        let named = |(temp, real): &(&str, &str)| Named { temp: (*temp).into(), real: (*real).into() };
        let names = names.iter().map(named).collect();
        self.respond(Response { names, ..response(201, Some("applied")) })
    }

    pub fn respond(&mut self, response: Response) -> Request {
        let (fetch, request) = self.requests.pop_front().expect("an open request");
        self.input(Input::Responded { fetch, response });
        request
    }

    /// The process is killed; another one starts over what is on the disk.
    pub fn restart(&mut self) {
        let config = self.config.clone();
        let mut next = Rig::idle(config, self.disk.clone(), self.seed + 1);
        next.now = self.now;
        next.wall = self.wall;
        next.epoch = self.epoch;
        *self = next;
        self.settle();
        self.lead();
    }

    pub fn lead(&mut self) {
        self.epoch += 1;
        self.input(Input::Leader { epoch: LeaderEpoch(self.epoch) });
    }

    pub fn fail_request(&mut self) -> Request {
        let (fetch, request) = self.requests.pop_front().expect("an open request");
        self.input(Input::RequestFailed { fetch, cause: RequestFailure::Network });
        request
    }

    pub fn base(&mut self, query: u32, position: Option<(&str, u64)>) {
        self.base_with(query, position, None, vec![]);
    }

    pub fn base_with(
        &mut self,
        query: u32,
        position: Option<(&str, u64)>,
        applied: Option<Applied>,
        carries: Vec<WriteId>,
    ) {
        let positions = places(position);
        let restored = !carries.is_empty();
        let read = if restored { None } else { self.reading.remove(&query).map(ReadId) };
        let query = QueryId(query);
        self.input(Input::BaseInstalled { query, read, positions, applied, carries, restored });
    }

    /// A fetch begins that the next `base` of this query ends.
    pub fn fetch_begins(&mut self, query: u32) {
        self.reads += 1;
        self.reading.insert(query, self.reads);
        self.start_read(query, self.reads);
    }

    /// A fetch begins.
    pub fn start_read(&mut self, query: u32, read: u32) {
        self.input(Input::FetchStarted { query: QueryId(query), read: ReadId(read) });
    }

    /// A fetch brings a base.
    pub fn read_done(&mut self, query: u32, read: u32, position: Option<(&str, u64)>) {
        let (query, read) = (QueryId(query), Some(ReadId(read)));
        let positions = places(position);
        let (applied, carries) = (None, vec![]);
        self.input(Input::BaseInstalled { query, read, positions, applied, carries, restored: false });
    }

    /// The store brings a base.
    pub fn restore(&mut self, query: u32, position: Option<(&str, u64)>, carries: Vec<WriteId>) {
        let query = QueryId(query);
        let positions = places(position);
        let applied = None;
        self.input(Input::BaseInstalled { query, read: None, positions, applied, carries, restored: true });
    }

    /// Queries whose new base was refused since the last `take`.
    pub fn refused(&self) -> Vec<u32> {
        let refused = self.log.iter().filter_map(|o| match o {
            Output::BaseRefused { query } => Some(query.0),
            _ => None,
        });
        refused.collect()
    }

    pub fn bind(&mut self, room: &str, queries: &[u32]) {
        let queries = queries.iter().map(|q| QueryId(*q)).collect();
        self.input(Input::Bound { room: room.into(), queries });
    }

    // ---- looking at the log

    pub fn take(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.log)
    }

    pub fn states(&self, write: &WriteId) -> Vec<WriteState> {
        let states = self.log.iter().filter_map(|o| match o {
            Output::Write { write: w, state } if w == write => Some(state.clone()),
            _ => None,
        });
        states.collect()
    }

    pub fn events(&self) -> Vec<Event> {
        self.log
            .iter()
            .filter_map(|o| if let Output::Event(e) = o { Some(e.clone()) } else { None })
            .collect()
    }

    /// Offsets handed to listeners.
    pub fn heard(&self) -> Vec<u64> {
        let events = self.events();
        events.iter().filter(|e| e.dispatch).filter_map(|e| e.position.as_ref()).map(|p| p.offset.0).collect()
    }

    /// Offsets applied to this query's base.
    pub fn applied(&self, query: u32) -> Vec<u64> {
        let events = self.events();
        let to_query = events.iter().filter(|e| e.apply.contains(&QueryId(query)));
        to_query.filter_map(|e| e.position.as_ref()).map(|p| p.offset.0).collect()
    }

    pub fn retired(&self, write: &WriteId) -> Vec<Option<u32>> {
        let retired = self.log.iter().filter_map(|o| match o {
            Output::LayerRetired { write: w, query } if w == write => Some(query.map(|q| q.0)),
            _ => None,
        });
        retired.collect()
    }

    pub fn refetched(&self) -> Vec<(u32, RefetchReason)> {
        let lists = self.log.iter().filter_map(|o| match o {
            Output::Refetch { queries, reason } => Some((queries.clone(), *reason)),
            _ => None,
        });
        lists.flat_map(|(queries, reason)| queries.into_iter().map(move |q| (q.0, reason))).collect()
    }

    pub fn status(&self) -> OutboxStatus {
        let last = self.log.iter().rev().find_map(|o| match o {
            Output::Outbox { status } => Some(status.clone()),
            _ => None,
        });
        last.expect("a status")
    }

    pub fn connection(&self) -> ConnectionState {
        self.connection_or_none().expect("a connection state")
    }

    /// The last state that was told since the last `take`.
    pub fn connection_or_none(&self) -> Option<ConnectionState> {
        self.log.iter().rev().find_map(|o| match o {
            Output::Connection { state } => Some(state.clone()),
            _ => None,
        })
    }
}

fn places(position: Option<(&str, u64)>) -> Vec<Position> {
    let place = |(room, offset): (&str, u64)| Position {
        room: room.into(),
        epoch: "ep".into(),
        offset: Offset(offset),
    };
    position.map(place).into_iter().collect()
}

/// An answer with a JSON body.
pub fn response(status: u16, outcome: Option<&str>) -> Response {
    Response {
        status,
        outcome: outcome.map(str::to_owned),
        retry_after: None,
        content_type: Some("application/json".into()),
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: Some("{}".into()),
    }
}

pub fn header(request: &Request, name: &str) -> String {
    let found = request.headers.iter().find(|h| h.name == name);
    found.unwrap_or_else(|| panic!("no header {name}")).value.clone()
}
