//! The Activities example: likes, participants, chat. An ordinary axum app that uses Tidewire for its writes, reads and events.
#![forbid(unsafe_code)]

mod activities;
mod app;
mod events;
mod ids;
mod login;
mod messages;
mod metrics;
pub mod model;
mod queries;
mod schema;
mod secret;
mod seed;
mod sockets;
#[cfg(test)]
mod typescript;
mod web;

pub use app::{App, Config, DATABASE, StartError};
