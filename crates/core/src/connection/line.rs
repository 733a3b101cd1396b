//! One transport link that has said hello: how long its silence is believed, and packets whose attachments are still coming
//! (C4, C11). It does not know what a packet means.

use crate::gather::Gather;
use crate::ids::*;
use crate::io::FrameBody;
use crate::limits;

/// A frame that is kept to be read later.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) text: String,
    pub(crate) truncated: bool,
    pub(crate) body: FrameBody,
    pub(crate) attachments: Vec<BodyId>,
}

impl Whole {
    /// Everything that the host keeps for it.
    pub(crate) fn bodies(self) -> Vec<BodyId> {
        let first = match self.body {
            FrameBody::Json { body, .. } => Some(body),
            FrameBody::None {} | FrameBody::Invalid {} => None,
        };
        first.into_iter().chain(self.attachments).gather()
    }
}

/// What became of a binary message.
#[derive(Debug)]
pub(crate) enum Part {
    /// More are to come.
    Missing,
    /// It was the last one.
    Complete(Whole),
    /// No packet announced it.
    Unannounced,
    /// The packet is above the limit.
    Oversized,
}

#[derive(Debug)]
struct Assembly {
    whole: Whole,
    announced: usize,
    bytes: u64,
}

/// A link.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) link: LinkId,
    patience: Millis,
    heard: Timestamp,
    assembly: Option<Assembly>,
    /// The link takes more without queueing much.
    pub(crate) writable: bool,
}

impl Line {
    pub(crate) fn new(link: LinkId, patience: Millis, now: Timestamp) -> Line {
        Line { link, patience, heard: now, assembly: None, writable: true }
    }

    /// When its silence is not believed any more.
    pub(crate) fn deadline(&self) -> Timestamp {
        self.heard.after(self.patience)
    }

    pub(crate) fn heard(&mut self, now: Timestamp) {
        self.heard = now;
    }

    pub(crate) fn last_heard(&self) -> Timestamp {
        self.heard
    }

    /// Attachments of an earlier packet are missing: no other packet may come between.
    pub(crate) fn is_assembling(&self) -> bool {
        self.assembly.is_some()
    }

    pub(crate) fn announce(&mut self, whole: Whole, announced: u32) {
        self.assembly = Some(Assembly { whole, announced: announced as usize, bytes: 0 });
    }

    pub(crate) fn attach(&mut self, body: BodyId, length: u32) -> Part {
        let Some(assembly) = &mut self.assembly else { return Part::Unannounced };
        assembly.whole.attachments.push(body);
        assembly.bytes += u64::from(length);
        if assembly.bytes > limits::ATTACHMENT_BYTES {
            return Part::Oversized;
        }
        if assembly.whole.attachments.len() < assembly.announced {
            return Part::Missing;
        }
        match self.assembly.take() {
            Some(assembly) => Part::Complete(assembly.whole),
            None => Part::Unannounced,
        }
    }

    /// What the host keeps for a packet that will not be complete.
    pub(crate) fn unfinished(&mut self) -> Vec<BodyId> {
        self.assembly.take().map(|assembly| assembly.whole.bodies()).unwrap_or_default()
    }
}
