//! The engine as the host drives it, with a recorder beside it where one is wanted. Decides nothing.

#[cfg(feature = "recording")]
use std::collections::VecDeque;

use tidewire_core::{Accepted, Command, Engine, Input, Now, Output, Refusal, Timestamp};

#[cfg(feature = "recording")]
use crate::record::{self, Recorder};

pub(crate) struct Driver {
    engine: Engine,
    #[cfg(feature = "recording")]
    recorder: Option<Box<Recorder>>,
    /// What was recorded and is not performed yet.
    #[cfg(feature = "recording")]
    outputs: VecDeque<Output>,
}

impl Driver {
    pub(crate) fn new(engine: Engine) -> Driver {
        Driver {
            engine,
            #[cfg(feature = "recording")]
            recorder: None,
            #[cfg(feature = "recording")]
            outputs: VecDeque::new(),
        }
    }

    #[cfg(feature = "recording")]
    pub(crate) fn recorded(self, recorder: Recorder) -> Driver {
        Driver { recorder: Some(Box::new(recorder)), ..self }
    }

    #[cfg(feature = "recording")]
    pub(super) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_deref()
    }

    pub(super) fn handle(&mut self, input: Input, now: Now) {
        #[cfg(feature = "recording")]
        if self.recorder.is_some() {
            let effects = record::handled(&mut self.engine, input.clone(), now);
            return self.keep(tidewire_ffi::Message::Input(input), now, effects);
        }
        self.engine.handle(input, now);
    }

    pub(super) fn command(&mut self, command: Command, now: Now) -> Result<Accepted, Refusal> {
        #[cfg(feature = "recording")]
        if self.recorder.is_some() {
            let (result, effects) = record::commanded(&mut self.engine, command.clone(), now);
            self.keep(tidewire_ffi::Message::Command(command), now, effects);
            return result;
        }
        self.engine.command(command, now)
    }

    #[cfg(feature = "recording")]
    fn keep(&mut self, message: tidewire_ffi::Message, now: Now, effects: Vec<tidewire_ffi::Effect>) {
        if let Some(recorder) = &mut self.recorder {
            recorder.keep(message, now, &effects, self.engine.poll_timeout());
        }
        self.outputs.extend(effects.into_iter().filter_map(|effect| match effect {
            tidewire_ffi::Effect::Output(output) => Some(output),
            tidewire_ffi::Effect::Reply(_) => None,
        }));
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        #[cfg(feature = "recording")]
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        self.engine.poll_output()
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.engine.poll_timeout()
    }
}
