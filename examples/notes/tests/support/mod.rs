//! A PostgreSQL of the test's own: in a folder of its own, reached by a socket in it, never as root, stopped at the end. Where
//! PostgreSQL is not installed the test fails and says so.
#![allow(clippy::unwrap_used, unreachable_pub)]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub struct Postgres {
    bin: PathBuf,
    dir: TempDir,
}

impl Postgres {
    pub fn start() -> Self {
        let bin = newest()
            .expect("PostgreSQL is not installed, and this test needs it: apt-get install postgresql");
        let dir = tempfile::tempdir().unwrap();
        if root() {
            run(Command::new("chown").arg("postgres").arg(dir.path()));
        }
        let postgres = Self { bin, dir };
        run(postgres.tool("initdb").args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]));
        let socket = format!("-c listen_addresses= -c fsync=off -k {}", postgres.dir.path().display());
        let log = postgres.dir.path().join("log");
        // It waits until connections are accepted.
        run(postgres.tool("pg_ctl").args(["-w", "-o", &socket, "start", "-l"]).arg(log));
        postgres
    }

    pub fn url(&self) -> String {
        let host = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://{host}/postgres?user=postgres")
    }

    /// One of its programs, as somebody who is not root: it refuses to run as root.
    fn tool(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        let mut command = if root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.dir.path()).arg("-D").arg(self.dir.path().join("data"));
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        run(self.tool("pg_ctl").args(["-w", "-m", "immediate", "stop"]));
    }
}

/// The programs of the latest version that Debian has installed.
fn newest() -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir().ok()?.flatten();
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").is_file())
        .max_by_key(version)
        .map(|path| path.join("bin"))
}

fn root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn run(command: &mut Command) {
    // Not piped: the server would keep the pipe open, and nobody would see its end.
    let status = command.stdout(std::process::Stdio::null()).status();
    assert!(status.as_ref().is_ok_and(std::process::ExitStatus::success), "{command:?}: {status:?}");
}
