//! The smallest host: an engine whose store, link and token answer at once, and which counts what it stores.

use std::collections::BTreeMap;

use tidewire_core::*;

use crate::Failure;

/// A payload of 115 characters, the same as in the benchmark of the JavaScript engines.
pub(crate) const PAYLOAD: &str = "{\"activityId\":\"0b7f8f8e-6c57-4f0b-9a55\",\"likeCount\":17,\"userId\":\"ben\",\"title\":\"Bouldern am Mittwoch, danach Suppe\"}";

/// The write that all of them are made of.
pub(crate) fn submission(number: usize) -> Submission {
    Submission {
        name: "message.send".into(),
        version: 1,
        variables: PAYLOAD.into(),
        method: "POST".into(),
        path: format!("/api/activities/{number}/messages"),
        body: Some(PAYLOAD.into()),
        optimistic: true,
        keep_layer_when_parked: true,
        touched: vec![QueryId(1)],
        ..Submission::default()
    }
}

/// The store of a queue with so many writes.
pub(crate) fn records(
    partition: &str,
    count: usize,
    write: impl Fn(usize) -> Submission,
) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut host = Host::of(partition, BTreeMap::new(), [2; 32]);
    host.settle();
    for number in 0..count {
        host.command(Command::Submit { write: write(number) })?;
    }
    let disk = host.disk;
    if disk.len() == count { Ok(disk) } else { Err(format!("{} of {count} records", disk.len()).into()) }
}

/// The engine and what it has stored.
pub(crate) struct Host {
    pub(crate) engine: Engine,
    pub(crate) disk: BTreeMap<String, Vec<u8>>,
    /// Bytes of keys and values put so far.
    pub(crate) bytes: u64,
    /// Requests that nobody has answered yet.
    pub(crate) requests: Vec<FetchId>,
    pub(crate) events: usize,
    link: LinkId,
    bodies: u32,
}

const NOW: Now = Now { mono: Timestamp(1000), wall: WallTime(1_790_000_000_000) };

impl Host {
    /// An engine that leads over these records.
    pub(crate) fn over(disk: BTreeMap<String, Vec<u8>>, seed: [u8; 32]) -> Host {
        let mut host = Host::idle(disk, seed);
        host.settle();
        host.input(Input::Leader { epoch: LeaderEpoch(1) });
        host
    }

    /// An engine whose outputs nobody has performed yet.
    pub(crate) fn idle(disk: BTreeMap<String, Vec<u8>>, seed: [u8; 32]) -> Host {
        Host::of("bench|test|ana", disk, seed)
    }

    /// The same for the owner of another partition.
    pub(crate) fn of(partition: &str, disk: BTreeMap<String, Vec<u8>>, seed: [u8; 32]) -> Host {
        let limits = QueueLimits { pending: 20_000, pending_bytes: 1 << 30, ..QueueLimits::default() };
        let config = Config { queue: Some(limits), ..Config::new(partition.into()) };
        let engine = Engine::new(config, seed, NOW);
        Host { engine, disk, bytes: 0, requests: Vec::new(), events: 0, link: LinkId(0), bodies: 0 }
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.engine.handle(input, NOW);
        self.settle();
    }

    /// # Errors
    /// The engine's refusal.
    pub(crate) fn command(&mut self, command: Command) -> Result<Accepted, String> {
        let result = self.engine.command(command, NOW).map_err(|refusal| format!("refused: {refusal:?}"));
        self.settle();
        result
    }

    /// A frame that is JSON.
    pub(crate) fn frame(&mut self, text: &str) {
        self.bodies += 1;
        let body = FrameBody::Json { body: BodyId(self.bodies), last: None };
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.input(Input::Received { link: self.link, head: text.into(), length, body });
    }

    /// Performs outputs until there are none.
    pub(crate) fn settle(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            self.perform(output);
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "what is not named here is for an app's eyes")]
    fn perform(&mut self, output: Output) {
        match output {
            Output::Load { load } => {
                let records = self
                    .disk
                    .iter()
                    .map(|(key, value)| StoredRecord { key: key.clone(), value: Blob(value.clone()) });
                let records = records.collect();
                self.engine.handle(Input::Loaded { load, records }, NOW);
            }
            Output::Persist { persist, key, value, .. } => {
                self.bytes += (key.len() + value.as_ref().map_or(0, |value| value.0.len())) as u64;
                match value {
                    Some(value) => self.disk.insert(key, value.0),
                    None => self.disk.remove(&key),
                };
                self.engine.handle(Input::Persisted { persist }, NOW);
            }
            Output::FetchAuth { auth, .. } => {
                self.engine
                    .handle(Input::Auth { auth, result: AuthResult::Token { token: "t".into() } }, NOW);
            }
            Output::Open { link, .. } => {
                self.link = link;
                self.engine.handle(Input::Opened { link }, NOW);
                self.frame("0{\"sid\":\"e\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000}");
            }
            Output::Send { text, .. } if text.0.starts_with("40") => {
                self.frame("40{\"sid\":\"s\",\"tidewire\":1}")
            }
            Output::Send { text, .. } => {
                if let Some((id, _)) =
                    text.0.strip_prefix("42").and_then(|rest| rest.split_once("[\"room:join\""))
                {
                    let answer = format!(
                        "43{id}[{{\"success\":true,\"epoch\":\"k3j\",\"offset\":0,\"recovered\":false}}]"
                    );
                    self.frame(&answer);
                }
            }
            Output::Fetch { fetch, .. } => self.requests.push(fetch),
            Output::Event(_) => self.events += 1,
            _ => {}
        }
    }
}
