//! One process that is killed after any of its outputs, and started again from what its disk holds.
#![allow(dead_code, unreachable_pub, clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use tidewire_core::*;

use crate::rig::{self, Rig};
use crate::sim::Server;

/// A process that is killed after so many outputs, and the server that outlives it.
pub struct Mortal {
    pub rig: Rig,
    pub server: Server,
    /// Outputs until the kill.
    pub left: usize,
    /// The first answer to each write gets lost.
    pub lose_answers: bool,
    pub durable: Vec<WriteId>,
}

impl Mortal {
    pub fn new(kill: usize, lose_answers: bool) -> Mortal {
        let rig = Rig::idle(rig::config(), BTreeMap::new(), 1);
        Mortal { rig, server: Server::default(), left: kill, lose_answers, durable: Vec::new() }
    }

    pub fn submit(&mut self, write: Submission) -> WriteId {
        let accepted = self.rig.engine.command(Command::Submit { write }, self.rig.now()).unwrap();
        let Accepted::Queued { write } = accepted else { panic!("not queued") };
        write
    }

    pub fn lead(&mut self, epoch: u64) {
        self.rig.engine.handle(Input::Leader { epoch: LeaderEpoch(epoch) }, self.rig.now());
    }

    /// The next process finds what is on the disk, and lives.
    pub fn restart(&mut self) {
        self.rig = Rig::idle(rig::config(), std::mem::take(&mut self.rig.disk), 2);
        self.left = usize::MAX;
    }

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
                        names: request.temp_ids.iter().map(|temp| named(temp)).collect(),
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
    pub fn work(&mut self) -> bool {
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

/// The server gives every temporary id the same real one.
fn named(temp: &str) -> Named {
    Named { temp: temp.to_owned(), real: "7".into() }
}
