//! Processes that tests start, and how they know that one is ready: by its own word, never by waiting.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A test that hangs says where.
pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), work).await {
        Ok(done) => done,
        Err(_) => panic!("waited a minute for: {what}"),
    }
}

/// A process whose stdout is read line by line.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Option<Lines<BufReader<ChildStderr>>>,
    _stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts it; it is killed when it is dropped.
    pub fn start(command: &mut Command) -> Process {
        let described = format!("{:?}", command.as_std());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {described}: {error}"));
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stderr = child.stderr.take().map(|stderr| BufReader::new(stderr).lines());
        let stdin = child.stdin.take();
        Process { child, stdout, stderr, _stdin: stdin }
    }

    /// The next line, or `None` at its end.
    pub async fn line(&mut self) -> Option<String> {
        soon("a line of a process", self.stdout.next_line()).await.unwrap()
    }

    /// Reads stdout up to a line with this beginning, and gives what follows it.
    pub async fn line_after(&mut self, beginning: &str) -> String {
        while let Some(line) = self.line().await {
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
        panic!("the process ended before it said {beginning:?}");
    }

    /// Reads stderr up to a line that holds this.
    pub async fn stderr_with(&mut self, part: &str) -> String {
        let stderr = self.stderr.as_mut().expect("stderr is piped");
        loop {
            let line = soon(part, stderr.next_line()).await.unwrap();
            let line = line.unwrap_or_else(|| panic!("the process ended before it said {part:?}"));
            if line.contains(part) {
                return line;
            }
        }
    }

    /// All that is left on stderr.
    pub async fn rest_of_stderr(&mut self) -> String {
        let mut all = String::new();
        if let Some(stderr) = &mut self.stderr {
            while let Some(line) = soon("the end of stderr", stderr.next_line()).await.unwrap() {
                all.push_str(&line);
                all.push('\n');
            }
        }
        all
    }

    /// kill -9.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// kill -9. What it has written before can still be read.
    pub fn kill_now(&mut self) {
        self.child.start_kill().unwrap();
    }

    /// How it ended, by a signal or by itself.
    pub async fn end(&mut self) -> ExitStatus {
        soon("the end of a process", self.child.wait()).await.unwrap()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// As Ctrl-C does, by the system's own command.
    pub async fn interrupt(&mut self) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await.unwrap();
        assert!(sent.success());
    }

    /// How it ended.
    pub async fn exit_code(&mut self) -> i32 {
        self.end().await.code().expect("not ended by a signal")
    }
}
