//! Where connections and requests come from, and how much each address has left (V9). Knows no users.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use tidewire_hub::{Bucket, Millis, Timestamp};

use super::meter::Clock;
use super::{Doors, limits};

const FORWARDED: &str = "x-forwarded-for";

/// One address: of IPv6, one /64, which is what one customer gets.
struct Address {
    left: Mutex<Left>,
    connections: AtomicUsize,
}

#[derive(Clone, Copy)]
struct Left {
    connects: Bucket,
    requests: Bucket,
    messages: Bucket,
}

/// All addresses that are there or were a while ago.
pub(super) struct Addresses {
    doors: Doors,
    clock: Clock,
    known: Mutex<HashMap<IpAddr, Arc<Address>>>,
    /// For those who come when too many are known.
    others: Arc<Address>,
    connections: AtomicUsize,
}

/// Why a connection gets no service.
pub(super) enum Full {
    /// It is told when to try again.
    Address(Millis),
    /// It is not even told.
    Server,
}

/// Whoever sent a request; travels with it as an extension, and with the WebSocket that it may become.
#[derive(Clone)]
pub(crate) struct Client {
    addresses: Arc<Addresses>,
    address: Arc<Address>,
    _seat: Arc<Seat>,
}

/// Counts a connection as long as anything of it lives.
struct Seat {
    addresses: Arc<Addresses>,
    address: Arc<Address>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.addresses.connections.fetch_sub(1, Ordering::Relaxed);
        self.address.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Addresses {
    pub(super) fn new(doors: Doors) -> Arc<Addresses> {
        let clock = Clock::start();
        let others = Arc::new(Address::new(&doors, clock));
        let (known, connections) = (Mutex::default(), AtomicUsize::new(0));
        Arc::new(Addresses { doors, clock, known, others, connections })
    }

    pub(super) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// A new connection. With proxies in front it says nothing about an address.
    pub(super) fn seat(self: &Arc<Self>, peer: IpAddr) -> (Client, Result<(), Full>) {
        let address = self.address(peer);
        let all = self.connections.fetch_add(1, Ordering::Relaxed);
        let own = address.connections.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat { addresses: self.clone(), address: address.clone() });
        let client = Client { addresses: self.clone(), address: address.clone(), _seat: seat };
        let verdict = if all >= self.doors.connections {
            Err(Full::Server)
        } else if self.doors.proxies > 0 {
            Ok(())
        } else if own >= self.doors.connections_per_address {
            Err(Full::Address(Millis(1_000)))
        } else {
            let mut left = address.left();
            left.connects.try_take(self.doors.connects_per_address, self.clock.now()).map_err(Full::Address)
        };
        (client, verdict)
    }

    fn address(&self, ip: IpAddr) -> Arc<Address> {
        let key = key(ip);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = known.get(&key) {
            return address.clone();
        }
        if known.len() >= limits::KEPT_RATES {
            let now = self.clock.now();
            known.retain(|_, address| !address.is_as_new(&self.doors, now));
        }
        if known.len() >= limits::KEPT_RATES {
            return self.others.clone();
        }
        known.entry(key).or_insert_with(|| Arc::new(Address::new(&self.doors, self.clock))).clone()
    }
}

impl Address {
    fn new(doors: &Doors, clock: Clock) -> Address {
        let now = clock.now();
        let left = Left {
            connects: Bucket::full(doors.connects_per_address, now),
            requests: Bucket::full(doors.requests_per_address, now),
            messages: Bucket::full(doors.messages_per_address, now),
        };
        Address { left: Mutex::new(left), connections: AtomicUsize::new(0) }
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_as_new(&self, doors: &Doors, now: Timestamp) -> bool {
        let Left { connects, requests, messages } = *self.left();
        self.connections.load(Ordering::Relaxed) == 0
            && connects.is_full(doors.connects_per_address, now)
            && requests.is_full(doors.requests_per_address, now)
            && messages.is_full(doors.messages_per_address, now)
    }
}

impl Client {
    /// Who really asks, if proxies tell.
    pub(super) fn behind_proxies(&self, headers: &HeaderMap) -> Client {
        let proxies = self.addresses.doors.proxies;
        match forwarded(headers, proxies) {
            Some(ip) => Client { address: self.addresses.address(ip), ..self.clone() },
            None => self.clone(),
        }
    }

    pub(super) fn body_time(&self) -> Duration {
        self.addresses.doors.body_time
    }

    /// One more request.
    pub(super) fn asks(&self) -> Result<(), Millis> {
        let (rate, now) = (self.addresses.doors.requests_per_address, self.addresses.clock.now());
        self.address.left().requests.try_take(rate, now)
    }

    /// The time for [`Client::sent`].
    pub(crate) fn now(&self) -> Timestamp {
        self.addresses.clock.now()
    }

    /// One more message; if it was too many, how long nothing more is to be read.
    pub(crate) fn sent(&self, now: Timestamp) -> Result<(), Duration> {
        let rate = self.addresses.doors.messages_per_address;
        self.address.left().messages.take(rate, now).map_err(|wait| Duration::from_millis(wait.0))
    }
}

/// What the first of so many proxies saw; each adds the address that it sees at the end.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let values: Option<Vec<&str>> =
        headers.get_all(FORWARDED).iter().map(|value| value.to_str().ok()).collect();
    let all = values?.join(",");
    all.rsplit(',').nth(proxies.checked_sub(1)?)?.trim().parse().ok()
}

fn key(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(long) => match long.to_ipv4_mapped() {
            Some(short) => IpAddr::V4(short),
            None => {
                let [a, b, c, d, ..] = long.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use tidewire_hub::Rate;

    use super::*;

    fn from(addresses: &Arc<Addresses>) -> (Client, Result<(), Full>) {
        addresses.seat("127.0.0.1".parse().unwrap())
    }

    /// Takes so many at once, waits for the next, and takes it.
    async fn has_a_rate(take: impl Fn() -> bool) {
        assert!((0..3).all(|_| take()) && !take(), "the burst");
        tokio::time::advance(Duration::from_millis(499)).await;
        assert!(!take());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(take() && !take(), "two in a second");
    }

    // Both sides of front::CONNECTS_PER_SECOND, front::CONNECT_BURST, front::ADDRESS_REQUESTS_PER_SECOND, front::ADDRESS_REQUEST_BURST.
    #[tokio::test(start_paused = true)]
    async fn v9_an_address_connects_and_asks_up_to_its_rate() {
        let rate = Rate { per_second: 2, burst: 3 };
        let doors = Doors { connects_per_address: rate, requests_per_address: rate, ..Doors::default() };
        let addresses = Addresses::new(doors);
        has_a_rate(|| from(&addresses).1.is_ok()).await;
        let client = from(&addresses).0;
        has_a_rate(|| client.asks().is_ok()).await;
    }

    /// The message that was too many is taken too; then nothing is read until there is one left, or for a tenth of a second.
    // Both sides of front::ADDRESS_MESSAGES_PER_SECOND, front::ADDRESS_MESSAGE_BURST.
    #[tokio::test(start_paused = true)]
    async fn v9_an_address_sends_up_to_its_rate() {
        let messages_per_address = Rate { per_second: 2, burst: 3 };
        let addresses = Addresses::new(Doors { messages_per_address, ..Doors::default() });
        let client = from(&addresses).0;
        for _ in 0..3 {
            assert_eq!(client.sent(client.now()), Ok(()));
        }
        let wait = client.sent(client.now()).unwrap_err();
        assert_eq!(
            wait,
            Duration::from_millis(1_000),
            "until the one too many is made good, and one is left"
        );
    }

    // Both sides of front::CONNECTIONS, front::CONNECTIONS_PER_ADDRESS.
    #[tokio::test(start_paused = true)]
    async fn v9_an_address_and_all_together_have_so_many_connections() {
        let of = |connections, connections_per_address| {
            let addresses =
                Addresses::new(Doors { connections, connections_per_address, ..Doors::default() });
            let seats = [from(&addresses), from(&addresses), from(&addresses)];
            seats.map(|(_, verdict)| match verdict {
                Ok(()) => "seated",
                Err(Full::Address(_)) => "address",
                Err(Full::Server) => "server",
            })
        };
        assert_eq!(of(9, 2), ["seated", "seated", "address"]);
        assert_eq!(of(2, 9), ["seated", "seated", "server"]);
    }

    #[test]
    fn v9_only_what_the_counted_proxies_added_is_believed() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED, "6.6.6.6, 1.2.3.4".parse().unwrap());
        headers.append(FORWARDED, "10.0.0.1".parse().unwrap());
        let seen = |proxies| forwarded(&headers, proxies).map(|ip| ip.to_string());
        assert_eq!(seen(0), None, "without a proxy the header is the client's own invention");
        assert_eq!(seen(1).as_deref(), Some("10.0.0.1"));
        assert_eq!(seen(2).as_deref(), Some("1.2.3.4"));
        assert_eq!(seen(4), None);
    }

    #[test]
    fn v9_an_ipv6_customer_is_one_address() {
        let of = |text: &str| key(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:1.2.3.4"), of("1.2.3.4"));
    }
}
