//! A device: disk, clock, network, the lock between its tabs.

use std::collections::{BTreeMap, VecDeque};

use super::net::Net;
use crate::disk::{Disk, Partition};
use crate::ids::{Life, Tab, User};

/// Who holds the lock of a partition, and who waits for it, in order.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// The holder.
    pub holder: Option<(Tab, Life)>,
    /// The others.
    pub waiting: VecDeque<(Tab, Life)>,
}

/// A device.
#[derive(Debug)]
pub struct DeviceState {
    /// Who is signed in.
    pub user: User,
    /// Its disk.
    pub disk: Disk,
    /// When the newest operation of the disk's queue is due.
    pub disk_busy: u64,
    /// Milliseconds that an operation takes, at most.
    pub disk_slow: u64,
    /// An older copy of the disk.
    pub snapshot: Option<BTreeMap<User, Partition>>,
    /// Its network.
    pub net: Net,
    /// Steps of its wall clock, summed.
    pub wall_offset: i64,
    /// Its wall clock gains so many milliseconds per second.
    pub drift: i64,
    /// Number of the token that it has.
    pub token: u32,
    /// When that was made.
    pub token_made: u64,
    /// The build of the app.
    pub build: u32,
    /// The newest request that has arrived from here.
    pub last_arrived: u64,
    /// A wish to give up everything may still be on its way, until then.
    pub cleared_until: u64,
    /// Whoever is signed in is logging out.
    pub leaving: bool,
    /// Locks, per person.
    pub locks: BTreeMap<User, Lock>,
    /// News between tabs take so long, at most.
    pub talk_slow: u64,
    /// When the last news reach each tab: they come in the order in which they were told.
    pub talk: BTreeMap<Tab, u64>,
    /// The platform's app signal.
    pub background: bool,
}

impl DeviceState {
    /// A new device.
    #[must_use]
    pub fn new(user: User) -> DeviceState {
        DeviceState {
            user,
            disk: Disk::default(),
            disk_busy: 0,
            disk_slow: 5,
            snapshot: None,
            net: Net::default(),
            wall_offset: 0,
            drift: 0,
            token: 0,
            token_made: 0,
            build: 1,
            last_arrived: 0,
            cleared_until: 0,
            leaving: false,
            locks: BTreeMap::new(),
            talk_slow: 5,
            talk: BTreeMap::new(),
            background: false,
        }
    }
}
