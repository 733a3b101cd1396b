//! Any sequence of inputs and commands, also such as no host would send: no panic, no flood, no spin, and every body that
//! was handed over comes back exactly once (C6, C8, C11, P4).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tidewire_core::*;

/// A host that does what the bytes say.
struct Host {
    engine: Engine,
    now: u64,
    disk: BTreeMap<String, Blob>,
    /// Questions of the engine that are not answered yet.
    open: Vec<Output>,
    links: Vec<LinkId>,
    writes: Vec<WriteId>,
    acks: Vec<AckToken>,
    bodies: u32,
    kept: BTreeSet<BodyId>,
    emits: u32,
    waiting: BTreeSet<EmitId>,
    wanted: BTreeMap<RoomId, u32>,
    epoch: u64,
}

/// More than any single call has a reason to say.
const FLOOD: usize = 3_000;

impl Host {
    fn new(server: Server) -> Host {
        let polling = server == Server::Foreign;
        let config = Config { server, polling, ..Config::new("app|test|ana".into()) };
        let now = Now { mono: Timestamp(0), wall: WallTime(1_790_000_000_000) };
        Host {
            engine: Engine::new(config, [7; 32], now),
            now: 0,
            disk: BTreeMap::new(),
            open: Vec::new(),
            links: vec![LinkId(77)],
            writes: vec!["nobody".into()],
            acks: Vec::new(),
            bodies: 0,
            kept: BTreeSet::new(),
            emits: 0,
            waiting: BTreeSet::new(),
            wanted: BTreeMap::new(),
            epoch: 0,
        }
    }

    fn time(&self) -> Now {
        Now { mono: Timestamp(self.now), wall: WallTime(1_790_000_000_000 + self.now) }
    }

    fn input(&mut self, input: Input) {
        self.engine.handle(input, self.time());
        self.drain();
    }

    fn command(&mut self, command: Command) -> Result<Accepted, Refusal> {
        let result = self.engine.command(command, self.time());
        self.drain();
        result
    }

    fn drain(&mut self) {
        let mut count = 0;
        while let Some(output) = self.engine.poll_output() {
            count += 1;
            assert!(count < FLOOD, "a flood of outputs");
            match output {
                Output::Load { .. }
                | Output::Read { .. }
                | Output::Persist { .. }
                | Output::FetchAuth { .. }
                | Output::Fetch { .. } => {
                    self.open.push(output);
                }
                Output::Open { link, .. } => {
                    self.links.push(link);
                    self.open.push(output);
                }
                Output::Release { bodies } => {
                    for body in bodies {
                        assert!(self.kept.remove(&body), "{body} was not given, or is released twice");
                    }
                }
                Output::Event(event) => {
                    for body in event.attachments.iter().chain([&event.body]) {
                        assert!(self.kept.contains(body), "its body is gone");
                    }
                    self.acks.extend(event.ack);
                }
                Output::Emitted { emit, result } => {
                    assert!(self.waiting.remove(&emit), "{emit} settles twice");
                    if let EmitResult::Answered { body, attachments } = result {
                        for body in attachments.into_iter().chain([body]) {
                            assert!(self.kept.remove(&body), "{body} is taken twice");
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn frame(&mut self, link: LinkId, text: &str) {
        let body = if text.contains(['[', '{']) {
            self.bodies += 1;
            let body = BodyId(self.bodies);
            self.kept.insert(body);
            FrameBody::Json { body, last: Some("PzT5Lxg".into()) }
        } else {
            FrameBody::None {}
        };
        let length = text.encode_utf16().count() as u32;
        self.input(Input::Received { link, head: text.into(), length, body });
    }

    fn last_link(&self) -> LinkId {
        *self.links.last().unwrap()
    }

    /// Answers a question in one of several ways.
    fn answer(&mut self, at: usize, how: u8) {
        if self.open.is_empty() {
            return;
        }
        let question = self.open.remove(at % self.open.len());
        let input = match question {
            Output::Load { load } if how % 8 == 7 => Input::LoadFailed { load },
            Output::Load { load } => {
                let records = self.disk.iter();
                let records =
                    records.map(|(key, value)| StoredRecord { key: key.clone(), value: value.clone() });
                Input::Loaded { load, records: records.collect() }
            }
            Output::Read { load, .. } if how % 8 == 7 => Input::LoadFailed { load },
            Output::Read { load, key } => {
                let found = self.disk.get(&key).map(|value| StoredRecord { key, value: value.clone() });
                Input::Loaded { load, records: found.into_iter().collect() }
            }
            Output::Persist { persist, .. } if how % 8 == 7 => {
                Input::PersistFailed { persist, error: StoreError::Full }
            }
            Output::Persist { persist, fence, .. }
                if fence.is_some_and(|f| f.0 < self.epoch) || how % 8 == 6 =>
            {
                Input::PersistFailed { persist, error: StoreError::Fenced }
            }
            Output::Persist { persist, key, value, .. } => {
                match value {
                    Some(value) => self.disk.insert(key, value),
                    None => self.disk.remove(&key),
                };
                Input::Persisted { persist }
            }
            Output::FetchAuth { auth, .. } => {
                let result = match how % 8 {
                    7 => AuthResult::Missing {},
                    6 => AuthResult::Failed {},
                    _ => AuthResult::Anonymous {},
                };
                Input::Auth { auth, result }
            }
            Output::Open { link, .. } if how % 4 == 3 => {
                Input::Closed { link, cause: CloseCause::Unreachable }
            }
            Output::Open { link, .. } => {
                self.input(Input::Opened { link });
                self.frame(
                    link,
                    r#"0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":9}"#,
                );
                self.frame(
                    link,
                    if how % 4 == 2 { r#"40{"sid":"s"}"# } else { r#"40{"sid":"s","tidewire":1}"# },
                );
                return;
            }
            Output::Fetch { fetch, request } => {
                let answers = [
                    (200, "applied"),
                    (201, "replayed"),
                    (404, "rejected"),
                    (409, "client-reset"),
                    (500, ""),
                    (503, ""),
                    (401, ""),
                    (409, "in-progress"),
                    (200, ""),
                    (422, "key-reused"),
                ];
                let Some((status, outcome)) = answers.get(usize::from(how % 12)).copied() else {
                    return self.input(Input::RequestFailed { fetch, cause: RequestFailure::Network });
                };
                let response = Response {
                    status,
                    outcome: (!outcome.is_empty()).then(|| outcome.to_owned()),
                    retry_after: (how > 200).then(|| "3".to_owned()),
                    content_type: Some("application/json".into()),
                    redirected: false,
                    accepted: None,
                    names: request
                        .temp_ids
                        .iter()
                        .map(|temp| Named { temp: temp.clone(), real: format!("r{how}") })
                        .collect(),
                    body: Some(match request.kind {
                        RequestKind::Write => "{}".into(),
                        RequestKind::Outcome => {
                            let word = ["voided", "applied", "client-reset", "unknown"][usize::from(how % 4)];
                            format!(r#"{{"outcome":"{word}"}}"#).into()
                        }
                    }),
                };
                Input::Responded { fetch, response }
            }
            _ => return,
        };
        self.input(input);
    }

    fn act(&mut self, what: u8, n: u8) {
        let room = RoomId(format!("r{}", n % 3));
        let query = QueryId(u32::from(n % 4));
        let write = self.writes[usize::from(n) % self.writes.len()].clone();
        match what {
            0 => drop(self.command(Command::Connect {})),
            1 => drop(self.command(Command::Disconnect {})),
            2 => {
                if self.command(Command::Join { room: room.clone() }).is_ok() {
                    *self.wanted.entry(room).or_default() += 1;
                }
            }
            3 => {
                if let Some(count) = self.wanted.get_mut(&room) {
                    *count = count.saturating_sub(1);
                }
                drop(self.command(Command::Leave { room }));
            }
            4..=6 => self.submit(n),
            7 => drop(self.command(Command::Cancel { write })),
            8 => drop(self.command(Command::Retry { write })),
            9 if n.is_multiple_of(3) => {
                let submission =
                    Submission { method: "PUT".into(), path: "/e".into(), ..Submission::default() };
                drop(self.command(Command::Edit { write, submission }));
            }
            9 if n.is_multiple_of(5) => {
                drop(self.command(Command::Resolve { write, resolution: Resolution::SendAgain {} }));
            }
            9 => drop(self.command(Command::Discard { write })),
            10 => drop(self.command(Command::Process { pass: PassId(1) })),
            11 => drop(self.command(Command::SetProcessing { on: !n.is_multiple_of(4) })),
            12 => self.emit(n),
            40..=43 => self.other(n),
            13..=20 => self.answer(usize::from(n), n.rotate_left(3)),
            21..=23 => self.answer(0, 0),
            24 => {
                self.epoch += 1;
                self.input(Input::Leader { epoch: LeaderEpoch(self.epoch) });
            }
            25 => self.input(Input::LeaderLost {}),
            26 => {
                let signals = [
                    NetworkSignal::Unknown,
                    NetworkSignal::Offline,
                    NetworkSignal::Online,
                    NetworkSignal::Changed,
                ];
                self.input(Input::Network { signal: signals[usize::from(n % 4)] });
            }
            27 => {
                let signal = if n.is_multiple_of(2) { AppSignal::Foreground } else { AppSignal::Background };
                self.input(Input::App { signal });
            }
            28 => {
                let queries = (0..u32::from(n % 4)).map(QueryId).collect();
                self.input(Input::Bound { room, queries });
            }
            29 => self.input(Input::FetchStarted { query, read: ReadId(u32::from(n % 3)) }),
            30 => {
                let position = Position { room, epoch: epoch(n).into(), offset: Offset(u64::from(n % 7)) };
                let positions = if n.is_multiple_of(3) { vec![] } else { vec![position] };
                let restored = n.is_multiple_of(5);
                let carries = vec![write];
                let read = (!n.is_multiple_of(4)).then(|| ReadId(u32::from(n % 3)));
                self.input(Input::BaseInstalled { query, read, positions, applied: None, carries, restored });
            }
            31 => self.input(Input::FetchFailed { query, read: ReadId(u32::from(n % 3)) }),
            32 => self.input(Input::QueryGone { query }),
            33 => self.input(Input::Touched { write, queries: vec![query] }),
            34 | 35 => self.push_frame(n, &room, &write),
            36 => {
                let link = if n.is_multiple_of(4) { self.links[0] } else { self.last_link() };
                self.input(Input::Closed { link, cause: CloseCause::Lost });
            }
            37 => self.news(n),
            38 => self.now += u64::from(n) * 7,
            _ => self.pass(u64::from(n) * 300),
        }
    }

    fn submit(&mut self, n: u8) {
        let write = Submission {
            name: if n.is_multiple_of(3) { String::new() } else { "m".into() },
            method: "POST".into(),
            path: format!("/{}", n % 3),
            optimistic: !n.is_multiple_of(4),
            keep_layer_when_parked: n.is_multiple_of(5),
            idempotent: n.is_multiple_of(2),
            touched: vec![QueryId(u32::from(n % 4))],
            depends_on: if n.is_multiple_of(7) {
                self.writes.last().cloned().into_iter().collect()
            } else {
                vec![]
            },
            temp_ids: if n.is_multiple_of(6) { vec![format!("temporary-{n}")] } else { vec![] },
            body: n
                .is_multiple_of(5)
                .then(|| format!(r#"{{"id":"temporary-{}"}}"#, u32::from(n) / 5 * 6).into()),
            dedupe_key: n.is_multiple_of(11).then(|| "key".into()),
            coalesce: match n % 4 {
                0 => Coalesce::Replace {},
                1 => Coalesce::CancelPair { name: "m".into() },
                _ => Coalesce::None {},
            },
            on_conflict: n.is_multiple_of(3),
            ttl: n.is_multiple_of(10).then_some(Millis(30_000)),
            ..Submission::default()
        };
        if let Ok(Accepted::Queued { write }) = self.command(Command::Submit { write }) {
            self.writes.push(write);
        }
    }

    fn emit(&mut self, n: u8) {
        self.emits += 1;
        let emit = EmitId(self.emits);
        self.waiting.insert(emit);
        let timeout = Millis(u64::from(n) * 50);
        let new = Command::Emit {
            emit,
            name: "typing".into(),
            body: None,
            size: 1,
            ack: n.is_multiple_of(2),
            timeout,
            namespace: n.is_multiple_of(7).then(|| "/n".to_owned()),
            attachments: if n.is_multiple_of(5) { vec![BodyId(0)] } else { vec![] },
            class: match n % 6 {
                0 | 1 => EmitClass::Plain {},
                2 | 3 => EmitClass::Reliable { idempotent: n.is_multiple_of(4) },
                4 => EmitClass::Volatile { key: Some("k".into()) },
                _ => EmitClass::Volatile { key: None },
            },
        };
        if self.command(new).is_err() {
            self.waiting.remove(&emit);
        }
    }

    /// Namespaces, attachments, answers, the link's own word.
    fn other(&mut self, n: u8) {
        let namespace = format!("/n{}", n % 2).replace('0', "");
        let link = self.last_link();
        match n % 9 {
            0 | 1 => drop(self.command(Command::OpenNamespace { namespace })),
            2 => drop(self.command(Command::CloseNamespace { namespace })),
            3 => self.input(Input::Writable { link, on: n.is_multiple_of(2) }),
            4 | 5 => {
                self.bodies += 1;
                let body = BodyId(self.bodies);
                self.kept.insert(body);
                self.input(Input::ReceivedBinary { link, body, length: u32::from(n) << 16 });
            }
            6 => {
                if let Some(ack) = self.acks.pop() {
                    drop(self.command(Command::Reply { ack, body: None, attachments: vec![], size: 0 }));
                }
            }
            7 => drop(self.command(Command::Rejoin { room: RoomId(format!("r{}", n % 3)) })),
            _ => {
                let frames = [
                    r#"40/n,{"sid":"n"}"#,
                    r#"44/n,{"message":"no"}"#,
                    "41/n,",
                    r#"42/n,7["x",1]"#,
                    r#"451-["x",{}]"#,
                    r#"452-/n,["x",{}]"#,
                    r#"461-1[{}]"#,
                    r#"42["tw:return",{"after":5000,"url":"https://b"}]"#,
                    r#"427["x"]"#,
                    r#"40{"sid":"s","pid":"p"}"#,
                    r#"40{"sid":"s","tidewire":1,"expires":6000,"instance":"i"}"#,
                    r#"431[{"success":true,"expires":1}]"#,
                    r#"432[{"error":"AUTH"}]"#,
                ];
                self.frame(link, frames[usize::from(n / 9) % frames.len()]);
            }
        }
    }

    fn push_frame(&mut self, n: u8, room: &RoomId, write: &WriteId) {
        let (epoch, offset, ack) = (epoch(n), n % 7 + 1, n % 16 + 1);
        let text = match n % 11 {
            0 => "2".to_owned(),
            1 | 2 => format!(r#"42["tw",["{room}","{epoch}",{offset},"e{n}",""],"x",1]"#),
            3 => format!(r#"42["tw",["{room}","{epoch}",{offset},"e{n}","{write}"],"x",1]"#),
            4 => r#"42["plain",{}]"#.to_owned(),
            5 | 6 => {
                format!(r#"43{ack}[{{"success":true,"epoch":"{epoch}","offset":{offset},"recovered":true}}]"#)
            }
            7 => {
                format!(
                    r#"43{ack}[{{"success":true,"epoch":"{epoch}","offset":{offset},"recovered":false}}]"#
                )
            }
            8 => {
                format!(r#"43{ack}[{{"error":"{}"}}]"#, if n > 128 { "Unavailable" } else { "Unauthorized" })
            }
            9 => r#"44{"message":"no","data":{"code":"AUTH"}}"#.to_owned(),
            _ => ["41", "1", "hello", "42[", r#"40{"sid":"again"}"#][usize::from(n) % 5].to_owned(),
        };
        let link = if n.is_multiple_of(13) { self.links[0] } else { self.last_link() };
        self.frame(link, &text);
    }

    /// Another tab says something: true, old, or nonsense.
    fn news(&mut self, n: u8) {
        let known = self.disk.iter().nth(usize::from(n) % (self.disk.len() + 1));
        let (key, value) = match known {
            Some((key, value)) => (key.clone(), (!n.is_multiple_of(3)).then(|| value.clone())),
            None => (format!("w/{n:016x}-0000000000000000"), Some(Blob(vec![n; 9]))),
        };
        self.input(Input::StoreChanged { key, value });
    }

    /// Time passes; deadlines may not breed.
    fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        let mut fired = 0;
        while let Some(at) = self.engine.poll_timeout().filter(|at| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.input(Input::Timeout {});
            assert!(
                self.engine.poll_timeout().is_none_or(|next| next.0 >= self.now),
                "a deadline was left behind"
            );
            fired += 1;
            assert!(fired < 200 + millis / 100, "it spins: {:?}", self.engine.next_timer());
        }
        self.now = end;
    }

    /// Everything that is asked is answered well, nothing is wanted any more.
    fn quiesce(&mut self) {
        for (room, count) in std::mem::take(&mut self.wanted) {
            for _ in 0..count {
                drop(self.command(Command::Leave { room: room.clone() }));
            }
        }
        drop(self.command(Command::Disconnect {}));
        drop(self.command(Command::SetProcessing { on: true }));
        self.epoch += 1;
        self.input(Input::Leader { epoch: LeaderEpoch(self.epoch) });
        for _ in 0..2_000 {
            while !self.open.is_empty() {
                self.answer(0, 0);
            }
            match self.engine.poll_timeout() {
                Some(at) => self.pass(at.0.saturating_sub(self.now)),
                None => break,
            }
        }
        assert!(self.engine.poll_timeout().is_none(), "it never rests: {:?}", self.engine.next_timer());
        assert!(self.kept.is_empty(), "bodies are kept for ever: {:?}", self.kept);
        assert!(self.waiting.is_empty(), "emits that never settle: {:?}", self.waiting);
    }
}

fn epoch(n: u8) -> &'static str {
    if n.is_multiple_of(9) { "other" } else { "ep" }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn p4_no_sequence_of_inputs_breaks_floods_or_spins_and_every_body_comes_back(
        foreign in any::<bool>(),
        acts in prop::collection::vec((0u8..44, any::<u8>()), 0..400),
    ) {
        let mut host = Host::new(if foreign { Server::Foreign } else { Server::Tidewire });
        host.drain();
        for (what, n) in acts {
            host.act(what, n);
        }
        host.quiesce();
    }
}
