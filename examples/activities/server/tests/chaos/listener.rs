//! Somebody who listens to rooms over Socket.IO, by hand: joins, is cut off, comes back with its positions, and expects each event once,
//! in order, without a gap (V3, V6). Only after a restored backup may its position be unknown.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::device::ACTIVITY;
use crate::world::World;

/// Nothing takes so long; the server pings more often.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place in a room's history: epoch and offset.
pub type Place = (String, u64);

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub write: String,
    pub name: String,
    pub payload: Value,
}

/// What was heard of one room.
#[derive(Default)]
pub struct Heard {
    /// The last event, or where it joined.
    pub at: Option<Place>,
    pub events: BTreeMap<Place, Event>,
    /// Epochs in the order in which they began.
    pub epochs: Vec<String>,
}

pub struct Listener<'a> {
    world: &'a World,
    name: &'static str,
    token: String,
    /// Cuts its own connection after so many events.
    cuts: u32,
    pub rooms: BTreeMap<String, Heard>,
}

type Socket = WebSocket<TcpStream>;

/// The rooms that devices write to.
pub fn rooms() -> [String; 2] {
    ["activities".to_owned(), format!("activity_{ACTIVITY}")]
}

impl<'a> Listener<'a> {
    pub fn new(world: &'a World, name: &'static str, cuts: u32) -> Listener<'a> {
        let rooms = rooms().map(|room| (room, Heard::default())).into();
        Listener { world, name, token: world.token(name), cuts, rooms }
    }

    /// Listens until it has heard of these writes, however often it is cut off.
    pub fn until(mut self, writes: &[&str]) -> Self {
        while !self.has_heard(writes) {
            // Whatever breaks the link: it comes back with what it knows.
            let _ = self.connect().and_then(|mut socket| self.listen(&mut socket, writes));
        }
        self
    }

    /// All that a room's history has of this epoch: somebody who has seen nothing yet.
    pub fn whole(world: &'a World, epochs: [String; 2]) -> Self {
        let mut listener = Listener::new(world, "ana", u32::MAX);
        for (heard, epoch) in listener.rooms.values_mut().zip(epochs) {
            heard.at = Some((epoch, 0));
        }
        loop {
            let Ok(mut socket) = listener.connect() else { continue };
            let Ok(heads) = listener.join_all(&mut socket) else { continue };
            let complete = |listener: &Self| {
                listener.rooms.values().zip(&heads).all(|(heard, head)| heard.at.as_ref() >= Some(head))
            };
            while !complete(&listener) {
                if listener.hear(&mut socket).is_err() {
                    break;
                }
            }
            if complete(&listener) {
                return listener;
            }
        }
    }

    fn has_heard(&self, writes: &[&str]) -> bool {
        let mut heard = self.rooms.values().flat_map(|heard| heard.events.values());
        let all: Vec<&str> = heard.by_ref().map(|event| event.write.as_str()).collect();
        writes.iter().all(|write| all.contains(write))
    }

    fn connect(&self) -> tungstenite::Result<Socket> {
        let address = self.world.address().1;
        let stream = TcpStream::connect(&address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (mut socket, _) = tungstenite::client(url, stream).map_err(|error| match error {
            tungstenite::HandshakeError::Failure(error) => error,
            tungstenite::HandshakeError::Interrupted(_) => panic!("{}: no answer to a handshake", self.name),
        })?;
        self.text(&mut socket)?;
        let auth = json!({ "token": self.token, "tidewire": 1 });
        socket.send(Message::text(format!("40{auth}")))?;
        let welcome = self.text(&mut socket)?;
        assert!(welcome.starts_with("40{"), "{}: {welcome}", self.name);
        Ok(socket)
    }

    fn text(&self, socket: &mut Socket) -> tungstenite::Result<String> {
        loop {
            let message = socket.read().inspect_err(|error| {
                let waited = matches!(error, tungstenite::Error::Io(error) if error.kind() == std::io::ErrorKind::WouldBlock);
                assert!(!waited, "{} has heard nothing for a minute", self.name);
            })?;
            match message {
                Message::Text(text) if text == "2" => socket.send(Message::text("3"))?,
                Message::Text(text) => return Ok(text.to_string()),
                Message::Close(_) => return Err(tungstenite::Error::ConnectionClosed),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    fn listen(&mut self, socket: &mut Socket, writes: &[&str]) -> tungstenite::Result<()> {
        self.join_all(socket)?;
        let mut left = self.cuts;
        while !self.has_heard(writes) && left > 0 {
            if self.hear(socket)? {
                left -= 1;
            }
        }
        Ok(())
    }

    /// The heads of the rooms as the answers told them.
    fn join_all(&mut self, socket: &mut Socket) -> tungstenite::Result<Vec<Place>> {
        rooms().into_iter().map(|room| self.join(socket, &room)).collect()
    }

    fn join(&mut self, socket: &mut Socket, room: &str) -> tungstenite::Result<Place> {
        let mut ask = json!({ "roomId": room });
        let since = self.rooms[room].at.clone();
        if let Some((epoch, offset)) = &since {
            ask["since"] = json!({ "epoch": epoch, "offset": offset });
        }
        socket.send(Message::text(format!("427{}", json!(["room:join", ask]))))?;
        let answer = loop {
            let text = self.text(socket)?;
            if let Some(answer) = text.strip_prefix("437") {
                break serde_json::from_str::<Value>(answer).unwrap()[0].clone();
            }
            self.take(&text);
        };
        if answer["success"] != true {
            // The database is away.
            assert_eq!(answer["error"], "Unavailable", "{}: {room}", self.name);
            return Err(tungstenite::Error::ConnectionClosed);
        }
        let head = (answer["epoch"].as_str().unwrap().to_owned(), answer["offset"].as_u64().unwrap());
        let heard = self.rooms.get_mut(room).unwrap();
        match since {
            Some((epoch, offset)) if answer["recovered"] == true => {
                assert!(epoch == head.0 && offset <= head.1, "{}: {room} at {head:?}", self.name);
            }
            Some((epoch, _)) => {
                assert_ne!(epoch, head.0, "{}: a position in {room} was not known any more", self.name);
                heard.at = Some(head.clone());
            }
            None => heard.at = Some(head.clone()),
        }
        if heard.epochs.last() != Some(&head.0) {
            heard.epochs.push(head.0.clone());
        }
        Ok(head)
    }

    /// Whether what came was an event with a place.
    fn hear(&mut self, socket: &mut Socket) -> tungstenite::Result<bool> {
        let text = self.text(socket)?;
        Ok(self.take(&text))
    }

    fn take(&mut self, text: &str) -> bool {
        let Some(event) = text.strip_prefix("42[\"tw\",") else { return false };
        let event: Value = serde_json::from_str(&format!("[{event}")).unwrap();
        let room = event[0][0].as_str().unwrap();
        let (epoch, offset) = (event[0][1].as_str().unwrap().to_owned(), event[0][2].as_u64().unwrap());
        let heard = self.rooms.get_mut(room).unwrap();
        let (known, last) = heard.at.clone().unwrap();
        assert_eq!((&epoch, offset), (&known, last + 1), "{}: the next event of {room}", self.name);
        heard.at = Some((epoch.clone(), offset));
        let said = Event {
            write: event[0][4].as_str().unwrap_or_default().to_owned(),
            name: event[1].as_str().unwrap().to_owned(),
            payload: event[2].clone(),
        };
        assert!(heard.events.insert((epoch, offset), said).is_none());
        true
    }
}
