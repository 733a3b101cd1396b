//! The engine natively: time per event and per durable write, bytes per enqueue and per answer, and the reading of 10,000 writes.

use std::collections::BTreeMap;

use tidewire_core::*;

use crate::clock::{best, micros, time, time_on_cpu};
use crate::host::{Host, PAYLOAD, records, submission};
use crate::{Failure, Figures};

const ROUNDS: usize = 7;
const EVENTS: usize = 1500;
const ENQUEUES: usize = 90;
/// As many as the queue is measured with.
const MANY: usize = 10_000;
/// Writes and answers that a mean is taken of.
const TURNS: usize = 5;

pub(crate) fn run() -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    figures.push(("native_event_us".into(), per_event()?));
    figures.push(("native_enqueue_us".into(), per_enqueue()?));
    let records = stored(MANY)?;
    let bytes: usize = records.iter().map(|(key, value)| key.len() + value.len()).sum();
    figures.push(("load_bytes".into(), bytes as f64));
    figures.push(("load_10000_ms".into(), load(&records)?));
    for pending in [10, MANY] {
        let records = if pending == MANY { records.clone() } else { stored(pending)? };
        let (bytes, micros) = cheapest(|| enqueue(records.clone()))?;
        figures.push((format!("enqueue_bytes_{pending}"), bytes));
        figures.push((format!("enqueue_us_{pending}"), micros));
        let (bytes, micros) = cheapest(|| answer(records.clone()))?;
        figures.push((format!("ack_bytes_{pending}"), bytes));
        figures.push((format!("ack_us_{pending}"), micros));
    }
    Ok(figures)
}

fn connected() -> Result<Host, Failure> {
    let mut host = Host::over(BTreeMap::new(), [1; 32]);
    host.command(Command::Connect {})?;
    host.command(Command::Join { room: "activities".into() })?;
    host.input(Input::Bound { room: "activities".into(), queries: vec![QueryId(1)] });
    host.input(Input::FetchStarted { query: QueryId(1), read: ReadId(1) });
    let position = Position { room: "activities".into(), epoch: "k3j".into(), offset: Offset(0) };
    host.input(Input::BaseInstalled {
        query: QueryId(1),
        read: Some(ReadId(1)),
        positions: vec![position],
        applied: None,
        carries: Vec::new(),
        restored: false,
    });
    host.command(Command::SetProcessing { on: false })?;
    Ok(host)
}

fn per_event() -> Result<f64, Failure> {
    let mut spans = Vec::new();
    for _ in 0..ROUNDS {
        let mut host = connected()?;
        let frames: Vec<String> = (1..=EVENTS)
            .map(|n| format!("42[\"tw\",[\"activities\",\"k3j\",{n},\"Zr3vQe5tY{n}\",\"\"],\"activity:like_added\",{PAYLOAD}]"))
            .collect();
        let ((), span) = time(|| frames.iter().for_each(|frame| host.frame(frame)));
        if host.events != EVENTS {
            return Err(format!("{} of {EVENTS} events", host.events).into());
        }
        spans.push(span);
    }
    Ok(micros(best(spans)) / EVENTS as f64)
}

fn per_enqueue() -> Result<f64, Failure> {
    let mut spans = Vec::new();
    for _ in 0..ROUNDS {
        let mut host = connected()?;
        let before = host.disk.len();
        let writes: Vec<Submission> = (0..ENQUEUES).map(submission).collect();
        let (result, span) = time(|| {
            writes.into_iter().try_for_each(|write| host.command(Command::Submit { write }).map(drop))
        });
        result?;
        if host.disk.len() - before != ENQUEUES {
            return Err(format!("{} of {ENQUEUES} writes", host.disk.len() - before).into());
        }
        spans.push(span);
    }
    Ok(micros(best(spans)) / ENQUEUES as f64)
}

fn stored(count: usize) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    records("bench|test|ana", count, submission)
}

/// From the records in memory to a queue that is ready, all layers standing; reading the device is not in it.
fn load(records: &BTreeMap<String, Vec<u8>>) -> Result<f64, Failure> {
    let mut spans = Vec::new();
    for _ in 0..ROUNDS {
        let mut host = Host::idle(records.clone(), [9; 32]);
        let ((), span) = time_on_cpu(|| host.settle());
        spans.push(span);
    }
    Ok(micros(best(spans)) / 1000.0)
}

/// Bytes are the same each time; of the times the least.
fn cheapest(mut work: impl FnMut() -> Result<(f64, f64), Failure>) -> Result<(f64, f64), Failure> {
    let mut least = work()?;
    for _ in 1..ROUNDS {
        let (bytes, micros) = work()?;
        least = (bytes, micros.min(least.1));
    }
    Ok(least)
}

/// What one more write costs while so many wait: bytes stored, and time.
fn enqueue(records: BTreeMap<String, Vec<u8>>) -> Result<(f64, f64), Failure> {
    let mut host = Host::over(records, [9; 32]);
    host.command(Command::SetProcessing { on: false })?;
    let before = host.bytes;
    let (result, span) = time(|| {
        (0..TURNS).try_for_each(|n| host.command(Command::Submit { write: submission(n) }).map(drop))
    });
    result?;
    Ok(((host.bytes - before) as f64 / TURNS as f64, micros(span) / TURNS as f64))
}

/// What one answer costs while so many wait: the bytes stored for outcome and removal and for the claim of the next, and the time.
fn answer(records: BTreeMap<String, Vec<u8>>) -> Result<(f64, f64), Failure> {
    let mut host = Host::over(records, [9; 32]);
    let before = host.bytes;
    let (result, span) = time(|| {
        for _ in 0..TURNS {
            if host.requests.is_empty() {
                return Err("nothing was sent");
            }
            let fetch = host.requests.remove(0);
            let response = Response {
                status: 201,
                outcome: Some("applied".into()),
                retry_after: None,
                content_type: Some("application/json".into()),
                redirected: false,
                body: Some("{\"id\":\"m1\"}".into()),
                accepted: None,
                names: Vec::new(),
            };
            host.input(Input::Responded { fetch, response });
        }
        Ok(())
    });
    result?;
    Ok(((host.bytes - before) as f64 / TURNS as f64, micros(span) / TURNS as f64))
}
