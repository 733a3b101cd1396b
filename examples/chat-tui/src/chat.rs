//! What stands on the screen: what the query shows, own messages that wait among it, and what the queue says of those. It knows no network
//! and no terminal.

use serde::{Deserialize, Serialize};
use tidewire::{ConnectionState, Status, WriteId, WriteInfo, WriteStage};

/// Name of the mutation that says something: under it the queue keeps what was said, also over a restart.
pub const SAY: &str = "message.say";

/// A message, also one of ours that the server does not have yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// All messages, oldest first.
    Messages(Vec<Message>),
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
    /// What was said, oldest first. Absent: nobody knows yet.
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
        }
    }

    /// What the queue says of a message.
    #[must_use]
    pub fn waits(&self, message: &str) -> Option<&Waiting> {
        self.waiting.iter().find(|waiting| waiting.id == message)
    }

    /// What waits and is not among the messages: as long as nobody knows those.
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

    #[test]
    fn what_waits_is_shown_once_among_the_messages_or_behind_nothing() {
        let mut chat = Chat::new("ana");
        let info = |id: &str| WriteInfo {
            id: WriteId::from(format!("w-{id}").as_str()),
            name: SAY.into(),
            version: 1,
            variables: json!({ "id": id, "text": id }),
            stage: WriteStage::Durable { behind: None },
        };
        chat.take(Fact::Queue(vec![info("a"), info("b")]));
        assert_eq!(chat.unsent().count(), 2, "nobody knows what was said");
        let message = json!({ "id": "a", "senderId": "ana", "text": "hello", "readBy": [] });
        chat.take(Fact::Messages(vec![serde_json::from_value(message).unwrap()]));
        let unsent: Vec<_> = chat.unsent().map(|waiting| waiting.id.as_str()).collect();
        assert_eq!(unsent, ["b"]);
        assert!(chat.waits("a").is_some() && chat.waits("c").is_none());
    }
}
