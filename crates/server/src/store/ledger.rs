//! The memory of writes: what has settled, with which answer (Q9, V5, protocol section 3).
//! Decides over rows only; knows no HTTP types and runs no handler.

use super::error::StoreError;
use super::limits;
use super::sql::{self, Connection};
use super::value::{Row, Value};
use crate::params;

/// SHA-256 over method, path with query, and body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestHash(pub(crate) [u8; 32]);

/// How a write names itself.
#[derive(Clone, Copy)]
pub(crate) enum Identity<'a> {
    /// No `Idempotency-Key`: it just runs, every time.
    Unnamed,
    /// A key alone: known for [`limits::KEY_MILLIS`] per user.
    Keyed { key: &'a str },
    /// The full promise: a place in a client's sequence.
    Sequenced { key: &'a str, client: &'a str, sequence: u64, floor: u64 },
}

/// What the rule says about a write before anything runs.
pub(crate) enum Verdict {
    /// It has not been applied: run it.
    Run,
    /// It has: this was the answer.
    Replay(StoredAnswer),
    /// The key came with another payload before.
    KeyReused,
    /// The server cannot tell whether it has been applied, and applies nothing.
    ClientReset,
}

/// An answer as it is kept. `body` is absent when it was longer than [`limits::STORED_ANSWER`], or has shrunk since.
#[derive(Clone)]
pub(crate) struct StoredAnswer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) body: Option<Vec<u8>>,
}

impl StoredAnswer {
    /// Reads the columns `status, content_type, etag, location, body` from `first` on.
    fn read(row: &Row, first: usize) -> Result<Self, StoreError> {
        Ok(Self {
            status: row.get(first)?,
            content_type: row.get(first + 1)?,
            etag: row.get(first + 2)?,
            location: row.get(first + 3)?,
            body: row.get(first + 4)?,
        })
    }

    fn values(self) -> [Value; 5] {
        let body = self.body.filter(|body| body.len() <= limits::STORED_ANSWER);
        let content_type = self.content_type.filter(|_| body.is_some());
        params![self.status, content_type, self.etag, self.location, body]
    }
}

/// The rule of protocol section 3. To be called in the transaction that then runs the write.
pub(crate) fn judge(
    connection: &dyn Connection,
    user: &str,
    identity: Identity<'_>,
    hash: RequestHash,
    now: u64,
) -> Result<Verdict, StoreError> {
    match identity {
        Identity::Unnamed => Ok(Verdict::Run),
        Identity::Keyed { key } => judge_key(connection, user, key, hash, now),
        Identity::Sequenced { key, client, sequence, floor } => {
            let Some(kept_floor) = kept_floor(connection, user, client)? else {
                return Ok(if floor > 1 { Verdict::ClientReset } else { Verdict::Run });
            };
            if sequence < kept_floor {
                return Ok(Verdict::ClientReset);
            }
            let settled = sql::query_one(
                connection,
                r#"SELECT key, hash, status, content_type, etag, location, body FROM tidewire_settled
                 WHERE "user" = ?1 AND client = ?2 AND sequence = ?3"#,
                &[Value::from(user), Value::from(client), sql::number(sequence)],
                |row| Ok((row.get::<String>(0)?, row.get::<Vec<u8>>(1)?, StoredAnswer::read(row, 2)?)),
            )?;
            Ok(match settled {
                None => Verdict::Run,
                Some((kept, _, _)) if kept != key => Verdict::ClientReset,
                Some((_, kept, _)) if kept != hash.0 => Verdict::KeyReused,
                Some((_, _, answer)) => Verdict::Replay(answer),
            })
        }
    }
}

fn judge_key(
    connection: &dyn Connection,
    user: &str,
    key: &str,
    hash: RequestHash,
    now: u64,
) -> Result<Verdict, StoreError> {
    let known = sql::query_one(
        connection,
        r#"SELECT hash, status, content_type, etag, location, body FROM tidewire_key WHERE "user" = ?1 AND key = ?2 AND at >= ?3"#,
        &[Value::from(user), Value::from(key), sql::number(now.saturating_sub(limits::KEY_MILLIS))],
        |row| Ok((row.get::<Vec<u8>>(0)?, StoredAnswer::read(row, 1)?)),
    )?;
    Ok(match known {
        None => Verdict::Run,
        Some((kept, _)) if kept != hash.0 => Verdict::KeyReused,
        Some((_, answer)) => Verdict::Replay(answer),
    })
}

/// Stores the answer of a write that ran, raises the floor and forgets the answers below it.
pub(crate) fn settle(
    connection: &dyn Connection,
    user: &str,
    identity: Identity<'_>,
    hash: RequestHash,
    answer: StoredAnswer,
    now: u64,
) -> Result<(), StoreError> {
    let [status, content_type, etag, location, body] = answer.values();
    let (hash, now) = (Value::Blob(hash.0.to_vec()), sql::number(now));
    match identity {
        Identity::Unnamed => {}
        Identity::Keyed { key } => {
            sql::execute(
                connection,
                r#"INSERT INTO tidewire_key ("user", key, hash, status, content_type, etag, location, body, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT ("user", key) DO UPDATE SET hash = excluded.hash, status = excluded.status,
                 content_type = excluded.content_type, etag = excluded.etag, location = excluded.location,
                 body = excluded.body, at = excluded.at"#,
                &[user.into(), key.into(), hash, status, content_type, etag, location, body, now],
            )?;
        }
        Identity::Sequenced { key, client, sequence, floor } => {
            sql::execute(
                connection,
                r#"INSERT INTO tidewire_client ("user", client, floor, seen_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT ("user", client) DO UPDATE SET seen_at = excluded.seen_at,
                 floor = CASE WHEN excluded.floor > tidewire_client.floor THEN excluded.floor ELSE tidewire_client.floor END"#,
                &[user.into(), client.into(), sql::number(floor), now.clone()],
            )?;
            if let Some(old) = sequence.checked_sub(limits::ANSWERS_PER_CLIENT) {
                sql::execute(
                    connection,
                    r#"UPDATE tidewire_settled SET content_type = NULL, body = NULL WHERE "user" = ?1 AND client = ?2 AND sequence = ?3"#,
                    &[user.into(), client.into(), sql::number(old)],
                )?;
            }
            let sequence = sql::number(sequence);
            sql::execute(
                connection,
                r#"INSERT INTO tidewire_settled ("user", client, sequence, key, hash, status, content_type, etag, location, body, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"#,
                &[
                    user.into(),
                    client.into(),
                    sequence,
                    key.into(),
                    hash,
                    status,
                    content_type,
                    etag,
                    location,
                    body,
                    now,
                ],
            )?;
            sql::execute(
                connection,
                r#"DELETE FROM tidewire_settled WHERE "user" = ?1 AND client = ?2
                 AND sequence < (SELECT floor FROM tidewire_client WHERE "user" = ?1 AND client = ?2)"#,
                &[user.into(), client.into()],
            )?;
        }
    }
    Ok(())
}

/// What has become of a sequence.
pub(crate) enum Fate {
    /// It settled under this key: this was the answer.
    Applied(StoredAnswer),
    /// It is marked: it will never be applied.
    Voided,
    /// It is open: never applied so far.
    Open,
    /// The server cannot tell.
    ClientReset,
}

/// What has become of a sequence under this key (protocol section 5). A client that is not known is new if its floor is 1, as in [`judge`].
pub(crate) fn fate(
    connection: &dyn Connection,
    user: &str,
    client: &str,
    sequence: u64,
    floor: u64,
    key: &str,
) -> Result<Fate, StoreError> {
    let kept_floor = kept_floor(connection, user, client)?;
    if kept_floor.map_or(floor > 1, |kept| sequence < kept) {
        return Ok(Fate::ClientReset);
    }
    let settled = sql::query_one(
        connection,
        r#"SELECT key, status, content_type, etag, location, body FROM tidewire_settled
         WHERE "user" = ?1 AND client = ?2 AND sequence = ?3"#,
        &[Value::from(user), Value::from(client), sql::number(sequence)],
        |row| Ok((row.get::<String>(0)?, StoredAnswer::read(row, 1)?)),
    )?;
    Ok(match settled {
        None => Fate::Open,
        Some((kept, answer)) if kept == key => Fate::Applied(answer),
        Some((kept, _)) if kept == voided(key) => Fate::Voided,
        Some(_) => Fate::ClientReset,
    })
}

/// Marks an open sequence as never to be applied; a new client is known from then on. It is kept like a settled one, under a key that no request can name.
pub(crate) fn void(
    connection: &dyn Connection,
    user: &str,
    client: &str,
    sequence: u64,
    key: &str,
    now: u64,
) -> Result<(), StoreError> {
    sql::execute(
        connection,
        r#"INSERT INTO tidewire_client ("user", client, floor, seen_at) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT ("user", client) DO NOTHING"#,
        &[user.into(), client.into(), sql::number(now)],
    )?;
    sql::execute(
        connection,
        r#"INSERT INTO tidewire_settled ("user", client, sequence, key, hash, status, at) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)"#,
        &[
            user.into(),
            client.into(),
            sql::number(sequence),
            Value::from(voided(key)),
            Value::Blob(Vec::new()),
            sql::number(now),
        ],
    )?;
    Ok(())
}

fn voided(key: &str) -> String {
    format!("!{key}")
}

/// The settled sequences of a client as ranges `from..=to`, all below the floor as one; absent for an unknown client.
pub(crate) fn applied(
    connection: &dyn Connection,
    user: &str,
    client: &str,
) -> Result<Option<Vec<(u64, u64)>>, StoreError> {
    let floor = kept_floor(connection, user, client)?;
    let Some(floor) = floor.filter(|floor| *floor < FORGOTTEN) else { return Ok(None) };
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    if floor > 1 {
        ranges.push((1, floor - 1));
    }
    let settled = sql::query(
        connection,
        r#"SELECT sequence FROM tidewire_settled WHERE "user" = ?1 AND client = ?2 AND status > 0 ORDER BY sequence"#,
        &[user.into(), client.into()],
        |row| row.get::<u64>(0),
    )?;
    for sequence in settled {
        match ranges.last_mut() {
            Some((_, to)) if *to + 1 == sequence => *to = sequence,
            _ => ranges.push((sequence, sequence)),
        }
    }
    Ok(Some(ranges))
}

/// Forgets keys that are too old.
pub(super) fn sweep(connection: &dyn Connection, now: u64) -> Result<(), StoreError> {
    let oldest = sql::number(now.saturating_sub(limits::KEY_MILLIS));
    sql::execute(connection, "DELETE FROM tidewire_key WHERE at < ?1", &[oldest])?;
    Ok(())
}

/// The floor of a client that was forgotten: above every sequence, so that nothing of it is applied. Its row has to stay,
/// because an unknown client may begin at 1, and a phone that slept for months may hold a first write that was applied.
const FORGOTTEN: u64 = tidewire_wire::limits::INTEGER;

/// Forgets clients that wrote nothing for too long.
pub(super) fn sweep_clients(connection: &dyn Connection, now: u64) -> Result<(), StoreError> {
    let oldest = sql::number(now.saturating_sub(limits::CLIENT_MILLIS));
    let params = [oldest, sql::number(FORGOTTEN)];
    let unused = r#"SELECT "user", client FROM tidewire_client WHERE seen_at < ?1 AND floor < ?2"#;
    sql::execute(
        connection,
        &format!(r#"DELETE FROM tidewire_settled WHERE ("user", client) IN ({unused})"#),
        &params,
    )?;
    sql::execute(
        connection,
        "UPDATE tidewire_client SET floor = ?2 WHERE seen_at < ?1 AND floor < ?2",
        &params,
    )?;
    Ok(())
}

/// Forgets all of a person: clients, answers, keys.
pub(crate) fn forget(connection: &dyn Connection, user: &str) -> Result<(), StoreError> {
    for table in ["tidewire_settled", "tidewire_client", "tidewire_key"] {
        sql::execute(connection, &format!(r#"DELETE FROM {table} WHERE "user" = ?1"#), &[user.into()])?;
    }
    Ok(())
}

fn kept_floor(connection: &dyn Connection, user: &str, client: &str) -> Result<Option<u64>, StoreError> {
    sql::query_one(
        connection,
        r#"SELECT floor FROM tidewire_client WHERE "user" = ?1 AND client = ?2"#,
        &[user.into(), client.into()],
        |row| row.get(0),
    )
}
