//! Trace files: what was said to an engine, and what it answered, as text (P2). One file replayed natively, as
//! WebAssembly and as plain JavaScript gives the same bytes everywhere. Bytes only: it knows nothing of what they mean.
//!
//! ```text
//! tidewire-trace 1
//! # a sentence or more
//! format <fingerprint of the table>
//! init <hex>        a new engine; a restart is another one
//! > <hex>           a batch
//! < <hex>           its whole result, or
//! ~ <8 hex digits>  a hash of it, in long traces
//! hash <16 hex digits>  of all results
//! ```

use crate::describe::fingerprint;
use crate::schema::SCHEMA;
use crate::session::Session;
use std::fmt::Write as _;

/// A recorded run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// What it shows.
    pub about: String,
    /// In order.
    pub steps: Vec<Step>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new engine.
    Init {
        /// Bytes of an `Init`.
        bytes: Vec<u8>,
    },
    /// A batch for the last one.
    Call {
        /// Bytes of a `Batch`.
        batch: Vec<u8>,
        /// What came back.
        result: Recorded,
    },
}

/// What was kept of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// All of it.
    Whole(Vec<u8>),
    /// A hash.
    Sum(u32),
}

/// What a replay saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Calls made.
    pub calls: usize,
    /// Bytes of their results.
    pub bytes: usize,
    /// Hash of all results.
    pub hash: u64,
}

/// One step of a replay.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// From 0.
    pub index: usize,
    /// Bytes of a `Batch`, or of an `Init` if there is no result.
    pub call: &'a [u8],
    /// Bytes of the `StepResult` that came now.
    pub result: Option<&'a [u8]>,
}

/// Why a trace cannot be read, or went otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceError {
    /// A line is none of the known ones.
    Line(usize),
    /// It was recorded with another format.
    Stale,
    /// An `init` is malformed.
    Init(usize),
    /// The result of this step is another one.
    Differs {
        /// From 0.
        step: usize,
        /// What came now.
        now: Vec<u8>,
    },
    /// The hash over all results is another one.
    Hash,
}

impl std::fmt::Display for TraceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const AGAIN: &str = "record it again with `UPDATE_TRACES=1 cargo test -p tidewire-ffi`";
        match self {
            TraceError::Line(line) => write!(f, "line {line} of the trace is malformed"),
            TraceError::Stale => write!(f, "the trace was recorded with another byte format: {AGAIN}"),
            TraceError::Init(step) => write!(f, "step {step} starts no engine: {AGAIN}"),
            TraceError::Differs { step, .. } => {
                write!(f, "step {step} gives another result than recorded; if that is meant, {AGAIN}")
            }
            TraceError::Hash => write!(f, "the hash of the trace does not fit its results"),
        }
    }
}

impl std::error::Error for TraceError {}

/// FNV-1a with 32 bits, twice with different beginnings: easy to do in JavaScript too.
#[derive(Clone, Copy, Debug)]
struct Hash(u32, u32);

impl Hash {
    fn new() -> Hash {
        Hash(0x811c_9dc5, 0x1234_5678)
    }
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
            self.1 = (self.1 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }
    fn sum(bytes: &[u8]) -> u32 {
        let mut hash = Hash::new();
        hash.add(bytes);
        hash.0
    }
    fn value(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.1)
    }
}

impl Recorded {
    /// A hash of these bytes.
    #[must_use]
    pub fn sum(bytes: &[u8]) -> Recorded {
        Recorded::Sum(Hash::sum(bytes))
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        match self {
            Recorded::Whole(whole) => whole == bytes,
            Recorded::Sum(sum) => *sum == Hash::sum(bytes),
        }
    }
}

impl Trace {
    /// Runs it natively and compares every result.
    ///
    /// # Errors
    /// At the first difference.
    pub fn replay(&self) -> Result<Replay, TraceError> {
        self.replay_with(|_| {})
    }

    /// The same, and tells of each step as it is made, the first one that differs included.
    ///
    /// # Errors
    /// At the first difference.
    pub fn replay_with(&self, mut told: impl FnMut(&Told<'_>)) -> Result<Replay, TraceError> {
        let mut session = None;
        let mut hash = Hash::new();
        let mut replay = Replay { calls: 0, bytes: 0, hash: 0 };
        for (index, step) in self.steps.iter().enumerate() {
            match step {
                Step::Init { bytes } => {
                    told(&Told { index, call: bytes, result: None });
                    session = Some(Session::new(bytes).map_err(|_| TraceError::Init(index))?);
                }
                Step::Call { batch, result } => {
                    let now = session.as_mut().ok_or(TraceError::Init(index))?.step(batch);
                    told(&Told { index, call: batch, result: Some(&now) });
                    if !result.fits(&now) {
                        return Err(TraceError::Differs { step: index, now });
                    }
                    hash.add(&now);
                    replay.calls += 1;
                    replay.bytes += now.len();
                }
            }
        }
        replay.hash = hash.value();
        Ok(replay)
    }

    /// As a file, with the hash of its replay.
    #[must_use]
    pub fn to_text(&self, hash: u64) -> String {
        let mut out = String::from("tidewire-trace 1\n");
        for line in self.about.lines() {
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(out, "format {:016x}", fingerprint(SCHEMA));
        for step in &self.steps {
            match step {
                Step::Init { bytes } => put_line("init", bytes, &mut out),
                Step::Call { batch, result } => {
                    put_line(">", batch, &mut out);
                    match result {
                        Recorded::Whole(bytes) => put_line("<", bytes, &mut out),
                        Recorded::Sum(sum) => {
                            let _ = writeln!(out, "~ {sum:08x}");
                        }
                    }
                }
            }
        }
        let _ = writeln!(out, "hash {hash:016x}");
        out
    }

    /// From a file, with the hash that stands in it.
    ///
    /// # Errors
    /// If it is malformed or of another format.
    pub fn parse(text: &str) -> Result<(Trace, u64), TraceError> {
        let mut trace = Trace::default();
        let mut batch = None;
        let mut hash = None;
        for (index, line) in text.lines().enumerate() {
            let wrong = || TraceError::Line(index + 1);
            let (key, value) = line.split_once(' ').ok_or_else(wrong)?;
            match key {
                "tidewire-trace" if value == "1" => {}
                "#" => {
                    trace.about += value;
                    trace.about.push('\n');
                }
                "format" if value == format!("{:016x}", fingerprint(SCHEMA)) => {}
                "format" => return Err(TraceError::Stale),
                "init" => trace.steps.push(Step::Init { bytes: from_hex(value).ok_or_else(wrong)? }),
                ">" => batch = Some(from_hex(value).ok_or_else(wrong)?),
                "<" | "~" => {
                    let result = if key == "<" {
                        from_hex(value).map(Recorded::Whole)
                    } else {
                        u32::from_str_radix(value, 16).ok().map(Recorded::Sum)
                    };
                    let (batch, result) = (batch.take().ok_or_else(wrong)?, result.ok_or_else(wrong)?);
                    trace.steps.push(Step::Call { batch, result });
                }
                "hash" => hash = u64::from_str_radix(value, 16).ok(),
                _ => return Err(wrong()),
            }
        }
        Ok((trace, hash.ok_or(TraceError::Line(text.lines().count()))?))
    }
}

fn put_line(key: &str, bytes: &[u8], out: &mut String) {
    *out += key;
    out.push(' ');
    *out += &to_hex(bytes);
    out.push('\n');
}

/// Two lower-case digits per byte.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}
