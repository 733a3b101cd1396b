//! Where records survive a restart: one value under one key, atomically (Q2). What a record means is the engine's business;
//! a store knows keys, bytes and how durable they are.
//!
//! A store has a thread of its own, unless it says that it needs none, and is called in order: [`Store::put`] any number of times, then
//! [`Store::commit`], and only then tells the engine that the steps are on disk (Q1).

pub mod conformance;
mod file;
mod memory;
#[cfg(feature = "encryption")]
mod sealed;
pub(crate) mod worker;

use std::fmt;
use std::io;

use tidewire_core::{Blob, StoreError, StoredRecord};

pub use file::{FileStore, OpenError};
pub use memory::MemoryStore;
#[cfg(feature = "encryption")]
pub use sealed::EncryptedStore;

/// Longest key, in bytes.
pub const KEY_BYTES: usize = 1024;
/// Longest value, in bytes.
pub const VALUE_BYTES: usize = 64 * 1024 * 1024;

/// What a committed step survives (Q1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Nothing: it is gone with the process.
    Memory,
    /// The end of the process, but not of the machine.
    ProcessCrash,
    /// Loss of power.
    PowerLoss,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Durability::Memory => "memory",
            Durability::ProcessCrash => "process-crash",
            Durability::PowerLoss => "power-loss",
        })
    }
}

/// One value under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The key.
    pub key: String,
    /// The new value; absent: remove.
    pub value: Option<Blob>,
}

/// Bytes that could not be used. They were set aside, not thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The value of this key does not match its checksum. The key loads as absent: an older value would be a lie.
    Value {
        /// The key.
        key: String,
        /// Size of the record.
        bytes: u64,
    },
    /// Bytes between two good records belong to neither; the key is not known.
    Bytes {
        /// How many.
        bytes: u64,
    },
    /// The end of the log was torn off, in the middle of a step that was never acknowledged (unless the device flipped
    /// bits of the very last one), and was cut.
    TornTail {
        /// How many bytes were cut.
        bytes: u64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Value { key, bytes } => {
                write!(f, "the record {key:?} ({bytes} bytes) is corrupt and was set aside")
            }
            Damage::Bytes { bytes } => {
                write!(f, "{bytes} bytes belong to no readable record and were set aside")
            }
            Damage::TornTail { bytes } => {
                write!(f, "an unfinished step of {bytes} bytes at the end was cut off")
            }
        }
    }
}

/// Everything in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The records, in key order.
    pub records: Vec<StoredRecord>,
    /// What could not be used; each is reported once.
    pub damage: Vec<Damage>,
}

/// Why a step failed. It is not on disk and never will be.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreFault {
    /// There is no room; free some and try again.
    Full,
    /// A key or value above the limit: an error of the caller.
    TooLarge,
    /// The device failed.
    Failed(io::Error),
    /// After an earlier failure nobody can say what is on disk; open the store again.
    Broken,
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreFault::Full => f.write_str("the store's device is full: free some space and try again"),
            StoreFault::TooLarge => {
                write!(f, "a key may have {KEY_BYTES} bytes and a value {VALUE_BYTES}: store a reference")
            }
            StoreFault::Failed(error) => write!(f, "the store's device failed: {error}"),
            StoreFault::Broken => f.write_str(
                "an earlier failure left the store in doubt: restart the process to read it again",
            ),
        }
    }
}

impl std::error::Error for StoreFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreFault::Failed(error) => Some(error),
            StoreFault::Full | StoreFault::TooLarge | StoreFault::Broken => None,
        }
    }
}

impl From<io::Error> for StoreFault {
    fn from(error: io::Error) -> Self {
        if matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        ) {
            StoreFault::Full
        } else {
            StoreFault::Failed(error)
        }
    }
}

impl From<&StoreFault> for StoreError {
    fn from(fault: &StoreFault) -> Self {
        match fault {
            StoreFault::Full => StoreError::Full,
            StoreFault::TooLarge | StoreFault::Failed(_) | StoreFault::Broken => StoreError::Failed,
        }
    }
}

/// An ordered map on disk. Calls may block; they are made on a thread of their own.
pub trait Store: Send + 'static {
    /// What a committed step survives.
    fn durability(&self) -> Durability;

    /// Whether a call may wait for a device. A store that says no is called on the client's own task instead of a thread.
    fn blocks(&self) -> bool {
        true
    }

    /// All records in key order. Staged steps are not in it.
    ///
    /// # Errors
    /// The device cannot be read now; the host asks again.
    fn load(&mut self) -> Result<Loaded, StoreFault>;

    /// Stages one step.
    ///
    /// # Errors
    /// This step failed; steps staged before it still stand.
    fn put(&mut self, step: &Step) -> Result<(), StoreFault>;

    /// Makes all staged steps durable at [`Store::durability`].
    ///
    /// # Errors
    /// None of them is or will be on disk.
    fn commit(&mut self) -> Result<(), StoreFault>;

    /// Housekeeping; called when nobody waits. Must not change what is stored.
    ///
    /// # Errors
    /// It could not be done now; nothing is lost.
    fn maintain(&mut self) -> Result<(), StoreFault> {
        Ok(())
    }
}
