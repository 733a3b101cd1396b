//! A proxy that holds back what the test wants held back: single HTTP requests and their answers, and the events of the link.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};

use crate::support::soon;

/// What the test decides.
#[derive(Clone)]
pub(crate) struct Gates {
    pub(crate) port: u16,
    /// Requests whose head begins so are held.
    held: watch::Sender<Vec<String>>,
    /// What the server sends on links goes through.
    link: watch::Sender<bool>,
    /// Answers lose their `Tidewire-Base`.
    unnamed: Arc<AtomicBool>,
}

/// A request that was held back.
pub(crate) struct Held {
    go: oneshot::Sender<()>,
    answered: oneshot::Receiver<oneshot::Sender<()>>,
}

/// An answer that was held back.
pub(crate) struct Answer(oneshot::Sender<()>);

impl Held {
    /// Lets the request through to the server, and keeps the answer.
    pub(crate) async fn forward(self) -> Answer {
        let _ = self.go.send(());
        Answer(soon("an answer of the server", self.answered).await.unwrap())
    }
}

impl Answer {
    pub(crate) fn release(self) {
        let _ = self.0.send(());
    }
}

impl Gates {
    pub(crate) async fn start(server: u16) -> (Gates, mpsc::UnboundedReceiver<Held>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (held, link) = (watch::channel(Vec::new()).0, watch::channel(true).0);
        let gates = Gates { port, held, link, unnamed: Arc::default() };
        let (told, hears) = mpsc::unbounded_channel();
        let own = gates.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (gates, told) = (own.clone(), told.clone());
                tokio::spawn(async move { gates.serve(client, server, told).await });
            }
        });
        (gates, hears)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on requests whose head begins with one of these are held.
    pub(crate) fn hold(&self, beginnings: &[&str]) {
        self.held.send_replace(beginnings.iter().map(|one| (*one).to_owned()).collect());
    }

    pub(crate) fn link(&self, open: bool) {
        self.link.send_replace(open);
    }

    pub(crate) fn unname(&self, unnamed: bool) {
        self.unnamed.store(unnamed, Ordering::Relaxed);
    }

    /// Ends quietly when one of the two ends does.
    async fn serve(&self, mut client: TcpStream, port: u16, told: mpsc::UnboundedSender<Held>) -> Option<()> {
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        client.set_nodelay(true).ok()?;
        server.set_nodelay(true).ok()?;
        loop {
            let (head, body) = message(&mut client).await?;
            if head.contains("/socket.io/") {
                server.write_all(head.as_bytes()).await.ok()?;
                return self.pump(client, server).await;
            }
            let is_held = self.held.borrow().iter().any(|beginning| head.starts_with(beginning.as_str()));
            let mut gate = None;
            if is_held {
                let (go, went) = oneshot::channel();
                let (answered, hears) = oneshot::channel();
                told.send(Held { go, answered: hears }).ok()?;
                went.await.ok()?;
                gate = Some(answered);
            }
            server.write_all(head.as_bytes()).await.ok()?;
            server.write_all(&body).await.ok()?;
            let (mut head, body) = message(&mut server).await?;
            if self.unnamed.load(Ordering::Relaxed) {
                let kept = head
                    .split_inclusive("\r\n")
                    .filter(|line| !line.to_ascii_lowercase().starts_with("tidewire-base"));
                head = kept.collect();
            }
            if let Some(gate) = gate {
                let (release, released) = oneshot::channel();
                gate.send(release).ok()?;
                released.await.ok()?;
            }
            client.write_all(head.as_bytes()).await.ok()?;
            client.write_all(&body).await.ok()?;
        }
    }

    async fn pump(&self, client: TcpStream, server: TcpStream) -> Option<()> {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let mut open = self.link.subscribe();
        let down = async {
            let mut buffer = [0; 16_384];
            loop {
                let read = from_server.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
                open.wait_for(|open| *open).await.ok()?;
                to_client.write_all(&buffer[..read]).await.ok()?;
            }
        };
        let up = async { tokio::io::copy(&mut from_client, &mut to_server).await.ok().map(drop) };
        tokio::select! {
            end = down => end,
            end = up => end,
        }
    }
}

/// One request or answer, whole.
async fn message(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        stream.read_buf(&mut bytes).await.ok().filter(|read| *read > 0)?;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let length = head.lines().filter_map(|line| line.split_once(':'));
    let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.next().map_or(Some(0), |(_, value)| value.trim().parse().ok())?;
    while bytes.len() < end + length {
        stream.read_buf(&mut bytes).await.ok().filter(|read| *read > 0)?;
    }
    Some((head, bytes.split_off(end)))
}
