//! What every task needs before it starts: tools, npm packages, the engine in JavaScript, packages, the web app and the
//! server. Each step is skipped by whoever does the work when nothing has changed, and says what to install if it cannot.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::process::{capture, cargo, command, execute, find, root, say, target};
use crate::report::Report;
use crate::wasm;

const NODE_MAJOR: u32 = 20;

/// Names under which a Chromium is installed.
const BROWSERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The parts of the JavaScript side, in the order in which they are built.
const BUILT: [&str; 4] =
    ["packages/client", "packages/react", "packages/react-native", "examples/activities/web"];

/// What the web app is built with and what is not built itself.
const SOURCES: [&str; 1] = ["examples/activities/shared"];

/// Tools and npm packages; Rust's tests of foreign peers need them too.
pub(crate) fn prepare(report: &mut Report) -> Result<(), String> {
    report.step("tools", || {
        node()?;
        wasm_tools()
    })?;
    report.step("npm packages", npm_ci)
}

/// Everything of the app that runs in JavaScript, on what [`prepare`] brought.
pub(crate) fn build(report: &mut Report) -> Result<(), String> {
    report.step("engine in JavaScript", wasm::run)?;
    for part in BUILT {
        report.step(&format!("build {part}"), || npm_build(part))?;
    }
    Ok(())
}

/// The server alone. Where tests are compiled it is built with them.
pub(crate) fn build_server(report: &mut Report) -> Result<(), String> {
    report.step("build server", || execute(cargo(["build", "--package", "activities-server"])))
}

/// Node, new enough.
fn node() -> Result<(), String> {
    let wanted = format!("install Node.js {NODE_MAJOR} or later with npm: https://nodejs.org");
    let version = capture(command("node", ["--version"])).map_err(|_| wanted.clone())?;
    let major =
        version.trim().trim_start_matches('v').split('.').next().and_then(|text| text.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) || find(npm()).is_none() {
        return Err(format!("found Node {}: {wanted}", version.trim()));
    }
    Ok(())
}

/// How npm is called here.
pub(crate) const fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// `npm ci`, unless exactly this lock file is installed.
fn npm_ci() -> Result<(), String> {
    let lock = std::fs::read_to_string(root().join("package-lock.json"))
        .map_err(|error| format!("package-lock.json: {error}"))?;
    let stamp = root().join("node_modules/.tidewire-lock");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        say("    up to date\n");
        return Ok(());
    }
    execute(command(npm(), ["ci", "--no-audit", "--no-fund"]))?;
    std::fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// `npm run build` of one part, unless nothing is newer than what was built.
fn npm_build(part: &str) -> Result<(), String> {
    let stamp = root().join(part).join("dist/.built");
    let before =
        BUILT.iter().take_while(|earlier| **earlier != part).map(|earlier| format!("{earlier}/dist/.built"));
    let sources = SOURCES.map(str::to_owned);
    let inputs = before.chain([part.to_owned(), "package-lock.json".to_owned()]).chain(sources);
    let newest = inputs.filter_map(|input| newest(&root().join(input))).max();
    let built = modified(&stamp);
    if built.is_some() && built >= newest {
        say("    up to date\n");
        return Ok(());
    }
    execute(command(npm(), ["run", "build", "--workspace", part]))?;
    std::fs::write(&stamp, "").map_err(|error| format!("{}: {error}", stamp.display()))
}

/// When a file, or the newest file of a folder, was changed. What is installed or built does not count.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = std::fs::read_dir(path) else { return modified(path) };
    let entries = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        name != "node_modules" && name != "dist" && name != "output"
    });
    entries.filter_map(|entry| newest(&entry.path())).max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|it| it.modified()).ok()
}

/// Debian's compiler for WebAssembly, where it is asked for. Otherwise `cargo xtask wasm` finds or adds the target itself.
fn wasm_tools() -> Result<(), String> {
    match std::env::var("WASM_TOOLCHAIN").as_deref() {
        Ok("debian") => apt(&["rustc-web", "rust-web-src"]),
        Ok(_) => Ok(()),
        // Without rustup the target may be missing for good; the task itself says so if this does not help.
        Err(_) if find("rustup").is_none() => {
            let _ = apt(&["rustc-web", "rust-web-src"]);
            Ok(())
        }
        Err(_) => Ok(()),
    }
}

/// A Chromium for tests in a real browser; `CHROMIUM_PATH` overrides.
pub(crate) fn browser() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("CHROMIUM_PATH") {
        return Ok(path.into());
    }
    let found = || BROWSERS.iter().find_map(|name| find(name));
    let mac = Path::new("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    if mac.is_file() {
        return Ok(mac.to_owned());
    }
    if let Some(path) = found() {
        return Ok(path);
    }
    apt(&["chromium"]).map_err(|error| format!("{error}\nor set CHROMIUM_PATH to a Chromium or Chrome"))?;
    found().ok_or_else(|| "chromium was installed but is not in the path".to_owned())
}

/// The `sqlite3` shell, with which end-to-end tests read the server's database from outside.
pub(crate) fn sqlite() -> Result<(), String> {
    if find("sqlite3").is_some() { Ok(()) } else { apt(&["sqlite3"]) }
}

/// Installs Debian packages where this is Debian and we may; else says what to install.
pub(crate) fn apt(packages: &[&str]) -> Result<(), String> {
    // One at a time: it has a lock that it does not wait for.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if find("apt-get").is_none() {
        return Err(format!("missing: {list}. These are Debian's names: install the same for your system"));
    }
    if capture(command("id", ["-u"])).is_ok_and(|id| id.trim() != "0") {
        return Err(format!("missing: {list}. Run: sudo apt-get install {list}"));
    }
    say(&format!("    apt-get install {list}\n"));
    let install = || {
        let mut command = command("apt-get", ["install", "--yes", "--no-install-recommends"]);
        command.args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
        capture(command)
    };
    // A fresh machine knows no packages before its first update.
    if install().is_err() {
        capture(command("apt-get", ["update"]))?;
        install()?;
    }
    Ok(())
}

fn installed(package: &str) -> bool {
    capture(command("dpkg-query", ["--show", "--showformat=${db:Status-Status}", package]))
        .is_ok_and(|status| status == "installed")
}

/// The server that [`build`] has built.
pub(crate) fn server_binary() -> PathBuf {
    target().join("debug").join(if cfg!(windows) { "activities-server.exe" } else { "activities-server" })
}
