//! The log itself: an append-only file, an index of what is alive in it, and its rewriting. Knows no path and no lock.
//!
//! Invariant: `committed` bytes of the file are durable and described by `index`; whatever lies behind them is a failed or
//! unfinished commit and is cut before anything is written again.

use std::collections::BTreeMap;
use std::io;

use tidewire_core::{Blob, StoredRecord};

use super::format::{self, FILE_HEADER, FILE_MAGIC, Found, Piece};
use super::medium::{Medium, MediumFile};
use crate::store::{Damage, KEY_BYTES, Loaded, Step, StoreFault, VALUE_BYTES};

pub(super) const LOG: &str = "log";
pub(super) const NEW_LOG: &str = "log.new";
pub(super) const DAMAGED: &str = "damaged";
/// A log with less garbage than this is never rewritten.
pub(super) const MIN_GARBAGE: u64 = 64 * 1024;
/// What is kept of damaged bytes, in total.
const DAMAGED_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Clone, Debug)]
struct Live {
    value_at: u64,
    value_len: usize,
    /// Of the whole record.
    bytes: u64,
}

pub(super) struct Log<M: Medium> {
    medium: M,
    file: M::File,
    index: BTreeMap<String, Live>,
    /// Bytes of live records.
    live: u64,
    committed: u64,
    batch: u32,
    staged: Vec<u8>,
    /// Key and, for a put, where its value will stand within `staged`.
    staged_keys: Vec<(String, Option<Live>)>,
    damage: Vec<Damage>,
    broken: bool,
    /// Garbage below which rewriting is not tried again after it failed.
    next_try: u64,
}

/// Why a log cannot be opened.
#[derive(Debug)]
pub(super) enum LogError {
    Newer(u32),
    Io(io::Error),
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        LogError::Io(error)
    }
}

impl<M: Medium> Log<M> {
    /// Opens the log of a directory, or begins one.
    pub(super) fn open(mut medium: M) -> Result<Log<M>, LogError> {
        let mut file = match medium.open(LOG)? {
            Some(file) => file,
            None => begin(&mut medium, &format::file_header())?,
        };
        let bytes = file.read()?;
        if bytes.get(..4) == Some(&FILE_MAGIC) {
            let version =
                bytes.get(4..FILE_HEADER).map_or(0, |v| u32::from_le_bytes([v[0], v[1], v[2], v[3]]));
            if version > format::VERSION {
                return Err(LogError::Newer(version));
            }
        }
        let mut log = Log {
            medium,
            file,
            index: BTreeMap::new(),
            live: 0,
            committed: bytes.len() as u64,
            batch: 0,
            staged: Vec::new(),
            staged_keys: Vec::new(),
            damage: Vec::new(),
            broken: false,
            next_try: MIN_GARBAGE,
        };
        log.recover(&bytes)?;
        Ok(log)
    }

    /// Builds the index, cuts the tail, sets damage aside.
    fn recover(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let sound_header = bytes.get(..FILE_HEADER) == Some(&format::file_header()[..]);
        let mut pieces = format::scan(bytes, if sound_header { FILE_HEADER } else { 0 });
        self.batch = pieces.iter().filter_map(Piece::batch).max().unwrap_or(0);

        // An unacknowledged step can only stand in the last batch, and only its last bytes can be missing.
        let tail = match pieces.last() {
            Some(&Piece::Rubble { at, .. }) => Some(at),
            Some(Piece::Record(found)) if !found.sound => Some(found.at),
            Some(Piece::Record(_)) | None => None,
        };
        let mut aside: Vec<(usize, usize)> = Vec::new();
        if let Some(at) = tail {
            pieces.pop();
            aside.push((at, bytes.len()));
            self.damage.push(Damage::TornTail { bytes: (bytes.len() - at) as u64 });
        }
        for piece in &pieces {
            match piece {
                Piece::Rubble { at, end } => {
                    self.damage.push(Damage::Bytes { bytes: (end - at) as u64 });
                    aside.push((*at, *end));
                }
                Piece::Record(found) if !found.sound => {
                    // Of a later batch something is there, so this one was acknowledged: what it replaced is history.
                    // In the last batch it may be half a write of a step that nobody was told of; the old value stands.
                    if found.batch < self.batch {
                        self.forget(&found.key);
                    }
                    self.damage
                        .push(Damage::Value { key: found.key.clone(), bytes: (found.end - found.at) as u64 });
                    aside.push((found.at, found.end));
                }
                Piece::Record(found) => self.learn(found),
            }
        }
        if !aside.is_empty() || !sound_header {
            self.set_aside(bytes, &aside);
            if let Some(at) = tail {
                self.file.truncate(at as u64)?;
                self.file.sync()?;
                self.committed = at as u64;
            }
            if !sound_header || aside.len() > usize::from(tail.is_some()) {
                // Written afresh without the damage, so that it is reported once. A full disk keeps the old file.
                match self.rewrite() {
                    Ok(()) | Err(StoreFault::Full) if sound_header => {}
                    Ok(()) => {}
                    Err(StoreFault::Failed(error)) => return Err(error.into()),
                    Err(StoreFault::Full) => return Err(io::Error::from(io::ErrorKind::StorageFull).into()),
                    Err(StoreFault::TooLarge | StoreFault::Broken) => {
                        return Err(io::Error::other("the directory could not be synced").into());
                    }
                }
            }
        }
        Ok(())
    }

    fn learn(&mut self, found: &Found) {
        self.forget(&found.key);
        if !found.removes {
            let bytes = (found.end - found.at) as u64;
            let live = Live { value_at: found.value_at as u64, value_len: found.end - found.value_at, bytes };
            self.live += bytes;
            self.index.insert(found.key.clone(), live);
        }
    }

    fn forget(&mut self, key: &str) {
        if let Some(old) = self.index.remove(key) {
            self.live -= old.bytes;
        }
    }

    /// Keeps damaged bytes for whoever wants to look. Best effort: what cannot be kept is still reported.
    fn set_aside(&mut self, bytes: &[u8], ranges: &[(usize, usize)]) {
        let mut keep = || -> io::Result<()> {
            let mut file = match self.medium.open(DAMAGED)? {
                Some(file) => file,
                None => self.medium.create(DAMAGED)?,
            };
            let mut at = file.len()?;
            for &(from, to) in ranges {
                let room = usize::try_from(DAMAGED_BYTES.saturating_sub(at)).unwrap_or(usize::MAX);
                let piece = &bytes[from..to.min(from.saturating_add(room))];
                file.write_at(at, piece)?;
                at += piece.len() as u64;
            }
            file.sync()
        };
        let _ = keep();
    }

    pub(super) fn load(&mut self) -> Result<Loaded, StoreFault> {
        let mut records = Vec::with_capacity(self.index.len());
        for (key, live) in &self.index {
            let value = self.file.read_at(live.value_at, live.value_len)?;
            records.push(StoredRecord { key: key.clone(), value: Blob(value) });
        }
        Ok(Loaded { records, damage: std::mem::take(&mut self.damage) })
    }

    pub(super) fn put(&mut self, step: &Step) -> Result<(), StoreFault> {
        let value = step.value.as_ref().map(|value| value.0.as_slice());
        if step.key.len() > KEY_BYTES || value.map_or(0, <[u8]>::len) > VALUE_BYTES {
            return Err(StoreFault::TooLarge);
        }
        if self.broken {
            return Err(StoreFault::Broken);
        }
        let start = self.staged.len();
        format::encode(self.batch.wrapping_add(1), &step.key, value, &mut self.staged);
        let end = self.staged.len();
        let live = value.map(|value| Live {
            value_at: (end - value.len()) as u64,
            value_len: value.len(),
            bytes: (end - start) as u64,
        });
        self.staged_keys.push((step.key.clone(), live));
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreFault> {
        let bytes = std::mem::take(&mut self.staged);
        let keys = std::mem::take(&mut self.staged_keys);
        if keys.is_empty() {
            return Ok(());
        }
        if self.broken {
            return Err(StoreFault::Broken);
        }
        let at = self.committed;
        if let Err(error) = self.file.write_at(at, &bytes).and_then(|()| self.file.sync()) {
            // "Not on disk and never will be": cut it off, durably, or trust this file no more.
            let cut = self.file.truncate(at).and_then(|()| self.file.sync());
            self.broken = cut.is_err();
            return Err(error.into());
        }
        self.committed += bytes.len() as u64;
        self.batch = self.batch.wrapping_add(1);
        for (key, live) in keys {
            self.forget(&key);
            if let Some(mut live) = live {
                live.value_at += at;
                self.live += live.bytes;
                self.index.insert(key, live);
            }
        }
        Ok(())
    }

    /// Rewrites the log when more than half of it is garbage: each byte is copied at most once for each byte appended.
    pub(super) fn maintain(&mut self) -> Result<(), StoreFault> {
        let garbage = self.committed - FILE_HEADER as u64 - self.live;
        if self.broken || garbage < self.next_try || garbage <= self.live {
            return Ok(());
        }
        self.next_try = garbage * 2;
        self.rewrite()?;
        self.next_try = MIN_GARBAGE;
        Ok(())
    }

    /// A new file with what is alive, synced, in the place of the old one, the name synced.
    fn rewrite(&mut self) -> Result<(), StoreFault> {
        let mut bytes = format::file_header().to_vec();
        let mut index = BTreeMap::new();
        for (key, live) in &self.index {
            let value = self.file.read_at(live.value_at, live.value_len)?;
            let start = bytes.len();
            format::encode(self.batch, key, Some(&value), &mut bytes);
            let live = Live {
                value_at: (bytes.len() - value.len()) as u64,
                value_len: value.len(),
                bytes: (bytes.len() - start) as u64,
            };
            index.insert(key.clone(), live);
        }
        let mut file = self.medium.create(NEW_LOG)?;
        let made = file.write_at(0, &bytes).and_then(|()| file.sync());
        if let Err(error) = made.and_then(|()| self.medium.rename(NEW_LOG, LOG)) {
            // Half a copy must not take the room that the next step needs.
            let _ = file.truncate(0);
            return Err(error.into());
        }
        self.file = file;
        self.live = index.values().map(|live| live.bytes).sum();
        self.index = index;
        self.committed = bytes.len() as u64;
        if self.medium.sync().is_err() {
            // Which of the two files a crash would show is unknown: nothing may be promised on top of it.
            self.broken = true;
            return Err(StoreFault::Broken);
        }
        Ok(())
    }
}

impl Piece {
    fn batch(&self) -> Option<u32> {
        match self {
            Piece::Record(found) => Some(found.batch),
            Piece::Rubble { .. } => None,
        }
    }
}

/// The first log of a directory: complete before it gets its name.
fn begin<M: Medium>(medium: &mut M, header: &[u8]) -> io::Result<M::File> {
    let mut file = medium.create(NEW_LOG)?;
    file.write_at(0, header)?;
    file.sync()?;
    medium.rename(NEW_LOG, LOG)?;
    medium.sync()?;
    Ok(file)
}
