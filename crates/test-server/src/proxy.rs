//! A TCP proxy that the test owns: it passes, refuses, swallows, or loses answers, and tells what it saw.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// What happens to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Bytes go both ways.
    Pass,
    /// Open connections are cut, new ones closed at once.
    Refuse,
    /// Connections stay open; what the server sends disappears, and so does what the client sends.
    Swallow,
    /// The server gets everything; at the first byte of its answer the connection is cut.
    LoseAnswers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Settings {
    mode: Mode,
    target: u16,
    /// How often connections were cut: those of an earlier count are gone, however short the cut was.
    cuts: u32,
}

/// The proxy.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    settings: watch::Sender<Settings>,
    /// Something disappeared.
    lost: Arc<Notify>,
}

impl Proxy {
    /// Before a server on this port of this machine.
    pub async fn start(target: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (settings, watched) = watch::channel(Settings { mode: Mode::Pass, target, cuts: 0 });
        let lost = Arc::new(Notify::new());
        let notify = Arc::clone(&lost);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, watched.clone(), Arc::clone(&notify)));
            }
        });
        Proxy { port, settings, lost }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on bytes fare so.
    pub fn set(&self, mode: Mode) {
        self.settings.send_modify(|settings| {
            settings.mode = mode;
            settings.cuts += u32::from(mode == Mode::Refuse);
        });
    }

    /// From now on connections lead to another port.
    pub fn lead_to(&self, target: u16) {
        self.settings.send_modify(|settings| settings.target = target);
    }

    /// Resolves when bytes disappear, or did since the last call.
    pub async fn lost(&self) {
        crate::process::soon("bytes that get lost", self.lost.notified()).await;
    }
}

async fn serve(mut client: TcpStream, mut settings: watch::Receiver<Settings>, lost: Arc<Notify>) {
    let Settings { mode, target, cuts } = *settings.borrow_and_update();
    if mode == Mode::Refuse {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let Settings { mode, cuts: now, .. } = *settings.borrow_and_update();
        if now != cuts {
            return;
        }
        tokio::select! {
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            read = client.read(&mut up) => {
                let Ok(1..) = read else { return };
                let bytes = &up[..read.unwrap_or(0)];
                if mode == Mode::Swallow {
                    lost.notify_one();
                } else if server.write_all(bytes).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(1..) = read else { return };
                let bytes = &down[..read.unwrap_or(0)];
                match mode {
                    Mode::Swallow => lost.notify_one(),
                    Mode::LoseAnswers => {
                        lost.notify_one();
                        return;
                    }
                    Mode::Pass | Mode::Refuse => {
                        if client.write_all(bytes).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}
