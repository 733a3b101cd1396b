//! An app's own mutations in the simulator: a counter whose increments nothing would de-duplicate, and a name that is changed so often
//! that a later change takes the place of one that was not sent yet.
//!
//! ```text
//! cargo run --release -p tidewire-sim --example own_mutations -- 500
//! ```
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::print_stdout, reason = "an example talks to the person at the terminal")]

use std::process::ExitCode;
use std::rc::Rc;

use tidewire_sim::app::{App, State, Tap};
use tidewire_sim::campaign::search;
use tidewire_sim::core::{Coalesce, Lane, Submission};

/// The highest number that the server adds at once.
const MOST: u64 = 8;

/// A room with a count and a name.
#[derive(Debug, Default)]
pub struct Counter {
    /// Planted: the handler has already added when it refuses.
    pub adds_before_it_refuses: bool,
    /// Planted: the event tells everybody of one less than was added.
    pub tells_too_little: bool,
    /// Planted: the layer shows one more than was asked for.
    pub shows_too_much: bool,
}

impl Counter {
    fn add(state: &mut State, by: u64) {
        let count: u64 = state.get("count").and_then(|count| count.parse().ok()).unwrap_or(0);
        state.insert("count".into(), (count + by).to_string());
    }
}

impl App for Counter {
    fn mutations(&self) -> Vec<&'static str> {
        vec!["increment", "rename"]
    }

    fn submit(&self, tap: &Tap) -> Submission {
        let lane = |of: &str| Some(Lane(format!("{}/{of}", tap.room)));
        match tap.choice % 3 {
            0 => Submission {
                lane: lane("name"),
                coalesce: Coalesce::Replace {},
                ..tap.submission("rename", &format!("the {}th", tap.tag.0))
            },
            _ => {
                let by = tap.choice / 3 % (MOST + 2);
                Submission { lane: lane("count"), ..tap.submission("increment", &by.to_string()) }
            }
        }
    }

    fn layer(&self, state: &mut State, name: &str, text: &str) {
        match text.parse::<u64>() {
            Ok(by) => Counter::add(state, by + u64::from(self.shows_too_much)),
            Err(_) => self.event(state, &format!("{name} {text}")),
        }
    }

    fn handle(&self, state: &mut State, name: &str, text: &str) -> Result<String, u16> {
        let too_much = text.parse::<u64>().is_ok_and(|by| by > MOST);
        let payload = format!("{name} {text}");
        if !too_much || self.adds_before_it_refuses {
            self.event(state, &payload);
        }
        match text.parse::<u64>() {
            Ok(_) if too_much => Err(422),
            Ok(by) if self.tells_too_little => Ok(format!("{name} {}", by.saturating_sub(1))),
            Ok(_) | Err(_) => Ok(payload),
        }
    }

    fn event(&self, state: &mut State, payload: &str) {
        match payload.split_once(' ') {
            Some(("increment", by)) => Counter::add(state, by.parse().unwrap_or(0)),
            Some(("rename", name)) => {
                state.insert("name".into(), name.to_owned());
            }
            Some(_) | None => {}
        }
    }
}

/// Runs so many days with this app; prints what was found.
#[must_use]
pub fn holds(app: Counter, seeds: u64) -> bool {
    match search(&(Rc::new(app) as _), 1..=seeds) {
        None => true,
        Some(found) => {
            println!("{found}");
            false
        }
    }
}

#[allow(dead_code, reason = "the test of this example has a main of its own")]
fn main() -> ExitCode {
    let seeds = std::env::args().nth(1).and_then(|seeds| seeds.parse().ok()).unwrap_or(100);
    if holds(Counter::default(), seeds) {
        println!("{seeds} seeds hold");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
