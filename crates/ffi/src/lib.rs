//! The engine behind bytes: one buffer in, one buffer out, one call per batch of messages.
//!
//! [`Session`] is the safe half and a normal Rust API; native trace replay uses it. `abi` puts it behind five C functions
//! for WebAssembly and for the same bytes as plain JavaScript. What the bytes look like is decided by the table in
//! [`schema`] alone; the TypeScript codec is generated from the same table (`cargo xtask codegen`).
//!
//! This crate must not know: sockets, clocks, JavaScript values, or anything that the engine decides.

mod abi;
#[cfg(any(test, target_arch = "wasm32"))]
mod alloc;
pub mod border;
pub mod codec;
pub mod describe;
#[cfg(test)]
mod sample;
pub mod schema;
mod session;
#[cfg(test)]
mod tests;
pub mod trace;

pub use border::{Batch, CommandResult, Effect, Failure, Init, Message, Reply, StepResult};
pub use codec::{Codec, DecodeError, Problem, Reader};
pub use session::Session;

/// Version of the byte format and of the five functions. Raise it when the table changes after a release, and record
/// a vector (`UPDATE_VECTORS=1 cargo test -p tidewire-ffi`).
pub const ABI_VERSION: u32 = 1;

/// The highest version that was published. Vectors up to it are frozen.
pub const ABI_FROZEN: u32 = 0;
