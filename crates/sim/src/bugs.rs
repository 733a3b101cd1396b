//! Bugs that are planted between the engine and its world, to see that the simulator finds them. No code of the engine
//! knows of these: outputs and inputs are changed on their way.

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// Requests say that nothing below them will ever be sent again (Q9).
    FloorTooHigh,
    /// A claim is told to be on disk and is not (Q9).
    ClaimNotStored,
    /// The disk takes steps of earlier leaders (Q19).
    FenceIgnored,
    /// A layer goes with the answer, before the base has the write (Q17).
    LayerRetiredEarly,
    /// A layer goes from all queries when one base has the write (Q17).
    LayerRetiredEverywhere,
    /// Events are applied to bases whatever they cover (Y2).
    OffsetNotChecked,
    /// A record is removed without the bases that carry its write (Q2).
    RemovedBeforeBase,
    /// A step is told to be on disk when it is only asked for (Q1).
    PersistedEarly,
    /// Rooms are joined from one event too late (Y2).
    SinceTooNew,
    /// Every attempt has a key of its own (Q9).
    KeyPerAttempt,
    /// Writes of one lane leave in parallel (Q6).
    LaneIgnored,
    /// The server forgets now and then what it has applied (V5).
    Forgetful,
    /// Temporary ids get the name of another write (Q7).
    WrongName,
    /// Requests carry the token of the device's first owner (Q20).
    TokenMixedUp,
    /// Reliable emits are numbered anew on every link (C6).
    StreamPerLink,
    /// A new history of a room looks like the old one (Y2).
    EpochHidden,
    /// Tabs do not hear of each other's writes (Q19).
    NewsLost,
    /// What nobody said is harmless to repeat on a foreign server is repeated (Q9).
    ForeignRepeated,
    /// A foreign server is taken for ours (Q9).
    ForeignTakenForOurs,
    /// An emit goes to another namespace (C1).
    NamespaceMixedUp,
}

impl Bug {
    /// All.
    pub const ALL: [Bug; 20] = [
        Bug::FloorTooHigh,
        Bug::ClaimNotStored,
        Bug::FenceIgnored,
        Bug::LayerRetiredEarly,
        Bug::LayerRetiredEverywhere,
        Bug::OffsetNotChecked,
        Bug::RemovedBeforeBase,
        Bug::PersistedEarly,
        Bug::SinceTooNew,
        Bug::KeyPerAttempt,
        Bug::LaneIgnored,
        Bug::Forgetful,
        Bug::WrongName,
        Bug::TokenMixedUp,
        Bug::StreamPerLink,
        Bug::EpochHidden,
        Bug::NewsLost,
        Bug::ForeignRepeated,
        Bug::ForeignTakenForOurs,
        Bug::NamespaceMixedUp,
    ];

    /// By its name, as `Debug` shows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Bug> {
        Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == name)
    }
}
