//! From the app's call to the disk: the client with its file store, the file store alone, a bare append + fdatasync of the same
//! bytes, and SQLite. One write of each in turn, all on one file system.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use tidewire::store::{FileStore, Step, Store};
use tidewire::{Client, Write};
use tidewire_core::Blob;

use crate::clock::{median, micros, time};
use crate::host::{Host, PAYLOAD, submission};
use crate::{Failure, Figures};
use tidewire_core::Command;

const WRITES: usize = 90;
const ROUNDS: usize = 6;

pub(crate) fn run() -> Result<Figures, Failure> {
    let directory = PathBuf::from(std::env::args().nth(2).ok_or("durable DIRECTORY")?);
    std::fs::create_dir_all(&directory)?;
    let mut spans: [Vec<Duration>; 5] = Default::default();
    let mut grown = (0, 0);
    for round in 0..ROUNDS {
        let place = directory.join(round.to_string());
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place)?;
        let mut contest = Contest::in_directory(place.clone())?;
        let before = contest.sizes()?;
        for number in 0..WRITES {
            // Whoever comes first pays for what the one before left behind: everybody comes first equally often.
            for turn in 0..spans.len() {
                let who = (turn + number) % spans.len();
                spans[who].push(contest.write(who, number)?);
            }
        }
        let after = contest.sizes()?;
        grown = (after.0 - before.0, after.1 - before.1);
        drop(contest);
        std::fs::remove_dir_all(&place)?;
    }
    let names = ["append", "append_again", "file_store", "client", "sqlite"];
    let mut figures: Figures = names
        .iter()
        .zip(spans)
        .map(|(name, spans)| (format!("durable_{name}_us"), micros(median(spans))))
        .collect();
    figures.push(("durable_record_bytes".into(), grown.0 as f64 / WRITES as f64));
    figures.push(("durable_file_store_bytes".into(), grown.1 as f64 / WRITES as f64));
    Ok(figures)
}

struct Contest {
    place: PathBuf,
    /// What the client's store appends for each write: keys, values and the log's own bytes.
    records: Vec<(String, Vec<u8>)>,
    append: [File; 2],
    store: FileStore,
    runtime: tokio::runtime::Runtime,
    client: Client,
    sqlite: Connection,
}

impl Contest {
    fn in_directory(place: PathBuf) -> Result<Contest, Failure> {
        let mut host = Host::idle(Default::default(), [3; 32]);
        host.settle();
        for number in 0..WRITES {
            host.command(Command::Submit { write: submission(number) })?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let store = FileStore::open(place.join("client"))?;
        let client = {
            let _inside = runtime.enter();
            Client::builder("http://127.0.0.1:9").user("ana").store(store).build()?
        };
        runtime.block_on(client.when(|status| status.outbox.ready))?;
        let sqlite = Connection::open(place.join("sqlite.db"))?;
        sqlite.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE record (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
        )?;
        let open = |name: &str| OpenOptions::new().create(true).append(true).open(place.join(name));
        Ok(Contest {
            records: host.disk.into_iter().collect(),
            append: [open("append")?, open("append2")?],
            store: FileStore::open(place.join("store"))?,
            runtime,
            client,
            sqlite,
            place,
        })
    }

    /// Bytes of the bare file and of the store's log.
    fn sizes(&self) -> Result<(u64, u64), Failure> {
        Ok((self.append[0].metadata()?.len(), self.place.join("store/log").metadata()?.len()))
    }

    fn write(&mut self, who: usize, number: usize) -> Result<Duration, Failure> {
        let (key, value) = self.records.get(number).cloned().ok_or("no such record")?;
        let (result, span): (Result<(), Failure>, Duration) = match who {
            0 | 1 => {
                // As many bytes as the log takes for this record.
                let mut bytes = vec![0; 24];
                bytes.extend_from_slice(key.as_bytes());
                bytes.extend_from_slice(&value);
                let file = &mut self.append[who];
                time(|| {
                    file.write_all(&bytes)?;
                    Ok(file.sync_data()?)
                })
            }
            2 => {
                let step = Step { key, value: Some(Blob(value)) };
                let store = &mut self.store;
                time(|| {
                    store.put(&step)?;
                    Ok(store.commit()?)
                })
            }
            3 => {
                let write = write(number);
                let Contest { client, runtime, .. } = self;
                time(|| {
                    let handle = runtime.block_on(client.submit(write))?;
                    Ok(runtime.block_on(handle.durable())?)
                })
            }
            _ => {
                let sqlite = &self.sqlite;
                time(|| {
                    let mut insert =
                        sqlite.prepare_cached("INSERT OR REPLACE INTO record VALUES (?1, ?2)")?;
                    Ok(insert.execute((&key, &value)).map(drop)?)
                })
            }
        };
        result?;
        Ok(span)
    }
}

pub(crate) fn write(number: usize) -> Write {
    let submission = submission(number);
    // The client takes JSON values; a text has the same size here.
    Write::new(submission.method, submission.path).body(&PAYLOAD.into()).named(
        submission.name,
        submission.version,
        &PAYLOAD.into(),
    )
}
