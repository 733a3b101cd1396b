//! Where the hub lives (V8): whoever brings a fact works the hub, or, if somebody does already, leaves the fact to them and goes
//! on. So nobody waits for it, no fact changes tasks on its way, and facts are taken in the order in which they came. It
//! decides nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tidewire_hub::{CloseReason, Hub, Inbound, Input, Output, RequestId, SessionId, Timestamp, Transport};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::context::{Asked, Fact};
use super::handlers::Handlers;
use super::mailbox::{Mailbox, ToSocket, Wakes};
use super::tally::{self, Tally};
use crate::auth::{Authenticator, HandshakeRequest};
use crate::event::{History, RoomEvent};
use crate::socket::RoomAuthorizer;

/// Facts of all connections that may wait; then reading waits.
pub(crate) const INBOX: usize = 1024;
/// So often somebody who brought a fact goes on with what has come of it, and with what others have brought meanwhile; then a task of
/// its own does.
const ROUNDS: usize = 64;
/// After so many rounds others hear of what they have to write.
const TOLD: usize = 16;
/// So long the task of a connection runs handlers of others; then they get tasks of their own, so that nobody waits for them for long.
const HERE: Duration = Duration::from_millis(5);
/// No deadline.
const NEVER: u64 = u64::MAX;

/// The hub's end of a connection.
pub(crate) struct Link {
    pub(crate) mail: Arc<Mailbox>,
    /// How it began; kept while somebody may still ask for a session.
    pub(crate) request: Option<Arc<HandshakeRequest>>,
}

/// What connections tell the hub.
pub(crate) enum FromSocket {
    Opened { session: SessionId, sid: String, transport: Transport, link: Link },
    Received { session: SessionId, frame: Inbound },
    Flushed { session: SessionId, bytes: u64 },
    Closed { session: SessionId },
}

/// What the app decides, and where history is read.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) authorizer: Arc<dyn RoomAuthorizer>,
    pub(crate) history: Arc<dyn History>,
    pub(crate) handlers: Handlers,
}

/// What the app, or the history, is to be asked once the hub is free again.
pub(crate) struct Question {
    pub(crate) output: Output,
    /// How the connection began, for `Authenticate`.
    pub(crate) request: Option<Arc<HandshakeRequest>>,
}

/// Which handlers may run where the hub is worked: none in the app's own code.
#[derive(Default)]
pub(super) struct Here {
    /// All of the connection whose task this is.
    own: Option<SessionId>,
    /// Those of others until then: the task of one that finds the hub held has left its events to whoever holds it, and has gone on.
    until: Option<Instant>,
}

impl Here {
    fn in_task_of(own: Option<SessionId>) -> Here {
        Here { own, until: Some(Instant::now() + HERE) }
    }

    pub(super) fn runs(&mut self, session: SessionId) -> bool {
        if self.own == Some(session) {
            return true;
        }
        self.until = self.until.filter(|until| Instant::now() < *until);
        self.until.is_some()
    }
}

/// The hub with what it is run by.
pub(crate) struct Core {
    pub(super) app: App,
    pub(super) tally: Arc<Tally>,
    pub(super) runtime: Handle,
    inbox: Mutex<VecDeque<Fact>>,
    hub: Mutex<Run>,
    zero: Instant,
    /// How often handlers have ended sessions.
    pub(super) dismissals: AtomicU64,
    /// The hub's next deadline, and a word when it has come nearer.
    deadline: AtomicU64,
    nearer: Arc<Notify>,
}

struct Run {
    hub: Hub,
    links: BTreeMap<SessionId, Link>,
    /// Connections whose CONNECT is being judged.
    judging: BTreeMap<RequestId, SessionId>,
    asked: Asked,
    batch: VecDeque<Fact>,
    /// Memory for the next questions.
    spare: Vec<Question>,
}

impl Core {
    /// Starts on the current runtime.
    pub(crate) fn start(
        hub: Hub,
        app: App,
        tally: Arc<Tally>,
        feed: mpsc::UnboundedReceiver<Vec<RoomEvent>>,
    ) -> Arc<Core> {
        let run = Run {
            hub,
            links: BTreeMap::new(),
            judging: BTreeMap::new(),
            asked: Asked::default(),
            batch: VecDeque::new(),
            spare: Vec::new(),
        };
        let core = Arc::new(Core {
            app,
            tally,
            runtime: Handle::current(),
            inbox: Mutex::default(),
            hub: Mutex::new(run),
            zero: Instant::now(),
            dismissals: AtomicU64::new(0),
            deadline: AtomicU64::new(NEVER),
            nearer: Arc::default(),
        });
        core.runtime.spawn(keep_time(Arc::downgrade(&core), core.nearer.clone(), core.zero));
        core.runtime.spawn(take_feed(Arc::downgrade(&core), feed));
        core
    }

    /// Brings a fact.
    pub(crate) fn tell(self: &Arc<Self>, fact: impl Into<Fact>) {
        self.leave(fact.into());
        self.work();
    }

    /// Brings what a connection has received at once, from its own task: handlers that do not wait run here. Connections that then have
    /// something to write are woken by the caller, who may have more for them.
    pub(crate) fn receive(self: &Arc<Self>, session: SessionId, frames: Vec<Inbound>, wakes: &mut Wakes) {
        let facts = frames.into_iter().map(|frame| FromSocket::Received { session, frame }.into());
        self.inbox().extend(facts);
        self.work_as(Here::in_task_of(Some(session)), wakes);
    }

    /// Leaves a fact to whoever works the hub next.
    pub(super) fn leave(&self, fact: Fact) {
        self.inbox().push_back(fact);
    }

    /// Facts that the hub has not taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.inbox().len()
    }

    fn inbox(&self) -> MutexGuard<'_, VecDeque<Fact>> {
        // Nothing that holds it can panic.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A rule of the hub was broken: it takes no facts any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.hub.is_poisoned()
    }

    /// Works for the app, in whose code no handlers are to run.
    fn work(self: &Arc<Self>) {
        self.work_as(Here::default(), &mut Wakes::default());
    }

    /// Works until nothing waits, unless somebody else does. Handlers may run `here`.
    fn work_as(self: &Arc<Self>, mut here: Here, wakes: &mut Wakes) {
        let mut questions = Vec::new();
        for round in 1..=ROUNDS {
            // Whoever holds it looks again after having let it go: nothing is left behind.
            let Ok(run) = self.hub.try_lock() else { return };
            self.drain(run, &mut questions, wakes);
            for question in questions.drain(..) {
                self.ask(question, &mut here);
            }
            if self.waiting() == 0 {
                return;
            }
            if round % TOLD == 0 {
                wakes.wake();
            }
        }
        let core = self.clone();
        self.runtime.spawn(async move { core.work_as(Here::in_task_of(None), &mut Wakes::default()) });
    }

    fn drain(&self, mut run: MutexGuard<'_, Run>, questions: &mut Vec<Question>, wakes: &mut Wakes) {
        if questions.capacity() == 0 {
            std::mem::swap(questions, &mut run.spare);
        }
        let mut batch = std::mem::take(&mut run.batch);
        std::mem::swap(&mut *self.inbox(), &mut batch);
        let now = self.now();
        for fact in batch.drain(..) {
            let input = run.learn(fact, &self.app, &self.tally);
            run.hub.handle(input, now);
            while let Some(output) = run.hub.poll_output() {
                run.perform(output, &self.tally, questions, wakes);
            }
        }
        // One burst is no reason to keep its memory.
        batch.shrink_to(INBOX);
        run.batch = batch;
        if questions.is_empty() {
            std::mem::swap(questions, &mut run.spare);
            run.spare.shrink_to(ROUNDS);
        }
        let next = run.hub.poll_timeout().map_or(NEVER, |at| at.0);
        if next < self.deadline.swap(next, Ordering::SeqCst) {
            self.nearer.notify_one();
        }
    }

    /// Rounded down, as tokio's timers are rounded up: a deadline that woke us has passed.
    fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.nearer.notify_one();
    }
}

/// Tells the hub when its deadlines come.
async fn keep_time(core: Weak<Core>, nearer: Arc<Notify>, zero: Instant) {
    loop {
        let Some(deadline) = core.upgrade().map(|core| core.deadline.load(Ordering::SeqCst)) else { return };
        if deadline == NEVER {
            nearer.notified().await;
            continue;
        }
        let due = tokio::time::sleep_until(zero + Duration::from_millis(deadline));
        let came = tokio::select! {
            () = due => true,
            () = nearer.notified() => false,
        };
        if let Some(core) = core.upgrade().filter(|_| came) {
            core.tell(Input::Timeout);
        }
    }
}

async fn take_feed(core: Weak<Core>, mut feed: mpsc::UnboundedReceiver<Vec<RoomEvent>>) {
    while let Some(events) = feed.recv().await {
        let Some(core) = core.upgrade() else { return };
        core.tell(Input::Committed(events));
    }
}

impl Run {
    fn learn(&mut self, fact: Fact, app: &App, tally: &Tally) -> Input {
        let input = match fact {
            Fact::Socket(message) => return self.admit(message, tally),
            Fact::Input(input) => input,
            Fact::Ask { session, name, packet, within, answer } => {
                let ack = Some((self.asked.add(answer), within));
                return Input::Emit { session, name, args: packet.into_args(), ack };
            }
        };
        if let Input::Authenticated { request, result } = &input {
            let link = self.judging.remove(request).and_then(|session| self.links.get_mut(&session));
            // Nobody asks again: what the request said is not kept for the life of the connection.
            let over = result.is_ok() && app.handlers.namespaces().is_empty();
            if let Some(link) = link.filter(|_| over) {
                link.request = None;
            }
        }
        input
    }

    fn admit(&mut self, message: FromSocket, tally: &Tally) -> Input {
        match message {
            FromSocket::Opened { session, sid, transport, link } => {
                self.links.insert(session, link);
                Input::Opened { session, sid, transport }
            }
            FromSocket::Received { session, frame } => {
                tally::add(&tally.frames_in, 1);
                Input::Received { session, frame }
            }
            FromSocket::Flushed { session, bytes } => Input::Flushed { session, bytes },
            FromSocket::Closed { session } => {
                self.links.remove(&session);
                Input::Closed { session }
            }
        }
    }

    /// What concerns connections is done at once, which keeps its order; all else once the hub is free again.
    fn perform(&mut self, output: Output, tally: &Tally, questions: &mut Vec<Question>, wakes: &mut Wakes) {
        match output {
            Output::Send { session, frame } => {
                if let Some(link) = self.links.get(&session) {
                    tally::add(&tally.frames_out, 1);
                    tally::add(&tally.bytes_out, frame.bytes());
                    wakes.add(link.mail.put(ToSocket::Frame(frame)));
                }
            }
            Output::Close { session, reason } => self.close(session, reason),
            Output::Pause { session } => self.pause(session, true),
            Output::Resume { session } => self.pause(session, false),
            Output::Acked { ack, answer } => self.asked.settle(ack, answer),
            output @ Output::Authenticate { request, link, .. } => {
                self.judging.insert(request, link);
                let request = self.links.get(&link).and_then(|link| link.request.clone());
                questions.push(Question { output, request });
            }
            output @ (Output::Authorize { .. }
            | Output::ReadHead { .. }
            | Output::ReadHistory { .. }
            | Output::Dispatch { .. }
            | Output::Log(_)) => questions.push(Question { output, request: None }),
        }
    }

    fn close(&mut self, session: SessionId, reason: CloseReason) {
        if let Some(link) = self.links.remove(&session) {
            link.mail.close(reason);
        }
    }

    fn pause(&self, session: SessionId, paused: bool) {
        if let Some(link) = self.links.get(&session) {
            link.mail.pause(paused);
        }
    }
}
