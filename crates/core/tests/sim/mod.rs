//! A small world for crash tests: tabs over one store, our server's rule with its floors, one thing happening at a time.
#![allow(dead_code, unreachable_pub, clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tidewire_core::*;

/// Our server's rule (protocol section 3): below the floor it has forgotten everything. Effects have no constraint of their own.
#[derive(Default)]
pub struct Server {
    clients: BTreeMap<String, Known>,
    /// Path and body, in the order of application.
    pub effects: Vec<(String, String)>,
    /// Path and body of every request for a write, in the order of arrival.
    pub taken: Vec<(String, String)>,
}

#[derive(Default)]
struct Known {
    floor: u64,
    settled: BTreeMap<u64, Settled>,
}

/// By key.
enum Settled {
    Applied(String),
    Void(String),
}

impl Server {
    pub fn take(&mut self, request: &Request) -> &'static str {
        let said = (request.path.clone(), request.body.clone().unwrap_or_default().0);
        self.taken.push(said.clone());
        let header = |name: &str| request.headers.iter().find(|h| h.name == name).unwrap().value.clone();
        let client = header("tidewire-client");
        let key = header("idempotency-key").trim_matches('"').to_owned();
        let sequence: u64 = header("tidewire-sequence").parse().unwrap();
        let floor: u64 = header("tidewire-floor").parse().unwrap();
        assert!(floor <= sequence, "protocol section 3");
        let known = match self.clients.get_mut(&client) {
            Some(known) => known,
            None if floor > 1 => return "client-reset",
            None => self.clients.entry(client).or_default(),
        };
        if sequence < known.floor {
            return "client-reset";
        }
        match known.settled.get(&sequence) {
            Some(Settled::Applied(settled)) if *settled == key => return "replayed",
            Some(_) => return "client-reset",
            None => {}
        }
        known.settled.insert(sequence, Settled::Applied(key));
        known.floor = known.floor.max(floor);
        let kept = known.floor;
        known.settled.retain(|sequence, _| *sequence >= kept);
        self.effects.push(said);
        "applied"
    }

    /// What became of a write; what is open is void from now on (protocol section 5).
    pub fn ask(&mut self, request: &Request) -> &'static str {
        assert_eq!((request.kind, request.path.as_str()), (RequestKind::Outcome, "/tidewire/outcome"));
        let body = &request.body.as_ref().unwrap().0;
        assert!(body.ends_with(",\"void\":true}"), "{body}");
        let field = |name: &str| {
            let rest = body.split_once(&format!("\"{name}\":")).unwrap().1;
            rest.split([',', '}']).next().unwrap().trim_matches('"').to_owned()
        };
        let (key, sequence) = (field("key"), field("sequence").parse().unwrap());
        let known = match self.clients.get_mut(&field("client")) {
            Some(known) => known,
            None if field("floor") != "1" => return "client-reset",
            None => self.clients.entry(field("client")).or_default(),
        };
        if sequence < known.floor {
            return "client-reset";
        }
        match known.settled.get(&sequence) {
            Some(Settled::Applied(settled)) if *settled == key => "applied",
            Some(Settled::Void(void)) if *void == key => "voided",
            Some(_) => "client-reset",
            None => {
                known.settled.insert(sequence, Settled::Void(key));
                "voided"
            }
        }
    }
}

/// Our server's answer with this outcome.
pub fn answer(kind: RequestKind, outcome: &str) -> Response {
    let asks = kind == RequestKind::Outcome;
    Response {
        status: if outcome == "client-reset" && !asks { 409 } else { 200 },
        outcome: (!asks).then(|| outcome.into()),
        retry_after: None,
        content_type: None,
        redirected: false,
        accepted: None,
        names: Vec::new(),
        body: asks.then(|| format!("{{\"outcome\":\"{outcome}\"}}").into()),
    }
}

/// What is on its way.
enum Coming {
    Input(Input),
    /// A request that has not reached the server yet; its tab may be dead when it does.
    Arrive {
        fetch: FetchId,
        request: Request,
    },
}

pub struct Tab {
    pub engine: Engine,
    alive: bool,
    /// Layers that stand.
    pub layers: BTreeSet<WriteId>,
    pub pending: u32,
    /// Refused by the store.
    pub refused: Vec<WriteId>,
    pub parked: Vec<(WriteId, ParkReason)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcasts {
    Delivered,
    Lost,
    /// Only when everything else is over.
    Late,
}

pub struct World {
    pub tabs: Vec<Tab>,
    pub server: Server,
    pub disk: BTreeMap<String, Vec<u8>>,
    pub epoch: u64,
    pub now: u64,
    pub broadcasts: Broadcasts,
    /// The first answer to each request of a process is lost.
    pub lose_answers: bool,
    /// This step of the store fails, once.
    pub fail: Option<(usize, StoreError)>,
    pub persists: usize,
    pub durable: BTreeSet<WriteId>,
    coming: VecDeque<(usize, Coming)>,
    late: Vec<(usize, Input)>,
}

impl World {
    pub fn new(broadcasts: Broadcasts, lose_answers: bool) -> World {
        World {
            tabs: Vec::new(),
            server: Server::default(),
            disk: BTreeMap::new(),
            epoch: 0,
            now: 0,
            broadcasts,
            lose_answers,
            fail: None,
            persists: 0,
            durable: BTreeSet::new(),
            coming: VecDeque::new(),
            late: Vec::new(),
        }
    }

    pub fn time(&self) -> Now {
        Now { mono: Timestamp(self.now), wall: WallTime(1_790_000_000_000 + self.now) }
    }

    pub fn open_tab(&mut self) -> usize {
        let config = Config::new("app|test|ana".into());
        let seed = [self.tabs.len() as u8 + 1; 32];
        self.tabs.push(Tab {
            engine: Engine::new(config, seed, self.time()),
            alive: true,
            layers: BTreeSet::new(),
            pending: 0,
            refused: Vec::new(),
            parked: Vec::new(),
        });
        self.tabs.len() - 1
    }

    pub fn kill(&mut self, tab: usize) {
        self.tabs[tab].alive = false;
    }

    pub fn lead(&mut self, tab: usize) {
        self.epoch += 1;
        let epoch = LeaderEpoch(self.epoch);
        self.coming.push_back((tab, Coming::Input(Input::Leader { epoch })));
    }

    pub fn handle(&mut self, tab: usize, input: Input) {
        let now = self.time();
        if self.tabs[tab].alive {
            self.tabs[tab].engine.handle(input, now);
        }
    }

    pub fn submit(&mut self, tab: usize, path: &str, body: &str) -> WriteId {
        let write = Submission {
            method: "POST".into(),
            path: path.into(),
            body: Some(body.into()),
            name: "count".into(),
            optimistic: true,
            ..Submission::default()
        };
        let now = self.time();
        match self.tabs[tab].engine.command(Command::Submit { write }, now).unwrap() {
            Accepted::Queued { write } => write,
            other => panic!("not queued: {other:?}"),
        }
    }

    /// One output, or else one thing that was on its way, or else time passes. False: nothing will ever happen again.
    pub fn step(&mut self) -> bool {
        for tab in 0..self.tabs.len() {
            if self.tabs[tab].alive
                && let Some(output) = self.tabs[tab].engine.poll_output()
            {
                self.perform(tab, output);
                return true;
            }
        }
        if let Some((tab, coming)) = self.coming.pop_front() {
            match coming {
                Coming::Input(input) => self.handle(tab, input),
                Coming::Arrive { fetch, request } => self.arrive(tab, fetch, &request),
            }
            return true;
        }
        let alive = self.tabs.iter().enumerate().filter(|(_, t)| t.alive);
        let next = alive.filter_map(|(i, t)| Some((t.engine.poll_timeout()?, i))).min();
        let Some((at, tab)) = next else { return false };
        self.now = self.now.max(at.0);
        self.handle(tab, Input::Timeout {});
        true
    }

    /// Until nothing will ever happen again.
    pub fn settle(&mut self, what: &str) {
        for _ in 0..20_000 {
            if self.step() {
                continue;
            }
            if self.late.is_empty() {
                return;
            }
            for (tab, input) in std::mem::take(&mut self.late) {
                self.handle(tab, input);
            }
        }
        panic!("{what}: it never ends");
    }

    fn arrive(&mut self, tab: usize, fetch: FetchId, request: &Request) {
        let asks = request.kind == RequestKind::Outcome;
        let outcome = if asks { self.server.ask(request) } else { self.server.take(request) };
        let lost = self.lose_answers && request.attempt == 1 && !asks;
        let input = if lost {
            Input::RequestFailed { fetch, cause: RequestFailure::Network }
        } else {
            Input::Responded { fetch, response: answer(request.kind, outcome) }
        };
        self.coming.push_back((tab, Coming::Input(input)));
    }

    fn perform(&mut self, tab: usize, output: Output) {
        match output {
            Output::Load { load } => {
                let records = self.disk.iter();
                let records =
                    records.map(|(key, value)| StoredRecord { key: key.clone(), value: Blob(value.clone()) });
                let input = Input::Loaded { load, records: records.collect() };
                self.coming.push_back((tab, Coming::Input(input)));
            }
            Output::Read { load, key } => {
                let found = self.disk.get(&key).map(|value| StoredRecord { key, value: Blob(value.clone()) });
                let input = Input::Loaded { load, records: found.into_iter().collect() };
                self.coming.push_back((tab, Coming::Input(input)));
            }
            Output::Persist { persist, key, value, fence } => {
                let input = self.persist(persist, key, value, fence);
                self.coming.push_back((tab, Coming::Input(input)));
            }
            Output::Broadcast { key, value } => {
                for other in (0..self.tabs.len()).filter(|other| *other != tab) {
                    let news = Input::StoreChanged { key: key.clone(), value: value.clone() };
                    match self.broadcasts {
                        Broadcasts::Delivered => self.coming.push_back((other, Coming::Input(news))),
                        Broadcasts::Late => self.late.push((other, news)),
                        Broadcasts::Lost => {}
                    }
                }
            }
            // The lock is stolen; the one that held it is not told, as if it were frozen.
            Output::TakeLead {} => self.lead(tab),
            Output::Fetch { fetch, request } => {
                self.coming.push_back((tab, Coming::Arrive { fetch, request }));
            }
            Output::Write { write, state } => self.note(tab, write, state),
            Output::LayerAdded { write, .. } => {
                self.tabs[tab].layers.insert(write);
            }
            Output::LayerRetired { write, query: None } => {
                self.tabs[tab].layers.remove(&write);
            }
            Output::Outbox { status } => self.tabs[tab].pending = status.pending,
            _ => {}
        }
    }

    fn note(&mut self, tab: usize, write: WriteId, state: WriteState) {
        let tab = &mut self.tabs[tab];
        match state {
            WriteState::Durable { .. } => {
                self.durable.insert(write);
            }
            WriteState::Refused { .. } => tab.refused.push(write),
            WriteState::Parked { reason, .. } => tab.parked.push((write, reason)),
            _ => {}
        }
    }

    fn persist(
        &mut self,
        persist: PersistId,
        key: String,
        value: Option<Blob>,
        fence: Option<LeaderEpoch>,
    ) -> Input {
        self.persists += 1;
        if let Some((at, error)) = self.fail
            && at == self.persists
        {
            return Input::PersistFailed { persist, error };
        }
        if fence.is_some_and(|fence| fence.0 < self.epoch) {
            return Input::PersistFailed { persist, error: StoreError::Fenced };
        }
        match value {
            Some(value) => self.disk.insert(key, value.0),
            None => self.disk.remove(&key),
        };
        Input::Persisted { persist }
    }
}
