//! A PostgreSQL of the tests' own: on a free port, in a folder of its own, gone when they are done.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{capture, command, find};
use crate::setup;

/// Where Debian puts the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A server that runs until this is dropped.
pub(crate) struct Postgres {
    bin: PathBuf,
    dir: PathBuf,
    /// Its database for tests.
    pub(crate) url: String,
}

/// Makes sure that its programs are here: tests of the examples start one too.
pub(crate) fn install() -> Result<(), String> {
    programs().map(drop)
}

impl Postgres {
    pub(crate) fn start() -> Result<Self, String> {
        let bin = programs()?;
        let dir = std::env::temp_dir().join(format!("tidewire-postgres-{}", std::process::id()));
        let failed = |error: std::io::Error| format!("{}: {error}", dir.display());
        if dir.exists() {
            std::fs::remove_dir_all(&dir).map_err(failed)?;
        }
        std::fs::create_dir(&dir).map_err(failed)?;
        if is_root() {
            capture(command("chown", ["postgres".as_ref(), dir.as_os_str()]))?;
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).map_err(failed)?.port();
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let server = Self { bin, dir, url };
        let data = server.dir.join("data");
        let data = data.to_string_lossy();
        server.run("initdb", &["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync"])?;
        // Nobody pulls this machine's plug during the tests; a test of that kind belongs to a server with fsync.
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300",
            server.dir.display()
        );
        let log = server.dir.join("log");
        server.run("pg_ctl", &["-D", &data, "-w", "-o", &options, "-l", &log.to_string_lossy(), "start"])?;
        println!("    PostgreSQL on port {port}");
        Ok(server)
    }

    /// It refuses to run as root, so there it runs as the user whom Debian's package makes.
    fn run(&self, program: &str, args: &[&str]) -> Result<(), String> {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // A server keeps the pipes of whoever starts it open, and one folder is as good as another.
        command.args(args).current_dir(&self.dir);
        let status = command.stdout(std::process::Stdio::null()).status();
        match status.map_err(|error| error.to_string())? {
            status if status.success() => Ok(()),
            status => Err(format!("`{command:?}` failed ({status}); see above")),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.dir.join("data");
        let _ = self.run("pg_ctl", &["-D", &data.to_string_lossy(), "-m", "immediate", "stop"]);
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn is_root() -> bool {
    capture(command("id", ["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// The folder with `initdb` and `pg_ctl`, newest version first.
fn programs() -> Result<PathBuf, String> {
    if let Some(found) = installed() {
        return Ok(found);
    }
    setup::apt(&["postgresql"])?;
    installed().ok_or_else(|| format!("postgresql was installed, but there is no pg_ctl below {DEBIAN}"))
}

fn installed() -> Option<PathBuf> {
    if let Some(program) = find("pg_ctl").filter(|program| program.with_file_name("initdb").is_file()) {
        return program.parent().map(Path::to_owned);
    }
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir(DEBIAN).ok()?.flatten().map(|entry| entry.path().join("bin")).collect();
    versions.retain(|bin| bin.join("pg_ctl").is_file());
    let number = |bin: &PathBuf| {
        let name = bin.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        name.and_then(|name| name.parse::<u32>().ok())
    };
    versions.sort_by_key(number);
    versions.pop()
}
