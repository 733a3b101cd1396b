//! HTTP by hand: one request on a connection of its own, which may be cut anywhere.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::random::Random;

/// Bytes to send.
#[derive(Clone)]
pub struct Request(String);

pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn outcome(&self) -> Option<&str> {
        self.header("tidewire-outcome")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Request {
    /// `headers` are whole lines.
    pub fn new(method: &str, path: &str, headers: &str, body: &str) -> Request {
        let length = body.len();
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        Request(format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{kind}{headers}\r\n{body}"
        ))
    }

    /// An error is a broken link: nobody knows what became of the request.
    pub fn ask(&self, address: &str) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(self.0.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        // A cut answer is no answer.
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
        let promised =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if promised != Some(body.len()) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let status =
            head.split(' ').nth(1).and_then(|text| text.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    /// Sends it and hears no answer: it went away before, or the answer was lost, or only a part of the request arrived.
    pub fn lose(&self, address: &str, chance: &mut Random) -> io::Result<()> {
        match chance.below(3) {
            0 => self.ask(address).map(drop),
            1 => TcpStream::connect(address)?.write_all(self.0.as_bytes()),
            _ => {
                let part = chance.below(self.0.len());
                TcpStream::connect(address)?.write_all(&self.0.as_bytes()[..part])
            }
        }
    }
}
