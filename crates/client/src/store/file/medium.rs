//! The few things that the log asks of a file system, so that tests can put a failing one under it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// A directory of files.
pub(super) trait Medium: Send + 'static {
    /// One of its files.
    type File: MediumFile;
    /// Opens a file for reading and appending; `None` if there is none.
    fn open(&mut self, name: &str) -> io::Result<Option<Self::File>>;
    /// Makes an empty file, also in place of an old one.
    fn create(&mut self, name: &str) -> io::Result<Self::File>;
    /// Puts a file in the place of another, atomically.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Makes the names durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file.
pub(super) trait MediumFile: Send + 'static {
    /// All of it.
    fn read(&mut self) -> io::Result<Vec<u8>>;
    /// `len` bytes at `at`.
    fn read_at(&mut self, at: u64, len: usize) -> io::Result<Vec<u8>>;
    /// Writes at `at`, which is its end or before what a failed write left there.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes content and length durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts it.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
    /// Its length.
    fn len(&mut self) -> io::Result<u64>;
}

/// The real thing.
#[derive(Debug)]
pub(super) struct Directory(pub(super) PathBuf);

impl Medium for Directory {
    type File = File;

    fn open(&mut self, name: &str) -> io::Result<Option<File>> {
        match OpenOptions::new().read(true).write(true).open(self.0.join(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&mut self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.0.join(name))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn sync(&mut self) -> io::Result<()> {
        // Only Unix can sync a directory; elsewhere the file system keeps names itself.
        if cfg!(unix) { File::open(&self.0)?.sync_all() } else { Ok(()) }
    }
}

impl MediumFile for File {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.seek(SeekFrom::Start(0))?;
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_at(&mut self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.seek(SeekFrom::Start(at))?;
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(at))?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn len(&mut self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}
