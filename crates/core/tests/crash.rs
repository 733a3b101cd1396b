//! Kill the process at every output, restart from the disk, demand the same end (Q1, Q2, Q9, P1 in small).
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
                        names: Vec::new(),
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

const WRITES: [(&str, &str); 6] =
    [("/a", "1"), ("/b", "1"), ("/a", "2"), ("/a", "3"), ("/c", "1"), ("/b", "2")];

/// One life with a kill after `kill` outputs, then lives without. Returns whether the first was killed.
fn scenario(kill: usize, lose_answers: bool) -> bool {
    let mut world = World {
        rig: Rig::idle(rig::config(), BTreeMap::new(), 1),
        server: Server::default(),
        left: kill,
        lose_answers,
        durable: Vec::new(),
    };
    let mut submitted = Vec::new();
    for (path, body) in WRITES {
        let write = Submission {
            method: "POST".into(),
            path: path.into(),
            body: Some(body.into()),
            name: "count".into(),
            optimistic: true,
            ..Default::default()
        };
        let accepted = world.rig.engine.command(Command::Submit { write }, world.rig.now()).unwrap();
        let Accepted::Queued { write } = accepted else { panic!() };
        submitted.push(((path.to_owned(), body.to_owned()), write));
    }
    world.rig.engine.handle(Input::Leader { epoch: LeaderEpoch(1) }, world.rig.now());
    let killed = !world.work();
    let promised: Vec<_> = submitted
        .into_iter()
        .filter(|(_, write)| world.durable.contains(write))
        .map(|(effect, _)| effect)
        .collect();
    // The next lives.
    world.rig = Rig::idle(rig::config(), world.rig.disk, 2);
    world.left = usize::MAX;
    world.rig.engine.handle(Input::Leader { epoch: LeaderEpoch(2) }, world.rig.now());
    assert!(world.work());

    let effects = &world.server.effects;
    for effect in &promised {
        let times = effects.iter().filter(|e| *e == effect).count();
        assert_eq!(times, 1, "kill after {kill}: {effect:?} was promised and applied {times} times");
    }
    for (path, _) in WRITES {
        let lane: Vec<_> = effects.iter().filter(|(p, _)| p == path).map(|(_, body)| body.clone()).collect();
        assert!(lane.is_sorted(), "kill after {kill}: {path} came as {lane:?}");
        assert!(lane.windows(2).all(|w| w[0] != w[1]), "kill after {kill}: {path} twice: {lane:?}");
    }
    if !killed {
        assert_eq!(effects.len(), WRITES.len());
        assert_eq!(world.rig.disk.keys().collect::<Vec<_>>(), ["m/client"], "nothing is left behind");
    }
    killed
}

#[test]
fn q1_q2_q9_a_kill_at_any_output_loses_nothing_promised_and_applies_nothing_twice() {
    for lose_answers in [false, true] {
        let kills = (0..).take_while(|kill| scenario(*kill, lose_answers)).count();
        assert!(kills > 60, "only {kills} places to kill at");
    }
}
