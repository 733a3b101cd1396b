//! Reliable emits (C6, protocol section 7): per person and stream, each number runs once and in order, and its answer is
//! kept until the client has it. It does not know connections but as somebody who waits, and runs nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::ids::{SessionId, Timestamp, UserId};
use crate::io::Args;
use crate::limits;

/// One engine's emits, of one person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamKey {
    pub(crate) user: UserId,
    pub(crate) stream: Arc<str>,
}

/// What to do with an emit that came in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Run it now.
    Run,
    /// It, or one before it, is running: offer it again when that has finished.
    Wait,
    /// It has run; this was the answer.
    Answer(Args),
    /// It does not run: this person has too many streams.
    Full,
}

struct Stream {
    /// The lowest number that may run next; all below have run, run now, or were given up.
    next: u64,
    floor: u64,
    running: Option<u64>,
    answers: BTreeMap<u64, Args>,
    bytes: usize,
    waiters: Vec<SessionId>,
    links: BTreeSet<SessionId>,
    /// When the last link ended.
    left: Timestamp,
}

impl Stream {
    fn new(number: u64) -> Stream {
        Stream {
            next: number,
            floor: 1,
            running: None,
            answers: BTreeMap::new(),
            bytes: 0,
            waiters: Vec::new(),
            links: BTreeSet::new(),
            left: Timestamp(0),
        }
    }

    fn raise_floor(&mut self, floor: u64) {
        self.floor = self.floor.max(floor);
        // What the client has given up must not run any more.
        self.next = self.next.max(self.floor);
        while let Some(first) = self.answers.first_entry().filter(|entry| *entry.key() < self.floor) {
            self.bytes -= weight(&first.remove());
        }
    }

    fn keep(&mut self, number: u64, answer: Args) {
        if number < self.floor {
            return;
        }
        self.bytes += weight(&answer);
        self.answers.insert(number, answer);
        while self.bytes > limits::STREAM_ANSWER_BYTES {
            let Some((_, oldest)) = self.answers.pop_first() else { return };
            self.bytes -= weight(&oldest);
        }
    }

    fn is_idle(&self) -> bool {
        self.links.is_empty() && self.running.is_none()
    }
}

/// What a kept answer costs.
fn weight(answer: &Args) -> usize {
    answer.bytes() + limits::STREAM_ANSWER_COST
}

/// All streams of this process.
#[derive(Default)]
pub(crate) struct Streams(BTreeMap<StreamKey, Stream>);

impl Streams {
    /// An emit came in over a connection. If it is to run or to wait, the connection is woken by [`Streams::finish`].
    pub(crate) fn offer(&mut self, key: &StreamKey, number: u64, floor: u64, from: SessionId) -> Offer {
        if !self.0.contains_key(key) && !self.make_room(&key.user) {
            return Offer::Full;
        }
        let stream = self.0.entry(key.clone()).or_insert_with(|| Stream::new(number));
        stream.links.insert(from);
        stream.raise_floor(floor);
        if stream.running == Some(number) {
            stream.waiters.push(from);
            return Offer::Wait;
        }
        if number < stream.next {
            return Offer::Answer(stream.answers.get(&number).cloned().unwrap_or_default());
        }
        stream.waiters.push(from);
        if stream.running.is_some() {
            return Offer::Wait;
        }
        stream.running = Some(number);
        stream.next = number + 1;
        Offer::Run
    }

    /// The emit that ran has finished; who waits is to offer again, in this order.
    pub(crate) fn finish(&mut self, key: &StreamKey, number: u64, answer: Args) -> Vec<SessionId> {
        let Some(stream) = self.0.get_mut(key) else { return Vec::new() };
        stream.running = None;
        stream.keep(number, answer);
        std::mem::take(&mut stream.waiters)
    }

    /// A connection has ended; whether it was the stream's last.
    pub(crate) fn unlink(&mut self, key: &StreamKey, session: SessionId, now: Timestamp) -> bool {
        let Some(stream) = self.0.get_mut(key) else { return false };
        stream.left = now;
        stream.links.remove(&session) && stream.links.is_empty()
    }

    /// The time of a stream without connections is over; `false` if it must be asked again later.
    pub(crate) fn expire(&mut self, key: &StreamKey) -> bool {
        let Some(stream) = self.0.get(key) else { return true };
        if stream.links.is_empty() && stream.running.is_some() {
            return false;
        }
        if stream.is_idle() {
            self.0.remove(key);
        }
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether one more stream fits; the one that was left first makes room.
    fn make_room(&mut self, user: &UserId) -> bool {
        let first = StreamKey { user: user.clone(), stream: "".into() };
        let own = self.0.range((Bound::Included(first), Bound::Unbounded));
        let own: Vec<_> = own.take_while(|(key, _)| key.user == *user).collect();
        if own.len() < limits::STREAMS_PER_USER {
            return true;
        }
        let oldest =
            own.into_iter().filter(|(_, stream)| stream.is_idle()).min_by_key(|(_, stream)| stream.left);
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return false };
        self.0.remove(&oldest);
        true
    }
}
