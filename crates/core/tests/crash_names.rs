//! Kill the process at every output while a write waits for a name that only the server can give (Q7, Q9, P1 in small).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;
mod sim;

use std::collections::BTreeMap;

use rig::Rig;
use sim::Server;
use tidewire_core::*;

struct World {
    rig: Rig,
    server: Server,
    /// Outputs until the kill.
    left: usize,
    lose_answers: bool,
    durable: Vec<WriteId>,
}

impl World {
    /// Performs outputs; false when the process is killed.
    fn run(&mut self) -> bool {
        while let Some(output) = self.rig.engine.poll_output() {
            if self.left == 0 {
                return false;
            }
            self.left -= 1;
            match output {
                Output::Fetch { fetch, request } => {
                    let body = request.body.clone().unwrap_or_default().0;
                    assert!(!request.path.contains(TEMP) && !body.contains(TEMP), "a temporary id was sent");
                    let outcome = self.server.take(&request);
                    if self.lose_answers && request.attempt == 1 {
                        let cause = RequestFailure::Network;
                        self.rig.engine.handle(Input::RequestFailed { fetch, cause }, self.rig.now());
                        continue;
                    }
                    let response = Response {
                        status: if outcome == "client-reset" { 409 } else { 200 },
                        outcome: Some(outcome.into()),
                        retry_after: None,
                        content_type: None,
                        redirected: false,
                        accepted: None,
                        names: request
                            .temp_ids
                            .iter()
                            .map(|t| Named { temp: t.clone(), real: "7".into() })
                            .collect(),
                        body: None,
                    };
                    self.rig.engine.handle(Input::Responded { fetch, response }, self.rig.now());
                }
                Output::Write { write, state: WriteState::Durable { .. } } => self.durable.push(write),
                other => self.rig.perform(other),
            }
        }
        true
    }

    /// Until nothing is pending or the process is killed.
    fn work(&mut self) -> bool {
        loop {
            if !self.run() {
                return false;
            }
            match self.rig.engine.next_timer() {
                Some((at, _)) => {
                    self.rig.now = at.0;
                    self.rig.engine.handle(Input::Timeout {}, self.rig.now());
                }
                None => return true,
            }
        }
    }
}

const TEMP: &str = "tmp_5fV9xQ2kLm";

fn submit(world: &mut World, path: &str, body: &str, temp_ids: Vec<String>) -> WriteId {
    let write = Submission {
        method: "POST".into(),
        path: path.into(),
        body: Some(body.into()),
        name: "count".into(),
        temp_ids,
        ..Default::default()
    };
    let accepted = world.rig.engine.command(Command::Submit { write }, world.rig.now()).unwrap();
    let Accepted::Queued { write } = accepted else { panic!() };
    write
}

/// One life with a kill after `kill` outputs, then one without. Returns whether the first was killed.
fn scenario(kill: usize, lose_answers: bool) -> bool {
    let mut world = World {
        rig: Rig::idle(rig::config(), BTreeMap::new(), 1),
        server: Server::default(),
        left: kill,
        lose_answers,
        durable: Vec::new(),
    };
    let first = submit(&mut world, "/activities", "new", vec![TEMP.into()]);
    let path = format!("/activities/{TEMP}/messages");
    let second = submit(&mut world, &path, &format!(r#"{{"activity":"{TEMP}"}}"#), Vec::new());
    world.rig.engine.handle(Input::Leader { epoch: LeaderEpoch(1) }, world.rig.now());
    let killed = !world.work();
    let promised = [first, second].map(|write| world.durable.contains(&write));
    world.rig = Rig::idle(rig::config(), world.rig.disk, 2);
    world.left = usize::MAX;
    world.rig.engine.handle(Input::Leader { epoch: LeaderEpoch(2) }, world.rig.now());
    assert!(world.work());

    let effects = &world.server.effects;
    let named = [("/activities", "new"), ("/activities/7/messages", r#"{"activity":"7"}"#)];
    for (effect, promised) in named.into_iter().zip(promised) {
        let times = effects.iter().filter(|(p, b)| (p.as_str(), b.as_str()) == effect).count();
        assert!(times <= 1, "kill after {kill}: {effect:?} was applied {times} times");
        assert!(times == 1 || !promised, "kill after {kill}: {effect:?} was promised and is lost");
    }
    if let Some(at) = effects.iter().position(|(path, _)| path != "/activities") {
        assert_eq!(at, 1, "kill after {kill}: the dependant came before its parent");
    }
    killed
}

#[test]
fn q7_q9_a_kill_at_any_output_sends_no_temporary_id_and_loses_no_dependant() {
    for lose_answers in [false, true] {
        let kills = (0..).take_while(|kill| scenario(*kill, lose_answers)).count();
        assert!(kills > 20, "only {kills} places to kill at");
    }
}
