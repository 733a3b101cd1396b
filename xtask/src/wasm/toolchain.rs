//! Which Rust compiles for WebAssembly: one that has the target, or Debian's with a std built from source.
//! It knows compilers and their flags, not what is done with the result.

use super::{Mode, ask, call};
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";
/// The engine does not recurse; the linker's default of 1 MiB would be most of a page's memory.
const STACK_BYTES: u32 = 256 * 1024;
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A way to build.
pub(super) enum Toolchain {
    /// The current one has the target's std.
    Installed,
    /// `/usr/bin/rustc` of Debian's `rustc-web`, std from `rust-web-src`, linked by the rust-lld at this path.
    Debian { linker: PathBuf },
}

impl std::fmt::Display for Toolchain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Toolchain::Installed => write!(f, "the installed {TARGET} target"),
            Toolchain::Debian { .. } => write!(f, "Debian's rustc and a std of its own"),
        }
    }
}

/// `WASM_TOOLCHAIN=debian` or `=installed` decides; else the first that is there.
pub(super) fn choose(root: &Path) -> Result<Toolchain, String> {
    match std::env::var("WASM_TOOLCHAIN").as_deref() {
        Ok("debian") => debian(root),
        Ok("installed") => Ok(Toolchain::Installed),
        Ok(other) => Err(format!("WASM_TOOLCHAIN={other}: say debian or installed")),
        Err(_) if installed(root) => Ok(Toolchain::Installed),
        Err(_) => {
            let added = Command::new("rustup").args(["target", "add", TARGET]).current_dir(root).output();
            if added.is_ok_and(|output| output.status.success()) && installed(root) {
                return Ok(Toolchain::Installed);
            }
            debian(root).map_err(|why| {
                format!("no Rust for WebAssembly: `rustup target add {TARGET}` does not work, and {why}")
            })
        }
    }
}

fn installed(root: &Path) -> bool {
    let query = ["--print", "target-libdir", "--target", TARGET];
    ask(Command::new("rustc").args(query).current_dir(root)).is_ok_and(|dir| Path::new(&dir).is_dir())
}

fn debian(root: &Path) -> Result<Toolchain, String> {
    let sysroot = ask(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]))?;
    if !Path::new(&sysroot).join("lib/rustlib/src/rust/library/std").is_dir() {
        return Err("Debian's sources of std are missing (apt-get install rustc-web rust-web-src)".into());
    }
    let sysroot = PathBuf::from(ask(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root))?);
    let version = ask(Command::new("rustc").arg("-vV").current_dir(root))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    if !linker.exists() {
        return Err(format!("the toolchain brings no {}", linker.display()));
    }
    Ok(Toolchain::Debian { linker })
}

impl Toolchain {
    /// The path of the unoptimised module.
    pub(super) fn build(&self, root: &Path, work: &Path, mode: Mode) -> Result<PathBuf, String> {
        let mut flags = format!("-Clink-arg=-zstack-size={STACK_BYTES}");
        let mut cargo = Command::new("cargo");
        cargo.args(["rustc", "--quiet", "--package", "tidewire-ffi", "--lib", "--crate-type", "cdylib"]);
        cargo.args(["--profile", "wasm", "--target", TARGET]).current_dir(root);
        // A directory of its own: two compilers in one would undo each other's work.
        cargo.env("CARGO_TARGET_DIR", work);
        if mode == Mode::Dev {
            cargo.args(["--features", "panic-text", "--config", "profile.wasm.strip=false"]);
        }
        if mode == Mode::Named {
            cargo.args(["--config", "profile.wasm.strip=false"]);
            flags += " -Csymbol-mangling-version=v0";
        }
        if let Toolchain::Debian { linker } = self {
            cargo.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"]);
            cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
            if mode != Mode::Dev {
                // No text and no unwinding for panics: a third of the size.
                flags += " -Zunstable-options -Cpanic=immediate-abort";
            }
        }
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
        // What the outer cargo set for itself is not meant for this one.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        call(&mut cargo)?;
        Ok(work.join(TARGET).join("wasm/tidewire_ffi.wasm"))
    }
}
