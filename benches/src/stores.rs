//! From the app's call to `durable`, with each store of the client, beside SQLite as an app would use it itself. One write of each in
//! turn, all on one file system.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tidewire::store::{EncryptedStore, FileStore, MemoryStore, Store};
use tidewire::{Client, QueueLimits};
use tokio::runtime::Runtime;

use crate::clock::{micros, percentile, time};
use crate::durable::write;
use crate::host::PAYLOAD;
use crate::{Failure, Figures};

const WRITES: usize = 1_000;
const NAMES: [&str; 4] = ["memory", "file", "encrypted", "sqlite"];

pub(crate) fn run() -> Result<Figures, Failure> {
    let directory = PathBuf::from(std::env::args().nth(2).ok_or("stores DIRECTORY")?);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let clients = [
        client(&runtime, MemoryStore::new())?,
        client(&runtime, FileStore::open(directory.join("file"))?)?,
        client(
            &runtime,
            EncryptedStore::new(FileStore::open(directory.join("encrypted"))?, &[7; 32], "app|default|ana"),
        )?,
    ];
    let sqlite = sqlite(&directory)?;
    let mut spans: [Vec<Duration>; 4] = Default::default();
    for number in 0..WRITES {
        for turn in 0..NAMES.len() {
            // Whoever comes first pays for what the one before left behind: everybody comes first equally often.
            let who = (turn + number) % NAMES.len();
            let (done, span) = time(|| -> Result<(), Failure> {
                match clients.get(who) {
                    Some(client) => runtime.block_on(async {
                        let handle = client.submit(write(number)).await?;
                        Ok(handle.durable().await?)
                    }),
                    None => insert(&sqlite, number),
                }
            });
            done?;
            spans[who].push(span);
        }
    }
    std::fs::remove_dir_all(&directory)?;
    let mut figures = Figures::new();
    for (name, mut spans) in NAMES.iter().zip(spans) {
        for of_hundred in [50, 99] {
            let span = percentile(&mut spans, of_hundred);
            figures.push((format!("store_{name}_p{of_hundred}_us"), micros(span)));
        }
    }
    Ok(figures)
}

/// A client that nobody answers: its writes stay.
pub(crate) fn client(runtime: &Runtime, store: impl Store) -> Result<Client, Failure> {
    let limits = QueueLimits { pending: 20_000, pending_bytes: 1 << 30, ..QueueLimits::default() };
    let _inside = runtime.enter();
    let client = Client::builder("http://127.0.0.1:9").user("ana").queue(limits).store(store).build()?;
    runtime.block_on(client.when(|status| status.outbox.ready))?;
    Ok(client)
}

fn sqlite(directory: &Path) -> Result<Connection, Failure> {
    let sqlite = Connection::open(directory.join("sqlite.db"))?;
    sqlite.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE record (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
    )?;
    Ok(sqlite)
}

/// About as many bytes as a record of ours has.
fn insert(sqlite: &Connection, number: usize) -> Result<(), Failure> {
    let value = format!("{PAYLOAD}{PAYLOAD}{PAYLOAD}");
    let mut insert = sqlite.prepare_cached("INSERT INTO record VALUES (?1, ?2)")?;
    Ok(insert.execute((format!("w/{number:016x}"), value.as_bytes())).map(drop)?)
}
