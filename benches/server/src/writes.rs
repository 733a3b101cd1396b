//! What a write that happens exactly once costs beside one that just happens: HTTP requests on connections that stay open, one under way each.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Failure;
use crate::client::PATIENCE;
use crate::load::{Figures, timed};

pub(crate) async fn writes(
    at: SocketAddr,
    path: &str,
    connections: usize,
    seconds: u64,
    pid: u32,
) -> Result<Figures, Failure> {
    // Nobody is the same person as in another measure on the same database.
    let people = (0..connections).map(|number| connections * 1_000_000 + number);
    timed(pid, seconds, people, |number, end| one(at, path.to_owned(), number, end)).await
}

async fn one(at: SocketAddr, path: String, number: usize, end: Instant) -> Result<Vec<Duration>, Failure> {
    let mut stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    let (mut times, mut answer) = (Vec::new(), Vec::new());
    let (client, body) = (format!("{number:022}"), "{\"text\":\"a swim in the lake before breakfast\"}");
    for sequence in 1_u64.. {
        if Instant::now() > end {
            break;
        }
        let asked = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer u{number}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nIdempotency-Key: \"{client}-{sequence}\"\r\nTidewire-Client: {client}\r\n\
             Tidewire-Sequence: {sequence}\r\nTidewire-Floor: {sequence}\r\n\r\n{body}",
            body.len()
        );
        let began = Instant::now();
        stream.write_all(asked.as_bytes()).await?;
        answer.clear();
        loop {
            if timeout(PATIENCE, stream.read_buf(&mut answer)).await?? == 0 {
                return Err("the server closed the connection".into());
            }
            if is_whole(&answer) {
                break;
            }
        }
        times.push(began.elapsed());
        if !answer.starts_with(b"HTTP/1.1 20") {
            return Err(String::from_utf8_lossy(&answer).into());
        }
    }
    Ok(times)
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    answer.len() >= end + 4 + length.unwrap_or(0)
}
