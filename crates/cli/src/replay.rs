//! `tidewire replay`: runs a recorded trace through the real engine and says whether it goes as recorded. It must not know
//! what a message means: it prints what the engine's own `Debug` shows, in which payloads and tokens never appear.

use std::{fs, io};

use serde_json::json;
use tidewire_ffi::trace::{Trace, TraceError};
use tidewire_ffi::{Batch, Codec, Init, StepResult};

use crate::args::ReplayArgs;
use crate::exit::{Exit, FAILED};
use crate::print::{Printer, Progress};

/// Replays one file.
pub(crate) fn run(args: ReplayArgs, printer: Printer) -> Result<(), Exit> {
    let shown = args.file.display();
    let text = fs::read_to_string(&args.file).map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidData {
            Exit::usage(format_args!("{shown}: this is no recording"))
        } else {
            Exit::failed(format_args!("{shown}: {error}"))
        }
    })?;
    let (trace, recorded) = Trace::parse(&text).map_err(|error| {
        let why = match error {
            TraceError::Line(1) => "this is no recording".to_owned(),
            TraceError::Stale => {
                "it was recorded by a build with another byte format: replay it with that build".to_owned()
            }
            TraceError::Line(line) => format!("the recording is damaged or cut off at line {line}"),
            TraceError::Init(_) | TraceError::Differs { .. } | TraceError::Hash => error.to_string(),
        };
        Exit::usage(format_args!("{shown}: {why}"))
    })?;
    let (mut progress, all) = (Progress::new(printer), trace.steps.len());
    let mut printed = Ok(());
    let replayed = trace.replay_with(|step| {
        if args.verbose && printed.is_ok() {
            printed = show(printer, step.index, step.call, step.result);
        }
        progress
            .show(|| json!({ "step": step.index, "of": all }), || format!("step {} of {all}", step.index));
    });
    progress.clear();
    printed?;
    let replay = replayed.map_err(|error| differs(&error))?;
    if replay.hash != recorded {
        return Err(differs(&TraceError::Hash));
    }
    let hash = format!("{:016x}", replay.hash);
    printer.result(
        json!({ "calls": replay.calls, "bytes": replay.bytes, "hash": hash, "same": true }),
        format_args!("{} calls, {} bytes of results, hash {hash}: as recorded", replay.calls, replay.bytes),
    )
}

/// One call: what was said, and what came of it.
fn show(printer: Printer, index: usize, call: &[u8], result: Option<&[u8]>) -> Result<(), Exit> {
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
        let line = format_args!("{index:>5} {kind:<6} {text}");
        printer.result(json!({ "step": index, "kind": kind, "text": text }), line)
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
