//! P4, Q4, Q21: whatever stands in the store, the engine loads it, sets aside what it cannot use, and goes on; what it took
//! up it can store again. Checksums are not looked at in this build, so that the bytes behind them are reached. Chunks: key,
//! value, key, value, ...
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use tidewire_core::*;

const ROUNDS: usize = 200;

fuzz_target!(|data: &[u8]| {
    let now = Now { mono: Timestamp(0), wall: WallTime(1_790_000_000_000) };
    let config = Config::new("app|prod|ana".into());
    let mut engine = Engine::new(config, [7; 32], now);
    let chunks: Vec<&[u8]> = tidewire_fuzz::chunks(data).take(64).collect();
    let records: Vec<StoredRecord> = chunks
        .chunks_exact(2)
        .map(|pair| StoredRecord {
            key: String::from_utf8_lossy(pair[0]).into_owned(),
            value: Blob(pair[1].to_vec()),
        })
        .collect();
    engine.handle(Input::Leader { epoch: LeaderEpoch(1) }, now);
    for _ in 0..ROUNDS {
        let Some(output) = engine.poll_output() else { break };
        match output {
            Output::Load { load } => engine.handle(Input::Loaded { load, records: records.clone() }, now),
            Output::Persist { persist, .. } => engine.handle(Input::Persisted { persist }, now),
            Output::Fetch { fetch, .. } => {
                engine.handle(Input::RequestFailed { fetch, cause: RequestFailure::Network }, now);
            }
            _ => {}
        }
    }
});
