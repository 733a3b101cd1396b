//! The measures. Each names what it counts and in which unit; none knows which server it talks to.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Failure;
use crate::client::{Client, many};

pub(crate) type Figures = Vec<(&'static str, f64)>;

/// An answer that has not come by then is lost: it takes less than a millisecond.
const ANSWER: Duration = Duration::from_millis(500);

const PAYLOAD: &str =
    "{\"id\":\"0123456789\",\"title\":\"a swim in the lake before breakfast\",\"likeCount\":12}";

/// Round trips of acknowledged events: so many connections, each with so many under way.
pub(crate) async fn ack(
    at: SocketAddr,
    connections: usize,
    window: usize,
    seconds: u64,
    pid: u32,
) -> Result<Figures, Failure> {
    let clients = many(at, connections).await?;
    let cpu = cpu_seconds(pid)?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(ack_one(client, window, end));
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let took = began.elapsed().as_secs_f64();
    let cpu = (cpu_seconds(pid)? - cpu) * 1e6 / times.len() as f64;
    let (p50, p99) = (share(&mut times, 0.5), share(&mut times, 0.99));
    Ok(vec![
        ("per_second", times.len() as f64 / took),
        ("p50_us", p50),
        ("p99_us", p99),
        ("cpu_us_per_event", cpu),
    ])
}

/// The time that such a share of all is below, in microseconds.
pub(crate) fn share(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    times.get((times.len() as f64 * share) as usize).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

async fn ack_one(mut client: Client, window: usize, end: Instant) -> Result<Vec<Duration>, Failure> {
    let (mut sent, mut times) = (Vec::new(), Vec::new());
    send_echo(&mut client, &mut sent, window).await?;
    while times.len() < sent.len() {
        let mut reply = Some(client.until("43").await?);
        let before = times.len();
        while let Some(text) = reply {
            let id: usize = text[2..].split('[').next().unwrap_or_default().parse()?;
            let began: &Instant = sent.get(id).ok_or("an answer to nothing")?;
            times.push(began.elapsed());
            reply = client.at_hand("43").await?;
        }
        if Instant::now() < end {
            send_echo(&mut client, &mut sent, times.len() - before).await?;
        }
    }
    Ok(times)
}

/// As many as were answered, so that the window is always full.
async fn send_echo(client: &mut Client, sent: &mut Vec<Instant>, count: usize) -> Result<(), Failure> {
    let first = sent.len();
    sent.resize(first + count, Instant::now());
    let texts: Vec<String> = (first..first + count).map(|id| format!("42{id}[\"echo\",{PAYLOAD}]")).collect();
    client.send_all(&texts).await
}

/// Events to a room of so many members, beside the one who sends.
pub(crate) async fn cast(
    at: SocketAddr,
    members: usize,
    events: usize,
    pid: u32,
) -> Result<Figures, Failure> {
    let mut clients = many(at, members + 1).await?;
    for client in &mut clients {
        client.join().await?;
    }
    let mut sender = clients.pop().ok_or("nobody sends")?;
    let mut tasks = JoinSet::new();
    for mut client in clients {
        tasks.spawn(async move {
            let (mut got, mut last) = (0_usize, Instant::now());
            while got < events && client.until("42[\"told\"").await.is_ok() {
                got += 1;
                last = Instant::now();
            }
            (got, last)
        });
    }
    let (began, cpu) = (Instant::now(), cpu_seconds(pid)?);
    // A few under way, so that nobody's buffers decide.
    for id in 0..events {
        sender.send(&format!("42{id}[\"cast\",{PAYLOAD}]")).await?;
        if id % 8 == 7 {
            sender.until(&format!("43{id}[")).await?;
        }
    }
    let (mut got, mut end) = (0, began);
    while let Some(done) = tasks.join_next().await {
        let (count, last) = done?;
        got += count;
        end = end.max(last);
    }
    let deliveries = got as f64;
    Ok(vec![
        ("deliveries_per_second", deliveries / (end - began).as_secs_f64()),
        ("cpu_us_per_delivery", (cpu_seconds(pid)? - cpu) * 1e6 / deliveries),
        ("lost", (members * events) as f64 - deliveries),
    ])
}

/// Memory per connection that does nothing.
pub(crate) async fn idle(at: SocketAddr, connections: usize, pid: u32) -> Result<Figures, Failure> {
    // What the first ones bring with them is not theirs.
    let warm = many(at, 100).await?;
    let before = resident_kb(pid)?;
    let clients = many(at, connections).await?;
    let after = resident_kb(pid)?;
    drop((warm, clients));
    Ok(vec![("kb_per_connection", (after - before) / connections as f64)])
}

/// Memory per connection that has had a message of 2 kB each way, compressed, and then does nothing.
pub(crate) async fn idle_deflated(at: SocketAddr, connections: usize, pid: u32) -> Result<Figures, Failure> {
    let warm = many_deflated(at, 100).await?;
    let before = resident_kb(pid)?;
    let clients = many_deflated(at, connections).await?;
    let after = resident_kb(pid)?;
    drop((warm, clients));
    Ok(vec![("kb_per_connection", (after - before) / connections as f64)])
}

async fn many_deflated(at: SocketAddr, count: usize) -> Result<Vec<Client>, Failure> {
    let long = format!("420[\"echo\",\"{}\"]", "a swim in the lake before breakfast, ".repeat(54));
    let mut clients = Vec::with_capacity(count);
    for number in 0..count {
        let mut client = Client::dial(at, number, true).await?;
        client.send(&format!("40{{\"token\":\"u{number}\"}}")).await?;
        client.any().await?;
        client.send(&long).await?;
        if client.any().await?.len() > long.len() / 2 {
            return Err("the answer was not compressed".into());
        }
        clients.push(client);
    }
    Ok(clients)
}

/// An event that is sent as soon as there is a session: is it answered?
pub(crate) async fn hello(at: SocketAddr, connections: usize) -> Result<Figures, Failure> {
    let mut lost = 0_usize;
    for first in (0..connections).step_by(100) {
        let some = (first..connections.min(first + 100)).map(|number| async move {
            let mut client = Client::connect(at, number).await?;
            client.send("420[\"echo\",1]").await?;
            let answer = timeout(ANSWER, client.until("430[")).await;
            Ok::<_, Failure>(!answer.is_ok_and(|answer| answer.is_ok()))
        });
        for done in futures_util::future::join_all(some).await {
            lost += usize::from(done?);
        }
    }
    Ok(vec![("asked", connections as f64), ("lost", lost as f64)])
}

/// User and system time of a process, from Linux.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| -> Result<f64, Failure> { Ok(fields.get(place).ok_or("no time")?.parse()?) };
    // Ticks are hundredths of a second on every Linux.
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn resident_kb(pid: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
