//! Which database it is, and the two things that are done with any: a transaction, and a snapshot. Knows no tables.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::sql::Connection;
use super::{postgres, sqlite};

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of the embedded SQLite; made if absent.
    File(PathBuf),
    /// A PostgreSQL database by its URL, `postgres://user:password@host/database`. It must exist. Connections are not
    /// encrypted: use a socket, a private network or a proxy.
    Postgres(String),
}

impl fmt::Debug for Place {
    /// A URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(..)"),
        }
    }
}

impl From<&Path> for Place {
    /// A path that begins with `postgres://` or `postgresql://` is a URL.
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Self::Postgres(url.to_owned())
            }
            Some(_) | None => Self::File(path.to_owned()),
        }
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        path.as_path().into()
    }
}

impl From<&PathBuf> for Place {
    fn from(path: &PathBuf) -> Self {
        path.as_path().into()
    }
}

impl From<&str> for Place {
    fn from(path: &str) -> Self {
        Path::new(path).into()
    }
}

/// One connection.
pub(super) enum Database {
    Sqlite(Box<rusqlite::Connection>),
    Postgres(Box<postgres::Server>),
}

impl Database {
    pub(super) fn open(place: &Place) -> Result<Self, StoreError> {
        Ok(match place {
            Place::File(path) => Self::Sqlite(Box::new(sqlite::connect(path)?)),
            Place::Postgres(url) => Self::Postgres(Box::new(postgres::Server::connect(url)?)),
        })
    }

    pub(super) fn open_reader(place: &Place) -> Result<Self, StoreError> {
        Ok(match place {
            Place::File(path) => Self::Sqlite(Box::new(sqlite::connect_reader(path)?)),
            Place::Postgres(_) => Self::open(place)?,
        })
    }

    /// Runs `work` in one transaction and commits if it says so; anything else takes everything back.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&dyn Connection) -> Result<(bool, T), StoreError>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::write(connection, work),
            Self::Postgres(server) => server.write(work),
        }
    }

    /// Runs `work` in one snapshot.
    pub(super) fn read<T>(
        &mut self,
        work: impl FnOnce(&dyn Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::read(connection, work),
            Self::Postgres(server) => server.read(work),
        }
    }

    /// The column types and table options in which the databases differ.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => {
                Dialect { integer: "INTEGER", bytes: "BLOB", any: "ANY", options: "STRICT, WITHOUT ROWID" }
            }
            Self::Postgres(_) => Dialect { integer: "BIGINT", bytes: "BYTEA", any: "BYTEA", options: "" },
        }
    }
}

/// What a script for our own tables writes as `{integer}`, `{bytes}`, `{any}`, `{options}`.
pub(super) struct Dialect {
    integer: &'static str,
    bytes: &'static str,
    any: &'static str,
    options: &'static str,
}

impl Dialect {
    pub(super) fn script(&self, script: &str) -> String {
        script
            .replace("{integer}", self.integer)
            .replace("{bytes}", self.bytes)
            .replace("{any}", self.any)
            .replace("{options}", self.options)
    }
}
