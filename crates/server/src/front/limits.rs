//! Every limit of the front, in one place (units in the names). Each has a typed outcome.

use tidewire_hub::Millis;

/// Connections of everybody.
pub const CONNECTIONS: usize = 50_000;
/// Connections of one address; of IPv6, one /64.
pub const CONNECTIONS_PER_ADDRESS: usize = 20_000;
/// New connections of one address per second, in the long run (V9). High, because whole offices and proxies are one address.
pub const CONNECTS_PER_SECOND: u64 = 2_000;
/// And at once.
pub const CONNECT_BURST: u64 = 20_000;
/// HTTP requests of one address per second, in the long run (V9).
pub const ADDRESS_REQUESTS_PER_SECOND: u64 = 5_000;
/// And at once.
pub const ADDRESS_REQUEST_BURST: u64 = 50_000;
/// WebSocket messages of one address per second, in the long run (V9).
pub const ADDRESS_MESSAGES_PER_SECOND: u64 = 200_000;
/// And at once.
pub const ADDRESS_MESSAGE_BURST: u64 = 1_000_000;
/// HTTP requests of one person per second, in the long run (V9).
pub const REQUESTS_PER_SECOND: u64 = 1_000;
/// And at once.
pub const REQUEST_BURST: u64 = 10_000;
/// A request's head must be there within this; also how long an idle connection is kept.
pub const HEAD_TIME: Millis = Millis(30_000);
/// A request's body must be there within this.
pub const BODY_TIME: Millis = Millis(60_000);
/// Addresses, and people, whose rates are kept apart; beyond, new ones share one.
pub const KEPT_RATES: usize = 100_000;
