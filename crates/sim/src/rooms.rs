//! The built-in app: rooms that collect tags. Its state is nothing but which taps were applied, which the simulator keeps for every
//! app anyway; it uses everything that a write can be tied with.

use tidewire_core::{Coalesce, Lane, Millis, Payload, Submission};

use crate::app::{App, State, Tap};
use crate::host::variables;
use crate::server::TEMP;

/// Rooms that collect tags.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rooms;

impl App for Rooms {
    fn mutations(&self) -> Vec<&'static str> {
        vec!["room.add", "room.undo"]
    }

    fn submit(&self, tap: &Tap) -> Submission {
        let (room, tag, tie) = (tap.room, tap.tag, tap.tie);
        let lane = if tap.own_lane { format!("own{}", tag.0) } else { format!("lane-{}", room.name()) };
        let mut write = Submission {
            name: if tie == "pair" { "room.undo".into() } else { "room.add".into() },
            version: 1,
            variables: variables(room, tag),
            method: "POST".into(),
            path: format!("/{}/{}", room.name(), tap.kind),
            body: Some(Payload(format!("{{\"tag\":{}}}", tag.0))),
            lane: Some(Lane(lane)),
            optimistic: true,
            keep_layer_when_parked: tap.keep_layer,
            on_conflict: tie == "handled",
            ttl: (tie == "short").then_some(Millis(5_000)),
            dedupe_key: (tie == "dedupe").then(|| "again".into()),
            ..Submission::default()
        };
        match tie {
            "child" => write.depends_on = tap.before.iter().cloned().collect(),
            "temp" => write.temp_ids = vec![format!("{TEMP}{:08}", tag.0)],
            "temp-child" => {
                if let Some(temp) = &tap.temp {
                    write.path = format!("{}?of={temp}", write.path);
                }
            }
            "replace" => write.coalesce = Coalesce::Replace {},
            "pair" => write.coalesce = Coalesce::CancelPair { name: "room.add".into() },
            _ => {}
        }
        write
    }

    fn layer(&self, _state: &mut State, _name: &str, _text: &str) {}

    fn handle(&self, _state: &mut State, name: &str, _text: &str) -> Result<String, u16> {
        match name {
            "refuse" => Err(422),
            "conflict" => Err(412),
            "fail" => Err(500),
            _ => Ok(String::new()),
        }
    }

    fn event(&self, _state: &mut State, _payload: &str) {}
}
