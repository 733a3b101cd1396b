//! The servers that the published suites of Engine.IO and Socket.IO, and the suite of the official client, expect to find
//! (V1). `conformance suites [port]` is for the first two (port 3000), `conformance client [port]` for the third (3210),
//! `conformance echo [port]` for Autobahn's fuzzing client (9001).
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod echo;

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use tidewire_server::auth::{AuthError, Authenticator, ConnectError, Handshake, Session, User};
use tidewire_server::event::{BoxFuture, NoHistory};
use tidewire_server::socket::{
    Access, Builder, Config, Context, Denied, Missing, NamespaceBuilder, Packet, RoomAuthorizer,
    SocketServer, serve,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (which, port) = (arguments.next().unwrap_or_default(), arguments.next());
    let (default, app) = match which.as_str() {
        "suites" => (3000, suites()?),
        "client" => (3210, client()?),
        // Nobody speaks Socket.IO there; the server is only what sends everybody away in the end.
        "echo" => (9001, (builder(&Anyone::default(), Config::default()).build()?, echo::router())),
        _ => return Err("give: suites [port] | client [port] | echo [port]".into()),
    };
    let port = port.map_or(Ok(default), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?.port());
    let (sockets, router) = app;
    serve(listener, router, sockets, std::future::pending()).await?;
    Ok(())
}

/// Nobody is in any room, everybody may connect. What their handshake said is kept.
#[derive(Clone, Default)]
struct Anyone(Arc<Mutex<HashMap<String, Value>>>);

impl Anyone {
    fn said(&self, context: &Context) -> Value {
        let known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.get(&*context.user().id).cloned().unwrap_or_default()
    }
}

impl Authenticator for Anyone {
    fn authenticate<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        Box::pin(std::future::ready(Err(AuthError::Invalid)))
    }

    fn connect<'a>(&'a self, handshake: &'a Handshake) -> BoxFuture<'a, Result<Session, ConnectError>> {
        let query: HashMap<String, String> =
            serde_urlencoded(handshake.request.uri.query().unwrap_or_default());
        let refused = match &*handshake.namespace {
            "/" if query.contains_key("fail") => Some("Auth failed (main namespace)"),
            "/no" => Some("Auth failed (custom namespace)"),
            _ => None,
        };
        let result = match refused {
            Some(message) => Err(ConnectError::new("AUTH", message)),
            None => {
                let headers = handshake.request.headers.iter();
                let headers: HashMap<_, _> = headers
                    .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes())))
                    .collect();
                let said = json!({ "auth": handshake.auth, "query": query, "headers": headers });
                let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // Who says the same is the same person, and may have a session back.
                let own = |name: &&String| !matches!(name.as_str(), "EIO" | "transport" | "t" | "sid");
                let mut id: Vec<_> = query.iter().filter(|(name, _)| own(name)).collect();
                id.sort();
                let id = format!("{} {} {id:?}", handshake.namespace, handshake.auth["token"]);
                known.insert(id.clone(), said);
                Ok(Session { user: User { id: id.into() }, expires_at: None })
            }
        };
        Box::pin(std::future::ready(result))
    }
}

/// The few escapes of a query that the suites use.
fn serde_urlencoded(query: &str) -> HashMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'+' => bytes.push(b' '),
                b'%' => {
                    let mut digit = || rest.next().and_then(|digit| (digit as char).to_digit(16));
                    if let (Some(high), Some(low)) = (digit(), digit()) {
                        bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                    }
                }
                other => bytes.push(other),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

impl RoomAuthorizer for Anyone {
    fn authorize<'a>(&'a self, _: &'a User, _: &'a str) -> BoxFuture<'a, Result<Access, Denied>> {
        Box::pin(std::future::ready(Err(Denied::Unauthorized)))
    }
}

fn builder(anyone: &Anyone, config: Config) -> Builder {
    let (_, feed) = mpsc::unbounded_channel();
    let anyone = Arc::new(anyone.clone());
    SocketServer::builder()
        .authenticator(anyone.clone())
        .authorizer(anyone)
        .history(Arc::new(NoHistory::new("e")))
        .feed(feed)
        .config(config)
}

type App = (SocketServer, Router);

fn suites() -> Result<App, Missing> {
    let anyone = Anyone::default();
    let config = Config {
        ping_interval: tidewire_server::socket::Millis(300),
        ping_timeout: tidewire_server::socket::Millis(200),
        connect_timeout: tidewire_server::socket::Millis(1_000),
        ..Config::default()
    };
    let transport = builder(&anyone, Config { echo: true, ..config.clone() }).path("/engine.io").build()?;
    let (main, custom) = (anyone.clone(), anyone.clone());
    let greet = |anyone: Anyone| {
        move |context: Context| {
            let auth = anyone.said(&context)["auth"].clone();
            let auth = if auth.is_null() { json!({}) } else { auth };
            context.emit("auth", Packet::from(auth)).ok();
            std::future::ready(())
        }
    };
    let sockets = builder(&anyone, config)
        .on_connect(greet(main))
        .on_packet("message", |context, packet| async move {
            context.emit("message-back", packet).ok();
            None
        })
        .on_packet("message-with-ack", |_, packet| async move { Some(packet) })
        .namespace("/custom", |custom_space| custom_space.on_connect(greet(custom)))
        .build()?;
    let router = Router::new().merge(transport.router()).merge(sockets.router());
    Ok((sockets, router))
}

fn client() -> Result<App, Missing> {
    let anyone = Anyone::default();
    let config = Config { ping_interval: tidewire_server::socket::Millis(2_000), ..Config::default() };
    let sockets = client_events(builder(&anyone, config), &anyone).recovery().msgpack().build()?;
    // A fixed delay, for the timeout of a connection on the client's side.
    let delay =
        axum::middleware::from_fn(|request: axum::extract::Request, next: axum::middleware::Next| async {
            let handshake = request.uri().query().is_some_and(|query| !query.contains("sid="));
            if handshake {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            next.run(request).await
        });
    let router = sockets.router().layer(delay);
    Ok((sockets, router))
}

/// Text for people of many alphabets.
const TEXTS: [&str; 5] = ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"];
const DATE: &str = "2026-01-02T03:04:05.678Z";
const BYTES: &[u8] = b"asdfasdf";

fn client_events(builder: Builder, anyone: &Anyone) -> Builder {
    let (asked, greeted) = (anyone.clone(), anyone.clone());
    let tell = |name: &'static str| {
        move |context: Context, _: Packet| {
            context.emit(name, Packet::new()).ok();
            std::future::ready(None)
        }
    };
    let id = |space: NamespaceBuilder| {
        space.on("getId", |context, _| async move { Some(json!(context.socket_id())) })
    };
    builder
        .on_packet("hi", tell("hi"))
        .on("echo", |_, value| async move { Some(value) })
        .on_packet("ack", |context, _| async move {
            // The client's next event waits for this handler, so the question is asked beside it.
            tokio::spawn(async move {
                let answer = context.ask("ack", Packet::new(), Duration::from_secs(5)).await;
                let values = answer.ok().and_then(|answer| answer.values().ok()).unwrap_or_default();
                if matches!(&*values, [first, second] if *first == json!(5) && second["test"] == json!(true))
                {
                    context.emit("got it", Packet::new()).ok();
                }
            });
            None
        })
        .on("getAckDate", |_, _| async { Some(json!(DATE)) })
        .on_packet("getDate", |context, _| async move {
            context.emit("takeDate", Packet::from(json!(DATE))).ok();
            None
        })
        .on_packet("getDateObj", |context, _| async move {
            context.emit("takeDateObj", Packet::from(json!({ "date": DATE }))).ok();
            None
        })
        .on_packet("getUtf8", |context, _| async move {
            for text in TEXTS {
                context.emit("takeUtf8", Packet::from(json!(text))).ok();
            }
            None
        })
        .on_packet("false", |context, _| async move {
            context.emit("false", Packet::from(json!(false))).ok();
            None
        })
        .on_packet("doge", |context, _| async move {
            context.emit("doge", Packet::new().binary(BYTES)).ok();
            None
        })
        .on_packet("getbin", |context, _| async move {
            context.emit("takebin", Packet::new().binary(BYTES)).ok();
            None
        })
        .on_packet("buffa", if_binary("buffack", |value| Some(value.clone())))
        .on_packet("abuff2", tell("abuff2-ack"))
        .on_packet("blob", if_binary("back", |value| Some(value.clone())))
        .on_packet("blob3", if_binary("blob3-ack", |value| Some(value.clone())))
        .on_packet("jsonbuff", if_binary("jsonbuff-ack", mixed))
        .on_packet("jsonblob", if_binary("jsonblob-ack", mixed))
        .on("getHandshake", move |context, _| std::future::ready(Some(asked.said(&context))))
        .on("getId", |context, _| async move { Some(json!(context.socket_id())) })
        .namespace("/foo", id)
        .namespace("/timeout_socket", |space| space)
        .namespace("/valid", |space| space)
        .namespace("/asd", |space| space)
        .namespace("/no", |space| space)
        .namespace("/abc", |space| {
            space.on_connect(move |context| {
                context.emit("handshake", Packet::from(greeted.said(&context))).ok();
                std::future::ready(())
            })
        })
}

/// The binary part of `{hello, message, goodbye}`.
fn mixed(value: &Value) -> Option<Value> {
    let whole = value["hello"] == "lol" && value["goodbye"] == "gotcha";
    whole.then(|| value["message"].clone())
}

/// Answers with an event if what `part` finds in the first argument is binary.
fn if_binary(
    answer: &'static str,
    part: fn(&Value) -> Option<Value>,
) -> impl Fn(Context, Packet) -> std::future::Ready<Option<Packet>> + Send + Sync + 'static {
    move |context, packet| {
        let values = packet.values().unwrap_or_default();
        if values.first().and_then(part).and_then(|place| packet.attachment(&place)).is_some() {
            context.emit(answer, Packet::new()).ok();
        }
        std::future::ready(None)
    }
}
