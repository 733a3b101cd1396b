//! What the platform says of the network: a hint that saves waiting, never a truth (C3, C4). Any stream of signals will do; the
//! feature `network` has one that watches the addresses of the system's interfaces.

use futures_util::{Stream, StreamExt};
use tidewire_core::{AppSignal, NetworkSignal};
use tokio::sync::mpsc;

use crate::client::Client;
use crate::host::Order;

/// Where signals come from; see [`crate::Builder::network`].
pub(crate) type Signals = std::pin::Pin<Box<dyn Stream<Item = NetworkSignal> + Send>>;

/// Hands signals on until one of the two ends.
pub(crate) async fn forward(mut signals: Signals, orders: mpsc::WeakUnboundedSender<Order>) {
    while let Some(signal) = signals.next().await {
        let Some(orders) = orders.upgrade() else { return };
        if orders.send(Order::Network(signal)).is_err() {
            return;
        }
    }
}

impl Client {
    /// What the platform says of the network, where the app hears that itself. A connection that may be dead is checked at once, and a
    /// waiting time ends; while it says [`NetworkSignal::Offline`] one attempt is made now and then, because it may be wrong.
    pub fn network(&self, signal: NetworkSignal) {
        self.order(Order::Network(signal));
    }

    /// Whether the app is in front, on platforms where that matters: in the background nothing is attempted.
    pub fn app(&self, signal: AppSignal) {
        self.order(Order::App(signal));
    }
}

#[cfg(feature = "network")]
pub use watcher::{NetworkWatcher, watch_network};

#[cfg(feature = "network")]
mod watcher {
    use std::collections::BTreeSet;
    use std::fmt;
    use std::io;
    use std::net::IpAddr;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures_util::Stream;
    use if_watch::IfEvent;
    use if_watch::tokio::IfWatcher;
    use tidewire_core::NetworkSignal;

    /// Watches the addresses of the system's interfaces (netlink on Linux, the system's notifications elsewhere). No address but those
    /// of this machine: offline; the first one: online; other ones than before: changed.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn watch_network() -> io::Result<NetworkWatcher> {
        Ok(NetworkWatcher { watcher: IfWatcher::new()?, addresses: Addresses::default() })
    }

    /// The stream of [`watch_network`].
    pub struct NetworkWatcher {
        watcher: IfWatcher,
        addresses: Addresses,
    }

    impl fmt::Debug for NetworkWatcher {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("NetworkWatcher").finish_non_exhaustive()
        }
    }

    impl Stream for NetworkWatcher {
        type Item = NetworkSignal;
        fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<NetworkSignal>> {
            let this = self.get_mut();
            loop {
                match this.watcher.poll_if_event(cx) {
                    Poll::Pending => return Poll::Pending,
                    // It does not know any more; without it the client finds out by itself.
                    Poll::Ready(Err(_)) => return Poll::Ready(None),
                    Poll::Ready(Ok(event)) => {
                        let signal = match event {
                            IfEvent::Up(net) => this.addresses.up(net.addr()),
                            IfEvent::Down(net) => this.addresses.down(net.addr()),
                        };
                        if signal.is_some() {
                            return Poll::Ready(signal);
                        }
                    }
                }
            }
        }
    }

    /// Addresses that lead out of this machine.
    #[derive(Debug, Default)]
    struct Addresses(BTreeSet<IpAddr>);

    impl Addresses {
        fn up(&mut self, address: IpAddr) -> Option<NetworkSignal> {
            if !leads_out(address) || !self.0.insert(address) {
                return None;
            }
            Some(if self.0.len() == 1 { NetworkSignal::Online } else { NetworkSignal::Changed })
        }

        fn down(&mut self, address: IpAddr) -> Option<NetworkSignal> {
            if !self.0.remove(&address) {
                return None;
            }
            Some(if self.0.is_empty() { NetworkSignal::Offline } else { NetworkSignal::Changed })
        }
    }

    fn leads_out(address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
            IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn c3_addresses_that_lead_out_say_what_the_network_is() {
            let (mut addresses, ip) = (Addresses::default(), |text: &str| text.parse::<IpAddr>().unwrap());
            for own in ["127.0.0.1", "::1", "fe80::1", "169.254.1.1"] {
                assert_eq!(addresses.up(ip(own)), None, "{own}");
            }
            assert_eq!(addresses.up(ip("10.0.0.2")), Some(NetworkSignal::Online));
            assert_eq!(addresses.up(ip("10.0.0.2")), None, "known");
            assert_eq!(addresses.up(ip("2001:db8::1")), Some(NetworkSignal::Changed));
            assert_eq!(addresses.down(ip("10.0.0.2")), Some(NetworkSignal::Changed));
            assert_eq!(addresses.down(ip("127.0.0.1")), None);
            assert_eq!(addresses.down(ip("2001:db8::1")), Some(NetworkSignal::Offline));
        }

        #[tokio::test]
        async fn c3_the_system_tells() {
            drop(watch_network().unwrap());
        }
    }
}
