//! A hub, a history that it reads, and clients that keep what they were sent. Questions of the hub wait until the test
//! answers them, so that anything can happen in between. Time moves only when the test says so.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use tidewire_hub::*;

pub const EPOCH: &str = "e1";

/// One event as a client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Ack(u64, Value),
    /// A room event in the dialect.
    Room(String, u64),
    Plain(Value),
    Binary(Vec<u8>),
    Other(String),
}

#[derive(Default)]
pub struct Seen {
    pub got: Vec<Got>,
    pub closed: Option<CloseReason>,
    pub paused: bool,
    /// Bytes that were sent and not reported as flushed.
    pub queued: u64,
}

pub struct Driver {
    pub hub: Hub,
    pub now: Timestamp,
    pub clients: BTreeMap<SessionId, Seen>,
    /// Questions that nobody has answered yet, oldest first.
    pub open: VecDeque<Output>,
    pub notes: Vec<Note>,
    /// Committed events per room: what history reads see.
    pub history: BTreeMap<String, Vec<RoomEvent>>,
    /// The first event that is kept, per room.
    pub kept: BTreeMap<String, u64>,
    /// Committed but not fed to the hub yet.
    pub feed: VecDeque<RoomEvent>,
    /// Rooms that nobody may be in any more.
    pub shut: BTreeSet<String>,
    pub epoch: String,
    /// The app wants to hear of sessions.
    pub greet: bool,
    /// Acknowledgements of clients.
    pub acked: Vec<(AckId, Result<Args, Unanswered>)>,
    pub reads: usize,
    last: u64,
}

impl Driver {
    pub fn new(config: Config) -> Driver {
        Driver {
            hub: Hub::new(config),
            now: Timestamp(1_000),
            clients: BTreeMap::new(),
            open: VecDeque::new(),
            notes: Vec::new(),
            history: BTreeMap::new(),
            kept: BTreeMap::new(),
            feed: VecDeque::new(),
            shut: BTreeSet::new(),
            epoch: EPOCH.to_owned(),
            greet: false,
            acked: Vec::new(),
            reads: 0,
            last: 0,
        }
    }

    pub fn input(&mut self, input: Input) {
        self.hub.handle(input, self.now);
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Send { session, frame } => {
                    let seen = self.clients.entry(session).or_default();
                    assert_eq!(seen.closed, None, "a frame after the close");
                    seen.queued += frame.bytes();
                    seen.got.push(match &frame {
                        Frame::Text(text) => read(text),
                        Frame::Binary(bytes) => Got::Binary(bytes.to_vec()),
                    });
                }
                Output::Close { session, reason } => {
                    self.clients.entry(session).or_default().closed = Some(reason);
                }
                Output::Pause { session } => self.clients.get_mut(&session).unwrap().paused = true,
                Output::Resume { session } => self.clients.get_mut(&session).unwrap().paused = false,
                Output::Log(note) => self.notes.push(note),
                Output::Acked { ack, answer } => self.acked.push((ack, answer)),
                question => {
                    self.reads += usize::from(matches!(question, Output::ReadHistory { .. }));
                    self.open.push_back(question);
                }
            }
        }
    }

    pub fn raw(&mut self) -> SessionId {
        self.last += 1;
        let session = SessionId(self.last);
        self.input(Input::Opened {
            session,
            sid: format!("sid{}", self.last),
            transport: Transport::WebSocket,
        });
        session
    }

    /// A connected client that speaks the dialect, with nothing seen yet. Its user is `name`.
    pub fn connected(&mut self, name: &str) -> SessionId {
        self.connected_as(name, true)
    }

    pub fn connected_as(&mut self, name: &str, dialect: bool) -> SessionId {
        let session = self.raw();
        let mut auth = json!({ "token": name });
        if dialect {
            auth["tidewire"] = json!(1);
        }
        self.text(session, &format!("40{auth}"));
        self.answer_all();
        self.take(session);
        session
    }

    pub fn joined(&mut self, name: &str, room: &str) -> SessionId {
        let session = self.connected(name);
        self.join(session, 0, room, None);
        self.answer_all();
        assert!(matches!(&self.take(session)[0], Got::Ack(0, answer) if answer[0]["success"] == true));
        session
    }

    pub fn text(&mut self, session: SessionId, text: &str) {
        self.input(Input::Received { session, frame: Inbound::Text(text.to_owned()) });
    }

    pub fn join(&mut self, session: SessionId, ack: u64, room: &str, since: Option<u64>) {
        let epoch = self.epoch.clone();
        self.join_at(session, ack, room, since.map(|offset| (epoch, offset)));
    }

    pub fn join_at(&mut self, session: SessionId, ack: u64, room: &str, since: Option<(String, u64)>) {
        let request = match since {
            Some((epoch, offset)) => json!({ "roomId": room, "since": { "epoch": epoch, "offset": offset } }),
            None => json!({ "roomId": room }),
        };
        self.text(session, &format!("42{ack}{}", json!(["room:join", request])));
    }

    pub fn take(&mut self, session: SessionId) -> Vec<Got> {
        std::mem::take(&mut self.clients.get_mut(&session).unwrap().got)
    }

    pub fn closed(&self, session: SessionId) -> Option<CloseReason> {
        self.clients[&session].closed
    }

    /// Commits an event: history reads see it from now on, the feed brings it later.
    pub fn commit(&mut self, room: &str, payload: &str) -> u64 {
        let events = self.history.entry(room.to_owned()).or_default();
        let offset = events.last().map_or(0, |event| event.offset) + 1;
        let event = RoomEvent {
            room: room.into(),
            epoch: self.epoch.as_str().into(),
            offset,
            event_id: format!("ev{offset}").into(),
            write_id: "".into(),
            name: "n".into(),
            payload: payload.into(),
        };
        events.push(event.clone());
        self.feed.push_back(event);
        offset
    }

    pub fn feed_one(&mut self) {
        if let Some(event) = self.feed.pop_front() {
            self.input(Input::Committed(vec![event]));
        }
    }

    pub fn feed_all(&mut self) {
        while !self.feed.is_empty() {
            self.feed_one();
        }
    }

    pub fn publish(&mut self, room: &str) -> u64 {
        let offset = self.commit(room, "1");
        self.feed_all();
        offset
    }

    /// What a question's answer is at this moment.
    pub fn answer(&self, question: &Output) -> Input {
        match question {
            Output::Authenticate { request, token, .. } => {
                let name = token.as_ref().map(|token| token.0.clone()).unwrap_or_default();
                let result = if name.is_empty() || name == "bad" {
                    Err(Refusal { code: "AUTH".to_owned(), message: "no".to_owned(), data: None })
                } else {
                    // `ana+5000` is a token of ana that ends after 5 s.
                    let (user, ends) = name.split_once('+').unwrap_or((&name, ""));
                    let expires_in = ends.parse().ok().map(Millis);
                    Ok(Grant {
                        user: UserId::from(user),
                        socket: SocketId::from("socket"),
                        expires_in,
                        greet: self.greet,
                        pid: format!("pid{request}").into(),
                    })
                };
                Input::Authenticated { request: *request, result }
            }
            Output::Authorize { request, room, .. } => {
                let result = match &*room.0 {
                    closed if self.shut.contains(closed) => Err(Denied::Unauthorized),
                    "secret" => Err(Denied::Unauthorized),
                    "down" => Err(Denied::Unavailable),
                    "late" => Ok(Access { earliest: Offset(5) }),
                    _ => Ok(Access { earliest: Offset(0) }),
                };
                Input::Authorized { request: *request, result }
            }
            Output::ReadHead { request, room } => {
                let offset = self.history.get(&*room.0).and_then(|events| events.last());
                let offset = Offset(offset.map_or(0, |event| event.offset));
                let head = Head { epoch: Epoch::from(self.epoch.as_str()), offset };
                Input::HeadRead { request: *request, result: Ok(head) }
            }
            Output::ReadHistory { request, room, after, limit } => {
                let first = self.kept.get(&*room.0).copied().unwrap_or(1);
                let events = self.history.get(&*room.0).map(Vec::as_slice).unwrap_or_default();
                let events = events
                    .iter()
                    .filter(|event| event.offset > after.0 && event.offset >= first)
                    .take(*limit)
                    .cloned()
                    .collect();
                Input::HistoryRead { request: *request, result: Ok(events) }
            }
            Output::Dispatch { request, args, .. } => {
                Input::Handled { request: *request, answer: Answer::Acknowledged(args.clone()) }
            }
            other => panic!("no question: {other:?}"),
        }
    }

    /// Answers the question at `index`. Its answer was formed before whatever the test does next.
    pub fn answer_at(&mut self, index: usize) {
        if let Some(question) = self.open.remove(index) {
            let answer = self.answer(&question);
            self.input(answer);
        }
    }

    pub fn answer_all(&mut self) {
        while !self.open.is_empty() {
            self.answer_at(0);
        }
    }

    /// Everything that was sent is taken by the client.
    pub fn flush(&mut self, session: SessionId) {
        let bytes = std::mem::take(&mut self.clients.get_mut(&session).unwrap().queued);
        self.input(Input::Flushed { session, bytes });
    }

    /// Goes to the next deadline, if it is not after `until`.
    pub fn step_to(&mut self, until: Timestamp) -> bool {
        match self.hub.poll_timeout().filter(|at| *at <= until) {
            Some(at) => {
                self.now = at;
                self.input(Input::Timeout);
                true
            }
            None => {
                self.now = until;
                false
            }
        }
    }

    pub fn wait(&mut self, span: u64) {
        let until = self.now.after(Millis(span));
        while self.step_to(until) {}
    }
}

/// Offsets of a room's events, in the order in which they came.
pub fn offsets(got: &[Got], room: &str) -> Vec<u64> {
    got.iter()
        .filter_map(|got| match got {
            Got::Room(name, offset) if name == room => Some(*offset),
            _ => None,
        })
        .collect()
}

fn read(frame: &str) -> Got {
    if let Some(rest) = frame.strip_prefix("43") {
        let at = rest.find('[').unwrap();
        return Got::Ack(rest[..at].parse().unwrap(), serde_json::from_str(&rest[at..]).unwrap());
    }
    let Some(rest) = frame.strip_prefix("42") else { return Got::Other(frame.to_owned()) };
    let value: Value = serde_json::from_str(rest).unwrap();
    if value[0] == "tw" {
        return Got::Room(value[1][0].as_str().unwrap().to_owned(), value[1][2].as_u64().unwrap());
    }
    Got::Plain(value)
}
