//! The app's tables, in the words of each database. Everything else that the app says to a database, both understand. Knows no HTTP.

use tidewire_server::store::Place;

/// What an app says differently to each database.
#[derive(Clone, Copy)]
pub(crate) struct Schema {
    /// One script per released version; append, never edit.
    pub(crate) migrations: &'static [&'static str],
    /// Finds a row if there has ever been an activity.
    pub(crate) ever: &'static str,
}

impl Schema {
    pub(crate) fn of(place: &Place) -> Self {
        match place {
            Place::File(_) => SQLITE,
            Place::Postgres(_) => POSTGRES,
        }
    }
}

const SQLITE: Schema = Schema {
    migrations: &["
    CREATE TABLE activity (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
        created_by TEXT NOT NULL, created_at INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1,
        cheers INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE activity_like (
        activity_id TEXT NOT NULL REFERENCES activity (id) ON DELETE CASCADE, user_id TEXT NOT NULL,
        PRIMARY KEY (activity_id, user_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE participant (
        activity_id TEXT NOT NULL REFERENCES activity (id) ON DELETE CASCADE, user_id TEXT NOT NULL,
        PRIMARY KEY (activity_id, user_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE message (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        activity_id TEXT NOT NULL REFERENCES activity (id) ON DELETE CASCADE,
        sender_id TEXT NOT NULL, text TEXT NOT NULL, created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX message_activity ON message (activity_id, seq);
    CREATE TABLE message_read (
        message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE, user_id TEXT NOT NULL,
        PRIMARY KEY (message_id, user_id)
    ) STRICT, WITHOUT ROWID;
"],
    ever: "SELECT 1 FROM sqlite_sequence WHERE name = 'activity'",
};

/// One of SQLite's `INTEGER` is a `BIGINT` here; the sequences have names, so that `ever` can ask one.
const POSTGRES: Schema = Schema {
    migrations: &["
    CREATE SEQUENCE activity_seq;
    CREATE SEQUENCE message_seq;
    CREATE TABLE activity (
        seq BIGINT PRIMARY KEY DEFAULT nextval('activity_seq'), id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
        created_by TEXT NOT NULL, created_at BIGINT NOT NULL, version BIGINT NOT NULL DEFAULT 1,
        cheers BIGINT NOT NULL DEFAULT 0
    );
    CREATE TABLE activity_like (
        activity_id TEXT NOT NULL REFERENCES activity (id) ON DELETE CASCADE, user_id TEXT NOT NULL,
        PRIMARY KEY (activity_id, user_id)
    );
    CREATE TABLE participant (
        activity_id TEXT NOT NULL REFERENCES activity (id) ON DELETE CASCADE, user_id TEXT NOT NULL,
        PRIMARY KEY (activity_id, user_id)
    );
    CREATE TABLE message (
        seq BIGINT PRIMARY KEY DEFAULT nextval('message_seq'), id TEXT NOT NULL UNIQUE,
        activity_id TEXT NOT NULL REFERENCES activity (id) ON DELETE CASCADE,
        sender_id TEXT NOT NULL, text TEXT NOT NULL, created_at BIGINT NOT NULL
    );
    CREATE INDEX message_activity ON message (activity_id, seq);
    CREATE TABLE message_read (
        message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE, user_id TEXT NOT NULL,
        PRIMARY KEY (message_id, user_id)
    );
"],
    ever: "SELECT 1 FROM activity_seq WHERE is_called",
};
