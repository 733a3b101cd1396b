//! The file store: one directory, one process. A step is one record appended to a log and synced (`power-loss`); what is
//! torn or flipped is set aside and reported, and everything else loads (Q1, Q2, Q3, Q4).
//!
//! ```text
//! DIR/log       the records          DIR/log.new   a log being rewritten, worthless until it is renamed
//! DIR/lock      held while open      DIR/damaged   bytes that could not be read, kept for people
//! ```
//!
//! One gap is left: if the *head* of a record is flipped, its key is unknown, and an older value of that key loads. The
//! engine's records carry versions and sequences of their own, and the damage is reported.

mod format;
mod log;
mod medium;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use self::log::{Log, LogError};
use self::medium::{Directory, Medium as _};
use super::{Durability, Loaded, Step, Store, StoreFault};

/// Records in a directory that this process alone holds.
pub struct FileStore {
    log: Log<Directory>,
    path: PathBuf,
    /// Unlocked by the system when it is dropped, however the process ends.
    _lock: File,
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why a store cannot be opened. Nothing in it was touched.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it open.
    Locked {
        /// The directory.
        path: PathBuf,
        /// That process, if it has said so.
        owner: Option<u32>,
    },
    /// A newer build wrote it (Q21).
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// The directory cannot be made, read or written.
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Locked { path, owner } => {
                let path = path.display();
                match owner {
                    Some(own) if *own == std::process::id() => write!(
                        f,
                        "this process has opened the store {path} already: share one client, or use another directory"
                    ),
                    Some(other) => write!(
                        f,
                        "another process is using the store {path} (process {other}): end it, or use another directory"
                    ),
                    None => write!(
                        f,
                        "another process is using the store {path}: end it, or use another directory"
                    ),
                }
            }
            OpenError::Newer { path, version } => write!(
                f,
                "the store {} was written by a newer version (format {version}): update this program",
                path.display()
            ),
            OpenError::Io { path, error } => {
                write!(f, "the store {} cannot be opened: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Io { error, .. } => Some(error),
            OpenError::Locked { .. } | OpenError::Newer { .. } => None,
        }
    }
}

impl FileStore {
    /// Opens the store in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<FileStore, OpenError> {
        let path = path.as_ref().to_owned();
        let io = |error| OpenError::Io { path: path.clone(), error };
        make_durable_dir(&path).map_err(io)?;
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        let mut lock = options.open(path.join("lock")).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => sign(&mut lock),
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { owner: signed(&path), path }),
            Err(TryLockError::Error(error)) => return Err(OpenError::Io { path, error }),
        }
        match Log::open(Directory(path.clone())) {
            Ok(log) => Ok(FileStore { log, path, _lock: lock }),
            Err(LogError::Newer(version)) => Err(OpenError::Newer { path, version }),
            Err(LogError::Io(error)) => Err(OpenError::Io { path, error }),
        }
    }
}

/// Says who holds the lock: for the words of an error, so what cannot be written is left out.
fn sign(lock: &mut File) {
    let _ = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
}

/// Who holds the lock. On Windows a locked file cannot be read by others.
fn signed(path: &Path) -> Option<u32> {
    fs::read_to_string(path.join("lock")).ok()?.trim().parse().ok()
}

/// Makes a directory and syncs the names of all that had to be made.
fn make_durable_dir(path: &Path) -> io::Result<()> {
    let absolute = std::path::absolute(path)?;
    let missing: Vec<&Path> = absolute.ancestors().take_while(|dir| !dir.exists()).collect();
    fs::create_dir_all(&absolute)?;
    for parent in missing.iter().filter_map(|dir| dir.parent()) {
        Directory(parent.to_owned()).sync()?;
    }
    Ok(())
}

impl Store for FileStore {
    fn durability(&self) -> Durability {
        Durability::PowerLoss
    }

    fn load(&mut self) -> Result<Loaded, StoreFault> {
        self.log.load()
    }

    fn put(&mut self, step: &Step) -> Result<(), StoreFault> {
        self.log.put(step)
    }

    fn commit(&mut self) -> Result<(), StoreFault> {
        self.log.commit()
    }

    fn maintain(&mut self) -> Result<(), StoreFault> {
        self.log.maintain()
    }
}
