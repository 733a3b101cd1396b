//! A client that knows just enough of Socket.IO to be no part of what is measured.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::Failure;

/// Nothing takes so long on one machine: what has not come by then is lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client(WebSocketStream<TcpStream>);

impl Client {
    /// Connected, with a session. `number` is who it is, and spreads connections over addresses, because each has only so many
    /// ports.
    pub(crate) async fn connect(at: SocketAddr, number: usize) -> Result<Client, Failure> {
        let socket = TcpSocket::new_v4()?;
        let last = u8::try_from(number % 200)? + 2;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        let stream = socket.connect(at).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{at}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await?;
        let mut client = Client(socket);
        client.until("0{").await?;
        client.send(format!("40{{\"token\":\"u{number}\"}}")).await?;
        client.until("40").await?;
        Ok(client)
    }

    pub(crate) async fn join(&mut self) -> Result<(), Failure> {
        self.send("420[\"room:join\",{\"roomId\":\"r\"}]".to_owned()).await?;
        self.until("430[").await.map(drop)
    }

    pub(crate) async fn send(&mut self, text: String) -> Result<(), Failure> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// The next frame that begins like this; pings are answered.
    pub(crate) async fn until(&mut self, start: &str) -> Result<String, Failure> {
        loop {
            let text = timeout(PATIENCE, self.next()).await??;
            if text.starts_with(start) {
                return Ok(text);
            }
        }
    }

    /// The next frame that is no ping.
    pub(crate) async fn next(&mut self) -> Result<String, Failure> {
        loop {
            match self.0.next().await.ok_or("the server closed the connection")?? {
                Message::Text(text) if text.as_str() == "2" => self.send("3".to_owned()).await?,
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(frame) => return Err(format!("closed: {frame:?}").into()),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}

/// Many at once, a few at a time.
pub(crate) async fn many(at: SocketAddr, count: usize) -> Result<Vec<Client>, Failure> {
    let mut clients = Vec::with_capacity(count);
    for first in (0..count).step_by(50) {
        let some = (first..count.min(first + 50)).map(|number| Client::connect(at, number));
        for client in futures_util::future::join_all(some).await {
            clients.push(client?);
        }
    }
    Ok(clients)
}
