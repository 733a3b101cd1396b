//! What waits for one connection, and whether it is to be read (V8). The hub has bounded what may wait. It knows no transport.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tidewire_hub::{CloseReason, Frame};
use tokio::sync::Notify;

/// What a connection's task is told, in order.
pub(crate) enum ToSocket {
    Frame(Frame),
    Close(CloseReason),
}

/// Connections that have something to write: woken together, when this is dropped at the latest.
#[derive(Default)]
pub(crate) struct Wakes(Vec<Waker>);

impl Wakes {
    pub(crate) fn add(&mut self, waker: Option<Waker>) {
        self.0.extend(waker);
    }

    pub(crate) fn wake(&mut self) {
        self.0.drain(..).for_each(Waker::wake);
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.wake();
    }
}

/// From the hub to one connection.
#[derive(Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
    paused: AtomicBool,
    /// For those who wait as futures.
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    messages: VecDeque<ToSocket>,
    closed: Option<CloseReason>,
    /// The task that waits by polling.
    waker: Option<Waker>,
}

impl Mailbox {
    /// One more message, after the others. Whoever waits by polling is to be woken by the caller, once there is nothing more for it
    /// at the moment: then it writes all at once.
    #[must_use]
    pub(crate) fn put(&self, message: ToSocket) -> Option<Waker> {
        let mut inner = self.lock();
        let first = inner.messages.is_empty();
        inner.messages.push_back(message);
        // Whoever has seen one takes all.
        let waker = if first { inner.waker.take() } else { None };
        drop(inner);
        if first {
            self.changed.notify_waiters();
        }
        waker
    }

    /// The hub has closed the connection.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut inner = self.lock();
        inner.messages.push_back(ToSocket::Close(reason));
        inner.closed = Some(reason);
        self.paused.store(false, Ordering::SeqCst);
        self.wake(inner);
    }

    /// Nothing is to be read, or again.
    pub(crate) fn pause(&self, paused: bool) {
        let inner = self.lock();
        self.paused.store(paused, Ordering::SeqCst);
        self.wake(inner);
    }

    fn wake(&self, mut inner: MutexGuard<'_, Inner>) {
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        self.changed.notify_waiters();
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    pub(crate) fn closed(&self) -> Option<CloseReason> {
        self.lock().closed
    }

    /// Exchanges what waits for an empty queue.
    pub(crate) fn take(&self, messages: &mut VecDeque<ToSocket>) {
        std::mem::swap(&mut self.lock().messages, messages);
    }

    /// The first messages, at most so many.
    pub(crate) fn take_some(&self, most: usize) -> Vec<ToSocket> {
        let mut inner = self.lock();
        let count = inner.messages.len().min(most);
        inner.messages.drain(..count).collect()
    }

    /// The task that polls looks by itself now.
    pub(crate) fn disarm(&self) {
        self.lock().waker = None;
    }

    /// The task is woken by the next change, unless there is something that it would do at once: a message if it can `write`,
    /// something to be read if it has been `paused`, a close that it has not `seen`.
    pub(crate) fn arm(&self, waker: &Waker, write: bool, paused: bool, seen: Option<CloseReason>) -> bool {
        let mut inner = self.lock();
        let idle =
            (!write || inner.messages.is_empty()) && self.is_paused() == paused && inner.closed == seen;
        if idle {
            inner.waker = Some(waker.clone());
        }
        idle
    }

    /// Completes when this says so of the mailbox, which is asked after every change.
    pub(crate) async fn until<T>(&self, mut seen: impl FnMut(&Mailbox) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            if let Some(seen) = seen(self) {
                return seen;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that holds it can panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
