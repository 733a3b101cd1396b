//! The measures. Each names what it counts and in which unit; none knows which server it talks to.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{timeout, timeout_at};

use crate::Failure;
use crate::client::{Client, PATIENCE, frame, many};

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
    timed(pid, seconds, clients, |client, end| async move {
        timeout_at((end + PATIENCE).into(), ack_one(client, window, end)).await?
    })
    .await
}

/// Lets each do its work until its time is over, and each give the times of what it did: how many a second, how long they took, and
/// what they cost the server.
pub(crate) async fn timed<T, F>(
    pid: u32,
    seconds: u64,
    all: impl IntoIterator<Item = T>,
    work: impl Fn(T, Instant) -> F,
) -> Result<Figures, Failure>
where
    F: Future<Output = Result<Vec<Duration>, Failure>> + Send + 'static,
{
    let (began, cpu) = (Instant::now(), cpu_seconds(pid)?);
    let end = began + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for one in all {
        tasks.spawn(work(one, end));
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
        ("cpu_us_each", cpu),
    ])
}

/// The time that such a share of all is below, in microseconds.
pub(crate) fn share(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    times.get((times.len() as f64 * share) as usize).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

async fn ack_one(mut client: Client, window: usize, end: Instant) -> Result<Vec<Duration>, Failure> {
    let (mut sent, mut times, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    put_echo(&mut frames, &mut sent, window)?;
    while times.len() < sent.len() {
        if !frames.is_empty() {
            client.send_frames(&frames).await?;
            frames.clear();
        }
        let (before, mut now) = (times.len(), None);
        client
            .texts(|text| {
                let Some(id) = answered(text) else { return Ok(()) };
                let began: &Instant = sent.get(id).ok_or("an answer to nothing")?;
                times.push(now.get_or_insert_with(Instant::now).duration_since(*began));
                Ok(())
            })
            .await?;
        if now.is_some_and(|now| now < end) {
            put_echo(&mut frames, &mut sent, times.len() - before)?;
        }
    }
    Ok(times)
}

/// The id of an acknowledgement.
fn answered(text: &[u8]) -> Option<usize> {
    let digits = text.strip_prefix(b"43")?.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |id, digit| id * 10 + usize::from(digit - b'0')))
}

/// As many as were answered, so that the window is always full.
fn put_echo(frames: &mut Vec<u8>, sent: &mut Vec<Instant>, count: usize) -> Result<(), Failure> {
    let first = sent.len();
    sent.resize(first + count, Instant::now());
    let mut text = Vec::with_capacity(PAYLOAD.len() + 32);
    for id in first..first + count {
        text.clear();
        write!(text, "42{id}[\"echo\",{PAYLOAD}]")?;
        frame(frames, &text)?;
    }
    Ok(())
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
            let all = async {
                while got < events {
                    let count = |text: &[u8]| {
                        got += usize::from(text.starts_with(b"42[\"told\""));
                        Ok(())
                    };
                    if client.texts(count).await.is_err() {
                        break;
                    }
                    last = Instant::now();
                }
            };
            timeout(3 * PATIENCE, all).await.ok();
            // Open until all have got it, so that nothing else is measured.
            (got, last, client)
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
    let (mut got, mut end, mut open) = (0, began, Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (count, last, client) = done?;
        got += count;
        end = end.max(last);
        open.push(client);
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

/// Events sent as fast as the server takes them, each of which it sends back: how many come back, and how many of these directly
/// after a later one.
pub(crate) async fn flood(at: SocketAddr, events: usize) -> Result<Figures, Failure> {
    const QUIET: Duration = Duration::from_secs(3);
    let mut client = Client::connect(at, 0).await?;
    // What comes at once is another measure's.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut frames = Vec::new();
    for number in 0..events {
        frame(&mut frames, format!("42[\"flood\",{{\"n\":{number}}}]").as_bytes())?;
    }
    let (mut came, mut last, mut late) = (vec![false; events], 0_usize, 0_usize);
    let mut count = 0_usize;
    let all = |text: &[u8]| {
        let Some(digits) = text.strip_prefix(b"42[\"flood\",{\"n\":") else { return false };
        let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
        late += usize::from(number < std::mem::replace(&mut last, number));
        if let Some(came) = came.get_mut(number) {
            count += usize::from(!std::mem::replace(came, true));
        }
        count == events
    };
    client.flood(&frames, QUIET, all).await?;
    Ok(vec![("asked", events as f64), ("echoed", count as f64), ("out_of_order", late as f64)])
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
