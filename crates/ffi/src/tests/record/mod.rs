//! Traces: scripted runs of the real engine, kept in `vectors/traces/` and replayed by every engine (P2). Each test runs its
//! script again and compares with the file. When the engine changed on purpose: `UPDATE_TRACES=1 cargo test -p tidewire-ffi`.

mod scenarios;
mod world;

use crate::trace::Trace;
use std::path::PathBuf;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/traces")
}

/// The script's trace is that of the file, and the file replays.
fn check(name: &str, trace: &Trace) {
    let path = directory().join(name).with_extension("trace");
    let now =
        trace.to_text(trace.replay().unwrap_or_else(|error| panic!("{name} does not replay: {error}")).hash);
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    if recorded != now {
        assert!(
            std::env::var_os("UPDATE_TRACES").is_some(),
            "{name} goes otherwise than recorded; if that is meant, run UPDATE_TRACES=1 cargo test -p tidewire-ffi"
        );
        std::fs::create_dir_all(directory()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
}

/// P2, the native quarter: every committed trace gives the committed results and hash.
#[test]
fn p2_every_trace_file_replays_natively() {
    if std::env::var_os("UPDATE_TRACES").is_some() {
        // They are being written at this moment.
        return;
    }
    let files: Vec<_> = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 5, "{files:?}");
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let (trace, hash) = Trace::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let replay = trace.replay().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(replay.hash, hash, "{}", path.display());
    }
}

#[test]
fn p2_a_changed_byte_is_found() {
    let mut trace = scenarios::tunnel();
    let hash = trace.replay().unwrap().hash;
    let parsed = Trace::parse(&trace.to_text(hash)).unwrap();
    assert_eq!((&parsed.0.steps, parsed.1), (&trace.steps, hash));
    let last = trace.steps.last_mut();
    if let Some(crate::trace::Step::Call { result: crate::trace::Recorded::Whole(bytes), .. }) = last {
        bytes[0] ^= 1;
    }
    assert!(matches!(trace.replay(), Err(crate::trace::TraceError::Differs { .. })));
}
