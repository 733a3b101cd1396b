//! The host's way to the network: where the server is, requests to it, and links over WebSocket or long-polling. Knows no packet and no rule.

mod cookies;
mod http;
mod origin;
pub(crate) mod polling;
pub(crate) mod socket;
mod tls;

pub use http::{Http, HttpAnswer, HttpError, HttpRequest};
pub use origin::{Origin, OriginError};
