//! A directory in memory that counts bytes, has a quota, and loses power at any operation.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use super::super::medium::{Medium, MediumFile};

#[derive(Clone, Default)]
struct Content {
    now: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    written: u64,
    quota: Option<u64>,
    operations: u64,
    power_ends_at: Option<u64>,
    syncs_fail: bool,
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        if self.power_ends_at.is_some_and(|at| self.operations >= at) {
            return Err(io::Error::other("no power"));
        }
        self.operations += 1;
        Ok(())
    }

    fn used(&self) -> u64 {
        self.names.values().map(|&id| self.files[id].now.len() as u64).sum()
    }
}

/// What is left of bytes that were written but not synced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unsynced {
    Lost,
    Half,
    Kept,
    /// The length arrived, the bytes did not.
    Zeros,
}

#[derive(Clone, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

pub(super) struct SimFile {
    disk: Disk,
    id: usize,
}

impl Disk {
    pub(super) fn with_log(bytes: &[u8]) -> Disk {
        let disk = Disk::default();
        {
            let mut state = disk.0.lock().unwrap();
            state.files.push(Content { now: bytes.to_vec(), synced: bytes.to_vec() });
            state.names.insert("log".into(), 0);
            state.synced_names.insert("log".into(), 0);
        }
        disk
    }
    pub(super) fn bytes_of(&self, name: &str) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        state.names.get(name).map(|&id| state.files[id].now.clone()).unwrap_or_default()
    }
    pub(super) fn written(&self) -> u64 {
        self.0.lock().unwrap().written
    }
    pub(super) fn operations(&self) -> u64 {
        self.0.lock().unwrap().operations
    }
    pub(super) fn set_quota(&self, quota: Option<u64>) {
        self.0.lock().unwrap().quota = quota;
    }
    pub(super) fn used(&self) -> u64 {
        self.0.lock().unwrap().used()
    }
    pub(super) fn end_power_at(&self, operation: u64) {
        self.0.lock().unwrap().power_ends_at = Some(operation);
    }
    pub(super) fn fail_syncs(&self, fail: bool) {
        self.0.lock().unwrap().syncs_fail = fail;
    }
    /// The disk as the next start finds it. `names` says whether unsynced names arrived.
    pub(super) fn after_power_loss(&self, unsynced: Unsynced, names: bool) -> Disk {
        let state = self.0.lock().unwrap();
        let files = state.files.iter().map(|file| {
            let kept = file.synced.len().min(file.now.len());
            let tail = file.now.len() - kept;
            let now = match unsynced {
                Unsynced::Lost => file.synced.clone(),
                Unsynced::Half => file.now[..kept + tail / 2].to_vec(),
                Unsynced::Kept => file.now.clone(),
                Unsynced::Zeros => [&file.now[..kept], &vec![0; tail]].concat(),
            };
            Content { synced: now.clone(), now }
        });
        let names = if names { state.names.clone() } else { state.synced_names.clone() };
        let after = State { files: files.collect(), synced_names: names.clone(), names, ..State::default() };
        Disk(Arc::new(Mutex::new(after)))
    }
}

impl Medium for Disk {
    type File = SimFile;

    fn open(&mut self, name: &str) -> io::Result<Option<SimFile>> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        Ok(state.names.get(name).map(|&id| SimFile { disk: self.clone(), id }))
    }

    fn create(&mut self, name: &str) -> io::Result<SimFile> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let id = state.files.len();
        state.files.push(Content::default());
        state.names.insert(name.to_owned(), id);
        Ok(SimFile { disk: self.clone(), id })
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let id = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        state.synced_names = state.names.clone();
        Ok(())
    }
}

impl MediumFile for SimFile {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.disk.0.lock().unwrap().files[self.id].now.clone())
    }

    fn read_at(&mut self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let at = usize::try_from(at).unwrap();
        let state = self.disk.0.lock().unwrap();
        state.files[self.id]
            .now
            .get(at..at + len)
            .map(<[u8]>::to_vec)
            .ok_or(io::ErrorKind::UnexpectedEof.into())
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.0.lock().unwrap();
        state.step()?;
        let at = usize::try_from(at).unwrap();
        let room = state.quota.map_or(u64::MAX, |quota| quota.saturating_sub(state.used()));
        let fits = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        state.written += fits as u64;
        let file = &mut state.files[self.id].now;
        file.truncate(at);
        file.extend_from_slice(&bytes[..fits]);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.0.lock().unwrap();
        state.step()?;
        if state.syncs_fail {
            return Err(io::Error::other("device error"));
        }
        let file = &mut state.files[self.id];
        file.synced = file.now.clone();
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.disk.0.lock().unwrap();
        state.step()?;
        state.files[self.id].now.truncate(usize::try_from(len).unwrap());
        Ok(())
    }

    fn len(&mut self) -> io::Result<u64> {
        Ok(self.disk.0.lock().unwrap().files[self.id].now.len() as u64)
    }
}
