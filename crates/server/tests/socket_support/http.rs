//! HTTP/1.1 as small as a test needs it: one request a connection.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Server;

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub text: String,
}

/// A request that is sent; its answer may wait. Dropping it gives it up.
pub struct Pending(TcpStream);

impl Pending {
    pub async fn finish(mut self) -> Reply {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).await.unwrap();
        let answer = String::from_utf8(bytes).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), text: text.to_owned() }
    }
}

pub async fn begin(server: &Server, method: &str, path: &str, body: &str) -> Pending {
    begin_with(server, method, path, "", body).await
}

/// `headers` are whole lines, each with its end.
pub async fn begin_with(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Pending {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses early does not read all of it.
    stream.write_all(body.as_bytes()).await.ok();
    Pending(stream)
}

pub async fn send(server: &Server, method: &str, path: &str, body: &str) -> Reply {
    begin(server, method, path, body).await.finish().await
}

pub async fn get(server: &Server, path: &str) -> Reply {
    send(server, "GET", path, "").await
}

pub async fn post(server: &Server, path: &str, body: &str) -> Reply {
    send(server, "POST", path, body).await
}
