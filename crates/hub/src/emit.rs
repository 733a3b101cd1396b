//! Reliable emits of connections: from the frame to the handler and back to everybody who waits for the answer (C6).
//! What runs when is decided by [`crate::streams`].

use tidewire_wire::inband::EmitRequest;
use tidewire_wire::{FrameError, dialect};

use crate::hub::Deadline;
use crate::ids::SessionId;
use crate::io::{Args, CloseReason, Json, Output};
use crate::limits;
use crate::session::{Busy, Phase};
use crate::streams::{Offer, StreamKey};
use crate::{Asked, Hub};

/// An emit on its way, with whom it is answered to.
pub(crate) struct Emit {
    pub(crate) key: StreamKey,
    pub(crate) number: u64,
    floor: u64,
    name: String,
    args: Args,
    ack: Option<u64>,
}

impl Hub {
    /// `tw:emit` came in.
    pub(crate) fn emit(&mut self, session: SessionId, args: Args, ack: Option<u64>) {
        let Some(user) = self.links.get(session).and_then(|link| link.user().cloned()) else { return };
        let emit = match EmitRequest::parse(&args.json.0) {
            Ok(asked) => Emit {
                key: StreamKey { user, stream: (&*asked.stream).into() },
                number: asked.number,
                floor: asked.floor,
                name: asked.name.into_owned(),
                args: Args { json: Json(asked.args.to_owned()), attachments: args.attachments },
                ack,
            },
            Err(error) => return self.links.close(session, CloseReason::Malformed(error)),
        };
        let Some(link) = self.links.get(session) else { return };
        if link.streams.len() >= limits::STREAMS_PER_LINK && !link.streams.contains(&emit.key) {
            return self.links.close(session, CloseReason::Malformed(FrameError::Request));
        }
        self.offer(session, emit);
    }

    fn offer(&mut self, session: SessionId, emit: Emit) {
        let Some(link) = self.links.get_mut(session) else { return };
        link.streams.insert(emit.key.clone());
        match self.streams.offer(&emit.key, emit.number, emit.floor, session) {
            Offer::Answer(answer) => {
                if let Some(ack) = emit.ack {
                    self.links.acknowledge(session, ack, &answer);
                }
            }
            Offer::Full => {
                if let Some(ack) = emit.ack {
                    self.links.send(session, dialect::join_refusal(ack, "TooManyStreams").into());
                }
            }
            Offer::Wait => self.wait(session, Busy::Emitting { emit }),
            Offer::Run => {
                let Some(link) = self.links.get(session) else { return };
                let Phase::Connected { user, socket, .. } = &link.phase else { return };
                let (user, socket, namespace) = (user.clone(), socket.clone(), link.namespace.clone());
                let (name, args) = (emit.name.clone(), emit.args.clone());
                let request = self.ask(Asked::Emit(emit.key.clone(), emit.number));
                self.wait(session, Busy::Emitting { emit });
                self.links.push(Output::Dispatch {
                    request,
                    session,
                    socket,
                    namespace,
                    user,
                    name,
                    args,
                    behind: Vec::new(),
                });
            }
        }
        // The last events of a connection that has ended are no reason to keep a stream longer.
        if !self.links.get(session).is_some_and(|link| link.open) {
            self.unlink_streams(session);
        }
    }

    /// The handler of an emit has finished.
    pub(crate) fn emitted(&mut self, key: &StreamKey, number: u64, answer: Args) {
        for session in self.streams.finish(key, number, answer) {
            let Some(link) = self.links.get_mut(session) else { continue };
            let waits = |busy: &mut Busy| matches!(busy, Busy::Emitting { emit } if emit.key == *key);
            let Some(Busy::Emitting { emit }) = link.busy.take_if(waits) else { continue };
            self.offer(session, emit);
            self.run(session);
            self.forget_if_done(session);
        }
    }

    /// A connection has ended: the time of its streams runs.
    pub(crate) fn unlink_streams(&mut self, session: SessionId) {
        let Some(link) = self.links.get_mut(session) else { return };
        for key in std::mem::take(&mut link.streams) {
            if self.streams.unlink(&key, session, self.now) {
                self.timers.set(Deadline::Stream(key), self.now.after(limits::STREAM_TIME));
            }
        }
    }

    pub(crate) fn stream_expired(&mut self, key: StreamKey) {
        if !self.streams.expire(&key) {
            self.timers.set(Deadline::Stream(key), self.now.after(limits::STREAM_TIME));
        }
    }
}
