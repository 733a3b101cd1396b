//! A host and a server, small and scripted, around one session: enough to make the engine do what a scenario is about.
//! Time is virtual; everything that is said and answered goes into the trace.

use crate::trace::{Recorded, Step, Trace};
use crate::*;
use std::collections::{BTreeMap, VecDeque};
use tidewire_core::*;

/// What the server says to a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// This status and outcome; the body is JSON.
    Status(u16, Option<&'static str>, &'static str),
    /// The link breaks before the answer: maybe applied.
    Lost,
}

pub(super) struct World {
    session: Session,
    init: Vec<u8>,
    pub(super) trace: Trace,
    /// Results are kept as hashes.
    pub(super) brief: bool,
    pub(super) now: Now,
    /// Whether the server can be reached.
    pub(super) up: bool,
    /// Rooms that are refused.
    pub(super) closed_rooms: Vec<&'static str>,
    /// Answers to the next requests; `applied` when empty.
    pub(super) answers: VecDeque<Answer>,
    /// How the next steps of the store fail.
    pub(super) store_errors: VecDeque<StoreError>,
    store: BTreeMap<String, Blob>,
    history: BTreeMap<String, Vec<String>>,
    todo: VecDeque<Message>,
    timeout: Option<Timestamp>,
    bodies: u32,
    link: Option<LinkId>,
    epoch: u64,
    pub(super) seen: Vec<Output>,
    pub(super) replies: Vec<CommandResult>,
}

impl World {
    pub(super) fn new(about: &str, server: Server) -> World {
        let config = Config { server, ..Config::new("activities|test|änna".into()) };
        let now = Now { mono: Timestamp(1_000), wall: WallTime(1_790_000_000_000) };
        let init = Init { config, seed: std::array::from_fn(|i| i as u8), now }.to_bytes();
        let mut world = World {
            session: Session::new(&init).unwrap(),
            init: init.clone(),
            trace: Trace { about: about.to_owned(), steps: vec![Step::Init { bytes: init }] },
            brief: false,
            now,
            up: true,
            closed_rooms: Vec::new(),
            answers: VecDeque::new(),
            store_errors: VecDeque::new(),
            store: BTreeMap::new(),
            history: BTreeMap::new(),
            todo: VecDeque::new(),
            timeout: None,
            bodies: 0,
            link: None,
            epoch: 0,
            seen: Vec::new(),
            replies: Vec::new(),
        };
        world.lead();
        world
    }

    fn lead(&mut self) {
        self.epoch += 1;
        self.say(Input::Leader { epoch: LeaderEpoch(self.epoch) });
        self.settle();
    }

    /// The process is killed; another one starts on the same store.
    pub(super) fn restart(&mut self) {
        self.todo.clear();
        self.link = None;
        self.session = Session::new(&self.init).unwrap();
        self.trace.steps.push(Step::Init { bytes: self.init.clone() });
        self.lead();
    }

    pub(super) fn say(&mut self, input: Input) {
        self.todo.push_back(Message::Input(input));
    }

    pub(super) fn want(&mut self, command: Command) {
        self.todo.push_back(Message::Command(command));
    }

    /// Says one thing and lets everything that follows happen.
    pub(super) fn input(&mut self, input: Input) {
        self.say(input);
        self.settle();
    }

    /// Wants one thing and lets everything that follows happen.
    pub(super) fn command(&mut self, command: Command) {
        self.want(command);
        self.settle();
    }

    /// One batch of all that is to be said, and so on until nothing is.
    pub(super) fn settle(&mut self) {
        for _ in 0..500 {
            let messages = self.todo.drain(..).collect();
            self.call(messages);
            if self.todo.is_empty() {
                return;
            }
        }
        panic!(
            "engine and world never come to rest: {:?}",
            self.seen.iter().rev().take(12).collect::<Vec<_>>()
        );
    }

    /// Time passes, deadline by deadline.
    pub(super) fn later(&mut self, millis: u64) {
        let end = self.now.mono.after(Millis(millis));
        while let Some(due) = self.timeout.filter(|due| *due <= end) {
            self.pass(due.max(self.now.mono));
            self.timeout = None;
            self.input(Input::Timeout {});
        }
        self.pass(end);
    }

    fn pass(&mut self, until: Timestamp) {
        self.now.wall = WallTime(self.now.wall.0 + until.since(self.now.mono).0);
        self.now.mono = until;
    }

    /// Messages as they are, with no reaction of the world; for noise.
    pub(super) fn raw(&mut self, messages: Vec<Message>) {
        self.call(messages);
        self.todo.clear();
    }

    fn call(&mut self, messages: Vec<Message>) {
        let batch = Batch { now: self.now, messages }.to_bytes();
        let bytes = self.session.step(&batch);
        let result = StepResult::from_bytes(&bytes).unwrap();
        let recorded = if self.brief { Recorded::sum(&bytes) } else { Recorded::Whole(bytes) };
        self.trace.steps.push(Step::Call { batch, result: recorded });
        let StepResult::Done { outputs, timeout } = result else { panic!("{result:?}") };
        self.timeout = timeout;
        for effect in outputs {
            match effect {
                Effect::Reply(Reply::Reply { result }) => self.replies.push(result),
                Effect::Output(output) => {
                    self.perform(&output);
                    self.seen.push(output);
                }
            }
        }
    }

    fn perform(&mut self, output: &Output) {
        match output {
            Output::Load { load } => {
                let record =
                    |(key, value): (&String, &Blob)| StoredRecord { key: key.clone(), value: value.clone() };
                let records = self.store.iter().map(record).collect();
                self.say(Input::Loaded { load: *load, records });
            }
            Output::Read { load, key } => {
                let value = self.store.get(key).cloned();
                let found = value.map(|value| StoredRecord { key: key.clone(), value });
                self.say(Input::Loaded { load: *load, records: found.into_iter().collect() });
            }
            Output::Persist { persist, key, value, .. } => match self.store_errors.pop_front() {
                Some(error) => self.say(Input::PersistFailed { persist: *persist, error }),
                None => {
                    match value {
                        Some(value) => self.store.insert(key.clone(), value.clone()),
                        None => self.store.remove(key),
                    };
                    self.say(Input::Persisted { persist: *persist });
                }
            },
            Output::FetchAuth { auth, fresh } => {
                let token = if *fresh { "frisches.Tökchen" } else { "tökchen" }.into();
                self.say(Input::Auth { auth: *auth, result: AuthResult::Token { token } });
            }
            Output::Open { link, .. } if self.up => {
                self.link = Some(*link);
                self.say(Input::Opened { link: *link });
                let hello = r#"0{"sid":"e1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
                self.hear(hello);
            }
            Output::Open { link, .. } => {
                self.say(Input::Closed { link: *link, cause: CloseCause::Unreachable });
            }
            Output::Send { text, .. } if self.up => self.server_hears(&text.0),
            Output::Fetch { fetch, .. } => self.answer(*fetch),
            Output::Abort { fetch } => {
                self.say(Input::RequestFailed { fetch: *fetch, cause: RequestFailure::Aborted });
            }
            Output::Send { .. }
            | Output::SendBinary { .. }
            | Output::Namespace { .. }
            | Output::Close { .. }
            | Output::Broadcast { .. }
            | Output::TakeLead {}
            | Output::ReloadNeeded {}
            | Output::Quiet {}
            | Output::Upcast { .. }
            | Output::Verify { .. }
            | Output::Event(_)
            | Output::Release { .. }
            | Output::Emitted { .. }
            | Output::Room { .. }
            | Output::LayerAdded { .. }
            | Output::LayerRetired { .. }
            | Output::BaseRefused { .. }
            | Output::Refetch { .. }
            | Output::Connection { .. }
            | Output::Outbox { .. }
            | Output::Write { .. }
            | Output::WriteFound { .. }
            | Output::Client { .. }
            | Output::Quarantined { .. }
            | Output::Renamed { .. }
            | Output::Exported { .. }
            | Output::PassDone { .. }
            | Output::Log { .. } => {}
        }
    }

    fn answer(&mut self, fetch: FetchId) {
        let answer = match self.answers.pop_front() {
            Some(answer) if self.up => answer,
            None if self.up => Answer::Status(200, Some("applied"), r#"{"text":"Žluťoučký kůň 🐎"}"#),
            Some(_) | None => Answer::Lost,
        };
        match answer {
            Answer::Lost => self.say(Input::RequestFailed { fetch, cause: RequestFailure::Network }),
            Answer::Status(status, outcome, body) => {
                let response = Response {
                    status,
                    outcome: outcome.map(str::to_owned),
                    retry_after: (status == 503).then(|| "7".to_owned()),
                    content_type: Some("application/json".into()),
                    redirected: false,
                    accepted: None,
                    names: Vec::new(),
                    body: Some(body.into()),
                };
                self.say(Input::Responded { fetch, response });
            }
        }
    }

    fn server_hears(&mut self, frame: &str) {
        if frame.starts_with("40") {
            self.hear(r#"40{"sid":"s-ř","tidewire":1}"#);
            return;
        }
        let Some(rest) = frame.strip_prefix("42") else { return };
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (id, args) = rest.split_at(digits);
        if id.is_empty() {
            return;
        }
        let room =
            args.split("\"roomId\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        if !args.starts_with("[\"room:join\"") {
            return self.hear(&format!(r#"43{id}[{{"success":true}}]"#));
        }
        if self.closed_rooms.contains(&room) {
            return self.hear(&format!(r#"43{id}[{{"error":"Unauthorized"}}]"#));
        }
        let history = self.history.entry(room.to_owned()).or_default().clone();
        let since =
            args.split("\"offset\":").nth(1).and_then(|rest| rest.trim_end_matches(['}', ']']).parse().ok());
        let recovered = since.is_some_and(|since: usize| since <= history.len());
        let head = history.len();
        self.hear(&format!(
            r#"43{id}[{{"success":true,"epoch":"k3j","offset":{head},"recovered":{recovered}}}]"#
        ));
        for frame in history.iter().skip(since.filter(|_| recovered).unwrap_or(head)) {
            self.hear(frame);
        }
    }

    /// A frame comes; its JSON, if any, is taken for good.
    pub(super) fn hear(&mut self, text: &str) {
        self.bodies += 1;
        let json = text.contains(['[', '{']);
        let body =
            if json { FrameBody::Json { body: BodyId(self.bodies), last: None } } else { FrameBody::None {} };
        self.hear_as(text, body);
    }

    /// A frame comes, of which the host made this.
    pub(super) fn hear_as(&mut self, text: &str, body: FrameBody) {
        let Some(link) = self.link else { return };
        let length = text.encode_utf16().count() as u32;
        self.say(Input::Received { link, head: text.into(), length, body });
    }

    /// An event of a room, by this write or nobody's.
    pub(super) fn event(&mut self, room: &str, write: &str, name: &str, payload: &str) {
        let history = self.history.entry(room.to_owned()).or_default();
        let at = history.len() + 1;
        let frame = format!(r#"42["tw",["{room}","k3j",{at},"e{at}","{write}"],"{name}",{payload}]"#);
        history.push(frame.clone());
        if self.up {
            self.hear(&frame);
        }
    }

    /// The network goes: the link breaks now or silently.
    pub(super) fn cut(&mut self, loud: bool) {
        self.up = false;
        if let Some(link) = self.link.take().filter(|_| loud) {
            self.input(Input::Closed { link, cause: CloseCause::Lost });
        }
    }

    /// The write of the last accepted `Submit`.
    pub(super) fn last_write(&self) -> WriteId {
        let queued = self.replies.iter().rev().find_map(|reply| match reply {
            CommandResult::Accepted { write: Some(write) } => Some(write.clone()),
            CommandResult::Accepted { write: None }
            | CommandResult::Merged { .. }
            | CommandResult::Asked {}
            | CommandResult::Refused { .. } => None,
        });
        queued.expect("a write was queued")
    }

    /// Says how often something was done, so that a scenario can see that it is not hollow.
    pub(super) fn count(&self, what: impl Fn(&Output) -> bool) -> usize {
        self.seen.iter().filter(|output| what(output)).count()
    }

    /// How often a write came into this state.
    pub(super) fn states(&self, what: impl Fn(&WriteState) -> bool) -> usize {
        self.count(|output| matches!(output, Output::Write { state, .. } if what(state)))
    }
}

/// A like, or anything like it.
pub(super) fn like(path: &str) -> Submission {
    Submission {
        name: "activity.like".into(),
        version: 1,
        variables: r#"{"id":"ä7"}"#.into(),
        method: "POST".into(),
        path: path.to_owned(),
        optimistic: true,
        touched: vec![QueryId(1)],
        ..Submission::default()
    }
}
