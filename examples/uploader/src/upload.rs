//! Uploads the files of a directory, each once, whatever happens meanwhile.
//!
//! A file is cut into parts, and a part is a write of the queue: on disk before it is sent, sent until the server has answered, applied
//! exactly once. What is left to decide is which parts have not been queued yet, and nothing has to be remembered for that: a part
//! is in the queue, or on the server, or still to be queued.

use std::collections::HashSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tidewire::{Client, ConnectionState, HttpRequest, Write};
use tokio::task::JoinSet;

/// Bytes of a part. One that was queued is kept whole on the disk, twice while it is being answered.
pub(crate) const PART: u64 = 32 * 1024;
/// Parts that wait at once: the queue takes 100 writes and 4 MiB, and nothing is gained by filling it.
const WAITING: u32 = 16;

/// How long it waits before it asks a server again that did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// A part by name: of which file, of which of its versions, and the how-manieth.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part {
    file: String,
    /// When the file was changed: a file that is changed is another one.
    modified: u64,
    number: u64,
}

impl Part {
    fn of(value: &Value) -> Option<Part> {
        let number = |key: &str| value[key].as_u64();
        let file = value["file"].as_str()?.to_owned();
        Some(Part { file, modified: number("modified")?, number: number("part")? })
    }
}

/// Queues what is not on the server yet and waits until nothing waits. Returns how many parts the server refused.
pub(crate) async fn all(client: &Client, directory: &Path) -> Result<u32, Box<dyn Error>> {
    client.when(|status| status.outbox.ready).await?;
    // The queue first: a part that leaves it after this look is on the server before the second one.
    let mut known = queued(client).await?;
    known.extend(on_the_server(client).await?);

    let mut told = JoinSet::new();
    for entry in files(directory)? {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let data = entry.metadata()?;
        let modified = data.modified()?.duration_since(UNIX_EPOCH)?.as_millis() as u64;
        let parts = data.len().div_ceil(PART).max(1);
        for number in 0..parts {
            let part = Part { file: name.clone(), modified, number };
            if known.contains(&part) {
                continue;
            }
            let bytes = read(&path, number * PART)?;
            client.when(|status| status.outbox.pending < WAITING).await?;
            let write = client.submit(write(&part, parts, &bytes)).await?;
            let words = format!("{name} {} of {parts}", number + 1);
            told.spawn(async move {
                if write.acknowledged().await.is_ok() {
                    println!("{words}");
                }
            });
        }
    }
    told.join_all().await;
    Ok(client.when(|status| status.outbox.pending == 0).await?.outbox.parked)
}

/// The parts of a file leave in order; those of other files do not wait for them.
fn write(part: &Part, parts: u64, bytes: &[u8]) -> Write {
    let name = json!({ "file": part.file, "modified": part.modified, "part": part.number });
    let mut body = name.clone();
    body["of"] = json!(parts);
    body["bytes"] = json!(STANDARD.encode(bytes));
    Write::new("POST", "/parts")
        .body(&body)
        // What `queued` reads after a restart.
        .named("part", 1, &name)
        .lane(format!("file {}", part.file))
}

async fn queued(client: &Client) -> Result<HashSet<Part>, Box<dyn Error>> {
    Ok(client.writes().await?.iter().filter_map(|write| Part::of(&write.variables)).collect())
}

/// Waits for the network, if there is none.
async fn on_the_server(client: &Client) -> Result<HashSet<Part>, Box<dyn Error>> {
    loop {
        client.when(|status| matches!(status.connection, ConnectionState::Connected { .. })).await?;
        let request = HttpRequest { method: "GET".into(), path: "/parts".into(), ..HttpRequest::default() };
        match client.fetch(request).await {
            Ok(answer) if answer.status == 200 => {
                let parts: Vec<Value> = serde_json::from_str(&answer.body.unwrap_or_default())?;
                return Ok(parts.iter().filter_map(Part::of).collect());
            }
            Ok(answer) => return Err(format!("the server answers {}", answer.status).into()),
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

/// The files of a directory by name; what begins with a dot is none of ours.
fn files(directory: &Path) -> io::Result<Vec<fs::DirEntry>> {
    let mut files: Vec<_> = fs::read_dir(directory)?.collect::<io::Result<_>>()?;
    files.retain(|file| {
        file.file_type().is_ok_and(|kind| kind.is_file())
            && !file.file_name().to_string_lossy().starts_with('.')
    });
    files.sort_by_key(fs::DirEntry::file_name);
    Ok(files)
}

fn read(path: &Path, at: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(PART).read_to_end(&mut bytes)?;
    Ok(bytes)
}
