//! A server that is killed and is back a second later: how soon all its clients are in their room again. All clients wait as ours do: with full
//! jitter, from 1 s on, doubled with each try up to 30 s.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Failure;
use crate::load::{Figures, share};
use crate::returning::Returning;

/// How long the server is away.
const AWAY: Duration = Duration::from_secs(1);
const TRY: Duration = Duration::from_secs(10);
/// Who is not back by then does not count.
const END: Duration = Duration::from_secs(60);

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts what `words` say, with this port in the place of `PORT`, until it listens.
fn start(words: &[&str], port: u16) -> Result<Server, Failure> {
    let words: Vec<String> = words
        .iter()
        .map(|word| if *word == "PORT" { port.to_string() } else { (*word).to_owned() })
        .collect();
    let (program, args) = words.split_first().ok_or("no program")?;
    let mut child = Command::new(program).args(args).stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().ok_or("no output")?;
    let server = Server(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    if line.starts_with("listening") { Ok(server) } else { Err(format!("the server said {line:?}").into()) }
}

pub(crate) async fn restart(ours: bool, clients: usize, words: &[&str]) -> Result<Figures, Failure> {
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let server = start(words, free.port())?;
    let mut there = Vec::with_capacity(clients);
    for first in (0..clients).step_by(50) {
        let some = (first..clients.min(first + 50)).map(|number| async move {
            let mut returning = Returning::new(free, number, ours);
            let client = returning.begin().await?;
            Ok::<_, Failure>((returning, client))
        });
        for one in futures_util::future::join_all(some).await {
            there.push(one?);
        }
    }
    let mut tasks = JoinSet::new();
    for (number, (mut returning, mut client)) in there.into_iter().enumerate() {
        tasks.spawn(async move {
            // Until the link ends.
            while client.until("42[").await.is_ok() {}
            let gone = Instant::now();
            let mut chance = number as u64;
            for attempt in 0_u32.. {
                let most = Duration::from_secs(30.min(1 << attempt.min(5)));
                sleep(most.mul_f64(random(&mut chance))).await;
                if let Ok(Ok(client)) = timeout(TRY, returning.come(&mut |_| ())).await {
                    return Some((Instant::now(), client));
                }
                if gone.elapsed() > END {
                    return None;
                }
            }
            None
        });
    }
    // The tasks have to be at their links.
    sleep(Duration::from_millis(500)).await;
    drop(server);
    sleep(AWAY).await;
    let _server = start(words, free.port())?;
    let began = Instant::now();
    let (mut times, mut links) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        if let Some((at, link)) = done? {
            times.push(at.saturating_duration_since(began));
            links.push(link);
        }
    }
    let last = times.iter().max().copied().unwrap_or_default().as_secs_f64();
    let within = times.iter().filter(|time| **time <= Duration::from_secs(10)).count();
    Ok(vec![
        ("back", times.len() as f64),
        ("within_10_s", within as f64),
        ("half_s", share(&mut times, 0.5) / 1e6),
        ("all_s", last),
    ])
}

/// From 0 to 1; splitmix64.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut it = *state;
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (it ^ (it >> 31)) as f64 / u64::MAX as f64
}

pub(crate) fn address(port: Option<&str>) -> Result<SocketAddr, Failure> {
    Ok(SocketAddr::from(([127, 0, 0, 1], port.map_or(Ok(0), str::parse)?)))
}
