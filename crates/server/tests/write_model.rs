//! The exactly-once rule against a model that is too simple to be wrong: random writes, clients, floors, refusals and
//! power cuts; after each the outcome, the counter and the events must be what the model says (Q9, V5, V6, V7).
#![allow(clippy::unwrap_used)]

mod write_support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use write_support::{Answer, App, Write, place};

const CLIENTS: [&str; 2] = ["AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB"];
const KEYS: [&str; 3] = ["k0", "k1", "k2"];
const BODIES: [&str; 2] = ["", "x"];

#[derive(Clone, Debug)]
enum Transition {
    Send { client: usize, sequence: u64, floor: u64, key: usize, body: usize, refused: bool },
    PowerCut,
}

/// Per client: the floor, and the settled sequences with key, body and answer.
#[derive(Default)]
struct Model {
    clients: BTreeMap<usize, (u64, BTreeMap<u64, Known>)>,
    count: u64,
}

struct Known {
    key: usize,
    body: usize,
    answer: u64,
}

impl Model {
    /// The outcome and, if it is one of a write that stands, the body of its answer.
    fn send(
        &mut self,
        client: usize,
        sequence: u64,
        floor: u64,
        key: usize,
        body: usize,
        refused: bool,
    ) -> (&'static str, Option<u64>) {
        if let Some((kept, settled)) = self.clients.get(&client) {
            if sequence < *kept {
                return ("client-reset", None);
            }
            if let Some(known) = settled.get(&sequence) {
                return match known {
                    _ if known.key != key => ("client-reset", None),
                    _ if known.body != body || refused => ("key-reused", None),
                    _ => ("replayed", Some(known.answer)),
                };
            }
        } else if floor > 1 {
            return ("client-reset", None);
        }
        if refused {
            return ("rejected", None);
        }
        self.count += 1;
        let (kept, settled) = self.clients.entry(client).or_insert((1, BTreeMap::new()));
        *kept = floor.max(*kept);
        settled.insert(sequence, Known { key, body, answer: self.count });
        settled.retain(|sequence, _| sequence >= kept);
        ("applied", Some(self.count))
    }

    /// What `applied=` must name.
    fn applied(&self, client: usize) -> Option<Vec<u64>> {
        let (floor, settled) = self.clients.get(&client)?;
        Some((1..*floor).chain(settled.keys().copied()).collect())
    }
}

fn transition() -> impl Strategy<Value = Transition> {
    let send = (0..2_usize, 1..7_u64, 0..7_u64, 0..3_usize, 0..2_usize, prop::bool::weighted(0.15)).prop_map(
        |(client, sequence, down, key, body, refused)| {
            let floor = sequence.saturating_sub(down).max(1);
            Transition::Send { client, sequence, floor, key, body, refused }
        },
    );
    prop_oneof![12 => send, 1 => Just(Transition::PowerCut)]
}

fn applied_of(answer: &Answer) -> Option<Vec<u64>> {
    let ranges = tidewire_wire::http::Base::parse(answer.base.as_deref().unwrap()).unwrap().applied?;
    Some(ranges.into_iter().flat_map(|(from, to)| from..=to).collect())
}

async fn run(transitions: Vec<Transition>) {
    let mut app = App::new();
    let mut model = Model::default();
    let mut offsets = Vec::new();
    for transition in transitions {
        match transition {
            Transition::PowerCut => app = app.after_crash(),
            Transition::Send { client, sequence, floor, key, body, refused } => {
                let write =
                    Write::count(KEYS[key], sequence, floor).through(CLIENTS[client]).with_body(BODIES[body]);
                let answer = app.write(write.to(if refused { "/refuse" } else { "/count" })).await;
                let (outcome, value) = model.send(client, sequence, floor, key, body, refused);
                assert_eq!(answer.outcome.as_deref(), Some(outcome));
                if let Some(value) = value {
                    assert_eq!(answer.body, value.to_string());
                }
            }
        }
        for (client, id) in CLIENTS.into_iter().enumerate() {
            let read = app.get("/count", &[("tidewire-client", id)]).await;
            assert_eq!(read.body, model.count.to_string());
            assert_eq!(applied_of(&read), model.applied(client));
            assert!(
                read.base.unwrap().contains(&format!(":{}", model.count)),
                "the position follows the count"
            );
        }
        offsets.extend(app.published().iter().map(|event| event.offset));
        assert_eq!(offsets, (1..=model.count).collect::<Vec<_>>(), "published once each, without a gap");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if place::is_file() { 60 } else { 15 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn q9_v5_v7_random_writes_and_power_cuts_agree_with_the_model(transitions in prop::collection::vec(transition(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(transitions));
    }
}
