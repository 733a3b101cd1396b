//! The hub on virtual time.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, unreachable_pub)]

mod audit;
mod batches;
mod driver;
mod emits;
mod joins;
mod lifecycle;
mod limits;
mod property;
mod rates;
mod slow;
mod snapshot;
mod tasks;
mod tokens;
