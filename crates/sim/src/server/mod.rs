//! The server of the simulated world: what is committed, and the real hub over it. A transaction is one call of
//! [`Server::write`]; effects are an append-only log without any constraint, so that nothing that happens twice can hide.

pub mod ledger;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tidewire_core::{Epoch, Request, RequestKind};
use tidewire_hub as hub;
use tidewire_wire::http;

use crate::app::{Shared, State};
use crate::base::Base;
use crate::ids::{Room, Tag, User};
use ledger::{Answer, Fate, Identity, Ledger, Verdict};

/// One application of a write.
#[derive(Clone, Debug)]
pub struct Effect {
    /// The write's id.
    pub key: String,
    /// Whose.
    pub user: String,
    /// Where.
    pub room: Room,
    /// What it added.
    pub tag: Tag,
    /// The name of what it belongs to, as the request had it.
    pub of: Option<String>,
}

/// Something that was emitted, and that a handler has worked on.
#[derive(Clone, Debug)]
pub struct Heard {
    /// By whom.
    pub user: String,
    /// What.
    pub tag: Tag,
    /// In the second namespace.
    pub aside: bool,
}

/// A room's history.
#[derive(Clone, Debug)]
pub struct RoomLog {
    /// All tags ever, oldest first.
    pub tags: Vec<Tag>,
    /// The epochs that there were, each with the number of tags before it. The last one is in use.
    pub epochs: Vec<(String, usize)>,
    /// What the app's events say, one for each tag.
    pub payloads: Vec<String>,
    /// What the app's handler made of the room.
    pub state: State,
    /// Events that are kept, contiguous up to the head.
    pub events: VecDeque<hub::RoomEvent>,
    /// The last offset of the epoch in use.
    pub head: u64,
}

impl RoomLog {
    fn new(room: Room) -> RoomLog {
        let epochs = vec![(format!("e{}-1", room.0), 0)];
        RoomLog {
            tags: Vec::new(),
            payloads: Vec::new(),
            state: State::new(),
            epochs,
            events: VecDeque::new(),
            head: 0,
        }
    }

    /// The epoch in use.
    #[must_use]
    pub fn epoch(&self) -> &str {
        self.epochs.last().map_or("", |(epoch, _)| epoch)
    }

    /// What the room held at this position; `None` if there never was such a position.
    #[must_use]
    pub fn tags_at(&self, epoch: &str, offset: u64) -> Option<&[Tag]> {
        let (_, before) = self.epochs.iter().find(|(known, _)| known == epoch)?;
        self.tags.get(..before + offset as usize)
    }
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// `Tidewire-Outcome`.
    pub outcome: Option<http::Outcome>,
    /// Body.
    pub body: String,
}

/// A read's answer.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The state, with its positions.
    pub base: Base,
    /// `applied=` of the client that asked.
    pub applied: Option<(String, Vec<(u64, u64)>)>,
}

/// The server.
pub struct Server {
    /// Committed: survives everything.
    pub ledger: Ledger,
    /// Committed: the effects, in commit order.
    pub effects: Vec<Effect>,
    /// Committed: the rooms.
    pub rooms: BTreeMap<Room, RoomLog>,
    /// What handlers of emits have worked on, in order.
    pub heard: Vec<Heard>,
    /// Writes that were asked about for a client that was never heard of: they may be parked as unknown.
    pub strangers: BTreeSet<String>,
    /// The app whose handlers run here.
    pub app: Shared,
    /// What a handler may never do, and did.
    pub handled_wrongly: Vec<String>,
    /// What no request may ever say, and said.
    pub wrong: Vec<String>,
    /// Lowest number of a token that is accepted, per person.
    pub tokens: BTreeMap<User, u32>,
    /// Milliseconds that a token lives; 0: for ever.
    pub token_life: u64,
    /// Who may be in no room.
    pub denied: BTreeSet<User>,
    /// Somebody was.
    pub ever_denied: bool,
    /// Events that a room keeps.
    pub retention: usize,
    /// Runs; nothing but what is committed survives its end.
    pub hub: Option<hub::Hub>,
    /// Counts starts.
    pub boot: u32,
    /// Keys of writes that are running now, in this boot.
    pub running: BTreeSet<String>,
    /// Committed in this boot, not told to the hub yet.
    pub feed: VecDeque<Vec<hub::RoomEvent>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server(boot {}, {} effects)", self.boot, self.effects.len())
    }
}

impl Server {
    /// A server with empty rooms, not started.
    #[must_use]
    pub fn new(app: Shared, retention: usize, token_life: u64) -> Server {
        Server {
            app,
            handled_wrongly: Vec::new(),
            ledger: Ledger::default(),
            effects: Vec::new(),
            rooms: Room::all().map(|room| (room, RoomLog::new(room))).collect(),
            heard: Vec::new(),
            strangers: BTreeSet::new(),
            wrong: Vec::new(),
            tokens: BTreeMap::new(),
            token_life,
            denied: BTreeSet::new(),
            ever_denied: false,
            retention,
            hub: None,
            boot: 0,
            running: BTreeSet::new(),
            feed: VecDeque::new(),
        }
    }

    /// Starts a process.
    pub fn start(&mut self, missed_events: u64) {
        let instance = format!("boot{}", self.boot + 1).into();
        let config = hub::Config {
            instance,
            ring_events: 8,
            read_events: 7,
            missed_events,
            namespaces: [SIDE.into()].into(),
            ..hub::Config::default()
        };
        self.hub = Some(hub::Hub::new(config));
        self.boot += 1;
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.hub = None;
        self.running.clear();
        self.feed.clear();
    }

    /// One write: judged, run and committed in one step.
    pub fn write(&mut self, user: User, request: &Request, now: u64) -> Reply {
        if request.kind == RequestKind::Outcome {
            return self.outcome(user, request);
        }
        let identity = match identity(request) {
            Ok(identity) => identity,
            Err(message) => {
                return Reply { status: 400, outcome: Some(http::Outcome::Rejected), body: message };
            }
        };
        let body = request.body.as_ref().map_or("", |body| body.0.as_str());
        let hashed = format!("{}\n{}\n{body}", request.method, request.path);
        if hashed.contains(TEMP) {
            self.wrong.push(format!("{} names something by its temporary id: {hashed}", request.write));
        }
        match self.ledger.judge(user.name(), &identity, &hashed, now) {
            Verdict::Run => {}
            Verdict::Replay(Answer { status, body }) => {
                return Reply {
                    status,
                    outcome: Some(http::Outcome::Replayed),
                    body: body.unwrap_or_default(),
                };
            }
            Verdict::KeyReused => return marked(422, http::Outcome::KeyReused),
            Verdict::ClientReset => return marked(409, http::Outcome::ClientReset),
        }
        let Some((room, action, tag)) = target(&request.path, body) else {
            return marked(404, http::Outcome::Rejected);
        };
        let text = body.split_once('\n').map_or("", |(_, text)| text);
        let payload = match self.handle(room, action, text) {
            Ok(payload) => payload,
            Err(status) if status < 500 => return marked(status, http::Outcome::Rejected),
            Err(status) => return Reply { status, outcome: None, body: String::new() },
        };
        let key = match &identity {
            Identity::Unnamed => String::new(),
            Identity::Keyed(key) | Identity::Sequenced { key, .. } => key.clone(),
        };
        let of = request.path.split_once("?of=").map(|(_, of)| of.to_owned());
        self.effects.push(Effect { key: key.clone(), user: user.name().to_owned(), room, tag, of });
        self.append(room, tag, &key, payload);
        let body = real(tag);
        let answer = Answer { status: 200, body: Some(body.clone()) };
        self.ledger.settle(user.name(), &identity, &hashed, answer, now);
        Reply { status: 200, outcome: Some(http::Outcome::Applied), body }
    }

    /// What became of a write whose answer was lost (protocol section 5).
    fn outcome(&mut self, user: User, request: &Request) -> Reply {
        let asked = request.body.as_ref().map_or("", |body| body.0.as_str());
        let (Some(client), Some(key)) = (field(asked, "client"), field(asked, "key")) else {
            return Reply { status: 400, outcome: None, body: "no client or key".to_owned() };
        };
        let number = |name| field(asked, name).and_then(|digits| digits.parse().ok());
        let (sequence, floor) = (number("sequence").unwrap_or(0), number("floor").unwrap_or(u64::MAX));
        if self.running.contains(&key) {
            let body = "{\"error\":{\"code\":\"in-progress\"}}".to_owned();
            return Reply { status: 409, outcome: None, body };
        }
        let void = field(asked, "void").as_deref() == Some("true");
        let known = self.ledger.knows(user.name(), &client);
        let identity = Identity::Sequenced { key: key.clone(), client, sequence, floor };
        let body = match self.ledger.fate(user.name(), &identity, void) {
            Fate::Applied(Answer { status, body }) => {
                let body = body.map(|body| format!(",\"body\":\"{body}\"")).unwrap_or_default();
                format!("{{\"outcome\":\"applied\",\"status\":{status}{body}}}")
            }
            Fate::Open => "{\"outcome\":\"unknown\"}".to_owned(),
            Fate::Voided => "{\"outcome\":\"voided\"}".to_owned(),
            Fate::ClientReset if !known => {
                self.strangers.insert(key);
                "{\"outcome\":\"client-reset\"}".to_owned()
            }
            Fate::ClientReset => "{\"outcome\":\"client-reset\"}".to_owned(),
        };
        Reply { status: 200, outcome: None, body }
    }

    /// The app's handler in its transaction, which is rolled back when it refuses: nothing that it did may be left.
    fn handle(&mut self, room: Room, name: &str, text: &str) -> Result<String, u16> {
        let Some(log) = self.rooms.get_mut(&room) else { return Err(404) };
        let before = log.state.clone();
        let answer = self.app.handle(&mut log.state, name, text);
        if let (Err(status), true) = (&answer, before != log.state) {
            self.handled_wrongly
                .push(format!("{name} in {room} is refused with {status} and changes the room"));
        }
        answer
    }

    fn append(&mut self, room: Room, tag: Tag, key: &str, payload: String) {
        let retention = self.retention;
        let Some(log) = self.rooms.get_mut(&room) else { return };
        log.head += 1;
        log.tags.push(tag);
        log.payloads.push(payload);
        let event = hub::RoomEvent {
            room: room.name().into(),
            epoch: log.epoch().into(),
            offset: log.head,
            event_id: format!("{}-{}", log.epoch(), log.head).into(),
            write_id: key.into(),
            name: "added".into(),
            payload: tag.0.to_string().into(),
        };
        log.events.push_back(event.clone());
        while log.events.len() > retention {
            log.events.pop_front();
        }
        if self.hub.is_some() {
            self.feed.push_back(vec![event]);
        }
    }

    /// A new history of a room: what was there stays, its events are gone.
    pub fn new_epoch(&mut self, room: Room) {
        if let Some(log) = self.rooms.get_mut(&room) {
            let next = log.epochs.len() + 1;
            log.epochs.push((format!("e{}-{next}", room.0), log.tags.len()));
            log.events.clear();
            log.head = 0;
        }
    }

    /// A read of these rooms, in one snapshot.
    #[must_use]
    pub fn read(&self, user: User, rooms: &[Room], client: Option<&str>) -> Snapshot {
        let mut base = Base::default();
        for room in rooms {
            let Some(log) = self.rooms.get(room) else { continue };
            base.tags.insert(*room, log.tags.clone());
            base.positions.insert(*room, (Epoch(log.epoch().to_owned()), log.head));
        }
        let applied =
            client.and_then(|client| Some((client.to_owned(), self.ledger.applied(user.name(), client)?)));
        Snapshot { base, applied }
    }

    /// What the hub asks, answered from what is committed.
    #[must_use]
    pub fn answer(&mut self, question: &hub::Output, now: u64) -> Option<hub::Input> {
        Some(match question {
            hub::Output::Authenticate { request, token, .. } => {
                let user = token.as_ref().and_then(|token| self.accepts(&token.0, now));
                let left = token.as_ref().and_then(|token| self.left(&token.0, now)).map(hub::Millis);
                let result = match user {
                    Some(user) => Ok(hub::Grant {
                        user: hub::UserId::from(user.name()),
                        socket: hub::SocketId::from(format!("s{request}").as_str()),
                        expires_in: left,
                        greet: false,
                        pid: "".into(),
                    }),
                    None => Err(hub::Refusal {
                        code: "AUTH".to_owned(),
                        message: "bad token".to_owned(),
                        data: None,
                    }),
                };
                hub::Input::Authenticated { request: *request, result }
            }
            hub::Output::Authorize { request, user, .. } => {
                let denied = User::named(&user.0).is_some_and(|user| self.denied.contains(&user));
                let result = match denied {
                    true => Err(hub::Denied::Unauthorized),
                    false => Ok(hub::Access { earliest: hub::Offset(0) }),
                };
                hub::Input::Authorized { request: *request, result }
            }
            hub::Output::ReadHead { request, room } => {
                let result = self.log(&room.0).ok_or(hub::Unreadable).map(|log| hub::Head {
                    epoch: hub::Epoch::from(log.epoch()),
                    offset: hub::Offset(log.head),
                });
                hub::Input::HeadRead { request: *request, result }
            }
            hub::Output::ReadHistory { request, room, after, limit } => {
                let result = self.log(&room.0).ok_or(hub::Unreadable).map(|log| {
                    log.events.iter().filter(|event| event.offset > after.0).take(*limit).cloned().collect()
                });
                hub::Input::HistoryRead { request: *request, result }
            }
            hub::Output::Dispatch { request, args, user, namespace, .. } => {
                let number = args.json.0.split(',').next().and_then(|number| number.parse().ok());
                let tag = Tag(number.unwrap_or(0));
                let parts: Vec<&[u8]> = args.attachments.iter().map(|part| &part.0[..]).collect();
                if args.json.0.contains("_placeholder") != (parts == [part_of(tag).as_bytes()]) {
                    self.wrong.push(format!("the emit {tag:?} came with {} parts: {parts:?}", parts.len()));
                }
                self.heard.push(Heard { user: user.0.to_string(), tag, aside: &*namespace.0 == SIDE });
                hub::Input::Handled { request: *request, answer: hub::Answer::Acknowledged(args.clone()) }
            }
            hub::Output::Send { .. }
            | hub::Output::Close { .. }
            | hub::Output::Pause { .. }
            | hub::Output::Resume { .. }
            | hub::Output::Acked { .. }
            | hub::Output::Log(_) => return None,
        })
    }

    fn log(&self, room: &str) -> Option<&RoomLog> {
        self.rooms.get(&Room::named(room)?)
    }

    /// Whose token this is, if it is good: `<name>#<number>@<when it was made>`.
    #[must_use]
    pub fn accepts(&self, token: &str, now: u64) -> Option<User> {
        let (name, number) = token.split_once('@')?.0.split_once('#')?;
        let user = User::named(name)?;
        let number: u32 = number.parse().ok()?;
        let known = number >= self.tokens.get(&user).copied().unwrap_or(0);
        (known && !self.is_over(token, now)).then_some(user)
    }

    /// Milliseconds that it is still good for, if it ever ends.
    fn left(&self, token: &str, now: u64) -> Option<u64> {
        let made: u64 = token.split_once('@')?.1.parse().ok()?;
        (self.token_life > 0).then(|| (made + self.token_life).saturating_sub(now))
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_over(&self, token: &str, now: u64) -> bool {
        self.left(token, now) == Some(0)
    }
}

fn marked(status: u16, outcome: http::Outcome) -> Reply {
    Reply { status, outcome: Some(outcome), body: String::new() }
}

/// `/r1/add` with the tag as body.
pub(crate) fn target<'a>(path: &'a str, body: &str) -> Option<(Room, &'a str, Tag)> {
    let (room, action) = path.strip_prefix('/')?.split_once('/')?;
    Some((Room::named(room)?, action.split('?').next()?, Tag(field(body, "tag")?.parse().ok()?)))
}

/// The binary part of the emit with this tag, if it has one.
#[must_use]
pub fn part_of(tag: Tag) -> String {
    format!("part {}", tag.0)
}

/// The second namespace.
pub const SIDE: &str = "/side";

/// What every temporary id begins with.
pub const TEMP: &str = "temp-";

/// The name that only the server can give.
#[must_use]
pub fn real(tag: Tag) -> String {
    format!("real-{}", tag.0)
}

/// A field of a flat JSON object whose values hold no quotes, as text.
fn field(json: &str, name: &str) -> Option<String> {
    let (_, rest) = json.split_once(&format!("\"{name}\":"))?;
    let rest = rest.trim_start();
    let value = match rest.strip_prefix('"') {
        Some(text) => text.split('"').next()?,
        None => rest.split([',', '}']).next()?,
    };
    Some(value.trim().to_owned())
}

fn identity(request: &Request) -> Result<Identity, String> {
    let find = |name: &str| {
        request.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    };
    let wrong = |error: tidewire_wire::HeaderError| error.to_string();
    let key = find(http::IDEMPOTENCY_KEY).map(http::parse_key).transpose().map_err(wrong)?;
    let client = find(http::CLIENT).map(http::parse_client).transpose().map_err(wrong)?;
    let sequence = find(http::SEQUENCE).map(http::parse_sequence).transpose().map_err(wrong)?;
    let floor = find(http::FLOOR).map(http::parse_sequence).transpose().map_err(wrong)?;
    match (key, client, sequence, floor) {
        (None, _, None, None) => Ok(Identity::Unnamed),
        (Some(key), None, None, None) => Ok(Identity::Keyed(key.to_owned())),
        (Some(key), Some(client), Some(sequence), Some(floor)) if floor <= sequence => {
            Ok(Identity::Sequenced { key: key.to_owned(), client: client.to_owned(), sequence, floor })
        }
        _ => Err("headers that do not belong together".to_owned()),
    }
}
