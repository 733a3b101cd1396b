//! Links that are cut: what of the events arrives, and how soon whoever comes back knows what it has missed. Each server is used as its own
//! documentation says: ours with positions, Node's with its recovery of connections; socketioxide has nothing for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Failure;
use crate::client::Client;
use crate::load::{Figures, share};

/// After the last event nobody is cut off any more, and has so long to get it.
const END: Duration = Duration::from_secs(10);
/// So many begin at a time.
const BEGINNING: usize = 50;

/// What a client knows of the room when it is cut off.
#[derive(Default)]
pub(crate) struct Memory {
    /// Ours: epoch and offset.
    since: Option<(String, u64)>,
    /// Node's: the session's secret and the last event's offset.
    pid: Option<(String, Option<String>)>,
}

/// A client that comes back.
pub(crate) struct Returning {
    at: SocketAddr,
    number: usize,
    ours: bool,
    memory: Memory,
}

impl Returning {
    pub(crate) fn new(at: SocketAddr, number: usize, ours: bool) -> Returning {
        Returning { at, number, ours, memory: Memory::default() }
    }

    /// For the first time. Again if that fails: socketioxide loses what comes right after its answer to CONNECT.
    pub(crate) async fn begin(&mut self) -> Result<Client, Failure> {
        for _ in 0..10 {
            if let Ok(Ok(client)) = timeout(Duration::from_secs(2), self.come(&mut |_| ())).await {
                return Ok(client);
            }
        }
        self.come(&mut |_| ()).await
    }

    /// In the room (again), with everything that was missed, of which `told` is told.
    pub(crate) async fn come(&mut self, told: &mut impl FnMut(usize)) -> Result<Client, Failure> {
        let mut client = Client::dial(self.at, self.number, false).await?;
        let token = format!("\"token\":\"u{}\"", self.number);
        if self.ours {
            client.hello(&format!("{{{token},\"tidewire\":1}}")).await?;
            return self.join(client, told).await;
        }
        let back = match &self.memory.pid {
            Some((pid, Some(offset))) => format!(",\"pid\":\"{pid}\",\"offset\":\"{offset}\""),
            Some((pid, None)) => format!(",\"pid\":\"{pid}\""),
            None => String::new(),
        };
        client.send(&format!("40{{{token}{back}}}")).await?;
        let welcome = loop {
            let text = client.until("4").await?;
            if text.starts_with("40") {
                break text;
            }
            self.take(&text, told);
        };
        let welcome: Value = serde_json::from_str(&welcome[2..])?;
        if let Some(pid) = welcome["pid"].as_str() {
            let known = self.memory.pid.take();
            let offset = known.filter(|(known, _)| known == pid).and_then(|(_, offset)| offset);
            self.memory.pid = Some((pid.to_owned(), offset));
        }
        client.send("420[\"room:join\",{\"roomId\":\"r\"}]").await?;
        loop {
            // Events are written in the order in which they were emitted: those that were missed come before the answer.
            let text = client.until("4").await?;
            if text.starts_with("430[") {
                return Ok(client);
            }
            self.take(&text, told);
        }
    }

    async fn join(&mut self, mut client: Client, told: &mut impl FnMut(usize)) -> Result<Client, Failure> {
        let since = match &self.memory.since {
            Some((epoch, offset)) => format!(",\"since\":{{\"epoch\":\"{epoch}\",\"offset\":{offset}}}"),
            None => String::new(),
        };
        client.send(&format!("420[\"room:join\",{{\"roomId\":\"r\"{since}}}]")).await?;
        let answer = client.until("430[").await?;
        let answer: Value = serde_json::from_str(&answer[3..])?;
        let (epoch, head) = (&answer[0]["epoch"], answer[0]["offset"].as_u64().ok_or("no head")?);
        let epoch = epoch.as_str().ok_or("no epoch")?;
        match &self.memory.since {
            Some(_) if answer[0]["recovered"] == true => {}
            _ => self.memory.since = Some((epoch.to_owned(), head)),
        }
        while self.memory.since.as_ref().is_some_and(|(_, offset)| *offset < head) {
            let text = client.until("42[").await?;
            self.take(&text, told);
        }
        Ok(client)
    }

    /// Notes an event of the room.
    fn take(&mut self, text: &str, told: &mut impl FnMut(usize)) {
        let Some(number) = text.split_once("\"n\":").and_then(|(_, rest)| {
            rest.split(|letter: char| !letter.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
        }) else {
            return;
        };
        told(number);
        if self.ours {
            // 42["tw",["r","<epoch>",<offset>,...
            let offset = text.split(',').nth(3).and_then(|offset| offset.parse().ok());
            if let (Some((_, known)), Some(offset)) = (&mut self.memory.since, offset) {
                *known = offset;
            }
        } else if let Some((_, known)) = &mut self.memory.pid {
            // Its own recovery adds the offset as the last argument.
            *known = text.rsplit('"').nth(1).map(str::to_owned);
        }
    }
}

/// Cuts each client's link every 15 s while an event is sent every second; then counts.
pub(crate) async fn cuts(
    at: SocketAddr,
    ours: bool,
    clients: usize,
    seconds: usize,
) -> Result<Figures, Failure> {
    let (ready, mut all_ready) = tokio::sync::mpsc::channel::<()>(1);
    let (start, started) = tokio::sync::watch::channel(None::<Instant>);
    let gate = Arc::new(Semaphore::new(BEGINNING));
    let mut tasks = JoinSet::new();
    for number in 0..clients {
        let (ready, mut started) = (ready.clone(), started.clone());
        let gate = gate.clone();
        tasks.spawn(async move {
            let mut returning = Returning::new(at, number, ours);
            let turn = gate.acquire_owned().await?;
            let client = returning.begin().await?;
            drop((turn, ready));
            let began = started.wait_for(Option::is_some).await?.ok_or("not started")?;
            one(&mut returning, client, began, number, clients, seconds).await
        });
    }
    drop(ready);
    // Completes when each has dropped its end.
    all_ready.recv().await;
    let mut publisher = Client::connect(at, clients).await?;
    let began = Instant::now();
    start.send(Some(began))?;
    for number in 0..seconds {
        tokio::time::sleep_until((began + Duration::from_secs(number as u64)).into()).await;
        publisher.send(&format!("42{number}[\"say\",{{\"n\":{number}}}]")).await?;
        publisher.until(&format!("43{number}[")).await?;
    }
    let (mut delivered, mut doubled, mut returns, mut failed) = (0_usize, 0_usize, Vec::new(), 0_usize);
    while let Some(done) = tasks.join_next().await {
        match done? {
            Ok((counts, times)) => {
                delivered += counts.iter().filter(|count| **count > 0).count();
                doubled += counts.iter().map(|count| usize::from(*count).saturating_sub(1)).sum::<usize>();
                returns.extend(times);
            }
            Err(_) => failed += 1,
        }
    }
    let cuts = returns.len() as f64;
    Ok(vec![
        ("delivered_percent", delivered as f64 * 100.0 / (clients * seconds) as f64),
        ("doubled", doubled as f64),
        ("cuts", cuts),
        ("failed_clients", failed as f64),
        ("replay_p50_ms", share(&mut returns, 0.5) / 1e3),
        ("replay_p99_ms", share(&mut returns, 0.99) / 1e3),
    ])
}

/// How often each event came, and how long each return took.
async fn one(
    returning: &mut Returning,
    mut client: Client,
    began: Instant,
    number: usize,
    clients: usize,
    seconds: usize,
) -> Result<(Vec<u8>, Vec<Duration>), Failure> {
    const EVERY: Duration = Duration::from_secs(15);
    let (mut counts, mut times) = (vec![0_u8; seconds], Vec::new());
    let last = began + Duration::from_secs(seconds as u64 - 1);
    let mut cut = began + EVERY.mul_f64((number + 1) as f64 / clients as f64);
    loop {
        let until = if cut < last { cut } else { last + END };
        while counts.contains(&0) {
            let Ok(text) = tokio::time::timeout_at(until.into(), client.until("42[")).await else { break };
            let text = text?;
            returning.take(&text, &mut |number| counts[number] = counts[number].saturating_add(1));
        }
        if until > last {
            return Ok((counts, times));
        }
        drop(client);
        let gone = Instant::now();
        client = loop {
            let told = &mut |number: usize| counts[number] = counts[number].saturating_add(1);
            match timeout(Duration::from_secs(20), returning.come(told)).await {
                Ok(Ok(fresh)) => break fresh,
                Ok(Err(_)) | Err(_) if Instant::now() > last + END => return Ok((counts, times)),
                Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        };
        times.push(gone.elapsed());
        while cut <= Instant::now() {
            cut += EVERY;
        }
    }
}
