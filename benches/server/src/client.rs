//! A client that knows just enough of WebSocket and Socket.IO to be no part of what is measured: no masks but zeros, no
//! fragments, one buffer each way. Where many messages are measured it hands them over as bytes, all that came at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::Failure;

/// Nothing takes so long on one machine: what has not come by then is lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Servers accept any key of 16 bytes.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What is read at once.
const ROOM: usize = 4096;
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;

pub(crate) struct Client {
    stream: TcpStream,
    /// What came, of which `read` bytes are read.
    came: Vec<u8>,
    read: usize,
    /// All that has come.
    pub(crate) bytes: u64,
}

impl Client {
    /// Connected, with a session. `number` is who it is, and spreads connections over addresses, because each has only so many
    /// ports.
    pub(crate) async fn connect(at: SocketAddr, number: usize) -> Result<Client, Failure> {
        let mut client = Client::dial(at, number, false).await?;
        client.hello(&format!("{{\"token\":\"u{number}\"}}")).await?;
        Ok(client)
    }

    /// An open WebSocket that has heard the server's first packet; `deflate` offers compression.
    pub(crate) async fn dial(at: SocketAddr, number: usize, deflate: bool) -> Result<Client, Failure> {
        let socket = TcpSocket::new_v4()?;
        let last = u8::try_from(number % 200)? + 2;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        let mut stream = socket.connect(at).await?;
        stream.set_nodelay(true)?;
        let offer = if deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        let asked = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {at}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{offer}\r\n"
        );
        stream.write_all(asked.as_bytes()).await?;
        let mut client = Client { stream, came: Vec::with_capacity(ROOM), read: 0, bytes: 0 };
        let end = loop {
            if let Some(end) = client.came.windows(4).position(|part| part == b"\r\n\r\n") {
                break end;
            }
            timeout(PATIENCE, client.more()).await??;
        };
        if !client.came.starts_with(b"HTTP/1.1 101") {
            return Err("no WebSocket".into());
        }
        let head = String::from_utf8_lossy(&client.came[..end]).to_lowercase();
        if head.contains("permessage-deflate") != deflate {
            return Err("compression was agreed on where it was not asked for, or the other way round".into());
        }
        client.read = end + 4;
        if deflate {
            client.any().await?;
        } else {
            client.until("0{").await?;
        }
        Ok(client)
    }

    /// Says who it is; what the server answers.
    pub(crate) async fn hello(&mut self, auth: &str) -> Result<String, Failure> {
        self.send(&format!("40{auth}")).await?;
        self.until("40").await
    }

    /// The next message that is no ping, compressed or not; its bytes, head and all, as they came.
    pub(crate) async fn any(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            while let Some((kind, (from, to))) = self.frame() {
                match (kind, &self.came[from..to]) {
                    (TEXT, b"2") => self.send("3").await?,
                    (CLOSE, reason) => return Err(format!("closed: {reason:?}").into()),
                    (_, payload) => return Ok(payload.to_vec()),
                }
            }
            timeout(PATIENCE, self.more()).await??;
        }
    }

    /// A binary message.
    pub(crate) async fn send_binary(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let mut frame = vec![BINARY, 0x80 | 126];
        frame.extend(u16::try_from(payload.len())?.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend_from_slice(payload);
        Ok(self.stream.write_all(&frame).await?)
    }

    pub(crate) async fn join(&mut self) -> Result<(), Failure> {
        self.send("420[\"room:join\",{\"roomId\":\"r\"}]").await?;
        self.until("430[").await.map(drop)
    }

    pub(crate) async fn send(&mut self, text: &str) -> Result<(), Failure> {
        let mut frames = Vec::new();
        frame(&mut frames, text.as_bytes())?;
        self.send_frames(&frames).await
    }

    /// Frames made by [`frame`], handed to the operating system at once.
    pub(crate) async fn send_frames(&mut self, frames: &[u8]) -> Result<(), Failure> {
        Ok(self.stream.write_all(frames).await?)
    }

    /// Waits for bytes and hands over each text that is whole; pings are answered. It waits for as long as it takes.
    pub(crate) async fn texts(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.more().await?;
        let mut pinged = false;
        while let Some((kind, (from, to))) = self.frame() {
            match (kind, &self.came[from..to]) {
                (TEXT, b"2") => pinged = true,
                (TEXT, text) => take(text)?,
                (CLOSE, reason) => return Err(format!("closed: {reason:?}").into()),
                _ => {}
            }
        }
        if pinged { self.send("3").await } else { Ok(()) }
    }

    /// Sends frames made by [`frame`] as fast as the server takes them, and hands over each text that comes meanwhile and after: until it
    /// says that this was all, or nothing has come for so long.
    pub(crate) async fn flood(
        &mut self,
        mut frames: &[u8],
        quiet: Duration,
        mut take: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Failure> {
        loop {
            let both = Interest::READABLE.add(Interest::WRITABLE);
            let wanted = if frames.is_empty() { Interest::READABLE } else { both };
            let Ok(ready) = timeout(quiet, self.stream.ready(wanted)).await else { return Ok(()) };
            let ready = ready?;
            if ready.is_readable() {
                // What `ready` said may be old.
                let mut all = false;
                if let Ok(came) = timeout(Duration::ZERO, self.texts(|text| Ok(all |= take(text)))).await {
                    came?;
                }
                if all {
                    return Ok(());
                }
            }
            if ready.is_writable() && !frames.is_empty() {
                match self.stream.try_write(frames) {
                    Ok(count) => frames = &frames[count..],
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// The next message that begins like this; pings are answered.
    pub(crate) async fn until(&mut self, start: &str) -> Result<String, Failure> {
        loop {
            while let Some((kind, (from, to))) = self.frame() {
                match (kind, &self.came[from..to]) {
                    (TEXT, b"2") => self.send("3").await?,
                    (TEXT, text) if text.starts_with(start.as_bytes()) => {
                        return Ok(String::from_utf8(text.to_vec())?);
                    }
                    (CLOSE, reason) => return Err(format!("closed: {reason:?}").into()),
                    _ => {}
                }
            }
            timeout(PATIENCE, self.more()).await??;
        }
    }

    /// The first byte of the next frame, and where its payload is, if it is there as a whole.
    fn frame(&mut self) -> Option<(u8, (usize, usize))> {
        let came = self.came.get(self.read..)?;
        let (length, head) = match *came.get(1)? {
            126 => (usize::from(u16::from_be_bytes([*came.get(2)?, *came.get(3)?])), 4),
            127 => return None,
            short => (usize::from(short), 2),
        };
        if came.len() < head + length {
            return None;
        }
        let from = self.read + head;
        self.read = from + length;
        Some((came[0], (from, from + length)))
    }

    async fn more(&mut self) -> Result<(), Failure> {
        self.came.drain(..self.read);
        self.read = 0;
        match self.stream.read_buf(&mut self.came).await? {
            0 => Err("the server closed the connection".into()),
            count => {
                self.bytes += count as u64;
                Ok(())
            }
        }
    }
}

/// Puts a text behind others.
pub(crate) fn frame(frames: &mut Vec<u8>, text: &[u8]) -> Result<(), Failure> {
    match text.len() {
        short @ 0..=125 => frames.extend([TEXT, 0x80 | short as u8]),
        long => {
            frames.extend([TEXT, 0x80 | 126]);
            frames.extend(u16::try_from(long)?.to_be_bytes());
        }
    }
    frames.extend([0; 4]);
    frames.extend_from_slice(text);
    Ok(())
}

/// Many at once, a few at a time. They are given a moment, because socketioxide loses what comes right after its answer to
/// CONNECT; how often, the measure `hello` tells.
pub(crate) async fn many(at: SocketAddr, count: usize) -> Result<Vec<Client>, Failure> {
    let mut clients = Vec::with_capacity(count);
    for first in (0..count).step_by(50) {
        let some = (first..count.min(first + 50)).map(|number| Client::connect(at, number));
        for client in futures_util::future::join_all(some).await {
            clients.push(client?);
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(clients)
}
