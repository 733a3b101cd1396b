//! The Rust client and `rust_socketio` doing the same job against the same server; `node.mjs` does it with `socket.io-client`. Prints a
//! line `name<TAB>value` for each figure; `cargo xtask bench client` asks for all of them and makes the table.
#![forbid(unsafe_code)]

mod ours;
mod peer;
mod usage;

use std::time::Instant;

use serde_json::{Value, json};

/// What may go wrong: a figure that cannot be trusted is none.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Figures by name; the unit is part of the name.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// An event of about 150 bytes, the same in `node.mjs`.
pub(crate) fn payload() -> Value {
    json!({
        "activityId": "0b7f8f8e-6c57-4f0b-9a55", "likeCount": 17, "userId": "ben",
        "title": "Bouldern am Mittwoch, danach Suppe",
    })
}

/// What is measured of anyone.
pub(crate) trait Peer: Sized {
    /// A connection that is up.
    async fn connect(url: &str) -> Result<Self, Failure>;
    /// Sends `count` events, `window` under way, each until it is acknowledged.
    async fn echo(&mut self, count: usize, window: usize) -> Result<(), Failure>;
    /// Asks for so many events and resolves when they are here.
    async fn flood(&mut self, count: usize) -> Result<(), Failure>;
}

async fn measure<P: Peer>(what: &str, url: &str, count: usize) -> Result<Figures, Failure> {
    let mut peer = P::connect(url).await?;
    if what == "memory" {
        let one = usage::resident_kb()?;
        let mut more = Vec::new();
        for _ in 0..count {
            more.push(P::connect(url).await?);
        }
        let each = (usage::resident_kb()? - one) / count as f64;
        return Ok(vec![("idle_kb", one), ("kb_per_connection", each)]);
    }
    // What is done once is done before.
    peer.echo(100, 10).await?;
    let (cpu, began) = (usage::cpu_seconds()?, Instant::now());
    match what {
        "echo1" => peer.echo(count, 1).await?,
        "echo64" => peer.echo(count, 64).await?,
        "flood" => peer.flood(count).await?,
        other => return Err(format!("nothing is called {other}").into()),
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu = usage::cpu_seconds()? - cpu;
    Ok(vec![
        ("per_second", count as f64 / seconds),
        ("cpu_us", cpu * 1e6 / count as f64),
        ("peak_kb", usage::peak_kb()?),
    ])
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let figures = match args[..] {
        ["tidewire", what, url, count] => measure::<ours::Ours>(what, url, count.parse()?).await?,
        ["rust_socketio", what, url, count] => measure::<peer::Theirs>(what, url, count.parse()?).await?,
        _ => return Err("tidewire|rust_socketio echo1|echo64|flood|memory URL COUNT".into()),
    };
    for (name, value) in figures {
        println!("{name}\t{value:.3}");
    }
    // Not every peer has an end that can be waited for.
    std::process::exit(0)
}
