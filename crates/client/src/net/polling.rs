//! One link over HTTP long-polling (Engine.IO 4): one GET always waits for what the server has to say, one POST at a time carries what
//! the client has. Knows payloads, nothing of what packets mean but the first one's. Cookies are kept as long
//! as the link.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tidewire_core::{CloseCause, LinkId};
use tidewire_wire::engine::{self, Handshake, PacketType};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::cookies::Cookies;
use super::socket::{CLOSE, End, Link, LinkFact, MESSAGE_BYTES};
use super::tls;

/// Bytes of a POST for a server that names no limit.
const DEFAULT_PAYLOAD: usize = 100_000;
/// Ends the session.
const GOODBYE: &str = "1";

/// Opens a link. Facts are told in order; after `Closed` nothing comes.
pub(crate) fn open(
    id: LinkId,
    url: String,
    facts: mpsc::Sender<(LinkId, LinkFact)>,
) -> (Link, JoinHandle<()>) {
    let (link, end, released) = Link::pair();
    let client = Client::builder(TokioExecutor::new()).build(tls::http());
    let polling = Polling { client, url, most: DEFAULT_PAYLOAD, cookies: Cookies::default() };
    (link, tokio::spawn(run(id, polling, facts, end, released)))
}

struct Polling {
    client: Client<tls::Connector, Full<Bytes>>,
    /// With the session's id as soon as there is one.
    url: String,
    /// Bytes of a POST.
    most: usize,
    cookies: Cookies,
}

/// Why a link ends.
enum Ended {
    Oversized,
    Closed(CloseCause),
    /// The host does not listen any more.
    Unheard,
}

async fn run(
    id: LinkId,
    mut polling: Polling,
    facts: mpsc::Sender<(LinkId, LinkFact)>,
    mut end: End,
    mut released: oneshot::Receiver<()>,
) {
    let first = tokio::select! {
        first = polling.begin() => first,
        _ = &mut released => return,
    };
    let first = match first {
        Ok(first) => first,
        Err(cause) => {
            let _ = facts.send((id, LinkFact::Closed(cause))).await;
            return;
        }
    };
    let listening = polling.listen(id, &facts, first);
    let speaking = polling.speak(id, &facts, &mut end);
    tokio::pin!(listening, speaking);
    let ended = tokio::select! {
        ended = &mut listening => ended,
        ended = &mut speaking => ended,
        _ = &mut released => {
            // What was sent is written, and the goodbye behind it; the GET waits until then, or the server would take the client for lost.
            let goodbye = async {
                tokio::select! {
                    _ = &mut listening => {}
                    _ = &mut speaking => {}
                }
            };
            let _ = timeout(CLOSE, goodbye).await;
            Ended::Unheard
        }
    };
    match ended {
        Ended::Closed(cause) => drop(facts.send((id, LinkFact::Closed(cause))).await),
        Ended::Oversized => drop(facts.send((id, LinkFact::Oversized)).await),
        Ended::Unheard => {}
    }
}

impl Polling {
    /// The first payload: it begins with the session that all later requests belong to.
    async fn begin(&mut self) -> Result<String, CloseCause> {
        let unreachable = |ended| match ended {
            Ended::Closed(CloseCause::Overloaded) => CloseCause::Overloaded,
            Ended::Closed(_) | Ended::Oversized | Ended::Unheard => CloseCause::Unreachable,
        };
        let payload = self.exchange(None).await.map_err(unreachable)?;
        // A captive portal's page, another protocol.
        let first = payload.split('\u{1e}').next().unwrap_or_default();
        let Ok((PacketType::Open, data)) = engine::parse(first) else { return Err(CloseCause::Unreachable) };
        let said = Handshake::parse(data).map_err(|_| CloseCause::Unreachable)?;
        self.url.push_str("&sid=");
        for byte in said.sid.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                self.url.push(char::from(byte));
            } else {
                self.url.push_str(&format!("%{byte:02X}"));
            }
        }
        if said.max_payload > 0 {
            self.most = usize::try_from(said.max_payload).unwrap_or(DEFAULT_PAYLOAD);
        }
        Ok(payload)
    }

    async fn listen(&self, id: LinkId, facts: &mpsc::Sender<(LinkId, LinkFact)>, first: String) -> Ended {
        if facts.send((id, LinkFact::Opened)).await.is_err() {
            return Ended::Unheard;
        }
        let mut payload = first;
        loop {
            for packet in payload.split('\u{1e}') {
                let fact = match packet.strip_prefix('b').map(|data| STANDARD.decode(data)) {
                    Some(Ok(bytes)) => LinkFact::Binary(bytes.into()),
                    Some(Err(_)) => return Ended::Closed(CloseCause::Lost),
                    None => LinkFact::Text(packet.into()),
                };
                if facts.send((id, fact)).await.is_err() {
                    return Ended::Unheard;
                }
                if packet == GOODBYE {
                    return Ended::Closed(CloseCause::Lost);
                }
            }
            payload = match self.exchange(None).await {
                Ok(payload) => payload,
                Err(ended) => return ended,
            };
        }
    }

    async fn speak(&self, id: LinkId, facts: &mpsc::Sender<(LinkId, LinkFact)>, end: &mut End) -> Ended {
        let mut ahead = None;
        loop {
            let Some(first) = (match ahead.take() {
                Some(message) => Some(message),
                None => end.next().await,
            }) else {
                // The host has let go.
                let _ = self.exchange(Some(GOODBYE.to_owned())).await;
                return Ended::Unheard;
            };
            let mut length = first.len();
            let mut packets: Vec<String> = packet(&first).into_iter().collect();
            let mut size: usize = packets.iter().map(|packet| packet.len() + 1).sum();
            while let Some(message) = end.try_next() {
                let more = packet(&message);
                let added = more.as_ref().map_or(0, |packet| packet.len() + 1);
                if size + added > self.most {
                    ahead = Some(message);
                    break;
                }
                (size, length) = (size + added, length + message.len());
                packets.extend(more);
            }
            if let Err(ended) = self.exchange(Some(engine::join_payload(&packets))).await {
                return ended;
            }
            if end.wrote(length) && facts.send((id, LinkFact::Writable(true))).await.is_err() {
                return Ended::Unheard;
            }
        }
    }

    /// A POST with this payload, or the GET that waits for one.
    async fn exchange(&self, payload: Option<String>) -> Result<String, Ended> {
        let lost = || Ended::Closed(CloseCause::Lost);
        let method = if payload.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(&self.url);
        if payload.is_some() {
            request = request.header(CONTENT_TYPE, "text/plain;charset=UTF-8");
        }
        if let Some(cookies) = self.cookies.header() {
            request = request.header(COOKIE, cookies);
        }
        let body = Full::new(Bytes::from(payload.unwrap_or_default()));
        let request = request.body(body).map_err(|_| lost())?;
        let answer = self.client.request(request).await.map_err(|_| lost())?;
        self.cookies.learn(answer.headers());
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                return Err(Ended::Closed(CloseCause::Overloaded));
            }
            _ => return Err(lost()),
        }
        match Limited::new(answer.into_body(), MESSAGE_BYTES).collect().await {
            Ok(body) => String::from_utf8(body.to_bytes().into()).map_err(|_| lost()),
            Err(error) if error.is::<LengthLimitError>() => Err(Ended::Oversized),
            Err(_) => Err(lost()),
        }
    }
}

/// A message as a packet of a payload.
fn packet(message: &Message) -> Option<String> {
    match message {
        Message::Text(text) => Some(text.as_str().to_owned()),
        Message::Binary(bytes) => Some(format!("b{}", STANDARD.encode(bytes))),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => None,
    }
}
