//! What can go wrong with the database, and whose fault it is. Knows no HTTP.

use std::fmt;

/// Why the database did not do what was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk or the database file failed: nothing of the transaction stands.
    Storage(String),
    /// The app's SQL or its reading of a row is wrong: a bug of the app.
    Sql(String),
    /// The app broke one of its own constraints (unique, foreign key, check, not null).
    Constraint(String),
    /// The app published something that cannot travel: see the text.
    Publish(String),
    /// The database is of a later version of Tidewire or of the app; run that version.
    Newer {
        /// What is versioned: `tidewire` or `app`.
        schema: &'static str,
        /// The version found in the file.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// The app's code panicked inside a transaction, which was rolled back.
    Panicked,
    /// The store is shutting down.
    Closed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(why) => {
                write!(f, "the database could not be read or written ({why}); check the disk, then try again")
            }
            Self::Sql(why) => write!(f, "a statement of the app is wrong: {why}"),
            Self::Constraint(why) => write!(f, "a constraint of the app's tables refused the change: {why}"),
            Self::Publish(why) => write!(f, "an event cannot be published: {why}"),
            Self::Newer { schema, found, known } => write!(
                f,
                "the database has {schema} schema version {found}, but this program knows versions up to {known}: start the newer program"
            ),
            Self::Panicked => f.write_str("a handler panicked inside its transaction; it was rolled back"),
            Self::Closed => f.write_str("the store is shutting down"),
        }
    }
}

impl std::error::Error for StoreError {}
