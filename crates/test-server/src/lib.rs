//! For tests: the real Activities server as a process, a proxy that cuts the network before it, and processes that say when they are
//! ready. It must not know what is tested.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may end here")]
#![allow(clippy::missing_panics_doc, reason = "whatever goes wrong here ends the test")]

mod process;
mod proxy;
mod server;

pub use process::{Process, root, soon};
pub use proxy::{Mode, Proxy};
pub use server::Server;
