//! `tidewire replay`: runs a recorded trace through the real engine and says whether it goes as recorded. It must not know
//! what a message means: it prints what the engine's own `Debug` shows, in which payloads and tokens never appear.

use std::fs;

use serde_json::json;
use tidewire_ffi::trace::{Trace, TraceError};
use tidewire_ffi::{Batch, Codec, Init, StepResult};

use crate::args::ReplayArgs;
use crate::exit::{Exit, FAILED, USAGE};
use crate::print::Printer;

/// Replays one file.
pub(crate) fn run(args: ReplayArgs) -> Result<(), Exit> {
    let shown = args.file.display();
    let text = fs::read_to_string(&args.file)
        .map_err(|error| Exit::new(FAILED, format_args!("{shown}: {error}")))?;
    let (trace, recorded) =
        Trace::parse(&text).map_err(|error| Exit::new(USAGE, format_args!("{shown}: {error}")))?;
    let printer = Printer::new(args.json);
    let mut printed = Ok(());
    let replayed = trace.replay_with(|step| {
        if args.verbose && printed.is_ok() {
            printed = show(&printer, args.json, step.index, step.call, step.result);
        }
    });
    printed?;
    let replay = replayed.map_err(|error| differs(&error))?;
    if replay.hash != recorded {
        return Err(differs(&TraceError::Hash));
    }
    printer.line(&if args.json {
        let hash = format!("{:016x}", replay.hash);
        json!({ "calls": replay.calls, "bytes": replay.bytes, "hash": hash, "same": true }).to_string()
    } else {
        format!(
            "{} calls, {} bytes of results, hash {:016x}: as recorded",
            replay.calls, replay.bytes, replay.hash
        )
    })
}

/// One call: what was said, and what came of it.
fn show(
    printer: &Printer,
    as_json: bool,
    index: usize,
    call: &[u8],
    result: Option<&[u8]>,
) -> Result<(), Exit> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    match result {
        None => {
            let user = Init::from_bytes(call).map(|init| init.config.partition.0).unwrap_or_default();
            lines.push(("start", user));
        }
        Some(result) => {
            if let Ok(batch) = Batch::from_bytes(call) {
                lines.push(("at", format!("{} ms", batch.now.mono.0)));
                lines.extend(batch.messages.iter().map(|message| ("in", format!("{message:?}"))));
            }
            match StepResult::from_bytes(result) {
                Ok(StepResult::Done { outputs, .. }) => {
                    lines.extend(outputs.iter().map(|output| ("out", format!("{output:?}"))));
                }
                Ok(StepResult::Failed { failure }) => lines.push(("failed", format!("{failure:?}"))),
                Err(error) => lines.push(("failed", error.to_string())),
            }
        }
    }
    lines.iter().try_for_each(|(kind, text)| {
        printer.line(&if as_json {
            json!({ "step": index, "kind": kind, "text": text }).to_string()
        } else {
            format!("{index:>5} {kind:<6} {text}")
        })
    })
}

/// Not as recorded.
fn differs(error: &TraceError) -> Exit {
    let (index, why) = match error {
        TraceError::Differs { step, .. } => {
            (Some(*step), "this engine answers otherwise than the recorded one")
        }
        TraceError::Init(step) => (Some(*step), "no engine can be started from it"),
        TraceError::Hash => (None, "the hash of all results is another one"),
        TraceError::Line(_) | TraceError::Stale => (None, "the trace cannot be read"),
    };
    let place = index.map_or_else(String::new, |index| format!("step {index}: "));
    Exit::new(
        FAILED,
        format_args!("{place}{why}; see it with --verbose, and replay it with the build that recorded it"),
    )
}
