//! The file store beside redb and SQLite, each as a `Store` of the client and each after the conformance suite: what one durable step
//! costs, what a batch costs, what a start costs, and what stands on the disk. Prints a table; measures in turns.
#![forbid(unsafe_code)]

mod others;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use others::{Redb, Sqlite};
use tidewire::store::{FileStore, Step, Store, conformance};
use tidewire_core::Blob;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// About what a record of a write takes.
const VALUE: usize = 400;
const STEPS: usize = 600;
const ROUNDS: usize = 3;
const BATCH: usize = 64;
const RECORDS: usize = 10_000;

#[derive(Clone, Copy)]
enum Which {
    File,
    Redb,
    Sqlite,
}

const ALL: [Which; 3] = [Which::File, Which::Redb, Which::Sqlite];

impl Which {
    fn name(self) -> &'static str {
        match self {
            Which::File => "file store (log)",
            Which::Redb => "redb",
            Which::Sqlite => "SQLite (WAL, FULL)",
        }
    }

    fn open(self, place: &Path) -> Result<Box<dyn Store>, Failure> {
        std::fs::create_dir_all(place)?;
        Ok(match self {
            Which::File => Box::new(FileStore::open(place)?),
            Which::Redb => Box::new(Redb::open(place)?),
            Which::Sqlite => Box::new(Sqlite::open(place)?),
        })
    }
}

fn main() -> Result<(), Failure> {
    let place = PathBuf::from(std::env::args().nth(1).ok_or("tidewire-store-benches DIRECTORY")?);
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place)?;
    conform(&place)?;

    let mut steps: [Vec<Duration>; 3] = Default::default();
    let mut batches: [Vec<Duration>; 3] = Default::default();
    for round in 0..ROUNDS {
        let mut stores = Vec::new();
        for which in ALL {
            stores.push(which.open(&place.join(format!("{round}-{}", which as usize)))?);
        }
        for number in 0..STEPS {
            for turn in 0..ALL.len() {
                let who = (turn + number) % ALL.len();
                steps[who].push(commit(&mut *stores[who], &[number % 100])?);
            }
        }
        for number in 0..STEPS / 10 {
            for turn in 0..ALL.len() {
                let who = (turn + number) % ALL.len();
                let keys: Vec<usize> = (0..BATCH).collect();
                batches[who].push(commit(&mut *stores[who], &keys)?);
            }
        }
    }
    println!(
        "| store | one step, p50 µs | p99 µs | 64 steps, p50 µs | open and load {RECORDS} records, ms | on disk then, kB | after {} overwrites of 100 keys, kB |",
        20_000
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for which in ALL {
        let (loaded, size) = start(which, &place)?;
        let grown = overwritten(which, &place)?;
        let (steps, batches) = (&mut steps[which as usize], &mut batches[which as usize]);
        let (p50, p99, batch) = (percentile(steps, 50), percentile(steps, 99), percentile(batches, 50));
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.1} | {:.0} | {:.0} |",
            which.name(),
            micros(p50),
            micros(p99),
            micros(batch),
            micros(loaded) / 1_000.0,
            size as f64 / 1_000.0,
            grown as f64 / 1_000.0
        );
    }
    std::fs::remove_dir_all(&place)?;
    Ok(())
}

/// A store that is faster because it keeps less is no rival.
fn conform(place: &Path) -> Result<(), Failure> {
    let mut number = 0;
    let mut fresh = || {
        number += 1;
        place.join(format!("conform-{number}"))
    };
    conformance::check(|| Redb::open(&fresh()).expect("redb opens"));
    conformance::check(|| Sqlite::open(&fresh()).expect("SQLite opens"));
    let (redb, sqlite) = (fresh(), fresh());
    conformance::check_reopened(|| Redb::open(&redb).expect("redb opens"));
    conformance::check_reopened(|| Sqlite::open(&sqlite).expect("SQLite opens"));
    Ok(())
}

fn step(key: usize, seed: usize) -> Step {
    let mut value: Vec<u8> = (0..VALUE).map(|at| ((at * 31 + seed * 7) % 251) as u8).collect();
    value[..8].copy_from_slice(&seed.to_le_bytes());
    Step { key: format!("w/{key:016x}-{:016x}", 7), value: Some(Blob(value)) }
}

fn commit(store: &mut dyn Store, keys: &[usize]) -> Result<Duration, Failure> {
    // Never the same value twice: SQLite writes no page whose bytes stay the same.
    static SEED: AtomicUsize = AtomicUsize::new(0);
    let steps: Vec<Step> = keys.iter().map(|key| step(*key, SEED.fetch_add(1, Ordering::Relaxed))).collect();
    let before = Instant::now();
    for step in &steps {
        store.put(step)?;
    }
    store.commit()?;
    Ok(before.elapsed())
}

/// A start with a full store: the median of five, and what it takes on disk.
fn start(which: Which, place: &Path) -> Result<(Duration, u64), Failure> {
    let place = place.join(format!("start-{}", which as usize));
    let mut store = which.open(&place)?;
    for first in (0..RECORDS).step_by(BATCH) {
        commit(&mut *store, &(first..RECORDS.min(first + BATCH)).collect::<Vec<_>>())?;
    }
    store.maintain()?;
    drop(store);
    let mut spans = Vec::new();
    for _ in 0..5 {
        let before = Instant::now();
        let loaded = which.open(&place)?.load()?;
        spans.push(before.elapsed());
        if loaded.records.len() != RECORDS {
            return Err("records are missing".into());
        }
    }
    Ok((percentile(&mut spans, 50), size(&place)?))
}

fn overwritten(which: Which, place: &Path) -> Result<u64, Failure> {
    let place = place.join(format!("grown-{}", which as usize));
    let mut store = which.open(&place)?;
    for number in 0..20_000 / BATCH {
        commit(&mut *store, &(0..BATCH).map(|key| (key + number) % 100).collect::<Vec<_>>())?;
        store.maintain()?;
    }
    drop(store);
    size(&place)
}

fn size(place: &Path) -> Result<u64, Failure> {
    let mut sum = 0;
    for file in std::fs::read_dir(place)? {
        sum += file?.metadata()?.len();
    }
    Ok(sum)
}

fn percentile(spans: &mut [Duration], percent: usize) -> Duration {
    spans.sort_unstable();
    spans[(spans.len() - 1) * percent / 100]
}

fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}
