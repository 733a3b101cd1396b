//! How long the start takes with so many writes on the disk: from the call that opens the store to a queue that is ready.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tidewire::store::FileStore;
use tokio::runtime::Runtime;

use crate::clock::{best, median, time};
use crate::durable::write;
use crate::stores::client;
use crate::{Failure, Figures};

const ROUNDS: usize = 7;

pub(crate) fn run() -> Result<Figures, Failure> {
    let directory = PathBuf::from(std::env::args().nth(2).ok_or("start DIRECTORY")?);
    let mut figures = Figures::new();
    for pending in [0, 100, 1_000, 10_000] {
        let place = directory.join(pending.to_string());
        let _ = std::fs::remove_dir_all(&place);
        fill(&place, pending)?;
        let mut spans: Vec<Duration> = Vec::new();
        for _ in 0..ROUNDS {
            let runtime = runtime()?;
            let (started, span) = time(|| client(&runtime, FileStore::open(&place)?));
            let started = started?;
            if usize::try_from(started.status().outbox.pending)? != pending {
                return Err(
                    format!("{} of {pending} writes are there", started.status().outbox.pending).into()
                );
            }
            runtime.block_on(started.shutdown());
            spans.push(span);
        }
        figures.push((format!("start_{pending}_best_ms"), best(spans.clone()).as_secs_f64() * 1e3));
        figures.push((format!("start_{pending}_median_ms"), median(spans).as_secs_f64() * 1e3));
        figures.push((format!("start_{pending}_bytes"), std::fs::metadata(place.join("log"))?.len() as f64));
    }
    std::fs::remove_dir_all(&directory)?;
    Ok(figures)
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn fill(place: &Path, pending: usize) -> Result<(), Failure> {
    let runtime = runtime()?;
    let client = client(&runtime, FileStore::open(place)?)?;
    runtime.block_on(async {
        let mut handles = Vec::new();
        for number in 0..pending {
            handles.push(client.submit(write(number)).await?);
        }
        for handle in handles {
            handle.durable().await?;
        }
        client.shutdown().await;
        Ok(())
    })
}
