//! The demo's server as a process that can be killed the hard way and started again. It does not know who asks for it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const LISTENING: &str = "listening on ";

type Launch = Box<dyn Fn(&str) -> Command + Send + Sync>;

pub(crate) struct Server {
    origin: String,
    launch: Launch,
    child: Arc<Mutex<Option<Child>>>,
    ends: Sender<u32>,
}

/// Tells when the server has ended although nobody killed it.
pub(crate) struct Ended {
    ends: Receiver<u32>,
    child: Arc<Mutex<Option<Child>>>,
}

impl Ended {
    /// Returns when it has ended by itself: with success if that is how it left.
    pub(crate) fn wait(self) -> Result<(), String> {
        while let Ok(pid) = self.ends.recv() {
            // Whoever kills it takes it out first, and may have put another one there since.
            let child = lock(&self.child).take_if(|child| child.id() == pid);
            if let Some(child) = child {
                return outcome(child);
            }
        }
        Ok(())
    }
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start(
        port: &str,
        launch: impl Fn(&str) -> Command + Send + Sync + 'static,
    ) -> Result<(Self, Ended), String> {
        let (ends, ended) = mpsc::channel();
        let child = Arc::new(Mutex::new(None));
        let mut server = Self { origin: String::new(), launch: Box::new(launch), child, ends };
        server.origin = server.spawn(port)?;
        let ended = Ended { ends: ended, child: Arc::clone(&server.child) };
        Ok((server, ended))
    }

    /// `http://host:port`, the same after each restart.
    pub(crate) fn origin(&self) -> String {
        self.origin.clone()
    }

    /// Its process id while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        lock(&self.child).as_ref().map(Child::id)
    }

    /// `kill -9`; returns when the process is gone. Nothing to do if none runs.
    pub(crate) fn kill(&self) -> Result<(), String> {
        let Some(mut child) = lock(&self.child).take() else { return Ok(()) };
        child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
        println!("    server killed (kill -9)");
        Ok(())
    }

    /// Starts it again where it was; returns when it listens. Nothing to do if it runs.
    pub(crate) fn restart(&self) -> Result<(), String> {
        if self.pid().is_some() {
            return Ok(());
        }
        let port = self.origin.rsplit(':').next().unwrap_or_default();
        self.spawn(port).map(drop)
    }

    fn spawn(&self, port: &str) -> Result<String, String> {
        let mut child = (self.launch)(port)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the server could not be started: {error}"))?;
        let Some(output) = child.stdout.take() else { return Err("the server has no output".to_owned()) };
        let pid = child.id();
        *lock(&self.child) = Some(child);
        let (found, listens) = mpsc::channel();
        let ends = self.ends.clone();
        std::thread::spawn(move || {
            follow(output, &found);
            drop(found);
            // Nobody waits any more only when the demo itself ends.
            let _ = ends.send(pid);
        });
        listens.recv().map_err(|_| "the server did not start; its words are above".to_owned())
    }
}

/// Shows what it says, and tells where it listens.
fn follow(output: ChildStdout, found: &Sender<String>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        println!("    {line}");
        if let Some(origin) = line.strip_prefix(LISTENING) {
            let _ = found.send(origin.to_owned());
        }
    }
}

fn outcome(mut child: Child) -> Result<(), String> {
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("the server ended: {status}")) }
}

fn lock(child: &Mutex<Option<Child>>) -> MutexGuard<'_, Option<Child>> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}
