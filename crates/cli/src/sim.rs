//! `tidewire sim`: hands what is asked for to the simulator. It must not know what a seed is.

use std::io::Write;

use tidewire_sim::command::{Order, execute};

use crate::args::SimArgs;
use crate::exit::{Exit, FAILED};

/// Runs it; what breaks a promise is a failure.
pub(crate) fn run(args: SimArgs) -> Result<(), Exit> {
    let SimArgs { seed, seeds, hours, from, bugs, bug, verbose, keep_going } = args;
    let order = Order { seeds, hours, seed, bugs, bug, from, verbose, keep_going };
    let mut out = std::io::stdout().lock();
    let held = execute(&order, &mut out).and_then(|held| out.flush().map(|()| held));
    match held {
        Ok(true) => Ok(()),
        Ok(false) => Err(Exit { code: FAILED, message: None }),
        Err(error) => Err(Exit::new(FAILED, error)),
    }
}
