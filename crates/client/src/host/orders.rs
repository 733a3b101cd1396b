//! What handles of the app ask of the host.

use serde_json::Value;
use tidewire_core::{
    Accepted, AckToken, BodyId, Command, EmitClass, EmitId, Input, Millis, Position, QueryId, Refusal,
    RoomId, RoomState, Submission, WriteId,
};
use tokio::sync::{oneshot, watch};

use super::{Emit, Host};
use crate::client::Answered;
use crate::emit::EmitError;
use crate::event::{Event, Feed, Heard};
use crate::store::worker::Job;
use crate::write::Progress;

/// An order. Those without a reply cannot fail.
pub(crate) enum Order {
    Connect(oneshot::Sender<()>),
    Disconnect,
    Process,
    Emit {
        name: String,
        args: Vec<Value>,
        ack: bool,
        timeout: Millis,
        reply: oneshot::Sender<Answered>,
    },
    Join(RoomId, oneshot::Sender<Result<watch::Receiver<RoomState>, Refusal>>),
    Leave(RoomId),
    Submit(Submission, oneshot::Sender<Result<(WriteId, watch::Receiver<Progress>), Refusal>>),
    /// Cancel, retry or discard.
    Act(Command, oneshot::Sender<Result<(), Refusal>>),
    Subscribe(Feed<Event>),
    Listen {
        room: RoomId,
        since: Option<Position>,
        feed: Feed<Heard>,
        reply: oneshot::Sender<Result<QueryId, Refusal>>,
    },
    Unlisten(QueryId),
    Store(Job),
    Reply {
        ack: AckToken,
        args: Vec<Value>,
    },
    Shutdown(oneshot::Sender<()>),
}

impl Host {
    pub(super) fn obey(&mut self, order: Order) {
        match order {
            Order::Connect(reply) => {
                let _ = self.command(Command::Connect {});
                let _ = reply.send(());
            }
            Order::Disconnect => drop(self.command(Command::Disconnect {})),
            Order::Process => drop(self.command(Command::Process { pass: tidewire_core::PassId(1) })),
            Order::Emit { name, args, ack, timeout, reply } => self.emit(name, &args, ack, timeout, reply),
            Order::Join(room, reply) => {
                let state = self.rooms.watch(&room);
                let joined = self.command(Command::Join { room });
                let _ = reply.send(joined.map(|_| state));
            }
            Order::Leave(room) => drop(self.command(Command::Leave { room })),
            Order::Submit(submission, reply) => self.submit(submission, reply),
            Order::Act(command, reply) => {
                let done = self.command(command).map(|_| ());
                let _ = reply.send(done);
            }
            Order::Subscribe(feed) => {
                self.reap();
                self.subscribers.push(feed);
            }
            Order::Listen { room, since, feed, reply } => self.listen(room, since, feed, reply),
            Order::Unlisten(query) => {
                if let Some(room) = self.rooms.unlisten(query) {
                    self.tell(Input::QueryGone { query });
                    let _ = self.command(Command::Leave { room });
                }
            }
            // If the thread is gone, so is the job, and its reply with it.
            Order::Store(job) => drop(self.ports.jobs.send(job)),
            Order::Reply { ack, args } => self.answer(ack, &args),
            Order::Shutdown(_) => unreachable!("the loop ends at this order"),
        }
    }

    /// Steps 1 and 2 of the run loop, for a command.
    fn command(&mut self, command: Command) -> Result<Accepted, Refusal> {
        let result = self.engine.command(command, self.clock.now());
        self.drain();
        while let Some(input) = self.later.pop_front() {
            self.tell(input);
        }
        result
    }

    fn emit(
        &mut self,
        name: String,
        args: &[Value],
        ack: bool,
        timeout: Millis,
        reply: oneshot::Sender<Answered>,
    ) {
        let (body, size) = self.outgoing(args);
        self.next_emit = self.next_emit.wrapping_add(1);
        let emit = EmitId(self.next_emit);
        self.emits.insert(emit, Emit { reply, body });
        let command = Command::Emit {
            emit,
            namespace: None,
            name,
            body,
            attachments: Vec::new(),
            size,
            ack,
            timeout,
            class: EmitClass::Plain {},
        };
        if let Err(refusal) = self.command(command) {
            self.emitted(emit, Err(EmitError::Refused(refusal)));
        }
    }

    fn answer(&mut self, ack: AckToken, args: &[Value]) {
        let (body, size) = self.outgoing(args);
        // Where the link is gone, nobody waits for it any more.
        let _ = self.command(Command::Reply { ack, body, attachments: Vec::new(), size });
        if let Some(body) = body {
            self.bodies.release(body);
        }
    }

    fn outgoing(&mut self, args: &[Value]) -> (Option<BodyId>, u32) {
        let json = crate::event::join(args);
        let size = u32::try_from(json.len()).unwrap_or(u32::MAX);
        ((!args.is_empty()).then(|| self.bodies.outgoing(json)), size)
    }

    pub(super) fn emitted(&mut self, emit: EmitId, result: Answered) {
        if let Some(Emit { reply, body }) = self.emits.remove(&emit) {
            if let Some(body) = body {
                self.bodies.release(body);
            }
            let _ = reply.send(result);
        }
    }

    fn submit(
        &mut self,
        submission: Submission,
        reply: oneshot::Sender<Result<(WriteId, watch::Receiver<Progress>), Refusal>>,
    ) {
        // The outputs of this very command may speak of the write: its progress must be there before they are performed.
        let accepted = self.engine.command(Command::Submit { write: submission }, self.clock.now());
        let submitted = accepted.map(|accepted| match accepted {
            Accepted::Queued { write } => {
                let (sender, progress) = watch::channel(Progress::default());
                self.writes.insert(write.clone(), sender);
                (write, progress)
            }
            // Both need options of a submission that this API does not offer yet.
            Accepted::Done {} | Accepted::Merged { .. } | Accepted::Asked {} => {
                unreachable!("the engine names every write that it queues")
            }
        });
        self.drain();
        while let Some(input) = self.later.pop_front() {
            self.tell(input);
        }
        let _ = reply.send(submitted);
    }

    fn listen(
        &mut self,
        room: RoomId,
        since: Option<Position>,
        feed: Feed<Heard>,
        reply: oneshot::Sender<Result<QueryId, Refusal>>,
    ) {
        let query = self.rooms.listen(&room, since.is_some(), feed);
        if let Some(since) = since {
            self.tell(Input::Bound { room: room.clone(), queries: self.rooms.queries(&room) });
            self.tell(Input::BaseInstalled {
                query,
                positions: vec![since],
                applied: None,
                carries: Vec::new(),
                restored: true,
            });
        }
        let joined = self.command(Command::Join { room }).map(|_| query);
        if joined.is_err() {
            self.rooms.unlisten(query);
            self.tell(Input::QueryGone { query });
        }
        let _ = reply.send(joined);
    }
}
