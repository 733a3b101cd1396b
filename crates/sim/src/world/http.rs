//! Requests: writes and reads of a tab on their way to the server and back, with everything that may happen to them.

use std::rc::Rc;

use tidewire_core::{
    Applied, AuthId, AuthResult, ClientId, FetchId, Input, Named, Payload, ReadId, Request, RequestFailure,
    RequestKind, Response, Sequence, SequenceRange,
};
use tidewire_wire::http::{self, Outcome};

use super::net::Reach;
use super::store::positions_of;
use super::{Happening, World};
use crate::bugs::Bug;
use crate::coverage::Fault;
use crate::foreign;
use crate::host::query_id;
use crate::ids::{Device, Life, Tab, User, rooms_of};
use crate::server::{Reply, Snapshot};

/// How the server, or what stands before it, answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// As it should.
    Well,
    /// 503, perhaps with `Retry-After`.
    Busy(Option<u64>),
    /// 500, and nothing is done.
    Broken,
    /// The write is done, and a gateway says 502.
    Gateway,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A write of the engine.
    Write(FetchId, Request),
    /// A read of a query: which fetch of it, and for which client id.
    Read(usize, u32, Option<String>),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// From where.
    pub tab: Tab,
    /// In which run.
    pub life: Life,
    /// Under which grant of the lock.
    pub grant: u32,
    /// The bearer token.
    pub token: String,
    /// What.
    pub ask: Ask,
    /// In the order in which they left.
    pub number: u64,
    /// A copy that the network made: nobody waits for its answer.
    pub copy: bool,
}

impl Call {
    /// The kind of a write to a foreign server.
    pub(super) fn foreign(&self) -> Option<&str> {
        match &self.ask {
            Ask::Write(_, request) => foreign::path_of(&request.path).map(|(how, _)| how),
            Ask::Read(..) => None,
        }
    }
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Nothing.
    Failed,
    /// A page of somebody else.
    Portal,
    /// To a write.
    Reply(Reply, Option<u64>),
    /// To a read.
    Base(Snapshot),
}

impl World {
    pub(super) fn fetch_auth(&mut self, tab: Tab, auth: AuthId, fresh: bool) {
        let (device, life, user) = (self.tabs[tab.0].device, self.tabs[tab.0].life, self.tabs[tab.0].user);
        if fresh {
            self.coverage.rule("C5");
        }
        // The app keeps a token until it is asked for a fresh one, or until it has little time left.
        let old = self.devices[device.0].token_made + self.server.token_life * 6 / 10;
        if fresh || self.server.token_life > 0 && self.now >= old {
            self.renew_token(device, user);
        }
        let token = self.token(device, user);
        let failed = self.devices[device.0].net.reach != Reach::Up && fresh;
        let result = if failed { AuthResult::Failed {} } else { AuthResult::Token { token: Payload(token) } };
        let after = self.rng.below(20);
        self.later(after, Happening::Input(tab, life, Box::new(Input::Auth { auth, result })));
    }

    fn token(&self, device: Device, user: User) -> String {
        let state = &self.devices[device.0];
        format!("{}#{}@{}", user.name(), state.token, state.token_made)
    }

    fn renew_token(&mut self, device: Device, user: User) {
        let number = self.server.tokens.get(&user).copied().unwrap_or(0);
        let state = &mut self.devices[device.0];
        (state.token, state.token_made) = (number, self.now);
    }

    pub(super) fn fetch_write(&mut self, tab: Tab, fetch: FetchId, request: Request) {
        if request.kind == RequestKind::Outcome {
            self.coverage.rule("Q13");
        } else {
            let grant = (self.tabs[tab.0].life, self.tabs[tab.0].grant);
            self.reference.sent(grant, &request);
        }
        let request = self.twisted(request);
        self.call(tab, Ask::Write(fetch, request));
    }

    /// The request as a planted bug makes it.
    fn twisted(&self, mut request: Request) -> Request {
        let value = |name: &str| {
            request.headers.iter().find(|header| header.name == name).map(|header| header.value.clone())
        };
        let (changed, value) = match self.bug {
            Some(Bug::FloorTooHigh) => (http::FLOOR, value(http::SEQUENCE)),
            Some(Bug::KeyPerAttempt) if request.attempt > 1 => {
                let key = value(http::IDEMPOTENCY_KEY).unwrap_or_default();
                (http::IDEMPOTENCY_KEY, Some(format!("{}-{}", key.trim_matches('"'), request.attempt)))
            }
            _ => return request,
        };
        for header in request.headers.iter_mut().filter(|header| header.name == changed) {
            header.value = value.clone().unwrap_or_default();
        }
        request
    }

    /// A query is fetched. The answer of a fetch of it that is under way still comes: which of them counts is the engine's to say.
    pub(super) fn fetch_query(&mut self, tab: Tab, query: usize) {
        let life = self.tabs[tab.0].life;
        let number = self.tabs[tab.0].host.begin_fetch(query);
        let client = self.tabs[tab.0].host.client.clone();
        self.input(tab, life, Input::FetchStarted { query: query_id(query), read: ReadId(number) });
        if self.alive(tab, life) {
            self.call(tab, Ask::Read(query, number, client));
        }
    }

    pub(super) fn fetch_again(&mut self, tab: Tab, life: Life, query: usize) {
        if self.alive(tab, life) && self.tabs[tab.0].host.queries[query].fetching.is_none() {
            self.fetch_query(tab, query);
        }
    }

    fn call(&mut self, tab: Tab, ask: Ask) {
        let (device, life, user) = (self.tabs[tab.0].device, self.tabs[tab.0].life, self.tabs[tab.0].user);
        let owner = if device.0 == 1 { User::Ben } else { User::Ana };
        let mixed = self.bug == Some(Bug::TokenMixedUp);
        let token = self.token(device, if mixed { owner } else { user });
        let grant = self.tabs[tab.0].grant;
        let call = Rc::new(Call { tab, life, grant, token, ask, copy: false, number: self.last_happening });
        let net = self.devices[device.0].net;
        let takes = self.latency(device);
        match net.reach {
            Reach::Down => self.later(takes.min(50), Happening::Answered(call, Box::new(Answer::Failed))),
            Reach::Portal => {
                self.coverage.fault(Fault::Portal);
                self.later(takes, Happening::Answered(call, Box::new(Answer::Portal)));
            }
            Reach::Hole => {
                self.coverage.fault(Fault::RequestSwallowed);
                self.give_up_reading(&call);
                if self.rng.chance(40) {
                    // It waits in some buffer and arrives when nobody expects it any more.
                    self.coverage.fault(Fault::RequestLate);
                    let after = self.rng.range(1_000, 60_000);
                    self.later(after, Happening::Arrived(Rc::new(Call { copy: true, ..(*call).clone() })));
                }
            }
            Reach::Up => {
                if self.rng.chance(net.drop) {
                    self.coverage.fault(Fault::RequestLost);
                    self.later(takes, Happening::Answered(call, Box::new(Answer::Failed)));
                    return;
                }
                // Nobody but our server promises anything about a request that the network doubles.
                if call.foreign().is_none() && self.rng.chance(net.duplicate) {
                    self.coverage.fault(Fault::RequestTwice);
                    let after = self.rng.range(0, 4_000);
                    self.later(
                        takes + after,
                        Happening::Arrived(Rc::new(Call { copy: true, ..(*call).clone() })),
                    );
                }
                self.later(takes, Happening::Arrived(call));
            }
        }
    }

    /// A request reaches the server's port.
    pub(super) fn arrived(&mut self, call: &Rc<Call>) {
        if self.server.hub.is_none() && call.foreign().is_none() {
            return self.reply(call, Answer::Failed);
        }
        let last = &mut self.devices[self.tabs[call.tab.0].device.0].last_arrived;
        if call.number < *last {
            self.coverage.fault(Fault::Reordered);
        }
        *last = call.number.max(*last);
        let Some(user) = self.server.accepts(&call.token, self.now) else {
            let over = self.server.is_over(&call.token, self.now);
            self.coverage.fault(if over { Fault::TokenExpired } else { Fault::TokenRefused });
            let reply = Reply { status: 401, outcome: None, body: String::new() };
            return self.reply(call, Answer::Reply(reply, None));
        };
        let unmarked = |status| Reply { status, outcome: None, body: String::new() };
        match self.answering {
            Answering::Busy(after) => {
                self.coverage.fault(Fault::ServerBusy);
                return self.reply(call, Answer::Reply(unmarked(503), after));
            }
            Answering::Broken => {
                self.coverage.fault(Fault::ServerBroken);
                return self.reply(call, Answer::Reply(unmarked(500), None));
            }
            Answering::Well | Answering::Gateway => {}
        }
        match &call.ask {
            Ask::Read(query, _, client) => {
                let snapshot = self.server.read(user, &rooms_of(*query), client.as_deref());
                self.reply(call, Answer::Base(snapshot));
            }
            Ask::Write(_, request) if call.foreign().is_some() => self.apply_foreign(call, user, request),
            Ask::Write(_, request) => {
                if self.server.running.contains(&request.write.0) {
                    self.coverage.fault(Fault::InProgress);
                    let reply =
                        Reply { status: 409, outcome: Some(Outcome::InProgress), body: String::new() };
                    return self.reply(call, Answer::Reply(reply, None));
                }
                if self.rng.chance(10) {
                    self.server.running.insert(request.write.0.clone());
                    let after = self.rng.range(20, 3_000);
                    self.later(after, Happening::Commit(call.clone(), self.server.boot));
                } else {
                    self.apply(call, user, request);
                }
            }
        }
    }

    pub(super) fn commit(&mut self, call: &Rc<Call>, boot: u32) {
        let runs = self.server.boot == boot && self.server.hub.is_some();
        // Who it is was found out when it arrived.
        let user = call.token.split('#').next().and_then(User::named);
        let (true, Some(user), Ask::Write(_, request)) = (runs, user, &call.ask) else {
            return self.reply(call, Answer::Failed);
        };
        self.server.running.remove(&request.write.0);
        self.apply(call, user, request);
    }

    fn apply(&mut self, call: &Rc<Call>, user: User, request: &Request) {
        let effects = self.server.effects.len();
        let reply = self.server.write(user, request, self.now);
        if self.bug == Some(Bug::Forgetful) && self.rng.chance(20) {
            self.server.ledger = crate::server::ledger::Ledger::default();
        }
        self.reference.answered((call.life, call.grant), request, &reply);
        self.coverage.reply(&reply);
        if self.verbose {
            self.trace(&format!("server: {} {} -> {:?}", request.write, request.path, reply.outcome));
        }
        if self.server.effects.len() > effects {
            self.applied(user);
            self.later(self.rng.clone().below(30), Happening::Feed(self.server.boot));
        }
        if self.answering == Answering::Gateway {
            self.coverage.fault(Fault::GatewayAfterCommit);
            let reply = Reply { status: 502, outcome: None, body: String::new() };
            return self.reply(call, Answer::Reply(reply, None));
        }
        self.reply(call, Answer::Reply(reply, None));
    }

    pub(super) fn reply(&mut self, call: &Rc<Call>, answer: Answer) {
        if call.copy {
            return;
        }
        let device = self.tabs[call.tab.0].device;
        let net = self.devices[device.0].net;
        let mut takes = self.latency(device);
        let answer = match net.reach {
            Reach::Hole => {
                self.coverage.fault(Fault::AnswerSwallowed);
                return self.give_up_reading(call);
            }
            Reach::Down | Reach::Portal => Answer::Failed,
            Reach::Up if self.rng.chance(net.lose_answer) => {
                self.coverage.fault(Fault::AnswerLost);
                if self.rng.chance(30) {
                    return self.give_up_reading(call);
                }
                Answer::Failed
            }
            Reach::Up => answer,
        };
        if self.rng.chance(net.late) {
            self.coverage.fault(Fault::AnswerLate);
            takes += self.rng.range(500, 40_000);
        }
        self.later(takes, Happening::Answered(call.clone(), Box::new(answer)));
    }

    /// Nothing comes back. The engine ends its own requests; those of the app end when the operating system says so.
    fn give_up_reading(&mut self, call: &Rc<Call>) {
        if let Ask::Read(..) = call.ask {
            self.later(60_000, Happening::Answered(call.clone(), Box::new(Answer::Failed)));
        }
    }

    pub(super) fn answered(&mut self, call: &Rc<Call>, answer: Answer) {
        let (tab, life) = (call.tab, call.life);
        if !self.alive(tab, life)
            || self.hold(tab, || Happening::Answered(call.clone(), Box::new(answer.clone())))
        {
            return;
        }
        match &call.ask {
            Ask::Write(fetch, _) => {
                let input = match answer {
                    Answer::Failed | Answer::Base(_) => {
                        Input::RequestFailed { fetch: *fetch, cause: RequestFailure::Network }
                    }
                    Answer::Portal => Input::Responded { fetch: *fetch, response: portal() },
                    Answer::Reply(reply, after) => {
                        let mut names = names_in(&call.ask, &reply);
                        if self.bug == Some(Bug::WrongName) {
                            names.iter_mut().for_each(|named| named.real.push('0'));
                        }
                        Input::Responded {
                            fetch: *fetch,
                            response: Response { names, ..response(reply, after) },
                        }
                    }
                };
                self.input(tab, life, input);
            }
            Ask::Read(query, number, client) => {
                let read = ReadId(*number);
                let superseded = self.tabs[tab.0].host.queries[*query].fetching != Some(*number);
                match answer {
                    Answer::Base(snapshot) => self.install(tab, *query, read, client.as_deref(), snapshot),
                    Answer::Failed | Answer::Portal | Answer::Reply(..) if superseded => {
                        self.input(tab, life, Input::FetchFailed { query: query_id(*query), read });
                    }
                    Answer::Reply(reply, _) if reply.status == 401 => {
                        // The app's own request code asks for a token, as it does for all its requests.
                        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
                        self.renew_token(device, user);
                        self.read_failed(tab, *query, read);
                    }
                    Answer::Failed | Answer::Portal | Answer::Reply(..) => {
                        self.read_failed(tab, *query, read);
                    }
                }
            }
        }
    }

    fn install(&mut self, tab: Tab, query: usize, read: ReadId, client: Option<&str>, snapshot: Snapshot) {
        let life = self.tabs[tab.0].life;
        let Snapshot { base, applied } = snapshot;
        let applied =
            applied.filter(|(named, _)| Some(named.as_str()) == client).map(|(client, ranges)| Applied {
                client: ClientId(client),
                ranges: ranges
                    .iter()
                    .map(|(from, to)| SequenceRange { from: Sequence(*from), to: Sequence(*to) })
                    .collect(),
            });
        let positions = positions_of(&base);
        self.tabs[tab.0].host.install(query, read.0, base);
        let input = Input::BaseInstalled {
            query: query_id(query),
            read: Some(read),
            positions,
            applied,
            carries: vec![],
            restored: false,
        };
        self.input(tab, life, input);
    }

    /// As the query client does it: three more tries, then it waits for a reason.
    fn read_failed(&mut self, tab: Tab, query: usize, read: ReadId) {
        let life = self.tabs[tab.0].life;
        let entry = &mut self.tabs[tab.0].host.queries[query];
        entry.fetching = None;
        entry.failures += 1;
        entry.stale = true;
        let failures = entry.failures;
        self.input(tab, life, Input::FetchFailed { query: query_id(query), read });
        let wait = 1_000 << failures.min(5);
        self.later(wait, Happening::FetchAgain(tab, life, query));
    }
}

/// The real names that an answer gives to the request's temporary ids, as the app's definition reads them.
fn names_in(ask: &Ask, reply: &Reply) -> Vec<Named> {
    let Ask::Write(_, request) = ask else { return Vec::new() };
    let given = (200..300).contains(&reply.status) && reply.body.starts_with("real-");
    let temps = request.temp_ids.iter().filter(|_| given);
    temps.map(|temp| Named { temp: temp.clone(), real: reply.body.clone() }).collect()
}

fn response(reply: Reply, after: Option<u64>) -> Response {
    Response {
        status: reply.status,
        outcome: reply.outcome.map(|outcome| outcome.as_str().to_owned()),
        retry_after: after.map(|seconds| seconds.to_string()),
        content_type: Some("application/json".into()),
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: Some(Payload(reply.body)),
    }
}

fn portal() -> Response {
    Response {
        status: 200,
        outcome: None,
        retry_after: None,
        content_type: Some("text/html".into()),
        redirected: true,
        accepted: None,
        names: Vec::new(),
        body: Some(Payload("<html>Welcome to the Wi-Fi</html>".into())),
    }
}
