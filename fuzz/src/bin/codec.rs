//! P4: The byte border of the engine, and trace files: what can be read has exactly one form.
#![no_main]
#![forbid(unsafe_code)]

use tidewire_ffi::trace::Trace;
use tidewire_ffi::{Batch, Codec, Init, StepResult};

fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => same::<Init>(rest),
        1 => same::<Batch>(rest),
        2 => same::<StepResult>(rest),
        _ => {
            if let Ok((trace, hash)) = Trace::parse(&String::from_utf8_lossy(rest)) {
                assert_eq!(Trace::parse(&trace.to_text(hash)), Ok((trace, hash)), "a trace reads as written");
            }
        }
    }
}

fn same<T: Codec>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes, "one value, one form");
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));
