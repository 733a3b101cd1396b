//! One engine driven by bytes. It only translates: what happens is the engine's business.

use crate::border::*;
use crate::codec::{Codec, DecodeError};
use tidewire_core::Engine;

/// An engine behind one buffer each way.
#[derive(Debug)]
pub struct Session {
    engine: Engine,
}

impl Session {
    /// From the bytes of an [`Init`]. What the new engine wants done comes with the first step.
    ///
    /// # Errors
    /// If the bytes are malformed.
    pub fn new(init: &[u8]) -> Result<Session, DecodeError> {
        let Init { config, seed, now } = Init::from_bytes(init)?;
        Ok(Session { engine: Engine::new(config, seed, now) })
    }

    /// Takes the bytes of a [`Batch`], gives those of a [`StepResult`]. Malformed bytes change nothing (P4).
    #[must_use]
    pub fn step(&mut self, batch: &[u8]) -> Vec<u8> {
        self.result(batch).to_bytes()
    }

    fn result(&mut self, batch: &[u8]) -> StepResult {
        match Batch::from_bytes(batch) {
            Ok(batch) => self.run(batch),
            Err(error) => StepResult::Failed { failure: Failure::Malformed { error } },
        }
    }

    /// The same without bytes.
    #[must_use]
    pub fn run(&mut self, batch: Batch) -> StepResult {
        let mut outputs = Vec::new();
        self.drain(&mut outputs);
        for message in batch.messages {
            match message {
                Message::Input(input) => self.engine.handle(input, batch.now),
                Message::Command(command) => {
                    let result = self.engine.command(command, batch.now).into();
                    outputs.push(Effect::Reply(Reply::Reply { result }));
                }
            }
            self.drain(&mut outputs);
        }
        StepResult::Done { outputs, timeout: self.engine.poll_timeout() }
    }

    fn drain(&mut self, outputs: &mut Vec<Effect>) {
        while let Some(output) = self.engine.poll_output() {
            outputs.push(Effect::Output(output));
        }
    }
}
