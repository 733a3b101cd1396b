//! The server of the simulated world: what is committed, and the real hub over it. A transaction is one call of
//! [`Server::write`]; effects are an append-only log without any constraint, so that nothing that happens twice can hide.

pub mod ledger;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tidewire_core::{Epoch, Request};
use tidewire_hub as hub;
use tidewire_wire::http;

use crate::base::Base;
use crate::ids::{Room, Tag, User};
use ledger::{Answer, Identity, Ledger, Verdict};

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
}

/// A room's history.
#[derive(Clone, Debug)]
pub struct RoomLog {
    /// All tags ever, oldest first.
    pub tags: Vec<Tag>,
    /// The epochs that there were, each with the number of tags before it. The last one is in use.
    pub epochs: Vec<(String, usize)>,
    /// Events that are kept, contiguous up to the head.
    pub events: VecDeque<hub::RoomEvent>,
    /// The last offset of the epoch in use.
    pub head: u64,
}

impl RoomLog {
    fn new(room: Room) -> RoomLog {
        let epochs = vec![(format!("e{}-1", room.0), 0)];
        RoomLog { tags: Vec::new(), epochs, events: VecDeque::new(), head: 0 }
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
    /// Lowest number of a token that is accepted, per person.
    pub tokens: BTreeMap<User, u32>,
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
    pub fn new(retention: usize) -> Server {
        Server {
            ledger: Ledger::default(),
            effects: Vec::new(),
            rooms: Room::all().map(|room| (room, RoomLog::new(room))).collect(),
            tokens: BTreeMap::new(),
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
        let config =
            hub::Config { instance, ring_events: 8, read_events: 7, missed_events, ..hub::Config::default() };
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
        let identity = match identity(request) {
            Ok(identity) => identity,
            Err(message) => {
                return Reply { status: 400, outcome: Some(http::Outcome::Rejected), body: message };
            }
        };
        let body = request.body.as_ref().map_or("", |body| body.0.as_str());
        let hashed = format!("{}\n{}\n{body}", request.method, request.path);
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
        match action {
            "refuse" => return marked(422, http::Outcome::Rejected),
            "conflict" => return marked(412, http::Outcome::Rejected),
            "fail" => return Reply { status: 500, outcome: None, body: String::new() },
            _ => {}
        }
        let key = match &identity {
            Identity::Unnamed => String::new(),
            Identity::Keyed(key) | Identity::Sequenced { key, .. } => key.clone(),
        };
        let count = self.append(user, room, tag, &key);
        let answer = Answer { status: 200, body: Some(count.to_string()) };
        self.ledger.settle(user.name(), &identity, &hashed, answer, now);
        Reply { status: 200, outcome: Some(http::Outcome::Applied), body: count.to_string() }
    }

    fn append(&mut self, user: User, room: Room, tag: Tag, key: &str) -> usize {
        self.effects.push(Effect { key: key.to_owned(), user: user.name().to_owned(), room, tag });
        let retention = self.retention;
        let Some(log) = self.rooms.get_mut(&room) else { return 0 };
        log.head += 1;
        log.tags.push(tag);
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
        log.tags.len()
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
    pub fn answer(&self, question: &hub::Output) -> Option<hub::Input> {
        Some(match question {
            hub::Output::Authenticate { request, token, .. } => {
                let user = token.as_ref().and_then(|token| self.accepts(&token.0));
                let result = match user {
                    Some(user) => Ok(hub::Grant {
                        user: hub::UserId::from(user.name()),
                        socket: hub::SocketId::from(format!("s{request}").as_str()),
                        expires_in: None,
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
            hub::Output::Authorize { request, .. } => hub::Input::Authorized {
                request: *request,
                result: Ok(hub::Access { earliest: hub::Offset(0) }),
            },
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
            hub::Output::Dispatch { request, args, .. } => {
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

    /// Whose token this is, if it is good: `<name>#<number>`.
    #[must_use]
    pub fn accepts(&self, token: &str) -> Option<User> {
        let (name, number) = token.split_once('#')?;
        let user = User::named(name)?;
        let number: u32 = number.parse().ok()?;
        (number >= self.tokens.get(&user).copied().unwrap_or(0)).then_some(user)
    }
}

fn marked(status: u16, outcome: http::Outcome) -> Reply {
    Reply { status, outcome: Some(outcome), body: String::new() }
}

/// `/r1/add` with the tag as body.
fn target<'a>(path: &'a str, body: &str) -> Option<(Room, &'a str, Tag)> {
    let (room, action) = path.strip_prefix('/')?.split_once('/')?;
    Some((Room::named(room)?, action.split('?').next()?, Tag(body.parse().ok()?)))
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
