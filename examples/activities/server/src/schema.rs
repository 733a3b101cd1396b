//! The app's tables. Knows no HTTP.

/// One script per released version; append, never edit.
pub(crate) const MIGRATIONS: &[&str] = &["
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
"];
