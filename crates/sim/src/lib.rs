//! A simulator that tries to break Tidewire: the real engine and the real hub in a seeded virtual world of tabs, disks,
//! clocks, networks and a server, beside a model that is too simple to be wrong.
//!
//! ```
//! let script = tidewire_sim::generate::script(7);
//! let outcome = tidewire_sim::run::run(&script, None, false);
//! assert_eq!(outcome.violation, None, "\n{script}");
//! ```
#![forbid(unsafe_code)]
#![allow(
    missing_docs,
    reason = "an action's fields are named after what they are; its variants are documented"
)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the world ignores what does not concern the fault at hand"
)]
#![allow(clippy::should_implement_trait, reason = "the generator's `next` is no iterator's")]

pub mod app;
pub mod base;
pub mod bugs;
pub mod campaign;
pub mod command;
pub mod coverage;
pub mod disk;
pub mod foreign;
pub mod generate;
pub mod host;
pub mod ids;
pub mod invariants;
pub mod reference;
pub mod rng;
pub mod rooms;
pub mod run;
pub mod script;
pub mod server;
pub mod world;

pub use tidewire_core as core;
