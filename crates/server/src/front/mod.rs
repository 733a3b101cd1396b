//! The front of the server: connections and requests before anybody knows whose they are. Slow ones are cut off, too many are
//! refused, and only the named origins may ask from a browser (V9, V10). Knows no users, no rooms and no database.

mod address;
mod body;
mod cors;
pub mod limits;
mod meter;
mod serve;

pub(crate) use address::Client;
pub(crate) use cors::origin;
pub use cors::{BadOrigin, cors};
pub(crate) use meter::Meter;
pub use serve::{serve, serve_with};
pub use tidewire_hub::Rate;

use std::time::Duration;

/// What may be set differently for everybody who connects. The defaults are those of [`limits`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doors {
    /// See [`limits::CONNECTIONS`].
    pub connections: usize,
    /// See [`limits::CONNECTIONS_PER_ADDRESS`].
    pub connections_per_address: usize,
    /// See [`limits::CONNECTS_PER_SECOND`].
    pub connects_per_address: Rate,
    /// See [`limits::ADDRESS_REQUESTS_PER_SECOND`].
    pub requests_per_address: Rate,
    /// See [`limits::ADDRESS_MESSAGES_PER_SECOND`].
    pub messages_per_address: Rate,
    /// See [`limits::HEAD_TIME`].
    pub head_time: Duration,
    /// See [`limits::BODY_TIME`].
    pub body_time: Duration,
    /// Proxies in front of this server that add to `X-Forwarded-For`. With one or more, requests and messages count for the
    /// address that the first of them saw, and connections, which are the proxy's, are not counted per address.
    pub proxies: usize,
}

impl Default for Doors {
    fn default() -> Self {
        Doors {
            connections: limits::CONNECTIONS,
            connections_per_address: limits::CONNECTIONS_PER_ADDRESS,
            connects_per_address: Rate {
                per_second: limits::CONNECTS_PER_SECOND,
                burst: limits::CONNECT_BURST,
            },
            requests_per_address: Rate {
                per_second: limits::ADDRESS_REQUESTS_PER_SECOND,
                burst: limits::ADDRESS_REQUEST_BURST,
            },
            messages_per_address: Rate {
                per_second: limits::ADDRESS_MESSAGES_PER_SECOND,
                burst: limits::ADDRESS_MESSAGE_BURST,
            },
            head_time: Duration::from_millis(limits::HEAD_TIME.0),
            body_time: Duration::from_millis(limits::BODY_TIME.0),
            proxies: 0,
        }
    }
}
