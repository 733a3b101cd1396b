//! What else could be under the queue, as stores of the client.

use std::path::Path;

use redb::{Database, Durability as Sync, ReadableDatabase, ReadableTable, TableDefinition};
use rusqlite::Connection;
use tidewire::store::{Durability, KEY_BYTES, Loaded, Step, Store, StoreFault, VALUE_BYTES};
use tidewire_core::{Blob, StoredRecord};

use crate::Failure;

fn failed(error: impl std::error::Error + Send + std::marker::Sync + 'static) -> StoreFault {
    StoreFault::Failed(std::io::Error::other(error))
}

fn checked(step: &Step) -> Result<Step, StoreFault> {
    let value = step.value.as_ref().map_or(0, |value| value.0.len());
    if step.key.len() > KEY_BYTES || value > VALUE_BYTES {
        Err(StoreFault::TooLarge)
    } else {
        Ok(step.clone())
    }
}

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");

pub(crate) struct Redb {
    database: Database,
    staged: Vec<Step>,
}

impl Redb {
    pub(crate) fn open(place: &Path) -> Result<Redb, Failure> {
        std::fs::create_dir_all(place)?;
        let database = Database::create(place.join("redb"))?;
        let begin = database.begin_write()?;
        begin.open_table(RECORDS)?;
        begin.commit()?;
        Ok(Redb { database, staged: Vec::new() })
    }
}

impl Store for Redb {
    fn durability(&self) -> Durability {
        Durability::PowerLoss
    }

    fn load(&mut self) -> Result<Loaded, StoreFault> {
        let read = self.database.begin_read().map_err(failed)?;
        let table = read.open_table(RECORDS).map_err(failed)?;
        let mut records = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            records.push(StoredRecord { key: key.value().to_owned(), value: Blob(value.value().to_vec()) });
        }
        Ok(Loaded { records, damage: Vec::new() })
    }

    fn put(&mut self, step: &Step) -> Result<(), StoreFault> {
        self.staged.push(checked(step)?);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreFault> {
        let mut write = self.database.begin_write().map_err(failed)?;
        write.set_durability(Sync::Immediate).map_err(failed)?;
        {
            let mut table = write.open_table(RECORDS).map_err(failed)?;
            for step in self.staged.drain(..) {
                match &step.value {
                    Some(value) => table.insert(step.key.as_str(), value.0.as_slice()).map(drop),
                    None => table.remove(step.key.as_str()).map(drop),
                }
                .map_err(failed)?;
            }
        }
        write.commit().map_err(failed)
    }
}

pub(crate) struct Sqlite {
    database: Connection,
    staged: Vec<Step>,
}

impl Sqlite {
    pub(crate) fn open(place: &Path) -> Result<Sqlite, Failure> {
        std::fs::create_dir_all(place)?;
        let database = Connection::open(place.join("sqlite"))?;
        database.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
        )?;
        Ok(Sqlite { database, staged: Vec::new() })
    }
}

impl Store for Sqlite {
    fn durability(&self) -> Durability {
        Durability::PowerLoss
    }

    fn load(&mut self) -> Result<Loaded, StoreFault> {
        let mut select =
            self.database.prepare_cached("SELECT key, value FROM record ORDER BY key").map_err(failed)?;
        let rows =
            select.query_map((), |row| Ok(StoredRecord { key: row.get(0)?, value: Blob(row.get(1)?) }));
        let records: Result<Vec<_>, _> = rows.map_err(failed)?.collect();
        Ok(Loaded { records: records.map_err(failed)?, damage: Vec::new() })
    }

    fn put(&mut self, step: &Step) -> Result<(), StoreFault> {
        self.staged.push(checked(step)?);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreFault> {
        let together = self.database.transaction().map_err(failed)?;
        for step in self.staged.drain(..) {
            match &step.value {
                Some(value) => together
                    .prepare_cached("INSERT OR REPLACE INTO record VALUES (?1, ?2)")
                    .and_then(|mut put| put.execute((&step.key, &value.0))),
                None => together
                    .prepare_cached("DELETE FROM record WHERE key = ?1")
                    .and_then(|mut remove| remove.execute([&step.key])),
            }
            .map_err(failed)?;
        }
        together.commit().map_err(failed)
    }
}
