//! Everything that crosses the engine's border: commands and inputs go in, outputs come out.
//!
//! These are plain data. What they look like as bytes is decided in `tidewire-ffi`; nothing here is serialised.

mod command;
mod input;
mod output;
mod status;

pub use command::*;
pub use input::*;
pub use output::*;
pub use status::*;
