//! One tab and its lives: the process is killed after a number of outputs, and what was on the disk is all that the next one has.
//! What was said of each write in any life must be true in the end, whatever comes late (P1 in small).
#![allow(dead_code, unreachable_pub, clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tidewire_core::*;

use crate::rig::{self, Rig};
use crate::sim::{Server, answer};

/// The process is no more.
#[derive(Debug)]
pub struct Killed;
pub type Lived = Result<(), Killed>;

/// What happens to requests for `/x`; all others arrive and are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Good,
    /// The first answer that each process would get is lost.
    AnswersLost,
    /// The first request of each write arrives when it has been given up, before anything else does.
    Slow,
    /// It arrives when everything is over.
    Late,
    /// Three answers of 500 to each write, which is not applied by them.
    Fails,
    /// The same, although it is applied.
    FailsApplied,
}

/// What the app knows of a foreign server, when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knows {
    Truth,
    Nothing,
}

pub struct Life {
    pub rig: Rig,
    /// From 0.
    pub number: usize,
    pub network: Network,
    pub knows: Knows,
    /// What the app makes of a write of an older version.
    pub upcast: Option<Submission>,
    /// Everything that was asked for, in order.
    pub writes: Vec<WriteId>,
    /// Those that may end without an effect, because the app wants it so: it may not have heard of the end before a kill.
    pub unwanted: BTreeSet<WriteId>,
    /// What the server has applied, in order.
    pub applied: Vec<WriteId>,
    /// And what it was.
    pub bodies: Vec<String>,
    /// What was said, and in which life.
    pub told: BTreeMap<WriteId, Vec<(usize, WriteState)>>,
    /// Writes that a life found in the store.
    pub found: BTreeSet<(usize, WriteId)>,
    /// Layers of this life.
    pub layers: BTreeSet<WriteId>,
    pub status: OutboxStatus,
    /// The engine has said that it needs nothing more.
    pub quiet: bool,
    pub verifies: usize,
    server: Server,
    foreign: bool,
    config: Config,
    /// Outputs until the kill.
    left: usize,
    /// Requests on their way.
    open: VecDeque<(FetchId, Request)>,
    /// Requests that nobody waits for any more, or that stay away for long.
    held: Vec<Request>,
    tries: BTreeMap<WriteId, u32>,
}

impl Life {
    pub fn new(config: Config, network: Network, kill: usize) -> Life {
        Life {
            rig: Rig::idle(config.clone(), BTreeMap::new(), 1),
            number: 0,
            network,
            knows: Knows::Truth,
            upcast: None,
            writes: Vec::new(),
            unwanted: BTreeSet::new(),
            applied: Vec::new(),
            bodies: Vec::new(),
            told: BTreeMap::new(),
            found: BTreeSet::new(),
            layers: BTreeSet::new(),
            status: OutboxStatus::default(),
            quiet: false,
            verifies: 0,
            server: Server::default(),
            foreign: config.server == tidewire_core::Server::Foreign,
            config,
            left: kill,
            open: VecDeque::new(),
            held: Vec::new(),
            tries: BTreeMap::new(),
        }
    }

    // ---- what a script does

    pub fn lead(&mut self) {
        let epoch = LeaderEpoch(self.number as u64 + 1);
        self.handle(Input::Leader { epoch });
    }

    pub fn handle(&mut self, input: Input) {
        self.rig.engine.handle(input, self.rig.now());
    }

    pub fn command(&mut self, command: Command) -> Result<Accepted, Refusal> {
        match &command {
            Command::Cancel { write } | Command::Discard { write } | Command::Edit { write, .. } => {
                self.unwanted.insert(write.clone());
            }
            Command::Clear {} => self.all_unwanted(),
            _ => {}
        }
        let accepted = self.rig.engine.command(command, self.rig.now());
        if let Ok(Accepted::Queued { write }) = &accepted {
            self.writes.push(write.clone());
        }
        accepted
    }

    pub fn submit(&mut self, path: &str, change: impl FnOnce(&mut Submission)) -> WriteId {
        let mut write = submission(path, path);
        change(&mut write);
        match self.command(Command::Submit { write }) {
            Ok(Accepted::Queued { write }) => write,
            other => panic!("not queued: {other:?}"),
        }
    }

    pub fn all_unwanted(&mut self) {
        self.unwanted.extend(self.writes.iter().cloned());
    }

    pub fn processing(&mut self, on: bool) {
        self.command(Command::SetProcessing { on }).unwrap();
    }

    /// Whatever the engine wants now.
    pub fn run(&mut self) -> Lived {
        while let Some(output) = self.rig.engine.poll_output() {
            self.left = self.left.checked_sub(1).ok_or(Killed)?;
            self.perform(output);
        }
        Ok(())
    }

    /// Until nothing will happen any more.
    pub fn work(&mut self) -> Lived {
        self.work_for(u64::MAX)
    }

    /// For so long.
    pub fn work_for(&mut self, millis: u64) -> Lived {
        let end = self.rig.now.saturating_add(millis);
        loop {
            self.run()?;
            if let Some((fetch, request)) = self.open.pop_front() {
                self.arrive(fetch, &request);
                continue;
            }
            match self.rig.engine.poll_timeout() {
                Some(at) if at.0 <= end => {
                    self.rig.now = self.rig.now.max(at.0);
                    self.handle(Input::Timeout {});
                }
                _ => break,
            }
        }
        if end != u64::MAX {
            self.rig.now = end;
        }
        Ok(())
    }

    /// The next life, as this user.
    pub fn next(&mut self, config: Config, outputs: usize) {
        self.number += 1;
        self.held.extend(std::mem::take(&mut self.open).into_iter().map(|(_, request)| request));
        if self.network != Network::Late {
            self.late_ones_arrive();
        }
        let mut rig = Rig::idle(config, std::mem::take(&mut self.rig.disk), self.number as u8 + 1);
        (rig.now, rig.wall) = (self.rig.now, self.rig.wall);
        self.rig = rig;
        self.left = outputs;
        self.layers.clear();
        self.status = OutboxStatus::default();
        self.quiet = false;
    }

    /// Outputs until the kill.
    pub fn left(&self) -> usize {
        self.left
    }

    // ---- what there is to see

    pub fn times(&self, write: &WriteId) -> usize {
        self.applied.iter().filter(|applied| *applied == write).count()
    }

    pub fn last(&self, write: &WriteId) -> Option<&WriteState> {
        let (life, state) = self.told.get(write)?.last()?;
        (*life == self.number).then_some(state)
    }

    pub fn is_parked(&self, write: &WriteId) -> bool {
        matches!(self.last(write), Some(WriteState::Parked { .. }))
    }

    /// Writes that stand parked in this life.
    pub fn parked(&self) -> Vec<WriteId> {
        self.told.keys().filter(|write| self.is_parked(write)).cloned().collect()
    }

    pub fn was_told(&self, write: &WriteId, what: impl Fn(&WriteState) -> bool) -> bool {
        self.told.get(write).is_some_and(|told| told.iter().any(|(_, state)| what(state)))
    }

    /// The app heard that it is on disk.
    pub fn was_promised(&self, write: &WriteId) -> bool {
        self.was_told(write, |state| matches!(state, WriteState::Durable { .. }))
    }

    /// Keys of writes on the disk.
    pub fn records(&self) -> usize {
        self.rig.disk.keys().filter(|key| key.starts_with("w/")).count()
    }

    // ---- the world

    fn perform(&mut self, output: Output) {
        match output {
            Output::Fetch { fetch, request } => self.open.push_back((fetch, request)),
            Output::Abort { fetch } => {
                let (given_up, open) = self.open.drain(..).partition(|(id, _)| *id == fetch);
                self.open = open;
                let given_up: VecDeque<_> = given_up;
                if self.network == Network::Late {
                    self.held.extend(given_up.into_iter().map(|(_, request)| request));
                }
                if self.network == Network::Slow {
                    self.late_ones_arrive();
                }
            }
            Output::Write { write, state } => {
                self.told.entry(write).or_default().push((self.number, state));
            }
            Output::WriteFound { write, .. } => {
                self.found.insert((self.number, write));
            }
            Output::LayerAdded { write, .. } => {
                self.layers.insert(write);
            }
            Output::LayerRetired { write, query: None } => {
                self.layers.remove(&write);
            }
            Output::Outbox { status } => self.status = status,
            Output::Quiet {} => self.quiet = true,
            Output::Upcast { write, .. } => {
                let result = self.upcast.clone();
                self.handle(Input::Upcasted { write, result });
            }
            Output::Verify { write, .. } => {
                self.verifies += 1;
                let found = match self.knows {
                    Knows::Nothing => Found::Unknown {},
                    Knows::Truth if self.times(&write) > 0 => Found::Applied { body: None },
                    Knows::Truth => Found::NotApplied {},
                };
                self.handle(Input::Verified { write, found });
            }
            other => self.rig.perform(other),
        }
    }

    /// A request reaches the server, or does not yet.
    fn arrive(&mut self, fetch: FetchId, request: &Request) {
        let asks = request.kind == RequestKind::Outcome;
        let input = |response| Input::Responded { fetch, response };
        if request.path != "/x" || asks {
            let response = self.serve(request);
            return self.handle(input(response));
        }
        let tries = self.tries.entry(request.write.clone()).or_default();
        *tries += 1;
        let tries = *tries;
        match self.network {
            // Nothing is heard of it.
            Network::Slow | Network::Late if tries == 1 => self.held.push(request.clone()),
            Network::Fails | Network::FailsApplied if tries <= 3 => {
                if self.network == Network::FailsApplied {
                    self.serve(request);
                }
                self.handle(input(rig::response(500, None)));
            }
            Network::AnswersLost if request.attempt == 1 => {
                self.serve(request);
                let cause = RequestFailure::Network;
                self.handle(Input::RequestFailed { fetch, cause });
            }
            _ => {
                let response = self.serve(request);
                self.handle(input(response));
            }
        }
    }

    fn serve(&mut self, request: &Request) -> Response {
        if request.kind == RequestKind::Outcome {
            return answer(request.kind, self.server.ask(request));
        }
        if request.path.starts_with("/refused") {
            return rig::response(422, (!self.foreign).then_some("rejected"));
        }
        let outcome = if self.foreign { "applied" } else { self.server.take(request) };
        if outcome == "applied" {
            self.applied.push(request.write.clone());
            self.bodies.push(request.body.clone().unwrap_or_default().0);
        }
        if self.foreign { rig::response(200, None) } else { answer(request.kind, outcome) }
    }

    fn late_ones_arrive(&mut self) {
        for request in std::mem::take(&mut self.held) {
            self.serve(&request);
        }
    }

    // ---- what must be true

    /// What was said of each write, in any life, against what the server did.
    pub fn check(&mut self, what: &str) {
        self.late_ones_arrive();
        let mut waiting = 0;
        for write in &self.writes {
            let times = self.times(write);
            let told = self.told.get(write);
            let what = format!("{what}: {times} times; told {told:?}");
            assert!(times <= 1, "{what}");
            let gone = |state: &WriteState| {
                matches!(
                    state,
                    WriteState::Discarded {} | WriteState::Merged { .. } | WriteState::Refused { .. }
                )
            };
            let cancelled = self.was_told(write, |state| matches!(state, WriteState::Cancelled {}));
            if self.was_told(write, gone) || cancelled {
                let unknown =
                    |s: &WriteState| matches!(s, WriteState::Parked { reason: ParkReason::Unknown, .. });
                if self.was_told(write, unknown)
                    && self.was_told(write, |s| matches!(s, WriteState::Discarded {}))
                {
                    continue; // Nobody could say, and it was given up in that knowledge.
                }
                assert_eq!(times, 0, "said to be gone, {what}");
                let ended = told.and_then(|told| told.iter().find(|(_, state)| gone(state)));
                let after = ended.map_or(usize::MAX, |(life, _)| life + 1);
                assert!(
                    !self.found.range((after, WriteId::default())..).any(|(_, w)| w == write),
                    "found again, {what}"
                );
                continue;
            }
            if self.was_told(write, |state| {
                matches!(state, WriteState::Acknowledged { .. } | WriteState::Settled {})
            }) {
                assert_eq!(times, 1, "said to be applied, {what}");
                continue;
            }
            let stands = match self.last(write) {
                Some(WriteState::Parked { reason: ParkReason::Expired | ParkReason::Permanent, .. }) => {
                    assert_eq!(times, 0, "said to be set aside, {what}");
                    true
                }
                Some(WriteState::Parked { .. } | WriteState::Quarantined { .. }) => true,
                _ => false,
            };
            waiting += usize::from(stands);
            let may_end = self.unwanted.contains(write) || !self.was_promised(write);
            assert!(stands || times == 1 || may_end, "promised and lost, {what}");
        }
        assert_eq!(self.status.pending, 0, "{what}: all is over");
        assert_eq!(self.records(), waiting, "{what}: {:?}", self.rig.disk.keys());
    }
}

/// A named mutation with a layer.
pub fn submission(path: &str, body: &str) -> Submission {
    Submission {
        method: "POST".into(),
        path: path.into(),
        body: Some(body.into()),
        name: "count".into(),
        version: 1,
        optimistic: true,
        ..Submission::default()
    }
}

/// Plays the script with a kill after every output of its first life, and once more somewhere in its second.
pub fn kill_everywhere(
    config: &Config,
    networks: &[Network],
    least: usize,
    script: impl Fn(&mut Life) -> Lived,
    check: impl Fn(&Life, &str),
) {
    for network in networks {
        let mut kill = 0;
        loop {
            let mut life = Life::new(config.clone(), *network, kill);
            let mut kills = 0;
            while script(&mut life).is_err() {
                kills += 1;
                life.next(config.clone(), if kills == 1 { kill * 7 % 37 } else { usize::MAX });
            }
            let what = format!("{network:?}, kill after {kill}, killed {kills} times");
            life.check(&what);
            check(&life, &what);
            if kills == 0 {
                break;
            }
            kill += 1;
        }
        assert!(kill >= least, "{network:?}: only {kill} places to kill at");
    }
}
