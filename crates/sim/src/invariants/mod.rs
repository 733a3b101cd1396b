//! What must hold, as objects: each looks at the world after every happening, and at its rest. None changes anything.

mod app;
mod convergence;
mod delivery;
mod emits;
mod memory;

use std::fmt::Debug;

use crate::world::World;

/// Something that must hold.
pub trait Invariant: Debug {
    /// Its name.
    fn name(&self) -> &'static str;
    /// After each happening: what is wrong.
    fn step(&mut self, world: &World) -> Option<String> {
        let _ = world;
        None
    }
    /// When everything is healed and nothing happens any more.
    fn rest(&mut self, world: &World) -> Option<String> {
        let _ = world;
        None
    }
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(delivery::Once::default()),
        Box::new(delivery::LaneOrder::default()),
        Box::new(delivery::NothingLost),
        Box::new(emits::Emits::default()),
        Box::new(emits::Ties::default()),
        Box::new(app::AppState::default()),
        Box::new(convergence::Converged),
        Box::new(convergence::NothingMissed),
        Box::new(memory::Bounded),
    ]
}
