//! The recorder: what was said to this client's engine, from its start, as a file that `tidewire replay` runs (docs/recording.md).
//! It decides nothing, and performs nothing.

mod blank;
mod stored;

use std::fmt;

use tidewire_core::{Command, Config, Engine, Input, Now, Output, Timestamp};
use tidewire_ffi::trace::{Recorded, Step, Trace};
use tidewire_ffi::{Batch, Codec, CommandResult, Effect, Init, Message, Session, StepResult};

use self::blank::Blanker;

/// What is recorded, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordOptions {
    /// Bytes that are kept.
    pub bytes: usize,
    /// Calls of the engine that are kept.
    pub steps: usize,
    /// With bodies, variables, tokens and arguments. Without, text of the same length stands in their place.
    pub payloads: bool,
}

impl Default for RecordOptions {
    /// 4 MiB, 20,000 calls, no payloads.
    fn default() -> RecordOptions {
        RecordOptions { bytes: 4 << 20, steps: 20_000, payloads: false }
    }
}

/// A recording from the start of the client.
#[derive(Clone, PartialEq, Eq)]
pub struct Recording {
    /// The file.
    pub text: String,
    /// Calls of the engine in it.
    pub steps: usize,
    /// The limit was reached: what came later is not in it.
    pub full: bool,
    /// The first call at which the file's engine did something else than this client's did, because what it decided on was blanked (or
    /// because of a bug). The file says so too.
    pub differs: Option<usize>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("bytes", &self.text.len())
            .field("steps", &self.steps)
            .field("full", &self.full)
            .field("differs", &self.differs)
            .finish()
    }
}

struct Kept {
    batch: Vec<u8>,
    /// A hash of the real result without payloads.
    shape: u32,
}

/// What is kept.
pub(crate) struct Recorder {
    options: RecordOptions,
    init: Vec<u8>,
    kept: Vec<Kept>,
    bytes: usize,
    full: bool,
    blanker: Blanker,
}

impl Recorder {
    pub(crate) fn new(options: RecordOptions, config: Config, seed: [u8; 32], now: Now) -> Recorder {
        let init = Init { config, seed, now }.to_bytes();
        let bytes = init.len();
        let blanker = Blanker::default();
        Recorder { options, init, kept: Vec::new(), bytes, full: false, blanker }
    }

    /// One call of the engine, and what it gave.
    pub(crate) fn keep(
        &mut self,
        mut message: Message,
        now: Now,
        outputs: &[Effect],
        timeout: Option<Timestamp>,
    ) {
        if self.full {
            return;
        }
        if !self.options.payloads {
            self.blanker.message(&mut message);
            let all = outputs.iter().filter_map(|effect| match effect {
                Effect::Output(output) => Some(output),
                Effect::Reply(_) => None,
            });
            all.for_each(|output| self.blanker.saw(output));
        }
        let batch = Batch { now, messages: vec![message] }.to_bytes();
        let after = self.bytes + batch.len() + size_of::<Kept>();
        if after > self.options.bytes || self.kept.len() >= self.options.steps {
            self.full = true;
            return;
        }
        self.bytes = after;
        self.kept.push(Kept { batch, shape: shape(outputs, timeout) });
    }

    /// The file: the results in it are those of an engine that was told what is in it.
    pub(crate) fn recording(&self) -> Recording {
        let mut steps = vec![Step::Init { bytes: self.init.clone() }];
        let mut differs = None;
        if let Ok(mut session) = Session::new(&self.init) {
            for (index, Kept { batch, shape: real }) in self.kept.iter().enumerate() {
                let result = session.step(batch);
                let same = match StepResult::from_bytes(&result) {
                    Ok(StepResult::Done { outputs, timeout }) => shape(&outputs, timeout) == *real,
                    Ok(StepResult::Failed { .. }) | Err(_) => false,
                };
                if !same {
                    differs = differs.or(Some(index + 1));
                }
                steps.push(Step::Call { batch: batch.clone(), result: Recorded::sum(&result) });
            }
        }
        let trace = Trace { about: self.about(differs), steps };
        let hash = trace.replay().map(|replay| replay.hash).unwrap_or_default();
        let text = trace.to_text(hash);
        Recording { text, steps: self.kept.len(), full: self.full, differs }
    }

    fn about(&self, differs: Option<usize>) -> String {
        let payloads = if self.options.payloads {
            "With payloads: keep it as you keep the data itself."
        } else {
            "Without payloads: text of the same length stands in their place, and the results are those of an engine that was told so."
        };
        let end = if self.full { "It ends where its limit was reached." } else { "It is whole." };
        let truth = differs.map_or_else(
            || "At every step that engine did what the client's did, payloads apart.".to_owned(),
            |step| format!("From step {step} on that engine did something else than the client's."),
        );
        format!("Recorded from the start of a client.\n{payloads}\n{end}\n{truth}")
    }
}

/// A hash of what was done, which payloads do not show in.
fn shape(outputs: &[Effect], timeout: Option<Timestamp>) -> u32 {
    // JSON within JSON is longer by its escapes, which a filler has not.
    let plain = outputs.iter().filter(|effect| !matches!(effect, Effect::Output(Output::Exported { .. })));
    let shown = plain.map(|effect| format!("{effect:?}")).collect::<String>();
    crc32fast::hash(format!("{shown}{timeout:?}").as_bytes())
}

/// What a call of the engine says and gives, for the recorder.
pub(crate) fn handled(engine: &mut Engine, input: Input, now: Now) -> Vec<Effect> {
    let mut outputs = drained(engine);
    engine.handle(input, now);
    outputs.extend(drained(engine));
    outputs
}

/// The same for a command.
pub(crate) fn commanded(
    engine: &mut Engine,
    command: Command,
    now: Now,
) -> (Result<tidewire_core::Accepted, tidewire_core::Refusal>, Vec<Effect>) {
    let mut outputs = drained(engine);
    let result = engine.command(command, now);
    let reply: CommandResult = result.clone().into();
    outputs.push(Effect::Reply(tidewire_ffi::Reply::Reply { result: reply }));
    outputs.extend(drained(engine));
    (result, outputs)
}

fn drained(engine: &mut Engine) -> Vec<Effect> {
    std::iter::from_fn(|| engine.poll_output()).map(Effect::Output).collect()
}
