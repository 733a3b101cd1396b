//! The five C functions. Unsafe only in that it exports symbols; the buffers are safe Rust.
//!
//! The caller writes into `tw_inbuf(len)`, calls `tw_init(len)` or `tw_step(len)`, and reads as many bytes as they say from
//! `tw_outbuf()`. Any call may move both buffers and grow the memory: ask for the addresses again each time.
#![allow(unsafe_code)]

use crate::border::{Failure, StepResult};
use crate::codec::Codec;
use crate::session::Session;
use std::cell::RefCell;

#[derive(Default)]
struct Host {
    session: Option<Session>,
    input: Vec<u8>,
    output: Vec<u8>,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

fn with<R>(work: impl FnOnce(&mut Host) -> R) -> R {
    HOST.with(|host| work(&mut host.borrow_mut()))
}

impl Host {
    fn given(&self, len: usize) -> &[u8] {
        self.input.get(..len).unwrap_or(&self.input)
    }

    fn answer(&mut self, bytes: Vec<u8>) -> usize {
        self.output = bytes;
        self.output.len()
    }
}

/// Version of the format and of these functions.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tw_abi_version() -> u32 {
    crate::ABI_VERSION
}

/// Room for `len` bytes of input.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tw_inbuf(len: usize) -> *mut u8 {
    with(|host| {
        host.input.clear();
        host.input.resize(len, 0);
        host.input.as_mut_ptr()
    })
}

/// Starts a new engine from the `Init` of `len` bytes in the input; answers the length of a `StepResult`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tw_init(len: usize) -> usize {
    #[cfg(feature = "panic-text")]
    panic_text::keep();
    with(|host| {
        let result = match Session::new(host.given(len)) {
            Ok(session) => {
                // One instance runs one engine: a second one in it (a replay's restart) leaves the memory of the first behind.
                // To drop an engine would take code that no page ever runs.
                std::mem::forget(host.session.replace(session));
                StepResult::Done { outputs: Vec::new(), timeout: None }
            }
            Err(error) => StepResult::Failed { failure: Failure::Malformed { error } },
        };
        host.answer(result.to_bytes())
    })
}

/// Takes the `Batch` of `len` bytes in the input; answers the length of a `StepResult`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tw_step(len: usize) -> usize {
    with(|host| {
        let input = std::mem::take(&mut host.input);
        let bytes = match &mut host.session {
            Some(session) => session.step(input.get(..len).unwrap_or(&input)),
            None => StepResult::Failed { failure: Failure::NotStarted {} }.to_bytes(),
        };
        host.input = input;
        host.answer(bytes)
    })
}

/// Where the last answer stands.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tw_outbuf() -> *const u8 {
    with(|host| host.output.as_ptr())
}

#[cfg(feature = "panic-text")]
mod panic_text {
    //! Keeps the text of a panic, which without this is a bare trap.
    use std::cell::RefCell;

    thread_local! {
        static TEXT: RefCell<Vec<u8>> = RefCell::default();
    }

    pub(super) fn keep() {
        std::panic::set_hook(Box::new(|info| {
            let text = format!("{info}\0").into_bytes();
            TEXT.with(|kept| *kept.borrow_mut() = text);
        }));
    }

    /// The text of the panic that stopped the engine, ended by a zero byte; null for none.
    #[unsafe(no_mangle)]
    pub(crate) extern "C" fn tw_panic() -> *const u8 {
        TEXT.with(|kept| kept.try_borrow().map_or(std::ptr::null(), |text| text.as_ptr()))
    }
}
