//! What stands on the screen: messages that the server has, and behind them those that wait. It knows no network and no terminal.

use serde::Deserialize;
use serde_json::Value;
use tidewire::{ConnectionState, Status, WriteId, WriteInfo, WriteStage};

/// Name of the mutation that says something: under it the queue keeps what was said, also over a restart.
pub const SAY: &str = "message.say";

/// A message that the server has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Made by whoever said it, so that it is known before the server knows it.
    pub id: String,
    /// Who.
    pub sender_id: String,
    /// What.
    pub text: String,
    /// Who has read it.
    pub read_by: Vec<String>,
}

/// A message of ours that the server does not have yet, as far as we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Of its write.
    pub write: WriteId,
    /// Its own.
    pub id: String,
    /// What.
    pub text: String,
    /// Why the server refused it; it stays until it is tried again or given up.
    pub refused: Option<String>,
    /// A request is under way.
    pub sending: bool,
}

/// News for the screen.
#[derive(Debug)]
pub enum Fact {
    /// All messages, from the server.
    Messages(Vec<Message>),
    /// An event of the room.
    Event {
        /// Its name.
        name: String,
        /// Its payload.
        payload: Value,
    },
    /// What waits in the queue.
    Queue(Vec<WriteInfo>),
    /// The connection or the queue changed.
    Status(Box<Status>),
    /// What the chat is called.
    Title(String),
    /// Something that a person should know.
    Trouble(String),
}

/// The screen's state.
#[derive(Debug, Default)]
pub struct Chat {
    /// Who we are.
    pub me: String,
    /// What the chat is called.
    pub title: String,
    /// What the server has, oldest first. Absent: nobody knows yet.
    pub messages: Option<Vec<Message>>,
    /// What waits, oldest first.
    pub waiting: Vec<Waiting>,
    /// The client's state.
    pub status: Option<Status>,
    /// What is being written.
    pub input: String,
    /// The last trouble.
    pub trouble: Option<String>,
}

impl Chat {
    /// Nothing is known.
    #[must_use]
    pub fn new(me: impl Into<String>) -> Chat {
        Chat { me: me.into(), title: "chat".into(), ..Chat::default() }
    }

    /// Takes in what is new.
    pub fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Title(title) => self.title = title,
            Fact::Trouble(trouble) => self.trouble = Some(trouble),
            Fact::Status(status) => self.status = Some(*status),
            Fact::Messages(messages) => self.messages = Some(messages),
            Fact::Queue(writes) => self.waiting = writes.iter().filter_map(waiting).collect(),
            Fact::Event { name, payload } => self.event(&name, payload),
        }
    }

    fn event(&mut self, name: &str, payload: Value) {
        let Some(messages) = &mut self.messages else { return };
        match name {
            "message:new" => {
                let Ok(new) = serde_json::from_value::<Message>(payload) else { return };
                // The list that was fetched meanwhile may have it already.
                if !messages.iter().any(|message| message.id == new.id) {
                    messages.push(new);
                }
            }
            "message:read" => {
                let (id, reader) = (&payload["messageId"], payload["userId"].as_str().unwrap_or_default());
                let read = messages.iter_mut().find(|message| message.id == id.as_str().unwrap_or_default());
                if let Some(message) = read.filter(|message| !message.read_by.iter().any(|by| by == reader)) {
                    message.read_by.push(reader.to_owned());
                }
            }
            _ => {}
        }
    }

    /// What is shown behind the server's messages: what waits, and is not among them yet.
    pub fn unsent(&self) -> impl Iterator<Item = &Waiting> {
        let there = self.messages.as_deref().unwrap_or_default();
        self.waiting.iter().filter(move |waiting| !there.iter().any(|message| message.id == waiting.id))
    }

    /// The first message that was refused: what the keys for it are about.
    #[must_use]
    pub fn refused(&self) -> Option<&Waiting> {
        self.waiting.iter().find(|waiting| waiting.refused.is_some())
    }

    /// Whether there is a session.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| matches!(status.connection, ConnectionState::Connected { .. }))
    }
}

fn waiting(write: &WriteInfo) -> Option<Waiting> {
    let text = |key: &str| Some(write.variables[key].as_str()?.to_owned());
    if write.name != SAY {
        return None;
    }
    let refused = match &write.stage {
        WriteStage::Parked { answer, .. } => {
            let said = answer.as_ref().and_then(|answer| answer.json());
            let said = said.and_then(|json| Some(json["error"]["message"].as_str()?.to_owned()));
            Some(said.unwrap_or_else(|| "the server refused it".into()))
        }
        WriteStage::Quarantined(_) => Some("another version of this program wrote it".into()),
        WriteStage::Queued
        | WriteStage::Durable { .. }
        | WriteStage::Sending { .. }
        | WriteStage::Retrying { .. }
        | WriteStage::Conflict(_)
        | WriteStage::Acknowledged(_) => None,
    };
    let sending = matches!(write.stage, WriteStage::Sending { .. });
    Some(Waiting { write: write.id.clone(), id: text("id")?, text: text("text")?, refused, sending })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(id: &str) -> Value {
        json!({ "id": id, "senderId": "ben", "text": "hello", "readBy": [] })
    }

    fn chat_with(ids: &[&str]) -> Chat {
        let mut chat = Chat::new("ana");
        let messages = ids.iter().map(|id| serde_json::from_value(message(id)).unwrap()).collect();
        chat.take(Fact::Messages(messages));
        chat
    }

    fn event(name: &str, payload: Value) -> Fact {
        Fact::Event { name: name.into(), payload }
    }

    #[test]
    fn a_message_that_the_list_has_already_is_not_shown_twice() {
        let mut chat = chat_with(&["a"]);
        chat.take(event("message:new", message("a")));
        chat.take(event("message:new", message("b")));
        let ids: Vec<_> = chat.messages.unwrap().into_iter().map(|message| message.id).collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn a_reader_counts_once() {
        let mut chat = chat_with(&["a"]);
        for _ in 0..2 {
            chat.take(event("message:read", json!({ "messageId": "a", "userId": "cleo" })));
        }
        assert_eq!(chat.messages.unwrap()[0].read_by, ["cleo"]);
    }

    #[test]
    fn what_the_server_shows_does_not_wait_any_more() {
        let mut chat = chat_with(&[]);
        let info = |id: &str, stage| WriteInfo {
            id: WriteId::from(format!("w-{id}").as_str()),
            name: SAY.into(),
            version: 1,
            variables: json!({ "id": id, "text": id }),
            stage,
        };
        chat.take(Fact::Queue(vec![
            info("a", WriteStage::Sending { attempt: 1 }),
            info("b", WriteStage::Durable { behind: None }),
        ]));
        assert_eq!(chat.unsent().count(), 2);
        chat.take(event("message:new", message("a")));
        let unsent: Vec<_> = chat.unsent().map(|waiting| waiting.id.as_str()).collect();
        assert_eq!(unsent, ["b"], "the event is here before the answer");
    }
}
