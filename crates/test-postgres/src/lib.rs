//! A PostgreSQL of a test's own: in a folder of its own, reached by a socket in it, never as root, gone when it is dropped. It
//! starts, stops, copies and brings back; it knows no tables.
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Debian puts the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The end of the socket's name; no port is opened, so that any number of servers run side by side.
const PORT: u16 = 5432;

/// Why there is no database.
#[derive(Debug)]
pub enum PostgresError {
    /// PostgreSQL is not installed.
    Missing,
    /// Its folder cannot be made.
    Folder(std::io::Error),
    /// One of its programs failed: the line, and what it complained about.
    Failed(String, String),
}

impl fmt::Display for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => {
                f.write_str("PostgreSQL is needed and is not installed: apt-get install postgresql")
            }
            Self::Folder(error) => write!(f, "the folder of a test's PostgreSQL cannot be made: {error}"),
            Self::Failed(line, why) => write!(f, "`{line}` failed: {why}"),
        }
    }
}

impl std::error::Error for PostgresError {}

/// A server that runs until this is dropped.
pub struct Postgres {
    bin: PathBuf,
    dir: PathBuf,
    fsync: bool,
}

impl Postgres {
    /// Makes an empty database and waits until it accepts connections. What it has committed outlives its process.
    pub fn start() -> Result<Self, PostgresError> {
        Self::start_with(false)
    }

    /// The same with what a crash of the machine needs, too: for benchmarks.
    pub fn start_durable() -> Result<Self, PostgresError> {
        Self::start_with(true)
    }

    fn start_with(fsync: bool) -> Result<Self, PostgresError> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let bin = programs().ok_or(PostgresError::Missing)?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("tidewire-pg-{}-{number}", std::process::id()));
        // What a process of the same number left behind.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir).map_err(PostgresError::Folder)?;
        let server = Self { bin, dir, fsync };
        if is_root() {
            let mut chown = Command::new("chown");
            run(&server.dir, chown.arg("postgres").arg(&server.dir))?;
        }
        server.tool("initdb", ["-D", "data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"])?;
        server.go()?;
        Ok(server)
    }

    /// Its socket, for those who stand between it and whoever asks it.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.join(format!(".s.PGSQL.{PORT}"))
    }

    /// Its database for tests. More parameters may be added after a `?`.
    #[must_use]
    pub fn url(&self) -> String {
        let host = self.dir.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}/postgres")
    }

    /// Ends it at once, in the middle of everything, as if it had crashed. What was committed is there after [`Postgres::go`].
    pub fn crash(&self) -> Result<(), PostgresError> {
        self.tool("pg_ctl", ["-D", "data", "-w", "-m", "immediate", "stop"])
    }

    /// Starts it again after [`Postgres::crash`].
    pub fn go(&self) -> Result<(), PostgresError> {
        // Nobody pulls this machine's plug during the tests: without fsync what was written outlives the process all the same.
        let fsync = if self.fsync { "on" } else { "off" };
        let options = format!(
            "-c listen_addresses= -c fsync={fsync} -c max_connections=300 -p {PORT} -k {}",
            self.dir.display()
        );
        self.tool("pg_ctl", ["-D", "data", "-w", "-l", "log", "-o", &options, "start"])
    }

    /// One snapshot of everything, as an operator takes it, under this name.
    pub fn back_up(&self, name: &str) -> Result<(), PostgresError> {
        self.tool("pg_dump", ["--format=custom", "--file", name, &self.url()])
    }

    /// Puts a snapshot in the place of everything.
    pub fn restore(&self, name: &str) -> Result<(), PostgresError> {
        let anew = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
        self.tool("psql", ["--quiet", "--command", anew, &self.url()])?;
        self.tool("pg_restore", ["--dbname", &self.url(), name])
    }

    /// Runs one of its programs as somebody who is not root: it refuses to run as root.
    fn tool<A: AsRef<OsStr>>(
        &self,
        name: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Result<(), PostgresError> {
        let program = self.bin.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        run(&self.dir, command.args(args).current_dir(&self.dir))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may have crashed already.
        let _ = self.crash();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// The folder with its programs: that of the path, or the latest version that Debian has installed.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|bin| is_whole(bin));
    let version = |bin: &PathBuf| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let debian = Path::new(DEBIAN).read_dir().into_iter().flatten().flatten();
    let debian = debian.map(|entry| entry.path().join("bin")).filter(|bin| is_whole(bin)).max_by_key(version);
    in_path.or(debian)
}

fn is_whole(bin: &Path) -> bool {
    ["initdb", "pg_ctl", "pg_dump", "pg_restore", "psql"].iter().all(|name| bin.join(name).is_file())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Its complaints go to a file: a server keeps the pipes of whoever starts it open, and nobody would see their end.
fn run(dir: &Path, command: &mut Command) -> Result<(), PostgresError> {
    let complaints = dir.join("complaints");
    let failed = |command: &Command, why: String| {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let line: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        PostgresError::Failed(line.join(" "), why)
    };
    let file = std::fs::File::create(&complaints).map_err(PostgresError::Folder)?;
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).status();
    let said = std::fs::read_to_string(&complaints).unwrap_or_default();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(command, format!("{status}\n{}", said.trim_end()))),
        Err(error) => Err(failed(command, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn two_run_side_by_side_and_what_was_there_comes_back_from_a_crash_and_from_a_copy() {
        let (one, other) = (Postgres::start().unwrap(), Postgres::start().unwrap());
        let say = |server: &Postgres, sql: &str| {
            server.tool("psql", ["-v", "ON_ERROR_STOP=1", "--quiet", "-c", sql, &server.url()])
        };
        say(&one, "CREATE TABLE t AS SELECT 1 AS a").unwrap();
        say(&other, "CREATE TABLE t AS SELECT 1 AS a").unwrap();
        one.back_up("copy").unwrap();
        say(&one, "INSERT INTO t VALUES (2)").unwrap();
        one.crash().unwrap();
        assert!(matches!(say(&one, "SELECT 1"), Err(PostgresError::Failed(..))));
        one.go().unwrap();
        say(&one, "SELECT 1 / (SELECT count(*) FROM t WHERE a = 2)").unwrap();
        one.restore("copy").unwrap();
        say(&one, "SELECT 1 / (SELECT 2 - count(*) FROM t)").unwrap();
        assert!(say(&one, "SELECT 1 / (SELECT count(*) FROM t WHERE a = 2)").is_err());
    }
}
