//! P4, C11: an engine takes any sequence of batches. None ends it, none makes it say more than its limits allow, and what it
//! answers can be read. The first chunk begins the engine, each later one is a batch; what does not decode changes nothing.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use tidewire_ffi::{Codec, Session, StepResult};

/// More than any batch may call for.
const ANSWER: usize = 64 * 1024 * 1024;

fuzz_target!(|data: &[u8]| {
    let mut chunks = tidewire_fuzz::chunks(data);
    let Some(mut session) = chunks.next().and_then(|init| Session::new(init).ok()) else { return };
    for batch in chunks.take(64) {
        let answer = session.step(batch);
        assert!(answer.len() < ANSWER, "{} bytes of answer", answer.len());
        assert!(StepResult::from_bytes(&answer).is_ok(), "an answer that cannot be read");
    }
});
