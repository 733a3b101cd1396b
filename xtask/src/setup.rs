//! What every task needs before it starts: tools, npm packages, the engine in JavaScript, packages, the web app and the
//! server. Each step is skipped by whoever does the work when nothing has changed, and says what to install if it cannot.

use std::path::{Path, PathBuf};

use crate::process::{capture, cargo, command, execute, find, root, target};
use crate::report::Report;

const NODE_MAJOR: u32 = 20;

/// Names under which a Chromium is installed.
const BROWSERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The parts of the JavaScript side, in the order in which they are built.
const BUILT: [&str; 3] = ["packages/client", "packages/react", "examples/activities/web"];

/// Everything that the app needs to run.
pub(crate) fn app(report: &mut Report) -> Result<(), String> {
    report.step("tools", || {
        node()?;
        wasm_tools().map(drop)
    })?;
    report.step("npm packages", npm_ci)?;
    report.step("engine in JavaScript", wasm)?;
    for part in BUILT {
        report.step(&format!("build {part}"), || build(part))?;
    }
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
        println!("    up to date");
        return Ok(());
    }
    execute(command(npm(), ["ci", "--no-audit", "--no-fund"]))?;
    std::fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// `npm run build` of one part.
fn build(part: &str) -> Result<(), String> {
    execute(command(npm(), ["run", "build", "--workspace", part]))
}

/// How the engine is compiled to WebAssembly: with the target that rustup installed, or with Debian's compiler.
fn wasm_tools() -> Result<Option<&'static str>, String> {
    let asked = std::env::var("WASM_TOOLCHAIN").unwrap_or_default();
    if asked == "debian" {
        apt(&["rustc-web", "rust-web-src"])?;
        return Ok(None);
    }
    let installed =
        capture(command("rustc", ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]))
            .is_ok_and(|dir| Path::new(dir.trim()).is_dir());
    if !asked.is_empty() || installed {
        return Ok(None);
    }
    if find("rustup").is_some() {
        println!("    rustup target add wasm32-unknown-unknown");
        if capture(command("rustup", ["target", "add", "wasm32-unknown-unknown"])).is_ok() {
            return Ok(None);
        }
    }
    apt(&["rustc-web", "rust-web-src"])
        .map(|()| Some("debian"))
        .map_err(|error| format!("{error}\nor run `rustup target add wasm32-unknown-unknown`"))
}

/// `cargo xtask wasm`, as a process of its own because the choice of tools is told by the environment.
fn wasm() -> Result<(), String> {
    let tools = wasm_tools()?;
    let this = std::env::current_exe().map_err(|error| format!("the running task has no path: {error}"))?;
    let mut command = command(&this.to_string_lossy(), ["wasm"]);
    if let Some(tools) = tools {
        command.env("WASM_TOOLCHAIN", tools);
    }
    execute(command)
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

/// Installs Debian packages where this is Debian and we may; else says what to install.
fn apt(packages: &[&str]) -> Result<(), String> {
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
    println!("    apt-get install {list}");
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

/// The server that [`app`] has built.
pub(crate) fn server_binary() -> PathBuf {
    target().join("debug").join(if cfg!(windows) { "activities-server.exe" } else { "activities-server" })
}
