//! Where a client's tasks run: on the tokio runtime that it was built in, or on a thread of its own, so that an app without one
//! (a desktop app, a command) needs to know nothing of tokio. All futures of the API may be polled by any executor.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The runtime of one client.
pub(crate) struct Runtime {
    handle: Handle,
    /// The thread goes on until this is dropped with the client's last handle: what handles have begun is done.
    _alive: Option<oneshot::Sender<()>>,
}

impl Runtime {
    /// Runs the host on the given runtime, or on the caller's, or on a new thread.
    pub(crate) fn run(
        given: Option<Handle>,
        host: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<Runtime> {
        if let Some(handle) = given.or_else(|| Handle::try_current().ok()) {
            handle.spawn(host);
            return Ok(Runtime { handle, _alive: None });
        }
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (alive, gone) = oneshot::channel::<()>();
        let work = move || {
            runtime.block_on(async {
                host.await;
                let _ = gone.await;
            });
        };
        thread::Builder::new().name("tidewire".into()).spawn(work)?;
        Ok(Runtime { handle, _alive: Some(alive) })
    }

    /// Begins something that goes on by itself.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.handle.spawn(work)
    }

    /// Does something on the runtime while somebody waits for it, whatever executor that is. `None`: the runtime has ended.
    pub(crate) fn during<T: Send + 'static, W: Future<Output = T> + Send + 'static>(
        &self,
        work: W,
    ) -> impl Future<Output = Option<T>> + Send + use<T, W> {
        let task = self.handle.spawn(work);
        let guard = AbortOnDrop(task.abort_handle());
        async move {
            let done = task.await.ok();
            drop(guard);
            done
        }
    }
}

/// A task that is given up with whoever waits for it.
pub(crate) struct AbortOnDrop(pub(crate) tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
