//! P4: Sequences of inputs to the engine: messages in the byte format of its border, answers to what it really asked, records
//! of a store with a right checksum around any bytes, and time. It must not panic, flood or spin.
#![no_main]
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use tidewire_core::*;
use tidewire_ffi::{Batch, Codec, Effect, Init, Message, Reader, Session, StepResult};

const PARTITION: &str = "a|t|u";
/// More outputs than one call has a reason for.
const FLOOD: usize = 3_000;
/// Longer sequences find nothing that these do not.
const CALLS: usize = 300;

fn run(bytes: &[u8]) {
    let mut host = Host::new();
    let mut data = Data(bytes);
    for _ in 0..CALLS {
        let Some(op) = data.byte() else { break };
        match op {
            0..=127 => match data.message() {
                Some(message) => host.tell(message),
                None => continue,
            },
            128..=220 => host.answer(usize::from(op), &mut data),
            221..=235 => {
                let key = format!("w/{:016x}-{:016x}", data.number(), 1);
                let value = Some(record(&key, &mut data));
                host.input(Input::StoreChanged { key, value });
            }
            _ => host.pass(u64::from(data.number()) * 500),
        }
    }
}

/// Bytes that are used up.
struct Data<'a>(&'a [u8]);

impl<'a> Data<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> u8 {
        self.byte().unwrap_or_default()
    }

    fn take(&mut self) -> &'a [u8] {
        let length = usize::from(self.number()).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn message(&mut self) -> Option<Message> {
        let mut reader = Reader::new(self.0);
        let message = Message::decode(&mut reader);
        self.0 = reader.rest();
        (!reader.failed()).then_some(message)
    }
}

struct Host {
    session: Session,
    now: u64,
    open: Vec<Output>,
    link: LinkId,
    disk: BTreeMap<String, Blob>,
    timeout: Option<Timestamp>,
}

impl Host {
    fn new() -> Host {
        let config = Config::new(PARTITION.into());
        let init = Init { config, seed: [7; 32], now: now(0) };
        let session = Session::new(&init.to_bytes()).expect("made just now");
        let disk = BTreeMap::new();
        Host { session, now: 0, open: Vec::new(), link: LinkId(1), disk, timeout: None }
    }

    fn input(&mut self, input: Input) {
        self.tell(Message::Input(input));
    }

    fn tell(&mut self, mut message: Message) {
        // A frame for a link that is there gets further than one for any other.
        if let Message::Input(Input::Received { link, .. } | Input::Opened { link }) = &mut message {
            *link = self.link;
        }
        let result = self.session.run(Batch { now: now(self.now), messages: vec![message] });
        let StepResult::Done { outputs, timeout } = result else {
            panic!("a batch without bytes is refused")
        };
        assert!(outputs.len() < FLOOD, "a flood of outputs");
        self.timeout = timeout;
        for effect in outputs {
            if let Effect::Output(output) = effect {
                if let Output::Open { link, .. } = &output {
                    self.link = *link;
                }
                self.open.push(output);
            }
        }
        // What is not answered for so long is forgotten, as by a host that died.
        let surplus = self.open.len().saturating_sub(256);
        self.open.drain(..surplus);
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "only questions are answered")]
    fn answer(&mut self, which: usize, data: &mut Data<'_>) {
        self.open.retain(|output| {
            matches!(
                output,
                Output::Load { .. }
                    | Output::Persist { .. }
                    | Output::FetchAuth { .. }
                    | Output::Fetch { .. }
            )
        });
        if self.open.is_empty() {
            return;
        }
        let how = data.number();
        let input = match self.open.remove(which % self.open.len()) {
            Output::Load { load } if how.is_multiple_of(16) => Input::LoadFailed { load },
            Output::Load { load } => {
                for number in 0..how % 4 {
                    let key = match number {
                        0 => "m/client".to_owned(),
                        _ => format!("w/{:016x}-{:016x}", data.number(), number),
                    };
                    let value = record(&key, data);
                    self.disk.insert(key, value);
                }
                let records = self.disk.iter();
                let records =
                    records.map(|(key, value)| StoredRecord { key: key.clone(), value: value.clone() });
                Input::Loaded { load, records: records.collect() }
            }
            Output::Persist { persist, .. } if how.is_multiple_of(16) => {
                Input::PersistFailed { persist, error: StoreError::Failed }
            }
            Output::Persist { persist, key, value, .. } => {
                match value {
                    Some(value) => self.disk.insert(key, value),
                    None => self.disk.remove(&key),
                };
                Input::Persisted { persist }
            }
            Output::FetchAuth { auth, .. } => {
                let anonymous = !how.is_multiple_of(8);
                let result = if anonymous { AuthResult::Anonymous {} } else { AuthResult::Missing {} };
                Input::Auth { auth, result }
            }
            Output::Fetch { fetch, .. } => {
                let mut reader = Reader::new(data.take());
                let response = Response::decode(&mut reader);
                if reader.failed() {
                    Input::RequestFailed { fetch, cause: RequestFailure::Network }
                } else {
                    Input::Responded { fetch, response }
                }
            }
            _ => return,
        };
        self.input(input);
    }

    fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        let mut fired = 0;
        while let Some(at) = self.timeout.filter(|at| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.input(Input::Timeout {});
            fired += 1;
            assert!(fired < 5_000 + millis, "deadlines breed");
        }
        self.now = end;
    }
}

fn now(millis: u64) -> Now {
    Now { mono: Timestamp(millis), wall: WallTime(1_790_000_000_000 + millis) }
}

/// A record whose envelope is right, so that what is inside is read.
fn record(key: &str, data: &mut Data<'_>) -> Blob {
    let kind = if key.starts_with("w/") { 1 } else { 2 };
    let mut out = vec![b'T', b'W', data.number() % 4, kind];
    out.extend_from_slice(&(PARTITION.len() as u32).to_le_bytes());
    out.extend_from_slice(PARTITION.as_bytes());
    out.extend_from_slice(data.take());
    out.extend_from_slice(data.take());
    let sum = checksum(key, &out);
    out.extend_from_slice(&sum.to_le_bytes());
    Blob(out)
}

fn checksum(key: &str, content: &[u8]) -> u32 {
    let bytes = key.bytes().chain([0]).chain(content.iter().copied());
    !bytes.fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));
